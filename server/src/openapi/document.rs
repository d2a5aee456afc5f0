//! The operations written as an `OpenAPI` 3.1 document. Adds nothing but words.

use http::StatusCode;
use serde_json::{Map, Value, json};
use shared::{api::error::ErrorCode, domain::access::Proof};

use super::operation::{Answer, Api, Operation};

const ABOUT: &str = "\
The API of Muster, made from the program's own types.\n\n\
Errors are `{\"error\": {\"code\", \"message\", \"fields\"?, \"details\"?}}`; the codes are a closed set. \
Lists are `{\"items\", \"next\"?}`; `next` is the value of `before` for the following page.\n\n\
Sign in with `POST /api/v1/session`; the cookie it sets goes with every further request. Requests that write must come from \
Muster's own pages, or say so: scripts send `Origin` with the public address. Or come with a token, `Authorization: Bearer …`, \
which needs neither.\n\n\
`x-muster-action` names what somebody must be allowed to do to be let in; without it an operation is open to everybody.";

pub(super) fn document(api: &Api, public_url: &str, cookie: &str) -> Value {
    let mut paths: Map<String, Value> = Map::new();
    let mut refusals: Map<String, Value> = Map::new();
    for operation in &api.operations {
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        path[operation.method.as_str().to_lowercase()] = written(operation);
        for (status, codes) in &operation.refusals {
            refusals.entry(refusal_name(*status, codes)).or_insert_with(|| refusal(*status, codes));
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Muster",
            "version": env!("CARGO_PKG_VERSION"),
            "description": ABOUT,
            "license": {"name": env!("CARGO_PKG_LICENSE"), "identifier": env!("CARGO_PKG_LICENSE")},
        },
        "servers": [{"url": public_url}],
        "paths": paths,
        "components": {
            "schemas": api.schemas,
            "responses": refusals,
            "securitySchemes": {
                "session": {"type": "apiKey", "in": "cookie", "name": cookie, "description": "Set by signing in."},
                "token": {"type": "http", "scheme": "bearer", "description": "An API token: `muster_…`."},
            },
        },
    })
}

fn written(operation: &Operation) -> Value {
    let mut answers: Map<String, Value> = Map::new();
    for answer in &operation.answers {
        answers.insert(answer.status.to_string(), success(answer));
    }
    for (status, codes) in &operation.refusals {
        let name = format!("#/components/responses/{}", refusal_name(*status, codes));
        answers.insert(status.to_string(), json!({"$ref": name}));
    }
    let (noun, verb) = operation.id.split_once('.').unwrap_or(("", &operation.id));
    let mut written = json!({
        "operationId": operation.id,
        "tags": [noun],
        "summary": format!("{noun}: {}", verb.replace('_', " ")),
        "responses": answers,
        "security": [],
    });
    let parameters: Vec<_> = operation
        .parameters
        .iter()
        .map(|p| json!({"name": p.name, "in": p.place, "required": p.required, "schema": p.schema}))
        .collect();
    if !parameters.is_empty() {
        written["parameters"] = json!(parameters);
    }
    if let Some(body) = &operation.body {
        let schema = match &body.name {
            Some(name) => json!({"$ref": format!("#/components/schemas/{name}")}),
            None if body.media == "application/json" => json!({"type": "object", "additionalProperties": false}),
            // Any bytes.
            None => json!({}),
        };
        written["requestBody"] = json!({"required": body.required, "content": {body.media: {"schema": schema}}});
    }
    if let Some(action) = operation.action {
        written["x-muster-action"] = json!(action);
        written["description"] = json!(action.needs());
        let by_token = action.proof() == Proof::SignedIn;
        let ways = [Some(json!({"session": []})), by_token.then(|| json!({"token": []}))];
        written["security"] = ways.into_iter().flatten().collect();
    }
    written
}

fn reason(status: u16) -> &'static str {
    StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or_default()
}

fn success(answer: &Answer) -> Value {
    let mut written = json!({"description": reason(answer.status)});
    // The content type's own schema: any text, if it is not one of our shapes.
    let schema = match &answer.schema {
        Some(schema) => schema.clone(),
        None if answer.media == "application/json" => json!({"type": "object"}),
        None => json!({"type": "string"}),
    };
    if !answer.media.is_empty() {
        let media = answer.media.split(';').next().unwrap_or(answer.media);
        written["content"] = json!({media: {"schema": schema}});
    }
    written
}

fn code(code: ErrorCode) -> String {
    json!(code).as_str().unwrap_or_default().to_owned()
}

/// `409.not-now.target-busy`.
fn refusal_name(status: u16, codes: &[ErrorCode]) -> String {
    codes.iter().fold(status.to_string(), |name, one| format!("{name}.{}", code(*one)))
}

fn refusal(status: u16, codes: &[ErrorCode]) -> Value {
    let words: Vec<_> = codes.iter().map(|one| code(*one)).collect();
    let narrowed = json!({"properties": {"error": {"properties": {"code": {"enum": words}}}}});
    let schema = json!({"allOf": [{"$ref": "#/components/schemas/ErrorBody"}, narrowed]});
    let mut written = json!({
        "description": format!("{}: {}", reason(status), words.join(", ")),
        "content": {"application/json": {"schema": schema}},
    });
    if matches!(status, 429 | 503) {
        written["headers"] = json!({"Retry-After": {
            "description": "Seconds until it is worth trying again.",
            "schema": {"type": "integer"},
        }});
    }
    written
}
