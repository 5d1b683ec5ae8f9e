//! Marks what is on its way out, as the table of `api::versions` has it; it knows no operation by itself.

use utoipa::openapi::header::{Header, HeaderBuilder};
use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{Deprecated, OpenApi, RefOr};

use super::operations;
use super::problems::TOO_LONG;
use crate::api::versions::Deprecation;
use crate::api::versions::policy::{self, GUIDE};
use crate::domain::utc::Day;

/// What every answer of such an operation says: name, pattern and meaning.
const FIELDS: [(&str, &str, &str); 3] = [
    ("Deprecation", "^@[0-9]+$", "Since when it is deprecated (RFC 9745): `@` and Unix seconds."),
    ("Sunset", " GMT$", "Until when it is promised to answer (RFC 8594)."),
    (
        "Link",
        "^</",
        "`rel=\"successor-version\"`: what replaces it; `rel=\"deprecation\"`: what changed.",
    ),
];

/// The mark, and a banner above the description.
pub(super) fn mark(mut document: OpenApi) -> OpenApi {
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in [
            ("GET", &mut item.get),
            ("PUT", &mut item.put),
            ("POST", &mut item.post),
            ("DELETE", &mut item.delete),
            ("PATCH", &mut item.patch),
        ] {
            let deprecation = policy::of(method, Some(path));
            if let (Some(operation), Some(deprecation)) = (operation, deprecation) {
                mark_one(operation, deprecation);
            }
        }
    }
    document
}

/// The header fields of every answer of what is marked, once all its answers are there.
pub(super) fn tell(mut document: OpenApi) -> OpenApi {
    let all = document.paths.paths.values_mut().flat_map(operations);
    for operation in all.filter(|operation| operation.deprecated == Some(Deprecated::True)) {
        for (status, response) in &mut operation.responses.responses {
            let RefOr::T(response) = response else { continue };
            // That is answered before there is a request.
            if status == TOO_LONG {
                continue;
            }
            for (name, pattern, text) in FIELDS {
                response.headers.insert(name.to_owned(), field(pattern, text).into());
            }
        }
    }
    document
}

fn field(pattern: &str, text: &str) -> Header {
    let schema = ObjectBuilder::new()
        .schema_type(SchemaType::new(Type::String))
        .max_length(Some(512))
        .pattern(Some(pattern));
    HeaderBuilder::new().schema(Some(schema.build())).description(Some(text)).build()
}

fn mark_one(operation: &mut Operation, deprecation: &Deprecation) {
    let Deprecation { successor, deprecated_at, sunset_at, change, .. } = *deprecation;
    let banner = format!(
        "**Deprecated since {}; it may be gone from {} on. Use `{successor}` instead**: {change} \
         [What is on its way out]({GUIDE}).",
        Day(deprecated_at),
        Day(sunset_at),
    );
    let described = operation.description.take().unwrap_or_default();
    operation.description = Some(format!("{banner}\n\n{described}"));
    operation.deprecated = Some(Deprecated::True);
}
