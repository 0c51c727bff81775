//! Pages: the screens of `app`, rendered on the server under a strict content security policy.

use crate::access::{CspNonce, SignedIn, Typed, typed};
use crate::api::problem::{cookie, language};
use crate::pages::{self, LARGEST_FORM, Pages, zone_named};
use crate::reader::Seat;
use crate::site::Site;
use app::address::{encode, local};
use app::parts::{submit::Logged, waiting};
use app::read::{Entrance, Query as _, Reader, Report, Trouble};
use app::theme::{THEME_COOKIE, Theme};
use app::when::ZONE_COOKIE;
use app::{App, Lang, shell, text::LANG_COOKIE};
use axum::{
    Form, Router,
    extract::{DefaultBodyLimit, FromRef, FromRequestParts, Request, State},
    http::{HeaderValue, StatusCode, header, request::Parts},
    middleware::{self, Next},
    response::{IntoResponse, Redirect, Response},
    routing::post,
};
use leptos::{
    config::LeptosOptions,
    nonce::use_nonce,
    prelude::{provide_context, use_context},
};
use leptos_axum::{LeptosRoutes, ResponseOptions, generate_route_list};
use serde::Deserialize;
use shared::ids::{Slice, Stream};
use std::sync::Arc;

/// What rendering needs: leptos's options, the browser's files, and what the pages read.
#[derive(Clone)]
pub struct Rendering {
    options: LeptosOptions,
    site: Site,
    pages: Pages,
}

impl FromRef<Rendering> for LeptosOptions {
    fn from_ref(rendering: &Rendering) -> Self {
        rendering.options.clone()
    }
}

impl FromRef<Rendering> for Site {
    fn from_ref(rendering: &Rendering) -> Self {
        rendering.site.clone()
    }
}

impl FromRef<Rendering> for Pages {
    fn from_ref(rendering: &Rendering) -> Self {
        rendering.pages.clone()
    }
}

/// The pages, their files, their forms, and the choice of a language.
pub fn router(site: Site, pages: Pages) -> Router {
    let options = LeptosOptions::builder().output_name("twofront").build();
    let rendering = Rendering { options, site, pages };
    let context = {
        let (assets, pages) = (rendering.site.assets.clone(), rendering.pages.clone());
        move || {
            provide_context(assets.clone());
            provide_context(language_of_request());
            provide_context(theme_of_request());
            provide_entrance(&pages);
            provide_reader(&pages);
            provide_context(Report(Arc::new(report())));
            permit_only_our_own_scripts();
        }
    };
    let render = {
        let assets = rendering.site.assets.clone();
        move || shell(assets.clone())
    };

    Router::new()
        .leptos_routes_with_context(&rendering, generate_route_list(App), context.clone(), render.clone())
        .route_layer(middleware::from_fn_with_state(rendering.pages.clone(), only_signed_in))
        .merge(forms())
        .fallback(async move |State(site): State<Site>, request: Request| {
            if let Some(file) = site.answer(request.method(), request.uri().path(), request.headers()) {
                return file;
            }
            let page = leptos_axum::render_app_async_with_context(context, render)(request).await;
            (StatusCode::NOT_FOUND, page).into_response()
        })
        .with_state(rendering)
}

/// The forms of the pages. Anybody can send one, so none is read beyond its measure.
fn forms() -> Router<Rendering> {
    Router::new()
        .route("/language", post(choose_language))
        .route("/theme", post(choose_theme))
        .route("/zone", post(choose_zone))
        .route("/do", post(pages::act))
        .layer(DefaultBodyLimit::max(LARGEST_FORM))
}

/// The pages that one sees before signing in.
const BEFORE_SIGN_IN: [&str; 3] = ["/sign-in", "/setup", "/join"];

/// Leads everybody else to the sign-in, and back from there. Who has left is somebody else from that moment on, also
/// while their session still waits to be ended.
async fn only_signed_in(State(pages): State<Pages>, request: Request, next: Next) -> Response {
    let is_open = BEFORE_SIGN_IN.contains(&request.uri().path());
    let (mut parts, body) = request.into_parts();
    if parts.extensions.get::<SignedIn>().is_some_and(|who| pages.office.role(who.colleague).is_none()) {
        parts.extensions.remove::<SignedIn>();
    }
    if !is_open && let Err(not) = SignedIn::from_request_parts(&mut parts, &()).await {
        return not.into_response();
    }
    next.run(Request::from_parts(parts, body)).await
}

/// Gives the page of somebody who is signed in its reader, and the form of theirs that was refused.
fn provide_reader(pages: &Pages) {
    let Some(parts) = use_context::<Parts>() else { return };
    let Some(who) = parts.extensions.get::<SignedIn>() else { return };
    let asked = |name: &str| parts.uri.query()?.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    if let Some(seat) = pages.reader(who, &parts.headers) {
        if let Some(logged) = asked("logged").filter(|stream| is_mine(stream, &seat)) {
            provide_context(Logged(logged.to_owned()));
        }
        provide_context(seat.viewer());
        if let Ok(waiting) = waiting::Ask.answer(&seat) {
            provide_context(waiting);
        }
        provide_context::<Arc<dyn Reader>>(Arc::new(seat));
    }
    if let Some(slip) =
        asked("slip").and_then(|number| number.parse().ok()).and_then(|number| pages.slips.get(number, who.colleague))
    {
        provide_context(slip);
    }
}

/// Whether an address may offer to undo an entry: only the viewer's own.
fn is_mine(stream: &str, seat: &Seat) -> bool {
    let stream: Option<Stream> = stream.parse().ok().filter(|stream: &Stream| stream.slice == Slice::Interaction);
    let records = stream.and_then(|stream| seat.of_stream(stream).ok()).unwrap_or_default();
    records.first().is_some_and(|first| first.by == seat.viewer().me)
}

/// Gives a form of access what was typed before its refusal, and the pages of one-time links whose they are.
fn provide_entrance(pages: &Pages) {
    let Some(parts) = use_context::<Parts>() else { return };
    let path = parts.uri.path();
    if !BEFORE_SIGN_IN.contains(&path) && path != "/tokens" {
        return;
    }
    let Typed { name, email, label, sentence } = typed(&parts.extensions, &parts.headers);
    let link = parts.uri.query().and_then(|query| query.split('&').find_map(|pair| pair.strip_prefix("link=")));
    let link = link.unwrap_or_default();
    let mut entrance = Entrance { name, email, label, sentence, ..Entrance::default() };
    // From the first password on it is nobody's business how the product stands.
    entrance.awaits_setup = path == "/sign-in" && !pages.access.is_set_up();
    if path == "/setup" {
        entrance.is_link_good = pages.access.can_set_up(link);
    } else if path == "/join"
        && let Some(invited) = pages.access.invited(link)
    {
        let logins = pages.access.logins();
        let login = logins.into_iter().find(|login| login.colleague == invited);
        entrance.is_link_good = true;
        entrance.email = login.map(|login| login.email.to_string()).unwrap_or_default();
        entrance.invited = pages.office.company(|company| {
            let identity = company.directory.colleagues.get(&invited)?.identity.known()?;
            Some(identity.name.to_string())
        });
    }
    provide_context(entrance);
}

/// Gives the answer the status of a page that cannot be shown.
fn report() -> impl Fn(&Trouble) + Send + Sync {
    let response = use_context::<ResponseOptions>();
    move |trouble| {
        let status = match trouble {
            Trouble::SignedOut => StatusCode::UNAUTHORIZED,
            Trouble::NotAllowed => StatusCode::FORBIDDEN,
            Trouble::NotFound => StatusCode::NOT_FOUND,
            Trouble::Unreachable(_) | Trouble::Unreadable(_) => StatusCode::SERVICE_UNAVAILABLE,
        };
        if let Some(response) = &response {
            response.set_status(status);
        }
    }
}

/// What a person chose; else what the browser wishes; else English.
fn language_of_request() -> Lang {
    use_context::<Parts>().map(|parts| language(&parts.headers)).unwrap_or_default()
}

/// What a person chose; else the device decides.
fn theme_of_request() -> Theme {
    let chosen = use_context::<Parts>().and_then(|parts| Theme::from_word(cookie(&parts.headers, THEME_COOKIE)?));
    chosen.unwrap_or_default()
}

fn permit_only_our_own_scripts() {
    let (Some(nonce), Some(response)) = (use_nonce(), use_context::<ResponseOptions>()) else { return };
    if let Ok(policy) = HeaderValue::from_str(&CspNonce(nonce.to_string()).policy()) {
        response.insert_header(header::CONTENT_SECURITY_POLICY, policy);
    }
}

#[derive(Deserialize)]
struct Choice {
    lang: String,
    back: Option<String>,
}

/// The cookie by which a choice is kept for a year; without one it is forgotten.
fn choice_cookie(name: &str, chosen: Option<&str>) -> String {
    let (value, seconds) = chosen.map_or(("", 0), |chosen| (chosen, 31_536_000));
    format!("{name}={value}; Path=/; Max-Age={seconds}; SameSite=Lax; HttpOnly")
}

async fn choose_language(Form(choice): Form<Choice>) -> Response {
    let Some(lang) = Lang::from_tag(&choice.lang) else {
        return StatusCode::UNPROCESSABLE_ENTITY.into_response();
    };
    let cookie = choice_cookie(LANG_COOKIE, Some(lang.code()));
    let back = choice.back.as_deref().and_then(local).unwrap_or("/");
    ([(header::SET_COOKIE, cookie)], Redirect::to(back)).into_response()
}

#[derive(Deserialize)]
struct Colours {
    theme: String,
    back: Option<String>,
}

async fn choose_theme(Form(choice): Form<Colours>) -> Response {
    let Some(theme) = Theme::from_word(&choice.theme) else {
        return StatusCode::UNPROCESSABLE_ENTITY.into_response();
    };
    let cookie = choice_cookie(THEME_COOKIE, theme.attribute());
    let back = choice.back.as_deref().and_then(local).unwrap_or("/");
    ([(header::SET_COOKIE, cookie)], Redirect::to(back)).into_response()
}

#[derive(Deserialize)]
struct Place {
    zone: String,
    back: Option<String>,
}

async fn choose_zone(Form(choice): Form<Place>) -> Response {
    let back = choice.back.as_deref().and_then(local).unwrap_or("/");
    let name = choice.zone.trim();
    let cookie = match (name, zone_named(name)) {
        ("", _) => choice_cookie(ZONE_COOKIE, None),
        (_, Ok(zone)) => choice_cookie(ZONE_COOKIE, Some(zone.name())),
        (unknown, Err(_)) => {
            let unknown: String = unknown.chars().take(60).collect();
            return Redirect::to(&pages::with_query(back, "no-zone", &encode(&unknown))).into_response();
        }
    };
    ([(header::SET_COOKIE, cookie)], Redirect::to(back)).into_response()
}
