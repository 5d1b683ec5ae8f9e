//! The catalogue and its stock.

use till::domain::ids::Id;
use till::domain::page::{PageRequest, PageSize};
use till::domain::product::{Category, ProductChange, ProductFilter, ProductName, SearchText};
use till::domain::stock::{AdjustmentReason, StockDelta};
use till::domain::version::ExpectedVersion;
use till::service::idempotency::Provenance;
use till::service::outcome::{Outcome, Refusal};
use till::service::products::{self, AdjustStock, CreateProduct, ProductError, UpdateProduct};

use crate::support::factories::{customer, keyed, new_product, product};
use crate::support::{author, services};

fn first_page(rows: i64) -> PageRequest {
    PageRequest { size: PageSize::parse(rows).unwrap(), after: None }
}

#[tokio::test]
async fn a_sku_is_taken_once() {
    let test = services().await;
    let someone = customer(&test).await;
    product(&test, "oolong", 1, someone).await;
    let again = CreateProduct { product: new_product("oolong"), initial_stock: None };
    let request = keyed(someone, "again", 1);
    let refused = products::create(&test.services, author(), Some(&request), &again).await.unwrap();
    assert_eq!(refused.outcome, Outcome::Refused(Refusal::SkuTaken));
    let replayed =
        products::create(&test.services, author(), Some(&request), &again).await.unwrap();
    assert_eq!(replayed.outcome, refused.outcome);
    assert!(matches!(replayed.provenance, Provenance::Replayed { .. }));
}

#[tokio::test]
async fn stock_can_not_be_taken_below_nothing() {
    let test = services().await;
    let someone = customer(&test).await;
    let tea = product(&test, "oolong", 5, someone).await;
    let take = |pieces| AdjustStock {
        product_id: tea.id,
        delta: StockDelta::new(pieces).unwrap(),
        reason: AdjustmentReason::parse("broken").unwrap(),
        made_by: someone,
    };
    let refused = products::adjust_stock(&test.services, author(), None, &take(-6)).await.unwrap();
    let shortage = Refusal::InsufficientStock { available: 5 };
    assert_eq!(refused.outcome, Outcome::Refused(shortage));
    let done = products::adjust_stock(&test.services, author(), None, &take(-5)).await.unwrap();
    assert_eq!(done.outcome, Outcome::StockAdjusted { product_id: tea.id, available: 0 });
    assert_eq!(products::find_inventory(&test.services, tea.id).await.unwrap(), 0);
}

#[tokio::test]
async fn a_change_against_an_old_version_is_refused() {
    let test = services().await;
    let tea = product(&test, "oolong", 1, customer(&test).await).await;
    let rename = UpdateProduct {
        id: tea.id,
        change: ProductChange {
            name: Some(ProductName::parse("Dong Ding").unwrap()),
            ..ProductChange::default()
        },
        expected_version: ExpectedVersion::OneOf(vec![1]),
    };
    let changed = products::update(&test.services, author(), &rename).await.unwrap();
    assert_eq!((changed.name.as_str(), changed.version), ("Dong Ding", 2));
    let late = products::update(&test.services, author(), &rename).await;
    assert!(matches!(late, Err(ProductError::PreconditionFailed { version: 2 })), "{late:?}");
}

#[tokio::test]
async fn an_archived_product_is_found_no_more() {
    let test = services().await;
    let tea = product(&test, "oolong", 1, customer(&test).await).await;
    products::archive(&test.services, author(), tea.id, ExpectedVersion::Any).await.unwrap();
    let found = products::find(&test.services, tea.id).await;
    assert!(matches!(found, Err(ProductError::NotFound)), "{found:?}");
    let listed =
        products::list(&test.services, &ProductFilter::default(), first_page(10)).await.unwrap();
    assert!(listed.rows.is_empty());
    assert!(products::list_categories(&test.services).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_search_takes_wildcards_for_what_they_are() {
    let test = services().await;
    let someone = customer(&test).await;
    product(&test, "green_tea", 1, someone).await;
    product(&test, "greenXtea", 1, someone).await;
    let filter = ProductFilter {
        category: Some(Category::parse("tea").unwrap()),
        text: Some(SearchText::parse("N_T").unwrap()),
    };
    let found = products::list(&test.services, &filter, first_page(10)).await.unwrap();
    let skus: Vec<_> = found.rows.iter().map(|row| row.sku.as_str()).collect();
    assert_eq!(skus, ["green_tea"]);
}

#[tokio::test]
async fn pages_show_each_product_once_even_of_one_instant() {
    let test = services().await;
    let someone = customer(&test).await;
    for number in 0..7 {
        product(&test, &format!("tea-{number}"), 1, someone).await;
    }
    let (mut seen, mut page) = (Vec::new(), first_page(3));
    loop {
        let shown = products::list(&test.services, &ProductFilter::default(), page).await.unwrap();
        seen.extend(shown.rows.iter().map(|row| row.id.as_uuid()));
        let Some(next) = shown.next else { break };
        page.after = Some(next);
    }
    let mut distinct = seen.clone();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!((seen.len(), distinct.len()), (7, 7));
    assert_eq!(seen.iter().rev().copied().collect::<Vec<_>>(), distinct);
}
