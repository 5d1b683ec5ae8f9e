//! Reads JSON (RFC 8259) into a tree without mercy or guessing; knows no request type and no HTTP.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::pointer;

/// Arrays and objects inside one another.
const MAX_DEPTH: usize = 64;

/// Values of any kind in one text: what a small body may blow up to in memory is bounded.
pub const MAX_NODES: usize = 10_000;

/// How much of a member's name is shown in an error.
const SHOWN_NAME: usize = 60;

#[derive(Debug, thiserror::Error)]
pub enum JsonError {
    /// Not JSON, not UTF-8, nested too deeply, or a member stands there twice.
    #[error(transparent)]
    Malformed(serde_json::Error),
    #[error("more than {MAX_NODES} values")]
    TooManyNodes,
    /// PostgreSQL keeps no NUL in a text; the pointers say where they stand.
    #[error("NUL in {} texts", .0.len())]
    Nul(Vec<String>),
}

/// # Errors
/// See [`JsonError`].
pub fn parse(text: &[u8]) -> Result<Value, JsonError> {
    let nodes = Cell::new(0);
    let mut reader = serde_json::Deserializer::from_slice(text);
    let value = Node { nodes: &nodes, depth: 0 }
        .deserialize(&mut reader)
        .and_then(|value| reader.end().map(|()| value))
        .map_err(|error| {
            if nodes.get() > MAX_NODES {
                JsonError::TooManyNodes
            } else {
                JsonError::Malformed(error)
            }
        })?;
    let mut found = Vec::new();
    find_nul(&value, &mut String::new(), &mut found);
    if found.is_empty() { Ok(value) } else { Err(JsonError::Nul(found)) }
}

fn find_nul(value: &Value, at: &mut String, found: &mut Vec<String>) {
    let length = at.len();
    match value {
        Value::String(text) if text.contains('\0') => found.push(at.clone()),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                pointer::push(at, &index.to_string());
                find_nul(item, at, found);
                at.truncate(length);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                pointer::push(at, name);
                if name.contains('\0') {
                    found.push(at.clone());
                } else {
                    find_nul(member, at, found);
                }
                at.truncate(length);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Reads one value; the recursion ends at `MAX_DEPTH`, long before the stack does.
#[derive(Clone, Copy)]
struct Node<'a> {
    nodes: &'a Cell<usize>,
    depth: usize,
}

impl Node<'_> {
    fn inner<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth >= MAX_DEPTH {
            return Err(E::custom(format_args!("nested deeper than {MAX_DEPTH} levels")));
        }
        Ok(Self { depth: self.depth + 1, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        let nodes = self.nodes.get() + 1;
        self.nodes.set(nodes);
        if nodes > MAX_NODES {
            return Err(D::Error::custom("too many values"));
        }
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        let number = Number::from_f64(value).ok_or_else(|| E::custom("number out of range"))?;
        Ok(Value::Number(number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut items = Vec::new();
        while let Some(item) = access.next_element_seed(inner)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut members = Map::new();
        while let Some(name) = access.next_key::<String>()? {
            if members.contains_key(&name) {
                let shown: String = name.chars().take(SHOWN_NAME).collect();
                return Err(A::Error::custom(format_args!(
                    "the member {shown:?} stands there twice"
                )));
            }
            let member = access.next_value_seed(inner)?;
            members.insert(name, member);
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::{JsonError, parse};

    fn refused(text: impl AsRef<[u8]>) -> JsonError {
        parse(text.as_ref()).unwrap_err()
    }

    #[test]
    fn what_is_not_json_is_malformed() {
        let texts: [&[u8]; 10] = [
            b"",
            b"{",
            b"{} x",
            b"NaN",
            b"[Infinity]",
            b"\xef\xbb\xbf{}",
            b"\"\xff\"",
            br#""\ud800""#,
            b"1e999",
            br#"{"a":1,"b":{"a":1,"\u0061":2}}"#,
        ];
        for text in texts {
            assert!(matches!(refused(text), JsonError::Malformed(_)), "{text:?}");
        }
    }

    #[test]
    fn a_member_that_stands_there_twice_is_named() {
        let error = refused(r#"{"amount":1,"amount":2}"#).to_string();
        assert!(error.contains("\"amount\" stands there twice"), "{error}");
    }

    #[test]
    fn depth_is_bounded_whatever_the_text() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(parse(nested(64).as_bytes()).is_ok());
        assert!(matches!(refused(nested(65)), JsonError::Malformed(_)));
        assert!(matches!(refused("[".repeat(20_000)), JsonError::Malformed(_)));
        assert!(matches!(refused("{\"a\":".repeat(20_000)), JsonError::Malformed(_)));
    }

    #[test]
    fn the_number_of_values_is_bounded() {
        let list = |items: usize| format!("[{}0]", "0,".repeat(items - 1));
        assert!(parse(list(9_999).as_bytes()).is_ok());
        assert!(matches!(refused(list(10_000)), JsonError::TooManyNodes));
    }

    #[test]
    fn every_nul_is_found_in_values_and_names() {
        let text = r#"{"a":["x","\u0000"],"b/c":{"d":"e\u0000"},"f\u0000":1}"#;
        let JsonError::Nul(mut found) = refused(text) else { panic!("accepted") };
        found.sort();
        assert_eq!(found, ["/a/1", "/b~1c/d", "/f\0"]);
    }
}
