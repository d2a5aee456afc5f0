//! Each kind of check against the real thing: containers, addresses, a database, files, a program of the operator's.

use std::{fs, os::unix::fs::PermissionsExt as _};

use shared::{
    api::monitor::MonitorsIn,
    domain::{
        access::Role,
        monitor::{Address, Bound, Check, Definition, Side, State},
        text::{Look, Name},
    },
};
use tests::{
    muster::{Muster, worker_config},
    scene::eventually,
    testnet::Testnet,
};
use worker::config::Config;

fn monitor(called: &str, check: Check) -> Definition {
    Definition {
        name: Name::parse(called).unwrap(),
        check,
        every_seconds: 5,
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

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_check_sees_what_is_there_and_what_breaks() {
    let net = Testnet::up().unwrap();
    net.wait_for_height(net.port1, 2).unwrap();
    let muster = Muster::start_with_plan(&net.plan().unwrap(), &net.project).await.unwrap();
    let admin = muster.persona(Role::Administrator).await.unwrap();
    let scratch = tests::programs::Scratch::new().unwrap();
    let checks = scratch.path().join("checks");
    fs::create_dir_all(&checks).unwrap();
    for (called, line, code) in [("fine.sh", "all good", 0), ("warns.sh", "nearly full", 1), ("bad.sh", "full", 2)] {
        let path = checks.join(called);
        fs::write(&path, format!("#!/bin/sh\necho {line}\nexit {code}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let (name, look) = (|text: &str| Name::parse(text).unwrap(), |text: String| Look::parse(&text).unwrap());
    let address = |text: String| Address::parse(&text).unwrap();
    let metrics = |port: u16| look(format!("http://localhost:{port}/api/v1/metrics"));
    let height = || Some(look("height".into()));
    let sql = |query: &str| Check::Sql {
        service: name("postgres"),
        user: Some(name("bt2c")),
        database: None,
        query: look(query.into()),
    };
    let old = Some(Bound { is: Side::Above, value: 3600.0 });
    fs::write(net.backup_dir().join("db").join("probe.sql"), "-- new").unwrap();
    let monitors = vec![
        monitor("container", Check::Container { service: name("validator1") }),
        monitor(
            "http",
            Check::Http {
                url: look(format!("http://localhost:{}/api/v1/status", net.port1)),
                status: None,
                contains: Some(look("height".into())),
            },
        ),
        monitor(
            "http inside",
            Check::Http { url: look("http://validator1:8080/api/v1/status".into()), status: None, contains: None },
        ),
        monitor("tcp", Check::Tcp { address: address(format!("localhost:{}", net.port1)) }),
        monitor("tcp inside", Check::Tcp { address: address("validator1:8080".into()) }),
        monitor("tcp closed", Check::Tcp { address: address("postgres:5433".into()) }),
        monitor("metric", Check::Metric { url: metrics(net.port1), filter: height() }),
        Definition {
            bad: Some(Bound { is: Side::Above, value: 5.0 }),
            ..monitor("lag", Check::Lag { url: metrics(net.port1), other: metrics(net.port2), filter: height() })
        },
        monitor("sql", sql("SELECT max(height) FROM blocks")),
        monitor("sql that writes", sql("WITH gone AS (DELETE FROM blocks RETURNING 1) SELECT count(*) FROM gone")),
        monitor("script", Check::Script { name: name("fine.sh") }),
        monitor("script warns", Check::Script { name: name("warns.sh") }),
        monitor("script bad", Check::Script { name: name("bad.sh") }),
        Definition { bad: old, ..monitor("file", Check::FileAge { directory: look("/var/backups/bt2c/db/".into()) }) },
    ];
    admin.api.make_monitors(&slug(&admin).await, &MonitorsIn { monitors }).await.unwrap();
    let config = Config {
        checks: Some(checks),
        paths: [("/var/backups/bt2c".to_owned(), net.backup_dir())].into(),
        ..worker_config(&net.project)
    };
    let _worker = muster.worker_with(config);
    let all = async || admin.api.monitors().await.unwrap().items;
    let well = ["container", "http", "http inside", "tcp", "tcp inside", "metric", "lag", "sql", "script", "file"];
    settled(&admin, &well).await;
    // Each is looked at on its own: one of them may have looked before the database was up.
    for (called, state, part) in [
        ("tcp closed", State::Down, "takes no connection"),
        ("sql that writes", State::Down, "read-only transaction"),
        ("script warns", State::Warning, "warns"),
        ("script bad", State::Down, "full"),
    ] {
        says(&admin, called, state, part).await;
    }
    let found = all().await;
    let of = |called: &str| found.iter().find(|m| m.definition.name.as_str() == called).unwrap();
    assert!(of("sql").last.as_ref().unwrap().value.is_some_and(|height| height >= 2.0));

    net.kill("validator1").unwrap();
    let broken = async || {
        let now = all().await;
        ["container", "http", "tcp", "metric", "lag"]
            .iter()
            .all(|called| now.iter().any(|m| m.definition.name.as_str() == *called && m.state == State::Down))
    };
    eventually("what has broken is seen", broken).await.unwrap();
    let postgres = all().await;
    let sql = postgres.iter().find(|m| m.definition.name.as_str() == "sql").unwrap();
    assert_eq!(sql.state, State::Up, "what has not broken is well");
}

/// The nodes make blocks before their database is up: what is well is seen as well when all of it has started.
async fn settled(admin: &tests::persona::Persona, well: &[&str]) {
    let all = async || admin.api.monitors().await.unwrap().items;
    let found = async || {
        let now = all().await;
        now.iter().all(|m| m.state != State::Unknown)
            && now.iter().all(|m| m.state == State::Up || !well.contains(&m.definition.name.as_str()))
    };
    if eventually("all that is well is found well", found).await.is_err() {
        let told = all().await.into_iter().map(|m| (m.definition.name, m.state, m.last.map(|last| last.text)));
        panic!("what is well is not found well: {:#?}", told.collect::<Vec<_>>());
    }
}

async fn slug(admin: &tests::persona::Persona) -> String {
    admin.api.systems().await.unwrap().items.remove(0).slug
}

async fn says(admin: &tests::persona::Persona, called: &str, state: State, part: &str) {
    let one = async || {
        let all = admin.api.monitors().await.unwrap().items;
        all.into_iter().find(|m| m.definition.name.as_str() == called).unwrap()
    };
    let so = async || {
        let one = one().await;
        one.state == state && one.last.is_some_and(|last| last.text.contains(part))
    };
    if eventually(called, so).await.is_err() {
        panic!("{called}: {:#?}", one().await);
    }
}
