//! What one person can do now with an incident, a run or a report, or in words why not. Pure: the use cases check again.

use std::collections::BTreeMap;

use shared::{
    api::{
        incident::{ParameterChoice, ParameterOffer, ProcedureOffer},
        plan::PlanCommand,
        report::ReportCommand,
        run::RunCommand,
    },
    bytes::human_bytes,
    domain::{
        access::{Action, Rights},
        criteria::services,
        incident::{Incident, IncidentCommand},
        offer::Offer,
        report::review::{Standing, may_judge},
        run::{Run, RunState},
        sight::Sight,
    },
    plan::{Choices, Parameter, Plan, Procedure, family},
    timestamp::Timestamp,
};

use store::{Report, User};

use super::{answer, approval, check, control, glass, incident as incidents, line, run as runs};

fn offer<C>(command: C, refused: Option<String>) -> Offer<C> {
    Offer { command, refused }
}

/// `None` if they may.
pub(super) fn lacks(rights: Rights, action: Action) -> Option<String> {
    (!rights.may(action)).then(|| action.needs())
}

fn action_of(command: IncidentCommand) -> Action {
    use IncidentCommand as C;
    match command {
        C::Acknowledge
        | C::StartWork
        | C::Note
        | C::ChangeLevel
        | C::Resolve
        | C::Close
        | C::SetState
        | C::ChangeAffected
        | C::HoldDuty
        | C::HandleTask
        | C::Restrict
        | C::LiftRestriction
        | C::ChangeReaders
        | C::Merge
        | C::Relate
        | C::Reopen => Action::HandleIncident,
        C::PostUpdate => Action::PostUpdate,
        C::RequestRun => Action::RequestRun,
        C::WriteReport => Action::EditReport,
    }
}

/// What nobody can do is said before what this person may not. `owing`: runs whose review is owed.
pub(super) fn incident(incident: &Incident, rights: Rights, owing: &[i64]) -> Vec<Offer<IncidentCommand>> {
    IncidentCommand::ALL
        .into_iter()
        .map(|command| {
            let refused = incident.permits(command).err().map(|refusal| refusal.message);
            let owed = incidents::owed(owing).filter(|_| command == IncidentCommand::Close);
            let refused = refused.or(owed);
            offer(command, refused.or_else(|| lacks(rights, action_of(command))))
        })
        .collect()
}

/// Every procedure of the plan as a button, open or off.
pub(super) fn procedures(
    plan: &Plan,
    incident: &Incident,
    rights: Rights,
    live_run: Option<i64>,
    sight: Option<&(Timestamp, Sight)>,
) -> Vec<ProcedureOffer> {
    let closed = incident.permits(IncidentCommand::RequestRun).err().map(|refusal| refusal.message);
    let lacks = lacks(rights, Action::RequestRun);
    plan.procedures
        .iter()
        .map(|procedure| {
            let services = services(procedure);
            let parameters: Vec<_> = procedure.parameters.iter().map(|p| parameter(plan, p, sight)).collect();
            let unavailable = procedure.unavailable.as_ref().map(|why| format!("This procedure cannot run: {why}"));
            ProcedureOffer {
                id: procedure.id.clone(),
                title: procedure.title.clone(),
                section: procedure.section.clone(),
                line: procedure.line,
                digest: procedure.digest,
                fits: services.iter().any(|service| affects(plan, incident, service))
                    || parameters.iter().flat_map(|p| &p.choices).any(|c| affects(plan, incident, &c.value)),
                parameters,
                services,
                refused: unavailable.or_else(|| closed.clone()).or_else(|| lacks.clone()),
                behind: live_run,
            }
        })
        .collect()
}

/// What the worker last saw on the host; before it ever looked, what the plan itself knows. Always what the plan's text says.
fn parameter(plan: &Plan, parameter: &Parameter, sight: Option<&(Timestamp, Sight)>) -> ParameterOffer {
    let choice =
        |value: &str, note: Option<String>| ParameterChoice { value: value.to_owned(), note, written_at: None };
    let mut choices: Vec<ParameterChoice> = match (&parameter.choices, sight) {
        (Choices::Services { .. }, Some((_, sight))) => {
            let services = sight.services.iter().filter(|(service, _)| parameter.allows(service));
            services.map(|(service, seen)| choice(service, Some(seen.states.join(", ")))).collect()
        }
        (Choices::Services { .. }, None) => {
            let services = plan.components.iter().filter_map(|component| component.service.as_deref());
            services.filter(|service| parameter.allows(service)).map(|service| choice(service, None)).collect()
        }
        (Choices::Files { directory }, Some((_, sight))) => {
            let inside = directory.trim_end_matches('/');
            let files = sight.files.get(directory).into_iter().flatten();
            let named = files.map(|file| ParameterChoice {
                written_at: Some(file.modified_at),
                ..choice(&format!("{inside}/{}", file.name), Some(human_bytes(file.bytes)))
            });
            named.filter(|choice| parameter.allows(&choice.value)).collect()
        }
        (Choices::Files { .. }, None) => vec![],
    };
    if !choices.iter().any(|choice| choice.value == parameter.default) {
        let missing = sight.map(|_| "missing on the host".to_owned());
        choices.insert(0, choice(&parameter.default, missing));
    }
    if matches!(parameter.choices, Choices::Services { .. }) {
        choices.sort_by(|a, b| in_order(&a.value).cmp(&in_order(&b.value)));
        choices.dedup_by(|a, b| a.value == b.value);
    }
    ParameterOffer {
        name: parameter.name.clone(),
        label: parameter.label.clone(),
        default: parameter.default.clone(),
        choices,
        seen_at: sight.map(|(at, _)| *at),
    }
}

/// Services of a drill target are those of the system; its files are others, so they are not offered.
pub(super) fn in_a_drill(plan: &Plan, procedure: &Procedure) -> BTreeMap<String, Vec<String>> {
    let services = procedure.parameters.iter().filter(|p| matches!(p.choices, Choices::Services { .. }));
    let values = |p: &Parameter| parameter(plan, p, None).choices.into_iter().map(|choice| choice.value).collect();
    services.map(|p| (p.name.clone(), values(p))).collect()
}

/// As people count: validator2 before validator10.
fn in_order(service: &str) -> (&str, u64, &str) {
    let family = family(service);
    (family, service.get(family.len()..).and_then(|number| number.parse().ok()).unwrap_or_default(), service)
}

fn affects(plan: &Plan, incident: &Incident, service: &str) -> bool {
    let of_service =
        |component: &str| plan.components.iter().any(|c| c.id == component && c.service.as_deref() == Some(service));
    incident.affected.iter().any(|affected| affected.component == service || of_service(&affected.component))
}

pub(super) fn run(run: &Run, user: &User, now: Timestamp) -> Vec<Offer<RunCommand>> {
    use RunCommand as C;
    let rights = user.rights;
    let decide = decide(run, user, now);
    let withdraw = if runs::withdrawable(run.state) {
        lacks(rights, Action::RequestRun)
    } else {
        Some(runs::not_withdrawable(run.state))
    };
    let answer =
        if run.state == RunState::Asking { lacks(rights, Action::AnswerStep) } else { Some(answer::NOT_ASKING.into()) };
    let known = run.question.as_ref().is_none_or(|question| !run.is_unclear(question.step));
    let happened = answer.clone().or_else(|| known.then(|| answer::IS_KNOWN.into()));
    vec![
        offer(C::Approve, decide.clone()),
        offer(C::Refuse, decide),
        offer(C::BreakGlass, break_glass(run, user, now)),
        offer(C::Review, glass::not_to_review(run, user.id).or_else(|| lacks(rights, Action::ReviewGlass))),
        offer(C::Withdraw, withdraw),
        offer(C::Prioritise, line::not_to_prioritise(run.state).or_else(|| lacks(rights, Action::RequestRun))),
        offer(C::Resume, runs::not_to_resume(run).or_else(|| lacks(rights, Action::RequestRun))),
        offer(C::Retry, answer.clone()),
        offer(C::Happened, happened),
        offer(C::Confirm, confirm(run, user)),
        offer(C::Skip, answer.clone()),
        offer(C::Stop, answer),
        offer(C::Cancel, control::not_to_cancel(run).or_else(|| lacks(rights, Action::CancelRun))),
        offer(C::Check, check::not_to_check(run).or_else(|| lacks(rights, Action::HandleIncident))),
    ]
}

fn break_glass(run: &Run, user: &User, now: Timestamp) -> Option<String> {
    let over = run.expires_at().is_some_and(|at| now > at);
    glass::not_to_break(run)
        .or_else(|| over.then(|| approval::TIME_IS_OVER.into()))
        .or_else(|| lacks(user.rights, Action::BreakGlass))
}

fn confirm(run: &Run, user: &User) -> Option<String> {
    let Some(first) = run.question.as_ref().and_then(|question| question.proposal.as_ref()) else {
        return Some(answer::NOTHING_SAID.into());
    };
    let own = first.by.user() == Some(user.id);
    lacks(user.rights, Action::ConfirmAnswer).or_else(|| own.then(|| answer::OWN_ANSWER.into()))
}

fn decide(run: &Run, user: &User, now: Timestamp) -> Option<String> {
    if run.state != RunState::AwaitingApproval {
        return Some(approval::waiting_refusal(run.state));
    }
    if run.expires_at().is_some_and(|at| now > at) {
        return Some(approval::TIME_IS_OVER.into());
    }
    if let Some(sentence) = lacks(user.rights, Action::DecideRun) {
        return Some(sentence);
    }
    if run.header.requested_by == user.id {
        return Some(approval::OWN_REQUEST.into());
    }
    if let Some(sentence) = run.header.policy.lacks(&user.contact_roles) {
        return Some(sentence);
    }
    let decided = run.content().is_some_and(|content| approval::has_decided(run, user, content));
    decided.then(|| "You have already approved this run; now somebody else must.".into())
}

pub(super) fn report(user: &User, report: &Report, standing: &Standing) -> Vec<Offer<ReportCommand>> {
    let (rights, version) = (user.rights, report.version);
    let own = (!may_judge(&report.saved_by, user.id))
        .then(|| format!("You saved version {version} yourself: somebody else must judge it."));
    vec![
        offer(ReportCommand::Save, lacks(rights, Action::EditReport)),
        offer(ReportCommand::AskReview, lacks(rights, Action::EditReport)),
        offer(ReportCommand::Review, lacks(rights, Action::PublishReport).or(own)),
        offer(ReportCommand::Publish, lacks(rights, Action::PublishReport).or_else(|| standing.refusal(version))),
    ]
}

pub(super) fn plan(rights: Rights) -> Vec<Offer<PlanCommand>> {
    vec![offer(PlanCommand::Save, lacks(rights, Action::EditPlan))]
}

#[cfg(test)]
#[path = "offers_tests.rs"]
mod tests;
