//! What the generated company says: sentences put together from many parts, in one of two languages.

use shared::lang::Lang;
use shared::words::BuyingRole;

use super::rng::Rng;
use super::{en, ru};

/// What a unit of ours is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Trade {
    #[default]
    Sales,
    Logistics,
    Engineering,
    Service,
    Finance,
    Legal,
    Quality,
}

/// A unit: its trade, its name, and the place in the list of the one above it.
pub(super) type Unit = (Trade, &'static str, Option<usize>);

/// What a unit is asked for, and what may come of it.
pub(super) type Ask = (&'static str, &'static [&'static str]);

/// A company as its name has it: what it makes, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Firm {
    pub name: String,
    pub industry: &'static str,
    pub city: &'static str,
    pub country: &'static str,
}

/// What one language has to say. Sentences are templates, see [`fill`].
pub(super) struct Tongue {
    pub units: &'static [Unit],
    /// What people of a trade are called by profession: those who own resources, and those who do the work.
    pub jobs: fn(Trade) -> (&'static str, &'static str),
    pub kam: &'static str,
    pub director: &'static str,
    pub person: fn(&mut Rng) -> Person,
    /// The nth company that there is, different from all others up to some thousands.
    pub company: fn(u64) -> Firm,
    /// Title, department, and their usual part in a purchase.
    pub posts: &'static [(&'static str, &'static str, Option<BuyingRole>)],
    pub notes: &'static [&'static str],
    pub places: &'static [&'static str],
    /// How a conversation in person, a call (ours, theirs), a video meeting, a letter, a message and
    /// a trade fair begins.
    pub in_person: &'static [&'static str],
    pub our_call: &'static [&'static str],
    pub their_call: &'static [&'static str],
    pub video: &'static [&'static str],
    pub our_letter: &'static [&'static str],
    pub their_letter: &'static [&'static str],
    pub message: &'static [&'static str],
    pub fair: &'static [&'static str],
    /// What it was about.
    pub matters: &'static [&'static str],
    /// How it ended: well, neither, badly.
    pub ends: [&'static [&'static str]; 3],
    pub planned: &'static [&'static str],
    /// On our own front: how it began, and what it was about.
    pub internal: &'static [&'static str],
    pub internal_matters: &'static [&'static str],
    /// What somebody promises.
    pub steps: &'static [&'static str],
    pub dropped: &'static [&'static str],
    /// What a unit of a trade is asked for, each with what may come of it.
    pub asks: fn(Trade) -> &'static [Ask],
    pub declines: &'static [&'static str],
    pub returns: &'static [&'static str],
    /// What is added to an ask when it is made again.
    pub again: &'static [&'static str],
    pub escalations: &'static [&'static str],
    pub withdrawals: &'static [&'static str],
    /// Added to an entry by a correction.
    pub corrections: &'static [&'static str],
    pub retractions: &'static [&'static str],
    /// Why an account is strategic, key, developing.
    pub tiers: [&'static [&'static str]; 3],
    pub closings: &'static [&'static str],
    pub phone: fn(&mut Rng) -> String,
}

/// Somebody's name.
#[derive(Clone, Debug, Default)]
pub(super) struct Person {
    /// As it stands on a card.
    pub full: String,
    /// As one speaks of them.
    pub polite: String,
    pub female: bool,
    /// The part of an e-mail address before the @.
    pub mailbox: String,
}

pub(super) const fn tongue(lang: Lang) -> &'static Tongue {
    match lang {
        Lang::En => &en::TONGUE,
        Lang::Ru => &ru::TONGUE,
    }
}

/// A template with its gaps filled: `<a|b>` is one of several by chance, `[he|she]` goes by the
/// person's gender, `{who}` is the person, `{n}` a number, `{client}` the account.
pub(super) fn fill(template: &str, rng: &mut Rng, who: &Person, client: &str) -> String {
    let mut text = String::with_capacity(template.len() * 2);
    let mut rest = template;
    while let Some(at) = rest.find(['<', '[', '{']) {
        let (before, from) = rest.split_at(at);
        text.push_str(before);
        let close = match from.as_bytes().first() {
            Some(b'<') => '>',
            Some(b'[') => ']',
            _ => '}',
        };
        let inside = from.get(1..).unwrap_or_default();
        let Some((gap, after)) = inside.split_once(close) else {
            text.push_str(from);
            return text;
        };
        match close {
            '>' => {
                let choices: Vec<&str> = gap.split('|').collect();
                text.push_str(rng.pick(&choices));
            }
            ']' => {
                let (he, she) = gap.split_once('|').unwrap_or((gap, gap));
                text.push_str(if who.female { she } else { he });
            }
            _ => match gap {
                "who" => text.push_str(&who.polite),
                "client" => text.push_str(client),
                // A number that takes the genitive plural in Russian.
                _ => text.push_str(&rng.pick(&[6_u8, 8, 10, 12, 14, 15, 18, 20, 25, 30, 40]).to_string()),
            },
        }
        rest = after;
    }
    text.push_str(rest);
    text
}

/// Latin letters, small, for an address.
pub(super) fn latin(text: &str) -> String {
    let mut latin = String::new();
    for letter in text.to_lowercase().chars() {
        if letter.is_ascii_alphanumeric() {
            latin.push(letter);
            continue;
        }
        latin.push_str(match letter {
            'а' => "a",
            'б' => "b",
            'в' => "v",
            'г' => "g",
            'д' => "d",
            'е' | 'ё' | 'э' => "e",
            'ж' => "zh",
            'з' => "z",
            'и' => "i",
            'й' | 'ы' => "y",
            'к' => "k",
            'л' => "l",
            'м' => "m",
            'н' => "n",
            'о' => "o",
            'п' => "p",
            'р' => "r",
            'с' => "s",
            'т' => "t",
            'у' => "u",
            'ф' => "f",
            'х' => "kh",
            'ц' => "ts",
            'ч' => "ch",
            'ш' => "sh",
            'щ' => "shch",
            'ю' => "yu",
            'я' => "ya",
            ' ' | '-' | '–' => "-",
            _ => "",
        });
    }
    latin.trim_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn anna() -> Person {
        Person { polite: "Анна Петровна".into(), female: true, ..Person::default() }
    }

    #[test]
    fn gaps_are_filled_and_genders_agree() {
        let text = fill("{who} [показал|показала] <склад|склад>: {client}.", &mut Rng::new(1, 1), &anna(), "Ёлка");
        assert_eq!(text, "Анна Петровна показала склад: Ёлка.");
        assert_eq!(latin("«Волжская мануфактура»"), "volzhskaya-manufaktura");
    }

    #[test]
    fn every_template_of_both_languages_leaves_no_gap_open() {
        for lang in [Lang::En, Lang::Ru] {
            let tongue = tongue(lang);
            let trades = [
                Trade::Sales,
                Trade::Logistics,
                Trade::Engineering,
                Trade::Service,
                Trade::Finance,
                Trade::Legal,
                Trade::Quality,
            ];
            let lists = [
                tongue.notes,
                tongue.places,
                tongue.in_person,
                tongue.our_call,
                tongue.their_call,
                tongue.video,
                tongue.our_letter,
                tongue.their_letter,
                tongue.message,
                tongue.fair,
                tongue.matters,
                tongue.planned,
                tongue.internal,
                tongue.internal_matters,
                tongue.steps,
                tongue.dropped,
                tongue.declines,
                tongue.returns,
                tongue.again,
                tongue.escalations,
                tongue.withdrawals,
                tongue.corrections,
                tongue.retractions,
                tongue.closings,
            ];
            let asks = trades.iter().flat_map(|trade| (tongue.asks)(*trade));
            assert!(asks.clone().all(|(_, results)| !results.is_empty()), "something comes of everything");
            let of_trades = asks.flat_map(|(ask, results)| std::iter::once(ask).chain(*results));
            let lists = lists.into_iter().chain(tongue.ends).chain(tongue.tiers).flatten();
            for template in lists.chain(of_trades) {
                let text = fill(template, &mut Rng::new(7, 7), &anna(), "Ёлка");
                assert!(!text.contains(['<', '>', '[', ']', '{', '}', '|']), "{template} → {text}");
                assert!(!text.contains("  ") && text.trim() == text, "{template} → {text}");
            }
        }
    }

    #[test]
    fn companies_are_called_differently() {
        for lang in [Lang::En, Lang::Ru] {
            let firms: Vec<Firm> = (0..5_000).map(tongue(lang).company).collect();
            let names: std::collections::HashSet<&str> = firms.iter().map(|firm| firm.name.as_str()).collect();
            assert_eq!(names.len(), 5_000);
            assert!(firms.iter().all(|firm| !firm.industry.is_empty() && !firm.city.is_empty()));
        }
    }
}
