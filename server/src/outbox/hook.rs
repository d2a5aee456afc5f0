//! Messages over HTTP: our own signed webhook, Slack's incoming webhook, ntfy. Forms the request and judges the answer; the way out
//! is `outgoing`'s.

use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{Method, Request, header};
use outgoing::{Outgoing, OutgoingError};
use serde_json::{Value, json};
use sha2::Sha256;
use shared::{
    domain::outbox::{Channel, Outcome, Purpose, ntfy_topic},
    hex,
    timestamp::Timestamp,
};
use store::MessageClaim;

use super::{Secrets, words::Words};

pub(super) async fn send(outgoing: &Outgoing, claim: &MessageClaim, words: &Words, way: &Secrets) -> Outcome {
    let request = match request(claim, words, way) {
        Ok(request) => request,
        Err(why) => return Outcome::Never(why),
    };
    match outgoing.send(request).await {
        Ok(answer) => judged(answer.status().as_u16()),
        Err(error) => failure(&error),
    }
}

pub(super) fn failure(error: &OutgoingError) -> Outcome {
    match error {
        OutgoingError::Refused { .. } => Outcome::Never(sentence(error)),
        OutgoingError::Unreachable(..) => Outcome::NotNow(sentence(error)),
        _ => Outcome::Unknown(sentence(error)),
    }
}

/// Without the address beyond its host: it may be what lets one write there.
fn sentence(error: &OutgoingError) -> String {
    let text = match error {
        OutgoingError::Refused { refusal, .. } => format!("It is not sent there: {refusal}"),
        OutgoingError::Unreachable(_, why) => format!("Nobody answers there: {why}"),
        OutgoingError::Lost(_, why) => format!("No answer came: {why}"),
        OutgoingError::TooSlow(_, seconds) => format!("No answer came within {seconds} s"),
        OutgoingError::TooLarge(_, bytes) => format!("The answer had more than {bytes} bytes"),
    };
    format!("{text}.")
}

pub(super) fn judged(status: u16) -> Outcome {
    match status {
        200..=299 => Outcome::Sent,
        408 | 425 | 429 | 500..=599 => Outcome::NotNow(format!("It was answered with status {status}.")),
        _ => Outcome::Never(format!("It was refused with status {status}.")),
    }
}

fn request(claim: &MessageClaim, words: &Words, way: &Secrets) -> Result<Request<Vec<u8>>, String> {
    let failed = |error: &dyn std::fmt::Display| format!("It could not be made into a request: {error}.");
    let (address, body) = match claim.channel.0 {
        Channel::Slack => (way.address.clone(), slack(words)),
        Channel::Ntfy => {
            let (server, topic) = ntfy_topic(&way.address).ok_or("The address names no topic.")?;
            (server.to_owned(), ntfy(claim, words, topic))
        }
        Channel::Webhook => (way.address.clone(), webhook(claim, words)),
        other @ (Channel::Email | Channel::Phone) => {
            return Err(format!("Nothing is sent by {} like this.", other.words()));
        }
    };
    let body = serde_json::to_vec(&body).map_err(|e| failed(&e))?;
    let mut request =
        Request::builder().method(Method::POST).uri(address).header(header::CONTENT_TYPE, "application/json");
    if claim.channel.0 == Channel::Webhook {
        let key = way.key.as_deref().ok_or("It has no key to be signed with; add the webhook anew.")?;
        let at = Timestamp::new(claim.now).unix_ms() / 1000;
        request = request
            .header("muster-timestamp", at)
            .header("muster-signature", format!("v1={}", signature(key, at, &body)))
            // The same for each attempt, so that a receiver can tell a repeat.
            .header("idempotency-key", format!("muster-{}-{}", claim.world.simple(), claim.number));
    }
    request.body(body).map_err(|e| failed(&e))
}

/// HMAC-SHA256 over `timestamp.body`, hexadecimal.
pub(super) fn signature(key: &str, at: i64, body: &[u8]) -> String {
    // Any length is one for HMAC.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.as_bytes()) else { return String::new() };
    mac.update(format!("{at}.").as_bytes());
    mac.update(body);
    hex::encode(&mac.finalize().into_bytes())
}

/// docs/operations.md promises this shape.
fn webhook(claim: &MessageClaim, words: &Words) -> Value {
    json!({
        "version": 1,
        "message": claim.number,
        "attempt": claim.n_attempts,
        "may_be_repeat": claim.repeats,
        "purpose": claim.purpose.0,
        "recipient": {"name": claim.recipient, "phones": claim.phones},
        "subject": words.subject,
        "text": words.text,
        "url": words.url,
        "answer_url": words.answer,
        "incident": claim.incident,
        "queued_at": Timestamp::new(claim.queued_at),
    })
}

fn slack(words: &Words) -> Value {
    let plain = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let link =
        |url: &Option<String>, label: &str| url.as_ref().map(|url| format!("\n<{url}|{label}>")).unwrap_or_default();
    let links = link(&words.answer, "I have it") + &link(&words.url, "Open it in Muster");
    json!({"text": format!("*{}*\n{}{links}", plain(&words.subject).replace('*', "∗"), plain(&words.text))})
}

fn ntfy(claim: &MessageClaim, words: &Words, topic: &str) -> Value {
    let mut body = json!({"topic": topic, "title": words.subject, "message": words.text});
    if let Some(url) = &words.answer {
        // One tap on the phone's own notification.
        body["actions"] =
            json!([{"action": "http", "label": "I have it", "url": url, "method": "POST", "clear": true}]);
    }
    if claim.purpose.0 == Purpose::Page {
        // The highest: it rings on a phone that is silent.
        body["priority"] = json!(5);
        body["tags"] = json!(["rotating_light"]);
    }
    if let Some(url) = &words.url {
        body["click"] = json!(url);
    }
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_hmac_sha256_as_others_compute_it() {
        // printf '%s' '1700000000.{"a":1}' | openssl dgst -sha256 -hmac 'key'
        assert_eq!(signature("key", 1_700_000_000, b"{\"a\":1}"), EXPECTED);
    }

    const EXPECTED: &str = "a438e398bfafc57e4396bb7fc2304422f0f768e965d073ca313cb52e22e6ad03";

    #[test]
    fn what_an_answer_means() {
        for (status, sent, again) in [
            (200, true, false),
            (204, true, false),
            (302, false, false),
            (404, false, false),
            (429, false, true),
            (503, false, true),
        ] {
            let outcome = judged(status);
            assert_eq!(outcome == Outcome::Sent, sent, "{status}");
            assert_eq!(matches!(outcome, Outcome::NotNow(_)), again, "{status}");
        }
    }

    #[test]
    fn what_was_typed_is_no_markup_in_slack() {
        let words = Words {
            subject: "<!channel> *all*".into(),
            text: "a & <https://evil|b>".into(),
            url: Some("https://m/1".into()),
            answer: Some("https://m/answer/x".into()),
        };
        let text = slack(&words)["text"].as_str().unwrap().to_owned();
        assert_eq!(
            text,
            "*&lt;!channel&gt; ∗all∗*\na &amp; &lt;https://evil|b&gt;\n<https://m/answer/x|I have it>\n<https://m/1|Open it in Muster>"
        );
    }
}
