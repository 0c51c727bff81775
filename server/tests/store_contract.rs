//! The contract of the store, run against every implementation.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops at what it did not expect"
)]

#[path = "store/contract.rs"]
mod contract;

use std::sync::Arc;

use server::store::Store;
use server::store::memory::Memory;
use server::store::{Durable as Sled, Options};

fn keeps(make: impl Fn() -> (Arc<dyn Store>, Option<tempfile::TempDir>)) {
    for (rule, check) in contract::RULES {
        let (store, _dir) = make();
        println!("{rule}");
        check(store);
    }
}

#[test]
fn memory_keeps_the_contract() {
    keeps(|| (Arc::new(Memory::new()), None));
}

#[test]
fn sled_with_its_journal_keeps_the_contract() {
    keeps(|| {
        let dir = tempfile::tempdir().expect("a directory");
        (Arc::new(Sled::open(dir.path()).expect("it opens")), Some(dir))
    });
}

#[test]
fn the_journal_alone_keeps_the_contract() {
    keeps(|| {
        let dir = tempfile::tempdir().expect("a directory");
        let options = Options { sled: false, segment_bytes: 20_000, ..Options::default() };
        let store = Sled::open_with(dir.path(), options).expect("it opens");
        (Arc::new(store), Some(dir))
    });
}
