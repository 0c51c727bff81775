//! Runs every suite of tests: what each prints is passed on, what each counts is added up, and the
//! last line is the sum.

use crate::{
    product,
    setup::{self, Toolchain},
    shell::{command, has, root, say},
    site,
};
use anyhow::{Context, Result};
use std::{
    collections::BTreeMap,
    io::{self, BufRead, BufReader, Write},
    process::{Command, ExitCode},
    time::Instant,
};

/// Runs every suite. All run, whatever fails.
pub fn test() -> Result<ExitCode> {
    setup::components()?;
    let wasm = setup::wasm()?;
    let mut report = Report::default();
    report.lints(wasm);
    report.tests(&["--workspace", "--lib", "--bins", "--tests"], []);
    let doctests = ["test", "--workspace", "--doc", "--no-fail-fast"];
    report.suite("doctests", command("cargo", &doctests), Format::Cargo);
    report.browser();
    Ok(report.finish())
}

/// Runs what needs no test to run: format, lints, documents.
pub fn lint() -> Result<ExitCode> {
    setup::components()?;
    let wasm = setup::wasm()?;
    let mut report = Report::default();
    report.lints(wasm);
    Ok(report.finish())
}

/// Kills the store and cuts its power far more often than `make test` has the time for. A number in
/// the environment outranks ours.
pub fn torture() -> Result<ExitCode> {
    let mut report = Report::default();
    let accidents = [("STORE_KILLS", "10000"), ("STORE_CUTS", "2000")];
    let ours = accidents.into_iter().filter(|(name, _)| std::env::var_os(name).is_none());
    report.tests(&["--package=server", "--release", "--test=store_crash"], ours);
    Ok(report.finish())
}

/// What is a warning while one writes is an error here.
fn strict(mut clippy: Command) -> Command {
    clippy.args(["--quiet", "--", "-D", "warnings"]);
    clippy
}

fn this_program() -> String {
    std::env::current_exe().unwrap_or_else(|_| "xtask".into()).to_string_lossy().into_owned()
}

/// How a program counts its tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Cargo,
    Nextest,
    Playwright,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Count {
    passed: usize,
    failed: usize,
    skipped: usize,
}

#[derive(Default)]
struct Report {
    lines: Vec<(String, Count, String)>,
}

impl Report {
    /// The workspace as it is built together; then each part alone, with its own features: cargo
    /// unifies features, so a clock that `server` switches on would be there for `shared` too.
    fn lints(&mut self, wasm: Toolchain) {
        self.check("format", command("cargo", &["fmt", "--all", "--check"]));
        self.check("lints", strict(command("cargo", &["clippy", "--workspace", "--all-targets"])));
        self.check("shared alone", strict(command("cargo", &["clippy", "--package=shared", "--all-targets"])));
        let browser = ["clippy", "--target=wasm32-unknown-unknown", "--lib"];
        let for_browser = |arguments: &[&str]| strict(wasm.cargo(&[&browser, arguments].concat()));
        self.check("shared in the browser", for_browser(&["--package=shared"]));
        self.check("app in the browser", for_browser(&["--package=app", "--features=hydrate"]));
        self.check("dependencies", command(&this_program(), &["check-dependencies"]));
        self.check("documents", command(&this_program(), &["check-prose"]));
    }

    /// Unit, law, wire, seam and crash tests.
    fn tests(&mut self, which: &[&str], settings: impl IntoIterator<Item = (&'static str, &'static str)>) {
        let (arguments, format): (&[&str], _) = if has("cargo-nextest") {
            (&["nextest", "run", "--no-fail-fast"], Format::Nextest)
        } else {
            (&["test", "--no-fail-fast"], Format::Cargo)
        };
        let mut tests = command("cargo", arguments);
        tests.args(which).envs(settings);
        self.suite("tests", tests, format);
    }

    /// A suite that passes or fails as one.
    fn check(&mut self, name: &str, mut command: Command) {
        say(name);
        let begun = Instant::now();
        let passed = command.status().is_ok_and(|status| status.success());
        let count = Count { passed: usize::from(passed), failed: usize::from(!passed), skipped: 0 };
        self.lines.push((name.to_owned(), count, seconds(begun)));
    }

    fn fail(&mut self, name: &str, why: &str) {
        self.lines.push((name.to_owned(), Count { failed: 1, ..Count::default() }, why.to_owned()));
    }

    /// A suite whose tests are counted, a line for each of its binaries.
    fn suite(&mut self, name: &str, command: Command, format: Format) {
        say(name);
        let begun = Instant::now();
        let mut tally = Tally::new(format);
        let outcome = listen(command, |line| tally.read(line));
        let time = seconds(begun);
        let counted = tally.binaries.values().any(|count| *count != Count::default());
        let failures = tally.binaries.values().any(|count| count.failed > 0);
        for (binary, count) in tally.binaries {
            self.lines.push((format!("{name} {binary}").trim_end().to_owned(), count, String::new()));
        }
        match outcome {
            Ok(true) if counted => self.last_took(time),
            Ok(true) => self.fail(name, "ended well and ran nothing"),
            Ok(false) if failures => self.last_took(time),
            Ok(false) => self.fail(name, "broke off: see above"),
            Err(error) => self.fail(name, &format!("{error:#}")),
        }
    }

    fn last_took(&mut self, time: String) {
        if let Some((_, _, remark)) = self.lines.last_mut() {
            *remark = time;
        }
    }

    /// The browser tests, with everything that they need built or installed first. They look at the bundle that others
    /// get: what optimising breaks, nothing else would notice.
    fn browser(&mut self) {
        let ready = || {
            let chromium = setup::browser()?;
            anyhow::Ok((chromium, product::build(site::Kind::Release)?))
        };
        match ready() {
            Ok((chromium, binary)) => {
                let folder = root().join("end2end");
                let program = folder.join("node_modules/.bin/playwright");
                let mut playwright = command(&program.to_string_lossy(), &["test"]);
                playwright.current_dir(folder);
                playwright.env("CHROMIUM", chromium).env("TWOFRONT", binary).env("CI", "1");
                self.suite("browser", playwright, Format::Playwright);
            }
            Err(error) => self.fail("browser", &format!("{error:#}")),
        }
    }

    /// Prints a line for each suite and the sum, plain and last.
    fn finish(self) -> ExitCode {
        let width = self.lines.iter().map(|(name, ..)| name.chars().count()).max().unwrap_or_default();
        let mut sum = Count::default();
        println!();
        for (name, count, remark) in &self.lines {
            let mark = match count {
                Count { failed: 1.., .. } => "FAILED",
                Count { passed: 0, .. } => "skipped",
                _ => "ok",
            };
            let Count { passed, failed, skipped } = count;
            println!("{name:width$}  {mark:7}  {passed:5} passed  {failed:3} failed  {skipped:3} skipped  {remark}");
            sum.passed += passed;
            sum.failed += failed;
        }
        println!("{} passed, {} failed", sum.passed, sum.failed);
        if sum.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

fn seconds(begun: Instant) -> String {
    format!("{:.1} s", begun.elapsed().as_secs_f32())
}

/// Runs a command, passes on what it prints as it comes, and shows each line to `read`. Both of its
/// outputs go through one pipe, so that lines keep their order.
fn listen(mut command: Command, mut read: impl FnMut(&str)) -> Result<bool> {
    let (reader, writer) = io::pipe()?;
    command.stdout(writer.try_clone()?).stderr(writer);
    let mut child = command.spawn().with_context(|| format!("cannot start {command:?}"))?;
    // The command holds our ends of the pipe, and the pipe ends with the last of them.
    drop(command);
    let mut out = io::stdout();
    for line in BufReader::new(reader).split(b'\n') {
        let line = String::from_utf8_lossy(&line?).into_owned();
        writeln!(out, "{line}")?;
        read(&line);
    }
    Ok(child.wait()?.success())
}

/// Counts tests in what a program prints.
struct Tally {
    format: Format,
    current: String,
    binaries: BTreeMap<String, Count>,
}

impl Tally {
    fn new(format: Format) -> Self {
        Self { format, current: String::new(), binaries: BTreeMap::new() }
    }

    fn read(&mut self, line: &str) {
        let words: Vec<&str> = line.split_whitespace().collect();
        match self.format {
            Format::Cargo => self.read_cargo(&words),
            Format::Nextest => self.read_nextest(line),
            Format::Playwright => self.read_playwright(&words),
        }
    }

    /// `Running unittests src/lib.rs (target/debug/deps/shared-1f2e)`, `Doc-tests shared`, then
    /// `test result: ok. 3 passed; 0 failed; 1 ignored; ...`.
    fn read_cargo(&mut self, words: &[&str]) {
        match words {
            ["Running", .., file] => {
                let name = file.trim_matches(['(', ')']).rsplit('/').next().unwrap_or_default();
                self.current = name.rsplit_once('-').map_or(name, |(name, _)| name).to_owned();
            }
            ["Doc-tests", name] => self.current = (*name).to_owned(),
            ["test", "result:", _, passed, "passed;", failed, "failed;", ignored, "ignored;", ..] => {
                let count = Count {
                    passed: passed.parse().unwrap_or_default(),
                    failed: failed.parse().unwrap_or_default(),
                    skipped: ignored.parse().unwrap_or_default(),
                };
                if count != Count::default() {
                    *self.binaries.entry(self.current.clone()).or_default() = count;
                }
            }
            _ => {}
        }
    }

    /// `PASS [   0.004s] (  1/134) shared::laws folding_is_total`; what fails is named again in the
    /// summary at the end, which is not counted twice.
    fn read_nextest(&mut self, line: &str) {
        if line.trim_start().starts_with("Summary [") {
            self.current = "summary".to_owned();
        }
        let Some((state, rest)) = line.split_once('[').filter(|_| self.current.is_empty()) else { return };
        let after_time = rest.split_once(']').map(|(_, after)| after.trim_start()).unwrap_or_default();
        let after_place = match after_time.strip_prefix('(') {
            Some(place) => place.split_once(')').map(|(_, after)| after).unwrap_or_default(),
            None => after_time,
        };
        let Some(binary) = after_place.split_whitespace().next() else { return };
        let state = state.split_whitespace().next().unwrap_or_default();
        let passed = matches!(state, "PASS" | "LEAK" | "FLAKY");
        let failed = matches!(state, "FAIL" | "TIMEOUT" | "ABORT") || state.starts_with("SIG");
        if passed || failed {
            let count = self.binaries.entry(binary.to_owned()).or_default();
            count.passed += usize::from(passed);
            count.failed += usize::from(failed);
        }
    }

    /// `12 passed (3.4s)`, `1 failed`, `2 skipped`, each on a line of its own at the end.
    fn read_playwright(&mut self, words: &[&str]) {
        let (Some(number), Some(state), true) = (words.first(), words.get(1), words.len() <= 3) else { return };
        let Ok(number) = number.parse::<usize>() else { return };
        let count = self.binaries.entry(String::new()).or_default();
        match *state {
            "passed" | "flaky" => count.passed += number,
            "failed" | "interrupted" => count.failed += number,
            "skipped" => count.skipped += number,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(format: Format, text: &str) -> Vec<(String, Count)> {
        let mut tally = Tally::new(format);
        text.lines().for_each(|line| tally.read(line));
        tally.binaries.into_iter().collect()
    }

    fn count(name: &str, passed: usize, failed: usize, skipped: usize) -> (String, Count) {
        (name.to_owned(), Count { passed, failed, skipped })
    }

    #[test]
    fn cargo_is_counted_by_binary() {
        let text = "     Running unittests src/lib.rs (target/debug/deps/shared-0a1b)\n\
                    test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\
                    \x20    Running tests/laws.rs (target/debug/deps/laws-0a1b)\n\
                    test result: FAILED. 2 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.1s\n\
                    \x20  Doc-tests app\n\
                    test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.1s";
        assert_eq!(tally(Format::Cargo, text), [count("laws", 2, 1, 0), count("shared", 3, 0, 1)]);
    }

    #[test]
    fn nextest_is_counted_once_by_binary() {
        let text = "        PASS [   0.004s] (1/4) shared domain::tests::it_happens\n\
                    \x20       FAIL [   0.004s] (2/4) shared::laws folding_is_total\n\
                    \x20       SLOW [> 60.000s] server::crash kill\n\
                    \x20    SIGSEGV [   0.004s] (3/4) server::crash kill\n\
                    \x20       PASS [   1.004s] shared domain::tests::it_is_refused\n\
                    ------------\n\
                    \x20    Summary [   0.053s] 4 tests run: 2 passed, 2 failed, 0 skipped\n\
                    \x20       FAIL [   0.004s] (2/4) shared::laws folding_is_total";
        let expected = [count("server::crash", 0, 1, 0), count("shared", 2, 0, 0), count("shared::laws", 0, 1, 0)];
        assert_eq!(tally(Format::Nextest, text), expected);
    }

    #[test]
    fn playwright_is_counted_by_its_last_lines() {
        let text = "Running 4 tests using 2 workers\n  1 failed\n    [chromium] › a.spec.ts:3:5 › 2 passed words\n\
                    \x20 2 skipped\n  3 passed (4.2s)";
        assert_eq!(tally(Format::Playwright, text), [count("", 3, 1, 2)]);
    }
}
