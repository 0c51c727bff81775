//! Sealing and forgetting: what is forgotten is in no file, and nothing else is lost by it.
#![expect(clippy::expect_used, reason = "a test stops at what it did not expect")]

use std::path::Path;

use server::store::keyring::{Keyring, KeyringError, SlotId};

fn files(dir: &Path) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let entries = std::fs::read_dir(dir).expect("a directory");
    entries
        .map(|entry| entry.expect("an entry").path())
        .map(|path| (path.clone(), std::fs::read(&path).expect("a file")))
        .collect()
}

fn contains(dir: &Path, needle: &[u8]) -> bool {
    files(dir).iter().any(|(_, bytes)| bytes.windows(needle.len()).any(|window| window == needle))
}

#[test]
fn what_is_sealed_opens_under_its_own_slot_and_meaning_only() {
    let dir = tempfile::tempdir().expect("a directory");
    let ring = Keyring::at(dir.path()).expect("it opens");
    let (anna, boris) = (ring.reserve().expect("a slot"), ring.reserve().expect("a slot"));
    let sealed = ring.seal(anna, b"event 7, name", b"Anna Petrova").expect("sealed");
    assert!(!sealed.windows(4).any(|window| window == b"Anna"));
    assert_eq!(ring.open(anna, b"event 7, name", &sealed).expect("opens"), Some(b"Anna Petrova".to_vec()));
    assert!(matches!(ring.open(anna, b"event 8, name", &sealed), Err(KeyringError::Forged { .. })));
    assert!(matches!(ring.open(boris, b"event 7, name", &sealed), Err(KeyringError::Forged { .. })));
    for bit in 0..sealed.len() * 8 {
        let mut bent = sealed.clone();
        bent[bit / 8] ^= 1 << (bit % 8);
        assert!(ring.open(anna, b"event 7, name", &bent).is_err(), "bit {bit}");
    }
    assert_ne!(ring.seal(anna, b"", b"x").expect("sealed"), ring.seal(anna, b"", b"x").expect("sealed"));
}

#[test]
fn slots_and_keys_survive_a_restart_and_no_slot_is_given_out_twice() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut seen = std::collections::HashSet::new();
    let mut sealed = Vec::new();
    for _ in 0..4 {
        let ring = Keyring::at(dir.path()).expect("it opens");
        for _ in 0..300 {
            let slot = ring.reserve().expect("a slot");
            assert!(seen.insert(slot), "{slot:?} twice");
            sealed.push((slot, ring.seal(slot, b"", &slot.to_le_bytes()).expect("sealed")));
        }
        for (slot, bytes) in &sealed {
            assert_eq!(ring.open(*slot, b"", bytes).expect("opens"), Some(slot.to_le_bytes().to_vec()));
        }
    }
}

#[test]
fn a_forgotten_key_is_in_no_file_and_the_others_still_open() {
    let dir = tempfile::tempdir().expect("a directory");
    let ring = Keyring::at(dir.path()).expect("it opens");
    let slots: Vec<SlotId> = (0..200).map(|_| ring.reserve().expect("a slot")).collect();
    let sealed: Vec<_> = slots.iter().map(|slot| ring.seal(*slot, b"aad", b"Boris Ivanov").expect("sealed")).collect();
    let key = ring.key(slots[70]).expect("readable").expect("there");
    let before = files(dir.path());
    let master = before.iter().find(|(path, _)| path.to_string_lossy().contains("master-")).expect("a master key").1
        [16..48]
        .to_vec();
    let page =
        before.iter().find(|(path, _)| path.to_string_lossy().contains("ring-0")).expect("a ring").1[32..96].to_vec();
    // A second name for each file shows what became of its bytes.
    let aside = tempfile::tempdir().expect("a directory");
    for (path, _) in before.iter().filter(|(path, _)| !path.ends_with("ring.lock")) {
        std::fs::hard_link(path, aside.path().join(path.file_name().expect("a name"))).expect("linked");
    }
    ring.forget(&[slots[70], slots[3]]).expect("forgotten");
    let old = files(aside.path());
    assert!(old.len() == 2 && old.iter().all(|(_, bytes)| bytes.iter().all(|byte| *byte == 0)), "overwritten");
    ring.forget(&[slots[70]]).expect("forgetting again is nothing");
    let check = |ring: &Keyring| {
        for (slot, bytes) in slots.iter().zip(&sealed) {
            let expected = (*slot != slots[70] && *slot != slots[3]).then(|| b"Boris Ivanov".to_vec());
            assert_eq!(ring.open(*slot, b"aad", bytes).expect("readable"), expected, "{slot:?}");
        }
        assert!(matches!(ring.seal(slots[70], b"", b"x"), Err(KeyringError::Forgotten { .. })));
        assert!(ring.key(slots[70]).expect("readable").is_none());
    };
    check(&ring);
    let next = ring.reserve().expect("a slot");
    assert!(!slots.contains(&next));
    drop(ring);
    for secret in [key.as_slice(), &master, &page, b"Boris"] {
        assert!(!contains(dir.path(), secret));
    }
    let names: Vec<_> =
        files(dir.path()).into_iter().map(|(path, _)| path.file_name().expect("a name").to_owned()).collect();
    assert_eq!(names.len(), 3, "{names:?}");
    check(&Keyring::at(dir.path()).expect("it opens"));
}

#[test]
fn keys_made_after_forgetting_survive_a_restart() {
    let dir = tempfile::tempdir().expect("a directory");
    let ring = Keyring::at(dir.path()).expect("it opens");
    let first = ring.create(300).expect("slots");
    ring.forget(&first[..2]).expect("forgotten");
    let later = ring.create(600).expect("slots");
    let sealed: Vec<_> = later.iter().map(|slot| ring.seal(*slot, b"", b"x").expect("sealed")).collect();
    drop(ring);
    let ring = Keyring::at(dir.path()).expect("it opens");
    for (slot, bytes) in later.iter().zip(&sealed) {
        assert_eq!(ring.open(*slot, b"", bytes).expect("opens"), Some(b"x".to_vec()));
    }
    assert_eq!(first.iter().filter(|slot| ring.holds(**slot)).count(), 298);
}

#[test]
fn a_keyring_that_is_older_than_the_log_is_refused() {
    let dir = tempfile::tempdir().expect("a directory");
    let ring = Keyring::at(dir.path()).expect("it opens");
    let slot = ring.reserve().expect("a slot");
    ring.use_slots_up_to(slot).expect("it has it");
    assert!(matches!(ring.use_slots_up_to(1_000_000), Err(KeyringError::Unknown { .. })));
    assert!(matches!(ring.key(1_000_000), Err(KeyringError::Unknown { .. })));
}

#[test]
fn one_process_has_the_keyring_at_a_time() {
    let dir = tempfile::tempdir().expect("a directory");
    let ring = Keyring::at(dir.path()).expect("it opens");
    assert!(matches!(Keyring::at(dir.path()), Err(KeyringError::Locked { .. })));
    drop(ring);
    Keyring::at(dir.path()).expect("it opens");
}

#[test]
fn a_flipped_bit_loses_keys_loudly_and_never_looks_like_forgetting() {
    let dir = tempfile::tempdir().expect("a directory");
    let ring = Keyring::at(dir.path()).expect("it opens");
    let slots: Vec<SlotId> = (0..256).map(|_| ring.reserve().expect("a slot")).collect();
    drop(ring);
    for (path, bytes) in files(dir.path()) {
        for at in (0..bytes.len()).step_by(1 + bytes.len() / 60) {
            let mut bent = bytes.clone();
            bent[at] ^= 1 << (at % 8);
            std::fs::write(&path, &bent).expect("written");
            let noticed = match Keyring::at(dir.path()) {
                Ok(ring) => slots.iter().any(|slot| ring.key(*slot).is_err()),
                Err(_) => true,
            };
            assert!(noticed, "byte {at} of {}", path.display());
        }
        std::fs::write(&path, &bytes).expect("written");
    }
}

#[test]
fn a_copy_opens_elsewhere() {
    let (dir, other) = (tempfile::tempdir().expect("a directory"), tempfile::tempdir().expect("a directory"));
    let ring = Keyring::at(dir.path()).expect("it opens");
    let slot = ring.reserve().expect("a slot");
    let sealed = ring.seal(slot, b"", b"x").expect("sealed");
    // While the keyring is in use.
    Keyring::copy(dir.path(), other.path()).expect("copied");
    assert!(Keyring::copy(dir.path(), other.path()).is_err());
    let copy = Keyring::at(other.path()).expect("it opens");
    assert_eq!(copy.open(slot, b"", &sealed).expect("opens"), Some(b"x".to_vec()));
}

#[test]
#[cfg(unix)]
fn keys_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().expect("a directory");
    let keys = dir.path().join("keys");
    let ring = Keyring::at(&keys).expect("it opens");
    ring.forget(&[ring.reserve().expect("a slot")]).expect("forgotten");
    assert_eq!(std::fs::metadata(&keys).expect("there").permissions().mode() & 0o777, 0o700);
    for (path, _) in files(&keys) {
        assert_eq!(std::fs::metadata(&path).expect("there").permissions().mode() & 0o077, 0, "{}", path.display());
    }
}

/// The ring of a keyring that was made and used: its path and bytes.
fn ring_of(dir: &Path) -> (std::path::PathBuf, Vec<u8>) {
    files(dir).into_iter().find(|(path, _)| path.to_string_lossy().contains("ring-0")).expect("a ring")
}

#[test]
fn a_page_whose_write_was_interrupted_leaves_no_hole() {
    let dir = tempfile::tempdir().expect("a directory");
    let ring = Keyring::at(dir.path()).expect("it opens");
    let first = ring.create(256).expect("slots");
    let sealed = ring.seal(first[0], b"", b"x").expect("sealed");
    drop(ring);
    let (path, whole) = ring_of(dir.path());
    for torn in [vec![7; 900], vec![0; 2_096], [vec![7; 1_000], vec![0; 1_096]].concat(), vec![7; 3]] {
        std::fs::write(&path, [whole.as_slice(), &torn].concat()).expect("written");
        let ring = Keyring::at(dir.path()).expect("it opens");
        let later = ring.create(70).expect("slots");
        assert!(later.iter().all(|slot| !first.contains(slot)));
        let more = ring.seal(later[69], b"", b"y").expect("sealed");
        drop(ring);
        let ring = Keyring::at(dir.path()).expect("it opens");
        assert_eq!(ring.open(first[0], b"", &sealed).expect("opens"), Some(b"x".to_vec()));
        assert_eq!(ring.open(later[69], b"", &more).expect("opens"), Some(b"y".to_vec()));
        drop(ring);
        assert_eq!(ring_of(dir.path()).1.len() % 2_096, 32, "whole pages only");
    }
}

#[test]
fn a_page_that_rotted_is_lost_and_never_cut_off_and_the_others_open() {
    for page in [1, 3] {
        let dir = tempfile::tempdir().expect("a directory");
        let ring = Keyring::at(dir.path()).expect("it opens");
        let slots = ring.create(256).expect("slots");
        drop(ring);
        let (path, mut bytes) = ring_of(dir.path());
        bytes[32 + page * 2_096 + 500] ^= 1;
        std::fs::write(&path, &bytes).expect("written");
        let ring = Keyring::at(dir.path()).expect("it opens");
        let is_lost = |ring: &Keyring| matches!(ring.key(slots[page * 64]), Err(KeyringError::Damaged { .. }));
        assert!(is_lost(&ring));
        assert!(ring.key(slots[0]).expect("readable").is_some());
        assert_eq!(ring_of(dir.path()).1, bytes, "what can be looked into is kept");
        // Forgetting somebody else does not turn what is lost into what was forgotten, or never was.
        ring.forget(&[slots[10]]).expect("forgotten");
        drop(ring);
        assert!(is_lost(&Keyring::at(dir.path()).expect("it opens")));
    }
}

#[test]
fn a_lost_ring_never_costs_the_master_key() {
    let dir = tempfile::tempdir().expect("a directory");
    let ring = Keyring::at(dir.path()).expect("it opens");
    let slot = ring.reserve().expect("a slot");
    drop(ring);
    let (path, bytes) = ring_of(dir.path());
    std::fs::remove_file(&path).expect("removed");
    let before = files(dir.path());
    let refused = Keyring::at(dir.path());
    assert!(
        matches!(&refused, Err(KeyringError::Damaged { why }) if why.contains("ring-0000000001 is missing")),
        "{refused:?}"
    );
    assert_eq!(files(dir.path()), before, "nothing was made or changed");
    std::fs::write(path, bytes).expect("put back");
    assert!(Keyring::at(dir.path()).expect("it opens").key(slot).expect("readable").is_some());
}

#[test]
fn making_a_keyring_is_finished_where_it_was_interrupted() {
    let dir = tempfile::tempdir().expect("a directory");
    drop(Keyring::at(dir.path()).expect("it opens"));
    std::fs::remove_file(dir.path().join("master-0000000001")).expect("removed");
    Keyring::at(dir.path()).expect("it opens").reserve().expect("a slot");
}

#[test]
fn a_copy_that_somebody_put_beside_the_keys_is_not_destroyed() {
    let dir = tempfile::tempdir().expect("a directory");
    let ring = Keyring::at(dir.path()).expect("it opens");
    let slot = ring.reserve().expect("a slot");
    for name in ["ring-0000000001.bak", "master-key-of-anna", "ring-old"] {
        std::fs::write(dir.path().join(name), b"kept").expect("written");
    }
    ring.forget(&[slot]).expect("forgotten");
    drop(ring);
    drop(Keyring::at(dir.path()).expect("it opens"));
    for name in ["ring-0000000001.bak", "master-key-of-anna", "ring-old"] {
        assert_eq!(std::fs::read(dir.path().join(name)).expect("there"), b"kept");
    }
}

#[test]
fn whoever_only_looks_sees_every_key_and_changes_nothing() {
    let dir = tempfile::tempdir().expect("a directory");
    let ring = Keyring::at(dir.path()).expect("it opens");
    let slots = ring.create(70).expect("slots");
    ring.forget(&slots[..1]).expect("forgotten");
    let look = Keyring::look(dir.path()).expect("it is there");
    assert!(!look.holds(slots[0]) && slots[1..].iter().all(|slot| look.holds(*slot)));
    assert!(matches!(Keyring::look(dir.path()).expect("it is there").create(1_000), Err(KeyringError::Closed)));
    assert!(matches!(look.forget(&slots[1..2]), Err(KeyringError::Closed)));
    assert!(ring.holds(slots[1]));
    assert!(Keyring::look(&dir.path().join("nowhere")).is_err());
}

/// `STORE_FIXTURE=v2 cargo nextest run -E 'test(a_keyring_of_every_format)'` makes the fixture of a new format.
#[test]
fn a_keyring_of_every_format_that_was_ever_released_opens() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/store/keyrings");
    let copy = |from: &Path, to: &Path| {
        std::fs::create_dir_all(to).expect("a directory");
        for (path, bytes) in files(from).into_iter().filter(|(path, _)| !path.ends_with("ring.lock")) {
            std::fs::write(to.join(path.file_name().expect("a name")), bytes).expect("written");
        }
    };
    if let Ok(name) = std::env::var("STORE_FIXTURE") {
        let dir = tempfile::tempdir().expect("a directory");
        let ring = Keyring::at(dir.path()).expect("it opens");
        let slots = ring.create(70).expect("slots");
        let sealed = ring.seal(slots[65], b"fixture", b"Anna Petrova").expect("sealed");
        std::fs::write(dir.path().join("sealed"), sealed).expect("written");
        ring.forget(&slots[5..6]).expect("forgotten");
        copy(dir.path(), &fixtures.join(name));
    }
    let mut opened = 0;
    for entry in std::fs::read_dir(fixtures).expect("fixtures") {
        let dir = tempfile::tempdir().expect("a directory");
        copy(&entry.expect("an entry").path(), dir.path());
        let sealed = std::fs::read(dir.path().join("sealed")).expect("there");
        let ring = Keyring::at(dir.path()).expect("it opens");
        assert_eq!(ring.open(65, b"fixture", &sealed).expect("opens"), Some(b"Anna Petrova".to_vec()));
        assert!(!ring.holds(5) && ring.holds(6));
        ring.forget(&[6]).expect("forgotten");
        assert!(ring.reserve().expect("a slot") >= 70);
        opened += 1;
    }
    assert!(opened > 0);
}
