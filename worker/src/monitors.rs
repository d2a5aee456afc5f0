//! Monitors: takes checks that are due, makes them side by side, writes what they found many at a time. Changes nothing on the host, and
//! what follows from a finding is the server's.

mod look;
mod outside;

use std::{sync::Arc, time::Duration};

use shared::domain::monitor::{Finding, next_due};
use store::{CheckDone, DueCheck};
use tokio::{
    sync::mpsc::{self, Receiver, Sender},
    task::JoinSet,
    time::Instant,
};

use self::look::Looker;
use crate::Worker;

/// Checks under way; most wait for somebody's answer.
const AT_ONCE: usize = 200;
/// Longer than a check may take by so much: time to write down what it found.
const LEASE_BEYOND: Duration = Duration::from_secs(15);
/// Between looks for checks that are due, when the next is known to be later; somebody may have added one.
const IDLE: Duration = Duration::from_secs(1);
const SOONEST: Duration = Duration::from_millis(20);
/// Findings written in one transaction, and how long the first of them waits for others.
const BATCH: usize = 500;
const TOGETHER: Duration = Duration::from_millis(100);
/// What could not be written for so long is given up; the checks are made again.
const GIVE_UP: Duration = Duration::from_secs(10);

/// Until the worker stops.
pub(crate) async fn keep_watching(worker: &Worker) {
    let (to, from) = mpsc::channel(BATCH);
    tokio::select! {
        () = worker.stopping.cancelled() => {}
        ((), ()) = async { tokio::join!(keep_claiming(worker, to), keep_settling(worker, from)) } => {}
    }
}

async fn keep_claiming(worker: &Worker, to: Sender<CheckDone>) {
    let looker = Arc::new(Looker::new(worker.host.clone(), worker.config.clone()));
    let mut under_way = JoinSet::new();
    let mut silent = false;
    loop {
        while under_way.try_join_next().is_some() {}
        let free = AT_ONCE - under_way.len().min(AT_ONCE);
        let pause = match claim(worker, free).await {
            Ok((due, pause)) => {
                silent = false;
                for check in due {
                    under_way.spawn(make(looker.clone(), check, to.clone()));
                }
                pause
            }
            Err(error) => {
                if !std::mem::replace(&mut silent, true) {
                    tracing::warn!(%error, "cannot ask for checks that are due; trying on");
                }
                IDLE
            }
        };
        if free == 0 {
            under_way.join_next().await;
        } else {
            tokio::time::sleep(pause).await;
        }
    }
}

/// What is due, and when to ask again.
async fn claim(worker: &Worker, free: usize) -> Result<(Vec<DueCheck>, Duration), store::StoreError> {
    let (name, projects) = (&worker.config.name, &worker.config.projects);
    let stand = worker.stand().await?;
    let here = worker.config.host.as_deref().or(stand.name());
    let most = i64::try_from(free).unwrap_or_default();
    let due = worker.store.monitor_claim(name, projects, here, LEASE_BEYOND, most).await?;
    let next = worker.store.monitor_next_due(projects, here).await?;
    Ok((due, next.map_or(IDLE, |next| next.clamp(SOONEST, IDLE))))
}

async fn make(looker: Arc<Looker>, check: DueCheck, to: Sender<CheckDone>) {
    let begun = Instant::now();
    let definition = &check.definition.in_force(check.closely);
    let limit = Duration::from_secs(u64::from(definition.timeout_seconds));
    let looked = tokio::time::timeout(limit, looker.look(&check.project, &definition.check, check.claimed_at)).await;
    let took_ms = u32::try_from(begun.elapsed().as_millis()).unwrap_or(u32::MAX);
    let (trouble, value) = match looked {
        Ok(Ok(value)) => (None, value.or_else(|| definition.check.is_timed().then(|| f64::from(took_ms)))),
        Ok(Err(trouble)) => (Some(trouble), None),
        Err(_) => (Some(format!("no answer within {} s", definition.timeout_seconds)), None),
    };
    let finding = Finding { trouble, value, took_ms };
    let (verdict, text) = looker.judge(definition, &finding);
    let at = check.claimed_at.plus_seconds(begun.elapsed().as_secs());
    let standing = check.standing.after(verdict, definition.retries, at);
    let next_due_at = next_due(check.due_at, definition.pause(standing), at);
    let done = CheckDone { at, verdict, text, took_ms, value, standing, next_due_at, check };
    // Nobody listens any more: the worker stops, and the check is made again.
    let _ = to.send(done).await;
}

async fn keep_settling(worker: &Worker, mut from: Receiver<CheckDone>) {
    let mut batch = vec![];
    while from.recv_many(&mut batch, BATCH).await > 0 {
        if batch.len() < BATCH {
            tokio::time::sleep(TOGETHER).await;
            while batch.len() < BATCH
                && let Ok(one) = from.try_recv()
            {
                batch.push(one);
            }
        }
        let begun = Instant::now();
        while let Err(error) = worker.store.monitor_settle(&worker.config.name, &batch).await {
            if begun.elapsed() > GIVE_UP {
                tracing::warn!(%error, n = batch.len(), "what monitors found could not be written; they look again");
                break;
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        batch.clear();
    }
}
