//! `/v1/api-keys`: what a key may do, for how long, and who manages it.

mod create;
mod good;
mod list;
mod rotate;

use serde_json::{Value, json};

use super::shop::{Actor, Shop};
use super::support::Answered;

/// A key and a program that calls with it.
pub struct Made {
    pub id: String,
    pub secret: String,
    pub program: Actor,
}

pub async fn ask(owner: &Actor, wish: &Value) -> Answered {
    owner.post_with("/v1/api-keys", &[], &wish.to_string()).await
}

/// A key of this owner's with these scopes.
pub async fn make(owner: &Actor, scopes: &[&str]) -> Made {
    let answered = ask(owner, &json!({ "name": "A program", "scopes": scopes })).await;
    assert_eq!(answered.status, 201, "{}", answered.text);
    made(owner, &answered)
}

pub fn made(owner: &Actor, answered: &Answered) -> Made {
    let body = answered.json();
    let text = |name: &str| body[name].as_str().unwrap().to_owned();
    let secret = text("secret");
    let program = owner.with_key(&secret);
    Made { id: text("id"), secret, program }
}

/// What is asked of a key with `orders:read`.
pub async fn orders(program: &Actor) -> Answered {
    program.get("/v1/orders").await
}

async fn set_role(shop: &Shop, actor: &Actor, role: &str) {
    let admin = shop.staff("admin").await;
    let path = format!("/v1/users/{}", actor.id);
    let changed = admin.patch(&path, &json!({ "role": role })).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
}
