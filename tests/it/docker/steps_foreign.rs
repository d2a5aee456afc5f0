//! R10 for the kinds that are no mere restart: what belongs to another project is refused before anybody is asked, and what
//! has become another's is refused before the effect.

use shared::domain::run::RunState;
use tests::testnet::docker;

use super::{
    steps_stage::Stage,
    stray::{HEAL, Stray, new_project},
};

#[tokio::test(flavor = "multi_thread")]
async fn containers_volumes_and_networks_of_others_are_refused_by_name() {
    let stage = Stage::new().up();
    let other = new_project();
    let foreign = Stray::run(&other, "indexer", &[]);
    let volume = format!("{other}_data");
    let label = format!("com.docker.compose.project={other}");
    docker(&["volume", "create", "--label", &label, &volume]).unwrap();
    docker(&["network", "create", "--label", &label, &volume]).unwrap();
    let started = foreign.started_at();
    let cases = [
        ("docker compose exec indexer ls".to_owned(), "names the service \"indexer\""),
        ("docker compose exec indexer psql -c 'SELECT 1'".to_owned(), "names the service \"indexer\""),
        ("docker compose up -d indexer".to_owned(), "names the service \"indexer\""),
        (format!("docker volume rm {volume}"), "names the volume"),
        (format!("docker network disconnect {volume} validator1"), "names the network"),
        ("docker network disconnect bridge validator1".to_owned(), "names the network"),
        (format!("docker network connect default {}", foreign.name), "names the service"),
    ];
    for (line, part) in cases {
        let desk = stage.desk("", &[&line]).await;
        let _worker = stage.worker(&desk);
        let view = desk.request(HEAL).await;
        let view = desk.ended(view.number).await;
        assert_eq!(view.state, RunState::Unresolvable, "{line}");
        let reason = view.reason.unwrap();
        assert!(reason.contains(part) && reason.ends_with("Nothing was done."), "{line}: {reason}");
    }
    assert_eq!(foreign.started_at(), started);
    docker(&["volume", "inspect", &volume]).unwrap();
    docker(&["volume", "rm", &volume]).unwrap();
    docker(&["network", "rm", &volume]).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_volume_that_has_become_anothers_is_not_removed() {
    let stage = Stage::new().up();
    stage.back_up();
    stage.compose(&["down"]).unwrap();
    let desk = stage.desk("", &["docker volume rm data"]).await;
    let worker = stage.worker(&desk);
    let view = desk.resolved(HEAL).await;
    drop(worker);
    let name = stage.volumes().remove(0);
    docker(&["volume", "rm", &name]).unwrap();
    docker(&["volume", "create", "--label", "com.docker.compose.project=somebody", &name]).unwrap();
    desk.approve(&view).await;
    let _worker = stage.worker(&desk);
    let view = desk.ended(view.number).await;
    let why = view.question.map(|q| q.why).or(view.reason).unwrap();
    assert!(why.contains("does not belong to the"), "{:?} {why}", view.state);
    docker(&["volume", "inspect", &name]).unwrap();
    docker(&["volume", "rm", &name]).unwrap();
}
