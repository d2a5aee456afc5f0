//! Verifications of backups over HTTP with a worker on a simulated host: who may say how, what is asked once, what a trial of archives finds,
//! and what readiness makes of it. Databases need real containers (`docker::trials`).

use std::{fs, path::Path, process::Command};

use shared::{
    api::{
        error::ErrorCode,
        verification::{VerificationSettingsIn, VerificationView},
    },
    digest::Digest,
    domain::{
        access::Role,
        readiness::{Earn, Subject},
        verification::{Settings, State},
    },
};
use tests::{
    muster::worker_config,
    persona::Persona,
    programs::Scratch,
    scene::{PROJECT, QUICK, Scene, eventually, plan, refused},
};
use uuid::Uuid;
use worker::config::Config;

async fn set(by: &Persona, change: impl FnOnce(Settings) -> Settings) -> Result<(), shared::api::client::CallError> {
    let known = by.api.verifications(PROJECT).await.unwrap();
    let body = VerificationSettingsIn { version: known.version, settings: change(known.settings) };
    by.api.set_verifications(PROJECT, &body).await.map(drop)
}

#[tokio::test]
async fn who_may_not_is_refused_what_is_wrong_is_named_and_one_is_asked_once() {
    let scene = Scene::set().await.unwrap();
    let admin = &scene.muster.persona(Role::Administrator).await.unwrap();
    let seen = scene.responder.api.verifications(PROJECT).await.unwrap();
    assert_eq!((seen.version, seen.places.len(), seen.due_at), (0, 3, None), "nothing happens before it is saved");
    assert_eq!(refused(set(&scene.operator, |s| s).await).code, ErrorCode::Forbidden);
    assert_eq!(refused(scene.operator.api.verify_now(PROJECT).await).code, ErrorCode::Forbidden);
    let wrong = refused(set(admin, |s| Settings { every_hours: 0, ..s }).await);
    assert_eq!((wrong.code, wrong.fields[0].field.as_str()), (ErrorCode::Invalid, "settings.every_hours"));
    set(admin, |s| Settings { paused: true, ..s }).await.unwrap();
    let old = VerificationSettingsIn { version: 0, settings: seen.settings };
    assert_eq!(refused(admin.api.set_verifications(PROJECT, &old).await).code, ErrorCode::ContentChanged);

    let asked = admin.api.verify_now(PROJECT).await.unwrap();
    assert_eq!((asked.state, asked.settings.paused), (State::Waiting, true));
    assert_eq!(refused(admin.api.verify_now(PROJECT).await).code, ErrorCode::NotNow);
    assert_eq!(refused(scene.operator.api.cancel_verification(asked.id).await).code, ErrorCode::Forbidden);
    assert_eq!(admin.api.cancel_verification(asked.id).await.unwrap().state, State::Cancelled);
    assert_eq!(refused(admin.api.cancel_verification(asked.id).await).code, ErrorCode::NotNow);
    assert_eq!(refused(admin.api.verification(Uuid::new_v4()).await).code, ErrorCode::NotFound);
    assert_eq!(admin.api.verifications(PROJECT).await.unwrap().items.len(), 1, "paused: the schedule asks for none");
}

/// An archive of one file, with a checksum that is right.
fn archive(directory: &Path, name: &str, content: &[(&str, &str)]) {
    let from = Scratch::new().unwrap();
    for (name, text) in content {
        fs::write(from.path().join(name), text).unwrap();
    }
    fs::create_dir_all(directory).unwrap();
    let to = directory.join(name);
    let tar = Command::new("tar").arg("-czf").arg(&to).arg("-C").arg(from.path()).arg(".").status().unwrap();
    assert!(tar.success());
    let sum = Digest::of(&fs::read(&to).unwrap());
    fs::write(directory.join(format!("{name}.sha256")), format!("{sum}  {name}\n")).unwrap();
}

async fn over(by: &Persona, id: Uuid) -> VerificationView {
    eventually("it is over", async || by.api.verification(id).await.unwrap().state.is_over()).await.unwrap();
    by.api.verification(id).await.unwrap()
}

#[tokio::test]
async fn an_archive_without_what_was_there_is_found_and_readiness_says_so() {
    // Without the place of database dumps: a simulated host makes no containers.
    let text = plan().unwrap().replace("- Database: `/var/backups/bt2c/db/`\n", "");
    let scene = Scene::with_plan(&text).await.unwrap();
    let admin = &scene.muster.persona(Role::Administrator).await.unwrap();
    let home = Scratch::new().unwrap();
    let (backups, production) = (home.path().join("backups"), home.path().join("config"));
    fs::create_dir_all(&production).unwrap();
    for name in ["testnet.env", "validators.json"] {
        fs::write(production.join(name), "x").unwrap();
    }
    std::thread::sleep(std::time::Duration::from_millis(20));
    archive(&backups.join("chain"), "1.tar.gz", &[("chain.jsonl", "{}")]);
    archive(&backups.join("config"), "1.tar.gz", &[("testnet.env", "x"), ("validators.json", "x")]);
    let current = backups.join("config_backup.tar.gz");
    std::os::unix::fs::symlink("config/1.tar.gz", &current).unwrap();
    let config = Config {
        paths: [("/var/backups/bt2c".to_owned(), backups.clone()), ("/app/config".to_owned(), production)].into(),
        scratch: Some(home.path().join("trials")),
        ..worker_config(PROJECT)
    };
    let _worker = scene.muster.worker_as(config, scene.host.clone(), QUICK);

    let backup = async |place: &str| {
        let items = admin.api.readiness(PROJECT).await.unwrap().items;
        items.into_iter().find(|item| item.subject == Subject::Backup && item.title == place).unwrap()
    };
    let never = backup("Configuration").await;
    assert_eq!((never.earned, never.earn), (0, Some(Earn::Verify {})));
    let view = over(admin, admin.api.verify_now(PROJECT).await.unwrap().id).await;
    assert_eq!(view.state, State::Verified, "{view:?}");
    let files = &view.found.iter().find(|found| found.place == "Configuration").unwrap().compared[0];
    assert_eq!(files.restored.as_deref(), Some("2, of which 2 are as they are now"), "{files:?}");
    assert_eq!(backup("Configuration").await.lost(), 0);
    assert_eq!(fs::read_dir(home.path().join("trials")).unwrap().count(), 0, "nothing stays behind");

    // One that could not be made says nothing about the backups, and takes nothing away.
    let sql = "INSERT INTO verification (id, system_id, settings, asked_at, state, ended_at, why, told_at)
               SELECT gen_random_uuid(), system_id, settings, now, 'failed', now, 'It was not done within 1 min.', now
               FROM verification, clock_timestamp() AS now";
    sqlx::query(sql).execute(&scene.pool().await.unwrap()).await.unwrap();
    let kept = backup("Configuration").await;
    assert!(kept.lost() == 0 && kept.why.contains("restored on trial today. The last trial, today, ended"), "{kept:?}");

    // The next backup is whole, and lacks a file that was there.
    archive(&backups.join("config"), "2.tar.gz", &[("testnet.env", "x")]);
    let view = over(admin, admin.api.verify_now(PROJECT).await.unwrap().id).await;
    assert_eq!(view.state, State::Failed);
    let why = view.why.unwrap();
    assert!(why.starts_with("Configuration: validators.json: it was there when the backup was taken"), "{why}");
    let lost = backup("Configuration").await;
    assert!(lost.earned == 0 && lost.why.contains("validators.json"), "{lost:?}");
    assert_eq!(backup("Blockchain").await.lost(), 0);
    eventually("an alert says so", async || {
        let alerts = admin.api.alerts(true, None).await.unwrap().items;
        alerts.iter().any(|alert| alert.title == "A backup could not be restored on trial")
    })
    .await
    .unwrap();

    // Cut off, with a checksum that is right.
    let whole = fs::read(backups.join("chain/1.tar.gz")).unwrap();
    let cut = &whole[..whole.len() / 2];
    fs::write(backups.join("chain/3.tar.gz"), cut).unwrap();
    fs::write(backups.join("chain/3.tar.gz.sha256"), Digest::of(cut).to_string()).unwrap();
    let view = over(admin, admin.api.verify_now(PROJECT).await.unwrap().id).await;
    let chain = view.found.iter().find(|found| found.place == "Blockchain").unwrap();
    assert!(!chain.verified && chain.why.contains("cannot be read"), "{chain:?}");
}

#[tokio::test]
async fn the_schedule_asks_for_what_is_due_and_makes_up_for_nothing() {
    let scene = Scene::set().await.unwrap();
    let admin = &scene.muster.persona(Role::Administrator).await.unwrap();
    set(admin, |s| Settings { every_hours: 24, ..s }).await.unwrap();
    let asked = async || admin.api.verifications(PROJECT).await.unwrap();
    eventually("the first is asked for at once", async || asked().await.items.len() == 1).await.unwrap();
    let pool = scene.pool().await.unwrap();
    // A month without a server.
    sqlx::query("UPDATE verification SET state = 'cancelled', ended_at = asked_at").execute(&pool).await.unwrap();
    let due = "UPDATE verification_settings SET due_at = due_at - interval '30 days 1 hour'";
    sqlx::query(due).execute(&pool).await.unwrap();
    let before = scene.muster.store.now().await.unwrap();
    eventually("one more, not thirty", async || asked().await.items.len() == 2).await.unwrap();
    let next = asked().await.due_at.unwrap().seconds_since(before);
    assert!((22 * 3600..24 * 3600).contains(&next), "anchored to what was due: {next} s");
}
