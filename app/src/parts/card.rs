//! A handoff as a card: what is asked, between whom, how it stands against its promise, and every
//! answer that the viewer can give, right there.

use std::collections::BTreeMap;

use jiff::Timestamp;
use leptos::prelude::*;
use shared::ids::{ColleagueId, EventRef, HandoffId, Stream};
use shared::record::Record;
use shared::views::board::{Answers, Bar, Card, Stage};
use shared::views::directory::forgotten;
use shared::views::{Board, Directory};
use shared::words::Occurred;
use uuid::Uuid;

use super::Icon;
use super::entry::{Chip, cause_words};
use super::fields::{CommandForm, Field, Kind, Select, form_name, is_refused, open_if};
use super::parties::PartySelect;
use crate::address::{query, with_query};
use crate::text::{Lang, use_lang};
use crate::when::{self, Zone};

crate::texts! {
    between(from: &str, to: &str) { en: "{from} → {to}", ru: "{from} → {to}" }
    offered_on(day: &str) { en: "offered {day}", ru: "предложено: {day}" }
    accepted_by(who: &str, day: &str) { en: "accepted by {who}, {day}", ru: "принято: {who}, {day}" }
    declined_by(who: &str, day: &str) { en: "declined by {who}, {day}", ru: "отклонено: {who}, {day}" }
    returned_by(who: &str, day: &str) { en: "returned by {who}, {day}", ru: "возвращено: {who}, {day}" }
    completed_by(who: &str, day: &str) { en: "completed by {who}, {day}", ru: "выполнено: {who}, {day}" }
    withdrawn_on(day: &str) { en: "withdrawn {day}", ru: "отозвано: {day}" }
    quoted(text: &str) { en: "“{text}”", ru: "«{text}»" }
    escalated_to(who: &str) { en: "escalated to {who}", ru: "эскалировано: {who}" }
    orphan { en: "nobody is left to answer", ru: "отвечать больше некому" }
    overdue(days: u64) {
        en: plural(days) { "{days} day overdue", "{days} days overdue" },
        ru: plural(days) { "просрочено на {days} день", "просрочено на {days} дня", "просрочено на {days} дней" },
    }
    by_day(day: &str) { en: "by\u{a0}{day}", ru: "до\u{a0}{day}" }
    days_left(days: u64) {
        en: plural(days) { "{days}\u{a0}day left", "{days}\u{a0}days left" },
        ru: plural(days) { "остался {days}\u{a0}день", "осталось {days}\u{a0}дня", "осталось {days}\u{a0}дней" },
    }
    due_today { en: "due today", ru: "срок сегодня" }
    no_day(days: u64) {
        en: plural(days) { "open for {days} day, no date", "open for {days} days, no date" },
        ru: plural(days) { "открыта {days} день, без срока", "открыта {days} дня, без срока", "открыта {days} дней, без срока" },
    }
    no_day_yet { en: "offered today, no date", ru: "предложено сегодня, без срока" }
    path_of { en: "Who has had it", ru: "У кого побывала" }
    earlier_cause { en: "because of an earlier entry", ru: "повод: запись раньше" }
    accept { en: "Accept", ru: "Принять" }
    take_over { en: "Take over", ru: "Взять на себя" }
    decline { en: "Decline", ru: "Отклонить" }
    complete { en: "Complete", ru: "Завершить" }
    give_back { en: "Return", ru: "Вернуть" }
    escalate { en: "Escalate", ru: "Эскалировать" }
    withdraw { en: "Withdraw", ru: "Отозвать" }
    offer_anew { en: "Offer anew", ru: "Предложить заново" }
    why { en: "Why?", ru: "Почему?" }
    result { en: "What came of it?", ru: "Что получилось?" }
    to_whom { en: "Who should see to it?", ru: "Кто поможет решить?" }
    choose_colleague { en: "Choose a colleague", ru: "Выберите сотрудника" }
    what { en: "What is asked", ru: "Что нужно сделать" }
    to { en: "To whom", ru: "Кому" }
    due { en: "By when", ru: "Срок" }
    of_what(verb: &str, what: &str) { en: "{verb}: {what}", ru: "{verb}: {what}" }
}

/// A card as it is drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    /// The place in the page that links lead to.
    pub id: String,
    /// Changes when the card does.
    pub key: String,
    pub stream: String,
    pub revision: u64,
    pub what: String,
    pub account: String,
    pub account_href: String,
    pub account_id: String,
    pub between: String,
    pub stage: String,
    pub chips: Vec<Chip>,
    pub due: Due,
    /// Who has had it, where it went back and forth.
    pub path: Vec<String>,
    pub because: Option<(String, String)>,
    /// What led to it, as forms say it.
    pub cause: String,
    pub answers: Answers,
    pub is_orphan: bool,
    /// To whom it was offered and by when, to offer it anew; a day that has passed is not asked for again.
    pub to: String,
    pub due_field: String,
}

/// How a card stands against its promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    pub bar: Option<Bar>,
    pub late: Option<String>,
    pub text: String,
}

/// What a card needs to know to read well.
#[derive(Clone, Copy)]
pub struct Reading<'a> {
    pub directory: &'a Directory,
    pub board: &'a Board,
    /// What led to the handoffs, as far as it was read.
    pub causes: &'a BTreeMap<EventRef, Record>,
    pub me: ColleagueId,
    pub zone: &'a Zone,
    pub now: Timestamp,
    pub lang: Lang,
}

impl Reading<'_> {
    #[must_use]
    pub fn show(&self, id: HandoffId, card: &Card) -> Shown {
        let Self { directory, board, me, lang, .. } = *self;
        let is_orphan = board.is_orphaned(card);
        let today = self.zone.day(Occurred::At(self.now));
        let mut chips = Vec::new();
        if is_orphan {
            chips.push(Chip { class: "strong", icon: Some("orphan"), text: orphan(lang).to_owned() });
        }
        if let Some(said) = card.said.as_ref().filter(|_| !card.has_ended()) {
            let icon = match card.stage {
                Stage::Declined { .. } => "decline",
                Stage::Returned { .. } => "return",
                Stage::Offered | Stage::Accepted { .. } | Stage::Completed { .. } | Stage::Withdrawn => "flag",
            };
            let class = if matches!(card.stage, Stage::Declined { .. } | Stage::Returned { .. }) { "bad" } else { "" };
            chips.push(Chip { class, icon: Some(icon), text: quoted(lang, said.as_str()) });
        }
        for to in &card.escalated {
            let text = escalated_to(lang, directory.colleague(*to, lang));
            chips.push(Chip { class: "strong", icon: Some("escalate"), text });
        }
        let path = if card.goes_back_and_forth() {
            card.path.iter().map(|party| directory.party(*party, lang).to_owned()).collect()
        } else {
            vec![]
        };
        Shown {
            id: format!("h{id}"),
            key: format!("{id}@{} {is_orphan}", card.revision),
            stream: Stream::from(id).to_string(),
            revision: card.revision,
            what: card.words.known().map_or_else(|| forgotten(lang).to_owned(), |words| words.what.to_string()),
            account: directory.account(card.account, lang).to_owned(),
            account_href: format!("/accounts/{}", card.account),
            account_id: card.account.to_string(),
            between: between(lang, directory.colleague(card.from, lang), directory.party(card.to, lang)),
            stage: self.stage(card),
            chips,
            due: self.due(card),
            path,
            because: card.cause.map(|cause| self.because(cause, card)),
            cause: card.cause.map(|cause| cause.to_string()).unwrap_or_default(),
            answers: board.answers(card, me),
            is_orphan,
            to: Stream::from(card.to).to_string(),
            due_field: card.due.filter(|due| *due >= today).map(|due| due.to_string()).unwrap_or_default(),
        }
    }

    /// How it stands, since when, and by whose hand.
    #[must_use]
    pub fn stage(&self, card: &Card) -> String {
        let Self { directory, zone, now, lang, .. } = *self;
        let today = zone.day(Occurred::At(now));
        let day = when::near_day(zone.day(Occurred::At(card.since)), today, lang);
        let who = |by| directory.colleague(by, lang);
        match card.stage {
            Stage::Offered => offered_on(lang, &day),
            Stage::Accepted { by } => accepted_by(lang, who(by), &day),
            Stage::Declined { by } => declined_by(lang, who(by), &day),
            Stage::Returned { by } => returned_by(lang, who(by), &day),
            Stage::Completed { by } => completed_by(lang, who(by), &day),
            Stage::Withdrawn => withdrawn_on(lang, &day),
        }
    }

    /// How it stands against its promise.
    #[must_use]
    pub fn due(&self, card: &Card) -> Due {
        let Self { zone, now, lang, .. } = *self;
        let calendar = zone.calendar(now);
        let (Some(due), Some(bar)) = (card.due, card.bar(&calendar)) else {
            let text = match card.days_open(&calendar) {
                0 => no_day_yet(lang).to_owned(),
                days => no_day(lang, days),
            };
            return Due { bar: None, late: None, text };
        };
        let late = card.is_overdue(&calendar).then(|| overdue(lang, card.days_overdue(&calendar)));
        let day = by_day(lang, &when::short_day(due, calendar.today, lang));
        // What is left says enough also where no bar shows what has passed.
        let text = match calendar.days_until(Occurred::On(calendar.today), due) {
            _ if due == calendar.today => due_today(lang).to_owned(),
            0 => day,
            left => format!("{day} · {}", days_left(lang, left)),
        };
        Due { bar: Some(bar), late, text }
    }

    fn because(&self, cause: EventRef, card: &Card) -> (String, String) {
        let Self { zone, now, lang, .. } = *self;
        match self.causes.get(&cause) {
            Some(record) => {
                let href = format!("/accounts/{}#e{}", card.account, record.position);
                (href, cause_words(record, zone, now, lang))
            }
            None => (format!("/events?stream={}", cause.stream), earlier_cause(lang).to_owned()),
        }
    }
}

/// Who can be chosen on a card: those who lead, and everybody whom work can be offered to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choices {
    pub leads: Vec<(String, String)>,
    pub units: Vec<(String, String)>,
    pub colleagues: Vec<(String, String)>,
}

/// A card with the answers that the viewer can give. `back` is the page that its forms come back to.
#[component]
pub fn HandoffCard(
    shown: Shown,
    seed: Uuid,
    #[prop(into)] back: String,
    choices: Choices,
    writes: bool,
) -> impl IntoView {
    let class = if shown.is_orphan { "handoff orphan" } else { "handoff" };
    let actions = writes.then(|| view! { <Actions shown=shown.clone() seed back choices /> });
    view! {
        <li class=class id=shown.id>
            <h3 class="what">{shown.what}</h3>
            <div class="from">
                <a href=shown.account_href>{shown.account}</a>
                <span>{shown.between}</span>
                <span>{shown.stage}</span>
            </div>
            {(!shown.chips.is_empty())
                .then(|| {
                    view! {
                        <div class="chips">
                            {shown
                                .chips
                                .into_iter()
                                .map(|chip| {
                                    view! {
                                        <span class=format!("chip {}", chip.class)>
                                            {chip.icon.map(|icon| view! { <Icon name=icon /> })}
                                            {chip.text}
                                        </span>
                                    }
                                })
                                .collect_view()}
                        </div>
                    }
                })}
            <DueBar due=shown.due />
            <Path path=shown.path />
            {shown
                .because
                .map(|(href, text)| {
                    view! {
                        <a class="because" href=href>
                            <Icon name="because" />
                            <span>{text}</span>
                        </a>
                    }
                })}
            {actions}
        </li>
    }
}

/// The time from the offer to the promise as a bar, and in words.
#[component]
pub fn DueBar(due: Due) -> impl IntoView {
    let class = if due.late.is_some() { "due late" } else { "due" };
    let Some(bar) = due.bar else {
        return view! { <p class="small muted">{due.text}</p> }.into_any();
    };
    view! {
        <div class=class>
            <svg class="age" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
                <rect class="track" width="100" height="6" />
                <rect class="spent" width=bar.spent.to_string() height="6" />
                {(bar.over > 0).then(|| view! { <rect class="over" x=bar.promise.to_string() width=bar.over.to_string() height="6" /> })}
                <line class="promise" x1=bar.promise.to_string() x2=bar.promise.to_string() y1="0" y2="6" />
            </svg>
            <span>
                {due.late.map(|late| view! { <b>{late}</b> " · " })}
                {due.text}
            </span>
        </div>
    }
    .into_any()
}

#[component]
fn Path(path: Vec<String>) -> impl IntoView {
    let lang = use_lang();
    (!path.is_empty()).then(|| {
        view! {
            <ol class="pingpong" aria-label=path_of(lang)>
                {path.into_iter().map(|one| view! { <li>{one}</li> }).collect_view()}
            </ol>
        }
    })
}

#[component]
fn Actions(shown: Shown, seed: Uuid, back: String, choices: Choices) -> impl IntoView {
    let lang = use_lang();
    let Answers {
        answer,
        take_over: may_take_over,
        finish,
        escalate: may_escalate,
        withdraw: may_withdraw,
        offer_anew: may_offer,
    } = shown.answers;
    let accepting_says = if may_take_over { take_over(lang) } else { accept(lang) };
    if shown.answers == Answers::default() {
        return ().into_any();
    }
    // The next state of the card is another set of commands.
    let seed = Uuid::new_v5(&seed, shown.key.as_bytes());
    let Choices { leads, units, colleagues } = choices;
    let common = Common { stream: shown.stream.clone(), seen: shown.revision, seed, back, what: shown.what.clone() };
    let accepting = common.clone();
    let words = |what, verb, ask, name, primary| {
        view! { <Words common=common.clone() command=what verb=verb ask=ask name=name primary=primary /> }
    };
    view! {
        <div class="row">
            {(answer || may_take_over)
                .then(|| {
                    view! {
                        <CommandForm
                            what="handoff.accept"
                            on=accepting.stream.clone()
                            seen=accepting.seen
                            seed=seed
                            back=accepting.back.clone()
                            class="inline"
                        >
                            <button class="button small" type="submit" aria-label=of_what(lang, accepting_says, &accepting.what)>
                                <Icon name="accept" />
                                {accepting_says}
                            </button>
                        </CommandForm>
                    }
                })}
            {answer.then(|| words("handoff.decline", decline(lang), why(lang), "reason", false))}
            {finish.then(|| words("handoff.complete", complete(lang), result(lang), "result", true))}
            {finish.then(|| words("handoff.return", give_back(lang), why(lang), "reason", false))}
            {may_offer.then(|| view! { <OfferAnew common=common.clone() shown=shown.clone() units colleagues /> })}
            {may_escalate.then(|| view! { <Escalate common=common.clone() leads /> })}
            {may_withdraw.then(|| words("handoff.withdraw", withdraw(lang), why(lang), "reason", false))}
        </div>
    }
    .into_any()
}

/// From so many colleagues on, a list of them on every card would weigh more than all the cards: then
/// a handoff is offered anew on a page of its own.
const MOST_CHOICES: usize = 100;

/// What all forms of one card have in common.
#[derive(Clone)]
struct Common {
    stream: String,
    seen: u64,
    seed: Uuid,
    back: String,
    what: String,
}

/// An answer that needs a sentence.
#[component]
fn Words(
    common: Common,
    command: &'static str,
    verb: &'static str,
    ask: &'static str,
    name: &'static str,
    primary: bool,
) -> impl IntoView {
    let lang = use_lang();
    let Common { stream, seen, seed, back, what } = common;
    let form = form_name(command, Some(&stream));
    let is_open = is_refused(&form);
    let label = of_what(lang, verb, &what);
    view! {
        <details class="unfold" data-close="" {..open_if(is_open)}>
            <summary class="button small" class:quiet=!primary>{verb}</summary>
            <CommandForm what=command on=stream seen=seen seed=seed back=back class="form" keep=true label=label>
                <Field form=form name=name label=ask kind=Kind::Text class="line" required=true />
                <div class="row">
                    <button class="button small" type="submit">
                        {verb}
                    </button>
                </div>
            </CommandForm>
        </details>
    }
}

#[component]
fn Escalate(common: Common, leads: Vec<(String, String)>) -> impl IntoView {
    let lang = use_lang();
    let Common { stream, seen, seed, back, what } = common;
    let form = form_name("handoff.escalate", Some(&stream));
    let is_open = is_refused(&form);
    let label = of_what(lang, escalate(lang), &what);
    view! {
        <details class="unfold" data-close="" {..open_if(is_open)}>
            <summary class="button small quiet">{escalate(lang)}</summary>
            <CommandForm what="handoff.escalate" on=stream seen=seen seed=seed back=back class="form" keep=true label=label>
                <Select form=form.clone() name="to" label=to_whom(lang) choices=leads empty=choose_colleague(lang) required=true />
                <Field form=form name="reason" label=why(lang) kind=Kind::Text class="line" required=true />
                <div class="row">
                    <button class="button small" type="submit">
                        {escalate(lang)}
                    </button>
                </div>
            </CommandForm>
        </details>
    }
}

#[component]
fn OfferAnew(
    common: Common,
    shown: Shown,
    units: Vec<(String, String)>,
    colleagues: Vec<(String, String)>,
) -> impl IntoView {
    let lang = use_lang();
    let Common { stream, seen, seed, back, .. } = common;
    if colleagues.len() > MOST_CHOICES {
        let again = stream.rsplit('/').next().unwrap_or_default().to_owned();
        let address = with_query("/handoffs/new", &query([("again", Some(again)), ("back", Some(back))]));
        return view! {
            <a class="button small" href=address>
                {offer_anew(lang)}
            </a>
        }
        .into_any();
    }
    let form = form_name("handoff.offer", Some(&stream));
    let is_open = is_refused(&form);
    let label = of_what(lang, offer_anew(lang), &shown.what);
    view! {
        <details class="unfold" data-close="" {..open_if(is_open)}>
            <summary class="button small">{offer_anew(lang)}</summary>
            <CommandForm what="handoff.offer" on=stream seen=seen seed=seed back=back class="form" keep=true label=label>
                <input type="hidden" name="account" value=shown.account_id />
                <input type="hidden" name="because" value=shown.cause />
                <Field form=form.clone() name="what" label=what(lang) kind=Kind::Text class="line" value=shown.what required=true />
                <PartySelect form=form.clone() name="to" label=to(lang) units colleagues value=shown.to />
                <Field form=form name="due" label=due(lang) kind=Kind::Date value=shown.due_field />
                <div class="row">
                    <button class="button small" type="submit">
                        {offer_anew(lang)}
                    </button>
                </div>
            </CommandForm>
        </details>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::domain::Event;
    use shared::handoff::{Event as Handoff, Offer, Party, Why, Words};
    use shared::testkit::*;
    use shared::views::View;

    fn shown(facts: impl IntoIterator<Item = (ColleagueId, Event)>, me: ColleagueId, lang: Lang) -> Shown {
        let (mut directory, mut board) = (Directory::default(), Board::default());
        for record in history(company().into_iter().chain(facts)) {
            directory.fold(&record);
            board.fold(&record);
        }
        let causes = BTreeMap::new();
        let zone = Zone::utc();
        let reading =
            Reading { directory: &directory, board: &board, causes: &causes, me, zone: &zone, now: NOON, lang };
        reading.show(HANDOFF, board.open.get(&HANDOFF).unwrap())
    }

    fn offered(due: Option<&str>) -> (ColleagueId, Event) {
        let personal = Words { what: promise("Check the papers") }.into();
        let due = due.map(|day| day.parse().unwrap());
        (
            KIRA,
            Event::Handoff(
                HANDOFF,
                Handoff::Offered(Offer { account: NORTHWIND, to: Party::Unit(LOGISTICS), due, personal }),
            ),
        )
    }

    #[test]
    fn a_card_says_who_asks_whom_and_by_when() {
        let card = shown([offered(Some("2026-06-08"))], LEV, Lang::En);
        assert_eq!((card.what.as_str(), card.account.as_str()), ("Check the papers", "Northwind"));
        assert_eq!((card.between.as_str(), card.stage.as_str()), ("Kira Volkova → Logistics", "offered today"));
        assert_eq!(card.due.text, "by\u{a0}8\u{a0}Jun · 7\u{a0}days left");
        assert!(card.answers.answer && card.path.is_empty() && card.due.late.is_none());
    }

    #[test]
    fn what_is_left_is_said_in_words_also_on_the_first_day_and_the_last() {
        let due = |day, lang| shown([offered(day)], LEV, lang).due.text;
        assert_eq!(due(Some("2026-06-02"), Lang::Ru), "до\u{a0}2\u{a0}июня · остался 1\u{a0}день");
        assert_eq!(due(Some("2026-06-01"), Lang::Ru), "срок сегодня");
        assert_eq!(due(None, Lang::Ru), "предложено сегодня, без срока");
        assert_eq!(due(None, Lang::En), "offered today, no date");
    }

    #[test]
    fn what_is_late_says_so_and_what_came_back_says_why() {
        let declined = Handoff::Declined { personal: Why { reason: reason("Нет времени") }.into() };
        let late = shown([offered(Some("2026-05-28"))], KIRA, Lang::Ru);
        assert_eq!(late.due.late.as_deref(), Some("просрочено на 4 дня"));
        let card = shown([offered(Some("2026-05-28")), (LEV, Event::Handoff(HANDOFF, declined))], KIRA, Lang::Ru);
        assert_eq!((card.due.late, card.due_field.as_str()), (None, ""), "nobody promised it");
        let chips: Vec<_> = card.chips.iter().map(|chip| (chip.class, chip.text.as_str())).collect();
        assert_eq!(chips, [("bad", "«Нет времени»")]);
        assert!(card.answers.offer_anew && !card.answers.answer);
    }

    #[test]
    fn what_is_stuck_can_be_taken_over_by_whom_it_was_escalated_to() {
        let escalated = Handoff::Escalated { to: ADA, personal: Why { reason: reason("No answer") }.into() };
        let stuck = [offered(None), (LEV, Event::Handoff(HANDOFF, Handoff::Accepted {}))];
        let card = shown(stuck.into_iter().chain([(KIRA, Event::Handoff(HANDOFF, escalated))]), ADA, Lang::En);
        assert!(card.answers.take_over && !card.answers.answer);
    }

    #[test]
    fn another_state_of_a_card_is_another_key() {
        let open = shown([offered(None)], LEV, Lang::En);
        let taken = shown([offered(None), (LEV, Event::Handoff(HANDOFF, Handoff::Accepted {}))], LEV, Lang::En);
        assert_ne!(open.key, taken.key);
        assert!(taken.answers.finish);
    }
}
