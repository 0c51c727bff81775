//! What the browser adds to the forms: a form goes to the server without leaving the page, what is
//! typed survives a reload, what was logged can be undone, and every page has its keys. None of it is
//! needed: without it the same forms work as plain HTML.

use leptos::prelude::*;

use crate::text::use_lang;

crate::texts! {
    undo { en: "Undo", ru: "Отменить" }
    undone_reason { en: "Undone right after logging", ru: "Отменено сразу после записи" }
    logged { en: "Logged.", ru: "Записано." }
    done { en: "Done.", ru: "Готово." }
    undone { en: "Taken back.", ru: "Отозвано." }
    not_sent { en: "Not sent: no connection. What you typed is kept; try again.", ru: "Не отправлено: нет связи. Набранное сохранено, попробуйте ещё раз." }
    signed_out { en: "You were signed out. What you typed is kept: sign in in another tab, then send again.", ru: "Вы вышли из системы. Набранное сохранено: войдите в другой вкладке и отправьте ещё раз." }
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
}

/// What was just done, and how to take it back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Toast {
    pub text: String,
    /// The interaction that an undo retracts.
    pub undo: Option<String>,
}

/// Says what was just done. After a plain form the server sends it along in the address.
#[component]
pub fn Toasts() -> impl IntoView {
    let lang = use_lang();
    let query = leptos_router::hooks::use_query_map();
    let toast = RwSignal::new(None::<Toast>);
    #[cfg(feature = "hydrate")]
    browser::install(lang, toast);
    let shown = move || {
        toast.get().or_else(|| {
            let interaction = query.with(|query| query.get("logged"))?;
            Some(Toast { text: logged(lang).to_owned(), undo: Some(interaction) })
        })
    };
    view! {
        <div role="status" aria-live="polite">
            {move || {
                shown()
                    .map(|toast| {
                        view! {
                            <div class="toast">
                                <p>{toast.text}</p>
                                {toast.undo.map(|interaction| view! { <Undo interaction /> })}
                            </div>
                        }
                    })
            }}
        </div>
    }
}

/// The retraction of what was just logged, as one button.
#[component]
fn Undo(interaction: String) -> impl IntoView {
    let lang = use_lang();
    // The same undo again is the same command.
    let seed = interaction.rsplit('/').next().and_then(|id| id.parse().ok()).unwrap_or_default();
    view! {
        <super::fields::CommandForm what="interaction.retract" on=interaction seed=seed back="">
            <input type="hidden" name="reason" value=undone_reason(lang) />
            <button class="button small" type="submit">
                <super::Icon name="undo" />
                {undo(lang)}
            </button>
        </super::fields::CommandForm>
    }
}

/// The keys of every page, in a dialog.
#[component]
pub fn Keys() -> impl IntoView {
    let lang = use_lang();
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

#[cfg(feature = "hydrate")]
mod browser {
    use leptos::prelude::*;
    use leptos_router::hooks::use_navigate;
    use shared::domain::Command;
    use shared::interaction;
    use shared::request::{Receipt, Request};
    use wasm_bindgen::JsCast;
    use wasm_bindgen::closure::Closure;
    use web_sys::{
        Element, Event, FormData, HtmlDialogElement, HtmlElement, HtmlFormElement, HtmlInputElement,
        HtmlTextAreaElement, KeyboardEvent, Storage,
    };

    use super::{Toast, done, logged, not_sent, signed_out, undone};
    use crate::fetch::{self, Problem};
    use crate::forms::{self, Fields};
    use crate::read::use_viewer;
    use crate::text::Lang;

    /// Listens on the whole document, once: forms come and go with the pages.
    pub fn install(lang: Lang, toast: RwSignal<Option<Toast>>) {
        let zone = use_viewer().map_or_else(crate::when::Zone::utc, |viewer| viewer.zone);
        let navigate = use_navigate();
        let go = move |address: &str| navigate(address, leptos_router::NavigateOptions::default());
        let submit_go = go.clone();
        listen("submit", move |event: &Event| {
            let Some(form) = event.target().and_then(|target| target.dyn_into::<HtmlFormElement>().ok()) else {
                return;
            };
            if !form.has_attribute("data-command") || form.get_attribute("aria-busy").as_deref() == Some("true") {
                return;
            }
            event.prevent_default();
            let fields = fields_of(&form);
            let request = match forms::request(&fields, &zone) {
                Ok(request) => request,
                Err(refused) => return show_refusal(&form, Some(&refused.field), &refused.why.say(lang)),
            };
            let _ = form.set_attribute("aria-busy", "true");
            let go = submit_go.clone();
            leptos::task::spawn_local(async move {
                let answer = fetch::command(&request).await;
                let _ = form.remove_attribute("aria-busy");
                match answer {
                    Ok(receipt) => taken(&form, &request, &receipt, &fields, toast, lang, &go),
                    Err(problem) => show_refusal(&form, None, &say(problem, lang)),
                }
            });
        });
        listen("input", |event: &Event| {
            let form = event
                .target()
                .and_then(|target| target.dyn_into::<Element>().ok())
                .and_then(|element| element.closest("form[data-keep]").ok().flatten());
            if let Some(form) = form.and_then(|form| form.dyn_into::<HtmlFormElement>().ok()) {
                keep(&form);
            }
        });
        listen("click", |event: &Event| {
            let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
            if target.is_some_and(|target| target.closest("[data-keys]").ok().flatten().is_some()) {
                open_keys();
            }
        });
        let chord = std::cell::Cell::new(false);
        listen("keydown", move |event: &Event| {
            if let Some(event) = event.dyn_ref::<KeyboardEvent>() {
                pressed(event, &chord, &go);
            }
        });
        // What was typed before a reload is there again.
        Effect::new(move |_| {
            let location = leptos_router::hooks::use_location();
            location.pathname.track();
            request_animation_frame(restore_all);
        });
    }

    fn listen(name: &str, heard: impl Fn(&Event) + 'static) {
        let closure = Closure::<dyn Fn(Event)>::new(move |event: Event| heard(&event));
        let _ = document().add_event_listener_with_callback(name, closure.as_ref().unchecked_ref());
        // The frame, and with it the listener, lives as long as the document.
        closure.forget();
    }

    fn fields_of(form: &HtmlFormElement) -> Fields {
        let mut pairs = Vec::new();
        if let Ok(data) = FormData::new_with_form(form) {
            for entry in data.entries().into_iter().flatten() {
                let pair: js_sys::Array = entry.unchecked_into();
                if let (Some(name), Some(value)) = (pair.get(0).as_string(), pair.get(1).as_string()) {
                    pairs.push((name, value));
                }
            }
        }
        Fields::new(pairs)
    }

    fn taken(
        form: &HtmlFormElement,
        request: &Request,
        receipt: &Receipt,
        fields: &Fields,
        toast: RwSignal<Option<Toast>>,
        lang: Lang,
        go: &impl Fn(&str),
    ) {
        forget(form);
        let said = match &request.command {
            Command::Interaction(id, interaction::Command::Log { .. }) if !receipt.events.is_empty() => {
                Toast { text: logged(lang).to_owned(), undo: Some(shared::ids::Stream::from(*id).to_string()) }
            }
            Command::Interaction(_, interaction::Command::Retract { .. }) => {
                Toast { text: undone(lang).to_owned(), undo: None }
            }
            Command::Unit(..)
            | Command::Colleague(..)
            | Command::Account(..)
            | Command::Contact(..)
            | Command::Interaction(..)
            | Command::Handoff(..)
            | Command::Import(..) => Toast { text: done(lang).to_owned(), undo: None },
        };
        toast.set(Some(said));
        form.reset();
        clear_refusal(form);
        renew_key(form);
        if let Some(details) = form.closest("details[data-close]").ok().flatten() {
            let _ = details.remove_attribute("open");
        }
        if let Some(back) = fields.get("back").and_then(crate::address::local) {
            let here = window().location().pathname().unwrap_or_default();
            if back.split('?').next() != Some(here.as_str()) {
                go(back);
            }
        }
    }

    fn say(problem: Problem, lang: Lang) -> String {
        match problem.status {
            0 => not_sent(lang).to_owned(),
            401 => signed_out(lang).to_owned(),
            _ => problem.detail,
        }
    }

    /// A form that was taken is used up: the next one sent from it is another command.
    fn renew_key(form: &HtmlFormElement) {
        let key = form
            .query_selector("input[name=key]")
            .ok()
            .flatten()
            .and_then(|input| input.dyn_into::<HtmlInputElement>().ok());
        let mut bytes = [0_u8; 16];
        let crypto = window().crypto();
        if let (Some(key), Ok(crypto)) = (key, crypto)
            && crypto.get_random_values_with_u8_array(&mut bytes).is_ok()
        {
            key.set_value(&uuid::Builder::from_random_bytes(bytes).into_uuid().to_string());
        }
    }

    fn show_refusal(form: &HtmlFormElement, field: Option<&str>, why: &str) {
        clear_refusal(form);
        let wrong = field
            .and_then(|field| form.query_selector(&format!("[name=\"{field}\"]:not([type=hidden])")).ok().flatten());
        if let Some(input) = wrong.and_then(|input| input.dyn_into::<HtmlElement>().ok()) {
            let _ = input.set_attribute("aria-invalid", "true");
            let _ = input.focus();
        }
        if let Some(notice) = form.query_selector(".form-why").ok().flatten() {
            let _ = notice.remove_attribute("hidden");
            if let Ok(Some(text)) = notice.query_selector("p") {
                text.set_text_content(Some(why));
            }
        }
    }

    fn clear_refusal(form: &HtmlFormElement) {
        if let Some(notice) = form.query_selector(".form-why").ok().flatten() {
            let _ = notice.set_attribute("hidden", "");
        }
        if let Ok(wrong) = form.query_selector_all("[aria-invalid]") {
            for place in 0..wrong.length() {
                if let Some(input) = wrong.get(place).and_then(|node| node.dyn_into::<Element>().ok()) {
                    let _ = input.remove_attribute("aria-invalid");
                }
            }
        }
    }

    fn storage() -> Option<Storage> {
        window().local_storage().ok().flatten()
    }

    fn draft_of(form: &HtmlFormElement) -> String {
        format!(
            "draft {} {}",
            window().location().pathname().unwrap_or_default(),
            form.get_attribute("data-command").unwrap_or_default()
        )
    }

    fn keep(form: &HtmlFormElement) {
        let mut texts: Vec<(String, String)> = Vec::new();
        each_text(form, |name, value, _| texts.push((name, value)));
        if let (Some(storage), Ok(json)) = (storage(), serde_json::to_string(&texts)) {
            let _ = storage.set_item(&draft_of(form), &json);
        }
    }

    fn forget(form: &HtmlFormElement) {
        if let Some(storage) = storage() {
            let _ = storage.remove_item(&draft_of(form));
        }
    }

    fn restore_all() {
        let Ok(forms) = document().query_selector_all("form[data-keep]") else { return };
        for place in 0..forms.length() {
            let Some(form) = forms.get(place).and_then(|node| node.dyn_into::<HtmlFormElement>().ok()) else {
                continue;
            };
            let kept = storage().and_then(|storage| storage.get_item(&draft_of(&form)).ok().flatten());
            let texts: Vec<(String, String)> =
                kept.and_then(|json| serde_json::from_str(&json).ok()).unwrap_or_default();
            each_text(&form, |name, value, set| {
                if let Some((_, text)) =
                    texts.iter().find(|(one, text)| *one == name && !text.is_empty() && value.is_empty())
                {
                    set(text);
                }
            });
        }
    }

    /// Every field of a form that a person types text into.
    fn each_text(form: &HtmlFormElement, mut look: impl FnMut(String, String, &dyn Fn(&str))) {
        let Ok(fields) = form.query_selector_all("textarea[name], input[type=text][name], input[type=email][name]")
        else {
            return;
        };
        for place in 0..fields.length() {
            let Some(field) = fields.get(place) else { continue };
            if let Some(area) = field.dyn_ref::<HtmlTextAreaElement>() {
                look(area.name(), area.value(), &|text| area.set_value(text));
            } else if let Some(input) = field.dyn_ref::<HtmlInputElement>() {
                look(input.name(), input.value(), &|text| input.set_value(text));
            }
        }
    }

    fn open_keys() {
        let dialog =
            document().get_element_by_id("keys").and_then(|dialog| dialog.dyn_into::<HtmlDialogElement>().ok());
        if let Some(dialog) = dialog.filter(|dialog| !dialog.open()) {
            let _ = dialog.show_modal();
        }
    }

    /// The key that was meant: the Latin letter, on whatever layout.
    fn letter(event: &KeyboardEvent) -> String {
        let key = event.key();
        if key.is_ascii() {
            return key.to_ascii_lowercase();
        }
        match event.code().as_str() {
            "Slash" if event.shift_key() => "?".to_owned(),
            "Slash" => "/".to_owned(),
            code => code.strip_prefix("Key").unwrap_or_default().to_ascii_lowercase(),
        }
    }

    fn pressed(event: &KeyboardEvent, chord: &std::cell::Cell<bool>, go: &impl Fn(&str)) {
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
        if event.ctrl_key() || event.meta_key() || event.alt_key() {
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
