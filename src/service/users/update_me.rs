//! What people change about their own account; a new password ends every session and every access token.

use scoped_futures::ScopedFutureExt;
use secrecy::SecretString;
use sqlx::PgConnection;

use super::UserError;
use crate::domain::account_token::TokenPurpose;
use crate::domain::ids::UserId;
use crate::domain::user::{PaymentMethod, PersonName, User, UserStatus};
use crate::domain::version::ExpectedVersion;
use crate::service::Services;
use crate::service::audit::{
    Act, Audited, Author, Entry, Refused, Target, record, transact_audited,
};
use crate::service::auth::passwords::{self, Password, PasswordAttempt, Verdict};
use crate::service::transact::read;
use crate::store::users::{self, ProfileUpdate};
use crate::store::{account_tokens, sessions};

/// What is to change; everything else stays.
#[derive(Debug, Clone)]
pub struct UpdateMe {
    pub name: Option<PersonName>,
    pub password: Option<NewPassword>,
    pub default_payment_method: PaymentMethodChange,
    /// What the caller saw; the change is refused where it is another by now.
    pub expected_version: ExpectedVersion,
}

#[derive(Debug, Clone)]
pub struct NewPassword {
    pub current: PasswordAttempt,
    pub new: Password,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PaymentMethodChange {
    Keep,
    Set(PaymentMethod),
    Clear,
}

/// A new password's hash, and the one by which the old one was proven.
struct ProvenChange {
    hash: SecretString,
    proven: SecretString,
}

/// # Errors
/// [`UserError::WrongPassword`], [`UserError::Changed`], or it could not be done.
#[tracing::instrument(name = "service.users.update_me", skip_all)]
pub async fn update_me(
    services: &Services,
    author: &Author,
    id: UserId,
    command: UpdateMe,
) -> Result<User, UserError> {
    let UpdateMe { name, password, default_payment_method: method, expected_version } = command;
    let change = match password {
        Some(password) => Some(prove(services, author, id, password).await?),
        None => None,
    };
    let (name, method, change) = (name.as_ref(), &method, change.as_ref());
    let expected_version = &expected_version;
    transact_audited(&services.pool, |conn| {
        async move {
            let user = current(conn, id, expected_version).await?;
            let now = services.ambient.now();
            if let Some(change) = change {
                still_proven(conn, id, change).await?;
                sessions::update_all_revoked(conn, id, now).await?;
                // Whoever could read the mail of a reset must not undo this.
                account_tokens::update_all_used(conn, id, TokenPurpose::ResetPassword, now).await?;
            }
            let update = ProfileUpdate {
                name: name.map_or(user.name.as_str(), PersonName::as_str),
                default_payment_method: match method {
                    PaymentMethodChange::Keep => user.default_payment_method.as_ref(),
                    PaymentMethodChange::Set(method) => Some(method),
                    PaymentMethodChange::Clear => None,
                },
                password_hash: change.map(|change| &change.hash),
            };
            if update.changes_nothing_of(&user) {
                return Ok(Audited::unchanged(user));
            }
            let entries = acts(&update, &user)
                .map(|act| Entry { act, target: Target::User(id) })
                .collect::<Vec<_>>();
            let changed = users::update_profile(conn, id, &update, now).await?;
            Ok(record(conn, &services.ambient, author, &entries, changed).await?)
        }
        .scope_boxed()
    })
    .await
}

/// What this change of a user is called: a new password is told by itself.
fn acts(update: &ProfileUpdate<'_>, user: &User) -> impl Iterator<Item = Act> + use<> {
    let changed = [
        ("name", update.name != user.name),
        (
            "defaultPaymentMethod",
            update.default_payment_method != user.default_payment_method.as_ref(),
        ),
    ];
    let members: Vec<_> =
        changed.into_iter().filter(|(_, changed)| *changed).map(|(name, _)| name).collect();
    let profile = (!members.is_empty()).then_some(Act::UpdateProfile { members });
    let password = update.password_hash.map(|_| Act::ChangePassword);
    profile.into_iter().chain(password)
}

async fn current(
    conn: &mut PgConnection,
    id: UserId,
    expected_version: &ExpectedVersion,
) -> Result<User, UserError> {
    let user = users::find_for_update(conn, id)
        .await?
        .filter(|user| user.status == UserStatus::Active)
        .ok_or(UserError::NotFound)?;
    if expected_version.includes(user.version) {
        Ok(user)
    } else {
        Err(UserError::Changed { version: user.version })
    }
}

/// Checks the current password and hashes the new one, before any transaction begins; a wrong one is counted for the audit
/// log.
async fn prove(
    services: &Services,
    author: &Author,
    id: UserId,
    password: NewPassword,
) -> Result<ProvenChange, UserError> {
    let credentials = read(&services.pool, |conn| {
        async move { users::find_credentials(conn, id).await }.scope_boxed()
    })
    .await?
    .ok_or(UserError::NotFound)?;
    let hasher = services.auth.passwords();
    let proven = credentials.password_hash;
    match hasher.verify(password.current, Some(proven.clone())).await? {
        Verdict::Wrong => {
            let refused =
                Refused::PasswordChange { by: author.actor, address: author.origin.address };
            services.auth.refused().count(refused, services.ambient.now());
            Err(UserError::WrongPassword)
        }
        Verdict::Right => {
            Ok(ProvenChange { hash: hasher.hash(&services.ambient, password.new).await?, proven })
        }
    }
}

/// The password that was proven is still the account's.
async fn still_proven(
    conn: &mut PgConnection,
    id: UserId,
    change: &ProvenChange,
) -> Result<(), UserError> {
    let credentials = users::find_credentials(conn, id).await?.ok_or(UserError::NotFound)?;
    let still = passwords::is_still(&change.proven, &credentials.password_hash);
    if still { Ok(()) } else { Err(UserError::WrongPassword) }
}
