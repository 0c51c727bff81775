//! The frame of the pages before signing in, which have no viewer and no log: one plain form.

use leptos::prelude::*;
use leptos_router::hooks::{use_location, use_query_map};

use crate::address::with_query;
use crate::parts::Icon;
use crate::read::Entrance;
use crate::refused::Refused;
use crate::text::{LANGS, own_name, use_lang};

/// One of these pages, with what is typed already and whose link it is.
pub fn entrance<V: IntoView + 'static>(
    heading: impl Fn(&Entrance) -> String + Clone + Send + Sync + 'static,
    show: impl Fn(Entrance) -> V + Clone + Send + Sync + 'static,
) -> impl IntoView {
    let known = Resource::new(|| (), |()| async { use_context::<Entrance>().unwrap_or_default() });
    view! {
        <div class="sign-in">
            <main id="main">
                <a class="brand" href="/" rel="external">
                    <img src=crate::assets::use_asset("favicon.svg") alt="" width="28" height="28" />
                    <span>"Twofront"</span>
                </a>
                <Suspense>
                    {move || {
                        let (heading, show) = (heading.clone(), show.clone());
                        Suspend::new(async move {
                            let known = known.await;
                            view! {
                                <h1>{heading(&known)}</h1>
                                {show(known)}
                            }
                        })
                    }}
                </Suspense>
                <Languages />
            </main>
        </div>
    }
}

/// The other languages, for whoever the browser's wish does not suit.
#[component]
fn Languages() -> impl IntoView {
    let lang = use_lang();
    let location = use_location();
    let back = move || with_query(&location.pathname.get(), &location.search.get());
    view! {
        <form class="row" method="post" action="/language">
            <input type="hidden" name="back" value=back />
            {LANGS
                .into_iter()
                .filter(|choice| *choice != lang)
                .map(|choice| {
                    view! {
                        <button class="button small" name="lang" value=choice.code() lang=choice.code()>
                            <Icon name="languages" />
                            {own_name(choice)}
                        </button>
                    }
                })
                .collect_view()}
        </form>
    }
}

/// Why the form was sent back, if it was: `?refused=…&wait=…`, else what the server said about it.
#[component]
pub fn RefusedNotice(#[prop(optional, into)] sentence: String) -> impl IntoView {
    let lang = use_lang();
    let query = use_query_map();
    let why = move || {
        let refused = query.with(|query| {
            let seconds = query.get("wait").and_then(|seconds| seconds.parse().ok());
            Refused::from_code(&query.get("refused")?, seconds)
        })?;
        let is_said = refused == Refused::NotRecorded && !sentence.is_empty();
        Some(if is_said { sentence.clone() } else { refused.say(lang) })
    };
    move || {
        why().map(|why| {
            view! {
                <div class="notice error" role="alert">
                    <Icon name="warning" />
                    <p>{why}</p>
                </div>
            }
        })
    }
}
