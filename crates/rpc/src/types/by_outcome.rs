//! Says in the schema of a result which members are there with which outcome, so that a program
//! that has looked at the outcome need not ask for each.

use schemars::Schema;
use serde_json::{Map, Value, json};

/// For each value of `outcome`: those members of the schema that are always there with it, and not
/// null.
pub(super) fn by_outcome<'a>(
    schema: &mut Schema,
    outcomes: impl Iterator<Item = (&'static str, &'static str, &'a [&'a str])>,
) {
    let Some(members) = schema.get("properties").and_then(Value::as_object) else {
        return;
    };
    let each: Vec<Value> = outcomes
        .map(|(name, about, present)| {
            let outcome = ("outcome".to_owned(), json!({"const": name}));
            let present = present.iter().filter_map(|name| {
                let mut member = members.get(*name)?.clone();
                never_null(&mut member);
                member.as_object_mut()?.remove("description");
                Some(((*name).to_owned(), member))
            });
            let properties: Map<String, Value> = std::iter::once(outcome).chain(present).collect();
            let required: Vec<&String> = properties.keys().collect();
            json!({
                "type": "object",
                "description": about,
                "properties": properties,
                "required": required,
            })
        })
        .collect();
    schema.insert("oneOf".to_owned(), each.into());
}

/// Takes null away from what a schema allows.
pub(crate) fn never_null(schema: &mut Value) {
    let Some(schema) = schema.as_object_mut() else {
        return;
    };
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|one| one != "null");
        if let [one] = types.as_slice() {
            let one = one.clone();
            schema.insert("type".to_owned(), one);
        }
    }
    if let Some(Value::Array(options)) = schema.get_mut("anyOf") {
        options.retain(|one| one.get("type").is_none_or(|one| one != "null"));
        if options.len() == 1
            && let Some(one) = schema.remove("anyOf")
        {
            schema.insert("allOf".to_owned(), one);
        }
    }
}
