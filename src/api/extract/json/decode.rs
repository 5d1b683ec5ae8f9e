//! Decodes a JSON tree into a request type and says of each refused member where it stands; coerces nothing.

use std::fmt::Display;

use serde::de::value::{BorrowedStrDeserializer, StrDeserializer};
use serde::de::{self, DeserializeOwned, DeserializeSeed, IntoDeserializer, Unexpected, Visitor};
use serde_json::{Map, Value};

use super::pointer;
use crate::api::problem::{FieldError, Location, Problem, ProblemCode};
use crate::domain::Violation;

const WHOLE_NUMBER: &str = "must be a whole number, written without quotes, fraction or exponent";

/// From here on a double says nothing about the last digit of a whole number.
const TWO_POW_63: f64 = 9_223_372_036_854_775_808.0;

/// How numbers and booleans are written in the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notation {
    /// As JSON has them.
    Json,
    /// As text: a query knows nothing else.
    Text,
}

/// What was refused, at least one place.
#[derive(Debug, thiserror::Error)]
#[error("{} members refused", .errors.len())]
pub struct DecodeError {
    errors: Vec<FieldError>,
}

impl DecodeError {
    fn at(pointer: impl Into<String>, violation: Violation) -> Self {
        Self { errors: vec![FieldError::new(pointer, violation)] }
    }

    fn invalid_type(detail: &'static str) -> Self {
        Self::at("", Violation::new("invalid_type", detail))
    }

    /// The same error, seen from one step further up.
    fn under(mut self, token: &str) -> Self {
        for error in &mut self.errors {
            error.pointer = pointer::under(token, &error.pointer);
        }
        self
    }

    #[cfg(test)]
    pub fn errors(&self) -> &[FieldError] {
        &self.errors
    }

    /// 422: `unknown_field` where nothing else is wrong.
    pub fn into_problem(self, location: Location) -> Problem {
        let only_unknown = self.errors.iter().all(|error| error.code == "unknown_field");
        let code =
            if only_unknown { ProblemCode::UnknownField } else { ProblemCode::ValidationFailed };
        Problem::new(code).errors(self.errors.into_iter().map(|error| error.found_in(location)))
    }
}

impl de::Error for DecodeError {
    fn custom<T: Display>(message: T) -> Self {
        Self::at("", Violation::new("invalid_value", message.to_string()))
    }

    fn invalid_type(_: Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::at("", Violation::new("invalid_type", format!("must be {expected}")))
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::at("", Violation::new("invalid_value", format!("must be {expected}")))
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        let detail = format!("must be one of {}", expected.join(", "));
        Self::at("", Violation::new("invalid_value", detail))
    }

    fn unknown_field(name: &str, _: &'static [&'static str]) -> Self {
        let violation = Violation::new("unknown_field", "is not a member of this request");
        Self::at(pointer::under(name, ""), violation)
    }

    fn missing_field(name: &'static str) -> Self {
        Self::at(pointer::under(name, ""), Violation::new("required", "is required"))
    }
}

/// # Errors
/// [`DecodeError`] with codes `unknown_field` (all of an object's), `required`, `invalid_type`, `invalid_value` or
/// `out_of_range`.
pub fn decode<T: DeserializeOwned>(value: &Value, notation: Notation) -> Result<T, DecodeError> {
    T::deserialize(Decoder { value, notation })
}

#[derive(Clone, Copy)]
struct Decoder<'de> {
    value: &'de Value,
    notation: Notation,
}

impl<'de> Decoder<'de> {
    fn whole_number(self) -> Result<i128, DecodeError> {
        match (self.value, self.notation) {
            (Value::Number(number), _) => {
                let whole = number.as_i64().map(i128::from).or(number.as_u64().map(i128::from));
                whole.ok_or_else(|| match number.as_f64() {
                    Some(double) if double.abs() >= TWO_POW_63 => {
                        DecodeError::at("", Violation::new("out_of_range", "is too large"))
                    }
                    _ => DecodeError::invalid_type(WHOLE_NUMBER),
                })
            }
            (Value::String(text), Notation::Text) => decimal(text),
            _ => Err(DecodeError::invalid_type(WHOLE_NUMBER)),
        }
    }

    fn object(self) -> Result<&'de Map<String, Value>, DecodeError> {
        self.value.as_object().ok_or_else(|| DecodeError::invalid_type("must be an object"))
    }

    fn members(self, members: &'de Map<String, Value>) -> Members<'de> {
        Members { rest: members.iter(), current: None, notation: self.notation }
    }
}

fn decimal(text: &str) -> Result<i128, DecodeError> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(DecodeError::invalid_type("must be a whole number"));
    }
    text.parse().map_err(|_overflow: std::num::ParseIntError| {
        DecodeError::at("", Violation::new("out_of_range", "is too large"))
    })
}

macro_rules! whole_numbers {
    ($($method:ident $visit:ident $number:ty),+ $(,)?) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
            let number = self.whole_number()?;
            match <$number>::try_from(number) {
                Ok(number) => visitor.$visit(number),
                Err(_outside) => Err(DecodeError::at("", Violation::new(
                    "out_of_range",
                    format!("must be between {} and {}", <$number>::MIN, <$number>::MAX),
                ))),
            }
        }
    )+};
}

impl<'de> de::Deserializer<'de> for Decoder<'de> {
    type Error = DecodeError;

    whole_numbers! {
        deserialize_i8 visit_i8 i8, deserialize_i16 visit_i16 i16, deserialize_i32 visit_i32 i32,
        deserialize_i64 visit_i64 i64, deserialize_i128 visit_i128 i128,
        deserialize_u8 visit_u8 u8, deserialize_u16 visit_u16 u16, deserialize_u32 visit_u32 u32,
        deserialize_u64 visit_u64 u64, deserialize_u128 visit_u128 u128,
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
                (Some(number), ..) => visitor.visit_i64(number),
                (None, Some(number), _) => visitor.visit_u64(number),
                (None, None, Some(number)) => visitor.visit_f64(number),
                (None, None, None) => Err(DecodeError::invalid_type("must be a number")),
            },
            Value::String(text) => visitor.visit_borrowed_str(text),
            Value::Array(_) => self.deserialize_seq(visitor),
            Value::Object(_) => self.deserialize_map(visitor),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match (self.value, self.notation) {
            (Value::Bool(value), _) => visitor.visit_bool(*value),
            (Value::String(text), Notation::Text) if text == "true" => visitor.visit_bool(true),
            (Value::String(text), Notation::Text) if text == "false" => visitor.visit_bool(false),
            _ => Err(DecodeError::invalid_type("must be true or false")),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.value {
            Value::String(text) => visitor.visit_borrowed_str(text),
            _ => Err(DecodeError::invalid_type("must be a string")),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.value {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        let items = self.value.as_array();
        let items = items.ok_or_else(|| DecodeError::invalid_type("must be an array"))?;
        visitor.visit_seq(Items { rest: items.iter().enumerate(), notation: self.notation })
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_map(self.members(self.object()?))
    }

    /// Unknown members are refused whether or not the type says so, and all of them at once.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        let members = self.object()?;
        let unknown: Vec<FieldError> = members
            .keys()
            .filter(|name| !fields.contains(&name.as_str()))
            .flat_map(|name| <DecodeError as de::Error>::unknown_field(name, fields).errors)
            .collect();
        if unknown.is_empty() {
            visitor.visit_map(self.members(members))
        } else {
            Err(DecodeError { errors: unknown })
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        match self.value {
            Value::String(text) => {
                let name: StrDeserializer<'_, DecodeError> = text.as_str().into_deserializer();
                visitor.visit_enum(name)
            }
            _ => Err(DecodeError::invalid_type("must be a string")),
        }
    }

    serde::forward_to_deserialize_any! {
        f32 f64 char bytes byte_buf unit unit_struct tuple tuple_struct identifier ignored_any
    }
}

struct Items<'de> {
    rest: std::iter::Enumerate<std::slice::Iter<'de, Value>>,
    notation: Notation,
}

impl<'de> de::SeqAccess<'de> for Items<'de> {
    type Error = DecodeError;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, DecodeError> {
        let Some((index, value)) = self.rest.next() else { return Ok(None) };
        seed.deserialize(Decoder { value, notation: self.notation })
            .map(Some)
            .map_err(|error| error.under(&index.to_string()))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}

struct Members<'de> {
    rest: serde_json::map::Iter<'de>,
    current: Option<(&'de str, &'de Value)>,
    notation: Notation,
}

impl<'de> de::MapAccess<'de> for Members<'de> {
    type Error = DecodeError;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, DecodeError> {
        let Some((name, value)) = self.rest.next() else { return Ok(None) };
        self.current = Some((name, value));
        seed.deserialize(BorrowedStrDeserializer::new(name)).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<S::Value, DecodeError> {
        let Some((name, value)) = self.current.take() else {
            return Err(de::Error::custom("a value was asked for before its name"));
        };
        seed.deserialize(Decoder { value, notation: self.notation })
            .map_err(|error| error.under(name))
    }
}
