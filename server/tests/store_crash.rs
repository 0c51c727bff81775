//! Kills and power cuts: nothing acknowledged is lost, torn or doubled.
//!
//! `STORE_KILLS` and `STORE_CUTS` set how many of each; `STORE_SEED` makes other accidents.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops at what it did not expect"
)]

#[path = "store/crash.rs"]
mod crash;
#[path = "store/powercut.rs"]
mod powercut;

use std::collections::{BTreeMap, HashMap};
use std::io::BufRead as _;
use std::process::Child;
use std::sync::mpsc::{Receiver, sync_channel};

use crash::{Dice, acks, check, listen, options, start, times};
use powercut::PowerCut;
use server::store::care::{self, Verdict};
use server::store::keyring::Keyring;
use server::store::{Durable as Sled, State, Store as _};

/// Not a test: the others start this program again with this name.
#[test]
fn the_process_that_dies() {
    crash::child();
}

/// What the process says, as it says it; and the process, to be killed. Whoever does not listen for a while holds it up, so
/// that a writer who is quicker than its reader writes no more than that one can read.
fn follow(mut child: Child) -> (Child, Receiver<String>) {
    let (out, (tell, said)) = (child.stdout.take().expect("piped"), sync_channel(16));
    std::thread::spawn(move || {
        let mut lines = std::io::BufReader::new(out).lines().map_while(Result::ok);
        while lines.next().is_some_and(|line| tell.send(line).is_ok()) {}
    });
    (child, said)
}

fn seed() -> u64 {
    times("STORE_SEED", 1)
}

#[test]
fn nothing_acknowledged_is_lost_torn_or_doubled_by_kills() {
    let mut dice = Dice::new(seed());
    let mut dir = tempfile::tempdir().expect("a directory");
    let (mut acked, mut next) = (BTreeMap::new(), 0);
    for cycle in 0..times("STORE_KILLS", 300) {
        if cycle % 30 == 0 {
            dir = tempfile::tempdir().expect("a directory");
            acked.clear();
        }
        let said = listen(start("writer", dir.path(), next, 100_000, &[]), 1 + dice.roll(40));
        acked.extend(acks(&said));
        assert!(acked.keys().next_back().is_some_and(|last| *last >= next), "it got to write something: {said:?}");
        // The first numbers may be of a write that nobody heard of: whoever asked asks again, with the same command.
        next = acked.keys().next_back().map_or(0, |last| last + 1);
        // Every other time the next process is the one that recovers.
        if dice.roll(2) == 0 {
            let store = Sled::open_with(dir.path(), options()).expect("it opens");
            assert_eq!(store.state(), State::Open, "cycle {cycle}");
            check(&store, &acked);
        }
    }
}

#[test]
fn nothing_acknowledged_is_lost_torn_or_doubled_by_power_cuts() {
    let mut dice = Dice::new(seed() + 100);
    let mut cut = PowerCut::new();
    let groups = 40;
    listen(cut.start("writer", 0, groups, 0, 0, &[]), u64::MAX);
    let (mut acked, mut next) = (BTreeMap::new(), 0);
    let events = cut.count();
    for cycle in 0..times("STORE_CUTS", 20) {
        // A few cuts one after another, then a fresh store: making one must survive a cut as well.
        if cycle % 5 == 0 {
            cut.clear();
            acked.clear();
        }
        let at = if cycle % 5 == 0 { 1 + dice.roll(60) } else { 1 + dice.roll(events) };
        let said = listen(cut.start("writer", next, groups, at, seed() * 1_000 + cycle, &[]), u64::MAX);
        acked.extend(acks(&said));
        next += 1_000;
        cut.power_goes(cycle % 2 == 0, &mut dice);
        let store = Sled::open_with(&cut.root, options()).expect("it opens");
        assert_eq!(store.state(), State::Open, "cycle {cycle}, cut at {at}; it had said {:?}", said.last());
        check(&store, &acked);
        let blobs = cut.root.join("events/blobs");
        assert!(
            !blobs.exists() || blobs.read_dir().expect("a directory").next().is_none(),
            "sled has made a file that it never syncs"
        );
    }
}

#[test]
fn plain_sled_loses_acknowledged_commits_under_the_same_power_cuts() {
    let mut dice = Dice::new(seed() + 200);
    let mut cut = PowerCut::new();
    let mut lost = Vec::new();
    for cycle in 0..6 {
        cut.clear();
        // The names and the first content are durable: what is lost is what `flush` promised to keep.
        drop(sled::open(cut.root.join("plain")).expect("sled opens"));
        let said = listen(cut.start("plain", 0, 10_000, 0, cycle, &[]), 30 + cycle);
        let acked: Vec<u64> = acks(&said).map(|(number, _)| number).collect();
        cut.power_goes(cycle % 2 == 0, &mut dice);
        let path = cut.root.join("plain");
        let kept = std::panic::catch_unwind(|| {
            let db = sled::open(path).ok()?;
            Some(acked.iter().filter(|number| matches!(db.get(number.to_be_bytes()), Ok(Some(_)))).count())
        });
        let kept = kept.ok().flatten().unwrap_or(0);
        lost.push((acked.len() - kept, acked.len()));
    }
    println!("plain sled lost (acknowledged commits lost, acknowledged): {lost:?}");
    assert!(
        lost.iter().any(|(lost, _)| *lost > 0),
        "the power cut is no power cut: sled's flush, which does not sync, lost nothing"
    );
}

#[test]
fn a_key_is_there_or_destroyed_after_a_power_cut_and_never_in_between() {
    let mut dice = Dice::new(seed() + 300);
    let mut cut = PowerCut::new();
    // A log that the keys could be of: it is what `verify` looks at.
    let log = tempfile::tempdir().expect("a directory");
    drop(Sled::open_with(log.path(), options()).expect("it opens"));
    std::fs::remove_file(log.path().join("keys/signing.key")).expect("removed");
    let rounds = 3;
    listen(cut.start("keyring", 0, rounds, 0, 0, &[]), u64::MAX);
    let events = cut.count();
    let mut forgotten_ones = 0;
    for cycle in 0..times("STORE_CUTS", 20) * 3 {
        cut.clear();
        let at = 1 + (cycle * 7 + dice.roll(7)) % events;
        let said = listen(cut.start("keyring", 0, rounds, at, cycle, &[]), u64::MAX);
        // What was removed was overwritten first, and durably.
        for bytes in cut.nameless() {
            assert!(bytes.iter().all(|byte| *byte == 0), "cut {at} left a removed file that can be read");
        }
        cut.power_goes(cycle % 2 == 0, &mut dice);
        let (mut keys, mut fate) = (HashMap::new(), HashMap::new());
        for line in &said {
            let words: Vec<&str> = line.split(' ').collect();
            match words[..] {
                ["slot", slot, key] => drop(keys.insert(slot, key)),
                [sign @ ("forgetting" | "forgot"), one, other] => fate.extend([(one, sign), (other, sign)]),
                _ => {}
            }
        }
        let verdict = care::verify(log.path(), Some(&cut.root));
        let is_whole = |remark: &String| !remark.contains("keyring");
        assert!(
            matches!(&verdict, Verdict::Sound { remarks, .. } if remarks.iter().all(is_whole)),
            "cut {at}: {verdict}"
        );
        let ring = Keyring::at(&cut.root).expect("it opens");
        for (slot, key) in keys {
            let number: u64 = slot.parse().expect("a number");
            let found = ring
                .key(number)
                .expect("readable")
                .map(|key| key.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
            match (fate.get(slot).copied(), found) {
                (None | Some("forgetting"), Some(found)) => assert_eq!(found, key),
                (Some("forgetting"), None) => {}
                (Some("forgot"), None) => forgotten_ones += 1,
                (fate, found) => panic!("slot {slot} at cut {at}: {fate:?}, {found:?}"),
            }
        }
        let fresh = ring.reserve().expect("a slot");
        ring.forget(&[fresh]).expect("it can still forget");
        drop(ring);
        assert_eq!(care::verify(log.path(), Some(&cut.root)).exit_code(), 0, "after cut {at}");
    }
    assert!(forgotten_ones > 0);
}

#[test]
fn no_acknowledgement_precedes_the_sync_of_what_it_acknowledges() {
    let cut = PowerCut::new();
    let trace = cut.shadow.join("trace");
    let said = listen(cut.start("writer", 0, 60, 0, 0, &[("POWERCUT_TRACE", trace.display().to_string())]), u64::MAX);
    assert!(acks(&said).count() > 60);
    // File by file of the journal: how far it is written, and how far that was synced.
    let (mut unsynced, mut synced_bytes, mut acknowledged) = (HashMap::new(), 0_u64, 0);
    for line in std::fs::read_to_string(trace).expect("a trace").lines() {
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            ["write", path, _, size] if path.contains("/journal/") => {
                *unsynced.entry(path.to_owned()).or_insert(0_u64) += size.parse::<u64>().expect("a size");
            }
            ["sync", path] if path.contains("/journal/") => synced_bytes += unsynced.remove(path).unwrap_or(0),
            ["rename", from, to] => {
                if let Some(bytes) = unsynced.remove(from) {
                    unsynced.insert(to.to_owned(), bytes);
                }
            }
            ["out", "ack", ..] => {
                assert!(unsynced.is_empty(), "acknowledged with {unsynced:?} bytes not synced");
                acknowledged += 1;
            }
            _ => {}
        }
    }
    // Were the trace blind to the journal, the test would see nothing amiss.
    assert!(acknowledged > 0 && synced_bytes > 60 * 200, "{acknowledged} acknowledgements, {synced_bytes} bytes");
}

#[test]
fn a_group_is_made_durable_by_one_sync() {
    let cut = PowerCut::new();
    let trace = cut.shadow.join("trace");
    let said = listen(cut.start("writer", 0, 60, 0, 0, &[("POWERCUT_TRACE", trace.display().to_string())]), u64::MAX);
    assert!(acks(&said).count() > 120, "groups of several commands");
    let text = std::fs::read_to_string(trace).expect("a trace");
    // What comes after the last answer is the stop, which gives back what the journal did not need.
    let (text, _) = text.rsplit_once("out ack").expect("it answered");
    let of = |word: &str| text.lines().filter(|line| line.starts_with(word) && line.contains(".journal")).count();
    let headers = text.lines().filter(|line| line.starts_with("rename") && line.contains(".journal")).count();
    assert!(headers > 0);
    // A file's header is written and synced before it has its name.
    let named = text.lines().filter(|line| line.starts_with("sync") && line.ends_with(".journal")).count();
    assert_eq!(named, 60, "{} writes, {} syncs, {headers} files", of("write"), of("sync"));
}

#[test]
fn what_a_killed_process_may_not_have_synced_is_synced_before_it_is_answered_from() {
    let cut = PowerCut::new();
    let said = listen(cut.start("writer", 0, 100_000, 0, 0, &[]), 9);
    assert!(acks(&said).count() > 0);
    let trace = cut.shadow.join("trace");
    listen(cut.start("writer", 5_000, 0, 0, 0, &[("POWERCUT_TRACE", trace.display().to_string())]), u64::MAX);
    let text = std::fs::read_to_string(trace).expect("a trace");
    let (before, _) = text.split_once("out state Open").expect("it said so");
    let lines: Vec<&str> = before.lines().collect();
    let journal = |word: &str| lines.iter().rposition(|line| line.starts_with(word) && line.contains(".journal"));
    let (written, synced) = (journal("write").expect("written again"), journal("sync").expect("synced"));
    assert!(written < synced, "{before}");
}

#[test]
fn a_sled_that_hangs_keeps_nobody_waiting_who_appends_or_reads_or_stops() {
    let cut = PowerCut::new();
    // More than sled keeps in memory, so that it hangs in the middle and not only at the end.
    let hang = ("POWERCUT_HANG", "/events/".to_owned());
    let said = listen(cut.start("reader", 0, 500, 0, 0, &[hang]), u64::MAX);
    let acked: BTreeMap<_, _> = acks(&said).collect();
    assert!(acked.len() > 1_000 && !said.iter().any(|line| line.starts_with("refused")), "{:?}", said.last());
    let written = acked.len();
    assert!(said.contains(&format!("read {written}")), "{:?}", said.last());
    assert_eq!(said.iter().filter(|line| *line == "closed").count(), 1);
    assert!(!cut.root.join("clean").exists(), "sled did not hang: the test shows nothing");
    let store = Sled::open_with(&cut.root, options()).expect("it opens");
    check(&store, &acked);
    assert!(store.catch_up(), "sled was filled up or made anew");
}

#[test]
fn a_full_disk_closes_the_store_and_loses_nothing() {
    for space in [30_000, 90_000, 200_001] {
        let cut = PowerCut::new();
        let said = listen(cut.start("writer", 0, 200, 0, 0, &[("POWERCUT_SPACE", space.to_string())]), u64::MAX);
        let acked: BTreeMap<_, _> = acks(&said).collect();
        let refused: Vec<_> = said.iter().filter(|line| line.starts_with("refused")).collect();
        assert!(!acked.is_empty() && refused[0].contains("Indeterminate"), "{refused:?}");
        assert!(
            refused.iter().skip_while(|line| line.contains("Indeterminate")).all(|line| line.contains("Closed")),
            "{refused:?}"
        );
        assert!(refused.last().is_some_and(|line| line.contains("Closed")));
        let head = acked.values().map(|(_, last)| *last).max().expect("some");
        // Started while the disk is still full it answers reads, and does not crash.
        let none = ("POWERCUT_SPACE", "0".to_owned());
        let said = listen(cut.start("writer", 5_000, 2, 0, 0, &[none]), u64::MAX);
        assert!(said.iter().any(|line| line.contains("state Closed")), "{said:?}");
        assert!(said.iter().any(|line| *line == format!("head {head}")), "{said:?}");
        let store = Sled::open_with(&cut.root, options()).expect("it opens once there is space");
        assert_eq!(store.state(), State::Open);
        check(&store, &acked);
    }
}

#[test]
fn a_full_disk_leaves_a_keyring_that_goes_on_where_it_was() {
    for space in [600, 9_000, 12_345] {
        let cut = PowerCut::new();
        let said = listen(cut.start("keys", 0, 2_000, 0, 0, &[("POWERCUT_SPACE", space.to_string())]), u64::MAX);
        let given: Vec<u64> = acks(&said).map(|(slot, _)| slot).collect();
        assert!(said.iter().any(|line| line.starts_with("refused")) || given.is_empty(), "{said:?}");
        for _ in 0..2 {
            let ring = Keyring::at(&cut.root).expect("it opens once there is space");
            assert!(given.iter().all(|slot| ring.holds(*slot)));
            let later = ring.create(300).expect("slots");
            assert!(later.iter().all(|slot| !given.contains(slot) && ring.holds(*slot)));
        }
    }
}

#[test]
fn backups_of_a_store_that_is_written_to_hold_what_was_acknowledged_before_they_began() {
    let dir = tempfile::tempdir().expect("a directory");
    let (mut child, said) = follow(start("writer", dir.path(), 0, 1_000_000, &[]));
    let mut lines = Vec::new();
    let mut hear = |more: usize| {
        lines.extend(said.iter().take(more).chain(said.try_iter().take(1_000)));
        acks(&lines).collect::<BTreeMap<_, _>>()
    };
    hear(200);
    let space = tempfile::tempdir().expect("a directory");
    for round in 0..6 {
        let (copy, restored) =
            (space.path().join(format!("copy-{round}")), space.path().join(format!("store-{round}")));
        // A frame that is being written is no damage.
        for _ in 0..5 {
            hear(1);
            let verdict = care::verify(dir.path(), None);
            assert_eq!(verdict.exit_code(), 0, "{verdict}");
        }
        let before = hear(100);
        care::backup(dir.path(), &copy, &mut |_, _| {}).expect("copied");
        care::restore(&copy, &restored, &mut |_, _| {}).expect("restored");
        let store = Sled::open_with(&restored, options()).expect("it opens");
        assert_eq!(store.state(), State::Open);
        check(&store, &before);
    }
    assert!(std::fs::read_dir(dir.path().join("journal")).expect("there").count() > 1, "files were begun meanwhile");
    child.kill().expect("it can be killed");
    child.wait().expect("it ended");
}

#[test]
fn a_backup_that_is_killed_leaves_nothing_that_looks_like_one() {
    let cut = PowerCut::new();
    let data = cut.root.join("data");
    let (acked, copy) = {
        let said = listen(start("writer", &data, 0, 60, &[]), u64::MAX);
        (acks(&said).collect::<BTreeMap<_, _>>(), cut.root.join("copy"))
    };
    listen(cut.start("backup", 0, 0, 0, 0, &[]), u64::MAX);
    let events = cut.count();
    std::fs::remove_dir_all(&copy).expect("it was made");
    for at in 1..=events {
        let said = listen(cut.start("backup", 0, 0, at, at, &[]), u64::MAX);
        if copy.exists() {
            assert!(at >= events - 1, "{at} of {events}: {said:?}");
            std::fs::remove_dir_all(&copy).expect("removed");
        }
    }
    // The next one is not kept from its work by what the others have left.
    let said = listen(start("backup", &cut.root, 0, 0, &[]), u64::MAX);
    assert!(said.iter().any(|line| line == "copied true"), "{said:?}");
    check(&Sled::open_with(&copy, options()).expect("it opens"), &acked);
}
