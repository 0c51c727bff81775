//! The raw log: `GET /api/events` as JSON lines, and `GET /api/events/live` as it grows. Everybody
//! gets what they may see: `policy::may_see`.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::Query;
use axum::extract::State;
use axum::extract::rejection::QueryRejection;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::stream::{self, Stream, StreamExt};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
use serde::Deserialize;
use shared::policy::may_see;
use shared::record::Record;
use shared::words::Role;

use super::problem::language;
use super::{Api, refusals};
use crate::access::SignedIn;
use crate::office::{Following, LookError, Told};

/// How many events are listed where nothing is said.
const USUAL_LIMIT: usize = 1_000;

/// The most that are listed at once; whoever wants more goes on after the last position.
const HIGHEST_LIMIT: usize = 100_000;

/// How many are read from the store at once.
const PAGE: usize = 512;

/// A line of this kind keeps proxies from closing a quiet connection.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// How soon a browser comes back after a break, in milliseconds.
const RETRY: Duration = Duration::from_secs(2);

#[derive(Debug, Deserialize)]
pub struct Range {
    #[serde(default)]
    after: u64,
    limit: Option<usize>,
}

#[derive(Debug, Deserialize)]
pub struct From {
    after: Option<u64>,
}

/// One event a line, in order of position.
pub async fn list(
    State(api): State<Api>,
    who: SignedIn,
    headers: HeaderMap,
    range: Result<Query<Range>, QueryRejection>,
) -> Response {
    let lang = language(&headers);
    let Range { after, limit } = match range {
        Ok(Query(range)) => range,
        Err(rejection) => return refusals::malformed(&rejection.body_text(), lang).into_response(),
    };
    let Some(role) = api.office.role(who.colleague) else { return refusals::stranger(lang).into_response() };
    let limit = limit.unwrap_or(USUAL_LIMIT).min(HIGHEST_LIMIT);
    // The first page is read before anything is answered: damage is then a problem document, not a torn body.
    let first = match page(&api, after, limit.min(PAGE)).await {
        Ok(first) => first,
        Err(error) => return refusals::unreadable(&error, lang).into_response(),
    };
    let lines = stream::unfold(Some((first, limit)), move |state| {
        let api = api.clone();
        async move {
            let (records, left) = state?;
            let last = records.last()?.position;
            let left = left.saturating_sub(records.len());
            let line = lines(&records, role);
            let rest = if left == 0 { Ok(Vec::new()) } else { page(&api, last, left.min(PAGE)).await };
            // A body that breaks off is all that can still be said; the reason is in the server's log.
            let next = rest.inspect_err(|error| tracing::error!(%error, "a list of events breaks off")).ok();
            Some((Ok::<_, Infallible>(line), next.map(|next| (next, left))))
        }
    });
    let mut response = Response::new(Body::from_stream(lines));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Server-sent events: the id of each is its position, and whoever comes back with `Last-Event-ID` misses nothing.
pub async fn live(
    State(api): State<Api>,
    who: SignedIn,
    headers: HeaderMap,
    from: Result<Query<From>, QueryRejection>,
) -> Response {
    let lang = language(&headers);
    let asked = match from {
        Ok(Query(from)) => from.after,
        Err(rejection) => return refusals::malformed(&rejection.body_text(), lang).into_response(),
    };
    if api.office.role(who.colleague).is_none() {
        return refusals::stranger(lang).into_response();
    }
    let resumed = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse().ok());
    let after = resumed.or(asked).unwrap_or_else(|| api.office.position());
    let following = api.office.follow(after);
    let sse = Sse::new(told(api, who, following)).keep_alive(KeepAlive::new().interval(HEARTBEAT));
    let mut response = sse.into_response();
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // nginx would otherwise hold events back until its buffer is full.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

/// Ends when the office closes, or when the listener may not listen any more.
fn told(api: Api, who: SignedIn, following: Following) -> impl Stream<Item = Result<Event, Infallible>> + Send {
    let listener = api.gauges.listens();
    let hello = stream::once(async { Ok(Event::default().retry(RETRY).comment("welcome")) });
    let news = stream::unfold((api, who, following, listener), |(api, who, mut following, listener)| async move {
        let told = match following.next().await {
            Ok(told) => told,
            Err(error) => {
                tracing::error!(%error, "somebody who listens is let go");
                return None;
            }
        };
        let role = may_listen(&api, &who)?;
        let events: Vec<Result<Event, Infallible>> = match told {
            Told::Records(records) => {
                let seen = records.into_iter().filter_map(|record| seen(record, role));
                seen.filter_map(|(position, json)| Some(Ok(Event::default().id(position.to_string()).data(json.ok()?))))
                    .collect()
            }
            Told::Again { generation } => vec![Ok(Event::default().event("again").data(generation.to_string()))],
            Told::Over => return None,
        };
        Some((stream::iter(events), (api, who, following, listener)))
    });
    hello.chain(news.flatten())
}

/// The role of a listener who is still a colleague, and still signed in or holding the token.
fn may_listen(api: &Api, who: &SignedIn) -> Option<Role> {
    let is_known = api.access.still_knows(who);
    api.office.role(who.colleague).filter(|_| is_known)
}

async fn page(api: &Api, after: u64, limit: usize) -> Result<Vec<Record>, LookError> {
    let office = api.office.clone();
    // A thread that died reads as the end of the log.
    tokio::task::spawn_blocking(move || office.records(after, limit)).await.unwrap_or_else(|_| Ok(Vec::new()))
}

fn lines(records: &[Record], role: Role) -> Bytes {
    let mut lines = Vec::new();
    for (_, json) in records.iter().filter_map(|record| seen(record.clone(), role)) {
        if let Ok(json) = json {
            lines.extend(json.into_bytes());
            lines.push(b'\n');
        }
    }
    lines.into()
}

/// A record's position and JSON, as far as this role sees it.
fn seen(record: Record, role: Role) -> Option<(u64, serde_json::Result<String>)> {
    let sight = may_see(Some(role), record.stream().slice);
    let record = record.seen_with(sight)?;
    Some((record.position, serde_json::to_string(&record)))
}
