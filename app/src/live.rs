//! What keeps an open page in step with the log: the server's records arrive one by one and go
//! through the same fold that made the page.

use leptos::prelude::*;
use shared::record::Record;

/// A page's model that can go on from where the server stopped.
pub trait Follow {
    /// The last record that it has read.
    fn position(&self) -> u64;

    /// Reads the next record.
    fn fold(&mut self, record: &Record);

    /// It cannot tell any more by itself what is true: ask the server again.
    fn is_stale(&self) -> bool {
        false
    }
}

/// Whether records arrive. On the server and before the first one, `true`: nothing is known to be wrong.
#[derive(Clone, Copy)]
pub struct Line(pub RwSignal<bool>);

/// Keeps a page's model in step; asks for a new one where it cannot.
#[cfg(not(feature = "hydrate"))]
pub fn follow<P: Follow + Send + Sync + 'static>(_: RwSignal<P>, _: impl Fn() + 'static) {}

#[cfg(feature = "hydrate")]
pub use browser::{connect, follow};

#[cfg(feature = "hydrate")]
mod browser {
    use std::cell::RefCell;
    use std::rc::Rc;

    use leptos::prelude::*;
    use shared::record::Record;
    use wasm_bindgen::JsCast;
    use wasm_bindgen::closure::Closure;
    use web_sys::{EventSource, MessageEvent};

    use super::{Follow, Line};

    type Follower = Rc<dyn Fn(&Record)>;

    thread_local! {
        /// The pages that are open: one, and for a moment during a change of pages two.
        static FOLLOWERS: RefCell<Vec<(u64, Follower)>> = const { RefCell::new(Vec::new()) };
        static NEXT: RefCell<u64> = const { RefCell::new(0) };
        static CONNECTED: RefCell<bool> = const { RefCell::new(false) };
    }

    /// Keeps a page's model in step; asks for a new one where it cannot.
    pub fn follow<P: Follow + Send + Sync + 'static>(page: RwSignal<P>, again: impl Fn() + 'static) {
        let number = NEXT.with_borrow_mut(|next| {
            *next += 1;
            *next
        });
        let follower: Follower = Rc::new(move |record: &Record| {
            let is_new = page.try_with_untracked(|page| record.position > page.position()).unwrap_or(false);
            if is_new && page.try_update(|page| page.fold(record)).is_some() && page.with_untracked(Follow::is_stale) {
                again();
            }
        });
        FOLLOWERS.with_borrow_mut(|followers| followers.push((number, follower)));
        on_cleanup(move || FOLLOWERS.with_borrow_mut(|followers| followers.retain(|(one, _)| *one != number)));
        if let Some(line) = use_context::<Line>() {
            connect(page.with_untracked(Follow::position), line);
        }
    }

    /// Opens the line, once: the browser resumes it by itself after a break, by the id of the last event.
    pub fn connect(after: u64, line: Line) {
        if CONNECTED.replace(true) {
            return;
        }
        let Ok(source) = EventSource::new(&format!("/api/events/live?after={after}")) else {
            CONNECTED.replace(false);
            line.0.set(false);
            return;
        };
        let message = Closure::<dyn Fn(MessageEvent)>::new(|event: MessageEvent| {
            let Some(text) = event.data().as_string() else { return };
            if let Ok(record) = serde_json::from_str::<Record>(&text) {
                let followers = FOLLOWERS.with_borrow(Clone::clone);
                for (_, follower) in followers {
                    follower(&record);
                }
            }
        });
        let opened = Closure::<dyn Fn()>::new(move || line.0.set(true));
        let broken = Closure::<dyn Fn()>::new(move || line.0.set(false));
        source.set_onmessage(Some(message.as_ref().unchecked_ref()));
        source.set_onopen(Some(opened.as_ref().unchecked_ref()));
        source.set_onerror(Some(broken.as_ref().unchecked_ref()));
        // The line lives as long as the page does.
        message.forget();
        opened.forget();
        broken.forget();
        std::mem::forget(source);
    }
}
