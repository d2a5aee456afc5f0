//! Alerts from other programs over HTTP, as those programs send them.

use futures::StreamExt as _;
use reqwest::{Client, StatusCode, header};
use serde_json::{Value, json};
use server::app::intake::miss;
use shared::{
    api::{
        alert::{BeatIn, Outcome, SilenceIn, SourceChangeIn, SourceIn, SourceMade, SourceSettingsIn},
        error::ErrorCode,
        incident::{IncidentView, ResolveIn, TimelineEntry},
    },
    digest::Digest,
    domain::{
        access::Role,
        actor::Actor,
        alert::{Condition, Consequence, Declaration, Rule, SourceKind, Test},
        incident::IncidentEvent,
        status::Impact,
        text::Name,
    },
    timestamp::Timestamp,
};
use tests::{
    muster::Muster,
    persona::Persona,
    scene::{PROJECT, eventually, message, refused},
};

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

fn declares(level: u8) -> Consequence {
    Consequence::Declare(Declaration { level, components: vec!["validator1".into()], impact: Impact::MajorOutage })
}

/// What is called info is ignored, what is critical declares, the rest is shown.
fn rules() -> Vec<Rule> {
    let severity = |value| vec![Condition { label: name("severity"), is: Test::Equal, value: name(value) }];
    vec![
        Rule { when: severity("info"), then: Consequence::Ignore {} },
        Rule { when: severity("critical"), then: declares(2) },
    ]
}

fn wanted(kind: SourceKind, called: &str) -> SourceIn {
    let settings =
        SourceSettingsIn { name: name(called), mapping: None, rules: rules(), beat: None, muted_until: None };
    SourceIn { kind, settings }
}

async fn stage() -> (Muster, Persona) {
    let muster = Muster::start().await.unwrap();
    let admin = muster.persona(Role::Administrator).await.unwrap();
    (muster, admin)
}

async fn source(admin: &Persona, kind: SourceKind) -> SourceMade {
    admin.api.make_alert_source(PROJECT, &wanted(kind, kind.name())).await.unwrap()
}

/// As a program sends it: no cookie, no origin, only the address.
async fn send(address: &str, body: &Value) -> (StatusCode, Value) {
    let answer = Client::new().post(address).json(body).send().await.unwrap();
    (answer.status(), answer.json().await.unwrap())
}

fn event(key: &str, state: &str, severity: &str) -> Value {
    json!({"key": key, "state": state, "title": format!("{key} is in trouble"), "labels": {"severity": severity}})
}

async fn incidents(admin: &Persona) -> Vec<IncidentView> {
    let mut all = vec![];
    for row in admin.api.incidents(None).await.unwrap().items {
        all.push(admin.api.incident(row.number).await.unwrap());
    }
    all
}

#[tokio::test]
async fn a_critical_alert_declares_once_however_often_it_is_sent_and_its_end_is_told() {
    let (muster, admin) = stage().await;
    let made = source(&admin, SourceKind::Generic).await;
    for _ in 0..3 {
        let (status, answer) = send(&made.address, &event("disk", "firing", "critical")).await;
        assert_eq!((status, answer["dedup_key"].as_str()), (StatusCode::ACCEPTED, Some("disk")), "{answer}");
    }
    let incident = incidents(&admin).await.remove(0);
    assert_eq!((incident.title.as_str(), incident.level), ("disk is in trouble", 2));
    assert_eq!(incident.declared_by.to_string(), "alert source generic");
    assert_eq!(incident.affected[0].component, "validator1");
    assert_eq!(incident.public_title, None, "a program says nothing in public");
    let alerts = admin.api.alerts_of(incident.number).await.unwrap().items;
    assert_eq!((alerts.len(), alerts[0].n_heard, alerts[0].outcome), (1, 3, Outcome::Declared));

    send(&made.address, &event("disk", "resolved", "critical")).await;
    let after = admin.api.incident(incident.number).await.unwrap();
    assert_eq!(after.state, incident.state, "whether it is over, a person says");
    let last = &after.timeline.last().unwrap().event;
    assert!(matches!(last, IncidentEvent::AlertEnded { still_firing: 0, .. }), "{last:?}");

    // Again, while the incident is open: it joins. Soon after that is resolved: it was not over, and people are called.
    send(&made.address, &event("disk", "firing", "critical")).await;
    assert_eq!(incidents(&admin).await.len(), 1);
    assert_eq!(admin.api.alerts(true, None).await.unwrap().items[0].outcome, Outcome::Joined);
    let resolve = ResolveIn { text: message("space was made"), public_text: None, notify: true, despite: None };
    admin.api.resolve(incident.number, &resolve).await.unwrap();
    send(&made.address, &event("disk", "ok", "critical")).await;
    send(&made.address, &event("disk", "firing", "critical")).await;
    let again = incidents(&admin).await;
    assert_eq!((again.len(), again[0].number, again[0].resolved_at), (1, incident.number, None));
    let reopened = |entry: &&TimelineEntry| matches!(&entry.event, IncidentEvent::Reopened { reason } if reason.contains("disk is in trouble again"));
    assert_eq!(again[0].timeline.iter().filter(reopened).count(), 1);
    let rounds: i64 = sqlx::query_scalar("SELECT count(*) FROM paging")
        .fetch_one(&sqlx::PgPool::connect(&muster.database.url).await.unwrap())
        .await
        .unwrap();
    assert_eq!(rounds, 2, "those who went home are called again");
    // Resolved and put away, or long ago: another one.
    admin.api.resolve(incident.number, &resolve).await.unwrap();
    let pool = sqlx::PgPool::connect(&muster.database.url).await.unwrap();
    sqlx::query("UPDATE incident SET resolved_at = resolved_at - interval '8 days', declared_at = declared_at - interval '9 days'")
        .execute(&pool)
        .await
        .unwrap();
    send(&made.address, &event("disk", "ok", "critical")).await;
    send(&made.address, &event("disk", "firing", "critical")).await;
    assert_eq!(incidents(&admin).await.len(), 2);
    let chain = muster.store.audit_list(None, 50).await.unwrap();
    let declared = chain.iter().filter(|entry| entry.entry.action == "incident.declared").count();
    assert_eq!(declared, 2);
}

#[tokio::test]
async fn rules_decide_in_their_order_and_a_muted_source_declares_nothing() {
    let (muster, admin) = stage().await;
    let made = source(&admin, SourceKind::Generic).await;
    for (key, severity) in [("a", "info"), ("b", "warning")] {
        send(&made.address, &event(key, "firing", severity)).await;
    }
    let outcomes = async || {
        let mut all = admin.api.alerts(false, None).await.unwrap().items;
        all.reverse();
        all.into_iter().map(|alert| alert.outcome).collect::<Vec<_>>()
    };
    assert_eq!(outcomes().await, [Outcome::Ignored, Outcome::Shown]);
    let mut settings = made.source.settings.clone();
    settings.muted_until = Some(Timestamp::new(muster.store.now().await.unwrap().inner() + time::Duration::hours(1)));
    let change = SourceChangeIn { version: made.source.version, settings };
    let changed = admin.api.change_alert_source(made.source.id, &change).await.unwrap();
    send(&made.address, &event("c", "firing", "critical")).await;
    assert_eq!(outcomes().await, [Outcome::Ignored, Outcome::Shown, Outcome::Muted]);
    assert_eq!(incidents(&admin).await, []);
    // Who opened it before that is told so.
    let late = refused(admin.api.change_alert_source(made.source.id, &change).await);
    assert_eq!(late.code, ErrorCode::ContentChanged);
    assert_eq!(changed.version, made.source.version + 1);
}

#[tokio::test]
async fn who_does_not_have_the_key_is_not_heard() {
    let (muster, admin) = stage().await;
    let made = source(&admin, SourceKind::Generic).await;
    let body = event("disk", "firing", "critical");
    let other = made.address.replace("/generic/", "/pagerduty/");
    for address in [other, format!("{}x", made.address), format!("{}/api/v1/intake/odd/x", muster.base)] {
        let (status, answer) = send(&address, &body).await;
        assert!(status.is_client_error(), "{address}: {status} {answer}");
    }
    let renewed = admin.api.renew_alert_source_key(made.source.id).await.unwrap();
    assert_eq!(send(&made.address, &body).await.0, StatusCode::NOT_FOUND, "the old key is none any more");
    assert_eq!(send(&renewed.address, &body).await.0, StatusCode::ACCEPTED);
    admin.api.retire_alert_source(made.source.id).await.unwrap();
    assert_eq!(send(&renewed.address, &body).await.0, StatusCode::NOT_FOUND);
    let firing = admin.api.alerts(true, None).await.unwrap().items;
    assert_eq!(firing, [], "nobody is left who could say that it is over");

    let kept: Vec<String> = {
        let pool = sqlx::PgPool::connect(&muster.database.url).await.unwrap();
        let sources: String =
            sqlx::query_scalar("SELECT string_agg(s::text, ' ') FROM alert_source s").fetch_one(&pool).await.unwrap();
        let audit: String =
            sqlx::query_scalar("SELECT string_agg(entry, ' ') FROM audit_entry").fetch_one(&pool).await.unwrap();
        vec![sources, audit]
    };
    let key = renewed.address.rsplit('/').next().unwrap();
    assert!(kept.iter().all(|text| !text.contains(key)), "the key is kept nowhere");
    assert!(kept[1].contains("intake.refused"));
}

#[tokio::test]
async fn a_message_that_cannot_be_read_changes_nothing_and_says_where() {
    let (_muster, admin) = stage().await;
    let made = source(&admin, SourceKind::Alertmanager).await;
    let half = json!({"alerts": [
        {"status": "firing", "fingerprint": "a", "labels": {"alertname": "A", "severity": "critical"}, "annotations": {}},
        {"status": "odd"},
    ]});
    let (status, answer) = send(&made.address, &half).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{answer}");
    assert_eq!(answer["error"]["fields"][0]["field"], "alerts[1]", "{answer}");
    let text = Client::new().post(&made.address).body("not json").send().await.unwrap();
    assert_eq!(text.status(), StatusCode::BAD_REQUEST);
    assert_eq!(admin.api.alerts(false, None).await.unwrap().items, []);
    assert_eq!(incidents(&admin).await, []);
}

#[tokio::test]
async fn what_a_plan_does_not_have_no_rule_names_and_what_it_loses_keeps_no_incident_away() {
    let (muster, admin) = stage().await;
    let mut bad = wanted(SourceKind::Pagerduty, "pager");
    bad.settings.rules = vec![Rule { when: vec![], then: declares(7) }];
    let why = refused(admin.api.make_alert_source(PROJECT, &bad).await);
    assert!(why.fields[0].message.contains("no level 7"), "{why:?}");
    let made = source(&admin, SourceKind::Pagerduty).await;
    let plan = tests::scene::plan().unwrap().replace("| Validator 1 | validator1 | Single Node |\n", "");
    let text = plan.replace("docker-compose ps validator1 validator2", "docker-compose ps validator2");
    let system = muster.store.system_by_slug(PROJECT).await.unwrap();
    let mut tx = muster.store.begin().await.unwrap();
    let digest = Digest::of(text.as_bytes());
    tx.plan_version_add(system.id, digest, &text, &Actor::CommandLine, "for the test").await.unwrap();
    tx.commit().await.unwrap();
    let seen = admin.api.alert_sources().await.unwrap().items.remove(0);
    assert_eq!(seen.unknown, ["validator1"], "it is said before it is needed");
    let trigger = json!({
        "routing_key": "x", "event_action": "trigger", "dedup_key": "k",
        "payload": {"summary": "It burns", "source": "s", "severity": "critical"},
    });
    let (status, answer) = send(&made.address, &trigger).await;
    assert_eq!((status, &answer["status"]), (StatusCode::ACCEPTED, &json!("success")), "{answer}");
    let incident = incidents(&admin).await.remove(0);
    assert_eq!((incident.title.as_str(), incident.affected.len()), ("It burns", 0));
}

#[tokio::test]
async fn a_heartbeat_that_stays_away_is_an_alert_and_its_return_ends_it() {
    let (muster, admin) = stage().await;
    let mut wanted = wanted(SourceKind::Heartbeat, "nightly backup");
    wanted.settings.rules = vec![Rule { when: vec![], then: declares(1) }];
    let missing = refused(admin.api.make_alert_source(PROJECT, &wanted).await);
    assert_eq!(missing.fields[0].field, "beat");
    wanted.settings.beat = Some(BeatIn { every_seconds: 600, grace_seconds: 60 });
    let made = admin.api.make_alert_source(PROJECT, &wanted).await.unwrap();
    // One that was never heard is not missed. Then it comes, as a shell would send it, and stays away.
    let beat = async || Client::new().post(&made.address).send().await.unwrap().status();
    assert_eq!(beat().await, StatusCode::ACCEPTED);
    let pool = sqlx::PgPool::connect(&muster.database.url).await.unwrap();
    let earlier = "UPDATE alert_source SET heard_at = now() - make_interval(secs => $1)";
    sqlx::query(earlier).bind(650.0).execute(&pool).await.unwrap();
    let (long_ago, now) = (Timestamp::from_unix(0), muster.store.now().await.unwrap());
    miss(&muster.state, long_ago).await.unwrap();
    assert_eq!(incidents(&admin).await, [], "there is a grace");
    sqlx::query(earlier).bind(661.0).execute(&pool).await.unwrap();
    // Two servers look at once.
    miss(&muster.state, now).await.unwrap();
    assert_eq!(incidents(&admin).await, [], "who could not be heard, because nobody listened, is not missed");
    let (one, other) = tokio::join!(miss(&muster.state, long_ago), miss(&muster.state, long_ago));
    one.and(other).unwrap();
    let incident = incidents(&admin).await.remove(0);
    assert!(incident.title.starts_with("No heartbeat from nightly backup for 11 min"), "{}", incident.title);
    assert!(admin.api.alert_sources().await.unwrap().items[0].silent);
    assert_eq!(beat().await, StatusCode::ACCEPTED);
    assert_eq!(admin.api.alerts(true, None).await.unwrap().items, []);
    let last = admin.api.incident(incident.number).await.unwrap().timeline.pop().unwrap().event;
    assert!(matches!(last, IncidentEvent::AlertEnded { .. }), "{last:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_on_ten_keys_is_ten_incidents_and_every_message_is_counted() {
    const MESSAGES: usize = 600;
    let (_muster, admin) = stage().await;
    let made = source(&admin, SourceKind::Generic).await;
    let client = Client::new();
    let sent = (0..MESSAGES).map(|i| {
        let (client, address) = (client.clone(), made.address.clone());
        async move {
            let body = event(&format!("key{}", i % 10), "firing", "critical");
            client.post(address).json(&body).send().await.unwrap().status()
        }
    });
    let statuses: Vec<_> = futures::stream::iter(sent).buffer_unordered(40).collect().await;
    let taken = statuses.iter().filter(|status| **status == StatusCode::ACCEPTED).count();
    let alerts = admin.api.alerts(false, None).await.unwrap().items;
    let counted: i64 = alerts.iter().map(|alert| alert.n_heard).sum();
    assert_eq!((alerts.len(), usize::try_from(counted).unwrap()), (10, taken), "nothing is lost after 202");
    assert_eq!(incidents(&admin).await.len(), 10);
    assert_eq!(taken, MESSAGES, "{statuses:?}");
}

#[tokio::test]
async fn a_storm_calls_each_contact_once_and_a_worse_one_calls_again() {
    let (muster, admin) = stage().await;
    admin.api.set_contacts(PROJECT, "System Administrator", &[admin.id]).await.unwrap();
    let mut wanted = wanted(SourceKind::Generic, "storm");
    let worse = Condition { label: name("severity"), is: Test::Equal, value: name("worse") };
    wanted.settings.rules.push(Rule { when: vec![worse], then: declares(3) });
    let made = admin.api.make_alert_source(PROJECT, &wanted).await.unwrap();
    let pool = sqlx::PgPool::connect(&muster.database.url).await.unwrap();
    let rounds = async || sqlx::query_scalar::<_, i64>("SELECT count(*) FROM paging").fetch_one(&pool).await.unwrap();
    for key in 0..6 {
        send(&made.address, &event(&format!("key {key}"), "firing", "critical")).await;
    }
    assert_eq!((incidents(&admin).await.len(), rounds().await), (6, 1));
    eventually("they are called", async || {
        sqlx::query_scalar::<_, i64>("SELECT count(DISTINCT incident_id) FROM page").fetch_one(&pool).await.unwrap()
            == 1
    })
    .await
    .unwrap();
    send(&made.address, &event("bad", "firing", "worse")).await;
    assert_eq!(rounds().await, 2, "what is worse calls by itself");
    // One that nobody answers calls in the end, although another one called in its place.
    sqlx::query("UPDATE incident SET declared_at = now() - interval '1 day', next_due_at = now() WHERE number = 2")
        .execute(&pool)
        .await
        .unwrap();
    server::app::overdue::sweep(&muster.store).await.unwrap();
    assert_eq!(rounds().await, 3);
}

#[tokio::test]
async fn only_who_manages_sources_sees_and_makes_them_and_everybody_sees_alerts() {
    let (muster, admin) = stage().await;
    let made = source(&admin, SourceKind::Generic).await;
    send(&made.address, &event("disk", "firing", "warning")).await;
    let viewer = muster.persona(Role::Viewer).await.unwrap();
    assert_eq!(viewer.api.alerts(true, None).await.unwrap().items.len(), 1);
    assert_eq!(refused(viewer.api.alert_sources().await).code, ErrorCode::Forbidden);
    let why = refused(viewer.api.make_alert_source(PROJECT, &wanted(SourceKind::Generic, "mine")).await);
    assert_eq!(why.code, ErrorCode::Forbidden);
    let twice = refused(admin.api.make_alert_source(PROJECT, &wanted(SourceKind::Generic, "generic")).await);
    assert_eq!(twice.fields[0].field, "settings.name");
}

/// Only the key counts, whoever is signed in in that browser, and no other page can read the answer.
#[tokio::test]
async fn a_page_elsewhere_learns_nothing_where_alerts_come_in() {
    let (muster, admin) = stage().await;
    let address = format!("{}/api/v1/intake/generic/not-a-key", muster.base);
    let answer = admin.http.client.post(address).header(header::ORIGIN, "https://evil.example").json(&json!({})).send();
    let answer = answer.await.unwrap();
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    assert!(answer.headers().get(header::ACCESS_CONTROL_ALLOW_ORIGIN).is_none());
}

/// Prometheus' own program: it groups, sends, and says when it is over.
#[tokio::test]
async fn alertmanager_itself_declares_and_tells_the_end() {
    let (_muster, admin) = stage().await;
    let made = source(&admin, SourceKind::Alertmanager).await;
    let running = tests::alertmanager::Alertmanager::start(&made.address).await.unwrap();
    running.post("NodeDown", "critical", false).await.unwrap();
    eventually("an incident is declared", async || !incidents(&admin).await.is_empty()).await.unwrap();
    let incident = incidents(&admin).await.remove(0);
    assert_eq!(incident.title, "NodeDown does not answer");
    running.post("NodeDown", "critical", true).await.unwrap();
    eventually("its end is told", async || admin.api.alerts(true, None).await.unwrap().items.is_empty()).await.unwrap();
    assert_eq!(incidents(&admin).await.len(), 1);
}

#[tokio::test]
async fn what_ended_long_ago_and_led_to_nothing_is_forgotten() {
    let (muster, admin) = stage().await;
    let made = source(&admin, SourceKind::Generic).await;
    for (key, state, severity) in [
        ("old", "firing", "warning"),
        ("old", "ok", "warning"),
        ("young", "firing", "warning"),
        ("young", "ok", "warning"),
        ("disk", "firing", "critical"),
        ("disk", "ok", "critical"),
        ("firing", "firing", "warning"),
    ] {
        send(&made.address, &event(key, state, severity)).await;
    }
    let pool = sqlx::PgPool::connect(&muster.database.url).await.unwrap();
    let long_ago = "UPDATE alert SET first_at = first_at - interval '91 days', last_at = last_at - interval '91 days',
                           ended_at = ended_at - interval '91 days' WHERE key <> 'young'";
    sqlx::query(long_ago).execute(&pool).await.unwrap();
    muster.store.alerts_forget(90).await.unwrap();
    let left = admin.api.alerts(false, None).await.unwrap().items;
    let mut keys: Vec<_> = left.iter().map(|alert| alert.title.as_str()).collect();
    keys.sort_unstable();
    assert_eq!(keys, ["disk is in trouble", "firing is in trouble", "young is in trouble"]);
}

fn labelled(key: &str, severity: &str, host: &str) -> Value {
    let labels = json!({"severity": severity, "host": host});
    json!({"key": key, "state": "firing", "title": format!("{key} is in trouble"), "labels": labels})
}

#[tokio::test]
async fn what_is_silent_declares_nothing_until_it_ends_and_then_what_still_fires_does() {
    let (muster, admin) = stage().await;
    let responder = muster.persona(Role::Responder).await.unwrap();
    let viewer = muster.persona(Role::Viewer).await.unwrap();
    let address = source(&admin, SourceKind::Generic).await.address;
    let until = |seconds: u64| Timestamp::new(time::OffsetDateTime::now_utc()).plus_seconds(seconds);
    let condition = |label: &str, value: &str| Condition { label: name(label), is: Test::Equal, value: name(value) };
    let wanted = |conditions: Vec<Condition>, seconds| SilenceIn {
        conditions,
        reason: message("its disk is being replaced"),
        until: until(seconds),
    };
    let db1 = vec![condition("host", "db1")];
    assert_eq!(refused(viewer.api.silence(PROJECT, &wanted(db1.clone(), 60)).await).code, ErrorCode::Forbidden);
    for (conditions, seconds, field) in
        [(vec![], 60, "conditions"), (db1.clone(), 8 * 86_400, "until"), (db1.clone(), 0, "until")]
    {
        let wrong = refused(responder.api.silence(PROJECT, &wanted(conditions, seconds)).await);
        assert_eq!(wrong.fields[0].field, field);
    }
    let silence = responder.api.silence(PROJECT, &wanted(db1, 3600)).await.unwrap();
    assert_eq!(viewer.api.silences().await.unwrap().items, std::slice::from_ref(&silence));

    send(&address, &labelled("disk", "critical", "db1")).await;
    send(&address, &labelled("gone", "critical", "db1")).await;
    send(&address, &labelled("other", "critical", "db2")).await;
    let outcome = async |key: &str| {
        let all = admin.api.alerts(false, None).await.unwrap().items;
        all.into_iter().find(|alert| alert.title == format!("{key} is in trouble")).unwrap().outcome
    };
    assert_eq!((outcome("disk").await, outcome("other").await), (Outcome::Muted, Outcome::Declared));
    assert_eq!(incidents(&admin).await.len(), 1);
    send(&address, &json!({"key": "gone", "state": "resolved", "title": "gone is in trouble"})).await;

    responder.api.end_silence(silence.id).await.unwrap();
    assert_eq!(refused(responder.api.end_silence(silence.id).await).code, ErrorCode::NotFound);
    eventually("what still fires declares", async || outcome("disk").await == Outcome::Declared).await.unwrap();
    assert_eq!(outcome("gone").await, Outcome::Muted, "what is over declares nothing afterwards");
    assert_eq!(incidents(&admin).await.len(), 2);
    assert!(viewer.api.silences().await.unwrap().items.is_empty());
    let audit = admin.http.raw("GET", "/api/v1/audit/export", None).await.unwrap().1.to_string();
    assert!(audit.contains("alerts.silenced") && audit.contains("alerts.silence-ended"), "both are in the audit log");
}

#[tokio::test]
async fn a_muted_source_whose_time_is_over_declares_what_still_fires_once_though_two_servers_look() {
    let (muster, admin) = stage().await;
    let _other = muster.another_server().await.unwrap();
    let made = source(&admin, SourceKind::Generic).await;
    let soon = muster.store.now().await.unwrap().plus_seconds(3);
    let settings = SourceSettingsIn { muted_until: Some(soon), ..made.source.settings };
    let change = SourceChangeIn { version: made.source.version, settings };
    admin.api.change_alert_source(made.source.id, &change).await.unwrap();
    send(&made.address, &event("disk", "firing", "critical")).await;
    assert!(incidents(&admin).await.is_empty());
    eventually("its time is over", async || !incidents(&admin).await.is_empty()).await.unwrap();
    tokio::time::sleep(std::time::Duration::from_secs(4)).await;
    let all = incidents(&admin).await;
    assert_eq!(all.len(), 1);
    let fired = |entry: &&TimelineEntry| matches!(entry.event, IncidentEvent::AlertFired { .. });
    assert_eq!(all[0].timeline.iter().filter(fired).count(), 1);
}
