//! The worker's pen: events of a run with all their consequences (audit, timeline, live events, job) in one transaction, tried
//! until the database has them or refuses them. Decides only what follows from the log itself.

use std::time::Duration;

use serde_json::{Value, json};
use shared::{
    api::live::Topic,
    domain::{
        actor::Actor,
        incident::{IncidentEvent, RunMoment},
        next::{Next, next},
        run::{Recorded, Run, RunEvent, RunState, Seen, StepOutcome, StepState},
    },
    plan::StepKind,
};
use store::{IncidentRecord, JobKind, Store, StoreError, Tx};
use tokio_util::sync::CancellationToken;

use crate::{
    faults::{Faults, Point},
    lease::LeaseLost,
    watch,
};

/// Between attempts while the database is away.
const PAUSE: Duration = Duration::from_millis(500);

/// Why work on a run ends before the run's log says so. The job stays, and is taken up again when its lease has lapsed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Halt {
    #[error("the lease is lost")]
    Lost,
    #[error("the worker is stopping")]
    Stopping,
    /// A person wants the run to end: what was to be written does not fit any more, and was not.
    #[error("the run is being cancelled")]
    Overtaken,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<LeaseLost> for Halt {
    fn from(LeaseLost: LeaseLost) -> Self {
        Self::Lost
    }
}

pub(crate) struct Journal<'a> {
    pub(crate) store: &'a Store,
    pub(crate) by: &'a Actor,
    pub(crate) fence: i64,
    pub(crate) incident_number: i64,
    pub(crate) stopping: &'a CancellationToken,
    /// Until the first round of the watch after a recovery.
    pub(crate) watch_every: Duration,
    pub(crate) faults: &'a Faults,
}

impl Journal<'_> {
    /// Writes the events, and those that follow from them without anybody's doing (a question, the end), and folds them into
    /// `run`. While the database is away it tries on; after a lost COMMIT it reads back whether the events are there.
    pub(crate) async fn append(&self, run: &mut Run, events: &[RunEvent]) -> Result<(), Halt> {
        self.append_with(run, events, &[]).await
    }

    /// As [`Journal::append`]; if a question follows, `seen` goes with it.
    pub(crate) async fn append_with(&self, run: &mut Run, events: &[RunEvent], seen: &[Seen]) -> Result<(), Halt> {
        let mut silent = false;
        loop {
            match self.try_append(run, events, seen).await {
                Ok(next) => {
                    *run = next;
                    return Ok(());
                }
                Err(StoreError::Fenced) => {
                    self.catch_up(run).await?;
                    continue;
                }
                Err(StoreError::Corrupt(_)) if run.state == RunState::Cancelling => return Err(Halt::Overtaken),
                Err(StoreError::Unavailable(error)) => {
                    if !std::mem::replace(&mut silent, true) {
                        tracing::warn!(run = run.header.number, %error, "the database does not answer; trying on");
                    }
                }
                Err(error) => return Err(error.into()),
            }
            tokio::select! {
                () = tokio::time::sleep(PAUSE) => {}
                () = self.stopping.cancelled() => return Err(Halt::Stopping),
            }
            if let Some(next) = self.read_back(run, events).await? {
                tracing::info!(run = run.header.number, "the database answers again; the last write had arrived");
                *run = next;
                return Ok(());
            }
        }
    }

    /// Takes in what a person has written meanwhile; if there is nothing of that kind, another worker has taken over.
    async fn catch_up(&self, run: &mut Run) -> Result<(), Halt> {
        let log = self.store.run_events(run.header.id).await?;
        let mut new = log.iter().filter(|recorded| recorded.seq > run.last_seq).peekable();
        if new.peek().is_none() || !new.all(|recorded| matches!(recorded.event, RunEvent::CancelAsked { .. })) {
            return Err(Halt::Lost);
        }
        *run = Run::replay(run.header.clone(), &log).map_err(StoreError::from)?;
        Ok(())
    }

    async fn read_back(&self, run: &Run, events: &[RunEvent]) -> Result<Option<Run>, Halt> {
        let log = match self.store.run_events(run.header.id).await {
            Ok(log) => log,
            Err(StoreError::Unavailable(_)) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let new: Vec<_> = log.iter().filter(|recorded| recorded.seq > run.last_seq).collect();
        if new.is_empty() {
            return Ok(None);
        }
        if new.iter().zip(events).all(|(recorded, event)| recorded.event == *event) && new.len() >= events.len() {
            return Ok(Some(Run::replay(run.header.clone(), &log).map_err(StoreError::from)?));
        }
        // Somebody else wrote meanwhile.
        Err(Halt::Lost)
    }

    async fn try_append(&self, run: &Run, events: &[RunEvent], seen: &[Seen]) -> Result<Run, StoreError> {
        let mut tx = self.store.begin().await?;
        let mut new = Appending { by: self.by, tx: &mut tx, now: run.clone(), events: vec![], told: vec![] };
        for event in events {
            new.add(event.clone())?;
        }
        while let Some(event) = following(&new.now, seen) {
            new.add(event)?;
        }
        let Appending { events, told, .. } = new;
        let mut now = run.clone();
        tx.run_append_fenced(&mut now, events, self.fence).await?;
        match now.state {
            RunState::Running | RunState::Cancelling => {}
            RunState::Queued => {
                tx.job_finish(run.header.id).await?;
                tx.job_add(run.header.id, JobKind::Execute).await?;
            }
            RunState::Succeeded if now.header.watch_seconds.is_some() && !watch::repeated(&now).is_empty() => {
                tx.watch_begin(run.header.id, now.header.watch_seconds.unwrap_or_default()).await?;
                tx.job_add_later(run.header.id, JobKind::Watch, self.watch_every.as_secs_f64()).await?;
            }
            _ => tx.job_finish(run.header.id).await?,
        }
        if !told.is_empty() {
            let record = tx.incident_lock_id(run.header.incident).await?;
            if let Some(seconds) = now.header.watch_seconds.filter(|_| now.state == RunState::Succeeded) {
                let until = tx.now().plus_seconds(seconds);
                tx.monitors_watch_closely(run.header.system, &record.incident.components(), until).await?;
            }
            for event in &told {
                // An event about a run never changes the incident by itself.
                tx.incident_append(&record, &record.incident, event, self.by).await?;
            }
            if begins(run, &told) {
                recovering(&mut tx, &record, run.header.number, self.by).await?;
            }
            tx.live(Topic::Incident { number: self.incident_number });
        }
        tx.live(Topic::Run { number: run.header.number, incident: self.incident_number });
        let id = run.header.id;
        self.faults.pass(Point::BeforeCommit, Some(id), None).await;
        tx.commit().await?;
        self.faults.pass(Point::AfterCommit, Some(id), None).await;
        Ok(now)
    }
}

/// Whether this is where a run begins that changes something.
fn begins(run: &Run, told: &[IncidentEvent]) -> bool {
    let starts = |event: &IncidentEvent| matches!(event, IncidentEvent::Run { moment: RunMoment::Started, .. });
    !run.header.dry_run && run.state == RunState::Queued && needs_approval(run) && told.iter().any(starts)
}

/// Says what the run shows: somebody is bringing it back.
async fn recovering(tx: &mut Tx, record: &IncidentRecord, number: i64, by: &Actor) -> Result<(), StoreError> {
    let from = record.incident.state;
    let Some(to) = from.when_a_run_begins() else { return Ok(()) };
    let event = IncidentEvent::StateChanged { from, to, text: Some(format!("Run {number} has begun.")) };
    // The table has just said that it leads there.
    let Ok(next) = record.incident.apply(&event, tx.now()) else { return Ok(()) };
    tx.incident_append(record, &next, &event, by).await?;
    tx.audit(by, "incident.state-changed", format!("incident {}", record.number), json!(event));
    Ok(())
}

/// What will be written, and what others are to be told of it.
struct Appending<'a> {
    by: &'a Actor,
    tx: &'a mut Tx,
    /// The run with the events so far.
    now: Run,
    events: Vec<(RunEvent, Actor)>,
    told: Vec<IncidentEvent>,
}

impl Appending<'_> {
    fn add(&mut self, event: RunEvent) -> Result<(), StoreError> {
        // Consent that nobody needs to give is not the worker's.
        let by = if event == RunEvent::Granted { &Actor::Muster } else { self.by };
        let (action, object, detail) = audited(&self.now, &event);
        self.tx.audit(by, action, object, detail);
        if let Some((moment, text)) = moment(&self.now, &event) {
            let (number, procedure) = (self.now.header.number, self.now.header.procedure.title.clone());
            self.told.push(IncidentEvent::Run { number, procedure, moment, text });
        }
        let recorded = Recorded { seq: self.now.last_seq + 1, at: self.tx.now(), by: by.clone(), event: event.clone() };
        self.now = self.now.clone().apply(&recorded)?;
        self.events.push((event, by.clone()));
        Ok(())
    }
}

/// What the log would be with these events; for deciding before writing.
pub(crate) fn foreseen(run: &Run, by: &Actor, events: &[RunEvent]) -> Result<Run, StoreError> {
    let at = run.header.requested_at;
    let mut next = run.clone();
    for event in events {
        let recorded = Recorded { seq: next.last_seq + 1, at, by: by.clone(), event: event.clone() };
        next = next.apply(&recorded)?;
    }
    Ok(next)
}

/// The event that the log calls for by itself.
fn following(run: &Run, seen: &[Seen]) -> Option<RunEvent> {
    // Without steps that change anything outside Muster nobody needs to be asked; the guard looks again.
    if run.state == RunState::AwaitingApproval && run.header.policy.approvals == 0 && !needs_approval(run) {
        return Some(RunEvent::Granted);
    }
    // Consent was given beforehand; the guard judges it before anything is done.
    if run.state == RunState::AwaitingApproval && run.ordered.is_some() {
        return Some(RunEvent::Granted);
    }
    match next(run) {
        Next::Ask { step, why } => Some(RunEvent::Asked { step, why, seen: seen.to_vec() }),
        Next::Finish => Some(RunEvent::Finished { succeeded: true }),
        Next::CallOff => Some(RunEvent::Cancelled),
        Next::Start { .. } | Next::Recover { .. } | Next::Wait => None,
    }
}

pub(crate) fn needs_approval(run: &Run) -> bool {
    run.header.procedure.steps.iter().any(|step| step.kind.needs_approval())
}

fn audited(run: &Run, event: &RunEvent) -> (&'static str, String, Value) {
    let number = run.header.number;
    let (whole, step) = (format!("run {number}"), |step: &u32| format!("run {number} step {step}"));
    match event {
        RunEvent::Resolved { resolution } => (
            "run.resolved",
            whole,
            json!({ "resolution": resolution.digest(), "host": resolution.host, "project": resolution.project }),
        ),
        RunEvent::Unresolvable { reason } => ("run.found-unresolvable", whole, json!({ "reason": reason })),
        RunEvent::Granted if run.ordered.is_some() => ("run.granted", whole, json!({ "ordered": run.ordered })),
        RunEvent::Granted => ("run.granted", whole, json!({ "approvals": run.header.policy.approvals })),
        RunEvent::Claimed { fence } => ("run.claimed", whole, json!({ "fence": fence })),
        RunEvent::StepStarted { step: n, attempt, fence, before } => {
            ("step.started", step(n), json!({ "attempt": attempt, "fence": fence, "before": before }))
        }
        RunEvent::StepEnded { step: n, attempt, fence, outcome } => {
            ("step.ended", step(n), json!({ "attempt": attempt, "fence": fence, "outcome": outcome }))
        }
        RunEvent::Asked { step: n, why, seen } => ("run.asked", step(n), json!({ "why": why, "seen": seen })),
        RunEvent::GuardRefused { reason } => ("run.refused-by-worker", whole, json!({ "reason": reason })),
        RunEvent::Cancelled => ("run.cancelled", whole, json!({ "reason": run.reason })),
        RunEvent::Finished { succeeded } => ("run.finished", whole, json!({ "succeeded": succeeded })),
        // Not written by a worker; kept whole if one ever does.
        other => ("run.changed", whole, json!(other)),
    }
}

/// How the incident's timeline tells it, if it does. `run` is as it was before the event.
fn moment(run: &Run, event: &RunEvent) -> Option<(RunMoment, String)> {
    let title = |number: u32| {
        let step = run.header.procedure.steps.iter().find(|s| s.number == number);
        step.map_or_else(|| format!("Step {number}"), |s| format!("Step {number}, {}", s.title))
    };
    Some(match event {
        RunEvent::Resolved { resolution } => {
            let effects: Vec<_> = resolution.steps.iter().filter(|s| s.has_effect).map(|s| s.effect.as_str()).collect();
            let effects =
                if effects.is_empty() { "changes nothing, only looks".to_owned() } else { effects.join("; ") };
            (RunMoment::Resolved, format!("On host {}: {effects}", resolution.host))
        }
        RunEvent::Unresolvable { reason } => (RunMoment::Unresolvable, reason.clone()),
        RunEvent::Granted if run.ordered.is_some() => {
            let ordered = run.ordered.as_ref()?;
            let (name, givers) = (&ordered.name, &ordered.givers);
            (RunMoment::Approved, format!("Consent was given beforehand by standing order {name}: {givers}"))
        }
        RunEvent::Granted if run.header.procedure.steps.iter().any(|step| step.kind.has_effect()) => {
            (RunMoment::Approved, "Needs no approval: it only looks and tells people".into())
        }
        RunEvent::Granted => (RunMoment::Approved, "Needs no approval: it only looks".into()),
        RunEvent::Claimed { .. } if run.state == RunState::Queued => {
            (RunMoment::Started, "The worker has started".into())
        }
        RunEvent::Claimed { .. } if matches!(next(run), Next::Recover { .. }) => {
            (RunMoment::Started, "Taken up again after the worker was interrupted".into())
        }
        // The notice itself stands in the timeline.
        RunEvent::StepEnded { step, outcome: StepOutcome::Succeeded { .. }, .. }
            if matches!(run.kind_of(*step), Some(StepKind::Notify { .. })) =>
        {
            return None;
        }
        RunEvent::StepEnded { step, outcome, .. } => {
            let text = match outcome {
                StepOutcome::Succeeded { evidence } => format!("{}: {evidence}", title(*step)),
                StepOutcome::Failed { reason } => format!("{} failed: {reason}", title(*step)),
                StepOutcome::Unknown { reason } => {
                    format!("{}: nobody can tell whether it took effect: {reason}", title(*step))
                }
            };
            (RunMoment::StepEnded, text)
        }
        RunEvent::Asked { step, .. } if run.takes_two(*step) => {
            (RunMoment::Asked, format!("{} needs the word of two people: did it happen?", title(*step)))
        }
        RunEvent::Asked { step, .. } => {
            (RunMoment::Asked, format!("{} needs a decision: retry, skip or stop", title(*step)))
        }
        RunEvent::GuardRefused { reason } => (RunMoment::Stopped, reason.clone()),
        RunEvent::Cancelled => (RunMoment::Cancelled, cancelled_words(run)),
        RunEvent::Finished { .. } => (RunMoment::Succeeded, "All steps have succeeded".into()),
        _ => return None,
    })
}

/// What was and was not done when it ended.
fn cancelled_words(run: &Run) -> String {
    let done = run.steps.iter().filter(|s| matches!(s.state, StepState::Succeeded { .. })).count();
    let unclear = run.steps.iter().filter(|s| matches!(s.state, StepState::Failed { .. } | StepState::Unknown { .. }));
    let unclear: Vec<_> = unclear.map(|s| s.number.to_string()).collect();
    let unclear = if unclear.is_empty() {
        String::new()
    } else {
        format!("; look what became of step {}", unclear.join(" and "))
    };
    format!("{done} of {} steps are done, nothing goes on any more{unclear}", run.steps.len())
}
