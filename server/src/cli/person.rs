//! `twofront colleague` and `twofront token`.

use std::process::ExitCode;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;
use shared::words::{BadWord, Email, PersonName, Role};

use super::opened::{Opened, Shelf};
use super::{Facts, Failure, tell};
use crate::access::{Access, login_email};
use crate::config::Place;
use crate::desk::Sink;
use crate::people;

#[derive(Serialize)]
struct Added {
    colleague: String,
    email: String,
    /// The one that is known, whatever was written now.
    name: String,
    role: Role,
    /// What was there before, of somebody who is a colleague already.
    was: Option<Was>,
    /// Works once, until then.
    link: String,
    until: Timestamp,
}

#[derive(Serialize)]
struct Was {
    role: Option<Role>,
}

impl Added {
    /// A line for each thing worth saying; the link first, for whoever takes one line.
    fn say(&self, wanted: &PersonName) -> String {
        let Self { email, name, role, was, link, until, .. } = self;
        let mut lines = vec![link.clone()];
        if let Some(was) = was {
            let now = role.word();
            let roles = match was.role {
                Some(was) if was == *role => format!("role stays {now}"),
                Some(was) => format!("role was {}, is {now} now", was.word()),
                None => format!("had no role, role is {now} now"),
            };
            lines.push(format!("{email} is a colleague already: {roles}."));
            if name != wanted.as_str() {
                lines.push(format!("The name stays {name}: the command line does not rename anybody."));
            }
        }
        lines.push(format!("This link lets {email} choose a password, once, until {until}."));
        lines.join("\n")
    }
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
    let before = people::known(&opened.office, &address)
        .and_then(|known| opened.office.company(|company| company.directory.colleagues.get(&known).cloned()));
    let (colleague, order) = people::order(&opened.office, name.clone(), address, role);
    for answer in opened.office.sink().submit(vec![order]) {
        answer?;
    }
    access.enrol(colleague, email)?;
    let link = access.invite(colleague)?;
    let known_as = before.as_ref().and_then(|before| before.identity.known()).map(|identity| &identity.name);
    let added = Added {
        colleague: colleague.to_string(),
        email: email.to_owned(),
        name: known_as.unwrap_or(&name).to_string(),
        role,
        was: before.as_ref().map(|before| Was { role: before.role }),
        link: format!("{}{}", public_url.trim_end_matches('/'), link.path()),
        until: to_the_second(link.until),
    };
    tell(facts, &added, || added.say(&name))?;
    Ok(ExitCode::SUCCESS)
}

/// As a person reads a moment; never later than it is.
fn to_the_second(moment: Timestamp) -> Timestamp {
    Timestamp::from_second(moment.as_second()).unwrap_or(moment)
}

/// Prints an access token, alone on stdout.
pub fn token(place: &Place, email: &str, facts: Facts) -> Result<ExitCode, Failure> {
    Shelf::expect_at(place)?;
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
    let told = json!({ "colleague": colleague.to_string(), "email": email, "token": token });
    tell(facts, &told, || token.clone())?;
    Ok(ExitCode::SUCCESS)
}

fn wrong(what: &str, why: &BadWord) -> Failure {
    Failure::Other(format!("{what}: {why}"))
}
