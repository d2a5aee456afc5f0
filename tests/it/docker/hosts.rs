//! Several Docker hosts: engines of their own on this machine, reached by socket, TLS and ssh, with a project of the same name on
//! each. Whatever is done on one leaves the others as they are.

use std::path::Path;

use shared::{
    api::run::RunView,
    digest::Digest,
    domain::{
        access::Role,
        actor::Actor,
        run::{RunState, StepState},
    },
};
use tests::{
    engine::{Engine, STILL},
    muster::{Muster, declaration},
    programs::{Said, Scratch, Terminal},
    sshd::Sshd,
};
use uuid::Uuid;

use super::{
    desk::{Desk, People},
    process::WorkerProcess,
    stray::{HEAL, new_project, plan},
};

const RESTART: &str = "docker-compose restart validator1";

/// The steps that take each way to an engine once: Compose, a command, a program's output, a log.
const EVERYTHING: [&str; 4] = [
    "docker compose up -d",
    RESTART,
    "docker compose exec validator1 echo 'over there'",
    "docker compose logs --tail=5 validator1",
];

/// A system on a host, with its plan and its incident.
pub(super) async fn settle(muster: &Muster, slug: &str, project: &str, host: &str, text: &str) -> People {
    let mut tx = muster.store.begin().await.unwrap();
    let system = tx.system_create(slug, slug, project, Some(host)).await.unwrap();
    tx.plan_version_add(system.id, Digest::of(text.as_bytes()), text, &Actor::CommandLine, "for the test")
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let (operator, approver, second) =
        tokio::try_join!(muster.persona(Role::Operator), muster.persona(Role::Approver), muster.persona_with_duties())
            .unwrap();
    let mut body = declaration("validator1").unwrap();
    body.system = slug.into();
    let incident = operator.api.declare(&body, &Uuid::new_v4().to_string()).await.unwrap().number;
    People { operator, approver, second, incident }
}

async fn heal(people: &People) -> RunView {
    let view = people.resolved(HEAL).await;
    people.approve(&view).await;
    let view = people.ended(view.number).await;
    assert_eq!(view.state, RunState::Succeeded, "{:?} {:?} {:?}", view.reason, view.question, view.steps);
    view
}

fn evidence(view: &RunView) -> Vec<&str> {
    let mut all = vec![];
    for step in &view.steps {
        match &step.state {
            StepState::Succeeded { evidence } => all.push(evidence.as_str()),
            other => panic!("{other:?}"),
        }
    }
    all
}

/// One sleeping service without a network.
fn compose_file(directory: &Scratch) -> String {
    let text = format!(
        "version: \"3.8\"\nservices:\n  validator1: {{ image: \"{STILL}\", command: [sh, -c, \"echo awake; exec sleep 600\"], \
         network_mode: none, stop_grace_period: 1s }}\n"
    );
    directory.file("docker-compose.yml", text).unwrap().display().to_string()
}

/// `muster-worker check` with these variables.
fn check(variables: &[(&str, &str)]) -> Said {
    let mut terminal = Terminal::open().unwrap().with("MUSTER_WORKER_PROJECTS", "none");
    for (name, value) in variables {
        terminal = terminal.with(name, *value);
    }
    terminal.run("muster-worker", &["check"], "").unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hosts_with_a_project_of_one_name_are_not_mixed_up() {
    let (here, there) = (Engine::start().unwrap(), Engine::start().unwrap());
    let project = new_project();
    let one = here.run(&project, "validator1", &[], &[]).unwrap();
    let directory = Scratch::new().unwrap();
    let file = compose_file(&directory);
    let muster = Muster::start_empty().await.unwrap();
    let on_one = settle(&muster, "one", &project, "host-one", &plan("", &[RESTART])).await;
    let on_two = settle(&muster, "two", &project, "host-two", &plan("", &EVERYTHING)).await;
    let url = &muster.database.worker_url;
    let certificates = there.certificates.display().to_string();
    let compose_files = format!("{project}={file}");
    let tls = [
        ("DOCKER_TLS_VERIFY", "1"),
        ("DOCKER_CERT_PATH", certificates.as_str()),
        ("MUSTER_WORKER_HOST", "host-two"),
        ("MUSTER_WORKER_COMPOSE_FILES", compose_files.as_str()),
    ];
    // The worker of the second host is alone at first: a run of the first is not its business.
    let second = WorkerProcess::start_with(url, &project, &there.address(), &tls);
    let began = here.started_at(&one).unwrap();
    let view = heal(&on_two).await;
    assert_eq!(view.resolution.as_ref().unwrap().host, "host-two");
    let said = evidence(&view);
    assert_eq!((said[0], said[2]), ("validator1 is up", "over there"), "{said:?}");
    let lines = on_two.output(view.number).await;
    assert!(lines.iter().any(|line| line.step == 4 && line.text.contains("awake")), "{lines:?}");
    assert_eq!(here.started_at(&one).unwrap(), began, "the first host's was left alone");

    let asked = on_one.request(HEAL).await;
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    let waiting = on_one.operator.api.run(asked.number).await.unwrap();
    assert_eq!(waiting.state, RunState::Resolving, "nobody on its host can look: {:?}", waiting.reason);
    let two = there.docker(&["ps", "-q", "--no-trunc"]).unwrap();
    let two_began = there.started_at(&two).unwrap();
    let first = WorkerProcess::start_with(url, &project, &here.socket(), &[("MUSTER_WORKER_HOST", "host-one")]);
    let view = on_one.until(asked.number, "resolved", |view| view.state == RunState::AwaitingApproval).await;
    assert_eq!(view.resolution.as_ref().unwrap().steps[0].objects[0].id, one);
    on_one.approve(&view).await;
    let view = on_one.ended(view.number).await;
    assert_eq!(view.state, RunState::Succeeded, "{:?} {:?}", view.reason, view.question);
    assert_ne!(here.started_at(&one).unwrap(), began);
    assert_eq!(there.started_at(&two).unwrap(), two_began, "the second host's was left alone");
    drop((first, second));
}

/// Who answers at the address must be who it says, and must know the worker; `check` says which of both is not so.
#[tokio::test(flavor = "multi_thread")]
async fn tls_without_the_right_certificates_reaches_nobody() {
    let (engine, other) = (Engine::start().unwrap(), Engine::start().unwrap());
    let docker = |host: &str, certificates: &Path| {
        let said = check(&[("DOCKER_HOST", host), ("DOCKER_CERT_PATH", &certificates.display().to_string())]);
        said.out.lines().find(|line| line.contains("docker ")).unwrap_or_default().to_owned() + &said.err
    };
    let fine = docker(&engine.address(), &engine.certificates);
    assert!(fine.starts_with("ok    docker"), "{fine}");
    let wrong = docker(&engine.address(), &other.certificates);
    assert!(wrong.starts_with("FAIL") && wrong.contains("not from the authority in"), "{wrong}");
    // The engine is trusted, the worker is not: a certificate of somebody else's.
    let mixed = Scratch::new().unwrap();
    for (from, name) in [(&engine, "ca.pem"), (&other, "cert.pem"), (&other, "key.pem")] {
        std::fs::copy(from.certificates.join(name), mixed.path().join(name)).unwrap();
    }
    let stranger = docker(&engine.address(), mixed.path());
    assert!(stranger.contains("it does not accept") && stranger.contains("cert.pem"), "{stranger}");
    let named = docker(&engine.address().replace("127.0.0.1", "localhost"), &engine.certificates);
    assert!(named.contains("its certificate is not for localhost"), "{named}");
    std::fs::remove_file(mixed.path().join("key.pem")).unwrap();
    let none = docker(&engine.address(), mixed.path());
    assert!(none.contains("key.pem cannot be read"), "{none}");
    let plain = check(&[("DOCKER_HOST", "tcp://192.0.2.1:2375")]);
    assert!(plain.code == Some(2) && plain.err.contains("owns the host"), "{plain:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_is_reached_by_ssh_and_only_if_its_key_is_known() {
    let engine = Engine::start().unwrap();
    let sshd = Sshd::start(&engine.socket()).unwrap();
    let docker = |config: &Path| {
        let said =
            check(&[("DOCKER_HOST", &sshd.address()), ("MUSTER_WORKER_SSH_CONFIG", &config.display().to_string())]);
        said.out.lines().find(|line| line.contains("docker ")).unwrap_or_default().to_owned() + &said.err
    };
    let unknown = docker(&sshd.client("user", false).unwrap());
    assert!(unknown.contains("the host key of 127.0.0.1 is not known here"), "{unknown}");
    let stranger = docker(&sshd.client("stranger", true).unwrap());
    assert!(stranger.contains("does not let") && stranger.contains("authorized_keys"), "{stranger}");
    let config = sshd.client("user", true).unwrap();
    let fine = docker(&config);
    assert!(fine.starts_with("ok    docker"), "{fine}");

    let project = new_project();
    let directory = Scratch::new().unwrap();
    let desk = Desk::open(&plan("", &EVERYTHING), &project).await;
    let (config, files) = (config.display().to_string(), format!("{project}={}", compose_file(&directory)));
    let settings = [("MUSTER_WORKER_SSH_CONFIG", config.as_str()), ("MUSTER_WORKER_COMPOSE_FILES", files.as_str())];
    let url = &desk.muster.database.worker_url;
    let worker = WorkerProcess::start_with(url, &project, &sshd.address(), &settings);
    let view = heal(&desk).await;
    let said = evidence(&view);
    assert_eq!((said[0], said[2]), ("validator1 is up", "over there"), "{said:?}");
    assert!(said[1].starts_with("restarted "), "{said:?}");
    let lines = desk.output(view.number).await;
    assert!(lines.iter().any(|line| line.step == 4 && line.text.contains("awake")), "{lines:?}");
    drop(worker);
}
