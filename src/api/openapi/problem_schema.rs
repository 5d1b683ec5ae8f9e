//! The schema of every error's body, in the one form that all operations refer to; which errors an operation has stands elsewhere.

use std::borrow::Cow;

use serde_json::Value;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{
    ArrayBuilder, KnownFormat, ObjectBuilder, Schema, SchemaFormat, SchemaType, Type,
};
use utoipa::{PartialSchema, ToSchema};

use crate::api::middleware::MAX_URL;
use crate::api::problem::{MAX_ERRORS, ProblemCode};

/// What repeats a part of the request is no longer than its body may be where nothing else is configured, each sign of it
/// escaped.
const BODY: usize = 2 * 256 * 1024;

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
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int32)))
            .minimum(Some(400))
            .maximum(Some(599));
        ObjectBuilder::new()
            .description(Some(
                "A problem (RFC 9457). Switch on `code`; `title` and `detail` are for people.",
            ))
            .property(
                "type",
                text("The page that explains the code.")
                    .format(Some(SchemaFormat::Custom("uri-reference".to_owned())))
                    .max_length(Some(128)),
            )
            .property(
                "title",
                text("The same for every occurrence of the code.").max_length(Some(128)),
            )
            .property("status", status)
            .property("code", text("Stable name.").enum_values(Some(codes)))
            .property(
                "detail",
                text("What is particular to this occurrence.").max_length(Some(BODY)),
            )
            .property("instance", text("The path of the request.").max_length(Some(MAX_URL)))
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
        .property(
            "pointer",
            text("A JSON pointer (RFC 6901) to the refused value.")
                .pattern(Some("^(/|$)"))
                .max_length(Some(BODY)),
        )
        .property(
            "code",
            text("Stable name, such as `required` or `out_of_range`.").max_length(Some(64)),
        )
        .property("detail", text("Reads on after the field's name.").max_length(Some(BODY)))
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
