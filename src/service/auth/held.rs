//! Whether what a request was let in with still holds, for whoever makes what would outlive it; it ends nothing itself.

use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::domain::access::{Credential, Mandate, Principal, Role, ScopeSet};
use crate::domain::ids::{ApiKeyId, ClientId, SessionId};
use crate::domain::permission::{Granted, Permission};
use crate::service::Services;
use crate::store::{StoreError, api_keys, sessions, users};

/// The caller with what they may do now; `None` where the credential, or with it the permission, is gone meanwhile. Whoever
/// takes it away from now on waits until this transaction ends, and finds what was made. Which of an API key's secrets was
/// shown is not asked again.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer or a row can't be believed.
pub(in crate::service) async fn still_holds<P: Permission>(
    conn: &mut PgConnection,
    services: &Services,
    caller: &Principal,
    _: Granted<P>,
) -> Result<Option<Principal>, StoreError> {
    let now = services.ambient.now();
    // The user before the credential, as by whoever ends it.
    users::find_credentials_for_share(conn, caller.user_id).await?;
    let held = match caller.credential {
        Credential::Session(session) => of_session(conn, caller, (session, None), now).await?,
        Credential::Application { session, client, mandate } => {
            of_session(conn, caller, (session, Some((client, mandate))), now).await?
        }
        Credential::ApiKey(key) => of_key(conn, key, now).await?,
    };
    let caller = held.map(|(role, scopes)| Principal { role, scopes, ..caller.clone() });
    Ok(caller.filter(|caller| caller.granted::<P>().is_ok()))
}

async fn of_session(
    conn: &mut PgConnection,
    caller: &Principal,
    (session, holder): (SessionId, Option<(ClientId, Mandate)>),
    now: OffsetDateTime,
) -> Result<Option<(Role, ScopeSet)>, StoreError> {
    sessions::lock_for_share(conn, session).await?;
    let found = sessions::list_access(conn, &[(session, caller.user_id)]).await?.pop();
    let access = found.transpose()?.flatten();
    let live = access.filter(|access| access.is_live(now) && access.holder() == holder);
    Ok(live.map(|access| (access.role, access.allowed(caller.scopes))))
}

async fn of_key(
    conn: &mut PgConnection,
    key: ApiKeyId,
    now: OffsetDateTime,
) -> Result<Option<(Role, ScopeSet)>, StoreError> {
    api_keys::lock_for_share(conn, key).await?;
    let found = api_keys::list_access(conn, &[key]).await?.pop();
    let live = found.transpose()?.flatten().filter(|access| access.is_live(now));
    Ok(live.map(|access| (access.role, access.allowed())))
}
