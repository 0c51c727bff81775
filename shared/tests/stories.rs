//! Stories across the slices, as the business would tell them: who did what, when, and what people
//! then see. The rules of one slice are tested in it; here is how they play together.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use jiff::civil::date;
use shared::domain::{Command, Rejection};
use shared::handoff::{Command as Handoff, Offer, Party};
use shared::ids::{AccountId, ColleagueId, EventRef, ImportId, Stream};
use shared::import::Command as Import;
use shared::interaction::{Command as Interaction, Details, Step, StepWords};
use shared::record::Record;
use shared::testkit::*;
use shared::views::alignment::Figure;
use shared::views::board::Waits;
use shared::views::touch::Calendar;
use shared::views::{AccountFile, Alignment, Board, Directory, Portfolio, Timeline, View};
use shared::words::{Front, Mode, Occurred, System};
use shared::{account, colleague, contact, handoff, import, interaction};
use uuid::Uuid;

#[path = "support/desk.rs"]
mod desk;

use desk::{Ask, Desk, fold, sieve};

const IMPORTED_ANEW: ImportId = ImportId::from_uuid(Uuid::from_u128(0x9A));

/// The company of the fixtures, and what happens in it.
struct Story {
    desk: Desk,
    occurred: Option<Occurred>,
    cause: Option<EventRef>,
    batch: Option<ImportId>,
}

impl Story {
    fn begins(day: &str) -> Self {
        let mut story = Self { desk: Desk::new(NOON), occurred: None, cause: None, batch: None };
        story.on(day);
        for (by, event) in company() {
            // Facts that nobody decides here: what was so before the story.
            let ask = story.asks(by, Command::Handoff(HANDOFF, Handoff::Accept {}));
            story.desk.take_down(&ask, event);
        }
        story
    }

    /// It is noon on that day.
    fn on(&mut self, day: &str) -> &mut Self {
        self.desk.now = format!("{day}T12:00:00Z").parse().unwrap();
        self
    }

    /// What comes next happened earlier, on this day.
    fn happened_on(&mut self, day: &str) -> &mut Self {
        self.occurred = Occurred::parse(day);
        self
    }

    /// What comes next was led to by this.
    fn because_of(&mut self, cause: EventRef) -> &mut Self {
        self.cause = Some(cause);
        self
    }

    /// What comes next comes with this import.
    fn with(&mut self, import: ImportId) -> &mut Self {
        self.batch = Some(import);
        self
    }

    fn asks(&mut self, by: ColleagueId, command: Command) -> Ask {
        let occurred = self.occurred.take().unwrap_or(Occurred::At(self.desk.now));
        Ask { by, occurred, batch: self.batch.take(), cause: self.cause.take(), command }
    }

    /// Somebody does something, and something comes of it: here is the first event of that.
    #[track_caller]
    fn does(&mut self, who: ColleagueId, command: impl Into<Anything>) -> EventRef {
        let ask = self.asks(who, command.into().0);
        let events = self.desk.ask(&ask).unwrap();
        assert!(!events.is_empty(), "nothing came of {:?}", ask.command);
        let place = self.desk.log.len() - events.len();
        self.desk.log.get(place).unwrap().reference()
    }

    #[track_caller]
    fn is_refused(&mut self, who: ColleagueId, command: impl Into<Anything>, why: impl Into<Rejection>) {
        let ask = self.asks(who, command.into().0);
        assert_eq!(self.desk.ask(&ask), Err(why.into()));
    }

    /// A view of the whole story so far.
    fn seen<V: View>(&self, view: V) -> V {
        seen(view, &self.desk.log)
    }
}

/// A view as it stood when the log had come this far.
fn seen<V: View>(mut view: V, log: &[Record]) -> V {
    let mut sieve = sieve(log);
    for record in log.iter().filter(|record| sieve.keeps(record)) {
        view.fold(record);
    }
    view
}

/// So that the stories need not say what each command is about.
struct Anything(Command);

impl From<Command> for Anything {
    fn from(command: Command) -> Self {
        Self(command)
    }
}

impl From<Handoff> for Anything {
    fn from(command: Handoff) -> Self {
        Self(Command::Handoff(HANDOFF, command))
    }
}

impl From<Interaction> for Anything {
    fn from(command: Interaction) -> Self {
        Self(Command::Interaction(VISIT, command))
    }
}

fn visit(account: AccountId, line: &str) -> Interaction {
    let details = Details { mode: Some(Mode::InPerson), ..Details::new(Front::Client, Some(account), summary(line)) };
    Interaction::Log { details, next_steps: vec![] }
}

fn offer(to: Party, what: &str, due: Option<jiff::civil::Date>) -> Handoff {
    let personal = handoff::Words { what: promise(what) }.into();
    Handoff::Offer(Offer { account: NORTHWIND, to, due, personal })
}

fn register(account: AccountId, name: &str) -> Command {
    Command::Account(account, account::Command::Register { name: account_name(name) })
}

fn start() -> Import {
    Import::Start { system: System::parse("salesforce").unwrap(), source: label("export") }
}

#[test]
fn a_visit_leads_to_a_handoff_that_goes_out_three_times_before_it_is_done() {
    let mut story = Story::begins("2026-06-01");
    let visited = story.does(KIRA, visit(NORTHWIND, "They need the customs papers by the 15th"));

    let papers = || offer(Party::Unit(LOGISTICS), "Check the customs papers", Some(date(2026, 6, 15)));
    story.on("2026-06-02").because_of(visited).does(KIRA, papers());
    story.is_refused(MAXIM, Handoff::Accept {}, handoff::Rejection::NotConcerned);
    story.on("2026-06-03").does(LEV, Handoff::Accept {});
    story.on("2026-06-04").does(LEV, Handoff::Return { reason: reason("Half of the papers are missing") });

    let card = story.seen(Board::default()).open.remove(&HANDOFF).unwrap();
    assert_eq!(story.seen(Board::default()).waits(&card, KIRA), Waits::ForMe, "it came back to the one who asked");

    let to_maxim = offer(Party::Colleague(MAXIM), "Find the papers that are missing", Some(date(2026, 6, 10)));
    story.is_refused(LEV, to_maxim.clone(), handoff::Rejection::NotYours);
    story.on("2026-06-05").because_of(visited).does(KIRA, to_maxim);
    story.on("2026-06-08").does(MAXIM, Handoff::Decline { reason: reason("Engineering has no papers") });
    story.on("2026-06-09").because_of(visited).does(KIRA, papers());
    story.does(LEV, Handoff::Accept {});
    story.on("2026-06-15").does(LEV, Handoff::Complete { result: reason("Cleared by customs") });
    story.is_refused(KIRA, papers(), handoff::Rejection::Ended);

    let board = story.seen(Board::default());
    let card = &board.ended[&HANDOFF];
    assert!(board.open.is_empty() && card.goes_back_and_forth());

    let alignment = story.seen(Alignment::default());
    let logistics = &alignment.by_account[&NORTHWIND][&LOGISTICS];
    assert_eq!([Figure::Offered, Figure::Accepted, Figure::Returned].map(|figure| logistics.n(&[figure])), [2, 2, 1]);
    assert_eq!(logistics.kept_in_time(), (1, 1));
    assert_eq!(alignment.by_account[&NORTHWIND][&ENGINEERING].n(&[Figure::Declined]), 1);

    let timeline = story.seen(Timeline::new(NORTHWIND.into()));
    let lanes: Vec<Front> = timeline.entries.iter().map(|entry| entry.front()).collect();
    let led_to = timeline.entries.iter().filter(|entry| entry.record.cause == Some(visited)).count();
    assert_eq!(lanes.iter().filter(|front| **front == Front::Internal).count(), 8 + 1, "and who answers for it");
    assert_eq!(led_to, 3, "every offer shows the visit that it came from");
}

#[test]
fn a_late_entry_stands_where_it_happened_and_was_not_known_before() {
    let mut story = Story::begins("2026-05-01");
    story.on("2026-05-20").does(KIRA, Command::Interaction(CALL, visit(NORTHWIND, "Called about the delay")));
    let known_then = story.desk.log.clone();
    story.on("2026-06-01").happened_on("2026-05-12").does(KIRA, visit(NORTHWIND, "Met in Hamburg"));

    let timeline = story.seen(Timeline::new(NORTHWIND.into()));
    let order: Vec<Stream> = timeline.entries.iter().rev().take(2).map(|entry| entry.record.stream()).collect();
    assert_eq!(order, [CALL.into(), VISIT.into()], "by when it happened, the newest first");
    let late: Vec<bool> =
        timeline.entries.iter().filter(|entry| entry.interaction().is_some()).map(|entry| entry.is_late()).collect();
    assert_eq!(late, [true, false]);
    let row = |log: &[Record]| seen(Portfolio::default(), log).rows.remove(&NORTHWIND).unwrap();
    assert_eq!(row(&story.desk.log).last_touch(), row(&known_then).last_touch(), "the call was later");

    let as_we_knew_it = seen(Timeline::new(NORTHWIND.into()), &known_then);
    assert!(as_we_knew_it.entries.iter().all(|entry| entry.record.stream() != VISIT.into()));
}

#[test]
fn an_entry_on_the_wrong_account_is_corrected_and_a_mistaken_one_retracted() {
    let mut story = Story::begins("2026-06-01");
    story.does(KIRA, visit(CONTOSO, "Walked the warehouse"));
    story.is_refused(
        LEV,
        Interaction::Retract { reason: reason("Not mine") },
        Rejection::Denied(shared::policy::Denied::NeedsAuthor),
    );
    let Interaction::Log { details, .. } = visit(NORTHWIND, "Walked the warehouse") else { return };
    story.does(KIRA, Interaction::Correct(details));

    let touched = |story: &Story, account| story.seen(Portfolio::default()).rows[&account].last_touch().is_some();
    assert!(touched(&story, NORTHWIND) && !touched(&story, CONTOSO));

    story.does(KIRA, Interaction::Retract { reason: reason("That was last year") });
    assert!(!touched(&story, NORTHWIND));
    let timeline = story.seen(Timeline::new(NORTHWIND.into()));
    assert!(timeline.entries.iter().any(|entry| entry.retracted.is_some()), "nothing disappears");
    story.is_refused(KIRA, visit(NORTHWIND, "Another text"), interaction::Rejection::AlreadyLogged);
}

#[test]
fn a_promise_is_kept_on_the_screen_until_it_is_kept_in_the_world() {
    let mut story = Story::begins("2026-06-01");
    let personal = StepWords { what: promise("Send the plan of the warehouse") }.into();
    let step = Step { step: STEP, owner: Some(LEV), due: Some(date(2026, 6, 5)), personal };
    let Interaction::Log { details, .. } = visit(NORTHWIND, "They ask for the plan") else { return };
    story.does(KIRA, Interaction::Log { details, next_steps: vec![step] });

    let row = |story: &Story| story.seen(Portfolio::default()).rows.remove(&NORTHWIND).unwrap();
    story.on("2026-06-08");
    assert_eq!(row(&story).overdue_steps(&Calendar::utc(story.desk.now)), 1);
    let file = story.seen(AccountFile::new(NORTHWIND));
    assert!(file.open_steps().iter().any(|(id, step)| *id == STEP && step.owner == Some(LEV)));

    story.does(LEV, Interaction::DoNextStep { step: STEP });
    assert_eq!(row(&story).open_steps().count(), 0);
    story.is_refused(
        KIRA,
        Interaction::DropNextStep { step: STEP, reason: reason("Too late") },
        interaction::Rejection::StepSettled,
    );
}

#[test]
fn who_leaves_leaves_their_work_behind_for_all_to_see() {
    let mut story = Story::begins("2026-06-01");
    story.does(KIRA, offer(Party::Colleague(LEV), "Check the customs papers", None));
    story.on("2026-06-02").does(LEV, Handoff::Accept {});
    story.on("2026-06-03").does(ADA, Command::Colleague(LEV, colleague::Command::Leave {}));
    story.is_refused(
        LEV,
        Handoff::Complete { result: reason("Done") },
        Rejection::Denied(shared::policy::Denied::Stranger),
    );

    let board = story.seen(Board::default());
    assert!(board.is_orphaned(&board.open[&HANDOFF]));
    story.does(KIRA, Handoff::Withdraw { reason: reason("Lev has left") });
    let anew = offer(Party::Colleague(LEV), "Check the customs papers", None);
    story.is_refused(KIRA, anew, handoff::Rejection::NoSuchParty);
    story.does(KIRA, offer(Party::Colleague(MAXIM), "Check the customs papers", None));
    let board = story.seen(Board::default());
    assert!(!board.is_orphaned(&board.open[&HANDOFF]));

    let timeline = story.seen(Timeline::new(LEV.into()));
    let of_handoff = |entry: &&shared::views::timeline::Entry| entry.record.stream() == HANDOFF.into();
    assert!(timeline.newest_first().filter(of_handoff).count() >= 2, "what they did stays");
}

#[test]
fn a_contact_changes_sides_and_the_history_stays_with_both() {
    let mut story = Story::begins("2026-06-01");
    let Interaction::Log { details, .. } = visit(NORTHWIND, "Lunch with Anna") else { return };
    let with_anna = Details { contacts: vec![ANNA], ..details };
    story.does(KIRA, Interaction::Log { details: with_anna, next_steps: vec![] });
    story.on("2026-07-01").does(KIRA, Command::Contact(ANNA, contact::Command::Move { account: CONTOSO }));

    assert!(story.seen(AccountFile::new(NORTHWIND)).last_with(ANNA).is_some(), "what was said there was said there");
    assert!(story.seen(Timeline::new(ANNA.into())).entries.iter().any(|entry| entry.record.stream() == VISIT.into()));
    let directory = story.seen(Directory::default());
    let at_contoso = directory.contacts_of(CONTOSO, shared::lang::Lang::En);
    assert!(at_contoso.iter().any(|(id, _)| *id == ANNA));
}

#[test]
fn an_import_is_taken_back_with_what_rests_on_it_and_imported_anew() {
    let mut story = Story::begins("2026-06-01");
    let before = story.desk.model.clone();
    let as_it_was = story.seen(Portfolio::default()).rows;

    story.with(BATCH).does(ADA, Command::Import(BATCH, start()));
    story.with(BATCH).does(ADA, register(TAILSPIN, "Tailspin"));
    let linked = |key: &str| {
        let key = shared::words::SourceKey::parse(key).unwrap();
        Command::Account(TAILSPIN, account::Command::Link { system: System::parse("salesforce").unwrap(), key })
    };
    story.with(BATCH).does(ADA, linked("001A"));
    story.with(BATCH).does(ADA, Command::Import(BATCH, Import::Finish { accepted: 1, refused: 0 }));

    story.on("2026-06-02").does(KIRA, visit(TAILSPIN, "First visit"));
    let back = |with_entries| Command::Import(BATCH, Import::TakeBack { with_entries });
    story.is_refused(ADA, back(false), import::Rejection::UsedSince { entries: 1 });
    story.on("2026-06-03").does(ADA, back(true));
    assert_eq!(story.seen(Portfolio::default()).rows, as_it_was, "exactly the earlier state");
    let again = Interaction::AgreeNextStep(Step {
        step: STEP,
        owner: None,
        due: None,
        personal: StepWords { what: promise("Call") }.into(),
    });
    story.is_refused(KIRA, again, interaction::Rejection::NoSuchInteraction);
    story.with(BATCH).is_refused(ADA, register(CONTOSO, "Contoso AG"), import::Rejection::IsTakenBack);
    for account in [NORTHWIND, CONTOSO, TAILSPIN] {
        assert_eq!(story.desk.model.accounts().exists(account), before.accounts().exists(account));
    }

    // The same source, so the same identities: their streams go on where they were.
    story.on("2026-06-04").with(IMPORTED_ANEW).does(ADA, Command::Import(IMPORTED_ANEW, start()));
    let registered = story.with(IMPORTED_ANEW).does(ADA, register(TAILSPIN, "Tailspin"));
    assert_eq!(registered, EventRef { stream: TAILSPIN.into(), revision: 3 });
    story.with(IMPORTED_ANEW).does(ADA, linked("001A"));
    story.does(KIRA, visit(TAILSPIN, "The first visit, logged anew"));
    assert!(story.seen(Portfolio::default()).rows[&TAILSPIN].last_touch().is_some());
    assert_eq!(fold(story.desk.standing()), story.desk.model, "who starts now arrives at the same");
}

#[test]
fn an_account_finds_its_manager_and_becomes_a_key_account() {
    let mut story = Story::begins("2026-06-01");
    let take = |kam| Command::Account(CONTOSO, account::Command::Assign { kam });
    story.does(LEV, take(LEV));
    story.is_refused(KIRA, take(KIRA), Rejection::Denied(shared::policy::Denied::NeedsManager));
    let designate =
        account::Command::Designate { tier: shared::words::Tier::Strategic, reason: reason("A third of our freight") };
    story.does(ADA, Command::Account(CONTOSO, designate));
    story.does(LEV, Command::Interaction(CALL, visit(CONTOSO, "Introduced ourselves")));

    let portfolio = story.seen(Portfolio::default());
    assert_eq!(portfolio.of(Some(LEV)).iter().map(|(id, _)| *id).collect::<Vec<_>>(), [CONTOSO]);
    let contoso = &portfolio.rows[&CONTOSO];
    assert!(!contoso.is_going_cold(&Calendar::utc("2026-06-20T12:00:00Z".parse().unwrap())));
    assert!(
        contoso.is_going_cold(&Calendar::utc("2026-06-30T12:00:00Z".parse().unwrap())),
        "a strategic one cools in three weeks"
    );
}
