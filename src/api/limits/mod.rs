//! Which limits a request is under, and whose: by address without a token, by user with one, and beside that by what is
//! asked for; how one counts is the mechanism's business, and what a limit is, configuration's.
//!
//! | who | under | counted by |
//! | --- | --- | --- |
//! | no token, or one that is none of ours | `anonymous` | address (IPv6: its /64) |
//! | a user's token | `user` or `admin` | user |
//! | signing in, renewing a token, signing up | `login` beside `anonymous` | address, whatever token is there |
//! | signing in | `login-account` | account, whether there is one or not; a network that has signed in to it within a day by itself |
//! | changing one's password | `login-account` | user |
//! | asking for a report | `reports` beside `user` or `admin` | user |
//!
//! All policies of one caller are asked in one step. A token counts by its signature alone: whether its session still
//! lives is asked of the database afterwards, so that who is refused costs no query. Messages of the payment gateway are
//! under no limit: their signature is checked at once, and refusing them would only delay what is known already.

pub mod told;

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::MatchedPath;
use axum::http::Method;
use axum::http::request::Parts;
use sha2::{Digest, Sha256};

use super::client_address::{client_address, network};
use crate::config::{RateLimits, TrustedProxies};
use crate::domain::access::Scope;
use crate::domain::ids::{Id, UserId};
use crate::domain::rate::Rate;
use crate::domain::user::Email;
use crate::resilience::rate_limit::{Intent, Policy, RateLimiter, SharedPolicy};
use crate::service::auth::tokens::Bearer;
use told::Told;

/// What lies below these is limited.
const LIMITED: [&str; 3] = ["/v1/", "/v2/", "/oauth/"];
const GATEWAY: &str = "/v1/gateway/";

/// Operations that take credentials, or make them.
const LOGIN: [&str; 4] = ["/v1/auth/token", "/v1/auth/refresh", "/v1/users", "/v2/users"];
const REPORTS: &str = "/v1/reports/generate";

/// The limits of this deployment.
#[derive(Debug)]
pub struct Limits {
    limiter: RateLimiter,
    proxies: TrustedProxies,
    anonymous: Option<SharedPolicy>,
    user: Option<SharedPolicy>,
    admin: Option<SharedPolicy>,
    login: Option<SharedPolicy>,
    account: Option<SharedPolicy>,
    /// Each sign-in takes one for a day: a network of which any is remembered is known.
    known: Option<SharedPolicy>,
    reports: Option<SharedPolicy>,
}

/// Sign-ins that are remembered for a day each: more than anybody makes by hand. One that is remembered is enough.
const KNOWN: Rate = Rate::daily(1_000);

/// Whom a request counts for.
#[derive(Debug, Clone)]
pub struct Subject {
    /// As the store of limits knows them.
    name: String,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Address,
    User,
    Admin,
}

impl Limits {
    /// `off` limits are not there.
    pub fn new(limiter: RateLimiter, rates: RateLimits, proxies: TrustedProxies) -> Self {
        let policy = |name, rate: Option<Rate>| rate.map(|rate| Arc::new(Policy::new(name, rate)));
        Self {
            limiter,
            proxies,
            anonymous: policy("anonymous", rates.anonymous),
            user: policy("user", rates.user),
            admin: policy("admin", rates.admin),
            login: policy("login", rates.login),
            account: policy("login-account", rates.login),
            known: policy("login-known", rates.login.map(|_| KNOWN)),
            reports: policy("reports", rates.reports),
        }
    }

    /// Whether requests to this path are limited at all.
    pub fn apply_to(path: &str) -> bool {
        LIMITED.iter().any(|below| path.starts_with(below)) && !path.starts_with(GATEWAY)
    }

    /// Whom this request counts for, with the bearer of its token if it has a good one. Where credentials are taken it is
    /// always the address: who has a token has no more tries for it.
    pub fn subject(&self, parts: &Parts, bearer: Option<&Bearer>) -> Subject {
        let route = parts.extensions.get::<MatchedPath>().map(MatchedPath::as_str);
        if let Some(bearer) = bearer.filter(|_| !takes_credentials(&parts.method, route)) {
            let admin = bearer.scopes.contains(Scope::UsersAdmin);
            let kind = if admin { Kind::Admin } else { Kind::User };
            return Subject { name: format!("user:{}", bearer.user_id.as_uuid()), kind };
        }
        Subject { name: format!("address:{}", self.network(parts)), kind: Kind::Address }
    }

    /// The network it comes from.
    pub fn network(&self, parts: &Parts) -> String {
        self.address(parts).map_or_else(|| "unknown".to_owned(), network)
    }

    /// The address it comes from; `None` where no connection is told of.
    pub fn address(&self, parts: &Parts) -> Option<IpAddr> {
        client_address(&parts.headers, &parts.extensions, &self.proxies)
    }

    /// Takes one request of this subject to this route (`None`: there is none at that path).
    pub async fn take(&self, subject: &Subject, method: &Method, route: Option<&str>) -> Vec<Told> {
        let beside = match (subject.kind, route) {
            (Kind::Address, route) if takes_credentials(method, route) => self.login.as_ref(),
            (Kind::User | Kind::Admin, Some(REPORTS)) if method == Method::POST => {
                self.reports.as_ref()
            }
            (_, _) => None,
        };
        let policies: Vec<_> =
            self.general(subject.kind).into_iter().chain(beside).cloned().collect();
        self.ask(&subject.name, policies, Intent::Take).await
    }

    /// Takes one attempt to sign in to the account of this address from this network, whether there is one or not. A network
    /// that has signed in to it has attempts of its own, so that no stranger can use up those of its owner.
    pub async fn take_account(&self, email: &Email, network: &str) -> Vec<Told> {
        let known = self.known.iter().cloned().collect();
        let known = self.ask(&known_name(email, network), known, Intent::Look).await;
        let subject = if known.iter().any(|told| told.standing.remaining < told.policy.limit()) {
            format!("account:{}", digest(&[email.as_str(), network]))
        } else {
            format!("account:{}", digest(&[email.as_str()]))
        };
        self.ask(&subject, self.account.iter().cloned().collect(), Intent::Take).await
    }

    /// Somebody has signed in to this account from this network.
    pub async fn remember(&self, email: &Email, network: &str) {
        let known = self.known.iter().cloned().collect();
        drop(self.ask(&known_name(email, network), known, Intent::Take).await);
    }

    /// Takes one attempt at a user's password from within.
    pub async fn take_password(&self, user: UserId) -> Vec<Told> {
        let policies = self.account.iter().cloned().collect();
        self.ask(&format!("password:{}", user.as_uuid()), policies, Intent::Take).await
    }

    /// All limits of this subject as they stand; takes nothing.
    pub async fn look(&self, subject: &Subject) -> Vec<Told> {
        let beside = match subject.kind {
            Kind::Address => self.login.as_ref(),
            Kind::User | Kind::Admin => self.reports.as_ref(),
        };
        let policies = self.general(subject.kind).into_iter().chain(beside).cloned().collect();
        self.ask(&subject.name, policies, Intent::Look).await
    }

    fn general(&self, kind: Kind) -> Option<&SharedPolicy> {
        match kind {
            Kind::Address => self.anonymous.as_ref(),
            Kind::User => self.user.as_ref(),
            Kind::Admin => self.admin.as_ref(),
        }
    }

    async fn ask(&self, subject: &str, policies: Vec<SharedPolicy>, intent: Intent) -> Vec<Told> {
        let standings = self.limiter.ask(subject, &policies, intent).await;
        policies
            .into_iter()
            .zip(standings)
            .map(|(policy, standing)| Told { policy, standing })
            .collect()
    }
}

fn takes_credentials(method: &Method, route: Option<&str>) -> bool {
    method == Method::POST && route.is_some_and(|route| LOGIN.contains(&route))
}

fn known_name(email: &Email, network: &str) -> String {
    format!("known:{}", digest(&[email.as_str(), network]))
}

/// Not the address itself: it is nobody's business who looks into Redis.
fn digest(parts: &[&str]) -> String {
    let digest = Sha256::digest(parts.join("\n"));
    digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}
