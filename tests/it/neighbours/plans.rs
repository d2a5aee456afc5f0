//! A plan runs what it says and nothing more: no other scheme than http, no shell behind an argument, and no way in that skips the
//! compiler.

use std::os::unix::fs::PermissionsExt as _;

use reqwest::StatusCode;
use serde_json::json;
use shared::{
    api::run::RunRequestIn,
    domain::{access::Role, run::RunState},
    plan::{Severity, compile},
};
use tests::{
    muster::{Muster, worker_config},
    programs::{Scratch, Terminal},
    scene::{PROJECT, QUICK, Scene, decide, plan, refused},
};
use uuid::Uuid;

/// What `curl` and its like would take and Muster must not.
const ADDRESSES: [&str; 16] = [
    "curl file:///etc/passwd",
    "curl -s FILE:///etc/passwd",
    "curl --url file:///etc/shadow",
    "curl gopher://127.0.0.1:5432/_x",
    "curl ftp://127.0.0.1/x",
    "curl dict://127.0.0.1:11211/stats",
    "curl ldap://127.0.0.1/",
    "curl scp://root@127.0.0.1/etc/passwd",
    "curl unix:///var/run/docker.sock",
    "curl --unix-socket /var/run/docker.sock http://x/containers/json",
    "curl -K /tmp/config",
    "curl -d @/etc/passwd http://127.0.0.1:8081/",
    "curl -T /etc/passwd http://127.0.0.1:8081/",
    "curl -o /etc/cron.d/x http://127.0.0.1:8081/",
    "curl -x http://evil.example http://127.0.0.1:8081/",
    "watch -n 1 'curl -s file:///etc/passwd | grep root'",
];

#[tokio::test]
async fn an_address_of_another_scheme_never_becomes_a_step() {
    let procedures: String = (ADDRESSES.iter().enumerate())
        .map(|(n, line)| format!("\n## Reading {n}\n\n```bash {{id=reading-{n}}}\n{line}\n```\n"))
        .collect();
    let text = format!("{}{procedures}", plan().unwrap());
    let compiled = compile(&text);
    let scene = Scene::with_plan(&text).await.unwrap();
    let _worker = scene.worker();
    let incident = scene.declared().await.unwrap().number;
    for (n, line) in ADDRESSES.iter().enumerate() {
        let id = format!("reading-{n}");
        let procedure = compiled.plan.procedures.iter().find(|p| p.id == id).unwrap();
        let why = procedure.unavailable.as_deref().unwrap_or_else(|| panic!("{line} could run: {procedure:?}"));
        let at = procedure.steps.first().map(|step| step.line);
        let told = compiled.diagnostics.iter().any(|d| Some(d.line) == at && d.severity == Severity::Warning);
        assert!(told, "{line}: the compiler says nothing about it: {why}");
        let request =
            scene.operator.api.request_run(incident, &RunRequestIn::of(id), &Uuid::new_v4().to_string()).await;
        let error = refused(request);
        assert!(error.message.contains("cannot run"), "{line}: {error:?}");
    }
    assert!(scene.operator.api.runs(None).await.unwrap().items.is_empty(), "nothing was requested");
    assert!(scene.host.effects().is_empty());
}

/// Arguments that a shell would make something of.
const ARGUMENTS: [&str; 8] = [
    "a; touch pwned",
    "$(touch pwned)",
    "`touch pwned`",
    "a && touch pwned",
    "-rf",
    "--",
    "*",
    "$HOME ~ | tee pwned > pwned",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_argument_of_a_script_is_an_argument_whatever_it_looks_like() {
    let scratch = Scratch::new().unwrap();
    let directory = scratch.path().canonicalize().unwrap();
    std::fs::set_permissions(&directory, std::fs::Permissions::from_mode(0o755)).unwrap();
    let script = scratch.file("say.sh", "#!/bin/sh\nprintf '[%s]\\n' \"$@\"\n").unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    let arguments = ARGUMENTS.map(|argument| format!("'{argument}'")).join(" ");
    let text = format!(
        "{}\n## Saying\n\n```bash {{id=saying checks=no}}\n./scripts/say.sh {arguments}\n```\n\n\
         ## Out\n\n```bash {{id=out checks=no}}\n./scripts/../../../bin/sh -c 'touch pwned'\n```\n",
        plan().unwrap()
    );
    let scene = Scene::with_plan(&text).await.unwrap();
    let mut config = worker_config(PROJECT);
    config.scripts = Some(directory.clone());
    let _worker = scene.muster.worker_as(config, scene.host.clone(), QUICK);
    let incident = scene.declared().await.unwrap().number;
    let body = RunRequestIn::of("saying");
    let run = scene.operator.api.request_run(incident, &body, &Uuid::new_v4().to_string()).await.unwrap();
    let run = scene.until(run.number, RunState::AwaitingApproval).await.unwrap();
    let run = decide(&scene.approver, &run, true).await.unwrap();
    if run.state == RunState::AwaitingApproval {
        decide(&scene.second().await.unwrap(), &run, true).await.unwrap();
    }
    let over = scene.until_run(run.number, |view| !view.state.live() || view.state == RunState::Asking).await.unwrap();
    assert_eq!(over.state, RunState::Succeeded, "{:?} {:?}", over.reason, over.question);
    let said: Vec<String> =
        scene.operator.api.output(run.number, 0).await.unwrap().items.into_iter().map(|line| line.text).collect();
    let expected: Vec<String> = ARGUMENTS.iter().map(|argument| format!("[{argument}]")).collect();
    assert!(said.windows(expected.len()).any(|window| window == expected), "{said:?}");
    // Nor is anything outside that directory a script, whatever way leads there.
    let body = RunRequestIn::of("out");
    let run = scene.operator.api.request_run(incident, &body, &Uuid::new_v4().to_string()).await.unwrap();
    let known = |view: &shared::api::run::RunView| !view.state.live() || view.state == RunState::AwaitingApproval;
    let over = scene.until_run(run.number, known).await.unwrap();
    let why = over.reason.clone().unwrap_or_default();
    assert!(!over.state.live() && why.contains("not in the worker's directory of scripts"), "{:?} {why}", over.state);
    let here = [directory.clone(), std::env::current_dir().unwrap(), "/".into()];
    assert!(here.iter().all(|place| !place.join("pwned").exists()), "something was run");
}

#[tokio::test]
async fn an_unquoted_line_that_needs_a_shell_is_no_script_with_arguments() {
    let lines = [
        "./scripts/x.sh a; reboot",
        "./scripts/x.sh $(reboot)",
        "./scripts/x.sh `reboot`",
        "./scripts/x.sh > /etc/passwd",
        "./scripts/x.sh | sh",
        "/bin/sh -c reboot",
        "bash -c 'reboot'",
        "./scripts/x.sh &",
        "eval reboot",
        "PATH=/tmp ./scripts/x.sh",
        "env LD_PRELOAD=/tmp/x.so ./scripts/x.sh",
    ];
    for line in lines {
        let compiled = compile(&format!("# P\n\n## R\n\n```bash\n{line}\n```\n"));
        let steps = serde_json::to_value(&compiled.plan.procedures).unwrap();
        for step in steps.as_array().unwrap().iter().flat_map(|p| p["steps"].as_array().unwrap()) {
            let arguments = step["args"].to_string();
            let meaning = ["reboot", "passwd", "PATH", "LD_PRELOAD"].iter().any(|word| arguments.contains(word));
            assert!(!meaning, "{line} became {step}");
            let path = step["path"].as_str().unwrap_or_default();
            assert!(!path.contains("/sh") && !path.ends_with("bash"), "{line} became {step}");
        }
        let runs_whole = compiled.plan.procedures.iter().any(|p| p.unavailable.is_none() && p.steps.len() == 1);
        assert!(!runs_whole, "{line} can be run as one step");
    }
}

#[tokio::test]
async fn an_import_passes_the_same_compiler_as_a_save_and_is_refused_for_the_same_mistakes() {
    let muster = Muster::start_with_plan(&plan().unwrap(), PROJECT).await.unwrap();
    let administrator = muster.persona(Role::Administrator).await.unwrap();
    let terminal = Terminal::open().unwrap().with("DATABASE_URL", &muster.database.url);
    let mistakes = [
        plan().unwrap().replacen("```bash\n", "```bash {roles=night-watch}\n", 1),
        plan().unwrap().replacen("```bash\n", "```bash {approvals=0}\n", 1),
        format!("{}\n## T\n\n```bash\nmuster notify nobody-here \"x\"\n```\n", plan().unwrap()),
    ];
    for text in &mistakes {
        assert!(compile(text).has_errors(), "{text}");
        let body = json!({"source": text, "reason": "test", "base_version": 1});
        let (status, said) = administrator.http.raw("POST", "/api/v1/systems/bt2c/plan", Some(body)).await.unwrap();
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{said}");
        let file = terminal.scratch.file("wrong.md", text).unwrap();
        for system in ["bt2c", "new-one"] {
            let import = ["plan", "import", file.to_str().unwrap(), "--system", system, "--project", "p"];
            let said = terminal.muster(&import).unwrap();
            assert_eq!(said.code, Some(1), "{said:?}");
            assert!(said.err.contains("it was not imported"), "{said:?}");
        }
    }
    assert_eq!(administrator.api.plan_versions("bt2c", None).await.unwrap().items.len(), 1, "no version was added");
    assert_eq!(administrator.api.systems().await.unwrap().items.len(), 1, "no system was made");
}
