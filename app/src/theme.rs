//! Light or dark: as the person chose, else as the device has it.

use leptos::prelude::*;

/// The cookie that remembers a person's choice; without one the device decides.
pub const THEME_COOKIE: &str = "theme";

/// The themes in the order in which they are offered.
pub const THEMES: [Theme; 3] = [Theme::Device, Theme::Light, Theme::Dark];

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    #[default]
    Device,
    Light,
    Dark,
}

impl Theme {
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Device => "device",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        THEMES.into_iter().find(|theme| theme.word() == word)
    }

    /// What stands in `<html data-theme>`: nothing where the device decides.
    #[must_use]
    pub fn attribute(self) -> Option<&'static str> {
        (self != Self::Device).then(|| self.word())
    }
}

/// The theme of the page that is being rendered.
#[must_use]
pub fn use_theme() -> Theme {
    use_context::<Theme>().unwrap_or_default()
}

/// The theme that the server gave the page.
#[cfg(feature = "hydrate")]
pub(crate) fn of_page() -> Theme {
    document()
        .document_element()
        .and_then(|html| html.get_attribute("data-theme"))
        .and_then(|word| Theme::from_word(&word))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_theme_is_found_by_its_word() {
        for theme in THEMES {
            assert_eq!(Theme::from_word(theme.word()), Some(theme));
        }
        assert_eq!(Theme::from_word("sepia"), None);
        assert_eq!(Theme::Device.attribute(), None);
    }
}
