//! Which version of a resource a change may begin from, so that nobody overwrites what they have not seen.

/// What the caller expects to find.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExpectedVersion {
    /// Whatever is there.
    Any,
    /// One of these; none of them where the caller's knowledge is of something else.
    OneOf(Vec<i64>),
}

impl ExpectedVersion {
    pub fn includes(&self, version: i64) -> bool {
        match self {
            Self::Any => true,
            Self::OneOf(versions) => versions.contains(&version),
        }
    }
}
