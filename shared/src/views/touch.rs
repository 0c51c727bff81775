//! A touch: an interaction on the client's front that took place. Planned and retracted ones are none.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::interaction::Details;
use crate::lang::Lang;
use crate::words::{Front, Mode, Occurred};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Touch {
    pub occurred: Occurred,
    pub in_person: bool,
}

impl Touch {
    pub fn of(details: &Details, occurred: Occurred) -> Option<Self> {
        let happened = details.front == Front::Client && !details.planned;
        let in_person = matches!(details.mode, Some(Mode::InPerson | Mode::Hybrid));
        happened.then_some(Self { occurred, in_person })
    }
}

/// The calendar by which somebody counts days: their zone's, what time it is, and which day that is in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Calendar {
    zone: TimeZone,
    pub now: Timestamp,
    pub today: Date,
}

impl Calendar {
    /// The calendar of a zone at a moment.
    pub fn new(zone: TimeZone, now: Timestamp) -> Self {
        let today = zone.to_datetime(now).date();
        Self { zone, now, today }
    }

    pub fn utc(now: Timestamp) -> Self {
        Self::new(TimeZone::UTC, now)
    }

    /// The day of something in this calendar; a day that is one already stays it.
    pub fn day(&self, occurred: Occurred) -> Date {
        match occurred {
            Occurred::At(moment) => self.zone.to_datetime(moment).date(),
            Occurred::On(day) => day,
        }
    }

    /// The moment at which a day is over.
    pub fn end_of(&self, day: Date) -> Timestamp {
        let midnight = day.tomorrow().and_then(|next| self.zone.to_timestamp(next.at(0, 0, 0, 0)));
        midnight.unwrap_or(Timestamp::MAX)
    }

    /// Whole days from something to a day; 0 where the day is earlier.
    pub fn days_until(&self, from: Occurred, day: Date) -> u64 {
        days(self.day(from), day)
    }

    /// Whole days since something; 0 where it is still to come.
    pub fn days_since(&self, occurred: Occurred) -> u64 {
        days(self.day(occurred), self.today)
    }

    /// Whether something due on a day is overdue: its day has passed here.
    pub fn is_overdue(&self, due: Date) -> bool {
        due < self.today
    }

    /// Whole days by which it is overdue; 0 where it is not.
    pub fn days_overdue(&self, due: Date) -> u64 {
        days(due, self.today)
    }
}

/// Whole days from one day to another; never negative.
fn days(from: Date, to: Date) -> u64 {
    u64::try_from((to - from).get_days()).unwrap_or(0)
}

/// "today", "yesterday", "12 days ago": how long ago a day was.
pub fn say_days_ago(days: u64, lang: Lang) -> String {
    match (days, lang) {
        (0, _) => lang.pick("today", "сегодня").to_owned(),
        (1, _) => lang.pick("yesterday", "вчера").to_owned(),
        (_, Lang::En) => format!("{days} days ago"),
        (_, Lang::Ru) => format!("{days}\u{a0}{} назад", lang.count(days, ["", ""], ["день", "дня", "дней"])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::*;

    #[test]
    fn days_are_counted_by_the_calendar() {
        let since = |text: &str| Calendar::utc(NOON).days_since(Occurred::On(text.parse().unwrap()));
        assert_eq!(since("2026-06-01"), 0);
        assert_eq!(since("2026-05-31"), 1);
        assert_eq!(since("2025-06-01"), 365);
        assert_eq!(since("2027-01-01"), 0);
        assert_eq!(say_days_ago(21, Lang::Ru), "21\u{a0}день назад");
        assert_eq!(say_days_ago(1, Lang::En), "yesterday");
    }

    #[test]
    fn days_are_those_of_the_zone_of_whoever_looks() {
        let at = |hours: i8| Calendar::new(TimeZone::fixed(jiff::tz::offset(hours)), NOON);
        let noon = Occurred::At(NOON);
        let evening = Occurred::At(NOON - jiff::SignedDuration::from_hours(3));
        let (may, june) = (jiff::civil::date(2026, 5, 31), jiff::civil::date(2026, 6, 1));
        // In Greenwich it is noon of 1 June; in the east two in the morning of 2 June; in the west midnight has just
        // struck, and an hour further it has not.
        let (greenwich, east, west, far_west) = (at(0), at(14), at(-12), at(-13));
        assert_eq!([&greenwich, &east, &west].map(|here| here.days_since(noon)), [0, 0, 0]);
        assert_eq!([&greenwich, &east, &west].map(|here| here.days_since(evening)), [0, 1, 1]);
        assert_eq!([&greenwich, &east, &west].map(|here| here.days_since(Occurred::On(june))), [0, 1, 0]);
        assert_eq!([&greenwich, &east, &west, &far_west].map(|here| here.is_overdue(may)), [true, true, true, false]);
        assert_eq!([&greenwich, &east, &west, &far_west].map(|here| here.days_overdue(may)), [1, 2, 1, 0]);
        assert!(east.is_overdue(june) && !greenwich.is_overdue(june));
        let ends = |here: &Calendar| here.end_of(june).duration_since(NOON).as_hours();
        assert_eq!([&greenwich, &east, &west].map(ends), [12, -2, 24]);
        assert_eq!(east.days_until(noon, june), 0, "it was 2 June there already");
        assert_eq!(far_west.days_until(noon, june), 1);
        assert_eq!(greenwich.end_of(Date::MAX), Timestamp::MAX, "no later day is known");
    }

    #[test]
    fn what_was_only_planned_or_internal_is_no_touch() {
        let client = Details::new(Front::Client, Some(NORTHWIND), summary("x"));
        assert!(Touch::of(&client, Occurred::At(NOON)).is_some());
        assert!(Touch::of(&Details { planned: true, ..client.clone() }, Occurred::At(NOON)).is_none());
        assert!(Touch::of(&Details { front: Front::Internal, ..client }, Occurred::At(NOON)).is_none());
    }
}
