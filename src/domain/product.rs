//! What is for sale: the values of a product and how it is changed.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::Violation;
use super::ids::ProductId;
use super::money::{Amount, Currency, Money};
use super::violation::text;

/// The shop's own article number: 1–64 of `A–Z a–z 0–9 . _ -`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sku(String);

impl Sku {
    /// # Errors
    /// `invalid_format`.
    pub fn parse(input: &str) -> Result<Self, Violation> {
        let valid = (1..=64).contains(&input.len())
            && input.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
        if valid {
            Ok(Self(input.to_owned()))
        } else {
            Err(Violation::new(
                "invalid_format",
                "must be 1 to 64 letters, digits, dots, dashes or underscores",
            ))
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A product's group: 1–64 of `a–z 0–9 -`, so that it reads well in a URL.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Category(String);

impl Category {
    /// # Errors
    /// `invalid_format`.
    pub fn parse(input: &str) -> Result<Self, Violation> {
        let valid = (1..=64).contains(&input.len())
            && input.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if valid {
            Ok(Self(input.to_owned()))
        } else {
            Err(Violation::new(
                "invalid_format",
                "must be 1 to 64 lower-case letters, digits or dashes",
            ))
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// 1–200 characters on one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProductName(String);

impl ProductName {
    /// # Errors
    /// `too_short`, `too_long` or `invalid_character`.
    pub fn parse(input: &str) -> Result<Self, Violation> {
        text(input, 1, 200)?;
        if input.contains(['\n', '\t']) {
            return Err(Violation::new("invalid_character", "must be on one line"));
        }
        Ok(Self(input.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// At most 5000 characters; may be empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Description(String);

impl Description {
    /// # Errors
    /// `too_long` or `invalid_character`.
    pub fn parse(input: &str) -> Result<Self, Violation> {
        text(input, 0, 5000)?;
        Ok(Self(input.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a search looks for: 2–64 characters, anywhere in name or SKU.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchText(String);

impl SearchText {
    /// # Errors
    /// `too_short`, `too_long` or `invalid_character`.
    pub fn parse(input: &str) -> Result<Self, Violation> {
        text(input, 2, 64)?;
        Ok(Self(input.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Product {
    pub id: ProductId,
    pub sku: String,
    pub name: String,
    pub description: String,
    pub category: String,
    pub price: Money,
    /// An inactive (archived) product is out of lists and can't be ordered.
    pub active: bool,
    /// Raised by one with each change; the ETag.
    pub version: i64,
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    pub updated_at: OffsetDateTime,
}

/// A product that is about to be.
#[derive(Debug, Clone)]
pub struct NewProduct {
    pub sku: Sku,
    pub name: ProductName,
    pub description: Description,
    pub category: Category,
    pub price: Money,
}

/// What to change of a product; what is absent stays.
#[derive(Debug, Clone, Default)]
pub struct ProductChange {
    pub name: Option<ProductName>,
    pub description: Option<Description>,
    pub category: Option<Category>,
    pub unit_amount: Option<Amount>,
    pub currency: Option<Currency>,
    pub active: Option<bool>,
}

impl Product {
    /// The product as it is from `now` on; its version rises even where every value stays.
    pub fn apply(mut self, change: ProductChange, now: OffsetDateTime) -> Self {
        if let Some(name) = change.name {
            self.name = name.0;
        }
        if let Some(description) = change.description {
            self.description = description.0;
        }
        if let Some(category) = change.category {
            self.category = category.0;
        }
        self.price.amount = change.unit_amount.unwrap_or(self.price.amount);
        self.price.currency = change.currency.unwrap_or(self.price.currency);
        self.active = change.active.unwrap_or(self.active);
        self.version += 1;
        self.updated_at = now;
        self
    }
}

/// Which products a list shows; all where nothing is asked for.
#[derive(Debug, Clone, Default)]
pub struct ProductFilter {
    pub category: Option<Category>,
    pub text: Option<SearchText>,
}

/// A category and how many active products it has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CategoryCount {
    pub category: Category,
    pub products: i64,
}
