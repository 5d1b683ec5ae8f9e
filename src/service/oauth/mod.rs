//! OAuth 2.1: applications that people let act for them, and those that act by themselves.
//!
//! 1. *Register* (`clients`): an administrator writes down what an application is and may ever ask for.
//! 2. *Consent* (`consents`, [`codes::issue`]): somebody who signed in lets it act for them; a code goes to it by their browser.
//! 3. *Trade* (`token`): the application gives the code, or later a refresh token, and gets tokens. What it gets is a
//!    session like a person's, but the application's: it is refreshed, looked up with each use and ended in the same way, and
//!    gone at once with its client or the consent.
//! 4. *Ask and end* (`introspect`, `revoke`).
//!
//! A token may do what was consented to, as far as the client may still ask for it and its user's role still allows it.

pub mod authorize;
mod client_authentication;
mod client_secret;
pub mod clients;
pub mod codes;
pub mod consents;
mod error;
pub mod introspect;
mod redeem;
pub mod revoke;
pub mod token;

pub use client_authentication::{ShownClient, authenticate};
pub(in crate::service) use client_secret::MadeSecret;
pub use codes::{Code, CodeGrant};
pub use error::OauthError;
