//! The fields that say who a contact is and how to reach them.

use leptos::prelude::*;
use shared::contact::Details;

use super::fields::{Field, Kind, is_refused};
use crate::text::use_lang;

crate::texts! {
    name { en: "Name", ru: "Имя, отчество и фамилия" }
    title { en: "Job title", ru: "Должность" }
    department { en: "Department", ru: "Отдел" }
    email { en: "E-mail", ru: "Почта" }
    phone { en: "Phone", ru: "Телефон" }
    mobile { en: "Mobile", ru: "Мобильный" }
    address { en: "Address", ru: "Адрес" }
    notes { en: "What makes the next meeting personal", ru: "Что сделает следующую встречу личной" }
    notes_hint { en: "Only what you would say to their face. It is sealed, and can be forgotten on request.", ru: "Только то, что вы сказали бы и в глаза. Заметка зашифрована, по просьбе её можно забыть." }
    more { en: "More: department, mobile, address, note", ru: "Ещё: отдел, мобильный, адрес, заметка" }
}

/// The fields of a person, filled with what is known; what is rarer stands behind one unfold.
#[component]
pub fn PersonFields(
    #[prop(into)] form: String,
    #[prop(optional_no_strip)] details: Option<Details>,
    #[prop(optional)] autofocus: bool,
) -> impl IntoView {
    let lang = use_lang();
    let is_known = details.is_some();
    let text = |value: Option<String>| value.unwrap_or_default();
    let of = details.as_ref();
    let name_was = text(of.map(|details| details.name.to_string()));
    let title_was = text(of.and_then(|details| details.title.as_ref()).map(ToString::to_string));
    let department_was = text(of.and_then(|details| details.department.as_ref()).map(ToString::to_string));
    let email_was = text(of.and_then(|details| details.email.as_ref()).map(ToString::to_string));
    let phone_was = text(of.and_then(|details| details.phone.as_ref()).map(ToString::to_string));
    let mobile_was = text(of.and_then(|details| details.mobile.as_ref()).map(ToString::to_string));
    let address_was = text(of.and_then(|details| details.address.as_ref()).map(ToString::to_string));
    let notes_was = text(of.and_then(|details| details.notes.as_ref()).map(ToString::to_string));
    let is_open = is_known || is_refused(&form);
    view! {
        <Field form=form.clone() name="name" label=name(lang) value=name_was required=true autofocus=autofocus autocomplete="off" />
        <div class="fields">
            <Field form=form.clone() name="title" label=title(lang) value=title_was autocomplete="off" />
            <Field form=form.clone() name="email" label=email(lang) kind=Kind::Email value=email_was autocomplete="off" />
            <Field form=form.clone() name="phone" label=phone(lang) value=phone_was autocomplete="off" />
        </div>
        <details class="unfold" open=is_open>
            <summary>{more(lang)}</summary>
            <div class="stack">
                <div class="fields">
                    <Field form=form.clone() name="department" label=department(lang) value=department_was />
                    <Field form=form.clone() name="mobile" label=mobile(lang) value=mobile_was autocomplete="off" />
                    <Field form=form.clone() name="address" label=address(lang) value=address_was autocomplete="off" />
                </div>
                <Field form=form name="notes" label=notes(lang) kind=Kind::Text hint=notes_hint(lang) class="line" value=notes_was />
            </div>
        </details>
    }
}
