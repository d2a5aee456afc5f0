//! Programs run inside a container. Never with a shell, a terminal or privileges of their own.

use bollard::{
    container::LogOutput,
    exec::{CreateExecOptions, StartExecOptions, StartExecResults},
};
use futures::StreamExt as _;
use tokio::sync::mpsc;

use super::{DockerHost, PATIENCE};
use crate::host::{HostError, LinesTo, LogLine, lines::Lines};

/// More is no answer to a question.
const MOST_LINES: usize = 100;

impl DockerHost {
    pub(super) async fn answer_of(&self, id: &str, argv: &[String]) -> Result<String, HostError> {
        let (to, mut from) = mpsc::channel::<Vec<LogLine>>(4);
        let listening = async {
            let mut said = vec![];
            while let Some(lines) = from.recv().await {
                let room = MOST_LINES.saturating_sub(said.len());
                said.extend(lines.into_iter().filter(|line| !line.from_stderr).map(|line| line.text).take(room));
            }
            said.join("\n")
        };
        match tokio::join!(self.exec_in(id, argv, to), listening) {
            (Ok(0), said) => Ok(said),
            (Ok(code), _) => Err(HostError::Refused(format!("it ended with exit code {code}"))),
            (Err(error), _) => Err(error),
        }
    }

    pub(super) async fn exec_in(&self, id: &str, argv: &[String], to: LinesTo) -> Result<i64, HostError> {
        let docker = self.docker().await?;
        let options = CreateExecOptions {
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            cmd: Some(argv.to_vec()),
            ..CreateExecOptions::default()
        };
        let made = self.within(PATIENCE, docker.create_exec(id, options)).await?;
        let started = self.within(PATIENCE, docker.start_exec(&made.id, None::<StartExecOptions>)).await?;
        if let StartExecResults::Attached { mut output, .. } = started {
            let mut lines = Lines::default();
            while let Some(piece) = output.next().await {
                let found = match piece.map_err(|e| self.refused(e))? {
                    LogOutput::StdErr { message } => lines.push(true, &message),
                    other => lines.push(false, &other.into_bytes()),
                };
                if !found.is_empty() {
                    // Nobody listens: the step has given up, and says so itself.
                    let _ = to.send(found).await;
                }
            }
            let rest = lines.finish();
            if !rest.is_empty() {
                let _ = to.send(rest).await;
            }
        }
        let ended = self.within(PATIENCE, docker.inspect_exec(&made.id)).await?;
        match (ended.running, ended.exit_code) {
            (Some(false) | None, Some(code)) => Ok(code),
            _ => Err(HostError::Unreachable("the connection to the program ended before the program did".into())),
        }
    }
}
