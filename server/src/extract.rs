//! Extractors whose rejections speak the API's language: bodies, paths and queries with the field that is wrong. No rules here.

use axum::{
    extract::{FromRequest, FromRequestParts, Request, rejection::BytesRejection},
    response::IntoResponse as _,
};
use bytes::Bytes;
use http::{StatusCode, request::Parts};
use schemars::JsonSchema;
use serde::{Deserialize, de::DeserializeOwned};

use crate::error::AppError;

/// The largest body any route reads.
pub(crate) const BODY_LIMIT: usize = 1024 * 1024;

/// A JSON body.
#[derive(Debug)]
pub(crate) struct Body<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = AppError;

    async fn from_request(request: Request, state: &S) -> Result<Self, AppError> {
        parse(&read(request, state).await?).map(Self)
    }
}

/// For commands without parameters: an empty body or `{}`.
#[derive(Debug)]
pub(crate) struct NoBody;

impl<S: Send + Sync> FromRequest<S> for NoBody {
    type Rejection = AppError;

    async fn from_request(request: Request, state: &S) -> Result<Self, AppError> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Nothing {}
        let bytes = read(request, state).await?;
        if !bytes.is_empty() {
            parse::<Nothing>(&bytes)?;
        }
        Ok(Self)
    }
}

/// Any JSON, whatever it calls itself; nothing at all is `null`. For strangers' messages, whose dialect is looked at later.
#[derive(Debug)]
pub(crate) struct Message(pub serde_json::Value);

impl<S: Send + Sync> FromRequest<S> for Message {
    type Rejection = AppError;

    async fn from_request(request: Request, state: &S) -> Result<Self, AppError> {
        let bytes = read(request, state).await?;
        if bytes.is_empty() { Ok(Self(serde_json::Value::Null)) } else { parse(&bytes).map(Self) }
    }
}

/// A file as it comes; whoever reads it says when it is enough.
#[derive(Debug)]
pub(crate) struct Upload(pub axum::body::Body);

impl<S: Send + Sync> FromRequest<S> for Upload {
    type Rejection = std::convert::Infallible;

    async fn from_request(request: Request, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(request.into_body()))
    }
}

async fn read<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, AppError> {
    Bytes::from_request(request, state).await.map_err(|rejection: BytesRejection| {
        match rejection.into_response().status() {
            StatusCode::PAYLOAD_TOO_LARGE => AppError::too_large(BODY_LIMIT),
            _ => AppError::malformed(None, "The body did not arrive whole. Nothing was changed; send it again."),
        }
    })
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, AppError> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner();
        if !inner.is_data() {
            return AppError::malformed(None, format!("The body is not JSON: {inner}. Nothing was changed."));
        }
        let said = inner.to_string();
        let field = field_of(&path, &said);
        AppError::invalid_field(&field, sentence(&said))
    })?;
    json.end().map_err(|e| {
        AppError::malformed(None, format!("The body is not one JSON document: {e}. Nothing was changed."))
    })?;
    Ok(value)
}

/// serde names a missing or unknown field in its message only: "missing field `title`".
fn field_of(path: &str, said: &str) -> String {
    let named = said
        .strip_prefix("missing field `")
        .or_else(|| said.strip_prefix("unknown field `"))
        .and_then(|rest| rest.split('`').next());
    match (path, named) {
        (".", None) => "body".into(),
        (".", Some(name)) => name.into(),
        (path, Some(name)) if !path.ends_with(name) => format!("{path}.{name}"),
        (path, _) => path.into(),
    }
}

/// Without the position, which means nothing to a person at a form; without what was typed, which may be a secret; without names of
/// our types.
fn sentence(said: &str) -> String {
    let text = said.split(" at line ").next().unwrap_or(said);
    if let Some((found, expected)) =
        text.strip_prefix("invalid type: ").and_then(|rest| rest.rsplit_once(", expected "))
    {
        let found = found.split([' ', '`', '"']).next().unwrap_or_default();
        let found = if found == "sequence" { "list" } else { found };
        let expected = match expected.split_once(' ') {
            Some(("struct" | "map", _)) => "an object",
            Some(("a", "string")) => "text",
            Some(("a", "sequence")) => "a list",
            _ => expected,
        };
        return format!("This is of the wrong kind: {found} where {expected} is expected.");
    }
    if text.starts_with("missing field") {
        return "This field is missing.".into();
    }
    let mut characters = text.chars();
    let first = characters.next().map(char::to_uppercase);
    let text: String = first.into_iter().flatten().chain(characters).collect();
    if text.ends_with('.') { text } else { format!("{text}.") }
}

/// A path's parameters.
#[derive(Debug)]
pub(crate) struct Path<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, AppError> {
        // Nothing has a NUL in its name, and Postgres takes none.
        if parts.uri.path().contains("%00") {
            return Err(AppError::not_found("such address in the API"));
        }
        let path = axum::extract::Path::<T>::from_request_parts(parts, state).await;
        path.map(|axum::extract::Path(value)| Self(value)).map_err(|_| {
            // Every parameter that can fail is a number or an id.
            AppError::malformed(
                Some("path".into()),
                format!(
                    "{} is no address of this API: it must name a number, or something by its id.",
                    parts.uri.path()
                ),
            )
        })
    }
}

/// A query string's parameters; unknown ones are refused by the type.
#[derive(Debug)]
pub(crate) struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, AppError> {
        let query = axum::extract::Query::<T>::from_request_parts(parts, state).await;
        query.map(|axum::extract::Query(value)| Self(value)).map_err(|rejection| {
            let said = rejection.body_text();
            let said = said.strip_prefix("Failed to deserialize query string: ").unwrap_or(&said);
            AppError::malformed(Some("query".into()), format!("What stands after the ? cannot be read: {said}."))
        })
    }
}

/// The `Idempotency-Key`, if one was sent.
#[derive(Debug)]
pub(crate) struct Key(pub Option<String>);

impl<S: Send + Sync> FromRequestParts<S> for Key {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, AppError> {
        // What is not text becomes an empty key, which the use case refuses by name.
        Ok(Self(parts.headers.get("idempotency-key").map(|value| value.to_str().unwrap_or_default().to_owned())))
    }
}

/// After which event a stream goes on, if that was said.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LastEventId(pub Option<i64>);

impl<S: Send + Sync> FromRequestParts<S> for LastEventId {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, AppError> {
        let Some(value) = parts.headers.get("last-event-id") else { return Ok(Self(None)) };
        let id = value.to_str().ok().and_then(|text| text.trim().parse().ok());
        let wrong = || AppError::malformed(Some("Last-Event-ID".into()), "Last-Event-ID must be the id of an event.");
        id.map(|id| Self(Some(id))).ok_or_else(wrong)
    }
}

/// Where to go on in a list.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Before {
    /// The `next` of the page before.
    #[serde(default)]
    pub before: Option<i64>,
}

#[cfg(test)]
mod tests {
    use shared::api::incident::DeclareIn;

    use super::*;

    #[test]
    fn every_mistake_in_a_body_names_its_field() {
        let whole = r#"{"system":"s","title":"t","level":1,"affected":[]}"#;
        assert!(parse::<DeclareIn>(whole.as_bytes()).is_ok());
        let cases = [
            (r#"{"system":"s","level":1,"affected":[]}"#, "title"),
            (r#"{"system":"s","title":" ","level":1,"affected":[]}"#, "title"),
            (r#"{"system":"s","title":"t","level":900,"affected":[]}"#, "level"),
            (
                r#"{"system":"s","title":"t","level":1,"affected":[{"component":"c","impact":"worse"}]}"#,
                "affected[0].impact",
            ),
            (r#"{"system":"s","title":"t","level":1,"affected":[{"impact":"degraded"}]}"#, "affected[0].component"),
            (r#"{"system":"s","title":"t","level":1,"affected":[],"colour":1}"#, "colour"),
            ("[]", "body"),
        ];
        for (body, field) in cases {
            let error = format!("{:?}", parse::<DeclareIn>(body.as_bytes()).unwrap_err());
            assert!(error.contains(&format!("field: \"{field}\"")), "{body}: {error}");
        }
    }

    #[test]
    fn what_is_not_json_says_so() {
        for body in ["", "{", "{} {}", "title=x"] {
            let error = parse::<serde_json::Value>(body.as_bytes()).unwrap_err();
            assert!(error.message().contains("JSON"), "{body}: {error:?}");
        }
    }
}
