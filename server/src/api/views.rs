//! `GET /api/views/…`: what the pages show, as JSON. A page of the product reads the same models at
//! the same addresses, so nothing is shown there that a program could not get.

use app::read::{Reader, Trouble};
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, StatusCode};
use serde::Serialize;
use shared::lang::Lang;
use shared::views::Company;

use super::Api;
use super::problem::{Problem, language};
use super::refusals::SAID;
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
    let read = tokio::task::spawn_blocking(move || answer(&api, &who, &headers, &view, &query.unwrap_or_default()));
    match read.await {
        Ok(Ok(json)) => ([(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-store")], json).into_response(),
        Ok(Err(trouble)) => problem(&trouble, lang).into_response(),
        Err(error) => {
            tracing::error!(%error, "a view could not be made");
            problem(&Trouble::Unreadable("this view could not be made".into()), lang).into_response()
        }
    }
}

fn answer(api: &Api, who: &SignedIn, headers: &HeaderMap, view: &str, query: &str) -> Result<Vec<u8>, Trouble> {
    let seat = api.pages.reader(who, headers).ok_or(Trouble::NotAllowed)?;
    let get = |name: &str| parameter(query, name);
    of_company(view, &seat).unwrap_or_else(|| app::views::answer(view, &get, &seat).and_then(|page| bytes(&page)))
}

/// The views of the whole company, uncut.
fn of_company(view: &str, seat: &Seat) -> Option<Result<Vec<u8>, Trouble>> {
    match view {
        "whole/directory" => Some(whole(seat, |company| company.directory.clone())),
        "whole/portfolio" => Some(whole(seat, |company| company.portfolio.clone())),
        "whole/board" => Some(whole(seat, |company| company.board.clone())),
        "whole/alignment" => Some(whole(seat, |company| company.alignment.clone())),
        _ => None,
    }
}

/// The folding of what is recorded meanwhile waits for the copy, not for the writing of it.
fn whole<T: Serialize>(seat: &Seat, copy: impl Fn(&Company) -> T) -> Result<Vec<u8>, Trouble> {
    let mut copied = None;
    seat.company(&mut |company| copied = Some(copy(company)));
    copied.map_or(Err(Trouble::NotFound), |view| bytes(&view))
}

fn bytes<T: Serialize>(model: &T) -> Result<Vec<u8>, Trouble> {
    serde_json::to_vec(model).map_err(|error| Trouble::Unreadable(error.to_string()))
}

fn problem(trouble: &Trouble, lang: Lang) -> Problem {
    let title = lang.pick("This cannot be shown", "Не удалось показать страницу");
    let (status, kind) = match trouble {
        Trouble::SignedOut => (StatusCode::UNAUTHORIZED, "not-signed-in"),
        Trouble::NotAllowed => (StatusCode::FORBIDDEN, "denied"),
        Trouble::NotFound => (StatusCode::NOT_FOUND, "not-found"),
        Trouble::Unreachable(_) | Trouble::Unreadable(_) => (StatusCode::SERVICE_UNAVAILABLE, "unreadable"),
    };
    let problem = Problem::new(status, kind, title).detail(trouble.say(lang));
    match trouble.said() {
        Some(said) => problem.with(SAID, said),
        None => problem,
    }
}

/// A parameter of a query, decoded; the first of its name.
fn parameter(query: &str, name: &str) -> Option<String> {
    let url = http::Uri::try_from(format!("/?{query}")).ok()?;
    let pairs: axum::extract::Query<Vec<(String, String)>> = axum::extract::Query::try_from_uri(&url).ok()?;
    pairs.0.into_iter().find_map(|(key, value)| (key == name).then_some(value))
}
