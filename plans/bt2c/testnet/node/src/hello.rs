//! Who is on the other end: both sides introduce and prove themselves before anything else is said. Holds no conversation (gossip.rs).

use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::block::{Hash, Head};
use crate::journal;
use crate::ledger::Ledger;
use crate::wire::{Inbox, Message, Outbox, Purpose, challenge, proof, split};

const HELLO_TIMEOUT: Duration = Duration::from_secs(5);

/// How a conversation ended.
pub(crate) enum End {
    /// After both sides had introduced themselves.
    Lost,
    Refused(String),
    /// It was only a question, and was answered.
    Answered,
}

impl From<String> for End {
    fn from(why: String) -> Self {
        End::Refused(why)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Calling,
    Called,
}

/// Both sides say who they are and prove it; a node of another network, or this node itself, is no peer.
pub(crate) async fn introduce(
    ledger: &Ledger,
    name: &str,
    stream: TcpStream,
    side: Side,
) -> Result<(Inbox, Outbox, String, Head), End> {
    let (mut inbox, mut outbox) = split(stream).map_err(|error| error.to_string())?;
    let (network, ours) = (ledger.genesis(), challenge()?);
    outbox.send(&Message::Hello { network, node: name.to_owned(), head: ledger.head(), challenge: ours }).await?;
    let (node, head, theirs) = match soon(&mut inbox).await? {
        Message::Hello { network: theirs, node, .. } if theirs != network => {
            return Err(format!("{node} is of a network with other stakes").into());
        }
        Message::Hello { node, .. } if node == name => return Err("it is this node itself".to_owned().into()),
        Message::Hello { node, head, challenge, .. } => (node, head, challenge),
        Message::CheckKey { validator, challenge, signature } => {
            let signed = proof(Purpose::KeyCheck, &network, &validator, &challenge);
            let accepted = ledger.accepts(&validator, &signed, &signature);
            let word = if accepted { "accepted" } else { "refused" };
            journal::info(format_args!("key check for {validator}: {word}"));
            outbox.send(&Message::KeyChecked { accepted }).await?;
            return Err(End::Answered);
        }
        _ => return Err("it did not introduce itself".to_owned().into()),
    };
    let proven = Message::Prove { signature: ledger.sign(&proof(Purpose::Hello, &network, name, &theirs)) };
    if side == Side::Calling {
        outbox.send(&proven).await?;
    }
    believe(ledger, soon(&mut inbox).await?, &node, &proof(Purpose::Hello, &network, &node, &ours))?;
    // Whoever called hears our proof only after its own was good, so that nobody can borrow it.
    if side == Side::Called {
        outbox.send(&proven).await?;
    }
    Ok((inbox, outbox, node, head))
}

fn believe(ledger: &Ledger, message: Message, node: &str, signed: &Hash) -> Result<(), String> {
    match message {
        Message::Prove { signature } if ledger.recognises(node, signed, &signature) => Ok(()),
        Message::Prove { .. } => Err(format!("it says it is {node}, but signs with another key than {node} has")),
        _ => Err("it did not prove who it is".to_owned()),
    }
}

async fn soon(inbox: &mut Inbox) -> Result<Message, String> {
    timeout(HELLO_TIMEOUT, inbox.next()).await.map_err(|_| "it did not introduce itself in time".to_owned())?
}
