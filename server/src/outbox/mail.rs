//! E-mail by the operator's mail server. Composes one plain message and hands it over; judges no recipient.

use std::{fmt, time::Duration};

use lettre::{
    Address, AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor,
    message::{Mailbox, header},
    transport::smtp,
};
use shared::domain::outbox::Outcome;
use store::MessageClaim;
use tokio::net::TcpStream;
use url::Url;

use super::words::Words;

/// For the whole exchange; the lease is longer.
const PATIENCE: Duration = Duration::from_secs(20);

/// Where mail is given, and in whose name.
#[derive(Clone)]
pub struct MailSettings {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    /// Where calls are answered by mail.
    reply_to: Option<Mailbox>,
    server: (String, u16),
}

impl fmt::Debug for MailSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the transport: it holds a password.
        f.debug_struct("MailSettings").field("server", &self.server).field("from", &self.from).finish_non_exhaustive()
    }
}

impl MailSettings {
    /// `smtp://host`, `smtp://host:587?tls=required`, `smtps://user:password@host`; `from` is an address, with a name or without.
    ///
    /// # Errors
    /// A sentence that names the key.
    pub fn parse(url: &str, from: Option<&str>, host: Option<&str>) -> Result<Self, String> {
        // Never the address itself: it may hold a password.
        let wrong =
            |why: &str| format!("smtp_url (MUSTER_SMTP_URL): {why}; write smtp://host or smtps://user:password@host");
        let parsed = Url::parse(url).map_err(|_| wrong("it is not an address"))?;
        let default = match parsed.scheme() {
            "smtps" => 465,
            "smtp" if parsed.query_pairs().any(|(key, _)| key == "tls") => 587,
            "smtp" => 25,
            other => return Err(wrong(&format!("{other}: is no scheme for it"))),
        };
        let name = parsed.host_str().filter(|host| !host.is_empty()).ok_or_else(|| wrong("it names no host"))?;
        let server = (name.trim_matches(['[', ']']).to_owned(), parsed.port().unwrap_or(default));
        let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url).map_err(|e| wrong(&e.to_string()))?;
        let transport = builder.timeout(Some(PATIENCE / 2)).build();
        let from = match from {
            Some(text) => {
                text.parse().map_err(|e| format!("mail_from (MUSTER_MAIL_FROM): \"{text}\" is no address: {e}"))?
            }
            None => {
                let host = host.filter(|host| host.contains('.')).unwrap_or("localhost.localdomain");
                let address = Address::new("muster", host).map_err(|e| {
                    format!("mail_from (MUSTER_MAIL_FROM) must be set: \"muster@{host}\" is no address: {e}")
                })?;
                Mailbox::new(Some("Muster".into()), address)
            }
        };
        Ok(Self { transport, from, reply_to: None, server })
    }

    /// With the address whose mail is handed to `/answer-mail`: calls say that they can be answered by mail only if there is one.
    ///
    /// # Errors
    /// A sentence that names the key.
    pub fn answered_at(self, address: Option<&str>) -> Result<Self, String> {
        let parse = |text: &str| {
            text.parse().map_err(|e| format!("mail_reply_to (MUSTER_MAIL_REPLY_TO): \"{text}\" is no address: {e}"))
        };
        Ok(Self { reply_to: address.map(parse).transpose()?, ..self })
    }

    pub(super) async fn send(&self, claim: &MessageClaim, words: &Words) -> Outcome {
        match self.compose(claim, words) {
            Ok(message) => self.deliver(message).await,
            Err(why) => Outcome::Never(why),
        }
    }

    /// In whose name mail is sent.
    pub(super) fn from(&self) -> &Mailbox {
        &self.from
    }

    pub(super) async fn deliver(&self, message: Message) -> Outcome {
        // If nobody is there at all, it is certain that nothing was given away.
        match tokio::time::timeout(PATIENCE / 4, TcpStream::connect((&*self.server.0, self.server.1))).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => return Outcome::NotNow(format!("The mail server does not answer: {error}.")),
            Err(_) => return Outcome::NotNow("The mail server does not answer.".into()),
        }
        match tokio::time::timeout(PATIENCE, self.transport.send(message)).await {
            Ok(Ok(_)) => Outcome::Sent,
            Ok(Err(error)) => judged(&error),
            Err(_) => Outcome::Unknown("The mail server did not say in time whether it took it.".into()),
        }
    }

    fn compose(&self, claim: &MessageClaim, words: &Words) -> Result<Message, String> {
        let address: Address =
            claim.address.parse().map_err(|e| format!("\"{}\" is no address: {e}.", claim.address))?;
        let body = [
            Some(words.text.clone()),
            words.answer.as_ref().map(|url| match self.reply_to {
                Some(_) => format!("I have it (or answer this mail):\n{url}"),
                None => format!("I have it:\n{url}"),
            }),
            words
                .url
                .as_ref()
                .map(|url| if words.answer.is_some() { format!("Open it in Muster:\n{url}") } else { url.clone() }),
        ];
        let body = body.into_iter().flatten().collect::<Vec<_>>().join("\n\n") + "\n";
        // The same for each attempt, so that a mail program can tell a repeat.
        let id = format!("<muster-{}-{}@{}>", claim.number, claim.world.simple(), self.from.email.domain());
        let mut mail = Message::builder();
        if let (Some(reply_to), Some(url)) = (&self.reply_to, &words.answer) {
            // Whatever answers it names what it answers (RFC 5322, 3.6.4).
            let token = url.rsplit('/').next().unwrap_or_default();
            mail = mail.reply_to(reply_to.clone()).references(format!("<{MARK}{token}@{}>", self.from.email.domain()));
        }
        mail.from(self.from.clone())
            .to(Mailbox::new(Some(claim.recipient.clone()), address))
            .subject(words.subject.clone())
            .message_id(Some(id))
            .header(AutoSubmitted)
            .header(header::ContentType::TEXT_PLAIN)
            .body(body)
            .map_err(|e| format!("It could not be made into a mail: {e}."))
    }
}

/// Stands before a call's token in what answers refer to.
const MARK: &str = "answer.";
/// Tokens are not so long, and not so short.
const TOKEN: std::ops::RangeInclusive<usize> = 60..=120;

/// Tokens of calls that a mail may be an answer to, as its own head and the text it quotes name them. None if no person wrote it: an
/// absence note, a report of what could not be delivered, a list (RFC 3834, RFC 3464).
#[must_use]
pub(crate) fn tokens_answered(mail: &str) -> Vec<String> {
    let mail = mail.replace("\r\n", "\n");
    let (head, body) = mail.split_once("\n\n").unwrap_or((&mail, ""));
    let head = head.replace("\n ", " ").replace("\n\t", " ");
    let field = |name: &str| {
        let lines = head.lines().filter_map(|line| line.split_once(':'));
        let values = lines.filter(|(field, _)| field.trim().eq_ignore_ascii_case(name));
        values.map(|(_, value)| value.trim().to_ascii_lowercase()).collect::<Vec<_>>()
    };
    let says =
        |name: &str, words: &[&str]| field(name).iter().any(|value| words.iter().any(|word| value.contains(word)));
    let by_itself = field("auto-submitted").iter().any(|value| value != "no")
        || says("precedence", &["bulk", "junk", "list", "auto"])
        || says("content-type", &["multipart/report", "delivery-status"])
        || says("return-path", &["<>"])
        || says("from", &["mailer-daemon", "postmaster@"])
        || !field("x-autoreply").is_empty()
        || !field("list-id").is_empty();
    if by_itself {
        return vec![];
    }
    let quoted = body.replace("=\n", "").replace("=3D", "=");
    let mut found: Vec<String> = vec![];
    for (text, mark) in [(head.as_str(), MARK), (&quoted, "/answer/")] {
        for (at, _) in text.match_indices(mark) {
            let rest = text[at + mark.len()..].chars();
            let token: String = rest.take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')).collect();
            if TOKEN.contains(&token.len()) && !found.contains(&token) {
                found.push(token);
            }
        }
    }
    // A mail quotes some calls, not a thousand.
    found.truncate(8);
    found
}

/// What the mail server's answer, or its silence, says about the message.
fn judged(error: &smtp::Error) -> Outcome {
    let said = one_line(&error.to_string());
    if error.is_permanent() {
        Outcome::Never(format!("The mail server refused it: {said}."))
    } else if error.is_transient() {
        Outcome::NotNow(format!("The mail server did not take it: {said}."))
    } else if error.is_tls() || error.is_client() {
        Outcome::NotNow(format!("There is no way to agree with the mail server: {said}."))
    } else {
        Outcome::Unknown(format!("The connection to the mail server broke: {said}."))
    }
}

fn one_line(text: &str) -> String {
    let words: Vec<_> = text.split_whitespace().collect();
    words.join(" ").trim_end_matches('.').chars().take(300).collect()
}

/// RFC 3834: nobody's absence note answers it.
#[derive(Clone, Debug)]
pub(super) struct AutoSubmitted;

impl header::Header for AutoSubmitted {
    fn name() -> header::HeaderName {
        header::HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> header::HeaderValue {
        header::HeaderValue::new(Self::name(), "auto-generated".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_names_its_call_and_what_no_person_wrote_names_none() {
        let token = "Ab-_".repeat(19);
        let mail = |head: &str, body: &str| {
            format!("From: ada@example.org\r\nSubject: Re: Level 3\r\n{head}\r\n\r\n{body}\r\n")
        };
        let referring = format!("References: <x@y>\r\n <answer.{token}@muster.example.org>");
        let folded = format!("> I have it: https://m.example.org/answer/{}=\r\n{}", &token[..30], &token[30..]);
        for (head, body) in [
            (referring.as_str(), "on it"),
            ("In-Reply-To: <1@y>", &format!("yes\r\n> https://m.example.org/answer/{token}")),
            ("Content-Transfer-Encoding: quoted-printable", &folded),
            (&format!("Auto-Submitted: no\r\n{referring}"), ""),
        ] {
            assert_eq!(tokens_answered(&mail(head, body)), std::slice::from_ref(&token), "{head}");
        }
        for nobody in [
            "Auto-Submitted: auto-replied",
            "auto-submitted:auto-generated",
            "Precedence: bulk",
            "Content-Type: multipart/report; report-type=delivery-status",
            "Return-Path: <>",
            "X-Autoreply: yes",
            "List-Id: <all.example.org>",
            "From: MAILER-DAEMON@example.org",
        ] {
            assert!(tokens_answered(&mail(&format!("{nobody}\r\n{referring}"), "on it")).is_empty(), "{nobody}");
        }
        for nothing in ["", "\r\n\r\n", "answer.short@x", &"/answer/".repeat(9999), "\u{0}\u{fffd}ä: ö"] {
            assert!(tokens_answered(nothing).is_empty());
        }
    }

    #[test]
    fn every_mistake_names_its_key_and_no_password() {
        for (url, from, part) in [
            ("mail.example.org", None, "MUSTER_SMTP_URL"),
            ("https://ada:geheim@mail.example.org", None, "MUSTER_SMTP_URL"),
            ("smtp://ada:geheim@", None, "MUSTER_SMTP_URL"),
            ("smtp://ada:geheim@mail.example.org?tls=perhaps", None, "MUSTER_SMTP_URL"),
            ("smtp://mail.example.org", Some("muster"), "MUSTER_MAIL_FROM"),
        ] {
            let error = MailSettings::parse(url, from, Some("muster.example.org")).unwrap_err();
            assert!(error.contains(part) && !error.contains("geheim"), "{url}: {error}");
        }
        let settings =
            MailSettings::parse("smtps://ada:geheim@mail.example.org", None, Some("muster.example.org")).unwrap();
        assert_eq!(settings.from.to_string(), "Muster <muster@muster.example.org>");
        assert_eq!(settings.server, ("mail.example.org".into(), 465));
        assert!(!format!("{settings:?}").contains("geheim"));
        let named = MailSettings::parse("smtp://[::1]:2525", Some("On call <calls@example.org>"), None).unwrap();
        assert_eq!((named.from.to_string(), named.server.1), ("On call <calls@example.org>".to_owned(), 2525));
    }
}
