//! The rules of the house, as tests: what a reader of one file of `shared` may count on in all of them.
//! They read the text of the sources, cheaply; what the compiler can see is left to the compiler.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The slices in the order in which they may know each other's decisions: from what stands by itself to what
/// is about everything. A slice reads the others through the model; it names the types of none below it.
const SLICES: [&str; 7] = ["unit", "colleague", "account", "contact", "interaction", "handoff", "import"];

/// The rooms below the slices: they know no slice.
const GROUND: [&str; 4] = ["lang", "words", "ids", "personal"];

fn shared() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn source(module: &str) -> String {
    read(&shared().join(format!("src/{module}.rs")))
}

/// The part of a source above its tests.
fn without_tests(source: &str) -> &str {
    source.split("#[cfg(test)]").next().unwrap_or_default()
}

/// Every source file of the crate.
fn sources() -> Vec<(PathBuf, String)> {
    fn collect(folder: &Path, all: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, all);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                all.push(path);
            }
        }
    }
    let mut all = Vec::new();
    collect(&shared().join("src"), &mut all);
    all.sort();
    all.into_iter().map(|path| (path.clone(), read(&path))).collect()
}

/// The modules of this crate that a source names, above its tests: `use crate::ids::…`, `crate::words::Place`.
fn names(source: &str) -> BTreeSet<String> {
    let code: String = without_tests(source)
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n");
    let mut named = BTreeSet::new();
    for after in code.split("crate::").skip(1) {
        let group = after.strip_prefix('{').and_then(|group| group.split('}').next()).unwrap_or(after);
        let group = if group.len() == after.len() { group.split([';', ',']).next().unwrap_or_default() } else { group };
        for path in group.split(',') {
            let word = path.trim().split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or_default();
            named.insert(word.to_owned());
        }
    }
    named
}

/// What the wire tests hold to be all events: the names of the golden files, `handoff.accepted`.
fn events() -> BTreeSet<String> {
    let golden = fs::read_dir(shared().join("tests/wire/v1")).unwrap();
    let names = golden.map(|file| file.unwrap().file_name().into_string().unwrap());
    names.filter_map(|name| name.strip_suffix(".json").map(str::to_owned)).collect()
}

#[test]
fn a_slice_names_the_types_of_no_other_slice() {
    for slice in SLICES {
        let named = names(&source(slice));
        let others: Vec<&str> = SLICES.into_iter().filter(|other| *other != slice && named.contains(*other)).collect();
        assert!(others.is_empty(), "shared/src/{slice}.rs names {others:?}: read another slice through the model");
    }
}

#[test]
fn a_slice_knows_no_view_and_no_door() {
    for slice in SLICES {
        for room in ["views", "record", "request", "sieve", "policy", "proof"] {
            assert!(!names(&source(slice)).contains(room), "shared/src/{slice}.rs names {room}, which stands above it");
        }
    }
}

#[test]
fn the_ground_knows_nothing_of_what_stands_on_it() {
    for room in GROUND {
        let named = names(&source(room));
        let above: Vec<&String> = named.iter().filter(|name| !GROUND.contains(&name.as_str())).collect();
        assert!(above.is_empty(), "shared/src/{room}.rs names {above:?}");
    }
}

#[test]
fn the_tests_language_is_used_by_tests_only() {
    for (path, source) in sources() {
        let is_about_tests = path.ends_with("testkit.rs") || path.ends_with("tests.rs");
        if !is_about_tests {
            assert!(!names(&source).contains("testkit"), "{} names the testkit above its tests", path.display());
        }
    }
}

#[test]
fn a_slice_is_read_in_the_order_in_which_it_is_understood() {
    // What happened, what is wanted, why not, what is true, what an event names, what follows; then the tests.
    let landmarks = [
        "//! ",
        "\npub enum Event {",
        "\npub enum Command {",
        "\npub enum Rejection {",
        "\nimpl Rejection {",
        "\npub struct ",
        "fn evolve(",
        "\nimpl Event {",
        "\npub fn decide(",
        "\n#[cfg(test)]\nmod tests {",
    ];
    for slice in SLICES {
        let source = source(slice);
        let mut reached = 0;
        for landmark in landmarks {
            let from = source.get(reached..).unwrap();
            let found = from.find(landmark);
            let at =
                found.unwrap_or_else(|| panic!("shared/src/{slice}.rs: {landmark:?} is missing or comes too early"));
            reached += at + landmark.len();
        }
    }
}

#[test]
fn a_slice_says_what_it_is_in_a_sentence_or_a_few() {
    for slice in SLICES {
        let source = source(slice);
        let lines: Vec<&str> = source.lines().take_while(|line| line.starts_with("//!")).collect();
        assert!((1..=8).contains(&lines.len()), "shared/src/{slice}.rs begins with what it is in the business");
    }
}

#[test]
fn no_match_over_events_or_commands_ends_in_whatever_else_there_is() {
    // The compiler is the checklist: a new event must break the build exactly where somebody has to think. Clippy says
    // the same of every enum; this holds also where somebody has silenced it.
    for (path, source) in sources() {
        let lines: Vec<&str> = without_tests(&source).lines().collect();
        for (number, line) in lines.iter().enumerate() {
            if !(line.trim_start().starts_with("_ =>") || line.trim_start().starts_with("_ if ")) {
                continue;
            }
            let depth = indentation(line);
            let above =
                lines.iter().take(number).rev().take_while(|line| line.is_empty() || indentation(line) >= depth);
            let mut arms = above.filter(|line| indentation(line) == depth);
            let over_events = arms.any(|arm| arm.contains("Event::") || arm.contains("Command::"));
            assert!(!over_events, "{}:{}: name every event instead of `_`", path.display(), number + 1);
        }
    }
}

fn indentation(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

#[test]
fn every_event_is_in_the_glossary_once_and_the_glossary_knows_no_other() {
    let glossary = read(&shared().join("../docs/GLOSSARY.md"));
    let rows = glossary.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    let mut explained = Vec::new();
    for (event, rest) in rows {
        let cells: Vec<&str> = rest.split('|').map(str::trim).filter(|cell| !cell.is_empty()).collect();
        assert_eq!(cells.len(), 2, "docs/GLOSSARY.md: `{event}` says what people read in Russian, and what happened");
        explained.push(event.to_owned());
    }
    let distinct: BTreeSet<String> = explained.iter().cloned().collect();
    assert_eq!(distinct.len(), explained.len(), "an event stands in docs/GLOSSARY.md twice");
    assert_eq!(distinct, events(), "docs/GLOSSARY.md and the golden files name the same events");
}

#[test]
fn every_view_is_held_to_the_laws() {
    let laws = read(&shared().join("tests/laws.rs"));
    let mut views = 0;
    for (path, source) in sources() {
        for declared in source.lines().filter_map(|line| line.strip_prefix("view!(")?.strip_suffix(");")) {
            views += 1;
            assert!(
                laws.contains(&format!("check_view({declared}::")),
                "{}: {declared} is not in laws.rs",
                path.display()
            );
        }
    }
    assert!(views >= 6, "the views declare themselves with view!(…)");
}

#[test]
fn the_domain_can_ask_for_neither_the_time_nor_chance() {
    let manifest = read(&shared().join("Cargo.toml"));
    let workspace = read(&shared().join("../Cargo.toml"));
    let dependencies = manifest.split("[dependencies]").nth(1).and_then(|rest| rest.split("\n[").next()).unwrap();
    for outside in ["getrandom", "rand", "tokio", "tracing", "chrono", "time", "reqwest", "sled"] {
        let depends = dependencies.lines().any(|line| line.split(['.', ' ', '=']).next() == Some(outside));
        assert!(!depends, "shared depends on {outside}");
    }
    for (name, forbidden) in
        [("jiff", &["std", "tzdb", "js", "default"][..]), ("uuid", &["v4", "v7", "rng", "js", "std"][..])]
    {
        let line = workspace.lines().find(|line| line.starts_with(&format!("{name} = "))).unwrap();
        assert!(line.contains("default-features = false"), "{name} comes without its clock or its chance: {line}");
        for feature in forbidden {
            assert!(!line.contains(&format!("\"{feature}\"")), "{name} has {feature} on for the whole workspace");
        }
        let here = dependencies.lines().find(|line| line.starts_with(name)).unwrap();
        assert!(!here.contains("features"), "shared turns on more of {name}: {here}");
    }
    for (path, source) in sources() {
        for asked in [
            "Timestamp::now(",
            "Zoned::now(",
            "SystemTime",
            "Instant::now(",
            "Uuid::new_v4(",
            "Uuid::now_v7(",
            "std::env",
            "std::fs",
        ] {
            assert!(!without_tests(&source).contains(asked), "{} asks the world: {asked}", path.display());
        }
    }
}

#[test]
fn test_names_state_a_rule() {
    for (path, source) in sources() {
        for after in source.split("#[test]").skip(1) {
            let name = after.split("fn ").nth(1).and_then(|rest| rest.split('(').next()).unwrap_or_default();
            assert!(name.contains('_') && !name.starts_with("test_"), "{}: {name} is no sentence", path.display());
        }
    }
}
