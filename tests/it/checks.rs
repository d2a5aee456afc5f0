//! What comes after the last step of a recovery: final checks by machine and by people, and the watch. On the simulated host.

use shared::{
    api::{
        error::ErrorCode,
        run::{CheckIn, RunCommand, RunView},
    },
    domain::{
        access::Role,
        incident::{IncidentEvent, RunMoment},
        run::{RunState, StepState},
    },
};
use tests::{
    persona::Persona,
    scene::{Scene, VALIDATOR1, eventually, message, refused},
};

/// The steps of *Node Failure Recovery*, before its final checks.
const STEPS: usize = 5;

/// Our own plan, whole; its scripts are not on the simulated host.
fn plan() -> String {
    let plan = std::fs::read_to_string(tests::testnet::root().join("plans/bt2c/plan.md")).unwrap();
    plan.replace("watch -n 5", "watch -n 1")
}

async fn recovered(plan: &str) -> (Scene, RunView, tests::muster::RunningWorker) {
    let scene = Scene::with_plan(plan).await.unwrap();
    let worker = scene.quick_worker();
    let run = scene.approved().await.unwrap();
    let run = scene.until(run.number, RunState::Succeeded).await.unwrap();
    (scene, run, worker)
}

async fn check(
    person: &Persona,
    run: i64,
    step: u32,
    note: Option<&str>,
) -> Result<RunView, shared::api::client::CallError> {
    let body = CheckIn { step, holds: note.is_none(), note: note.map(message) };
    person.api.check(run, &body).await
}

fn state(run: &RunView, step: u32) -> &StepState {
    &run.steps.iter().find(|s| s.number == step).unwrap().state
}

async fn told(scene: &Scene, incident: i64, wanted: RunMoment) -> Vec<String> {
    let timeline = scene.operator.api.incident(incident).await.unwrap().timeline;
    let texts = timeline.into_iter().filter_map(|entry| match entry.event {
        IncidentEvent::Run { moment, text, .. } if moment == wanted => Some(text),
        _ => None,
    });
    texts.collect()
}

#[tokio::test]
async fn machines_check_what_they_can_and_people_the_rest() {
    let (scene, run, _worker) = recovered(&plan()).await;
    // Growth and the API by machine; three scripts that are not here and one point without a command by people.
    assert_eq!((run.steps.len(), run.checks_by_hand.as_slice()), (STEPS + 6, &[7, 8, 9, 11][..]));
    for step in [6, 10] {
        assert!(matches!(state(&run, step), StepState::Succeeded { .. }), "{:?}", state(&run, step));
    }
    let why = |n| run.resolution.as_ref().unwrap().steps.iter().find(|s| s.number == n).unwrap().by_hand.clone();
    assert!(why(7).unwrap().contains("health_check.sh"), "{:?}", why(7));
    assert_eq!((why(6), why(11)), (None, None));
    let listed = scene.operator.api.runs(None).await.unwrap().items.remove(0);
    assert_eq!(listed.open_checks, 4);

    // It holds; it does not, and then it does.
    let view = check(&scene.responder, run.number, 11, None).await.unwrap();
    let StepState::Succeeded { evidence } = state(&view, 11) else { panic!("{:?}", state(&view, 11)) };
    assert!(evidence.ends_with("says that it holds"), "{evidence}");
    let view = check(&scene.operator, run.number, 7, Some("heads differ since block 90")).await.unwrap();
    let StepState::Failed { reason } = state(&view, 7) else { panic!("{:?}", state(&view, 7)) };
    assert!(reason.ends_with("says that it does not hold: heads differ since block 90"), "{reason}");
    assert_eq!(view.state, RunState::Succeeded);
    check(&scene.operator, run.number, 7, None).await.unwrap();
    let listed = scene.operator.api.runs(None).await.unwrap().items.remove(0);
    assert_eq!(listed.open_checks, 2);
    let told = told(&scene, run.incident, RunMoment::Checked).await;
    assert_eq!(
        told,
        [
            "\"Somebody who uses the network says that it works again\" holds",
            "\"Heights and heads of all nodes agree\" does not hold: heads differ since block 90",
            "\"Heights and heads of all nodes agree\" holds",
        ]
    );
    let audited = scene.muster.store.audit_list(None, 100).await.unwrap();
    assert_eq!(audited.iter().filter(|e| e.entry.action == "run.checked").count(), 3);
}

#[tokio::test]
async fn only_open_checks_are_made_and_only_by_those_who_may() {
    let (scene, run, _worker) = recovered(&plan()).await;
    let viewer = scene.muster.persona(Role::Viewer).await.unwrap();
    assert_eq!(refused(check(&viewer, run.number, 11, None).await).code, ErrorCode::Forbidden);
    let offer = viewer.api.run(run.number).await.unwrap().offers.into_iter().find(|o| o.command == RunCommand::Check);
    assert!(offer.unwrap().refused.is_some());
    // A step of the worker's, one that is not there, and a silent "no".
    for step in [3, 6, 99] {
        let error = refused(check(&scene.responder, run.number, step, None).await);
        assert_eq!((error.code, error.fields[0].field.as_str()), (ErrorCode::Invalid, "step"));
    }
    let silent = CheckIn { step: 11, holds: false, note: None };
    let error = refused(scene.responder.api.check(run.number, &silent).await);
    assert_eq!((error.code, error.fields[0].field.as_str()), (ErrorCode::Invalid, "note"));
    assert_eq!(state(&scene.operator.api.run(run.number).await.unwrap(), 11), &StepState::Pending);
    // Nobody proves what has not been done.
    let other = scene.request(run.incident).await.unwrap();
    let other = scene.until(other.number, RunState::AwaitingApproval).await.unwrap();
    let error = refused(check(&scene.responder, other.number, 11, None).await);
    assert_eq!(error.code, ErrorCode::NotNow);
    assert!(error.message.contains("steps are through"), "{}", error.message);
    assert_eq!(refused(check(&scene.responder, 4711, 11, None).await).code, ErrorCode::NotFound);
}

#[tokio::test]
async fn a_check_that_fails_makes_the_run_ask() {
    let plan = plan().replace("answer: `curl http://localhost:8081", "answer: `curl http://localhost:8082");
    let scene = Scene::with_plan(&plan).await.unwrap();
    scene.host.kill("bt2c-validator2");
    let _worker = scene.quick_worker();
    let run = scene.approved().await.unwrap();
    let run = scene.until(run.number, RunState::Asking).await.unwrap();
    assert_eq!(run.question.as_ref().unwrap().step, 10);
    // A person's check can be made while the run asks.
    let view = check(&scene.responder, run.number, 11, None).await.unwrap();
    assert_eq!(view.state, RunState::Asking);
    let skip = shared::domain::run::Answer::Skip { reason: "the address has moved".into() };
    scene.answer(&run, skip).await.unwrap();
    scene.until(run.number, RunState::Succeeded).await.unwrap();
}

#[tokio::test]
async fn the_watch_sees_what_breaks_and_what_heals() {
    let (scene, run, _worker) = recovered(&plan()).await;
    let watched = |n: u32, bad: bool| {
        let (scene, run) = (&scene, run.number);
        move || async move {
            let watch = scene.operator.api.run(run).await.unwrap().watch.unwrap();
            watch.n_rounds >= n && watch.bad.is_empty() != bad
        }
    };
    eventually("two rounds hold", watched(2, false)).await.unwrap();
    scene.host.kill(VALIDATOR1);
    eventually("the watch sees it", watched(3, true)).await.unwrap();
    let view = scene.operator.api.run(run.number).await.unwrap();
    let bad: Vec<_> = view.watch.as_ref().unwrap().bad.iter().map(|(step, _)| *step).collect();
    assert_eq!((bad.as_slice(), view.state), (&[6, 10][..], RunState::Succeeded));
    let seen = told(&scene, run.incident, RunMoment::Watched).await;
    assert!(seen[0].starts_with("Watching: \"The chain grows\" does not hold any more"), "{seen:?}");
    assert_eq!(seen.len(), 2, "a round without a change tells nothing: {seen:?}");
    // While another run is live, nobody looks.
    let other = scene.request(run.incident).await.unwrap();
    scene.until(other.number, RunState::AwaitingApproval).await.unwrap();
    let view = scene.operator.api.run(other.number).await.unwrap();
    let before = scene.operator.api.run(run.number).await.unwrap().watch.unwrap().n_rounds;
    tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
    let after = scene.operator.api.run(run.number).await.unwrap().watch.unwrap().n_rounds;
    assert!(after <= before + 1, "{before} {after}");
    tests::scene::decide(&scene.approver, &view, true).await.unwrap();
    scene.until(other.number, RunState::Succeeded).await.unwrap();
    eventually("it holds again", watched(4, false)).await.unwrap();
    let seen = told(&scene, run.incident, RunMoment::Watched).await;
    assert!(seen.iter().any(|text| text == "Watching: \"The chain grows\" holds again"), "{seen:?}");
}

#[tokio::test]
async fn the_watch_ends_when_the_plan_says() {
    let (scene, run, _worker) = recovered(&plan().replace("for 30 minutes", "for 2 seconds")).await;
    let (api, number) = (&scene.operator.api, run.number);
    let over = || async { api.run(number).await.unwrap().watch.is_some_and(|watch| watch.ended_at.is_some()) };
    eventually("the watch is over", over).await.unwrap();
    let view = api.run(number).await.unwrap().watch.unwrap();
    assert!(view.n_rounds >= 2 && view.n_bad == 0 && view.rounds.len() == view.n_rounds as usize, "{view:?}");
    let seen = told(&scene, run.incident, RunMoment::Watched).await;
    assert_eq!(seen, ["Watched for 2 s: in the last round everything held"]);
    let jobs: i64 =
        sqlx::query_scalar("SELECT count(*) FROM job").fetch_one(&scene.pool().await.unwrap()).await.unwrap();
    assert_eq!(jobs, 0);
    let rounds = scene.pool().await.unwrap();
    let error = sqlx::query("DELETE FROM watch_round").execute(&rounds).await.unwrap_err();
    assert!(error.to_string().contains("watch_round"), "{error}");
}
