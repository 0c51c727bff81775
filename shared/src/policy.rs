//! Who may do what, and who may see what. Rules that depend on the state of one thing (a handoff
//! answers only to whom it was offered) live in that thing's slice; here is what a role is for.

use serde::{Deserialize, Serialize};

use crate::domain::{Command, Model};
use crate::ids::{ColleagueId, Slice};
use crate::lang::Lang;
use crate::words::Role;
use crate::{account, import, interaction};

/// Why somebody may not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    /// Not among us, or no longer.
    Stranger,
    /// Analysts read.
    ReadsOnly,
    /// For administrators.
    NeedsAdministrator,
    /// For managers and administrators.
    NeedsManager,
    /// For the one who wrote it or whom an import names in it, and managers.
    NeedsAuthor,
}

impl Denied {
    pub const fn say(&self, lang: Lang) -> &'static str {
        match self {
            Self::Stranger => lang.pick(
                "You are not a colleague here (any more). Ask an administrator.",
                "Вас нет среди сотрудников. Обратитесь к администратору.",
            ),
            Self::ReadsOnly => lang.pick(
                "Analysts read and export, they change nothing. Ask the account's manager to record it.",
                "Аналитики читают и выгружают, но ничего не меняют. Попросите менеджера клиента внести запись.",
            ),
            Self::NeedsAdministrator => lang.pick(
                "Only an administrator can do that. Ask one of them.",
                "Это может сделать только администратор. Обратитесь к нему.",
            ),
            Self::NeedsManager => lang.pick(
                "Only a manager can do that. Ask yours.",
                "Это может сделать только руководитель. Обратитесь к своему.",
            ),
            Self::NeedsAuthor => lang.pick(
                "Only the one who logged this entry, or a manager, can change it. Log your own view of it instead.",
                "Изменить запись может только её автор или руководитель. Внесите свою запись.",
            ),
        }
    }
}

/// How much of a record somebody may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Sight {
    Whole,
    /// All of it but the personal part.
    WithoutPersonal,
    Nothing,
}

pub fn may(by: ColleagueId, command: &Command, model: &Model) -> Result<(), Denied> {
    if by == ColleagueId::TWOFRONT {
        return Ok(());
    }
    let role = model.colleagues().role(by).ok_or(Denied::Stranger)?;
    let leads = leads(Some(role));
    let need = |allowed, otherwise| if allowed { Ok(()) } else { Err(otherwise) };
    need(role.acts(), Denied::ReadsOnly)?;
    match command {
        Command::Unit(..) | Command::Colleague(..) => need(administers(Some(role)), Denied::NeedsAdministrator),
        Command::Account(account, command) => match command {
            account::Command::Register { .. }
            | account::Command::Rename { .. }
            | account::Command::Describe(_)
            | account::Command::Link { .. } => Ok(()),
            // A key account manager may take an account that nobody answers for yet, or any more.
            account::Command::Assign { kam } => {
                let answers = model.accounts().kam(*account).filter(|kam| model.colleagues().can_act(*kam));
                need(leads || (*kam == by && answers.is_none_or(|kam| kam == by)), Denied::NeedsManager)
            }
            account::Command::Designate { .. }
            | account::Command::Sponsor { .. }
            | account::Command::Close { .. }
            | account::Command::Reopen { .. } => need(leads, Denied::NeedsManager),
        },
        Command::Interaction(interaction, command) => match command {
            interaction::Command::Log { .. }
            | interaction::Command::AgreeNextStep(_)
            | interaction::Command::DoNextStep { .. }
            | interaction::Command::DropNextStep { .. } => Ok(()),
            interaction::Command::Correct(_) | interaction::Command::Retract { .. } => {
                let author = model.interactions().author(*interaction);
                let theirs = author.is_none_or(|author| author == by) || model.interactions().is_of(*interaction, by);
                need(leads || theirs, Denied::NeedsAuthor)
            }
        },
        Command::Import(_, command) => match command {
            import::Command::Start { .. } | import::Command::Finish { .. } | import::Command::TakeBack { .. } => {
                need(administers(Some(role)), Denied::NeedsAdministrator)
            }
        },
        Command::Contact(..) | Command::Handoff(..) => Ok(()),
    }
}

/// Whether somebody with this role decides about key accounts: managers and administrators.
pub fn leads(role: Option<Role>) -> bool {
    role.is_some_and(Role::leads)
}

/// Whether the organisation, imports and logins are in the hands of somebody with this role.
pub const fn administers(role: Option<Role>) -> bool {
    matches!(role, Some(Role::Administrator))
}

/// What somebody with this role may see of a record of this slice. Analysts audit who got what, not
/// how to reach a person: clients' people stay sealed to them.
pub const fn may_see(role: Option<Role>, slice: Slice) -> Sight {
    match (role, slice) {
        (None, _) => Sight::Nothing,
        (Some(Role::Analyst), Slice::Contact) => Sight::WithoutPersonal,
        (Some(Role::Administrator | Role::Manager | Role::AccountManager | Role::ResourceOwner | Role::Analyst), _) => {
            Sight::Whole
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain;
    use crate::testkit::*;
    use crate::words::{Front, Tier};

    fn refused(by: ColleagueId, command: Command, why: Denied) {
        given(company()).when(by, command).then_refused(domain::Rejection::Denied(why));
    }

    #[test]
    fn a_stranger_may_nothing() {
        let stranger = ColleagueId::from_uuid(uuid::Uuid::nil());
        let log = interaction::Command::Log {
            details: interaction::Details::new(Front::Client, Some(NORTHWIND), summary("x")),
            next_steps: vec![],
        };
        refused(stranger, Command::Interaction(VISIT, log), Denied::Stranger);
        assert_eq!(may_see(None, Slice::Account), Sight::Nothing);
    }

    #[test]
    fn an_analyst_reads_only_and_no_contact_s_details() {
        let leave = Command::Contact(ANNA, crate::contact::Command::Leave {});
        refused(NINA, leave, Denied::ReadsOnly);
        assert_eq!(may_see(Some(Role::Analyst), Slice::Contact), Sight::WithoutPersonal);
        assert_eq!(may_see(Some(Role::Analyst), Slice::Handoff), Sight::Whole);
    }

    #[test]
    fn the_organisation_belongs_to_administrators_and_key_accounts_to_managers() {
        let move_kira = Command::Colleague(KIRA, crate::colleague::Command::Move { unit: None });
        refused(KIRA, move_kira, Denied::NeedsAdministrator);
        let designate = account::Command::Designate { tier: Tier::Key, reason: reason("Big") };
        refused(KIRA, Command::Account(NORTHWIND, designate), Denied::NeedsManager);
        let whatever = || reason("Big");
        for command in [
            account::Command::Sponsor { sponsor: ADA },
            account::Command::Close { reason: whatever() },
            account::Command::Reopen { reason: whatever() },
        ] {
            refused(KIRA, Command::Account(NORTHWIND, command), Denied::NeedsManager);
        }
        let found = crate::unit::Command::Found { name: unit_name("Berlin"), under: None };
        refused(KIRA, Command::Unit(SALES, found), Denied::NeedsAdministrator);
        let take_back = Command::Import(BATCH, import::Command::TakeBack { with_entries: false });
        refused(KIRA, take_back, Denied::NeedsAdministrator);
    }

    #[test]
    fn an_account_without_a_manager_can_be_taken_by_one() {
        let take = |account| Command::Account(account, account::Command::Assign { kam: LEV });
        refused(LEV, take(NORTHWIND), Denied::NeedsManager);
        let assigned = domain::Event::Account(CONTOSO, account::Event::Assigned { kam: LEV });
        given(company()).when(LEV, take(CONTOSO)).then([assigned]);
        let left = domain::Event::Colleague(KIRA, crate::colleague::Event::Left {});
        let assigned = domain::Event::Account(NORTHWIND, account::Event::Assigned { kam: LEV });
        given(company()).and((ADA, left)).when(LEV, take(NORTHWIND)).then([assigned]);
    }

    #[test]
    fn an_entry_is_corrected_by_its_author_or_a_manager() {
        let details = interaction::Details::new(Front::Client, Some(NORTHWIND), summary("x"));
        let logged = domain::Event::Interaction(VISIT, interaction::Event::Logged(details));
        let retract = Command::Interaction(VISIT, interaction::Command::Retract { reason: reason("Mistake") });
        let entry = given(company()).and((KIRA, logged));
        entry.when(LEV, retract.clone()).then_refused(domain::Rejection::Denied(Denied::NeedsAuthor));
        let retracted =
            interaction::Event::Retracted { personal: interaction::Why { reason: reason("Mistake") }.into() };
        entry.when(ADA, retract).then([domain::Event::Interaction(VISIT, retracted)]);
    }

    #[test]
    fn an_imported_entry_is_also_of_those_whom_it_names() {
        let details = interaction::Details {
            colleagues: vec![LEV],
            ..interaction::Details::new(Front::Client, Some(NORTHWIND), summary("x"))
        };
        let logged = || domain::Event::Interaction(VISIT, interaction::Event::Logged(details.clone()));
        let retract = Command::Interaction(VISIT, interaction::Command::Retract { reason: reason("Mistake") });
        let retracted =
            interaction::Event::Retracted { personal: interaction::Why { reason: reason("Mistake") }.into() };
        let imported = given(company()).and_in_batch(BATCH, (ADA, logged()));
        imported.when(LEV, retract.clone()).then([domain::Event::Interaction(VISIT, retracted)]);
        imported.when(MAXIM, retract.clone()).then_refused(domain::Rejection::Denied(Denied::NeedsAuthor));
        let written = given(company()).and((KIRA, logged()));
        written.when(LEV, retract).then_refused(domain::Rejection::Denied(Denied::NeedsAuthor));
    }
}
