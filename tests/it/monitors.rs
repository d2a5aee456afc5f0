//! Monitors over HTTP with a worker on a simulated host: what goes down, what follows, and who may say what is watched.

use std::time::Duration;

use serde_json::json;
use server::app::unwatched::tell;
use shared::{
    api::{
        alert::{AlertView, Outcome, SourceChangeIn, SourceIn, SourceSettingsIn},
        error::ErrorCode,
        monitor::{MonitorChangeIn, MonitorView, MonitorsIn},
    },
    digest::Digest,
    domain::{
        access::Role,
        actor::Actor,
        alert::{Condition, Consequence, Declaration, Rule, SourceKind, Test},
        incident::IncidentEvent,
        monitor::{Address, Bound, Check, Definition, Side, Span, State, Verdict},
        status::Impact,
        text::{Look, Name},
    },
    timestamp::Timestamp,
};
use store::{CheckDone, DueCheck};
use tests::{
    muster::worker_config,
    persona::Persona,
    scene::{PROJECT, QUICK, Scene, VALIDATOR1, eventually, plan, refused},
};
use uuid::Uuid;
use worker::host::{ContainerState, LogLine, simulated::Op};

use crate::maintenance::planned;

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

fn look(text: &str) -> Look {
    Look::parse(text).unwrap()
}

/// Checked when somebody asks for it, and once a day.
fn monitor(called: &str, check: Check) -> Definition {
    Definition {
        name: name(called),
        check,
        every_seconds: 86_400,
        timeout_seconds: 5,
        retries: 0,
        warn: None,
        bad: None,
        component: None,
        impact: None,
        objective: None,
        paused: false,
    }
}

fn containers(service: &str) -> Check {
    Check::Container { service: name(service) }
}

fn validator1() -> Definition {
    Definition {
        component: Some("validator1".into()),
        impact: Some(Impact::MajorOutage),
        retries: 1,
        ..monitor("Validator 1", containers("validator1"))
    }
}

async fn made(by: &Persona, definition: Definition) -> MonitorView {
    let body = MonitorsIn { monitors: vec![definition] };
    by.api.make_monitors(PROJECT, &body).await.unwrap().items.remove(0)
}

/// Has it checked until it stands so.
async fn until(by: &Persona, id: Uuid, state: State) -> MonitorView {
    eventually(state.name(), async || {
        let view = by.api.monitor(id).await.unwrap();
        if view.state != state {
            by.api.check_monitor_now(id).await.unwrap();
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        view.state == state
    })
    .await
    .unwrap();
    by.api.monitor(id).await.unwrap()
}

async fn alerts(by: &Persona, firing: bool) -> Vec<AlertView> {
    by.api.alerts(firing, None).await.unwrap().items
}

/// What goes down declares an incident on the first validator.
async fn declares(admin: &Persona) {
    let sources = admin.api.alert_sources().await.unwrap().items;
    let source = sources.into_iter().find(|source| source.kind == SourceKind::Monitors).unwrap();
    let declare = Declaration { level: 1, components: vec!["validator1".into()], impact: Impact::MajorOutage };
    let when = vec![Condition { label: name("state"), is: Test::Equal, value: name("down") }];
    let settings =
        SourceSettingsIn { rules: vec![Rule { when, then: Consequence::Declare(declare) }], ..source.settings };
    let change = SourceChangeIn { version: source.version, settings };
    admin.api.change_alert_source(source.id, &change).await.unwrap();
}

async fn on_the_page(scene: &Scene) -> String {
    let page = scene.muster.stranger().unwrap().page("/api/v2/components.json").await.unwrap().1;
    let page: serde_json::Value = serde_json::from_str(&page).unwrap();
    let all = page["components"].as_array().unwrap();
    let one = all.iter().find(|component| component["name"] == "Validator 1").unwrap();
    one["status"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn what_goes_down_is_an_alert_declares_by_rule_and_stands_on_the_page_until_it_is_up() {
    let scene = Scene::set().await.unwrap();
    let (admin, stranger) = (scene.muster.persona(Role::Administrator).await.unwrap(), &scene.responder);
    let made = made(&admin, validator1()).await;
    declares(&admin).await;
    assert_eq!((made.state, made.last.is_none()), (State::Unknown, true));
    let _worker = scene.worker();
    let down = until(&admin, made.id, State::Down).await;
    assert!(down.last.unwrap().text.contains("exited"), "it says why");
    eventually("the alert led to an incident", async || {
        alerts(stranger, true).await.iter().any(|alert| alert.outcome == Outcome::Declared)
    })
    .await
    .unwrap();
    let alert = alerts(stranger, true).await.remove(0);
    assert_eq!((alert.source.as_str(), alert.title.as_str()), ("Monitors", "Validator 1 is down"));
    assert!(alert.url.unwrap().ends_with(&format!("/console/monitors/{}", made.id)));
    let incident = stranger.api.incident(alert.incident.unwrap()).await.unwrap();
    assert_eq!(incident.affected[0].component, "validator1");
    assert!(incident.public_title.is_none(), "nobody has told strangers of an incident");
    eventually("strangers see it", async || on_the_page(&scene).await == "major_outage").await.unwrap();

    scene.host.change(VALIDATOR1, |details| details.container.state = ContainerState::Running);
    until(&admin, made.id, State::Up).await;
    eventually("the alert is over", async || alerts(stranger, true).await.is_empty()).await.unwrap();
    eventually("strangers see that too", async || on_the_page(&scene).await == "operational").await.unwrap();
    let incident = stranger.api.incident(incident.number).await.unwrap();
    assert!(incident.resolved_at.is_none(), "whether it is over, a person says");
    let ended = |event: &IncidentEvent| matches!(event, IncidentEvent::AlertEnded { still_firing: 0, .. });
    assert_eq!(incident.timeline.iter().filter(|entry| ended(&entry.event)).count(), 1);

    let history = stranger.api.monitor_history(made.id, Span::Day).await.unwrap();
    let states: Vec<_> = history.changes.iter().rev().map(|change| change.state).collect();
    assert_eq!(states, [State::Down, State::Up]);
    let (n, bad) = history.buckets.iter().fold((0, 0), |(n, bad), b| (n + b.n, bad + b.n_bad));
    assert!(bad >= 2 && n > bad, "one bad check was not enough: {history:?}");
    assert!(history.uptime.unwrap() < 1.0);
    // The same trouble again, while its incident is open.
    scene.host.kill(VALIDATOR1);
    until(&admin, made.id, State::Down).await;
    eventually("it joins", async || {
        alerts(stranger, true).await.iter().any(|a| a.outcome == Outcome::Joined && a.incident == Some(incident.number))
    })
    .await
    .unwrap();
    // A monitor that is gone says nothing more.
    admin.api.remove_monitor(made.id).await.unwrap();
    eventually("its alert is over", async || alerts(stranger, true).await.is_empty()).await.unwrap();
    eventually("the page forgets it", async || on_the_page(&scene).await == "operational").await.unwrap();
}

#[tokio::test]
async fn a_value_beyond_its_limit_warns_before_it_is_down() {
    let scene = Scene::set().await.unwrap();
    let admin = scene.muster.persona(Role::Administrator).await.unwrap();
    let _worker = scene.worker();
    let above = |value| Some(Bound { is: Side::Above, value });
    let answer = std::sync::Arc::new(std::sync::Mutex::new("7".to_owned()));
    let said = answer.clone();
    scene.host.program("bt2c-postgres", move |argv| {
        assert!(argv.iter().any(|word| word.ends_with("READ ONLY")), "{argv:?}");
        (vec![LogLine { from_stderr: false, text: said.lock().unwrap().clone(), cut: false }], 0)
    });
    let query = Check::Sql {
        service: name("postgres"),
        user: None,
        database: None,
        query: look("SELECT count(*) FROM pending"),
    };
    let made = made(&admin, Definition { warn: above(10.0), bad: above(20.0), ..monitor("Pending", query) }).await;
    let now = |text: &str| text.clone_into(&mut answer.lock().unwrap());
    assert_eq!(until(&admin, made.id, State::Up).await.last.unwrap().value, Some(7.0));
    now("11|x");
    let warned = until(&admin, made.id, State::Warning).await;
    assert_eq!(warned.last.unwrap().text, "it is 11; it warns above 10");
    eventually("an early warning is an alert", async || {
        alerts(&admin, true).await.iter().any(|alert| alert.title == "Pending: early warning")
    })
    .await
    .unwrap();
    now("21");
    until(&admin, made.id, State::Down).await;
    eventually("one alert takes the place of the other", async || {
        let titles: Vec<_> = alerts(&admin, true).await.into_iter().map(|alert| alert.title).collect();
        titles == ["Pending is down"]
    })
    .await
    .unwrap();
    let history = admin.api.monitor_history(made.id, Span::Month).await.unwrap();
    let bucket = history.buckets.last().unwrap();
    assert_eq!((bucket.value_least, bucket.value_most), (Some(7.0), Some(21.0)), "{bucket:?}");
}

#[tokio::test]
async fn several_workers_make_each_check_once_and_take_over_from_one_that_died() {
    let scene = Scene::set().await.unwrap();
    let admin = scene.muster.persona(Role::Administrator).await.unwrap();
    let body = |n: usize| MonitorsIn {
        monitors: (0..50).map(|i| monitor(&format!("{n}-{i}"), containers("postgres"))).collect(),
    };
    for n in 0..4 {
        admin.api.make_monitors(PROJECT, &body(n)).await.unwrap();
    }
    let workers: Vec<_> = ["one", "two", "three"]
        .into_iter()
        .map(|called| {
            let config = worker::config::Config { name: called.into(), ..worker_config(PROJECT) };
            scene.muster.worker_as(config, scene.host.clone(), QUICK)
        })
        .collect();
    let all = async || admin.api.monitors().await.unwrap().items;
    eventually("all were checked", async || all().await.iter().all(|m| m.state == State::Up)).await.unwrap();
    for monitor in all().await {
        assert_eq!(monitor.day_checks, 1, "{} was checked more than once", monitor.definition.name.as_str());
    }
    // One dies in the middle of a check: nobody hears of it, and another makes it.
    for worker in workers {
        worker.kill();
    }
    let pool = scene.pool().await.unwrap();
    let held = "UPDATE monitor_standing SET due_at = clock_timestamp(), worker = 'dead',
                       lease_until = clock_timestamp() + interval '1 second'";
    sqlx::query(held).execute(&pool).await.unwrap();
    let _worker = scene.worker();
    eventually("all were checked again", async || all().await.iter().all(|m| m.day_checks == 2)).await.unwrap();
    // Looking has changed nothing on the host.
    assert!(scene.host.effects().iter().all(|effect| effect.op == Op::Exec), "{:?}", scene.host.effects());
}

#[tokio::test]
async fn who_may_not_is_refused_and_what_is_wrong_is_named() {
    let scene = Scene::set().await.unwrap();
    let admin = &scene.muster.persona(Role::Administrator).await.unwrap();
    let body = MonitorsIn { monitors: vec![validator1()] };
    assert_eq!(refused(scene.operator.api.make_monitors(PROJECT, &body).await).code, ErrorCode::Forbidden);
    let one = made(admin, validator1()).await;
    // All or nothing.
    let twice = MonitorsIn { monitors: vec![monitor("New", containers("postgres")), validator1()] };
    let taken = refused(admin.api.make_monitors(PROJECT, &twice).await);
    assert_eq!((taken.code, taken.fields[0].field.as_str()), (ErrorCode::Invalid, "monitors.1.name"));
    assert_eq!(admin.api.monitors().await.unwrap().items.len(), 1);
    let nowhere = Check::Http { url: look("https://postgres/"), status: None, contains: None };
    let wrong = refused(admin.api.make_monitors(PROJECT, &MonitorsIn { monitors: vec![monitor("x", nowhere)] }).await);
    assert_eq!(wrong.fields[0].field, "monitors.0.check.url");
    let none = refused(admin.api.make_monitors(PROJECT, &MonitorsIn { monitors: vec![] }).await);
    assert_eq!(none.code, ErrorCode::Invalid);
    // Of two who change it at once one is told.
    let renamed = |version| MonitorChangeIn { version, definition: Definition { name: name("First"), ..validator1() } };
    let changed = admin.api.change_monitor(one.id, &renamed(one.version)).await.unwrap();
    assert_eq!((changed.definition.name.as_str(), changed.version), ("First", 2));
    assert_eq!(refused(admin.api.change_monitor(one.id, &renamed(one.version)).await).code, ErrorCode::ContentChanged);
    let paused = MonitorChangeIn { version: 2, definition: Definition { paused: true, ..changed.definition } };
    assert!(admin.api.change_monitor(one.id, &paused).await.unwrap().due_at.is_none());
    assert_eq!(refused(admin.api.check_monitor_now(one.id).await).code, ErrorCode::NotNow);
    let hidden = refused(scene.operator.api.remove_monitor(one.id).await);
    assert_eq!(hidden.code, ErrorCode::Forbidden);
    assert_eq!(refused(admin.api.monitor(Uuid::nil()).await).code, ErrorCode::NotFound);
    // The source of the monitors is nobody's to make, give away or retire.
    let sources = admin.api.alert_sources().await.unwrap().items;
    let source = sources.iter().find(|source| source.kind == SourceKind::Monitors).unwrap();
    assert_eq!(refused(admin.api.retire_alert_source(source.id).await).code, ErrorCode::NotNow);
    assert_eq!(refused(admin.api.renew_alert_source_key(source.id).await).code, ErrorCode::NotNow);
    let own = SourceIn {
        kind: SourceKind::Monitors,
        settings: SourceSettingsIn { name: name("Mine"), ..source.settings.clone() },
    };
    assert_eq!(refused(admin.api.make_alert_source(PROJECT, &own).await).code, ErrorCode::Invalid);
    let audit = admin.http.raw("GET", "/api/v1/audit/export", None).await.unwrap().1.to_string();
    for action in ["monitor.made", "monitor.changed"] {
        assert!(audit.contains(action), "{action}");
    }
}

#[tokio::test]
async fn a_worker_makes_no_check_that_could_change_anything_whatever_stands_in_the_database() {
    let scene = Scene::set().await.unwrap();
    let admin = scene.muster.persona(Role::Administrator).await.unwrap();
    scene.host.program("bt2c-postgres", |argv| panic!("nothing is run: {argv:?}"));
    let pool = scene.pool().await.unwrap();
    let wipe = json!({"kind": "sql", "service": "postgres", "query": "DELETE FROM blocks"});
    let twice = json!({"kind": "sql", "service": "postgres", "query": "SELECT 1; DELETE FROM blocks"});
    let climbs = json!({"kind": "script", "name": "../scripts/restore_db.sh"});
    let script = json!({"kind": "script", "name": "restore_db.sh"});
    let foreign = json!({"kind": "tcp", "address": "169.254.169.254:80"});
    let file = json!({"kind": "file-age", "directory": "/etc"});
    let other = json!({"kind": "container", "service": "other_postgres"});
    let hostile = [
        (wipe, "does not make such a check"),
        (twice, "does not make such a check"),
        (climbs, "does not make such a check"),
        (script, "MUSTER_WORKER_CHECKS"),
        (foreign, "credentials"),
        (file, "does not know the directory"),
        (other, "no container of the service"),
    ];
    let mut written = vec![];
    for (n, (check, said)) in hostile.into_iter().enumerate() {
        let one = made(&admin, monitor(&format!("hostile {n}"), containers("postgres"))).await;
        sqlx::query("UPDATE monitor SET definition = jsonb_set(definition, '{check}', $2) WHERE id = $1")
            .bind(one.id)
            .bind(check)
            .execute(&pool)
            .await
            .unwrap();
        written.push((one.id, said));
    }
    let _worker = scene.worker();
    for (id, said) in written {
        let down = until(&admin, id, State::Down).await;
        let text = down.last.unwrap().text;
        assert!(text.contains(said), "{said}: {text}");
    }
    assert!(scene.host.effects().is_empty(), "{:?}", scene.host.effects());
}

#[tokio::test]
async fn what_goes_down_while_it_is_worked_on_declares_nothing() {
    let scene = Scene::set().await.unwrap();
    let admin = scene.muster.persona(Role::Administrator).await.unwrap();
    let one = made(&admin, validator1()).await;
    declares(&admin).await;
    planned(&scene.muster, &scene.operator, "validator1", -30, 3600).await;
    let pool = scene.pool().await.unwrap();
    eventually("the component is worked on", async || {
        let worked_on = "SELECT EXISTS (SELECT FROM component_state WHERE component = 'validator1' AND maintenance)";
        sqlx::query_scalar(worked_on).fetch_one(&pool).await.unwrap()
    })
    .await
    .unwrap();
    let _worker = scene.worker();
    until(&admin, one.id, State::Down).await;
    eventually("it was muted", async || alerts(&admin, true).await.iter().any(|alert| alert.outcome == Outcome::Muted))
        .await
        .unwrap();
    assert!(admin.api.incidents(None).await.unwrap().items.is_empty());
}

#[tokio::test]
async fn the_plan_offers_what_is_worth_watching_until_it_is_watched() {
    let scene = Scene::set().await.unwrap();
    let admin = scene.muster.persona(Role::Administrator).await.unwrap();
    let offered = scene.operator.api.monitors_suggested(PROJECT).await.unwrap();
    let points: Vec<_> = offered.unmeasured.iter().map(|point| point.data.as_str()).collect();
    assert_eq!(points, ["Blockchain", "Database", "Configuration"]);
    let monitors = offered.monitors;
    assert!(monitors.len() >= 5, "{monitors:?}");
    admin.api.make_monitors(PROJECT, &MonitorsIn { monitors }).await.unwrap();
    let left = scene.operator.api.monitors_suggested(PROJECT).await.unwrap();
    let points: Vec<_> = left.unmeasured.iter().map(|point| point.data.as_str()).collect();
    assert_eq!(
        (left.monitors.len(), points),
        (0, vec!["Blockchain"]),
        "blocks take two addresses that nobody can guess"
    );
    let url = |port: u16| look(&format!("http://localhost:{port}/api/v1/metrics"));
    let check = Check::Lag { url: url(8081), other: url(8082), filter: Some(look("height")) };
    made(&admin, Definition { objective: Some("Blockchain".into()), ..monitor("Chain", check) }).await;
    assert!(scene.operator.api.monitors_suggested(PROJECT).await.unwrap().unmeasured.is_empty());
    let tcp = Check::Tcp { address: Address::parse("validator2:8080").unwrap() };
    let reached = made(&admin, monitor("Reach", tcp)).await;
    let _worker = scene.worker();
    until(&admin, reached.id, State::Up).await;
}

#[tokio::test]
async fn of_two_findings_of_one_monitor_the_later_is_written_and_no_other_is_lost() {
    let scene = Scene::set().await.unwrap();
    let admin = scene.muster.persona(Role::Administrator).await.unwrap();
    let one = made(&admin, monitor("One", containers("postgres"))).await.id;
    let other = made(&admin, monitor("Other", containers("postgres"))).await.id;
    let store = &scene.muster.database.worker;
    let projects = [PROJECT.to_owned()];
    let claim = async || store.monitor_claim("one", &projects, None, Duration::ZERO, 5).await.unwrap();
    let found = |check: DueCheck, text: &str| CheckDone {
        at: check.claimed_at,
        verdict: Verdict::Good,
        text: text.into(),
        took_ms: 3,
        value: None,
        standing: check.standing.after(Verdict::Good, 0, check.claimed_at),
        next_due_at: check.claimed_at.plus_seconds(86_400),
        check,
    };
    let mut batch: Vec<_> = claim().await.into_iter().map(|check| found(check, "first")).collect();
    // The writing stood still for longer than the lease, so the same worker made one of the checks again.
    let pool = scene.pool().await.unwrap();
    let late =
        "UPDATE monitor_standing SET lease_until = clock_timestamp() - interval '1 second' WHERE monitor_id = $1";
    sqlx::query(late).bind(one).execute(&pool).await.unwrap();
    batch.extend(claim().await.into_iter().map(|check| found(check, "again")));
    batch.reverse();
    assert_eq!(batch.len(), 3);
    store.monitor_settle("one", &batch).await.unwrap();
    for (id, text) in [(one, "again"), (other, "first")] {
        let view = admin.api.monitor(id).await.unwrap();
        assert_eq!((view.state, view.last.unwrap().text.as_str(), view.day_checks), (State::Up, text, 1));
    }
}

#[tokio::test]
async fn checks_that_nobody_makes_are_one_alert_until_they_are_made_again() {
    let scene = Scene::set().await.unwrap();
    let admin = scene.muster.persona(Role::Administrator).await.unwrap();
    made(&admin, monitor("One", containers("postgres"))).await;
    let other = made(&admin, monitor("Other", containers("postgres"))).await;
    let paused = made(&admin, Definition { paused: true, ..monitor("Paused", containers("postgres")) }).await;
    assert_eq!(paused.due_at, None);
    let pool = scene.pool().await.unwrap();
    let state = &scene.muster.state;
    let long_ago = Timestamp::from_unix(0);
    tell(state, long_ago).await.unwrap();
    assert_eq!(alerts(&admin, false).await, [], "they are due, not overdue");
    let late =
        "UPDATE monitor_standing SET due_at = clock_timestamp() - interval '100 seconds' WHERE due_at IS NOT NULL";
    sqlx::query(late).execute(&pool).await.unwrap();
    tell(state, scene.muster.store.now().await.unwrap()).await.unwrap();
    assert_eq!(alerts(&admin, false).await, [], "who was away waits for the workers to catch up");
    // Two servers look at once, and again.
    let (a, b) = tokio::join!(tell(state, long_ago), tell(state, long_ago));
    a.and(b).unwrap();
    tell(state, long_ago).await.unwrap();
    let all = alerts(&admin, false).await;
    assert_eq!((all.len(), all[0].source.as_str(), all[0].outcome), (1, "Monitors", Outcome::Shown), "{all:?}");
    assert!(all[0].title.starts_with("2 checks of ") && all[0].title.contains(" are not made since "), "{all:?}");
    assert!(all[0].text.as_deref().unwrap().contains("No worker looks at its host"), "{all:?}");
    assert!(admin.api.monitor(other.id).await.unwrap().overdue);

    let _worker = scene.worker();
    eventually("they are made again", async || {
        tell(state, long_ago).await.unwrap();
        alerts(&admin, true).await.is_empty()
    })
    .await
    .unwrap();
    assert_eq!(alerts(&admin, false).await.len(), 1, "one for the whole spell");
}

#[tokio::test]
async fn a_system_that_cannot_be_told_of_keeps_no_other_waiting() {
    let scene = Scene::set().await.unwrap();
    let admin = scene.muster.persona(Role::Administrator).await.unwrap();
    let mut tx = scene.muster.store.begin().await.unwrap();
    let later = tx.system_create("later", "Later", "later", None).await.unwrap();
    let text = plan().unwrap();
    let digest = Digest::of(text.as_bytes());
    tx.plan_version_add(later.id, digest, &text, &Actor::CommandLine, "for the test").await.unwrap();
    tx.commit().await.unwrap();
    for slug in [PROJECT, "later"] {
        let body = MonitorsIn { monitors: vec![monitor("One", containers("postgres"))] };
        admin.api.make_monitors(slug, &body).await.unwrap();
    }
    let pool = scene.pool().await.unwrap();
    let prepared = "UPDATE monitor_standing SET due_at = clock_timestamp() - interval '100 seconds';
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not of this one'; END $$;";
    sqlx::raw_sql(prepared).execute(&pool).await.unwrap();
    // The first one is looked at first.
    let first =
        "SELECT o.id FROM alert_source o JOIN system s ON s.id = o.system_id WHERE o.kind = 'monitors' AND s.slug = $1";
    let source: Uuid = sqlx::query_scalar(first).bind(PROJECT).fetch_one(&pool).await.unwrap();
    let trigger = format!(
        "CREATE TRIGGER refuse BEFORE INSERT ON alert FOR EACH ROW WHEN (NEW.source_id = '{source}') EXECUTE FUNCTION refuse()"
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(trigger)).execute(&pool).await.unwrap();
    tell(&scene.muster.state, Timestamp::from_unix(0)).await.unwrap_err();
    let told = alerts(&admin, false).await;
    assert!(told.len() == 1 && told[0].title.contains("Later"), "{told:?}");
    sqlx::raw_sql("DROP TRIGGER refuse ON alert").execute(&pool).await.unwrap();
    tell(&scene.muster.state, Timestamp::from_unix(0)).await.unwrap();
    assert_eq!(alerts(&admin, false).await.len(), 2, "what was not done is done next time");
}
