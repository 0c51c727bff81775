//! The server: all doors put together, and an orderly end.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use app::when::Zone;
use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use http::HeaderName;
use shared::lang::Lang;
use shared::words::Role;
use tokio::net::TcpListener;
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, RequestId, SetRequestIdLayer};
use tower_http::trace::TraceLayer;
use tracing::Span;

use crate::access::{Access, AccessError, Doors, NewAdministrator, Settings};
use crate::api::{self, Api};
use crate::beside::Beside;
use crate::office::Office;
use crate::pages::Pages;
use crate::people;
use crate::site::Site;
use crate::ssr;

/// How long requests that are under way have, once the server is asked to stop. The store then closes within the ten
/// seconds that whoever stopped us waits.
const DRAIN: Duration = Duration::from_secs(7);

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
    let beside = Beside::new(office, access, &data);
    let pages = Pages::new(beside.clone(), zone);
    let router = Router::new()
        .merge(api::routes(Api::new(pages.clone())))
        .merge(doors.routes())
        .merge(beside.routes())
        .merge(ssr::router(site, pages));
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
///
/// # Errors
/// When the listener fails.
pub async fn run(
    listener: TcpListener,
    router: Router,
    office: Office,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let (stopping, mut stopped) = tokio::sync::watch::channel(false);
    let told = async move {
        stop.await;
        tracing::info!("stopping: no more connections are taken");
        office.let_go();
        // The receiver lives below.
        let _ = stopping.send(true);
    };
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let serving = async { axum::serve(listener, service).with_graceful_shutdown(told).await };
    let too_long = async {
        // An error means that the serving has ended by itself.
        if stopped.wait_for(|stopped| *stopped).await.is_err() {
            std::future::pending::<()>().await;
        }
        tokio::time::sleep(DRAIN).await;
    };
    tokio::select! {
        served = serving => served,
        () = too_long => {
            tracing::warn!("some requests did not end in time and are cut off");
            Ok(())
        }
    }
}

/// Comes true when the process is asked to stop.
///
/// # Errors
/// When signals cannot be received.
pub fn asked_to_stop() -> std::io::Result<impl Future<Output = ()> + Send + 'static> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
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
    let (status, milliseconds) = (response.status().as_u16(), took.as_millis());
    if response.status().is_server_error() {
        tracing::warn!(status, milliseconds, "answered");
    } else {
        tracing::info!(status, milliseconds, "answered");
    }
}
