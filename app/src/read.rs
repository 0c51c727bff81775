//! How a page gets what it shows. A page asks a [`Query`] and gets its model: on the server straight
//! from the views, in the browser from the same address that programs read, `/api/views/…`.

mod beside;

use std::fmt;

use jiff::Timestamp;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_location;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use shared::ids::{ColleagueId, Stream};
use shared::record::Record;
use shared::views::Company;
use shared::views::touch::Calendar;
use shared::words::Role;
use uuid::Uuid;

use crate::address::{encode, with_query};
use crate::live::Follow;
use crate::text::{Lang, use_lang};
use crate::when::Zone;

pub use beside::{Entrance, FileCount, Importing, Login, Outcome, Running, Token};

/// What a page wants to know. It is asked anew when it changes.
pub trait Query: Clone + PartialEq + Send + Sync + 'static {
    type Page: Follow + Clone + Serialize + DeserializeOwned + Send + Sync + 'static;

    /// The page's model, built from the views. Pure but for what the reader reads.
    fn answer(&self, reader: &dyn Reader) -> Result<Self::Page, Trouble>;

    /// The address of the answer as JSON, below `/api/views/`.
    fn address(&self) -> String;
}

/// What the server lets a page read, as far as the viewer may see it.
pub trait Reader: Send + Sync {
    fn viewer(&self) -> Viewer;

    /// Shows the warm views; they stand still meanwhile, so take what is needed and leave.
    fn company(&self, look: &mut dyn FnMut(&Company));

    /// Every record that concerns an account, a contact, a colleague or a unit, in order.
    fn concerning(&self, stream: Stream) -> Result<Vec<Record>, Trouble>;

    /// Every record of one stream that stands, in order: without what was taken back with an import.
    fn of_stream(&self, stream: Stream) -> Result<Vec<Record>, Trouble>;

    /// Every record of one stream that was ever written, in order.
    fn raw(&self, stream: Stream) -> Result<Vec<Record>, Trouble>;

    /// Records before a position (from the head where `None`), newest first, at most this many.
    fn before(&self, position: Option<u64>, most: usize) -> Result<Vec<Record>, Trouble>;

    /// These records, in order.
    fn at(&self, positions: &[u64]) -> Result<Vec<Record>, Trouble>;

    /// The viewer's own access tokens, oldest first.
    fn tokens(&self) -> Vec<Token>;

    /// The text of the viewer's token that was just made: told once.
    fn fresh_token(&self, id: &str) -> Option<String>;

    /// Who can sign in; nobody for whoever is no administrator.
    fn logins(&self) -> Vec<Login>;

    /// The address of the one-time link that the viewer just made for a colleague: told once.
    fn fresh_invitation(&self, colleague: ColleagueId) -> Option<String>;

    /// The import that runs, and what became of the last one; nothing for whoever is no administrator.
    fn importing(&self) -> Importing;
}

/// Who looks, when, and in which zone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Viewer {
    pub me: ColleagueId,
    pub name: String,
    pub role: Option<Role>,
    pub now: Timestamp,
    pub zone: Zone,
    /// Random: what the identities of this page's forms are derived from.
    pub seed: Uuid,
    /// Whether the company is a generated one, and from which source.
    pub generated: Option<String>,
}

/// Why a page cannot be shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    /// Nobody is signed in.
    SignedOut,
    NotAllowed,
    NotFound,
    /// The server cannot be reached or answers nonsense; with what it said.
    Unreachable(String),
    /// The store cannot be read; with why.
    Unreadable(String),
}

crate::texts! {
    signed_out { en: "You are signed out. Sign in to go on; what you typed is kept.", ru: "Вы вышли из системы. Войдите, чтобы продолжить: набранное сохранено." }
    not_allowed { en: "This page is not for your role. Ask an administrator if it should be.", ru: "Эта страница не для вашей роли. Если она вам нужна, обратитесь к администратору." }
    not_found { en: "There is nothing at this address. It may belong to an import that was taken back.", ru: "По этому адресу ничего нет. Возможно, запись пришла с загрузкой, которую отменили." }
    sign_in { en: "Sign in", ru: "Войти" }
    try_again { en: "Try again", ru: "Попробовать ещё раз" }
    /// The heading in the place of a page.
    cannot_show { en: "This cannot be shown", ru: "Не удалось показать страницу" }
    unreachable(why: &str) { en: "The server cannot be reached. Check the connection and try again. ({why})", ru: "Сервер не отвечает. Проверьте соединение и попробуйте ещё раз. ({why})" }
    unreadable(why: &str) { en: "The store cannot be read: {why}. Tell an administrator.", ru: "Хранилище не читается: {why}. Сообщите администратору." }
}

impl Trouble {
    #[must_use]
    pub fn say(&self, lang: Lang) -> String {
        match self {
            Self::SignedOut => signed_out(lang).to_owned(),
            Self::NotAllowed => not_allowed(lang).to_owned(),
            Self::NotFound => not_found(lang).to_owned(),
            Self::Unreachable(why) => unreachable(lang, why),
            Self::Unreadable(why) => unreadable(lang, why),
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.say(Lang::En))
    }
}

/// The viewer that the server wrote into the page.
#[cfg(feature = "hydrate")]
pub(crate) fn viewer_of_page() -> Option<Viewer> {
    let meta = document().query_selector("meta[name=viewer]").ok().flatten()?;
    serde_json::from_str(&meta.get_attribute("content")?).ok()
}

/// The viewer of the page that is being rendered; `None` on the pages before signing in.
#[must_use]
pub fn use_viewer() -> Option<Viewer> {
    use_context::<Viewer>()
}

/// The calendar of the one who looks, at a moment.
#[must_use]
pub fn use_calendar(now: Timestamp) -> Calendar {
    use_viewer().map_or_else(Zone::utc, |viewer| viewer.zone).calendar(now)
}

/// Reads a page and shows it; then keeps it in step with the log. Before WebAssembly has loaded, the
/// server has rendered it already; while another one is read, this one stays.
pub fn page<Q, V>(
    ask: impl Fn() -> Q + Send + Sync + 'static,
    show: impl Fn(RwSignal<Q::Page>) -> V + Clone + Send + Sync + 'static,
) -> impl IntoView
where
    Q: Query,
    V: IntoView + 'static,
{
    let ask = Memo::new(move |_| ask());
    let answer = Resource::new(move || ask.get(), read::<Q>);
    view! {
        <Transition>
            {move || {
                let show = show.clone();
                Suspend::new(async move {
                    match answer.await {
                        Ok(model) => {
                            #[cfg(feature = "hydrate")]
                            crate::parts::focus::arrived();
                            let model = RwSignal::new(model);
                            crate::live::follow(model, move || answer.refetch());
                            leptos::either::Either::Left(show(model))
                        }
                        Err(trouble) => leptos::either::Either::Right(view! { <TroubleNotice trouble /> }),
                    }
                })
            }}
        </Transition>
    }
}

/// Says why a page cannot be shown, and what to do.
#[component]
fn TroubleNotice(trouble: Trouble) -> impl IntoView {
    let lang = use_lang();
    if let Some(report) = use_context::<Report>() {
        (report.0)(&trouble);
    }
    let location = use_location();
    let here = with_query(&location.pathname.get_untracked(), &location.search.get_untracked());
    // Plain links: what cannot be shown may be broken in the browser as well.
    let way_on = match &trouble {
        Trouble::SignedOut => Some((format!("/sign-in?next={}", encode(&here)), sign_in(lang))),
        Trouble::Unreachable(_) | Trouble::Unreadable(_) => Some((here, try_again(lang))),
        Trouble::NotAllowed | Trouble::NotFound => None,
    };
    let way_on = way_on.map(|(href, text)| {
        view! {
            <a class="button" href=href rel="external">
                {text}
            </a>
        }
    });
    view! {
        <Title text=cannot_show(lang) />
        <h1>{cannot_show(lang)}</h1>
        <div class="notice error" role="alert">
            <p>{trouble.say(lang)}</p>
        </div>
        {way_on}
    }
}

/// Tells the server that a page cannot be shown, so that its answer has the right status.
#[derive(Clone)]
pub struct Report(pub std::sync::Arc<dyn Fn(&Trouble) + Send + Sync>);

#[cfg(feature = "ssr")]
async fn read<Q: Query>(query: Q) -> Result<Q::Page, Trouble> {
    let reader = use_context::<std::sync::Arc<dyn Reader>>().ok_or(Trouble::SignedOut)?;
    query.answer(reader.as_ref())
}

#[cfg(all(feature = "hydrate", not(feature = "ssr")))]
async fn read<Q: Query>(query: Q) -> Result<Q::Page, Trouble> {
    let address = format!("/api/views/{}", query.address());
    // A browser's futures stay on its one thread; the resource wants to be told so.
    send_wrapper::SendWrapper::new(crate::fetch::json(&address)).await
}

#[cfg(not(any(feature = "hydrate", feature = "ssr")))]
async fn read<Q: Query>(_: Q) -> Result<Q::Page, Trouble> {
    Err(Trouble::Unreachable("neither a server nor a browser".to_owned()))
}
