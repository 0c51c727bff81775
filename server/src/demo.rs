//! A generated company: believable people on both fronts of believable accounts, for demonstrations,
//! tests and measurements. It never pretends to be real: all of it is one import of the system
//! `generated`, named so, and taken back like any other.
//!
//! What is said is a function of the seed alone, told chapter by chapter: a longer history begins
//! with the shorter one, so a second run goes on where the first one ended.

use jiff::civil::Date;
use serde::{Serialize, Serializer};
use shared::domain::Command;
use shared::ids::{ColleagueId, CommandId, EventRef, ImportId, InteractionId, Slice};
use shared::import::Command as Import;
use shared::interaction::Details;
use shared::lang::Lang;
use shared::request::Request;
use shared::words::{Front, Label, Occurred, Summary as Words, System};
use uuid::Uuid;

use crate::desk::{Order, Refusal, Sink};

mod chapter;
mod company;
mod en;
mod rng;
mod ru;
mod words;

use chapter::Line;
use company::Company;

/// The day on which the ten years end, unless somebody asks for another one.
pub const UNTIL: Date = jiff::civil::date(2026, 11, 20);

/// Accounts are no more than this, however long the history.
const MOST_ACCOUNTS: u64 = 5_000;

/// So many accounts come first; the others follow one by one, between new chapters of those who are there.
const FIRST_ACCOUNTS: u64 = 12;

/// So many orders go to the desk at once.
const CHUNK: usize = 512;

/// The space of names that all identities of generated companies are made in.
const NAMESPACE: Uuid = Uuid::from_u128(0x8a35_02c7_64de_5b11_a1c8_3f7e_92d4_50bb);

/// Which company, and how much of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// How many events there are in the end, the first and the last of the import included.
    pub events: u64,
    pub seed: u64,
    pub lang: Lang,
    /// The last day of its ten years.
    pub until: Date,
    /// How many generated companies were taken back: what comes again needs another identity.
    pub generation: u32,
    /// Whether it was finished before: who asks for no more than there is then adds nothing.
    pub is_finished: bool,
    /// Who asked for it. Whoever asks again goes on with the same company.
    pub by: ColleagueId,
}

/// What became of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Summary {
    pub batch: Option<ImportId>,
    pub source: String,
    /// New events.
    pub events: u64,
    /// New accounts.
    pub accounts: u64,
    /// New colleagues.
    pub colleagues: u64,
    /// Orders that the desk refused; none, unless somebody has worked on the company since.
    pub refused: u64,
    /// Why the first of them was.
    #[serde(serialize_with = "in_words")]
    pub first_refusal: Option<Refusal>,
}

/// Why it stopped. What was recorded by then stays; run again, it goes on.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Error {
    #[error("{}", self.say(Lang::En))]
    Stopped(Refusal),
}

impl Error {
    pub fn say(&self, lang: Lang) -> String {
        let Self::Stopped(why) = self;
        let why = why.say(lang);
        match lang {
            Lang::En => {
                format!("the generated company stopped: {why} What was recorded stays; run it again and it goes on")
            }
            Lang::Ru => {
                format!("Создание компании остановлено: {why} Записанное сохранено; повторите, и оно продолжится.")
            }
        }
    }
}

impl Summary {
    /// Counts events that were recorded just now, and what they are the first of.
    fn add(&mut self, events: &[EventRef]) {
        let begun =
            |slice| events.iter().filter(|event| event.revision == 1 && event.stream.slice == slice).count() as u64;
        self.events += events.len() as u64;
        self.accounts += begun(Slice::Account);
        self.colleagues += begun(Slice::Colleague);
    }
}

impl Options {
    pub const fn new(events: u64, seed: u64, lang: Lang) -> Self {
        Self { events, seed, lang, until: UNTIL, generation: 0, is_finished: false, by: ColleagueId::TWOFRONT }
    }

    /// The import that this company is.
    pub fn batch(&self) -> ImportId {
        ImportId::from_uuid(Uuid::new_v5(&self.space(), b"import"))
    }

    fn space(&self) -> Uuid {
        let Self { seed, lang, until, generation, .. } = self;
        Uuid::new_v5(&NAMESPACE, format!("{}/{seed}/{until}/{generation}", lang.code()).as_bytes())
    }

    /// What stands in the log; `app::source` says what readers see in its place.
    pub fn source(&self) -> String {
        let seed = self.seed;
        match self.lang {
            Lang::En => format!("generated company, seed {seed}"),
            Lang::Ru => format!("сгенерированная компания, зерно {seed}"),
        }
    }
}

/// The system that generated facts come from.
pub fn system() -> System {
    #[expect(clippy::expect_used, reason = "a constant of this program, and tested")]
    System::parse("generated").expect("a system's name")
}

/// Tells the story of a company to `sink`; `progress` hears how many events there are, of how many.
///
/// # Errors
/// Where the desk takes nothing.
pub fn run(options: &Options, sink: &mut dyn Sink, progress: &mut dyn FnMut(u64, u64)) -> Result<Summary, Error> {
    let space = options.space();
    let id = options.batch();
    let mut teller = Teller {
        batch: id,
        sink,
        waiting: vec![],
        told: 0,
        // The last one is that it is finished.
        most: options.events.saturating_sub(1),
        of: options.events,
        accepted: 0,
        summary: Summary { batch: Some(id), source: options.source(), ..Summary::default() },
        progress,
    };
    let of_import = |command: Import, step: &str| Line {
        by: options.by,
        events: 1,
        request: Request::new(name(space, step), Command::Import(id, command)),
    };
    let source = label(&options.source());
    teller.tell(of_import(Import::Start { system: system(), source }, "start"))?;

    let (mut company, founding) = Company::found(options, space);
    let mut goes_on = teller.tell_all(founding)?;
    let mut chapter = 0;
    while goes_on {
        goes_on = teller.tell_all(company.chapter(chapter))?;
        chapter += 1;
    }
    teller.flush()?;
    if options.is_finished && teller.summary.events == 0 {
        return Ok(teller.summary);
    }
    // A line that is two events does not fit where one is missing: a note that stands by itself does.
    while teller.told < teller.most
        && let Some(note) = company.note(space, teller.told)
    {
        teller.tell(note)?;
    }
    teller.flush()?;
    let (accepted, refused) = (count(teller.accepted), count(teller.summary.refused));
    teller.most = teller.of;
    teller.tell(of_import(Import::Finish { accepted, refused }, &format!("finish {accepted} {refused}")))?;
    teller.flush()?;
    Ok(teller.summary)
}

/// Hands lines to the desk, in chunks, until there are enough events.
struct Teller<'a> {
    batch: ImportId,
    sink: &'a mut dyn Sink,
    waiting: Vec<Order>,
    told: u64,
    most: u64,
    of: u64,
    accepted: u64,
    summary: Summary,
    progress: &'a mut dyn FnMut(u64, u64),
}

impl Teller<'_> {
    /// False where there is no room for all of them.
    fn tell_all(&mut self, lines: Vec<Line>) -> Result<bool, Error> {
        for line in lines {
            if !self.tell(line)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn tell(&mut self, line: Line) -> Result<bool, Error> {
        if self.told + u64::from(line.events) > self.most {
            return Ok(false);
        }
        self.told += u64::from(line.events);
        self.waiting.push(Order { by: line.by, batch: Some(self.batch), request: line.request });
        if self.waiting.len() >= CHUNK {
            self.flush()?;
        }
        Ok(true)
    }

    fn flush(&mut self) -> Result<(), Error> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let orders = std::mem::take(&mut self.waiting);
        let asked = orders.len();
        let answers = self.sink.submit(orders);
        if answers.len() != asked {
            return Err(Error::Stopped(Refusal::Unavailable("Some orders were not answered.".into())));
        }
        for answer in answers {
            match answer {
                Ok(receipt) => {
                    self.accepted += 1;
                    if !receipt.duplicate {
                        self.summary.add(&receipt.events);
                    }
                }
                Err(why @ (Refusal::Closed(_) | Refusal::Unavailable(_))) => return Err(Error::Stopped(why)),
                Err(why @ (Refusal::Rejected(_) | Refusal::Conflict { .. } | Refusal::TooLarge(_))) => {
                    self.summary.refused += 1;
                    self.summary.first_refusal.get_or_insert(why);
                }
            }
        }
        (self.progress)(self.told, self.of);
        Ok(())
    }
}

impl Company {
    /// A note on the first account, that nothing else builds on.
    fn note(&self, space: Uuid, number: u64) -> Option<Line> {
        let account = self.first_account()?;
        let text =
            self.lang().pick("Looked through the file before the next visit.", "Просмотрели досье перед визитом.");
        let details = Details::new(Front::Internal, Some(account), Words::parse(text).ok()?);
        let id = InteractionId::from_uuid(Uuid::new_v5(&space, format!("note/{number}").as_bytes()));
        let log = shared::interaction::Command::Log { details, next_steps: vec![] };
        let request = Request {
            occurred: Some(Occurred::On(self.until())),
            ..Request::new(name(space, &format!("note {number}")), Command::Interaction(id, log))
        };
        Some(Line { by: ColleagueId::TWOFRONT, events: 1, request })
    }
}

fn in_words<S: Serializer>(refusal: &Option<Refusal>, serializer: S) -> Result<S::Ok, S::Error> {
    refusal.as_ref().map(ToString::to_string).serialize(serializer)
}

fn name(space: Uuid, step: &str) -> CommandId {
    CommandId::from_uuid(Uuid::new_v5(&space, step.as_bytes()))
}

fn count(n: u64) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

fn label(text: &str) -> Label {
    #[expect(clippy::expect_used, reason = "the texts of this module, and tested")]
    Label::parse(text).expect("a label")
}

/// The nth of all combinations of three parts, in an order that looks like none.
fn parts_of<A: Copy + Default, B: Copy + Default, C: Copy + Default>(
    n: u64,
    first: &[A],
    second: &[B],
    forms: &[C],
) -> (A, B, C) {
    fn part<T: Copy + Default>(parts: &[T], at: u64) -> T {
        usize::try_from(at).ok().and_then(|at| parts.get(at)).copied().unwrap_or_default()
    }
    let (a, b, c) = (first.len() as u64, second.len() as u64, forms.len() as u64);
    // A prime that divides none of the numbers of parts: every combination comes once before any comes twice.
    let place = n.wrapping_mul(1_277) % (a * b * c).max(1);
    (part(first, place % a.max(1)), part(second, place / a.max(1) % b.max(1)), part(forms, place / (a * b).max(1)))
}
