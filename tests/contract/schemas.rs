//! How a schema may change: what a client may send must go on being taken, what it is answered must go on being as it was
//! told. It knows no operation.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// Names of values of which it was said from the start that more may come, in answers too.
const MAY_GROW: [&str; 2] = ["EventName", "Problem"];

/// Bounds from above and from below.
const MOST: [&str; 3] = ["maximum", "maxLength", "maxItems"];
const LEAST: [&str; 3] = ["minimum", "minLength", "minItems"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Whatever was taken must be taken.
    Request,
    /// Nothing may be answered that was not to be expected.
    Response,
}

/// Whether more values may come in answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Growth {
    None,
    Announced,
}

/// Two documents, and what was found so far.
pub struct Comparison<'a> {
    pub old: &'a Value,
    pub new: &'a Value,
    pub found: Vec<String>,
    /// Named schemas that are being compared, so that one which holds itself ends.
    within: Vec<(String, String)>,
}

impl<'a> Comparison<'a> {
    pub fn of(old: &'a Value, new: &'a Value) -> Self {
        Self { old, new, found: Vec::new(), within: Vec::new() }
    }

    pub fn breaks(&mut self, at: &str, why: &str) {
        self.found.push(format!("{at} {why}"));
    }

    /// Compares the schemas of one place.
    pub fn schema(&mut self, direction: Direction, at: &str, old: &Value, new: &Value) {
        let names = (name_of(old), name_of(new));
        if let (Some(old), Some(new)) = &names {
            let pair = ((*old).to_owned(), (*new).to_owned());
            if self.within.contains(&pair) {
                return;
            }
            self.within.push(pair);
        }
        let announced = names.0.is_some_and(|name| MAY_GROW.contains(&name));
        let growth = if announced { Growth::Announced } else { Growth::None };
        self.alternatives(direction, at, (old, new), growth);
        if names.0.is_some() && names.1.is_some() {
            self.within.pop();
        }
    }

    /// Of several possible forms each must have one that it goes into.
    fn alternatives(
        &mut self,
        direction: Direction,
        at: &str,
        (old, new): (&Value, &Value),
        growth: Growth,
    ) {
        let (before, now) = (forms(self.old, old), forms(self.new, new));
        if let ([before], [now]) = (before.as_slice(), now.as_slice()) {
            return self.form(direction, at, (before, now), growth);
        }
        let (sent, taken) = match direction {
            Direction::Request => (&before, &now),
            Direction::Response => (&now, &before),
        };
        for one in sent {
            let fits = taken.iter().any(|other| {
                let (old, new) = match direction {
                    Direction::Request => (one, other),
                    Direction::Response => (other, one),
                };
                let mut tried = Comparison::of(self.old, self.new);
                tried.within.clone_from(&self.within);
                tried.form(direction, at, (old, new), growth);
                tried.found.is_empty()
            });
            if !fits {
                let why = match direction {
                    Direction::Request => "does not take one of the forms it took",
                    Direction::Response => "may have a form that it never had",
                };
                self.breaks(at, why);
            }
        }
    }

    fn form(&mut self, direction: Direction, at: &str, (old, new): (&Form, &Form), growth: Growth) {
        self.types(direction, at, old, new);
        self.values(direction, at, (old, new), growth);
        match direction {
            Direction::Request => self.bounds(at, old, new),
            Direction::Response => {}
        }
        for key in ["format", "pattern"] {
            let (told, now) = match direction {
                Direction::Request => (&new[key], &old[key]),
                Direction::Response => (&old[key], &new[key]),
            };
            if !told.is_null() && told != now {
                self.breaks(at, &format!("has another {key}"));
            }
        }
        self.members(direction, at, old, new);
        for key in ["items", "propertyNames"] {
            if !old[key].is_null() && !new[key].is_null() {
                self.schema(direction, &format!("{at}/{key}"), &old[key], &new[key]);
            }
        }
    }

    fn types(&mut self, direction: Direction, at: &str, old: &Form, new: &Form) {
        let (before, now) = (types(old), types(new));
        let (from, into) = match direction {
            Direction::Request => (before, now),
            Direction::Response => (now, before),
        };
        let Some(into) = into else { return };
        let all_fit = from.as_ref().is_some_and(|from| {
            let fits = |kind: &String| {
                into.contains(kind) || (kind == "integer" && into.contains("number"))
            };
            from.iter().all(fits)
        });
        if !all_fit {
            let why = match direction {
                Direction::Request => "takes fewer types",
                Direction::Response => "may be of another type",
            };
            self.breaks(at, why);
        }
    }

    fn values(
        &mut self,
        direction: Direction,
        at: &str,
        (old, new): (&Form, &Form),
        growth: Growth,
    ) {
        let (before, now) = (old["enum"].as_array(), new["enum"].as_array());
        let (from, into, why) = match direction {
            Direction::Request => (before, now, "takes fewer values"),
            Direction::Response if growth == Growth::Announced => return,
            Direction::Response => (now, before, "may have a value that it never had"),
        };
        let Some(into) = into else { return };
        if !from.is_some_and(|from| from.iter().all(|value| into.contains(value))) {
            self.breaks(at, why);
        }
    }

    fn bounds(&mut self, at: &str, old: &Form, new: &Form) {
        let narrower = |key: &str, sign: f64| {
            let bound = |form: &Form| form[key].as_f64().map(|bound| bound * sign);
            bound(new).is_some_and(|new| bound(old).is_none_or(|old| new < old))
        };
        let of_most = MOST.into_iter().filter(|key| narrower(key, 1.0));
        // At least nothing is no bound.
        let nothing = |key: &str| key != "minimum" && new[key].as_f64() == Some(0.0);
        let of_least = LEAST.into_iter().filter(|key| narrower(key, -1.0) && !nothing(key));
        for key in of_most.chain(of_least).collect::<Vec<_>>() {
            self.breaks(at, &format!("has a narrower {key}"));
        }
    }

    fn members(&mut self, direction: Direction, at: &str, old: &Form, new: &Form) {
        let (before, now) = (required(old), required(new));
        for (name, schema) in old["properties"].as_object().into_iter().flatten() {
            let at = format!("{at}/{name}");
            let Some(present) = new["properties"].get(name) else {
                self.breaks(&at, "is gone");
                continue;
            };
            self.schema(direction, &at, schema, present);
            if direction == Direction::Response && before.contains(name) && !now.contains(name) {
                self.breaks(&at, "may be absent");
            }
        }
        if direction == Direction::Request {
            for name in now.difference(&before) {
                self.breaks(&format!("{at}/{name}"), "is required now");
            }
            if old["additionalProperties"] != false && new["additionalProperties"] == false {
                self.breaks(at, "refuses members that it does not know");
            }
        }
    }
}

/// A schema without references at its top, and with the parts of an `allOf` put together.
type Form = Value;

fn name_of(schema: &Value) -> Option<&str> {
    schema["$ref"].as_str()?.rsplit('/').next()
}

fn resolved<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    let place = schema["$ref"].as_str().map(|place| place.trim_start_matches('#'));
    place.map_or(schema, |place| document.pointer(place).unwrap())
}

/// Every form that a value may have: one, or those of a `oneOf`.
fn forms(document: &Value, schema: &Value) -> Vec<Form> {
    let schema = resolved(document, schema);
    let choices = [&schema["oneOf"], &schema["anyOf"]].into_iter().find_map(Value::as_array);
    match choices {
        Some(choices) => choices.iter().flat_map(|choice| forms(document, choice)).collect(),
        None => vec![whole(document, schema)],
    }
}

fn whole(document: &Value, schema: &Value) -> Form {
    let mut form = schema.clone();
    let parts = schema["allOf"].as_array().cloned().unwrap_or_default();
    for part in parts {
        let part = whole(document, resolved(document, &part));
        for (key, value) in part.as_object().into_iter().flatten() {
            match (key.as_str(), form.get_mut(key)) {
                ("properties", Some(Value::Object(known))) => {
                    known.extend(value.as_object().cloned().unwrap_or_default());
                }
                ("required", Some(Value::Array(known))) => {
                    known.extend(value.as_array().cloned().unwrap_or_default());
                }
                (_, Some(_)) => {}
                (_, None) => {
                    let members: Option<&mut Map<_, _>> = form.as_object_mut();
                    members.unwrap().insert(key.clone(), value.clone());
                }
            }
        }
    }
    form
}

/// `None`: any.
fn types(form: &Form) -> Option<BTreeSet<String>> {
    match &form["type"] {
        Value::String(one) => Some(BTreeSet::from([one.clone()])),
        Value::Array(many) => {
            Some(many.iter().filter_map(Value::as_str).map(str::to_owned).collect())
        }
        _ => None,
    }
}

fn required(form: &Form) -> BTreeSet<String> {
    let names = form["required"].as_array().into_iter().flatten();
    names.filter_map(Value::as_str).map(str::to_owned).collect()
}
