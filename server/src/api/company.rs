//! `POST /company/invite`: an administrator gives a colleague the one-time link with which they
//! choose a password. The link is shown once, on the page that the form leads to.

use std::sync::{Mutex, PoisonError};

use app::refused::Refused;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::post;
use axum::{Form, Router};
use http::HeaderMap;
use http::header::ORIGIN;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use shared::ids::ColleagueId;

use crate::access::{AccessError, By, SignedIn};
use crate::beside::Beside;

/// How long a link that was just made can be looked at, once.
const SHOWN_FOR: SignedDuration = SignedDuration::from_mins(10);

/// One-time links that were just made, for the page that shows them. Only in memory.
#[derive(Debug, Default)]
pub struct Invitations(Mutex<Vec<Fresh>>);

#[derive(Debug)]
struct Fresh {
    by: ColleagueId,
    colleague: ColleagueId,
    address: String,
    until: Timestamp,
}

impl Invitations {
    fn keep(&self, by: ColleagueId, colleague: ColleagueId, address: String, now: Timestamp) {
        let mut fresh = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        fresh.retain(|one| now < one.until && one.colleague != colleague);
        fresh.push(Fresh { by, colleague, address, until: now.saturating_add(SHOWN_FOR).unwrap_or(Timestamp::MAX) });
    }

    /// The address of the link that somebody just made for a colleague: told once.
    pub fn take(&self, by: ColleagueId, colleague: ColleagueId, now: Timestamp) -> Option<String> {
        let mut fresh = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        fresh.retain(|one| now < one.until);
        let at = fresh.iter().position(|one| one.by == by && one.colleague == colleague)?;
        Some(fresh.swap_remove(at).address)
    }
}

pub fn routes() -> Router<Beside> {
    Router::new().route("/company/invite", post(invite))
}

#[derive(Deserialize)]
struct Invite {
    colleague: String,
}

async fn invite(
    State(beside): State<Beside>,
    who: SignedIn,
    headers: HeaderMap,
    Form(Invite { colleague }): Form<Invite>,
) -> Response {
    // The page itself says what it is for, and to whom.
    if !beside.is_administrator(who.colleague) || !matches!(who.by, By::Session(_)) {
        return Redirect::to("/company").into_response();
    }
    let Ok(colleague) = colleague.parse::<ColleagueId>() else {
        return Redirect::to("/company").into_response();
    };
    let invited = {
        let beside = beside.clone();
        tokio::task::spawn_blocking(move || make_link(&beside, colleague)).await
    };
    match invited {
        Ok(Ok(path)) => {
            // Where nobody said how people reach us, as the administrator's browser does: that works for the colleague, too.
            let origin = headers.get(ORIGIN).and_then(|origin| origin.to_str().ok()).filter(|origin| *origin != "null");
            let base = beside.public_url.as_deref().map(|url| url.trim_end_matches('/')).or(origin);
            let address = format!("{}{path}", base.unwrap_or_default());
            beside.invitations.keep(who.colleague, colleague, address, crate::clock::now());
            Redirect::to(&format!("/company?who={colleague}&invited=yes")).into_response()
        }
        Ok(Err(AccessError::Refused(refused))) => back(colleague, refused),
        Ok(Err(error)) => {
            tracing::error!(%error, "an invitation could not be made");
            back(colleague, Refused::CannotSave)
        }
        Err(error) => {
            tracing::error!(%error, "an invitation could not be made");
            back(colleague, Refused::CannotSave)
        }
    }
}

fn back(colleague: ColleagueId, refused: Refused) -> Response {
    Redirect::to(&format!("/company?who={colleague}&refused={}", refused.code())).into_response()
}

fn make_link(beside: &Beside, colleague: ColleagueId) -> Result<String, AccessError> {
    let has_login = beside.access.logins().iter().any(|login| login.colleague == colleague);
    if !has_login {
        let email = beside.office.company(|company| {
            let here = company.directory.colleagues.get(&colleague).filter(|colleague| !colleague.left)?;
            here.identity.known()?.email.clone()
        });
        beside.access.enrol(colleague, email.ok_or(Refused::EmailInvalid)?.as_str())?;
    }
    Ok(beside.access.invite(colleague)?.path())
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::testkit::{ADA, KIRA, LEV};

    #[test]
    fn a_link_is_told_once_and_only_to_who_made_it() {
        let invitations = Invitations::default();
        let now = Timestamp::UNIX_EPOCH;
        invitations.keep(ADA, KIRA, "/join?link=1".into(), now);
        assert_eq!(invitations.take(LEV, KIRA, now), None);
        assert_eq!(invitations.take(ADA, KIRA, now).as_deref(), Some("/join?link=1"));
        assert_eq!(invitations.take(ADA, KIRA, now), None);
    }

    #[test]
    fn a_link_is_not_shown_later() {
        let invitations = Invitations::default();
        invitations.keep(ADA, KIRA, "/join?link=1".into(), Timestamp::UNIX_EPOCH);
        let later = Timestamp::from_second(601).unwrap();
        assert_eq!(invitations.take(ADA, KIRA, later), None);
    }
}
