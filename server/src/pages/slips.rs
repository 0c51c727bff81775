//! Forms that were refused, kept for a quarter of an hour so that the page can show them again with
//! what was typed. Only in memory: what people type before it is recorded belongs on no disk of ours.
//!
//! Everybody has a measure of their own, and whoever is not signed in shares a small one: no stranger
//! can fill the memory, or push out what a colleague typed.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use app::parts::fields::Slip;
use shared::ids::ColleagueId;
use uuid::Uuid;

const KEPT: Duration = Duration::from_secs(15 * 60);

/// What is kept of one colleague, in bytes: at least two of the largest forms that are read.
const MOST_OF_ONE: usize = 384 * 1024;

/// What is kept of all who are not signed in together, in bytes.
const MOST_OF_NOBODY: usize = 1024 * 1024;

/// What a slip and each of its fields take besides their letters, in bytes.
const OVERHEAD: usize = 96;

#[derive(Debug, Default)]
pub struct Slips(Mutex<HashMap<Uuid, Kept>>);

#[derive(Debug)]
struct Kept {
    /// `None`: whoever sent it had been signed out; the number of the slip, which nobody can guess, is all they have.
    whose: Option<ColleagueId>,
    slip: Slip,
    weight: usize,
    since: Instant,
}

impl Slips {
    /// Keeps a form and says under which number; `None` where it is beyond measure, and where there
    /// is no randomness for a number.
    pub fn keep(&self, whose: Option<ColleagueId>, slip: Slip) -> Option<Uuid> {
        let (most, weight) = (if whose.is_some() { MOST_OF_ONE } else { MOST_OF_NOBODY }, weight(&slip));
        let number = Uuid::from_bytes(super::random()?);
        let mut slips = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        slips.retain(|_, kept| kept.since.elapsed() < KEPT);
        let room = most.checked_sub(weight)?;
        let mut own: Vec<(Instant, Uuid, usize)> = slips
            .iter()
            .filter(|(_, kept)| kept.whose == whose)
            .map(|(number, kept)| (kept.since, *number, kept.weight))
            .collect();
        own.sort_unstable();
        let mut taken: usize = own.iter().map(|(_, _, weight)| weight).sum();
        for (_, number, weight) in own {
            if taken <= room {
                break;
            }
            slips.remove(&number);
            taken -= weight;
        }
        slips.insert(number, Kept { whose, slip, weight, since: Instant::now() });
        Some(number)
    }

    /// The form under a number, for the one who sent it.
    pub fn get(&self, number: Uuid, me: ColleagueId) -> Option<Slip> {
        let slips = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = slips.get(&number).filter(|kept| kept.since.elapsed() < KEPT)?;
        kept.whose.is_none_or(|whose| whose == me).then(|| kept.slip.clone())
    }
}

/// What a slip takes in memory, roughly.
fn weight(slip: &Slip) -> usize {
    let Slip { form, typed, field, why } = slip;
    let values = |values: &[String]| values.iter().map(|value| value.len() + OVERHEAD).sum::<usize>();
    let fields: usize = typed.iter().map(|(name, under)| name.len() + values(under) + OVERHEAD).sum();
    OVERHEAD + form.len() + field.as_deref().map_or(0, str::len) + why.len() + fields
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::LARGEST_FORM;
    use shared::testkit::{KIRA, LEV};

    fn of(bytes: usize) -> Slip {
        Slip { typed: [("summary".to_owned(), vec!["x".repeat(bytes)])].into(), ..Slip::default() }
    }

    fn held(slips: &Slips) -> usize {
        slips.0.lock().unwrap().values().map(|kept| kept.weight).sum()
    }

    #[test]
    fn a_slip_is_shown_to_whoever_sent_it_and_nobody_else() {
        let slips = Slips::default();
        let number = slips.keep(Some(KIRA), Slip { why: "No".into(), ..Slip::default() }).unwrap();
        assert_eq!(slips.get(number, KIRA).unwrap().why, "No");
        assert_eq!(slips.get(number, LEV), None);
    }

    #[test]
    fn strangers_fill_a_small_pool_and_push_no_colleague_s_slip_out() {
        let slips = Slips::default();
        let number = slips.keep(Some(KIRA), of(10)).unwrap();
        let before = held(&slips);
        let mut last = None;
        for _ in 0..100 {
            last = slips.keep(None, of(LARGEST_FORM));
        }
        assert!(held(&slips) - before <= MOST_OF_NOBODY);
        assert!(slips.get(last.unwrap(), LEV).is_some(), "the newest is there");
        assert!(slips.get(number, KIRA).is_some());
    }

    #[test]
    fn of_a_colleague_the_newest_are_kept_within_their_measure() {
        let slips = Slips::default();
        let of_lev = slips.keep(Some(LEV), of(10)).unwrap();
        let oldest = slips.keep(Some(KIRA), of(LARGEST_FORM)).unwrap();
        let newer = slips.keep(Some(KIRA), of(LARGEST_FORM)).unwrap();
        let newest = slips.keep(Some(KIRA), of(LARGEST_FORM)).unwrap();
        assert_eq!(slips.get(oldest, KIRA), None);
        assert!(slips.get(newer, KIRA).is_some() && slips.get(newest, KIRA).is_some());
        assert!(slips.get(of_lev, LEV).is_some());
    }

    #[test]
    fn a_form_of_nothing_but_names_weighs_what_it_takes() {
        let slips = Slips::default();
        let names = (0..LARGEST_FORM / 4).map(|n| (n.to_string(), vec![String::new()])).collect();
        assert_eq!(slips.keep(None, Slip { typed: names, ..Slip::default() }), None);
    }
}
