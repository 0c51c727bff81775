//! Which of our people a form offers to tick. Who is near the matter comes first. A company has thousands: where a list cannot
//! hold them all, the viewer's own unit follows, and everybody else is found by name.

use std::collections::BTreeSet;

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use shared::ids::ColleagueId;
use shared::views::Directory;

use super::Icon;
use crate::text::{Lang, use_lang};
use crate::when::count;

crate::texts! {
    find { en: "Find colleagues by their names", ru: "Найти сотрудников по именам" }
    find_it { en: "Find", ru: "Найти" }
    more(n: &str) { en: "{n} more: find them by their names, several with commas between", ru: "Ещё {n}: найдите по именам, несколько — через запятую" }
}

/// The most colleagues that stand there unasked, and the most that are found besides. Whoever was there stays when
/// others are looked for: who was ticked must not go from the list.
const MOST: usize = 100;

/// How many of those who are near come first.
const MOST_NEAR: usize = 5;

/// How many names are looked for at once.
const MOST_NAMES: usize = 20;

/// Whom a form offers to choose from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offered {
    /// Who was looked for, who is near, then the viewer's unit, then the others.
    pub colleagues: Vec<ColleagueId>,
    /// How many who are here are not on the list.
    pub more: usize,
    /// The names that were looked for.
    pub find: Option<String>,
}

/// Who chooses, and from where.
#[derive(Clone, Copy, Debug)]
pub struct Choice<'a> {
    pub me: ColleagueId,
    /// Who is most likely meant, the likeliest first; of more than a handful only the first.
    pub near: &'a [ColleagueId],
    /// Who is on the list whatever else: also once they have left.
    pub chosen: &'a [ColleagueId],
}

impl Offered {
    /// Those who are here and those who are chosen already, by name where they are few.
    #[must_use]
    pub fn of(directory: &Directory, choice: Choice<'_>, find: Option<&str>, lang: Lang) -> Self {
        let Choice { me, near, chosen } = choice;
        let find = find.map(str::trim).filter(|typed| !typed.is_empty());
        let unit_of = |id: &ColleagueId| directory.colleagues.get(id).and_then(|colleague| colleague.unit);
        let is_near = |id: &ColleagueId| unit_of(&me).is_some() && unit_of(id) == unit_of(&me);
        let mut usual: Vec<ColleagueId> = directory.here(lang).into_iter().map(|(id, _)| id).collect();
        let here: BTreeSet<ColleagueId> = usual.iter().copied().collect();
        let near: Vec<ColleagueId> =
            near.iter().filter(|one| **one != me && here.contains(one)).take(MOST_NEAR).copied().collect();
        let nearness = |id: &ColleagueId| near.iter().position(|one| one == id).unwrap_or(MOST_NEAR);
        let are_many = here.len() > MOST;
        if are_many {
            usual.sort_by_key(|id| !is_near(id));
            usual.truncate(MOST);
        }
        let names = find.into_iter().flat_map(|typed| typed.split(',')).filter(|name| !name.trim().is_empty());
        let names: Vec<&str> = names.take(MOST_NAMES).collect();
        let each = MOST / names.len().max(1);
        let found = |name: &&str| directory.find_colleagues(name).into_iter().filter(|id| here.contains(id)).take(each);
        let found: BTreeSet<ColleagueId> = names.iter().flat_map(found).collect();
        let listed: BTreeSet<ColleagueId> = usual.iter().chain(&found).chain(&near).chain(chosen).copied().collect();
        let more = here.difference(&listed).count();
        let mut colleagues: Vec<ColleagueId> = listed.into_iter().collect();
        colleagues.sort_by_cached_key(|id| {
            (!found.contains(id), nearness(id), are_many && !is_near(id), directory.colleague(*id, lang).to_lowercase())
        });
        Self { colleagues, more, find: find.map(str::to_owned) }
    }

    fn is_whole(&self) -> bool {
        self.more == 0 && self.find.is_none()
    }

    /// Whether somebody is on the list.
    #[must_use]
    pub fn has(&self, colleague: ColleagueId) -> bool {
        self.colleagues.contains(&colleague)
    }
}

/// The form that [`ColleagueFinder`] sends: forms do not stand inside one another, so it stands beside, unseen.
/// `action` is the page's path, `kept` what of its address is kept.
#[component]
pub fn ColleagueFinderForm(
    offered: Offered,
    #[prop(into)] action: String,
    kept: Vec<(&'static str, String)>,
) -> impl IntoView {
    (!offered.is_whole()).then(|| {
        view! {
            <form id="find-colleagues" method="get" action=action hidden>
                {kept
                    .into_iter()
                    .map(|(name, value)| view! { <input type="hidden" name=name value=value /> })
                    .collect_view()}
            </form>
        }
    })
}

/// Finds colleagues for a list that cannot hold them all, right where it stands in another form. `name` is the
/// parameter of the address.
#[component]
pub fn ColleagueFinder(offered: Offered, name: &'static str) -> impl IntoView {
    let lang = use_lang();
    (!offered.is_whole()).then(|| {
        let hint = (offered.more > 0).then(|| more(lang, &count(offered.more, lang)));
        view! {
            <div class="field">
                <label for="find-colleague">{find(lang)}</label>
                {hint.map(|hint| view! { <p class="hint">{hint}</p> })}
                <div class="row">
                    <input
                        type="search"
                        id="find-colleague"
                        form="find-colleagues"
                        name=name
                        class="short"
                        value=offered.find.unwrap_or_default()
                    />
                    <button class="button" type="submit" form="find-colleagues">
                        <Icon name="search" />
                        {find_it(lang)}
                    </button>
                </div>
            </div>
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::colleague::Event as Colleague;
    use shared::domain::Event;
    use shared::testkit::*;
    use shared::views::View;

    fn stranger(n: u128) -> ColleagueId {
        ColleagueId::from_uuid(uuid::Uuid::from_u128(0xC011_0000 + n))
    }

    /// So many who are in no unit, and whose names come before all others; the last one is in sales.
    fn directory(strangers: u128) -> Directory {
        let mut facts = company();
        for n in 0..strangers {
            let unit = (n + 1 == strangers).then_some(SALES);
            let personal = identity(&format!("Aaron {n:04}")).into();
            facts.push((ADA, Event::Colleague(stranger(n), Colleague::Joined { unit, personal })));
        }
        facts.push((ADA, Event::Colleague(stranger(0), Colleague::Left {})));
        let mut directory = Directory::default();
        for record in history(facts) {
            directory.fold(&record);
        }
        directory
    }

    fn of(directory: &Directory, me: ColleagueId, chosen: &[ColleagueId], find: Option<&str>) -> Offered {
        Offered::of(directory, Choice { me, near: &[], chosen }, find, Lang::En)
    }

    #[test]
    fn who_is_near_the_matter_comes_first() {
        let near = [NINA, KIRA, stranger(0), LEV];
        let choice = Choice { me: KIRA, near: &near, chosen: &[] };
        let offered = Offered::of(&directory(2), choice, None, Lang::En);
        assert_eq!(offered.colleagues, [NINA, LEV, stranger(1), ADA, KIRA, MAXIM], "but for me, and for who has left");
        let large = Offered::of(&directory(3_000), choice, None, Lang::En);
        assert_eq!(large.colleagues[..3], [NINA, LEV, stranger(2_999)]);
    }

    #[test]
    fn a_small_company_stands_there_whole_and_by_name() {
        let offered = of(&directory(2), KIRA, &[], None);
        assert_eq!(offered.colleagues, [stranger(1), ADA, KIRA, LEV, MAXIM, NINA]);
        assert!(offered.is_whole());
    }

    #[test]
    fn of_a_large_company_my_unit_comes_first_and_no_list_is_endless() {
        let directory = directory(3_000);
        let offered = of(&directory, KIRA, &[], None);
        assert_eq!(offered.colleagues[..3], [stranger(2_999), KIRA, stranger(1)]);
        assert_eq!((offered.colleagues.len(), offered.more), (MOST, 3_004 - MOST));
        let offered = of(&directory, ADA, &[], None);
        assert_eq!(offered.colleagues[..2], [stranger(1), stranger(2)], "who is in no unit has none that comes first");
    }

    #[test]
    fn who_is_chosen_stays_on_the_list_also_once_they_have_left() {
        let offered = of(&directory(3_000), KIRA, &[stranger(0), NINA], None);
        assert!(offered.has(stranger(0)) && offered.has(NINA));
        assert_eq!((offered.colleagues.len(), offered.more), (MOST + 2, 3_003 - MOST));
    }

    #[test]
    fn several_are_found_at_once_and_nobody_goes_from_the_list_for_it() {
        let directory = directory(3_000);
        let before = of(&directory, KIRA, &[], None);
        let found = of(&directory, KIRA, &[], Some(" nina,, 2500 "));
        assert_eq!(found.colleagues[..2], [stranger(2_500), NINA]);
        assert!(before.colleagues.iter().all(|one| found.has(*one)));
        let too_many = of(&directory, KIRA, &[], Some("aaron, nina"));
        assert!(too_many.has(NINA) && too_many.colleagues.len() <= 2 * MOST);
        assert!(!of(&directory, KIRA, &[], Some("0000")).has(stranger(0)), "who has left");
    }
}
