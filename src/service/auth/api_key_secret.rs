//! Secrets of API keys: a key's id, 160 random bits, and a tag that only this service can make; the database knows only a
//! keyed hash.
//!
//! By its tag a secret that was never ours is told from one that is, or was, without a look at the database, as a token is
//! by its signature. The tag proves nothing more: whether the key is still good the database alone knows.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;
use uuid::Uuid;

use super::mac::mac;
use crate::config::DerivedKey;
use crate::domain::ambient::Ambient;
use crate::domain::ids::{ApiKeyId, Id};
use crate::store::api_keys::SecretHash;

/// Tells people and secret scanners what they look at.
pub const PREFIX: &str = "till_";

const ID: usize = 16;
const RANDOM: usize = 20;
/// HMAC-SHA-256, cut to 96 bits (RFC 2104 §5): nobody guesses it, and who did would hold no key.
const TAG: usize = 12;
const WHOLE: usize = ID + RANDOM + TAG;

/// What the two uses of one derived key are kept apart by.
const TAG_USE: &[u8] = b"till api key tag 1";
const HASH_USE: &[u8] = b"till api key hash 1";

/// How much of a secret its owner is shown later, to tell it from others; of the tag, which keeps nothing secret.
const HINT: usize = 4;

/// `till_` and 64 characters of base64url.
#[derive(Clone)]
pub struct ApiKeySecret(Zeroizing<[u8; WHOLE]>);

impl ApiKeySecret {
    pub(in crate::service) fn generate(key: &DerivedKey, ambient: &Ambient, id: ApiKeyId) -> Self {
        let mut whole = Zeroizing::new([0; WHOLE]);
        let (front, tag) = whole.split_at_mut(ID + RANDOM);
        let (name, random) = front.split_at_mut(ID);
        name.copy_from_slice(id.as_uuid().as_bytes());
        random.copy_from_slice(Zeroizing::new(ambient.bytes::<RANDOM>()).as_slice());
        tag.copy_from_slice(mac(key, TAG_USE, &[front]).split_at(TAG).0);
        Self(whole)
    }

    /// `None` for what is no secret of ours.
    pub(super) fn parse(key: &DerivedKey, text: &str) -> Option<Self> {
        let encoded = text.strip_prefix(PREFIX)?;
        let decoded = Zeroizing::new(URL_SAFE_NO_PAD.decode(encoded).ok()?);
        let whole: [u8; WHOLE] = decoded.as_slice().try_into().ok()?;
        let whole = Zeroizing::new(whole);
        let (front, tag) = whole.split_at(ID + RANDOM);
        let right = mac(key, TAG_USE, &[front]);
        let ours: bool = right.split_at(TAG).0.ct_eq(tag).into();
        ours.then_some(Self(whole))
    }

    pub(super) fn id(&self) -> ApiKeyId {
        let mut id = [0; ID];
        id.copy_from_slice(self.0.split_at(ID).0);
        Uuid::from_bytes(id).into()
    }

    pub(in crate::service) fn hash(&self, key: &DerivedKey) -> SecretHash {
        mac(key, HASH_USE, &[self.0.as_slice()])
    }

    /// The last characters.
    pub(in crate::service) fn hint(&self) -> String {
        let text = self.shown();
        let text = text.expose_secret();
        text.split_at(text.len() - HINT).1.to_owned()
    }

    pub(in crate::service) fn shown(&self) -> SecretString {
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(self.0.as_slice())).into()
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;
    use uuid::Uuid;

    use super::ApiKeySecret;
    use crate::config::RootKey;
    use crate::domain::ambient::Ambient;

    #[test]
    fn a_secret_is_known_by_its_tag_under_its_own_key_alone() {
        let root = RootKey::new([7; 32]);
        let (key, other) = (root.derive("one"), root.derive("other"));
        let id = Uuid::from_u128(9).into();
        let made = ApiKeySecret::generate(&key, &Ambient::system(), id);
        let shown = made.shown();
        let text = shown.expose_secret();
        assert!(text.len() == 69 && text.starts_with("till_"));
        assert!(text.ends_with(&made.hint()));
        let read = ApiKeySecret::parse(&key, text).unwrap();
        assert_eq!((read.id(), read.hash(&key)), (id, made.hash(&key)));
        assert_ne!(read.hash(&key), read.hash(&other));
        assert!(ApiKeySecret::parse(&other, text).is_none());
        for (place, letter) in text.char_indices().skip(5) {
            let (front, back) = text.split_at(place);
            let other = if letter == 'A' { 'B' } else { 'A' };
            let changed = format!("{front}{other}{}", back.get(1..).unwrap());
            assert!(ApiKeySecret::parse(&key, &changed).is_none(), "{place}");
        }
        let (prefix, bits) = text.split_at(5);
        let short = text.split_at(68).0;
        for wrong in ["", prefix, "till_x", bits, short, &format!("{text}A")] {
            assert!(ApiKeySecret::parse(&key, wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn two_secrets_of_one_key_differ() {
        let key = RootKey::new([7; 32]).derive("one");
        let make = || {
            ApiKeySecret::generate(&key, &Ambient::system(), Uuid::from_u128(9).into()).hash(&key)
        };
        assert_ne!(make(), make());
    }
}
