//! What messages in each dialect become, and what rules make of them: cases only.

use serde_json::json;

use super::*;
use crate::domain::{status::Impact, text::Name};

fn one(kind: SourceKind, message: &Value) -> Alert {
    let mut all = read(kind, &Mapping::default(), message).unwrap();
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}

fn wrong(kind: SourceKind, message: &Value) -> String {
    read(kind, &Mapping::default(), message).unwrap_err().field
}

#[test]
fn alertmanager_says_several_things_at_once() {
    let message = json!({
        "version": "4", "status": "firing", "receiver": "muster",
        "alerts": [
            {
                "status": "firing", "fingerprint": "abc", "startsAt": "2026-01-01T00:00:00Z",
                "labels": {"alertname": "NodeDown", "instance": "validator1:9100", "severity": "critical"},
                "annotations": {"summary": "validator1 does not answer", "description": "for 5 min\nsince noon"},
                "generatorURL": "http://prometheus.example/graph",
            },
            {"status": "resolved", "fingerprint": "def", "labels": {"alertname": "Slow", "instance": "x"}, "annotations": {}},
        ],
    });
    let all = read(SourceKind::Alertmanager, &Mapping::default(), &message).unwrap();
    let short: Vec<_> = all.iter().map(|a| (a.key.as_str(), a.state, a.title.as_str(), a.text.as_deref())).collect();
    assert_eq!(
        short,
        [
            ("abc", AlertState::Firing, "validator1 does not answer", Some("for 5 min\nsince noon")),
            ("def", AlertState::Ended, "Slow on x", None),
        ]
    );
    assert_eq!(all[0].labels["severity"], "critical");
    assert_eq!(all[0].url.as_deref(), Some("http://prometheus.example/graph"));
    assert_eq!(wrong(SourceKind::Alertmanager, &json!({})), "alerts");
    assert_eq!(wrong(SourceKind::Alertmanager, &json!({"alerts": [{"status": "odd"}]})), "alerts[0]");
}

#[test]
fn pagerduty_events_are_known_by_their_key_or_by_what_they_say() {
    let trigger = json!({
        "routing_key": "R", "event_action": "trigger", "dedup_key": "disk",
        "payload": {"summary": "Disk full", "source": "db1", "severity": "critical", "custom_details": {"free": 3, "nested": {}}},
        "links": [{"href": "javascript:alert(1)"}], "client_url": "https://monitor.example/1",
    });
    let alert = one(SourceKind::Pagerduty, &trigger);
    assert_eq!((alert.key.as_str(), alert.state, alert.title.as_str()), ("disk", AlertState::Firing, "Disk full"));
    assert_eq!(alert.url.as_deref(), Some("https://monitor.example/1"));
    let labels: Vec<_> = alert.labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(labels, ["free=3", "severity=critical", "source=db1"]);

    let ended = one(SourceKind::Pagerduty, &json!({"event_action": "resolve", "dedup_key": "disk"}));
    assert_eq!((ended.key.as_str(), ended.state), ("disk", AlertState::Ended));
    let acknowledged = json!({"event_action": "acknowledge", "dedup_key": "disk"});
    assert_eq!(read(SourceKind::Pagerduty, &Mapping::default(), &acknowledged), Ok(vec![]));

    let nameless = |source| json!({"event_action": "trigger", "payload": {"summary": "Disk full", "source": source}});
    let key = |source| one(SourceKind::Pagerduty, &nameless(source)).key;
    assert_eq!(key("db1"), key("db1"));
    assert_ne!(key("db1"), key("db2"));
    for (message, field) in [
        (json!({}), "body"),
        (json!({"event_action": "explode"}), "body"),
        (json!({"event_action": "trigger", "payload": {"summary": " "}}), "payload.summary"),
        (json!({"event_action": "resolve"}), "dedup_key"),
    ] {
        assert_eq!(wrong(SourceKind::Pagerduty, &message), field, "{message}");
    }
}

#[test]
fn any_json_is_read_where_the_source_says() {
    let plain = json!({"key": 7, "title": "down", "labels": {"host": "a"}});
    let alert = one(SourceKind::Generic, &plain);
    assert_eq!((alert.key.as_str(), alert.state, alert.labels["host"].as_str()), ("7", AlertState::Firing, "a"));
    for over in ["ok", "Resolved", " CLOSED "] {
        assert_eq!(one(SourceKind::Generic, &json!({"key": "k", "state": over})).state, AlertState::Ended, "{over}");
    }
    assert_eq!(wrong(SourceKind::Generic, &json!({"key": "k"})), "/title");
    assert_eq!(wrong(SourceKind::Generic, &json!([1])), "/title");
    assert_eq!(wrong(SourceKind::Generic, &json!({"title": "\u{202e}\u{7}"})), "/title", "nothing of it can be read");

    let mapping: Mapping = serde_json::from_value(json!({
        "alerts": "/evalMatches", "title": "/metric", "key": "/tags/name", "state": "/now", "ended": ["fine"],
    }))
    .unwrap();
    let message = json!({"evalMatches": [
        {"metric": "cpu", "tags": {"name": "n1"}, "now": "bad"},
        {"metric": "cpu", "tags": {"name": "n2"}, "now": "FINE"},
    ]});
    let all = read(SourceKind::Generic, &mapping, &message).unwrap();
    let short: Vec<_> = all.iter().map(|a| (a.key.as_str(), a.state)).collect();
    assert_eq!(short, [("n1", AlertState::Firing), ("n2", AlertState::Ended)]);
    assert_eq!(read(SourceKind::Generic, &mapping, &plain).unwrap_err().field, "/evalMatches");
    assert!(serde_json::from_value::<Mapping>(json!({"title": "metric"})).is_err());
}

#[test]
fn what_strangers_write_is_cut_and_cleaned_and_never_refused_for_that() {
    let alert = one(
        SourceKind::Generic,
        &json!({"title": format!("a\u{202e}b\u{0}\nc{}", "x".repeat(500)), "url": "javascript:x", "key": "k".repeat(999)}),
    );
    assert!(alert.title.starts_with("ab  cxx") && alert.title.ends_with('…'), "{}", alert.title);
    assert_eq!(alert.title.chars().count(), TITLE);
    assert_eq!((alert.url, alert.key.len()), (None, 64));
    for (given, taken) in [
        ("https://a.example/b", true),
        ("HTTP://a", true),
        ("http://", false),
        ("//a", false),
        ("data:text/html,x", false),
        ("https://a b", false),
    ] {
        assert_eq!(link(given).is_some(), taken, "{given}");
    }
    let many = json!({"alerts": vec![json!({"status": "firing"}); AT_ONCE + 1]});
    assert_eq!(wrong(SourceKind::Alertmanager, &many), "alerts");
}

#[test]
fn the_first_rule_that_fits_decides() {
    let name = |text: &str| Name::parse(text).unwrap();
    let when = |label: &str, is, value: &str| Condition { label: name(label), is, value: name(value) };
    let declare = Consequence::Declare(Declaration { level: 2, components: vec![], impact: Impact::MajorOutage });
    let rules = [
        Rule { when: vec![when("severity", Test::Equal, "info")], then: Consequence::Ignore {} },
        Rule {
            when: vec![when("title", Test::Containing, "validator"), when("env", Test::NotEqual, "test")],
            then: declare,
        },
    ];
    let alert = |title: &str, labels: &[(&str, &str)]| Alert {
        key: "k".into(),
        state: AlertState::Firing,
        title: title.into(),
        text: None,
        url: None,
        labels: labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
    };
    for (given, expected) in [
        (alert("validator1 is down", &[]), Some(2)),
        (alert("validator1 is down", &[("severity", "info")]), Some(1)),
        (alert("validator1 is down", &[("env", "test")]), None),
        // A label called title stands before the alert's own.
        (alert("validator1 is down", &[("title", "x")]), None),
        (alert("disk full", &[]), None),
    ] {
        let (rule, then) = judge(&rules, &given);
        assert_eq!(rule, expected, "{given:?}");
        assert_eq!(rule.is_none(), *then == Consequence::Show {}, "{given:?}");
    }
    let everything = [Rule { when: vec![], then: Consequence::Ignore {} }];
    assert_eq!(judge(&everything, &alert("x", &[])).0, Some(1));
}

#[test]
fn silence_says_how_long_it_lasts() {
    for (seconds, words) in [(45, "45 s"), (120, "2 min"), (90, "1 min 30 s")] {
        assert_eq!(silence("backup", seconds).title, format!("No heartbeat from backup for {words}"));
    }
}
