//! Names against a simulated host: what is found, what is refused, and with which sentence.

use shared::{
    domain::audience::Audience,
    fixtures,
    plan::{Choices, Parameter, VolumeSelection, compile},
};
use uuid::Uuid;

use super::*;
use crate::host::simulated::{Fault, Op, SimulatedHost};

fn host() -> SimulatedHost {
    let host = SimulatedHost::new();
    host.add("bt2c", "postgres", &[]);
    host.add("bt2c", "validator1", &[(8081, 8080)]);
    host.add("bt2c", "validator2", &[(8082, 8080)]);
    host.add("other", "validator3", &[(8083, 8080)]);
    host.add_network("bt2c", "default");
    host.add_network("other", "default");
    host.add_volume("other", "data");
    host
}

fn remove(names: &[&str]) -> StepKind {
    StepKind::RemoveVolumes {
        volumes: VolumeSelection::Named { names: names.iter().map(|n| (*n).to_owned()).collect() },
    }
}

fn procedure(kinds: Vec<StepKind>) -> Procedure {
    fixtures::procedure("p", kinds)
}

fn header(procedure: &Procedure) -> RunHeader {
    fixtures::header(procedure.clone())
}

/// As for a run that has not begun, by a worker that knows no directories.
async fn resolve(host: &SimulatedHost, header: &RunHeader, now: Timestamp) -> Result<Resolution, String> {
    super::resolve(host, &Config::for_projects(&["bt2c"]), header, now, Known::default()).await
}

async fn of(host: &SimulatedHost, kind: StepKind) -> Result<ResolvedStep, String> {
    let resolution = resolve(host, &header(&procedure(vec![kind])), Timestamp::from_unix(0)).await?;
    Ok(resolution.steps[0].clone())
}

fn restart(services: &[&str]) -> StepKind {
    StepKind::Restart { services: services.iter().map(|s| (*s).to_owned()).collect() }
}

fn get(url: &str) -> StepKind {
    StepKind::Http { method: "GET".into(), url: url.into() }
}

#[tokio::test]
async fn the_plans_node_failure_procedure_resolves_with_a_dead_validator() {
    let host = host();
    host.kill("bt2c-validator1");
    let source = "# Plan\n## Recovery\n### 1. Node failure\n```bash\n# 1. Check\ndocker-compose ps validator1 validator2\n# 2. Logs\n\
                  docker-compose logs --tail=100 validator1\n# 3. Restart\ndocker-compose restart validator1\n# 4. Verify\n\
                  curl http://localhost:8081/api/v1/status\n# 5. Monitor\n\
                  watch -n 5 'curl -s http://localhost:8081/api/v1/metrics | grep height'\n```\n";
    let plan = compile(source).plan;
    let resolution = resolve(&host, &header(&plan.procedures[0]), Timestamp::from_unix(0)).await.unwrap();
    let effects: Vec<_> = resolution.steps.iter().map(|s| s.effect.as_str()).collect();
    assert_eq!(
        effects[..4],
        [
            "Looks at containers bt2c_validator1_1 and bt2c_validator2_1",
            "Reads the last 100 log lines of container bt2c_validator1_1",
            "Restarts container bt2c_validator1_1",
            "Sends GET http://localhost:8081/api/v1/status to bt2c_validator1_1, port 8080",
        ]
    );
    assert!(
        effects[4].starts_with("Waits at most ") && effects[4].ends_with("asking bt2c_validator1_1, port 8080"),
        "{}",
        effects[4]
    );
    assert_eq!(resolution.steps.iter().map(|s| s.has_effect).collect::<Vec<_>>(), [false, false, true, false, false]);
    assert_eq!(resolution.steps[2].objects[0].state.as_deref(), Some("exited (137)"));
    assert_eq!((resolution.host.as_str(), resolution.project.as_str()), ("SIMULATED", "bt2c"));

    // The consent does not change when the container comes back.
    host.change("bt2c-validator1", |c| c.container.state = crate::host::ContainerState::Running);
    let again = resolve(&host, &header(&plan.procedures[0]), Timestamp::from_unix(9)).await.unwrap();
    assert_eq!(again.differences(&resolution), Vec::<String>::new());
}

#[tokio::test]
async fn no_names_mean_the_whole_project_and_nothing_else() {
    let step = of(&host(), restart(&[])).await.unwrap();
    assert_eq!(step.effect, "Restarts containers bt2c_postgres_1, bt2c_validator1_1 and bt2c_validator2_1");
    let step = of(&host(), get("http://validator2:8080/x")).await.unwrap();
    assert_eq!((step.objects[0].name.as_str(), step.objects[0].port), ("bt2c_validator2_1", Some(8080)));
}

#[tokio::test]
async fn what_is_not_there_is_named_with_what_is() {
    let cases = [
        (
            restart(&["validator1", "validatr2"]),
            "Step 1 names the service \"validatr2\", which has no container in the project bt2c on host SIMULATED; \
             there is postgres, validator1 and validator2. Nothing was done.",
        ),
        (
            get("http://localhost:8083/x"),
            "Step 1 asks http://localhost:8083/x, but no container of the project bt2c publishes port 8083 on host SIMULATED; \
             it publishes 8081 (validator1) and 8082 (validator2). Nothing was done.",
        ),
        (
            restart(&["validator3"]),
            "Step 1 names the service \"validator3\", which has no container in the project bt2c",
        ),
        (
            get("http://example.com/"),
            "Step 1 asks http://example.com/, which is outside of the project. Nothing was done.",
        ),
        (StepKind::Shell {}, "Step 1 cannot be run: this shell line is not understood"),
        (
            StepKind::Script { path: "./scripts/x.sh".into(), args: vec![] },
            "Step 1 runs the script ./scripts/x.sh, but this worker has no directory of scripts: set MUSTER_WORKER_SCRIPTS",
        ),
        (
            StepKind::Up { services: vec![] },
            "Step 1 needs the Compose file of bt2c, which this worker does not know: set MUSTER_WORKER_COMPOSE_FILES",
        ),
        (
            StepKind::Extract { archive: "/b/x.tar".into(), into: Some("/app".into()) },
            "Step 1 unpacks into /app, which this worker does not know: say where it is with MUSTER_WORKER_PATHS",
        ),
        (
            StepKind::Exec { service: "validator3".into(), argv: vec!["ls".into()] },
            "Step 1 names the service \"validator3\", which has no container in the project bt2c",
        ),
        (
            StepKind::NetworkDisconnect { network: "other_default".into(), container: "validator1".into() },
            "Step 1 names the network \"other_default\", which does not belong to the project bt2c on host SIMULATED; \
             there is bt2c_default",
        ),
        (
            StepKind::NetworkConnect { network: "default".into(), container: "other_validator3_1".into() },
            "Step 1 names the service \"other_validator3_1\", which has no container",
        ),
        (
            remove(&["other_data"]),
            "Step 1 names the volume \"other_data\", which does not belong to the project bt2c on host SIMULATED; it has none",
        ),
    ];
    for (kind, sentence) in cases {
        let why = of(&host(), kind).await.unwrap_err();
        assert!(why.starts_with(sentence), "{why}");
    }
    let why = of(&SimulatedHost::new(), restart(&[])).await.unwrap_err();
    assert_eq!(why, "Step 1 needs containers, but the project bt2c has none on host SIMULATED. Nothing was done.");
    let both = procedure(vec![restart(&["x"]), restart(&["y"])]);
    let why = resolve(&host(), &header(&both), Timestamp::from_unix(0)).await.unwrap_err();
    assert!(why.contains("Step 1") && why.contains("Step 2"), "{why}");
}

#[tokio::test(start_paused = true)]
async fn a_docker_that_restarts_is_waited_for_and_one_that_is_down_is_said_so() {
    let host = host();
    host.fault(Op::Look, Fault::Fails(HostError::Unreachable("Docker does not answer".into())));
    assert!(of(&host, restart(&[])).await.is_ok());
    host.set_away(true);
    let begun = tokio::time::Instant::now();
    let why = of(&host, restart(&[])).await.unwrap_err();
    assert!(why.ends_with("Nothing was done. Start Docker and request the run again."), "{why}");
    assert!(begun.elapsed() < PATIENCE + Duration::from_secs(1));
}

#[tokio::test]
async fn another_service_of_the_family_is_meant_with_its_own_port() {
    let mut procedure = procedure(vec![
        StepKind::Inspect { services: vec!["validator1".into(), "validator2".into()] },
        restart(&["validator1"]),
        get("http://localhost:8081/api/v1/status"),
        get("http://validator1:8080/x"),
        get("http://localhost:8082/"),
    ]);
    procedure.parameters.push(Parameter {
        name: "validator".into(),
        label: "Which validator?".into(),
        default: "validator1".into(),
        choices: Choices::Services { family: Some("validator".into()) },
        line: 1,
    });
    let chosen = |value: &str| RunHeader {
        parameters: [("validator".to_owned(), value.to_owned())].into(),
        ..header(&procedure)
    };
    let meant = resolve(&host(), &chosen("validator2"), Timestamp::from_unix(0)).await.unwrap();
    let names = |step: usize| meant.steps[step].objects.iter().map(|o| o.id.as_str()).collect::<Vec<_>>();
    assert_eq!(names(0), ["bt2c-validator1", "bt2c-validator2"]);
    for step in [1, 2, 3, 4] {
        assert_eq!(names(step), ["bt2c-validator2"], "step {}", step + 1);
    }
    assert_eq!(meant.steps[2].objects[0].port, Some(8080));
    let as_planned = resolve(&host(), &header(&procedure), Timestamp::from_unix(0)).await.unwrap();
    assert_ne!(meant.digest(), as_planned.digest());
    let unknown = resolve(&host(), &chosen("validator9"), Timestamp::from_unix(0)).await.unwrap_err();
    assert!(unknown.contains("validator9"), "{unknown}");
}

#[tokio::test]
async fn after_a_step_that_makes_containers_anew_services_are_meant() {
    let file = std::env::temp_dir().join(format!("muster-compose-{}.yml", Uuid::new_v4()));
    std::fs::write(&file, "services: {}").unwrap();
    let config =
        Config { compose_files: [("bt2c".to_owned(), file.clone())].into(), ..Config::for_projects(&["bt2c"]) };
    let host = host();
    host.compose_file("bt2c", &["postgres", "validator1", "validator2"]);
    let volume = host.add_volume("bt2c", "postgres-data");
    let procedure = procedure(vec![
        StepKind::Down { volumes: false },
        StepKind::RemoveVolumes { volumes: VolumeSelection::AllOfProject },
        StepKind::Up { services: vec![] },
        StepKind::Exec { service: "postgres".into(), argv: vec!["psql".into(), "a b".into()] },
        get("http://localhost:8081/x"),
        StepKind::Manual {},
        StepKind::Notify { audience: Audience::Everyone, text: "It is over.".into() },
    ]);
    let header = header(&procedure);
    let now = Timestamp::from_unix(0);
    let first = super::resolve(&host, &config, &header, now, Known::default()).await.unwrap();
    let effects: Vec<_> = first.steps.iter().map(|s| s.effect.as_str()).collect();
    assert!(
        effects[0].starts_with("Takes down containers bt2c_postgres_1, bt2c_validator1_1 and bt2c_validator2_1 and")
    );
    assert_eq!(effects[1], "Removes volume bt2c_postgres-data and all that is in them");
    assert!(
        effects[2].starts_with("Brings up service postgres, service validator1 and service validator2 with muster-")
    );
    assert_eq!(effects[3], "Runs in service postgres: psql 'a b'");
    assert_eq!(effects[4], "Sends GET http://localhost:8081/x to service validator1, port 8080");
    assert_eq!(
        first.steps.iter().map(|s| s.destructive).collect::<Vec<_>>(),
        [false, true, false, true, false, false, false]
    );
    assert_eq!(effects[6], "Notifies everyone: It is over.");
    assert_eq!(first.steps[5..].iter().map(|s| s.has_effect).collect::<Vec<_>>(), [false, true]);

    // Half way through, when containers have other ids, nothing that is still to be done means anything else.
    for id in ["bt2c-postgres", "bt2c-validator1", "bt2c-validator2"] {
        host.change(id, |c| c.container.id = format!("new-{id}"));
    }
    host.change_volume(&volume, |v| v.project = None);
    let known = Known { approved: Some(&first), over: &[1, 2], secrets: None };
    let again = super::resolve(&host, &config, &header, now, known).await.unwrap();
    let mut open = first.steps[2..].to_vec();
    // Sizes are for those who have yet to consent.
    open[0].objects[0].bytes = None;
    assert_eq!(again.steps, open);

    // Nor while there is no container at all: which service publishes the port was agreed on, and is not forgotten.
    for id in ["bt2c-postgres", "bt2c-validator1", "bt2c-validator2"] {
        host.remove(&format!("new-{id}"));
    }
    let gone = super::resolve(&host, &config, &header, now, known).await.unwrap();
    assert_eq!(gone.differences(&Resolution { steps: open, ..first.clone() }), Vec::<String>::new());
    let unknown = super::resolve(&host, &config, &header, now, Known { over: &[1, 2], ..Known::default() }).await;
    assert!(unknown.unwrap_err().contains("no container of the project bt2c publishes port 8081"));
    std::fs::remove_file(file).unwrap();
}

#[tokio::test]
async fn what_would_take_the_last_of_a_family_is_refused() {
    let host = host();
    host.kill("bt2c-validator2");
    let why = of(&host, restart(&["validator1"])).await.unwrap_err();
    assert!(why.starts_with("Step 1 would restart validator1, the last one of its kind that runs"), "{why}");
    let both = procedure(vec![StepKind::Start { services: vec!["validator2".into()] }, restart(&["validator1"])]);
    resolve(&host, &header(&both), Timestamp::from_unix(0)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_is_wiped_says_how_much_it_is_and_a_host_that_does_not_tell_holds_up_nobody() {
    let sql = |query: &str| StepKind::Sql {
        service: "postgres".into(),
        user: Some("bt2c".into()),
        database: None,
        query: query.into(),
    };
    let kinds = || {
        vec![
            remove(&["data"]),
            sql("DELETE FROM block; TRUNCATE peer"),
            sql("SELECT 1"),
            sql("CALL prune()"),
            restart(&["postgres"]),
        ]
    };
    let wiped = host();
    wiped.add_volume("bt2c", "data");
    wiped.fill("bt2c_data", 12_345_678);
    wiped.says("bt2c-postgres", |argv| {
        assert!(argv.iter().any(|word| word == "SET default_transaction_read_only = on"), "{argv:?}");
        if argv.last().unwrap() == "SELECT count(*) FROM \"block\"" { "1204\n".into() } else { "ERROR".into() }
    });
    let resolution = resolve(&wiped, &header(&procedure(kinds())), Timestamp::from_unix(0)).await.unwrap();
    let steps = &resolution.steps;
    assert_eq!(steps[0].objects[0].bytes, Some(12_345_678));
    let tables: Vec<Vec<_>> =
        steps.iter().map(|s| s.tables.iter().map(|t| (t.name.as_str(), t.rows)).collect()).collect();
    assert_eq!(tables, [vec![], vec![("block", Some(1204)), ("peer", None)], vec![], vec![], vec![]]);
    assert_eq!(steps[4].objects[0].image_digest.as_deref(), Some("simulated@sha256:simulated"));
    assert!(wiped.effects().is_empty(), "it was only looked");

    // Nothing is told: the steps mean the same, and consent is to the same.
    let silent = host();
    silent.add_volume("bt2c", "data");
    let again = resolve(&silent, &header(&procedure(kinds())), Timestamp::from_unix(0)).await.unwrap();
    assert_eq!((again.steps[0].objects[0].bytes, again.steps[1].tables[0].rows), (None, None));
    assert_eq!(again.digest(), resolution.digest());
}
