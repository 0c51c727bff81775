//! The figures of one cell of the course: how many events count as what, how long answers took, and
//! where a cell stands.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::ids::{AccountId, UnitId};
use crate::words::Occurred;

/// Nobody is ranked, and no share is printed in bold, on fewer than this.
pub const ENOUGH: usize = 10;

/// The promises with a day that have ended.
pub const PROMISES: [Figure; 2] = [Figure::Kept, Figure::Late];

/// The answers whose time counts.
pub const ANSWERS: [Figure; 2] = [Figure::Accepted, Figure::Declined];

/// How many times a part of the course holds on each side of a median. Where more answers than this come and all
/// were quicker, or all slower, the server is asked again.
const EACH_SIDE: usize = 2;

/// What an event of a handoff counts as; each counts once at most. Every offer is accepted, declined, withdrawn or
/// answered above, or still waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Figure {
    Offered,
    /// Offered to a colleague who was in no unit: no cell counts it.
    WithoutUnit,
    Accepted,
    Declined,
    /// Withdrawn before it was answered.
    Withdrawn,
    /// Answered first by somebody to whom it was escalated: that says nothing of the unit.
    Above,
    Returned,
    /// Completed by the promised day.
    Kept,
    /// Completed after the promised day.
    Late,
    /// Completed with no day promised.
    Undated,
}

/// What became of the handoffs that one account offered one unit, or that one unit was offered in one month.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    n: BTreeMap<Figure, usize>,
    times: Times,
}

/// How many seconds answers took, in order. A part of the course has only those around the middle, and how many
/// there are on either side: each answer moves a median by half a place.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Times {
    below: usize,
    around: Vec<i64>,
    above: usize,
}

/// Where figures stand: of one account, of one unit, of the offers of one month.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    pub account: Option<AccountId>,
    pub unit: Option<UnitId>,
    pub month: Option<Month>,
}

/// A calendar month, written `2026-06`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month {
    pub year: i16,
    pub month: i8,
}

/// A word that names no figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoFigure;

impl Figure {
    pub const ALL: [Self; 10] = [
        Self::Offered,
        Self::WithoutUnit,
        Self::Accepted,
        Self::Declined,
        Self::Withdrawn,
        Self::Above,
        Self::Returned,
        Self::Kept,
        Self::Late,
        Self::Undated,
    ];

    /// Its word in addresses, and in what programs read.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Offered => "offered",
            Self::WithoutUnit => "without_unit",
            Self::Accepted => "accepted",
            Self::Declined => "declined",
            Self::Withdrawn => "withdrawn",
            Self::Above => "above",
            Self::Returned => "returned",
            Self::Kept => "kept",
            Self::Late => "late",
            Self::Undated => "undated",
        }
    }
}

impl FromStr for Figure {
    type Err = NoFigure;

    fn from_str(text: &str) -> Result<Self, NoFigure> {
        Self::ALL.into_iter().find(|figure| figure.word() == text).ok_or(NoFigure)
    }
}

impl Cell {
    /// How many events count as any of these.
    pub fn n(&self, figures: &[Figure]) -> usize {
        figures.iter().filter_map(|figure| self.n.get(figure)).sum()
    }

    /// One more event, and where it is an answer the seconds since the offer.
    pub fn count(&mut self, figure: Figure, seconds: Option<i64>) {
        *self.n.entry(figure).or_default() += 1;
        if let Some(seconds) = seconds {
            self.times.add(seconds);
        }
    }

    /// How many of the promises with a day were kept, and of how many.
    pub fn kept_in_time(&self) -> (usize, usize) {
        (self.n(&[Figure::Kept]), self.n(&PROMISES))
    }

    /// The median time to an answer in seconds, and of how many answers.
    pub fn time_to_answer(&self) -> Option<(i64, usize)> {
        Some((self.times.median()?, self.times.n()))
    }

    /// The share kept in time in whole per cent, where there are enough promises to speak of one.
    pub fn share_kept(&self) -> Option<usize> {
        let (kept, n) = self.kept_in_time();
        (n >= ENOUGH).then(|| (kept * 100 + n / 2) / n)
    }

    /// What is in this cell and in another one; both are whole.
    pub(super) fn add(&mut self, other: &Self) {
        for (figure, n) in &other.n {
            *self.n.entry(*figure).or_default() += n;
        }
        self.times.around.extend(&other.times.around);
        self.times.around.sort_unstable();
    }

    /// The same figures in little room.
    pub(super) fn cut(&self) -> Self {
        Self { n: self.n.clone(), times: self.times.cut() }
    }

    /// Whether the median is among the times that it has.
    pub(super) fn knows_its_median(&self) -> bool {
        self.times.knows_its_median()
    }
}

impl Times {
    const fn n(&self) -> usize {
        self.below + self.around.len() + self.above
    }

    fn add(&mut self, seconds: i64) {
        let place = self.around.partition_point(|one| *one < seconds);
        if place == 0 && self.below > 0 {
            self.below += 1;
        } else if place == self.around.len() && self.above > 0 {
            self.above += 1;
        } else {
            self.around.insert(place, seconds);
        }
    }

    /// The places of the two in the middle; of an odd number they are one.
    const fn middle(&self) -> (usize, usize) {
        (self.n().saturating_sub(1) / 2, self.n() / 2)
    }

    /// Between the two in the middle, or where those are not here the nearest that is: the page that shows it is
    /// about to ask.
    fn median(&self) -> Option<i64> {
        let last = self.around.len().checked_sub(1)?;
        let at = |place: usize| self.around.get(place.saturating_sub(self.below).min(last)).copied();
        let (lower, upper) = self.middle();
        Some(at(lower)?.midpoint(at(upper)?))
    }

    const fn knows_its_median(&self) -> bool {
        let (lower, upper) = self.middle();
        self.n() == 0 || (lower >= self.below && upper < self.below + self.around.len())
    }

    fn cut(&self) -> Self {
        let (lower, upper) = self.middle();
        let (from, to) = (lower.saturating_sub(EACH_SIDE), (upper + 1 + EACH_SIDE).min(self.n()));
        let around = self.around.get(from..to).unwrap_or_default().to_vec();
        Self { below: from, around, above: self.n() - to }
    }
}

impl Scope {
    pub const fn of_account(account: AccountId, unit: UnitId) -> Self {
        Self { account: Some(account), unit: Some(unit), month: None }
    }

    pub const fn of_month(unit: UnitId, month: Month) -> Self {
        Self { account: None, unit: Some(unit), month: Some(month) }
    }
}

impl Month {
    pub fn of(moment: Timestamp) -> Self {
        let day = Occurred::At(moment).day();
        Self { year: day.year(), month: day.month() }
    }

    #[must_use]
    pub const fn next(self) -> Self {
        match self.month {
            12.. => Self { year: self.year.saturating_add(1), month: 1 },
            _ => Self { year: self.year, month: self.month + 1 },
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        let (year, month) = text.split_once('-')?;
        let (year, month) = (year.parse().ok()?, month.parse().ok()?);
        (1..=12).contains(&month).then_some(Self { year, month })
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

impl Serialize for Month {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Month {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom(format!("“{text}” is no month: write 2026-06")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cell(counted: &[(Figure, usize)]) -> Cell {
        let mut cell = Cell::default();
        for (figure, n) in counted {
            (0..*n).for_each(|_| cell.count(*figure, None));
        }
        cell
    }

    #[test]
    fn a_share_is_only_spoken_of_where_there_are_enough() {
        let few = cell(&[(Figure::Kept, 8), (Figure::Late, 1)]);
        assert_eq!((few.kept_in_time(), few.share_kept()), ((8, 9), None));
        let mut enough = few.clone();
        enough.add(&cell(&[(Figure::Late, 1)]));
        assert_eq!((enough.kept_in_time(), enough.share_kept()), ((8, 10), Some(80)));
        assert_eq!(enough.n(&PROMISES), 10);
    }

    #[test]
    fn a_figure_reads_back_the_word_that_programs_get() {
        for figure in Figure::ALL {
            assert_eq!(figure.word().parse(), Ok(figure));
            assert_eq!(serde_json::to_value(figure).unwrap(), figure.word());
        }
        assert_eq!("promises".parse::<Figure>(), Err(NoFigure));
    }

    #[test]
    fn a_month_reads_back_what_it_wrote() {
        let month = Month { year: 2026, month: 6 };
        assert_eq!(Month::parse(&month.to_string()), Some(month));
        assert_eq!(Month::parse("2026-13"), None);
        assert_eq!(Month { year: 2026, month: 12 }.next(), Month { year: 2027, month: 1 });
    }

    #[test]
    fn a_thousand_times_take_no_more_room_than_ten() {
        let size = |n| {
            let mut times = Times::default();
            (0..n).for_each(|seconds| times.add(100_000 + seconds));
            serde_json::to_string(&times.cut()).unwrap().len()
        };
        assert!(size(1_000) < size(10) + 10, "{} {}", size(1_000), size(10));
    }

    proptest! {
        #[test]
        fn a_median_goes_on_exactly_or_says_that_it_cannot(
            had in prop::collection::vec(0..50_i64, 0..40),
            came in prop::collection::vec(0..50_i64, 0..12),
        ) {
            let mut whole = Times::default();
            had.iter().for_each(|seconds| whole.add(*seconds));
            let mut cut = whole.cut();
            prop_assert!(cut.knows_its_median() && cut.median() == whole.median());
            for seconds in &came {
                whole.add(*seconds);
                cut.add(*seconds);
                prop_assert_eq!(cut.n(), whole.n());
                prop_assert!(cut.median() == whole.median() || !cut.knows_its_median());
            }
            prop_assert!(whole.around.is_sorted() && cut.around.is_sorted());
            prop_assert!(came.len() > EACH_SIDE || cut.knows_its_median(), "a few answers are not asked about");
        }
    }
}
