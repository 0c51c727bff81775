//! Builds the browser's half of the product into `target/site`: the bundle, the style sheet and the
//! files of `style/`, each under a name that carries its hash, with `assets.json` to find them by.

use crate::{
    bundle, setup,
    shell::{root, run, say, target},
};
use anyhow::{Context, Result};
use flate2::{Compression, write::GzEncoder};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::{
    collections::BTreeSet,
    fs,
    io::Write,
    path::{Path, PathBuf},
};

/// How much care the bundle gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Quick to build.
    Dev,
    /// Small to download.
    Release,
}

impl Kind {
    fn profile(self) -> &'static str {
        match self {
            Self::Dev => "wasm-dev",
            Self::Release => "wasm-release",
        }
    }
}

/// The addresses of a bundle, as the list has them.
#[derive(Debug, Serialize, Deserialize)]
struct Bundle {
    script: String,
    wasm: String,
    pieces: bundle::Pieces,
}

/// Which files a piece is in; beside the bundle, for the next build that finds it as it was.
const PIECES: &str = "pieces.json";

/// Builds the site and puts it in the place of the old one.
pub fn build(kind: Kind) -> Result<()> {
    let module = compile(kind)?;
    let site = target().join("site");
    let fresh = target().join("site.new");
    if fresh.exists() {
        fs::remove_dir_all(&fresh)?;
    }
    fs::create_dir_all(&fresh)?;

    let bundle = bundle(kind, &module, &site, &fresh)?;
    let mut files = Map::new();
    let style = styles(&root().join("style"), &fresh, &mut files)?;
    squeeze(kind, &fresh)?;
    let list = json!({ "style": style, "bundle": bundle, "files": files });
    fs::write(fresh.join("assets.json"), serde_json::to_vec_pretty(&list)?)?;

    if site.exists() {
        fs::remove_dir_all(&site)?;
    }
    fs::rename(&fresh, &site)?;
    report(&site, &[&bundle.script, &bundle.wasm, &style])?;
    for piece in bundle.pieces.keys() {
        let [raw, brotli] = weight(&site, &bundle, piece)?;
        println!("    a page of {piece}: {raw} KiB, brotli {brotli} KiB");
    }
    Ok(())
}

/// Compiles `app` for the browser.
fn compile(kind: Kind) -> Result<PathBuf> {
    let toolchain = setup::wasm()?;
    say("building the bundle for the browser");
    let mut cargo = toolchain.cargo(&["build", "--package=app", "--lib", "--features=hydrate"]);
    run(cargo.args(["--target=wasm32-unknown-unknown", "--profile", kind.profile()]))?;
    Ok(toolchain.target().join("wasm32-unknown-unknown").join(kind.profile()).join("app.wasm"))
}

/// Makes of a compiled module what a browser loads. The names are those of the content and of how it is made: a module
/// that was bundled before is taken from the old site, since splitting, binding, optimising and compressing take longer
/// than everything else here.
fn bundle(kind: Kind, module: &Path, old: &Path, fresh: &Path) -> Result<Bundle> {
    let bytes = fs::read(module).with_context(|| format!("cannot read {}", module.display()))?;
    let mut content = bytes.clone();
    content.extend(kind.profile().bytes());
    content.extend(include_bytes!("bundle.rs"));
    let folder = format!("pkg/{}", hash(&content));
    let (known, place) = (old.join(&folder), fresh.join(&folder));
    let pieces = if known.join("app_bg.wasm.gz").is_file() {
        fs::create_dir_all(fresh.join("pkg"))?;
        copy_folder(&known, &place)?;
        serde_json::from_slice(&fs::read(place.join(PIECES))?)?
    } else {
        let pieces = bundle::make(kind, &bytes, &place)?;
        fs::write(place.join(PIECES), serde_json::to_vec(&pieces)?)?;
        pieces
    };
    let address = |name: String| format!("/{folder}/{name}");
    let addresses = |files: Vec<String>| files.into_iter().map(address).collect();
    Ok(Bundle {
        script: address("app.js".to_owned()),
        wasm: address("app_bg.wasm".to_owned()),
        pieces: pieces.into_iter().map(|(piece, files): (_, Vec<_>)| (piece, addresses(files))).collect(),
    })
}

/// Writes everything of `style/` that is no style sheet, then the style sheets in one piece that
/// names those files by where they are now.
fn styles(folder: &Path, fresh: &Path, files: &mut Map<String, Value>) -> Result<String> {
    let mut names = Vec::new();
    list(folder, "", &mut names)?;
    names.sort();
    let mut sheet = inline_imports(&folder.join("main.css"))?;
    for name in names {
        let address = place(fresh, &name, &fs::read(folder.join(&name))?)?;
        sheet = sheet.replace(&format!("url(\"{name}\")"), &format!("url(\"{address}\")"));
        files.insert(name, address.into());
    }
    place(fresh, "main.css", sheet.as_bytes())
}

/// The files that a browser may ask for, by their names below `style/`.
fn list(folder: &Path, below: &str, names: &mut Vec<String>) -> Result<()> {
    const SERVED: [&str; 6] = ["svg", "png", "ico", "woff2", "webmanifest", "js"];
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let entry = entry?;
        let name = format!("{below}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            list(&entry.path(), &format!("{name}/"), names)?;
        } else if entry.path().extension().is_some_and(|kind| SERVED.iter().any(|served| kind == *served)) {
            names.push(name);
        }
    }
    Ok(())
}

/// Writes a file under a name that carries its hash, and returns its address.
fn place(fresh: &Path, name: &str, bytes: &[u8]) -> Result<String> {
    let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
    let address = format!("/style/{stem}.{}.{extension}", hash(bytes));
    let path = fresh.join(address.trim_start_matches('/'));
    fs::create_dir_all(path.parent().unwrap_or(fresh))?;
    fs::write(path, bytes)?;
    Ok(address)
}

/// A style sheet with the files that it imports in their places, so that a page asks for one.
fn inline_imports(path: &Path) -> Result<String> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut whole = String::with_capacity(text.len());
    for line in text.lines() {
        if let Some(name) = imported(line) {
            whole.push_str(&inline_imports(&path.with_file_name(name))?);
        } else {
            whole.push_str(line);
            whole.push('\n');
        }
    }
    Ok(whole)
}

/// The file that a line such as `@import url("parts.css");` asks for.
fn imported(line: &str) -> Option<&str> {
    let rest = line.trim().strip_prefix("@import ")?;
    rest.strip_prefix("url(").unwrap_or(rest).strip_prefix('"')?.split('"').next()
}

/// Writes the compressed twins of everything that shrinks.
fn squeeze(kind: Kind, folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            squeeze(kind, &path)?;
            continue;
        }
        let twin = |suffix: &str| PathBuf::from(format!("{}.{suffix}", path.display()));
        let shrinks =
            path.extension().is_some_and(|kind| ["js", "wasm", "css", "svg"].iter().any(|known| kind == *known));
        if !shrinks || twin("gz").exists() {
            continue;
        }
        let bytes = fs::read(&path)?;
        let (quality, level) = match kind {
            Kind::Dev => (3, Compression::fast()),
            Kind::Release => (11, Compression::best()),
        };
        let mut brotli = Vec::new();
        brotli::CompressorWriter::new(&mut brotli, 1 << 16, quality, 22).write_all(&bytes)?;
        fs::write(twin("br"), brotli)?;
        let mut gzip = GzEncoder::new(Vec::new(), level);
        gzip.write_all(&bytes)?;
        fs::write(twin("gz"), gzip.finish()?)?;
    }
    Ok(())
}

/// Says what each file costs, as it is and compressed.
fn report(site: &Path, addresses: &[&str]) -> Result<()> {
    for address in addresses {
        let [raw, brotli, gzip] = [size(site, address, "")?, size(site, address, ".br")?, size(site, address, ".gz")?];
        println!("    {address}: {raw} KiB, brotli {brotli} KiB, gzip {gzip} KiB");
    }
    Ok(())
}

/// Sets the bundle that was built against what it may weigh: what has to come before a page comes to life. The portfolio,
/// where people arrive, is held to it; what other pages weigh is told (docs/adr/0014-the-bundle-comes-in-pieces.md).
pub fn weigh() -> Result<()> {
    const ALLOWED: u64 = 500;
    let site = target().join("site");
    let list: Value = serde_json::from_slice(&fs::read(site.join("assets.json"))?)?;
    let bundle: Bundle =
        serde_json::from_value(list.get("bundle").cloned().unwrap_or_default()).context("no bundle was built")?;
    let say = |what: &str, [raw, brotli]: [u64; 2]| {
        let share = brotli * 100 / ALLOWED;
        println!("bundle, {what}: {raw} KiB raw, {brotli} KiB brotli, {share}% of the {ALLOWED} KiB allowed");
    };
    say("the portfolio", sizes(&site, [&bundle.wasm])?);
    for piece in bundle.pieces.keys() {
        say(&format!("a page of {piece}"), weight(&site, &bundle, piece)?);
    }
    let files: BTreeSet<_> = bundle.pieces.values().flatten().chain([&bundle.wasm]).collect();
    let [raw, brotli] = sizes(&site, files)?;
    println!("bundle, all of it: {raw} KiB raw, {brotli} KiB brotli");
    Ok(())
}

/// What has to come before a page of a piece comes to life, in KiB, as it is and as brotli.
fn weight(site: &Path, bundle: &Bundle, piece: &str) -> Result<[u64; 2]> {
    sizes(site, bundle.pieces.get(piece).into_iter().flatten().chain([&bundle.wasm]))
}

fn sizes<'a>(site: &Path, files: impl IntoIterator<Item = &'a String>) -> Result<[u64; 2]> {
    files
        .into_iter()
        .try_fold([0, 0], |[raw, brotli], file| Ok([raw + size(site, file, "")?, brotli + size(site, file, ".br")?]))
}

/// The size of a file of the site, in KiB.
fn size(site: &Path, address: &str, suffix: &str) -> Result<u64> {
    let path = site.join(format!("{}{suffix}", address.trim_start_matches('/')));
    Ok(fs::metadata(&path).with_context(|| format!("cannot read {}", path.display()))?.len().div_ceil(1024))
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let place = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &place)?;
        } else {
            fs::copy(entry.path(), place)?;
        }
    }
    Ok(())
}

/// Enough of SHA-256 to tell two builds apart.
fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_import_names_a_file() {
        assert_eq!(imported("@import \"tokens.css\";"), Some("tokens.css"));
        assert_eq!(imported("@import url(\"parts.css\");"), Some("parts.css"));
        assert_eq!(imported("body { color: red }"), None);
    }
}
