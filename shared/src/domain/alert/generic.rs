//! Any JSON, read by where its parts stand. The places are JSON pointers (RFC 6901); no expression is ever evaluated.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::{Alert, AlertState, Unreadable, key_of, labels, link, paragraphs, text_of, title};

/// A place in a JSON document: empty for all of it, else `/` and names or numbers with `/` between them (RFC 6901).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Pointer(
    #[cfg_attr(feature = "openapi", schemars(regex(pattern = r"^(/[^\u0000-\u001f]*)?$"), length(max = 200)))] String,
);

impl Pointer {
    /// # Errors
    /// A sentence for the person who typed it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if !text.is_empty() && !text.starts_with('/') {
            return Err(format!("A place begins with a slash, such as /labels/name; \"{text}\" does not."));
        }
        if text.chars().count() > 200 || text.chars().any(char::is_control) {
            return Err("A place has at most 200 characters and no control characters.".into());
        }
        Ok(Self(text.to_owned()))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn of<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        value.pointer(&self.0)
    }
}

impl<'de> Deserialize<'de> for Pointer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// Where in a message things stand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Mapping {
    /// Of a list, if a message can hold several alerts; the other places then stand in each of its elements.
    pub alerts: Option<Pointer>,
    pub key: Pointer,
    pub title: Pointer,
    pub text: Pointer,
    pub url: Pointer,
    /// An object.
    pub labels: Pointer,
    pub state: Pointer,
    /// What stands at `state` when it is over; anything else means that it fires. Capitals do not matter.
    #[cfg_attr(feature = "openapi", schemars(length(max = 20)))]
    pub ended: Vec<String>,
}

impl Default for Mapping {
    fn default() -> Self {
        let at = |place: &str| Pointer(place.to_owned());
        Self {
            alerts: None,
            key: at("/key"),
            title: at("/title"),
            text: at("/text"),
            url: at("/url"),
            labels: at("/labels"),
            state: at("/state"),
            ended: ["ended", "resolved", "ok", "closed", "up"].map(str::to_owned).into(),
        }
    }
}

pub(super) fn read(mapping: &Mapping, message: &Value) -> Result<Vec<Alert>, Unreadable> {
    let Some(list) = &mapping.alerts else { return Ok(vec![alert(mapping, message, "")?]) };
    let place = list.as_str();
    let Some(all) = list.of(message).and_then(Value::as_array) else {
        return Err(Unreadable::new(place, format!("There is no list at \"{place}\" of this message.")));
    };
    all.iter().enumerate().map(|(i, one)| alert(mapping, one, &format!("{place}/{i}"))).collect()
}

fn alert(mapping: &Mapping, one: &Value, at: &str) -> Result<Alert, Unreadable> {
    let said = |place: &Pointer| place.of(one).and_then(text_of).filter(|text| !text.trim().is_empty());
    let state = match said(&mapping.state) {
        Some(state) if mapping.ended.iter().any(|word| word.trim().eq_ignore_ascii_case(state.trim())) => {
            AlertState::Ended
        }
        _ => AlertState::Firing,
    };
    let key = said(&mapping.key);
    let title = match (said(&mapping.title).as_deref().and_then(title), state, &key) {
        (Some(title), _, _) => title,
        (None, AlertState::Ended, Some(_)) => "Ended".to_owned(),
        (None, _, _) => {
            let place = mapping.title.as_str();
            let message = format!("An alert must say what is wrong: there is no text at \"{place}\".");
            return Err(Unreadable::new(format!("{at}{place}"), message));
        }
    };
    Ok(Alert {
        key: key_of(key.as_deref(), &title),
        state,
        title,
        text: said(&mapping.text).as_deref().and_then(paragraphs),
        url: said(&mapping.url).as_deref().and_then(link),
        labels: labels(mapping.labels.of(one)),
    })
}
