//! Talking with peers: dialling, listening, and the conversation that keeps two chains equal. Decides nothing about validity.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};

use crate::block::{Block, Head};
use crate::hello::{End, Side, introduce};
use crate::journal;
use crate::ledger::Ledger;
use crate::status::{Outcome, Refused};
use crate::wire::{Inbox, Message, Outbox};

const REDIAL: Duration = Duration::from_millis(500);
const COMPLAIN_EVERY: Duration = Duration::from_secs(10);
const DIAL_TIMEOUT: Duration = Duration::from_secs(3);
const HEARTBEAT: Duration = Duration::from_secs(1);
/// A peer this silent is gone, even if its connection was never closed (network cut, paused container).
const SILENCE: Duration = Duration::from_secs(5);
/// An unanswered request for blocks may be repeated after this long.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a chain that needs a person's decision is not read again.
const DEEP_PATIENCE: Duration = Duration::from_secs(10);
/// Blocks in one answer.
const BATCH: usize = 500;

/// Accepts peers for ever.
pub(crate) async fn listen(ledger: Arc<Ledger>, name: String, listener: TcpListener) {
    let complained = Arc::new(Mutex::new(None));
    loop {
        match listener.accept().await {
            Ok((stream, address)) => {
                let (ledger, name, complained) = (ledger.clone(), name.clone(), complained.clone());
                // A dropped handle leaves the task running; the conversation ends by itself.
                drop(tokio::spawn(async move {
                    if let End::Refused(why) = converse(&ledger, &name, stream, Side::Called).await {
                        turned_away(&complained, &format!("{} was turned away: {why}", address.ip()));
                    }
                }));
            }
            Err(error) => {
                journal::error(format_args!("cannot accept peers: {error}"));
                sleep(REDIAL).await;
            }
        }
    }
}

/// Whoever knocks again and again is not a line each time.
fn turned_away(complained: &Mutex<Option<Instant>>, text: &str) {
    let mut last = complained.lock().unwrap_or_else(PoisonError::into_inner);
    if last.is_none_or(|at| at.elapsed() > COMPLAIN_EVERY) {
        journal::warn(text);
        *last = Some(Instant::now());
    }
}

/// Keeps one peer dialled for ever; says once that it is away, not at every attempt.
pub(crate) async fn dial(ledger: Arc<Ledger>, name: String, address: String) {
    let mut complained = false;
    loop {
        let failure = match within(DIAL_TIMEOUT, TcpStream::connect(&address)).await {
            Ok(stream) => match converse(&ledger, &name, stream, Side::Calling).await {
                // It was here and its loss was logged; if it stays away, that is news again.
                End::Lost => {
                    complained = false;
                    sleep(REDIAL).await;
                    continue;
                }
                End::Refused(why) => why,
                End::Answered => "it asked instead of answering".to_owned(),
            },
            Err(why) => why,
        };
        if !complained {
            journal::warn(format_args!("peer {address} is away, dialling on: {failure}"));
            complained = true;
        }
        sleep(REDIAL).await;
    }
}

async fn within<T>(limit: Duration, work: impl Future<Output = std::io::Result<T>>) -> Result<T, String> {
    match timeout(limit, work).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("no answer within {} s", limit.as_secs())),
    }
}

async fn converse(ledger: &Ledger, name: &str, stream: TcpStream, side: Side) -> End {
    let (inbox, outbox, node, head) = match introduce(ledger, name, stream, side).await {
        Ok(introduced) => introduced,
        Err(end) => return end,
    };
    if ledger.peer_linked(&node, head) {
        journal::info(format_args!("peer {node} connected at height {}", head.height));
    }
    let mut link = Link { ledger, peer: node, outbox, theirs: head, branch: Vec::new(), asked: None, deep: None };
    let why = link.run(inbox).await;
    if ledger.peer_unlinked(&link.peer) {
        journal::warn(format_args!("peer {} lost: {why}", link.peer));
    }
    End::Lost
}

struct Link<'a> {
    ledger: &'a Ledger,
    peer: String,
    outbox: Outbox,
    /// The head the peer told us last.
    theirs: Head,
    /// Blocks of a chain that parts from ours, collected until it wins or turns out not to.
    branch: Vec<Block>,
    /// When blocks were asked for and have not come yet.
    asked: Option<Instant>,
    /// When its chain last turned out to part from ours too far down.
    deep: Option<Instant>,
}

impl Link<'_> {
    /// Returns why the link cannot go on.
    async fn run(&mut self, mut inbox: Inbox) -> String {
        let mut heads = self.ledger.watch();
        let mut heartbeat = interval(HEARTBEAT);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut heard = Instant::now();
        loop {
            let done = tokio::select! {
                message = inbox.next() => match message {
                    Ok(message) => {
                        heard = Instant::now();
                        self.receive(message).await
                    }
                    Err(why) => Err(why),
                },
                changed = heads.changed() => match changed {
                    Ok(()) => self.announce().await,
                    Err(_) => Err("this node stops".to_owned()),
                },
                _ = heartbeat.tick() => {
                    if heard.elapsed() > SILENCE {
                        Err(format!("nothing heard for {} s", SILENCE.as_secs()))
                    } else {
                        self.beat().await
                    }
                }
            };
            if let Err(why) = done {
                return why;
            }
        }
    }

    async fn announce(&mut self) -> Result<(), String> {
        let tip = self.ledger.tip();
        // Not back to the one we have it from.
        if tip.head() == self.theirs { Ok(()) } else { self.outbox.send(&Message::Block { block: tip }).await }
    }

    async fn beat(&mut self) -> Result<(), String> {
        self.outbox.send(&Message::Head { head: self.ledger.head() }).await?;
        self.catch_up().await
    }

    async fn receive(&mut self, message: Message) -> Result<(), String> {
        match message {
            Message::Hello { .. } => Err("it introduced itself twice".to_owned()),
            Message::Prove { .. } | Message::CheckKey { .. } | Message::KeyChecked { .. } => {
                Err("it spoke of keys after its hello".to_owned())
            }
            Message::Head { head } => {
                self.peer_is_at(head);
                self.catch_up().await
            }
            Message::Block { block } => {
                self.peer_is_at(block.head());
                if self.asked.is_none() {
                    self.ledger.offer(&[block], &self.peer).map_err(|refused| self.refuse(&refused))?;
                }
                self.catch_up().await
            }
            Message::Want { locator } => {
                let blocks = self.ledger.blocks_after(&locator, BATCH);
                self.outbox.send(&Message::Blocks { blocks }).await
            }
            Message::Blocks { blocks } => self.take(blocks).await,
        }
    }

    fn peer_is_at(&mut self, head: Head) {
        self.theirs = head;
        self.ledger.peer_seen(&self.peer, head);
    }

    /// Asks for what the peer has and we lack, unless we already did.
    async fn catch_up(&mut self) -> Result<(), String> {
        let waiting = self.asked.is_some_and(|at| at.elapsed() < PATIENCE);
        let deep = self.deep.is_some_and(|at| at.elapsed() < DEEP_PATIENCE);
        if waiting || deep || !self.theirs.beats(&self.ledger.head()) {
            return Ok(());
        }
        self.branch.clear();
        self.ask(self.ledger.locator()).await
    }

    async fn ask(&mut self, locator: Vec<Head>) -> Result<(), String> {
        self.asked = Some(Instant::now());
        self.outbox.send(&Message::Want { locator }).await
    }

    async fn take(&mut self, blocks: Vec<Block>) -> Result<(), String> {
        if self.asked.take().is_none() {
            return Err("it sent blocks nobody asked for".to_owned());
        }
        let links = self.branch.last().zip(blocks.first()).is_none_or(|(last, first)| first.prev_hash == last.hash);
        let full = blocks.len() >= BATCH;
        if !links {
            self.branch.clear();
        }
        self.branch.extend(blocks);
        match self.ledger.offer(&self.branch, &self.peer) {
            // Its chain parts from ours further down than one answer reaches: read on.
            Ok(Outcome::NotBetter) if full => match self.branch.last().map(Block::head) {
                Some(last) => self.ask(vec![last]).await,
                None => Ok(()),
            },
            Ok(Outcome::Taken) if full => {
                self.branch.clear();
                self.catch_up().await
            }
            Ok(outcome) => {
                self.deep = (outcome == Outcome::TooDeep).then(Instant::now);
                self.branch.clear();
                Ok(())
            }
            Err(refused) => Err(self.refuse(&refused)),
        }
    }

    fn refuse(&self, refused: &Refused) -> String {
        journal::warn(format_args!("from {}: {refused}", self.peer));
        refused.to_string()
    }
}
