//! `POST /api/commands`: one command, one answer.

use std::collections::BTreeMap;
use std::time::Instant;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use serde::de::IgnoredAny;
use shared::domain::Event;
use shared::ids::ColleagueId;
use shared::lang::Lang;
use shared::record::Record;
use shared::request::{MOST_EXPECTED, Receipt, Request};

use super::figures::Figures;
use super::problem::{Problem, language};
use super::{Api, refusals};
use crate::access::SignedIn;
use crate::desk::Order;
use crate::office::{LookError, Office};
use crate::seal::storable_occurred;

/// The answer is a receipt: what it names is durable.
pub async fn post(
    State(api): State<Api>,
    who: SignedIn,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let lang = language(&headers);
    if !is_json(&headers) {
        return refusals::not_json(lang).into_response();
    }
    let body = match body {
        Ok(body) => body,
        Err(rejection) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            return refusals::too_large(lang).into_response();
        }
        Err(rejection) => return refusals::malformed(&rejection.body_text(), lang).into_response(),
    };
    let request: Request = match serde_json::from_slice(&body) {
        Ok(request) => request,
        Err(error) => return refusals::unread(&error, lang).into_response(),
    };
    if let Some(field) = unknown_field(&body) {
        return refusals::unknown_field(&field, &FIELDS, lang).into_response();
    }
    if request.expects.len() > MOST_EXPECTED {
        return refusals::expects_too_much(lang).into_response();
    }
    let order = Order { by: who.colleague, batch: None, request };
    match ask(&api.office, &api.figures, order, lang).await {
        Ok(receipt) => Json(receipt).into_response(),
        Err(problem) => problem.into_response(),
    }
}

/// What a request has; see [`Request`].
const FIELDS: [&str; 7] = ["id", "stream", "type", "data", "occurred", "cause", "expects"];

/// A field that nobody knows. A mistyped `expects` must not switch off what it is for.
fn unknown_field(body: &[u8]) -> Option<String> {
    let fields: BTreeMap<String, IgnoredAny> = serde_json::from_slice(body).ok()?;
    fields.into_keys().find(|field| !FIELDS.contains(&field.as_str()))
}

/// Asks the desk for a program or for a form, and words its refusal.
///
/// # Errors
/// What the one who asked is to be told.
pub async fn ask(office: &Office, figures: &Figures, order: Order, lang: Lang) -> Result<Receipt, Problem> {
    let (id, by, request) = (order.request.id, order.by, order.request.clone());
    let began = Instant::now();
    let answer = office.ask(order).await;
    figures.answered(&answer, began.elapsed());
    let receipt = answer.map_err(|refusal| refusals::of_command(&refusal, id, office.role(by), lang))?;
    if !receipt.duplicate {
        return Ok(receipt);
    }
    // Nothing was written now. The receipt is of what was recorded under this id, whatever that was.
    let office = office.clone();
    let looked = tokio::task::spawn_blocking(move || {
        is_of(&office, &receipt, &request, by).map(|is_theirs| is_theirs.then_some(receipt))
    });
    match looked.await {
        Ok(Ok(Some(receipt))) => Ok(receipt),
        Ok(Ok(None)) => Err(refusals::reused(id, lang)),
        Ok(Err(error)) => Err(refusals::unreadable(&error, lang)),
        Err(error) => Err(refusals::unreadable(&error, lang)),
    }
}

/// Whether a receipt is of this request, from this colleague.
fn is_of(office: &Office, receipt: &Receipt, request: &Request, by: ColleagueId) -> Result<bool, LookError> {
    let stream = request.command.stream();
    let Some(first) = receipt.events.first().filter(|first| first.stream == stream) else { return Ok(false) };
    let records = office.history(stream, first.revision, receipt.events.len())?;
    let is_same = |record: &Record| {
        let is_then = request.occurred.is_none_or(|said| storable_occurred(said) == record.occurred);
        record.command == request.id && record.by == by && record.cause == request.cause && is_then
    };
    let events: Vec<&Event> = records.iter().map(|record| &record.event).collect();
    Ok(records.iter().all(is_same) && request.command.led_to(&events))
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
}
