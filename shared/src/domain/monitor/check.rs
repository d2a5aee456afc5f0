//! What a check looks at. Each only looks: what is written here can change nothing on any host, whoever wrote it.

use serde::{Deserialize, Serialize};

use super::{
    Bound, Side,
    address::{Address, Place, askable},
};
use crate::{
    domain::text::{Look, Name},
    timestamp::human_seconds,
};

/// Days left of a certificate below which it usually warns, and is bad.
pub const CERTIFICATE_LIMITS: [Bound; 2] =
    [Bound { is: Side::Below, value: 21.0 }, Bound { is: Side::Below, value: 7.0 }];

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "MonitorCheck"))]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Check {
    /// All containers of a service run, and are healthy where they say so.
    Container { service: Name },
    /// A `GET` is answered. Its value: milliseconds.
    Http {
        url: Look,
        /// The status that is good; absent: every 2xx.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        #[cfg_attr(feature = "openapi", schemars(range(min = 200, max = 599)))]
        status: Option<u16>,
        /// Stands somewhere in the answer.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        contains: Option<Look>,
    },
    /// Somebody takes the connection. Its value: milliseconds.
    Tcp { address: Address },
    /// The certificate that a server outside of the project shows is one for its name and holds. Its value: days until it runs out.
    Certificate {
        address: Address,
        /// It may come from whatever authority, or be signed by the server itself.
        #[serde(skip_serializing_if = "std::ops::Not::not", default)]
        any_authority: bool,
    },
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
            Self::Certificate { .. } => "certificate",
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
            Self::Certificate { .. } => "a certificate",
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
            Self::Tcp { address } | Self::Certificate { address, .. } => address.to_string(),
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
            Self::Certificate { .. } => Some("days"),
        }
    }

    /// What is said where it should have found a number and did not; `None` if by its nature it finds none.
    pub(super) fn numberless(&self) -> Option<&'static str> {
        self.unit()?;
        Some(match self {
            Self::Sql { .. } => {
                "its query answered no number: a row with nothing in it is none, and a span of time is to be given in seconds, as extract(epoch FROM …) does"
            }
            _ => "it found no number",
        })
    }

    /// The URLs that it asks.
    fn urls(&self) -> Vec<&Look> {
        match self {
            Self::Http { url, .. } | Self::Metric { url, .. } => vec![url],
            Self::Lag { url, other, .. } => vec![url, other],
            _ => vec![],
        }
    }

    /// True if it asks somebody who is no part of the project.
    #[must_use]
    pub fn leads_outside(&self) -> bool {
        match self {
            Self::Tcp { address } | Self::Certificate { address, .. } => address.place() == Place::Outside,
            _ => self.urls().into_iter().any(|url| Place::of_url(url) == Place::Outside),
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
            Some(unit) if !unit.is_empty() => format!("{} {unit}", value.round()),
            _ => format!("{}", (value * 100.0).round() / 100.0),
        }
    }

    pub(super) fn says(&self, value: f64) -> String {
        match self {
            Self::Container { .. } | Self::Script { .. } => "as it should be".into(),
            Self::Http { .. } => format!("answered in {value} ms"),
            Self::Tcp { .. } => format!("connected in {value} ms"),
            Self::Certificate { .. } if value == 1.0 => "it runs out in 1 day".into(),
            Self::Certificate { .. } => format!("it runs out in {value} days"),
            Self::Metric { .. } | Self::Sql { .. } => format!("it is {value}"),
            Self::Lag { .. } => format!("they are {value} apart"),
            Self::FileAge { .. } => format!("the newest is {} old", span(value)),
        }
    }

    pub(super) fn limit(&self, bound: Bound) -> String {
        match (self, bound.is) {
            (Self::FileAge { .. }, Side::Above) => format!("older than {}", span(bound.value)),
            (Self::FileAge { .. }, Side::Below) => format!("younger than {}", span(bound.value)),
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
        for url in self.urls() {
            askable(url).map_err(|why| ("check.url", why))?;
        }
        match self {
            Self::Http { status: Some(status), .. } if !(200..=599).contains(status) => {
                Err(("check.status", "An answer has a status of 200 to 599.".into()))
            }
            Self::Http { url, status: Some(300..=399), .. } if Place::of_url(url) == Place::Outside => Err((
                "check.status",
                "Outside of the project redirects are followed, and the last answer counts: it is no redirect.".into(),
            )),
            Self::Certificate { address, .. } if address.place() == Place::Project => Err((
                "check.address",
                format!(
                    "\"{address}\" is in the project: write the name that people's browsers ask, as www.example.org:443."
                ),
            )),
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
