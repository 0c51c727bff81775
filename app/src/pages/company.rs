//! Our own organisation: units and the people in them. Everybody can read it; administrators found,
//! rename and move, let people join, and give them the link with which they choose a password.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use serde::{Deserialize, Serialize};
use shared::ids::{ColleagueId, Stream, UnitId};
use shared::policy;
use shared::record::Record;
use shared::views::{Directory, View, directory};
use shared::words::{Occurred, Role};
use uuid::Uuid;

use crate::forms::derived;
use crate::live::Follow;
use crate::parts::entrance::RefusedNotice;
use crate::parts::fields::{Choice, CommandForm, Field, Kind, Select, form_name, is_refused, open_if};
use crate::parts::once::Once;
use crate::parts::{Icon, Person};
use crate::read::{Login, Query, Reader, Trouble, page, use_viewer};
use crate::text::{Lang, use_lang};
use crate::when::{self, Zone};

crate::texts! {
    title { en: "Our people", ru: "Наши люди" }
    people(n: u64, shown: &str) {
        en: plural(n) { "{shown} colleague", "{shown} colleagues" },
        ru: plural(n) { "{shown} сотрудник", "{shown} сотрудника", "{shown} сотрудников" },
    }
    in_units(n: u64, shown: &str) {
        en: plural(n) { "{shown} unit", "{shown} units" },
        ru: plural(n) { "{shown} подразделение", "{shown} подразделения", "{shown} подразделений" },
    }
    units { en: "Units", ru: "Подразделения" }
    no_units { en: "No unit is founded yet. Units are what work is handed to: Sales, Logistics, the Laboratory.", ru: "Подразделений пока нет. Это те, кому передают работу: продажи, логистика, лаборатория." }
    found_unit { en: "Found a unit", ru: "Создать подразделение" }
    unit_name { en: "Name", ru: "Название" }
    under { en: "Under", ru: "В составе" }
    top { en: "Nothing: it stands at the top", ru: "Само по себе, наверху" }
    found { en: "Found", ru: "Создать" }
    change { en: "Change", ru: "Изменить" }
    change_who(name: &str) { en: "Change: {name}", ru: "Изменить: {name}" }
    close { en: "Close", ru: "Закрыть" }
    rename { en: "Rename", ru: "Переименовать" }
    move_unit { en: "Move", ru: "Переместить" }
    colleagues { en: "Colleagues", ru: "Сотрудники" }
    add { en: "Add a colleague", ru: "Добавить сотрудника" }
    add_text { en: "Afterwards, give them an invitation: a link with which they choose a password.", ru: "Затем дайте приглашение: ссылку, по которой человек выберет пароль." }
    name { en: "Name", ru: "Имя" }
    email { en: "E-mail", ru: "Почта" }
    job { en: "Job title", ru: "Должность" }
    role { en: "Role", ru: "Роль" }
    unit { en: "Unit", ru: "Подразделение" }
    no_unit { en: "None", ru: "Нет" }
    add_them { en: "Add", ru: "Добавить" }
    login { en: "Signs in", ru: "Вход" }
    has_login { en: "with a password", ru: "с паролем" }
    invited_until(day: &str) { en: "invited until {day}", ru: "приглашение до {day}" }
    no_login { en: "no invitation yet", ru: "пока без приглашения" }
    action { en: "Action", ru: "Действие" }
    who_they_are { en: "Name and address", ru: "Имя и адрес" }
    save { en: "Save", ru: "Сохранить" }
    move_to { en: "Move", ru: "Перевести" }
    give_role { en: "Give the role", ru: "Дать роль" }
    leaves { en: "Has left the company", ru: "Больше не работает" }
    leaves_text { en: "The login is withdrawn at once. What they did stays.", ru: "Вход закроется сразу. Всё, что человек сделал, останется." }
    leave { en: "Mark as left", ru: "Отметить уход" }
    invitation { en: "Invitation", ru: "Приглашение" }
    invite_text { en: "Makes a link that works once, within a week. An earlier link stops working; a password that they have goes on until the link is followed.", ru: "Создаёт ссылку, которая сработает один раз в течение недели. Прежняя ссылка перестанет действовать; нынешний пароль действует, пока по ссылке не перейдут." }
    invite { en: "Make a link", ru: "Создать ссылку" }
    invite_needs_email { en: "Write their e-mail address first: they will sign in with it.", ru: "Сначала укажите почту: с ней человек будет входить." }
    the_link(name: &str) { en: "The link for {name}. Copy it now and hand it over yourself: it is shown this once.", ru: "Ссылка для: {name}. Скопируйте её сейчас и передайте сами: больше она показана не будет." }
    link_gone { en: "The link was shown already. If it did not reach them, make another.", ru: "Ссылка уже была показана. Если она не дошла, создайте новую." }
    has_left { en: "Has left", ru: "Больше не работает" }
    left { en: "Who has left", ru: "Кто больше не работает" }
    not_found { en: "There is nobody and nothing like that here. It may belong to an import that was taken back.", ru: "Такого здесь нет. Возможно, запись пришла с загрузкой, которую отменили." }
}

/// The company, and what is being changed: a colleague, or a unit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ask {
    pub who: Option<ColleagueId>,
    pub unit: Option<UnitId>,
    /// A one-time link was just made.
    pub invited: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CompanyPage {
    pub now: Timestamp,
    pub seed: Uuid,
    /// Units and colleagues only.
    pub directory: Directory,
    /// For administrators; nobody for others.
    pub logins: Vec<Login>,
    pub who: Option<ColleagueId>,
    pub unit: Option<UnitId>,
    /// The address of the link that was just made.
    pub link: Option<String>,
    pub invited: bool,
}

impl Ask {
    #[must_use]
    pub fn from_query(get: impl Fn(&str) -> Option<String>) -> Self {
        Self {
            who: get("who").and_then(|id| id.parse().ok()),
            unit: get("unit").and_then(|id| id.parse().ok()),
            invited: get("invited").is_some(),
        }
    }
}

impl Query for Ask {
    type Page = CompanyPage;

    fn answer(&self, reader: &dyn Reader) -> Result<CompanyPage, Trouble> {
        let viewer = reader.viewer();
        let mut directory = Directory::default();
        reader.company(&mut |company| directory = company.directory.cut(&BTreeSet::new(), &BTreeSet::new()));
        let link = self.who.filter(|_| self.invited).and_then(|who| reader.fresh_invitation(who));
        Ok(CompanyPage {
            now: viewer.now,
            seed: viewer.seed,
            directory,
            logins: reader.logins(),
            who: self.who,
            unit: self.unit,
            link,
            invited: self.invited,
        })
    }

    fn address(&self) -> String {
        let query = crate::address::query([
            ("who", self.who.map(|id| id.to_string())),
            ("unit", self.unit.map(|id| id.to_string())),
            ("invited", self.invited.then(|| "yes".to_owned())),
        ]);
        crate::address::with_query("company", &query)
    }
}

impl Follow for CompanyPage {
    fn position(&self) -> u64 {
        self.directory.position
    }

    fn fold(&mut self, record: &Record) {
        self.directory.fold(record);
    }
}

#[component]
pub fn Company() -> impl IntoView {
    let query = use_query_map();
    let ask = move || query.with(|query| Ask::from_query(|name| query.get(name)));
    page(ask, move |model| view! { <Loaded model /> })
}

#[component]
fn Loaded(model: RwSignal<CompanyPage>) -> impl IntoView {
    let lang = use_lang();
    let is_administrator = use_viewer().is_some_and(|viewer| policy::administers(viewer.role));
    let who_is_who = who_is_who(model);
    let subtitle = move || {
        who_is_who.with(|_| ());
        model.with_untracked(|model| {
            let many = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
            let here = many(model.directory.colleagues.values().filter(|colleague| !colleague.left).count());
            let units = many(model.directory.units.len());
            let (here_shown, units_shown) = (when::number(here, lang), when::number(units, lang));
            format!("{} · {}", people(lang, here, &here_shown), in_units(lang, units, &units_shown))
        })
    };
    let (who, unit) = model.with_untracked(|model| (model.who, model.unit));
    view! {
        <Title text=title(lang) />
        <header class="page-head">
            <h1>{title(lang)}</h1>
            <p class="subtitle">{subtitle}</p>
        </header>
        {is_administrator
            .then(|| {
                view! {
                    {who.map(|who| view! { <ChangeColleague model who /> })}
                    {unit.map(|unit| view! { <ChangeUnit model unit /> })}
                }
            })}
        <Units model who_is_who is_administrator />
        <Colleagues model who_is_who is_administrator />
    }
}

/// What the lists of this page show. Most records are about something else, and thousands of rows are not
/// drawn again for them.
type WhoIsWho = Memo<(BTreeMap<UnitId, directory::Unit>, BTreeMap<ColleagueId, directory::Colleague>)>;

fn who_is_who(model: RwSignal<CompanyPage>) -> WhoIsWho {
    Memo::new(move |_| model.with(|model| (model.directory.units.clone(), model.directory.colleagues.clone())))
}

/// The units as (unit, depth), every unit below the one that it stands under.
fn tree(directory: &Directory, lang: Lang) -> Vec<(UnitId, usize)> {
    let mut below: BTreeMap<Option<UnitId>, Vec<UnitId>> = BTreeMap::new();
    for (id, unit) in &directory.units {
        // What stands under a unit that is not there stands at the top.
        below.entry(unit.under.filter(|under| directory.units.contains_key(under))).or_default().push(*id);
    }
    for units in below.values_mut() {
        units.sort_by_cached_key(|unit| directory.unit(*unit, lang).to_lowercase());
    }
    let mut found = Vec::new();
    let mut open: Vec<(UnitId, usize)> = below.get(&None).into_iter().flatten().rev().map(|id| (*id, 0)).collect();
    while let Some((unit, depth)) = open.pop() {
        found.push((unit, depth));
        open.extend(below.get(&Some(unit)).into_iter().flatten().rev().map(|id| (*id, depth + 1)));
    }
    found
}

/// The units to choose from, each with its place in the tree before its name.
#[must_use]
pub fn unit_choices(directory: &Directory, lang: Lang) -> Vec<Choice> {
    let indented = |(id, depth): (UnitId, usize)| {
        (id.to_string(), format!("{}{}", "\u{2003}".repeat(depth), directory.unit(id, lang)))
    };
    tree(directory, lang).into_iter().map(indented).collect()
}

fn role_choices(lang: Lang) -> Vec<Choice> {
    Role::ALL.iter().map(|role| (role.word().to_owned(), role.say(lang).to_owned())).collect()
}

#[component]
fn Units(model: RwSignal<CompanyPage>, who_is_who: WhoIsWho, is_administrator: bool) -> impl IntoView {
    let lang = use_lang();
    let list = move || {
        who_is_who.with(|_| ());
        model.with_untracked(|model| {
            let directory = &model.directory;
            let all = tree(directory, lang);
            if all.is_empty() {
                return view! { <p class="muted">{no_units(lang)}</p> }.into_any();
            }
            let rows = all
                .into_iter()
                .map(|(id, depth)| {
                    let name = directory.unit(id, lang).to_owned();
                    let many = u64::try_from(directory.people_of(id, lang).len()).unwrap_or(u64::MAX);
                    let label = change_who(lang, &name);
                    let edit = is_administrator.then(|| {
                        view! {
                            <a class="button small quiet" href=format!("/company?unit={id}") aria-label=label>
                                {change(lang)}
                            </a>
                        }
                    });
                    view! {
                        <li class="row apart" data-depth=depth.min(6).to_string()>
                            <div class="row">
                                <a href=format!("/units/{id}")>
                                    <b>{name}</b>
                                </a>
                                <span class="small muted">{people(lang, many, &when::number(many, lang))}</span>
                            </div>
                            {edit}
                        </li>
                    }
                })
                .collect_view();
            view! { <ul class="items tree">{rows}</ul> }.into_any()
        })
    };
    view! {
        <section class="card">
            <header>
                <h2>{units(lang)}</h2>
            </header>
            {is_administrator.then(|| view! { <FoundUnit model /> })}
            {list}
        </section>
    }
}

/// A number that changes with the log: a form that was taken and drawn again asks for something new.
fn fresh_seed(model: RwSignal<CompanyPage>) -> Uuid {
    model.with_untracked(|model| derived(model.seed, u128::from(model.directory.position)))
}

#[component]
fn FoundUnit(model: RwSignal<CompanyPage>) -> impl IntoView {
    let lang = use_lang();
    // Drawn again when there is another unit to choose.
    let choices = Memo::new(move |_| model.with(|model| unit_choices(&model.directory, lang)));
    move || {
        let (choices, seed) = (choices.get(), fresh_seed(model));
        let form = form_name("unit.found", None);
        let is_open = is_refused(&form);
        view! {
            <details class="unfold" {..open_if(is_open)}>
                <summary>{found_unit(lang)}</summary>
                <CommandForm what="unit.found" seed=seed back="/company" class="form">
                    <div class="fields">
                        <Field form=form.clone() name="name" label=unit_name(lang) required=true />
                        <Select form=form.clone() name="under" label=under(lang) choices=choices empty=top(lang) />
                    </div>
                    <div>
                        <button class="button" type="submit">
                            {found(lang)}
                        </button>
                    </div>
                </CommandForm>
            </details>
        }
    }
}

#[component]
fn ChangeUnit(model: RwSignal<CompanyPage>, unit: UnitId) -> impl IntoView {
    let lang = use_lang();
    let on = Stream::from(unit).to_string();
    let stands = Memo::new(move |_| {
        model.with(|model| {
            let stands = model.directory.units.get(&unit)?.clone();
            let mut others = unit_choices(&model.directory, lang);
            others.retain(|(id, _)| *id != unit.to_string());
            Some((stands, others))
        })
    });
    move || {
        let Some((stands, others)) = stands.get() else {
            return view! { <p class="notice warn">{not_found(lang)}</p> }.into_any();
        };
        let seed = fresh_seed(model);
        let renames = form_name("unit.rename", Some(&on));
        let moves = form_name("unit.move", Some(&on));
        let below = stands.under.map(|under| under.to_string()).unwrap_or_default();
        let heading = stands.name.to_string();
        view! {
            <section class="card" id="change">
                <header>
                    <h2>{change_who(lang, &heading)}</h2>
                    <a href="/company">{close(lang)}</a>
                </header>
                <div class="stack">
                    <CommandForm what="unit.rename" on=on.clone() seed=seed back="/company" class="form">
                        <Field form=renames name="name" label=unit_name(lang) value=heading required=true />
                        <div>
                            <button class="button" type="submit">
                                {rename(lang)}
                            </button>
                        </div>
                    </CommandForm>
                    <CommandForm what="unit.move" on=on.clone() seed=seed back="/company" class="form">
                        <Select form=moves name="under" label=under(lang) choices=others empty=top(lang) value=below />
                        <div>
                            <button class="button" type="submit">
                                {move_unit(lang)}
                            </button>
                        </div>
                    </CommandForm>
                </div>
            </section>
        }
        .into_any()
    }
}

/// How somebody signs in.
fn login_words(login: Option<&Login>, zone: &Zone, lang: Lang) -> String {
    match login {
        Some(Login { has_password: true, .. }) => has_login(lang).to_owned(),
        Some(Login { invited_until: Some(until), .. }) => {
            invited_until(lang, &when::whole_day(zone.day(Occurred::At(*until)), lang))
        }
        Some(_) | None => no_login(lang).to_owned(),
    }
}

#[component]
fn Colleagues(model: RwSignal<CompanyPage>, who_is_who: WhoIsWho, is_administrator: bool) -> impl IntoView {
    let lang = use_lang();
    let zone = use_viewer().map_or_else(Zone::utc, |viewer| viewer.zone);
    let rows = move || {
        who_is_who.with(|_| ());
        model.with_untracked(|model| {
            let directory = &model.directory;
            directory
                .here(lang)
                .into_iter()
                .filter_map(|(id, name)| Some((id, name.to_owned(), directory.colleagues.get(&id)?)))
                .map(|(id, name, colleague)| {
                    let identity = colleague.identity.known();
                    let has_job = identity.and_then(|identity| identity.title.as_ref()).map(ToString::to_string);
                    let address = identity.and_then(|identity| identity.email.as_ref()).map(ToString::to_string);
                    let in_unit = colleague.unit.map(|unit| {
                        view! { <a href=format!("/units/{unit}")>{directory.unit(unit, lang).to_owned()}</a> }
                    });
                    let has_role = colleague.role.map(|role| role.say(lang)).unwrap_or_default();
                    let label = change_who(lang, &name);
                    let signs_in = is_administrator.then(|| {
                        let theirs = model.logins.iter().find(|login| login.colleague == id);
                        let words = login_words(theirs, &zone, lang);
                        view! {
                            <td class="wide" data-label=login(lang)>{words}</td>
                            <td class="wide plain">
                                <a class="button small quiet" href=format!("/company?who={id}") aria-label=label>
                                    {change(lang)}
                                </a>
                            </td>
                        }
                    });
                    view! {
                        <tr>
                            <th scope="row">
                                <Person name href=format!("/colleagues/{id}") side="internal" />
                            </th>
                            <td class="wide" data-label=role(lang)>
                                {has_role} {has_job.map(|job| view! { <div class="small muted">{job}</div> })}
                            </td>
                            <td class="wide" data-label=unit(lang)>{in_unit}</td>
                            <td class="wide long" data-label=email(lang)>{address}</td>
                            {signs_in}
                        </tr>
                    }
                })
                .collect_view()
        })
    };
    let gone = move || {
        who_is_who.with(|_| ());
        model.with_untracked(|model| {
            let gone = model.directory.colleagues.iter().filter(|(_, colleague)| colleague.left);
            let names = gone
                .map(|(id, _)| {
                    let name = model.directory.colleague(*id, lang).to_owned();
                    view! {
                        <li>
                            <Person name href=format!("/colleagues/{id}") side="internal" />
                        </li>
                    }
                })
                .collect_view();
            (!names.is_empty()).then(|| {
                view! {
                    <details class="unfold">
                        <summary>{left(lang)}</summary>
                        <ul class="items">{names}</ul>
                    </details>
                }
            })
        })
    };
    view! {
        <section class="card">
            <header>
                <h2>{colleagues(lang)}</h2>
            </header>
            {is_administrator.then(|| view! { <AddColleague model /> })}
            <div class="scroll" role="region" aria-label=colleagues(lang) tabindex="0">
                <table class="table stacks">
                    <thead>
                        <tr>
                            <th scope="col">{name(lang)}</th>
                            <th scope="col">{role(lang)}</th>
                            <th scope="col">{unit(lang)}</th>
                            <th scope="col">{email(lang)}</th>
                            {is_administrator
                                .then(|| {
                                    view! {
                                        <th scope="col">{login(lang)}</th>
                                        <th scope="col">
                                            <span class="sr">{action(lang)}</span>
                                        </th>
                                    }
                                })}
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
            {gone}
        </section>
    }
}

#[component]
fn AddColleague(model: RwSignal<CompanyPage>) -> impl IntoView {
    let lang = use_lang();
    let choices = Memo::new(move |_| model.with(|model| unit_choices(&model.directory, lang)));
    move || {
        let (choices, seed) = (choices.get(), fresh_seed(model));
        let form = form_name("colleague.join", None);
        let is_open = is_refused(&form);
        view! {
            <details class="unfold" {..open_if(is_open)}>
                <summary>{add(lang)}</summary>
                <CommandForm what="colleague.join" seed=seed back="/company" class="form" keep=true>
                    <p class="small muted">{add_text(lang)}</p>
                    <div class="fields">
                        <Field form=form.clone() name="name" label=name(lang) required=true />
                        <Field form=form.clone() name="email" label=email(lang) kind=Kind::Email />
                        <Field form=form.clone() name="title" label=job(lang) />
                    </div>
                    <div class="fields">
                        <Select
                            form=form.clone()
                            name="role"
                            label=role(lang)
                            choices=role_choices(lang)
                            value=Role::AccountManager.word()
                            required=true
                        />
                        <Select form=form.clone() name="unit" label=unit(lang) choices=choices empty=no_unit(lang) />
                    </div>
                    <div>
                        <button class="button" type="submit">
                            {add_them(lang)}
                        </button>
                    </div>
                </CommandForm>
            </details>
        }
    }
}

#[component]
fn ChangeColleague(model: RwSignal<CompanyPage>, who: ColleagueId) -> impl IntoView {
    let lang = use_lang();
    let on = Stream::from(who).to_string();
    let back = format!("/company?who={who}");
    let stands = Memo::new(move |_| {
        model.with(|model| {
            let stands = model.directory.colleagues.get(&who)?.clone();
            Some((stands, unit_choices(&model.directory, lang)))
        })
    });
    move || {
        let Some((stands, choices)) = stands.get() else {
            return view! { <p class="notice warn">{not_found(lang)}</p> }.into_any();
        };
        let seed = fresh_seed(model);
        let heading = model.with_untracked(|model| model.directory.colleague(who, lang).to_owned());
        if stands.left {
            return view! {
                <section class="card" id="change">
                    <header>
                        <h2>{heading}</h2>
                        <a href="/company">{close(lang)}</a>
                    </header>
                    <p>{has_left(lang)}</p>
                </section>
            }
            .into_any();
        }
        let identity = stands.identity.known();
        let text = |value: Option<String>| value.unwrap_or_default();
        let name_was = text(identity.map(|identity| identity.name.to_string()));
        let email_was = text(identity.and_then(|identity| identity.email.as_ref()).map(ToString::to_string));
        let job_was = text(identity.and_then(|identity| identity.title.as_ref()).map(ToString::to_string));
        let can_invite = !email_was.is_empty();
        let renames = form_name("colleague.rename", Some(&on));
        let moves = form_name("colleague.move", Some(&on));
        let gives = form_name("colleague.give_role", Some(&on));
        let unit_was = text(stands.unit.map(|unit| unit.to_string()));
        let role_was = stands.role.map(Role::word).unwrap_or_default();
        view! {
            <section class="card" id="change">
                <header>
                    <h2>{change_who(lang, &heading)}</h2>
                    <a href="/company">{close(lang)}</a>
                </header>
                <div class="stack">
                    <Invitation model who can_invite />
                    <CommandForm
                        what="colleague.rename"
                        on=on.clone()
                        seed=seed
                        back=back.clone()
                        class="form"
                        label=who_they_are(lang)
                    >
                        <div class="fields">
                            <Field form=renames.clone() name="name" label=name(lang) value=name_was required=true />
                            <Field form=renames.clone() name="email" label=email(lang) kind=Kind::Email value=email_was />
                            <Field form=renames.clone() name="title" label=job(lang) value=job_was />
                        </div>
                        <div>
                            <button class="button" type="submit">
                                {save(lang)}
                            </button>
                        </div>
                    </CommandForm>
                    <CommandForm what="colleague.give_role" on=on.clone() seed=seed back=back.clone() class="form" label=role(lang)>
                        <Select form=gives name="role" label=role(lang) choices=role_choices(lang) value=role_was required=true />
                        <div>
                            <button class="button" type="submit">
                                {give_role(lang)}
                            </button>
                        </div>
                    </CommandForm>
                    <CommandForm what="colleague.move" on=on.clone() seed=seed back=back.clone() class="form" label=unit(lang)>
                        <Select form=moves name="unit" label=unit(lang) choices=choices empty=no_unit(lang) value=unit_was />
                        <div>
                            <button class="button" type="submit">
                                {move_to(lang)}
                            </button>
                        </div>
                    </CommandForm>
                    <details class="unfold" {..open_if(is_refused(&form_name("colleague.leave", Some(&on))))}>
                        <summary>{leaves(lang)}</summary>
                        <CommandForm what="colleague.leave" on=on.clone() seed=seed back="/company" class="form" label=leaves(lang)>
                            <p class="small muted">{leaves_text(lang)}</p>
                            <div>
                                <button class="button danger" type="submit">
                                    {leave(lang)}
                                </button>
                            </div>
                        </CommandForm>
                    </details>
                </div>
            </section>
        }
        .into_any()
    }
}

/// The one-time link of a colleague: the button that makes it, and, once, the link.
#[component]
fn Invitation(model: RwSignal<CompanyPage>, who: ColleagueId, can_invite: bool) -> impl IntoView {
    let lang = use_lang();
    let zone = use_viewer().map_or_else(Zone::utc, |viewer| viewer.zone);
    let (link, is_asked, words, heading) = model.with_untracked(|model| {
        let login = model.logins.iter().find(|login| login.colleague == who);
        let heading = model.directory.colleague(who, lang).to_owned();
        (model.link.clone(), model.invited, login_words(login, &zone, lang), heading)
    });
    let is_gone = is_asked && link.is_none();
    view! {
        <form class="form" method="post" action="/company/invite" aria-label=invitation(lang)>
            <RefusedNotice />
            {link
                .map(|link| {
                    view! {
                        <div class="notice ok" role="status">
                            <Icon name="key" />
                            <div class="stack tight">
                                <p>{the_link(lang, &heading)}</p>
                                <Once text=link />
                            </div>
                        </div>
                    }
                })}
            {is_gone
                .then(|| {
                    view! {
                        <div class="notice warn" role="status">
                            <Icon name="info" />
                            <p>{link_gone(lang)}</p>
                        </div>
                    }
                })}
            <input type="hidden" name="colleague" value=who.to_string() />
            <p>
                <b>{login(lang)}</b>
                ": "
                {words}
            </p>
            {if can_invite {
                view! {
                    <p class="small muted">{invite_text(lang)}</p>
                    <div>
                        <button class="button" type="submit">
                            <Icon name="link" />
                            {invite(lang)}
                        </button>
                    </div>
                }
                    .into_any()
            } else {
                view! { <p class="small muted">{invite_needs_email(lang)}</p> }.into_any()
            }}
        </form>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::testkit::{company, history};

    #[test]
    fn every_unit_stands_once_below_its_own() {
        let mut directory = Directory::default();
        for record in history(company()) {
            directory.fold(&record);
        }
        let tree = tree(&directory, Lang::En);
        assert_eq!(tree.len(), directory.units.len());
        for (at, (unit, depth)) in tree.iter().enumerate() {
            let under = directory.units[unit].under;
            let above = tree[..at].iter().rev().find(|(_, above)| above < depth);
            assert_eq!(above.map(|(above, _)| *above), under);
        }
    }
}
