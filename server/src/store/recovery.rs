//! Recovery: what is found in the data directory is read, compared, and brought to agree, before anything is answered.

use std::cmp::Ordering;
use std::io;
use std::path::Path;
use std::time::Duration;

use shared::proof::Hash;
use uuid::Uuid;

use super::blocks::{Blocks, Held};
use super::head::Head;
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
    /// Every byte of the journal was read, and not only what follows the saved index.
    pub(super) whole: bool,
    /// The position up to which the saved index was good; 0 if it is to be made anew.
    pub(super) saved: u64,
    pub(super) held: Option<(Blocks, u64)>,
}

/// What somebody beside the journal remembers of how far it went. All of it was written after the sync of the journal, so
/// whoever knows of a commit that the journal does not have, or of another one in its place, proves that it lost something.
pub(super) struct Testimony {
    pub(super) who: &'static str,
    pub(super) commits: u64,
    /// Of the last of these commits, where it is known.
    pub(super) last_hash: Option<Hash>,
}

impl Testimony {
    pub(super) fn of(who: &'static str, head: Head) -> Self {
        Self { who, commits: head.commits, last_hash: Some(head.last_hash) }
    }
}

/// Whether one of them contradicts a journal that was read into an index.
pub(super) fn contradiction(
    testimonies: &[Testimony],
    segments: Option<&Segments>,
    store: Uuid,
    index: &Index,
) -> io::Result<Option<Damage>> {
    let have = index.commits();
    if let Some(Testimony { who, commits, .. }) = testimonies.iter().max_by_key(|it| it.commits)
        && *commits > have
    {
        let why = format!("the journal ends after {have} commits, and {who} knows of {commits}");
        return Ok(Some(Damage { position: index.head() + 1, why }));
    }
    for Testimony { who, commits, last_hash } in testimonies {
        let (Some(known), Some(segments), Some(last)) = (last_hash, segments, commits.checked_sub(1)) else {
            continue;
        };
        if segments.hash_after(*commits, index, store)?.is_some_and(|found| found != *known) {
            let position = index.first_of(last).unwrap_or(1);
            let why = format!("the journal is not the one that {who} knows: commit {commits} was another");
            return Ok(Some(Damage { position, why }));
        }
    }
    Ok(None)
}

/// Reads the journal into an index, opens sled, and compares what each of them knows.
pub(super) fn recover(paths: &Paths, found: Found, options: &Options) -> io::Result<Recovered> {
    let Found { store, segments, missing, mark, index } = found;
    let saved = index.and_then(|bytes| Index::load(&bytes, store));
    let remembered = saved.as_ref().map(Index::reaches);
    let (mut index, mut end, mut whole) = read_journal(segments.as_ref(), saved, store)?;
    let clean = mark.is_some_and(|mark| mark.reaches() == index.reaches());
    let journal = segments.as_ref().map(|segments| (segments, store));
    let (held, in_sled) = open_blocks(paths, options, mark.filter(|_| clean), &index, journal);
    // Sled is made anew from frames that the saved index has spared us: first it must be known that they are sound.
    let filled_from = held.as_ref().map_or(0, |(_, head)| *head);
    if options.sled && !whole && remembered.is_some_and(|saved| filled_from < saved.position) {
        (index, end, whole) = read_journal(segments.as_ref(), None, store)?;
    }
    let signed = match witness::latest(&paths.proof, store)? {
        Ok(checkpoint) => checkpoint.map_or(0, |checkpoint| checkpoint.size),
        Err(_) => 0,
    };
    let mut testimonies = vec![
        Testimony { who: "sled", commits: in_sled, last_hash: None },
        Testimony { who: "the signed checkpoint", commits: signed, last_hash: None },
    ];
    testimonies.extend(remembered.map(|head| Testimony::of("the saved index", head)));
    testimonies.extend(mark.map(|mark| Testimony::of("the mark of the last clean stop", mark.reaches())));
    testimonies.extend(Head::noted(&paths.proof, store)?.map(|head| Testimony::of("proof/head", head)));
    let position = index.head() + 1;
    let end = match (end, missing) {
        (End::Damaged(damage), _) => Err(damage),
        (End::Whole | End::Torn, Some(why)) => Err(Damage { position, why }),
        (end @ (End::Whole | End::Torn), None) => {
            match contradiction(&testimonies, segments.as_ref(), store, &index)? {
                Some(damage) => Err(damage),
                None => {
                    if end == End::Torn {
                        tracing::warn!(position, place = %index.end, "the last write was interrupted before it was acknowledged; it is cut off");
                    }
                    Ok(())
                }
            }
        }
    };
    let saved = remembered.filter(|_| !whole).map_or(0, |head| head.position);
    Ok(Recovered { index, end, clean, whole, saved, held })
}

/// The index of the whole journal, by way of a saved one if it fits; and whether all of the journal was read.
fn read_journal(segments: Option<&Segments>, saved: Option<Index>, store: Uuid) -> io::Result<(Index, End, bool)> {
    let Some(segments) = segments else {
        return Ok((Index::default(), End::Whole, true));
    };
    if let Some(mut index) = saved
        && segments.ends_as(&index, store)?
    {
        let end = segments.read_into(&mut index, store)?;
        return Ok((index, end, false));
    }
    let mut index = Index::default();
    let end = segments.read_into(&mut index, store)?;
    Ok((index, end, true))
}

/// Opens sled and finds out how many commits it has; one that cannot be trusted is given up here.
fn open_blocks(
    paths: &Paths,
    options: &Options,
    mark: Option<Clean>,
    index: &Index,
    journal: Option<(&Segments, Uuid)>,
) -> (Option<(Blocks, u64)>, u64) {
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
            let commits = held.commits;
            match is_ours(&blocks, &held, index, journal) {
                Ok(true) => (Some((blocks, held.head)), commits),
                Ok(false) => {
                    tracing::warn!("sled is of another store");
                    (None, 0)
                }
                Err(error) => {
                    tracing::warn!(%error, "it cannot be told whose sled this is");
                    (None, 0)
                }
            }
        }
        Err(why) => {
            tracing::warn!(why, "sled cannot be trusted");
            (None, 0)
        }
    }
}

/// Whether what sled holds is of this log: its last commit is one of the journal's. One that is longer is a witness of a
/// lost tail only if it goes on from our end.
pub(super) fn is_ours(
    blocks: &Blocks,
    held: &Held,
    index: &Index,
    journal: Option<(&Segments, Uuid)>,
) -> io::Result<bool> {
    match held.commits.cmp(&index.commits()) {
        Ordering::Less if held.commits == 0 => Ok(true),
        Ordering::Less => {
            let Some((segments, store)) = journal else { return Ok(false) };
            Ok(segments.hash_after(held.commits, index, store)? == Some(held.last_hash))
        }
        Ordering::Equal => Ok(held.head == index.head() && held.last_hash == index.last_hash()),
        Ordering::Greater if index.commits() == 0 => Ok(true),
        Ordering::Greater => Ok(blocks.hash_at(index.head()) == Ok(Some(index.last_hash()))),
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
