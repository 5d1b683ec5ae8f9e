//! Use cases of the catalogue and its stock; who may call them is decided by the caller.

mod adjust_stock;
mod archive;
mod catalogue;
mod create;
mod error;
mod read;
mod update;

pub use adjust_stock::{AdjustStock, adjust_stock};
pub use archive::archive;
pub(in crate::service) use catalogue::Changed;
pub use catalogue::{Catalogue, CatalogueError, CatalogueSettings};
pub(in crate::service) use create::new_product;
pub use create::{CreateProduct, InitialStock, create};
pub use error::ProductError;
pub use read::{
    MOST_CATEGORIES, find, find_inventory, list, list_categories, list_recommendations,
};
pub use update::{UpdateProduct, update};
