//! What time it is for the product: the machine's time, or for demonstrations and tests a time that
//! began at a chosen moment. Passwords, sessions and links always go by the machine's.

use std::sync::OnceLock;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

static AHEAD: OnceLock<SignedDuration> = OnceLock::new();

/// Pretends that it is this moment now; time goes on from there. Counts once, before the first look at the clock.
pub fn begin_at(moment: Timestamp) {
    AHEAD.get_or_init(|| moment.duration_since(Timestamp::now()));
}

pub fn now() -> Timestamp {
    let machine = Timestamp::now();
    AHEAD.get().and_then(|ahead| machine.checked_add(*ahead).ok()).unwrap_or(machine)
}

/// How long something took, as a number for the log: one of 128 bits would be written as text.
pub fn milliseconds(took: Duration) -> u64 {
    u64::try_from(took.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_goes_on_from_the_chosen_moment() {
        let noon: Timestamp = "2026-06-01T12:00:00Z".parse().unwrap();
        begin_at(noon);
        let first = now();
        assert!(first >= noon);
        begin_at("2020-01-01T00:00:00Z".parse().unwrap());
        assert!(now() >= first, "a second beginning changes nothing");
    }
}
