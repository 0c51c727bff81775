//! What somebody began to fill in stays on this device until it is sent: for them alone, for that form
//! about that thing, and for a month.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wasm_bindgen::JsCast;
use web_sys::{
    Element, FormData, HtmlFormElement, HtmlInputElement, HtmlSelectElement, HtmlTextAreaElement, Storage,
    UrlSearchParams,
};

/// How long a draft waits, in milliseconds.
const A_MONTH: f64 = 30.0 * 24.0 * 3_600_000.0;

/// What every draft's name in the storage begins with.
const PREFIX: &str = "draft ";

/// The parameters of an address that say what a form is about.
const ABOUT: [&str; 5] = ["account", "contact", "because", "correct", "again"];

#[derive(Serialize, Deserialize)]
struct Draft {
    /// When it was typed, in milliseconds of the epoch.
    at: f64,
    /// It was sent under this key and got no answer: sent again under the same, it is recorded once.
    #[serde(default)]
    key: Option<Uuid>,
    fields: Vec<(String, String)>,
}

fn storage() -> Option<Storage> {
    window().local_storage().ok().flatten()
}

/// The draft's name: whose it is, of which form, and about what.
fn name_of(form: &HtmlFormElement) -> Option<String> {
    let whose = form.get_attribute("data-keep")?;
    let what = form.get_attribute("data-command")?;
    let search = window().location().search().unwrap_or_default();
    let asked = UrlSearchParams::new_with_str(&search).ok();
    let about = ABOUT.iter().filter_map(|one| Some(format!(" {one}={}", asked.as_ref()?.get(one)?)));
    Some(format!("{PREFIX}{whose} {what}{}", about.collect::<String>()))
}

/// What a form holds, name by name.
pub fn held(form: &HtmlFormElement) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    if let Ok(data) = FormData::new_with_form(form) {
        for entry in data.entries().into_iter().flatten() {
            let pair: js_sys::Array = entry.unchecked_into();
            if let (Some(name), Some(value)) = (pair.get(0).as_string(), pair.get(1).as_string()) {
                pairs.push((name, value));
            }
        }
    }
    pairs
}

/// Keeps what a form holds; with its key where it was sent and nobody knows what became of it.
pub fn keep(form: &HtmlFormElement, key: Option<Uuid>) {
    write(form, &Draft { at: js_sys::Date::now(), key, fields: held(form) });
}

/// Keeps it for the page that is loaded next, which will have seen what changed meanwhile.
pub fn keep_for_a_fresh_page(form: &HtmlFormElement) {
    let mut fields = held(form);
    fields.retain(|(name, _)| name != "seen");
    write(form, &Draft { at: js_sys::Date::now(), key: None, fields });
}

fn write(form: &HtmlFormElement, draft: &Draft) {
    if let (Some(name), Some(storage), Ok(json)) = (name_of(form), storage(), serde_json::to_string(draft)) {
        let _ = storage.set_item(&name, &json);
    }
}

pub fn forget(form: &HtmlFormElement) {
    if let (Some(name), Some(storage)) = (name_of(form), storage()) {
        let _ = storage.remove_item(&name);
    }
}

/// Empties the form again, as the page had it.
pub fn discard(form: &HtmlFormElement) {
    forget(form);
    form.reset();
    said(form, false);
    crate::parts::focus::on(
        form.query_selector("[autofocus], input:not([type=hidden]), textarea, select").ok().flatten(),
    );
}

/// Whether the line is shown that says so.
pub fn said(form: &HtmlFormElement, is_restored: bool) {
    if let Ok(Some(line)) = form.query_selector(".draft") {
        let _ = if is_restored { line.remove_attribute("hidden") } else { line.set_attribute("hidden", "") };
    }
}

/// Drafts of whoever signs out, on a device that others may use next.
pub fn forget_all() {
    let whose = document().query_selector("form[data-keep]").ok().flatten();
    let whose = whose.and_then(|form| form.get_attribute("data-keep")).or_else(|| {
        let viewer: crate::read::Viewer = crate::shell::page_says("viewer")?;
        Some(viewer.me.to_string())
    });
    if let Some(whose) = whose {
        remove(|name, _| name.starts_with(&format!("{PREFIX}{whose} ")));
    }
}

/// Drafts that waited too long, or that an older version of the product left.
pub fn sweep() {
    remove(|_, json| shared::json::read::<Draft>(json).is_ok_and(|draft| is_old(&draft)) || !json.starts_with('{'));
}

fn is_old(draft: &Draft) -> bool {
    js_sys::Date::now() - draft.at > A_MONTH
}

/// Removes the drafts that are meant.
fn remove(is_meant: impl Fn(&str, &str) -> bool) {
    let Some(storage) = storage() else { return };
    let names = (0..storage.length().unwrap_or(0)).filter_map(|place| storage.key(place).ok().flatten());
    let drafts: Vec<String> = names.filter(|name| name.starts_with(PREFIX)).collect();
    for name in drafts {
        let json = storage.get_item(&name).ok().flatten().unwrap_or_default();
        if is_meant(&name, &json) {
            let _ = storage.remove_item(&name);
        }
    }
}

/// Fills a form that has just been shown with its draft, opens what it fills, and says so.
pub fn restore(form: &HtmlFormElement) {
    let Some(name) = name_of(form) else { return };
    let json = storage().and_then(|storage| storage.get_item(&name).ok().flatten());
    let Some(draft) = json.and_then(|json| shared::json::read::<Draft>(&json).ok()) else { return };
    if is_old(&draft) {
        return forget(form);
    }
    let controls = "input[name]:not([type=hidden], [type=password], [type=file]), select[name], textarea[name]";
    let Ok(found) = form.query_selector_all(controls) else { return };
    let mut is_changed = false;
    for place in 0..found.length() {
        let Some(control) = found.get(place).and_then(|node| node.dyn_into::<Element>().ok()) else { continue };
        if fill(&control, &draft.fields) {
            is_changed = true;
            if let Ok(Some(details)) = control.closest("details") {
                let _ = details.set_attribute("open", "");
            }
        }
    }
    // What the draft had seen of the thing is what it was written for: the server says if it moved on.
    let seen = draft.fields.iter().find(|(name, _)| name == "seen").map(|(_, seen)| seen.clone());
    for (name, value) in [("seen", seen), ("key", draft.key.map(|key| key.to_string()))] {
        let input = form.query_selector(&format!("input[type=hidden][name={name}]")).ok().flatten();
        if let (Some(input), Some(value)) = (input.and_then(|input| input.dyn_into::<HtmlInputElement>().ok()), value) {
            input.set_value(&value);
        }
    }
    said(form, is_changed);
}

/// Fills one control as the draft has it; whether that changed anything.
fn fill(control: &Element, fields: &[(String, String)]) -> bool {
    let of = |name: &str| fields.iter().find(|(one, _)| one == name).map(|(_, value)| value.clone());
    if let Some(input) = control.dyn_ref::<HtmlInputElement>() {
        if matches!(input.type_().as_str(), "checkbox" | "radio") {
            let is_checked = fields.iter().any(|(name, value)| *name == input.name() && *value == input.value());
            let is_changed = input.checked() != is_checked;
            input.set_checked(is_checked);
            return is_changed;
        }
        return of(&input.name()).filter(|value| *value != input.value()).is_some_and(|value| {
            input.set_value(&value);
            true
        });
    }
    if let Some(area) = control.dyn_ref::<HtmlTextAreaElement>() {
        return of(&area.name()).filter(|value| *value != area.value()).is_some_and(|value| {
            area.set_value(&value);
            true
        });
    }
    let Some(select) = control.dyn_ref::<HtmlSelectElement>() else { return false };
    of(&select.name()).filter(|value| *value != select.value()).is_some_and(|value| {
        let before = select.value();
        select.set_value(&value);
        // What can no longer be chosen leaves the choice as it was.
        if select.value() != value {
            select.set_value(&before);
        }
        select.value() != before
    })
}
