//! Letters to programs that asked to be told: a challenge first, then what is said, signed as our other webhooks. Who is told was
//! decided when the letters were written; the way out is `outgoing`'s.

use http::{Method, Request, header};
use serde_json::{Value, json};
use shared::{domain::outbox::Outcome, timestamp::Timestamp};
use store::LetterClaim;

use super::hook::{failure, judged, signature};
use crate::{AppState, app::subscriber::Sealed};

/// Longer answers to a challenge are none.
const ANSWER_BYTES: usize = 4096;

/// How it ended, and whether a challenge was answered.
pub(super) async fn send(state: &AppState, claim: &LetterClaim, sealed: &Sealed) -> (Outcome, bool) {
    let challenge = claim.subject.is_none();
    let request = match request(state, claim, sealed) {
        Ok(request) => request,
        Err(why) => return (Outcome::Never(why), false),
    };
    match state.messages.send(request).await {
        Ok(answer) => {
            let outcome = judged(answer.status().as_u16());
            if challenge && outcome == Outcome::Sent {
                return match answers(answer.body(), &sealed.confirm) {
                    true => (Outcome::Sent, true),
                    false => (Outcome::Never("It did not answer with the challenge.".into()), false),
                };
            }
            (outcome, false)
        }
        Err(error) => (failure(&error), false),
    }
}

/// The challenge as the whole answer, or as `challenge` in a JSON object.
fn answers(body: &[u8], challenge: &str) -> bool {
    if body.len() > ANSWER_BYTES {
        return false;
    }
    let plain = std::str::from_utf8(body).is_ok_and(|text| text.trim() == challenge);
    let json = || serde_json::from_slice::<Value>(body).is_ok_and(|answer| answer["challenge"] == challenge);
    plain || json()
}

/// docs/operations.md promises this shape.
fn request(state: &AppState, claim: &LetterClaim, sealed: &Sealed) -> Result<Request<Vec<u8>>, String> {
    let base = state.settings.public_url.origin();
    let leave = format!("{base}/unsubscribe/{}", sealed.token);
    let body = match (&claim.subject, &claim.body, &claim.link) {
        (Some(subject), Some(text), Some(link)) => json!({
            "version": 1, "kind": "update", "letter": claim.number, "attempt": claim.n_attempts, "subject": subject, "text": text,
            "url": format!("{base}{link}"), "leave_url": leave, "queued_at": Timestamp::new(claim.queued_at),
        }),
        _ => json!({"version": 1, "kind": "challenge", "challenge": sealed.confirm, "leave_url": leave, "site": base}),
    };
    let failed = |error: &dyn std::fmt::Display| format!("It could not be made into a request: {error}.");
    let body = serde_json::to_vec(&body).map_err(|e| failed(&e))?;
    let key = sealed.key.as_deref().ok_or("It has no key to be signed with.")?;
    let at = Timestamp::new(claim.now).unix_ms() / 1000;
    Request::builder()
        .method(Method::POST)
        .uri(&sealed.email)
        .header(header::CONTENT_TYPE, "application/json")
        .header("muster-timestamp", at)
        .header("muster-signature", format!("v1={}", signature(key, at, &body)))
        // The same for each attempt, so that a receiver can tell a repeat.
        .header("idempotency-key", format!("muster-letter-{}-{}", claim.world.simple(), claim.number))
        .body(body)
        .map_err(|e| failed(&e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_challenge_answers_it() {
        for (body, right) in [
            ("abc", true),
            (" abc\n", true),
            ("{\"challenge\":\"abc\"}", true),
            ("{\"challenge\":\"abd\"}", false),
            ("ok", false),
            ("", false),
            ("[\"abc\"]", false),
            ("\"abc\"", false),
            ("xabcx", false),
        ] {
            assert_eq!(answers(body.as_bytes(), "abc"), right, "{body}");
        }
        assert!(!answers(format!("abc{}", " ".repeat(5000)).as_bytes(), "abc"));
    }
}
