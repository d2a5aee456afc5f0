//! What approvals and runs are bound to: digests of steps and procedures. Anybody can compute them again.

use serde_json::json;

use super::model::{Step, StepKind};
use crate::digest::Digest;

/// Over what the step means and the text it came from.
#[must_use]
pub fn step_digest(kind: &StepKind, source: &str) -> Digest {
    Digest::of_value(&json!({ "kind": kind, "source": source }))
}

/// Over the title and, in order, each step's title, meaning and text. A step's place in the file does not count.
#[must_use]
pub fn procedure_digest(title: &str, steps: &[Step]) -> Digest {
    let steps: Vec<_> = steps
        .iter()
        .map(|step| json!({ "title": step.title, "digest": step_digest(&step.kind, &step.source) }))
        .collect();
    Digest::of_value(&json!({ "title": title, "steps": steps }))
}
