//! Bringing in what another CRM knows, as one batch that can be taken back: an export, the sample that
//! the product carries, or a company that a program makes up.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use serde::{Deserialize, Serialize};
use shared::domain::Event;
use shared::ids::{ImportId, Stream};
use shared::policy;
use shared::record::Record;
use shared::views::directory::Import as Batch;
use shared::views::{Directory, View};
use shared::words::Occurred;
use uuid::Uuid;

use crate::live::Follow;
use crate::parts::Icon;
use crate::parts::fields::{CommandForm, Field, Kind, Select, is_refused_about, open_if};
use crate::read::{Importing, Outcome, Query, Reader, Running, Trouble, page, use_viewer};
use crate::source::called;
use crate::text::{LANGS, Lang, own_name, use_lang};
use crate::when::{self, Zone};

crate::texts! {
    title { en: "Import", ru: "Загрузка" }
    subtitle { en: "Bring in an export of Salesforce. First a check that records nothing, then you decide. Whatever was imported can be taken back as a whole.", ru: "Загрузите выгрузку из Salesforce. Сначала проверка без записи, потом решаете вы. Загруженное можно отменить целиком." }
    files { en: "Files of the export", ru: "Файлы выгрузки" }
    files_hint { en: "Account.csv, Contact.csv, AccountContactRelation.csv, Task.csv, Event.csv: choose all that you have at once. User.csv beside them connects owners with colleagues by e-mail.", ru: "Account.csv, Contact.csv, AccountContactRelation.csv, Task.csv, Event.csv: выберите сразу все, что есть. User.csv рядом с ними свяжет владельцев с сотрудниками по почте." }
    trial { en: "Only check, record nothing yet", ru: "Только проверить, пока ничего не записывать" }
    send { en: "Upload", ru: "Отправить" }
    running_now { en: "In progress", ru: "Идёт загрузка" }
    checking_now { en: "Checking", ru: "Идёт проверка" }
    rows_read(n: u64) {
        en: plural(n) { "{n} row read", "{n} rows read" },
        ru: plural(n) { "прочитана {n} строка", "прочитано {n} строки", "прочитано {n} строк" },
    }
    of_file(file: &str) { en: "now {file}", ru: "сейчас {file}" }
    look_again { en: "Look again", ru: "Обновить" }
    result_trial { en: "The check", ru: "Проверка" }
    result { en: "The last import", ru: "Последняя загрузка" }
    file { en: "File", ru: "Файл" }
    rows { en: "Rows", ru: "Строк" }
    accepted { en: "New or changed", ru: "Новых и изменённых" }
    unchanged { en: "Known already", ru: "Уже известно" }
    ignored { en: "Nothing to record", ru: "Нечего записать" }
    refused { en: "Refused", ru: "Отклонено" }
    all { en: "All", ru: "Всего" }
    refused_rows(n: u64) {
        en: plural(n) { "{n} row cannot be taken.", "{n} rows cannot be taken." },
        ru: plural(n) { "Не подошла {n} строка.", "Не подошли {n} строки.", "Не подошло {n} строк." },
    }
    download { en: "Refused rows with their reasons, to mend and send again", ru: "Отклонённые строки с причинами: исправьте и отправьте снова" }
    events_made(n: u64) {
        en: plural(n) { "{n} new event.", "{n} new events." },
        ru: plural(n) { "{n} новое событие.", "{n} новых события.", "{n} новых событий." },
    }
    events_would(n: u64) {
        en: plural(n) { "It would make {n} new event.", "It would make {n} new events." },
        ru: plural(n) { "Получится {n} новое событие.", "Получится {n} новых события.", "Получится {n} новых событий." },
    }
    failed { en: "It did not come to its end.", ru: "До конца не дошло." }
    go_on { en: "Import these files", ru: "Загрузить эти файлы" }
    to_accounts { en: "To the accounts", ru: "К клиентам" }
    nothing_at_hand { en: "No export at hand?", ru: "Выгрузки нет под рукой?" }
    sample_text { en: "A real sample export of Salesforce: some accounts, contacts and tasks.", ru: "Настоящий пример выгрузки Salesforce: немного клиентов, контактов и задач." }
    load_sample { en: "Load the sample", ru: "Загрузить пример" }
    demo_text { en: "Or a company with years of history. A program makes it up: nobody in it exists. The same seed makes the same company.", ru: "Или компания с многолетней историей. Её придумывает программа: никого из этих людей нет. С тем же начальным числом получится та же компания." }
    language { en: "Language", ru: "Язык" }
    how_many { en: "Events", ru: "Событий" }
    seed_number { en: "Seed", ru: "Начальное число" }
    generate { en: "Generate a company", ru: "Придумать компанию" }
    so_far { en: "Imports so far", ru: "Что уже загружено" }
    none_yet { en: "Nothing was imported yet.", ru: "Пока ничего не загружали." }
    source { en: "Source", ru: "Источник" }
    who { en: "By whom", ru: "Кто" }
    at_when { en: "When", ru: "Когда" }
    state { en: "State", ru: "Состояние" }
    taken { en: "Accepted", ru: "Принято" }
    unfinished { en: "not finished", ru: "не закончена" }
    finished { en: "imported", ru: "загружена" }
    taken_back { en: "taken back", ru: "отменена" }
    take_back { en: "Take back", ru: "Отменить" }
    take_back_text { en: "Everything that came with it disappears from all pages. The log keeps it.", ru: "Всё, что пришло с этой загрузкой, исчезнет со всех страниц. В журнале оно останется." }
    with_entries { en: "Also what was made on top of it since", ru: "Вместе с записями, сделанными поверх неё" }
    action { en: "Action", ru: "Действие" }
    done { en: "Imported.", ru: "Загружено." }
    busy { en: "Another import is running. Wait for its end, then send yours again.", ru: "Уже идёт другая загрузка. Дождитесь её конца и отправьте свою ещё раз." }
    no_files { en: "No table was among the files. Choose files that end in .csv, as Salesforce exports them.", ru: "Среди файлов нет таблиц. Выберите файлы .csv, как их выгружает Salesforce." }
    broken { en: "The upload broke off, or the server cannot write to its disk. Nothing was imported; send the files again.", ru: "Отправка прервалась или сервер не может записать на диск. Ничего не загружено; отправьте файлы ещё раз." }
    too_large { en: "The files are too large for an upload. Import them on the server: twofront import salesforce FOLDER.", ru: "Файлы слишком велики для отправки. Загрузите их на сервере: twofront import salesforce ПАПКА." }
    gone { en: "These files are not here any more. Upload them again.", ru: "Этих файлов здесь уже нет. Отправьте их ещё раз." }
    numbers { en: "Write whole numbers: from 1 to 1,000,000 events, and any seed.", ru: "Напишите целые числа: от 1 до 1 000 000 событий и любое начальное число." }
}

/// How often an open page asks how far a running import is: a check records nothing that would tell.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// The import page asks for nothing in particular.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ask {}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ImportPage {
    pub now: Timestamp,
    pub seed: Uuid,
    /// Colleagues and imports only.
    pub directory: Directory,
    pub importing: Importing,
    is_stale: bool,
}

impl Query for Ask {
    type Page = ImportPage;

    fn answer(&self, reader: &dyn Reader) -> Result<ImportPage, Trouble> {
        let viewer = reader.viewer();
        if !policy::administers(viewer.role) {
            return Err(Trouble::NotAllowed);
        }
        // Before the views: an import that ends in between is then in both, not in neither.
        let importing = reader.importing();
        let mut directory = Directory::default();
        reader.company(&mut |company| {
            directory = Directory {
                position: company.directory.position,
                colleagues: company.directory.colleagues.clone(),
                imports: company.directory.imports.clone(),
                ..Directory::default()
            };
        });
        let (now, seed) = (viewer.now, viewer.seed);
        Ok(ImportPage { now, seed, directory, importing, is_stale: false })
    }

    fn address(&self) -> String {
        "import".to_owned()
    }
}

impl Follow for ImportPage {
    fn position(&self) -> u64 {
        self.directory.position
    }

    fn fold(&mut self, record: &Record) {
        self.directory.fold(record);
        self.is_stale = matches!(record.event, Event::Import(..));
    }

    fn is_stale(&self) -> bool {
        self.is_stale
    }

    fn ask_again_in(&self) -> Option<Duration> {
        self.importing.running.is_some().then_some(LOOK_EVERY)
    }
}

#[component]
pub fn Import() -> impl IntoView {
    page(Ask::default, move |model| model.with_untracked(|model| view! { <Loaded model=model.clone() /> }))
}

#[component]
fn Loaded(model: ImportPage) -> impl IntoView {
    let lang = use_lang();
    let zone = use_viewer().map_or_else(Zone::utc, |viewer| viewer.zone);
    let ImportPage { now, seed, directory, importing, .. } = model;
    let Importing { running, last, refused: kept } = importing;
    let is_empty = directory.imports.is_empty();
    let is_idle = running.is_none();
    // Whoever has just tried their own files does not want a sample.
    let is_new = is_empty && last.is_none();
    view! {
        <Title text=title(lang) />
        <header class="page-head">
            <h1>{title(lang)}</h1>
            <p class="subtitle">{subtitle(lang)}</p>
        </header>
        <Answer />
        {running.map(|running| view! { <Progress running /> })}
        {last.map(|last| view! { <Result last /> })}
        {is_idle
            .then(|| {
                view! {
                    {is_new.then(|| view! { <WithoutExport /> })}
                    <Upload />
                    {(!is_new).then(|| view! { <WithoutExport /> })}
                }
            })}
        <section class="card">
            <header>
                <h2>{so_far(lang)}</h2>
            </header>
            {if is_empty {
                view! { <p class="muted">{none_yet(lang)}</p> }.into_any()
            } else {
                let lines = batches(&directory.imports)
                    .into_iter()
                    .map(|(id, batch)| {
                        let by = directory.colleague(batch.by, lang).to_owned();
                        let refused_in = kept.get(&id).cloned().unwrap_or_default();
                        view! { <BatchRow id batch by refused_in now zone=zone.clone() seed /> }
                    })
                    .collect_view();
                view! {
                    <div class="scroll" role="region" aria-label=so_far(lang) tabindex="0">
                        <table class="table stacks">
                            <thead>
                                <tr>
                                    <th scope="col">{source(lang)}</th>
                                    <th scope="col">{at_when(lang)}</th>
                                    <th scope="col">{who(lang)}</th>
                                    <th scope="col">{state(lang)}</th>
                                    <th scope="col" class="n">
                                        {taken(lang)}
                                    </th>
                                    <th scope="col" class="n">
                                        {refused(lang)}
                                    </th>
                                    <th scope="col">
                                        <span class="sr">{action(lang)}</span>
                                    </th>
                                </tr>
                            </thead>
                            <tbody>{lines}</tbody>
                        </table>
                    </div>
                }
                    .into_any()
            }}
        </section>
    }
}

/// The imports, the newest first.
fn batches(imports: &BTreeMap<ImportId, Batch>) -> Vec<(ImportId, Batch)> {
    let mut batches: Vec<_> = imports.iter().map(|(id, batch)| (*id, batch.clone())).collect();
    batches.sort_by_key(|(id, batch)| std::cmp::Reverse((batch.started, *id)));
    batches
}

/// What became of the form that led here.
#[component]
fn Answer() -> impl IntoView {
    let lang = use_lang();
    let query = use_query_map();
    move || {
        let why = query.with(|query| query.get("refused")).and_then(|code| {
            Some(match code.as_str() {
                "busy" => busy(lang),
                "no-files" => no_files(lang),
                "broken" => broken(lang),
                "too-large" => too_large(lang),
                "gone" => gone(lang),
                "numbers" => numbers(lang),
                _ => return None,
            })
        });
        if let Some(why) = why {
            return view! {
                <div class="notice error" role="alert">
                    <Icon name="warning" />
                    <p>{why}</p>
                </div>
            }
            .into_any();
        }
        let is_done = query.with(|query| query.get("done")).is_some();
        is_done
            .then(|| {
                view! {
                    <div class="notice ok" role="status">
                        <Icon name="check" />
                        <div class="row">
                            <p>{done(lang)}</p>
                            <a class="button small" href="/">
                                {to_accounts(lang)}
                            </a>
                        </div>
                    </div>
                }
            })
            .into_any()
    }
}

#[component]
fn Progress(running: Running) -> impl IntoView {
    let lang = use_lang();
    let heading = if running.is_trial { checking_now(lang) } else { running_now(lang) };
    let read = rows_read(lang, running.rows);
    let on = (!running.file.is_empty()).then(|| of_file(lang, &running.file));
    let words =
        [Some(called(&running.source, lang)), Some(read), on].into_iter().flatten().collect::<Vec<_>>().join(" · ");
    // Before the size is known the bar only says that something goes on.
    let (value, max) = if running.of > 0 { (Some(running.done), Some(running.of)) } else { (None, None) };
    view! {
        <section class="card" aria-labelledby="running">
            <header>
                <h2 id="running">{heading}</h2>
                <a href="/import" rel="external">
                    {look_again(lang)}
                </a>
            </header>
            <div class="stack tight">
                <progress class="progress" value=value max=max aria-labelledby="running"></progress>
                <p class="small muted" role="status">
                    {words}
                </p>
            </div>
        </section>
    }
}

#[component]
fn Result(last: Outcome) -> impl IntoView {
    let lang = use_lang();
    let Outcome { source: from, is_trial, files: counts, events, notes, failed: why, can_go_on, .. } = last;
    let heading = if is_trial { result_trial(lang) } else { result(lang) };
    let sum = |of: fn(&crate::read::FileCount) -> u64| counts.iter().map(of).sum::<u64>();
    let all_refused = sum(|file| file.refused);
    let totals = [
        sum(|file| file.rows),
        sum(|file| file.accepted),
        sum(|file| file.unchanged),
        sum(|file| file.ignored),
        all_refused,
    ];
    let has_files = !counts.is_empty();
    let kept: Vec<_> = counts.iter().filter_map(|file| Some((file.name.clone(), file.refused_at.clone()?))).collect();
    let lines = counts
        .iter()
        .map(|file| {
            view! {
                <tr>
                    <th scope="row">{file.name.clone()}</th>
                    <td class="n" data-label=rows(lang)>
                        {when::number(file.rows, lang)}
                    </td>
                    <td class="n" data-label=accepted(lang)>
                        {when::number(file.accepted, lang)}
                    </td>
                    <td class="n" data-label=unchanged(lang)>
                        {when::number(file.unchanged, lang)}
                    </td>
                    <td class="n" data-label=ignored(lang)>
                        {when::number(file.ignored, lang)}
                    </td>
                    <td class="n" data-label=refused(lang)>
                        {when::number(file.refused, lang)}
                    </td>
                </tr>
            }
        })
        .collect_view();
    let table = has_files.then(|| {
        view! {
            <div class="scroll" role="region" aria-label=heading tabindex="0">
                <table class="table">
                    <thead>
                        <tr>
                            <th scope="col">{file(lang)}</th>
                            <th class="n" scope="col">
                                {rows(lang)}
                            </th>
                            <th class="n" scope="col">
                                {accepted(lang)}
                            </th>
                            <th class="n" scope="col">
                                {unchanged(lang)}
                            </th>
                            <th class="n" scope="col">
                                {ignored(lang)}
                            </th>
                            <th class="n" scope="col">
                                {refused(lang)}
                            </th>
                        </tr>
                    </thead>
                    <tbody>{lines}</tbody>
                    <tfoot>
                        <tr>
                            <th scope="row">{all(lang)}</th>
                            {totals.map(|total| view! { <td class="n">{when::number(total, lang)}</td> }).collect_view()}
                        </tr>
                    </tfoot>
                </table>
            </div>
        }
    });
    let is_failed = why.is_some();
    let said = (!is_failed).then(|| if is_trial { events_would(lang, events) } else { events_made(lang, events) });
    view! {
        <section class="card" aria-labelledby="result">
            <header>
                <h2 id="result">{heading}</h2>
                <span class="small muted">{called(&from, lang)}</span>
            </header>
            <div class="stack">
                {why
                    .map(|why| {
                        view! {
                            <div class="notice error" role="alert">
                                <Icon name="warning" />
                                <div>
                                    <p>{failed(lang)}</p>
                                    <p>{why.say(lang).to_owned()}</p>
                                </div>
                            </div>
                        }
                    })}
                {table}
                {said.map(|said| view! { <p>{said}</p> })}
                {(all_refused > 0)
                    .then(|| {
                        view! {
                            <div class="notice warn">
                                <Icon name="warning" />
                                <p>
                                    {refused_rows(lang, all_refused)}
                                    {(!kept.is_empty()).then(|| view! { " " {download(lang)} ": " })}
                                    {kept
                                        .into_iter()
                                        .enumerate()
                                        .map(|(at, (table, address))| {
                                            view! {
                                                {(at > 0).then_some(", ")}
                                                <a href=address rel="external" download="">
                                                    {table}
                                                </a>
                                            }
                                        })
                                        .collect_view()}
                                </p>
                            </div>
                        }
                    })}
                {(!notes.is_empty())
                    .then(|| {
                        view! {
                            <ul class="items small">
                                {notes.iter().map(|note| view! { <li>{note.say(lang).to_owned()}</li> }).collect_view()}
                            </ul>
                        }
                    })}
                {can_go_on
                    .then(|| {
                        view! {
                            <form method="post" action="/import/checked">
                                <button class="button primary" type="submit">
                                    {go_on(lang)}
                                </button>
                            </form>
                        }
                    })}
            </div>
        </section>
    }
}

#[component]
fn Upload() -> impl IntoView {
    let lang = use_lang();
    view! {
        <form class="form" method="post" action="/import" enctype="multipart/form-data" aria-label=files(lang)>
            <div class="file">
                <label for="files">
                    <b>{files(lang)}</b>
                </label>
                <p class="hint" id="files-h">
                    {files_hint(lang)}
                </p>
                <input id="files" name="files" type="file" accept=".csv,text/csv" multiple required aria-describedby="files-h" />
            </div>
            <div class="row">
                <button class="button" type="submit">
                    <Icon name="upload" />
                    {send(lang)}
                </button>
                <label class="check">
                    <input type="checkbox" name="trial" value="yes" checked=true />
                    <span>{trial(lang)}</span>
                </label>
            </div>
        </form>
    }
}

/// What there is for somebody who only wants to look.
#[component]
fn WithoutExport() -> impl IntoView {
    let lang = use_lang();
    let langs = LANGS.map(|one: Lang| (one.code().to_owned(), own_name(one).to_owned())).to_vec();
    view! {
        <section class="card">
            <header>
                <h2>{nothing_at_hand(lang)}</h2>
            </header>
            <div class="stack">
                <form class="stack tight" method="post" action="/import/sample">
                    <p>{sample_text(lang)}</p>
                    <div>
                        <button class="button" type="submit">
                            {load_sample(lang)}
                        </button>
                    </div>
                </form>
                <form class="form" method="post" action="/import/demo">
                    <p>{demo_text(lang)}</p>
                    <div class="fields">
                        <Select form="demo" name="lang" label=language(lang) choices=langs value=lang.code() />
                        <Field form="demo" name="events" label=how_many(lang) kind=Kind::Number value="10000" required=true />
                        <Field
                            form="demo"
                            name="seed"
                            label=seed_number(lang)
                            kind=Kind::Number
                            value="7"
                            required=true
                        />
                    </div>
                    <div>
                        <button class="button" type="submit">
                            <Icon name="generated" />
                            {generate(lang)}
                        </button>
                    </div>
                </form>
            </div>
        </section>
    }
}

#[component]
fn BatchRow(
    id: ImportId,
    batch: Batch,
    by: String,
    /// The tables whose refused rows are kept.
    refused_in: Vec<String>,
    now: Timestamp,
    zone: Zone,
    seed: Uuid,
) -> impl IntoView {
    let lang = use_lang();
    let started = Occurred::At(batch.started);
    let day = when::near_day(zone.day(started), zone.day(Occurred::At(now)), lang);
    let day = format!("{day}, {}", when::clock(started, &zone));
    let exact = when::exact(started, &zone, lang);
    let stands = match (batch.taken_back, batch.finished) {
        (true, _) => taken_back(lang),
        (false, Some(_)) => finished(lang),
        (false, None) => unfinished(lang),
    };
    let (accepted_rows, refused_rows) = batch.finished.unzip();
    let name = called(&batch.source, lang);
    let kept = refused_in
        .into_iter()
        .map(|table| {
            let address = format!("/import/{id}/refused/{table}");
            view! {
                " "
                <a href=address rel="external" download="" title=download(lang)>
                    {table}
                </a>
            }
        })
        .collect_view();
    let can_go = !batch.taken_back;
    view! {
        <tr>
            <th scope="row">{name}</th>
            <td data-label=at_when(lang)>
                <time datetime=batch.started.to_string() title=exact>
                    {day}
                </time>
            </td>
            <td data-label=who(lang)>{by}</td>
            <td data-label=state(lang)>
                <span class="chip">{stands}</span>
            </td>
            <td class="n" data-label=taken(lang)>
                {accepted_rows}
            </td>
            <td class="n" data-label=refused(lang)>
                {refused_rows} {kept}
            </td>
            <td class="wide plain">
                {can_go
                    .then(|| {
                        view! {
                            <details class="unfold" {..open_if(is_refused_about(&Stream::from(id).to_string()))}>
                                <summary>{take_back(lang)}</summary>
                                <CommandForm
                                    what="import.take_back"
                                    on=Stream::from(id).to_string()
                                    seed=seed
                                    back="/import"
                                    class="stack tight"
                                >
                                    <p class="small muted">{take_back_text(lang)}</p>
                                    <label class="check on-refusal">
                                        <input type="checkbox" name="with_entries" value="yes" />
                                        <span>{with_entries(lang)}</span>
                                    </label>
                                    <div>
                                        <button class="button danger" type="submit">
                                            {take_back(lang)}
                                        </button>
                                    </div>
                                </CommandForm>
                            </details>
                        }
                    })}
            </td>
        </tr>
    }
}
