//! A member of a partial change: absent, null and a value are three different things; knows no resource.

use serde::{Deserialize, Deserializer};

use super::fields::Fields;
use crate::domain::Violation;

/// As a member it needs `#[serde(default)]`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Patch<T> {
    /// The member is absent: what is there stays.
    #[default]
    Keep,
    /// The member is null.
    Clear,
    Set(T),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Patch<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match Option::deserialize(deserializer)? {
            Some(value) => Self::Set(value),
            None => Self::Clear,
        })
    }
}

impl Fields {
    /// A value that may be replaced or cleared; `None` if it is there and wrong.
    pub fn patch<I, T>(
        &mut self,
        pointer: &str,
        change: Patch<I>,
        parse: impl FnOnce(I) -> Result<T, Violation>,
    ) -> Option<Patch<T>> {
        match change {
            Patch::Keep => Some(Patch::Keep),
            Patch::Clear => Some(Patch::Clear),
            Patch::Set(value) => self.parse(pointer, value, parse).map(Patch::Set),
        }
    }

    /// A value that may be replaced but not cleared: `Some(None)` if it stays, `None` if it is null or wrong.
    pub fn replace<I, T>(
        &mut self,
        pointer: &str,
        change: Patch<I>,
        parse: impl FnOnce(I) -> Result<T, Violation>,
    ) -> Option<Option<T>> {
        match change {
            Patch::Keep => Some(None),
            Patch::Set(value) => self.parse(pointer, value, parse).map(Some),
            Patch::Clear => {
                self.fail(pointer, Violation::new("invalid_type", "must not be null"));
                None
            }
        }
    }

    /// The same for a value of many parts, each of which is judged by itself.
    pub fn replace_parts<I, T>(
        &mut self,
        pointer: &str,
        change: Patch<I>,
        parse: impl FnOnce(&mut Self, I) -> Option<T>,
    ) -> Option<Option<T>> {
        match change {
            Patch::Set(value) => parse(self, value).map(Some),
            Patch::Keep => Some(None),
            Patch::Clear => self.replace(pointer, Patch::Clear, Ok),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::Patch;
    use crate::api::extract::Fields;
    use crate::api::problem::Location;

    #[derive(Deserialize)]
    struct Change {
        #[serde(default)]
        name: Patch<String>,
    }

    #[test]
    fn absent_null_and_a_value_are_told_apart() {
        let read = |text| serde_json::from_str::<Change>(text).unwrap().name;
        assert_eq!(read("{}"), Patch::Keep);
        assert_eq!(read(r#"{"name":null}"#), Patch::Clear);
        assert_eq!(read(r#"{"name":"Ada"}"#), Patch::Set("Ada".to_owned()));
    }

    #[test]
    fn what_cannot_be_cleared_is_refused_as_null() {
        let mut fields = Fields::new(Location::Body);
        let kept = fields.replace("/name", Patch::<i64>::Keep, Ok);
        let set = fields.replace("/name", Patch::Set(1), Ok);
        assert_eq!((kept, set), (Some(None), Some(Some(1))));
        assert_eq!(fields.replace("/name", Patch::<i64>::Clear, Ok), None);
        assert_eq!(fields.patch("/method", Patch::<i64>::Clear, Ok), Some(Patch::Clear));
        assert!(fields.build(|| Some(())).is_err());
    }
}
