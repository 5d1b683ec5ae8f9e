//! What the kinds of values in the catalogue's cache are called, how long they serve and how many there may be.

use std::time::Duration;

use super::CatalogueSettings;
use crate::domain::ids::ProductId;
use crate::domain::page::{Page, PageRequest};
use crate::domain::product::{Category, CategoryCount, Product, ProductFilter, SearchText};
use crate::resilience::cache::{CacheSettings, Lifetimes};

const PRODUCTS: &str = "products";
const LISTS: &str = "lists";
const SEARCHES: &str = "searches";
const CATEGORIES: &str = "categories";
const BOUGHT_WITH: &str = "bought_with";
pub const SPACES: &[&str] = &[PRODUCTS, LISTS, SEARCHES, CATEGORIES, BOUGHT_WITH];

/// An id that is no product's is remembered for so long, and so is a page without products.
const ABSENT_LIVES: Duration = Duration::from_secs(10);

/// What was bought together lives so many times as long as everything else.
const BOUGHT_WITH_LIVES: u32 = 10;

pub fn products(settings: &CatalogueSettings) -> CacheSettings<Product> {
    let shared = settings.ttl * 2 + settings.stale;
    kind(PRODUCTS, settings, Some(shared), |_| 1)
}

/// There are many, of many sizes: the shared tier has no room to keep them for long.
pub fn lists(settings: &CatalogueSettings) -> CacheSettings<Page<Product>> {
    kind(LISTS, settings, Some(settings.ttl * 2), weight)
}

/// Anybody may think of any number of them: they are kept apart, and in no shared tier.
pub fn searches(settings: &CatalogueSettings) -> CacheSettings<Page<Product>> {
    let fewer = CatalogueSettings { entries: settings.entries / 4, ..*settings };
    kind(SEARCHES, &fewer, None, weight)
}

pub fn categories(settings: &CatalogueSettings) -> CacheSettings<Vec<CategoryCount>> {
    let shared = settings.ttl * 2 + settings.stale;
    kind(CATEGORIES, settings, Some(shared), |_| 1)
}

pub fn bought_with(settings: &CatalogueSettings) -> CacheSettings<Vec<ProductId>> {
    let longer = CatalogueSettings { ttl: settings.ttl * BOUGHT_WITH_LIVES, ..*settings };
    kind(BOUGHT_WITH, &longer, Some(longer.ttl * 2), |_| 1)
}

fn kind<V>(
    space: &'static str,
    settings: &CatalogueSettings,
    shared_lives: Option<Duration>,
    weight: fn(&V) -> u32,
) -> CacheSettings<V> {
    let (fresh, most) = (signed(settings.ttl), u64::from(settings.entries));
    let lifetimes = Lifetimes {
        fresh,
        stale: fresh,
        rescue: signed(settings.stale),
        absent: signed(ABSENT_LIVES),
    };
    CacheSettings { space, lifetimes, shared_lives, most, weight, most_absent: most / 10 }
}

/// A page counts as many products as it shows.
fn weight(page: &Page<Product>) -> u32 {
    u32::try_from(page.rows.len() + 1).unwrap_or(u32::MAX)
}

fn signed(duration: Duration) -> time::Duration {
    time::Duration::try_from(duration).unwrap_or(time::Duration::MAX)
}

pub fn key_of(id: ProductId) -> String {
    id.to_string()
}

/// The searched text comes last, since it may hold anything.
pub fn list_key(filter: &ProductFilter, page: PageRequest) -> String {
    let category = filter.category.as_ref().map_or("*", Category::as_str);
    let text = filter.text.as_ref().map_or("", SearchText::as_str);
    let after = page.after.map_or_else(String::new, |position| {
        format!("{}.{}", position.created_at.unix_timestamp_nanos(), position.id.simple())
    });
    format!("{category}/{}/{after}/{text}", page.size.rows())
}

#[cfg(test)]
mod tests {
    use super::{PageRequest, ProductFilter, list_key};
    use crate::domain::page::PageSize;
    use crate::domain::product::{Category, SearchText};

    #[test]
    fn two_lists_that_differ_have_two_keys() {
        let page = |rows| PageRequest { size: PageSize::parse(rows).unwrap(), after: None };
        let filter = |category: Option<&str>, text: Option<&str>| ProductFilter {
            category: category.map(|name| Category::parse(name).unwrap()),
            text: text.map(|text| SearchText::parse(text).unwrap()),
        };
        let keys = [
            list_key(&filter(None, None), page(20)),
            list_key(&filter(None, None), page(2)),
            list_key(&filter(Some("tea"), None), page(20)),
            list_key(&filter(None, Some("tea")), page(20)),
            list_key(&filter(None, Some("TEA")), page(20)),
            list_key(&filter(Some("tea"), Some("//")), page(20)),
        ];
        let distinct: std::collections::BTreeSet<_> = keys.iter().collect();
        assert_eq!(distinct.len(), keys.len(), "{keys:?}");
    }
}
