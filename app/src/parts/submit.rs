//! What the browser adds to the forms: a form goes to the server without leaving the page, a refusal is
//! told at its field, and what was logged can be undone. None of it is needed: without it the same
//! forms work as plain HTML.

use leptos::prelude::*;
use leptos_router::hooks::{use_location, use_query_map};

use crate::address::with_query;
use crate::text::use_lang;

crate::texts! {
    undo { en: "Undo", ru: "Отменить" }
    undone_reason { en: "Undone right after logging", ru: "Отменено сразу после записи" }
    logged { en: "Logged.", ru: "Записано." }
    done { en: "Done.", ru: "Готово." }
    undone { en: "Taken back.", ru: "Отозвано." }
    arrived { en: "It had arrived the first time.", ru: "Дошло ещё в первый раз." }
    arrived_before { en: "It had arrived the first time, as it was then. What you changed since is not in it.", ru: "Дошло ещё в первый раз, в том виде. Изменённое потом в запись не вошло." }
    no_answer { en: "No answer. It may have arrived or not; what you typed is kept. Send it again: nothing is recorded twice.", ru: "Ответа нет: дошло или нет, неизвестно. Набранное сохранено. Отправьте ещё раз, дважды ничего не запишется." }
    signed_out { en: "You were signed out. What you typed is kept: sign in in another tab, then send again.", ru: "Вы вышли из системы. Набранное сохранено: войдите в другой вкладке и отправьте ещё раз." }
    sign_in { en: "Sign in", ru: "Войти" }
    load_changes { en: "Load what changed, keep what I typed", ru: "Показать изменения, сохранить набранное" }
    at_field(label: &str, joint: &str, why: &str) { en: "{label}{joint} {why}", ru: "{label}{joint} {why}" }
    close { en: "Close", ru: "Закрыть" }
}

/// What was just done, and how to take it back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Toast {
    pub text: String,
    /// The interaction that an undo retracts.
    pub undo: Option<String>,
    /// The path of the page that it stands on; it goes with that page.
    pub on: String,
}

/// What the viewer logged a moment ago with a plain form, as the server found it: `?logged=`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logged(pub String);

/// Says what was just done. After a plain form the server sends it along in the address, once.
#[component]
pub fn Toasts() -> impl IntoView {
    let lang = use_lang();
    let location = use_location();
    let query = use_query_map();
    let told = use_context::<Logged>().filter(|_| query.with_untracked(|query| query.get("logged").is_some()));
    let toast = RwSignal::new(told.map(|Logged(interaction)| Toast {
        text: logged(lang).to_owned(),
        undo: Some(interaction),
        on: location.pathname.get_untracked(),
    }));
    #[cfg(feature = "hydrate")]
    browser::install(lang, toast);
    let here = move || with_query(&location.pathname.get(), &without_logged(&location.search.get()));
    view! {
        <div role="status" aria-live="polite">
            {move || {
                toast
                    .get()
                    .map(|toast_now| {
                        view! {
                            <div class="toast">
                                <p>{toast_now.text}</p>
                                {toast_now.undo.map(|interaction| view! { <Undo interaction back=here() /> })}
                                <button
                                    class="button quiet small icon-only needs-script"
                                    type="button"
                                    aria-label=close(lang)
                                    on:click=move |_| toast.set(None)
                                >
                                    <super::Icon name="x" />
                                </button>
                            </div>
                        }
                    })
            }}
        </div>
    }
}

/// A query without the word of what was logged: it is told once.
fn without_logged(query: &str) -> String {
    let query = query.trim_start_matches('?');
    query.split('&').filter(|pair| !pair.starts_with("logged=")).collect::<Vec<_>>().join("&")
}

/// The retraction of what was just logged, as one button.
#[component]
fn Undo(interaction: String, back: String) -> impl IntoView {
    let lang = use_lang();
    // The same undo again is the same command.
    let seed = interaction.rsplit('/').next().and_then(|id| id.parse().ok()).unwrap_or_default();
    view! {
        <super::fields::CommandForm what="interaction.retract" on=interaction seed=seed back=back>
            <input type="hidden" name="reason" value=undone_reason(lang) />
            <button class="button small" type="submit">
                <super::Icon name="undo" />
                {undo(lang)}
            </button>
        </super::fields::CommandForm>
    }
}

#[cfg(feature = "hydrate")]
mod browser {
    use std::time::Duration;

    use leptos::prelude::*;
    use leptos_router::NavigateOptions;
    use leptos_router::hooks::{use_location, use_navigate};
    use shared::domain::Command;
    use shared::interaction;
    use shared::request::{Receipt, Request};
    use wasm_bindgen::{JsCast, JsValue};
    use web_sys::{Element, Event, HtmlElement, HtmlFormElement, HtmlInputElement, KeyboardEvent};

    use super::{
        Toast, arrived, arrived_before, at_field, done, load_changes, logged, no_answer, sign_in, signed_out, undone,
        without_logged,
    };
    use crate::address::{encode, with_query};
    use crate::fetch::{self, Problem};
    use crate::forms::{self, Fields, Why};
    use crate::parts::{drafts, focus, keys};
    use crate::read::use_viewer;
    use crate::text::Lang;

    /// How long it is said that something was done.
    const LONG_ENOUGH: Duration = Duration::from_secs(6);

    /// Listens on the whole document, once: forms come and go with the pages.
    pub fn install(lang: Lang, toast: RwSignal<Option<Toast>>) {
        let zone = use_viewer().map_or_else(crate::when::Zone::utc, |viewer| viewer.zone);
        let navigate = use_navigate();
        let go = {
            let navigate = navigate.clone();
            move |address: &str| navigate(address, NavigateOptions::default())
        };
        let submit_go = go.clone();
        focus::listen("submit", move |event: &Event| {
            let Some(form) = event.target().and_then(|target| target.dyn_into::<HtmlFormElement>().ok()) else {
                return;
            };
            if form.get_attribute("action").as_deref() == Some("/sign-out") {
                return drafts::forget_all();
            }
            if !form.has_attribute("data-command") || form.get_attribute("aria-busy").as_deref() == Some("true") {
                return;
            }
            event.prevent_default();
            if let Some((field, why)) = half_typed(&form) {
                return show_refusal(&form, Some(&field), why.say(lang), None, lang);
            }
            let fields = fields_of(&form);
            let request = match forms::request(&fields, &zone) {
                Ok(request) => request,
                Err(refused) => {
                    return show_refusal(&form, Some(&refused.field), refused.why.say(lang), None, lang);
                }
            };
            let _ = form.set_attribute("aria-busy", "true");
            let go = submit_go.clone();
            leptos::task::spawn_local(async move {
                let mut answer = fetch::command(&request).await;
                if let (Ok(_), Some(then)) = (&answer, forms::follows(&fields, &request)) {
                    // The page that comes next knows of both.
                    answer = fetch::command(&then).await;
                }
                let _ = form.remove_attribute("aria-busy");
                match answer {
                    Ok(receipt) => taken(&form, &request, &receipt, &fields, toast, lang, &go),
                    Err(problem) => not_taken(&form, &request, problem, lang),
                }
            });
        });
        focus::listen("input", |event: &Event| {
            let form = event
                .target()
                .and_then(|target| target.dyn_into::<Element>().ok())
                .and_then(|element| element.closest("form[data-keep]").ok().flatten());
            if let Some(form) = form.and_then(|form| form.dyn_into::<HtmlFormElement>().ok()) {
                drafts::keep(&form, None);
            }
        });
        focus::listen("click", |event: &Event| {
            let Some(target) = event.target().and_then(|target| target.dyn_into::<Element>().ok()) else { return };
            let around = |selector: &str| target.closest(selector).ok().flatten();
            let form = || around("form").and_then(|form| form.dyn_into::<HtmlFormElement>().ok());
            if around("[data-keys]").is_some() {
                keys::open_keys();
            } else if around("[data-discard]").is_some() {
                if let Some(form) = form() {
                    drafts::discard(&form);
                    clear_refusal(&form);
                }
            } else if around("[data-reload]").is_some()
                && let Some(form) = form()
            {
                drafts::keep_for_a_fresh_page(&form);
                let _ = window().location().reload();
            }
        });
        let chord = std::cell::Cell::new(false);
        let key_go = go.clone();
        focus::listen("keydown", move |event: &Event| {
            if let Some(event) = event.dyn_ref::<KeyboardEvent>() {
                if event.key() == "Escape" && toast.with_untracked(Option::is_some) {
                    toast.set(None);
                    focus::mend();
                }
                keys::pressed(event, &chord, &key_go);
            }
        });
        focus::install();
        drafts::sweep();
        let location = use_location();
        Effect::new(move |before: Option<String>| {
            let path = location.pathname.get();
            if before.is_some_and(|before| before != path) {
                focus::left();
                // What was said belongs to the page that it was said on.
                if toast.with_untracked(|toast| toast.as_ref().is_some_and(|toast| toast.on != path)) {
                    toast.set(None);
                }
            }
            path
        });
        Effect::new(move |_| {
            let search = location.search.get_untracked();
            let told = without_logged(&search);
            if told != search.trim_start_matches('?') {
                let options = NavigateOptions { replace: true, scroll: false, ..NavigateOptions::default() };
                navigate(&with_query(&location.pathname.get_untracked(), &told), options);
            }
        });
    }

    fn fields_of(form: &HtmlFormElement) -> Fields {
        Fields::new(drafts::held(form))
    }

    /// A day, a time or a number of which only a part is there: the browser hands it out as empty.
    fn half_typed(form: &HtmlFormElement) -> Option<(String, Why)> {
        let inputs = form.query_selector_all("input[type=date], input[type=time], input[type=number]").ok()?;
        (0..inputs.length()).find_map(|place| {
            let input: HtmlInputElement = inputs.get(place)?.dyn_into().ok()?;
            let validity = js_sys::Reflect::get(&input, &JsValue::from_str("validity")).ok()?;
            let is_bad = js_sys::Reflect::get(&validity, &JsValue::from_str("badInput")).ok()?.is_truthy();
            let why = match input.type_().as_str() {
                "date" => Why::NotADay,
                "time" => Why::NotATime,
                _ => Why::NotANumber,
            };
            is_bad.then(|| (input.name(), why))
        })
    }

    /// What offers nothing goes by itself: it stands in the way of the next tap.
    fn say(toast: RwSignal<Option<Toast>>, what: Toast) {
        let offers = what.undo.is_some();
        toast.set(Some(what.clone()));
        if !offers {
            set_timeout(
                move || {
                    if toast.try_with_untracked(|now| now.as_ref() == Some(&what)) == Some(true) {
                        toast.set(None);
                    }
                },
                LONG_ENOUGH,
            );
        }
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
        drafts::forget(form);
        let here = window().location().pathname().unwrap_or_default();
        let here_whole = format!("{here}{}", window().location().search().unwrap_or_default());
        let next = forms::leads_to(fields, &request.command).filter(|next| !is_here(next, &here, &here_whole));
        let on = next.as_deref().map_or(here.as_str(), path_of).to_owned();
        let sent_first = form.get_attribute("data-sent");
        let (text, undo) = match &request.command {
            Command::Interaction(id, interaction::Command::Log { .. }) if !receipt.events.is_empty() => {
                (logged(lang), Some(shared::ids::Stream::from(*id).to_string()))
            }
            Command::Interaction(_, interaction::Command::Retract { .. }) => (undone(lang), None),
            Command::Unit(..)
            | Command::Colleague(..)
            | Command::Account(..)
            | Command::Contact(..)
            | Command::Interaction(..)
            | Command::Handoff(..)
            | Command::Import(..) => (done(lang), None),
        };
        let text = match (receipt.duplicate, sent_first) {
            (true, Some(first)) if Some(&first) != serde_json::to_string(request).ok().as_ref() => arrived_before(lang),
            (true, Some(_)) => arrived(lang),
            _ => text,
        };
        say(toast, Toast { text: text.to_owned(), undo, on });
        let had_focus = document().active_element().is_some_and(|focused| form.contains(Some(&focused)));
        form.reset();
        drafts::said(form, false);
        clear_refusal(form);
        let _ = form.remove_attribute("data-sent");
        renew_key(form);
        if let Some(details) = form.closest("details[data-close]").ok().flatten() {
            let _ = details.remove_attribute("open");
            if had_focus {
                focus::on(details.query_selector("summary").ok().flatten());
            }
        }
        match next {
            Some(next) => go(&next),
            None => focus::mend(),
        }
    }

    fn path_of(address: &str) -> &str {
        address.split(['?', '#']).next().unwrap_or_default()
    }

    /// Whether an address is where one is: a path alone is this page whatever it is asked.
    fn is_here(address: &str, path: &str, whole: &str) -> bool {
        if address.contains('?') { address == whole } else { path_of(address) == path }
    }

    fn not_taken(form: &HtmlFormElement, request: &Request, problem: Problem, lang: Lang) {
        let button = |attribute: &str, text: &str| {
            let button = added("button", "button small")?;
            let _ = button.set_attribute("type", "button");
            let _ = button.set_attribute(attribute, "");
            button.set_text_content(Some(text));
            Some(button)
        };
        let field = problem.field.clone();
        let (why, offer) = match problem.status {
            // What a proxy says for a server that does not answer is no answer of ours.
            0 | 502 | 504 => {
                if let Ok(sent) = serde_json::to_string(request) {
                    let _ = form.set_attribute("data-sent", &sent);
                }
                drafts::keep(form, Some(request.id.uuid()));
                (no_answer(lang).to_owned(), None)
            }
            401 => {
                let link = added("a", "button small");
                if let Some(link) = &link {
                    let here = window().location();
                    let here = format!("{}{}", here.pathname().unwrap_or_default(), here.search().unwrap_or_default());
                    let _ = link.set_attribute("href", &format!("/sign-in?next={}", encode(&here)));
                    let _ = link.set_attribute("target", "_blank");
                    let _ = link.set_attribute("rel", "external");
                    link.set_text_content(Some(sign_in(lang)));
                }
                (signed_out(lang).to_owned(), link)
            }
            409 => {
                let is_about_seen = !request.expects.is_empty();
                (problem.detail, is_about_seen.then(|| button("data-reload", load_changes(lang))).flatten())
            }
            _ => (problem.detail, None),
        };
        show_refusal(form, field.as_deref(), why, offer, lang);
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

    /// An element of a refusal, which goes when the refusal does.
    fn added(tag: &str, class: &str) -> Option<Element> {
        let element = document().create_element(tag).ok()?;
        element.set_class_name(class);
        let _ = element.set_attribute("data-added", "");
        Some(element)
    }

    fn show_refusal(form: &HtmlFormElement, field: Option<&str>, why: String, offer: Option<Element>, lang: Lang) {
        clear_refusal(form);
        let wrong = field
            .and_then(|field| form.query_selector(&format!("[name=\"{field}\"]:not([type=hidden])")).ok().flatten())
            .and_then(|input| input.dyn_into::<HtmlElement>().ok());
        let label = wrong.as_ref().and_then(label_of);
        if let Some(input) = &wrong {
            tell_at(input, &why);
        }
        if let Some(notice) = form.query_selector(".form-why").ok().flatten() {
            let _ = notice.remove_attribute("hidden");
            if let Ok(Some(text)) = notice.query_selector("p") {
                let whole = label.map_or_else(|| why.clone(), |label| told_of(&label, &why, lang));
                text.set_text_content(Some(&whole));
            }
            if let Some(offer) = offer {
                let _ = notice.append_child(&offer);
            }
        }
        let reason = || form.query_selector(".form-why").ok().flatten()?.dyn_into().ok();
        // Where no field is wrong the reason itself is gone to: the button stands far below it, on a phone a screen away.
        if let Some(at) = wrong.or_else(reason) {
            let _ = at.focus();
        }
    }

    /// A reason after the name of its field: on after a colon, anew after a question.
    fn told_of(label: &str, why: &str, lang: Lang) -> String {
        if label.ends_with('?') {
            return at_field(lang, label, "", why);
        }
        let mut letters = why.chars();
        let first = letters.next().map(|first| first.to_lowercase().to_string()).unwrap_or_default();
        at_field(lang, label, ":", &format!("{first}{}", letters.as_str()))
    }

    /// What a person calls the field: its label, or the legend above its choices.
    fn label_of(input: &HtmlElement) -> Option<String> {
        let around = input.closest(".field, fieldset").ok().flatten()?;
        let label = around.query_selector("label[for], legend").ok().flatten()?;
        label.text_content().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    /// Writes the reason where it belongs, in the open.
    fn tell_at(input: &HtmlElement, why: &str) {
        let mut around = input.closest("details").ok().flatten();
        while let Some(details) = around {
            let _ = details.set_attribute("open", "");
            around = details.parent_element().and_then(|above| above.closest("details").ok().flatten());
        }
        let _ = input.set_attribute("aria-invalid", "true");
        let (Ok(Some(field)), Some(reason)) = (input.closest(".field"), added("p", "wrong-why")) else { return };
        let id = format!("{}-why", input.id());
        reason.set_id(&id);
        reason.set_text_content(Some(why));
        if field.insert_before(&reason, Some(input)).is_ok() {
            let _ = field.class_list().add_1("wrong");
            let described = input.get_attribute("aria-describedby").map_or(id.clone(), |hint| format!("{hint} {id}"));
            let _ = input.set_attribute("aria-describedby", &described);
        }
    }

    fn clear_refusal(form: &HtmlFormElement) {
        if let Some(notice) = form.query_selector(".form-why").ok().flatten() {
            let _ = notice.set_attribute("hidden", "");
        }
        each(form, "[aria-invalid]", |input| {
            let _ = input.remove_attribute("aria-invalid");
            let why = format!("{}-why", input.id());
            let hints = input.get_attribute("aria-describedby").unwrap_or_default();
            let hints: Vec<&str> = hints.split(' ').filter(|id| *id != why && !id.is_empty()).collect();
            let _ = if hints.is_empty() {
                input.remove_attribute("aria-describedby")
            } else {
                input.set_attribute("aria-describedby", &hints.join(" "))
            };
        });
        each(form, ".field.wrong", |field| {
            let _ = field.class_list().remove_1("wrong");
        });
        each(form, "[data-added]", Element::remove);
        // What the server wrote at a field stays in the page, unseen.
        each(form, ".wrong-why", |reason| {
            let _ = reason.set_attribute("hidden", "");
        });
    }

    fn each(form: &HtmlFormElement, selector: &str, mut look: impl FnMut(&Element)) {
        let Ok(found) = form.query_selector_all(selector) else { return };
        for place in 0..found.length() {
            if let Some(element) = found.get(place).and_then(|node| node.dyn_into::<Element>().ok()) {
                look(&element);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::without_logged;

    #[test]
    fn what_was_logged_is_told_once() {
        assert_eq!(without_logged("?front=client&logged=interaction/1"), "front=client");
        assert_eq!(without_logged("logged=interaction/1"), "");
        assert_eq!(without_logged(""), "");
    }
}
