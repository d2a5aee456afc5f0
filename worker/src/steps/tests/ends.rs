//! R8, kind by kind: a host that takes what it is told and never answers holds no step for ever. What may be repeated has failed,
//! what may not is unknown, and what was surely not begun says so.

use std::{fs, process::Command};

use shared::{
    domain::audience::Audience,
    plan::{Condition, Probe, VolumeSelection},
};

use super::{
    programs::{Scripts, script},
    project::Project,
    *,
};
use crate::files;

/// How a step ends whose host went silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ends {
    /// It may be tried again.
    Failed,
    /// A person decides.
    Unknown,
    /// It asks no host; it succeeds although none is there.
    Succeeds,
}

/// The first kind, and the one after each. A new kind does not compile until it stands here.
fn after(kind: Option<&StepKind>) -> Option<StepKind> {
    let services = || vec![];
    let (network, container) = (|| "default".to_owned(), || "a".to_owned());
    let service = container;
    Some(match kind {
        None => StepKind::Inspect { services: services() },
        Some(StepKind::Inspect { .. }) => StepKind::Logs { services: services(), tail: Some(5) },
        Some(StepKind::Logs { .. }) => StepKind::Restart { services: services() },
        Some(StepKind::Restart { .. }) => StepKind::Stop { services: services() },
        Some(StepKind::Stop { .. }) => StepKind::Start { services: services() },
        Some(StepKind::Start { .. }) => StepKind::Up { services: services() },
        Some(StepKind::Up { .. }) => StepKind::Down { volumes: false },
        Some(StepKind::Down { volumes: false }) => StepKind::Down { volumes: true },
        Some(StepKind::Down { volumes: true }) => {
            StepKind::Exec { service: service(), argv: vec!["pg_restore".into(), "all".into()] }
        }
        Some(StepKind::Exec { .. }) => {
            StepKind::Sql { service: service(), user: None, database: None, query: "DELETE FROM block".into() }
        }
        Some(StepKind::Sql { .. }) => StepKind::RemoveVolumes { volumes: VolumeSelection::AllOfProject },
        Some(StepKind::RemoveVolumes { .. }) => {
            StepKind::NetworkDisconnect { network: network(), container: container() }
        }
        Some(StepKind::NetworkDisconnect { .. }) => {
            StepKind::NetworkConnect { network: network(), container: container() }
        }
        Some(StepKind::NetworkConnect { .. }) => {
            StepKind::Extract { archive: "/b/a.tar".into(), into: Some("/b/into".into()) }
        }
        Some(StepKind::Extract { .. }) => get(),
        Some(StepKind::Http { method, url }) if method == "GET" => {
            StepKind::Http { method: "POST".into(), url: url.clone() }
        }
        Some(StepKind::Http { .. }) => {
            let probe = Probe::HttpNumber { url: "http://localhost:8081/metrics".into(), filter: None };
            StepKind::WaitUntil { probe, condition: Condition::Grows, interval_seconds: 5, timeout_seconds: 60 }
        }
        Some(StepKind::WaitUntil { .. }) => script(&[]),
        Some(StepKind::Script { .. }) => StepKind::Notify { audience: Audience::Everyone, text: "Come.".into() },
        Some(StepKind::Notify { .. }) => StepKind::Manual {},
        Some(StepKind::Manual {}) => StepKind::Shell {},
        Some(StepKind::Shell {}) => return None,
    })
}

/// How it ends if its own command is taken and never answered, and how if nothing at all is.
fn expected(kind: &StepKind) -> (Ends, Ends) {
    use Ends::{Failed, Succeeds, Unknown};
    match kind {
        StepKind::Inspect { .. } | StepKind::Logs { .. } | StepKind::WaitUntil { .. } => (Failed, Failed),
        StepKind::Restart { .. } | StepKind::Stop { .. } | StepKind::Start { .. } => (Failed, Failed),
        StepKind::Up { .. } | StepKind::Down { volumes: false } => (Failed, Failed),
        StepKind::NetworkDisconnect { .. } | StepKind::NetworkConnect { .. } => (Failed, Failed),
        StepKind::Http { method, .. } if method == "GET" => (Failed, Failed),
        StepKind::Http { .. } | StepKind::Exec { .. } | StepKind::Sql { .. } => (Unknown, Unknown),
        StepKind::RemoveVolumes { .. } | StepKind::Down { volumes: true } => (Unknown, Unknown),
        // Runs here, on the worker's own machine.
        StepKind::Script { .. } => (Unknown, Unknown),
        // Read to its end first: nothing is in place yet.
        StepKind::Extract { .. } => (Failed, Failed),
        StepKind::Notify { .. } => (Succeeds, Succeeds),
        // Never begun.
        StepKind::Manual {} | StepKind::Shell {} => (Failed, Failed),
    }
}

/// What the kind asks of the host that changes or reads something there.
fn command(kind: &StepKind) -> Option<Op> {
    match kind {
        StepKind::Inspect { .. } => Some(Op::Look),
        StepKind::Logs { .. } => Some(Op::Logs),
        StepKind::Restart { .. } => Some(Op::Restart),
        StepKind::Stop { .. } => Some(Op::Stop),
        StepKind::Start { .. } => Some(Op::Start),
        StepKind::Up { .. } | StepKind::Down { .. } => Some(Op::Compose),
        StepKind::Exec { .. } | StepKind::Sql { .. } => Some(Op::Exec),
        StepKind::RemoveVolumes { .. } => Some(Op::RemoveVolume),
        StepKind::NetworkDisconnect { .. } => Some(Op::Disconnect),
        StepKind::NetworkConnect { .. } => Some(Op::Connect),
        StepKind::Http { .. } | StepKind::WaitUntil { .. } => Some(Op::Http),
        StepKind::Extract { .. } | StepKind::Script { .. } | StepKind::Notify { .. } => None,
        StepKind::Manual {} | StepKind::Shell {} => None,
    }
}

/// A host on which this kind would succeed, and the step's objects.
fn project(kind: &StepKind) -> Project {
    let mut project = Project::new(&["a"]);
    project.back_up();
    let volume = project.volume("data");
    let network = project.bench.host.add_network(PROJECT, "default");
    match kind {
        StepKind::Start { .. } => drop(project.bench.host.kill("bt2c-a")),
        StepKind::NetworkConnect { .. } => drop(project.bench.host.change("bt2c-a", |c| c.networks.clear())),
        StepKind::RemoveVolumes { .. } => project.bench.host.remove("bt2c-a"),
        _ => {}
    }
    let all = std::mem::take(&mut project.bench.objects);
    let network = ResolvedObject { kind: ObjectKind::Network, ..fixtures::container(&network, "bt2c_default") };
    let of = |wanted: ObjectKind| all.iter().filter(move |o| o.kind == wanted).cloned();
    project.bench.objects = match kind {
        StepKind::Up { .. } | StepKind::Down { .. } => all,
        StepKind::RemoveVolumes { .. } => of(ObjectKind::Volume).collect(),
        StepKind::NetworkDisconnect { .. } | StepKind::NetworkConnect { .. } => {
            of(ObjectKind::Container).chain([network]).collect()
        }
        StepKind::Extract { .. } => {
            let archive = project.directory.join("a.tar");
            // Whoever opens it waits for a writer.
            assert!(Command::new("mkfifo").arg(&archive).status().unwrap().success());
            fs::create_dir(project.directory.join("into")).unwrap();
            vec![files::object(&archive, Digest::of(b"archive").to_string())]
        }
        _ => of(ObjectKind::Container).collect(),
    };
    assert_eq!(volume, "bt2c_data");
    project
}

fn ends(outcome: &Result<StepOutcome, LeaseLost>) -> Ends {
    match outcome {
        Ok(StepOutcome::Failed { .. }) => Ends::Failed,
        Ok(StepOutcome::Unknown { .. }) => Ends::Unknown,
        Ok(StepOutcome::Succeeded { .. }) => Ends::Succeeds,
        Err(LeaseLost) => panic!("the lease was not lost"),
    }
}

async fn judged(bench: &Bench, kind: &StepKind, silent: bool, expected: Ends) {
    let before = bench.prepare(kind).await;
    match command(kind) {
        _ if silent => bench.host.set_silent(true),
        Some(op) => (0..1000).for_each(|_| bench.host.fault(op, Fault::HangsBefore)),
        None => {}
    }
    let begun = Instant::now();
    let performed = bench.perform(kind, &before).await;
    assert_eq!(ends(&performed.outcome), expected, "{kind:?}, silent: {silent}: {:?}", performed.outcome);
    let (output, _lines) = Output::new(1, 1);
    let planned = bench.planned(kind);
    // Two rules may ask before it.
    let latest = end(kind, bench.step(&planned, &before, &output)) + QUESTIONS;
    assert!(begun.elapsed() <= latest, "{kind:?}: {:?}", begun.elapsed());
    if expected == Ends::Failed || expected == Ends::Unknown {
        assert!(bench.done().is_empty(), "{kind:?}: {:?}", bench.done());
    }
}

#[tokio::test]
async fn every_kind_of_step_ends_although_its_host_never_answers() {
    let mut kind = after(None);
    let mut seen = vec![];
    while let Some(now) = kind {
        let (told, all) = expected(&now);
        for (silent, expected) in [(false, told), (true, all)] {
            match &now {
                StepKind::Script { .. } => {
                    let mut scripts = Scripts::with("exec sleep 304").await;
                    scripts.bench.timeout_seconds = Some(1);
                    judged(&scripts.bench, &now, silent, expected).await;
                }
                StepKind::Extract { .. } => {
                    let mut project = project(&now);
                    project.bench.timeout_seconds = Some(1);
                    judged(&project.bench, &now, silent, expected).await;
                    // Lets the reader go.
                    drop(fs::File::options().write(true).open(project.directory.join("a.tar")).unwrap());
                }
                _ => {
                    let project = project(&now);
                    tokio::time::pause();
                    judged(&project.bench, &now, silent, expected).await;
                    tokio::time::resume();
                }
            }
        }
        seen.push(now.name());
        kind = after(Some(&now));
    }
    seen.dedup();
    assert_eq!(seen.len(), 19, "{seen:?}");
}

/// Before anything is begun too: a host that does not answer the questions for the intent.
#[tokio::test(start_paused = true)]
async fn no_question_before_a_step_waits_for_ever() {
    let mut kind = after(None);
    while let Some(now) = kind {
        if !matches!(now, StepKind::Script { .. } | StepKind::Extract { .. }) {
            let project = project(&now);
            project.bench.host.set_silent(true);
            let begun = Instant::now();
            if let Err(why) = prepare(&now, &project.bench.host, PROJECT, &project.bench.objects).await {
                assert!(why.ends_with("nothing was done"), "{why}");
            }
            assert!(begun.elapsed() <= QUESTIONS, "{now:?}");
        }
        kind = after(Some(&now));
    }
}
