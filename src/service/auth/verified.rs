//! Tokens whose signature was found to be right, so that it is not computed anew with every request; it believes nothing else:
//! time, key and session are asked about each time.

use std::fmt;
use std::time::Duration;

use moka::sync::Cache;
use sha2::{Digest, Sha256};
use time::OffsetDateTime;

use super::ACCESS_TOKEN_LIVES;
use super::error::{TokenError, TokenFault};
use super::tokens::Bearer;

/// Tokens in memory at most, some 200 bytes each.
const MOST: u64 = 20_000;

/// How far the clocks of two of our processes may differ.
const LEEWAY: time::Duration = time::Duration::seconds(5);

/// A token is known by its digest: one that differs in a single bit is another one.
type TokenDigest = [u8; 32];

/// What a token says that our key signed.
#[derive(Debug, Clone)]
pub(in crate::service) struct Signed {
    pub kid: String,
    pub bearer: Bearer,
    /// `nbf` or `iat`, whichever is later, and `exp`, in seconds since 1970.
    pub from: i64,
    pub until: i64,
}

impl Signed {
    /// # Errors
    /// It is too early for the token, or too late.
    pub(super) fn check_time(&self, now: OffsetDateTime) -> Result<(), TokenError> {
        let (now, leeway) = (now.unix_timestamp(), LEEWAY.whole_seconds());
        if self.from > now.saturating_add(leeway) {
            return Err(TokenFault::TooEarly.into());
        }
        if self.until.saturating_add(leeway) <= now {
            return Err(TokenError::Expired);
        }
        Ok(())
    }
}

/// The tokens that were verified lately, by this process.
pub(super) struct Verified(Cache<TokenDigest, Signed>);

impl Verified {
    pub(super) fn new() -> Self {
        let lives = Duration::try_from(ACCESS_TOKEN_LIVES).unwrap_or_default();
        Self(Cache::builder().max_capacity(MOST).time_to_live(lives).build())
    }

    pub(super) fn find(&self, token: &str) -> Option<Signed> {
        self.0.get(&digest(token))
    }

    pub(super) fn remember(&self, token: &str, signed: &Signed) {
        self.0.insert(digest(token), signed.clone());
    }
}

fn digest(token: &str) -> TokenDigest {
    Sha256::digest(token).into()
}

impl fmt::Debug for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verified").finish_non_exhaustive()
    }
}
