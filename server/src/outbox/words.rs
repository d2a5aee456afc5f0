//! A message as it reads where it arrives: its link whole, and a warning if it may be a repeat. Knows no channel.

use store::MessageClaim;

use crate::config::PublicUrl;

/// Ready to be put into a channel's form.
pub(super) struct Words {
    /// One line, whatever was typed.
    pub(super) subject: String,
    pub(super) text: String,
    pub(super) url: Option<String>,
}

const REPEAT: &str = "You may have this message already: an earlier attempt may have arrived.";

pub(super) fn of(claim: &MessageClaim, public_url: &PublicUrl) -> Words {
    let subject = claim.subject.split(char::is_control).map(str::trim).filter(|part| !part.is_empty());
    let subject = subject.collect::<Vec<_>>().join(" ");
    let text = if claim.repeats { format!("{REPEAT}\n\n{}", claim.body) } else { claim.body.clone() };
    let url = claim.link.as_ref().map(|link| format!("{public_url}{link}"));
    Words { subject, text, url }
}
