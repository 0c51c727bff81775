//! What crosses the door when somebody asks for something, and what they get back. The browser, the
//! importers and other programs all ask in this form.

use serde::{Deserialize, Serialize};

use crate::domain::Command;
use crate::ids::{CommandId, EventRef, Stream};
use crate::words::Occurred;

/// A command with what its sender knows about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// The sender's own: sent again, it gets the first answer. One that had come true already, and so recorded nothing, is
    /// decided anew.
    pub id: CommandId,
    #[serde(flatten)]
    pub command: Command,
    /// `None`: it happens as it is recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occurred: Option<Occurred>,
    /// The event that led to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<EventRef>,
    /// How far the sender's screen had seen the streams that it decided by. If one has moved on
    /// since, the command is refused and the answer shows what changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expects: Vec<Seen>,
}

/// The most streams that one command may expect something of: no screen decides by more.
pub const MOST_EXPECTED: usize = 64;

/// A stream as far as somebody saw it: 0 where it did not exist yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Seen {
    pub stream: Stream,
    pub revision: u64,
}

/// What became of a command: the events that it led to are durable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    pub command: CommandId,
    /// How far the log reached when it was answered: a view at this position shows the result.
    pub position: u64,
    /// None where it had already come true.
    pub events: Vec<EventRef>,
    /// It had been sent before, and this is the first answer.
    pub duplicate: bool,
}

impl Request {
    pub const fn new(id: CommandId, command: Command) -> Self {
        Self { id, command, occurred: None, cause: None, expects: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handoff;
    use crate::testkit::*;

    #[test]
    fn a_request_reads_back_what_it_wrote() {
        let request = Request {
            occurred: Some(Occurred::At(NOON)),
            cause: Some(Stream::from(VISIT).first()),
            expects: vec![Seen { stream: HANDOFF.into(), revision: 1 }],
            ..Request::new(
                CommandId::from_uuid(uuid::Uuid::from_u128(1)),
                Command::Handoff(HANDOFF, handoff::Command::Accept {}),
            )
        };
        let json = serde_json::to_string(&request).unwrap();
        assert_eq!(serde_json::from_str::<Request>(&json).unwrap(), request);
    }
}
