//! Argon2id in PHC strings, over memory that is kept for the next hash; when and how many at once is decided elsewhere.
//!
//! A hash fills 19 MiB. Freed after each, an allocator would keep as much for every thread that ever hashed: hundreds of
//! megabytes of a process that signs people in. Kept, it is one block for each hash that runs at a time.

use std::sync::{Mutex, PoisonError};

use argon2::password_hash::Error;
use argon2::{Algorithm, Argon2, Block, Params, PasswordHash, Version};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use subtle::ConstantTimeEq;

/// 19 MiB, two passes, one lane (OWASP Password Storage Cheat Sheet, Argon2id).
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

const OUTPUT: usize = Params::DEFAULT_OUTPUT_LEN;

/// The memory of hashes that ran; as many as ever ran at a time.
#[derive(Default)]
pub(super) struct Scratch(Mutex<Vec<Vec<Block>>>);

impl Scratch {
    fn kept(&self) -> std::sync::MutexGuard<'_, Vec<Vec<Block>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fill(
        &self,
        argon2: &Argon2<'_>,
        password: &[u8],
        salt: &[u8],
        output: &mut [u8],
    ) -> Result<(), Error> {
        let mut memory = self.kept().pop().unwrap_or_default();
        let needed = argon2.params().block_count();
        if memory.len() < needed {
            memory.resize(needed, Block::new());
        }
        let filled = argon2.hash_password_into_with_memory(password, salt, output, &mut memory);
        self.kept().push(memory);
        Ok(filled?)
    }
}

/// The PHC string of a password.
pub(super) fn hash(scratch: &Scratch, password: &[u8], salt: &[u8; 16]) -> Result<String, Error> {
    let parameters = Params::new(MEMORY_KIB, PASSES, LANES, Some(OUTPUT))?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters);
    let mut output = [0; OUTPUT];
    scratch.fill(&argon2, password, salt, &mut output)?;
    let (salt, output) = (STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(output));
    let version = u32::from(Version::V0x13);
    Ok(format!("$argon2id$v={version}$m={MEMORY_KIB},t={PASSES},p={LANES}${salt}${output}"))
}

/// Whether the PHC string is of this password, with whatever parameters it was made.
pub(super) fn verify(scratch: &Scratch, password: &[u8], phc: &str) -> Result<bool, Error> {
    let known = PasswordHash::new(phc)?;
    let parameters = Params::try_from(&known)?;
    let algorithm = Algorithm::try_from(known.algorithm.as_str())?;
    let version = known.version.map(Version::try_from).transpose()?;
    let (Some(salt), Some(expected)) = (known.salt, known.hash) else {
        return Err(Error::PasswordInvalid);
    };
    let argon2 = Argon2::new(algorithm, version.unwrap_or_default(), parameters);
    let mut output = vec![0; expected.len()];
    scratch.fill(&argon2, password, &salt, &mut output)?;
    Ok(output.ct_eq(expected.as_bytes()).into())
}

#[cfg(test)]
mod tests {
    use argon2::{Argon2, PasswordVerifier};

    use super::{Scratch, hash, verify};

    #[test]
    fn what_it_makes_others_can_check_and_memory_is_used_again() {
        let scratch = Scratch::default();
        let one = hash(&scratch, b"one", &[1; 16]).unwrap();
        let other = hash(&scratch, b"other", &[2; 16]).unwrap();
        assert_eq!(scratch.kept().len(), 1);
        assert!(Argon2::default().verify_password(b"one", one.as_str()).is_ok());
        assert!(Argon2::default().verify_password(b"other", other.as_str()).is_ok());
        assert!(verify(&scratch, b"one", &one).unwrap());
        assert!(!verify(&scratch, b"one", &other).unwrap());
        assert_eq!(scratch.kept().len(), 1);
    }

    #[test]
    fn what_is_no_hash_is_an_error_and_no_match() {
        let scratch = Scratch::default();
        for stored in ["", "!", "$argon2id$v=19$m=19456,t=2,p=1$bm90IGEgcmVhbCBzYWx0", "$md5$x$y"] {
            assert!(verify(&scratch, b"", stored).is_err(), "{stored}");
        }
    }
}
