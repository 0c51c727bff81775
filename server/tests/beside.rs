//! The forms as a browser meets them: what pages ask of the desk, invitations, imports, and what
//! every page carries.

#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod house;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use house::*;
use http::{HeaderMap, Request, StatusCode, header};
use server::access::{Access, Settings};
use server::beside::Beside;
use server::leavers;
use server::office::Office;
use server::serve::{self};
use shared::colleague;
use shared::domain::Command;
use shared::ids::{ColleagueId, ImportId, Stream};
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
        Self::with(&Settings::default()).await
    }

    async fn with(settings: &Settings) -> Self {
        let (house, folder) = furnished(Arc::new(Trickster::default())).await;
        let (office, access) = (house.office.clone(), house.access.clone());
        let app = serve::router(house, settings).unwrap();
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
        let session =
            cookies.into_iter().find(|cookie| cookie.trim_start_matches("__Host-").starts_with("twofront=")).unwrap();
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
async fn a_fresh_secret_is_told_to_the_person_and_to_no_program() {
    let town = Town::new().await;
    town.office.ask(join(700, OLGA, "olga@twofront.example")).await.unwrap();
    let ada = town.browser_of(ADA).await;
    let token = town.access.token_new(ADA, "test").unwrap();
    town.post(&ada, "/company/invite", &format!("colleague={OLGA}")).await;
    let made = town.post(&ada, "/tokens", "label=export").await;
    let fresh = made.leads_to().strip_prefix("/tokens?new=").unwrap().to_owned();
    let (company, settings) =
        (format!("/api/views/company?who={OLGA}&invited=yes"), format!("/api/views/settings?new={fresh}"));
    for path in [&company, &settings] {
        let request = Request::get(path).header(header::AUTHORIZATION, format!("Bearer {token}"));
        let seen = town.ask(request.body(Body::empty()).unwrap()).await;
        assert_eq!(seen.status, StatusCode::OK);
        assert!(!seen.text.contains("/join?link=") && !seen.text.contains("\"tf_"), "{}", seen.text);
    }
    assert!(town.get(&ada, &company).await.text.contains("/join?link="), "it is not used up by that");
    assert!(town.get(&ada, &settings).await.text.contains("tf_"));
}

#[tokio::test]
async fn a_link_leads_to_where_people_reach_us_where_that_was_said() {
    let town = Town::with(&Settings { public_url: Some("https://crm.example/".into()), ..Settings::default() }).await;
    town.office.ask(join(700, OLGA, "olga@twofront.example")).await.unwrap();
    let ada = town.browser_of(ADA).await;
    town.post(&ada, "/company/invite", &format!("colleague={OLGA}")).await;
    let shown = town.get(&ada, &format!("/api/views/company?who={OLGA}&invited=yes")).await;
    assert!(shown.text.contains("\"https://crm.example/join?link="), "{}", shown.text);
}

#[tokio::test]
async fn a_form_that_cannot_be_read_is_refused_in_the_reader_s_language() {
    let town = Town::new().await;
    let ada = town.browser_of(ADA).await;
    let ada = format!("{ada}; lang=ru");
    for path in ["/do", "/language", "/theme", "/zone", "/company/invite", "/import", "/import/demo"] {
        let request = browser(Request::post(path), &ada).header(header::CONTENT_TYPE, "application/json");
        let refused = town.ask(request.body(Body::from("{}")).unwrap()).await;
        assert!(refused.status.is_client_error(), "{path} {}", refused.status);
        assert_eq!(refused.headers[header::CONTENT_TYPE], "text/html; charset=utf-8", "{path}");
        assert!(refused.text.contains("<html lang=\"ru\">") && refused.text.contains("Ничего не изменилось"), "{path}");
    }
    let missing = town.post(&ada, "/theme", "theme=plaid").await;
    assert_eq!(missing.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(missing.text.contains("Этот запрос не читается"), "{}", missing.text);
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
async fn what_is_remarked_of_an_import_is_said_in_the_language_of_whoever_looks() {
    let town = Town::new().await;
    let ada = town.browser_of(ADA).await;
    let russian = format!("{ada}; lang=ru");
    // No file of an export, then one that cannot be read beside one that can.
    town.upload(&ada, &[("photos.csv", "a,b\n1,2\n")], true).await;
    assert!(town.get(&ada, "/import").await.text.contains("None of these files is one of a Salesforce export"));
    let page = town.get(&russian, "/import").await.text;
    assert!(page.contains("Среди этих файлов нет файлов выгрузки Salesforce: нужен Account.csv"), "{page}");
    town.upload(&ada, &[("Account.csv", ACCOUNTS), ("Contact.csv", "Name\nAnna Petrova\n")], true).await;
    assert!(town.get(&ada, "/import").await.text.contains("Contact.csv has no column"));
    assert!(town.get(&russian, "/import").await.text.contains("В файле Contact.csv нет столбца"));
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
async fn a_company_is_made_up_with_one_button_or_to_measure() {
    let town = Town::new().await;
    let ada = town.browser_of(ADA).await;
    for (typed, leads_to) in [
        ("events=none", "/import?refused=numbers"),
        ("events=0", "/import?refused=numbers"),
        ("events=300&seed=x", "/import?refused=numbers"),
    ] {
        assert_eq!(town.post(&ada, "/import/demo", typed).await.leads_to(), leads_to, "{typed}");
    }
    let before = town.office.position();
    let made = town.post(&ada, "/import/demo", "events=300&seed=5&lang=ru").await;
    assert!(made.leads_to().starts_with("/import?done="), "{}", made.leads_to());
    assert_eq!(town.office.position(), before + 300);
    let batch: ImportId = made.leads_to().strip_prefix("/import?done=").unwrap().parse().unwrap();
    assert_eq!(town.office.company(|company| company.directory.imports[&batch].by), ADA);
    let page = town.get(&ada, "/import").await.text;
    assert!(page.contains("<th scope=\"row\">made-up company no. 5"), "in the language of who reads");
    assert!(page.contains("made up by a program (made-up company no. 5)"));
    // The button of the empty portfolio says nothing at all. A large company may outlast the form's patience.
    let usual = town.post(&ada, "/import/demo", "").await;
    assert_eq!(usual.status, StatusCode::SEE_OTHER);
    assert!(!usual.leads_to().contains("refused"), "{}", usual.leads_to());
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

#[tokio::test]
async fn a_day_begins_where_somebody_chose_else_where_their_device_is_else_where_the_company_is() {
    let town = Town::new().await;
    let ada = town.browser_of(ADA).await;
    let chosen = town.post(&ada, "/zone", "zone=asia/vladivostok&back=/settings").await;
    assert_eq!(chosen.leads_to(), "/settings");
    assert!(chosen.headers[header::SET_COOKIE].to_str().unwrap().starts_with("zone=Asia/Vladivostok;"));
    let unknown = town.post(&ada, "/zone", "zone=Mars/Olympus+%3Cb%3E&back=/settings").await;
    assert_eq!(unknown.leads_to(), "/settings?no-zone=Mars/Olympus%20%3Cb%3E");
    assert!(!unknown.headers.contains_key(header::SET_COOKIE));
    let page = town.get(&ada, unknown.leads_to()).await.text;
    assert!(page.contains("There is no time zone “Mars/Olympus &lt;b&gt;”"), "{page}");
    let emptied = town.post(&ada, "/zone", "zone=&back=/settings").await;
    assert!(emptied.headers[header::SET_COOKIE].to_str().unwrap().starts_with("zone=; Path=/; Max-Age=0"));

    for (cookies, name) in [
        ("", "UTC"),
        ("; device-zone=Asia/Yekaterinburg", "Asia/Yekaterinburg"),
        ("; device-zone=Asia/Yekaterinburg; zone=Asia/Vladivostok", "Asia/Vladivostok"),
        ("; device-zone=undefined; zone=nowhere", "UTC"),
    ] {
        let cookies = format!("{ada}{cookies}");
        let page = town.get(&cookies, "/settings").await;
        assert!(page.text.contains(&format!("Now: {name}.")), "{cookies}");
        // What is typed as ten o'clock is ten o'clock there; on a page that was made before, where that page was.
        for (says, zone) in [("", name), ("&zone=Asia/Tokyo", "Asia/Tokyo")] {
            let key = uuid::Uuid::new_v4();
            let what = format!("Ten o'clock in {zone}, {key}");
            let form = format!(
                "do=interaction.log&key={key}&front=client&account={NORTHWIND}&summary={}&when=2026-01-15&clock=10:00{says}",
                app::address::encode(&what)
            );
            let logged = town.post(&cookies, "/do", &form).await;
            assert!(logged.leads_to().contains("logged="), "{}", logged.leads_to());
            let hour = match zone {
                "UTC" => 10,
                "Asia/Yekaterinburg" => 5,
                "Asia/Vladivostok" => 0,
                _ => 1,
            };
            let records = town.office.records(town.office.position() - 1, 1).unwrap();
            assert_eq!(records[0].occurred.to_string(), format!("2026-01-15T{hour:02}:00:00Z"), "{what}");
        }
    }
}

fn renaming(name: &str, back: &str) -> String {
    let key = uuid::Uuid::from_u128(0xD0);
    format!("do=account.rename&on={}&key={key}&name={name}&back={back}", Stream::from(NORTHWIND))
}

fn name_of_northwind(town: &Town) -> String {
    town.office.company(|company| company.directory.accounts[&NORTHWIND].name.to_string())
}

/// The number of the slip in an address.
fn slip_in(address: &str) -> &str {
    address.split("slip=").nth(1).unwrap()
}

#[tokio::test]
async fn a_form_is_carried_out_once_and_leads_back() {
    let town = Town::new().await;
    let kira = town.browser_of(KIRA).await;
    let (back, before) = (format!("/accounts/{NORTHWIND}?tab=1"), town.office.position());
    for _ in 0..2 {
        let done = town.post(&kira, "/do", &renaming("Northwind+AG", &back.replace('?', "%3F"))).await;
        assert_eq!(done.leads_to(), back);
    }
    assert_eq!(name_of_northwind(&town), "Northwind AG");
    assert_eq!(town.office.position(), before + 1);
}

#[tokio::test]
async fn a_form_never_leads_away() {
    let town = Town::new().await;
    let kira = town.browser_of(KIRA).await;
    for back in ["//evil.example", "/%5Cevil.example", "/%09/evil.example", "/%0A/evil.example", "https://evil.example"]
    {
        for (path, form) in [
            ("/do", renaming("Northwind+AG", back)),
            ("/do", format!("do=nonsense&back={back}")),
            ("/language", format!("lang=ru&back={back}")),
            ("/theme", format!("theme=dark&back={back}")),
            ("/zone", format!("zone=Europe/Minsk&back={back}")),
        ] {
            let led = town.post(&kira, path, &form).await;
            assert!(led.leads_to() == "/" || led.leads_to().starts_with("/?slip="), "{path} {}", led.leads_to());
        }
    }
}

#[tokio::test]
async fn a_refused_form_is_shown_to_whoever_sent_it_and_to_nobody_else() {
    let town = Town::new().await;
    let (kira, lev) = (town.browser_of(KIRA).await, town.browser_of(LEV).await);
    let page = format!("/accounts/{NORTHWIND}/edit");
    let refused = town.post(&kira, "/do", &renaming(&"Quince".repeat(100), &page)).await;
    assert!(refused.leads_to().starts_with(&format!("{page}?slip=")), "{}", refused.leads_to());
    assert!(town.get(&kira, refused.leads_to()).await.text.contains("QuinceQuince"));
    assert!(!town.get(&lev, refused.leads_to()).await.text.contains("QuinceQuince"));
}

#[tokio::test]
async fn a_form_of_who_was_signed_out_waits_behind_the_sign_in() {
    let town = Town::new().await;
    let page = format!("/accounts/{NORTHWIND}/edit");
    let sent = town.post("", "/do", &renaming("Quince+Works", &page)).await;
    let next = sent.leads_to().strip_prefix("/sign-in?next=").unwrap().replace("%3F", "?").replace("%3D", "=");
    assert_eq!(name_of_northwind(&town), "Northwind");
    let kira = town.browser_of(KIRA).await;
    assert!(town.get(&kira, &next).await.text.contains("Quince Works"));
    assert!(slip_in(&next).parse::<uuid::Uuid>().is_ok());
}

#[tokio::test]
async fn a_form_beyond_measure_is_not_read() {
    let town = Town::new().await;
    let kira = town.browser_of(KIRA).await;
    let large = format!("lang=ru&theme=dark&zone=&rest={}", "x".repeat(server::pages::LARGEST_FORM));
    for cookie in ["", &kira] {
        for path in ["/do", "/language", "/theme", "/zone"] {
            let answer = town.post(cookie, path, &large).await;
            assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE, "{path}");
        }
    }
}

#[tokio::test]
async fn no_other_site_makes_a_browser_do_anything() {
    let town = Town::new().await;
    let ada = town.browser_of(ADA).await;
    let before = town.office.position();
    for path in ["/do", "/api/commands", "/import", "/import/sample", "/sign-in", "/sign-out", "/company/invite"] {
        let forged = Request::post(path)
            .header(header::HOST, "localhost:3000")
            .header(header::ORIGIN, "https://evil.example")
            .header("sec-fetch-site", "cross-site")
            .header(header::COOKIE, &ada)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(renaming("Evil", "/")));
        let refused = town.ask(forged.unwrap()).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{path}");
        let kind = if path.starts_with("/api/") { "application/problem+json" } else { "text/html; charset=utf-8" };
        assert_eq!(refused.headers[header::CONTENT_TYPE], kind, "{path}");
    }
    assert_eq!(town.office.position(), before);
    assert_eq!(town.get(&ada, "/company").await.status, StatusCode::OK, "still signed in");
}

#[tokio::test]
async fn after_the_sign_in_one_stands_on_a_page_and_not_before_a_closed_door() {
    let town = Town::new().await;
    let ada = town.browser_of(ADA).await;
    for (form, page) in [
        ("/company/invite", "/company"),
        ("/import", "/import"),
        ("/import/sample", "/import"),
        ("/tokens/revoke", "/tokens"),
        ("/password", "/password"),
    ] {
        let sent = town.post("", form, "colleague=x").await;
        assert_eq!(sent.leads_to(), format!("/sign-in?next={page}"), "{form}");
        assert_eq!(town.get(&ada, page).await.status, StatusCode::OK, "{page}");
    }
    let email = format!("c{:x}@twofront.example", ADA.uuid().as_u128());
    for form in ["/do", "/language", "/theme", "/zone", "/sign-out"] {
        let filled = format!("email={email}&password={}&next={form}", PASSWORD.replace(' ', "+"));
        assert_eq!(town.post("", "/sign-in", &filled).await.leads_to(), "/", "{form}");
    }
}

#[tokio::test]
async fn a_page_is_kept_by_nobody_and_runs_only_its_own_scripts() {
    let town = Town::new().await;
    let kira = town.browser_of(KIRA).await;
    let account = format!("/accounts/{NORTHWIND}");
    for (cookie, path) in [("", "/sign-in"), (&kira, "/"), (&kira, "/tokens"), (&kira, &account), (&kira, "/nowhere")] {
        let page = town.get(cookie, path).await;
        assert_eq!(page.headers[header::CACHE_CONTROL], "private, no-store", "{path}");
        assert_eq!(page.headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff", "{path}");
        let policies: Vec<_> = page.headers.get_all(header::CONTENT_SECURITY_POLICY).iter().collect();
        let policy = policies[0].to_str().unwrap();
        let nonce = policy.split("'nonce-").nth(1).unwrap().split('\'').next().unwrap();
        assert!(page.text.contains(&format!("nonce=\"{nonce}\"")), "{path}: {nonce}");
        assert_eq!(
            policies,
            [&format!(
                "default-src 'none'; script-src 'nonce-{nonce}' 'strict-dynamic' 'wasm-unsafe-eval'; \
                 style-src 'self'; connect-src 'self'; img-src 'self' data:; font-src 'self'; manifest-src 'self'; \
                 worker-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
            )],
            "{path}"
        );
    }
}
