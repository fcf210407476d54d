//! The staff API as an OpenAPI 3.1 document, made from the route table and the types it names.

use axum::Json;
use schemars::generate::SchemaSettings;
use schemars::{Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::access::Access;
use super::api;
use super::routes::{Answers, Route, routes};

pub async fn document() -> Json<Value> {
    Json(made())
}

fn made() -> Value {
    let mut settings = SchemaSettings::draft2020_12();
    settings.definitions_path = "/components/schemas".into();
    let mut schemas = settings.into_generator();
    let failure = schemas.subschema_for::<api::Failure>();
    let mut paths = Map::new();
    for route in routes() {
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        path[route.method.as_str().to_ascii_lowercase()] = operation(&route, &mut schemas, &failure);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Derwent, the staff API",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "What the staff pages ask. Whatever is out of one's reach answers like what does not exist.",
        },
        "paths": paths,
        "components": {
            "schemas": schemas.take_definitions(true),
            "securitySchemes": { "session": { "type": "apiKey", "in": "cookie", "name": "__Host-derwent_session" } },
        },
    })
}

fn operation(route: &Route, schemas: &mut SchemaGenerator, failure: &Schema) -> Value {
    let mut parameters: Vec<Value> = route
        .names()
        .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": named(name) }))
        .collect();
    if let Some(describe) = route.query {
        parameters.extend(query(&describe(schemas)));
    }
    let mut answers = Map::new();
    match route.answers {
        Answers::Nothing => answers.insert("204".to_owned(), json!({ "description": "Done" })),
        Answers::Json(describe) => answers.insert("200".to_owned(), body("application/json", &describe(schemas))),
        Answers::Events(describe) => answers.insert("200".to_owned(), body("text/event-stream", &describe(schemas))),
    };
    for status in refusals(route) {
        let mut refusal = body("application/json", failure);
        refusal["description"] = json!(meaning(status));
        answers.insert(status.to_string(), refusal);
    }
    let mut operation = json!({ "summary": route.summary, "parameters": parameters, "responses": answers });
    if route.access != Access::Anyone {
        operation["security"] = json!([{ "session": [] }]);
    }
    if let Some(describe) = route.takes {
        operation["requestBody"] =
            json!({ "required": true, "content": { "application/json": { "schema": describe(schemas) } } });
    }
    operation
}

fn body(kind: &str, schema: &Schema) -> Value {
    json!({ "description": "As asked", "content": { kind: { "schema": schema } } })
}

/// An alert's reference is what pages and mails call it; everything else that a path names is an id.
fn named(name: &str) -> Value {
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

/// Every answer that is no success, by what the route is.
fn refusals(route: &Route) -> Vec<u16> {
    let mut statuses = vec![503];
    if route.access != Access::Anyone {
        statuses.extend([401]);
    }
    if matches!(route.access, Access::May(_)) || !route.method.is_safe() {
        statuses.extend([403]);
    }
    if route.query.is_some() || route.takes.is_some() {
        statuses.push(400);
    }
    if route.takes.is_some() {
        statuses.extend([413, 415, 422]);
    }
    if route.names().next().is_some() {
        statuses.push(404);
    }
    statuses.extend(route.refuses);
    statuses.sort_unstable();
    statuses.dedup();
    statuses
}

fn meaning(status: u16) -> &'static str {
    match status {
        400 | 422 => "The request cannot be read; the message says where",
        401 => "Not signed in, or not rightly",
        403 => "One's role does not include this, or the request came from another site",
        404 => "Not there, or not within one's reach",
        409 => "Somebody else was first, or it is over",
        413 => "Too long",
        415 => "Not JSON",
        429 => "Too many tries",
        _ => "Busy: try again in a few seconds",
    }
}
