//! The files of refused rows: for each table one of the same name, with the rows as they were and the
//! reasons in columns of their own at the end. Somebody mends them and imports the folder.

use std::collections::BTreeMap;
use std::fs::{DirBuilder, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use csv::StringRecord;
use shared::lang::Lang;

use super::{Error, Why};

/// What stands above the number of a refused row and above the reason.
const TITLES: [[&str; 2]; 2] = [["Refused row", "Refused because"], ["Отклонённая строка", "Почему отклонена"]];

/// The reason's title in both languages: a table that has it is one of ours, its cells guarded.
pub(super) const MARKS: &[&str] = &[TITLES[0][1], TITLES[1][1]];

/// Files that are made when the first row of their table is refused. Nobody but their owner can read
/// them: they hold people's data.
pub(super) struct RefusedFiles<'a> {
    folder: Option<&'a Path>,
    lang: Lang,
    writers: BTreeMap<String, (PathBuf, csv::Writer<std::fs::File>)>,
}

/// Where a row stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place<'a> {
    pub file: &'a str,
    pub number: u64,
}

impl<'a> RefusedFiles<'a> {
    pub const fn new(folder: Option<&'a Path>, lang: Lang) -> Self {
        Self { folder, lang, writers: BTreeMap::new() }
    }

    pub fn add(
        &mut self,
        place: &Place<'_>,
        why: &Why,
        header: &StringRecord,
        cells: &StringRecord,
    ) -> Result<(), Error> {
        let Some(folder) = self.folder else { return Ok(()) };
        if !self.writers.contains_key(place.file) {
            let path = folder.join(place.file);
            let mut file = create(folder, &path).map_err(|error| io_error(&path, error))?;
            // Without this mark spreadsheets take Russian for something else.
            file.write_all("\u{feff}".as_bytes()).map_err(|error| io_error(&path, error))?;
            let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(file);
            let titles = match self.lang {
                Lang::En => TITLES[0],
                Lang::Ru => TITLES[1],
            };
            // The titles of a table that was refused before are there already.
            let named = ours(header).unwrap_or(header.len());
            let header = header.iter().take(named).map(guarded);
            let titles = titles.into_iter().map(str::to_owned);
            writer.write_record(header.chain(titles)).map_err(|error| io_error(&path, error.into()))?;
            self.writers.insert(place.file.to_owned(), (path, writer));
        }
        let Some((path, writer)) = self.writers.get_mut(place.file) else { return Ok(()) };
        let last = [place.number.to_string(), guarded(&why.say(self.lang))];
        // Of a table that is one of ours the old reason goes, and the guards are there already.
        let is_ours = ours(header).is_some();
        let added = ours(header).map_or(0, |at| header.len() - at);
        let cells = cells.iter().take(cells.len().saturating_sub(added));
        let cells = cells.map(|cell| guarded(if is_ours { unguarded(cell) } else { cell }));
        writer.write_record(cells.chain(last)).map_err(|error| io_error(path, error.into()))
    }

    /// The files that were made.
    pub fn finish(self) -> Result<Vec<PathBuf>, Error> {
        let mut made = Vec::new();
        for (path, mut writer) in self.writers.into_values() {
            writer.flush().map_err(|error| io_error(&path, error))?;
            made.push(path);
        }
        Ok(made)
    }
}

/// Where the columns begin that we added to a table.
fn ours(header: &StringRecord) -> Option<usize> {
    header.iter().position(|title| TITLES.iter().any(|[number, _]| title.trim() == *number))
}

fn create(folder: &Path, path: &Path) -> std::io::Result<std::fs::File> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)?;
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn io_error(path: &Path, error: std::io::Error) -> Error {
    Error::Io { file: path.display().to_string(), error }
}

/// A spreadsheet takes a cell that begins so for a formula and runs it.
fn is_run(cell: &str) -> bool {
    cell.trim_start_matches('\'').starts_with(['=', '+', '-', '@', '\t', '\r'])
}

/// With a mark before it that keeps a spreadsheet from running it.
fn guarded(cell: &str) -> String {
    if is_run(cell) { format!("'{cell}") } else { cell.to_owned() }
}

/// What a guarded cell was.
pub(super) fn unguarded(cell: &str) -> &str {
    cell.strip_prefix('\'').filter(|rest| is_run(rest)).unwrap_or(cell)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_that_a_spreadsheet_would_run_is_guarded_and_comes_back_as_it_was() {
        for cell in ["=HYPERLINK(1)", "+7 495", "-1", "@SUM(A1)", "\t=1", "\r=1", "'=1"] {
            assert_eq!(guarded(cell), format!("'{cell}"));
            assert_eq!(unguarded(&guarded(cell)), cell);
        }
        for cell in ["Call, then visit", "'s-Hertogenbosch", "", "'"] {
            assert_eq!(guarded(cell), cell);
            assert_eq!(unguarded(cell), cell);
        }
    }
}
