//! `POST /v1/products`: puts something on sale.

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use super::body::ProductBody;
use crate::api::extract::caller::{Caller, may};
use crate::api::extract::{Fields, MaybeKeyedCall, Parse, ValidJson};
use crate::api::openapi::problems;
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::domain::money::{Amount, Currency, Money};
use crate::domain::product::{Category, Description, NewProduct, ProductName, Sku};
use crate::service::idempotency::Answer;
use crate::service::products::{CreateProduct, create};

/// What is to be sold, and for how much.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({
    "sku": "MUG-350", "name": "Stoneware mug", "description": "350 ml", "category": "kitchen",
    "unitAmount": 4900, "currency": "MYR"
}))]
pub struct CreateProductRequest {
    #[schema(min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9._-]{1,64}$")]
    sku: String,
    #[schema(min_length = 1, max_length = 200, format = "line")]
    name: String,
    #[serde(default)]
    #[schema(max_length = 5000, format = "text")]
    description: String,
    #[schema(min_length = 1, max_length = 64, pattern = "^[a-z0-9-]{1,64}$")]
    category: String,
    /// In the currency's minor unit.
    #[schema(minimum = 1, maximum = 99_999_999_999_i64)]
    unit_amount: i64,
    /// ISO 4217.
    #[schema(min_length = 3, max_length = 3, pattern = "^[A-Z]{3}$")]
    currency: String,
}

impl Parse for CreateProductRequest {
    type Command = NewProduct;

    fn parse(self, fields: &mut Fields) -> Option<NewProduct> {
        let sku = fields.parse("/sku", &self.sku, |text| Sku::parse(text));
        let name = fields.parse("/name", &self.name, |text| ProductName::parse(text));
        let description =
            fields.parse("/description", &self.description, |text| Description::parse(text));
        let category = fields.parse("/category", &self.category, |text| Category::parse(text));
        let amount = fields.parse("/unitAmount", self.unit_amount, Amount::new);
        let currency = fields.parse("/currency", &self.currency, |code| Currency::parse(code));
        Some(NewProduct {
            sku: sku?,
            name: name?,
            description: description?,
            category: category?,
            price: Money { amount: amount?, currency: currency? },
        })
    }
}

problems!(CreateProductProblems: SkuTaken);

/// Create a product
///
/// It is for sale at once; its stock begins empty.
#[utoipa::path(
    post, path = "/v1/products", tag = "products", security(("bearer" = ["catalog:write"])),
    request_body = CreateProductRequest,
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters.")),
    responses((status = 201, description = "The product; `Location` names it.", body = ProductBody), CreateProductProblems),
)]
pub async fn create_product(
    State(state): State<ApiState>,
    caller: Caller<may::WriteCatalog>,
    call: MaybeKeyedCall,
    request: ValidJson<CreateProductRequest>,
) -> Result<Answer, Problem> {
    let keyed = call.request(&caller.principal, &request.canonical);
    let command = CreateProduct { product: request.command, initial_stock: None };
    Ok(create(&state.services, &caller.author, keyed.as_ref(), &command).await?)
}
