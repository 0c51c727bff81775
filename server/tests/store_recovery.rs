//! Faults of the medium, damage of every file, and what an operator does about it.
//!
//! `STORE_FLIPS` sets how many bits are flipped in each kind of store; `STORE_SEED` chooses others.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops at what it did not expect"
)]

#[path = "store/crash.rs"]
mod crash;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use crash::{Dice, acks, append, check, listen, options, start, times};
use server::store::care::{self, CareError, Verdict};
use server::store::keyring::Keyring;
use server::store::medium::{Disk, Medium, Tape};
use server::store::{AppendError, Durable as Sled, OpenError, Options, State, Store as _};
use shared::proof::note::Checkpoint;
use shared::proof::{leaf_hash, verify_consistency, verify_inclusion};

/// Not a test: the others start this program again with this name.
#[test]
fn the_process_that_dies() {
    crash::child();
}

type Acked = BTreeMap<u64, (u64, u64)>;

fn fill(store: &Sled, numbers: std::ops::Range<u64>) -> Acked {
    numbers
        .map(|number| {
            let answer = store.append(vec![append(number)]).pop().expect("an answer").expect("it holds");
            store.tend();
            (number, (answer.first, answer.last))
        })
        .collect()
}

fn fresh(count: u64) -> (tempfile::TempDir, Acked) {
    let dir = tempfile::tempdir().expect("a directory");
    let acked = fill(&Sled::open_with(dir.path(), options()).expect("it opens"), 0..count);
    (dir, acked)
}

/// A store whose process was killed.
fn killed(acks_before: u64) -> (tempfile::TempDir, Acked) {
    let dir = tempfile::tempdir().expect("a directory");
    let said = listen(start("writer", dir.path(), 0, 100_000, &[]), acks_before);
    let acked = acks(&said).collect();
    (dir, acked)
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a directory");
    for entry in std::fs::read_dir(from).expect("a directory") {
        let entry = entry.expect("an entry");
        if entry.path().is_dir() {
            copy(&entry.path(), &to.join(entry.file_name()));
        } else {
            std::fs::copy(entry.path(), to.join(entry.file_name())).expect("copied");
        }
    }
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

fn copied(dir: &Path, to: &Path) -> Result<Verdict, CareError> {
    care::backup(dir, to, &mut |_, _| {})
}

fn last_journal(dir: &Path) -> PathBuf {
    files(&dir.join("journal")).pop().expect("a file")
}

fn opens_whole(dir: &Path, acked: &Acked) -> Sled {
    let store = Sled::open_with(dir, options()).expect("it opens");
    assert_eq!(store.state(), State::Open);
    check(&store, acked);
    store
}

fn opens_read_only(dir: &Path, words: &str) -> u64 {
    refuses_writes(dir, words).expect("events are concerned")
}

/// The first position that cannot be vouched for, where events are concerned.
fn refuses_writes(dir: &Path, words: &str) -> Option<u64> {
    let store = Sled::open_with(dir, options()).expect("it opens");
    let State::ReadOnly { why, position } = store.state() else {
        panic!("it took {words} for nothing");
    };
    assert!(why.contains(words), "{why}");
    let refused = store.append(vec![append(999_999)]).pop().expect("an answer");
    assert!(matches!(refused, Err(AppendError::Closed { .. })));
    // What is read is right, as far as it goes.
    check(&store, &Acked::new());
    assert!(matches!(care::verify(dir, None), Verdict::Sound { .. } | Verdict::Damaged { .. }));
    position
}

// ---------------------------------------------------------------------------------------------- faults of the medium

/// A disk that fails at chosen operations, one after the other, and remembers what was asked of it afterwards.
#[derive(Debug, Default)]
struct Failing {
    /// What fails, and how often it is asked until it does; the next one is the last.
    faults: Mutex<Vec<(Fault, u64)>>,
    after: Arc<AtomicU64>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    Write,
    ShortWrite,
    Sync,
    Reserve,
    SetLen,
    Rename,
    SyncDir,
}

impl Failing {
    fn new(fault: Fault, nth: u64) -> Arc<Self> {
        Self::in_turn(&[(fault, nth)])
    }

    fn in_turn(faults: &[(Fault, u64)]) -> Arc<Self> {
        Arc::new(Self { faults: Mutex::new(faults.iter().rev().copied().collect()), after: Arc::default() })
    }

    fn fails(&self, operation: Fault) -> bool {
        let mut faults = self.faults.lock().expect("no panic");
        match faults.last_mut() {
            None => {
                self.after.fetch_add(1, Ordering::Relaxed);
                false
            }
            Some((planned, left)) if *planned == operation => {
                *left -= 1;
                let now = *left == 0;
                if now {
                    faults.pop();
                }
                now
            }
            Some(_) => false,
        }
    }
}

#[derive(Debug)]
struct Handle(Arc<Failing>);

#[derive(Debug)]
struct FailingTape(Arc<Failing>, Box<dyn Tape>);

impl Medium for Handle {
    fn open(&self, path: &Path, new: bool) -> io::Result<Box<dyn Tape>> {
        Ok(Box::new(FailingTape(Arc::clone(&self.0), Disk.open(path, new)?)))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        if self.0.fails(Fault::Rename) { Err(io::Error::other("no rename")) } else { Disk.rename(from, to) }
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        if self.0.fails(Fault::SyncDir) { Err(io::Error::other("no names")) } else { Disk.sync_dir(path) }
    }
}

impl Tape for FailingTape {
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        if self.0.fails(Fault::Write) {
            return Err(io::Error::from(io::ErrorKind::StorageFull));
        }
        if self.0.fails(Fault::ShortWrite) {
            self.1.write_at(&bytes[..bytes.len() / 2], offset)?;
            return Err(io::Error::from(io::ErrorKind::StorageFull));
        }
        self.1.write_at(bytes, offset)
    }

    fn reserve(&mut self, from: u64, to: u64) -> io::Result<bool> {
        if self.0.fails(Fault::Reserve) {
            self.1.reserve(from, from + (to - from) / 2)?;
            return Err(io::Error::from(io::ErrorKind::StorageFull));
        }
        self.1.reserve(from, to)
    }

    fn set_len(&mut self, size: u64) -> io::Result<()> {
        if self.0.fails(Fault::SetLen) { Err(io::Error::other("no cut")) } else { self.1.set_len(size) }
    }

    fn sync(&mut self) -> io::Result<()> {
        if self.0.fails(Fault::Sync) { Err(io::Error::other("the disk has lost it")) } else { self.1.sync() }
    }
}

#[test]
fn a_failed_write_or_sync_closes_the_store_for_writes_and_is_never_tried_again() {
    for faults in [
        &[(Fault::Write, 20)][..],
        &[(Fault::ShortWrite, 20)],
        &[(Fault::Sync, 20)],
        &[(Fault::Sync, 3)],
        // The second rename is that of the second journal file: a new one cannot be begun. Nor where its name cannot be
        // made durable.
        &[(Fault::Rename, 2)],
        &[(Fault::SyncDir, 2)],
        // Room that was given by half, and cannot be taken back.
        &[(Fault::Reserve, 2), (Fault::SetLen, 1)],
    ] {
        let dir = tempfile::tempdir().expect("a directory");
        let failing = Failing::in_turn(faults);
        let medium = Arc::new(Handle(Arc::clone(&failing)));
        let store =
            Sled::open_with(dir.path(), Options { medium, segment_bytes: 60_000, ..options() }).expect("it opens");
        let mut acked = Acked::new();
        let mut failed = None;
        for number in 0..200 {
            match store.append(vec![append(number)]).pop().expect("an answer") {
                Ok(answer) if failed.is_none() => drop(acked.insert(number, (answer.first, answer.last))),
                Err(AppendError::Indeterminate { .. }) if failed.is_none() => failed = Some(number),
                Err(AppendError::Closed { why }) => assert!(failed.is_some() && why.contains("journal"), "{why}"),
                other => panic!("{faults:?} at {number}: {other:?}"),
            }
        }
        let failed = failed.expect("it failed");
        assert!(matches!(store.state(), State::Closed { .. }));
        assert_eq!(failing.after.load(Ordering::Relaxed), 0, "nothing was asked of the disk after {faults:?}");
        let known = acked.keys().next_back().copied().expect("some were acknowledged");
        assert_eq!(store.receipt(crash::command(known)).expect("reads go on").map(|it| it.last), Some(store.head()));
        check(&store, &acked);
        drop(store);
        // The same command again, after the restart: committed once or found committed.
        let store = opens_whole(dir.path(), &acked);
        acked.extend(fill(&store, failed..failed + 3));
        check(&store, &acked);
    }
}

#[test]
fn a_disk_that_gives_no_room_or_does_not_take_it_back_loses_nothing() {
    // Room for what is to come is given ahead of it, by half before the disk says that it is full; and cut off at the end.
    for fault in [Fault::Reserve, Fault::SetLen] {
        let dir = tempfile::tempdir().expect("a directory");
        let failing = Failing::new(fault, 1);
        let medium = Arc::new(Handle(Arc::clone(&failing)));
        let store =
            Sled::open_with(dir.path(), Options { medium, segment_bytes: 60_000, ..options() }).expect("it opens");
        let acked = fill(&store, 0..200);
        assert!(matches!(store.state(), State::Open), "{fault:?}: {:?}", store.state());
        drop(store);
        assert!(failing.faults.lock().expect("no panic").is_empty(), "{fault:?} did not come");
        check(&opens_whole(dir.path(), &acked), &acked);
        assert!(matches!(care::verify(dir.path(), None), Verdict::Sound { .. }), "{fault:?}");
    }
}

/// A disk whose sync works, and takes the thread with it.
#[derive(Debug)]
struct Deadly(AtomicU64);

#[derive(Debug)]
struct DeadlyTape(Arc<Deadly>, Box<dyn Tape>);

#[derive(Debug)]
struct DeadlyHandle(Arc<Deadly>);

impl Medium for DeadlyHandle {
    fn open(&self, path: &Path, new: bool) -> io::Result<Box<dyn Tape>> {
        Ok(Box::new(DeadlyTape(Arc::clone(&self.0), Disk.open(path, new)?)))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        Disk.rename(from, to)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        Disk.sync_dir(path)
    }
}

impl Tape for DeadlyTape {
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.1.write_at(bytes, offset)
    }

    fn set_len(&mut self, size: u64) -> io::Result<()> {
        self.1.set_len(size)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.1.sync()?;
        if self.0.0.fetch_sub(1, Ordering::Relaxed) == 1 {
            panic!("dead after the sync");
        }
        Ok(())
    }
}

#[test]
fn a_write_that_dies_after_its_sync_closes_the_store_and_gives_no_position_twice() {
    let dir = tempfile::tempdir().expect("a directory");
    let medium = Arc::new(DeadlyHandle(Arc::new(Deadly(AtomicU64::new(4)))));
    let store = Sled::open_with(dir.path(), Options { medium, ..options() }).expect("it opens");
    let mut acked = fill(&store, 0..2);
    let died = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| store.append(vec![append(2)])));
    assert!(died.is_err());
    let refused = store.append(vec![append(3)]).pop().expect("an answer");
    assert!(matches!(refused, Err(AppendError::Closed { .. })), "{refused:?}");
    assert!(matches!(store.state(), State::Closed { .. }));
    drop(store);
    let store = opens_whole(dir.path(), &acked);
    let again = store.append(vec![append(2)]).pop().expect("an answer").expect("it holds");
    assert!(again.duplicate, "it was durable, though nobody was told");
    acked.insert(2, (again.first, again.last));
    check(&store, &acked);
}

#[test]
fn what_depends_on_a_write_that_failed_is_not_known_either() {
    let dir = tempfile::tempdir().expect("a directory");
    let medium = Arc::new(Handle(Failing::new(Fault::Sync, 3)));
    let store = Sled::open_with(dir.path(), Options { medium, ..options() }).expect("it opens");
    fill(&store, 0..1);
    let mut conflicting = append(2);
    conflicting.parts = append(1).parts;
    conflicting.parts[0].expect = server::store::Expect::None;
    let answers = store.append(vec![append(1), conflicting, append(1), append(0)]);
    let unknown = |answer: &Result<_, AppendError>| matches!(answer, Err(AppendError::Indeterminate { .. }));
    assert!(answers[..3].iter().all(unknown), "{answers:?}");
    assert!(answers[3].as_ref().is_ok_and(|answer| answer.duplicate), "what was committed before stays committed");
}

#[test]
fn damage_that_the_saved_index_has_spared_an_open_is_found_before_anybody_writes() {
    let (dir, acked) = fresh(150);
    let journal = files(&dir.path().join("journal")).remove(0);
    let mut bytes = std::fs::read(&journal).expect("read");
    let somewhere = bytes.len() / 3;
    bytes[somewhere] ^= 1;
    std::fs::write(&journal, &bytes).expect("written");
    {
        let store = Sled::open_with(dir.path(), options()).expect("it opens");
        assert_eq!(store.state(), State::Open, "what was read at the open is whole");
        store.examine(&|| true);
        let State::ReadOnly { why, position: Some(position) } = store.state() else {
            panic!("{:?}", store.state());
        };
        assert!(why.contains("damaged") && position > 1 && position < store.head(), "{position} {why}");
        let refused = store.append(vec![append(999_999)]).pop().expect("an answer");
        assert!(matches!(refused, Err(AppendError::Closed { .. })), "{refused:?}");
        check(&store, &acked);
    }
    let found = opens_read_only(dir.path(), "damaged");
    assert!(found > 1, "at once, the next time");
    let Verdict::Damaged { position, .. } = care::verify(dir.path(), None) else { panic!("it is damaged") };
    assert_eq!(position, Some(found));
}

#[test]
fn a_store_that_is_whole_is_found_whole_and_takes_writes() {
    let (dir, acked) = fresh(150);
    let store = opens_whole(dir.path(), &acked);
    store.examine(&|| true);
    assert_eq!(store.state(), State::Open);
    fill(&store, 150..151);
}

// ---------------------------------------------------------------------------------------------- one process

#[test]
fn a_second_process_is_told_that_the_store_is_in_use() {
    let (dir, acked) = fresh(3);
    let store = opens_whole(dir.path(), &acked);
    let error = Sled::open(dir.path()).expect_err("it is in use");
    assert!(matches!(error, OpenError::Locked { .. }));
    assert!(error.to_string().contains("in use by another process"), "{error}");
    let said = listen(start("writer", dir.path(), 10, 1, &[]), u64::MAX);
    assert!(!said.iter().any(|line| line.contains("state ")), "another process opened it: {said:?}");
    drop(store);
    opens_whole(dir.path(), &acked);
}

// ---------------------------------------------------------------------------------------------- sled

#[test]
fn sled_is_made_anew_when_it_is_gone() {
    let (dir, acked) = fresh(150);
    std::fs::remove_dir_all(dir.path().join("events")).expect("removed");
    drop(opens_whole(dir.path(), &acked));
    opens_whole(dir.path(), &acked);
}

#[test]
fn sled_is_filled_up_when_it_is_behind() {
    let (dir, mut acked) = fresh(80);
    let old = tempfile::tempdir().expect("a directory");
    copy(&dir.path().join("events"), old.path());
    acked.extend(fill(&opens_whole(dir.path(), &acked), 80..200));
    std::fs::remove_dir_all(dir.path().join("events")).expect("removed");
    copy(old.path(), &dir.path().join("events"));
    // As after a kill. After a clean stop sled's files must be those that were there.
    std::fs::remove_file(dir.path().join("clean")).expect("removed");
    opens_whole(dir.path(), &acked);
    assert!(!dir.path().join("events.damaged").exists(), "it was filled up, not thrown away");
}

#[test]
fn what_sled_has_not_got_yet_is_read_all_the_same() {
    let dir = tempfile::tempdir().expect("a directory");
    let store = Sled::open_with(dir.path(), Options { sled_every: u64::MAX, ..options() }).expect("it opens");
    let mut acked = fill(&store, 0..40);
    check(&store, &acked);
    assert!(store.catch_up());
    acked.extend(fill(&store, 40..80));
    // Pages of what sled has, of what it has not, and of both.
    check(&store, &acked);
    let whole = store.read_all(0, 1_000).expect("readable");
    for limit in [1, 7, 40, 41, 79] {
        let (mut pages, mut after) = (Vec::new(), 0);
        while let Some(last) = {
            pages.extend(store.read_all(after, limit).expect("readable"));
            pages.last().map(server::store::Commit::last).filter(|last| *last > after)
        } {
            after = last;
        }
        assert_eq!(pages, whole, "by {limit}");
    }
    assert!(store.catch_up());
    check(&store, &acked);
    drop(store);
    assert!(dir.path().join("clean").exists(), "sled was asked for what it had not got, and taken to be damaged");
}

#[test]
fn a_stop_waits_until_sled_has_everything() {
    let dir = tempfile::tempdir().expect("a directory");
    drop(fill(&Sled::open_with(dir.path(), Options { sled_every: u64::MAX, ..options() }).expect("it opens"), 0..60));
    assert!(dir.path().join("clean").exists());
    lose_tail(dir.path(), "events");
    opens_read_only(dir.path(), "sled knows of 60");
}

#[test]
fn what_sled_had_not_got_when_the_process_was_killed_is_filled_in() {
    let (dir, acked) = killed(90);
    let commits = check(&opens_whole(dir.path(), &acked), &acked);
    assert!(!dir.path().join("events.damaged").exists(), "it was filled up, not thrown away");
    lose_tail(dir.path(), "events");
    opens_read_only(dir.path(), &format!("sled knows of {commits}"));
}

#[test]
fn a_store_that_failed_to_write_lets_go_of_sled_when_it_is_dropped() {
    let dir = tempfile::tempdir().expect("a directory");
    let medium = Arc::new(Handle(Failing::new(Fault::Sync, 30)));
    let store = Sled::open_with(dir.path(), Options { medium, sled_every: u64::MAX, ..options() }).expect("it opens");
    let mut acked = Acked::new();
    for number in 0..40 {
        if let Some(Ok(answer)) = store.append(vec![append(number)]).pop() {
            acked.insert(number, (answer.first, answer.last));
        }
    }
    assert!(acked.len() > 20 && acked.len() < 40);
    drop(store);
    // Were it still open, sled could not be opened, and would be made anew.
    opens_whole(dir.path(), &acked);
    assert!(!dir.path().join("events.damaged").exists());
}

#[test]
fn sled_of_another_store_is_moved_aside() {
    let (dir, acked) = fresh(80);
    let other = tempfile::tempdir().expect("a directory");
    fill(&Sled::open_with(other.path(), options()).expect("it opens"), 1_000..1_040);
    std::fs::remove_dir_all(dir.path().join("events")).expect("removed");
    copy(&other.path().join("events"), &dir.path().join("events"));
    opens_whole(dir.path(), &acked);
    assert!(dir.path().join("events.damaged").exists());
}

#[test]
fn sled_of_another_store_is_not_read_where_nothing_can_be_written() {
    let (dir, acked) = fresh(80);
    let other = tempfile::tempdir().expect("a directory");
    fill(&Sled::open_with(other.path(), options()).expect("it opens"), 1_000..1_040);
    std::fs::remove_dir_all(dir.path().join("events")).expect("removed");
    copy(&other.path().join("events"), &dir.path().join("events"));
    for gone in ["clean", "index"] {
        std::fs::remove_file(dir.path().join(gone)).expect("removed");
    }
    let Verdict::Sound { remarks, .. } = care::verify(dir.path(), None) else { panic!("the journal is sound") };
    assert!(remarks.iter().any(|remark| remark.contains("sled is of another store")), "{remarks:?}");
    let checkpoint = dir.path().join("proof/checkpoint");
    let mut bytes = std::fs::read(&checkpoint).expect("a checkpoint");
    *bytes.last_mut().expect("a byte") ^= 1;
    std::fs::write(&checkpoint, bytes).expect("written");
    let store = Sled::open_with(dir.path(), options()).expect("it opens");
    assert!(matches!(store.state(), State::ReadOnly { position: None, .. }), "{:?}", store.state());
    check(&store, &acked);
}

#[test]
fn sled_that_panics_at_open_is_moved_aside_and_made_anew() {
    let mut dice = Dice::new(times("STORE_SEED", 5));
    let (dir, acked) = killed(1_500);
    let db = std::fs::read(dir.path().join("events/db")).expect("sled's file");
    let mut panicked = 0;
    for _ in 0..20 {
        let damaged = tempfile::tempdir().expect("a directory");
        copy(dir.path(), damaged.path());
        let mut bytes = db.clone();
        let at = usize::try_from(dice.roll(bytes.len().min(1_000_000) as u64)).expect("small");
        bytes[at] ^= 1 << dice.roll(8);
        std::fs::write(damaged.path().join("events/db"), &bytes).expect("written");
        // On a copy: does sled alone panic?
        let alone = damaged.path().join("alone");
        copy(&damaged.path().join("events"), &alone);
        let panics = std::panic::catch_unwind(|| sled::open(&alone).map(|db| db.iter().flatten().count())).is_err();
        std::fs::remove_dir_all(&alone).expect("removed");
        drop(opens_whole(damaged.path(), &acked));
        if panics {
            panicked += 1;
            assert!(damaged.path().join("events.damaged").exists());
        }
        if panicked >= 2 {
            return;
        }
    }
    panic!("sled never panicked: the test shows nothing");
}

// ---------------------------------------------------------------------------------------------- the journal

#[test]
fn an_interrupted_last_write_is_cut_off() {
    let (dir, acked) = killed(30);
    drop(opens_whole(dir.path(), &acked));
    let path = last_journal(dir.path());
    let whole = std::fs::read(&path).expect("there");
    // What a process may have begun to write when it died: the frame that really comes next, in part.
    let next = {
        let other = tempfile::tempdir().expect("a directory");
        copy(dir.path(), other.path());
        fill(&opens_whole(other.path(), &acked), 5_000_002..5_000_003);
        let bytes = std::fs::read(last_journal(other.path())).expect("there");
        assert!(bytes.len() > whole.len() + 1_600, "a frame of three sectors");
        bytes[whole.len()..].to_vec()
    };
    let zeroed: Vec<u8> = {
        let mut bytes = [whole.as_slice(), &next].concat();
        let sector = whole.len().div_ceil(512) * 512;
        bytes[sector..sector + 512].fill(0);
        bytes
    };
    // Into room a write goes mostly sector by sector, but a kill may stop it at any byte.
    let sectors = |sectors: usize| (whole.len() / 512 + sectors) * 512 - whole.len();
    let last_sector = (whole.len() + next.len() - 1) / 512 * 512 - whole.len();
    for torn in [
        [whole.as_slice(), &next[..10]].concat(),
        [whole.as_slice(), &next[..900]].concat(),
        [whole.as_slice(), &next[..sectors(1)], &[0; 3_000]].concat(),
        [whole.as_slice(), &next[..sectors(2)], &[0; 3_000]].concat(),
        [whole.as_slice(), &next[..last_sector], &[0; 3_000]].concat(),
        [whole.as_slice(), &next[..10], &[0; 3_000]].concat(),
        [whole.as_slice(), &next[..50], &[0; 3_000]].concat(),
        [whole.as_slice(), &next[..sectors(2) + 5], &[0; 3_000]].concat(),
        [whole.as_slice(), &next[..next.len() - 4], &[0; 3_000]].concat(),
        [whole.as_slice(), &next[..next.len() - 1], &[0; 3_000]].concat(),
        [zeroed.as_slice(), &[0; 2_000]].concat(),
        zeroed,
    ] {
        let here = tempfile::tempdir().expect("a directory");
        copy(dir.path(), here.path());
        for made in ["clean", "index"] {
            std::fs::remove_file(here.path().join(made)).ok();
        }
        std::fs::write(here.path().join(path.strip_prefix(dir.path()).expect("inside")), &torn).expect("written");
        let verdict = care::verify(here.path(), None);
        assert!(
            matches!(&verdict, Verdict::Sound { remarks, .. } if remarks.iter().any(|remark| remark.contains("interrupted"))),
            "{verdict}"
        );
        opens_whole(here.path(), &acked);
        assert_eq!(
            std::fs::metadata(here.path().join("journal").join(path.file_name().expect("a name")))
                .expect("there")
                .len(),
            whole.len() as u64
        );
    }
}

#[test]
fn room_that_nothing_was_written_to_is_cut_off_without_a_word() {
    let (dir, acked) = killed(30);
    let path = last_journal(dir.path());
    let found = std::fs::read(&path).expect("there");
    let end = *frames(&found).last().expect("frames");
    assert!(found.len() > end && found[end..].iter().all(|byte| *byte == 0), "there was room");
    let verdict = care::verify(dir.path(), None);
    assert!(
        matches!(&verdict, Verdict::Sound { remarks, .. } if !remarks.iter().any(|remark| remark.contains("interrupted"))),
        "{verdict}"
    );
    drop(opens_whole(dir.path(), &acked));
    assert_eq!(std::fs::metadata(&path).expect("there").len(), end as u64);
    // A few bytes of it, as another medium may leave them.
    std::fs::write(&path, [&found[..end], &[0; 7]].concat()).expect("written");
    drop(opens_whole(dir.path(), &acked));
    assert_eq!(std::fs::metadata(&path).expect("there").len(), end as u64);
}

#[test]
fn room_behind_it_hides_no_rot_in_the_last_frame() {
    let (dir, _) = fresh(3);
    for gone in ["clean", "index", "proof/checkpoint", "proof/head"] {
        std::fs::remove_file(dir.path().join(gone)).ok();
    }
    std::fs::remove_dir_all(dir.path().join("events")).expect("removed");
    let path = last_journal(dir.path());
    let whole = std::fs::read(&path).expect("there");
    let places = frames(&whole);
    let last = places[places.len() - 2];
    for bit in (last * 8..whole.len() * 8).filter(|bit| *bit < (last + 120) * 8 || bit.is_multiple_of(37)) {
        let mut bytes = [whole.as_slice(), &[0; 3_000]].concat();
        bytes[bit / 8] ^= 1 << (bit % 8);
        std::fs::write(&path, &bytes).expect("written");
        let verdict = care::verify(dir.path(), None);
        assert!(matches!(verdict, Verdict::Damaged { position: Some(_), .. }), "bit {bit}: {verdict}");
    }
}

#[test]
fn a_frame_whose_end_became_zeros_is_damage_where_the_noted_head_alone_knows_of_it() {
    let (dir, acked) = fresh(3);
    for gone in ["clean", "index", "proof/checkpoint"] {
        std::fs::remove_file(dir.path().join(gone)).ok();
    }
    std::fs::remove_dir_all(dir.path().join("events")).expect("removed");
    let path = last_journal(dir.path());
    let whole = std::fs::read(&path).expect("there");
    for zeroed in [1, 4, 40] {
        let bytes = [&whole[..whole.len() - zeroed], &[0; 3_000]].concat();
        std::fs::write(&path, &bytes).expect("written");
        let verdict = care::verify(dir.path(), None);
        assert!(matches!(verdict, Verdict::Damaged { position: Some(_), .. }), "{zeroed} bytes: {verdict}");
        opens_read_only(dir.path(), "journal");
    }
    std::fs::write(&path, &whole).expect("written");
    opens_whole(dir.path(), &acked);
}

#[test]
fn a_journal_file_that_is_done_ends_with_its_last_frame() {
    let dir = tempfile::tempdir().expect("a directory");
    let acked =
        fill(&Sled::open_with(dir.path(), Options { segment_bytes: 60_000, ..options() }).expect("it opens"), 0..150);
    let all = files(&dir.path().join("journal"));
    assert!(all.len() > 2, "{all:?}");
    for path in all {
        let bytes = std::fs::read(&path).expect("there");
        assert_eq!(frames(&bytes).last(), Some(&bytes.len()), "{}", path.display());
    }
    opens_whole(dir.path(), &acked);
}

#[test]
fn a_journal_that_lost_its_tail_opens_read_only() {
    let (dir, acked) = fresh(60);
    let path = last_journal(dir.path());
    let whole = std::fs::read(&path).expect("there");
    for cut in [whole.len() - 1, whole.len() - 300, 97, 96, 20, 0] {
        let here = tempfile::tempdir().expect("a directory");
        copy(dir.path(), here.path());
        std::fs::write(here.path().join("journal").join(path.file_name().expect("a name")), &whole[..cut])
            .expect("written");
        let verdict = care::verify(here.path(), None);
        assert_eq!(verdict.exit_code(), 1, "{verdict}");
        let position = opens_read_only(here.path(), "");
        assert!(position > 1 || cut < 100, "position {position}");
        assert_eq!(
            std::fs::read(here.path().join("journal").join(path.file_name().expect("a name"))).expect("there").len(),
            cut,
            "nothing was cut"
        );
    }
    opens_whole(dir.path(), &acked);
}

#[test]
fn a_lost_tail_is_noticed_by_sled_alone_by_the_signature_alone_and_by_the_noted_head_alone() {
    let (dir, _) = fresh(60);
    let (older, _) = fresh(0);
    let store = Sled::open_with(older.path(), options()).expect("it opens");
    drop(store);
    for witnesses in [
        ["clean", "index", "proof/checkpoint", "proof/head"].as_slice(),
        &["clean", "index", "events", "proof/head"],
        &["clean", "index", "events", "proof/checkpoint"],
    ] {
        let here = tempfile::tempdir().expect("a directory");
        copy(dir.path(), here.path());
        for gone in witnesses {
            let gone = here.path().join(gone);
            if gone.is_dir() {
                std::fs::remove_dir_all(gone).expect("removed");
            } else {
                std::fs::remove_file(gone).expect("removed");
            }
        }
        // The whole of the last file but its header: the journal then ends with a whole frame.
        let path = last_journal(here.path());
        let bytes = std::fs::read(&path).expect("there");
        std::fs::write(&path, &bytes[..96]).expect("written");
        assert_eq!(care::verify(here.path(), None).exit_code(), 1);
        opens_read_only(here.path(), "knows of");
    }
}

#[test]
fn a_journal_that_was_rolled_back_or_swapped_opens_read_only() {
    let (dir, acked) = fresh(40);
    let old = tempfile::tempdir().expect("a directory");
    copy(dir.path(), old.path());
    drop(fill(&opens_whole(dir.path(), &acked), 40..90));
    let (other, _) = fresh(90);
    for from in [old.path(), other.path()] {
        let here = tempfile::tempdir().expect("a directory");
        copy(dir.path(), here.path());
        std::fs::remove_dir_all(here.path().join("journal")).expect("removed");
        copy(&from.join("journal"), &here.path().join("journal"));
        let verdict = care::verify(here.path(), None);
        assert_eq!(verdict.exit_code(), 1, "{verdict}");
        refuses_writes(here.path(), "");
    }
    let here = tempfile::tempdir().expect("a directory");
    copy(dir.path(), here.path());
    std::fs::remove_dir_all(here.path().join("journal")).expect("removed");
    assert_eq!(opens_read_only(here.path(), ""), 1);
}

#[test]
fn a_missing_journal_file_is_named() {
    let (dir, _) = fresh(250);
    let names = files(&dir.path().join("journal"));
    assert!(names.len() >= 3, "{names:?}");
    std::fs::remove_file(&names[1]).expect("removed");
    let position = opens_read_only(dir.path(), "00000000000000000002.journal is missing");
    assert!(position > 1);
    let verdict = care::verify(dir.path(), None);
    assert!(matches!(verdict, Verdict::Damaged { position: Some(at), .. } if at == position), "{verdict}");
}

#[test]
fn a_journal_without_its_beginning_is_told_apart_from_one_without_files() {
    let (dir, _) = fresh(250);
    let names = files(&dir.path().join("journal"));
    let found = |why: &str| {
        let verdict = care::verify(dir.path(), None);
        let is_so = matches!(&verdict, Verdict::Damaged { position: Some(1), why: is } if is.contains(why));
        assert!(is_so, "{verdict}");
    };
    std::fs::write(&names[0], b"garbage").expect("written");
    found("the header of the first journal file is damaged");
    std::fs::remove_file(&names[0]).expect("removed");
    found("00000000000000000001.journal is missing");
    names[1..].iter().for_each(|name| std::fs::remove_file(name).expect("removed"));
    found("the journal has no files");
}

#[test]
fn the_saved_index_is_disposable_and_checked() {
    let (dir, acked) = fresh(120);
    let saved = std::fs::read(dir.path().join("index")).expect("there");
    // Gone, garbage, cut, and one of another time.
    for index in [None, Some(b"garbage".to_vec()), Some(saved[..saved.len() / 2].to_vec())] {
        match index {
            None => std::fs::remove_file(dir.path().join("index")).expect("removed"),
            Some(bytes) => std::fs::write(dir.path().join("index"), bytes).expect("written"),
        }
        drop(opens_whole(dir.path(), &acked));
    }
    let mut acked = acked;
    acked.extend(fill(&opens_whole(dir.path(), &acked), 120..140));
    std::fs::write(dir.path().join("index"), saved).expect("written");
    opens_whole(dir.path(), &acked);
}

// ---------------------------------------------------------------------------------------------- flipped bits

#[test]
fn every_bit_of_a_small_journal_counts() {
    let dir = tempfile::tempdir().expect("a directory");
    let store = Sled::open_with(dir.path(), Options { sled: false, ..options() }).expect("it opens");
    fill(&store, 100..103);
    drop(store);
    // No witness but the journal itself: also the last frame must tell rot from an interrupted write.
    for gone in ["clean", "index", "proof/checkpoint", "proof/head"] {
        std::fs::remove_file(dir.path().join(gone)).ok();
    }
    assert_eq!(care::verify(dir.path(), None).exit_code(), 0);
    let path = last_journal(dir.path());
    let whole = std::fs::read(&path).expect("there");
    // Every bit of the header, of the first frame's and record's and event's heads, and of the end; of the rest, many.
    let every_bit = |bit: &usize| *bit < 300 * 8 || *bit > (whole.len() - 20) * 8 || bit.is_multiple_of(23);
    for bit in (0..whole.len() * 8).filter(every_bit) {
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        std::fs::write(&path, &bytes).expect("written");
        let verdict = care::verify(dir.path(), None);
        assert!(matches!(verdict, Verdict::Damaged { position: Some(_), .. }), "bit {bit}: {verdict}");
    }
}

#[test]
fn a_flipped_bit_in_any_file_is_noticed_or_harmless() {
    let mut dice = Dice::new(times("STORE_SEED", 9));
    let (clean, acked_clean) = fresh(60);
    let (unclean, acked_unclean) = killed(60);
    let (mut noticed, mut harmless) = (0, 0);
    for (dir, acked) in [(clean.path(), acked_clean), (unclean.path(), acked_unclean)] {
        let all: Vec<PathBuf> =
            files(dir).into_iter().filter(|path| std::fs::metadata(path).expect("there").len() > 0).collect();
        for turn in 0..times("STORE_FLIPS", 90) {
            // Every file in turn; every other time near its beginning, where what matters most is.
            let path = &all[usize::try_from(turn).expect("small") % all.len()];
            let here = tempfile::tempdir().expect("a directory");
            copy(dir, here.path());
            let target = here.path().join(path.strip_prefix(dir).expect("inside"));
            let mut bytes = std::fs::read(&target).expect("there");
            let reach = if dice.roll(2) == 0 { bytes.len().min(600) } else { bytes.len() };
            let bit = usize::try_from(dice.roll(reach as u64 * 8)).expect("small");
            bytes[bit / 8] ^= 1 << (bit % 8);
            std::fs::write(&target, bytes).expect("written");
            let verdict = care::verify(here.path(), None);
            let place = format!("bit {bit} of {}: {verdict}", target.display());
            let store = match Sled::open_with(here.path(), options()) {
                Err(_) => {
                    assert_eq!(verdict.exit_code(), 1, "{place}");
                    noticed += 1;
                    continue;
                }
                Ok(store) => store,
            };
            match store.state() {
                State::ReadOnly { .. } => {
                    assert_eq!(verdict.exit_code(), 1, "{place}");
                    check(&store, &Acked::new());
                    noticed += 1;
                }
                // Whether `verify` has found it or not, nothing may be missing or different.
                State::Open | State::Closed { .. } => {
                    check(&store, &acked);
                    if verdict.exit_code() == 0 { harmless += 1 } else { noticed += 1 }
                }
            }
        }
    }
    assert!(noticed > 10 && harmless > 10, "{noticed} noticed, {harmless} harmless");
}

#[test]
fn a_rotten_record_in_the_journal_is_read_from_sled() {
    let (dir, acked) = fresh(120);
    let store = opens_whole(dir.path(), &acked);
    let commits = store.read_all(0, 1_000).expect("readable");
    let mut events = commits.iter().flat_map(|commit| &commit.events);
    let event = events.find(|event| event.payload.len() > 100).expect("one that can be found").clone();
    let (position, payload, before) = (event.position, event.payload.clone(), vec![event]);
    for path in files(&dir.path().join("journal")) {
        let mut bytes = std::fs::read(&path).expect("there");
        if let Some(at) = bytes.windows(payload.len()).position(|window| window == payload) {
            bytes[at] ^= 1;
            std::fs::write(&path, bytes).expect("written");
        }
    }
    assert_eq!(store.read_at(&[position]), Ok(before));
    check(&store, &acked);
    drop(store);
    assert_eq!(care::verify(dir.path(), None).exit_code(), 1);
}

// ---------------------------------------------------------------------------------------------- proof

#[test]
fn every_commit_can_be_shown_to_a_holder_of_the_checkpoint() {
    let (dir, acked) = fresh(300);
    let store = opens_whole(dir.path(), &acked);
    let early =
        Checkpoint { origin: String::new(), size: 270, root: store.root(270).expect("readable").expect("there") };
    let verifier = store.verifier().expect("it signs").clone();
    let checkpoint = Checkpoint::open(&store.checkpoint().expect("signed"), &verifier).expect("it is signed");
    assert_eq!(checkpoint.size, 300);
    let commits = store.read_all(0, 1_000).expect("readable");
    for index in [0, 1, 255, 256, 257, 299] {
        let path = store.inclusion(index, 300).expect("readable").expect("there");
        let leaf = leaf_hash(&commits[usize::try_from(index).expect("small")].hash);
        assert_eq!(verify_inclusion(&leaf, index, 300, &path, &checkpoint.root), Ok(()));
    }
    let path = store.consistency(early.size, 300).expect("readable").expect("there");
    assert_eq!(verify_consistency(early.size, &early.root, 300, &checkpoint.root, &path), Ok(()));
    assert_eq!(store.inclusion(300, 300), Ok(None));
    assert_eq!(store.inclusion(0, 301), Ok(None));
}

#[test]
fn a_lost_signing_key_is_replaced_and_the_old_signature_still_counts() {
    let (dir, mut acked) = fresh(20);
    std::fs::remove_file(dir.path().join("keys/signing.key")).expect("removed");
    let store = opens_whole(dir.path(), &acked);
    acked.extend(fill(&store, 20..30));
    drop(store);
    assert_eq!(care::verify(dir.path(), None).exit_code(), 0);
    assert_eq!(std::fs::read_to_string(dir.path().join("proof/verifier")).expect("there").lines().count(), 2);
    opens_whole(dir.path(), &acked);
}

// ---------------------------------------------------------------------------------------------- care

#[test]
fn a_store_can_be_verified_while_it_is_in_use() {
    let (dir, acked) = fresh(50);
    let store = opens_whole(dir.path(), &acked);
    fill(&store, 50..60);
    let verdict = care::verify(dir.path(), None);
    assert!(matches!(verdict, Verdict::Sound { commits: 60, .. }), "{verdict}");
    assert_eq!(care::verify(&dir.path().join("nowhere"), None).exit_code(), 2);
}

#[test]
fn verify_leaves_a_store_at_rest_as_it_was() {
    let (dir, acked) = fresh(90);
    let state =
        || files(dir.path()).into_iter().map(|path| (std::fs::read(&path).expect("there"), path)).collect::<Vec<_>>();
    let before = state();
    let verdict = care::verify(dir.path(), None);
    assert!(matches!(&verdict, Verdict::Sound { remarks, .. } if remarks.is_empty()), "{verdict}");
    assert!(before == state());
    drop(opens_whole(dir.path(), &acked));
    assert!(!dir.path().join("events.damaged").exists());
}

#[test]
fn verify_says_which_witness_and_which_key_is_gone() {
    for (gone, said) in [
        ("proof/checkpoint", "proof/checkpoint is missing"),
        ("proof/head", "proof/head is missing"),
        ("keys/signing.key", "keys/signing.key is missing"),
    ] {
        let (dir, _) = fresh(90);
        std::fs::remove_file(dir.path().join(gone)).expect("removed");
        let verdict = care::verify(dir.path(), None);
        let Verdict::Sound { remarks, .. } = &verdict else { panic!("{gone}: {verdict}") };
        assert!(remarks.iter().any(|remark| remark.contains(said)), "{gone}: {remarks:?}");
    }
}

#[test]
fn nothing_is_put_back_among_other_files() {
    let (dir, _) = fresh(9);
    let space = tempfile::tempdir().expect("a directory");
    let (backup, taken) = (space.path().join("backup"), space.path().join("taken"));
    copied(dir.path(), &backup).expect("copied");
    std::fs::create_dir(&taken).expect("a directory");
    std::fs::write(taken.join("report.csv"), "a,b").expect("written");
    assert!(matches!(care::restore(&backup, &taken, &mut |_, _| {}), Err(CareError::Occupied(_))));
    assert_eq!(files(&taken), [taken.join("report.csv")]);
    // What is copied apart may be there first.
    std::fs::remove_file(taken.join("report.csv")).expect("removed");
    std::fs::create_dir(taken.join("keys")).expect("a directory");
    care::restore(&backup, &taken, &mut |_, _| {}).expect("restored");
}

#[test]
fn rebuild_makes_sled_anew_and_loses_nothing() {
    let (dir, acked) = fresh(90);
    let head = care::rebuild(dir.path(), options(), &mut |_, _| {}).expect("rebuilt");
    assert_eq!(opens_whole(dir.path(), &acked).head(), head);
    let store = opens_whole(dir.path(), &acked);
    assert!(matches!(
        care::rebuild(dir.path(), options(), &mut |_, _| {}),
        Err(CareError::Open(OpenError::Locked { .. }))
    ));
    drop(store);
}

#[test]
fn a_backup_of_a_running_store_restores_to_the_same_store_without_its_keys() {
    let (dir, mut acked) = fresh(90);
    let store = opens_whole(dir.path(), &acked);
    acked.extend(fill(&store, 90..130));
    let (space, id) = (tempfile::tempdir().expect("a directory"), store.id());
    let (backup, restored) = (space.path().join("backup"), space.path().join("restored"));
    assert_eq!(copied(dir.path(), &backup).expect("copied").exit_code(), 0);
    assert!(matches!(copied(dir.path(), &backup), Err(CareError::Occupied(_))));
    let (before, later) = (acked.clone(), fill(&store, 130..150));
    acked.extend(later);
    drop(store);
    assert!(files(&backup).iter().all(|path| !path.to_string_lossy().contains("keys")));
    care::restore(&backup, &restored, &mut |_, _| {}).expect("restored");
    let again = opens_whole(&restored, &before);
    assert_eq!((again.id(), again.head()), (id, before.values().map(|(_, last)| *last).max().expect("some")));
    // Of a store at rest, the same.
    let second = space.path().join("second");
    copied(dir.path(), &second).expect("copied");
    opens_whole(&second, &acked);
    assert!(matches!(copied(space.path(), &space.path().join("third")), Err(CareError::NoStore(_))));
}

/// Loses the whole frames of the last journal file, and every witness but those that are to stay.
fn lose_tail(dir: &Path, witness: &str) {
    for gone in ["clean", "index", "proof/checkpoint", "proof/head", "events"] {
        let path = dir.join(gone);
        match gone {
            _ if gone == witness => {}
            "events" => std::fs::remove_dir_all(path).expect("removed"),
            _ => std::fs::remove_file(path).expect("removed"),
        }
    }
    let path = last_journal(dir);
    let bytes = std::fs::read(&path).expect("there");
    std::fs::write(&path, &bytes[..96]).expect("written");
}

#[test]
fn neither_rebuild_nor_backup_passes_over_a_lost_tail_that_only_sled_knows_of() {
    let (dir, _) = fresh(60);
    lose_tail(dir.path(), "events");
    let to = tempfile::tempdir().expect("a directory");
    for refused in [
        care::rebuild(dir.path(), options(), &mut |_, _| {}).map(drop),
        copied(dir.path(), &to.path().join("copy")).map(drop),
    ] {
        assert!(
            matches!(&refused, Err(CareError::Unsound(verdict)) if verdict.to_string().contains("sled knows of 60")),
            "{refused:?}"
        );
    }
    assert!(dir.path().join("events/db").exists(), "the only witness is still there");
    assert!(!to.path().join("copy").exists());
    opens_read_only(dir.path(), "sled knows of 60");
}

#[test]
fn rebuild_keeps_the_sled_that_it_replaces() {
    let (dir, _) = fresh(20);
    let before = std::fs::read(dir.path().join("events/db")).expect("there");
    care::rebuild(dir.path(), options(), &mut |_, _| {}).expect("rebuilt");
    assert!(std::fs::read(dir.path().join("events.damaged/db")).expect("kept").starts_with(&before[..64]));
}

/// Where the frames of a journal file begin, and where the last one ends.
fn frames(bytes: &[u8]) -> Vec<usize> {
    let mut places = vec![96];
    while let Some([0xF7, b'G', b'R', b'P', size @ ..]) = places.last().and_then(|at| bytes.get(*at..at + 8)) {
        let size = u32::from_le_bytes(size.try_into().expect("four bytes"));
        places.push(places[places.len() - 1] + 44 + usize::try_from(size).expect("small"));
    }
    places
}

#[test]
fn whole_frames_that_are_missing_after_a_kill_are_noticed_by_the_noted_head() {
    let (dir, acked) = killed(30);
    let path = last_journal(dir.path());
    let mut whole = std::fs::read(&path).expect("there");
    whole.truncate(*frames(&whole).last().expect("frames"));
    // The process may have died before it answered for the last one: that one may go missing.
    let acknowledged = acked.values().map(|(_, last)| *last).max().expect("some");
    let last_of = |at: usize| {
        let bytes = whole.get(at + 24..at + 32)?.try_into().ok()?;
        Some(u64::from_le_bytes(bytes))
    };
    let places: Vec<usize> =
        frames(&whole).into_iter().filter(|at| last_of(*at).is_some_and(|last| last <= acknowledged)).collect();
    for lost in 1..=3 {
        let here = tempfile::tempdir().expect("a directory");
        copy(dir.path(), here.path());
        // sled had nothing flushed when the process died, and nothing was signed.
        std::fs::remove_dir_all(here.path().join("events")).expect("removed");
        for gone in ["index", "proof/checkpoint"] {
            std::fs::remove_file(here.path().join(gone)).ok();
        }
        let end = places[places.len() - lost];
        let target = here.path().join("journal").join(path.file_name().expect("a name"));
        std::fs::write(&target, &whole[..end]).expect("written");
        let verdict = care::verify(here.path(), None);
        assert!(verdict.to_string().contains("proof/head knows of"), "{verdict}");
        let position = opens_read_only(here.path(), "proof/head knows of");
        let head = Sled::open_with(here.path(), options()).expect("it opens").head();
        assert_eq!(position, head + 1);
        assert_eq!(std::fs::metadata(&target).expect("there").len(), end as u64, "nothing was cut");
    }
    opens_whole(dir.path(), &acked);
}

#[test]
fn a_noted_head_that_is_older_or_gone_or_torn_is_no_harm() {
    let (dir, mut acked) = fresh(20);
    let head = dir.path().join("proof/head");
    let old = std::fs::read(&head).expect("noted");
    acked.extend(fill(&opens_whole(dir.path(), &acked), 20..40));
    let now = std::fs::read(&head).expect("noted");
    let mut torn = now.clone();
    torn[30..60].fill(0);
    for noted in [Some(old), Some(torn), Some(now[..300].to_vec()), None] {
        match noted {
            Some(bytes) => std::fs::write(&head, bytes).expect("written"),
            None => std::fs::remove_file(&head).expect("removed"),
        }
        assert_eq!(care::verify(dir.path(), None).exit_code(), 0);
        drop(opens_whole(dir.path(), &acked));
        assert!(head.exists());
    }
}

#[test]
fn a_log_is_signed_after_the_next_commit_once_the_signature_is_old() {
    let dir = tempfile::tempdir().expect("a directory");
    let store =
        Sled::open_with(dir.path(), Options { sign_after: std::time::Duration::ZERO, ..options() }).expect("it opens");
    fill(&store, 0..3);
    let note = std::fs::read_to_string(dir.path().join("proof/checkpoint")).expect("signed");
    let checkpoint = Checkpoint::open(&note, store.verifier().expect("it signs")).expect("it is signed");
    assert_eq!(checkpoint.size, 3);
}

#[test]
fn a_stop_saves_the_index_only_where_there_is_something_new() {
    let (dir, acked) = fresh(60);
    let index = dir.path().join("index");
    let written = || std::fs::metadata(&index).expect("saved").modified().expect("a moment");
    let before = written();
    drop(opens_whole(dir.path(), &acked));
    assert_eq!(written(), before);
    std::fs::write(&index, b"garbage").expect("written");
    drop(opens_whole(dir.path(), &acked));
    assert_ne!(std::fs::read(&index).expect("saved"), b"garbage");
}

#[test]
fn a_stop_that_has_no_time_leaves_the_checking_to_the_next_start() {
    let dir = tempfile::tempdir().expect("a directory");
    let hasty = Options { stop_within: std::time::Duration::ZERO, ..options() };
    let acked = fill(&Sled::open_with(dir.path(), hasty).expect("it opens"), 0..60);
    assert!(!dir.path().join("clean").exists());
    drop(opens_whole(dir.path(), &acked));
    assert!(dir.path().join("clean").exists() && !dir.path().join("events.damaged").exists());
}

#[test]
fn a_journal_that_went_on_otherwise_contradicts_what_remembers_the_first() {
    let (dir, acked) = fresh(20);
    let other = tempfile::tempdir().expect("a directory");
    copy(dir.path(), other.path());
    drop(fill(&opens_whole(dir.path(), &acked), 20..30));
    drop(fill(&opens_whole(other.path(), &acked), 50..60));
    for witness in ["clean", "index", "proof/head"] {
        let here = tempfile::tempdir().expect("a directory");
        copy(dir.path(), here.path());
        for gone in ["clean", "index", "proof/checkpoint", "proof/head"].iter().filter(|name| **name != witness) {
            std::fs::remove_file(here.path().join(gone)).expect("removed");
        }
        for gone in ["events", "journal"] {
            std::fs::remove_dir_all(here.path().join(gone)).expect("removed");
        }
        copy(&other.path().join("journal"), &here.path().join("journal"));
        assert_eq!(care::verify(here.path(), None).exit_code(), 1, "{witness}");
        opens_read_only(here.path(), "is not the one that");
    }
}

#[test]
fn a_longer_sled_of_another_store_is_moved_aside() {
    let (dir, acked) = fresh(40);
    let other = tempfile::tempdir().expect("a directory");
    fill(&Sled::open_with(other.path(), options()).expect("it opens"), 1_000..1_080);
    std::fs::remove_dir_all(dir.path().join("events")).expect("removed");
    copy(&other.path().join("events"), &dir.path().join("events"));
    std::fs::remove_file(dir.path().join("clean")).expect("removed");
    let verdict = care::verify(dir.path(), None);
    assert!(
        matches!(&verdict, Verdict::Sound { remarks, .. } if remarks.iter().any(|remark| remark.contains("another store"))),
        "{verdict}"
    );
    opens_whole(dir.path(), &acked);
    assert!(dir.path().join("events.damaged").exists());
}

#[test]
fn rot_that_the_saved_index_passes_over_is_found_when_sled_is_to_be_made_anew() {
    let (dir, _) = fresh(120);
    let aside = dir.path().join("events.damaged");
    std::fs::create_dir(&aside).expect("made");
    std::fs::write(aside.join("db"), b"what an earlier start has kept").expect("written");
    std::fs::remove_dir_all(dir.path().join("events")).expect("removed");
    let path = &files(&dir.path().join("journal"))[0];
    let mut bytes = std::fs::read(path).expect("there");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(path, bytes).expect("written");
    let position = opens_read_only(dir.path(), "damaged");
    let store = Sled::open_with(dir.path(), options()).expect("it opens");
    assert_eq!(store.head() + 1, position, "what is sound is served");
    check(&store, &Acked::new());
    assert!(aside.join("db").exists(), "it may be what the journal is repaired from");
}

#[test]
fn a_backup_of_a_store_that_is_being_opened_is_put_off() {
    let (dir, _) = fresh(3);
    let lock = std::fs::File::create(dir.path().join("lock")).expect("made");
    lock.lock().expect("locked");
    let to = tempfile::tempdir().expect("a directory");
    assert!(matches!(copied(dir.path(), &to.path().join("copy")), Err(CareError::Opening(_))));
}

#[test]
fn what_was_synced_and_not_acknowledged_before_a_backup_began_is_not_in_it() {
    let (dir, acked) = fresh(20);
    let store = opens_whole(dir.path(), &acked);
    let noted = std::fs::read(dir.path().join("proof/head")).expect("noted");
    fill(&store, 20..25);
    // As if the five were on their way when the copying began.
    std::fs::write(dir.path().join("proof/head"), noted).expect("written");
    let to = tempfile::tempdir().expect("a directory");
    let (half, copy) = (to.path().join("copy.part"), to.path().join("copy"));
    // What a copy that was killed has left is made anew.
    std::fs::create_dir_all(half.join("journal")).expect("made");
    std::fs::write(half.join("journal/00000000000000000001.journal"), b"half").expect("written");
    assert!(matches!(copied(dir.path(), &copy), Ok(Verdict::Sound { commits: 20, .. })));
    assert!(!half.exists());
    opens_whole(&copy, &acked);
}

#[test]
fn care_makes_nothing_in_a_directory_that_was_mistyped() {
    let space = tempfile::tempdir().expect("a directory");
    let (typo, to) = (space.path().join("typo"), space.path().join("to"));
    assert_eq!(care::verify(&typo, None).exit_code(), 2);
    assert!(copied(&typo, &to).is_err());
    assert!(care::restore(&typo, &to, &mut |_, _| {}).is_err());
    assert!(care::rebuild(&typo, options(), &mut |_, _| {}).is_err());
    assert!(Keyring::copy(&typo, &to).is_err());
    assert_eq!(files(space.path()), Vec::<PathBuf>::new());
    assert!(!typo.exists() && !to.exists());
}

#[test]
fn verify_and_restore_leave_a_backup_as_it_was() {
    let (dir, _) = fresh(30);
    let space = tempfile::tempdir().expect("a directory");
    let copy = space.path().join("copy");
    copied(dir.path(), &copy).expect("copied");
    let before = files(&copy);
    assert_eq!(care::verify(&copy, None).exit_code(), 0);
    care::restore(&copy, &space.path().join("restored"), &mut |_, _| {}).expect("restored");
    assert_eq!(files(&copy), before);
}

#[test]
fn a_backup_or_rebuild_of_a_damaged_store_is_refused() {
    let (dir, _) = fresh(90);
    let path = &files(&dir.path().join("journal"))[0];
    let mut bytes = std::fs::read(path).expect("there");
    bytes[5_000] ^= 1;
    std::fs::write(path, bytes).expect("written");
    let to = tempfile::tempdir().expect("a directory");
    assert!(matches!(copied(dir.path(), to.path()), Err(CareError::Unsound(_))));
    assert!(files(to.path()).is_empty(), "nothing of it is left");
    // Nor is anything thrown away from which it might be repaired.
    assert!(matches!(care::rebuild(dir.path(), options(), &mut |_, _| {}), Err(CareError::Unsound(_))));
    assert!(dir.path().join("events/db").exists());
}

// ---------------------------------------------------------------------------------------------- formats

/// `STORE_FIXTURE=v2 cargo nextest run -E 'test(a_store_of_every_format)'` makes the fixture of a new format.
#[test]
fn a_store_of_every_format_that_was_ever_released_opens() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/store/fixtures");
    let numbers = 200..212_u64;
    if let Ok(name) = std::env::var("STORE_FIXTURE") {
        let dir = tempfile::tempdir().expect("a directory");
        fill(&Sled::open_with(dir.path(), options()).expect("it opens"), numbers.clone());
        for part in ["journal", "proof"] {
            copy(&dir.path().join(part), &fixtures.join(&name).join(part));
        }
    }
    let mut opened = 0;
    for entry in std::fs::read_dir(fixtures).expect("fixtures") {
        let dir = tempfile::tempdir().expect("a directory");
        copy(&entry.expect("an entry").path(), dir.path());
        assert_eq!(care::verify(dir.path(), None).exit_code(), 0);
        let store = opens_whole(dir.path(), &Acked::new());
        assert_eq!(store.read_all(0, 100).expect("readable").len(), 12);
        // The same commands again are known, and new ones can be added.
        assert!(
            numbers
                .clone()
                .all(|number| store.append(vec![append(number)])[0].as_ref().is_ok_and(|answer| answer.duplicate))
        );
        fill(&store, 300..303);
        opened += 1;
    }
    assert!(opened > 0);
}
