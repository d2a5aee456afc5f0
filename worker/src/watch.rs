//! A round of the watch after a recovery: the run's final checks that only look, made once more. Changes nothing on the host.

use std::time::Duration;

use serde_json::json;
use shared::{
    api::live::Topic,
    domain::{
        incident::{IncidentEvent, RunMoment},
        resolution::{ObjectKind, ResolvedObject, ResolvedStep},
        run::{Run, RunState, StepOutcome},
    },
    plan::{Step as Planned, StepKind, compile},
    timestamp::human_seconds,
};
use store::{Bad, Claimed, JobKind, StoreError, Watch};

use crate::{
    Worker,
    board::Notices,
    journal::Halt,
    lease::Lease,
    output::Output,
    resolve::late,
    secrets::Secrets,
    steps::{self, Before, Step},
    surroundings::Site,
};

/// A check that waits for something waits half the time to the next round, within these bounds.
const PATIENCE: (u64, u64) = (2, 30);

/// The steps that a watch repeats: final checks that only look and that the host permits.
pub(crate) fn repeated(run: &Run) -> Vec<Planned> {
    let looks = |step: &Planned| step.check && !step.kind.has_effect() && !run.is_checked_by_hand(step.number);
    let steps = run.header.meant().steps.into_iter().filter(looks);
    steps.collect()
}

fn impatient(kind: StepKind, every: Duration) -> StepKind {
    match kind {
        StepKind::WaitUntil { probe, condition, interval_seconds, timeout_seconds } => StepKind::WaitUntil {
            probe,
            condition,
            interval_seconds,
            timeout_seconds: timeout_seconds.min((every.as_secs() / 2).clamp(PATIENCE.0, PATIENCE.1)),
        },
        kind => kind,
    }
}

/// One round, and the job for the next one.
pub(crate) async fn round(worker: &Worker, claimed: Claimed, lease: &Lease) -> Result<(), Halt> {
    let record = worker.store.run_fetch(claimed.run).await?;
    let run = record.run;
    let watch = worker.store.watch_fetch(claimed.run).await?.filter(|_| run.state == RunState::Succeeded);
    let Some(watch) = watch else {
        let mut tx = worker.store.begin().await?;
        tx.job_finish(claimed.run).await?;
        return Ok(tx.commit().await?);
    };
    let now = worker.store.now().await?;
    // While somebody else is at work on the system, nothing it shows tells about this recovery.
    let busy = worker.store.run_live(run.header.system).await?.is_some();
    if busy && now < watch.until {
        let mut tx = worker.store.begin().await?;
        tx.job_add_later(claimed.run, JobKind::Watch, worker.timing.watch.as_secs_f64()).await?;
        return Ok(tx.commit().await?);
    }
    let board = Notices {
        store: &worker.store,
        by: &worker.actor,
        header: &run.header,
        fence: claimed.fence,
        incident_number: record.incident_number,
    };
    let bad = if busy { vec![] } else { look(worker, &run, lease, &board).await? };
    let last = now.plus_seconds(worker.timing.watch.as_secs()) > watch.until;
    let told = told(&run, &watch, &bad, last);
    let incident = worker.store.incident_by_number(record.incident_number).await?;

    let mut tx = worker.store.begin().await?;
    tx.watch_round(claimed.run, claimed.fence, &bad, last).await.map_err(|error| match error {
        StoreError::Fenced => Halt::Lost,
        error => error.into(),
    })?;
    if last {
        tx.job_finish(claimed.run).await?;
    } else {
        tx.job_add_later(claimed.run, JobKind::Watch, worker.timing.watch.as_secs_f64()).await?;
    }
    for text in told {
        let (number, procedure) = (run.header.number, run.header.procedure.title.clone());
        let detail = json!({ "bad": bad.iter().map(|b| (b.step, &b.reason)).collect::<Vec<_>>(), "last": last });
        tx.audit(&worker.actor, "run.watched", format!("run {number}"), detail);
        let locked = tx.incident_lock_id(incident.id).await?;
        let event = IncidentEvent::Run { number, procedure, moment: RunMoment::Watched, text };
        tx.incident_append(&locked, &locked.incident, &event, &worker.actor).await?;
        tx.live(Topic::Incident { number: record.incident_number });
    }
    tx.live(Topic::Run { number: run.header.number, incident: record.incident_number });
    Ok(tx.commit().await?)
}

/// What did not hold.
async fn look(worker: &Worker, run: &Run, lease: &Lease, board: &Notices<'_>) -> Result<Vec<Bad>, Halt> {
    let header = &run.header;
    let plan = compile(&worker.store.plan_version_fetch(header.plan_version).await?.source).plan;
    let secrets = Secrets::load(worker, header.system).await?;
    let declared_at = header.requested_at;
    let site = Site { config: &worker.config, header, plan: &plan, declared_at, secrets: &secrets };
    let mut bad = vec![];
    for planned in repeated(run) {
        let planned = Planned { kind: impatient(planned.kind, worker.timing.watch), ..planned };
        lease.check()?;
        if worker.stopping.is_cancelled() {
            return Err(Halt::Stopping);
        }
        let approved = run.resolution.as_ref().and_then(|(_, r)| r.steps.iter().find(|s| s.number == planned.number));
        let objects = approved.map(by_service).unwrap_or_default();
        let objects = match late::bind(&*worker.host, &header.project, &objects).await {
            Ok(objects) => objects,
            Err(reason) => {
                bad.push(Bad { step: planned.number, reason });
                continue;
            }
        };
        let (output, mut lines) = Output::new(planned.number, 0);
        // What a round prints is not kept: its result is.
        let dropped = async { while lines.recv().await.is_some() {} };
        let looking = async {
            let output = output;
            let step = Step {
                host: &*worker.host,
                project: &header.project,
                objects: &objects,
                before: &Before::new(),
                output: &output,
                lease,
                board,
                site,
                planned: &planned,
                attempt: 0,
            };
            let allowed = steps::allowed(&planned.kind, &*worker.host, &header.project, site, None).await;
            steps::perform(&planned.kind, allowed, step).await
        };
        match tokio::join!(looking, dropped).0? {
            StepOutcome::Succeeded { .. } => {}
            StepOutcome::Failed { reason } | StepOutcome::Unknown { reason } => {
                let reason = secrets.mask().text(&reason).into_owned();
                bad.push(Bad { step: planned.number, reason });
            }
        }
    }
    Ok(bad)
}

/// Containers may be made anew during a watch; what is watched is the service.
fn by_service(step: &ResolvedStep) -> Vec<ResolvedObject> {
    let renewed = |object: &ResolvedObject| match (&object.service, object.kind) {
        (Some(service), ObjectKind::Container) => late::service(service, object.port, None),
        _ => object.clone(),
    };
    step.objects.iter().map(renewed).collect()
}

/// What the timeline is told: only what changed, and how it ended.
fn told(run: &Run, watch: &Watch, bad: &[Bad], last: bool) -> Vec<String> {
    let title = |step: u32| {
        let step = run.header.procedure.steps.iter().find(|s| s.number == step);
        step.map_or_else(String::new, |s| s.title.clone())
    };
    let among = |bads: &[Bad], step| bads.iter().any(|b: &Bad| b.step == step);
    let mut told = vec![];
    for new in bad.iter().filter(|b| !among(&watch.bad, b.step)) {
        told.push(format!("Watching: \"{}\" does not hold any more: {}", title(new.step), new.reason));
    }
    for gone in watch.bad.iter().filter(|b| !among(bad, b.step)) {
        told.push(format!("Watching: \"{}\" holds again", title(gone.step)));
    }
    if last {
        let watched = human_seconds(i64::try_from(run.header.watch_seconds.unwrap_or_default()).unwrap_or(i64::MAX));
        told.push(match bad {
            [] => format!("Watched for {watched}: in the last round everything held"),
            [_, ..] => format!(
                "Watched for {watched}; at its end this does not hold: {}",
                steps::list(&bad.iter().map(|b| title(b.step)).collect::<Vec<_>>())
            ),
        });
    }
    told
}

/// Between two rounds.
pub(crate) const EVERY: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use shared::plan::{Condition, Probe};

    use super::*;

    #[test]
    fn a_round_does_not_wait_as_long_as_a_recovery() {
        let wait = |timeout_seconds| StepKind::WaitUntil {
            probe: Probe::HttpNumber { url: "http://localhost:1/".into(), filter: None },
            condition: Condition::Grows,
            interval_seconds: 1,
            timeout_seconds,
        };
        assert_eq!(impatient(wait(300), EVERY), wait(30));
        assert_eq!(impatient(wait(5), EVERY), wait(5));
        assert_eq!(impatient(wait(300), Duration::from_millis(500)), wait(2));
    }
}
