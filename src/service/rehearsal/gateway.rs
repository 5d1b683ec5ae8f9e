//! The sandbox gateway's moods: which faults each is; the sandbox itself carries them out.

use crate::clients::payment_gateway::{Faults, GatewayError, SandboxFaults};

/// How the gateway is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    Well,
    /// Every call takes 1.5 s: long enough to be felt, too short for the circuit to open.
    Slow,
    /// Every call answers 500; of some the charge was made all the same.
    Failing,
    /// No call is answered; of some the charge was made all the same.
    Hanging,
}

impl Mood {
    pub const ALL: [Self; 4] = [Self::Well, Self::Slow, Self::Failing, Self::Hanging];

    /// As forms and metrics call it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Well => "well",
            Self::Slow => "slow",
            Self::Failing => "failing",
            Self::Hanging => "hanging",
        }
    }

    /// The mood of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mood| mood.as_str() == name)
    }

    fn faults(self) -> Faults {
        let well = Faults::default();
        match self {
            Self::Well => well,
            Self::Slow => Faults { latency_ms: 1_500, ..well },
            Self::Failing => Faults { error_rate: 1.0, ..well },
            Self::Hanging => Faults { hang_rate: 1.0, ..well },
        }
    }
}

/// The gateway as a rehearsal moves it.
#[derive(Debug, Clone)]
pub struct GatewayRehearsal(SandboxFaults);

impl GatewayRehearsal {
    pub fn new(faults: SandboxFaults) -> Self {
        Self(faults)
    }

    /// Puts the gateway into this mood, whatever it was in.
    ///
    /// # Errors
    /// It can't be reached, or refuses.
    pub async fn set(&self, mood: Mood) -> Result<(), GatewayError> {
        self.0.replace(mood.faults()).await?;
        tracing::info!(mood = mood.as_str(), "the sandbox gateway was put into another mood");
        Ok(())
    }

    /// The mood that the gateway is in; `None` where somebody gave it faults of their own.
    ///
    /// # Errors
    /// It can't be reached.
    pub async fn look(&self) -> Result<Option<Mood>, GatewayError> {
        let faults = self.0.read().await?;
        Ok(Mood::ALL.into_iter().find(|mood| mood.faults() == faults))
    }
}

#[cfg(test)]
mod tests {
    use super::Mood;

    #[test]
    fn each_mood_has_a_name_and_faults_of_its_own() {
        for mood in Mood::ALL {
            assert_eq!(Mood::parse(mood.as_str()), Some(mood));
            let same = Mood::ALL.into_iter().filter(|other| other.faults() == mood.faults());
            assert_eq!(same.count(), 1);
        }
        assert_eq!(Mood::parse("angry"), None);
    }
}
