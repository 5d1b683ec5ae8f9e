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
}

impl Principal {
    /// # Errors
    /// [`Denied`], the scope first.
    pub fn granted<P: Permission>(&self) -> Result<Granted<P>, Denied> {
        if let Some(scope) = P::SCOPE.filter(|scope| !self.scopes.contains(*scope)) {
            return Err(Denied::Scope(scope));
        }
        match P::CIRCLE {
            Circle::Staff if !self.role.is_staff() => Err(Denied::StaffOnly),
            Circle::Staff | Circle::Everybody => {
                Ok(Granted { holder: self.user_id, permission: PhantomData })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::{Denied, Granted, may};
    use crate::domain::access::{Principal, Role, Scope, ScopeSet};

    fn principal(role: Role, scopes: ScopeSet) -> Principal {
        let id = Uuid::from_u128(1);
        Principal { user_id: id.into(), session_id: id.into(), role, scopes }
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
}
