//! Numbers with their nouns, for operators: what they read is English.

use shared::lang::Lang;

/// `1 event`, `2 events`.
#[must_use]
pub fn many(n: u64, [one, other]: [&'static str; 2]) -> String {
    format!("{n} {}", Lang::En.count(n, [one, other], [""; 3]))
}

/// Most of what is counted.
pub const EVENTS: [&str; 2] = ["event", "events"];

/// What keys are kept in.
pub const PAGES: [&str; 2] = ["page", "pages"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_is_one() {
        assert_eq!([0, 1, 2, 21].map(|n| many(n, EVENTS)), ["0 events", "1 event", "2 events", "21 events"]);
    }
}
