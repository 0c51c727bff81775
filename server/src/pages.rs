//! What the pages need of the server, and the door that their forms go through: `POST /do`, where a
//! form becomes a command without JavaScript.

mod slips;
mod zone;

use std::sync::Arc;

use app::address::local;
use app::forms::{self, Fields};
use app::parts::fields::Slip;
use app::when::{DEVICE_ZONE_COOKIE, ZONE_COOKIE, Zone};
use axum::Form;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::REFERER;
use axum::response::{IntoResponse, Redirect, Response};
use shared::domain::Command;
use shared::ids::Stream;
use shared::interaction;

use crate::access::{Access, MaybeSignedIn, SignedIn};
use crate::api::figures::Figures;
use crate::api::problem::{cookie, language};
use crate::api::{commands, refusals};
use crate::beside::Beside;
use crate::desk::Order;
use crate::office::Office;
use crate::reader::Seat;

pub use slips::Slips;
pub use zone::{UnknownZone, zone_named, zone_names, zone_of_system};

/// The largest form of a page that is read, in bytes: the longest note in Russian, percent-encoded, and its fields.
pub const LARGEST_FORM: usize = 128 * 1024;

/// What the pages need of the server.
#[derive(Clone)]
pub struct Pages {
    pub office: Office,
    pub access: Access,
    pub beside: Beside,
    /// In which moments are shown to whoever does not say where they are.
    zone: Zone,
    pub slips: Arc<Slips>,
    pub figures: Figures,
}

impl Pages {
    pub fn new(beside: Beside, zone: Zone) -> Self {
        let (office, access) = (beside.office.clone(), beside.access.clone());
        Self { office, access, beside, zone, slips: Arc::default(), figures: Figures::default() }
    }

    /// The reader for somebody who is signed in and among us; `None` for a stranger.
    pub fn reader(&self, who: &SignedIn, headers: &HeaderMap) -> Option<Seat> {
        let chosen = named(headers, ZONE_COOKIE);
        let is_chosen = chosen.is_some();
        let zone = chosen.unwrap_or_else(|| self.zone_of_device(headers));
        Seat::new(self.beside.clone(), who, crate::clock::now(), zone, is_chosen)
    }

    fn zone_of(&self, headers: &HeaderMap) -> Zone {
        named(headers, ZONE_COOKIE).unwrap_or_else(|| self.zone_of_device(headers))
    }

    fn zone_of_device(&self, headers: &HeaderMap) -> Zone {
        named(headers, DEVICE_ZONE_COOKIE).unwrap_or_else(|| self.zone.clone())
    }
}

/// The zone that a cookie names.
fn named(headers: &HeaderMap, name: &str) -> Option<Zone> {
    zone_named(cookie(headers, name)?).ok()
}

fn random() -> Option<[u8; 16]> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).ok()?;
    Some(bytes)
}

/// `POST /do`: a form of a page. Success leads on (303); a refusal leads back to the form, which
/// then holds what was typed and says why.
pub async fn act(
    State(pages): State<Pages>,
    MaybeSignedIn(signed_in): MaybeSignedIn,
    headers: HeaderMap,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Response {
    let lang = language(&headers);
    let fields = Fields::new(pairs);
    let back = fields.get("back").and_then(local).unwrap_or("/").to_owned();
    let from = page_of(&headers).unwrap_or_else(|| back.clone());
    let Some(signed_in) = signed_in else {
        // What was typed waits until they are back.
        let slip = pages.slips.keep(None, slip(&fields, None, String::new()));
        let next = slip.map_or(from.clone(), |slip| with_query(&from, "slip", &slip.to_string()));
        return Redirect::to(&format!("/sign-in?next={}", app::address::encode(&next))).into_response();
    };
    let me = signed_in.colleague;
    let refuse = |field: Option<String>, why: String| {
        let slip = pages.slips.keep(Some(me), slip(&fields, field, why));
        let to = slip.map_or(from.clone(), |slip| with_query(&from, "slip", &slip.to_string()));
        Redirect::to(&to).into_response()
    };
    // The form says by which zone it was filled in: its page may have been made before another one was chosen.
    let zone = fields.get("zone").and_then(|name| zone_named(name).ok()).unwrap_or_else(|| pages.zone_of(&headers));
    let request = match forms::request(&fields, &zone) {
        Ok(request) => request,
        Err(refused) => return refuse(Some(refused.field), refused.why.say(lang)),
    };
    let next =
        forms::leads_to(&fields, &request.command).filter(|path| local(path).is_some()).unwrap_or_else(|| from.clone());
    let logged = match &request.command {
        Command::Interaction(id, interaction::Command::Log { .. }) => Some(Stream::from(*id)),
        Command::Interaction(..)
        | Command::Unit(..)
        | Command::Colleague(..)
        | Command::Account(..)
        | Command::Contact(..)
        | Command::Handoff(..)
        | Command::Import(..) => None,
    };
    let follows = forms::follows(&fields, &request);
    let ask = |request| commands::ask(&pages.office, &pages.figures, Order { by: me, batch: None, request }, lang);
    match ask(request).await {
        Ok(_) => {
            if let Some(then) = follows
                && let Err(problem) = ask(then).await
            {
                // What was asked for is there; its page says what it still lacks, and offers it.
                tracing::warn!(problem = problem.sentence(), "what follows from a form was refused");
            }
            let to = logged.map_or(next.clone(), |stream| with_query(&next, "logged", &stream.to_string()));
            Redirect::to(&to).into_response()
        }
        Err(problem) => {
            // Only where the form has it: elsewhere nobody would read why.
            let field = problem.member(refusals::FIELD).filter(|field| fields.has(field));
            refuse(field.map(str::to_owned), problem.sentence())
        }
    }
}

fn slip(fields: &Fields, field: Option<String>, why: String) -> Slip {
    Slip { form: app::parts::fields::name_of(fields), typed: fields.typed(), field, why }
}

/// The page of ours that a form was on.
fn page_of(headers: &HeaderMap) -> Option<String> {
    let referer = headers.get(REFERER)?.to_str().ok()?;
    let (_, after_scheme) = referer.split_once("://")?;
    let path = after_scheme.find('/').and_then(|start| after_scheme.get(start..))?;
    local(path).map(|path| without_query(path, "slip"))
}

/// An address with one more parameter, in the place of the one that it had.
pub(crate) fn with_query(path: &str, name: &str, value: &str) -> String {
    let path = without_query(path, name);
    let (path, fragment) =
        path.split_once('#').map_or((path.as_str(), None), |(path, fragment)| (path, Some(fragment)));
    let joint = if path.contains('?') { '&' } else { '?' };
    let fragment = fragment.map(|fragment| format!("#{fragment}")).unwrap_or_default();
    format!("{path}{joint}{name}={value}{fragment}")
}

fn without_query(path: &str, name: &str) -> String {
    let Some((path, query)) = path.split_once('?') else { return path.to_owned() };
    let others: Vec<&str> = query.split('&').filter(|pair| pair.split('=').next() != Some(name)).collect();
    if others.is_empty() { path.to_owned() } else { format!("{path}?{}", others.join("&")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_added_once() {
        assert_eq!(with_query("/log", "slip", "1"), "/log?slip=1");
        assert_eq!(with_query("/log?account=2&slip=1", "slip", "3"), "/log?account=2&slip=3");
        assert_eq!(with_query("/handoffs#h1", "slip", "3"), "/handoffs?slip=3#h1");
    }
}
