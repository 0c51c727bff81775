//! The words that people read, in the languages of the product. Every text is a function of the
//! language, written beside the page that shows it; a language that is missing does not compile.
//!
//! A page's language is settled by the server (the person's choice, else the browser's wish), written
//! into `<html lang>`, and read from there by the browser: both sides render the same words.

use leptos::prelude::*;

pub use shared::lang::Lang;

/// The languages that a person can choose, in the order in which they are offered.
pub const LANGS: [Lang; 2] = [Lang::En, Lang::Ru];

/// The cookie that remembers a person's choice.
pub const LANG_COOKIE: &str = "lang";

/// A language's own name for itself.
#[must_use]
pub const fn own_name(lang: Lang) -> &'static str {
    lang.pick("English", "Русский")
}

/// The language of the page that is being rendered.
#[must_use]
pub fn use_lang() -> Lang {
    use_context::<Lang>().unwrap_or_default()
}

/// The language that the server gave the page.
#[cfg(feature = "hydrate")]
pub(crate) fn of_page() -> Lang {
    document()
        .document_element()
        .and_then(|html| html.get_attribute("lang"))
        .and_then(|tag| Lang::from_tag(&tag))
        .unwrap_or_default()
}

/// A text as HTML text. Whoever writes the inside of a `<title>` or a `<textarea>` on the server needs
/// it: there leptos writes what it is given.
#[must_use]
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Declares texts: one function a text, which takes the language and what the text mentions.
///
/// ```
/// app::texts! {
///     /// The heading of the page.
///     title { en: "Accounts", ru: "Клиенты" }
///     greeting(name: &str) { en: "Good day, {name}", ru: "Добрый день, {name}" }
///     days(n: u64) {
///         en: plural(n) { "{n} day", "{n} days" },
///         ru: plural(n) { "{n} день", "{n} дня", "{n} дней" },
///     }
/// }
///
/// use app::Lang;
/// assert_eq!(title(Lang::Ru), "Клиенты");
/// assert_eq!(greeting(Lang::En, "Anna"), "Good day, Anna");
/// assert_eq!(days(Lang::Ru, 22), "22 дня");
/// ```
#[macro_export]
macro_rules! texts {
    () => {};
    (
        $(#[$doc:meta])*
        $name:ident { en: $en:literal, ru: $ru:literal $(,)? }
        $($rest:tt)*
    ) => {
        $(#[$doc])*
        #[must_use]
        pub const fn $name(lang: $crate::Lang) -> &'static str {
            match lang {
                $crate::Lang::En => $en,
                $crate::Lang::Ru => $ru,
            }
        }
        $crate::texts! { $($rest)* }
    };
    (
        $(#[$doc:meta])*
        $name:ident($($arg:ident: $type:ty),+ $(,)?) { en: $en:literal, ru: $ru:literal $(,)? }
        $($rest:tt)*
    ) => {
        $(#[$doc])*
        #[must_use]
        pub fn $name(lang: $crate::Lang, $($arg: $type),+) -> String {
            match lang {
                $crate::Lang::En => format!($en),
                $crate::Lang::Ru => format!($ru),
            }
        }
        $crate::texts! { $($rest)* }
    };
    (
        $(#[$doc:meta])*
        $name:ident($($arg:ident: $type:ty),+ $(,)?) {
            en: plural($en_n:ident) { $en_one:literal, $en_many:literal $(,)? },
            ru: plural($_:ident) { $ru_one:literal, $ru_few:literal, $ru_many:literal $(,)? } $(,)?
        }
        $($rest:tt)*
    ) => {
        $(#[$doc])*
        #[must_use]
        pub fn $name(lang: $crate::Lang, $($arg: $type),+) -> String {
            let form = lang.count($en_n, ["one", "other"], ["one", "few", "many"]);
            // In the text the number is written as the language writes it; some texts stand behind one that is.
            let $en_n = $crate::when::number($en_n, lang);
            let _ = &$en_n;
            match (lang, form) {
                ($crate::Lang::En, "one") => format!($en_one),
                ($crate::Lang::En, _) => format!($en_many),
                ($crate::Lang::Ru, "one") => format!($ru_one),
                ($crate::Lang::Ru, "few") => format!($ru_few),
                ($crate::Lang::Ru, _) => format!($ru_many),
            }
        }
        $crate::texts! { $($rest)* }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    texts! {
        hello { en: "Hello", ru: "Здравствуйте" }
        offers(who: &str, n: u64) {
            en: plural(n) { "{who}: {n} offer", "{who}: {n} offers" },
            ru: plural(n) { "{who}: {n} предложение", "{who}: {n} предложения", "{who}: {n} предложений" },
        }
    }

    #[test]
    fn a_text_speaks_every_language() {
        assert_eq!(LANGS.map(hello), ["Hello", "Здравствуйте"]);
    }

    #[test]
    fn a_noun_agrees_with_its_number() {
        assert_eq!([1, 2].map(|n| offers(Lang::En, "Anna", n)), ["Anna: 1 offer", "Anna: 2 offers"]);
        assert_eq!(
            [1, 3, 11].map(|n| offers(Lang::Ru, "Анна", n)),
            ["Анна: 1 предложение", "Анна: 3 предложения", "Анна: 11 предложений"]
        );
        let many = LANGS.map(|lang| offers(lang, "Anna", 12_345));
        assert_eq!(many, ["Anna: 12,345 offers", "Anna: 12\u{202f}345 предложений"]);
    }
}
