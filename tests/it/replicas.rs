//! Several servers and several workers on one Postgres: one worker acts on a Docker host at a time, a start after everything was
//! down is quiet, and nobody's own clock matters.

use std::{sync::Arc, time::Duration};

use reqwest::StatusCode;
use serde_json::json;
use shared::{
    api::run::{RunRequestIn, RunView},
    domain::{
        access::Role,
        run::{Answer, RunEvent, RunState, StepState},
    },
};
use store::{HostHeld, HostTaken};
use tests::{
    muster::Muster,
    persona::Persona,
    scene::{PROCEDURE, PROJECT, QUICK, Scene, VALIDATOR1, decide, eventually, request},
};
use worker::host::simulated::{Effect, Fault, Op};

fn restarts(scene: &Scene) -> usize {
    scene.host.effects().iter().filter(|effect| effect.op == Op::Restart).count()
}

fn step(run: &RunView, number: u32) -> &StepState {
    &run.steps.iter().find(|step| step.number == number).unwrap().state
}

async fn holders(scene: &Scene) -> Vec<(String, i64)> {
    let pool = scene.pool().await.unwrap();
    sqlx::query_as("SELECT host, fence FROM host_lock WHERE lease_until > clock_timestamp()")
        .fetch_all(&pool)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_host_is_held_by_one_and_taken_over_only_when_its_lease_has_lapsed() {
    let scene = Scene::set().await.unwrap();
    let store = &scene.muster.database.worker;
    let HostTaken::Ours { fence } = store.host_take("engine", "w1", 0.3).await.unwrap() else {
        panic!("nobody had it")
    };
    let taken = store.host_take("engine", "w2", 0.3).await.unwrap();
    assert_eq!(taken, HostTaken::Others { worker: "w1".into() });
    assert!(store.host_keep("engine", fence, 0.3).await.unwrap());
    assert!(matches!(store.host_take("another engine", "w2", 0.3).await.unwrap(), HostTaken::Ours { .. }));
    tokio::time::sleep(Duration::from_millis(400)).await;
    let HostTaken::Ours { fence: second } = store.host_take("engine", "w2", 15.0).await.unwrap() else {
        panic!("it lapsed")
    };
    assert!(second > fence && !store.host_keep("engine", fence, 15.0).await.unwrap(), "the first must give up");
    store.host_release("engine", fence).await.unwrap();
    assert!(store.host_keep("engine", second, 15.0).await.unwrap(), "who has lost it cannot give it away");
    store.host_release("engine", second).await.unwrap();
    assert!(matches!(store.host_take("engine", "w1", 15.0).await.unwrap(), HostTaken::Ours { .. }));
}

#[tokio::test]
async fn who_does_not_hold_the_host_is_given_nothing_that_acts() {
    let scene = Scene::set().await.unwrap();
    let mut worker = scene.worker();
    let run = scene.waiting().await.unwrap();
    worker.stop().await;
    decide(&scene.approver, &run, true).await.unwrap();
    let (store, projects) = (&scene.muster.database.worker, [PROJECT.to_owned()]);
    for held in [HostHeld::Others, HostHeld::Ours { host: "engine", fence: 1 }] {
        assert_eq!(store.job_claim("w", &projects, None, 15.0, held).await.unwrap(), None, "{held:?}");
    }
    let HostTaken::Ours { fence } = store.host_take("engine", "w", 15.0).await.unwrap() else {
        panic!("nobody had it")
    };
    let old = HostHeld::Ours { host: "engine", fence: fence - 1 };
    assert_eq!(store.job_claim("w", &projects, None, 15.0, old).await.unwrap(), None);
    let ours = HostHeld::Ours { host: "engine", fence };
    assert!(store.job_claim("w", &projects, None, 15.0, ours).await.unwrap().is_some());
}

/// The second one may look (resolve), and acts only once the first is silent for a lease.
#[tokio::test]
async fn a_second_worker_on_the_same_host_waits_and_takes_over_within_the_lease() {
    let scene = Scene::set().await.unwrap();
    let first = scene.quick_worker();
    eventually("the first holds the host", async || holders(&scene).await.len() == 1).await.unwrap();
    let held = holders(&scene).await;
    let _second = scene.quick_worker();
    let run = scene.approved().await.unwrap();
    scene.until(run.number, RunState::Succeeded).await.unwrap();
    assert_eq!(holders(&scene).await, held, "the first has not let go");
    first.kill();
    let died = std::time::Instant::now();
    let run = request(&scene.operator, run.incident).await.unwrap();
    let run = scene.until(run.number, RunState::AwaitingApproval).await.unwrap();
    decide(&scene.approver, &run, true).await.unwrap();
    scene.until(run.number, RunState::Succeeded).await.unwrap();
    assert!(died.elapsed() < QUICK.lease * 2 + Duration::from_secs(8), "{:?}", died.elapsed());
    let now = holders(&scene).await;
    assert!(now[0].0 == held[0].0 && now[0].1 > held[0].1, "{now:?}");
    assert_eq!(restarts(&scene), 2);
}

/// Taken from it behind its back, as if it had slept: what it was about to do is left to the other.
#[tokio::test]
async fn a_worker_that_lost_its_host_touches_nothing_more() {
    let scene = Scene::set().await.unwrap();
    let _worker = scene.quick_worker();
    let run = scene.waiting().await.unwrap();
    let pool = scene.pool().await.unwrap();
    sqlx::query(
        "UPDATE host_lock SET fence = fence + 1, worker = 'other', lease_until = clock_timestamp() + interval '1 hour'",
    )
    .execute(&pool)
    .await
    .unwrap();
    decide(&scene.approver, &run, true).await.unwrap();
    tokio::time::sleep(QUICK.lease * 2).await;
    assert!(scene.host.effects().is_empty());
    assert!(scene.operator.api.run(run.number).await.unwrap().steps.iter().all(|s| s.attempts == 0));
    sqlx::query("UPDATE host_lock SET lease_until = '-infinity'").execute(&pool).await.unwrap();
    scene.until(run.number, RunState::Succeeded).await.unwrap();
    assert_eq!(restarts(&scene), 1);
}

/// Two servers, two workers: asked at one, approved at the other, done once, and seen by both.
#[tokio::test]
async fn two_servers_and_two_workers_on_one_database_are_one_muster() {
    let scene = Scene::set().await.unwrap();
    let other = scene.muster.another_server().await.unwrap();
    let _workers = [scene.quick_worker(), scene.quick_worker()];
    let approver = Persona::sign_in(&other.base, &scene.approver.email, &scene.approver.password).await.unwrap();
    let operator = Persona::sign_in(&other.base, &scene.operator.email, &scene.operator.password).await.unwrap();
    let incident = scene.declared().await.unwrap().number;
    for round in 1..=3 {
        scene.host.kill(VALIDATOR1);
        let (here, there) = tokio::join!(request(&scene.operator, incident), request(&operator, incident));
        assert_eq!(u8::from(here.is_ok()) + u8::from(there.is_ok()), 1, "one live run per target, whoever is asked");
        let run = here.or(there).unwrap();
        let run = scene.until(run.number, RunState::AwaitingApproval).await.unwrap();
        let seen = approver.api.run(run.number).await.unwrap();
        assert_eq!(seen.content, run.content);
        let (here, there) = tokio::join!(decide(&scene.approver, &run, true), decide(&approver, &seen, true));
        assert!(here.is_ok() || there.is_ok(), "{here:?} {there:?}");
        let run = scene.until(run.number, RunState::Succeeded).await.unwrap();
        assert_eq!(run.decisions.len(), 1, "one person is one, at however many servers");
        assert_eq!(restarts(&scene), round);
    }
}

/// R12: all of it is down in the middle of a destructive step; one worker is started.
#[tokio::test]
async fn after_everything_was_down_nothing_destructive_begins_by_itself() {
    let scene = Scene::destructive().await.unwrap();
    let workers = [scene.quick_worker(), scene.quick_worker()];
    scene.host.fault(Op::Exec, Fault::HangsAfter);
    let run = scene.approved().await.unwrap();
    eventually("it has happened", async || !scene.host.effects().is_empty()).await.unwrap();
    for worker in workers {
        worker.kill();
    }
    tokio::time::sleep(QUICK.lease).await;
    let _one = scene.quick_worker();
    let view = scene.until(run.number, RunState::Asking).await.unwrap();
    assert!(matches!(step(&view, 3), StepState::Unknown { .. }), "{:?}", view.steps);
    tokio::time::sleep(QUICK.lease).await;
    assert_eq!(scene.host.effects(), [Effect { op: Op::Exec, container: "bt2c-postgres".into() }], "a person decides");
    assert_eq!(scene.operator.api.run(run.number).await.unwrap().state, RunState::Asking);
    scene.answer(&view, Answer::Skip { reason: "the rows are gone".into() }).await.unwrap();
    scene.until_run(run.number, |run| matches!(step(run, 4), StepState::Succeeded { .. })).await.unwrap();
    assert_eq!(scene.host.effects().len(), 1);
}

/// R12: what was approved and waited longer than consent holds is not begun by a worker that comes back.
#[tokio::test]
async fn a_queued_run_whose_worker_was_away_too_long_is_never_begun() {
    let scene = Scene::destructive().await.unwrap();
    let mut worker = scene.quick_worker();
    let run = scene.waiting().await.unwrap();
    worker.stop().await;
    scene.consent(&run).await.unwrap();
    // Half an hour later; the server's own look at expired runs is kept away, so that the guard alone must see it.
    let pool = scene.pool().await.unwrap();
    let later = "UPDATE run SET header = jsonb_set(header, '{policy,expires_seconds}', '0')";
    sqlx::query(later).execute(&pool).await.unwrap();
    tokio::time::sleep(Duration::from_millis(20)).await;
    let _back = scene.quick_worker();
    let view = scene.until_run(run.number, |run| !run.state.live()).await.unwrap();
    assert_eq!(view.state, RunState::Stopped);
    let why = view.reason.unwrap();
    assert!(why.contains("the approval has expired") && why.contains("Nothing was done"), "{why}");
    assert!(scene.host.effects().is_empty());
}

/// R11, as a script would see it.
#[tokio::test]
async fn a_hundred_clicks_are_one_run_and_every_other_request_is_told_why_not() {
    let muster = Muster::start().await.unwrap();
    let operator = Arc::new(muster.persona(Role::Operator).await.unwrap());
    let incident = muster.declare(&operator, "validator1").await.unwrap().number;
    let body = RunRequestIn::of(PROCEDURE);
    let clicks = futures::future::join_all((0..100).map(|_| operator.api.request_run(incident, &body, "one"))).await;
    let numbers: Vec<_> = clicks.into_iter().map(|run| run.unwrap().number).collect();
    assert_eq!(numbers, vec![numbers[0]; 100]);
    let ask = async |key: &str, procedure: &str| {
        let url = format!("{}/api/v1/incidents/{incident}/runs", operator.http.base);
        let asked = operator.http.client.post(url).header("origin", &operator.http.base).header("idempotency-key", key);
        asked.json(&json!({ "procedure": procedure })).send().await.unwrap().status()
    };
    assert_eq!(ask("one", "database-recovery").await, StatusCode::UNPROCESSABLE_ENTITY, "same key, other body");
    assert_eq!(ask("two", PROCEDURE).await, StatusCode::CONFLICT, "other key, same target");
    assert_eq!(operator.api.runs(None).await.unwrap().items.len(), 1);
}

/// Four approvers, a thousand decisions about one run at once, half of them refusals, at two servers.
#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_raced_decisions_are_one_transition() {
    let scene = Scene::set().await.unwrap();
    let other = scene.muster.another_server().await.unwrap();
    let mut worker = scene.worker();
    let run = scene.waiting().await.unwrap();
    worker.stop().await;
    let mut approvers = vec![];
    for _ in 0..2 {
        let here = scene.muster.persona(Role::Approver).await.unwrap();
        approvers.push(Persona::sign_in(&other.base, &here.email, &here.password).await.unwrap());
        approvers.push(here);
    }
    let mut accepted = 0;
    for round in 0..10 {
        let decided = (0..100).map(|n| decide(&approvers[n % 4], &run, (n / 4 + round) % 2 == 0));
        accepted += futures::future::join_all(decided).await.iter().filter(|answer| answer.is_ok()).count();
    }
    assert_eq!(accepted, 1);
    let log = scene.muster.store.run_events(run.id).await.unwrap();
    assert_eq!(log.iter().filter(|r| matches!(r.event, RunEvent::Decided { .. })).count(), 1, "{log:?}");
    let now = scene.operator.api.run(run.number).await.unwrap();
    assert!(matches!(now.state, RunState::Queued | RunState::Refused), "{:?}", now.state);
}

/// R4: leases are the database's. A worker that believes it is ten minutes earlier or later writes the same instants.
#[test]
fn no_lease_and_no_guard_reads_the_clock_of_this_machine() {
    let root = tests::testnet::root();
    for directory in ["worker/src", "store/src"] {
        for file in sources(&root.join(directory)) {
            let text = std::fs::read_to_string(&file).unwrap();
            let code = text.split("#[cfg(test)]").next().unwrap();
            for clock in ["now_utc", "SystemTime::now", "UNIX_EPOCH"] {
                assert!(!code.contains(clock), "{} reads {clock}", file.display());
            }
        }
    }
}

fn sources(directory: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let own = files.into_iter().filter(|f| f.extension().is_some_and(|e| e == "rs") && !f.ends_with("tests.rs"));
    own.chain(folders.iter().filter(|f| !f.ends_with("tests")).flat_map(|f| sources(f))).collect()
}
