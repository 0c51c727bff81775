//! What the product costs as its history grows, at a million events (`BENCH_EVENTS`) of the generated company: the
//! replay against decoding alone, and pages against the same pages of a company with a hundredth of the history, all
//! in one run and over real connections.
#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a measurement prints, and stops at what it did not expect"
)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;
use server::office::replay::{self, replay, to_the_end};
use server::store::keyring::Keyring;
use server::store::{Durable, Store};

/// A page may take this long until its first byte, at a million events.
const ALLOWED: Duration = Duration::from_millis(50);

const TWOFRONT: &str = env!("CARGO_BIN_EXE_twofront");

fn main() {
    let space = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
    let events = std::env::var("BENCH_EVENTS").ok().and_then(|text| text.parse().ok()).unwrap_or(1_000_000);
    let (small, large) = (space.path().join("small"), space.path().join("large"));
    let (small, large) = (Company::generated(&small, events / 100), Company::generated(&large, events));
    replays(&large.data, events);
    pages(&small, &large);
}

/// A generated company on disk, and a key to its pages.
struct Company {
    data: std::path::PathBuf,
    events: u64,
    token: String,
}

impl Company {
    fn generated(data: &Path, events: u64) -> Self {
        let started = Instant::now();
        twofront(data, &["demo", "--events", &events.to_string()]);
        println!("generating {events} events: {:.0} a second", per_second(events, started.elapsed()));
        twofront(data, &["colleague", "add", "Nina Orlova", "nina@twofront.example", "--role", "administrator"]);
        let token = twofront(data, &["token", "nina@twofront.example"]).trim().to_owned();
        Self { data: data.to_owned(), events, token }
    }
}

fn twofront(data: &Path, arguments: &[&str]) -> String {
    let output = Command::new(TWOFRONT).arg("--data").arg(data).args(arguments).output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

/// Three times each, turn and turn about.
fn replays(data: &Path, events: u64) {
    let store: Arc<dyn Store> = Arc::new(Durable::open(data).expect("it opens"));
    let keyring = Arc::new(Keyring::at(&data.join("keys")).expect("it opens"));
    let (mut alone, mut whole) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        let started = Instant::now();
        let mut after = 0;
        loop {
            let page = replay::page(&*store, &keyring, after).expect("readable");
            let Some((last, _)) = page.last() else { break };
            after = last.position;
        }
        alone.push(started.elapsed());
        let started = Instant::now();
        let replayed = replay(&store, &keyring, &mut to_the_end).expect("readable");
        whole.push(started.elapsed());
        assert_eq!(replayed.position, after, "both have read everything");
    }
    let (alone, whole) = (median(&mut alone), median(&mut whole));
    println!(
        "replay of {events} events: {:.2} times reading and decoding alone ({:.1} s, {:.0} events/s)",
        whole.as_secs_f64() / alone.as_secs_f64(),
        whole.as_secs_f64(),
        per_second(events, whole),
    );
}

fn pages(small: &Company, large: &Company) {
    let (of_small, of_large) = (Serving::start(small), Serving::start(large));
    for (name, path) in [
        ("portfolio", "/?scope=all".to_owned()),
        ("handoffs", "/handoffs".to_owned()),
        ("alignment", "/alignment".to_owned()),
    ] {
        compare(name, (&of_small, &path), (&of_large, &path));
    }
    let (there, here) = (of_small.longest_account(), of_large.longest_account());
    compare("ten-year account", (&of_small, &there), (&of_large, &here));
    for (name, slice, things, of) in
        [("largest unit", "units", "colleagues", "unit"), ("busiest account manager", "colleagues", "accounts", "kam")]
    {
        let [there, here] =
            [&of_small, &of_large].map(|serving| format!("/{slice}/{}", serving.most_named(things, of)));
        compare(name, (&of_small, &there), (&of_large, &here));
    }
}

/// Turn and turn about, so that a machine that is slow for a while is slow for both.
fn compare(name: &str, small: (&Serving, &str), large: (&Serving, &str)) {
    const ROUNDS: usize = 30;
    let (mut before, mut after, mut sent) = (Vec::new(), Vec::new(), 0);
    for _ in 0..ROUNDS {
        before.push(small.0.get(small.1, "br").first_byte);
        let answer = large.0.get(large.1, "br");
        sent = answer.body.len();
        after.push(answer.first_byte);
    }
    let whole = large.0.get(large.1, "identity").body.len();
    let (before, after) = (median(&mut before), median(&mut after));
    println!(
        "page {name}: first byte after {:.2} of the {} ms allowed, {:.1} times that of {} events; {} KiB, {} KiB sent",
        after.as_secs_f64() / ALLOWED.as_secs_f64(),
        ALLOWED.as_millis(),
        after.as_secs_f64() / before.as_secs_f64(),
        small.0.events,
        whole >> 10,
        sent >> 10,
    );
}

/// The product at work, until it is dropped.
struct Serving {
    child: Child,
    address: String,
    token: String,
    events: u64,
}

struct Answer {
    first_byte: Duration,
    body: Vec<u8>,
}

impl Serving {
    fn start(company: &Company) -> Self {
        let Company { data, events, token } = company;
        let mut serve = Command::new(TWOFRONT);
        serve.arg("--data").arg(data).args(["serve", "--listen", "127.0.0.1:0"]).env("TWOFRONT_LOG", "error");
        let mut child = serve.stdout(Stdio::piped()).spawn().expect("it starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("a line");
        let address = line.trim().rsplit("http://").next().expect("an address").to_owned();
        Self { child, address, token: token.clone(), events: *events }
    }

    /// As a browser asks, which takes an answer in this encoding.
    fn get(&self, path: &str, encoding: &str) -> Answer {
        let mut stream = TcpStream::connect(&self.address).expect("it listens");
        let started = Instant::now();
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nAccept-Encoding: {encoding}\r\n\
             Connection: close\r\n\r\n",
            self.address, self.token
        )
        .expect("sent");
        let mut first = [0];
        stream.read_exact(&mut first).expect("an answer");
        let first_byte = started.elapsed();
        let mut body = first.to_vec();
        stream.read_to_end(&mut body).expect("an answer");
        assert!(
            body.starts_with(b"HTTP/1.1 200"),
            "{path}: {}",
            String::from_utf8_lossy(&body).lines().next().unwrap_or_default()
        );
        Answer { first_byte, body }
    }

    fn json(&self, path: &str) -> Value {
        let body = self.get(path, "identity").body;
        let text = String::from_utf8(body).expect("text");
        let (_, json) = text.split_once("\r\n\r\n").expect("head and body");
        // A body in chunks has their lengths around it.
        let (begin, end) = (json.find('{').expect("an object"), json.rfind('}').expect("an object"));
        let pieces = json.get(begin..=end).unwrap_or_default();
        serde_json::from_str(pieces).expect("JSON")
    }

    /// Whom most things of the directory name in a field.
    fn most_named(&self, things: &str, field: &str) -> String {
        let directory = self.json("/api/views/whole/directory");
        let things = directory.get(things).and_then(Value::as_object).expect("a list");
        let mut named = std::collections::BTreeMap::<&str, usize>::new();
        for one in things.values().filter_map(|thing| thing.get(field)?.as_str()) {
            *named.entry(one).or_default() += 1;
        }
        named.into_iter().max_by_key(|(_, times)| *times).expect("somebody is named").0.to_owned()
    }

    /// The address of the account with the longest history among those that were there first.
    fn longest_account(&self) -> String {
        let directory = self.json("/api/views/whole/directory");
        let accounts = directory.get("accounts").and_then(Value::as_object).expect("accounts");
        let mut oldest: Vec<_> = accounts.keys().take(60).collect();
        oldest.sort_by_cached_key(|id| {
            let page = self.json(&format!("/api/views/account/{id}"));
            page.pointer("/history/timeline/earlier").and_then(Value::as_u64)
        });
        let id = oldest.last().expect("an account");
        let page = self.json(&format!("/api/views/account/{id}"));
        let earlier = page.pointer("/history/timeline/earlier").and_then(Value::as_u64).unwrap_or_default();
        println!(
            "the longest of {} accounts' histories at {} events: {} entries",
            oldest.len(),
            self.events,
            earlier + 60
        );
        format!("/accounts/{id}")
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // What is not stopped in order is checked at the next open: there is none.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn per_second(count: u64, took: Duration) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / took.as_secs_f64()
}
