//! The goods of the demo shop, from `catalogue.tsv`: SKU, category, currency, minor units, name, description.

use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::DemoError;
use crate::domain::ids::ProductId;
use crate::domain::money::{Amount, Currency, Money};
use crate::domain::product::{Category, Description, Product, ProductName, Sku};

const TABLE: &str = include_str!("catalogue.tsv");

/// The first line's id; each next line has the next one, and the examples of the OpenAPI document name them.
const FIRST: u128 = 0x0189_0a5d_ac96_774b_bcce_b302_099a_9001;

/// How long before the demo's present the first of them went on sale.
const ON_SALE_FOR: Duration = Duration::days(60);

/// The goods as they are at the demo's present; the first line is the newest.
///
/// # Errors
/// [`DemoError::Catalogue`] names a line that the domain refuses.
pub(super) fn products(told_at: OffsetDateTime) -> Result<Vec<Product>, DemoError> {
    let numbered = (0_u32..).zip(TABLE.lines());
    numbered
        .map(|(number, line)| {
            product(number, line, told_at).ok_or(DemoError::Catalogue { line: number + 1 })
        })
        .collect()
}

fn product(number: u32, line: &str, told_at: OffsetDateTime) -> Option<Product> {
    let mut columns = line.split('\t');
    let sku = Sku::parse(columns.next()?).ok()?;
    let category = Category::parse(columns.next()?).ok()?;
    let currency = Currency::parse(columns.next()?).ok()?;
    let amount = Amount::new(columns.next()?.parse().ok()?).ok()?;
    let name = ProductName::parse(columns.next()?).ok()?;
    let description = Description::parse(columns.next()?).ok()?;
    let created_at = told_at - ON_SALE_FOR - Duration::minutes(number.into());
    columns.next().is_none().then(|| Product {
        id: ProductId::from(Uuid::from_u128(FIRST + u128::from(number))),
        sku: sku.as_str().to_owned(),
        name: name.as_str().to_owned(),
        description: description.as_str().to_owned(),
        category: category.as_str().to_owned(),
        price: Money { amount, currency },
        active: true,
        version: 1,
        created_at,
        updated_at: created_at,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use time::macros::datetime;

    use super::products;

    #[test]
    fn the_shop_is_large_enough_to_look_like_one() {
        let products = products(datetime!(2026-03-02 12:00 UTC)).unwrap();
        let categories: BTreeSet<_> = products.iter().map(|p| p.category.as_str()).collect();
        let currencies: BTreeSet<_> = products.iter().map(|p| p.price.currency.code()).collect();
        let skus: BTreeSet<_> = products.iter().map(|product| product.sku.as_str()).collect();
        let names: BTreeSet<_> = products.iter().map(|product| product.name.as_str()).collect();
        assert!(products.len() >= 200 && categories.len() >= 8);
        assert_eq!(currencies, BTreeSet::from(["JPY", "KWD", "MYR"]));
        assert_eq!((skus.len(), names.len()), (products.len(), products.len()));
    }
}
