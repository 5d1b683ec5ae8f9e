//! The bounds that follow from a value's form (an id, a time, a whole number, a known header field); a bound that stands
//! beside the value itself stays, and what has no form of its own must bring its bound.

use utoipa::Number;
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::openapi::schema::{
    AdditionalProperties, ArrayItems, KnownFormat, Object, Schema, SchemaFormat, SchemaType, Type,
};
use utoipa::openapi::{OpenApi, RefOr};

use super::operations;

/// A JSON number beyond this is not exact for every client (RFC 8259 §6); no count of ours comes near.
const MOST: isize = 9_007_199_254_740_991;

/// The head of a request ends at 64 KiB, or where what is read of it in one go ends; no field is longer than twice that.
const HEAD: usize = 128 * 1024;

/// Bare or quoted (RFC 9651 §3.3.3), 1 to 255 visible ASCII characters either way.
const KEY: &str = r#"^(?:[!#-~](?:[!-~]{0,253}[!#-~])?|"(?:[!#-\[\]-~]|\\["\\]){1,255}")$"#;
/// `*`, or entity tags between commas (RFC 9110 §13.1.1).
const TAGS: &str =
    r#"^(?:\*|[ \t,]*(?:W/)?"[!#-~]*"[ \t]*(?:,[ \t,]*(?:W/)?"[!#-~]*"[ \t]*)*[ \t,]*)$"#;

/// Forms of texts, as a field names them: what a value of it looks like. `domain::violation::text` refuses the rest.
const FORMS: [(&str, &str); 4] = [
    // One line that says something.
    ("line", r"^[^\x00-\x1F\x7F-\x9F]*[^\s\x00-\x1F\x7F-\x9F][^\x00-\x1F\x7F-\x9F]*$"),
    // The same, without marks that turn a text around or are not seen (`domain::oauth::client` refuses them).
    (
        "name",
        r"^[^\x00-\x1F\x7F-\x9F\u00AD\u061C\u200B-\u200F\u2028-\u202E\u2060\u2066-\u2069\uFEFF]*[^\s\x00-\x1F\x7F-\x9F\u00AD\u061C\u200B-\u200F\u2028-\u202E\u2060\u2066-\u2069\uFEFF][^\x00-\x1F\x7F-\x9F\u00AD\u061C\u200B-\u200F\u2028-\u202E\u2060\u2066-\u2069\uFEFF]*$",
    ),
    // Any number of lines that say something.
    (
        "words",
        r"^[^\x00-\x08\x0B-\x1F\x7F-\x9F]*[^\s\x00-\x1F\x7F-\x9F][^\x00-\x08\x0B-\x1F\x7F-\x9F]*$",
    ),
    // It may be empty.
    ("text", r"^[^\x00-\x08\x0B-\x1F\x7F-\x9F]*$"),
];
/// Postgres keeps no NUL, and so no text of ours holds one.
const ANY_TEXT: &str = r"^[^\x00]*$";

/// Fills in the bounds of every schema and parameter of the document.
pub(super) fn complete(mut document: OpenApi) -> OpenApi {
    for parameter in document
        .paths
        .paths
        .values_mut()
        .flat_map(operations)
        .flat_map(|operation| operation.parameters.iter_mut().flatten())
    {
        if let RefOr::T(parameter) = parameter {
            bound_parameter(parameter);
        }
    }
    if let Some(components) = &mut document.components {
        components.schemas.values_mut().for_each(bound);
    }
    document
}

fn bound_parameter(parameter: &mut Parameter) {
    let in_header = parameter.parameter_in == ParameterIn::Header;
    let Some(schema) = &mut parameter.schema else { return };
    // It is there or absent; nothing in a field or an address is null.
    if let RefOr::T(Schema::Object(field)) = schema
        && let SchemaType::Array(held) = &field.schema_type
        && let Some(one) = held.iter().find(|held| **held != Type::Null)
    {
        field.schema_type = SchemaType::Type(one.clone());
    }
    if in_header && let RefOr::T(Schema::Object(field)) = schema {
        let pattern = match parameter.name.as_str() {
            "Idempotency-Key" => Some(KEY),
            "If-Match" | "If-None-Match" => Some(TAGS),
            _ => None,
        };
        field.pattern = field.pattern.take().or_else(|| pattern.map(str::to_owned));
        // 255 characters, quoted, and each of them escaped.
        let longest = if pattern == Some(KEY) { 2 * 255 + 2 } else { HEAD };
        field.max_length = field.max_length.or(Some(longest));
    }
    bound(schema);
}

fn bound(schema: &mut RefOr<Schema>) {
    if let RefOr::T(schema) = schema {
        bound_schema(schema);
    }
}

fn bound_schema(schema: &mut Schema) {
    match schema {
        Schema::Object(object) => bound_object(object),
        Schema::Array(array) => {
            if let ArrayItems::RefOrSchema(items) = &mut array.items {
                bound(items);
            }
        }
        Schema::OneOf(choice) => choice.items.iter_mut().for_each(bound),
        Schema::AllOf(parts) => parts.items.iter_mut().for_each(bound),
        Schema::AnyOf(choice) => choice.items.iter_mut().for_each(bound),
        // The enum may grow; a form that is not known here has no bounds that could follow from it.
        _ => {}
    }
}

fn bound_object(object: &mut Object) {
    object.properties.values_mut().for_each(bound);
    if let Some(names) = &mut object.property_names {
        bound_schema(names);
    }
    if let Some(members) = &mut object.additional_properties
        && let AdditionalProperties::RefOr(member) = members.as_mut()
    {
        bound(member);
    }
    if is(object, &Type::String) && object.max_length.is_none() {
        object.max_length = match &object.format {
            Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)) => Some(36),
            // Ours: milliseconds, and `Z`.
            Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)) => Some(24),
            _ => None,
        };
    }
    if is(object, &Type::String) {
        bound_text(object);
    }
    if is(object, &Type::Integer) {
        let int32 = object.format == Some(SchemaFormat::KnownFormat(KnownFormat::Int32));
        let most = if int32 { isize::try_from(i32::MAX).unwrap_or(MOST) } else { MOST };
        object.maximum = object.maximum.take().or(Some(Number::Int(most)));
        object.minimum = object.minimum.take().or(Some(Number::Int(-most)));
    }
}

fn bound_text(object: &mut Object) {
    if let Some(SchemaFormat::Custom(form)) = &object.format
        && let Some((_, pattern)) = FORMS.iter().find(|(name, _)| name == form)
    {
        object.pattern = Some((*pattern).to_owned());
        object.format = None;
    }
    if object.pattern.is_none() && object.format.is_none() && object.enum_values.is_none() {
        object.pattern = Some(ANY_TEXT.to_owned());
    }
}

fn is(object: &Object, wanted: &Type) -> bool {
    match &object.schema_type {
        SchemaType::Type(held) => held == wanted,
        SchemaType::Array(held) => held.contains(wanted),
        SchemaType::AnyValue => false,
    }
}
