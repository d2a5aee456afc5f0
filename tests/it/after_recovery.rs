//! After a recovery: what is open of its validation stands before *resolved*, monitors look closer, performance is that of before. On the
//! simulated host; time is moved in the database.

use std::time::Duration;

use serde_json::{Value, json};
use shared::{
    api::{
        error::{ErrorCode, ErrorView},
        incident::{IncidentView, NotValidated, ResolveIn},
        monitor::{MonitorView, MonitorsIn},
        run::{CheckIn, RunView},
    },
    domain::{
        access::Role,
        incident::{IncidentEvent, IncidentState},
        monitor::{Baseline, Check, Definition, Span, State},
        run::{Answer, RunState},
        text::{Look, Name},
        validation::{Area, OpenPoint, Place},
    },
};
use sqlx::PgPool;
use tests::{
    muster::RunningWorker,
    persona::Persona,
    scene::{PROJECT, Scene, VALIDATOR1, eventually, message, refused},
};
use uuid::Uuid;
use worker::host::ContainerState;

/// Our own plan, whole; its scripts are not on the simulated host.
fn plan() -> String {
    let plan = std::fs::read_to_string(tests::testnet::root().join("plans/bt2c/plan.md")).unwrap();
    plan.replace("watch -n 5", "watch -n 1")
}

/// The same, in whose last section nothing is to be run.
fn without_a_suite() -> String {
    let plan = plan();
    assert!(plan.contains("## Recovery Validation"));
    plan.replace("## Recovery Validation", "## Looking around")
}

async fn recovered(plan: &str) -> (Scene, RunView, RunningWorker) {
    let scene = Scene::with_plan(plan).await.unwrap();
    let worker = scene.quick_worker();
    let run = scene.approved().await.unwrap();
    let run = scene.until(run.number, RunState::Succeeded).await.unwrap();
    (scene, run, worker)
}

/// Everything that is left to people holds.
async fn check_all(scene: &Scene, run: &RunView) {
    for step in &run.checks_by_hand {
        let body = CheckIn { step: *step, holds: true, note: None };
        scene.responder.api.check(run.number, &body).await.unwrap();
    }
}

fn resolution(despite: Option<&str>) -> ResolveIn {
    ResolveIn { text: message("restarted"), public_text: None, notify: true, despite: despite.map(message) }
}

async fn incident(scene: &Scene, number: i64) -> IncidentView {
    scene.responder.api.incident(number).await.unwrap()
}

async fn not_yet(scene: &Scene, number: i64) -> ErrorView {
    let error = refused(scene.responder.api.resolve(number, &resolution(None)).await);
    assert_eq!(error.code, ErrorCode::NotNow, "{error:?}");
    assert!(incident(scene, number).await.state.open(), "nothing was changed");
    error
}

fn whats(points: &[OpenPoint]) -> Vec<(Area, &str)> {
    points.iter().map(|point| (point.area, point.what.as_str())).collect()
}

const SUITE: [(Area, &str); 3] = [
    (Area::Health, "System Health"),
    (Area::Performance, "Performance Metrics"),
    (Area::Security, "Security Verification"),
];

#[tokio::test]
async fn what_is_open_is_named_and_resolving_takes_a_reason_that_is_kept() {
    let (scene, run, _worker) = recovered(&plan()).await;
    let number = run.incident;
    let open = incident(&scene, number).await.open_points;
    assert_eq!(open.iter().filter(|point| matches!(point.place, Place::Step { .. })).count(), 4, "{open:?}");
    let error = not_yet(&scene, number).await;
    assert!(error.message.contains("Every node sees its peers (health)"), "{}", error.message);
    assert!(error.message.contains("Security Verification (security)"), "{}", error.message);
    let details: NotValidated = serde_json::from_value(error.details.unwrap()).unwrap();
    assert_eq!(details.open_points, open, "the page has said it before");

    check_all(&scene, &run).await;
    let open = incident(&scene, number).await.open_points;
    assert_eq!(whats(&open), SUITE);
    assert_eq!(open[0].place, Place::Procedure { id: "system-health".into() });
    not_yet(&scene, number).await;

    let reason = "the scripts of the validation are not on this host";
    let view = scene.responder.api.resolve(number, &resolution(Some(reason))).await.unwrap();
    assert_eq!((view.state, view.open_points.as_slice()), (IncidentState::Resolved, &[][..]));
    let kept = view.timeline.iter().find_map(|entry| match &entry.event {
        IncidentEvent::Resolved { despite, .. } => despite.clone(),
        _ => None,
    });
    let kept = kept.expect("the timeline keeps it");
    assert_eq!((kept.reason.as_str(), kept.open), (reason, open));
    let audited = scene.muster.store.audit_list(None, 50).await.unwrap();
    let entry = audited.iter().find(|e| e.entry.action == "incident.resolved").unwrap();
    assert!(entry.entry.detail.to_string().contains(reason), "{:?}", entry.entry.detail);
    let report = scene.responder.api.draft_report(number).await.unwrap();
    let facts = serde_json::to_string(&report).unwrap();
    assert!(facts.contains(reason) && facts.contains("Performance Metrics (performance)"), "{facts}");
}

#[tokio::test]
async fn what_holds_is_resolved_without_a_reason_and_what_was_never_recovered_too() {
    let (scene, run, _worker) = recovered(&without_a_suite()).await;
    let open = not_yet(&scene, run.incident).await.message;
    assert!(open.contains("Somebody who uses the network"), "{open}");
    check_all(&scene, &run).await;
    // Words that are not needed are not kept.
    let view = scene.responder.api.resolve(run.incident, &resolution(Some("whatever"))).await.unwrap();
    let last = view.timeline.iter().find(|entry| matches!(entry.event, IncidentEvent::Resolved { .. })).unwrap();
    assert!(matches!(last.event, IncidentEvent::Resolved { despite: None, .. }), "{last:?}");

    let other = scene.declared().await.unwrap();
    assert_eq!(other.open_points, []);
    let view = scene.responder.api.resolve(other.number, &resolution(None)).await.unwrap();
    assert_eq!(view.state, IncidentState::Resolved);
}

#[tokio::test]
async fn a_check_that_was_left_out_and_a_run_that_was_stopped_prove_nothing() {
    let plan = without_a_suite().replace("answer: `curl http://localhost:8081", "answer: `curl http://localhost:8082");
    let scene = Scene::with_plan(&plan).await.unwrap();
    scene.host.kill("bt2c-validator2");
    let _worker = scene.quick_worker();
    let run = scene.approved().await.unwrap();
    let run = scene.until(run.number, RunState::Asking).await.unwrap();
    assert!(not_yet(&scene, run.incident).await.message.contains("API endpoints"));
    scene.answer(&run, Answer::Skip { reason: "the address has moved".into() }).await.unwrap();
    let run = scene.until(run.number, RunState::Succeeded).await.unwrap();
    check_all(&scene, &run).await;
    let open = incident(&scene, run.incident).await.open_points;
    assert_eq!(open.len(), 1, "{open:?}");
    assert_eq!(open[0].why, format!("Left out in run {}: the address has moved", run.number));

    scene.host.kill(VALIDATOR1);
    let other = scene.approved().await.unwrap();
    let other = scene.until(other.number, RunState::Asking).await.unwrap();
    scene.answer(&other, Answer::Stop { reason: "by hand, then".into() }).await.unwrap();
    let open = incident(&scene, other.incident).await.open_points;
    assert!(
        open.iter().any(|point| point.why == format!("Not made: run {} ended before it", other.number)),
        "{open:?}"
    );
    not_yet(&scene, other.incident).await;
}

#[tokio::test]
async fn what_the_watch_saw_break_is_open_until_it_holds_again() {
    let (scene, run, _worker) = recovered(&without_a_suite()).await;
    check_all(&scene, &run).await;
    assert_eq!(incident(&scene, run.incident).await.open_points, []);
    scene.host.kill(VALIDATOR1);
    eventually("the watch sees it", async || !incident(&scene, run.incident).await.open_points.is_empty())
        .await
        .unwrap();
    let error = not_yet(&scene, run.incident).await;
    assert!(error.message.contains("The chain grows"), "{}", error.message);
    let open = incident(&scene, run.incident).await.open_points;
    assert!(open[0].why.starts_with("The watch after run 1 saw that it does not hold any more"), "{open:?}");
}

/// The watch finds something while somebody's resolving waits for the incident's lock.
#[tokio::test]
async fn what_is_open_is_judged_under_the_incidents_lock() {
    let (scene, run, worker) = recovered(&without_a_suite()).await;
    check_all(&scene, &run).await;
    assert_eq!(incident(&scene, run.incident).await.open_points, []);
    worker.kill();
    let pool = scene.pool().await.unwrap();
    let mut tx = pool.begin().await.unwrap();
    let lock = "SELECT 1 FROM incident WHERE number = $1 FOR UPDATE";
    sqlx::query(lock).bind(run.incident).execute(&mut *tx).await.unwrap();
    let (api, body) = (&scene.responder.api, resolution(None));
    let resolving = api.resolve(run.incident, &body);
    let finding = async {
        let waits = "SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted)";
        let waiting = async || sqlx::query_scalar::<_, bool>(waits).fetch_one(&pool).await.unwrap();
        eventually("somebody waits for the incident", waiting).await.unwrap();
        let bad = "UPDATE watch SET bad = '[{\"step\": 6, \"reason\": \"it stands still\"}]'";
        assert_eq!(sqlx::query(bad).execute(&mut *tx).await.unwrap().rows_affected(), 1);
        tx.commit().await.unwrap();
    };
    let (answer, ()) = tokio::join!(resolving, finding);
    let error = refused(answer);
    assert!(error.code == ErrorCode::NotNow && error.message.contains("The chain grows"), "{error:?}");
}

fn monitor(check: Check) -> Definition {
    Definition {
        name: Name::parse("Validator 1").unwrap(),
        check,
        every_seconds: 86_400,
        timeout_seconds: 5,
        retries: 3,
        warn: None,
        bad: None,
        component: Some("validator1".into()),
        impact: None,
        objective: None,
        paused: false,
    }
}

fn containers() -> Check {
    Check::Container { service: Name::parse("validator1").unwrap() }
}

async fn made(admin: &Persona, definition: Definition) -> Uuid {
    let body = MonitorsIn { monitors: vec![definition] };
    admin.api.make_monitors(PROJECT, &body).await.unwrap().items.remove(0).id
}

async fn stands(admin: &Persona, id: Uuid, so: impl Fn(&MonitorView) -> bool) -> MonitorView {
    eventually("the monitor stands so", async || so(&admin.api.monitor(id).await.unwrap())).await.unwrap();
    admin.api.monitor(id).await.unwrap()
}

/// Seconds from the last check to the next.
fn pause(view: &MonitorView) -> i64 {
    view.due_at.unwrap().seconds_since(view.last.as_ref().unwrap().at)
}

async fn run_sql(pool: &PgPool, text: &str) -> u64 {
    sqlx::query(sqlx::AssertSqlSafe(text.to_owned())).execute(pool).await.unwrap().rows_affected()
}

#[tokio::test]
async fn monitors_of_what_was_recovered_look_closely_until_the_watch_is_over() {
    let scene = Scene::with_plan(&without_a_suite()).await.unwrap();
    scene.host.change(VALIDATOR1, |details| details.container.state = ContainerState::Running);
    let admin = scene.muster.persona(Role::Administrator).await.unwrap();
    let id = made(&admin, monitor(containers())).await;
    let other = Definition { component: None, name: Name::parse("Other").unwrap(), ..monitor(containers()) };
    let other = made(&admin, other).await;
    let _worker = scene.quick_worker();
    let before = stands(&admin, id, |view| view.last.is_some()).await;
    assert_eq!((before.closely_until, before.day_checks), (None, 1));
    assert!((86_300..=86_400).contains(&pause(&before)), "{before:?}");

    let run = scene.approved().await.unwrap();
    let run = scene.until(run.number, RunState::Succeeded).await.unwrap();
    let closely = stands(&admin, id, |view| view.closely_until.is_some() && view.day_checks == 2).await;
    let ended = run.ended_at.unwrap();
    assert_eq!(closely.closely_until.unwrap().seconds_since(ended), 30 * 60, "as long as the plan watches");
    assert!((21_500..=21_600).contains(&pause(&closely)), "four times as often: {closely:?}");
    let far = admin.api.monitor(other).await.unwrap();
    assert_eq!((far.closely_until, far.day_checks), (None, 1), "it is about something else");

    // Resolving begins the time anew.
    let pool = scene.pool().await.unwrap();
    run_sql(&pool, "UPDATE monitor_standing SET closely_until = clock_timestamp() + interval '2 minutes' WHERE closely_until IS NOT NULL").await;
    let view = scene.responder.api.resolve(run.incident, &resolution(Some("nobody is asked"))).await.unwrap();
    let closely = admin.api.monitor(id).await.unwrap();
    assert_eq!(closely.closely_until.unwrap().seconds_since(view.resolved_at.unwrap()), 30 * 60);
    stands(&admin, id, |view| view.day_checks == 3).await;
    // Two bad checks are enough, where it took four.
    scene.host.kill(VALIDATOR1);
    for n in 1..=2 {
        let checks = admin.api.monitor(id).await.unwrap().day_bad;
        admin.api.check_monitor_now(id).await.unwrap();
        let seen = stands(&admin, id, |view| view.day_bad > checks).await;
        assert_eq!(seen.state == State::Down, n == 2, "{seen:?}");
    }
    // And then as ever.
    scene.host.change(VALIDATOR1, |details| details.container.state = ContainerState::Running);
    run_sql(&pool, "UPDATE monitor_standing SET closely_until = clock_timestamp() - interval '1 second' WHERE closely_until IS NOT NULL").await;
    admin.api.check_monitor_now(id).await.unwrap();
    let after = stands(&admin, id, |view| view.state == State::Up).await;
    assert_eq!(after.closely_until, None);
    assert!(pause(&after) > 86_000, "{after:?}");
}

#[tokio::test]
async fn a_check_that_was_under_way_when_the_watch_began_is_followed_soon() {
    let scene = Scene::set().await.unwrap();
    let admin = scene.muster.persona(Role::Administrator).await.unwrap();
    let id = made(&admin, monitor(containers())).await;
    let store = &scene.muster.database.worker;
    let projects = [PROJECT.to_owned()];
    let claimed = store.monitor_claim("one", &projects, None, Duration::from_secs(9), 5).await.unwrap().remove(0);
    assert!(!claimed.closely);
    let system = claimed.system;
    let mut tx = store.begin().await.unwrap();
    let until = tx.now().plus_seconds(600);
    tx.monitors_watch_closely(system, &["validator1"], until).await.unwrap();
    tx.commit().await.unwrap();
    let now = store.now().await.unwrap();
    let done = store::CheckDone {
        at: now,
        verdict: shared::domain::monitor::Verdict::Good,
        text: "as it should be".into(),
        took_ms: 3,
        value: None,
        standing: claimed.standing,
        next_due_at: now.plus_seconds(86_400),
        check: claimed,
    };
    store.monitor_settle("one", &[done]).await.unwrap();
    let view = admin.api.monitor(id).await.unwrap();
    assert_eq!(pause(&view), 21_600, "{view:?}");
}

#[tokio::test]
async fn a_monitor_that_is_down_and_one_that_is_slower_than_before_stand_before_resolved() {
    let scene = Scene::with_plan(&without_a_suite()).await.unwrap();
    let admin = scene.muster.persona(Role::Administrator).await.unwrap();
    let url = Look::parse("http://localhost:8081/api/v1/status").unwrap();
    let timed = Definition {
        name: Name::parse("Answers").unwrap(),
        ..monitor(Check::Http { url, status: None, contains: None })
    };
    let (down, slow) = (made(&admin, monitor(containers())).await, made(&admin, timed).await);
    let _worker = scene.quick_worker();
    let run = scene.approved().await.unwrap();
    let run = scene.until(run.number, RunState::Succeeded).await.unwrap();
    check_all(&scene, &run).await;
    // Looked at once more, because it was brought back.
    let ended = run.ended_at.unwrap();
    let since = |view: &MonitorView| view.last.as_ref().is_some_and(|last| last.at >= ended);
    stands(&admin, slow, since).await;
    stands(&admin, down, |view| view.state == State::Up && since(view)).await;
    let pool = scene.pool().await.unwrap();
    // Found by nobody but this test: 24 hours at 40 ms before the incident, and 300 ms in the checks since.
    let found = |table: &str, seconds: i32, at: &str, value: f64, n: i32, rows: i32| {
        format!(
            "INSERT INTO {table} (monitor_id, seconds, at, n, n_bad, n_warning, took_ms, took_most_ms, n_values, value_sum)
             SELECT '{slow}', {seconds}, {at}, {n}, 0, 0, {value} * {n}, {value}, {n}, {value} * {n} FROM generate_series(1, {rows}) AS h (n)
             ON CONFLICT DO NOTHING"
        )
    };
    for own in ["monitor_minute", "monitor_bucket"] {
        run_sql(&pool, &format!("DELETE FROM {own}")).await;
    }
    let before = "date_trunc('hour', clock_timestamp()) - make_interval(hours => h.n + 1)";
    run_sql(&pool, &found("monitor_bucket", 3600, before, 40.0, 60, 24)).await;
    let open = incident(&scene, run.incident).await.open_points;
    assert_eq!(whats(&open), [(Area::Performance, "Answers")]);
    assert!(open[0].why.starts_with("0 of 5 checks since the recovery"), "{open:?}");
    run_sql(&pool, &found("monitor_minute", 60, "clock_timestamp()", 45.0, 10, 1)).await;
    assert_eq!(incident(&scene, run.incident).await.open_points, [], "as fast as before");
    run_sql(&pool, "DELETE FROM monitor_minute").await;
    run_sql(&pool, &found("monitor_minute", 60, "clock_timestamp()", 300.0, 10, 1)).await;
    let open = incident(&scene, run.incident).await.open_points;
    assert_eq!(whats(&open), [(Area::Performance, "Answers")]);
    assert_eq!(open[0].place, Place::Monitor { id: slow });
    assert!(open[0].why.contains("300 ms on average in 10 checks"), "{open:?}");
    assert!(open[0].why.contains("at most 40 ms"), "{open:?}");
    not_yet(&scene, run.incident).await;
    let history = admin.api.monitor_history(slow, Span::Month).await.unwrap();
    assert_eq!(history.baseline, Some(Baseline { usual: 40.0, worse: 40.0, hours: 24 }));
    assert_eq!(admin.api.monitor_history(down, Span::Month).await.unwrap().baseline, None, "it tells nothing of speed");

    scene.host.kill(VALIDATOR1);
    for _ in 0..2 {
        let checks = admin.api.monitor(down).await.unwrap().day_bad;
        admin.api.check_monitor_now(down).await.unwrap();
        stands(&admin, down, |view| view.day_bad > checks).await;
    }
    let open = incident(&scene, run.incident).await.open_points;
    let of = |id| open.iter().find(|point| point.place == Place::Monitor { id });
    assert_eq!(of(down).map(|point| point.area), Some(Area::Health), "{open:?}");

    // Nobody looks at its host any more; and one that was changed has not looked since.
    run_sql(&pool, &format!("UPDATE monitor_standing SET state = 'up', worker = 'away', due_at = clock_timestamp() - interval '2 minutes', lease_until = clock_timestamp() + interval '1 hour' WHERE monitor_id = '{down}'")).await;
    let why = async |id| {
        let open = incident(&scene, run.incident).await.open_points;
        open.into_iter().find(|point| point.place == Place::Monitor { id }).map(|point| point.why).unwrap_or_default()
    };
    assert!(why(down).await.contains("no worker looks at its host"), "{}", why(down).await);
    run_sql(&pool, &format!("UPDATE monitor_standing SET state = 'unknown', checked_at = NULL, verdict = NULL, took_ms = NULL, value = NULL, text = NULL, due_at = clock_timestamp() + interval '1 hour' WHERE monitor_id = '{down}'")).await;
    assert!(why(down).await.contains("has not looked since the recovery"), "{}", why(down).await);
}

/// Another program's alert about what was resolved.
#[tokio::test]
async fn trouble_with_the_same_component_reopens_what_was_resolved_lately() {
    let stage = Alerts::stage().await;
    stage.send("disk", "firing").await;
    let number = stage.numbers().await[0];
    stage.resolve(number).await;
    stage.send("disk", "ok").await;
    stage.send("memory", "firing").await;
    assert_eq!(stage.numbers().await, [number], "no incident more");
    let view = stage.admin.api.incident(number).await.unwrap();
    assert!(view.state.open());
    let reason = view.timeline.iter().find_map(|entry| match &entry.event {
        IncidentEvent::Reopened { reason } => Some(reason.as_str()),
        _ => None,
    });
    let reason = reason.unwrap();
    assert!(reason.starts_with("memory is in trouble: trouble with Validator 1 again"), "{reason}");
    let audited = stage.scene.muster.store.audit_list(None, 50).await.unwrap();
    assert!(audited.iter().any(|e| e.entry.action == "incident.reopened"));
    // Later than the plan watches, it is another one.
    stage.resolve(number).await;
    let pool = stage.scene.pool().await.unwrap();
    run_sql(&pool, "UPDATE incident SET resolved_at = resolved_at - interval '31 minutes', declared_at = declared_at - interval '1 hour'").await;
    stage.send("network", "firing").await;
    assert_eq!(stage.numbers().await.len(), 2);
}

#[tokio::test]
async fn what_is_worse_or_not_for_everybody_or_was_no_trouble_is_not_reopened() {
    let stage = Alerts::stage().await;
    let pool = stage.scene.pool().await.unwrap();
    stage.send("a", "firing").await;
    let first = stage.numbers().await[0];
    stage.resolve(first).await;
    // It was less bad than what the rule declares.
    run_sql(&pool, "UPDATE incident SET level = 1").await;
    stage.send("b", "firing").await;
    let second = stage.numbers().await[0];
    assert_ne!(second, first);
    let restrict = shared::api::restricted::RestrictIn { people: vec![], reason: message("it is confidential") };
    stage.admin.api.restrict(second, &restrict).await.unwrap();
    stage.resolve(second).await;
    stage.send("c", "firing").await;
    let third = stage.numbers().await[0];
    assert_ne!(third, second, "the source is not told of it");
    stage.resolve(third).await;
    run_sql(&pool, &format!("UPDATE incident SET affected = jsonb_set(affected, '{{0,component}}', '\"validator2\"') WHERE number = {third}")).await;
    stage.send("d", "firing").await;
    assert_eq!(stage.numbers().await.len(), 4, "it was about something else");
}

/// A program that tells of trouble with validator1, level 2.
struct Alerts {
    scene: Scene,
    admin: Persona,
    address: String,
}

impl Alerts {
    async fn stage() -> Self {
        let scene = Scene::set().await.unwrap();
        let admin = scene.muster.persona(Role::Administrator).await.unwrap();
        let source = json!({
            "kind": "generic",
            "settings": {
                "name": "Metrics",
                "rules": [{"when": [], "then": {"do": "declare", "level": 2, "components": ["validator1"], "impact": "major-outage"}}],
            },
        });
        let made = admin.api.make_alert_source(PROJECT, &serde_json::from_value(source).unwrap()).await.unwrap();
        Self { scene, admin, address: made.address }
    }

    async fn send(&self, key: &str, state: &str) {
        let body: Value = json!({"key": key, "state": state, "title": format!("{key} is in trouble"), "labels": {}});
        let answer = reqwest::Client::new().post(&self.address).json(&body).send().await.unwrap();
        assert_eq!(answer.status(), 202);
    }

    /// Newest first.
    async fn numbers(&self) -> Vec<i64> {
        let all = self.admin.api.incidents(None).await.unwrap().items;
        all.into_iter().map(|row| row.number).collect()
    }

    async fn resolve(&self, number: i64) {
        self.admin.api.resolve(number, &resolution(None)).await.unwrap();
    }
}
