//! Which limits a request is under, and whose: by address without a credential, by user with a token, by key with an API
//! key, and beside that by what is asked for; how one counts is the mechanism's business, and what a limit is, configuration's.
//!
//! | who | under | counted by |
//! | --- | --- | --- |
//! | no token and no key, or one that is none of ours | `anonymous` | address (IPv6: its /64) |
//! | a user's token | `user` or `admin` | user |
//! | an application's token | `user` or `admin` | user that it acts for, or on whose account |
//! | an API key | `api-key-standard` or `api-key-premium`, with `api-key-daily` | key, whichever of its secrets is shown |
//! | an API key that is removed, over or replaced | `anonymous` | address |
//! | signing in (at the page for applications, too), renewing a token, signing up, what tokens of mails are for | `login` beside `anonymous` | address, whatever credential is there |
//! | signing in | `login-account` | account, whether there is one or not; a network that has signed in to it within a day by itself |
//! | asking for a mail to choose another password | `login-account` | account, apart from signing in, whether there is one or not |
//! | changing one's password, asking for the verification mail again | `login-account` | user |
//! | an application's secret that was wrong (`/oauth/token`, `/oauth/introspect`, `/oauth/revoke`) | `login-client` beside `anonymous` | application, whether there is one or not, and address |
//! | asking for a report | `reports` beside those of the caller | user or key |
//!
//! All policies of one caller are asked in one step. A token counts by its signature alone: whether its session still
//! lives is asked of the database afterwards, so that who is refused costs no query. A key counts by what was known of it
//! within the last minute ([`crate::service::auth::api_keys`]), for the same reason.
//!
//! An application with many users asks `/oauth/token` often, so what it does right counts for `anonymous` alone. Only wrong
//! secrets are counted beside it, and each network's apart: after so many the network is not heard as this application for
//! a while, not even with the right secret, and nobody keeps an application out from elsewhere. Tries that come at the same
//! instant may all be heard before the first is counted. Who guesses from many networks is slowed in each of them, and has
//! 256 random bits before them.
//!
//! Messages of the payment gateway are under no limit: their signature is checked at once, and refusing them would only delay
//! what is known already.

pub mod told;

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::MatchedPath;
use axum::http::Method;
use axum::http::request::Parts;
use sha2::{Digest, Sha256};

use super::client_address::{Network, client_address};
use crate::config::{RateLimits, TrustedProxies};
use crate::domain::access::Scope;
use crate::domain::api_key::KeyTier;
use crate::domain::ids::{ClientId, Id, UserId};
use crate::domain::rate::Rate;
use crate::domain::user::Email;
use crate::resilience::rate_limit::{Intent, Policy, RateLimiter, SharedPolicy};
use crate::service::auth::api_keys::ShownKey;
use crate::service::auth::shown::Shown;
use told::Told;

/// What lies below these is limited.
const LIMITED: [&str; 3] = ["/v1/", "/v2/", "/oauth/"];
const GATEWAY: &str = "/v1/gateway/";

/// Operations that take credentials, or make them.
const LOGIN: [&str; 8] = [
    "/oauth/sign-in",
    "/v1/auth/token",
    "/v1/auth/refresh",
    "/v1/auth/verify-email",
    "/v1/auth/password-reset",
    "/v1/auth/password-reset/confirm",
    "/v1/users",
    "/v2/users",
];
const REPORTS: &str = "/v1/reports/generate";

/// The limits of this deployment.
#[derive(Debug)]
pub struct Limits {
    limiter: RateLimiter,
    proxies: TrustedProxies,
    anonymous: Option<SharedPolicy>,
    user: Option<SharedPolicy>,
    admin: Option<SharedPolicy>,
    standard_key: Option<SharedPolicy>,
    premium_key: Option<SharedPolicy>,
    daily_key: Option<SharedPolicy>,
    login: Option<SharedPolicy>,
    account: Option<SharedPolicy>,
    client: Option<SharedPolicy>,
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
    Key(KeyTier),
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
            standard_key: policy("api-key-standard", rates.api_key_standard),
            premium_key: policy("api-key-premium", rates.api_key_premium),
            daily_key: policy("api-key-daily", rates.api_key_daily),
            login: policy("login", rates.login),
            account: policy("login-account", rates.login),
            client: policy("login-client", rates.login),
            known: policy("login-known", rates.login.map(|_| KNOWN)),
            reports: policy("reports", rates.reports),
        }
    }

    /// Whether requests to this path are limited at all.
    pub fn apply_to(path: &str) -> bool {
        LIMITED.iter().any(|below| path.starts_with(below)) && !path.starts_with(GATEWAY)
    }

    /// Whom this request counts for, with what it shows if that is ours. Where credentials are taken it is always the
    /// address: who has a token has no more tries for it.
    pub fn subject(&self, parts: &Parts, shown: Option<&Shown>) -> Subject {
        let route = parts.extensions.get::<MatchedPath>().map(MatchedPath::as_str);
        match shown.filter(|_| !takes_credentials(&parts.method, route)) {
            Some(Shown::Token(bearer)) => {
                let admin = bearer.scopes.contains(Scope::UsersAdmin);
                let kind = if admin { Kind::Admin } else { Kind::User };
                Subject { name: format!("user:{}", bearer.user_id.as_uuid()), kind }
            }
            Some(Shown::ApiKey(ShownKey { id, tier: Some(tier), .. })) => {
                Subject { name: format!("key:{}", id.as_uuid()), kind: Kind::Key(*tier) }
            }
            Some(Shown::ApiKey(ShownKey { tier: None, .. })) | None => {
                let name = format!("address:{}", Network(self.address(parts)));
                Subject { name, kind: Kind::Address }
            }
        }
    }

    /// The network it comes from.
    pub fn network(&self, parts: &Parts) -> String {
        Network(self.address(parts)).to_string()
    }

    /// The address it comes from; `None` where no connection is told of.
    pub fn address(&self, parts: &Parts) -> Option<IpAddr> {
        client_address(&parts.headers, &parts.extensions, &self.proxies)
    }

    /// Takes one request of this subject to this route (`None`: there is none at that path).
    pub async fn take(&self, subject: &Subject, method: &Method, route: Option<&str>) -> Vec<Told> {
        let beside = match (subject.kind, route) {
            (Kind::Address, route) if takes_credentials(method, route) => self.login.as_ref(),
            (Kind::User | Kind::Admin | Kind::Key(_), Some(REPORTS)) if method == Method::POST => {
                self.reports.as_ref()
            }
            (_, _) => None,
        };
        let policies = self.general(subject.kind).chain(beside).cloned().collect();
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

    /// Takes one mail for choosing another password. Attempts to sign in are counted apart, so that whoever asks for mails in
    /// somebody's name keeps them from nothing else.
    pub async fn take_reset(&self, email: &Email) -> Vec<Told> {
        let policies = self.account.iter().cloned().collect();
        self.ask(&format!("reset:{}", digest(&[email.as_str()])), policies, Intent::Take).await
    }

    /// Takes one attempt at a user's password from within.
    pub async fn take_password(&self, user: UserId) -> Vec<Told> {
        let policies = self.account.iter().cloned().collect();
        self.ask(&format!("password:{}", user.as_uuid()), policies, Intent::Take).await
    }

    /// Whether a secret of this application would be heard from this network; takes nothing.
    pub async fn look_client(&self, client: ClientId, network: &str) -> Vec<Told> {
        self.ask_client(client, network, Intent::Look).await
    }

    /// Takes one wrong secret of this application from this network, whether there is one or not.
    pub async fn take_client(&self, client: ClientId, network: &str) -> Vec<Told> {
        self.ask_client(client, network, Intent::Take).await
    }

    async fn ask_client(&self, client: ClientId, network: &str, intent: Intent) -> Vec<Told> {
        let subject = format!("client:{}", digest(&[&client.to_string(), network]));
        self.ask(&subject, self.client.iter().cloned().collect(), intent).await
    }

    /// All limits of this subject as they stand; takes nothing.
    pub async fn look(&self, subject: &Subject) -> Vec<Told> {
        let beside = match subject.kind {
            Kind::Address => self.login.as_ref(),
            Kind::User | Kind::Admin | Kind::Key(_) => self.reports.as_ref(),
        };
        let policies = self.general(subject.kind).chain(beside).cloned().collect();
        self.ask(&subject.name, policies, Intent::Look).await
    }

    fn general(&self, kind: Kind) -> impl Iterator<Item = &SharedPolicy> {
        let daily = self.daily_key.as_ref();
        let (one, beside) = match kind {
            Kind::Address => (&self.anonymous, None),
            Kind::User => (&self.user, None),
            Kind::Admin => (&self.admin, None),
            Kind::Key(KeyTier::Standard) => (&self.standard_key, daily),
            Kind::Key(KeyTier::Premium) => (&self.premium_key, daily),
        };
        one.iter().chain(beside)
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
