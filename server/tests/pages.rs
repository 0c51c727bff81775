//! The pages as a browser without scripts meets them: what the server writes into a document.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod house;

use std::sync::Arc;

use app::when::Zone;
use axum::Router;
use axum::body::{Body, to_bytes};
use house::*;
use http::{Request, StatusCode, header};
use server::access::{Access, Cost, Settings};
use server::office::Office;
use server::serve::{self, House as Served};
use server::site::Site;
use server::store::Store;
use server::store::keyring::Keyring;
use shared::ids::ColleagueId;
use shared::testkit::*;
use tempfile::TempDir;
use tower::ServiceExt;

/// The whole server on a store in memory.
struct Town {
    office: Office,
    access: Access,
    app: Router,
    _folder: TempDir,
}

/// What an answer says.
struct Answer {
    status: StatusCode,
    text: String,
}

impl Town {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let keyring = Arc::new(Keyring::at(&folder.path().join("keys")).unwrap());
        let now = Arc::new(std::sync::Mutex::new(NOON));
        let store = Arc::new(Trickster::default()) as Arc<dyn Store>;
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
        Answer { status: response.status, text: String::from_utf8(body.to_vec()).unwrap() }
    }

    async fn page(&self, token: &str, path: &str) -> Answer {
        let request = Request::get(path).header(header::AUTHORIZATION, format!("Bearer {token}"));
        self.ask(request.body(Body::empty()).unwrap()).await
    }
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
