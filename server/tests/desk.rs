//! The desk at the seam: what is asked, what becomes durable, and what is answered.

#![expect(clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

mod house;

use std::ops::ControlFlow;
use std::sync::Arc;

use house::*;
use jiff::SignedDuration;
use server::desk::{Order, Refusal};
use server::office::replay::{ReplayError, replay};
use server::store::{Store, StreamId};
use shared::domain::{Command, Event, Rejection};
use shared::ids::{EventRef, InteractionId, Stream};
use shared::request::{Request, Seen};
use shared::testkit::*;
use shared::views::View;
use shared::words::{Front, Label, Occurred, Role, System};
use shared::{account, colleague, import, interaction, unit};
use uuid::Uuid;

fn name_of(house: &House) -> String {
    house.warm.company().directory.accounts[&NORTHWIND].name.to_string()
}

fn expecting(order: Order, stream: impl Into<Stream>, revision: u64) -> Order {
    let request = Request { expects: vec![Seen { stream: stream.into(), revision }], ..order.request };
    Order { request, ..order }
}

#[test]
fn what_is_asked_happens_and_is_seen() {
    let mut house = House::new();
    let before = house.store.head();
    let receipt = house.ask(visit(100, VISIT, NORTHWIND, "Walked the warehouse")).unwrap();
    assert_eq!(receipt.events, vec![Stream::from(VISIT).first()]);
    assert_eq!((receipt.position, receipt.duplicate), (before + 1, false));
    assert_eq!(house.warm.position(), before + 1);
    assert_eq!(house.warm.index().concerning(NORTHWIND.into(), before), [before + 1]);
    house.check_against_replay();
}

#[test]
fn what_the_domain_refuses_leaves_no_trace() {
    let mut house = House::new();
    let before = house.store.head();
    let refused = house.ask(rename(100, TAILSPIN, "Tailspin"));
    assert_eq!(refused, Err(Refusal::Rejected(Rejection::Account(account::Rejection::NoSuchAccount))));
    let denied =
        house.ask(order(101, NINA, Command::Account(NORTHWIND, account::Command::Rename { name: account_name("x") })));
    assert!(matches!(denied, Err(Refusal::Rejected(Rejection::Denied(_)))));
    assert_eq!(house.store.head(), before);
}

#[test]
fn what_follows_from_nothing_that_ever_happened_is_refused() {
    let mut house = House::new();
    let before = house.store.head();
    let because = |number, cause| {
        let mut order = visit(number, VISIT, NORTHWIND, "They called back");
        order.request.cause = Some(cause);
        order
    };
    let registered = Stream::from(NORTHWIND).first();
    let never =
        [Stream::from(CALL).first(), EventRef { revision: 99, ..registered }, EventRef { revision: 0, ..registered }];
    for (number, cause) in (100..).zip(never) {
        assert_eq!(house.ask(because(number, cause)), Err(Refusal::Rejected(Rejection::NoSuchCause)), "{cause}");
    }
    assert_eq!(house.store.head(), before);
    // What comes before it in the same group has happened by then.
    let asked = house.ask_all(vec![visit(200, CALL, NORTHWIND, "Called"), because(201, Stream::from(CALL).first())]);
    assert!(asked.iter().all(Result::is_ok), "{asked:?}");
    assert!(house.ask(because(201, Stream::from(CALL).first())).unwrap().duplicate);
}

#[test]
fn what_is_already_true_stays_quiet_and_says_how_far_to_look() {
    let mut house = House::new();
    let before = house.store.head();
    let receipt = house.ask(rename(100, NORTHWIND, "Northwind")).unwrap();
    assert_eq!((receipt.events, receipt.position, receipt.duplicate), (vec![], before, false));
    assert_eq!(house.store.head(), before);
}

#[test]
fn a_command_sent_again_gets_its_first_answer_whatever_it_says_by_now() {
    let mut house = House::new();
    let first = house.ask(rename(100, NORTHWIND, "Northwind AG")).unwrap();
    house.ask(rename(101, NORTHWIND, "Northwind SE")).unwrap();
    let again = house.ask(rename(100, NORTHWIND, "Northwind AG")).unwrap();
    assert!(again.duplicate);
    assert_eq!((&again.events, again.position), (&first.events, first.position));
    assert_eq!(name_of(&house), "Northwind SE");
}

#[test]
fn the_same_command_twice_in_one_group_happens_once() {
    let mut house = House::new();
    let answers = house.ask_all(vec![rename(100, NORTHWIND, "Northwind AG"), rename(100, NORTHWIND, "Northwind AG")]);
    let [first, second] = answers.try_into().unwrap();
    let (first, second) = (first.unwrap(), second.unwrap());
    assert_eq!((first.duplicate, second.duplicate), (false, true));
    assert_eq!(first.events, second.events);
    house.check_against_replay();
}

#[test]
fn a_group_is_one_sync_and_each_order_sees_those_before_it() {
    let mut house = House::new();
    let groups = house.store.groups.load(std::sync::atomic::Ordering::SeqCst);
    let answers = house.ask_all(vec![
        register(100, TAILSPIN, "Tailspin"),
        visit(101, VISIT, TAILSPIN, "First visit"),
        rename(102, TAILSPIN, "Tailspin"),
        rename(103, TAILSPIN, "Tailspin AG"),
    ]);
    let receipts: Vec<_> = answers.into_iter().map(Result::unwrap).collect();
    assert_eq!(receipts.iter().map(|receipt| receipt.events.len()).collect::<Vec<_>>(), [1, 1, 0, 1]);
    assert_eq!(receipts[2].position, house.store.head(), "quiet: the screen must show what made it true");
    assert_eq!(house.store.groups.load(std::sync::atomic::Ordering::SeqCst), groups + 1);
    house.check_against_replay();
}

#[test]
fn a_screen_that_is_behind_is_told_what_changed() {
    let mut house = House::new();
    let seen = house.warm.company().directory.accounts[&NORTHWIND].revision;
    house.ask(rename(100, NORTHWIND, "Northwind AG")).unwrap();
    let stale = house.ask(expecting(rename(101, NORTHWIND, "Northwind SE"), NORTHWIND, seen));
    let Err(Refusal::Conflict { changed }) = stale else { panic!("{stale:?}") };
    assert_eq!(changed.len(), 1);
    assert_eq!(
        changed[0].event,
        Event::Account(NORTHWIND, account::Event::Renamed { name: account_name("Northwind AG") })
    );
    house.ask(expecting(rename(102, NORTHWIND, "Northwind SE"), NORTHWIND, seen + 1)).unwrap();
    assert_eq!(name_of(&house), "Northwind SE");
}

#[test]
fn two_screens_that_saw_the_same_cannot_both_win_in_one_group() {
    let mut house = House::new();
    let seen = house.warm.company().directory.accounts[&NORTHWIND].revision;
    let answers = house.ask_all(vec![
        expecting(rename(100, NORTHWIND, "Northwind AG"), NORTHWIND, seen),
        expecting(rename(101, NORTHWIND, "Northwind SE"), NORTHWIND, seen),
    ]);
    assert!(answers[0].is_ok());
    assert!(matches!(&answers[1], Err(Refusal::Conflict { changed }) if changed.len() == 1));
}

#[test]
fn a_command_that_expects_and_is_sent_again_gets_its_first_answer_not_a_conflict() {
    let mut house = House::new();
    let seen = house.warm.company().directory.accounts[&NORTHWIND].revision;
    let order = expecting(rename(100, NORTHWIND, "Northwind AG"), NORTHWIND, seen);
    house.ask(order.clone()).unwrap();
    assert!(house.ask(order).unwrap().duplicate);
}

#[test]
fn who_was_overtaken_by_another_writer_is_decided_again_on_what_is_true_now() {
    let mut house = House::new();
    let revision = house.warm.company().directory.accounts[&NORTHWIND].revision;
    let renamed = Event::Account(NORTHWIND, account::Event::Renamed { name: account_name("Northwind AG") });
    house.overtaken_by(900, revision, renamed);
    let receipt = house.ask(rename(100, NORTHWIND, "Northwind AG")).unwrap();
    assert_eq!(receipt.events, vec![], "it has come true meanwhile");
    assert_eq!(receipt.position, house.store.head());
    assert_eq!(name_of(&house), "Northwind AG");
    house.check_against_replay();
}

#[test]
fn an_order_that_rested_on_one_that_failed_is_decided_again() {
    let mut house = House::new();
    // Somebody else registers the account under another name, so our registration fails, and the visit must not.
    let registered = Event::Account(TAILSPIN, account::Event::Registered { name: account_name("Tailspin AG") });
    house.overtaken_by(900, 0, registered);
    let answers = house.ask_all(vec![
        register(100, TAILSPIN, "Tailspin"),
        rename(101, TAILSPIN, "Tailspin"),
        visit(102, VISIT, TAILSPIN, "First visit"),
    ]);
    assert_eq!(answers[0], Err(Refusal::Rejected(Rejection::Account(account::Rejection::AlreadyRegistered))));
    assert_eq!(answers[1].as_ref().unwrap().events.len(), 1, "quiet on our own registration, but that did not happen");
    assert!(answers[2].is_ok());
    house.check_against_replay();
}

#[test]
fn who_was_sent_away_a_moment_before_is_refused() {
    let mut house = House::new();
    let left = Event::Colleague(KIRA, colleague::Event::Left {});
    house.overtaken_by(900, 2, left);
    let refused = house.ask(visit(100, VISIT, NORTHWIND, "Visit"));
    assert!(matches!(refused, Err(Refusal::Rejected(Rejection::Denied(_)))), "{refused:?}");
    house.check_against_replay();
}

#[test]
fn who_is_sent_away_while_their_order_is_decided_is_refused() {
    let mut house = House::new();
    let left = Event::Colleague(KIRA, colleague::Event::Left {});
    *house.store.meanwhile.lock().unwrap() = Some(from_elsewhere(&house.keyring, 900, 2, left));
    let refused = house.ask(visit(100, VISIT, NORTHWIND, "Visit"));
    assert!(matches!(refused, Err(Refusal::Rejected(Rejection::Denied(_)))), "{refused:?}");
    house.check_against_replay();
}

#[test]
fn what_the_sender_looked_at_moves_a_moment_before_and_it_is_decided_again() {
    let mut house = House::new();
    let seen = house.warm.company().directory.accounts[&NORTHWIND].revision;
    let renamed = Event::Account(NORTHWIND, account::Event::Renamed { name: account_name("Northwind AG") });
    house.overtaken_by(900, seen, renamed);
    let asked = expecting(register(100, TAILSPIN, "Tailspin"), NORTHWIND, seen);
    assert!(matches!(house.ask(asked), Err(Refusal::Conflict { .. })));
    house.check_against_replay();
}

#[test]
fn two_desks_do_not_take_the_last_two_administrators_away() {
    let mut house = House::new();
    let role = |role| colleague::Command::GiveRole { role };
    house.ask(order(100, ADA, Command::Colleague(KIRA, role(Role::Administrator)))).unwrap();
    let demoted = Event::Colleague(KIRA, colleague::Event::GivenRole { role: Role::Analyst });
    house.overtaken_by(900, 3, demoted);
    let refused = house.ask(order(101, ADA, Command::Colleague(ADA, role(Role::Analyst))));
    assert_eq!(refused, Err(Refusal::Rejected(Rejection::Colleague(colleague::Rejection::LastAdministrator))));
    house.check_against_replay();
}

#[test]
fn two_desks_make_no_ring_of_units() {
    let mut house = House::new();
    let under =
        |number, unit, under| order(number, ADA, Command::Unit(unit, unit::Command::Move { under: Some(under) }));
    house.ask(under(100, LOGISTICS, ENGINEERING)).unwrap();
    let moved = Event::Unit(ENGINEERING, unit::Event::Moved { under: Some(SALES) });
    house.overtaken_by(900, 1, moved);
    let refused = house.ask(under(101, SALES, LOGISTICS));
    assert_eq!(refused, Err(Refusal::Rejected(Rejection::Unit(unit::Rejection::UnderItself))));
    house.check_against_replay();
}

#[test]
fn without_keys_everything_is_refused_and_nothing_is_read_again() {
    let mut house = House::new();
    std::fs::rename(house.keys.path().join("ring-0000000001"), house.keys.path().join("elsewhere")).unwrap();
    let (mut number, before) = (1_000, house.store.head());
    // Keys are made ahead of use.
    let refused = loop {
        let interaction = InteractionId::from_uuid(Uuid::from_u128(0x1_0000 + number));
        if let Err(refused) = house.ask(visit(number, interaction, NORTHWIND, "Visit")) {
            break refused;
        }
        number += 1;
        assert!(number < 2_000, "there are keys without end");
    };
    let Refusal::Closed(why) = refused else { panic!("{refused:?}") };
    assert!(!why.contains("ring-"), "where the keys lie is nobody's business: {why}");
    assert_eq!(house.store.head(), before + u64::try_from(number - 1_000).unwrap());
    let again = house.ask_all(vec![
        visit(2_000, VISIT, NORTHWIND, "Visit"),
        rename(2_001, NORTHWIND, "Northwind AG"),
        visit(2_002, CALL, NORTHWIND, "Call"),
    ]);
    // Also what nobody has to be able to forget: the office says that it is closed, and so it is.
    assert!(again.iter().all(|answer| matches!(answer, Err(Refusal::Closed(_)))), "{again:?}");
    assert_eq!(house.afresh, 0);
    house.check_against_replay();
}

#[test]
fn a_visit_to_an_account_that_changed_a_moment_before_is_decided_again() {
    let mut house = House::new();
    let revision = house.warm.company().directory.accounts[&NORTHWIND].revision;
    let renamed = Event::Account(NORTHWIND, account::Event::Renamed { name: account_name("Northwind AG") });
    house.overtaken_by(900, revision, renamed);
    let groups = house.store.groups.load(std::sync::atomic::Ordering::SeqCst);
    house.ask(visit(100, VISIT, NORTHWIND, "Visit")).unwrap();
    assert_eq!(house.store.groups.load(std::sync::atomic::Ordering::SeqCst), groups + 2);
    house.check_against_replay();
}

#[test]
fn a_row_of_an_import_that_was_taken_back_a_moment_before_is_refused() {
    let mut house = House::new();
    let (system, source) = (System::parse("salesforce").unwrap(), Label::parse("export").unwrap());
    house.ask(order(100, ADA, Command::Import(BATCH, import::Command::Start { system, source }))).unwrap();
    let back = Event::Import(BATCH, import::Event::TakenBack { entries: 0 });
    house.overtaken_by(900, 1, back);
    let refused = house.ask(in_batch(BATCH, register(101, TAILSPIN, "Tailspin")));
    assert_eq!(refused, Err(Refusal::Rejected(Rejection::Import(import::Rejection::IsTakenBack))));
    house.check_against_replay();
}

#[test]
fn the_same_command_through_another_desk_gets_the_answer_that_it_got_there() {
    let mut house = House::new();
    let revision = house.warm.company().directory.accounts[&NORTHWIND].revision;
    let renamed = Event::Account(NORTHWIND, account::Event::Renamed { name: account_name("Northwind AG") });
    house.overtaken_by(100, revision, renamed);
    let receipt = house.ask(visit(100, VISIT, NORTHWIND, "Visit")).unwrap();
    assert!(receipt.duplicate);
    assert_eq!(receipt.events, [EventRef { stream: NORTHWIND.into(), revision: revision + 1 }]);
    assert_eq!(name_of(&house), "Northwind AG");
    house.check_against_replay();
}

#[test]
fn who_may_not_is_told_so_before_what_changed_is_read() {
    let mut house = House::new();
    let change = Command::Account(NORTHWIND, account::Command::Rename { name: account_name("x") });
    let denied = house.ask(expecting(order(100, NINA, change), NORTHWIND, 0));
    assert!(matches!(denied, Err(Refusal::Rejected(Rejection::Denied(_)))), "{denied:?}");
}

#[test]
fn what_is_expected_twice_is_shown_once() {
    let mut house = House::new();
    let seen = Seen { stream: NORTHWIND.into(), revision: 0 };
    let asked = rename(100, NORTHWIND, "Northwind AG");
    let asked = Order { request: Request { expects: vec![seen; 50], ..asked.request }, ..asked };
    let Err(Refusal::Conflict { changed }) = house.ask(asked) else { panic!("it is not fresh") };
    assert_eq!(changed.len() as u64, house.warm.company().directory.accounts[&NORTHWIND].revision);
}

#[test]
fn a_correction_that_says_no_time_leaves_the_entry_where_it_was() {
    let mut house = House::new();
    let mut order_of_march = visit(100, VISIT, NORTHWIND, "Visit");
    order_of_march.request.occurred = Occurred::parse("2026-03-01");
    house.ask(order_of_march).unwrap();
    let details = interaction::Details::new(Front::Client, Some(NORTHWIND), summary("Long visit"));
    let correct = Command::Interaction(VISIT, interaction::Command::Correct(details));
    house.ask(order(101, KIRA, correct)).unwrap();
    let (record, _) = &server::office::replay::page(&*house.store, &house.keyring, house.store.head() - 1).unwrap()[0];
    assert_eq!(Some(record.occurred), Occurred::parse("2026-03-01"));
}

#[test]
fn what_others_write_meanwhile_is_known_before_the_next_decision() {
    let mut house = House::new();
    let registered = Event::Account(TAILSPIN, account::Event::Registered { name: account_name("Tailspin") });
    let elsewhere = from_elsewhere(&house.keyring, 900, 0, registered);
    house.store.memory.append(vec![elsewhere]).pop().unwrap().unwrap();
    house.ask(visit(100, VISIT, TAILSPIN, "First visit")).unwrap();
    house.check_against_replay();
}

#[test]
fn a_failed_sync_is_told_as_unknown_and_the_same_command_settles_it_after_the_restart() {
    for written in [true, false] {
        let mut house = House::new();
        *house.store.mishap.lock().unwrap() = Mishap::SyncFailed { written };
        let order = rename(100, NORTHWIND, "Northwind AG");
        assert!(matches!(house.ask(order.clone()), Err(Refusal::Unavailable(_))));
        assert!(matches!(house.ask(rename(101, NORTHWIND, "Other")), Err(Refusal::Closed(_))), "no pretending");
        house.restart();
        assert_eq!(house.ask(order).unwrap().duplicate, written);
        assert_eq!(name_of(&house), "Northwind AG");
        house.check_against_replay();
    }
}

#[test]
fn a_closed_store_takes_nothing_and_goes_on_answering_what_it_knows() {
    let mut house = House::new();
    let known = rename(100, NORTHWIND, "Northwind AG");
    house.ask(known.clone()).unwrap();
    *house.store.mishap.lock().unwrap() = Mishap::Closes;
    let answers = house.ask_all(vec![visit(101, VISIT, NORTHWIND, "Visit"), rename(102, NORTHWIND, "Northwind SE")]);
    for answer in answers {
        assert!(matches!(&answer, Err(Refusal::Closed(why)) if why.contains("disk is full")), "{answer:?}");
    }
    assert!(house.ask(known).unwrap().duplicate);
    assert_eq!(name_of(&house), "Northwind AG");
    house.check_against_replay();
}

#[test]
fn time_in_the_log_never_runs_backwards() {
    let mut house = House::new();
    house.ask(rename(100, NORTHWIND, "Northwind AG")).unwrap();
    house.pass(SignedDuration::from_hours(-3));
    house.ask(rename(101, NORTHWIND, "Northwind SE")).unwrap();
    let store: Arc<dyn Store> = house.store.clone();
    let records = server::office::replay::page(&*store, &house.keyring, 0).unwrap();
    assert!(records.windows(2).all(|two| two[0].0.recorded <= two[1].0.recorded));
}

#[test]
fn a_moment_more_precise_than_the_log_is_the_same_when_it_is_read_again() {
    let mut house = House::new();
    let mut order = visit(100, VISIT, NORTHWIND, "Visit");
    order.request.occurred = Some(Occurred::At("2026-06-01T10:00:00.123456789Z".parse().unwrap()));
    house.ask(order.clone()).unwrap();
    let same = Order { request: Request { id: id(101), ..order.request }, ..order };
    assert_eq!(house.ask(same.clone()).unwrap().events, vec![], "the same words about the same moment");
    house.restart();
    let same = Order { request: Request { id: id(102), ..same.request }, ..same };
    assert_eq!(house.ask(same).unwrap().events, vec![]);
}

#[test]
fn a_correction_whose_import_was_taken_back_does_not_stand() {
    let mut house = House::new();
    let start = import::Command::Start {
        system: System::parse("salesforce").unwrap(),
        source: Label::parse("export").unwrap(),
    };
    house.ask(order(100, ADA, Command::Import(BATCH, start))).unwrap();
    let logged = house.ask(visit(101, VISIT, NORTHWIND, "Visit")).unwrap().position;
    let details = interaction::Details::new(Front::Client, Some(CONTOSO), summary("Visit, as the export has it"));
    let correct = Command::Interaction(VISIT, interaction::Command::Correct(details));
    let corrected = house.ask(in_batch(BATCH, order(102, ADA, correct))).unwrap().position;
    assert_eq!(house.warm.index().standing(VISIT.into()), [logged, corrected]);
    let concerning = house.warm.index().concerning(CONTOSO.into(), logged - 1).to_vec();
    assert_eq!(concerning, [logged, corrected], "whom it newly names it concerns from the beginning");
    let back = order(103, ADA, Command::Import(BATCH, import::Command::TakeBack { with_entries: true }));
    house.ask(back).unwrap();
    assert_eq!(house.warm.index().standing(VISIT.into()), [logged]);
    assert!(house.warm.index().concerning(CONTOSO.into(), logged - 1).is_empty());
    house.check_against_replay();
}

#[test]
fn an_import_taken_back_is_as_if_it_had_never_been_and_can_come_again() {
    let mut house = House::new();
    let before = house.warm.company().clone();
    let start = |number, batch| {
        let command = import::Command::Start {
            system: System::parse("salesforce").unwrap(),
            source: Label::parse("export").unwrap(),
        };
        order(number, ADA, Command::Import(batch, command))
    };
    house.ask(start(100, BATCH)).unwrap();
    house.ask(in_batch(BATCH, register(101, TAILSPIN, "Tailspin"))).unwrap();
    house.ask(visit(102, VISIT, TAILSPIN, "First visit")).unwrap();
    let back = order(103, ADA, Command::Import(BATCH, import::Command::TakeBack { with_entries: true }));
    let after = visit(104, CALL, TAILSPIN, "Second visit");
    let answers = house.ask_all(vec![back, after]);
    assert!(answers[0].is_ok());
    assert!(matches!(answers[1], Err(Refusal::Rejected(_))), "decided without what was taken back");
    assert_eq!(house.afresh, 1);
    assert_eq!(house.warm.company().portfolio.rows, before.portfolio.rows);
    assert_eq!(house.warm.company().directory.accounts, before.directory.accounts);
    assert!(house.warm.index().concerning(TAILSPIN.into(), 0).is_empty());

    let again = shared::ids::ImportId::from_uuid(Uuid::from_u128(0x9A));
    house.ask(start(105, again)).unwrap();
    house.ask(in_batch(again, register(106, TAILSPIN, "Tailspin"))).unwrap();
    house.ask(visit(107, InteractionId::from_uuid(Uuid::from_u128(0xE8)), TAILSPIN, "Third visit")).unwrap();
    assert!(house.warm.company().directory.accounts.contains_key(&TAILSPIN));
    house.check_against_replay();
    house.restart();
    assert!(house.warm.company().directory.accounts.contains_key(&TAILSPIN));
}

#[test]
fn no_personal_word_rests_in_the_open_and_a_destroyed_key_reads_as_forgotten() {
    let mut house = House::new();
    house.ask(visit(100, VISIT, NORTHWIND, "Walked the warehouse")).unwrap();
    for commit in house.store.read_all(0, 1_000).unwrap() {
        for event in commit.events {
            let open = String::from_utf8_lossy(&event.payload).into_owned();
            for secret in SECRETS {
                assert!(!open.contains(secret), "{secret} rests in the open");
            }
        }
    }
    let anna = house.store.read_stream(StreamId(Stream::from(ANNA).to_bytes()), 1, 1).unwrap();
    let (record, key) = server::seal::read(&anna[0], &house.keyring).unwrap();
    assert!(serde_json::to_string(&record).unwrap().contains("Petrova"));
    house.keyring.forget(&[key.unwrap()]).unwrap();
    let (record, _) = server::seal::read(&anna[0], &house.keyring).unwrap();
    assert!(serde_json::to_string(&record).unwrap().contains(r#""personal":null"#));
    house.restart();
    assert!(house.warm.company().directory.contacts[&ANNA].details.known().is_none());

    // What is said about her afterwards gets a key of its own.
    let details = shared::contact::Command::Describe { details: person("Anna Orlova") };
    house.ask(order(101, KIRA, Command::Contact(ANNA, details))).unwrap();
    assert!(house.warm.company().directory.contacts[&ANNA].details.known().is_some());
    assert_eq!(house.warm.company().position(), house.store.head());
}

#[test]
fn what_does_not_fit_into_one_commit_is_refused_and_nothing_is_written() {
    let mut house = House::new();
    let before = house.store.head();
    let step = |number: u128| interaction::Step {
        step: shared::ids::StepId::from_uuid(Uuid::from_u128(number)),
        owner: None,
        due: None,
        personal: interaction::StepWords { what: promise(&"я".repeat(400)) }.into(),
    };
    let details = interaction::Details::new(Front::Client, Some(NORTHWIND), summary("Visit"));
    let log = interaction::Command::Log { details, next_steps: (0..2_000).map(step).collect() };
    let refused = house.ask(order(100, KIRA, Command::Interaction(VISIT, log)));
    assert!(matches!(refused, Err(Refusal::TooLarge(_))), "{refused:?}");
    assert_eq!(house.store.head(), before);
    house.ask(visit(101, VISIT, NORTHWIND, "Visit")).unwrap();
    house.check_against_replay();
}

#[test]
fn a_reading_that_is_stopped_ends_with_its_page_and_harms_nothing() {
    let mut house = House::new();
    // More than one page of the log holds.
    let names = ["Contoso AG", "Contoso SE"].into_iter().cycle();
    let renames = (1_000..9_200).zip(names).map(|(number, name)| rename(number, CONTOSO, name));
    for answer in house.ask_all(renames.collect()) {
        answer.unwrap();
    }
    let store: Arc<dyn Store> = house.store.clone();
    let mut told = Vec::new();
    let stopped = replay(&store, &house.keyring, &mut |progress| {
        told.push(progress);
        ControlFlow::Break(())
    });
    assert!(matches!(stopped.err(), Some(ReplayError::Stopped)));
    assert_eq!(told.len(), 1, "it goes no further than where it was stopped");
    assert!(told[0].position < told[0].of, "{:?}", told[0]);
    house.check_against_replay();
}
