//! Requests per second of the status page against a bare axum handler that returns the same prepared bytes, turn by turn.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use tests::muster::Muster;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::{Measured, median};

const CONNECTIONS: usize = 64;
const TURN: Duration = Duration::from_secs(3);
const TURNS: usize = 5;

pub(crate) async fn measure() -> Result<Vec<Measured>> {
    let muster = Muster::start().await?;
    let ours: SocketAddr = muster.base.trim_start_matches("http://").parse()?;
    let (headers, body) = one(ours).await?;
    let bare = bare_server(headers, body).await?;
    let (mut us, mut them, mut ratios) = (vec![], vec![], vec![]);
    rate(ours).await?;
    rate(bare).await?;
    for _ in 0..TURNS {
        let (a, b) = (rate(ours).await?, rate(bare).await?);
        us.push(a);
        them.push(b);
        ratios.push(a / b);
    }
    let ratio = median(&mut ratios);
    Ok(vec![Measured {
        what: "status page, requests per second, against a bare axum handler with the same bytes",
        value: format!("{ratio:.2} ({:.0} against {:.0})", median(&mut us), median(&mut them)),
        goal: "≥ 0.90",
        met: ratio >= 0.9,
    }])
}

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n\r\n";

/// The page's headers and body as sent.
async fn one(address: SocketAddr) -> Result<(String, Vec<u8>)> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(REQUEST).await?;
    let mut bytes = vec![];
    let (end, length) = head(&mut stream, &mut bytes).await?;
    while bytes.len() < end + length {
        anyhow::ensure!(stream.read_buf(&mut bytes).await? > 0, "the server hung up");
    }
    Ok((String::from_utf8_lossy(&bytes[..end]).into_owned(), bytes[end..].to_vec()))
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

/// The floor: the same headers and bytes, nothing decided.
async fn bare_server(headers: String, body: Vec<u8>) -> Result<SocketAddr> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let body = axum::body::Bytes::from(body);
    let mut fixed = axum::http::HeaderMap::new();
    for line in headers.lines().skip(1) {
        if let Some((name, value)) = line.split_once(':')
            && !["date", "content-length"].contains(&name.to_lowercase().as_str())
        {
            fixed.insert(axum::http::HeaderName::try_from(name.trim())?, value.trim().parse()?);
        }
    }
    let handler = move || {
        let answer = (fixed.clone(), body.clone());
        async move { answer }
    };
    let router = axum::Router::new().route("/", axum::routing::get(handler));
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(address)
}

async fn rate(address: SocketAddr) -> Result<f64> {
    let done = Arc::new(AtomicU64::new(0));
    let started = Instant::now();
    let clients: Vec<_> = (0..CONNECTIONS)
        .map(|_| {
            let done = done.clone();
            tokio::spawn(async move {
                let mut stream = TcpStream::connect(address).await?;
                stream.set_nodelay(true)?;
                let mut buffer = vec![];
                while started.elapsed() < TURN {
                    stream.write_all(REQUEST).await?;
                    buffer.clear();
                    let (end, length) = head(&mut stream, &mut buffer).await?;
                    while buffer.len() < end + length {
                        anyhow::ensure!(stream.read_buf(&mut buffer).await? > 0, "the server hung up");
                    }
                    done.fetch_add(1, Ordering::Relaxed);
                }
                anyhow::Ok(())
            })
        })
        .collect();
    for client in clients {
        client.await??;
    }
    Ok(done.load(Ordering::Relaxed) as f64 / started.elapsed().as_secs_f64())
}
