//! The file of refused rows: for each the reason, and all of its cells as they were, so that somebody
//! can mend it and import it again.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use csv::StringRecord;
use shared::lang::Lang;

use super::{Error, Why};

/// A file that is made when the first row is refused. Nobody but its owner can read it: it holds people's data.
pub(super) struct RefusedFile<'a> {
    path: Option<&'a Path>,
    lang: Lang,
    writer: Option<csv::Writer<std::fs::File>>,
    /// The file whose header stands above the rows that follow.
    current: Option<String>,
}

/// Where a row stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place<'a> {
    pub file: &'a str,
    pub number: u64,
    pub key: &'a str,
}

impl<'a> RefusedFile<'a> {
    pub const fn new(path: Option<&'a Path>, lang: Lang) -> Self {
        Self { path, lang, writer: None, current: None }
    }

    pub fn add(
        &mut self,
        place: &Place<'_>,
        why: &Why,
        header: &StringRecord,
        cells: &StringRecord,
    ) -> Result<(), Error> {
        let Some(path) = self.path else { return Ok(()) };
        let broken = |error: csv::Error| io_error(path, error.into());
        let writer = match &mut self.writer {
            Some(writer) => writer,
            empty @ None => {
                let mut file = create(path).map_err(|error| io_error(path, error))?;
                // Without this mark spreadsheets take Russian for something else.
                file.write_all("\u{feff}".as_bytes()).map_err(|error| io_error(path, error))?;
                empty.insert(csv::WriterBuilder::new().flexible(true).from_writer(file))
            }
        };
        if self.current.as_deref() != Some(place.file) {
            self.current = Some(place.file.to_owned());
            let titles = match self.lang {
                Lang::En => ["File", "Row", "Id", "Reason"],
                Lang::Ru => ["Файл", "Строка", "Id", "Причина"],
            };
            let titles = titles.into_iter().map(str::to_owned);
            writer.write_record(titles.chain(header.iter().map(guarded))).map_err(broken)?;
        }
        let [file, number, key] = [place.file.to_owned(), place.number.to_string(), guarded(place.key)];
        let first = [file, number, key, guarded(&why.say(self.lang))];
        writer.write_record(first.into_iter().chain(cells.iter().map(guarded))).map_err(broken)
    }

    /// The file, if any row was refused.
    pub fn finish(mut self) -> Result<Option<PathBuf>, Error> {
        let (Some(path), Some(mut writer)) = (self.path, self.writer.take()) else { return Ok(None) };
        writer.flush().map_err(|error| io_error(path, error))?;
        Ok(Some(path.to_owned()))
    }
}

fn create(path: &Path) -> std::io::Result<std::fs::File> {
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
fn guarded(cell: &str) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_that_a_spreadsheet_would_run_is_guarded() {
        for cell in ["=HYPERLINK(1)", "+7 495", "-1", "@SUM(A1)", "\t=1", "\r=1"] {
            assert_eq!(guarded(cell), format!("'{cell}"));
        }
        assert_eq!(guarded("Call, then visit"), "Call, then visit");
    }
}
