//! The team's own webhook for texts to hand on: one signed request, at once, and its outcome for who asked. Retries nothing: a person
//! looks on.

use std::fmt;

use http::{Method, Request, header};
use outgoing::{Outgoing, rule::Allowed};
use serde_json::Value;
use shared::{domain::outbox::Outcome, timestamp::Timestamp};
use url::Url;

use super::hook::{failure, judged, signature};

/// Fewer characters are guessed.
const SHORTEST_KEY: usize = 16;

/// Where texts are sent, as the operator wrote it.
#[derive(Clone)]
pub struct HandOn {
    url: Url,
    key: String,
}

impl fmt::Debug for HandOn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The path may be what lets one write there, as the key is.
        f.debug_struct("HandOn").field("host", &self.host()).finish_non_exhaustive()
    }
}

impl HandOn {
    /// # Errors
    /// A sentence that names the key.
    pub fn parse(url: Option<&str>, key: Option<String>) -> Result<Option<Self>, String> {
        let Some(text) = url else {
            return match key {
                None => Ok(None),
                Some(_) => Err("hand_on_key (MUSTER_HAND_ON_KEY) is set, but not where texts are sent: \
                                set MUSTER_HAND_ON_URL (hand_on_url) too, or neither"
                    .into()),
            };
        };
        // Never the address itself: it may be a secret.
        let wrong = |why: &str| format!("hand_on_url (MUSTER_HAND_ON_URL): {why}; write https://host/path");
        let url = Url::parse(text).map_err(|_| wrong("it is not an address"))?;
        if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
            return Err(wrong("only http:// and https:// are asked"));
        }
        let key =
            key.ok_or("hand_on_url needs hand_on_key (MUSTER_HAND_ON_KEY) too: what is sent is signed with it")?;
        if key.chars().count() < SHORTEST_KEY {
            return Err(format!("hand_on_key (MUSTER_HAND_ON_KEY) has fewer than {SHORTEST_KEY} characters"));
        }
        Ok(Some(Self { url, key }))
    }

    /// For people: who is told.
    #[must_use]
    pub fn host(&self) -> String {
        self.url.host_str().unwrap_or_default().to_owned()
    }

    /// The operator has named the host; nothing else inside is asked.
    pub(crate) async fn send(&self, allowed: &Allowed, body: &Value, now: Timestamp, repeat: &str) -> Outcome {
        let at = now.unix_ms() / 1000;
        let body = body.to_string().into_bytes();
        let request = Request::builder()
            .method(Method::POST)
            .uri(self.url.as_str())
            .header(header::CONTENT_TYPE, "application/json")
            .header("muster-timestamp", at)
            .header("muster-signature", format!("v1={}", signature(&self.key, at, &body)))
            .header("idempotency-key", repeat)
            .body(body);
        let request = match request {
            Ok(request) => request,
            Err(error) => return Outcome::Never(format!("It could not be made into a request: {error}.")),
        };
        match Outgoing::new(allowed.clone().and(&self.url)).send(request).await {
            Ok(answer) => judged(answer.status().as_u16()),
            Err(error) => failure(&error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_whole_or_not_there() {
        let key = || Some("0123456789abcdef".to_owned());
        assert!(HandOn::parse(None, None).unwrap().is_none());
        let one = HandOn::parse(Some("https://hooks.example.org/T0/secret"), key()).unwrap().unwrap();
        assert_eq!(one.host(), "hooks.example.org");
        assert!(!format!("{one:?}").contains("secret") && !format!("{one:?}").contains("0123"));
        for (url, key, part) in [
            (None, key(), "MUSTER_HAND_ON_URL"),
            (Some("https://hooks.example.org"), None, "MUSTER_HAND_ON_KEY"),
            (Some("https://hooks.example.org"), Some("short".into()), "fewer than 16"),
            (Some("mailto:a@example.org"), key(), "MUSTER_HAND_ON_URL"),
            (Some("hooks"), key(), "MUSTER_HAND_ON_URL"),
        ] {
            let error = HandOn::parse(url, key).unwrap_err();
            assert!(error.contains(part) && !error.contains("hooks.example.org"), "{error}");
        }
    }
}
