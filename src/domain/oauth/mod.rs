//! Applications that people let act for them (OAuth 2.1), and those that act by themselves; knows no secret.

pub mod client;
pub mod consent;
pub mod pkce;
pub mod redirect_uri;

pub use client::{Client, ClientFault, ClientKind, ClientName, GrantType};
pub use consent::Consent;
pub use redirect_uri::RedirectUri;
