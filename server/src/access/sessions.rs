//! Sessions of browsers, kept on disk so that a restart signs nobody out.
//!
//! A session lives for thirty days after it was last used, and no longer than the pass it carries.
//! Only the SHA-256 of its id is kept.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::path::PathBuf;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tower_sessions::SessionStore;
use tower_sessions::cookie::time::OffsetDateTime;
use tower_sessions::session::{Id, Record};
use tower_sessions::session_store::{Error, Result};

use super::kept::{Kept, KeptError};
use super::registry::{Pass, Registry};
use super::secret::SecretDigest;
use super::{Access, Clock};

/// Without a request for so long, a session is over.
pub const IDLE: SignedDuration = SignedDuration::from_hours(30 * 24);

/// A person with more browsers than this loses the session that was quiet the longest.
const MOST_FOR_ONE: usize = 50;

/// Where a session keeps its pass.
pub const PASS: &str = "pass";

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Table {
    sessions: BTreeMap<SecretDigest, Row>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Row {
    seen: Timestamp,
    data: HashMap<String, Value>,
}

impl Row {
    fn pass(&self) -> Option<Pass> {
        Pass::deserialize(self.data.get(PASS)?).ok()
    }

    fn is_alive(&self, registry: &Registry, now: Timestamp) -> bool {
        self.seen.duration_until(now) < IDLE && self.pass().is_some_and(|pass| registry.holds(&pass))
    }
}

/// The file of sessions.
pub struct Sessions {
    table: Kept<Table>,
    clock: Clock,
}

impl Sessions {
    /// A damaged file is moved aside: without it everybody signs in once more, and that is all.
    pub fn open(path: PathBuf, clock: Clock) -> std::result::Result<Self, KeptError> {
        const FORMAT: &str = "twofront sessions";
        let table = match Kept::open(path.clone(), FORMAT) {
            Err(KeptError::Damaged { why, .. }) => {
                let aside = path.with_extension("json.damaged");
                tracing::error!(why, aside = %aside.display(), "the sessions are damaged and moved aside: everybody must sign in again");
                std::fs::rename(&path, &aside).map_err(|source| KeptError::Io { path: aside, source })?;
                Kept::open(path, FORMAT)?
            }
            opened => opened?,
        };
        Ok(Self { table, clock })
    }

    /// How many sessions a person has open.
    pub fn of(&self, pass: &Pass, registry: &Registry) -> usize {
        let now = (self.clock)();
        let table = self.table.get();
        table.sessions.values().filter(|row| row.pass() == Some(*pass) && row.is_alive(registry, now)).count()
    }

    /// Whether a session goes on, with the pass that it had.
    pub fn holds(&self, id: &Id, pass: &Pass, registry: &Registry) -> bool {
        let now = (self.clock)();
        let table = self.table.get();
        table.sessions.get(&digest(id)).is_some_and(|row| row.pass() == Some(*pass) && row.is_alive(registry, now))
    }

    fn find(&self, id: &Id, registry: &Registry) -> Option<Row> {
        self.table.get().sessions.get(&digest(id)).filter(|row| row.is_alive(registry, (self.clock)())).cloned()
    }

    fn put(&self, id: &Id, data: &HashMap<String, Value>, registry: &Registry, is_new: bool) -> Result<()> {
        let now = (self.clock)();
        self.table
            .change(|table| {
                match table.sessions.get(&digest(id)) {
                    // It ended while this request was on its way: it is not called back to life.
                    None if !is_new => return Ok(()),
                    Some(row) if row.data == *data => return Ok(()),
                    Some(_) | None => {}
                }
                let row = Row { seen: now, data: data.clone() };
                let pass = row.pass();
                table.sessions.insert(digest(id), row);
                tidy(table, registry, pass, now);
                Ok(())
            })
            .map_err(backend)
    }

    pub fn drop(&self, id: &Id) -> Result<()> {
        self.table
            .change(|table| {
                table.sessions.remove(&digest(id));
                Ok(())
            })
            .map_err(backend)
    }
}

/// What the session layer is given: the sessions of an [`Access`], off the threads that serve requests.
#[derive(Clone)]
pub struct Store(pub Access);

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Store")
    }
}

#[async_trait]
impl SessionStore for Store {
    async fn create(&self, record: &mut Record) -> Result<()> {
        while self.load(&record.id).await?.is_some() {
            record.id = Id::default();
        }
        let (id, data) = (record.id, record.data.clone());
        self.off_thread(move |access| access.sessions().put(&id, &data, &access.registry(), true)).await
    }

    async fn save(&self, record: &Record) -> Result<()> {
        let (id, data) = (record.id, record.data.clone());
        let saved = self.off_thread(move |access| access.sessions().put(&id, &data, &access.registry(), false)).await;
        if let Err(error) = saved {
            // All that changes in a session that goes on is the day of its last use: not worth
            // refusing the answer that the person came for.
            tracing::error!(%error, "the last use of a session could not be noted");
        }
        Ok(())
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        Ok(self.0.sessions().find(id, &self.0.registry()).map(|row| Record {
            id: *id,
            data: row.data,
            // When it is over is decided above, by our own clock; the layer only ever writes this.
            expiry_date: OffsetDateTime::UNIX_EPOCH,
        }))
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        let id = *id;
        self.off_thread(move |access| access.end(&id)).await
    }
}

impl Store {
    async fn off_thread(&self, work: impl FnOnce(&Access) -> Result<()> + Send + 'static) -> Result<()> {
        let access = self.0.clone();
        tokio::task::spawn_blocking(move || work(&access)).await.map_err(|error| Error::Backend(error.to_string()))?
    }
}

/// Sweeps out what is over, and the one too many of the person who just came in.
fn tidy(table: &mut Table, registry: &Registry, comer: Option<Pass>, now: Timestamp) {
    table.sessions.retain(|_, row| row.is_alive(registry, now));
    let mut own: Vec<(Timestamp, SecretDigest)> =
        table.sessions.iter().filter(|(_, row)| row.pass() == comer).map(|(digest, row)| (row.seen, *digest)).collect();
    own.sort_unstable();
    let surplus = own.len().saturating_sub(MOST_FOR_ONE);
    for (_, digest) in own.into_iter().take(surplus) {
        table.sessions.remove(&digest);
    }
}

fn digest(id: &Id) -> SecretDigest {
    SecretDigest::of(&id.0.to_le_bytes())
}

fn backend(error: KeptError) -> Error {
    Error::Backend(error.to_string())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicI64, Ordering};

    use shared::ids::ColleagueId;
    use uuid::Uuid;

    use super::*;
    use crate::access::Cost;

    const ANNA: ColleagueId = ColleagueId::from_uuid(Uuid::from_u128(1));

    async fn house() -> (tempfile::TempDir, Store, Pass) {
        let folder = tempfile::tempdir().unwrap();
        // Goes on by a second whenever somebody looks at it.
        let seconds = AtomicI64::new(0);
        let clock: Clock = Arc::new(move || {
            Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds.fetch_add(1, Ordering::Relaxed))
        });
        let access = Access::open_with(folder.path(), Cost::lowered_for_tests(), clock).unwrap();
        access.enrol(ANNA, "anna@twofront.example").unwrap();
        let link = access.invite(ANNA).unwrap();
        let pass = access.redeem(link.secret(), "a quiet evening by the sea").await.unwrap();
        (folder, Store(access), pass)
    }

    fn record(pass: Pass) -> Record {
        let data = HashMap::from([(PASS.to_owned(), serde_json::to_value(pass).unwrap())]);
        Record { id: Id(7), data, expiry_date: OffsetDateTime::UNIX_EPOCH }
    }

    #[tokio::test]
    async fn a_session_that_ended_is_not_called_back_by_a_request_still_on_its_way() {
        let (_folder, store, pass) = house().await;
        let mut record = record(pass);
        store.create(&mut record).await.unwrap();
        store.delete(&record.id).await.unwrap();
        record.data.insert("day".to_owned(), "1970-01-02".into());
        store.save(&record).await.unwrap();
        assert_eq!(store.load(&record.id).await.unwrap(), None);
        assert_eq!(store.0.sessions_of(&pass), 0);
    }

    #[tokio::test]
    async fn an_id_that_is_taken_is_not_given_twice() {
        let (_folder, store, pass) = house().await;
        let (mut one, mut two) = (record(pass), record(pass));
        store.create(&mut one).await.unwrap();
        store.create(&mut two).await.unwrap();
        assert_ne!(one.id, two.id);
        assert_eq!(store.0.sessions_of(&pass), 2);
    }

    #[tokio::test]
    async fn a_sign_in_that_a_new_password_overtook_is_void() {
        let (_folder, store, pass) = house().await;
        let new = "an even quieter evening";
        store.0.change_password(ANNA, "a quiet evening by the sea", new).await.unwrap();
        let mut late = record(pass);
        store.create(&mut late).await.unwrap();
        assert_eq!(store.load(&late.id).await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_session_in_which_nothing_changed_is_not_written_again() {
        let (folder, store, pass) = house().await;
        let mut record = record(pass);
        store.create(&mut record).await.unwrap();
        let read = || std::fs::read(folder.path().join("sessions.json")).unwrap();
        let before = read();
        store.save(&record).await.unwrap();
        assert_eq!(read(), before);
        record.data.insert("day".to_owned(), "1970-01-02".into());
        store.save(&record).await.unwrap();
        assert_ne!(read(), before);
    }

    #[tokio::test]
    async fn what_carries_no_pass_is_no_session() {
        let (_folder, store, pass) = house().await;
        let mut empty = Record { data: HashMap::new(), ..record(pass) };
        store.create(&mut empty).await.unwrap();
        assert_eq!(store.load(&empty.id).await.unwrap(), None);
    }
}
