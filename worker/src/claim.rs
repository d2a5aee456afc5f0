//! Takes one job and sees to it under a lease. Knows the kinds of job; what they do is `resolve`, `execute` and `watch`.

use shared::{
    domain::run::{RunEvent, RunState},
    plan::compile,
};
use store::{Claimed, JobKind, StoreError};
use tokio::time::Instant;

use crate::{
    Worker, drill,
    execute::execute,
    faults::Point,
    guard,
    journal::{Halt, Journal},
    lease::Lease,
    resolve::{Known, resolve},
    secrets::Secrets,
    watch,
};

/// A job of ours, until it is worked on.
#[derive(Debug)]
pub(crate) struct Job {
    claimed: Claimed,
    lease: Lease,
}

/// The oldest job of a project this worker may touch and that nobody else holds.
pub(crate) async fn claim(worker: &Worker) -> Result<Option<Job>, StoreError> {
    worker.faults.pass(Point::BeforeClaim, None, None).await;
    let timing = worker.timing;
    let stand = worker.stand().await?;
    let asked = Instant::now();
    let (name, projects) = (&worker.config.name, &worker.config.claims());
    // A name that was configured is known although Docker does not answer.
    let here = worker.config.host.as_deref().or(stand.name());
    let claimed = worker.store.job_claim(name, projects, here, timing.lease.as_secs_f64(), stand.held()).await?;
    let lease = Lease::new(timing.lease, asked).under(worker.host_lock.clone(), stand.fence());
    Ok(claimed.map(|claimed| Job { claimed, lease }))
}

/// Works until the job is done or lost. What goes wrong is logged here, once; the job then waits for its lease to lapse.
pub(crate) async fn work(worker: &Worker, job: Job) {
    let Job { claimed, lease } = job;
    worker.faults.pass(Point::AfterClaim, Some(claimed.run), None).await;
    let working = async {
        match claimed.kind {
            JobKind::Resolve => look(worker, claimed, &lease).await,
            JobKind::Execute => execute(worker, claimed, &lease).await,
            JobKind::Watch => watch::round(worker, claimed, &lease).await,
            JobKind::Clear => drill::clear(worker, claimed).await,
        }
    };
    let keeping = lease.keep(worker, claimed.run, claimed.fence);
    let ended = tokio::select! {
        ended = working => ended,
        // Once the lease is lost only the work knows when it may stop: an effect in hand is brought to its end.
        () = async { keeping.await; std::future::pending().await } => return,
    };
    let (run, fence) = (claimed.run, claimed.fence);
    match ended {
        Ok(()) => tracing::debug!(%run, fence, kind = ?claimed.kind, "job done"),
        Err(Halt::Lost) => {
            tracing::warn!(%run, fence, "lease lost; another worker takes over, nothing more is touched")
        }
        Err(Halt::Stopping) => tracing::info!(%run, fence, "stopping; the run goes on when a worker is back"),
        Err(Halt::Overtaken) => tracing::info!(%run, fence, "cancelled meanwhile; it is taken up again to be ended"),
        Err(Halt::Store(error)) => tracing::error!(%run, fence, %error, "job given up for now"),
    }
}

/// The resolve job: looks at the host and writes down what the steps mean.
async fn look(worker: &Worker, claimed: Claimed, lease: &Lease) -> Result<(), Halt> {
    let record = worker.store.run_fetch(claimed.run).await?;
    let mut run = record.run;
    if run.state != RunState::Resolving {
        let mut tx = worker.store.begin().await?;
        tx.job_finish(claimed.run).await?;
        return Ok(tx.commit().await?);
    }
    let header = &run.header;
    let plan = worker.store.plan_version_fetch(header.plan_version).await?;
    let home = worker.store.system_fetch(header.system).await?.host;
    let checked = worker
        .config_for(header)
        .and_then(|config| guard::allowed(&config.projects, &header.project).map(|()| config))
        .and_then(|config| {
            guard::pinned(&header.procedure, header.plan_digest, &compile(&plan.source).plan).map(|()| config)
        })
        .map_err(|why| format!("The worker refused: {}. Nothing was done.", why.trim_end_matches('.')));
    let checked = match (checked, &header.drill_of) {
        (Ok(config), Some(of)) => drill::raise(worker, &run, of, &config, claimed.fence, lease).await?.map(|()| config),
        (checked, _) => checked,
    };
    let found = match checked {
        Ok(config) => {
            let now = worker.store.now().await?;
            // What another run has done is not looked for.
            let secrets = Secrets::load(worker, header.system).await?;
            let known = Known { over: &guard::over(&run), secrets: Some(&secrets), ..Known::default() };
            let found = resolve(&*worker.host, &config, header, now, known).await;
            let found = found.map_err(|why| secrets.mask().text(&why).into_owned());
            found.and_then(|resolution| {
                let home = guard::at_home(home.as_deref(), &resolution.host);
                home.map(|()| resolution).map_err(|why| format!("The worker refused: {why}. Nothing was done."))
            })
        }
        Err(reason) => Err(reason),
    };
    let event = match found {
        Ok(resolution) => {
            tracing::info!(run = header.number, project = header.project, resolution = %resolution.digest(), "resolved");
            RunEvent::Resolved { resolution }
        }
        Err(reason) => {
            tracing::warn!(run = header.number, project = header.project, reason, "cannot be resolved");
            RunEvent::Unresolvable { reason }
        }
    };
    let journal = Journal {
        store: &worker.store,
        by: &worker.actor,
        fence: claimed.fence,
        incident_number: record.incident_number,
        stopping: &worker.stopping,
        watch_every: worker.timing.watch,
        faults: &worker.faults,
    };
    journal.append(&mut run, &[event]).await
}
