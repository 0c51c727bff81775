//! The office on the store that the product runs on: what was answered is there after a restart, and whoever follows
//! misses nothing.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod house;

use std::path::Path;
use std::sync::Arc;

use house::*;
use jiff::SignedDuration;
use server::demo::Options;
use server::desk::{Refusal, Sink as _};
use server::import::{Bundle, Summary};
use server::intake::{self, Intake};
use server::office::{Office, Told};
use server::store::keyring::Keyring;
use server::store::{Durable as Sled, State, Store};
use shared::ids::{ColleagueId, Slice, Stream};
use shared::lang::Lang;
use shared::testkit::*;
use shared::views::{Company, View};
use shared::words::Occurred;

fn open(dir: &Path) -> (Arc<Sled>, Office) {
    let store = Arc::new(Sled::open(dir).unwrap());
    let keyring = Arc::new(Keyring::at(&dir.join("keys")).unwrap());
    let now = Arc::new(std::sync::Mutex::new(NOON));
    let office = Office::open(Arc::clone(&store) as Arc<dyn Store>, keyring, clock(&now)).unwrap();
    (store, office)
}

async fn close(store: Arc<Sled>, office: Office) {
    tokio::task::spawn_blocking(move || {
        office.close();
        store.close();
    })
    .await
    .unwrap();
}

async fn company(office: &Office) {
    for answer in office.ask_all(company_orders()).await {
        answer.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_is_there_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let (store, office) = open(dir.path());
    company(&office).await;
    let receipt = office.ask(visit(100, VISIT, NORTHWIND, "Walked the warehouse")).await.unwrap();
    let before = office.company(Company::clone);
    close(store, office).await;

    let (store, office) = open(dir.path());
    assert_eq!(office.company(Company::clone), before);
    assert_eq!(office.position(), receipt.position);
    let again = office.ask(visit(100, VISIT, NORTHWIND, "Walked the warehouse")).await.unwrap();
    assert!(again.duplicate);
    let concerning = office.concerning(NORTHWIND.into(), 0).unwrap();
    assert_eq!(concerning.last().unwrap().position, receipt.position);
    close(store, office).await;
}

/// The browser's way: the lines of the export, one after the other, into the same fold.
#[tokio::test(flavor = "multi_thread")]
async fn the_server_s_fold_and_the_browser_s_fold_are_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let (store, office) = open(dir.path());
    company(&office).await;
    for (number, text) in (100..).zip(["First", "Second", "Third"]) {
        let interaction = shared::ids::InteractionId::from_uuid(uuid::Uuid::from_u128(number));
        office.ask(visit(number, interaction, NORTHWIND, text)).await.unwrap();
    }
    let records = office.records(0, usize::MAX).unwrap();
    let mut browser = Company::default();
    for record in &records {
        let line = serde_json::to_string(record).unwrap();
        browser.fold(&serde_json::from_str(&line).unwrap());
    }
    assert_eq!(office.company(Company::clone), browser);

    // Shipped with a page at some position, and gone on from there.
    let (early, late) = records.split_at(records.len() / 2);
    let mut shipped = Company::default();
    early.iter().for_each(|record| shipped.fold(record));
    let mut shipped: Company = serde_json::from_str(&serde_json::to_string(&shipped).unwrap()).unwrap();
    late.iter().for_each(|record| shipped.fold(record));
    assert_eq!(shipped, browser);
    close(store, office).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_follows_gets_every_record_once_while_others_write() {
    let dir = tempfile::tempdir().unwrap();
    let (store, office) = open(dir.path());
    company(&office).await;
    let mut following = office.follow(0);
    let writing = {
        let office = office.clone();
        tokio::spawn(async move {
            for number in 0..100 {
                let name = format!("Northwind {}", number % 2);
                office.ask(rename(100 + number, NORTHWIND, &name)).await.unwrap();
            }
            office.position()
        })
    };
    let mut positions = Vec::new();
    let mut end = None;
    let mut writing = std::pin::pin!(writing);
    while end.is_none_or(|end| positions.last() != Some(&end)) {
        tokio::select! {
            written = &mut writing, if end.is_none() => end = Some(written.unwrap()),
            told = following.next() => match told.unwrap() {
                Told::Records(records) => positions.extend(records.iter().map(|record| record.position)),
                other @ (Told::Again { .. } | Told::Over) => panic!("{other:?}"),
            },
        }
    }
    assert_eq!(positions, (1..=office.position()).collect::<Vec<_>>());
    close(store, office).await;
    assert_eq!(following.next().await.unwrap(), Told::Over);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_office_refuses_and_is_still_read() {
    let dir = tempfile::tempdir().unwrap();
    let (store, office) = open(dir.path());
    company(&office).await;
    let closing = office.clone();
    tokio::task::spawn_blocking(move || closing.close()).await.unwrap();
    let refused = office.ask(rename(100, NORTHWIND, "Northwind AG")).await;
    assert!(matches!(refused, Err(Refusal::Closed(_))), "{refused:?}");
    assert!(matches!(office.state(), State::Closed { .. }));
    assert_eq!(office.history(Stream::from(NORTHWIND), 1, 10).unwrap().len(), 2);
    close(store, office).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desk_that_dies_after_the_append_does_not_say_that_nothing_was_written() {
    for by_sink in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(Trickster::default());
        let keyring = Arc::new(Keyring::at(&folder.path().join("keys")).unwrap());
        let now = Arc::new(std::sync::Mutex::new(NOON));
        let office = Office::open(Arc::clone(&store) as Arc<dyn Store>, keyring, clock(&now)).unwrap();
        company(&office).await;
        *store.mishap.lock().unwrap() = Mishap::WritesAndDies;
        let order = rename(100, NORTHWIND, "Northwind AG");
        let answer = if by_sink {
            let mut sink = office.sink();
            tokio::task::spawn_blocking(move || sink.submit(vec![order]).pop().unwrap()).await.unwrap()
        } else {
            office.ask(order).await
        };
        assert!(matches!(answer, Err(Refusal::Unavailable(_))), "{answer:?}");
        assert!(office.receipt(id(100)).unwrap().is_some(), "it was written");
        // Once the desk is gone, nothing reaches it: then nothing was written.
        let closing = office.clone();
        tokio::task::spawn_blocking(move || closing.close()).await.unwrap();
        let refused = office.ask(rename(101, NORTHWIND, "Northwind SE")).await;
        assert!(matches!(refused, Err(Refusal::Closed(_))), "{refused:?}");
        assert!(office.receipt(id(101)).unwrap().is_none());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_were_lost_leave_words_empty_and_the_rest_of_the_house_at_work() {
    let dir = tempfile::tempdir().unwrap();
    let (store, office) = open(dir.path());
    company(&office).await;
    let told = office.ask(visit(100, VISIT, NORTHWIND, "Walked the warehouse")).await.unwrap();
    close(store, office).await;
    let ring = dir.path().join("keys/ring-0000000001");
    let mut bytes = std::fs::read(&ring).unwrap();
    bytes[32 + 700] ^= 1;
    std::fs::write(&ring, bytes).unwrap();

    let (store, office) = open(dir.path());
    let record = office.at(&[told.position]).unwrap().pop().unwrap();
    assert!(!serde_json::to_string(&record).unwrap().contains("warehouse"));
    // New words are sealed with a key that is there.
    let more = shared::ids::InteractionId::from_uuid(uuid::Uuid::from_u128(7));
    let receipt = office.ask(visit(101, more, NORTHWIND, "Counted the pallets")).await.unwrap();
    let record = office.at(&[receipt.position]).unwrap().pop().unwrap();
    assert!(serde_json::to_string(&record).unwrap().contains("pallets"));
    close(store, office).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_of_an_event_is_on_disk_before_the_event_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(Trickster::default());
    let keys = folder.path().join("keys");
    let keyring = Arc::new(Keyring::at(&keys).unwrap());
    *store.keys.lock().unwrap() = Some(keys);
    let now = Arc::new(std::sync::Mutex::new(NOON));
    let office = Office::open(Arc::clone(&store) as Arc<dyn Store>, keyring, clock(&now)).unwrap();
    company(&office).await;
    // More than the keyring makes at once.
    let visits = (100..700).map(|number| {
        let interaction = shared::ids::InteractionId::from_uuid(uuid::Uuid::from_u128(number));
        visit(number, interaction, NORTHWIND, "Walked the warehouse")
    });
    for answer in office.ask_all(visits.collect()).await {
        answer.unwrap();
    }
    assert!(store.seals.load(std::sync::atomic::Ordering::SeqCst) >= 600);
    tokio::task::spawn_blocking(move || office.close()).await.unwrap();
}

/// Searches every file below a directory, sled's included.
fn is_in_a_file(dir: &Path, needle: &[u8]) -> Option<std::path::PathBuf> {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let found = if path.is_dir() {
            is_in_a_file(&path, needle)
        } else {
            let bytes = std::fs::read(&path).unwrap();
            bytes.windows(needle.len()).any(|window| window == needle).then_some(path)
        };
        if found.is_some() {
            return found;
        }
    }
    None
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_a_forgotten_key_nor_what_it_sealed_is_in_any_file_of_the_data_directory() {
    let dir = tempfile::tempdir().unwrap();
    let keyring = Arc::new(Keyring::at(&dir.path().join("keys")).unwrap());
    let store = Arc::new(Sled::open(dir.path()).unwrap());
    let now = Arc::new(std::sync::Mutex::new(NOON));
    let office = Office::open(Arc::clone(&store) as Arc<dyn Store>, Arc::clone(&keyring), clock(&now)).unwrap();
    company(&office).await;
    let words = "Xenia Zyablikova walked the warehouse";
    let receipt = office.ask(visit(100, VISIT, NORTHWIND, words)).await.unwrap();
    let stored = store.read_at(&[receipt.position]).unwrap().pop().unwrap();
    let slot = server::seal::key_of(&stored).unwrap().unwrap();
    let key = keyring.key(slot).unwrap().unwrap();
    keyring.forget(&[slot]).unwrap();
    close(store, office).await;
    assert!(is_in_a_file(dir.path(), &stored.payload).is_some(), "what was sealed is where it was");
    for secret in [key.as_slice(), words.as_bytes(), b"Zyablikova"] {
        assert_eq!(is_in_a_file(dir.path(), secret), None);
    }
}

/// Accounts, contacts who report to one another, and tasks, in one state.
fn export(stamp: &str, contacts: u32, tasks: u32) -> Bundle {
    let mut people = String::from("Id,AccountId,Name,ReportsToId,SystemModstamp\n");
    for n in 0..contacts {
        let above = if n % 10 == 0 { String::new() } else { format!("003{:012}", n / 10 * 10) };
        people.push_str(&format!("003{n:012},001{:012},Person {n},{above},{stamp}\n", n % 50));
    }
    let mut activities = String::from("Id,WhoId,Subject,ActivityDate,IsClosed,SystemModstamp\n");
    for n in 0..tasks {
        activities.push_str(&format!(
            "00T{n:012},003{:012},Call {n},2024-01-{:02},1,{stamp}\n",
            n % contacts,
            n % 28 + 1
        ));
    }
    let mut accounts = String::from("Id,Name,SystemModstamp\n");
    for n in 0..50 {
        accounts.push_str(&format!("001{n:012},Account {n},{stamp}\n"));
    }
    Bundle::new("export", [("Account.csv", accounts), ("Contact.csv", people), ("Task.csv", activities)].map(bytes))
}

fn bytes((name, content): (&str, String)) -> (&str, Vec<u8>) {
    (name, content.into_bytes())
}

#[test]
fn an_export_of_thousands_is_on_disk_and_says_nothing_new_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let take_in = |office: &Office, files: &Bundle, dry_run: bool| {
        let intake = Intake { by: ColleagueId::TWOFRONT, lang: Lang::En, dry_run, refused: None };
        intake::salesforce(office, files, &intake, &mut |_| {}).unwrap()
    };
    let (store, office) = open(dir.path());
    let files = export("2024-02-01", 1_000, 3_000);
    let position = office.position();
    let tried = take_in(&office, &files, true);
    assert_eq!((tried.batch, office.position()), (None, position));
    let done = take_in(&office, &files, false);
    assert_eq!(done.totals(), (4_050, 0, 0, 0));
    assert_eq!(done.events, 50 * 2 + 1_000 + 900 + 3_000);
    assert_eq!(Summary { dry_run: false, batch: done.batch, ..tried }, done);
    let before = office.company(Company::clone);
    office.close();
    store.close();
    drop((store, office));

    let (store, office) = open(dir.path());
    assert_eq!(office.company(Company::clone), before);
    let again = take_in(&office, &files, false);
    assert_eq!((again.events, again.totals()), (0, (0, 4_050, 0, 0)));
    let older = take_in(&office, &export("2024-01-01", 1_000, 3_000), false);
    assert_eq!((older.events, older.totals()), (0, (0, 0, 0, 4_050)));
    office.close();
    store.close();
}

#[test]
fn a_company_that_is_generated_now_ends_yesterday_and_goes_on_tomorrow_where_it_stopped() {
    let dir = tempfile::tempdir().unwrap();
    let (store, office) = open(dir.path());
    let day = SignedDuration::from_hours(24);
    let ask = |events, later: i32| {
        let company = intake::up_to_now(&office, &Options::new(events, 7, Lang::En), NOON + day * later);
        (company.until, intake::generated(&office, &company, &mut |_, _| {}).unwrap())
    };
    let (until, made) = ask(300, 0);
    assert_eq!(until, Occurred::At(NOON - day).day());
    assert_eq!((made.events, made.refused), (300, 0));
    let told = office.records(0, 300).unwrap().into_iter().filter(|record| record.stream().slice != Slice::Import);
    let newest = told.map(|record| record.occurred.day()).max().unwrap();
    assert!(newest <= until && until - day * 4 < newest, "nothing in it is still to come: {newest}, {until}");
    let (still, again) = ask(200, 30);
    assert_eq!((still, again.batch, again.events), (until, made.batch, 0), "who asks for less has it already");
    let (_, more) = ask(400, 60);
    assert_eq!(more.batch, made.batch);
    // Its last line may be of two events.
    assert!((400..=401).contains(&office.position()), "{}", office.position());

    // One that the command line began, up to its own day, goes on up to that.
    let of_the_command_line = Options::new(100, 8, Lang::En);
    let begun = intake::generated(&office, &of_the_command_line, &mut |_, _| {}).unwrap();
    let same = intake::up_to_now(&office, &of_the_command_line, NOON + day * 90);
    assert_eq!((same.until, Some(same.batch())), (of_the_command_line.until, begun.batch));
    office.close();
    store.close();
}
