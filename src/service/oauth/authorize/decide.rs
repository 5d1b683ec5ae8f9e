//! Whether somebody lets an application act for them: what is to be shown next, and what follows from a yes.

use scoped_futures::ScopedFutureExt;
use sqlx::PgConnection;

use super::browser::{self, BrowserToken, SignedIn};
use super::error::{AuthorizeError, NotOurs, Reason, Refusal};
use super::request::{Authorization, Prompt};
use crate::domain::access::ScopeSet;
use crate::domain::audit::Origin;
use crate::domain::oauth::{ClientKind, GrantType};
use crate::service::Services;
use crate::service::audit::{Act, Audited, Entry, Target, record, transact_audited};
use crate::service::oauth::codes::{self, Code, CodeGrant};
use crate::service::oauth::consents;
use crate::service::transact::read;
use crate::store::{StoreError, oauth_clients, oauth_consents};

/// What comes next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    SignIn,
    /// Somebody is asked whether the application may do all this.
    Consent {
        user: SignedIn,
        scopes: ScopeSet,
    },
    /// They said so before.
    Code {
        scopes: ScopeSet,
    },
}

/// # Errors
/// [`AuthorizeError`]: the application is told where it wants no page to be shown and one would be needed.
#[tracing::instrument(name = "service.oauth.authorize.next", skip_all)]
pub async fn next(
    services: &Services,
    authorization: &Authorization,
    user: Option<&SignedIn>,
) -> Result<Next, AuthorizeError> {
    let (sign_in, consent) = match authorization.prompt {
        Prompt::AsNeeded | Prompt::Never => (false, false),
        Prompt::Always { sign_in, consent } => (sign_in, consent),
    };
    let Some(user) = user.filter(|_| !sign_in) else {
        return match authorization.prompt {
            Prompt::Never => Err(told(authorization, LOGIN_REQUIRED)),
            Prompt::AsNeeded | Prompt::Always { .. } => Ok(Next::SignIn),
        };
    };
    let scopes = may(authorization, user)?;
    if !consent && goes_without_asking(services, authorization, user, scopes).await? {
        return Ok(Next::Code { scopes });
    }
    match authorization.prompt {
        Prompt::Never => Err(told(authorization, CONSENT_REQUIRED)),
        Prompt::AsNeeded | Prompt::Always { .. } => {
            Ok(Next::Consent { user: user.clone(), scopes })
        }
    }
}

const LOGIN_REQUIRED: Refusal = Refusal::new(Reason::LoginRequired, "Nobody is signed in.");
const CONSENT_REQUIRED: Refusal =
    Refusal::new(Reason::ConsentRequired, "The user must be asked first.");
const NOTHING_LEFT: Refusal =
    Refusal::new(Reason::InvalidScope, "The user may do nothing of what scope names.");

fn told(authorization: &Authorization, refusal: Refusal) -> AuthorizeError {
    AuthorizeError::SentBack(authorization.back.clone(), refusal)
}

/// What is asked for, as far as this user may do it themselves.
fn may(authorization: &Authorization, user: &SignedIn) -> Result<ScopeSet, AuthorizeError> {
    let scopes = authorization.scopes.intersection(user.role.scopes());
    if scopes.is_empty() { Err(told(authorization, NOTHING_LEFT)) } else { Ok(scopes) }
}

/// Anybody can say that they are a public client: people are asked each time (RFC 8252 §8.6).
async fn goes_without_asking(
    services: &Services,
    authorization: &Authorization,
    user: &SignedIn,
    scopes: ScopeSet,
) -> Result<bool, StoreError> {
    match authorization.client.kind {
        ClientKind::Public => Ok(false),
        ClientKind::Confidential => {
            let look = read::<_, StoreError, _>(&services.pool, |conn| {
                is_consented(conn, authorization, (user, scopes)).scope_boxed()
            });
            look.await
        }
    }
}

/// A yes, and to what.
#[derive(Debug, Clone, Copy)]
pub struct Yes {
    pub said: Said,
    /// What they were shown, now or then.
    pub shown: ScopeSet,
}

/// When somebody said yes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    Now,
    Before,
}

/// Somebody at this browser says yes, or has said so before, to what they were shown.
///
/// `None` where nobody is signed in there any more, or has taken back what they said before: they are to be asked.
///
/// # Errors
/// [`AuthorizeError`]: what is asked for is more than they may do by now, or the client is gone.
#[tracing::instrument(name = "service.oauth.authorize.allow", skip_all)]
pub async fn allow(
    services: &Services,
    origin: &Origin,
    authorization: &Authorization,
    (token, yes): (&BrowserToken, Yes),
) -> Result<Option<Code>, AuthorizeError> {
    transact_audited::<_, AuthorizeError, _>(&services.pool, |conn| {
        async move {
            // Client, then user: in this order everywhere.
            let gone = AuthorizeError::NotOurs(NotOurs::UnknownClient);
            let client = oauth_clients::find_for_share(conn, authorization.client.id).await?;
            let client = client.ok_or(gone)?;
            if !client.may_use(GrantType::AuthorizationCode)
                || !client.accepts(&authorization.back.redirect_uri)
            {
                return Err(AuthorizeError::NotOurs(NotOurs::RedirectUri));
            }
            let Some(user) = browser::find_for_share(conn, services, token).await? else {
                return Ok(Audited::unchanged(None));
            };
            // Nobody agrees to more than they were shown, whatever the client was given meanwhile.
            let scopes = may(authorization, &user)?;
            let scopes = scopes.intersection(yes.shown).intersection(client.scopes);
            if scopes.is_empty() {
                return Err(told(authorization, NOTHING_LEFT));
            }
            let consented = is_consented(conn, authorization, (&user, scopes)).await?;
            if yes.said == Said::Before && !consented {
                return Ok(Audited::unchanged(None));
            }
            let entries = match consented {
                true => Vec::new(),
                false => consent(conn, services, authorization, (&user, scopes)).await?,
            };
            let grant = grant(authorization, &user, scopes);
            let code = codes::issue(conn, services, &grant).await?;
            let author = user.author(origin);
            Ok(record(conn, &services.ambient, &author, &entries, Some(code)).await?)
        }
        .scope_boxed()
    })
    .await
}

/// Whether they have consented to all of it before, and not taken it back.
async fn is_consented(
    conn: &mut PgConnection,
    authorization: &Authorization,
    (user, scopes): (&SignedIn, ScopeSet),
) -> Result<bool, StoreError> {
    let before = oauth_consents::find(conn, (user.user_id, authorization.client.id)).await?;
    Ok(before.is_some_and(|consent| consent.scopes.covers(scopes)))
}

/// Writes the consent down, and what is to be told of it.
async fn consent(
    conn: &mut PgConnection,
    services: &Services,
    authorization: &Authorization,
    (user, scopes): (&SignedIn, ScopeSet),
) -> Result<Vec<Entry>, StoreError> {
    let client = authorization.client.id;
    let pair = (user.user_id, client);
    consents::give(conn, services, pair, scopes).await?;
    Ok(vec![Entry { act: Act::GrantConsent { scopes }, target: Target::OauthClient(client) }])
}

fn grant(authorization: &Authorization, user: &SignedIn, scopes: ScopeSet) -> CodeGrant {
    CodeGrant {
        client: authorization.client.id,
        user_id: user.user_id,
        access_epoch: user.access_epoch,
        redirect_uri: authorization.back.redirect_uri.clone(),
        redirect_uri_given: authorization.back.redirect_uri_given,
        scopes,
        challenge: authorization.challenge.clone(),
    }
}
