//! For those who run the server: is it alive, does it take entries, and how much is going on.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::{ConnectInfo, State};
use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use http::{Extensions, HeaderMap, StatusCode};
use shared::request::Receipt;
use shared::words::Role;

use super::problem::{Problem, language};
use super::{Api, refusals};
use crate::access::MaybeSignedIn;
use crate::desk::{Refusal, closed};

/// What is counted since the start.
#[derive(Clone, Debug, Default)]
pub struct Gauges(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    done: AtomicU64,
    quiet: AtomicU64,
    repeated: AtomicU64,
    rejected: AtomicU64,
    conflicts: AtomicU64,
    failed: AtomicU64,
    listeners: AtomicU64,
}

/// Counts one listener for as long as it is held.
#[derive(Debug)]
pub struct Listener(Gauges);

impl Gauges {
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts one answer of the desk.
    pub fn answered(&self, answer: &Result<Receipt, Refusal>) {
        let counts = &self.0;
        let count = match answer {
            Ok(receipt) if receipt.duplicate => &counts.repeated,
            Ok(receipt) if receipt.events.is_empty() => &counts.quiet,
            Ok(_) => &counts.done,
            Err(Refusal::Rejected(_) | Refusal::TooLarge(_)) => &counts.rejected,
            Err(Refusal::Conflict { .. }) => &counts.conflicts,
            Err(Refusal::Closed(_) | Refusal::Unavailable(_)) => &counts.failed,
        };
        count.fetch_add(1, Ordering::Relaxed);
    }

    pub fn listens(&self) -> Listener {
        self.0.listeners.fetch_add(1, Ordering::Relaxed);
        Listener(self.clone())
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.0.0.listeners.fetch_sub(1, Ordering::Relaxed);
    }
}

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

/// Figures in the text form of Prometheus: for this machine, and for administrators.
pub async fn metrics(
    State(api): State<Api>,
    MaybeSignedIn(who): MaybeSignedIn,
    headers: HeaderMap,
    extensions: Extensions,
) -> Response {
    let is_administrator = who.is_some_and(|who| api.office.role(who.colleague) == Some(Role::Administrator));
    if !is_administrator && !is_of_this_machine(&headers, &extensions) {
        let lang = language(&headers);
        let title = lang.pick("This is for administrators", "Это для администраторов");
        let detail = lang.pick(
            "Ask from the machine that the server runs on, or with an administrator's access token.",
            "Запросите это с машины, где работает сервер, или с ключом доступа администратора.",
        );
        return Problem::new(StatusCode::FORBIDDEN, "denied", title).detail(detail).into_response();
    }
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], figures(&api)).into_response()
}

/// A proxy on this machine speaks for somebody else.
fn is_of_this_machine(headers: &HeaderMap, extensions: &Extensions) -> bool {
    let from = extensions.get::<ConnectInfo<SocketAddr>>();
    from.is_some_and(|ConnectInfo(address)| address.ip().is_loopback())
        && !headers.contains_key("x-forwarded-for")
        && !headers.contains_key("forwarded")
}

fn figures(api: &Api) -> String {
    let (live, counts) = (api.office.live(), &api.gauges.0);
    let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
    let is_open = u64::from(closed(&api.office.state()).is_none());
    let mut text = String::new();
    let mut figure = |name: &str, kind: &str, help: &str, values: &[(&str, u64)]| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
        for (labels, value) in values {
            let _ = writeln!(text, "{name}{labels} {value}");
        }
    };
    figure("twofront_events", "gauge", "Position of the last event that the views have read.", &[("", live.position)]);
    figure(
        "twofront_generation",
        "counter",
        "How often the past was read anew since the start.",
        &[("", live.generation)],
    );
    figure("twofront_open", "gauge", "1 while entries are taken.", &[("", is_open)]);
    figure("twofront_listeners", "gauge", "Open lines of /api/events/live.", &[("", read(&counts.listeners))]);
    figure(
        "twofront_commands_total",
        "counter",
        "Answers to POST /api/commands since the start.",
        &[
            (r#"{outcome="done"}"#, read(&counts.done)),
            (r#"{outcome="quiet"}"#, read(&counts.quiet)),
            (r#"{outcome="repeated"}"#, read(&counts.repeated)),
            (r#"{outcome="rejected"}"#, read(&counts.rejected)),
            (r#"{outcome="conflict"}"#, read(&counts.conflicts)),
            (r#"{outcome="failed"}"#, read(&counts.failed)),
        ],
    );
    text
}
