//! The pages as a browser without scripts meets them: what the server writes into a document, and the
//! door of its forms.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod house;

use std::io::Read as _;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use house::*;
use http::{Request, StatusCode, header};
use server::access::{Access, Settings};
use server::office::Office;
use server::serve::{self};
use shared::colleague;
use shared::domain::Command;
use shared::ids::ColleagueId;
use shared::testkit::*;
use shared::words::Role;
use tempfile::TempDir;
use tower::ServiceExt;

/// The whole server on a store in memory.
struct Town {
    office: Office,
    access: Access,
    app: Router,
    _folder: TempDir,
}

/// Where an answer leads and what it says.
struct Answer {
    status: StatusCode,
    location: String,
    text: String,
}

impl Town {
    async fn new() -> Self {
        let (house, folder) = furnished(Arc::new(Trickster::default())).await;
        let (office, access) = (house.office.clone(), house.access.clone());
        let app = serve::router(house, &Settings::default()).unwrap();
        Self { office, access, app, _folder: folder }
    }

    fn token(&self, colleague: ColleagueId) -> String {
        let email = format!("c{}@twofront.example", colleague.uuid().as_u128());
        self.access.enrol(colleague, &email).unwrap();
        self.access.token_new(colleague, "test").unwrap()
    }

    async fn ask(&self, request: Request<Body>) -> Answer {
        let (response, body) = self.app.clone().oneshot(request).await.unwrap().into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        let location = response.headers.get(header::LOCATION).map(|to| to.to_str().unwrap().to_owned());
        Answer {
            status: response.status,
            location: location.unwrap_or_default(),
            text: String::from_utf8(body.to_vec()).unwrap(),
        }
    }

    async fn page(&self, token: &str, path: &str) -> Answer {
        let request = Request::get(path).header(header::AUTHORIZATION, format!("Bearer {token}"));
        self.ask(request.body(Body::empty()).unwrap()).await
    }

    /// Sends a form from a page, as plain HTML does.
    async fn form(&self, token: &str, from: &str, pairs: &[(&str, &str)]) -> Answer {
        let body: Vec<String> =
            pairs.iter().map(|(name, value)| format!("{name}={}", app::address::encode(value))).collect();
        let request = Request::post("/do")
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .header(header::REFERER, format!("http://127.0.0.1{from}"))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.ask(request.body(Body::from(body.join("&"))).unwrap()).await
    }
}

#[tokio::test]
async fn the_sign_in_leads_to_the_set_up_until_somebody_has_a_password_and_not_a_moment_longer() {
    let town = Town::new().await;
    let sign_in = |lang: &str| {
        let request = Request::get("/sign-in").header(header::ACCEPT_LANGUAGE, lang);
        town.ask(request.body(Body::empty()).unwrap())
    };
    let front = town.ask(Request::get("/").body(Body::empty()).unwrap()).await;
    assert_eq!(front.location, "/sign-in");
    // Who was invited by the command line cannot sign in before they have chosen a password.
    town.access.enrol(LEV, "lev@twofront.example").unwrap();
    let link = town.access.invite(LEV).unwrap();
    for (lang, sentence) in [
        ("en", "The product is not set up yet: open the one-time link that the server printed when it started"),
        ("ru", "Продукт ещё не настроен: откройте одноразовую ссылку, которую напечатал сервер при запуске"),
    ] {
        let page = sign_in(lang).await.text;
        assert!(page.contains(sentence) && !page.contains("name=\"password\""), "{page}");
    }
    town.access.redeem(link.secret(), "warehouse gate three at noon").await.unwrap();
    let page = sign_in("en").await.text;
    assert!(!page.contains("not set up") && page.contains("name=\"password\""), "{page}");
}

#[tokio::test]
async fn an_answer_comes_compressed_to_whoever_takes_that_and_a_line_of_events_never_does() {
    let town = Town::new().await;
    let token = town.token(KIRA);
    let account = format!("/accounts/{NORTHWIND}");
    let ask = async |path: &str| {
        let request = Request::get(path).header(header::AUTHORIZATION, format!("Bearer {token}"));
        let request = request.header(header::ACCEPT_ENCODING, "gzip").body(Body::empty()).unwrap();
        town.app.clone().oneshot(request).await.unwrap()
    };
    for path in [account.as_str(), "/api/views/whole/directory", "/api/events"] {
        let plain = town.page(&token, path).await.text;
        let (head, body) = ask(path).await.into_parts();
        assert_eq!(head.headers.get(header::CONTENT_ENCODING).unwrap(), "gzip", "{path}");
        assert_eq!(head.headers.get(header::VARY).unwrap(), "accept-encoding", "{path}");
        let body = to_bytes(body, usize::MAX).await.unwrap();
        let mut text = String::new();
        flate2::read::GzDecoder::new(&body[..]).read_to_string(&mut text).unwrap();
        // A page is never twice the same: its forms have other identities.
        assert!(text.len().abs_diff(plain.len()) < 100 && body.len() < text.len() / 2, "{path}");
    }
    let live = ask("/api/events/live?after=0").await;
    assert_eq!((live.status(), live.headers().get(header::CONTENT_ENCODING)), (StatusCode::OK, None));
}

#[tokio::test]
async fn who_has_left_is_led_to_the_sign_in_also_while_their_session_waits_to_be_ended() {
    let town = Town::new().await;
    town.access.enrol(LEV, "lev@twofront.example").unwrap();
    let link = town.access.invite(LEV).unwrap();
    let password = "warehouse gate three at noon";
    let form = format!("link={}&password={}", link.secret(), app::address::encode(password));
    let join = Request::post("/join")
        .header("sec-fetch-site", "same-origin")
        .header(header::ACCEPT, "text/html")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .extension(ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 4_000))));
    let entered = town.app.clone().oneshot(join.body(Body::from(form)).unwrap()).await.unwrap();
    let cookies = entered.headers().get_all(header::SET_COOKIE).iter().map(|cookie| cookie.to_str().unwrap());
    let session = cookies.filter_map(|cookie| cookie.split(';').next()).find(|cookie| cookie.starts_with("twofront="));
    let session = session.unwrap();
    let page = || Request::get("/handoffs").header(header::COOKIE, session).body(Body::empty()).unwrap();
    assert_eq!(town.ask(page()).await.status, StatusCode::OK);
    // Nobody follows the log here to withdraw the login.
    town.office.ask(order(700, ADA, Command::Colleague(LEV, colleague::Command::Leave {}))).await.unwrap();
    let answer = town.ask(page()).await;
    assert_eq!((answer.status, answer.location.as_str()), (StatusCode::SEE_OTHER, "/sign-in?next=/handoffs"));
}

#[tokio::test]
async fn a_title_is_text_whatever_a_name_or_a_search_holds() {
    let town = Town::new().await;
    let name = "</title><meta http-equiv=refresh content=0> & co";
    town.office.ask(rename(100, NORTHWIND, name)).await.unwrap();
    let kira = town.token(KIRA);
    let asked = format!("/?q={}", app::address::encode(name));
    for address in [format!("/accounts/{NORTHWIND}"), asked] {
        let page = town.page(&kira, &address).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(!page.text.contains("<meta http-equiv"), "{address}");
        let title = page.text.split("<title>").nth(1).unwrap().split("</title>").next().unwrap();
        assert!(title.contains("&lt;/title&gt;&lt;meta") && title.contains("&amp; co"), "{title}");
    }
}

#[tokio::test]
async fn what_is_corrected_comes_back_letter_by_letter() {
    let town = Town::new().await;
    town.office.ask(visit(100, VISIT, NORTHWIND, "</textarea><b>bold</b> and &lt; stays")).await.unwrap();
    let kira = town.token(KIRA);
    let page = town.page(&kira, &format!("/log?correct={VISIT}")).await;
    assert!(!page.text.contains("<b>bold"));
    let area = page.text.split("<textarea").nth(1).unwrap().split("</textarea>").next().unwrap();
    let inside = area.split_once('>').unwrap().1;
    assert_eq!(inside, "&lt;/textarea&gt;&lt;b&gt;bold&lt;/b&gt; and &amp;lt; stays");
}

/// The fields of a form on a page that logs something at Northwind.
fn logging<'a>(key: &'a str, account: &'a str, text: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![("do", "interaction.log"), ("key", key), ("account", account), ("summary", text), ("back", "")]
}

#[tokio::test]
async fn a_refused_form_comes_back_as_it_was_filled_in_and_haunts_no_other() {
    let town = Town::new().await;
    let kira = town.token(KIRA);
    let (account, key, anna) = (NORTHWIND.to_string(), uuid::Uuid::from_u128(1).to_string(), ANNA.to_string());
    let mut pairs = logging(&key, &account, "");
    pairs.extend([("contact", anna.as_str()), ("planned", "yes"), ("place", "Hamburg"), ("clock", "14:05")]);
    let from = format!("/log?account={NORTHWIND}");
    let refused = town.form(&kira, &from, &pairs).await;
    assert_eq!(refused.status, StatusCode::SEE_OTHER);
    let page = town.page(&kira, &refused.location).await.text;
    let ticked = |name: &str, value: &str| {
        page.split("<input").any(|input| {
            let tag = input.split('>').next().unwrap();
            [format!("name=\"{name}\""), format!("value=\"{value}\""), "checked".to_owned()]
                .iter()
                .all(|part| tag.contains(part))
        })
    };
    assert!(ticked("contact", &anna) && ticked("planned", "yes") && page.contains("Hamburg"), "{page}");
    assert!(page.contains("Fill in this field."));
    assert!(!town.page(&kira, &from).await.text.contains("Hamburg"));
}

#[tokio::test]
async fn what_the_desk_refuses_is_told_at_its_field() {
    let town = Town::new().await;
    let kira = town.token(KIRA);
    let (account, key) = (NORTHWIND.to_string(), uuid::Uuid::from_u128(1).to_string());
    let from = format!("/log?account={NORTHWIND}");
    let refused = async |more: &[(&str, &str)]| {
        let pairs = [logging(&key, &account, "Call"), more.to_vec()].concat();
        let refused = town.form(&kira, &from, &pairs).await;
        town.page(&kira, &refused.location).await.text
    };
    let page = refused(&[("when", "2999-01-01")]).await;
    let field = page.split("<input").find(|input| input.contains("name=\"when\"")).unwrap();
    assert!(field.split('>').next().unwrap().contains("aria-invalid=\"true\""), "{field}");
    assert!(page.contains("This day has not come yet."));
    assert!(refused(&[("minutes", "999999")]).await.contains("999999 minutes are more than a month"));
}

#[tokio::test]
async fn an_address_offers_to_undo_only_what_the_viewer_has_just_logged() {
    let town = Town::new().await;
    let (kira, lev) = (town.token(KIRA), town.token(LEV));
    let (account, key) = (CONTOSO.to_string(), uuid::Uuid::from_u128(1).to_string());
    let logged = town.form(&kira, &format!("/log?account={NORTHWIND}"), &logging(&key, &account, "Call")).await;
    assert!(logged.location.starts_with(&format!("/accounts/{CONTOSO}?logged=interaction/")), "{}", logged.location);
    let offers = |page: Answer| {
        page.text.contains("data-command=\"interaction.retract interaction/") && page.text.contains("class=\"toast\"")
    };
    assert!(offers(town.page(&kira, &logged.location).await));
    assert!(!offers(town.page(&lev, &logged.location).await), "another's entry");
    assert!(!offers(town.page(&kira, &format!("/accounts/{CONTOSO}?logged=interaction/{VISIT}")).await), "none");
    assert!(!offers(town.page(&kira, &format!("/accounts/{CONTOSO}")).await));
}

#[tokio::test]
async fn a_correction_keeps_who_was_there_and_when_it_was() {
    let town = Town::new().await;
    let mut order = visit(100, VISIT, NORTHWIND, "Walked the warehouse");
    if let Command::Interaction(_, shared::interaction::Command::Log { details, .. }) = &mut order.request.command {
        details.contacts = vec![ANNA];
        details.colleagues = vec![LEV];
    }
    order.request.occurred = shared::words::Occurred::parse("2026-05-30T14:05:33Z");
    town.office.ask(order).await.unwrap();
    for (number, command) in [(101, Leaves::Contact), (102, Leaves::Colleague)] {
        town.office.ask(command.order(number)).await.unwrap();
    }
    // The one who corrects was there, too, and so is on the list.
    let maxim = town.token(MAXIM);
    let page = town.page(&maxim, &format!("/log?correct={VISIT}")).await.text;
    for (name, value) in [("contact", ANNA.to_string()), ("colleague", LEV.to_string())] {
        let is_ticked = page.split("<input").any(|input| {
            let tag = input.split('>').next().unwrap();
            tag.contains(&format!("name=\"{name}\" value=\"{value}\"")) && tag.contains("checked")
        });
        assert!(is_ticked, "{name}: {page}");
    }
    assert!(page.contains("value=\"2026-05-30T14:05:33Z\""));
    assert!(
        page.contains(&format!("value=\"{MAXIM}\"")) && !page.contains(&format!("name=\"colleague\" value=\"{KIRA}\""))
    );
}

/// Somebody who is no longer there.
enum Leaves {
    Contact,
    Colleague,
}

impl Leaves {
    fn order(&self, number: u128) -> server::desk::Order {
        use shared::domain::Command;
        let command = match self {
            Self::Contact => Command::Contact(ANNA, shared::contact::Command::Leave {}),
            Self::Colleague => Command::Colleague(LEV, colleague::Command::Leave {}),
        };
        order(number, ADA, command)
    }
}

#[tokio::test]
async fn who_may_not_write_is_offered_no_log() {
    let town = Town::new().await;
    let nina = town.token(NINA);
    let page = town.page(&nina, &format!("/accounts/{NORTHWIND}")).await;
    assert!(page.status == StatusCode::OK && !page.text.contains("/log"));
    assert_eq!(town.page(&nina, "/log").await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn work_is_offered_to_nobody_who_cannot_take_it() {
    let town = Town::new().await;
    let kira = town.token(KIRA);
    let offers = async |who| {
        let page = town.page(&kira, &format!("/colleagues/{who}")).await;
        assert_eq!(page.status, StatusCode::OK);
        page.text.contains("/handoffs/new?to=")
    };
    assert!(offers(LEV).await);
    assert!(!offers(KIRA).await, "nobody hands over to themselves");
    assert!(!offers(NINA).await, "an analyst only looks");
    town.office.ask(order(700, ADA, Command::Colleague(LEV, colleague::Command::Leave {}))).await.unwrap();
    assert!(!offers(LEV).await, "who has left answers nothing");
}

#[tokio::test]
async fn who_is_lost_while_signed_in_finds_back_by_the_frame() {
    let town = Town::new().await;
    let kira = town.token(KIRA);
    let page = town.page(&kira, "/nowhere").await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    assert!(page.text.contains("class=\"rail\"") && page.text.matches("<main").count() == 1);
}

#[tokio::test]
async fn every_account_is_on_some_page_of_the_portfolio() {
    let town = Town::new().await;
    let many = (0..250_u128).map(|n| {
        let account = shared::ids::AccountId::from_uuid(uuid::Uuid::from_u128(0xACC0_0000 + n));
        register(1_000 + n, account, &format!("Stranger {n:03}"))
    });
    for answer in town.office.ask_all(many.collect()).await {
        answer.unwrap();
    }
    let kira = town.token(KIRA);
    let first = town.page(&kira, "/?scope=all&sort=name").await.text;
    assert!(first.contains("1 to 200 of 252") && first.contains("page=2") && !first.contains("Stranger 249"));
    let second = town.page(&kira, "/?scope=all&sort=name&page=2").await.text;
    assert!(second.contains("201 to 252 of 252") && second.contains("Stranger 249") && !second.contains("page=3"));
    let beyond = town.page(&kira, "/?scope=all&sort=name&page=9").await.text;
    assert!(beyond.contains("201 to 252 of 252"), "a page after the last one is the last one");
}

#[tokio::test]
async fn a_key_account_manager_answers_for_the_account_that_they_register() {
    let town = Town::new().await;
    let (kira, lev) = (town.token(KIRA), town.token(LEV));
    let form = async |token: &str| {
        let page = town.page(token, "/?scope=all").await.text;
        let form = page.split("data-command=\"account.register\"").nth(1).unwrap();
        form.split("</form>").next().unwrap().to_owned()
    };
    let me = KIRA.to_string();
    assert!(form(&kira).await.contains(&format!("name=\"kam\" value=\"{me}\"")));
    assert!(!form(&lev).await.contains("name=\"kam\""), "others register it for whoever will");
    let key = uuid::Uuid::from_u128(0x100).to_string();
    let register =
        [("do", "account.register"), ("key", key.as_str()), ("name", "Tailspin"), ("kam", &me), ("back", "")];
    let registered = town.form(&kira, "/", &register).await;
    assert!(registered.location.starts_with("/accounts/"), "{}", registered.location);
    let before = town.office.position();
    assert!(town.page(&kira, "/?scope=mine").await.text.contains("Tailspin"));
    // Sent twice, it is one account with one manager.
    assert_eq!(town.form(&kira, "/", &register).await.location, registered.location);
    assert_eq!(town.office.position(), before);
    // Nobody makes others answer for it.
    let key = uuid::Uuid::from_u128(0x200).to_string();
    let forged = [("do", "account.register"), ("key", key.as_str()), ("name", "Fabrikam"), ("kam", &me), ("back", "")];
    town.form(&lev, "/", &forged).await;
    assert!(!town.page(&kira, "/?scope=mine").await.text.contains("Fabrikam"));
    assert!(town.page(&kira, "/?scope=all").await.text.contains("Fabrikam"));
}

#[tokio::test]
async fn an_archived_account_is_brought_back_under_a_title_that_says_so() {
    let town = Town::new().await;
    let ada = town.token(ADA);
    let titles =
        async |text: &str| town.page(&ada, &format!("/accounts/{NORTHWIND}/edit")).await.text.matches(text).count();
    assert_eq!((titles(">Close the account<").await, titles(">Reopen the account<").await), (2, 0));
    let close = shared::account::Command::Close { reason: reason("Merged with Contoso") };
    town.office.ask(order(100, ADA, Command::Account(NORTHWIND, close))).await.unwrap();
    assert_eq!((titles(">Close the account<").await, titles(">Reopen the account<").await), (0, 2));
}

#[tokio::test]
async fn only_where_scripts_run_a_page_says_that_it_keeps_what_is_typed() {
    let town = Town::new().await;
    let kira = town.token(KIRA);
    let page = town.page(&kira, "/log").await.text;
    assert!(page.contains("needs-script\">What you type is kept on this device"), "{page}");
}

#[tokio::test]
async fn a_correction_of_nothing_is_no_new_entry() {
    let town = Town::new().await;
    let kira = town.token(KIRA);
    for nowhere in ["zz".to_owned(), VISIT.to_string()] {
        let page = town.page(&kira, &format!("/log?correct={nowhere}")).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{nowhere}");
        assert!(!page.text.contains("interaction.log"), "{nowhere}");
    }
}

#[tokio::test]
async fn a_form_about_one_account_carries_no_list_of_all() {
    let town = Town::new().await;
    let kira = town.token(KIRA);
    let known = town.page(&kira, &format!("/log?account={NORTHWIND}")).await.text;
    assert!(known.contains("Northwind") && !known.contains("Contoso"));
    assert!(town.page(&kira, &format!("/log?account={NORTHWIND}&find=")).await.text.contains("Contoso"));
}

#[tokio::test]
async fn a_form_of_a_large_company_finds_colleagues_without_scripts() {
    let town = Town::new().await;
    let kira = town.token(KIRA);
    let address = format!("/log?account={NORTHWIND}&because={}", shared::ids::Stream::from(NORTHWIND).first());
    assert!(!town.page(&kira, &address).await.text.contains("find-colleague"), "a small one stands there whole");
    let many = (0..150_u128).map(|n| {
        let identity = identity(&format!("Aaron {n:03}"));
        let join = colleague::Command::Join { identity, unit: None, role: Role::ResourceOwner };
        let id = ColleagueId::from_uuid(uuid::Uuid::from_u128(0xC011_0000 + n));
        order(1_000 + n, ADA, Command::Colleague(id, join))
    });
    for answer in town.office.ask_all(many.collect()).await {
        answer.unwrap();
    }
    let page = town.page(&kira, &address).await.text;
    assert!(page.contains("55 more: find them by their names") && !page.contains("Aaron 149"));
    // The form of the search stands before the other one, and keeps what the page is about.
    let search = page.split("<form id=\"find-colleagues\"").nth(1).unwrap().split("</form>").next().unwrap();
    assert!(search.contains("action=\"/log\"") && search.contains(&format!("name=\"account\" value=\"{NORTHWIND}\"")));
    assert!(search.contains("name=\"because\"") && !search.contains("name=\"ours\""));
    assert!(page.contains("form=\"find-colleagues\" name=\"ours\""));
    let found = town.page(&kira, &format!("{address}&ours=149,%20nina")).await.text;
    for name in ["Aaron 149", "Nina Adler"] {
        assert!(found.contains(name), "{name}");
    }
    assert!(found.contains("value=\"149, nina\"") && !found.contains("Aaron 148"));
}

#[tokio::test]
async fn no_identity_stands_twice_on_a_page() {
    let town = Town::new().await;
    let kira = town.token(KIRA);
    let (account, key) = (NORTHWIND.to_string(), uuid::Uuid::from_u128(1).to_string());
    let mut pairs = logging(&key, &account, "Visit");
    pairs.push(("next_step", "Send the plan"));
    let next = town.form(&kira, &format!("/log?account={NORTHWIND}"), &pairs).await.location;
    for address in [next, format!("/colleagues/{KIRA}"), format!("/contacts/{ANNA}/edit"), "/log?find=".to_owned()] {
        let page = town.page(&kira, &address).await.text;
        let ids: Vec<&str> = page.split(" id=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
        let distinct: std::collections::BTreeSet<&str> = ids.iter().copied().collect();
        assert_eq!(ids.len(), distinct.len(), "{address}: {ids:?}");
    }
}

#[tokio::test]
async fn a_figure_opens_as_many_events_as_it_says_and_the_page_says_which() {
    let town = Town::new().await;
    let (kira, lev) = (town.token(KIRA), town.token(LEV));
    for number in 0..3_u128 {
        let (due, account, to) = ("2026-06-30", NORTHWIND.to_string(), format!("unit/{LOGISTICS}"));
        let key = uuid::Uuid::from_u128(0x100 + number).to_string();
        let offer = [("do", "handoff.offer"), ("key", &key), ("account", &account), ("to", &to), ("due", due)];
        let offer: Vec<_> = offer.into_iter().chain([("what", "Draw the ramp"), ("back", "")]).collect();
        town.form(&kira, "/handoffs/new", &offer).await;
    }
    let mut open = Vec::new();
    town.office.company(|company| open.extend(company.board.open.keys().copied()));
    assert_eq!(open.len(), 3);
    for (number, handoff) in (0x200_u128..).zip(open.iter().take(2)) {
        let (key, on) = (uuid::Uuid::from_u128(number).to_string(), format!("handoff/{handoff}"));
        town.form(&lev, "/handoffs", &[("do", "handoff.accept"), ("key", &key), ("on", &on), ("back", "")]).await;
    }
    let rows = |page: &str| page.matches("<tr id=\"p").count();
    let mut opened = std::collections::BTreeMap::new();
    for page in ["/alignment".to_owned(), format!("/accounts/{NORTHWIND}"), format!("/units/{LOGISTICS}")] {
        let page = town.page(&kira, &page).await.text;
        for link in page.split("href=\"/events?figure=").skip(1) {
            let (query, rest) = link.split_once('"').unwrap();
            let text = rest.split(['>', '<']).nth(1).unwrap().trim();
            let events = town.page(&kira, &format!("/events?figure={}", query.replace("&amp;", "&"))).await.text;
            let figure = query.split('&').next().unwrap();
            let n = if figure == "offered" { 3 } else { 2 };
            assert!(rows(&events) == n && text.contains(&n.to_string()), "{query}: {text}, {}", rows(&events));
            assert!(events.contains("Logistics") && events.contains(&format!("· {n} events<")), "{query}");
            *opened.entry(figure.to_owned()).or_insert(0) += 1;
        }
    }
    let figures = [("accepted", 3), ("accepted,declined", 4), ("offered", 4)];
    assert_eq!(opened, figures.map(|(figure, links)| (figure.to_owned(), links)).into());

    let asked = format!("/events?figure=offered&account={NORTHWIND}&unit={LOGISTICS}&month=2026-06");
    let english = town.page(&kira, &asked).await.text;
    assert!(english.contains("Only: offered · Northwind · Logistics · offers of June 2026 · 3 events"));
    assert!(english.contains(&format!("name=\"unit\" value=\"{LOGISTICS}\"")), "the filter's form goes on from it");
    let request = Request::get(&asked).header(header::AUTHORIZATION, format!("Bearer {kira}"));
    let russian = town.ask(request.header(header::ACCEPT_LANGUAGE, "ru").body(Body::empty()).unwrap()).await.text;
    assert!(russian.contains("Только: предложено · Northwind · Logistics · передачи за июнь 2026 · 3 события"));

    for rubbish in ["figure=everything", "figure=offered&unit=logistics", "figure=offered&month=June"] {
        let page = town.page(&kira, &format!("/events?{rubbish}")).await;
        assert_eq!((page.status, rows(&page.text)), (StatusCode::OK, 0), "{rubbish}");
        assert!(page.text.contains("names no figure that there is"), "{rubbish}");
    }
    for rubbish in ["by=zz", "at=zz", "at=1,zz", "type=zz.logged"] {
        let page = town.page(&kira, &format!("/events?{rubbish}")).await;
        assert_eq!((page.status, rows(&page.text)), (StatusCode::OK, 0), "{rubbish}");
        assert!(page.text.contains("asks for something that cannot be read"), "{rubbish}");
    }
    // What an earlier address named, it still names.
    assert_eq!(rows(&town.page(&kira, "/events?at=1,2,5&of=900").await.text), 3);
}
