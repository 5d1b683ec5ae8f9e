//! OAuth 2.1 as applications and browsers meet it.

mod authorize;
