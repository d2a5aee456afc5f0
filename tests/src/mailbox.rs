//! A mail server of the test's own (Debian's aiosmtpd) and a receiver of webhooks: they keep what comes, and misbehave on request.
//! Gone when dropped; asserts nothing.

use std::{
    collections::HashMap,
    fs,
    net::TcpStream,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri},
};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::{programs::Scratch, testnet::free_port};

/// Addresses that begin with `refused` have no box, `busy` is told to come again once, `cut` loses the connection once, after the
/// mail has arrived.
const PROGRAM: &str = r#"
import email, email.policy, json, sys, time
from aiosmtpd.controller import Controller

class Box:
    once = set()
    def first(self, address):
        new = address not in self.once
        self.once.add(address)
        return new
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("refused"):
            return "550 5.1.1 there is no such box"
        if address.startswith("busy") and self.first(address):
            return "451 4.3.0 come again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"
    async def handle_DATA(self, server, session, envelope):
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        with open(sys.argv[2], "a") as box:
            box.write(json.dumps({"to": envelope.rcpt_tos, "from": str(mail["from"]), "subject": str(mail["subject"]),
                "id": str(mail["message-id"]), "headers": mail.keys(), "text": mail.get_content()}) + "\n")
        for address in envelope.rcpt_tos:
            if address.startswith("cut") and self.first(address):
                server.transport.abort()
        return "250 OK"

Controller(Box(), hostname="127.0.0.1", port=int(sys.argv[1])).start()
while True:
    time.sleep(60)
"#;

/// A mail that has arrived.
#[derive(Clone, Debug, Deserialize)]
pub struct Mail {
    pub to: Vec<String>,
    pub from: String,
    pub subject: String,
    pub id: String,
    pub headers: Vec<String>,
    pub text: String,
}

pub struct MailServer {
    pub url: String,
    scratch: Scratch,
    child: Child,
}

impl MailServer {
    /// # Errors
    /// If aiosmtpd is not installed, or does not start.
    pub fn start() -> Result<Self> {
        let scratch = Scratch::new()?;
        let port = free_port()?;
        let program = scratch.file("smtp.py", PROGRAM)?;
        let child = Command::new("/usr/bin/python3")
            .arg(program)
            .arg(port.to_string())
            .arg(scratch.file("box", "")?)
            .stdin(Stdio::null())
            .stderr(fs::File::create(scratch.path().join("log"))?)
            .spawn()
            .context("python3 is not installed: sudo apt-get install python3-aiosmtpd")?;
        let mut server = Self { url: format!("smtp://127.0.0.1:{port}"), scratch, child };
        let deadline = Instant::now() + Duration::from_secs(30);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let ended = server.child.try_wait()?;
            let log = fs::read_to_string(server.scratch.path().join("log")).unwrap_or_default();
            ensure!(ended.is_none() && Instant::now() < deadline, "the mail server does not answer: {log}");
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(server)
    }

    /// What has arrived, oldest first.
    #[must_use]
    pub fn mails(&self) -> Vec<Mail> {
        let text = fs::read_to_string(self.scratch.path().join("box")).unwrap_or_default();
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// Of what has arrived, what went to this address.
    #[must_use]
    pub fn to(&self, address: &str) -> Vec<Mail> {
        self.mails().into_iter().filter(|mail| mail.to.iter().any(|to| to == address)).collect()
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill().and_then(|()| self.child.wait());
    }
}

/// A request that has arrived.
#[derive(Clone, Debug)]
pub struct Hook {
    pub path: String,
    /// As it was asked, with what follows the path.
    pub uri: Uri,
    pub method: Method,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Hook {
    /// # Panics
    /// If the body is no JSON.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {:?}", self.body))
    }

    /// HMAC (RFC 2104) over `timestamp.body` written out, so that it is not the server's own code that agrees with itself.
    #[must_use]
    pub fn is_signed_with(&self, key: &str) -> bool {
        let header = |name: &str| self.headers.get(name).map(|value| value.as_bytes().to_vec()).unwrap_or_default();
        let data = [&header("muster-timestamp")[..], b".", &self.body].concat();
        let mut block = [0u8; 64];
        block.iter_mut().zip(key.as_bytes()).for_each(|(to, from)| *to = *from);
        let inner = Sha256::digest([&block.map(|b| b ^ 0x36)[..], &data].concat());
        let outer = Sha256::digest([&block.map(|b| b ^ 0x5c)[..], &inner[..]].concat());
        let text: String = outer.iter().map(|byte| format!("{byte:02x}")).collect();
        header("muster-signature") == format!("v1={text}").into_bytes()
    }
}

#[derive(Clone, Default)]
struct Received {
    hooks: Arc<Mutex<Vec<Hook>>>,
    /// What the next requests to a path are answered with; then 200.
    answers: Arc<Mutex<HashMap<String, Vec<u16>>>>,
}

pub struct Receiver {
    pub base: String,
    received: Received,
    _stop: DropGuard,
}

impl Receiver {
    /// # Errors
    /// If there is no port.
    pub async fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let base = format!("http://{}", listener.local_addr()?);
        let received = Received::default();
        let app = Router::new().fallback(receive).with_state(received.clone());
        let stop = CancellationToken::new();
        let stopped = stop.clone().cancelled_owned();
        tokio::spawn(async move { axum::serve(listener, app).with_graceful_shutdown(stopped).await });
        Ok(Self { base, received, _stop: stop.drop_guard() })
    }

    /// The next request to this path is answered with this status.
    pub fn answer(&self, path: &str, status: u16) {
        if let Ok(mut answers) = self.received.answers.lock() {
            answers.entry(path.to_owned()).or_default().push(status);
        }
    }

    #[must_use]
    pub fn to(&self, path: &str) -> Vec<Hook> {
        let all = self.received.hooks.lock().map(|hooks| hooks.clone()).unwrap_or_default();
        all.into_iter().filter(|hook| hook.path == path).collect()
    }
}

async fn receive(
    State(received): State<Received>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, String) {
    let path = uri.path().to_owned();
    let status = received.answers.lock().ok().and_then(|mut answers| {
        let queue = answers.get_mut(&path)?;
        (!queue.is_empty()).then(|| queue.remove(0))
    });
    // Receivers of this name answer challenges.
    let challenge = serde_json::from_slice::<serde_json::Value>(&body).ok().filter(|_| path.starts_with("/echo"));
    let challenge = challenge.and_then(|body| body["challenge"].as_str().map(str::to_owned)).unwrap_or_default();
    if let Ok(mut hooks) = received.hooks.lock() {
        hooks.push(Hook { path, uri, method, headers, body: body.to_vec() });
    }
    (status.and_then(|status| StatusCode::from_u16(status).ok()).unwrap_or(StatusCode::OK), challenge)
}
