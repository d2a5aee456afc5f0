//! Keys that hold pairs: `NAME=value,NAME=value`, or a TOML table. Opens nothing that they name.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, de::Error as _};

use super::ConfigError;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Pairs(pub(super) BTreeMap<String, String>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "NAME=value, with commas between them, or a table")]
        enum Either {
            Table(BTreeMap<String, String>),
            Text(String),
        }
        let text = match Either::deserialize(deserializer)? {
            Either::Table(table) => return Ok(Self(table)),
            Either::Text(text) => text,
        };
        let mut pairs = BTreeMap::new();
        for pair in text.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
            let (name, value) =
                pair.split_once('=').ok_or_else(|| D::Error::custom(format!("\"{pair}\" is not NAME=value")))?;
            if pairs.insert(name.trim().to_owned(), value.trim().to_owned()).is_some() {
                return Err(D::Error::custom(format!("\"{}\" stands there twice", name.trim())));
            }
        }
        Ok(Self(pairs))
    }
}

/// What the worker itself says to a script is not for the operator to say otherwise.
pub(super) fn checked_variables(pairs: Pairs) -> Result<BTreeMap<String, String>, ConfigError> {
    let good = |name: &str| {
        let mut bytes = name.bytes();
        bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
            && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_')
            && !OWN_MARKS.contains(&name)
    };
    match pairs.0.keys().find(|name| !good(name)) {
        None => Ok(pairs.0),
        Some(bad) => Err(ConfigError(format!(
            "script_env (MUSTER_WORKER_SCRIPT_ENV): \"{bad}\" cannot be the name of a script's variable"
        ))),
    }
}

/// By these an interrupted script is found again.
const OWN_MARKS: [&str; 4] = ["MUSTER_PROJECT", "MUSTER_RUN", "MUSTER_STEP", "MUSTER_ATTEMPT"];

pub(super) fn checked_paths(pairs: Pairs) -> Result<Pairs, ConfigError> {
    match pairs.0.keys().find(|path| !path.starts_with('/') || path.contains("/../")) {
        None => Ok(pairs),
        Some(bad) => {
            Err(ConfigError(format!("paths (MUSTER_WORKER_PATHS): \"{bad}\" is not an absolute path of a plan")))
        }
    }
}

pub(super) fn checked_keys(key: &str, pairs: Pairs, projects: &[String]) -> Result<Pairs, ConfigError> {
    match pairs.0.keys().find(|name| !projects.contains(name)) {
        None => Ok(pairs),
        Some(bad) => Err(ConfigError(format!(
            "{key} (MUSTER_WORKER_{}): \"{bad}\" is not among the projects",
            key.to_uppercase()
        ))),
    }
}
