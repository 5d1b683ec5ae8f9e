//! The keys that sign access tokens: Ed25519, kept encrypted in the database, held open in memory.
//!
//! Every process reads the same rows. A key is published [`LEAD`] before it signs, so that whoever verifies has
//! it by then; the one before stays published until the last token it signed is over.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{DecodingKey, EncodingKey};
use scoped_futures::ScopedFutureExt;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretBox};
use serde::Serialize;
use sha2::{Digest, Sha256};
use sqlx::PgConnection;
use time::{Duration, OffsetDateTime};

use super::{ACCESS_TOKEN_LIVES, Auth};
use crate::config::DerivedKey;
use crate::domain::ambient::Ambient;
use crate::service::Services;
use crate::service::audit::{Act, Author, Entry, Target, record, transact_audited};
use crate::service::seal::{self, SealError};
use crate::service::transact::{AsStoreError, read, transact};
use crate::store::signing_keys::{self as rows, SigningKeyRow};
use crate::store::{self, StoreError};

/// From publication to first use; longer than anybody keeps the published keys.
pub const LEAD: Duration = Duration::minutes(15);

/// How long the keys in memory are believed without a look at the database.
const BELIEVED: Duration = Duration::minutes(1);

/// Shortest time between two looks that unknown key names can cause.
const BETWEEN_LOOKS: Duration = Duration::seconds(5);

/// Ed25519 in PKCS#8 version 1 (RFC 8410 §7): what comes before the 32 bytes of the seed.
const PKCS8_PREFIX: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

/// There is no key to sign or verify with.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    #[error("signing key {kid} is of no use")]
    Sealed {
        kid: String,
        #[source]
        source: SealError,
    },
    #[error("signing key {kid} is not an Ed25519 key")]
    Malformed { kid: String },
    #[error("no signing key is in use")]
    NoneInUse,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl AsStoreError for KeysError {
    fn as_store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) => Some(error),
            _ => None,
        }
    }
}

/// A key, ready for use.
pub struct SigningKey {
    pub kid: String,
    pub encoding: EncodingKey,
    pub decoding: DecodingKey,
    public: String,
    signs_from: OffsetDateTime,
    retired_at: Option<OffsetDateTime>,
}

impl SigningKey {
    fn is_published(&self, now: OffsetDateTime) -> bool {
        self.retired_at.is_none_or(|retired| now < retired)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("kid", &self.kid).finish_non_exhaustive()
    }
}

/// A public key as it is published (RFC 7517, RFC 8037 §2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PublicJwk {
    pub kty: &'static str,
    pub crv: &'static str,
    pub alg: &'static str,
    #[serde(rename = "use")]
    pub usage: &'static str,
    pub kid: String,
    pub x: String,
}

/// The document at `/.well-known/jwks.json` (RFC 7517 §5).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JwkSet {
    pub keys: Vec<PublicJwk>,
}

/// The keys in memory; empty until first asked.
pub struct KeyRing {
    vault: DerivedKey,
    held: RwLock<Held>,
    /// One look at a time; the others wait for its result.
    looking: tokio::sync::Mutex<()>,
}

#[derive(Clone, Default)]
struct Held {
    keys: Arc<[Arc<SigningKey>]>,
    /// When the database was last asked.
    seen_at: Option<OffsetDateTime>,
}

impl Held {
    fn is_older_than(&self, age: Duration, now: OffsetDateTime) -> bool {
        self.seen_at.is_none_or(|seen| now - seen >= age)
    }
}

impl KeyRing {
    pub(super) fn new(vault: DerivedKey) -> Self {
        Self { vault, held: RwLock::new(Held::default()), looking: tokio::sync::Mutex::new(()) }
    }

    fn held(&self) -> Held {
        self.held.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The keys, looked up again where those in memory are older than `age`; made where there are none.
    async fn fresh(&self, services: &Services, age: Duration) -> Result<Held, KeysError> {
        let held = self.held();
        if !held.is_older_than(age, services.ambient.now()) {
            return Ok(held);
        }
        let _look = self.looking.lock().await;
        let held = self.held();
        let now = services.ambient.now();
        if !held.is_older_than(age, now) {
            return Ok(held);
        }
        let keys = load_or_create(services).await?;
        let fresh = Held { keys: keys.into(), seen_at: Some(now) };
        *self.held.write().unwrap_or_else(PoisonError::into_inner) = fresh.clone();
        Ok(fresh)
    }
}

/// The key to sign with now: the youngest whose time has come.
///
/// # Errors
/// [`KeysError`].
pub async fn current(services: &Services) -> Result<Arc<SigningKey>, KeysError> {
    let held = services.auth.keys().fresh(services, BELIEVED).await?;
    // Not before: the first key may have been made just now.
    let now = services.ambient.now();
    held.keys
        .iter()
        .rfind(|key| key.signs_from <= now && key.is_published(now))
        .cloned()
        .ok_or(KeysError::NoneInUse)
}

/// The published key of this name. An unknown name causes at most one look at the database in five seconds, and
/// never gets there itself. Where the database does not answer, the keys in memory are believed for longer: whether a
/// session lives is asked of it anyway.
///
/// # Errors
/// [`KeysError`].
pub async fn named(services: &Services, kid: &str) -> Result<Option<Arc<SigningKey>>, KeysError> {
    let now = services.ambient.now();
    let found = |held: &Held| {
        held.keys.iter().find(|key| key.kid == kid && key.is_published(now)).map(Arc::clone)
    };
    for age in [BELIEVED, BETWEEN_LOOKS] {
        match services.auth.keys().fresh(services, age).await {
            Ok(held) => {
                if let Some(key) = found(&held) {
                    return Ok(Some(key));
                }
            }
            Err(error) => return found(&services.auth.keys().held()).map(Some).ok_or(error),
        }
    }
    Ok(None)
}

/// All published keys.
///
/// # Errors
/// [`KeysError`].
pub async fn published(services: &Services) -> Result<JwkSet, KeysError> {
    let now = services.ambient.now();
    let held = services.auth.keys().fresh(services, BELIEVED).await?;
    let keys = held.keys.iter().filter(|key| key.is_published(now)).map(|key| PublicJwk {
        kty: "OKP",
        crv: "Ed25519",
        alg: "EdDSA",
        usage: "sig",
        kid: key.kid.clone(),
        x: key.public.clone(),
    });
    Ok(JwkSet { keys: keys.collect() })
}

/// Makes the first key where there is none.
///
/// # Errors
/// [`KeysError`]; also where those that are there can't be opened.
pub async fn ensure(services: &Services) -> Result<(), KeysError> {
    load_or_create(services).await.map(drop)
}

/// A key that was just made, and what it means for the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotation {
    pub kid: String,
    /// From here on the new key signs.
    pub signs_from: OffsetDateTime,
    /// From here on the others are neither accepted nor published.
    pub others_retire_at: OffsetDateTime,
}

/// Publishes a new key, which signs from [`LEAD`] on; the others retire once their last token is over.
///
/// # Errors
/// [`KeysError`].
pub async fn rotate(services: &Services, author: &Author) -> Result<Rotation, KeysError> {
    // A first key must be there to sign until the new one does.
    ensure(services).await?;
    transact_audited(&services.pool, |conn| {
        async move {
            rows::lock(conn).await?;
            let now = services.ambient.now();
            let key = generate(&services.auth, &services.ambient, now + LEAD)?;
            rows::insert(conn, &key, now).await?;
            let last_token_over = key.signs_from + BELIEVED + ACCESS_TOKEN_LIVES * 2;
            rows::update_others_retired(conn, &key.kid, last_token_over).await?;
            let SigningKeyRow { kid, signs_from, .. } = key;
            let act = Act::RotateSigningKeys { signs_from };
            let entry = Entry { act, target: Target::SigningKey(kid.clone()) };
            let rotation = Rotation { kid, signs_from, others_retire_at: last_token_over };
            Ok(record(conn, &services.ambient, author, &[entry], rotation).await?)
        }
        .scope_boxed()
    })
    .await
}

async fn load_or_create(services: &Services) -> Result<Vec<Arc<SigningKey>>, KeysError> {
    let found: Vec<SigningKeyRow> = read(&services.pool, |conn| {
        async move { list(conn, &services.ambient).await }.scope_boxed()
    })
    .await?;
    let rows = if found.is_empty() { create_first(services).await? } else { found };
    rows.iter().map(|row| unseal(services.auth.keys(), row).map(Arc::new)).collect()
}

async fn list(conn: &mut PgConnection, ambient: &Ambient) -> Result<Vec<SigningKeyRow>, KeysError> {
    Ok(rows::list_published(conn, ambient.now()).await?)
}

/// Of processes that start at once, one makes the key and the others find it.
async fn create_first(services: &Services) -> Result<Vec<SigningKeyRow>, KeysError> {
    transact(&services.pool, |conn| {
        async move {
            rows::lock(conn).await?;
            let found = list(conn, &services.ambient).await?;
            if !found.is_empty() {
                return Ok(found);
            }
            let now = services.ambient.now();
            let key = generate(&services.auth, &services.ambient, now)?;
            store::signing_keys::insert(conn, &key, now).await?;
            Ok(vec![key])
        }
        .scope_boxed()
    })
    .await
}

/// An Ed25519 private key (RFC 8032 §5.1.5).
type Seed = seal::Secret;

fn generate(
    auth: &Auth,
    ambient: &Ambient,
    signs_from: OffsetDateTime,
) -> Result<SigningKeyRow, KeysError> {
    let seed: Seed = SecretBox::init_with(|| ambient.bytes());
    let public_key = public_half(&seed).ok_or_else(|| malformed("(new)"))?;
    let kid = thumbprint(&public_key);
    let sealed = seal::seal(&auth.keys().vault, ambient, &kid, &seed);
    let private_key_encrypted =
        sealed.map_err(|source| KeysError::Sealed { kid: kid.clone(), source })?;
    Ok(SigningKeyRow { kid, public_key, private_key_encrypted, signs_from, retired_at: None })
}

fn unseal(ring: &KeyRing, row: &SigningKeyRow) -> Result<SigningKey, KeysError> {
    let kid = row.kid.clone();
    let seed = seal::open(&ring.vault, &kid, &row.private_key_encrypted)
        .map_err(|source| KeysError::Sealed { kid: kid.clone(), source })?;
    if public_half(&seed).as_ref() != Some(&row.public_key) {
        return Err(malformed(&kid));
    }
    let der = Zeroizing::new([PKCS8_PREFIX.as_slice(), seed.expose_secret().as_slice()].concat());
    let public = URL_SAFE_NO_PAD.encode(&row.public_key);
    Ok(SigningKey {
        encoding: EncodingKey::from_ed_der(&der),
        decoding: DecodingKey::from_ed_der(&row.public_key),
        kid,
        public,
        signs_from: row.signs_from,
        retired_at: row.retired_at,
    })
}

fn malformed(kid: &str) -> KeysError {
    KeysError::Malformed { kid: kid.to_owned() }
}

fn public_half(seed: &Seed) -> Option<Vec<u8>> {
    let pair = Ed25519KeyPair::from_seed_unchecked(seed.expose_secret()).ok()?;
    Some(pair.public_key().as_ref().to_vec())
}

/// The JWK thumbprint (RFC 7638 §3, RFC 8037 §2).
fn thumbprint(public_key: &[u8]) -> String {
    let x = URL_SAFE_NO_PAD.encode(public_key);
    let members = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
    URL_SAFE_NO_PAD.encode(Sha256::digest(members))
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::thumbprint;

    #[test]
    fn a_key_is_named_by_its_thumbprint_as_in_rfc_8037() {
        // RFC 8037, appendix A.3.
        let x = URL_SAFE_NO_PAD.decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo").unwrap();
        assert_eq!(thumbprint(&x), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }
}
