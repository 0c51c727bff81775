//! `twofront verify`, `rebuild`, `backup` and `restore`.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::process::ExitCode;

use indicatif::ProgressBar;
use serde_json::{Value, json};

use super::opened::need_keys;
use super::{Backup, Facts, Failure, bar, tell};
use crate::config::Place;
use crate::plural::{EVENTS, many};
use crate::seal::{self, SealError};
use crate::store::care::{self, Verdict};
use crate::store::keyring::{Keyring, KeyringError};
use crate::store::{Commit, Options};

/// The file of logins, in `DATA/access` and beside copied keys.
const LOGINS: &str = "logins.json";

pub fn verify(place: &Place, facts: Facts) -> Result<ExitCode, Failure> {
    let bar = bar(0, "verifying");
    let verdict = care::verify_telling(place.data(), Some(&place.keys()), &mut telling(&bar));
    let mut seals = Seals::default();
    let verdict = unseal(place, verdict, &mut seals, &bar);
    bar.finish_and_clear();
    tell(facts, &as_json(&verdict, Some(&seals)), || verdict.to_string())?;
    Ok(ExitCode::from(verdict.exit_code()))
}

pub fn rebuild(place: &Place, facts: Facts) -> Result<ExitCode, Failure> {
    need_keys(place)?;
    let bar = bar(0, "reading the journal");
    let options = Options { keys: Some(place.keys()), ..Options::default() };
    let head = care::rebuild(place.data(), options, &mut telling(&bar))?;
    bar.finish_and_clear();
    tell(facts, &json!({ "events": head }), || format!("made anew from the journal: {}", many(head, EVENTS)))?;
    Ok(ExitCode::SUCCESS)
}

pub fn backup(place: &Place, backup: &Backup) -> Result<ExitCode, Failure> {
    let bar = bar(0, "copying");
    let verdict = care::backup(place.data(), &backup.to, &mut telling(&bar))?;
    bar.finish_and_clear();
    // After the journal: every key that it needs was there before.
    if let Some(keys) = &backup.keys_to {
        Keyring::copy(&place.keys(), keys)?;
        copy_logins(&place.access().join(LOGINS), &keys.join(LOGINS))?;
    }
    say_copied(&verdict, &backup.to, backup.facts)
}

pub fn restore(place: &Place, from: &Path, facts: Facts) -> Result<ExitCode, Failure> {
    let bar = bar(0, "copying");
    let verdict = care::restore(from, place.data(), &mut telling(&bar))?;
    bar.finish_and_clear();
    let keys = place.keys();
    if !keys.is_dir() {
        eprintln!(
            "The keys are not in {}: put the copy that `twofront backup --keys-to` made there before you start the server, \
             which cannot read what is sealed without them.",
            keys.display()
        );
    }
    let logins = place.access().join(LOGINS);
    if !logins.exists() {
        eprintln!(
            "The logins are not in a backup: to keep passwords and tokens, put {LOGINS} from the copy of the keys to {}; \
             else the server offers a link to set it up anew.",
            logins.display()
        );
    }
    say_copied(&verdict, place.data(), facts)
}

/// What was found of sealed parts.
#[derive(Default)]
struct Seals {
    sealed: u64,
    forgotten: u64,
}

/// Opens every seal of a log that is sound otherwise: a server cannot start where one does not open.
fn unseal(place: &Place, verdict: Verdict, seals: &mut Seals, bar: &ProgressBar) -> Verdict {
    let Verdict::Sound { commits, events, .. } = verdict else {
        return verdict;
    };
    let keys = place.keys();
    let keyring = Keyring::look(&keys);
    // A backup is kept apart from its keys, and nobody has ever opened it.
    let is_backup = place.keys.is_none() && !keys.exists() && !place.data().join("lock").exists();
    let mut broken = None;
    bar.set_length(events);
    let mut see = |commit: &Commit| {
        bar.set_position(commit.last());
        for event in &commit.events {
            let read = match &keyring {
                Ok(keyring) => {
                    seal::read_strictly(event, keyring).map(|(_, key)| (key, key.is_some_and(|key| keyring.holds(key))))
                }
                Err(_) => seal::key_of(event).map(|key| (key, false)),
            };
            match (read, &keyring) {
                (Ok((None, _)), _) => {}
                (Ok((Some(_), true)), _) => seals.sealed += 1,
                (Ok((Some(_), false)), Ok(_)) => seals.forgotten += 1,
                (Ok((Some(_), false)), Err(_)) if is_backup => seals.sealed += 1,
                (Ok((Some(_), false)), Err(why @ (KeyringError::NotHere { .. } | KeyringError::Io { .. }))) => {
                    broken = Some(Verdict::CannotTell { why: why.to_string() });
                }
                (Ok((Some(_), false)), Err(why)) => {
                    broken = Some(Verdict::Damaged { position: Some(event.position), why: why.to_string() });
                }
                (Err(error), _) => broken = Some(verdict_of(error, event.position)),
            }
            if broken.is_some() {
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    };
    match care::read_through(place.data(), commits, &mut see) {
        Err(error) => Verdict::CannotTell { why: error.to_string() },
        Ok(()) => {
            let remark =
                (is_backup && seals.sealed > 0).then(|| "the keys are not here, so no seal was opened".to_owned());
            broken.unwrap_or_else(|| verdict.and_remark(remark))
        }
    }
}

fn verdict_of(error: SealError, position: u64) -> Verdict {
    match error {
        SealError::Broken { position, why: KeyringError::Io { path, source } } => {
            Verdict::CannotTell { why: format!("position {position}: {}: {source}", path.display()) }
        }
        SealError::Broken { position, why } => Verdict::Damaged { position: Some(position), why: why.to_string() },
        SealError::UnknownSlice { .. } | SealError::Unreadable { .. } => Verdict::CannotTell { why: error.to_string() },
        SealError::Unwritable(_) | SealError::Keyring(_) => {
            Verdict::CannotTell { why: format!("position {position}: {error}") }
        }
    }
}

/// Whoever has it can try passwords against it: for its owner only.
fn copy_logins(from: &Path, to: &Path) -> Result<(), Failure> {
    let bytes = match std::fs::read(from) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(Failure::io(from.display().to_string())(error)),
    };
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(to)
        .map_err(Failure::io(to.display().to_string()))?;
    file.write_all(&bytes).and_then(|()| file.sync_all()).map_err(Failure::io(to.display().to_string()))
}

fn telling(bar: &ProgressBar) -> impl FnMut(u64, u64) + use<> {
    let bar = bar.clone();
    move |done, of| {
        bar.set_length(of);
        bar.set_position(done);
    }
}

fn say_copied(verdict: &Verdict, to: &Path, facts: Facts) -> Result<ExitCode, Failure> {
    tell(facts, &as_json(verdict, None), || format!("copied to {}, and the copy is {verdict}", to.display()))?;
    Ok(ExitCode::from(verdict.exit_code()))
}

fn as_json(verdict: &Verdict, seals: Option<&Seals>) -> Value {
    match verdict {
        Verdict::Sound { commits, events, root, store, signed, remarks } => {
            let root: String = root.iter().map(|byte| format!("{byte:02x}")).collect();
            let mut facts = json!({
                "verdict": "sound", "store": store, "commits": commits, "events": events, "root": root, "remarks": remarks,
                "signed_commits": signed.as_ref().map(|(size, _)| size),
                "checkpoint": signed.as_ref().map(|(_, note)| note),
            });
            if let (Some(Seals { sealed, forgotten }), Some(facts)) = (seals, facts.as_object_mut()) {
                facts.insert("sealed".to_owned(), json!(sealed));
                facts.insert("forgotten".to_owned(), json!(forgotten));
            }
            facts
        }
        Verdict::Damaged { position, why } => json!({ "verdict": "damaged", "position": position, "why": why }),
        Verdict::CannotTell { why } => json!({ "verdict": "cannot_tell", "why": why }),
    }
}
