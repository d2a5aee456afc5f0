//! The worker killed for real (SIGKILL) at chosen points of a run, and started again: the run ends in the truth.

use std::time::{Duration, Instant};

use shared::domain::run::{Answer, RunState, StepState};
use tests::testnet::{Testnet, docker};

use super::{
    desk::{Desk, NODE_FAILURE, now, starts_since, step_begun},
    process::{SOCKET, WorkerProcess},
    proxy::{Hold, Proxy, last_look_before_restart, restart},
    stray::{HEAL, Stray, new_project, plan},
};

/// R5: a lease of 15 seconds, and what the rest of the run takes.
const RESUMED: Duration = Duration::from_secs(30);

struct Broken {
    testnet: Testnet,
    desk: Desk,
    validator1: String,
    since: String,
}

impl Broken {
    async fn up() -> Self {
        let testnet = Testnet::up().unwrap();
        testnet.kill("validator1").unwrap();
        let desk = Desk::open(&testnet.plan().unwrap(), &testnet.project).await;
        let validator1 = testnet.container("validator1").unwrap();
        Self { testnet, desk, validator1, since: now() }
    }

    fn worker(&self, docker_host: &str) -> WorkerProcess {
        WorkerProcess::start(&self.desk.muster.database.worker_url, &self.testnet.project, docker_host)
    }

    /// Starts the worker again and waits for the end of the run.
    async fn resumed(&self, run: i64) -> shared::api::run::RunView {
        let again = Instant::now();
        let worker = self.worker(SOCKET);
        let view = self.desk.ended(run).await;
        let took = again.elapsed();
        assert_eq!(view.state, RunState::Succeeded, "{:?} {:?}\n{}", view.reason, view.question, worker.log());
        assert!(took < RESUMED, "it took {took:?}");
        self.desk.assert_whole(&view).await;
        let height = self.testnet.height(self.testnet.port1).unwrap();
        self.testnet.wait_for_height(self.testnet.port1, height + 1).unwrap();
        assert_eq!(starts_since(&self.validator1, &self.since), 1, "restarted exactly once");
        view
    }
}

/// The step's intent is in the database, Docker has not been told.
#[tokio::test(flavor = "multi_thread")]
async fn killed_between_intent_and_effect() {
    let broken = Broken::up().await;
    let proxy = Proxy::new(Hold::Request, last_look_before_restart);
    let worker = broken.worker(&proxy.address());
    let view = broken.desk.resolved(NODE_FAILURE).await;
    broken.desk.approve(&view).await;
    proxy.caught().await;
    broken.desk.logged(&view, step_begun(3)).await;
    worker.kill();
    assert!(!proxy.seen().iter().any(|line| line.contains("/restart")));
    assert_eq!(broken.testnet.state("validator1").unwrap(), "exited");

    let view = broken.resumed(view.number).await;
    assert_eq!(view.steps[2].attempts, 2, "nothing had been done, so it was done now: {:?}", view.steps[2]);
}

/// Docker has been told and has done it; nobody heard the answer.
#[tokio::test(flavor = "multi_thread")]
async fn killed_between_effect_and_outcome() {
    let broken = Broken::up().await;
    let before = broken.testnet.started_at("validator1").unwrap();
    let proxy = Proxy::new(Hold::Answer, restart);
    let worker = broken.worker(&proxy.address());
    let view = broken.desk.resolved(NODE_FAILURE).await;
    broken.desk.approve(&view).await;
    proxy.caught().await;
    let deadline = Instant::now() + Duration::from_secs(20);
    while broken.testnet.started_at("validator1").unwrap() == before {
        assert!(Instant::now() < deadline, "Docker did not restart it");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    worker.kill();
    let after = broken.testnet.started_at("validator1").unwrap();

    let view = broken.resumed(view.number).await;
    assert_eq!(view.steps[2].attempts, 1, "{:?}", view.steps[2]);
    let StepState::Succeeded { evidence } = &view.steps[2].state else { panic!("{:?}", view.steps[2]) };
    assert!(evidence.contains("after the worker came back"), "{evidence}");
    assert_eq!(broken.testnet.started_at("validator1").unwrap(), after);
}

/// Docker is still waiting for the container to stop when the next worker comes: one restart, not two.
#[tokio::test(flavor = "multi_thread")]
async fn killed_while_docker_stops_the_container() {
    let project = new_project();
    // It does not end at a signal, and asks to be given longer than a lease.
    let own = Stray::run(&project, "validator1", &["--stop-timeout", "20"]);
    let desk = Desk::open(&plan("", &["docker-compose restart validator1"]), &project).await;
    let proxy = Proxy::new(Hold::Answer, restart);
    let url = desk.muster.database.worker_url.clone();
    let worker = WorkerProcess::start(&url, &project, &proxy.address());
    let view = desk.resolved(HEAL).await;
    let since = now();
    desk.approve(&view).await;
    proxy.caught().await;
    worker.kill();
    let _again = WorkerProcess::start(&url, &project, SOCKET);
    let view = desk.ended(view.number).await;
    assert_eq!(view.state, RunState::Succeeded, "{:?} {:?}", view.reason, view.question);
    desk.assert_whole(&view).await;
    // A second one would follow at once.
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(starts_since(&own.id, &since), 1, "{:?}", view.steps);
}

/// A program in a container goes on without its worker: it is not begun again until a person says so.
#[tokio::test(flavor = "multi_thread")]
async fn killed_in_the_middle_of_a_program_a_person_decides() {
    let project = new_project();
    let own = Stray::run(&project, "validator1", &[]);
    let line = "docker-compose exec -T validator1 sh -c 'echo x >> /tmp/times; sleep 4'";
    let desk = Desk::open(&plan("", &[line]), &project).await;
    let url = desk.muster.database.url.clone();
    let worker = WorkerProcess::start(&url, &project, SOCKET);
    let view = desk.resolved(HEAL).await;
    assert!(view.resolution.as_ref().unwrap().steps[0].destructive);
    desk.approve(&view).await;
    let times =
        || docker(&["exec", &own.id, "sh", "-c", "cat /tmp/times 2>/dev/null | wc -l"]).unwrap().trim().to_owned();
    let deadline = Instant::now() + Duration::from_secs(20);
    while times() != "1" {
        assert!(Instant::now() < deadline, "it did not begin: {}", worker.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    worker.kill();
    let killed = Instant::now();
    let _again = WorkerProcess::start(&url, &project, SOCKET);
    let view = desk.until(view.number, "asking", |v| v.state == RunState::Asking).await;
    assert!(killed.elapsed() < RESUMED, "it took {:?}", killed.elapsed());
    assert!(matches!(view.steps[0].state, StepState::Unknown { .. }), "{:?}", view.steps);
    assert_eq!(times(), "1", "not begun again");
    desk.answer(&view, Answer::Skip { reason: "it is in the file".into() }).await;
    desk.until(view.number, "over", |v| v.state == RunState::Succeeded).await;
    assert_eq!(times(), "1");
}

/// The last step only looks; it is begun again.
#[tokio::test(flavor = "multi_thread")]
async fn killed_while_it_waits_for_the_height() {
    let broken = Broken::up().await;
    let worker = broken.worker(SOCKET);
    let view = broken.desk.resolved(NODE_FAILURE).await;
    broken.desk.approve(&view).await;
    broken.desk.logged(&view, step_begun(5)).await;
    worker.kill();
    let held = broken.desk.operator.api.run(view.number).await.unwrap();
    assert_eq!(held.state, RunState::Running);

    let view = broken.resumed(view.number).await;
    assert_eq!(view.steps[4].attempts, 2, "{:?}", view.steps[4]);
    assert!(view.steps[..4].iter().all(|step| step.attempts == 1), "{:?}", view.steps);
    let lines = broken.desk.output(view.number).await;
    assert!(lines.iter().any(|l| l.step == 5 && l.text.contains("has come back")), "{lines:?}");
}
