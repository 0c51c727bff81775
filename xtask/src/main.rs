//! The build tool of the repository: `cargo xtask`. It builds what cargo alone cannot (the browser's
//! half), prepares a fresh machine, runs every suite, and checks the rules of the repository.

mod bundle;
mod dependencies;
mod product;
mod prose;
mod setup;
mod shell;
mod site;
mod suites;

use anyhow::{Result, bail};
use std::process::ExitCode;

const HELP: &str = "\
cargo xtask COMMAND

  setup          make this machine ready to build for the browser
  site           build the browser's half into target/site; --release: small, compressed hard
  run            build everything and serve it; what follows is handed to `twofront serve`
  release        build the product for others: target/release/twofront and target/site
  lint           format, lints and documents, as strict as in `test`
  test           run every suite and end with the count
  torture        run the tests of the server in their long form
  bench          measure, and weigh the bundle
  check-prose    check that every path which the documents name exists
  check-dependencies
                 check licences, bans and sources of all packages against deny.toml
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&arguments) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(arguments: &[String]) -> Result<ExitCode> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match *words.as_slice() {
        ["setup"] => setup::wasm().map(|_| ())?,
        ["site"] => site::build(site::Kind::Dev)?,
        ["site", "--release"] => site::build(site::Kind::Release)?,
        ["run", ref rest @ ..] => return product::run(rest),
        ["release"] => product::release()?,
        ["lint"] => return suites::lint(),
        ["test"] => return suites::test(),
        ["torture"] => return suites::torture(),
        ["bench"] => product::bench()?,
        ["check-prose"] => prose::check()?,
        ["check-dependencies"] => dependencies::check()?,
        [] | ["help" | "--help" | "-h"] => print!("{HELP}"),
        _ => bail!("there is no such command\n\n{HELP}"),
    }
    Ok(ExitCode::SUCCESS)
}
