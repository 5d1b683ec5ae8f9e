//! The root key and the keys derived from it; no other file sees its bytes, and nothing prints them.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretBox, SecretString};
use sha2::Sha256;

use super::data_dir::{DATA_DIR, DataDir};
use super::reader::{Noted, Reader};
use super::{Exposure, Fault, Setting, Stage};

pub const SECRET_KEY: Setting = Setting {
    name: "TILL_SECRET_KEY",
    exposure: Exposure::Secret,
    expects: "32 bytes in base64 (make one: openssl rand -base64 32)",
    default: None,
    // Thirty-two readable letters, which production refuses.
    example: "YW4gZXhhbXBsZSBvbmx5OiBtYWtlIHlvdXIgb3duISE=",
    help: "Root of all keys: 32 random bytes in base64 (openssl rand -base64 32). Production needs one; development makes one and keeps it in TILL_DATA_DIR/secret.key.",
};

/// Length of every key in bytes.
const LENGTH: usize = 32;

/// A key made from the root for one purpose.
pub type DerivedKey = SecretBox<[u8; LENGTH]>;

/// The root of all keys (`TILL_SECRET_KEY`); its memory is wiped when it is dropped.
#[derive(Debug)]
pub struct RootKey(DerivedKey);

impl RootKey {
    /// A root of these bytes.
    #[must_use]
    pub fn new(bytes: [u8; LENGTH]) -> Self {
        Self(SecretBox::new(Box::new(bytes)))
    }

    /// The key for one purpose: the first block of HKDF-Expand with HMAC-SHA-256 (RFC 5869 §2.3), the label
    /// being `info`. Step "extract" falls away because the root is uniformly random already (§3.3).
    #[must_use]
    pub fn derive(&self, label: &str) -> DerivedKey {
        SecretBox::init_with_mut(|key: &mut [u8; LENGTH]| {
            *key = expand(self.0.expose_secret(), label.as_bytes());
        })
    }

    /// The key by which the API shows itself to the gateway, as text.
    #[must_use]
    pub fn gateway_api_key(&self) -> SecretString {
        let key = self.derive("till gateway api key");
        SecretString::from(URL_SAFE_NO_PAD.encode(key.expose_secret()))
    }

    /// The key under which the gateway signs its call-backs.
    #[must_use]
    pub fn gateway_signing_key(&self) -> DerivedKey {
        self.derive("till gateway signing")
    }
}

fn expand(root: &[u8; LENGTH], info: &[u8]) -> [u8; LENGTH] {
    // HMAC fills a short key with zeros up to the hash's block (RFC 2104 §2); done here, it cannot fail.
    let mut block = Zeroizing::new([0_u8; 64]);
    for (place, byte) in block.iter_mut().zip(root) {
        *place = *byte;
    }
    let mut mac = Hmac::<Sha256>::new((&*block).into());
    mac.update(info);
    mac.update(&[1]);
    mac.finalize().into_bytes().into()
}

pub(super) fn read(
    reader: &mut Reader<'_>,
    stage: Stage,
    data_dir: Option<&DataDir>,
) -> Result<RootKey, Noted> {
    if let Some(bytes) = reader.optional(&SECRET_KEY, decode)? {
        return match (stage, guessable(&bytes)) {
            (Stage::Production, Some(why)) => {
                Err(reader.note(&SECRET_KEY, Fault::Guessable { why }))
            }
            (Stage::Production, None) | (Stage::Development, _) => Ok(RootKey::new(*bytes)),
        };
    }
    match (stage, data_dir) {
        (Stage::Production, _) => {
            let reason = "production makes none by itself (openssl rand -base64 32)";
            Err(reader.note(&SECRET_KEY, Fault::Missing { reason }))
        }
        (Stage::Development, Some(folder)) if reader.is_clean() => keep(reader, folder),
        (Stage::Development, _) => Err(Noted),
    }
}

fn decode(text: &str) -> Option<Zeroizing<[u8; LENGTH]>> {
    let bytes = Zeroizing::new(STANDARD.decode(text.trim()).ok()?);
    <[u8; LENGTH]>::try_from(bytes.as_slice()).ok().map(Zeroizing::new)
}

/// By what a key could be guessed. A random key passes but for a chance below 10⁻¹³.
fn guessable(bytes: &[u8; LENGTH]) -> Option<&'static str> {
    let mut different = bytes.to_vec();
    different.sort_unstable();
    different.dedup();
    if different.len() < 16 {
        return Some("a repetition of a few bytes");
    }
    bytes.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ').then_some("readable text")
}

fn keep(reader: &mut Reader<'_>, folder: &DataDir) -> Result<RootKey, Noted> {
    let file = folder.join("secret.key");
    match load_or_create(&file) {
        Ok(key) => Ok(key),
        Err(source) => {
            let fault = Fault::File { file: file.display().to_string(), source };
            Err(reader.note(&DATA_DIR, fault))
        }
    }
}

/// The key kept in this file; where there is none, a fresh one, readable by its owner only.
fn load_or_create(file: &Path) -> io::Result<RootKey> {
    match load(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => create(file),
        found => found,
    }
}

fn load(file: &Path) -> io::Result<RootKey> {
    let text = Zeroizing::new(fs::read_to_string(file)?);
    if open_to_others(file)? {
        let what = "others may read it; it holds the key of everything: chmod 600";
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, what));
    }
    match decode(&text) {
        Some(bytes) => Ok(RootKey::new(*bytes)),
        None => Err(io::Error::new(io::ErrorKind::InvalidData, "holds no 32 bytes in base64")),
    }
}

/// Written whole under another name, then linked: two programs that start at once agree on one key.
fn create(file: &Path) -> io::Result<RootKey> {
    let folder = file.parent().unwrap_or_else(|| Path::new("."));
    fs::create_dir_all(folder)?;
    let mut bytes = Zeroizing::new([0_u8; LENGTH]);
    fill_randomly(bytes.as_mut_slice())?;
    let mut suffix = [0_u8; 8];
    fill_randomly(&mut suffix)?;
    let draft = folder.join(format!("secret.key.{:016x}", u64::from_ne_bytes(suffix)));
    let written = write_private(&draft, &bytes).and_then(|()| fs::hard_link(&draft, file));
    let removed = fs::remove_file(&draft);
    match written {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        outcome => outcome?,
    }
    removed?;
    load(file)
}

fn fill_randomly(bytes: &mut [u8]) -> io::Result<()> {
    aws_lc_rs::rand::fill(bytes).map_err(io::Error::other)
}

fn write_private(file: &Path, bytes: &[u8; LENGTH]) -> io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let text = Zeroizing::new(format!("{}\n", STANDARD.encode(bytes)));
    let mut draft = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
    draft.write_all(text.as_bytes())?;
    draft.sync_all()
}

fn open_to_others(file: &Path) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt;
    Ok(fs::metadata(file)?.permissions().mode() & 0o077 != 0)
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::{RootKey, expand, guessable};

    #[test]
    fn derivation_is_the_first_block_of_rfc_5869() {
        // Test case 1 of RFC 5869, appendix A.
        let root = [
            0x07, 0x77, 0x09, 0x36, 0x2c, 0x2e, 0x32, 0xdf, 0x0d, 0xdc, 0x3f, 0x0d, 0xc4, 0x7b,
            0xba, 0x63, 0x90, 0xb6, 0xc7, 0x3b, 0xb5, 0x0f, 0x9c, 0x31, 0x22, 0xec, 0x84, 0x4a,
            0xd7, 0xc2, 0xb3, 0xe5,
        ];
        let info = [0xf0, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9];
        let first_block = [
            0x3c, 0xb2, 0x5f, 0x25, 0xfa, 0xac, 0xd5, 0x7a, 0x90, 0x43, 0x4f, 0x64, 0xd0, 0x36,
            0x2f, 0x2a, 0x2d, 0x2d, 0x0a, 0x90, 0xcf, 0x1a, 0x5a, 0x4c, 0x5d, 0xb0, 0x2d, 0x56,
            0xec, 0xc4, 0xc5, 0xbf,
        ];
        assert_eq!(expand(&root, &info), first_block);
    }

    #[test]
    fn two_labels_give_two_keys_and_none_shows_itself() {
        let root = RootKey::new([7; 32]);
        let (one, other) = (root.derive("one"), root.derive("other"));
        assert_ne!(one.expose_secret(), other.expose_secret());
        assert!(!format!("{root:?} {one:?}").contains('7'));
    }

    #[test]
    fn keys_that_were_typed_or_left_at_zero_are_guessable() {
        assert!(guessable(&[0; 32]).is_some());
        assert!(guessable(b"an example only: make your own!!").is_some());
        assert!(
            guessable(&std::array::from_fn(|place| u8::try_from(place * 7).unwrap_or(0))).is_none()
        );
    }
}
