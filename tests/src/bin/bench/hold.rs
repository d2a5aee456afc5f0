//! Many open event streams, held by a program of its own: says when all are open, and when the first and the last of them were told of a
//! change.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, SystemTime},
};

use anyhow::{Context as _, Result, ensure};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::Notify,
    task::JoinSet,
};

const PATIENCE: Duration = Duration::from_secs(120);
const REQUEST: &[u8] = b"GET /live HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n";

#[derive(clap::Args)]
pub(crate) struct Arguments {
    address: SocketAddr,
    streams: usize,
}

/// Who has been told in this round.
struct Tally {
    of: usize,
    round: AtomicUsize,
    n: AtomicUsize,
    first: AtomicU64,
    last: AtomicU64,
    all: Notify,
}

impl Tally {
    fn count(&self, seen: &mut Option<usize>) {
        let round = self.round.load(SeqCst);
        if seen.replace(round) == Some(round) {
            return;
        }
        let now = now();
        self.first.fetch_min(now, SeqCst);
        self.last.fetch_max(now, SeqCst);
        if self.n.fetch_add(1, SeqCst) + 1 == self.of {
            self.all.notify_one();
        }
    }

    fn next(&self) {
        self.n.store(0, SeqCst);
        self.first.store(u64::MAX, SeqCst);
        self.last.store(0, SeqCst);
        self.round.fetch_add(1, SeqCst);
    }

    async fn complete(&self) -> Result<()> {
        let told = tokio::time::timeout(PATIENCE, self.all.notified()).await;
        told.with_context(|| format!("only {} of {} streams were told", self.n.load(SeqCst), self.of))
    }
}

/// Microseconds of the clock that all programs here share.
pub(crate) fn now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}

pub(crate) async fn run(arguments: &Arguments) -> Result<()> {
    let tally = Arc::new(Tally {
        of: arguments.streams,
        round: AtomicUsize::new(0),
        n: AtomicUsize::new(0),
        first: AtomicU64::new(u64::MAX),
        last: AtomicU64::new(0),
        all: Notify::new(),
    });
    let opened = stream::iter(0..arguments.streams).map(|_| open(arguments.address)).buffer_unordered(64);
    let mut listening = JoinSet::new();
    for stream in opened.try_collect::<Vec<_>>().await? {
        listening.spawn(listen(stream, tally.clone()));
    }
    let rounds = async {
        tally.complete().await?;
        crate::say("open");
        while tokio::task::spawn_blocking(|| std::io::stdin().lines().next()).await?.transpose()?.is_some() {
            tally.next();
            crate::say("ready");
            tally.complete().await?;
            crate::say(&format!("{} {}", tally.first.load(SeqCst), tally.last.load(SeqCst)));
        }
        anyhow::Ok(())
    };
    tokio::select! {
        done = rounds => done,
        Some(ended) = listening.join_next() => ended?.context("a stream ended"),
    }
}

async fn open(address: SocketAddr) -> Result<TcpStream> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(REQUEST).await?;
    Ok(stream)
}

async fn listen(mut stream: TcpStream, tally: Arc<Tally>) -> Result<()> {
    let (mut piece, mut seen) = ([0; 1024], None);
    loop {
        let n = stream.read(&mut piece).await?;
        ensure!(n > 0, "the server hung up");
        // An event is written at once and arrives whole.
        if piece[..n].windows(14).any(|part| part == b"event: changed") {
            tally.count(&mut seen);
        }
    }
}
