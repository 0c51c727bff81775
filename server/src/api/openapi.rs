//! The description of the doors: for programs as OpenAPI, for people as a page.

use std::fmt::Write as _;

use app::Assets;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Response};
use http::header::CONTENT_TYPE;
use serde_json::Value;

use super::Api;
use super::problem::escape;

/// OpenAPI 3.1, kept by hand beside the code; a test holds it against the routes.
pub const DOCUMENT: &str = include_str!("openapi.json");

pub async fn document() -> Response {
    ([(CONTENT_TYPE, "application/json")], DOCUMENT).into_response()
}

/// The same, readable. It needs neither scripts nor styles. Programmers read it, who read the names in it too: it is in
/// English alone.
pub async fn page(State(api): State<Api>) -> Html<String> {
    // The document is a constant of this binary: a test shows that it reads.
    let document: Value = serde_json::from_str(DOCUMENT).unwrap_or_default();
    Html(html(&document, &api.assets))
}

fn html(document: &Value, assets: &Assets) -> String {
    let text = |value: &Value, name: &str| escape(value.get(name).and_then(Value::as_str).unwrap_or_default());
    let info = document.get("info").cloned().unwrap_or_default();
    let mut page = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title>\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\">{icon}{style}</head><body><main class=\"content narrow prose\">\
         <h1>{title}</h1><p>{description}</p><p><a href=\"/api/openapi.json\">openapi.json</a></p>",
        title = text(&info, "title"),
        description = paragraphs(&text(&info, "description")),
        icon = link("icon", assets.files.get("favicon.svg")),
        style = link("stylesheet", assets.style.as_ref()),
    );
    let paths = document.get("paths").and_then(Value::as_object);
    for (path, methods) in paths.into_iter().flatten() {
        for (method, operation) in methods.as_object().into_iter().flatten() {
            // Writing to a string cannot fail.
            let _ = write!(
                page,
                "<section class=\"stack tight\"><h2><code>{} {}</code></h2><p><strong>{}</strong></p><p>{}</p>",
                escape(&method.to_uppercase()),
                escape(path),
                text(operation, "summary"),
                paragraphs(&text(operation, "description")),
            );
            let parameters = operation.get("parameters").and_then(Value::as_array);
            list(
                &mut page,
                "Parameters",
                parameters.into_iter().flatten().map(|one| (text(one, "name"), text(one, "description"))),
            );
            let responses = operation.get("responses").and_then(Value::as_object);
            list(
                &mut page,
                "Answers",
                responses.into_iter().flatten().map(|(status, one)| (escape(status), text(one, "description"))),
            );
            page.push_str("</section>");
        }
    }
    page.push_str("</main></body></html>");
    page
}

/// What a page takes along, where the site is built.
fn link(rel: &str, href: Option<&String>) -> String {
    href.map(|href| format!("<link rel=\"{rel}\" href=\"{}\">", escape(href))).unwrap_or_default()
}

fn list(page: &mut String, title: &str, items: impl Iterator<Item = (String, String)>) {
    let items: Vec<_> = items.collect();
    if items.is_empty() {
        return;
    }
    let _ = write!(page, "<h3>{title}</h3><dl>");
    for (name, what) in items {
        let _ = write!(page, "<dt><code>{name}</code></dt><dd>{}</dd>", paragraphs(&what));
    }
    page.push_str("</dl>");
}

fn paragraphs(escaped: &str) -> String {
    escaped.replace("\n\n", "</p><p>")
}
