//! The stage of the crash runner: SIMULATED hosts with systems on them, one procedure with every kind of step, and the truth
//! about what happened there.

use std::{
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::Result;
use shared::{digest::Digest, domain::actor::Actor, ids::RunId, plan::StepKind};
use worker::{
    config::Config,
    host::{
        HttpAnswer,
        simulated::{Op, SimulatedHost},
    },
};

use super::dice::Dice;
use crate::{muster::Muster, programs::Scratch};

pub(super) const PROCEDURE: &str = "everything";
const SERVICES: [&str; 4] = ["db", "node1", "node2", "tool"];
const VOLUMES: [&str; 2] = ["blocks", "state"];
/// Of every effect: long enough to die in the middle of it.
const EFFECT: Duration = Duration::from_millis(6);

const PLAN: &str = "# Crash\n\n## Incident Classification\n\n### Level 1 - Minor\n- Down\n- Response Time: < 1 hour\n\n\
## Components\n\n| Component | Service | Objective |\n|---|---|---|\n| node1 | node1 | node1 |\n\n\
## Recovery Procedures\n\n### 1. Everything\n\n```bash\n\
# 1. Look\ndocker-compose ps\n\
# 2. Restart\ndocker-compose restart node1\n\
# 3. Stop\ndocker-compose stop node2\n\
# 4. Start\ndocker-compose start node2\n\
# 5. Cut off\ndocker network disconnect net node2\n\
# 6. Join\ndocker network connect net node2\n\
# 7. Delete rows\ndocker-compose exec db psql -c \"DELETE FROM pending;\"\n\
# 8. Change a file\ndocker-compose exec tool touch /changed\n\
# 9. Send a request\ncurl -X POST http://localhost:8080/pause\n\
# 10. Run a script\n./scripts/effect.sh\n\
# 11. Take down\ndocker-compose down\n\
# 12. Wipe\ndocker volume rm $(docker volume ls -q)\n\
# 13. Bring up\ndocker-compose up -d\n```\n\n\
## Recovery Time Objectives (RTO)\n\n| Component | RTO | Recovery Method |\n|---|---|---|\n| node1 | 10 minutes | Restart |\n\n\
## Recovery Point Objectives (RPO)\n\n| Data Type | RPO | Backup Frequency |\n|---|---|---|\n| Database | 60 minutes | x |\n\n\
## Appendix\n\n### Backup Locations\n- Database: `/backups/db`\n";
pub(super) const STEPS: u32 = 13;

/// Counts what happens to one system, past every rule of Muster.
#[derive(Default)]
struct Happened {
    sql: AtomicUsize,
    exec: AtomicUsize,
    posts: AtomicUsize,
}

pub(super) struct System {
    pub(super) slug: String,
    project: String,
    pub(super) host: usize,
    simulated: Arc<SimulatedHost>,
    happened: Arc<Happened>,
    ledger: PathBuf,
}

/// How often each thing had happened before a run.
#[derive(Clone, Copy)]
pub(super) struct Before {
    sql: usize,
    exec: usize,
    posts: usize,
    volumes: [usize; 2],
}

impl System {
    /// As if it had just been set up; says from where to count.
    pub(super) fn set_up(&self) -> Before {
        let host = &self.simulated;
        host.clear(&self.project);
        for service in SERVICES {
            let ports: &[(u16, u16)] = if service == "node1" { &[(8080, 80)] } else { &[] };
            let id = host.add(&self.project, service, ports);
            let happened = self.happened.clone();
            match service {
                "node1" => host.answer(&id, 80, move |_| {
                    happened.posts.fetch_add(1, Ordering::SeqCst);
                    Ok(HttpAnswer { status: 200, body: "SIMULATED".into(), cut: false })
                }),
                "db" => host.program(&id, move |_| {
                    happened.sql.fetch_add(1, Ordering::SeqCst);
                    (vec![], 0)
                }),
                "tool" => host.program(&id, move |_| {
                    happened.exec.fetch_add(1, Ordering::SeqCst);
                    (vec![], 0)
                }),
                _ => {}
            }
        }
        host.add_network(&self.project, "net");
        for volume in VOLUMES {
            host.add_volume(&self.project, volume);
        }
        Before {
            sql: self.happened.sql.load(Ordering::SeqCst),
            exec: self.happened.exec.load(Ordering::SeqCst),
            posts: self.happened.posts.load(Ordering::SeqCst),
            volumes: VOLUMES.map(|volume| self.removals(volume)),
        }
    }

    fn removals(&self, volume: &str) -> usize {
        let name = format!("{}_{volume}", self.project);
        self.simulated.effects().iter().filter(|e| e.op == Op::RemoveVolume && e.container == name).count()
    }

    /// How often a destructive step has happened on the host since then: its fewest and its most effects. None: it can be done
    /// again without harm.
    pub(super) fn times(&self, kind: &StepKind, run: RunId, before: &Before) -> Option<(usize, usize)> {
        let once = |n: usize| Some((n, n));
        match kind {
            StepKind::Sql { .. } => once(self.happened.sql.load(Ordering::SeqCst) - before.sql),
            StepKind::Exec { .. } => once(self.happened.exec.load(Ordering::SeqCst) - before.exec),
            StepKind::Http { .. } => once(self.happened.posts.load(Ordering::SeqCst) - before.posts),
            StepKind::Script { .. } => {
                let lines = std::fs::read_to_string(&self.ledger).unwrap_or_default();
                once(lines.lines().filter(|line| *line == run.0.to_string()).count())
            }
            StepKind::RemoveVolumes { .. } => {
                let now = VOLUMES.map(|volume| self.removals(volume));
                let since = now.iter().zip(before.volumes).map(|(now, before)| now - before);
                Some((since.clone().min()?, since.max()?))
            }
            _ => None,
        }
    }
}

pub(super) struct Stage {
    pub(super) muster: Muster,
    pub(super) hosts: Vec<Arc<SimulatedHost>>,
    pub(super) systems: Vec<System>,
    directory: Scratch,
}

impl Stage {
    pub(super) async fn set(hosts: usize, systems: usize, seed: u64) -> Result<Self> {
        let (muster, directory) = (Muster::start_empty().await?, Scratch::new()?);
        files(directory.path())?;
        let hosts: Vec<_> = (0..hosts).map(|_| Arc::new(SimulatedHost::new())).collect();
        let mut all = vec![];
        for (number, host) in hosts.iter().enumerate() {
            host.set_delay(EFFECT);
            let mut dice = Dice::new(seed ^ number as u64);
            host.when_abandoned(move |_, _| dice.roll(2) == 0);
            for system in 0..systems {
                let slug = format!("s{number}x{system}");
                let project = slug.clone();
                host.compose_file(&project, &SERVICES);
                let mut tx = muster.store.begin().await?;
                let row = tx.system_create(&slug, &slug, &project, None).await?;
                let digest = Digest::of(PLAN.as_bytes());
                tx.plan_version_add(row.id, digest, PLAN, &Actor::CommandLine, "for the crash runner").await?;
                tx.commit().await?;
                let ledger = directory.path().join("ledger").join(&project);
                let (simulated, happened) = (host.clone(), Arc::default());
                all.push(System { slug, project, host: number, simulated, happened, ledger });
            }
        }
        Ok(Self { muster, hosts, systems: all, directory })
    }

    /// Of one of a host's workers.
    pub(super) fn config(&self, host: usize, replica: usize) -> Config {
        let path = |name: &str| self.directory.path().join(name);
        let here = || self.systems.iter().filter(|system| system.host == host).map(|system| system.project.clone());
        Config {
            name: format!("worker-{host}-{replica}"),
            projects: here().collect(),
            scripts: Some(path("scripts")),
            script_env: [("LEDGER".to_owned(), path("ledger").display().to_string())].into(),
            paths: [("/backups".to_owned(), path("backups"))].into(),
            compose_files: here().map(|project| (project, path("docker-compose.yml"))).collect(),
            ..Config::for_projects(&["replaced"])
        }
    }
}

fn files(root: &Path) -> Result<()> {
    for name in ["scripts", "ledger", "backups/db"] {
        std::fs::create_dir_all(root.join(name))?;
    }
    let script = root.join("scripts/effect.sh");
    std::fs::write(
        &script,
        "#!/bin/sh\nsleep 0.003\necho \"$MUSTER_RUN\" >> \"$LEDGER/$MUSTER_PROJECT\"\nsleep 0.003\n",
    )?;
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755))?;
    std::fs::write(root.join("docker-compose.yml"), "services: {}\n")?;
    std::fs::write(root.join("backups/db/1.sql"), "rows")?;
    std::fs::write(root.join("backups/db/1.sql.sha256"), Digest::of(b"rows").to_string())?;
    Ok(())
}
