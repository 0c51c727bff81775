//! A unit: a part of our own organisation that has people and gives time. Units stand under one
//! another as the organisation chart has them, on any day.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::domain::{Context, Model};
use crate::ids::{Stream, UnitId};
use crate::lang::Lang;
use crate::words::UnitName;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    Founded {
        name: UnitName,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        under: Option<UnitId>,
    },
    Renamed {
        name: UnitName,
    },
    Moved {
        /// `None`: it stands at the top.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        under: Option<UnitId>,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    Found {
        name: UnitName,
        #[serde(default)]
        under: Option<UnitId>,
    },
    Rename {
        name: UnitName,
    },
    Move {
        #[serde(default)]
        under: Option<UnitId>,
    },
}

impl Command {
    /// Whether this is what led to these events: a command that is sent again is known by that.
    pub fn led_to(&self, events: &[&Event]) -> bool {
        match self {
            Self::Found { name, under } => {
                matches!(events, [Event::Founded { name: was, under: at }] if (was, at) == (name, under))
            }
            Self::Rename { name } => matches!(events, [Event::Renamed { name: was }] if was == name),
            Self::Move { under } => matches!(events, [Event::Moved { under: was }] if was == under),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rejection {
    AlreadyFounded,
    NoSuchUnit,
    NoSuchParent,
    UnderItself,
}

impl Rejection {
    pub const fn say(&self, lang: Lang) -> &'static str {
        match self {
            Self::AlreadyFounded => lang.pick(
                "This unit was already founded with another name or place. Rename or move it instead.",
                "Такое подразделение уже создано с другим названием или местом. Переименуйте или переместите его.",
            ),
            Self::NoSuchUnit => {
                lang.pick("There is no such unit. Found it first.", "Такого подразделения нет. Сначала создайте его.")
            }
            Self::NoSuchParent => lang.pick(
                "The unit above it does not exist. Choose another one.",
                "Вышестоящего подразделения нет. Выберите другое.",
            ),
            Self::UnderItself => lang.pick(
                "A unit cannot stand under itself or under one of its own parts. Choose another place.",
                "Подразделение не может подчиняться самому себе или своей части. Выберите другое место.",
            ),
        }
    }
}

/// All units as they stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Units(HashMap<UnitId, Unit>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Unit {
    name: UnitName,
    under: Option<UnitId>,
}

impl Units {
    pub fn exists(&self, unit: UnitId) -> bool {
        self.0.contains_key(&unit)
    }

    /// A unit, and those that it is under, upwards.
    fn upwards(&self, unit: UnitId) -> impl Iterator<Item = UnitId> {
        let above = |here: &UnitId| self.0.get(here).and_then(|unit| unit.under);
        // At most one step per unit: a damaged history could hold a ring.
        std::iter::successors(Some(unit), above).take(self.0.len() + 1)
    }

    fn is_within(&self, unit: UnitId, above: UnitId) -> bool {
        self.upwards(unit).any(|here| here == above)
    }

    /// See [`crate::domain::decided_by`].
    pub(crate) fn decided_by(&self, command: &Command) -> Vec<Stream> {
        match command {
            // Whether it would be under itself.
            Command::Move { under: Some(parent) } => self.upwards(*parent).map(Stream::from).collect(),
            Command::Move { under: None } | Command::Found { .. } | Command::Rename { .. } => vec![],
        }
    }

    pub(crate) fn evolve(&mut self, id: UnitId, event: &Event) {
        match event {
            Event::Founded { name, under } => {
                self.0.entry(id).or_insert_with(|| Unit { name: name.clone(), under: *under });
            }
            Event::Renamed { name } => {
                if let Some(unit) = self.0.get_mut(&id) {
                    unit.name.clone_from(name);
                }
            }
            Event::Moved { under } => {
                if let Some(unit) = self.0.get_mut(&id) {
                    unit.under = *under;
                }
            }
        }
    }
}

impl Event {
    /// The other things that this event names.
    pub fn mentions(&self) -> Vec<Stream> {
        match self {
            Self::Founded { under, .. } | Self::Moved { under } => under.iter().map(|&unit| unit.into()).collect(),
            Self::Renamed { .. } => vec![],
        }
    }
}

pub fn decide(id: UnitId, command: &Command, _: &Context, model: &Model) -> Result<Vec<Event>, Rejection> {
    let units = model.units();
    let parent_exists = |under: Option<UnitId>| match under {
        Some(parent) if !units.exists(parent) => Err(Rejection::NoSuchParent),
        Some(_) | None => Ok(()),
    };
    let unit = units.0.get(&id);
    match command {
        Command::Found { name, under } => match unit {
            Some(unit) if unit.name == *name && unit.under == *under => Ok(vec![]),
            Some(_) => Err(Rejection::AlreadyFounded),
            None => {
                parent_exists(*under)?;
                Ok(vec![Event::Founded { name: name.clone(), under: *under }])
            }
        },
        Command::Rename { name } => {
            if unit.ok_or(Rejection::NoSuchUnit)?.name == *name {
                return Ok(vec![]);
            }
            Ok(vec![Event::Renamed { name: name.clone() }])
        }
        Command::Move { under } => {
            if unit.ok_or(Rejection::NoSuchUnit)?.under == *under {
                return Ok(vec![]);
            }
            parent_exists(*under)?;
            if under.is_some_and(|parent| units.is_within(parent, id)) {
                return Err(Rejection::UnderItself);
            }
            Ok(vec![Event::Moved { under: *under }])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain;
    use crate::testkit::*;

    fn found(name: &str, under: Option<UnitId>) -> domain::Command {
        domain::Command::Unit(LOGISTICS, Command::Found { name: UnitName::parse(name).unwrap(), under })
    }

    fn founded(name: &str, under: Option<UnitId>) -> domain::Event {
        domain::Event::Unit(LOGISTICS, Event::Founded { name: UnitName::parse(name).unwrap(), under })
    }

    #[test]
    fn a_unit_is_founded() {
        given([]).when(ADA, found("Logistics", None)).then([founded("Logistics", None)]);
    }

    #[test]
    fn founding_it_again_stays_quiet() {
        given([(ADA, founded("Logistics", None))]).when(ADA, found("Logistics", None)).then([]);
    }

    #[test]
    fn a_unit_is_not_founded_twice_or_under_nothing() {
        given([(ADA, founded("Logistics", None))])
            .when(ADA, found("Transport", None))
            .then_refused(Rejection::AlreadyFounded);
        given([]).when(ADA, found("Logistics", Some(ENGINEERING))).then_refused(Rejection::NoSuchParent);
    }

    #[test]
    fn a_unit_is_renamed_or_stays_quiet() {
        let rename =
            |name: &str| domain::Command::Unit(LOGISTICS, Command::Rename { name: UnitName::parse(name).unwrap() });
        given([(ADA, founded("Logistics", None))])
            .when(ADA, rename("Transport"))
            .then([domain::Event::Unit(LOGISTICS, Event::Renamed { name: UnitName::parse("Transport").unwrap() })]);
        given([(ADA, founded("Logistics", None))]).when(ADA, rename("Logistics")).then([]);
        given([]).when(ADA, rename("Logistics")).then_refused(Rejection::NoSuchUnit);
    }

    #[test]
    fn a_unit_moves_but_never_under_itself() {
        let go = |under| domain::Command::Unit(LOGISTICS, Command::Move { under });
        let company = [
            (ADA, founded("Logistics", None)),
            (
                ADA,
                domain::Event::Unit(
                    ENGINEERING,
                    Event::Founded { name: UnitName::parse("Engineering").unwrap(), under: Some(LOGISTICS) },
                ),
            ),
        ];
        given(company.clone()).when(ADA, go(None)).then([]);
        given(company.clone()).when(ADA, go(Some(LOGISTICS))).then_refused(Rejection::UnderItself);
        given(company.clone()).when(ADA, go(Some(ENGINEERING))).then_refused(Rejection::UnderItself);
        let up = domain::Command::Unit(ENGINEERING, Command::Move { under: None });
        given(company).when(ADA, up).then([domain::Event::Unit(ENGINEERING, Event::Moved { under: None })]);
    }
}
