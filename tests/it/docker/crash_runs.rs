//! A short crash run on real containers: the shipped worker is killed (SIGKILL) where seeded dice say, and started again at once,
//! while it works for several systems. People look at the engine before they answer. Counts nothing lost, nothing destructive done
//! twice, nothing skipped. The long run on SIMULATED hosts is `crash`.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use shared::{
    api::run::RunView,
    digest::Digest,
    domain::run::{Answer, RunState, StepState},
    plan::StepKind,
};
use tests::{
    engine::{Engine, STILL},
    muster::Muster,
    programs::Scratch,
    testnet::{compose, said},
};

use super::{
    desk::People,
    hosts::settle,
    process::WorkerProcess,
    steps_stage::BACKUPS,
    stray::{HEAL, new_project, plan},
};

const SEED: u64 = 11;
const SYSTEMS: usize = 4;
/// Deaths in each round.
const KILLS: [usize; 2] = [1, 1];
/// Where the dice fall, after a step was seen to run: about as long as a run's steps take.
const SPAN_MS: u64 = 4000;

/// One line more in the container each time: what cannot be taken back.
const LINES: [&str; 5] = [
    "docker-compose restart validator1",
    "docker compose exec tool sh -c 'sleep 0.5; echo once >> /ledger; sleep 0.5'",
    "./scripts/effect.sh",
    "docker compose up -d",
    "docker volume rm $(docker volume ls -q)",
];

/// SplitMix64: the same seed, the same moments.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % sides
    }
}

struct System<'a> {
    engine: &'a Engine,
    project: String,
    people: People,
    ledger: PathBuf,
}

/// How often each of the three had happened.
type Counted = [usize; 3];

impl System<'_> {
    /// A volume to wipe, which no container has.
    fn set_up(&self) {
        let label = format!("com.docker.compose.project={}", self.project);
        let key = "com.docker.compose.volume=data";
        self.engine.docker(&["volume", "create", "--label", &label, "--label", key, &self.volume()]).unwrap();
    }

    fn volume(&self) -> String {
        format!("{}_data", self.project)
    }

    /// Executed in the container, run as a script, removed as a volume; past every rule of Muster.
    fn count(&self, since: &str) -> Counted {
        let lines = |text: &str| text.lines().filter(|line| *line == "once").count();
        let tool = format!("{}_tool_1", self.project);
        let inside = self.engine.docker(&["exec", &tool, "cat", "/ledger"]).unwrap_or_default();
        let beside = fs::read_to_string(&self.ledger).unwrap_or_default();
        let (volume, until) = (format!("volume={}", self.volume()), super::desk::now());
        let arguments =
            ["events", "--since", since, "--until", &until, "--filter", &volume, "--filter", "event=destroy"];
        let removed = self.engine.docker(&arguments).unwrap();
        [lines(&inside), lines(&beside), removed.lines().count()]
    }

    /// Looks at what has happened since, then says what is true.
    async fn answer(&self, view: &RunView, before: Counted, since: &str) {
        let Some(question) = &view.question else { return };
        let step = view.procedure.steps.iter().find(|step| step.number == question.step).unwrap();
        // A program whose worker is gone goes on by itself: it is given its time.
        tokio::time::sleep(Duration::from_millis(1500)).await;
        let now = self.count(since);
        let happened = match step.kind {
            StepKind::Exec { .. } => now[0] > before[0],
            StepKind::Script { .. } => now[1] > before[1],
            StepKind::RemoveVolumes { .. } => now[2] > 0,
            _ => false,
        };
        let answer = if happened { Answer::Skip { reason: "looked: it has happened".into() } } else { Answer::Retry };
        self.people.answer(view, answer).await;
    }

    async fn brought_to_an_end(&self, run: i64, before: Counted, since: &str) -> RunView {
        let deadline = Instant::now() + Duration::from_mins(8);
        loop {
            let view = self.people.operator.api.run(run).await.unwrap();
            match view.state {
                RunState::Asking => self.answer(&view, before, since).await,
                state if !state.live() => return view,
                _ => {}
            }
            assert!(Instant::now() < deadline, "lost: run {run} is {:?}: {:?}", view.state, view.steps);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

async fn in_a_step(systems: &[System<'_>], numbers: &[i64]) -> bool {
    for (system, number) in systems.iter().zip(numbers) {
        let view = system.people.operator.api.run(*number).await.unwrap();
        if !view.state.live() || view.steps.iter().any(|step| step.state == StepState::Running) {
            return true;
        }
    }
    false
}

fn files(root: &Path) {
    for name in ["scripts", "ledger", "backups/db"] {
        fs::create_dir_all(root.join(name)).unwrap();
    }
    let script = root.join("scripts/effect.sh");
    fs::write(&script, "#!/bin/sh\nsleep 0.5\necho once >> \"$LEDGER/$MUSTER_PROJECT\"\nsleep 0.5\n").unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let service =
        format!("{{ image: \"{STILL}\", command: [sleep, \"600\"], network_mode: none, stop_grace_period: 1s }}");
    let text = format!("version: \"3.8\"\nservices:\n  validator1: {service}\n  tool: {service}\n");
    fs::write(root.join("docker-compose.yml"), text).unwrap();
    fs::write(root.join("backups/db/1.sql"), "rows").unwrap();
    fs::write(root.join("backups/db/1.sql.sha256"), Digest::of(b"rows").to_string()).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_runs_on_real_containers_end_in_the_truth_although_their_worker_is_killed() {
    let engine = Engine::start().unwrap();
    let directory = Scratch::new().unwrap();
    files(directory.path());
    let muster = Muster::start_empty().await.unwrap();
    let mut systems = vec![];
    for number in 0..SYSTEMS {
        let project = new_project();
        let mut up = compose(&project, &directory.path().join("docker-compose.yml"));
        said(up.args(["up", "-d"]).env("DOCKER_HOST", engine.socket()).output().unwrap()).unwrap();
        let text = format!("{}{BACKUPS}", plan("", &LINES));
        let people = settle(&muster, &format!("s{number}"), &project, "crash-host", &text).await;
        let ledger = directory.path().join("ledger").join(&project);
        systems.push(System { engine: &engine, project, people, ledger });
    }
    let path = |name: &str| directory.path().join(name).display().to_string();
    let projects = systems.iter().map(|system| system.project.as_str()).collect::<Vec<_>>().join(",");
    let compose_files: Vec<_> =
        systems.iter().map(|system| format!("{}={}", system.project, path("docker-compose.yml"))).collect();
    let (scripts, ledger, backups) =
        (path("scripts"), format!("LEDGER={}", path("ledger")), format!("/var/backups/stage={}", path("backups")));
    let compose_files = compose_files.join(",");
    let settings = [
        ("MUSTER_WORKER_HOST", "crash-host"),
        ("MUSTER_WORKER_SCRIPTS", scripts.as_str()),
        ("MUSTER_WORKER_SCRIPT_ENV", ledger.as_str()),
        ("MUSTER_WORKER_PATHS", backups.as_str()),
        ("MUSTER_WORKER_COMPOSE_FILES", compose_files.as_str()),
    ];
    let start = || WorkerProcess::start_with(&muster.database.worker_url, &projects, &engine.socket(), &settings);
    let mut worker = start();
    let mut dice = Dice(SEED);
    let (mut n_runs, mut n_interrupted) = (0, 0);
    for kills in KILLS {
        systems.iter().for_each(System::set_up);
        let since = super::desk::now();
        let before: Vec<_> = systems.iter().map(|system| system.count(&since)).collect();
        let views = futures::future::join_all(systems.iter().map(async |system| {
            let view = system.people.resolved(HEAL).await;
            system.people.approve(&view).await;
            view.number
        }));
        let numbers = views.await;
        let watching = systems.iter().zip(&numbers).zip(&before);
        let ends = futures::future::join_all(
            watching.map(|((system, number), before)| system.brought_to_an_end(*number, *before, &since)),
        );
        let killing = async {
            for _ in 0..kills {
                while !in_a_step(&systems, &numbers).await {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                tokio::time::sleep(Duration::from_millis(dice.roll(SPAN_MS))).await;
                std::mem::replace(&mut worker, start()).kill();
            }
        };
        let (ends, ()) = tokio::join!(ends, killing);
        for ((system, view), before) in systems.iter().zip(ends).zip(before) {
            assert_eq!(view.state, RunState::Succeeded, "lost: {:?} {:?}", view.reason, view.steps);
            let now = system.count(&since);
            let times = [now[0] - before[0], now[1] - before[1], now[2]];
            assert_eq!(
                times,
                [1, 1, 1],
                "skipped (0) or doubled: exec, script, wipe of {}: {:?}",
                system.project,
                view.steps
            );
            let over = |state: &StepState| matches!(state, StepState::Succeeded { .. } | StepState::Skipped { .. });
            assert!(view.steps.iter().all(|step| over(&step.state)), "{:?}", view.steps);
            n_runs += 1;
            n_interrupted +=
                usize::from(view.steps.iter().any(|s| s.attempts > 1 || matches!(s.state, StepState::Skipped { .. })));
        }
    }
    assert_eq!(n_runs, SYSTEMS * KILLS.len());
    assert!(n_interrupted > 0, "no death fell into a step: choose another seed");
}
