//! What a client attaches to an order or payment: a small map of strings that Till keeps and never reads.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Violation;

/// At most 20 members; names of 1–40 and values of at most 500 characters. Ordered, so that it renders the same each time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Metadata(BTreeMap<String, String>);

impl Metadata {
    /// # Errors
    /// `too_many_items`, `too_long` or `too_short`, with the offending member's name.
    pub fn parse(members: BTreeMap<String, String>) -> Result<Self, Violation> {
        if members.len() > 20 {
            return Err(Violation::new("too_many_items", "must have at most 20 members"));
        }
        for (name, value) in &members {
            if name.is_empty() || name.chars().count() > 40 {
                return Err(Violation::new("too_long", "names must have 1 to 40 characters"));
            }
            if value.chars().count() > 500 {
                return Err(Violation::new("too_long", "values must have at most 500 characters"));
            }
        }
        Ok(Self(members))
    }

    pub fn as_map(&self) -> &BTreeMap<String, String> {
        &self.0
    }
}
