//! Proof that the log is what it was: the Merkle tree of RFC 6962 over the commits' hashes, and signed checkpoints.
//!
//! A checkpoint ([`note`]) says "the log has this many commits and this root" and is signed. With it, a short path shows
//! that a commit is in the log ([`verify_inclusion`]), and another that a later log begins with an earlier one
//! ([`verify_consistency`]). All of it is pure, so the browser checks with the same code as the server; making a path is
//! written from the RFC's recursive definition, checking one from RFC 9162's loop, so each tests the other.

use sha2::{Digest, Sha256};

pub mod note;

/// A SHA-256 hash: of a leaf, of a subtree, of a whole tree.
pub type Hash = [u8; 32];

/// The hash of a leaf whose data is `data`; here the data is the hash of a commit.
#[must_use]
pub fn leaf_hash(data: &[u8]) -> Hash {
    Sha256::new().chain_update([0]).chain_update(data).finalize().into()
}

/// The hash of the node over two subtrees.
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}

/// The root of the tree without leaves.
#[must_use]
pub fn empty_root() -> Hash {
    Sha256::new().finalize().into()
}

/// Where the hashes of leaves come from when a root or a path is computed.
pub trait Leaves {
    /// Why a leaf could not be had.
    type Error;

    /// The hash of a leaf ([`leaf_hash`], not its data).
    ///
    /// # Errors
    /// When there is no such leaf, or it cannot be read.
    fn leaf(&mut self, index: u64) -> Result<Hash, Self::Error>;

    /// The root over `size` leaves from `start`, if it happens to be known: a shortcut, never needed.
    fn subtree(&mut self, _start: u64, _size: u64) -> Option<Hash> {
        None
    }
}

/// A leaf beyond those at hand was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no leaf {0}")]
pub struct NoLeaf(pub u64);

impl Leaves for &[Hash] {
    type Error = NoLeaf;

    fn leaf(&mut self, index: u64) -> Result<Hash, NoLeaf> {
        usize::try_from(index).ok().and_then(|at| self.get(at)).copied().ok_or(NoLeaf(index))
    }
}

/// The root over the first `size` leaves.
///
/// # Errors
/// When a leaf cannot be had.
pub fn root<L: Leaves>(size: u64, leaves: &mut L) -> Result<Hash, L::Error> {
    if size == 0 { Ok(empty_root()) } else { subtree(0, size, leaves) }
}

/// The path that shows leaf `index` to be in the tree of `size` leaves; `None` if it is not.
///
/// # Errors
/// When a leaf cannot be had.
pub fn inclusion_path<L: Leaves>(index: u64, size: u64, leaves: &mut L) -> Result<Option<Vec<Hash>>, L::Error> {
    if index >= size {
        return Ok(None);
    }
    let (mut start, mut rest, mut path) = (0, size, Vec::new());
    while rest > 1 {
        let left = split(rest);
        if index - start < left {
            path.push(subtree(start + left, rest - left, leaves)?);
            rest = left;
        } else {
            path.push(subtree(start, left, leaves)?);
            start += left;
            rest -= left;
        }
    }
    path.reverse();
    Ok(Some(path))
}

/// The path that shows the tree of `new` leaves to begin with the tree of `old` leaves; `None` if `old` is 0 or larger.
///
/// # Errors
/// When a leaf cannot be had.
pub fn consistency_path<L: Leaves>(old: u64, new: u64, leaves: &mut L) -> Result<Option<Vec<Hash>>, L::Error> {
    if old == 0 || old > new {
        return Ok(None);
    }
    // RFC 6962, 2.1.2: SUBPROOF(m, D[n], b), turned into a loop; `whole` is b.
    let (mut start, mut rest, mut within, mut whole, mut path) = (0, new, old, true, Vec::new());
    while within < rest {
        let left = split(rest);
        if within <= left {
            path.push(subtree(start + left, rest - left, leaves)?);
            rest = left;
        } else {
            path.push(subtree(start, left, leaves)?);
            start += left;
            rest -= left;
            within -= left;
            whole = false;
        }
    }
    if !whole {
        path.push(subtree(start, rest, leaves)?);
    }
    path.reverse();
    Ok(Some(path))
}

/// A proof does not show what it was given for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    #[error("the log has {size} commits: there is no commit {index} in it")]
    OutOfRange { index: u64, size: u64 },
    #[error("the proof has the wrong length")]
    Length,
    #[error("the proof does not lead to the signed root: the log shown is not the log that was signed")]
    Root,
}

/// Checks that `leaf` is leaf `index` of the tree of `size` leaves with this root.
///
/// # Errors
/// When it is not, or the path does not show it.
pub fn verify_inclusion(leaf: &Hash, index: u64, size: u64, path: &[Hash], root: &Hash) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::OutOfRange { index, size });
    }
    let (mut node, mut last, mut hash) = (index, size - 1, *leaf);
    for step in path {
        if last == 0 {
            return Err(ProofError::Length);
        }
        if node & 1 == 1 || node == last {
            hash = node_hash(step, &hash);
            if node & 1 == 0 {
                (node, last) = climb(node, last);
            }
        } else {
            hash = node_hash(&hash, step);
        }
        node >>= 1;
        last >>= 1;
    }
    match (last, hash == *root) {
        (0, true) => Ok(()),
        (0, false) => Err(ProofError::Root),
        (_, _) => Err(ProofError::Length),
    }
}

/// Checks that the tree of `new` leaves begins with the tree of `old` leaves.
///
/// # Errors
/// When it does not, or the path does not show it.
pub fn verify_consistency(
    old: u64,
    old_root: &Hash,
    new: u64,
    new_root: &Hash,
    path: &[Hash],
) -> Result<(), ProofError> {
    if old > new {
        return Err(ProofError::OutOfRange { index: old, size: new });
    }
    if old == 0 || old == new {
        let agrees = if old == 0 { *old_root == empty_root() } else { old_root == new_root };
        return match (path.is_empty(), agrees) {
            (true, true) => Ok(()),
            (true, false) => Err(ProofError::Root),
            (false, _) => Err(ProofError::Length),
        };
    }
    // RFC 9162, 2.1.4.2.
    let mut steps = path.iter();
    let first = if old.is_power_of_two() { old_root } else { steps.next().ok_or(ProofError::Length)? };
    let (mut node, mut last) = (old - 1, new - 1);
    while node & 1 == 1 {
        node >>= 1;
        last >>= 1;
    }
    let (mut seen_old, mut seen_new) = (*first, *first);
    for step in steps {
        if last == 0 {
            return Err(ProofError::Length);
        }
        if node & 1 == 1 || node == last {
            seen_old = node_hash(step, &seen_old);
            seen_new = node_hash(step, &seen_new);
            if node & 1 == 0 {
                (node, last) = climb(node, last);
            }
        } else {
            seen_new = node_hash(&seen_new, step);
        }
        node >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(ProofError::Length);
    }
    if seen_old == *old_root && seen_new == *new_root { Ok(()) } else { Err(ProofError::Root) }
}

/// Up to where the node is a right child, or at the left edge.
fn climb(mut node: u64, mut last: u64) -> (u64, u64) {
    while node & 1 == 0 && node != 0 {
        node >>= 1;
        last >>= 1;
    }
    (node, last)
}

/// The largest power of two smaller than `size`, which is at least 2.
fn split(size: u64) -> u64 {
    1 << (size - 1).ilog2()
}

fn subtree<L: Leaves>(start: u64, size: u64, leaves: &mut L) -> Result<Hash, L::Error> {
    if let Some(known) = leaves.subtree(start, size) {
        return Ok(known);
    }
    if size <= 1 {
        return leaves.leaf(start);
    }
    let left = split(size);
    Ok(node_hash(&subtree(start, left, leaves)?, &subtree(start + left, size - left, leaves)?))
}

#[cfg(test)]
mod tests;
