//! One operation of the API as data. Knows neither axum nor how a document is written.

use std::collections::BTreeMap;

use http::Method;
use schemars::{
    JsonSchema, SchemaGenerator,
    generate::{Contract, SchemaSettings},
};
use serde_json::Value;
use shared::{
    api::error::{ErrorBody, ErrorCode},
    domain::access::Action,
};

use crate::{
    auth::origin,
    error::{AppError, status_of},
};

/// All operations and the schemas that they name.
#[derive(Debug)]
pub struct Api {
    pub operations: Vec<Operation>,
    /// By name.
    pub schemas: BTreeMap<String, Value>,
}

/// What a client may ask and must expect.
#[derive(Debug)]
pub struct Operation {
    pub method: Method,
    /// From the root, with `{names}`.
    pub path: &'static str,
    /// `incident.declare`.
    pub id: String,
    /// What it takes to be let in; `None` is open to everybody.
    pub action: Option<Action>,
    pub parameters: Vec<Parameter>,
    pub body: Option<Given>,
    pub answers: Vec<Answer>,
    /// Closed codes by status.
    pub refusals: BTreeMap<u16, Vec<ErrorCode>>,
}

#[derive(Debug)]
pub struct Parameter {
    pub name: String,
    /// `path`, `query` or `header`.
    pub place: &'static str,
    pub required: bool,
    pub schema: Value,
}

#[derive(Debug)]
pub struct Given {
    /// Of the schema; an empty body has none.
    pub name: Option<String>,
    pub required: bool,
    pub media: &'static str,
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub media: &'static str,
    /// Of JSON.
    pub schema: Option<Value>,
}

impl Operation {
    /// With what can happen to any request with this method.
    pub(super) fn new(method: &str, path: &'static str, handler: &str, refusals: &[ErrorCode]) -> Self {
        let method = method.to_uppercase().parse().unwrap_or_default();
        let words: Vec<_> = handler.split("::").map(str::trim).filter(|word| *word != "routes").collect();
        let mut operation = Self {
            method,
            path,
            id: words.join("."),
            action: None,
            parameters: vec![],
            body: None,
            answers: vec![],
            refusals: BTreeMap::new(),
        };
        operation.refuses(&AppError::bug(""));
        operation.refuses(&AppError::unavailable(""));
        if !origin::is_read(&operation.method) {
            operation.refuses(&AppError::foreign_origin(""));
            operation.refuses(&AppError::wrong_content_type());
        }
        for code in refusals {
            operation.refuses_with(status_of(*code).as_u16(), *code);
        }
        operation
    }

    /// By an example of the refusal, so that its status and code stand in one place only.
    pub(super) fn refuses(&mut self, example: &AppError) {
        self.refuses_with(example.status().as_u16(), example.code());
    }

    fn refuses_with(&mut self, status: u16, code: ErrorCode) {
        let codes = self.refusals.entry(status).or_default();
        if !codes.contains(&code) {
            codes.push(code);
            codes.sort_unstable();
        }
    }

    /// The names in the path's braces.
    pub(super) fn path_names(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
    }

    /// Whether this is what a request with this method and path is answered by.
    #[must_use]
    pub fn is_asked_by(&self, method: &Method, path: &str) -> bool {
        let path = path.split('?').next().unwrap_or(path);
        let (mut template, mut parts) = (self.path.split('/'), path.split('/'));
        self.method == method
            && loop {
                match (template.next(), parts.next()) {
                    (None, None) => break true,
                    (Some(wanted), Some(part)) if wanted == part => {}
                    (Some(wanted), Some(part)) if wanted.starts_with('{') && !part.is_empty() => {}
                    _ => break false,
                }
            }
    }

    /// Whether it says that it may answer so.
    #[must_use]
    pub fn may_answer(&self, status: u16, code: Option<ErrorCode>) -> bool {
        match code {
            None => self.answers.iter().any(|answer| answer.status == status),
            Some(code) => self.refusals.get(&status).is_some_and(|codes| codes.contains(&code)),
        }
    }
}

/// What types say about themselves: as they are read, each whole, and as they are written, by reference.
#[derive(Debug)]
pub struct Schemas {
    read: SchemaGenerator,
    written: SchemaGenerator,
    bodies: BTreeMap<String, Value>,
}

impl Default for Schemas {
    fn default() -> Self {
        let settings = |contract: Contract, inline: bool| {
            let settings = SchemaSettings::draft2020_12().with(|settings| {
                settings.definitions_path = "/components/schemas".into();
                settings.contract = contract;
                settings.inline_subschemas = inline;
                settings.meta_schema = None;
            });
            settings.into_generator()
        };
        let (read, written) = (settings(Contract::Deserialize, true), settings(Contract::Serialize, false));
        Self { read, written, bodies: BTreeMap::new() }
    }
}

impl Api {
    pub(crate) fn new(operations: Vec<Operation>, schemas: Schemas) -> Self {
        Self { operations, schemas: schemas.named() }
    }
}

impl Schemas {
    /// With the shape that every refusal has.
    pub(crate) fn with_errors() -> Self {
        let mut schemas = Self::default();
        schemas.written::<ErrorBody>();
        schemas
    }

    pub(super) fn read<T: JsonSchema>(&mut self) -> Value {
        bounded(self.read.subschema_for::<T>().to_value())
    }

    pub(super) fn written<T: JsonSchema>(&mut self) -> Value {
        self.written.subschema_for::<T>().to_value()
    }

    /// Its name.
    pub(super) fn body<T: JsonSchema>(&mut self) -> String {
        let (name, schema) = (T::schema_name().into_owned(), self.read::<T>());
        self.bodies.insert(name.clone(), schema);
        name
    }

    /// Everything by name.
    pub(super) fn named(mut self) -> BTreeMap<String, Value> {
        let written = self.written.take_definitions(true).into_iter().map(|(name, schema)| (name, bounded(schema)));
        written.chain(self.bodies).collect()
    }
}

/// With the limits that the widths of our integers set.
fn bounded(mut schema: Value) -> Value {
    match &mut schema {
        Value::Object(members) => {
            let limits: Option<(Value, Value)> = match members.get("format").and_then(Value::as_str) {
                Some("int32") => Some((i32::MIN.into(), i32::MAX.into())),
                Some("int64") => Some((i64::MIN.into(), i64::MAX.into())),
                Some("uint32") => Some((0.into(), u32::MAX.into())),
                Some("uint64") => Some((0.into(), u64::MAX.into())),
                _ => None,
            };
            for member in members.values_mut() {
                *member = bounded(member.take());
            }
            if let Some((minimum, maximum)) = limits {
                members.entry("minimum").or_insert(minimum);
                members.entry("maximum").or_insert(maximum);
            }
        }
        Value::Array(all) => all.iter_mut().for_each(|one| *one = bounded(one.take())),
        _ => {}
    }
    schema
}
