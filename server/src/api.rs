//! The doors for programs: commands, views and events under `/api`, and what those who run the
//! server look at. Whatever is refused is a problem document (RFC 9457) in the reader's language.

pub mod commands;
pub mod company;
pub mod events;
pub mod figures;
pub mod health;
pub mod imports;
pub mod openapi;
pub mod problem;
pub mod refusals;
pub mod views;
pub mod words;

use app::Assets;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{MethodRouter, get, post};

use crate::access::Access;
use crate::office::Office;
use crate::pages::Pages;
use figures::Figures;

/// The largest request body: a commit's worth of text, and some more for JSON's sake.
pub const LARGEST_BODY: usize = 2 << 20;

/// What the doors need.
#[derive(Clone)]
pub struct Api {
    pub office: Office,
    pub access: Access,
    pub pages: Pages,
    pub figures: Figures,
    /// Whether everybody comes by way of a proxy: who asks from this machine is then not of it.
    pub behind_proxy: bool,
    /// Where the style sheet and the icon are.
    pub assets: Assets,
}

impl Api {
    /// The doors to the house that these pages show.
    pub fn new(pages: Pages, behind_proxy: bool, assets: Assets) -> Self {
        let figures = pages.figures.clone();
        Self { office: pages.office.clone(), access: pages.access.clone(), pages, figures, behind_proxy, assets }
    }
}

/// One route of the API: the document in [`openapi`] describes exactly these.
pub struct Door {
    pub method: &'static str,
    pub path: &'static str,
    route: fn() -> MethodRouter<Api>,
}

/// Every route under `/api`, and the three for those who run the server.
pub const DOORS: &[Door] = &[
    Door { method: "post", path: "/api/commands", route: || post(commands::post) },
    Door { method: "get", path: "/api/events", route: || get(events::list) },
    Door { method: "get", path: "/api/events/live", route: || get(events::live) },
    Door { method: "get", path: "/api/views/{*view}", route: || get(views::get) },
    Door { method: "get", path: "/api/openapi.json", route: || get(openapi::document) },
    Door { method: "get", path: "/api", route: || get(openapi::page) },
    Door { method: "get", path: "/healthz", route: || get(health::healthz) },
    Door { method: "get", path: "/readyz", route: || get(health::readyz) },
    Door { method: "get", path: "/metrics", route: || get(health::metrics) },
];

/// The routes, without the guard that finds out who asks: see `Doors::guard`.
pub fn routes<S: Clone + Send + Sync + 'static>(api: Api) -> Router<S> {
    let router = DOORS.iter().fold(Router::new(), |router, door| router.route(door.path, (door.route)()));
    router
        .route("/api/", axum::routing::any(refusals::no_such_door))
        .route("/api/{*anything}", axum::routing::any(refusals::no_such_door))
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .with_state(api)
}
