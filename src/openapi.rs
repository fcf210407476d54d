//! OpenAPI 3.1 documents, made from the routes that a router is made of and the types they name.

use axum::http::Method;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

/// How a type is described.
pub type Describe = fn(&mut SchemaGenerator) -> Schema;

pub fn of<T: JsonSchema>() -> Describe {
    SchemaGenerator::subschema_for::<T>
}

/// One question and all its answers.
#[derive(Debug)]
pub struct Operation {
    pub method: Method,
    /// With `{patient}`, `{alert}`, … for what it names.
    pub path: &'static str,
    pub summary: &'static str,
    pub takes: Option<Describe>,
    /// What may stand behind the `?`: a struct whose fields are the names.
    pub query: Option<Describe>,
    /// Whoever asks must show this: a name of the document's `security`.
    pub security: Option<&'static str>,
    pub answers: Vec<Answer>,
}

#[derive(Clone, Copy, Debug)]
pub struct Answer {
    pub status: u16,
    pub meaning: &'static str,
    /// Content type and shape; none: no body.
    pub body: Option<(&'static str, Describe)>,
}

/// The whole document. `about` is OpenAPI's `info` without the version, `security` its `securitySchemes`.
pub fn document(mut about: Value, security: Value, operations: &[Operation]) -> Value {
    let mut settings = SchemaSettings::draft2020_12();
    settings.definitions_path = "/components/schemas".into();
    let mut schemas = settings.into_generator();
    let mut paths = Map::new();
    for operation in operations {
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        path[operation.method.as_str().to_ascii_lowercase()] = described(operation, &mut schemas);
    }
    about["version"] = json!(env!("CARGO_PKG_VERSION"));
    json!({
        "openapi": "3.1.0",
        "info": about,
        "paths": paths,
        "components": { "schemas": schemas.take_definitions(true), "securitySchemes": security },
    })
}

fn described(operation: &Operation, schemas: &mut SchemaGenerator) -> Value {
    let mut parameters: Vec<Value> = named(operation.path)
        .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": in_path(name) }))
        .collect();
    if let Some(describe) = operation.query {
        parameters.extend(query(&describe(schemas)));
    }
    let mut answers = Map::new();
    for answer in &operation.answers {
        let mut response = json!({ "description": answer.meaning });
        if let Some((kind, describe)) = answer.body {
            response["content"] = json!({ kind: { "schema": describe(schemas) } });
        }
        answers.insert(answer.status.to_string(), response);
    }
    let mut described = json!({ "summary": operation.summary, "parameters": parameters, "responses": answers });
    if let Some(security) = operation.security {
        described["security"] = json!([{ security: [] }]);
    }
    if let Some(describe) = operation.takes {
        described["requestBody"] =
            json!({ "required": true, "content": { "application/json": { "schema": describe(schemas) } } });
    }
    described
}

/// What a path names: `patient`, `alert`, …
pub fn named(path: &'static str) -> impl Iterator<Item = &'static str> {
    path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
}

/// What may stand behind the `?`, by name.
pub fn query_names(describe: Describe) -> Vec<String> {
    query(&describe(&mut inline()))
        .iter()
        .filter_map(|parameter| Some(parameter["name"].as_str()?.to_owned()))
        .collect()
}

/// An alert's reference is what pages and mails call it; everything else that a path names is an id.
fn in_path(name: &str) -> Value {
    match name {
        "reference" => json!({ "type": "string", "pattern": "^A[0-9]{1,18}$" }),
        _ => json!({ "type": "string", "format": "uuid" }),
    }
}

fn query(schema: &Schema) -> Vec<Value> {
    let required = schema.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
    let properties = schema.get("properties").and_then(Value::as_object).cloned().unwrap_or_default();
    let each = properties.into_iter().map(|(name, schema)| {
        let required = required.iter().any(|known| known == &name);
        json!({ "name": name, "in": "query", "required": required, "schema": schema })
    });
    each.collect()
}

fn inline() -> SchemaGenerator {
    SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true).into_generator()
}
