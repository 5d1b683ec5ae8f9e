//! Who lives in the demo: three who can sign in with a password that everybody knows, and customers who can't.

use secrecy::SecretString;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::DemoError;
use crate::domain::access::Role;
use crate::domain::ids::UserId;
use crate::domain::user::{Email, PaymentMethod, PersonName, User, UserStatus};
use crate::service::Services;
use crate::service::auth::passwords::{NO_PASSWORD, Password};
use crate::store::demo::shop::DemoUser;

/// The password of every demo sign-in.
pub const PASSWORD: &str = "till-demo-password";

/// What a demo sign-in is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignIn {
    pub email: &'static str,
    pub role: Role,
    name: &'static str,
    id: u128,
}

/// Who can sign in, the one who may most first.
pub const SIGN_INS: [SignIn; 3] = [
    SignIn { email: "admin@example.com", role: Role::Admin, name: "Aisyah Rahman", id: ADMIN },
    SignIn {
        email: "support@example.com",
        role: Role::Support,
        name: "Somchai Prasert",
        id: SUPPORT,
    },
    SignIn { email: "demo@example.com", role: Role::Customer, name: "Dewi Lestari", id: DEMO },
];

const FIRST_NAMES: [&str; 12] = [
    "Amina", "Benjamin", "Chiyo", "Daniel", "Elif", "Farid", "Grace", "Haruto", "Indira", "Jonas",
    "Khalid", "Leilani",
];
const LAST_NAMES: [&str; 10] = [
    "Abdullah", "Bianchi", "Chen", "Dubois", "Eriksen", "Fernando", "Gonzalez", "Hayashi",
    "Ibrahim", "Jansen",
];

const DEMO: u128 = 0x0189_0a5d_ac96_774b_bcce_b302_099a_8000;
const ADMIN: u128 = DEMO + 1;
const SUPPORT: u128 = DEMO + 2;

/// The first of the customers; the examples of the OpenAPI document name this one.
const FIRST_CUSTOMER: u128 = DEMO + 3;

const HERE_SINCE: Duration = Duration::days(70);

/// The demo's own customer, whose orders and payments the examples name.
pub(super) fn demo_customer() -> UserId {
    UserId::from(Uuid::from_u128(DEMO))
}

/// Who keeps the shop's stock.
pub(super) fn keeper() -> UserId {
    UserId::from(Uuid::from_u128(ADMIN))
}

/// All who buy.
pub(super) fn customers() -> Vec<UserId> {
    let others = (0_u32..).zip(names()).map(|(number, _)| customer(number));
    [demo_customer()].into_iter().chain(others).collect()
}

/// Everybody, with the password hashed anew for each who can sign in.
///
/// # Errors
/// The password could not be hashed.
pub(super) async fn everybody(
    services: &Services,
    told_at: OffsetDateTime,
) -> Result<Vec<DemoUser>, DemoError> {
    let mut people = Vec::new();
    for sign_in in SIGN_INS {
        let password = Password::parse(PASSWORD)?;
        let password_hash = services.auth.passwords().hash(&services.ambient, password).await?;
        let id = UserId::from(Uuid::from_u128(sign_in.id));
        let user = person(id, sign_in.email, sign_in.name, told_at)?;
        people.push(DemoUser { user: User { role: sign_in.role, ..user }, password_hash });
    }
    for (number, (first, last)) in (0_u32..).zip(names()) {
        let email = format!("{first}.{last}@example.com");
        let user = person(customer(number), &email, &format!("{first} {last}"), told_at)?;
        people.push(DemoUser { user, password_hash: SecretString::from(NO_PASSWORD) });
    }
    Ok(people)
}

fn person(id: UserId, email: &str, name: &str, told_at: OffsetDateTime) -> Result<User, DemoError> {
    let created_at = told_at - HERE_SINCE;
    Ok(User {
        id,
        email: Email::parse(email)?.as_str().to_owned(),
        name: PersonName::parse(name)?.as_str().to_owned(),
        role: Role::Customer,
        status: UserStatus::Active,
        default_payment_method: Some(PaymentMethod::parse("pm_ok")?),
        email_verified_at: Some(created_at),
        version: 1,
        created_at,
        updated_at: created_at,
    })
}

fn names() -> impl Iterator<Item = (&'static str, &'static str)> {
    FIRST_NAMES.into_iter().flat_map(|first| LAST_NAMES.map(|last| (first, last)))
}

fn customer(number: u32) -> UserId {
    UserId::from(Uuid::from_u128(FIRST_CUSTOMER + u128::from(number)))
}
