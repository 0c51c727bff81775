//! Reading JSON by way of an untyped value, in which what has named fields stands as an object.
//!
//! What is read from text directly is compiled for each type with the whole of a parser, and serde_json's own way from a
//! [`Value`] reads every struct from a list of its fields too, which nobody writes. Both weigh in the browser
//! (docs/adr/0014-the-bundle-comes-in-pieces.md). Names of fields and keys of maps are texts: what is to be a key says so in
//! its `Deserialize`, as identities do.

use serde::de::value::{MapAccessDeserializer, MapDeserializer, SeqDeserializer};
use serde::de::{DeserializeOwned, Error as _, IntoDeserializer, Unexpected, Visitor};
use serde::{Deserializer, forward_to_deserialize_any};
use serde_json::{Error, Map, Value};

/// Reads a text.
///
/// # Errors
/// When it is no JSON, or not that of this type.
pub fn read<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    from_value(serde_json::from_str(text)?)
}

/// Reads a value.
///
/// # Errors
/// When it is not that of this type.
pub fn from_value<T: DeserializeOwned>(value: Value) -> Result<T, Error> {
    T::deserialize(Named(value))
}

/// A value to read from.
pub(crate) struct Named(pub(crate) Value);

impl Named {
    fn unexpected(&self) -> Unexpected<'_> {
        match &self.0 {
            Value::Null => Unexpected::Unit,
            Value::Bool(value) => Unexpected::Bool(*value),
            Value::Number(number) => number_as_unexpected(number),
            Value::String(text) => Unexpected::Str(text),
            Value::Array(_) => Unexpected::Seq,
            Value::Object(_) => Unexpected::Map,
        }
    }

    #[cold]
    fn refuse<'de, V: Visitor<'de>>(&self, visitor: &V) -> Error {
        Error::invalid_type(self.unexpected(), visitor)
    }
}

fn number_as_unexpected(number: &serde_json::Number) -> Unexpected<'static> {
    let whole = number.as_u64().map(Unexpected::Unsigned).or_else(|| number.as_i64().map(Unexpected::Signed));
    whole.unwrap_or_else(|| Unexpected::Float(number.as_f64().unwrap_or(f64::NAN)))
}

impl IntoDeserializer<'_, Error> for Named {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

fn list<'de, V: Visitor<'de>>(items: Vec<Value>, visitor: V) -> Result<V::Value, Error> {
    let mut items = SeqDeserializer::new(items.into_iter().map(Named));
    let read = visitor.visit_seq(&mut items)?;
    items.end()?;
    Ok(read)
}

fn fields<'de>(object: Map<String, Value>) -> MapDeserializer<'de, impl Iterator<Item = (String, Named)>, Error> {
    MapDeserializer::new(object.into_iter().map(|(name, value)| (name, Named(value))))
}

fn object<'de, V: Visitor<'de>>(object: Map<String, Value>, visitor: V) -> Result<V::Value, Error> {
    let mut fields = fields(object);
    let read = visitor.visit_map(&mut fields)?;
    fields.end()?;
    Ok(read)
}

macro_rules! numbers {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            if let Value::Number(number) = self.0 { number.deserialize_any(visitor) } else { Err(self.refuse(&visitor)) }
        }
    )*};
}

/// Every kind of thing is read from the one kind of value that it is written as.
impl<'de> Deserializer<'de> for Named {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(value),
            Value::Number(number) => number.deserialize_any(visitor),
            Value::String(text) => visitor.visit_string(text),
            Value::Array(items) => list(items, visitor),
            Value::Object(fields) => object(fields, visitor),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_map(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if let Value::Object(fields) = self.0 { object(fields, visitor) } else { Err(self.refuse(&visitor)) }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if let Value::Array(items) = self.0 { list(items, visitor) } else { Err(self.refuse(&visitor)) }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.0 {
            Value::String(variant) => variant.into_deserializer().deserialize_enum(name, variants, visitor),
            Value::Object(object) if object.len() == 1 => {
                visitor.visit_enum(MapAccessDeserializer::new(fields(object)))
            }
            Value::Object(_) => Err(Error::invalid_value(Unexpected::Map, &"map with a single key")),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => Err(self.refuse(&visitor)),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.0.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if let Value::String(text) = self.0 { visitor.visit_string(text) } else { Err(self.refuse(&visitor)) }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_string(visitor)
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_string(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_string(visitor)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if let Value::Bool(value) = self.0 { visitor.visit_bool(value) } else { Err(self.refuse(&visitor)) }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    numbers! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
        deserialize_f32 deserialize_f64
    }

    forward_to_deserialize_any! { bytes byte_buf unit unit_struct }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fmt::Debug;

    use serde::{Deserialize, Serialize};
    use serde_json::json;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Whole {
        text: String,
        #[serde(default)]
        there: Option<i32>,
        list: Vec<u8>,
        pair: (u64, f64),
        by_name: BTreeMap<String, bool>,
        kinds: Vec<Kind>,
        rest: Value,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    enum Kind {
        Bare,
        One(i64),
        Two(char, ()),
        Named { a: u8 },
    }

    fn whole() -> Whole {
        Whole {
            text: "два".into(),
            there: Some(-1),
            list: vec![0, 255],
            pair: (u64::MAX, 0.5),
            by_name: [("a".to_owned(), true)].into(),
            kinds: vec![Kind::Bare, Kind::One(i64::MIN), Kind::Two('ы', ()), Kind::Named { a: 7 }],
            rest: json!({ "a": [null, 1, "b", -2.5] }),
        }
    }

    #[test]
    fn what_was_written_is_read() {
        assert_eq!(read::<Whole>(&serde_json::to_string(&whole()).unwrap()).unwrap(), whole());
    }

    #[test]
    fn a_field_that_may_be_missing_may_be_missing_or_null_and_others_may_be_there() {
        let mut value = serde_json::to_value(whole()).unwrap();
        value["there"] = Value::Null;
        value["unheard of"] = json!([{ "of": [1] }]);
        assert_eq!(from_value::<Whole>(value.clone()).unwrap(), Whole { there: None, ..whole() });
        value.as_object_mut().unwrap().remove("there");
        assert_eq!(from_value::<Whole>(value).unwrap(), Whole { there: None, ..whole() });
    }

    /// The same sentence as serde_json's own, which people have in their logs.
    #[test]
    fn what_is_something_else_is_refused_in_the_usual_words() {
        fn says<T: DeserializeOwned + Debug>(value: Value) {
            let ours = from_value::<T>(value.clone()).unwrap_err().to_string();
            assert_eq!(ours, serde_json::from_value::<T>(value).unwrap_err().to_string());
        }
        for value in [json!(null), json!(true), json!(3), json!(-3), json!(0.5), json!("x")] {
            says::<Whole>(value.clone());
            says::<Vec<u8>>(value);
        }
        for value in [json!([1]), json!({ "a": 1 }), json!(null), json!(2)] {
            says::<String>(value.clone());
            says::<bool>(value);
        }
        says::<u8>(json!(256));
        says::<u8>(json!("1"));
        says::<Kind>(json!("Other"));
        says::<Kind>(json!({ "Other": 1 }));
        says::<Kind>(json!({ "Named": { "a": 1 }, "Bare": null }));
        says::<Kind>(json!({ "Named": {} }));
        says::<Kind>(json!({ "One": "x" }));
        says::<Whole>(json!({ "text": 3 }));
    }

    #[test]
    fn a_struct_is_no_list_of_its_fields() {
        #[derive(Debug, Deserialize)]
        struct Named {
            #[expect(dead_code, reason = "read and looked at no more")]
            a: u8,
        }
        let list = json!([1]);
        assert!(serde_json::from_value::<Named>(list.clone()).is_ok());
        let why = from_value::<Named>(list).unwrap_err().to_string();
        assert_eq!(why, "invalid type: sequence, expected struct Named");
    }
}
