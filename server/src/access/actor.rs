//! The one who asks: found once for each request, by an access token or by the session cookie.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode, Uri};
use shared::ids::ColleagueId;
use shared::lang::Lang;
use tower_sessions::Session;
use tower_sessions::session::Id;

use super::doors::sign_in_page;
use super::registry::Pass;
use super::sessions::PASS;
use super::{Access, Token};
use crate::api::problem::{Problem, language};

/// Where a session keeps the day of its last use. It changes once a day, and the session with it:
/// so thirty days count from the last use without a write for each request.
const DAY: &str = "day";

/// A colleague of whom we know that it is them. As an extractor it refuses everybody else: with a
/// 401 problem document under `/api`, and by leading to the sign-in page elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIn {
    pub colleague: ColleagueId,
    pub by: By,
}

/// How we know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum By {
    /// A person at a browser.
    Session(Visit),
    /// A program, with the token of this id and label.
    Token(Token),
}

/// A session of a browser, and the sign-in that it goes back to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visit {
    pub pass: Pass,
    pub(super) session: Id,
}

/// The colleague, if it is one. Never refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaybeSignedIn(pub Option<SignedIn>);

/// The refusal of [`SignedIn`].
#[derive(Clone, Debug)]
pub struct NotSignedIn {
    lang: Lang,
    /// Of a page, where to go on after the sign-in; none at the doors for programs.
    page: Option<String>,
    had_token: bool,
}

impl<S: Send + Sync> FromRequestParts<S> for SignedIn {
    type Rejection = NotSignedIn;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| NotSignedIn {
            lang: language(&parts.headers),
            page: page_of(&parts.method, &parts.uri),
            had_token: bearer(&parts.headers).is_some(),
        })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for MaybeSignedIn {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(parts.extensions.get::<SignedIn>().cloned()))
    }
}

impl IntoResponse for NotSignedIn {
    fn into_response(self) -> Response {
        match self.page {
            Some(next) if !self.had_token => Redirect::to(&sign_in_page(&next)).into_response(),
            Some(_) | None => self.problem().into_response(),
        }
    }
}

impl NotSignedIn {
    pub fn problem(&self) -> Problem {
        let lang = self.lang;
        let detail = if self.had_token {
            lang.pick(
                "This access token is not valid: it was revoked, or it was not copied whole. Make a new one under “Access tokens”.",
                "Этот ключ доступа не действует: он отозван или скопирован не целиком. Создайте новый в разделе «Ключи доступа».",
            )
        } else {
            lang.pick(
                "Sign in, or send an access token in the header “Authorization: Bearer …”.",
                "Войдите или передайте ключ доступа в заголовке «Authorization: Bearer …».",
            )
        };
        let title = lang.pick("You are not signed in", "Вы не вошли");
        Problem::new(StatusCode::UNAUTHORIZED, "not-signed-in", title).detail(detail)
    }
}

/// Finds out who asks and puts it, and the [`Access`], beside the request.
pub async fn recognise(State(access): State<Access>, session: Session, mut request: Request, next: Next) -> Response {
    let found = match bearer(request.headers()) {
        // Who shows a token is who the token says, or nobody: a good cookie beside a bad token must
        // not make a request pass that skipped the check for other sites.
        Some(token) => by_token(&access, token),
        None => by_session(&access, &session).await,
    };
    if let Some(found) = found {
        request.extensions_mut().insert(found);
    }
    request.extensions_mut().insert(access);
    next.run(request).await
}

/// The token in `Authorization: Bearer …`.
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn by_token(access: &Access, token: &str) -> Option<SignedIn> {
    let (colleague, token) = access.token_shown(token)?;
    Some(SignedIn { colleague, by: By::Token(token) })
}

async fn by_session(access: &Access, session: &Session) -> Option<SignedIn> {
    // No cookie, no session: nothing is looked up, and nothing made.
    let id = session.id()?;
    let pass = match session.get::<Pass>(PASS).await {
        Ok(pass) => pass?,
        Err(error) => {
            tracing::error!(%error, "a session cannot be read; its owner counts as signed out");
            return None;
        }
    };
    let today = access.now().strftime("%F").to_string();
    if let Err(error) = session.insert(DAY, today).await {
        tracing::error!(%error, "the last use of a session cannot be noted");
    }
    Some(SignedIn { colleague: pass.colleague, by: By::Session(Visit { pass, session: id }) })
}

/// The page that a request was for; none under `/api`, where programs ask.
fn page_of(method: &Method, uri: &Uri) -> Option<String> {
    let path = uri.path();
    if path == "/api" || path.starts_with("/api/") {
        return None;
    }
    // After a form there is nothing to go back to but the page that it stands on.
    let is_read = method == Method::GET || method == Method::HEAD;
    Some(uri.path_and_query().filter(|_| is_read).map_or(path, |whole| whole.as_str()).to_owned())
}
