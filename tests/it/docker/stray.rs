//! Single containers with the labels of a Compose project, for tests that need no network: they sleep, and end with the test.

use tests::testnet::docker;
use uuid::Uuid;

pub(super) struct Stray {
    pub(super) id: String,
    pub(super) name: String,
}

/// A Compose project's name that nobody has.
pub(super) fn new_project() -> String {
    format!("musterstray{}", &Uuid::new_v4().simple().to_string()[..10])
}

impl Stray {
    /// Named as Compose would name it.
    pub(super) fn run(project: &str, service: &str, options: &[&str]) -> Self {
        Self::named(&format!("{project}_{service}_1"), project, service, options)
    }

    /// Made, and not started: for what not every machine lets start.
    pub(super) fn made(project: &str, service: &str, options: &[&str]) -> Self {
        Self::begun(&["create"], &format!("{project}_{service}_1"), project, service, options)
    }

    pub(super) fn named(name: &str, project: &str, service: &str, options: &[&str]) -> Self {
        Self::begun(&["run", "-d"], name, project, service, options)
    }

    fn begun(verb: &[&str], name: &str, project: &str, service: &str, options: &[&str]) -> Self {
        let image = std::env::var("TESTNET_POSTGRES_IMAGE").unwrap_or_else(|_| "muster-testnet-postgres:local".into());
        let labels = [("project", project), ("service", service), ("container-number", "1"), ("oneoff", "False")];
        let labels = labels.map(|(key, value)| format!("--label=com.docker.compose.{key}={value}"));
        let mut arguments = [verb, &["--name", name, "--entrypoint", "sleep"]].concat();
        arguments.extend(labels.iter().map(String::as_str));
        if !options.contains(&"--stop-timeout") {
            // It would not end at a signal: process 1 has no handlers.
            arguments.extend(["--stop-timeout", "1"]);
        }
        arguments.extend(options);
        arguments.extend([image.as_str(), "600"]);
        let id = docker(&arguments).unwrap().trim().to_owned();
        Self { id, name: name.to_owned() }
    }

    pub(super) fn started_at(&self) -> String {
        docker(&["inspect", "-f", "{{.State.StartedAt}}", &self.id]).unwrap()
    }
}

impl Drop for Stray {
    fn drop(&mut self) {
        if let Err(error) = docker(&["rm", "-f", "-v", &self.id]) {
            eprintln!("{} could not be removed: {error:#}", self.name);
        }
    }
}

/// A plan with one procedure, `heal`, of these lines, one step each; `attributes` go behind the fence.
pub(super) fn plan(attributes: &str, lines: &[&str]) -> String {
    let steps: Vec<_> = (1..).zip(lines).map(|(n, line)| format!("# {n}. Do it\n{line}\n")).collect();
    format!(
        "# Test\n\n## Components\n\n| Component | Service | Objective |\n|---|---|---|\n| Validator 1 | validator1 | Single Node |\n\n\
         ## Incident Classification\n\n### Level 1 - Minor Incident\n- One node has failed\n- Response Time: < 1 hour\n\n\
         ## Recovery Procedures\n\n### 1. Heal\n\n```bash {attributes}\n{}```\n\n\
         ## Recovery Time Objectives (RTO)\n\n| Component | RTO | Recovery Method |\n|---|---|---|\n| Single Node | 10 minutes | Restart |\n",
        steps.join("\n")
    )
}

pub(super) const HEAL: &str = "heal";
