//! Automatic recovery over HTTP with a worker on a simulated host: who may consent to what beforehand, when it is begun, and when people have
//! to take over.

use std::time::Duration;

use reqwest::Client;
use serde_json::{Value, json};
use shared::{
    api::{
        alert::{SourceIn, SourceSettingsIn},
        error::ErrorCode,
        incident::{IncidentView, ResolveIn},
        monitor::{MonitorChangeIn, MonitorsIn},
        plan::PlanIn,
        readiness_report::ReadinessReport,
        related::MergeIn,
        run::{FreezeIn, WithdrawIn},
        standing_order::{OrderDecisionIn, OrderIn, OrderUseView, OrderView, OrderWhyIn, TriggerIn},
    },
    domain::{
        access::Role,
        actor::Actor,
        alert::{Condition, Declaration, SourceKind, Test},
        incident::IncidentEvent,
        monitor::{Check, Definition},
        readiness::{Earn, Subject},
        run::{RunEvent, RunState},
        standing_order::{Limits, OrderMoment, OrderState, UseState},
        status::Impact,
        text::Name,
    },
};
use tests::{
    persona::Persona,
    scene::{PROCEDURE, PROJECT, Scene, VALIDATOR1, eventually, message, plan, refused},
};
use uuid::Uuid;
use worker::host::simulated::Op;

const LIMITS: Limits =
    Limits { at_most: 3, window_seconds: 3600, pause_seconds: 10, settle_seconds: 20, valid_seconds: 30 * 86_400 };

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

fn order(called: &str, trigger: TriggerIn) -> OrderIn {
    OrderIn {
        name: name(called),
        procedure: PROCEDURE.into(),
        procedure_digest: None,
        parameters: [].into(),
        trigger,
        declares: Declaration { level: 1, components: vec!["validator1".into()], impact: Impact::MajorOutage },
        limits: LIMITS,
        reason: message("the plan says: automatic failover"),
    }
}

fn consent(view: &OrderView) -> OrderDecisionIn {
    OrderDecisionIn { approve: true, reason: None, content: view.content }
}

fn why(text: &str) -> OrderWhyIn {
    OrderWhyIn { reason: message(text) }
}

/// Proposed by the operator, and the approver consents.
async fn in_force(scene: &Scene, input: &OrderIn) -> OrderView {
    let proposed = scene.operator.api.propose_order(PROJECT, input).await.unwrap();
    assert_eq!(proposed.state, OrderState::Proposed);
    let view = scene.approver.api.decide_order(proposed.number, &consent(&proposed)).await.unwrap();
    assert_eq!(view.state, OrderState::InForce);
    view
}

async fn seen(by: &Persona, number: i64) -> OrderView {
    by.api.standing_orders().await.unwrap().items.into_iter().find(|one| one.number == number).unwrap()
}

/// The newest time it was due, once that is over.
async fn ended(by: &Persona, number: i64) -> OrderUseView {
    eventually("it is over", async || seen(by, number).await.uses.first().is_some_and(|u| u.ended_at.is_some()))
        .await
        .unwrap();
    seen(by, number).await.uses.remove(0)
}

async fn monitor(admin: &Persona, service: &str) -> Uuid {
    let definition = Definition {
        name: name("Validator 1"),
        check: Check::Container { service: name(service) },
        every_seconds: 86_400,
        timeout_seconds: 5,
        retries: 0,
        warn: None,
        bad: None,
        component: None,
        impact: None,
        objective: None,
        paused: false,
    };
    let made = admin.api.make_monitors(PROJECT, &MonitorsIn { monitors: vec![definition] }).await.unwrap();
    made.items[0].id
}

/// A program that sends alerts, without any rule: its address and what an order is for.
async fn program(admin: &Persona) -> (String, TriggerIn) {
    let settings =
        SourceSettingsIn { name: name("program"), mapping: None, rules: vec![], beat: None, muted_until: None };
    let made = admin.api.make_alert_source(PROJECT, &SourceIn { kind: SourceKind::Generic, settings }).await.unwrap();
    let when = vec![Condition { label: name("service"), is: Test::Equal, value: name("validator1") }];
    (made.address.clone(), TriggerIn::Alert { source: made.source.id, when })
}

async fn send(address: &str, key: &str, state: &str) {
    let body: Value =
        json!({"key": key, "state": state, "title": format!("{key} is down"), "labels": {"service": "validator1"}});
    assert!(Client::new().post(address).json(&body).send().await.unwrap().status().is_success());
}

async fn called(scene: &Scene, incident: i64) -> i64 {
    let text = "SELECT count(*) FROM paging p JOIN incident i ON i.id = p.incident_id WHERE i.number = $1";
    sqlx::query_scalar(text).bind(incident).fetch_one(&scene.pool().await.unwrap()).await.unwrap()
}

fn moments(incident: &IncidentView) -> Vec<OrderMoment> {
    let moment = |event: &IncidentEvent| match event {
        IncidentEvent::Automatic { moment, .. } => Some(*moment),
        _ => None,
    };
    incident.timeline.iter().filter_map(|entry| moment(&entry.event)).collect()
}

#[tokio::test]
async fn what_is_down_is_recovered_without_a_person_until_the_limit_and_then_people_are_called() {
    let scene = Scene::set().await.unwrap();
    let admin = scene.muster.persona(Role::Administrator).await.unwrap();
    let viewer = scene.muster.persona(Role::Viewer).await.unwrap();
    let id = monitor(&admin, "validator1").await;
    let mut wanted = order("Restart validator 1", TriggerIn::Monitor { id });
    wanted.limits.at_most = 1;
    let made = in_force(&scene, &wanted).await;
    assert_eq!((made.when.as_str(), made.stale.as_deref()), ("Monitor Validator 1 is down", None));
    let check = async || {
        admin.api.check_monitor_now(id).await.unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    let _worker = scene.worker();
    eventually("it was begun", async || {
        check().await;
        seen(&viewer, made.number).await.uses.first().is_some_and(|one| one.run.is_some())
    })
    .await
    .unwrap();
    let first = seen(&viewer, made.number).await.uses.remove(0);
    let run = scene.until(first.run.unwrap(), RunState::Succeeded).await.unwrap();
    let ordered = run.ordered.clone().unwrap();
    assert_eq!((ordered.order, ordered.givers.as_str()), (made.number, scene.approver.me.name.as_str()));
    assert!(run.decisions.is_empty() && run.glass.is_none(), "nobody was asked");
    assert!(viewer.api.runs(None).await.unwrap().items[0].automatic);
    eventually("it helped", async || {
        check().await;
        seen(&viewer, made.number).await.uses[0].state == UseState::Helped
    })
    .await
    .unwrap();
    let incident = viewer.api.incident(first.incident).await.unwrap();
    assert_eq!(moments(&incident), [OrderMoment::Begun, OrderMoment::Helped]);
    assert_eq!((incident.level, incident.affected[0].component.as_str()), (1, "validator1"), "no rule declares");
    let begun = incident.timeline.iter().find(|e| matches!(e.event, IncidentEvent::Automatic { .. })).unwrap();
    assert!(matches!(&begun.by, Actor::StandingOrder { name, .. } if name == "Restart validator 1"), "{begun:?}");
    assert_eq!(called(&scene, incident.number).await, 0, "nobody was woken");
    let notices = viewer.api.notices().await.unwrap().items;
    assert!(notices.iter().any(|n| n.text.starts_with("AUTOMATIC")), "everybody is told: {notices:?}");

    // The cause remains: its limit is reached, so people have to.
    scene.host.kill(VALIDATOR1);
    eventually("people have it", async || {
        check().await;
        seen(&viewer, made.number).await.uses[0].state == UseState::HandedOver
    })
    .await
    .unwrap();
    let second = seen(&viewer, made.number).await.uses.remove(0);
    assert_eq!((second.incident, second.run), (first.incident, None));
    assert!(second.text.contains("1 times within its window"), "{}", second.text);
    assert_eq!(called(&scene, incident.number).await, 1);
    assert_eq!(scene.host.effects().iter().filter(|effect| effect.op == Op::Restart).count(), 1);
    let audit = admin.http.raw("GET", "/api/v1/audit/export", None).await.unwrap().1.to_string();
    for action in ["proposed", "approved", "in-force", "begun", "helped", "handed-over"] {
        assert!(audit.contains(&format!("standing-order.{action}")), "{action}");
    }
    let report = scene.responder.api.draft_report(incident.number).await.unwrap();
    let facts: String = report.facts.iter().map(|block| block.text.as_str()).collect();
    let givers = format!("(Restart validator 1) to which consent was given beforehand by {},", scene.approver.me.name);
    assert!(facts.contains(&givers) && !facts.contains("Requested by"), "{facts}");
    assert!(facts.contains("within its window"), "handed over: {facts}");

    // Auditors do not read that a person asked for it, either.
    let path = format!("/api/v1/systems/{PROJECT}/readiness/report");
    let signed = viewer.http.raw("GET", &path, None).await.unwrap().1;
    let told: ReadinessReport = serde_json::from_str(signed["document"].as_str().unwrap()).unwrap();
    let askers: Vec<_> = told.runs.iter().map(|run| (run.number, run.requested_by.clone())).collect();
    assert_eq!(askers, [(run.number, format!("by itself (standing order {})", made.number))]);
}

#[tokio::test]
async fn it_is_not_begun_when_anything_stands_against_it_and_then_people_are_called() {
    let scene = Scene::set().await.unwrap();
    let admin = scene.muster.persona(Role::Administrator).await.unwrap();
    let (address, trigger) = program(&admin).await;
    let pool = scene.pool().await.unwrap();
    let wanted = order("Restart", trigger);
    let first = in_force(&scene, &wanted).await;
    let due = async |key: &str, number: i64| {
        let before = seen(&scene.operator, number).await.uses.len();
        send(&address, key, "firing").await;
        eventually("it was due", async || seen(&scene.operator, number).await.uses.len() > before).await.unwrap();
        let one = ended(&scene.operator, number).await;
        assert_eq!((one.state, one.run), (UseState::HandedOver, None), "{key}: {one:?}");
        assert_eq!(called(&scene, one.incident).await, 1, "{key}");
        one.text
    };

    let freeze = |frozen| FreezeIn { frozen, reason: Some(message("we look first")) };
    scene.approver.api.freeze(&freeze(true)).await.unwrap();
    assert!(due("a", first.number).await.contains("frozen"));
    scene.approver.api.freeze(&freeze(false)).await.unwrap();

    let mine = scene.declared().await.unwrap();
    let live = scene.request(mine.number).await.unwrap();
    assert!(due("b", first.number).await.contains(&format!("run {} is under way", live.number)));
    scene.operator.api.withdraw(live.number, &WithdrawIn { reason: message("not needed") }).await.unwrap();

    // Nobody is asked for an order that is not in force: the alert has no rule, so it is only shown.
    let suspended = scene.approver.api.suspend_order(first.number, &why("let me look")).await.unwrap();
    assert_eq!(suspended.state, OrderState::Suspended);
    send(&address, "c", "firing").await;
    assert_eq!(seen(&scene.operator, first.number).await.uses.len(), 2);
    scene.approver.api.resume_order(first.number).await.unwrap();

    // Those who gave it may not give it any more.
    sqlx::query("UPDATE app_user SET active = false WHERE id = $1")
        .bind(scene.approver.me.id.0)
        .execute(&pool)
        .await
        .unwrap();
    let lapsed = async |number: i64| {
        eventually("it lapses by itself", async || seen(&scene.operator, number).await.state == OrderState::Lapsed)
            .await
            .unwrap();
        let changed = seen(&scene.operator, number).await.changed.unwrap();
        assert_eq!(changed.by, Actor::Muster);
        changed.why
    };
    assert!(lapsed(first.number).await.contains("not enough of those who consented"));
    sqlx::query("UPDATE app_user SET active = true WHERE id = $1")
        .bind(scene.approver.me.id.0)
        .execute(&pool)
        .await
        .unwrap();

    // Its time is over.
    let second = in_force(&scene, &wanted).await;
    sqlx::query("UPDATE standing_order SET proposed_at = proposed_at - interval '31 days'")
        .execute(&pool)
        .await
        .unwrap();
    assert!(seen(&scene.operator, second.number).await.expired);
    assert!(due("e", second.number).await.contains("its time is over"));
    scene.approver.api.revoke_order(second.number, &why("too old")).await.unwrap();

    // The plan has another procedure by now: the order lapses before it is needed, and says so to those who gave it.
    let third = in_force(&scene, &wanted).await;
    let changed = plan().unwrap().replace("docker-compose restart validator1", "docker-compose stop validator1");
    let save = PlanIn { source: changed, reason: message("another way"), base_version: 1 };
    admin.api.save_plan(PROJECT, &save).await.unwrap();
    assert!(lapsed(third.number).await.contains("another procedure"));
    assert!(seen(&scene.operator, third.number).await.uses.is_empty());
    let told: i64 = sqlx::query_scalar("SELECT count(*) FROM message WHERE dedup LIKE $1")
        .bind(format!("standing-order-lapsed:{}%", third.number))
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(told, 2, "who proposed it and who consented");
    assert!(scene.host.effects().is_empty());
}

#[tokio::test]
async fn the_guard_believes_no_row_and_two_servers_begin_one_run() {
    let scene = Scene::set().await.unwrap();
    let _other = scene.muster.another_server().await.unwrap();
    let admin = scene.muster.persona(Role::Administrator).await.unwrap();
    let (address, trigger) = program(&admin).await;
    let pool = scene.pool().await.unwrap();
    let mut wanted = order("Restart", trigger);
    wanted.limits.at_most = 10;
    // What is done to the rows after the server has begun the run, and before a worker takes it.
    let forged = [
        ("UPDATE standing_order SET state = 'revoked', changed_why = 'x' WHERE number = $1", "is not in force"),
        ("UPDATE standing_order SET decisions = '[]' WHERE number = $1", "not enough of those who consented"),
        (
            "UPDATE standing_order SET terms = jsonb_set(terms, '{limits,at_most}', '9') WHERE number = $1",
            "its terms are not",
        ),
        (
            "UPDATE standing_order SET terms = jsonb_set(terms, '{parameters}', '{\"validator\": \"validator2\"}') WHERE number = $1",
            "is to something else",
        ),
        (
            "UPDATE run SET header = jsonb_set(header, '{requested_by}', to_jsonb((SELECT id FROM app_user WHERE role = 'approver' LIMIT 1)))
             WHERE ended_at IS NULL AND 0 < $1",
            "is to something else",
        ),
        ("UPDATE run SET header = jsonb_set(header, '{standing_order}', '4711') WHERE ended_at IS NULL AND 0 < $1", ""),
    ];
    for (i, (sql, said)) in forged.into_iter().enumerate() {
        wanted.name = name(&format!("Restart {i}"));
        let made = in_force(&scene, &wanted).await;
        let key = format!("key{i}");
        send(&address, &key, "firing").await;
        eventually("it was begun", async || {
            seen(&scene.operator, made.number).await.uses.iter().any(|u| u.run.is_some())
        })
        .await
        .unwrap();
        let run = seen(&scene.operator, made.number).await.uses[0].run.unwrap();
        let runs: i64 = sqlx::query_scalar("SELECT count(*) FROM run").fetch_one(&pool).await.unwrap();
        assert_eq!(runs, 1 + i64::try_from(i).unwrap(), "two servers looked, and one began it");
        sqlx::query(sql).bind(made.number).execute(&pool).await.unwrap();
        if said.is_empty() {
            // Its log says that an order began it which its header does not name: the fold refuses the log.
            assert!(scene.muster.database.worker.run_by_number(run).await.is_err());
            assert!(scene.host.effects().is_empty());
            break;
        }
        let mut worker = scene.worker();
        let view = scene.until(run, RunState::Stopped).await.unwrap();
        let reason = view.reason.unwrap_or_default();
        assert!(reason.contains(said), "{sql}: {reason}");
        worker.stop().await;
        let events = scene.muster.database.worker.run_events(view.id).await.unwrap();
        assert!(!events.iter().any(|e| matches!(e.event, RunEvent::StepStarted { .. })), "{sql}");
        let one = ended(&scene.operator, made.number).await;
        assert!(one.state == UseState::HandedOver && one.text.contains("ended without success"), "{one:?}");
        sqlx::query("UPDATE standing_order SET state = 'revoked', changed_why = 'x' WHERE state <> 'revoked'")
            .execute(&pool)
            .await
            .unwrap();
    }
    assert!(scene.host.effects().is_empty(), "nothing was done on the host");
}

#[tokio::test]
async fn who_may_propose_consent_and_stop_and_what_cannot_stand() {
    let scene = Scene::set().await.unwrap();
    let admin = scene.muster.persona(Role::Administrator).await.unwrap();
    let (address, trigger) = program(&admin).await;
    let wanted = order("Restart", trigger.clone());
    let api = &scene.operator.api;
    let field = |error: shared::api::error::ErrorView| {
        (error.code, error.fields.into_iter().next().map(|f| f.field).unwrap_or_default())
    };
    let refuses = async |change: &dyn Fn(&mut OrderIn)| {
        let mut input = wanted.clone();
        change(&mut input);
        field(refused(api.propose_order(PROJECT, &input).await))
    };
    let invalid = |field: &str| (ErrorCode::Invalid, field.to_owned());
    assert_eq!(refuses(&|i| i.procedure = "no-such".into()).await, invalid("procedure"));
    assert_eq!(refuses(&|i| i.limits.at_most = 0).await, invalid("limits.at_most"));
    assert_eq!(refuses(&|i| i.declares.level = 99).await, invalid("declares.level"));
    assert_eq!(refuses(&|i| i.declares.components = vec!["moon".into()]).await, invalid("declares.components"));
    assert_eq!(refuses(&|i| i.trigger = TriggerIn::Monitor { id: Uuid::nil() }).await, invalid("trigger.id"));
    let TriggerIn::Alert { source, .. } = trigger else { panic!("an alert's") };
    assert_eq!(refuses(&|i| i.trigger = TriggerIn::Alert { source, when: vec![] }).await, invalid("trigger.when"));
    assert_eq!(refuses(&|i| i.parameters = [("x".to_owned(), "y".to_owned())].into()).await, invalid("parameters"));
    // What cannot be taken back.
    let destructive = Scene::destructive().await.unwrap();
    let other_admin = destructive.muster.persona(Role::Administrator).await.unwrap();
    let (_, there) = program(&other_admin).await;
    let error = refused(destructive.operator.api.propose_order(PROJECT, &order("Wipe", there)).await);
    assert!(error.message.contains("cannot be taken back"), "{}", error.message);
    assert_eq!(refused(scene.responder.api.propose_order(PROJECT, &wanted).await).code, ErrorCode::Forbidden);

    // Readiness asks for what the plan promises to do by itself.
    let promise = async || {
        let items = scene.operator.api.readiness(PROJECT).await.unwrap().items;
        items.into_iter().find(|item| item.subject == Subject::Automatic).unwrap()
    };
    assert!(matches!(promise().await.earn, Some(Earn::Order { .. })));
    let proposed = admin.api.propose_order(PROJECT, &wanted).await.unwrap();
    assert_eq!(promise().await.earn, Some(Earn::LookAtOrder { number: proposed.number }));
    assert_eq!(field(refused(api.propose_order(PROJECT, &wanted).await)), invalid("name"));
    assert_eq!(refused(admin.api.decide_order(proposed.number, &consent(&proposed)).await).code, ErrorCode::Forbidden);
    let mut other = consent(&proposed);
    other.content.resolution_digest = other.content.plan_digest;
    let decided = scene.approver.api.decide_order(proposed.number, &other).await;
    assert_eq!(refused(decided).code, ErrorCode::ContentChanged);
    assert!(seen(&admin, proposed.number).await.decisions.is_empty());
    let no = OrderDecisionIn { approve: false, reason: Some(message("not by itself")), content: proposed.content };
    let view = scene.approver.api.decide_order(proposed.number, &no).await.unwrap();
    assert_eq!(view.state, OrderState::Refused);
    assert_eq!(refused(scene.approver.api.resume_order(proposed.number).await).code, ErrorCode::NotNow);

    // Hands off: one button, and what was begun is withdrawn.
    assert_eq!(refused(api.hands_off(PROJECT, &why("quiet")).await).code, ErrorCode::NotNow);
    let made = in_force(&scene, &wanted).await;
    assert_eq!((promise().await.lost(), promise().await.earn), (0, None));
    send(&address, "one", "firing").await;
    eventually("it was begun", async || seen(&admin, made.number).await.uses.iter().any(|u| u.run.is_some()))
        .await
        .unwrap();
    let run = seen(&admin, made.number).await.uses[0].run.unwrap();
    let done = scene.operator.api.hands_off(PROJECT, &why("we look at it ourselves")).await.unwrap();
    assert_eq!((done.orders, done.runs), (vec![made.number], vec![run]));
    assert_eq!(api.run(run).await.unwrap().state, RunState::Withdrawn);
    assert_eq!(seen(&admin, made.number).await.state, OrderState::Suspended);
    assert_eq!(promise().await.earn, Some(Earn::LookAtOrder { number: made.number }));
    let one = ended(&admin, made.number).await;
    assert!(one.text.contains("ended without success: we look at it ourselves"), "{}", one.text);
}

#[tokio::test]
async fn what_was_handed_over_stays_with_people_when_its_incident_is_merged_into_another() {
    let scene = Scene::set().await.unwrap();
    let admin = scene.muster.persona(Role::Administrator).await.unwrap();
    let (address, trigger) = program(&admin).await;
    let made = in_force(&scene, &order("Restart", trigger)).await;
    let freeze = |frozen| FreezeIn { frozen, reason: Some(message("we look first")) };
    scene.approver.api.freeze(&freeze(true)).await.unwrap();
    send(&address, "a", "firing").await;
    eventually("it was due", async || seen(&admin, made.number).await.uses.len() == 1).await.unwrap();
    let first = ended(&admin, made.number).await;
    scene.approver.api.freeze(&freeze(false)).await.unwrap();

    let other = scene.declared().await.unwrap().number;
    let merge = MergeIn { into: other, reason: Some(message("the same disk")), public_text: None };
    scene.responder.api.merge(first.incident, &merge).await.unwrap();
    send(&address, "a", "ok").await;
    send(&address, "a", "firing").await;
    eventually("it was due again", async || seen(&admin, made.number).await.uses.len() == 2).await.unwrap();
    let second = ended(&admin, made.number).await;
    assert_eq!((second.state, second.incident, second.run), (UseState::HandedOver, other, None), "{second:?}");
    assert!(second.text.contains("has not helped in this incident before"), "{}", second.text);

    // Trouble again after it was over is for the order once more.
    send(&address, "a", "ok").await;
    let over = ResolveIn { text: message("a new disk"), public_text: None, notify: true, despite: None };
    scene.responder.api.resolve(other, &over).await.unwrap();
    send(&address, "a", "firing").await;
    eventually("it was begun", async || seen(&admin, made.number).await.uses[0].run.is_some()).await.unwrap();
    assert_eq!(seen(&admin, made.number).await.uses[0].incident, other);
}

#[tokio::test]
async fn pausing_its_monitor_is_no_recovery_and_people_are_called() {
    let scene = Scene::set().await.unwrap();
    let admin = scene.muster.persona(Role::Administrator).await.unwrap();
    let id = monitor(&admin, "validator1").await;
    let made = in_force(&scene, &order("Restart validator 1", TriggerIn::Monitor { id })).await;
    let _worker = scene.worker();
    eventually("it was begun", async || seen(&admin, made.number).await.uses.iter().any(|one| one.run.is_some()))
        .await
        .unwrap();
    let view = admin.api.monitor(id).await.unwrap();
    let paused = Definition { paused: true, ..view.definition };
    admin.api.change_monitor(id, &MonitorChangeIn { version: view.version, definition: paused }).await.unwrap();
    let one = ended(&admin, made.number).await;
    assert_eq!(one.state, UseState::HandedOver, "{one:?}");
    assert!(one.text.contains("succeeded, but") && one.text.contains("its monitor is paused"), "{}", one.text);
    assert_eq!(called(&scene, one.incident).await, 1);
    let incident = admin.api.incident(one.incident).await.unwrap();
    assert_eq!(moments(&incident), [OrderMoment::Begun, OrderMoment::HandedOver]);
}
