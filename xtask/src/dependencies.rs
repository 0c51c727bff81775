//! What may be among our dependencies: the licences, bans and sources of `deny.toml`, checked on every
//! machine. `cargo deny check` reads the same file, and the advisories besides, where it is installed.

use crate::shell::{command, root};
use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use spdx::{Expression, ParseMode};
use std::{collections::BTreeSet, fs, process::Stdio};

/// Fails with every package that `deny.toml` does not let in.
pub fn check() -> Result<()> {
    let rules = Rules::read(&fs::read_to_string(root().join("deny.toml")).context("deny.toml is missing")?)?;
    let mut cargo = command("cargo", &["metadata", "--format-version=1", "--locked", "--all-features"]);
    // What is built nowhere need not be downloaded.
    cargo.args(rules.targets.iter().flat_map(|target| ["--filter-platform", target]));
    let output = cargo.stderr(Stdio::inherit()).output().context("cargo cannot be started")?;
    ensure!(output.status.success(), "cargo metadata failed: {}", output.status);
    let packages = foreign(&serde_json::from_slice(&output.stdout)?)?;
    let wrong: Vec<String> = packages.iter().filter_map(|package| rules.refuses(package)).collect();
    if !wrong.is_empty() {
        bail!("{}", wrong.join("\n"));
    }
    let registries: BTreeSet<&str> = packages.iter().map(|package| package.source.as_str()).collect();
    ensure!(registries.len() <= 1, "packages come from more than one registry: {registries:?}");
    println!("{} packages, all with a licence and from a place that deny.toml allows", packages.len());
    Ok(())
}

/// A package that is not ours.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Package {
    name: String,
    version: String,
    source: String,
    /// As its author wrote it; some wrote none.
    licence: Option<String>,
}

struct Rules {
    targets: Vec<String>,
    allowed: BTreeSet<String>,
    banned: Vec<(String, String)>,
}

impl Rules {
    fn read(text: &str) -> Result<Self> {
        let file: toml::Table = text.parse()?;
        let part = |section: &str, key: &str| {
            let list = file.get(section).and_then(|section| section.get(key)).and_then(toml::Value::as_array);
            list.with_context(|| format!("deny.toml has no list {key} in [{section}]"))
        };
        let texts = |list: &[toml::Value]| -> Vec<String> {
            list.iter().filter_map(toml::Value::as_str).map(str::to_owned).collect()
        };
        let targets = texts(part("graph", "targets")?);
        let allowed = texts(part("licenses", "allow")?).into_iter().collect();
        let word =
            |ban: &toml::Value, key: &str| ban.get(key).and_then(toml::Value::as_str).unwrap_or_default().to_owned();
        let banned = part("bans", "deny")?.iter().map(|ban| (word(ban, "name"), word(ban, "reason"))).collect();
        Ok(Self { targets, allowed, banned })
    }

    /// Why a package may not be here.
    fn refuses(&self, package: &Package) -> Option<String> {
        let Package { name, version, source, licence } = package;
        let say = |why: &str| Some(format!("{name} {version}: {why}"));
        if !source.starts_with("registry+") {
            return say(&format!("it comes from {source}, which is no registry"));
        }
        if let Some((_, reason)) = self.banned.iter().find(|(banned, _)| banned == name) {
            return say(&format!("it is banned: {reason}"));
        }
        let Some(licence) = licence else { return say("it names no licence") };
        match Expression::parse_mode(licence, ParseMode::LAX) {
            Ok(expression) if expression.evaluate(|wanted| self.allowed.contains(&wanted.to_string())) => None,
            Ok(_) => say(&format!("its licence is {licence}, which deny.toml does not allow")),
            Err(error) => say(&format!("its licence “{licence}” cannot be read: {}", error.reason)),
        }
    }
}

/// The packages that come from elsewhere.
fn foreign(metadata: &Value) -> Result<Vec<Package>> {
    let packages = metadata.get("packages").and_then(Value::as_array).context("cargo metadata names no packages")?;
    let text = |package: &Value, key: &str| package.get(key).and_then(Value::as_str).map(str::to_owned);
    let of = |package: &Value| {
        Some(Package {
            source: text(package, "source")?,
            name: text(package, "name")?,
            version: text(package, "version")?,
            licence: text(package, "license"),
        })
    };
    Ok(packages.iter().filter_map(of).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn rules() -> Rules {
        let text = "[graph]\ntargets = []\n[licenses]\nallow = [\"MIT\", \"Apache-2.0 WITH LLVM-exception\"]\n\
                    [bans]\ndeny = [{ name = \"chrono\", reason = \"time is jiff\" }]";
        Rules::read(text).unwrap()
    }

    fn package(name: &str, licence: Option<&str>) -> Package {
        let licence = licence.map(str::to_owned);
        Package { name: name.to_owned(), version: "1.0.0".to_owned(), source: "registry+there".to_owned(), licence }
    }

    #[test]
    fn one_allowed_licence_of_several_is_enough() {
        for licence in ["MIT", "MIT OR GPL-3.0", "MIT/Apache-2.0", "Apache-2.0 WITH LLVM-exception"] {
            assert_eq!(rules().refuses(&package("leptos", Some(licence))), None, "{licence}");
        }
        for licence in [Some("GPL-3.0"), Some("MIT AND GPL-3.0"), Some("whatever I say"), None] {
            assert!(rules().refuses(&package("leptos", licence)).is_some(), "{licence:?}");
        }
    }

    #[test]
    fn what_is_banned_or_comes_from_a_repository_is_refused_with_the_reason() {
        let refusal = rules().refuses(&package("chrono", Some("MIT"))).unwrap();
        assert!(refusal.contains("time is jiff"), "{refusal}");
        let fork = Package { source: "git+there".to_owned(), ..package("leptos", Some("MIT")) };
        assert!(rules().refuses(&fork).is_some());
    }

    #[test]
    fn our_own_packages_need_no_licence_here() {
        let metadata = json!({ "packages": [
            { "name": "shared", "version": "0.1.0", "source": null, "license": null },
            { "name": "uuid", "version": "1.29.0", "source": "registry+there", "license": "MIT" },
        ] });
        let found = foreign(&metadata).unwrap();
        assert_eq!(found.iter().map(|package| package.name.as_str()).collect::<Vec<_>>(), ["uuid"]);
    }
}
