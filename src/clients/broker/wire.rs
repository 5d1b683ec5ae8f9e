//! A message as it stands on the wire to RabbitMQ, and back; what it tells of is not read here.

use lapin::BasicProperties;
use lapin::message::Delivery;
use lapin::types::{AMQPValue, FieldTable};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

use crate::domain::ids::{Id, MessageId};
use crate::domain::message::Message;

/// Raised when a reader of the old form could misread the new one.
const VERSION: i32 = 1;
const VERSION_HEADER: &str = "x-till-version";
/// How often consumers have tried it, this time included.
const TRIES_HEADER: &str = "x-till-tries";
const REQUEST_HEADER: &str = "x-request-id";
const TRACE_HEADER: &str = "traceparent";
/// Persistent, so that it outlives a restart of the broker.
const PERSISTENT: u8 = 2;
/// As much of a malformed body as an operator needs to see.
const MOST_SHOWN: usize = 16 * 1024;

/// A message that came, or why it can't be read: then `message` holds what there is of it.
#[derive(Debug)]
pub(super) struct Received {
    pub message: Message,
    pub tries: i32,
    pub malformed: Option<String>,
}

pub(super) fn properties(message: &Message, tries: i32) -> BasicProperties {
    let mut headers = FieldTable::default();
    headers.insert(VERSION_HEADER.into(), AMQPValue::LongInt(VERSION));
    headers.insert(TRIES_HEADER.into(), AMQPValue::LongInt(tries));
    headers.insert(REQUEST_HEADER.into(), long(&message.request_id));
    if let Some(trace) = &message.trace_parent {
        headers.insert(TRACE_HEADER.into(), long(trace));
    }
    BasicProperties::default()
        .with_content_type("application/json".into())
        .with_delivery_mode(PERSISTENT)
        .with_message_id(message.id.to_string().into())
        .with_type(message.topic.as_str().into())
        .with_app_id("till".into())
        .with_headers(headers)
}

pub(super) fn body(message: &Message) -> Vec<u8> {
    message.payload.to_string().into_bytes()
}

pub(super) fn read(delivery: &Delivery) -> Received {
    let properties = &delivery.properties;
    let headers = properties.headers().as_ref();
    let header = |name: &str| headers.and_then(|table| table.inner().get(name));
    let text = |name: &str| header(name).and_then(as_text).map(|text| storable(&text));
    let id = properties.message_id().as_ref().and_then(|id| Uuid::parse_str(id.as_str()).ok());
    let topic = properties.kind().as_ref().map(|topic| storable(topic.as_str()));
    let version = header(VERSION_HEADER).and_then(as_number);
    let payload: Result<Value, _> = serde_json::from_slice(&delivery.data);
    let malformed = match (&payload, version, id, &topic) {
        (_, Some(version), ..) if version != i64::from(VERSION) => {
            Some(format!("its version is {version}, this program knows {VERSION}"))
        }
        (_, None, ..) => Some("it has no version".to_owned()),
        (Err(error), ..) => Some(format!("it is not JSON: {error}")),
        (Ok(payload), ..) if has_nul(payload) => Some("it has a NUL, which is no text".to_owned()),
        (_, _, None, _) => Some("it has no message id".to_owned()),
        (.., None) => Some("it has no type".to_owned()),
        (Ok(_), Some(_), Some(_), Some(_)) => None,
    };
    let message = Message {
        id: MessageId::from_uuid(id.unwrap_or_else(|| id_of(&delivery.data))),
        topic: topic.unwrap_or_else(|| storable(delivery.routing_key.as_str())),
        payload: payload
            .ok()
            .filter(|payload| !has_nul(payload))
            .unwrap_or_else(|| json!({ "unreadable": shown(&delivery.data) })),
        request_id: text(REQUEST_HEADER).unwrap_or_default(),
        trace_parent: text(TRACE_HEADER),
    };
    let tries = header(TRIES_HEADER).and_then(as_number).and_then(|tries| tries.try_into().ok());
    Received { message, tries: tries.unwrap_or(1), malformed }
}

/// Why the broker gave a message up, in its own word.
pub(super) fn death(delivery: &Delivery) -> String {
    let headers = delivery.properties.headers().as_ref();
    let reason = headers.and_then(|table| table.inner().get("x-first-death-reason"));
    let reason = reason.and_then(as_text).unwrap_or_else(|| "for no known reason".to_owned());
    format!("the broker gave it up: {reason}")
}

/// The same for the same bytes, so that a copy is recognised.
fn id_of(body: &[u8]) -> Uuid {
    let mut bytes = [0; 16];
    for (byte, digest) in bytes.iter_mut().zip(Sha256::digest(body)) {
        *byte = digest;
    }
    Builder::from_custom_bytes(bytes).into_uuid()
}

/// Postgres keeps no NUL: a message that has one could not even be given up.
fn has_nul(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
        Value::String(text) => text.contains('\0'),
        Value::Array(values) => values.iter().any(has_nul),
        Value::Object(members) => {
            members.iter().any(|(name, value)| name.contains('\0') || has_nul(value))
        }
    }
}

fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// Postgres keeps no NUL; the rest is shown as well as it can be.
fn shown(body: &[u8]) -> String {
    let mut shown = String::new();
    for letter in String::from_utf8_lossy(body.get(..MOST_SHOWN).unwrap_or(body)).chars() {
        if letter.is_control() && letter != '\n' {
            shown.extend(letter.escape_default());
        } else {
            shown.push(letter);
        }
    }
    shown
}

fn long(text: &str) -> AMQPValue {
    AMQPValue::LongString(text.into())
}

fn as_text(value: &AMQPValue) -> Option<String> {
    match value {
        AMQPValue::LongString(text) => Some(text.to_string()),
        AMQPValue::ShortString(text) => Some(text.to_string()),
        _ => None,
    }
}

/// Other programs write numbers as they like.
fn as_number(value: &AMQPValue) -> Option<i64> {
    match value {
        AMQPValue::ShortShortInt(number) => Some((*number).into()),
        AMQPValue::ShortShortUInt(number) => Some((*number).into()),
        AMQPValue::ShortInt(number) => Some((*number).into()),
        AMQPValue::ShortUInt(number) => Some((*number).into()),
        AMQPValue::LongInt(number) => Some((*number).into()),
        AMQPValue::LongUInt(number) => Some((*number).into()),
        AMQPValue::LongLongInt(number) => Some(*number),
        _ => None,
    }
}
