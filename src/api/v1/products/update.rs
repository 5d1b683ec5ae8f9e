//! `PATCH /v1/products/{id}`: changes what the catalogue says of a product.

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;

use super::body::{ProductBody, tag_of};
use crate::api::extract::caller::{Caller, may};
use crate::api::extract::{Fields, IfMatch, Parse, Patch, PathId, ValidJson};
use crate::api::problem::Problem;
use crate::api::representation::Representation;
use crate::api::state::ApiState;
use crate::domain::Violation;
use crate::domain::ids::ProductId;
use crate::domain::money::{Amount, Currency};
use crate::domain::product::{Category, Description, ProductChange, ProductName};
use crate::service::products::{self, UpdateProduct};

/// What is to change; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "name": "Stoneware mug, large", "unitAmount": 5400 }))]
pub struct UpdateProductRequest {
    #[serde(default)]
    #[schema(value_type = Option<String>, nullable = false, min_length = 1, max_length = 200, format = "line")]
    name: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>, nullable = false, max_length = 5000, format = "text")]
    description: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>, nullable = false, min_length = 1, max_length = 64, pattern = "^[a-z0-9-]{1,64}$")]
    category: Patch<String>,
    /// In the currency's minor unit.
    #[serde(default)]
    #[schema(value_type = Option<i64>, nullable = false, minimum = 1, maximum = 99_999_999_999_i64)]
    unit_amount: Patch<i64>,
    /// ISO 4217; a new one needs a new `unitAmount`, since its minor unit may be another.
    #[serde(default)]
    #[schema(value_type = Option<String>, nullable = false, min_length = 3, max_length = 3, pattern = "^[A-Z]{3}$")]
    currency: Patch<String>,
    /// `false` archives, `true` puts back on sale.
    #[serde(default)]
    #[schema(value_type = Option<bool>, nullable = false)]
    active: Patch<bool>,
}

impl Parse for UpdateProductRequest {
    type Command = ProductChange;

    fn parse(self, fields: &mut Fields) -> Option<ProductChange> {
        let name = fields.replace("/name", self.name, |text: String| ProductName::parse(&text));
        let description = fields
            .replace("/description", self.description, |text: String| Description::parse(&text));
        let category =
            fields.replace("/category", self.category, |text: String| Category::parse(&text));
        if self.unit_amount == Patch::Keep && self.currency != Patch::Keep {
            let detail = "is required with a new currency";
            fields.fail("/unitAmount", Violation::new("required", detail));
        }
        let unit_amount = fields.replace("/unitAmount", self.unit_amount, Amount::new);
        let currency =
            fields.replace("/currency", self.currency, |code: String| Currency::parse(&code));
        let active = fields.replace("/active", self.active, Ok);
        Some(ProductChange {
            name: name?,
            description: description?,
            category: category?,
            unit_amount: unit_amount?,
            currency: currency?,
            active: active?,
        })
    }
}

/// Change a product
///
/// Orders that exist keep the name and the price they were placed with.
#[utoipa::path(
    patch, path = "/v1/products/{id}", tag = "products", security(("bearer" = ["catalog:write"])),
    request_body = UpdateProductRequest,
    params(
        ("id" = uuid::Uuid, Path, description = "The product's id."),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the product that is to be changed."),
    ),
    responses((status = 200, description = "The product as it is now.", body = ProductBody)),
)]
pub async fn update_product(
    State(state): State<ApiState>,
    caller: Caller<may::WriteCatalog>,
    PathId(id): PathId<ProductId>,
    if_match: IfMatch,
    request: ValidJson<UpdateProductRequest>,
) -> Result<Response, Problem> {
    let expected_version = if_match.version_of(id);
    let command = UpdateProduct { id, change: request.command, expected_version };
    let product = products::update(&state.services, &caller.author, &command).await?;
    let tag = tag_of(&product);
    Ok(Representation::versioned(&ProductBody::from(product), tag)?.personal())
}
