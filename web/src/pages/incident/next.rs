//! Which of the open commands is the next one: the only filled button of the page. Offers nothing the server did not offer.

use shared::{
    api::incident::IncidentView,
    domain::{incident::IncidentCommand, run::RunState},
};

use super::offer;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NextAction {
    Acknowledge,
    /// A run waits for this person.
    OpenRun,
    /// The recovery button of this procedure.
    Recover {
        procedure: String,
    },
    Resolve,
    Report,
    Nothing,
}

/// What the access table lets the person do about runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rights {
    pub(super) may_decide: bool,
    pub(super) may_answer: bool,
}

/// The way to the run that matters now, and whether it waits for this person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RunLink {
    pub(super) number: i64,
    pub(super) words: &'static str,
    pub(super) waits: bool,
}

pub(super) fn live_run(incident: &IncidentView, rights: Rights) -> Option<RunLink> {
    let last = incident.runs.iter().max_by_key(|run| run.number)?;
    if last.open_checks > 0 {
        let may = offer(incident, IncidentCommand::Resolve).is_some_and(|offer| offer.open());
        return Some(RunLink { number: last.number, words: "Make the final checks of run", waits: may });
    }
    let run = incident.runs.iter().filter(|run| run.state.live()).max_by_key(|run| run.number)?;
    let (words, waits) = match run.state {
        RunState::AwaitingApproval if rights.may_decide => ("Review run", true),
        RunState::Asking if rights.may_answer => ("Decide about run", true),
        _ => ("Watch run", false),
    };
    Some(RunLink { number: run.number, words, waits })
}

pub(super) fn next_action(incident: &IncidentView, rights: Rights) -> NextAction {
    use IncidentCommand as C;
    let open = |command| offer(incident, command).is_some_and(|offer| offer.open());
    if !incident.state.open() {
        let published = incident.report.as_ref().is_some_and(|report| report.published_version.is_some());
        return if open(C::WriteReport) && !published { NextAction::Report } else { NextAction::Nothing };
    }
    let live = live_run(incident, rights);
    if live.as_ref().is_some_and(|run| run.waits) {
        return NextAction::OpenRun;
    }
    if open(C::Acknowledge) {
        return NextAction::Acknowledge;
    }
    let recovered =
        incident.runs.iter().max_by_key(|run| run.number).is_some_and(|run| run.state == RunState::Succeeded);
    if recovered && open(C::Resolve) {
        return NextAction::Resolve;
    }
    if live.is_some() {
        return NextAction::Nothing;
    }
    if open(C::RequestRun)
        && let Some(fitting) = incident.procedures.iter().find(|p| p.fits && p.refused.is_none())
    {
        return NextAction::Recover { procedure: fitting.id.clone() };
    }
    if open(C::Resolve) { NextAction::Resolve } else { NextAction::Nothing }
}

#[cfg(test)]
mod tests {
    use shared::{
        api::incident::{ProcedureOffer, RunRowView},
        domain::{actor::Actor, incident::IncidentState, offer::Offer},
        ids::IncidentId,
        timestamp::Timestamp,
    };

    use super::*;

    fn incident(state: IncidentState, open: &[IncidentCommand], runs: &[RunState]) -> IncidentView {
        let at = Timestamp::from_unix(0);
        let run = |(number, state): (i64, &RunState)| RunRowView {
            number,
            drill: false,
            incident: 1,
            procedure: "p".into(),
            state: *state,
            requested_by: "o".into(),
            requested_at: at,
            ended_at: None,
            automatic: false,
            open_checks: 0,
        };
        let procedure = ProcedureOffer {
            id: "node".into(),
            title: "Node".into(),
            section: vec![],
            line: 1,
            digest: shared::digest::Digest::of(b"node"),
            services: vec![],
            fits: true,
            parameters: vec![],
            refused: None,
            behind: None,
        };
        IncidentView {
            id: IncidentId(uuid::Uuid::nil()),
            number: 1,
            system: "s".into(),
            drill: false,
            title: "t".into(),
            level: 1,
            level_name: "Minor".into(),
            state,
            affected: vec![],
            declared_by: Actor::Muster,
            declared_at: at,
            resolved_at: None,
            closed_at: None,
            owing_review: vec![],
            public_title: None,
            public_state: None,
            clocks: vec![],
            duties: vec![],
            tasks: vec![],
            readers: None,
            merged_into: None,
            links: shared::api::related::LinksView::default(),
            offers: open.iter().map(|command| Offer { command: *command, refused: None }).collect(),
            procedures: vec![procedure],
            runs: (1..).zip(runs).map(run).collect(),
            open_points: vec![],
            timeline: vec![],
            report: None,
            now: at,
        }
    }

    #[test]
    fn cases() {
        use IncidentCommand as C;
        use IncidentState as S;
        let all = &C::ALL[..];
        let working = &[C::RequestRun, C::Resolve, C::Note][..];
        let recover = || NextAction::Recover { procedure: "node".into() };
        let none = Rights { may_decide: false, may_answer: false };
        let approver = Rights { may_decide: true, may_answer: false };
        let operator = Rights { may_decide: false, may_answer: true };
        let (waiting, asking) = (&[RunState::AwaitingApproval][..], &[RunState::Asking][..]);
        let cases = [
            ("new", incident(S::Declared, all, &[]), none, NextAction::Acknowledge),
            ("a viewer", incident(S::Declared, &[], &[]), none, NextAction::Nothing),
            ("taken", incident(S::Acknowledged, working, &[]), none, recover()),
            ("at work", incident(S::Recovering, working, &[]), none, recover()),
            ("cannot request", incident(S::Recovering, &[C::Resolve], &[]), none, NextAction::Resolve),
            ("waiting for others", incident(S::Declared, all, waiting), none, NextAction::Acknowledge),
            ("waiting for others, taken", incident(S::Acknowledged, working, waiting), operator, NextAction::Nothing),
            ("waiting for others, at work", incident(S::Recovering, working, waiting), operator, NextAction::Nothing),
            ("waiting for me", incident(S::Declared, all, waiting), approver, NextAction::OpenRun),
            ("asking others", incident(S::Recovering, working, asking), approver, NextAction::Nothing),
            ("asking me", incident(S::Recovering, working, asking), operator, NextAction::OpenRun),
            ("running", incident(S::Recovering, working, &[RunState::Running]), operator, NextAction::Nothing),
            ("healed", incident(S::Recovering, working, &[RunState::Succeeded]), none, NextAction::Resolve),
            ("failed", incident(S::Recovering, working, &[RunState::Stopped]), none, recover()),
            ("over", incident(S::Resolved, &[C::WriteReport], &[RunState::Succeeded]), none, NextAction::Report),
            ("put away", incident(S::Closed, &[C::WriteReport], &[]), none, NextAction::Report),
        ];
        for (name, incident, rights, expected) in cases {
            assert_eq!(next_action(&incident, rights), expected, "{name}");
        }
        let mut unchecked = incident(S::Recovering, working, &[RunState::Succeeded]);
        unchecked.runs[0].open_checks = 2;
        assert_eq!(next_action(&unchecked, none), NextAction::OpenRun);
        assert_eq!(live_run(&unchecked, none).map(|run| run.words), Some("Make the final checks of run"));
        let words = |runs, rights| live_run(&incident(S::Recovering, working, runs), rights).map(|run| run.words);
        assert_eq!(words(waiting, approver), Some("Review run"));
        assert_eq!(words(waiting, operator), Some("Watch run"));
        assert_eq!(words(asking, operator), Some("Decide about run"));
        assert_eq!(words(&[RunState::Stopped], operator), None);
    }
}
