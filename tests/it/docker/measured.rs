//! How much a run means, on a real engine and a real database: bytes of volumes and files, rows of tables. Nothing is approved here.

use std::time::{Duration, Instant};

use shared::domain::{
    resolution::{ObjectKind, ResolvedStep},
    run::RunState,
};
use tests::{
    muster::worker_config,
    testnet::{Testnet, docker},
};
use worker::config::Config;

use super::{
    desk::Desk,
    stray::{HEAL, plan},
};

#[tokio::test(flavor = "multi_thread")]
async fn an_approver_sees_how_much_would_be_lost() {
    let testnet = Testnet::up().unwrap();
    let lines = [
        "docker-compose exec postgres psql -U bt2c -c \"DELETE FROM blocks; TRUNCATE nowhere;\"",
        "docker-compose down -v",
    ];
    let postgres = testnet.container("postgres").unwrap();
    let count = || {
        let said = docker(&["exec", &postgres, "psql", "-U", "bt2c", "-qAtXc", "SELECT count(*) FROM blocks"]);
        said.ok().and_then(|said| said.trim().parse::<u64>().ok()).unwrap_or_default()
    };
    // The nodes begin before the database does.
    let deadline = Instant::now() + Duration::from_secs(60);
    while count() == 0 {
        assert!(Instant::now() < deadline, "the database has no blocks");
        std::thread::sleep(Duration::from_millis(200));
    }
    let desk = Desk::open(&plan("", &lines), &testnet.project).await;
    let config = Config {
        compose_files: [(testnet.project.clone(), testnet.compose_file())].into(),
        compose_env_files: [(testnet.project.clone(), testnet.env_file())].into(),
        ..worker_config(&testnet.project)
    };
    let _worker = desk.muster.worker_with(config);
    let view = desk.resolved(HEAL).await;
    let steps = view.resolution.unwrap().steps;
    let tables: Vec<_> = steps[0].tables.iter().map(|table| (table.name.as_str(), table.rows)).collect();
    assert_eq!(tables.len(), 2, "{tables:?}");
    assert!(matches!(tables[0], ("blocks", Some(1..))), "{tables:?}");
    assert_eq!(tables[1], ("nowhere", None), "there is no such table: not known");
    let of = |step: &ResolvedStep, kind| step.objects.iter().filter(|o| o.kind == kind).cloned().collect::<Vec<_>>();
    let volumes = of(&steps[1], ObjectKind::Volume);
    assert!(!volumes.is_empty() && volumes.iter().all(|volume| volume.bytes.is_some()), "{volumes:?}");
    assert!(volumes.iter().any(|volume| volume.bytes > Some(100_000)), "the database is no empty file: {volumes:?}");
    let file = &of(&steps[1], ObjectKind::File)[0];
    assert_eq!(file.bytes, Some(testnet.compose_file().metadata().unwrap().len()));

    // It is still all there, and a database at work does not make consent void.
    assert!(count() >= tables[0].1.unwrap());
    assert_eq!(desk.operator.api.run(view.number).await.unwrap().state, RunState::AwaitingApproval);
}
