//! Messages to people: the channels, what became of one, and when it is tried again. Sends nothing, knows no address of anybody.

use serde::{Deserialize, Serialize};

/// How people are reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Channel {
    Email,
    /// For people to call; nothing is sent there.
    Phone,
    Webhook,
    Slack,
    Ntfy,
}

impl Channel {
    pub const ALL: [Self; 5] = [Self::Email, Self::Phone, Self::Webhook, Self::Slack, Self::Ntfy];

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Webhook => "webhook",
            Self::Slack => "slack",
            Self::Ntfy => "ntfy",
        }
    }

    /// As it reads after "by".
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Email => "e-mail",
            Self::Phone => "phone",
            Self::Webhook => "webhook",
            Self::Slack => "Slack",
            Self::Ntfy => "ntfy",
        }
    }

    /// Muster itself can send there.
    #[must_use]
    pub fn sends(self) -> bool {
        self != Self::Phone
    }

    /// What a person typed, as an address of this channel. Whether the server may go there is not judged here.
    ///
    /// # Errors
    /// A sentence for the person who typed it.
    pub fn address(self, text: &str) -> Result<String, String> {
        let text = text.trim();
        if text.is_empty() {
            return Err("The address must not be empty.".into());
        }
        if text.len() > 500 || text.chars().any(|c| c.is_control() || (c.is_whitespace() && c != ' ')) {
            return Err("The address is too long, or has characters in it that no address has.".into());
        }
        match self {
            Self::Email => email(text),
            Self::Phone => phone(text),
            Self::Webhook | Self::Slack | Self::Ntfy => {
                let url = text.starts_with("https://") || text.starts_with("http://");
                if !url || text.contains(' ') {
                    return Err(format!("Write the whole address of the {}, beginning with https://.", self.words()));
                }
                if self == Self::Ntfy && ntfy_topic(text).is_none() {
                    return Err("Write the server and the topic: https://ntfy.sh/your-topic.".into());
                }
                Ok(text.to_owned())
            }
        }
    }

    /// What everybody may see of an address: of one that lets whoever knows it write there, only the host.
    #[must_use]
    pub fn shown(self, address: &str) -> String {
        match self {
            Self::Email | Self::Phone => address.to_owned(),
            Self::Webhook | Self::Slack | Self::Ntfy => {
                let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
                rest.split(['/', '?', '#']).next().unwrap_or_default().to_owned()
            }
        }
    }
}

fn email(text: &str) -> Result<String, String> {
    let text = text.to_lowercase();
    let (local, domain) = text.split_once('@').unwrap_or_default();
    let odd = text.contains([' ', '<', '>', ',', ';']) || domain.contains('@') || text.len() > 254;
    if local.is_empty() || domain.is_empty() || odd {
        return Err(format!("\"{text}\" is not an e-mail address."));
    }
    Ok(text)
}

fn phone(text: &str) -> Result<String, String> {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let plain = text.chars().all(|c| c.is_ascii_digit() || matches!(c, '+' | ' ' | '-' | '(' | ')' | '/' | '.'));
    if !plain || !(3..=20).contains(&digits) {
        return Err(format!("\"{text}\" is not a phone number; write it as +49 30 1234567."));
    }
    Ok(text.to_owned())
}

/// Server and topic of an ntfy address.
#[must_use]
pub fn ntfy_topic(address: &str) -> Option<(&str, &str)> {
    let (server, topic) = address.rsplit_once('/')?;
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    (server.len() > "https://".len() && !topic.is_empty() && topic.len() <= 64 && topic.chars().all(plain))
        .then_some((server, topic))
}

/// Why something is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// An incident needs somebody.
    Page,
    /// Something that its reader has to know: what a run tells, what was done to their account.
    Notice,
    /// Somebody tries whether a person can be reached.
    Test,
    /// Somebody adds a way to be reached; it holds a code.
    Verification,
    /// The contact tree is rehearsed.
    Drill,
    /// Somebody may make an account; it holds a link that lets them in.
    Invitation,
    /// Somebody may set a new password; it holds a link that lets them.
    NewPassword,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum MessageState {
    Queued,
    Sending,
    Sent,
    /// It was given away, and nobody said whether it arrived.
    MaybeSent,
    Failed,
    /// There is no mail server: it is here to be read, and not sent.
    Kept,
}

impl MessageState {
    /// It will not reach anybody any more.
    #[must_use]
    pub fn lost(self) -> bool {
        matches!(self, Self::Failed | Self::Kept)
    }
}

/// A line of a message's delivery log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum DeliveryEvent {
    Queued,
    Begun,
    /// Begun again, although it may have arrived.
    Repeated,
    Sent,
    MaybeSent,
    /// This attempt; another follows.
    Failed,
    GivenUp,
    Kept,
    /// Muster was restored from a backup: it is not sent by itself any more.
    Restored,
}

impl DeliveryEvent {
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Queued => "Queued",
            Self::Begun => "Being sent",
            Self::Repeated => "Sent again, as it may not have arrived",
            Self::Sent => "Sent",
            Self::MaybeSent => "Maybe sent",
            Self::Failed => "Failed, to be tried again",
            Self::GivenUp => "Given up",
            Self::Kept => "Kept here, not sent",
            Self::Restored => "Not sent: Muster was restored from a backup",
        }
    }
}

crate::domain::named::named!(Channel Purpose MessageState DeliveryEvent);

/// How one attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Whoever carries it has taken it.
    Sent,
    /// It was not taken; later it may be.
    NotNow(String),
    /// It was not taken and never will be.
    Never(String),
    /// It was given away and no answer came.
    Unknown(String),
    /// There is no mail server.
    Nowhere,
}

/// Attempts at most; the last one comes about half an hour after the first.
pub const ATTEMPTS: i32 = 8;

/// What follows from an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct After {
    pub state: MessageState,
    pub event: DeliveryEvent,
    /// Until the next attempt; `None`: it has ended.
    pub again_seconds: Option<u32>,
}

/// `n_attempts` counts the one that has just ended.
#[must_use]
pub fn after(outcome: &Outcome, n_attempts: i32) -> After {
    use DeliveryEvent as E;
    use MessageState as S;
    let wait = Some(wait_seconds(n_attempts)).filter(|_| n_attempts < ATTEMPTS);
    let (state, event, again_seconds) = match outcome {
        Outcome::Sent => (S::Sent, E::Sent, None),
        Outcome::Nowhere => (S::Kept, E::Kept, None),
        Outcome::Never(_) => (S::Failed, E::GivenUp, None),
        Outcome::NotNow(_) if wait.is_none() => (S::Failed, E::GivenUp, None),
        Outcome::NotNow(_) => (S::Queued, E::Failed, wait),
        Outcome::Unknown(_) => (S::MaybeSent, E::MaybeSent, wait),
    };
    After { state, event, again_seconds }
}

fn wait_seconds(n_attempts: i32) -> u32 {
    let tripled = 3u32.saturating_pow(n_attempts.max(1).unsigned_abs() - 1);
    tripled.saturating_mul(5).min(600)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_from_an_attempt() {
        use DeliveryEvent as E;
        use MessageState as S;
        let (not_now, never, unknown) =
            (Outcome::NotNow("busy".into()), Outcome::Never("no such box".into()), Outcome::Unknown("cut".into()));
        for (outcome, n, expected) in [
            (&Outcome::Sent, 1, (S::Sent, E::Sent, None)),
            (&Outcome::Nowhere, 1, (S::Kept, E::Kept, None)),
            (&never, 1, (S::Failed, E::GivenUp, None)),
            (&not_now, 1, (S::Queued, E::Failed, Some(5))),
            (&not_now, 2, (S::Queued, E::Failed, Some(15))),
            (&not_now, 7, (S::Queued, E::Failed, Some(600))),
            (&not_now, 8, (S::Failed, E::GivenUp, None)),
            (&unknown, 1, (S::MaybeSent, E::MaybeSent, Some(5))),
            (&unknown, 8, (S::MaybeSent, E::MaybeSent, None)),
        ] {
            let After { state, event, again_seconds } = after(outcome, n);
            assert_eq!((state, event, again_seconds), expected, "{outcome:?} {n}");
        }
        let whole: u32 = (1..ATTEMPTS).map(wait_seconds).sum();
        assert!((1500..2400).contains(&whole), "{whole}");
    }

    #[test]
    fn addresses_are_what_their_channel_takes() {
        for (channel, good) in [
            (Channel::Email, "Ada@Example.org "),
            (Channel::Phone, "+49 (30) 123-4567"),
            (Channel::Webhook, "https://sms.example/send?to=1"),
            (Channel::Slack, "https://hooks.slack.com/services/T0/B0/x"),
            (Channel::Ntfy, "https://ntfy.sh/ada_on-call"),
        ] {
            assert!(channel.address(good).is_ok(), "{good}");
        }
        for (channel, bad) in [
            (Channel::Email, "ada"),
            (Channel::Email, "a@b@c"),
            (Channel::Email, "ada@example.org\r\nBcc: eve@example.org"),
            (Channel::Email, "Ada <ada@example.org>"),
            (Channel::Phone, "call me"),
            (Channel::Phone, "1"),
            (Channel::Webhook, "ftp://x"),
            (Channel::Webhook, "hooks.example"),
            (Channel::Slack, "https://a b"),
            (Channel::Ntfy, "https://ntfy.sh"),
            (Channel::Ntfy, "https://ntfy.sh/"),
            (Channel::Ntfy, "https://ntfy.sh/a?b"),
            (Channel::Webhook, ""),
        ] {
            assert!(channel.address(bad).is_err(), "{channel}: {bad}");
        }
        assert_eq!(ntfy_topic("https://ntfy.example/team/x"), Some(("https://ntfy.example/team", "x")));
    }

    #[test]
    fn what_lets_one_write_there_is_not_shown() {
        assert_eq!(Channel::Slack.shown("https://hooks.slack.com/services/T0/B0/secret"), "hooks.slack.com");
        assert_eq!(Channel::Webhook.shown("https://sms.example?key=secret"), "sms.example");
        assert_eq!(Channel::Email.shown("ada@example.org"), "ada@example.org");
        for channel in Channel::ALL {
            assert_eq!(channel.name().parse::<Channel>().unwrap(), channel);
            assert_eq!(channel.to_string(), channel.name());
        }
    }
}
