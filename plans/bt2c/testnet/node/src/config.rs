//! The node's settings, read once from the environment. No other file reads it.

use std::path::PathBuf;

use tokio_postgres::config::Host;

use crate::stakes::Stakes;

pub(crate) const DATA_DIR: &str = "/data";
pub(crate) const VALIDATORS_FILE: &str = "/config/validators.json";

pub(crate) struct Config {
    pub(crate) node: String,
    pub(crate) stakes: Stakes,
    /// `host:port` of each other node.
    pub(crate) peers: Vec<String>,
    pub(crate) data_dir: PathBuf,
    /// Public: whose key counts from which height.
    pub(crate) validators_file: PathBuf,
    /// This node's secret key.
    pub(crate) key_file: PathBuf,
    /// How many of its own blocks the node drops by itself.
    pub(crate) max_reorg: u64,
    pub(crate) http_port: u16,
    pub(crate) gossip_port: u16,
    /// `None`: blocks are recorded nowhere but in the chain file.
    pub(crate) database: Option<tokio_postgres::Config>,
}

impl Config {
    #[expect(clippy::disallowed_methods, reason = "this is the node's config.rs")]
    pub(crate) fn from_environment() -> Result<Self, String> {
        Self::read(|key| std::env::var(key).ok().filter(|value| !value.is_empty()))
    }

    /// Every mistake is one sentence that names the variable.
    fn read(get: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let required =
            |key: &str, example: &str| get(key).ok_or_else(|| format!("{key} is not set (example: {example})"));
        let node = required("NODE_NAME", "validator1")?;
        let stakes = Stakes::parse(&required("STAKES", "validator1=60,validator2=40")?)
            .map_err(|reason| format!("STAKES is wrong: {reason}"))?;
        if !stakes.contains(&node) {
            return Err(format!("NODE_NAME is '{node}', but STAKES gives '{node}' no stake"));
        }
        let peers = get("PEERS").unwrap_or_default();
        let peers: Vec<String> =
            peers.split(',').map(|peer| peer.trim().to_owned()).filter(|peer| !peer.is_empty()).collect();
        for peer in &peers {
            let port = peer.rsplit_once(':').filter(|(host, _)| !host.is_empty()).map(|(_, port)| port.parse::<u16>());
            if !matches!(port, Some(Ok(1..))) {
                return Err(format!("PEERS is wrong: '{peer}' is not HOST:PORT"));
            }
        }
        let port = |key: &str, default: u16| match get(key) {
            None => Ok(default),
            Some(text) => match text.parse::<u16>() {
                Ok(port @ 1..) => Ok(port),
                _ => Err(format!("{key} is wrong: '{text}' is not a port from 1 to 65535")),
            },
        };
        let max_reorg = get("MAX_REORG").unwrap_or_else(|| "120".to_owned());
        let max_reorg = max_reorg
            .parse::<u32>()
            .map_err(|_| format!("MAX_REORG is wrong: '{max_reorg}' is not a whole number of blocks"))?
            .into();
        Ok(Config {
            node,
            stakes,
            peers,
            data_dir: get("DATA_DIR").unwrap_or_else(|| DATA_DIR.to_owned()).into(),
            validators_file: get("VALIDATORS_FILE").unwrap_or_else(|| VALIDATORS_FILE.to_owned()).into(),
            key_file: get("KEY_FILE").unwrap_or_else(|| "/secret/key".to_owned()).into(),
            max_reorg,
            http_port: port("HTTP_PORT", 8080)?,
            gossip_port: port("GOSSIP_PORT", 7000)?,
            database: get("DATABASE_URL").map(|url| database(&url, get("DATABASE_PASSWORD"))).transpose()?,
        })
    }
}

/// The password may come apart from the address, so that it needs no URL encoding.
fn database(url: &str, password: Option<String>) -> Result<tokio_postgres::Config, String> {
    // The parser's own message could repeat the password.
    let mut config: tokio_postgres::Config = url
        .parse()
        .map_err(|_| "DATABASE_URL is wrong: it is not like postgres://user@host:5432/database".to_owned())?;
    if !matches!(config.get_hosts(), [Host::Tcp(_), ..]) {
        return Err("DATABASE_URL is wrong: it names no host".to_owned());
    }
    if let Some(password) = password {
        config.password(password);
    }
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Config, String> {
        let base = [("NODE_NAME", "a"), ("STAKES", "a=1,b=1")];
        let find =
            |key: &str| pairs.iter().chain(&base).find(|(name, _)| *name == key).map(|(_, value)| (*value).to_owned());
        Config::read(|key| find(key).filter(|value| !value.is_empty()))
    }

    #[test]
    fn few_settings_are_enough() {
        let config = read(&[("PEERS", "b:7000, c:7001,")]).unwrap();
        assert_eq!(config.peers, ["b:7000", "c:7001"]);
        assert_eq!((config.http_port, config.gossip_port), (8080, 7000));
        assert!(config.database.is_none());
        assert_eq!(config.max_reorg, 120);
    }

    #[test]
    fn a_mistake_is_named() {
        for (key, value) in [
            ("NODE_NAME", ""),
            ("NODE_NAME", "stranger"),
            ("STAKES", ""),
            ("STAKES", "a"),
            ("PEERS", "b"),
            ("PEERS", "b:0"),
            ("PEERS", ":7000"),
            ("MAX_REORG", "-1"),
            ("HTTP_PORT", "x"),
            ("GOSSIP_PORT", "0"),
            ("DATABASE_URL", "mysql://secret@x"),
            ("DATABASE_URL", "postgres://"),
        ] {
            let error = read(&[(key, value)]).err().unwrap();
            assert!(error.contains(key) && !error.contains("secret"), "{key}={value}: {error}");
        }
    }

    #[test]
    fn a_separate_password_may_hold_any_character() {
        let pairs = [("DATABASE_URL", "postgres://bt2c@postgres:5432/bt2c"), ("DATABASE_PASSWORD", "p@:/ss")];
        let database = read(&pairs).unwrap().database.unwrap();
        assert_eq!(database.get_password(), Some("p@:/ss".as_bytes()));
    }
}
