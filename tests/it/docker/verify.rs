//! Steps that verify really verify: a number that does not grow fails the step, and a person decides.

use std::time::{Duration, Instant};

use shared::domain::{
    incident::IncidentState,
    run::{Answer, RunState, StepState},
};
use tests::testnet::{Testnet, docker};

use super::{
    desk::Desk,
    stray::{HEAL, plan},
};

/// The node hangs after its height was read once: the step fails, names what it last saw, and the run asks; a retry against the
/// same hung node asks again; stopped by a person, the incident is as open as before.
#[tokio::test(flavor = "multi_thread")]
async fn a_height_that_stands_still_fails_the_run() {
    let testnet = Testnet::up().unwrap();
    let watch = format!("watch -n 2 'curl -s http://localhost:{}/api/v1/metrics | grep height'", testnet.port1);
    let text = plan("{timeout=5s}", &["docker-compose restart validator2", &watch]);
    let desk = Desk::open(&text, &testnet.project).await;
    let _worker = desk.muster.docker_worker(&testnet.project).await.unwrap();
    let view = desk.resolved(HEAL).await;
    desk.approve(&view).await;
    let deadline = Instant::now() + Duration::from_secs(20);
    let height = loop {
        let lines = desk.output(view.number).await;
        if let Some(line) = lines.iter().find(|l| l.step == 2 && l.text.starts_with("bt2c_block_height ")) {
            break line.text.rsplit(' ').next().unwrap().to_owned();
        }
        assert!(Instant::now() < deadline, "{lines:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    docker(&["pause", &testnet.container("validator1").unwrap()]).unwrap();

    let asked = Instant::now();
    let view = desk.ended(view.number).await;
    assert!(asked.elapsed() < Duration::from_secs(10), "the timeout is 5 s: {:?}", asked.elapsed());
    assert_eq!(view.state, RunState::Asking, "{:?}", view.steps);
    let why = view.question.clone().unwrap().why;
    assert!(why.contains("not within 5 s"), "{why}");
    assert!(why.ends_with(&format!("bt2c_block_height was {height} when last seen")), "{why}");
    assert!(matches!(view.steps[0].state, StepState::Succeeded { .. }));
    assert!(matches!(&view.steps[1].state, StepState::Failed { reason } if *reason == why), "{:?}", view.steps[1]);

    desk.answer(&view, Answer::Retry).await;
    let view =
        desk.until(view.number, "asking again", |v| v.state == RunState::Asking && v.steps[1].attempts == 2).await;
    let why = view.question.clone().unwrap().why;
    assert!(why.contains("does not answer"), "{why}");

    let view = desk.answer(&view, Answer::Stop { reason: "the node hangs".into() }).await;
    assert_eq!((view.state, view.reason.as_deref()), (RunState::Stopped, Some("the node hangs")));
    let incident = desk.incident().await;
    assert_ne!(incident.state, IncidentState::Resolved);
    assert_eq!(incident.resolved_at, None);
    assert!(
        incident.clocks.iter().all(|c| !c.label.starts_with("Recovery") || c.stopped_at.is_none()),
        "{:?}",
        incident.clocks
    );
}

/// The node answers well; what is asked for does not grow.
#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_stands_still_is_named() {
    let testnet = Testnet::up().unwrap();
    let watch = format!("watch -n 1 'curl -s http://localhost:{}/api/v1/metrics | grep bt2c_reorgs'", testnet.port2);
    let desk = Desk::open(&plan("{timeout=3s}", &["docker-compose ps validator2", &watch]), &testnet.project).await;
    let _worker = desk.muster.docker_worker(&testnet.project).await.unwrap();
    let view = desk.request(HEAL).await;
    let view = desk.ended(view.number).await;
    assert_eq!(view.state, RunState::Asking, "{:?} {:?}", view.reason, view.steps);
    let why = view.question.unwrap().why;
    assert!(why.starts_with("bt2c_reorgs_total did not grow within 3 s; it is still "), "{why}");
}
