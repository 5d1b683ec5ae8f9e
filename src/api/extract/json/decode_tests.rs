//! What is decoded and what is refused, with the place it is refused at; tests alone.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::decode::{Notation, decode};

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Capture {
    Automatic,
    Manual,
}

#[derive(Debug, Deserialize)]
struct Item {
    quantity: u16,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    amount: i64,
    items: Option<Vec<Item>>,
    capture_method: Option<Capture>,
    metadata: Option<BTreeMap<String, String>>,
}

/// Pointer and code of everything refused.
fn refused(value: &Value) -> Vec<(String, String)> {
    let error = decode::<Request>(value, Notation::Json).unwrap_err();
    error.errors().iter().map(|e| (e.pointer.clone(), e.code.to_string())).collect()
}

#[test]
fn a_fitting_tree_is_decoded() {
    let value = json!({
        "amount": 4200, "items": [{ "quantity": 2 }], "captureMethod": "manual",
        "metadata": { "till": "7" },
    });
    let request: Request = decode(&value, Notation::Json).unwrap();
    assert_eq!(request.amount, 4200);
    assert_eq!(request.items.unwrap()[0].quantity, 2);
    assert_eq!(request.capture_method, Some(Capture::Manual));
    assert_eq!(request.metadata.unwrap()["till"], "7");
}

#[test]
fn only_whole_numbers_in_range_are_amounts() {
    let cases = [
        ("99.5", "invalid_type"),
        ("1e3", "invalid_type"),
        ("1.0", "invalid_type"),
        ("\"100\"", "invalid_type"),
        ("null", "invalid_type"),
        ("9223372036854775808", "out_of_range"),
        ("18446744073709551616", "out_of_range"),
    ];
    for (amount, code) in cases {
        let value = serde_json::from_str(&format!("{{\"amount\":{amount}}}")).unwrap();
        assert_eq!(refused(&value), [("/amount".to_owned(), code.to_owned())], "{amount}");
    }
}

#[test]
fn each_refusal_says_where_it_stands() {
    let cases = [
        (json!([]), "", "invalid_type"),
        (json!({}), "/amount", "required"),
        (json!({ "amount": 1, "items": [{ "quantity": 1 }, {}] }), "/items/1/quantity", "required"),
        (
            json!({ "amount": 1, "items": [{ "quantity": 65536 }] }),
            "/items/0/quantity",
            "out_of_range",
        ),
        (
            json!({ "amount": 1, "items": [{ "quantity": 1, "a/b": 1 }] }),
            "/items/0/a~1b",
            "unknown_field",
        ),
        (json!({ "amount": 1, "captureMethod": "later" }), "/captureMethod", "invalid_value"),
        (json!({ "amount": 1, "metadata": { "x": 1 } }), "/metadata/x", "invalid_type"),
    ];
    for (value, pointer, code) in cases {
        assert_eq!(refused(&value), [(pointer.to_owned(), code.to_owned())], "{value}");
    }
}

#[test]
fn all_unknown_members_of_an_object_are_reported_at_once() {
    assert_eq!(refused(&json!({ "amount": 1, "ammount": 2, "itms": [] })).len(), 2);
}
