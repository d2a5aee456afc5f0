//! Buttons of two plans compared: which procedures came and went, and their steps one by one, by digest.

use serde::{Deserialize, Serialize};

use super::{Area, ChangeKind, PlanChange, or_nothing, span};
use crate::{
    digest::Digest,
    domain::text_diff::differing,
    plan::{Plan, Procedure, Step},
};

/// A step that is new, gone or different.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct StepChange {
    pub kind: ChangeKind,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub before: Option<StepMark>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub after: Option<StepMark>,
}

/// Enough of a step to know it again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct StepMark {
    pub number: u32,
    pub line: u32,
    pub title: String,
    pub source: String,
    pub digest: Digest,
    pub destructive: bool,
}

impl StepMark {
    fn of(step: &Step) -> Self {
        Self {
            number: step.number,
            line: step.line,
            title: step.title.clone(),
            source: step.source.clone(),
            digest: step.digest,
            destructive: step.destructive,
        }
    }
}

pub(super) fn buttons(old: &Plan, new: &Plan) -> Vec<PlanChange> {
    let mut left: Vec<&Procedure> = old.procedures.iter().collect();
    // Who kept the name first: a renamed one may only take what is left.
    let mut pairs: Vec<(Option<&Procedure>, &Procedure)> = vec![];
    for procedure in &new.procedures {
        let same = left.iter().position(|other| other.id == procedure.id);
        pairs.push((same.map(|index| left.remove(index)), procedure));
    }
    for (before, after) in &mut pairs {
        if before.is_none() && !after.steps.is_empty() {
            let renamed = left.iter().position(|other| digests(other) == digests(after));
            *before = renamed.map(|index| left.remove(index));
        }
    }
    let mut found: Vec<_> = pairs.into_iter().filter_map(|(before, after)| button(before, after)).collect();
    found.extend(left.into_iter().map(|gone| PlanChange {
        area: Area::Buttons,
        kind: ChangeKind::Removed,
        what: gone.title.clone(),
        details: vec!["Nobody can request it any more; a run that was requested keeps what it was".into()],
        steps: vec![],
        line: Some(gone.line),
    }));
    found
}

fn digests(procedure: &Procedure) -> Vec<Digest> {
    procedure.steps.iter().map(|step| step.digest).collect()
}

fn button(before: Option<&Procedure>, after: &Procedure) -> Option<PlanChange> {
    let change = |kind, details, steps| {
        let (what, line) = (after.title.clone(), Some(after.line));
        Some(PlanChange { area: Area::Buttons, kind, what, details, steps, line })
    };
    let Some(before) = before else {
        let state = match &after.unavailable {
            None => "Can run".to_owned(),
            Some(why) => format!("Cannot run: {why}"),
        };
        let added = |step: &Step| StepChange { kind: ChangeKind::Added, before: None, after: Some(StepMark::of(step)) };
        return change(ChangeKind::Added, vec![state], after.steps.iter().map(added).collect());
    };
    let mut details = vec![];
    let mut differ = |name: &str, old: String, new: String| {
        if old != new {
            details.push(format!("{name}: {} → {}", or_nothing(&old), or_nothing(&new)));
        }
    };
    differ("Name", before.title.clone(), after.title.clone());
    differ("Approvals", approvals(before), approvals(after));
    differ("Asks", asks(before), asks(after));
    match (&before.unavailable, &after.unavailable) {
        (Some(_), None) => details.push("Can run now".into()),
        (None, Some(why)) => details.push(format!("Can no longer run: {why}")),
        (Some(old), Some(new)) if old != new => details.push(format!("Cannot run, for another reason: {new}")),
        _ => {}
    }
    let steps = steps(&before.steps, &after.steps, &mut details);
    let nothing = details.is_empty() && steps.is_empty();
    if nothing { None } else { change(ChangeKind::Changed, details, steps) }
}

fn approvals(procedure: &Procedure) -> String {
    let number = procedure.approvals.map_or_else(|| "as usual".to_owned(), |n| n.to_string());
    if procedure.roles.is_empty() { number } else { format!("{number}, by {}", procedure.roles.join(" or ")) }
}

fn asks(procedure: &Procedure) -> String {
    procedure.parameters.iter().map(|p| format!("{} ({})", p.label, p.default)).collect::<Vec<_>>().join(" ")
}

/// Steps with the same digest are the same step, wherever they moved; their titles and timeouts may still differ.
fn steps(before: &[Step], after: &[Step], details: &mut Vec<String>) -> Vec<StepChange> {
    let digests = |steps: &[Step]| steps.iter().map(|step| step.digest).collect::<Vec<_>>();
    let mut found = vec![];
    let (mut i, mut j) = (0, 0);
    let ends = (before.len()..before.len(), after.len()..after.len());
    for (gone, come) in differing(&digests(before), &digests(after)).into_iter().chain([ends]) {
        let same = before.get(i..gone.start).unwrap_or_default().iter();
        for (old, new) in same.zip(after.get(j..come.start).unwrap_or_default()) {
            same_step(old, new, details);
        }
        let old = before.get(gone.clone()).unwrap_or_default();
        let new = after.get(come.clone()).unwrap_or_default();
        for index in 0..old.len().max(new.len()) {
            let (before, after) = (old.get(index).map(StepMark::of), new.get(index).map(StepMark::of));
            let kind = match (&before, &after) {
                (None, _) => ChangeKind::Added,
                (_, None) => ChangeKind::Removed,
                _ => ChangeKind::Changed,
            };
            found.push(StepChange { kind, before, after });
        }
        (i, j) = (gone.end, come.end);
    }
    found
}

fn same_step(old: &Step, new: &Step, details: &mut Vec<String>) {
    let number = new.number;
    if old.title != new.title {
        details.push(format!("Step {number} is called “{}” instead of “{}”", new.title, old.title));
    }
    if old.timeout_seconds != new.timeout_seconds {
        let said = |seconds: Option<u64>| seconds.map_or_else(|| "as usual".to_owned(), span);
        details.push(format!("Step {number} may take: {} → {}", said(old.timeout_seconds), said(new.timeout_seconds)));
    }
    if old.secrets != new.secrets {
        let said = |names: &[String]| if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        details.push(format!("Step {number} gets other secrets: {} → {}", said(&old.secrets), said(&new.secrets)));
    }
    if old.destructive != new.destructive {
        let can = if new.destructive { "cannot be undone" } else { "can be undone" };
        details.push(format!("Step {number} now counts as one that {can}"));
    }
}
