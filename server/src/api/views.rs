//! `GET /api/views/…`: what the pages show, as JSON. A page of the product reads the same models at
//! the same addresses, so nothing is shown there that a program could not get.

use app::read::{Reader, Trouble};
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, StatusCode};
use serde::Serialize;
use shared::lang::Lang;

use super::Api;
use super::problem::{Problem, language};
use crate::access::SignedIn;
use crate::reader::Seat;

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
        Ok(Ok(json)) => ([(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-store")], json).into_response(),
        Ok(Err(trouble)) => problem(&trouble, lang).into_response(),
        Err(error) => {
            tracing::error!(%error, "a view could not be made");
            problem(&Trouble::Unreadable("this view could not be made".into()), lang).into_response()
        }
    }
}

fn answer(api: &Api, who: &SignedIn, view: &str, query: &str) -> Result<Vec<u8>, Trouble> {
    let seat = api.pages.reader(who.colleague).ok_or(Trouble::NotAllowed)?;
    let get = |name: &str| parameter(query, name);
    of_company(view, &seat).unwrap_or_else(|| app::views::answer(view, &get, &seat).and_then(|page| bytes(&page)))
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
