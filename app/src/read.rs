//! How a page gets what it shows. A page asks a [`Query`] and gets its model: on the server straight
//! from the views, in the browser from the same address that programs read, `/api/views/…`.

mod beside;

use std::any::Any;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use jiff::Timestamp;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_location;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use shared::ids::{ColleagueId, Stream};
use shared::record::Record;
use shared::views::Company;
use shared::views::timeline::{Filter, Reach};
use shared::views::touch::Calendar;
use shared::words::Role;
use uuid::Uuid;

use crate::address::{encode, with_query};
use crate::live::{Follow, Line};
use crate::text::{Lang, use_lang};
use crate::when::Zone;

pub use beside::{Entrance, FileCount, Importing, Login, Outcome, Running, Token, Zones};

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

    /// The records that the part of a timeline needs which a filter asks for, in order, and how far they
    /// reach: mostly about so many entries, however long the whole is.
    fn excerpt(&self, of: Stream, filter: &Filter, most: usize) -> Result<(Vec<Record>, Reach), Trouble>;

    /// Every record of these streams that stands, in order: without what was taken back with an import.
    fn of_streams(&self, streams: &[Stream]) -> Result<Vec<Record>, Trouble>;

    /// Every record of one stream that stands.
    fn of_stream(&self, stream: Stream) -> Result<Vec<Record>, Trouble> {
        self.of_streams(&[stream])
    }

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

    /// In which time zone the viewer can read, and which one they chose.
    fn zones(&self) -> Zones;

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
    to_accounts { en: "To the accounts", ru: "К клиентам" }
    /// The heading in the place of a page.
    cannot_show { en: "This cannot be shown", ru: "Не удалось показать страницу" }
    unreachable { en: "The server cannot be reached. Check the connection and try again.", ru: "Сервер не отвечает. Проверьте соединение и попробуйте ещё раз." }
    unreadable { en: "The log cannot be read. Tell an administrator.", ru: "Журнал событий не читается. Сообщите администратору." }
}

impl Trouble {
    #[must_use]
    pub fn say(&self, lang: Lang) -> String {
        match self {
            Self::SignedOut => signed_out(lang).to_owned(),
            Self::NotAllowed => not_allowed(lang).to_owned(),
            Self::NotFound => not_found(lang).to_owned(),
            // What a browser says of it is no help to a person.
            Self::Unreachable(_) => unreachable(lang).to_owned(),
            Self::Unreadable(_) => unreadable(lang).to_owned(),
        }
    }

    /// What the store said of itself, as it said it; for whoever runs the server.
    #[must_use]
    pub fn said(&self) -> Option<&str> {
        match self {
            Self::Unreadable(said) if !said.is_empty() => Some(said),
            Self::SignedOut | Self::NotAllowed | Self::NotFound | Self::Unreachable(_) | Self::Unreadable(_) => None,
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.say(Lang::En))
    }
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
    show: impl Fn(RwSignal<Q::Page>) -> V + Send + Sync + 'static,
) -> AnyView
where
    Q: Query,
    V: IntoView + 'static,
{
    followed(ask, move |page, _, again| {
        crate::live::follow(page, move || again());
        show(page).into_any()
    })
}

/// As [`page`], for a page of which everything follows its model: where the model cannot go on by itself a fresh one takes its
/// place, and what is open or being filled in stays as it is.
pub fn page_in_place<Q, V>(
    ask: impl Fn() -> Q + Send + Sync + 'static,
    show: impl Fn(RwSignal<Q::Page>) -> V + Send + Sync + 'static,
) -> AnyView
where
    Q: Query,
    V: IntoView + 'static,
{
    followed(ask, move |page, query, again| {
        renewed(page, query, again);
        show(page).into_any()
    })
}

#[cfg(feature = "hydrate")]
fn renewed<Q: Query>(page: RwSignal<Q::Page>, query: Q, again: Again) {
    crate::live::follow_in_place(page, move || {
        let (query, again) = (query.clone(), Arc::clone(&again));
        async move {
            let fresh = ask(&query).await;
            // Where there is nothing to show any more the page says why. A server that is away for a moment takes nobody's
            // form from them.
            if fresh.as_ref().is_err_and(|trouble| !matches!(trouble, Trouble::Unreachable(_))) {
                again();
            }
            fresh.ok()
        }
    });
}

#[cfg(not(feature = "hydrate"))]
fn renewed<Q: Query>(_: RwSignal<Q::Page>, _: Q, _: Again) {}

/// A page whose model is followed in one way or the other.
fn followed<Q: Query>(
    ask: impl Fn() -> Q + Send + Sync + 'static,
    show: impl Fn(RwSignal<Q::Page>, Q, Again) -> AnyView + Send + Sync + 'static,
) -> AnyView {
    let ask = Arc::new(ask);
    let read = reading(&ask);
    let asked = Arc::clone(&ask);
    let show = move |model: &Model, again: Again| {
        let page = RwSignal::new(model.page::<Q::Page>()?);
        Ok(show(page, untrack(|| asked()), again))
    };
    shown(Arc::new(move || ask().address()), read, Arc::new(show))
}

/// How a page asks for a new model, with which it is drawn anew.
type Again = Arc<dyn Fn() + Send + Sync>;

/// Makes a view of a model; it is told how to ask for a new one.
type Show = dyn Fn(&Model, Again) -> Result<AnyView, Trouble> + Send + Sync;

/// What is the same for every page, and therefore in the bundle once: nothing here names a page's type.
fn shown(address: Arc<dyn Fn() -> String + Send + Sync>, read: Read, show: Arc<Show>) -> AnyView {
    let answer = Resource::new_str(move || address(), move |address| answer(address, read.clone()));
    let is_lost = StoredValue::new(false);
    // A page that could not be fetched is asked for again once the server is heard again.
    if let Some(line) = use_context::<Line>() {
        Effect::new(move |stood: Option<bool>| {
            let stands = line.0.get();
            if stands && stood == Some(false) && is_lost.get_value() {
                answer.refetch();
            }
            stands
        });
    }
    view! {
        <Transition>
            {move || {
                let show = Arc::clone(&show);
                Suspend::new(async move {
                    let answered = answer.await;
                    is_lost.set_value(matches!(answered, Answer(Err(Trouble::Unreachable(_)))));
                    let view = match answered {
                        Answer(Ok(model)) => {
                            #[cfg(feature = "hydrate")]
                            crate::parts::focus::arrived();
                            show(&model, Arc::new(move || answer.refetch()))
                        }
                        Answer(Err(trouble)) => Err(trouble),
                    };
                    view.unwrap_or_else(|trouble| view! { <TroubleNotice trouble /> }.into_any())
                })
            }}
        </Transition>
    }
    .into_any()
}

/// What a page asked for, or why it cannot have it. As text, which the server writes into the page for the browser: the
/// model as JSON, or after a `!` the trouble.
#[derive(Clone)]
struct Answer(Result<Model, Trouble>);

/// A page's model whose type is not told.
#[derive(Clone)]
struct Model {
    json: Arc<str>,
    /// What the JSON was made of; in the browser nothing.
    built: Option<Arc<dyn Any + Send + Sync>>,
}

impl Model {
    fn page<P: DeserializeOwned + Clone + 'static>(&self) -> Result<P, Trouble> {
        let built = self.built.as_ref().and_then(|built| built.downcast_ref::<P>());
        built.map_or_else(
            || shared::json::read(&self.json).map_err(|error| Trouble::Unreachable(error.to_string())),
            |built| Ok(built.clone()),
        )
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Ok(model) => f.write_str(&model.json),
            Err(trouble) => write!(f, "!{}", serde_json::to_string(trouble).map_err(|_| fmt::Error)?),
        }
    }
}

impl FromStr for Answer {
    type Err = serde_json::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let trouble = text.strip_prefix('!').map(shared::json::read).transpose()?;
        Ok(Self(trouble.map_or_else(|| Ok(Model { json: text.into(), built: None }), Err)))
    }
}

/// Says why a page cannot be shown, and what to do.
#[component]
pub fn TroubleNotice(trouble: Trouble) -> impl IntoView {
    let lang = use_lang();
    if let Some(report) = use_context::<Report>() {
        (report.0)(&trouble);
    }
    let location = use_location();
    let here = with_query(&location.pathname.get_untracked(), &location.search.get_untracked());
    // Plain links: what cannot be shown may be broken in the browser as well.
    let (href, text) = match &trouble {
        Trouble::SignedOut => (format!("/sign-in?next={}", encode(&here)), sign_in(lang)),
        Trouble::Unreachable(_) | Trouble::Unreadable(_) => (here, try_again(lang)),
        Trouble::NotAllowed | Trouble::NotFound => ("/".to_owned(), to_accounts(lang)),
    };
    view! {
        <Title text=cannot_show(lang) />
        <h1>{cannot_show(lang)}</h1>
        <div class="notice error" role="alert">
            <p>{trouble.say(lang)}</p>
            {trouble.said().map(|said| view! { <p lang="en"><code>{said.to_owned()}</code></p> })}
        </div>
        <a class="button" href=href rel="external">
            {text}
        </a>
    }
}

/// Tells the server that a page cannot be shown, so that its answer has the right status.
#[derive(Clone)]
pub struct Report(pub Arc<dyn Fn(&Trouble) + Send + Sync>);

/// How the server gets at a page's model. The browser asks an address instead, and has none of that code.
type Read = Option<Arc<dyn Fn() -> Answer + Send + Sync>>;

#[cfg(feature = "ssr")]
fn reading<Q: Query>(ask: &Arc<impl Fn() -> Q + Send + Sync + 'static>) -> Read {
    let ask = Arc::clone(ask);
    let read = move || {
        let reader = use_context::<Arc<dyn Reader>>().ok_or(Trouble::SignedOut)?;
        let page = ask().answer(reader.as_ref())?;
        let json = serde_json::to_string(&page).map_err(|error| Trouble::Unreadable(error.to_string()))?;
        Ok(Model { json: json.into(), built: Some(Arc::new(page)) })
    };
    Some(Arc::new(move || Answer(untrack(&read))))
}

#[cfg(not(feature = "ssr"))]
fn reading<Q: Query>(_: &Arc<impl Fn() -> Q + Send + Sync + 'static>) -> Read {
    None
}

async fn answer(address: String, read: Read) -> Answer {
    match read {
        Some(read) => read(),
        None => Answer(fetched(&address).await.map(|json| Model { json: json.into(), built: None })),
    }
}

#[cfg(feature = "hydrate")]
async fn fetched(address: &str) -> Result<String, Trouble> {
    // A browser's futures stay on its one thread; the resource wants to be told so.
    send_wrapper::SendWrapper::new(crate::fetch::text(&format!("/api/views/{address}"))).await
}

/// Asks the server once more for what a part of the page shows.
#[cfg(feature = "hydrate")]
pub(crate) async fn ask<Q: Query>(query: &Q) -> Result<Q::Page, Trouble> {
    let json = crate::fetch::text(&format!("/api/views/{}", query.address())).await?;
    shared::json::read(&json).map_err(|error| Trouble::Unreachable(error.to_string()))
}

#[cfg(not(feature = "hydrate"))]
#[expect(clippy::unused_async, reason = "the shape of the browser's")]
async fn fetched(address: &str) -> Result<String, Trouble> {
    Err(Trouble::Unreachable(format!("no browser is here to ask for {address}")))
}
