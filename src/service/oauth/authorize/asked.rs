//! The parameters of an authorization request as they came; nothing of them is believed yet.

/// Those that mean something here; a value that is empty counts as left out (RFC 6749 §3.1).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    pub client_id: Sent,
    pub redirect_uri: Sent,
    pub response_type: Sent,
    pub response_mode: Sent,
    pub scope: Sent,
    pub state: Sent,
    pub code_challenge: Sent,
    pub code_challenge_method: Sent,
    pub prompt: Sent,
}

/// How often a parameter stands there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Sent {
    #[default]
    Absent,
    Once(String),
    /// Which of them counts would be a guess, and another part of the way may guess differently.
    Repeated,
}

impl Sent {
    /// `None` where it is left out or stands there more than once.
    pub fn value(&self) -> Option<&str> {
        match self {
            Self::Once(value) if !value.is_empty() => Some(value),
            Self::Once(_) | Self::Absent | Self::Repeated => None,
        }
    }

    fn add(&mut self, value: String) {
        *self = match self {
            Self::Absent => Self::Once(value),
            Self::Once(_) | Self::Repeated => Self::Repeated,
        };
    }
}

impl Asked {
    /// By name and value, decoded; other names are passed over (RFC 6749 §3.1).
    pub fn of(parameters: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut asked = Self::default();
        for (name, value) in parameters {
            if let Some(sent) = asked.named(&name) {
                sent.add(value);
            }
        }
        asked
    }

    pub(super) fn repeats_any(&self) -> bool {
        let Self {
            client_id,
            redirect_uri,
            response_type,
            response_mode,
            scope,
            state,
            code_challenge,
            code_challenge_method,
            prompt,
        } = self;
        [
            client_id,
            redirect_uri,
            response_type,
            response_mode,
            scope,
            state,
            code_challenge,
            code_challenge_method,
            prompt,
        ]
        .contains(&&Sent::Repeated)
    }

    fn named(&mut self, name: &str) -> Option<&mut Sent> {
        match name {
            "client_id" => Some(&mut self.client_id),
            "redirect_uri" => Some(&mut self.redirect_uri),
            "response_type" => Some(&mut self.response_type),
            "response_mode" => Some(&mut self.response_mode),
            "scope" => Some(&mut self.scope),
            "state" => Some(&mut self.state),
            "code_challenge" => Some(&mut self.code_challenge),
            "code_challenge_method" => Some(&mut self.code_challenge_method),
            "prompt" => Some(&mut self.prompt),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Asked, Sent};

    #[test]
    fn a_parameter_counts_once_and_an_empty_one_not_at_all() {
        let pairs =
            [("state", "a"), ("scope", "x"), ("scope", "x"), ("prompt", ""), ("nonce", "1")];
        let asked = Asked::of(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert_eq!(asked.state.value(), Some("a"));
        assert_eq!((asked.scope.value(), &asked.scope), (None, &Sent::Repeated));
        assert_eq!((asked.prompt.value(), asked.client_id.value()), (None, None));
        assert!(asked.repeats_any());
    }
}
