//! Who is signed in: passwords, sessions, access tokens and one-time links.
//!
//! None of this is an event: it must be possible to change a secret and to forget it. It lives in
//! two small files of the data folder's `access/`, and names nobody but by the ids of the log.
//! What a colleague is called and may do are facts of the log, and not known here.

mod actor;
mod cross_site;
mod doors;
mod headers;
mod kept;
mod password;
mod refused;
mod registry;
mod secret;
mod sessions;
mod throttle;

use std::fs::File;
use std::net::IpAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use shared::ids::ColleagueId;
use shared::words::{Email, Label};
use thiserror::Error;
use tokio::sync::watch;
use tower_sessions::session::Id;

pub use actor::{By, MaybeSignedIn, NotSignedIn, SignedIn, Visit};
pub use doors::{Doors, NewAdministrator, Settings, Typed, typed};
pub use headers::CspNonce;
pub use kept::KeptError;
pub use password::{Cost, LONGEST, SHORTEST};
pub use refused::Refused;
pub use registry::{LINK_LASTS, Login, Pass, Token, login_email};
pub use sessions::IDLE;

use kept::Kept;
use password::{HashError, Hasher, Password};
use registry::{Lock, Registry};
use secret::Secret;
use sessions::Sessions;
use throttle::{Key, Throttle};

/// Where the time comes from.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// What access tokens begin with, so that scanners for leaked secrets know one when they see it.
const TOKEN_PREFIX: &str = "tf_";

/// How long a new access token can be looked at, once.
const TOKEN_SHOWN_FOR: SignedDuration = SignedDuration::from_mins(10);

/// Why something about access did not happen.
#[derive(Debug, Error)]
pub enum AccessError {
    /// The person can do something about it.
    #[error("{}", .0.say(shared::lang::Lang::En))]
    Refused(Refused),
    /// The operator can do something about it.
    #[error(transparent)]
    Kept(#[from] KeptError),
    #[error("the operating system gives no random numbers: {0}")]
    Randomness(getrandom::Error),
    #[error(transparent)]
    Hash(#[from] HashError),
    #[error(
        "{url:?} is not the address of a server ({why}). Write it as browsers show it, such as https://twofront.example"
    )]
    PublicUrl { url: String, why: tower_http::csrf::ConfigError },
}

impl From<Refused> for AccessError {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl From<getrandom::Error> for AccessError {
    fn from(error: getrandom::Error) -> Self {
        Self::Randomness(error)
    }
}

/// A link that lets one colleague choose a password, once.
#[derive(Clone, Debug)]
pub struct OneTimeLink {
    secret: Secret,
    /// From then on it opens nothing.
    pub until: Timestamp,
}

impl OneTimeLink {
    /// What stands after the server's address: `/join?link=…`. Whoever has it can come in: hand it
    /// over, and keep it out of logs.
    pub fn path(&self) -> String {
        format!("/join?link={}", self.secret.as_str())
    }

    /// The secret alone, as it comes back in the form.
    pub fn secret(&self) -> &str {
        self.secret.as_str()
    }
}

/// The link that makes the first administrator. Works until somebody has a password, or the server stops.
#[derive(Clone, Debug)]
pub struct SetupLink(Secret);

impl SetupLink {
    /// What stands after the server's address: `/setup?link=…`.
    pub fn path(&self) -> String {
        format!("/setup?link={}", self.0.as_str())
    }

    /// The secret alone, as it comes back in the form.
    pub fn secret(&self) -> &str {
        self.0.as_str()
    }
}

/// Everything about access. Cheap to clone, and one for all threads.
#[derive(Clone)]
pub struct Access(Arc<Inner>);

struct Inner {
    registry: Kept<Registry>,
    sessions: Sessions,
    hasher: Hasher,
    clock: Clock,
    throttle: Mutex<Throttle>,
    setup: Mutex<Option<Secret>>,
    /// One set-up at a time: the second finds the product set up.
    setting_up: tokio::sync::Mutex<()>,
    fresh_tokens: Mutex<Vec<FreshToken>>,
    changes: watch::Sender<()>,
    /// Keeps a second process out for as long as this one runs.
    _lock: File,
}

struct FreshToken {
    colleague: ColleagueId,
    id: String,
    secret: Secret,
    until: Timestamp,
}

impl Access {
    /// Opens the folder, making it if need be (for its owner's eyes only).
    ///
    /// Fails when a file in it is damaged or of a newer Twofront (nothing is written over it), when
    /// another process has it open, and when it cannot be read.
    pub fn open(dir: impl AsRef<Path>) -> Result<Self, AccessError> {
        Self::open_with(dir, Cost::HOUSE, Arc::new(Timestamp::now))
    }

    /// [`Access::open`] with another cost of hashing and another clock: for tests.
    pub fn open_with(dir: impl AsRef<Path>, cost: Cost, clock: Clock) -> Result<Self, AccessError> {
        let dir = dir.as_ref();
        kept::private_folder(dir)?;
        let lock = kept::lock(&dir.join("lock"))?;
        Ok(Self(Arc::new(Inner {
            registry: Kept::open(dir.join("logins.json"), "twofront logins")?,
            sessions: Sessions::open(dir.join("sessions.json"), Arc::clone(&clock))?,
            hasher: Hasher::new(cost)?,
            clock,
            throttle: Mutex::default(),
            setup: Mutex::default(),
            setting_up: tokio::sync::Mutex::default(),
            fresh_tokens: Mutex::default(),
            changes: watch::Sender::new(()),
            _lock: lock,
        })))
    }

    /// Gives a colleague a login under this address; [`Access::invite`] then makes the link with
    /// which they choose a password. Enrolling again only changes the address.
    pub fn enrol(&self, colleague: ColleagueId, email: &str) -> Result<(), AccessError> {
        let (email, era) = (login_email(email)?, secret::random_u64()?);
        self.change(|registry| registry.enrol(colleague, email, era))
    }

    /// From now on the colleague signs in with another address. Sessions and tokens go on.
    pub fn rename_login(&self, colleague: ColleagueId, email: &str) -> Result<(), AccessError> {
        let email = login_email(email)?;
        self.change(|registry| registry.rename(colleague, email))
    }

    /// The colleague has left: login, password, link, tokens and sessions are gone. Where there was
    /// no login nothing happens.
    pub fn withdraw(&self, colleague: ColleagueId) -> Result<(), AccessError> {
        self.change(|registry| {
            registry.withdraw(colleague);
            Ok(())
        })
    }

    /// Everybody who has a login, in the order of their ids.
    pub fn logins(&self) -> Vec<Login> {
        self.registry().logins()
    }

    /// Whose login this address is.
    pub fn colleague_of(&self, email: &str) -> Option<ColleagueId> {
        Some(self.registry().lock_of(&login_email(email).ok()?)?.pass.colleague)
    }

    /// A one-time link for the colleague, in the place of any earlier one. A password that they have
    /// goes on working until the link is followed.
    pub fn invite(&self, colleague: ColleagueId) -> Result<OneTimeLink, AccessError> {
        let secret = Secret::new()?;
        let until = self.change(|registry| registry.invite(colleague, secret.digest(), self.now()))?;
        Ok(OneTimeLink { secret, until })
    }

    /// Whom a one-time link is for; `None` once it was used, replaced, or is too old.
    pub fn invited(&self, link: &str) -> Option<ColleagueId> {
        Some(self.registry().invited(Secret::shown(link).digest(), self.now())?.pass.colleague)
    }

    /// Follows a one-time link: the password is set and every earlier session of the colleague ends.
    pub async fn redeem(&self, link: &str, new_password: &str) -> Result<Pass, AccessError> {
        let digest = Secret::shown(link).digest();
        let lock = self.registry().invited(digest, self.now()).ok_or(Refused::LinkUnknown)?;
        let hash = self.hash_new(new_password, &lock.email).await?;
        let era = secret::random_u64()?;
        // Looked up again inside: hashing takes a while, and the link works once.
        self.change_off_thread(move |registry, now| registry.redeem(digest, now, hash, era)).await
    }

    /// Whether anybody can sign in: somebody has a password.
    pub fn is_set_up(&self) -> bool {
        self.registry().is_set_up()
    }

    /// A fresh set-up link while nobody has a password, and `None` from then on. A link made earlier dies.
    pub fn first_start(&self) -> Result<Option<SetupLink>, AccessError> {
        let secret = if self.registry().is_set_up() { None } else { Some(Secret::new()?) };
        *self.0.setup.lock().unwrap_or_else(PoisonError::into_inner) = secret.clone();
        Ok(secret.map(SetupLink))
    }

    /// Whether the set-up link opens anything.
    pub fn can_set_up(&self, link: &str) -> bool {
        !self.registry().is_set_up()
            && self
                .0
                .setup
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .as_ref()
                // By digest: how long the comparison takes then says nothing about the secret.
                .is_some_and(|secret| secret.digest() == Secret::shown(link).digest())
    }

    /// Follows the set-up link. `record` writes the administrator into the log and answers with
    /// their id; it is called after the password and the address were found good. Should the server
    /// die between the log and the password, `record` is called again with a later link, and ought
    /// to answer with the same colleague.
    pub async fn setup<Recorded>(
        &self,
        link: &str,
        email: &str,
        password: &str,
        record: impl FnOnce(Email) -> Recorded,
    ) -> Result<Pass, AccessError>
    where
        Recorded: Future<Output = Result<ColleagueId, AccessError>>,
    {
        let _one = self.0.setting_up.lock().await;
        if self.registry().is_set_up() {
            return Err(Refused::AlreadySetUp.into());
        }
        if !self.can_set_up(link) {
            return Err(Refused::LinkUnknown.into());
        }
        let email = login_email(email)?;
        let hash = self.hash_new(password, &email).await?;
        let colleague = record(email.clone()).await?;
        let era = secret::random_u64()?;
        let pass = self
            .change_off_thread(move |registry, _| {
                registry.enrol(colleague, email, era)?;
                registry.set_password(colleague, hash, era)
            })
            .await?;
        *self.0.setup.lock().unwrap_or_else(PoisonError::into_inner) = None;
        Ok(pass)
    }

    /// Tries an e-mail address and a password. The answer takes as long for an address that nobody
    /// has; after a few failures, of the address or of the place, it is [`Refused::Wait`].
    pub async fn sign_in(&self, email: &str, password: &str, from: Option<IpAddr>) -> Result<Pass, AccessError> {
        let email = login_email(email).ok();
        let keys: Vec<Key> = [email.as_ref().map(|email| Key::Email(email.as_str().to_owned())), from.map(Key::place)]
            .into_iter()
            .flatten()
            .collect();
        let lock = email.and_then(|email| self.registry().lock_of(&email));
        self.open_lock(lock, password, &keys, Refused::WrongEmailOrPassword).await
    }

    /// Sets another password. Every session of the colleague ends; the one that asked goes on with
    /// the new pass.
    pub async fn change_password(&self, colleague: ColleagueId, old: &str, new: &str) -> Result<Pass, AccessError> {
        let lock = self.registry().lock_of_colleague(colleague).ok_or(Refused::NoLogin)?;
        let email = lock.email.clone();
        let era = lock.pass.era;
        let keys = [Key::Email(email.as_str().to_owned())];
        self.open_lock(Some(lock), old, &keys, Refused::WrongOldPassword).await?;
        let hash = self.hash_new(new, &email).await?;
        let fresh = secret::random_u64()?;
        self.change_off_thread(move |registry, _| {
            // Somebody else may have set a password meanwhile, by a link or from another browser:
            // the old one that was just shown is then no longer the old one.
            if !registry.holds(&Pass { colleague, era }) {
                return Err(Refused::WrongOldPassword);
            }
            registry.set_password(colleague, hash, fresh)
        })
        .await
    }

    /// Whether who was signed in when the request began still is: a stream of events lasts for hours,
    /// and must end with a sign-out, a new password, a withdrawal or a revoked token.
    pub fn still_knows(&self, who: &SignedIn) -> bool {
        match &who.by {
            By::Session(visit) => self.sessions().holds(&visit.session, &visit.pass, &self.registry()),
            By::Token(token) => self.tokens(who.colleague).iter().any(|own| own.id == token.id),
        }
    }

    /// Tells whenever somebody may have lost their access: whoever answers for hours then asks
    /// [`Access::still_knows`] again. Time alone, which ends a session too, is not told.
    pub fn changes(&self) -> watch::Receiver<()> {
        self.0.changes.subscribe()
    }

    /// How many sessions of this pass are open.
    pub fn sessions_of(&self, pass: &Pass) -> usize {
        self.0.sessions.of(pass, &self.registry())
    }

    /// Makes an access token for programs of the colleague. The text is told now and never again.
    pub fn token_new(&self, colleague: ColleagueId, label: &str) -> Result<String, AccessError> {
        self.token_make(colleague, label).map(|(_, secret)| secret.as_str().to_owned())
    }

    /// Whose token this is.
    pub fn token_holder(&self, token: &str) -> Option<ColleagueId> {
        self.token_shown(token).map(|(colleague, _)| colleague)
    }

    /// The colleague's tokens, oldest first.
    pub fn tokens(&self, colleague: ColleagueId) -> Vec<Token> {
        self.registry().tokens(colleague)
    }

    /// From now on the token opens nothing. [`Refused::TokenUnknown`] when the colleague has no such token.
    pub fn token_revoke(&self, colleague: ColleagueId, id: &str) -> Result<(), AccessError> {
        self.change(|registry| registry.token_revoke(colleague, id))
    }

    /// The text of a token just made at the form, told once and within ten minutes: the page that
    /// the form leads to shows it.
    pub fn take_fresh_token(&self, colleague: ColleagueId, id: &str) -> Option<String> {
        let now = self.now();
        let mut fresh = self.fresh_tokens();
        fresh.retain(|token| now < token.until);
        let at = fresh.iter().position(|token| token.colleague == colleague && token.id == id)?;
        Some(fresh.swap_remove(at).secret.as_str().to_owned())
    }

    fn keep_fresh_token(&self, colleague: ColleagueId, id: String, secret: Secret) {
        let now = self.now();
        let until = now.saturating_add(TOKEN_SHOWN_FOR).unwrap_or(Timestamp::MAX);
        let mut fresh = self.fresh_tokens();
        fresh.retain(|token| now < token.until);
        fresh.push(FreshToken { colleague, id, secret, until });
    }

    fn fresh_tokens(&self) -> std::sync::MutexGuard<'_, Vec<FreshToken>> {
        self.0.fresh_tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn token_make(&self, colleague: ColleagueId, label: &str) -> Result<(Token, Secret), AccessError> {
        let label = Label::parse(label).map_err(|_| Refused::LabelInvalid)?;
        let secret = Secret::shown(&format!("{TOKEN_PREFIX}{}", Secret::new()?.as_str()));
        let token = self.change(|registry| registry.token_new(colleague, label, secret.digest(), self.now()))?;
        Ok((token, secret))
    }

    fn token_shown(&self, token: &str) -> Option<(ColleagueId, Token)> {
        token.starts_with(TOKEN_PREFIX).then(|| self.registry().token_holder(Secret::shown(token).digest()))?
    }

    async fn open_lock(
        &self,
        lock: Option<Lock>,
        password: &str,
        keys: &[Key],
        refused: Refused,
    ) -> Result<Pass, AccessError> {
        self.throttle(|throttle, now| throttle.attempt(now, keys)).map_err(|wait| Refused::Wait {
            // Rounded up: who comes back after so many whole seconds is let in.
            seconds: u64::try_from(wait.as_millis()).unwrap_or(0).div_ceil(1_000).max(1),
        })?;
        let kept = lock.as_ref().and_then(|lock| lock.password.clone());
        let matches = self.0.hasher.matches(Password::typed(password), kept).await.inspect_err(|_| {
            // Nobody has looked at the password: it counts neither way.
            self.throttle(|throttle, _| throttle.undone(keys));
        })?;
        match lock {
            Some(lock) if matches => {
                self.throttle(|throttle, _| throttle.succeeded(keys));
                Ok(lock.pass)
            }
            Some(_) | None => Err(refused.into()),
        }
    }

    async fn hash_new(&self, password: &str, email: &Email) -> Result<String, AccessError> {
        Ok(self.0.hasher.hash(Password::choose(password, email)?).await?)
    }

    fn throttle<R>(&self, with: impl FnOnce(&mut Throttle, Timestamp) -> R) -> R {
        with(&mut self.0.throttle.lock().unwrap_or_else(PoisonError::into_inner), self.now())
    }

    fn change<R>(&self, change: impl FnOnce(&mut Registry) -> Result<R, Refused>) -> Result<R, AccessError> {
        let changed = self.0.registry.change(|registry| change(registry).map_err(AccessError::from));
        self.0.changes.send_replace(());
        changed
    }

    /// [`Access::change`] waits for the disk; a thread that serves requests must not.
    async fn change_off_thread<R: Send + 'static>(
        &self,
        change: impl FnOnce(&mut Registry, Timestamp) -> Result<R, Refused> + Send + 'static,
    ) -> Result<R, AccessError> {
        self.off_thread(move |access| {
            let now = access.now();
            access.change(|registry| change(registry, now))
        })
        .await
    }

    async fn off_thread<R: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<R, AccessError> + Send + 'static,
    ) -> Result<R, AccessError> {
        let access = self.clone();
        tokio::task::spawn_blocking(move || work(&access)).await.map_err(HashError::from)?
    }

    fn registry(&self) -> Arc<Registry> {
        self.0.registry.get()
    }

    fn sessions(&self) -> &Sessions {
        &self.0.sessions
    }

    /// Ends one session.
    fn end(&self, session: &Id) -> tower_sessions::session_store::Result<()> {
        let ended = self.sessions().drop(session);
        self.0.changes.send_replace(());
        ended
    }

    fn now(&self) -> Timestamp {
        (self.0.clock)()
    }
}
