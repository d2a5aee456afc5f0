//! Down and up by the Compose command, and programs in containers that were made anew meanwhile.

use shared::domain::run::RunState;

use super::{steps_stage::Stage, stray::HEAL};

#[tokio::test(flavor = "multi_thread")]
async fn a_project_is_taken_down_and_brought_up_and_the_run_goes_on_in_its_new_containers() {
    let stage = Stage::new().up();
    let before = stage.containers();
    let lines = [
        "docker compose down",
        "docker compose up -d",
        "docker compose exec postgres echo 'a b' '$(id)'",
        "docker compose ps",
    ];
    let desk = stage.desk("", &lines).await;
    let _worker = stage.worker(&desk);
    let evidence = stage.succeeded(&desk).await;
    assert!(evidence[0].starts_with("took down ") && evidence[0].contains("postgres"), "{evidence:?}");
    assert_eq!(evidence[1], "postgres and validator1 are up");
    assert_eq!(evidence[2], "a b $(id)");
    let after = stage.running();
    assert!(after.len() == 2 && after.iter().all(|id| !before.contains(id)), "{before:?} {after:?}");
    assert_eq!(stage.volumes().len(), 1, "down keeps volumes");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_time_up_changes_nothing_and_down_finds_nothing() {
    let stage = Stage::new();
    let desk = stage.desk("", &["docker compose up -d"]).await;
    let _worker = stage.worker(&desk);
    assert_eq!(stage.succeeded(&desk).await, ["postgres and validator1 are up"]);
    let running = stage.running();
    assert_eq!(stage.succeeded(&desk).await, ["postgres and validator1 are up, as before"]);
    assert_eq!(stage.running(), running);

    let desk = stage.desk("", &["docker compose down"]).await;
    let _worker = stage.worker(&desk);
    assert!(stage.succeeded(&desk).await[0].starts_with("took down"));
    assert!(stage.containers().is_empty());
    assert_eq!(stage.succeeded(&desk).await, ["the project was already down"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_compose_file_than_the_approved_one_is_not_used() {
    let stage = Stage::new();
    let desk = stage.desk("", &["docker compose up -d"]).await;
    let worker = stage.worker(&desk);
    let view = desk.resolved(HEAL).await;
    drop(worker);
    let file = stage.path("docker-compose.yml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{text}# changed\n")).unwrap();
    desk.approve(&view).await;
    let _worker = stage.worker(&desk);
    let view = desk.ended(view.number).await;
    assert_eq!(view.state, RunState::Stopped, "{:?}", view.question);
    assert!(view.reason.unwrap().contains("step 1 would now touch"));
    assert!(stage.containers().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_fails_in_its_container_asks_a_person() {
    let stage = Stage::new().up();
    let desk = stage.desk("", &["docker compose exec postgres ls /nowhere"]).await;
    let _worker = stage.worker(&desk);
    let view = stage.run(&desk).await;
    assert_eq!(view.state, RunState::Asking);
    let why = view.question.unwrap().why;
    assert!(why.starts_with("it ended with exit code 2; its last words: ls: ") && why.contains("/nowhere"), "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_container_is_cut_off_its_network_and_joined_again_under_its_name() {
    let stage = Stage::new().up();
    let cut = "docker network disconnect default validator1";
    let join = "docker network connect default validator1";
    let desk = stage.desk("", &[cut, cut, join, join, "docker compose exec postgres getent hosts validator1"]).await;
    let _worker = stage.worker(&desk);
    let evidence = stage.succeeded(&desk).await;
    assert!(evidence[0].contains("is cut off network") && evidence[2].contains("is in network"), "{evidence:?}");
    assert!(evidence[1].ends_with("as it already was") && evidence[3].ends_with("as it already was"), "{evidence:?}");
    assert!(evidence[4].contains("validator1"), "{evidence:?}");
}
