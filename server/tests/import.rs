//! What an export of Salesforce says becomes what happened here: every trap of real files, the real
//! sample, and what happens when it is imported again, changed, or after it was taken back.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

#[path = "support/desk.rs"]
mod support;

use std::io::{self, Read};
use std::path::Path;

use server::import::{Bundle, Error, FileSummary, Files, Folder, NoteKind, Options, Scratch, Summary, salesforce};
use shared::account::Event as Account;
use shared::contact::{Event as Contact, Place};
use shared::domain::{Event, Rejection};
use shared::ids::{AccountId, ColleagueId, ContactId, Slice, Stream};
use shared::interaction::{Details, Event as Interaction};
use shared::lang::Lang;
use shared::testkit::{ADA, KIRA, LEV, NOON, NORTHWIND, VISIT, company, summary};
use shared::words::{BuyingRole, Channel, Email, Mode, Occurred, SourceKey, System};
use support::House;

const ACCOUNTS: &str = "Id,Name,SystemModstamp\n001000000000001AAA,Северный ветер,2024-01-01T00:00:00.000+0000\n";
const CONTACTS: &str = "Id,AccountId,Name,SystemModstamp\n\
                        003000000000001AAA,001000000000001AAA,Анна Петрова,2024-01-01T00:00:00.000+0000\n\
                        003000000000002AAA,,Борис Соколов,2024-01-01T00:00:00.000+0000\n";

fn export<const N: usize>(files: [(&str, &str); N]) -> Bundle {
    Bundle::new("export", files.map(|(name, content)| (name, content.as_bytes().to_vec())))
}

/// Accounts, contacts, and these tasks.
fn with_tasks(tasks: &str) -> Bundle {
    export([("Account.csv", ACCOUNTS), ("Contact.csv", CONTACTS), ("Task.csv", tasks)])
}

fn with_events(events: &str) -> Bundle {
    export([("Account.csv", ACCOUNTS), ("Contact.csv", CONTACTS), ("Event.csv", events)])
}

fn fixture(name: &str) -> Folder {
    Folder::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/salesforce").join(name))
}

fn import(house: &mut House, files: &dyn Files) -> Summary {
    try_import(house, files, Lang::En, None).unwrap()
}

fn try_import(house: &mut House, files: &dyn Files, lang: Lang, refused: Option<&Path>) -> Result<Summary, Error> {
    let before = house.clone();
    let model = house.model.clone();
    let options = Options {
        by: ADA,
        lang,
        generation: house.taken_back,
        exists: &|stream| House::exists(&model, stream),
        history: &|stream| Ok(before.history(stream)),
        linked: &|system, key| model.accounts().linked_to(system, key),
        colleague: &|email: &Email| match email.as_str() {
            "kira@twofront.example" => Some(KIRA),
            "lev@twofront.example" => Some(LEV),
            "ada@twofront.example" => Some(ADA),
            _ => None,
        },
        now: NOON,
        refused,
        dry_run: false,
    };
    salesforce::run(files, &options, house, &mut |_| {})
}

fn file<'a>(summary: &'a Summary, name: &str) -> &'a FileSummary {
    summary.files.iter().find(|file| file.name == name).unwrap()
}

fn logged(house: &House) -> Vec<(Details, Occurred)> {
    let entry = |record: &shared::record::Record| {
        if let Event::Interaction(_, Interaction::Logged(details) | Interaction::Corrected(details)) = &record.event {
            return Some((details.clone(), record.occurred));
        }
        None
    };
    house.records.iter().filter_map(entry).collect()
}

fn types(house: &House, from: usize) -> Vec<String> {
    house.types().split_off(from)
}

fn on(day: &str) -> Occurred {
    Occurred::On(day.parse().unwrap())
}

fn words(details: &Details) -> &str {
    details.personal.known().unwrap().summary.as_str()
}

/// Imports one file of tasks, and says why its only row was refused.
fn why_refused(files: &Bundle, lang: Lang) -> String {
    let folder = tempfile::tempdir().unwrap();
    let summary = try_import(&mut House::new(company()), files, lang, Some(folder.path())).unwrap();
    assert_eq!(summary.totals().2, 1, "{summary:?}");
    let text = std::fs::read_to_string(&summary.refused_files[0]).unwrap();
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    let row = reader.records().next().unwrap().unwrap();
    row[row.len() - 1].to_owned()
}

#[test]
fn the_sample_comes_in_whole_but_for_what_is_about_leads_alone() {
    let mut house = House::new(company());
    let before = house.records.len();
    let summary = import(&mut house, &salesforce::sample());
    let counts = |name| {
        let file = file(&summary, name);
        (file.rows, file.accepted, file.unchanged, file.refused, file.ignored)
    };
    assert_eq!(counts("Account.csv"), (22, 22, 0, 0, 0));
    assert_eq!(counts("Contact.csv"), (102, 102, 0, 0, 0));
    assert_eq!(counts("AccountContactRelation.csv"), (22, 4, 0, 0, 18));
    // Fifteen tasks belong to leads, and name neither an account nor a contact.
    assert_eq!(counts("Task.csv"), (75, 60, 0, 15, 0));
    let entries = logged(&house);
    let with_account = entries.iter().filter(|(details, _)| details.account.is_some()).count();
    assert_eq!((with_account, entries.len() - with_account), (36, 24));
    assert!(entries.iter().all(|(details, _)| !details.contacts.is_empty() && details.planned));
    assert!(entries.iter().all(|(_, occurred)| matches!(occurred, Occurred::On(_))));
    assert_eq!(summary.unmapped_owners.len(), 2);
    assert_eq!(summary.events, (house.records.len() - before - 2) as u64);
    let batch = summary.batch.unwrap();
    assert!(house.records[before..].iter().all(|record| record.batch == Some(batch)));
}

#[test]
fn the_shipped_sample_has_its_licence_beside_it() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/samples/salesforce");
    let notice = std::fs::read_to_string(folder.join("LICENSE.txt")).unwrap();
    assert!(notice.contains("Redistribution and use in source and binary forms"));
    let mut house = House::new(company());
    import(&mut house, &Folder::new(folder));
    assert_eq!(logged(&house).len(), 60);
}

#[test]
fn the_same_files_again_say_nothing_new_at_all() {
    let mut house = House::new(company());
    import(&mut house, &salesforce::sample());
    let before = house.records.len();
    let again = import(&mut house, &salesforce::sample());
    assert_eq!((again.events, house.records.len()), (0, before));
    assert_eq!(again.totals(), (0, 22 + 102 + 4 + 60, 15, 18));
}

#[test]
fn an_import_that_was_cut_off_goes_on_where_it_stood() {
    let mut whole = House::new(company());
    import(&mut whole, &salesforce::sample());
    for orders in [1, 30, 100, 190] {
        let mut house = House::new(company());
        house.closes_after = Some(orders);
        let stopped = try_import(&mut house, &salesforce::sample(), Lang::En, None);
        assert!(matches!(stopped, Err(Error::Stopped(_))), "{stopped:?}");
        house.closes_after = None;
        import(&mut house, &salesforce::sample());
        assert_eq!(house.records.len(), whole.records.len(), "cut off after {orders} orders");
        assert_eq!(house.model, whole.model);
    }
}

#[test]
fn what_was_taken_back_can_be_imported_again_and_what_stayed_stays() {
    let mut house = House::new(company());
    let first = import(&mut house, &with_tasks(""));
    let with_task =
        "Id,WhoId,Subject,ActivityDate,SystemModstamp\n00T000000000001,003000000000001,Звонок,2024-01-02,1\n";
    let second = import(&mut house, &with_tasks(with_task));
    assert_eq!((first.events, second.events), (4, 2));
    let model = house.model.clone();
    house.take_back(second.batch.unwrap());
    let third = import(&mut house, &with_tasks(with_task));
    assert_eq!(third.events, 2, "only what had gone comes again");
    assert_ne!(third.batch, second.batch);
    assert!(house.model != model, "as something new");
    house.take_back(third.batch.unwrap());
    house.take_back(first.batch.unwrap());
    let fourth = import(&mut house, &with_tasks(with_task));
    assert_eq!(fourth.events, 6);
    assert_eq!(import(&mut house, &with_tasks(with_task)).events, 0);
}

#[test]
fn a_change_that_was_taken_back_can_come_again() {
    let mut house = House::new(company());
    import(&mut house, &export([("Account.csv", ACCOUNTS)]));
    let renamed = ACCOUNTS.replace("Северный ветер", "Южный ветер").replace("2024-01-01", "2024-02-01");
    let change = export([("Account.csv", &renamed)]);
    let second = import(&mut house, &change);
    assert_eq!(second.events, 1);
    house.take_back(second.batch.unwrap());
    assert_eq!(import(&mut house, &change).events, 1);
}

#[test]
fn a_trial_run_decides_the_same_and_records_nothing() {
    let house = House::new(company());
    let mut real = house.clone();
    let done = import(&mut real, &salesforce::sample());
    let model = house.model.clone();
    let options = Options {
        by: ADA,
        lang: Lang::En,
        generation: 0,
        exists: &|_| false,
        history: &|_| Ok(vec![]),
        linked: &|_, _| None,
        colleague: &|_| None,
        now: NOON,
        refused: None,
        dry_run: false,
    };
    let options = Options { dry_run: true, ..options };
    let mut trial = Scratch::new(house.model.clone(), NOON, |_| None);
    let said = salesforce::run(&salesforce::sample(), &options, &mut trial, &mut |_| {}).unwrap();
    assert_eq!(Summary { dry_run: false, batch: done.batch, ..said.clone() }, done);
    assert_eq!((said.dry_run, said.batch), (true, None), "there is no such batch");
    assert!(said.say(Lang::En).join("\n").contains("22 would be accepted"), "{:?}", said.say(Lang::En));
    assert!(said.say(Lang::Ru).join("\n").contains("было бы принято 22"), "{:?}", said.say(Lang::Ru));
    assert_eq!(house.model, model);
    assert_eq!(*trial.model(), real.model);
}

#[test]
fn a_trial_run_refuses_what_no_commit_holds() {
    use server::desk::{Order, Refusal, Sink as _};
    use shared::interaction::{Command, Step, StepWords};
    let step = |number: u128| Step {
        step: shared::ids::StepId::from_uuid(uuid::Uuid::from_u128(number)),
        owner: None,
        due: None,
        personal: StepWords { what: shared::words::Promise::parse(&"я".repeat(1_000)).unwrap() }.into(),
    };
    let details = Details::new(shared::words::Front::Client, Some(NORTHWIND), summary("Visit"));
    let log = Command::Log { details, next_steps: (0..600).map(step).collect() };
    let id = shared::ids::CommandId::from_uuid(uuid::Uuid::from_u128(1));
    let request = shared::request::Request::new(id, shared::domain::Command::Interaction(VISIT, log));
    let house = House::new(company());
    let mut trial = Scratch::new(house.model.clone(), NOON, |_| None);
    let answers = trial.submit(vec![Order { by: KIRA, batch: None, request }]);
    assert!(matches!(answers[..], [Err(Refusal::TooLarge(_))]), "{answers:?}");
    assert_eq!(*trial.model(), house.model);
}

#[test]
fn a_changed_row_becomes_new_events_on_top_of_the_old_ones() {
    let mut house = House::new(company());
    import(&mut house, &fixture("first"));
    let before = house.records.len();
    let summary = import(&mut house, &fixture("changed"));
    assert_eq!(summary.totals().2, 0, "{summary:?}");
    let new = types(&house, before);
    assert_eq!(
        new,
        [
            "import started",
            // The first account is called and described otherwise; the second is deleted.
            "account closed",
            "account renamed",
            "account described",
            // Anna works elsewhere now and has another title; Boris was deleted.
            "contact left",
            "contact described",
            "contact moved",
            "contact associated",
            // One task was completed, one put off to another day, one deleted.
            "interaction retracted",
            "interaction corrected",
            "interaction next_step_done",
            "interaction corrected",
            "interaction next_step_dropped",
            "interaction next_step_agreed",
            "import finished",
        ]
    );
    let after = house.records.len();
    assert_eq!(import(&mut house, &fixture("changed")).events, 0);
    assert_eq!(house.records.len(), after);
}

#[test]
fn a_task_that_was_put_off_twice_and_then_completed_leaves_no_open_step() {
    let mut house = House::new(company());
    let task = |stamp: u8, day: &str, closed: bool| {
        with_tasks(&format!(
            "Id,WhoId,Subject,ActivityDate,IsClosed,SystemModstamp\n\
             00T000000000001AAA,003000000000001AAA,Отправить план,{day},{closed},{stamp}\n"
        ))
    };
    import(&mut house, &task(1, "2024-01-10", false));
    import(&mut house, &task(2, "2024-01-20", false));
    import(&mut house, &task(3, "2024-01-30", false));
    let before = house.records.len();
    import(&mut house, &task(4, "2024-01-30", true));
    assert_eq!(
        types(&house, before),
        ["import started", "interaction corrected", "interaction next_step_done", "import finished"]
    );
    let (details, occurred) = logged(&house).pop().unwrap();
    assert_eq!((details.planned, occurred), (false, on("2024-01-30")));
}

#[test]
fn what_never_came_is_not_deleted() {
    let mut house = House::new(company());
    let files = export([
        ("Account.csv", "Id,Name,IsDeleted\n001000000000009AAA,Gone,1\n"),
        ("Contact.csv", "Id,Name,IsDeleted\n003000000000009AAA,Gone,true\n"),
        ("Task.csv", "Id,Subject,IsDeleted\n00T000000000009AAA,Gone,TRUE\n"),
    ]);
    let summary = import(&mut house, &files);
    assert_eq!(summary.totals(), (0, 0, 0, 3));
    assert_eq!(summary.events, 0);
}

#[test]
fn an_account_that_is_linked_already_is_that_account() {
    let mut house = House::new(company());
    let link = shared::account::Event::Linked {
        system: System::parse("salesforce").unwrap(),
        key: SourceKey::parse("001000000000001AAA").unwrap(),
    };
    house.take(ADA, Event::Account(NORTHWIND, link));
    let tasks = "Id,AccountId,Subject,ActivityDate\n00T000000000001AAA,001000000000001,Call,2024-01-02\n";
    import(&mut house, &with_tasks(tasks));
    assert_eq!(logged(&house)[0].0.account, Some(NORTHWIND));
    assert!(!types(&house, 0).iter().skip(company().len()).any(|kind| kind == "account registered"));
}

#[test]
fn an_owner_who_is_one_of_us_answers_for_the_account_and_took_part() {
    let mut house = House::new(company());
    let files = export([
        (
            "User.csv",
            "Id,Name,Email\n005000000000001AAA,Кира Волкова,kira@twofront.example\n005000000000002AAA,Чужой,x@y.example\n",
        ),
        (
            "Account.csv",
            "Id,Name,OwnerId\n001000000000001AAA,A,005000000000001\n001000000000002AAA,B,005000000000002\n",
        ),
        (
            "Task.csv",
            "Id,AccountId,Subject,ActivityDate,OwnerId\n00T000000000001AAA,001000000000001AAA,Call,2024-01-02,005000000000001AAA\n",
        ),
    ]);
    let summary = import(&mut house, &files);
    let assigned = house.records.iter().filter(|record| {
        matches!(&record.event, Event::Account(_, Account::Assigned { kam }) if *kam == KIRA && record.batch.is_some())
    });
    assert_eq!(assigned.count(), 1);
    assert_eq!(logged(&house)[0].0.colleagues, [KIRA]);
    let owners: Vec<_> = summary.unmapped_owners.iter().map(|owner| (owner.name.as_deref(), owner.rows)).collect();
    assert_eq!(owners, [(Some("Чужой"), 1)]);
}

#[test]
fn a_midnight_day_does_not_shift_and_both_styles_of_date_are_read() {
    let mut house = House::new(company());
    let tasks = "Id,WhoId,Subject,ActivityDate\n\
                 00T000000000001AAA,003000000000001AAA,a,2023-12-25T00:00:00.000+0000\n\
                 00T000000000002AAA,003000000000001AAA,b,2023-12-25\n\
                 00T000000000003AAA,003000000000001AAA,c,2013-02-04 06:38:22\n";
    import(&mut house, &with_tasks(tasks));
    let days: Vec<_> = logged(&house).into_iter().map(|(_, occurred)| occurred).collect();
    assert_eq!(days, [on("2023-12-25"), on("2023-12-25"), on("2013-02-04")]);
}

#[test]
fn a_day_that_the_domain_takes_from_nobody_is_taken_from_no_export() {
    use server::desk::{Order, Refusal, Sink as _};
    use shared::domain::Command;
    use shared::request::Request;
    let mut house = House::new(company());
    for (day, is_taken) in [("0001-01-01", false), ("1800-01-01", false), ("1899-12-30", false), ("1899-12-31", true)] {
        let task = with_tasks(&format!(
            "Id,WhoId,Subject,ActivityDate,CreatedDate\n\
             00T000000000001AAA,003000000000001AAA,Call,{day},2024-01-01T10:00:00.000+0000\n"
        ));
        let imported = import(&mut House::new(company()), &task);
        assert_eq!(file(&imported, "Task.csv").refused, u64::from(!is_taken), "{day}");
        let details = Details::new(shared::words::Front::Client, Some(NORTHWIND), summary(day));
        let log = shared::interaction::Command::Log { details, next_steps: vec![] };
        let id = shared::ids::CommandId::from_uuid(uuid::Uuid::new_v5(&NORTHWIND.uuid(), day.as_bytes()));
        let request = Request { occurred: Some(on(day)), ..Request::new(id, Command::Interaction(VISIT, log)) };
        match house.submit(vec![Order { by: KIRA, batch: None, request }]).remove(0) {
            Ok(_) => assert!(is_taken, "{day}"),
            Err(Refusal::Rejected(Rejection::TooLongAgo)) => assert!(!is_taken, "{day}"),
            Err(other) => panic!("{other:?}"),
        }
    }
    let events = |cells: &str| {
        with_events(&format!(
            "Id,WhoId,Subject,IsAllDayEvent,ActivityDate,StartDateTime\n00U000000000001AAA,003000000000001AAA,Fair,{cells}\n"
        ))
    };
    for (cells, column) in [
        ("0,,1800-01-01T09:30:00.000Z", "StartDateTime"),
        ("0,2024-03-05,1800-01-01T09:30:00.000Z", "StartDateTime"),
        ("1,1800-01-01,2024-03-05T00:00:00.000Z", "ActivityDate"),
        ("1,,1800-01-01 00:00:00", "StartDateTime"),
    ] {
        let why = why_refused(&events(cells), Lang::En);
        assert!(why.starts_with(&format!("{column} “1800-01-01")) && why.contains("before 1900"), "{cells}: {why}");
    }
}

#[test]
fn a_date_before_1900_that_places_nothing_is_left_out_and_counted() {
    let mut house = House::new(company());
    let none = "0001-01-01T00:00:00.000+0000";
    let files = export([
        ("Account.csv", &*format!("Id,Name,CreatedDate\n001000000000001AAA,A,{none}\n")),
        ("Contact.csv", &format!("Id,AccountId,Name,CreatedDate\n003000000000001AAA,001000000000001AAA,Anna,{none}\n")),
        (
            "AccountContactRelation.csv",
            &format!("AccountId,ContactId,CreatedDate\n001000000000001AAA,003000000000001AAA,{none}\n"),
        ),
        (
            "Task.csv",
            &format!(
                "Id,WhoId,Subject,ActivityDate,CompletedDateTime,SystemModstamp,CreatedDate,IsClosed\n\
                 00T000000000001AAA,003000000000001AAA,Call,2024-01-02,{none},,,\n\
                 00T000000000002AAA,003000000000001AAA,Mail,2024-01-03,,{none},,\n\
                 00T000000000003AAA,003000000000001AAA,Note,,{none},,2024-01-04T08:00:00.000Z,1\n"
            ),
        ),
        (
            "Event.csv",
            &format!(
                "Id,WhoId,Subject,IsAllDayEvent,ActivityDate,StartDateTime,EndDateTime\n\
                 00U000000000001AAA,003000000000001AAA,Lunch,0,{none},2024-03-05T09:30:00.000Z,{none}\n\
                 00U000000000002AAA,003000000000001AAA,Fair,1,2024-03-06,{none},\n"
            ),
        ),
    ]);
    let summary = import(&mut house, &files);
    assert_eq!(summary.totals().2, 0, "{summary:?}");
    assert_eq!(noted(&summary, NoteKind::Shortened), 8);
    assert!(house.records.iter().all(|record| record.occurred.instant() >= on("1900-01-01").instant()));
    let days: Vec<_> = logged(&house).into_iter().map(|(_, occurred)| occurred.to_string()).collect();
    assert_eq!(days, ["2024-01-02", "2024-01-03", "2024-01-04T08:00:00Z", "2024-03-05T09:30:00Z", "2024-03-06"]);
}

#[test]
fn fifteen_and_eighteen_characters_are_one_record_and_the_null_id_is_none() {
    let mut house = House::new(company());
    let tasks = "Id,WhoId,AccountId,WhatId,Subject,ActivityDate\n\
                 00T000000000001,003000000000001,000000000000000AAA,000000000000000AAA,a,2024-01-01\n\
                 00T000000000001AAA,003000000000001AAA,,,a,2024-01-01\n";
    let summary = import(&mut house, &with_tasks(tasks));
    let tasks = file(&summary, "Task.csv");
    assert_eq!((tasks.accepted, tasks.unchanged, logged(&house).len()), (1, 1, 1));
    assert!(logged(&house).iter().all(|(details, _)| details.account.is_some()), "by its contact");
}

#[test]
fn who_and_what_are_told_apart_by_their_prefixes() {
    let mut house = House::new(company());
    let tasks = "Id,WhoId,WhatId,Subject,ActivityDate\n\
                 00T000000000001AAA,,001000000000001AAA,by what,2024-01-01\n\
                 00T000000000002AAA,003000000000002AAA,006000000000001AAA,no account,2024-01-01\n\
                 00T000000000003AAA,00Q000000000001AAA,500000000000001AAA,nobody,2024-01-01\n\
                 00T000000000004AAA,,,nothing,2024-01-01\n";
    let summary = import(&mut house, &with_tasks(tasks));
    let entries = logged(&house);
    let seen: Vec<_> = entries.iter().map(|(details, _)| (details.account.is_some(), details.contacts.len())).collect();
    assert_eq!(seen, [(true, 0), (false, 1)]);
    assert_eq!(file(&summary, "Task.csv").refused, 2);
    assert!(summary.notes.iter().any(|note| note.what == NoteKind::AboutOtherRecords && note.rows == 1));
    let lead = with_tasks("Id,WhoId,Subject,ActivityDate\n00T000000000003AAA,00Q000000000001AAA,x,2024-01-01\n");
    assert!(why_refused(&lead, Lang::En).contains("a lead"));
    assert!(why_refused(&lead, Lang::Ru).contains("лид"));
}

#[test]
fn a_name_that_is_in_no_file_is_left_out_where_something_else_remains() {
    let mut house = House::new(company());
    let tasks = "Id,WhoId,AccountId,Subject,ActivityDate\n\
                 00T000000000001AAA,003000000000009AAA,001000000000001AAA,a,2024-01-01\n\
                 00T000000000002AAA,003000000000001AAA,001000000000009AAA,b,2024-01-01\n\
                 00T000000000003AAA,003000000000009AAA,,c,2024-01-01\n";
    let summary = import(&mut house, &with_tasks(tasks));
    assert_eq!(logged(&house).len(), 2);
    assert_eq!(file(&summary, "Task.csv").refused, 1);
    assert!(summary.notes.iter().any(|note| note.what == NoteKind::ContactUnknown && note.rows == 1));
}

#[test]
fn truths_come_in_three_styles() {
    let mut house = House::new(company());
    let tasks = "Id,WhoId,Subject,ActivityDate,IsClosed,Status\n\
                 00T000000000001AAA,003000000000001AAA,a,2024-01-01,true,\n\
                 00T000000000002AAA,003000000000001AAA,b,2024-01-01,1,\n\
                 00T000000000003AAA,003000000000001AAA,c,2024-01-01,,Completed\n\
                 00T000000000004AAA,003000000000001AAA,d,2024-01-01,,Not Started\n\
                 00T000000000005AAA,003000000000001AAA,e,2024-01-01,0,\n\
                 00T000000000006AAA,003000000000001AAA,f,2024-01-01,false,In Progress\n";
    import(&mut house, &with_tasks(tasks));
    let planned: Vec<_> = logged(&house).iter().map(|(details, _)| details.planned).collect();
    assert_eq!(planned, [false, false, false, true, true, true]);
    let agreed = types(&house, 0).iter().filter(|kind| *kind == "interaction next_step_agreed").count();
    assert_eq!(agreed, 3);
}

#[test]
fn a_carriage_return_in_quoted_text_and_json_in_a_cell_are_text() {
    let mut house = House::new(company());
    let tasks = "Id;WhoId;WhatAddress;Subject;Description;ActivityDate\r\n\
                 \"00T000000000001AAA\";\"003000000000001AAA\";\"{\"\"city\"\":\"\"Kyleside\"\",\"\"x\"\":[1;2]}\";\"Call\";\"one\rtwo\r\nthree\";\"2024-01-01\"\r\n";
    import(&mut house, &with_tasks(tasks));
    assert_eq!(words(&logged(&house)[0].0), "Call\n\none\ntwo\nthree");
}

#[test]
fn a_file_in_an_old_encoding_is_read_and_the_report_says_which() {
    let mut house = House::new(company());
    let (bytes, ..) = encoding_rs::WINDOWS_1251.encode("Id,Name\n001000000000001AAA,Северный ветер\n");
    let summary = import(&mut house, &Bundle::new("export", [("Account.csv", bytes.into_owned())]));
    assert_eq!(file(&summary, "Account.csv").encoding, "windows-1251");
    assert!(house.records.iter().any(|record| matches!(
        &record.event,
        Event::Account(_, Account::Registered { name }) if name.as_str() == "Северный ветер"
    )));
}

#[test]
fn unknown_columns_are_passed_over_and_missing_ones_are_missed_only_where_needed() {
    let mut house = House::new(company());
    let files = export([("Account.csv", "Surprise__c,NAME,id\n?,Nord,001000000000001AAA\n")]);
    assert_eq!(import(&mut house, &files).events, 2);
    let nameless = export([("Account.csv", "Id,Industry\n001000000000001AAA,Retail\n")]);
    let error = try_import(&mut house, &nameless, Lang::Ru, None).unwrap_err();
    assert_eq!(
        error.say(Lang::Ru),
        "В файле Account.csv нет столбца «Name». Выгрузите его вместе с ним. Есть столбцы: Id, Industry."
    );
}

#[test]
fn where_there_is_nothing_to_read_the_files_that_are_looked_for_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let before = House::new(company());
    let mut house = before.clone();
    let error = try_import(&mut house, &Folder::new(folder.path()), Lang::En, None).unwrap_err();
    for name in salesforce::FILES {
        assert!(error.to_string().contains(name), "{error}");
    }
    assert_eq!(house.model, before.model);
}

#[test]
fn labels_of_a_report_stand_for_the_names_of_an_export() {
    let mut house = House::new(company());
    let tasks = "Id,AccountId,Name,Subject,Due Date,Comments\n\
                 00T000000000001AAA,001000000000001AAA,Anna Petrova,Call,2024-01-01,Asked for prices\n";
    import(&mut house, &with_tasks(tasks));
    let (details, occurred) = &logged(&house)[0];
    assert_eq!((words(details), *occurred), ("Call\n\nAsked for prices", on("2024-01-01")));
    assert!(details.contacts.is_empty(), "a name refers to no record");
}

#[test]
fn a_call_lasts_whole_minutes_and_knows_who_called() {
    let mut house = House::new(company());
    let tasks = "Id,WhoId,Subject,ActivityDate,TaskSubtype,CallDurationInSeconds,CallType\n\
                 00T000000000001AAA,003000000000001AAA,Call,2024-01-01,Call,61,Inbound\n\
                 00T000000000002AAA,003000000000001AAA,Mail,2024-01-01,Email,,\n";
    import(&mut house, &with_tasks(tasks));
    let entries = logged(&house);
    let call = &entries[0].0;
    assert_eq!((call.channel, call.mode, call.minutes), (Some(Channel::Call), Some(Mode::Remote), Some(2)));
    assert_eq!(call.initiator, Some(shared::words::Initiator::Client));
    assert_eq!(entries[1].0.channel, Some(Channel::Email));
}

#[test]
fn what_came_of_a_call_is_told_even_where_the_description_is_too_long() {
    for (lang, column, told) in [
        (Lang::En, "CallDisposition", "Call\n\nCall result: Left a voicemail\n\nяя"),
        (Lang::Ru, "Call Result", "Call\n\nРезультат звонка: Left a voicemail\n\nяя"),
    ] {
        let mut house = House::new(company());
        let tasks = format!(
            "Id,WhoId,Subject,TaskSubtype,ActivityDate,{column},Description\n\
             00T000000000001AAA,003000000000001AAA,Call,,2024-01-01,\"Left a\nvoicemail\",{}\n\
             00T000000000002AAA,003000000000001AAA,,Call,2024-01-02,Left a voicemail,яя\n\
             00T000000000003AAA,003000000000001AAA,,Call,2024-01-03,Left a voicemail,\n",
            "я".repeat(32_000)
        );
        try_import(&mut house, &with_tasks(&tasks), lang, None).unwrap();
        let entries = logged(&house);
        assert!(words(&entries[0].0).starts_with(told), "{}", words(&entries[0].0));
        assert_eq!(words(&entries[1].0), told.trim_start_matches("Call\n\n"));
        assert_eq!(words(&entries[2].0), told.trim_end_matches("\n\nяя"));
    }
}

#[test]
fn an_appointment_is_a_moment_or_a_whole_day() {
    let mut house = House::new(company());
    let summary = import(&mut house, &fixture("events"));
    let events = file(&summary, "Event.csv");
    assert_eq!((events.accepted, events.refused, events.ignored), (5, 0, 2), "{summary:?}");
    let entries = logged(&house);
    let brief: Vec<_> = entries
        .iter()
        .map(|(details, occurred)| {
            (occurred.to_string(), details.channel.unwrap(), details.mode, details.minutes, details.planned)
        })
        .collect();
    assert_eq!(
        brief,
        [
            ("2024-03-05T09:30:00Z".into(), Channel::Meeting, Some(Mode::InPerson), Some(90), false),
            ("2024-03-06".into(), Channel::Meeting, None, None, false),
            ("2024-03-07T12:00:00Z".into(), Channel::Video, Some(Mode::Remote), Some(30), false),
            ("2024-03-08T08:00:00Z".into(), Channel::Meeting, None, Some(45), false),
            ("2027-01-15T10:00:00Z".into(), Channel::Meeting, Some(Mode::InPerson), Some(60), true),
        ]
    );
    assert_eq!(entries[0].0.contacts.len(), 2, "who was invited took part");
}

#[test]
fn an_appointment_that_was_planned_takes_place_as_time_passes() {
    let mut house = House::new(company());
    let events = "Id,WhoId,Subject,StartDateTime,SystemModstamp\n\
                  00U000000000001AAA,003000000000001AAA,Lunch,2024-03-05T09:30:00.000Z,1\n";
    let files = with_events(events);
    let mut at = |now: &str| {
        let model = house.model.clone();
        let options = Options {
            by: ADA,
            lang: Lang::En,
            generation: 0,
            exists: &|_| false,
            history: &|_| Ok(vec![]),
            linked: &|system, key| model.accounts().linked_to(system, key),
            colleague: &|_| None,
            now: now.parse().unwrap(),
            refused: None,
            dry_run: false,
        };
        salesforce::run(&files, &options, &mut house, &mut |_| {}).unwrap().events
    };
    assert_eq!((at("2024-01-01T00:00:00Z"), at("2024-01-02T00:00:00Z")), (5, 0));
    assert_eq!((at("2024-04-01T00:00:00Z"), at("2024-04-02T00:00:00Z")), (1, 0));
    let planned: Vec<_> = logged(&house).iter().map(|(details, _)| details.planned).collect();
    assert_eq!(planned, [true, false]);
}

#[test]
fn contacts_report_to_those_who_come_later_in_the_file() {
    let mut house = House::new(company());
    let contacts =
        "Id,Name,ReportsToId\n003000000000001AAA,Anna,003000000000002\n003000000000002AAA,Boris,003000000000001\n";
    let summary = import(&mut house, &export([("Contact.csv", contacts)]));
    let mapped: Vec<_> =
        house.records.iter().filter(|record| matches!(record.event, Event::Contact(_, Contact::Mapped(_)))).collect();
    assert_eq!(mapped.len(), 1, "and nobody in a ring");
    assert!(summary.notes.iter().any(|note| note.what == NoteKind::ManagerUnknown));
}

#[test]
fn a_relation_gives_an_account_to_who_has_none_and_one_more_to_who_has() {
    let mut house = House::new(company());
    let files = export([
        ("Account.csv", "Id,Name\n001000000000001AAA,A\n001000000000002AAA,B\n"),
        ("Contact.csv", CONTACTS),
        (
            "AccountContactRelation.csv",
            "Id,AccountId,ContactId,IsDirect,IsActive\n\
             07k000000000001AAA,001000000000001AAA,003000000000001AAA,1,1\n\
             07k000000000002AAA,001000000000002AAA,003000000000001AAA,,1\n\
             07k000000000003AAA,001000000000002AAA,003000000000002AAA,true,true\n\
             07k000000000004AAA,001000000000001AAA,003000000000002AAA,,0\n",
        ),
        ("Task.csv", "Id,WhoId,Subject,ActivityDate\n00T000000000001AAA,003000000000002AAA,x,2024-01-01\n"),
    ]);
    let summary = import(&mut house, &files);
    let relations = file(&summary, "AccountContactRelation.csv");
    assert_eq!((relations.accepted, relations.ignored), (2, 2));
    assert!(logged(&house)[0].0.account.is_some(), "the account that the relation gave");
}

/// Who answers for the only account that an import brought.
fn kam(house: &House) -> Option<ColleagueId> {
    let account = brought(house, Slice::Account);
    house.model.accounts().kam(AccountId::from_uuid(account.id))
}

/// The first thing of its kind that an import brought.
fn brought(house: &House, slice: Slice) -> Stream {
    let streams = house.records.iter().filter(|record| record.batch.is_some()).map(|record| record.event.stream());
    streams.into_iter().find(|stream| stream.slice == slice).unwrap()
}

/// Where the contact that an import brought first stands in the buying centre, by the log.
fn place(house: &House) -> Place {
    let anna = brought(house, Slice::Contact);
    let mapped = house.history(anna).into_iter().rev().find_map(|record| {
        if let Event::Contact(_, Contact::Mapped(place)) = record.event { Some(place) } else { None }
    });
    mapped.unwrap_or_default()
}

fn noted(summary: &Summary, what: NoteKind) -> u64 {
    summary.notes.iter().find(|note| note.what == what).map_or(0, |note| note.rows)
}

/// The account in a state, with its owner: user 1 is Kira, user 2 is Lev.
fn owned_by(stamp: &str, owner: u32) -> Bundle {
    let users =
        "Id,Name,Email\n005000000000001AAA,Kira,kira@twofront.example\n005000000000002AAA,Lev,lev@twofront.example\n";
    let account = format!("Id,Name,OwnerId,SystemModstamp\n001000000000001AAA,A,00500000000000{owner}AAA,{stamp}\n");
    export([("User.csv", users), ("Account.csv", &account)])
}

/// Anna in a state, who reports to Boris (2), Vera (3) or nobody.
fn reporting_to(stamp: &str, above: &str) -> Bundle {
    let contacts = format!(
        "Id,AccountId,Name,ReportsToId,SystemModstamp\n\
         003000000000001AAA,,Anna,{above},{stamp}\n\
         003000000000002AAA,,Boris,,2024-01-01\n\
         003000000000003AAA,,Vera,,2024-01-01\n"
    );
    export([("Contact.csv", &contacts)])
}

const BORIS: &str = "003000000000002AAA";
const VERA: &str = "003000000000003AAA";

#[test]
fn an_account_that_goes_to_another_and_back_again_is_with_the_first_one() {
    let mut house = House::new(company());
    for (stamp, owner, who) in [("2024-01-01", 1, KIRA), ("2024-02-01", 2, LEV), ("2024-03-01", 1, KIRA)] {
        import(&mut house, &owned_by(stamp, owner));
        assert_eq!(kam(&house), Some(who), "{stamp}");
    }
    assert_eq!(import(&mut house, &owned_by("2024-03-01", 1)).events, 0);
}

#[test]
fn what_only_the_second_import_said_comes_again_after_it_was_taken_back() {
    let mut house = House::new(company());
    import(&mut house, &owned_by("2024-01-01", 1));
    let second = import(&mut house, &owned_by("2024-02-01", 2));
    house.take_back(second.batch.unwrap());
    assert_eq!(kam(&house), Some(KIRA));
    import(&mut house, &owned_by("2024-02-01", 2));
    assert_eq!(kam(&house), Some(LEV));

    let mut house = House::new(company());
    import(&mut house, &reporting_to("2024-01-01", ""));
    let second = import(&mut house, &reporting_to("2024-02-01", BORIS));
    let boris = place(&house);
    assert!(boris.reports_to.is_some());
    house.take_back(second.batch.unwrap());
    assert_eq!(place(&house), Place::default());
    import(&mut house, &reporting_to("2024-02-01", BORIS));
    assert_eq!(place(&house), boris);

    let with_relation = export([
        ("Account.csv", ACCOUNTS),
        ("Contact.csv", CONTACTS),
        ("AccountContactRelation.csv", "AccountId,ContactId,IsDirect\n001000000000001AAA,003000000000002AAA,1\n"),
    ]);
    let mut house = House::new(company());
    import(&mut house, &with_tasks(""));
    let second = import(&mut house, &with_relation);
    assert_eq!(second.events, 1);
    house.take_back(second.batch.unwrap());
    assert_eq!(import(&mut house, &with_relation).events, 1);
}

#[test]
fn what_was_decided_here_is_not_decided_anew_by_an_import() {
    let mut house = House::new(company());
    import(&mut house, &owned_by("2024-01-01", 1));
    let account = AccountId::from_uuid(brought(&house, Slice::Account).id);
    house.take(ADA, Event::Account(account, Account::Assigned { kam: ADA }));
    let summary = import(&mut house, &owned_by("2024-02-01", 2));
    assert_eq!((kam(&house), noted(&summary, NoteKind::DecidedHere)), (Some(ADA), 1));
}

#[test]
fn a_superior_who_is_cleared_is_cleared_here_and_changes_leave_the_role_as_it_is() {
    let mut house = House::new(company());
    import(&mut house, &reporting_to("2024-01-01", BORIS));
    let boris = place(&house).reports_to;
    assert!(boris.is_some());
    let anna = ContactId::from_uuid(brought(&house, Slice::Contact).id);
    let decides = Place { role: Some(BuyingRole::Decider), ..place(&house) };
    house.take(KIRA, Event::Contact(anna, Contact::Mapped(decides)));
    import(&mut house, &reporting_to("2024-02-01", VERA));
    assert_ne!(place(&house).reports_to, boris);
    assert_eq!(place(&house).role, Some(BuyingRole::Decider));
    import(&mut house, &reporting_to("2024-03-01", BORIS));
    assert_eq!(place(&house), decides);
    import(&mut house, &reporting_to("2024-04-01", ""));
    assert_eq!(place(&house), Place { reports_to: None, ..decides });
    let without_column = export([("Contact.csv", "Id,Name,SystemModstamp\n003000000000001AAA,Anna,2024-05-01\n")]);
    import(&mut house, &reporting_to("2024-04-02", BORIS));
    import(&mut house, &without_column);
    assert_eq!(place(&house), decides, "an export without the column says nothing");
}

#[test]
fn of_two_states_of_a_contact_in_one_file_the_newer_says_whom_they_report_to() {
    let row = |above: &str, stamp: &str| format!("003000000000001AAA,,Anna,{above},{stamp}\n");
    let (older, newer) = ("2024-01-01", "2024-02-01");
    for (first, second, reports) in [
        (row(BORIS, older), row("", newer), false),
        (row("", newer), row(BORIS, older), false),
        (row("", older), row(BORIS, newer), true),
        (row(BORIS, newer), row("", older), true),
        // Where no stamp tells, the last one holds.
        (row(BORIS, ""), row("", ""), false),
        (row("", ""), row(BORIS, ""), true),
    ] {
        let contacts =
            format!("Id,AccountId,Name,ReportsToId,SystemModstamp\n{first}{second}{BORIS},,Boris,,{older}\n");
        let files = export([("Contact.csv", &*contacts)]);
        let mut house = House::new(company());
        import(&mut house, &files);
        assert_eq!(place(&house).reports_to.is_some(), reports, "{contacts}");
        assert_eq!(import(&mut house, &files).events, 0, "{contacts}");
        assert_eq!(place(&house).reports_to.is_some(), reports, "{contacts}");
    }
}

#[test]
fn an_older_export_does_not_overwrite_a_newer_one() {
    let mut house = House::new(company());
    let state = |stamp: &str, word: &str| {
        export([
            ("Account.csv", &*format!("Id,Name,SystemModstamp\n001000000000001AAA,{word},{stamp}\n")),
            (
                "Contact.csv",
                &format!("Id,AccountId,Name,SystemModstamp\n003000000000001AAA,001000000000001AAA,{word},{stamp}\n"),
            ),
            (
                "Task.csv",
                &format!(
                    "Id,WhoId,Subject,ActivityDate,IsClosed,SystemModstamp\n00T000000000001AAA,003000000000001AAA,{word},2024-01-01,1,{stamp}\n"
                ),
            ),
        ])
    };
    let (older, newer) = (state("2024-01-01", "old"), state("2024-02-01 10:00:00", "new"));
    import(&mut house, &newer);
    let model = house.model.clone();
    let summary = import(&mut house, &older);
    assert_eq!((summary.events, summary.totals()), (0, (0, 0, 0, 3)));
    assert_eq!(noted(&summary, NoteKind::OlderState), 3);
    // The same moment in the other style of dates is the same state.
    let again = import(&mut house, &state("2024-02-01T10:00:00.000+0000", "new"));
    assert_eq!((again.events, again.totals()), (0, (0, 3, 0, 0)));
    let summary = import(&mut house, &state("2024-03-01", "newest"));
    assert_eq!(summary.events, 3);
    house.take_back(summary.batch.unwrap());
    assert!(house.model != model, "the import itself is known");
    assert_eq!(import(&mut house, &newer).totals(), (0, 3, 0, 0), "what was taken back is not newer than anything");
}

#[test]
fn when_a_record_was_made_does_not_tell_its_states_apart() {
    // Nor does a stamp that says "none".
    for (column, stamp) in [("CreatedDate", "2024-01-01"), ("SystemModstamp", "0001-01-01T00:00:00.000+0000")] {
        let mut house = House::new(company());
        let state =
            |name: &str| export([("Account.csv", &*format!("Id,Name,{column}\n001000000000001AAA,{name},{stamp}\n"))]);
        import(&mut house, &state("A"));
        assert_eq!(import(&mut house, &state("B")).events, 1, "{column}");
        assert_eq!(import(&mut house, &state("B")).events, 0, "{column}");
    }
}

#[test]
fn a_row_that_cannot_be_used_says_why_in_the_reader_s_language() {
    let task =
        |cells: &str| with_tasks(&format!("Id,WhoId,Subject,ActivityDate,IsPrivate,CallDurationInSeconds\n{cells}\n"));
    let cases = [
        ("00T000000000001AAA,003000000000001AAA,x,25.12.2023,,", "2024-01-23", "не дата"),
        ("00T000000000001AAA,003000000000001AAA,,2024-01-01,,", "subject", "темы"),
        ("00T000000000001AAA,,x,2024-01-01,,", "neither an account", "Не указан"),
        (",003000000000001AAA,x,2024-01-01,,", "Id is empty", "Не заполнено"),
        ("T1,003000000000001AAA,x,2024-01-01,,", "15 or 18", "15 или 18"),
        ("00T000000000001AAA,003000000000001AAA,x,2024-01-01", "has 4 cells and", "ячеек: 4,"),
        ("00T000000000001AAA", "has 1 cell and", "ячеек: 1,"),
        ("00T000000000001AAA,003000000000001AAA,x,0001-01-01,,", "ActivityDate “0001-01-01” is before 1900", "до 1900"),
    ];
    for (cells, en, ru) in cases {
        let (said_en, said_ru) = (why_refused(&task(cells), Lang::En), why_refused(&task(cells), Lang::Ru));
        assert!(said_en.contains(en), "{cells}: {said_en}");
        assert!(said_ru.contains(ru), "{cells}: {said_ru}");
    }
}

#[test]
fn what_salesforce_has_more_room_for_refuses_no_row() {
    let mut house = House::new(company());
    let long = "я".repeat(250);
    let files = export([
        ("Account.csv", &*format!("Id,Name,Industry\n001000000000001AAA,{long},{long}\n")),
        (
            "Contact.csv",
            &format!(
                "Id,AccountId,Name,Title,MailingStreet,Email,Description\n\
                 003000000000001AAA,001000000000001AAA,Anna,{long},{long},nowhere,\"a\u{1}b\n{}\"\n",
                "x".repeat(2_000)
            ),
        ),
        (
            "Task.csv",
            &format!(
                "Id,WhoId,Subject,Description,ActivityDate,CallDurationInSeconds\n\
                 00T000000000001AAA,003000000000001AAA,x,\"{}\u{7}\",2024-01-01,soon\n",
                "я".repeat(32_000)
            ),
        ),
        (
            "Event.csv",
            &format!(
                "Id,WhoId,Subject,Location,StartDateTime,DurationInMinutes\n\
                 00U000000000001AAA,003000000000001AAA,Fair,{long},2024-03-05T09:30:00.000Z,99999\n"
            ),
        ),
    ]);
    let summary = import(&mut house, &files);
    assert_eq!(summary.totals(), (4, 0, 0, 0), "{summary:?}");
    assert_eq!(noted(&summary, NoteKind::Shortened), 4);
    let person = house.records.iter().rev().find_map(|record| {
        if let Event::Contact(_, Contact::Introduced { personal, .. }) = &record.event {
            personal.known().cloned()
        } else {
            None
        }
    });
    let person = person.unwrap();
    assert_eq!(person.title.unwrap().as_str().chars().count(), 200);
    let notes = person.notes.unwrap();
    for kept in [&format!("Title: {long}"), &format!("Address: {long}"), "E-mail: nowhere", "a b\nxx"] {
        assert!(notes.as_str().contains(kept), "{kept} is not in {notes}");
    }
    let entries = logged(&house);
    assert_eq!(words(&entries[0].0).chars().count(), 16_000);
    assert_eq!(entries[0].0.minutes, None);
    assert!(words(&entries[1].0).ends_with(&format!("Location: {long}")));
    assert_eq!(entries[1].0.minutes, None, "longer than anything that is one interaction");
}

const PUBLIC: &str = "Id,WhoId,Subject,Description,ActivityDate,IsPrivate,IsDeleted,SystemModstamp\n\
                      00T000000000001AAA,003000000000001AAA,Call,secret,2024-01-01,";

fn in_state(private: bool, deleted: bool, stamp: &str) -> Bundle {
    with_tasks(&format!("{PUBLIC}{private},{deleted},{stamp}\n"))
}

#[test]
fn what_is_private_is_written_nowhere_and_refuses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut house = House::new(company());
    let rows = format!("{PUBLIC}true,,2024-01-01\nbroken,003000000000001AAA,Call,secret,2024-01-01,true,,2024-01-01\n");
    let summary = try_import(&mut house, &with_tasks(&rows), Lang::En, Some(folder.path())).unwrap();
    let tasks = file(&summary, "Task.csv");
    assert_eq!((tasks.ignored, tasks.refused), (2, 0));
    assert_eq!(noted(&summary, NoteKind::PrivateLeftOut), 2);
    assert_eq!((summary.refused_files.len(), std::fs::read_dir(folder.path()).unwrap().count()), (0, 0));
    assert!(logged(&house).is_empty());
}

#[test]
fn an_entry_that_becomes_private_is_retracted() {
    let mut house = House::new(company());
    import(&mut house, &in_state(false, false, "2024-01-01"));
    let before = house.records.len();
    let summary = import(&mut house, &in_state(true, false, "2024-02-01"));
    assert_eq!(types(&house, before), ["import started", "interaction retracted", "import finished"]);
    assert_eq!((noted(&summary, NoteKind::PrivateLeftOut), summary.totals().2), (1, 0));
    assert_eq!(import(&mut house, &in_state(true, false, "2024-02-01")).events, 0);
}

#[test]
fn what_was_retracted_stays_so_when_it_is_back_in_salesforce() {
    for (private, deleted) in [(true, false), (false, true)] {
        let mut house = House::new(company());
        import(&mut house, &in_state(false, false, "2024-01-01"));
        import(&mut house, &in_state(private, deleted, "2024-02-01"));
        let summary = import(&mut house, &in_state(false, false, "2024-03-01"));
        assert_eq!((summary.events, file(&summary, "Task.csv").ignored), (0, 1));
        assert_eq!(noted(&summary, NoteKind::StaysRetracted), 1);
    }
}

#[test]
fn an_account_and_a_contact_that_are_restored_are_back() {
    let mut house = House::new(company());
    let state = |deleted: bool, stamp: &str| {
        export([
            ("Account.csv", &*format!("Id,Name,IsDeleted,SystemModstamp\n001000000000001AAA,A,{deleted},{stamp}\n")),
            (
                "Contact.csv",
                &format!(
                    "Id,AccountId,Name,IsDeleted,SystemModstamp\n\
                     003000000000001AAA,001000000000001AAA,Anna,{deleted},{stamp}\n\
                     003000000000002AAA,,Boris,{deleted},{stamp}\n"
                ),
            ),
        ])
    };
    import(&mut house, &state(false, "2024-01-01"));
    import(&mut house, &state(true, "2024-02-01"));
    let before = house.records.len();
    let summary = import(&mut house, &state(false, "2024-03-01"));
    assert_eq!(types(&house, before), ["import started", "account reopened", "contact moved", "import finished"]);
    assert_eq!(noted(&summary, NoteKind::StaysLeft), 1, "there is no account for Boris to come back to");
    // What somebody here closed stays closed.
    let account = AccountId::from_uuid(brought(&house, Slice::Account).id);
    let closed = Account::Closed { personal: shared::account::Why { reason: shared::testkit::reason("Lost") }.into() };
    house.take(ADA, Event::Account(account, closed));
    assert_eq!(import(&mut house, &state(false, "2024-04-01")).events, 0);
}

#[test]
fn a_changed_task_that_names_an_unknown_contact_is_taken_without_as_at_first() {
    let mut house = House::new(company());
    let task = |subject: &str, stamp: &str| {
        with_tasks(&format!(
            "Id,WhoId,AccountId,Subject,ActivityDate,IsClosed,SystemModstamp\n\
             00T000000000001AAA,003000000000009AAA,001000000000001AAA,{subject},2024-01-01,1,{stamp}\n"
        ))
    };
    import(&mut house, &task("Call", "2024-01-01"));
    let summary = import(&mut house, &task("Visit", "2024-02-01"));
    assert_eq!((summary.totals().2, noted(&summary, NoteKind::ContactUnknown)), (0, 1));
    assert_eq!(words(&logged(&house)[1].0), "Visit");
}

#[test]
fn an_entry_stays_in_its_account_when_its_contact_goes_to_another() {
    let accounts = "Id,Name\n001000000000001AAA,A\n001000000000002AAA,B\n";
    let state = |at: u8, task: &str, stamp: &str| {
        export([
            ("Account.csv", accounts),
            (
                "Contact.csv",
                &*format!(
                    "Id,AccountId,Name,SystemModstamp\n\
                     003000000000001AAA,00100000000000{at}AAA,Anna,{stamp}\n\
                     003000000000002AAA,001000000000002AAA,Boris,2024-01-01\n"
                ),
            ),
            (
                "Task.csv",
                &format!(
                    "Id,WhoId,AccountId,Subject,ActivityDate,IsClosed,SystemModstamp\n\
                     00T000000000001AAA,{task},2024-01-01,1,{stamp}\n"
                ),
            ),
        ])
    };
    let mut house = House::new(company());
    import(&mut house, &state(1, "003000000000001AAA,,Call", "2024-01-01"));
    import(&mut house, &state(2, "003000000000001AAA,,Visit", "2024-02-01"));
    let tasks = "Id,WhoId,Subject,ActivityDate,IsClosed,SystemModstamp\n\
                 00T000000000001AAA,003000000000001AAA,Fair,2024-01-01,1,2024-03-01\n";
    import(&mut house, &export([("Task.csv", tasks)]));
    // What the row itself names holds, and so does another contact.
    import(&mut house, &state(1, "003000000000001AAA,001000000000002AAA,Lunch", "2024-04-01"));
    import(&mut house, &state(1, "003000000000001AAA,001000000000001AAA,Dinner", "2024-05-01"));
    import(&mut house, &state(1, "003000000000002AAA,,Mail", "2024-06-01"));
    let entries = logged(&house);
    let seen: Vec<_> = entries.iter().map(|(details, _)| (words(details), details.account)).collect();
    let (a, b) = (entries[0].0.account, entries[3].0.account);
    assert!(a.is_some() && b.is_some() && a != b, "{seen:?}");
    assert_eq!(seen, [("Call", a), ("Visit", a), ("Fair", a), ("Lunch", b), ("Dinner", a), ("Mail", b)]);
}

#[test]
fn a_relation_that_has_ended_is_counted_and_what_was_recorded_stays() {
    let mut house = House::new(company());
    let relation = |rest: &str| {
        export([
            ("Account.csv", "Id,Name\n001000000000001AAA,A\n001000000000002AAA,B\n"),
            ("Contact.csv", CONTACTS),
            (
                "AccountContactRelation.csv",
                &*format!(
                    "Id,AccountId,ContactId,IsDirect,IsActive,IsDeleted\n\
                     07k000000000002AAA,001000000000002AAA,003000000000001AAA,,{rest}\n"
                ),
            ),
        ])
    };
    import(&mut house, &relation("1,0"));
    for ended in ["0,0", "1,1"] {
        let summary = import(&mut house, &relation(ended));
        assert_eq!((summary.events, noted(&summary, NoteKind::RelationEnded)), (0, 1));
    }
}

#[test]
fn whoever_imports_took_part_in_their_own_rows() {
    let mut house = House::new(company());
    let files = export([
        ("User.csv", "Id,Name,Email\n005000000000001AAA,Ada,ada@twofront.example\n"),
        ("Account.csv", ACCOUNTS),
        (
            "Task.csv",
            "Id,AccountId,Subject,ActivityDate,OwnerId\n00T000000000001AAA,001000000000001AAA,Call,2024-01-02,005000000000001AAA\n",
        ),
    ]);
    import(&mut house, &files);
    assert_eq!(logged(&house)[0].0.colleagues, [ADA]);
    let owners = house.records.iter().filter_map(|record| {
        if let Event::Interaction(_, Interaction::NextStepAgreed(step)) = &record.event {
            Some(step.owner)
        } else {
            None
        }
    });
    assert_eq!(owners.collect::<Vec<_>>(), [Some(ADA)]);
}

/// One appointment in a state, and its invitations; without any there is no such file.
fn appointment(subject: &str, rest: &str, invitations: &str) -> Bundle {
    let users =
        "Id,Name,Email\n005000000000001AAA,Kira,kira@twofront.example\n005000000000002AAA,Lev,lev@twofront.example\n";
    let event = format!(
        "Id,WhoId,Subject,StartDateTime,OwnerId,IsDeleted,SystemModstamp\n\
         00U000000000001AAA,003000000000001AAA,{subject},2024-03-05T09:30:00.000Z,005000000000001AAA,{rest}\n"
    );
    let files = [("User.csv", users), ("Account.csv", ACCOUNTS), ("Contact.csv", CONTACTS), ("Event.csv", &event)];
    let invited = format!("Id,EventId,RelationId,Status,IsDeleted\n{invitations}");
    let invited = (!invitations.is_empty()).then_some(("EventRelation.csv", &*invited));
    let files = files.into_iter().chain(invited);
    Bundle::new("export", files.map(|(name, content)| (name, content.as_bytes().to_vec())))
}

fn invitation(who: &str, status: &str, deleted: bool) -> String {
    format!("0RE000000000001AAA,00U000000000001AAA,{who},{status},{deleted}\n")
}

#[test]
fn who_was_invited_took_part_unless_they_declined() {
    let mut house = House::new(company());
    let all = [
        invitation(BORIS, "Accepted", false),
        invitation("005000000000002AAA", "New", false),
        invitation("005000000000009AAA", "Accepted", false),
    ];
    import(&mut house, &appointment("Lunch", ",2024-03-06", &all.concat()));
    let first = &logged(&house)[0].0;
    assert_eq!((first.contacts.len(), &*first.colleagues), (2, &[KIRA, LEV][..]));
    // The appointment is as it was; what changed is who comes.
    let declined = [invitation(BORIS, "Declined", false), invitation("005000000000002AAA", "", true)].concat();
    let summary = import(&mut house, &appointment("Lunch", ",2024-03-06", &declined));
    assert_eq!(summary.events, 1);
    let second = &logged(&house)[1].0;
    assert_eq!((second.contacts.len(), &*second.colleagues), (1, &[KIRA][..]));
    assert_eq!(import(&mut house, &appointment("Lunch", ",2024-03-06", &declined)).events, 0);
}

#[test]
fn an_appointment_that_changes_or_is_deleted_does_so_here() {
    let mut house = House::new(company());
    import(&mut house, &appointment("Lunch", ",2024-03-06", &invitation(BORIS, "", false)));
    let before = house.records.len();
    assert_eq!(import(&mut house, &appointment("Lunch", ",2024-03-06", "")).events, 0);
    import(&mut house, &appointment("Dinner", ",2024-03-07", ""));
    let (details, _) = logged(&house).pop().unwrap();
    assert_eq!((words(&details), details.contacts.len()), ("Dinner", 2), "no file says that Boris was not there");
    import(&mut house, &appointment("Dinner", "1,2024-03-08", ""));
    let new: Vec<_> = types(&house, before).into_iter().filter(|kind| !kind.starts_with("import")).collect();
    assert_eq!(new, ["interaction corrected", "interaction retracted"]);
    assert_eq!(import(&mut house, &appointment("Dinner", "1,2024-03-08", "")).events, 0);
}

#[test]
fn a_refused_row_is_kept_whole_and_no_spreadsheet_runs_it() {
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("refused");
    let tasks = "Id,WhoId,Subject,Description,ActivityDate\n\
                 00T000000000001AAA,,=HYPERLINK(1),\"@a, \"\"b\"\"\nc\",2024-01-01\n\
                 00T000000000002AAA,003000000000001AAA,fine,,2024-01-01\n";
    let summary = try_import(&mut House::new(company()), &with_tasks(tasks), Lang::Ru, Some(&to)).unwrap();
    let path = to.join("Task.csv");
    assert_eq!(summary.refused_files.first(), Some(&path));
    let text = std::fs::read_to_string(&path).unwrap();
    let head = "\u{feff}Id,WhoId,Subject,Description,ActivityDate,Отклонённая строка,Почему отклонена\n";
    assert!(text.starts_with(head), "{text}");
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let rows: Vec<_> = reader.records().collect::<Result<_, _>>().unwrap();
    assert_eq!(rows.len(), 1);
    let cells: Vec<_> = rows[0].iter().collect();
    assert_eq!(cells[..6], ["00T000000000001AAA", "", "'=HYPERLINK(1)", "'@a, \"b\"\nc", "2024-01-01", "2"]);
    #[cfg(unix)]
    for kept in [&to, &path] {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(kept).unwrap().permissions().mode() & 0o077, 0, "it holds people's data");
    }
}

#[test]
fn refused_rows_that_were_mended_come_in_as_they_were() {
    let folder = tempfile::tempdir().unwrap();
    let (once, twice) = (folder.path().join("once"), folder.path().join("twice"));
    let mut house = House::new(company());
    let files = export([
        ("Account.csv", "Id,Name\n001000000000001AAA,\n"),
        ("Contact.csv", "Id,Name,MobilePhone\nbroken,Anna,+7 495 1\n003000000000002AAA,,\n"),
        ("Task.csv", "Id,WhoId,Subject,ActivityDate\n00T000000000001AAA,003000000000001AAA,-5%,soon\n"),
    ]);
    let summary = try_import(&mut house, &files, Lang::En, Some(&once)).unwrap();
    assert_eq!((summary.totals().2, summary.refused_files.len()), (4, 3));
    let mend = |table: &str, from: &str, to: &str| {
        let text = std::fs::read_to_string(once.join(table)).unwrap();
        std::fs::write(once.join(table), text.replacen(from, to, 1)).unwrap();
    };
    mend("Account.csv", "001000000000001AAA,", "001000000000001AAA,North");
    mend("Contact.csv", "broken", "003000000000001AAA");
    mend("Task.csv", "soon", "2024-01-01");
    let summary = try_import(&mut house, &Folder::new(&once), Lang::En, Some(&twice)).unwrap();
    assert_eq!(summary.totals(), (3, 0, 1, 0), "{summary:?}");
    assert_eq!(words(&logged(&house)[0].0), "-5%");
    let phone = house.records.iter().find_map(|record| {
        if let Event::Contact(_, Contact::Introduced { personal, .. }) = &record.event {
            personal.known().and_then(|who| who.mobile.clone())
        } else {
            None
        }
    });
    assert_eq!(phone.unwrap().as_str(), "+7 495 1");
    // What is refused again has one reason, not two.
    let again = std::fs::read_to_string(twice.join("Contact.csv")).unwrap();
    assert!(again.starts_with("\u{feff}Id,Name,MobilePhone,Refused row,Refused because\n"), "{again}");
    assert_eq!(again.lines().nth(1), Some("003000000000002AAA,,,3,Name is empty."));
}

#[test]
fn a_file_without_a_column_that_it_needs_is_named_and_the_others_are_read() {
    let mut house = House::new(company());
    let tasks = "Subject,Date,Assigned To\nCall,2024-01-01,Kira\n";
    let summary = import(&mut house, &with_tasks(tasks));
    assert_eq!(summary.totals(), (3, 0, 0, 0));
    let why = file(&summary, "Task.csv").unusable.as_deref().unwrap();
    assert!(why.starts_with("Task.csv has no column “Id”. Export it with that column."), "{why}");
    assert!(summary.say(Lang::En).iter().any(|line| line == why));
    // A file without its first line has people in it, and one without lines may be a film.
    let wide = vec!["Patricia Ryan, patricia@customer.example"; 2_000].join(",");
    let summary = import(&mut House::new(company()), &with_tasks(&format!("{wide}\n")));
    let why = file(&summary, "Task.csv").unusable.as_deref().unwrap();
    assert!(why.len() < 700 && why.ends_with("…."), "{why}");
    let found = "Patricia Ryan".to_owned();
    let logged = Error::NoColumn { file: "Task.csv".to_owned(), column: "Id", found }.to_string();
    assert!(!logged.contains("Patricia"), "{logged}");
}

#[test]
fn no_file_of_refused_rows_is_made_where_none_was_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("refused");
    let summary = try_import(&mut House::new(company()), &with_tasks(""), Lang::En, Some(&path)).unwrap();
    assert_eq!((summary.refused_files, path.exists()), (vec![], false));
}

#[test]
fn an_entry_corrected_here_is_not_overwritten_by_the_same_row_again() {
    let mut house = House::new(company());
    let tasks =
        "Id,WhoId,Subject,ActivityDate,SystemModstamp\n00T000000000001AAA,003000000000001AAA,Call,2024-01-01,1\n";
    import(&mut house, &with_tasks(tasks));
    let last = house.records.iter().rev().nth(2).unwrap().event.clone();
    let Event::Interaction(id, Interaction::Logged(details)) = last else { panic!("{last:?}") };
    let corrected = Details { minutes: Some(5), ..details };
    house.take(KIRA, Event::Interaction(id, Interaction::Corrected(corrected)));
    assert_eq!(import(&mut house, &with_tasks(tasks)).events, 0);
}

#[test]
fn the_report_reads_well_in_both_languages() {
    let mut house = House::new(company());
    let summary = import(&mut house, &salesforce::sample());
    let english = summary.say(Lang::En).join("\n");
    let russian = summary.say(Lang::Ru).join("\n");
    assert!(english.contains("Account.csv: 22 rows (UTF-8): 22 accepted, 0 unchanged, 0 refused"), "{english}");
    assert!(english.contains("2 owners are no colleague here"), "{english}");
    assert!(russian.contains("Account.csv: 22 строки (UTF-8): принято 22"), "{russian}");
    assert!(russian.contains("2 владельца не найдены среди сотрудников"), "{russian}");
    let json = serde_json::to_value(&summary).unwrap();
    assert_eq!(json["files"][0]["separator"], ",");
}

/// Tasks that are made as they are read: no file of them is anywhere.
struct Endless {
    tasks: u32,
}

struct Rows {
    next: u32,
    end: u32,
    pending: Vec<u8>,
}

impl Files for Endless {
    fn name(&self) -> &str {
        "endless"
    }

    fn open(&self, name: &str) -> io::Result<Option<Box<dyn Read>>> {
        Ok(match name {
            "Account.csv" => Some(Box::new(ACCOUNTS.as_bytes())),
            "Contact.csv" => Some(Box::new(CONTACTS.as_bytes())),
            "Task.csv" => {
                let pending = b"Id,WhoId,WhatId,Subject,ActivityDate,IsClosed,SystemModstamp\n".to_vec();
                Some(Box::new(Rows { next: 0, end: self.tasks, pending }))
            }
            _ => None,
        })
    }
}

impl Read for Rows {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        use std::io::Write as _;
        while self.pending.len() < buffer.len() && self.next < self.end {
            let n = self.next;
            writeln!(
                self.pending,
                "00T{n:012},003000000000001AAA,001000000000001AAA,Звонок № {n},2024-01-{:02},1,2024-01-01",
                n % 28 + 1
            )?;
            self.next += 1;
        }
        let count = buffer.len().min(self.pending.len());
        buffer[..count].copy_from_slice(&self.pending[..count]);
        self.pending.drain(..count);
        Ok(count)
    }
}

/// Answers everything and keeps nothing, but how much came at once.
#[derive(Default)]
struct Counter {
    orders: u64,
    largest: usize,
}

impl server::desk::Sink for Counter {
    fn submit(
        &mut self,
        orders: Vec<server::desk::Order>,
    ) -> Vec<Result<shared::request::Receipt, server::desk::Refusal>> {
        self.orders += orders.len() as u64;
        self.largest = self.largest.max(orders.len());
        let receipt = |order: server::desk::Order| shared::request::Receipt {
            command: order.request.id,
            position: 0,
            events: vec![order.request.command.stream().first()],
            duplicate: false,
        };
        orders.into_iter().map(|order| Ok(receipt(order))).collect()
    }
}

#[test]
fn a_hundred_thousand_tasks_stream_through_in_small_chunks() {
    let options = Options {
        by: ColleagueId::TWOFRONT,
        lang: Lang::En,
        generation: 0,
        exists: &|_| false,
        history: &|_| Ok(vec![]),
        linked: &|_, _| None::<AccountId>,
        colleague: &|_| None,
        now: NOON,
        refused: None,
        dry_run: false,
    };
    let mut counter = Counter::default();
    let (mut last, mut steps, mut grew) = (0, 0, true);
    let summary = salesforce::run(&Endless { tasks: 100_000 }, &options, &mut counter, &mut |progress| {
        grew &= progress.bytes >= last && progress.bytes <= progress.of;
        (last, steps) = (progress.bytes, steps + 1);
    })
    .unwrap();
    assert_eq!(file(&summary, "Task.csv").accepted, 100_000);
    assert!(counter.largest <= 512, "{} orders at once", counter.largest);
    assert_eq!(counter.orders, 100_000 + 6);
    assert!(grew && steps > 300, "progress is told as it comes");
}

#[test]
fn an_import_of_one_file_in_memory_is_an_import_like_any_other() {
    let files = export([("account.CSV", ACCOUNTS)]);
    assert_eq!(import(&mut House::new(company()), &files).events, 2);
}
