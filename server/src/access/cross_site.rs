//! No other site can make a person's browser change something here.
//!
//! A request that may change something must come from our own pages, as the browser itself says
//! (`Sec-Fetch-Site`, else `Origin`). A program says neither and carries no cookie of a person.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use tower::{Layer, ServiceExt};
use tower_http::csrf::CsrfLayer;

use super::actor::bearer;
use crate::api::problem::{Problem, language};
use crate::api::words::is_for_programs;

/// Refuses what another site sends, with 403.
pub async fn refuse(State(rules): State<CsrfLayer>, request: Request, next: Next) -> Response {
    // Whoever shows a token proves by it that the request is meant: no browser adds one by itself.
    // The cookie beside it, if any, counts for nothing (see `actor`).
    if bearer(request.headers()).is_some() {
        return next.run(request).await;
    }
    let lang = language(request.headers());
    let is_program = is_for_programs(request.uri().path());
    let rules = rules.with_rejection_response(move |_| {
        let problem = Problem::new(
            StatusCode::FORBIDDEN,
            "cross-site",
            lang.pick("The request came from another site", "Запрос пришёл с другого сайта"),
        )
        .detail(lang.pick(
            "Nothing was changed. Open Twofront itself and do it there.",
            "Ничего не изменилось. Откройте сам Twofront и повторите действие там.",
        ));
        if is_program { problem.into_response() } else { problem.into_page(lang) }
    });
    match rules.layer(next).oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}
