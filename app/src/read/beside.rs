//! What pages read beside the log: who can come in, and the import that runs. None of it is an event.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::ids::{ColleagueId, ImportId};
use shared::lang::Said;

/// An access token of the viewer; its text is told once, when it is made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    pub id: String,
    pub label: String,
    pub made: Timestamp,
}

/// The time zones to choose from, by their IANA names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Zones {
    /// The viewer's choice; without one the device decides.
    pub chosen: Option<String>,
    pub names: Vec<String>,
}

/// A login as administrators see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Login {
    pub colleague: ColleagueId,
    pub email: String,
    pub has_password: bool,
    /// Until when the one-time link that is out can be followed.
    pub invited_until: Option<Timestamp>,
}

/// What the importer does, and what it did last, since the server started.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Importing {
    pub running: Option<Running>,
    pub last: Option<Outcome>,
    /// The imports whose refused rows are kept, with the names of their tables.
    pub refused: BTreeMap<ImportId, Vec<String>>,
}

/// An import on its way.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Running {
    pub source: String,
    pub file: String,
    /// Rows of all files so far; events, of a generated company.
    pub rows: u64,
    /// How much of how much is read: in bytes, or in events of a generated company.
    pub done: u64,
    pub of: u64,
    /// Nothing is recorded.
    pub is_trial: bool,
}

/// What became of an import.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    pub source: String,
    /// Nothing was recorded.
    pub is_trial: bool,
    pub batch: Option<ImportId>,
    pub files: Vec<FileCount>,
    pub events: u64,
    /// Things worth knowing.
    pub notes: Vec<Said>,
    /// Why it did not come to its end.
    pub failed: Option<Said>,
    /// The uploaded files are still there: they can be imported without sending them again.
    pub can_go_on: bool,
}

/// The rows of one file, by what became of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileCount {
    pub name: String,
    pub rows: u64,
    pub accepted: u64,
    pub unchanged: u64,
    pub refused: u64,
    pub ignored: u64,
    /// Where the refused rows can be fetched, each with its reason.
    pub refused_at: Option<String>,
}

/// What the pages before signing in know: what was typed before a refusal, and whose link it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entrance {
    pub name: String,
    pub email: String,
    pub label: String,
    /// What the product said against it, where the code in the address cannot.
    pub sentence: String,
    /// Whether the one-time link opens something.
    pub is_link_good: bool,
    /// For whom it is.
    pub invited: Option<String>,
    /// Nobody can sign in yet: the product waits for its first administrator.
    pub awaits_setup: bool,
}
