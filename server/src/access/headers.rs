//! Headers that hold for every answer: what a page may load, who may frame it, who may keep it.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, STRICT_TRANSPORT_SECURITY};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use super::doors::Names;
use super::secret;
use crate::api::problem::{Problem, language};

/// The word that scripts of this answer carry to be run; a request extension, fresh for each request.
/// A page whose renderer makes a nonce of its own sets its own policy, and that one stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CspNonce(pub String);

impl CspNonce {
    /// The policy of an answer: own scripts and files only, no frames, nobody else's host.
    pub fn policy(&self) -> String {
        format!(
            "default-src 'none'; script-src 'nonce-{}' 'strict-dynamic' 'wasm-unsafe-eval'; style-src 'self'; \
             connect-src 'self'; img-src 'self' data:; font-src 'self'; manifest-src 'self'; worker-src 'self'; \
             form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
            self.0
        )
    }
}

/// For so long a browser that came by https comes by nothing else.
const ONE_YEAR: &str = "max-age=31536000";

const FIXED: &[(&str, &str)] = &[
    ("x-content-type-options", "nosniff"),
    // Not `no-referrer`: with that, browsers send forms of our own pages with `Origin: null`.
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()"),
];

/// Outermost: also refusals of the layers inside carry the headers.
pub async fn secure(State(names): State<Names>, mut request: Request, next: Next) -> Response {
    let lang = language(request.headers());
    let Ok(nonce) = secret::random_word(16).map(CspNonce) else {
        let title = lang.pick("The server has no randomness", "Серверу не хватает случайных чисел");
        return Problem::new(StatusCode::SERVICE_UNAVAILABLE, "no-randomness", title).into_response();
    };
    request.extensions_mut().insert(nonce.clone());
    request.extensions_mut().insert(names);
    let mut response = next.run(request).await;
    let is_private = is_private(&response);
    let headers = response.headers_mut();
    for (name, value) in FIXED {
        headers.entry(HeaderName::from_static(name)).or_insert(HeaderValue::from_static(value));
    }
    if let Ok(policy) = HeaderValue::from_str(&nonce.policy()) {
        headers.entry(CONTENT_SECURITY_POLICY).or_insert(policy);
    }
    if names.is_secure {
        headers.entry(STRICT_TRANSPORT_SECURITY).or_insert(HeaderValue::from_static(ONE_YEAR));
    }
    if is_private {
        headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("private, no-store"));
    }
    response
}

/// Whether an answer may hold what only this person may see: everything but files.
fn is_private(response: &Response) -> bool {
    response.status().is_redirection() || content_type(response.headers()).is_none_or(says_something)
}

fn content_type(headers: &HeaderMap) -> Option<&str> {
    headers.get(CONTENT_TYPE)?.to_str().ok()?.split(';').next().map(str::trim)
}

fn says_something(kind: &str) -> bool {
    matches!(kind, "text/html" | "text/plain" | "text/csv" | "text/event-stream")
        || (kind.starts_with("application/")
            && !matches!(kind, "application/wasm" | "application/javascript" | "application/manifest+json"))
}
