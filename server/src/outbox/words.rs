//! A message as it reads where it arrives: its links whole, and a warning if it may be a repeat. Knows no channel.

use store::{MessageClaim, message_secret, seal::Key};

use crate::{
    auth::answer_link::{self, Asked},
    config::PublicUrl,
};

/// Ready to be put into a channel's form.
pub(super) struct Words {
    /// One line, whatever was typed.
    pub(super) subject: String,
    pub(super) text: String,
    pub(super) url: Option<String>,
    /// Where whoever is called says that they have it, without signing in.
    pub(super) answer: Option<String>,
}

const REPEAT: &str = "You may have this message already: an earlier attempt may have arrived.";

/// # Errors
/// A sentence, if what is sealed in it cannot be opened.
pub(super) fn of(claim: &MessageClaim, public_url: &PublicUrl, key: &Key) -> Result<Words, String> {
    let subject = claim.subject.split(char::is_control).map(str::trim).filter(|part| !part.is_empty());
    let subject = subject.collect::<Vec<_>>().join(" ");
    let text = if claim.repeats { format!("{REPEAT}\n\n{}", claim.body) } else { claim.body.clone() };
    let secret = claim.secret.as_ref().map(|sealed| secret(claim, key, sealed)).transpose()?.unwrap_or_default();
    let url = claim.link.as_ref().map(|link| format!("{public_url}{link}{secret}"));
    let asked = claim.page_id.map(Asked::Page).or(claim.drill_call_id.map(Asked::Drill));
    let answer = asked.map(|asked| answer_link::token(key, asked).map(|token| format!("{public_url}/answer/{token}")));
    let answer = answer.transpose().map_err(|e| format!("Its link for an answer cannot be made: {e}."))?;
    Ok(Words { subject, text, url, answer })
}

fn secret(claim: &MessageClaim, key: &Key, sealed: &[u8]) -> Result<String, String> {
    let cannot = |why: String| format!("Its link cannot be opened: {why}.");
    let plain = key.open(&message_secret(&claim.dedup), sealed).map_err(|e| cannot(e.to_string()))?;
    String::from_utf8(plain.to_vec()).map_err(|e| cannot(e.to_string()))
}
