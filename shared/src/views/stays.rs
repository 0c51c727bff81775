//! In which unit somebody was, as of the day: what is written down late belongs to the unit that they
//! were in when it happened.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::colleague::Event;
use crate::ids::UnitId;
use crate::record::Record;

/// The units of one colleague, in the order in which they came to them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Stays(Vec<Stay>);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Stay {
    since: Moment,
    /// `None`: in no unit, or not with us.
    unit: Option<UnitId>,
}

/// When something happened; of what happened in the same instant, what was recorded first came first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Moment {
    instant: Timestamp,
    position: u64,
}

impl Moment {
    /// When what this record tells of happened, if it began to be told at a position. A day counts to its end: who
    /// came that day was there.
    pub fn of(record: &Record, position: u64) -> Self {
        Self { instant: record.occurred.end(), position }
    }
}

impl Stays {
    /// Reads an event of the colleague.
    pub fn follow(&mut self, event: &Event, record: &Record) {
        let unit = match event {
            Event::Joined { unit, .. } | Event::Moved { unit } => *unit,
            Event::Left {} => None,
            Event::Renamed { .. } | Event::GivenRole { .. } => return,
        };
        self.0.push(Stay { since: Moment { instant: record.recorded, position: record.position }, unit });
    }

    /// Every unit that they were ever in.
    pub fn units(&self) -> impl Iterator<Item = UnitId> {
        self.0.iter().filter_map(|stay| stay.unit)
    }

    /// The unit as it stands.
    pub fn now(&self) -> Option<UnitId> {
        self.0.last()?.unit
    }

    /// The unit as it stood. Of the time before anybody was told of a unit, the first one counts: a company brings its
    /// past along, and its people only then.
    pub fn at(&self, moment: Moment) -> Option<UnitId> {
        let known = self.0.partition_point(|stay| stay.since <= moment);
        let (before, after) = self.0.split_at(known);
        let was_told = before.iter().any(|stay| stay.unit.is_some());
        if was_told { before.last()?.unit } else { after.iter().find_map(|stay| stay.unit) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::*;
    use crate::words::Occurred;

    /// In sales from the 2nd of June on, in logistics from the 4th, gone on the 6th.
    fn stays() -> Stays {
        let mut stays = Stays::default();
        let events = [
            (1, Event::Joined { unit: None, personal: identity("Kira").into() }),
            (2, Event::Moved { unit: Some(SALES) }),
            (4, Event::Moved { unit: Some(LOGISTICS) }),
            (6, Event::Left {}),
        ];
        for (position, (day, event)) in (1..).zip(events) {
            let told = record(position, ADA, crate::domain::Event::Colleague(KIRA, event.clone()));
            stays.follow(&event, &Record { recorded: noon(day), ..told });
        }
        stays
    }

    fn noon(day: i8) -> Timestamp {
        format!("2026-06-{day:02}T12:00:00Z").parse().unwrap()
    }

    fn at(occurred: &str) -> Option<UnitId> {
        let event = crate::domain::Event::Colleague(KIRA, Event::Left {});
        let record = Record { occurred: Occurred::parse(occurred).unwrap(), ..record(90, KIRA, event) };
        stays().at(Moment::of(&record, record.position))
    }

    #[test]
    fn what_is_written_down_late_is_of_the_unit_as_of_the_day() {
        assert_eq!(at("2026-06-03T09:00:00Z"), Some(SALES));
        assert_eq!(at("2026-06-05T09:00:00Z"), Some(LOGISTICS));
        assert_eq!(at("2026-06-07T09:00:00Z"), None);
        assert_eq!(stays().now(), None);
    }

    #[test]
    fn a_day_counts_to_its_end() {
        assert_eq!(at("2026-06-03"), Some(SALES));
        assert_eq!(at("2026-06-04"), Some(LOGISTICS));
    }

    #[test]
    fn of_the_time_before_any_the_first_unit_counts() {
        assert_eq!(at("2019-01-01"), Some(SALES));
        assert_eq!(at("2026-06-01T13:00:00Z"), Some(SALES));
    }
}
