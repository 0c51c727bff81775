//! The witness: signed checkpoints of the log, kept beside it, so that a lost tail or a swapped file contradicts something.
//!
//! `proof/checkpoint` is the newest one (a C2SP signed note), `proof/verifier` names the keys that its signature may be by,
//! the newest last; `keys/signing.key` is the secret. A rollback of the whole data directory, witness included, is only seen
//! by someone who kept an older checkpoint elsewhere: give copies away.

use std::io;
use std::path::{Path, PathBuf};

use ed25519_dalek::{Signer as _, SigningKey};
use shared::proof::Hash;
use shared::proof::note::{Checkpoint, Verifier};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::medium::replace;

const KEY_MAGIC: &[u8; 8] = b"TWOFSIGN";

/// The name under which a store signs.
#[must_use]
pub fn origin(store: Uuid) -> String {
    format!("twofront/{store}")
}

/// Signs checkpoints of one store.
pub(super) struct Witness {
    dir: PathBuf,
    key: SigningKey,
    verifier: Verifier,
}

impl std::fmt::Debug for Witness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Witness({})", self.verifier)
    }
}

impl Witness {
    /// Takes the signing key, or makes one where there is none.
    pub(super) fn open(proof: &Path, keys: &Path, store: Uuid) -> io::Result<Self> {
        let path = keys.join("signing.key");
        let key = match std::fs::read(&path) {
            Ok(bytes) => read_key(&Zeroizing::new(bytes)).ok_or_else(|| {
                let path = path.display();
                io::Error::other(format!("{path} is damaged; restore it, or remove it to go on with a new signing key"))
            })?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let mut secret = Zeroizing::new([0; 32]);
                getrandom::fill(secret.as_mut_slice()).map_err(io::Error::other)?;
                replace(&path, &write_key(&secret), 0o600)?;
                SigningKey::from_bytes(&secret)
            }
            Err(error) => return Err(error),
        };
        let verifier = Verifier::new(&origin(store), key.verifying_key().to_bytes()).map_err(io::Error::other)?;
        let mut known = read_text(&proof.join("verifier"))?.unwrap_or_default();
        let line = verifier.to_string();
        if known.lines().last() != Some(&line) {
            if !known.is_empty() {
                tracing::warn!(
                    key = line,
                    "checkpoints are signed with a new key from now on: give it to whoever holds the old one"
                );
            }
            known.push_str(&line);
            known.push('\n');
            replace(&proof.join("verifier"), known.as_bytes(), 0o644)?;
        }
        Ok(Self { dir: proof.to_owned(), key, verifier })
    }

    /// Signs the log as it stands.
    pub(super) fn note(&self, size: u64, root: Hash) -> String {
        let text = Checkpoint { origin: self.verifier.name().to_owned(), size, root }.text();
        let signature = self.key.sign(text.as_bytes()).to_bytes();
        self.verifier.attach(&text, &signature)
    }

    /// Puts a note in the place of the last one.
    pub(super) fn keep(&self, note: &str) -> io::Result<()> {
        replace(&self.dir.join("checkpoint"), note.as_bytes(), 0o644)
    }

    pub(super) fn verifier(&self) -> &Verifier {
        &self.verifier
    }
}

/// The newest signed checkpoint, if there is one; `Err` inside says why it cannot be trusted.
pub(super) fn latest(proof: &Path, store: Uuid) -> io::Result<Result<Option<Checkpoint>, String>> {
    Ok(latest_note(proof, store)?.map(|signed| signed.map(|(checkpoint, _)| checkpoint)))
}

/// As [`latest`], with the note itself.
pub(super) fn latest_note(proof: &Path, store: Uuid) -> io::Result<Result<Option<(Checkpoint, String)>, String>> {
    let Some(note) = read_text(&proof.join("checkpoint"))? else {
        return Ok(Ok(None));
    };
    let keys = read_text(&proof.join("verifier"))?.unwrap_or_default();
    Ok(open(&note, &keys, store).map(|checkpoint| Some((checkpoint, note))))
}

/// Opens a note that one of the keys, a line each, has signed for this store.
pub(super) fn open(note: &str, keys: &str, store: Uuid) -> Result<Checkpoint, String> {
    let mut why = "no key is known that could have signed it".to_owned();
    for line in keys.lines() {
        let verifier = Verifier::parse(line).map_err(|error| format!("proof/verifier: {error}"))?;
        match Checkpoint::open(note, &verifier) {
            Ok(checkpoint) if checkpoint.origin == origin(store) => return Ok(checkpoint),
            Ok(checkpoint) => why = format!("it is of another store: {}", checkpoint.origin),
            Err(error) => why = error.to_string(),
        }
    }
    Err(format!("proof/checkpoint: {why}"))
}

/// Whether the signing key is the one that is named last; and what is to be said where there is none any more.
pub(super) fn check_key(proof: &Path, keys: &Path, store: Uuid) -> io::Result<Result<Option<String>, String>> {
    let known = read_text(&proof.join("verifier"))?.unwrap_or_default();
    let bytes = match std::fs::read(keys.join("signing.key")) {
        Ok(bytes) => Zeroizing::new(bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let gone = "keys/signing.key is missing: the next start signs with a new key, which nobody knows yet";
            return Ok(Ok((keys.is_dir() && !known.is_empty()).then(|| gone.to_owned())));
        }
        Err(error) => return Err(error),
    };
    let named = read_key(&bytes).and_then(|key| Verifier::new(&origin(store), key.verifying_key().to_bytes()).ok());
    let agrees = named.is_some_and(|named| known.lines().last() == Some(&named.to_string()));
    Ok(if agrees { Ok(None) } else { Err("keys/signing.key is not the key that proof/verifier names".to_owned()) })
}

fn read_text(path: &Path) -> io::Result<Option<String>> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn write_key(secret: &[u8; 32]) -> Zeroizing<Vec<u8>> {
    let mut out = Zeroizing::new(Vec::with_capacity(44));
    out.extend_from_slice(KEY_MAGIC);
    out.extend_from_slice(secret);
    let crc = crc32fast::hash(&out);
    out.extend_from_slice(&crc.to_le_bytes());
    out
}

fn read_key(bytes: &[u8]) -> Option<SigningKey> {
    let (fields, crc) = bytes.split_last_chunk::<4>()?;
    let secret = fields.strip_prefix(KEY_MAGIC)?;
    let secret = Zeroizing::new(<[u8; 32]>::try_from(secret).ok()?);
    (crc32fast::hash(fields) == u32::from_le_bytes(*crc)).then(|| SigningKey::from_bytes(&secret))
}
