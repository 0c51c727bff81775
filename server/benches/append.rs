//! What the store costs beside the disk: appends as a ratio to a raw log of the same bytes in the same run; then, at a
//! million events (`BENCH_EVENTS`), opening, reading and memory.
#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a measurement prints, and stops at what it did not expect"
)]

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use server::store::{Append, Durable as Sled, Expect, Options, Part, Store as _, StreamId};
use uuid::Uuid;

fn main() {
    let space = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
    appends(space.path());
    let events = std::env::var("BENCH_EVENTS").ok().and_then(|text| text.parse().ok()).unwrap_or(1_000_000);
    at_size(space.path(), events);
}

/// A commit of one event of 300 bytes; every third goes to a stream of its own.
fn append(number: u64) -> Append {
    let mut id = [1; 17];
    let (_, tail) = id.split_at_mut(9);
    tail.copy_from_slice(&(if number.is_multiple_of(3) { number } else { number % 5_000 }).to_be_bytes());
    let mut payload = vec![0; 300];
    for (byte, at) in payload.iter_mut().zip(0_u64..) {
        *byte = number.wrapping_mul(31).wrapping_add(at * 7).to_le_bytes()[0];
    }
    let part = Part { stream: StreamId(id), expect: Expect::Any, events: vec![payload] };
    Append { command: Uuid::from_u64_pair(number.wrapping_mul(0x9e37_79b9_7f4a_7c15), number), parts: vec![part] }
}

/// Turn and turn about, so that a disk that is slow for a while is slow for both.
fn appends(space: &Path) {
    const ROUNDS: u64 = 12;
    for (writers, groups) in [(1_u64, 100_u64), (64, 60), (1_000, 12)] {
        let dir = space.join(format!("append-{writers}"));
        let store = Sled::open(&dir).expect("it opens");
        let mut raw = File::create(space.join(format!("raw-{writers}"))).expect("a file");
        let (mut of_raw, mut of_store) = (Vec::new(), Vec::new());
        let mut number = 0;
        // The bytes of a group in the journal; that it is so is seen at the end.
        let frame = vec![7; 44 + usize::try_from(writers).expect("small") * (76 + 29 + 300)];
        for round in 0..=ROUNDS {
            let groups: Vec<Vec<Append>> = (0..groups)
                .map(|group| (0..writers).map(|writer| append(number + group * writers + writer)).collect())
                .collect();
            number += writers * u64::try_from(groups.len()).expect("small");
            let count = groups.len();
            let started = Instant::now();
            for group in groups {
                assert!(store.append(group).iter().all(Result::is_ok));
                store.tend();
            }
            // What was put off is part of the work.
            assert!(store.catch_up());
            let took = started.elapsed();
            // What sled has not written yet is not to be waited for by the raw log.
            File::open(dir.join("events/db")).and_then(|db| db.sync_all()).expect("synced");
            let started = Instant::now();
            for _ in 0..count {
                raw.write_all(&frame).and_then(|()| raw.sync_data()).expect("written");
            }
            // The first round warms both up.
            if round > 0 {
                of_store.push(took);
                of_raw.push(started.elapsed());
            }
        }
        drop(store);
        let all = usize::try_from((ROUNDS + 1) * groups).expect("small") * frame.len();
        assert_eq!(size(&dir.join("journal")), 96 + all, "the raw log had the same bytes");
        let (raw, store) = (median(&mut of_raw), median(&mut of_store));
        println!(
            "append, groups of {writers:>4}: {:.2} of a raw fdatasync log on the same bytes ({:.0} commits/s; one sync {:.2} ms)",
            raw.as_secs_f64() / store.as_secs_f64(),
            per_second(writers * groups, store),
            raw.as_secs_f64() * 1_000.0 / groups_as_f64(groups),
        );
    }
}

fn at_size(space: &Path, events: u64) {
    let dir = space.join("large");
    let before = resident();
    let started = Instant::now();
    let store = Sled::open(&dir).expect("it opens");
    for from in (0..events).step_by(1_000) {
        let group = (from..(from + 1_000).min(events)).map(append).collect();
        assert!(store.append(group).iter().all(Result::is_ok));
        store.tend();
    }
    assert!(store.catch_up());
    println!(
        "bulk load: {:.0} events/s, each its own commit, synced by the thousand",
        per_second(events, started.elapsed())
    );
    let loaded = resident();
    println!("memory after loading {events} events: {} MiB, of which sled's cache may be 128", (loaded - before) >> 20);
    let positions: Vec<u64> = (1..=3_000.min(events)).map(|nth| nth * (events / 3_000.min(events))).collect();
    let mut times: Vec<Duration> = (0..20)
        .map(|_| {
            let started = Instant::now();
            assert_eq!(store.read_at(&positions).expect("readable").len(), positions.len());
            started.elapsed()
        })
        .collect();
    println!(
        "reading {} events all over the log: {:.1} ms",
        positions.len(),
        median(&mut times).as_secs_f64() * 1_000.0
    );
    let started = Instant::now();
    let (mut after, mut seen) = (0, 0);
    loop {
        let page = store.read_all(after, 10_000).expect("readable");
        let Some(last) = page.last() else { break };
        after = last.last();
        seen += page.len();
    }
    println!("reading all {seen} commits: {:.0} a second", per_second(events, started.elapsed()));
    drop(store);
    let open = |what: &str, options: Options| {
        let started = Instant::now();
        let store = Sled::open_with(&dir, options).expect("it opens");
        println!("open at {events} events, {what}: {:.2} s", started.elapsed().as_secs_f64());
        drop(store);
    };
    open("after a clean stop", Options::default());
    std::fs::remove_file(dir.join("clean")).expect("removed");
    open("after a kill (sled is read whole)", Options::default());
    std::fs::remove_file(dir.join("clean")).expect("removed");
    std::fs::remove_file(dir.join("index")).expect("removed");
    open("after a kill and without the saved index (the journal is read whole too)", Options::default());
    std::fs::remove_dir_all(dir.join("events")).expect("removed");
    open("without sled (it is made anew)", Options::default());
    let index = std::fs::metadata(dir.join("index")).expect("there").len();
    println!("the index: {} bytes an event on disk", index / events);
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn size(dir: &Path) -> usize {
    let files = std::fs::read_dir(dir).expect("a directory");
    let sizes = files.map(|file| file.and_then(|file| file.metadata()).expect("there").len());
    usize::try_from(sizes.sum::<u64>()).expect("small")
}

/// Resident memory in bytes.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or(0) << 10
}

fn per_second(count: u64, took: Duration) -> f64 {
    groups_as_f64(count) / took.as_secs_f64()
}

fn groups_as_f64(count: u64) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
