//! The header fields that answers have in common, described once and referred to; it sets none of them.

use utoipa::openapi::header::{Header, HeaderBuilder};
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, SchemaType, Type};
use utoipa::openapi::{OpenApi, Ref, RefOr, Response};

use super::operations;
use super::problems::TOO_LONG;
use crate::api::limits::Limits;

type Described = (&'static str, Form, &'static str);

#[derive(Clone, Copy)]
enum Form {
    Text { most: usize, pattern: &'static str },
    Count,
}

const RETRY_AFTER: Described =
    ("Retry-After", Form::Count, "Whole seconds after which the same request may be sent again.");

const LOCATION: Described =
    ("Location", Form::Text { most: 2048, pattern: "^/" }, "Where the new thing is.");

const EVERYWHERE: [Described; 2] = [
    (
        "X-Request-Id",
        Form::Text { most: 128, pattern: "^[!-~]{1,128}$" },
        "The request's own, or a new one; it finds the request in the logs.",
    ),
    (
        "Access-Control-Allow-Origin",
        Form::Text { most: 2048, pattern: "^https?://" },
        "The asking page's origin, only where this instance is configured to serve it.",
    ),
];

/// The three older fields say the same of the narrowest limit, and stand in the description of the whole.
const LIMITED: [Described; 2] = [
    (
        "RateLimit-Policy",
        Form::Text { most: 512, pattern: "^\"[a-z_-]+\";q=[0-9]+;w=[0-9]+" },
        "Every limit that was asked: `\"user\";q=600;w=60`.",
    ),
    (
        "RateLimit",
        Form::Text { most: 512, pattern: "^\"[a-z_-]+\";r=[0-9]+;t=[0-9]+" },
        "How they stand: `\"user\";r=0;t=1`. `X-RateLimit-Limit`, `-Remaining` and `-Reset` tell of the narrowest.",
    ),
];

/// Adds to every response of every operation what the layers around it add to the answer.
pub(super) fn complete(mut document: OpenApi) -> OpenApi {
    for (path, item) in &mut document.paths.paths {
        let limits: &[Described] = if Limits::apply_to(path) { &LIMITED } else { &[] };
        // Whoever reads the head of a request refuses one that is too long before there is a request.
        let answered = |status: &str| status != TOO_LONG;
        for operation in operations(item) {
            for (status, response) in &mut operation.responses.responses {
                if let (true, RefOr::T(response)) = (answered(status), response) {
                    refer(response, &carried(status, limits));
                }
            }
        }
    }
    if let Some(components) = &mut document.components {
        for described in EVERYWHERE.iter().chain(&LIMITED).chain([&RETRY_AFTER, &LOCATION]) {
            components.headers.insert(described.0.to_owned(), RefOr::T(field(described)));
        }
    }
    document
}

fn carried(status: &str, limits: &'static [Described]) -> Vec<&'static str> {
    // A request that was shed was not counted, and one that had no time left may not have been.
    let limits = limits.iter().filter(|_| status != "503");
    let wait = [&RETRY_AFTER].into_iter().filter(|_| matches!(status, "429" | "503"));
    let made = [&LOCATION].into_iter().filter(|_| status == "201");
    EVERYWHERE.iter().chain(limits).chain(wait).chain(made).map(|(name, ..)| *name).collect()
}

fn refer(response: &mut Response, names: &[&'static str]) {
    for name in names {
        let header = Ref::new(format!("#/components/headers/{name}"));
        response.headers.entry((*name).to_owned()).or_insert(RefOr::Ref(header));
    }
}

fn field((_, form, text): &Described) -> Header {
    let schema = match form {
        Form::Text { most, pattern } => ObjectBuilder::new()
            .schema_type(SchemaType::new(Type::String))
            .max_length(Some(*most))
            .pattern(Some(*pattern)),
        Form::Count => ObjectBuilder::new()
            .schema_type(SchemaType::new(Type::Integer))
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
            .minimum(Some(0))
            .maximum(Some(9_007_199_254_740_991_i64)),
    };
    HeaderBuilder::new().schema(Some(schema.build())).description(Some(*text)).build()
}
