//! The Docker engine itself is killed or stopped in the middle of a step and comes back (R7). An engine of the test's own: nobody
//! else lives on it. What the step says must be what the engine says afterwards.

use std::{sync::Arc, time::Duration};

use shared::{
    api::run::RunView,
    domain::run::{Answer, RunState, StepState},
};
use tests::{
    engine::{Engine, STILL},
    muster::{RunningWorker, worker_config},
    programs::Scratch,
};
use worker::{Timing, config::Config, host::docker::DockerHost};

use super::{
    desk::{Desk, step_begun},
    stray::{HEAL, new_project, plan},
};

fn worker(desk: &Desk, engine: &Engine, config: Config) -> RunningWorker {
    let host = Arc::new(DockerHost::new(&engine.socket(), "127.0.0.1"));
    desk.muster.worker_as(config, host, Timing::default())
}

/// Approved, and its step begun a second ago.
async fn in_the_middle(desk: &Desk) -> RunView {
    let view = desk.resolved(HEAL).await;
    desk.approve(&view).await;
    desk.logged(&view, step_begun(1)).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let now = desk.operator.api.run(view.number).await.unwrap();
    assert_eq!(now.state, RunState::Running, "it was not in the middle: {:?}", now.steps);
    now
}

/// It does not end when it is asked to, so that the engine waits in the middle of the restart.
const STUBBORN: [&str; 2] = ["--stop-timeout", "20"];

#[tokio::test(flavor = "multi_thread")]
async fn the_engine_is_killed_in_the_middle_of_a_restart() {
    let mut engine = Engine::start().unwrap();
    let project = new_project();
    let id = engine.run(&project, "validator1", &STUBBORN, &[]).unwrap();
    let desk = Desk::open(&plan("", &["docker-compose restart validator1"]), &project).await;
    let _worker = worker(&desk, &engine, worker_config(&project));
    let before = engine.started_at(&id).unwrap();
    let view = in_the_middle(&desk).await;
    engine.kill().unwrap();
    engine.come_back().unwrap();
    // It takes in what it had left: the container ends, and nobody starts it.
    let view = desk.ended(view.number).await;
    assert_eq!(engine.started_at(&id).unwrap(), before);
    let state = engine.docker(&["inspect", "-f", "{{.State.Status}}", &id]).unwrap();
    assert_eq!((view.state, state.as_str()), (RunState::Asking, "exited"), "{:?}", view.steps);
    let why = view.question.clone().unwrap().why;
    assert!(why.starts_with("could not restart ") && why.contains("It is now exited"), "{why}");

    desk.answer(&view, Answer::Retry).await;
    let view = desk.until(view.number, "over", |v| v.state == RunState::Succeeded).await;
    assert_eq!(view.steps[0].attempts, 2);
    assert_ne!(engine.started_at(&id).unwrap(), before);
}

/// Its policy starts it again when the engine is back: that is a restart too, and there is no second one.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_engine_restarts_when_it_comes_back_is_not_restarted_again() {
    let mut engine = Engine::start().unwrap();
    let project = new_project();
    let id = engine.run(&project, "validator1", &[&STUBBORN[..], &["--restart", "always"]].concat(), &[]).unwrap();
    let desk = Desk::open(&plan("", &["docker-compose restart validator1"]), &project).await;
    let _worker = worker(&desk, &engine, worker_config(&project));
    let before = engine.started_at(&id).unwrap();
    let view = in_the_middle(&desk).await;
    engine.kill().unwrap();
    engine.come_back().unwrap();
    let view = desk.ended(view.number).await;
    assert_eq!(view.state, RunState::Succeeded, "{:?} {:?}", view.reason, view.question);
    let StepState::Succeeded { evidence } = &view.steps[0].state else { panic!("{:?}", view.steps) };
    assert!(evidence.ends_with("although Docker did not answer meanwhile"), "{evidence}");
    let after = engine.started_at(&id).unwrap();
    assert_ne!(after, before);
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(engine.started_at(&id).unwrap(), after, "no second restart");
}

/// What a program has done by then nobody can tell from outside: a person is asked, and nothing is begun again by itself.
#[tokio::test(flavor = "multi_thread")]
async fn the_engine_is_stopped_while_a_program_runs() {
    let mut engine = Engine::start().unwrap();
    let project = new_project();
    let id = engine.run(&project, "validator1", &[], &[]).unwrap();
    let line = "docker compose exec validator1 sh -c 'echo begun >> /ledger; sleep 30; echo done >> /ledger'";
    let desk = Desk::open(&plan("", &[line]), &project).await;
    let _worker = worker(&desk, &engine, worker_config(&project));
    let view = in_the_middle(&desk).await;
    engine.stop().unwrap();
    engine.come_back().unwrap();
    let view = desk.ended(view.number).await;
    assert_eq!(view.state, RunState::Asking);
    assert!(matches!(view.steps[0].state, StepState::Unknown { .. }), "{:?}", view.steps);
    let why = view.question.clone().unwrap().why;
    assert!(why.contains("nobody heard how it ended"), "{why}");
    tokio::time::sleep(Duration::from_secs(2)).await;
    engine.docker(&["start", &id]).unwrap();
    assert_eq!(engine.docker(&["exec", &id, "cat", "/ledger"]).unwrap(), "begun", "once, and not to its end");
    assert_eq!(desk.operator.api.run(view.number).await.unwrap().steps[0].attempts, 1);
}

/// Compose is in the middle of replacing a container; it fails, the step says so, and a second time it finishes the work.
#[tokio::test(flavor = "multi_thread")]
async fn the_engine_is_killed_while_compose_works() {
    let mut engine = Engine::start().unwrap();
    let project = new_project();
    let directory = Scratch::new().unwrap();
    let text = |seconds: u32| {
        format!(
            "version: \"3.8\"\nservices:\n  validator1: {{ image: \"{STILL}\", command: [sleep, \"{seconds}\"], network_mode: none, \
             stop_grace_period: 20s }}\n"
        )
    };
    let file = directory.file("docker-compose.yml", text(600)).unwrap();
    let desk = Desk::open(&plan("", &["docker compose up -d"]), &project).await;
    let compose_files = [(project.clone(), file)].into();
    let _worker = worker(&desk, &engine, Config { compose_files, ..worker_config(&project) });
    let view = desk.resolved(HEAL).await;
    desk.approve(&view).await;
    assert_eq!(desk.ended(view.number).await.state, RunState::Succeeded);
    let old = engine.docker(&["ps", "-q", "--no-trunc"]).unwrap();

    directory.file("docker-compose.yml", text(601)).unwrap();
    let view = desk.resolved(HEAL).await;
    desk.approve(&view).await;
    desk.logged(&view, step_begun(1)).await;
    // Compose itself takes a while to come to it.
    tokio::time::sleep(Duration::from_secs(5)).await;
    engine.kill().unwrap();
    engine.come_back().unwrap();
    let view = desk.ended(view.number).await;
    assert_eq!(view.state, RunState::Asking, "{:?}", view.steps);
    assert!(matches!(view.steps[0].state, StepState::Failed { .. }), "{:?}", view.steps);
    assert!(view.question.clone().unwrap().why.starts_with("Compose ended with exit code"), "{:?}", view.question);
    desk.answer(&view, Answer::Retry).await;
    let view = desk.until(view.number, "over", |v| v.state == RunState::Succeeded).await;
    assert_eq!(view.steps[0].attempts, 2);
    let new = engine.docker(&["ps", "-q", "--no-trunc"]).unwrap();
    assert!(!new.is_empty() && new != old && !new.contains('\n'), "{old} {new}");
}
