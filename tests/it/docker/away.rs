//! Docker is not there, or goes away in the middle: a clear sentence, nothing half done, and steps that end in their true state.

use std::{sync::Arc, time::Duration};

use shared::domain::run::{Answer, RunState, StepState};
use worker::{Timing, host::docker::DockerHost};

use super::{
    desk::{Desk, now, starts_since},
    proxy::{Hold, Proxy, restart},
    stray::{HEAL, Stray, new_project, plan},
};

const RESTART: &str = "docker-compose restart validator1";
const DEAD: &str = "unix:///nowhere/docker.sock";

fn dead_worker(desk: &Desk, project: &str) -> tests::muster::RunningWorker {
    desk.muster.worker(Arc::new(DockerHost::new(DEAD, "127.0.0.1")), project, Timing::default())
}

#[tokio::test(flavor = "multi_thread")]
async fn without_docker_nothing_can_be_approved() {
    let project = new_project();
    let desk = Desk::open(&plan("", &[RESTART]), &project).await;
    let _worker = dead_worker(&desk, &project);
    let view = desk.request(HEAL).await;
    let view = desk.ended(view.number).await;
    assert_eq!(view.state, RunState::Unresolvable);
    let reason = view.reason.unwrap();
    let expected = "Docker at unix:///nowhere/docker.sock does not answer: there is no socket /nowhere/docker.sock. \
                    Nothing was done. Start Docker and request the run again.";
    assert_eq!(reason, expected);
    assert!(view.content.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_docker_what_was_approved_is_not_begun() {
    let project = new_project();
    let own = Stray::run(&project, "validator1", &[]);
    let desk = Desk::open(&plan("", &[RESTART]), &project).await;
    let worker = desk.muster.docker_worker(&project).await.unwrap();
    let view = desk.resolved(HEAL).await;
    drop(worker);
    let since = now();
    desk.approve(&view).await;
    let _worker = dead_worker(&desk, &project);
    let view = desk.ended(view.number).await;
    assert_eq!(view.state, RunState::Stopped);
    let reason = view.reason.unwrap();
    assert!(reason.contains("there is no socket") && reason.contains("Nothing was done"), "{reason}");
    assert!(view.steps.iter().all(|s| s.state == StepState::Pending));
    assert_eq!(starts_since(&own.id, &since), 0);
}

/// The command arrived, the answer did not: what counts is how the container is when Docker is back.
#[tokio::test(flavor = "multi_thread")]
async fn docker_gone_after_the_command_ends_in_success_if_it_had_effect() {
    let project = new_project();
    let own = Stray::run(&project, "validator1", &[]);
    let desk = Desk::open(&plan("", &[RESTART]), &project).await;
    let mut proxy = Proxy::new(Hold::Answer, restart);
    let host = DockerHost::new(&proxy.address(), "127.0.0.1");
    let _worker = desk.muster.worker(Arc::new(host), &project, Timing::default());
    let view = desk.resolved(HEAL).await;
    let since = now();
    desk.approve(&view).await;
    proxy.caught().await;
    proxy.go_away();
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert_eq!(desk.operator.api.run(view.number).await.unwrap().state, RunState::Running);
    proxy.come_back();
    let view = desk.ended(view.number).await;
    assert_eq!(view.state, RunState::Succeeded, "{:?} {:?}", view.reason, view.question);
    let StepState::Succeeded { evidence } = &view.steps[0].state else { panic!("{:?}", view.steps) };
    assert_eq!(*evidence, format!("restarted {}, although Docker did not answer meanwhile", own.name));
    assert_eq!(starts_since(&own.id, &since), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn docker_gone_before_the_command_asks_and_can_be_retried() {
    let project = new_project();
    let own = Stray::run(&project, "validator1", &[]);
    let desk = Desk::open(&plan("", &[RESTART]), &project).await;
    let mut proxy = Proxy::new(Hold::Request, restart);
    let host = DockerHost::new(&proxy.address(), "127.0.0.1");
    let _worker = desk.muster.worker(Arc::new(host), &project, Timing::default());
    let view = desk.resolved(HEAL).await;
    let since = now();
    desk.approve(&view).await;
    proxy.caught().await;
    proxy.go_away();
    tokio::time::sleep(Duration::from_secs(1)).await;
    proxy.come_back();
    let view = desk.ended(view.number).await;
    assert_eq!(view.state, RunState::Asking);
    let why = view.question.clone().unwrap().why;
    assert!(why.starts_with(&format!("could not restart {}: Docker at ", own.name)), "{why}");
    assert!(why.ends_with("It is now running"), "{why}");
    assert_eq!(starts_since(&own.id, &since), 0);

    desk.answer(&view, Answer::Retry).await;
    let view = desk.until(view.number, "over", |v| v.state == RunState::Succeeded).await;
    assert_eq!(view.steps[0].attempts, 2);
    assert_eq!(starts_since(&own.id, &since), 1);
}
