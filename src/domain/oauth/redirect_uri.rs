//! Addresses that browsers are sent back to, and which of those that are asked for is one of them; sends nobody anywhere.

use url::{Host, Url};

use crate::domain::Violation;

/// Longer ones are no address of a sane application.
const LONGEST: usize = 1_000;

/// An absolute URI without a fragment: `https:`, `http:` on this very machine alone (RFC 8252 §7.3), or a scheme of the
/// application's own, which holds a dot (§7.1). It is kept as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedirectUri(String);

impl RedirectUri {
    /// # Errors
    /// `too_long` or `invalid_redirect_uri`.
    pub fn parse(input: &str) -> Result<Self, Violation> {
        if input.len() > LONGEST {
            return Err(Violation::new("too_long", "must have at most 1000 characters"));
        }
        let url = Url::parse(input)
            .ok()
            .filter(|url| is_plain(input) && is_absolute(input, url) && is_as_sent(input, url));
        if url.as_ref().is_some_and(leads_to_an_application) {
            return Ok(Self(input.to_owned()));
        }
        let detail = "must be an absolute https: URI without user and fragment, http: on 127.0.0.1, [::1] or localhost, \
                      or of a scheme of its own such as com.example.app:/back";
        Err(Violation::new("invalid_redirect_uri", detail))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same, letter by letter; on a loopback address the port may be any (RFC 8252 §7.3): the system gives it to the
    /// application when it starts to listen.
    pub fn matches(&self, presented: &str) -> bool {
        if self.0 == presented {
            return true;
        }
        match (without_port(&self.0), without_port(presented)) {
            (Some(registered), Some(asked)) => registered == asked,
            (None, _) | (_, None) => false,
        }
    }
}

/// No blanks, no quotes, nothing beyond ASCII, and no mark that browsers and parsers read in different ways.
fn is_plain(input: &str) -> bool {
    input.bytes().all(|byte| {
        byte.is_ascii_graphic()
            && !matches!(
                byte,
                b'"' | b'\''
                    | b'*'
                    | b'<'
                    | b'>'
                    | b'\\'
                    | b'^'
                    | b'`'
                    | b'{'
                    | b'|'
                    | b'}'
                    | b'#'
                    | b','
                    | b';'
            )
    })
}

/// Parsers mend `https:/host` and `HTTPS://`; what is compared letter by letter needs no mending.
fn is_absolute(input: &str, url: &Url) -> bool {
    let scheme = url.scheme();
    let rest = input.strip_prefix(scheme).and_then(|rest| rest.strip_prefix(':'));
    match scheme {
        "https" | "http" => rest.is_some_and(|rest| {
            rest.strip_prefix("//").is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'))
        }),
        _ => rest.is_some_and(|rest| rest.starts_with('/')),
    }
}

fn leads_to_an_application(url: &Url) -> bool {
    let nobody = url.username().is_empty() && url.password().is_none();
    let place = match url.scheme() {
        "https" => url.host().is_some_and(|host| host != Host::Domain("")),
        "http" => matches!(url.host_str(), Some("127.0.0.1" | "[::1]" | "localhost")),
        own => own.contains('.'),
    };
    nobody && place && url.fragment().is_none() && !says_what_we_say(url)
}

/// Whether its query has a member of ours already: then answers would say it twice.
fn says_what_we_say(url: &Url) -> bool {
    url.query_pairs().any(|(name, _)| {
        matches!(&*name, "code" | "state" | "iss" | "error" | "error_description" | "error_uri")
    })
}

/// Whether a browser would send it as it stands here, with no other spelling of the host or the path.
fn is_as_sent(input: &str, url: &Url) -> bool {
    let sent = url.as_str();
    sent == input || sent.strip_suffix('/') == Some(input)
}

/// The two parts around the port of a loopback address.
fn without_port(uri: &str) -> Option<(&'static str, &str)> {
    let fronts = ["http://127.0.0.1", "http://[::1]"];
    let (front, rest) =
        fronts.into_iter().find_map(|front| Some((front, uri.strip_prefix(front)?)))?;
    let Some(after) = rest.strip_prefix(':') else {
        return is_path(rest).then_some((front, rest));
    };
    let end = after.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(after.len());
    let (port, path) = after.split_at(end);
    (port.parse::<u16>().is_ok() && is_path(path)).then_some((front, path))
}

fn is_path(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with(['/', '?'])
}

#[cfg(test)]
mod tests {
    use super::RedirectUri;

    #[test]
    fn an_address_is_encrypted_or_on_this_machine_or_an_application_of_its_own() {
        for good in [
            "https://app.example/back",
            "https://app.example",
            "https://app.example:8443/back?to=1",
            "http://127.0.0.1/back",
            "http://127.0.0.1:4711/back",
            "http://[::1]:8080/",
            "http://localhost:3000/back",
            "com.example.app:/back",
            "com.example.app://back/here",
        ] {
            assert!(RedirectUri::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "/back",
            "app.example/back",
            "//app.example/back",
            "https:app.example",
            "https:/app.example",
            "https:///app.example",
            "HTTPS://app.example/back",
            "https://",
            "https://app.example/#fragment",
            "https://app.example/#",
            "https://somebody@app.example/",
            "https://somebody:secret@app.example/",
            "http://app.example/back",
            "http://127.0.0.1.evil.example/",
            "http://127.0.0.2/",
            "http://localhost.evil.example/",
            "http://127.1/",
            "http://2130706433/",
            "http://LOCALHOST/",
            "http://[0:0:0:0:0:0:0:1]/",
            "https://@app.example/",
            "https://*.example/",
            "https://%65vil.example/",
            "https://app.example:443/",
            "https://app.example/?code=c",
            "https://app.example/?a=1&st%61te=s",
            "javascript:alert(1)",
            "data:text/html,hello",
            "myapp:/back",
            "com.example.app:back",
            "https://app.example/a b",
            "https://app.example/\u{e9}",
            "https://app.example\\@evil.example",
            "https://app.example/\r\nSet-Cookie:a=b",
            "https://app.example/\"onload=",
            "https://app.example/;script-src",
            "https://*.example,https://evil.example",
        ] {
            assert!(RedirectUri::parse(bad).is_err(), "{bad}");
        }
        assert!(RedirectUri::parse(&format!("https://a.example/{}", "x".repeat(1_000))).is_err());
    }

    #[test]
    fn no_other_address_than_the_registered_one_matches() {
        let registered = RedirectUri::parse("https://app.example/back?to=1").unwrap();
        assert!(registered.matches("https://app.example/back?to=1"));
        for other in [
            "https://app.example/back",
            "https://app.example/back?to=1&more=2",
            "https://app.example/back?to=1#x",
            "https://app.example/back/",
            "https://app.example/back/../back?to=1",
            "https://app.example:443/back?to=1",
            "https://APP.example/back?to=1",
            "https://app.example.evil.example/back?to=1",
            "https://evil.example/https://app.example/back?to=1",
            "https://user@app.example/back?to=1",
            "http://app.example/back?to=1",
        ] {
            assert!(!registered.matches(other), "{other}");
        }
    }

    #[test]
    fn on_a_loopback_address_any_port_matches_and_nothing_else_differs() {
        for front in ["http://127.0.0.1", "http://[::1]"] {
            let registered = RedirectUri::parse(&format!("{front}/back")).unwrap();
            for port in ["", ":80", ":49152", ":65535"] {
                assert!(registered.matches(&format!("{front}{port}/back")), "{front}{port}");
            }
            for wrong in [
                ":65536/back",
                ":/back",
                ":1/other",
                ":1@evil.example/back",
                ".evil.example/back",
                "@evil.example/back",
                ":1:2/back",
                ":+1/back",
                ":1/back?x",
            ] {
                assert!(!registered.matches(&format!("{front}{wrong}")), "{front}{wrong}");
            }
        }
        let named = RedirectUri::parse("http://localhost:3000/back").unwrap();
        assert!(!named.matches("http://localhost:3001/back"));
        let four = RedirectUri::parse("http://127.0.0.1/back").unwrap();
        assert!(!four.matches("http://[::1]/back") && !four.matches("https://127.0.0.1/back"));
    }
}
