//! The event stream over HTTP: who may read it, that what happens arrives, and that whoever comes back misses nothing.

use reqwest::StatusCode;
use serde_json::Value;
use shared::{
    api::{incident::NoteIn, live::Topic},
    domain::{access::Role, run::RunState},
};
use tests::{
    events::{Arrived, Events},
    muster::Muster,
    persona::Persona,
    scene::{Scene, message},
};

async fn stage() -> (Muster, Persona, i64) {
    let muster = Muster::start().await.unwrap();
    let responder = muster.persona(Role::Responder).await.unwrap();
    let n = muster.declare(&responder, "validator1").await.unwrap().number;
    (muster, responder, n)
}

async fn note(person: &Persona, incident: i64, text: &str) {
    person.api.note(incident, &NoteIn::of(message(text))).await.unwrap();
}

/// The greeting's id and whether something is lost.
fn hello(arrived: &Arrived) -> (i64, bool) {
    assert_eq!(arrived.name, "hello", "{arrived:?}");
    let data: Value = serde_json::from_str(&arrived.data).unwrap();
    assert_eq!(data["id"].as_i64(), arrived.id);
    (arrived.id.unwrap(), data["missed"].as_bool().unwrap())
}

#[tokio::test]
async fn the_stream_is_for_people_who_are_signed_in() {
    let (muster, responder, _) = stage().await;
    let answer = muster.stranger().unwrap().raw("GET", "/api/v1/events", None).await.unwrap();
    assert_eq!((answer.0, answer.1["error"]["code"].as_str()), (StatusCode::UNAUTHORIZED, Some("not-signed-in")));
    let response = responder.http.ask("GET", "/api/v1/events", None).await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    assert!(response.headers()["cache-control"].to_str().unwrap().contains("no-"));
}

#[tokio::test]
async fn it_greets_with_its_place_and_then_tells_what_happens() {
    let (muster, responder, n) = stage().await;
    let viewer = muster.persona(Role::Viewer).await.unwrap();
    let mut events = Events::open(&viewer.http, None).await.unwrap();
    let (place, missed) = hello(&events.next().await.unwrap());
    assert_eq!((place, missed), (muster.store.live_head().await.unwrap(), false));
    note(&responder, n, "somebody looks").await;
    let arrived = events.next().await.unwrap();
    assert_eq!((arrived.id, arrived.name.as_str()), (Some(place + 1), "incident"));
    assert_eq!(arrived.event.unwrap().topic, Topic::Incident { number: n });
    assert!(events.drain().is_empty(), "once");
}

#[tokio::test]
async fn a_run_is_told_as_it_goes_with_its_output_in_order() {
    let scene = Scene::set().await.unwrap();
    let mut events = Events::open(&scene.approver.http, None).await.unwrap();
    hello(&events.next().await.unwrap());
    let _worker = scene.worker();
    let run = scene.approved().await.unwrap();
    scene.until(run.number, RunState::Succeeded).await.unwrap();
    let last = scene.muster.store.live_head().await.unwrap();
    let mut arrived = vec![];
    while arrived.last().and_then(|a: &Arrived| a.id) != Some(last) {
        arrived.push(events.next().await.unwrap());
    }
    let mut lines = vec![];
    for arrived in &arrived {
        if let Topic::Output { run: of, lines: new, .. } = &arrived.event.as_ref().unwrap().topic {
            assert_eq!(*of, run.number);
            lines.extend(new.iter().cloned());
        }
    }
    assert!(!lines.is_empty());
    assert_eq!(
        lines,
        scene.approver.api.output(run.number, 0).await.unwrap().items,
        "what was streamed is what is kept"
    );
    assert!(
        arrived
            .iter()
            .any(|a| a.event.as_ref().unwrap().topic == Topic::Run { number: run.number, incident: run.incident })
    );
}

#[tokio::test]
async fn who_comes_back_gets_exactly_what_was_missed() {
    let (muster, responder, n) = stage().await;
    let mut events = Events::open(&responder.http, None).await.unwrap();
    let (place, _) = hello(&events.next().await.unwrap());
    note(&responder, n, "one").await;
    assert_eq!(events.next().await.unwrap().id, Some(place + 1));
    drop(events);
    for text in ["two", "three", "four"] {
        note(&responder, n, text).await;
    }
    let mut events = Events::open(&responder.http, Some(place + 1)).await.unwrap();
    assert_eq!(hello(&events.next().await.unwrap()), (place + 1, false));
    let mut ids = vec![];
    for _ in 0..3 {
        ids.push(events.next().await.unwrap().id.unwrap());
    }
    assert_eq!(ids, [place + 2, place + 3, place + 4]);
    note(&responder, n, "five").await;
    assert_eq!(events.next().await.unwrap().id, Some(place + 5), "and goes on with what is new");
    assert_eq!(muster.store.live_head().await.unwrap(), place + 5);
}

#[tokio::test]
async fn coming_back_again_and_again_while_others_write_leaves_no_gap_and_no_repeat() {
    let (_muster, responder, n) = stage().await;
    let mut events = Events::open(&responder.http, None).await.unwrap();
    let (place, _) = hello(&events.next().await.unwrap());
    let writing = async {
        for i in 0..30 {
            let (a, b) = (format!("a {i}"), format!("b {i}"));
            futures::join!(note(&responder, n, &a), note(&responder, n, &b));
        }
    };
    let reading = async {
        let mut seen = vec![];
        let mut in_a_row = 0;
        while seen.len() < 60 {
            seen.push(events.next().await.unwrap().id.unwrap());
            in_a_row += 1;
            if in_a_row == 1 + seen.len() % 5 {
                in_a_row = 0;
                events = Events::open(&responder.http, seen.last().copied()).await.unwrap();
                assert_eq!(hello(&events.next().await.unwrap()), (*seen.last().unwrap(), false));
            }
        }
        seen
    };
    let ((), seen) = futures::join!(writing, reading);
    assert_eq!(seen, (place + 1..=place + 60).collect::<Vec<_>>());
}

#[tokio::test]
async fn twenty_readers_all_hear_everything() {
    let (_muster, responder, n) = stage().await;
    let mut readers = vec![];
    for _ in 0..20 {
        let mut events = Events::open(&responder.http, None).await.unwrap();
        let (place, _) = hello(&events.next().await.unwrap());
        readers.push((place, events));
    }
    for i in 0..10 {
        note(&responder, n, &format!("{i}")).await;
    }
    for (place, events) in &mut readers {
        for i in 1..=10 {
            assert_eq!(events.next().await.unwrap().id, Some(*place + i));
        }
    }
}

#[tokio::test]
async fn a_place_that_is_not_known_is_said_to_be_lost() {
    let (muster, responder, n) = stage().await;
    for i in 0..3 {
        note(&responder, n, &format!("{i}")).await;
    }
    let head = muster.store.live_head().await.unwrap();
    let mut events = Events::open(&responder.http, Some(head + 1000)).await.unwrap();
    assert_eq!(hello(&events.next().await.unwrap()), (head, true), "an id of another database");
    let pool = sqlx::PgPool::connect(&muster.database.url).await.unwrap();
    sqlx::query("DELETE FROM live_event WHERE id < $1").bind(head).execute(&pool).await.unwrap();
    let mut events = Events::open(&responder.http, Some(1)).await.unwrap();
    assert_eq!(hello(&events.next().await.unwrap()), (head, true), "events that are no longer kept");
    let mut events = Events::open(&responder.http, Some(head - 1)).await.unwrap();
    assert_eq!(hello(&events.next().await.unwrap()), (head - 1, false), "just enough is kept");
    assert_eq!(events.next().await.unwrap().id, Some(head));
}

#[tokio::test]
async fn a_place_that_is_no_number_is_refused_and_the_address_may_carry_it_too() {
    let (_muster, responder, n) = stage().await;
    let request =
        responder.http.client.get(format!("{}/api/v1/events", responder.http.base)).header("last-event-id", "x");
    assert_eq!(request.send().await.unwrap().status(), StatusCode::BAD_REQUEST);
    let (status, _) = responder.http.raw("GET", "/api/v1/events?last=x", None).await.unwrap();
    assert_eq!(status, StatusCode::BAD_REQUEST);
    note(&responder, n, "one").await;
    let response = responder.http.ask("GET", "/api/v1/events?last=0", None).await.unwrap();
    let mut stream = response.bytes_stream();
    let mut text = String::new();
    while !text.contains("id: 1\n") {
        let chunk = futures::StreamExt::next(&mut stream).await.unwrap().unwrap();
        text += &String::from_utf8_lossy(&chunk);
    }
    assert!(text.contains("event: plan"), "the very first event: {text}");
}
