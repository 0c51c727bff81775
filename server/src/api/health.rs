//! For those who run the server: is it alive, does it take entries, and how much is going on.

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, State};
use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use http::{Extensions, HeaderMap, StatusCode};
use shared::words::Role;

use super::problem::{Problem, language};
use super::{Api, refusals};
use crate::access::MaybeSignedIn;
use crate::desk::closed;

/// The process answers.
pub async fn healthz() -> &'static str {
    "ok\n"
}

/// Entries are taken. Reading goes on where this says no.
pub async fn readyz(State(api): State<Api>, headers: HeaderMap) -> Response {
    match closed(&api.office.state()) {
        None => "ready\n".into_response(),
        Some(why) => refusals::closed(&why, language(&headers)).into_response(),
    }
}

/// Figures in the text form of OpenMetrics, as Prometheus reads it: for this machine, and for administrators.
pub async fn metrics(
    State(api): State<Api>,
    MaybeSignedIn(who): MaybeSignedIn,
    headers: HeaderMap,
    extensions: Extensions,
) -> Response {
    let is_administrator = who.is_some_and(|who| api.office.role(who.colleague) == Some(Role::Administrator));
    let is_of_this_machine = !api.behind_proxy && is_of_this_machine(&headers, &extensions);
    if !is_administrator && !is_of_this_machine {
        let lang = language(&headers);
        let title = lang.pick("This is for administrators", "Это для администраторов");
        let detail = lang.pick(
            "Ask from the machine that the server runs on, or with an administrator's access token.",
            "Запросите это с машины, где работает сервер, или с ключом доступа администратора.",
        );
        return Problem::new(StatusCode::FORBIDDEN, "denied", title).detail(detail).into_response();
    }
    match api.figures.text(&api.office) {
        Ok(text) => {
            ([(CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "the figures cannot be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// A proxy on this machine speaks for somebody else, whether we were told of it or not.
fn is_of_this_machine(headers: &HeaderMap, extensions: &Extensions) -> bool {
    let from = extensions.get::<ConnectInfo<SocketAddr>>();
    from.is_some_and(|ConnectInfo(address)| address.ip().is_loopback())
        && !headers.contains_key("x-forwarded-for")
        && !headers.contains_key("forwarded")
}
