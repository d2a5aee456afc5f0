//! One incident, the people who deal with it and their clicks, by API. Asserts only what every test takes for granted.

use std::{
    ops::Deref,
    time::{Duration, Instant},
};

use shared::{
    api::{
        client::CallError,
        incident::IncidentView,
        run::{AnswerIn, ConfirmIn, DecisionIn, OutputLine, RunRequestIn, RunView},
    },
    domain::{
        access::Role,
        run::{Answer, Recorded, Run, RunEvent, RunState, StepState},
    },
};
use tests::{
    muster::{Muster, declaration},
    pace::Pace,
    persona::Persona,
    testnet::docker,
};
use uuid::Uuid;

pub(super) const NODE_FAILURE: &str = "node-failure-recovery";

/// Two people and their incident, at any Muster.
pub(super) struct People {
    pub(super) operator: Persona,
    pub(super) approver: Persona,
    /// Whoever else must agree where there is no way back.
    pub(super) second: Persona,
    pub(super) incident: i64,
}

/// Together with a Muster in this process.
pub(super) struct Desk {
    pub(super) muster: Muster,
    people: People,
}

impl Deref for Desk {
    type Target = People;

    fn deref(&self) -> &People {
        &self.people
    }
}

impl Desk {
    /// A Muster with this plan for this project, and an incident on validator1.
    pub(super) async fn open(plan: &str, project: &str) -> Self {
        let muster = Muster::start_with_plan(plan, project).await.unwrap();
        let (operator, approver, second) = tokio::try_join!(
            muster.persona(Role::Operator),
            muster.persona(Role::Approver),
            muster.persona_with_duties()
        )
        .unwrap();
        Self { muster, people: People::declare(operator, approver, second).await }
    }

    /// Waits until the log has such an event; looks every few milliseconds, past the server.
    pub(super) async fn logged(&self, view: &RunView, wanted: impl Fn(&RunEvent) -> bool) -> Recorded {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let log = self.muster.store.run_events(view.id).await.unwrap();
            if let Some(found) = log.iter().find(|r| wanted(&r.event)) {
                return found.clone();
            }
            assert!(Instant::now() < deadline, "no such event: {log:?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// The log is what one run can have written: it folds, no fence that was overtaken has written, nothing was skipped, every
    /// step but perhaps an interrupted one was tried once.
    pub(super) async fn assert_whole(&self, view: &RunView) {
        let record = self.muster.store.run_fetch(view.id).await.unwrap();
        let log = self.muster.store.run_events(view.id).await.unwrap();
        let folded = Run::replay(record.run.header.clone(), &log).unwrap();
        assert_eq!(folded, record.run);
        let mut fence = 0;
        for recorded in &log {
            match &recorded.event {
                RunEvent::Claimed { fence: claimed } => fence = *claimed,
                RunEvent::StepStarted { fence: wrote, .. } | RunEvent::StepEnded { fence: wrote, .. } => {
                    assert_eq!(*wrote, fence, "{log:?}");
                }
                _ => {}
            }
        }
        assert_eq!(folded.state, RunState::Succeeded, "{:?} {:?}", folded.reason, folded.question);
        // Final checks by hand are made in people's own time.
        let mut steps = folded.steps.iter().filter(|s| !folded.is_checked_by_hand(s.number));
        assert!(steps.all(|s| matches!(s.state, StepState::Succeeded { .. })), "{:?}", folded.steps);
    }
}

impl People {
    pub(super) async fn declare(operator: Persona, approver: Persona, second: Persona) -> Self {
        let body = declaration("validator1").unwrap();
        let incident = operator.api.declare(&body, &Uuid::new_v4().to_string()).await.unwrap().number;
        Self { operator, approver, second, incident }
    }

    pub(super) async fn request(&self, procedure: &str) -> RunView {
        let body = RunRequestIn::of(procedure);
        self.operator.api.request_run(self.incident, &body, &Uuid::new_v4().to_string()).await.unwrap()
    }

    /// Requested and looked at by a worker that is running.
    pub(super) async fn resolved(&self, procedure: &str) -> RunView {
        let run = self.request(procedure).await.number;
        self.until(run, "resolved", |v| v.state == RunState::AwaitingApproval).await
    }

    pub(super) async fn approve(&self, view: &RunView) {
        let view = self.decide(&self.approver, view).await.unwrap();
        if view.state == RunState::AwaitingApproval {
            self.decide(&self.second, &view).await.unwrap();
        }
    }

    pub(super) async fn decide(&self, who: &Persona, view: &RunView) -> Result<RunView, CallError> {
        let content = view.content.unwrap();
        who.api.decide(view.number, &DecisionIn { approve: true, reason: None, content }).await
    }

    pub(super) async fn answer(&self, view: &RunView, answer: Answer) -> RunView {
        let step = view.question.as_ref().unwrap().step;
        let view = self.operator.api.answer(view.number, &AnswerIn { step, answer: answer.clone() }).await.unwrap();
        if view.question.as_ref().is_none_or(|question| question.proposal.is_none()) {
            return view;
        }
        self.second.api.confirm(view.number, &ConfirmIn { step, answer, agree: true, reason: None }).await.unwrap()
    }

    /// Waits for an end or a question.
    pub(super) async fn ended(&self, run: i64) -> RunView {
        self.until(run, "at an end", |v| !v.state.live() || v.state == RunState::Asking).await
    }

    pub(super) async fn until(&self, run: i64, what: &str, wanted: impl Fn(&RunView) -> bool) -> RunView {
        let mut pace = Pace::within(Duration::from_mins(3));
        loop {
            let view = self.operator.api.run(run).await.unwrap();
            if wanted(&view) {
                return view;
            }
            let over = !view.state.live() || pace.over();
            assert!(!over, "run not {what}: {:?} {:?} {:?}", view.state, view.reason, view.steps);
            pace.rest().await;
        }
    }

    pub(super) async fn incident(&self) -> IncidentView {
        self.operator.api.incident(self.incident).await.unwrap()
    }

    pub(super) async fn output(&self, run: i64) -> Vec<OutputLine> {
        let mut all: Vec<OutputLine> = vec![];
        loop {
            let page = self.operator.api.output(run, all.last().map_or(0, |l| l.line)).await.unwrap();
            all.extend(page.items);
            if page.next.is_none() {
                return all;
            }
        }
    }
}

pub(super) fn step_begun(number: u32) -> impl Fn(&RunEvent) -> bool {
    move |event| matches!(event, RunEvent::StepStarted { step, .. } if *step == number)
}

/// This instant, as Docker wants it.
pub(super) fn now() -> String {
    let nanoseconds = time::OffsetDateTime::now_utc().unix_timestamp_nanos();
    format!("{}.{:09}", nanoseconds / 1_000_000_000, nanoseconds % 1_000_000_000)
}

/// How often a container was started since then, as Docker itself remembers it.
pub(super) fn starts_since(container: &str, since: &str) -> usize {
    let filter = format!("container={container}");
    let events = docker(&[
        "events",
        "--since",
        since,
        "--until",
        &now(),
        "--filter",
        &filter,
        "--filter",
        "event=start",
        "--format",
        "{{.Action}}",
    ]);
    events.unwrap().lines().count()
}
