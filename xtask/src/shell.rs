//! Running other programs, and saying so.

use anyhow::{Context, Result, ensure};
use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::OnceLock,
};

/// Announces a step.
pub fn say(what: &str) {
    println!("==> {what}");
}

/// The folder of the workspace: the one that cargo runs this for, not the one that it was built in,
/// since checkouts may share a target folder.
pub fn root() -> &'static Path {
    static ROOT: OnceLock<PathBuf> = OnceLock::new();
    ROOT.get_or_init(|| {
        let package =
            std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
        package.parent().map_or_else(|| package.clone(), Path::to_path_buf)
    })
}

/// Where cargo builds.
pub fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |folder| root().join(folder))
}

/// A command that runs in the folder of the workspace.
pub fn command(program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(root());
    command
}

/// Runs a command and fails with what it was when it fails.
pub fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot start {command:?}"))?;
    ensure!(status.success(), "{command:?} failed: {status}");
    Ok(())
}

/// Whether a command ends well; what it prints is dropped.
pub fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Whether a program is on the path.
pub fn has(program: &str) -> bool {
    find(program).is_some()
}

/// Where a program is on the path.
pub fn find(program: &str) -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?).map(|folder| folder.join(program)).find(|path| path.is_file())
}

/// Installs packages of the distribution, as root or by a `sudo` that does not ask.
pub fn apt_install(packages: &[&str]) -> Result<()> {
    ensure!(has("apt-get"), "this is no Debian or Ubuntu: install {} by hand and try again", packages.join(", "));
    let root = succeeds(Command::new("sh").args(["-c", "[ \"$(id -u)\" = 0 ]"]));
    let sudo = !root && succeeds(Command::new("sudo").args(["-n", "true"]));
    ensure!(
        root || sudo,
        "{} must be installed; run: sudo apt-get install {}",
        packages.join(", "),
        packages.join(" ")
    );
    say(&format!("installing {} with apt-get", packages.join(", ")));
    let apt = |arguments: &[&str]| {
        let mut words =
            if sudo { vec!["sudo", "-n", "--preserve-env=DEBIAN_FRONTEND", "apt-get"] } else { vec!["apt-get"] };
        words.extend(arguments);
        let mut command = Command::new(words.first().copied().unwrap_or("apt-get"));
        command.args(words.iter().skip(1)).env("DEBIAN_FRONTEND", "noninteractive");
        command
    };
    let install = || run(apt(&["install", "--yes", "--no-install-recommends", "-qq"]).args(packages));
    install().or_else(|_| {
        run(&mut apt(&["update", "-qq"]))?;
        install()
    })
}
