//! Workers whose clocks are ten minutes fast and ten minutes slow (R4): leases and consent go by the database's clock, so neither
//! notices. The shipped program, under a library that lies to it about the time.

use std::time::Duration;

use shared::domain::run::{RunEvent, RunState};
use tests::engine::Engine;

use super::{
    desk::{Desk, step_begun},
    process::WorkerProcess,
    stray::{HEAL, new_project, plan},
};

/// Longer than a lease of 15 s.
const LONG: &str = "docker compose exec validator1 sleep 18";

fn shifted(desk: &Desk, project: &str, engine: &Engine, by: &str, name: &str) -> WorkerProcess {
    let library = library();
    let lie = [
        ("LD_PRELOAD", library.as_str()),
        ("FAKETIME", by),
        // A wrong clock on the wall ticks as fast as a right one.
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
        ("MUSTER_WORKER_NAME", name),
    ];
    WorkerProcess::start_with(&desk.muster.database.worker_url, project, &engine.socket(), &lie)
}

fn library() -> String {
    let all = std::fs::read_dir("/usr/lib").unwrap().flatten();
    let mut found = all.map(|entry| entry.path().join("faketime/libfaketime.so.1")).filter(|path| path.is_file());
    found.next().expect("libfaketime is not installed: sudo apt-get install libfaketime").display().to_string()
}

/// It tells the time it believes in at the beginning of its log's lines.
async fn believes(worker: &WorkerProcess) -> time::OffsetDateTime {
    for _ in 0..200 {
        let log = worker.log();
        let word = log.split_whitespace().next().unwrap_or_default();
        if let Ok(at) = time::OffsetDateTime::parse(word, &time::format_description::well_known::Rfc3339) {
            return at;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it does not say what time it is: {}", worker.log());
}

async fn expires_after(desk: &Desk, seconds: i32) {
    let pool = sqlx::PgPool::connect(&desk.muster.database.url).await.unwrap();
    let change = "UPDATE run SET header = jsonb_set(header, '{policy,expires_seconds}', to_jsonb($1::integer))";
    sqlx::query(change).bind(seconds).execute(&pool).await.unwrap();
}

/// One is ten minutes ahead and works longer than a lease; one is ten minutes behind and waits. Neither thinks that the lease is
/// over, and consent of five minutes is not over for the one that is ahead.
#[tokio::test(flavor = "multi_thread")]
async fn neither_takes_over_what_the_other_holds() {
    let engine = Engine::start().unwrap();
    let project = new_project();
    engine.run(&project, "validator1", &[], &[]).unwrap();
    let desk = Desk::open(&plan("", &[LONG]), &project).await;
    let ahead = shifted(&desk, &project, &engine, "+600", "ahead");
    let view = desk.resolved(HEAL).await;
    expires_after(&desk, 300).await;
    let really = time::OffsetDateTime::now_utc();
    let off = (believes(&ahead).await - really).whole_seconds();
    assert!((570..=630).contains(&off), "its clock is {off} s off: {}", ahead.log());
    let behind = shifted(&desk, &project, &engine, "-600", "behind");
    desk.approve(&view).await;
    desk.logged(&view, step_begun(1)).await;
    let off = (believes(&behind).await - really).whole_seconds();
    assert!((-630..=-540).contains(&off), "its clock is {off} s off: {}", behind.log());
    let view = desk.ended(view.number).await;
    assert_eq!(view.state, RunState::Succeeded, "{:?} {:?}", view.reason, view.question);
    let log = desk.muster.store.run_events(view.id).await.unwrap();
    let claims = log.iter().filter(|r| matches!(r.event, RunEvent::Claimed { .. })).count();
    assert_eq!((claims, view.steps[0].attempts), (1, 1), "{log:?}");
    drop((ahead, behind));
}

/// The one that is ahead dies in the middle: the one behind takes over when the lease is over by the database's clock, and not ten
/// minutes later.
#[tokio::test(flavor = "multi_thread")]
async fn a_lease_is_over_when_the_database_says_so() {
    let engine = Engine::start().unwrap();
    let project = new_project();
    engine.run(&project, "validator1", &[], &[]).unwrap();
    let desk = Desk::open(&plan("", &[LONG]), &project).await;
    let ahead = shifted(&desk, &project, &engine, "+600", "ahead");
    let view = desk.resolved(HEAL).await;
    desk.approve(&view).await;
    desk.logged(&view, step_begun(1)).await;
    let behind = shifted(&desk, &project, &engine, "-600", "behind");
    let died = std::time::Instant::now();
    ahead.kill();
    let view = desk.ended(view.number).await;
    let took = died.elapsed().as_secs();
    assert!((5..30).contains(&took), "taken over after {took} s");
    assert_eq!(view.state, RunState::Asking, "what it had begun is unknown: {:?}", view.steps);
    drop(behind);
}

/// Consent that is over is over for a worker whose clock says that it is not.
#[tokio::test(flavor = "multi_thread")]
async fn consent_that_is_over_is_not_used_by_a_slow_clock() {
    let engine = Engine::start().unwrap();
    let project = new_project();
    let id = engine.run(&project, "validator1", &[], &[]).unwrap();
    let desk = Desk::open(&plan("", &["docker-compose restart validator1"]), &project).await;
    let before = engine.started_at(&id).unwrap();
    let looking = shifted(&desk, &project, &engine, "+0", "right");
    let view = desk.resolved(HEAL).await;
    looking.kill();
    desk.approve(&view).await;
    expires_after(&desk, 1).await;
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let behind = shifted(&desk, &project, &engine, "-600", "behind");
    let view = desk.ended(view.number).await;
    assert_eq!(view.state, RunState::Stopped, "{:?}", view.steps);
    assert!(view.reason.as_ref().unwrap().contains("the approval has expired"), "{:?}", view.reason);
    assert_eq!(engine.started_at(&id).unwrap(), before);
    drop(behind);
}
