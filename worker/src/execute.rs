//! Carries a run out: ask `next`, write the intent, perform, write the outcome, until the run ends or a person must decide.
//! Every decision is `next`'s, the guard's or a step's.

use std::borrow::Cow;

use shared::{
    api::run::Stream,
    domain::{
        next::{Next, next},
        resolution::{Resolution, ResolvedObject},
        run::{Run, RunEvent, RunState, StepOutcome, StepState},
    },
    plan::{self, StepKind},
};
use store::Claimed;

use crate::{
    Worker,
    board::Notices,
    drill, evidence,
    faults::Point,
    guard::{self, Checked},
    journal::{Halt, Journal, foreseen},
    lease::Lease,
    output::{self, Output},
    process::leftovers,
    resolve::late,
    safety::backup::{self, Trials},
    secrets::Secrets,
    steps::{self, Before, Probed, Step},
    surroundings::Site,
};

/// Works on a claimed run until its log says that there is nothing more to do for a worker.
pub(crate) async fn execute(worker: &Worker, claimed: Claimed, lease: &Lease) -> Result<(), Halt> {
    let record = worker.store.run_fetch(claimed.run).await?;
    let mut run = record.run;
    if !matches!(run.state, RunState::Queued | RunState::Running | RunState::Cancelling) {
        tracing::info!(run = run.header.number, state = run.state.name(), "nothing to execute");
        let mut tx = worker.store.begin().await?;
        tx.job_finish(claimed.run).await?;
        return Ok(tx.commit().await?);
    }
    let journal = Journal {
        store: &worker.store,
        by: &worker.actor,
        fence: claimed.fence,
        incident_number: record.incident_number,
        stopping: &worker.stopping,
        watch_every: worker.timing.watch,
        faults: &worker.faults,
    };
    // The same for guard and steps, so that nobody replaces one in between.
    let secrets = Secrets::load(worker, run.header.system).await?;
    let (checked, incident) =
        tokio::join!(guard::check(worker, &run, &secrets), worker.store.incident_by_number(record.incident_number));
    let Checked { verdict, plan } = checked?;
    let declared_at = incident?.incident.declared_at;
    // The run moves on; what it was asked to be does not.
    let header = run.header.clone();
    // What the guard has judged; without it nothing is begun.
    let config = worker.config_for(&header).unwrap_or(Cow::Borrowed(&worker.config));
    let site = Site { config: &config, header: &header, plan: &plan, declared_at, secrets: &secrets };
    let approved = match (verdict, run.resolution.clone()) {
        (Ok(()), Some((_, approved))) => approved,
        (verdict, _) => {
            let mut reason = verdict.err().unwrap_or_else(|| "The worker refused: the run was never resolved.".into());
            // Nothing goes on behind the back of a run that ends here.
            for step in run.steps.iter().filter(|step| step.state == StepState::Running) {
                let (found, _) = leftovers::end(&site.marked(step.number, step.attempts)).await;
                if !found.is_empty() {
                    reason += " Its processes that still ran were ended.";
                }
            }
            let reason = secrets.mask().text(&reason).into_owned();
            tracing::warn!(run = run.header.number, reason, "refused by the guard");
            return journal.append(&mut run, &[RunEvent::GuardRefused { reason }]).await;
        }
    };
    let steps = header.meant().steps;
    let pending = vec![RunEvent::Claimed { fence: claimed.fence }];
    let board = Notices {
        store: &worker.store,
        by: &worker.actor,
        header: &header,
        fence: claimed.fence,
        incident_number: record.incident_number,
    };
    Execution { worker, lease, journal, board, approved, site, steps, pending }.drive(&mut run).await
}

struct Execution<'a> {
    worker: &'a Worker,
    lease: &'a Lease,
    journal: Journal<'a>,
    board: Notices<'a>,
    approved: Resolution,
    site: Site<'a>,
    /// As they are meant, with the parameters' values in place.
    steps: Vec<plan::Step>,
    /// Decided, and written together with what comes next: saves a commit between approval and effect.
    pending: Vec<RunEvent>,
}

impl Execution<'_> {
    async fn drive(&mut self, run: &mut Run) -> Result<(), Halt> {
        loop {
            self.lease.check()?;
            if self.worker.stopping.is_cancelled() {
                return Err(Halt::Stopping);
            }
            let done = match next(&foreseen(run, self.journal.by, &self.pending)?) {
                Next::Start { .. } if self.lease.frozen() => {
                    tracing::info!(run = run.header.number, "frozen: nothing more is begun until somebody lifts it");
                    return Ok(self.worker.store.job_release(run.header.id, self.journal.fence).await?);
                }
                Next::Start { step, attempt } => self.start(run, step, attempt).await,
                Next::Recover { step, attempt } => self.recover(run, step, attempt).await,
                Next::Ask { .. } | Next::Finish | Next::CallOff => self.append(run, vec![]).await,
                Next::Wait => return Ok(()),
            };
            match done {
                // The log says now that it is to end: what follows from that comes next.
                Err(Halt::Overtaken) => self.pending.retain(|event| matches!(event, RunEvent::Claimed { .. })),
                done => done?,
            }
        }
    }

    async fn append(&mut self, run: &mut Run, events: Vec<RunEvent>) -> Result<(), Halt> {
        let masked: Vec<_> = events.into_iter().map(|event| self.masked(event)).collect();
        self.pending.extend(masked);
        // If it will have to be asked, people get to see what the step means as it looks now.
        let seen = match foreseen(run, self.journal.by, &self.pending).map(|run| (next(&run), run)) {
            Ok((Next::Ask { step, .. }, run)) => {
                let before = run.steps.into_iter().find(|s| s.number == step).map(|s| s.before).unwrap_or_default();
                evidence::look(&*self.worker.host, &self.approved.project, self.objects(step), &before).await
            }
            _ => vec![],
        };
        self.journal.append_with(run, &self.pending, &seen).await?;
        self.pending.clear();
        if run.state == RunState::Cancelling {
            self.lease.cancelled().cancel();
        }
        Ok(())
    }

    /// What a step says of its end may be what its program said.
    fn masked(&self, event: RunEvent) -> RunEvent {
        match event {
            RunEvent::StepEnded { step, attempt, fence, outcome } => {
                RunEvent::StepEnded { step, attempt, fence, outcome: self.masked_outcome(outcome) }
            }
            other => other,
        }
    }

    fn masked_outcome(&self, outcome: StepOutcome) -> StepOutcome {
        let clean = |text: String| self.site.secrets.mask().text(&text).into_owned();
        match outcome {
            StepOutcome::Succeeded { evidence } => StepOutcome::Succeeded { evidence: clean(evidence) },
            StepOutcome::Failed { reason } => StepOutcome::Failed { reason: clean(reason) },
            StepOutcome::Unknown { reason } => StepOutcome::Unknown { reason: clean(reason) },
        }
    }

    /// Intent, effect, outcome.
    async fn start(&mut self, run: &mut Run, step: u32, attempt: u32) -> Result<(), Halt> {
        let Some(planned) = self.planned(step) else { return self.impossible(step) };
        let (host, project) = (&*self.worker.host, run.header.project.clone());
        let prepared = async {
            let approved = self.approved.steps.iter().find(|s| s.number == step);
            self.site.secrets.same_as(&planned, approved)?;
            if planned.kind.has_effect() {
                drill::apart(&*self.worker.host, self.site.config, &run.header).await?;
            }
            let objects = self.bound(&planned.kind, step).await?;
            let mut before = steps::prepare(&planned.kind, host, &project, &objects).await?;
            if !planned.check {
                let given = backup::given(self.site.config, self.site.plan, &planned.kind, &objects).await;
                before.extend(given.iter().map(|(place, one)| one.fact(place)));
            }
            Ok::<_, String>((objects, before))
        };
        match prepared.await {
            Ok((objects, before)) => self.perform(run, &planned, attempt, before, objects).await,
            Err(reason) => {
                // It takes an intent to have an outcome; both are written at once, because nothing is done between them.
                let fence = self.journal.fence;
                let outcome = StepOutcome::Failed { reason };
                let begun = RunEvent::StepStarted { step, attempt, fence, before: Before::new() };
                self.append(run, vec![begun, RunEvent::StepEnded { step, attempt, fence, outcome }]).await
            }
        }
    }

    async fn perform(
        &mut self,
        run: &mut Run,
        planned: &plan::Step,
        attempt: u32,
        before: Before,
        objects: Vec<ResolvedObject>,
    ) -> Result<(), Halt> {
        let (step, kind) = (planned.number, &planned.kind);
        let fence = self.journal.fence;
        let (worker, site, project) = (self.worker, self.site, run.header.project.clone());
        let trials = Trials { store: &worker.store, system: run.header.system };
        // Only looks, so it costs no time of its own beside the commit.
        let allowed = steps::allowed(kind, &*worker.host, &project, site, Some(trials));
        let begun = vec![RunEvent::StepStarted { step, attempt, fence, before: before.clone() }];
        let (written, allowed) = tokio::join!(self.append(run, begun), allowed);
        written?;
        let number = run.header.number;
        tracing::info!(run = number, step, attempt, fence, kind = kind.name(), "step begun");
        let (faults, id) = (&worker.faults, run.header.id);
        faults.pass(Point::IntentCommitted, Some(id), Some(step)).await;
        let (output, lines) = Output::new(step, attempt);
        let output = output.masked(self.site.secrets.mask());
        let (store, lease) = (&self.worker.store, self.lease);
        let writing = output::write(store, run.header.id, number, fence, lease, lines);
        let performing = async {
            // Owned here, so that the writer ends when the step does.
            let output = output;
            let step = Step {
                host: &*self.worker.host,
                project: &run.header.project,
                objects: &objects,
                before: &before,
                output: &output,
                board: &self.board,
                lease,
                site: self.site,
                planned,
                attempt,
            };
            let performed = faults.during(id, step.planned.number, steps::perform(kind, allowed, step));
            if kind.has_effect() {
                // Cancelled, it ends itself, or is waited for: only the step knows what that leaves behind.
                return performed.await.map_err(Halt::from);
            }
            // A step that only looks is left and begun again by whoever takes the run next; an effect is never left half way.
            tokio::select! {
                outcome = performed => outcome.map_err(Halt::from),
                () = lease.cancelled().cancelled() => {
                    Ok(StepOutcome::Failed { reason: "cancelled while it looked; it has changed nothing".into() })
                }
                () = lease.lost() => Err(Halt::Lost),
                () = self.worker.stopping.cancelled() => Err(Halt::Stopping),
            }
        };
        let (outcome, ()) = tokio::join!(performing, writing);
        let outcome = self.masked_outcome(outcome?);
        tracing::info!(run = number, step, attempt, fence, ?outcome, "step ended");
        faults.pass(Point::EffectDone, Some(id), Some(step)).await;
        self.append(run, vec![RunEvent::StepEnded { step, attempt, fence, outcome }]).await?;
        faults.pass(Point::OutcomeCommitted, Some(id), Some(step)).await;
        Ok(())
    }

    /// An intent without an outcome: somebody was interrupted.
    async fn recover(&mut self, run: &mut Run, step: u32, attempt: u32) -> Result<(), Halt> {
        if !self.pending.is_empty() {
            self.append(run, vec![]).await?;
        }
        let Some(planned) = self.planned(step) else { return self.impossible(step) };
        let kind = &planned.kind;
        let before = run.steps.iter().find(|s| s.number == step).map(|s| s.before.clone()).unwrap_or_default();
        let bound = self.bound(kind, step).await;
        let objects = bound.clone().unwrap_or_default();
        let (output, lines) = Output::new(step, attempt);
        let output = output.masked(self.site.secrets.mask());
        let probing = async {
            let output = output;
            let project = &run.header.project;
            let seen = Step {
                host: &*self.worker.host,
                project,
                objects: &objects,
                before: &before,
                output: &output,
                board: &self.board,
                lease: self.lease,
                site: self.site,
                planned: &planned,
                attempt,
            };
            let probed = match bound {
                Ok(_) => steps::probe(kind, seen).await,
                Err(reason) => Probed::Unknown { reason },
            };
            let text = "The worker was interrupted here and has come back.";
            if probed == Probed::Again && !run.may_have_happened(step) {
                output.line(Stream::Muster, &format!("{text} The step is begun again.")).await;
            }
            probed
        };
        let writing =
            output::write(&self.worker.store, run.header.id, run.header.number, self.journal.fence, self.lease, lines);
        let (probed, ()) = tokio::join!(probing, writing);
        tracing::info!(run = run.header.number, step, attempt, ?probed, "interrupted step probed");
        let outcome = match probed {
            Probed::Again if run.state == RunState::Cancelling => StepOutcome::Failed {
                reason: "the worker was interrupted here; it has not happened, or not wholly, and is not begun again"
                    .into(),
            },
            // What came after it may have been done too, so that doing it once more would undo that.
            Probed::Again if run.may_have_happened(step) => {
                StepOutcome::Unknown { reason: run.restored_words().unwrap_or_default() }
            }
            // The facts of the first intent stay, so that what was done before the interruption is not done twice.
            Probed::Again => return self.perform(run, &planned, attempt + 1, before, objects).await,
            Probed::Done { evidence } => StepOutcome::Succeeded { evidence },
            Probed::Unknown { reason } => StepOutcome::Unknown { reason },
        };
        let fence = self.journal.fence;
        self.append(run, vec![RunEvent::StepEnded { step, attempt, fence, outcome }]).await
    }

    fn planned(&self, step: u32) -> Option<plan::Step> {
        self.steps.iter().find(|s| s.number == step).cloned()
    }

    fn objects(&self, step: u32) -> &[ResolvedObject] {
        self.approved.steps.iter().find(|s| s.number == step).map_or(&[], |s| &s.objects)
    }

    /// What was approved for this step, and nothing else; a service as the containers that it has now.
    async fn bound(&self, kind: &StepKind, step: u32) -> Result<Vec<ResolvedObject>, String> {
        let approved = self.objects(step);
        if steps::by_service(kind) {
            return Ok(approved.to_vec());
        }
        late::bind(&*self.worker.host, &self.approved.project, approved).await
    }

    fn impossible(&self, step: u32) -> Result<(), Halt> {
        Err(Halt::Store(store::StoreError::Corrupt(format!(
            "the log names step {step}, which the procedure does not have"
        ))))
    }
}
