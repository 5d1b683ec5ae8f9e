//! Which authorization requests are answered at all: first who asks and where the browser goes back to, then everything else.

use scoped_futures::ScopedFutureExt;

use super::asked::{Asked, Sent};
use super::error::{AuthorizeError, NotOurs, Reason, Refusal};
use crate::domain::access::{Scope, ScopeSet};
use crate::domain::ids::ClientId;
use crate::domain::oauth::pkce::{self, CodeChallenge};
use crate::domain::oauth::{Client, GrantType};
use crate::service::Services;
use crate::service::transact::read;
use crate::store::{StoreError, oauth_clients};

/// The only way in which the answer travels: a fragment would be for scripts, and a form for nobody here.
const QUERY: &str = "query";

/// A request that makes sense; who sits at the browser was not asked yet.
#[derive(Debug, Clone)]
pub struct Authorization {
    pub client: Client,
    pub back: Back,
    /// What is asked for: no more than the client may ever ask for.
    pub scopes: ScopeSet,
    pub challenge: CodeChallenge,
    pub prompt: Prompt,
}

/// Where the answer goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Back {
    /// As the application wrote it, or as it was registered where the application left it out.
    pub redirect_uri: String,
    /// Whether the application named it: then it must name it again for its tokens.
    pub redirect_uri_given: bool,
    /// The application's own, handed back as it is.
    pub state: Option<String>,
}

/// Which pages the application wants to be shown (OpenID Connect Core §3.1.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prompt {
    AsNeeded,
    Never,
    Always { sign_in: bool, consent: bool },
}

impl Prompt {
    /// `None` for what makes no sense.
    fn parse(text: &str) -> Option<Self> {
        if text == "none" {
            return Some(Self::Never);
        }
        let (mut sign_in, mut consent) = (false, false);
        for word in text.split(' ') {
            match word {
                "login" => sign_in = true,
                "consent" => consent = true,
                _ => return None,
            }
        }
        Some(Self::Always { sign_in, consent })
    }
}

/// # Errors
/// [`AuthorizeError`].
#[tracing::instrument(name = "service.oauth.authorize.check", skip_all)]
pub async fn check(services: &Services, asked: &Asked) -> Result<Authorization, AuthorizeError> {
    let client = client(services, asked).await?;
    let back = back(&client, asked).ok_or(AuthorizeError::NotOurs(NotOurs::RedirectUri))?;
    match wish(&client, asked) {
        Ok(Wish { scopes, challenge, prompt }) => {
            Ok(Authorization { client, back, scopes, challenge, prompt })
        }
        Err(refusal) => Err(AuthorizeError::SentBack(back, refusal)),
    }
}

async fn client(services: &Services, asked: &Asked) -> Result<Client, AuthorizeError> {
    let unknown = AuthorizeError::NotOurs(NotOurs::UnknownClient);
    let id = asked.client_id.value().and_then(client_id);
    let Some(id) = id else { return Err(unknown) };
    let found = read::<_, StoreError, _>(&services.pool, |conn| {
        async move { oauth_clients::find(conn, id).await }.scope_boxed()
    });
    found.await?.ok_or(unknown)
}

/// In the one form in which ids are handed out.
fn client_id(text: &str) -> Option<ClientId> {
    let id: ClientId = uuid::Uuid::try_parse(text).ok()?.into();
    (id.to_string() == text).then_some(id)
}

fn back(client: &Client, asked: &Asked) -> Option<Back> {
    let state = asked.state.value().map(str::to_owned);
    match (&asked.redirect_uri, asked.redirect_uri.value(), client.redirect_uris.as_slice()) {
        (Sent::Repeated, ..) => None,
        (_, Some(given), _) => client.accepts(given).then(|| Back {
            redirect_uri: given.to_owned(),
            redirect_uri_given: true,
            state,
        }),
        (_, None, [only]) => {
            Some(Back { redirect_uri: only.as_str().to_owned(), redirect_uri_given: false, state })
        }
        (_, None, _) => None,
    }
}

struct Wish {
    scopes: ScopeSet,
    challenge: CodeChallenge,
    prompt: Prompt,
}

fn wish(client: &Client, asked: &Asked) -> Result<Wish, Refusal> {
    let invalid = |description| Refusal::new(Reason::InvalidRequest, description);
    if asked.repeats_any() {
        return Err(invalid("A parameter stands there more than once."));
    }
    match asked.response_type.value() {
        Some("code") => {}
        Some(_) => {
            let description = "response_type must be code.";
            return Err(Refusal::new(Reason::UnsupportedResponseType, description));
        }
        None => return Err(invalid("response_type is missing.")),
    }
    if !client.may_use(GrantType::AuthorizationCode) {
        let description = "The application was not registered for codes.";
        return Err(Refusal::new(Reason::UnauthorizedClient, description));
    }
    if asked.response_mode.value().is_some_and(|mode| mode != QUERY) {
        return Err(invalid("response_mode must be query."));
    }
    let prompt = match asked.prompt.value() {
        None => Prompt::AsNeeded,
        Some(text) => Prompt::parse(text)
            .ok_or(invalid("prompt must be none, or login and consent as you like."))?,
    };
    Ok(Wish { challenge: challenge(asked)?, scopes: scopes(client, asked)?, prompt })
}

fn challenge(asked: &Asked) -> Result<CodeChallenge, Refusal> {
    let invalid = |description| Refusal::new(Reason::InvalidRequest, description);
    let challenge = asked.code_challenge.value();
    let challenge = challenge.ok_or(invalid("code_challenge is missing (RFC 7636)."))?;
    // Left out it would mean `plain` (RFC 7636 §4.3).
    if asked.code_challenge_method.value() != Some(pkce::METHOD) {
        return Err(invalid("code_challenge_method must be S256."));
    }
    CodeChallenge::parse(challenge).ok_or(invalid("code_challenge must be a SHA-256 in base64url."))
}

fn scopes(client: &Client, asked: &Asked) -> Result<ScopeSet, Refusal> {
    let Some(text) = asked.scope.value() else { return Ok(client.scopes) };
    let wanted: Result<ScopeSet, _> = text.split(' ').map(str::parse::<Scope>).collect();
    match wanted {
        Ok(wanted) if wanted.intersection(client.scopes) == wanted => Ok(wanted),
        Ok(_) | Err(_) => {
            let description = "scope names something that the application may not ask for.";
            Err(Refusal::new(Reason::InvalidScope, description))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Prompt, client_id};

    #[test]
    fn a_prompt_is_none_alone_or_any_of_the_others() {
        let always = |sign_in, consent| Some(Prompt::Always { sign_in, consent });
        assert_eq!(Prompt::parse("none"), Some(Prompt::Never));
        assert_eq!(Prompt::parse("login"), always(true, false));
        assert_eq!(Prompt::parse("consent login"), always(true, true));
        for nonsense in ["none login", "login  consent", "select_account", " "] {
            assert_eq!(Prompt::parse(nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn an_id_is_written_in_one_way() {
        assert!(client_id("01890a5d-ac96-774b-bcce-b302099a9001").is_some());
        for other in [
            "01890A5D-AC96-774B-BCCE-B302099A9001",
            "01890a5dac96774bbcceb302099a9001",
            "{01890a5d-ac96-774b-bcce-b302099a9001}",
            "",
        ] {
            assert!(client_id(other).is_none(), "{other}");
        }
    }
}
