//! A colleague: a person of ours, in a unit, with a role. What they did stays when they leave.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

use crate::domain::{Context, Model, fingerprint};
use crate::ids::{ColleagueId, ImportId, Stream, UnitId};
use crate::lang::Lang;
use crate::personal::Personal;
use crate::words::{Email, Label, PersonName, Role};

/// Who a colleague is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    pub name: PersonName,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Email>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<Label>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// For the first time, or again after having left: the same person, with what they did before.
    Joined {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        unit: Option<UnitId>,
        #[serde(default)]
        personal: Personal<Identity>,
    },
    Renamed {
        #[serde(default)]
        personal: Personal<Identity>,
    },
    Moved {
        /// `None`: in no unit.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        unit: Option<UnitId>,
    },
    GivenRole {
        role: Role,
    },
    Left {},
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    Join {
        identity: Identity,
        #[serde(default)]
        unit: Option<UnitId>,
        role: Role,
    },
    Rename {
        identity: Identity,
    },
    Move {
        #[serde(default)]
        unit: Option<UnitId>,
    },
    GiveRole {
        role: Role,
    },
    Leave {},
}

impl Command {
    /// Whether this is what led to these events: a command that is sent again is known by that.
    pub fn led_to(&self, events: &[&Event]) -> bool {
        match self {
            Self::Join { identity, unit, role } => {
                let [Event::Joined { unit: at, personal }, Event::GivenRole { role: given }] = events else {
                    return false;
                };
                at == unit && personal.may_be(&identity.clone().into()) && given == role
            }
            Self::Rename { identity } => {
                matches!(events, [Event::Renamed { personal }] if personal.may_be(&identity.clone().into()))
            }
            Self::Move { unit } => matches!(events, [Event::Moved { unit: was }] if was == unit),
            Self::GiveRole { role } => matches!(events, [Event::GivenRole { role: was }] if was == role),
            Self::Leave {} => matches!(events, [Event::Left {}]),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rejection {
    AlreadyJoined,
    AddressTaken,
    NoSuchColleague,
    NoSuchUnit,
    HasLeft,
    LastAdministrator,
    IsTwofront,
}

impl Rejection {
    pub const fn say(&self, lang: Lang) -> &'static str {
        match self {
            Self::AlreadyJoined => lang.pick(
                "This colleague has already joined under another name. Rename them instead.",
                "Этот сотрудник уже добавлен под другим именем. Измените его имя.",
            ),
            Self::AddressTaken => lang.pick(
                "Somebody else here has this address, and people sign in with theirs. Look for them, or write another one.",
                "Этот адрес уже у другого сотрудника, а по адресу входят в систему. Найдите этого сотрудника или укажите другой адрес.",
            ),
            Self::NoSuchColleague => {
                lang.pick("There is no such colleague. Add them first.", "Такого сотрудника нет. Сначала добавьте его.")
            }
            Self::NoSuchUnit => lang.pick(
                "There is no such unit. Found it first or choose another one.",
                "Такого подразделения нет. Создайте его или выберите другое.",
            ),
            Self::HasLeft => lang.pick(
                "This colleague has left. Choose somebody who is here.",
                "Этот сотрудник больше не работает. Выберите другого.",
            ),
            Self::LastAdministrator => lang.pick(
                "This is the last administrator. Make somebody else administrator first.",
                "Это последний администратор. Сначала назначьте администратором кого-то ещё.",
            ),
            Self::IsTwofront => lang.pick(
                "This identity is Twofront's own and nobody's. Add the colleague under another one.",
                "Этот идентификатор принадлежит самому Twofront. Добавьте сотрудника под другим.",
            ),
        }
    }
}

/// All colleagues as they stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Colleagues(HashMap<ColleagueId, Colleague>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Colleague {
    identity: u64,
    /// A digest of the address that they sign in with.
    address: Option<u64>,
    unit: Option<UnitId>,
    standing: Standing,
    /// All that led to this standing, each with the imports that it rests on: it goes when one of them is taken back.
    turns: Vec<(Turn, BTreeSet<ImportId>)>,
}

/// Whether somebody is here, and as what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Standing {
    is_here: bool,
    role: Option<Role>,
}

/// What changes a standing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    Joined,
    GivenRole(Role),
    Left,
}

impl Standing {
    const fn after(self, turn: Turn) -> Self {
        match turn {
            Turn::Joined if self.is_here => self,
            // Somebody who comes back is given a role anew.
            Turn::Joined => Self { is_here: true, role: None },
            Turn::GivenRole(role) => Self { role: Some(role), ..self },
            Turn::Left => Self { is_here: false, ..self },
        }
    }

    fn administers(self) -> bool {
        self.is_here && self.role == Some(Role::Administrator)
    }
}

impl Colleague {
    fn turn(&mut self, turn: Turn, rests_on: &BTreeSet<ImportId>) {
        self.standing = self.standing.after(turn);
        self.turns.push((turn, rests_on.clone()));
    }

    /// How they would stand if this import were taken back.
    fn standing_without(&self, import: ImportId) -> Standing {
        let stay = self.turns.iter().filter(|(_, rests_on)| !rests_on.contains(&import));
        stay.fold(Standing::default(), |standing, (turn, _)| standing.after(*turn))
    }
}

/// Addresses are told apart without regard to capitals, as at the sign-in.
fn address(identity: &Personal<Identity>) -> Option<u64> {
    let email = identity.known()?.email.as_ref()?;
    Some(fingerprint(&email.as_str().to_lowercase()))
}

impl Colleagues {
    /// Whether another colleague who is here has this address.
    fn is_taken(&self, identity: &Personal<Identity>, by: ColleagueId) -> bool {
        let wanted = address(identity);
        wanted.is_some()
            && self.0.iter().any(|(id, other)| *id != by && other.standing.is_here && other.address == wanted)
    }

    /// Joined and not left: somebody who can be asked.
    pub fn is_here(&self, colleague: ColleagueId) -> bool {
        self.0.get(&colleague).is_some_and(|colleague| colleague.standing.is_here)
    }

    pub fn exists(&self, colleague: ColleagueId) -> bool {
        self.0.contains_key(&colleague)
    }

    /// The role of somebody who is here.
    pub fn role(&self, colleague: ColleagueId) -> Option<Role> {
        self.0.get(&colleague).filter(|colleague| colleague.standing.is_here)?.standing.role
    }

    /// The unit that somebody who is here belongs to.
    pub fn unit(&self, colleague: ColleagueId) -> Option<UnitId> {
        self.0.get(&colleague).filter(|colleague| colleague.standing.is_here)?.unit
    }

    /// Here, and not only to read: somebody whom work can go to.
    pub fn can_act(&self, colleague: ColleagueId) -> bool {
        self.role(colleague).is_some_and(Role::acts)
    }

    /// Here, and with a role that decides about key accounts.
    pub fn leads(&self, colleague: ColleagueId) -> bool {
        self.role(colleague).is_some_and(Role::leads)
    }

    fn administrators(&self) -> BTreeSet<ColleagueId> {
        self.0.iter().filter(|(_, colleague)| colleague.standing.administers()).map(|(id, _)| *id).collect()
    }

    /// The administrators' streams.
    pub(crate) fn who_administer(&self) -> Vec<Stream> {
        self.administrators().into_iter().map(Stream::from).collect()
    }

    /// See [`crate::domain::decided_by`].
    pub(crate) fn decided_by(&self, command: &Command) -> Vec<Stream> {
        match command {
            // Whether somebody else administers.
            Command::GiveRole { .. } | Command::Leave {} => self.who_administer(),
            Command::Join { .. } | Command::Rename { .. } | Command::Move { .. } => vec![],
        }
    }

    /// Whether there are administrators, and none of them would be one if this import were taken back.
    pub(crate) fn all_administrators_rest_on(&self, import: ImportId) -> bool {
        let stays = |colleague: &Colleague| colleague.standing_without(import).administers();
        !self.administrators().is_empty() && !self.0.values().any(stays)
    }

    /// `rests_on`: the imports without which this would not have happened.
    pub(crate) fn evolve(&mut self, id: ColleagueId, event: &Event, rests_on: &BTreeSet<ImportId>) {
        if let Event::Joined { unit, personal } = event {
            let (identity, address) = (fingerprint(personal), address(personal));
            let colleague = match self.0.entry(id) {
                Entry::Vacant(place) => {
                    let standing = Standing::default();
                    place.insert(Colleague { identity, address, unit: *unit, standing, turns: vec![] })
                }
                Entry::Occupied(place) => place.into_mut(),
            };
            if !colleague.standing.is_here {
                (colleague.identity, colleague.address, colleague.unit) = (identity, address, *unit);
            }
            colleague.turn(Turn::Joined, rests_on);
            return;
        }
        let Some(colleague) = self.0.get_mut(&id) else { return };
        match event {
            Event::Joined { .. } => {}
            Event::Renamed { personal } => {
                (colleague.identity, colleague.address) = (fingerprint(personal), address(personal));
            }
            Event::Moved { unit } => colleague.unit = *unit,
            Event::GivenRole { role } => colleague.turn(Turn::GivenRole(*role), rests_on),
            Event::Left {} => colleague.turn(Turn::Left, rests_on),
        }
    }
}

impl Event {
    /// The other things that this event names.
    pub fn mentions(&self) -> Vec<Stream> {
        match self {
            Self::Joined { unit, .. } | Self::Moved { unit } => unit.iter().map(|&unit| unit.into()).collect(),
            Self::Renamed { .. } | Self::GivenRole { .. } | Self::Left {} => vec![],
        }
    }
}

pub fn decide(id: ColleagueId, command: &Command, context: &Context, model: &Model) -> Result<Vec<Event>, Rejection> {
    let colleagues = model.colleagues();
    let unit_exists = |unit: Option<UnitId>| match unit {
        Some(unit) if !model.units().exists(unit) => Err(Rejection::NoSuchUnit),
        Some(_) | None => Ok(()),
    };
    let known = colleagues.0.get(&id);
    let here = || {
        let colleague = known.ok_or(Rejection::NoSuchColleague)?;
        if colleague.standing.is_here { Ok(colleague) } else { Err(Rejection::HasLeft) }
    };
    // An export has people as it has them; whoever of them is to sign in is asked for an address of their own then.
    let free = |identity: &Personal<Identity>| {
        let is_taken = context.batch.is_none() && colleagues.is_taken(identity, id);
        if is_taken { Err(Rejection::AddressTaken) } else { Ok(()) }
    };
    let somebody_else_rules = || {
        let administrators = colleagues.administrators();
        administrators.len() != 1 || !administrators.contains(&id)
    };
    match command {
        Command::Join { .. } if id == ColleagueId::TWOFRONT => Err(Rejection::IsTwofront),
        Command::Join { identity, unit, role } => {
            let personal = Personal::Known(identity.clone());
            match known {
                Some(colleague) if colleague.standing.is_here && colleague.identity == fingerprint(&personal) => {
                    Ok(vec![])
                }
                Some(colleague) if colleague.standing.is_here => Err(Rejection::AlreadyJoined),
                // New, or back again.
                Some(_) | None => {
                    unit_exists(*unit)?;
                    free(&personal)?;
                    Ok(vec![Event::Joined { unit: *unit, personal }, Event::GivenRole { role: *role }])
                }
            }
        }
        Command::Rename { identity } => {
            let personal = Personal::Known(identity.clone());
            let known = known.ok_or(Rejection::NoSuchColleague)?;
            if known.identity == fingerprint(&personal) {
                return Ok(vec![]);
            }
            // Whom an import brought with somebody else's address can still get another name.
            if known.address != address(&personal) {
                free(&personal)?;
            }
            Ok(vec![Event::Renamed { personal }])
        }
        Command::Move { unit } => {
            if here()?.unit == *unit {
                return Ok(vec![]);
            }
            unit_exists(*unit)?;
            Ok(vec![Event::Moved { unit: *unit }])
        }
        Command::GiveRole { role } => {
            if here()?.standing.role == Some(*role) {
                return Ok(vec![]);
            }
            if !somebody_else_rules() {
                return Err(Rejection::LastAdministrator);
            }
            Ok(vec![Event::GivenRole { role: *role }])
        }
        Command::Leave {} => {
            if !known.ok_or(Rejection::NoSuchColleague)?.standing.is_here {
                return Ok(vec![]);
            }
            if !somebody_else_rules() {
                return Err(Rejection::LastAdministrator);
            }
            Ok(vec![Event::Left {}])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain;
    use crate::testkit::*;
    use crate::words::System;

    fn order(command: Command) -> domain::Command {
        domain::Command::Colleague(KIRA, command)
    }

    fn fact(event: Event) -> domain::Event {
        domain::Event::Colleague(KIRA, event)
    }

    fn join(name: &str) -> domain::Command {
        order(Command::Join { identity: identity(name), unit: None, role: Role::Manager })
    }

    #[test]
    fn a_colleague_joins_with_a_role() {
        given([]).when(ADA, join("Kira")).then([
            fact(Event::Joined { unit: None, personal: identity("Kira").into() }),
            fact(Event::GivenRole { role: Role::Manager }),
        ]);
    }

    #[test]
    fn joining_again_stays_quiet_and_under_another_name_is_refused() {
        given(company())
            .when(ADA, order(Command::Join { identity: identity("Kira Volkova"), unit: None, role: Role::Manager }))
            .then([]);
        given(company()).when(ADA, join("Somebody Else")).then_refused(Rejection::AlreadyJoined);
    }

    #[test]
    fn nobody_takes_the_address_of_somebody_who_is_here() {
        let at = |name, address: &str| Identity { email: Some(Email::parse(address).unwrap()), ..identity(name) };
        let vera = ColleagueId::from_uuid(uuid::Uuid::from_u128(0xC9));
        let join =
            |identity| domain::Command::Colleague(vera, Command::Join { identity, unit: None, role: Role::Manager });
        let kira = fact(Event::Renamed { personal: at("Kira Volkova", "kira@twofront.example").into() });
        let here = given(company()).and((ADA, kira.clone()));
        here.when(ADA, join(at("Vera", "KIRA@twofront.example"))).then_refused(Rejection::AddressTaken);
        let lev = |identity| domain::Command::Colleague(LEV, Command::Rename { identity });
        here.when(ADA, lev(at("Lev", "kira@twofront.example"))).then_refused(Rejection::AddressTaken);
        // Her own address she keeps, and a free one is free; an export has people as it has them.
        let renamed = at("Kira Orlova", "kira@twofront.example");
        here.when(ADA, order(Command::Rename { identity: renamed.clone() }))
            .then([fact(Event::Renamed { personal: renamed.into() })]);
        let joined = |identity: &Identity| {
            let of_vera = |event| domain::Event::Colleague(vera, event);
            [
                of_vera(Event::Joined { unit: None, personal: identity.clone().into() }),
                of_vera(Event::GivenRole { role: Role::Manager }),
            ]
        };
        let (free, taken) = (at("Vera", "vera@twofront.example"), at("Vera", "kira@twofront.example"));
        here.when(ADA, join(free.clone())).then(joined(&free));
        let (system, source) = (System::parse("salesforce").unwrap(), Label::parse("export").unwrap());
        let started = domain::Event::Import(BATCH, crate::import::Event::Started { system, source });
        here.and((ADA, started)).when_in_batch(BATCH, ADA, join(taken.clone())).then(joined(&taken));
        let twice = here.and((
            ADA,
            domain::Event::Colleague(LEV, Event::Renamed { personal: at("Lev", "kira@twofront.example").into() }),
        ));
        let lev_is = at("Lev Morozov", "kira@twofront.example");
        let renamed = domain::Event::Colleague(LEV, Event::Renamed { personal: lev_is.clone().into() });
        twice.when(ADA, lev(lev_is)).then([renamed]);
        here.and((ADA, fact(Event::Left {}))).when(ADA, join(taken.clone())).then(joined(&taken));
    }

    #[test]
    fn nobody_joins_a_unit_that_does_not_exist() {
        let command = Command::Join { identity: identity("Kira"), unit: Some(LOGISTICS), role: Role::Manager };
        given([]).when(ADA, order(command)).then_refused(Rejection::NoSuchUnit);
    }

    #[test]
    fn a_colleague_is_renamed_once() {
        let rename = order(Command::Rename { identity: identity("Kira Orlova") });
        let renamed = fact(Event::Renamed { personal: identity("Kira Orlova").into() });
        given(company()).when(ADA, rename.clone()).then([renamed.clone()]);
        given(company()).and((ADA, renamed)).when(ADA, rename.clone()).then([]);
        given([]).when(ADA, rename).then_refused(Rejection::NoSuchColleague);
    }

    #[test]
    fn a_colleague_moves_to_a_unit_that_exists() {
        let to = |unit| order(Command::Move { unit });
        given(company()).when(ADA, to(Some(LOGISTICS))).then([fact(Event::Moved { unit: Some(LOGISTICS) })]);
        given(company()).when(ADA, to(Some(SALES))).then([]);
        given(company()).when(ADA, to(Some(UnitId::from_uuid(uuid::Uuid::nil())))).then_refused(Rejection::NoSuchUnit);
    }

    #[test]
    fn a_role_is_given_but_the_last_administrator_keeps_it() {
        let analyst = order(Command::GiveRole { role: Role::Analyst });
        given(company()).when(ADA, analyst).then([fact(Event::GivenRole { role: Role::Analyst })]);
        given(company()).when(ADA, order(Command::GiveRole { role: Role::AccountManager })).then([]);
        let ada = |command| domain::Command::Colleague(ADA, command);
        given(company())
            .when(ADA, ada(Command::GiveRole { role: Role::Analyst }))
            .then_refused(Rejection::LastAdministrator);
        given(company()).when(ADA, ada(Command::Leave {})).then_refused(Rejection::LastAdministrator);
    }

    #[test]
    fn who_left_has_left_once() {
        given(company()).when(ADA, order(Command::Leave {})).then([fact(Event::Left {})]);
        let gone = given(company()).and((ADA, fact(Event::Left {})));
        gone.when(ADA, order(Command::Leave {})).then([]);
        gone.when(ADA, order(Command::Move { unit: None })).then_refused(Rejection::HasLeft);
        gone.when(ADA, order(Command::GiveRole { role: Role::Manager })).then_refused(Rejection::HasLeft);
    }

    #[test]
    fn who_left_can_join_again() {
        let gone = given(company()).and((ADA, fact(Event::Left {})));
        let joined = fact(Event::Joined { unit: None, personal: identity("Kira Orlova").into() });
        let role = fact(Event::GivenRole { role: Role::Manager });
        gone.when(ADA, join("Kira Orlova")).then([joined.clone(), role.clone()]);
        let back = gone.and((ADA, joined)).and((ADA, role));
        back.when(ADA, join("Kira Orlova")).then([]);
        back.when(ADA, order(Command::Leave {})).then([fact(Event::Left {})]);
    }

    #[test]
    fn nobody_joins_as_twofront_itself() {
        let command = Command::Join { identity: identity("Twofront"), unit: None, role: Role::Administrator };
        given(company())
            .when(ADA, domain::Command::Colleague(ColleagueId::TWOFRONT, command))
            .then_refused(Rejection::IsTwofront);
    }
}
