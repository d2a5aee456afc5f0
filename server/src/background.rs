//! What the server does without being asked: follow the log, keep the public pages fresh, end what has run out. Each task has one
//! line here and its work elsewhere.

use std::{future::Future, sync::Arc, time::Duration};

use shared::api::live::Topic;
use store::{Store, StoreError};
use tokio::{
    sync::{Notify, OnceCell},
    task::JoinSet,
};

use crate::{
    AppState,
    app::{
        contact_drill, drill_sweep, expiry, follow_up_remind, forecast, intake, line, maintenance, monitor_change,
        notice, overdue, paging, readiness, scheduled_post, standing_order, status_page,
        unwatched::{self, Looking},
        verification_due,
    },
    error::AppError,
    live, outbox,
    public::copy::{bucket::Bucket, keep::Keep},
};

const SWEEP_EVERY: Duration = Duration::from_secs(3);
const TIDY_EVERY: Duration = Duration::from_secs(600);
/// Events are kept this long for readers that come back.
const KEEP_EVENTS_HOURS: i32 = 48;
/// An alert that has ended and led to nothing. What led to an incident stays as long as the incident.
const KEEP_ALERTS_DAYS: i32 = 90;
/// A file that has not arrived by then will not.
const KEEP_UPLOADS_MINUTES: i32 = 60;
/// What became of letters to subscribers.
const KEEP_LETTERS_DAYS: i32 = 30;

/// The tasks end when the set is dropped or shut down.
pub(crate) fn spawn(state: &AppState) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    let public = state.public.clone();
    // A run has moved: perhaps the line behind it is free.
    let moved = Arc::new(Notify::new());
    let moves = moved.clone();
    // Somebody may have to be called, or something to be sent.
    let (calls, mails) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (called, mailed) = (calls.clone(), mails.clone());
    // A plan has changed: its components have a history from now on.
    let planned = Arc::new(Notify::new());
    let plans = planned.clone();
    tasks.spawn(live::tail(state.store.clone(), state.hub.clone(), move |topic| {
        if shown(topic) {
            public.nudge();
        }
        if matches!(topic, Topic::Plan { .. }) {
            plans.notify_one();
        }
        if matches!(topic, Topic::Run { .. }) {
            moves.notify_one();
        }
        if matches!(topic, Topic::Incident { .. } | Topic::Run { .. } | Topic::Outbox {}) {
            called.notify_one();
        }
        if matches!(topic, Topic::Outbox {}) {
            mailed.notify_one();
        }
    }));
    tasks.spawn(outbox::keep_sending(state.clone(), mails));
    tasks.spawn(outbox::letters::keep_sending(state.clone()));
    let paging = state.clone();
    tasks.spawn(every(Duration::ZERO, move || {
        let (state, calls) = (paging.clone(), calls.clone());
        async move {
            let _ = tokio::time::timeout(SWEEP_EVERY, calls.notified()).await;
            paging::call(&state.store, &state.plans).await.map_err(in_words)?;
            notice::send(&state.store).await.map_err(in_words)
        }
    }));
    tasks.spawn(state.public.clone().keep_fresh(state.store.clone()));
    let bucket = |settings| Keep::Bucket(Box::new(Bucket::new(settings, state.settings.outgoing.clone())));
    let copies = state.settings.status_copy.clone().map(Keep::Directory);
    for keep in copies.into_iter().chain(state.settings.status_bucket.clone().map(bucket)) {
        tasks.spawn(state.public.clone().keep_copy(keep));
    }
    tasks.spawn(state.heads.clone().keep(state.store.clone()));
    let sweeping = state.clone();
    tasks.spawn(every(SWEEP_EVERY, move || {
        let state = sweeping.clone();
        async move { expiry::sweep(&state.store).await.map_err(in_words) }
    }));
    miss_what_is_silent(&mut tasks, state);
    let watching = state.clone();
    tasks.spawn(every(SWEEP_EVERY, move || {
        let state = watching.clone();
        async move { clocks(&state).await.map_err(in_words) }
    }));
    let calling = state.clone();
    tasks.spawn(every(Duration::ZERO, move || {
        let (state, moved) = (calling.clone(), moved.clone());
        async move {
            let _ = tokio::time::timeout(SWEEP_EVERY, moved.notified()).await;
            line::call(&state.store).await.map_err(in_words)
        }
    }));
    let settling = state.clone();
    tasks.spawn(every(Duration::ZERO, move || {
        let (state, planned) = (settling.clone(), planned.clone());
        async move {
            let settled = status_page::settle(&state.store, &state.plans).await.map_err(in_words);
            let pause = if settled.is_ok() { TIDY_EVERY } else { SWEEP_EVERY };
            let _ = tokio::time::timeout(pause, planned.notified()).await;
            settled
        }
    }));
    let tidying = state.clone();
    tasks.spawn(every(TIDY_EVERY, move || {
        let state = tidying.clone();
        async move {
            forget(&state.store).await.map_err(|e| e.to_string())?;
            readiness::note(&state.store, &state.plans).await.map_err(in_words)
        }
    }));
    tasks
}

/// Heartbeats that do not come, and monitors that nobody checks.
fn miss_what_is_silent(tasks: &mut JoinSet<()>, state: &AppState) {
    let missing = state.clone();
    let listening = Arc::new(OnceCell::new());
    tasks.spawn(every(SWEEP_EVERY, move || {
        let state = missing.clone();
        let since = listening.clone();
        async move {
            // By the database's clock, as soon as it answers: who could not be heard is not missed.
            let since = since.get_or_try_init(|| state.store.now()).await.map_err(|e| e.to_string())?;
            intake::miss(&state, *since).await.map_err(in_words)
        }
    }));
    let unchecked = state.clone();
    let looking = Arc::new(Looking::default());
    tasks.spawn(every(SWEEP_EVERY, move || {
        let (state, looking) = (unchecked.clone(), looking.clone());
        async move { unwatched::sweep(&state, &looking).await.map_err(in_words) }
    }));
}

/// Strangers may see something of it.
fn shown(topic: &Topic) -> bool {
    matches!(
        topic,
        Topic::Incident { .. }
            | Topic::Report { .. }
            | Topic::Plan { .. }
            | Topic::StatusPage {}
            | Topic::Maintenance { .. }
    )
}

/// What happens because a time has come. One that fails does not keep the other from happening.
async fn clocks(state: &AppState) -> Result<(), AppError> {
    let store = &state.store;
    let overdue = overdue::sweep(store).await;
    let calls = contact_drill::sweep(store).await;
    let drills = drill_sweep::sweep(state).await;
    let reminded = follow_up_remind::sweep(store).await;
    let posts = scheduled_post::sweep(store).await;
    let maintenance = maintenance::sweep(store).await;
    let monitors = monitor_change::sweep(state).await;
    let verifications = verification_due::sweep(state).await;
    let warned = forecast::warn(store).await;
    let unmuted = intake::unmute(state).await;
    // What the others have just found out may be what an order is for.
    let ordered = standing_order::sweep(state).await;
    let found = ordered.and(unmuted).and(warned).and(monitors).and(verifications);
    found.and(maintenance).and(overdue).and(calls).and(drills).and(posts).and(reminded)
}

/// What is too old to be of use.
async fn forget(store: &Store) -> Result<(), StoreError> {
    store.sessions_delete_expired().await?;
    store.subscribers_forget(KEEP_LETTERS_DAYS).await?;
    store.sign_in_attempts_delete_expired().await?;
    store.alerts_forget(KEEP_ALERTS_DAYS).await?;
    store.uploads_forget(KEEP_UPLOADS_MINUTES).await?;
    store.monitors_forget().await?;
    store.verifications_forget(verification_due::KEEP_DAYS).await?;
    store.live_forget(KEEP_EVENTS_HOURS).await.map(drop)
}

fn in_words(error: AppError) -> String {
    error.cause().unwrap_or(error.message()).to_owned()
}

/// A failure is logged when it begins, not every time.
async fn every<F: Future<Output = Result<(), String>>>(pause: Duration, work: impl Fn() -> F) {
    let mut failing = false;
    loop {
        match work().await {
            Ok(()) => failing = false,
            Err(error) if failing => tracing::debug!(error, "still failing in the background"),
            Err(error) => {
                tracing::warn!(error, "a background task failed and is tried again");
                failing = true;
            }
        }
        tokio::time::sleep(pause).await;
    }
}
