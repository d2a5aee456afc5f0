//! The Compose command, v2 (a plugin of `docker`) or v1 (`docker-compose`): which there is, and how it is called. Decides
//! nothing about what it may be told.

use std::{collections::BTreeMap, ffi::OsString, path::Path, time::Duration};

use tokio::sync::mpsc;

use super::{Compose, Ended, HostError, LinesTo, LogLine, Verb};
use crate::{
    config::engine::Engine,
    process::{self, Program},
};

/// For questions.
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) async fn services(engine: &Engine, compose: &Compose) -> Result<Vec<String>, HostError> {
    let mut arguments = given(compose);
    arguments.extend(["config", "--services"].map(OsString::from));
    let environment = with_engine(engine, compose);
    let program = command(&environment, compose, arguments, PATIENCE).await?;
    let (ended, out, err) = listened(program).await?;
    if ended.ok() {
        return Ok(out.into_iter().map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect());
    }
    let why = err.into_iter().rev().find(|line| !line.trim().is_empty()).unwrap_or_else(|| "it said nothing".into());
    Err(HostError::Refused(format!("Compose cannot read {}: {why}", compose.file.display())))
}

pub(super) async fn run(engine: &Engine, compose: &Compose, verb: &Verb, lines: LinesTo) -> Result<Ended, HostError> {
    let mut arguments = given(compose);
    match verb {
        Verb::Create => arguments.extend(["up", "--no-start", "--no-build"].map(OsString::from)),
        Verb::Up { services } => {
            arguments.extend(["up", "-d", "--no-build"].map(OsString::from));
            arguments.extend(services.iter().map(OsString::from));
        }
        Verb::Down { volumes } => {
            arguments.push("down".into());
            if *volumes {
                arguments.push("-v".into());
            }
        }
    }
    let environment = with_engine(engine, compose);
    let program = command(&environment, compose, arguments, compose.limit).await?;
    process::run(program, lines).await.map_err(HostError::Missing)
}

fn given(compose: &Compose) -> Vec<OsString> {
    let mut arguments: Vec<OsString> =
        vec!["-p".into(), compose.project.clone().into(), "-f".into(), compose.file.clone().into()];
    if let Some(file) = &compose.env_file {
        arguments.extend(["--env-file".into(), file.clone().into()]);
    }
    arguments
}

fn with_engine(engine: &Engine, compose: &Compose) -> BTreeMap<String, String> {
    let mut environment = compose.environment.clone();
    environment.extend(engine.variables());
    environment
}

async fn command(
    environment: &BTreeMap<String, String>,
    compose: &Compose,
    arguments: Vec<OsString>,
    limit: Duration,
) -> Result<Program, HostError> {
    let directory = compose.file.parent().unwrap_or(Path::new("/")).to_owned();
    let program = |argv: Vec<OsString>, limit| Program {
        argv,
        environment: environment.clone(),
        directory: directory.clone(),
        limit,
        cancelled: compose.cancelled.clone(),
    };
    for prefix in [&["docker", "compose"][..], &["docker-compose"]] {
        let mut probe: Vec<OsString> = prefix.iter().map(OsString::from).collect();
        probe.push("version".into());
        if let Ok((ended, ..)) = listened(program(probe, PATIENCE)).await
            && ended.ok()
        {
            let argv = prefix.iter().map(OsString::from).chain(arguments).collect();
            return Ok(program(argv, limit));
        }
    }
    Err(HostError::Missing("neither `docker compose` nor `docker-compose` is installed where the worker runs".into()))
}

/// For programs that say little.
async fn listened(program: Program) -> Result<(Ended, Vec<String>, Vec<String>), HostError> {
    let (to, mut from) = mpsc::channel::<Vec<LogLine>>(8);
    let listening = async {
        let (mut out, mut err) = (vec![], vec![]);
        while let Some(lines) = from.recv().await {
            for line in lines {
                if line.from_stderr { &mut err } else { &mut out }.push(line.text);
            }
        }
        (out, err)
    };
    let (ended, (out, err)) = tokio::join!(process::run(program, to), listening);
    Ok((ended.map_err(HostError::Missing)?, out, err))
}
