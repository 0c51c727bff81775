//! Where the browser finds the product's files: the bundle, the style sheet, the icons. Their names
//! carry a hash of their content, so a browser may keep them for ever and never shows an old one.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The addresses that `cargo xtask site` wrote into `assets.json`, each an absolute path.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assets {
    /// The style sheet, all files of `style/` in one.
    pub style: Option<String>,
    /// The script that loads the bundle, and the bundle. Without them pages read and forms work.
    pub bundle: Option<Bundle>,
    /// Everything else in `style/`, by its name there: `"icons.svg"`.
    #[serde(default)]
    pub files: BTreeMap<String, String>,
}

/// The files of the browser's side, built together and useless apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bundle {
    pub script: String,
    /// What every page needs.
    pub wasm: String,
    /// The files of each piece, by [its name](crate::pages::pieces::Piece::name).
    #[serde(default)]
    pub pieces: BTreeMap<String, Vec<String>>,
}

/// The address of a file of `style/`, such as `"icons.svg"`; the plain name where nothing was built.
#[must_use]
pub fn use_asset(name: &str) -> String {
    use_context::<Assets>().and_then(|assets| assets.files.get(name).cloned()).unwrap_or_else(|| format!("/{name}"))
}
