//! The server: all doors put together, and an orderly end.

use std::path::PathBuf;
use std::time::Duration;

use app::when::Zone;
use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::Response;
use http::HeaderName;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use shared::lang::Lang;
use shared::words::Role;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tower::ServiceExt;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, Predicate as _, SizeAbove};
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, RequestId, SetRequestIdLayer};
use tower_http::timeout::RequestBodyTimeoutLayer;
use tower_http::trace::TraceLayer;
use tracing::Span;

use crate::access::{Access, AccessError, Doors, NewAdministrator, Settings};
use crate::api::figures::timed;
use crate::api::{self, Api, words};
use crate::beside::Beside;
use crate::clock::milliseconds;
use crate::office::Office;
use crate::pages::Pages;
use crate::people;
use crate::site::Site;
use crate::ssr;

/// How long requests that are under way have, once the server is asked to stop. The store then closes within the ten
/// seconds that whoever stopped us waits.
const DRAIN: Duration = Duration::from_secs(4);

/// How long the next piece of a body may take. An upload as a whole takes as long as it takes.
const NEXT_PIECE: Duration = Duration::from_secs(30);

/// How long the head of a request may take, and how long a quiet connection is kept: longer than proxies keep theirs.
const HEAD: Duration = Duration::from_secs(75);

/// How long to wait after a connection that could not be taken.
const BREATH: Duration = Duration::from_millis(500);

/// How long a stop takes at most, come what may: also while a store is opened that has to be made anew. Whoever stopped us
/// waits ten seconds.
const LAST_MOMENT: Duration = Duration::from_millis(9_500);

/// Answers shorter than this go as they are: in one packet either way.
const WORTH_COMPRESSING: u64 = 1_024;

/// What a process exits with that ended before its store was closed, as shells have it.
const ENDED_AT_ONCE: i32 = 130;

/// The id under which a request is found in the log; a proxy's own is kept.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Everything that the doors lead to.
#[derive(Clone)]
pub struct House {
    pub office: Office,
    pub access: Access,
    pub site: Site,
    pub zone: Zone,
    /// The data folder, for uploads and files of refused rows.
    pub data: PathBuf,
}

/// All doors: the API, the forms of access, and the pages.
///
/// # Errors
/// When the public address is not one.
pub fn router(house: House, settings: &Settings) -> Result<Router, AccessError> {
    let House { office, access, site, zone, data } = house;
    let record = {
        let office = office.clone();
        move |new: NewAdministrator| record_administrator(office.clone(), new)
    };
    let doors = Doors::new(access.clone(), settings, record)?;
    let beside = Beside::new(office, access, &data).reached_at(settings.public_url.clone());
    let pages = Pages::new(beside.clone(), zone);
    let figures = pages.figures.clone();
    let router = Router::new()
        .merge(api::routes(Api::new(pages.clone(), settings.behind_proxy, site.assets.clone())))
        .merge(doors.routes())
        .merge(beside.routes())
        .merge(ssr::router(site, pages))
        .layer(CatchPanicLayer::new())
        .layer(from_fn(words::in_words))
        // A page is mostly the same words again and again. Files of the site are compressed already, and events that arrive
        // one by one wait for nothing: both are left alone. What could be guessed by the length of an answer is in none:
        // a page's only secret, a fresh token, is told once.
        .layer(CompressionLayer::new().compress_when(DefaultPredicate::new().and(SizeAbove::new(WORTH_COMPRESSING))))
        .layer(from_fn_with_state(figures, timed))
        .layer(RequestBodyTimeoutLayer::new(NEXT_PIECE));
    let trace = TraceLayer::new_for_http().make_span_with(span).on_request(()).on_response(answered);
    // The last one added is the first to see a request.
    Ok(doors
        .guard(router)
        .layer(PropagateRequestIdLayer::new(REQUEST_ID))
        .layer(trace)
        .layer(SetRequestIdLayer::new(REQUEST_ID, MakeRequestUuid)))
}

/// Serves until `stop` comes true; then takes no more connections, lets go whoever listens to the log, and waits a
/// while for what is under way.
pub async fn run(listener: TcpListener, router: Router, office: Office, stop: impl Future<Output = ()>) {
    let told = async move {
        stop.await;
        tracing::info!("stopping: no more connections are taken");
        office.let_go();
    };
    take(listener, router, HEAD, told).await;
}

/// As `axum::serve` does, which waits for ever for a request that never comes to the end of its head.
async fn take(listener: TcpListener, router: Router, head: Duration, stop: impl Future<Output = ()>) {
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(head);
    builder.http2().timer(TokioTimer::new()).keep_alive_interval(head).keep_alive_timeout(head);
    let open = GracefulShutdown::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = tokio::select! {
            () = &mut stop => break,
            accepted = listener.accept() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be taken");
                // Too many files are open, mostly: some are closed soon.
                tokio::time::sleep(BREATH).await;
                continue;
            }
        };
        // Events are small, and wait for nothing.
        let _ = stream.set_nodelay(true);
        let router = router.clone();
        let service = service_fn(move |request: http::Request<Incoming>| {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(ConnectInfo(peer));
            router.clone().oneshot(request)
        });
        let connection = open.watch(builder.serve_connection(TokioIo::new(stream), service).into_owned());
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(error, "a connection broke off");
            }
        });
    }
    drop(listener);
    if tokio::time::timeout(DRAIN, open.shutdown()).await.is_err() {
        tracing::warn!("some requests did not end in time and are cut off");
    }
}

/// Whether the process was asked to stop.
#[derive(Clone, Debug)]
pub struct Stop(watch::Receiver<bool>);

impl Stop {
    /// Listens for the signals from now on, on the runtime that this is called in. Whoever asks a second time does
    /// not want to wait: the process then ends at once, and the store is opened as after a loss of power.
    ///
    /// # Errors
    /// When signals cannot be received.
    pub fn listen() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        let (asked, stop) = watch::channel(false);
        tokio::spawn(async move {
            for is_first in [true, false] {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
                if !is_first {
                    std::process::exit(ENDED_AT_ONCE);
                }
                asked.send_replace(true);
                // Where no thread can be had either, the second signal is heard still.
                let _ = std::thread::Builder::new().spawn(end_at_last);
            }
        });
        Ok(Self(stop))
    }

    pub fn is_asked(&self) -> bool {
        *self.0.borrow()
    }

    /// Comes true when the process is asked to stop.
    pub async fn asked(mut self) {
        // The task that listens lives as long as the runtime does.
        if self.0.wait_for(|asked| *asked).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// Ends a process that is still there a while after it was asked to stop. Its store is opened as after a loss of power.
fn end_at_last() {
    std::thread::sleep(LAST_MOMENT);
    tracing::warn!("not stopped in time; ended where it was. Nothing that was acknowledged is lost");
    std::process::exit(ENDED_AT_ONCE);
}

/// The browser's files; none where they are not built, so that the API can be served without them.
pub fn site(folder: Option<PathBuf>) -> Site {
    let folder = folder.unwrap_or_else(Site::folder_of_this_binary);
    Site::read(&folder).unwrap_or_else(|error| {
        tracing::warn!(%error, "pages are served without scripts and styles");
        Site::default()
    })
}

async fn record_administrator(office: Office, new: NewAdministrator) -> Result<shared::ids::ColleagueId, String> {
    let NewAdministrator { name, email, lang } = new;
    people::admit(&office, name, email, Role::Administrator).await.map_err(|refusal| say(&refusal, lang))
}

fn say(refusal: &crate::desk::Refusal, lang: Lang) -> String {
    match refusal {
        crate::desk::Refusal::Rejected(rejection) => rejection.say(lang),
        crate::desk::Refusal::Conflict { .. }
        | crate::desk::Refusal::TooLarge(_)
        | crate::desk::Refusal::Closed(_)
        | crate::desk::Refusal::Unavailable(_) => refusal.to_string(),
    }
}

/// The path alone: a query may hold a one-time link.
fn span(request: &Request) -> Span {
    let id = request.extensions().get::<RequestId>().and_then(|id| id.header_value().to_str().ok()).unwrap_or_default();
    tracing::info_span!("request", id, method = %request.method(), path = request.uri().path())
}

fn answered(response: &Response, took: Duration, _: &Span) {
    let (status, milliseconds) = (response.status().as_u16(), milliseconds(took));
    if response.status().is_server_error() {
        tracing::warn!(status, milliseconds, "answered");
    } else {
        tracing::info!(status, milliseconds, "answered");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::get;
    use std::net::SocketAddr;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    async fn answer_to(sent: &str, head: Duration) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router =
            Router::new().route("/", get(async |ConnectInfo(peer): ConnectInfo<SocketAddr>| peer.ip().to_string()));
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let serving = tokio::spawn(take(listener, router, head, async move { drop(stopped.await) }));
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(sent.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let end = tokio::time::timeout(Duration::from_secs(60), stream.read_to_end(&mut answer)).await;
        assert!(end.is_ok(), "the connection is held");
        stop.send(()).unwrap();
        serving.await.unwrap();
        String::from_utf8(answer).unwrap()
    }

    #[tokio::test]
    async fn who_never_ends_the_head_of_a_request_is_let_go() {
        let answer = answer_to("GET / HTTP/1.1\r\nHost: x\r\nX-Slow", Duration::from_millis(20)).await;
        assert!(!answer.contains("200 OK"), "{answer}");
    }

    #[tokio::test]
    async fn a_request_is_answered_and_the_door_knows_where_it_comes_from() {
        let answer = answer_to("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", HEAD).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("127.0.0.1"), "{answer}");
    }
}
