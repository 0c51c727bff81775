//! What the crash tests share: a writer in a process of its own, and what it must have kept.

use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use server::store::keyring::Keyring;
use server::store::{Append, Durable as Sled, Expect, Options, Part, State, Store, StreamId};
use uuid::Uuid;

/// A reproducible source of accidents.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x2545_f491_4f6c_dd1d)
    }

    /// Below `sides`.
    pub fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % sides
    }
}

/// How often an accident is tried: `usual`, or what the environment says (`make torture`).
pub fn times(variable: &str, usual: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// What a command writes follows from its number alone, so that anyone can check it.
pub fn append(number: u64) -> Append {
    let mut dice = Dice::new(number);
    let parts = (0..1 + number % 3).map(|part| Part {
        stream: stream(number.wrapping_mul(3) % 17 + part * 100),
        expect: Expect::Any,
        events: (0..1 + dice.roll(3)).map(|event| payload(number, part, event)).collect(),
    });
    Append { command: command(number), parts: parts.collect() }
}

pub fn command(number: u64) -> Uuid {
    Uuid::from_u64_pair(7, number)
}

fn stream(number: u64) -> StreamId {
    let mut id = [0; 17];
    id[9..].copy_from_slice(&number.to_be_bytes());
    StreamId(id)
}

fn payload(number: u64, part: u64, event: u64) -> Vec<u8> {
    let mut dice = Dice::new(number * 64 + part * 8 + event);
    let size = match dice.roll(60) {
        0 => 7_000 + dice.roll(300),
        1 => 8_000 + dice.roll(60_000),
        2 => 0,
        _ => 20 + dice.roll(500),
    };
    let from = usize::try_from(dice.roll(8_192)).expect("small");
    noise()[from..from + usize::try_from(size).expect("small")].to_vec()
}

/// Bytes of every kind but zero, which are the mark of a lost sector.
fn noise() -> &'static [u8] {
    static NOISE: OnceLock<Vec<u8>> = OnceLock::new();
    NOISE.get_or_init(|| {
        let mut dice = Dice::new(0);
        (0..80_000).map(|_| u8::try_from(1 + dice.roll(255)).expect("a byte")).collect()
    })
}

/// Checks that the store holds whole commands, each once, and all of `acked` (number, first, last); returns its commits.
pub fn check(store: &dyn Store, acked: &BTreeMap<u64, (u64, u64)>) -> u64 {
    let (mut next, mut revisions, mut seen) = (1, HashMap::new(), BTreeMap::new());
    let mut commits = 0;
    loop {
        let page = store.read_all(next - 1, 500).expect("the log can be read");
        if page.is_empty() {
            break;
        }
        for commit in page {
            let number = commit.command.as_u64_pair().1;
            let expected = append(number);
            let (first, mut events) = (next, commit.events.iter());
            for part in &expected.parts {
                for payload in &part.events {
                    let event = events.next().expect("the commit is whole");
                    let revision = revisions.entry(part.stream).or_insert(0);
                    *revision += 1;
                    assert_eq!((event.position, event.stream, event.revision), (next, part.stream, *revision));
                    assert!(event.payload == *payload, "command {number} has other bytes");
                    next += 1;
                }
            }
            assert!(events.next().is_none(), "command {number} has events that are not its own");
            assert!(seen.insert(number, (first, next - 1)).is_none(), "command {number} is there twice");
            commits += 1;
        }
    }
    assert_eq!(store.head(), next - 1);
    for (number, place) in acked {
        assert_eq!(seen.get(number), Some(place), "command {number} was acknowledged");
    }
    for (number, (first, last)) in seen.iter().rev().take(5) {
        let receipt = store.receipt(command(*number)).expect("readable").expect("there");
        assert_eq!((receipt.first, receipt.last), (*first, *last));
    }
    for (stream, revision) in revisions.into_iter().take(5) {
        let events = store.read_stream(stream, revision, 2).expect("readable");
        assert_eq!(events.iter().map(|event| event.revision).collect::<Vec<_>>(), [revision]);
    }
    commits
}

/// Small files, so that rolling over to the next one, signing, saving the index and copying to sled all happen often.
pub fn options() -> Options {
    Options {
        segment_bytes: 300_000,
        sign_every: 40,
        index_every: 300,
        sled_every: 20_000,
        patience: std::time::Duration::from_secs(5),
        ..Options::default()
    }
}

/// What the process that is to be killed does, when the environment says that this is that process.
pub fn child() {
    let Ok(role) = std::env::var("STORE_ROLE") else {
        return;
    };
    let number = |name: &str| -> u64 { std::env::var(name).expect("set").parse().expect("a number") };
    let (dir, from, groups) =
        (PathBuf::from(std::env::var("STORE_DIR").expect("set")), number("STORE_FROM"), number("STORE_GROUPS"));
    // The test program has begun a line of its own.
    tell("\n");
    match role.as_str() {
        "writer" => write_groups(&dir, from, groups, false),
        "reader" => write_groups(&dir, from, groups, true),
        "plain" => write_plain(&dir, from, groups),
        "keyring" => turn_keys(&dir, groups),
        "backup" => {
            let done = server::store::care::backup(&dir.join("data"), &dir.join("copy"), &mut |_, _| {});
            tell(&format!("copied {}\n", done.is_ok()));
        }
        "keys" => {
            let ring = Keyring::at(&dir).expect("it opens");
            for _ in 0..groups {
                match ring.reserve() {
                    Ok(slot) => tell(&format!("ack {slot} 0 0\n")),
                    Err(error) => tell(&format!("refused {error}\n")),
                }
            }
        }
        other => panic!("no such role: {other}"),
    }
}

fn tell(line: &str) {
    let mut out = std::io::stdout();
    out.write_all(line.as_bytes()).and_then(|()| out.flush()).expect("the parent listens");
}

/// Writes, and before it stops reads all of it, if it is to.
fn write_groups(dir: &Path, from: u64, groups: u64, reads: bool) {
    let store = Sled::open_with(dir, options()).expect("it opens");
    tell(&format!("state {:?}\n", store.state()));
    if store.state() != State::Open {
        // Read through, as far as it goes.
        check(&store, &BTreeMap::new());
        tell(&format!("head {}\n", store.head()));
        return;
    }
    let mut number = from;
    let mut dice = Dice::new(from + 1);
    for _ in 0..groups {
        let size = 1 + dice.roll(6);
        let answers = store.append((number..number + size).map(append).collect());
        let mut line = String::new();
        for (number, answer) in (number..).zip(answers) {
            match answer {
                Ok(appended) => line.push_str(&format!("ack {number} {} {}\n", appended.first, appended.last)),
                Err(error) => line.push_str(&format!("refused {number} {error:?}\n")),
            }
        }
        tell(&line);
        store.tend();
        number += size;
    }
    if reads {
        tell(&format!("read {}\n", check(&store, &BTreeMap::new())));
    }
    store.close();
    tell("closed\n");
}

fn write_plain(dir: &Path, from: u64, groups: u64) {
    let db = sled::Config::new().path(dir.join("plain")).flush_every_ms(None).open().expect("sled opens");
    for number in from..from + groups {
        db.insert(number.to_be_bytes(), payload(number, 0, 0)).expect("sled takes it");
        db.flush().expect("sled flushes");
        tell(&format!("ack {number} {number} {number}\n"));
    }
}

fn turn_keys(dir: &Path, rounds: u64) {
    let ring = Keyring::at(dir).expect("it opens");
    for round in 0..rounds {
        let slots = ring.create(90).expect("slots");
        for slot in &slots {
            let key = ring.key(*slot).expect("readable").expect("there");
            tell(&format!("slot {slot} {}\n", key.iter().map(|byte| format!("{byte:02x}")).collect::<String>()));
        }
        let gone = [slots[usize::try_from(round).expect("small")], slots[40]];
        tell(&format!("forgetting {} {}\n", gone[0], gone[1]));
        ring.forget(&gone).expect("forgotten");
        tell(&format!("forgot {} {}\n", gone[0], gone[1]));
    }
}

/// Starts this very test program again as the process that may die.
pub fn start(role: &str, dir: &Path, from: u64, groups: u64, more: &[(&str, String)]) -> Child {
    let mut command = Command::new(std::env::current_exe().expect("a program"));
    command.args(["the_process_that_dies", "--exact", "--nocapture", "--test-threads=1"]);
    command
        .env("STORE_ROLE", role)
        .env("STORE_DIR", dir)
        .env("STORE_FROM", from.to_string())
        .env("STORE_GROUPS", groups.to_string());
    command.envs(more.iter().map(|(name, value)| (*name, value.as_str())));
    command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it starts")
}

/// What the process said before it ended; it is killed after `acks` acknowledgements.
pub fn listen(mut child: Child, acks: u64) -> Vec<String> {
    let mut left = acks;
    let mut said = Vec::new();
    for line in BufReader::new(child.stdout.take().expect("piped")).lines() {
        let Ok(line) = line else { break };
        if line.starts_with("ack ") {
            left = left.saturating_sub(1);
            if left == 0 {
                child.kill().expect("it can be killed");
            }
        }
        said.push(line);
    }
    child.wait().expect("it ended");
    said
}

/// The acknowledgements among what was said: number, first, last.
pub fn acks(said: &[String]) -> impl Iterator<Item = (u64, (u64, u64))> + '_ {
    said.iter().filter_map(|line| {
        let mut words = line.strip_prefix("ack ")?.split(' ').map(|word| word.parse::<u64>().ok());
        Some((words.next()??, (words.next()??, words.next()??)))
    })
}
