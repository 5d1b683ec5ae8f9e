//! Browsers and who is signed in there: a session that is good for the pages alone. No API takes its token.

use scoped_futures::ScopedFutureExt;
use sqlx::PgConnection;
use time::Duration;

use crate::domain::access::Role;
use crate::domain::audit::Origin;
use crate::domain::ids::{SessionId, UserId};
use crate::domain::user::UserStatus;
use crate::service::Services;
use crate::service::audit::{
    Act, Actor, Audited, Author, Credential, Entry, Target, record, transact_audited,
};
use crate::service::auth::error::SessionError;
use crate::service::auth::opaque_token::{Kind, OpaqueToken};
use crate::service::auth::sign_in::{SignIn, prove, still_proven};
use crate::service::transact::read;
use crate::store::StoreError;
use crate::store::browser_sessions::{self, BrowserSession};
use crate::store::users::{self, Credentials};

/// How long somebody stays signed in at a browser, whatever they do there.
pub const SIGNED_IN_FOR: Duration = Duration::HOUR;

/// What a browser shows in its cookie. Before anybody signs in it says nothing but that it is the same browser.
#[derive(Debug, Clone)]
pub enum BrowserKind {}

impl Kind for BrowserKind {
    const PREFIX: &'static str = "tillbs_";
}

pub type BrowserToken = OpaqueToken<BrowserKind>;

/// Somebody who is signed in at a browser, as they are right now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedIn {
    pub user_id: UserId,
    /// What the audit log calls the browser's session.
    pub session: SessionId,
    pub access_epoch: i64,
    pub role: Role,
    pub email: String,
}

impl SignedIn {
    pub(super) fn author(&self, origin: &Origin) -> Author {
        author((self.user_id, self.session), origin)
    }
}

fn author((id, session): (UserId, SessionId), origin: &Origin) -> Author {
    let credential = Credential::Session(session);
    Author { actor: Actor::User { id, credential }, origin: origin.clone() }
}

/// Who is signed in at this browser, if anybody is.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "service.oauth.authorize.find_browser", skip_all)]
pub async fn find(
    services: &Services,
    token: &BrowserToken,
) -> Result<Option<SignedIn>, StoreError> {
    let (hash, now) = (token.hash(), services.ambient.now());
    let found = read::<_, StoreError, _>(&services.pool, |conn| {
        async move {
            let Some(session) = browser_sessions::find(conn, &hash).await? else { return Ok(None) };
            let current = users::find_credentials(conn, session.user_id).await?;
            let live = current.filter(|user| now < session.expires_at && goes_on(&session, user));
            let Some(current) = live else { return Ok(None) };
            signed_in(conn, &session, &current).await
        }
        .scope_boxed()
    });
    found.await
}

/// [`find`], so that it stays true until this transaction ends. The user is locked before the session, as by whoever ends it.
pub(super) async fn find_for_share(
    conn: &mut PgConnection,
    services: &Services,
    token: &BrowserToken,
) -> Result<Option<SignedIn>, StoreError> {
    let (hash, now) = (token.hash(), services.ambient.now());
    let Some(seen) = browser_sessions::find(conn, &hash).await? else { return Ok(None) };
    let current = users::find_credentials_for_share(conn, seen.user_id).await?;
    let locked = browser_sessions::find_for_share(conn, &hash).await?;
    let live = locked.filter(|session| now < session.expires_at).zip(current);
    match live.filter(|(session, user)| goes_on(session, user)) {
        Some((session, user)) => signed_in(conn, &session, &user).await,
        None => Ok(None),
    }
}

/// Whoever was disabled, or whose access changed since they signed in, is signed in no longer.
fn goes_on(session: &BrowserSession, user: &Credentials) -> bool {
    user.status == UserStatus::Active && user.access_epoch == session.access_epoch
}

async fn signed_in(
    conn: &mut PgConnection,
    session: &BrowserSession,
    user: &Credentials,
) -> Result<Option<SignedIn>, StoreError> {
    let known = users::find(conn, user.user_id).await?;
    Ok(known.map(|known| SignedIn {
        user_id: user.user_id,
        session: session.id,
        access_epoch: user.access_epoch,
        role: user.role,
        email: known.email,
    }))
}

/// Signs somebody in; the browser gets another token than it had, which is good for nothing from then on: whoever put it there
/// knows nothing of the new one.
///
/// # Errors
/// [`SessionError::InvalidCredentials`], or it could not be decided.
#[tracing::instrument(name = "service.oauth.authorize.open_browser", skip_all)]
pub async fn open(
    services: &Services,
    origin: &Origin,
    former: &BrowserToken,
    command: SignIn,
) -> Result<BrowserToken, SessionError> {
    let proven = &prove(services, origin, command).await?;
    let token = BrowserToken::generate(&services.ambient);
    let (hash, former) = (token.hash(), former.hash());
    transact_audited::<_, SessionError, _>(&services.pool, |conn| {
        async move {
            let current = still_proven(conn, proven).await?;
            browser_sessions::delete(conn, &former).await?;
            let now = services.ambient.now();
            let session = BrowserSession {
                id: services.ambient.id(),
                user_id: current.user_id,
                access_epoch: current.access_epoch,
                created_at: now,
                expires_at: now + SIGNED_IN_FOR,
            };
            browser_sessions::insert(conn, &hash, &session).await?;
            let author = author((session.user_id, session.id), origin);
            let entry = Entry { act: Act::SignIn, target: Target::User(session.user_id) };
            Ok(record(conn, &services.ambient, &author, &[entry], ()).await?)
        }
        .scope_boxed()
    })
    .await?;
    Ok(token)
}

/// Signs out whoever is signed in at this browser.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "service.oauth.authorize.close_browser", skip_all)]
pub async fn close(
    services: &Services,
    origin: &Origin,
    token: &BrowserToken,
) -> Result<(), StoreError> {
    let hash = token.hash();
    transact_audited::<_, StoreError, _>(&services.pool, |conn| {
        async move {
            let found = browser_sessions::find(conn, &hash).await?;
            let Some(session) = found else { return Ok(Audited::unchanged(())) };
            if !browser_sessions::delete(conn, &hash).await? {
                return Ok(Audited::unchanged(()));
            }
            let author = author((session.user_id, session.id), origin);
            let entry = Entry { act: Act::SignOut, target: Target::User(session.user_id) };
            record(conn, &services.ambient, &author, &[entry], ()).await
        }
        .scope_boxed()
    })
    .await
}
