//! A fuzzer reads the API's description and asks everything it says, as everybody there is: no failure of the server, no answer that
//! the description does not name, nothing taken that it says is not taken. What comes of it is thrown away: each has a database
//! of their own. How long is said by MUSTER_TEST_FUZZ_EXAMPLES, which examples by MUSTER_TEST_FUZZ_SEED.

mod turns;

use std::{path::PathBuf, process::Stdio};

use shared::domain::{access::Role, run::RunState};
use tests::{
    persona::{Http, Persona},
    programs::Scratch,
    scene::Scene,
    testnet::root,
};
use tokio::process::Command;

const SEED: &str = "20261126";

fn programs() -> PathBuf {
    std::env::var_os("MUSTER_TEST_FUZZER").map_or_else(|| root().join("target/fuzzer"), PathBuf::from).join("bin")
}

fn variable(name: &str, default: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| default.to_owned())
}

/// Things to find behind the numbers that the fuzzer guesses: an incident with a report, a run that waits for consent.
async fn furnished() -> Scene {
    let scene = Scene::set().await.unwrap();
    let _worker = scene.worker();
    let incident = scene.declared().await.unwrap();
    let run = scene.request(incident.number).await.unwrap();
    scene.until(run.number, RunState::AwaitingApproval).await.unwrap();
    let other = scene.muster.declare(&scene.responder, "validator2").await.unwrap();
    scene.responder.api.draft_report(other.number).await.unwrap();
    scene
}

/// The cookie that the person's client would send.
async fn cookie(scene: &Scene, person: &Persona) -> String {
    let body = serde_json::json!({"email": person.email, "password": person.password});
    let answer = Http::new(&scene.muster.base).unwrap().ask("POST", "/api/v1/session", Some(&body)).await.unwrap();
    let set = answer.headers()["set-cookie"].to_str().unwrap();
    set.split(';').next().unwrap().to_owned()
}

/// What the numbers in addresses are.
enum Aim {
    /// Things that are there.
    Known,
    /// Whatever the fuzzer thinks of.
    Guessed,
}

/// Asks as these, in turn; without a role it is a stranger. The first one has one.
async fn fuzz(roles: &[Option<Role>], phase: &str, examples: &str, aim: Aim) {
    let scene = furnished().await;
    let base = &scene.muster.base;
    let directory = Scratch::new().unwrap();
    if let Aim::Known = aim {
        let known = "[parameters]\n\"path.number\" = 1\n\"path.slug\" = \"bt2c\"\n";
        directory.file("schemathesis.toml", known).unwrap();
    }
    let mut cookies = vec![];
    for role in roles {
        cookies.push(match role {
            Some(role) => Some(cookie(&scene, &scene.muster.persona(*role).await.unwrap()).await),
            None => None,
        });
    }
    let held = cookies[0].clone().expect("the first one is somebody");
    let (address, door, open) = turns::open(base.clone(), cookies).await;
    let mut command = Command::new(programs().join("schemathesis"));
    command
        .current_dir(directory.path())
        .env("NO_COLOR", "1")
        .args(["run", &format!("{base}/api/v1/openapi.json"), "--url", &address])
        .args(["--phases", phase, "--generation-database", "none"])
        .args(["--max-examples", &variable("MUSTER_TEST_FUZZ_EXAMPLES", examples)])
        .args(["--seed", &variable("MUSTER_TEST_FUZZ_SEED", SEED)])
        .args(["--request-timeout", "30", "--workers", "1", "--continue-on-failure", "--warnings", "off"])
        // Some rules no schema can say ("a refusal needs a reason"): what fits the schema may be refused, as the description says.
        .args(["--exclude-checks", "positive_data_acceptance"])
        // The cookie stands in a header that is sent every time; without one the fuzzer would think it broke in.
        .args(["--generation-with-security-parameters", "false", "--header", &format!("Origin: {base}")])
        // A stream that does not end; the tests in `live` know what is in it.
        .args(["--exclude-operation-id", "events.stream"])
        // It would end the session, and all further answers were the same.
        .args(["--exclude-operation-id", "session.sign_out", "--header", &format!("Cookie: {held}")])
        .kill_on_drop(true)
        .stdin(Stdio::null());
    // It tries every address with tokens that are none: more than a stranger may, and that there is a limit `limits` shows.
    let throttled = scene.muster.state.clone();
    let patience = tokio::spawn(async move {
        loop {
            throttled.throttles.token.reset("127.0.0.1");
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    });
    let output = command.output().await;
    patience.abort();
    open.abort();
    let output = output.unwrap_or_else(|error| {
        panic!("{} cannot be started ({error}); `cargo xtask test` installs it", programs().display())
    });
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "as {roles:?}:\n{said}");
    for (role, asked) in roles.iter().zip(door.asked()) {
        assert!(asked > 150, "{role:?} was signed out early: only {asked} questions");
    }
}

/// Against the rules of OpenAPI itself.
#[tokio::test]
async fn the_description_keeps_the_rules_of_its_format() {
    let directory = Scratch::new().unwrap();
    let public_url = server::config::PublicUrl::parse("https://muster.example").unwrap();
    let document = server::openapi::document(&public_url).to_string();
    let file = directory.file("openapi.json", document).unwrap();
    let output = Command::new(programs().join("openapi-spec-validator")).arg(file).output().await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

/// Somewhat more than one for each of them and each operation.
#[tokio::test]
async fn answers_to_each_role_and_to_nobody_are_as_described() {
    let everybody: Vec<_> = Role::ALL.into_iter().map(Some).chain([None]).collect();
    fuzz(&everybody, "fuzzing", "10", Aim::Known).await;
}

#[tokio::test]
async fn answers_at_the_edges_of_every_schema_are_as_described() {
    fuzz(&[Some(Role::Administrator)], "coverage", "1", Aim::Guessed).await;
}
