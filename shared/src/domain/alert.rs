//! Alerts from other programs: what a message says, whatever dialect it is in, and what a rule makes of it. Declares nothing.

mod alertmanager;
mod generic;
mod pagerduty;
mod rule;

use std::{collections::BTreeMap, fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use self::{
    generic::{Mapping, Pointer},
    rule::{Condition, Consequence, Declaration, Rule, Test, judge},
};
use crate::{digest::Digest, domain::text::turns_direction};

/// The dialect a source speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum SourceKind {
    /// Prometheus Alertmanager's webhook, version 4.
    Alertmanager,
    /// Events of `PagerDuty`'s Events API, version 2.
    Pagerduty,
    /// Any JSON; the source says where in it things stand.
    Generic,
    /// Something that says regularly that it is alive. Its silence is the alert.
    Heartbeat,
    /// Muster's own monitors of the system. Made with the first of them, and by nobody else.
    Monitors,
}

impl SourceKind {
    /// Those that people make.
    pub const ALL: [Self; 4] = [Self::Alertmanager, Self::Pagerduty, Self::Generic, Self::Heartbeat];

    /// As the address and the database write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Alertmanager => "alertmanager",
            Self::Pagerduty => "pagerduty",
            Self::Generic => "generic",
            Self::Heartbeat => "heartbeat",
            Self::Monitors => "monitors",
        }
    }

    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Alertmanager => "Alertmanager",
            Self::Pagerduty => "PagerDuty Events v2",
            Self::Generic => "JSON",
            Self::Heartbeat => "Heartbeat",
            Self::Monitors => "Monitors of this system",
        }
    }
}

impl fmt::Display for SourceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The text names no dialect.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no kind of alert source \"{0}\"")]
pub struct UnknownKind(String);

impl FromStr for SourceKind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Self, UnknownKind> {
        let mut all = Self::ALL.into_iter().chain([Self::Monitors]);
        all.find(|kind| kind.name() == text).ok_or_else(|| UnknownKind(text.to_owned()))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum AlertState {
    Firing,
    Ended,
}

/// What one message says about one trouble. All text in it is a stranger's: cleaned and cut, never trusted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Alert {
    /// The same in all messages about the same trouble of one source.
    pub key: String,
    pub state: AlertState,
    pub title: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub text: Option<String>,
    /// Where to read more: http or https.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub url: Option<String>,
    pub labels: BTreeMap<String, String>,
}

/// Why a message says nothing: the place in it, and a sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Unreadable {
    pub field: String,
    pub message: String,
}

impl Unreadable {
    fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into() }
    }
}

const TITLE: usize = 200;
const TEXT: usize = 2_000;
const KEY: usize = 255;
const URL: usize = 2_000;
const LABEL_NAME: usize = 100;
const LABEL_VALUE: usize = 300;
const LABELS: usize = 40;
/// Alertmanager sends a group at once; more than this is no message.
const AT_ONCE: usize = 1_000;

/// What a message says, in the order of the message. Nothing, if it asks for nothing (an acknowledgement).
///
/// # Errors
/// If it is not in the source's dialect.
pub fn read(kind: SourceKind, mapping: &Mapping, message: &Value) -> Result<Vec<Alert>, Unreadable> {
    let alerts = match kind {
        SourceKind::Alertmanager => alertmanager::read(message)?,
        SourceKind::Pagerduty => pagerduty::read(message)?.into_iter().collect(),
        SourceKind::Generic => generic::read(mapping, message)?,
        SourceKind::Heartbeat | SourceKind::Monitors => vec![],
    };
    if alerts.len() > AT_ONCE {
        let message = format!("The message holds {} alerts; at most {AT_ONCE} are taken at once.", alerts.len());
        return Err(Unreadable::new("alerts", message));
    }
    Ok(alerts)
}

/// Whether a silence with these conditions is about the alert. One without conditions is about none.
#[must_use]
pub fn silenced(conditions: &[Condition], alert: &Alert) -> bool {
    !conditions.is_empty() && conditions.iter().all(|condition| condition.holds(alert))
}

/// The alert that a heartbeat's silence is.
#[must_use]
pub fn silence(source: &str, seconds: i64) -> Alert {
    let minutes = seconds / 60;
    let since = match (minutes, seconds % 60) {
        (0, seconds) => format!("{seconds} s"),
        (minutes, 0) => format!("{minutes} min"),
        (minutes, seconds) => format!("{minutes} min {seconds} s"),
    };
    Alert {
        key: SILENCE.to_owned(),
        state: AlertState::Firing,
        title: line(&format!("No heartbeat from {source} for {since}"), TITLE),
        text: None,
        url: None,
        labels: BTreeMap::new(),
    }
}

/// The key of [`silence`].
pub const SILENCE: &str = "heartbeat";

/// One line of somebody else's text: nothing that controls or turns, no longer than `most` characters.
fn line(text: &str, most: usize) -> String {
    clean(text, most, false)
}

/// A title, if anything of it is left to read.
fn title(text: &str) -> Option<String> {
    Some(line(text, TITLE)).filter(|title| !title.is_empty())
}

/// Several lines, if anything of them is left to read.
fn paragraphs(text: &str) -> Option<String> {
    Some(clean(text, TEXT, true)).filter(|text| !text.is_empty())
}

fn clean(text: &str, most: usize, lines: bool) -> String {
    let kept = text.chars().filter(|c| !turns_direction(*c)).map(|c| match c {
        '\n' if lines => '\n',
        c if c.is_control() => ' ',
        c => c,
    });
    let kept: String = kept.take(most * 2).collect();
    let kept = kept.trim();
    if kept.chars().count() <= most {
        return kept.to_owned();
    }
    let mut cut: String = kept.chars().take(most - 1).collect();
    cut.push('…');
    cut
}

/// Only what a browser opens as a page.
fn link(text: &str) -> Option<String> {
    let known = ["http://", "https://"].iter().any(|scheme| {
        text.get(..scheme.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(scheme)) && text.len() > scheme.len()
    });
    (known && text.len() <= URL && !text.contains(|c: char| c.is_control() || c.is_whitespace() || turns_direction(c)))
        .then(|| text.to_owned())
}

/// A name for a trouble that brings none, or too long a one: the same for the same content.
fn key_of(given: Option<&str>, content: &impl Serialize) -> String {
    match given.map(|key| line(key, KEY + 1)).filter(|key| !key.is_empty()) {
        Some(key) if key.chars().count() <= KEY => key,
        Some(_) => Digest::of(given.unwrap_or_default().as_bytes()).to_string(),
        None => Digest::of_value(content).to_string(),
    }
}

/// What stands in an object, as labels: text, numbers and truth values; nothing nested.
fn labels(object: Option<&Value>) -> BTreeMap<String, String> {
    let pairs = object.and_then(Value::as_object).into_iter().flatten();
    let plain = pairs.filter_map(|(name, value)| {
        let value = text_of(value)?;
        let (name, value) = (line(name, LABEL_NAME), line(&value, LABEL_VALUE));
        (!name.is_empty() && !value.is_empty()).then_some((name, value))
    });
    plain.take(LABELS).collect()
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests;
