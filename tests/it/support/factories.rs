//! People, goods and requests that a test needs but doesn't speak of; made by the use cases wherever there is one.

use till::domain::access::{Credential, Principal, Role};
use till::domain::idempotency::{Fingerprint, IdempotencyKey, KeyedRequest};
use till::domain::ids::{Id, ProductId, UserId};
use till::domain::metadata::Metadata;
use till::domain::money::{Amount, Currency, Money};
use till::domain::order::{PlaceOrder, Quantity, RequestedLine};
use till::domain::permission::{Granted, Permission};
use till::domain::product::{Category, Description, NewProduct, Product, ProductName, Sku};
use till::domain::stock::{AdjustmentReason, StockDelta};
use till::service::outcome::Outcome;
use till::service::products::{self, CreateProduct, InitialStock};
use uuid::Uuid;

use super::{TestServices, author};

/// A customer who can buy but not sign in: the password hash is none.
pub async fn customer(test: &TestServices) -> UserId {
    let id: UserId = test.services.ambient.id();
    sqlx::query(
        "INSERT INTO users (id, email, name, password_hash, role, status, created_at, updated_at)
         VALUES ($1, $2, 'Ada', '', 'customer', 'active', $3, $3)",
    )
    .bind(id.as_uuid())
    .bind(format!("{id}@example.com"))
    .bind(test.services.ambient.now())
    .execute(&*test.services.pool)
    .await
    .unwrap();
    id
}

/// The proof that somebody of this role may do `P`; it stands for no account.
pub fn granted<P: Permission>(role: Role) -> Granted<P> {
    let id = Uuid::nil();
    let scopes = role.scopes();
    let credential = Credential::Session(id.into());
    let principal = Principal { user_id: id.into(), credential, role, scopes };
    principal.granted().unwrap()
}

/// What a shop would say of a product called `sku`, at MYR 19.90.
pub fn new_product(sku: &str) -> NewProduct {
    NewProduct {
        sku: Sku::parse(sku).unwrap(),
        name: ProductName::parse(&format!("Product {sku}")).unwrap(),
        description: Description::default(),
        category: Category::parse("tea").unwrap(),
        price: Money {
            amount: Amount::new(1990).unwrap(),
            currency: Currency::parse("MYR").unwrap(),
        },
    }
}

/// A product with `pieces` in stock, which `made_by` put there.
pub async fn product(test: &TestServices, sku: &str, pieces: i64, made_by: UserId) -> Product {
    let reason = AdjustmentReason::parse("first delivery").unwrap();
    let command = CreateProduct {
        product: new_product(sku),
        initial_stock: StockDelta::new(pieces).ok().map(|delta| InitialStock {
            delta,
            reason,
            made_by,
        }),
    };
    let answer = products::create(&test.services, author(), None, &command).await.unwrap();
    let created = match answer.outcome {
        Outcome::ProductCreated(product) => Some(*product),
        _ => None,
    };
    created.unwrap()
}

/// The wish for some pieces of some products.
pub fn order_of(customer_id: UserId, wanted: &[(ProductId, i64)]) -> PlaceOrder {
    let line = |&(product_id, pieces): &(ProductId, i64)| RequestedLine {
        product_id,
        quantity: Quantity::new(pieces).unwrap(),
    };
    PlaceOrder {
        customer_id,
        lines: wanted.iter().map(line).collect(),
        metadata: Metadata::default(),
    }
}

/// A request under a key; `body` stands for all that a fingerprint covers.
pub fn keyed(principal: UserId, key: &str, body: u8) -> KeyedRequest {
    KeyedRequest {
        principal: principal.as_uuid(),
        key: IdempotencyKey::parse(key).unwrap(),
        fingerprint: Fingerprint([body; 32]),
        request_id: format!("request-{key}-{body}"),
    }
}
