//! The design language: small things that every page is made of, on native HTML. Their classes are
//! the vocabulary of `style/parts.css` and `style/pages.css`.

pub mod accounts;
pub mod card;
pub mod colleagues;
pub mod course;
pub mod deeds;
#[cfg(feature = "hydrate")]
pub mod drafts;
pub mod entrance;
pub mod entry;
pub mod fields;
#[cfg(feature = "hydrate")]
pub mod focus;
pub mod frame;
pub mod history;
pub mod keys;
pub mod lanes;
pub mod once;
pub mod parties;
pub mod person_fields;
pub mod steps;
pub mod submit;
pub mod waiting;

use leptos::prelude::*;

use crate::assets::use_asset;

/// An icon of the sprite `style/icons.svg`, by its name there. It says nothing to a screen reader:
/// a word stands beside it.
#[component]
pub fn Icon(#[prop(into)] name: String) -> impl IntoView {
    let sprite = use_asset("icons.svg");
    view! {
        <svg class="icon" aria-hidden="true">
            <use href=format!("{sprite}#i-{name}") />
        </svg>
    }
}

/// A person with their initials: `client` or `internal` for the side that they are on.
#[component]
pub fn Person(#[prop(into)] name: String, #[prop(into)] href: String, side: &'static str) -> impl IntoView {
    let short = initials(&name);
    view! {
        <a class=format!("person {side}") href=href>
            <abbr aria-hidden="true">{short}</abbr>
            {name}
        </a>
    }
}

/// The first letters of the first and the last word of a name: between them may stand a patronymic.
#[must_use]
pub fn initials(name: &str) -> String {
    let mut letters = name.split_whitespace().filter_map(|word| word.chars().find(|letter| letter.is_alphanumeric()));
    let first = letters.next();
    first.into_iter().chain(letters.next_back()).flat_map(char::to_uppercase).collect()
}

#[cfg(test)]
mod tests {
    use super::initials;

    #[test]
    fn initials_are_letters_of_the_first_and_the_last_word() {
        assert_eq!(initials("Ирина Борисовна Соколова"), "ИС");
        assert_eq!(initials("Kira Volkova"), "KV");
        assert_eq!(initials("(forgotten)"), "F");
        assert_eq!(initials(""), "");
    }
}
