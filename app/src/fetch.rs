//! The browser's requests to the server.

use shared::request::{Receipt, Request};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Headers, RequestInit, Response};

use crate::read::Trouble;

/// A refusal as the server words it (RFC 9457), in the person's language.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize)]
pub struct Problem {
    #[serde(default)]
    pub status: u16,
    #[serde(default)]
    pub detail: String,
    /// What the store said of itself.
    #[serde(default)]
    pub said: String,
    /// The field of the form that it is about.
    #[serde(default)]
    pub field: Option<String>,
}

/// Reads what is at an address of our own.
pub async fn text(address: &str) -> Result<String, Trouble> {
    let (status, body) = send(address, &RequestInit::new()).await.map_err(unreachable)?;
    match status {
        200 => Ok(body),
        401 => Err(Trouble::SignedOut),
        403 => Err(Trouble::NotAllowed),
        404 => Err(Trouble::NotFound),
        503 => Err(Trouble::Unreadable(problem(status, &body).said)),
        other => Err(Trouble::Unreachable(format!("{other}"))),
    }
}

/// Sends a command. The error is what to show; nothing has happened then, or it is safe to send the same again.
pub async fn command(request: &Request) -> Result<Receipt, Problem> {
    let unreadable = |error: &dyn std::fmt::Display| Problem { detail: error.to_string(), ..Problem::default() };
    let body = serde_json::to_string(request).map_err(|error| unreadable(&error))?;
    let headers = Headers::new().map_err(|error| unreadable(&describe(&error)))?;
    headers.set("content-type", "application/json").map_err(|error| unreadable(&describe(&error)))?;
    let init = RequestInit::new();
    init.set_method("POST");
    init.set_headers(&headers);
    init.set_body(&JsValue::from_str(&body));
    let (status, body) = send("/api/commands", &init).await.map_err(|error| unreadable(&describe(&error)))?;
    if status == 200 {
        return shared::json::read(&body).map_err(|error| unreadable(&error));
    }
    Err(problem(status, &body))
}

fn problem(status: u16, body: &str) -> Problem {
    let mut problem =
        shared::json::read(body).unwrap_or(Problem { detail: body.chars().take(300).collect(), ..Problem::default() });
    problem.status = status;
    problem
}

async fn send(address: &str, init: &RequestInit) -> Result<(u16, String), JsValue> {
    let window = web_sys::window().ok_or(JsValue::NULL)?;
    let response: Response = JsFuture::from(window.fetch_with_str_and_init(address, init)).await?.dyn_into()?;
    let body = JsFuture::from(response.text()?).await?.as_string().unwrap_or_default();
    Ok((response.status(), body))
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn unreachable(error: JsValue) -> Trouble {
    Trouble::Unreachable(describe(&error))
}

fn describe(error: &JsValue) -> String {
    error.dyn_ref::<js_sys::Error>().map_or_else(|| "offline".to_owned(), |error| String::from(error.message()))
}
