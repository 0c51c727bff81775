//! The power cut: a process under `powercut.c`, and the directory as it is once the power is back.

use std::collections::HashMap;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use crate::crash::{Dice, start};

/// A directory under a power cut.
pub struct PowerCut {
    pub root: PathBuf,
    pub shadow: PathBuf,
    library: PathBuf,
    space: tempfile::TempDir,
    images: u32,
}

impl PowerCut {
    pub fn new() -> Self {
        let space = tempfile::tempdir().expect("a directory");
        let here = space.path().canonicalize().expect("a path");
        let (root, shadow, library) = (here.join("root"), here.join("shadow"), here.join("powercut.so"));
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/store/powercut.c");
        let compiled = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-o"])
            .arg(&library)
            .arg(source)
            .args(["-ldl", "-lpthread"])
            .status();
        assert!(compiled.expect("a C compiler").success(), "the shim compiles");
        std::fs::create_dir(&root).expect("a directory");
        std::fs::create_dir(&shadow).expect("a directory");
        Self { root, shadow, library, space, images: 0 }
    }

    /// Starts a process for which the power goes at an event; 0 is never. What is there at its start is durable.
    pub fn start(&self, role: &str, from: u64, groups: u64, at: u64, seed: u64, more: &[(&str, String)]) -> Child {
        let mut all = vec![
            ("LD_PRELOAD", self.library.display().to_string()),
            ("POWERCUT_ROOT", self.root.display().to_string()),
            ("POWERCUT_SHADOW", self.shadow.display().to_string()),
            ("POWERCUT_AT", at.to_string()),
            ("POWERCUT_SEED", seed.to_string()),
            ("POWERCUT_ADOPT", "1".to_owned()),
        ];
        all.extend_from_slice(more);
        start(role, &self.root, from, groups, &all)
    }

    /// How many events a process that ended by itself had.
    pub fn count(&self) -> u64 {
        std::fs::read_to_string(self.shadow.join("count")).expect("it ended by itself").parse().expect("a number")
    }

    /// Puts what survived in the place of what was there, and forgets the rest. When `lucky`, any sector and any name that
    /// was not synced may have survived too.
    pub fn power_goes(&mut self, lucky: bool, dice: &mut Dice) {
        let mut paths = HashMap::new();
        find(&self.root, &mut paths);
        let image = self.space.path().join(format!("image-{}", self.images));
        self.images += 1;
        let inode = std::fs::metadata(&self.root).expect("there").ino();
        let survey = Survey { shadow: &self.shadow, paths: &paths, lucky };
        survey.dir(inode, &self.root, &image, dice);
        std::fs::remove_dir_all(&self.root).expect("removed");
        std::fs::remove_dir_all(&self.shadow).expect("removed");
        std::fs::rename(&image, &self.root).expect("renamed");
        std::fs::create_dir(&self.shadow).expect("a directory");
    }

    /// What is durable of files that have lost their name.
    pub fn nameless(&self) -> Vec<Vec<u8>> {
        let entries =
            std::fs::read_dir(&self.shadow).expect("a directory").map(|entry| entry.expect("an entry").file_name());
        let pins = entries.filter_map(|name| Some(name.to_str()?.strip_prefix("p-")?.to_owned()));
        pins.map(|inode| std::fs::read(self.shadow.join(format!("i-{inode}"))).unwrap_or_default()).collect()
    }

    /// Begins anew with an empty directory.
    pub fn clear(&mut self) {
        for dir in [&self.root, &self.shadow] {
            std::fs::remove_dir_all(dir).expect("removed");
            std::fs::create_dir(dir).expect("a directory");
        }
    }
}

struct Survey<'a> {
    shadow: &'a Path,
    paths: &'a HashMap<u64, PathBuf>,
    lucky: bool,
}

impl Survey<'_> {
    fn dir(&self, inode: u64, now: &Path, to: &Path, dice: &mut Dice) {
        std::fs::create_dir(to).expect("a directory");
        let durable = std::fs::read_to_string(self.shadow.join(format!("d-{inode}"))).unwrap_or_default();
        let names: Vec<(bool, u64, String)> = if self.lucky && dice.roll(2) == 0 {
            let entries = std::fs::read_dir(now).into_iter().flatten().map(|entry| entry.expect("an entry"));
            let seen = entries.map(|entry| {
                (
                    entry.path().is_dir(),
                    entry.metadata().expect("there").ino(),
                    entry.file_name().into_string().expect("UTF-8"),
                )
            });
            seen.collect()
        } else {
            let lines = durable.lines().map(|line| {
                let mut words = line.splitn(3, ' ');
                let mut word = || words.next().expect("three words");
                (word() == "d", word().parse().expect("a number"), word().to_owned())
            });
            lines.collect()
        };
        for (is_dir, inode, name) in names {
            if is_dir {
                let now = self.paths.get(&inode).cloned().unwrap_or_else(|| now.join(&name));
                self.dir(inode, &now, &to.join(name), dice);
            } else {
                std::fs::write(to.join(name), self.file(inode, dice)).expect("written");
            }
        }
    }

    fn file(&self, inode: u64, dice: &mut Dice) -> Vec<u8> {
        let mut survived = std::fs::read(self.shadow.join(format!("i-{inode}"))).unwrap_or_default();
        if !self.lucky {
            return survived;
        }
        let pinned = self.shadow.join(format!("p-{inode}"));
        let current = std::fs::read(self.paths.get(&inode).unwrap_or(&pinned)).unwrap_or_default();
        for (number, sector) in current.chunks(512).enumerate() {
            let range = number * 512..number * 512 + sector.len();
            if survived.get(range.clone()) != Some(sector) && dice.roll(2) == 0 {
                survived.resize(survived.len().max(range.end), 0);
                survived[range].copy_from_slice(sector);
            }
        }
        if current.len() < survived.len() && dice.roll(2) == 0 {
            survived.truncate(current.len());
        }
        survived
    }
}

fn find(dir: &Path, paths: &mut HashMap<u64, PathBuf>) {
    for entry in std::fs::read_dir(dir).expect("a directory") {
        let entry = entry.expect("an entry");
        paths.insert(entry.metadata().expect("there").ino(), entry.path());
        if entry.path().is_dir() {
            find(&entry.path(), paths);
        }
    }
}
