//! Facts from outside: another CRM's export becomes commands that go through the same desk as
//! everybody's, in one batch that can be taken back as a whole.
//!
//! Every identity is made from the source record's own key, and every command's from the key and the
//! version of the row. So the same files imported again say nothing new, an import that was cut off
//! goes on where it stood, and a row that has changed becomes new events on top of the old ones.

use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;
use shared::domain::Rejection;
use shared::ids::{AccountId, ColleagueId, ImportId, Stream};
use shared::lang::{Lang, Said};
use shared::record::Record;
use shared::words::{BadWord, Email, SourceKey, System};

use crate::desk::Refusal;

mod batch;
mod identity;
mod past;
mod refused;
pub mod salesforce;
mod scratch;
mod table;

pub use scratch::Scratch;

/// Where the files of an export are: a folder, what a browser uploaded, or the sample in the binary.
pub trait Files {
    /// What people call it.
    fn name(&self) -> &str;

    /// The folder that they are in, where it is one that people know.
    fn folder(&self) -> Option<&Path> {
        None
    }

    /// Opens a file by its name, whatever the case of its letters; `None` where there is none. It is
    /// opened twice: once to look over it, once to read it.
    fn open(&self, name: &str) -> io::Result<Option<Box<dyn Read>>>;
}

/// A folder on this machine.
#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
    name: String,
}

/// Files in memory.
#[derive(Clone, Debug, Default)]
pub struct Bundle {
    name: String,
    files: Vec<(String, Arc<[u8]>)>,
}

/// What an import needs to know of the house that it comes into.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// Who imports.
    pub by: ColleagueId,
    /// The language of reasons and of the report.
    pub lang: Lang,
    /// How many imports of this system were taken back. What they brought keeps its identity for
    /// ever, so what comes again needs another one.
    pub generation: u32,
    /// Whether something is there (and was not taken back).
    pub exists: &'a dyn Fn(Stream) -> bool,
    /// What is recorded of something that is there, in order, without the imports that were taken
    /// back; or why that cannot be read.
    pub history: &'a dyn Fn(Stream) -> Result<Vec<Record>, String>,
    /// The account that a record of the other system is already linked to.
    pub linked: &'a dyn Fn(&System, &SourceKey) -> Option<AccountId>,
    /// The colleague with this address.
    pub colleague: &'a dyn Fn(&Email) -> Option<ColleagueId>,
    /// An appointment that begins after this moment is planned and did not take place yet.
    pub now: jiff::Timestamp,
    /// The folder where refused rows go, each with its reason: for each table a file of its name, made
    /// when the first row comes.
    pub refused: Option<&'a Path>,
    /// Nothing is recorded, and the summary says what would be.
    pub dry_run: bool,
}

/// How far an import is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress<'a> {
    pub file: &'a str,
    /// Rows of all files so far.
    pub rows: u64,
    /// Bytes of all files so far.
    pub bytes: u64,
    /// Bytes of all files.
    pub of: u64,
}

/// What became of an import.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    pub system: String,
    pub source: String,
    /// Nothing was recorded: all of it is what would be.
    pub dry_run: bool,
    /// `None` where nothing was recorded.
    pub batch: Option<ImportId>,
    pub files: Vec<FileSummary>,
    /// New events, those of the batch itself not counted.
    pub events: u64,
    /// Owners of records in the other system that are no colleagues here, the most frequent first.
    pub unmapped_owners: Vec<Owner>,
    /// Things worth knowing that refused no row.
    pub notes: Vec<Note>,
    /// The files of refused rows, if there are any.
    pub refused_files: Vec<PathBuf>,
}

/// What became of one file: `rows` is the sum of the four others.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FileSummary {
    pub name: String,
    /// As it was found, or assumed where nothing says it.
    pub encoding: String,
    pub separator: char,
    pub rows: u64,
    /// Became events.
    pub accepted: u64,
    /// Was known already.
    pub unchanged: u64,
    pub refused: u64,
    /// Says nothing that is recorded here: a deletion of what never came, an inactive relation.
    pub ignored: u64,
    /// Why nothing of it could be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unusable: Option<String>,
    /// The same for whoever does not read the report, but a page, in a language of their own.
    #[serde(skip)]
    pub unusable_said: Option<Said>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Owner {
    /// The key in the other system.
    pub key: String,
    /// Name or address, where the export says it.
    pub name: Option<String>,
    pub rows: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Note {
    pub what: NoteKind,
    pub rows: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NoteKind {
    /// An activity is about an opportunity, a case, a lead or a custom record, which is not recorded here.
    AboutOtherRecords,
    /// A row names an account that is neither in the files nor known; it was taken without.
    AccountUnknown,
    /// A row names a contact who is neither in the files nor known; it was taken without.
    ContactUnknown,
    /// Whom a contact reports to could not be taken over.
    ManagerUnknown,
    /// An owner is a colleague who cannot answer for the account (has left, or the account is closed).
    OwnerNotTaken,
    /// Something was longer than fits here and was cut, or was no such value and was left out. So is a date before 1900
    /// that does not say when an entry was.
    Shortened,
    /// The log knows a later state of the record: an older export does not overwrite it.
    OlderState,
    /// Somebody here chose another manager, account or superior than Salesforce had said; that stays.
    DecidedHere,
    /// A relation was ended or deleted. There is no event for that: what was recorded of it stays.
    RelationEnded,
    /// The one who wrote it meant it for nobody else: it is left out, and retracted where it came earlier.
    PrivateLeftOut,
    /// An entry was retracted here before; what came back in Salesforce does not bring it back.
    StaysRetracted,
    /// A contact who was deleted is back, but names no account to come back to.
    StaysLeft,
}

/// Why an import did not take place, or stopped. What was accepted by then stays; run again, it goes on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// None of the files is there.
    #[error("{}", self.say(Lang::En))]
    NoFiles { folder: Option<PathBuf>, looked_for: &'static [&'static str] },
    /// A file cannot be used for want of a column. What stands in its place may be a person's data, which is for the eyes of
    /// whoever brings it and for no log.
    #[error("{file} has no column “{column}”")]
    NoColumn { file: String, column: &'static str, found: String },
    /// A file is not a table from some line on.
    #[error("{}", self.say(Lang::En))]
    Structure { file: String, line: u64, why: Broken },
    #[error("{}", self.say(Lang::En))]
    Io {
        file: String,
        #[source]
        error: io::Error,
    },
    /// The desk takes nothing at the moment.
    #[error("{}", self.say(Lang::En))]
    Stopped(Refusal),
}

/// How a file is not a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Broken {
    /// Most likely a quotation mark that nobody closed.
    EndlessRow,
    Other(String),
}

impl Files for Folder {
    fn name(&self) -> &str {
        &self.name
    }

    fn folder(&self) -> Option<&Path> {
        Some(&self.path)
    }

    fn open(&self, name: &str) -> io::Result<Option<Box<dyn Read>>> {
        for entry in std::fs::read_dir(&self.path)? {
            let entry = entry?;
            if entry.file_name().to_str().is_some_and(|found| found.eq_ignore_ascii_case(name)) {
                return Ok(Some(Box::new(File::open(entry.path())?)));
            }
        }
        Ok(None)
    }
}

impl Folder {
    pub fn new(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        let path = path.canonicalize().unwrap_or(path);
        let name = path.file_name();
        let name = name.map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned());
        Self { path, name }
    }
}

impl Files for Bundle {
    fn name(&self) -> &str {
        &self.name
    }

    fn open(&self, name: &str) -> io::Result<Option<Box<dyn Read>>> {
        let found = self.files.iter().find(|(file, _)| file.eq_ignore_ascii_case(name));
        Ok(found.map(|(_, bytes)| Box::new(Cursor::new(Arc::clone(bytes))) as Box<dyn Read>))
    }
}

impl Bundle {
    /// A name for people, and files as (name, content).
    pub fn new<N, C>(name: impl Into<String>, files: impl IntoIterator<Item = (N, C)>) -> Self
    where
        N: Into<String>,
        C: Into<Arc<[u8]>>,
    {
        let files = files.into_iter().map(|(name, content)| (name.into(), content.into())).collect();
        Self { name: name.into(), files }
    }
}

impl Summary {
    /// Rows of all files by what became of them: (accepted, unchanged, refused, ignored).
    pub fn totals(&self) -> (u64, u64, u64, u64) {
        self.files.iter().fold((0, 0, 0, 0), |sum, file| {
            (sum.0 + file.accepted, sum.1 + file.unchanged, sum.2 + file.refused, sum.3 + file.ignored)
        })
    }

    /// The report as people read it, a line for each thing worth saying.
    pub fn say(&self, lang: Lang) -> Vec<String> {
        let mut lines: Vec<String> = self.files.iter().map(|file| file.say(lang, self.dry_run)).collect();
        let n = self.events;
        lines.push(match lang {
            Lang::En if self.dry_run => format!(
                "Nothing was recorded: this was a dry run. It would make {n} new {}",
                lang.count(n, ["event", "events"], ["", "", ""])
            ),
            Lang::Ru if self.dry_run => format!(
                "Ничего не записано: это пробный запуск. Получилось бы {n} {} {}",
                lang.count(n, ["", ""], ["новое", "новых", "новых"]),
                lang.count(n, ["", ""], ["событие", "события", "событий"])
            ),
            Lang::En => format!("{n} new {}", lang.count(n, ["event", "events"], ["", "", ""])),
            Lang::Ru => format!(
                "{n} {} {}",
                lang.count(n, ["", ""], ["новое", "новых", "новых"]),
                lang.count(n, ["", ""], ["событие", "события", "событий"])
            ),
        });
        if !self.unmapped_owners.is_empty() {
            let n = self.unmapped_owners.len() as u64;
            lines.push(match lang {
                Lang::En => format!(
                    "{n} {} no colleague here: put User.csv (Id, Name, Email) beside the files to connect them by e-mail",
                    lang.count(n, ["owner is", "owners are"], ["", "", ""])
                ),
                Lang::Ru => format!(
                    "{n} {} среди сотрудников: положите рядом User.csv (Id, Name, Email), чтобы связать их по почте",
                    lang.count(
                        n,
                        ["", ""],
                        ["владелец не найден", "владельца не найдены", "владельцев не найдены"]
                    )
                ),
            });
        }
        lines.extend(self.notes.iter().map(|note| note.say(lang)));
        if !self.refused_files.is_empty() {
            let paths = self.refused_files.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ");
            lines.push(match lang {
                Lang::En => format!("Refused rows with their reasons, to mend and import again: {paths}"),
                Lang::Ru => format!("Отклонённые строки с причинами, чтобы исправить и загрузить снова: {paths}"),
            });
        }
        lines
    }
}

impl FileSummary {
    fn say(&self, lang: Lang, dry_run: bool) -> String {
        if let Some(why) = &self.unusable {
            return why.clone();
        }
        let Self { name, encoding, rows, accepted, unchanged, refused, ignored, .. } = self;
        match lang {
            Lang::En => {
                let would = if dry_run { "would be " } else { "" };
                format!(
                    "{name}: {rows} {} ({encoding}): {accepted} {would}accepted, {unchanged} unchanged, \
                     {refused} {would}refused, {ignored} without anything to record",
                    lang.count(*rows, ["row", "rows"], ["", "", ""])
                )
            }
            Lang::Ru => {
                let [accepts, refuses] = if dry_run {
                    ["было бы принято", "было бы отклонено"]
                } else {
                    ["принято", "отклонено"]
                };
                format!(
                    "{name}: {rows} {} ({encoding}): {accepts} {accepted}, без изменений {unchanged}, \
                     {refuses} {refused}, нечего записать {ignored}",
                    lang.count(*rows, ["", ""], ["строка", "строки", "строк"])
                )
            }
        }
    }
}

impl Note {
    pub fn say(&self, lang: Lang) -> String {
        let n = self.rows;
        let what = self.what.say(lang);
        match lang {
            Lang::En => format!("{n} {}: {what}", lang.count(n, ["row", "rows"], ["", "", ""])),
            Lang::Ru => format!("{n} {}: {what}", lang.count(n, ["", ""], ["строка", "строки", "строк"])),
        }
    }
}

impl NoteKind {
    const fn say(self, lang: Lang) -> &'static str {
        match self {
            Self::AboutOtherRecords => lang.pick(
                "about an opportunity, a case, a lead or a custom record; that connection was left out",
                "относится к сделке, обращению, лиду или другой записи; эта связь не перенесена",
            ),
            Self::AccountUnknown => lang.pick(
                "names an account that is not in the files; taken over without it",
                "указан клиент, которого нет в файлах; перенесено без него",
            ),
            Self::ContactUnknown => lang.pick(
                "names a contact who is not in the files; taken over without them",
                "указан контакт, которого нет в файлах; перенесено без него",
            ),
            Self::ManagerUnknown => lang.pick(
                "whom the contact reports to could not be taken over",
                "не удалось перенести, кому подчиняется контакт",
            ),
            Self::OwnerNotTaken => lang.pick(
                "the owner could not be made the account's manager",
                "владельца не удалось назначить менеджером клиента",
            ),
            Self::Shortened => lang.pick(
                "a text was too long and was cut, or a number or a date could not be used and was left out",
                "слишком длинный текст сокращён либо непригодное число или дата пропущены",
            ),
            Self::OlderState => lang.pick(
                "an older state than the one that is recorded; left out",
                "состояние старше того, что уже записано; не перенесено",
            ),
            Self::DecidedHere => lang.pick(
                "who answers for the account, where the contact works or whom they report to was decided here since; that stays",
                "ответственный за клиента, место работы контакта или его руководитель выбраны уже здесь; это не изменено",
            ),
            Self::RelationEnded => lang.pick(
                "a relation that has ended; what was recorded of it stays",
                "связь завершена; записанное о ней остаётся",
            ),
            Self::PrivateLeftOut => lang.pick("marked as private; left out", "помечено как личное; не перенесено"),
            Self::StaysRetracted => lang.pick(
                "the entry was retracted here before, and stays so",
                "запись здесь уже отозвана и остаётся отозванной",
            ),
            Self::StaysLeft => lang.pick(
                "the contact is back in Salesforce without an account, and stays here as one who has left",
                "контакт восстановлен в Salesforce без клиента и здесь по-прежнему значится ушедшим",
            ),
        }
    }
}

impl Error {
    pub fn say(&self, lang: Lang) -> String {
        match (self, lang) {
            (Self::NoFiles { folder: Some(folder), looked_for }, Lang::En) => format!(
                "There is nothing to import in {}. At least one of these files must be there: {}.",
                folder.display(),
                looked_for.join(", ")
            ),
            (Self::NoFiles { folder: Some(folder), looked_for }, Lang::Ru) => format!(
                "В папке {} нечего загружать. Нужен хотя бы один из файлов: {}.",
                folder.display(),
                looked_for.join(", ")
            ),
            (Self::NoFiles { folder: None, looked_for }, Lang::En) => {
                format!("None of these files is one of a Salesforce export: {} is needed.", one_of(looked_for, "or"))
            }
            (Self::NoFiles { folder: None, looked_for }, Lang::Ru) => {
                format!("Среди этих файлов нет файлов выгрузки Salesforce: нужен {}.", one_of(looked_for, "или"))
            }
            (Self::NoColumn { file, column, found }, Lang::En) => {
                format!("{file} has no column “{column}”. Export it with that column. It has: {found}.")
            }
            (Self::NoColumn { file, column, found }, Lang::Ru) => {
                format!("В файле {file} нет столбца «{column}». Выгрузите его вместе с ним. Есть столбцы: {found}.")
            }
            (Self::Structure { file, line, why: Broken::EndlessRow }, Lang::En) => format!(
                "{file}, line {line}: the row that begins here does not end. Look for a quotation mark that is not closed."
            ),
            (Self::Structure { file, line, why: Broken::EndlessRow }, Lang::Ru) => {
                format!("{file}, строка {line}: начатая здесь запись не заканчивается. Поищите незакрытую кавычку.")
            }
            (Self::Structure { file, line, why: Broken::Other(why) }, Lang::En) => {
                format!("{file}, line {line}: the file cannot be read as a table ({why}). Export it again.")
            }
            (Self::Structure { file, line, why: Broken::Other(why) }, Lang::Ru) => {
                format!("{file}, строка {line}: файл не читается как таблица ({why}). Выгрузите его заново.")
            }
            (Self::Io { file, error }, Lang::En) => format!("{file} cannot be read or written: {error}"),
            (Self::Io { file, error }, Lang::Ru) => format!("Не удаётся прочитать или записать {file}: {error}"),
            (Self::Stopped(why), Lang::En) => {
                let why = why.say(lang);
                format!("The import stopped: {why} What was accepted stays; start the import again and it goes on.")
            }
            (Self::Stopped(why), Lang::Ru) => {
                let why = why.say(lang);
                format!("Загрузка остановлена: {why} Принятое сохранено; запустите её снова, и она продолжится.")
            }
        }
    }
}

/// `Account.csv, Contact.csv or Task.csv`.
fn one_of(names: &[&str], or: &str) -> String {
    match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} {or} {last}", rest.join(", ")),
        Some(_) | None => names.concat(),
    }
}

/// Why a row is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Why {
    /// More or fewer cells than the header has.
    Cells {
        has: usize,
        header: usize,
    },
    Missing {
        column: &'static str,
    },
    NotAnId {
        text: String,
    },
    NotADate {
        column: &'static str,
        text: String,
    },
    /// Older than anything that is told here: most often how a system writes that it knows no date.
    TooLongAgo {
        column: &'static str,
        text: String,
    },
    Word {
        column: &'static str,
        bad: BadWord,
    },
    /// Neither an account nor a contact; the prefix of the record that it is about, if any.
    AboutNobody {
        about: Option<String>,
    },
    NothingSaid,
    Rejected(Rejection),
    Refused(String),
}

impl Why {
    fn say(&self, lang: Lang) -> String {
        match (self, lang) {
            (Self::Cells { has, header }, Lang::En) => format!(
                "The row has {has} {} and the header {header}. Look for a quotation mark or a line break out of place.",
                lang.count(*has as u64, ["cell", "cells"], ["", "", ""])
            ),
            (Self::Cells { has, header }, Lang::Ru) => {
                format!("В строке ячеек: {has}, а в заголовке: {header}. Поищите лишнюю кавычку или разрыв строки.")
            }
            (Self::Missing { column }, Lang::En) => format!("{column} is empty."),
            (Self::Missing { column }, Lang::Ru) => format!("Не заполнено поле {column}."),
            (Self::NotAnId { text }, Lang::En) => {
                format!("“{text}” is not a Salesforce id: it has 15 or 18 letters and digits.")
            }
            (Self::NotAnId { text }, Lang::Ru) => {
                format!("«{text}» — не идентификатор Salesforce: в нём 15 или 18 латинских букв и цифр.")
            }
            (Self::NotADate { column, text }, Lang::En) => {
                format!("{column} “{text}” is not a date like 2024-01-23 or 2024-01-23T17:50:51.000+0000.")
            }
            (Self::NotADate { column, text }, Lang::Ru) => {
                format!("{column} «{text}» — не дата вида 2024-01-23 или 2024-01-23T17:50:51.000+0000.")
            }
            (Self::TooLongAgo { column, text }, Lang::En) => {
                format!("{column} “{text}” is before 1900. Check the year, or leave the cell empty.")
            }
            (Self::TooLongAgo { column, text }, Lang::Ru) => {
                format!("{column} «{text}» — это до 1900 года. Проверьте год или оставьте ячейку пустой.")
            }
            (Self::Word { column, bad }, _) => format!("{column}: {}", bad.say(lang)),
            (Self::AboutNobody { about: None }, Lang::En) => "It names neither an account nor a contact.".into(),
            (Self::AboutNobody { about: None }, Lang::Ru) => "Не указан ни клиент, ни контакт.".into(),
            (Self::AboutNobody { about: Some(id) }, Lang::En) => format!(
                "It names neither an account nor a contact, only {id} ({}), which is not recorded here.",
                salesforce::object(id, lang)
            ),
            (Self::AboutNobody { about: Some(id) }, Lang::Ru) => format!(
                "Не указан ни клиент, ни контакт, только {id} ({}), а это здесь не ведётся.",
                salesforce::object(id, lang)
            ),
            (Self::NothingSaid, Lang::En) => "Neither a subject nor a description is given.".into(),
            (Self::NothingSaid, Lang::Ru) => "Нет ни темы, ни описания.".into(),
            (Self::Rejected(rejection), _) => rejection.say(lang),
            (Self::Refused(why), _) => why.clone(),
        }
    }
}
