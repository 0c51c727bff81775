//! What a page may read: the warm views and the log, as the one who looks may see them.

use app::read::{Importing, Login, Reader, Token, Trouble, Viewer, Zones};
use app::when::Zone;
use jiff::Timestamp;
use shared::ids::{ColleagueId, Stream};
use shared::policy::may_see;
use shared::record::Record;
use shared::views::Company;
use shared::views::timeline::{Filter, Reach};
use shared::words::Role;
use uuid::Uuid;

use crate::access::{By, SignedIn};
use crate::beside::Beside;
use crate::office::{LookError, Office};
use crate::pages::zone_names;

/// The most events of one stream that a page reads.
const LONGEST_HISTORY: usize = 100_000;

/// A colleague at the window.
#[derive(Clone)]
pub struct Seat {
    office: Office,
    beside: Beside,
    viewer: Viewer,
    role: Role,
    /// A person at a browser, and no program: only a person is told a fresh secret.
    is_person: bool,
    /// Whether the zone is the viewer's own choice.
    has_chosen_zone: bool,
}

impl Seat {
    /// A seat for somebody who is signed in; `None` where they are no colleague (any more).
    pub fn new(beside: Beside, who: &SignedIn, now: Timestamp, zone: Zone, has_chosen_zone: bool) -> Option<Self> {
        let me = who.colleague;
        let is_person = matches!(who.by, By::Session(_));
        let office = beside.office.clone();
        let role = office.role(me)?;
        let (name, generated) = office.company(|company| {
            let directory = &company.directory;
            let colleague = directory.colleagues.get(&me).and_then(|colleague| colleague.identity.known());
            let name = colleague.map(|identity| identity.name.to_string()).unwrap_or_default();
            let mut imports = directory.imports.values().filter(|import| !import.taken_back);
            let generated = imports.find(|import| import.system == crate::demo::system());
            (name, generated.map(|import| import.source.clone()))
        });
        let viewer = Viewer { me, name, role: Some(role), now, zone, seed: seed(now), generated };
        Some(Self { office, beside, viewer, role, is_person, has_chosen_zone })
    }

    fn seen(&self, record: Record) -> Option<Record> {
        let sight = may_see(Some(self.role), record.stream().slice);
        record.seen_with(sight)
    }
}

impl Reader for Seat {
    fn viewer(&self) -> Viewer {
        self.viewer.clone()
    }

    fn company(&self, look: &mut dyn FnMut(&Company)) {
        self.office.company_for(self.role, look);
    }

    fn concerning(&self, stream: Stream) -> Result<Vec<Record>, Trouble> {
        let records = self.office.concerning(stream, 0).map_err(unreadable)?;
        Ok(records.into_iter().filter_map(|record| self.seen(record)).collect())
    }

    fn excerpt(&self, of: Stream, filter: &Filter, most: usize) -> Result<(Vec<Record>, Reach), Trouble> {
        let (records, reach) = self.office.excerpt(of, filter, most).map_err(unreadable)?;
        Ok((records.into_iter().filter_map(|record| self.seen(record)).collect(), reach))
    }

    fn of_streams(&self, streams: &[Stream]) -> Result<Vec<Record>, Trouble> {
        let records = self.office.standing(streams).map_err(unreadable)?;
        Ok(records.into_iter().filter_map(|record| self.seen(record)).collect())
    }

    fn raw(&self, stream: Stream) -> Result<Vec<Record>, Trouble> {
        let records = self.office.history(stream, 1, LONGEST_HISTORY).map_err(unreadable)?;
        Ok(records.into_iter().filter_map(|record| self.seen(record)).collect())
    }

    fn before(&self, position: Option<u64>, most: usize) -> Result<Vec<Record>, Trouble> {
        let before = position.unwrap_or(u64::MAX).min(self.office.position().saturating_add(1));
        let from = before.saturating_sub(u64::try_from(most).unwrap_or(u64::MAX)).max(1);
        let positions: Vec<u64> = (from..before).collect();
        let mut records = self.at(&positions)?;
        records.reverse();
        Ok(records)
    }

    fn at(&self, positions: &[u64]) -> Result<Vec<Record>, Trouble> {
        let head = self.office.position();
        let known: Vec<u64> = positions.iter().copied().filter(|position| (1..=head).contains(position)).collect();
        let records = self.office.at(&known).map_err(unreadable)?;
        Ok(records.into_iter().filter_map(|record| self.seen(record)).collect())
    }

    fn tokens(&self) -> Vec<Token> {
        let tokens = self.beside.access.tokens(self.viewer.me).into_iter();
        tokens.map(|token| Token { id: token.id, label: token.label.to_string(), made: token.made }).collect()
    }

    fn fresh_token(&self, id: &str) -> Option<String> {
        self.is_person.then(|| self.beside.access.take_fresh_token(self.viewer.me, id))?
    }

    fn logins(&self) -> Vec<Login> {
        if self.role != Role::Administrator {
            return Vec::new();
        }
        let logins = self.beside.access.logins().into_iter();
        logins
            .map(|login| Login {
                colleague: login.colleague,
                email: login.email.to_string(),
                has_password: login.has_password,
                invited_until: login.invited_until,
            })
            .collect()
    }

    fn fresh_invitation(&self, colleague: ColleagueId) -> Option<String> {
        self.is_person.then(|| self.beside.invitations.take(self.viewer.me, colleague, self.viewer.now))?
    }

    fn zones(&self) -> Zones {
        let chosen = self.has_chosen_zone.then(|| self.viewer.zone.name().to_owned());
        Zones { chosen, names: zone_names().map(str::to_owned).collect() }
    }

    fn importing(&self) -> Importing {
        if self.role == Role::Administrator { self.beside.imports.importing() } else { Importing::default() }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn unreadable(error: LookError) -> Trouble {
    tracing::error!(%error, "the log cannot be read");
    Trouble::Unreadable(error.to_string())
}

/// What the identities of a page's forms are derived from. Where the system gives no randomness,
/// the moment has to do: two forms of one person at one moment are one.
fn seed(now: Timestamp) -> Uuid {
    let mut bytes = [0; 16];
    if let Err(error) = getrandom::fill(&mut bytes) {
        tracing::warn!(%error, "no randomness for the identities of a form");
        bytes = now.as_nanosecond().to_le_bytes();
    }
    Uuid::from_bytes(bytes)
}
