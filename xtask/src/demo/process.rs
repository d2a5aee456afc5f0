//! Muster's programs as processes: started in the background with a log, watched, ended. Knows nothing of what they do.

use std::{
    fs::{self, OpenOptions},
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    os::unix::process::CommandExt as _,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use super::{Place, SYSTEM};
use crate::command;

/// How long a program may take to come up, and to end.
const PATIENCE: Duration = Duration::from_secs(90);

pub(crate) const SERVER: &str = "muster";
pub(crate) const WORKER: &str = "muster-worker";

/// With what Muster's programs are run.
pub(crate) struct Environment<'a> {
    pub(crate) place: &'a Place,
    pub(crate) programs: &'a Path,
    pub(crate) assets: &'a Path,
    /// Where the plan's scripts and directories are.
    pub(crate) worker: &'a [(&'static str, String)],
}

impl Environment<'_> {
    fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command
            .args(arguments)
            .current_dir(&self.place.data)
            // The demo brings its own database, whatever the terminal it is started from is set up for.
            .env_remove("DATABASE_URL")
            .env("MUSTER_DATA_DIR", &self.place.data);
        let own = [
            ("MUSTER_LISTEN", self.place.listen.to_string()),
            ("MUSTER_PUBLIC_URL", self.place.public_url.clone()),
            ("MUSTER_ASSETS_DIR", self.assets.display().to_string()),
        ];
        // Each program is told its own keys only: one it does not know is an error to it.
        for (key, value) in own {
            if program == WORKER {
                command.env_remove(key)
            } else {
                command.env(key, value)
            };
        }
        if program == WORKER {
            command.env("MUSTER_WORKER_PROJECTS", SYSTEM);
            command.envs(self.worker.iter().map(|(key, value)| (key, value)));
        }
        command
    }

    /// Starts it in the background, in a process group of its own, so that Ctrl-C reaches only us.
    pub(crate) fn spawn(&self, program: &str, arguments: &[&str]) -> Result<Child> {
        let log = self.place.data.join(format!("{program}.log"));
        let out = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&log)
            .with_context(|| format!("cannot open {}", log.display()))?;
        self.command(program, arguments)
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(out.try_clone()?)
            .stderr(out)
            .spawn()
            .with_context(|| format!("cannot start {program}"))
    }

    /// Runs it to the end with a text on its standard input.
    pub(crate) fn run(&self, program: &str, arguments: &[&str], input: &str) -> Result<()> {
        let mut child = self
            .command(program, arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {program}"))?;
        if let Some(mut stdin) = child.stdin.take() {
            // A program that ended early has something better to say than that its input was cut.
            let _ = stdin.write_all(input.as_bytes());
        }
        let done = child.wait_with_output()?;
        if done.status.success() {
            return Ok(());
        }
        let said = format!("{}\n{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
        bail!("`{program} {}` failed ({}):\n{}", arguments.join(" "), done.status, command::tail(&said, 20))
    }
}

/// Waits until `ready`; ends early, with the log's last words, if the program does.
pub(crate) fn wait_for(
    name: &str,
    mut child: Option<&mut Child>,
    place: &Place,
    ready: impl Fn() -> bool,
) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    while !ready() {
        if let Some(status) = child.as_mut().and_then(|child| child.try_wait().ok().flatten()) {
            bail!(
                "{name} ended while starting ({status}). Its log is in {}. It said:\n{}",
                place.data.display(),
                last_words(place)
            );
        }
        if Instant::now() > deadline {
            bail!(
                "{name} was not ready after {} s. Its log is in {}. It said:\n{}",
                PATIENCE.as_secs(),
                place.data.display(),
                last_words(place)
            );
        }
        thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}

/// For a program without an address: it must at least live on for a moment.
pub(crate) fn stays_up(name: &str, child: Option<&mut Child>, place: &Place) -> Result<()> {
    let until = Instant::now() + Duration::from_secs(2);
    wait_for(name, child, place, || Instant::now() > until)
}

fn last_words(place: &Place) -> String {
    let newest = [SERVER, WORKER]
        .iter()
        .map(|name| place.data.join(format!("{name}.log")))
        .filter_map(|path| Some((fs::metadata(&path).ok()?.modified().ok()?, path)))
        .max();
    newest.and_then(|(_, path)| fs::read_to_string(path).ok()).map(|text| command::tail(&text, 20)).unwrap_or_default()
}

/// True if the address answers a GET of the path with 200.
pub(crate) fn answers_ok(address: SocketAddr, path: &str) -> bool {
    get(address, path).is_ok_and(|answer| answer.starts_with("HTTP/1.1 200"))
}

fn get(address: SocketAddr, path: &str) -> Result<String> {
    let mut reach = address;
    if reach.ip().is_unspecified() {
        reach.set_ip(if address.is_ipv6() {
            std::net::Ipv6Addr::LOCALHOST.into()
        } else {
            std::net::Ipv4Addr::LOCALHOST.into()
        });
    }
    let mut stream = TcpStream::connect_timeout(&reach, Duration::from_secs(2))?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.take(64 * 1024).read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// True if the process exists and has not merely not been waited for.
pub(crate) fn is_alive(pid: u32) -> bool {
    began_at(pid).is_some()
}

/// When a process began, in the kernel's ticks: with its number, the identity of a process.
pub(crate) fn began_at(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold anything; the fields count after it.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    if fields.first() == Some(&"Z") {
        return None;
    }
    fields.get(19)?.parse().ok()
}

/// Asks a process to end and waits; after a while it no longer asks.
pub(crate) fn end(pid: u32, signal: Signal) {
    let Ok(raw) = i32::try_from(pid) else { return };
    let pid_of = Pid::from_raw(raw);
    for (signal, patience) in [(signal, 30), (Signal::SIGKILL, 5)] {
        if !is_alive(pid) || kill(pid_of, signal).is_err() {
            return;
        }
        let deadline = Instant::now() + Duration::from_secs(patience);
        while is_alive(pid) && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(20));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_known_by_number_and_beginning_and_can_be_ended() {
        let mut child = Command::new("sleep").arg("30").spawn().unwrap();
        assert!(began_at(child.id()).is_some());
        end(child.id(), Signal::SIGTERM);
        assert!(!is_alive(child.id()), "a zombie is not alive");
        child.wait().unwrap();
    }
}
