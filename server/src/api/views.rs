//! `GET /api/views/…`: what the pages show, as JSON. A page of the product reads the same models at
//! the same addresses, so nothing is shown there that a program could not get.

use app::pages;
use app::read::{Query, Reader, Trouble};
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, StatusCode};
use serde::Serialize;
use shared::lang::Lang;

use super::problem::{Problem, language};
use super::{Api, refusals};
use crate::access::SignedIn;
use crate::reader::Seat;

/// The parameters of an address.
type Get<'a> = dyn Fn(&str) -> Option<String> + 'a;

pub async fn get(
    State(api): State<Api>,
    who: SignedIn,
    headers: HeaderMap,
    Path(view): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    let lang = language(&headers);
    let read = tokio::task::spawn_blocking(move || answer(&api, &who, &view, &query.unwrap_or_default()));
    match read.await {
        Ok(Some(Ok(json))) => ([(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-store")], json).into_response(),
        Ok(Some(Err(trouble))) => problem(&trouble, lang).into_response(),
        Ok(None) => refusals::not_found(lang).into_response(),
        Err(error) => {
            tracing::error!(%error, "a view could not be made");
            problem(&Trouble::Unreadable("this view could not be made".into()), lang).into_response()
        }
    }
}

fn answer(api: &Api, who: &SignedIn, view: &str, query: &str) -> Option<Result<Vec<u8>, Trouble>> {
    let Some(seat) = api.pages.reader(who.colleague) else { return Some(Err(Trouble::NotAllowed)) };
    let get = |name: &str| parameter(query, name);
    let (name, rest) = view.split_once('/').unwrap_or((view, ""));
    of_page(name, rest, &get, &seat).or_else(|| of_company(view, &seat))
}

/// The models of the pages, by the addresses that the pages themselves ask: see `Query::address`.
fn of_page(name: &str, rest: &str, get: &Get<'_>, seat: &Seat) -> Option<Result<Vec<u8>, Trouble>> {
    use pages::*;
    let filter = || account::filter_from(get);
    Some(match (name, rest) {
        ("portfolio", "") => json(seat, &portfolio::Ask::from_query(get)),
        ("alignment", "") => json(seat, &alignment::Ask),
        ("handoffs", "") => json(seat, &handoffs::Ask::from_query(get)),
        ("handoff-new", "") => json(seat, &handoff_new::Ask::from_query(get)),
        ("log", "") => json(seat, &log::Ask::from_query(get)),
        ("contact-new", "") => json(seat, &contact_new::Ask::from_query(get)),
        ("events", "") => json(seat, &events::Ask::from_query(get)),
        ("company", "") => json(seat, &company::Ask::from_query(get)),
        ("import", "") => json(seat, &import::Ask {}),
        ("settings", "") => json(seat, &settings::Ask::from_query(get)),
        ("account", id) => json(seat, &account::Ask { account: id.parse().ok(), filter: filter() }),
        ("account-edit", id) => json(seat, &account_edit::Ask { account: id.parse().ok() }),
        ("contact", id) => json(seat, &contact::Ask { contact: id.parse().ok(), filter: filter() }),
        ("contact-edit", id) => json(seat, &contact_edit::Ask { contact: id.parse().ok() }),
        ("colleague", id) => json(seat, &colleague::Ask { colleague: id.parse().ok(), filter: filter() }),
        ("unit", id) => json(seat, &unit::Ask { unit: id.parse().ok(), filter: filter() }),
        _ => return None,
    })
}

/// The views of the whole company, uncut.
fn of_company(view: &str, seat: &Seat) -> Option<Result<Vec<u8>, Trouble>> {
    let mut found = None;
    seat.company(&mut |company| {
        found = match view {
            "whole/directory" => Some(bytes(&company.directory)),
            "whole/portfolio" => Some(bytes(&company.portfolio)),
            "whole/board" => Some(bytes(&company.board)),
            "whole/alignment" => Some(bytes(&company.alignment)),
            _ => None,
        };
    });
    found
}

fn json<Q: Query>(seat: &Seat, query: &Q) -> Result<Vec<u8>, Trouble> {
    query.answer(seat).and_then(|page| bytes(&page))
}

fn bytes<T: Serialize>(model: &T) -> Result<Vec<u8>, Trouble> {
    serde_json::to_vec(model).map_err(|error| Trouble::Unreadable(error.to_string()))
}

fn problem(trouble: &Trouble, lang: Lang) -> Problem {
    let title = lang.pick("This cannot be shown", "Это нельзя показать");
    let (status, kind) = match trouble {
        Trouble::SignedOut => (StatusCode::UNAUTHORIZED, "not-signed-in"),
        Trouble::NotAllowed => (StatusCode::FORBIDDEN, "denied"),
        Trouble::NotFound => (StatusCode::NOT_FOUND, "not-found"),
        Trouble::Unreachable(_) | Trouble::Unreadable(_) => (StatusCode::SERVICE_UNAVAILABLE, "unreadable"),
    };
    Problem::new(status, kind, title).detail(trouble.say(lang))
}

/// A parameter of a query, decoded; the first of its name.
fn parameter(query: &str, name: &str) -> Option<String> {
    let url = http::Uri::try_from(format!("/?{query}")).ok()?;
    let pairs: axum::extract::Query<Vec<(String, String)>> = axum::extract::Query::try_from_uri(&url).ok()?;
    pairs.0.into_iter().find_map(|(key, value)| (key == name).then_some(value))
}
