//! Verification of backups: the newest of each place restored on trial, into a container and a directory of its own, and compared with
//! production. One at a time; production is only read.

mod dump;
mod file;
mod psql;
mod scratch;
mod unpack;

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use shared::{
    domain::verification::{Found, Place, State, places, verdict},
    plan::{Plan, compile},
};
use store::{DueVerification, Held, StoreError};
use tokio::time::Instant;

use self::{file::Content, scratch::Room};
use crate::{Worker, safety::backup};

/// Between looks for one that waits.
const IDLE: Duration = Duration::from_secs(1);
/// Between looks for what dead workers left behind.
const SWEEP: Duration = Duration::from_secs(10);
/// A trial over which so many workers died says something about the trial.
const ATTEMPTS: i32 = 3;

/// How far a trial has come, for whoever asks meanwhile.
#[derive(Debug, Default)]
struct Progress {
    doing: String,
    found: Vec<Found>,
}

/// Until the worker stops.
pub(crate) async fn keep_verifying(worker: &Worker) {
    let (mut silent, mut swept) = (false, None::<Instant>);
    while !worker.stopping.is_cancelled() {
        if swept.is_none_or(|at| at.elapsed() > SWEEP) {
            scratch::sweep(worker, None).await;
            swept = Some(Instant::now());
        }
        match one(worker).await {
            Ok(true) => silent = false,
            Ok(false) => {
                silent = false;
                let _ = tokio::time::timeout(IDLE, worker.stopping.cancelled()).await;
            }
            Err(error) => {
                if !std::mem::replace(&mut silent, true) {
                    tracing::warn!(%error, "cannot ask for backups to verify; trying on");
                }
                let _ = tokio::time::timeout(IDLE, worker.stopping.cancelled()).await;
            }
        }
    }
}

/// Takes one and makes it. False if there was none.
async fn one(worker: &Worker) -> Result<bool, StoreError> {
    let stand = worker.stand().await?;
    let here = worker.config.host.as_deref().or(stand.name());
    let (name, lease) = (&worker.config.name, worker.timing.lease);
    let Some(due) = worker.store.verification_claim(name, &worker.config.projects, here, lease).await? else {
        return Ok(false);
    };
    if due.attempt > ATTEMPTS {
        let why = format!("{ATTEMPTS} workers began it and fell silent over it.");
        worker.store.verification_settle(&worker.actor, &due, State::Failed, &why, &[]).await?;
        return Ok(true);
    }
    let room = Room::new(worker, due.id, due.attempt);
    // What an earlier attempt at it left would be in the way.
    scratch::sweep(worker, Some(&room.mark())).await;
    let progress = Mutex::new(Progress::default());
    let limit = Duration::from_secs(u64::from(due.settings.limit_minutes) * 60);
    let ended = tokio::select! {
        made = make(worker, &due, &room, &progress) => Some(match made {
            Ok(()) => None,
            Err(why) => Some((State::Failed, why)),
        }),
        held = hold(worker, &due, &progress) => match held {
            Held::Cancelled => Some(Some((State::Cancelled, "It was cancelled while it was under way.".to_owned()))),
            _ => None,
        },
        () = tokio::time::sleep(limit) => {
            let why = format!("It was not done within {} min.", due.settings.limit_minutes);
            Some(Some((State::Failed, why)))
        }
        // The next worker begins it anew.
        () = worker.stopping.cancelled() => None,
    };
    room.clear().await;
    let Some(ended) = ended else { return Ok(true) };
    let found = std::mem::take(&mut progress.lock().unwrap_or_else(PoisonError::into_inner).found);
    let (state, why) = ended.unwrap_or_else(|| verdict(&found));
    // While it cannot be written down, nobody else makes it, as long as the lease goes; then it is made again.
    worker.store.verification_settle(&worker.actor, &due, state, &why, &found).await?;
    tracing::info!(state = state.name(), why, "backups were restored on trial");
    Ok(true)
}

/// Ends when it is not this worker's any more.
async fn hold(worker: &Worker, due: &DueVerification, progress: &Mutex<Progress>) -> Held {
    let (lease, often) = (worker.timing.lease, worker.timing.heartbeat.min(Duration::from_secs(2)));
    let mut heard = Instant::now();
    loop {
        let doing = progress.lock().unwrap_or_else(PoisonError::into_inner).doing.clone();
        match worker.store.verification_hold(due, lease, &doing).await {
            Ok(Held::Ours) => heard = Instant::now(),
            Ok(held) => return held,
            Err(_) if heard.elapsed() > lease => return Held::Lost,
            Err(_) => {}
        }
        tokio::time::sleep(often).await;
    }
}

/// The error is a sentence: nothing could be tried at all.
async fn make(
    worker: &Worker,
    due: &DueVerification,
    room: &Room<'_>,
    progress: &Mutex<Progress>,
) -> Result<(), String> {
    let version = worker.store.plan_current(due.system).await.map_err(|e| e.to_string())?;
    let plan = compile(&version.ok_or("The system has no plan that would say where its backups lie.")?.source).plan;
    for place in places(&plan) {
        let doing = format!("Restores the newest backup of {}", place.label);
        progress.lock().unwrap_or_else(PoisonError::into_inner).doing = doing;
        let found = try_place(worker, due, room, &plan, &place).await;
        progress.lock().unwrap_or_else(PoisonError::into_inner).found.push(found);
    }
    Ok(())
}

async fn try_place(worker: &Worker, due: &DueVerification, room: &Room<'_>, plan: &Plan, place: &Place) -> Found {
    let config = &worker.config;
    let here = backup::here(config, &place.path);
    let looking = {
        let here = here.clone();
        tokio::task::spawn_blocking(move || file::newest(&here))
    };
    let backup = match looking.await {
        Ok(Ok(backup)) => backup,
        Ok(Err((file, why))) => return Found { file, ..Found::nothing(place, why) },
        Err(error) => return Found::nothing(place, format!("the backups were not looked at: {error}")),
    };
    let mut found = Found { file: Some(backup.seen.clone()), ..Found::nothing(place, String::new()) };
    let (settings, now) = (&due.settings, due.claimed_at);
    let done = match backup.content {
        Content::Archive => match room.directory().await {
            Ok(directory) => {
                let trial = unpack::Trial { config, plan, settings, place, here: &here, directory, now };
                unpack::restore(&trial, backup, &mut found).await
            }
            Err(why) => Err(why),
        },
        Content::Sql | Content::Custom => {
            let (host, project) = (&*worker.host, due.project.as_str());
            let trial = dump::Trial { host, project, plan, settings, place, room, now };
            dump::restore(&trial, backup, &mut found).await
        }
    };
    found.verified = done.is_ok();
    found.why = match done {
        Ok(()) => "It could be restored, and holds what it should.".into(),
        Err(why) => why,
    };
    // One after the other has the room to itself.
    room.clear().await;
    found
}
