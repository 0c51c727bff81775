//! Pages: the screens of `app`, rendered on the server under a strict content security policy.

use crate::site::Site;
use app::{App, Lang, shell, text::LANG_COOKIE};
use axum::{
    Form, Router,
    extract::{FromRef, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
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

/// What the pages need of the server.
#[derive(Clone)]
pub struct Pages {
    options: LeptosOptions,
    site: Site,
}

impl FromRef<Pages> for LeptosOptions {
    fn from_ref(pages: &Pages) -> Self {
        pages.options.clone()
    }
}

impl FromRef<Pages> for Site {
    fn from_ref(pages: &Pages) -> Self {
        pages.site.clone()
    }
}

/// The pages, their files, and the choice of a language.
pub fn router(site: Site) -> Router {
    let pages = Pages { options: LeptosOptions::builder().output_name("twofront").build(), site };
    let context = {
        let assets = pages.site.assets.clone();
        move || {
            provide_context(assets.clone());
            provide_context(language_of_request());
            permit_only_our_own_scripts();
        }
    };
    let render = {
        let assets = pages.site.assets.clone();
        move || shell(assets.clone())
    };

    Router::new()
        .route("/language", post(choose_language))
        .leptos_routes_with_context(&pages, generate_route_list(App), context.clone(), render.clone())
        .fallback(async move |State(site): State<Site>, request: Request| {
            if let Some(file) = site.answer(request.method(), request.uri().path(), request.headers()) {
                return file;
            }
            let page = leptos_axum::render_app_async_with_context(context, render)(request).await;
            (StatusCode::NOT_FOUND, page).into_response()
        })
        .layer(middleware::from_fn(harden))
        .with_state(pages)
}

/// What a person chose; else what the browser wishes; else English.
fn language_of_request() -> Lang {
    use_context::<Parts>().map(|parts| language_of(&parts.headers)).unwrap_or_default()
}

fn language_of(headers: &HeaderMap) -> Lang {
    let chosen = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|cookies| cookies.split(';'))
        .filter_map(|cookie| cookie.trim().split_once('='))
        .find_map(|(name, value)| (name == LANG_COOKIE).then(|| Lang::from_tag(value))?);
    let wished = || headers.get(header::ACCEPT_LANGUAGE).and_then(|value| Lang::from_accept(value.to_str().ok()?));
    chosen.or_else(wished).unwrap_or_default()
}

fn permit_only_our_own_scripts() {
    let (Some(nonce), Some(response)) = (use_nonce(), use_context::<ResponseOptions>()) else { return };
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{nonce}' 'strict-dynamic' 'wasm-unsafe-eval'; style-src 'self'; \
         connect-src 'self'; img-src 'self' data:; font-src 'self'; manifest-src 'self'; worker-src 'self'; \
         form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    );
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        response.insert_header(header::CONTENT_SECURITY_POLICY, policy);
    }
}

/// Headers that hold for every answer, page or not.
async fn harden(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("private, no-cache"));
    response
}

#[derive(Deserialize)]
struct Choice {
    lang: String,
    back: Option<String>,
}

async fn choose_language(Form(choice): Form<Choice>) -> Response {
    let Some(lang) = Lang::from_tag(&choice.lang) else {
        return (StatusCode::UNPROCESSABLE_ENTITY, "The languages are en and ru.").into_response();
    };
    let cookie = format!("{}={}; Path=/; Max-Age=31536000; SameSite=Lax; HttpOnly", LANG_COOKIE, lang.code());
    let back = choice.back.filter(|path| is_local(path)).unwrap_or_else(|| "/".to_owned());
    ([(header::SET_COOKIE, cookie)], Redirect::to(&back)).into_response()
}

/// Whether an address stays on this server; `//host` and `/\host` do not.
fn is_local(path: &str) -> bool {
    path.starts_with('/') && !path.starts_with("//") && !path.contains(['\\', '\r', '\n', '\t'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(pairs: &[(header::HeaderName, &'static str)]) -> Lang {
        language_of(&pairs.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect())
    }

    #[test]
    fn a_chosen_language_outranks_the_browsers_wish() {
        assert_eq!(asked(&[(header::COOKIE, "a=b; lang=ru"), (header::ACCEPT_LANGUAGE, "en")]), Lang::Ru);
        assert_eq!(asked(&[(header::COOKIE, "lang=xx"), (header::ACCEPT_LANGUAGE, "ru")]), Lang::Ru);
        assert_eq!(asked(&[]), Lang::En);
    }

    #[test]
    fn choosing_a_language_leads_back_and_never_away() {
        assert!(is_local("/accounts?q=1"));
        for elsewhere in ["//evil.example", "/\\evil.example", "https://evil.example", "evil", ""] {
            assert!(!is_local(elsewhere));
        }
    }
}
