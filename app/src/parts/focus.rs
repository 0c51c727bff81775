//! Where the focus is when a page changes under it. A new page is announced by its heading; what was
//! focused and is gone hands the focus to what is nearest to it and still there.

use leptos::prelude::*;
use std::cell::{Cell, RefCell};
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{Element, Event, HtmlElement};

thread_local! {
    /// What has the focus, and where to look for what is near it, nearest first.
    static FOCUSED: RefCell<Option<(Element, Vec<String>)>> = const { RefCell::new(None) };
    /// The page is drawn again at this moment: what loses the focus did not lose it by anybody's hand.
    static REDRAWN: Cell<bool> = const { Cell::new(false) };
    /// Another page was asked for and is not shown yet.
    static ON_THE_WAY: Cell<bool> = const { Cell::new(false) };
}

/// Listens on the whole document, for as long as it lives.
pub fn listen(name: &str, heard: impl Fn(&Event) + 'static) {
    let closure = Closure::<dyn Fn(Event)>::new(move |event: Event| heard(&event));
    let _ = document().add_event_listener_with_callback(name, closure.as_ref().unchecked_ref());
    closure.forget();
}

/// Remembers what has the focus, once for the whole document.
pub fn install() {
    listen("focusin", |event| {
        let Some(element) = event.target().and_then(|target| target.dyn_into::<Element>().ok()) else { return };
        let around = around(&element);
        FOCUSED.set(Some((element, around)));
    });
    listen("focusout", |event| {
        let Some(left) = event.target().and_then(|target| target.dyn_into::<Element>().ok()) else { return };
        // A browser may say so just before it takes the element away. Only what is still there a moment later was left
        // by somebody, not taken from under them; while the page is drawn again it was put elsewhere in its list.
        let is_redrawn = REDRAWN.get();
        request_animation_frame(move || {
            let is_same = FOCUSED.with_borrow(|focused| focused.as_ref().is_some_and(|(element, _)| *element == left));
            if !is_same || !left.is_connected() || document().active_element().as_ref() == Some(&left) {
                return;
            }
            if is_nowhere() && is_redrawn {
                on(Some(left));
            } else {
                FOCUSED.set(None);
            }
        });
    });
    listen("click", |event| {
        let link = event
            .target()
            .and_then(|target| target.dyn_into::<Element>().ok())
            .and_then(|element| element.closest("a[href^='#']").ok().flatten());
        // The browser knows best how to go to a place of this page: the router would lose `:target`.
        if let Some(link) = link {
            let _ = link.set_attribute("rel", "external");
        }
    });
}

/// Where to look for what is near an element, nearest first: whatever with an identity it is in, and in a list the
/// items beside it. Only where they stand now: a handoff that is done stands far below, and its column is still here.
fn around(element: &Element) -> Vec<String> {
    let mut around = Vec::new();
    let mut next = element.closest("[id]").ok().flatten();
    while let Some(one) = next {
        let home = one.parent_element().and_then(|above| above.closest("[id]").ok().flatten());
        let within = home.as_ref().map(|home| format!("[id='{}'] ", home.id())).unwrap_or_default();
        let is_item = matches!(one.tag_name().as_str(), "LI" | "TR");
        let beside = [one.next_element_sibling(), one.previous_element_sibling()].into_iter().flatten();
        let near = std::iter::once(one).chain(beside.filter(|_| is_item));
        around.extend(near.map(|one| one.id()).filter(|id| !id.is_empty()).map(|id| format!("{within}[id='{id}']")));
        next = home;
    }
    around
}

/// What a page shows has changed, and it is drawn again before the next frame.
pub fn redrawn() {
    REDRAWN.set(true);
    request_animation_frame(|| REDRAWN.set(false));
}

/// Another page was asked for.
pub fn left() {
    ON_THE_WAY.set(true);
}

/// A page is about to be shown: another one, or this one afresh.
pub fn arrived() {
    if ON_THE_WAY.take() { request_animation_frame(land) } else { mend() }
}

/// The focus goes to the place that the address names, to the field that the page begins with, or to
/// its heading, which is read out.
fn land() {
    let hash = window().location().hash().unwrap_or_default();
    let place = hash.strip_prefix('#').and_then(|id| document().get_element_by_id(id));
    if place.is_some() {
        // Only the browser itself can mark the target of an address.
        let _ = window().location().replace(&hash);
        return on(place);
    }
    let main = |selector: &str| document().query_selector(&format!("main {selector}")).ok().flatten();
    on(main("[autofocus]").or_else(|| main("h1")));
}

/// Gives the focus to an element, if it is there.
pub fn on(element: Option<Element>) {
    let Some(element) = element.and_then(|element| element.dyn_into::<HtmlElement>().ok()) else { return };
    if element.tab_index() < 0 && !element.has_attribute("tabindex") {
        let _ = element.set_attribute("tabindex", "-1");
    }
    let _ = element.focus();
}

/// Whether nothing has the focus.
fn is_nowhere() -> bool {
    document().active_element().is_none_or(|element| element.tag_name() == "BODY")
}

/// After the page was drawn again: what had the focus may be gone.
pub fn mend() {
    request_animation_frame(|| {
        let is_nowhere = is_nowhere();
        let around = FOCUSED.with_borrow(|focused| {
            let (element, around) = focused.as_ref()?;
            (is_nowhere && !element.is_connected()).then(|| around.clone())
        });
        if let Some(around) = around {
            let found = |place: &String| document().query_selector(place).ok().flatten();
            on(around.iter().chain([&"main".to_owned()]).find_map(found));
        }
    });
}
