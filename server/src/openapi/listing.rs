//! The operations as lines for people, to be compared in review. Written for eyes, not for programs.

use std::fmt::Write as _;

use serde_json::Value;

use super::operation::{Api, Operation};

/// One block per operation: what it takes, what it answers, what it refuses with.
#[must_use]
pub fn listing(api: &Api) -> String {
    api.operations.iter().map(block).collect()
}

fn block(operation: &Operation) -> String {
    let word = |value: Value| value.as_str().unwrap_or_default().to_owned();
    let action = operation.action.map_or("open".into(), |action| word(serde_json::json!(action)));
    let mut text = format!("{} {} [{action}]\n", operation.method, operation.path);
    let parameters = operation.parameters.iter().filter(|p| p.place != "path").map(|p| {
        let must = if p.required { "" } else { "?" };
        format!("{} {}{must}", p.place, p.name)
    });
    let body = operation.body.iter().filter_map(|body| {
        body.name.clone().or_else(|| (body.media != "application/json").then(|| body.media.to_owned()))
    });
    let taken: Vec<_> = body.chain(parameters).collect();
    let answers: Vec<_> = operation
        .answers
        .iter()
        .map(|answer| {
            let what = answer.schema.as_ref().map_or(answer.media.to_owned(), named);
            format!("{} {what}", answer.status).trim_end().to_owned()
        })
        .collect();
    let _ = writeln!(text, "    ({}) -> {}", taken.join(", "), answers.join(" | "));
    // What can happen to every request is left out: 500 and 503.
    let refusals: Vec<_> = operation
        .refusals
        .iter()
        .filter(|(status, _)| **status < 500)
        .map(|(status, codes)| {
            let codes: Vec<_> = codes.iter().map(|code| word(serde_json::json!(code))).collect();
            format!("{status} {}", codes.join("/"))
        })
        .collect();
    if !refusals.is_empty() {
        let _ = writeln!(text, "    else {}", refusals.join(", "));
    }
    text
}

/// `IncidentView`, `List_for_RunRowView`, or what kind of JSON it is.
fn named(schema: &Value) -> String {
    let of = |schema: &Value| schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()).map(str::to_owned);
    if let Some(name) = of(schema) {
        return name;
    }
    let optional = schema["anyOf"].as_array().and_then(|all| all.iter().find_map(of));
    optional.map_or_else(|| schema["type"].to_string(), |name| format!("{name} or null"))
}
