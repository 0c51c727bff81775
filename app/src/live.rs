//! What keeps an open page in step with the log: the server's records arrive one by one and go
//! through the same fold that made the page.

use std::time::Duration;

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

    /// It shows what the log does not tell, and that changes: ask the server again after so long.
    fn ask_again_in(&self) -> Option<Duration> {
        None
    }
}

/// Whether records arrive. On the server and before the first one, `true`: nothing is known to be wrong.
#[derive(Clone, Copy)]
pub struct Line(pub RwSignal<bool>);

/// Keeps a page's model in step; asks for a new one where it cannot.
#[cfg(not(feature = "hydrate"))]
pub fn follow<P: Follow + Send + Sync + 'static>(_: RwSignal<P>, _: impl Fn() + 'static) {}

#[cfg(feature = "hydrate")]
pub use browser::{connect, follow, follow_in_place};

#[cfg(feature = "hydrate")]
mod browser {
    use std::cell::{Cell, RefCell};
    use std::collections::VecDeque;
    use std::rc::Rc;
    use std::time::Duration;

    use leptos::leptos_dom::helpers::{TimeoutHandle, set_timeout_with_handle};
    use leptos::prelude::*;
    use shared::record::Record;
    use shared::sieve::Sieve;
    use wasm_bindgen::JsCast;
    use wasm_bindgen::closure::Closure;
    use web_sys::{EventSource, MessageEvent};

    use super::{Follow, Line};

    /// How many records are kept for a page that was on its way while they came.
    const KEPT: usize = 4_096;

    /// What comes within so short a time is folded and drawn together: an import is thousands.
    const TOGETHER: Duration = Duration::from_millis(40);

    /// One question to the server for all that made a page stale meanwhile.
    const PATIENCE: Duration = Duration::from_millis(300);

    /// How long after a refusal the line is tried again; each time twice as long, up to two minutes.
    const FIRST_WAIT: Duration = Duration::from_secs(2);
    const MOST_DOUBLINGS: u32 = 6;
    const LONGEST_WAIT: Duration = Duration::from_secs(120);

    /// How long a page that nobody looks at keeps its line.
    const UNSEEN: Duration = Duration::from_secs(300);

    /// What a page does with the records that arrive.
    type Hear = Rc<dyn Fn(&[Record])>;

    /// How a page asks for a new model.
    type Ask = Rc<dyn Fn()>;

    /// A page that is open.
    #[derive(Clone)]
    struct Follower {
        number: u64,
        hear: Hear,
        ask: Ask,
        asking: Asking,
    }

    thread_local! {
        /// What is open: the frame around a page, and the page; for a moment during a change of pages two.
        static FOLLOWERS: RefCell<Vec<Follower>> = const { RefCell::new(Vec::new()) };
        static NEXT: Cell<u64> = const { Cell::new(0) };
        /// Where it is shown how the line stands.
        static LINE: Cell<Option<Line>> = const { Cell::new(None) };
        static WIRE: RefCell<Option<Wire>> = const { RefCell::new(None) };
        /// The position of the last record that was heard.
        static HEARD: Cell<u64> = const { Cell::new(0) };
        /// How often the line was tried since it last stood.
        static TRIES: Cell<u32> = const { Cell::new(0) };
        /// The next try is arranged already.
        static WAITING: Cell<bool> = const { Cell::new(false) };
        /// What has come and is not told yet.
        static ARRIVED: RefCell<Vec<Record>> = const { RefCell::new(Vec::new()) };
        /// The last that were told, oldest first.
        static RECENT: RefCell<VecDeque<Record>> = const { RefCell::new(VecDeque::new()) };
    }

    /// The question that is about to be asked, or that is not answered yet: nobody asks twice.
    type Asking = Rc<Cell<Option<TimeoutHandle>>>;

    /// Keeps a page's model in step; asks for a new one where it cannot, with which the page is drawn anew.
    pub fn follow<P: Follow + Send + Sync + 'static>(page: RwSignal<P>, again: impl Fn() + 'static) {
        attach(page, &Asking::default(), Rc::new(again));
    }

    /// The same for what is not drawn anew: a fresh model takes the place of the one that could not go on, and whoever
    /// shows it hears of it. `None` where it cannot be had: it is asked for again after a while. What the log does not tell
    /// ([`Follow::ask_again_in`]) is asked for once.
    pub fn follow_in_place<P, F>(page: RwSignal<P>, fetch: impl Fn() -> F + 'static)
    where
        P: Follow + Send + Sync + 'static,
        F: Future<Output = Option<P>> + 'static,
    {
        let asking = Asking::default();
        let answered = Rc::clone(&asking);
        let fetch = Rc::new(fetch);
        let again = move || {
            let (fetch, answered) = (Rc::clone(&fetch), Rc::clone(&answered));
            leptos::task::spawn_local(async move {
                let mut wait = FIRST_WAIT;
                // Nobody asks for a page that was left.
                while page.try_with_untracked(|_| ()).is_some() {
                    match fetch().await {
                        // So much came meanwhile that some of it is gone: only the server knows it all.
                        Some(fresh) if has_gap_after(fresh.position()) => {}
                        Some(fresh) => {
                            answered.set(None);
                            return renew(page, fresh);
                        }
                        None => {
                            pause(wait).await;
                            wait = (wait * 2).min(LONGEST_WAIT);
                        }
                    }
                }
            });
        };
        attach(page, &asking, Rc::new(again));
    }

    async fn pause(wait: Duration) {
        let promise = js_sys::Promise::new(&mut |resolve, _| {
            set_timeout(move || drop(resolve.call0(&wasm_bindgen::JsValue::NULL)), wait);
        });
        drop(wasm_bindgen_futures::JsFuture::from(promise).await);
    }

    /// What has come after a position and was told already.
    fn since(position: u64) -> Vec<Record> {
        RECENT.with_borrow(|recent| recent.iter().filter(|record| record.position > position).cloned().collect())
    }

    /// Whether records after a position have come and are not kept any more.
    fn has_gap_after(position: u64) -> bool {
        let oldest =
            RECENT.with_borrow(|recent| (recent.len() == KEPT).then(|| recent.front().map(|one| one.position)));
        oldest.flatten().is_some_and(|oldest| oldest > position + 1)
    }

    /// Puts a fresh model in the place of another, with what has come since it was made.
    fn renew<P: Follow + Send + Sync + 'static>(page: RwSignal<P>, fresh: P) {
        let position = fresh.position();
        crate::parts::focus::redrawn();
        if page.try_set(fresh).is_some() {
            return;
        }
        let missed = since(position);
        // The others have read it, and read on from where they are.
        for follower in FOLLOWERS.with_borrow(Clone::clone) {
            (follower.hear)(&missed);
        }
        crate::parts::focus::mend();
    }

    fn attach<P: Follow + Send + Sync + 'static>(page: RwSignal<P>, asking: &Asking, again: Ask) {
        let number = NEXT.replace(NEXT.get() + 1);
        let asking = Rc::clone(asking);
        let ask_in = {
            let asking = Rc::clone(&asking);
            move |wait: Duration| {
                if asking.get().is_none() {
                    let again = Rc::clone(&again);
                    asking.set(set_timeout_with_handle(move || again(), wait).ok());
                }
            }
        };
        if let Some(wait) = page.with_untracked(Follow::ask_again_in) {
            ask_in(wait);
        }
        let ask: Ask = Rc::new(move || ask_in(PATIENCE));
        let begin_anew = Rc::clone(&ask);
        let position = page.with_untracked(Follow::position);
        // So many have come since that some of them are gone: only the server knows them all.
        if has_gap_after(position) {
            ask();
        }
        let hear = move |records: &[Record]| {
            let is_new = |page: &P| records.last().is_some_and(|record| record.position > page.position());
            if !page.try_with_untracked(is_new).unwrap_or(false) {
                return;
            }
            let is_stale = page.try_update(|page| {
                let mut is_past_another = false;
                for record in records {
                    if record.position > page.position() {
                        page.fold(record);
                        is_past_another |= Sieve::taken_back_by(&record.event).is_some();
                    }
                }
                page.is_stale() || is_past_another
            });
            if is_stale.unwrap_or(false) {
                ask();
            }
        };
        // What came while the page was on its way.
        hear(&since(position));
        FOLLOWERS.with_borrow_mut(|followers| {
            followers.push(Follower { number, hear: Rc::new(hear), ask: begin_anew, asking });
        });
        on_cleanup(move || leave(number));
        if let Some(line) = use_context::<Line>() {
            connect(position, line);
        }
    }

    /// A page that was left asks nothing any more.
    fn leave(number: u64) {
        let gone: Vec<Follower> = FOLLOWERS
            .with_borrow_mut(|followers| followers.extract_if(.., |follower| follower.number == number).collect());
        for handle in gone.iter().filter_map(|follower| follower.asking.get()) {
            handle.clear();
        }
    }

    /// Tells the open pages what has come.
    fn tell() {
        let arrived = ARRIVED.take();
        crate::parts::focus::redrawn();
        let followers = FOLLOWERS.with_borrow(Clone::clone);
        for follower in followers {
            (follower.hear)(&arrived);
        }
        crate::parts::focus::mend();
        RECENT.with_borrow_mut(|recent| {
            recent.extend(arrived);
            let over = recent.len().saturating_sub(KEPT);
            recent.drain(..over);
        });
    }

    /// The past reads differently: an import was taken back, or the log was restored and is another one from here on, which
    /// the server says by where it goes on. No page can fold that.
    fn begin_anew(goes_on_from: Option<u64>) {
        if let Some(position) = goes_on_from {
            HEARD.set(position);
            ARRIVED.take();
            RECENT.take();
        }
        for follower in FOLLOWERS.with_borrow(Clone::clone) {
            (follower.ask)();
        }
    }

    /// The line, and what listens on it.
    struct Wire {
        source: EventSource,
        _again: Closure<dyn Fn(MessageEvent)>,
        _heard: Closure<dyn Fn(MessageEvent)>,
        _opened: Closure<dyn Fn()>,
        _broken: Closure<dyn Fn()>,
    }

    /// Opens the line, once for all pages.
    pub fn connect(after: u64, line: Line) {
        if LINE.replace(Some(line)).is_some() {
            return;
        }
        HEARD.set(after);
        open();
        crate::parts::focus::listen("visibilitychange", |_| {
            if !document().hidden() {
                if WIRE.with_borrow(Option::is_none) {
                    open();
                }
                return;
            }
            // A browser has few lines to one host: a page that nobody looks at gives its own back.
            set_timeout(
                || {
                    if document().hidden() {
                        hang_up();
                    }
                },
                UNSEEN,
            );
        });
    }

    fn hang_up() {
        if let Some(wire) = WIRE.take() {
            wire.source.close();
        }
    }

    fn show(is_open: bool) {
        if let Some(line) = LINE.get() {
            line.0.try_set(is_open);
        }
    }

    /// Goes on from the last record that was heard.
    fn open() {
        hang_up();
        let Ok(source) = EventSource::new(&format!("/api/events/live?after={}", HEARD.get())) else {
            return try_again();
        };
        let heard = Closure::<dyn Fn(MessageEvent)>::new(|event: MessageEvent| {
            let Some(text) = event.data().as_string() else { return };
            if let Ok(record) = shared::json::read::<Record>(&text) {
                HEARD.set(HEARD.get().max(record.position));
                let is_first = ARRIVED.with_borrow_mut(|arrived| {
                    arrived.push(record);
                    arrived.len() == 1
                });
                if is_first {
                    set_timeout(tell, TOGETHER);
                }
            }
        });
        let again = Closure::<dyn Fn(MessageEvent)>::new(|event: MessageEvent| {
            // The browser keeps the last id that it heard; only one that lies behind says that the log is another.
            begin_anew(event.last_event_id().parse().ok().filter(|position| *position < HEARD.get()));
        });
        let opened = Closure::<dyn Fn()>::new(|| {
            TRIES.set(0);
            show(true);
        });
        // After a break the browser resumes by itself; after a refusal it never does.
        let broken = Closure::<dyn Fn()>::new(|| {
            let is_closed = WIRE
                .with_borrow(|wire| wire.as_ref().is_none_or(|wire| wire.source.ready_state() == EventSource::CLOSED));
            if is_closed { try_again() } else { show(false) }
        });
        source.set_onmessage(Some(heard.as_ref().unchecked_ref()));
        let _ = source.add_event_listener_with_callback("again", again.as_ref().unchecked_ref());
        source.set_onopen(Some(opened.as_ref().unchecked_ref()));
        source.set_onerror(Some(broken.as_ref().unchecked_ref()));
        WIRE.set(Some(Wire { source, _again: again, _heard: heard, _opened: opened, _broken: broken }));
    }

    /// After a while, and after a longer one the next time: a server that comes back is not run over.
    fn try_again() {
        show(false);
        if WAITING.replace(true) {
            return;
        }
        let tries = TRIES.replace(TRIES.get() + 1).min(MOST_DOUBLINGS);
        set_timeout(
            || {
                WAITING.set(false);
                if !document().hidden() {
                    open();
                } else {
                    hang_up();
                }
            },
            FIRST_WAIT * 2_u32.pow(tries),
        );
    }
}
