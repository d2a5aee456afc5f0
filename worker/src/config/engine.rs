//! How the Docker engine is reached: DOCKER_HOST and what belongs to it, understood once. Opens no connection.

use std::{fmt, net::IpAddr, path::PathBuf};

use serde::{Deserialize, Deserializer};
use url::Url;

use super::ConfigError;

pub(super) const DEFAULT: &str = "unix:///var/run/docker.sock";

/// One Docker engine, and the only way that is taken to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Engine {
    /// As DOCKER_HOST has it.
    pub address: String,
    pub way: Way,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// A socket on this machine.
    Unix { socket: PathBuf },
    /// TCP that anybody on the way can read and write.
    Plain { host: String },
    /// The engine proves who it is, and the worker too.
    Tls { host: String, port: u16, certificates: PathBuf },
    /// `docker system dial-stdio` there, called by `ssh` here.
    Ssh(Ssh),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ssh {
    pub user: Option<String>,
    pub host: String,
    pub port: Option<u16>,
    /// In place of the user's own `~/.ssh/config`.
    pub config: Option<PathBuf>,
    /// Socket of an agent that holds the key.
    pub agent: Option<String>,
    pub home: PathBuf,
    /// Where the `ssh` for Compose and scripts is put.
    pub keep: PathBuf,
}

/// What the operator says of the engine, and where the worker stands.
pub(super) struct Told {
    pub(super) docker_host: String,
    pub(super) docker_cert_path: Option<PathBuf>,
    pub(super) docker_tls_verify: bool,
    pub(super) docker_unencrypted: bool,
    pub(super) ssh_config: Option<PathBuf>,
    pub(super) agent: Option<String>,
    pub(super) home: PathBuf,
    pub(super) keep: PathBuf,
}

/// As Docker reads DOCKER_TLS_VERIFY: any text switches it on. In a file, `false` does not.
pub(super) fn set<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "true or false")]
    enum Either {
        Switch(bool),
        Text(String),
    }
    Ok(match Either::deserialize(deserializer)? {
        Either::Switch(on) => on,
        Either::Text(text) => !text.is_empty(),
    })
}

impl Engine {
    /// A socket of this machine or plain TCP, for tests and tools.
    #[must_use]
    pub fn at(address: &str) -> Self {
        let way = match address.strip_prefix("unix://") {
            Some(socket) => Way::Unix { socket: socket.into() },
            None => Way::Plain { host: parsed(address).map(|(host, _)| host).unwrap_or_default() },
        };
        Self { address: address.to_owned(), way }
    }

    pub(super) fn understand(told: Told) -> Result<Self, ConfigError> {
        let mut address = told.docker_host.clone();
        let wrong = |why: &str| ConfigError(format!("docker_host (DOCKER_HOST): \"{}\" {why}", told.docker_host));
        let tls = told.docker_tls_verify || told.docker_cert_path.is_some();
        let way = match address.split_once("://").map_or("", |(scheme, _)| scheme) {
            "unix" => Way::Unix { socket: address["unix://".len()..].into() },
            "tcp" | "http" => {
                let (host, port) = parsed(&address).ok_or_else(|| wrong("is not tcp://HOST:PORT"))?;
                let port = port.unwrap_or(if tls { 2376 } else { 2375 });
                address =
                    if host.contains(':') { format!("tcp://[{host}]:{port}") } else { format!("tcp://{host}:{port}") };
                if tls {
                    let certificates = told.docker_cert_path.clone().unwrap_or_else(|| told.home.join(".docker"));
                    Way::Tls { host, port, certificates }
                } else if is_here(&host) || told.docker_unencrypted {
                    Way::Plain { host }
                } else {
                    return Err(wrong(
                        "is neither encrypted nor protected: whoever reaches that port owns the host, and whoever is on the way \
                         can do in the worker's name what they like. Set docker_cert_path (DOCKER_CERT_PATH) for TLS with client \
                         certificates, or use ssh://. Only for a network that nobody else is in, as between two containers, \
                         docker_unencrypted = true (MUSTER_WORKER_DOCKER_UNENCRYPTED=1) allows it",
                    ));
                }
            }
            "ssh" => Way::Ssh(ssh(&told).map_err(wrong)?),
            _ => return Err(wrong("must start with unix://, tcp:// or ssh://")),
        };
        Ok(Self { address, way })
    }

    /// Whether what the engine publishes and where its containers are can be reached by addresses of this machine.
    #[must_use]
    pub fn is_here(&self) -> bool {
        match &self.way {
            Way::Unix { .. } => true,
            Way::Plain { host } | Way::Tls { host, .. } => is_here(host),
            // An address may be forwarded: nothing is taken for granted.
            Way::Ssh(_) => false,
        }
    }

    /// Under which address its machine is known to this one.
    pub(super) fn machine(&self) -> &str {
        match &self.way {
            Way::Unix { .. } => "127.0.0.1",
            Way::Plain { host } | Way::Tls { host, .. } | Way::Ssh(Ssh { host, .. }) => host,
        }
    }

    /// What to say aloud at start.
    #[must_use]
    pub fn warning(&self) -> Option<String> {
        match &self.way {
            Way::Plain { host } if !is_here(host) => Some(format!(
                "the connection to Docker at {} is not encrypted, as docker_unencrypted allows: whoever is in that network owns the host",
                self.address
            )),
            _ => None,
        }
    }

    /// With these a Docker command reaches the same engine the same way.
    #[must_use]
    pub fn variables(&self) -> Vec<(String, String)> {
        let mut all = vec![("DOCKER_HOST".to_owned(), self.address.clone())];
        match &self.way {
            Way::Unix { .. } | Way::Plain { .. } => {}
            Way::Tls { certificates, .. } => {
                all.push(("DOCKER_TLS_VERIFY".into(), "1".into()));
                all.push(("DOCKER_CERT_PATH".into(), certificates.display().to_string()));
            }
            Way::Ssh(ssh) => all.extend(ssh.agent.clone().map(|agent| ("SSH_AUTH_SOCK".to_owned(), agent))),
        }
        all
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let with = if matches!(self.way, Way::Tls { .. }) { " (TLS)" } else { "" };
        write!(f, "{}{with}", self.address)
    }
}

fn is_here(host: &str) -> bool {
    host == "localhost" || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Host and port of `tcp://HOST:PORT`.
fn parsed(address: &str) -> Option<(String, Option<u16>)> {
    let url = Url::parse(address).ok()?;
    let bare = matches!(url.path(), "" | "/") && url.username().is_empty() && url.query().is_none();
    let host = url.host_str().filter(|host| bare && !host.is_empty())?;
    Some((host.trim_matches(['[', ']']).to_owned(), url.port()))
}

fn ssh(told: &Told) -> Result<Ssh, &'static str> {
    const FORM: &str = "is not ssh://USER@HOST or ssh://USER@HOST:PORT";
    let url = Url::parse(&told.docker_host).map_err(|_| FORM)?;
    if url.password().is_some() {
        return Err("has a password in it, and passwords are never given to ssh: use a key");
    }
    if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
        return Err("names a path; the engine there is found as the docker command of that user finds it");
    }
    // Goes into argument vectors, and into those of others.
    let good = |text: &str| {
        text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
            && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | ':'))
    };
    let host =
        url.host_str().map(|host| host.trim_matches(['[', ']']).to_owned()).filter(|host| good(host)).ok_or(FORM)?;
    let user = Some(url.username().to_owned()).filter(|user| !user.is_empty());
    if user.as_deref().is_some_and(|user| !good(user)) {
        return Err(FORM);
    }
    let Told { ssh_config: config, agent, home, keep, .. } = told;
    let (config, agent, home, keep) = (config.clone(), agent.clone(), home.clone(), keep.clone());
    Ok(Ssh { user, host, port: url.port(), config, agent, home, keep })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn understand(address: &str, certificates: Option<&str>, verify: bool, open: bool) -> Result<Engine, String> {
        let told = Told {
            docker_host: address.into(),
            docker_cert_path: certificates.map(Into::into),
            docker_tls_verify: verify,
            docker_unencrypted: open,
            ssh_config: None,
            agent: Some("/agent".into()),
            home: "/home/ada".into(),
            keep: "/keep".into(),
        };
        Engine::understand(told).map_err(|e| e.0)
    }

    #[test]
    fn each_way_is_known_by_its_address() {
        let tls =
            |host: &str, port, directory: &str| Way::Tls { host: host.into(), port, certificates: directory.into() };
        let way = |address: &str, certificates, verify| understand(address, certificates, verify, false).unwrap().way;
        assert_eq!(way("unix:///run/docker.sock", None, false), Way::Unix { socket: "/run/docker.sock".into() });
        assert_eq!(way("tcp://127.0.0.1:2375", None, false), Way::Plain { host: "127.0.0.1".into() });
        assert_eq!(way("tcp://[::1]:2375", None, false), Way::Plain { host: "::1".into() });
        assert_eq!(way("tcp://db2", Some("/certs"), false), tls("db2", 2376, "/certs"));
        assert_eq!(way("tcp://db2:99", None, true), tls("db2", 99, "/home/ada/.docker"));
        let Way::Ssh(ssh) = way("ssh://muster@db2:2222", None, false) else { panic!() };
        assert_eq!((ssh.user.as_deref(), ssh.host.as_str(), ssh.port), (Some("muster"), "db2", Some(2222)));
        let Way::Ssh(ssh) = way("ssh://db2", None, false) else { panic!() };
        assert_eq!((ssh.user, ssh.port), (None, None));
    }

    #[test]
    fn what_is_open_to_everybody_is_refused_until_the_operator_insists() {
        let error = understand("tcp://10.0.0.7:2375", None, false, false).unwrap_err();
        assert!(error.contains("owns the host") && error.contains("DOCKER_CERT_PATH"), "{error}");
        let open = understand("tcp://10.0.0.7:2375", None, false, true).unwrap();
        assert!(open.warning().unwrap().contains("not encrypted"));
        assert_eq!(understand("tcp://localhost:2375", None, false, false).unwrap().warning(), None);
    }

    #[test]
    fn no_address_becomes_an_option_of_ssh() {
        for (address, part) in [
            ("ssh://", "is not ssh://USER"),
            ("ssh://-oProxyCommand=x", "is not ssh://USER"),
            ("ssh://-l@db2", "is not ssh://USER"),
            ("ssh://a%20b@db2", "is not ssh://USER"),
            ("ssh://ada:hush@db2", "password"),
            ("ssh://db2/var/run/docker.sock", "path"),
            ("fd://x", "unix://, tcp:// or ssh://"),
            ("tcp://", "tcp://HOST:PORT"),
        ] {
            let error = understand(address, None, false, false).unwrap_err();
            assert!(error.contains(part), "{address}: {error}");
        }
    }

    #[test]
    fn programs_reach_the_same_engine_the_same_way() {
        let names = |engine: Engine| {
            engine.variables().into_iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>()
        };
        let tls = understand("tcp://db2", Some("/certs"), true, false).unwrap();
        assert_eq!(names(tls), ["DOCKER_HOST=tcp://db2:2376", "DOCKER_TLS_VERIFY=1", "DOCKER_CERT_PATH=/certs"]);
        assert_eq!(
            names(understand("ssh://db2", None, false, false).unwrap()),
            ["DOCKER_HOST=ssh://db2", "SSH_AUTH_SOCK=/agent"]
        );
    }
}
