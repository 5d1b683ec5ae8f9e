//! Refresh tokens by their name: what renews a session, once; how they are used is `refresh`.

use super::opaque_token::{Kind, OpaqueToken};

/// A token that renews a session.
#[derive(Debug, Clone)]
pub enum RefreshKind {}

impl Kind for RefreshKind {
    const PREFIX: &'static str = "tillrt_";
}

pub type RefreshToken = OpaqueToken<RefreshKind>;
