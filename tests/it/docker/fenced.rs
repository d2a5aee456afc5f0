//! A worker that stands still (SIGSTOP) past its lease while another takes over, and then goes on: it must find itself out.

use std::time::{Duration, Instant};

use shared::domain::run::{RunEvent, RunState};
use tests::testnet::Testnet;

use super::{
    desk::{Desk, NODE_FAILURE, now, starts_since, step_begun},
    process::{SOCKET, WorkerProcess},
    proxy::{Hold, Proxy, last_look_before_restart},
};

/// Waits until the program has said so.
async fn said(worker: &WorkerProcess, words: &str) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !worker.log().contains(words) {
        assert!(Instant::now() < deadline, "it did not say \"{words}\":\n{}", worker.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// It stands still after its last look and before the restart: the restart is the other's, and stays the only one.
#[tokio::test(flavor = "multi_thread")]
async fn a_sleeper_does_not_touch_what_another_has_touched() {
    let testnet = Testnet::up().unwrap();
    testnet.kill("validator1").unwrap();
    let validator1 = testnet.container("validator1").unwrap();
    let desk = Desk::open(&testnet.plan().unwrap(), &testnet.project).await;
    let since = now();
    let proxy = Proxy::new(Hold::Request, last_look_before_restart);
    let sleeper = WorkerProcess::start(&desk.muster.database.worker_url, &testnet.project, &proxy.address());
    let view = desk.resolved(NODE_FAILURE).await;
    desk.approve(&view).await;
    proxy.caught().await;
    sleeper.stop();
    // What it waits for arrives while it sleeps.
    proxy.release();

    let other = WorkerProcess::start(&desk.muster.database.worker_url, &testnet.project, SOCKET);
    let ended = desk.ended(view.number).await;
    assert_eq!(ended.state, RunState::Succeeded, "{:?} {:?}", ended.reason, ended.question);
    assert_eq!(starts_since(&validator1, &since), 1);
    let log = desk.muster.store.run_events(view.id).await.unwrap();
    let lines = desk.output(view.number).await;

    sleeper.go_on();
    said(&sleeper, "lease lost").await;
    assert!(!proxy.seen().iter().any(|line| line.contains("/restart")), "{:?}", proxy.seen());
    assert_eq!(starts_since(&validator1, &since), 1, "no second restart");
    assert_eq!(desk.muster.store.run_events(view.id).await.unwrap(), log, "nothing more was written");
    assert_eq!(desk.output(view.number).await, lines);
    desk.assert_whole(&ended).await;
    drop(other);
}

/// It stands still while it waits for the height: what it has read since must not be written.
#[tokio::test(flavor = "multi_thread")]
async fn a_sleeper_cannot_write_over_another() {
    let testnet = Testnet::up().unwrap();
    testnet.kill("validator1").unwrap();
    let validator1 = testnet.container("validator1").unwrap();
    let desk = Desk::open(&testnet.plan().unwrap(), &testnet.project).await;
    let since = now();
    let sleeper = WorkerProcess::start(&desk.muster.database.worker_url, &testnet.project, SOCKET);
    let view = desk.resolved(NODE_FAILURE).await;
    desk.approve(&view).await;
    desk.logged(&view, step_begun(5)).await;
    sleeper.stop();
    assert_eq!(desk.operator.api.run(view.number).await.unwrap().state, RunState::Running);

    let other = WorkerProcess::start(&desk.muster.database.worker_url, &testnet.project, SOCKET);
    // As soon as the other has taken over, the sleeper wakes up: both think that it is theirs.
    let taken = |event: &RunEvent| matches!(event, RunEvent::Claimed { fence } if *fence > 2);
    desk.logged(&view, taken).await;
    sleeper.go_on();
    let ended = desk.ended(view.number).await;
    assert_eq!(ended.state, RunState::Succeeded, "{:?} {:?}", ended.reason, ended.question);
    said(&sleeper, "lease").await;
    desk.assert_whole(&ended).await;
    assert_eq!(starts_since(&validator1, &since), 1);
    drop(other);
}
