//! Very many idle streams of the status page: the server's memory for each, and how long until all are told of one change, against a
//! bare axum broadcast. Servers and readers are programs of their own.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context as _, Result, ensure};
use shared::{
    api::incident::UpdateIn,
    domain::{access::Role, incident::PublicState, text::Message},
};
use tests::{muster::Muster, programs::Scratch};

use crate::{
    Measured, hold, load, median,
    program::{self, Helper, Program},
};

/// Small where it is only tried whether this works.
const STREAMS: usize = if cfg!(debug_assertions) { 300 } else { 10_000 };
const ROUNDS: usize = if cfg!(debug_assertions) { 3 } else { 11 };

struct Seen {
    /// Bytes for each stream.
    memory: f64,
    /// Seconds from the first that was told to the last.
    spread: f64,
    /// Seconds from before the change was asked for to the last.
    whole: f64,
}

pub(crate) async fn measure() -> Result<Vec<Measured>> {
    let limit = allow_files()?;
    ensure!(
        limit > STREAMS as u64 + 200,
        "only {limit} files may be open at once; raise the limit (ulimit -n) above {STREAMS}"
    );
    let muster = Muster::start().await?;
    let (server, base) = program::server(&muster)?;
    let operator = program::person(&muster, &base, Role::Operator).await?;
    let incident = muster.declare(&operator, "validator1").await?.number;
    let address: SocketAddr = base.trim_start_matches("http://").parse()?;
    let ours = seen(&server, address, async |round| {
        let text = Message::parse(&format!("round {round}")).map_err(anyhow::Error::msg)?;
        operator
            .api
            .post_update(incident, &UpdateIn { state: PublicState::Identified, text, notify: false, happened_at: None })
            .await?;
        Ok(())
    })
    .await?;
    drop(server);

    let scratch = Scratch::new()?;
    let file = scratch.file("answer", b"HTTP/1.1 200 OK\r\n\r\n")?;
    let mut bare = Helper::start(&["bare", file.to_str().context("a path that is no text")?])?;
    let address: SocketAddr = bare.hear()?.parse()?;
    let client = reqwest::Client::new();
    let theirs = seen(&bare.program, address, async |round| {
        client.post(format!("http://{address}/push")).body(round.to_string()).send().await?.error_for_status()?;
        Ok(())
    })
    .await?;
    let (memory, spread) = (ours.memory / theirs.memory, ours.spread / theirs.spread);
    let kib = |bytes: f64| bytes / 1024.0;
    let ms = |seconds: f64| seconds * 1000.0;
    Ok(vec![
        Measured {
            what: "idle streams of the status page, memory for each, against a bare axum broadcast",
            value: format!(
                "{memory:.2} ({:.1} KiB against {:.1} KiB, {STREAMS} streams)",
                kib(ours.memory),
                kib(theirs.memory)
            ),
            goal: "≤ 1.50",
            met: memory <= 1.5,
        },
        Measured {
            what: "one change told to all of them, first to last, against the same",
            value: format!(
                "{spread:.2} ({:.0} ms against {:.0} ms; {:.0} ms and {:.0} ms with the change itself)",
                ms(ours.spread),
                ms(theirs.spread),
                ms(ours.whole),
                ms(theirs.whole)
            ),
            goal: "≤ 1.50",
            met: spread <= 1.5,
        },
    ])
}

async fn seen(server: &Program, address: SocketAddr, change: impl AsyncFn(usize) -> Result<()>) -> Result<Seen> {
    // What the first visitor costs is not what each one costs.
    load::rate(address).await?;
    let idle = server.resident();
    let mut holder = Helper::start(&["hold", &address.to_string(), &STREAMS.to_string()])?;
    holder.hear()?;
    let memory = (server.resident() - idle) / STREAMS as f64;
    let (mut spreads, mut wholes) = (vec![], vec![]);
    for round in 0..ROUNDS {
        // What else follows a change is over by then.
        tokio::time::sleep(Duration::from_secs(2)).await;
        holder.tell("next")?;
        holder.hear()?;
        let begun = hold::now();
        change(round).await?;
        let told = holder.hear()?;
        let (first, last) = told.split_once(' ').context("two times")?;
        let (first, last): (u64, u64) = (first.parse()?, last.parse()?);
        ensure!(first >= begun, "the readers were told of something before it was");
        let seconds = |from: u64| (last - from) as f64 / 1e6;
        spreads.push(seconds(first));
        wholes.push(seconds(begun));
    }
    Ok(Seen { memory, spread: median(&mut spreads), whole: median(&mut wholes) })
}

/// As many open files as this machine allows, for this program and those it starts.
pub(crate) fn allow_files() -> Result<u64> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let most = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: most, maximum: most })?;
    Ok(most.unwrap_or(u64::MAX))
}
