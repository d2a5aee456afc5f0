//! Events of `PagerDuty`'s Events API, version 2: one event a message. The address says whose it is, so the routing key in it counts
//! for nothing.

use serde::Deserialize;
use serde_json::Value;

use super::{Alert, AlertState, Unreadable, key_of, labels, line, link, paragraphs, title};

#[derive(Deserialize)]
struct Event {
    event_action: Action,
    #[serde(default)]
    dedup_key: Option<String>,
    #[serde(default)]
    payload: Value,
    #[serde(default)]
    client_url: Option<String>,
    #[serde(default)]
    links: Vec<Link>,
}

#[derive(Deserialize)]
struct Link {
    href: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Action {
    Trigger,
    Acknowledge,
    Resolve,
}

/// What the event says of the trouble itself; an event without a key is known by these.
const ABOUT: [&str; 5] = ["source", "severity", "component", "group", "class"];

/// `None`: somebody has acknowledged it elsewhere, which changes nothing here.
pub(super) fn read(message: &Value) -> Result<Option<Alert>, Unreadable> {
    let event = Event::deserialize(message).map_err(|error| Unreadable::new("body", format!("{error}.")))?;
    let dedup = event.dedup_key.as_deref().filter(|key| !key.trim().is_empty());
    let about = |name: &str| event.payload.get(name).and_then(Value::as_str).filter(|text| !text.trim().is_empty());
    let summary = match event.event_action {
        Action::Acknowledge => return Ok(None),
        Action::Trigger => about("summary").and_then(title).ok_or_else(|| {
            Unreadable::new("payload.summary", "An event that triggers must say in payload.summary what is wrong.")
        })?,
        Action::Resolve if dedup.is_none() => {
            return Err(Unreadable::new("dedup_key", "An event that resolves must name its dedup_key."));
        }
        Action::Resolve => about("summary").and_then(title).unwrap_or_else(|| "Resolved".to_owned()),
    };
    let details = event.payload.get("custom_details");
    let mut labels = labels(details);
    let said = |name: &&str| about(name).map(|text| ((*name).to_owned(), line(text, super::LABEL_VALUE)));
    labels.extend(ABOUT.iter().filter_map(said));
    let first = event.links.first().and_then(|one| link(&one.href));
    Ok(Some(Alert {
        key: key_of(dedup, &(&summary, ABOUT.map(about))),
        state: if event.event_action == Action::Resolve { AlertState::Ended } else { AlertState::Firing },
        title: summary,
        text: details.and_then(Value::as_str).and_then(paragraphs),
        url: first.or_else(|| event.client_url.as_deref().and_then(link)),
        labels,
    }))
}
