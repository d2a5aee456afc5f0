//! A drill on real Docker: a second network is made for it, broken, recovered and removed, and the real one does not notice.

use std::{
    collections::BTreeMap,
    fs,
    io::Write as _,
    path::PathBuf,
    time::{Duration, Instant},
};

use serde_json::json;
use shared::{
    api::drill::{DrillIn, DrillView},
    domain::{access::Role, readiness::Subject, run::RunState},
    timestamp::Timestamp,
};
use tests::{
    muster::{Muster, worker_config},
    persona::Persona,
    scene::{PROCEDURE, decide},
    testnet::{Testnet, docker, postgres_image, root},
};
use uuid::Uuid;
use worker::config::{Config, drill::DrillTarget};

const PATIENCE: Duration = Duration::from_secs(180);
const SERVICES: [&str; 4] = ["validator1", "validator2", "postgres", "backup"];

/// Everything with the project's label, running or not.
fn labelled(project: &str) -> Vec<String> {
    let label = format!("label=com.docker.compose.project={project}");
    let asked = [vec!["ps", "-aq"], vec!["volume", "ls", "-q"], vec!["network", "ls", "-q"]];
    let all = asked.into_iter().map(|mut words| {
        words.extend(["--filter", &label]);
        docker(&words).unwrap()
    });
    all.flat_map(|said| said.lines().map(str::to_owned).collect::<Vec<_>>()).collect()
}

fn target(drill: &Testnet, file: PathBuf) -> DrillTarget {
    let paths = [("/var/backups/bt2c".to_owned(), drill.backup_dir()), ("/app/config".to_owned(), drill.config_dir())];
    DrillTarget { file, env_file: Some(drill.env_file()), paths: paths.into(), ..DrillTarget::default() }
}

async fn begin(by: &Persona, procedure: &str) -> DrillView {
    let body = DrillIn {
        procedure: procedure.into(),
        parameters: BTreeMap::new(),
        procedure_digest: None,
        limit_seconds: None,
    };
    by.api.begin_drill("bt2c", &body, &Uuid::new_v4().to_string()).await.unwrap()
}

async fn until(by: &Persona, drill: i64, what: &str, so: impl Fn(&DrillView) -> bool) -> DrillView {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let view = by.api.drill(drill).await.unwrap();
        if so(&view) {
            return view;
        }
        let why = by.api.run(view.run).await.unwrap().reason;
        assert!(Instant::now() < deadline, "not {what}: {view:?} {why:?}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_made_for_it_is_recovered_and_removed_and_the_real_one_stays_as_it_is() {
    let net = Testnet::up().unwrap();
    let files = net.drill().unwrap();
    let muster = Muster::start_with_plan(&net.plan().unwrap(), &net.project).await.unwrap();
    let (operator, approver) =
        tokio::try_join!(muster.persona(Role::Operator), muster.persona(Role::Approver)).unwrap();
    let real = || SERVICES.map(|service| (net.container(service).unwrap(), net.started_at(service).unwrap()));
    let before = real();
    let config = |file: PathBuf| Config {
        drills: [(net.project.clone(), target(&files, file))].into(),
        ..worker_config(&net.project)
    };
    let worker = muster.worker_with(config(net.compose_file()));

    let drill = begin(&operator, PROCEDURE).await;
    until(&operator, drill.number, "standing", |view| view.run_state != RunState::Resolving).await;
    let run = operator.api.run(drill.run).await.unwrap();
    assert_eq!(run.state, RunState::AwaitingApproval, "{:?}", run.reason);
    assert_eq!(run.project, files.project);
    // The trouble, in the target.
    files.kill("validator1").unwrap();
    decide(&approver, &run, true).await.unwrap();
    let done = until(&operator, drill.number, "over", |view| view.ended_at.is_some()).await;
    let why = operator.api.run(drill.run).await.unwrap();
    assert_eq!((done.run_state, done.left_behind.len()), (RunState::Succeeded, 0), "{:?} {:?}", why.reason, why.steps);
    let (recovered, asked) = (done.recovered_seconds.unwrap(), done.asked_seconds.unwrap());
    assert!(recovered <= asked && recovered < 600, "{recovered} {asked}");
    assert_eq!(labelled(&files.project), Vec::<String>::new(), "asked for by label");
    assert_eq!(real(), before, "the same containers, started when they were");
    drop(worker);

    // A target that would be the real one's: its database's files and its network.
    let volume = net.volume("postgres-data").unwrap();
    let network = format!("{}_default", net.project);
    let file = files.config_dir().join("not-apart.yml");
    let text = format!(
        "version: \"3.8\"\nservices:\n  validator1:\n    image: {}\n    command: [sleep, \"600\"]\n    volumes: [\"data:/data\"]\n\
         volumes:\n  data:\n    external: true\n    name: {volume}\n\
         networks:\n  default:\n    external: true\n    name: {network}\n",
        postgres_image()
    );
    fs::write(&file, text).unwrap();
    let _worker = muster.worker_with(config(file));
    let drill = begin(&operator, PROCEDURE).await;
    let done = until(&operator, drill.number, "refused", |view| view.ended_at.is_some()).await;
    let why = operator.api.run(drill.run).await.unwrap().reason.unwrap();
    assert_eq!(done.run_state, RunState::Unresolvable, "{why}");
    assert!(why.contains("not apart") && why.contains(&volume) && why.contains(&network), "{why}");
    assert_eq!(labelled(&files.project), Vec::<String>::new());
    assert_eq!(net.volume("postgres-data").unwrap(), volume);
    assert_eq!(real(), before);
}

/// When the backup service began a dump, which is its name: `20261127T192827Z.sql`.
fn begun_at(name: &str) -> Timestamp {
    let part = |from, to| name.get(from..to).unwrap();
    let [year, month, day] = [part(0, 4), part(4, 6), part(6, 8)];
    let [hour, minute, second] = [part(9, 11), part(11, 13), part(13, 15)];
    serde_json::from_value(json!(format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z"))).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drill_that_restores_a_database_says_how_much_would_have_been_lost() {
    let net = Testnet::up().unwrap();
    let files = net.drill().unwrap();
    let mut settings = fs::OpenOptions::new().append(true).open(files.env_file()).unwrap();
    settings.write_all(b"TESTNET_BACKUP_INTERVAL=3\n").unwrap();
    let muster = Muster::start_with_plan(&net.plan().unwrap(), &net.project).await.unwrap();
    let (operator, approver, second) =
        tokio::try_join!(muster.persona(Role::Operator), muster.persona(Role::Approver), muster.persona_with_duties())
            .unwrap();
    let own =
        [("BT2C_CONFIG", files.config_dir()), ("BT2C_BACKUPS", files.backup_dir()), ("BT2C_LOGS", files.logs_dir())];
    let drills = DrillTarget {
        scripts: Some(root().join("plans/bt2c/scripts")),
        script_env: own.map(|(name, path)| (name.to_owned(), path.display().to_string())).into(),
        ..target(&files, net.compose_file())
    };
    let config = Config { drills: [(net.project.clone(), drills)].into(), ..worker_config(&net.project) };
    let _worker = muster.worker_with(config);

    let drill = begin(&operator, "database-recovery").await;
    until(&operator, drill.number, "standing", |view| view.run_state != RunState::Resolving).await;
    let run = operator.api.run(drill.run).await.unwrap();
    assert_eq!(run.state, RunState::AwaitingApproval, "{:?}", run.reason);
    let deadline = Instant::now() + PATIENCE;
    while fs::metadata(files.backup_dir().join("latest.sql")).is_err() {
        assert!(Instant::now() < deadline, "no backup");
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    // What is restored must not make room for newer ones meanwhile.
    docker(&["stop", &files.container("backup").unwrap()]).unwrap();
    decide(&approver, &run, true).await.unwrap();
    // As in earnest: a database that is overwritten takes two, one of them with its duty.
    decide(&second, &run, true).await.unwrap();
    let done = until(&operator, drill.number, "over", |view| view.ended_at.is_some()).await;
    let why = operator.api.run(drill.run).await.unwrap();
    assert_eq!((done.run_state, done.left_behind.len()), (RunState::Succeeded, 0), "{:?} {:?}", why.reason, why.steps);
    let (stood_at, _) = muster.store.run_fetch(why.id).await.unwrap().run.resolution.unwrap();
    let point = |data: &str| done.points.iter().find(|point| point.data == data).unwrap();
    let database = point("Database");
    let name = database.how.strip_prefix("step 2 restored ").unwrap();
    let lost = stood_at.seconds_since(begun_at(name)).max(0);
    // A dump takes a moment from its name to the instant that it shows.
    let said = i64::try_from(database.lost_seconds.unwrap()).unwrap();
    assert!((0..=10).contains(&(lost - said)) && database.kept() == Some(true), "{lost}: {database:?}");
    assert!(point("Blockchain").lost_seconds.is_none() && point("Blockchain").how.contains("in blocks"));
    assert!(point("Configuration").how.contains("no step of this procedure was given a backup"));
    assert_eq!(labelled(&files.project), Vec::<String>::new());
    let ready = operator.api.readiness("bt2c").await.unwrap();
    let item = ready.items.iter().find(|one| one.subject == Subject::RecoveryPoint && one.id == "Database").unwrap();
    assert!(item.lost() == 0 && item.why.starts_with("In a drill today"), "{item:?}");
}
