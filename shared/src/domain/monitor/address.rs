//! Addresses that checks look at, and whether they are in the project or outside of it. Resolves no name.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

use crate::domain::text::Look;

/// Where an address leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// `localhost`: what the project publishes. A single word: a service.
    Project,
    /// A whole name or an IP address: past the guard for everything that other machines are asked.
    Outside,
}

impl Place {
    fn of(host: &str) -> Self {
        let here = ["localhost", "127.0.0.1", "0.0.0.0", "[::1]", "[::]"];
        let word = !host.contains(['.', ':']);
        if word || here.contains(&host) { Self::Project } else { Self::Outside }
    }

    /// Of the host in a URL.
    #[must_use]
    pub fn of_url(url: &Look) -> Self {
        Self::of(host(url.as_str()))
    }
}

/// Of a URL, as it is written.
fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or("", |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    match authority.rfind(':').filter(|colon| !authority[*colon..].contains(']')) {
        Some(colon) => &authority[..colon],
        None => authority,
    }
}

/// A place to connect to, as `host:port`.
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
    pub fn place(&self) -> Place {
        Place::of(self.host())
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

/// Whether a URL leads anywhere that can be asked, as far as its text tells.
pub(super) fn askable(url: &Look) -> Result<(), String> {
    let text = url.as_str();
    let odd = |c: char| c.is_whitespace() || c == '\\';
    if text.contains(odd) || text.contains('@') || host(text).is_empty() {
        return Err(format!(
            "\"{text}\" cannot be asked: write http:// or https://, the host and the path, without a password."
        ));
    }
    match (text.split_once("://").map(|(scheme, _)| scheme), Place::of_url(url)) {
        (Some("http"), _) | (Some("https"), Place::Outside) => Ok(()),
        (Some("https"), Place::Project) => Err(format!(
            "\"{text}\" cannot be asked: the project's own services are asked by http://, and https:// takes a whole name, as status.example.org."
        )),
        _ => Err(format!("\"{text}\" cannot be asked: write http:// or https://.")),
    }
}
