//! Who is asked: a list of our units and colleagues to choose one from, and the names of either.

use leptos::prelude::*;
use shared::handoff::Party;
use shared::ids::{ColleagueId, Stream};
use shared::views::Directory;

use super::fields::Standing;
use crate::text::use_lang;

crate::texts! {
    choose { en: "Choose a unit or a colleague", ru: "Выберите подразделение или сотрудника" }
    units { en: "Units", ru: "Подразделения" }
    colleagues { en: "Colleagues", ru: "Сотрудники" }
}

/// (value, what people read).
type Choice = (String, String);

/// A labelled list of all units and of every colleague who can act but the viewer, in two groups.
/// The values are streams: `unit/0190…`.
#[component]
pub fn PartySelect(
    #[prop(into)] form: String,
    name: &'static str,
    #[prop(into)] label: String,
    units: Vec<Choice>,
    colleagues: Vec<Choice>,
    #[prop(optional, into)] value: String,
) -> impl IntoView {
    let lang = use_lang();
    let Standing { id, value, why, why_id, described } = Standing::of(&form, name, value);
    let is_wrong = why.is_some();
    let options = move |choices: Vec<Choice>| {
        choices
            .into_iter()
            .map(|(choice, text)| {
                let chosen = choice == value;
                view! {
                    <option value=choice selected=chosen>
                        {text}
                    </option>
                }
            })
            .collect_view()
    };
    view! {
        <div class="field" class:wrong=is_wrong>
            <label for=id.clone()>{label}</label>
            {why.map(|why| view! { <p class="wrong-why" id=why_id>{why}</p> })}
            <select id=id name=name required=true aria-describedby=described aria-invalid=is_wrong.then_some("true")>
                <option value="">{choose(lang)}</option>
                <optgroup label=self::units(lang)>{options(units)}</optgroup>
                <optgroup label=self::colleagues(lang)>{options(colleagues)}</optgroup>
            </select>
        </div>
    }
}

/// What [`PartySelect`] offers to somebody: units, and colleagues without themselves.
#[must_use]
pub fn choices(directory: &Directory, me: ColleagueId, lang: crate::Lang) -> (Vec<Choice>, Vec<Choice>) {
    let units = directory.all_units().into_iter().map(|(id, name)| (Stream::from(id).to_string(), name.to_owned()));
    let colleagues = directory.who_act(lang).into_iter().filter(|(id, _)| *id != me);
    let colleagues = colleagues.map(|(id, name)| (Stream::from(id).to_string(), name.to_owned()));
    (units.collect(), colleagues.collect())
}

/// The page about a unit or a colleague.
#[must_use]
pub fn page_of(party: Party) -> String {
    match party {
        Party::Colleague(id) => format!("/colleagues/{id}"),
        Party::Unit(id) => format!("/units/{id}"),
    }
}
