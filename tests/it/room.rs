//! The incident room over HTTP: states as people and runs say them, duties, clocks that are loud once, entries that are corrected.
//! Declaring and the usual road are tested in `incidents`.

use serde_json::json;
use server::app::overdue;
use shared::{
    api::{
        error::ErrorCode,
        incident::{
            AffectedChangeIn, AffectedIn, CloseIn, CorrectionIn, DutyIn, DutyVerb, IncidentView, NoteIn, PinIn,
            ReopenIn, ResolveIn, StateIn, UpdateIn,
        },
    },
    domain::{
        access::Role,
        incident::{Due, Duty, IncidentEvent, IncidentState as S, PublicState},
        run::RunState,
        status::Impact,
        story::{Pen, story},
    },
    ids::UserId,
};
use tests::{
    muster::{Muster, declaration},
    persona::Persona,
    postgres::Database,
    scene::{Scene, eventually, message, refused},
};

async fn stage() -> (Muster, Persona, Persona) {
    let muster = Muster::start().await.unwrap();
    let first = muster.persona(Role::Responder).await.unwrap();
    let second = muster.persona(Role::Operator).await.unwrap();
    (muster, first, second)
}

fn said(from: S, to: S) -> StateIn {
    StateIn { from, to, text: Some(message("the disk is full")) }
}

fn impact(component: &str, impact: Impact) -> AffectedChangeIn {
    AffectedChangeIn { affected: vec![AffectedIn { component: component.into(), impact }], text: None }
}

fn resolution() -> ResolveIn {
    ResolveIn { text: message("restarted"), public_text: None, notify: true, despite: None }
}

fn duty(deed: DutyVerb, person: Option<UserId>) -> DutyIn {
    DutyIn { duty: Duty::Commander, deed, person }
}

/// Who is the commander, and who is asked to become it.
fn commander(view: &IncidentView) -> (Option<UserId>, Option<UserId>) {
    let held = view.duties.iter().find(|held| held.duty == Duty::Commander);
    (held.map(|h| h.holder.id), held.and_then(|h| h.offered_to.as_ref().map(|p| p.id)))
}

async fn audited(muster: &Muster, action: &str) -> usize {
    let entries = muster.store.audit_list(None, 100).await.unwrap();
    entries.iter().filter(|entry| entry.entry.action == action).count()
}

fn overdue_of(view: &IncidentView) -> Vec<Due> {
    let due =
        |event: &IncidentEvent| if let IncidentEvent::Overdue { due, .. } = event { Some(due.clone()) } else { None };
    view.timeline.iter().filter_map(|entry| due(&entry.event)).collect()
}

#[tokio::test]
async fn a_person_can_always_say_where_it_stands_and_the_slower_one_learns_it() {
    let (muster, responder, operator) = stage().await;
    let n = muster.declare(&responder, "validator1").await.unwrap().number;
    let view = responder.api.set_state(n, &said(S::Declared, S::Identified)).await.unwrap();
    assert_eq!(view.state, S::Identified);
    assert!(view.clocks[0].stopped_at.is_some(), "whoever says where it stands has answered");
    let late = refused(operator.api.set_state(n, &said(S::Declared, S::Acknowledged)).await);
    assert_eq!(late.code, ErrorCode::NotNow);
    assert!(late.message.contains("is identified by now"), "{}", late.message);
    for (from, to) in
        [(S::Identified, S::Monitoring), (S::Monitoring, S::Acknowledged), (S::Acknowledged, S::Recovering)]
    {
        assert_eq!(operator.api.set_state(n, &said(from, to)).await.unwrap().state, to);
    }
    for to in [S::Declared, S::Resolved, S::Closed, S::Recovering] {
        assert_eq!(refused(responder.api.set_state(n, &said(S::Recovering, to)).await).code, ErrorCode::NotNow, "{to}");
    }
    assert_eq!(audited(&muster, "incident.state-changed").await, 4);
    assert_eq!(
        responder.api.incident(n).await.unwrap().public_state,
        Some(PublicState::Investigating),
        "its own thing"
    );
}

#[tokio::test]
async fn what_is_back_is_reopened_and_its_page_says_so() {
    let (muster, responder, _) = stage().await;
    let n = muster.declare(&responder, "validator1").await.unwrap().number;
    let back = |text: Option<&str>| ReopenIn {
        reason: message("it is down again"),
        public_text: text.map(message),
        notify: true,
    };
    assert_eq!(refused(responder.api.reopen(n, &back(None)).await).code, ErrorCode::NotNow);
    responder.api.resolve(n, &resolution()).await.unwrap();
    let closed = responder.api.close(n, &CloseIn { text: message("nothing left") }).await.unwrap();
    assert_eq!(closed.state, S::Closed);
    let announced = async || -> i64 {
        let sql = "SELECT count(*) FROM announcement";
        sqlx::query_scalar(sql).fetch_one(&sqlx::PgPool::connect(&muster.database.url).await.unwrap()).await.unwrap()
    };
    let before = announced().await;
    let quietly = ReopenIn { notify: false, ..back(Some("It is back.")) };
    let view = responder.api.reopen(n, &quietly).await.unwrap();
    assert_eq!(announced().await, before, "subscribers are told only if somebody wants that");
    assert_eq!((view.state, view.resolved_at, view.closed_at), (S::Acknowledged, None, None));
    assert_eq!(view.public_state, Some(PublicState::Investigating));
    assert!(view.clocks[1].stopped_at.is_none(), "its recovery clock runs again");
    let last = &view.timeline[view.timeline.len() - 2..];
    assert!(matches!(&last[0].event, IncidentEvent::Reopened { reason } if reason == "it is down again"));
    assert!(matches!(&last[1].event, IncidentEvent::Posted { text, .. } if text == "It is back."));
    eventually("the page tells it", async || {
        let (_, page) = muster.stranger().unwrap().page("/").await.unwrap();
        page.contains("It is back.") && page.contains("Major outage") && !page.contains("down again")
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_restored_component_stops_its_clock_and_the_page_follows() {
    let (muster, responder, operator) = stage().await;
    let n = muster.declare(&responder, "validator1").await.unwrap().number;
    let view = operator.api.change_affected(n, &impact("postgres", Impact::Degraded)).await.unwrap();
    assert_eq!(view.affected.len(), 2);
    assert!(view.clocks[2].started_at > view.declared_at, "a new one has a clock of its own");
    let view = responder.api.change_affected(n, &impact("validator1", Impact::Operational)).await.unwrap();
    assert_eq!(view.affected[1].impact, Impact::Degraded, "what is not named stays");
    assert!(view.clocks[1].stopped_at.is_some() && view.clocks[2].stopped_at.is_none());
    for (change, code, words) in [
        (impact("validator1", Impact::Operational), ErrorCode::NotNow, "says already"),
        (impact("validator9", Impact::Degraded), ErrorCode::Invalid, "no component"),
        (AffectedChangeIn { affected: vec![], text: None }, ErrorCode::Invalid, "at least one"),
    ] {
        let error = refused(responder.api.change_affected(n, &change).await);
        assert_eq!(error.code, code);
        assert!(error.message.contains(words) || error.fields.iter().any(|f| f.message.contains(words)), "{error:?}");
    }
    eventually("the page shows what is left", async || {
        let (_, page) = muster.stranger().unwrap().page("/").await.unwrap();
        page.contains("Degraded") && !page.contains("Major outage")
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_run_that_begins_says_that_the_incident_recovers() {
    let scene = Scene::set().await.unwrap();
    let _worker = scene.worker();
    let waiting = scene.waiting().await.unwrap();
    let n = waiting.incident;
    scene.responder.api.set_state(n, &said(S::Declared, S::Identified)).await.unwrap();
    scene.consent(&waiting).await.unwrap();
    scene.until(waiting.number, RunState::Succeeded).await.unwrap();
    let view = scene.responder.api.incident(n).await.unwrap();
    assert_eq!(view.state, S::Recovering);
    let moved: Vec<_> = view
        .timeline
        .iter()
        .filter(|entry| {
            matches!(&entry.event, IncidentEvent::StateChanged { from: S::Identified, to: S::Recovering, .. })
        })
        .collect();
    assert!(matches!(&moved[..], [one] if one.by.user().is_none()), "{moved:?}");
    assert_eq!(audited(&scene.muster, "incident.state-changed").await, 2);
}

#[tokio::test]
async fn a_run_leaves_a_state_alone_that_nobody_has_answered() {
    let scene = Scene::set().await.unwrap();
    let _worker = scene.worker();
    let run = scene.approved().await.unwrap();
    scene.until(run.number, RunState::Succeeded).await.unwrap();
    assert_eq!(scene.responder.api.incident(run.incident).await.unwrap().state, S::Declared);
}

#[tokio::test]
async fn command_is_handed_over_only_when_it_is_accepted() {
    let (muster, ada, bo) = stage().await;
    let n = muster.declare(&ada, "validator1").await.unwrap().number;
    let (ada_id, bo_id) = (ada.id, bo.id);
    let people = ada.api.incident_people(n).await.unwrap().items;
    assert!(people.iter().any(|person| person.id == bo_id));
    assert_eq!(commander(&ada.api.duty(n, &duty(DutyVerb::Take, None)).await.unwrap()), (Some(ada_id), None));
    let late = refused(bo.api.duty(n, &duty(DutyVerb::Take, None)).await);
    assert_eq!(late.code, ErrorCode::NotNow);
    assert!(late.message.contains("is the commander now"), "{}", late.message);
    assert_eq!(
        commander(&ada.api.duty(n, &duty(DutyVerb::Offer, Some(bo_id))).await.unwrap()),
        (Some(ada_id), Some(bo_id))
    );
    assert_eq!(commander(&bo.api.duty(n, &duty(DutyVerb::Decline, None)).await.unwrap()), (Some(ada_id), None));
    ada.api.duty(n, &duty(DutyVerb::Offer, Some(bo_id))).await.unwrap();
    assert_eq!(commander(&bo.api.duty(n, &duty(DutyVerb::Accept, None)).await.unwrap()), (Some(bo_id), None));
    // Bo does not answer any more.
    assert_eq!(commander(&ada.api.duty(n, &duty(DutyVerb::Take, Some(bo_id))).await.unwrap()), (Some(ada_id), None));
    assert_eq!(refused(bo.api.duty(n, &duty(DutyVerb::Leave, None)).await).code, ErrorCode::NotNow);
    assert_eq!(commander(&ada.api.duty(n, &duty(DutyVerb::Leave, None)).await.unwrap()), (None, None));
    for (action, n) in [("taken", 2), ("offered", 2), ("offer-ended", 1), ("handed-over", 1), ("left", 1)] {
        assert_eq!(audited(&muster, &format!("incident.duty-{action}")).await, n, "{action}");
    }
}

#[tokio::test]
async fn nobody_is_asked_who_may_not_and_of_many_who_take_at_once_one_does() {
    let (muster, ada, bo) = stage().await;
    let n = muster.declare(&ada, "validator1").await.unwrap().number;
    let take = duty(DutyVerb::Take, None);
    let answers = futures::future::join_all((0..4).flat_map(|_| [ada.api.duty(n, &take), bo.api.duty(n, &take)])).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    let view = ada.api.incident(n).await.unwrap();
    let holder = if commander(&view).0 == Some(ada.id) { &ada } else { &bo };
    let viewer = muster.persona(Role::Viewer).await.unwrap();
    let nobody = UserId(uuid::Uuid::nil());
    for (deed, person, words) in [
        (DutyVerb::Offer, Some(viewer.id), "may not handle"),
        (DutyVerb::Offer, Some(nobody), "nobody with this id"),
        (DutyVerb::Offer, None, "who is to take over"),
        (DutyVerb::Leave, Some(ada.id), "Only to take and to offer"),
    ] {
        let error = refused(holder.api.duty(n, &duty(deed, person)).await);
        assert_eq!((error.code, error.fields[0].field.as_str()), (ErrorCode::Invalid, "person"), "{error:?}");
        assert!(error.fields[0].message.contains(words), "{error:?}");
    }
    assert_eq!(refused(viewer.api.duty(n, &take).await).code, ErrorCode::Forbidden);
    assert_eq!(holder.api.incident(n).await.unwrap().timeline, view.timeline, "nothing was written");
    assert!(!ada.api.incident_people(n).await.unwrap().items.iter().any(|person| person.id == viewer.id));
}

#[tokio::test]
async fn a_clock_that_has_run_out_is_loud_once_whoever_looks() {
    let (muster, responder, _) = stage().await;
    let n = muster.declare(&responder, "validator1").await.unwrap().number;
    let quiet = muster.declare(&responder, "validator2").await.unwrap().number;
    let pool = sqlx::PgPool::connect(&muster.database.url).await.unwrap();
    let aged = "UPDATE incident SET declared_at = declared_at - interval '61 minutes', posted_at = posted_at - interval '61 minutes',
                next_due_at = clock_timestamp() WHERE number = $1";
    sqlx::query(aged).bind(n).execute(&pool).await.unwrap();
    // The server's own task, and several others at the same moment.
    for answer in futures::future::join_all((0..6).map(|_| overdue::sweep(&muster.store))).await {
        answer.unwrap();
    }
    let view = responder.api.incident(n).await.unwrap();
    let all = [Due::Response {}, Due::Recovery { component: "validator1".into() }, Due::Update {}];
    assert_eq!(overdue_of(&view), all);
    assert_eq!(audited(&muster, "incident.overdue").await, 3);
    assert!(overdue_of(&responder.api.incident(quiet).await.unwrap()).is_empty());

    // A post starts the last one anew; when that runs out too, it is said again, and nothing else.
    let update = UpdateIn {
        state: PublicState::Investigating,
        text: message("Still looking."),
        notify: true,
        happened_at: None,
    };
    responder.api.post_update(n, &update).await.unwrap();
    overdue::sweep(&muster.store).await.unwrap();
    assert_eq!(overdue_of(&responder.api.incident(n).await.unwrap()), all);
    sqlx::query(aged).bind(n).execute(&pool).await.unwrap();
    overdue::sweep(&muster.store).await.unwrap();
    assert_eq!(overdue_of(&responder.api.incident(n).await.unwrap()), [&all[..], &[Due::Update {}]].concat());

    responder.api.resolve(n, &resolution()).await.unwrap();
    let due: Option<time::OffsetDateTime> = sqlx::query_scalar("SELECT next_due_at FROM incident WHERE number = $1")
        .bind(n)
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(due, None, "nobody looks at what is over");
}

#[tokio::test]
async fn a_correction_keeps_the_original_and_the_slower_one_reads_it_first() {
    let (muster, ada, bo) = stage().await;
    let n = muster.declare(&ada, "validator1").await.unwrap().number;
    let view = ada.api.note(n, &NoteIn::of(message("validator 2 is down"))).await.unwrap();
    let entry = view.timeline.last().unwrap().seq;
    let correct = |from: &str, to: &str| CorrectionIn { entry, instead_of: message(from), text: message(to) };
    let view = bo.api.correct(n, &correct("validator 2 is down", "validator 1 is down")).await.unwrap();
    let late = refused(ada.api.correct(n, &correct("validator 2 is down", "validator 3 is down")).await);
    assert_eq!(late.code, ErrorCode::NotNow);
    assert!(late.message.contains("meanwhile"), "{}", late.message);
    let told = story(&view.timeline).into_iter().find(|told| told.entry.seq == entry).unwrap();
    assert_eq!((told.note(), told.pen()), (Some("validator 1 is down"), Pen::Written));
    assert_eq!(told.entry.event, IncidentEvent::Noted { text: "validator 2 is down".into(), mentions: vec![] });
    assert_eq!(told.corrections[0].by.user(), Some(bo.id));
    for (entry, words) in [(1, "no note"), (99, "no note")] {
        let body = CorrectionIn { entry, ..correct("x", "y") };
        let error = refused(ada.api.correct(n, &body).await);
        assert_eq!(error.code, ErrorCode::Invalid);
        assert!(error.fields[0].message.contains(words), "{error:?}");
    }

    let pin = |entry, pinned| PinIn { entry, pinned };
    let view = ada.api.pin(n, &pin(entry, true)).await.unwrap();
    assert!(story(&view.timeline).iter().any(|told| told.entry.seq == entry && told.pinned));
    assert_eq!(refused(bo.api.pin(n, &pin(entry, true)).await).code, ErrorCode::NotNow);
    assert_eq!(
        refused(bo.api.pin(n, &pin(entry + 1, true)).await).code,
        ErrorCode::Invalid,
        "a correction is no entry"
    );
    let view = bo.api.pin(n, &pin(entry, false)).await.unwrap();
    assert!(story(&view.timeline).iter().all(|told| !told.pinned));
}

#[tokio::test]
async fn the_room_keeps_to_its_keys() {
    let (muster, responder, _) = stage().await;
    let n = muster.declare(&responder, "validator1").await.unwrap().number;
    let writes = [
        ("state", json!({"from": "declared", "to": "identified"})),
        ("affected", json!({"affected": [{"component": "postgres", "impact": "degraded"}]})),
        ("duties", json!({"duty": "scribe", "deed": "take"})),
        ("pins", json!({"entry": 1, "pinned": true})),
        ("resolve", json!({"text": "done"})),
        ("reopen", json!({"reason": "not done"})),
    ];
    for (path, body) in writes {
        let mut timelines = vec![];
        for _ in 0..2 {
            let request = responder.http.client.post(format!("{}/api/v1/incidents/{n}/{path}", muster.base));
            let request = request.header("origin", &muster.base).header("idempotency-key", path).json(&body);
            let answer = request.send().await.unwrap();
            assert!(answer.status().is_success(), "{path}: {}", answer.text().await.unwrap());
            timelines.push(answer.json::<serde_json::Value>().await.unwrap()["timeline"].clone());
        }
        assert_eq!(timelines[0], timelines[1], "{path}");
    }
}

#[tokio::test]
async fn incidents_of_the_release_before_are_taken_over() {
    let database = Database::create().await.unwrap();
    let pool = sqlx::PgPool::connect(&database.url).await.unwrap();
    let mut one = pool.acquire().await.unwrap();
    sqlx::raw_sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public").execute(&mut *one).await.unwrap();
    let mut files: Vec<_> = std::fs::read_dir(tests::testnet::root().join("migrations"))
        .unwrap()
        .map(|file| file.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "sql"))
        .collect();
    files.sort();
    let name = |path: &std::path::Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    for file in files.iter().filter(|file| *name(file) < *"0026") {
        sqlx::raw_sql(sqlx::AssertSqlSafe(std::fs::read_to_string(file).unwrap())).execute(&mut *one).await.unwrap();
    }
    sqlx::raw_sql(
        "INSERT INTO system (id, slug, name, project) VALUES (gen_random_uuid(), 'bt2c', 'BT2C', 'bt2c');
         INSERT INTO incident (id, system_id, title, level, level_name, affected, state, declared_by, declared_at, acknowledged_at,
                               resolved_at, closed_at, n_events)
         SELECT gen_random_uuid(), (SELECT id FROM system), 'down', 1, 'Minor', '[]', state, '{\"actor\":\"muster\"}', now(), now(),
                resolved, closed, 0
         FROM (VALUES ('working', NULL, NULL), ('resolved', now(), NULL), ('resolved', now(), now())) AS v (state, resolved, closed);",
    )
    .execute(&mut *one)
    .await
    .unwrap();
    let file = files.iter().find(|file| name(file).starts_with("0026")).unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(std::fs::read_to_string(file).unwrap())).execute(&mut *one).await.unwrap();
    let states: Vec<(String, bool)> =
        sqlx::query_as("SELECT state, next_due_at IS NOT NULL FROM incident ORDER BY number")
            .fetch_all(&mut *one)
            .await
            .unwrap();
    let expected = [("recovering", true), ("resolved", false), ("closed", false)];
    assert_eq!(states, expected.map(|(state, due)| (state.to_owned(), due)));
    for wrong in [
        "UPDATE incident SET state = 'working'",
        "UPDATE incident SET state = 'resolved', resolved_at = NULL",
        "UPDATE incident SET state = 'closed', closed_at = NULL",
    ] {
        assert!(sqlx::query(wrong).execute(&mut *one).await.is_err(), "{wrong}");
    }
}

#[tokio::test]
async fn an_internal_incident_owes_the_public_nothing() {
    let (_muster, responder, _) = stage().await;
    let body = shared::api::incident::DeclareIn { public: None, ..declaration("validator1").unwrap() };
    let view = responder.api.declare(&body, "k").await.unwrap();
    assert_eq!(
        view.clocks.iter().map(|c| c.label.as_str()).collect::<Vec<_>>(),
        ["Response", "Recovery of Validator 1"]
    );
}
