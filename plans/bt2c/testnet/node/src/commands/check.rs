//! `key check`: asks a running peer whether a signature of ours counts. Offers it no block.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::time::Duration;

use serde_json::json;

use super::{Answer, KeyCheck, print};
use crate::block::Hash;
use crate::chain::Chain;
use crate::keyfiles;
use crate::keys::SecretKey;
use crate::stakes::Stakes;
use crate::wire::{MAX_LINE, Message, Purpose, challenge, proof};

const LIMIT: Duration = Duration::from_secs(5);

pub(super) fn key_check(wanted: &KeyCheck) -> Result<Answer, String> {
    let stakes = Stakes::parse(&wanted.stakes).map_err(|reason| format!("--stakes is wrong: {reason}"))?;
    if !stakes.contains(&wanted.validator) {
        return Err(format!("--stakes gives '{}' no stake", wanted.validator));
    }
    let network = Chain::new(stakes, None).genesis().hash;
    let key = keyfiles::secret(&wanted.key)?;
    let ring = wanted.validators.as_deref().map(keyfiles::keyring).transpose()?;
    let listed = ring.map(|ring| ring.heights_of(&wanted.validator, &key.public()));
    let accepted = ask(&wanted.peer, &network, &wanted.validator, &key)?;

    let word = if accepted { "takes" } else { "refuses" };
    let mut text = format!("{} {word} signatures of {} for {}", wanted.peer, key.public(), wanted.validator);
    match listed.as_deref() {
        None => {}
        Some([]) => text.push_str("; the key is not listed"),
        Some(heights) => text.push_str(&format!("; the key is listed from height {heights:?} on")),
    }
    let document = json!({
        "accepted": accepted, "peer": wanted.peer, "validator": wanted.validator, "public_key": key.public(), "listed_from": listed,
    });
    print(wanted.json, &document, &text)?;
    Ok(if accepted { Answer::Fine } else { Answer::NotFine })
}

fn ask(peer: &str, network: &Hash, validator: &str, key: &SecretKey) -> Result<bool, String> {
    let failed = |why: String| format!("{peer} was not asked: {why}");
    let mut addresses = peer.to_socket_addrs().map_err(|error| failed(error.to_string()))?;
    let address = addresses.next().ok_or_else(|| failed("it has no address".to_owned()))?;
    let connect = || -> std::io::Result<TcpStream> {
        let stream = TcpStream::connect_timeout(&address, LIMIT)?;
        stream.set_read_timeout(Some(LIMIT))?;
        stream.set_write_timeout(Some(LIMIT))?;
        Ok(stream)
    };
    let stream = connect().map_err(|error| failed(error.to_string()))?;
    match hear(&stream).map_err(failed)? {
        Message::Hello { network: theirs, .. } if theirs == *network => {}
        Message::Hello { .. } => return Err(failed("it is of a network with other stakes".to_owned())),
        _ => return Err(failed("it did not introduce itself".to_owned())),
    }
    let challenge = challenge().map_err(failed)?;
    let signature = key.sign(&proof(Purpose::KeyCheck, network, validator, &challenge));
    let question = Message::CheckKey { validator: validator.to_owned(), challenge, signature };
    let mut line = serde_json::to_vec(&question).map_err(|error| failed(error.to_string()))?;
    line.push(b'\n');
    (&stream).write_all(&line).map_err(|error| failed(error.to_string()))?;
    match hear(&stream).map_err(|why| format!("{peer} did not answer: {why}"))? {
        Message::KeyChecked { accepted } => Ok(accepted),
        _ => Err(format!("{peer} answered something else")),
    }
}

/// One message; nothing follows it before we speak again.
fn hear(stream: &TcpStream) -> Result<Message, String> {
    let mut line = String::new();
    BufReader::new(stream).take(MAX_LINE).read_line(&mut line).map_err(|error| error.to_string())?;
    if line.is_empty() {
        return Err("the connection was closed".to_owned());
    }
    serde_json::from_str(&line).map_err(|error| error.to_string())
}
