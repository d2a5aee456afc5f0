//! Runs in line for one target, who goes first, and going on where a run ended half way; over HTTP, on a simulated host.

use shared::{
    api::{
        client::CallError,
        error::ErrorCode,
        incident::ResolveIn,
        run::{AnswerIn, PriorityIn, RunRequestIn, RunView, WithdrawIn},
    },
    domain::run::{Answer, Priority, RunState, StepState},
};
use tests::scene::{PROCEDURE, Scene, decide, message, refused};
use uuid::Uuid;
use worker::host::{
    HostError,
    simulated::{Fault, Op},
};

async fn ask(scene: &Scene, incident: i64, body: &RunRequestIn) -> Result<RunView, CallError> {
    scene.operator.api.request_run(incident, body, &Uuid::new_v4().to_string()).await
}

fn waiting() -> RunRequestIn {
    RunRequestIn { wait: true, ..RunRequestIn::of(PROCEDURE) }
}

async fn withdraw(scene: &Scene, run: i64) {
    scene.operator.api.withdraw(run, &WithdrawIn { reason: message("not needed") }).await.unwrap();
}

#[tokio::test]
async fn runs_wait_in_line_and_are_called_by_priority_then_by_age() {
    let scene = Scene::set().await.unwrap();
    let _worker = scene.worker();
    let first = scene.waiting().await.unwrap();
    let incident = first.incident;
    let busy = refused(ask(&scene, incident, &RunRequestIn::of(PROCEDURE)).await);
    assert_eq!(busy.code, ErrorCode::TargetBusy);
    let mut line = vec![];
    for _ in 0..3 {
        let run = ask(&scene, incident, &waiting()).await.unwrap();
        assert_eq!(run.state, RunState::Waiting);
        line.push(run.number);
    }
    let last = scene.operator.api.run(line[2]).await.unwrap();
    let place = last.place.unwrap();
    assert_eq!((place.behind, place.before), (Some(first.number), vec![line[0], line[1]]));
    // Nothing is looked at or decided while it waits.
    assert!(last.resolution.is_none());
    let ahead = PriorityIn { priority: Priority::High };
    assert_eq!(refused(scene.responder.api.prioritise(line[2], &ahead).await).code, ErrorCode::Forbidden);
    let moved = scene.operator.api.prioritise(line[2], &ahead).await.unwrap();
    assert_eq!((moved.priority, moved.place.unwrap().before), (Priority::High, vec![]));

    withdraw(&scene, first.number).await;
    scene.until(line[2], RunState::AwaitingApproval).await.unwrap();
    for other in &line[..2] {
        assert_eq!(scene.operator.api.run(*other).await.unwrap().state, RunState::Waiting);
    }
    withdraw(&scene, line[2]).await;
    let called = scene.until(line[0], RunState::AwaitingApproval).await.unwrap();
    scene.consent(&called).await.unwrap();
    scene.until(line[0], RunState::Succeeded).await.unwrap();
    scene.until(line[1], RunState::AwaitingApproval).await.unwrap();
    assert_eq!(refused(scene.operator.api.prioritise(line[0], &ahead).await).code, ErrorCode::NotNow);
}

#[tokio::test]
async fn whoever_waits_for_nothing_any_more_leaves_the_line_by_themselves() {
    let scene = Scene::set().await.unwrap();
    let _worker = scene.worker();
    let first = scene.waiting().await.unwrap();
    let second = ask(&scene, first.incident, &waiting()).await.unwrap();
    let resolve = ResolveIn { text: message("it came back by itself"), public_text: None, notify: true, despite: None };
    scene.responder.api.resolve(first.incident, &resolve).await.unwrap();
    withdraw(&scene, first.number).await;
    let gone = scene.until(second.number, RunState::Withdrawn).await.unwrap();
    assert!(gone.reason.unwrap().contains("resolved"));
}

/// The same target and the same moment: one is live, all others wait, none is lost.
#[tokio::test]
async fn thirty_who_come_at_once_are_one_run_and_twenty_nine_in_line() {
    let scene = Scene::set().await.unwrap();
    let incident = scene.declared().await.unwrap().number;
    let body = waiting();
    let asked = (0..30).map(|_| ask(&scene, incident, &body));
    let runs = futures::future::join_all(asked).await;
    let states: Vec<_> = runs.into_iter().map(|run| run.unwrap().state).collect();
    assert_eq!(states.iter().filter(|s| **s == RunState::Resolving).count(), 1, "{states:?}");
    assert_eq!(states.iter().filter(|s| **s == RunState::Waiting).count(), 29);
}

/// Stopped in its third step of five.
async fn stopped(scene: &Scene) -> RunView {
    scene.host.fault(Op::Restart, Fault::Fails(HostError::Refused("the image is broken".into())));
    let run = scene.approved().await.unwrap();
    scene.until(run.number, RunState::Asking).await.unwrap();
    let stop = AnswerIn { step: 3, answer: Answer::Stop { reason: "the image is broken".into() } };
    scene.operator.api.answer(run.number, &stop).await.unwrap()
}

fn going_on(run: &RunView) -> RunRequestIn {
    RunRequestIn { resumes: Some(run.number), ..RunRequestIn::of(PROCEDURE) }
}

#[tokio::test]
async fn a_new_run_goes_on_from_the_first_step_that_was_not_done() {
    let scene = Scene::set().await.unwrap();
    let _worker = scene.worker();
    let before = stopped(&scene).await;
    assert_eq!(before.state, RunState::Stopped);
    let run = ask(&scene, before.incident, &going_on(&before)).await.unwrap();
    assert_eq!(run.resumes, Some(before.number));
    let run = scene.until(run.number, RunState::AwaitingApproval).await.unwrap();
    // What people consent to is what is left.
    let meant: Vec<_> = run.resolution.as_ref().unwrap().steps.iter().map(|step| step.number).collect();
    assert_eq!(meant, [3, 4, 5]);
    decide(&scene.approver, &run, true).await.unwrap();
    let done = scene.until(run.number, RunState::Succeeded).await.unwrap();
    assert_eq!(done.steps.iter().map(|step| step.attempts).collect::<Vec<_>>(), [0, 0, 1, 1, 1]);
    let StepState::Succeeded { evidence } = &done.steps[0].state else { panic!("{:?}", done.steps) };
    assert!(evidence.starts_with(&format!("In run {}: ", before.number)), "{evidence}");
}

#[tokio::test]
async fn what_cannot_be_gone_on_from_says_why() {
    let scene = Scene::set().await.unwrap();
    let _worker = scene.worker();
    let run = scene.approved().await.unwrap();
    let run = scene.until(run.number, RunState::Succeeded).await.unwrap();
    let ended = refused(ask(&scene, run.incident, &going_on(&run)).await);
    assert!(ended.code == ErrorCode::NotNow && ended.message.contains("not stopped half way"), "{ended:?}");
    let other = RunRequestIn { resumes: Some(9999), ..RunRequestIn::of(PROCEDURE) };
    assert_eq!(refused(ask(&scene, run.incident, &other).await).code, ErrorCode::NotFound);
}

/// The database says that a step is done which no run has done: the worker looks at the log of that run.
#[tokio::test]
async fn a_row_that_leaves_out_more_than_was_done_is_refused_by_the_worker() {
    let scene = Scene::set().await.unwrap();
    let mut worker = scene.worker();
    let before = stopped(&scene).await;
    worker.stop().await;
    let run = ask(&scene, before.incident, &going_on(&before)).await.unwrap();
    let done = r#"UPDATE run SET header = jsonb_set(header, '{resumes,done,3}', '{"state": "succeeded", "evidence": "x"}')
                  WHERE number = $1"#;
    sqlx::query(done).bind(run.number).execute(&scene.pool().await.unwrap()).await.unwrap();
    let _back = scene.worker();
    let run = scene.until_run(run.number, |run| run.state != RunState::Resolving).await.unwrap();
    scene.consent(&run).await.unwrap();
    let run = scene.until_run(run.number, |run| !run.state.live()).await.unwrap();
    assert!(run.reason.clone().unwrap().contains("what it leaves out is not what run"), "{:?}", run.reason);
    assert!(scene.host.effects().is_empty(), "{:?}", scene.host.effects());
}
