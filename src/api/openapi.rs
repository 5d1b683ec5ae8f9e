//! What the OpenAPI document says beside the operations, and where it is served; operations describe themselves.

use std::borrow::Cow;
use std::collections::BTreeMap;

use axum::Router;
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::routing::get;
use serde_json::Value;
use tower_http::set_header::SetResponseHeaderLayer;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Schema, SchemaType, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::tag::{Tag, TagBuilder};
use utoipa::openapi::{
    ComponentsBuilder, ContentBuilder, InfoBuilder, OpenApi, OpenApiBuilder, Ref, RefOr, Response,
    ResponseBuilder,
};
use utoipa::{IntoResponses, PartialSchema, ToSchema};
use utoipa_swagger_ui::{Config, SwaggerUi};

use super::problem::{MAX_ERRORS, ProblemCode};

const DOCUMENT: &str = "/openapi/v1.json";

/// The name of the security scheme: an access token (RFC 6750).
pub const BEARER: &str = "bearer";

/// Swagger UI styles its elements in place; its scripts are files of ours.
const EXPLORER_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
     font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'none'",
);

/// Groups of operations, in the order a reader meets them.
const TAGS: [(&str, &str); 5] = [
    ("users", "Customers and staff: signing up and looking after an account."),
    ("auth", "Signing in, refreshing and ending a session."),
    ("products", "The catalogue and its stock."),
    ("orders", "Placing, reading, cancelling and fulfilling orders."),
    ("payments", "Paying orders, capturing, cancelling and refunding."),
];

/// The document without operations. An operation needs a token unless it says `security(())`.
pub(super) fn base() -> OpenApi {
    let info = InfoBuilder::new()
        .title("Till")
        .version("1")
        .description(Some(
            "Orders and payments that survive failure. Every error is a problem (RFC 9457) whose \
             `type` leads to a page that explains it.",
        ))
        .build();
    let token = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .description(Some("The access token that signing in returns."))
        .build();
    let components = ComponentsBuilder::new()
        .security_scheme(BEARER, SecurityScheme::Http(token))
        .schema(ProblemSchema::name(), ProblemSchema::schema())
        .build();
    OpenApiBuilder::new()
        .info(info)
        .components(Some(components))
        .security(Some([SecurityRequirement::new(BEARER, Vec::<String>::new())]))
        .tags(Some(TAGS.map(tag)))
        .build()
}

fn tag((name, description): (&str, &str)) -> Tag {
    TagBuilder::new().name(name).description(Some(description)).build()
}

/// The document and Swagger UI.
pub(super) fn routes(document: &OpenApi) -> Router {
    // Maps with text keys alone: there is nothing in it that could fail to serialise.
    let text = document.to_pretty_json().unwrap_or_default();
    let show = get(move || async move {
        ([(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "public, max-age=60")], text)
    });
    let config = Config::new([DOCUMENT])
        .persist_authorization(true)
        .try_it_out_enabled(true)
        .display_request_duration(true)
        .validator_url("none");
    let policy = SetResponseHeaderLayer::overriding(CONTENT_SECURITY_POLICY, EXPLORER_POLICY);
    let explorer = Router::from(SwaggerUi::new("/swagger-ui").config(config)).layer(policy);
    Router::new().route(DOCUMENT, show).merge(explorer)
}

/// The schema of every error's body: `body = ProblemSchema, content_type = "application/problem+json"`.
#[derive(Debug, Clone, Copy)]
pub struct ProblemSchema;

impl ToSchema for ProblemSchema {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Problem")
    }
}

impl PartialSchema for ProblemSchema {
    fn schema() -> RefOr<Schema> {
        let codes = ProblemCode::ALL.iter().map(|code| Value::from(code.as_str()));
        let status = ObjectBuilder::new()
            .schema_type(SchemaType::new(Type::Integer))
            .minimum(Some(400))
            .maximum(Some(599));
        ObjectBuilder::new()
            .description(Some(
                "A problem (RFC 9457). Switch on `code`; `title` and `detail` are for people.",
            ))
            .property("type", text("The page that explains the code."))
            .property("title", text("The same for every occurrence of the code."))
            .property("status", status)
            .property("code", text("Stable name.").enum_values(Some(codes)))
            .property("detail", text("What is particular to this occurrence."))
            .property("instance", text("The path of the request."))
            .property("requestId", text("Finds the request in the logs.").max_length(Some(128)))
            .property(
                "errors",
                ArrayBuilder::new().items(field_error()).max_items(Some(MAX_ERRORS)),
            )
            .required("type")
            .required("title")
            .required("status")
            .required("code")
            .required("detail")
            .required("instance")
            .required("requestId")
            .examples([ProblemCode::ValidationFailed.example()])
            .into()
    }
}

fn field_error() -> ObjectBuilder {
    ObjectBuilder::new()
        .property("pointer", text("A JSON pointer (RFC 6901) to the refused value."))
        .property("code", text("Stable name, such as `required` or `out_of_range`."))
        .property("detail", text("Reads on after the field's name."))
        .property(
            "in",
            text("Where the pointer resolves; absent for the body.").enum_values(Some(["query"])),
        )
        .required("pointer")
        .required("code")
        .required("detail")
}

fn text(description: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::new(Type::String)).description(Some(description))
}

/// The `default` response of an operation: whatever else goes wrong is a problem.
#[derive(Debug, Clone, Copy)]
pub struct AnyProblem;

impl IntoResponses for AnyProblem {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let schema = Ref::from_schema_name(ProblemSchema::name());
        let content = ContentBuilder::new().schema(Some(schema)).build();
        let response = ResponseBuilder::new()
            .description("A problem; its code says which.")
            .content("application/problem+json", content)
            .build();
        BTreeMap::from([("default".to_owned(), RefOr::T(response))])
    }
}
