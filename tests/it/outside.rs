//! Monitors of what is outside of the project: real servers on other addresses of this machine, which are inside for the guard of the
//! way out, so that only an operator lets a worker ask them. The project's own host is simulated.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{Router, http::StatusCode, response::Redirect, routing::get};
use outgoing::rule::Allowed;
use serde_json::json;
use shared::{
    api::{
        error::ErrorCode,
        monitor::{MonitorView, MonitorsIn},
    },
    domain::{
        access::Role,
        monitor::{Definition, State},
    },
};
use tests::{
    certificates::Authority,
    muster::{RunningWorker, worker_config},
    persona::Persona,
    programs::Scratch,
    scene::{PROJECT, QUICK, Scene, eventually, refused},
};
use uuid::Uuid;
use worker::config::Config;

const SETTING: &str = "MUSTER_WORKER_OUTGOING_ALLOW";

/// Only what a definition must have; limits as given.
fn watched(name: &str, check: serde_json::Value, limits: serde_json::Value) -> Definition {
    let mut definition =
        json!({"name": name, "check": check, "every_seconds": 86_400, "timeout_seconds": 5, "retries": 0});
    definition.as_object_mut().unwrap().extend(limits.as_object().unwrap().clone());
    serde_json::from_value(definition).unwrap()
}

async fn made(admin: &Persona, definition: Definition) -> Uuid {
    let body = MonitorsIn { monitors: vec![definition] };
    admin.api.make_monitors(PROJECT, &body).await.unwrap().items.remove(0).id
}

async fn found(admin: &Persona, id: Uuid, state: State) -> MonitorView {
    eventually(state.name(), async || {
        let view = admin.api.monitor(id).await.unwrap();
        if view.state != state {
            admin.api.check_monitor_now(id).await.unwrap();
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        view.state == state
    })
    .await
    .unwrap();
    admin.api.monitor(id).await.unwrap()
}

/// What the last check said, and its value.
async fn said(admin: &Persona, definition: Definition, state: State) -> (String, Option<f64>) {
    let id = made(admin, definition).await;
    let last = found(admin, id, state).await.last.unwrap();
    (last.text, last.value)
}

/// A worker that may also ask these.
fn worker(scene: &Scene, allowed: &str) -> RunningWorker {
    let outgoing = Allowed::parse(allowed).unwrap().written_in(SETTING);
    scene.muster.worker_as(Config { outgoing, ..worker_config(PROJECT) }, scene.host.clone(), QUICK)
}

/// A server on this address of the machine, and how often it was asked.
async fn serves(at: &str, routes: Router) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = tokio::net::TcpListener::bind((at, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let visits = Arc::new(AtomicUsize::new(0));
    let counted = visits.clone();
    let routes = routes.layer(axum::middleware::from_fn(move |request, next: axum::middleware::Next| {
        counted.fetch_add(1, Ordering::SeqCst);
        next.run(request)
    }));
    tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
    (address, visits)
}

#[tokio::test]
async fn a_certificate_warns_before_it_runs_out_and_must_fit_its_name_and_authority() {
    let scene = Scene::set().await.unwrap();
    let admin = scene.muster.persona(Role::Administrator).await.unwrap();
    let scratch = Scratch::new().unwrap();
    let authority = Authority::new(scratch.path()).unwrap();
    let _worker = worker(&scene, "127.0.0.2");
    let limits = json!({"warn": {"is": "below", "value": 21.0}, "bad": {"is": "below", "value": 7.0}});
    let fits = "subjectAltName=IP:127.0.0.2\n";
    let look = |address: SocketAddr, any: bool| {
        let check = json!({"kind": "certificate", "address": address.to_string(), "any_authority": any});
        watched(&format!("{address} {any}"), check, limits.clone())
    };
    let cases = [
        (90, State::Up, "it runs out in 89 days"),
        (15, State::Warning, "it runs out in 14 days; it warns below 21 days"),
        (5, State::Down, "it runs out in 4 days; bad is below 7 days"),
    ];
    for (days, state, words) in cases {
        let name = format!("days-{days}");
        authority.sign(&name, fits, days).unwrap();
        let address = authority.shows(&name, "127.0.0.2").await.unwrap();
        // Its first second is over, so that no more than whole days less one are left.
        tokio::time::sleep(Duration::from_millis(1100)).await;
        let (text, value) = said(&admin, look(address, true), state).await;
        assert_eq!((text.as_str(), value), (words, Some(f64::from(days - 1))));
        // The same one, if somebody must vouch for it.
        let (text, value) = said(&admin, look(address, false), State::Down).await;
        assert!(text.contains("authorit") && value.is_none(), "{text}");
    }
    authority.sign("other", "subjectAltName=DNS:other.example.org\n", 90).unwrap();
    let address = authority.shows("other", "127.0.0.2").await.unwrap();
    let (text, _) = said(&admin, look(address, true), State::Down).await;
    assert_eq!(text, format!("the certificate of {address} is not for 127.0.0.2, but for other.example.org"));
    // A server that speaks no TLS shows none.
    let (plain, _) = serves("127.0.0.2", Router::new()).await;
    let (text, _) = said(&admin, look(plain, true), State::Down).await;
    assert!(text.starts_with(&format!("{plain} does not answer")), "{text}");
}

#[tokio::test]
async fn answers_ports_and_numbers_outside_are_watched_like_those_inside() {
    let scene = Scene::set().await.unwrap();
    let admin = scene.muster.persona(Role::Administrator).await.unwrap();
    let height = Arc::new(Mutex::new(40_u32));
    let says = height.clone();
    let routes = Router::new()
        .route("/", get(async || "all is well"))
        .route("/moved", get(async || Redirect::temporary("/")))
        .route("/private", get(async || StatusCode::UNAUTHORIZED))
        .route("/metrics", get(async move || format!("# TYPE height gauge\nheight {}\n", *says.lock().unwrap())));
    let (address, _) = serves("127.0.0.2", routes).await;
    let _worker = worker(&scene, "127.0.0.2");
    let none = json!({});
    let http = |path: &str, more: serde_json::Value| {
        let mut check = json!({"kind": "http", "url": format!("http://{address}{path}")});
        check.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        watched(&format!("{path} {more}"), check, json!({}))
    };
    let cases = [
        (http("/", json!({"contains": "well"})), State::Up, "answered in"),
        (http("/", json!({"contains": "ill"})), State::Down, "answered without \"ill\""),
        (http("/moved", none.clone()), State::Up, "answered in"),
        (http("/nowhere", none.clone()), State::Down, "answered 404"),
        (http("/private", json!({"status": 401})), State::Up, "answered in"),
        (http("/", json!({"status": 401})), State::Down, "answered 200 instead of 401"),
        (watched("port", json!({"kind": "tcp", "address": address.to_string()}), none.clone()), State::Up, "connected"),
        (
            watched("closed", json!({"kind": "tcp", "address": "127.0.0.2:1"}), none.clone()),
            State::Down,
            "does not answer",
        ),
    ];
    for (definition, state, words) in cases {
        let (text, _) = said(&admin, definition, state).await;
        assert!(text.contains(words), "{words}: {text}");
    }
    let metrics = format!("http://{address}/metrics");
    let metric = json!({"kind": "metric", "url": metrics, "filter": "height"});
    let low = json!({"bad": {"is": "below", "value": 41.0}});
    let id = made(&admin, watched("height", metric, low)).await;
    assert_eq!(found(&admin, id, State::Down).await.last.unwrap().text, "it is 40; bad is below 41");
    *height.lock().unwrap() = 41;
    assert_eq!(found(&admin, id, State::Up).await.last.unwrap().value, Some(41.0));
    // What our replica lacks of what others have.
    let lag =
        json!({"kind": "lag", "url": "http://localhost:8082/api/v1/metrics", "other": metrics, "filter": "height"});
    let far = json!({"bad": {"is": "above", "value": 1_000_000.0}});
    let (text, value) = said(&admin, watched("behind", lag, far), State::Up).await;
    assert!(text.contains("apart") && value.is_some(), "{text}");
}

#[tokio::test]
async fn nothing_inside_the_network_is_asked_that_the_operator_has_not_named() {
    let scene = Scene::set().await.unwrap();
    let admin = scene.muster.persona(Role::Administrator).await.unwrap();
    let (secret, visits) = serves("127.0.0.3", Router::new().fallback(async || "secret")).await;
    let leads = format!("http://{secret}/");
    let leading = Router::new().fallback(async move || Redirect::temporary(&leads));
    let (leading, led) = serves("127.0.0.2", leading).await;
    let _worker = worker(&scene, "127.0.0.2");
    let checks = [
        (json!({"kind": "http", "url": format!("http://{secret}/")}), "this machine itself"),
        (json!({"kind": "http", "url": format!("https://{secret}/")}), "this machine itself"),
        (json!({"kind": "metric", "url": format!("http://{secret}/metrics")}), "this machine itself"),
        (json!({"kind": "tcp", "address": secret.to_string()}), "this machine itself"),
        (json!({"kind": "certificate", "address": secret.to_string(), "any_authority": true}), "this machine itself"),
        (json!({"kind": "http", "url": "http://10.0.0.1/"}), "a private address"),
        (json!({"kind": "http", "url": "http://169.254.169.254/latest/meta-data/"}), "credentials"),
        (json!({"kind": "tcp", "address": "[fd00:ec2::254]:80"}), "credentials"),
        (json!({"kind": "http", "url": "http://127.1/"}), "written plainly"),
        (
            json!({"kind": "lag", "url": "http://localhost:8082/api/v1/metrics", "other": "http://[::ffff:10.0.0.1]/"}),
            "written plainly",
        ),
        // Past the one that is allowed.
        (json!({"kind": "http", "url": format!("http://{leading}/")}), "this machine itself"),
    ];
    for (n, (check, words)) in checks.into_iter().enumerate() {
        let (text, _) = said(&admin, watched(&format!("inside {n}"), check.clone(), json!({})), State::Down).await;
        assert!(text.contains("is not asked") && text.contains(words), "{check}: {text}");
        assert!(words == "written plainly" || text.contains(&format!("allow it with {SETTING}=")), "{text}");
    }
    assert_eq!(visits.load(Ordering::SeqCst), 0, "nobody came");
    assert!(led.load(Ordering::SeqCst) > 0, "but to the one that leads there");
    // What can be seen to be wrong is not even kept.
    for check in [
        json!({"kind": "http", "url": "https://ada:secret@status.example.org/"}),
        json!({"kind": "http", "url": "ftp://status.example.org/"}),
        json!({"kind": "certificate", "address": "postgres:5432"}),
    ] {
        let body = MonitorsIn { monitors: vec![watched("wrong", check.clone(), json!({}))] };
        let error = refused(admin.api.make_monitors(PROJECT, &body).await);
        assert_eq!(error.code, ErrorCode::Invalid, "{check}");
    }
}
