//! What every implementation of the port must do, told once; each is run through it by `store_contract.rs`.

use std::collections::HashSet;
use std::sync::{Arc, Barrier};

use server::store::{
    Append, AppendError, Appended, Expect, MAX_COMMIT, Part, ReadError, State, Store, StreamId, Subscription, Version,
    record,
};
use uuid::Uuid;

/// A rule checks a store that is empty.
type Rule = fn(Arc<dyn Store>);

/// The rules, each under the name that a failure shows.
pub const RULES: &[(&str, Rule)] = &[
    ("an empty store has nothing", an_empty_store_has_nothing),
    ("positions and revisions count from one without gaps", positions_and_revisions_count_from_one),
    ("an expectation that does not hold writes nothing", an_expectation_that_does_not_hold_writes_nothing),
    ("a condition on a stream that is only read is kept", a_condition_on_a_stream_that_is_only_read_is_kept),
    ("the same command gets the first answer again", the_same_command_gets_the_first_answer_again),
    ("later appends of a group see earlier ones", later_appends_of_a_group_see_earlier_ones),
    ("what is malformed or too large is refused and leaves no trace", what_is_malformed_or_too_large_is_refused),
    ("large and many events read back byte for byte", large_and_many_events_read_back),
    ("streams can be read in pieces", streams_can_be_read_in_pieces),
    ("the whole log can be read from anywhere in whole commits", the_whole_log_can_be_read_from_anywhere),
    ("positions that do not exist are named", positions_that_do_not_exist_are_named),
    ("commits are chained by their hashes", commits_are_chained),
    ("of racing writers exactly one wins each revision", of_racing_writers_exactly_one_wins),
    ("a subscriber sees every commit once and in order", a_subscriber_sees_every_commit_once),
];

pub fn stream(number: u64) -> StreamId {
    let mut id = [7; 17];
    id[9..].copy_from_slice(&number.to_be_bytes());
    StreamId(id)
}

pub fn command(number: u64) -> Uuid {
    Uuid::from_u64_pair(0xc0, number)
}

pub fn part(number: u64, expect: Expect, events: &[&[u8]]) -> Part {
    Part { stream: stream(number), expect, events: events.iter().map(|event| event.to_vec()).collect() }
}

pub fn append(number: u64, parts: Vec<Part>) -> Append {
    Append { command: command(number), parts }
}

pub fn one(store: &dyn Store, append: Append) -> Result<Appended, AppendError> {
    let mut answers = store.append(vec![append]);
    assert_eq!(answers.len(), 1, "an answer for each append");
    answers.pop().expect("one answer")
}

fn an_empty_store_has_nothing(store: Arc<dyn Store>) {
    assert_eq!(store.head(), 0);
    assert_eq!(store.state(), State::Open);
    assert_eq!(store.version(stream(1)), Ok(None));
    assert_eq!(store.read_stream(stream(1), 1, 10), Ok(vec![]));
    assert_eq!(store.read_all(0, 10), Ok(vec![]));
    assert_eq!(store.read_at(&[]), Ok(vec![]));
    assert_eq!(store.receipt(command(1)), Ok(None));
    assert_eq!(store.append(vec![]), vec![]);
}

fn positions_and_revisions_count_from_one(store: Arc<dyn Store>) {
    let first = one(&*store, append(1, vec![part(1, Expect::None, &[b"a", b"b"]), part(2, Expect::Any, &[b"c"])]));
    let versions =
        vec![(stream(1), Version { revision: 2, position: 2 }), (stream(2), Version { revision: 1, position: 3 })];
    assert_eq!(first, Ok(Appended { command: command(1), first: 1, last: 3, versions, duplicate: false }));
    let second = one(&*store, append(2, vec![part(2, Expect::At(1), &[b"d"])])).expect("it holds");
    assert_eq!((second.first, second.last), (4, 4));
    assert_eq!(store.head(), 4);
    assert_eq!(*store.watch().borrow(), 4);
    assert_eq!(store.version(stream(2)), Ok(Some(Version { revision: 2, position: 4 })));
    let events = store.read_stream(stream(2), 1, 10).expect("readable");
    let seen: Vec<_> = events.iter().map(|event| (event.position, event.revision, event.payload.as_slice())).collect();
    assert_eq!(seen, [(3, 1, b"c".as_slice()), (4, 2, b"d")]);
    assert_eq!(events[0].command, command(1));
}

fn an_expectation_that_does_not_hold_writes_nothing(store: Arc<dyn Store>) {
    one(&*store, append(1, vec![part(1, Expect::Any, &[b"a"])])).expect("it holds");
    let at = Some(Version { revision: 1, position: 1 });
    let cases = [
        (1, Expect::None, at),
        (1, Expect::At(0), at),
        (1, Expect::At(2), at),
        (2, Expect::At(1), None),
        (2, Expect::At(0), None),
    ];
    for (number, expect, at) in cases {
        let refused = one(&*store, append(2, vec![part(3, Expect::Any, &[b"x"]), part(number, expect, &[b"y"])]));
        assert_eq!(refused, Err(AppendError::Conflict { stream: stream(number), at }), "{expect:?}");
    }
    assert_eq!(store.head(), 1);
    assert_eq!(store.version(stream(3)), Ok(None));
    // A refused command was not committed: it can be decided again under its id.
    one(&*store, append(2, vec![part(1, Expect::At(1), &[b"y"])])).expect("it holds now");
}

fn a_condition_on_a_stream_that_is_only_read_is_kept(store: Arc<dyn Store>) {
    one(&*store, append(1, vec![part(1, Expect::Any, &[b"a"])])).expect("it holds");
    let guarded =
        |number, revision| append(number, vec![part(2, Expect::Any, &[b"b"]), part(1, Expect::At(revision), &[])]);
    let appended = one(&*store, guarded(2, 1)).expect("it holds");
    assert_eq!(appended.versions, [(stream(2), Version { revision: 1, position: 2 })], "a condition is not a write");
    one(&*store, append(3, vec![part(1, Expect::Any, &[b"c"])])).expect("it holds");
    let conflict = AppendError::Conflict { stream: stream(1), at: Some(Version { revision: 2, position: 3 }) };
    assert_eq!(one(&*store, guarded(4, 1)), Err(conflict));
}

fn the_same_command_gets_the_first_answer_again(store: Arc<dyn Store>) {
    let parts = vec![part(1, Expect::None, &[b"a", b"b"]), part(2, Expect::None, &[b"c"])];
    let first = one(&*store, append(1, parts.clone())).expect("it holds");
    for number in 2..40 {
        one(&*store, append(number, vec![part(1, Expect::Any, &[b"later"])])).expect("it holds");
    }
    let again = Appended { duplicate: true, ..first.clone() };
    assert_eq!(one(&*store, append(1, parts)), Ok(again.clone()), "even though its expectations no longer hold");
    assert_eq!(store.receipt(command(1)), Ok(Some(again)));
    assert_eq!(store.head(), 41);
}

fn later_appends_of_a_group_see_earlier_ones(store: Arc<dyn Store>) {
    let answers = store.append(vec![
        append(1, vec![part(1, Expect::None, &[b"a"])]),
        append(2, vec![part(1, Expect::None, &[b"b"])]),
        append(3, vec![part(1, Expect::At(1), &[b"c"]), part(2, Expect::None, &[b"d"])]),
        append(1, vec![part(1, Expect::None, &[b"a"])]),
        append(4, vec![part(2, Expect::At(1), &[]), part(1, Expect::At(2), &[b"e"])]),
    ]);
    let brief: Vec<_> =
        answers.iter().map(|answer| answer.as_ref().map(|it| (it.first, it.last, it.duplicate))).collect();
    let conflict = AppendError::Conflict { stream: stream(1), at: Some(Version { revision: 1, position: 1 }) };
    assert_eq!(brief, [Ok((1, 1, false)), Err(&conflict), Ok((2, 3, false)), Ok((1, 1, true)), Ok((4, 4, false))]);
    assert_eq!(store.receipt(command(2)), Ok(None));
    assert_eq!(store.head(), 4);
}

fn what_is_malformed_or_too_large_is_refused(store: Arc<dyn Store>) {
    let twice = append(1, vec![part(1, Expect::Any, &[b"a"]), part(1, Expect::Any, &[b"b"])]);
    assert!(matches!(one(&*store, twice), Err(AppendError::Malformed { .. })));
    assert!(matches!(one(&*store, append(1, vec![])), Err(AppendError::Malformed { .. })));
    assert!(matches!(one(&*store, append(1, vec![part(1, Expect::Any, &[])])), Err(AppendError::Malformed { .. })));
    let most = MAX_COMMIT - record::FIXED - record::PER_EVENT;
    let large = |size: usize| append(1, vec![part(1, Expect::Any, &[&vec![1; size]])]);
    let refused = one(&*store, large(most + 1));
    assert_eq!(refused, Err(AppendError::TooLarge { bytes: MAX_COMMIT + 1, limit: MAX_COMMIT }));
    assert_eq!(store.head(), 0);
    one(&*store, large(most)).expect("the largest commit fits");
}

fn large_and_many_events_read_back(store: Arc<dyn Store>) {
    let sizes = [0, 1, 6_000, 7_090, 7_166, 7_167, 7_168, 7_169, 20_000, 300_000, 5, 900_000];
    let payload = |number: usize, size: usize| -> Vec<u8> {
        (0..size).map(|at| u8::try_from((at * 7 + number) % 251).expect("small")).collect()
    };
    let mut group = Vec::new();
    for (number, size) in sizes.into_iter().enumerate() {
        let id = u64::try_from(number).expect("small");
        group.push(append(id, vec![part(id % 3, Expect::Any, &[&payload(number, size)])]));
        group.push(append(100 + id, vec![part(50, Expect::Any, &[b"x", &payload(number, size / 2), b"y"])]));
    }
    assert!(store.append(group).iter().all(Result::is_ok));
    let all = store.read_all(0, 1_000).expect("readable");
    let read: Vec<_> =
        all.iter().filter(|commit| commit.events.len() == 1).map(|commit| commit.events[0].payload.clone()).collect();
    for (number, size) in sizes.into_iter().enumerate() {
        assert!(read[number] == payload(number, size), "{size} bytes");
    }
    let positions: Vec<u64> = (1..=store.head()).collect();
    let events = store.read_at(&positions).expect("readable");
    assert!(events.iter().eq(all.iter().flat_map(|commit| &commit.events)));
    let backwards: Vec<u64> = positions.into_iter().rev().collect();
    assert!(store.read_at(&backwards).expect("readable").iter().eq(events.iter().rev()));
}

fn streams_can_be_read_in_pieces(store: Arc<dyn Store>) {
    for number in 0..30 {
        one(&*store, append(number, vec![part(number % 3, Expect::Any, &[&number.to_le_bytes(), b"second"])]))
            .expect("it holds");
    }
    let whole = store.read_stream(stream(1), 1, usize::MAX).expect("readable");
    assert_eq!(whole.iter().map(|event| event.revision).collect::<Vec<_>>(), (1..=20).collect::<Vec<_>>());
    assert!(whole.iter().all(|event| event.stream == stream(1)));
    assert_eq!(store.read_stream(stream(1), 5, 3).expect("readable"), whole[4..7]);
    assert_eq!(store.read_stream(stream(1), 0, 2).expect("readable"), whole[..2]);
    assert_eq!(store.read_stream(stream(1), 20, 9).expect("readable"), whole[19..]);
    assert_eq!(store.read_stream(stream(1), 21, 9), Ok(vec![]));
    assert_eq!(store.read_stream(stream(1), 1, 0), Ok(vec![]));
}

fn the_whole_log_can_be_read_from_anywhere(store: Arc<dyn Store>) {
    let group = (0..20).map(|number| append(number, vec![part(number % 4, Expect::Any, &[b"a", b"b", b"c"])]));
    assert!(store.append(group.collect()).iter().all(Result::is_ok));
    for number in 20..30 {
        one(&*store, append(number, vec![part(1, Expect::Any, &[b"a", b"b", b"c"])])).expect("it holds");
    }
    let all = store.read_all(0, 100).expect("readable");
    assert_eq!(all.len(), 30);
    let positions: Vec<_> = all.iter().flat_map(|commit| &commit.events).map(|event| event.position).collect();
    assert_eq!(positions, (1..=90).collect::<Vec<_>>());
    for after in 0..=90 {
        let rest = store.read_all(after, 100).expect("readable");
        assert_eq!(rest, all[usize::try_from(after / 3).expect("small")..], "after {after}");
        assert_eq!(store.read_all(after, 1).expect("readable"), rest[..rest.len().min(1)]);
    }
    assert_eq!(store.read_all(91, 5), Ok(vec![]));
    assert_eq!(store.read_all(u64::MAX, 5), Ok(vec![]));
    assert_eq!(store.read_all(0, 0), Ok(vec![]));
}

fn positions_that_do_not_exist_are_named(store: Arc<dyn Store>) {
    one(&*store, append(1, vec![part(1, Expect::Any, &[b"a"])])).expect("it holds");
    assert_eq!(store.read_at(&[1, 2]), Err(ReadError::Unknown { position: 2, head: 1 }));
    assert_eq!(store.read_at(&[0]), Err(ReadError::Unknown { position: 0, head: 1 }));
}

fn commits_are_chained(store: Arc<dyn Store>) {
    for number in 0..5 {
        one(&*store, append(number, vec![part(number, Expect::Any, &[b"a"]), part(9, Expect::Any, &[b"b"])]))
            .expect("it holds");
    }
    let mut previous = [0; 32];
    for (commit, index) in store.read_all(0, 10).expect("readable").iter().zip(0..) {
        assert_eq!((commit.index, commit.previous), (index, previous));
        assert_eq!(record::hash(&record::body(commit)), commit.hash);
        previous = commit.hash;
    }
}

fn of_racing_writers_exactly_one_wins(store: Arc<dyn Store>) {
    const WRITERS: u64 = 4;
    const ROUNDS: u64 = 25;
    let barrier = Barrier::new(usize::try_from(WRITERS).expect("small"));
    let wins = std::thread::scope(|scope| {
        let writers = (0..WRITERS).map(|writer| {
            let (store, barrier) = (&store, &barrier);
            scope.spawn(move || {
                let mut wins = Vec::new();
                for round in 0..ROUNDS {
                    barrier.wait();
                    let expect = if round == 0 { Expect::None } else { Expect::At(round) };
                    match one(&**store, append(round * WRITERS + writer, vec![part(1, expect, &[b"mine"])])) {
                        Ok(appended) => wins.push(appended.first),
                        Err(AppendError::Conflict { .. }) => {}
                        Err(error) => panic!("{error}"),
                    }
                    barrier.wait();
                }
                wins
            })
        });
        let writers: Vec<_> = writers.collect();
        writers.into_iter().flat_map(|writer| writer.join().expect("no panic")).collect::<Vec<_>>()
    });
    let distinct: HashSet<_> = wins.iter().collect();
    assert_eq!((wins.len(), distinct.len()), (25, 25));
    assert_eq!(store.head(), ROUNDS);
}

fn a_subscriber_sees_every_commit_once(store: Arc<dyn Store>) {
    for number in 0..10 {
        one(&*store, append(number, vec![part(1, Expect::Any, &[b"before"])])).expect("it holds");
    }
    let writer = Arc::clone(&store);
    let writing = std::thread::spawn(move || {
        for number in 10..60 {
            one(&*writer, append(number, vec![part(1, Expect::Any, &[b"after", b"after"])])).expect("it holds");
        }
    });
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let seen = runtime.block_on(async {
        let mut subscription = Subscription::new(Arc::clone(&store), 3);
        let mut seen = Vec::new();
        while subscription.position() < 110 {
            seen.extend(subscription.next(7).await.expect("readable").into_iter().map(|commit| commit.index));
        }
        seen
    });
    writing.join().expect("no panic");
    assert_eq!(seen, (3..60).collect::<Vec<_>>());
}
