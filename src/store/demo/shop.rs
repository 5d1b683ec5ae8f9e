//! The people and goods of the demo, each kind in one statement.

use secrecy::{ExposeSecret, SecretString};
use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::domain::ids::{Id, UserId};
use crate::domain::product::Product;
use crate::domain::user::{PaymentMethod, User};
use crate::store::StoreError;
use crate::store::stock::NewAdjustment;

/// A person of the demo and what signing in is checked against.
#[derive(Debug, Clone)]
pub struct DemoUser {
    pub user: User,
    pub password_hash: SecretString,
}

/// Whether nobody has an account here yet.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.demo.shop.is_without_users", level = "debug", skip_all)]
pub async fn is_without_users(conn: &mut PgConnection) -> Result<bool, StoreError> {
    let none = sqlx::query_scalar!(r#"SELECT NOT EXISTS (SELECT FROM users) AS "none!""#)
        .fetch_one(conn)
        .await?;
    Ok(none)
}

/// # Errors
/// [`crate::store::error::Constraint::EmailTaken`], or the database doesn't answer.
#[expect(trivial_casts, reason = "the query macro takes an array of options by a cast alone")]
#[tracing::instrument(name = "store.demo.shop.insert_users", level = "debug", skip_all)]
pub async fn insert_users(conn: &mut PgConnection, people: &[DemoUser]) -> Result<(), StoreError> {
    let text = |of: fn(&DemoUser) -> &str| people.iter().map(of).map(str::to_owned).collect();
    let time = |of: fn(&User) -> OffsetDateTime| people.iter().map(|p| of(&p.user)).collect();
    let ids: Vec<_> = people.iter().map(|person| person.user.id.as_uuid()).collect();
    let emails: Vec<String> = text(|person| &person.user.email);
    let names: Vec<String> = text(|person| &person.user.name);
    let hashes: Vec<String> = text(|person| person.password_hash.expose_secret());
    let roles: Vec<String> = text(|person| person.user.role.as_str());
    let statuses: Vec<String> = text(|person| person.user.status.as_str());
    let methods: Vec<_> = people
        .iter()
        .map(|person| person.user.default_payment_method.as_ref().map(PaymentMethod::as_str))
        .collect();
    let created: Vec<OffsetDateTime> = time(|user| user.created_at);
    let updated: Vec<OffsetDateTime> = time(|user| user.updated_at);
    sqlx::query!(
        "INSERT INTO users (id, email, name, password_hash, role, status, default_payment_method,
                            email_verified_at, created_at, updated_at)
         SELECT id, email, name, hash, role, status, method, created_at, created_at, updated_at
         FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
                     $7::text[], $8::timestamptz[], $9::timestamptz[])
              AS new (id, email, name, hash, role, status, method, created_at, updated_at)",
        &ids,
        &emails,
        &names,
        &hashes,
        &roles,
        &statuses,
        methods.as_slice() as &[Option<&str>],
        &created,
        &updated
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Products with an empty stock each.
///
/// # Errors
/// [`crate::store::error::Constraint::SkuTaken`], or the database doesn't answer.
#[tracing::instrument(name = "store.demo.shop.insert_products", level = "debug", skip_all)]
pub async fn insert_products(
    conn: &mut PgConnection,
    products: &[Product],
) -> Result<(), StoreError> {
    let text = |of: fn(&Product) -> &str| products.iter().map(of).map(str::to_owned).collect();
    let ids: Vec<_> = products.iter().map(|product| product.id.as_uuid()).collect();
    let skus: Vec<String> = text(|product| &product.sku);
    let names: Vec<String> = text(|product| &product.name);
    let descriptions: Vec<String> = text(|product| &product.description);
    let categories: Vec<String> = text(|product| &product.category);
    let amounts: Vec<_> = products.iter().map(|product| product.price.amount.get()).collect();
    let currencies: Vec<String> = text(|product| product.price.currency.code());
    let created: Vec<_> = products.iter().map(|product| product.created_at).collect();
    sqlx::query!(
        "INSERT INTO products (id, sku, name, description, category, unit_amount, currency, active,
                               created_at, updated_at)
         SELECT id, sku, name, description, category, unit_amount, currency, true, created_at, created_at
         FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[],
                     $7::text[], $8::timestamptz[])
              AS new (id, sku, name, description, category, unit_amount, currency, created_at)",
        &ids,
        &skus,
        &names,
        &descriptions,
        &categories,
        &amounts,
        &currencies,
        &created
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "INSERT INTO stock (product_id, available, updated_at)
         SELECT *, 0, $2 FROM unnest($1::uuid[])",
        &ids,
        products.first().map(|product| product.created_at)
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Keeps why stocks were changed.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.demo.shop.insert_adjustments", level = "debug", skip_all)]
pub async fn insert_adjustments(
    conn: &mut PgConnection,
    adjustments: &[NewAdjustment<'_>],
    made_by: UserId,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    let ids: Vec<_> = adjustments.iter().map(|change| change.id.as_uuid()).collect();
    let products: Vec<_> = adjustments.iter().map(|change| change.product_id.as_uuid()).collect();
    let deltas: Vec<_> = adjustments.iter().map(|change| change.delta.get()).collect();
    let reasons: Vec<_> = adjustments.iter().map(|c| c.reason.as_str().to_owned()).collect();
    sqlx::query!(
        "INSERT INTO stock_adjustments (id, product_id, delta, reason, made_by, created_at)
         SELECT id, product_id, delta, reason, $5, $6
         FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::text[])
              AS new (id, product_id, delta, reason)",
        &ids,
        &products,
        &deltas,
        &reasons,
        made_by.as_uuid(),
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}
