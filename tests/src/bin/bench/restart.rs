//! What Muster adds to a restart: step start to outcome in the event stream, against the raw Docker API, in turns; and how long
//! an approval takes to have its first effect.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use bollard::{
    Docker,
    query_parameters::{EventsOptionsBuilder, RestartContainerOptions},
};
use futures::StreamExt as _;
use shared::{
    api::run::{DecisionIn, RunRequestIn, RunView},
    domain::{
        access::Role,
        run::{RunEvent, RunState},
    },
    timestamp::Timestamp,
};
use store::{Channel, Listener};
use tests::{events::Events, muster::Muster, persona::Persona, testnet::Testnet};
use time::OffsetDateTime;
use tokio::sync::mpsc;

use crate::{Measured, median};

const TURNS: usize = 41;

const PLAN: &str = "# Bench\n\n## Incident Classification\n\n### Level 1 - Minor\n- Node down\n- Response Time: < 1 hour\n\n\
## Recovery Procedures\n\n### 1. Restart only\n\n```bash\n# 1. Restart failed node\ndocker-compose restart validator1\n```\n\n\
## Recovery Time Objectives (RTO)\n\n| Component | RTO | Recovery Method |\n|---|---|---|\n| Single Node | 10 minutes | Restart |\n";

pub(crate) async fn measure() -> Result<Vec<Measured>> {
    let testnet = Testnet::up()?;
    let muster = Muster::start_with_plan(PLAN, &testnet.project).await?;
    let _worker = muster.docker_worker(&testnet.project).await?;
    let (operator, approver) = (muster.persona(Role::Operator).await?, muster.persona(Role::Approver).await?);
    let incident = muster.declare(&operator, "validator1").await?.number;
    let docker = Docker::connect_with_local_defaults()?.negotiate_version().await?;
    let container = testnet.container("validator1")?;
    let (mut raw, mut ours, mut ratios, mut first, mut dockers) = (vec![], vec![], vec![], vec![], vec![]);
    for turn in 0..=TURNS {
        let mut signals = signals(&docker, &container).await;
        let (sent, started) = (Timestamp::new(OffsetDateTime::now_utc()), Instant::now());
        docker.restart_container(&container, None::<RestartContainerOptions>).await?;
        let a = started.elapsed().as_secs_f64() * 1000.0;
        let own = next_signal(&mut signals).await? - unix_ms(sent);
        let (b, effect) = run_once(&muster, &operator, &approver, incident, &docker, &container).await?;
        if turn > 0 {
            raw.push(a);
            ours.push(b);
            ratios.push(b / a);
            first.push(effect);
            dockers.push(own);
        }
    }
    let ratio = median(&mut ratios);
    let effect = median(&mut first);
    Ok(vec![
        Measured {
            what: "`docker restart` as a step, start to outcome in the event stream, against the raw API",
            value: format!("{ratio:.3} ({:.0} ms against {:.0} ms)", median(&mut ours), median(&mut raw)),
            goal: "≤ 1.05",
            met: ratio <= 1.05,
        },
        Measured {
            what: "approval (its commit) to first effect on the host, p50",
            value: format!("{effect:.1} ms (of which Docker's own, raw: {:.1} ms)", median(&mut dockers)),
            goal: "< 20 ms",
            met: effect < 20.0,
        },
    ])
}

/// Milliseconds from the step's start to its outcome in the stream, and from the approval to Docker's first signal.
async fn run_once(
    muster: &Muster,
    operator: &Persona,
    approver: &Persona,
    incident: i64,
    docker: &Docker,
    container: &str,
) -> Result<(f64, f64)> {
    let request = RunRequestIn::of("restart-only");
    let run = operator.api.request_run(incident, &request, &uuid::Uuid::new_v4().to_string()).await?;
    let view = until(operator, run.number, |v| v.state == RunState::AwaitingApproval).await?;
    let mut stream = Events::open(&operator.http, None).await?;
    stream.next().await.context("the greeting")?;
    let mut signals = signals(docker, container).await;
    let content = view.content.context("a resolved run has content")?;
    // An approval is one once it is committed: that is when Postgres passes its call on.
    let mut calls = Listener::connect(&muster.store, Channel::Job).await?;
    let approved = tokio::spawn(async move { calls.recv().await.map(|()| Timestamp::new(OffsetDateTime::now_utc())) });
    approver.api.decide(run.number, &DecisionIn { approve: true, reason: None, content }).await?;
    let signal = next_signal(&mut signals).await?;
    until(operator, run.number, |v| !v.state.live()).await?;
    let log = muster.store.run_events(run.id).await?;
    let at = |wanted: &dyn Fn(&RunEvent) -> bool| {
        log.iter().find(|r| wanted(&r.event)).map(|r| r.at).context("the log lacks an event")
    };
    let decided = approved.await??;
    let begun = at(&|e| matches!(e, RunEvent::StepStarted { .. }))?;
    let ended = at(&|e| matches!(e, RunEvent::StepEnded { .. }))?;
    let seen = loop {
        let event = stream.next().await.context("no event told of the outcome")?;
        if event.name == "run" && event.at >= ended {
            break event;
        }
    };
    Ok((ms(begun, seen.at), signal - unix_ms(decided)))
}

/// Docker's own account of the signals it sends to the container: when, in milliseconds since 1970.
async fn signals(docker: &Docker, container: &str) -> mpsc::UnboundedReceiver<f64> {
    let filters = std::collections::HashMap::from([("container", vec![container]), ("event", vec!["kill"])]);
    let mut events = docker.events(Some(EventsOptionsBuilder::new().filters(&filters).build()));
    let (tell, told) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Some(Ok(event)) = events.next().await {
            if event.time_nano.is_some_and(|at| tell.send(at as f64 / 1e6).is_err()) {
                return;
            }
        }
    });
    // The stream asks Docker when it is first polled.
    tokio::time::sleep(Duration::from_millis(50)).await;
    told
}

async fn next_signal(signals: &mut mpsc::UnboundedReceiver<f64>) -> Result<f64> {
    tokio::time::timeout(Duration::from_secs(20), signals.recv()).await?.context("no signal")
}

fn unix_ms(at: Timestamp) -> f64 {
    at.inner().unix_timestamp_nanos() as f64 / 1e6
}

fn ms(from: Timestamp, to: Timestamp) -> f64 {
    (to.inner() - from.inner()).as_seconds_f64() * 1000.0
}

pub(crate) async fn until(person: &Persona, run: i64, wanted: impl Fn(&RunView) -> bool) -> Result<RunView> {
    loop {
        let view = person.api.run(run).await?;
        if wanted(&view) {
            return Ok(view);
        }
        anyhow::ensure!(view.state.live(), "the run ended as {:?}: {:?}", view.state, view.reason);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
