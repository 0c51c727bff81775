//! What a reader of the server may count on, read from the text of its sources.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::{Path, PathBuf};

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn nothing_outside_the_store_knows_its_engine() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut found = Vec::new();
    for folder in ["server/src", "app/src", "shared/src"] {
        sources(&root.join(folder), &mut found);
    }
    let store = root.join("server/src/store");
    let (inside, outside): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|path| path.starts_with(&store) || *path == store.with_extension("rs"));
    let names = |path: &PathBuf| std::fs::read_to_string(path).unwrap().to_lowercase().contains("sled");
    assert!(inside.iter().any(names), "the engine has another name now: this test looks for the old one");
    let knowing: Vec<_> = outside.into_iter().filter(names).collect();
    assert!(knowing.is_empty(), "{knowing:?}");
}
