//! What each form of the pages carries: the proof that we showed it, to this browser, for this request, not long ago. Nothing of
//! it is kept.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use time::Duration;

use super::browser::BrowserToken;
use crate::service::Services;
use crate::service::auth::mac::mac;

/// For how long a page may stand open.
pub const FORM_LIVES: Duration = Duration::hours(1);

/// What a form is for. No name is the beginning of another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    SignIn,
    Decide,
    /// To say no, which takes no sign-in.
    Deny,
    SignOut,
}

impl Purpose {
    fn name(self) -> &'static [u8] {
        match self {
            Self::SignIn => b"sign in",
            Self::Decide => b"decide",
            Self::Deny => b"refuse",
            Self::SignOut => b"sign out",
        }
    }
}

/// Why a form is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FormFault {
    /// Not ours, or another browser's or request's.
    Forged,
    /// It was ours, and stood open for too long.
    Old,
}

/// What the token of a form follows from.
#[derive(Debug, Clone, Copy)]
pub struct FormToken<'a> {
    pub purpose: Purpose,
    pub browser: &'a BrowserToken,
    /// The whole query of the authorization request.
    pub request: &'a str,
}

impl FormToken<'_> {
    /// For a form that is shown now.
    pub fn write(&self, services: &Services) -> String {
        let shown_at = services.ambient.now().unix_timestamp();
        format!("{shown_at}.{}", URL_SAFE_NO_PAD.encode(self.mac(services, shown_at)))
    }

    /// # Errors
    /// [`FormFault`].
    pub fn check(&self, services: &Services, sent: &str) -> Result<(), FormFault> {
        let (shown_at, tag) = sent.split_once('.').ok_or(FormFault::Forged)?;
        let shown_at: i64 = shown_at.parse().map_err(|_no_number| FormFault::Forged)?;
        let tag = URL_SAFE_NO_PAD.decode(tag).map_err(|_no_text| FormFault::Forged)?;
        if !bool::from(self.mac(services, shown_at).as_slice().ct_eq(&tag)) {
            return Err(FormFault::Forged);
        }
        let age = services.ambient.now().unix_timestamp() - shown_at;
        if age > FORM_LIVES.whole_seconds() { Err(FormFault::Old) } else { Ok(()) }
    }

    fn mac(&self, services: &Services, shown_at: i64) -> [u8; 32] {
        let request: [u8; 32] = Sha256::digest(self.request).into();
        let (browser, time) = (self.browser.hash(), shown_at.to_be_bytes());
        let key = services.auth.oauth_forms_key();
        mac(key, self.purpose.name(), &[&browser, &time, &request])
    }
}
