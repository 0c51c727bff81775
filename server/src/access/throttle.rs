//! Guessing made slow: after a few failed attempts each further one has to wait, twice as long each
//! time, for the same e-mail address and for the same place on the network.
//!
//! Nothing sleeps here and nothing is written down: an attempt that comes too early is answered
//! at once, and a restart forgives.

use std::collections::HashMap;
use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};

/// A typo or two is human: this many attempts on one e-mail address are free.
const FREE_FOR_EMAIL: u32 = 5;
/// A whole office may sit behind one address.
const FREE_FOR_PLACE: u32 = 30;
/// Long enough to make guessing hopeless, short enough that nobody is locked out for a day by a stranger.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_mins(15);
/// Beyond this many more the wait is the longest, and nothing is counted: what is owed is paid off within hours.
const MOST_BEYOND: u32 = 10;
/// One failure is forgiven after so long, again and again: a guesser gets no more tries than the
/// longest wait would leave, and who only mistyped is free again.
const EMAIL_FORGIVES: SignedDuration = SignedDuration::from_mins(15);
/// An office makes more typos than one person does.
const PLACE_FORGIVES: SignedDuration = SignedDuration::from_mins(5);
/// After so long without an attempt everything is forgotten.
const FORGOTTEN: SignedDuration = SignedDuration::from_hours(24);
/// More than this many keys at a time is an attack on memory.
const MOST_KEYS: usize = 20_000;

/// Where attempts are counted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    Email(String),
    Place(IpAddr),
}

impl Key {
    /// A home or an office has one IPv4 address, or 64 bits of IPv6 to choose from.
    pub fn place(address: IpAddr) -> Self {
        Self::Place(match address.to_canonical() {
            IpAddr::V4(v4) => IpAddr::V4(v4),
            IpAddr::V6(v6) => IpAddr::V6((u128::from(v6) & !u128::from(u64::MAX)).into()),
        })
    }

    const fn free(&self) -> u32 {
        match self {
            Self::Email(_) => FREE_FOR_EMAIL,
            Self::Place(_) => FREE_FOR_PLACE,
        }
    }

    const fn forgives(&self) -> SignedDuration {
        match self {
            Self::Email(_) => EMAIL_FORGIVES,
            Self::Place(_) => PLACE_FORGIVES,
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Attempts {
    failed: u32,
    /// The last one that failed, or that nobody has answered yet.
    last: Timestamp,
    /// The one before it, to go back to when the last one turns out to be a person who knew the password.
    before: Timestamp,
    /// Up to when failures were forgiven.
    forgiven: Timestamp,
}

impl Attempts {
    const fn none(now: Timestamp) -> Self {
        Self { failed: 0, last: now, before: now, forgiven: now }
    }

    /// As they count now: with what was forgiven meanwhile.
    fn at(mut self, now: Timestamp, key: &Key) -> Self {
        if is_old(now, &self) {
            return Self::none(now);
        }
        let times = self.forgiven.duration_until(now).as_secs() / key.forgives().as_secs();
        match u32::try_from(times) {
            // A clock set back forgives nothing.
            Err(_) => self,
            Ok(times) if times >= self.failed => Self { failed: 0, forgiven: now, ..self },
            Ok(times) => {
                self.failed -= times;
                let until = key.forgives().checked_mul(i32::try_from(times).unwrap_or(i32::MAX));
                self.forgiven = until.and_then(|until| self.forgiven.checked_add(until).ok()).unwrap_or(now);
                self
            }
        }
    }

    fn take_back(&mut self) {
        self.failed = self.failed.saturating_sub(1);
        self.last = self.before;
    }
}

/// The failed attempts of the last day.
#[derive(Debug, Default)]
pub struct Throttle {
    attempts: HashMap<Key, Attempts>,
}

impl Throttle {
    /// Lets an attempt through and counts it as failed until [`Throttle::succeeded`] says otherwise
    /// (many at once must not all pass before the first has failed), or says how long to wait.
    pub fn attempt(&mut self, now: Timestamp, keys: &[Key]) -> Result<(), SignedDuration> {
        let wait = keys.iter().map(|key| self.wait(now, key)).max().unwrap_or_default();
        if wait > SignedDuration::ZERO {
            return Err(wait);
        }
        self.make_room(now);
        for key in keys {
            let attempts = self.attempts.entry(key.clone()).or_insert(Attempts::none(now));
            *attempts = attempts.at(now, key);
            attempts.failed = attempts.failed.saturating_add(1).min(key.free() + MOST_BEYOND);
            (attempts.before, attempts.last) = (attempts.last, now);
        }
        Ok(())
    }

    /// The attempt was a person who knew the password. Their e-mail address starts afresh; their
    /// place only gets this one attempt back, or a guesser with one account could reset it at will.
    pub fn succeeded(&mut self, keys: &[Key]) {
        for key in keys {
            match key {
                Key::Email(_) => {
                    self.attempts.remove(key);
                }
                Key::Place(_) => {
                    if let Some(attempts) = self.attempts.get_mut(key) {
                        attempts.take_back();
                    }
                }
            }
        }
    }

    /// Nobody looked at the password: the attempt was none.
    pub fn undone(&mut self, keys: &[Key]) {
        for key in keys {
            if let Some(attempts) = self.attempts.get_mut(key) {
                attempts.take_back();
            }
        }
    }

    fn wait(&self, now: Timestamp, key: &Key) -> SignedDuration {
        let Some(attempts) = self.attempts.get(key).map(|attempts| attempts.at(now, key)) else {
            return SignedDuration::ZERO;
        };
        let Some(beyond) = attempts.failed.checked_sub(key.free()) else {
            return SignedDuration::ZERO;
        };
        let seconds = 1_i64.checked_shl(beyond).filter(|_| beyond < 32).unwrap_or(i64::MAX);
        let delay = SignedDuration::from_secs(seconds).min(LONGEST_WAIT);
        // A clock set back must not make anybody wait longer than the delay itself.
        (attempts.last.duration_until(now) - delay).checked_neg().unwrap_or_default().clamp(SignedDuration::ZERO, delay)
    }

    fn make_room(&mut self, now: Timestamp) {
        if self.attempts.len() < MOST_KEYS {
            return;
        }
        self.attempts.retain(|_, attempts| !is_old(now, attempts));
        if self.attempts.len() >= MOST_KEYS {
            // The quarter that was quiet the longest goes: an attack keeps its own keys fresh.
            let mut times: Vec<Timestamp> = self.attempts.values().map(|attempts| attempts.last).collect();
            let quarter = times.len() / 4;
            let (_, limit, _) = times.select_nth_unstable(quarter);
            let limit = *limit;
            self.attempts.retain(|_, attempts| attempts.last > limit);
        }
    }
}

fn is_old(now: Timestamp, attempts: &Attempts) -> bool {
    attempts.last.duration_until(now) > FORGOTTEN
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::UNIX_EPOCH;

    fn at(seconds: i64) -> Timestamp {
        START + SignedDuration::from_secs(seconds)
    }

    fn anna() -> Key {
        Key::Email("anna@twofront.example".into())
    }

    fn fail(throttle: &mut Throttle, times: u32, key: &Key) {
        for _ in 0..times {
            let attempts = throttle.attempts.entry(key.clone()).or_insert(Attempts::none(START));
            attempts.failed = (attempts.failed + 1).min(key.free() + MOST_BEYOND);
        }
    }

    #[test]
    fn a_few_attempts_are_free_then_each_waits_twice_as_long() {
        let mut throttle = Throttle::default();
        for _ in 0..FREE_FOR_EMAIL {
            assert_eq!(throttle.attempt(START, &[anna()]), Ok(()));
        }
        assert_eq!(throttle.attempt(START, &[anna()]), Err(SignedDuration::from_secs(1)));
        assert_eq!(throttle.attempt(at(1), &[anna()]), Ok(()));
        assert_eq!(throttle.attempt(at(1), &[anna()]), Err(SignedDuration::from_secs(2)));
        assert_eq!(throttle.attempt(at(2), &[anna()]), Err(SignedDuration::from_secs(1)));
        assert_eq!(throttle.attempt(at(3), &[anna()]), Ok(()));
        assert_eq!(throttle.attempt(at(3), &[anna()]), Err(SignedDuration::from_secs(4)));
    }

    #[test]
    fn an_attempt_that_came_too_early_does_not_make_the_wait_longer() {
        let mut throttle = Throttle::default();
        fail(&mut throttle, 10, &anna());
        for _ in 0..100 {
            assert_eq!(throttle.attempt(START, &[anna()]), Err(SignedDuration::from_secs(32)));
        }
    }

    #[test]
    fn no_wait_is_longer_than_a_quarter_of_an_hour() {
        for times in [30, 64, 1_000] {
            let mut throttle = Throttle::default();
            fail(&mut throttle, times, &anna());
            assert_eq!(throttle.attempt(START, &[anna()]), Err(LONGEST_WAIT), "{times}");
            assert_eq!(throttle.attempt(at(900), &[anna()]), Ok(()), "{times}");
        }
    }

    #[test]
    fn a_success_frees_the_address_but_not_the_place() {
        let mut throttle = Throttle::default();
        let place = Key::place([192, 0, 2, 7].into());
        fail(&mut throttle, 4, &anna());
        fail(&mut throttle, FREE_FOR_PLACE - 1, &place);
        let keys = [anna(), place.clone()];
        assert_eq!(throttle.attempt(START, &keys), Ok(()));
        throttle.succeeded(&keys);
        assert_eq!(throttle.attempt(START, &keys), Ok(()));
        assert_eq!(throttle.attempt(START, &[anna()]), Ok(()));
        assert!(throttle.attempt(START, &[place]).is_err());
    }

    #[test]
    fn one_place_that_tries_many_addresses_waits_and_others_do_not() {
        let mut throttle = Throttle::default();
        let place = Key::place([192, 0, 2, 7].into());
        for n in 0..FREE_FOR_PLACE {
            assert_eq!(throttle.attempt(START, &[Key::Email(format!("{n}@twofront.example")), place.clone()]), Ok(()));
        }
        assert!(throttle.attempt(START, &[anna(), place]).is_err());
        assert_eq!(throttle.attempt(START, &[anna(), Key::place([192, 0, 2, 8].into())]), Ok(()));
    }

    #[test]
    fn an_office_that_mistypes_is_free_again_within_the_hour() {
        let mut throttle = Throttle::default();
        let place = Key::place([192, 0, 2, 7].into());
        fail(&mut throttle, 1_000, &place);
        assert!(throttle.attempt(START, std::slice::from_ref(&place)).is_err());
        let later = at(PLACE_FORGIVES.as_secs() * 11);
        assert_eq!(throttle.attempt(later, std::slice::from_ref(&place)), Ok(()));
        // The one just made brings it back to the edge: a second one waits for a second, not for a quarter of an hour.
        assert_eq!(throttle.attempt(later, &[place]), Err(SignedDuration::from_secs(1)));
    }

    #[test]
    fn who_guesses_on_gets_no_more_than_what_is_forgiven() {
        let mut throttle = Throttle::default();
        let day: i64 = 24 * 60 * 60;
        let tries = (0..day / 30).filter(|n| throttle.attempt(at(n * 30), &[anna()]).is_ok()).count();
        assert!(tries <= 5 + 10 + 96, "{tries} tries in a day");
    }

    #[test]
    fn those_who_know_their_password_do_not_keep_the_place_closed() {
        let mut throttle = Throttle::default();
        let place = Key::place([192, 0, 2, 7].into());
        fail(&mut throttle, FREE_FOR_PLACE + 3, &place);
        for seconds in [8, 9, 10] {
            let keys = [Key::Email(format!("{seconds}@twofront.example")), place.clone()];
            assert_eq!(throttle.attempt(at(seconds), &keys), Ok(()));
            throttle.succeeded(&keys);
        }
    }

    #[test]
    fn an_attempt_that_nobody_looked_at_counts_for_nothing() {
        let mut throttle = Throttle::default();
        for _ in 0..100 {
            assert_eq!(throttle.attempt(START, &[anna()]), Ok(()));
            throttle.undone(&[anna()]);
        }
    }

    #[test]
    fn a_network_of_ipv6_is_one_place() {
        let place = |text: &str| Key::place(text.parse().unwrap());
        assert_eq!(place("2001:db8::1"), place("2001:db8::ffff:2"));
        assert_ne!(place("2001:db8::1"), place("2001:db8:0:1::1"));
        assert_eq!(place("::ffff:192.0.2.7"), place("192.0.2.7"));
    }

    #[test]
    fn a_quiet_day_forgives_everything() {
        let mut throttle = Throttle::default();
        fail(&mut throttle, 1_000, &anna());
        assert_eq!(throttle.attempt(at(86_401), &[anna()]), Ok(()));
        assert_eq!(throttle.attempt(at(86_401), &[anna()]), Ok(()));
    }

    #[test]
    fn a_clock_set_back_makes_nobody_wait_longer() {
        let mut throttle = Throttle::default();
        fail(&mut throttle, 5, &anna());
        assert_eq!(throttle.attempt(at(-1_000_000), &[anna()]), Err(SignedDuration::from_secs(1)));
    }

    #[test]
    fn memory_stays_bounded() {
        let mut throttle = Throttle::default();
        for n in 0..(MOST_KEYS + MOST_KEYS / 2) {
            let n = u32::try_from(n).unwrap();
            let _ = throttle.attempt(at(i64::from(n) / 100), &[Key::Place(std::net::Ipv4Addr::from(n).into())]);
        }
        assert!(throttle.attempts.len() <= MOST_KEYS);
    }
}
