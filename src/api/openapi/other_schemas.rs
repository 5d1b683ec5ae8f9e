//! The schemas of what is no type of ours: a file as it is, and the small map that a client attaches to something.

use std::borrow::Cow;

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, SchemaType, Type};
use utoipa::{PartialSchema, ToSchema};

/// The bytes of a file: `content((FileSchema = "text/csv"))`.
#[derive(Debug, Clone, Copy)]
pub struct FileSchema;

impl ToSchema for FileSchema {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("File")
    }
}

impl PartialSchema for FileSchema {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(SchemaType::new(Type::String))
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Binary)))
            .into()
    }
}

/// A client's own words about an order or payment: `#[schema(schema_with = metadata)]`.
pub fn metadata() -> Schema {
    let text = |least, most| {
        ObjectBuilder::new()
            .schema_type(SchemaType::new(Type::String))
            .min_length(Some(least))
            .max_length(Some(most))
    };
    ObjectBuilder::new()
        .description(Some("At most 20 members, for the client's own use."))
        .additional_properties(Some(text(0, 500)))
        .property_names(Some(text(1, 40)))
        .max_properties(Some(20))
        .into()
}
