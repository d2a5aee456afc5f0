//! Secrets, from the dialog to the script: who may set them, that nothing gives them back, what consent to them binds to, and a
//! canary that is looked for in everything that leaves.

mod canary;

use std::{fs, os::unix::fs::PermissionsExt as _};

use reqwest::StatusCode;
use serde_json::json;
use shared::{
    api::{error::ErrorCode, run::RunView, secret::SecretIn},
    domain::{access::Role, run::RunState},
};
use store::seal::Key;
use tests::{
    muster::{RunningWorker, worker_config},
    persona::Persona,
    scene::{PROJECT, QUICK, Scene, plan, refused, request_of},
};
use worker::config::Config;

const USE: &str = "use-it";

fn value(text: &str) -> SecretIn {
    SecretIn { value: text.to_owned() }
}

/// Our plan, a procedure whose script gets `DB_PASSWORD`, and that script on the worker's host.
struct Stage {
    scene: Scene,
    administrator: Persona,
}

impl Stage {
    async fn set(script: &str) -> Self {
        let text = plan().unwrap()
            + "\n## Use it\n\n```bash {id=use-it secrets=DB_PASSWORD}\n./scripts/use.sh\n./scripts/use.sh again\n```\n";
        let scene = Scene::with_plan(&text).await.unwrap();
        let administrator = scene.muster.persona(Role::Administrator).await.unwrap();
        let stage = Self { scene, administrator };
        let directory = stage.scene.muster.scratch.path().join("scripts");
        fs::create_dir(&directory).unwrap();
        let file = directory.join("use.sh");
        fs::write(&file, format!("#!/bin/bash\n{script}\n")).unwrap();
        fs::set_permissions(file, fs::Permissions::from_mode(0o755)).unwrap();
        stage
    }

    fn config(&self) -> Config {
        let scratch = self.scene.muster.scratch.path();
        Config {
            scripts: Some(scratch.join("scripts")),
            secrets_key_file: Some(Key::default_file(scratch)),
            ..worker_config(PROJECT)
        }
    }

    fn worker(&self) -> RunningWorker {
        self.scene.muster.worker_as(self.config(), self.scene.host.clone(), QUICK)
    }

    async fn secret(&self, text: &str) {
        self.administrator.api.set_secret(PROJECT, "DB_PASSWORD", &value(text)).await.unwrap();
    }

    /// Asked for; resolved, or not.
    async fn requested(&self) -> RunView {
        let incident = self.scene.declared().await.unwrap();
        let run = request_of(&self.scene.operator, incident.number, USE).await.unwrap();
        let over = |view: &RunView| matches!(view.state, RunState::AwaitingApproval | RunState::Unresolvable);
        self.scene.until_run(run.number, over).await.unwrap()
    }

    async fn output(&self, run: &RunView) -> String {
        let (_, text) = self.administrator.http.page(&format!("/api/v1/runs/{}/output.txt", run.number)).await.unwrap();
        text
    }
}

#[tokio::test]
async fn a_secret_is_set_replaced_and_deleted_and_never_given_back() {
    let stage = Stage::set("true").await;
    let api = &stage.administrator.api;
    let before = api.secrets(PROJECT).await.unwrap();
    assert!(before.items.is_empty());
    assert_eq!(
        (before.missing[0].name.as_str(), &before.missing[0].used_by[..]),
        ("DB_PASSWORD", &["Use it".to_owned()][..])
    );
    let set = api.set_secret(PROJECT, "DB_PASSWORD", &value("hunter22")).await.unwrap();
    assert_eq!((set.version, set.used_by.len()), (1, 1));
    assert_eq!(api.set_secret(PROJECT, "DB_PASSWORD", &value("hunter23")).await.unwrap().version, 2);
    api.delete_secret(PROJECT, "DB_PASSWORD").await.unwrap();
    assert_eq!(refused(api.delete_secret(PROJECT, "DB_PASSWORD").await).code, ErrorCode::NotFound);
    let again = api.set_secret(PROJECT, "DB_PASSWORD", &value("hunter22")).await.unwrap();
    assert_eq!(again.version, 3, "consent to version 1 is none to another that looks like it");
    let (status, list) = stage.administrator.http.raw("GET", "/api/v1/systems/bt2c/secrets", None).await.unwrap();
    assert_eq!((status, list["items"][0]["name"].as_str()), (StatusCode::OK, Some("DB_PASSWORD")));
    assert!(!list.to_string().contains("hunter"), "{list}");
    let log = stage.scene.muster.store.audit_list(None, 10).await.unwrap();
    let actions: Vec<_> =
        log.iter().map(|row| row.entry.action.as_str()).filter(|a| a.starts_with("secret.")).collect();
    assert_eq!(actions, ["secret.set", "secret.deleted", "secret.replaced", "secret.set"]);
}

#[tokio::test]
async fn what_cannot_be_a_secret_is_refused_with_a_sentence_that_does_not_hold_it() {
    let stage = Stage::set("true").await;
    let cases = [
        ("PATH", "hunter22", "name"),
        ("LD_PRELOAD", "hunter22", "name"),
        ("DB-PASSWORD", "hunter22", "name"),
        ("DB_PASSWORD", "tiny5", "value"),
        ("DB_PASSWORD", "", "value"),
        ("DB_PASSWORD", "tin\u{0}y567", "value"),
    ];
    for (name, text, field) in cases {
        let path = format!("/api/v1/systems/bt2c/secrets/{name}");
        let (status, said) = stage.administrator.http.raw("PUT", &path, Some(json!({"value": text}))).await.unwrap();
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{name} {said}");
        assert_eq!(said["error"]["fields"][0]["field"], field, "{said}");
        assert!(text.is_empty() || !said.to_string().contains(text.trim_matches('\u{0}')), "{said}");
    }
    let unknown = refused(stage.administrator.api.set_secret("nothing", "DB_PASSWORD", &value("hunter22")).await);
    assert_eq!(unknown.code, ErrorCode::NotFound);
    let (status, said) = stage
        .administrator
        .http
        .raw("PUT", "/api/v1/systems/bt2c/secrets/X", Some(json!({"value": ["hunter22"]})))
        .await
        .unwrap();
    assert!(status.is_client_error() && !said.to_string().contains("hunter22"), "{said}");
}

#[tokio::test]
async fn a_script_gets_what_the_plan_names_and_nothing_is_begun_without_it() {
    let stage =
        Stage::set("test \"$DB_PASSWORD\" = hunter22 && test -z \"$OTHER\" && echo \"it is $DB_PASSWORD\"").await;
    let _worker = stage.worker();
    let without = stage.requested().await;
    assert_eq!(without.state, RunState::Unresolvable);
    let reason = without.reason.unwrap();
    assert!(reason.contains("needs the secret DB_PASSWORD, which is not set for this system"), "{reason}");
    stage.secret("hunter22").await;
    stage.administrator.api.set_secret(PROJECT, "OTHER", &value("not for it")).await.unwrap();
    let run = stage.requested().await;
    let named = &run.resolution.as_ref().unwrap().steps[0].secrets[0];
    assert_eq!((named.name.as_str(), named.version), ("DB_PASSWORD", 1));
    stage.scene.consent(&run).await.unwrap();
    let ended = stage.scene.until(run.number, RunState::Succeeded).await.unwrap();
    let text = stage.output(&ended).await;
    assert!(text.contains("it is [secret DB_PASSWORD]") && !text.contains("hunter"), "{text}");
}

#[tokio::test]
async fn consent_to_one_value_is_none_to_another() {
    let stage = Stage::set("echo ran > \"$(dirname \"$0\")/../ran\"").await;
    stage.secret("hunter22").await;
    let mut worker = stage.worker();
    let run = stage.requested().await;
    worker.stop().await;
    stage.scene.consent(&run).await.unwrap();
    stage.secret("hunter23").await;
    let _worker = stage.worker();
    let ended = stage.scene.until(run.number, RunState::Stopped).await.unwrap();
    let reason = ended.reason.unwrap();
    assert!(reason.contains("another value of the secret DB_PASSWORD (version 2)"), "{reason}");
    assert!(!stage.scene.muster.scratch.path().join("ran").exists());
}

#[tokio::test]
async fn a_worker_with_another_key_or_a_row_that_was_moved_opens_nothing() {
    let stage = Stage::set("true").await;
    stage.secret("hunter22").await;
    stage.administrator.api.set_secret(PROJECT, "OTHER", &value("a wholly other value")).await.unwrap();
    let other = stage.scene.muster.scratch.path().join("keys/other");
    Key::load_or_create(&other).unwrap();
    for (file, said) in [(other, "sealed with another key"), ("/no/such/key".into(), "there is no /no/such/key")] {
        let config = Config { secrets_key_file: Some(file), ..stage.config() };
        let _worker = stage.scene.muster.worker_as(config, stage.scene.host.clone(), QUICK);
        let reason = stage.requested().await.reason.unwrap();
        assert!(
            reason.contains("needs the secret DB_PASSWORD, which cannot be opened") && reason.contains(said),
            "{reason}"
        );
    }
    let pool = stage.scene.pool().await.unwrap();
    sqlx::query(
        "UPDATE secret SET sealed = (SELECT sealed FROM secret WHERE name = 'OTHER') WHERE name = 'DB_PASSWORD'",
    )
    .execute(&pool)
    .await
    .unwrap();
    let _worker = stage.worker();
    let reason = stage.requested().await.reason.unwrap();
    assert!(reason.contains("sealed for another purpose"), "{reason}");
}

#[tokio::test]
async fn the_server_has_no_right_to_read_what_is_sealed() {
    let stage = Stage::set("true").await;
    stage.secret("hunter22").await;
    let pool = stage.scene.pool().await.unwrap();
    let mut connection = pool.acquire().await.unwrap();
    sqlx::query("SET ROLE muster_server").execute(&mut *connection).await.unwrap();
    let denied = sqlx::query("SELECT sealed FROM secret").execute(&mut *connection).await.unwrap_err().to_string();
    assert!(denied.contains("permission denied"), "{denied}");
    assert!(sqlx::query("SELECT name, version FROM secret").execute(&mut *connection).await.is_ok());
}

#[tokio::test]
async fn a_new_key_seals_everything_anew_and_the_steps_still_get_it() {
    let stage = Stage::set("test \"$DB_PASSWORD\" = hunter22").await;
    stage.secret("hunter22").await;
    let store = &stage.scene.muster.store;
    let system = store.system_by_slug(PROJECT).await.unwrap().id;
    let old = store.secret_list(system).await.unwrap()[0].key_id.clone();
    let key = Key::rotate(&Key::default_file(stage.scene.muster.scratch.path())).unwrap();
    let owner = store::Store::connect(&stage.scene.muster.database.url).await.unwrap();
    assert_eq!(server::app::secret::reseal(&owner, &key).await.unwrap(), 1);
    assert_eq!(server::app::secret::reseal(&owner, &key).await.unwrap(), 0);
    let head = store.secret_list(system).await.unwrap().remove(0);
    assert!(head.key_id == key.id() && head.key_id != old && head.version == 1);
    let _worker = stage.worker();
    let run = stage.requested().await;
    stage.scene.consent(&run).await.unwrap();
    stage.scene.until(run.number, RunState::Succeeded).await.unwrap();
}
