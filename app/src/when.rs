//! Moments and days as people read them, in their zone and language. The server and the browser
//! format with the same code and the same zone rules, so that a page says the same before and after
//! it has come to life.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::TimeZone;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use shared::views::touch::Calendar;
use shared::words::Occurred;

use crate::text::Lang;

/// The cookie that remembers in which zone a person wants to read.
pub const ZONE_COOKIE: &str = "zone";

/// The cookie by which a device says where it is: its zone holds where no other one was chosen.
pub const DEVICE_ZONE_COOKIE: &str = "device-zone";

/// A time zone with its rules: the server sends the few hundred bytes of this one zone along.
#[derive(Clone, Debug, PartialEq)]
pub struct Zone {
    name: String,
    rules: Vec<u8>,
    zone: TimeZone,
}

impl Zone {
    /// A zone from its IANA name and its compiled rules (TZif); UTC where they are no rules.
    #[must_use]
    pub fn new(name: &str, rules: &[u8]) -> Self {
        TimeZone::tzif(name, rules)
            .map_or_else(|_| Self::utc(), |zone| Self { name: name.to_owned(), rules: rules.to_vec(), zone })
    }

    #[must_use]
    pub fn utc() -> Self {
        Self { name: "UTC".to_owned(), rules: vec![], zone: TimeZone::UTC }
    }

    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    fn local(&self, moment: Timestamp) -> DateTime {
        self.zone.to_datetime(moment)
    }

    /// The day in this zone; a day that is one already stays it.
    #[must_use]
    pub fn day(&self, occurred: Occurred) -> Date {
        match occurred {
            Occurred::At(moment) => self.local(moment).date(),
            Occurred::On(day) => day,
        }
    }

    /// The calendar of this zone at a moment.
    #[must_use]
    pub fn calendar(&self, now: Timestamp) -> Calendar {
        Calendar::new(self.zone.clone(), now)
    }

    /// Reads what a date-and-time field holds (`2026-06-01T14:05`), as a moment in this zone, or what
    /// a date field holds (`2026-06-01`), as a day.
    #[must_use]
    pub fn parse(&self, field: &str) -> Option<Occurred> {
        let field = field.trim();
        if field.len() == 10 {
            return Occurred::parse(field);
        }
        let local: DateTime = field.parse().ok()?;
        // By the one rule of what a log can hold.
        Occurred::parse(&self.zone.to_timestamp(local).ok()?.to_string())
    }

    /// The moment at which the clocks of this zone show this.
    #[must_use]
    pub fn moment(&self, day: Date, clock: Time) -> Option<Occurred> {
        self.zone.to_timestamp(day.to_datetime(clock)).ok().map(Occurred::At)
    }

    /// What a field for the day and a field for the clock are filled with; the clock of what is only
    /// known by its day stays empty.
    #[must_use]
    pub fn fields(&self, occurred: Occurred) -> (String, String) {
        (self.day(occurred).to_string(), clock(occurred, self))
    }
}

#[derive(Serialize, Deserialize)]
struct Wire {
    name: String,
    rules: String,
}

impl Serialize for Zone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let rules = self.rules.iter().map(|byte| format!("{byte:02x}")).collect();
        Wire { name: self.name.clone(), rules }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Zone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Wire { name, rules } = Wire::deserialize(deserializer)?;
        let digits: Vec<u8> =
            rules.chars().filter_map(|digit| digit.to_digit(16)).filter_map(|d| u8::try_from(d).ok()).collect();
        let bytes: Vec<u8> = digits
            .chunks_exact(2)
            .filter_map(|pair| match pair {
                [high, low] => Some(high << 4 | low),
                _ => None,
            })
            .collect();
        Ok(if bytes.is_empty() { Self::utc() } else { Self::new(&name, &bytes) })
    }
}

const MONTHS_EN: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const MONTHS_RU: [&str; 12] = [
    "Январь",
    "Февраль",
    "Март",
    "Апрель",
    "Май",
    "Июнь",
    "Июль",
    "Август",
    "Сентябрь",
    "Октябрь",
    "Ноябрь",
    "Декабрь",
];
const MONTHS_RU_OF: [&str; 12] = [
    "января",
    "февраля",
    "марта",
    "апреля",
    "мая",
    "июня",
    "июля",
    "августа",
    "сентября",
    "октября",
    "ноября",
    "декабря",
];

fn named(names: &[&'static str; 12], month: i8) -> &'static str {
    usize::try_from(month - 1).ok().and_then(|place| names.get(place)).copied().unwrap_or_default()
}

const fn weekday(day: Weekday, lang: Lang) -> &'static str {
    let (en, ru) = match day {
        Weekday::Monday => ("Mon", "пн"),
        Weekday::Tuesday => ("Tue", "вт"),
        Weekday::Wednesday => ("Wed", "ср"),
        Weekday::Thursday => ("Thu", "чт"),
        Weekday::Friday => ("Fri", "пт"),
        Weekday::Saturday => ("Sat", "сб"),
        Weekday::Sunday => ("Sun", "вс"),
    };
    lang.pick(en, ru)
}

/// "November 2026", "Ноябрь 2026".
#[must_use]
pub fn month(year: i16, month: i8, lang: Lang) -> String {
    format!("{} {year}", named(lang.pick(&MONTHS_EN, &MONTHS_RU), month))
}

/// "Nov", "ноя": three letters, for the axis of a chart.
#[must_use]
pub fn month_short(month: i8, lang: Lang) -> String {
    let short: String = named(lang.pick(&MONTHS_EN, &MONTHS_RU), month).chars().take(3).collect();
    match lang {
        Lang::En => short,
        Lang::Ru => short.to_lowercase(),
    }
}

/// "20 November 2026", "20 ноября 2026 г.".
#[must_use]
pub fn whole_day(day: Date, lang: Lang) -> String {
    match lang {
        Lang::En => format!("{}\u{a0}{} {}", day.day(), named(&MONTHS_EN, day.month()), day.year()),
        Lang::Ru => format!("{}\u{a0}{} {}\u{a0}г.", day.day(), named(&MONTHS_RU_OF, day.month()), day.year()),
    }
}

/// "20 Nov", "20 нояб." — with the year where it is not today's.
#[must_use]
pub fn short_day(day: Date, today: Date, lang: Lang) -> String {
    let short = match lang {
        Lang::En => named(&MONTHS_EN, day.month()).get(..3).unwrap_or_default().to_owned(),
        Lang::Ru => match named(&MONTHS_RU_OF, day.month()) {
            whole @ ("марта" | "мая" | "июня" | "июля") => whole.to_owned(),
            "сентября" => "сент.".to_owned(),
            "ноября" => "нояб.".to_owned(),
            "февраля" => "февр.".to_owned(),
            other => format!("{}.", other.chars().take(3).collect::<String>()),
        },
    };
    if day.year() == today.year() {
        format!("{}\u{a0}{short}", day.day())
    } else {
        format!("{}\u{a0}{short} {}", day.day(), day.year())
    }
}

/// "today", "yesterday", "Fri 20" within a week, else the short day.
#[must_use]
pub fn near_day(day: Date, today: Date, lang: Lang) -> String {
    match (today - day).get_days() {
        0 => lang.pick("today", "сегодня").to_owned(),
        1 => lang.pick("yesterday", "вчера").to_owned(),
        2..=6 => format!("{}\u{a0}{}", weekday(day.weekday(), lang), day.day()),
        -1 => lang.pick("tomorrow", "завтра").to_owned(),
        _ => short_day(day, today, lang),
    }
}

/// "14:05", or nothing where only the day is known.
#[must_use]
pub fn clock(occurred: Occurred, zone: &Zone) -> String {
    match occurred {
        Occurred::At(moment) => {
            let local = zone.local(moment);
            format!("{:02}:{:02}", local.hour(), local.minute())
        }
        Occurred::On(_) => String::new(),
    }
}

/// The exact moment, for titles and accessible names: "20 November 2026, 14:05".
#[must_use]
pub fn exact(occurred: Occurred, zone: &Zone, lang: Lang) -> String {
    let day = whole_day(zone.day(occurred), lang);
    match occurred {
        Occurred::At(_) => format!("{day}, {}", clock(occurred, zone)),
        Occurred::On(_) => day,
    }
}

/// A time span in the largest unit that says enough: "40 minutes", "4 hours", "3 days".
#[must_use]
pub fn span(seconds: i64, lang: Lang) -> String {
    let seconds = u64::try_from(seconds.max(0)).unwrap_or_default();
    let minutes = seconds / 60;
    let (n, en, ru) = match minutes {
        0..60 => (minutes, ["minute", "minutes"], ["минута", "минуты", "минут"]),
        60..2_880 => (minutes / 60, ["hour", "hours"], ["час", "часа", "часов"]),
        _ => (minutes / 1_440, ["day", "days"], ["день", "дня", "дней"]),
    };
    format!("{n}\u{a0}{}", lang.count(n, en, ru))
}

/// A time span as short as a cell of a table wants it: "40 min", "4 h", "3 d".
#[must_use]
pub fn span_short(seconds: i64, lang: Lang) -> String {
    let minutes = u64::try_from(seconds.max(0)).unwrap_or_default() / 60;
    let (n, en, ru) = match minutes {
        0..60 => (minutes, "min", "мин"),
        60..2_880 => (minutes / 60, "h", "ч"),
        _ => (minutes / 1_440, "d", "дн."),
    };
    format!("{n}\u{a0}{}", lang.pick(en, ru))
}

/// A count as people write it: "12,500", "12 500".
#[must_use]
pub fn number(n: u64, lang: Lang) -> String {
    let digits = n.to_string();
    let mark = match lang {
        Lang::En => ',',
        Lang::Ru => '\u{202f}',
    };
    let mut written = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            written.push(mark);
        }
        written.push(digit);
    }
    written
}

/// The same for what is counted in memory.
#[must_use]
pub fn count(n: usize, lang: Lang) -> String {
    number(u64::try_from(n).unwrap_or(u64::MAX), lang)
}

/// "5 weeks of silence": what stands between two entries that are far apart; `None` under three weeks, and in years
/// from two of them on.
#[must_use]
pub fn silence(from: Date, to: Date, lang: Lang) -> Option<String> {
    let weeks = u64::try_from((to - from).get_days() / 7).ok().filter(|weeks| *weeks >= 3)?;
    let years = weeks / 52;
    Some(match lang {
        Lang::En if years >= 2 => format!("more than {years} years of silence"),
        Lang::Ru if years >= 2 => {
            format!("больше {years}\u{a0}{} тишины", lang.count(years, ["", ""], ["года", "лет", "лет"]))
        }
        Lang::En => format!("{weeks} weeks of silence"),
        Lang::Ru => format!("{weeks}\u{a0}{} тишины", lang.count(weeks, ["", ""], ["неделя", "недели", "недель"])),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_day_is_named_as_people_do() {
        let today = date(2026, 11, 23);
        let near = |day, lang| near_day(day, today, lang);
        assert_eq!(near(today, Lang::En), "today");
        assert_eq!(near(date(2026, 11, 20), Lang::Ru), "пт\u{a0}20");
        assert_eq!(near(date(2026, 11, 2), Lang::En), "2\u{a0}Nov");
        assert_eq!(near(date(2025, 5, 9), Lang::Ru), "9\u{a0}мая 2025");
        assert_eq!(whole_day(date(2026, 11, 20), Lang::Ru), "20\u{a0}ноября 2026\u{a0}г.");
        assert_eq!(month(2026, 11, Lang::Ru), "Ноябрь 2026");
    }

    #[test]
    fn a_field_reads_as_a_moment_of_the_zone_or_as_a_day() {
        let zone = Zone::utc();
        let moment: Timestamp = "2026-06-01T14:05:00Z".parse().unwrap();
        assert_eq!(zone.parse("2026-06-01T14:05"), Some(Occurred::At(moment)));
        assert_eq!(zone.fields(Occurred::At(moment)), ("2026-06-01".to_owned(), "14:05".to_owned()));
        assert_eq!(zone.fields(Occurred::On(date(2026, 6, 1))).1, "", "a day has no clock");
        assert_eq!(zone.parse("2026-06-01"), Some(Occurred::On(date(2026, 6, 1))));
        assert_eq!(zone.parse("yesterday"), None);
    }

    #[test]
    fn a_count_is_written_as_people_write_it() {
        assert_eq!([999, 1_000, 1_234_567].map(|n| number(n, Lang::En)), ["999", "1,000", "1,234,567"]);
        assert_eq!([1_000, 12_500].map(|n| number(n, Lang::Ru)), ["1\u{202f}000", "12\u{202f}500"]);
    }

    #[test]
    fn silence_and_spans_agree_with_their_numbers() {
        assert_eq!(silence(date(2026, 1, 1), date(2026, 1, 15), Lang::En), None);
        assert_eq!(silence(date(2026, 1, 1), date(2026, 2, 10), Lang::Ru).as_deref(), Some("5\u{a0}недель тишины"));
        assert_eq!(silence(date(2023, 1, 1), date(2026, 1, 1), Lang::Ru).as_deref(), Some("больше 3\u{a0}лет тишины"));
        assert_eq!(
            silence(date(2023, 1, 1), date(2026, 1, 1), Lang::En).as_deref(),
            Some("more than 3 years of silence")
        );
        assert_eq!(silence(date(2026, 2, 1), date(2026, 1, 1), Lang::En), None, "what is planned is no silence");
        assert_eq!(span(4 * 3600, Lang::En), "4\u{a0}hours");
        assert_eq!(span(3 * 86_400, Lang::Ru), "3\u{a0}дня");
        assert_eq!([30 * 60, 5 * 3600].map(|seconds| span_short(seconds, Lang::Ru)), ["30\u{a0}мин", "5\u{a0}ч"]);
    }
}
