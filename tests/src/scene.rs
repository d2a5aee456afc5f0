//! The usual stage for tests over HTTP: our plan, a simulated host whose first validator is dead, and the people of the story.
//! Starts no worker by itself and asserts nothing about Muster.

use std::{fmt::Debug, sync::Arc, time::Duration};

use anyhow::{Context as _, Result, bail};
use shared::{
    api::{
        client::CallError,
        error::{ErrorCode, ErrorView},
        incident::IncidentView,
        report::{PublishIn, ReportReviewIn, ReportView},
        run::{AnswerIn, ConfirmIn, DecisionIn, RunRequestIn, RunView},
    },
    domain::{
        access::Role,
        incident::Eyes,
        report::sections::sections,
        run::{Answer, RunState},
        text::Message,
    },
    ids::UserId,
};
use sqlx::PgPool;
use uuid::Uuid;
use worker::{
    Timing,
    host::{
        ContainerState,
        simulated::{Fault, Op, SimulatedHost},
    },
};

use crate::{
    muster::{Muster, RunningWorker},
    pace::Pace,
    persona::Persona,
    testnet::root,
};

pub const PROJECT: &str = "bt2c";
/// The one procedure of our plan that runs.
pub const PROCEDURE: &str = "node-failure-recovery";
/// The container that procedure restarts.
pub const VALIDATOR1: &str = "bt2c-validator1";

/// Of whoever may see every incident.
pub const EVERYTHING: Eyes = Eyes { who: UserId(Uuid::nil()), all: true };

/// A lease short enough to be lost within a test, long enough for a busy machine.
pub const QUICK: Timing = Timing {
    lease: Duration::from_secs(4),
    heartbeat: Duration::from_millis(300),
    poll: Duration::from_millis(100),
    watch: Duration::from_millis(500),
};

pub struct Scene {
    pub muster: Muster,
    pub host: Arc<SimulatedHost>,
    pub responder: Persona,
    pub operator: Persona,
    pub approver: Persona,
}

/// Two validators that make blocks, and their database; `validator1` has died.
#[must_use]
pub fn host() -> Arc<SimulatedHost> {
    let host = SimulatedHost::new();
    host.add(PROJECT, "postgres", &[]);
    for (service, port) in [("validator1", 8081), ("validator2", 8082)] {
        let id = host.add(PROJECT, service, &[(port, 8080)]);
        host.answer_growing_height(&id, 8080, 41);
    }
    host.kill(VALIDATOR1);
    Arc::new(host)
}

/// Our plan, watching every second instead of every five, and without its final checks: those have tests of their own.
///
/// # Errors
/// If it cannot be read.
pub fn plan() -> Result<String> {
    let plan = std::fs::read_to_string(root().join("plans/bt2c/plan.md"))?;
    Ok(plan.replace("watch -n 5", "watch -n 1").replace("**System Verification**", "**Looking around**"))
}

/// The same with a procedure that no worker can run: its line is not one that Muster understands.
///
/// # Errors
/// If the plan cannot be read.
pub fn with_unknown_line() -> Result<String> {
    Ok(plan()? + "\n## Odd\n\n```bash\nfrobnicate --now\n```\n")
}

impl Scene {
    /// # Errors
    /// If Postgres cannot be started or a sign-in is refused.
    pub async fn set() -> Result<Self> {
        Self::with_plan(&plan()?).await
    }

    /// # Errors
    /// If Postgres cannot be started or a sign-in is refused.
    pub async fn with_plan(text: &str) -> Result<Self> {
        let muster = Muster::start_with_plan(text, PROJECT).await?;
        let (responder, operator, approver) = tokio::try_join!(
            muster.persona(Role::Responder),
            muster.persona(Role::Operator),
            muster.persona(Role::Approver)
        )?;
        Ok(Self { muster, host: host(), responder, operator, approver })
    }

    /// The procedure deletes rows instead of restarting: its third step cannot be undone. Everything runs.
    ///
    /// # Errors
    /// If Postgres cannot be started or a sign-in is refused.
    pub async fn destructive() -> Result<Self> {
        let wipe = "docker-compose exec postgres psql -c \"DELETE FROM pending;\"";
        let scene = Self::with_plan(&plan()?.replace("docker-compose restart validator1", wipe)).await?;
        scene.host.program("bt2c-postgres", |_| (vec![], 0));
        scene.host.change(VALIDATOR1, |details| details.container.state = ContainerState::Running);
        Ok(scene)
    }

    /// A worker on the simulated host.
    #[must_use]
    pub fn worker(&self) -> RunningWorker {
        self.muster.worker(self.host.clone(), PROJECT, Timing::default())
    }

    /// A worker that loses its lease soon.
    #[must_use]
    pub fn quick_worker(&self) -> RunningWorker {
        self.muster.worker(self.host.clone(), PROJECT, QUICK)
    }

    /// The responder declares `validator1` down.
    ///
    /// # Errors
    /// If it is refused.
    pub async fn declared(&self) -> Result<IncidentView> {
        self.muster.declare(&self.responder, "validator1").await
    }

    /// The operator asks for the recovery of `validator1`.
    ///
    /// # Errors
    /// If it is refused.
    pub async fn request(&self, incident: i64) -> Result<RunView, CallError> {
        request(&self.operator, incident).await
    }

    /// An incident with a run that waits for approval. Needs a worker.
    ///
    /// # Errors
    /// If a command is refused or the worker does not look.
    pub async fn waiting(&self) -> Result<RunView> {
        let incident = self.declared().await?;
        let run = self.request(incident.number).await?;
        self.until(run.number, RunState::AwaitingApproval).await
    }

    /// Somebody new who must agree too where there is no way back.
    ///
    /// # Errors
    /// If the sign-in is refused.
    pub async fn second(&self) -> Result<Persona> {
        self.muster.persona_with_duties().await
    }

    /// Everybody's consent that it takes.
    ///
    /// # Errors
    /// If it is refused.
    pub async fn consent(&self, run: &RunView) -> Result<RunView> {
        let run = decide(&self.approver, run, true).await?;
        if run.state != RunState::AwaitingApproval {
            return Ok(run);
        }
        Ok(decide(&self.second().await?, &run, true).await?)
    }

    /// A run that everybody has approved. Needs a worker.
    ///
    /// # Errors
    /// If a command is refused or the worker does not look.
    pub async fn approved(&self) -> Result<RunView> {
        let run = self.waiting().await?;
        self.consent(&run).await
    }

    /// Of [`Scene::destructive`]: the worker dies in the middle of the step that cannot be undone, which has had its effect, and its
    /// lease has lapsed. Whoever takes over does not know.
    ///
    /// # Errors
    /// If a command is refused or the step is not begun.
    pub async fn unclear(&self) -> Result<RunView> {
        let worker = self.quick_worker();
        self.host.fault(Op::Exec, Fault::HangsAfter);
        let run = self.approved().await?;
        eventually("it has happened", async || !self.host.effects().is_empty()).await?;
        worker.kill();
        tokio::time::sleep(QUICK.lease).await;
        Ok(run)
    }

    /// The operator's answer to the run's question, and the second person's word where it takes two.
    ///
    /// # Errors
    /// If it is refused.
    pub async fn answer(&self, run: &RunView, answer: Answer) -> Result<RunView, CallError> {
        let step = run.question.as_ref().map_or(0, |question| question.step);
        let view = self.operator.api.answer(run.number, &AnswerIn { step, answer: answer.clone() }).await?;
        if view.question.as_ref().is_none_or(|question| question.proposal.is_none()) {
            return Ok(view);
        }
        self.approver.api.confirm(run.number, &ConfirmIn { step, answer, agree: true, reason: None }).await
    }

    /// # Errors
    /// If the run is not in this state within a minute.
    pub async fn until(&self, run: i64, state: RunState) -> Result<RunView> {
        self.until_run(run, |view| view.state == state)
            .await
            .with_context(|| format!("run {run} is not {}", state.name()))
    }

    /// # Errors
    /// If the run is not like this within a minute.
    pub async fn until_run(&self, run: i64, fits: impl Fn(&RunView) -> bool) -> Result<RunView> {
        let mut pace = Pace::within(Duration::from_mins(1));
        loop {
            let view = match self.operator.api.run(run).await {
                // On a machine that is busy with other things a question may wait too long for the database, and says so.
                Err(error) if error.code() == Some(ErrorCode::Unavailable) && !pace.over() => {
                    pace.rest().await;
                    continue;
                }
                answer => answer?,
            };
            if fits(&view) {
                return Ok(view);
            }
            if pace.over() {
                bail!("it is {}; reason {:?}, steps {:?}", view.state.name(), view.reason, view.steps);
            }
            pace.rest().await;
        }
    }

    /// A connection to the database, past every rule of the programs.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn pool(&self) -> Result<PgPool> {
        Ok(PgPool::connect(&self.muster.database.url).await?)
    }
}

/// # Errors
/// If it is refused.
pub async fn request(person: &Persona, incident: i64) -> Result<RunView, CallError> {
    request_of(person, incident, PROCEDURE).await
}

/// Asks for any procedure of the plan.
///
/// # Errors
/// If it is refused.
pub async fn request_of(person: &Persona, incident: i64, procedure: &str) -> Result<RunView, CallError> {
    let body = RunRequestIn::of(procedure);
    person.api.request_run(incident, &body, &Uuid::new_v4().to_string()).await
}

/// # Errors
/// If it is refused.
pub async fn decide(person: &Persona, run: &RunView, approve: bool) -> Result<RunView, CallError> {
    let content = run.content.ok_or_else(|| CallError::Garbled("the run has no content to decide about".into()))?;
    let reason = Some(message("not while the backup runs")).filter(|_| !approve);
    person.api.decide(run.number, &DecisionIn { approve, reason, content }).await
}

/// Approves the newest version of a report, which somebody else has saved, and publishes all of it.
///
/// # Errors
/// If either is refused.
pub async fn publish(person: &Persona, incident: i64, public: bool) -> Result<ReportView, CallError> {
    let report = person.api.report(incident).await?;
    let version = report.version;
    person.api.review_report(incident, &ReportReviewIn { version, approve: true, text: None }).await?;
    let all = u16::try_from(sections(&report.body).len()).unwrap_or(u16::MAX);
    let body =
        if public { PublishIn::for_everybody(version, (0..all).collect()) } else { PublishIn::for_team(version) };
    person.api.publish_report(incident, &body).await
}

/// # Panics
/// If the text is not fit to be one.
#[must_use]
pub fn message(text: &str) -> Message {
    Message::parse(text).unwrap_or_else(|why| panic!("{text:?}: {why}"))
}

/// The server's refusal.
///
/// # Panics
/// If it did not refuse.
pub fn refused<T: Debug>(answer: Result<T, CallError>) -> ErrorView {
    match answer {
        Err(CallError::Refused(view)) => view,
        other => panic!("expected a refusal, got {other:?}"),
    }
}

/// Waits until this is so, at most a minute.
///
/// # Errors
/// If it does not become so.
pub async fn eventually<F: Future<Output = bool>>(what: &str, so: impl Fn() -> F) -> Result<()> {
    let mut pace = Pace::within(Duration::from_mins(1));
    while !so().await {
        if pace.over() {
            bail!("within a minute it did not become so that {what}");
        }
        pace.rest().await;
    }
    Ok(())
}
