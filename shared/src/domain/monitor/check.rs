//! What a check looks at. Each only looks: what is written here can change nothing on any host, whoever wrote it.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

use super::Bound;
use crate::{
    domain::text::{Look, Name},
    timestamp::human_seconds,
};

/// A place to connect to, as `host:port`. A single word is a service of the project; `localhost` what it publishes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Address(String);

impl Address {
    /// # Errors
    /// A sentence for the person who typed it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let wrong = || format!("\"{text}\" is no address: write host:port, as in postgres:5432.");
        let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '[' | ']' | ':');
        if host.is_empty()
            || host.len() > 253
            || !host.chars().all(plain)
            || (host.contains(':') && !host.starts_with('['))
        {
            return Err(wrong());
        }
        port.parse::<u16>().ok().filter(|port| *port > 0).map(|_| Self(text.to_owned())).ok_or_else(wrong)
    }

    #[must_use]
    pub fn host(&self) -> &str {
        self.0.rsplit_once(':').map_or("", |(host, _)| host)
    }

    #[must_use]
    pub fn port(&self) -> u16 {
        self.0.rsplit_once(':').and_then(|(_, port)| port.parse().ok()).unwrap_or_default()
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "MonitorCheck"))]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Check {
    /// All containers of a service run, and are healthy where they say so.
    Container { service: Name },
    /// A `GET` is answered with 2xx. Its value: milliseconds.
    Http {
        url: Look,
        /// Stands somewhere in the answer.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        contains: Option<Look>,
    },
    /// Somebody takes the connection. Its value: milliseconds.
    Tcp { address: Address },
    /// The first number on the first line of the answer that has `filter`: a Prometheus metric, a field of JSON.
    Metric {
        url: Look,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        filter: Option<Look>,
    },
    /// How far two such numbers are apart: what a replica lacks.
    Lag {
        url: Look,
        other: Look,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        filter: Option<Look>,
    },
    /// The first number that a query answers, asked by `psql` in the service's own container, read-only.
    Sql {
        service: Name,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        user: Option<Name>,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        database: Option<Name>,
        query: Look,
    },
    /// A program of the worker's directory of checks, by the convention of monitoring plugins: exit code 0 is good, 1 warns, the rest is bad.
    Script { name: Name },
    /// Seconds since the newest file of a directory was written: a backup, a snapshot.
    FileAge { directory: Look },
}

impl Check {
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Container { .. } => "container",
            Self::Http { .. } => "http",
            Self::Tcp { .. } => "tcp",
            Self::Metric { .. } => "metric",
            Self::Lag { .. } => "lag",
            Self::Sql { .. } => "sql",
            Self::Script { .. } => "script",
            Self::FileAge { .. } => "file-age",
        }
    }

    #[must_use]
    pub fn words(&self) -> &'static str {
        match self {
            Self::Container { .. } => "containers",
            Self::Http { .. } => "an HTTP answer",
            Self::Tcp { .. } => "a TCP connection",
            Self::Metric { .. } => "a number",
            Self::Lag { .. } => "the lag between two",
            Self::Sql { .. } => "a query",
            Self::Script { .. } => "a script",
            Self::FileAge { .. } => "the newest file",
        }
    }

    /// What it looks at, in a line.
    #[must_use]
    pub fn target(&self) -> String {
        match self {
            Self::Container { service } => service.as_str().to_owned(),
            Self::Http { url, .. } | Self::Metric { url, .. } => url.as_str().to_owned(),
            Self::Tcp { address } => address.to_string(),
            Self::Lag { url, other, .. } => format!("{} and {}", url.as_str(), other.as_str()),
            Self::Sql { service, query, .. } => format!("{}: {}", service.as_str(), query.as_str()),
            Self::Script { name } => name.as_str().to_owned(),
            Self::FileAge { directory } => directory.as_str().to_owned(),
        }
    }

    /// Its value is how long the answer took.
    #[must_use]
    pub fn is_timed(&self) -> bool {
        matches!(self, Self::Http { .. } | Self::Tcp { .. })
    }

    /// The unit of its value; `None` if it finds none. An empty one for bare numbers.
    #[must_use]
    pub fn unit(&self) -> Option<&'static str> {
        match self {
            Self::Container { .. } | Self::Script { .. } => None,
            Self::Http { .. } | Self::Tcp { .. } => Some("ms"),
            Self::Metric { .. } | Self::Lag { .. } | Self::Sql { .. } => Some(""),
            Self::FileAge { .. } => Some("seconds"),
        }
    }

    /// The unit of a recovery point that its value can measure, as plans write it.
    #[must_use]
    pub fn measures(&self) -> Option<&'static str> {
        match self {
            Self::Lag { .. } => Some("blocks"),
            Self::FileAge { .. } | Self::Sql { .. } => Some("seconds"),
            _ => None,
        }
    }

    /// A value as people write it.
    #[must_use]
    pub fn amount(&self, value: f64) -> String {
        match self.unit() {
            Some("seconds") => span(value),
            Some("ms") => format!("{} ms", value.round()),
            _ => format!("{}", (value * 100.0).round() / 100.0),
        }
    }

    pub(super) fn says(&self, value: f64) -> String {
        match self {
            Self::Container { .. } | Self::Script { .. } => "as it should be".into(),
            Self::Http { .. } => format!("answered in {value} ms"),
            Self::Tcp { .. } => format!("connected in {value} ms"),
            Self::Metric { .. } | Self::Sql { .. } => format!("it is {value}"),
            Self::Lag { .. } => format!("they are {value} apart"),
            Self::FileAge { .. } => format!("the newest is {} old", span(value)),
        }
    }

    pub(super) fn limit(&self, bound: Bound) -> String {
        match (self, bound.is) {
            (Self::FileAge { .. }, super::Side::Above) => format!("older than {}", span(bound.value)),
            (Self::FileAge { .. }, super::Side::Below) => format!("younger than {}", span(bound.value)),
            _ => match self.unit() {
                Some(unit) if !unit.is_empty() => format!("{bound} {unit}"),
                _ => bound.to_string(),
            },
        }
    }

    /// Whether it is one that only looks, written so that it can be made.
    ///
    /// # Errors
    /// The field that is wrong, and a sentence.
    pub fn admit(&self) -> Result<(), (&'static str, String)> {
        let urls = match self {
            Self::Http { url, .. } | Self::Metric { url, .. } => vec![url],
            Self::Lag { url, other, .. } => vec![url, other],
            _ => vec![],
        };
        for url in urls {
            let text = url.as_str();
            if !text.starts_with("http://") || text.contains(char::is_whitespace) || text.contains('@') {
                return Err((
                    "check.url",
                    format!(
                        "\"{text}\" cannot be asked: write http://, then a service of the project or localhost, and the path."
                    ),
                ));
            }
        }
        match self {
            Self::Sql { query, .. } => only_reads(query.as_str()).map_err(|why| ("check.query", why)),
            Self::Script { name } if name.as_str().contains('/') || name.as_str().starts_with('.') => Err((
                "check.name",
                "Write the script's plain name: it lies right in the worker's directory of checks.".into(),
            )),
            _ => Ok(()),
        }
    }
}

/// Whether a query is one that only reads. The worker asks in a read-only transaction besides.
///
/// # Errors
/// A sentence for whoever wrote it.
pub fn only_reads(query: &str) -> Result<(), String> {
    let first: String = query.trim_start().chars().take_while(char::is_ascii_alphabetic).collect();
    if !["select", "with", "table", "values"].contains(&first.to_ascii_lowercase().as_str()) {
        return Err("A monitor only looks: the query must begin with SELECT.".into());
    }
    if query.contains(';') || query.contains('\\') {
        return Err("A monitor asks one query: leave out semicolons and backslashes.".into());
    }
    Ok(())
}

fn span(seconds: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "spans of time fit")]
    human_seconds(seconds.round() as i64)
}
