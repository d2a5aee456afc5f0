//! The brakes over HTTP: cancel, freeze, dry run; with a worker on the simulated host, and one that dies in the middle.

use std::time::Duration;

use shared::{
    api::{
        error::ErrorCode,
        run::{CancelIn, FreezeIn, RunRequestIn, RunView},
    },
    domain::{
        access::Role,
        incident::{IncidentEvent, RunMoment},
        run::{RunState, StepState},
    },
};
use tests::{
    muster::worker_config,
    persona::Persona,
    programs::Scratch,
    scene::{PROCEDURE, PROJECT, QUICK, Scene, decide, eventually, message, plan, refused},
};
use uuid::Uuid;
use worker::{config::Config, host::HttpAnswer};

async fn cancel(person: &Persona, run: i64) -> Result<RunView, shared::api::client::CallError> {
    person.api.cancel(run, &CancelIn { reason: message("the wrong validator") }).await
}

async fn freeze(person: &Persona, frozen: bool) -> Result<bool, shared::api::client::CallError> {
    let reason = frozen.then(|| message("somebody else is at the database"));
    Ok(person.api.freeze(&FreezeIn { frozen, reason }).await?.is_some())
}

fn state(run: &RunView, step: u32) -> &StepState {
    &run.steps.iter().find(|s| s.number == step).unwrap().state
}

/// A run that waits for ever in its last step: validator1's height does not grow.
async fn stuck(scene: &Scene) -> RunView {
    let still = || HttpAnswer { status: 200, body: "# SIMULATED\nsimulated_height 7\n".into(), cut: false };
    scene.host.answer("bt2c-validator1", 8080, move |_| Ok(still()));
    let run = scene.approved().await.unwrap();
    scene.until_run(run.number, |view| matches!(state(view, 5), StepState::Running)).await.unwrap()
}

#[tokio::test]
async fn a_cancelled_run_ends_where_it_is_and_says_what_was_done() {
    let scene = Scene::set().await.unwrap();
    let _worker = scene.worker();
    let run = stuck(&scene).await;
    assert_eq!(refused(cancel(&scene.responder, run.number).await).code, ErrorCode::Forbidden);
    cancel(&scene.operator, run.number).await.unwrap();
    let view = scene.until(run.number, RunState::Cancelled).await.unwrap();
    assert!(view.reason.as_ref().unwrap().ends_with("the wrong validator"), "{:?}", view.reason);
    let done = |step| matches!(state(&view, step), StepState::Succeeded { .. });
    assert!((1..=4).all(done), "{:?}", view.steps);
    let StepState::Failed { reason } = state(&view, 5) else { panic!("{:?}", state(&view, 5)) };
    assert!(reason.contains("cancelled"), "{reason}");
    let timeline = scene.operator.api.incident(run.incident).await.unwrap().timeline;
    let told: Vec<_> = timeline
        .iter()
        .filter_map(|entry| match &entry.event {
            IncidentEvent::Run { moment, text, .. } => Some((*moment, text.as_str())),
            _ => None,
        })
        .collect();
    assert!(told.contains(&(RunMoment::CancelAsked, "the wrong validator")), "{told:?}");
    assert!(told.iter().any(|(m, text)| *m == RunMoment::Cancelled && text.starts_with("4 of 5 steps are done")));
    for action in ["run.cancel-asked", "run.cancelled"] {
        let audited = scene.muster.store.audit_list(None, 100).await.unwrap();
        assert!(audited.iter().any(|e| e.entry.action == action), "{action}");
    }
    assert_eq!(refused(cancel(&scene.operator, run.number).await).code, ErrorCode::NotNow);
    scene.request(run.incident).await.expect("the target is free again");
}

/// The worker that was told dies; the next one brings it to its end and begins nothing.
#[tokio::test]
async fn a_run_is_cancelled_although_its_worker_dies() {
    let scene = Scene::set().await.unwrap();
    let worker = scene.quick_worker();
    let run = stuck(&scene).await;
    worker.kill();
    let view = cancel(&scene.operator, run.number).await.unwrap();
    assert_eq!(view.state, RunState::Cancelling);
    let effects = scene.host.effects().len();
    let _other = scene.quick_worker();
    let view = scene.until(run.number, RunState::Cancelled).await.unwrap();
    assert_eq!(scene.host.effects().len(), effects);
    assert!(view.steps.iter().all(|s| s.attempts <= 1), "{:?}", view.steps);
}

/// Cancelled in the middle of what cannot be taken back: it is *cancelling* until the whole process group is gone, and then nobody
/// claims to know what became of it.
#[tokio::test]
async fn a_script_is_cancelled_with_its_grandchildren_and_stays_unknown() {
    let text = plan().unwrap().replace("docker-compose restart validator1", "./scripts/slow.sh");
    let scene = Scene::with_plan(&text).await.unwrap();
    let scratch = Scratch::new().unwrap();
    let scripts = scratch.path().join("scripts");
    std::fs::create_dir(&scripts).unwrap();
    let (script, pids) = (scripts.join("slow.sh"), scratch.path().join("pids"));
    // The grandchild does not go when asked.
    let lines =
        "sh -c 'trap \"\" TERM; echo $$ >> \"$PIDS\"; while :; do sleep 0.2; done' &\necho $$ >> \"$PIDS\"\nwait\n";
    std::fs::write(&script, format!("#!/bin/sh\n{lines}")).unwrap();
    std::fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let config = Config {
        scripts: Some(scripts),
        script_env: [("PIDS".to_owned(), pids.display().to_string())].into(),
        ..worker_config(PROJECT)
    };
    let _worker = scene.muster.worker_as(config, scene.host.clone(), QUICK);
    let run = scene.approved().await.unwrap();
    let began = || std::fs::read_to_string(&pids).unwrap_or_default();
    eventually("both run", async || began().lines().count() == 2).await.unwrap();
    let alive = |pid: &str| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        !stat.is_empty() && !stat.contains(") Z ")
    };
    assert!(began().lines().all(alive));
    cancel(&scene.operator, run.number).await.unwrap();
    let view =
        scene.until_run(run.number, |view| view.state != RunState::Cancelling || !began().lines().any(alive)).await;
    assert!(!began().lines().any(alive), "not cancelled before all of it is gone: {view:?}");
    let view = scene.until(run.number, RunState::Cancelled).await.unwrap();
    let StepState::Unknown { reason } = state(&view, 3) else { panic!("{:?}", view.steps) };
    assert!(reason.contains("cancelled in the middle") && reason.contains("killed"), "{reason}");
    assert!(matches!(state(&view, 4), StepState::Pending), "nothing more was begun");
}

#[tokio::test]
async fn a_hundred_cancels_at_once_are_one() {
    let scene = Scene::set().await.unwrap();
    let _worker = scene.worker();
    let run = stuck(&scene).await;
    let answers = futures::future::join_all((0..100).map(|_| cancel(&scene.operator, run.number))).await;
    assert_eq!(answers.iter().filter(|a| a.is_ok()).count(), 1);
    scene.until(run.number, RunState::Cancelled).await.unwrap();
}

#[tokio::test]
async fn nothing_is_begun_while_everything_is_frozen() {
    let scene = Scene::set().await.unwrap();
    let _worker = scene.quick_worker();
    let run = scene.waiting().await.unwrap();
    let silent = FreezeIn { frozen: true, reason: None };
    assert_eq!(refused(scene.operator.api.freeze(&silent).await).code, ErrorCode::Invalid);
    let viewer = scene.muster.persona(Role::Viewer).await.unwrap();
    assert_eq!(refused(freeze(&viewer, true).await).code, ErrorCode::Forbidden);
    assert!(freeze(&scene.approver, true).await.unwrap());
    assert_eq!(refused(freeze(&scene.approver, true).await).code, ErrorCode::NotNow);
    decide(&scene.approver, &run, true).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let view = scene.operator.api.run(run.number).await.unwrap();
    assert_eq!(view.state, RunState::Queued);
    assert_eq!(view.frozen.unwrap().reason, "somebody else is at the database");
    assert!(scene.host.effects().is_empty());
    assert!(!freeze(&scene.operator, false).await.unwrap());
    scene.until(run.number, RunState::Succeeded).await.unwrap();
}

#[tokio::test]
async fn a_run_that_goes_on_stops_before_its_next_step_and_goes_on_later() {
    let scene = Scene::set().await.unwrap();
    let _worker = scene.quick_worker();
    scene.host.set_delay(Duration::from_millis(700));
    let run = scene.approved().await.unwrap();
    scene.until_run(run.number, |view| matches!(state(view, 3), StepState::Running)).await.unwrap();
    freeze(&scene.operator, true).await.unwrap();
    scene.host.set_delay(Duration::ZERO);
    eventually("the worker lets go", || async {
        scene.operator.api.run(run.number).await.unwrap().worker_silent_seconds.is_none()
    })
    .await
    .unwrap();
    let before = scene.operator.api.run(run.number).await.unwrap();
    let open = before.steps.iter().filter(|s| s.state == StepState::Pending).count();
    assert!(open == 2 && before.state == RunState::Running, "{:?}", before.steps);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(scene.operator.api.run(run.number).await.unwrap().steps, before.steps);
    freeze(&scene.operator, false).await.unwrap();
    let view = scene.until(run.number, RunState::Succeeded).await.unwrap();
    assert!(view.steps.iter().all(|s| s.attempts == 1), "{:?}", view.steps);
}

#[tokio::test]
async fn a_dry_run_looks_everything_up_and_does_nothing() {
    let scene = Scene::set().await.unwrap();
    let _worker = scene.worker();
    // Beside a run that is live on the same target.
    let live = scene.waiting().await.unwrap();
    let body = RunRequestIn {
        procedure: PROCEDURE.into(),
        parameters: Default::default(),
        dry_run: true,
        ..RunRequestIn::default()
    };
    let dry = scene.operator.api.request_run(live.incident, &body, &Uuid::new_v4().to_string()).await.unwrap();
    let dry = scene.until(dry.number, RunState::DryRun).await.unwrap();
    assert_eq!(dry.resolution.as_ref().unwrap().digest(), live.resolution.as_ref().unwrap().digest());
    assert!(dry.dry_run && dry.ended_at.is_some() && dry.steps.iter().all(|s| s.state == StepState::Pending));
    assert_eq!(refused(decide(&scene.approver, &dry, true).await).code, ErrorCode::NotNow);
    assert!(scene.host.effects().is_empty());
    assert_eq!(scene.operator.api.run(live.number).await.unwrap().state, RunState::AwaitingApproval);
}
