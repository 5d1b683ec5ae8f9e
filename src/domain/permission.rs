//! Permissions as types: what asks for a [`Granted`] can't be called for somebody who may not. The policy itself, which
//! role may do what, stands in [`super::access`].

use std::marker::PhantomData;

use super::access::{Principal, Scope};
use super::ids::UserId;

/// What an operation asks of its caller.
pub trait Permission: Send + Sync + 'static {
    /// The scope that the token must hold; `None` where any token will do.
    const SCOPE: Option<Scope>;
    /// Who may, of those whose token holds it.
    const CIRCLE: Circle;
}

/// People whom an operation is meant for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Circle {
    Everybody,
    Staff,
    /// Nobody but people who signed in themselves: what a program holds for them won't do.
    SignedIn,
}

/// The permissions that handlers and use cases name.
pub mod may {
    use super::{Circle, Permission};
    use crate::domain::access::Scope;

    macro_rules! permissions {
        ($($(#[$doc:meta])* $name:ident = $scope:expr, $circle:ident;)+) => {$(
            $(#[$doc])*
            #[derive(Debug, Clone, Copy)]
            pub struct $name;

            impl Permission for $name {
                const SCOPE: Option<Scope> = $scope;
                const CIRCLE: Circle = Circle::$circle;
            }
        )+};
    }

    permissions! {
        ReadProfile = Some(Scope::ProfileRead), Everybody;
        WriteProfile = Some(Scope::ProfileWrite), Everybody;
        ManageUsers = Some(Scope::UsersAdmin), Everybody;
        /// A program that could make administrators could be one for good.
        ChangeAccess = Some(Scope::UsersAdmin), SignedIn;
        ReadAuditLog = Some(Scope::UsersAdmin), Everybody;
        ReadOrders = Some(Scope::OrdersRead), Everybody;
        WriteOrders = Some(Scope::OrdersWrite), Everybody;
        FulfilOrders = Some(Scope::OrdersWrite), Staff;
        WriteCatalog = Some(Scope::CatalogWrite), Everybody;
        ReadPayments = Some(Scope::PaymentsRead), Everybody;
        WritePayments = Some(Scope::PaymentsWrite), Everybody;
        WriteRefunds = Some(Scope::RefundsWrite), Everybody;
        ReadReports = Some(Scope::ReportsRead), Everybody;
        WriteReports = Some(Scope::ReportsWrite), Everybody;
        ManageWebhooks = Some(Scope::WebhooksManage), Everybody;
        ManageApiKeys = Some(Scope::KeysManage), SignedIn;
        SetKeyTiers = Some(Scope::UsersAdmin), SignedIn;
        ManageOauthClients = Some(Scope::UsersAdmin), SignedIn;
        ReadConsents = Some(Scope::ProfileRead), SignedIn;
        WithdrawConsents = Some(Scope::ProfileWrite), SignedIn;
        SignOutEverywhere = None, SignedIn;
        EraseAccount = Some(Scope::ProfileWrite), SignedIn;
        /// A key tells its owner what became of a request, whatever the token was made for.
        ReadOwnKeys = None, Everybody;
    }
}

/// The proof that somebody may do `P`; [`Principal::granted`] alone makes one.
#[derive(Debug, Clone, Copy)]
pub struct Granted<P> {
    holder: UserId,
    permission: PhantomData<P>,
}

impl<P> Granted<P> {
    pub fn holder(&self) -> UserId {
        self.holder
    }
}

/// What a caller lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denied {
    /// The token doesn't hold this scope.
    Scope(Scope),
    /// The caller is none of the staff.
    StaffOnly,
    /// The caller is a program.
    SignedInOnly,
}

impl Principal {
    /// # Errors
    /// [`Denied`]: first what no other scope would change, then the scope.
    pub fn granted<P: Permission>(&self) -> Result<Granted<P>, Denied> {
        if P::CIRCLE == Circle::SignedIn && !self.has_signed_in() {
            return Err(Denied::SignedInOnly);
        }
        if let Some(scope) = P::SCOPE.filter(|scope| !self.scopes.contains(*scope)) {
            return Err(Denied::Scope(scope));
        }
        match P::CIRCLE {
            Circle::Staff if !self.role.is_staff() => Err(Denied::StaffOnly),
            Circle::Staff | Circle::Everybody | Circle::SignedIn => {
                Ok(Granted { holder: self.user_id, permission: PhantomData })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::{Denied, Granted, may};
    use crate::domain::access::{Credential, Principal, Role, Scope, ScopeSet};

    fn principal(role: Role, scopes: ScopeSet) -> Principal {
        let id = Uuid::from_u128(1);
        let credential = Credential::Session(id.into());
        Principal { user_id: id.into(), credential, role, scopes }
    }

    #[test]
    fn a_role_does_not_make_up_for_a_scope_nor_a_scope_for_a_role() {
        let all = Role::Admin.scopes();
        let narrow = principal(Role::Admin, ScopeSet::default());
        let denied = narrow.granted::<may::FulfilOrders>().unwrap_err();
        assert_eq!(denied, Denied::Scope(Scope::OrdersWrite));
        let customer = principal(Role::Customer, all);
        assert_eq!(customer.granted::<may::FulfilOrders>().unwrap_err(), Denied::StaffOnly);
        let support = principal(Role::Support, all);
        let granted: Granted<may::FulfilOrders> = support.granted().unwrap();
        assert_eq!(granted.holder(), support.user_id);
        assert!(narrow.granted::<may::ReadOwnKeys>().is_ok());
    }

    #[test]
    fn what_is_for_people_is_not_for_their_programs_whatever_these_hold() {
        let person = principal(Role::Admin, Role::Admin.scopes());
        let credential = Credential::ApiKey(Uuid::from_u128(2).into());
        let program = Principal { credential, ..person.clone() };
        assert!(person.granted::<may::ManageApiKeys>().is_ok());
        assert_eq!(program.granted::<may::ManageApiKeys>().unwrap_err(), Denied::SignedInOnly);
        assert!(program.granted::<may::FulfilOrders>().is_ok());
        assert_eq!(program.idempotency_scope(), person.idempotency_scope());
    }
}
