//! Each rule on documents that are as small as can be: what breaks a client is found, and what does not is let through.

use serde_json::{Value, json};

use super::operations::breaches;

/// A document with one operation that takes and answers these.
#[expect(clippy::needless_pass_by_value, reason = "most are made where they are handed over")]
fn document(request: Value, response: Value) -> Value {
    json!({
        "security": [{ "bearer": [] }],
        "paths": { "/v1/things": { "post": {
            "operationId": "make_thing",
            "security": [{ "bearer": ["things:write"] }],
            "parameters": [
                { "name": "limit", "in": "query", "required": false, "schema": { "type": "integer", "maximum": 100 } },
            ],
            "requestBody": { "content": { "application/json": { "schema": request } } },
            "responses": {
                "201": { "headers": { "Location": {} }, "content": { "application/json": { "schema": response } } },
                "404": {},
            },
        } } },
        "components": { "schemas": {} },
    })
}

fn plain() -> Value {
    document(json!({ "type": "object" }), json!({ "type": "object" }))
}

/// The breaches after this change of a document's operation.
fn after(change: impl FnOnce(&mut Value)) -> Vec<String> {
    let (old, mut new) = (plain(), plain());
    change(&mut new["paths"]["/v1/things"]["post"]);
    breaches(&old, &new)
}

fn taking(old: Value, new: Value) -> Vec<String> {
    breaches(&document(old, json!({})), &document(new, json!({})))
}

fn answering(old: Value, new: Value) -> Vec<String> {
    breaches(&document(json!({}), old), &document(json!({}), new))
}

const BODY: &str = "POST /v1/things: body: application/json";
const ANSWER: &str = "POST /v1/things: 201: application/json";

#[test]
fn the_same_document_breaks_nobody() {
    assert_eq!(breaches(&plain(), &plain()), [""; 0]);
}

#[test]
fn an_operation_that_is_gone_or_called_otherwise_breaks_and_a_new_one_does_not() {
    let mut empty = plain();
    empty["paths"] = json!({});
    assert_eq!(breaches(&plain(), &empty), ["POST /v1/things is gone"]);
    assert_eq!(breaches(&empty, &plain()), [""; 0]);
    let renamed = after(|operation| operation["operationId"] = json!("create_thing"));
    assert_eq!(renamed.len(), 1, "{renamed:?}");
    assert!(renamed[0].contains("operationId"));
}

#[test]
fn whoever_may_call_goes_on_being_allowed_to() {
    let more =
        after(|operation| operation["security"] = json!([{ "bearer": ["things:write", "more"] }]));
    assert_eq!(more, ["POST /v1/things asks for more"]);
    let fewer = after(|operation| operation["security"] = json!([{ "bearer": [] }]));
    assert_eq!(fewer, [""; 0]);
    let open = |document: &mut Value| {
        document["paths"]["/v1/things"]["post"]["security"] = json!([{}]);
    };
    let mut old = plain();
    open(&mut old);
    assert_eq!(breaches(&plain(), &old), [""; 0]);
    let closed = breaches(&old, &plain());
    assert_eq!(
        closed,
        ["POST /v1/things asks for bearer", "POST /v1/things asks for things:write"]
    );
}

#[test]
fn parameters_stay_and_none_becomes_required() {
    let gone = after(|operation| operation["parameters"] = json!([]));
    assert_eq!(gone, ["POST /v1/things: query limit is not taken any more"]);
    let required = after(|operation| operation["parameters"][0]["required"] = json!(true));
    assert_eq!(required, ["POST /v1/things: query limit is required now"]);
    let narrower = after(|operation| operation["parameters"][0]["schema"]["maximum"] = json!(50));
    assert_eq!(narrower, ["POST /v1/things: query limit has a narrower maximum"]);
    let add = |required: bool| {
        after(|operation| {
            let new = json!({ "name": "X", "in": "header", "required": required, "schema": {} });
            operation["parameters"].as_array_mut().unwrap().push(new);
        })
    };
    assert_eq!(add(true), ["POST /v1/things: header X is new and required"]);
    assert_eq!(add(false), [""; 0]);
}

#[test]
fn media_types_statuses_and_headers_stay_and_more_may_come() {
    let other = |place: &'static str| {
        after(|operation| {
            let contents = operation.pointer_mut(place).unwrap();
            *contents = json!({ "text/csv": { "schema": {} } });
        })
    };
    assert_eq!(other("/requestBody/content"), [format!("{BODY} is gone")]);
    assert_eq!(other("/responses/201/content"), [format!("{ANSWER} is gone")]);
    let moved = after(|operation| {
        let answer = operation["responses"]["201"].take();
        operation["responses"] = json!({ "200": answer, "404": {} });
    });
    assert_eq!(moved, ["POST /v1/things: 201 is not answered any more"]);
    let unnamed = after(|operation| operation["responses"]["201"]["headers"] = json!({}));
    assert_eq!(unnamed, ["POST /v1/things: 201: header Location is gone"]);
    let required = after(|operation| operation["requestBody"]["required"] = json!(true));
    assert_eq!(required, ["POST /v1/things: body is required now"]);
    let more = after(|operation| {
        operation["responses"]["202"] = json!({});
        operation["responses"].as_object_mut().unwrap().remove("404");
        operation["requestBody"]["content"]["text/csv"] = json!({ "schema": {} });
    });
    assert_eq!(more, [""; 0]);
}

fn object(members: &Value, required: &[&str]) -> Value {
    json!({ "type": "object", "properties": members, "required": required })
}

#[test]
fn a_member_that_is_sent_stays_optional_and_known() {
    let (old, a) = (object(&json!({ "a": {} }), &[]), &json!({ "a": {}, "b": {} }));
    assert_eq!(taking(old.clone(), object(&json!({}), &[])), [format!("{BODY}/a is gone")]);
    assert_eq!(taking(old.clone(), object(a, &["b"])), [format!("{BODY}/b is required now")]);
    assert_eq!(taking(old.clone(), object(a, &["a"])), [format!("{BODY}/a is required now")]);
    assert_eq!(taking(old.clone(), object(a, &[])), [""; 0]);
    let mut strict = old.clone();
    strict["additionalProperties"] = json!(false);
    let refuses = format!("{BODY} refuses members that it does not know");
    assert_eq!(taking(old.clone(), strict.clone()), [refuses]);
    assert_eq!(taking(strict, old), [""; 0]);
}

#[test]
fn a_member_that_is_answered_stays_and_stays_there() {
    let (old, more) = (object(&json!({ "a": {} }), &["a"]), &json!({ "a": {}, "b": {} }));
    assert_eq!(answering(old.clone(), object(&json!({}), &[])), [format!("{ANSWER}/a is gone")]);
    assert_eq!(answering(old.clone(), object(more, &[])), [format!("{ANSWER}/a may be absent")]);
    assert_eq!(answering(old, object(more, &["a", "b"])), [""; 0]);
}

#[test]
fn types_are_not_narrowed_for_who_sends_nor_widened_for_who_reads() {
    let (text, nullable) = (json!({ "type": "string" }), json!({ "type": ["string", "null"] }));
    assert_eq!(taking(nullable.clone(), text.clone()), [format!("{BODY} takes fewer types")]);
    assert_eq!(taking(text.clone(), nullable.clone()), [""; 0]);
    assert_eq!(taking(json!({}), text.clone()), [format!("{BODY} takes fewer types")]);
    assert_eq!(
        answering(text.clone(), nullable.clone()),
        [format!("{ANSWER} may be of another type")]
    );
    assert_eq!(answering(nullable, text.clone()), [""; 0]);
    assert_eq!(answering(text, json!({})), [format!("{ANSWER} may be of another type")]);
    let (whole, any) = (json!({ "type": "integer" }), json!({ "type": "number" }));
    assert_eq!(taking(whole.clone(), any.clone()), [""; 0]);
    assert_eq!(taking(any, whole), [format!("{BODY} takes fewer types")]);
}

#[test]
fn values_are_not_narrowed_for_who_sends_nor_widened_for_who_reads() {
    let (one, two) = (json!({ "enum": ["a"] }), json!({ "enum": ["a", "b"] }));
    assert_eq!(taking(two.clone(), one.clone()), [format!("{BODY} takes fewer values")]);
    assert_eq!(taking(json!({}), one.clone()), [format!("{BODY} takes fewer values")]);
    assert_eq!(taking(one.clone(), two.clone()), [""; 0]);
    let never = [format!("{ANSWER} may have a value that it never had")];
    assert_eq!(answering(one.clone(), two.clone()), never);
    assert_eq!(answering(one.clone(), json!({})), never);
    assert_eq!(answering(two, one), [""; 0]);
}

#[test]
fn only_values_of_which_more_were_announced_may_grow_in_answers() {
    let named = |name: &str, values: Value| {
        let mut document =
            document(json!({}), json!({ "$ref": format!("#/components/schemas/{name}") }));
        document["components"]["schemas"][name] = json!({ "enum": values });
        document
    };
    let grown = |name: &str| breaches(&named(name, json!(["a"])), &named(name, json!(["a", "b"])));
    assert_eq!(grown("EventName"), [""; 0]);
    assert_eq!(grown("OrderStatus"), [format!("{ANSWER} may have a value that it never had")]);
}

#[test]
fn bounds_on_what_is_sent_are_not_narrowed() {
    for (key, wide, narrow) in [
        ("maximum", 10, 9),
        ("maxLength", 10, 9),
        ("maxItems", 10, 9),
        ("minimum", 1, 2),
        ("minLength", 1, 2),
        ("minItems", 1, 2),
    ] {
        let breach = [format!("{BODY} has a narrower {key}")];
        let (wide, narrow) = (json!({ key: wide }), json!({ key: narrow }));
        assert_eq!(taking(wide.clone(), narrow.clone()), breach);
        assert_eq!(taking(json!({}), narrow.clone()), breach);
        assert_eq!(taking(narrow.clone(), wide.clone()), [""; 0]);
        assert_eq!(answering(narrow, wide), [""; 0]);
    }
    assert_eq!(taking(json!({}), json!({ "minLength": 0 })), [""; 0]);
}

#[test]
fn formats_stay() {
    let (date, none) = (json!({ "format": "date" }), json!({}));
    assert_eq!(taking(none.clone(), date.clone()), [format!("{BODY} has another format")]);
    assert_eq!(taking(date.clone(), none.clone()), [""; 0]);
    assert_eq!(answering(date.clone(), none.clone()), [format!("{ANSWER} has another format")]);
    assert_eq!(answering(none, date), [""; 0]);
}

#[test]
fn what_lies_deep_inside_is_compared_too_by_whatever_way_it_is_named() {
    let list =
        |member: Value| json!({ "type": "array", "items": object(&json!({ "a": member }), &[]) });
    let (old, new) = (list(json!({ "type": "string" })), list(json!({ "type": "integer" })));
    assert_eq!(taking(old, new), [format!("{BODY}/items/a takes fewer types")]);

    let parts = |second: Value| json!({ "allOf": [object(&json!({ "a": {} }), &["a"]), second] });
    let (old, new) = (parts(object(&json!({ "b": {} }), &["b"])), parts(json!({})));
    assert_eq!(answering(old, new), [format!("{ANSWER}/b is gone")]);

    let choice = |forms: Value| json!({ "oneOf": forms });
    let [null, text] = ["null", "string"].map(|kind| json!({ "type": kind }));
    let (both, one) = (choice(json!([&null, &text])), choice(json!([&text])));
    let refuses = [format!("{BODY} does not take one of the forms it took")];
    assert_eq!(taking(both.clone(), one.clone()), refuses);
    assert_eq!(taking(one.clone(), both.clone()), [""; 0]);
    assert_eq!(answering(one, both), [format!("{ANSWER} may have a form that it never had")]);
}

#[test]
fn a_schema_that_holds_itself_is_compared_once() {
    let tree = |leaf: Value| {
        let mut document = document(json!({}), json!({ "$ref": "#/components/schemas/Tree" }));
        let members = json!({ "leaf": leaf, "next": { "$ref": "#/components/schemas/Tree" } });
        document["components"]["schemas"]["Tree"] = object(&members, &["leaf"]);
        document
    };
    let (old, new) = (tree(json!({ "type": "string" })), tree(json!({ "type": "integer" })));
    assert_eq!(breaches(&old, &new), [format!("{ANSWER}/leaf may be of another type")]);
}
