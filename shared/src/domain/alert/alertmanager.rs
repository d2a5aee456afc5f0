//! Prometheus Alertmanager's webhook, version 4: a group of alerts in each message. Knows nothing of other dialects.

use serde::Deserialize;
use serde_json::Value;

use super::{Alert, AlertState, Unreadable, key_of, labels, link, paragraphs, title};

#[derive(Deserialize)]
struct One {
    status: Status,
    #[serde(default)]
    labels: Value,
    #[serde(default)]
    annotations: Value,
    #[serde(rename = "generatorURL", default)]
    generator_url: String,
    #[serde(default)]
    fingerprint: String,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    Firing,
    Resolved,
}

pub(super) fn read(message: &Value) -> Result<Vec<Alert>, Unreadable> {
    let Some(all) = message.get("alerts").and_then(Value::as_array) else {
        let text = "This is no message of Alertmanager: it has no list `alerts`.";
        return Err(Unreadable::new("alerts", text));
    };
    all.iter().enumerate().map(|(i, one)| alert(i, one)).collect()
}

fn alert(i: usize, one: &Value) -> Result<Alert, Unreadable> {
    let one = One::deserialize(one).map_err(|error| Unreadable::new(format!("alerts[{i}]"), format!("{error}.")))?;
    let said = |name: &str| one.annotations.get(name).and_then(Value::as_str);
    let labels = labels(Some(&one.labels));
    let name = labels.get("alertname").cloned().unwrap_or_else(|| "Alert without a name".to_owned());
    let told = said("summary").and_then(title).or_else(|| said("title").and_then(title));
    let title = told.unwrap_or_else(|| match labels.get("instance") {
        Some(instance) => format!("{name} on {instance}"),
        None => name,
    });
    Ok(Alert {
        key: key_of(Some(one.fingerprint.as_str()), &labels),
        state: match one.status {
            Status::Firing => AlertState::Firing,
            Status::Resolved => AlertState::Ended,
        },
        title,
        text: said("description").or_else(|| said("message")).and_then(paragraphs),
        url: said("runbook_url").and_then(link).or_else(|| link(&one.generator_url)),
        labels,
    })
}
