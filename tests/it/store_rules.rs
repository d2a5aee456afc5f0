//! Store: what commits together, what is fenced, what is append-only. Against real Postgres.

use std::collections::BTreeMap;

use serde_json::json;
use shared::{
    api::{live::Topic, run::Stream},
    digest::Digest,
    domain::{
        access::Role,
        actor::Actor,
        approval::ApprovalPolicy,
        audit::Verifier,
        incident::{Affected, Incident, IncidentEvent, IncidentState},
        resolution::Resolution,
        run::{Run, RunEvent, RunState},
        status::Impact,
    },
    fixtures,
    ids::UserId,
    plan::{Procedure, StepKind},
};
use store::{
    Channel, HostHeld, Idempotency, IncidentRecord, JobKind, Listener, NewLines, NewRun, NewUser, PublicRecord, Store,
    StoreError,
};
use tests::postgres::Database;

async fn person(store: &Store, email: &str, role: Role) -> (UserId, Actor) {
    let mut tx = store.begin().await.unwrap();
    let new = NewUser { email, name: email, password_hash: Some("none"), role: &role.into(), contact_roles: &[] };
    let user = tx.user_create(&new).await.unwrap();
    tx.commit().await.unwrap();
    (user.id, Actor::User { id: user.id, name: user.name })
}

fn procedure() -> Procedure {
    fixtures::procedure("node", [StepKind::Restart { services: vec!["validator1".into()] }])
}

struct World {
    database: Database,
    by: Actor,
    user: UserId,
    incident: IncidentRecord,
    new_run: NewRun,
}

async fn world() -> World {
    let database = Database::create().await.unwrap();
    let store = &database.store;
    let (user, by) = person(store, "operator@test.invalid", Role::Operator).await;
    let mut tx = store.begin().await.unwrap();
    let system = tx.system_create("bt2c", "BT2C", "bt2c", None).await.unwrap();
    let version = tx.plan_version_add(system.id, Digest::of(b"plan"), "# plan", &by, "first").await.unwrap();
    let affected = Affected::new("validator1", "V1", Impact::MajorOutage, Some(600));
    let public_title = Some("Validator 1 is not available".into());
    let incident = Incident::declared("down".into(), (1, Some(3600)), vec![affected.clone()], public_title, tx.now());
    let declared = IncidentEvent::Declared { level: 1, affected: vec![affected], text: None, seen: vec![] };
    let record = tx.incident_create(system.id, &incident, "Minor", &by, &declared).await.unwrap();
    tx.commit().await.unwrap();
    let new_run = NewRun {
        incident: record.id,
        system: system.id,
        project: "bt2c".into(),
        drill_of: None,
        plan_version: version.id,
        plan_digest: version.digest,
        procedure: procedure(),
        parameters: BTreeMap::new(),
        policy: ApprovalPolicy::default(),
        watch_seconds: None,
        dry_run: false,
        waits: false,
        resumes: None,
        standing_order: None,
        requested_by: user,
    };
    World { database, by, user, incident: record, new_run }
}

async fn requested(world: &World) -> Run {
    let mut tx = world.database.store.begin().await.unwrap();
    let mut run = tx.run_create(world.new_run.clone()).await.unwrap();
    tx.run_append(&mut run, RunEvent::Requested, &world.by).await.unwrap();
    tx.job_add(run.header.id, JobKind::Resolve).await.unwrap();
    tx.commit().await.unwrap();
    run
}

/// Of step 1.
fn lines(texts: &[&str]) -> NewLines {
    let mut lines = NewLines::new(1, 1);
    texts.iter().for_each(|text| lines.push(Stream::Out, text));
    lines
}

#[tokio::test]
async fn audit_and_live_events_commit_with_their_cause_or_not_at_all() {
    let world = world().await;
    let store = &world.database.store;
    let (before, _) = store.audit_head().await.unwrap();

    let mut dropped = store.begin().await.unwrap();
    dropped.audit(&world.by, "incident.noted", "incident 1", json!({}));
    dropped.live(Topic::Incident { number: 1 });
    drop(dropped);
    assert_eq!(store.audit_head().await.unwrap().0, before);
    assert_eq!(store.live_head().await.unwrap(), 0);

    let mut tx = store.begin().await.unwrap();
    tx.audit(&world.by, "incident.noted", "incident 1", json!({"b": 1, "a": [2]}));
    tx.audit_denied(&Actor::Anonymous, "run.approve", "run 1", json!({}));
    tx.live(Topic::Incident { number: 1 });
    tx.live(Topic::Run { number: 1, incident: 1 });
    tx.live(Topic::Incident { number: 1 });
    tx.commit().await.unwrap();

    let mut verifier = Verifier::default();
    for (_, link) in store.audit_links(0, 100).await.unwrap() {
        verifier.check(&link).unwrap();
    }
    assert_eq!(verifier.head(), store.audit_head().await.unwrap());
    assert_eq!(verifier.head().0, before + 2);
    let newest = store.audit_list(None, 1).await.unwrap();
    assert!(newest[0].entry.denied && newest[0].entry.action == "run.approve");
    let topics: Vec<_> =
        store.live_since(0, 10).await.unwrap().into_iter().map(|e| (e.event.id, e.event.topic)).collect();
    assert_eq!(topics, [(1, Topic::Incident { number: 1 }), (2, Topic::Run { number: 1, incident: 1 })]);
}

#[tokio::test]
async fn live_ids_have_no_gap_and_never_arrive_late() {
    let world = world().await;
    let store = world.database.store.clone();
    let writers: Vec<_> = (0..8)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move {
                for _ in 0..10 {
                    let mut tx = store.begin().await.unwrap();
                    tx.live(Topic::Incident { number: 1 });
                    tx.commit().await.unwrap();
                }
            })
        })
        .collect();
    let mut seen = vec![];
    while seen.len() < 80 {
        let last = seen.last().copied().unwrap_or(0);
        seen.extend(store.live_since(last, 100).await.unwrap().into_iter().map(|e| e.event.id));
    }
    for writer in writers {
        writer.await.unwrap();
    }
    assert_eq!(seen, (1..=80).collect::<Vec<i64>>());
}

#[tokio::test]
async fn logs_refuse_update_and_delete() {
    let world = world().await;
    requested(&world).await;
    let mut tx = world.database.store.begin().await.unwrap();
    tx.audit(&world.by, "x.y", "z", json!({}));
    tx.commit().await.unwrap();
    let pool = sqlx::PgPool::connect(&world.database.url).await.unwrap();
    for statement in [
        "UPDATE audit_entry SET entry = entry",
        "DELETE FROM audit_entry",
        "TRUNCATE audit_entry",
        "DELETE FROM incident_event",
        "UPDATE run_event SET seq = 9",
        "DELETE FROM step_event",
        "UPDATE plan_version SET source = ''",
    ] {
        let error = sqlx::query(statement).execute(&pool).await.unwrap_err().to_string();
        assert!(error.contains("append-only"), "{statement}: {error}");
    }
}

#[tokio::test]
async fn one_live_run_for_a_target_then_another_once_it_has_ended() {
    let world = world().await;
    let store = &world.database.store;
    let run = requested(&world).await;
    let mut tx = store.begin().await.unwrap();
    let error = tx.run_create(world.new_run.clone()).await.unwrap_err();
    assert!(matches!(error, StoreError::Conflict(name) if name == "run_one_live_per_system"));
    drop(tx);
    assert_eq!(store.run_live(world.new_run.system).await.unwrap(), Some(run.header.number));

    let mut tx = store.begin().await.unwrap();
    let mut record = tx.run_lock(run.header.number).await.unwrap();
    tx.run_append(&mut record.run, RunEvent::Withdrawn { reason: "no".into() }, &world.by).await.unwrap();
    tx.job_finish(run.header.id).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(requested(&world).await.state, RunState::Resolving);
}

/// Two hosts may both have a project of one name.
#[tokio::test]
async fn a_worker_is_given_only_what_lives_on_its_host() {
    let world = world().await;
    let run = requested(&world).await.header;
    let (store, projects) = (&world.database.worker, vec!["bt2c".to_owned()]);
    let claim = async |here| store.job_claim("w", &projects, here, 0.0, HostHeld::Unknown).await.unwrap().is_some();
    assert!(claim(None).await && claim(Some("one")).await, "it names no host");
    let mut tx = world.database.store.begin().await.unwrap();
    tx.system_settle(run.system, "one").await.unwrap();
    tx.commit().await.unwrap();
    assert!(!claim(None).await && !claim(Some("two")).await);
    assert!(claim(Some("one")).await);
}

#[tokio::test]
async fn a_project_is_one_systems_on_each_host() {
    let world = world().await;
    let store = &world.database.store;
    let taken = async |slug: &str, host: Option<&str>| {
        let mut tx = store.begin().await.unwrap();
        match tx.system_create(slug, slug, "bt2c", host).await {
            Ok(_) => tx.commit().await.map(|()| false).unwrap(),
            Err(StoreError::Conflict(name)) => name == "system_project_key",
            Err(error) => panic!("{error}"),
        }
    };
    assert!(taken("a", None).await && taken("b", Some("two")).await, "the first is on every host");
    let mut tx = store.begin().await.unwrap();
    tx.system_settle(world.new_run.system, "one").await.unwrap();
    tx.commit().await.unwrap();
    assert!(taken("c", Some("one")).await && taken("d", None).await);
    assert!(!taken("e", Some("two")).await);
    let mut tx = store.begin().await.unwrap();
    let moved = tx.system_settle(world.new_run.system, "two").await.unwrap_err();
    assert!(matches!(moved, StoreError::Conflict(name) if name == "system_project_key"));
}

#[tokio::test]
async fn a_claim_raises_the_fence_and_old_writes_are_refused() {
    let world = world().await;
    let store = &world.database.worker;
    let run = requested(&world).await;
    let id = run.header.id;
    let projects = vec!["bt2c".to_owned()];
    assert_eq!(
        store.job_claim("w", &["other".to_owned()], None, 15.0, HostHeld::Unknown).await.unwrap(),
        None,
        "not this worker's project"
    );
    let first = store.job_claim("w1", &projects, None, 1.0, HostHeld::Unknown).await.unwrap().unwrap();
    assert_eq!((first.run, first.kind, first.fence), (id, JobKind::Resolve, 1));
    assert_eq!(store.job_claim("w2", &projects, None, 15.0, HostHeld::Unknown).await.unwrap(), None, "leased");
    assert!(store.job_heartbeat(id, 1, 0.05).await.unwrap().is_some());
    tokio::time::sleep(std::time::Duration::from_millis(120)).await;
    let second = store.job_claim("w2", &projects, None, 15.0, HostHeld::Unknown).await.unwrap().unwrap();
    assert_eq!(second.fence, 2);
    assert!(store.job_heartbeat(id, 1, 15.0).await.unwrap().is_none(), "the first worker must give up");

    let worker = Actor::Worker { name: "w1".into() };
    let resolution =
        Resolution { taken_at: store.now().await.unwrap(), host: "h".into(), project: "bt2c".into(), steps: vec![] };
    let resolved = RunEvent::Resolved { resolution };
    let mut tx = store.begin().await.unwrap();
    let mut record = tx.run_lock_id(id).await.unwrap();
    let late = tx.run_append_fenced(&mut record.run, vec![(resolved.clone(), worker.clone())], 1).await;
    assert!(matches!(late, Err(StoreError::Fenced)));
    drop(tx);
    let late = [lines(&["late"])];
    assert!(matches!(store.output_append(id, run.header.number, 1, 0, &late).await, Err(StoreError::Fenced)));

    let mut tx = store.begin().await.unwrap();
    let mut record = tx.run_lock_id(id).await.unwrap();
    tx.run_append_fenced(&mut record.run, vec![(resolved, worker)], 2).await.unwrap();
    tx.job_finish(id).await.unwrap();
    tx.commit().await.unwrap();
    let record = store.run_fetch(id).await.unwrap();
    assert_eq!(record.run.state, RunState::AwaitingApproval);
    assert_eq!(record.incident_number, world.incident.number);
    assert_eq!(store.run_events(id).await.unwrap().len(), 2);
    assert_eq!(store.job_claim("w2", &projects, None, 15.0, HostHeld::Unknown).await.unwrap(), None);
}

#[tokio::test]
async fn an_event_that_may_not_follow_is_not_written() {
    let world = world().await;
    let run = requested(&world).await;
    let mut tx = world.database.store.begin().await.unwrap();
    let mut record = tx.run_lock_id(run.header.id).await.unwrap();
    let event = RunEvent::StepStarted { step: 1, attempt: 1, fence: 0, before: BTreeMap::new() };
    let error = tx.run_append(&mut record.run, event, &world.by).await.unwrap_err();
    assert!(matches!(error, StoreError::Corrupt(_)), "{error}");
    tx.commit().await.unwrap();
    assert_eq!(world.database.store.run_events(run.header.id).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_notification_wakes_the_listener() {
    let world = world().await;
    let store = &world.database.store;
    let mut listener = Listener::connect(store, Channel::Job).await.unwrap();
    requested(&world).await;
    tokio::time::timeout(std::time::Duration::from_secs(5), listener.recv()).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_repeated_key_replays_and_another_body_is_refused() {
    let world = world().await;
    let store = &world.database.store;
    let (one, other) = (Digest::of(b"one"), Digest::of(b"other"));
    let mut tx = store.begin().await.unwrap();
    assert_eq!(tx.idempotency_begin(world.user, "k", one).await.unwrap(), Idempotency::First);
    tx.idempotency_save(world.user, "k", 201, "{}").await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = store.begin().await.unwrap();
    let replay = tx.idempotency_begin(world.user, "k", one).await.unwrap();
    assert_eq!(replay, Idempotency::Replay { status: 201, body: "{}".into() });
    let error = tx.idempotency_begin(world.user, "k", other).await.unwrap_err();
    assert!(matches!(error, StoreError::Conflict(name) if name == "key_reused"));
}

#[tokio::test]
async fn public_incidents_carry_only_public_moments() {
    let world = world().await;
    let store = &world.database.store;
    let mut tx = store.begin().await.unwrap();
    let record = tx.incident_lock(world.incident.number).await.unwrap();
    let note = IncidentEvent::Noted { text: "internal".into(), mentions: vec![] };
    tx.incident_append(&record, &record.incident, &note, &world.by).await.unwrap();
    let next =
        record.incident.apply(&IncidentEvent::Resolved { text: "done".into(), despite: None }, tx.now()).unwrap();
    tx.incident_append(&record, &next, &IncidentEvent::Resolved { text: "done".into(), despite: None }, &world.by)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let public = store.public_incidents_current(10).await.unwrap();
    assert_eq!(public, store.public_incidents_after(0, 10).await.unwrap());
    assert_eq!(public, store.public_incidents_of(&[world.incident.number, 4711]).await.unwrap());
    assert!(store.public_incidents_current(0).await.unwrap().is_empty(), "it is over");
    let [PublicRecord { record, timeline, report: None }] = public.as_slice() else { panic!("{public:?}") };
    assert_eq!(record.incident.state, IncidentState::Resolved);
    assert!(timeline.iter().all(|e| !matches!(e.event, IncidentEvent::Noted { .. })));
    assert_eq!(store.incident_timeline(record.id).await.unwrap().iter().map(|e| e.seq).collect::<Vec<_>>(), [1, 2, 3]);
}

#[tokio::test]
async fn reports_keep_every_version_and_one_publication() {
    let world = world().await;
    let store = &world.database.store;
    let id = world.incident.id;
    let mut tx = store.begin().await.unwrap();
    assert_eq!(tx.report_lock(id).await.unwrap(), None);
    tx.report_create(id, "one", &world.by).await.unwrap();
    assert_eq!(tx.report_save(id, "two", &world.by).await.unwrap(), 2);
    let new = store::NewPublication { version: 1, facts: &[], public_text: Some("one") };
    tx.report_publish(id, &new, &world.by).await.unwrap();
    tx.commit().await.unwrap();
    let report = store.report_fetch(id).await.unwrap().unwrap();
    assert_eq!((report.version, report.body.as_str()), (2, "two"));
    assert_eq!(report.published.map(|p| (p.version, p.public)), Some((1, true)));
    assert_eq!(store.report_body(id, 1).await.unwrap(), "one");
}

#[tokio::test]
async fn a_database_that_is_away_is_unavailable_and_comes_back() {
    let world = world().await;
    let store = &world.database.store;
    world.database.cut().await.unwrap();
    let error = store.incident_list(tests::scene::EVERYTHING, None, 1).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    assert!(matches!(store.ready().await, Err(StoreError::Unavailable(_))));
    world.database.mend().await.unwrap();
    assert_eq!(store.incident_list(tests::scene::EVERYTHING, None, 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_writer_that_is_frozen_loses_its_lock_before_its_lease() {
    let world = world().await;
    let store = &world.database.store;
    let mut frozen = store.begin().await.unwrap();
    frozen.incident_lock(world.incident.number).await.unwrap();
    let begun = std::time::Instant::now();
    let mut other = store.begin().await.unwrap();
    other.incident_lock(world.incident.number).await.unwrap();
    assert!(begun.elapsed().as_secs() < 10, "the lock was held for {:?}", begun.elapsed());
    let late = frozen.incident_lock(world.incident.number).await.unwrap_err();
    assert!(matches!(late, StoreError::Unavailable(_)), "{late:?}");
}
