//! The forms beside the log as an administrator's browser meets them: invitations and imports.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod house;

use std::sync::Arc;
use std::time::Duration;

use app::when::Zone;
use axum::Router;
use axum::body::{Body, to_bytes};
use house::*;
use http::{HeaderMap, Request, StatusCode, header};
use server::access::{Access, Cost, Settings};
use server::beside::Beside;
use server::leavers;
use server::office::Office;
use server::serve::{self, House as Served};
use server::site::Site;
use server::store::Store;
use server::store::keyring::Keyring;
use shared::colleague;
use shared::domain::Command;
use shared::ids::{ColleagueId, ImportId};
use shared::testkit::*;
use shared::words::{Email, Role};
use tempfile::TempDir;
use tower::ServiceExt;

const PASSWORD: &str = "seven quiet harbours";
const ORIGIN: &str = "http://localhost:3000";

/// The whole server on a store in memory.
struct Town {
    office: Office,
    access: Access,
    app: Router,
    folder: TempDir,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

impl Answer {
    fn leads_to(&self) -> &str {
        self.headers.get(header::LOCATION).map(|to| to.to_str().unwrap()).unwrap_or_default()
    }
}

impl Town {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store: Arc<dyn Store> = Arc::new(Trickster::default());
        let keyring = Arc::new(Keyring::at(&folder.path().join("keys")).unwrap());
        let now = Arc::new(std::sync::Mutex::new(NOON));
        let office = Office::open(store, keyring, clock(&now)).unwrap();
        for answer in office.ask_all(company_orders()).await {
            answer.unwrap();
        }
        let access =
            Access::open_with(folder.path().join("access"), Cost::lowered_for_tests(), Arc::new(|| NOON)).unwrap();
        let served = Served {
            office: office.clone(),
            access: access.clone(),
            site: Site::default(),
            zone: Zone::utc(),
            data: folder.path().to_owned(),
        };
        let app = serve::router(served, &Settings::default()).unwrap();
        Self { office, access, app, folder }
    }

    async fn ask(&self, request: Request<Body>) -> Answer {
        let (parts, body) = self.app.clone().oneshot(request).await.unwrap().into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        let text = String::from_utf8_lossy(&body).into_owned();
        Answer { status: parts.status, headers: parts.headers, text }
    }

    /// Signs somebody in and gives the cookie of their browser.
    async fn browser_of(&self, colleague: ColleagueId) -> String {
        let email = format!("c{:x}@twofront.example", colleague.uuid().as_u128());
        self.access.enrol(colleague, &email).unwrap();
        let link = self.access.invite(colleague).unwrap();
        let form = format!("link={}&password={}", link.secret(), PASSWORD.replace(' ', "+"));
        let answer = self.post("", "/join", &form).await;
        let cookies = answer.headers.get_all(header::SET_COOKIE).iter().map(|cookie| cookie.to_str().unwrap());
        let session = cookies.into_iter().find(|cookie| cookie.starts_with("twofront=")).unwrap();
        session.split(';').next().unwrap().to_owned()
    }

    async fn post(&self, cookie: &str, path: &str, form: &str) -> Answer {
        let request = browser(Request::post(path), cookie)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(form.to_owned()));
        self.ask(request.unwrap()).await
    }

    async fn get(&self, cookie: &str, path: &str) -> Answer {
        self.ask(browser(Request::get(path), cookie).body(Body::empty()).unwrap()).await
    }

    /// Uploads files as the page's form does.
    async fn upload(&self, cookie: &str, files: &[(&str, &str)], trial: bool) -> Answer {
        let mut body = String::new();
        for (name, content) in files {
            let head = format!("form-data; name=\"files\"; filename=\"{name}\"\r\nContent-Type: text/csv");
            body.push_str(&format!("--edge\r\nContent-Disposition: {head}\r\n\r\n{content}\r\n"));
        }
        if trial {
            body.push_str("--edge\r\nContent-Disposition: form-data; name=\"trial\"\r\n\r\nyes\r\n");
        }
        body.push_str("--edge--\r\n");
        let request = browser(Request::post("/import"), cookie)
            .header(header::CONTENT_TYPE, "multipart/form-data; boundary=edge")
            .body(Body::from(body));
        self.ask(request.unwrap()).await
    }

    fn accounts(&self) -> usize {
        self.office.company(|company| company.directory.accounts.len())
    }
}

fn browser(request: http::request::Builder, cookie: &str) -> http::request::Builder {
    request
        .header(header::HOST, "localhost:3000")
        .header(header::ORIGIN, ORIGIN)
        .header(header::ACCEPT, "text/html")
        .header(header::COOKIE, cookie)
}

fn join(number: u128, colleague: ColleagueId, email: &str) -> server::desk::Order {
    let identity = colleague::Identity { email: Some(Email::parse(email).unwrap()), ..identity("Olga Sorokina") };
    let join = colleague::Command::Join { identity, unit: None, role: Role::AccountManager };
    order(number, ADA, Command::Colleague(colleague, join))
}

const OLGA: ColleagueId = ColleagueId::from_uuid(uuid::Uuid::from_u128(0x01_6A));

#[tokio::test]
async fn an_administrator_makes_a_link_that_works_and_is_shown_once() {
    let town = Town::new().await;
    town.office.ask(join(700, OLGA, "olga@twofront.example")).await.unwrap();
    let ada = town.browser_of(ADA).await;
    let made = town.post(&ada, "/company/invite", &format!("colleague={OLGA}")).await;
    assert_eq!(made.leads_to(), format!("/company?who={OLGA}&invited=yes"));
    let view = format!("/api/views/company?who={OLGA}&invited=yes");
    let shown = town.get(&ada, &view).await;
    let page: serde_json::Value = serde_json::from_str(&shown.text).unwrap();
    let link = page["link"].as_str().unwrap();
    let secret = link.strip_prefix(&format!("{ORIGIN}/join?link=")).unwrap();
    assert_eq!(town.access.invited(secret), Some(OLGA));
    let again: serde_json::Value = serde_json::from_str(&town.get(&ada, &view).await.text).unwrap();
    assert!(again["link"].is_null());
}

#[tokio::test]
async fn only_an_administrator_at_a_browser_invites() {
    let town = Town::new().await;
    town.office.ask(join(700, OLGA, "olga@twofront.example")).await.unwrap();
    let kira = town.browser_of(KIRA).await;
    town.post(&kira, "/company/invite", &format!("colleague={OLGA}")).await;
    let ada = town.browser_of(ADA).await;
    let token = town.access.token_new(ADA, "test").unwrap();
    let request = Request::post("/company/invite")
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(format!("colleague={OLGA}")));
    town.ask(request.unwrap()).await;
    assert!(!town.access.logins().iter().any(|login| login.colleague == OLGA));

    // Without an address nobody can sign in.
    let lost = town.post(&ada, "/company/invite", &format!("colleague={NINA}")).await;
    assert!(lost.leads_to().starts_with("/company?who="), "{}", lost.leads_to());
}

#[tokio::test]
async fn whoever_leaves_cannot_come_in_any_more() {
    let town = Town::new().await;
    let ada = town.browser_of(ADA).await;
    let kira = town.browser_of(KIRA).await;
    let following = tokio::spawn(leavers::follow(town.office.clone(), town.access.clone()));
    let leave = Command::Colleague(KIRA, colleague::Command::Leave {});
    town.office.ask(order(701, ADA, leave)).await.unwrap();
    tokio::time::timeout(Duration::from_secs(20), async {
        while town.access.logins().iter().any(|login| login.colleague == KIRA) {
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap();
    assert!(town.get(&kira, "/company").await.leads_to().starts_with("/sign-in"));
    assert_eq!(town.get(&ada, "/company").await.status, StatusCode::OK);
    following.abort();
}

#[tokio::test]
async fn who_left_while_the_server_was_down_is_withdrawn_at_its_start() {
    let town = Town::new().await;
    town.browser_of(KIRA).await;
    let leave = Command::Colleague(KIRA, colleague::Command::Leave {});
    town.office.ask(order(701, ADA, leave)).await.unwrap();
    town.office.let_go();
    leavers::follow(town.office.clone(), town.access.clone()).await;
    assert!(!town.access.logins().iter().any(|login| login.colleague == KIRA));
}

const ACCOUNTS: &str = "Id,Name\r\n001Ec00000GGw3hIAD,Harbour Works\r\nbroken,Nobody\r\n";

#[tokio::test]
async fn a_trial_records_nothing_and_its_files_can_be_imported_afterwards() {
    let town = Town::new().await;
    let ada = town.browser_of(ADA).await;
    let (before, position) = (town.accounts(), town.office.position());
    let tried = town.upload(&ada, &[("Account.csv", ACCOUNTS)], true).await;
    assert_eq!(tried.leads_to(), "/import");
    assert_eq!((town.accounts(), town.office.position()), (before, position));
    let rows = town.get(&ada, "/import/checked/refused/Account.csv").await;
    assert!(rows.text.contains("broken"), "{}", rows.text);

    let done = town.post(&ada, "/import/checked", "").await;
    let batch = done.leads_to().strip_prefix("/import?done=").unwrap().to_owned();
    assert_eq!(town.accounts(), before + 1);
    let rows = town.get(&ada, &format!("/import/{batch}/refused/Account.csv")).await;
    assert_eq!(rows.headers[header::CONTENT_TYPE], "text/csv; charset=utf-8");
    assert!(rows.text.contains("broken"));
    // The files are gone with the import.
    assert_eq!(town.post(&ada, "/import/checked", "").await.leads_to(), "/import?refused=gone");
    let left = std::fs::read_dir(town.folder.path().join("tmp")).unwrap().count();
    assert_eq!(left, 0, "uploads lie around");
}

#[tokio::test]
async fn an_upload_that_is_still_arriving_makes_the_next_one_wait() {
    let town = Town::new().await;
    let ada = town.browser_of(ADA).await;
    let (feed, body) = futures::channel::mpsc::unbounded::<Result<String, std::io::Error>>();
    let request = browser(Request::post("/import"), &ada)
        .header(header::CONTENT_TYPE, "multipart/form-data; boundary=edge")
        .body(Body::from_stream(body));
    let head = "form-data; name=\"files\"; filename=\"Account.csv\"";
    feed.unbounded_send(Ok(format!("--edge\r\nContent-Disposition: {head}\r\n\r\nId,Name\r\n"))).unwrap();
    let another = async {
        loop {
            let view = town.get(&ada, "/api/views/import").await.text;
            let page: serde_json::Value = serde_json::from_str(&view).unwrap();
            if !page["importing"]["running"].is_null() {
                break;
            }
            tokio::task::yield_now().await;
        }
        let busy = town.upload(&ada, &[("Account.csv", ACCOUNTS)], true).await;
        assert_eq!(busy.leads_to(), "/import?refused=busy");
        let uploads = std::fs::read_dir(town.folder.path().join("tmp")).unwrap().count();
        assert_eq!(uploads, 1, "only one of them writes");
        feed.unbounded_send(Ok("001Ec00000GGw3hIAD,Harbour Works\r\n--edge--\r\n".to_owned())).unwrap();
        drop(feed);
    };
    let (first, ()) = tokio::join!(town.ask(request.unwrap()), another);
    assert!(first.leads_to().starts_with("/import?done="), "{}", first.leads_to());
}

#[tokio::test]
async fn files_in_the_clear_go_with_the_next_check_and_with_taking_back() {
    let town = Town::new().await;
    let ada = town.browser_of(ADA).await;
    let lies = |path: &str| std::fs::read_dir(town.folder.path().join(path)).into_iter().flatten().count();
    town.upload(&ada, &[("Account.csv", ACCOUNTS)], true).await;
    assert_eq!((lies("tmp"), lies("imports")), (1, 1));
    town.upload(&ada, &[("Account.csv", "Id,Name\n001Ec00000GGw3hIAD,Harbour Works\n")], true).await;
    assert_eq!((lies("tmp"), lies("imports")), (1, 0), "the refused rows of the check before");

    let done = town.upload(&ada, &[("Account.csv", ACCOUNTS)], false).await;
    let batch: ImportId = done.leads_to().strip_prefix("/import?done=").unwrap().parse().unwrap();
    assert_eq!((lies("tmp"), lies("imports")), (0, 1));
    let take_back = shared::import::Command::TakeBack { with_entries: true };
    town.office.ask(order(900, ADA, Command::Import(batch, take_back))).await.unwrap();
    town.get(&ada, "/import").await;
    assert_eq!(lies("imports"), 0);
    let gone = town.get(&ada, &format!("/import/{batch}/refused/Account.csv")).await;
    assert_eq!(gone.leads_to(), "/import?refused=gone");
    assert_eq!(town.get(&ada, "/import/checked/refused/passwd").await.leads_to(), "/import?refused=gone");
}

#[tokio::test]
async fn the_sample_is_imported_with_one_button() {
    let town = Town::new().await;
    let ada = town.browser_of(ADA).await;
    let before = town.accounts();
    let done = town.post(&ada, "/import/sample", "").await;
    assert_eq!(done.status, StatusCode::SEE_OTHER);
    assert!(town.accounts() > before);
    let page: serde_json::Value = serde_json::from_str(&town.get(&ada, "/api/views/import").await.text).unwrap();
    assert_eq!(page["importing"]["last"]["failed"], serde_json::Value::Null);
}

#[tokio::test]
async fn nobody_but_an_administrator_imports() {
    let town = Town::new().await;
    let kira = town.browser_of(KIRA).await;
    let before = town.office.position();
    for path in ["/import/sample", "/import/checked"] {
        assert_eq!(town.post(&kira, path, "").await.leads_to(), "/import");
    }
    assert_eq!(town.upload(&kira, &[("Account.csv", ACCOUNTS)], false).await.leads_to(), "/import");
    assert_eq!(town.get(&kira, "/import").await.status, StatusCode::FORBIDDEN);
    assert_eq!(town.get(&kira, "/api/views/import").await.status, StatusCode::FORBIDDEN);
    assert_eq!(town.office.position(), before);
}

#[tokio::test]
async fn an_upload_without_a_table_is_refused() {
    let town = Town::new().await;
    let ada = town.browser_of(ADA).await;
    for files in [&[][..], &[("", "")], &[("photo.png", "x")]] {
        assert_eq!(town.upload(&ada, files, true).await.leads_to(), "/import?refused=no-files");
    }
}

#[tokio::test]
async fn what_an_earlier_process_left_of_an_upload_is_removed() {
    let town = Town::new().await;
    let left = town.folder.path().join("tmp/left");
    std::fs::create_dir_all(&left).unwrap();
    Beside::new(town.office.clone(), town.access.clone(), town.folder.path());
    assert!(!left.exists());
}

#[tokio::test]
async fn a_theme_is_kept_and_leads_nowhere_else() {
    let town = Town::new().await;
    let ada = town.browser_of(ADA).await;
    let dark = town.post(&ada, "/theme", "theme=dark&back=/settings").await;
    assert_eq!(dark.leads_to(), "/settings");
    assert!(dark.headers[header::SET_COOKIE].to_str().unwrap().starts_with("theme=dark;"));
    let page = town.get(&format!("{ada}; theme=dark"), "/settings").await;
    assert!(page.text.contains("data-theme=\"dark\""));
    assert_eq!(town.post(&ada, "/theme", "theme=dark&back=//evil.example").await.leads_to(), "/");
}
