//! Visitors of the status page: requests per second against the same bytes from a bare axum handler and from nginx, turn by turn, and
//! how long the slowest wait while many live streams are open. All three servers are programs of their own.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use tests::{muster::Muster, programs::Scratch};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::{
    Measured, median,
    nginx::Nginx,
    program::{self, Helper},
    streams,
};

const CONNECTIONS: usize = 64;
const TURN: Duration = Duration::from_secs(if cfg!(debug_assertions) { 1 } else { 3 });
const TURNS: usize = if cfg!(debug_assertions) { 1 } else { 5 };
/// Small where it is only tried whether this works.
const STREAMS: usize = if cfg!(debug_assertions) { 100 } else { 2000 };

pub(crate) async fn measure() -> Result<Vec<Measured>> {
    streams::allow_files()?;
    let muster = Muster::start().await?;
    let (_server, base) = program::server(&muster)?;
    program::person(&muster, &base, shared::domain::access::Role::Viewer).await?;
    let ours: SocketAddr = base.trim_start_matches("http://").parse()?;
    let answer = one(ours).await?;
    let scratch = Scratch::new()?;
    let file = scratch.file("answer", &answer)?;
    let mut bare = Helper::start(&["bare", file.to_str().context("a path that is no text")?])?;
    let bare_address: SocketAddr = bare.hear()?.parse()?;
    let nginx = Nginx::start(&answer).await?;
    let servers = [ours, bare_address, nginx.address];
    let (_, body) = split(&answer)?;
    for server in servers {
        anyhow::ensure!(split(&one(server).await?)?.1 == body, "{server} sends something else");
        rate(server).await?;
    }
    let (mut rates, mut against) = ([vec![], vec![], vec![]], [vec![], vec![]]);
    for _ in 0..TURNS {
        let mut turn = [0.0; 3];
        for (at, server) in servers.into_iter().enumerate() {
            turn[at] = rate(server).await?.per_second;
            rates[at].push(turn[at]);
        }
        against[0].push(turn[0] / turn[1]);
        against[1].push(turn[0] / turn[2]);
    }
    let mut holder = Helper::start(&["hold", &ours.to_string(), &STREAMS.to_string()])?;
    holder.hear()?;
    let mut p99 = vec![];
    for _ in 0..TURNS {
        p99.push(rate(ours).await?.p99 * 1000.0);
    }
    let [us, axum, nginx] = rates.map(|mut all| median(&mut all));
    let [to_axum, to_nginx] = against.map(|mut all| median(&mut all));
    let p99 = median(&mut p99);
    Ok(vec![
        Measured {
            what: "status page, requests per second, against a bare axum handler with the same bytes",
            value: format!("{to_axum:.2} ({us:.0} against {axum:.0})"),
            goal: "≥ 0.90",
            met: to_axum >= 0.9,
        },
        Measured {
            what: "the same, against nginx with the same bytes",
            value: format!("{to_nginx:.2} ({us:.0} against {nginx:.0})"),
            goal: "≥ 0.85",
            met: to_nginx >= 0.85,
        },
        Measured {
            what: "status page, the slowest hundredth of visitors, with live streams open",
            value: format!("{p99:.1} ms ({CONNECTIONS} at once without a pause, {STREAMS} streams)"),
            goal: "≤ 300 ms",
            met: p99 <= 300.0,
        },
    ])
}

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n\r\n";

/// The page's headers and body as sent.
async fn one(address: SocketAddr) -> Result<Vec<u8>> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(REQUEST).await?;
    let mut bytes = vec![];
    let (end, length) = head(&mut stream, &mut bytes).await?;
    while bytes.len() < end + length {
        anyhow::ensure!(stream.read_buf(&mut bytes).await? > 0, "the server hung up");
    }
    anyhow::ensure!(bytes.starts_with(b"HTTP/1.1 200"), "it answers {}", String::from_utf8_lossy(&bytes[..end]));
    Ok(bytes)
}

type Headers = Vec<(String, String)>;

/// Names and values of the headers that not every server sets itself, and the body.
pub(crate) fn split(answer: &[u8]) -> Result<(Headers, &[u8])> {
    let end = answer.windows(4).position(|w| w == b"\r\n\r\n").context("an answer without an end of its head")?;
    let head = String::from_utf8_lossy(&answer[..end]);
    let pairs = head.lines().skip(1).filter_map(|line| line.split_once(':'));
    let own = |name: &str| ["date", "content-length"].contains(&name.to_lowercase().as_str());
    let headers = pairs.map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()));
    Ok((headers.filter(|(name, _)| !own(name)).collect(), &answer[end + 4..]))
}

async fn head(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> Result<(usize, usize)> {
    loop {
        if let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            let text = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
            let length = text
                .lines()
                .find_map(|line| line.strip_prefix("content-length:"))
                .context("an answer without content-length")?
                .trim()
                .parse()?;
            return Ok((end + 4, length));
        }
        anyhow::ensure!(stream.read_buf(bytes).await? > 0, "the server hung up");
    }
}

pub(crate) struct Rate {
    per_second: f64,
    /// Seconds within which all but a hundredth were answered.
    p99: f64,
}

pub(crate) async fn rate(address: SocketAddr) -> Result<Rate> {
    let started = Instant::now();
    let clients: Vec<_> = (0..CONNECTIONS).map(|_| tokio::spawn(client(address, started))).collect();
    let mut waits = vec![];
    for client in clients {
        waits.extend(client.await??);
    }
    let per_second = waits.len() as f64 / started.elapsed().as_secs_f64();
    waits.sort_by(f64::total_cmp);
    let p99 = waits.get(waits.len() * 99 / 100).copied().context("nobody was answered")?;
    Ok(Rate { per_second, p99 })
}

/// How long each of its requests took, in seconds.
async fn client(address: SocketAddr, started: Instant) -> Result<Vec<f64>> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (mut buffer, mut waits) = (vec![], vec![]);
    while started.elapsed() < TURN {
        let begun = Instant::now();
        stream.write_all(REQUEST).await?;
        buffer.clear();
        let (end, length) = head(&mut stream, &mut buffer).await?;
        while buffer.len() < end + length {
            anyhow::ensure!(stream.read_buf(&mut buffer).await? > 0, "the server hung up");
        }
        waits.push(begun.elapsed().as_secs_f64());
    }
    Ok(waits)
}
