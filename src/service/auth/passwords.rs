//! Passwords: which are accepted, and their Argon2id hashes, made off the async threads and few at a time.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::{JoinError, spawn_blocking};
use tokio::time::timeout;
use unicode_normalization::UnicodeNormalization;

use super::argon2id::{self, Scratch};
use crate::domain::Violation;
use crate::domain::ambient::Ambient;
use crate::resilience::load_shed::step_outside;

/// A hash of no password, with the same parameters: checking against it costs what any check costs.
const DUMMY_HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm90IGEgcmVhbCBzYWx0$bm8gcGFzc3dvcmQgaGFzaGVzIHRvIHRoaXMgdGV4dC4";

/// Longest wait for a free place among the hashes.
const PATIENCE: Duration = Duration::from_secs(3);

/// How many may wait for each that is being hashed.
const QUEUE_PER_PLACE: usize = 16;

const MIN_CHARACTERS: usize = 12;
const MAX_CHARACTERS: usize = 128;

/// The commonest passwords of twelve characters and more, in lower case (NIST SP 800-63B §3.1.1.2).
const COMMON: &[&str] = &[
    "123456789012",
    "1234567890123",
    "12345678901234",
    "123456789012345",
    "1234567890123456",
    "123123123123",
    "1q2w3e4r5t6y",
    "1qaz2wsx3edc",
    "abcdefghijkl",
    "administrator",
    "changemenow123",
    "correct horse battery staple",
    "correcthorsebatterystaple",
    "iloveyou1234",
    "letmeinletmein",
    "password1234",
    "password12345",
    "password123456",
    "passwordpassword",
    "q1w2e3r4t5y6",
    "qwerty123456",
    "qwertyqwerty",
    "qwertyuiop12",
    "qwertyuiop123",
    "qwertyuiopasdf",
    "welcome12345",
    "zxcvbnm12345",
];

/// Stands in the place of a hash where there is no password; nobody signs in with one.
pub const NO_PASSWORD: &str = "!";

/// A password that may be chosen: 12–128 characters, none of the commonest.
#[derive(Debug, Clone)]
pub struct Password(SecretString);

impl Password {
    /// # Errors
    /// `too_short`, `too_long` or `too_common`.
    pub fn parse(input: &str) -> Result<Self, Violation> {
        let characters = input.chars().take(MAX_CHARACTERS + 1).count();
        if characters < MIN_CHARACTERS {
            return Err(Violation::new("too_short", "must have at least 12 characters"));
        }
        if characters > MAX_CHARACTERS {
            return Err(Violation::new("too_long", "must have at most 128 characters"));
        }
        let mut letters = input.chars();
        let first = letters.next();
        let repeated = letters.all(|letter| Some(letter) == first);
        if repeated || COMMON.contains(&input.to_lowercase().as_str()) {
            return Err(Violation::new("too_common", "is among the first that anybody would try"));
        }
        Ok(Self(normal(input)))
    }
}

/// A password somebody presents; it may be anything.
#[derive(Debug, Clone)]
pub struct PasswordAttempt(Option<SecretString>);

impl PasswordAttempt {
    /// Keeps nothing of a text that is too long to be anybody's password.
    pub fn new(input: &str) -> Self {
        let bounded = input.chars().take(MAX_CHARACTERS + 1).count() <= MAX_CHARACTERS;
        Self(bounded.then(|| normal(input)))
    }
}

/// One password typed on two keyboards is one password (RFC 8265 §4.2.2: NFC).
fn normal(input: &str) -> SecretString {
    input.nfc().collect::<String>().into()
}

/// Whether a password that was proven by the one hash is still the account's whose hash is now the other. Each is salted by
/// itself: one that was chosen since is another one, whatever it is.
pub(in crate::service) fn is_still(proven: &SecretString, now: &SecretString) -> bool {
    proven.expose_secret() == now.expose_secret()
}

/// Whether a presented password is the account's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Right,
    Wrong,
}

/// A password could not be hashed.
#[derive(Debug, thiserror::Error)]
pub enum HashError {
    /// Too many at once; later it may work.
    #[error("too many passwords are being checked")]
    Busy,
    #[error("the password could not be hashed")]
    Algorithm(#[source] argon2::password_hash::Error),
    #[error("hashing was cut off")]
    CutOff(#[source] JoinError),
}

/// Hashes on blocking threads, as many at once as there are processors; a bounded number waits a bounded time.
pub struct PasswordHasher {
    places: Arc<Semaphore>,
    queue: Semaphore,
    scratch: Arc<Scratch>,
}

impl PasswordHasher {
    /// One place for each processor.
    pub fn for_this_machine() -> Self {
        let places = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            places: Arc::new(Semaphore::new(places)),
            queue: Semaphore::new(places.saturating_mul(QUEUE_PER_PLACE)),
            scratch: Arc::default(),
        }
    }

    /// A PHC string, salted with 16 bytes of its own.
    ///
    /// # Errors
    /// [`HashError`].
    pub async fn hash(
        &self,
        ambient: &Ambient,
        password: Password,
    ) -> Result<SecretString, HashError> {
        let salt = ambient.bytes::<16>();
        self.run(move |scratch| {
            argon2id::hash(scratch, password.0.expose_secret().as_bytes(), &salt)
                .map(SecretString::from)
                .map_err(HashError::Algorithm)
        })
        .await
    }

    /// Compares; without a hash (no such account, or one that has no password) it does the same work and says
    /// [`Verdict::Wrong`].
    ///
    /// # Errors
    /// [`HashError`].
    pub async fn verify(
        &self,
        attempt: PasswordAttempt,
        hash: Option<SecretString>,
    ) -> Result<Verdict, HashError> {
        let hash = hash.filter(|hash| hash.expose_secret() != NO_PASSWORD);
        self.run(move |scratch| {
            let (password, known) = match (&attempt.0, &hash) {
                (Some(password), Some(hash)) => (password.expose_secret(), hash.expose_secret()),
                (_, _) => ("", DUMMY_HASH),
            };
            let equal = argon2id::verify(scratch, password.as_bytes(), known)
                .map_err(HashError::Algorithm)?;
            Ok(if equal && hash.is_some() { Verdict::Right } else { Verdict::Wrong })
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Scratch) -> Result<T, HashError> + Send + 'static,
    ) -> Result<T, HashError> {
        let scratch = Arc::clone(&self.scratch);
        // Hashes have a bound of their own.
        let _outside = step_outside();
        let place = self.place().await?;
        spawn_blocking(move || {
            // Held by the work itself: a caller that goes away leaves it running.
            let _place = place;
            work(&scratch)
        })
        .await
        .map_err(HashError::CutOff)?
    }

    async fn place(&self) -> Result<OwnedSemaphorePermit, HashError> {
        let Ok(_queued) = self.queue.try_acquire() else { return Err(HashError::Busy) };
        match timeout(PATIENCE, Arc::clone(&self.places).acquire_owned()).await {
            Ok(Ok(place)) => Ok(place),
            Ok(Err(_)) | Err(_) => Err(HashError::Busy),
        }
    }
}

impl fmt::Debug for PasswordHasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasswordHasher").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::{DUMMY_HASH, NO_PASSWORD, Password, PasswordAttempt, PasswordHasher, Verdict};
    use crate::domain::ambient::Ambient;
    use crate::service::auth::argon2id::{self, Scratch};

    #[test]
    fn short_long_and_common_passwords_are_refused() {
        let codes = ["elevenchars", &"x1".repeat(65), "Password1234", "aaaaaaaaaaaaaa"]
            .map(|bad| Password::parse(bad).unwrap_err().code);
        assert_eq!(codes, ["too_short", "too_long", "too_common", "too_common"]);
        assert!(Password::parse(&"ä1".repeat(64)).is_ok());
    }

    #[tokio::test]
    async fn a_hash_matches_its_password_only_however_it_was_composed() {
        let hasher = PasswordHasher::for_this_machine();
        let password = Password::parse("caf\u{e9} au lait 4711").unwrap();
        let hash = hasher.hash(&Ambient::system(), password).await.unwrap();
        assert!(hash.expose_secret().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        let decomposed = PasswordAttempt::new("cafe\u{301} au lait 4711");
        assert_eq!(hasher.verify(decomposed, Some(hash.clone())).await.unwrap(), Verdict::Right);
        let other = PasswordAttempt::new("cafe au lait 4711");
        assert_eq!(hasher.verify(other.clone(), Some(hash)).await.unwrap(), Verdict::Wrong);
        assert_eq!(hasher.verify(other, None).await.unwrap(), Verdict::Wrong);
    }

    #[tokio::test]
    async fn an_account_without_a_password_is_like_none() {
        let hasher = PasswordHasher::for_this_machine();
        for attempt in ["", NO_PASSWORD, "correct horse battery"] {
            let none = Some(NO_PASSWORD.into());
            let verdict = hasher.verify(PasswordAttempt::new(attempt), none).await.unwrap();
            assert_eq!(verdict, Verdict::Wrong, "{attempt}");
        }
    }

    #[test]
    fn the_dummy_hash_is_compared_at_full_cost() {
        assert!(DUMMY_HASH.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        let compared = argon2id::verify(&Scratch::default(), b"", DUMMY_HASH);
        assert!(!compared.unwrap());
    }
}
