//! Steps that run something: scripts on this host, programs and SQL in containers, requests that change something.

use std::{fs, os::unix::fs::PermissionsExt as _, path::PathBuf};

use super::*;
use crate::{files, host::LogLine};

/// A bench with one script, approved as it is now.
pub(super) struct Scripts {
    pub(super) bench: Bench,
    directory: PathBuf,
}

impl Scripts {
    pub(super) async fn with(text: &str) -> Self {
        let directory = std::env::temp_dir().join(format!("muster-scripts-{}", Uuid::new_v4()));
        fs::create_dir_all(&directory).unwrap();
        let directory = directory.canonicalize().unwrap();
        let path = directory.join("s.sh");
        fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        let mut bench = Bench::new(&[]);
        bench.config.scripts = Some(directory.clone());
        bench.objects = files::script_objects(&path).await.unwrap().to_vec();
        Self { bench, directory }
    }
}

impl Drop for Scripts {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.directory);
    }
}

pub(super) fn script(args: &[&str]) -> StepKind {
    StepKind::Script { path: "./scripts/s.sh".into(), args: args.iter().map(|a| (*a).to_owned()).collect() }
}

#[tokio::test]
async fn a_script_gets_its_arguments_and_a_clean_environment() {
    let mut scripts = Scripts::with("printf '[%s]\\n' \"$@\"; env; echo oops >&2; echo restored 42 rows").await;
    scripts.bench.config.paths = [("/var/backups".to_owned(), "/srv/b".into())].into();
    scripts.bench.config.script_env = [("EXTRA".to_owned(), "x=y".to_owned())].into();
    let performed = scripts.bench.run(&script(&["/var/backups/latest.sql", "a b; $(id)", "--force"])).await;
    assert_eq!(performed.evidence(), "restored 42 rows");
    let text = performed.text();
    assert!(text.starts_with("[/srv/b/latest.sql]\n[a b; $(id)]\n[--force]\n") || text.starts_with("oops"), "{text}");
    for part in [
        "MUSTER_PROJECT=bt2c\n",
        "MUSTER_STEP=1\n",
        "EXTRA=x=y\n",
        "LANG=C.UTF-8\n",
        "MUSTER_INCIDENT_DECLARED_AT=1970-",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("CARGO") && !text.contains("DATABASE_URL"), "{text}");
    assert!(performed.lines.contains(&(Stream::Err, "oops".into())));
}

#[tokio::test]
async fn a_script_that_fails_says_its_last_words() {
    let scripts = Scripts::with("echo working; echo no such backup >&2; exit 3").await;
    let performed = scripts.bench.run(&script(&[])).await;
    let failure = performed.failure();
    assert!(failure.starts_with("the script ended with exit code 3; its last words: "), "{failure}");
    assert!(failure.contains("no such backup"), "{failure}");
}

#[tokio::test]
async fn a_script_that_was_changed_after_the_approval_is_not_run() {
    let scripts = Scripts::with("echo ran > \"$(dirname $0)/ran\"").await;
    fs::write(scripts.directory.join("common.sh"), "x").unwrap();
    let performed = scripts.bench.run(&script(&[])).await;
    assert!(performed.failure().ends_with("is not what was approved; nothing was done"), "{}", performed.failure());
    assert!(!scripts.directory.join("ran").exists());
    // Nor without the lease.
    let scripts = Scripts::with("echo ran > \"$(dirname $0)/ran\"").await;
    scripts.bench.lease.lose();
    assert_eq!(scripts.bench.run(&script(&[])).await.outcome, Err(LeaseLost));
    assert!(!scripts.directory.join("ran").exists());
}

#[tokio::test]
async fn a_timeout_ends_a_script_with_its_grandchildren_and_leaves_it_unknown() {
    let mut scripts = Scripts::with("sh -c 'sleep 301' & sh -c 'exec sleep 302' & echo $!; wait").await;
    scripts.bench.timeout_seconds = Some(1);
    let performed = scripts.bench.run(&script(&[])).await;
    let reason = performed.unknown();
    assert!(reason.starts_with("it was not done within 1 s: the script and all its processes were ended"), "{reason}");
    let pid = performed.lines.iter().find(|(stream, _)| *stream == Stream::Out).unwrap().1.clone();
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    assert!(stat.is_empty() || stat.contains(") Z "), "{stat}");
}

#[tokio::test]
async fn an_interrupted_script_is_ended_and_a_person_is_asked() {
    let scripts = Scripts::with("touch \"$(dirname $0)/.began\"; sleep 303").await;
    // The worker is gone; what it started is not: as after SIGKILL, nobody waits for it.
    let environment = {
        let (output, _lines) = Output::new(1, 1);
        let (planned, before) = (scripts.bench.planned(&script(&[])), Before::new());
        scripts.bench.step(&planned, &before, &output).site.environment(1, 1)
    };
    let mut orphan = tokio::process::Command::new(scripts.directory.join("s.sh"))
        .env_clear()
        .envs(environment)
        .process_group(0)
        .spawn()
        .unwrap();
    while !scripts.directory.join(".began").exists() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let (kind, before) = (script(&[]), Before::new());
    let (probed, ended) = tokio::join!(scripts.bench.probe(&kind, &before), orphan.wait());
    let Probed::Unknown { reason } = probed else { panic!("{probed:?}") };
    assert!(reason.contains("interrupted while the script ran; what was left of it was ended"), "{reason}");
    assert!(!ended.unwrap().success());
    // Nothing was left to end: a person is asked all the same.
    let probed = scripts.bench.probe(&kind, &before).await;
    assert_eq!(probed, Probed::Unknown { reason: "the worker was interrupted while the script ran".into() });
}

fn said(text: &str) -> Vec<LogLine> {
    text.lines().map(|text| LogLine { from_stderr: false, text: text.into(), cut: false }).collect()
}

fn exec(argv: &[&str]) -> StepKind {
    StepKind::Exec { service: "a".into(), argv: argv.iter().map(|a| (*a).to_owned()).collect() }
}

#[tokio::test(start_paused = true)]
async fn exec_runs_words_as_they_are_and_tells_the_exit_code() {
    let bench = Bench::new(&["a"]);
    bench.host.program("bt2c-a", |argv| match argv {
        [program, rest @ ..] if program == "echo" => (said(&rest.join("|")), 0),
        _ => (said("no such file"), 2),
    });
    assert_eq!(bench.run(&exec(&["echo", "$(id)", "a b"])).await.evidence(), "$(id)|a b");
    let performed = bench.run(&exec(&["ls", "/x"])).await;
    assert_eq!(performed.failure(), "it ended with exit code 2; its last words: no such file");
    bench.host.kill("bt2c-a");
    let performed = bench.run(&exec(&["ls"])).await;
    assert_eq!(performed.failure(), "bt2c_a_1 is exited (137): start it first; nothing was done");
}

#[tokio::test(start_paused = true)]
async fn a_lost_program_is_unknown_unless_it_only_reads() {
    for (program, destructive) in [("ls", false), ("rm", true)] {
        let bench = Bench::new(&["a"]);
        bench.host.fault(Op::Exec, Fault::HangsBefore);
        let begun = Instant::now();
        let performed = bench.run(&exec(&[program])).await;
        assert_eq!(begun.elapsed().as_secs(), 600);
        if destructive {
            assert!(
                performed.unknown().ends_with("may still be running in bt2c_a_1"),
                "{performed:?}",
                performed = performed.lines
            );
        } else {
            performed.failure();
        }
        let probed = bench.probe(&exec(&[program]), &Before::new()).await;
        assert_eq!(matches!(probed, Probed::Unknown { .. }), destructive, "{probed:?}");
        assert_eq!(probed == Probed::Again, !destructive);
    }
}

#[tokio::test(start_paused = true)]
async fn sql_shows_its_result_and_uses_it_as_evidence() {
    let bench = Bench::new(&["a"]);
    let query = "SELECT MAX(height) FROM blocks;";
    bench.host.program("bt2c-a", move |argv| {
        assert_eq!(argv.last().map(String::as_str), Some(query));
        (said(" max \n-----\n  42\n(1 row)\n"), 0)
    });
    let kind = StepKind::Sql { service: "a".into(), user: Some("bt2c".into()), database: None, query: query.into() };
    let performed = bench.run(&kind).await;
    assert_eq!(performed.evidence(), "max = 42");
    assert!(performed.text().contains("  42\n"));
    let before = Before::new();
    assert_eq!(bench.probe(&kind, &before).await, Probed::Again);
    let wipes = StepKind::Sql { service: "a".into(), user: None, database: None, query: "DELETE FROM blocks".into() };
    assert!(matches!(bench.probe(&wipes, &before).await, Probed::Unknown { .. }));
}

#[tokio::test(start_paused = true)]
async fn a_request_that_changes_something_is_sent_once() {
    let post = StepKind::Http { method: "POST".into(), url: "http://localhost:8081/pause".into() };
    let bench = Bench::new(&["a"]);
    bench.host.answer("bt2c-a", 8080, |ask| {
        assert_eq!(ask.method, "POST");
        answers(202, "")
    });
    assert_eq!(bench.run(&post).await.evidence(), "http://localhost:8081/pause answered 202 Accepted");
    bench.host.answer("bt2c-a", 8080, |_| answers(503, "no"));
    assert_eq!(bench.run(&post).await.failure(), "http://localhost:8081/pause answered 503 Service Unavailable");
    bench.host.answer("bt2c-a", 8080, |_| Err(HostError::Unanswered("too slow".into())));
    assert_eq!(bench.run(&post).await.unknown(), "the POST may have arrived: too slow");
    bench.host.change("bt2c-a", |c| c.container.project = Some("other".into()));
    assert!(bench.run(&post).await.failure().ends_with("it was not touched"));
    assert!(matches!(bench.probe(&post, &Before::new()).await, Probed::Unknown { .. }));
}

#[tokio::test(start_paused = true)]
async fn programs_run_in_no_container_of_another_project() {
    let bench = Bench::new(&["a"]);
    bench.host.program("bt2c-a", |_| panic!("it was touched"));
    bench.host.change("bt2c-a", |c| c.container.project = Some("other".into()));
    let sql = StepKind::Sql { service: "a".into(), user: None, database: None, query: "SELECT 1".into() };
    for kind in [exec(&["ls"]), sql] {
        let why = "bt2c_a_1 does not belong to the Compose project bt2c; it was not touched";
        assert_eq!(bench.run(&kind).await.failure(), why);
    }
}
