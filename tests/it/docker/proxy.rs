//! Between a worker and Docker: passes everything on, remembers every request, and can hold one, hold its answer, or be away,
//! so that a crash or an outage happens at a chosen point. Changes no byte.

use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{UnixListener, UnixStream},
    sync::watch,
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const DOCKER: &str = "/var/run/docker.sock";

/// Decides on the requests seen so far, the newest last.
type Gate = Box<dyn Fn(&[String]) -> bool + Send>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hold {
    /// It does not reach Docker.
    Request,
    /// It reaches Docker; the worker does not hear what came of it.
    Answer,
}

pub(super) struct Proxy {
    path: PathBuf,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

struct Shared {
    seen: Mutex<Vec<String>>,
    gate: Mutex<Option<(Hold, Gate)>>,
    /// Somebody is held.
    held: watch::Sender<bool>,
    released: CancellationToken,
    away: Mutex<CancellationToken>,
}

impl Proxy {
    /// Holds the first request for which `gate` says so.
    pub(super) fn new(hold: Hold, gate: impl Fn(&[String]) -> bool + Send + 'static) -> Self {
        let path = std::env::temp_dir().join(format!("muster-docker-{}.sock", Uuid::new_v4().simple()));
        let shared = Shared {
            seen: Mutex::default(),
            gate: Mutex::new(Some((hold, Box::new(gate)))),
            held: watch::Sender::new(false),
            released: CancellationToken::new(),
            away: Mutex::default(),
        };
        let mut proxy = Self { path, shared: Arc::new(shared), accepting: None };
        proxy.come_back();
        proxy
    }

    pub(super) fn address(&self) -> String {
        format!("unix://{}", self.path.display())
    }

    /// Waits until the request arrives.
    pub(super) async fn caught(&self) {
        let mut held = self.shared.held.subscribe();
        let waiting = tokio::time::timeout(Duration::from_secs(60), held.wait_for(|held| *held));
        waiting.await.expect("the request that was waited for did not come").unwrap();
    }

    pub(super) fn release(&self) {
        self.shared.released.cancel();
    }

    /// Every connection breaks and the socket is gone, as when Docker is stopped.
    pub(super) fn go_away(&mut self) {
        if let Some(accepting) = self.accepting.take() {
            accepting.abort();
        }
        self.shared.away.lock().unwrap().cancel();
        let _ = std::fs::remove_file(&self.path);
    }

    pub(super) fn come_back(&mut self) {
        let listener = UnixListener::bind(&self.path).unwrap();
        let away = CancellationToken::new();
        *self.shared.away.lock().unwrap() = away.clone();
        let shared = self.shared.clone();
        self.accepting = Some(tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (shared, away) = (shared.clone(), away.clone());
                tokio::spawn(async move {
                    tokio::select! {
                        () = away.cancelled() => {}
                        // A broken pipe is what these tests are about.
                        _ = pass(client, &shared) => {}
                    }
                });
            }
        }));
    }

    pub(super) fn seen(&self) -> Vec<String> {
        self.shared.seen.lock().unwrap().clone()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.go_away();
    }
}

async fn pass(client: UnixStream, shared: &Shared) -> std::io::Result<()> {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_docker, mut to_docker) = UnixStream::connect(DOCKER).await?.into_split();
    let holding = AtomicBool::new(false);
    let up = async {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let n = from_client.read(&mut buffer).await?;
            if n == 0 {
                return Ok(());
            }
            match shared.note(&buffer[..n]) {
                Some(Hold::Request) => shared.released.cancelled().await,
                Some(Hold::Answer) => holding.store(true, Ordering::SeqCst),
                None => {}
            }
            to_docker.write_all(&buffer[..n]).await?;
            if holding.load(Ordering::SeqCst) {
                shared.held.send_replace(true);
            }
        }
    };
    let down = async {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let n = from_docker.read(&mut buffer).await?;
            if n == 0 {
                return Ok(());
            }
            if holding.swap(false, Ordering::SeqCst) {
                shared.released.cancelled().await;
            }
            to_client.write_all(&buffer[..n]).await?;
        }
    };
    tokio::select! {
        done = up => done,
        done = down => done,
    }
}

impl Shared {
    /// A request begins a chunk: the client sends one after the other.
    fn note(&self, chunk: &[u8]) -> Option<Hold> {
        let line = String::from_utf8_lossy(chunk.split(|b| *b == b'\r').next()?).into_owned();
        if !line.ends_with("HTTP/1.1") {
            return None;
        }
        let mut seen = self.seen.lock().unwrap();
        seen.push(line);
        let mut gate = self.gate.lock().unwrap();
        let hold = gate.as_ref().filter(|(_, closes)| closes(&seen)).map(|(hold, _)| *hold)?;
        *gate = None;
        if hold == Hold::Request {
            self.held.send_replace(true);
        }
        Some(hold)
    }
}

/// The last look at the container before the effect: the second one after the log was read (the first is for the intent).
pub(super) fn last_look_before_restart(seen: &[String]) -> bool {
    let Some(logs) = seen.iter().rposition(|line| line.contains("/logs?")) else { return false };
    let looks = seen[logs..].iter().filter(|line| line.starts_with("GET") && line.contains("/json")).count();
    looks == 2
}

pub(super) fn restart(seen: &[String]) -> bool {
    seen.last().is_some_and(|line| line.starts_with("POST") && line.contains("/restart"))
}
