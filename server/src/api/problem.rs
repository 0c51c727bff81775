//! Problem documents (RFC 9457): the one shape in which the doors say why something did not happen.
//!
//! A program reads `type` and `status`, a person reads `title` and `detail` in their own language.

use app::text::LANG_COOKIE;
use axum::body::Body;
use axum::response::{Html, IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::Serialize;
use serde_json::{Map, Value};
use shared::lang::Lang;

/// When it is worth asking again for what is unavailable, in seconds.
const COME_BACK: u64 = 5;

/// Members that the standard defines; an extension cannot take their place.
const STANDARD: [&str; 5] = ["type", "status", "title", "detail", "instance"];

/// What went wrong with one request.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Problem {
    #[serde(rename = "type")]
    kind: String,
    #[serde(serialize_with = "as_number")]
    status: StatusCode,
    title: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    #[serde(flatten)]
    members: Map<String, Value>,
    #[serde(skip)]
    retry_after: Option<u64>,
}

impl Problem {
    /// `kind` is a stable word in kebab case; the document's `type` is the path `/problems/<kind>`.
    pub fn new(status: StatusCode, kind: &str, title: impl Into<String>) -> Self {
        Self {
            kind: format!("/problems/{kind}"),
            status,
            title: title.into(),
            detail: None,
            members: Map::new(),
            retry_after: None,
        }
    }

    /// One or two sentences about this very occurrence: what happened and what to do.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// An extension member, such as what changed since. The five standard names are left as they are.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        if !STANDARD.contains(&name) {
            self.members.insert(name.to_owned(), value.into());
        }
        self
    }

    /// Asks the client to come back after so many seconds (header `Retry-After`).
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// What a person reads of it: the detail, or else the title.
    pub fn sentence(&self) -> String {
        self.detail.clone().unwrap_or_else(|| self.title.clone())
    }

    /// What one of its own members says, where it is a text.
    pub fn member(&self, name: &str) -> Option<&str> {
        self.members.get(name)?.as_str()
    }

    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The same as a page, for somebody who sent a form and not a program. It needs neither scripts nor styles.
    pub fn into_page(self, lang: Lang) -> Response {
        let page = format!(
            "<!doctype html><html lang=\"{code}\"><head><meta charset=\"utf-8\"><title>{title}</title>\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"></head><body><main>\
             <h1>{title}</h1><p>{detail}</p><p><a href=\"/\">{home}</a></p></main></body></html>",
            code = lang.code(),
            title = escape(&self.title),
            detail = escape(self.detail.as_deref().unwrap_or_default()),
            home = lang.pick("To the first page", "На первую страницу"),
        );
        let mut response = (self.status, Html(page)).into_response();
        self.ask_to_come_back(&mut response);
        response
    }

    /// Whatever is unavailable now is worth asking for again.
    fn ask_to_come_back(&self, response: &mut Response) {
        let usual = (self.status == StatusCode::SERVICE_UNAVAILABLE).then_some(COME_BACK);
        if let Some(seconds) = self.retry_after.or(usual) {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
    }
}

/// Text as it stands in a page.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        // A tree of strings and numbers always serialises; were it not so, an empty body with the
        // right status would still be the truth.
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"twofront\""));
        }
        self.ask_to_come_back(&mut response);
        response
    }
}

/// The language to answer in: what the person chose in the product, else what the browser asks for,
/// else English.
pub fn language(headers: &HeaderMap) -> Lang {
    cookie(headers, LANG_COOKIE)
        .and_then(Lang::from_tag)
        .or_else(|| {
            headers.get(http::header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).and_then(Lang::from_accept)
        })
        .unwrap_or_default()
}

/// The value of a cookie of the request, as it was sent.
pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(http::header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(key, value)| (key == name).then_some(value))
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn as_number<S: serde::Serializer>(status: &StatusCode, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u16(status.as_u16())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_is_a_document_with_its_own_members() {
        let problem = Problem::new(StatusCode::CONFLICT, "conflict", "Somebody was faster")
            .detail("The account was renamed meanwhile.")
            .with("changed", serde_json::json!(["registered"]))
            .with("status", 200);
        assert_eq!(
            serde_json::to_value(&problem).unwrap(),
            serde_json::json!({
                "type": "/problems/conflict",
                "status": 409,
                "title": "Somebody was faster",
                "detail": "The account was renamed meanwhile.",
                "changed": ["registered"],
            })
        );
    }

    #[test]
    fn an_answer_says_what_it_is_and_is_not_kept() {
        let response = Problem::new(StatusCode::TOO_MANY_REQUESTS, "wait", "Wait").retry_after(7).into_response();
        assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(response.headers()["content-type"], "application/problem+json");
        assert_eq!(response.headers()["cache-control"], "no-store");
        assert_eq!(response.headers()["retry-after"], "7");
    }

    #[test]
    fn what_is_unavailable_now_always_says_when_to_come_back() {
        let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "unreadable", "No <log>");
        assert!(problem.clone().into_response().headers().contains_key("retry-after"));
        assert!(problem.into_page(Lang::En).headers().contains_key("retry-after"));
    }

    #[test]
    fn the_language_chosen_in_the_product_beats_the_browser_s() {
        let mut headers = HeaderMap::new();
        assert_eq!(language(&headers), Lang::En);
        headers.insert("accept-language", HeaderValue::from_static("ru-RU,en;q=0.5"));
        assert_eq!(language(&headers), Lang::Ru);
        headers.insert("cookie", HeaderValue::from_static("a=b; lang=en"));
        assert_eq!(language(&headers), Lang::En);
        headers.insert("cookie", HeaderValue::from_static("lang=xx"));
        assert_eq!(language(&headers), Lang::Ru, "a language that we do not speak is none");
    }
}
