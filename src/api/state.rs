//! What handlers are given: the use cases and the few keys the edge itself needs; holds no pool and no client.

use std::sync::Arc;

use super::extract::CursorKey;
use super::limits::Limits;
use super::v1::products::RenderedProducts;
use super::versions::Versions;
use crate::service::Services;
use crate::service::jobs::Jobs;
use crate::service::payments::Payments;
use crate::service::webhooks::Webhooks;

/// Shared by all requests: each takes a copy of the pointer, not one of what stands behind it.
pub type ApiState = Arc<ApiParts>;

#[derive(Debug)]
pub struct ApiParts {
    pub services: Arc<Services>,
    pub payments: Arc<Payments>,
    pub jobs: Arc<Jobs>,
    pub webhooks: Arc<Webhooks>,
    /// How many requests each caller may make.
    pub limits: Arc<Limits>,
    /// What becomes of calls to what is on its way out.
    pub versions: Versions,
    /// Seals the cursors of lists.
    pub cursors: CursorKey,
    /// Products as they were last shown.
    pub rendered_products: RenderedProducts,
}
