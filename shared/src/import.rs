//! An import: one batch of facts that came from outside (another CRM's export, the generated
//! company), and that can be taken back as a whole.
//!
//! Taking back removes nothing from the log: from that event on, [`crate::sieve`] leaves the batch
//! and what was made on top of it out of every fold.

use std::collections::{BTreeSet, HashMap, HashSet};

use serde::{Deserialize, Serialize};

use crate::domain::{Context, Model};
use crate::ids::{ImportId, Stream};
use crate::lang::Lang;
use crate::words::{Label, System};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    Started {
        system: System,
        /// What was read, as people call it: a folder's or a file's name.
        source: Label,
    },
    Finished {
        /// Rows that became facts, now or in an earlier import.
        accepted: u32,
        /// Rows that did not, each with its reason in the file of refused rows.
        refused: u32,
    },
    TakenBack {
        /// How many entries that others made on top of it went with it.
        entries: u32,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    Start {
        system: System,
        source: Label,
    },
    Finish {
        accepted: u32,
        refused: u32,
    },
    TakeBack {
        /// Also take back what was made on top of it since.
        #[serde(default)]
        with_entries: bool,
    },
}

impl Command {
    /// Whether this is what led to these events: a command that is sent again is known by that.
    pub fn led_to(&self, events: &[&Event]) -> bool {
        match self {
            Self::Start { system, source } => {
                matches!(events, [Event::Started { system: of, source: was }] if (of, was) == (system, source))
            }
            Self::Finish { accepted, refused } => {
                matches!(events, [Event::Finished { accepted: were, refused: not }] if (were, not) == (accepted, refused))
            }
            Self::TakeBack { with_entries: _ } => matches!(events, [Event::TakenBack { .. }]),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rejection {
    AlreadyStarted,
    NoSuchImport,
    IsTakenBack,
    UsedSince { entries: u32 },
    LastAdministrator,
}

impl Rejection {
    pub fn say(&self, lang: Lang) -> String {
        let text = match self {
            Self::UsedSince { entries } => {
                let n = u64::from(*entries);
                return match lang {
                    Lang::En => format!(
                        "{n} {} since made use of what this import brought. Take back what rests on it as well, or keep the import.",
                        lang.count(n, ["entry has", "entries have"], ["", "", ""])
                    ),
                    Lang::Ru => format!(
                        "На загруженное с тех пор {} {n} {}. Отмените и то, что на нём держится, или оставьте загрузку.",
                        lang.count(n, ["", ""], ["опирается", "опираются", "опираются"]),
                        lang.count(n, ["", ""], ["запись", "записи", "записей"])
                    ),
                };
            }
            Self::AlreadyStarted => lang.pick(
                "This import has already started with another source. Start a new one.",
                "Эта загрузка уже начата из другого источника. Начните новую.",
            ),
            Self::NoSuchImport => lang.pick("There is no such import.", "Такой загрузки нет."),
            Self::IsTakenBack => lang.pick(
                "This import was taken back. Import it again if you want it.",
                "Эту загрузку отменили. Если она нужна, загрузите её заново.",
            ),
            Self::LastAdministrator => lang.pick(
                "Without this import nobody would be administrator. First make somebody administrator who did not come with it.",
                "Без этой загрузки не останется ни одного администратора. Сначала назначьте администратором того, кто появился не из неё.",
            ),
        };
        text.to_owned()
    }
}

/// All imports as they stand, and what was made on top of each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Imports {
    imports: HashMap<ImportId, Import>,
    /// The streams that rest on imports: those that one began, and those that name such a one from their first event.
    rests_on: HashMap<Stream, BTreeSet<ImportId>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Import {
    system: System,
    source: Label,
    finished: Option<(u32, u32)>,
    taken_back: bool,
    /// The streams in which others than this batch wrote something that rests on it.
    used_by: HashSet<Stream>,
}

impl Imports {
    /// Whether a command may come with this batch: what never started or was taken back brings nothing.
    /// What has finished may bring more: the same files read again bring the rows that were refused before,
    /// and they belong to the same batch.
    pub(crate) fn may_bring(&self, batch: Option<ImportId>) -> Result<(), Rejection> {
        let Some(import) = batch else { return Ok(()) };
        let import = self.imports.get(&import).ok_or(Rejection::NoSuchImport)?;
        if import.taken_back { Err(Rejection::IsTakenBack) } else { Ok(()) }
    }

    pub(crate) fn evolve(&mut self, id: ImportId, event: &Event) {
        match event {
            Event::Started { system, source } => {
                self.imports.entry(id).or_insert_with(|| Import {
                    system: system.clone(),
                    source: source.clone(),
                    finished: None,
                    taken_back: false,
                    used_by: HashSet::new(),
                });
            }
            Event::Finished { accepted, refused } => {
                if let Some(import) = self.imports.get_mut(&id) {
                    import.finished = Some((*accepted, *refused));
                }
            }
            Event::TakenBack { .. } => {
                if let Some(import) = self.imports.get_mut(&id) {
                    import.taken_back = true;
                }
            }
        }
    }

    /// Keeps who uses what an import brought, and says on which imports this rests: what [`crate::sieve`] leaves out
    /// once one of them is taken back.
    pub(crate) fn observe(
        &mut self,
        stream: Stream,
        is_new: bool,
        mentions: &[Stream],
        batch: Option<ImportId>,
    ) -> BTreeSet<ImportId> {
        if batch.is_none() && self.rests_on.is_empty() {
            return BTreeSet::new();
        }
        let named = mentions.iter().chain(std::iter::once(&stream));
        let mut on: BTreeSet<ImportId> =
            named.filter_map(|named| self.rests_on.get(named)).flatten().copied().collect();
        for import in on.iter().filter(|import| Some(**import) != batch) {
            if let Some(import) = self.imports.get_mut(import) {
                import.used_by.insert(stream);
            }
        }
        on.extend(batch);
        if is_new && !on.is_empty() {
            self.rests_on.insert(stream, on.clone());
        }
        on
    }
}

impl Event {
    /// The other things that this event names.
    pub const fn mentions(&self) -> Vec<Stream> {
        match self {
            Self::Started { .. } | Self::Finished { .. } | Self::TakenBack { .. } => vec![],
        }
    }
}

pub fn decide(id: ImportId, command: &Command, _: &Context, model: &Model) -> Result<Vec<Event>, Rejection> {
    let known = model.imports().imports.get(&id);
    let standing = || {
        let import = known.ok_or(Rejection::NoSuchImport)?;
        if import.taken_back { Err(Rejection::IsTakenBack) } else { Ok(import) }
    };
    match command {
        Command::Start { system, source } => match known {
            Some(import) if import.taken_back => Err(Rejection::IsTakenBack),
            Some(import) if import.system == *system && import.source == *source => Ok(vec![]),
            Some(_) => Err(Rejection::AlreadyStarted),
            None => Ok(vec![Event::Started { system: system.clone(), source: source.clone() }]),
        },
        Command::Finish { accepted, refused } => {
            if standing()?.finished == Some((*accepted, *refused)) {
                return Ok(vec![]);
            }
            Ok(vec![Event::Finished { accepted: *accepted, refused: *refused }])
        }
        Command::TakeBack { with_entries } => {
            let import = known.ok_or(Rejection::NoSuchImport)?;
            if import.taken_back {
                return Ok(vec![]);
            }
            // Before what can be agreed to: this stands in the way also of who takes everything back.
            if model.colleagues().all_administrators_rest_on(id) {
                return Err(Rejection::LastAdministrator);
            }
            let entries = u32::try_from(import.used_by.len()).unwrap_or(u32::MAX);
            if entries > 0 && !with_entries {
                return Err(Rejection::UsedSince { entries });
            }
            Ok(vec![Event::TakenBack { entries }])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain;
    use crate::ids::{ColleagueId, UnitId};
    use crate::testkit::*;
    use crate::words::Role;
    use crate::{colleague, unit};

    /// Known only from an import.
    const VERA: ColleagueId = ColleagueId::from_uuid(uuid::Uuid::from_u128(0xC7));
    const BERLIN: UnitId = UnitId::from_uuid(uuid::Uuid::from_u128(0xD7));

    fn order(command: Command) -> domain::Command {
        domain::Command::Import(BATCH, command)
    }

    fn fact(event: Event) -> domain::Event {
        domain::Event::Import(BATCH, event)
    }

    fn started() -> Event {
        Event::Started { system: System::parse("salesforce").unwrap(), source: Label::parse("export").unwrap() }
    }

    fn start(source: &str) -> domain::Command {
        order(Command::Start { system: System::parse("salesforce").unwrap(), source: Label::parse(source).unwrap() })
    }

    fn running() -> Given {
        given(company()).and((ADA, fact(started())))
    }

    #[test]
    fn an_import_starts_once() {
        given(company()).when(ADA, start("export")).then([fact(started())]);
        running().when(ADA, start("export")).then([]);
        running().when(ADA, start("other")).then_refused(Rejection::AlreadyStarted);
    }

    #[test]
    fn an_import_finishes_with_its_counts() {
        let finish = order(Command::Finish { accepted: 2, refused: 1 });
        let finished = fact(Event::Finished { accepted: 2, refused: 1 });
        running().when(ADA, finish.clone()).then([finished.clone()]);
        running().and((ADA, finished)).when(ADA, finish.clone()).then([]);
        given(company()).when(ADA, finish).then_refused(Rejection::NoSuchImport);
    }

    #[test]
    fn an_import_that_nobody_used_is_taken_back_once() {
        let back = order(Command::TakeBack { with_entries: false });
        running().when(ADA, back.clone()).then([fact(Event::TakenBack { entries: 0 })]);
        let gone = running().and((ADA, fact(Event::TakenBack { entries: 0 })));
        gone.when(ADA, back).then([]);
        gone.when(ADA, order(Command::Finish { accepted: 0, refused: 0 })).then_refused(Rejection::IsTakenBack);
    }

    #[test]
    fn what_has_finished_may_still_bring_a_row() {
        let name = crate::words::AccountName::parse("Tailspin").unwrap();
        let row = domain::Command::Account(TAILSPIN, crate::account::Command::Register { name: name.clone() });
        let finished = running().and((ADA, fact(Event::Finished { accepted: 2, refused: 1 })));
        let registered = domain::Event::Account(TAILSPIN, crate::account::Event::Registered { name });
        finished.when_in_batch(BATCH, ADA, row).then([registered]);
    }

    #[test]
    fn what_was_taken_back_or_never_started_brings_nothing() {
        let gone = running().and((ADA, fact(Event::TakenBack { entries: 0 })));
        gone.when(ADA, start("export")).then_refused(Rejection::IsTakenBack);
        let name = crate::words::AccountName::parse("Tailspin").unwrap();
        let row = domain::Command::Account(TAILSPIN, crate::account::Command::Register { name });
        gone.when_in_batch(BATCH, ADA, row.clone()).then_refused(Rejection::IsTakenBack);
        given(company()).when_in_batch(BATCH, ADA, row.clone()).then_refused(Rejection::NoSuchImport);
        gone.when(ADA, row.clone()).then([domain::Event::Account(
            TAILSPIN,
            crate::account::Event::Registered { name: crate::words::AccountName::parse("Tailspin").unwrap() },
        )]);
    }

    #[test]
    fn what_rests_on_an_entry_that_rests_on_it_counts_too() {
        let brought = domain::Event::Account(
            TAILSPIN,
            crate::account::Event::Registered { name: crate::words::AccountName::parse("Tailspin").unwrap() },
        );
        let introduced = domain::Event::Contact(
            ANNA,
            crate::contact::Event::Introduced { account: Some(TAILSPIN), personal: person("Anna Petrova").into() },
        );
        let met = domain::Event::Interaction(
            VISIT,
            crate::interaction::Event::Logged(crate::interaction::Details {
                contacts: vec![ANNA],
                ..crate::interaction::Details::new(crate::words::Front::Client, None, summary("Met her"))
            }),
        );
        let running = given(company_without_contacts()).and((ADA, fact(started())));
        let used = running.and_in_batch(BATCH, (ADA, brought)).and((KIRA, introduced)).and((KIRA, met));
        let back = order(Command::TakeBack { with_entries: true });
        used.when(ADA, back).then([fact(Event::TakenBack { entries: 2 })]);
    }

    #[test]
    fn what_was_made_on_top_of_it_is_taken_back_only_when_asked() {
        let brought = domain::Event::Account(
            TAILSPIN,
            crate::account::Event::Registered { name: crate::words::AccountName::parse("Tailspin").unwrap() },
        );
        let visited = domain::Event::Interaction(
            VISIT,
            crate::interaction::Event::Logged(crate::interaction::Details::new(
                crate::words::Front::Client,
                Some(TAILSPIN),
                summary("First visit"),
            )),
        );
        let used = running().and_in_batch(BATCH, (ADA, brought)).and((KIRA, visited));
        let back = |with_entries| order(Command::TakeBack { with_entries });
        used.when(ADA, back(false)).then_refused(Rejection::UsedSince { entries: 1 });
        used.when(ADA, back(true)).then([fact(Event::TakenBack { entries: 1 })]);
    }

    #[test]
    fn the_last_administrator_stays_when_an_import_is_taken_back() {
        let colleague = |id, event| (ADA, domain::Event::Colleague(id, event));
        let joined = |unit| colleague::Event::Joined { unit, personal: identity("Vera Orlova").into() };
        let rules = || colleague::Event::GivenRole { role: Role::Administrator };
        let left = || colleague::Event::Left {};
        let back = || order(Command::TakeBack { with_entries: true });
        let refused = |given: &Given, by| given.when(by, back()).then_refused(Rejection::LastAdministrator);

        let brought = running().and_in_batch(BATCH, colleague(VERA, joined(None))).and(colleague(VERA, rules()));
        brought.when(ADA, back()).then([fact(Event::TakenBack { entries: 1 })]);
        let alone = brought.and(colleague(ADA, left()));
        refused(&alone, VERA);
        alone.when(VERA, order(Command::TakeBack { with_entries: false })).then_refused(Rejection::LastAdministrator);
        let two = alone.and(colleague(KIRA, rules()));
        two.when(VERA, back()).then([fact(Event::TakenBack { entries: 1 })]);

        let given_the_role = running().and_in_batch(BATCH, colleague(KIRA, rules())).and(colleague(ADA, left()));
        refused(&given_the_role, KIRA);
        let founded = unit::Event::Founded { name: unit_name("Berlin"), under: None };
        let in_a_unit = running()
            .and_in_batch(BATCH, (ADA, domain::Event::Unit(BERLIN, founded)))
            .and(colleague(VERA, joined(Some(BERLIN))))
            .and(colleague(VERA, rules()));
        refused(&in_a_unit.and(colleague(ADA, left())), VERA);
    }

    #[test]
    fn who_lost_the_role_by_an_import_has_it_again_when_that_is_taken_back() {
        let given_away = [(KIRA, Role::Administrator), (ADA, Role::Analyst)];
        let given_away = given_away.into_iter().fold(running(), |given, (id, role)| {
            given.and_in_batch(BATCH, (ADA, domain::Event::Colleague(id, colleague::Event::GivenRole { role })))
        });
        let back = order(Command::TakeBack { with_entries: false });
        given_away.when(KIRA, back).then([fact(Event::TakenBack { entries: 0 })]);
    }
}
