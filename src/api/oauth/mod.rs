//! OAuth 2.1 as applications and browsers see it: the answers of RFC 6749 and a few pages in place of the API's own.

pub mod authorize;
