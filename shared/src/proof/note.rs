//! Checkpoints as signed notes: the text forms of C2SP (signed-note, tlog-checkpoint), Ed25519.
//!
//! ```text
//! twofront/0197f0a2-...                              the origin: which log
//! 1234                                               how many commits
//! base64 of the root
//!
//! — twofront/0197f0a2-... base64 of key id and signature
//! ```
//! Anything that speaks C2SP can check or countersign one; a copy kept elsewhere is what makes a rollback of the whole
//! data directory visible.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, VerifyingKey};
use sha2::{Digest, Sha256};

use super::Hash;

/// What is wrong with a note, a key or a checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    #[error("this is not a signed note: it needs a text, an empty line and signatures")]
    Malformed,
    #[error("this is not a verifier key of the form name+id+key")]
    Key,
    #[error("the note is not signed by the key that was given")]
    Unsigned,
    #[error("the signature is wrong: the note was changed or signed by someone else")]
    Forged,
    #[error("the note is not a checkpoint: it needs an origin, a size and a root")]
    NotACheckpoint,
}

/// The public key of a log, with its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verifier {
    name: String,
    key: VerifyingKey,
}

/// The algorithm byte of Ed25519.
const ED25519: u8 = 1;

impl Verifier {
    /// Names a key. The name has no spaces and no `+`.
    ///
    /// # Errors
    /// When the name or the key is not well formed.
    pub fn new(name: &str, key: [u8; 32]) -> Result<Self, NoteError> {
        let key = VerifyingKey::from_bytes(&key).map_err(|_| NoteError::Key)?;
        if name.is_empty() || name.contains(|letter: char| letter.is_whitespace() || letter == '+') {
            return Err(NoteError::Key);
        }
        Ok(Self { name: name.to_owned(), key })
    }

    /// Reads `name+id+key`, as [`Verifier`] is displayed.
    ///
    /// # Errors
    /// When it is something else, or the id is not the key's.
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let mut fields = text.trim_end_matches('\n').splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (fields.next(), fields.next(), fields.next()) else {
            return Err(NoteError::Key);
        };
        let key = STANDARD.decode(key).map_err(|_| NoteError::Key)?;
        let Some((&ED25519, key)) = key.split_first() else {
            return Err(NoteError::Key);
        };
        let verifier = Self::new(name, key.try_into().map_err(|_| NoteError::Key)?)?;
        if format!("{:08x}", u32::from_be_bytes(verifier.id())) == id { Ok(verifier) } else { Err(NoteError::Key) }
    }

    /// The name of the log.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Puts a signature over `text` (made elsewhere, with the secret key) under it. The text ends with a newline.
    #[must_use]
    pub fn attach(&self, text: &str, signature: &[u8; 64]) -> String {
        let blob: Vec<u8> = self.id().into_iter().chain(*signature).collect();
        format!("{text}\n\u{2014} {} {}\n", self.name, STANDARD.encode(blob))
    }

    /// The text of a note, once a signature by this key was found and is right. Signatures by others are left alone.
    ///
    /// # Errors
    /// When the note is malformed, not signed by this key, or signed wrongly.
    pub fn open<'a>(&self, note: &'a str) -> Result<&'a str, NoteError> {
        let (text, signatures) = note.rsplit_once("\n\n").ok_or(NoteError::Malformed)?;
        let text = note.get(..=text.len()).ok_or(NoteError::Malformed)?;
        let lines = signatures.strip_suffix('\n').ok_or(NoteError::Malformed)?.split('\n');
        let mut outcome = Err(NoteError::Unsigned);
        for line in lines {
            let (name, blob) =
                line.strip_prefix("\u{2014} ").and_then(|line| line.split_once(' ')).ok_or(NoteError::Malformed)?;
            let blob = STANDARD.decode(blob).map_err(|_| NoteError::Malformed)?;
            let Some((id, signature)) = blob.split_first_chunk::<4>() else {
                return Err(NoteError::Malformed);
            };
            if name == self.name && *id == self.id() {
                let signature = Signature::from_slice(signature).map_err(|_| NoteError::Malformed)?;
                self.key.verify_strict(text.as_bytes(), &signature).map_err(|_| NoteError::Forged)?;
                outcome = Ok(text);
            }
        }
        outcome
    }

    fn id(&self) -> [u8; 4] {
        let digest: Hash = Sha256::new()
            .chain_update(&self.name)
            .chain_update([b'\n', ED25519])
            .chain_update(self.key.as_bytes())
            .finalize()
            .into();
        let [a, b, c, d, ..] = digest;
        [a, b, c, d]
    }
}

impl std::fmt::Display for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let blob: Vec<u8> = std::iter::once(ED25519).chain(*self.key.as_bytes()).collect();
        write!(f, "{}+{:08x}+{}", self.name, u32::from_be_bytes(self.id()), STANDARD.encode(blob))
    }
}

/// What a log says of itself at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log.
    pub origin: String,
    /// How many commits it has.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
}

impl Checkpoint {
    /// The text to be signed.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, STANDARD.encode(self.root))
    }

    /// Reads the text of a note. Lines after the third are other people's extensions.
    ///
    /// # Errors
    /// When it is not a checkpoint in its one right form.
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let mut lines = text.split('\n');
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next()) else {
            return Err(NoteError::NotACheckpoint);
        };
        let root =
            STANDARD.decode(root).ok().and_then(|root| Hash::try_from(root).ok()).ok_or(NoteError::NotACheckpoint)?;
        let number: u64 = size.parse().map_err(|_| NoteError::NotACheckpoint)?;
        if origin.is_empty() || number.to_string() != size || !text.ends_with('\n') {
            return Err(NoteError::NotACheckpoint);
        }
        Ok(Self { origin: origin.to_owned(), size: number, root })
    }

    /// Opens a signed checkpoint of the log that the key names.
    ///
    /// # Errors
    /// When the signature is missing or wrong, or it is no checkpoint of that log.
    pub fn open(note: &str, verifier: &Verifier) -> Result<Self, NoteError> {
        let checkpoint = Self::parse(verifier.open(note)?)?;
        if checkpoint.origin == verifier.name { Ok(checkpoint) } else { Err(NoteError::NotACheckpoint) }
    }
}
