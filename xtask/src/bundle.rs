//! Makes of the compiled module of `app` what a browser loads: cut into pieces, bound to JavaScript, and small.
//!
//! ```text
//! app.js                the script around the first piece, and the door to it
//! app_bg.wasm           the first piece: what every page needs
//! parts.js              fetches the others
//! split_<piece>.wasm    what the pages of a piece need: app/src/pages/pieces.rs
//! chunk_<n>.wasm        what the pages of several pieces need, and not all
//! ```

use crate::{
    setup,
    shell::{command, root, run, say, succeeds},
    site::Kind,
};
use anyhow::{Result, anyhow, ensure};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};
use wasm_bindgen_cli_support::Bindgen;

/// The files of each piece, by its name.
pub type Pieces = BTreeMap<String, Vec<String>>;

/// Writes the bundle of a compiled module into a folder.
pub fn make(kind: Kind, module: &[u8], folder: &Path) -> Result<Pieces> {
    say("cutting it, and binding it to JavaScript");
    fs::create_dir_all(folder)?;
    let first = folder.join("first.wasm");
    let mut options = wasm_split_cli_support::Options::new(module);
    options.output_dir = folder;
    options.main_out_path = &first;
    options.main_module = "./app.js";
    options.link_name = "./parts.js";
    let split = wasm_split_cli_support::transform(options).map_err(|error| anyhow!("cannot cut: {error:#}"))?;
    ensure!(!split.prefetch_map.is_empty(), "no function of `app` is marked with `wasm_split`");
    let shrinker = if kind == Kind::Release { shrinker() } else { None };
    Bindgen::new()
        .input_path(&first)
        .out_name("app")
        .web(true)?
        .typescript(false)
        .omit_default_module_path(true)
        // The shrinker needs the names, and takes them out.
        .remove_name_section(kind == Kind::Release && shrinker.is_none())
        .remove_producers_section(true)
        // The others call through the table of the first, in its memory.
        .keep_lld_exports(true)
        .generate(folder)?;
    fs::remove_file(&first)?;
    if let Some(shrinker) = shrinker {
        say("shrinking the bundle");
        for piece in split.split_modules.iter().chain([&folder.join("app_bg.wasm")]) {
            shrink(&shrinker, piece)?;
        }
    }
    let files = |stems: Vec<String>| stems.into_iter().map(|stem| format!("{stem}.wasm")).collect();
    Ok(split.prefetch_map.into_iter().map(|(piece, stems)| (piece, files(stems))).collect())
}

/// The wasm-opt of `end2end`'s packages; where they cannot be installed a module stays as it is, which is valid and
/// larger.
fn shrinker() -> Option<PathBuf> {
    if let Err(error) = setup::packages() {
        say(&format!("not shrinking the bundle: {error:#}"));
        return None;
    }
    let wasm_opt = root().join("end2end/node_modules/.bin/wasm-opt");
    if !succeeds(command(&wasm_opt.to_string_lossy(), &["--version"]).env("NODE_NO_WARNINGS", "1")) {
        say("not shrinking the bundle: wasm-opt is not installed");
        return None;
    }
    Some(wasm_opt)
}

fn shrink(wasm_opt: &Path, module: &Path) -> Result<()> {
    let features = [
        "--enable-bulk-memory",
        "--enable-multivalue",
        "--enable-mutable-globals",
        "--enable-nontrapping-float-to-int",
        "--enable-reference-types",
        "--enable-sign-ext",
    ];
    let wasm_opt = |arguments: &[&str]| {
        let mut wasm_opt = command(&wasm_opt.to_string_lossy(), arguments);
        run(wasm_opt.args(features).arg(module).arg("-o").arg(module))
    };
    // The stack lies lowest, so nothing of ours is below 1024. A function inlined where it is called once no longer looks like
    // its likes, and compresses worse. What is alike stands together; for that the names are kept until then.
    wasm_opt(&[
        "-Oz",
        "--converge",
        "--low-memory-unused",
        "--one-caller-inline-max-function-size=20",
        "--reorder-functions-by-name",
        "-g",
    ])?;
    wasm_opt(&["--strip-debug", "--strip-producers"])
}
