//! The API as programs meet it: each door, each refusal, and the log as it grows.

#![expect(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod house;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use futures::StreamExt;
use house::*;
use http::{Request, Response, StatusCode, header};
use serde_json::{Value, json};
use server::access::{Access, Settings};
use server::api;
use server::desk::Sink;
use server::office::Office;
use server::serve::{self};
use server::store::Store;
use shared::ids::{ColleagueId, Slice, Stream};
use shared::record::Record;
use shared::testkit::*;
use shared::words::{Role, SourceKey};
use tempfile::TempDir;
use tower::ServiceExt;

/// The whole server on a store in memory, with a token for each of the people.
struct Town {
    store: Arc<Trickster>,
    office: Office,
    access: Access,
    app: Router,
    /// The same behind a proxy.
    behind: Router,
    _folder: TempDir,
}

struct Answer {
    status: StatusCode,
    response: http::response::Parts,
    text: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    fn lines(&self) -> Vec<Record> {
        self.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[track_caller]
    fn is_problem(&self, status: u16, kind: &str) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        assert_eq!(self.response.headers[header::CONTENT_TYPE], "application/problem+json");
        let problem = self.json();
        assert_eq!(problem["type"], format!("/problems/{kind}"));
        assert_eq!(problem["status"], status);
        problem
    }
}

impl Town {
    async fn new() -> Self {
        let store = Arc::new(Trickster::default());
        let (house, folder) = furnished(Arc::clone(&store) as Arc<dyn Store>).await;
        let (office, access) = (house.office.clone(), house.access.clone());
        let app = serve::router(house.clone(), &Settings::default()).unwrap();
        let behind = serve::router(house, &Settings { behind_proxy: true, ..Settings::default() }).unwrap();
        Self { store, office, access, app, behind, _folder: folder }
    }

    fn token(&self, colleague: ColleagueId) -> String {
        let email = format!("c{}@twofront.example", colleague.uuid().as_u128());
        self.access.enrol(colleague, &email).unwrap();
        self.access.token_new(colleague, "test").unwrap()
    }

    async fn send(&self, request: Request<Body>) -> Response<Body> {
        self.app.clone().oneshot(request).await.unwrap()
    }

    async fn ask(&self, request: Request<Body>) -> Answer {
        let (response, body) = self.send(request).await.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        Answer { status: response.status, response, text: String::from_utf8(body.to_vec()).unwrap() }
    }

    async fn get(&self, token: &str, path: &str) -> Answer {
        self.ask(get(token, path)).await
    }

    async fn command(&self, token: &str, body: &Value) -> Answer {
        let request = Request::post("/api/commands")
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .header(header::CONTENT_TYPE, "application/json");
        self.ask(request.body(Body::from(body.to_string())).unwrap()).await
    }
}

fn get(token: &str, path: &str) -> Request<Body> {
    Request::get(path).header(header::AUTHORIZATION, format!("Bearer {token}")).body(Body::empty()).unwrap()
}

fn renaming(number: u128, name: &str) -> Value {
    json!({ "id": id(number), "stream": Stream::from(NORTHWIND), "type": "rename", "data": { "name": name } })
}

#[tokio::test]
async fn a_command_yields_a_receipt_and_is_seen_in_every_view_at_its_position() {
    let town = Town::new().await;
    let kira = town.token(KIRA);
    let answer = town.command(&kira, &renaming(100, "Northwind AG")).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let receipt = answer.json();
    assert_eq!(receipt["events"], json!([format!("account/{NORTHWIND}@3")]));
    let directory = town.get(&kira, "/api/views/whole/directory").await.json();
    assert_eq!(directory["position"], receipt["position"]);
    assert_eq!(directory["accounts"][NORTHWIND.to_string()]["name"], "Northwind AG");

    let again = town.command(&kira, &renaming(100, "Northwind AG")).await.json();
    assert_eq!((&again["events"], &again["duplicate"]), (&receipt["events"], &json!(true)));
}

/// The views that stand for themselves.
const VIEWS: [&str; 17] = [
    "portfolio",
    "portfolio?scope=all",
    "handoffs",
    "alignment",
    "events",
    "company",
    "import",
    "settings",
    "log",
    "handoff-new",
    "contact-new",
    "contacts",
    "waiting",
    "whole/directory",
    "whole/portfolio",
    "whole/board",
    "whole/alignment",
];

/// The views of one thing each, with one that is there.
const VIEWS_OF_ONE: [(&str, Stream); 6] = [
    ("account", Stream::new(Slice::Account, NORTHWIND.uuid())),
    ("account-edit", Stream::new(Slice::Account, NORTHWIND.uuid())),
    ("contact", Stream::new(Slice::Contact, ANNA.uuid())),
    ("contact-edit", Stream::new(Slice::Contact, ANNA.uuid())),
    ("colleague", Stream::new(Slice::Colleague, KIRA.uuid())),
    ("unit", Stream::new(Slice::Unit, SALES.uuid())),
];

#[tokio::test]
async fn every_page_s_model_is_read_at_its_address() {
    let town = Town::new().await;
    let ada = town.token(ADA);
    let mut addresses: Vec<String> = VIEWS.map(str::to_owned).into();
    for (view, stream) in VIEWS_OF_ONE {
        addresses.push(format!("{view}/{}", stream.id));
        town.get(&ada, &format!("/api/views/{view}/{TAILSPIN}")).await.is_problem(404, "not-found");
    }
    addresses.push(format!("log?account={NORTHWIND}"));
    addresses.push(format!("events?stream={}&type=account.registered", Stream::from(NORTHWIND)));
    for address in addresses {
        let answer = town.get(&ada, &format!("/api/views/{address}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{address}: {}", answer.text);
        assert!(answer.json().is_object(), "{address}");
    }
}

#[tokio::test]
async fn who_is_not_signed_in_gets_nothing() {
    let town = Town::new().await;
    for path in ["/api/events", "/api/events/live", "/api/views/portfolio"] {
        town.get("tf_nonsense", path).await.is_problem(401, "not-signed-in");
        town.ask(Request::get(path).body(Body::empty()).unwrap()).await.is_problem(401, "not-signed-in");
    }
    town.command("tf_nonsense", &renaming(100, "x")).await.is_problem(401, "not-signed-in");
}

#[tokio::test]
async fn a_refusal_says_why_in_the_reader_s_language() {
    let town = Town::new().await;
    let (kira, nina) = (town.token(KIRA), town.token(NINA));
    let denied = town.command(&nina, &renaming(100, "x")).await.is_problem(403, "denied");
    assert_eq!(denied["rejection"], "denied");

    let unknown = json!({ "id": id(101), "stream": Stream::from(TAILSPIN), "type": "rename", "data": { "name": "x" } });
    let refused = town.command(&kira, &unknown).await.is_problem(422, "rejected");
    assert_eq!((&refused["rejection"], &refused["command"]), (&json!("account"), &json!(id(101))));
    assert_eq!(refused["detail"], "There is no such account. Register it first.");
    let request = Request::post("/api/commands")
        .header(header::AUTHORIZATION, format!("Bearer {kira}"))
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ACCEPT_LANGUAGE, "ru");
    let refused = town.ask(request.body(Body::from(unknown.to_string())).unwrap()).await.is_problem(422, "rejected");
    assert_eq!(refused["detail"], "Такого клиента нет. Сначала заведите его.");
}

#[tokio::test]
async fn a_word_that_does_not_fit_is_refused_with_its_sentence_in_the_language_asked_for() {
    let town = Town::new().await;
    let kira = town.token(KIRA);
    let nameless =
        json!({ "id": id(100), "stream": Stream::from(TAILSPIN), "type": "register", "data": { "name": " " } });
    for (lang, sentence) in [("en", "Write something here."), ("ru", "Заполните это поле.")] {
        let request = Request::post("/api/commands")
            .header(header::AUTHORIZATION, format!("Bearer {kira}"))
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT_LANGUAGE, lang);
        let refused = town.ask(request.body(Body::from(nameless.to_string())).unwrap()).await.is_problem(422, "word");
        assert_eq!(refused["detail"], sentence);
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_with_the_place_where_it_breaks() {
    let town = Town::new().await;
    let kira = town.token(KIRA);
    let explode = json!({ "id": id(1), "stream": Stream::from(NORTHWIND), "type": "explode" });
    let problem = town.command(&kira, &explode).await.is_problem(400, "malformed");
    assert!(problem["detail"].as_str().unwrap().contains("explode"));
    assert!(problem["said"].as_str().unwrap().contains("unknown variant `explode`"), "{problem}");
    // A mistyped field would mean nothing, and the sender thinks that it does.
    let mut blind = renaming(2, "Northwind AG");
    blind["expect"] = json!([{ "stream": Stream::from(NORTHWIND), "revision": 1 }]);
    let problem = town.command(&kira, &blind).await.is_problem(400, "malformed");
    assert!(problem["detail"].as_str().unwrap().contains("no field “expect”"), "{problem}");
    let send = |kind: &'static str, body: Body| {
        let request = Request::post("/api/commands").header(header::AUTHORIZATION, format!("Bearer {kira}"));
        town.ask(request.header(header::CONTENT_TYPE, kind).body(body).unwrap())
    };
    send("application/json", Body::from("{")).await.is_problem(400, "malformed");
    let huge = || Body::from(vec![b' '; api::LARGEST_BODY + 1]);
    send("application/json; charset=utf-8", huge()).await.is_problem(413, "too-large");
    for kind in ["text/plain", "application/x-www-form-urlencoded", ""] {
        let fine = Body::from(renaming(100, "Northwind AG").to_string());
        send(kind, fine).await.is_problem(415, "media-type");
    }
    town.get(&kira, "/api/views/%ff").await.is_problem(400, "malformed");
    town.get(&kira, "/api/").await.is_problem(404, "not-found");
    town.get(&kira, "/api/events?after=soon").await.is_problem(400, "malformed");
    town.get(&kira, "/api/events/live?after=soon").await.is_problem(400, "malformed");
    town.get(&kira, "/api/views/nonsense").await.is_problem(404, "not-found");
    town.get(&kira, "/api/nonsense").await.is_problem(404, "not-found");
}

#[tokio::test]
async fn a_door_that_takes_no_such_method_says_which_it_takes() {
    let town = Town::new().await;
    let kira = town.token(KIRA);
    let ask = |method: &str, path: &str| {
        let request = Request::builder().method(method).uri(path);
        town.ask(request.header(header::AUTHORIZATION, format!("Bearer {kira}")).body(Body::empty()).unwrap())
    };
    for (method, path, allowed) in [
        ("GET", "/api/commands", "POST"),
        ("PUT", "/api/commands", "POST"),
        ("POST", "/api/events", "GET,HEAD"),
        ("DELETE", "/api/views/portfolio", "GET,HEAD"),
    ] {
        let answer = ask(method, path).await;
        answer.is_problem(405, "method");
        assert_eq!(answer.response.headers[header::ALLOW], allowed, "{method} {path}");
    }
    let head = ask("HEAD", "/api/views/portfolio").await;
    assert_eq!((head.status, head.text.as_str()), (StatusCode::OK, ""));
    let head = ask("HEAD", "/api/commands").await;
    assert_eq!((head.status, head.text.as_str()), (StatusCode::METHOD_NOT_ALLOWED, ""));
    let page = ask("DELETE", "/company").await;
    assert_eq!(page.status, StatusCode::METHOD_NOT_ALLOWED);
    assert!(page.text.starts_with("<!doctype html>"), "{}", page.text);
}

#[tokio::test]
async fn an_id_that_was_used_for_something_else_gets_no_receipt() {
    let town = Town::new().await;
    let (kira, lev) = (town.token(KIRA), town.token(LEV));
    let first = renaming(100, "Northwind AG");
    town.command(&kira, &first).await;
    let position = town.office.position();
    let other = json!({ "id": id(100), "stream": Stream::from(ANNA), "type": "describe", "data": { "details": { "name": "Anna Orlova" } } });
    let refused = town.command(&kira, &other).await.is_problem(422, "id-reused");
    assert_eq!(refused["command"], json!(id(100)));
    town.command(&lev, &first).await.is_problem(422, "id-reused");
    town.command(&kira, &renaming(100, "Northwind GmbH")).await.is_problem(422, "id-reused");
    let closing =
        json!({ "id": id(100), "stream": Stream::from(NORTHWIND), "type": "close", "data": { "reason": "Merged" } });
    town.command(&kira, &closing).await.is_problem(422, "id-reused");
    assert_eq!(town.command(&kira, &first).await.json()["duplicate"], true, "whoever repeats it gets the receipt");
    assert_eq!(town.office.position(), position);
}

#[tokio::test]
async fn an_id_is_used_up_by_everything_that_was_said_under_it() {
    let town = Town::new().await;
    let (ada, kira) = (town.token(ADA), town.token(KIRA));
    let vera = ColleagueId::from_uuid(uuid::Uuid::from_u128(0xC9));
    let join = |role: &str| json!({ "id": id(100), "stream": Stream::from(vera), "type": "join", "data": { "identity": { "name": "Vera Orlova" }, "role": role } });
    assert_eq!(town.command(&ada, &join("analyst")).await.status, StatusCode::OK);
    town.command(&ada, &join("administrator")).await.is_problem(422, "id-reused");
    assert_eq!(town.command(&ada, &join("analyst")).await.json()["duplicate"], true);

    let step = |n: u128| json!({ "step": uuid::Uuid::from_u128(n), "personal": { "what": "Send the plan" } });
    let log = |steps: Value, more: Value| {
        let details =
            json!({ "front": "client", "account": NORTHWIND.to_string(), "personal": { "summary": "A visit" } });
        let mut body = json!({ "id": id(101), "stream": Stream::from(VISIT), "type": "log", "data": { "details": details, "next_steps": steps } });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let first = log(json!([step(1)]), json!({ "occurred": "2026-03-01" }));
    let logged = town.command(&kira, &first).await;
    assert_eq!(logged.status, StatusCode::OK, "{}", logged.text);
    let position = town.office.position();
    let others = [
        log(json!([]), json!({ "occurred": "2026-03-01" })),
        log(json!([step(2)]), json!({ "occurred": "2026-03-01" })),
        log(json!([step(1), step(2)]), json!({ "occurred": "2026-03-01" })),
        log(json!([step(1)]), json!({ "occurred": "2026-03-02" })),
        log(json!([step(1)]), json!({ "occurred": "2026-03-01", "cause": Stream::from(NORTHWIND).first() })),
    ];
    for other in others {
        town.command(&kira, &other).await.is_problem(422, "id-reused");
    }
    assert_eq!(town.command(&kira, &first).await.json()["duplicate"], true);
    assert_eq!(town.office.position(), position);
}

/// So many more events, on one account.
async fn links(town: &Town, many: u128) {
    let system = shared::words::System::parse("salesforce").unwrap();
    let links = (0..many).map(|number| {
        let key = SourceKey::parse(&format!("k{number}")).unwrap();
        let link = shared::account::Command::Link { system: system.clone(), key };
        order(1_000 + number, KIRA, shared::domain::Command::Account(NORTHWIND, link))
    });
    for answer in town.office.ask_all(links.collect()).await {
        answer.unwrap();
    }
}

#[tokio::test]
async fn a_list_ends_with_its_reader_s_access_and_with_the_log_as_it_was() {
    let town = Town::new().await;
    let (kira, lev) = (town.token(KIRA), town.token(LEV));
    links(&town, 1_500).await;
    let head = town.office.position();
    let mut whole = town.send(get(&kira, "/api/events?limit=100000")).await.into_body().into_data_stream();
    let mut cut_off = town.send(get(&lev, "/api/events?limit=100000")).await.into_body().into_data_stream();
    let lines = |chunk: &axum::body::Bytes| chunk.iter().filter(|byte| **byte == b'\n').count() as u64;
    let mut read = lines(&whole.next().await.unwrap().unwrap());
    assert!(lines(&cut_off.next().await.unwrap().unwrap()) > 0);
    let leave = order(100, ADA, shared::domain::Command::Colleague(LEV, shared::colleague::Command::Leave {}));
    town.office.ask(leave).await.unwrap();
    assert!(cut_off.next().await.unwrap().is_err(), "a list that is not whole does not end in order");
    assert!(cut_off.next().await.is_none());
    while let Some(chunk) = whole.next().await {
        read += lines(&chunk.unwrap());
    }
    assert_eq!(read, head, "what came later is another list's");
}

#[tokio::test]
async fn a_keyring_that_failed_is_seen_by_whoever_asks_whether_all_is_well() {
    let town = Town::new().await;
    let kira = town.token(KIRA);
    let keys = town._folder.path().join("keys");
    std::fs::rename(keys.join("ring-0000000001"), keys.join("elsewhere")).unwrap();
    let visits = (0..600).map(|n| {
        visit(1_000 + n, shared::ids::InteractionId::from_uuid(uuid::Uuid::from_u128(0x1_0000 + n)), NORTHWIND, "Visit")
    });
    let answers = town.office.ask_all(visits.collect()).await;
    assert!(answers.iter().any(Result::is_err) && town.office.live().generation == 0);
    let refused = town.get(&kira, "/readyz").await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(refused.text.contains("keyring"), "{}", refused.text);
}

#[tokio::test]
async fn a_list_that_breaks_off_does_not_look_whole() {
    let town = Town::new().await;
    let kira = town.token(KIRA);
    links(&town, 600).await;
    town.store.torn_after.store(300, std::sync::atomic::Ordering::SeqCst);
    let torn = town.send(get(&kira, "/api/events?limit=100000")).await;
    assert_eq!(torn.status(), StatusCode::OK, "the first page could be read");
    assert!(to_bytes(torn.into_body(), usize::MAX).await.is_err());
    town.store.torn_after.store(1, std::sync::atomic::Ordering::SeqCst);
    let problem = town.get(&kira, "/api/events?after=1").await;
    problem.is_problem(503, "unreadable");
    assert!(problem.response.headers.contains_key(header::RETRY_AFTER));
}

#[tokio::test]
async fn a_screen_that_is_behind_gets_what_changed_since() {
    let town = Town::new().await;
    let kira = town.token(KIRA);
    town.command(&kira, &renaming(100, "Northwind AG")).await;
    let mut stale = renaming(101, "Northwind SE");
    stale["expects"] = json!([{ "stream": Stream::from(NORTHWIND), "revision": 2 }]);
    let problem = town.command(&kira, &stale).await.is_problem(409, "conflict");
    let changed: Vec<Record> = serde_json::from_value(problem["changed"].clone()).unwrap();
    assert_eq!(changed.iter().map(|record| record.revision).collect::<Vec<_>>(), [3]);
    stale["expects"] = json!([{ "stream": Stream::from(NORTHWIND), "revision": 9 }]);
    let problem = town.command(&kira, &stale).await.is_problem(409, "conflict");
    assert_eq!(problem["changed"], json!([]));
    assert!(problem["detail"].as_str().unwrap().contains("is not in the log"), "{problem}");
    stale["expects"] = json!(vec![json!({ "stream": Stream::from(NORTHWIND), "revision": 3 }); 65]);
    town.command(&kira, &stale).await.is_problem(422, "expects-too-much");
}

#[tokio::test]
async fn a_closed_store_refuses_commands_says_so_and_is_still_read() {
    let town = Town::new().await;
    let kira = town.token(KIRA);
    let known = renaming(100, "Northwind AG");
    town.command(&kira, &known).await;
    *town.store.closed.lock().unwrap() = Some("the disk is full".into());
    let answer = town.command(&kira, &renaming(101, "Northwind SE")).await;
    let problem = answer.is_problem(503, "closed");
    assert!(problem["said"].as_str().unwrap().contains("the disk is full"));
    assert!(!problem["detail"].as_str().unwrap().contains("disk"), "that is for whoever runs the server: {problem}");
    assert!(answer.response.headers.contains_key(header::RETRY_AFTER));
    town.ask(Request::get("/readyz").body(Body::empty()).unwrap()).await.is_problem(503, "closed");
    assert_eq!(town.ask(Request::get("/healthz").body(Body::empty()).unwrap()).await.status, StatusCode::OK);
    assert_eq!(town.command(&kira, &known).await.json()["duplicate"], true, "what is known is still answered");
    assert_eq!(
        town.get(&kira, "/api/views/whole/directory").await.json()["accounts"][NORTHWIND.to_string()]["name"],
        "Northwind AG"
    );
}

#[tokio::test]
async fn an_unknown_outcome_is_told_as_unknown() {
    let town = Town::new().await;
    let kira = town.token(KIRA);
    *town.store.mishap.lock().unwrap() = Mishap::SyncFailed { written: true };
    let problem = town.command(&kira, &renaming(100, "Northwind AG")).await.is_problem(503, "unknown-outcome");
    assert_eq!(problem["command"], json!(id(100)));
}

#[tokio::test]
async fn the_log_comes_in_order_and_in_pieces_without_hole_or_double() {
    let town = Town::new().await;
    let kira = town.token(KIRA);
    let whole = town.get(&kira, "/api/events").await;
    assert_eq!(whole.response.headers[header::CONTENT_TYPE], "application/x-ndjson");
    let whole = whole.lines();
    let positions: Vec<u64> = whole.iter().map(|record| record.position).collect();
    assert_eq!(positions, (1..=town.store.head()).collect::<Vec<_>>());
    let mut pieces = Vec::new();
    loop {
        let after = pieces.last().map_or(0, |record: &Record| record.position);
        let piece = town.get(&kira, &format!("/api/events?after={after}&limit=3")).await.lines();
        if piece.is_empty() {
            break;
        }
        pieces.extend(piece);
    }
    assert_eq!(pieces, whole);
    assert!(town.get(&kira, "/api/events?limit=0").await.lines().is_empty());
}

#[tokio::test]
async fn an_analyst_sees_that_there_is_a_contact_and_not_how_to_reach_them() {
    let town = Town::new().await;
    let (nina, kira) = (town.token(NINA), town.token(KIRA));
    let seen = town.get(&nina, "/api/events").await;
    assert_eq!(seen.lines().len() as u64, town.store.head());
    assert!(!seen.text.contains("Petrova"));
    assert!(seen.text.contains("Volkova"), "colleagues are not sealed to them");
    assert!(!town.get(&nina, "/api/views/whole/directory").await.text.contains("Petrova"));
    assert!(town.get(&kira, "/api/views/whole/directory").await.text.contains("Petrova"));

    let describe = json!({ "id": id(100), "stream": Stream::from(ANNA), "type": "describe", "data": { "details": { "name": "Anna Orlova" } } });
    let answer = town.command(&kira, &describe).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let views = town.get(&nina, "/api/views/whole/directory").await;
    assert!(!views.text.contains("Orlova"));
    assert_eq!(views.json()["position"], town.store.head(), "the views for analysts go on, too");
}

#[tokio::test]
async fn the_live_log_shows_everybody_what_their_role_may_see_by_now() {
    let town = Town::new().await;
    let (nina, lev, kira) = (town.token(NINA), town.token(LEV), town.token(KIRA));
    let mut hers = Listening::new(&town, get(&nina, "/api/events/live")).await;
    let mut his = Listening::new(&town, get(&lev, "/api/events/live")).await;
    let describe = |number, name: &str| json!({ "id": id(number), "stream": Stream::from(ANNA), "type": "describe", "data": { "details": { "name": name } } });
    town.command(&kira, &describe(100, "Anna Orlova")).await;
    let (_, position, seen) = hers.next().await.unwrap();
    assert_eq!(position, town.store.head().to_string());
    assert!(!seen.contains("Orlova"), "an analyst: {seen}");
    assert!(his.next().await.unwrap().2.contains("Orlova"));
    let role = shared::colleague::Command::GiveRole { role: Role::Analyst };
    town.office.ask(order(101, ADA, shared::domain::Command::Colleague(LEV, role))).await.unwrap();
    town.command(&kira, &describe(102, "Anna Ivanova")).await;
    assert!(his.next().await.unwrap().2.contains("given_role"));
    let (_, _, seen) = his.next().await.unwrap();
    assert!(!seen.contains("Ivanova"), "an analyst by now: {seen}");
}

#[tokio::test]
async fn a_colleague_who_has_left_sees_nothing_any_more() {
    let town = Town::new().await;
    let lev = town.token(LEV);
    assert_eq!(town.get(&lev, "/api/events").await.status, StatusCode::OK);
    let leave = order(100, ADA, shared::domain::Command::Colleague(LEV, shared::colleague::Command::Leave {}));
    town.office.ask(leave).await.unwrap();
    town.get(&lev, "/api/events").await.is_problem(403, "denied");
    town.get(&lev, "/api/events/live").await.is_problem(403, "denied");
    town.get(&lev, "/api/views/portfolio").await.is_problem(403, "denied");
}

/// The events of a stream of server-sent events, as far as they have come.
struct Listening {
    body: axum::body::BodyDataStream,
    rest: String,
}

impl Listening {
    async fn new(town: &Town, request: Request<Body>) -> Self {
        let response = town.send(request).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()[header::CONTENT_TYPE], "text/event-stream");
        Self { body: response.into_body().into_data_stream(), rest: String::new() }
    }

    /// The next event with a field `id` or `event`: (event, id, data). `None` at the end.
    async fn next(&mut self) -> Option<(String, String, String)> {
        loop {
            while let Some((block, rest)) = self.rest.clone().split_once("\n\n") {
                self.rest = rest.to_owned();
                let field = |name: &str| {
                    block
                        .lines()
                        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
                        .unwrap_or_default()
                        .trim()
                        .to_owned()
                };
                if block.lines().any(|line| line.starts_with("data:")) {
                    return Some((field("event"), field("id"), field("data")));
                }
            }
            let chunk = tokio::time::timeout(Duration::from_secs(20), self.body.next()).await.unwrap()?;
            self.rest.push_str(std::str::from_utf8(&chunk.unwrap()).unwrap());
        }
    }

    async fn positions(&mut self, many: usize) -> Vec<u64> {
        let mut positions = Vec::new();
        while positions.len() < many {
            let (_, id, data) = self.next().await.unwrap();
            let record: Record = serde_json::from_str(&data).unwrap();
            assert_eq!(id, record.position.to_string());
            positions.push(record.position);
        }
        positions
    }
}

#[tokio::test]
async fn the_live_log_catches_up_goes_on_and_resumes_without_hole_or_double() {
    let town = Town::new().await;
    let kira = town.token(KIRA);
    let before = town.store.head();
    let mut live = Listening::new(&town, get(&kira, "/api/events/live?after=2")).await;
    town.command(&kira, &renaming(100, "Northwind AG")).await;
    let many = usize::try_from(before - 2 + 1).unwrap();
    assert_eq!(live.positions(many).await, (3..=before + 1).collect::<Vec<_>>());
    drop(live);
    town.command(&kira, &renaming(101, "Northwind SE")).await;
    town.command(&kira, &renaming(102, "Northwind AG")).await;
    let mut request = get(&kira, "/api/events/live?after=2");
    request.headers_mut().insert("last-event-id", (before + 1).into());
    let mut live = Listening::new(&town, request).await;
    assert_eq!(live.positions(2).await, [before + 2, before + 3]);
}

#[tokio::test]
async fn a_live_log_that_begins_in_the_midst_of_writing_has_no_hole_and_no_double() {
    const ROUNDS: u128 = 20;
    const WRITERS: u128 = 4;
    const EACH: u128 = 5;
    let town = Town::new().await;
    let kira = town.token(KIRA);
    for round in 0..ROUNDS {
        let before = town.store.head();
        let last = before + u64::try_from(WRITERS * EACH).unwrap();
        let write = async |writer: u128| {
            for number in 0..EACH {
                let number = 1_000 + (round * WRITERS + writer) * EACH + number;
                let answer = town.command(&kira, &renaming(number, &format!("Northwind {number}"))).await;
                assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
            }
        };
        // Each begins a little later than the one before, from the same place: some of it they read, the rest they hear.
        let listen = async |later: u64| {
            let mut following = town.office.follow(before);
            while town.store.head() < before + later * 4 {
                following.next().await.unwrap();
            }
            let mut live = Listening::new(&town, get(&kira, &format!("/api/events/live?after={before}"))).await;
            let heard = live.positions(usize::try_from(last - before).unwrap()).await;
            assert_eq!(heard, (before + 1..=last).collect::<Vec<_>>());
        };
        let writers = futures::future::join_all((0..WRITERS).map(write));
        let listeners = futures::future::join_all((0..5).map(listen));
        futures::join!(writers, listeners);
    }
}

#[tokio::test]
async fn without_a_beginning_the_live_log_begins_now() {
    let town = Town::new().await;
    let kira = town.token(KIRA);
    let mut live = Listening::new(&town, get(&kira, "/api/events/live")).await;
    town.command(&kira, &renaming(100, "Northwind AG")).await;
    assert_eq!(live.positions(1).await, [town.store.head()]);
}

#[tokio::test]
async fn a_past_that_changed_is_told() {
    let town = Town::new().await;
    let kira = town.token(KIRA);
    let start = shared::import::Command::Start {
        system: shared::words::System::parse("salesforce").unwrap(),
        source: label("export"),
    };
    let take_back = shared::import::Command::TakeBack { with_entries: false };
    town.office.ask(order(100, ADA, shared::domain::Command::Import(BATCH, start))).await.unwrap();
    let mut live = Listening::new(&town, get(&kira, "/api/events/live")).await;
    town.office.ask(order(101, ADA, shared::domain::Command::Import(BATCH, take_back))).await.unwrap();
    assert_eq!(live.positions(1).await, [town.store.head()]);
    assert_eq!(live.next().await.unwrap(), ("again".into(), String::new(), "1".into()));
    town.command(&kira, &renaming(102, "Northwind AG")).await;
    assert_eq!(live.positions(1).await, [town.store.head()], "it is said once");

    // Whoever was away while it happened hears it as well, once they have caught up.
    let mut resumed = get(&kira, "/api/events/live");
    resumed.headers_mut().insert("last-event-id", (town.store.head() - 2).into());
    let mut live = Listening::new(&town, resumed).await;
    live.positions(2).await;
    assert_eq!(live.next().await.unwrap(), ("again".into(), String::new(), "1".into()));
}

#[tokio::test]
async fn the_live_log_ends_with_the_token_and_with_the_server() {
    let town = Town::new().await;
    let (kira, lev) = (town.token(KIRA), town.token(LEV));
    let mut revoked = Listening::new(&town, get(&lev, "/api/events/live")).await;
    let mut stopped = Listening::new(&town, get(&kira, "/api/events/live")).await;
    let token = town.access.tokens(LEV).pop().unwrap();
    town.access.token_revoke(LEV, &token.id).unwrap();
    town.command(&kira, &renaming(100, "Northwind AG")).await;
    assert_eq!(revoked.next().await, None);
    stopped.positions(1).await;
    town.office.let_go();
    assert_eq!(stopped.next().await, None);
}

#[tokio::test]
async fn a_quiet_live_log_ends_with_what_let_its_reader_in() {
    let town = Town::new().await;
    let (kira, lev) = (town.token(KIRA), town.token(LEV));
    let mut revoked = Listening::new(&town, get(&lev, "/api/events/live")).await;
    let mut withdrawn = Listening::new(&town, get(&kira, "/api/events/live")).await;
    let token = town.access.tokens(LEV).pop().unwrap();
    town.access.token_revoke(LEV, &token.id).unwrap();
    assert_eq!(revoked.next().await, None, "nothing has happened, and it ends all the same");
    town.access.withdraw(KIRA).unwrap();
    assert_eq!(withdrawn.next().await, None);
}

#[tokio::test]
async fn a_reader_of_a_log_that_went_further_begins_again_at_the_head() {
    let town = Town::new().await;
    let kira = town.token(KIRA);
    let head = town.store.head();
    let mut request = get(&kira, "/api/events/live");
    request.headers_mut().insert("last-event-id", (head + 1_000).into());
    let mut live = Listening::new(&town, request).await;
    assert_eq!(live.next().await.unwrap(), ("again".into(), head.to_string(), "0".into()));
    town.command(&kira, &renaming(100, "Northwind AG")).await;
    assert_eq!(live.positions(1).await, [head + 1]);
    for nonsense in ["soon", "-1", "1.5"] {
        let mut request = get(&kira, "/api/events/live");
        request.headers_mut().insert("last-event-id", nonsense.parse().unwrap());
        town.ask(request).await.is_problem(400, "malformed");
    }
}

#[tokio::test]
async fn one_colleague_follows_the_log_from_so_many_places_and_no_more() {
    let town = Town::new().await;
    let (kira, lev) = (town.token(KIRA), town.token(LEV));
    let mut open = Vec::new();
    for _ in 0..api::figures::MOST_LINES {
        open.push(Listening::new(&town, get(&kira, "/api/events/live")).await);
    }
    let refused = town.get(&kira, "/api/events/live").await;
    refused.is_problem(429, "too-many-lines");
    assert!(refused.response.headers.contains_key(header::RETRY_AFTER));
    Listening::new(&town, get(&lev, "/api/events/live")).await;
    open.pop();
    Listening::new(&town, get(&kira, "/api/events/live")).await;
}

#[tokio::test]
async fn figures_are_for_administrators_and_for_this_machine() {
    let town = Town::new().await;
    let (ada, kira) = (town.token(ADA), town.token(KIRA));
    town.command(&kira, &renaming(100, "Northwind AG")).await;
    town.get(&kira, "/metrics").await.is_problem(403, "denied");
    let figures = town.get(&ada, "/metrics").await;
    assert!(figures.text.contains(r#"twofront_commands_total{outcome="done"} 1"#), "{}", figures.text);
    assert!(figures.text.contains(&format!("twofront_events {}\n", town.store.head())));
    let mut local = Request::get("/metrics").body(Body::empty()).unwrap();
    let from = std::net::SocketAddr::from(([127, 0, 0, 1], 9));
    local.extensions_mut().insert(axum::extract::ConnectInfo(from));
    assert_eq!(town.ask(local).await.status, StatusCode::OK);
    let mut proxied = Request::get("/metrics").header("x-forwarded-for", "1.2.3.4").body(Body::empty()).unwrap();
    proxied.extensions_mut().insert(axum::extract::ConnectInfo(from));
    town.ask(proxied).await.is_problem(403, "denied");
    let mut through = Request::get("/metrics").body(Body::empty()).unwrap();
    through.extensions_mut().insert(axum::extract::ConnectInfo(from));
    assert_eq!(town.behind.clone().oneshot(through).await.unwrap().status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn figures_count_and_time_what_is_asked_at_every_door() {
    let town = Town::new().await;
    let (ada, kira) = (town.token(ADA), town.token(KIRA));
    town.command(&kira, &renaming(100, "Northwind AG")).await;
    let form =
        format!("do=account.rename&on={}&key={}&name=Northwind+SE", Stream::from(NORTHWIND), uuid::Uuid::from_u128(7));
    let form = Request::post("/do")
        .header(header::AUTHORIZATION, format!("Bearer {kira}"))
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(form));
    assert_eq!(town.ask(form.unwrap()).await.status, StatusCode::SEE_OTHER);
    town.get(&kira, "/api/views/portfolio").await;
    town.get(&kira, "/company").await;
    let _line = Listening::new(&town, get(&kira, "/api/events/live")).await;
    let figures = town.get(&ada, "/metrics").await;
    let kind = figures.response.headers[header::CONTENT_TYPE].to_str().unwrap();
    assert!(kind.starts_with("application/openmetrics-text"), "{kind}");
    for line in [
        r#"twofront_commands_total{outcome="done"} 2"#,
        r#"twofront_commands_total{outcome="conflict"} 0"#,
        r#"twofront_command_seconds_count{outcome="done"} 2"#,
        r#"twofront_request_seconds_count{door="command"} 2"#,
        r#"twofront_request_seconds_count{door="view"} 1"#,
        r#"twofront_request_seconds_count{door="page"} 1"#,
        r#"twofront_request_seconds_count{door="events"} 1"#,
        r#"twofront_request_seconds_count{door="asset"} 0"#,
        "twofront_listeners 1",
        "twofront_open 1",
        "twofront_generation 0",
        "# EOF",
    ] {
        assert!(figures.text.lines().any(|one| one == line), "{line}\n{}", figures.text);
    }
}

#[tokio::test]
async fn the_description_names_every_door_and_no_other() {
    let town = Town::new().await;
    let document = town.ask(Request::get("/api/openapi.json").body(Body::empty()).unwrap()).await.json();
    let described: BTreeSet<(String, String)> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, methods)| {
            methods.as_object().unwrap().keys().map(move |method| (method.clone(), path.clone()))
        })
        .collect();
    let views = document["paths"]["/api/views/{view}"]["get"]["description"].as_str().unwrap();
    for view in VIEWS.iter().map(|view| view.split('?').next().unwrap()).chain(VIEWS_OF_ONE.map(|(view, _)| view)) {
        assert!(views.contains(&format!("“{view}")), "{view}");
    }
    let doors = api::DOORS.iter().map(|door| (door.method.to_owned(), door.path.replace("{*view}", "{view}")));
    assert_eq!(described, doors.collect());
    let page = town.ask(Request::get("/api").body(Body::empty()).unwrap()).await;
    for door in api::DOORS {
        assert!(page.text.contains(&door.path.replace("{*view}", "{view}")), "{}", door.path);
    }
    let text = document.to_string();
    for reference in text.split("#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(document["components"]["schemas"][name].is_object(), "{name}");
    }
}

#[tokio::test]
async fn the_description_names_every_command_and_its_examples_are_commands() {
    let document: Value = serde_json::from_str(api::openapi::DOCUMENT).unwrap();
    let mut commands = BTreeSet::new();
    let types = document["components"]["schemas"]["Request"]["properties"]["type"]["description"].as_str().unwrap();
    // A type that no slice knows is refused with a sentence that lists those it knows.
    for slice in Slice::ALL {
        let nonsense = json!({ "id": id(1), "stream": Stream::new(*slice, ADA.uuid()), "type": "nonsense" });
        let error = serde_json::from_value::<shared::request::Request>(nonsense).unwrap_err().to_string();
        let known: Vec<&str> = error.split('`').skip(3).step_by(2).collect();
        assert!(!known.is_empty(), "{error}");
        let listed = types.split(&format!("{slice}: ")).nth(1).unwrap().split('.').next().unwrap();
        assert_eq!(listed.split(", ").collect::<Vec<_>>(), known, "{slice}");
        commands.extend(known.iter().map(|kind| format!("{slice}.{kind}")));
    }
    let examples =
        &document["paths"]["/api/commands"]["post"]["requestBody"]["content"]["application/json"]["examples"];
    let shown: BTreeSet<String> = examples.as_object().unwrap().keys().cloned().collect();
    assert_eq!(shown, commands, "each command with an example of what it takes");
    for (name, example) in examples.as_object().unwrap() {
        let request = serde_json::from_value::<shared::request::Request>(example["value"].clone()).unwrap();
        let said = serde_json::to_value(&request).unwrap();
        let data = example["value"].get("data").cloned().unwrap_or_else(|| json!({}));
        assert_eq!(said["data"], data, "{name}: a field that nobody reads");
        assert_eq!(format!("{}.{}", request.command.stream().slice, said["type"].as_str().unwrap()), *name);
    }
}

/// On one thread: whoever is spawned has got in line once the others had their turn.
#[tokio::test]
async fn many_who_ask_at_once_are_all_answered_and_share_syncs() {
    let town = Town::new().await;
    let groups = || town.store.groups.load(std::sync::atomic::Ordering::SeqCst);
    let before = groups();
    let link = |number: u128| {
        let system = shared::words::System::parse("salesforce").unwrap();
        let key = SourceKey::parse(&format!("k{number}")).unwrap();
        order(
            1_000 + number,
            KIRA,
            shared::domain::Command::Account(NORTHWIND, shared::account::Command::Link { system, key }),
        )
    };
    let (open, gate) = std::sync::mpsc::channel();
    *town.store.gate.lock().unwrap() = Some(gate);
    // All in line, whatever tokio thinks one task may do at once.
    let ask = |number| Box::pin(tokio::task::unconstrained(town.office.ask(link(number))));
    let mut asking: Vec<_> = (0..200).map(ask).collect();
    for one in &mut asking {
        assert!(futures::poll!(one).is_pending(), "nobody is answered before the first is written");
    }
    // Whoever was first is being written, and everybody else waits behind them.
    drop(open);
    for one in asking {
        assert_eq!(one.await.unwrap().events.len(), 1);
    }
    assert!(groups() - before <= 2, "{} groups", groups() - before);
    let office = town.office.clone();
    let answers =
        tokio::task::spawn_blocking(move || office.sink().submit((200..1_400).map(link).collect())).await.unwrap();
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!(town.office.position(), town.store.head());
    tokio::task::spawn_blocking(move || town.office.close()).await.unwrap();
}
