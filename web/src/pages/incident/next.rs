//! Which of the open commands is the next one: the only filled button of the page. Offers nothing the server did not offer.

use shared::{
    api::incident::IncidentView,
    domain::{
        incident::{IncidentCommand, IncidentState},
        run::RunState,
    },
};

use super::offer;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NextAction {
    Acknowledge,
    StartWork,
    /// Look at a run; it may need this person.
    OpenRun {
        number: i64,
        words: &'static str,
    },
    /// The recovery button of this procedure.
    Recover {
        procedure: String,
    },
    Resolve,
    Report,
    Nothing,
}

pub(super) fn next_action(incident: &IncidentView) -> NextAction {
    use IncidentCommand as C;
    let open = |command| offer(incident, command).is_some_and(|offer| offer.open());
    if incident.state == IncidentState::Resolved {
        let published = incident.report.as_ref().is_some_and(|report| report.published_version.is_some());
        return if open(C::WriteReport) && !published { NextAction::Report } else { NextAction::Nothing };
    }
    if let Some(run) = incident.runs.iter().filter(|run| run.state.live()).max_by_key(|run| run.number) {
        let words = match run.state {
            RunState::AwaitingApproval => "Review run",
            RunState::Asking => "Decide about run",
            _ => "Watch run",
        };
        return NextAction::OpenRun { number: run.number, words };
    }
    if open(C::Acknowledge) {
        return NextAction::Acknowledge;
    }
    let recovered =
        incident.runs.iter().max_by_key(|run| run.number).is_some_and(|run| run.state == RunState::Succeeded);
    if recovered && open(C::Resolve) {
        return NextAction::Resolve;
    }
    if open(C::StartWork) {
        return NextAction::StartWork;
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
        domain::{actor::Actor, offer::Offer},
        ids::IncidentId,
        timestamp::Timestamp,
    };

    use super::*;

    fn incident(state: IncidentState, open: &[IncidentCommand], runs: &[RunState]) -> IncidentView {
        let at = Timestamp::from_unix(0);
        let run = |(number, state): (i64, &RunState)| RunRowView {
            number,
            incident: 1,
            procedure: "p".into(),
            state: *state,
            requested_by: "o".into(),
            requested_at: at,
            ended_at: None,
        };
        let procedure = ProcedureOffer {
            id: "node".into(),
            title: "Node".into(),
            section: vec![],
            line: 1,
            services: vec![],
            fits: true,
            refused: None,
        };
        IncidentView {
            id: IncidentId(uuid::Uuid::nil()),
            number: 1,
            system: "s".into(),
            title: "t".into(),
            level: 1,
            level_name: "Minor".into(),
            state,
            affected: vec![],
            declared_by: Actor::Muster,
            declared_at: at,
            resolved_at: None,
            public_title: None,
            public_state: None,
            clocks: vec![],
            offers: open.iter().map(|command| Offer { command: *command, refused: None }).collect(),
            procedures: vec![procedure],
            runs: (1..).zip(runs).map(run).collect(),
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
        let look = |words| NextAction::OpenRun { number: 1, words };
        let cases = [
            ("new", incident(S::Declared, all, &[]), NextAction::Acknowledge),
            ("a viewer", incident(S::Declared, &[], &[]), NextAction::Nothing),
            (
                "taken",
                incident(S::Acknowledged, &[C::StartWork, C::RequestRun, C::Resolve], &[]),
                NextAction::StartWork,
            ),
            ("at work", incident(S::Working, working, &[]), recover()),
            ("cannot request", incident(S::Working, &[C::Resolve], &[]), NextAction::Resolve),
            ("waiting", incident(S::Working, working, &[RunState::AwaitingApproval]), look("Review run")),
            ("asking", incident(S::Working, working, &[RunState::Asking]), look("Decide about run")),
            ("healed", incident(S::Working, working, &[RunState::Succeeded]), NextAction::Resolve),
            ("failed", incident(S::Working, working, &[RunState::Stopped]), recover()),
            ("over", incident(S::Resolved, &[C::WriteReport], &[RunState::Succeeded]), NextAction::Report),
        ];
        for (name, incident, expected) in cases {
            assert_eq!(next_action(&incident), expected, "{name}");
        }
    }
}
