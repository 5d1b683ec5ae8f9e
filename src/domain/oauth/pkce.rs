//! Proof that whoever trades a code in is whoever asked for it (RFC 7636): `S256` and nothing else.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// The only method: `plain` would show the verifier to whoever sees the request.
pub const METHOD: &str = "S256";

/// The SHA-256 of a verifier: 43 characters of base64url.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeChallenge(String);

impl CodeChallenge {
    /// `None` for what is no SHA-256 in base64url.
    pub fn parse(input: &str) -> Option<Self> {
        let digest = URL_SAFE_NO_PAD.decode(input).ok()?;
        (digest.len() == 32).then(|| Self(input.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What the application kept to itself when it asked: 43–128 unreserved characters (RFC 7636 §4.1).
#[derive(Clone)]
pub struct CodeVerifier(String);

impl std::fmt::Debug for CodeVerifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CodeVerifier")
    }
}

impl CodeVerifier {
    /// `None` for what can't be one.
    pub fn parse(input: &str) -> Option<Self> {
        let unreserved =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
        let fits = (43..=128).contains(&input.len()) && input.bytes().all(unreserved);
        fits.then(|| Self(input.to_owned()))
    }

    pub fn answers(&self, challenge: &CodeChallenge) -> bool {
        // Nothing is learnt from the time of it: whoever asks knows the challenge, and must know its origin.
        URL_SAFE_NO_PAD.encode(Sha256::digest(&self.0)) == challenge.0
    }
}

#[cfg(test)]
mod tests {
    use super::{CodeChallenge, CodeVerifier};

    /// The example of RFC 7636, appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    #[test]
    fn the_verifier_of_the_standard_answers_its_challenge_and_no_other_does() {
        let challenge = CodeChallenge::parse(CHALLENGE).unwrap();
        assert!(CodeVerifier::parse(VERIFIER).unwrap().answers(&challenge));
        let other = VERIFIER.replace('d', "e");
        assert!(!CodeVerifier::parse(&other).unwrap().answers(&challenge));
        // The challenge itself, as the method `plain` would have it.
        assert!(!CodeVerifier::parse(CHALLENGE).unwrap().answers(&challenge));
    }

    #[test]
    fn what_is_too_short_too_long_or_of_other_characters_is_neither() {
        for wrong in
            ["", "abc", VERIFIER.get(1..).unwrap(), &"x".repeat(129), &format!("{VERIFIER}+")]
        {
            assert!(CodeVerifier::parse(wrong).is_none(), "{wrong}");
        }
        assert!(CodeVerifier::parse(&"~".repeat(128)).is_some());
        for wrong in ["", VERIFIER.get(..42).unwrap(), &format!("{CHALLENGE}="), &"+".repeat(43)] {
            assert!(CodeChallenge::parse(wrong).is_none(), "{wrong}");
        }
        assert!(!format!("{:?}", CodeVerifier::parse(VERIFIER)).contains("dBj"));
    }
}
