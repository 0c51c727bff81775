//! The one registry of what pages can ask: an address below `/api/views/` and the query behind it. The
//! browser, other programs and the pages on the server all get the same answers.

use serde_json::Value;

use crate::pages::{
    account, account_edit, alignment, colleague, company, contact, contact_edit, contact_new, contacts, events,
    handoff_new, handoffs, import, log, portfolio, settings, unit,
};
use crate::parts::history::filter_from;
use crate::parts::waiting;
use crate::read::{Query, Reader, Trouble};

/// Answers a query by its path and its parameters: `account/0190…`, `portfolio`.
pub fn answer(path: &str, get: &dyn Fn(&str) -> Option<String>, reader: &dyn Reader) -> Result<Value, Trouble> {
    let (name, id) = path.split_once('/').unwrap_or((path, ""));
    match name {
        "account" => read(&account::Ask { account: id.parse().ok(), filter: filter_from(get) }, reader),
        "account-edit" => read(&account_edit::Ask { account: id.parse().ok() }, reader),
        "alignment" => read(&alignment::Ask, reader),
        "colleague" => read(&colleague::Ask { colleague: id.parse().ok(), filter: filter_from(get) }, reader),
        "company" => read(&company::Ask::from_query(get), reader),
        "contact" => read(&contact::Ask { contact: id.parse().ok(), filter: filter_from(get) }, reader),
        "contact-edit" => read(&contact_edit::Ask { contact: id.parse().ok(), find: get("find") }, reader),
        "contact-new" => read(&contact_new::Ask::from_query(get), reader),
        "contacts" => read(&contacts::Ask {}, reader),
        "events" => read(&events::Ask::from_query(get), reader),
        "handoff-new" => read(&handoff_new::Ask::from_query(get), reader),
        "handoffs" => read(&handoffs::Ask::from_query(get), reader),
        "import" => read(&import::Ask {}, reader),
        "log" => read(&log::Ask::from_query(get), reader),
        "portfolio" => read(&portfolio::Ask::from_query(get), reader),
        "settings" => read(&settings::Ask::from_query(get), reader),
        "unit" => read(&unit::Ask { unit: id.parse().ok(), filter: filter_from(get) }, reader),
        "waiting" => read(&waiting::Ask, reader),
        _ => Err(Trouble::NotFound),
    }
}

fn read<Q: Query>(query: &Q, reader: &dyn Reader) -> Result<Value, Trouble> {
    let page = query.answer(reader)?;
    serde_json::to_value(page).map_err(|error| Trouble::Unreadable(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use shared::domain::Event;
    use shared::handoff::{Event as Handoff, Offer, Party, Words};
    use shared::ids::{ColleagueId, HandoffId, Slice, Stream};
    use shared::interaction::{Details, Event as Interaction};
    use shared::record::Record;
    use shared::testkit::*;
    use shared::views::alignment::{Course, Figure, Scope};
    use shared::views::timeline::{Filter, Reach};
    use shared::views::{Company, Index, Timeline, View};
    use shared::words::{Front, Role};

    use crate::live::Follow as _;
    use crate::read::{Importing, Login, Token, Viewer, Zones};
    use crate::text::Lang;
    use crate::when::Zone;

    /// The company of the fixtures, with a visit and a handoff because of it, as its administrator reads it.
    struct Fixture {
        records: Vec<Record>,
        company: Company,
        index: Index,
        role: Role,
        /// How many records were read.
        read: AtomicUsize,
    }

    impl Fixture {
        fn new() -> Self {
            Self::and([])
        }

        /// With what happened since.
        fn and(since: impl IntoIterator<Item = (ColleagueId, Event)>) -> Self {
            let details =
                Details { contacts: vec![ANNA], ..Details::new(Front::Client, Some(NORTHWIND), summary("Visit")) };
            let personal = Words { what: promise("Check the papers") }.into();
            let offer = Offer { account: NORTHWIND, to: Party::Unit(LOGISTICS), due: None, personal };
            let mut facts = company();
            facts.push((KIRA, Event::Interaction(VISIT, Interaction::Logged(details))));
            facts.push((KIRA, Event::Handoff(HANDOFF, Handoff::Offered(offer))));
            facts.extend(since);
            let records = history(facts);
            let (mut company, mut index) = (Company::default(), Index::default());
            for record in &records {
                company.fold(record);
                index.fold(record);
            }
            Self { records, company, index, role: Role::Administrator, read: AtomicUsize::new(0) }
        }
    }

    impl Reader for Fixture {
        fn viewer(&self) -> Viewer {
            Viewer {
                me: ADA,
                name: "Ada Lindqvist".to_owned(),
                role: Some(self.role),
                now: NOON,
                zone: Zone::utc(),
                seed: uuid::Uuid::nil(),
                generated: None,
            }
        }

        fn company(&self, look: &mut dyn FnMut(&Company)) {
            look(&self.company);
        }

        fn concerning(&self, stream: Stream) -> Result<Vec<Record>, Trouble> {
            self.at(self.index.concerning(stream, 0))
        }

        fn excerpt(&self, of: Stream, filter: &Filter, most: usize) -> Result<(Vec<Record>, Reach), Trouble> {
            let excerpt = self.index.excerpt(of, filter, most, self.company.board.open.keys().copied());
            let mut records = self.at(&excerpt.positions)?;
            records.extend(self.at(&self.index.rest(&excerpt, &records))?);
            records.sort_by_key(|record| record.position);
            Ok((records, excerpt.reach))
        }

        fn of_streams(&self, streams: &[Stream]) -> Result<Vec<Record>, Trouble> {
            Ok(self.records.iter().filter(|record| streams.contains(&record.stream())).cloned().collect())
        }

        fn raw(&self, stream: Stream) -> Result<Vec<Record>, Trouble> {
            self.of_stream(stream)
        }

        fn before(&self, position: Option<u64>, most: usize) -> Result<Vec<Record>, Trouble> {
            let before =
                self.records.iter().rev().filter(|record| position.is_none_or(|before| record.position < before));
            Ok(before.take(most).cloned().collect())
        }

        fn at(&self, positions: &[u64]) -> Result<Vec<Record>, Trouble> {
            self.read.fetch_add(positions.len(), Ordering::Relaxed);
            Ok(self.records.iter().filter(|record| positions.contains(&record.position)).cloned().collect())
        }

        fn tokens(&self) -> Vec<Token> {
            vec![]
        }

        fn fresh_token(&self, _: &str) -> Option<String> {
            None
        }

        fn logins(&self) -> Vec<Login> {
            vec![]
        }

        fn fresh_invitation(&self, _: ColleagueId) -> Option<String> {
            None
        }

        fn zones(&self) -> Zones {
            Zones { chosen: None, names: vec!["Europe/Minsk".to_owned()] }
        }

        fn importing(&self) -> Importing {
            Importing::default()
        }
    }

    /// What the browser would get at the query's address is what the server shows.
    fn check<Q: Query>(query: &Q) {
        let fixture = Fixture::new();
        let address = query.address();
        let (path, given) = address.split_once('?').unwrap_or((&address, ""));
        let pairs: Vec<(&str, &str)> = given.split('&').filter_map(|pair| pair.split_once('=')).collect();
        let get = |name: &str| pairs.iter().find(|(one, _)| *one == name).map(|(_, value)| (*value).to_owned());
        let answered = answer(path, &get, &fixture).unwrap_or_else(|trouble| panic!("{address}: {trouble}"));
        let shown = query.answer(&fixture).map(|page| serde_json::to_value(page).unwrap()).unwrap();
        assert_eq!(answered, shown, "{address}");
        // And the browser reads it.
        let page: Q::Page = shared::json::from_value(answered).unwrap();
        assert_eq!(serde_json::to_value(page).unwrap(), shown, "{address}");
    }

    #[test]
    fn every_page_gets_in_the_browser_what_it_got_on_the_server() {
        let filter = || Filter { front: Some(Front::Internal), ..Filter::default() };
        check(&account::Ask { account: Some(NORTHWIND), filter: filter() });
        check(&account_edit::Ask { account: Some(NORTHWIND) });
        check(&alignment::Ask);
        check(&colleague::Ask { colleague: Some(KIRA), filter: filter() });
        check(&company::Ask::default());
        check(&contact::Ask { contact: Some(ANNA), filter: Filter::default() });
        check(&contact_edit::Ask { contact: Some(ANNA), find: Some("cont".to_owned()) });
        check(&contact_new::Ask { account: Some(NORTHWIND), find: None });
        check(&contacts::Ask {});
        check(&events::Ask::default());
        check(&behind(&[Figure::Offered], Scope::of_account(NORTHWIND, LOGISTICS)));
        check(&handoff_new::Ask { because: Some(Stream::from(VISIT).first()), ..handoff_new::Ask::default() });
        check(&handoff_new::Ask { find: Some("cont".to_owned()), ..handoff_new::Ask::default() });
        check(&handoffs::Ask::default());
        check(&import::Ask {});
        check(&log::Ask { find: Some("cont".to_owned()), ..log::Ask::default() });
        check(&log::Ask { account: Some(NORTHWIND), ..log::Ask::default() });
        check(&log::Ask { ours: Some("kira,lev".to_owned()), ..log::Ask::default() });
        check(&portfolio::Ask { find: Some("north".to_owned()), ..portfolio::Ask::default() });
        check(&settings::Ask::default());
        check(&unit::Ask { unit: Some(LOGISTICS), filter: Filter::default() });
        check(&waiting::Ask);
    }

    #[test]
    fn a_form_offers_the_accounts_that_are_looked_for_and_brings_no_others() {
        let ask = handoff_new::Ask { find: Some("cont".to_owned()), ..handoff_new::Ask::default() };
        let page = ask.answer(&Fixture::new()).unwrap();
        assert!(page.offered.has(CONTOSO) && !page.offered.has(NORTHWIND));
        assert!(page.directory.accounts.is_empty(), "a company has thousands");
        let ask = handoff_new::Ask { account: Some(NORTHWIND), ..ask };
        let page = ask.answer(&Fixture::new()).unwrap();
        assert_eq!(page.account, Some(NORTHWIND));
        assert_eq!(page.directory.accounts.keys().collect::<Vec<_>>(), [&NORTHWIND]);
    }

    #[test]
    fn a_form_of_a_large_company_brings_the_colleagues_whom_it_offers_and_no_others() {
        let joined = |n: u128| {
            let id = ColleagueId::from_uuid(uuid::Uuid::from_u128(0xC011_0000 + n));
            let personal = identity(&format!("Aaron {n:04}")).into();
            (ADA, Event::Colleague(id, shared::colleague::Event::Joined { unit: None, personal }))
        };
        let there = Details { colleagues: vec![NINA], ..Details::new(Front::Client, None, summary("Call")) };
        let call = (KIRA, Event::Interaction(CALL, Interaction::Logged(there)));
        let fixture = Fixture::and((0..2_000).map(joined).chain([call]));
        let ask = log::Ask { ours: Some("lev".to_owned()), ..log::Ask::default() };
        let page = ask.answer(&fixture).unwrap();
        assert!(page.ours.has(LEV) && page.ours.more > 1_800);
        assert!(!page.ours.has(MAXIM));
        let held: Vec<ColleagueId> = page.directory.colleagues.keys().copied().collect();
        assert!(held.len() <= 200 && held.iter().all(|id| page.ours.has(*id)));
        let correct = log::Ask { correct: Some(CALL), ..log::Ask::default() };
        assert!(correct.answer(&fixture).unwrap().ours.has(NINA), "who was there");
    }

    #[test]
    fn who_stands_at_no_account_is_listed_until_somebody_says_where_they_work() {
        let introduced = |id, account| {
            let personal = person("Vera Novak").into();
            (KIRA, Event::Contact(id, shared::contact::Event::Introduced { account, personal }))
        };
        let [vera, inga] = [0xB3, 0xB4].map(|id| shared::ids::ContactId::from_uuid(uuid::Uuid::from_u128(id)));
        let fixture = Fixture::and([introduced(vera, None), introduced(inga, Some(NORTHWIND))]);
        let mut page = contacts::Ask {}.answer(&fixture).unwrap();
        let shown = |page: &contacts::ContactsPage| -> Vec<_> {
            contacts::without_account(&page.directory).map(|(id, _)| id).collect()
        };
        assert_eq!((shown(&page), page.more), (vec![vera], 0));
        let moved = Event::Contact(vera, shared::contact::Event::Moved { account: NORTHWIND });
        page.fold(&Record { position: page.position() + 1, revision: 2, ..record(1, KIRA, moved) });
        assert!(shown(&page).is_empty() && !page.is_stale());
        let (_, another) = introduced(shared::ids::ContactId::from_uuid(uuid::Uuid::from_u128(0xB5)), None);
        page.fold(&Record { position: page.position() + 1, ..record(1, KIRA, another) });
        assert!(page.is_stale(), "a page knows only those that it was given");
    }

    #[test]
    fn the_form_of_an_entry_offers_first_who_was_in_touch_with_the_account_last() {
        let with_nina =
            Details { colleagues: vec![NINA], ..Details::new(Front::Client, Some(NORTHWIND), summary("Call")) };
        let assigned = Event::Account(NORTHWIND, shared::account::Event::Assigned { kam: MAXIM });
        let fixture = Fixture::and([(ADA, assigned), (LEV, Event::Interaction(CALL, Interaction::Logged(with_nina)))]);
        let first = |account| log::Ask { account, ..log::Ask::default() }.answer(&fixture).unwrap().ours.colleagues[0];
        assert_eq!(first(Some(NORTHWIND)), MAXIM, "its manager");
        assert_eq!(first(None), ADA);
        let ask = log::Ask { account: Some(NORTHWIND), ..log::Ask::default() };
        assert_eq!(ask.answer(&fixture).unwrap().ours.colleagues[1..4], [LEV, NINA, KIRA], "then who was there");
    }

    #[test]
    fn an_analyst_gets_no_forms() {
        let fixture = Fixture { role: Role::Analyst, ..Fixture::new() };
        for path in
            [format!("contact-edit/{ANNA}"), "contact-new".to_owned(), "handoff-new".to_owned(), "log".to_owned()]
        {
            assert_eq!(answer(&path, &|_| None, &fixture), Err(Trouble::NotAllowed), "{path}");
        }
        assert!(answer("handoffs", &|_| None, &fixture).is_ok(), "looking is allowed");
    }

    #[test]
    fn what_is_not_there_is_not_found() {
        let fixture = Fixture::new();
        for path in ["nothing", "contact/", "unit/00000000-0000-0000-0000-000000000000", "account/abc"] {
            assert_eq!(answer(path, &|_| None, &fixture), Err(Trouble::NotFound), "{path}");
        }
    }

    #[test]
    fn what_follows_from_a_handoff_that_has_ended_is_about_its_account() {
        let result = shared::handoff::Outcome { result: reason("Cleared") }.into();
        let fixture = Fixture::and([
            (LEV, Event::Handoff(HANDOFF, Handoff::Accepted {})),
            (LEV, Event::Handoff(HANDOFF, Handoff::Completed { personal: result })),
        ]);
        for cause in [Stream::from(HANDOFF).first(), Stream::from(NORTHWIND).first(), Stream::from(ANNA).first()] {
            let get = |name: &str| (name == "because").then(|| cause.to_string());
            for form in ["log", "handoff-new"] {
                let page = answer(form, &get, &fixture).unwrap();
                assert_eq!(page["account"], NORTHWIND.to_string(), "{form} because of {cause}");
            }
        }
    }

    #[test]
    fn a_page_asks_again_where_its_timeline_names_somebody_it_does_not_know() {
        let ask = account::Ask { account: Some(NORTHWIND), filter: Filter::default() };
        let after = |details| {
            let mut page = ask.answer(&Fixture::new()).unwrap();
            let logged = Event::Interaction(CALL, Interaction::Logged(details));
            page.fold(&Record { position: page.position() + 1, ..record(1, KIRA, logged) });
            page.is_stale()
        };
        let call = |account| Details::new(Front::Client, Some(account), summary("Call"));
        assert!(!after(Details { contacts: vec![ANNA], ..call(NORTHWIND) }));
        let vera = shared::ids::ContactId::from_uuid(uuid::Uuid::from_u128(0xB3));
        assert!(after(Details { contacts: vec![vera], ..call(NORTHWIND) }), "somebody else's contact");
        assert!(!after(Details { contacts: vec![vera], ..call(CONTOSO) }), "it is on another timeline");
    }

    #[test]
    fn the_raw_log_asks_again_where_an_event_is_about_somebody_it_does_not_know() {
        let mut page = events::Ask { at: vec![1], ..events::Ask::default() }.answer(&Fixture::new()).unwrap();
        page.ask = events::Ask::default();
        let logged = Interaction::Logged(Details::new(Front::Client, Some(CONTOSO), summary("Call")));
        let record = record(page.position() + 1, KIRA, Event::Interaction(CALL, logged));
        page.fold(&record);
        assert!(page.is_stale());
    }

    #[test]
    fn a_page_reads_no_more_of_a_long_history_than_it_shows() {
        let completed = (0..1_000).map(|number| {
            let id = HandoffId::from_uuid(uuid::Uuid::from_u128(0xF000 + number));
            let result = shared::handoff::Outcome { result: reason("Cleared") }.into();
            (LEV, Event::Handoff(id, Handoff::Completed { personal: result }))
        });
        let fixture = Fixture::and(accepted(1_000).chain(completed));
        let unit = |filter| unit::Ask { unit: Some(LOGISTICS), filter }.answer(&fixture).unwrap().history.timeline;
        let colleague = |filter| {
            let page = colleague::Ask { colleague: Some(LEV), filter }.answer(&fixture).unwrap();
            page.history.timeline
        };
        let pages: [&dyn Fn(Filter) -> Timeline; 2] = [&unit, &colleague];
        for (page, of) in pages.into_iter().zip([Stream::from(LOGISTICS), LEV.into()]) {
            let newest = page(Filter::default());
            let ended_there = Filter { before: newest.cursor(), ..Filter::default() };
            for filter in [Filter::default(), ended_there] {
                fixture.read.store(0, Ordering::Relaxed);
                let part = page(filter.clone());
                let read = fixture.read.swap(0, Ordering::Relaxed);
                let mut whole = Timeline::new(of);
                fixture.concerning(of).unwrap().iter().for_each(|record| whole.fold(record));
                assert_eq!(part.entries, whole.window(filter, 60).entries, "{of}");
                assert!(part.earlier > 0 && read < 1_000, "{of}: {read}");
            }
        }
        // Who looks for what is rare is given it, however far back it is.
        let rare = Filter { slice: Some(Slice::Colleague), ..Filter::default() };
        assert!(!unit(rare).entries.is_empty());
    }

    fn behind(figures: &[Figure], scope: Scope) -> events::Ask {
        let behind = events::Behind { figures: figures.to_vec(), scope };
        events::Ask { behind: Some(behind), ..events::Ask::default() }
    }

    /// So many handoffs of Northwind to logistics, each accepted.
    fn accepted(handoffs: u128) -> impl Iterator<Item = (ColleagueId, Event)> {
        (0..handoffs).flat_map(|number| {
            let id = HandoffId::from_uuid(uuid::Uuid::from_u128(0xF000 + number));
            let personal = Words { what: promise("Check") }.into();
            let offer = Offer { account: NORTHWIND, to: Party::Unit(LOGISTICS), due: None, personal };
            [(KIRA, Event::Handoff(id, Handoff::Offered(offer))), (LEV, Event::Handoff(id, Handoff::Accepted {}))]
        })
    }

    #[test]
    fn a_figure_opens_exactly_its_events_page_by_page() {
        let fixture = Fixture::and(accepted(150));
        let cell = fixture.company.alignment.by_account[&NORTHWIND][&LOGISTICS].clone();
        let mut ask = behind(&[Figure::Accepted], Scope::of_account(NORTHWIND, LOGISTICS));
        let mut found = Vec::new();
        loop {
            let page = ask.answer(&fixture).unwrap();
            assert_eq!(page.n, cell.n(&[Figure::Accepted]));
            assert_eq!(page.directory.account(NORTHWIND, Lang::En), "Northwind");
            found.extend(page.records.iter().map(|record| (record.position, record.event.clone())));
            assert!(found.len() <= 150);
            ask.before = page.earlier;
            if ask.before.is_none() {
                break;
            }
        }
        assert_eq!(found.len(), 150);
        assert!(found.is_sorted_by(|(one, _), (next, _)| one > next), "newest first, each once");
        assert!(found.iter().all(|(_, event)| matches!(event, Event::Handoff(_, Handoff::Accepted {}))));
        // A filter narrows it further.
        let of_kira = events::Ask { by: Some(KIRA), before: None, ..ask };
        let page = of_kira.answer(&fixture).unwrap();
        assert_eq!((page.records.len(), page.earlier, page.n), (0, None, 150));
    }

    #[test]
    fn rubbish_in_the_place_of_a_figure_opens_nothing_rather_than_everything() {
        for query in ["figure=everything", "figure=offered&account=northwind", "figure=offered&month=never"] {
            let get = |name: &str| {
                query
                    .split('&')
                    .filter_map(|pair| pair.split_once('='))
                    .find(|(key, _)| *key == name)
                    .map(|it| it.1.into())
            };
            let page = answer("events", &get, &Fixture::new()).unwrap();
            assert_eq!((&page["records"], &page["earlier"]), (&serde_json::json!([]), &Value::Null), "{query}");
        }
    }

    #[test]
    fn what_may_count_for_a_figure_is_asked_for() {
        let ask = behind(&[Figure::Accepted], Scope::of_account(NORTHWIND, LOGISTICS));
        let after = |event| {
            let mut page = ask.answer(&Fixture::new()).unwrap();
            page.fold(&record(page.position() + 1, LEV, event));
            assert!(page.records.is_empty(), "it cannot tell by itself");
            page.is_stale()
        };
        assert!(after(Event::Handoff(HANDOFF, Handoff::Accepted {})));
        assert!(!after(Event::Account(CONTOSO, shared::account::Event::Registered { name: account_name("Contoso") })));
    }

    #[test]
    fn a_page_that_was_followed_shows_what_it_would_when_asked_anew() {
        let before = Fixture::new();
        let since: Vec<_> =
            [(LEV, Event::Handoff(HANDOFF, Handoff::Accepted {}))].into_iter().chain(accepted(3)).collect();
        let after = Fixture::and(since);
        let new = &after.records[before.records.len()..];
        let follow = |course: &mut Course| new.iter().for_each(|record| course.fold(record));

        let (mut page, anew) = (alignment::Ask.answer(&before).unwrap(), alignment::Ask.answer(&after).unwrap());
        new.iter().for_each(|record| page.fold(record));
        assert_eq!(page, anew);
        let ask = account::Ask { account: Some(NORTHWIND), filter: Filter::default() };
        let mut course = ask.answer(&before).unwrap().course;
        follow(&mut course);
        assert_eq!(course, ask.answer(&after).unwrap().course);
        let ask = unit::Ask { unit: Some(LOGISTICS), filter: Filter::default() };
        let mut course = ask.answer(&before).unwrap().course;
        follow(&mut course);
        assert_eq!(course, ask.answer(&after).unwrap().course);
    }

    #[test]
    fn the_navigation_counts_what_waits_for_the_one_who_looks() {
        let offered = |number, to| {
            let personal = Words { what: promise("Check") }.into();
            let offer = Offer { account: NORTHWIND, to, due: None, personal };
            (KIRA, Event::Handoff(HandoffId::from_uuid(uuid::Uuid::from_u128(number)), Handoff::Offered(offer)))
        };
        let before = waiting::Ask.answer(&Fixture::new()).unwrap();
        let mine = offered(0xF001, Party::Colleague(ADA));
        let after = Fixture::and([mine.clone(), offered(0xF002, Party::Colleague(LEV))]);
        assert_eq!(waiting::Ask.answer(&after).unwrap().handoffs, before.handoffs + 1);

        let stale_after = |event| {
            let mut waiting = before;
            waiting.fold(&record(waiting.position() + 1, KIRA, event));
            waiting.is_stale()
        };
        assert!(stale_after(mine.1));
        let call = Details::new(Front::Client, Some(NORTHWIND), summary("Call"));
        assert!(!stale_after(Event::Interaction(CALL, Interaction::Logged(call))));
    }

    #[test]
    fn a_page_of_the_alignment_is_as_large_after_many_handoffs_as_after_few() {
        let size = |handoffs| {
            let page = alignment::Ask.answer(&Fixture::and(accepted(handoffs))).unwrap();
            serde_json::to_string(&page).unwrap().len()
        };
        let (few, many) = (size(100), size(2_000));
        assert!(many < few + few / 100, "{few} {many}");
    }

    #[test]
    fn what_is_handed_over_because_of_a_visit_is_about_its_account() {
        let because = Stream::from(VISIT).first().to_string();
        let get = |name: &str| (name == "because").then(|| because.clone());
        let page = answer("handoff-new", &get, &Fixture::new()).unwrap();
        assert_eq!(page["account"], NORTHWIND.to_string());
    }
}
