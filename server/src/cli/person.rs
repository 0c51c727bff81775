//! `twofront colleague` and `twofront token`.

use std::process::ExitCode;

use serde::Serialize;
use shared::words::{BadWord, Email, PersonName, Role};

use super::opened::Opened;
use super::{Facts, Failure, print, tell};
use crate::access::{Access, login_email};
use crate::config::Place;
use crate::desk::Sink;
use crate::people;

#[derive(Serialize)]
struct Added {
    colleague: String,
    email: String,
    role: Role,
    /// Works once, until then.
    link: String,
    until: String,
}

/// Makes somebody a colleague (or gives a colleague this role), and invites them.
pub fn add(
    place: &Place,
    name: &str,
    email: &str,
    role: Role,
    public_url: &str,
    facts: Facts,
) -> Result<ExitCode, Failure> {
    let name = PersonName::parse(name).map_err(|why| wrong("NAME", &why))?;
    let address = Email::parse(email).map_err(|why| wrong("EMAIL", &why))?;
    // Before anything is recorded: an address that cannot sign in helps nobody.
    login_email(email).map_err(crate::access::AccessError::from)?;
    let opened = Opened::for_writing(place)?;
    let access = Access::open(place.access())?;
    let (colleague, order) = people::order(&opened.office, name, address, role);
    for answer in opened.office.sink().submit(vec![order]) {
        answer?;
    }
    access.enrol(colleague, email)?;
    let link = access.invite(colleague)?;
    let added = Added {
        colleague: colleague.to_string(),
        email: email.to_owned(),
        role,
        link: format!("{}{}", public_url.trim_end_matches('/'), link.path()),
        until: link.until.to_string(),
    };
    tell(facts, &added, || {
        format!("{}\nThis link lets {email} choose a password, once, until {}.", added.link, added.until)
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Prints an access token, alone on stdout.
pub fn token(place: &Place, email: &str) -> Result<ExitCode, Failure> {
    let access = Access::open(place.access())?;
    let colleague = match access.colleague_of(email) {
        Some(colleague) => colleague,
        None => {
            let address = Email::parse(email).map_err(|why| wrong("EMAIL", &why))?;
            let opened = Opened::open(place)?;
            let colleague = people::known(&opened.office, &address).ok_or_else(|| {
                Failure::Other(format!("nobody here has the address {email}; see `twofront colleague add --help`"))
            })?;
            access.enrol(colleague, email)?;
            colleague
        }
    };
    let token = access.token_new(colleague, "twofront token")?;
    print(&format!("{token}\n"))?;
    Ok(ExitCode::SUCCESS)
}

fn wrong(what: &str, why: &BadWord) -> Failure {
    Failure::Other(format!("{what}: {why}"))
}
