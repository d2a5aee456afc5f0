//! Incidents over HTTP: clocks, transitions, repeated requests, bad input. What the public sees is tested in `public_page`.

use reqwest::StatusCode;
use serde_json::{Value, json};
use shared::{
    api::{
        error::ErrorCode,
        incident::{LevelIn, NoteIn, ResolveIn, UpdateIn},
    },
    domain::{
        access::Role,
        clock::ClockState,
        incident::{IncidentCommand, IncidentEvent, IncidentState, PublicState},
        offer::Offer,
    },
};
use tests::{
    muster::{Muster, declaration},
    persona::Persona,
    scene::{Scene, message, refused, with_unknown_line},
};

async fn stage() -> (Muster, Persona) {
    let muster = Muster::start().await.unwrap();
    let responder = muster.persona(Role::Responder).await.unwrap();
    (muster, responder)
}

fn note(text: &str) -> NoteIn {
    NoteIn::of(message(text))
}

fn resolution() -> ResolveIn {
    ResolveIn { text: message("restarted"), public_text: None, notify: true, despite: None }
}

fn level(level: u8) -> LevelIn {
    LevelIn { level, reason: message("more is broken than it seemed") }
}

async fn count(muster: &Muster) -> usize {
    muster.store.incident_list(tests::scene::EVERYTHING, None, 100).await.unwrap().len()
}

#[tokio::test]
async fn the_level_starts_the_response_clock_and_the_component_its_recovery_clock() {
    let (muster, responder) = stage().await;
    let view = muster.declare(&responder, "validator1").await.unwrap();
    let clocks: Vec<_> = view.clocks.iter().map(|c| (c.label.as_str(), c.limit_seconds, c.stopped_at)).collect();
    let expected =
        [("Response", 3600, None), ("Recovery of Validator 1", 600, None), ("Next public update", 3600, None)];
    assert_eq!(clocks, expected);
    assert!(view.clocks.iter().all(|c| c.started_at == view.declared_at && c.state(view.now) == ClockState::Running));
    assert_eq!((view.level, view.level_name.as_str(), view.state), (1, "Minor Incident", IncidentState::Declared));

    for (given, seconds, public) in [(2, 1800, 1800), (3, 0, 900)] {
        let mut body = declaration("postgres").unwrap();
        body.level = given;
        let view = responder.api.declare(&body, &format!("level {given}").replace(' ', "-")).await.unwrap();
        let limits: Vec<_> = view.clocks.iter().map(|c| c.limit_seconds).collect();
        assert_eq!(limits, [seconds, 1800, public], "level {given} on the database");
    }
}

#[tokio::test]
async fn what_does_not_fit_the_plan_names_its_field_and_declares_nothing() {
    let (muster, responder) = stage().await;
    let fit = serde_json::to_value(declaration("validator1").unwrap()).unwrap();
    let with = |pointer: &str, value: Value| {
        let mut body = fit.clone();
        *body.pointer_mut(pointer).unwrap() = value;
        body
    };
    let without = |field: &str| {
        let mut body = fit.clone();
        body.as_object_mut().unwrap().remove(field);
        body
    };
    let extra = {
        let mut body = fit.clone();
        body["colour"] = json!("red");
        body
    };
    let twice = with(
        "/affected",
        json!([{"component": "validator1", "impact": "degraded"}, {"component": "validator1", "impact": "degraded"}]),
    );
    let cases = [
        (
            with("/affected/0/component", json!("validator9")),
            "affected[0].component",
            "validator1, validator2, postgres",
        ),
        (with("/affected/0/component", json!("")), "affected[0].component", "no component"),
        (twice, "affected[1].component", "twice"),
        (with("/affected/0/impact", json!("worse")), "affected[0].impact", "major-outage"),
        (with("/system", json!("bt3c")), "system", "bt3c"),
        (with("/level", json!(9)), "level", "1, 2, 3"),
        (with("/level", json!(0)), "level", "1, 2, 3"),
        (with("/level", json!(-1)), "level", ""),
        (with("/level", json!("one")), "level", ""),
        (with("/title", json!("   ")), "title", "empty"),
        (with("/title", json!("x".repeat(201))), "title", "201"),
        (with("/title", json!("two\nlines")), "title", "control"),
        (with("/title", json!("\u{200b}\u{feff}")), "title", "empty"),
        (with("/title", json!("up\u{202e}nwod")), "title", "direction"),
        (with("/title", Value::Null), "title", ""),
        (with("/affected", json!([])), "affected", "at least one"),
        (with("/text", json!("x".repeat(10_001))), "text", "10001"),
        (with("/public/title", json!("")), "public.title", "empty"),
        (with("/public/text", json!("")), "public.text", "empty"),
        (with("/public", json!({"title": "x"})), "public.text", "missing"),
        (without("title"), "title", "missing"),
        (without("affected"), "affected", "missing"),
        (extra, "colour", "colour"),
        (json!([]), "body", ""),
    ];
    for (body, field, words) in cases {
        let (status, answer) = responder.http.raw("POST", "/api/v1/incidents", Some(body.clone())).await.unwrap();
        assert!(matches!(status, StatusCode::UNPROCESSABLE_ENTITY | StatusCode::BAD_REQUEST), "{status}: {body}");
        let error = &answer["error"];
        assert_eq!(
            (error["code"].as_str(), error["fields"][0]["field"].as_str()),
            (Some("invalid"), Some(field)),
            "{body}: {answer}"
        );
        let said = error["fields"][0]["message"].as_str().unwrap();
        assert!(said.contains(words) && said.ends_with('.'), "{body}: {said:?}");
    }
    assert_eq!(count(&muster).await, 0);
    let (status, _) = responder.http.raw("POST", "/api/v1/incidents", Some(fit.clone())).await.unwrap();
    assert_eq!((status, count(&muster).await), (StatusCode::OK, 1), "the same body without a mistake is taken");
}

#[tokio::test]
async fn nothing_can_be_declared_on_a_system_without_a_plan() {
    let muster = Muster::start_empty().await.unwrap();
    let mut tx = muster.store.begin().await.unwrap();
    tx.system_create("bt2c", "BT2C", "bt2c", None).await.unwrap();
    tx.commit().await.unwrap();
    let responder = muster.persona(Role::Responder).await.unwrap();
    let error = refused(responder.api.declare(&declaration("validator1").unwrap(), "k").await);
    assert_eq!((error.code, error.fields[0].field.as_str()), (ErrorCode::Invalid, "system"));
    assert!(error.message.contains("no plan"), "{}", error.message);
}

#[tokio::test]
async fn one_key_sent_twenty_times_at_once_declares_one_incident() {
    let (muster, responder) = stage().await;
    let body = declaration("validator1").unwrap();
    let all = futures::future::join_all((0..20).map(|_| responder.api.declare(&body, "the-same-key"))).await;
    for answer in all {
        assert_eq!(answer.unwrap().number, 1);
    }
    assert_eq!(count(&muster).await, 1);
    let entries = muster.store.audit_list(None, 100).await.unwrap();
    assert_eq!(entries.iter().filter(|e| e.entry.action == "incident.declared").count(), 1);
}

#[tokio::test]
async fn a_key_is_one_request_of_one_person() {
    let (muster, responder) = stage().await;
    let body = declaration("validator1").unwrap();
    let first = responder.api.declare(&body, "k").await.unwrap();
    let error = refused(responder.api.declare(&declaration("validator2").unwrap(), "k").await);
    assert_eq!(error.code, ErrorCode::KeyReused);
    assert_eq!(count(&muster).await, 1);
    let other = muster.persona(Role::Responder).await.unwrap();
    assert_ne!(
        other.api.declare(&body, "k").await.unwrap().number,
        first.number,
        "another person's key is another key"
    );
    for bad in ["", " ", "with space", &"x".repeat(201)] {
        let error = refused(responder.api.declare(&body, bad).await);
        assert_eq!((error.code, error.fields[0].field.as_str()), (ErrorCode::Invalid, "Idempotency-Key"), "{bad:?}");
    }
    assert_eq!(count(&muster).await, 2);
}

#[tokio::test]
async fn every_write_of_an_incident_keeps_to_its_key() {
    let (muster, responder) = stage().await;
    let n = muster.declare(&responder, "validator1").await.unwrap().number;
    let send = async |key: &str, path: &str, body: &Value| {
        let request = responder.http.client.post(format!("{}/api/v1/incidents/{n}/{path}", muster.base));
        let request = request.header("origin", &muster.base).header("idempotency-key", key).json(body);
        let answer = request.send().await.unwrap();
        (answer.status(), answer.json::<Value>().await.unwrap())
    };
    let writes = [
        ("acknowledge", json!({}), "incident.acknowledged"),
        ("work", json!({}), "incident.work-started"),
        ("notes", json!({"text": "seen"}), "incident.noted"),
        ("updates", json!({"state": "identified", "text": "We know why."}), "incident.posted"),
        ("level", json!({"level": 2, "reason": "worse"}), "incident.level-changed"),
        ("resolve", json!({"text": "done"}), "incident.resolved"),
    ];
    let entries = async || muster.store.audit_list(None, 100).await.unwrap().len();
    for (path, body, action) in &writes {
        let before = entries().await;
        let (status, first) = send(path, path, body).await;
        assert_eq!(status, StatusCode::OK, "{path}: {first}");
        let once = entries().await;
        assert!(once > before, "{path}");
        let (status, again) = send(path, path, body).await;
        assert_eq!((status, &again["timeline"]), (StatusCode::OK, &first["timeline"]), "{path}");
        assert_eq!(entries().await, once, "{path} has one {action}");
        let (status, other) = send(path, "notes", &json!({"text": "something else"})).await;
        assert_eq!(
            (status, other["error"]["code"].as_str()),
            (StatusCode::UNPROCESSABLE_ENTITY, Some("key-reused")),
            "{path}"
        );
    }
    let other = muster.declare(&responder, "validator2").await.unwrap().number;
    let request = responder.http.client.post(format!("{}/api/v1/incidents/{other}/acknowledge", muster.base));
    let answer = request.header("origin", &muster.base).header("idempotency-key", "acknowledge").json(&json!({}));
    assert_eq!(answer.send().await.unwrap().status(), StatusCode::UNPROCESSABLE_ENTITY, "the incident is part of it");
}

#[tokio::test]
async fn a_refused_request_does_not_use_its_key_up() {
    let (muster, responder) = stage().await;
    let mut wrong = declaration("validator1").unwrap();
    wrong.level = 9;
    refused(responder.api.declare(&wrong, "k").await);
    let view = responder.api.declare(&declaration("validator1").unwrap(), "k").await.unwrap();
    assert_eq!((view.number, count(&muster).await), (1, 1));
}

#[tokio::test]
async fn the_usual_road_is_told_by_the_timeline_and_stops_the_clocks() {
    let (muster, responder) = stage().await;
    let n = muster.declare(&responder, "validator1").await.unwrap().number;
    let api = &responder.api;
    let view = api.acknowledge(n).await.unwrap();
    assert_eq!(view.state, IncidentState::Acknowledged);
    assert!(view.clocks[0].stopped_at.is_some() && view.clocks[1].stopped_at.is_none());
    assert_eq!(api.start_work(n).await.unwrap().state, IncidentState::Recovering);
    api.note(n, &note("it does not answer ping")).await.unwrap();
    let view = api.change_level(n, &level(2)).await.unwrap();
    assert_eq!((view.level, view.level_name.as_str(), view.clocks[0].limit_seconds), (2, "Major Incident", 1800));
    api.post_update(
        n,
        &UpdateIn { state: PublicState::Identified, text: message("We know why."), notify: true, happened_at: None },
    )
    .await
    .unwrap();
    let view = api.resolve(n, &resolution()).await.unwrap();
    assert_eq!((view.state, view.public_state), (IncidentState::Resolved, Some(PublicState::Resolved)));
    assert!(view.clocks.iter().all(|c| c.stopped_at.is_some() && c.state(view.now) == ClockState::Met));
    let told: Vec<_> = view
        .timeline
        .iter()
        .map(|entry| match &entry.event {
            IncidentEvent::Declared { .. } => "declared",
            IncidentEvent::Posted { state: PublicState::Investigating, .. } => "posted: investigating",
            IncidentEvent::Acknowledged => "acknowledged",
            IncidentEvent::WorkStarted => "work started",
            IncidentEvent::Noted { .. } => "noted",
            IncidentEvent::LevelChanged { from: 1, to: 2, .. } => "level 1 to 2",
            IncidentEvent::Posted { state: PublicState::Identified, .. } => "posted: identified",
            IncidentEvent::Posted { state: PublicState::Resolved, .. } => "posted: resolved",
            IncidentEvent::Resolved { .. } => "resolved",
            _ => "something else",
        })
        .collect();
    assert_eq!(
        told,
        [
            "declared",
            "posted: investigating",
            "acknowledged",
            "work started",
            "noted",
            "level 1 to 2",
            "posted: identified",
            "posted: resolved",
            "resolved"
        ]
    );
    assert!(view.timeline.iter().all(|entry| entry.by.user() == Some(responder.id)));
    assert_eq!(view.timeline.iter().map(|entry| entry.seq).collect::<Vec<_>>(), (1..=9).collect::<Vec<_>>());
}

#[tokio::test]
async fn starting_work_answers_the_incident_too() {
    let (muster, responder) = stage().await;
    let n = muster.declare(&responder, "validator1").await.unwrap().number;
    let view = responder.api.start_work(n).await.unwrap();
    assert!(view.clocks[0].stopped_at.is_some());
}

#[tokio::test]
async fn what_may_not_follow_is_refused_with_a_reason_and_changes_nothing() {
    let (muster, responder) = stage().await;
    let api = &responder.api;
    let n = muster.declare(&responder, "validator1").await.unwrap().number;
    api.start_work(n).await.unwrap();
    let working = api.incident(n).await.unwrap();
    let not_now = |answer: Result<_, _>, words: &str| {
        let error = refused::<shared::api::incident::IncidentView>(answer);
        assert_eq!(error.code, ErrorCode::NotNow, "{error:?}");
        assert!(error.message.contains(words), "{words:?} in {:?}", error.message);
    };
    not_now(api.acknowledge(n).await, "already acknowledged");
    not_now(api.start_work(n).await, "already started");
    not_now(api.change_level(n, &level(1)).await, "already has level 1");
    let error = refused(api.change_level(n, &level(7)).await);
    assert_eq!((error.code, error.fields[0].field.as_str()), (ErrorCode::Invalid, "level"));
    let resolved = UpdateIn { state: PublicState::Resolved, text: message("over"), notify: true, happened_at: None };
    assert_eq!(refused(api.post_update(n, &resolved).await).fields[0].field, "state");
    assert_eq!(api.incident(n).await.unwrap().timeline, working.timeline, "nothing was written");

    api.resolve(n, &resolution()).await.unwrap();
    let update =
        UpdateIn { state: PublicState::Monitoring, text: message("still watching"), notify: true, happened_at: None };
    not_now(api.acknowledge(n).await, "resolved");
    not_now(api.start_work(n).await, "resolved");
    not_now(api.change_level(n, &level(2)).await, "resolved");
    not_now(api.post_update(n, &update).await, "resolved");
    not_now(api.resolve(n, &resolution()).await, "resolved");
    assert!(api.note(n, &note("a note may come later")).await.is_ok());
    let (status, _) = responder
        .http
        .raw("POST", &format!("/api/v1/incidents/{n}/resolve"), Some(json!({"text": "x"})))
        .await
        .unwrap();
    assert_eq!(status, StatusCode::CONFLICT);
}

#[tokio::test]
async fn of_many_who_acknowledge_at_once_one_does() {
    let (muster, responder) = stage().await;
    let n = muster.declare(&responder, "validator1").await.unwrap().number;
    let answers = futures::future::join_all((0..10).map(|_| responder.api.acknowledge(n))).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    let view = responder.api.incident(n).await.unwrap();
    assert_eq!(view.timeline.iter().filter(|entry| entry.event == IncidentEvent::Acknowledged).count(), 1);
}

#[tokio::test]
async fn notes_written_at_once_are_all_kept_in_one_order() {
    let (muster, responder) = stage().await;
    let n = muster.declare(&responder, "validator1").await.unwrap().number;
    let notes: Vec<_> = (0..15).map(|i| note(&format!("note {i}"))).collect();
    for answer in futures::future::join_all(notes.iter().map(|note| responder.api.note(n, note))).await {
        answer.unwrap();
    }
    let timeline = responder.api.incident(n).await.unwrap().timeline;
    let kept = timeline.iter().filter(|entry| matches!(entry.event, IncidentEvent::Noted { .. })).count();
    assert_eq!(kept, 15);
    assert!(timeline.windows(2).all(|two| two[0].seq + 1 == two[1].seq));
}

#[tokio::test]
async fn what_is_not_offered_says_why_and_is_refused() {
    let scene = Scene::with_plan(&with_unknown_line().unwrap()).await.unwrap();
    let (muster, responder, operator) = (&scene.muster, &scene.responder, &scene.operator);
    let viewer = muster.persona(Role::Viewer).await.unwrap();
    let n = muster.declare(responder, "validator1").await.unwrap().number;
    let offers = async |person: &Persona| person.api.incident(n).await.unwrap().offers;
    let why = |offers: &[Offer<IncidentCommand>], command| {
        offers.iter().find(|o| o.command == command).unwrap().refused.clone()
    };

    // What is not possible for anybody yet is said first.
    for offer in offers(&viewer).await.into_iter().filter(|offer| {
        !matches!(
            offer.command,
            IncidentCommand::Close
                | IncidentCommand::Reopen
                | IncidentCommand::LiftRestriction
                | IncidentCommand::ChangeReaders
        )
    }) {
        assert!(offer.refused.is_some_and(|why| why.contains("you need the role")), "{:?}", offer.command);
    }
    let of_responder = offers(responder).await;
    assert_eq!(of_responder.len(), IncidentCommand::ALL.len(), "each command is offered or explained");
    assert_eq!(why(&of_responder, IncidentCommand::Acknowledge), None);
    let needs = "To request a recovery run you need the role operator or administrator.";
    assert_eq!(why(&of_responder, IncidentCommand::RequestRun).as_deref(), Some(needs));
    assert_eq!(why(&offers(operator).await, IncidentCommand::RequestRun), None);

    let view = operator.api.incident(n).await.unwrap();
    let open: Vec<_> =
        view.procedures.iter().filter(|p| p.refused.is_none()).map(|p| (p.id.as_str(), p.fits)).collect();
    assert!(
        open.contains(&("node-failure-recovery", true)) && open.contains(&("identify-corruption", false)),
        "{open:?}"
    );
    let closed: Vec<_> = view.procedures.iter().filter(|p| p.refused.is_some()).collect();
    assert!(
        matches!(&closed[..], [one] if one.id == "odd" && one.refused.as_ref().unwrap().contains("cannot run")),
        "{closed:?}"
    );

    responder.api.acknowledge(n).await.unwrap();
    let after = offers(responder).await;
    assert!(why(&after, IncidentCommand::Acknowledge).unwrap().contains("already acknowledged"));
    responder.api.resolve(n, &resolution()).await.unwrap();
    for offer in offers(operator).await {
        let still = matches!(
            offer.command,
            IncidentCommand::Note
                | IncidentCommand::Close
                | IncidentCommand::WriteReport
                | IncidentCommand::Reopen
                | IncidentCommand::HandleTask
                | IncidentCommand::Restrict
                | IncidentCommand::Relate
        );
        assert_eq!(offer.open(), still, "{offer:?}");
    }
}

#[tokio::test]
async fn an_internal_incident_has_nobody_to_update() {
    let (_muster, responder) = stage().await;
    let mut body = declaration("validator1").unwrap();
    body.public = None;
    let view = responder.api.declare(&body, "k").await.unwrap();
    assert_eq!((view.public_title, view.public_state), (None, None));
    let update = UpdateIn { state: PublicState::Identified, text: message("x"), notify: true, happened_at: None };
    let error = refused(responder.api.post_update(view.number, &update).await);
    assert_eq!(error.code, ErrorCode::NotNow);
    assert!(error.message.contains("not on the status page"), "{}", error.message);
    let resolved = responder.api.resolve(view.number, &resolution()).await.unwrap();
    assert!(resolved.timeline.iter().all(|entry| !matches!(entry.event, IncidentEvent::Posted { .. })));
}

#[tokio::test]
async fn lists_are_paged_by_key_without_gap_or_repeat() {
    let (muster, responder) = stage().await;
    for _ in 0..53 {
        muster.declare(&responder, "validator1").await.unwrap();
    }
    let first = responder.api.incidents(None).await.unwrap();
    let second = responder.api.incidents(first.next.as_deref()).await.unwrap();
    let numbers: Vec<_> = first.items.iter().chain(&second.items).map(|row| row.number).collect();
    assert_eq!(numbers, (1..=53).rev().collect::<Vec<_>>());
    assert!(first.next.is_some() && second.next.is_none());
}
