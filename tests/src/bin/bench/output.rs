//! A million lines of a container's log through worker, Postgres and event stream into a browser, against `docker logs` of the
//! same container; and what server and worker need in memory meanwhile. Both run as programs of their own.

use std::{
    io::Read as _,
    process::{Command, Stdio},
    time::Instant,
};

use anyhow::{Context as _, Result, ensure};
use shared::{
    api::{
        live::Topic,
        run::{DecisionIn, RunRequestIn},
    },
    domain::{access::Role, run::RunEvent, run::RunState},
    timestamp::Timestamp,
};
use tests::{
    browser::{Chromium, Tab, id},
    events::Events,
    muster::Muster,
    persona::Persona,
    testnet::{docker, postgres_image},
};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    Measured, median,
    program::{self, Program, person},
    restart::until,
};

const LINES: i64 = 1_000_000;
const TURNS: usize = 3;
const MEGABYTE: f64 = 1024.0 * 1024.0;

const PLAN: &str = "# Bench\n\n## Incident Classification\n\n### Level 1 - Minor\n- Node down\n- Response Time: < 1 hour\n\n\
## Recovery Procedures\n\n### 1. Read the log\n\n```bash {approvals=1}\n# 1. Read all of it\ndocker-compose logs printer\n```\n\n\
## Recovery Time Objectives (RTO)\n\n| Component | RTO | Recovery Method |\n|---|---|---|\n| Single Node | 10 minutes | Read |\n";

pub(crate) async fn measure() -> Result<Vec<Measured>> {
    let printer = Printer::run()?;
    let muster = Muster::start_with_plan(PLAN, &printer.project).await?;
    let (server, base) = program::server(&muster)?;
    let database = ("DATABASE_URL", muster.database.url.clone().into());
    let project = ("MUSTER_WORKER_PROJECTS", printer.project.clone().into());
    let worker = Program::start("muster-worker", "run", &[database, project])?;
    let operator = person(&muster, &base, Role::Operator).await?;
    let approver = person(&muster, &base, Role::Approver).await?;
    let incident = muster.declare(&operator, "printer").await?.number;
    let chromium = Chromium::launch().await?;
    let tab = signed_in(&chromium, &base, &approver).await?;
    let (mut docker, mut seen, mut shown, mut ratios, mut ratios_shown) = (vec![], vec![], vec![], vec![], vec![]);
    let (mut idle, mut peak) = ([0.0_f64; 2], [0.0_f64; 2]);
    for _ in 0..TURNS {
        let raw = printer.read()?;
        for (at, program) in [&server, &worker].into_iter().enumerate() {
            idle[at] = idle[at].max(program.resident());
        }
        let watched = [server.watch(), worker.watch()];
        let (a, b) = run_once(&muster, &operator, &approver, incident, &tab, &base).await?;
        for (at, watched) in watched.into_iter().enumerate() {
            peak[at] = peak[at].max(watched.end().await);
        }
        docker.push(raw);
        seen.push(a);
        shown.push(b);
        ratios.push(raw / a);
        ratios_shown.push(raw / b);
    }
    chromium.close().await?;
    let rate = |seconds: &mut [f64]| LINES as f64 / median(seconds) / 1000.0;
    let (ratio, ratio_shown) = (median(&mut ratios), median(&mut ratios_shown));
    let raw = rate(&mut docker);
    let grown = |n: usize| (peak[n] - idle[n]) / MEGABYTE;
    let memory = |n: usize| format!("{:.0} MB at rest, {:.0} MB at most", idle[n] / MEGABYTE, peak[n] / MEGABYTE);
    Ok(vec![
        Measured {
            what: "1,000,000 log lines, step start to the event that tells of the last, against `docker logs`",
            value: format!("{ratio:.2} ({:.0} k lines/s against {raw:.0} k)", rate(&mut seen)),
            goal: "≥ 0.50",
            met: ratio >= 0.5,
        },
        Measured {
            what: "the same, until Chromium shows the last line and the count",
            value: format!("{ratio_shown:.2} ({:.0} k lines/s against {raw:.0} k)", rate(&mut shown)),
            goal: "≥ 0.50",
            met: ratio_shown >= 0.5,
        },
        Measured {
            what: "memory of the server meanwhile",
            value: memory(0),
            goal: "at most 32 MB more",
            met: grown(0) <= 32.0,
        },
        Measured {
            what: "memory of the worker meanwhile",
            value: memory(1),
            goal: "at most 32 MB more",
            met: grown(1) <= 32.0,
        },
    ])
}

async fn signed_in(chromium: &Chromium, base: &str, person: &Persona) -> Result<Tab> {
    let tab = chromium.open(&format!("{base}/login?next=/console")).await?;
    tab.ready().await?;
    tab.fill("input[type=email]", &person.email).await?;
    tab.fill("input[type=password]", &person.password).await?;
    tab.click(&id("sign-in")).await?;
    tab.until("the console is open", "location.pathname === '/console'").await?;
    Ok(tab)
}

/// Seconds from the step's start until the stream has told of the last line, and until the page shows it.
async fn run_once(
    muster: &Muster,
    operator: &Persona,
    approver: &Persona,
    incident: i64,
    tab: &Tab,
    base: &str,
) -> Result<(f64, f64)> {
    let body = RunRequestIn::of("read-the-log");
    let run = operator.api.request_run(incident, &body, &Uuid::new_v4().to_string()).await?;
    let view = until(operator, run.number, |v| v.state == RunState::AwaitingApproval).await?;
    tab.go(&format!("{base}/console/runs/{}", run.number)).await?;
    tab.ready().await?;
    tab.see(&id("approve")).await?;
    let mut stream = Events::open(&operator.http, None).await?;
    let content = view.content.context("a resolved run has content")?;
    approver.api.decide(run.number, &DecisionIn { approve: true, reason: None, content }).await?;
    let seen = async {
        loop {
            let arrived = stream.next().await?;
            if let Some(Topic::Output { last: LINES, .. }) = arrived.event.map(|event| event.topic) {
                return anyhow::Ok(arrived.at);
            }
        }
    };
    let shown = async {
        let count = "document.querySelector('.log-count')?.innerText.replace(/\\D/g, '') === '1000000'";
        let last = "[...document.querySelectorAll('.log-text')].at(-1)?.innerText.includes('line 1000000 ')";
        tab.until("it shows the last of a million lines", &format!("{count} && {last}")).await?;
        anyhow::Ok(Timestamp::new(OffsetDateTime::now_utc()))
    };
    let (seen, shown) = tokio::try_join!(seen, shown)?;
    until(operator, run.number, |v| v.state == RunState::Succeeded).await?;
    let log = muster.store.run_events(run.id).await?;
    let begun = log.iter().find(|r| matches!(r.event, RunEvent::StepStarted { .. })).context("no step began")?.at;
    let seconds = |to: Timestamp| (to.inner() - begun.inner()).as_seconds_f64();
    Ok((seconds(seen), seconds(shown)))
}

/// A container that has printed its lines and ended.
struct Printer {
    project: String,
    container: String,
}

impl Printer {
    fn run() -> Result<Self> {
        let project = format!("musterbench{}", &Uuid::new_v4().simple().to_string()[..10]);
        let label = |name: &str, value: &str| format!("com.docker.compose.{name}={value}");
        let labels = [label("project", &project), label("service", "printer"), label("container-number", "1")];
        let print = format!(
            "seq -f '2026-01-01T00:00:00Z INFO line %.0f of a log as services write them, some ninety bytes' {LINES}"
        );
        let image = postgres_image();
        let mut arguments = vec!["run", "-d", "--network", "none", "--log-driver", "json-file"];
        labels.iter().for_each(|label| arguments.extend(["--label", label]));
        arguments.extend([image.as_str(), "sh", "-c", &print]);
        let container = docker(&arguments)?.trim().to_owned();
        let printer = Self { project, container };
        let code = docker(&["wait", &printer.container])?;
        ensure!(code.trim() == "0", "the printer ended with {code}");
        Ok(printer)
    }

    /// Seconds that `docker logs` takes, into a reader that does nothing.
    fn read(&self) -> Result<f64> {
        let begun = Instant::now();
        let mut child = Command::new("docker").args(["logs", &self.container]).stdout(Stdio::piped()).spawn()?;
        let mut out = child.stdout.take().context("no output")?;
        let (mut piece, mut n_lines) = (vec![0; 64 * 1024], 0);
        loop {
            let n = out.read(&mut piece)?;
            if n == 0 {
                break;
            }
            n_lines += piece[..n].iter().filter(|byte| **byte == b'\n').count();
        }
        ensure!(child.wait()?.success() && i64::try_from(n_lines)? == LINES, "`docker logs` printed {n_lines} lines");
        Ok(begun.elapsed().as_secs_f64())
    }
}

impl Drop for Printer {
    fn drop(&mut self) {
        // What stays is named after the bench.
        let _ = docker(&["rm", "-f", &self.container]);
    }
}
