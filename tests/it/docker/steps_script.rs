//! Scripts for real: what they are given, what ends them, and what becomes of one whose worker is killed.

use std::{
    fs,
    time::{Duration, Instant},
};

use shared::domain::{
    resolution::ObjectKind,
    run::{Answer, RunState, StepState},
};

use super::{
    process::{SOCKET, WorkerProcess},
    steps_stage::{Stage, alive},
    stray::HEAL,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_script_runs_with_the_plans_paths_as_they_are_here() {
    let stage = Stage::new();
    stage.script("restore.sh", "echo \"$MUSTER_PROJECT $1\"; echo \"$@\" >> \"$(dirname $0)/../ran\"; echo restored");
    let desk = stage.desk("", &["./scripts/restore.sh /var/backups/stage/latest.sql 'a b'"]).await;
    let _worker = stage.worker(&desk);
    let view = desk.resolved(HEAL).await;
    let step = &view.resolution.as_ref().unwrap().steps[0];
    let here = stage.path("backups/latest.sql").display().to_string();
    assert!(step.effect.starts_with("Runs restore.sh (sha256 "), "{}", step.effect);
    assert!(step.effect.ends_with(&format!("with {here} 'a b'")) && step.destructive, "{}", step.effect);
    assert!(step.objects.iter().all(|o| o.kind == ObjectKind::File) && step.objects[0].id.len() == 64);
    assert!(!stage.path("ran").exists(), "nothing happens before the approval");
    desk.approve(&view).await;
    let view = desk.ended(view.number).await;
    assert_eq!(view.state, RunState::Succeeded, "{:?} {:?}", view.reason, view.question);
    assert_eq!(view.steps[0].state, StepState::Succeeded { evidence: "restored".into() });
    let lines = desk.output(view.number).await;
    assert_eq!(lines[0].text, format!("{} {here}", stage.project));
    assert_eq!(fs::read_to_string(stage.path("ran")).unwrap(), format!("{here} a b\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_changed_after_the_approval_is_not_run() {
    let stage = Stage::new();
    stage.script("s.sh", ". \"$(dirname $0)/common\"");
    stage.script("common", "true");
    let desk = stage.desk("", &["./scripts/s.sh"]).await;
    let worker = stage.worker(&desk);
    let view = desk.resolved(HEAL).await;
    drop(worker);
    stage.script("common", "touch \"$(dirname $0)/../ran\"");
    desk.approve(&view).await;
    let _worker = stage.worker(&desk);
    let view = desk.ended(view.number).await;
    assert_eq!(view.state, RunState::Stopped);
    let reason = view.reason.unwrap();
    assert!(reason.contains("step 1 would now touch") && reason.contains("Nothing was done"), "{reason}");
    assert!(!stage.path("ran").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_that_is_not_there_is_said_before_anybody_is_asked() {
    let stage = Stage::new();
    let desk = stage.desk("", &["./scripts/none.sh"]).await;
    let _worker = stage.worker(&desk);
    let view = desk.request(HEAL).await;
    let view = desk.ended(view.number).await;
    assert_eq!(view.state, RunState::Unresolvable);
    let reason = view.reason.unwrap();
    assert!(reason.starts_with("Step 1 runs the script none.sh, which is not in the worker's directory"), "{reason}");
}

/// The worker is killed (SIGKILL) in the middle of a script with grandchildren: what is left of it is ended by the next worker,
/// the outcome is unknown, and only a person begins it again.
#[tokio::test(flavor = "multi_thread")]
async fn a_script_whose_worker_is_killed_is_ended_and_a_person_decides() {
    let stage = Stage::new();
    let pids = stage.path("pids");
    stage.script(
        "s.sh",
        &format!("sleep 599 & echo $! >> {0}; echo $$ >> {0}; test $MUSTER_ATTEMPT -gt 1 || wait", pids.display()),
    );
    let desk = stage.desk("", &["./scripts/s.sh"]).await;
    let scripts = stage.path("scripts").display().to_string();
    let start = || {
        let more = [("MUSTER_WORKER_SCRIPTS", scripts.as_str())];
        WorkerProcess::start_with(&desk.muster.database.worker_url, &stage.project, SOCKET, &more)
    };
    let worker = start();
    let view = desk.resolved(HEAL).await;
    desk.approve(&view).await;
    let deadline = Instant::now() + Duration::from_secs(30);
    let began = loop {
        let seen = fs::read_to_string(&pids).unwrap_or_default();
        if seen.lines().count() == 2 {
            break seen;
        }
        assert!(Instant::now() < deadline, "it did not begin: {}", worker.log());
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    worker.kill();
    assert!(began.lines().all(alive), "it goes on without its worker");
    let again = start();
    let view = desk.ended(view.number).await;
    assert_eq!(view.state, RunState::Asking, "{:?}\n{}", view.reason, again.log());
    assert!(began.lines().all(|pid| !alive(pid)), "all of it has ended");
    assert!(matches!(view.steps[0].state, StepState::Unknown { .. }), "{:?}", view.steps);
    let why = &view.question.as_ref().unwrap().why;
    assert!(why.contains("Nobody can tell") && why.contains("what was left of it was ended"), "{why}");
    assert_eq!(fs::read_to_string(&pids).unwrap(), began, "it was not begun again");
    desk.answer(&view, Answer::Retry).await;
    let view = desk.until(view.number, "over", |v| v.state == RunState::Succeeded).await;
    assert_eq!(view.steps[0].attempts, 2);
    assert!(fs::read_to_string(&pids).unwrap().lines().all(|pid| !alive(pid)), "nothing is left behind");
}
