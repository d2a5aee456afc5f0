//! Muster from its own images under its own docker-compose.yml, next to a network it recovers. The images are those that
//! `cargo xtask test` or `cargo xtask image` built.

use std::{
    io::Write as _,
    os::unix::fs::MetadataExt as _,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;
use shared::domain::run::{Answer, RunState, StepState};
use tests::{
    persona::Persona,
    programs::Scratch,
    testnet::{Testnet, compose, docker, free_port, root, said},
};
use uuid::Uuid;

use super::desk::{NODE_FAILURE, People, now, starts_since};

/// As the test command says, else what was built by hand.
fn image_of(target: &str) -> String {
    let variable = format!("MUSTER_TEST_{}_IMAGE", target.to_uppercase());
    std::env::var(variable).unwrap_or_else(|_| format!("muster-{target}:local"))
}

struct Composition {
    project: String,
    port: u16,
    password: String,
    /// What its worker may touch.
    recovers: String,
    settings: Scratch,
}

impl Composition {
    fn up(recovers: &str) -> Self {
        let composition = Self {
            project: format!("mustercomposed{}", &Uuid::new_v4().simple().to_string()[..8]),
            port: free_port().unwrap(),
            password: Uuid::new_v4().simple().to_string(),
            recovers: recovers.to_owned(),
            settings: Scratch::new().unwrap(),
        };
        for image in [image_of("server"), image_of("worker")] {
            docker(&["image", "inspect", "-f", "{{.Id}}", &image]).expect("not built: cargo xtask image");
        }
        composition.compose(&["up", "-d", "--no-build"]).unwrap();
        composition
    }

    fn base(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    /// As the composition's file says: by a second file the worker joins the network it recovers, and is given its scripts and
    /// Compose file. The settings are copied, because those of the test are its owner's alone.
    fn equip(&self, testnet: &Testnet) {
        let (project, scratch) = (&testnet.project, Scratch::new().unwrap());
        let settings = self.settings.file("testnet.env", std::fs::read(testnet.env_file()).unwrap()).unwrap();
        let plans = root().join("plans/bt2c");
        let text = format!(
            "version: \"3.8\"
services:
  worker:
    networks: [core, recovered]
    environment:
      MUSTER_WORKER_SCRIPTS: /srv/bt2c/scripts
      MUSTER_WORKER_PATHS: /var/backups/bt2c=/srv/bt2c/backups
      MUSTER_WORKER_COMPOSE_FILES: {project}=/srv/bt2c/docker-compose.yml
      MUSTER_WORKER_COMPOSE_ENV_FILES: {project}=/srv/bt2c/testnet.env
    volumes:
      - {scripts}:/srv/bt2c/scripts:ro
      - {file}:/srv/bt2c/docker-compose.yml:ro
      - {settings}:/srv/bt2c/testnet.env:ro
networks: {{ recovered: {{ external: true, name: {project}_default }} }}
",
            scripts = plans.join("scripts").display(),
            file = plans.join("testnet/docker-compose.yml").display(),
            settings = settings.display(),
        );
        let file = scratch.file("recovers.yml", text).unwrap();
        self.compose(&["-f", &file.to_string_lossy(), "up", "-d", "--no-build"]).unwrap();
    }

    fn compose(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let group = std::fs::metadata("/var/run/docker.sock")?.gid();
        let postgres = std::env::var("TESTNET_POSTGRES_IMAGE");
        let output = compose(&self.project, &root().join("docker-compose.yml"))
            .args(arguments)
            .env("MUSTER_DB_PASSWORD", &self.password)
            .env("DOCKER_GID", group.to_string())
            .env("MUSTER_PROJECTS", &self.recovers)
            .env("MUSTER_PUBLIC_URL", self.base())
            .env("MUSTER_PUBLISH", format!("127.0.0.1:{}", self.port))
            .env("MUSTER_POSTGRES_IMAGE", postgres.unwrap_or_else(|_| "muster-testnet-postgres:local".into()))
            .env("MUSTER_SERVER_IMAGE", image_of("server"))
            .env("MUSTER_WORKER_IMAGE", image_of("worker"))
            .output()?;
        said(output)
    }

    fn container(&self, service: &str) -> String {
        let project = format!("label=com.docker.compose.project={}", self.project);
        let service = format!("label=com.docker.compose.service={service}");
        docker(&["ps", "-aq", "--no-trunc", "--filter", &project, "--filter", &service]).unwrap().trim().to_owned()
    }

    fn inspect(&self, service: &str) -> Value {
        let found: Value = serde_json::from_str(&docker(&["inspect", &self.container(service)]).unwrap()).unwrap();
        found[0].clone()
    }

    /// Runs a program inside a service, with this on its standard input.
    fn exec(&self, service: &str, arguments: &[&str], input: &str) -> String {
        let mut child = Command::new("docker")
            .args(["exec", "-i", &self.container(service)])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{arguments:?}: {text}");
        text
    }

    async fn wait_until_ready(&self) {
        let deadline = Instant::now() + Duration::from_secs(120);
        loop {
            match reqwest::get(format!("{}/readyz", self.base())).await {
                Ok(answer) if answer.status() == 200 => return,
                other if Instant::now() > deadline => {
                    panic!("{other:?}\n{}", self.compose(&["logs", "--tail=30"]).unwrap_or_default());
                }
                _ => tokio::time::sleep(Duration::from_millis(200)).await,
            }
        }
    }

    async fn person(&self, role: &str) -> Persona {
        let (email, password) = (format!("{role}@test.invalid"), Uuid::new_v4().to_string());
        let mut add = vec!["muster", "user", "add", "--email", &email, "--name", role, "--role", role];
        // Where there is no way back, the duty must be among those who agree.
        if role == "administrator" {
            add.extend(["--contact-role", "system-administrator", "--contact-role", "database-administrator"]);
        }
        self.exec("server", &add, &password);
        Persona::sign_in(&self.base(), &email, &password).await.unwrap()
    }
}

impl Drop for Composition {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.compose(&["logs", "--no-color", "--tail=40"]).unwrap_or_default());
        }
        if let Err(error) = self.compose(&["down", "-v", "-t", "2"]) {
            eprintln!("the composition {} could not be removed: {error:#}", self.project);
        }
    }
}

/// Steps that call programs of the worker's own image.
const MORE: &str = "\n## Bring back what is missing\n\n```bash {id=bring-back}\n./scripts/network_diagnosis.sh\ndocker-compose up -d\n```\n";

#[tokio::test(flavor = "multi_thread")]
async fn the_composition_recovers_a_network() {
    let testnet = Testnet::up().unwrap();
    testnet.kill("validator1").unwrap();
    // Declared after the network, so that it leaves it before it goes.
    let muster = Composition::up(&testnet.project);
    muster.wait_until_ready().await;
    only_the_worker_reaches_docker(&muster);
    nothing_runs_with_more_than_it_needs(&muster);
    let page = reqwest::get(muster.base()).await.unwrap();
    assert_eq!(page.status(), 200);
    let shell = reqwest::get(format!("{}/login", muster.base())).await.unwrap().text().await.unwrap();
    let script =
        shell.split('"').find(|part| part.contains("boot-") && part.ends_with(".js")).expect("the console's script");
    assert_eq!(reqwest::get(format!("{}{script}", muster.base())).await.unwrap().status(), 200);

    let import = ["muster", "plan", "import", "/dev/stdin", "--system", "bt2c", "--project", &testnet.project];
    muster.exec("server", &import, &(testnet.plan().unwrap() + MORE));
    let seen = muster.exec("worker", &["muster-worker", "check"], "");
    for expected in ["ok    database", "ok    docker", "4 containers", "exited (137)"] {
        assert!(seen.contains(expected), "{seen}");
    }

    let people = People::declare(
        muster.person("operator").await,
        muster.person("approver").await,
        muster.person("administrator").await,
    )
    .await;
    let (validator1, since) = (testnet.container("validator1").unwrap(), now());
    let view = people.resolved(NODE_FAILURE).await;
    assert_eq!(view.resolution.as_ref().unwrap().steps[2].objects[0].id, validator1);
    people.approve(&view).await;
    // The network publishes on the host's loopback, and this worker is not there: the step says so and asks.
    let view = people.ended(view.number).await;
    assert_eq!(view.state, RunState::Asking, "{:?} {:?}", view.reason, view.steps);
    let question = view.question.clone().unwrap();
    assert_eq!(question.step, 4);
    assert!(question.why.contains("published on the host's loopback only"), "{}", question.why);
    assert!(matches!(view.steps[2].state, StepState::Succeeded { .. }));
    assert_eq!(starts_since(&validator1, &since), 1);

    let worker = muster.container("worker");
    muster.equip(&testnet);
    assert_ne!(muster.container("worker"), worker, "made anew in the middle of the run");
    people.answer(&view, Answer::Retry).await;
    let over = |state: RunState| !state.live() || state == RunState::Asking;
    let view = people.until(view.number, "over", |v| over(v.state) && v.steps[3].attempts == 2).await;
    assert_eq!(view.state, RunState::Succeeded, "{:?} {:?}", view.reason, view.question);
    assert_eq!(starts_since(&validator1, &since), 1);
    let height = testnet.height(testnet.port1).unwrap();
    testnet.wait_for_height(testnet.port1, height + 1).unwrap();
    a_script_and_compose_run_in_the_container(&testnet, &people).await;
    assert!(muster.exec("server", &["muster", "audit", "verify"], "").contains("entries"));
    only_the_worker_reaches_docker(&muster);
}

/// The image brings what they need: bash, coreutils, curl, jq, the Docker client, Compose.
async fn a_script_and_compose_run_in_the_container(testnet: &Testnet, people: &People) {
    testnet.kill("validator2").unwrap();
    let view = people.resolved("bring-back").await;
    people.approve(&view).await;
    let view = people.ended(view.number).await;
    let said: String = people.output(view.number).await.into_iter().map(|line| line.text + "\n").collect();
    assert_eq!(view.state, RunState::Succeeded, "{:?}\n{said}", view.question);
    assert!(said.contains("network_diagnosis: no cut, but validator2 is exited"), "{said}");
    assert_eq!(testnet.state("validator2").unwrap(), "running");
}

/// As the kernel sees the running processes, not as the file wishes: no capability, no way to gain one, nothing to write to but the
/// volume and the memory file system. And each image says what it is made of.
fn nothing_runs_with_more_than_it_needs(muster: &Composition) {
    for service in ["postgres", "server", "worker"] {
        let container = muster.container(service);
        let processes = docker(&["top", &container, "-eo", "pid,uid"]).unwrap();
        for process in processes.lines().skip(1) {
            let mut words = process.split_whitespace();
            let (pid, uid) = (words.next().unwrap(), words.next().unwrap());
            let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
            // A process that has ended in the meantime has nothing at all.
            if status.is_empty() {
                continue;
            }
            let value = |key: &str| status.lines().find_map(|line| line.strip_prefix(key)).unwrap().trim().to_owned();
            assert_eq!(value("NoNewPrivs:"), "1", "{service}: {status}");
            // The database's own entry point begins as root; what serves the database does not.
            if service != "postgres" || uid != "0" {
                for set in ["CapInh:", "CapPrm:", "CapEff:", "CapAmb:"] {
                    assert_eq!(value(set), "0000000000000000", "{service} {set} {status}");
                }
            }
            assert_eq!(value("Seccomp:"), "2", "{service}: system calls are filtered");
        }
        if service == "postgres" {
            continue;
        }
        let seen = muster.inspect(service);
        assert_eq!(seen["Config"]["User"], "10001:10001", "{service}");
        let writable = seen["Mounts"].as_array().unwrap().iter().filter(|m| m["RW"] == true);
        let to: Vec<_> = writable.map(|m| m["Destination"].as_str().unwrap().to_owned()).collect();
        let expected: &[&str] = match service {
            "worker" => &["/var/lib/muster", "/var/run/docker.sock"],
            // The key for secrets apart from everything that is backed up.
            _ => &["/var/lib/muster", "/var/lib/muster-key"],
        };
        assert!(to.iter().all(|place| expected.contains(&place.as_str())), "{service}: {to:?}");
        let scratch = Scratch::new().unwrap();
        let file = scratch.path().join("sbom.json");
        docker(&["cp", &format!("{container}:/opt/muster/sbom.cdx.json"), &file.to_string_lossy()]).unwrap();
        let bill: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        assert_eq!(bill["bomFormat"], "CycloneDX");
        assert!(bill["components"].as_array().unwrap().iter().any(|c| c["name"] == "sqlx"), "{service}");
    }
    let refused = Command::new("docker").args(["exec", &muster.container("worker"), "touch", "/opt/muster/x"]).output();
    assert!(String::from_utf8_lossy(&refused.unwrap().stderr).contains("Read-only file system"));
}

fn only_the_worker_reaches_docker(muster: &Composition) {
    for service in ["postgres", "server", "worker"] {
        let seen = muster.inspect(service);
        let mounts = seen["Mounts"].as_array().unwrap();
        let socket = mounts.iter().any(|m| m["Source"].as_str().is_some_and(|s| s.contains("docker.sock")));
        assert_eq!(socket, service == "worker", "{service}: {mounts:?}");
        let ports = seen["NetworkSettings"]["Ports"].as_object().unwrap();
        let published = ports.values().any(|bindings| !bindings.is_null());
        assert_eq!(published, service == "server", "{service}: {ports:?}");
        assert_eq!(seen["HostConfig"]["Privileged"], false);
        if service == "postgres" {
            continue;
        }
        assert_eq!(seen["HostConfig"]["CapDrop"], serde_json::json!(["ALL"]), "{service}");
        assert_eq!(seen["HostConfig"]["ReadonlyRootfs"], true, "{service}");
        let processes = docker(&["top", &muster.container(service), "-eo", "pid,uid"]).unwrap();
        let owners: Vec<_> = processes.lines().skip(1).filter_map(|line| line.split_whitespace().nth(1)).collect();
        assert!(!owners.is_empty() && owners.iter().all(|uid| *uid == "10001"), "{service}: {processes}");
    }
    // Nobody can knock at the worker: there is no listening socket in its network.
    let pid = muster.inspect("worker")["State"]["Pid"].to_string();
    for table in ["tcp", "tcp6"] {
        let sockets = std::fs::read_to_string(format!("/proc/{pid}/net/{table}")).unwrap_or_default();
        let names_server =
            |line: &&str| line.split_whitespace().nth(1).is_some_and(|local| local.starts_with("0B00007F"));
        let listening: Vec<_> = sockets
            .lines()
            .filter(|line| line.split_whitespace().nth(3) == Some("0A"))
            .filter(|l| !names_server(l))
            .collect();
        assert!(listening.is_empty(), "{listening:?}");
    }
}
