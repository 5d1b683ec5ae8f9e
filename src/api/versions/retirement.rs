//! Whether an operation past its sunset still answers, and the count of those who call it; it knows no date by itself.

use time::OffsetDateTime;

use super::policy::Deprecation;
use crate::api::problem::{Problem, ProblemCode};
use crate::config::AfterSunset;
use crate::domain::ids::UserId;
use crate::service::deprecated_calls::{Call, DeprecatedCalls};

/// How this deployment treats what is on its way out.
#[derive(Debug, Clone)]
pub struct Versions {
    pub after_sunset: AfterSunset,
    /// Who still calls it.
    pub calls: DeprecatedCalls,
}

impl Versions {
    /// Counts one call, whatever becomes of it.
    pub fn count(&self, deprecation: &Deprecation, user: Option<UserId>, now: OffsetDateTime) {
        let caller = if user.is_some() { "user" } else { "anonymous" };
        metrics::counter!(
            "till_deprecated_calls_total", "operation" => deprecation.operation, "caller" => caller
        )
        .increment(1);
        self.calls.count(Call { operation: deprecation.operation, user }, now);
    }

    /// # Errors
    /// 410 from the sunset on, where that is switched on.
    pub fn admit(&self, deprecation: &Deprecation, now: OffsetDateTime) -> Result<(), Problem> {
        match self.after_sunset {
            AfterSunset::Retire if now >= deprecation.sunset_at => {
                let detail = format!(
                    "{} was retired. {} replaces it.",
                    deprecation.operation, deprecation.successor
                );
                Err(Problem::new(ProblemCode::VersionRetired).detail(detail))
            }
            AfterSunset::Retire | AfterSunset::Answer => Ok(()),
        }
    }
}
