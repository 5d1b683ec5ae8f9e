//! What all versions of the operations on accounts have in common: how a wish is read, whatever its members are called, and
//! what is done for it. How an account looks is each version's own.

use super::extract::caller::{Caller, may};
use super::extract::{AccountLimit, Fields, IfMatch, Patch};
use super::problem::Problem;
use super::state::ApiState;
use crate::domain::Violation;
use crate::domain::access::Role;
use crate::domain::user::{Email, PaymentMethod, PersonName, User};
use crate::domain::version::ExpectedVersion;
use crate::service::auth::passwords::{Password, PasswordAttempt};
use crate::service::users::register::Register;
use crate::service::users::update_me::{NewPassword, PaymentMethodChange, UpdateMe, update_me};

/// A member whose name is another in each version, and the pointer to it.
#[derive(Debug)]
pub struct Named<T> {
    pub at: &'static str,
    pub value: T,
}

/// Who wants an account.
pub struct NewAccount {
    pub email: String,
    pub password: String,
    pub name: Named<String>,
}

impl NewAccount {
    /// `None` only where something was reported.
    pub fn parse(&self, fields: &mut Fields) -> Option<Register> {
        let email = fields.parse("/email", &self.email, |text| Email::parse(text));
        let password = fields.parse("/password", &self.password, |text| Password::parse(text));
        let name = fields.parse(self.name.at, &self.name.value, |text| PersonName::parse(text));
        Some(Register { email: email?, password: password?, name: name?, role: Role::Customer })
    }
}

/// What somebody wants to change about themselves.
pub struct ProfileChange {
    pub name: Named<Patch<String>>,
    pub password: Patch<String>,
    pub current_password: Patch<String>,
    pub default_payment_method: Patch<String>,
}

impl ProfileChange {
    /// `None` only where something was reported.
    pub fn parse(self, fields: &mut Fields) -> Option<UpdateMe> {
        let name =
            fields.replace(self.name.at, self.name.value, |text: String| PersonName::parse(&text));
        let new = fields.replace("/password", self.password, |text: String| Password::parse(&text));
        let current = fields.replace("/currentPassword", self.current_password, |text: String| {
            Ok(PasswordAttempt::new(&text))
        });
        let method =
            fields.patch("/defaultPaymentMethod", self.default_payment_method, |name: String| {
                PaymentMethod::parse(&name)
            });
        let password = match (current?, new?) {
            (Some(current), Some(new)) => Some(NewPassword { current, new }),
            (None, None) => None,
            (None, Some(_)) => {
                fields.fail("/currentPassword", Violation::new("required", "is required"));
                return None;
            }
            (Some(_), None) => {
                fields.fail("/password", Violation::new("required", "is required"));
                return None;
            }
        };
        let default_payment_method = match method? {
            Patch::Keep => PaymentMethodChange::Keep,
            Patch::Clear => PaymentMethodChange::Clear,
            Patch::Set(method) => PaymentMethodChange::Set(method),
        };
        // The version stands in a header.
        let expected_version = ExpectedVersion::Any;
        Some(UpdateMe { name: name?, password, default_payment_method, expected_version })
    }
}

/// Changes the caller's own account, from what they saw; a new password counts as an attempt at the old one.
///
/// # Errors
/// 412, 422 or 429 as the request deserves it, or it could not be done.
pub async fn change_own(
    state: &ApiState,
    caller: &Caller<may::WriteProfile>,
    attempts: &AccountLimit,
    if_match: &IfMatch,
    change: UpdateMe,
) -> Result<User, Problem> {
    let id = caller.principal.user_id;
    if change.password.is_some() {
        attempts.admit_user(id).await?;
    }
    let command = UpdateMe { expected_version: if_match.version_of(id), ..change };
    Ok(update_me(&state.services, &caller.author, id, command).await?)
}
