//! A small Compose project with its file, scripts and backups in a directory of its own, and a worker that knows them. Removed
//! when dropped.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use shared::{
    api::run::RunView,
    digest::Digest,
    domain::run::{RunState, StepState},
};
use tests::{
    programs::Scratch,
    testnet::{compose, docker, said},
};
use tokio_util::sync::CancellationToken;
use worker::{Timing, Worker, config::Config, host::docker::DockerHost};

use super::{
    desk::Desk,
    process::SOCKET,
    stray::{HEAL, new_project, plan},
};

/// Where the stage's plans say that backups are.
pub(super) const BACKUPS: &str = "\n## Recovery Point Objectives (RPO)\n\n| Data Type | RPO | Backup Frequency |\n|---|---|---|\n\
    | Database | 5 minutes | x |\n\n## Appendix\n\n### B. Backup Locations\n- Database: `/var/backups/stage/db/`\n";

pub(super) struct Stage {
    pub(super) project: String,
    directory: Scratch,
}

/// Ends its worker when dropped.
pub(super) struct Working(CancellationToken);

impl Drop for Working {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

impl Stage {
    /// The services `validator1` and `postgres`, both asleep, with a volume and a network. Not up yet.
    pub(super) fn new() -> Self {
        let directory = Scratch::new().unwrap();
        for name in ["scripts", "backups/db", "config"] {
            fs::create_dir_all(directory.path().join(name)).unwrap();
        }
        let image = std::env::var("TESTNET_POSTGRES_IMAGE").unwrap_or_else(|_| "muster-testnet-postgres:local".into());
        let service = format!(
            "{{ image: \"{image}\", entrypoint: [sleep, \"600\"], init: true, stop_grace_period: 1s, volumes: [\"data:/data\"] }}"
        );
        let text = format!(
            "version: \"3.8\"\nservices:\n  validator1: {service}\n  postgres: {service}\nvolumes: {{ data: {{}} }}\n"
        );
        directory.file("docker-compose.yml", text).unwrap();
        Self { project: new_project(), directory }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(super) fn compose(&self, arguments: &[&str]) -> anyhow::Result<String> {
        said(compose(&self.project, &self.path("docker-compose.yml")).args(arguments).output()?)
    }

    pub(super) fn up(self) -> Self {
        self.compose(&["up", "-d"]).unwrap();
        self
    }

    pub(super) fn script(&self, name: &str, text: &str) {
        let path = self.directory.file(&format!("scripts/{name}"), format!("#!/bin/sh\n{text}\n")).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// A whole backup of this moment.
    pub(super) fn back_up(&self) {
        let file = self.directory.file("backups/db/1.sql", "rows").unwrap();
        fs::write(beside(&file, "sha256"), Digest::of(b"rows").to_string()).unwrap();
    }

    fn container_ids(&self, filter: &str) -> Vec<String> {
        let label = format!("label=com.docker.compose.project={}", self.project);
        let mut ids: Vec<_> =
            docker(&["ps", filter, "--no-trunc", "--filter", &label]).unwrap().lines().map(str::to_owned).collect();
        ids.sort();
        ids
    }

    /// All containers, running or not.
    pub(super) fn containers(&self) -> Vec<String> {
        self.container_ids("-aq")
    }

    pub(super) fn running(&self) -> Vec<String> {
        self.container_ids("-q")
    }

    pub(super) fn volumes(&self) -> Vec<String> {
        let label = format!("label=com.docker.compose.project={}", self.project);
        docker(&["volume", "ls", "-q", "--filter", &label]).unwrap().lines().map(str::to_owned).collect()
    }

    pub(super) async fn desk(&self, attributes: &str, lines: &[&str]) -> Desk {
        Desk::open(&format!("{}{BACKUPS}", plan(attributes, lines)), &self.project).await
    }

    pub(super) fn worker(&self, desk: &Desk) -> Working {
        let config = Config {
            scripts: Some(self.path("scripts")),
            paths: [
                ("/var/backups/stage".to_owned(), self.path("backups")),
                ("/app/config".to_owned(), self.path("config")),
            ]
            .into(),
            compose_files: [(self.project.clone(), self.path("docker-compose.yml"))].into(),
            home: self.path(""),
            ..Config::for_projects(&[&self.project])
        };
        let host = Arc::new(DockerHost::new(SOCKET, "127.0.0.1"));
        let worker = Worker::new(desk.muster.database.worker.clone(), host, config).with_timing(Timing::default());
        let stop = CancellationToken::new();
        let stopping = stop.clone();
        tokio::spawn(async move { worker.run(stopping).await });
        Working(stop)
    }

    /// Requested, approved and brought to an end or a question.
    pub(super) async fn run(&self, desk: &Desk) -> RunView {
        let view = desk.resolved(HEAL).await;
        desk.approve(&view).await;
        desk.ended(view.number).await
    }

    /// As [`Self::run`], to its good end; the evidence of its steps.
    pub(super) async fn succeeded(&self, desk: &Desk) -> Vec<String> {
        let view = self.run(desk).await;
        assert_eq!(view.state, RunState::Succeeded, "{:?} {:?}", view.reason, view.question);
        let evidence = |state: &StepState| match state {
            StepState::Succeeded { evidence } => evidence.clone(),
            other => panic!("{other:?}"),
        };
        view.steps.iter().map(|step| evidence(&step.state)).collect()
    }
}

fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(format!(".{ending}"));
    name.into()
}

impl Drop for Stage {
    fn drop(&mut self) {
        if let Err(error) = self.compose(&["down", "-v", "-t", "1"]) {
            eprintln!("{} could not be removed: {error:#}", self.project);
        }
    }
}

/// True until it has ended; one that nobody buries has ended.
pub(super) fn alive(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    !stat.is_empty() && !stat.contains(") Z ")
}
