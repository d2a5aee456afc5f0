//! Every procedure of the plan as a run: the network is broken first, Muster's run heals it, and the network itself proves it.

use std::{
    fs,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use serde_json::Value;
use shared::{
    api::run::{RunRequestIn, RunView},
    domain::run::{Answer, RunEvent, RunState, StepState},
    plan::Step,
};
use tests::{
    muster::{RunningWorker, worker_config},
    testnet::{STAKES, Testnet, docker, root, said},
};
use uuid::Uuid;
use worker::config::Config;

use super::desk::{Desk, step_begun};

/// How long a recovery may take on a machine that does other things as well.
const PATIENCE: Duration = Duration::from_mins(7);

/// A network with its backups, a Muster that has its plan, and a worker that may run its scripts.
struct Scene {
    testnet: Testnet,
    desk: Desk,
    worker: Option<RunningWorker>,
}

impl Scene {
    async fn open(settings: &[(&str, &str)]) -> Self {
        let all: Vec<_> = [("TESTNET_BACKUP_INTERVAL", "3")].into_iter().chain(settings.iter().copied()).collect();
        let testnet = Testnet::up_with(&all).unwrap();
        said(script(&testnet, "verify_integrity.sh").arg("--record").output().unwrap()).unwrap();
        testnet.wait_for_height(testnet.port1, 4).unwrap();
        // What recovery goes back to is older than the incident.
        backed_up(&testnet);
        let desk = Desk::open(&testnet.plan().unwrap(), &testnet.project).await;
        let worker = desk.muster.worker_with(config(&testnet));
        Self { testnet, desk, worker: Some(worker) }
    }

    /// Asks for the run, lets the others agree, and answers what a person must answer, until it ends.
    async fn heal(&self, procedure: &str, parameters: &[(&str, &str)]) -> RunView {
        let run = self.begin(procedure, parameters).await.number;
        self.ends(run).await
    }

    /// Asked for and agreed on.
    async fn begin(&self, procedure: &str, parameters: &[(&str, &str)]) -> RunView {
        let parameters = parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let body = RunRequestIn { procedure: procedure.into(), parameters, ..RunRequestIn::default() };
        let key = Uuid::new_v4().to_string();
        let run = self.desk.operator.api.request_run(self.desk.incident, &body, &key).await.unwrap().number;
        let view = self.desk.until(run, "resolved", |v| v.state != RunState::Resolving).await;
        if view.state == RunState::AwaitingApproval {
            self.desk.approve(&view).await;
        }
        view
    }

    async fn ends(&self, run: i64) -> RunView {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let view = self.desk.operator.api.run(run).await.unwrap();
            if !view.state.live() {
                return view;
            }
            if view.state == RunState::Asking {
                let question = view.question.clone().unwrap();
                let step = &view.procedure.steps[question.step as usize - 1];
                // A worker has died in it; doing it again is what the plan's scripts and the wipe allow.
                if question.unclear && self.worker.is_none() {
                    self.desk.answer(&view, Answer::Retry).await;
                    continue;
                }
                assert_eq!(
                    step.kind.name(),
                    "manual",
                    "step {}: {}\n{}",
                    step.number,
                    question.why,
                    self.told(run).await
                );
                self.desk.answer(&view, Answer::Done { note: String::new() }).await;
            }
            assert!(Instant::now() < deadline, "{:?}\n{}", view.steps, self.told(run).await);
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// [`Scene::heal`], and every step has succeeded, with all final checks that a machine can make.
    async fn healed(&self, procedure: &str, parameters: &[(&str, &str)]) -> RunView {
        self.is_healed(self.heal(procedure, parameters).await).await
    }

    async fn is_healed(&self, view: RunView) -> RunView {
        assert_eq!(view.state, RunState::Succeeded, "{:?}\n{}", view.reason, self.told(view.number).await);
        let done = |number| matches!(view.steps[number as usize - 1].state, StepState::Succeeded { .. });
        let is_open = |step: &&Step| !done(step.number);
        let open: Vec<_> = view.procedure.steps.iter().filter(is_open).map(|s| (s.check, s.kind.name())).collect();
        let checks = view.procedure.steps.iter().filter(|s| s.check).count();
        assert_eq!(open, vec![(true, "manual"); checks.min(1)], "{:?}", view.steps);
        view
    }

    async fn told(&self, run: i64) -> String {
        self.desk.output(run).await.into_iter().map(|line| format!("{} | {}\n", line.step, line.text)).collect()
    }

    fn sql(&self, query: &str) -> String {
        let postgres = self.testnet.container("postgres").unwrap();
        docker(&["exec", &postgres, "psql", "-U", "bt2c", "-qAtX", "-c", query]).unwrap().trim().to_owned()
    }

    fn max_height(&self) -> u64 {
        self.sql("SELECT coalesce(max(height), 0) FROM blocks").parse().unwrap()
    }

    /// Heights grow, the nodes see each other, they have the same history, and the database follows.
    fn assert_healthy(&self) {
        let ports = [self.testnet.port1, self.testnet.port2];
        let status = |port| self.testnet.ask(port, "/api/v1/status").ok();
        let height = |port| status(port)?["height"].as_u64();
        wait_for("both nodes to answer", || ports.iter().all(|port| height(*port).is_some()).then_some(()));
        let then = ports.map(|port| height(port).unwrap());
        let now = wait_for("heights to grow", || {
            let now = [height(ports[0])?, height(ports[1])?];
            now.iter().zip(&then).all(|(now, then)| now > then).then_some(now)
        });
        wait_for("peers", || {
            let sees = |port| Some(status(port)?["peers"].as_array()?.len() == 1);
            (sees(ports[0])? && sees(ports[1])?).then_some(())
        });
        let height = now[0].min(now[1]);
        wait_for("one history", || {
            let [one, two] = ports.map(|port| self.testnet.ask(port, &format!("/api/v1/blocks/{height}")).ok());
            (one?["hash"] == two?["hash"]).then_some(())
        });
        wait_for("rows to follow", || (self.max_height() >= height).then_some(()));
    }

    /// A shell command on a volume of the project.
    fn in_volume(&self, volume: &str, command: &str) {
        let image = std::env::var("TESTNET_POSTGRES_IMAGE").unwrap_or_else(|_| "muster-testnet-postgres:local".into());
        let mount = format!("{}:/data", self.testnet.volume(volume).unwrap());
        docker(&["run", "--rm", "--network", "none", "-v", &mount, "--entrypoint", "sh", &image, "-c", command])
            .unwrap();
    }

    /// Whether validator2 takes signatures of this key for validator1.
    fn key_counts(&self, key: &Path) -> bool {
        let network = format!("{}_default", self.testnet.project);
        let public = format!("{}/network:/config:ro", self.testnet.config_dir().display());
        let key = format!("{}:/key:ro", key.display());
        let mut arguments = vec!["key", "check", "--peer", "validator2:7000", "--validator", "validator1"];
        arguments.extend(["--stakes", STAKES, "--key", "/key", "--validators", "/config/validators.json"]);
        let output = self.testnet.program(&["--network", &network, "-v", &public, "-v", &key], &arguments).unwrap();
        match output.status.code() {
            Some(0) => true,
            Some(1) => false,
            _ => panic!("{output:?}"),
        }
    }
}

/// Waits for backups that were made from now on.
fn backed_up(testnet: &Testnet) {
    let links = ["latest.sql", "chain_backup.tar.gz", "config_backup.tar.gz"];
    let of = |link: &str| fs::read_link(testnet.backup_dir().join(link)).ok();
    let before = links.map(of);
    wait_for("new backups", || {
        let is_new = |(link, before): (&&str, &Option<_>)| of(link).is_some_and(|now| Some(&now) != before.as_ref());
        links.iter().zip(&before).all(is_new).then_some(())
    });
}

/// One of the plan's scripts, as a person would start it by hand.
fn script(testnet: &Testnet, name: &str) -> Command {
    let mut script = Command::new(root().join("plans/bt2c/scripts").join(name));
    script.env("MUSTER_PROJECT", &testnet.project).envs(config(testnet).script_env);
    script.env("MUSTER_COMPOSE_FILE", testnet.compose_file()).env("MUSTER_COMPOSE_ENV_FILE", testnet.env_file());
    script
}

/// A worker that knows where the plan's things are on this host.
fn config(testnet: &Testnet) -> Config {
    let (config, backups, logs) = (testnet.config_dir(), testnet.backup_dir(), testnet.logs_dir());
    let text = |path: &Path| path.display().to_string();
    Config {
        scripts: Some(root().join("plans/bt2c/scripts")),
        script_env: [("BT2C_CONFIG", &config), ("BT2C_BACKUPS", &backups), ("BT2C_LOGS", &logs)]
            .map(|(name, path)| (name.to_owned(), text(path)))
            .into(),
        paths: [
            ("/app/config", config.clone()),
            ("/var/backups/bt2c", backups.clone()),
            ("/var/log/bt2c", logs.clone()),
        ]
        .map(|(plans, here)| (plans.to_owned(), here))
        .into(),
        compose_files: [(testnet.project.clone(), testnet.compose_file())].into(),
        compose_env_files: [(testnet.project.clone(), testnet.env_file())].into(),
        ..worker_config(&testnet.project)
    }
}

/// What became true, waited for at most a minute.
fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn node_failure_of_a_validator_that_hangs() {
    let scene = Scene::open(&[]).await;
    docker(&["pause", &scene.testnet.container("validator2").unwrap()]).unwrap();
    // The plan's text says validator1; the button asks which.
    let view = scene.healed("node-failure-recovery", &[("validator", "validator2")]).await;
    let effects: Vec<_> = view.resolution.unwrap().steps.into_iter().map(|step| step.effect).collect();
    assert!(effects[2].contains("validator2") && !effects[2].contains("validator1"), "{effects:?}");
    assert_eq!(scene.testnet.state("validator2").unwrap(), "running");
    scene.assert_healthy();
}

#[tokio::test(flavor = "multi_thread")]
async fn database_recovery_of_a_truncated_table() {
    let scene = Scene::open(&[]).await;
    let before = scene.max_height();
    scene.testnet.compose(&["stop", "-t", "1", "validator1", "validator2"]).unwrap();
    scene.sql("TRUNCATE blocks");
    let view = scene.healed("database-recovery", &[]).await;
    let restored = view.steps.iter().find_map(|step| match &step.state {
        StepState::Succeeded { evidence } if step.number == 3 => Some(evidence.clone()),
        _ => None,
    });
    let restored: u64 = restored.unwrap().chars().filter(char::is_ascii_digit).collect::<String>().parse().unwrap();
    assert!(restored > 0 && restored <= before + 60, "{restored} of {before}");
    scene.assert_healthy();
    let (rows, top) = (scene.sql("SELECT count(*) FROM blocks").parse::<u64>().unwrap(), scene.max_height());
    assert!(top > restored && rows.abs_diff(top + 1) <= 2, "{rows} rows up to {top}");
}

#[tokio::test(flavor = "multi_thread")]
async fn database_recovery_of_a_damaged_volume() {
    let scene = Scene::open(&[]).await;
    scene.testnet.compose(&["kill", "postgres"]).unwrap();
    scene.in_volume("postgres-data", "head -c 8192 /dev/urandom > /data/global/pg_control");
    scene.healed("database-recovery", &[]).await;
    scene.assert_healthy();
}

#[tokio::test(flavor = "multi_thread")]
async fn complete_system_recovery_from_nothing_but_backups() {
    let scene = Scene::open(&[]).await;
    let block = || scene.testnet.ask(scene.testnet.port1, "/api/v1/blocks/3").unwrap()["hash"].clone();
    let before = block();
    scene.testnet.compose(&["kill"]).unwrap();
    scene.in_volume("postgres-data", "rm -rf /data/base /data/global");
    scene.in_volume("validator1-data", "head -c 2000 /dev/urandom > /data/chain.jsonl");
    scene.in_volume("validator2-data", "head -c 2000 /dev/urandom > /data/chain.jsonl");
    scene.healed("complete-system-recovery", &[]).await;
    scene.assert_healthy();
    assert_eq!(block(), before, "the chain goes on from the backup; one begun anew has other blocks");
}

/// Nothing of the project is there any more, and the worker that took it away is dead: the next one, and two people, go on.
#[tokio::test(flavor = "multi_thread")]
async fn complete_system_recovery_whose_worker_dies_after_the_wipe_has_begun() {
    let mut scene = Scene::open(&[]).await;
    scene.testnet.compose(&["kill"]).unwrap();
    let run = scene.begin("complete-system-recovery", &[]).await;
    scene.desk.logged(&run, step_begun(2)).await;
    scene.worker.take().unwrap().kill();
    // Not before: two workers that start at once may get the host in either order.
    let _next = scene.desk.muster.worker_with(config(&scene.testnet));
    let view = scene.ends(run.number).await;
    let view = scene.is_healed(view).await;
    let log = scene.desk.muster.store.run_events(view.id).await.unwrap();
    let claims = log.iter().filter(|r| matches!(r.event, RunEvent::Claimed { .. })).count();
    assert!(claims >= 2, "the next worker went on: {log:?}");
    scene.assert_healthy();
}

#[tokio::test(flavor = "multi_thread")]
async fn security_incident_recovery_after_a_leak() {
    let scene = Scene::open(&[]).await;
    let config = scene.testnet.config_dir();
    let (own, stolen) = (config.join("validator1/key"), scene.testnet.logs_dir().join("stolen"));
    fs::copy(&own, &stolen).unwrap();
    let leaked = setting(&scene.testnet, "TESTNET_DB_PASSWORD");
    assert!(scene.key_counts(&stolen), "it opens the door today");
    assert!(signs_in(&scene.testnet, &leaked), "it opens the door today");

    scene.healed("security-incident-recovery", &[]).await;
    scene.assert_healthy();
    assert!(!scene.key_counts(&stolen) && scene.key_counts(&own));
    let new = setting(&scene.testnet, "TESTNET_DB_PASSWORD");
    assert!(new != leaked && signs_in(&scene.testnet, &new) && !signs_in(&scene.testnet, &leaked));
}

fn setting(testnet: &Testnet, name: &str) -> String {
    let text = fs::read_to_string(testnet.env_file()).unwrap();
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('=')).unwrap().to_owned()
}

/// Over the network, as somebody else's program would.
fn signs_in(testnet: &Testnet, password: &str) -> bool {
    let backup = testnet.container("backup").unwrap();
    let variable = format!("PGPASSWORD={password}");
    docker(&["exec", "-e", &variable, &backup, "psql", "-h", "postgres", "-U", "bt2c", "-qAtXc", "SELECT 1", "bt2c"])
        .is_ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn network_partition_recovery() {
    let scene = Scene::open(&[]).await;
    let network = format!("{}_default", scene.testnet.project);
    docker(&["network", "disconnect", &network, &scene.testnet.container("validator2").unwrap()]).unwrap();
    tokio::time::sleep(Duration::from_secs(5)).await;
    scene.healed("network-partition-recovery", &[]).await;
    scene.assert_healthy();
}

#[tokio::test(flavor = "multi_thread")]
async fn consensus_recovery_of_two_histories() {
    let scene = Scene::open(&[("TESTNET_MAX_REORG", "3")]).await;
    let network = format!("{}_default", scene.testnet.project);
    let validator1 = scene.testnet.container("validator1").unwrap();
    let common = scene.testnet.wait_for_height(scene.testnet.port2, 2).unwrap();
    docker(&["network", "disconnect", &network, &validator1]).unwrap();
    scene.testnet.wait_for_height(scene.testnet.port2, common + 8).unwrap();
    docker(&["network", "connect", "--alias", "validator1", &network, &validator1]).unwrap();
    let forked =
        |port| Some(scene.testnet.ask(port, "/api/v1/status").ok()?["fork"].clone()).filter(|fork| !fork.is_null());
    let fork: Value = wait_for("a fork", || forked(scene.testnet.port1).or_else(|| forked(scene.testnet.port2)));
    let view = scene.healed("consensus-recovery", &[]).await;
    let told = scene.told(view.number).await;
    let height = fork["height"].as_u64().unwrap().to_string();
    assert!(told.lines().any(|line| line.starts_with("1 |") && line.contains(&height)), "{height}\n{told}");
    scene.assert_healthy();
    assert!(forked(scene.testnet.port1).is_none() && forked(scene.testnet.port2).is_none());
}

/// Another digit in the signature of block 2.
const FLIP: &str =
    r#"sed -i '3s/"signature":"0/"signature":"1/;t;3s/"signature":"./"signature":"0/' /data/chain.jsonl"#;

#[tokio::test(flavor = "multi_thread")]
async fn identify_corruption_names_the_height_and_writes_a_report() {
    let scene = Scene::open(&[]).await;
    scene.in_volume("validator1-data", FLIP);
    let view = scene.healed("identify-corruption", &[]).await;
    let told = scene.told(view.number).await;
    let names = |line: &str| ["2 |", "validator1: DAMAGED", "(block 2)"].iter().all(|part| line.contains(part));
    assert!(told.lines().any(names), "{told}");
    let reports: Vec<_> = fs::read_dir(scene.testnet.logs_dir().join("reports")).unwrap().flatten().collect();
    let json = reports.iter().find(|entry| entry.path().extension().is_some_and(|end| end == "json")).unwrap();
    let report: Value = serde_json::from_slice(&fs::read(json.path()).unwrap()).unwrap();
    assert!(report.to_string().contains("validator1"), "{report}");
    assert!(reports.iter().any(|entry| entry.path().extension().is_some_and(|end| end == "md")));
}

#[tokio::test(flavor = "multi_thread")]
async fn recover_data_of_a_corrupt_node() {
    let scene = Scene::open(&[]).await;
    scene.testnet.compose(&["kill", "validator2"]).unwrap();
    scene.in_volume("validator2-data", FLIP);
    scene.healed("recover-data", &[("validator", "validator2")]).await;
    scene.assert_healthy();
    let data = format!("{}:/data:ro", scene.testnet.volume("validator2-data").unwrap());
    let config = format!("{}/network:/config:ro", scene.testnet.config_dir().display());
    said(scene.testnet.program(&["-v", &data, "-v", &config], &["chain", "verify"]).unwrap()).unwrap();
}
