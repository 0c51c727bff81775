//! Makes a machine ready: a compiler for the browser, and for the browser tests a browser. Each is
//! proved by using it, not by asking whether it is listed.

use crate::shell::{apt_install, command, find, has, root, run, say, succeeds, target};
use anyhow::{Context, Result, bail, ensure};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

const WASM: &str = "wasm32-unknown-unknown";

/// The toolchain that can build for the browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Toolchain {
    /// The one that builds everything else.
    Usual,
    /// The distribution's, linked into rustup under its name, for networks that rustup cannot download from.
    Distribution,
}

impl Toolchain {
    /// A cargo of this toolchain, which builds into a folder of its own where it is not the usual one.
    pub fn cargo(self, arguments: &[&str]) -> Command {
        let mut command = command("cargo", arguments);
        if self == Self::Distribution {
            command.env("RUSTUP_TOOLCHAIN", DISTRIBUTION).env("CARGO_TARGET_DIR", self.target());
        }
        command
    }

    /// Where its artefacts are.
    pub fn target(self) -> PathBuf {
        match self {
            Self::Usual => target(),
            Self::Distribution => target().join(DISTRIBUTION),
        }
    }
}

const DISTRIBUTION: &str = "debian";

/// Finds or makes a toolchain that compiles and links for the browser.
pub fn wasm() -> Result<Toolchain> {
    if links(None) {
        return Ok(Toolchain::Usual);
    }
    say(&format!("adding the target {WASM} to the Rust toolchain"));
    if has("rustup") && run(&mut command("rustup", &["target", "add", WASM])).is_ok() && links(None) {
        return Ok(Toolchain::Usual);
    }
    if links(Some(DISTRIBUTION)) {
        return Ok(Toolchain::Distribution);
    }
    say("rustup cannot download the target here: taking the distribution's compiler instead");
    distribution().context(
        "this machine has no compiler for the browser: `rustup target add wasm32-unknown-unknown` failed, \
         and so did the distribution's packages",
    )?;
    ensure!(links(Some(DISTRIBUTION)), "the distribution's compiler was installed and does not link for the browser");
    Ok(Toolchain::Distribution)
}

/// Compiles and links one function for the browser.
fn links(toolchain: Option<&str>) -> bool {
    let folder = target().join("xtask");
    let (source, module) = (folder.join("probe.rs"), folder.join("probe.wasm"));
    let probe = "#[unsafe(no_mangle)] pub extern \"C\" fn probe(n: usize) -> usize { vec![n; n].len() }\n";
    if fs::create_dir_all(&folder).is_err() || fs::write(&source, probe).is_err() {
        return false;
    }
    drop(fs::remove_file(&module));
    let mut rustc = command("rustc", &["--edition=2024", "--crate-type=cdylib", "--target", WASM, "-o"]);
    rustc.arg(&module).arg(&source);
    if let Some(toolchain) = toolchain {
        rustc.env("RUSTUP_TOOLCHAIN", toolchain);
    }
    succeeds(&mut rustc) && fs::read(&module).is_ok_and(|bytes| bytes.starts_with(b"\0asm"))
}

/// Debian's compiler for the web comes without a built standard library: build it once, and put it
/// where that compiler looks.
fn distribution() -> Result<()> {
    apt_install(&["rustc-web", "cargo-web", "rust-web-src", "rust-web-llvm", "lld-22"])?;
    let scratch = target().join("xtask/std");
    fs::create_dir_all(scratch.join("src"))?;
    fs::write(scratch.join("Cargo.toml"), "[package]\nname = \"std-for-web\"\nedition = \"2024\"\n\n[workspace]\n")?;
    fs::write(scratch.join("src/lib.rs"), "")?;
    let build = ["build", "-Zbuild-std=std,panic_abort", "--target", WASM, "--release"];
    run(Command::new("/usr/bin/cargo")
        .args(build)
        .current_dir(&scratch)
        .env("RUSTC", "/usr/bin/rustc")
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_TARGET_DIR", scratch.join("target"))
        .env_remove("RUSTUP_TOOLCHAIN"))?;
    let sysroot = Command::new("/usr/bin/rustc").args(["--print", "sysroot"]).output()?.stdout;
    let libraries = Path::new(String::from_utf8(sysroot)?.trim()).join("lib/rustlib").join(WASM).join("lib");
    let built = scratch.join("target").join(WASM).join("release/deps");
    let mut copy = command("sh", &["-c", "mkdir -p \"$1\" && cp \"$2\"/*.rlib \"$2\"/*.rmeta \"$1\"", "copy"]);
    if run(copy.arg(&libraries).arg(&built)).is_err() {
        let mut copy =
            command("sudo", &["-n", "sh", "-c", "mkdir -p \"$1\" && cp \"$2\"/*.rlib \"$2\"/*.rmeta \"$1\"", "copy"]);
        run(copy.arg(&libraries).arg(&built))?;
    }
    if !has("rustup") {
        bail!("rustup is needed to switch between the two compilers: https://rustup.rs");
    }
    run(&mut command("rustup", &["toolchain", "link", DISTRIBUTION, "/usr"]))
}

/// Adds the formatter and the lints where the toolchain came without them, as rustup's minimal profile does.
pub fn components() -> Result<()> {
    for (component, subcommand) in [("rustfmt", "fmt"), ("clippy", "clippy")] {
        if !succeeds(&mut command("cargo", &[subcommand, "--version"])) {
            say(&format!("adding {component} to the Rust toolchain"));
            run(&mut command("rustup", &["component", "add", component]))?;
        }
    }
    Ok(())
}

/// Finds or installs a browser, Node.js and the packages of `end2end`; returns where the browser is.
pub fn browser() -> Result<PathBuf> {
    if !has("node") || !has("npm") {
        apt_install(&["nodejs", "npm"])?;
    }
    let chromium = || {
        let chosen = std::env::var_os("CHROMIUM").map(PathBuf::from);
        let known = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
        chosen.or_else(|| known.iter().find_map(|name| find(name)))
    };
    if chromium().is_none() {
        apt_install(&["chromium", "fonts-dejavu-core"])?;
    }
    let chromium = chromium().context("there is no Chromium here; name one in the environment variable CHROMIUM")?;
    packages()?;
    Ok(chromium)
}

/// Installs the locked packages of `end2end`, once for each lock.
pub fn packages() -> Result<()> {
    let folder = root().join("end2end");
    let lock = fs::read(folder.join("package-lock.json")).context("end2end/package-lock.json is missing")?;
    let stamp = folder.join("node_modules/.installed-lock");
    if fs::read(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    say("installing the packages of end2end");
    run(command("npm", &["ci", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(&folder))?;
    Ok(fs::write(stamp, lock)?)
}
