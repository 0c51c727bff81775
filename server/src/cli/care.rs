//! `twofront verify`, `rebuild`, `backup` and `restore`.

use std::path::Path;
use std::process::ExitCode;

use serde_json::{Value, json};

use super::{Backup, Facts, Failure, tell};
use crate::config::Place;
use crate::store::Options;
use crate::store::care::{self, Verdict};
use crate::store::keyring::Keyring;

pub fn verify(place: &Place, facts: Facts) -> Result<ExitCode, Failure> {
    let verdict = care::verify(place.data(), Some(&place.keys()));
    tell(facts, &as_json(&verdict), || verdict.to_string())?;
    Ok(ExitCode::from(verdict.exit_code()))
}

pub fn rebuild(place: &Place, facts: Facts) -> Result<ExitCode, Failure> {
    let head = care::rebuild(place.data(), Options { keys: Some(place.keys()), ..Options::default() })?;
    tell(facts, &json!({ "events": head }), || format!("made anew from the journal: {head} events"))?;
    Ok(ExitCode::SUCCESS)
}

pub fn backup(place: &Place, backup: &Backup) -> Result<ExitCode, Failure> {
    let verdict = care::backup(place.data(), &backup.to)?;
    if let Some(keys) = &backup.keys_to {
        Keyring::copy(&place.keys(), keys)?;
    }
    say_copied(&verdict, &backup.to, backup.facts)
}

pub fn restore(place: &Place, from: &Path, facts: Facts) -> Result<ExitCode, Failure> {
    let verdict = care::restore(from, place.data())?;
    if !place.keys().is_dir() {
        eprintln!(
            "The keys are not in {}: until they are put back there, nothing that is sealed can be read.",
            place.keys().display()
        );
    }
    say_copied(&verdict, place.data(), facts)
}

fn say_copied(verdict: &Verdict, to: &Path, facts: Facts) -> Result<ExitCode, Failure> {
    tell(facts, &as_json(verdict), || format!("copied to {}, and the copy is {verdict}", to.display()))?;
    Ok(ExitCode::from(verdict.exit_code()))
}

fn as_json(verdict: &Verdict) -> Value {
    match verdict {
        Verdict::Sound { commits, events, root, remarks } => {
            let root: String = root.iter().map(|byte| format!("{byte:02x}")).collect();
            json!({ "verdict": "sound", "commits": commits, "events": events, "root": root, "remarks": remarks })
        }
        Verdict::Damaged { position, why } => json!({ "verdict": "damaged", "position": position, "why": why }),
        Verdict::CannotTell { why } => json!({ "verdict": "cannot_tell", "why": why }),
    }
}
