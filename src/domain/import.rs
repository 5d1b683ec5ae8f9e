//! Products that come as a list: what a row of it must say, and what is told of the rows that say something else.

use serde::{Deserialize, Serialize};

use super::Violation;
use super::money::{Amount, Currency, Money};
use super::product::{Category, Description, NewProduct, ProductChange, ProductName, Sku};

/// Refused rows that are told of one by one; all others are counted.
pub const MOST_FAULTS_TOLD: usize = 100;

/// The columns that a list may have, in any order; those that it must have come first.
pub const COLUMNS: [&str; 6] = ["sku", "name", "category", "unitAmount", "currency", "description"];
pub const REQUIRED_COLUMNS: usize = 5;

/// What is wrong with one row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowFault {
    /// The line on which the row begins; the head is line 1.
    pub line: u64,
    /// Where one value is wrong.
    pub column: Option<String>,
    pub code: String,
    pub detail: String,
}

/// What an import has come to so far.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportResult {
    pub created: u64,
    pub updated: u64,
    /// As they were said to be already.
    pub unchanged: u64,
    pub refused: u64,
    /// The first of those, at most [`MOST_FAULTS_TOLD`].
    pub faults: Vec<RowFault>,
}

impl ImportResult {
    pub fn refuse(&mut self, faults: Vec<RowFault>) {
        self.refused += 1;
        let room = MOST_FAULTS_TOLD.saturating_sub(self.faults.len());
        self.faults.extend(faults.into_iter().take(room));
    }
}

/// A row as it stands in the list, its values by column.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListedRow {
    pub line: u64,
    pub sku: String,
    pub name: String,
    pub category: String,
    pub unit_amount: String,
    pub currency: String,
    /// `None` where the list has no such column: then descriptions stay as they are.
    pub description: Option<String>,
}

/// What a row says of a product.
#[derive(Debug, Clone)]
pub struct ListedProduct {
    pub sku: Sku,
    pub name: ProductName,
    pub category: Category,
    pub price: Money,
    pub description: Option<Description>,
}

impl ListedRow {
    /// # Errors
    /// Everything that is wrong with the row.
    pub fn parse(&self) -> Result<ListedProduct, Vec<RowFault>> {
        let mut faults = Vec::new();
        let sku = self.value(&mut faults, "sku", Sku::parse(&self.sku));
        let name = self.value(&mut faults, "name", ProductName::parse(&self.name));
        let category = self.value(&mut faults, "category", Category::parse(&self.category));
        let amount = self.value(&mut faults, "unitAmount", amount(&self.unit_amount));
        let currency = self.value(&mut faults, "currency", Currency::parse(&self.currency));
        let description = match &self.description {
            None => Some(None),
            Some(text) => {
                self.value(&mut faults, "description", Description::parse(text)).map(Some)
            }
        };
        match (sku, name, category, amount, currency, description) {
            (
                Some(sku),
                Some(name),
                Some(category),
                Some(amount),
                Some(currency),
                Some(description),
            ) => Ok(ListedProduct {
                sku,
                name,
                category,
                price: Money { amount, currency },
                description,
            }),
            _ => Err(faults),
        }
    }

    fn value<T>(
        &self,
        faults: &mut Vec<RowFault>,
        column: &str,
        value: Result<T, Violation>,
    ) -> Option<T> {
        value
            .map_err(|violation| {
                faults.push(RowFault {
                    line: self.line,
                    column: Some(column.to_owned()),
                    code: violation.code.to_owned(),
                    detail: violation.detail.into_owned(),
                });
            })
            .ok()
    }
}

impl ListedProduct {
    pub fn into_new(self) -> NewProduct {
        NewProduct {
            sku: self.sku,
            name: self.name,
            description: self.description.unwrap_or_default(),
            category: self.category,
            price: self.price,
        }
    }

    pub fn into_change(self) -> ProductChange {
        ProductChange {
            name: Some(self.name),
            description: self.description,
            category: Some(self.category),
            unit_amount: Some(self.price.amount),
            currency: Some(self.price.currency),
            active: None,
        }
    }
}

/// Whole minor units in plain digits, as everywhere: `19.90` and `1e3` are no amounts.
fn amount(text: &str) -> Result<Amount, Violation> {
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = if plain { text.parse().ok() } else { None };
    let not_whole = || Violation::new("invalid_type", "must be a whole number of minor units");
    Amount::new(number.ok_or_else(not_whole)?)
}

#[cfg(test)]
mod tests {
    use super::{ImportResult, ListedRow, MOST_FAULTS_TOLD};

    fn row() -> ListedRow {
        ListedRow {
            line: 2,
            sku: "MUG-350".to_owned(),
            name: "Mug".to_owned(),
            category: "kitchen".to_owned(),
            unit_amount: "4900".to_owned(),
            currency: "MYR".to_owned(),
            description: None,
        }
    }

    #[test]
    fn everything_that_is_wrong_with_a_row_is_told() {
        assert!(row().parse().is_ok());
        let wrong = ListedRow { unit_amount: "49.00".into(), currency: "myr".into(), ..row() };
        let faults = wrong.parse().unwrap_err();
        let told: Vec<_> = faults
            .iter()
            .map(|fault| (fault.line, fault.column.as_deref().unwrap(), fault.code.as_str()))
            .collect();
        assert_eq!(told, [(2, "unitAmount", "invalid_type"), (2, "currency", "unknown_currency")]);
        for amount in ["", "-1", "+1", "1e3", "0", "99999999999999999999", " 5"] {
            let wrong = ListedRow { unit_amount: amount.to_owned(), ..row() };
            assert!(wrong.parse().is_err(), "{amount}");
        }
    }

    #[test]
    fn refused_rows_are_all_counted_and_the_first_are_told() {
        let mut result = ImportResult::default();
        let faults = ListedRow { sku: String::new(), ..row() }.parse().unwrap_err();
        for _row in 0..250 {
            result.refuse(faults.clone());
        }
        assert_eq!((result.refused, result.faults.len()), (250, MOST_FAULTS_TOLD));
    }
}
