//! The laws: what holds for every history, tried on thousands of generated ones.
//!
//! The world is small on purpose (a few accounts, people, visits and handoffs), so that commands
//! meet: what one offers another answers, corrects, or takes back with its import. Nonsense histories
//! are any events in any order, as a damaged log or a foreign program could hold them.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeSet, HashMap};

use jiff::civil::{Date, date};
use jiff::{SignedDuration, Timestamp};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use serde_json::Value;
use shared::domain::{self, Command, Event, Rejection};
use shared::ids::{
    AccountId, ColleagueId, ContactId, HandoffId, ImportId, InteractionId, Slice, StepId, Stream, UnitId,
};
use shared::interaction::{Details, Step, StepWords, Words};
use shared::lang::Lang;
use shared::personal::Personal;
use shared::policy::Sight;
use shared::record::Record;
use shared::record::stored::{self, Sealed, Stored};
use shared::testkit::*;
use shared::words::{
    AccountName, BuyingRole, Channel, Email, Front, Influence, Initiator, Label, Mode, Occurred, PersonName, Phone,
    Place, Promise, Reason, Role, Sentiment, SourceKey, Summary, System, Tier, UnitName, Website,
};
use shared::{account, colleague, contact, handoff, import, interaction, unit};
use uuid::Uuid;

#[path = "support/desk.rs"]
mod desk;
use desk::{Ask, Desk, fold, sieve};

/// Everything personal that the generator says has this in it.
const MARK: &str = "Zaychik";

const STRANGER: ColleagueId = ColleagueId::from_uuid(Uuid::from_u128(0xC9));
/// Not founded yet when the wishes begin.
const BERLIN: UnitId = UnitId::from_uuid(Uuid::from_u128(0xD4));
/// Not introduced yet.
const VERA: ContactId = ContactId::from_uuid(Uuid::from_u128(0xB3));
const ANOTHER_BATCH: ImportId = ImportId::from_uuid(Uuid::from_u128(0x9A));
const ANOTHER_HANDOFF: HandoffId = HandoffId::from_uuid(Uuid::from_u128(0xF2));
const ANOTHER_STEP: StepId = StepId::from_uuid(Uuid::from_u128(0xEA));

// ---------------------------------------------------------------------------------------------
// The world.

fn units() -> impl Strategy<Value = UnitId> {
    select(&[SALES, LOGISTICS, ENGINEERING, BERLIN][..])
}

fn colleagues() -> impl Strategy<Value = ColleagueId> {
    select(&[ADA, KIRA, LEV, MAXIM, NINA, STRANGER][..])
}

fn accounts() -> impl Strategy<Value = AccountId> {
    select(&[NORTHWIND, CONTOSO, TAILSPIN][..])
}

fn contacts() -> impl Strategy<Value = ContactId> {
    select(&[ANNA, BORIS, VERA][..])
}

fn interactions() -> impl Strategy<Value = InteractionId> {
    select(&[VISIT, CALL][..])
}

fn handoffs() -> impl Strategy<Value = HandoffId> {
    select(&[HANDOFF, ANOTHER_HANDOFF][..])
}

fn steps() -> impl Strategy<Value = StepId> {
    select(&[STEP, ANOTHER_STEP][..])
}

fn imports() -> impl Strategy<Value = ImportId> {
    select(&[BATCH, ANOTHER_BATCH][..])
}

fn actors() -> impl Strategy<Value = ColleagueId> {
    prop_oneof![4 => Just(ADA), 4 => Just(KIRA), 3 => Just(LEV), 2 => Just(MAXIM), 1 => Just(NINA), 1 => Just(STRANGER),
        1 => Just(ColleagueId::TWOFRONT)]
}

fn days() -> impl Strategy<Value = Date> {
    select(vec![date(2026, 5, 20), date(2026, 6, 1), date(2026, 7, 31)])
}

fn moments() -> impl Strategy<Value = Occurred> {
    prop_oneof![
        4 => Just(Occurred::At(NOON)),
        1 => Just(Occurred::At(NOON - SignedDuration::from_hours(30 * 24))),
        1 => days().prop_map(Occurred::On),
    ]
}

/// A word that is nobody's secret.
fn open<T: std::fmt::Debug>(parse: fn(&str) -> T) -> impl Strategy<Value = T> {
    select(&["One", "Two"][..]).prop_map(parse)
}

/// A word that belongs to a person.
fn personal<T: std::fmt::Debug>(parse: fn(&str) -> T) -> impl Strategy<Value = T> {
    select(&["Anna", "Boris"][..]).prop_map(move |word| parse(&format!("{word} {MARK}")))
}

fn choice<T: Clone + std::fmt::Debug + 'static>(all: &'static [T]) -> impl Strategy<Value = Option<T>> {
    option::of(select(all))
}

fn reasons() -> impl Strategy<Value = Reason> {
    personal(reason)
}

// ---------------------------------------------------------------------------------------------
// Commands.

fn commands() -> impl Strategy<Value = Command> {
    prop_oneof![
        1 => (units(), unit_commands()).prop_map(|(id, command)| Command::Unit(id, command)),
        2 => (colleagues(), colleague_commands()).prop_map(|(id, command)| Command::Colleague(id, command)),
        3 => (accounts(), account_commands()).prop_map(|(id, command)| Command::Account(id, command)),
        3 => (contacts(), contact_commands()).prop_map(|(id, command)| Command::Contact(id, command)),
        4 => (interactions(), interaction_commands()).prop_map(|(id, command)| Command::Interaction(id, command)),
        8 => (handoffs(), handoff_commands()).prop_map(|(id, command)| Command::Handoff(id, command)),
        3 => (imports(), import_commands()).prop_map(|(id, command)| Command::Import(id, command)),
    ]
}

fn unit_commands() -> impl Strategy<Value = unit::Command> {
    use unit::Command::{Found, Move, Rename};
    let name = || open(unit_name);
    prop_oneof![
        (name(), option::of(units())).prop_map(|(name, under)| Found { name, under }),
        name().prop_map(|name| Rename { name }),
        option::of(units()).prop_map(|under| Move { under }),
    ]
}

fn colleague_commands() -> impl Strategy<Value = colleague::Command> {
    use colleague::Command::{GiveRole, Join, Leave, Move, Rename};
    let who = || {
        (personal(|name| identity(name)), option::of(personal(|name| label(name))))
            .prop_map(|(who, title)| colleague::Identity { title, ..who })
    };
    let role = || select(Role::ALL);
    prop_oneof![
        (who(), option::of(units()), role()).prop_map(|(identity, unit, role)| Join { identity, unit, role }),
        who().prop_map(|identity| Rename { identity }),
        option::of(units()).prop_map(|unit| Move { unit }),
        role().prop_map(|role| GiveRole { role }),
        Just(Leave {}),
    ]
}

fn account_commands() -> impl Strategy<Value = account::Command> {
    use account::Command::{Assign, Close, Describe, Designate, Link, Register, Rename, Reopen, Sponsor};
    let name = || open(account_name);
    let reason = || open(reason);
    let description = (option::of(open(label)), option::of(open(label)))
        .prop_map(|(industry, city)| account::Description { industry, city, country: None, website: None });
    let key = select(&["001A", "001B"][..]).prop_map(|key| SourceKey::parse(key).unwrap());
    prop_oneof![
        3 => name().prop_map(|name| Register { name }),
        1 => name().prop_map(|name| Rename { name }),
        1 => description.prop_map(Describe),
        1 => (select(Tier::ALL), reason()).prop_map(|(tier, reason)| Designate { tier, reason }),
        1 => colleagues().prop_map(|kam| Assign { kam }),
        1 => colleagues().prop_map(|sponsor| Sponsor { sponsor }),
        1 => key.prop_map(|key| Link { system: System::parse("salesforce").unwrap(), key }),
        1 => reason().prop_map(|reason| Close { reason }),
        1 => reason().prop_map(|reason| Reopen { reason }),
    ]
}

fn contact_commands() -> impl Strategy<Value = contact::Command> {
    use contact::Command::{Associate, Describe, Introduce, Leave, Map, Move};
    let details = || {
        (personal(|name| person(name)), option::of(reasons()))
            .prop_map(|(who, notes)| contact::Details { notes, ..who })
    };
    let place = (choice(BuyingRole::ALL), choice(Influence::ALL), option::of(contacts()))
        .prop_map(|(role, influence, reports_to)| contact::Place { role, influence, reports_to });
    prop_oneof![
        3 => (option::of(accounts()), details()).prop_map(|(account, details)| Introduce { account, details }),
        1 => details().prop_map(|details| Describe { details }),
        1 => place.prop_map(Map),
        1 => accounts().prop_map(|account| Move { account }),
        1 => accounts().prop_map(|account| Associate { account }),
        1 => Just(Leave {}),
    ]
}

fn interaction_commands() -> impl Strategy<Value = interaction::Command> {
    use interaction::Command::{AgreeNextStep, Correct, DoNextStep, DropNextStep, Log, Retract};
    let step = || {
        (steps(), option::of(colleagues()), option::of(days()), forgettable(personal(promise))).prop_map(
            |(step, owner, due, what)| Step { step, owner, due, personal: what.map_known(|what| StepWords { what }) },
        )
    };
    prop_oneof![
        3 => (details(), vec(step(), 0..3)).prop_map(|(details, next_steps)| Log { details, next_steps }),
        2 => details().prop_map(Correct),
        1 => reasons().prop_map(|reason| Retract { reason }),
        2 => step().prop_map(AgreeNextStep),
        1 => steps().prop_map(|step| DoNextStep { step }),
        1 => (steps(), reasons()).prop_map(|(step, reason)| DropNextStep { step, reason }),
    ]
}

fn details() -> impl Strategy<Value = Details> {
    let how =
        (select(Front::ALL), choice(Channel::ALL), choice(Mode::ALL), choice(Initiator::ALL), choice(Sentiment::ALL));
    let whom = (option::weighted(0.8, accounts()), vec(contacts(), 0..3), vec(colleagues(), 0..3));
    let words = forgettable((personal(summary), option::of(personal(|place| Place::parse(place).unwrap()))));
    let minutes = option::of(select(&[0, 30, 90, 60 * 24 * 365][..]));
    (how, whom, words, minutes, any::<bool>()).prop_map(|(how, whom, words, minutes, planned)| {
        let (front, channel, mode, initiator, sentiment) = how;
        let (account, contacts, colleagues) = whom;
        let personal = words.map_known(|(summary, place)| Words { summary, place });
        Details {
            front,
            account,
            channel,
            mode,
            minutes,
            initiator,
            contacts,
            colleagues,
            sentiment,
            planned,
            personal,
        }
    })
}

fn handoff_commands() -> impl Strategy<Value = handoff::Command> {
    use handoff::Command::{Accept, Complete, Decline, Escalate, Offer, Return, Withdraw};
    let to = prop_oneof![
        3 => select(&[KIRA, LEV][..]).prop_map(handoff::Party::Colleague),
        1 => colleagues().prop_map(handoff::Party::Colleague),
        2 => units().prop_map(handoff::Party::Unit),
    ];
    let offer =
        (accounts(), to, option::of(days()), forgettable(personal(promise))).prop_map(|(account, to, due, what)| {
            handoff::Offer { account, to, due, personal: what.map_known(|what| handoff::Words { what }) }
        });
    prop_oneof![
        4 => offer.prop_map(Offer),
        4 => Just(Accept {}),
        1 => reasons().prop_map(|reason| Decline { reason }),
        2 => reasons().prop_map(|reason| Return { reason }),
        2 => reasons().prop_map(|result| Complete { result }),
        1 => (colleagues(), reasons()).prop_map(|(to, reason)| Escalate { to, reason }),
        1 => reasons().prop_map(|reason| Withdraw { reason }),
    ]
}

fn import_commands() -> impl Strategy<Value = import::Command> {
    use import::Command::{Finish, Start, TakeBack};
    prop_oneof![
        4 => open(label).prop_map(|source| Start { system: System::parse("salesforce").unwrap(), source }),
        1 => (0..3u32).prop_map(|accepted| Finish { accepted, refused: 0 }),
        3 => any::<bool>().prop_map(|with_entries| TakeBack { with_entries }),
    ]
}

/// Mostly known.
fn forgettable<T: Clone + std::fmt::Debug>(known: impl Strategy<Value = T>) -> impl Strategy<Value = Personal<T>> {
    option::weighted(0.95, known).prop_map(|known| known.map_or(Personal::Forgotten, Personal::Known))
}

trait MapKnown<T> {
    fn map_known<U>(self, map: impl FnOnce(T) -> U) -> Personal<U>;
}

impl<T> MapKnown<T> for Personal<T> {
    fn map_known<U>(self, map: impl FnOnce(T) -> U) -> Personal<U> {
        self.into_known().map_or(Personal::Forgotten, |known| Personal::Known(map(known)))
    }
}

// ---------------------------------------------------------------------------------------------
// Histories.

fn asks() -> impl Strategy<Value = Ask> {
    let batch = option::weighted(0.3, imports());
    (actors(), moments(), batch, commands()).prop_map(|(by, occurred, batch, command)| {
        // What an import brings, the importer brings.
        let by = if batch.is_some() { ColleagueId::TWOFRONT } else { by };
        Ask { by, occurred, batch, cause: None, command }
    })
}

/// Any wishes in any order, in the company of the fixtures.
fn wishes() -> impl Strategy<Value = Vec<Ask>> {
    vec(asks(), 0..60)
}

/// The company of the fixtures, its words marked as everything personal here is.
fn opened() -> Desk {
    let mut desk = Desk::default();
    for (by, event) in company() {
        let ask = told(by);
        let event = match event {
            Event::Colleague(id, colleague::Event::Joined { unit, .. }) => {
                let personal = identity(&format!("Anna {MARK}")).into();
                Event::Colleague(id, colleague::Event::Joined { unit, personal })
            }
            Event::Contact(id, contact::Event::Introduced { account, .. }) => {
                let personal = person(&format!("Anna {MARK}")).into();
                Event::Contact(id, contact::Event::Introduced { account, personal })
            }
            event @ (Event::Unit(..)
            | Event::Colleague(..)
            | Event::Account(..)
            | Event::Contact(..)
            | Event::Interaction(..)
            | Event::Handoff(..)
            | Event::Import(..)) => event,
        };
        desk.take_down(&ask, event);
    }
    desk
}

fn told(by: ColleagueId) -> Ask {
    let command = Command::Handoff(HANDOFF, handoff::Command::Accept {});
    Ask { by, occurred: Occurred::At(NOON), batch: None, cause: None, command }
}

/// What came of those wishes.
fn after(wishes: &[Ask]) -> Desk {
    let mut desk = opened();
    for ask in wishes {
        let _ = desk.ask(ask);
    }
    desk
}

fn histories() -> impl Strategy<Value = Vec<Record>> {
    wishes().prop_map(|wishes| after(&wishes).log)
}

/// Any event about anything, in any order, by anybody.
fn nonsense() -> impl Strategy<Value = Vec<Record>> {
    let record =
        (select(every_event()), any::<u32>(), any::<bool>(), colleagues(), moments(), 1..4u64, option::of(imports()))
            .prop_map(|(event, ids, forgotten, by, occurred, revision, batch)| {
                let record = Record { revision, occurred, batch, ..record(1, by, event) };
                let mut json = serde_json::to_value(&record).unwrap();
                rename_things(&mut json, &mut Dice(ids));
                if forgotten && let Some(personal) = json.pointer_mut("/data/personal") {
                    *personal = Value::Null;
                }
                serde_json::from_value::<Record>(json).unwrap()
            });
    vec(record, 0..80)
        .prop_map(|records| (1..).zip(records).map(|(position, record)| Record { position, ..record }).collect())
}

/// A few bits of chance, made by proptest so that it can shrink them.
struct Dice(u32);

impl Dice {
    fn throw(&mut self, sides: u32) -> u32 {
        let thrown = self.0 % sides;
        self.0 = self.0.rotate_right(3);
        thrown
    }
}

/// Gives every thing that is named another name, of the few that there are of its kind.
fn rename_things(json: &mut Value, dice: &mut Dice) {
    match json {
        Value::String(text) => {
            let (before, id) = text.rsplit_once('/').map_or(("", text.as_str()), |(slice, id)| (slice, id));
            if let Ok(id) = id.parse::<Uuid>() {
                // The fixtures' identities differ in their last digit within a kind: 0xA1, 0xA2 …
                let other = Uuid::from_u128((id.as_u128() & !0xF) | u128::from(dice.throw(4)));
                *text = if before.is_empty() { other.to_string() } else { format!("{before}/{other}") };
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| rename_things(item, dice)),
        Value::Object(fields) => fields.values_mut().for_each(|field| rename_things(field, dice)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// As it comes back from a disk: the stored form, sealed part and all.
fn restored(record: &Record, with_personal: bool) -> Record {
    let parts = stored::take_apart(&record.event).unwrap();
    let bytes = Stored {
        version: parts.version,
        kind: &parts.kind,
        recorded: record.recorded,
        occurred: record.occurred,
        by: record.by,
        cause: record.cause,
        batch: record.batch,
        body: &parts.body,
        sealed: parts.personal.as_deref().map(|bytes| Sealed { key: 1, bytes }),
    }
    .to_bytes();
    let read = Stored::from_bytes(&bytes).unwrap();
    let personal = read.sealed.map(|sealed| sealed.bytes).filter(|_| with_personal);
    Record {
        position: record.position,
        revision: record.revision,
        recorded: read.recorded,
        occurred: read.occurred,
        by: read.by,
        command: record.command,
        cause: read.cause,
        batch: read.batch,
        event: stored::put_together(record.stream(), read.kind, read.version, read.body, personal).unwrap(),
    }
}

fn forgotten(records: &[Record]) -> Vec<Record> {
    records.iter().map(|record| restored(record, false)).collect()
}

/// The history as it would be if what was taken back had never been: at each taking back, whatever
/// rests on that import is struck from the world. The sieve looks ahead; this looks back.
struct World<'a> {
    records: Vec<(&'a Record, BTreeSet<ImportId>)>,
    /// What each thing that is there rests on.
    begun: HashMap<Stream, BTreeSet<ImportId>>,
    gone: BTreeSet<ImportId>,
    /// For each taking back: how many things of others went with it, and how many the event says.
    entries: Vec<(usize, u32)>,
}

fn world(log: &[Record]) -> World<'_> {
    let mut world = World { records: vec![], begun: HashMap::new(), gone: BTreeSet::new(), entries: vec![] };
    for record in log {
        let stream = record.stream();
        if let Event::Import(import, import::Event::TakenBack { entries }) = &record.event {
            let (went, stayed) =
                std::mem::take(&mut world.records).into_iter().partition(|(_, on)| on.contains(import));
            world.records = stayed;
            world.begun.retain(|_, on| !on.contains(import));
            world.gone.insert(*import);
            let went: Vec<(&Record, BTreeSet<ImportId>)> = went;
            let others =
                went.iter().filter(|(record, _)| record.batch != Some(*import)).map(|(record, _)| record.stream());
            world.entries.push((others.collect::<BTreeSet<_>>().len(), *entries));
        }
        let mut on = BTreeSet::new();
        if stream.slice != Slice::Import {
            on.extend(record.batch);
            for named in record.event.mentions().into_iter().chain([stream]) {
                on.extend(world.begun.get(&named).into_iter().flatten());
            }
            if on.iter().any(|import| world.gone.contains(import)) {
                continue;
            }
            world.begun.entry(stream).or_insert_with(|| on.clone());
        }
        world.records.push((record, on));
    }
    world
}

/// A whole sentence, in the reader's own letters.
fn check_sentence(rejection: &Rejection) -> Result<(), TestCaseError> {
    let (en, ru) = (rejection.say(Lang::En), rejection.say(Lang::Ru));
    prop_assert!(en.ends_with('.') && ru.ends_with('.'), "{en} / {ru}");
    prop_assert!(en.is_ascii(), "{en}");
    prop_assert!(ru.chars().any(|c| ('а'..='я').contains(&c)), "{ru}");
    Ok(())
}

// ---------------------------------------------------------------------------------------------
// The laws.

fn cases(cases: u32) -> ProptestConfig {
    // No files of failures: a failure is shrunk and printed, and becomes a test of its own.
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn the_same_command_again_yields_nothing(wishes in wishes()) {
        let mut desk = opened();
        for ask in &wishes {
            if desk.ask(ask).is_ok_and(|events| !events.is_empty()) {
                prop_assert_eq!(desk.decide(ask), Ok(vec![]), "{:?}", ask);
            }
        }
    }

    #[test]
    fn a_decision_depends_on_nothing_but_what_is_true(wishes in wishes(), last in asks()) {
        let desk = after(&wishes);
        let before = desk.model.clone();
        let decided = desk.decide(&last);
        prop_assert_eq!(&desk.model, &before, "deciding changes nothing");
        // Another fold has other hash seeds, so its maps go round in another order.
        let again = fold(desk.standing());
        prop_assert_eq!(&again, &before, "the log says all that the desk knows");
        prop_assert_eq!(domain::decide(&last.command, &last.context(), &again), decided);
    }

    #[test]
    fn who_may_not_leaves_no_trace(wishes in wishes(), by in select(&[NINA, STRANGER][..])) {
        let mut desk = opened();
        for ask in &wishes {
            let role = desk.model.colleagues().role(by);
            if role.is_none_or(|role| role == Role::Analyst) {
                let refused = desk.decide(&Ask { by, ..ask.clone() });
                prop_assert!(matches!(refused, Err(Rejection::Denied(_))), "{:?}", refused);
            }
            let _ = desk.ask(ask);
        }
    }

    #[test]
    fn a_refusal_is_a_sentence_in_both_languages(wishes in wishes()) {
        let mut desk = opened();
        for ask in &wishes {
            if let Err(rejection) = desk.ask(ask) {
                check_sentence(&rejection)?;
            }
        }
    }

    #[test]
    fn a_command_reads_back_what_it_wrote(ask in asks()) {
        let json = serde_json::to_string(&ask.command).unwrap();
        prop_assert_eq!(serde_json::from_str::<Command>(&json).unwrap(), ask.command);
    }

    #[test]
    fn folding_takes_any_events_in_any_order(log in nonsense()) {
        let model = fold(&log);
        prop_assert_eq!(fold(&log), model);
        let mut sieve = sieve(&log);
        fold(log.iter().filter(|record| sieve.keeps(record)));
    }

    #[test]
    fn after_nonsense_every_wish_still_has_an_answer(log in nonsense(), ask in asks()) {
        let mut model = fold(&log);
        let Ok(events) = domain::decide(&ask.command, &ask.context(), &model) else { return Ok(()) };
        for event in &events {
            model.evolve(event, &ask.context());
        }
        prop_assert_eq!(domain::decide(&ask.command, &ask.context(), &model), Ok(vec![]));
    }

    #[test]
    fn what_comes_back_from_a_door_or_a_disk_folds_to_the_same(log in prop_oneof![histories(), nonsense()]) {
        let through_json: Vec<Record> =
            log.iter().map(|record| serde_json::from_str(&serde_json::to_string(record).unwrap()).unwrap()).collect();
        let from_disk: Vec<Record> = log.iter().map(|record| restored(record, true)).collect();
        prop_assert_eq!(&through_json, &log);
        prop_assert_eq!(&from_disk, &log);
        prop_assert_eq!(fold(&from_disk), fold(&log));
    }

    #[test]
    fn an_import_that_was_taken_back_is_as_if_it_had_never_been(wishes in wishes()) {
        let Desk { log, .. } = after(&wishes);
        let world = world(&log);
        let mut sieve = sieve(&log);
        let kept: Vec<&Record> = log.iter().filter(|record| sieve.keeps(record)).collect();
        let stayed: Vec<&Record> = world.records.into_iter().map(|(record, _)| record).collect();
        prop_assert_eq!(&kept, &stayed);
        prop_assert_eq!(fold(kept), fold(stayed));
    }

    #[test]
    fn taking_back_says_how_many_entries_went_with_it(wishes in wishes()) {
        let Desk { log, .. } = after(&wishes);
        for (went, said) in world(&log).entries {
            prop_assert_eq!(went as u64, u64::from(said));
        }
    }

    #[test]
    fn the_model_holds_no_personal_word(log in histories()) {
        let model = format!("{:?}", fold(&log));
        prop_assert!(!model.contains(MARK), "{}", model);
    }

    #[test]
    fn what_was_forgotten_folds_and_no_word_of_it_is_left(log in histories()) {
        let log = forgotten(&log);
        fold(&log);
        prop_assert!(!serde_json::to_string(&log).unwrap().contains(MARK));
    }

    #[test]
    fn who_may_not_see_what_is_personal_sees_the_rest(log in histories()) {
        for record in &log {
            let seen = record.clone().seen_with(Sight::WithoutPersonal).unwrap();
            prop_assert_eq!(&seen, &restored(record, false));
        }
    }

    #[test]
    fn a_parsed_word_parses_to_itself(text in "\\PC{0,40}|[ \\t\\r\\na-zя@.\u{0}\u{200b}]{0,20}") {
        macro_rules! check {
            ($($Word:ident)*) => {
                $(if let Ok(word) = $Word::parse(&text) {
                    prop_assert_eq!($Word::parse(word.as_str()), Ok(word.clone()), "{}", stringify!($Word));
                    let json = serde_json::to_string(&word).unwrap();
                    prop_assert_eq!(serde_json::from_str::<$Word>(&json).unwrap(), word);
                })*
            };
        }
        check!(AccountName UnitName PersonName Label Email Phone Website Place Summary Promise Reason System SourceKey);
    }

    #[test]
    fn a_moment_or_a_day_that_can_be_written_is_stored_as_it_is(
        occurred in prop_oneof![
            (Timestamp::MIN.as_second()..Timestamp::MAX.as_second()).prop_map(|s| Occurred::At(Timestamp::from_second(s).unwrap()).to_string()),
            (0..=9999i16, 1..=12i8, 1..=28i8).prop_map(|(y, m, d)| date(y, m, d).to_string()),
            Just("9999-12-31".to_owned()),
        ]
    ) {
        if let Some(occurred) = Occurred::parse(&occurred) {
            prop_assert_eq!(Occurred::parse(&occurred.to_string()), Some(occurred));
            let record = Record { occurred, ..record(1, ADA, Event::Colleague(KIRA, colleague::Event::Left {})) };
            prop_assert_eq!(restored(&record, true), record);
        }
    }
}

/// The laws above say nothing about what the generator never makes.
#[test]
fn the_generated_histories_have_every_event_in_them() {
    let mut runner = TestRunner::deterministic();
    let mut decided = BTreeSet::new();
    for _ in 0..600 {
        let wishes = wishes().new_tree(&mut runner).unwrap().current();
        let mut desk = opened();
        decided.extend(wishes.iter().filter_map(|ask| desk.ask(ask).ok()).flatten().map(|event| kind(&event)));
    }
    let missing: Vec<String> = every_event().iter().map(kind).filter(|kind| !decided.contains(kind)).collect();
    assert!(missing.is_empty(), "never decided: {missing:?}");
}

fn kind(event: &Event) -> String {
    format!("{} {}", event.stream().slice, stored::take_apart(event).unwrap().kind)
}
