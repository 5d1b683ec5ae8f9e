//! Authorisation: what a caller may do. Who a caller is was decided before, elsewhere.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Violation;
use super::ids::{ApiKeyId, ClientId, Id, SessionId, UserId};

macro_rules! scopes {
    ($($name:ident = $text:literal : $meaning:literal),+ $(,)?) => {
        /// A permission that a token carries (RFC 6749 §3.3).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Scope { $(#[doc = $meaning] $name),+ }

        impl Scope {
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),+ }
            }

            /// For the consent page and the documentation.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$name => $meaning),+ }
            }
        }
    };
}

scopes! {
    ProfileRead = "profile:read": "Read one's own profile",
    ProfileWrite = "profile:write": "Change one's own profile and password",
    CatalogWrite = "catalog:write": "Change products, prices and stock",
    OrdersRead = "orders:read": "Read orders",
    OrdersWrite = "orders:write": "Place, cancel and fulfil orders",
    PaymentsRead = "payments:read": "Read payments and refunds",
    PaymentsWrite = "payments:write": "Charge, capture and cancel payments",
    RefundsWrite = "refunds:write": "Refund payments",
    ReportsRead = "reports:read": "Read and download reports",
    ReportsWrite = "reports:write": "Generate and cancel reports",
    WebhooksManage = "webhooks:manage": "Manage webhook endpoints",
    KeysManage = "keys:manage": "Manage API keys",
    UsersAdmin = "users:admin": "Manage all users",
    CustomersAct = "customers:act": "See what is other customers', and act for them",
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Scope {
    type Err = Violation;

    fn from_str(text: &str) -> Result<Self, Violation> {
        Self::ALL
            .iter()
            .copied()
            .find(|scope| scope.as_str() == text)
            .ok_or_else(|| Violation::new("unknown_scope", format!("no scope is called {text:?}")))
    }
}

/// A set of scopes, one bit each.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct ScopeSet(u32);

impl ScopeSet {
    pub fn with(self, scope: Scope) -> Self {
        Self(self.0 | Self::bit(scope))
    }

    pub fn contains(self, scope: Scope) -> bool {
        self.0 & Self::bit(scope) != 0
    }

    pub fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether all of `other` is in it.
    pub fn covers(self, other: Self) -> bool {
        other.0 & !self.0 == 0
    }

    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.iter().copied().filter(move |scope| self.contains(*scope))
    }

    /// Reads a space-separated list; names that are unknown (a newer release's) are passed over.
    pub fn parse_known(text: &str) -> Self {
        text.split(' ').filter_map(|name| name.parse().ok()).collect()
    }

    fn bit(scope: Scope) -> u32 {
        1 << (scope as u32)
    }
}

impl FromIterator<Scope> for ScopeSet {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        scopes.into_iter().fold(Self::default(), Self::with)
    }
}

impl fmt::Display for ScopeSet {
    /// Space-separated, as in a token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, scope) in self.iter().enumerate() {
            if index > 0 {
                f.write_str(" ")?;
            }
            f.write_str(scope.as_str())?;
        }
        Ok(())
    }
}

impl fmt::Debug for ScopeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ScopeSet({self})")
    }
}

/// What kind of user somebody is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Customer,
    Support,
    Admin,
}

impl Role {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Support => "support",
            Self::Admin => "admin",
        }
    }

    /// The names of the roles that see what concerns any customer.
    pub fn staff_names() -> Vec<String> {
        let all = [Self::Customer, Self::Support, Self::Admin];
        all.into_iter()
            .filter(|role| role.is_staff())
            .map(|role| role.as_str().to_owned())
            .collect()
    }

    /// Whether this role works for the shop and may see and act for its customers.
    pub fn is_staff(self) -> bool {
        match self {
            Self::Customer => false,
            Self::Support | Self::Admin => true,
        }
    }

    /// The policy table: all that a role may ever do. A token holds these or fewer.
    pub fn scopes(self) -> ScopeSet {
        use Scope::{
            CatalogWrite, CustomersAct, KeysManage, OrdersRead, OrdersWrite, PaymentsRead,
            PaymentsWrite, ProfileRead, ProfileWrite, RefundsWrite, ReportsRead, ReportsWrite,
            UsersAdmin, WebhooksManage,
        };
        let customer = [
            ProfileRead,
            ProfileWrite,
            OrdersRead,
            OrdersWrite,
            PaymentsRead,
            PaymentsWrite,
            ReportsRead,
            ReportsWrite,
            WebhooksManage,
            KeysManage,
        ];
        let support = [RefundsWrite, CustomersAct];
        let admin = [CatalogWrite, UsersAdmin];
        match self {
            Self::Customer => customer.into_iter().collect(),
            Self::Support => customer.into_iter().chain(support).collect(),
            Self::Admin => customer.into_iter().chain(support).chain(admin).collect(),
        }
    }
}

impl FromStr for Role {
    type Err = Violation;

    fn from_str(text: &str) -> Result<Self, Violation> {
        match text {
            "customer" => Ok(Self::Customer),
            "support" => Ok(Self::Support),
            "admin" => Ok(Self::Admin),
            _ => Err(Violation::new("invalid_value", "must be customer, support or admin")),
        }
    }
}

/// What a caller showed to be let in; it is no name of theirs and owns nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Credential {
    /// A token of somebody who signed in.
    Session(SessionId),
    /// A key, which a program of its owner's holds.
    ApiKey(ApiKeyId),
    /// A token of an application's.
    Application { session: SessionId, client: ClientId, mandate: Mandate },
}

/// By what right an application acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mandate {
    /// Somebody lets it act for them.
    Consent,
    /// It acts by itself, on the account that an administrator gave it.
    Own,
}

impl Mandate {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Consent => "consent",
            Self::Own => "own",
        }
    }
}

impl FromStr for Mandate {
    type Err = Violation;

    fn from_str(text: &str) -> Result<Self, Violation> {
        match text {
            "consent" => Ok(Self::Consent),
            "own" => Ok(Self::Own),
            _ => Err(Violation::new("invalid_value", "must be consent or own")),
        }
    }
}

impl Credential {
    /// What it is called where it is told of.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Session(_) => "session",
            Self::ApiKey(_) => "api_key",
            Self::Application { .. } => "application",
        }
    }

    /// Of an application the client's: its session means nothing to whoever reads of it.
    pub fn id(self) -> Uuid {
        match self {
            Self::Session(id) => id.as_uuid(),
            Self::ApiKey(id) => id.as_uuid(),
            Self::Application { client, .. } => client.as_uuid(),
        }
    }
}

/// An authenticated caller, with what it may do right now.
#[derive(Debug, Clone)]
pub struct Principal {
    /// Whose account it is: what the caller makes is this user's, and what is not theirs the caller does not see.
    pub user_id: UserId,
    pub credential: Credential,
    pub role: Role,
    /// What the credential carries, cut to what the role may do.
    pub scopes: ScopeSet,
}

/// Whose rows a caller may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Only those of this customer.
    Own(UserId),
    Everyone,
}

impl Reach {
    /// The customer to filter by, if any.
    pub fn customer(self) -> Option<UserId> {
        match self {
            Self::Own(user) => Some(user),
            Self::Everyone => None,
        }
    }

    pub fn includes(self, owner: UserId) -> bool {
        match self {
            Self::Own(user) => user == owner,
            Self::Everyone => true,
        }
    }
}

impl Principal {
    /// The scope of idempotency keys: the user, not the credential, which may be another one by the second try; of an
    /// application that acts by itself the client.
    pub fn idempotency_scope(&self) -> Uuid {
        match self.credential {
            Credential::Session(_)
            | Credential::ApiKey(_)
            | Credential::Application { mandate: Mandate::Consent, .. } => self.user_id.as_uuid(),
            Credential::Application { client, mandate: Mandate::Own, .. } => client.as_uuid(),
        }
    }

    /// Whether it is a person, and not what a program holds for one.
    pub fn has_signed_in(&self) -> bool {
        match self.credential {
            Credential::Session(_) => true,
            Credential::ApiKey(_) | Credential::Application { .. } => false,
        }
    }

    /// Staff who signed in see and act for all customers. What a program holds for one of them does so only where it was given
    /// [`Scope::CustomersAct`]: whoever lets it read orders lets it read their own.
    pub fn reach(&self) -> Reach {
        if self.role.is_staff() && self.acts_for_others() {
            Reach::Everyone
        } else {
            Reach::Own(self.user_id)
        }
    }

    fn acts_for_others(&self) -> bool {
        self.has_signed_in() || self.scopes.contains(Scope::CustomersAct)
    }

    /// Whose reports and imports this caller may see: one's own, and an administrator all. Staff who act for customers
    /// have no business in what their colleagues asked for.
    pub fn job_reach(&self) -> Reach {
        match self.role {
            Role::Admin if self.acts_for_others() => Reach::Everyone,
            Role::Admin | Role::Support | Role::Customer => Reach::Own(self.user_id),
        }
    }

    /// Whether this caller may place orders and payments in that customer's name.
    pub fn may_act_for(&self, customer: UserId) -> bool {
        self.reach().includes(customer)
    }
}
