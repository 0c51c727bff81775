//! Forms that were refused, kept for a quarter of an hour so that the page can show them again with
//! what was typed. Only in memory: what people type before it is recorded belongs on no disk of ours.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use app::parts::fields::Slip;
use shared::ids::ColleagueId;
use uuid::Uuid;

const KEPT: Duration = Duration::from_secs(15 * 60);
const MOST: usize = 1_000;

#[derive(Debug, Default)]
pub struct Slips(Mutex<HashMap<Uuid, Kept>>);

#[derive(Debug)]
struct Kept {
    /// `None`: whoever sent it had been signed out; the number of the slip, which nobody can guess, is all they have.
    whose: Option<ColleagueId>,
    slip: Slip,
    since: Instant,
}

impl Slips {
    /// Keeps a form and says under which number; `None` where there is no randomness for one.
    pub fn keep(&self, whose: Option<ColleagueId>, slip: Slip) -> Option<Uuid> {
        let number = Uuid::from_bytes(super::random()?);
        let mut slips = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        slips.retain(|_, kept| kept.since.elapsed() < KEPT);
        if slips.len() >= MOST
            && let Some(oldest) = slips.iter().min_by_key(|(_, kept)| kept.since).map(|(number, _)| *number)
        {
            slips.remove(&oldest);
        }
        slips.insert(number, Kept { whose, slip, since: Instant::now() });
        Some(number)
    }

    /// The form under a number, for the one who sent it.
    pub fn get(&self, number: Uuid, me: ColleagueId) -> Option<Slip> {
        let slips = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = slips.get(&number).filter(|kept| kept.since.elapsed() < KEPT)?;
        kept.whose.is_none_or(|whose| whose == me).then(|| kept.slip.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::testkit::{KIRA, LEV};

    #[test]
    fn a_slip_is_shown_to_whoever_sent_it_and_nobody_else() {
        let slips = Slips::default();
        let number = slips.keep(Some(KIRA), Slip { why: "No".into(), ..Slip::default() }).unwrap();
        assert_eq!(slips.get(number, KIRA).unwrap().why, "No");
        assert_eq!(slips.get(number, LEV), None);
    }

    #[test]
    fn slips_do_not_pile_up() {
        let slips = Slips::default();
        for _ in 0..MOST + 10 {
            slips.keep(None, Slip::default()).unwrap();
        }
        assert_eq!(slips.0.lock().unwrap().len(), MOST);
    }
}
