//! The policy table against every operation of the OpenAPI document: each scope alone, in the hands of each role, as a
//! token and as an API key; a new operation is covered by itself.

use serde_json::Value;
use till::domain::access::{Role, Scope};
use till::domain::ids::Id;

use super::api_keys::make;
use super::document::{Operation, operations};
use super::shop::{Actor, Shop};
use super::support::Answered;

/// Operations that a customer may not do whatever their scopes: they say 403 `forbidden`.
const STAFF_ONLY: [&str; 1] = ["fulfil_order"];

/// They take away who tries them; what they ask for is tried where it is refused.
pub const END_THEIR_CALLER: [&str; 2] = ["delete_me", "revoke_all"];

const ROLES: [Role; 3] = [Role::Customer, Role::Support, Role::Admin];

/// What the policy says of somebody who holds one scope.
#[derive(Debug, PartialEq)]
enum Verdict {
    May,
    Lacks(String),
    IsNoStaff,
}

fn verdict(operation: &Operation, role: Role, held: Scope) -> Verdict {
    let wanted = operation.scopes().unwrap().into_iter().next();
    match wanted {
        Some(wanted) if wanted != held.as_str() || !role.scopes().contains(held) => {
            Verdict::Lacks(wanted)
        }
        _ if operation.is_one_of(&STAFF_ONLY) && !role.is_staff() => Verdict::IsNoStaff,
        _ => Verdict::May,
    }
}

async fn try_out(operation: &Operation, actor: &Actor) -> Answered {
    operation.send(actor, &operation.example_path(), "k", &Value::Null).await
}

fn check(operation: &Operation, expected: &Verdict, answered: &Answered, who: &str) {
    let name = operation.name();
    let code = match answered.status.as_u16() {
        403 => answered.json()["code"].as_str().unwrap().to_owned(),
        _ => String::new(),
    };
    match expected {
        Verdict::May => {
            assert_ne!(answered.status, 401, "{name} by {who}: {}", answered.text);
            assert_ne!(answered.status, 403, "{name} by {who}: {}", answered.text);
        }
        Verdict::Lacks(scope) => {
            assert_eq!(code, "insufficient_scope", "{name} by {who}: {}", answered.text);
            let challenge = answered.header("www-authenticate");
            assert!(challenge.ends_with(&format!("scope=\"{scope}\"")), "{name}: {challenge}");
        }
        Verdict::IsNoStaff => assert_eq!(code, "forbidden", "{name} by {who}: {}", answered.text),
    }
}

async fn become_role(shop: &Shop, actor: &Actor, role: Role) {
    let update = sqlx::query("UPDATE users SET role = $1 WHERE id = $2").bind(role.as_str());
    update.bind(actor.id.as_uuid()).execute(&*shop.test.services.pool).await.unwrap();
}

#[tokio::test]
async fn a5_every_operation_is_for_whom_the_policy_says_by_scope_and_by_role() {
    let shop = Shop::open().await;
    let operations: Vec<_> =
        operations().into_iter().filter(|operation| operation.scopes().is_some()).collect();
    let root = shop.staff("admin").await;
    let mut allowed = 0;
    for scope in Scope::ALL {
        // The token holds the scope; whether the role does, at the time of use, is another question.
        become_role(&shop, &root, Role::Admin).await;
        let session = shop.sign_in(root.id, "admin@example.com").await;
        let holder = shop.with_scope(&session, scope.as_str()).await;
        for role in ROLES {
            become_role(&shop, &root, role).await;
            for operation in &operations {
                let expected = verdict(operation, role, *scope);
                if operation.is_one_of(&END_THEIR_CALLER) && expected == Verdict::May {
                    continue;
                }
                let answered = try_out(operation, &holder).await;
                check(operation, &expected, &answered, &format!("{} with {scope}", role.as_str()));
                allowed += usize::from(expected == Verdict::May);
            }
        }
    }
    assert!(allowed > 100, "{allowed}");
}

#[tokio::test]
async fn a5_an_api_key_may_do_what_its_scopes_say_but_for_what_only_people_may() {
    let shop = Shop::open().await;
    let root = shop.staff("admin").await;
    let scopes = || Scope::ALL.iter().filter(|scope| **scope != Scope::KeysManage);
    let names: Vec<_> = scopes().map(|scope| scope.as_str()).collect();
    let everything = make(&root, &names).await.program;
    let mut only_people = Vec::new();
    for operation in operations().iter().filter(|operation| operation.scopes().is_some()) {
        let answered = try_out(operation, &everything).await;
        if operation.declares("403", "session_required") {
            answered.problem(403, "session_required");
            only_people.push(operation.described["operationId"].as_str().unwrap().to_owned());
        } else {
            check(operation, &Verdict::May, &answered, "a key with all scopes");
        }
        assert_eq!(operation.takes_keys(), answered.status != 403, "{}", operation.name());
    }
    only_people.sort();
    let known = [
        "create_api_key",
        "create_oauth_client",
        "delete_api_key",
        "delete_consent",
        "delete_me",
        "delete_oauth_client",
        "get_api_key",
        "get_oauth_client",
        "list_api_keys",
        "list_consents",
        "list_oauth_clients",
        "revoke_all",
        "rotate_api_key",
        "rotate_oauth_client_secret",
        "update_api_key",
        "update_oauth_client",
        "update_user",
    ];
    assert_eq!(only_people, known);
    for scope in scopes() {
        let program = make(&root, &[scope.as_str()]).await.program;
        for operation in operations().iter().filter(|operation| operation.takes_keys()) {
            if operation.scopes().is_none() {
                continue;
            }
            let expected = verdict(operation, Role::Admin, *scope);
            let answered = try_out(operation, &program).await;
            check(operation, &expected, &answered, &format!("a key with {scope}"));
        }
    }
}
