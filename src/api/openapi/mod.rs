//! What the OpenAPI document says beside the operations, and where it is served; operations describe themselves.

mod bounds;
mod credentials;
mod deprecations;
mod examples;
mod headers;
mod other_schemas;
mod problem_schema;
mod problems;

use axum::Router;
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::routing::{MethodRouter, get};
use tower_http::set_header::SetResponseHeaderLayer;
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::tag::{Tag, TagBuilder};
use utoipa::openapi::{
    ComponentsBuilder, Content, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, Ref, RefOr,
    ServerBuilder,
};
use utoipa::{PartialSchema, ToSchema};
use utoipa_swagger_ui::{Config, SwaggerUi, Url};

use crate::api::extract::EmptyRequest;
pub use other_schemas::{FileSchema, metadata};
use problem_schema::ProblemSchema;
pub use problems::declared;
pub(crate) use problems::problems;

/// A version of the API, which has a document of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    One,
    Two,
}

/// Where each document is served and what it is called in Swagger UI, the oldest version first.
const DOCUMENTS: [(&str, &str); 2] =
    [("Version 1", "/openapi/v1.json"), ("Version 2", "/openapi/v2.json")];

/// The name of the security scheme: an access token (RFC 6750), or an API key in its place.
pub const BEARER: &str = "bearer";

/// The name of the other: an API key in a header of its own.
pub const API_KEY: &str = "apiKey";

/// Swagger UI styles its elements in place; its scripts are files of ours.
const EXPLORER_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
     font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'none'",
);

const USERS: (&str, &str) =
    ("users", "Customers and staff: signing up and looking after an account.");

/// Groups of operations, in the order a reader meets them.
const TAGS: [(&str, &str); 15] = [
    USERS,
    ("auth", "Signing in, refreshing and ending a session."),
    ("api-keys", "What programs call with in their owners' names."),
    ("oauth-clients", "Applications that people may let act for them, or that act by themselves."),
    ("consents", "Which applications one lets act for oneself."),
    ("products", "The catalogue and its stock."),
    ("orders", "Placing, reading, cancelling and fulfilling orders."),
    ("payments", "Paying orders, capturing, cancelling and refunding."),
    ("reports", "What was sold, paid and booked, as files."),
    ("events", "What happened, for those who ask later."),
    ("webhook-endpoints", "Addresses that are told of events as they happen."),
    ("idempotency-keys", "What became of a request whose answer was lost."),
    ("rate-limits", "How many requests one may make, and how many are left."),
    ("deprecated-calls", "Who still calls what is on its way out."),
    ("audit-log", "Who did what to what."),
];

const TITLE: &str = "Till";

const DESCRIPTION: &str = "Orders and payments that survive failure.\n\n\
     To try it: send the example of `POST /v1/auth/token`, paste the `accessToken` of the \
     answer into *Authorize*, then send the example of any operation. Staff operations need \
     `support@example.com` or `admin@example.com`, with the same password.\n\n\
     Every error is a problem (RFC 9457) whose `type` leads to a page that explains it. \
     Amounts are whole minor units of their currency (ISO 4217): 4990 is MYR 49.90, and \
     JPY 4990 is 4990 yen. An `Idempotency-Key` makes a request safe to repeat for 24 hours.\n\n\
     Every answer tells how the caller's rate limits stand: `RateLimit-Policy` and `RateLimit` \
     (draft-ietf-httpapi-ratelimit-headers), and `X-RateLimit-Limit`, `-Remaining` and \
     `-Reset` (Unix seconds) of the narrowest. Beyond them it is 429 with a `Retry-After` that \
     is true. On an answer with `Age`, which a cache has kept, they mean nothing.\n\n\
     An operation that is marked as deprecated goes on until the date that its answers name in \
     `Sunset`, which is at least 180 days after the announcement; `Link` leads to what replaces \
     it. [All that is on its way out](/docs/deprecations).";

/// How version 2 stands to version 1.
const ADDED: &str = "What looks another way than in version 1. Everything else is found there, \
     at `/v1`, and both are of one shop: an account that is made here can sign in there.\n\n";

/// The document without operations. An operation needs a token unless it says `security(())`.
pub(super) fn base(version: Version) -> OpenApi {
    let (number, description, tags) = match version {
        Version::One => ("1", DESCRIPTION.to_owned(), TAGS.to_vec()),
        Version::Two => ("2", format!("{ADDED}{DESCRIPTION}"), vec![USERS]),
    };
    let license =
        LicenseBuilder::new().name("MIT OR Apache-2.0").identifier(Some("MIT OR Apache-2.0"));
    let info = InfoBuilder::new()
        .title(TITLE)
        .version(number)
        .description(Some(description))
        .license(Some(license.build()))
        .build();
    let token = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .description(Some(
            "The access token that signing in returns, or `POST /oauth/token` to an application: a JWT (RFC 9068), made and checked as RFC8725 asks. Or an API key.",
        ))
        .build();
    let key = ApiKeyValue::with_description("X-Api-Key", "An API key: `till_…`.");
    let components = ComponentsBuilder::new()
        .security_scheme(BEARER, SecurityScheme::Http(token))
        .security_scheme(API_KEY, SecurityScheme::ApiKey(ApiKey::Header(key)))
        .schema(ProblemSchema::name(), ProblemSchema::schema())
        .build();
    OpenApiBuilder::new()
        .info(info)
        .servers(Some([ServerBuilder::new()
            .url("/")
            .description(Some("This instance: local, staging or production."))
            .extensions(Some(ExtensionsBuilder::new().add("x-internal", false).build()))
            .build()]))
        .components(Some(components))
        .security(Some([SecurityRequirement::new(BEARER, Vec::<String>::new())]))
        .tags(Some(tags.into_iter().map(tag)))
        .build()
}

fn tag((name, description): (&str, &str)) -> Tag {
    TagBuilder::new().name(name).description(Some(description)).build()
}

/// The documents and Swagger UI, which opens with the oldest version: it is the whole of the API.
pub(super) fn routes(documents: &[OpenApi; 2]) -> Router {
    let [first, second] = DOCUMENTS.map(|(name, place)| Url::new(name, place));
    let config = Config::new([first, second])
        .persist_authorization(true)
        .try_it_out_enabled(true)
        .display_request_duration(true)
        .validator_url("none");
    let policy = SetResponseHeaderLayer::overriding(CONTENT_SECURITY_POLICY, EXPLORER_POLICY);
    let explorer = Router::from(SwaggerUi::new("/swagger-ui").config(config)).layer(policy);
    let places = DOCUMENTS.iter().zip(documents);
    places.fold(explorer, |routes, ((_, place), document)| routes.route(place, show(document)))
}

fn show(document: &OpenApi) -> MethodRouter {
    // Maps with text keys alone: there is nothing in it that could fail to serialise.
    let text = document.to_pretty_json().unwrap_or_default();
    get(move || async move {
        ([(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "public, max-age=60")], text)
    })
}

/// Adds to every operation what follows from its shape and so needs no saying beside it.
pub(super) fn complete(document: OpenApi) -> OpenApi {
    let marked = deprecations::mark(let_empty_bodies_be_absent(document));
    let whole = credentials::complete(problems::complete(marked));
    let shown = bounds::complete(headers::complete(examples::complete(whole)));
    without_unused_schemas(deprecations::tell(let_anybody_call(shown)))
}

/// A schema that stands in the list of one kind of thing alone is written there, and once more by itself for nobody.
fn without_unused_schemas(mut document: OpenApi) -> OpenApi {
    let text = document.to_json().unwrap_or_default();
    if let Some(components) = &mut document.components {
        components
            .schemas
            .retain(|name, _| text.contains(&format!("\"#/components/schemas/{name}\"")));
    }
    document
}

/// The macro says *without a token* as the only choice of one; as no choice at all every tool understands it.
fn let_anybody_call(mut document: OpenApi) -> OpenApi {
    for operation in document.paths.paths.values_mut().flat_map(operations) {
        if operation.security.as_deref() == Some(&[SecurityRequirement::default()]) {
            operation.security = Some(Vec::new());
        }
    }
    document
}

/// The macro takes every body of one type for required; [`EmptyBody`](crate::api::extract::EmptyBody) takes none, too.
fn let_empty_bodies_be_absent(mut document: OpenApi) -> OpenApi {
    let empty = RefOr::Ref(Ref::from_schema_name(EmptyRequest::name()));
    for operation in document.paths.paths.values_mut().flat_map(operations) {
        let Some(RefOr::T(body)) = &mut operation.request_body else { continue };
        let says_nothing = |content: &RefOr<Content>| matches!(content, RefOr::T(content) if content.schema.as_ref() == Some(&empty));
        if body.content.values().any(says_nothing) {
            body.required = None;
        }
    }
    document
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.put, &mut item.post, &mut item.delete, &mut item.patch]
        .into_iter()
        .flatten()
}
