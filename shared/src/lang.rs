//! The two languages of the product. Sentences that the domain itself says (a rejection, a figure)
//! stand in both, side by side, where they are made.

use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lang {
    #[default]
    En,
    Ru,
}

impl Lang {
    pub const fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Ru => "ru",
        }
    }

    /// The language of a tag such as `ru`, `ru-RU` or `en_GB`.
    pub fn from_tag(tag: &str) -> Option<Self> {
        match tag.split(['-', '_']).next()?.trim().to_ascii_lowercase().as_str() {
            "en" => Some(Self::En),
            "ru" => Some(Self::Ru),
            _ => None,
        }
    }

    /// The first language of an `Accept-Language` header that we speak, by the reader's preference.
    pub fn from_accept(header: &str) -> Option<Self> {
        let mut wanted: Vec<(u32, Self)> = header
            .split(',')
            .filter_map(|item| {
                let mut parts = item.split(';');
                let lang = Self::from_tag(parts.next()?)?;
                let quality = parts
                    .find_map(|part| part.trim().strip_prefix("q="))
                    .map_or(Some(1.0), |q| q.parse::<f32>().ok())?;
                // Thousandths: the header allows three digits, and floats do not order.
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=1")]
                let thousandths = (quality.clamp(0.0, 1.0) * 1000.0) as u32;
                Some((thousandths, lang))
            })
            .filter(|(quality, _)| *quality > 0)
            .collect();
        wanted.sort_by_key(|(quality, _)| std::cmp::Reverse(*quality));
        wanted.first().map(|(_, lang)| *lang)
    }

    /// One of two texts.
    pub const fn pick<T: Copy>(self, en: T, ru: T) -> T {
        match self {
            Self::En => en,
            Self::Ru => ru,
        }
    }

    /// The form of a noun after a count, as CLDR's cardinal rules have it for whole numbers:
    /// English one and other, Russian one, few and many.
    pub fn count(self, n: u64, en: [&'static str; 2], ru: [&'static str; 3]) -> &'static str {
        let ([en_one, en_other], [one, few, many]) = (en, ru);
        match (self, n % 10, n % 100) {
            (Self::En, _, _) if n == 1 => en_one,
            (Self::En, _, _) => en_other,
            (Self::Ru, _, 11..=14) => many,
            (Self::Ru, 1, _) => one,
            (Self::Ru, 2..=4, _) => few,
            (Self::Ru, _, _) => many,
        }
    }
}

/// A sentence for whoever reads it later than it is made, and perhaps in another language than who caused it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    en: String,
    ru: String,
}

impl Said {
    pub fn new(say: impl Fn(Lang) -> String) -> Self {
        Self { en: say(Lang::En), ru: say(Lang::Ru) }
    }

    pub fn say(&self, lang: Lang) -> &str {
        match lang {
            Lang::En => &self.en,
            Lang::Ru => &self.ru,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reader_s_first_language_that_we_speak_wins() {
        assert_eq!(Lang::from_accept("de, en;q=0.5, ru-RU;q=0.8"), Some(Lang::Ru));
        assert_eq!(Lang::from_accept("en-GB,ru"), Some(Lang::En));
        assert_eq!(Lang::from_accept("fr, ru;q=0"), None);
    }

    #[test]
    fn russian_counts_have_three_forms() {
        let days = |n| Lang::Ru.count(n, ["day", "days"], ["день", "дня", "дней"]);
        assert_eq!(
            [1, 2, 5, 11, 12, 21, 22, 111].map(days),
            ["день", "дня", "дней", "дней", "дней", "день", "дня", "дней"]
        );
    }
}
