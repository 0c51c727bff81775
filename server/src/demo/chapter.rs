//! One chapter: some weeks' worth of work for one account, scattered over its years. Visits lead to
//! handoffs, handoffs to answers of every kind, and those to the next visit.

use jiff::Timestamp;
use shared::domain::Command;
use shared::handoff::{self, Offer, Party};
use shared::ids::{AccountId, ColleagueId, CommandId, ContactId, EventRef, HandoffId, InteractionId, StepId, Stream};
use shared::interaction::{self, Details, Step, StepWords};
use shared::request::Request;
use shared::words::{
    AccountName, Channel, Email, Front, Influence, Initiator, Label, Mode, Occurred, PersonName, Phone, Place, Promise,
    Reason, Role, Sentiment, Summary, Tier, Website,
};
use shared::{account, colleague, contact};
use uuid::Uuid;

use super::company::{Client, Company, Contact, Day, KEY_ACCOUNTS, Staff, date, days, instant, joining};
use super::rng::Rng;
use super::words::{Firm, Person, fill, latin};

/// A chapter ends with the thread in which it reaches so many events.
const LONG_ENOUGH: u32 = 24;

/// Somebody's words to the desk, and how many events they are.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub by: ColleagueId,
    pub events: u8,
    pub request: Request,
}

/// Writes one chapter.
pub(super) struct Pen<'a> {
    company: &'a Company,
    rng: Rng,
    chapter: u64,
    next: u64,
    lines: Vec<(Timestamp, Line)>,
    events: u32,
    leavers: u64,
    /// An account is visited next once: by the chapter that it begins with.
    has_planned: bool,
}

/// The event that led to another, and when it happened.
type Cause = Option<(EventRef, Timestamp)>;

/// An entry that others follow from.
#[derive(Clone, Copy)]
struct Entry {
    id: InteractionId,
    at: Timestamp,
}

/// A handoff as it is told.
struct Path {
    id: HandoffId,
    from: ColleagueId,
    to: Party,
    unit: usize,
    due: Day,
    what: String,
    /// What may come of it.
    results: &'static [&'static str],
    /// How many events its stream has.
    revision: u64,
    at: Timestamp,
}

/// How a handoff goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Course {
    #[default]
    InTime,
    Late,
    Declined,
    DeclinedThenDone,
    Returned,
    PingPong,
    Escalated,
    Withdrawn,
    Waiting,
}

const COURSES: &[(u64, Course)] = &[
    (45, Course::InTime),
    (14, Course::Late),
    (6, Course::Declined),
    (7, Course::DeclinedThenDone),
    (7, Course::Returned),
    (3, Course::PingPong),
    (6, Course::Escalated),
    (5, Course::Withdrawn),
    (7, Course::Waiting),
];

impl<'a> Pen<'a> {
    pub const fn new(company: &'a Company, rng: Rng, chapter: u64) -> Self {
        Self { company, rng, chapter, next: 0, lines: vec![], events: 0, leavers: 0, has_planned: true }
    }

    /// An account that is there already: a great one more often than a small one.
    pub fn known_client(&mut self) -> Option<Client> {
        let clients = &self.company.clients;
        // One account has a history that fills pages: that is what long pages are measured with.
        if self.rng.below(250) == 0
            && let Some(first) = clients.first()
        {
            return Some(first.clone());
        }
        let mut chosen = clients.first();
        for _ in 0..40 {
            chosen = clients.get(self.rng.index(clients.len()));
            if chosen.is_none_or(|client| self.rng.percent(client.weight)) {
                break;
            }
        }
        chosen.cloned()
    }

    /// A new account: who it is, who answers for it, and who works there.
    pub fn new_client(&mut self, number: u64) -> Client {
        let company = self.company;
        let tongue = company.tongue;
        let early = number < super::FIRST_ACCOUNTS;
        let since = workday(company.first_day + days(self.rng.below(if early { 500 } else { 2_200 })));
        let Firm { name, industry, city, country } = (tongue.company)(number);
        self.has_planned = false;
        let id = AccountId::from_uuid(self.id("account"));
        // The first accounts of a demonstration are the ones that people look at: key accounts are among them.
        let tier = match number % 10 {
            0 => Some((0, Tier::Strategic)),
            2 | 5 | 7 => Some((1, Tier::Key)),
            4 | 8 if self.rng.percent(50) => Some((2, Tier::Developing)),
            _ => None,
        };
        let weight = match tier {
            Some((_, Tier::Strategic)) => 100,
            Some((_, Tier::Key)) => 45,
            Some((_, Tier::Developing)) | None => 14,
        };
        let kam = self.rng.index(self.crew(KEY_ACCOUNTS).len());
        let mut client = Client { id, name, since, closed: None, kams: vec![], contacts: vec![], weight };
        client.kams.push((since, self.someone_then(KEY_ACCOUNTS, kam, since)));
        let first_kam = self.kam(&client, since);
        let boss = self.manager();
        if let Ok(name) = AccountName::parse(&client.name) {
            self.account(since, first_kam, id, account::Command::Register { name });
        }
        let domain = latin(&client.name);
        let description = account::Description {
            industry: Label::parse(industry).ok(),
            city: Label::parse(city).ok(),
            country: Label::parse(country).ok(),
            website: Website::parse(&format!("https://{domain}.example")).ok(),
        };
        self.account(since, first_kam, id, account::Command::Describe(description));
        self.account(since + 1, boss, id, account::Command::Assign { kam: first_kam });
        if let Some((place, tier)) = tier {
            let day = workday((since + days(self.rng.between(60, 700))).min(company.last_day - 200));
            let text = tongue.tiers.get(place).copied().unwrap_or_default();
            let text = self.rng.pick(text);
            if let Ok(reason) = Reason::parse(text) {
                self.account(day, boss, id, account::Command::Designate { tier, reason });
            }
            if tier != Tier::Developing {
                let sponsor = self.company.managers.first().map_or(boss, |director| director.id);
                self.account(day + 7, boss, id, account::Command::Sponsor { sponsor });
            }
        }
        if tier.is_none() && number > 12 && self.rng.percent(14) {
            let day = self.day_between(since + 900, company.last_day - 30);
            if let Ok(reason) = Reason::parse(self.rng.pick(tongue.closings)) {
                self.account(day, boss, id, account::Command::Close { reason });
                client.closed = Some(day);
            }
        }
        if self.rng.percent(25) {
            let day = self.day_between(since + 400, client.closed.unwrap_or(company.last_day) - 100);
            let nth = self.rng.index(64);
            let other = self.someone_then(KEY_ACCOUNTS, nth, day);
            if client.kams.iter().all(|(_, kam)| *kam != other) && day > since + 1 {
                client.kams.push((day, other));
                let kam = self.kam(&client, day);
                self.account(day, boss, id, account::Command::Assign { kam });
            }
        }
        self.people(&mut client, &domain);
        client
    }

    /// The chapter in the order in which it happened, its account, and how many colleagues came and went in it.
    pub fn write(mut self, client: Client) -> (Vec<Line>, Client, u64) {
        let founding = self.events;
        // The first time early, so that a short history has one as well.
        if self.chapter == 3 || self.chapter % 150 == 149 {
            self.orphaned(&client);
        }
        while self.events < founding + LONG_ENOUGH {
            self.thread(&client);
        }
        // Stable: what was written first at one moment stays first.
        self.lines.sort_by_key(|(at, _)| *at);
        (self.lines.into_iter().map(|(_, line)| line).collect(), client, self.leavers)
    }

    fn people(&mut self, client: &mut Client, domain: &str) {
        let last = client.closed.unwrap_or(self.company.last_day);
        let count = self.rng.between(2, 5);
        for nth in 0..count {
            let day = if nth < 2 { client.since } else { self.day_between(client.since, last - 30) };
            self.introduce(client, domain, day);
        }
        if self.rng.percent(30) && client.contacts.len() > 2 {
            let leaves = self.day_between(client.since + 300, last - 30);
            let Some(first) = client.contacts.first_mut() else { return };
            first.until = Some(leaves);
            let id = first.id;
            let by = self.kam(client, leaves);
            self.contact(leaves, by, id, contact::Command::Leave {});
            self.introduce(client, domain, leaves + 14);
            // People change sides: sometimes they turn up at another client.
            let elsewhere = self.rng.index(self.company.clients.len());
            if self.rng.percent(30)
                && let Some(other) = self.company.clients.get(elsewhere)
                && other.closed.is_none()
            {
                let by = self.kam(other, leaves + 60);
                let day = (leaves + 60).min(self.company.last_day);
                self.contact(day, by, id, contact::Command::Move { account: other.id });
            }
        }
    }

    fn introduce(&mut self, client: &mut Client, domain: &str, day: Day) {
        let tongue = self.company.tongue;
        let day = workday(day).min(self.company.last_day);
        let person = (tongue.person)(&mut self.rng);
        let id = ContactId::from_uuid(self.id("contact"));
        let by = self.kam(client, day);
        let (title, department, role) = self.rng.pick(tongue.posts);
        let notes =
            self.rng.percent(35).then(|| fill(self.rng.pick(tongue.notes), &mut self.rng, &person, &client.name));
        let phone = (tongue.phone)(&mut self.rng);
        if let Ok(name) = PersonName::parse(&person.full) {
            let details = contact::Details {
                name,
                title: Label::parse(title).ok(),
                department: Label::parse(department).ok(),
                email: Email::parse(&format!("{}@{domain}.example", person.mailbox)).ok(),
                phone: Phone::parse(&phone).ok(),
                mobile: None,
                address: None,
                notes: notes.and_then(|text| Reason::parse(&text).ok()),
            };
            self.contact(day, by, id, contact::Command::Introduce { account: Some(client.id), details });
        }
        let influence = self.rng.pick(&[None, Some(Influence::High), Some(Influence::Medium), Some(Influence::Low)]);
        let is_told = self.rng.percent(60);
        let above = client.contacts.iter().rev().find(|above| above.from <= day && above.until.is_none());
        let reports_to = above.filter(|_| is_told).map(|above| above.id);
        if role.is_some() || reports_to.is_some() {
            self.contact(day + 1, by, id, contact::Command::Map(contact::Place { role, influence, reports_to }));
        }
        client.contacts.push(Contact { id, person, from: day, until: None });
    }

    /// Something that happens, with what follows from it.
    fn thread(&mut self, client: &Client) {
        let last = client.closed.unwrap_or(self.company.last_day);
        let day = self.some_day(client.since, last);
        match self.rng.below(100) {
            0..38 => {
                self.touch(client, day, None);
            }
            38..70 => self.story(client, day),
            70..86 => {
                self.internal(client, day, None);
            }
            86..93 => self.corrected(client, day),
            93..95 => self.retracted(client, day),
            95..97 if client.closed.is_none() && !self.has_planned => self.planned(client),
            _ => {
                self.touch(client, day, None);
                self.internal(client, day + 1, None);
            }
        }
    }

    /// A visit leads to a handoff, and its result to the next visit.
    fn story(&mut self, client: &Client, day: Day) {
        let visit = self.touch(client, day, None);
        let from = self.kam(client, day);
        let unit = self.specialists();
        let course = self.course(day);
        let asked = workday(day + days(self.rng.below(3))).min(self.company.last_day);
        let to = if self.rng.percent(62) { None } else { Some(self.somebody(unit, asked).id) };
        let to = match (to, self.company.crews.get(unit)) {
            (Some(colleague), _) => Party::Colleague(colleague),
            (None, Some(crew)) => Party::Unit(crew.id),
            (None, None) => return,
        };
        let mut path = self.offer(client, from, to, unit, asked, visit);
        if self.rng.percent(25) {
            let offered = EventRef { stream: path.id.into(), revision: 1 };
            self.internal(client, asked + 1, Some((offered, path.at)));
        }
        let done = self.follow(client, &mut path, course);
        if done && self.rng.percent(65) {
            let next = (path.at.as_second() / 86_400) + days(self.rng.between(2, 15));
            if next <= client.closed.unwrap_or(self.company.last_day) {
                let cause = EventRef { stream: path.id.into(), revision: path.revision };
                self.touch(client, next, Some((cause, path.at)));
            }
        }
    }

    /// What becomes of an offer; true where it was completed.
    fn follow(&mut self, client: &Client, path: &mut Path, course: Course) -> bool {
        let tongue = self.company.tongue;
        match course {
            Course::InTime => self.accept(path, 0, 2) && self.complete(client, path, 1, 6),
            Course::Late => {
                let late = (path.due - path.at.as_second() / 86_400).max(1);
                self.accept(path, 2, 9) && self.complete(client, path, late, late + 10)
            }
            Course::Declined => {
                let (by, from) = (self.answerer(path), path.from);
                // Who asked lets it go within weeks: a board on which a no of years ago still waits is nobody's.
                if self.answer(path, by, 1, 4, |reason| handoff::Command::Decline { reason }, tongue.declines) {
                    self.answer(path, from, 2, 20, |reason| handoff::Command::Withdraw { reason }, tongue.withdrawals);
                }
                false
            }
            Course::DeclinedThenDone => {
                let by = self.answerer(path);
                self.answer(path, by, 1, 3, |reason| handoff::Command::Decline { reason }, tongue.declines)
                    && self.offer_again(client, path)
                    && self.accept(path, 0, 2)
                    && self.complete(client, path, 2, 9)
            }
            Course::Returned => {
                self.accept_and_return(path)
                    && self.offer_again(client, path)
                    && self.accept(path, 0, 3)
                    && self.complete(client, path, 2, 9)
            }
            Course::PingPong => {
                self.accept_and_return(path)
                    && self.offer_again(client, path)
                    && self.accept_and_return(path)
                    && self.offer_again(client, path)
                    && self.accept(path, 0, 3)
                    && self.complete(client, path, 2, 12)
            }
            Course::Escalated => {
                let above = self.manager();
                let from = path.from;
                let escalate = |reason| handoff::Command::Escalate { to: above, reason };
                if !self.answer(path, from, 4, 8, escalate, tongue.escalations) {
                    return false;
                }
                let by = if self.rng.percent(40) { above } else { self.answerer(path) };
                self.accept_as(path, by, 0, 1) && self.complete_as(client, path, by, 1, 6)
            }
            Course::Withdrawn => {
                let from = path.from;
                self.answer(path, from, 2, 9, |reason| handoff::Command::Withdraw { reason }, tongue.withdrawals);
                false
            }
            Course::Waiting => {
                if self.rng.percent(50) {
                    self.accept(path, 0, 3);
                }
                false
            }
        }
    }

    /// Somebody takes work on, leaves, and nobody else knows of it.
    fn orphaned(&mut self, client: &Client) {
        let tongue = self.company.tongue;
        let last = client.closed.unwrap_or(self.company.last_day);
        let unit = self.specialists();
        let Some(crew) = self.company.crews.get(unit) else { return };
        let (unit_id, job) = (crew.id, (tongue.jobs)(crew.trade).1);
        let day = self.day_between((last - 90).max(client.since), last - 25);
        let leaves = day + days(self.rng.between(8, 17));
        let visit = self.touch(client, day, None);
        let mut person = (tongue.person)(&mut self.rng);
        let id = ColleagueId::from_uuid(self.id("leaver"));
        // Nobody else's address: those who stay have none with a dot and a number at the end.
        person.mailbox = format!("{}.{}", person.mailbox, self.chapter);
        let joined = day - days(self.rng.between(90, 900));
        let command = self.command();
        let line = joining(command, id, joined, Some(unit_id), Role::ResourceOwner, job, &person);
        self.events += u32::from(line.events);
        self.lines.push((instant(joined, 0), line));
        self.leavers += 1;
        let from = self.kam(client, day);
        let mut path = self.offer(client, from, Party::Colleague(id), unit, day, visit);
        if self.rng.percent(70) {
            self.accept_as(&mut path, id, 0, 2);
        }
        let leave = Command::Colleague(id, colleague::Command::Leave {});
        let moment = instant(leaves, 54_000);
        self.push(moment, ColleagueId::TWOFRONT, Occurred::On(date(leaves)), None, leave, 1);
    }

    fn accept(&mut self, path: &mut Path, from: Day, to: Day) -> bool {
        let by = self.answerer(path);
        self.accept_as(path, by, from, to)
    }

    fn accept_as(&mut self, path: &mut Path, by: ColleagueId, from: Day, to: Day) -> bool {
        self.go_on(path, by, from, to, handoff::Command::Accept {})
    }

    /// By the one who accepted it: the last who spoke.
    fn complete(&mut self, client: &Client, path: &mut Path, from: Day, to: Day) -> bool {
        let by = self.last_speaker(path);
        self.complete_as(client, path, by, from, to)
    }

    fn complete_as(&mut self, client: &Client, path: &mut Path, by: ColleagueId, from: Day, to: Day) -> bool {
        let text = self.text(path.results, &Person::default(), client);
        Reason::parse(&text).is_ok_and(|result| self.go_on(path, by, from, to, handoff::Command::Complete { result }))
    }

    fn accept_and_return(&mut self, path: &mut Path) -> bool {
        if !self.accept(path, 0, 2) {
            return false;
        }
        let by = self.last_speaker(path);
        self.answer(path, by, 1, 5, |reason| handoff::Command::Return { reason }, self.company.tongue.returns)
    }

    fn answer(
        &mut self,
        path: &mut Path,
        by: ColleagueId,
        from: Day,
        to: Day,
        command: impl Fn(Reason) -> handoff::Command,
        reasons: &[&'static str],
    ) -> bool {
        Reason::parse(self.rng.pick(reasons)).is_ok_and(|reason| self.go_on(path, by, from, to, command(reason)))
    }

    /// The next event of a handoff some days later; false where that day has not come yet.
    fn go_on(&mut self, path: &mut Path, by: ColleagueId, from: Day, to: Day, command: handoff::Command) -> bool {
        let span = u64::try_from(to - from).unwrap_or_default();
        let day = workday(path.at.as_second() / 86_400 + from + days(self.rng.below(span + 1)));
        let mut at = self.moment(day);
        if at <= path.at {
            at = Timestamp::from_second(path.at.as_second() + 1_500).unwrap_or(at);
        }
        if at >= instant(self.company.last_day + 1, 0) {
            return false;
        }
        path.at = at;
        path.revision += 1;
        self.push(at, by, Occurred::At(at), None, Command::Handoff(path.id, command), 1);
        true
    }

    fn offer(&mut self, client: &Client, from: ColleagueId, to: Party, unit: usize, day: Day, visit: Entry) -> Path {
        let trade = self.company.crews.get(unit).map(|crew| crew.trade).unwrap_or_default();
        let (ask, results) = self.rng.pick((self.company.tongue.asks)(trade));
        let what = fill(ask, &mut self.rng, &Person::default(), &client.name);
        let id = HandoffId::from_uuid(self.id("handoff"));
        let due = workday(day + days(self.rng.between(7, 25)));
        let at = self.moment(day).max(Timestamp::from_second(visit.at.as_second() + 900).unwrap_or(visit.at));
        let path = Path { id, from, to, unit, due, what, results, revision: 1, at };
        self.send_offer(client, &path, String::new(), Some(Stream::from(visit.id).first()));
        path
    }

    fn offer_again(&mut self, client: &Client, path: &mut Path) -> bool {
        let day = workday(path.at.as_second() / 86_400 + days(self.rng.between(1, 4)));
        let at = self.moment(day);
        if at <= path.at || day > self.company.last_day {
            return false;
        }
        (path.at, path.due) = (at, workday(day + days(self.rng.between(7, 20))));
        let cause = EventRef { stream: path.id.into(), revision: path.revision };
        path.revision += 1;
        let again = self.rng.pick(self.company.tongue.again);
        self.send_offer(client, path, format!(" {again}"), Some(cause));
        true
    }

    fn send_offer(&mut self, client: &Client, path: &Path, added: String, cause: Option<EventRef>) {
        let Ok(what) = Promise::parse(&format!("{}{added}", path.what)) else { return };
        let offer = Offer {
            account: client.id,
            to: path.to,
            due: Some(date(path.due)),
            personal: handoff::Words { what }.into(),
        };
        let command = Command::Handoff(path.id, handoff::Command::Offer(offer));
        self.push(path.at, path.from, Occurred::At(path.at), cause, command, 1);
    }

    /// Somebody who was asked.
    fn answerer(&mut self, path: &Path) -> ColleagueId {
        match path.to {
            Party::Colleague(colleague) => colleague,
            Party::Unit(_) => self.somebody(path.unit, path.at.as_second() / 86_400).id,
        }
    }

    fn last_speaker(&self, path: &Path) -> ColleagueId {
        let stream = Stream::from(path.id);
        let said = |line: &&(Timestamp, Line)| line.1.request.command.stream() == stream;
        self.lines.iter().rev().find(said).map_or(path.from, |(_, line)| line.by)
    }

    /// People met, or spoke, or wrote.
    fn touch(&mut self, client: &Client, day: Day, cause: Cause) -> Entry {
        let day = workday(day);
        let tongue = self.company.tongue;
        let present: Vec<&Contact> = client
            .contacts
            .iter()
            .filter(|contact| contact.from <= day && contact.until.is_none_or(|until| day < until))
            .collect();
        let with = self.rng.index(present.len());
        let nobody = Person::default();
        let who = present.get(with).map_or(&nobody, |contact| &contact.person);
        let mut contacts: Vec<ContactId> = present.get(with).map(|contact| contact.id).into_iter().collect();
        if self.rng.percent(30)
            && let Some(other) = present.get((with + 1) % present.len().max(1))
            && !contacts.contains(&other.id)
        {
            contacts.push(other.id);
        }
        let channel = self.channel(day);
        let initiator = self.rng.pick(&[
            Some(Initiator::Us),
            Some(Initiator::Us),
            Some(Initiator::Client),
            Some(Initiator::Us),
            None,
        ]);
        let by_client = initiator == Some(Initiator::Client);
        let begins = match (channel, by_client) {
            (Channel::Meeting | Channel::Visit, _) => tongue.in_person,
            (Channel::Call, true) => tongue.their_call,
            (Channel::Call, false) => tongue.our_call,
            (Channel::Video, _) => tongue.video,
            (Channel::Email, true) => tongue.their_letter,
            (Channel::Email, false) => tongue.our_letter,
            (Channel::Message, _) => tongue.message,
            (Channel::Event, _) => tongue.fair,
        };
        let (mood, sentiment) = self.rng.pick(&[
            (0, Some(Sentiment::Positive)),
            (0, Some(Sentiment::Positive)),
            (1, Some(Sentiment::Neutral)),
            (1, None),
            (2, Some(Sentiment::Negative)),
        ]);
        let mut parts = vec![if who.full.is_empty() { String::new() } else { self.text(begins, who, client) }];
        parts.push(self.text(tongue.matters, who, client));
        if self.rng.percent(35) {
            let more = self.text(tongue.matters, who, client);
            if !parts.contains(&more) {
                parts.push(more);
            }
        }
        parts.push(self.text(tongue.ends.get(mood).copied().unwrap_or_default(), who, client));
        let in_person = matches!(channel, Channel::Meeting | Channel::Visit | Channel::Event);
        let place = (in_person && self.rng.percent(70)).then(|| self.rng.pick(tongue.places));
        let mode = channel.usual_mode().or(Some(if self.rng.percent(12) { Mode::Hybrid } else { Mode::InPerson }));
        let colleagues = if self.rng.percent(25) {
            let unit = self.specialists();
            vec![self.somebody(unit, day).id]
        } else {
            vec![]
        };
        let details = Details {
            channel: Some(channel),
            mode,
            minutes: self.minutes(channel),
            initiator,
            contacts,
            colleagues,
            sentiment,
            ..entry(Front::Client, client, parts.join(" ").trim(), place)
        };
        let kam = self.kam(client, day);
        self.log(client, day, kam, details, cause)
    }

    /// Colleagues talked about an account among themselves.
    fn internal(&mut self, client: &Client, day: Day, cause: Cause) -> Entry {
        let day = workday(day).min(self.company.last_day);
        let tongue = self.company.tongue;
        let who = Person::default();
        let text = format!(
            "{} {}",
            self.text(tongue.internal, &who, client),
            self.text(tongue.internal_matters, &who, client)
        );
        let channel =
            self.rng.pick(&[Some(Channel::Meeting), Some(Channel::Video), Some(Channel::Call), Some(Channel::Message)]);
        let unit = self.specialists();
        let mut colleagues = vec![self.somebody(unit, day).id];
        if self.rng.percent(40) {
            let second = self.somebody(unit, day).id;
            if !colleagues.contains(&second) {
                colleagues.push(second);
            }
        }
        let details = Details {
            channel,
            mode: channel.map(|channel| channel.usual_mode().unwrap_or(Mode::InPerson)),
            minutes: channel.and_then(|channel| self.minutes(channel)).map(|minutes| minutes.min(60)),
            colleagues,
            ..entry(Front::Internal, client, &text, None)
        };
        let kam = self.kam(client, day);
        self.log(client, day, kam, details, cause)
    }

    fn corrected(&mut self, client: &Client, day: Day) {
        let entry = self.touch(client, day, None);
        let Some((by, occurred, mut details)) = self.logged(entry.id) else { return };
        let added = self.text(self.company.tongue.corrections, &Person::default(), client);
        let Some(words) = details.personal.known().cloned() else { return };
        let Ok(summary) = Summary::parse(&format!("{}\n\n{added}", words.summary)) else { return };
        details.personal = interaction::Words { summary, ..words }.into();
        let at = self.later(entry.at, 3_600, 100_000);
        self.push(at, by, occurred, None, Command::Interaction(entry.id, interaction::Command::Correct(details)), 1);
    }

    fn retracted(&mut self, client: &Client, day: Day) {
        let entry = self.touch(client, day, None);
        let Some((by, ..)) = self.logged(entry.id) else { return };
        let Ok(reason) = Reason::parse(self.rng.pick(self.company.tongue.retractions)) else { return };
        // After its next step was settled: what is retracted stays as it is.
        let at = self.later(instant(self.company.last_day, 64_000), 60, 600);
        let occurred = Occurred::On(date(day.min(self.company.last_day)));
        self.push(at, by, occurred, None, Command::Interaction(entry.id, interaction::Command::Retract { reason }), 1);
    }

    /// An appointment of the coming weeks.
    fn planned(&mut self, client: &Client) {
        self.has_planned = true;
        let day = workday(self.company.last_day + days(self.rng.between(1, 40)));
        let present = client.contacts.iter().find(|contact| contact.until.is_none());
        let nobody = Person::default();
        let who = present.map_or(&nobody, |contact| &contact.person);
        let contacts = present.map(|contact| contact.id).into_iter().collect();
        let text = self.text(self.company.tongue.planned, who, client);
        let details = Details {
            channel: Some(Channel::Meeting),
            planned: true,
            contacts,
            ..entry(Front::Client, client, &text, None)
        };
        let id = InteractionId::from_uuid(self.id("interaction"));
        let (kam, at) = (self.kam(client, self.company.last_day), self.moment(day));
        let log = interaction::Command::Log { details: with(kam, details), next_steps: vec![] };
        let log = Command::Interaction(id, log);
        self.push(at, kam, Occurred::At(at), None, log, 1);
    }

    /// An entry, often with a next step, which is mostly taken, sometimes dropped, and sometimes forgotten.
    fn log(&mut self, client: &Client, day: Day, by: ColleagueId, details: Details, cause: Cause) -> Entry {
        let last = self.company.last_day;
        let id = InteractionId::from_uuid(self.id("interaction"));
        let mut at = self.moment(day.min(last));
        if let Some((_, before)) = cause
            && at <= before
        {
            at = self.later(before, 900, 3_600);
        }
        let occurred = if self.rng.percent(8) { Occurred::On(date(day.min(last))) } else { Occurred::At(at) };
        let step = if self.rng.percent(45) { self.step(client, day) } else { None };
        // What comes with an import names its people: who brings it took no part in it.
        let steps: Vec<Step> = step.into_iter().map(|step| Step { owner: step.owner.or(Some(by)), ..step }).collect();
        let details = with(by, details);
        let events = 1 + u8::try_from(steps.len()).unwrap_or_default();
        let log = interaction::Command::Log { details, next_steps: steps.clone() };
        self.push(at, by, occurred, cause.map(|(event, _)| event), Command::Interaction(id, log), events);
        for step in steps {
            let Some(due) = step.due else { continue };
            let due = shared::words::day_start(due).as_second() / 86_400;
            let settled = workday(due + days(self.rng.below(9)) - 3).max(day + 1);
            // Of those of the last weeks, some are overdue.
            if settled > last || (day > last - 60 && self.rng.percent(35)) {
                continue;
            }
            let moment = self.moment(settled);
            let step = step.step;
            let command = match (self.rng.percent(88), Reason::parse(self.rng.pick(self.company.tongue.dropped))) {
                (false, Ok(reason)) => interaction::Command::DropNextStep { step, reason },
                (true, _) | (_, Err(_)) => interaction::Command::DoNextStep { step },
            };
            self.push(moment, by, Occurred::At(moment), None, Command::Interaction(id, command), 1);
        }
        Entry { id, at }
    }

    fn step(&mut self, client: &Client, day: Day) -> Option<Step> {
        let what = self.text(self.company.tongue.steps, &Person::default(), client);
        let owner = if self.rng.percent(20) {
            let unit = self.specialists();
            Some(self.somebody(unit, day).id)
        } else {
            None
        };
        let due = workday(day + days(self.rng.between(2, 24)));
        let personal = StepWords { what: Promise::parse(&what).ok()? }.into();
        Some(Step { step: StepId::from_uuid(self.id("step")), owner, due: Some(date(due)), personal })
    }

    fn logged(&self, id: InteractionId) -> Option<(ColleagueId, Occurred, Details)> {
        self.lines.iter().rev().find_map(|(_, line)| match &line.request.command {
            Command::Interaction(of, interaction::Command::Log { details, .. }) if *of == id => {
                Some((line.by, line.request.occurred?, details.clone()))
            }
            Command::Interaction(..)
            | Command::Unit(..)
            | Command::Colleague(..)
            | Command::Account(..)
            | Command::Contact(..)
            | Command::Handoff(..)
            | Command::Import(..) => None,
        })
    }

    /// How a handoff of that day goes: only young ones still wait.
    fn course(&mut self, day: Day) -> Course {
        let mut roll = self.rng.below(COURSES.iter().map(|(share, _)| share).sum());
        let mut course = Course::InTime;
        for (share, next) in COURSES {
            if roll < *share {
                course = *next;
                break;
            }
            roll -= share;
        }
        let young = day > self.company.last_day - 35;
        if course == Course::Waiting && !young { Course::Late } else { course }
    }

    /// In one room before 2020, hardly at all for two years, and half and half since.
    fn channel(&mut self, day: Day) -> Channel {
        let year = date(day).year();
        let in_person = match year {
            ..2020 => 55,
            2020..2022 => 14,
            _ => 38,
        };
        if self.rng.percent(in_person) {
            return match self.rng.below(20) {
                0..9 => Channel::Visit,
                9..18 => Channel::Meeting,
                _ => Channel::Event,
            };
        }
        let video = if year < 2020 { 6 } else { 34 };
        match self.rng.below(100) {
            roll if roll < video => Channel::Video,
            roll if roll < video + 30 => Channel::Call,
            roll if roll < video + 54 => Channel::Email,
            _ => Channel::Message,
        }
    }

    fn minutes(&mut self, channel: Channel) -> Option<u32> {
        let (low, high, step) = match channel {
            Channel::Meeting => (3, 8, 15),
            Channel::Visit => (4, 16, 15),
            Channel::Call => (1, 6, 5),
            Channel::Video => (2, 4, 15),
            Channel::Event => (2, 6, 10),
            Channel::Email | Channel::Message => return None,
        };
        u32::try_from(self.rng.between(low, high) * step).ok()
    }

    /// A day of the account's life, more often a late one than an early one.
    fn some_day(&mut self, from: Day, to: Day) -> Day {
        if self.rng.percent(16) {
            return self.day_between((to - 60).max(from), to);
        }
        let (one, other) = (self.day_between(from, to), self.day_between(from, to));
        if self.rng.percent(50) { one.max(other) } else { one }
    }

    fn day_between(&mut self, from: Day, to: Day) -> Day {
        let span = u64::try_from(to - from).unwrap_or_default();
        workday(from + days(self.rng.below(span + 1))).min(self.company.last_day)
    }

    /// A moment of the working day, where the company is.
    fn moment(&mut self, day: Day) -> Timestamp {
        let east = self.company.lang().pick(0, 3);
        let five_minutes = days(self.rng.between(8 * 12, 17 * 12));
        instant(day, five_minutes * 300 - east * 3_600)
    }

    fn later(&mut self, at: Timestamp, from: u64, to: u64) -> Timestamp {
        Timestamp::from_second(at.as_second() + days(self.rng.between(from, to))).unwrap_or(at)
    }

    /// One of the units that work is handed to.
    fn specialists(&mut self) -> usize {
        KEY_ACCOUNTS + 1 + self.rng.index(self.company.crews.len().saturating_sub(KEY_ACCOUNTS + 1))
    }

    fn crew(&self, unit: usize) -> &'a [Staff] {
        self.company.crews.get(unit).map_or(&[], |crew| &crew.people)
    }

    /// One of a unit's people on that day.
    fn somebody(&mut self, unit: usize, day: Day) -> &'a Staff {
        let crew = self.crew(unit);
        let nth = self.rng.index(crew.len());
        let place = self.someone_then(unit, nth, day);
        crew.get(place).unwrap_or(&NOBODY)
    }

    /// The nth of a unit's people, or the next who had joined by that day.
    fn someone_then(&self, unit: usize, nth: usize, day: Day) -> usize {
        let crew = self.crew(unit);
        let places = (0..crew.len()).map(|step| (nth + step) % crew.len().max(1));
        places.into_iter().find(|place| crew.get(*place).is_some_and(|staff| staff.joined <= day)).unwrap_or_default()
    }

    fn kam(&self, client: &Client, day: Day) -> ColleagueId {
        let then = client.kams.iter().rev().find(|(from, _)| *from <= day).or(client.kams.first());
        let place = then.map(|(_, place)| *place).unwrap_or_default();
        self.crew(KEY_ACCOUNTS).get(place).map_or(NOBODY.id, |staff| staff.id)
    }

    fn manager(&mut self) -> ColleagueId {
        let managers = &self.company.managers;
        managers.get(self.rng.index(managers.len())).map_or(NOBODY.id, |manager| manager.id)
    }

    fn text(&mut self, templates: &[&'static str], who: &Person, client: &Client) -> String {
        let template = self.rng.pick(templates);
        fill(template, &mut self.rng, who, &client.name)
    }

    fn id(&mut self, kind: &str) -> Uuid {
        self.next += 1;
        Uuid::new_v5(&self.company.space, format!("{kind}/{}/{}", self.chapter, self.next).as_bytes())
    }

    fn command(&mut self) -> CommandId {
        CommandId::from_uuid(self.id("command"))
    }

    fn account(&mut self, day: Day, by: ColleagueId, id: AccountId, command: account::Command) {
        self.push(instant(day, 1), by, Occurred::On(date(day)), None, Command::Account(id, command), 1);
    }

    fn contact(&mut self, day: Day, by: ColleagueId, id: ContactId, command: contact::Command) {
        self.push(instant(day, 2), by, Occurred::On(date(day)), None, Command::Contact(id, command), 1);
    }

    fn push(
        &mut self,
        at: Timestamp,
        by: ColleagueId,
        occurred: Occurred,
        cause: Option<EventRef>,
        command: Command,
        events: u8,
    ) {
        let id = self.command();
        let request = Request { occurred: Some(occurred), cause, ..Request::new(id, command) };
        self.lines.push((at, Line { by, events, request }));
        self.events += u32::from(events);
    }
}

/// That day, or the Monday after it.
const fn workday(day: Day) -> Day {
    // 1 January 1970 was a Thursday.
    match (day + 3).rem_euclid(7) {
        5 => day + 2,
        6 => day + 1,
        _ => day,
    }
}

/// Where a unit has nobody, the product itself speaks.
static NOBODY: Staff = Staff { id: ColleagueId::TWOFRONT, joined: 0 };

/// The same with this colleague among those who took part.
fn with(by: ColleagueId, mut details: Details) -> Details {
    if !details.colleagues.contains(&by) {
        details.colleagues.insert(0, by);
    }
    details
}

fn entry(front: Front, client: &Client, text: &str, place: Option<&str>) -> Details {
    #[expect(clippy::expect_used, reason = "the texts of this program, and tested")]
    let summary = Summary::parse(text).expect("a summary");
    let personal =
        interaction::Words { summary: summary.clone(), place: place.and_then(|place| Place::parse(place).ok()) };
    Details { personal: personal.into(), ..Details::new(front, Some(client.id), summary) }
}
