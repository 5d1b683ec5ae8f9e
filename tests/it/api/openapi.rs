//! What the OpenAPI documents promise of every operation, whichever it is.

use serde_json::Value;

/// Every operation by its method and path.
fn operations() -> Vec<(String, Value)> {
    documents().iter().flat_map(operations_of).collect()
}

fn documents() -> [Value; 2] {
    till::api::documents().map(|document| serde_json::to_value(document).unwrap())
}

fn operations_of(document: &Value) -> Vec<(String, Value)> {
    let paths = document["paths"].as_object().unwrap().clone();
    let of_path = |(path, item): (String, Value)| {
        let methods = item.as_object().unwrap().clone().into_iter();
        methods.map(move |(method, operation)| (format!("{method} {path}"), operation))
    };
    paths.into_iter().flat_map(of_path).collect()
}

#[test]
fn every_operation_says_what_it_does_for_whom_and_what_can_come_of_it() {
    for (name, operation) in operations() {
        for member in ["operationId", "summary", "description"] {
            let text = operation[member].as_str().unwrap_or_default();
            assert!(text.len() > 3, "{name} has no {member}");
        }
        assert_eq!(operation["tags"].as_array().map_or(0, Vec::len), 1, "{name}: one tag");
        let responses = operation["responses"].as_object().unwrap();
        assert!(responses.keys().any(|status| status.starts_with('2')), "{name} never succeeds");
        for status in ["500", "503"] {
            assert!(responses.contains_key(status), "{name} doesn't declare {status}");
        }
        assert!(!responses.contains_key("default"), "{name}: name the problems");
        // Alone, or beside a token that may be sent.
        let choices = operation["security"].as_array();
        let open = choices
            .is_some_and(|choices| choices.is_empty() || choices.contains(&serde_json::json!({})));
        let declares_401 = responses.contains_key("401");
        // Those need no token, and answer 401 to what stands in its place (a password, a signature), or to a bad one.
        let proves_otherwise =
            ["/auth/", "/gateway/", "/rate-limits"].iter().any(|part| name.contains(part));
        assert!(declares_401 != open || proves_otherwise, "{name}: token or `security(())`");
    }
}

#[test]
fn every_operation_shows_a_request_that_can_be_sent_as_it_stands() {
    let documents = documents();
    let all = documents.iter().flat_map(|document| {
        operations_of(document)
            .into_iter()
            .map(move |(name, described)| (document, name, described))
    });
    for (document, name, operation) in all {
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let needed = parameter["required"] == true;
            assert!(!needed || !parameter["example"].is_null(), "{name}: {}", parameter["name"]);
        }
        let contents = &operation["requestBody"]["content"];
        let body = contents.as_object().and_then(|each| each.values().next()).unwrap_or(contents);
        if !operation["requestBody"].is_null() {
            let schema = match body["schema"]["$ref"].as_str() {
                Some(place) => document.pointer(place.trim_start_matches('#')).unwrap(),
                None => &body["schema"],
            };
            let shown = [&body["example"], &schema["example"], &schema["examples"][0]];
            assert!(shown.iter().any(|example| !example.is_null()), "{name}: no example body");
        }
    }
}
