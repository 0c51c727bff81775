//! A small world for generated histories: a few accounts, people, visits and handoffs, so that
//! commands meet: what one offers another answers, corrects, or takes back with its import.

use jiff::SignedDuration;
use jiff::civil::{Date, date};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::Value;
use shared::domain::{Command, Event};
use shared::ids::{
    AccountId, ColleagueId, ContactId, EventRef, HandoffId, ImportId, InteractionId, StepId, Stream, UnitId,
};
use shared::interaction::{Details, Step, StepWords, Words};
use shared::personal::Personal;
use shared::record::Record;
use shared::testkit::*;
use shared::words::{
    BuyingRole, Channel, Front, Influence, Initiator, Mode, Occurred, Place, Reason, Role, Sentiment, SourceKey,
    System, Tier,
};
use shared::{account, colleague, contact, handoff, import, interaction, unit};
use uuid::Uuid;

use crate::desk::{Ask, Desk};

/// Everything personal that the generator says has this in it.
pub const MARK: &str = "Zaychik";

pub const STRANGER: ColleagueId = ColleagueId::from_uuid(Uuid::from_u128(0xC9));
/// Not founded yet when the wishes begin.
const BERLIN: UnitId = UnitId::from_uuid(Uuid::from_u128(0xD4));
/// Not introduced yet.
const VERA: ContactId = ContactId::from_uuid(Uuid::from_u128(0xB3));
const ANOTHER_BATCH: ImportId = ImportId::from_uuid(Uuid::from_u128(0x9A));
const ANOTHER_HANDOFF: HandoffId = HandoffId::from_uuid(Uuid::from_u128(0xF2));
const ANOTHER_STEP: StepId = StepId::from_uuid(Uuid::from_u128(0xEA));

pub fn units() -> impl Strategy<Value = UnitId> {
    select(&[SALES, LOGISTICS, ENGINEERING, BERLIN][..])
}

pub fn colleagues() -> impl Strategy<Value = ColleagueId> {
    select(&[ADA, KIRA, LEV, MAXIM, NINA, STRANGER][..])
}

pub fn accounts() -> impl Strategy<Value = AccountId> {
    select(&[NORTHWIND, CONTOSO, TAILSPIN][..])
}

pub fn contacts() -> impl Strategy<Value = ContactId> {
    select(&[ANNA, BORIS, VERA][..])
}

fn interactions() -> impl Strategy<Value = InteractionId> {
    select(&[VISIT, CALL][..])
}

fn steps() -> impl Strategy<Value = StepId> {
    select(&[STEP, ANOTHER_STEP][..])
}

fn handoffs() -> impl Strategy<Value = HandoffId> {
    select(&[HANDOFF, ANOTHER_HANDOFF][..])
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

fn commands() -> impl Strategy<Value = Command> {
    prop_oneof![
        1 => (units(), unit_commands()).prop_map(|(id, command)| Command::Unit(id, command)),
        2 => (colleagues(), colleague_commands()).prop_map(|(id, command)| Command::Colleague(id, command)),
        6 => (accounts(), account_commands()).prop_map(|(id, command)| Command::Account(id, command)),
        3 => (contacts(), contact_commands()).prop_map(|(id, command)| Command::Contact(id, command)),
        8 => (interactions(), interaction_commands()).prop_map(|(id, command)| Command::Interaction(id, command)),
        12 => (handoffs(), handoff_commands()).prop_map(|(id, command)| Command::Handoff(id, command)),
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
        (personal(identity), option::of(personal(label))).prop_map(|(who, title)| colleague::Identity { title, ..who })
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
    let description = (option::of(open(label)), option::of(open(label)))
        .prop_map(|(industry, city)| account::Description { industry, city, country: None, website: None });
    let key = select(&["001A", "001B"][..]).prop_map(|key| SourceKey::parse(key).unwrap());
    prop_oneof![
        3 => name().prop_map(|name| Register { name }),
        1 => name().prop_map(|name| Rename { name }),
        1 => description.prop_map(Describe),
        1 => (select(Tier::ALL), reasons()).prop_map(|(tier, reason)| Designate { tier, reason }),
        1 => colleagues().prop_map(|kam| Assign { kam }),
        1 => colleagues().prop_map(|sponsor| Sponsor { sponsor }),
        1 => key.prop_map(|key| Link { system: System::parse("salesforce").unwrap(), key }),
        3 => reasons().prop_map(|reason| Close { reason }),
        3 => reasons().prop_map(|reason| Reopen { reason }),
    ]
}

fn contact_commands() -> impl Strategy<Value = contact::Command> {
    use contact::Command::{Associate, Describe, Introduce, Leave, Map, Move};
    let details =
        || (personal(person), option::of(reasons())).prop_map(|(who, notes)| contact::Details { notes, ..who });
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

/// Two interactions may have a next step of the same identity.
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

/// Something led to it: mostly what is there.
fn causes() -> impl Strategy<Value = EventRef> {
    let stream = prop_oneof![
        interactions().prop_map(Stream::from),
        handoffs().prop_map(Stream::from),
        accounts().prop_map(Stream::from),
    ];
    (stream, 1..3u64).prop_map(|(stream, revision)| EventRef { stream, revision })
}

pub fn asks() -> impl Strategy<Value = Ask> {
    let batch = option::weighted(0.2, imports());
    let importers = select(&[ColleagueId::TWOFRONT, ADA][..]);
    (actors(), importers, moments(), batch, option::weighted(0.3, causes()), commands()).prop_map(
        |(by, importer, occurred, batch, cause, command)| {
            // What an import brings, the importer brings.
            let by = if batch.is_some() { importer } else { by };
            Ask { by, occurred, batch, cause, command }
        },
    )
}

/// Any wishes in any order, in the company of the fixtures.
pub fn wishes() -> impl Strategy<Value = Vec<Ask>> {
    vec(asks(), 0..60)
}

/// Who comes, who goes and who gets which role, half of it by one import; Twofront asks, which may do all of that.
pub fn reigns() -> impl Strategy<Value = Vec<Ask>> {
    let commands = prop_oneof![
        1 => (units(), unit_commands()).prop_map(|(id, command)| Command::Unit(id, command)),
        4 => (colleagues(), colleague_commands()).prop_map(|(id, command)| Command::Colleague(id, command)),
        2 => colleagues().prop_map(|id| Command::Colleague(id, colleague::Command::Leave {})),
        2 => (colleagues(), select(&[Role::Administrator, Role::Analyst][..]))
            .prop_map(|(id, role)| Command::Colleague(id, colleague::Command::GiveRole { role })),
    ];
    let asks = (any::<bool>(), commands).prop_map(|(is_brought, command)| Ask {
        batch: is_brought.then_some(BATCH),
        command,
        ..told(ColleagueId::TWOFRONT)
    });
    let system = || System::parse("salesforce").unwrap();
    let start = move || Command::Import(BATCH, import::Command::Start { system: system(), source: label("One") });
    vec(asks, 0..60).prop_map(move |mut asks| {
        asks.insert(0, Ask { command: start(), ..told(ColleagueId::TWOFRONT) });
        asks
    })
}

/// The company of the fixtures, its words marked as everything personal here is.
pub fn opened() -> Desk {
    let mut desk = Desk::new(NOON);
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

/// Somebody asks something, plainly.
pub fn told(by: ColleagueId) -> Ask {
    let command = Command::Handoff(HANDOFF, handoff::Command::Accept {});
    Ask { by, occurred: Occurred::At(NOON), batch: None, cause: None, command }
}

/// What came of those wishes.
pub fn after(wishes: &[Ask]) -> Desk {
    let mut desk = opened();
    for ask in wishes {
        let _ = desk.ask(ask);
        desk.now += SignedDuration::from_hours(7);
    }
    desk
}

pub fn histories() -> impl Strategy<Value = Vec<Record>> {
    wishes().prop_map(|wishes| after(&wishes).log)
}

/// Any event about anything, in any order, by anybody.
pub fn nonsense() -> impl Strategy<Value = Vec<Record>> {
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
