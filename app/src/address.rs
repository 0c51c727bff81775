//! Addresses of our own pages: how a query is written, and which ones a form may lead to.

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

/// The most events that one address names: browsers and servers cut longer ones off.
const MOST_NAMED: usize = 300;

/// The raw log with exactly these events, the newest ones where they are too many for an address: then it
/// also says of how many.
#[must_use]
pub fn events(positions: &[u64]) -> String {
    let newest = positions.get(positions.len().saturating_sub(MOST_NAMED)..).unwrap_or_default();
    let at: Vec<String> = newest.iter().map(u64::to_string).collect();
    let of = if newest.len() < positions.len() { format!("&of={}", positions.len()) } else { String::new() };
    format!("/events?at={}{of}", at.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn an_address_never_grows_too_long() {
        let many: Vec<u64> = (1..=10_000).collect();
        assert!(events(&many).len() < 2_000 && events(&many).ends_with(",10000&of=10000"));
        assert_eq!(events(&[3, 5]), "/events?at=3,5");
    }
}
