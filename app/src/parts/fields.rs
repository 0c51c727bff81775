//! Fields of forms. A form that was refused without WebAssembly comes back with what was typed and
//! with the reason at the field, from [`Slip`].

use std::collections::BTreeMap;

use leptos::attr::any_attribute::{AnyAttribute, IntoAnyAttribute};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::forms::Fields;
use crate::read::use_viewer;
use crate::text::{escaped, use_lang};

crate::texts! {
    restored { en: "Your draft is back in the form.", ru: "Черновик снова в форме." }
    discard { en: "Discard it", ru: "Удалить черновик" }
}

/// A form that the server refused: what was typed, and why it was not taken.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slip {
    /// The `do` and `on` of the form, so that the right one of a page's forms shows it.
    pub form: String,
    pub typed: BTreeMap<String, Vec<String>>,
    /// The field that is wrong, or none where the command as a whole was refused.
    pub field: Option<String>,
    pub why: String,
}

/// The refused form that this page is about to show again, if its address says so (`?slip=`): a form of
/// the same name that one comes to afterwards is another.
#[must_use]
pub fn use_slip() -> Option<Slip> {
    let slip = use_context::<Slip>()?;
    use_query_map().with_untracked(|query| query.get("slip")).and(Some(slip))
}

/// Why a field of this form was refused.
#[must_use]
pub fn refused_at(form: &str, field: &str) -> Option<String> {
    slip_of(form).filter(|slip| slip.field.as_deref() == Some(field)).map(|slip| slip.why)
}

/// The identity of a field on its page: labels, reasons and links lead to it.
#[must_use]
pub fn field_id(form: &str, name: &str) -> String {
    format!("{}-{name}", form.replace([' ', '/', '.'], "-"))
}

/// What this page is about to show again of this form.
fn slip_of(form: &str) -> Option<Slip> {
    use_slip().filter(|slip| slip.form == form)
}

/// Whether this form was refused: what hides it must then be open.
#[must_use]
pub fn is_refused(form: &str) -> bool {
    slip_of(form).is_some()
}

/// What opens a fold that a refused form is in. Nothing where it need not be: to be drawn again must not close what
/// somebody has opened, and every attribute of an element is then set anew.
#[must_use]
pub fn open_if(is_open: bool) -> Vec<AnyAttribute> {
    if is_open { vec![leptos::attr::open(true).into_any_attr()] } else { vec![] }
}

/// Whether a form about this thing was refused, whichever it was.
#[must_use]
pub fn is_refused_about(stream: &str) -> bool {
    use_slip().is_some_and(|slip| slip.form.split(' ').nth(1) == Some(stream))
}

/// What was typed into a field of this form before it was refused.
#[must_use]
pub fn typed(form: &str, field: &str) -> Option<String> {
    slip_of(form)?.typed.get(field)?.first().cloned()
}

/// How a field stands in which somebody chooses one thing: what was chosen, and why it was refused the last time.
pub struct Standing {
    pub id: String,
    pub value: String,
    pub why: Option<String>,
    /// Where the reason stands, once there is one.
    pub why_id: String,
    pub described: Option<String>,
}

impl Standing {
    #[must_use]
    pub fn of(form: &str, name: &str, value: String) -> Self {
        let id = field_id(form, name);
        let value = typed(form, name).unwrap_or(value);
        let why = refused_at(form, name);
        let why_id = format!("{id}-e");
        let described = why.is_some().then(|| why_id.clone());
        Self { id, value, why, why_id, described }
    }
}

/// What was ticked under a name in this form before it was refused; `None` where it was not.
#[must_use]
pub fn ticked(form: &str, field: &str) -> Option<Vec<String>> {
    Some(slip_of(form)?.typed.get(field).cloned().unwrap_or_default())
}

/// The key of a form on this page: from the page's seed and the form's name, so that the server and
/// the browser give it the same one.
#[must_use]
pub fn key(seed: Uuid, form: &str) -> Uuid {
    Uuid::new_v5(&seed, form.as_bytes())
}

/// A form that asks for a command. It works as plain HTML; in the browser the same fields go to the
/// server without leaving the page.
///
/// `what` is the command (`handoff.accept`), `on` the stream that it is about, `back` the page that
/// follows. `name` tells apart forms of one page; unsent text is kept on the device under it.
#[component]
pub fn CommandForm(
    what: &'static str,
    #[prop(optional, into)] on: Option<String>,
    #[prop(optional)] seen: Option<u64>,
    seed: Uuid,
    #[prop(into)] back: String,
    #[prop(optional, into)] class: String,
    #[prop(optional)] keep: bool,
    #[prop(optional, into)] label: Option<String>,
    /// The next step that it is about, where the entry `on` has several.
    #[prop(optional, into)]
    step: Option<String>,
    children: Children,
) -> impl IntoView {
    let form = form_name(what, on.as_deref());
    let form = step.as_deref().map_or_else(|| form.clone(), |step| step_form_name(&form, step));
    let why = slip_of(&form).filter(|slip| slip.field.is_none()).map(|slip| slip.why);
    let is_taken = why.is_none();
    let lang = use_lang();
    let keeps = use_viewer().filter(|_| keep).map(|viewer| viewer.me.to_string());
    let shown = NodeRef::<leptos::html::Form>::new();
    #[cfg(feature = "hydrate")]
    if keep {
        Effect::new(move |_| {
            if let Some(form) = shown.get() {
                super::drafts::restore(&form);
            }
        });
    }
    view! {
        <form
            node_ref=shown
            method="post"
            action="/do"
            class=class
            data-command=form.clone()
            data-keep=keeps
            aria-label=label
            novalidate
        >
            <input type="hidden" name="do" value=what />
            {on.map(|on| view! { <input type="hidden" name="on" value=on /> })}
            {seen.map(|seen| view! { <input type="hidden" name="seen" value=seen.to_string() /> })}
            {step.map(|step| view! { <input type="hidden" name="step" value=step /> })}
            <input type="hidden" name="key" value=key(seed, &form).to_string() />
            <input type="hidden" name="back" value=back />
            <div class="form-why notice error" role="alert" tabindex="-1" hidden=is_taken autofocus=!is_taken>
                <p>{why}</p>
            </div>
            {keep
                .then(|| {
                    view! {
                        <p class="draft small" role="status" hidden>
                            <span>{restored(lang)}</span>
                            <button class="button quiet small" type="button" data-discard="">
                                {discard(lang)}
                            </button>
                        </p>
                    }
                })}
            {children()}
        </form>
    }
}

/// What tells a form apart: the command and what it is about.
#[must_use]
pub fn form_name(what: &str, on: Option<&str>) -> String {
    on.map_or_else(|| what.to_owned(), |on| format!("{what} {on}"))
}

/// What tells apart the forms about several next steps of one entry.
#[must_use]
pub fn step_form_name(form: &str, step: &str) -> String {
    format!("{form} {step}")
}

/// The name of the form that held these fields.
#[must_use]
pub fn name_of(fields: &Fields) -> String {
    let form = form_name(fields.get("do").unwrap_or_default(), fields.get("on"));
    fields.get("step").map_or_else(|| form.clone(), |step| step_form_name(&form, step))
}

/// How a field takes its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Line,
    Text,
    Email,
    Date,
    Time,
    Number,
    Password,
}

/// A labelled field of a [`CommandForm`]; `form` is the form's name.
#[component]
pub fn Field(
    #[prop(into)] form: String,
    name: &'static str,
    #[prop(into)] label: String,
    #[prop(default = Kind::Line)] kind: Kind,
    #[prop(optional, into)] value: String,
    #[prop(optional, into)] hint: String,
    #[prop(optional)] required: bool,
    #[prop(optional)] autofocus: bool,
    #[prop(optional, into)] class: String,
    #[prop(optional, into)] autocomplete: Option<String>,
    /// The earliest day that the browser offers.
    #[prop(optional, into)]
    min: Option<String>,
    /// Where the same form stands twice on a page, what tells its fields apart.
    #[prop(optional)]
    place: &'static str,
) -> impl IntoView {
    let id = format!("{}{place}", field_id(&form, name));
    let why = refused_at(&form, name);
    let value = typed(&form, name).unwrap_or(value);
    let (hint_id, why_id) = (format!("{id}-h"), format!("{id}-e"));
    let described = [(!hint.is_empty()).then(|| hint_id.clone()), why.is_some().then(|| why_id.clone())];
    let described = described.into_iter().flatten().collect::<Vec<_>>().join(" ");
    let described = (!described.is_empty()).then_some(described);
    let is_wrong = why.is_some();
    let invalid = is_wrong.then_some("true");
    // Without scripts the browser goes where something is to be mended.
    let autofocus = autofocus || is_wrong;
    let input = match kind {
        Kind::Text => view! {
            <textarea
                id=id.clone()
                name=name
                class=class
                required=required
                autofocus=autofocus
                aria-describedby=described
                aria-invalid=invalid
                inner_html=escaped(&value)
            ></textarea>
        }
        .into_any(),
        Kind::Line | Kind::Email | Kind::Date | Kind::Time | Kind::Number | Kind::Password => {
            let kind = match kind {
                Kind::Line | Kind::Text => "text",
                Kind::Email => "email",
                Kind::Date => "date",
                Kind::Time => "time",
                Kind::Number => "number",
                Kind::Password => "password",
            };
            view! {
                <input
                    type=kind
                    id=id.clone()
                    name=name
                    class=class
                    value=value
                    required=required
                    autofocus=autofocus
                    autocomplete=autocomplete
                    min=min
                    aria-describedby=described
                    aria-invalid=invalid
                />
            }
            .into_any()
        }
    };
    view! {
        <div class="field" class:wrong=is_wrong>
            <label for=id>{label}</label>
            {(!hint.is_empty()).then(|| view! { <p class="hint" id=hint_id>{hint}</p> })}
            {why.map(|why| view! { <p class="wrong-why" id=why_id>{why}</p> })}
            {input}
        </div>
    }
}

/// One choice of a list: (value, what people read).
pub type Choice = (String, String);

/// A labelled list to choose one from; the empty choice stands first where there is one.
#[component]
pub fn Select(
    #[prop(into)] form: String,
    name: &'static str,
    #[prop(into)] label: String,
    choices: Vec<Choice>,
    #[prop(optional, into)] empty: Option<String>,
    #[prop(optional, into)] value: String,
    #[prop(optional)] required: bool,
) -> impl IntoView {
    let Standing { id, value, why, why_id, described } = Standing::of(&form, name, value);
    let is_wrong = why.is_some();
    view! {
        <div class="field" class:wrong=is_wrong>
            <label for=id.clone()>{label}</label>
            {why.map(|why| view! { <p class="wrong-why" id=why_id>{why}</p> })}
            <select id=id name=name required=required aria-describedby=described aria-invalid=is_wrong.then_some("true")>
                {empty.map(|empty| view! { <option value="">{empty}</option> })}
                {choices
                    .into_iter()
                    .map(|(choice, text)| {
                        let chosen = choice == value;
                        view! {
                            <option value=choice selected=chosen>
                                {text}
                            </option>
                        }
                    })
                    .collect_view()}
            </select>
        </div>
    }
}

/// A row of big targets: radio buttons that look like buttons. (value, icon, what people read).
#[component]
pub fn Targets(
    #[prop(into)] form: String,
    name: &'static str,
    #[prop(into)] legend: String,
    choices: Vec<(&'static str, Option<String>, String)>,
    #[prop(optional, into)] value: String,
    #[prop(default = "tall")] class: &'static str,
) -> impl IntoView {
    let value = typed(&form, name).unwrap_or(value);
    view! {
        <fieldset class=format!("targets {class}")>
            <legend>{legend}</legend>
            {choices
                .into_iter()
                .map(|(choice, icon, text)| {
                    let chosen = choice == value;
                    view! {
                        <label>
                            <input type="radio" name=name value=choice checked=chosen />
                            {icon.map(|icon| view! { <super::Icon name=icon /> })}
                            <span>{text}</span>
                        </label>
                    }
                })
                .collect_view()}
        </fieldset>
    }
}

/// A list of which any number can be ticked.
#[component]
pub fn Checks(
    #[prop(into)] form: String,
    #[prop(into)] legend: String,
    name: &'static str,
    choices: Vec<Choice>,
    #[prop(optional)] chosen: Vec<String>,
) -> impl IntoView {
    let chosen = ticked(&form, name).unwrap_or(chosen);
    view! {
        <fieldset class="targets">
            <legend>{legend}</legend>
            {choices
                .into_iter()
                .map(|(choice, text)| {
                    let is_chosen = chosen.contains(&choice);
                    view! {
                        <label>
                            <input type="checkbox" name=name value=choice checked=is_chosen />
                            <span>{text}</span>
                        </label>
                    }
                })
                .collect_view()}
        </fieldset>
    }
}

/// One thing that is so or is not.
#[component]
pub fn Check(
    #[prop(into)] form: String,
    #[prop(into)] label: String,
    name: &'static str,
    #[prop(optional)] checked: bool,
) -> impl IntoView {
    let checked = ticked(&form, name).map_or(checked, |ticked| !ticked.is_empty());
    view! {
        <label class="check">
            <input type="checkbox" name=name value="yes" checked=checked />
            <span>{label}</span>
        </label>
    }
}
