//! Programs run inside a container. Never with a shell, a terminal or privileges of their own.

use bollard::{
    container::LogOutput,
    exec::{CreateExecOptions, StartExecOptions, StartExecResults},
};
use futures::StreamExt as _;

use super::{DockerHost, PATIENCE};
use crate::host::{HostError, LinesTo, lines::Lines};

impl DockerHost {
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
