//! A touch: an interaction on the client's front that took place. Planned and retracted ones are none.

use jiff::Timestamp;
use jiff::civil::Date;
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

/// Whole days from a day to a moment's day in UTC; never negative.
pub fn days_between(from: Occurred, now: Timestamp) -> u64 {
    let days = (Occurred::At(now).day() - from.day()).get_days();
    u64::try_from(days).unwrap_or(0)
}

/// Whether something due on a day is overdue at a moment: its day has passed everywhere we count it.
pub fn is_overdue(due: Date, now: Timestamp) -> bool {
    due < Occurred::At(now).day()
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
        let on = |text: &str| Occurred::On(text.parse().unwrap());
        assert_eq!(days_between(on("2026-06-01"), NOON), 0);
        assert_eq!(days_between(on("2026-05-31"), NOON), 1);
        assert_eq!(days_between(on("2025-06-01"), NOON), 365);
        assert_eq!(days_between(on("2027-01-01"), NOON), 0);
        assert_eq!(say_days_ago(21, Lang::Ru), "21\u{a0}день назад");
        assert_eq!(say_days_ago(1, Lang::En), "yesterday");
    }

    #[test]
    fn what_was_only_planned_or_internal_is_no_touch() {
        let client = Details::new(Front::Client, Some(NORTHWIND), summary("x"));
        assert!(Touch::of(&client, Occurred::At(NOON)).is_some());
        assert!(Touch::of(&Details { planned: true, ..client.clone() }, Occurred::At(NOON)).is_none());
        assert!(Touch::of(&Details { front: Front::Internal, ..client }, Occurred::At(NOON)).is_none());
    }
}
