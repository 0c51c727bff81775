//! A file of rows as some program exported it: in an encoding to find out, with a separator to find
//! out, and columns in any order. It is read as a stream, so a file may be larger than the memory.

use std::cell::Cell;
use std::collections::HashMap;
use std::io::{self, BufRead as _, BufReader, Read};
use std::rc::Rc;

use csv::{ReaderBuilder, StringRecord};
use encoding_rs::{CoderResult, DecoderResult, Encoding, UTF_8, WINDOWS_1251, WINDOWS_1252};
use sha2::{Digest, Sha256};

use super::{Broken, Error, Files};

/// No row of an honest export is larger; a quotation mark that nobody closed makes one that is.
const LARGEST_ROW: u64 = 16 << 20;

/// What one look over a file tells before it is read.
#[derive(Clone, Debug)]
pub(super) struct Scan {
    pub encoding: &'static Encoding,
    /// In bytes.
    pub size: u64,
    /// SHA-256.
    pub digest: [u8; 32],
}

/// Reads a file once from end to end: what is UTF-8 but for a few broken letters is UTF-8.
pub(super) fn scan(files: &dyn Files, name: &str) -> Result<Option<Scan>, Error> {
    let io = |error| Error::Io { file: name.to_owned(), error };
    let Some(mut file) = files.open(name).map_err(io)? else { return Ok(None) };
    let mut digest = Sha256::new();
    let mut guess = Guess::default();
    let mut size = 0_u64;
    let mut buffer = vec![0; 64 << 10];
    loop {
        let read = match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(io(error)),
        };
        let bytes = buffer.get(..read).unwrap_or_default();
        digest.update(bytes);
        guess.see(bytes);
        size += bytes.len() as u64;
    }
    Ok(Some(Scan { encoding: guess.encoding(), size, digest: digest.finalize().into() }))
}

/// Rows with named cells.
pub(super) struct Table {
    pub name: String,
    pub encoding: &'static Encoding,
    pub separator: u8,
    header: StringRecord,
    columns: HashMap<String, usize>,
    reader: csv::Reader<BufReader<Decoded>>,
    budget: Rc<Cell<u64>>,
    read: Rc<Cell<u64>>,
    row: StringRecord,
    number: u64,
}

impl Table {
    pub fn open(files: &dyn Files, name: &str, scan: &Scan) -> Result<Option<Self>, Error> {
        let io = |error| Error::Io { file: name.to_owned(), error };
        let Some(file) = files.open(name).map_err(io)? else { return Ok(None) };
        let budget = Rc::new(Cell::new(LARGEST_ROW));
        let read = Rc::new(Cell::new(0));
        let decoded = Decoded::new(file, scan.encoding, Rc::clone(&budget), Rc::clone(&read));
        let mut buffered = BufReader::with_capacity(128 << 10, decoded);
        let separator = separator(buffered.fill_buf().map_err(io)?);
        let mut table = Self {
            name: name.to_owned(),
            encoding: scan.encoding,
            separator,
            header: StringRecord::new(),
            columns: HashMap::new(),
            reader: ReaderBuilder::new().delimiter(separator).flexible(true).has_headers(false).from_reader(buffered),
            budget,
            read,
            row: StringRecord::new(),
            number: 0,
        };
        if table.next()?.is_some() {
            table.header = table.row.clone();
            let named = table.header.iter().enumerate();
            // The first of two columns with one name is the one that people see first.
            for (place, title) in named {
                table.columns.entry(title.trim().to_lowercase()).or_insert(place);
            }
        }
        Ok(Some(table))
    }

    /// The next row, or nothing at the end of the file.
    pub fn next(&mut self) -> Result<Option<&StringRecord>, Error> {
        self.budget.set(LARGEST_ROW);
        let line = self.reader.position().line();
        match self.reader.read_record(&mut self.row) {
            Ok(false) => Ok(None),
            Ok(true) => {
                self.number += 1;
                Ok(Some(&self.row))
            }
            Err(error) => {
                let (file, said) = (self.name.clone(), error.to_string());
                let csv::ErrorKind::Io(error) = error.into_kind() else {
                    return Err(Error::Structure { file, line, why: Broken::Other(said) });
                };
                if error.kind() == io::ErrorKind::FileTooLarge {
                    return Err(Error::Structure { file, line, why: Broken::EndlessRow });
                }
                Err(Error::Io { file, error })
            }
        }
    }

    /// The row's number as a spreadsheet shows it: the header is row 1.
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// Bytes of the file that were read so far.
    pub fn bytes(&self) -> u64 {
        self.read.get()
    }

    pub const fn header(&self) -> &StringRecord {
        &self.header
    }

    /// Where the first of these columns stands; names count without regard to case.
    pub fn column(&self, names: &[&str]) -> Option<usize> {
        names.iter().find_map(|name| self.columns.get(&name.to_lowercase()).copied())
    }
}

/// Bytes that become UTF-8 text as they are read, and a limit on how much is read for one row.
struct Decoded {
    file: Box<dyn Read>,
    decoder: encoding_rs::Decoder,
    raw: Vec<u8>,
    start: usize,
    end: usize,
    finished: bool,
    done: bool,
    budget: Rc<Cell<u64>>,
    read: Rc<Cell<u64>>,
}

impl Decoded {
    fn new(file: Box<dyn Read>, encoding: &'static Encoding, budget: Rc<Cell<u64>>, read: Rc<Cell<u64>>) -> Self {
        let decoder = encoding.new_decoder_with_bom_removal();
        Self { file, decoder, raw: vec![0; 64 << 10], start: 0, end: 0, finished: false, done: false, budget, read }
    }

    /// Reads on, once everything that was read is decoded.
    fn refill(&mut self) -> io::Result<()> {
        let got = loop {
            match self.file.read(&mut self.raw) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        (self.start, self.end) = (0, got);
        self.finished = got == 0;
        self.read.set(self.read.get() + got as u64);
        let left = self.budget.get().checked_sub(got as u64);
        self.budget.set(left.ok_or(io::ErrorKind::FileTooLarge)?);
        Ok(())
    }
}

impl Read for Decoded {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let mut written = 0;
        // Decoders want room for a few bytes; what is left of the buffer then waits for the next call.
        while !self.done && out.len() - written >= 8 {
            if self.start == self.end && !self.finished {
                self.refill()?;
            }
            let raw = self.raw.get(self.start..self.end).unwrap_or_default();
            let room = out.get_mut(written..).unwrap_or_default();
            let (result, read, wrote, _) = self.decoder.decode_to_utf8(raw, room, self.finished);
            self.start += read;
            written += wrote;
            match result {
                CoderResult::InputEmpty if self.finished => self.done = true,
                CoderResult::InputEmpty => {}
                CoderResult::OutputFull => break,
            }
        }
        Ok(written)
    }
}

/// What the bytes seen so far can be.
struct Guess {
    utf8: encoding_rs::Decoder,
    bom: Option<&'static Encoding>,
    first: bool,
    /// Letters beyond ASCII that are well-formed in UTF-8, and sequences that are not.
    letters: u64,
    broken: u64,
    high: u64,
    in_words: u64,
    previous: u8,
}

impl Default for Guess {
    fn default() -> Self {
        Self {
            utf8: UTF_8.new_decoder_without_bom_handling(),
            bom: None,
            first: true,
            letters: 0,
            broken: 0,
            high: 0,
            in_words: 0,
            previous: 0,
        }
    }
}

impl Guess {
    fn see(&mut self, bytes: &[u8]) {
        if std::mem::take(&mut self.first) {
            self.bom = Encoding::for_bom(bytes).map(|(encoding, _)| encoding);
        }
        self.decode(bytes, false);
        for &byte in bytes {
            if byte >= 0xc0 {
                self.high += 1;
                self.in_words += u64::from(self.previous >= 0xc0);
            }
            self.previous = byte;
        }
    }

    fn decode(&mut self, mut bytes: &[u8], is_last: bool) {
        let mut text = [0; 4096];
        loop {
            let (result, read, wrote) = self.utf8.decode_to_utf8_without_replacement(bytes, &mut text, is_last);
            bytes = bytes.get(read..).unwrap_or_default();
            let letters = text.iter().take(wrote).filter(|byte| **byte >= 0xc0).count();
            self.letters += letters as u64;
            match result {
                DecoderResult::InputEmpty => return,
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(..) => self.broken += 1,
            }
        }
    }

    /// A letter that some program cut in half makes no Latin text of a Russian one. Where there is no
    /// UTF-8, Cyrillic letters stand in whole words of bytes above 0xC0, and accented Latin ones alone.
    fn encoding(mut self) -> &'static Encoding {
        self.decode(&[], true);
        match self.bom {
            Some(encoding) => encoding,
            None if self.broken * 10 <= self.letters => UTF_8,
            None if self.in_words * 2 > self.high => WINDOWS_1251,
            None => WINDOWS_1252,
        }
    }
}

/// The separator that the header uses most, outside of quotation marks.
fn separator(start: &[u8]) -> u8 {
    let mut counts = [(b',', 0_u32), (b';', 0), (b'\t', 0)];
    let mut quoted = false;
    for &byte in start {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' | b'\r' if !quoted => break,
            _ if quoted => {}
            _ => counts.iter_mut().filter(|(mark, _)| *mark == byte).for_each(|(_, count)| *count += 1),
        }
    }
    let [comma, others @ ..] = counts;
    others.into_iter().fold(comma, |best, next| if next.1 > best.1 { next } else { best }).0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::Bundle;

    fn table(bytes: &[u8]) -> Table {
        let files = Bundle::new("test", [("Task.csv", bytes.to_vec())]);
        let scan = scan(&files, "Task.csv").unwrap().unwrap();
        Table::open(&files, "Task.csv", &scan).unwrap().unwrap()
    }

    fn cells(table: &mut Table) -> Vec<Vec<String>> {
        let mut rows = vec![];
        while let Some(row) = table.next().unwrap() {
            rows.push(row.iter().map(str::to_owned).collect());
        }
        rows
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_the_first_column() {
        let mut table = table("\u{feff}Id,Subject\n1,Call\n".as_bytes());
        assert_eq!(table.column(&["Id"]), Some(0));
        assert_eq!(table.encoding, UTF_8);
        assert_eq!(cells(&mut table), [["1", "Call"]]);
    }

    #[test]
    fn semicolons_and_windows_line_ends_and_quotes_around_every_cell() {
        let mut table = table(b"\"Id\";\"Subject\"\r\n\"1\";\"a;b\"\r\n\"2\";\"c\rd\"\r\n");
        assert_eq!(table.separator, b';');
        assert_eq!(cells(&mut table), [["1", "a;b"], ["2", "c\rd"]]);
    }

    #[test]
    fn commas_in_a_quoted_heading_do_not_count() {
        assert_eq!(separator(b"\"a,b,c\";d\n1,2,3"), b';');
        assert_eq!(separator(b"Id\n1;2"), b',');
    }

    #[test]
    fn what_is_not_utf_8_is_cyrillic_or_western_by_how_its_letters_stand() {
        let (cyrillic, ..) = WINDOWS_1251.encode("Id,Тема\n1,Встреча с заказчиком\n");
        let mut russian = table(&cyrillic);
        assert_eq!(russian.encoding, WINDOWS_1251);
        assert_eq!(russian.column(&["тема"]), Some(1));
        assert_eq!(cells(&mut russian), [["1", "Встреча с заказчиком"]]);
        let (western, ..) = WINDOWS_1252.encode("Id,Subject\n1,Déjeuner à Orléans\n");
        let mut french = table(&western);
        assert_eq!(french.encoding, WINDOWS_1252);
        assert_eq!(cells(&mut french), [["1", "Déjeuner à Orléans"]]);
    }

    #[test]
    fn a_letter_cut_in_half_spoils_that_letter_alone() {
        let mut text = "Id,Тема\n1,Встреча с заказчиком\n".as_bytes().to_vec();
        text.extend(b"2,\xd0");
        let mut table = table(&text);
        assert_eq!(table.encoding, UTF_8);
        assert_eq!(cells(&mut table), [["1", "Встреча с заказчиком"], ["2", "\u{fffd}"]]);
    }

    #[test]
    fn sixteen_bit_text_is_known_by_its_mark() {
        let text: Vec<u8> = "\u{feff}Id\tSubject\n1\tЗвонок\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let mut table = table(&text);
        assert_eq!(table.separator, b'\t');
        assert_eq!(cells(&mut table), [["1", "Звонок"]]);
    }

    #[test]
    fn a_file_larger_than_any_buffer_is_read_whole() {
        let mut text = String::from("Id,Subject\n");
        for n in 0..20_000 {
            text.push_str(&format!("{n},\"Ёлочка {n}\r\nвторая строка\"\n"));
        }
        let mut table = table(text.as_bytes());
        let rows = cells(&mut table);
        assert_eq!(rows.len(), 20_000);
        assert_eq!(rows[19_999], ["19999", "Ёлочка 19999\r\nвторая строка"]);
        assert_eq!(table.bytes(), text.len() as u64);
    }

    #[test]
    fn a_quotation_mark_that_nobody_closes_is_named_with_its_line() {
        let mut text = b"Id,Subject\n1,fine\n2,\"never closed\n".to_vec();
        text.resize(text.len() + (20 << 20), b'x');
        let mut table = table(&text);
        assert!(table.next().unwrap().is_some());
        match table.next() {
            Err(Error::Structure { file, line, .. }) => assert_eq!((file.as_str(), line), ("Task.csv", 3)),
            other => panic!("{other:?}"),
        }
    }
}
