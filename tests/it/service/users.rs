//! Accounts: who gets one, what they may change, and what is left of them.

use till::domain::access::{Principal, Role};
use till::domain::page::{PageRequest, PageSize};
use till::domain::user::{Email, PaymentMethod, PersonName, User, UserStatus};
use till::domain::version::ExpectedVersion;
use till::service::Services;
use till::service::auth::passwords::{Password, PasswordAttempt};
use till::service::users::UserError;
use till::service::users::erase::erase;
use till::service::users::read::{find, list};
use till::service::users::register::{Register, register};
use till::service::users::update::{Standing, UpdateUser, update};
use till::service::users::update_me::{NewPassword, PaymentMethodChange, UpdateMe, update_me};

use super::auth::{PASSWORD, principal, sign_in_as};
use crate::support::factories::granted;
use crate::support::{TestServices, author, services};

pub(super) async fn registered(test: &TestServices, email: &str, role: Role) -> User {
    register(&test.services, (author(), &test.cause()), registration(email, role)).await.unwrap()
}

fn registration(email: &str, role: Role) -> Register {
    Register {
        email: Email::parse(email).unwrap(),
        name: PersonName::parse("Ada Lovelace").unwrap(),
        password: Password::parse(PASSWORD).unwrap(),
        role,
    }
}

fn nothing() -> UpdateMe {
    UpdateMe {
        name: None,
        password: None,
        default_payment_method: PaymentMethodChange::Keep,
        expected_version: ExpectedVersion::Any,
    }
}

pub(super) fn password_change(current: &str, new: &str) -> UpdateMe {
    let new = Password::parse(new).unwrap();
    UpdateMe {
        password: Some(NewPassword { current: PasswordAttempt::new(current), new }),
        ..nothing()
    }
}

async fn signed_in(services: &Services, email: &str) -> Principal {
    principal(services, &sign_in_as(services, email, PASSWORD).await.unwrap()).await.unwrap()
}

#[tokio::test]
async fn registering_writes_the_user_and_one_message_about_it() {
    let test = services().await;
    let user = registered(&test, "ada@example.com", Role::Customer).await;
    assert_eq!((user.role, user.status), (Role::Customer, UserStatus::Active));
    let messages: Vec<(String, serde_json::Value)> =
        sqlx::query_as("SELECT topic, payload FROM outbox")
            .fetch_all(&*test.services.pool)
            .await
            .unwrap();
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0].0, "user.created");
    assert_eq!(messages[0].1["data"]["userId"], user.id.to_string());
}

#[tokio::test]
async fn an_address_in_another_unicode_form_has_its_account_already() {
    let test = services().await;
    registered(&test, "JOS\u{c9}@example.com", Role::Customer).await;
    let again = registration("jose\u{301}@Example.com", Role::Customer);
    let error = register(&test.services, (author(), &test.cause()), again).await.unwrap_err();
    assert!(matches!(error, UserError::EmailTaken), "{error:?}");
    let messages: i64 = sqlx::query_scalar("SELECT count(*) FROM outbox")
        .fetch_one(&*test.services.pool)
        .await
        .unwrap();
    assert_eq!(messages, 1);
}

#[tokio::test]
async fn others_are_found_by_administrators_only() {
    let test = services().await;
    let ada = registered(&test, "ada@example.com", Role::Customer).await;
    let bob = registered(&test, "bob@example.com", Role::Customer).await;
    let _root = registered(&test, "root@example.com", Role::Admin).await;
    let as_ada = signed_in(&test.services, "ada@example.com").await;
    assert_eq!(find(&test.services, &as_ada, ada.id).await.unwrap(), ada);
    let hidden = find(&test.services, &as_ada, bob.id).await;
    assert!(matches!(hidden, Err(UserError::NotFound)));
    let as_root = signed_in(&test.services, "root@example.com").await;
    assert_eq!(find(&test.services, &as_root, bob.id).await.unwrap(), bob);
}

#[tokio::test]
async fn pages_show_every_user_once_even_those_of_one_instant() {
    let test = services().await;
    for name in ["a", "b", "c"] {
        registered(&test, &format!("{name}@example.com"), Role::Customer).await;
    }
    let mut request = PageRequest { size: PageSize::parse(2).unwrap(), after: None };
    let manager = granted(Role::Admin);
    let first = list(&test.services, manager, &request).await.unwrap();
    request.after = first.next;
    let second = list(&test.services, manager, &request).await.unwrap();
    assert_eq!((first.rows.len(), second.rows.len()), (2, 1));
    assert!(second.next.is_none());
    let mut ids: Vec<_> = first.rows.iter().chain(&second.rows).map(|user| user.id).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 3);
}

#[tokio::test]
async fn a_profile_changes_only_from_the_version_that_was_read() {
    let test = services().await;
    let ada = registered(&test, "ada@example.com", Role::Customer).await;
    let method = PaymentMethod::parse("pm_ok").unwrap();
    let change = UpdateMe {
        default_payment_method: PaymentMethodChange::Set(method.clone()),
        expected_version: ExpectedVersion::OneOf(vec![ada.version]),
        ..nothing()
    };
    let changed = update_me(&test.services, author(), ada.id, change.clone()).await.unwrap();
    assert_eq!(changed.default_payment_method, Some(method));
    assert_eq!((changed.name, changed.version), (ada.name, ada.version + 1));
    let late = update_me(&test.services, author(), ada.id, change).await.unwrap_err();
    assert!(matches!(late, UserError::Changed { version: 2 }), "{late:?}");
}

#[tokio::test]
async fn a_new_password_needs_the_current_one() {
    let test = services().await;
    let ada = registered(&test, "ada@example.com", Role::Customer).await;
    let guess = password_change("not my password", "a better one 4711");
    let error = update_me(&test.services, author(), ada.id, guess).await.unwrap_err();
    assert!(matches!(error, UserError::WrongPassword), "{error:?}");
    sign_in_as(&test.services, "ada@example.com", PASSWORD).await.unwrap();
}

#[tokio::test]
async fn administrators_change_others_but_not_themselves() {
    let test = services().await;
    let ada = registered(&test, "ada@example.com", Role::Customer).await;
    let root = registered(&test, "root@example.com", Role::Admin).await;
    let as_root = signed_in(&test.services, "root@example.com").await;
    let as_root = as_root.granted().unwrap();
    let disable = |id| UpdateUser {
        id,
        role: None,
        standing: Some(Standing::Disabled),
        expected_version: ExpectedVersion::Any,
    };
    let changed = update(&test.services, author(), as_root, &disable(ada.id)).await.unwrap();
    assert_eq!(changed.status, UserStatus::Disabled);
    assert!(sign_in_as(&test.services, "ada@example.com", PASSWORD).await.is_err());
    let own = update(&test.services, author(), as_root, &disable(root.id)).await.unwrap_err();
    assert!(matches!(own, UserError::OwnAccount), "{own:?}");
}

#[tokio::test]
async fn an_erased_user_leaves_no_personal_data_and_frees_the_address() {
    let test = services().await;
    let ada = registered(&test, "ada@example.com", Role::Customer).await;
    let root = registered(&test, "root@example.com", Role::Admin).await;
    assert_ne!(ada.id, root.id);
    erase(&test.services, author(), ada.id).await.unwrap();
    let as_root = signed_in(&test.services, "root@example.com").await;
    let rest = find(&test.services, &as_root, ada.id).await.unwrap();
    assert_eq!(rest.status, UserStatus::Erased);
    assert!(!format!("{rest:?}").contains("ada@") && !rest.name.contains("Ada"));
    assert!(matches!(erase(&test.services, author(), ada.id).await, Err(UserError::NotFound)));
    registered(&test, "ada@example.com", Role::Customer).await;
}

/// Both together: neither goes on before both wait for the administrators' rows.
async fn at_once<T>(
    test: &TestServices,
    one: impl Future<Output = T>,
    two: impl Future<Output = T>,
) -> [T; 2] {
    let pool = &*test.services.pool;
    let mut holder = pool.begin().await.unwrap();
    let hold = sqlx::query("SELECT FROM users WHERE role = 'admin' FOR UPDATE");
    hold.execute(&mut *holder).await.unwrap();
    let release = async {
        let waiting = "SELECT count(*) FROM pg_stat_activity
                       WHERE datname = current_database() AND wait_event_type = 'Lock'";
        while sqlx::query_scalar::<_, i64>(waiting).fetch_one(pool).await.unwrap() < 2 {}
        holder.rollback().await.unwrap();
    };
    let (first, second, ()) = tokio::join!(one, two, release);
    [first, second]
}

#[tokio::test]
async fn of_two_administrators_who_go_at_once_one_remains() {
    let test = services().await;
    let one = registered(&test, "one@example.com", Role::Admin).await;
    let two = registered(&test, "two@example.com", Role::Admin).await;
    let (first, second) =
        (erase(&test.services, author(), one.id), erase(&test.services, author(), two.id));
    let ends = at_once(&test, Box::pin(first), Box::pin(second)).await;
    let refused = ends.into_iter().filter_map(Result::err).collect::<Vec<_>>();
    assert!(matches!(refused[..], [UserError::LastAdministrator]), "{refused:?}");
}

#[tokio::test]
async fn of_two_administrators_who_demote_each_other_at_once_one_remains() {
    let test = services().await;
    let one = registered(&test, "one@example.com", Role::Admin).await;
    let two = registered(&test, "two@example.com", Role::Admin).await;
    let as_one = signed_in(&test.services, "one@example.com").await.granted().unwrap();
    let as_two = signed_in(&test.services, "two@example.com").await.granted().unwrap();
    let demote = |id| UpdateUser {
        id,
        role: Some(Role::Customer),
        standing: None,
        expected_version: ExpectedVersion::Any,
    };
    let (demote_one, demote_two) = (demote(one.id), demote(two.id));
    let first = update(&test.services, author(), as_one, &demote_two);
    let second = update(&test.services, author(), as_two, &demote_one);
    let ends = at_once(&test, Box::pin(first), Box::pin(second)).await;
    let refused = ends.into_iter().filter_map(Result::err).collect::<Vec<_>>();
    assert!(matches!(refused[..], [UserError::LastAdministrator]), "{refused:?}");
}
