//! The people of the crash runner: they ask, consent, and answer by what they see on the host. At the end they compare the run's
//! log with it.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use shared::{
    api::run::{AnswerIn, ConfirmIn, RunRequestIn, RunView},
    domain::{
        access::Role,
        actor::Actor,
        run::{Answer, RunEvent, RunState, StepState},
    },
};
use sqlx::PgPool;
use uuid::Uuid;

use super::{
    dice::{Crash, crashes},
    ledger::Ledger,
    tally::{Trouble, What},
    world::{Before, PROCEDURE, STEPS, Stage, System},
};
use crate::{muster::declaration, persona::Persona, scene::decide};

/// No run takes longer, unless it is lost.
const PATIENCE: Duration = Duration::from_secs(120);
const LOOK: Duration = Duration::from_millis(15);

pub(super) struct People<'a> {
    stage: &'a Stage,
    operator: Persona,
    approver: Persona,
    second: Persona,
    pool: PgPool,
    incidents: Vec<(String, i64)>,
    ledger: Arc<Ledger>,
    seed: u64,
}

impl<'a> People<'a> {
    pub(super) async fn sign_in(stage: &'a Stage, ledger: Arc<Ledger>, seed: u64) -> Result<Self> {
        let operator = stage.muster.persona(Role::Operator).await?;
        let approver = stage.muster.persona(Role::Approver).await?;
        let second = stage.muster.persona_with_duties().await?;
        let mut incidents = vec![];
        for system in &stage.systems {
            let mut body = declaration("node1")?;
            (body.system, body.public) = (system.slug.clone(), None);
            let incident = operator.api.declare(&body, &Uuid::new_v4().to_string()).await.context("declare")?;
            incidents.push((system.slug.clone(), incident.number));
        }
        let pool = PgPool::connect(&stage.muster.database.url).await?;
        Ok(Self { stage, operator, approver, second, pool, incidents, ledger, seed })
    }

    /// One run from its request to its end; false if it has none, and so keeps its system for ever.
    pub(super) async fn recover(&self, system: &System, number: u32) -> Result<bool> {
        let before = system.set_up();
        let incident = self.incidents.iter().find(|(slug, _)| *slug == system.slug).context("no incident")?.1;
        let body = RunRequestIn::of(PROCEDURE);
        let run = self.operator.api.request_run(incident, &body, &Uuid::new_v4().to_string()).await?;
        let planned = crashes(self.seed, number, STEPS);
        self.ledger.plan(run.id, system.host, &planned);
        let ended = self.until_it_ends(system, &run, &before).await?;
        let (n_repeated, troubles) = self.judge(system, number, &run, &before, &planned, ended).await?;
        self.ledger.ended(run.id, n_repeated, troubles);
        Ok(ended)
    }

    /// False if it does not end.
    async fn until_it_ends(&self, system: &System, run: &RunView, before: &Before) -> Result<bool> {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            let state: String = sqlx::query_scalar("SELECT state FROM run WHERE number = $1")
                .bind(run.number)
                .fetch_one(&self.pool)
                .await?;
            match state.as_str() {
                "awaiting-approval" => {
                    let view = self.operator.api.run(run.number).await?;
                    // It may have moved on since it was looked at.
                    let _ = decide(&self.approver, &view, true).await;
                    let _ = decide(&self.second, &view, true).await;
                }
                "asking" => self.answer(system, run, before).await?,
                "resolving" | "queued" | "running" => {}
                _ => return Ok(true),
            }
            tokio::time::sleep(LOOK).await;
        }
        Ok(false)
    }

    /// Looks at the host, then says what is true.
    async fn answer(&self, system: &System, run: &RunView, before: &Before) -> Result<()> {
        let view = self.operator.api.run(run.number).await?;
        let Some(question) = view.question else { return Ok(()) };
        let step = view.procedure.steps.iter().find(|step| step.number == question.step);
        let seen = step.and_then(|step| system.times(&step.kind, run.id, before));
        let answer = match seen {
            Some((fewest, _)) if fewest > 0 && question.unclear => {
                Answer::Happened { note: "looked at the host: it has happened".into() }
            }
            Some((fewest, _)) if fewest > 0 => Answer::Skip { reason: "looked at the host: it has happened".into() },
            _ => Answer::Retry,
        };
        self.ledger.asked();
        // Somebody else may have answered.
        let body = AnswerIn { step: question.step, answer: answer.clone() };
        let _ = self.operator.api.answer(run.number, &body).await;
        if question.takes_two {
            let body = ConfirmIn { step: question.step, answer, agree: true, reason: None };
            let _ = self.second.api.confirm(run.number, &body).await;
        }
        Ok(())
    }

    /// How many steps began more than once without harm, and what is wrong.
    async fn judge(
        &self,
        system: &System,
        number: u32,
        run: &RunView,
        before: &Before,
        planned: &[Crash],
        ended: bool,
    ) -> Result<(u32, Vec<Trouble>)> {
        let plan: Vec<_> = planned.iter().map(ToString::to_string).collect();
        let trouble = |what, detail| Trouble { what, run: number, detail, plan: plan.clone() };
        let record = self.stage.muster.store.run_fetch(run.id).await?.run;
        let log = self.stage.muster.store.run_events(run.id).await?;
        let mut troubles = vec![];
        if !ended || record.state != RunState::Succeeded {
            let steps: Vec<_> = record.steps.iter().map(|s| (s.number, s.attempts, &s.state)).collect();
            let last: Vec<_> = log.iter().rev().take(4).map(|r| (r.at, &r.event)).collect();
            let detail = format!("it is {}: {:?}; {steps:?}; last {last:?}", record.state.name(), record.reason);
            troubles.push(trouble(What::Lost, detail));
        }
        let mut n_repeated = 0;
        for (step, state) in record.header.procedure.steps.iter().zip(&record.steps) {
            let by_person = log.iter().any(|r| {
                matches!(&r.event, RunEvent::Answered { step: n, answer: Answer::Skip { .. } } if *n == step.number)
                    && matches!(r.by, Actor::User { .. })
            });
            if matches!(state.state, StepState::Skipped { .. }) && !by_person {
                troubles.push(trouble(What::Skipped, format!("step {} was skipped by nobody", step.number)));
            }
            match system.times(&step.kind, run.id, before) {
                Some((_, most)) if most > 1 => {
                    troubles.push(trouble(What::Doubled, format!("step {} happened {most} times", step.number)));
                }
                Some((0, _)) if matches!(state.state, StepState::Succeeded { .. } | StepState::Skipped { .. }) => {
                    troubles.push(trouble(What::Skipped, format!("step {} is over and never happened", step.number)));
                }
                None if state.attempts > 1 => n_repeated += 1,
                _ => {}
            }
        }
        Ok((n_repeated, troubles))
    }
}
