//! Tasks and events: everything that a CRM calls an activity is an interaction here, in one log.

use jiff::Timestamp;
use jiff::civil::Date;
use shared::domain::{Command, Rejection};
use shared::ids::{ColleagueId, CommandId, ContactId, InteractionId, Slice};
use shared::interaction::{self, Details, Step, StepWords, Words};
use shared::lang::Lang;
use shared::request::Request;
use shared::words::{Channel, Front, Initiator, Mode, Occurred, Place, Promise, Reason, Summary};

use super::fields::{ACCOUNT, CONTACT, Fitted, RecordKey, Row, fit, line, lines};
use super::{Ask, Next, NoteKind, Reader, Why, Wishes};
use crate::import::batch::Outcome;
use crate::import::identity::{Changes, Thing, Version};
use crate::import::past::Past;

/// A task is rescheduled a few times, hardly more often than this.
const MOST_STEPS: u32 = 100;

impl Reader<'_> {
    pub(super) fn task(&mut self, row: &Row<'_>) -> Result<Wishes, Why> {
        let mut activity = match self.common(row, "task")? {
            Common::Wishes(wishes) => return Ok(wishes),
            Common::Goes(activity) => activity,
        };
        let due = row.day("ActivityDate")?;
        let open = !row.flag("IsClosed") && !is_completed(row.get("Status"));
        // What was done before its day was done when it was completed.
        let day = due.map(Occurred::On).filter(|day| open || !self.is_to_come(*day));
        let otherwise = row.created().or(due.map(Occurred::On));
        let is_spare = day.or(otherwise).is_some();
        let completed = activity.spare(row.moment("CompletedDateTime"), is_spare)?.map(Occurred::At);
        let occurred = day.or(completed).or(otherwise);
        let occurred = occurred.ok_or(Why::Missing { column: "ActivityDate" })?;
        let planned = open || self.is_to_come(occurred);
        let seconds = row.number("CallDurationInSeconds");
        activity.note_if(seconds.whole.is_some(), NoteKind::Shortened);
        let seconds = seconds.value.filter(|seconds| *seconds > 0);
        let is_call = seconds.is_some() || !row.get("CallType").is_empty();
        let channel = channel(row).or(is_call.then_some(Channel::Call));
        let initiator = match row.get("CallType").to_lowercase().as_str() {
            "inbound" | "входящий" => Some(Initiator::Client),
            "outbound" | "исходящий" => Some(Initiator::Us),
            _ => None,
        };
        // What is cut of it stands in the summary.
        let what = fit(line(row.first(&["Subject", "Description"])), Promise::parse).value;
        let step = match what {
            Some(what) if open => Some(Promised { due, owner: activity.owner, what }),
            Some(_) | None => None,
        };
        let details = Details {
            channel,
            mode: channel.and_then(Channel::usual_mode),
            minutes: seconds.map(|seconds| seconds.div_ceil(60)),
            initiator,
            planned,
            ..activity.details.clone()
        };
        let done = completed.or(row.modified());
        // Once its day has come, the same row says something new.
        let mut version = row.version();
        if planned && !open {
            version.text.push_str(" planned");
        }
        self.log(row, activity, Log { occurred, details, step, done, version })
    }

    fn is_to_come(&self, occurred: Occurred) -> bool {
        occurred.instant() > self.options.now
    }

    pub(super) fn event(&mut self, row: &Row<'_>) -> Result<Wishes, Why> {
        // The copy of an appointment in the calendar of somebody who was invited.
        if row.flag("IsChild") {
            return Ok(Wishes::default());
        }
        let mut activity = match self.common(row, "event")? {
            Common::Wishes(wishes) => return Ok(wishes),
            Common::Goes(activity) => activity,
        };
        let all_day = row.flag("IsAllDayEvent");
        let (day, start) = (day(row), start(row));
        // Which of the two places it, and which may be missing.
        let (day, start) = if all_day {
            let day = day?;
            (day, activity.spare(start, day.is_some())?)
        } else {
            let start = start?;
            (activity.spare(day, start.is_some())?, start)
        };
        let at = if all_day { None } else { start.map(Occurred::At) };
        let occurred = at.or(day.map(Occurred::On)).or(start.map(Occurred::At)).or(row.created());
        let occurred = occurred.ok_or(Why::Missing { column: "StartDateTime" })?;
        let duration = row.number("DurationInMinutes");
        activity.note_if(duration.whole.is_some(), NoteKind::Shortened);
        let end = activity.spare(row.moment("EndDateTime"), true)?;
        let lasted = match (duration.value, start, end) {
            (Some(minutes), ..) => Some(minutes),
            (None, Some(start), Some(end)) => minutes_between(start, end),
            (None, _, _) => None,
        };
        let Fitted { value: place, whole: long_place } = row.fitted("Location", Place::parse);
        let online = place.as_ref().is_some_and(|place| is_online(place.as_str()));
        let channel = channel(row).unwrap_or(if online { Channel::Video } else { Channel::Meeting });
        let mode = match (&place, online) {
            (Some(_), true) => Some(Mode::Remote),
            (Some(_), false) if !matches!(channel, Channel::Call | Channel::Video) => Some(Mode::InPerson),
            (Some(_), false) | (None, _) => channel.usual_mode(),
        };
        let planned = self.is_to_come(occurred);
        let summary = activity.details.personal.known().map(|words| words.summary.clone());
        let mut details = Details {
            channel: Some(channel),
            mode,
            minutes: lasted.filter(|minutes| *minutes > 0 && !all_day),
            planned,
            ..activity.details.clone()
        };
        if let Some(mut summary) = summary {
            if let Some(place) = long_place {
                let title = self.options.lang.pick("Location", "Место");
                let both = fit(format!("{summary}\n\n{title}: {place}"), Summary::parse);
                activity.note_if(both.whole.is_some(), NoteKind::Shortened);
                summary = both.value.unwrap_or(summary);
            }
            details.personal = Words { summary, place }.into();
        }
        // Once it has taken place, the same row says something new; so it does when others are invited.
        let key = row.key()?;
        let mut version = row.version();
        if planned {
            version.text.push_str(" planned");
        }
        if let Some(invited) = self.known.invited.as_ref().and_then(|invited| invited.get(&key)) {
            let mut keys: Vec<String> = invited.iter().map(RecordKey::to_string).collect();
            keys.sort();
            version.text = format!("{} with {}", version.text, keys.join(" "));
        }
        self.log(row, activity, Log { occurred, details, step: None, done: None, version })
    }

    /// What tasks and events have in common.
    fn common(&mut self, row: &Row<'_>, kind: &str) -> Result<Common, Why> {
        let is_private = row.flag("IsPrivate");
        let key = match row.key() {
            // Nothing of a private row may be written anywhere, not even among the refused ones.
            Err(_) if is_private => return Ok(Common::left_out(NoteKind::PrivateLeftOut)),
            key => key?,
        };
        let thing = self.ids.thing(Slice::Interaction, kind, &key.to_string());
        let past = match self.past(InteractionId::from_uuid(thing.id).into()) {
            Err(_) if is_private => Past::default(),
            past => past?,
        };
        if past.is_newer_than(&row.version(), thing) {
            return Ok(Common::left_out(NoteKind::OlderState));
        }
        if is_private {
            let reason = self.reason("Marked as private in Salesforce", "Помечено в Salesforce как личное")?;
            let mut wishes = self.retraction(row, thing, reason);
            wishes.notes.push(NoteKind::PrivateLeftOut);
            return Ok(Common::Wishes(wishes));
        }
        if row.flag("IsDeleted") {
            return Ok(Common::Wishes(self.retraction(row, thing, self.deleted_reason()?)));
        }
        if past.is_retracted() {
            return Ok(Common::left_out(NoteKind::StaysRetracted));
        }
        let named = [row.reference("WhoId"), row.reference("WhatId")];
        let with_prefix =
            |prefix: &str| named.into_iter().flatten().filter(move |key| key.is(prefix)).collect::<Vec<_>>();
        let people = with_prefix(CONTACT);
        let invited = self.known.invited.as_ref().and_then(|invited| invited.get(&key));
        let invited: Vec<RecordKey> = invited.into_iter().flatten().copied().collect();
        let people: Vec<RecordKey> =
            people.into_iter().chain(invited.iter().copied().filter(|key| key.is(CONTACT))).collect();
        let elsewhere = named.into_iter().flatten().find(|key| !key.is(ACCOUNT) && !key.is(CONTACT));
        let claimed: Vec<RecordKey> = row.reference("AccountId").into_iter().chain(with_prefix(ACCOUNT)).collect();
        let ids: Vec<ContactId> = people.iter().map(|who| ContactId::from_uuid(self.contact_thing(*who).id)).collect();
        // Where its contact works by now says nothing of where it was: an entry about the same people stays in its account.
        let on_record = || past.details().filter(|known| ids.iter().any(|id| known.contacts.contains(id)))?.account;
        let of_contact = || people.iter().find_map(|who| self.known.contacts.get(who).copied().flatten());
        let account = claimed.iter().find_map(|key| self.account_of(*key)).or_else(on_record).or_else(of_contact);
        if account.is_none() && people.is_empty() {
            return Err(match (claimed.is_empty(), elsewhere) {
                (true, about) => Why::AboutNobody { about: about.map(|key| key.to_string()) },
                (false, _) => Why::Rejected(interaction::Rejection::NoSuchAccount.into()),
            });
        }
        let mut notes = vec![];
        if elsewhere.is_some() {
            notes.push(NoteKind::AboutOtherRecords);
        }
        if account.is_none() && !claimed.is_empty() {
            notes.push(NoteKind::AccountUnknown);
        }
        let summary = summary(row, self.options.lang)?;
        if summary.whole.is_some() || row.has_early_stamp() {
            notes.push(NoteKind::Shortened);
        }
        let summary = summary.value.ok_or(Why::NothingSaid)?;
        // Named even where the same one runs the import: to import is not to take part.
        let owner = self.owner(row);
        let mut contacts = vec![];
        add(&mut contacts, ids);
        let mut colleagues = vec![];
        add(&mut colleagues, owner);
        add(&mut colleagues, invited.iter().filter_map(|key| self.colleague(*key)));
        // Without its file nothing is said of who was invited: who is known to have been there stays.
        if let (None, "event", Some(known)) = (&self.known.invited, kind, past.details()) {
            add(&mut contacts, known.contacts.iter().copied());
            add(&mut colleagues, known.colleagues.iter().copied());
        }
        let details = Details { contacts, colleagues, ..Details::new(Front::Client, account, summary) };
        Ok(Common::Goes(Activity { thing, owner, details, notes }))
    }

    fn retraction(&self, row: &Row<'_>, thing: Thing, reason: Reason) -> Wishes {
        let is_private = row.flag("IsPrivate");
        let retract = interaction::Command::Retract { reason };
        let id = self.ids.change(thing, &row.version(), "retract");
        let command = Command::Interaction(InteractionId::from_uuid(thing.id), retract);
        let request = Request { occurred: row.modified(), ..Request::new(id, command) };
        let ask = Ask::then(request, move |outcome| match outcome {
            Outcome::Rejected(Rejection::Interaction(interaction::Rejection::NoSuchInteraction)) => Next::ignore(),
            Outcome::Rejected(_) | Outcome::Refused(_) if is_private => Next::ignore(),
            Outcome::New | Outcome::Known | Outcome::Quiet | Outcome::Rejected(_) | Outcome::Refused(_) => {
                Next::by_default(outcome)
            }
        });
        Wishes { asks: vec![ask], ..Wishes::default() }
    }

    fn log(&self, row: &Row<'_>, activity: Activity, log: Log) -> Result<Wishes, Why> {
        let thing = activity.thing;
        let entry = Entry {
            id: InteractionId::from_uuid(thing.id),
            log: self.ids.first(thing, &log.version, "log"),
            changes: self.ids.changes(thing, log.version),
            occurred: log.occurred,
            modified: row.modified(),
            done: log.done,
            details: log.details,
            step: log.step,
            rescheduled: self.reason("Changed in Salesforce", "Изменено в Salesforce")?,
        };
        Ok(Wishes { asks: vec![entry.ask()], notes: activity.notes })
    }
}

/// A row that goes into the log, or one whose end is already known.
enum Common {
    Goes(Activity),
    Wishes(Wishes),
}

impl Common {
    fn left_out(note: NoteKind) -> Self {
        Self::Wishes(Wishes::left_out(note))
    }
}

struct Activity {
    thing: Thing,
    owner: Option<ColleagueId>,
    details: Details,
    notes: Vec<NoteKind>,
}

impl Activity {
    fn note_if(&mut self, is_so: bool, note: NoteKind) {
        if is_so && !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// A date before 1900 is not worth the row where another one says when the entry was.
    fn spare<T>(&mut self, date: Result<Option<T>, Why>, is_spare: bool) -> Result<Option<T>, Why> {
        let is_left_out = is_spare && matches!(date, Err(Why::TooLongAgo { .. }));
        self.note_if(is_left_out, NoteKind::Shortened);
        if is_left_out { Ok(None) } else { date }
    }
}

struct Log {
    occurred: Occurred,
    details: Details,
    step: Option<Promised>,
    done: Option<Occurred>,
    version: Version,
}

/// What an open task promises.
#[derive(Clone)]
struct Promised {
    due: Option<Date>,
    owner: Option<ColleagueId>,
    what: Promise,
}

/// One activity on its way into the log.
#[derive(Clone)]
struct Entry {
    id: InteractionId,
    log: CommandId,
    changes: Changes,
    occurred: Occurred,
    modified: Option<Occurred>,
    /// When the task was completed.
    done: Option<Occurred>,
    details: Details,
    step: Option<Promised>,
    rescheduled: Reason,
}

impl Entry {
    fn ask(self) -> Ask {
        let next_steps = self.next_step(0).into_iter().collect();
        let log = interaction::Command::Log { details: self.details.clone(), next_steps };
        Ask::then(self.request(self.log, Some(self.occurred), log), move |outcome| self.after_logging(outcome))
    }

    fn after_logging(self, outcome: Outcome) -> Next {
        match outcome {
            Outcome::New | Outcome::Known => Next::default(),
            Outcome::Quiet => Next::ask(vec![self.settle(0)]),
            Outcome::Rejected(Rejection::Interaction(interaction::Rejection::AlreadyLogged)) => {
                Next::ask(vec![self.clone().correct(), self.settle(0)])
            }
            Outcome::Rejected(_) | Outcome::Refused(_) => self.with_less(outcome, Self::ask),
        }
    }

    fn correct(self) -> Ask {
        let correct = interaction::Command::Correct(self.details.clone());
        let correct = self.request(self.changes.command("correct"), Some(self.occurred), correct);
        Ask::then(correct, move |outcome| match outcome {
            Outcome::New | Outcome::Known | Outcome::Quiet => Next::default(),
            Outcome::Rejected(Rejection::Interaction(interaction::Rejection::IsRetracted)) => {
                Next::ignore().note(NoteKind::StaysRetracted)
            }
            Outcome::Rejected(_) | Outcome::Refused(_) => self.with_less(outcome, Self::correct),
        })
    }

    /// What the export says about others may be wrong; what it says about this one still holds.
    fn with_less(self, outcome: Outcome, ask: impl FnOnce(Self) -> Ask) -> Next {
        let names_both = self.details.account.is_some() && !self.details.contacts.is_empty();
        match outcome {
            Outcome::Rejected(Rejection::Interaction(interaction::Rejection::NoSuchContact)) if names_both => {
                let details = Details { contacts: vec![], ..self.details.clone() };
                Next::ask(vec![ask(Self { details, ..self })]).note(NoteKind::ContactUnknown)
            }
            Outcome::Rejected(Rejection::Interaction(interaction::Rejection::NoSuchAccount)) if names_both => {
                let details = Details { account: None, ..self.details.clone() };
                Next::ask(vec![ask(Self { details, ..self })]).note(NoteKind::AccountUnknown)
            }
            Outcome::Rejected(Rejection::Interaction(interaction::Rejection::TooLong { .. }))
                if self.details.minutes.is_some() =>
            {
                let details = Details { minutes: None, ..self.details.clone() };
                Next::ask(vec![ask(Self { details, ..self })]).note(NoteKind::Shortened)
            }
            Outcome::New | Outcome::Known | Outcome::Quiet | Outcome::Rejected(_) | Outcome::Refused(_) => {
                Next::by_default(outcome)
            }
        }
    }

    /// Brings the nth next step of a known task to what the row says, or goes on to the one after it.
    fn settle(self, n: u32) -> Ask {
        match self.next_step(n) {
            Some(step) => {
                let agree = interaction::Command::AgreeNextStep(step);
                let request = self.request(self.changes.command(&format!("agree {n}")), self.modified, agree);
                Ask::then(request, move |outcome| match outcome {
                    Outcome::Rejected(Rejection::Interaction(interaction::Rejection::StepTaken)) if n < MOST_STEPS => {
                        Next::ask(vec![self.drop_step(n), self.settle(n + 1)])
                    }
                    Outcome::New | Outcome::Known | Outcome::Quiet | Outcome::Rejected(_) | Outcome::Refused(_) => {
                        Next::default()
                    }
                })
            }
            None => {
                let step = self.changes.step(n);
                let finish = interaction::Command::DoNextStep { step };
                let request = self.request(self.changes.command(&format!("do {n}")), self.done, finish);
                Ask::then(request, move |outcome| match outcome {
                    Outcome::Rejected(Rejection::Interaction(interaction::Rejection::StepSettled))
                        if n < MOST_STEPS =>
                    {
                        Next::ask(vec![self.settle(n + 1)])
                    }
                    Outcome::New | Outcome::Known | Outcome::Quiet | Outcome::Rejected(_) | Outcome::Refused(_) => {
                        Next::default()
                    }
                })
            }
        }
    }

    fn drop_step(&self, n: u32) -> Ask {
        let command =
            interaction::Command::DropNextStep { step: self.changes.step(n), reason: self.rescheduled.clone() };
        let request = self.request(self.changes.command(&format!("drop {n}")), self.modified, command);
        // Somebody may have settled it here: then it stays as they left it.
        Ask::then(request, |_| Next::default())
    }

    fn next_step(&self, n: u32) -> Option<Step> {
        let promised = self.step.clone()?;
        let personal = StepWords { what: promised.what }.into();
        Some(Step { step: self.changes.step(n), owner: promised.owner, due: promised.due, personal })
    }

    fn request(&self, id: CommandId, occurred: Option<Occurred>, command: interaction::Command) -> Request {
        Request { occurred, ..Request::new(id, Command::Interaction(self.id, command)) }
    }
}

/// Names each once.
fn add<T: PartialEq>(to: &mut Vec<T>, more: impl IntoIterator<Item = T>) {
    for one in more {
        if !to.contains(&one) {
            to.push(one);
        }
    }
}

/// The day that an appointment is on.
fn day(row: &Row<'_>) -> Result<Option<Date>, Why> {
    for column in ["ActivityDate", "StartDateTime", "ActivityDateTime"] {
        if let Some(day) = row.day(column)? {
            return Ok(Some(day));
        }
    }
    Ok(None)
}

/// The moment that an appointment begins at.
fn start(row: &Row<'_>) -> Result<Option<Timestamp>, Why> {
    match row.moment("StartDateTime")? {
        Some(start) => Ok(Some(start)),
        None => row.moment("ActivityDateTime"),
    }
}

/// Subject and description as one text, the subject on a line of its own. What came of a call stands between them: it
/// is short, and is not cut with a long description.
fn summary(row: &Row<'_>, lang: Lang) -> Result<Fitted<Summary>, Why> {
    let [subject, description] = [row.get("Subject"), row.get("Description")].map(lines);
    let named = || line(row.first(&["Type", "Type__c", "TaskSubtype", "EventSubtype"]));
    let subject = if subject.is_empty() && description.is_empty() { named() } else { subject };
    let result = match line(row.get("CallDisposition")) {
        result if result.is_empty() => result,
        result => format!("{}: {result}", lang.pick("Call result", "Результат звонка")),
    };
    let parts = [subject, result, description].into_iter().filter(|part| !part.is_empty());
    let text = parts.collect::<Vec<_>>().join("\n\n");
    if text.is_empty() { Err(Why::NothingSaid) } else { Ok(fit(text, Summary::parse)) }
}

/// The platform's own word for the kind of activity first, then the company's.
fn channel(row: &Row<'_>) -> Option<Channel> {
    ["TaskSubtype", "EventSubtype", "Type", "Type__c"].iter().find_map(|column| channel_named(row.get(column)))
}

fn channel_named(kind: &str) -> Option<Channel> {
    const WORDS: &[(Channel, &[&str])] = &[
        (Channel::Email, &["mail", "почт", "письм"]),
        (Channel::Video, &["video", "видео", "zoom", "teams", "webex", "skype", "online", "онлайн"]),
        (Channel::Call, &["call", "phone", "звон", "телефон"]),
        (Channel::Message, &["message", "сообщ", "sms", "chat", "чат", "linkedin", "whatsapp", "telegram"]),
        (Channel::Visit, &["visit", "визит", "выезд"]),
        (Channel::Meeting, &["meeting", "встреч", "совещ", "переговор", "demo", "lunch", "обед"]),
        (Channel::Event, &["conference", "webinar", "trade show", "выстав", "конференц", "семинар", "мероприят"]),
    ];
    let kind = kind.to_lowercase();
    WORDS.iter().find(|(_, words)| words.iter().any(|word| kind.contains(word))).map(|(channel, _)| *channel)
}

/// Where the place of an appointment is a link or a service, nobody travels.
fn is_online(place: &str) -> bool {
    let place = place.to_lowercase();
    ["://", "zoom", "teams", "webex", "skype", "google meet", "online", "онлайн", "телемост"]
        .iter()
        .any(|sign| place.contains(sign))
}

fn is_completed(status: &str) -> bool {
    ["completed", "closed", "завершен", "завершён", "завершено", "выполнено", "закрыто"]
        .contains(&status.to_lowercase().as_str())
}

fn minutes_between(start: Timestamp, end: Timestamp) -> Option<u32> {
    let seconds = u64::try_from(end.as_second() - start.as_second()).ok()?;
    u32::try_from(seconds.div_ceil(60)).ok()
}
