//! Given these facts, when somebody asks for this, then that follows: the tests' language, and the
//! same few people and accounts in every test, screenshot and document.
#![expect(clippy::expect_used, clippy::panic, reason = "a test fails by panicking; the fixtures are constants")]

use jiff::Timestamp;
use uuid::Uuid;

use crate::domain::{self, Command, Context, Event, Model, Rejection};
use crate::ids::{AccountId, ColleagueId, CommandId, ContactId, HandoffId, ImportId, InteractionId, StepId, UnitId};
use crate::personal::Personal;
use crate::record::Record;
use crate::words::{
    AccountName, BuyingRole, Channel, Email, Front, Influence, Initiator, Label, Mode, Occurred, PersonName, Phone,
    Place, Promise, Reason, Role, Sentiment, SourceKey, Summary, System, Tier, UnitName, Website,
};
use crate::{account, colleague, contact, handoff, import, interaction, unit};

/// 1 June 2026, noon in UTC: the moment at which tests take place.
pub const NOON: Timestamp = Timestamp::constant(1_780_315_200, 0);

/// Our administrator.
pub const ADA: ColleagueId = ColleagueId::from_uuid(Uuid::from_u128(0xADA));
/// Key account manager of Northwind, in sales.
pub const KIRA: ColleagueId = ColleagueId::from_uuid(Uuid::from_u128(0xC1));
/// In logistics.
pub const LEV: ColleagueId = ColleagueId::from_uuid(Uuid::from_u128(0xC2));
/// In engineering.
pub const MAXIM: ColleagueId = ColleagueId::from_uuid(Uuid::from_u128(0xC3));
/// Our analyst.
pub const NINA: ColleagueId = ColleagueId::from_uuid(Uuid::from_u128(0xC4));

pub const SALES: UnitId = UnitId::from_uuid(Uuid::from_u128(0xD1));
pub const LOGISTICS: UnitId = UnitId::from_uuid(Uuid::from_u128(0xD2));
pub const ENGINEERING: UnitId = UnitId::from_uuid(Uuid::from_u128(0xD3));

pub const NORTHWIND: AccountId = AccountId::from_uuid(Uuid::from_u128(0xA1));
pub const CONTOSO: AccountId = AccountId::from_uuid(Uuid::from_u128(0xA2));
/// Known only from an import.
pub const TAILSPIN: AccountId = AccountId::from_uuid(Uuid::from_u128(0xA3));

/// Head of purchasing at Northwind.
pub const ANNA: ContactId = ContactId::from_uuid(Uuid::from_u128(0xB1));
/// Her director.
pub const BORIS: ContactId = ContactId::from_uuid(Uuid::from_u128(0xB2));

pub const VISIT: InteractionId = InteractionId::from_uuid(Uuid::from_u128(0xE1));
pub const CALL: InteractionId = InteractionId::from_uuid(Uuid::from_u128(0xE2));
pub const STEP: StepId = StepId::from_uuid(Uuid::from_u128(0xE9));
pub const HANDOFF: HandoffId = HandoffId::from_uuid(Uuid::from_u128(0xF1));
pub const BATCH: ImportId = ImportId::from_uuid(Uuid::from_u128(0x99));

/// Words in the fixtures that belong to a person: they may never lie open on a disk.
pub const SECRETS: &[&str] =
    &["Petrova", "Volkova", "warehouse", "customs", "anna@", "+7 495", "A third", "Merged with", "are back"];

pub fn reason(text: &str) -> Reason {
    Reason::parse(text).expect("a fixture's reason")
}

pub fn summary(text: &str) -> Summary {
    Summary::parse(text).expect("a fixture's summary")
}

pub fn promise(text: &str) -> Promise {
    Promise::parse(text).expect("a fixture's promise")
}

pub fn label(text: &str) -> Label {
    Label::parse(text).expect("a fixture's label")
}

pub fn account_name(text: &str) -> AccountName {
    AccountName::parse(text).expect("a fixture's account name")
}

pub fn unit_name(text: &str) -> UnitName {
    UnitName::parse(text).expect("a fixture's unit name")
}

pub fn identity(name: &str) -> colleague::Identity {
    colleague::Identity { name: PersonName::parse(name).expect("a fixture's name"), email: None, title: None }
}

/// A contact's details with nothing but the name.
pub fn person(name: &str) -> contact::Details {
    contact::Details {
        name: PersonName::parse(name).expect("a fixture's name"),
        title: None,
        department: None,
        email: None,
        phone: None,
        mobile: None,
        address: None,
        notes: None,
    }
}

/// The company of the fixtures: three units, five colleagues, two accounts, two contacts at Northwind.
pub fn company() -> Vec<(ColleagueId, Event)> {
    let mut facts = company_without_contacts();
    for (id, name) in [(ANNA, "Anna Petrova"), (BORIS, "Boris Sokolov")] {
        let personal = person(name).into();
        facts.push((KIRA, Event::Contact(id, contact::Event::Introduced { account: Some(NORTHWIND), personal })));
    }
    facts
}

pub fn company_without_contacts() -> Vec<(ColleagueId, Event)> {
    let mut facts = Vec::new();
    for (id, name) in [(SALES, "Sales"), (LOGISTICS, "Logistics"), (ENGINEERING, "Engineering")] {
        facts.push((ADA, Event::Unit(id, unit::Event::Founded { name: unit_name(name), under: None })));
    }
    let people = [
        (ADA, "Ada Lindqvist", None, Role::Administrator),
        (KIRA, "Kira Volkova", Some(SALES), Role::AccountManager),
        (LEV, "Lev Morozov", Some(LOGISTICS), Role::ResourceOwner),
        (MAXIM, "Maxim Weber", Some(ENGINEERING), Role::ResourceOwner),
        (NINA, "Nina Adler", None, Role::Analyst),
    ];
    for (id, name, unit, role) in people {
        facts.push((ADA, Event::Colleague(id, colleague::Event::Joined { unit, personal: identity(name).into() })));
        facts.push((ADA, Event::Colleague(id, colleague::Event::GivenRole { role })));
    }
    for (id, name) in [(NORTHWIND, "Northwind"), (CONTOSO, "Contoso")] {
        facts.push((ADA, Event::Account(id, account::Event::Registered { name: account_name(name) })));
    }
    facts.push((ADA, Event::Account(NORTHWIND, account::Event::Assigned { kam: KIRA })));
    facts
}

/// One of every event there is, with every field filled: what golden files and round trips are made of.
pub fn every_event() -> Vec<Event> {
    let day = jiff::civil::date(2026, 6, 15);
    let words = |text: &str| interaction::Words { summary: summary(text), place: Place::parse("The warehouse").ok() };
    let details = |text: &str| interaction::Details {
        front: Front::Client,
        account: Some(NORTHWIND),
        channel: Some(Channel::Visit),
        mode: Some(Mode::InPerson),
        minutes: Some(90),
        initiator: Some(Initiator::Us),
        contacts: vec![ANNA, BORIS],
        colleagues: vec![LEV],
        sentiment: Some(Sentiment::Positive),
        planned: true,
        personal: words(text).into(),
    };
    let who = colleague::Identity {
        name: PersonName::parse("Kira Volkova").expect("a fixture's name"),
        email: Email::parse("kira@twofront.example").ok(),
        title: Some(label("Key account manager")),
    };
    let anna = contact::Details {
        title: Some(label("Head of purchasing")),
        department: Some(label("Purchasing")),
        email: Email::parse("anna@northwind.example").ok(),
        phone: Phone::parse("+7 495 000-00-01").ok(),
        mobile: Phone::parse("+7 495 000-00-02").ok(),
        address: Some(label("The warehouse, Gate 3")),
        notes: Some(reason("Asks about the warehouse first")),
        ..person("Anna Petrova")
    };
    let place =
        contact::Place { role: Some(BuyingRole::Decider), influence: Some(Influence::High), reports_to: Some(BORIS) };
    let step_why = || interaction::Why { reason: reason("The warehouse moved") }.into();
    let why = || handoff::Why { reason: reason("The customs papers are missing") }.into();
    let decided = |text| account::Why { reason: reason(text) }.into();
    let unit = |event| Event::Unit(LOGISTICS, event);
    let colleague = |event| Event::Colleague(KIRA, event);
    let account = |event| Event::Account(NORTHWIND, event);
    let contact = |event| Event::Contact(ANNA, event);
    let interaction = |event| Event::Interaction(VISIT, event);
    let handoff = |event| Event::Handoff(HANDOFF, event);
    let import = |event| Event::Import(BATCH, event);
    vec![
        unit(unit::Event::Founded { name: unit_name("Logistics"), under: Some(SALES) }),
        unit(unit::Event::Renamed { name: unit_name("Transport") }),
        unit(unit::Event::Moved { under: Some(ENGINEERING) }),
        colleague(colleague::Event::Joined { unit: Some(SALES), personal: who.clone().into() }),
        colleague(colleague::Event::Renamed { personal: who.into() }),
        colleague(colleague::Event::Moved { unit: Some(LOGISTICS) }),
        colleague(colleague::Event::GivenRole { role: Role::AccountManager }),
        colleague(colleague::Event::Left {}),
        account(account::Event::Registered { name: account_name("Northwind") }),
        account(account::Event::Renamed { name: account_name("Northwind AG") }),
        account(account::Event::Described(account::Description {
            industry: Some(label("Shipping")),
            city: Some(label("Hamburg")),
            country: Some(label("Germany")),
            website: Website::parse("https://northwind.example").ok(),
        })),
        account(account::Event::Designated { tier: Tier::Strategic, personal: decided("A third of our freight") }),
        account(account::Event::Assigned { kam: KIRA }),
        account(account::Event::Sponsored { sponsor: ADA }),
        account(account::Event::Linked {
            system: System::parse("salesforce").expect("a fixture's system"),
            key: SourceKey::parse("001Ec00000GGw3hIAD").expect("a fixture's key"),
        }),
        account(account::Event::Closed { personal: decided("Merged with Contoso") }),
        account(account::Event::Reopened { personal: decided("They are back") }),
        contact(contact::Event::Introduced { account: Some(NORTHWIND), personal: anna.clone().into() }),
        contact(contact::Event::Described { personal: anna.into() }),
        contact(contact::Event::Mapped(place)),
        contact(contact::Event::Moved { account: CONTOSO }),
        contact(contact::Event::Associated { account: CONTOSO }),
        contact(contact::Event::Left {}),
        interaction(interaction::Event::Logged(details("Walked the warehouse"))),
        interaction(interaction::Event::Corrected(details("Walked both warehouses"))),
        interaction(interaction::Event::Retracted { personal: step_why() }),
        interaction(interaction::Event::NextStepAgreed(interaction::Step {
            step: STEP,
            owner: Some(LEV),
            due: Some(day),
            personal: interaction::StepWords { what: promise("Send the plan of the warehouse") }.into(),
        })),
        interaction(interaction::Event::NextStepDone { step: STEP }),
        interaction(interaction::Event::NextStepDropped { step: STEP, personal: step_why() }),
        handoff(handoff::Event::Offered(handoff::Offer {
            account: NORTHWIND,
            to: handoff::Party::Unit(LOGISTICS),
            due: Some(day),
            personal: handoff::Words { what: promise("Check the customs papers") }.into(),
        })),
        handoff(handoff::Event::Accepted {}),
        handoff(handoff::Event::Declined { personal: why() }),
        handoff(handoff::Event::Returned { personal: why() }),
        handoff(handoff::Event::Completed {
            personal: handoff::Outcome { result: reason("Cleared by customs") }.into(),
        }),
        handoff(handoff::Event::Escalated { to: ADA, personal: why() }),
        handoff(handoff::Event::Withdrawn { personal: why() }),
        import(import::Event::Started {
            system: System::parse("salesforce").expect("a fixture's system"),
            source: label("export of 1 June"),
        }),
        import(import::Event::Finished { accepted: 199, refused: 1 }),
        import(import::Event::TakenBack { entries: 3 }),
    ]
}

/// A record of an event at a position, recorded and occurred at noon.
pub fn record(position: u64, by: ColleagueId, event: Event) -> Record {
    Record {
        position,
        revision: 1,
        recorded: NOON,
        occurred: Occurred::At(NOON),
        by,
        command: CommandId::from_uuid(Uuid::from_u128(u128::from(position))),
        cause: None,
        batch: None,
        event,
    }
}

/// Facts as they were recorded one after the other, with the right revisions.
pub fn history(facts: impl IntoIterator<Item = (ColleagueId, Event)>) -> Vec<Record> {
    let mut revisions = std::collections::HashMap::new();
    let mut records = Vec::new();
    for (position, (by, event)) in (1..).zip(facts) {
        let revision = revisions.entry(event.stream()).and_modify(|revision| *revision += 1).or_insert(1);
        records.push(Record { revision: *revision, ..record(position, by, event) });
    }
    records
}

/// What is true before.
#[derive(Clone, Debug)]
pub struct Given {
    model: Model,
}

/// What somebody asked for, and what the domain said.
#[derive(Debug)]
#[must_use = "say what follows: .then([…]) or .then_refused(…)"]
pub struct When {
    before: Model,
    command: Command,
    context: Context,
    outcome: Result<Vec<Event>, Rejection>,
}

/// Facts, each with who stated it. An administrator called Ada is always there.
pub fn given(facts: impl IntoIterator<Item = (ColleagueId, Event)>) -> Given {
    let mut given = Given { model: Model::default() };
    let ada = [
        colleague::Event::Joined { unit: None, personal: Personal::Known(identity("Ada Lindqvist")) },
        colleague::Event::GivenRole { role: Role::Administrator },
    ];
    for event in ada {
        given.take(None, ADA, &Event::Colleague(ADA, event));
    }
    for (by, event) in facts {
        given.take(None, by, &event);
    }
    given
}

impl Given {
    /// One more fact.
    pub fn and(&self, (by, event): (ColleagueId, Event)) -> Self {
        let mut with = self.clone();
        with.take(None, by, &event);
        with
    }

    /// One more fact, which an import brought.
    pub fn and_in_batch(&self, batch: ImportId, (by, event): (ColleagueId, Event)) -> Self {
        let mut with = self.clone();
        with.take(Some(batch), by, &event);
        with
    }

    pub fn when(&self, by: ColleagueId, command: Command) -> When {
        self.when_occurred(by, Occurred::At(NOON), command)
    }

    pub fn when_occurred(&self, by: ColleagueId, occurred: Occurred, command: Command) -> When {
        self.when_in(Context { by, occurred, now: NOON, batch: None }, command)
    }

    /// As a row of an import asks.
    pub fn when_in_batch(&self, batch: ImportId, by: ColleagueId, command: Command) -> When {
        self.when_in(Context { by, occurred: Occurred::At(NOON), now: NOON, batch: Some(batch) }, command)
    }

    fn when_in(&self, context: Context, command: Command) -> When {
        let outcome = domain::decide(&command, &context, &self.model);
        When { before: self.model.clone(), command, context, outcome }
    }

    fn take(&mut self, batch: Option<ImportId>, by: ColleagueId, event: &Event) {
        self.model.evolve(event, &Context { by, occurred: Occurred::At(NOON), now: NOON, batch });
    }
}

impl When {
    /// Exactly these events follow; and then the same command again yields nothing.
    #[track_caller]
    pub fn then<const N: usize>(self, expected: [Event; N]) {
        let events = match self.outcome {
            Ok(events) => events,
            Err(rejection) => panic!("refused: {rejection:?}"),
        };
        assert_eq!(events, expected);
        let mut after = self.before;
        for event in &events {
            after.evolve(event, &self.context);
        }
        let again = domain::decide(&self.command, &self.context, &after);
        assert_eq!(again, Ok(vec![]), "decided again, it must stay quiet");
    }

    #[track_caller]
    pub fn then_refused(self, why: impl Into<Rejection>) {
        assert_eq!(self.outcome, Err(why.into()));
    }
}
