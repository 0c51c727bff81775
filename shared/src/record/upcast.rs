//! Old shapes of events, read as today's. A new field needs only a default, a new meaning a new
//! word; where a shape changes, its version goes up by one and one pure function here says how the
//! shape before it reads. Old golden files are never deleted, so every step stays tested.

use serde_json::{Map, Value};

use crate::ids::Slice;

/// What turns the data of one version of an event into that of the next:
/// (slice, type, the version that it turns into the next one, how), in ascending versions.
pub(super) type Step<'a> = (Slice, &'a str, u8, fn(Value) -> Value);

pub(super) const STEPS: &[Step<'static>] = &[
    (Slice::Account, "designated", 1, reason_is_personal),
    (Slice::Account, "closed", 1, reason_is_personal),
    (Slice::Account, "reopened", 1, reason_is_personal),
];

/// A reason is free text, and free text can name people: it stands in the personal part since version 2.
/// What was written before keeps it open in the log, where nothing is ever changed.
fn reason_is_personal(mut data: Value) -> Value {
    if let Value::Object(fields) = &mut data
        && let Some(reason) = fields.remove("reason")
    {
        fields.insert("personal".into(), Value::Object(Map::from_iter([("reason".into(), reason)])));
    }
    data
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{slice} {kind} has version {version}, but this program knows versions up to {known}: \
     a newer Twofront wrote it, so open it with that one"
)]
pub struct TooNew {
    slice: Slice,
    kind: String,
    version: u8,
    known: u8,
}

/// Today's version of an event, from 1.
pub fn version(slice: Slice, kind: &str) -> u8 {
    version_in(STEPS, slice, kind)
}

/// The data in today's shape.
pub fn upcast(slice: Slice, kind: &str, version: u8, data: Value) -> Result<Value, TooNew> {
    upcast_in(STEPS, slice, kind, version, data)
}

pub(super) fn version_in(steps: &[Step<'_>], slice: Slice, kind: &str) -> u8 {
    let newest = steps.iter().filter(|step| step.0 == slice && step.1 == kind).map(|step| step.2 + 1).max();
    newest.unwrap_or(1)
}

pub(super) fn upcast_in(
    steps: &[Step<'_>],
    slice: Slice,
    kind: &str,
    version: u8,
    data: Value,
) -> Result<Value, TooNew> {
    let known = version_in(steps, slice, kind);
    if version > known {
        return Err(TooNew { slice, kind: kind.to_owned(), version, known });
    }
    let of_this = steps.iter().filter(|step| step.0 == slice && step.1 == kind && step.2 >= version);
    Ok(of_this.fold(data, |data, step| (step.3)(data)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const HISTORY: &[Step<'static>] = &[
        (Slice::Account, "registered", 1, |data| json!({ "title": data["name"] })),
        (Slice::Account, "registered", 2, |data| json!({ "title": data["title"], "lang": "en" })),
        (Slice::Unit, "registered", 1, |_| json!("another slice's step")),
    ];

    #[test]
    fn an_old_shape_takes_every_step_and_a_new_one_none() {
        let read = |version, data| upcast_in(HISTORY, Slice::Account, "registered", version, data);
        let today = json!({ "title": "Northwind", "lang": "en" });
        assert_eq!(read(1, json!({ "name": "Northwind" })), Ok(today.clone()));
        assert_eq!(read(2, json!({ "title": "Northwind" })), Ok(today.clone()));
        assert_eq!(read(3, today.clone()), Ok(today));
    }

    #[test]
    fn a_reason_that_lay_open_reads_as_personal() {
        for kind in ["designated", "closed", "reopened"] {
            let old = json!({ "tier": "key", "reason": "Merged" });
            let new = json!({ "tier": "key", "personal": { "reason": "Merged" } });
            assert_eq!(upcast(Slice::Account, kind, 1, old), Ok(new.clone()));
            assert_eq!(upcast(Slice::Account, kind, 2, new.clone()), Ok(new));
        }
    }

    #[test]
    fn a_shape_of_the_future_is_refused() {
        assert!(upcast_in(HISTORY, Slice::Account, "registered", 4, json!({})).is_err());
        assert!(upcast(Slice::Account, "registered", 200, json!({})).is_err());
    }
}
