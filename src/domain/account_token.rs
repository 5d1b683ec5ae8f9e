//! Tokens that are mailed to people: what each is good for, and for how long; knows none of them.

use time::Duration;

/// What a mailed token is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenPurpose {
    /// Whoever has it reads what is mailed to this address.
    VerifyEmail,
    /// Whoever has it may choose the account's password.
    ResetPassword,
}

impl TokenPurpose {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::VerifyEmail => "verify_email",
            Self::ResetPassword => "reset_password",
        }
    }

    /// What such a token begins with.
    pub fn prefix(self) -> &'static str {
        match self {
            Self::VerifyEmail => "tillev_",
            Self::ResetPassword => "tillpr_",
        }
    }

    /// From the mail until it is good for nothing.
    pub fn lives(self) -> Duration {
        match self {
            Self::VerifyEmail => Duration::days(7),
            Self::ResetPassword => Duration::HOUR,
        }
    }
}
