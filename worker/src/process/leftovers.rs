//! Processes of a step whose worker died: found by the marks in their environment, and ended. Touches no process without
//! all the marks.

use std::{collections::BTreeSet, time::Duration};

use nix::{
    sys::signal::{Signal, kill, killpg},
    unistd::{Pid, getpgid, getpgrp},
};
use tokio::time::Instant;

use super::GRACE;

/// A process that carries the marks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Leftover {
    pub(crate) pid: i32,
    pub(crate) name: String,
}

/// `marks` are whole variables: `MUSTER_RUN=…`. A process whose environment may not be read is not ours.
fn find(marks: &[String]) -> Vec<Leftover> {
    let Ok(all) = std::fs::read_dir("/proc") else { return vec![] };
    let pids = all.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i32>().ok());
    let mut found: Vec<_> = pids
        .filter(|pid| {
            let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            let variables: Vec<&[u8]> = environment.split(|byte| *byte == 0).collect();
            !marks.is_empty() && marks.iter().all(|mark| variables.contains(&mark.as_bytes()))
        })
        .filter(|pid| !is_zombie(*pid))
        .map(|pid| {
            let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
            Leftover { pid, name: name.trim().to_owned() }
        })
        .collect();
    found.sort_by_key(|leftover| leftover.pid);
    found
}

fn is_zombie(pid: i32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with(['Z', 'X']))
}

/// Ends them with their groups and says who they were, and whether all are gone.
pub(crate) async fn end(marks: &[String]) -> (Vec<Leftover>, bool) {
    let first = find(marks);
    let mut signal = Signal::SIGTERM;
    let mut until = Instant::now() + GRACE;
    let mut told = BTreeSet::new();
    loop {
        let left = find(marks);
        if left.is_empty() {
            return (first, true);
        }
        for leftover in &left {
            if told.insert((leftover.pid, signal as i32)) {
                send(leftover.pid, signal);
            }
        }
        if Instant::now() >= until {
            if signal == Signal::SIGKILL {
                return (first, false);
            }
            (signal, until) = (Signal::SIGKILL, Instant::now() + GRACE);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn send(pid: i32, signal: Signal) {
    let pid = Pid::from_raw(pid);
    // Gone meanwhile: as wanted.
    let _ = match getpgid(Some(pid)) {
        // Never the group that the worker itself is in.
        Ok(group) if group != getpgrp() => killpg(group, signal),
        _ => kill(pid, signal),
    };
}
