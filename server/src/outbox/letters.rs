//! Sends letters to subscribers: claims what is due, composes mails, and writes down how that ended. Who is told was decided when they
//! were written.

use std::time::Duration;

use lettre::{
    Address, Message,
    message::{Mailbox, header},
};
use serde_json::json;
use shared::domain::{
    actor::Actor,
    outbox::{Channel, Outcome, after},
};
use store::{LetterClaim, StoreError};

use super::{
    mail::{AutoSubmitted, MailSettings},
    subscriber_hook,
};
use crate::{AppState, app::subscriber::Sealed, public::fill};

/// Under way at once: calls to people who recover have the mail server first.
const MOST: i64 = 4;
const LEASE_SECONDS: f64 = 45.0;
const PAUSE: Duration = Duration::from_secs(2);
/// Letters in a row that cannot be delivered, before an address is given up.
const FAILURES: i32 = 3;

/// Never returns, unless there is no mail server.
pub(crate) async fn keep_sending(state: AppState) {
    let Some(mail) = state.settings.mail.clone() else { return };
    let mut failing = false;
    loop {
        let claimed = state.store.letters_claim(MOST, LEASE_SECONDS).await;
        let outcome = match claimed {
            Ok(claims) if claims.is_empty() => {
                tokio::time::sleep(PAUSE).await;
                Ok(())
            }
            Ok(claims) => {
                let sent = claims.iter().map(|claim| carry(&state, &mail, claim));
                futures::future::join_all(sent).await.into_iter().collect::<Result<Vec<()>, _>>().map(drop)
            }
            Err(error) => Err(error),
        };
        match outcome {
            Ok(()) => failing = false,
            Err(error) => {
                if !failing {
                    tracing::warn!(%error, "letters to subscribers cannot be sent now; it is tried again");
                }
                failing = true;
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

async fn carry(state: &AppState, mail: &MailSettings, claim: &LetterClaim) -> Result<(), StoreError> {
    let (outcome, answered) = match Sealed::open(&state.key, claim.subscriber, &claim.sealed) {
        Ok(sealed) if claim.channel == Channel::Webhook.name() => subscriber_hook::send(state, claim, &sealed).await,
        Ok(sealed) => match compose(state, mail, claim, &sealed) {
            Ok(message) => (mail.deliver(message).await, false),
            Err(why) => (Outcome::Never(why), false),
        },
        Err(why) => (Outcome::Never(why), false),
    };
    let after = after(&outcome, claim.n_attempts);
    let said = match &outcome {
        Outcome::Sent | Outcome::Nowhere => "",
        Outcome::NotNow(why) | Outcome::Never(why) | Outcome::Unknown(why) => why,
    };
    let lost = matches!(outcome, Outcome::Never(_) | Outcome::NotNow(_));
    let mut tx = state.store.begin().await?;
    if answered && tx.subscriber_answered(claim.subscriber).await? {
        tx.audit(&Actor::Anonymous, "subscriber.confirmed", "subscribers", json!({"channel": claim.channel}));
    }
    if tx.letter_settle(claim, &after, said, lost, FAILURES).await? {
        tx.audit(&Actor::Muster, "subscriber.given-up", "subscribers", json!({"failures": FAILURES}));
    }
    tx.commit().await
}

fn compose(state: &AppState, mail: &MailSettings, claim: &LetterClaim, sealed: &Sealed) -> Result<Message, String> {
    let address: Address = sealed.email.parse().map_err(|e| format!("It is no address: {e}."))?;
    let base = state.settings.public_url.origin();
    let leave = format!("{base}/unsubscribe/{}", sealed.token);
    let t = &state.public.site().frame.t.subscribing;
    let (subject, text) = match (&claim.subject, &claim.body, &claim.link) {
        (Some(subject), Some(body), Some(link)) => {
            let foot = fill(t.mail_foot, &[("site", &base), ("link", &leave)]);
            (subject.clone(), format!("{body}\n\n{base}{link}\n\n-- \n{foot}\n"))
        }
        _ => {
            let confirm = format!("{base}/subscribe/{}", sealed.confirm);
            (t.mail_ask.0.to_owned(), fill(t.mail_ask.1, &[("site", &base), ("link", &confirm)]) + "\n")
        }
    };
    // The same for each attempt, so that a mail program can tell a repeat.
    let id = format!("<muster-letter-{}-{}@{}>", claim.number, claim.world.simple(), mail.from().email.domain());
    Message::builder()
        .from(mail.from().clone())
        .to(Mailbox::new(None, address))
        .subject(subject.split(char::is_control).collect::<Vec<_>>().join(" "))
        .message_id(Some(id))
        .header(AutoSubmitted)
        .header(ListUnsubscribe(format!("<{leave}>")))
        .header(ListUnsubscribePost)
        .header(header::ContentType::TEXT_PLAIN)
        .body(text)
        .map_err(|e| format!("It could not be made into a mail: {e}."))
}

/// RFC 2369: where one leaves.
#[derive(Clone, Debug)]
struct ListUnsubscribe(String);

impl header::Header for ListUnsubscribe {
    fn name() -> header::HeaderName {
        header::HeaderName::new_from_ascii_str("List-Unsubscribe")
    }

    fn parse(text: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self(text.to_owned()))
    }

    fn display(&self) -> header::HeaderValue {
        header::HeaderValue::new(Self::name(), self.0.clone())
    }
}

/// RFC 8058: a mail program may do it for whoever presses its button.
#[derive(Clone, Debug)]
struct ListUnsubscribePost;

impl header::Header for ListUnsubscribePost {
    fn name() -> header::HeaderName {
        header::HeaderName::new_from_ascii_str("List-Unsubscribe-Post")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> header::HeaderValue {
        header::HeaderValue::new(Self::name(), "List-Unsubscribe=One-Click".into())
    }
}
