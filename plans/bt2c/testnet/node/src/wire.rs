//! How nodes talk: one JSON message per line over TCP. Not what they talk about (gossip.rs).

use std::io;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::block::{Block, Hash, Head};
use crate::keys::Signature;

/// Far above the largest honest message, so that a broken peer cannot fill the memory.
pub(crate) const MAX_LINE: u64 = 4 << 20;
const WRITE_TIMEOUT: Duration = Duration::from_secs(5);

#[derive(Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub(crate) enum Message {
    /// First message of both sides; `network` is the hash of the genesis block.
    Hello {
        network: Hash,
        node: String,
        head: Head,
        challenge: Hash,
    },
    /// Second message: the other side's challenge, signed. Who dialled proves itself first.
    Prove {
        signature: Signature,
    },
    /// "I am here and this is my head."
    Head {
        head: Head,
    },
    /// A new block on top of the sender's chain.
    Block {
        block: Block,
    },
    /// "Send me what follows the highest of these that you have."
    Want {
        locator: Vec<Head>,
    },
    Blocks {
        blocks: Vec<Block>,
    },
    /// Instead of a hello: "would you take blocks signed like this?" Answered, then the connection ends.
    CheckKey {
        validator: String,
        challenge: Hash,
        signature: Signature,
    },
    KeyChecked {
        accepted: bool,
    },
}

/// What is signed to prove that one has a key; never the hash of a block, and for one purpose only.
pub(crate) fn proof(purpose: Purpose, network: &Hash, validator: &str, challenge: &Hash) -> Hash {
    let purpose: &[u8] = match purpose {
        Purpose::Hello => b"testnet hello 1",
        Purpose::KeyCheck => b"testnet key check 1",
    };
    Hash::of(&[purpose, network.bytes(), validator.as_bytes(), challenge.bytes()])
}

#[derive(Clone, Copy)]
pub(crate) enum Purpose {
    Hello,
    KeyCheck,
}

/// Something that nobody signed before.
pub(crate) fn challenge() -> Result<Hash, String> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| format!("the system gives no randomness: {error}"))?;
    Ok(Hash::of(&[&bytes]))
}

/// The reading side runs as a task of its own, so that waiting for a line can be given up without losing half of it.
pub(crate) struct Inbox {
    lines: mpsc::Receiver<Result<Message, String>>,
    reader: tokio::task::AbortHandle,
}

impl Inbox {
    pub(crate) async fn next(&mut self) -> Result<Message, String> {
        self.lines.recv().await.unwrap_or_else(|| Err("the connection was closed".to_owned()))
    }
}

impl Drop for Inbox {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

pub(crate) struct Outbox(OwnedWriteHalf);

impl Outbox {
    pub(crate) async fn send(&mut self, message: &Message) -> Result<(), String> {
        let mut line = serde_json::to_vec(message).map_err(|error| error.to_string())?;
        line.push(b'\n');
        match timeout(WRITE_TIMEOUT, self.0.write_all(&line)).await {
            Ok(result) => result.map_err(|error| error.to_string()),
            Err(_) => Err(format!("it took no data for {} s", WRITE_TIMEOUT.as_secs())),
        }
    }
}

pub(crate) fn split(stream: TcpStream) -> io::Result<(Inbox, Outbox)> {
    stream.set_nodelay(true)?;
    let (read, write) = stream.into_split();
    let (sender, lines) = mpsc::channel(16);
    let reader = tokio::spawn(read_lines(read, sender)).abort_handle();
    Ok((Inbox { lines, reader }, Outbox(write)))
}

async fn read_lines(read: OwnedReadHalf, sender: mpsc::Sender<Result<Message, String>>) {
    let mut read = BufReader::new(read);
    let mut line = Vec::new();
    loop {
        line.clear();
        let message = match (&mut read).take(MAX_LINE).read_until(b'\n', &mut line).await {
            Ok(0) => Err("the connection was closed".to_owned()),
            Ok(_) if line.last() != Some(&b'\n') => Err("a message was cut off or too long".to_owned()),
            Ok(_) => {
                serde_json::from_slice(&line).map_err(|error| format!("it sent something else than a message: {error}"))
            }
            Err(error) => Err(error.to_string()),
        };
        let last = message.is_err();
        if sender.send(message).await.is_err() || last {
            return;
        }
    }
}
