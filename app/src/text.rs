//! The words that people read, in the languages of the product. Every text is a function of the
//! language, written beside the page that shows it; a language that is missing does not compile.
//!
//! A page's language is settled by the server (the person's choice, else the browser's wish), written
//! into `<html lang>`, and read from there by the browser: both sides render the same words.

use leptos::prelude::*;

/// A language of the product.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lang {
    #[default]
    En,
    Ru,
}

impl Lang {
    pub const ALL: [Self; 2] = [Self::En, Self::Ru];

    /// The cookie that remembers a person's choice.
    pub const COOKIE: &'static str = "lang";

    /// The BCP 47 tag, as in `<html lang>`.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Ru => "ru",
        }
    }

    /// The language's own name for itself.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::En => "English",
            Self::Ru => "Русский",
        }
    }

    /// The language of a tag, whatever its region: `ru-BY` is Russian.
    #[must_use]
    pub fn from_tag(tag: &str) -> Option<Self> {
        let language = tag.trim().split(['-', '_']).next()?;
        Self::ALL.into_iter().find(|lang| lang.tag().eq_ignore_ascii_case(language))
    }

    /// The best of what a browser asks for in `Accept-Language`: the highest weight that we speak,
    /// the first of equals.
    #[must_use]
    pub fn from_accept_language(header: &str) -> Option<Self> {
        let mut best: Option<(Self, f32)> = None;
        for wish in header.split(',') {
            let mut parts = wish.split(';');
            let lang = parts.next().and_then(Self::from_tag);
            let weight = parts
                .find_map(|part| part.trim().strip_prefix("q="))
                .map_or(1.0, |q| q.trim().parse().unwrap_or(0.0));
            if let Some(lang) = lang
                && weight > best.map_or(0.0, |(_, weight)| weight)
            {
                best = Some((lang, weight));
            }
        }
        best.map(|(lang, _)| lang)
    }
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

/// Which form of a noun goes with a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plural {
    One,
    /// 2 to 4, 22 to 24, and so on; only Russian has it.
    Few,
    Many,
}

/// The form for a whole number, by the rules of CLDR.
#[must_use]
pub const fn plural(lang: Lang, n: u64) -> Plural {
    match lang {
        Lang::En => match n {
            1 => Plural::One,
            _ => Plural::Many,
        },
        Lang::Ru => match (n % 10, n % 100) {
            (1, 0..=10 | 12..) => Plural::One,
            (2..=4, 0..=11 | 15..) => Plural::Few,
            _ => Plural::Many,
        },
    }
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
            ru: plural($ru_n:ident) { $ru_one:literal, $ru_few:literal, $ru_many:literal $(,)? } $(,)?
        }
        $($rest:tt)*
    ) => {
        $(#[$doc])*
        #[must_use]
        pub fn $name(lang: $crate::Lang, $($arg: $type),+) -> String {
            use $crate::text::{Plural, plural};
            match lang {
                $crate::Lang::En => match plural(lang, $en_n) {
                    Plural::One => format!($en_one),
                    Plural::Few | Plural::Many => format!($en_many),
                },
                $crate::Lang::Ru => match plural(lang, $ru_n) {
                    Plural::One => format!($ru_one),
                    Plural::Few => format!($ru_few),
                    Plural::Many => format!($ru_many),
                },
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
        assert_eq!(Lang::ALL.map(hello), ["Hello", "Здравствуйте"]);
    }

    #[test]
    fn a_noun_agrees_with_its_number() {
        let forms = |lang| [0, 1, 2, 5, 11, 12, 21, 22, 25, 101, 111, 114].map(|n| plural(lang, n));
        use Plural::{Few, Many, One};
        assert_eq!(forms(Lang::Ru), [Many, One, Few, Many, Many, Many, One, Few, Many, One, Many, Many]);
        assert_eq!(forms(Lang::En), [Many, One, Many, Many, Many, Many, Many, Many, Many, Many, Many, Many]);
        assert_eq!(offers(Lang::Ru, "Анна", 3), "Анна: 3 предложения");
        assert_eq!(offers(Lang::En, "Anna", 1), "Anna: 1 offer");
    }

    #[test]
    fn the_browser_gets_the_language_it_wants_most_among_those_we_speak() {
        assert_eq!(Lang::from_accept_language("ru-RU,ru;q=0.9,en;q=0.8"), Some(Lang::Ru));
        assert_eq!(Lang::from_accept_language("de, en;q=0.5, ru;q=0.7"), Some(Lang::Ru));
        assert_eq!(Lang::from_accept_language("en,ru"), Some(Lang::En));
        assert_eq!(Lang::from_accept_language("de,fr;q=0.3"), None);
        assert_eq!(Lang::from_accept_language("ru;q=0"), None);
        assert_eq!(Lang::from_accept_language(""), None);
    }
}
