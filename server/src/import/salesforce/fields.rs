//! Cells by the names of their columns, and what Salesforce writes into them: ids, dates in two
//! styles, and truths in three.

use std::collections::HashMap;
use std::fmt;

use csv::StringRecord;
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use sha2::{Digest, Sha256};
use shared::words::{BadWord, Occurred, SourceKey};

use crate::import::table::Table;
use crate::import::{Error, Why};

pub(super) const ACCOUNT: &str = "001";
pub(super) const CONTACT: &str = "003";

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
}

/// One row, its cells found by name.
pub(super) struct Row<'a> {
    columns: &'a Columns,
    cells: &'a StringRecord,
}

/// A record's id: the 15 letters and digits that tell records apart. Its 18-character form, which
/// survives systems that do not tell capitals from small letters, is what it is written as.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct RecordKey([u8; 15]);

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
            let found = table.header().iter().map(str::trim).collect::<Vec<_>>().join(", ");
            Err(Error::NoColumn { file: table.name.clone(), column, found })
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
        Self { by_name }
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
        place.and_then(|place| self.cells.get(place)).unwrap_or_default().trim()
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

    /// Which state of the record this is: a text that changes when the record does.
    pub fn version(&self) -> String {
        let stamp = self.first(&["SystemModstamp", "LastModifiedDate", "CreatedDate"]);
        if !stamp.is_empty() {
            return stamp.to_owned();
        }
        let mut digest = Sha256::new();
        for cell in self.cells {
            digest.update((cell.len() as u64).to_be_bytes());
            digest.update(cell);
        }
        digest.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
    }

    /// A value that may be missing, in one line.
    pub fn word<T>(&self, column: &'static str, parse: impl Fn(&str) -> Result<T, BadWord>) -> Result<Option<T>, Why> {
        word(column, self.get(column), parse)
    }

    /// A day that may be missing.
    pub fn day(&self, column: &'static str) -> Result<Option<Date>, Why> {
        self.date(column, day)
    }

    /// A moment that may be missing.
    pub fn moment(&self, column: &'static str) -> Result<Option<Timestamp>, Why> {
        self.date(column, moment)
    }

    /// A whole number that may be missing.
    pub fn number(&self, column: &'static str) -> Result<Option<u32>, Why> {
        let text = self.get(column);
        if text.is_empty() {
            return Ok(None);
        }
        let whole = text.strip_suffix(".0").unwrap_or(text);
        let bad = |_| Why::NotANumber { column, text: text.to_owned() };
        whole.parse().map(Some).map_err(bad)
    }

    /// When the record was made in Salesforce, where it can be read.
    pub fn created(&self) -> Option<Occurred> {
        moment(self.get("CreatedDate")).map(Occurred::At)
    }

    /// When this state of the record came about, where it can be read.
    pub fn modified(&self) -> Option<Occurred> {
        moment(self.first(&["LastModifiedDate", "SystemModstamp"])).map(Occurred::At)
    }

    fn date<T>(&self, column: &'static str, read: fn(&str) -> Option<T>) -> Result<Option<T>, Why> {
        let text = self.get(column);
        if text.is_empty() {
            return Ok(None);
        }
        read(text).map(Some).ok_or_else(|| Why::NotADate { column, text: text.to_owned() })
    }
}

/// A value that may be missing; line breaks and doubled blanks become single blanks.
pub(super) fn word<T>(
    column: &'static str,
    text: &str,
    parse: impl Fn(&str) -> Result<T, BadWord>,
) -> Result<Option<T>, Why> {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.is_empty() {
        return Ok(None);
    }
    parse(&line).map(Some).map_err(|bad| Why::Word { column, bad })
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
