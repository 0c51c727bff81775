//! The wire form never changes in silence: one golden file per event, as JSON and as stored bytes.
//!
//! `wire/v1` holds the first form of every event. An event that gains a field or a new shape gets one
//! more pair of files in the next folder, and the old pair stays and must still read, for ever. New
//! files are written by `TWOFRONT_NEW_GOLDEN=1 cargo test -p shared --test wire`; nothing here can
//! change or delete one.
//!
//! In the stored form the personal part stands unsealed in the place of its ciphertext: sealing is
//! the server's, and tested there.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use jiff::civil::date;
use serde_json::Value;
use shared::domain::Event;
use shared::ids::{Slice, Stream};
use shared::record::Record;
use shared::record::stored::{self, Sealed, Stored};
use shared::testkit::{BATCH, KIRA, LOGISTICS, VISIT, every_event, record};
use shared::words::{BuyingRole, Channel, Front, Influence, Initiator, Mode, Occurred, Role, Sentiment, Tier};
use shared::{account, colleague, contact, handoff, import, interaction, unit};

/// Set to anything, it writes the golden files that are missing.
const ASKS_FOR_NEW: &str = "TWOFRONT_NEW_GOLDEN";
/// What stands for the number of a key.
const KEY: u64 = 7;

/// Names every event once. The match has no wildcard, so a new event does not compile until it is
/// named here; and what is named here must be in `every_event()` and have its golden files.
macro_rules! vocabulary {
    ($($Slice:ident: $module:ident { $($Event:ident = $word:literal,)* })*) => {
        const VOCABULARY: &[(Slice, &str)] = &[$($((Slice::$Slice, $word),)*)*];

        const fn word(event: &Event) -> &'static str {
            match event {
                $($(Event::$Slice(_, $module::Event::$Event { .. }) => $word,)*)*
            }
        }
    };
}

vocabulary! {
    Unit: unit {
        Founded = "founded",
        Renamed = "renamed",
        Moved = "moved",
    }
    Colleague: colleague {
        Joined = "joined",
        Renamed = "renamed",
        Moved = "moved",
        GivenRole = "given_role",
        Left = "left",
    }
    Account: account {
        Registered = "registered",
        Renamed = "renamed",
        Described = "described",
        Designated = "designated",
        Assigned = "assigned",
        Sponsored = "sponsored",
        Linked = "linked",
        Closed = "closed",
        Reopened = "reopened",
    }
    Contact: contact {
        Introduced = "introduced",
        Described = "described",
        Mapped = "mapped",
        Moved = "moved",
        Associated = "associated",
        Left = "left",
    }
    Interaction: interaction {
        Logged = "logged",
        Corrected = "corrected",
        Retracted = "retracted",
        NextStepAgreed = "next_step_agreed",
        NextStepDone = "next_step_done",
        NextStepDropped = "next_step_dropped",
    }
    Handoff: handoff {
        Offered = "offered",
        Accepted = "accepted",
        Declined = "declined",
        Returned = "returned",
        Completed = "completed",
        Escalated = "escalated",
        Withdrawn = "withdrawn",
    }
    Import: import {
        Started = "started",
        Finished = "finished",
        TakenBack = "taken_back",
    }
}

/// What a golden file is called: `handoff.accepted`.
fn name(event: &Event) -> String {
    format!("{}.{}", event.stream().slice, word(event))
}

/// The record that a golden file holds, with everything that an envelope can have; around an
/// import's own events with nothing that it can do without, and a day for a moment.
fn sample(event: Event) -> Record {
    let bare = record(41, KIRA, event);
    match bare.stream().slice {
        Slice::Import => Record { occurred: Occurred::On(date(2026, 5, 31)), ..bare },
        Slice::Unit | Slice::Colleague | Slice::Account | Slice::Contact | Slice::Interaction | Slice::Handoff => {
            Record { revision: 2, cause: Some(Stream::from(VISIT).first()), batch: Some(BATCH), ..bare }
        }
    }
}

/// Compared as values: whether serde_json keeps the order of keys is up to whoever else is built.
fn value(json: &str) -> Value {
    serde_json::from_str(json).unwrap()
}

fn as_json(record: &Record) -> String {
    serde_json::to_string_pretty(record).unwrap() + "\n"
}

/// The stored form in hexadecimal, 32 bytes a line.
fn as_stored(record: &Record) -> String {
    let parts = stored::take_apart(&record.event).unwrap();
    let bytes = Stored {
        version: parts.version,
        kind: &parts.kind,
        recorded: record.recorded,
        occurred: record.occurred,
        by: record.by,
        cause: record.cause,
        batch: record.batch,
        body: &parts.body,
        sealed: parts.personal.as_deref().map(|bytes| Sealed { key: KEY, bytes }),
    }
    .to_bytes();
    let line = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>() + "\n";
    bytes.chunks(32).map(line).collect()
}

fn from_stored(golden: &Golden) -> Record {
    let digits: Vec<u8> = golden.stored.bytes().filter(u8::is_ascii_hexdigit).collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    let bytes: Vec<u8> = digits.chunks(2).map(byte).collect();
    let read = Stored::from_bytes(&bytes).unwrap_or_else(|error| panic!("{golden}: {error}"));
    // Position, stream, revision and command are the commit's.
    let commit: Record = from_json(golden);
    let personal = read.sealed.map(|sealed| sealed.bytes);
    let event = stored::put_together(commit.stream(), read.kind, read.version, read.body, personal)
        .unwrap_or_else(|error| panic!("{golden}: {error}"));
    Record {
        recorded: read.recorded,
        occurred: read.occurred,
        by: read.by,
        cause: read.cause,
        batch: read.batch,
        event,
        ..commit
    }
}

fn from_json(golden: &Golden) -> Record {
    serde_json::from_str(&golden.json).unwrap_or_else(|error| panic!("{golden} does not read any more: {error}"))
}

/// One pair of golden files.
struct Golden {
    /// The folder's number.
    generation: u32,
    name: String,
    json: String,
    stored: String,
}

impl std::fmt::Display for Golden {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "wire/v{}/{}", self.generation, self.name)
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wire")
}

fn entries(folder: &Path) -> Vec<(String, PathBuf)> {
    let read = match fs::read_dir(folder) {
        Ok(read) => read,
        Err(error) if error.kind() == ErrorKind::NotFound => return vec![],
        Err(error) => panic!("{}: {error}", folder.display()),
    };
    let mut entries: Vec<_> =
        read.map(|entry| entry.unwrap()).map(|e| (e.file_name().into_string().unwrap(), e.path())).collect();
    entries.sort();
    entries
}

/// All golden files there are, by event, the newest last.
fn golden() -> BTreeMap<String, Vec<Golden>> {
    let mut all = BTreeMap::<String, Vec<Golden>>::new();
    for (folder, path) in entries(&folder()) {
        let generation = folder.strip_prefix('v').and_then(|number| number.parse().ok());
        let generation = generation.unwrap_or_else(|| panic!("wire/{folder} is not a folder like v1"));
        let mut names = BTreeSet::new();
        for (file, _) in entries(&path) {
            let (name, extension) = file.rsplit_once('.').unwrap();
            assert!(matches!(extension, "json" | "stored"), "wire/{folder}/{file} is no golden file");
            names.insert(name.to_owned());
        }
        for name in names {
            let read = |extension: &str| {
                let path = path.join(format!("{name}.{extension}"));
                fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
            };
            let golden = Golden { generation, json: read("json"), stored: read("stored"), name: name.clone() };
            all.entry(name).or_default().push(golden);
        }
    }
    for versions in all.values_mut() {
        versions.sort_by_key(|golden| golden.generation);
    }
    all
}

/// Writes a file that is not there yet.
fn create(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let file = fs::File::options().write(true).create_new(true).open(path);
    let mut file =
        file.unwrap_or_else(|error| panic!("{} is golden and is never written again: {error}", path.display()));
    file.write_all(text.as_bytes()).unwrap();
}

/// Whether the new value still says everything that the old one said.
fn still_says(old: &Value, new: &Value) -> bool {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            old.iter().all(|(key, old)| new.get(key).is_some_and(|new| still_says(old, new)))
        }
        (old, new) => old == new,
    }
}

#[test]
fn what_is_written_today_is_what_was_written_before() {
    let golden = golden();
    for event in every_event() {
        let (name, record) = (name(&event), sample(event));
        let newest = golden.get(&name).and_then(|versions| versions.last());
        let (json, stored) = (as_json(&record), as_stored(&record));
        if newest.is_some_and(|newest| value(&newest.json) == value(&json) && newest.stored == stored) {
            continue;
        }
        let next = newest.map_or(1, |newest| newest.generation + 1);
        if std::env::var_os(ASKS_FOR_NEW).is_some() {
            let folder = folder().join(format!("v{next}"));
            create(&folder.join(format!("{name}.json")), &json);
            create(&folder.join(format!("{name}.stored")), &stored);
            continue;
        }
        assert_eq!(
            newest.map(|newest| (newest.json.as_str(), newest.stored.as_str())),
            Some((json.as_str(), stored.as_str())),
            "{name}: the wire form has changed. If it was meant (a new event, a new field with a default, a new shape \
             with its upcast), {ASKS_FOR_NEW}=1 writes wire/v{next}/{name}; otherwise every log ever written says no."
        );
    }
}

#[test]
fn every_golden_file_of_any_age_still_reads() {
    for golden in golden().values().flatten() {
        let record = from_json(golden);
        assert_eq!(name(&record.event), golden.name, "{golden} reads as another event");
        assert_eq!(from_stored(golden), record, "{golden}: the stored bytes say something else than the JSON");
    }
}

#[test]
fn the_newest_golden_file_yields_the_event_that_it_was_made_of() {
    let golden = golden();
    for event in every_event() {
        if let Some(newest) = golden.get(&name(&event)).and_then(|versions| versions.last()) {
            assert_eq!(from_json(newest), sample(event), "{newest}");
        }
    }
}

#[test]
fn an_old_golden_file_loses_no_word_when_it_is_read_and_written_again() {
    for golden in golden().values().flatten() {
        let old = value(&golden.json);
        let new = serde_json::to_value(from_json(golden)).unwrap();
        // A new shape says it in other words: its upcast has tests of its own.
        if old.get("version") == new.get("version") {
            assert!(still_says(&old, &new), "{golden}: read today, it says less:\n{new:#}");
        }
    }
}

#[test]
fn every_event_has_golden_files_and_every_golden_file_an_event() {
    let named: BTreeSet<String> = VOCABULARY.iter().map(|(slice, word)| format!("{slice}.{word}")).collect();
    assert_eq!(named.len(), VOCABULARY.len(), "two events of one slice share a word");
    let made: Vec<String> = every_event().iter().map(name).collect();
    assert_eq!(made.len(), named.len(), "testkit::every_event() has every event exactly once");
    assert_eq!(made.into_iter().collect::<BTreeSet<_>>(), named, "testkit::every_event() misses an event");
    if std::env::var_os(ASKS_FOR_NEW).is_none() {
        assert_eq!(golden().into_keys().collect::<BTreeSet<_>>(), named, "golden files and events are one to one");
    }
}

#[test]
fn the_vocabulary_names_events_as_the_wire_does() {
    for event in every_event() {
        let json = serde_json::to_value(sample(event.clone())).unwrap();
        assert_eq!(json.get("type").and_then(Value::as_str), Some(word(&event)));
        assert_eq!(json.get("slice").and_then(Value::as_str), Some(event.stream().slice.word()));
        assert!(stored::take_apart(&event).is_ok_and(|parts| parts.kind == word(&event)));
    }
}

#[test]
fn the_codes_and_words_of_slices_stay() {
    let today: Vec<_> = Slice::ALL.iter().map(|slice| (slice.code(), slice.word())).collect();
    let ever = [
        (1, "unit"),
        (2, "colleague"),
        (3, "account"),
        (4, "contact"),
        (5, "interaction"),
        (6, "handoff"),
        (7, "import"),
    ];
    assert!(today.starts_with(&ever), "slices may be added at the end, never changed: {today:?}");
}

#[test]
fn a_word_that_was_once_written_is_understood_for_ever() {
    /// Every word there ever was for it, and today no other.
    macro_rules! ever {
        ($($Choice:ident: $($word:literal)*;)*) => {
            $(
                let written: Vec<Value> = vec![$(Value::from($word)),*];
                for word in &written {
                    let read = serde_json::from_value::<$Choice>(word.clone());
                    assert!(read.is_ok(), "{} {word} is in logs, and is not understood any more", stringify!($Choice));
                }
                for choice in $Choice::ALL {
                    let word = serde_json::to_value(choice).unwrap();
                    assert_eq!(word, choice.word(), "the word in forms and the word on the wire are the same");
                    assert!(written.contains(&word), "name {} {word} here too", stringify!($Choice));
                }
            )*
        };
    }
    ever! {
        Front: "client" "internal";
        Channel: "meeting" "visit" "call" "video" "email" "message" "event";
        Mode: "in_person" "remote" "hybrid";
        Sentiment: "positive" "neutral" "negative";
        Initiator: "us" "client";
        Tier: "strategic" "key" "developing";
        BuyingRole: "initiator" "user" "influencer" "decider" "buyer" "gatekeeper";
        Influence: "high" "medium" "low";
        Role: "administrator" "manager" "account_manager" "resource_owner" "analyst";
    }
    for (party, written) in [
        (handoff::Party::Colleague(KIRA), serde_json::json!({ "colleague": KIRA })),
        (handoff::Party::Unit(LOGISTICS), serde_json::json!({ "unit": LOGISTICS })),
    ] {
        assert_eq!(serde_json::to_value(party).unwrap(), written);
        assert_eq!(serde_json::from_value::<handoff::Party>(written).unwrap(), party);
    }
}
