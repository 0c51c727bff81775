//! How many handoffs wait for the one who looks, beside their place in the navigation of every page.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use shared::record::Record;
use shared::views::Board;
use shared::views::View as _;
use shared::views::board::Waits;

use crate::live::Follow;
use crate::read::{Query, Reader, Trouble};
use crate::text::use_lang;

crate::texts! {
    /// Stands after "Handoffs" for those who hear the page.
    wait(n: u64) {
        en: plural(n) { "{n} waits for you or your unit", "{n} wait for you or your unit" },
        ru: plural(n) { "вас или ваше подразделение ждёт {n}", "вас или ваше подразделение ждут {n}", "вас или ваше подразделение ждут {n}" },
    }
}

/// More are shown as this many, with a plus.
const MOST: u64 = 99;

/// What waits for the viewer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ask;

/// How many handoffs wait for somebody, or for anybody of their unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    pub position: u64,
    pub handoffs: u64,
    /// Something has happened by which it may be another number.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    stale: bool,
}

impl Query for Ask {
    type Page = Waiting;

    fn answer(&self, reader: &dyn Reader) -> Result<Waiting, Trouble> {
        let me = reader.viewer().me;
        let mut waiting = Waiting::default();
        reader.company(&mut |company| {
            let board = &company.board;
            let waits = |card| matches!(board.waits(card, me), Waits::ForMe | Waits::ForMyUnit);
            let handoffs = board.open.values().filter(|card| waits(card)).map(|_| 1).sum();
            waiting = Waiting { position: company.position(), handoffs, stale: false };
        });
        Ok(waiting)
    }

    fn address(&self) -> String {
        "waiting".to_owned()
    }
}

impl Follow for Waiting {
    fn position(&self) -> u64 {
        self.position
    }

    /// A browser that counted by itself would have to hold the whole board, on every page.
    fn fold(&mut self, record: &Record) {
        self.position = record.position;
        self.stale |= Board::is_moved_by(&record.event);
    }

    fn is_stale(&self) -> bool {
        self.stale
    }
}

/// The number as the server wrote it into the page, kept in step from here on.
#[must_use]
pub fn use_waiting() -> RwSignal<Waiting> {
    let told = use_context::<Waiting>();
    let waiting = RwSignal::new(told.unwrap_or_default());
    #[cfg(feature = "hydrate")]
    if told.is_some() {
        crate::live::follow_in_place(waiting, || async { crate::read::ask(&Ask).await.ok() });
    }
    waiting
}

/// The number, where there is one.
#[component]
pub fn WaitingCount(waiting: RwSignal<Waiting>) -> impl IntoView {
    let lang = use_lang();
    let number = Memo::new(move |_| waiting.with(|waiting| waiting.handoffs));
    move || {
        let number = number.get();
        (number > 0).then(|| {
            let short = if number > MOST { format!("{MOST}+") } else { number.to_string() };
            view! {
                <b class="count" title=wait(lang, number)>
                    <span aria-hidden="true">{short}</span>
                    <span class="sr">", " {wait(lang, number)}</span>
                </b>
            }
        })
    }
}
