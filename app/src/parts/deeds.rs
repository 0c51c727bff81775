//! What an event is called by people: one short name for each type of event, in the words of the business.

use shared::ids::Slice;

use crate::text::Lang;

/// Every type of event: the slice, its name in the log, and what people call it.
const DEEDS: &[(Slice, &str, &str, &str)] = &[
    (Slice::Account, "registered", "Account registered", "Клиент заведён"),
    (Slice::Account, "renamed", "Account renamed", "Клиент переименован"),
    (Slice::Account, "described", "Account described", "Изменены сведения о клиенте"),
    (Slice::Account, "designated", "Account designated", "Присвоен статус клиента"),
    (Slice::Account, "assigned", "Account manager assigned", "Назначен менеджер клиента"),
    (Slice::Account, "sponsored", "Sponsor given", "Назначен куратор"),
    (Slice::Account, "linked", "Account linked", "Клиент связан с записью"),
    (Slice::Account, "closed", "Account closed", "Клиент закрыт"),
    (Slice::Account, "reopened", "Account reopened", "Клиент снова открыт"),
    (Slice::Contact, "introduced", "Contact introduced", "Новый контакт"),
    (Slice::Contact, "described", "Contact described", "Изменены данные контакта"),
    (Slice::Contact, "mapped", "Contact mapped", "Роль контакта в закупке"),
    (Slice::Contact, "moved", "Contact moved", "Контакт перешёл"),
    (Slice::Contact, "associated", "Contact associated", "Контакт связан с клиентом"),
    (Slice::Contact, "left", "Contact left", "Контакт больше не работает"),
    (Slice::Interaction, "logged", "Interaction logged", "Взаимодействие записано"),
    (Slice::Interaction, "corrected", "Interaction corrected", "Взаимодействие исправлено"),
    (Slice::Interaction, "retracted", "Interaction retracted", "Взаимодействие отозвано"),
    (Slice::Interaction, "next_step_agreed", "Next step agreed", "Следующий шаг назначен"),
    (Slice::Interaction, "next_step_done", "Next step done", "Следующий шаг сделан"),
    (Slice::Interaction, "next_step_dropped", "Next step dropped", "Следующий шаг снят"),
    (Slice::Handoff, "offered", "Handoff offered", "Передача предложена"),
    (Slice::Handoff, "accepted", "Handoff accepted", "Передача принята"),
    (Slice::Handoff, "declined", "Handoff declined", "Передача отклонена"),
    (Slice::Handoff, "returned", "Handoff returned", "Передача возвращена"),
    (Slice::Handoff, "completed", "Handoff completed", "Передача выполнена"),
    (Slice::Handoff, "escalated", "Handoff escalated", "Передача эскалирована"),
    (Slice::Handoff, "withdrawn", "Handoff withdrawn", "Передача отозвана"),
    (Slice::Unit, "founded", "Unit founded", "Подразделение создано"),
    (Slice::Unit, "renamed", "Unit renamed", "Подразделение переименовано"),
    (Slice::Unit, "moved", "Unit moved", "Подразделение перемещено"),
    (Slice::Colleague, "joined", "Colleague joined", "Сотрудник пришёл"),
    (Slice::Colleague, "renamed", "Colleague renamed", "Данные сотрудника"),
    (Slice::Colleague, "moved", "Colleague moved", "Сотрудник перешёл"),
    (Slice::Colleague, "given_role", "Role given", "Сотруднику дана роль"),
    (Slice::Colleague, "left", "Colleague left", "Сотрудник больше не работает"),
    (Slice::Import, "started", "Import started", "Загрузка начата"),
    (Slice::Import, "finished", "Import finished", "Загрузка закончена"),
    (Slice::Import, "taken_back", "Import taken back", "Загрузка отменена"),
];

/// What people call a type of event; `None` for a word that is no type of this slice.
#[must_use]
pub fn deed(slice: Slice, kind: &str, lang: Lang) -> Option<&'static str> {
    let (_, _, en, ru) = DEEDS.iter().find(|(of, name, ..)| *of == slice && *name == kind)?;
    Some(lang.pick(en, ru))
}

/// The types of a slice: (name in the log, what people call it).
pub fn of_slice(slice: Slice, lang: Lang) -> impl Iterator<Item = (&'static str, &'static str)> {
    DEEDS.iter().filter(move |(of, ..)| *of == slice).map(move |(_, name, en, ru)| (*name, lang.pick(*en, *ru)))
}

/// What the events of a slice are about.
#[must_use]
pub const fn about(slice: Slice, lang: Lang) -> &'static str {
    match slice {
        Slice::Account => lang.pick("Accounts", "Клиенты"),
        Slice::Contact => lang.pick("Contacts", "Контакты"),
        Slice::Interaction => lang.pick("Interactions", "Взаимодействия"),
        Slice::Handoff => lang.pick("Handoffs", "Передачи"),
        Slice::Unit => lang.pick("Units", "Подразделения"),
        Slice::Colleague => lang.pick("Colleagues", "Сотрудники"),
        Slice::Import => lang.pick("Imports", "Загрузки"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The golden files of the log hold every type of event that there is.
    #[test]
    fn every_event_has_a_name() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/tests/wire/v1");
        let mut events = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            let Some((slice, kind)) = name.strip_suffix(".json").and_then(|name| name.split_once('.')) else {
                continue;
            };
            events += 1;
            let slice: Slice = slice.parse().unwrap();
            assert!(deed(slice, kind, Lang::Ru).is_some(), "{slice} {kind}");
        }
        assert_eq!(events, DEEDS.len());
    }
}
