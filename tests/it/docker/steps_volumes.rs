//! Volumes are removed only with a whole backup, only when nobody has them, and once; archives are unpacked where the
//! operator allows it.

use std::process::Command;

use shared::domain::run::{Answer, RunState};

use super::steps_stage::Stage;

const REMOVE: &str = "docker volume rm $(docker volume ls -q)";

#[tokio::test(flavor = "multi_thread")]
async fn volumes_stay_without_a_whole_backup_and_go_with_one() {
    let stage = Stage::new().up();
    let desk = stage.desk("", &["docker compose down", REMOVE]).await;
    let _worker = stage.worker(&desk);
    let view = stage.run(&desk).await;
    assert_eq!(view.state, RunState::Asking, "{:?}", view.reason);
    let why = &view.question.as_ref().unwrap().why;
    assert!(why.contains("without a whole backup: there is no backup of Database"), "{why}");
    assert_eq!(stage.volumes().len(), 1);
    stage.back_up();
    desk.answer(&view, Answer::Retry).await;
    let view = desk.until(view.number, "over", |v| v.state == RunState::Succeeded).await;
    assert_eq!(stage.volumes(), Vec::<String>::new());
    let lines = desk.output(view.number).await;
    assert!(lines.iter().any(|l| l.step == 2 && l.text.starts_with("Backup of Database: 1.sql")), "{lines:?}");
    let evidence = stage.succeeded(&desk).await;
    assert!(evidence[1].starts_with("the project had no volumes to remove; backup of"), "{evidence:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_volume_in_use_stays() {
    let stage = Stage::new().up();
    stage.back_up();
    let desk = stage.desk("", &["docker volume rm data"]).await;
    let _worker = stage.worker(&desk);
    let view = stage.run(&desk).await;
    assert_eq!(view.state, RunState::Asking);
    let why = view.question.unwrap().why;
    assert!(why.contains("_data is in use by ") && why.contains("must be gone first"), "{why}");
    assert_eq!((stage.volumes().len(), stage.running().len()), (1, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_is_unpacked_where_the_operator_has_mapped() {
    let stage = Stage::new();
    stage.back_up();
    let tar = |arguments: &[&str]| assert!(Command::new("tar").args(arguments).status().unwrap().success());
    std::fs::create_dir(stage.path("content")).unwrap();
    std::fs::write(stage.path("content/validators.json"), "{}").unwrap();
    let (archive, content) = (stage.path("backups/c.tar.gz"), stage.path("content"));
    tar(&["-czf", archive.to_str().unwrap(), "-C", content.to_str().unwrap(), "."]);
    let desk = stage.desk("", &["tar -xzf /var/backups/stage/c.tar.gz -C /app/config/"]).await;
    let _worker = stage.worker(&desk);
    let evidence = stage.succeeded(&desk).await;
    assert!(evidence[0].starts_with("unpacked 1 files into "), "{evidence:?}");
    assert_eq!(std::fs::read_to_string(stage.path("config/validators.json")).unwrap(), "{}");
    let evidence = stage.succeeded(&desk).await;
    assert!(evidence[0].contains("unpacked 0 files") && evidence[0].contains("1 were already so"), "{evidence:?}");
}
