//! Applies a batch of rows in the caller's transaction: a product is created, updated, or left as it is.

use sqlx::PgConnection;

use super::list::Line;
use crate::domain::ambient::Ambient;
use crate::domain::import::{ImportResult, ListedProduct};
use crate::domain::product::Product;
use crate::service::jobs::NotDone;
use crate::service::products::new_product;
use crate::store::StoreError;
use crate::store::error::Constraint;
use crate::store::{products, stock};

pub(super) async fn apply(
    conn: &mut PgConnection,
    ambient: &Ambient,
    batch: &[Line],
    result: &mut ImportResult,
) -> Result<Vec<Product>, NotDone> {
    let mut changed = Vec::new();
    for line in batch {
        let parsed = match line {
            Ok(row) => row.parse(),
            Err(fault) => Err(vec![fault.clone()]),
        };
        match parsed {
            Ok(listed) => changed.extend(put(conn, ambient, listed, result).await?),
            Err(faults) => result.refuse(faults),
        }
    }
    Ok(changed)
}

/// What it is now, where it is another than before.
async fn put(
    conn: &mut PgConnection,
    ambient: &Ambient,
    listed: ListedProduct,
    result: &mut ImportResult,
) -> Result<Option<Product>, NotDone> {
    let Some(before) = products::find_by_sku_for_update(conn, &listed.sku).await? else {
        let product = new_product(ambient, &listed.into_new());
        match products::insert(conn, &product).await {
            Ok(()) => {}
            // Somebody created it this moment: the batch is run again and finds it.
            Err(StoreError::Broken(Constraint::SkuTaken, error)) => {
                return Err(StoreError::Retry(error).into());
            }
            Err(error) => return Err(error.into()),
        }
        stock::insert(conn, product.id, product.created_at).await?;
        result.created += 1;
        return Ok(Some(product));
    };
    if says(&listed, &before) {
        result.unchanged += 1;
        return Ok(None);
    }
    let after = before.apply(listed.into_change(), ambient.now());
    products::update(conn, &after).await?;
    result.updated += 1;
    Ok(Some(after))
}

/// Whether the product is as it is listed.
fn says(listed: &ListedProduct, product: &Product) -> bool {
    listed.name.as_str() == product.name
        && listed.category.as_str() == product.category
        && listed.price == product.price
        && listed.description.as_ref().is_none_or(|text| text.as_str() == product.description)
}
