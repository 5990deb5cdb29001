//! The operations' requests as JSON Schema, made from the request types themselves and their documentation,
//! as the window's bindings are. Types are written out where they are used: models and the programs around
//! them cope badly with references.

use std::{collections::BTreeMap, sync::LazyLock};

use serde_json::{Map, Value, json};
use specta::{
    Format, Types,
    datatype::{DataType, Enum, Field, Fields, NamedReferenceType, Primitive, Reference, Variant},
};

use crate::operations;

/// Deeper nesting than any request has; a type that holds itself ends there.
const DEPTH: usize = 12;

static SCHEMAS: LazyLock<BTreeMap<&'static str, Map<String, Value>>> = LazyLock::new(|| {
    let mut types = Types::default();
    let requests = operations::requests(&mut types);
    let types = specta_serde::Format.map_types(&types).expect("the bindings are made of the same types");
    let object = |schema| match schema {
        Value::Object(schema) => schema,
        other => unreachable!("every request is an object, not {other}"),
    };
    requests.into_iter().map(|(name, request)| (name, object(schema(&types, &request, DEPTH)))).collect()
});

/// What the operation takes; none if there is no such operation.
pub fn request_schema(operation: &str) -> Option<&'static Map<String, Value>> {
    SCHEMAS.get(operation)
}

fn schema(types: &Types, of: &DataType, depth: usize) -> Value {
    let Some(depth) = depth.checked_sub(1) else { return json!({}) };
    let inner = |of: &DataType| schema(types, of, depth);
    match of {
        DataType::Primitive(primitive) => number_or_text(primitive),
        DataType::List(list) => json!({ "type": "array", "items": inner(&list.ty) }),
        DataType::Map(map) => json!({ "type": "object", "additionalProperties": inner(map.value_ty()) }),
        DataType::Nullable(value) => json!({ "anyOf": [inner(value), { "type": "null" }] }),
        DataType::Struct(shape) => fields(types, &shape.fields, depth),
        DataType::Enum(choice) => one_of(types, choice, depth),
        DataType::Tuple(tuple) => {
            let items: Vec<Value> = tuple.elements.iter().map(inner).collect();
            json!({ "type": "array", "prefixItems": items, "minItems": items.len(), "maxItems": items.len() })
        }
        DataType::Intersection(parts) => json!({ "allOf": parts.iter().map(inner).collect::<Vec<_>>() }),
        DataType::Reference(reference) => referred(types, reference, depth),
        DataType::Generic(_) => json!({}),
    }
}

fn number_or_text(primitive: &Primitive) -> Value {
    use Primitive as P;
    match primitive {
        P::u8 | P::u16 | P::u32 | P::u64 | P::u128 | P::usize => json!({ "type": "integer", "minimum": 0 }),
        P::i8 | P::i16 | P::i32 | P::i64 | P::i128 | P::isize => json!({ "type": "integer" }),
        P::f16 | P::f32 | P::f64 | P::f128 => json!({ "type": "number" }),
        P::bool => json!({ "type": "boolean" }),
        P::char | P::str => json!({ "type": "string" }),
    }
}

fn referred(types: &Types, reference: &Reference, depth: usize) -> Value {
    let Reference::Named(named) = reference else { return json!({}) };
    if let NamedReferenceType::Inline { dt, .. } = &named.inner {
        return schema(types, dt, depth);
    }
    let Some(found) = types.get(named) else { return json!({}) };
    let shape = found.ty.as_ref().map_or_else(|| json!({}), |of| schema(types, of, depth));
    described(shape, &found.docs)
}

fn fields(types: &Types, fields: &Fields, depth: usize) -> Value {
    match fields {
        Fields::Unit => json!({ "type": "null" }),
        Fields::Unnamed(list) => match list.fields.iter().filter_map(|field| field.ty.as_ref()).next() {
            Some(only) => schema(types, only, depth),
            None => json!({ "type": "array", "maxItems": 0 }),
        },
        Fields::Named(list) => {
            let known = || list.fields.iter().filter(|(_, field)| field.ty.is_some());
            let properties: Map<String, Value> =
                known().map(|(name, field)| (name.to_string(), property(types, field, depth))).collect();
            let required: Vec<&str> =
                known().filter(|(_, field)| !field.optional).map(|(name, _)| name.as_ref()).collect();
            let mut object =
                json!({ "type": "object", "properties": properties, "additionalProperties": false });
            if !required.is_empty() {
                object["required"] = json!(required);
            }
            object
        }
    }
}

fn property(types: &Types, field: &Field, depth: usize) -> Value {
    let shape = match &field.ty {
        // Left out says the same as null.
        Some(DataType::Nullable(value)) if field.optional => schema(types, value, depth),
        Some(of) => schema(types, of, depth),
        None => json!({}),
    };
    described(shape, &field.docs)
}

/// The nearer words count.
fn described(mut shape: Value, docs: &str) -> Value {
    let docs = docs.split_whitespace().collect::<Vec<_>>().join(" ");
    if !docs.is_empty() {
        shape["description"] = docs.into();
    }
    shape
}

fn one_of(types: &Types, choice: &Enum, depth: usize) -> Value {
    if choice.attributes.get_named_as::<bool>("specta:finite_number") == Some(&true) {
        return json!({ "type": "number" });
    }
    let variants = choice.variants.iter().filter(|(_, variant)| !variant.skip);
    let (mut words, mut shapes) = (Vec::new(), Vec::new());
    for (name, variant) in variants {
        match word(name, variant) {
            Some(word) => words.push(word),
            None => shapes.push(described(fields(types, &variant.fields, depth), &variant.docs)),
        }
    }
    if !words.is_empty() {
        shapes.insert(0, json!({ "type": "string", "enum": words }));
    }
    match shapes.len() {
        1 => shapes.remove(0),
        _ => json!({ "anyOf": shapes }),
    }
}

/// A variant that is written as one word.
fn word(name: &str, variant: &Variant) -> Option<String> {
    match &variant.fields {
        Fields::Unit => Some(name.to_owned()),
        Fields::Unnamed(list) => match list.fields.first()?.ty.as_ref()? {
            DataType::Enum(only) if only.variants.len() == 1 => {
                let (name, variant) = &only.variants[0];
                matches!(variant.fields, Fields::Unit).then(|| name.to_string())
            }
            _ => None,
        },
        Fields::Named(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::OPERATIONS;

    #[test]
    fn every_operation_says_what_it_takes() {
        for operation in OPERATIONS {
            let schema = request_schema(operation.name).unwrap_or_else(|| panic!("{}", operation.name));
            assert_eq!(schema["type"], "object", "{}", operation.name);
            assert_eq!(schema["additionalProperties"], false, "{}", operation.name);
        }
        assert_eq!(request_schema("fly"), None);
    }

    #[test]
    fn types_are_written_out_with_their_words_and_documentation() {
        insta::assert_json_snapshot!([request_schema("start_run"), request_schema("depend_on")]);
    }
}
