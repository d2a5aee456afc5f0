//! Programs on the worker's own host: argument vectors in a process group of their own, with nothing but the environment they
//! are given, their lines streamed, and an end. Knows neither runs nor what the programs do.

pub(crate) mod leftovers;

use std::{collections::BTreeMap, ffi::OsString, os::unix::process::ExitStatusExt as _, path::PathBuf, time::Duration};

use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _},
    process::{Child, Command},
    time::{Instant, timeout, timeout_at},
};
use tokio_util::sync::CancellationToken;

use crate::host::{Ended, LinesTo, lines::Lines};

/// Between the request to end and the end.
pub(crate) const GRACE: Duration = Duration::from_secs(10);
/// After a program's end its last lines are waited for; who still holds its output then is a process it left behind.
const LAST_LINES: Duration = Duration::from_secs(2);
/// For the kernel, after SIGKILL.
const BURIED: Duration = Duration::from_secs(2);

/// What is run, and with what.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    /// Program and arguments; never a shell line.
    pub(crate) argv: Vec<OsString>,
    /// All of it.
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) directory: PathBuf,
    pub(crate) limit: Duration,
    /// Ends it before its time.
    pub(crate) cancelled: CancellationToken,
}

/// Ends the whole group if the work on it is given up.
struct Group(Option<Pid>);

impl Group {
    fn signal(&self, signal: Signal) {
        if let Some(group) = self.0 {
            // Nobody is left in it: as wanted.
            let _ = killpg(group, signal);
        }
    }

    /// Zombies that nobody buries count as gone after a while: they do nothing any more.
    async fn gone_within(&self, limit: Duration) -> bool {
        let Some(group) = self.0 else { return true };
        let until = Instant::now() + limit;
        while killpg(group, None).is_ok() {
            if Instant::now() >= until {
                return false;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        true
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.signal(Signal::SIGKILL);
    }
}

/// The error says why it could not be started; then nothing was done.
pub(crate) async fn run(program: Program, lines: LinesTo) -> Result<Ended, String> {
    let (mut child, mut group) = start(&program)?;
    let until = Instant::now() + program.limit;
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let listening = async { tokio::join!(listen(out, false, lines.clone()), listen(err, true, lines.clone())) };
    tokio::pin!(listening);
    let mut heard = false;
    let mut called_off = false;
    let status = loop {
        tokio::select! {
            status = timeout_at(until, child.wait()) => break status.ok(),
            () = program.cancelled.cancelled() => {
                called_off = true;
                break None;
            }
            _ = &mut listening, if !heard => heard = true,
        }
    };
    let ended = match status {
        Some(Ok(status)) => match (status.code(), status.signal()) {
            (Some(code), _) => Ended::Code(code),
            (None, signal) => Ended::Signal(signal.unwrap_or_default()),
        },
        Some(Err(error)) => return Err(format!("its end could not be waited for: {error}")),
        None => {
            group.signal(Signal::SIGTERM);
            let asked = Instant::now();
            let going = async { tokio::join!(child.wait(), group.gone_within(GRACE)) };
            let gone = tokio::select! {
                gone = timeout(GRACE, going) => gone.is_ok_and(|(_, gone)| gone),
                () = async { if !heard { (&mut listening).await; heard = true; } std::future::pending().await } => false,
            };
            if !gone {
                group.signal(Signal::SIGKILL);
                // It cannot refuse.
                let _ = timeout(BURIED, child.wait()).await;
                group.gone_within(BURIED).await;
            }
            tracing::debug!(after = ?asked.elapsed(), gone, "process group ended");
            if called_off { Ended::Cancelled { killed: !gone } } else { Ended::TimedOut { killed: !gone } }
        }
    };
    // Whoever it left behind is ended with it: nothing goes on after a step's end.
    if !heard && timeout(LAST_LINES, &mut listening).await.is_err() {
        group.signal(Signal::SIGTERM);
        if !group.gone_within(GRACE).await {
            group.signal(Signal::SIGKILL);
        }
        let _ = timeout(LAST_LINES, &mut listening).await;
    }
    group.signal(Signal::SIGKILL);
    group.0 = None;
    Ok(ended)
}

fn start(program: &Program) -> Result<(Child, Group), String> {
    let [name, arguments @ ..] = &program.argv[..] else { return Err("there is no program to run".into()) };
    let child = Command::new(name)
        .args(arguments)
        .env_clear()
        .envs(&program.environment)
        .current_dir(&program.directory)
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .process_group(0)
        .spawn()
        .map_err(|e| format!("{} could not be started: {e}", name.to_string_lossy()))?;
    let group = child.id().and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw);
    Ok((child, Group(group)))
}

async fn listen(from: Option<impl AsyncRead + Unpin>, from_stderr: bool, to: LinesTo) {
    let Some(mut from) = from else { return };
    let mut lines = Lines::default();
    let mut piece = vec![0; 16 * 1024];
    while let Ok(n) = from.read(&mut piece).await {
        let found = if n == 0 { lines.finish() } else { lines.push(from_stderr, &piece[..n]) };
        if !found.is_empty() {
            // Nobody listens: the program is not held up by that.
            let _ = to.send(found).await;
        }
        if n == 0 {
            return;
        }
    }
}

#[cfg(test)]
mod tests;
