//! Recovery: what is found in the data directory is read, compared, and brought to agree, before anything is answered.

use std::io;
use std::path::Path;
use std::time::Duration;

use uuid::Uuid;

use super::blocks::{Blocks, Held};
use super::index::Index;
use super::journal::{Damage, End, Frames, Segments};
use super::place::{Clean, Paths, digest, read, size_of_files};
use super::sled::Options;
use super::{record, witness};

/// What lies in the directory before anything is decided.
pub(super) struct Found {
    pub(super) store: Uuid,
    segments: Option<Segments>,
    /// What is wrong with the list of files.
    missing: Option<String>,
    /// The mark of a clean stop.
    mark: Option<Clean>,
    index: Option<Vec<u8>>,
}

impl Found {
    pub(super) fn look(paths: &Paths) -> io::Result<Self> {
        let (segments, missing) = Segments::list(&paths.journal)?;
        let known = segments.as_ref().map(Segments::store).transpose()?.flatten();
        let mut fresh = [0; 16];
        getrandom::fill(&mut fresh).map_err(io::Error::other)?;
        let store = known.unwrap_or_else(|| uuid::Builder::from_random_bytes(fresh).into_uuid());
        let mark = read(&paths.clean)?.and_then(|bytes| Clean::parse(&bytes, store));
        Ok(Self { store, segments, missing, mark, index: read(&paths.index)? })
    }
}

/// What recovery has come to.
pub(super) struct Recovered {
    pub(super) index: Index,
    pub(super) end: Result<(), Damage>,
    pub(super) clean: bool,
    pub(super) held: Option<(Blocks, u64)>,
}

/// Reads the journal into an index, opens sled, and compares what each of them knows.
pub(super) fn recover(paths: &Paths, found: Found, options: &Options) -> io::Result<Recovered> {
    let Found { store, segments, missing, mark, index } = found;
    let saved = index.and_then(|bytes| Index::load(&bytes, store));
    let seen = saved.as_ref().map_or(0, Index::commits);
    let (index, end) = read_journal(segments.as_ref(), saved, store)?;
    let clean = mark.is_some_and(|mark| mark.commits == index.commits() && mark.last_hash == index.last_hash());
    let (held, in_sled) = open_blocks(paths, options, mark.filter(|_| clean), &index);
    let signed = match witness::latest(&paths.proof, store)? {
        Ok(checkpoint) => checkpoint.map_or(0, |checkpoint| checkpoint.size),
        Err(_) => 0,
    };
    // Whoever knows of a commit that the journal does not have was told of it after it was durable.
    let witnesses = [
        ("sled", in_sled),
        ("the saved index", seen),
        ("the mark of the last clean stop", mark.map_or(0, |mark| mark.commits)),
        ("the signed checkpoint", signed),
    ];
    let lost =
        witnesses.into_iter().filter(|(_, commits)| *commits > index.commits()).max_by_key(|(_, commits)| *commits);
    let position = index.head() + 1;
    let end = match (end, missing, lost) {
        (End::Damaged(damage), _, _) => Err(damage),
        (End::Whole | End::Torn, Some(why), _) => Err(Damage { position, why }),
        (End::Whole | End::Torn, None, Some((who, commits))) => {
            let have = index.commits();
            Err(Damage {
                position,
                why: format!("the journal ends after {have} commits, and {who} knows of {commits}"),
            })
        }
        (End::Torn, None, None) => {
            tracing::warn!(position, place = %index.end, "the last write was interrupted before it was acknowledged; it is cut off");
            Ok(())
        }
        (End::Whole, None, None) => Ok(()),
    };
    Ok(Recovered { index, end, clean, held })
}

/// The index of the whole journal, by way of a saved one if it fits.
fn read_journal(segments: Option<&Segments>, saved: Option<Index>, store: Uuid) -> io::Result<(Index, End)> {
    let Some(segments) = segments else {
        return Ok((Index::default(), End::Whole));
    };
    if let Some(mut index) = saved
        && segments.ends_as(&index, store)?
    {
        let end = segments.read_into(&mut index, store)?;
        return Ok((index, end));
    }
    let mut index = Index::default();
    let end = segments.read_into(&mut index, store)?;
    Ok((index, end))
}

/// Opens sled and finds out how many commits it has; one that cannot be trusted is given up here.
fn open_blocks(paths: &Paths, options: &Options, mark: Option<Clean>, index: &Index) -> (Option<(Blocks, u64)>, u64) {
    if !options.sled {
        return (None, 0);
    }
    // After a clean stop the files must be the very same, and then the end is all there is to ask. After any other stop
    // sled recovers by itself, which nobody can vouch for: everything in it is read.
    let opened = match mark.map(|mark| digest(&paths.events).map(|digest| digest == mark.events)) {
        Some(Ok(false)) => Err("its files are not those of the last clean stop".to_owned()),
        Some(Err(error)) => Err(error.to_string()),
        Some(Ok(true)) => open_patiently(&paths.events, options, |blocks| blocks.last()),
        None => open_patiently(&paths.events, options, |blocks| blocks.survey().map(Some)),
    };
    match opened {
        Ok((blocks, None)) => (Some((blocks, 0)), 0),
        Ok((blocks, Some(held))) => {
            let agrees =
                held.commits != index.commits() || (held.head == index.head() && held.last_hash == index.last_hash());
            let commits = held.commits;
            if agrees { (Some((blocks, held.head)), commits) } else { (None, 0) }
        }
        Err(why) => {
            tracing::warn!(why, "sled cannot be trusted");
            (None, 0)
        }
    }
}

/// Opens sled and asks it something, and gives it up when it takes too long: a panic in one of its own threads cannot be
/// caught here, and may leave us waiting for it for ever.
pub(super) fn open_patiently(
    path: &Path,
    options: &Options,
    ask: impl FnOnce(&Blocks) -> Result<Option<Held>, String> + Send + 'static,
) -> Result<(Blocks, Option<Held>), String> {
    let (answer, answered) = std::sync::mpsc::sync_channel(1);
    let (path, cache_bytes) = (path.to_owned(), options.cache_bytes);
    let size = size_of_files(&path).map_err(|error| error.to_string())?;
    let patience = options.patience + Duration::from_millis(size >> 13);
    let work = move || {
        let asked = Blocks::open(&path, cache_bytes).and_then(|blocks| ask(&blocks).map(|held| (blocks, held)));
        // Nobody listens any more when it took too long; what was opened is then dropped.
        drop(answer.send(asked));
    };
    std::thread::Builder::new().name("sled-open".to_owned()).spawn(work).map_err(|error| error.to_string())?;
    answered
        .recv_timeout(patience)
        .unwrap_or_else(|_| Err(format!("it gave no answer within {} s", patience.as_secs())))
}

/// Puts everything after position `head` into sled. The first record must follow what sled has.
pub(super) fn refill(
    blocks: &Blocks,
    frames: &impl Fn() -> io::Result<Option<Frames>>,
    index: &Index,
    head: u64,
) -> Result<(), String> {
    if head >= index.head() {
        return Ok(());
    }
    let Some(mut frames) = frames().map_err(|error| error.to_string())? else {
        return Err("the journal is gone".to_owned());
    };
    let last_hash = blocks.last()?.map_or([0; 32], |held| held.last_hash);
    tracing::info!(from = head + 1, to = index.head(), "sled is behind the journal: it is filled up");
    let mut link = Some(last_hash);
    loop {
        let frame = frames.next().map_err(|error| error.to_string())?;
        let Some(frame) = frame.map_err(|flaw| format!("{}: {}", flaw.place, flaw.why))? else {
            return blocks.flush();
        };
        if frame.head.first > index.head() {
            return blocks.flush();
        }
        let mut bytes = frame.body.as_slice();
        while let Some(record) = record::records(bytes).next().filter(|record| record.first <= head) {
            bytes = bytes.get(record.bytes().len()..).unwrap_or_default();
        }
        if let Some(record) = record::records(bytes).next() {
            if link.take().is_some_and(|link| link != record.previous) {
                return Err("sled holds other commits than the journal".to_owned());
            }
            blocks.put(bytes)?;
        }
    }
}
