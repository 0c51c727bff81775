//! Prose is tested like code: a path that a document names in backticks exists.

use crate::shell::root;
use anyhow::{Context, Result, bail};
use std::fs;

const DOCUMENTS: [&str; 3] = ["ARCHITECTURE.md", "CONTRIBUTING.md", "README.md"];

/// Fails with every path that a document names and the repository does not have.
pub fn check() -> Result<()> {
    let mut missing = Vec::new();
    let mut seen = 0;
    for document in DOCUMENTS {
        let text = fs::read_to_string(root().join(document)).with_context(|| format!("{document} is missing"))?;
        for (number, line) in text.lines().enumerate() {
            for path in paths(line) {
                seen += 1;
                if !root().join(path).exists() {
                    missing.push(format!("{document}:{}: `{path}` does not exist", number + 1));
                }
            }
        }
    }
    if !missing.is_empty() {
        bail!("{}", missing.join("\n"));
    }
    println!("{seen} paths in {} exist", DOCUMENTS.join(", "));
    Ok(())
}

/// The words in backticks and the targets of links that look like paths of this repository: they
/// begin with one of its folders, or are one of its files. A pattern (`*`, `<page>`) names no file.
fn paths(line: &str) -> impl Iterator<Item = &str> {
    const FOLDERS: [&str; 9] =
        [".cargo/", ".ci/", "app/", "docs/", "end2end/", "server/", "shared/", "style/", "xtask/"];
    let quoted = line.split('`').skip(1).step_by(2);
    let linked = line.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next());
    quoted.chain(linked).map(|word| word.trim_start_matches("./")).filter(|word| {
        FOLDERS.iter().any(|folder| word.starts_with(folder)) && !word.contains(['*', '<', '{', ' ', '…', '#'])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_found_in_backticks_and_in_links() {
        let line = "See `shared/src/lib.rs`, [the houses](docs/adr/1.md#why), `cargo test` and `app/src/pages/*.rs`.";
        assert_eq!(paths(line).collect::<Vec<_>>(), ["shared/src/lib.rs", "docs/adr/1.md"]);
    }
}
