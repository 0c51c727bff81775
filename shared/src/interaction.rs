//! An interaction: people came together, on the client's front or on our own. An account (or a
//! contact) and one line suffice; the rest may follow, as corrections that show what they corrected.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::domain::{Context, Model, SLACK, fingerprint};
use crate::ids::{AccountId, ColleagueId, ContactId, InteractionId, StepId, Stream};
use crate::lang::Lang;
use crate::personal::Personal;
use crate::words::{Channel, Front, Initiator, Mode, Occurred, Place, Promise, Reason, Sentiment, Summary};

/// What was said and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Words {
    pub summary: Summary,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
}

/// Everything about an interaction but when it occurred, which the envelope says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Details {
    #[serde(default)]
    pub front: Front,
    /// `None` where people met and nobody says for which account: then it stands on their own timelines only,
    /// also where they have an account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<Channel>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
    /// How long it took.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minutes: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initiator: Option<Initiator>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contacts: Vec<ContactId>,
    /// Who of ours took part, beside the one who logged it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub colleagues: Vec<ColleagueId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sentiment: Option<Sentiment>,
    /// It was planned, and nobody has said yet that it took place: not a touch.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub planned: bool,
    #[serde(default)]
    pub personal: Personal<Words>,
}

/// A next step that is agreed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    pub step: StepId,
    /// `None`: the one who logged it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<ColleagueId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Date>,
    #[serde(default)]
    pub personal: Personal<StepWords>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepWords {
    pub what: Promise,
}

/// Why something was taken back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Why {
    pub reason: Reason,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    Logged(Details),
    /// The whole of it anew; what it was before stays in the history.
    Corrected(Details),
    Retracted {
        #[serde(default)]
        personal: Personal<Why>,
    },
    NextStepAgreed(Step),
    NextStepDone {
        step: StepId,
    },
    NextStepDropped {
        step: StepId,
        #[serde(default)]
        personal: Personal<Why>,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    Log {
        details: Details,
        #[serde(default)]
        next_steps: Vec<Step>,
    },
    Correct(Details),
    Retract {
        reason: Reason,
    },
    AgreeNextStep(Step),
    DoNextStep {
        step: StepId,
    },
    DropNextStep {
        step: StepId,
        reason: Reason,
    },
}

impl Details {
    /// Whether this is what was said, as far as it is known.
    fn is_told_of(&self, said: &Self) -> bool {
        *self == Self { personal: self.personal.as_known(&said.personal), ..said.clone() }
    }
}

impl Step {
    /// Whether this is what was said, as far as it is known.
    fn is_told_of(&self, said: &Self) -> bool {
        *self == Self { personal: self.personal.as_known(&said.personal), ..said.clone() }
    }
}

fn why(reason: &Reason) -> Personal<Why> {
    Why { reason: reason.clone() }.into()
}

impl Command {
    /// Whether this is what led to these events: a command that is sent again is known by that.
    pub fn led_to(&self, events: &[&Event]) -> bool {
        match self {
            Self::Log { details, next_steps } => {
                let [Event::Logged(was), agreed @ ..] = events else { return false };
                let is_agreed = |(event, step): (&&Event, &Step)| matches!(event, Event::NextStepAgreed(was) if was.is_told_of(step));
                was.is_told_of(details)
                    && agreed.len() == next_steps.len()
                    && agreed.iter().zip(next_steps).all(is_agreed)
            }
            Self::Correct(details) => matches!(events, [Event::Corrected(was)] if was.is_told_of(details)),
            Self::Retract { reason } => {
                matches!(events, [Event::Retracted { personal }] if personal.may_be(&why(reason)))
            }
            Self::AgreeNextStep(step) => matches!(events, [Event::NextStepAgreed(was)] if was.is_told_of(step)),
            Self::DoNextStep { step } => matches!(events, [Event::NextStepDone { step: was }] if was == step),
            Self::DropNextStep { step, reason } => {
                matches!(events, [Event::NextStepDropped { step: was, personal }] if was == step && personal.may_be(&why(reason)))
            }
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rejection {
    AboutNobody,
    NothingSaid,
    NotYet,
    TooLong { minutes: u32 },
    AlreadyLogged,
    NoSuchInteraction,
    NoSuchAccount,
    NoSuchContact,
    NoSuchColleague,
    IsRetracted,
    StepWithoutWords,
    NobodyToDoIt,
    StepTaken,
    NoSuchStep,
    StepSettled,
}

/// Nothing that people call one interaction lasts longer than a month.
const LONGEST_MINUTES: u32 = 31 * 24 * 60;

impl Rejection {
    pub fn say(&self, lang: Lang) -> String {
        let text = match self {
            Self::TooLong { minutes } => {
                return match lang {
                    Lang::En => format!("{minutes} minutes are more than a month. Check the duration."),
                    Lang::Ru => format!("{minutes} мин — это больше месяца. Проверьте длительность."),
                };
            }
            Self::AboutNobody => lang.pick(
                "Say which account or which contact this was with.",
                "Укажите, с каким клиентом или контактом это было.",
            ),
            Self::NothingSaid => {
                lang.pick("Write one line about what happened.", "Напишите хотя бы одну строку о том, что было.")
            }
            Self::NotYet => lang.pick(
                "This day has not come yet. Check the date, or say that it is only planned.",
                "Этот день ещё не наступил. Проверьте дату или отметьте, что это только запланировано.",
            ),
            Self::AlreadyLogged => lang.pick(
                "This entry is already logged with another text. Correct it instead.",
                "Эта запись уже внесена с другим текстом. Исправьте её.",
            ),
            Self::NoSuchInteraction => lang.pick(
                "There is no such entry. Perhaps the import that brought it was taken back.",
                "Такой записи нет. Возможно, загрузку, с которой она пришла, отменили.",
            ),
            Self::NoSuchAccount => {
                lang.pick("There is no such account. Choose another one.", "Такого клиента нет. Выберите другого.")
            }
            Self::NoSuchContact => lang.pick(
                "One of the contacts is not known. Introduce the person first.",
                "Один из контактов не заведён. Сначала заведите его.",
            ),
            Self::NoSuchColleague => lang.pick(
                "One of the colleagues is not known. Choose somebody from the list.",
                "Один из сотрудников не найден. Выберите его из списка.",
            ),
            Self::IsRetracted => lang.pick(
                "This entry was retracted and stays as it is. Log a new one.",
                "Эта запись отозвана и больше не меняется. Внесите новую.",
            ),
            Self::StepWithoutWords => {
                lang.pick("Write what the next step is.", "Напишите, в чём состоит следующий шаг.")
            }
            Self::NobodyToDoIt => lang.pick(
                "The one who should do the next step is not here, or only reads. Choose somebody who can act.",
                "Того, кто должен сделать следующий шаг, здесь нет, или у него только чтение. Выберите другого.",
            ),
            Self::StepTaken => lang.pick(
                "This next step is already agreed with other words. Drop it and agree a new one.",
                "Этот следующий шаг уже согласован в другом виде. Снимите его и согласуйте новый.",
            ),
            Self::NoSuchStep => {
                lang.pick("This entry has no such next step.", "У этой записи нет такого следующего шага.")
            }
            Self::StepSettled => lang.pick(
                "This next step was already settled in another way. Agree a new one if it is still wanted.",
                "Этот следующий шаг уже закрыт иначе. Если он ещё нужен, согласуйте новый.",
            ),
        };
        text.to_owned()
    }
}

/// All interactions as they stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interactions(HashMap<InteractionId, Interaction>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Interaction {
    by: ColleagueId,
    occurred: Occurred,
    /// Whom the import named that brought it; nobody where people wrote it.
    named: BTreeSet<ColleagueId>,
    details: u64,
    retracted: bool,
    steps: BTreeMap<StepId, StepState>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct StepState {
    agreed: u64,
    end: Option<End>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Done,
    Dropped,
}

impl Interactions {
    /// Who logged it.
    pub fn author(&self, interaction: InteractionId) -> Option<ColleagueId> {
        self.0.get(&interaction).map(|interaction| interaction.by)
    }

    /// Whether it came with an import that says this colleague was in it: then it is their entry as well.
    pub fn is_of(&self, interaction: InteractionId, colleague: ColleagueId) -> bool {
        self.0.get(&interaction).is_some_and(|interaction| interaction.named.contains(&colleague))
    }

    /// When it happened, as it was said last.
    pub fn occurred(&self, interaction: InteractionId) -> Option<Occurred> {
        self.0.get(&interaction).map(|interaction| interaction.occurred)
    }

    pub fn exists(&self, interaction: InteractionId) -> bool {
        self.0.contains_key(&interaction)
    }

    pub(crate) fn evolve(&mut self, id: InteractionId, event: &Event, context: &Context) {
        let imported = |details: &Details| context.batch.map(|_| details.colleagues.clone()).unwrap_or_default();
        if let Event::Logged(details) = event {
            self.0.entry(id).or_insert_with(|| Interaction {
                by: context.by,
                occurred: context.occurred,
                named: imported(details).into_iter().collect(),
                details: fingerprint(&(details, context.occurred)),
                retracted: false,
                steps: BTreeMap::new(),
            });
            return;
        }
        let Some(interaction) = self.0.get_mut(&id) else { return };
        let mut end = |step: &StepId, how: End| {
            if let Some(step) = interaction.steps.get_mut(step) {
                step.end.get_or_insert(how);
            }
        };
        match event {
            Event::Logged(_) => {}
            Event::Corrected(details) => {
                interaction.occurred = context.occurred;
                interaction.named.extend(imported(details));
                interaction.details = fingerprint(&(details, context.occurred));
            }
            Event::Retracted { .. } => interaction.retracted = true,
            Event::NextStepAgreed(step) => {
                let agreed = StepState { agreed: fingerprint(step), end: None };
                interaction.steps.entry(step.step).or_insert(agreed);
            }
            Event::NextStepDone { step } => end(step, End::Done),
            Event::NextStepDropped { step, .. } => end(step, End::Dropped),
        }
    }
}

impl Event {
    /// The other things that this event names.
    pub fn mentions(&self) -> Vec<Stream> {
        match self {
            Self::Logged(details) | Self::Corrected(details) => details.mentions(),
            Self::NextStepAgreed(step) => step.owner.iter().map(|&owner| owner.into()).collect(),
            Self::Retracted { .. } | Self::NextStepDone { .. } | Self::NextStepDropped { .. } => vec![],
        }
    }
}

impl Details {
    /// An entry with nothing but its front, account and words.
    pub fn new(front: Front, account: Option<AccountId>, summary: Summary) -> Self {
        Self {
            front,
            account,
            channel: None,
            mode: None,
            minutes: None,
            initiator: None,
            contacts: vec![],
            colleagues: vec![],
            sentiment: None,
            planned: false,
            personal: Personal::Known(Words { summary, place: None }),
        }
    }

    fn mentions(&self) -> Vec<Stream> {
        let account = self.account.iter().map(|&account| account.into());
        let contacts = self.contacts.iter().map(|&contact| contact.into());
        let colleagues = self.colleagues.iter().map(|&colleague| colleague.into());
        account.chain(contacts).chain(colleagues).collect()
    }

    fn check(&self, context: &Context, model: &Model) -> Result<(), Rejection> {
        if self.account.is_none() && self.contacts.is_empty() {
            return Err(Rejection::AboutNobody);
        }
        if self.personal.known().is_none() {
            return Err(Rejection::NothingSaid);
        }
        // What is still to come would be the last touch for ever. Whoever imports says what is only planned.
        let told_here = context.batch.is_none() && !self.planned;
        if told_here && context.occurred.instant().duration_since(context.now) > SLACK {
            return Err(Rejection::NotYet);
        }
        if let Some(minutes) = self.minutes.filter(|minutes| *minutes > LONGEST_MINUTES) {
            return Err(Rejection::TooLong { minutes });
        }
        if self.account.is_some_and(|account| !model.accounts().exists(account)) {
            return Err(Rejection::NoSuchAccount);
        }
        if !self.contacts.iter().all(|&contact| model.contacts().exists(contact)) {
            return Err(Rejection::NoSuchContact);
        }
        // Somebody who has left since can still have been there.
        if !self.colleagues.iter().all(|&colleague| model.colleagues().exists(colleague)) {
            return Err(Rejection::NoSuchColleague);
        }
        Ok(())
    }
}

impl Step {
    fn check(&self, context: &Context, model: &Model) -> Result<(), Rejection> {
        if self.personal.known().is_none() {
            return Err(Rejection::StepWithoutWords);
        }
        let colleagues = model.colleagues();
        // What an import brings was promised elsewhere, also by somebody who has left since.
        let is_known = |owner| colleagues.can_act(owner) || (context.batch.is_some() && colleagues.exists(owner));
        if self.owner.is_some_and(|owner| !is_known(owner)) {
            return Err(Rejection::NobodyToDoIt);
        }
        Ok(())
    }
}

pub fn decide(id: InteractionId, command: &Command, context: &Context, model: &Model) -> Result<Vec<Event>, Rejection> {
    let known = model.interactions().0.get(&id);
    let standing = || {
        let interaction = known.ok_or(Rejection::NoSuchInteraction)?;
        if interaction.retracted { Err(Rejection::IsRetracted) } else { Ok(interaction) }
    };
    let settle = |step: &StepId, how: End, event: Event| {
        let state = standing()?.steps.get(step).ok_or(Rejection::NoSuchStep)?;
        match state.end {
            None => Ok(vec![event]),
            Some(end) if end == how => Ok(vec![]),
            Some(_) => Err(Rejection::StepSettled),
        }
    };
    match command {
        Command::Log { details, next_steps } => match known {
            // The details decide: a retry repeats the next steps as well.
            Some(interaction) if interaction.details == fingerprint(&(details, context.occurred)) => Ok(vec![]),
            Some(_) => Err(Rejection::AlreadyLogged),
            None => {
                details.check(context, model)?;
                next_steps.iter().try_for_each(|step| step.check(context, model))?;
                let distinct: BTreeSet<StepId> = next_steps.iter().map(|step| step.step).collect();
                if distinct.len() < next_steps.len() {
                    return Err(Rejection::StepTaken);
                }
                let steps = next_steps.iter().cloned().map(Event::NextStepAgreed);
                Ok(std::iter::once(Event::Logged(details.clone())).chain(steps).collect())
            }
        },
        Command::Correct(details) => {
            if standing()?.details == fingerprint(&(details, context.occurred)) {
                return Ok(vec![]);
            }
            details.check(context, model)?;
            Ok(vec![Event::Corrected(details.clone())])
        }
        Command::Retract { reason } => {
            if known.ok_or(Rejection::NoSuchInteraction)?.retracted {
                return Ok(vec![]);
            }
            Ok(vec![Event::Retracted { personal: why(reason) }])
        }
        Command::AgreeNextStep(step) => match standing()?.steps.get(&step.step) {
            Some(state) if state.agreed == fingerprint(step) => Ok(vec![]),
            Some(_) => Err(Rejection::StepTaken),
            None => {
                step.check(context, model)?;
                Ok(vec![Event::NextStepAgreed(step.clone())])
            }
        },
        Command::DoNextStep { step } => settle(step, End::Done, Event::NextStepDone { step: *step }),
        Command::DropNextStep { step, reason } => {
            settle(step, End::Dropped, Event::NextStepDropped { step: *step, personal: why(reason) })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain;
    use crate::testkit::*;

    fn order(command: Command) -> domain::Command {
        domain::Command::Interaction(VISIT, command)
    }

    fn fact(event: Event) -> domain::Event {
        domain::Event::Interaction(VISIT, event)
    }

    fn log(details: Details) -> domain::Command {
        order(Command::Log { details, next_steps: vec![] })
    }

    fn entry(line: &str) -> Details {
        Details::new(Front::Client, Some(NORTHWIND), summary(line))
    }

    fn step(what: &str) -> Step {
        let what = Promise::parse(what).unwrap();
        Step { step: STEP, owner: None, due: None, personal: StepWords { what }.into() }
    }

    fn logged() -> Given {
        given(company()).and((KIRA, fact(Event::Logged(entry("Walked the warehouse")))))
    }

    #[test]
    fn an_account_and_one_line_are_enough() {
        given(company())
            .when(KIRA, log(entry("Walked the warehouse")))
            .then([fact(Event::Logged(entry("Walked the warehouse")))]);
    }

    #[test]
    fn logging_it_again_stays_quiet_and_with_another_text_is_refused() {
        logged().when(KIRA, log(entry("Walked the warehouse"))).then([]);
        logged().when(KIRA, log(entry("Another text"))).then_refused(Rejection::AlreadyLogged);
    }

    #[test]
    fn a_next_step_is_agreed_in_the_same_breath() {
        let command = Command::Log { details: entry("Walked"), next_steps: vec![step("Send the plan")] };
        given(company())
            .when(KIRA, order(command))
            .then([fact(Event::Logged(entry("Walked"))), fact(Event::NextStepAgreed(step("Send the plan")))]);
    }

    #[test]
    fn two_next_steps_of_one_breath_are_two() {
        let command = Command::Log { details: entry("Walked"), next_steps: vec![step("Send the plan"), step("Call")] };
        given(company()).when(KIRA, order(command)).then_refused(Rejection::StepTaken);
    }

    #[test]
    fn an_entry_is_about_somebody_and_says_something() {
        let nobody = Details { account: None, ..entry("Hello") };
        given(company()).when(KIRA, log(nobody.clone())).then_refused(Rejection::AboutNobody);
        let with_anna = Details { contacts: vec![ANNA], ..nobody };
        given(company()).when(KIRA, log(with_anna.clone())).then([fact(Event::Logged(with_anna))]);
        let silent = Details { personal: Personal::Forgotten, ..entry("Hello") };
        given(company()).when(KIRA, log(silent)).then_refused(Rejection::NothingSaid);
        let endless = Details { minutes: Some(60 * 24 * 365), ..entry("Hello") };
        given(company()).when(KIRA, log(endless)).then_refused(Rejection::TooLong { minutes: 60 * 24 * 365 });
    }

    #[test]
    fn what_is_still_to_come_is_only_planned() {
        let on = |day| Occurred::parse(day).unwrap();
        let met = || log(entry("Met them"));
        given(company()).when_occurred(KIRA, on("2062-06-01"), met()).then_refused(Rejection::NotYet);
        given(company()).when_occurred(KIRA, on("2026-06-03"), met()).then_refused(Rejection::NotYet);
        let tomorrow = given(company()).when_occurred(KIRA, on("2026-06-02"), met());
        tomorrow.then([fact(Event::Logged(entry("Met them")))]);
        let planned = Details { planned: true, ..entry("Met them") };
        let next_year = given(company()).when_occurred(KIRA, on("2027-06-01"), log(planned.clone()));
        next_year.then([fact(Event::Logged(planned))]);
        let correct = order(Command::Correct(entry("Met them")));
        logged().when_occurred(KIRA, on("2062-06-01"), correct).then_refused(Rejection::NotYet);
    }

    #[test]
    fn everybody_in_it_is_known() {
        let nil = uuid::Uuid::nil();
        let refused = |details, why| given(company()).when(KIRA, log(details)).then_refused(why);
        refused(Details { account: Some(AccountId::from_uuid(nil)), ..entry("x") }, Rejection::NoSuchAccount);
        refused(Details { contacts: vec![ContactId::from_uuid(nil)], ..entry("x") }, Rejection::NoSuchContact);
        refused(Details { colleagues: vec![ColleagueId::from_uuid(nil)], ..entry("x") }, Rejection::NoSuchColleague);
    }

    #[test]
    fn a_correction_is_an_event_of_its_own() {
        let correct = order(Command::Correct(entry("Walked both warehouses")));
        logged().when(KIRA, correct.clone()).then([fact(Event::Corrected(entry("Walked both warehouses")))]);
        logged().when(KIRA, order(Command::Correct(entry("Walked the warehouse")))).then([]);
        given(company()).when(KIRA, correct).then_refused(Rejection::NoSuchInteraction);
    }

    #[test]
    fn a_correction_can_be_of_the_day_alone() {
        let correct = order(Command::Correct(entry("Walked the warehouse")));
        let other_day = Occurred::On("2026-03-01".parse().unwrap());
        logged().when_occurred(KIRA, other_day, correct).then([fact(Event::Corrected(entry("Walked the warehouse")))]);
    }

    #[test]
    fn a_retraction_has_a_reason_and_is_the_end() {
        let retract = order(Command::Retract { reason: reason("Wrong account") });
        let retracted = fact(Event::Retracted { personal: Why { reason: reason("Wrong account") }.into() });
        logged().when(KIRA, retract.clone()).then([retracted.clone()]);
        let gone = logged().and((KIRA, retracted));
        gone.when(KIRA, retract).then([]);
        gone.when(KIRA, order(Command::Correct(entry("x")))).then_refused(Rejection::IsRetracted);
    }

    #[test]
    fn a_next_step_is_done_or_dropped_but_not_both() {
        let agreed = logged().and((KIRA, fact(Event::NextStepAgreed(step("Send the plan")))));
        let done = order(Command::DoNextStep { step: STEP });
        let drop = order(Command::DropNextStep { step: STEP, reason: reason("They have it") });
        agreed.when(KIRA, done.clone()).then([fact(Event::NextStepDone { step: STEP })]);
        let dropped = Event::NextStepDropped { step: STEP, personal: Why { reason: reason("They have it") }.into() };
        agreed.when(KIRA, drop.clone()).then([fact(dropped.clone())]);
        let is_done = agreed.and((KIRA, fact(Event::NextStepDone { step: STEP })));
        is_done.when(KIRA, done.clone()).then([]);
        is_done.when(KIRA, drop.clone()).then_refused(Rejection::StepSettled);
        let is_dropped = agreed.and((KIRA, fact(dropped)));
        is_dropped.when(KIRA, drop).then([]);
        logged().when(KIRA, done).then_refused(Rejection::NoSuchStep);
    }

    #[test]
    fn a_next_step_is_agreed_later_once() {
        let agree = |what| order(Command::AgreeNextStep(step(what)));
        let agreed = fact(Event::NextStepAgreed(step("Call back")));
        logged().when(KIRA, agree("Call back")).then([agreed.clone()]);
        let has_it = logged().and((KIRA, agreed));
        has_it.when(KIRA, agree("Call back")).then([]);
        has_it.when(KIRA, agree("Write back")).then_refused(Rejection::StepTaken);
        for owner in [NINA, ColleagueId::from_uuid(uuid::Uuid::nil())] {
            let of_nobody = order(Command::AgreeNextStep(Step { owner: Some(owner), ..step("x") }));
            logged().when(KIRA, of_nobody).then_refused(Rejection::NobodyToDoIt);
        }
        let wordless = Step { personal: Personal::Forgotten, ..step("x") };
        logged().when(KIRA, order(Command::AgreeNextStep(wordless))).then_refused(Rejection::StepWithoutWords);
    }
}
