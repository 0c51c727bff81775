//! Rows become orders, and answers become the count of what was accepted and what was refused.
//!
//! Rows are gathered until they make a chunk; the chunk's orders go to the desk at once, and where an
//! answer calls for more (the thing is there already: change it instead), in rounds until nothing is left.

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;

use csv::StringRecord;
use shared::domain::Rejection;
use shared::ids::ImportId;
use shared::lang::Said;
use shared::request::{Receipt, Request};

use super::refused::{Place, RefusedFiles};
use super::table::Table;
use super::{Error, FileSummary, Note, NoteKind, Options, Why};
use crate::desk::{Order, Refusal, Sink};

/// So many orders go to the desk at once: enough for one sync to carry many, few enough to hold in memory.
const CHUNK: usize = 512;

/// One request, and what follows from its answer.
pub(super) struct Ask {
    request: Request,
    then: Box<dyn FnOnce(Outcome) -> Next>,
}

/// What the desk said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It led to events.
    New,
    /// It had been sent before, in an earlier import.
    Known,
    /// It is so already.
    Quiet,
    Rejected(Rejection),
    Refused(String),
}

/// What follows from an answer.
#[derive(Default)]
pub(super) struct Next {
    asks: Vec<Ask>,
    refused: Option<Why>,
    ignored: bool,
    note: Option<NoteKind>,
}

/// What a row asks for. Nothing at all: there is nothing in it to record.
#[derive(Default)]
pub(super) struct Wishes {
    pub asks: Vec<Ask>,
    pub notes: Vec<NoteKind>,
}

/// The rows of one file on their way to the desk.
pub(super) struct Batch<'a> {
    id: ImportId,
    options: &'a Options<'a>,
    sink: &'a mut dyn Sink,
    refused: RefusedFiles<'a>,
    rows: Vec<Row>,
    asks: Vec<(usize, Ask)>,
    file: FileSummary,
    header: StringRecord,
    done: Vec<FileSummary>,
    events: u64,
    notes: BTreeMap<NoteKind, u64>,
}

struct Row {
    number: u64,
    cells: StringRecord,
    new: bool,
    ignored: bool,
    refused: Option<Why>,
}

/// What a batch has come to.
pub(super) struct Done {
    pub files: Vec<FileSummary>,
    pub events: u64,
    pub notes: Vec<Note>,
    pub refused_files: Vec<PathBuf>,
}

impl Ask {
    /// A request that refuses its row if it is rejected.
    pub fn new(request: Request) -> Self {
        Self::then(request, Next::by_default)
    }

    pub fn then(request: Request, then: impl FnOnce(Outcome) -> Next + 'static) -> Self {
        Self { request, then: Box::new(then) }
    }
}

impl Wishes {
    /// There is nothing in the row to record, for this reason.
    pub fn left_out(note: NoteKind) -> Self {
        Self { asks: vec![], notes: vec![note] }
    }
}

impl Next {
    pub fn by_default(outcome: Outcome) -> Self {
        match outcome {
            Outcome::New | Outcome::Known | Outcome::Quiet => Self::default(),
            Outcome::Rejected(rejection) => Self::refuse(Why::Rejected(rejection)),
            Outcome::Refused(why) => Self::refuse(Why::Refused(why)),
        }
    }

    pub fn ask(asks: Vec<Ask>) -> Self {
        Self { asks, ..Self::default() }
    }

    pub fn refuse(why: Why) -> Self {
        Self { refused: Some(why), ..Self::default() }
    }

    /// There was nothing to do it to.
    pub fn ignore() -> Self {
        Self { ignored: true, ..Self::default() }
    }

    pub fn note(self, note: NoteKind) -> Self {
        Self { note: Some(note), ..self }
    }
}

impl From<Result<Receipt, Refusal>> for Outcome {
    fn from(answer: Result<Receipt, Refusal>) -> Self {
        match answer {
            Ok(receipt) if receipt.duplicate => Self::Known,
            Ok(receipt) if receipt.events.is_empty() => Self::Quiet,
            Ok(_) => Self::New,
            Err(Refusal::Rejected(rejection)) => Self::Rejected(rejection),
            Err(other) => Self::Refused(other.to_string()),
        }
    }
}

impl<'a> Batch<'a> {
    pub fn new(id: ImportId, options: &'a Options<'a>, sink: &'a mut dyn Sink) -> Self {
        Self {
            id,
            options,
            sink,
            refused: RefusedFiles::new(options.refused, options.lang),
            rows: vec![],
            asks: vec![],
            file: FileSummary::default(),
            header: StringRecord::new(),
            done: vec![],
            events: 0,
            notes: BTreeMap::new(),
        }
    }

    /// Sends a command of the batch itself.
    pub fn itself(&mut self, request: Request) -> Result<(), Error> {
        let order = Order { by: self.options.by, batch: Some(self.id), request };
        for answer in self.sink.submit(vec![order]) {
            answer.map_err(Error::Stopped)?;
        }
        Ok(())
    }

    /// From here on rows are of this file.
    pub fn begin_file(&mut self, table: &Table) {
        self.header = table.header().clone();
        self.file = FileSummary {
            name: table.name.clone(),
            encoding: table.encoding.name().to_owned(),
            separator: char::from(table.separator),
            ..FileSummary::default()
        };
    }

    /// A file that cannot be used at all, and why: the others are read without it.
    pub fn unusable(&mut self, table: &Table, why: &Error) {
        self.begin_file(table);
        let file = std::mem::take(&mut self.file);
        let unusable_said = Some(Said::new(|lang| why.say(lang)));
        self.done.push(FileSummary { unusable: Some(why.say(self.options.lang)), unusable_said, ..file });
    }

    pub fn end_file(&mut self) -> Result<(), Error> {
        self.flush()?;
        self.done.push(std::mem::take(&mut self.file));
        Ok(())
    }

    pub fn add(&mut self, number: u64, cells: &StringRecord, wishes: Result<Wishes, Why>) -> Result<(), Error> {
        let row = |ignored, refused| Row { number, cells: cells.clone(), new: false, ignored, refused };
        match wishes {
            Err(why) => self.rows.push(row(false, Some(why))),
            Ok(wishes) => {
                let at = self.rows.len();
                self.rows.push(row(wishes.asks.is_empty(), None));
                self.asks.extend(wishes.asks.into_iter().map(|ask| (at, ask)));
                for note in wishes.notes {
                    *self.notes.entry(note).or_default() += 1;
                }
            }
        }
        if self.asks.len() >= CHUNK || self.rows.len() >= CHUNK { self.flush() } else { Ok(()) }
    }

    /// Asks for more on behalf of rows that were counted already.
    pub fn afterwards(&mut self, asks: Vec<Ask>) -> Result<(), Error> {
        self.flush()?;
        self.rounds(asks.into_iter().map(|ask| (usize::MAX, ask)))
    }

    pub fn finish(self) -> Result<Done, Error> {
        Ok(Done {
            files: self.done,
            events: self.events,
            notes: self.notes.into_iter().map(|(what, rows)| Note { what, rows }).collect(),
            refused_files: self.refused.finish()?,
        })
    }

    /// So far: (rows that are here, rows that were refused).
    pub fn counts(&self) -> (u64, u64) {
        self.done.iter().fold((0, 0), |sum, file| (sum.0 + file.accepted + file.unchanged, sum.1 + file.refused))
    }

    fn flush(&mut self) -> Result<(), Error> {
        let asks = std::mem::take(&mut self.asks);
        self.rounds(asks)?;
        for row in std::mem::take(&mut self.rows) {
            self.file.rows += 1;
            match &row.refused {
                Some(why) => {
                    self.file.refused += 1;
                    let place = Place { file: &self.file.name, number: row.number };
                    self.refused.add(&place, why, &self.header, &row.cells)?;
                }
                None if row.new => self.file.accepted += 1,
                None if row.ignored => self.file.ignored += 1,
                None => self.file.unchanged += 1,
            }
        }
        Ok(())
    }

    fn rounds(&mut self, asks: impl IntoIterator<Item = (usize, Ask)>) -> Result<(), Error> {
        let mut asks: VecDeque<_> = asks.into_iter().collect();
        while !asks.is_empty() {
            let (orders, thens): (Vec<_>, Vec<_>) = asks
                .drain(..asks.len().min(CHUNK))
                .map(|(at, ask)| {
                    let order = Order { by: self.options.by, batch: Some(self.id), request: ask.request };
                    (order, (at, ask.then))
                })
                .unzip();
            let answers = self.sink.submit(orders);
            if answers.len() != thens.len() {
                return Err(Error::Stopped(Refusal::Unavailable("Some orders were not answered.".into())));
            }
            for ((at, then), answer) in thens.into_iter().zip(answers) {
                if let Err(Refusal::Closed(_) | Refusal::Unavailable(_)) = &answer {
                    return answer.map_or_else(|why| Err(Error::Stopped(why)), |_| Ok(()));
                }
                if let Ok(receipt) = &answer
                    && !receipt.duplicate
                {
                    self.events += receipt.events.len() as u64;
                }
                let outcome = Outcome::from(answer);
                let is_new = outcome == Outcome::New;
                let next = then(outcome);
                if let Some(note) = next.note {
                    *self.notes.entry(note).or_default() += 1;
                }
                if let Some(row) = self.rows.get_mut(at) {
                    row.new |= is_new;
                    row.ignored |= next.ignored;
                    row.refused = row.refused.take().or(next.refused);
                }
                asks.extend(next.asks.into_iter().map(|ask| (at, ask)));
            }
        }
        Ok(())
    }
}
