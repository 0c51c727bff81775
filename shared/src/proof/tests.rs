//! Known answers of RFC 6962, a second implementation, and proofs bent in every way.

use ed25519_dalek::{Signer, SigningKey};
use proptest::prelude::*;

use super::note::{Checkpoint, NoteError, Verifier};
use super::*;

/// The leaves of Certificate Transparency's published test vectors.
const LEAVES: [&[u8]; 8] = [
    b"",
    &[0x00],
    &[0x10],
    &[0x20, 0x21],
    &[0x30, 0x31],
    &[0x40, 0x41, 0x42, 0x43],
    &[0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57],
    &[0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d, 0x6e, 0x6f],
];

/// Their roots for one leaf, two, and so on.
const ROOTS: [&str; 8] = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn leaves(count: u64) -> Vec<Hash> {
    (0..count).map(|index| leaf_hash(&index.to_le_bytes())).collect()
}

#[test]
fn roots_are_those_of_the_published_vectors() {
    let hashes: Vec<Hash> = LEAVES.iter().map(|leaf| leaf_hash(leaf)).collect();
    assert_eq!(hex(&empty_root()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    for (size, expected) in (1..).zip(ROOTS) {
        assert_eq!(root(size, &mut hashes.as_slice()).map(|root| hex(&root)), Ok(expected.to_owned()), "{size} leaves");
    }
}

#[test]
fn a_second_implementation_sees_the_same_roots_and_accepts_the_same_proofs() {
    use ct_merkle::mem_backed_tree::MemoryBackedTree;
    let mut theirs: MemoryBackedTree<Sha256, Vec<u8>> = MemoryBackedTree::new();
    let ours = leaves(130);
    let mut roots = Vec::new();
    for size in 1..=130_u64 {
        theirs.push((size - 1).to_le_bytes().to_vec());
        let their_root = theirs.root();
        let our_root = root(size, &mut ours.as_slice()).expect("all leaves are there");
        assert_eq!(our_root.as_slice(), their_root.as_bytes().as_slice(), "{size} leaves");
        roots.push(theirs.root());
        for index in 0..size {
            let their_path = theirs.prove_inclusion(usize::try_from(index).expect("small"));
            let our_path = inclusion_path(index, size, &mut ours.as_slice()).expect("leaves").expect("in range");
            assert_eq!(our_path.concat(), their_path.as_bytes(), "leaf {index} of {size}");
        }
        for old in 1..size {
            let path = consistency_path(old, size, &mut ours.as_slice()).expect("leaves").expect("in range");
            let their_path = theirs.prove_consistency(usize::try_from(size - old).expect("small"));
            assert_eq!(path.concat(), their_path.as_bytes(), "{old} to {size}");
        }
    }
}

proptest! {
    #[test]
    fn every_leaf_can_be_shown_and_no_other_in_its_place(size in 1..400_u64, at in any::<u64>(), bend in any::<usize>()) {
        let hashes = leaves(size);
        let index = at % size;
        let root = root(size, &mut hashes.as_slice()).expect("leaves");
        let path = inclusion_path(index, size, &mut hashes.as_slice()).expect("leaves").expect("in range");
        let leaf = leaf_hash(&index.to_le_bytes());
        prop_assert_eq!(verify_inclusion(&leaf, index, size, &path, &root), Ok(()));
        prop_assert!(verify_inclusion(&leaf_hash(b"another"), index, size, &path, &root).is_err());
        prop_assert!(verify_inclusion(&leaf, index, size, &path, &empty_root()).is_err());
        prop_assert!(verify_inclusion(&leaf, size, size, &path, &root).is_err());
        if size > 1 {
            prop_assert!(verify_inclusion(&leaf, (index + 1) % size, size, &path, &root).is_err());
            prop_assert!(verify_inclusion(&leaf, index, size, &path[1..], &root).is_err());
            let mut bent = path.clone();
            let place = bend % bent.len();
            bent[place][bend % 32] ^= 1;
            prop_assert!(verify_inclusion(&leaf, index, size, &bent, &root).is_err());
        }
        let mut longer = path;
        longer.push([0; 32]);
        prop_assert!(verify_inclusion(&leaf, index, size, &longer, &root).is_err());
    }

    #[test]
    fn a_log_that_only_grew_can_be_shown_to_and_a_rewritten_one_cannot(new in 1..400_u64, at in any::<u64>()) {
        let hashes = leaves(new);
        let old = at % new + 1;
        let old_root = root(old, &mut hashes.as_slice()).expect("leaves");
        let new_root = root(new, &mut hashes.as_slice()).expect("leaves");
        let path = consistency_path(old, new, &mut hashes.as_slice()).expect("leaves").expect("in range");
        prop_assert_eq!(verify_consistency(old, &old_root, new, &new_root, &path), Ok(()));
        let mut rewritten = hashes.clone();
        rewritten[usize::try_from(old - 1).expect("small")] = leaf_hash(b"rewritten");
        let other_root = root(new, &mut rewritten.as_slice()).expect("leaves");
        let other_path = consistency_path(old, new, &mut rewritten.as_slice()).expect("leaves").expect("in range");
        prop_assert!(verify_consistency(old, &old_root, new, &other_root, &path).is_err());
        prop_assert!(verify_consistency(old, &old_root, new, &other_root, &other_path).is_err());
        prop_assert!(verify_consistency(new + 1, &old_root, new, &new_root, &path).is_err());
        if old < new {
            let mut longer = path.clone();
            longer.push([0; 32]);
            prop_assert!(verify_consistency(old, &old_root, new, &new_root, &longer).is_err());
            prop_assert!(verify_consistency(old, &old_root, new, &new_root, &path[1..]).is_err());
        }
    }
}

fn signed(text: &str, name: &str, secret: u8) -> (String, Verifier) {
    let key = SigningKey::from_bytes(&[secret; 32]);
    let verifier = Verifier::new(name, key.verifying_key().to_bytes()).expect("a good name");
    (verifier.attach(text, &key.sign(text.as_bytes()).to_bytes()), verifier)
}

#[test]
fn a_checkpoint_opens_under_its_key_only() {
    let checkpoint = Checkpoint { origin: "twofront/one".to_owned(), size: 7, root: [9; 32] };
    let (note, verifier) = signed(&checkpoint.text(), "twofront/one", 1);
    assert_eq!(Checkpoint::open(&note, &verifier), Ok(checkpoint));
    let (_, stranger) = signed("", "twofront/one", 2);
    assert_eq!(Checkpoint::open(&note, &stranger), Err(NoteError::Unsigned));
    assert_eq!(Verifier::parse(&verifier.to_string()), Ok(verifier));
}

#[test]
fn no_letter_of_a_checkpoint_can_be_changed() {
    let checkpoint = Checkpoint { origin: "twofront/one".to_owned(), size: 7, root: [9; 32] };
    let (note, verifier) = signed(&checkpoint.text(), "twofront/one", 1);
    for at in 0..note.len() {
        let mut bytes = note.clone().into_bytes();
        bytes[at] ^= 1;
        if let Ok(bent) = String::from_utf8(bytes) {
            assert!(Checkpoint::open(&bent, &verifier).is_err(), "letter {at}");
        }
    }
}

#[test]
fn the_published_note_of_the_specification_opens() {
    // From C2SP signed-note and Go's golang.org/x/mod/sumdb/note.
    let verifier =
        Verifier::parse("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW").expect("a key");
    let note = "If you think cryptography is the answer to your problem,\n\
                then you don't know what your problem is.\n\n\
                \u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
    assert!(verifier.open(note).is_ok());
}
