//! `twofront import`, `export` and `demo`: facts come in from outside, and go out.

use std::fs::{OpenOptions, Permissions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::json;
use shared::ids::ColleagueId;

use super::opened::{Opened, Shelf};
use super::{Demo, Facts, Failure, Import, bar, tell};
use crate::clock;
use crate::config::Place;
use crate::demo;
use crate::import::{self, Folder};
use crate::intake::{self, Intake};
use crate::office::replay;
use crate::plural::{EVENTS, PAGES, many};
use crate::store::{State, Store};

pub fn import(place: &Place, import: &Import) -> Result<ExitCode, Failure> {
    let is_same = |one: &Path, other: &Path| {
        one.canonicalize().is_ok_and(|one| other.canonicalize().is_ok_and(|other| one == other))
    };
    if is_same(&import.dir, &import.refused) {
        return Err(Failure::Other(format!(
            "refused rows would overwrite the files in {}: name another folder with --refused",
            import.dir.display()
        )));
    }
    has_folder(&import.dir)?;
    // Where nothing is recorded, a trial makes no data directory either.
    let is_empty = std::fs::read_dir(place.data()).map_or(true, |mut found| found.next().is_none());
    let opened = match (import.dry_run, is_empty) {
        (true, true) => None,
        (true, false) => Some(Opened::open(place)?),
        (false, _) => Some(Opened::for_writing(place)?),
    };
    let bar = bar(0, "importing");
    let mut progress = |progress: import::Progress<'_>| {
        bar.set_length(progress.of);
        bar.set_position(progress.bytes);
    };
    let intake = Intake {
        by: ColleagueId::TWOFRONT,
        lang: import.lang.into(),
        dry_run: import.dry_run,
        refused: Some(&import.refused),
    };
    let files = Folder::new(&import.dir);
    let summary = match &opened {
        Some(opened) => intake::salesforce(&opened.office, &files, &intake, &mut progress)?,
        None => intake::rehearsal(&files, place.clock.unwrap_or_else(clock::now), &intake, &mut progress)?,
    };
    bar.finish_and_clear();
    tell(import.facts, &summary, || summary.say(import.lang.into()).join("\n"))?;
    let in_part = summary.files.iter().any(|file| file.unusable.is_some());
    Ok(ExitCode::from(if in_part { 4 } else { 0 }))
}

/// A folder that cannot be looked into is another mistake than a file in it that cannot be read.
fn has_folder(dir: &Path) -> Result<(), Failure> {
    let Err(error) = std::fs::read_dir(dir) else { return Ok(()) };
    let whole = std::path::absolute(dir);
    let shown = whole.as_deref().unwrap_or(dir).display();
    Err(if error.kind() == io::ErrorKind::NotFound {
        Failure::Other(format!("there is no folder {shown}"))
    } else {
        Failure::io(format!("the folder {shown} cannot be read"))(error)
    })
}

/// One event a line. The file has its name only once it is whole.
pub fn export(place: &Place, out: &Path, facts: Facts) -> Result<ExitCode, Failure> {
    let Shelf { store, keyring } = Shelf::open_existing(place)?;
    let bar = bar(store.head(), "exporting");
    let named = || out.display().to_string();
    let events = if out == Path::new("-") {
        let written = write_events(&*store, &keyring, &mut BufWriter::new(io::stdout().lock()), &bar);
        bar.finish_and_clear();
        let events = match written {
            // Whoever reads has seen enough (`| head`).
            Err(Failure::Io { error, .. }) if error.kind() == io::ErrorKind::BrokenPipe => {
                return Ok(ExitCode::SUCCESS);
            }
            written => written?,
        };
        // The facts would stand among the events.
        eprintln!("{}", many(events, EVENTS));
        events
    } else {
        // Only a file can take another one's place: what is a pipe or a device stays what it is.
        let is_special = std::fs::metadata(out).is_ok_and(|found| !found.is_file());
        let to = if is_special { out.to_owned() } else { half_of(out) };
        // What is sealed is written open: for its owner only.
        let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&to);
        let file = file.map_err(Failure::io(to.display().to_string()))?;
        if !is_special {
            file.set_permissions(Permissions::from_mode(0o600)).map_err(Failure::io(named()))?;
        }
        let mut writer = BufWriter::new(file);
        let events = write_events(&*store, &keyring, &mut writer, &bar)?;
        let file = writer.into_inner().map_err(|error| Failure::io(named())(error.into_error()))?;
        if !is_special {
            file.sync_all().map_err(Failure::io(named()))?;
            whole(&*store, events, &to)?;
            std::fs::rename(&to, out).map_err(Failure::io(named()))?;
        }
        bar.finish_and_clear();
        tell(facts, &json!({ "events": events, "file": out }), || {
            format!("{} in {}", many(events, EVENTS), out.display())
        })?;
        events
    };
    whole(&*store, events, out)?;
    store.close();
    tracing::debug!(events, "exported");
    let lost = keyring.lost_pages();
    if lost > 0 {
        let keys = place.keys();
        return Err(Failure::Other(format!(
            "{} of the keyring in {} cannot be read: what its keys seal is empty in the export, and not forgotten. Restore the \
             keys directory and export again",
            many(lost, PAGES),
            keys.display()
        )));
    }
    Ok(ExitCode::SUCCESS)
}

/// Refuses to call the sound part of a damaged log an export of it.
fn whole(store: &dyn Store, events: u64, to: &Path) -> Result<(), Failure> {
    match store.state() {
        State::ReadOnly { why, position } => {
            let (written, to) = (many(events, EVENTS), to.display());
            Err(Failure::Other(match position {
                Some(position) => format!(
                    "the log is damaged at position {position}: {why}. Only what stands before it was written, {written}, to {to}"
                ),
                None => format!(
                    "the store is damaged, though no event is: {why}. All of it was written, {written}, to {to}"
                ),
            }))
        }
        State::Open | State::Closed { .. } => Ok(()),
    }
}

pub fn demo(place: &Place, wanted: &Demo) -> Result<ExitCode, Failure> {
    let opened = Opened::for_writing(place)?;
    if intake::is_taken(&opened.office) {
        return Err(Failure::Other(
            "this store holds a company already, and made-up people would stand among its own; take an empty one, with --data"
                .to_owned(),
        ));
    }
    let bar = bar(wanted.events, "generating");
    let company = demo::Options::new(wanted.events, wanted.seed, wanted.lang.into());
    let company = demo::Options { until: wanted.until, ..company };
    let summary = intake::generated(&opened.office, &company, &mut |events, of| {
        bar.set_length(of);
        bar.set_position(events);
    })?;
    bar.finish_and_clear();
    tell(wanted.facts, &summary, || {
        let refused = match &summary.first_refusal {
            Some(why) => format!(" {} refused: {why}", many(summary.refused, ["order was", "orders were"])),
            None => String::new(),
        };
        format!(
            "{} of a generated company, with {} and {}: none of them exists.{refused}",
            many(summary.events, ["new event", "new events"]),
            many(summary.accounts, ["new account", "new accounts"]),
            many(summary.colleagues, ["new colleague", "new colleagues"]),
        )
    })?;
    Ok(ExitCode::SUCCESS)
}

fn write_events(
    store: &dyn Store,
    keyring: &crate::store::keyring::Keyring,
    to: &mut dyn Write,
    bar: &indicatif::ProgressBar,
) -> Result<u64, Failure> {
    let mut after = 0;
    let mut events = 0;
    loop {
        let page = replay::page(store, keyring, after).map_err(|error| Failure::Other(error.to_string()))?;
        let Some((last, _)) = page.last() else { break };
        after = last.position;
        for (record, _) in &page {
            serde_json::to_writer(&mut *to, record).map_err(|error| Failure::io("writing events")(error.into()))?;
            to.write_all(b"\n").map_err(Failure::io("writing events"))?;
            events += 1;
        }
        bar.set_position(after);
    }
    to.flush().map_err(Failure::io("writing events"))?;
    Ok(events)
}

/// Where a file is written until it is whole.
fn half_of(out: &Path) -> PathBuf {
    let mut name = out.as_os_str().to_owned();
    name.push(".part");
    name.into()
}
