//! The description of the doors: for programs as OpenAPI, for people as a page.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use app::Assets;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Response};
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use serde_json::Value;
use shared::lang::Lang;

use super::Api;
use super::problem::{escape, language};

/// OpenAPI 3.1, kept by hand beside the code; a test holds it against the routes.
pub const DOCUMENT: &str = include_str!("openapi.json");

/// What people read of it, in Russian, by what it is in English; a test holds the two against each other.
const RUSSIAN: &str = include_str!("openapi.ru.json");

pub async fn document() -> Response {
    ([(CONTENT_TYPE, "application/json")], DOCUMENT).into_response()
}

/// The same, readable. It needs neither scripts nor styles.
pub async fn page(State(api): State<Api>, headers: HeaderMap) -> Html<String> {
    // Both are constants of this binary: a test shows that they read.
    let document: Value = serde_json::from_str(DOCUMENT).unwrap_or_default();
    let lang = language(&headers);
    let words = if lang == Lang::Ru { serde_json::from_str(RUSSIAN).unwrap_or_default() } else { Words::new() };
    Html(html(&document, &words, lang, &api.assets))
}

/// Texts by what they are in English.
type Words = BTreeMap<String, String>;

fn html(document: &Value, words: &Words, lang: Lang, assets: &Assets) -> String {
    let text = |value: &Value, name: &str| {
        let english = value.get(name).and_then(Value::as_str).unwrap_or_default();
        escape(words.get(english).map_or(english, String::as_str))
    };
    let info = document.get("info").cloned().unwrap_or_default();
    let mut page = format!(
        "<!doctype html><html lang=\"{lang}\"><head><meta charset=\"utf-8\"><title>{title}</title>\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\">{icon}{style}</head><body><main class=\"content narrow prose\">\
         <h1>{title}</h1><p>{description}</p><p><a href=\"/api/openapi.json\">openapi.json</a></p>",
        lang = lang.code(),
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
                "<section class=\"stack tight\"><h2><code>{} {}</code></h2><p><strong>{}</strong></p>",
                escape(&method.to_uppercase()),
                escape(path),
                text(operation, "summary"),
            );
            let description = text(operation, "description");
            if !description.is_empty() {
                let _ = write!(page, "<p>{}</p>", paragraphs(&description));
            }
            let parameters = operation.get("parameters").and_then(Value::as_array);
            list(
                &mut page,
                lang.pick("Parameters", "Параметры"),
                parameters.into_iter().flatten().map(|one| (text(one, "name"), text(one, "description"))),
            );
            let responses = operation.get("responses").and_then(Value::as_object);
            list(
                &mut page,
                lang.pick("Answers", "Ответы"),
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// What the page shows of the document.
    fn shown(document: &Value) -> BTreeSet<&str> {
        let operations =
            document["paths"].as_object().unwrap().values().flat_map(|path| path.as_object().unwrap().values());
        let parts = operations.flat_map(|operation| {
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            let answers = operation["responses"].as_object().into_iter().flat_map(serde_json::Map::values);
            [operation].into_iter().chain(parameters).chain(answers)
        });
        let parts = [&document["info"]].into_iter().chain(parts);
        parts.flat_map(|part| ["title", "summary", "description"].map(|name| part[name].as_str())).flatten().collect()
    }

    #[test]
    fn all_that_people_read_is_there_in_russian_and_nothing_else() {
        let document: Value = serde_json::from_str(DOCUMENT).unwrap();
        let russian: Words = serde_json::from_str(RUSSIAN).unwrap();
        assert_eq!(russian.keys().map(String::as_str).collect::<BTreeSet<_>>(), shown(&document));
        for (english, russian) in &russian {
            assert!(russian.chars().any(|c| ('а'..='я').contains(&c)), "{english}");
            // What stands between quotation marks is a name, the same in both.
            let names = |text: &str, open, close| {
                text.split(open)
                    .skip(1)
                    .filter_map(|rest| rest.split(close).next().map(str::to_owned))
                    .collect::<BTreeSet<_>>()
            };
            assert_eq!(names(russian, '«', '»'), names(english, '“', '”'), "{english}");
        }
    }
}
