//! Which problems an operation may answer with: the particular ones stand beside the operation, those that follow from
//! its shape (a body, a token, a key, a page) are added here. It describes; it decides nothing.

use std::collections::{BTreeMap, BTreeSet};

use utoipa::ToSchema;
use utoipa::openapi::example::{Example, ExampleBuilder};
use utoipa::openapi::path::{Operation, ParameterIn};
use utoipa::openapi::{
    ContentBuilder, Deprecated, OpenApi, Ref, RefOr, Required, Response, ResponseBuilder, Responses,
};

use super::operations;
use super::problem_schema::ProblemSchema;
use crate::api::problem::ProblemCode;

const MEDIA_TYPE: &str = "application/problem+json";

/// Names the problems that are particular to one operation, as a type for its `responses(…)`:
/// `problems!(PlaceOrderProblems: InsufficientStock, CurrencyMismatch);`
macro_rules! problems {
    ($name:ident: $($code:ident),+ $(,)?) => {
        /// The problems that are particular to this operation.
        pub struct $name;

        impl ::utoipa::IntoResponses for $name {
            fn responses() -> ::std::collections::BTreeMap<
                String,
                ::utoipa::openapi::RefOr<::utoipa::openapi::Response>,
            > {
                $crate::api::openapi::declared([$($crate::api::problem::ProblemCode::$code),+])
            }
        }
    };
}
pub(crate) use problems;

/// What any operation may come to, whatever it does.
const ANYWHERE: [ProblemCode; 9] = [
    ProblemCode::MalformedRequest,
    ProblemCode::NotAcceptable,
    ProblemCode::UriTooLong,
    ProblemCode::RateLimited,
    ProblemCode::InternalError,
    ProblemCode::DependencyUnavailable,
    ProblemCode::RequestTimeout,
    ProblemCode::Overloaded,
    ProblemCode::ShuttingDown,
];
const WITH_BODY: [ProblemCode; 5] = [
    ProblemCode::MalformedJson,
    ProblemCode::PayloadTooLarge,
    ProblemCode::UnsupportedMediaType,
    ProblemCode::ValidationFailed,
    ProblemCode::UnknownField,
];
const WITH_TOKEN: [ProblemCode; 4] = [
    ProblemCode::Unauthenticated,
    ProblemCode::TokenExpired,
    ProblemCode::TokenInvalid,
    ProblemCode::InsufficientScope,
];
const WITH_KEY: [ProblemCode; 3] = [
    ProblemCode::IdempotencyKeyInvalid,
    ProblemCode::IdempotencyKeyInUse,
    ProblemCode::IdempotencyKeyReused,
];

/// The status of a head that is too long. It is the only error without a body: there is no request yet to speak of.
pub(super) const TOO_LONG: &str = "431";

fn too_long() -> Response {
    ResponseBuilder::new()
        .description("The head of the request has more than 64 KiB; the connection is closed. There is no body.")
        .build()
}

/// The responses of some codes, one for each status.
pub fn declared(codes: impl IntoIterator<Item = ProblemCode>) -> BTreeMap<String, RefOr<Response>> {
    let mut by_status: BTreeMap<u16, BTreeSet<ProblemCode>> = BTreeMap::new();
    for code in codes {
        by_status.entry(code.status().as_u16()).or_default().insert(code);
    }
    let response = |(status, codes): (u16, _)| (status.to_string(), RefOr::T(response(&codes)));
    by_status.into_iter().map(response).collect()
}

fn response(codes: &BTreeSet<ProblemCode>) -> Response {
    let lines = codes.iter().map(|code| format!("`{}`: {}.", code.as_str(), code.entry().title));
    let examples = codes.iter().map(|code| {
        let name = code.as_str();
        (name, RefOr::<Example>::Ref(Ref::new(format!("#/components/examples/{name}"))))
    });
    let schema = Ref::from_schema_name(ProblemSchema::name());
    let content = ContentBuilder::new().schema(Some(schema)).examples_from_iter(examples).build();
    ResponseBuilder::new()
        .description(lines.collect::<Vec<_>>().join(" "))
        .content(MEDIA_TYPE, content)
        .build()
}

/// Adds to every operation the problems that its shape brings, and the examples that all of them refer to.
pub(super) fn complete(mut document: OpenApi) -> OpenApi {
    let mut used = BTreeSet::new();
    for operation in document.paths.paths.values_mut().flat_map(operations) {
        let codes: BTreeSet<_> =
            particular(&operation.responses).into_iter().chain(implied(operation)).collect();
        operation.responses.responses.extend(declared(codes.iter().copied()));
        operation.responses.responses.insert(TOO_LONG.to_owned(), RefOr::T(too_long()));
        used.extend(codes);
    }
    if let Some(components) = &mut document.components {
        for code in used {
            let example = ExampleBuilder::new()
                .summary(code.entry().title)
                .value(Some(code.example()))
                .build();
            components.examples.insert(code.as_str().to_owned(), RefOr::T(example));
        }
    }
    document
}

fn inline<T>(item: &RefOr<T>) -> Option<&T> {
    match item {
        RefOr::T(item) => Some(item),
        RefOr::Ref(_) => None,
    }
}

/// The codes that an operation declares by itself.
pub(super) fn particular(responses: &Responses) -> Vec<ProblemCode> {
    let responses = responses.responses.values().filter_map(inline);
    let contents = responses.filter_map(|response| response.content.get(MEDIA_TYPE));
    let names = contents.filter_map(inline).flat_map(|content| content.examples.keys());
    names.filter_map(|name| ProblemCode::from_name(name)).collect()
}

fn implied(operation: &Operation) -> BTreeSet<ProblemCode> {
    let mut codes = BTreeSet::from(ANYWHERE);
    if operation.request_body.is_some() {
        codes.extend(WITH_BODY);
    }
    if needs_token(operation) {
        codes.extend(WITH_TOKEN);
    }
    if operation.deprecated == Some(Deprecated::True) {
        codes.insert(ProblemCode::VersionRetired);
    }
    for parameter in operation.parameters.iter().flatten().filter_map(inline) {
        match (&parameter.parameter_in, parameter.name.as_str()) {
            (ParameterIn::Path, _) => {
                codes.insert(ProblemCode::NotFound);
            }
            (ParameterIn::Query, name) => {
                codes.extend([ProblemCode::ValidationFailed, ProblemCode::UnknownField]);
                codes.extend((name == "cursor").then_some(ProblemCode::InvalidCursor));
            }
            (ParameterIn::Header, "Idempotency-Key") => {
                codes.extend(WITH_KEY);
                let required = matches!(parameter.required, Required::True);
                codes.extend(required.then_some(ProblemCode::IdempotencyKeyMissing));
            }
            (ParameterIn::Header, "If-Match") => {
                codes.extend([ProblemCode::PreconditionFailed, ProblemCode::InvalidHeader]);
            }
            (ParameterIn::Header, "If-None-Match") => {
                codes.insert(ProblemCode::InvalidHeader);
            }
            (ParameterIn::Header | ParameterIn::Cookie | ParameterIn::QueryString, _) => {}
        }
    }
    codes
}

/// An operation needs a token unless it says `security(())`.
fn needs_token(operation: &Operation) -> bool {
    operation.security.as_ref().is_none_or(|choices| {
        choices.iter().all(|choice| {
            serde_json::to_value(choice).is_ok_and(|choice| choice != serde_json::json!({}))
        })
    })
}
