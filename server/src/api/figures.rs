//! What is counted and timed since the start, for those who run the server. It names doors and
//! outcomes, never people or things.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::header::CONTENT_TYPE;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use shared::ids::ColleagueId;
use shared::request::Receipt;

use crate::desk::{Refusal, closed};
use crate::office::Office;

/// How many open lines one colleague has at most: every tab of theirs and some programs.
pub const MOST_LINES: usize = 32;

/// The upper bounds of the classes that times fall into, in seconds.
const SECONDS: [f64; 11] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 2.5, 10.0];

/// What answers to commands are counted by.
const OUTCOMES: [&str; 6] = ["done", "quiet", "repeated", "rejected", "conflict", "failed"];

/// What requests are timed by: few, and none of them an address.
const DOORS: [&str; 6] = ["page", "view", "command", "events", "asset", "other"];

type Label = [(&'static str, &'static str); 1];
type Times = Family<Label, Histogram, fn() -> Histogram>;

/// See the module. Cheap to clone, and one for all doors.
#[derive(Clone, Debug)]
pub struct Figures(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    registry: Registry,
    commands: Family<Label, Counter>,
    command_seconds: Times,
    request_seconds: Times,
    listeners: Gauge,
    events: Gauge,
    generation: Gauge,
    open: Gauge,
    lines: Mutex<HashMap<ColleagueId, usize>>,
}

/// Counts one open line of a colleague for as long as it is held.
#[derive(Debug)]
pub struct Line {
    figures: Figures,
    of: ColleagueId,
}

impl Default for Figures {
    fn default() -> Self {
        let mut registry = Registry::default();
        let (events, generation, open, listeners) =
            (Gauge::default(), Gauge::default(), Gauge::default(), Gauge::default());
        let commands = Family::<Label, Counter>::default();
        let times = || Times::new_with_constructor(|| Histogram::new(SECONDS));
        let (command_seconds, request_seconds) = (times(), times());
        // What has not happened yet is nought, and not missing.
        for outcome in OUTCOMES {
            drop(commands.get_or_create(&[("outcome", outcome)]));
        }
        for door in DOORS {
            drop(request_seconds.get_or_create(&[("door", door)]));
        }
        registry.register("twofront_events", "Position of the last event that the views have read", events.clone());
        registry.register(
            "twofront_generation",
            "How often the past was read anew since the start",
            generation.clone(),
        );
        registry.register("twofront_open", "1 while entries are taken", open.clone());
        registry.register("twofront_listeners", "Open lines of /api/events/live", listeners.clone());
        // The crate adds `_total` to the name of a counter.
        registry.register(
            "twofront_commands",
            "Answers of the desk since the start, to programs and to forms",
            commands.clone(),
        );
        registry.register(
            "twofront_command_seconds",
            "From a command's arrival to its answer, by outcome",
            command_seconds.clone(),
        );
        registry.register(
            "twofront_request_seconds",
            "From a request to the beginning of its answer, by door",
            request_seconds.clone(),
        );
        let lines = Mutex::default();
        Self(Arc::new(Inner {
            registry,
            commands,
            command_seconds,
            request_seconds,
            listeners,
            events,
            generation,
            open,
            lines,
        }))
    }
}

impl Figures {
    /// Counts one answer of the desk.
    pub fn answered(&self, answer: &Result<Receipt, Refusal>, took: Duration) {
        let outcome = match answer {
            Ok(receipt) if receipt.duplicate => "repeated",
            Ok(receipt) if receipt.events.is_empty() => "quiet",
            Ok(_) => "done",
            Err(Refusal::Rejected(_) | Refusal::TooLarge(_)) => "rejected",
            Err(Refusal::Conflict { .. }) => "conflict",
            Err(Refusal::Closed(_) | Refusal::Unavailable(_)) => "failed",
        };
        self.0.commands.get_or_create(&[("outcome", outcome)]).inc();
        self.0.command_seconds.get_or_create(&[("outcome", outcome)]).observe(took.as_secs_f64());
    }

    /// A line to the live log, held for as long as it is open; `None` where the colleague has too many.
    pub fn line(&self, of: ColleagueId) -> Option<Line> {
        {
            let mut lines = self.0.lines.lock().unwrap_or_else(PoisonError::into_inner);
            let own = lines.entry(of).or_default();
            if *own >= MOST_LINES {
                return None;
            }
            *own += 1;
        }
        self.0.listeners.inc();
        Some(Line { figures: self.clone(), of })
    }

    /// Everything, in the text form of OpenMetrics.
    ///
    /// # Errors
    /// None that is known: text can always be written into a string.
    pub fn text(&self, office: &Office) -> Result<String, std::fmt::Error> {
        let live = office.live();
        self.0.events.set(whole(live.position));
        self.0.generation.set(whole(live.generation));
        self.0.open.set(i64::from(closed(&office.state()).is_none()));
        let mut text = String::new();
        encode(&mut text, &self.0.registry)?;
        Ok(text)
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.figures.0.listeners.dec();
        let mut lines = self.figures.0.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = lines.get_mut(&self.of) {
            *own -= 1;
            if *own == 0 {
                lines.remove(&self.of);
            }
        }
    }
}

/// Times every request.
pub async fn timed(State(figures): State<Figures>, request: Request, next: Next) -> Response {
    let (began, door) = (Instant::now(), door(request.uri().path()));
    let response = next.run(request).await;
    let door = door.unwrap_or_else(|| of_answer(&response));
    figures.0.request_seconds.get_or_create(&[("door", door)]).observe(began.elapsed().as_secs_f64());
    response
}

fn door(path: &str) -> Option<&'static str> {
    match path {
        "/api/commands" | "/do" => Some("command"),
        "/api/events" | "/api/events/live" => Some("events"),
        _ if path.starts_with("/api/views/") => Some("view"),
        _ if path.starts_with("/api") => Some("other"),
        _ => None,
    }
}

/// A page or a file: both stand at addresses of their own making.
fn of_answer(response: &Response) -> &'static str {
    let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let is_file = ["text/css", "text/javascript", "image/", "font/", "application/wasm", "application/manifest"]
        .iter()
        .any(|start| kind.starts_with(start));
    match kind {
        _ if kind.starts_with("text/html") => "page",
        _ if is_file => "asset",
        _ => "other",
    }
}

fn whole(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::testkit::{KIRA, LEV};

    #[test]
    fn a_colleague_has_so_many_lines_and_gets_another_when_one_ends() {
        let figures = Figures::default();
        let mut lines: Vec<Line> = (0..MOST_LINES).map(|_| figures.line(KIRA).unwrap()).collect();
        assert!(figures.line(KIRA).is_none());
        assert!(figures.line(LEV).is_some());
        lines.pop();
        assert!(figures.line(KIRA).is_some());
    }

    #[test]
    fn every_request_has_a_door() {
        assert_eq!(door("/api/views/account/1"), Some("view"));
        assert_eq!((door("/do"), door("/api/commands")), (Some("command"), Some("command")));
        assert_eq!((door("/api"), door("/api/nonsense")), (Some("other"), Some("other")));
        assert_eq!(door("/accounts/1"), None);
        assert!(OUTCOMES.contains(&"done") && DOORS.contains(&of_answer(&Response::default())));
    }
}
