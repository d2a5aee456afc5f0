//! What an incident says about the plan: changes of its text that can be justified by what was really done, each with its reason.
//! Invents nothing: where the records give no figure, it is a note for people. Saves nothing.

mod lines;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::{
    domain::{
        incident::Incident,
        report::RunFacts,
        run::{StepRun, StepState},
    },
    plan::{Plan, Procedure, Step, compile},
    timestamp::{Timestamp, human_seconds},
};

/// What happened, as far as the plan is concerned.
#[derive(Clone, Copy, Debug)]
pub struct Experience<'a> {
    pub number: i64,
    pub incident: &'a Incident,
    /// Oldest first.
    pub runs: &'a [RunFacts],
    /// Who was called and has not answered.
    pub unanswered: &'a [String],
    pub now: Timestamp,
}

/// One change of the text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "ProposedChange"))]
pub struct Proposal {
    /// The line it is about, counted from 1 in the plan in force.
    pub line: u32,
    pub edit: Edit,
    /// Why: what the records say.
    pub reason: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(tag = "edit", rename_all = "kebab-case")]
pub enum Edit {
    /// A paragraph of its own below the line.
    Note { text: String },
    /// Another text of the line.
    Replace { with: String },
}

/// In the order of the text. What would keep the plan from compiling, or change a button otherwise than it says, is not proposed.
#[must_use]
pub fn propose(source: &str, experience: &Experience<'_>) -> Vec<Proposal> {
    let before = compile(source);
    let plan = &before.plan;
    let mut all = vec![];
    for facts in experience.runs {
        let run = &facts.run;
        if run.header.dry_run {
            continue;
        }
        let now = plan.procedures.iter().find(|procedure| procedure.id == run.header.procedure.id);
        // A procedure that is gone from the plan has nothing left to change.
        let Some(now) = now else { continue };
        for (done, was) in run.steps.iter().zip(&run.header.procedure.steps) {
            all.extend(of_step(source, now, (done, was), (experience.number, run.header.number)));
        }
    }
    all.extend(of_objectives(source, plan, experience));
    all.extend(of_contacts(source, plan, experience));
    // What stands there by now is not proposed again.
    all.retain(|proposal| !matches!(&proposal.edit, Edit::Note { text } if source.contains(text.as_str())));
    all.retain(|proposal| fits(source, &before, proposal));
    all.sort_by_key(|proposal| proposal.line);
    let mut kept: Vec<Proposal> = vec![];
    for proposal in all {
        // Of two other texts for one line the later run's would not fit the first one's: one is enough.
        let taken = matches!(proposal.edit, Edit::Replace { .. })
            && kept.iter().any(|other| other.line == proposal.line && matches!(other.edit, Edit::Replace { .. }));
        if !taken && !kept.contains(&proposal) {
            kept.push(proposal);
        }
    }
    kept
}

/// The text with these in it.
#[must_use]
pub fn applied(source: &str, proposals: &[&Proposal]) -> String {
    lines::applied(source, proposals)
}

fn fits(source: &str, before: &crate::plan::Compiled, proposal: &Proposal) -> bool {
    let after = compile(&applied(source, &[proposal]));
    let buttons = |plan: &Plan| {
        let of = |p: &Procedure| (p.id.clone(), p.steps.iter().map(|s| s.source.clone()).collect::<Vec<_>>());
        plan.procedures.iter().map(of).collect::<Vec<_>>()
    };
    !after.has_errors()
        && after.diagnostics.len() <= before.diagnostics.len()
        && buttons(&after.plan) == buttons(&before.plan)
}

fn of_step(
    source: &str,
    procedure: &Procedure,
    (done, was): (&StepRun, &Step),
    (incident, run): (i64, i64),
) -> Option<Proposal> {
    // The step as it stands now; one that was changed since is told at the end of its block.
    let now = procedure.steps.iter().find(|step| step.digest == was.digest);
    let anchor = now.or(procedure.steps.last())?.line;
    let here = format!("Incident {incident}, run {run}: step {} ({})", done.number, was.title);
    let took = done.started_at.zip(done.ended_at).map(|(from, to)| to.seconds_since(from));
    if let (Some(limit), Some(took), Some(now)) = (was.timeout_seconds, took, now)
        && now.timeout_seconds == Some(limit)
        && let Some(proposal) = longer(source, now, (done, limit, took), &here)
    {
        return Some(proposal);
    }
    let said = match &done.state {
        StepState::Failed { reason } => format!("failed: {}", plain(reason)),
        StepState::Unknown { reason } => format!("had an unknown outcome: {}", plain(reason)),
        StepState::Skipped { reason } => format!("was skipped: {}", plain(reason)),
        StepState::Succeeded { .. } if done.attempts > 1 => format!("took {} attempts", done.attempts),
        _ => return None,
    };
    let line = lines::end_of_block(source, anchor);
    Some(Proposal {
        line,
        edit: Edit::Note { text: format!("{here} {said}.") },
        reason: format!("{here} {said}. Say in the plan whether that is to be expected, or change the step."),
    })
}

/// Of a step that ran into its time limit, or nearly: the fence's limit, half as long again as it took, in whole minutes.
fn longer(source: &str, step: &Step, (done, limit, took): (&StepRun, u64, i64), here: &str) -> Option<Proposal> {
    let took = u64::try_from(took).ok()?;
    let ran_out = matches!(done.state, StepState::Failed { .. } | StepState::Unknown { .. }) && took >= limit;
    let close = matches!(done.state, StepState::Succeeded { .. }) && took * 5 > limit * 4;
    if !ran_out && !close {
        return None;
    }
    let minutes = (took.max(limit) * 3).div_ceil(2 * 60);
    let (line, with) = lines::with_timeout(source, step.line, minutes)?;
    let words = |seconds: u64| human_seconds(i64::try_from(seconds).unwrap_or(i64::MAX));
    let how = if ran_out { "ran out of time" } else { "nearly ran out of time" };
    let reason = format!(
        "{here} {how}: it took {}, and the plan allows {}. Half as much again is {}.",
        words(took),
        words(limit),
        words(minutes * 60)
    );
    Some(Proposal { line, edit: Edit::Replace { with }, reason })
}

fn of_objectives(source: &str, plan: &Plan, experience: &Experience<'_>) -> Vec<Proposal> {
    let incident = experience.incident;
    let one = |affected: &crate::domain::incident::Affected| {
        let promised = affected.rto_seconds?;
        let back = affected.restored_at.or(incident.resolved_at)?;
        let took = back.seconds_since(affected.since.unwrap_or(incident.declared_at));
        if took <= i64::try_from(promised).unwrap_or(i64::MAX) {
            return None;
        }
        let component = plan.components.iter().find(|component| component.id == affected.component)?;
        let row = plan.rto.iter().find(|row| Some(&row.component) == component.objective.as_ref())?;
        let words = |seconds| human_seconds(seconds);
        let text = format!(
            "Incident {}: {} was back after {}; {} are promised.",
            experience.number,
            plain(&affected.name),
            words(took),
            words(i64::try_from(promised).unwrap_or(i64::MAX))
        );
        let reason = format!("{text} Promise what can be kept, or say what makes it faster.");
        Some(Proposal { line: lines::end_of_block(source, row.line), edit: Edit::Note { text }, reason })
    };
    incident.affected.iter().filter_map(one).collect()
}

fn of_contacts(source: &str, plan: &Plan, experience: &Experience<'_>) -> Option<Proposal> {
    let line = lines::end_of_block(source, plan.contacts.last()?.line);
    let mut names: Vec<String> = experience.unanswered.iter().map(|name| plain(name)).collect();
    names.sort_unstable();
    names.dedup();
    if names.is_empty() {
        return None;
    }
    let text = format!("Incident {}: {} was called and did not answer.", experience.number, names.join(", "));
    let reason = format!("{text} Check how they are reached, or who stands in for them.");
    Some(Proposal { line, edit: Edit::Note { text }, reason })
}

/// On one line and without markup of its own.
fn plain(text: &str) -> String {
    let marks = ['`', '<', '>', '|', '[', ']', '#', '*', '{', '}'];
    let clean: String = text.chars().filter(|c| !marks.contains(c)).collect();
    let one = clean.split_whitespace().collect::<Vec<_>>().join(" ");
    let short: String = one.chars().take(300).collect();
    short.trim_end_matches('.').to_owned()
}
