//! What an entry of the audit log may tell of: every act by its name, with what is worth knowing of it. Who did it and to what
//! stands beside it.

use serde::Serialize;
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::domain::access::{Role, ScopeSet};
use crate::domain::api_key::KeyTier;
use crate::domain::ids::{RefundId, SessionId, UserId};
use crate::domain::money::Money;
use crate::domain::user::UserStatus;
use crate::domain::utc::Utc;

/// What was done, with what is worth knowing of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    SignIn,
    /// Counted over a while: somebody who guesses must not make the log grow with each guess.
    RefuseSignIn {
        times: u32,
        since: OffsetDateTime,
    },
    SignOut,
    SignOutEverywhere,
    /// By a token that was mailed.
    ResetPassword,
    /// The same.
    VerifyEmail,
    /// A refresh token came a second time, which ended its session.
    ReuseRefreshToken {
        session: SessionId,
    },
    Register {
        role: Role,
    },
    UpdateProfile {
        members: Vec<&'static str>,
    },
    ChangePassword,
    /// Whoever is signed in did not know the password. Counted like sign-ins.
    RefusePasswordChange {
        times: u32,
        since: OffsetDateTime,
    },
    ChangeAccess {
        from: (Role, UserStatus),
        to: (Role, UserStatus),
    },
    EraseAccount,
    CreateApiKey {
        scopes: ScopeSet,
        tier: KeyTier,
    },
    RotateApiKey,
    RemoveApiKey,
    ChangeKeyTier {
        tier: KeyTier,
    },
    CreateOauthClient {
        scopes: ScopeSet,
        /// The account that it acts on by itself.
        account: Option<UserId>,
    },
    UpdateOauthClient {
        members: Vec<&'static str>,
        /// As it is now.
        account: Option<UserId>,
    },
    RotateOauthSecret,
    RemoveOauthClient,
    /// At the page that asks: somebody lets an application act for them.
    GrantConsent {
        scopes: ScopeSet,
    },
    WithdrawConsent,
    /// An application traded a code for tokens, or got some for itself.
    GrantTokens {
        session: SessionId,
        scopes: ScopeSet,
    },
    /// An application gave its tokens back.
    RevokeTokens {
        session: SessionId,
    },
    /// A code came a second time, which ended what had come of it.
    ReuseCode {
        session: SessionId,
    },
    CreateProduct,
    UpdateProduct {
        members: Vec<&'static str>,
    },
    ArchiveProduct,
    ImportProducts,
    AdjustInventory {
        delta: i64,
        available: i64,
    },
    CancelOrder,
    FulfilOrder,
    /// For somebody else: what customers pay themselves is told by the payment.
    CreatePayment {
        customer: UserId,
        money: Money,
    },
    CapturePayment {
        money: Money,
    },
    CancelPayment,
    RefundPayment {
        refund: RefundId,
        money: Money,
    },
    CreateWebhookEndpoint,
    UpdateWebhookEndpoint {
        members: Vec<&'static str>,
    },
    RemoveWebhookEndpoint,
    RotateWebhookSecret,
    ReplayDeadLetter {
        consumer: String,
    },
    DropDeadLetter {
        consumer: String,
    },
    RotateSigningKeys {
        signs_from: OffsetDateTime,
    },
}

/// Names the acts, once: every act has a name, and every name is in the list. Two acts can't share a line.
macro_rules! names {
    ($($act:pat_param => $name:literal,)+) => {
        /// The name of every act there is.
        pub const NAMES: &'static [&'static str] = &[$($name),+];

        pub fn name(&self) -> &'static str {
            match self { $($act => $name),+ }
        }
    };
}

impl Act {
    names! {
        Self::SignIn => "auth.sign_in",
        Self::RefuseSignIn { .. } => "auth.refuse_sign_in",
        Self::SignOut => "auth.sign_out",
        Self::SignOutEverywhere => "auth.sign_out_everywhere",
        Self::ResetPassword => "auth.reset_password",
        Self::VerifyEmail => "auth.verify_email",
        Self::ReuseRefreshToken { .. } => "auth.reuse_refresh_token",
        Self::Register { .. } => "user.register",
        Self::UpdateProfile { .. } => "user.update_profile",
        Self::ChangePassword => "user.change_password",
        Self::RefusePasswordChange { .. } => "user.refuse_password_change",
        Self::ChangeAccess { .. } => "user.change_access",
        Self::EraseAccount => "user.erase",
        Self::CreateApiKey { .. } => "api_key.create",
        Self::RotateApiKey => "api_key.rotate",
        Self::RemoveApiKey => "api_key.remove",
        Self::ChangeKeyTier { .. } => "api_key.change_tier",
        Self::CreateOauthClient { .. } => "oauth_client.create",
        Self::UpdateOauthClient { .. } => "oauth_client.update",
        Self::RotateOauthSecret => "oauth_client.rotate_secret",
        Self::RemoveOauthClient => "oauth_client.remove",
        Self::GrantConsent { .. } => "oauth.grant_consent",
        Self::WithdrawConsent => "oauth.withdraw_consent",
        Self::GrantTokens { .. } => "oauth.grant_tokens",
        Self::RevokeTokens { .. } => "oauth.revoke_tokens",
        Self::ReuseCode { .. } => "oauth.reuse_code",
        Self::CreateProduct => "product.create",
        Self::UpdateProduct { .. } => "product.update",
        Self::ArchiveProduct => "product.archive",
        Self::ImportProducts => "product.import",
        Self::AdjustInventory { .. } => "inventory.adjust",
        Self::CancelOrder => "order.cancel",
        Self::FulfilOrder => "order.fulfil",
        Self::CreatePayment { .. } => "payment.create",
        Self::CapturePayment { .. } => "payment.capture",
        Self::CancelPayment => "payment.cancel",
        Self::RefundPayment { .. } => "payment.refund",
        Self::CreateWebhookEndpoint => "webhook_endpoint.create",
        Self::UpdateWebhookEndpoint { .. } => "webhook_endpoint.update",
        Self::RemoveWebhookEndpoint => "webhook_endpoint.remove",
        Self::RotateWebhookSecret => "webhook_endpoint.rotate_secret",
        Self::ReplayDeadLetter { .. } => "dead_letter.replay",
        Self::DropDeadLetter { .. } => "dead_letter.drop",
        Self::RotateSigningKeys { .. } => "signing_key.rotate",
    }

    /// What is worth knowing beside the name, as it is kept and shown.
    pub fn details(&self) -> Value {
        match self {
            Self::RefuseSignIn { times, since } | Self::RefusePasswordChange { times, since } => {
                json!({ "times": times, "since": time(since) })
            }
            Self::ReuseRefreshToken { session }
            | Self::RevokeTokens { session }
            | Self::ReuseCode { session } => json!({ "sessionId": session }),
            Self::CreateOauthClient { scopes, account } => {
                json!({ "scopes": scopes.to_string(), "accountId": account })
            }
            Self::UpdateOauthClient { members, account } => {
                json!({ "members": members, "accountId": account })
            }
            Self::GrantConsent { scopes } => json!({ "scopes": scopes.to_string() }),
            Self::GrantTokens { session, scopes } => {
                json!({ "sessionId": session, "scopes": scopes.to_string() })
            }
            Self::Register { role } => json!({ "role": role }),
            Self::UpdateProfile { members }
            | Self::UpdateProduct { members }
            | Self::UpdateWebhookEndpoint { members } => json!({ "members": members }),
            Self::ChangeAccess { from, to } => json!({ "from": access(from), "to": access(to) }),
            Self::CreateApiKey { scopes, tier } => {
                json!({ "scopes": scopes.to_string(), "tier": tier.as_str() })
            }
            Self::ChangeKeyTier { tier } => json!({ "tier": tier.as_str() }),
            Self::AdjustInventory { delta, available } => {
                json!({ "delta": delta, "available": available })
            }
            Self::CreatePayment { customer, money } => with_money("customerId", customer, money),
            Self::CapturePayment { money: of } => json!({ "money": money(of) }),
            Self::RefundPayment { refund, money } => with_money("refundId", refund, money),
            Self::ReplayDeadLetter { consumer } | Self::DropDeadLetter { consumer } => {
                json!({ "consumer": consumer })
            }
            Self::RotateSigningKeys { signs_from } => json!({ "signsFrom": time(signs_from) }),
            Self::SignIn
            | Self::SignOut
            | Self::SignOutEverywhere
            | Self::ResetPassword
            | Self::VerifyEmail
            | Self::ChangePassword
            | Self::EraseAccount
            | Self::RotateApiKey
            | Self::RemoveApiKey
            | Self::RotateOauthSecret
            | Self::RemoveOauthClient
            | Self::WithdrawConsent
            | Self::CreateProduct
            | Self::ArchiveProduct
            | Self::ImportProducts
            | Self::CancelOrder
            | Self::FulfilOrder
            | Self::CancelPayment
            | Self::CreateWebhookEndpoint
            | Self::RemoveWebhookEndpoint
            | Self::RotateWebhookSecret => json!({}),
        }
    }
}

fn time(time: &OffsetDateTime) -> String {
    Utc(*time).to_string()
}

fn with_money(name: &str, id: &impl Serialize, of: &Money) -> Value {
    json!({ name: id, "money": money(of) })
}

fn money(money: &Money) -> Value {
    json!({ "amount": money.amount, "currency": money.currency })
}

fn access((role, status): &(Role, UserStatus)) -> Value {
    json!({ "role": role, "status": status })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::Act;

    #[test]
    fn no_two_acts_have_one_name_and_each_says_of_what_and_then_what() {
        let names: BTreeSet<_> = Act::NAMES.iter().collect();
        assert_eq!(names.len(), Act::NAMES.len());
        let plain = |part: &str| {
            !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
        };
        for name in names {
            let parts = name.split_once('.');
            assert!(parts.is_some_and(|(of, what)| plain(of) && plain(what)), "{name}");
        }
    }
}
