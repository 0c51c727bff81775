//! The generated company: the same for the same seed, quiet when told again, refused in nothing,
//! with every kind of thing that happens, and said openly to be generated.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "support/desk.rs"]
mod support;

use std::collections::{BTreeMap, HashSet};

use server::demo::{self, Options, Summary};
use server::desk::{Order, Refusal, Sink};
use shared::domain::Event;
use shared::handoff::Event as Handoff;
use shared::ids::{ColleagueId, Stream};
use shared::interaction::Event as Interaction;
use shared::lang::Lang;
use shared::request::Receipt;
use shared::testkit::ADA;
use shared::views::alignment::{ANSWERS, Figure, Scope};
use shared::views::board::Stage;
use shared::views::touch::Calendar;
use shared::views::{Alignment, Board, View};
use shared::words::{Front, Occurred};
use support::House;

fn tell(house: &mut House, options: Options) -> Summary {
    demo::run(&options, house, &mut |_, _| {}).unwrap()
}

fn told(options: Options) -> House {
    let mut house = House::default();
    let summary = tell(&mut house, options);
    assert_eq!((summary.refused, summary.first_refusal), (0, None));
    house
}

fn count(house: &House, kind: &str) -> usize {
    house.types().iter().filter(|found| *found == kind).count()
}

#[test]
fn there_are_exactly_as_many_events_as_asked_for() {
    for lang in [Lang::En, Lang::Ru] {
        for events in [2, 150, 151, 152, 153, 500, 1_001, 5_000] {
            let house = told(Options::new(events, 7, lang));
            assert_eq!(house.records.len() as u64, events, "{lang:?}");
        }
    }
}

#[test]
fn the_same_seed_is_the_same_company_and_another_seed_another() {
    let wire = |seed| serde_json::to_string(&told(Options::new(2_000, seed, Lang::Ru)).records).unwrap();
    assert_eq!(wire(1), wire(1));
    assert_ne!(wire(1), wire(2));
}

#[test]
fn told_again_it_is_quiet_and_told_longer_it_goes_on() {
    let mut house = told(Options::new(1_000, 3, Lang::En));
    let again = tell(&mut house, Options::new(1_000, 3, Lang::En));
    assert_eq!((again.events, again.refused, house.records.len()), (0, 0, 1_000));
    let more = tell(&mut house, Options::new(4_000, 3, Lang::En));
    assert_eq!(more.refused, 0);
    let fewer = tell(&mut house, Options { is_finished: true, ..Options::new(500, 3, Lang::En) });
    assert_eq!(fewer.events, 0, "nobody takes any away, and nothing else is said of it");
    let longer = told(Options::new(4_000, 3, Lang::En));
    // Each telling adds that it is finished, and perhaps a note where a line of two events did not fit.
    let difference = house.records.len() - longer.records.len();
    assert!((1..=2).contains(&difference), "{difference}");
}

#[test]
fn it_says_that_it_is_generated_and_is_taken_back_as_a_whole() {
    let mut house = told(Options::new(3_000, 1, Lang::Ru));
    let first = serde_json::to_value(&house.records[0]).unwrap();
    assert_eq!(first["data"]["system"], "generated");
    assert_eq!(first["data"]["source"], "сгенерированная компания, зерно 1");
    let batch = Options::new(3_000, 1, Lang::Ru).batch();
    assert!(house.records.iter().all(|record| record.batch == Some(batch)));
    house.take_back(batch);
    let nothing = House::default().model;
    assert_eq!((house.model.accounts(), house.model.handoffs()), (nothing.accounts(), nothing.handoffs()));
    let summary = tell(&mut house, Options { generation: 1, ..Options::new(3_000, 1, Lang::Ru) });
    assert_eq!((summary.events, summary.refused), (3_000, 0));
}

#[test]
fn the_import_names_who_asked_for_it_and_whoever_asks_next_goes_on() {
    let company = shared::testkit::company();
    let own = company.len();
    let mut house = House::new(company);
    let ada = Options { by: ADA, ..Options::new(1_000, 1, Lang::En) };
    tell(&mut house, ada);
    let told = &house.records[own..];
    let named = told.iter().filter(|record| record.by == ADA);
    assert!(named.clone().all(|record| matches!(record.event, Event::Import(..))));
    assert_eq!((told.len(), named.count()), (1_000, 2), "its start and its end");
    let more = tell(&mut house, Options { by: ColleagueId::TWOFRONT, events: 2_000, ..ada });
    assert_eq!((more.batch, more.refused), (Some(ada.batch()), 0));
    assert!((1_000..=1_002).contains(&more.events), "{}", more.events);
}

#[test]
fn nothing_is_refused_however_long_it_goes_on() {
    for (seed, lang) in [(1, Lang::En), (2, Lang::Ru), (77, Lang::Ru)] {
        let house = told(Options::new(40_000, seed, lang));
        let accounts = count(&house, "account registered");
        assert!((150..600).contains(&accounts), "{accounts}");
        let people = count(&house, "colleague joined");
        assert!((40..110).contains(&people), "{people}");
    }
}

#[test]
fn behind_every_figure_of_its_alignment_are_exactly_the_events_that_it_counts() {
    let house = told(Options::new(40_000, 5, Lang::Ru));
    let mut alignment = Alignment::default();
    house.records.iter().for_each(|record| alignment.fold(record));
    let (mut cells, mut seen) = (0, HashSet::new());
    for (scope, cell) in alignment.cells() {
        for figure in Figure::ALL {
            let positions = alignment.behind(&[figure], scope);
            assert_eq!(positions.len(), cell.n(&[figure]), "{figure:?} {scope:?}");
            for position in positions {
                let record = &house.records[usize::try_from(position).unwrap() - 1];
                let Event::Handoff(_, event) = &record.event else { panic!("{record:?}") };
                let counts = match event {
                    Handoff::Offered(offer) => {
                        figure == Figure::Offered && scope.account.is_none_or(|id| id == offer.account)
                    }
                    Handoff::Accepted {} => matches!(figure, Figure::Accepted | Figure::Above),
                    Handoff::Declined { .. } => matches!(figure, Figure::Declined | Figure::Above),
                    Handoff::Returned { .. } => figure == Figure::Returned,
                    Handoff::Completed { .. } => matches!(figure, Figure::Kept | Figure::Late | Figure::Undated),
                    Handoff::Withdrawn { .. } => figure == Figure::Withdrawn,
                    Handoff::Escalated { .. } => false,
                };
                assert!(counts, "{figure:?} {scope:?} {record:?}");
                let is_by_account = scope.account.is_some();
                assert!(seen.insert((is_by_account, position)), "{position} counts twice");
            }
        }
        assert_eq!(alignment.behind(&ANSWERS, scope).len(), cell.time_to_answer().map_or(0, |(_, n)| n));
        cells += 1;
    }
    assert!(cells > 100, "{cells}");
    let without_unit = alignment.behind(&[Figure::WithoutUnit], Scope::default()).len();
    assert_eq!(alignment.of_company(30).without_unit, without_unit);
    let offers = count(&house, "handoff offered");
    assert_eq!(alignment.behind(&[Figure::Offered, Figure::WithoutUnit], Scope::default()).len(), offers);
}

#[test]
fn everything_that_happens_in_a_company_happens_in_this_one() {
    let house = told(Options::new(20_000, 5, Lang::En));
    let mut kinds = BTreeMap::new();
    for kind in house.types() {
        *kinds.entry(kind).or_insert(0_u32) += 1;
    }
    for kind in [
        "unit founded",
        "colleague joined",
        "colleague given_role",
        "colleague left",
        "account registered",
        "account described",
        "account designated",
        "account assigned",
        "account sponsored",
        "account closed",
        "contact introduced",
        "contact mapped",
        "contact moved",
        "contact left",
        "interaction logged",
        "interaction corrected",
        "interaction retracted",
        "interaction next_step_agreed",
        "interaction next_step_done",
        "interaction next_step_dropped",
        "handoff offered",
        "handoff accepted",
        "handoff declined",
        "handoff returned",
        "handoff completed",
        "handoff escalated",
        "handoff withdrawn",
        "import started",
        "import finished",
    ] {
        assert!(kinds.contains_key(kind), "{kind} is missing of {kinds:?}");
    }
    let done = kinds["interaction next_step_done"] + kinds["interaction next_step_dropped"];
    assert!(done < kinds["interaction next_step_agreed"], "some next steps are still open");
}

#[test]
fn both_fronts_are_told_and_what_led_to_what() {
    let house = told(Options::new(10_000, 5, Lang::Ru));
    let mut fronts = (0, 0);
    let (mut led_by_visit, mut led_by_handoff) = (0, 0);
    for record in &house.records {
        match &record.event {
            Event::Interaction(_, Interaction::Logged(details)) => {
                match details.front {
                    Front::Client => fronts.0 += 1,
                    Front::Internal => fronts.1 += 1,
                }
                led_by_handoff += u32::from(record.cause.is_some());
            }
            Event::Handoff(_, Handoff::Offered(_)) => led_by_visit += u32::from(record.cause.is_some()),
            Event::Handoff(..)
            | Event::Interaction(..)
            | Event::Unit(..)
            | Event::Colleague(..)
            | Event::Account(..)
            | Event::Contact(..)
            | Event::Import(..) => {}
        }
    }
    assert!(fronts.0 > 1_000 && fronts.1 > 500, "{fronts:?}");
    assert!(led_by_visit > 500 && led_by_handoff > 200, "{led_by_visit} {led_by_handoff}");
}

#[test]
fn every_cause_is_an_event_that_was_told_before() {
    let house = told(Options::new(10_000, 9, Lang::En));
    let mut seen: HashSet<(Stream, u64)> = HashSet::new();
    for record in &house.records {
        if let Some(cause) = record.cause {
            assert!(seen.contains(&(cause.stream, cause.revision)), "{record:?}");
        }
        seen.insert((record.stream(), record.revision));
    }
}

#[test]
fn nothing_waits_on_its_board_for_years() {
    for lang in [Lang::En, Lang::Ru] {
        let options = Options::new(20_000, 5, lang);
        let calendar = Calendar::utc(shared::words::day_start(options.until));
        let house = told(options);
        let mut board = Board::default();
        house.records.iter().for_each(|record| board.fold(record));
        // The chapter told last may end in the middle of anything.
        let last = house.records.iter().rev().find_map(|record| match record.event {
            Event::Handoff(id, _) => board.open.get(&id).or(board.ended.get(&id)).map(|card| card.account),
            Event::Unit(..)
            | Event::Colleague(..)
            | Event::Account(..)
            | Event::Contact(..)
            | Event::Interaction(..)
            | Event::Import(..) => None,
        });
        let waiting: Vec<_> = board.open.values().filter(|card| Some(card.account) != last).collect();
        assert!(waiting.iter().all(|card| card.days_open(&calendar) < 120), "{waiting:#?}");
        assert!(waiting.iter().any(|card| matches!(card.stage, Stage::Declined { .. })), "some are still to be seen");
    }
}

#[test]
fn its_ten_years_end_on_the_day_asked_for() {
    let until = jiff::civil::date(2030, 6, 28);
    let house = told(Options { until, ..Options::new(6_000, 4, Lang::En) });
    let happened = |record: &&shared::record::Record| {
        !matches!(&record.event, Event::Import(..) | Event::Interaction(_, Interaction::Logged(_)))
    };
    let days: Vec<_> = house.records.iter().filter(happened).map(|record| record.occurred.day()).collect();
    assert!(days.iter().all(|day| *day <= until), "{:?}", days.iter().max());
    assert!(days.iter().any(|day| day.year() == 2021) && days.iter().any(|day| day.year() == 2030));
    let planned = house.records.iter().filter(|record| {
        matches!(&record.event, Event::Interaction(_, Interaction::Logged(details)) if details.planned)
            && record.occurred.day() > until
    });
    assert!(planned.count() > 0, "some appointments are still to come");
    let at = house.records.iter().filter(|record| matches!(record.occurred, Occurred::At(_))).count();
    assert!(at > 3_000);
}

#[test]
fn texts_are_many_and_in_the_language_asked_for() {
    let texts = |lang| {
        let house = told(Options::new(10_000, 6, lang));
        let text = |record: &shared::record::Record| {
            if let Event::Interaction(_, Interaction::Logged(details)) = &record.event {
                return details.personal.known().map(|words| words.summary.to_string());
            }
            None
        };
        house.records.iter().filter_map(text).collect::<Vec<_>>()
    };
    let cyrillic = |text: &String| text.chars().filter(|c| ('а'..='я').contains(c)).count();
    let (russian, english) = (texts(Lang::Ru), texts(Lang::En));
    assert!(russian.iter().all(|text| cyrillic(text) > 10));
    assert!(english.iter().all(|text| cyrillic(text) == 0));
    for texts in [russian, english] {
        let different: HashSet<_> = texts.iter().collect();
        assert!(different.len() * 100 > texts.len() * 80, "{} of {}", different.len(), texts.len());
    }
}

/// Answers as if all of it were new, and keeps only how much came at once.
#[derive(Default)]
struct Counter {
    orders: u64,
    largest: usize,
}

impl Sink for Counter {
    fn submit(&mut self, orders: Vec<Order>) -> Vec<Result<Receipt, Refusal>> {
        self.orders += orders.len() as u64;
        self.largest = self.largest.max(orders.len());
        let receipt =
            |order: Order| Receipt { command: order.request.id, position: 0, events: vec![], duplicate: false };
        orders.into_iter().map(|order| Ok(receipt(order))).collect()
    }
}

#[test]
fn a_long_history_is_told_in_small_chunks_with_progress() {
    let mut counter = Counter::default();
    let (mut steps, mut last) = (0, 0);
    demo::run(&Options::new(200_000, 1, Lang::Ru), &mut counter, &mut |done, of| {
        assert!(done >= last && done <= of && of == 200_000);
        (steps, last) = (steps + 1, done);
    })
    .unwrap();
    assert!(counter.largest <= 512 && steps > 250, "{} at once, {steps} steps", counter.largest);
    assert_eq!(last, 200_000);
}
