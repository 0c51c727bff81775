//! Addresses of our own pages: how a query is written, and which ones a form may lead to.

use shared::views::alignment::{Figure, Scope};

/// A query without its question mark, of the parameters that are given.
#[must_use]
pub fn query<const N: usize>(pairs: [(&str, Option<String>); N]) -> String {
    let given = pairs.into_iter().filter_map(|(name, value)| Some(format!("{name}={}", encode(&value?))));
    given.collect::<Vec<_>>().join("&")
}

/// A path with a query, or alone where nothing is asked.
#[must_use]
pub fn with_query(path: &str, query: &str) -> String {
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

/// Percent-encoding of a query's value.
#[must_use]
pub fn encode(value: &str) -> String {
    let mut encoded = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~' | b'/' | b'@' | b':' | b',') {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// The address that a page is asked to lead back to, if it is one of ours: nobody is sent elsewhere by a link.
///
/// The one rule for every door and for the browser. It is strict because browsers are not: they drop
/// tabs and line ends, and read `\` as `/`, so that `/<tab>/evil.example` is another server to them.
/// Whatever is not plain ASCII has to come percent-encoded.
#[must_use]
pub fn local(address: &str) -> Option<&str> {
    let is_ours = address.starts_with('/')
        && !address.starts_with("//")
        && address.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    is_ours.then_some(address)
}

/// The raw log with exactly the events behind a figure.
#[must_use]
pub fn behind(figures: &[Figure], scope: Scope) -> String {
    with_query("/events", &query(figure(figures, scope)))
}

/// How an address names a figure.
#[must_use]
pub fn figure(figures: &[Figure], scope: Scope) -> [(&'static str, Option<String>); 4] {
    let words: Vec<&str> = figures.iter().map(|figure| figure.word()).collect();
    [
        ("figure", Some(words.join(","))),
        ("account", scope.account.map(|id| id.to_string())),
        ("unit", scope.unit.map(|id| id.to_string())),
        ("month", scope.month.map(|month| month.to_string())),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::views::alignment::{Month, PROMISES};

    #[test]
    fn a_query_holds_what_is_given_and_nothing_that_breaks_it() {
        let query = query([("q", Some("Анна & co".into())), ("scope", None), ("sort", Some("in_person".into()))]);
        assert_eq!(query, "q=%D0%90%D0%BD%D0%BD%D0%B0%20%26%20co&sort=in_person");
        assert_eq!(with_query("/", ""), "/");
    }

    #[test]
    fn nobody_is_led_away() {
        for ours in ["/", "/accounts/1#e2", "/accounts?q=%D0%90&back=//x", "/%5Cexample.com", "/%09/example.com"] {
            assert_eq!(local(ours), Some(ours), "{ours}");
        }
        let elsewhere = [
            "",
            "accounts",
            " /accounts",
            "https://example.com",
            "javascript:alert(1)",
            "//example.com",
            "///example.com",
            "/\\example.com",
            "/accounts\\..",
            "/\t/example.com",
            "/\n/example.com",
            "/\r/example.com",
            "/\u{0}/example.com",
            "/ /example.com",
            "/\u{a0}/example.com",
            "/клиенты",
        ];
        for address in elsewhere {
            assert_eq!(local(address), None, "{address:?}");
        }
    }

    #[test]
    fn a_figure_is_asked_for_in_words() {
        let unit = shared::ids::UnitId::from_uuid(uuid::Uuid::from_u128(7));
        let month = Scope::of_month(unit, Month { year: 2026, month: 6 });
        let address = "/events?figure=kept,late&unit=00000000-0000-0000-0000-000000000007&month=2026-06";
        assert_eq!(behind(&PROMISES, month), address);
    }
}
