//! The product as a whole: both halves built, then served, shipped or measured.

use crate::{
    shell::{command, root, run as succeed, say, target},
    site,
};
use anyhow::{Context, Result};
use std::{
    os::unix::process::CommandExt,
    path::PathBuf,
    process::{Command, ExitCode},
};

/// Builds both halves; returns where the binary is. The server is built with the features of the whole
/// workspace, as the tests are, so that neither builds again what the other has.
pub fn build(browsers_half: site::Kind) -> Result<PathBuf> {
    site::build(browsers_half)?;
    say("building the server");
    succeed(&mut command("cargo", &["build", "--workspace", "--bin=twofront"]))?;
    Ok(target().join("debug/twofront"))
}

/// Builds both halves and becomes the server, so that a signal reaches it and nothing in between.
pub fn run(arguments: &[&str]) -> Result<ExitCode> {
    let binary = build(site::Kind::Dev)?;
    say("starting twofront; Ctrl+C ends it");
    let error = Command::new(&binary).arg("serve").args(arguments).current_dir(root()).exec();
    Err(error).with_context(|| format!("cannot start {}", binary.display()))
}

/// Builds both halves for others to run.
pub fn release() -> Result<()> {
    site::build(site::Kind::Release)?;
    say("building the server");
    succeed(&mut command("cargo", &["build", "--package=server", "--bin=twofront", "--release"]))?;
    println!(
        "    {} finds its files in {}",
        target().join("release/twofront").display(),
        target().join("site").display()
    );
    Ok(())
}

/// Measures the server, and weighs the bundle against what a page may cost.
pub fn bench() -> Result<()> {
    site::build(site::Kind::Release)?;
    succeed(&mut command("cargo", &["bench", "--package=server", "--benches"]))?;
    site::weigh()
}
