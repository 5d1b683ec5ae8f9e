//! Parameters in the notation of HTML forms, as queries and bodies have them; knows none of them.

use crate::api::extract::query::percent_decode;

/// Names and values, decoded, in their order; a password may be among them, so nothing prints them.
pub(super) struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// `None` for what is not percent-encoded UTF-8: nothing of it is guessed.
    pub(super) fn read(text: &str) -> Option<Self> {
        let pairs = text.split('&').filter(|pair| !pair.is_empty());
        let decoded = pairs.map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Some((percent_decode(name)?, percent_decode(value)?))
        });
        decoded.collect::<Option<Vec<_>>>().map(Self)
    }

    /// The value of what must stand there once.
    pub(super) fn once(&self, name: &str) -> Option<&str> {
        let mut values = self.0.iter().filter(|(given, _)| given == name);
        match (values.next(), values.next()) {
            (Some((_, value)), None) => Some(value),
            (Some(_) | None, _) => None,
        }
    }

    pub(super) fn into_pairs(self) -> Vec<(String, String)> {
        self.0
    }
}

/// A query without `prompt=login`, so that whoever has just signed in is not asked to do it again. Else it stays as it is,
/// letter by letter.
pub(super) fn after_sign_in(query: &str) -> String {
    let kept = query.split('&').filter_map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        if percent_decode(name).as_deref() != Some("prompt") {
            return Some(pair.to_owned());
        }
        let words = percent_decode(value).unwrap_or_default();
        let others: Vec<&str> = words.split(' ').filter(|word| *word != "login").collect();
        (!others.is_empty()).then(|| format!("prompt={}", others.join("+")))
    });
    kept.collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::{Parameters, after_sign_in};

    #[test]
    fn what_stands_twice_or_cannot_be_decoded_is_not_guessed_at() {
        let read = Parameters::read("a=1&b=x+y%26&&a=2&c").unwrap();
        assert_eq!(
            (read.once("a"), read.once("b"), read.once("c")),
            (None, Some("x y&"), Some(""))
        );
        for broken in ["a=%", "a=%zz", "%ff=1", "a=%c3"] {
            assert!(Parameters::read(broken).is_none(), "{broken}");
        }
    }

    #[test]
    fn whoever_signed_in_is_not_asked_again_and_nothing_else_changes() {
        for (query, after) in [
            ("a=1&prompt=login&state=x%2by", "a=1&state=x%2by"),
            ("a=1&prompt=login+consent", "a=1&prompt=consent"),
            ("%70rompt=consent%20login&b", "prompt=consent&b"),
            ("a=prompt%3dlogin", "a=prompt%3dlogin"),
        ] {
            assert_eq!(after_sign_in(query), after);
        }
    }
}
