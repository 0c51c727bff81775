//! Who works in the generated company, whom it serves, and in which order its story is told.

use std::collections::HashSet;

use jiff::Timestamp;
use jiff::civil::Date;
use shared::domain::Command;
use shared::ids::{AccountId, ColleagueId, ContactId, UnitId};
use shared::lang::Lang;
use shared::request::Request;
use shared::words::{Email, Label, Occurred, PersonName, Role, UnitName};
use shared::{colleague, unit};
use uuid::Uuid;

use super::chapter::{Line, Pen};
use super::rng::Rng;
use super::words::{Person, Tongue, Trade, tongue};
use super::{FIRST_ACCOUNTS, MOST_ACCOUNTS, Options, name};

/// A day, counted from 1 January 1970.
pub(super) type Day = i64;

const TEN_YEARS: Day = 3_652;
const DAY_SECONDS: i64 = 86_400;

/// How many people each unit of [`Tongue::units`] has beside its head at the beginning.
const CREW: &[u32] = &[2, 10, 3, 2, 3, 4, 1, 1, 2];

/// The unit that account managers are in.
pub(super) const KEY_ACCOUNTS: usize = 1;

/// A colleague.
#[derive(Clone, Debug)]
pub(super) struct Staff {
    pub id: ColleagueId,
    pub joined: Day,
}

/// A unit and its people.
#[derive(Clone, Debug)]
pub(super) struct Crew {
    pub id: UnitId,
    pub trade: Trade,
    /// The head first. All who are there answer for the unit.
    pub people: Vec<Staff>,
}

/// An account as far as its later chapters need to know it.
#[derive(Clone, Debug)]
pub(super) struct Client {
    pub id: AccountId,
    pub name: String,
    pub since: Day,
    pub closed: Option<Day>,
    /// Who answered for it from which day on: places in the crew of [`KEY_ACCOUNTS`].
    pub kams: Vec<(Day, usize)>,
    pub contacts: Vec<Contact>,
    /// How often its story goes on, in a hundred.
    pub weight: u64,
}

#[derive(Clone, Debug)]
pub(super) struct Contact {
    pub id: ContactId,
    pub person: Person,
    pub from: Day,
    /// When they left or moved on.
    pub until: Option<Day>,
}

pub(super) struct Company {
    pub tongue: &'static Tongue,
    pub space: Uuid,
    pub seed: u64,
    pub first_day: Day,
    pub last_day: Day,
    pub crews: Vec<Crew>,
    pub managers: Vec<Staff>,
    pub clients: Vec<Client>,
    options: Options,
    colleagues: u64,
    names: HashSet<String>,
}

impl Company {
    /// The organisation as it stood when the ten years began.
    pub fn found(options: &Options, space: Uuid) -> (Self, Vec<Line>) {
        let last_day = day_of(options.until);
        let mut company = Self {
            tongue: tongue(options.lang),
            space,
            seed: options.seed,
            first_day: last_day - TEN_YEARS,
            last_day,
            crews: vec![],
            managers: vec![],
            clients: vec![],
            options: *options,
            colleagues: 0,
            names: HashSet::new(),
        };
        let mut lines = vec![];
        let mut rng = Rng::new(options.seed, u64::MAX);
        let founded = company.first_day - 400;
        for (place, (trade, title, under)) in company.tongue.units.iter().enumerate() {
            let id = UnitId::from_uuid(Uuid::new_v5(&space, format!("unit/{place}").as_bytes()));
            let under = under.and_then(|above| company.crews.get(above)).map(|crew| crew.id);
            if let Ok(name_of_unit) = UnitName::parse(title) {
                let command = Command::Unit(id, unit::Command::Found { name: name_of_unit, under });
                lines.push(line(name(space, &format!("unit {place}")), founded, command, 1));
            }
            company.crews.push(Crew { id, trade: *trade, people: vec![] });
        }
        let tongue = company.tongue;
        let (head_of_sales, _) = (tongue.jobs)(Trade::Sales);
        for title in [tongue.director, head_of_sales, head_of_sales] {
            let (staff, line) = company.join(&mut rng, founded, None, Role::Manager, title);
            company.managers.push(staff);
            lines.push(line);
        }
        let analyst = company.join(&mut rng, founded, None, Role::Analyst, options.lang.pick("Analyst", "Аналитик"));
        lines.push(analyst.1);
        for (place, &size) in CREW.iter().enumerate() {
            for nth in 0..=size {
                // A unit's head and the first of its people were always there; others came over the years.
                let joined = if nth < 2 { founded } else { founded + days(rng.below(2_400)) };
                lines.push(company.hire(&mut rng, place, joined, nth == 0 && place != KEY_ACCOUNTS));
            }
        }
        (company, lines)
    }

    /// What happens next: a new account comes, or the story of one goes on.
    pub fn chapter(&mut self, number: u64) -> Vec<Line> {
        let mut rng = Rng::new(self.seed, number);
        let known = self.clients.len() as u64;
        let comes = known < FIRST_ACCOUNTS || (known < MOST_ACCOUNTS && rng.below(6) == 0);
        let mut lines = vec![];
        if comes && known >= FIRST_ACCOUNTS {
            let joined = self.first_day + days(rng.below(2_900));
            if known.is_multiple_of(40) {
                lines.push(self.hire(&mut rng, KEY_ACCOUNTS, joined, false));
            }
            if known.is_multiple_of(60) {
                let place = 2 + rng.index(CREW.len().saturating_sub(2));
                lines.push(self.hire(&mut rng, place, joined, false));
            }
        }
        let mut pen = Pen::new(self, rng, number);
        let client = if comes { Some(pen.new_client(known)) } else { pen.known_client() };
        let Some(client) = client else { return lines };
        let (written, client, leavers) = pen.write(client);
        lines.extend(written);
        self.colleagues += leavers;
        if comes {
            self.clients.push(client);
        }
        lines
    }

    pub fn first_account(&self) -> Option<AccountId> {
        self.clients.first().map(|client| client.id)
    }

    pub const fn lang(&self) -> Lang {
        self.options.lang
    }

    pub const fn until(&self) -> Date {
        self.options.until
    }

    /// Somebody joins a unit, as its head or as one of its people.
    fn hire(&mut self, rng: &mut Rng, place: usize, joined: Day, leads: bool) -> Line {
        let crew = self.crews.get(place).map(|crew| (crew.id, crew.trade));
        let (head, worker) = (self.tongue.jobs)(crew.map(|(_, trade)| trade).unwrap_or_default());
        let (role, title) = match (place == KEY_ACCOUNTS, leads) {
            (true, _) => (Role::AccountManager, self.tongue.kam),
            (false, true) => (Role::ResourceOwner, head),
            (false, false) => (Role::ResourceOwner, worker),
        };
        let (staff, line) = self.join(rng, joined, crew.map(|(id, _)| id), role, title);
        if let Some(crew) = self.crews.get_mut(place) {
            crew.people.push(staff);
        }
        line
    }

    fn join(&mut self, rng: &mut Rng, joined: Day, unit: Option<UnitId>, role: Role, title: &str) -> (Staff, Line) {
        let mut person = (self.tongue.person)(rng);
        for _ in 0..100 {
            if !self.names.contains(&person.mailbox) {
                break;
            }
            person = (self.tongue.person)(rng);
        }
        // An address is one person's; when all names are taken, a number makes the difference.
        if !self.names.insert(person.mailbox.clone()) {
            person.mailbox = format!("{}{}", person.mailbox, self.colleagues);
            self.names.insert(person.mailbox.clone());
        }
        let number = self.colleagues;
        self.colleagues += 1;
        let id = ColleagueId::from_uuid(Uuid::new_v5(&self.space, format!("colleague/{number}").as_bytes()));
        let line = joining(name(self.space, &format!("colleague {number}")), id, joined, unit, role, title, &person);
        (Staff { id, joined }, line)
    }
}

/// Somebody joins.
pub(super) fn joining(
    command: shared::ids::CommandId,
    id: ColleagueId,
    joined: Day,
    unit: Option<UnitId>,
    role: Role,
    title: &str,
    person: &Person,
) -> Line {
    #[expect(clippy::expect_used, reason = "the names of this program, and tested")]
    let identity = colleague::Identity {
        name: PersonName::parse(&person.full).expect("a name"),
        email: Email::parse(&format!("{}@twofront.example", person.mailbox)).ok(),
        title: Label::parse(title).ok(),
    };
    line(command, joined, Command::Colleague(id, colleague::Command::Join { identity, unit, role }), 2)
}

/// What the product itself states about a day.
fn line(id: shared::ids::CommandId, day: Day, command: Command, events: u8) -> Line {
    let request = Request { occurred: Some(Occurred::On(date(day))), ..Request::new(id, command) };
    Line { by: ColleagueId::TWOFRONT, events, request }
}

pub(super) fn days(n: u64) -> Day {
    Day::try_from(n).unwrap_or_default()
}

pub(super) fn date(day: Day) -> Date {
    jiff::tz::Offset::UTC.to_datetime(instant(day, 0)).date()
}

/// A moment of a day, in seconds from its beginning.
pub(super) fn instant(day: Day, seconds: i64) -> Timestamp {
    Timestamp::from_second(day * DAY_SECONDS + seconds).unwrap_or_default()
}

fn day_of(date: Date) -> Day {
    shared::words::day_start(date).as_second().div_euclid(DAY_SECONDS)
}
