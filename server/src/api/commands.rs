//! `POST /api/commands`: one command, one answer.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use shared::request::{MOST_EXPECTED, Request};

use super::problem::language;
use super::{Api, refusals};
use crate::access::SignedIn;
use crate::desk::Order;

/// The answer is a receipt: what it names is durable.
pub async fn post(
    State(api): State<Api>,
    who: SignedIn,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let lang = language(&headers);
    let body = match body {
        Ok(body) => body,
        Err(rejection) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            return refusals::too_large(lang).into_response();
        }
        Err(rejection) => return refusals::malformed(&rejection.body_text(), lang).into_response(),
    };
    let request: Request = match serde_json::from_slice(&body) {
        Ok(request) => request,
        Err(error) => return refusals::malformed(&error.to_string(), lang).into_response(),
    };
    if request.expects.len() > MOST_EXPECTED {
        return refusals::expects_too_much(lang).into_response();
    }
    let (command, by) = (request.id, who.colleague);
    let answer = api.office.ask(Order { by, batch: None, request }).await;
    api.gauges.answered(&answer);
    match answer {
        Ok(receipt) => Json(receipt).into_response(),
        Err(refusal) => refusals::of_command(&refusal, command, api.office.role(by), lang).into_response(),
    }
}
