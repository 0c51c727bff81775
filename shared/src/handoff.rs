//! A handoff: work that one colleague hands to another, or to a unit, for an account. The one who
//! asks has no authority over the one who is asked, so every answer is that person's own.

use std::collections::HashMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::domain::{Context, Model, fingerprint};
use crate::ids::{AccountId, ColleagueId, HandoffId, Stream, UnitId};
use crate::lang::Lang;
use crate::personal::Personal;
use crate::words::{Promise, Reason};

/// Who is asked: one colleague, or a unit, any of whose people can answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Party {
    Colleague(ColleagueId),
    Unit(UnitId),
}

impl From<Party> for Stream {
    fn from(party: Party) -> Self {
        match party {
            Party::Colleague(colleague) => colleague.into(),
            Party::Unit(unit) => unit.into(),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    pub account: AccountId,
    pub to: Party,
    /// By when the result is wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Date>,
    #[serde(default)]
    pub personal: Personal<Words>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Words {
    pub what: Promise,
}

/// Why somebody answered as they did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Why {
    pub reason: Reason,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    pub result: Reason,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// Also anew, after it was declined, returned or withdrawn: then it is one more leg of the same path.
    Offered(Offer),
    Accepted {},
    Declined {
        #[serde(default)]
        personal: Personal<Why>,
    },
    /// Given back by the one who had accepted it.
    Returned {
        #[serde(default)]
        personal: Personal<Why>,
    },
    Completed {
        #[serde(default)]
        personal: Personal<Outcome>,
    },
    /// Somebody above is asked to see to it; they can answer it, take it over and end it as well.
    Escalated {
        to: ColleagueId,
        #[serde(default)]
        personal: Personal<Why>,
    },
    Withdrawn {
        #[serde(default)]
        personal: Personal<Why>,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    Offer(Offer),
    Accept {},
    Decline { reason: Reason },
    Return { reason: Reason },
    Complete { result: Reason },
    Escalate { to: ColleagueId, reason: Reason },
    Withdraw { reason: Reason },
}

impl Offer {
    /// Whether this is what was said, as far as it is known.
    fn is_told_of(&self, said: &Self) -> bool {
        *self == Self { personal: self.personal.as_known(&said.personal), ..said.clone() }
    }
}

fn why(reason: &Reason) -> Personal<Why> {
    Why { reason: reason.clone() }.into()
}

fn outcome(result: &Reason) -> Personal<Outcome> {
    Outcome { result: result.clone() }.into()
}

impl Command {
    /// Whether this is what led to these events: a command that is sent again is known by that.
    pub fn led_to(&self, events: &[&Event]) -> bool {
        match self {
            Self::Offer(offer) => matches!(events, [Event::Offered(was)] if was.is_told_of(offer)),
            Self::Accept {} => matches!(events, [Event::Accepted {}]),
            Self::Decline { reason } => {
                matches!(events, [Event::Declined { personal }] if personal.may_be(&why(reason)))
            }
            Self::Return { reason } => {
                matches!(events, [Event::Returned { personal }] if personal.may_be(&why(reason)))
            }
            Self::Complete { result } => {
                matches!(events, [Event::Completed { personal }] if personal.may_be(&outcome(result)))
            }
            Self::Escalate { to, reason } => {
                matches!(events, [Event::Escalated { to: was, personal }] if was == to && personal.may_be(&why(reason)))
            }
            Self::Withdraw { reason } => {
                matches!(events, [Event::Withdrawn { personal }] if personal.may_be(&why(reason)))
            }
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rejection {
    NoSuchHandoff,
    NoSuchAccount,
    NoSuchParty,
    NothingAsked,
    DayHasPassed,
    ToYourself,
    NotConcerned,
    NotYours,
    AlreadyOffered,
    NotOpen,
    NotAccepted,
    Ended,
}

impl Rejection {
    pub const fn say(&self, lang: Lang) -> &'static str {
        match self {
            Self::NoSuchHandoff => lang.pick("There is no such handoff.", "Такой передачи нет."),
            Self::NoSuchAccount => {
                lang.pick("There is no such account. Choose another one.", "Такого клиента нет. Выберите другого.")
            }
            Self::NoSuchParty => lang.pick(
                "This colleague or unit is not here, or only reads. Choose somebody who can answer.",
                "Этого сотрудника или подразделения нет, или у него только чтение. Выберите того, кто сможет ответить.",
            ),
            Self::NothingAsked => lang.pick("Write what you ask for.", "Напишите, что вы просите сделать."),
            Self::DayHasPassed => lang.pick(
                "That day has passed. Choose one that is still to come, or leave it out.",
                "Этот день уже прошёл. Выберите срок, который ещё не наступил, или оставьте его пустым.",
            ),
            Self::ToYourself => lang.pick(
                "A handoff goes to somebody else. Log a next step for yourself instead.",
                "Передать можно только другому. Для себя запишите следующий шаг.",
            ),
            Self::NotConcerned => lang.pick(
                "This handoff was not offered to you or your unit. Ask the one it was offered to.",
                "Эту передачу предложили не вам и не вашему подразделению. Обратитесь к тому, кому её предложили.",
            ),
            Self::NotYours => lang.pick(
                "Only the one who offered this handoff can do that; where they have left, the account's manager or whoever leads.",
                "Это может сделать только тот, кто предложил передачу, а если его уже нет — менеджер клиента или руководитель.",
            ),
            Self::AlreadyOffered => lang.pick(
                "This handoff is already offered and waits for an answer. Withdraw it first.",
                "Эта передача уже предложена и ждёт ответа. Сначала отзовите её.",
            ),
            Self::NotOpen => lang.pick(
                "Somebody has already answered this handoff. Look at how it stands now.",
                "На эту передачу уже ответили. Посмотрите, как она выглядит сейчас.",
            ),
            Self::NotAccepted => lang.pick(
                "This handoff must be accepted first, and only the one who accepted it can complete or return it.",
                "Сначала передачу нужно принять; завершить или вернуть её может только тот, кто её принял.",
            ),
            Self::Ended => {
                lang.pick("This handoff has ended. Offer a new one.", "Эта передача завершена. Предложите новую.")
            }
        }
    }
}

/// All handoffs as they stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Handoffs(HashMap<HandoffId, Handoff>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Handoff {
    account: AccountId,
    from: ColleagueId,
    to: Party,
    offer: u64,
    escalated: Vec<ColleagueId>,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Offered,
    Accepted { by: ColleagueId },
    Declined { by: ColleagueId },
    Returned { by: ColleagueId },
    Completed { by: ColleagueId },
    Withdrawn,
}

impl Handoffs {
    pub fn exists(&self, handoff: HandoffId) -> bool {
        self.0.contains_key(&handoff)
    }

    pub(crate) fn evolve(&mut self, id: HandoffId, event: &Event, context: &Context) {
        if let Event::Offered(offer) = event {
            let anew = Handoff {
                account: offer.account,
                from: context.by,
                to: offer.to,
                offer: fingerprint(offer),
                escalated: vec![],
                stage: Stage::Offered,
            };
            self.0.insert(id, anew);
            return;
        }
        let Some(handoff) = self.0.get_mut(&id) else { return };
        let by = context.by;
        match event {
            Event::Offered(_) => {}
            Event::Accepted {} => handoff.stage = Stage::Accepted { by },
            Event::Declined { .. } => handoff.stage = Stage::Declined { by },
            Event::Returned { .. } => handoff.stage = Stage::Returned { by },
            Event::Completed { .. } => handoff.stage = Stage::Completed { by },
            Event::Escalated { to, .. } => handoff.escalated.push(*to),
            Event::Withdrawn { .. } => handoff.stage = Stage::Withdrawn,
        }
    }
}

impl Handoff {
    /// Whether somebody can answer it: who is asked, or whom it was escalated to. The one who asks never
    /// answers what they asked themselves.
    fn concerns(&self, colleague: ColleagueId, model: &Model) -> Result<(), Rejection> {
        let asked = match self.to {
            Party::Colleague(one) => one == colleague,
            Party::Unit(unit) => model.colleagues().unit(colleague) == Some(unit),
        };
        if self.from == colleague {
            Err(Rejection::ToYourself)
        } else if asked || self.escalated.contains(&colleague) {
            Ok(())
        } else {
            Err(Rejection::NotConcerned)
        }
    }

    /// Whether somebody speaks for the one who asks: they themselves or, where they cannot act any more,
    /// the account's manager or whoever leads.
    fn speaks(&self, colleague: ColleagueId, model: &Model) -> bool {
        let colleagues = model.colleagues();
        let stands_in = || model.accounts().kam(self.account) == Some(colleague) || colleagues.leads(colleague);
        self.from == colleague || (!colleagues.can_act(self.from) && stands_in())
    }

    /// Whether somebody can end what was accepted: who accepted it, or whom it was escalated to.
    fn holds(&self, accepted_by: ColleagueId, colleague: ColleagueId) -> bool {
        accepted_by == colleague || self.escalated.contains(&colleague)
    }
}

impl Event {
    /// The other things that this event names.
    pub fn mentions(&self) -> Vec<Stream> {
        match self {
            Self::Offered(offer) => vec![offer.account.into(), offer.to.into()],
            Self::Escalated { to, .. } => vec![(*to).into()],
            Self::Accepted {}
            | Self::Declined { .. }
            | Self::Returned { .. }
            | Self::Completed { .. }
            | Self::Withdrawn { .. } => vec![],
        }
    }
}

impl Offer {
    fn check(&self, context: &Context, model: &Model) -> Result<(), Rejection> {
        let by = context.by;
        if self.personal.known().is_none() {
            return Err(Rejection::NothingAsked);
        }
        if !model.accounts().exists(self.account) {
            return Err(Rejection::NoSuchAccount);
        }
        let here = match self.to {
            Party::Colleague(colleague) if colleague == by => return Err(Rejection::ToYourself),
            Party::Colleague(colleague) => model.colleagues().can_act(colleague),
            Party::Unit(unit) => model.units().exists(unit),
        };
        if !here {
            return Err(Rejection::NoSuchParty);
        }
        if self.is_for_the_past(context) { Err(Rejection::DayHasPassed) } else { Ok(()) }
    }

    /// Whether its day was over before it was offered, also where it is still yesterday. What an import brings
    /// was agreed elsewhere and stands as it was.
    fn is_for_the_past(&self, context: &Context) -> bool {
        let day = context.occurred.day();
        let earliest = day.yesterday().unwrap_or(day);
        context.batch.is_none() && self.due.is_some_and(|due| due < earliest)
    }
}

pub fn decide(id: HandoffId, command: &Command, context: &Context, model: &Model) -> Result<Vec<Event>, Rejection> {
    let by = context.by;
    let known = model.handoffs().0.get(&id);
    if let Command::Offer(offer) = command {
        let stage = known.map(|handoff| (handoff.stage, handoff.offer, handoff.speaks(by, model)));
        return match stage {
            Some((Stage::Offered, had, _)) if had == fingerprint(offer) => Ok(vec![]),
            Some((Stage::Offered | Stage::Accepted { .. }, ..)) => Err(Rejection::AlreadyOffered),
            Some((Stage::Completed { .. }, ..)) => Err(Rejection::Ended),
            Some((Stage::Declined { .. } | Stage::Returned { .. } | Stage::Withdrawn, _, false)) => {
                Err(Rejection::NotYours)
            }
            Some((Stage::Declined { .. } | Stage::Returned { .. } | Stage::Withdrawn, _, true)) | None => {
                offer.check(context, model)?;
                Ok(vec![Event::Offered(offer.clone())])
            }
        };
    }
    let handoff = known.ok_or(Rejection::NoSuchHandoff)?;
    let mine = || {
        if handoff.speaks(by, model) { Ok(()) } else { Err(Rejection::NotYours) }
    };
    let event = match command {
        Command::Offer(_) => return Ok(vec![]),
        Command::Accept {} => {
            handoff.concerns(by, model)?;
            match handoff.stage {
                Stage::Offered => Event::Accepted {},
                Stage::Accepted { by: one } if one == by => return Ok(vec![]),
                // Whoever is asked to see to it can take it over, wherever it is stuck.
                Stage::Accepted { .. } | Stage::Declined { .. } | Stage::Returned { .. }
                    if handoff.escalated.contains(&by) =>
                {
                    Event::Accepted {}
                }
                Stage::Accepted { .. }
                | Stage::Declined { .. }
                | Stage::Returned { .. }
                | Stage::Completed { .. }
                | Stage::Withdrawn => return Err(Rejection::NotOpen),
            }
        }
        Command::Decline { reason } => {
            handoff.concerns(by, model)?;
            match handoff.stage {
                Stage::Offered => Event::Declined { personal: why(reason) },
                Stage::Declined { by: one } if one == by => return Ok(vec![]),
                Stage::Accepted { .. }
                | Stage::Declined { .. }
                | Stage::Returned { .. }
                | Stage::Completed { .. }
                | Stage::Withdrawn => return Err(Rejection::NotOpen),
            }
        }
        Command::Return { reason } => match handoff.stage {
            Stage::Accepted { by: one } if handoff.holds(one, by) => Event::Returned { personal: why(reason) },
            Stage::Returned { by: one } if one == by => return Ok(vec![]),
            Stage::Completed { .. } | Stage::Withdrawn => return Err(Rejection::Ended),
            Stage::Offered | Stage::Accepted { .. } | Stage::Declined { .. } | Stage::Returned { .. } => {
                return Err(Rejection::NotAccepted);
            }
        },
        Command::Complete { result } => match handoff.stage {
            Stage::Accepted { by: one } if handoff.holds(one, by) => Event::Completed { personal: outcome(result) },
            Stage::Completed { by: one } if one == by => return Ok(vec![]),
            Stage::Completed { .. } | Stage::Withdrawn => return Err(Rejection::Ended),
            Stage::Offered | Stage::Accepted { .. } | Stage::Declined { .. } | Stage::Returned { .. } => {
                return Err(Rejection::NotAccepted);
            }
        },
        Command::Escalate { to, reason } => {
            mine()?;
            match handoff.stage {
                Stage::Offered | Stage::Accepted { .. } | Stage::Declined { .. } | Stage::Returned { .. } => {}
                Stage::Completed { .. } | Stage::Withdrawn => return Err(Rejection::Ended),
            }
            if handoff.escalated.contains(to) {
                return Ok(vec![]);
            }
            if *to == by {
                return Err(Rejection::ToYourself);
            }
            if !model.colleagues().can_act(*to) {
                return Err(Rejection::NoSuchParty);
            }
            Event::Escalated { to: *to, personal: why(reason) }
        }
        Command::Withdraw { reason } => {
            mine()?;
            match handoff.stage {
                Stage::Offered | Stage::Accepted { .. } | Stage::Declined { .. } | Stage::Returned { .. } => {
                    Event::Withdrawn { personal: why(reason) }
                }
                Stage::Withdrawn => return Ok(vec![]),
                Stage::Completed { .. } => return Err(Rejection::Ended),
            }
        }
    };
    Ok(vec![event])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain;
    use crate::testkit::*;

    fn order(command: Command) -> domain::Command {
        domain::Command::Handoff(HANDOFF, command)
    }

    fn fact(event: Event) -> domain::Event {
        domain::Event::Handoff(HANDOFF, event)
    }

    fn offer(to: Party) -> Offer {
        let what = Promise::parse("Check the customs papers").unwrap();
        Offer { account: NORTHWIND, to, due: None, personal: Words { what }.into() }
    }

    fn why(text: &str) -> Personal<Why> {
        Why { reason: reason(text) }.into()
    }

    /// Kira offered it to the logistics unit, which has Lev in it.
    fn offered() -> Given {
        given(company()).and((KIRA, fact(Event::Offered(offer(Party::Unit(LOGISTICS))))))
    }

    fn accepted() -> Given {
        offered().and((LEV, fact(Event::Accepted {})))
    }

    #[test]
    fn work_is_offered_once() {
        let ask = |to| order(Command::Offer(offer(to)));
        given(company())
            .when(KIRA, ask(Party::Colleague(LEV)))
            .then([fact(Event::Offered(offer(Party::Colleague(LEV))))]);
        offered().when(KIRA, ask(Party::Unit(LOGISTICS))).then([]);
        offered().when(KIRA, ask(Party::Colleague(LEV))).then_refused(Rejection::AlreadyOffered);
    }

    #[test]
    fn an_offer_asks_somebody_else_for_something() {
        let refused = |offer: Offer, why| given(company()).when(KIRA, order(Command::Offer(offer))).then_refused(why);
        refused(offer(Party::Colleague(KIRA)), Rejection::ToYourself);
        refused(offer(Party::Unit(UnitId::from_uuid(uuid::Uuid::nil()))), Rejection::NoSuchParty);
        refused(Offer { personal: Personal::Forgotten, ..offer(Party::Unit(LOGISTICS)) }, Rejection::NothingAsked);
        let nowhere = AccountId::from_uuid(uuid::Uuid::nil());
        refused(Offer { account: nowhere, ..offer(Party::Unit(LOGISTICS)) }, Rejection::NoSuchAccount);
    }

    #[test]
    fn nobody_is_asked_for_a_day_that_has_passed() {
        let by_day = |day| Offer { due: Some(day), ..offer(Party::Unit(LOGISTICS)) };
        let [long_ago, yesterday] = [30, 31].map(|day| by_day(jiff::civil::date(2026, 5, day)));
        let ask = |offer: &Offer| order(Command::Offer(offer.clone()));
        given(company()).when(KIRA, ask(&long_ago)).then_refused(Rejection::DayHasPassed);
        given(company()).when(KIRA, ask(&yesterday)).then([fact(Event::Offered(yesterday.clone()))]);
        let declined = offered().and((LEV, fact(Event::Declined { personal: why("No time") })));
        declined.when(KIRA, ask(&long_ago)).then_refused(Rejection::DayHasPassed);
        declined.when(KIRA, ask(&yesterday)).then([fact(Event::Offered(yesterday))]);
        // Sent again when its day has passed, it was offered before.
        given(company()).and((KIRA, fact(Event::Offered(long_ago.clone())))).when(KIRA, ask(&long_ago)).then([]);
    }

    #[test]
    fn an_offer_that_is_told_later_or_imported_keeps_its_day() {
        let old = Offer { due: Some(jiff::civil::date(2026, 3, 8)), ..offer(Party::Unit(LOGISTICS)) };
        let (ask, follows) = (order(Command::Offer(old.clone())), fact(Event::Offered(old)));
        let march = crate::words::Occurred::parse("2026-03-01").unwrap();
        given(company()).when_occurred(KIRA, march, ask.clone()).then([follows.clone()]);
        let start = crate::import::Event::Started {
            system: crate::words::System::parse("salesforce").unwrap(),
            source: label("export of 1 June"),
        };
        let importing = given(company()).and((ADA, domain::Event::Import(BATCH, start)));
        importing.when_in_batch(BATCH, KIRA, ask).then([follows]);
    }

    #[test]
    fn anybody_of_the_unit_can_accept_and_accepting_again_stays_quiet() {
        offered().when(LEV, order(Command::Accept {})).then([fact(Event::Accepted {})]);
        accepted().when(LEV, order(Command::Accept {})).then([]);
    }

    #[test]
    fn a_stranger_cannot_answer() {
        offered().when(MAXIM, order(Command::Accept {})).then_refused(Rejection::NotConcerned);
        offered().when(MAXIM, order(Command::Decline { reason: reason("No") })).then_refused(Rejection::NotConcerned);
        accepted()
            .when(MAXIM, order(Command::Complete { result: reason("Done") }))
            .then_refused(Rejection::NotAccepted);
    }

    #[test]
    fn a_decline_has_a_reason_and_comes_once() {
        let decline = order(Command::Decline { reason: reason("No time this week") });
        let declined = fact(Event::Declined { personal: why("No time this week") });
        offered().when(LEV, decline.clone()).then([declined.clone()]);
        offered().and((LEV, declined)).when(LEV, decline.clone()).then([]);
        accepted().when(LEV, decline).then_refused(Rejection::NotOpen);
    }

    #[test]
    fn only_who_accepted_it_returns_or_completes_it() {
        let give_back = order(Command::Return { reason: reason("Papers are missing") });
        let complete = order(Command::Complete { result: reason("Cleared") });
        offered().when(LEV, complete.clone()).then_refused(Rejection::NotAccepted);
        offered().when(LEV, give_back.clone()).then_refused(Rejection::NotAccepted);
        let returned = fact(Event::Returned { personal: why("Papers are missing") });
        accepted().when(LEV, give_back.clone()).then([returned.clone()]);
        accepted().and((LEV, returned)).when(LEV, give_back).then([]);
        let completed = fact(Event::Completed { personal: Outcome { result: reason("Cleared") }.into() });
        accepted().when(LEV, complete.clone()).then([completed.clone()]);
        let done = accepted().and((LEV, completed));
        done.when(LEV, complete).then([]);
        done.when(KIRA, order(Command::Offer(offer(Party::Colleague(LEV))))).then_refused(Rejection::Ended);
    }

    #[test]
    fn what_came_back_is_offered_anew_by_the_one_who_offered_it() {
        let returned = accepted().and((LEV, fact(Event::Returned { personal: why("Papers are missing") })));
        let anew = offer(Party::Colleague(MAXIM));
        returned.when(KIRA, order(Command::Offer(anew.clone()))).then([fact(Event::Offered(anew.clone()))]);
        returned.when(LEV, order(Command::Offer(anew))).then_refused(Rejection::NotYours);
    }

    #[test]
    fn somebody_it_was_escalated_to_can_answer() {
        let escalate = order(Command::Escalate { to: ADA, reason: reason("Three days without an answer") });
        let escalated = fact(Event::Escalated { to: ADA, personal: why("Three days without an answer") });
        offered().when(KIRA, escalate.clone()).then([escalated.clone()]);
        offered().when(LEV, escalate.clone()).then_refused(Rejection::NotYours);
        let raised = offered().and((KIRA, escalated));
        raised.when(KIRA, escalate).then([]);
        raised.when(ADA, order(Command::Accept {})).then([fact(Event::Accepted {})]);
    }

    /// Kira is moved into the unit that she asked.
    #[test]
    fn nobody_answers_what_they_asked_themselves() {
        let moved = domain::Event::Colleague(KIRA, crate::colleague::Event::Moved { unit: Some(LOGISTICS) });
        let among_them = offered().and((ADA, moved));
        among_them.when(KIRA, order(Command::Accept {})).then_refused(Rejection::ToYourself);
        among_them.when(KIRA, order(Command::Decline { reason: reason("No") })).then_refused(Rejection::ToYourself);
        among_them.when(LEV, order(Command::Accept {})).then([fact(Event::Accepted {})]);
    }

    #[test]
    fn whom_it_was_escalated_to_takes_it_over_wherever_it_is_stuck() {
        let raised = |stuck: &Given| {
            stuck.and((KIRA, fact(Event::Escalated { to: ADA, personal: why("Three days without an answer") })))
        };
        let declined = offered().and((LEV, fact(Event::Declined { personal: why("No time") })));
        let returned = accepted().and((LEV, fact(Event::Returned { personal: why("Papers are missing") })));
        for stuck in [accepted(), declined, returned] {
            stuck.when(ADA, order(Command::Accept {})).then_refused(Rejection::NotConcerned);
            raised(&stuck).when(ADA, order(Command::Accept {})).then([fact(Event::Accepted {})]);
        }
        let taken = raised(&accepted()).and((ADA, fact(Event::Accepted {})));
        taken.when(LEV, order(Command::Complete { result: reason("Done") })).then_refused(Rejection::NotAccepted);
        taken
            .when(ADA, order(Command::Return { reason: reason("No") }))
            .then([fact(Event::Returned { personal: why("No") })]);
        let cleared = Outcome { result: reason("Cleared") };
        let complete = order(Command::Complete { result: reason("Cleared") });
        raised(&accepted()).when(ADA, complete).then([fact(Event::Completed { personal: cleared.into() })]);
        let over = raised(&accepted()).and((KIRA, fact(Event::Withdrawn { personal: why("Not needed") })));
        over.when(ADA, order(Command::Accept {})).then_refused(Rejection::NotOpen);
    }

    #[test]
    fn where_the_asker_has_left_the_account_s_manager_and_who_leads_speak_for_them() {
        let of_maxim = given(company()).and((MAXIM, fact(Event::Offered(offer(Party::Unit(LOGISTICS))))));
        let withdraw = order(Command::Withdraw { reason: reason("Not needed") });
        of_maxim.when(KIRA, withdraw.clone()).then_refused(Rejection::NotYours);
        of_maxim.when(ADA, withdraw.clone()).then_refused(Rejection::NotYours);
        let gone = of_maxim.and((ADA, domain::Event::Colleague(MAXIM, crate::colleague::Event::Left {})));
        let withdrawn = fact(Event::Withdrawn { personal: why("Not needed") });
        for by in [KIRA, ADA] {
            gone.when(by, withdraw.clone()).then([withdrawn.clone()]);
        }
        gone.when(LEV, withdraw).then_refused(Rejection::NotYours);
        let escalate = order(Command::Escalate { to: ADA, reason: reason("No answer") });
        gone.when(KIRA, escalate).then([fact(Event::Escalated { to: ADA, personal: why("No answer") })]);
        let back = gone.and((LEV, fact(Event::Declined { personal: why("No time") })));
        let anew = offer(Party::Colleague(LEV));
        back.when(KIRA, order(Command::Offer(anew.clone()))).then([fact(Event::Offered(anew.clone()))]);
        back.when(LEV, order(Command::Offer(anew))).then_refused(Rejection::NotYours);
    }

    #[test]
    fn what_was_never_offered_is_not_answered() {
        let reason = || reason("Because");
        let commands = [
            Command::Accept {},
            Command::Decline { reason: reason() },
            Command::Return { reason: reason() },
            Command::Complete { result: reason() },
            Command::Escalate { to: ADA, reason: reason() },
            Command::Withdraw { reason: reason() },
        ];
        for command in commands {
            given(company()).when(KIRA, order(command)).then_refused(Rejection::NoSuchHandoff);
        }
    }

    #[test]
    fn what_has_ended_is_not_escalated_and_nothing_is_to_oneself_or_to_nobody() {
        let escalate = |to| order(Command::Escalate { to, reason: reason("No answer") });
        let gone = offered().and((KIRA, fact(Event::Withdrawn { personal: why("Not needed") })));
        gone.when(KIRA, escalate(ADA)).then_refused(Rejection::Ended);
        offered().when(KIRA, escalate(KIRA)).then_refused(Rejection::ToYourself);
        let nobody = ColleagueId::from_uuid(uuid::Uuid::nil());
        offered().when(KIRA, escalate(nobody)).then_refused(Rejection::NoSuchParty);
    }

    #[test]
    fn nothing_is_asked_of_somebody_who_only_reads() {
        given(company())
            .when(KIRA, order(Command::Offer(offer(Party::Colleague(NINA)))))
            .then_refused(Rejection::NoSuchParty);
        offered()
            .when(KIRA, order(Command::Escalate { to: NINA, reason: reason("No answer") }))
            .then_refused(Rejection::NoSuchParty);
    }

    #[test]
    fn who_offered_it_withdraws_it_once() {
        let withdraw = order(Command::Withdraw { reason: reason("The client did it") });
        let withdrawn = fact(Event::Withdrawn { personal: why("The client did it") });
        offered().when(KIRA, withdraw.clone()).then([withdrawn.clone()]);
        offered().when(LEV, withdraw.clone()).then_refused(Rejection::NotYours);
        let gone = offered().and((KIRA, withdrawn));
        gone.when(KIRA, withdraw.clone()).then([]);
        let completed = fact(Event::Completed { personal: Outcome { result: reason("Cleared") }.into() });
        accepted().and((LEV, completed)).when(KIRA, withdraw).then_refused(Rejection::Ended);
        gone.when(LEV, order(Command::Accept {})).then_refused(Rejection::NotOpen);
    }
}
