//! The keys of every page: what they are, in a dialog, and what they do. Those of a single letter can be
//! switched off in the settings, for whoever speaks to the computer or meets them by accident.

use leptos::prelude::*;

use super::history::writes;
use crate::read::use_viewer;
use crate::text::use_lang;

crate::texts! {
    keys_title { en: "Keys", ru: "Клавиши" }
    close { en: "Close", ru: "Закрыть" }
    key_log { en: "Log an interaction", ru: "Записать взаимодействие" }
    key_find { en: "Find", ru: "Найти" }
    key_accounts { en: "Accounts", ru: "Клиенты" }
    key_handoffs { en: "Handoffs", ru: "Передачи" }
    key_alignment { en: "Alignment", ru: "Слаженность" }
    key_events { en: "Events", ru: "События" }
    key_send { en: "Send the form", ru: "Отправить форму" }
    key_help { en: "This list", ru: "Этот список" }
    then { en: "then", ru: "затем" }
    letters_about { en: "Single letters, such as C to log, work wherever nothing is being typed.", ru: "Отдельные буквы, например C для записи, действуют везде, где вы не набираете текст." }
    letters_on { en: "Letters are keys", ru: "Буквы как клавиши" }
}

/// The keys of every page, in a dialog.
#[component]
pub fn Keys() -> impl IntoView {
    let lang = use_lang();
    let may_log = writes(use_viewer().and_then(|viewer| viewer.role));
    let rows: [(&'static [&'static str], &'static str); 8] = [
        (&["C"], key_log(lang)),
        (&["/"], key_find(lang)),
        (&["G", "A"], key_accounts(lang)),
        (&["G", "H"], key_handoffs(lang)),
        (&["G", "L"], key_alignment(lang)),
        (&["G", "E"], key_events(lang)),
        (&["Ctrl Enter"], key_send(lang)),
        (&["?"], key_help(lang)),
    ];
    view! {
        <dialog class="sheet" id="keys" aria-labelledby="keys-title">
            <header>
                <h2 id="keys-title">{keys_title(lang)}</h2>
                <form method="dialog">
                    <button class="button quiet" aria-label=close(lang)>
                        <super::Icon name="x" />
                    </button>
                </form>
            </header>
            <dl class="facts">
                {rows
                    .into_iter()
                    .skip(usize::from(!may_log))
                    .map(|(keys, what)| {
                        view! {
                            <div>
                                <dt>
                                    {keys
                                        .iter()
                                        .enumerate()
                                        .map(|(place, key)| {
                                            view! {
                                                {(place > 0).then(|| format!(" {} ", then(lang)))}
                                                <kbd>{*key}</kbd>
                                            }
                                        })
                                        .collect_view()}
                                </dt>
                                <dd>{what}</dd>
                            </div>
                        }
                    })
                    .collect_view()}
            </dl>
        </dialog>
    }
}

/// Whether single letters are keys on this device. It needs a script to mean anything, and shows only then.
#[component]
pub fn LettersChoice() -> impl IntoView {
    let lang = use_lang();
    let is_on = RwSignal::new(true);
    #[cfg(feature = "hydrate")]
    Effect::new(move |_| is_on.set(browser::letters_are_keys()));
    let turn = move |_| {
        is_on.update(|is_on| *is_on = !*is_on);
        #[cfg(feature = "hydrate")]
        browser::make_letters_keys(is_on.get_untracked());
    };
    view! {
        <div class="stack tight needs-script">
            <p class="small muted">{letters_about(lang)}</p>
            <div>
                <button class="button" type="button" aria-pressed=move || is_on.get().to_string() on:click=turn>
                    <Show when=move || is_on.get()>
                        <super::Icon name="check" />
                    </Show>
                    {letters_on(lang)}
                </button>
            </div>
        </div>
    }
}

#[cfg(feature = "hydrate")]
pub use browser::{open_keys, pressed};

#[cfg(feature = "hydrate")]
mod browser {
    use std::cell::Cell;

    use leptos::prelude::*;
    use wasm_bindgen::JsCast;
    use web_sys::{HtmlDialogElement, HtmlElement, HtmlFormElement, KeyboardEvent};

    /// Where a device remembers that letters are no keys on it.
    const LETTERS: &str = "letters";

    fn storage() -> Option<web_sys::Storage> {
        window().local_storage().ok().flatten()
    }

    pub fn letters_are_keys() -> bool {
        storage().and_then(|storage| storage.get_item(LETTERS).ok().flatten()).as_deref() != Some("off")
    }

    pub fn make_letters_keys(are: bool) {
        if let Some(storage) = storage() {
            let _ = if are { storage.remove_item(LETTERS) } else { storage.set_item(LETTERS, "off") };
        }
    }

    /// Shows the list of keys.
    pub fn open_keys() {
        let dialog =
            document().get_element_by_id("keys").and_then(|dialog| dialog.dyn_into::<HtmlDialogElement>().ok());
        if let Some(dialog) = dialog.filter(|dialog| !dialog.open()) {
            let _ = dialog.show_modal();
        }
    }

    /// The key that was meant: the Latin letter, on whatever layout.
    fn letter(event: &KeyboardEvent) -> String {
        let key = event.key();
        match (key.as_str(), event.code().as_str()) {
            // On a Russian layout the key of the slash gives a full stop and a comma.
            (".", "Slash") => "/".to_owned(),
            (",", "Slash") => "?".to_owned(),
            (key, _) if key.is_ascii() => key.to_ascii_lowercase(),
            (_, code) => code.strip_prefix("Key").unwrap_or_default().to_ascii_lowercase(),
        }
    }

    /// Does what a key means; `chord` remembers that `G` came before it.
    pub fn pressed(event: &KeyboardEvent, chord: &Cell<bool>, go: &impl Fn(&str)) {
        let focused = document().active_element();
        let in_form = focused.as_ref().and_then(|element| element.closest("form[data-command]").ok().flatten());
        if event.key() == "Enter" && (event.ctrl_key() || event.meta_key()) {
            if let Some(form) = in_form.and_then(|form| form.dyn_into::<HtmlFormElement>().ok()) {
                event.prevent_default();
                let _ = form.request_submit();
            }
            return;
        }
        let typing = focused.as_ref().is_some_and(|element| {
            element
                .closest("input:not([type=radio]):not([type=checkbox]), textarea, select, [contenteditable]")
                .ok()
                .flatten()
                .is_some()
        });
        let in_dialog = document().query_selector("dialog[open]").ok().flatten().is_some();
        let letter = letter(event);
        let is_combined = event.ctrl_key() || event.meta_key() || event.alt_key();
        if !is_combined && !letters_are_keys() {
            return;
        }
        let finds = letter == "/" || ((event.ctrl_key() || event.meta_key()) && letter == "k");
        if in_dialog || (typing && !(finds && letter == "k")) {
            return;
        }
        if finds {
            if let Some(find) =
                document().get_element_by_id("find").and_then(|find| find.dyn_into::<HtmlElement>().ok())
            {
                event.prevent_default();
                let _ = find.focus();
            }
            return;
        }
        if is_combined {
            return;
        }
        let after_g = chord.replace(false);
        let address = match (after_g, letter.as_str()) {
            (true, "a") => "/",
            (true, "h") => "/handoffs",
            (true, "l") => "/alignment",
            (true, "e") => "/events",
            (false, "g") => return chord.set(true),
            (false, "c") => {
                let fab = document()
                    .query_selector(".log-fab")
                    .ok()
                    .flatten()
                    .and_then(|fab| fab.dyn_into::<HtmlElement>().ok());
                if let Some(fab) = fab {
                    event.prevent_default();
                    fab.click();
                }
                return;
            }
            (_, "?") => return open_keys(),
            _ => return,
        };
        event.prevent_default();
        go(address);
    }
}
