//! The raw log: `GET /api/events` as JSON lines, and `GET /api/events/live` as it grows. Everybody
//! gets what they may see: `policy::may_see`.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::Query;
use axum::extract::State;
use axum::extract::rejection::QueryRejection;
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use futures::stream::{self, Stream, StreamExt};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
use serde::Deserialize;
use shared::policy::may_see;
use shared::record::Record;
use shared::words::Role;
use tokio::task::JoinError;
use tokio::time::Instant;

use super::figures::Line;
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
    if api.office.role(who.colleague).is_none() {
        return refusals::stranger(lang).into_response();
    }
    // It ends where the log ends now, however slowly it is read.
    let there_are = api.office.position().saturating_sub(after);
    let limit = limit.unwrap_or(USUAL_LIMIT).min(HIGHEST_LIMIT).min(usize::try_from(there_are).unwrap_or(usize::MAX));
    // The first page is read before anything is answered: damage is then a problem document, not a torn body.
    let first = match page(&api, after, limit.min(PAGE)).await {
        Ok(first) => first,
        Err(error) => return refusals::unreadable(&error, lang).into_response(),
    };
    let lines = stream::unfold(Some((Ok(first), limit)), move |state| {
        let (api, who) = (api.clone(), who.clone());
        async move {
            let (page_read, left) = state?;
            // Whoever reads slowly may have lost their access meanwhile.
            let allowed = may_listen(&api, &who).ok_or(Unread::LetGo);
            let (records, role) = match page_read.and_then(|records| Ok((records, allowed?))) {
                Ok(read) => read,
                // The body breaks off: a list that ended in order would look like the whole of it.
                Err(error) => {
                    tracing::error!(%error, "a list of events breaks off");
                    return Some((Err(error), None));
                }
            };
            let last = records.last()?.position;
            let left = left.saturating_sub(records.len());
            let line = lines(&records, role);
            let next = if left == 0 { None } else { Some((page(&api, last, left.min(PAGE)).await, left)) };
            Some((Ok(line), next))
        }
    });
    // Whoever compresses it asks once more after its end.
    let mut response = Response::new(Body::from_stream(lines.fuse()));
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
    let resumed: Option<u64> = match headers.get("last-event-id").map(|id| id.to_str().ok()?.parse().ok()) {
        Some(None) => return refusals::no_position(lang).into_response(),
        Some(Some(position)) => Some(position),
        None => None,
    };
    let Some(line) = api.figures.line(who.colleague) else { return refusals::too_many_lines(lang).into_response() };
    let live = api.office.live();
    let after = resumed.or(asked).unwrap_or(live.position);
    // From a log that went further than this one, as before a restore: what was folded there did not happen here.
    let lost = (after > live.position).then(|| again(live.generation).id(live.position.to_string()));
    let following = api.office.follow(after.min(live.position));
    let mut response = Sse::new(told(api, who, following, lost, line)).into_response();
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // nginx would otherwise hold events back until its buffer is full.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

/// What a line hears next.
enum Heard {
    Told(Result<Told, LookError>),
    /// Somebody may have lost their access.
    Look,
    /// Nothing for a while.
    Quiet,
}

/// Ends when the office closes, or when the listener may not listen any more: looked at with every
/// event, at every sign-out and revocation, and with every heartbeat, as time ends a session too.
fn told(
    api: Api,
    who: SignedIn,
    following: Following,
    lost: Option<Event>,
    line: Line,
) -> impl Stream<Item = Result<Event, Infallible>> + Send {
    let hello = [Event::default().retry(RETRY).comment("welcome")].into_iter().chain(lost).map(Ok);
    let changes = api.access.changes();
    let pulse = tokio::time::interval_at(Instant::now() + HEARTBEAT, HEARTBEAT);
    let state = (api, who, following, changes, pulse, line);
    let news = stream::unfold(state, |(api, who, mut following, mut changes, mut pulse, line)| async move {
        let heard = tokio::select! {
            told = following.next() => Heard::Told(told),
            changed = changes.changed() => changed.is_ok().then_some(Heard::Look)?,
            _ = pulse.tick() => Heard::Quiet,
        };
        let role = may_listen(&api, &who)?;
        let events: Vec<Result<Event, Infallible>> = match heard {
            Heard::Told(Ok(Told::Records(records))) => {
                let seen = records.into_iter().filter_map(|record| seen(record, role));
                seen.filter_map(|(position, json)| Some(Ok(Event::default().id(position.to_string()).data(json.ok()?))))
                    .collect()
            }
            Heard::Told(Ok(Told::Again { generation })) => vec![Ok(again(generation))],
            Heard::Told(Ok(Told::Over)) => return None,
            Heard::Told(Err(error)) => {
                tracing::error!(%error, "somebody who listens is let go");
                return None;
            }
            Heard::Look => Vec::new(),
            Heard::Quiet => vec![Ok(Event::default().comment("still here"))],
        };
        Some((stream::iter(events), (api, who, following, changes, pulse, line)))
    });
    stream::iter(hello).chain(news.flatten())
}

/// The past reads differently: fetch the views anew.
fn again(generation: u64) -> Event {
    Event::default().event("again").data(generation.to_string())
}

/// The role of a listener who is still a colleague, and still signed in or holding the token.
fn may_listen(api: &Api, who: &SignedIn) -> Option<Role> {
    let is_known = api.access.still_knows(who);
    api.office.role(who.colleague).filter(|_| is_known)
}

/// Why a piece of the log did not come.
#[derive(Debug, thiserror::Error)]
enum Unread {
    #[error(transparent)]
    Look(#[from] LookError),
    #[error("the reading did not come to its end: {0}")]
    Died(#[from] JoinError),
    #[error("its reader may not read it any more")]
    LetGo,
}

async fn page(api: &Api, after: u64, limit: usize) -> Result<Vec<Record>, Unread> {
    let office = api.office.clone();
    Ok(tokio::task::spawn_blocking(move || office.records(after, limit)).await??)
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
