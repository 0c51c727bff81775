//! The forms of access: they work without JavaScript, and for programs too.
//!
//! Success leads on (303). A refusal leads back to the form's page with `?refused=<code>`, see
//! [`Refused`]; a client that does not ask for HTML gets a problem document instead.
//!
//! | form (POST) | fields | leads to |
//! |---|---|---|
//! | `/sign-in` | `email`, `password`, `next` | `next`, or `/` |
//! | `/sign-out` | | `/sign-in` |
//! | `/password` | `old`, `new` | `/password?done=password` |
//! | `/setup` | `link`, `name`, `email`, `password` | `/` |
//! | `/join` | `link`, `password` | `/` |
//! | `/tokens` | `label` | `/tokens?new=<id>`, see [`Access::take_fresh_token`] |
//! | `/tokens/revoke` | `id` | `/tokens?done=revoked` |

use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;

use app::address::local;
use axum::extract::{ConnectInfo, DefaultBodyLimit, FromRequestParts, Request, State};
use axum::middleware::{from_fn_with_state, map_response};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::post;
use axum::{Form, Json, Router};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::{ACCEPT, SET_COOKIE};
use http::request::Parts;
use http::{Extensions, HeaderMap, HeaderValue, StatusCode};
use serde::{Deserialize, Serialize};
use shared::ids::ColleagueId;
use shared::lang::Lang;
use shared::words::{Email, PersonName};
use tower_http::csrf::CsrfLayer;
use tower_sessions::cookie::{SameSite, time::Duration};
use tower_sessions::{Expiry, Session, SessionManagerLayer};

use super::actor::{By, SignedIn, recognise};
use super::password::HashError;
use super::refused::Refused;
use super::registry::Pass;
use super::sessions::{IDLE, PASS, Store};
use super::{Access, AccessError, cross_site, headers};
use crate::api::problem::{cookie, language};

/// The most that any of these forms can weigh.
const LARGEST_FORM: usize = 16 * 1024;

/// How long the form remembers what was typed into it.
const TYPED_LASTS_SECONDS: u32 = 300;

/// The longest address that is kept for after the sign-in.
const LONGEST_NEXT: usize = 2_000;

/// How the server is reached.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// What people type, such as `https://twofront.example`, where a proxy stands in front. Decides
    /// by its scheme whether cookies are only for https.
    pub public_url: Option<String>,
    /// Whether other machines reach the server. Cookies are then only for https where nothing else is said.
    pub beyond_loopback: bool,
    /// Overrides that decision.
    pub secure_cookies: Option<bool>,
    /// Whether a proxy of ours fills in `X-Forwarded-For`. Without one, anybody could write there.
    pub behind_proxy: bool,
}

impl Settings {
    /// Whether browsers are to send the cookies over https alone.
    pub fn is_secure(&self) -> bool {
        let is_https = |url: &str| url.to_ascii_lowercase().starts_with("https://");
        let by_reach = || self.public_url.as_deref().map_or(self.beyond_loopback, is_https);
        self.secure_cookies.unwrap_or_else(by_reach)
    }

    /// What whoever runs the server must know of how it is reached; nothing where all is well.
    pub fn warning(&self) -> Option<&'static str> {
        match (self.beyond_loopback && !self.behind_proxy, self.is_secure()) {
            (false, _) => None,
            (true, true) => Some(
                "plain http is served to other machines, and cookies are for https alone: nobody can sign in from \
                 there. Put a proxy that speaks https in front and say so with --public-url and --behind-proxy",
            ),
            (true, false) => Some(
                "plain http is served to other machines, with cookies and passwords that anybody on the way can read. \
                 Put a proxy that speaks https in front and say so with --public-url and --behind-proxy",
            ),
        }
    }
}

/// The administrator to be recorded at the set-up.
#[derive(Clone, Debug)]
pub struct NewAdministrator {
    pub name: PersonName,
    pub email: Email,
    /// In which the refusal is to be said, and probably what they want to read.
    pub lang: Lang,
}

type Recorded = Pin<Box<dyn Future<Output = Result<ColleagueId, String>> + Send>>;

/// Everything that the routes and layers of access need.
#[derive(Clone)]
pub struct Doors {
    access: Access,
    is_secure: bool,
    behind_proxy: bool,
    cross_site: CsrfLayer,
    record: Arc<dyn Fn(NewAdministrator) -> Recorded + Send + Sync>,
}

impl Doors {
    /// `record` writes the first administrator into the log and answers with their id, or with a
    /// sentence that says why not. Called twice for one address it answers with the same colleague.
    ///
    /// Fails when the public address is not one.
    pub fn new<F, R>(access: Access, settings: &Settings, record: F) -> Result<Self, AccessError>
    where
        F: Fn(NewAdministrator) -> R + Send + Sync + 'static,
        R: Future<Output = Result<ColleagueId, String>> + Send + 'static,
    {
        let mut cross_site = CsrfLayer::new();
        if let Some(url) = &settings.public_url {
            cross_site = cross_site
                .add_trusted_origin(url.trim_end_matches('/').to_ascii_lowercase())
                .map_err(|why| AccessError::PublicUrl { url: url.clone(), why })?;
        }
        Ok(Self {
            access,
            is_secure: settings.is_secure(),
            behind_proxy: settings.behind_proxy,
            cross_site,
            record: Arc::new(move |new| Box::pin(record(new))),
        })
    }

    /// The forms. Pages of the same addresses (GET) are somebody else's.
    pub fn routes<S: Clone + Send + Sync + 'static>(&self) -> Router<S> {
        Router::new()
            .route("/sign-in", post(sign_in))
            .route("/sign-out", post(sign_out))
            .route("/password", post(password))
            .route("/setup", post(setup))
            .route("/join", post(join))
            .route("/tokens", post(token_new))
            .route("/tokens/revoke", post(token_revoke))
            .layer(DefaultBodyLimit::max(LARGEST_FORM))
            .with_state(self.clone())
    }

    /// Puts all routes behind the doors: headers, protection from other sites, sessions, and who
    /// asks. Call it last, on everything that is served.
    pub fn guard(&self, router: Router) -> Router {
        let sessions = SessionManagerLayer::new(Store(self.access.clone()))
            .with_name(cookie_name(self.is_secure, "twofront"))
            .with_secure(self.is_secure)
            .with_http_only(true)
            .with_same_site(SameSite::Lax)
            .with_path("/")
            .with_expiry(Expiry::OnInactivity(Duration::seconds(IDLE.as_secs())));
        // The last one added is the first to see a request.
        router
            .layer(from_fn_with_state(self.access.clone(), recognise))
            .layer(sessions)
            .layer(map_response(mend_removal))
            .layer(from_fn_with_state(self.cross_site.clone(), cross_site::refuse))
            .layer(from_fn_with_state(Names { is_secure: self.is_secure }, headers::secure))
    }
}

/// What a person typed before the refusal, without any password: the page fills it in again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Typed {
    pub name: String,
    pub email: String,
    pub label: String,
    /// What the product said against it, where the code alone cannot ([`Refused::NotRecorded`]).
    pub sentence: String,
}

/// How the cookies of this server are named; a request extension. Nothing is read from a cookie of the
/// other name: over https the bare one could be anybody's who shares the domain.
#[derive(Clone, Copy, Debug)]
pub(super) struct Names {
    pub is_secure: bool,
}

/// What was typed into the form that was just refused; all empty otherwise. It comes from the
/// browser: show it, and believe none of it.
pub fn typed(extensions: &Extensions, headers: &HeaderMap) -> Typed {
    let is_secure = extensions.get::<Names>().is_some_and(|names| names.is_secure);
    cookie(headers, &cookie_name(is_secure, "twofront-typed"))
        .and_then(|value| URL_SAFE_NO_PAD.decode(value).ok())
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .unwrap_or_default()
}

/// The sign-in page that leads to `next` afterwards.
pub(super) fn sign_in_page(next: &str) -> String {
    match page(next) {
        Some(next) if next != "/" => format!("/sign-in?{}", query(&[("next", next)])),
        Some(_) | None => "/sign-in".to_owned(),
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct SignIn {
    email: String,
    password: String,
    next: String,
}

async fn sign_in(State(doors): State<Doors>, caller: Caller, session: Session, form: Fields<SignIn>) -> Response {
    let Fields(form) = form;
    let back = Back { page: "/sign-in", keep: vec![("next", page(&form.next).unwrap_or_default().to_owned())] };
    let typed = Typed { email: form.email.clone(), ..Typed::default() };
    let done = async {
        let form = filled(&form, [&form.email, &form.password])?;
        let pass = doors.access.sign_in(&form.email, &form.password, caller.address).await?;
        begin(&session, pass).await
    };
    match done.await {
        Ok(()) => doors.on(page(&form.next).unwrap_or("/")),
        Err(trouble) => doors.back(&caller, &back, typed, trouble),
    }
}

async fn sign_out(State(doors): State<Doors>, caller: Caller, session: Session) -> Response {
    match session.flush().await {
        Ok(()) => doors.on("/sign-in"),
        Err(error) => {
            let back = Back { page: "/", keep: Vec::new() };
            doors.back(&caller, &back, Typed::default(), session_trouble(&error))
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PasswordForm {
    old: String,
    new: String,
}

async fn password(
    State(doors): State<Doors>,
    caller: Caller,
    signed_in: SignedIn,
    session: Session,
    Fields(form): Fields<PasswordForm>,
) -> Response {
    let done = async {
        person(&signed_in)?;
        let form = filled(&form, [&form.old, &form.new])?;
        doors.access.change_password(signed_in.colleague, &form.old, &form.new).await
    };
    match done.await {
        Ok(pass) => doors.enter(&session, pass, "/password?done=password").await,
        Err(trouble) => doors.back(&caller, &Back { page: "/password", keep: Vec::new() }, Typed::default(), trouble),
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct SetupForm {
    link: String,
    name: String,
    email: String,
    password: String,
}

async fn setup(
    State(doors): State<Doors>,
    caller: Caller,
    session: Session,
    Fields(form): Fields<SetupForm>,
) -> Response {
    let mut typed = Typed { name: form.name.clone(), email: form.email.clone(), ..Typed::default() };
    let done = async {
        let form = filled(&form, [&form.link, &form.email, &form.password])?;
        let name = PersonName::parse(&form.name).map_err(|_| Refused::NameInvalid)?;
        let record = Arc::clone(&doors.record);
        let lang = caller.lang;
        let sentence = &mut typed.sentence;
        doors
            .access
            .setup(&form.link, &form.email, &form.password, async |email| {
                record(NewAdministrator { name, email, lang }).await.map_err(|said| {
                    *sentence = said;
                    Refused::NotRecorded.into()
                })
            })
            .await
    };
    match done.await {
        Ok(pass) => doors.enter(&session, pass, "/").await,
        Err(trouble) => doors.back(&caller, &Back { page: "/setup", keep: vec![("link", form.link)] }, typed, trouble),
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct JoinForm {
    link: String,
    password: String,
}

async fn join(
    State(doors): State<Doors>,
    caller: Caller,
    session: Session,
    Fields(form): Fields<JoinForm>,
) -> Response {
    let done = async {
        let form = filled(&form, [&form.link, &form.password])?;
        doors.access.redeem(&form.link, &form.password).await
    };
    match done.await {
        Ok(pass) => doors.enter(&session, pass, "/").await,
        Err(trouble) => {
            let back = Back { page: "/join", keep: vec![("link", form.link)] };
            doors.back(&caller, &back, Typed::default(), trouble)
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct TokenForm {
    label: String,
}

async fn token_new(
    State(doors): State<Doors>,
    caller: Caller,
    signed_in: SignedIn,
    Fields(form): Fields<TokenForm>,
) -> Response {
    let made = async {
        person(&signed_in)?;
        let label = form.label.clone();
        let colleague = signed_in.colleague;
        doors.access.off_thread(move |access| access.token_make(colleague, &label)).await
    };
    match made.await {
        Ok((token, secret)) if caller.wants_page => {
            let page = format!("/tokens?{}", query(&[("new", &token.id)]));
            doors.access.keep_fresh_token(signed_in.colleague, token.id, secret);
            doors.on(&page)
        }
        Ok((token, secret)) => {
            let body = serde_json::json!({ "id": token.id, "label": token.label, "token": secret.as_str() });
            (StatusCode::CREATED, Json(body)).into_response()
        }
        Err(trouble) => {
            let typed = Typed { label: form.label, ..Typed::default() };
            doors.back(&caller, &Back { page: "/tokens", keep: Vec::new() }, typed, trouble)
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RevokeForm {
    id: String,
}

async fn token_revoke(
    State(doors): State<Doors>,
    caller: Caller,
    signed_in: SignedIn,
    Fields(form): Fields<RevokeForm>,
) -> Response {
    let colleague = signed_in.colleague;
    match doors.access.off_thread(move |access| access.token_revoke(colleague, &form.id)).await {
        Ok(()) => doors.on("/tokens?done=revoked"),
        Err(trouble) => doors.back(&caller, &Back { page: "/tokens", keep: Vec::new() }, Typed::default(), trouble),
    }
}

/// The page that a refused form goes back to, and what of its address is kept.
struct Back {
    page: &'static str,
    keep: Vec<(&'static str, String)>,
}

impl Doors {
    /// After a new password is on disk: signs in with it at once, or, should the disk have filled up
    /// in between, lets the person do so.
    async fn enter(&self, session: &Session, pass: Pass, path: &str) -> Response {
        match begin(session, pass).await {
            Ok(()) => self.on(path),
            Err(_) => self.on("/sign-in"),
        }
    }

    fn on(&self, path: &str) -> Response {
        let mut response = Redirect::to(path).into_response();
        set_cookie(&mut response, &self.typed_cookie("", 0));
        response
    }

    fn back(&self, caller: &Caller, back: &Back, typed: Typed, trouble: AccessError) -> Response {
        let refused = match trouble {
            AccessError::Refused(refused) => refused,
            AccessError::Hash(HashError::Busy) => Refused::Busy,
            AccessError::Kept(_)
            | AccessError::Randomness(_)
            | AccessError::Hash(_)
            | AccessError::PublicUrl { .. } => {
                tracing::error!(error = %trouble, page = back.page, "a form of access could not be carried out");
                Refused::CannotSave
            }
        };
        if !caller.wants_page {
            let problem = super::refused::problem(refused, caller.lang);
            return match typed.sentence.as_str() {
                "" => problem,
                sentence => problem.detail(sentence),
            }
            .into_response();
        }
        let seconds = refused.seconds().map(|seconds| seconds.to_string()).unwrap_or_default();
        let mut pairs: Vec<(&str, &str)> = back.keep.iter().map(|(key, value)| (*key, value.as_str())).collect();
        pairs.extend([("refused", refused.code()), ("wait", &seconds)]);
        let mut response = Redirect::to(&format!("{}?{}", back.page, query(&pairs))).into_response();
        let kept = serde_json::to_vec(&typed.cut()).map(|bytes| URL_SAFE_NO_PAD.encode(bytes)).unwrap_or_default();
        set_cookie(&mut response, &self.typed_cookie(&kept, TYPED_LASTS_SECONDS));
        response
    }

    fn typed_cookie(&self, value: &str, seconds: u32) -> String {
        let name = cookie_name(self.is_secure, "twofront-typed");
        let secure = if self.is_secure { "; Secure" } else { "" };
        format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}")
    }
}

impl Typed {
    /// Cookies are small, and what comes in a form need not be.
    fn cut(self) -> Self {
        let cut = |text: String| text.chars().take(254).collect();
        Self { name: cut(self.name), email: cut(self.email), label: cut(self.label), sentence: cut(self.sentence) }
    }
}

/// How an answer is to look, and where the request comes from.
struct Caller {
    wants_page: bool,
    lang: Lang,
    address: Option<IpAddr>,
}

impl FromRequestParts<Doors> for Caller {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, doors: &Doors) -> Result<Self, Self::Rejection> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
        let address = if doors.behind_proxy {
            forwarded_for(&parts.headers).or(peer)
        } else {
            // From this machine itself comes a proxy that nobody told us of, with everybody behind it.
            peer.filter(|peer| !peer.to_canonical().is_loopback())
        };
        let mut accepted = parts.headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
        Ok(Self {
            wants_page: accepted.any(|accepted| accepted.contains("text/html")),
            lang: language(&parts.headers),
            address,
        })
    }
}

/// A form whose missing fields are empty; what is no form at all counts as an empty one.
struct Fields<T>(T);

impl<S: Send + Sync, T: Default + serde::de::DeserializeOwned> axum::extract::FromRequest<S> for Fields<T> {
    type Rejection = std::convert::Infallible;

    async fn from_request(request: Request, state: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(Form::<T>::from_request(request, state).await.map(|Form(form)| form).unwrap_or_default()))
    }
}

/// Makes the session that of a fresh sign-in: another id, nothing of the one before, on disk.
async fn begin(session: &Session, pass: Pass) -> Result<(), AccessError> {
    let begun = async {
        session.clear().await;
        session.cycle_id().await?;
        session.insert(PASS, pass).await?;
        // Here and not after the answer: a full disk is told to the person and leaves no cookie.
        session.save().await
    };
    match begun.await {
        Ok(()) => Ok(()),
        Err(error) => {
            // Or the layer would try once more to keep what was just refused.
            session.clear().await;
            Err(session_trouble(&error))
        }
    }
}

fn session_trouble(error: &tower_sessions::session::Error) -> AccessError {
    tracing::error!(%error, "a session could not be written");
    Refused::CannotSave.into()
}

fn filled<'form, T, const N: usize>(form: &'form T, fields: [&str; N]) -> Result<&'form T, Refused> {
    if fields.iter().any(|field| field.is_empty()) { Err(Refused::Incomplete) } else { Ok(form) }
}

/// A leaked token must not be able to make more tokens, or to take the login over.
fn person(signed_in: &SignedIn) -> Result<(), Refused> {
    match signed_in.by {
        By::Session(_) => Ok(()),
        By::Token(_) => Err(Refused::NotForTokens),
    }
}

/// The forms that have no page of their own address, with the page that they stand on: what was to
/// be done is not done after a sign-in, so one begins there again. None where they stand on many.
const ONLY_FORMS: [(&str, Option<&str>); 10] = [
    ("/company/invite", Some("/company")),
    ("/import/checked", Some("/import")),
    ("/import/demo", Some("/import")),
    ("/import/sample", Some("/import")),
    ("/tokens/revoke", Some("/tokens")),
    ("/do", None),
    ("/language", None),
    ("/theme", None),
    ("/zone", None),
    ("/sign-out", None),
];

/// An address of our own pages, or nothing: never a way to another server, nor back to the forms
/// of signing in, nor to where only forms are taken.
fn page(next: &str) -> Option<&str> {
    let next = local(next).filter(|next| next.len() <= LONGEST_NEXT)?;
    let path = next.split(['?', '#']).next().unwrap_or(next);
    if matches!(path, "/sign-in" | "/setup" | "/join") {
        return None;
    }
    match ONLY_FORMS.iter().find(|(form, _)| *form == path) {
        Some((_, page)) => *page,
        None => Some(next),
    }
}

/// The last entry: the one that our own proxy wrote.
fn forwarded_for(headers: &HeaderMap) -> Option<IpAddr> {
    let last = headers.get_all("x-forwarded-for").iter().next_back()?.to_str().ok()?;
    last.rsplit(',').next()?.trim().parse().ok()
}

/// The prefix makes browsers refuse the cookie from anybody but this very host over https; over
/// plain http, on loopback, they would refuse it from us.
fn cookie_name(is_secure: bool, name: &str) -> String {
    if is_secure { format!("__Host-{name}") } else { name.to_owned() }
}

/// The session layer takes its cookie back without `Secure`, and browsers ignore that for a cookie
/// of the prefixed name.
async fn mend_removal(mut response: Response) -> Response {
    let start = format!("{}=;", cookie_name(true, "twofront"));
    let headers = response.headers_mut();
    let cookies: Vec<HeaderValue> = headers.get_all(SET_COOKIE).iter().cloned().collect();
    headers.remove(SET_COOKIE);
    for cookie in cookies {
        let mended = cookie
            .to_str()
            .ok()
            .filter(|text| text.starts_with(&start) && !text.contains("; Secure"))
            .and_then(|text| HeaderValue::from_str(&format!("{text}; Secure")).ok());
        headers.append(SET_COOKIE, mended.unwrap_or(cookie));
    }
    response
}

fn set_cookie(response: &mut Response, cookie: &str) {
    if let Ok(value) = HeaderValue::from_str(cookie) {
        response.headers_mut().append(SET_COOKIE, value);
    }
}

/// Pairs of an address, escaped; empty ones left out.
fn query(pairs: &[(&str, &str)]) -> String {
    let mut text = String::new();
    for (key, value) in pairs.iter().filter(|(_, value)| !value.is_empty()) {
        if !text.is_empty() {
            text.push('&');
        }
        text.push_str(key);
        text.push('=');
        for byte in value.bytes() {
            if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'/') {
                text.push(char::from(byte));
            } else {
                text.push('%');
                text.push_str(&super::secret::hex(&[byte]).to_uppercase());
            }
        }
    }
    text
}
