//! From a handler's type to an operation: each extractor and each answer says what it adds. A handler with an argument or an answer
//! that says nothing about itself does not compile into the table of routes.

use std::future::Future;

use axum::{Json, extract::State};
use schemars::JsonSchema;
use serde_json::{Value, json};
use shared::{api::error::ErrorCode, domain::access::Action};
use tower_sessions::Session;

use super::operation::{Answer, Given, Operation, Parameter, Schemas};
use crate::{
    AppState,
    answer::{Accepted, As, Made, Media, NoContent, WithCookie},
    auth::{
        address::Address,
        device::Device,
        permit::{Permission, Permit},
    },
    error::AppError,
    extract::{Body, Key, LastEventId, Message, NoBody, Path, Query, Upload},
};

const JSON: &str = "application/json";

/// What a handler takes.
pub(crate) trait Input {
    fn describe(operation: &mut Operation, schemas: &mut Schemas);
}

/// What a handler answers.
pub(crate) trait Output {
    fn describe(operation: &mut Operation, schemas: &mut Schemas);
}

/// A function with arguments `A` that a route can lead to.
pub(crate) trait Handler<A> {
    fn describe(operation: &mut Operation, schemas: &mut Schemas);
}

/// The operation of a route; `handler` is there for its type only.
pub(crate) fn describe<A, H: Handler<A>>(
    _handler: H,
    (method, path, name): (&str, &'static str, &str),
    refusals: &[ErrorCode],
    schemas: &mut Schemas,
) -> Operation {
    let mut operation = Operation::new(method, path, name, refusals);
    H::describe(&mut operation, schemas);
    operation
}

macro_rules! handlers {
    ($(($($input:ident)*))*) => {$(
        impl<H, Answering, R, $($input),*> Handler<($($input,)*)> for H
        where
            H: Fn($($input),*) -> Answering,
            Answering: Future<Output = R>,
            R: Output,
            $($input: Input,)*
        {
            fn describe(operation: &mut Operation, schemas: &mut Schemas) {
                $($input::describe(operation, schemas);)*
                R::describe(operation, schemas);
            }
        }
    )*};
}

handlers! { (A) (A B) (A B C) (A B C D) (A B C D E) (A B C D E F) (A B C D E F G) }

macro_rules! silent {
    ($($input:ty)*) => {$(
        impl Input for $input {
            fn describe(_: &mut Operation, _: &mut Schemas) {}
        }
    )*};
}

silent! { State<AppState> Session Address Device }

impl<A: Permission> Input for Permit<A> {
    fn describe(operation: &mut Operation, _: &mut Schemas) {
        operation.action = Some(A::ACTION);
        operation.refuses(&AppError::not_signed_in());
        // Of too many tokens that do not let in.
        operation.refuses(&AppError::too_many_requests(0));
        operation.refuses(&AppError::may_not(A::ACTION));
        if !Action::OWN.contains(&A::ACTION) {
            operation.refuses(&AppError::enrolment_needed());
        }
        if A::ACTION.proof().seconds().is_some() {
            operation.refuses(&AppError::proof_needed(A::ACTION, vec![]));
        }
    }
}

impl<T: JsonSchema> Input for Path<T> {
    fn describe(operation: &mut Operation, schemas: &mut Schemas) {
        let schema = schemas.read::<T>();
        let all = match schema.get("prefixItems") {
            Some(Value::Array(several)) => several.clone(),
            _ => vec![schema],
        };
        for (name, schema) in operation.path_names().zip(all) {
            operation.parameters.push(Parameter { name: name.into(), place: "path", required: true, schema });
        }
        operation.refuses(&AppError::malformed(None, ""));
        operation.refuses(&AppError::not_found(""));
    }
}

impl<T: JsonSchema> Input for Query<T> {
    fn describe(operation: &mut Operation, schemas: &mut Schemas) {
        let schema = schemas.read::<T>();
        let required = |name: &str| schema["required"].as_array().is_some_and(|all| all.iter().any(|one| one == name));
        for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
            let parameter =
                Parameter { name: name.clone(), place: "query", required: required(name), schema: given(schema) };
            operation.parameters.push(parameter);
        }
        operation.refuses(&AppError::malformed(None, ""));
    }
}

/// What stands in an address is there or not; it is never null.
fn given(schema: &Value) -> Value {
    let mut schema = schema.clone();
    if let Some(members) = schema.as_object_mut() {
        members.retain(|name, value| name != "default" || !value.is_null());
        if let Some(Value::Array(types)) = members.get("type")
            && let Some(one) = types.iter().find(|name| *name != "null").cloned()
        {
            members.insert("type".into(), one);
        }
    }
    schema
}

impl Input for Upload {
    fn describe(operation: &mut Operation, _: &mut Schemas) {
        operation.body = Some(Given { name: None, required: true, media: "application/octet-stream" });
        reads_a_body(operation);
    }
}

impl<T: JsonSchema> Input for Body<T> {
    fn describe(operation: &mut Operation, schemas: &mut Schemas) {
        operation.body = Some(Given { name: Some(schemas.body::<T>()), required: true, media: JSON });
        reads_a_body(operation);
    }
}

impl Input for NoBody {
    fn describe(operation: &mut Operation, _: &mut Schemas) {
        operation.body = Some(Given { name: None, required: false, media: JSON });
        reads_a_body(operation);
    }
}

fn reads_a_body(operation: &mut Operation) {
    operation.refuses(&AppError::malformed(None, ""));
    operation.refuses(&AppError::too_large(0));
    operation.refuses(&AppError::invalid("", ""));
}

impl Input for Message {
    fn describe(operation: &mut Operation, schemas: &mut Schemas) {
        operation.body = Some(Given { name: Some(schemas.body::<Value>()), required: false, media: JSON });
        reads_a_body(operation);
    }
}

impl Input for Key {
    fn describe(operation: &mut Operation, _: &mut Schemas) {
        let schema = json!({
            "type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$",
            "description": "The same key twice, with the same body, has one effect.",
        });
        operation.parameters.push(Parameter {
            name: "Idempotency-Key".into(),
            place: "header",
            required: false,
            schema,
        });
        operation.refuses(&AppError::invalid("", ""));
        operation.refuses(&AppError::key_reused());
    }
}

impl Input for LastEventId {
    fn describe(operation: &mut Operation, schemas: &mut Schemas) {
        let schema = schemas.read::<i64>();
        operation.parameters.push(Parameter { name: "Last-Event-ID".into(), place: "header", required: false, schema });
        operation.refuses(&AppError::malformed(None, ""));
    }
}

fn json_answer<T: JsonSchema>(status: u16, operation: &mut Operation, schemas: &mut Schemas) {
    let schema = Some(schemas.written::<T>());
    operation.answers.push(Answer { status, media: "application/json", schema });
}

impl<T: JsonSchema> Output for Json<T> {
    fn describe(operation: &mut Operation, schemas: &mut Schemas) {
        json_answer::<T>(200, operation, schemas);
    }
}

impl<T: JsonSchema> Output for WithCookie<T> {
    fn describe(operation: &mut Operation, schemas: &mut Schemas) {
        json_answer::<T>(200, operation, schemas);
    }
}

impl<T: JsonSchema> Output for Made<T> {
    fn describe(operation: &mut Operation, schemas: &mut Schemas) {
        json_answer::<T>(200, operation, schemas);
        json_answer::<T>(201, operation, schemas);
    }
}

impl<T: JsonSchema> Output for Accepted<T> {
    fn describe(operation: &mut Operation, schemas: &mut Schemas) {
        json_answer::<T>(202, operation, schemas);
    }
}

impl Output for NoContent {
    fn describe(operation: &mut Operation, _: &mut Schemas) {
        operation.answers.push(Answer { status: 204, media: "", schema: None });
    }
}

impl<M: Media> Output for As<M> {
    fn describe(operation: &mut Operation, _: &mut Schemas) {
        operation.answers.push(Answer { status: 200, media: M::TYPE, schema: None });
    }
}

impl<T: Output> Output for Result<T, AppError> {
    fn describe(operation: &mut Operation, schemas: &mut Schemas) {
        T::describe(operation, schemas);
    }
}
