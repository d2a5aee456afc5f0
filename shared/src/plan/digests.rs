//! What approvals and runs are bound to: digests of steps and procedures. Anybody can compute them again.

use serde_json::{Map, Value, json};

use super::model::{Procedure, Step, StepKind};
use crate::digest::Digest;

/// Over what the step means and the text it came from.
#[must_use]
pub fn step_digest(kind: &StepKind, source: &str) -> Digest {
    Digest::of_value(&json!({ "kind": kind, "source": source }))
}

/// Of a procedure that asks for nothing and names nobody who must consent.
#[must_use]
pub fn procedure_digest(title: &str, steps: &[Step]) -> Digest {
    Digest::of_value(&content(title, steps))
}

impl Procedure {
    /// Over all that consent is given to: title, steps with their limits, what is asked for, how many must consent and of
    /// which roles. Its place in the file does not count. The field `digest` holds this.
    #[must_use]
    pub fn content_digest(&self) -> Digest {
        let mut content = content(&self.title, &self.steps);
        if !self.parameters.is_empty() {
            let parameters: Vec<_> = self
                .parameters
                .iter()
                .map(|p| json!({ "name": p.name, "label": p.label, "default": p.default, "choices": p.choices }))
                .collect();
            content.insert("parameters".to_owned(), parameters.into());
        }
        if let Some(approvals) = self.approvals {
            content.insert("approvals".to_owned(), approvals.into());
        }
        if !self.roles.is_empty() {
            content.insert("roles".to_owned(), self.roles.clone().into());
        }
        Digest::of_value(&content)
    }
}

fn content(title: &str, steps: &[Step]) -> Map<String, Value> {
    let steps: Vec<Value> = steps
        .iter()
        .map(|step| {
            let mut of_step = json!({ "title": step.title, "digest": step_digest(&step.kind, &step.source) });
            if let (Some(seconds), Some(of_step)) = (step.timeout_seconds, of_step.as_object_mut()) {
                of_step.insert("limit_seconds".to_owned(), seconds.into());
            }
            if let (false, Some(of_step)) = (step.secrets.is_empty(), of_step.as_object_mut()) {
                of_step.insert("secrets".to_owned(), step.secrets.clone().into());
            }
            if let (true, Some(of_step)) = (step.check, of_step.as_object_mut()) {
                of_step.insert("check".to_owned(), true.into());
            }
            of_step
        })
        .collect();
    Map::from_iter([("title".to_owned(), title.into()), ("steps".to_owned(), steps.into())])
}
