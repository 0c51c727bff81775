//! Cells by the names of their columns, and what Salesforce writes into them: ids, dates in two
//! styles, and truths in three.

use std::collections::HashMap;
use std::fmt;

use csv::StringRecord;
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use sha2::{Digest, Sha256};
use shared::domain::EARLIEST;
use shared::words::{BadWord, Occurred, SourceKey};

use crate::import::identity::Version;
use crate::import::refused::{MARKS, unguarded};
use crate::import::table::Table;
use crate::import::{Error, Why};

pub(super) const ACCOUNT: &str = "001";
pub(super) const CONTACT: &str = "003";
pub(super) const USER: &str = "005";

/// Reports show labels where exports have names.
const LABELS: &[(&str, &[&str])] = &[
    ("OwnerId", &["Assigned To"]),
    ("WhoId", &["Name"]),
    ("ActivityDate", &["Due Date", "Date"]),
    ("Description", &["Comments", "Full Comments"]),
    ("CallDisposition", &["Call Result"]),
];

/// What a file cannot do without.
const NEEDED: &[(&str, &[&str])] = &[
    ("Account.csv", &["Id", "Name"]),
    ("Contact.csv", &["Id"]),
    ("AccountContactRelation.csv", &["AccountId", "ContactId"]),
    ("Task.csv", &["Id"]),
    ("Event.csv", &["Id"]),
    ("User.csv", &["Id", "Email"]),
    ("EventRelation.csv", &["EventId", "RelationId"]),
];

/// Where the columns of a file stand.
pub(super) struct Columns {
    by_name: HashMap<String, usize>,
    /// It is a file of refused rows.
    is_guarded: bool,
}

/// One row, its cells found by name.
pub(super) struct Row<'a> {
    columns: &'a Columns,
    cells: &'a StringRecord,
}

/// A value, as far as it fits.
pub(super) struct Fitted<T> {
    pub value: Option<T>,
    /// The whole text, where it did not fit.
    pub whole: Option<String>,
}

/// A record's id: the 15 letters and digits that tell records apart. Its 18-character form, which
/// survives systems that do not tell capitals from small letters, is what it is written as.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct RecordKey([u8; 15]);

/// When a record was made, and when this state of it came about.
const STAMPS: &[&str] = &["CreatedDate", "LastModifiedDate", "SystemModstamp"];

/// How many names of columns a refusal quotes, and how many letters of each.
const MOST_NAMES: usize = 12;
const LONGEST_NAME: usize = 40;

/// Refuses a file that lacks what it cannot do without, before anything is sent.
pub(super) fn check(table: &Table) -> Result<(), Error> {
    // Some exporters write an empty file where there is no record.
    if table.header().is_empty() {
        return Ok(());
    }
    let needed = NEEDED.iter().find(|(file, _)| *file == table.name).map_or(&[][..], |(_, needed)| needed);
    match needed.iter().find(|column| table.column(&[column]).is_none()) {
        None => Ok(()),
        Some(&column) => {
            // Enough to see what kind of file it is, and no more: it may be anything, a whole film in one line.
            let mut names =
                table.header().iter().map(|name| name.trim().chars().take(LONGEST_NAME).collect::<String>());
            let mut found: Vec<String> = names.by_ref().take(MOST_NAMES).collect();
            found.extend(names.next().map(|_| "…".to_owned()));
            Err(Error::NoColumn { file: table.name.clone(), column, found: found.join(", ") })
        }
    }
}

impl Columns {
    pub fn of(table: &Table) -> Self {
        let named = table.header().iter().map(str::trim).enumerate();
        let mut by_name = HashMap::new();
        for (place, title) in named {
            // As it is written first: so it is found without another look.
            by_name.entry(title.to_owned()).or_insert(place);
            by_name.entry(title.to_lowercase()).or_insert(place);
        }
        if matches!(table.name.as_str(), "Task.csv" | "Event.csv") {
            for (name, labels) in LABELS {
                if let Some(place) = table.column(labels) {
                    by_name.entry(name.to_lowercase()).or_insert(place);
                    by_name.entry((*name).to_owned()).or_insert(place);
                }
            }
        }
        Self { by_name, is_guarded: table.column(MARKS).is_some() }
    }

    fn place(&self, name: &str) -> Option<usize> {
        if let Some(place) = self.by_name.get(name) {
            return Some(*place);
        }
        self.by_name.get(&name.to_lowercase()).copied()
    }
}

impl<'a> Row<'a> {
    pub const fn new(columns: &'a Columns, cells: &'a StringRecord) -> Self {
        Self { columns, cells }
    }

    /// The cell in this column; empty where there is no such column.
    pub fn get(&self, column: &str) -> &'a str {
        let place = self.columns.place(column);
        let cell = place.and_then(|place| self.cells.get(place)).unwrap_or_default();
        if self.columns.is_guarded { unguarded(cell).trim() } else { cell.trim() }
    }

    /// The first of these columns that has something in it.
    pub fn first(&self, columns: &[&str]) -> &'a str {
        columns.iter().map(|column| self.get(column)).find(|text| !text.is_empty()).unwrap_or_default()
    }

    /// The record's own id.
    pub fn key(&self) -> Result<RecordKey, Why> {
        let text = self.get("Id");
        if text.is_empty() {
            return Err(Why::Missing { column: "Id" });
        }
        RecordKey::parse(text).ok_or_else(|| Why::NotAnId { text: text.to_owned() })
    }

    /// The record that this one refers to. People's names stand here in reports: they refer to nothing.
    pub fn reference(&self, column: &str) -> Option<RecordKey> {
        RecordKey::parse(self.get(column))
    }

    /// `true`, `1`, or a word for it; blank is no.
    pub fn flag(&self, column: &str) -> bool {
        let text = self.get(column);
        text == "1" || ["true", "yes", "да"].iter().any(|yes| text.to_lowercase() == *yes)
    }

    /// Whether the file has this column at all.
    pub fn has(&self, column: &str) -> bool {
        self.columns.place(column).is_some()
    }

    /// Which state of the record this is. When it was made says nothing of when it was changed, so
    /// where that is missing the cells themselves tell one state from another.
    pub fn version(&self) -> Version {
        if let Some(since) = self.stamp(&["SystemModstamp", "LastModifiedDate"]) {
            return Version { since: Some(since), text: since.to_string() };
        }
        let mut digest = Sha256::new();
        for cell in self.cells {
            digest.update((cell.len() as u64).to_be_bytes());
            digest.update(cell);
        }
        Version { since: None, text: digest.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect() }
    }

    /// A value that may be missing, in one line.
    pub fn fitted<T>(&self, column: &str, parse: impl Fn(&str) -> Result<T, BadWord>) -> Fitted<T> {
        fit(line(self.get(column)), parse)
    }

    /// A day that may be missing.
    pub fn day(&self, column: &'static str) -> Result<Option<Date>, Why> {
        self.date(column, day, Occurred::On)
    }

    /// A moment that may be missing.
    pub fn moment(&self, column: &'static str) -> Result<Option<Timestamp>, Why> {
        self.date(column, moment, Occurred::At)
    }

    /// A whole number that may be missing.
    pub fn number(&self, column: &str) -> Fitted<u32> {
        let text = self.get(column);
        let whole = text.strip_suffix(".0").unwrap_or(text);
        match whole.parse() {
            Ok(number) => Fitted { value: Some(number), whole: None },
            Err(_) => Fitted { value: None, whole: (!text.is_empty()).then(|| text.to_owned()) },
        }
    }

    /// When the record was made in Salesforce, where it can be read.
    pub fn created(&self) -> Option<Occurred> {
        self.stamp(&["CreatedDate"]).map(Occurred::At)
    }

    /// When this state of the record came about, where it can be read.
    pub fn modified(&self) -> Option<Occurred> {
        self.stamp(&["LastModifiedDate", "SystemModstamp"]).map(Occurred::At)
    }

    /// Whether a stamp of the record is older than can be, and is left out.
    pub fn has_early_stamp(&self) -> bool {
        STAMPS.iter().filter_map(|column| moment(self.get(column))).any(|stamp| stamp < EARLIEST)
    }

    fn stamp(&self, columns: &[&str]) -> Option<Timestamp> {
        columns.iter().filter_map(|column| moment(self.get(column))).find(|stamp| *stamp >= EARLIEST)
    }

    fn date<T: Copy>(
        &self,
        column: &'static str,
        read: fn(&str) -> Option<T>,
        occurred: fn(T) -> Occurred,
    ) -> Result<Option<T>, Why> {
        let text = self.get(column);
        if text.is_empty() {
            return Ok(None);
        }
        let date = read(text).ok_or_else(|| Why::NotADate { column, text: text.to_owned() })?;
        if occurred(date).instant() < EARLIEST {
            return Err(Why::TooLongAgo { column, text: text.to_owned() });
        }
        Ok(Some(date))
    }
}

/// One line: line breaks, control characters and doubled blanks become single blanks.
pub(super) fn line(text: &str) -> String {
    let words = text.split(|letter: char| letter.is_whitespace() || letter.is_control());
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Lines of text: what a broken copy left of control characters becomes blanks.
pub(super) fn lines(text: &str) -> String {
    let is_stray = |letter: char| letter.is_control() && !matches!(letter, '\n' | '\r' | '\t');
    text.replace(is_stray, " ").trim().to_owned()
}

/// A value that may be missing. What Salesforce has more room for than we is cut, and what is no such
/// value is left out: neither is worth losing the row for.
pub(super) fn fit<T>(text: String, parse: impl Fn(&str) -> Result<T, BadWord>) -> Fitted<T> {
    if text.is_empty() {
        return Fitted { value: None, whole: None };
    }
    match parse(&text) {
        Ok(value) => Fitted { value: Some(value), whole: None },
        Err(BadWord::TooLong { most, .. }) => {
            let cut: String = text.chars().take(most).collect();
            Fitted { value: parse(&cut).ok(), whole: Some(text) }
        }
        Err(BadWord::Empty | BadWord::Control | BadWord::ManyLines | BadWord::NotAnEmail | BadWord::NotACode) => {
            Fitted { value: None, whole: Some(text) }
        }
    }
}

/// The day that is written there, whatever clock stands behind it: midnight in UTC is no evening before.
pub(super) fn day(text: &str) -> Option<Date> {
    let date = text.get(..10)?.parse().ok()?;
    let rest = text.get(10..)?;
    // 9999-12-31 is how some systems write "never": no log could give it back.
    let is_a_day = matches!(Occurred::parse(text.get(..10)?), Some(Occurred::On(_)));
    (is_a_day && (rest.is_empty() || moment(text).is_some())).then_some(date)
}

/// `2024-01-23T17:50:51.000+0000`, `2013-02-04 06:38:22` (in UTC), or a day's first moment.
pub(super) fn moment(text: &str) -> Option<Timestamp> {
    if let Ok(moment) = text.parse() {
        return Some(moment);
    }
    let utc = |at: DateTime| jiff::tz::Offset::UTC.to_timestamp(at).ok();
    if text.len() == 10 {
        return utc(text.parse::<Date>().ok()?.at(0, 0, 0, 0));
    }
    utc(text.parse().ok()?)
}

impl RecordKey {
    /// 15 or 18 letters and digits, unless it is the null id.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.trim().as_bytes();
        if !matches!(bytes.len(), 15 | 18) || !bytes.iter().all(u8::is_ascii_alphanumeric) {
            return None;
        }
        let key = Self(bytes.get(..15)?.try_into().ok()?);
        (key.0 != [b'0'; 15]).then_some(key)
    }

    /// Whether it is a record of the kind with this prefix.
    pub fn is(&self, prefix: &str) -> bool {
        self.0.starts_with(prefix.as_bytes())
    }

    pub fn source_key(&self) -> Option<SourceKey> {
        SourceKey::parse(&self.to_string()).ok()
    }
}

impl fmt::Display for RecordKey {
    /// The 18-character form: three letters more say which of each five characters are capitals.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DIGITS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";
        for byte in self.0 {
            write!(f, "{}", char::from(byte))?;
        }
        for five in self.0.chunks(5) {
            let capitals = five.iter().rev().fold(0, |sum, byte| sum << 1 | usize::from(byte.is_ascii_uppercase()));
            write!(f, "{}", char::from(DIGITS.get(capitals).copied().unwrap_or(b'A')))?;
        }
        Ok(())
    }
}

impl fmt::Debug for RecordKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fifteen_and_eighteen_characters_are_one_record() {
        let long = RecordKey::parse("001Ec00000GGw3hIAD");
        assert_eq!(RecordKey::parse("001Ec00000GGw3h"), long);
        assert_eq!(long.unwrap().to_string(), "001Ec00000GGw3hIAD");
        assert_ne!(RecordKey::parse("001Ec00000GGw3H"), long, "capitals tell records apart");
    }

    #[test]
    fn the_null_id_and_a_name_are_no_record() {
        for text in
            ["000000000000000AAA", "000000000000000", "", "Anna Petrova", "001Ec00000GGw3", "001Ec00000GGw3hI!D"]
        {
            assert_eq!(RecordKey::parse(text), None, "{text}");
        }
    }

    #[test]
    fn what_does_not_fit_is_cut_or_left_out_and_the_whole_of_it_is_told() {
        use shared::words::{Email, Label, Reason};
        let label = |text: &str| fit(line(text), Label::parse);
        assert_eq!(label(" Head\u{0}of\tsales\u{b} ").value, Label::parse("Head of sales").ok());
        assert!(label("\u{1}").value.is_none() && label("\u{1}").whole.is_none());
        let long = label(&"я".repeat(201));
        assert_eq!(long.value, Label::parse(&"я".repeat(200)).ok());
        assert_eq!(long.whole, Some("я".repeat(201)));
        let address = fit(line("no address"), Email::parse);
        assert_eq!((address.value, address.whole.as_deref()), (None, Some("no address")));
        let notes = fit(lines("one\u{7}two\r\nthree\n"), Reason::parse);
        assert_eq!(notes.value, Reason::parse("one two\nthree").ok());
    }

    #[test]
    fn both_styles_of_date_are_read_and_a_day_at_midnight_stays_that_day() {
        let christmas = Some(jiff::civil::date(2023, 12, 25));
        for text in ["2023-12-25", "2023-12-25T00:00:00.000+0000", "2023-12-25 00:00:00", "2023-12-25T00:00:00.000Z"] {
            assert_eq!(day(text), christmas, "{text}");
        }
        let moments = ["2024-01-23T17:50:51.000+0000", "2024-01-23 17:50:51", "2024-01-23T20:50:51+03:00"];
        for text in moments {
            assert_eq!(moment(text), Some("2024-01-23T17:50:51Z".parse().unwrap()), "{text}");
        }
        for text in ["25.12.2023", "12/25/2023", "2023-02-30", "2023-12-25 noon", "yesterday"] {
            assert_eq!(day(text), None, "{text}");
        }
    }
}
