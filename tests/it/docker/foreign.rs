//! Names and ports outside of the Compose project, and containers that are no longer those that were approved: refused, and
//! nothing is touched.

use shared::{
    api::run::RunView,
    domain::run::{RunState, StepState},
};
use tests::testnet::{docker, free_port};
use worker::host::docker::DockerHost;

use super::{
    desk::{Desk, now, starts_since, step_begun},
    proxy::{Hold, Proxy, restart},
    stray::{HEAL, Stray, new_project, plan},
};

const RESTART: &str = "docker-compose restart validator1";

async fn unresolvable(desk: &Desk) -> String {
    let view = desk.request(HEAL).await;
    let view = desk.until(view.number, "looked at", |v| v.state == RunState::Unresolvable).await;
    assert!(view.content.is_none() && view.offers.iter().all(|o| o.refused.is_some()), "{:?}", view.offers);
    view.reason.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_of_another_project_is_not_found() {
    let (project, other) = (new_project(), new_project());
    let own = Stray::run(&project, "validator1", &[]);
    let foreign = Stray::run(&other, "indexer", &[]);
    let (started, since) = (foreign.started_at(), now());
    let desk = Desk::open(&plan("", &[RESTART, "docker-compose restart indexer"]), &project).await;
    let _worker = desk.muster.docker_worker(&project).await.unwrap();
    let reason = unresolvable(&desk).await;
    assert!(reason.starts_with("Step 2 names the service \"indexer\", which has no container"), "{reason}");
    assert!(reason.contains(&project) && reason.contains("there is validator1"), "{reason}");
    assert!(reason.ends_with("Nothing was done."), "{reason}");
    assert_eq!((foreign.started_at(), starts_since(&own.id, &since)), (started, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_of_another_project_is_not_asked() {
    let (project, other) = (new_project(), new_project());
    let port = free_port().unwrap();
    let own = Stray::run(&project, "validator1", &[]);
    let _foreign = Stray::run(&other, "indexer", &["-p", &format!("127.0.0.1:{port}:8080")]);
    let since = now();
    let ask = format!("curl http://localhost:{port}/api/v1/status");
    let desk = Desk::open(&plan("", &[RESTART, &ask]), &project).await;
    let _worker = desk.muster.docker_worker(&project).await.unwrap();
    let reason = unresolvable(&desk).await;
    let expected = format!("no container of the project {project} publishes port {port}");
    assert!(reason.contains(&expected), "{reason}");
    assert_eq!(starts_since(&own.id, &since), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_for_other_projects_takes_nothing() {
    let (project, other) = (new_project(), new_project());
    let own = Stray::run(&project, "validator1", &[]);
    let since = now();
    let desk = Desk::open(&plan("", &[RESTART]), &project).await;
    let _worker = desk.muster.docker_worker(&other).await.unwrap();
    let view = desk.request(HEAL).await;
    tokio::time::sleep(std::time::Duration::from_secs(5)).await;
    assert_eq!(desk.operator.api.run(view.number).await.unwrap().state, RunState::Resolving);
    assert_eq!(starts_since(&own.id, &since), 0);
}

/// Approved while no worker runs; what was approved is then replaced by `replace`; the guard looks again.
async fn replaced(replace: impl FnOnce(Stray, &str) -> Stray) -> (RunView, Stray, String) {
    let project = new_project();
    let approved = Stray::run(&project, "validator1", &[]);
    let desk = Desk::open(&plan("", &[RESTART]), &project).await;
    let worker = desk.muster.docker_worker(&project).await.unwrap();
    let view = desk.resolved(HEAL).await;
    drop(worker);
    let (id, name) = (approved.id.clone(), approved.name.clone());
    let new = replace(approved, &project);
    assert_eq!(new.name, name);
    assert_ne!(new.id, id);
    let since = now();
    desk.approve(&view).await;
    let _worker = desk.muster.docker_worker(&project).await.unwrap();
    let view = desk.ended(view.number).await;
    assert_eq!(view.state, RunState::Stopped, "{view:?}");
    assert!(view.steps.iter().all(|s| s.state == StepState::Pending), "{:?}", view.steps);
    assert_eq!(starts_since(&new.id, &since), 0, "the new one was not touched");
    let reason = view.reason.clone().unwrap();
    assert!(reason.ends_with("Nothing was done; request the run again."), "{reason}");
    (view, new, reason)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_container_made_anew_after_the_approval_is_not_touched() {
    let (_, new, reason) = replaced(|old, project| {
        drop(old);
        Stray::run(project, "validator1", &[])
    })
    .await;
    assert!(reason.contains(&format!("would now touch {} ({})", new.name, &new.id[..12])), "{reason}");
    assert!(reason.contains("is no longer there"), "{reason}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_taken_over_by_another_project_is_not_touched() {
    let (_, _new, reason) = replaced(|old, project| {
        let name = old.name.clone();
        drop(old);
        Stray::named(&name, &new_project(), "validator1", &[&format!("--label=was={project}")])
    })
    .await;
    assert!(reason.contains("has none on host") || reason.contains("has no container"), "{reason}");
}

/// Replaced at the last moment: the guard has seen the old one, and so has the intent.
#[tokio::test(flavor = "multi_thread")]
async fn a_container_replaced_at_the_last_moment_fails_the_step() {
    let project = new_project();
    let approved = Stray::run(&project, "validator1", &[]);
    let desk = Desk::open(&plan("", &[RESTART]), &project).await;
    let proxy = Proxy::new(Hold::Request, restart);
    let host = DockerHost::new(&proxy.address(), "127.0.0.1");
    let _worker = desk.muster.worker(std::sync::Arc::new(host), &project, worker::Timing::default());
    let view = desk.resolved(HEAL).await;
    desk.approve(&view).await;
    proxy.caught().await;
    desk.logged(&view, step_begun(1)).await;
    let name = approved.name.clone();
    drop(approved);
    let new = Stray::named(&name, &new_project(), "validator1", &[]);
    let since = now();
    proxy.release();
    let view = desk.ended(view.number).await;
    assert_eq!(view.state, RunState::Asking, "{view:?}");
    assert_eq!(view.question.unwrap().why, format!("{name} is no longer there"));
    assert_eq!(starts_since(&new.id, &since), 0);
    let running = docker(&["inspect", "-f", "{{.State.Running}}", &new.id]).unwrap();
    assert_eq!(running.trim(), "true");
}
