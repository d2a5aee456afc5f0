//! Every step kind against the simulated host: done, failed, interrupted before and after its effect.

mod ends;
mod notify;
mod programs;
mod project;

use shared::{
    api::run::Stream,
    digest::Digest,
    domain::{resolution::ObjectKind, run::RunHeader},
    fixtures,
    ids::RunId,
    plan::{Condition, Plan, Probe, compile, is_destructive},
    timestamp::Timestamp,
};
use tokio::time::Instant;
use uuid::Uuid;

use super::*;
use crate::{
    config::Config,
    host::{
        HttpAnswer,
        simulated::{Fault, Op, SimulatedHost},
    },
    secrets::Secrets,
};

const PROJECT: &str = "bt2c";

struct Bench {
    host: SimulatedHost,
    objects: Vec<ResolvedObject>,
    lease: Lease,
    config: Config,
    plan: Plan,
    header: RunHeader,
    timeout_seconds: Option<u64>,
    attempt: u32,
    board: notify::MemoryBoard,
    secrets: Secrets,
}

/// A plan with backups in `/b/db`.
const PLAN: &str = "# Plan\n\n## Recovery\n```bash\ndocker compose ps\n```\n\n## Recovery Point Objectives (RPO)\n\n\
    | Data Type | RPO | Backup Frequency |\n|---|---|---|\n| Database | 5 minutes | x |\n\n\
    ## Appendix\n\n### Backup Locations\n- Database: `/b/db`\n";
const DECLARED: i64 = 1_000_000;

/// What a performed step left behind.
struct Performed {
    outcome: Result<StepOutcome, LeaseLost>,
    lines: Vec<(Stream, String)>,
}

impl Performed {
    fn evidence(&self) -> &str {
        match &self.outcome {
            Ok(StepOutcome::Succeeded { evidence }) => evidence,
            other => panic!("{other:?} {:?}", self.lines),
        }
    }

    fn failure(&self) -> &str {
        match &self.outcome {
            Ok(StepOutcome::Failed { reason }) => reason,
            other => panic!("{other:?} {:?}", self.lines),
        }
    }

    fn unknown(&self) -> &str {
        match &self.outcome {
            Ok(StepOutcome::Unknown { reason }) => reason,
            other => panic!("{other:?} {:?}", self.lines),
        }
    }

    fn text(&self) -> String {
        self.lines.iter().map(|(_, text)| format!("{text}\n")).collect()
    }
}

impl Bench {
    fn new(services: &[&str]) -> Self {
        let host = SimulatedHost::new();
        let objects = services.iter().map(|service| object(&host.add(PROJECT, service, &[]), service)).collect();
        let plan = compile(PLAN).plan;
        let header = RunHeader {
            id: RunId(Uuid::new_v4()),
            project: PROJECT.into(),
            ..fixtures::header(plan.procedures[0].clone())
        };
        let (lease, config) = (Lease::new(Duration::from_secs(3600), Instant::now()), Config::for_projects(&[PROJECT]));
        Self {
            host,
            objects,
            lease,
            config,
            plan,
            header,
            timeout_seconds: None,
            attempt: 1,
            board: notify::MemoryBoard::default(),
            secrets: Secrets::default(),
        }
    }

    fn planned(&self, kind: &StepKind) -> shared::plan::Step {
        shared::plan::Step {
            title: "do it".into(),
            destructive: is_destructive(kind),
            timeout_seconds: self.timeout_seconds,
            ..fixtures::step(1, kind.clone())
        }
    }

    fn step<'a>(&'a self, planned: &'a shared::plan::Step, before: &'a Before, output: &'a Output) -> Step<'a> {
        let declared_at = Timestamp::from_unix(DECLARED);
        let site =
            Site { config: &self.config, header: &self.header, plan: &self.plan, declared_at, secrets: &self.secrets };
        let (host, objects, lease, attempt) = (&self.host, &self.objects[..], &self.lease, self.attempt);
        Step { host, project: PROJECT, objects, before, output, board: &self.board, lease, site, planned, attempt }
    }

    async fn prepare(&self, kind: &StepKind) -> Before {
        prepare(kind, &self.host, PROJECT, &self.objects).await.unwrap()
    }

    async fn perform(&self, kind: &StepKind, before: &Before) -> Performed {
        let (output, mut lines) = Output::new(1, 1);
        let planned = self.planned(kind);
        let performing = async {
            let output = output;
            let step = self.step(&planned, before, &output);
            let allowed = allowed(kind, step.host, step.project, step.site, None).await;
            perform(kind, allowed, step).await
        };
        let listening = async {
            let mut all = vec![];
            while let Some(new) = lines.recv().await {
                all.extend(new.lines().map(|(stream, text)| (stream, text.to_owned())));
            }
            all
        };
        let (outcome, lines) = tokio::join!(performing, listening);
        Performed { outcome, lines }
    }

    /// As a fresh attempt does it.
    async fn run(&self, kind: &StepKind) -> Performed {
        let before = self.prepare(kind).await;
        self.perform(kind, &before).await
    }

    async fn probe(&self, kind: &StepKind, before: &Before) -> Probed {
        let (output, _lines) = Output::new(1, 1);
        let planned = self.planned(kind);
        probe(kind, self.step(&planned, before, &output)).await
    }

    fn done(&self) -> Vec<(Op, String)> {
        self.host.effects().into_iter().map(|e| (e.op, e.container)).collect()
    }
}

fn object(id: &str, service: &str) -> ResolvedObject {
    let name = format!("{PROJECT}_{service}_1");
    ResolvedObject { service: Some(service.into()), port: Some(8080), ..fixtures::container(id, &name) }
}

fn restart() -> StepKind {
    StepKind::Restart { services: vec![] }
}

fn unreachable() -> HostError {
    HostError::Unreachable("Docker does not answer".into())
}

fn restarted(services: &[&str]) -> Vec<(Op, String)> {
    services.iter().map(|s| (Op::Restart, format!("{PROJECT}_{s}_1"))).collect()
}

#[tokio::test(start_paused = true)]
async fn restart_restarts_in_order_and_says_so() {
    let bench = Bench::new(&["a", "b"]);
    bench.host.kill("bt2c-a");
    let performed = bench.run(&restart()).await;
    assert_eq!(performed.evidence(), "restarted bt2c_a_1 in 0.0 s and restarted bt2c_b_1 in 0.0 s");
    assert!(performed.text().contains("Restarting bt2c_a_1 (exited (137))"), "{}", performed.text());
    assert_eq!(bench.done(), restarted(&["a", "b"]));
}

#[tokio::test(start_paused = true)]
async fn a_second_performance_of_the_same_intent_does_nothing() {
    for kind in [restart(), StepKind::Stop { services: vec![] }, StepKind::Start { services: vec![] }] {
        let bench = Bench::new(&["a"]);
        if matches!(kind, StepKind::Start { .. }) {
            bench.host.kill("bt2c-a");
        }
        let before = bench.prepare(&kind).await;
        bench.perform(&kind, &before).await.evidence();
        let evidence = bench.perform(&kind, &before).await.evidence().to_owned();
        assert!(evidence.contains("already"), "{evidence}");
        assert_eq!(bench.done().len(), 1, "{kind:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn killed_before_the_effect_it_is_done_afterwards_once() {
    let bench = Bench::new(&["a"]);
    let before = bench.prepare(&restart()).await;
    bench.host.fault(Op::Restart, Fault::HangsBefore);
    let killed = tokio::time::timeout(Duration::from_secs(1), bench.perform(&restart(), &before)).await;
    assert!(killed.is_err());
    assert_eq!(bench.probe(&restart(), &before).await, Probed::Again);
    bench.perform(&restart(), &before).await.evidence();
    assert_eq!(bench.done(), restarted(&["a"]));
}

#[tokio::test(start_paused = true)]
async fn killed_after_the_effect_it_is_found_done() {
    let bench = Bench::new(&["a"]);
    let before = bench.prepare(&restart()).await;
    bench.host.fault(Op::Restart, Fault::HangsAfter);
    let killed = tokio::time::timeout(Duration::from_secs(1), bench.perform(&restart(), &before)).await;
    assert!(killed.is_err());
    let evidence = "found bt2c_a_1 restarted after the worker came back".into();
    assert_eq!(bench.probe(&restart(), &before).await, Probed::Done { evidence });
}

#[tokio::test(start_paused = true)]
async fn killed_between_two_containers_only_the_second_is_restarted_afterwards() {
    let bench = Bench::new(&["a", "b"]);
    let before = bench.prepare(&restart()).await;
    bench.host.restart("bt2c-a").await.unwrap();
    assert_eq!(bench.probe(&restart(), &before).await, Probed::Again);
    let evidence = bench.perform(&restart(), &before).await.evidence().to_owned();
    assert!(evidence.starts_with("bt2c_a_1 had already been restarted at "), "{evidence}");
    assert_eq!(bench.done(), restarted(&["a", "b"]));
}

#[tokio::test(start_paused = true)]
async fn when_docker_goes_away_in_the_middle_the_containers_state_decides() {
    let bench = Bench::new(&["a"]);
    bench.host.fault(Op::Restart, Fault::FailsAfterEffect(unreachable()));
    let evidence = bench.run(&restart()).await.evidence().to_owned();
    assert_eq!(evidence, "restarted bt2c_a_1, although Docker did not answer meanwhile");

    let bench = Bench::new(&["a", "b"]);
    bench.host.fault(Op::Restart, Fault::Fails(unreachable()));
    let failure = bench.run(&restart()).await.failure().to_owned();
    assert_eq!(failure, "could not restart bt2c_a_1: Docker does not answer. It is now running. Not touched: bt2c_b_1");
    assert!(bench.done().is_empty());
}

#[tokio::test(start_paused = true)]
async fn when_docker_stays_away_the_outcome_is_unknown() {
    let bench = Bench::new(&["a"]);
    let before = bench.prepare(&restart()).await;
    bench.host.set_delay(Duration::from_secs(1));
    let kind = restart();
    let perform = bench.perform(&kind, &before);
    let (performed, ()) = tokio::join!(perform, async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        bench.host.set_away(true);
    });
    assert!(
        matches!(&performed.outcome, Ok(StepOutcome::Unknown { reason }) if reason.contains("could not be looked at"))
    );
    assert!(matches!(bench.probe(&restart(), &before).await, Probed::Unknown { .. }));
}

#[tokio::test(start_paused = true)]
async fn a_docker_that_hangs_does_not_hold_the_step_for_ever() {
    let bench = Bench::new(&["a"]);
    bench.host.fault(Op::Restart, Fault::HangsBefore);
    let begun = Instant::now();
    let performed = bench.run(&restart()).await;
    assert_eq!(performed.failure(), "could not restart bt2c_a_1: Docker was not done within 70 s. It is now running");
    assert_eq!(begun.elapsed().as_secs(), 70);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_touched_outside_the_project_or_without_the_lease() {
    let kinds = [restart(), StepKind::Stop { services: vec![] }, StepKind::Start { services: vec![] }];
    for kind in &kinds {
        let bench = Bench::new(&["a"]);
        let before = bench.prepare(kind).await;
        bench.host.change("bt2c-a", |c| c.container.project = Some("other".into()));
        let why = "bt2c_a_1 does not belong to the Compose project bt2c; it was not touched";
        assert_eq!(bench.perform(kind, &before).await.failure(), why);
        assert_eq!(prepare(kind, &bench.host, PROJECT, &bench.objects).await.unwrap_err(), why);

        let bench = Bench::new(&["a"]);
        let before = bench.prepare(kind).await;
        bench.lease.lose();
        assert_eq!(bench.perform(kind, &before).await.outcome, Err(LeaseLost));

        let bench = Bench::new(&["a"]);
        let before = bench.prepare(kind).await;
        bench.host.remove("bt2c-a");
        let performed = bench.perform(kind, &before).await;
        assert_eq!(performed.failure(), "bt2c_a_1: there is no such container any more; it was not touched");
        assert!(bench.done().is_empty(), "{kind:?}");
    }
}

#[tokio::test]
async fn inspect_prints_a_table() {
    let bench = Bench::new(&["a", "postgres"]);
    bench.host.kill("bt2c-a");
    let performed = bench.run(&StepKind::Inspect { services: vec![] }).await;
    assert_eq!(performed.evidence(), "a is exited (137) and postgres is running");
    assert_eq!(
        performed.text(),
        "SERVICE   CONTAINER        STATE         SINCE                    IMAGE\n\
         a         bt2c_a_1         exited (137)  -                        simulated:1\n\
         postgres  bt2c_postgres_1  running       2026-01-01 00:00:00 UTC  simulated:1\n"
    );
}

#[tokio::test]
async fn logs_prints_the_last_lines() {
    let bench = Bench::new(&["a"]);
    bench.host.set_logs("bt2c-a", &["one", "two", "three"]);
    let performed = bench.run(&StepKind::Logs { services: vec![], tail: Some(2) }).await;
    assert_eq!((performed.evidence(), performed.text().as_str()), ("2 lines of a", "two\nthree\n"));
    bench.host.remove("bt2c-a");
    let performed = bench.run(&StepKind::Logs { services: vec![], tail: None }).await;
    assert_eq!(performed.failure(), "the log of bt2c_a_1: there is no such container any more");
}

fn get() -> StepKind {
    StepKind::Http { method: "GET".into(), url: "http://localhost:8081/status".into() }
}

fn answers(status: u16, body: &str) -> Result<HttpAnswer, HostError> {
    Ok(HttpAnswer { status, body: body.into(), cut: false })
}

#[tokio::test(start_paused = true)]
async fn http_prints_the_answer_and_judges_its_status() {
    let bench = Bench::new(&["a"]);
    bench.host.answer("bt2c-a", 8080, |ask| {
        assert_eq!(ask.url.path(), "/status");
        answers(200, "{\"height\":41}")
    });
    let performed = bench.run(&get()).await;
    assert_eq!(performed.evidence(), "http://localhost:8081/status answered 200 OK");
    assert_eq!(performed.text(), "HTTP 200 OK\n{\n  \"height\": 41\n}\n");

    bench.host.answer("bt2c-a", 8080, |_| answers(404, "no"));
    let performed = bench.run(&get()).await;
    assert_eq!(performed.failure(), "http://localhost:8081/status answered 404 Not Found");
    assert!(performed.text().contains("no\n"));
}

#[tokio::test(start_paused = true)]
async fn http_gives_a_service_that_starts_a_moment() {
    let bench = Bench::new(&["a"]);
    let mut asked = 0;
    bench.host.answer("bt2c-a", 8080, move |_| {
        asked += 1;
        match asked {
            1 => Err(HostError::NoAnswer("a: connection refused".into())),
            2 => answers(503, "starting"),
            _ => answers(200, "ready"),
        }
    });
    let performed = bench.run(&get()).await;
    assert_eq!(performed.evidence(), "http://localhost:8081/status answered 200 OK");
    assert!(
        performed.text().starts_with("a: connection refused; trying again for up to 10 s\n"),
        "{}",
        performed.text()
    );

    bench.host.kill("bt2c-a");
    let begun = Instant::now();
    assert_eq!(bench.run(&get()).await.failure(), "no good answer within 10 s: bt2c_a_1 is exited (137)");
    assert!(begun.elapsed() <= http::LIMIT);
}

fn wait(condition: Condition) -> StepKind {
    let probe = Probe::HttpNumber { url: "http://localhost:8081/metrics".into(), filter: Some("height".into()) };
    StepKind::WaitUntil { probe, condition, interval_seconds: 5, timeout_seconds: 60 }
}

#[tokio::test(start_paused = true)]
async fn wait_until_ends_with_the_first_growth() {
    let bench = Bench::new(&["a"]);
    let mut asked = 0;
    bench.host.answer("bt2c-a", 8080, move |_| {
        asked += 1;
        match asked {
            1 | 2 => Err(HostError::NoAnswer("a: connection refused".into())),
            3 | 4 => answers(200, "# height 9\nbt2c_block_height 41\n"),
            _ => answers(200, "bt2c_block_height 44\n"),
        }
    });
    let performed = bench.run(&wait(Condition::Grows)).await;
    assert_eq!(performed.evidence(), "bt2c_block_height grew from 41 to 44 in 8 s");
    assert_eq!(performed.text(), "a: connection refused; waiting\nbt2c_block_height 41\nbt2c_block_height 41 → 44\n");
}

#[tokio::test(start_paused = true)]
async fn wait_until_ends_at_its_timeout_with_the_last_value() {
    let bench = Bench::new(&["a"]);
    bench.host.answer("bt2c-a", 8080, |_| answers(200, "height 41"));
    let begun = Instant::now();
    let performed = bench.run(&wait(Condition::Grows)).await;
    assert_eq!(performed.failure(), "height did not grow within 1 min; it is still 41");
    assert_eq!(begun.elapsed().as_secs(), 60);
    bench.host.answer("bt2c-a", 8080, |_| answers(200, "peers 1"));
    let why =
        "not within 1 min: http://localhost:8081/metrics answered without a line that has \"height\" and a number";
    assert_eq!(bench.run(&wait(Condition::Grows)).await.failure(), why);
    assert_eq!(bench.run(&wait(Condition::Answers)).await.evidence(), "http://localhost:8081/metrics answered 200 OK");
}

#[tokio::test]
async fn kinds_that_cannot_run_do_nothing_and_say_so() {
    let bench = Bench::new(&["a"]);
    for kind in [StepKind::Shell {}, StepKind::Manual {}] {
        let performed = bench.run(&kind).await;
        assert!(performed.failure().ends_with("; nothing was done"), "{}", performed.failure());
        assert!(bench.done().is_empty());
    }
}
