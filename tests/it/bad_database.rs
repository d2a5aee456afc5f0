//! The database goes away in the middle of everything: every answer says so, nothing is half done, and all of it comes back by
//! itself. The public page's part is in `public_page`.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::json;
use shared::{
    api::{error::ErrorCode, incident::NoteIn},
    domain::{
        access::Role,
        run::{Run, RunState},
    },
};
use tests::{
    events::Events,
    muster::{Muster, declaration},
    programs::Scratch,
    scene::{Scene, eventually, message, refused},
};
use worker::host::simulated::{Effect, Op};

#[tokio::test]
async fn while_it_is_away_the_api_says_so_and_afterwards_goes_on_by_itself() {
    let muster = Muster::start().await.unwrap();
    let (responder, email) = {
        let person = muster.persona(Role::Responder).await.unwrap();
        let email = person.email.clone();
        (person, email)
    };
    let n = muster.declare(&responder, "validator1").await.unwrap().number;
    muster.database.cut().await.unwrap();

    let body = serde_json::to_value(declaration("validator2").unwrap()).unwrap();
    let asked = [
        ("GET", "/api/v1/incidents".to_owned(), None),
        ("GET", format!("/api/v1/incidents/{n}"), None),
        ("GET", "/api/v1/events".into(), None),
        ("POST", "/api/v1/incidents".into(), Some(body)),
        ("POST", format!("/api/v1/incidents/{n}/notes"), Some(json!({"text": "lost?"}))),
        ("DELETE", "/api/v1/session".into(), None),
    ];
    for (method, path, body) in asked {
        let response = responder.http.ask(method, &path, body.as_ref()).await.unwrap();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE, "{method} {path}");
        assert!(response.headers().contains_key("retry-after"), "{method} {path}");
        let answer: serde_json::Value = response.json().await.unwrap();
        assert_eq!(answer["error"]["code"], "unavailable", "{method} {path}: {answer}");
        let said = answer["error"]["message"].as_str().unwrap();
        assert!(said.contains("database does not answer") && said.contains("Nothing was changed"), "{said}");
        assert!(!said.contains("sqlx") && !said.contains("postgres://"), "{said}");
    }
    let stranger = muster.stranger().unwrap();
    let sign_in = json!({"email": email, "password": responder.password});
    let (status, answer) = stranger.raw("POST", "/api/v1/session", Some(sign_in)).await.unwrap();
    assert_eq!((status, answer["error"]["code"].as_str()), (StatusCode::SERVICE_UNAVAILABLE, Some("unavailable")));
    let (status, said) = stranger.page("/readyz").await.unwrap();
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(said.contains("not ready"), "{said}");
    assert_eq!(stranger.page("/healthz").await.unwrap().0, StatusCode::OK);

    muster.database.mend().await.unwrap();
    eventually("it is ready again", async || stranger.page("/readyz").await.unwrap().0 == StatusCode::OK)
        .await
        .unwrap();
    let view = responder.api.incident(n).await.unwrap();
    assert_eq!(view.timeline.len(), 2, "nothing was half done");
    assert_eq!(responder.api.incidents(None).await.unwrap().items.len(), 1);
    responder.api.note(n, &NoteIn::of(message("here again"))).await.unwrap();
}

#[tokio::test]
async fn the_console_opens_so_that_it_can_say_what_is_wrong() {
    let assets = Scratch::new().unwrap();
    assets.file("manifest.json", r#"{"js": "c.js", "wasm": "c.wasm", "boot": "boot.js", "css": ["c.css"]}"#).unwrap();
    assets.file("c.js", "export {}").unwrap();
    let muster = Muster::serve(None, assets.path().to_owned()).await.unwrap();
    let stranger = muster.stranger().unwrap();
    muster.database.cut().await.unwrap();
    for path in ["/login", "/console", "/console/incidents/1"] {
        let (status, html) = stranger.page(path).await.unwrap();
        assert_eq!(status, StatusCode::OK, "{path}");
        assert!(html.contains("/assets/c.js"), "{path}: {html}");
    }
    assert_eq!(stranger.page("/assets/c.js").await.unwrap(), (StatusCode::OK, "export {}".into()));
}

#[tokio::test]
async fn a_request_whose_answer_was_lost_can_be_sent_again_with_its_key() {
    let muster = Muster::start().await.unwrap();
    let responder = muster.persona(Role::Responder).await.unwrap();
    let body = declaration("validator1").unwrap();
    muster.database.cut().await.unwrap();
    assert_eq!(refused(responder.api.declare(&body, "k").await).code, ErrorCode::Unavailable);
    muster.database.mend().await.unwrap();
    eventually("it is taken", async || responder.api.declare(&body, "k").await.is_ok()).await.unwrap();
    assert_eq!(responder.api.declare(&body, "k").await.unwrap().number, 1);
    assert_eq!(muster.store.incident_list(tests::scene::EVERYTHING, None, 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn streams_that_were_open_go_on_where_they_were() {
    let muster = Muster::start().await.unwrap();
    let responder = muster.persona(Role::Responder).await.unwrap();
    let n = muster.declare(&responder, "validator1").await.unwrap().number;
    let mut events = Events::open(&responder.http, None).await.unwrap();
    let place = events.next().await.unwrap().id.unwrap();
    muster.database.cut().await.unwrap();
    tokio::time::sleep(Duration::from_millis(500)).await;
    muster.database.mend().await.unwrap();
    let note = NoteIn::of(message("after the cut"));
    eventually("a note is taken", async || responder.api.note(n, &note).await.is_ok()).await.unwrap();
    assert_eq!(events.next().await.unwrap().id, Some(place + 1));
}

#[tokio::test]
async fn the_public_page_learns_what_happened_once_it_is_back() {
    let muster = Muster::start().await.unwrap();
    let responder = muster.persona(Role::Responder).await.unwrap();
    muster.database.cut().await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    muster.database.mend().await.unwrap();
    eventually("it is declared", async || {
        responder.api.declare(&declaration("validator1").unwrap(), "k").await.is_ok()
    })
    .await
    .unwrap();
    let stranger = muster.stranger().unwrap();
    eventually("the page says so", async || {
        stranger.page("/").await.unwrap().1.contains("validator1 is not available")
    })
    .await
    .unwrap();
}

fn once() -> Vec<Effect> {
    vec![Effect { op: Op::Restart, container: "bt2c_validator1_1".into() }]
}

#[tokio::test]
async fn a_worker_that_loses_the_database_during_an_effect_writes_its_outcome_later() {
    let scene = Scene::set().await.unwrap();
    let _worker = scene.worker();
    scene.host.set_delay(Duration::from_millis(1500));
    let run = scene.approved().await.unwrap();
    scene.until_run(run.number, |run| run.steps[2].attempts == 1).await.unwrap();
    scene.muster.database.cut().await.unwrap();
    eventually("the restart happens without the database", async || scene.host.effects() == once()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(500)).await;
    scene.muster.database.mend().await.unwrap();
    eventually("the server is back", async || scene.operator.api.run(run.number).await.is_ok()).await.unwrap();
    let run = scene.until(run.number, RunState::Succeeded).await.unwrap();
    assert_eq!(scene.host.effects(), once());
    assert_eq!(run.steps[2].attempts, 1);
}

#[tokio::test]
async fn a_worker_that_lost_its_lease_while_the_database_was_away_takes_the_run_up_again() {
    let scene = Scene::set().await.unwrap();
    let _worker = scene.quick_worker();
    scene.host.set_delay(Duration::from_secs(1));
    let run = scene.approved().await.unwrap();
    scene.until_run(run.number, |run| run.steps[2].attempts == 1).await.unwrap();
    scene.muster.database.cut().await.unwrap();
    // Longer than the lease.
    tokio::time::sleep(Duration::from_secs(4)).await;
    scene.muster.database.mend().await.unwrap();
    eventually("the server is back", async || scene.operator.api.run(run.number).await.is_ok()).await.unwrap();
    scene.until(run.number, RunState::Succeeded).await.unwrap();
    assert_eq!(scene.host.effects(), once(), "not a second time");
}

#[tokio::test]
async fn an_idle_worker_hears_of_work_after_the_database_was_away() {
    let scene = Scene::set().await.unwrap();
    let _worker = scene.worker();
    let incident = scene.declared().await.unwrap();
    scene.muster.database.cut().await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    scene.muster.database.mend().await.unwrap();
    eventually("a run is requested", async || scene.request(incident.number).await.is_ok()).await.unwrap();
    let run = scene.operator.api.runs(None).await.unwrap().items[0].number;
    scene.until(run, RunState::AwaitingApproval).await.unwrap();
}

#[tokio::test]
async fn an_approval_while_the_database_is_away_is_not_counted_and_says_so() {
    let scene = Scene::set().await.unwrap();
    let _worker = scene.worker();
    let run = scene.waiting().await.unwrap();
    scene.muster.database.cut().await.unwrap();
    let error = refused(tests::scene::decide(&scene.approver, &run, true).await);
    assert_eq!(error.code, ErrorCode::Unavailable);
    scene.muster.database.mend().await.unwrap();
    eventually("the server is back", async || scene.operator.api.run(run.number).await.is_ok()).await.unwrap();
    let now = scene.operator.api.run(run.number).await.unwrap();
    assert_eq!((now.state, now.decisions.len()), (RunState::AwaitingApproval, 0));
    tests::scene::decide(&scene.approver, &now, true).await.unwrap();
    scene.until(run.number, RunState::Succeeded).await.unwrap();
}

/// R6: every connection is cut again and again, some of them while they commit, and a worker dies on top of it.
#[tokio::test]
async fn a_run_whose_connections_are_cut_again_and_again_ends_once_and_whole() {
    let scene = Scene::set().await.unwrap();
    let first = scene.quick_worker();
    let second = scene.quick_worker();
    scene.host.set_delay(Duration::from_millis(150));
    let run = scene.approved().await.unwrap();
    let mut first = Some(first);
    for round in 0..12 {
        scene.muster.database.cut().await.unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
        scene.muster.database.mend().await.unwrap();
        tokio::time::sleep(Duration::from_millis(40 + 17 * round)).await;
        if round == 6 {
            first.take().into_iter().for_each(tests::muster::RunningWorker::kill);
        }
    }
    eventually("the server is back", async || scene.operator.api.run(run.number).await.is_ok()).await.unwrap();
    let view = scene.until(run.number, RunState::Succeeded).await.unwrap();
    assert_eq!(scene.host.effects(), once());
    let store = &scene.muster.store;
    let (record, log) = (store.run_fetch(view.id).await.unwrap(), store.run_events(view.id).await.unwrap());
    assert_eq!(Run::replay(record.run.header.clone(), &log).unwrap(), record.run, "the log has no gap and no double");
    drop(second);
}
