//! Reading JSON in the browser.

use serde::de::DeserializeOwned;
use serde_json::Value;

/// Reads JSON by way of an untyped value. What is read from text directly is compiled for each type with the whole of a
/// parser; this way the bundle has the parser once.
pub fn read<T: DeserializeOwned>(text: &str) -> Result<T, serde_json::Error> {
    T::deserialize(serde_json::from_str::<Value>(text)?)
}
