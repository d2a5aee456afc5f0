//! Notices over HTTP with a worker on a simulated host: who is told, who may say that they have read it, and that a crash tells
//! nobody twice.

use std::time::Duration;

use shared::{
    api::{
        error::ErrorCode,
        live::Topic,
        run::{RunRequestIn, RunView},
    },
    domain::{
        access::{ContactRole, Role},
        audience::Audience,
        incident::{IncidentEvent, RunMoment},
        run::{RunEvent, RunState, StepState},
    },
};
use sqlx::PgPool;
use store::{HostHeld, JobKind, StoreError};
use tests::{
    persona::Persona,
    scene::{PROJECT, Scene, decide, message, plan, refused},
};
use uuid::Uuid;

const TEXT: &str = "Somebody may have broken in: look at the audit log.";

/// Our plan with a procedure that looks and tells, and one that also changes something.
async fn scene() -> Scene {
    let more = format!(
        "\n## Telling\n\n```bash {{id=tell}}\n# 1. Look\ndocker-compose ps\n\n# 2. Tell the security officer\n\
         muster notify security-officer \"{TEXT}\"\n```\n\n## Telling and doing\n\n```bash {{id=tell-and-do}}\n\
         muster notify everyone \"validator1 is started again.\"\ndocker-compose restart validator1\n```\n"
    );
    Scene::with_plan(&(plan().unwrap() + &more)).await.unwrap()
}

async fn request(scene: &Scene, procedure: &str) -> RunView {
    let incident = scene.declared().await.unwrap().number;
    let body = RunRequestIn::of(procedure);
    scene.operator.api.request_run(incident, &body, &Uuid::new_v4().to_string()).await.unwrap()
}

async fn make_security_officer(scene: &Scene, person: &Persona) {
    let query = sqlx::query("UPDATE app_user SET contact_roles = '{security-officer}' WHERE id = $1");
    query.bind(person.id.0).execute(&scene.pool().await.unwrap()).await.unwrap();
}

fn evidence(view: &RunView, step: usize) -> &str {
    match &view.steps[step - 1].state {
        StepState::Succeeded { evidence } => evidence,
        other => panic!("{other:?}"),
    }
}

async fn events(scene: &Scene, incident: i64) -> Vec<IncidentEvent> {
    let timeline = scene.operator.api.incident(incident).await.unwrap().timeline;
    timeline.into_iter().map(|entry| entry.event).collect()
}

#[tokio::test]
async fn its_audience_is_told_and_says_that_it_has_read() {
    let scene = scene().await;
    let officer = scene.muster.persona(Role::Viewer).await.unwrap();
    make_security_officer(&scene, &officer).await;
    let _worker = scene.worker();
    // Looking and telling need nobody's consent.
    let run = request(&scene, "tell").await;
    let done = scene.until(run.number, RunState::Succeeded).await.unwrap();
    assert_eq!((done.policy.approvals, done.decisions.len()), (0, 0));
    assert_eq!(evidence(&done, 2), "notified security officers: 1 person");
    assert!(scene.host.effects().is_empty());

    let told = officer.api.notices().await.unwrap().items;
    let [notice] = &told[..] else { panic!("{told:?}") };
    assert_eq!((notice.text.as_str(), notice.audience), (TEXT, Audience::Contact(ContactRole::SecurityOfficer)));
    assert_eq!((notice.run, notice.step, notice.incident), (run.number, 2, run.incident));
    assert_eq!((notice.procedure.as_str(), notice.yours, notice.acknowledged.len()), ("Telling", false, 0));
    for other in [&scene.operator, &scene.approver, &scene.responder] {
        assert_eq!(other.api.notices().await.unwrap().items, []);
    }

    let before = scene.muster.store.live_head().await.unwrap();
    let seen = officer.api.acknowledge_notice(notice.number).await.unwrap();
    assert!(
        seen.yours && seen.acknowledged[0].name == "Test viewer" && seen.acknowledged[0].at >= notice.at,
        "{seen:?}"
    );
    let again = officer.api.acknowledge_notice(notice.number).await.unwrap();
    assert_eq!(again, seen, "once is enough");
    let live: Vec<_> =
        scene.muster.store.live_since(before, 10).await.unwrap().into_iter().map(|e| e.event.topic).collect();
    assert_eq!(live, [Topic::Incident { number: run.incident }], "told to who watches, once");

    let all = events(&scene, run.incident).await;
    let telling: Vec<_> = all.iter().skip_while(|e| !matches!(e, IncidentEvent::Notified { .. })).collect();
    let (run_number, audience) = (run.number, notice.audience);
    let expected = [
        IncidentEvent::Notified { run: run_number, step: 2, audience, text: TEXT.into() },
        IncidentEvent::Run {
            number: run_number,
            procedure: "Telling".into(),
            moment: RunMoment::Succeeded,
            text: "All steps have succeeded".into(),
        },
        IncidentEvent::NoticeAcknowledged { run: run_number, step: 2, text: TEXT.into() },
    ];
    assert_eq!(telling, expected.iter().collect::<Vec<_>>());
    let audited = scene.muster.store.audit_list(None, 100).await.unwrap();
    let of = |action: &str| audited.iter().filter(|e| e.entry.action == action).map(|e| &e.entry).collect::<Vec<_>>();
    let [given] = of("notice.given")[..] else { panic!("{:?}", of("notice.given")) };
    assert_eq!((given.object.as_str(), &given.detail["readers"]), (&*format!("run {run_number} step 2"), &1.into()));
    let [read] = of("notice.acknowledged")[..] else { panic!("{:?}", of("notice.acknowledged")) };
    assert_eq!((read.object.clone(), read.by.user()), (format!("notice {}", notice.number), Some(officer.id)));

    // Quiet while the incident is open, gone with it.
    assert_eq!(officer.api.notices().await.unwrap().items, [seen]);
    let text = message("It was nobody.");
    let close = shared::api::incident::ResolveIn { text, public_text: None, notify: true, despite: None };
    scene.responder.api.resolve(run.incident, &close).await.unwrap();
    assert_eq!(officer.api.notices().await.unwrap().items, []);
    let late = scene.muster.persona(Role::Viewer).await.unwrap();
    make_security_officer(&scene, &late).await;
    assert_eq!(late.api.notices().await.unwrap().items, [], "nobody is told what was told before they came");
}

#[tokio::test]
async fn a_notice_for_others_is_not_ones_own_to_acknowledge() {
    let scene = scene().await;
    let _worker = scene.worker();
    let run = request(&scene, "tell").await;
    let done = scene.until(run.number, RunState::Succeeded).await.unwrap();
    assert!(
        evidence(&done, 2).ends_with("nobody has the role security-officer now, so nobody reads it"),
        "{:?}",
        done.steps
    );
    let error = refused(scene.approver.api.acknowledge_notice(1).await);
    assert_eq!(error.code, ErrorCode::Forbidden);
    assert_eq!(
        error.message,
        "This notice is for security officers, and you are not one of them. Nothing was acknowledged."
    );
    let newest = scene.muster.store.audit_list(None, 1).await.unwrap().remove(0).entry;
    assert!(newest.denied && newest.object == "notice 1" && newest.by.user() == Some(scene.approver.id), "{newest:?}");
    assert_eq!(refused(scene.approver.api.acknowledge_notice(7).await).code, ErrorCode::NotFound);
    // Whoever becomes one sees what still waits.
    make_security_officer(&scene, &scene.approver).await;
    assert!(scene.approver.api.acknowledge_notice(1).await.unwrap().yours);
}

#[tokio::test]
async fn telling_does_not_do_away_with_the_consent_that_doing_needs() {
    let scene = scene().await;
    let _worker = scene.worker();
    let run = request(&scene, "tell-and-do").await;
    let waiting = scene.until(run.number, RunState::AwaitingApproval).await.unwrap();
    assert_eq!(waiting.policy.approvals, 1);
    let tells = &waiting.resolution.as_ref().unwrap().steps[0];
    assert_eq!(
        (tells.effect.as_str(), tells.has_effect, tells.destructive),
        ("Notifies everyone: validator1 is started again.", true, false)
    );
    assert_eq!(scene.responder.api.notices().await.unwrap().items, [], "nobody is told before consent");
    decide(&scene.approver, &waiting, true).await.unwrap();
    scene.until(run.number, RunState::Succeeded).await.unwrap();
    for person in [&scene.responder, &scene.operator, &scene.approver] {
        let told = person.api.notices().await.unwrap().items;
        assert_eq!(told[0].text, "validator1 is started again.");
        person.api.acknowledge_notice(told[0].number).await.unwrap();
    }
    let names: Vec<_> =
        scene.operator.api.notices().await.unwrap().items[0].acknowledged.iter().map(|ack| ack.name.clone()).collect();
    assert_eq!(names, ["Test responder", "Test operator", "Test approver"], "first to last");
}

/// As a worker that was killed leaves it: the step begun, with its notice given or not.
async fn interrupted(scene: &Scene, given: bool) -> RunView {
    let mut first = scene.worker();
    let run = request(scene, "tell-and-do").await;
    let waiting = scene.until(run.number, RunState::AwaitingApproval).await.unwrap();
    first.stop().await;
    decide(&scene.approver, &waiting, true).await.unwrap();
    let store = &scene.muster.database.worker;
    let claimed =
        store.job_claim("killed", &[PROJECT.to_owned()], None, 0.2, HostHeld::Unknown).await.unwrap().unwrap();
    assert_eq!(claimed.kind, JobKind::Execute);
    let (by, fence) = (shared::domain::actor::Actor::Worker { name: "killed".into() }, claimed.fence);
    let mut state = store.run_fetch(claimed.run).await.unwrap().run;
    let begun = [RunEvent::Claimed { fence }, RunEvent::StepStarted { step: 1, attempt: 1, fence, before: [].into() }];
    let mut tx = store.begin().await.unwrap();
    tx.run_append_fenced(&mut state, begun.into_iter().map(|e| (e, by.clone())).collect(), fence).await.unwrap();
    if given {
        let text = "validator1 is started again.";
        assert!(tx.notice_give(claimed.run, 1, fence, Audience::Everyone, text).await.unwrap());
    }
    tx.commit().await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    run
}

async fn n_notices(pool: &PgPool) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM notice").fetch_one(pool).await.unwrap()
}

#[tokio::test]
async fn a_crash_tells_nobody_twice_and_leaves_nobody_untold() {
    for (given, expected) in
        [(true, "everyone had been notified before the interruption"), (false, "notified everyone: 3 people")]
    {
        let scene = scene().await;
        let run = interrupted(&scene, given).await;
        let _worker = scene.worker();
        let done = scene.until(run.number, RunState::Succeeded).await.unwrap();
        assert_eq!(evidence(&done, 1), expected);
        assert_eq!(done.steps[0].attempts, if given { 1 } else { 2 });
        assert_eq!(n_notices(&scene.pool().await.unwrap()).await, 1, "given before: {given}");
        assert_eq!(scene.approver.api.notices().await.unwrap().items.len(), 1);
    }
}

#[tokio::test]
async fn the_database_keeps_one_notice_for_a_step_and_refuses_an_old_fence() {
    let scene = scene().await;
    let run = interrupted(&scene, false).await;
    let (store, pool) = (&scene.muster.database.worker, scene.pool().await.unwrap());
    let fence: i64 = sqlx::query_scalar("SELECT fence FROM run").fetch_one(&pool).await.unwrap();
    let give = async |fence: i64, text: &'static str| {
        let mut tx = store.begin().await.unwrap();
        let given = tx.notice_give(run.id, 1, fence, Audience::Everyone, text).await;
        tx.commit().await.unwrap();
        given
    };
    assert!(matches!(give(fence - 1, "too late").await, Err(StoreError::Fenced)));
    assert!(give(fence, "first").await.unwrap());
    assert!(!give(fence, "second").await.unwrap());
    let texts: Vec<String> = sqlx::query_scalar("SELECT text FROM notice").fetch_all(&pool).await.unwrap();
    assert_eq!(texts, ["first"]);
    let user = scene.approver.id.0;
    sqlx::query("INSERT INTO notice_ack (notice, user_id, at) SELECT number, $1, at FROM notice")
        .bind(user)
        .execute(&pool)
        .await
        .unwrap();
    for change in
        ["UPDATE notice SET text = 'x'", "DELETE FROM notice_ack", "TRUNCATE notice_ack", "TRUNCATE notice CASCADE"]
    {
        let error = sqlx::query(change).execute(&pool).await.unwrap_err().to_string();
        assert!(error.contains("append-only"), "{change}: {error}");
    }
}
