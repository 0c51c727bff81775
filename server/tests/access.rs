//! Access from the outside, as browsers and programs meet it: each rule of signing in, of sessions,
//! links and tokens, and of what other sites may not do.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Extension, Router};
use http::{Extensions, HeaderMap, Request, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use server::access::{
    Access, AccessError, By, Clock, Cost, CspNonce, Doors, KeptError, MaybeSignedIn, NewAdministrator, Refused,
    Settings, SignedIn, typed,
};
use shared::ids::ColleagueId;
use tempfile::TempDir;
use tower::ServiceExt;
use uuid::Uuid;

const ANNA: ColleagueId = ColleagueId::from_uuid(Uuid::from_u128(1));
const BORIS: ColleagueId = ColleagueId::from_uuid(Uuid::from_u128(2));
/// Whom the office answers with when the administrator is recorded.
const BOSS: ColleagueId = ColleagueId::from_uuid(Uuid::from_u128(9));

const EMAIL: &str = "anna@twofront.example";
const PASSWORD: &str = "тихий вечер в саду";
const OTHER_PASSWORD: &str = "a quiet evening by the sea";

/// A server on a clock that stands still until it is told to move on.
struct House {
    folder: TempDir,
    now: Arc<Mutex<Timestamp>>,
    recorded: Arc<Mutex<Vec<NewAdministrator>>>,
    access: Access,
    app: Router,
    /// Who last asked for `/who`.
    last: Arc<Mutex<Option<SignedIn>>>,
}

impl House {
    fn new() -> Self {
        Self::with(&Settings::default())
    }

    fn with(settings: &Settings) -> Self {
        let now = Arc::new(Mutex::new("2026-03-02T09:00:00Z".parse().unwrap()));
        Self::open(tempfile::tempdir().unwrap(), now, settings)
    }

    fn open(folder: TempDir, now: Arc<Mutex<Timestamp>>, settings: &Settings) -> Self {
        let access =
            Access::open_with(folder.path().join("access"), Cost::lowered_for_tests(), clock(Arc::clone(&now)))
                .unwrap();
        let recorded = Arc::new(Mutex::new(Vec::new()));
        let record = {
            let recorded = Arc::clone(&recorded);
            move |new: NewAdministrator| {
                let refused = new.name.as_str() == "Nobody";
                recorded.lock().unwrap().push(new);
                async move { if refused { Err("The log is closed.".to_owned()) } else { Ok(BOSS) } }
            }
        };
        let doors = Doors::new(access.clone(), settings, record).unwrap();
        let last = Arc::new(Mutex::new(None));
        let notes = Arc::clone(&last);
        let who = get(async move |who: SignedIn| *notes.lock().unwrap() = Some(who));
        let app = doors.guard(product().route("/who", who).merge(doors.routes()));
        Self { folder, now, recorded, access, app, last }
    }

    /// With Anna, who has a password.
    async fn with_anna() -> Self {
        let house = Self::new();
        house.let_in(ANNA, EMAIL, PASSWORD).await;
        house
    }

    async fn let_in(&self, colleague: ColleagueId, email: &str, password: &str) {
        self.access.enrol(colleague, email).unwrap();
        let link = self.access.invite(colleague).unwrap();
        self.access.redeem(link.secret(), password).await.unwrap();
    }

    fn restart(self) -> Self {
        let Self { folder, now, recorded, access, app, last } = self;
        drop((recorded, access, app, last));
        Self::open(folder, now, &Settings::default())
    }

    fn pass(&self, time: SignedDuration) {
        let mut now = self.now.lock().unwrap();
        *now += time;
    }

    fn browser(&self) -> Browser {
        Browser { app: self.app.clone(), cookies: BTreeMap::new(), from: ([192, 0, 2, 7], 40_000).into() }
    }

    async fn signed_in(&self) -> Browser {
        let mut browser = self.browser();
        let answer = browser.sign_in(EMAIL, PASSWORD).await;
        assert_eq!(answer.location(), "/");
        browser
    }

    async fn ask(&self, request: Request<Body>) -> Answer {
        Answer::of(self.app.clone().oneshot(request).await.unwrap()).await
    }

    /// A program's request.
    async fn program(&self, method: &str, path: &str, token: &str, form: &str) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from(form.to_owned()));
        self.ask(request.unwrap()).await
    }

    /// All that is on disk, to look for what must not be there.
    fn on_disk(&self) -> String {
        std::fs::read_dir(self.folder.path().join("access"))
            .unwrap()
            .map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap())
            .collect()
    }
}

fn clock(now: Arc<Mutex<Timestamp>>) -> Clock {
    Arc::new(move || *now.lock().unwrap())
}

/// What stands behind the doors: pages, an interface for programs, a file.
fn product() -> Router {
    Router::new()
        .route("/page", get(async |who: SignedIn| who.colleague.to_string()))
        .route(
            "/maybe",
            get(async |MaybeSignedIn(who): MaybeSignedIn| if who.is_some() { "somebody" } else { "nobody" }),
        )
        .route(
            "/api/me",
            get(async |who: SignedIn| match who.by {
                By::Session(_) => format!("{} by session", who.colleague),
                By::Token(token) => format!("{} by token {}", who.colleague, token.label),
            }),
        )
        .route("/api/change", post(async |_: SignedIn| "changed"))
        .route(
            "/typed",
            get(async |extensions: Extensions, headers: HeaderMap| {
                serde_json::to_string(&typed(&extensions, &headers)).unwrap()
            }),
        )
        .route("/nonce", get(async |Extension(CspNonce(nonce)): Extension<CspNonce>| nonce))
        .route("/html", get(async || axum::response::Html("<p>private</p>")))
        .route("/own-policy", get(async || [("content-security-policy", "default-src 'none'")]))
        .route(
            "/file",
            get(async || {
                [("content-type", "application/wasm"), ("cache-control", "public, max-age=31536000, immutable")]
                    .into_response()
            }),
        )
}

struct Browser {
    app: Router,
    cookies: BTreeMap<String, String>,
    from: SocketAddr,
}

impl Browser {
    async fn get(&mut self, path: &str) -> Answer {
        self.send("GET", path, &[], &[]).await
    }

    async fn post(&mut self, path: &str, form: &[(&str, &str)]) -> Answer {
        self.send("POST", path, form, &[("sec-fetch-site", "same-origin")]).await
    }

    async fn sign_in(&mut self, email: &str, password: &str) -> Answer {
        self.post("/sign-in", &[("email", email), ("password", password)]).await
    }

    async fn send(&mut self, method: &str, path: &str, form: &[(&str, &str)], headers: &[(&str, &str)]) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "twofront.example")
            .header("accept", "text/html,application/xhtml+xml,*/*;q=0.8")
            .header("content-type", "application/x-www-form-urlencoded")
            .extension(ConnectInfo(self.from));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if !self.cookies.is_empty() {
            let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request = request.header("cookie", cookies.join("; "));
        }
        let body = form.iter().map(|(key, value)| format!("{key}={}", escape(value))).collect::<Vec<_>>().join("&");
        let answer = Answer::of(self.app.clone().oneshot(request.body(Body::from(body)).unwrap()).await.unwrap()).await;
        for cookie in answer.cookies() {
            let (name, rest) = cookie.split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            if rest.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }

    /// As whom the doors know this browser.
    async fn who(&mut self, house: &House) -> SignedIn {
        self.get("/who").await;
        house.last.lock().unwrap().clone().unwrap()
    }

    async fn is_signed_in(&mut self) -> bool {
        self.get("/maybe").await.body == "somebody"
    }

    fn session(&self) -> Option<&String> {
        self.cookies.get("twofront")
    }
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Answer {
    async fn of(response: axum::response::Response) -> Self {
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, 1_000_000).await.unwrap();
        Self { status: parts.status, headers: parts.headers, body: String::from_utf8(body.to_vec()).unwrap() }
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Where a redirect after a form leads.
    fn location(&self) -> &str {
        assert_eq!(self.status, StatusCode::SEE_OTHER, "{}", self.body);
        self.header("location")
    }

    fn cookies(&self) -> Vec<String> {
        self.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap().to_owned()).collect()
    }

    fn cookie(&self, name: &str) -> String {
        let start = format!("{name}=");
        self.cookies().into_iter().find(|cookie| cookie.starts_with(&start)).unwrap_or_default()
    }

    fn problem(&self) -> Value {
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.body);
        serde_json::from_str(&self.body).unwrap()
    }
}

fn escape(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

fn refused<T>(answer: Result<T, AccessError>) -> Refused {
    match answer {
        Err(AccessError::Refused(refused)) => refused,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it was not refused"),
    }
}

mod set_up {
    use super::*;

    fn form<'a>(link: &'a str, name: &'a str) -> [(&'a str, &'a str); 4] {
        [("link", link), ("name", name), ("email", "Boss@Twofront.example"), ("password", PASSWORD)]
    }

    #[tokio::test]
    async fn the_first_start_makes_the_administrator_and_signs_them_in() {
        let house = House::new();
        let link = house.access.first_start().unwrap().unwrap();
        assert_eq!(link.path(), format!("/setup?link={}", link.secret()));
        let mut browser = house.browser();
        assert_eq!(browser.post("/setup", &form(link.secret(), "Ольга Петровна")).await.location(), "/");
        assert_eq!(browser.get("/page").await.body, BOSS.to_string());
        let recorded = house.recorded.lock().unwrap();
        assert_eq!(recorded.len(), 1);
        assert_eq!(recorded[0].name.as_str(), "Ольга Петровна");
        assert_eq!(recorded[0].email.as_str(), "boss@twofront.example");
    }

    #[tokio::test]
    async fn the_link_works_once_and_none_is_made_later() {
        let house = House::new();
        let link = house.access.first_start().unwrap().unwrap();
        assert!(house.access.can_set_up(link.secret()));
        house.browser().post("/setup", &form(link.secret(), "Olga")).await;
        let again = house.browser().post("/setup", &form(link.secret(), "Eve")).await;
        assert!(again.location().contains("refused=already-set-up"));
        assert!(!house.access.can_set_up(link.secret()));
        assert_eq!(house.recorded.lock().unwrap().len(), 1);
        assert!(house.access.first_start().unwrap().is_none());
        assert!(house.restart().access.first_start().unwrap().is_none());
    }

    #[tokio::test]
    async fn a_later_start_s_link_kills_the_earlier_one() {
        let house = House::new();
        let old = house.access.first_start().unwrap().unwrap();
        let house = house.restart();
        let mut browser = house.browser();
        assert!(browser.post("/setup", &form(old.secret(), "Eve")).await.location().contains("refused=link-unknown"));
        let new = house.access.first_start().unwrap().unwrap();
        assert!(browser.post("/setup", &form(old.secret(), "Eve")).await.location().contains("refused=link-unknown"));
        assert_eq!(browser.post("/setup", &form(new.secret(), "Olga")).await.location(), "/");
    }

    #[tokio::test]
    async fn what_the_product_says_against_it_reaches_the_form_and_the_link_lives_on() {
        let house = House::new();
        let link = house.access.first_start().unwrap().unwrap();
        let mut browser = house.browser();
        let answer = browser.post("/setup", &form(link.secret(), "Nobody")).await;
        assert_eq!(answer.location(), format!("/setup?link={}&refused=not-recorded", link.secret()));
        let typed = browser.get("/typed").await.body;
        assert_eq!(
            serde_json::from_str::<Value>(&typed).unwrap(),
            serde_json::json!({"name": "Nobody", "email": "Boss@Twofront.example", "label": "", "sentence": "The log is closed."})
        );
        assert_eq!(browser.post("/setup", &form(link.secret(), "Olga")).await.location(), "/");
    }

    #[tokio::test]
    async fn nobody_is_recorded_before_the_form_is_good() {
        let house = House::new();
        let link = house.access.first_start().unwrap().unwrap();
        for (field, value, code) in [
            ("name", "", "name-invalid"),
            ("name", "two\nlines", "name-invalid"),
            ("email", "olga", "email-invalid"),
            ("email", "", "incomplete"),
            ("password", "short", "password-too-short"),
            ("password", "password1234", "password-too-common"),
            ("password", "boss@twofront.example", "password-is-email"),
            ("link", "guessed", "link-unknown"),
        ] {
            let mut form = form(link.secret(), "Olga");
            form.iter_mut().filter(|(key, _)| *key == field).for_each(|pair| pair.1 = value);
            let answer = house.browser().post("/setup", &form).await;
            assert!(answer.location().contains(&format!("refused={code}")), "{}", answer.location());
        }
        assert!(house.recorded.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn of_two_at_once_one_is_the_administrator() {
        let house = House::new();
        let link = house.access.first_start().unwrap().unwrap();
        let (mut one, mut two) = (house.browser(), house.browser());
        let (form_one, form_two) = (form(link.secret(), "Olga"), form(link.secret(), "Eve"));
        let (first, second) = tokio::join!(one.post("/setup", &form_one), two.post("/setup", &form_two));
        let ends = [first.location(), second.location()];
        assert_eq!(ends.iter().filter(|end| **end == "/").count(), 1, "{ends:?}");
        assert_eq!(house.recorded.lock().unwrap().len(), 1);
    }
}

mod sign_in {
    use super::*;

    #[tokio::test]
    async fn the_right_password_leads_to_where_one_was_going() {
        let house = House::with_anna().await;
        let mut browser = house.browser();
        let answer = browser.get("/page?q=один&x=1".replace("один", "%D0%BE").as_str()).await;
        assert_eq!(answer.location(), "/sign-in?next=/page%3Fq%3D%25D0%25BE%26x%3D1");
        let form = [("email", " ANNA@twofront.example"), ("password", PASSWORD), ("next", "/page?q=%D0%BE&x=1")];
        assert_eq!(browser.post("/sign-in", &form).await.location(), "/page?q=%D0%BE&x=1");
        assert_eq!(browser.get("/page").await.body, ANNA.to_string());
    }

    #[tokio::test]
    async fn nobody_is_led_to_another_server() {
        let house = House::with_anna().await;
        for next in [
            "https://evil.example/",
            "//evil.example",
            "/\\evil.example",
            "/\t/evil.example",
            "/ /evil.example",
            "evil.example",
            "javascript:alert(1)",
            "/sign-in",
            "/sign-out?x",
            "",
        ] {
            let form = [("email", EMAIL), ("password", PASSWORD), ("next", next)];
            assert_eq!(house.browser().post("/sign-in", &form).await.location(), "/", "{next}");
        }
    }

    #[tokio::test]
    async fn a_wrong_password_and_an_unknown_address_get_the_same_answer() {
        let house = House::with_anna().await;
        house.access.enrol(BORIS, "boris@twofront.example").unwrap();
        for email in [EMAIL, "nobody@twofront.example", "no address", "boris@twofront.example"] {
            let mut browser = house.browser();
            let answer = browser.sign_in(email, "not the password").await;
            assert_eq!(answer.location(), "/sign-in?refused=wrong-email-or-password", "{email}");
            assert!(!browser.is_signed_in().await);
            assert_eq!(browser.session(), None);
        }
    }

    #[tokio::test]
    async fn the_form_keeps_the_address_and_the_way_on_but_never_the_password() {
        let house = House::with_anna().await;
        let mut browser = house.browser();
        let form = [("email", "anna@twofront"), ("password", "my secret words"), ("next", "/page")];
        let answer = browser.post("/sign-in", &form).await;
        assert_eq!(answer.location(), "/sign-in?next=/page&refused=wrong-email-or-password");
        let cookie = answer.cookie("twofront-typed");
        assert!(cookie.ends_with("; Path=/; Max-Age=300; HttpOnly; SameSite=Lax"), "{cookie}");
        let typed = browser.get("/typed").await.body;
        assert!(typed.contains("anna@twofront"));
        assert!(!typed.contains("secret"));
        browser.sign_in(EMAIL, PASSWORD).await;
        assert!(!browser.get("/typed").await.body.contains("anna"));
    }

    #[tokio::test]
    async fn a_form_that_is_empty_or_none_at_all_is_refused() {
        let house = House::with_anna().await;
        assert_eq!(house.browser().sign_in("", "").await.location(), "/sign-in?refused=incomplete");
        let request = Request::post("/sign-in").header("content-type", "text/plain").body(Body::from("hello")).unwrap();
        let answer = house.ask(request).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(answer.problem()["type"], "/problems/incomplete");
    }

    #[tokio::test]
    async fn after_a_few_failures_one_waits_and_then_the_right_password_counts() {
        let house = House::with_anna().await;
        let mut browser = house.browser();
        for _ in 0..5 {
            browser.sign_in(EMAIL, "not the password").await;
        }
        assert_eq!(browser.sign_in(EMAIL, PASSWORD).await.location(), "/sign-in?refused=wait&wait=1");
        let program = Request::post("/sign-in")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from(format!("email={}&password=x", escape(EMAIL))))
            .unwrap();
        let answer = house.ask(program).await;
        assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(answer.header("retry-after"), "1");
        assert_eq!(answer.problem()["type"], "/problems/wait");
        house.pass(SignedDuration::from_secs(1));
        assert_eq!(browser.sign_in(EMAIL, PASSWORD).await.location(), "/");
        for _ in 0..5 {
            let answer = browser.sign_in(EMAIL, "not the password").await;
            assert_eq!(answer.location(), "/sign-in?refused=wrong-email-or-password");
        }
    }

    #[tokio::test]
    async fn attempts_at_once_are_counted_before_any_of_them_has_failed() {
        let house = House::with_anna().await;
        let mut attempts = tokio::task::JoinSet::new();
        for _ in 0..20 {
            let access = house.access.clone();
            attempts.spawn(async move { refused(access.sign_in(EMAIL, "not the password", None).await) });
        }
        let answers = attempts.join_all().await;
        assert_eq!(answers.iter().filter(|answer| **answer == Refused::WrongEmailOrPassword).count(), 5);
        assert_eq!(answers.iter().filter(|answer| matches!(answer, Refused::Wait { .. })).count(), 15);
    }

    #[tokio::test]
    async fn a_place_that_tries_one_address_after_another_waits_and_another_place_does_not() {
        let house = House::with_anna().await;
        let mut guesser = house.browser();
        for n in 0..30 {
            guesser.sign_in(&format!("{n}@twofront.example"), "not the password").await;
        }
        assert_eq!(guesser.sign_in(EMAIL, PASSWORD).await.location(), "/sign-in?refused=wait&wait=1");
        let mut other = Browser { from: ([192, 0, 2, 8], 40_000).into(), ..house.browser() };
        assert_eq!(other.sign_in(EMAIL, PASSWORD).await.location(), "/");
    }

    #[tokio::test]
    async fn behind_a_proxy_the_place_is_the_one_that_the_proxy_names_and_only_there() {
        async fn guess(house: &House, forwarded: impl Fn(u8) -> String) -> Answer {
            house.let_in(ANNA, EMAIL, PASSWORD).await;
            let mut browser = house.browser();
            for n in 0..30 {
                let form = [("email", format!("{n}@twofront.example")), ("password", "not the password".to_owned())];
                let form: Vec<(&str, &str)> = form.iter().map(|(key, value)| (*key, value.as_str())).collect();
                browser.send("POST", "/sign-in", &form, &[("x-forwarded-for", &forwarded(n))]).await;
            }
            let form = [("email", EMAIL), ("password", PASSWORD)];
            browser.send("POST", "/sign-in", &form, &[("x-forwarded-for", &forwarded(99))]).await
        }
        let behind = Settings { behind_proxy: true, ..Settings::default() };
        let each_its_own = |n: u8| format!("203.0.113.1, 198.51.100.{n}");
        let all_one = |n: u8| format!("203.0.113.{n}, 198.51.100.1");
        assert_eq!(guess(&House::with(&behind), each_its_own).await.location(), "/");
        assert!(guess(&House::with(&behind), all_one).await.location().contains("refused=wait"));
        assert!(guess(&House::new(), each_its_own).await.location().contains("refused=wait"));
    }

    #[tokio::test]
    async fn who_comes_from_this_machine_is_nobody_s_place() {
        let house = House::with_anna().await;
        let mut browser = house.browser();
        // A proxy that nobody told the server of: everybody comes from here.
        browser.from = ([127, 0, 0, 1], 40_000).into();
        for n in 0..40 {
            browser.sign_in(&format!("{n}@twofront.example"), "not the password").await;
        }
        assert_eq!(browser.sign_in(EMAIL, PASSWORD).await.location(), "/");
    }
}

mod sessions {
    use super::*;

    #[tokio::test]
    async fn the_cookie_is_for_the_server_alone() {
        let house = House::with_anna().await;
        let answer = house.browser().sign_in(EMAIL, PASSWORD).await;
        let cookie = answer.cookie("twofront");
        for part in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=2592000"] {
            assert!(cookie.split("; ").any(|found| found == part), "{cookie}");
        }
        assert!(!cookie.contains("Secure"), "over plain http on loopback it would not come back: {cookie}");
        assert!(!cookie.contains("Domain"), "{cookie}");
    }

    #[tokio::test]
    async fn over_https_the_cookie_is_bound_to_the_host_and_goes_when_it_should() {
        let https = Settings { public_url: Some("https://twofront.example".into()), ..Settings::default() };
        let house = House::with(&https);
        house.let_in(ANNA, EMAIL, PASSWORD).await;
        let mut browser = house.browser();
        let cookie = browser.sign_in(EMAIL, PASSWORD).await.cookie("__Host-twofront");
        assert!(cookie.contains("; Secure"), "{cookie}");
        assert!(browser.is_signed_in().await);
        let removal = browser.post("/sign-out", &[]).await.cookie("__Host-twofront");
        for part in ["Max-Age=0", "Path=/", "Secure"] {
            assert!(removal.split("; ").any(|found| found == part), "{removal}");
        }
        assert!(browser.cookies.is_empty());
    }

    #[tokio::test]
    async fn whether_cookies_are_secure_can_be_said_apart_from_the_address() {
        let settings = Settings { secure_cookies: Some(true), ..Settings::default() };
        let house = House::with(&settings);
        house.let_in(ANNA, EMAIL, PASSWORD).await;
        assert!(house.browser().sign_in(EMAIL, PASSWORD).await.cookie("__Host-twofront").contains("Secure"));
    }

    #[test]
    fn cookies_are_for_https_unless_only_this_machine_comes_or_somebody_says_otherwise() {
        let here = Settings::default();
        let from_anywhere = Settings { beyond_loopback: true, ..Settings::default() };
        let told = Settings { secure_cookies: Some(false), ..from_anywhere.clone() };
        let at_http = Settings { public_url: Some("http://crm.local".into()), ..from_anywhere.clone() };
        let at_https = Settings { public_url: Some("https://crm.example".into()), ..from_anywhere.clone() };
        let behind = Settings { behind_proxy: true, ..at_https.clone() };
        let secure = [&here, &from_anywhere, &told, &at_http, &at_https, &behind].map(Settings::is_secure);
        assert_eq!(secure, [false, true, false, false, true, true]);
        let warned = [&here, &from_anywhere, &told, &at_http, &at_https, &behind].map(|one| one.warning().is_some());
        assert_eq!(warned, [false, true, true, true, true, false]);
    }

    #[tokio::test]
    async fn a_browser_that_came_by_https_is_told_to_come_by_nothing_else() {
        let settings = Settings { secure_cookies: Some(true), ..Settings::default() };
        let answer = House::with(&settings).browser().get("/maybe").await;
        assert_eq!(answer.header("strict-transport-security"), "max-age=31536000");
        assert_eq!(House::new().browser().get("/maybe").await.header("strict-transport-security"), "");
    }

    #[tokio::test]
    async fn over_https_nothing_is_read_from_a_cookie_that_others_could_set() {
        let settings = Settings { secure_cookies: Some(true), ..Settings::default() };
        let house = House::with(&settings);
        let mut browser = house.browser();
        browser.post("/sign-in", &[("email", "anna@x.example"), ("password", "wrong")]).await;
        assert!(browser.get("/typed").await.body.contains("anna@x.example"));
        let typed = browser.cookies.remove("__Host-twofront-typed").unwrap();
        browser.cookies.insert("twofront-typed".to_owned(), typed);
        assert!(!browser.get("/typed").await.body.contains("anna@x.example"));
    }

    #[tokio::test]
    async fn a_visitor_who_is_not_signed_in_gets_no_cookie_and_leaves_no_trace() {
        let house = House::new();
        let mut browser = house.browser();
        assert!(browser.get("/maybe").await.cookies().is_empty());
        assert!(!house.folder.path().join("access/sessions.json").exists());
    }

    #[tokio::test]
    async fn the_id_changes_at_sign_in_and_the_old_one_is_dead() {
        let house = House::with_anna().await;
        let mut browser = house.signed_in().await;
        let old = browser.session().unwrap().clone();
        browser.sign_in(EMAIL, PASSWORD).await;
        assert_ne!(browser.session(), Some(&old));
        let mut thief = house.browser();
        thief.cookies.insert("twofront".into(), old);
        assert!(!thief.is_signed_in().await);
    }

    #[tokio::test]
    async fn an_id_that_somebody_planted_is_not_taken_over() {
        let house = House::with_anna().await;
        let mut browser = house.browser();
        let planted = "AAAAAAAAAAAAAAAAAAAAAA".to_owned();
        browser.cookies.insert("twofront".into(), planted.clone());
        browser.sign_in(EMAIL, PASSWORD).await;
        assert_ne!(browser.session(), Some(&planted));
        assert!(browser.is_signed_in().await);
    }

    #[tokio::test]
    async fn a_restart_signs_nobody_out() {
        let house = House::with_anna().await;
        let Browser { cookies, from, app } = house.signed_in().await;
        drop(app);
        let house = house.restart();
        let mut browser = Browser { cookies, from, app: house.app.clone() };
        assert_eq!(browser.get("/page").await.body, ANNA.to_string());
    }

    #[tokio::test]
    async fn thirty_days_count_from_the_last_use() {
        let house = House::with_anna().await;
        let mut browser = house.signed_in().await;
        for _ in 0..3 {
            house.pass(SignedDuration::from_hours(29 * 24));
            let answer = browser.get("/maybe").await;
            assert_eq!(answer.body, "somebody");
            assert!(answer.cookie("twofront").contains("Max-Age=2592000"), "the browser keeps it as long");
        }
        house.pass(SignedDuration::from_hours(30 * 24));
        assert!(!browser.is_signed_in().await);
    }

    #[tokio::test]
    async fn a_second_request_of_the_day_writes_nothing() {
        let house = House::with_anna().await;
        let mut browser = house.signed_in().await;
        browser.get("/maybe").await;
        let before = house.on_disk();
        house.pass(SignedDuration::from_hours(1));
        assert!(browser.get("/maybe").await.cookies().is_empty());
        assert_eq!(house.on_disk(), before);
    }

    #[tokio::test]
    async fn signing_out_ends_this_session_and_no_other() {
        let house = House::with_anna().await;
        let (mut here, mut there) = (house.signed_in().await, house.signed_in().await);
        let id = here.session().unwrap().clone();
        assert_eq!(here.post("/sign-out", &[]).await.location(), "/sign-in");
        assert_eq!(here.session(), None);
        here.cookies.insert("twofront".into(), id);
        assert!(!here.is_signed_in().await);
        assert!(there.is_signed_in().await);
    }

    #[tokio::test]
    async fn signing_out_twice_does_no_harm() {
        let house = House::new();
        assert_eq!(house.browser().post("/sign-out", &[]).await.location(), "/sign-in");
    }

    #[tokio::test]
    async fn a_person_with_fifty_browsers_loses_the_one_that_was_quiet_the_longest() {
        let house = House::with_anna().await;
        let mut first = house.signed_in().await;
        let mut second = None;
        for _ in 0..50 {
            house.pass(SignedDuration::from_secs(1));
            let browser = house.signed_in().await;
            second.get_or_insert(browser);
        }
        assert!(!first.is_signed_in().await);
        assert!(second.unwrap().is_signed_in().await);
    }
}

mod passwords {
    use super::*;

    #[tokio::test]
    async fn a_new_password_ends_every_other_session_and_gives_this_one_another_id() {
        let house = House::with_anna().await;
        let (mut here, mut there) = (house.signed_in().await, house.signed_in().await);
        let old_id = here.session().unwrap().clone();
        let answer = here.post("/password", &[("old", PASSWORD), ("new", OTHER_PASSWORD)]).await;
        assert_eq!(answer.location(), "/password?done=password");
        assert!(here.is_signed_in().await);
        assert_ne!(here.session(), Some(&old_id));
        assert!(!there.is_signed_in().await);
        assert!(house.browser().sign_in(EMAIL, PASSWORD).await.location().contains("refused"));
        assert_eq!(house.browser().sign_in(EMAIL, OTHER_PASSWORD).await.location(), "/");
    }

    #[tokio::test]
    async fn a_refused_change_changes_nothing() {
        let house = House::with_anna().await;
        let (mut here, mut there) = (house.signed_in().await, house.signed_in().await);
        for (old, new, code) in [
            ("not the password", OTHER_PASSWORD, "wrong-old-password"),
            (PASSWORD, "too short", "password-too-short"),
            (PASSWORD, "anna@twofront.example", "password-is-email"),
            (PASSWORD, "qwertyuiop[]", "password-too-common"),
            (PASSWORD, "", "incomplete"),
        ] {
            let answer = here.post("/password", &[("old", old), ("new", new)]).await;
            assert_eq!(answer.location(), format!("/password?refused={code}"));
        }
        assert!(here.is_signed_in().await && there.is_signed_in().await);
        assert_eq!(house.browser().sign_in(EMAIL, PASSWORD).await.location(), "/");
    }

    #[tokio::test]
    async fn whoever_found_an_open_browser_cannot_guess_the_old_password() {
        let house = House::with_anna().await;
        let mut browser = house.signed_in().await;
        for _ in 0..5 {
            browser.post("/password", &[("old", "not the password"), ("new", OTHER_PASSWORD)]).await;
        }
        let answer = browser.post("/password", &[("old", PASSWORD), ("new", OTHER_PASSWORD)]).await;
        assert_eq!(answer.location(), "/password?refused=wait&wait=1");
    }

    #[tokio::test]
    async fn who_is_not_signed_in_is_led_to_the_sign_in() {
        let house = House::with_anna().await;
        let answer =
            house.browser().post("/password?refused=wait", &[("old", PASSWORD), ("new", OTHER_PASSWORD)]).await;
        assert_eq!(answer.location(), "/sign-in?next=/password");
    }

    #[tokio::test]
    async fn of_two_changes_at_once_one_counts() {
        let house = House::with_anna().await;
        let (one, two) = tokio::join!(
            house.access.change_password(ANNA, PASSWORD, OTHER_PASSWORD),
            house.access.change_password(ANNA, PASSWORD, "yet another quiet evening"),
        );
        assert_eq!([one.is_ok(), two.is_ok()].iter().filter(|done| **done).count(), 1);
    }
}

mod invitations {
    use super::*;

    #[tokio::test]
    async fn a_link_lets_a_colleague_choose_a_password_once() {
        let house = House::new();
        house.access.enrol(ANNA, EMAIL).unwrap();
        let link = house.access.invite(ANNA).unwrap();
        assert_eq!(link.path(), format!("/join?link={}", link.secret()));
        assert_eq!(house.access.invited(link.secret()), Some(ANNA));
        let mut browser = house.browser();
        let form = [("link", link.secret()), ("password", PASSWORD)];
        assert_eq!(browser.post("/join", &form).await.location(), "/");
        assert!(browser.is_signed_in().await);
        assert_eq!(house.access.invited(link.secret()), None);
        let again = house.browser().post("/join", &form).await;
        assert_eq!(again.location(), format!("/join?link={}&refused=link-unknown", link.secret()));
    }

    #[tokio::test]
    async fn a_password_that_is_refused_does_not_use_the_link_up() {
        let house = House::new();
        house.access.enrol(ANNA, EMAIL).unwrap();
        let link = house.access.invite(ANNA).unwrap();
        let answer = house.browser().post("/join", &[("link", link.secret()), ("password", "short")]).await;
        assert!(answer.location().ends_with("refused=password-too-short"));
        assert_eq!(house.access.invited(link.secret()), Some(ANNA));
    }

    #[tokio::test]
    async fn a_newer_link_replaces_the_older_and_seven_days_end_it() {
        let house = House::new();
        house.access.enrol(ANNA, EMAIL).unwrap();
        let older = house.access.invite(ANNA).unwrap();
        let newer = house.access.invite(ANNA).unwrap();
        assert_eq!(house.access.invited(older.secret()), None);
        assert_eq!(house.access.invited(newer.secret()), Some(ANNA));
        house.pass(SignedDuration::from_hours(7 * 24));
        assert_eq!(house.access.invited(newer.secret()), None);
        assert_eq!(refused(house.access.redeem(newer.secret(), PASSWORD).await), Refused::LinkUnknown);
    }

    #[tokio::test]
    async fn a_link_for_who_forgot_the_password_leaves_it_until_followed_and_then_ends_all_sessions() {
        let house = House::with_anna().await;
        let mut browser = house.signed_in().await;
        let link = house.access.invite(ANNA).unwrap();
        assert!(browser.is_signed_in().await);
        house.access.redeem(link.secret(), OTHER_PASSWORD).await.unwrap();
        assert!(!browser.is_signed_in().await);
        assert_eq!(house.browser().sign_in(EMAIL, OTHER_PASSWORD).await.location(), "/");
    }

    #[tokio::test]
    async fn a_link_followed_twice_at_once_sets_one_password() {
        let house = House::new();
        house.access.enrol(ANNA, EMAIL).unwrap();
        let link = house.access.invite(ANNA).unwrap();
        let (one, two) = tokio::join!(
            house.access.redeem(link.secret(), PASSWORD),
            house.access.redeem(link.secret(), OTHER_PASSWORD)
        );
        assert_eq!([one.is_ok(), two.is_ok()].iter().filter(|done| **done).count(), 1);
    }

    #[test]
    fn one_address_is_one_colleague_s_and_nobody_is_invited_without_a_login() {
        let house = House::new();
        house.access.enrol(ANNA, EMAIL).unwrap();
        assert_eq!(refused(house.access.enrol(BORIS, " Anna@Twofront.example")), Refused::EmailTaken);
        assert_eq!(refused(house.access.enrol(BORIS, "boris")), Refused::EmailInvalid);
        assert_eq!(refused(house.access.invite(BORIS)), Refused::NoLogin);
        assert_eq!(house.access.colleague_of("ANNA@twofront.example"), Some(ANNA));
        assert_eq!(house.access.logins().len(), 1);
    }

    #[tokio::test]
    async fn a_renamed_login_goes_on_under_the_new_address() {
        let house = House::with_anna().await;
        let mut browser = house.signed_in().await;
        house.access.rename_login(ANNA, "anna.ivanova@twofront.example").unwrap();
        assert!(browser.is_signed_in().await);
        assert!(house.browser().sign_in(EMAIL, PASSWORD).await.location().contains("refused"));
        assert_eq!(house.browser().sign_in("anna.ivanova@twofront.example", PASSWORD).await.location(), "/");
    }

    #[tokio::test]
    async fn who_left_is_out_everywhere_and_at_once() {
        let house = House::with_anna().await;
        let mut browser = house.signed_in().await;
        let token = house.access.token_new(ANNA, "nightly export").unwrap();
        let link = house.access.invite(ANNA).unwrap();
        house.access.withdraw(ANNA).unwrap();
        assert!(!browser.is_signed_in().await);
        assert_eq!(house.program("GET", "/api/me", &token, "").await.status, StatusCode::UNAUTHORIZED);
        assert_eq!(house.access.invited(link.secret()), None);
        assert!(house.browser().sign_in(EMAIL, PASSWORD).await.location().contains("refused"));
        house.access.enrol(ANNA, EMAIL).unwrap();
        assert!(!browser.is_signed_in().await, "coming back does not bring the old sessions back");
        assert!(!house.on_disk().contains("argon2"));
        house.access.withdraw(BORIS).unwrap();
    }
}

mod tokens {
    use super::*;

    #[tokio::test]
    async fn a_token_made_at_the_form_is_shown_once_and_opens_the_doors() {
        let house = House::with_anna().await;
        let mut browser = house.signed_in().await;
        let answer = browser.post("/tokens", &[("label", "Ночная выгрузка")]).await;
        let id = answer.location().strip_prefix("/tokens?new=").unwrap().to_owned();
        assert_eq!(house.access.take_fresh_token(BORIS, &id), None);
        let token = house.access.take_fresh_token(ANNA, &id).unwrap();
        assert_eq!(house.access.take_fresh_token(ANNA, &id), None);
        assert!(token.starts_with("tf_") && token.len() == 46, "{token}");
        let me = house.program("GET", "/api/me", &token, "").await;
        assert_eq!(me.body, format!("{ANNA} by token Ночная выгрузка"));
        let listed = house.access.tokens(ANNA);
        assert_eq!(listed.len(), 1);
        assert_eq!(listed[0].id, id);
        assert!(!token.contains(&id));
    }

    #[tokio::test]
    async fn a_token_that_nobody_looked_at_in_time_is_not_shown_later() {
        let house = House::with_anna().await;
        let mut browser = house.signed_in().await;
        let answer = browser.post("/tokens", &[("label", "export")]).await;
        house.pass(SignedDuration::from_mins(10));
        assert_eq!(house.access.take_fresh_token(ANNA, answer.location().strip_prefix("/tokens?new=").unwrap()), None);
    }

    #[tokio::test]
    async fn a_script_at_the_form_gets_the_token_as_json() {
        let house = House::with_anna().await;
        let browser = house.signed_in().await;
        let request = Request::post("/tokens")
            .header("cookie", format!("twofront={}", browser.session().unwrap()))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from("label=export"))
            .unwrap();
        let answer = house.ask(request).await;
        assert_eq!(answer.status, StatusCode::CREATED);
        assert_eq!(answer.header("cache-control"), "private, no-store");
        let token = serde_json::from_str::<Value>(&answer.body).unwrap()["token"].as_str().unwrap().to_owned();
        assert_eq!(house.access.token_holder(&token), Some(ANNA));
    }

    #[tokio::test]
    async fn a_revoked_token_opens_nothing() {
        let house = House::with_anna().await;
        let mut browser = house.signed_in().await;
        let token = house.access.token_new(ANNA, "export").unwrap();
        let id = house.access.tokens(ANNA)[0].id.clone();
        assert_eq!(browser.post("/tokens/revoke", &[("id", &id)]).await.location(), "/tokens?done=revoked");
        assert_eq!(house.program("GET", "/api/me", &token, "").await.status, StatusCode::UNAUTHORIZED);
        let again = browser.post("/tokens/revoke", &[("id", &id)]).await;
        assert_eq!(again.location(), "/tokens?refused=token-unknown");
    }

    #[tokio::test]
    async fn nobody_revokes_another_s_token() {
        let house = House::with_anna().await;
        house.let_in(BORIS, "boris@twofront.example", OTHER_PASSWORD).await;
        let token = house.access.token_new(BORIS, "export").unwrap();
        let id = house.access.tokens(BORIS)[0].id.clone();
        let answer = house.signed_in().await.post("/tokens/revoke", &[("id", &id)]).await;
        assert_eq!(answer.location(), "/tokens?refused=token-unknown");
        assert_eq!(house.access.token_holder(&token), Some(BORIS));
    }

    #[tokio::test]
    async fn a_token_cannot_make_tokens_nor_change_the_password_but_can_end_itself() {
        let house = House::with_anna().await;
        let token = house.access.token_new(ANNA, "export").unwrap();
        for (path, form) in [("/tokens", "label=more"), ("/password", "old=a&new=b")] {
            let answer = house.program("POST", path, &token, form).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}");
            assert_eq!(answer.problem()["type"], "/problems/not-for-tokens");
        }
        let id = house.access.tokens(ANNA)[0].id.clone();
        house.program("POST", "/tokens/revoke", &token, &format!("id={id}")).await;
        assert_eq!(house.access.token_holder(&token), None);
    }

    #[tokio::test]
    async fn a_token_without_a_label_is_not_made_and_the_label_typed_is_kept() {
        let house = House::with_anna().await;
        let mut browser = house.signed_in().await;
        let answer = browser.post("/tokens", &[("label", "two\nlines")]).await;
        assert_eq!(answer.location(), "/tokens?refused=label-invalid");
        assert!(browser.get("/typed").await.body.contains("two\\nlines"));
        assert!(house.access.tokens(ANNA).is_empty());
    }

    #[tokio::test]
    async fn tokens_outlive_a_restart_and_a_new_password() {
        let house = House::with_anna().await;
        let token = house.access.token_new(ANNA, "export").unwrap();
        house.access.change_password(ANNA, PASSWORD, OTHER_PASSWORD).await.unwrap();
        let house = house.restart();
        assert_eq!(house.access.token_holder(&token), Some(ANNA));
        assert_eq!(house.access.token_holder("tf_guessed"), None);
        assert_eq!(house.access.token_holder(""), None);
    }
}

mod strangers {
    use super::*;

    #[tokio::test]
    async fn a_program_gets_a_problem_in_its_reader_s_language() {
        let house = House::new();
        for (accepted, title) in [("en", "You are not signed in"), ("ru-RU,ru;q=0.9,en;q=0.8", "Вы не вошли")]
        {
            let request = Request::get("/api/me").header("accept-language", accepted).body(Body::empty()).unwrap();
            let answer = house.ask(request).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
            assert_eq!(answer.header("www-authenticate"), "Bearer realm=\"twofront\"");
            let problem = answer.problem();
            assert_eq!(problem["type"], "/problems/not-signed-in");
            assert_eq!(problem["status"], 401);
            assert_eq!(problem["title"], title);
        }
    }

    #[tokio::test]
    async fn a_bad_token_is_said_to_be_one_also_at_a_page_and_beside_a_good_cookie() {
        let house = House::with_anna().await;
        let mut browser = house.signed_in().await;
        for path in ["/api/me", "/page"] {
            let answer = browser.send("GET", path, &[], &[("authorization", "Bearer tf_wrong")]).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
            assert!(answer.problem()["detail"].as_str().unwrap().contains("not valid"));
        }
    }

    #[tokio::test]
    async fn a_stream_can_ask_whether_its_reader_is_still_known() {
        let house = House::with_anna().await;
        let mut browser = house.signed_in().await;
        let person = browser.who(&house).await;
        house.access.token_new(ANNA, "export").unwrap();
        let token = house.access.tokens(ANNA)[0].clone();
        let program = SignedIn { colleague: ANNA, by: By::Token(token.clone()) };
        assert!(house.access.still_knows(&person) && house.access.still_knows(&program));
        house.access.change_password(ANNA, PASSWORD, OTHER_PASSWORD).await.unwrap();
        assert!(!house.access.still_knows(&person));
        assert!(house.access.still_knows(&program));
        house.access.token_revoke(ANNA, &token.id).unwrap();
        assert!(!house.access.still_knows(&program));
    }

    #[tokio::test]
    async fn a_stream_is_told_of_a_sign_out_and_ends_with_a_session_that_nobody_used() {
        let house = House::with_anna().await;
        house.let_in(ANNA, EMAIL, OTHER_PASSWORD).await;
        let (mut one, mut two) = (house.browser(), house.browser());
        for browser in [&mut one, &mut two] {
            browser.sign_in(EMAIL, OTHER_PASSWORD).await;
        }
        let (who, other) = (one.who(&house).await, two.who(&house).await);
        let mut changes = house.access.changes();
        one.post("/sign-out", &[]).await;
        assert!(changes.has_changed().unwrap());
        changes.mark_unchanged();
        assert!(!house.access.still_knows(&who));
        assert!(house.access.still_knows(&other), "the other browser goes on");
        house.pass(server::access::IDLE);
        assert!(!house.access.still_knows(&other));
    }

    #[tokio::test]
    async fn a_page_open_to_all_says_who_asks_or_nobody() {
        let house = House::with_anna().await;
        assert_eq!(house.browser().get("/maybe").await.body, "nobody");
        assert_eq!(house.signed_in().await.get("/maybe").await.body, "somebody");
        assert_eq!(house.signed_in().await.get("/api/me").await.body, format!("{ANNA} by session"));
    }
}

mod other_sites {
    use super::*;

    async fn change(browser: &mut Browser, headers: &[(&str, &str)]) -> StatusCode {
        browser.send("POST", "/api/change", &[], headers).await.status
    }

    #[tokio::test]
    async fn only_our_own_pages_make_a_browser_change_something() {
        let house = House::with_anna().await;
        let mut browser = house.signed_in().await;
        for (headers, status) in [
            (&[("sec-fetch-site", "same-origin")][..], StatusCode::OK),
            (&[("sec-fetch-site", "none")], StatusCode::OK),
            (&[("sec-fetch-site", "same-origin"), ("origin", "http://twofront.example")], StatusCode::OK),
            (&[("origin", "http://twofront.example")], StatusCode::OK),
            (&[], StatusCode::OK),
            (&[("sec-fetch-site", "cross-site")], StatusCode::FORBIDDEN),
            (&[("sec-fetch-site", "same-site")], StatusCode::FORBIDDEN),
            (&[("sec-fetch-site", "cross-site"), ("origin", "http://twofront.example")], StatusCode::FORBIDDEN),
            (&[("origin", "https://evil.example")], StatusCode::FORBIDDEN),
            (&[("origin", "http://twofront.example:8080")], StatusCode::FORBIDDEN),
            (&[("origin", "null")], StatusCode::FORBIDDEN),
        ] {
            assert_eq!(change(&mut browser, headers).await, status, "{headers:?}");
        }
    }

    #[tokio::test]
    async fn the_refusal_says_so_and_reading_stays_open() {
        let house = House::with_anna().await;
        let mut browser = house.signed_in().await;
        let cross = [("sec-fetch-site", "cross-site"), ("accept-language", "ru")];
        let answer = browser.send("POST", "/api/change", &[], &cross).await;
        assert_eq!(answer.problem()["type"], "/problems/cross-site");
        assert_eq!(answer.problem()["title"], "Запрос пришёл с другого сайта");
        assert!(answer.headers.contains_key("content-security-policy"));
        assert_eq!(browser.send("GET", "/page", &[], &cross).await.status, StatusCode::OK);
    }

    #[tokio::test]
    async fn no_other_site_signs_anybody_in_or_out() {
        let house = House::with_anna().await;
        let mut browser = house.signed_in().await;
        let cross = [("sec-fetch-site", "cross-site")];
        assert_eq!(browser.send("POST", "/sign-out", &[], &cross).await.status, StatusCode::FORBIDDEN);
        assert!(browser.is_signed_in().await);
        let form = [("email", EMAIL), ("password", PASSWORD)];
        let mut stranger = house.browser();
        assert_eq!(stranger.send("POST", "/sign-in", &form, &cross).await.status, StatusCode::FORBIDDEN);
        assert_eq!(stranger.session(), None);
    }

    #[tokio::test]
    async fn the_public_address_is_ours_whatever_the_proxy_makes_of_the_host() {
        let settings = Settings { public_url: Some("https://CRM.example/".into()), ..Settings::default() };
        let house = House::with(&settings);
        house.let_in(ANNA, EMAIL, PASSWORD).await;
        let mut browser = house.browser();
        browser.sign_in(EMAIL, PASSWORD).await;
        assert_eq!(change(&mut browser, &[("origin", "https://crm.example")]).await, StatusCode::OK);
        assert_eq!(change(&mut browser, &[("origin", "https://evil.example")]).await, StatusCode::FORBIDDEN);
    }

    #[test]
    fn a_public_address_that_is_none_is_refused_with_a_reason() {
        let house = House::new();
        for url in ["twofront.example", "https://twofront.example/crm", "ftp://twofront.example", ""] {
            let settings = Settings { public_url: Some(url.into()), ..Settings::default() };
            let doors = Doors::new(house.access.clone(), &settings, async |_| Ok(BOSS));
            assert!(matches!(doors, Err(AccessError::PublicUrl { .. })), "{url}");
        }
    }

    #[tokio::test]
    async fn a_program_with_a_token_is_no_browser() {
        let house = House::with_anna().await;
        let token = format!("Bearer {}", house.access.token_new(ANNA, "widget").unwrap());
        let mut stranger = house.browser();
        let headers = [("authorization", token.as_str()), ("origin", "https://elsewhere.example")];
        assert_eq!(change(&mut stranger, &headers).await, StatusCode::OK);
    }

    #[tokio::test]
    async fn an_invented_token_is_no_way_around_with_somebody_s_cookie() {
        let house = House::with_anna().await;
        let mut browser = house.signed_in().await;
        let headers = [("authorization", "Bearer x"), ("sec-fetch-site", "cross-site")];
        assert_eq!(change(&mut browser, &headers).await, StatusCode::UNAUTHORIZED);
    }
}

mod answers {
    use super::*;

    #[tokio::test]
    async fn every_answer_carries_the_policy_with_a_nonce_of_its_own() {
        let house = House::new();
        let mut browser = house.browser();
        let (one, two) = (browser.get("/nonce").await, browser.get("/nonce").await);
        assert_ne!(one.body, two.body);
        assert_eq!(
            one.header("content-security-policy"),
            format!(
                "default-src 'none'; script-src 'nonce-{}' 'strict-dynamic' 'wasm-unsafe-eval'; style-src 'self'; \
                 connect-src 'self'; img-src 'self' data:; font-src 'self'; manifest-src 'self'; worker-src 'self'; \
                 form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
                one.body
            )
        );
        for path in ["/nowhere", "/page", "/api/me", "/file"] {
            let answer = browser.get(path).await;
            assert!(answer.header("content-security-policy").starts_with("default-src 'none'"), "{path}");
            assert_eq!(answer.header("x-content-type-options"), "nosniff");
            assert_eq!(answer.header("referrer-policy"), "same-origin");
            assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin");
            assert!(answer.header("permissions-policy").contains("camera=()"));
        }
    }

    #[tokio::test]
    async fn a_page_that_sets_its_own_policy_keeps_it() {
        let house = House::new();
        let answer = house.browser().get("/own-policy").await;
        assert_eq!(answer.header("content-security-policy"), "default-src 'none'");
        assert_eq!(answer.headers.get_all("content-security-policy").iter().count(), 1);
    }

    #[tokio::test]
    async fn what_is_private_is_kept_by_nobody_and_files_stay_as_they_are() {
        let house = House::new();
        let mut browser = house.browser();
        for path in ["/html", "/maybe", "/page"] {
            assert_eq!(browser.get(path).await.header("cache-control"), "private, no-store", "{path}");
        }
        assert_eq!(browser.get("/api/me").await.header("cache-control"), "no-store");
        assert_eq!(browser.get("/file").await.header("cache-control"), "public, max-age=31536000, immutable");
    }

    #[tokio::test]
    async fn nothing_changes_by_being_looked_at() {
        let house = House::with_anna().await;
        let mut browser = house.signed_in().await;
        for path in ["/sign-in", "/sign-out", "/password", "/setup", "/join", "/tokens", "/tokens/revoke"] {
            assert_eq!(browser.get(path).await.status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
        }
        assert!(browser.is_signed_in().await);
    }

    #[tokio::test]
    async fn a_form_of_megabytes_is_not_read() {
        let house = House::new();
        let long = "x".repeat(100_000);
        let answer = house.browser().sign_in(EMAIL, &long).await;
        assert_eq!(answer.location(), "/sign-in?refused=incomplete");
    }
}

mod disk {
    use super::*;

    #[tokio::test]
    async fn no_secret_is_on_disk() {
        let house = House::with_anna().await;
        let browser = house.signed_in().await;
        let token = house.access.token_new(ANNA, "export").unwrap();
        let link = house.access.invite(ANNA).unwrap();
        let on_disk = house.on_disk();
        assert!(on_disk.contains("$argon2id$"));
        for secret in [PASSWORD, token.as_str(), link.secret(), browser.session().unwrap()] {
            assert!(!on_disk.contains(secret), "{secret}");
        }
    }

    /// `access_v1/` was written by the first version of the format and is never written again: whatever
    /// comes later still lets these people in.
    #[tokio::test]
    async fn the_files_of_the_first_format_are_read_for_ever() {
        const TOKEN: &str = "tf_s3nqbegkpNNjpyPBwBMVz81KQvgWh9F21hwNYS3cyEE";
        const LINK: &str = "StGtiON0RaNwkb6cDtIHOcPAMl43k7qwtuHwL3Ky3cA";
        const SESSION: &str = "Y8kWjTHovKaYpnPwGmDsag";

        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("access")).unwrap();
        for (name, file) in [
            ("logins.json", include_str!("access_v1/logins.json")),
            ("sessions.json", include_str!("access_v1/sessions.json")),
        ] {
            std::fs::write(folder.path().join("access").join(name), file).unwrap();
        }
        let now = Arc::new(Mutex::new("2026-03-02T09:00:00Z".parse().unwrap()));
        let house = House::open(folder, now, &Settings::default());
        let mut browser = house.browser();
        browser.cookies.insert("twofront".into(), SESSION.into());
        assert_eq!(browser.get("/page").await.body, ANNA.to_string());
        assert_eq!(house.browser().sign_in(EMAIL, PASSWORD).await.location(), "/");
        assert_eq!(house.access.token_holder(TOKEN), Some(ANNA));
        assert_eq!(house.access.invited(LINK), Some(BORIS));
    }

    #[test]
    fn a_second_process_is_told_that_the_first_is_there() {
        let house = House::new();
        let second = Access::open_with(
            house.folder.path().join("access"),
            Cost::lowered_for_tests(),
            clock(Arc::clone(&house.now)),
        );
        assert!(matches!(second, Err(AccessError::Kept(KeptError::InUse { .. }))));
    }

    #[tokio::test]
    async fn damaged_logins_are_an_error_and_stay_as_they_are() {
        let house = House::with_anna().await;
        house.signed_in().await;
        let House { folder, now, recorded, access, app, last } = house;
        drop((recorded, access, app, last));
        let path = folder.path().join("access").join("logins.json");
        let damaged: Vec<u8> = std::fs::read(&path).unwrap().into_iter().rev().collect();
        std::fs::write(&path, &damaged).unwrap();
        let opened = Access::open_with(folder.path().join("access"), Cost::lowered_for_tests(), clock(now));
        assert!(matches!(opened, Err(AccessError::Kept(KeptError::Damaged { .. }))));
        assert_eq!(std::fs::read(&path).unwrap(), damaged);
    }

    #[tokio::test]
    async fn damaged_sessions_are_moved_aside_and_everybody_signs_in_once_more() {
        let house = House::with_anna().await;
        house.signed_in().await;
        let House { folder, now, recorded, access, app, last } = house;
        drop((recorded, access, app, last));
        let path = folder.path().join("access").join("sessions.json");
        let damaged: Vec<u8> = std::fs::read(&path).unwrap().into_iter().rev().collect();
        std::fs::write(&path, &damaged).unwrap();
        let opened = Access::open_with(folder.path().join("access"), Cost::lowered_for_tests(), clock(now)).unwrap();
        assert_eq!(opened.colleague_of(EMAIL), Some(ANNA), "her login is as it was");
        assert_eq!(std::fs::read(path.with_extension("json.damaged")).unwrap(), damaged);
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_disk_that_takes_nothing_is_told_and_signs_nobody_in() {
        let house = House::with_anna().await;
        // Folders in the place of the files that a change writes first.
        for name in ["logins.json.new", "sessions.json.new"] {
            std::fs::create_dir(house.folder.path().join("access").join(name)).unwrap();
        }
        let mut browser = house.browser();
        assert_eq!(browser.sign_in(EMAIL, PASSWORD).await.location(), "/sign-in?refused=cannot-save");
        assert_eq!(browser.session(), None);
        assert!(matches!(house.access.token_new(ANNA, "export"), Err(AccessError::Kept(KeptError::Io { .. }))));
        assert!(house.access.tokens(ANNA).is_empty());
    }

    #[tokio::test]
    async fn who_is_signed_in_goes_on_reading_while_the_disk_takes_nothing() {
        let house = House::with_anna().await;
        let mut browser = house.signed_in().await;
        for name in ["logins.json.new", "sessions.json.new"] {
            std::fs::create_dir(house.folder.path().join("access").join(name)).unwrap();
        }
        house.pass(SignedDuration::from_hours(24));
        assert_eq!(browser.get("/page").await.body, ANNA.to_string());
        assert_eq!(browser.post("/sign-out", &[]).await.location(), "/?refused=cannot-save");
        let answer = browser.post("/password", &[("old", PASSWORD), ("new", OTHER_PASSWORD)]).await;
        assert_eq!(answer.location(), "/password?refused=cannot-save");
        let answer = browser.post("/tokens", &[("label", "export")]).await;
        assert_eq!(answer.location(), "/tokens?refused=cannot-save");
    }
}
