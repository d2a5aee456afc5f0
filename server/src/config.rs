//! Configuration of the server and its commands: defaults, then `muster.toml`, then the environment. Read once; nothing else in
//! this crate looks at the environment.

mod public_url;

use std::{
    collections::BTreeMap,
    fmt,
    net::{IpAddr, SocketAddr},
    num::NonZeroU32,
    path::{Path, PathBuf},
    time::Duration,
};

use figment::{
    Figment, Metadata, Profile, Provider,
    error::Kind,
    providers::{Format as _, Serialized, Toml},
    value::{Dict, Map, Value},
};
use ipnet::IpNet;
use outgoing::rule::Allowed;
use serde::{Deserialize, Deserializer, de::Error as _};
use store::seal::Key;

pub use self::public_url::PublicUrl;
use crate::{
    auth::oidc::settings::{OidcSettings, Raw},
    backup::periodic::Schedule,
    outbox::{handed_on::HandOn, mail::MailSettings},
    public::copy::bucket::{BucketSettings, RawBucket},
};

/// What `serve` and the commands need to know.
#[derive(Clone)]
pub struct Config {
    pub listen: SocketAddr,
    pub public_url: PublicUrl,
    pub data_dir: PathBuf,
    pub assets_dir: PathBuf,
    /// Proxies in front of us, whose `X-Forwarded-For` is believed; empty: nobody's is.
    pub trusted_proxies: Vec<IpNet>,
    /// Unset: the embedded Postgres of the data directory.
    pub database_url: Option<String>,
    /// Unset: no backups without being asked.
    pub backups: Option<Schedule>,
    /// Who owns the tables and migrates them, if `database_url` is a login that may not.
    pub database_owner_url: Option<String>,
    /// Files or directories outside the database that signed heads of the audit chain are written to.
    pub audit_heads: Vec<PathBuf>,
    /// An identity provider that people may come in by.
    pub oidc: Option<OidcSettings>,
    /// Hosts inside that the server may ask.
    pub outgoing: Allowed,
    /// Where mail is given; unset: it is kept and shown.
    pub mail: Option<MailSettings>,
    /// What secrets are sealed with; the worker needs the same.
    pub secrets_key_file: PathBuf,
    /// A filter as `tracing` reads it: `info`, `server=debug`.
    pub log: String,
    pub log_format: LogFormat,
    /// A directory in which a copy of the public site is kept for another host.
    pub status_copy: Option<PathBuf>,
    /// A bucket in which one is kept.
    pub status_bucket: Option<BucketSettings>,
    /// Where texts to hand on are sent.
    pub hand_on: Option<HandOn>,
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the database URL: it holds a password.
        let mut shown = f.debug_struct("Config");
        shown.field("listen", &self.listen).field("public_url", &self.public_url).field("data_dir", &self.data_dir);
        shown.field("assets_dir", &self.assets_dir).finish_non_exhaustive()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    Text,
    Json,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Keys {
    listen: SocketAddr,
    public_url: String,
    data_dir: Option<PathBuf>,
    assets_dir: Option<PathBuf>,
    database_url: Option<String>,
    backup_dir: Option<PathBuf>,
    #[serde(default, deserialize_with = "number")]
    backup_interval_seconds: Option<u32>,
    #[serde(default, deserialize_with = "number")]
    backup_keep: Option<u32>,
    database_owner_url: Option<String>,
    audit_heads: Option<String>,
    trusted_proxies: Option<String>,
    outgoing_allow: Option<String>,
    smtp_url: Option<String>,
    mail_from: Option<String>,
    mail_reply_to: Option<String>,
    secrets_key_file: Option<PathBuf>,
    status_copy_dir: Option<PathBuf>,
    status_copy_s3: Option<String>,
    status_copy_s3_region: Option<String>,
    status_copy_s3_key: Option<String>,
    status_copy_s3_secret: Option<String>,
    status_copy_s3_secret_file: Option<PathBuf>,
    hand_on_url: Option<String>,
    hand_on_key: Option<String>,
    hand_on_key_file: Option<PathBuf>,
    oidc_issuer: Option<String>,
    oidc_client_id: Option<String>,
    oidc_client_secret: Option<String>,
    oidc_client_secret_file: Option<PathBuf>,
    oidc_name: Option<String>,
    oidc_groups_claim: Option<String>,
    oidc_roles: Option<String>,
    log: String,
    log_format: LogFormat,
    /// The worker's own table; not ours to read.
    #[serde(default, rename = "worker")]
    _worker: Option<serde::de::IgnoredAny>,
}

/// A sentence that names the key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(String);

impl ConfigError {
    pub(crate) fn new(sentence: String) -> Self {
        Self(sentence)
    }
}

/// Variables with our prefix that are other programs' business.
const NOT_OURS: [&str; 4] = ["MUSTER_WORKER_", "MUSTER_TEST_", "MUSTER_BIN_DIR", "MUSTER_CONFIG"];

impl Config {
    /// How the owner of the tables connects, who migrates, backs up and restores; `None` with the embedded Postgres.
    #[must_use]
    pub fn owner_url(&self) -> Option<&str> {
        let url = self.database_url.as_deref()?;
        Some(self.database_owner_url.as_deref().unwrap_or(url))
    }

    /// From this process's environment, and the file it names or `muster.toml` in the current directory.
    ///
    /// # Errors
    /// A sentence that names the key and where it stands.
    pub fn load() -> Result<Self, ConfigError> {
        let environment: BTreeMap<String, String> = std::env::vars().collect();
        let named = environment.get("MUSTER_CONFIG").map(PathBuf::from);
        let path = named.clone().unwrap_or_else(|| "muster.toml".into());
        let file = match std::fs::read_to_string(&path) {
            Ok(text) => Some(text),
            Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(ConfigError(format!("{} cannot be read: {error}", path.display()))),
        };
        let executable = std::env::current_exe().ok();
        Self::from_parts(file.as_deref(), &path, &environment, executable.as_deref())
    }

    fn from_parts(
        file: Option<&str>,
        path: &Path,
        environment: &BTreeMap<String, String>,
        executable: Option<&Path>,
    ) -> Result<Self, ConfigError> {
        // Quiet where others call an expired session suspicious or a migration that is there news.
        let log = "info,sqlx=warn,tower_sessions_core=error";
        let defaults = [
            ("listen", "127.0.0.1:8080"),
            ("public_url", "http://localhost:8080"),
            ("log", log),
            ("log_format", "text"),
        ];
        let mut figment = Figment::from(Serialized::defaults(BTreeMap::from(defaults)));
        if let Some(text) = file {
            figment = figment.merge(Toml::string(text));
        }
        let keys: Keys = figment.merge(Environment(environment)).extract().map_err(|e| explain(e, path))?;
        let (oidc, status_bucket) = (identity_provider(&keys)?, status_bucket(&keys)?);
        let hand_on = secret("hand_on_key", keys.hand_on_key.as_ref(), keys.hand_on_key_file.as_ref())?;
        let hand_on = HandOn::parse(keys.hand_on_url.as_deref(), hand_on).map_err(ConfigError)?;
        let outgoing = Allowed::parse(keys.outgoing_allow.as_deref().unwrap_or_default())
            .map_err(|e| ConfigError(format!("outgoing_allow (MUSTER_OUTGOING_ALLOW): {e}")))?;
        let data_dir = match keys.data_dir.or_else(|| default_data_dir(environment)) {
            Some(directory) => std::path::absolute(&directory).unwrap_or(directory),
            None => return Err(ConfigError("there is no home directory to keep data in: set MUSTER_DATA_DIR".into())),
        };
        let absolute = |path: PathBuf| std::path::absolute(&path).unwrap_or(path);
        let secrets_key_file = keys.secrets_key_file.map_or_else(|| Key::default_file(&data_dir), absolute);
        let beside =
            || executable.and_then(Path::parent).map_or_else(|| "assets".into(), |directory| directory.join("assets"));
        let audit_heads = match keys.audit_heads {
            None => vec![data_dir.join("audit-heads.jsonl")],
            Some(list) => places(&list)?,
        };
        let public_url = PublicUrl::parse(&keys.public_url)
            .map_err(|e| ConfigError(format!("public_url (MUSTER_PUBLIC_URL): {e}")))?;
        let mail = match &keys.smtp_url {
            Some(url) => Some(
                MailSettings::parse(url, keys.mail_from.as_deref(), public_url.url().host_str())
                    .and_then(|mail| mail.answered_at(keys.mail_reply_to.as_deref()))
                    .map_err(ConfigError)?,
            ),
            None => None,
        };
        Ok(Self {
            listen: keys.listen,
            public_url,
            mail,
            data_dir,
            assets_dir: keys.assets_dir.unwrap_or_else(beside),
            database_url: keys.database_url,
            backups: keys.backup_dir.map(|directory| Schedule {
                directory: std::path::absolute(&directory).unwrap_or(directory),
                every: Duration::from_secs(keys.backup_interval_seconds.unwrap_or(300).into()),
                keep: keys.backup_keep.map_or(24, |keep| usize::try_from(keep).unwrap_or(usize::MAX)),
            }),
            database_owner_url: keys.database_owner_url,
            audit_heads,
            trusted_proxies: networks(keys.trusted_proxies.as_deref().unwrap_or_default())?,
            oidc,
            outgoing,
            secrets_key_file,
            log: keys.log,
            log_format: keys.log_format,
            status_copy: keys.status_copy_dir.map(absolute),
            status_bucket,
            hand_on,
        })
    }
}

fn identity_provider(keys: &Keys) -> Result<Option<OidcSettings>, ConfigError> {
    let client_secret =
        secret("oidc_client_secret", keys.oidc_client_secret.as_ref(), keys.oidc_client_secret_file.as_ref())?;
    let raw = Raw {
        issuer: keys.oidc_issuer.clone(),
        client_id: keys.oidc_client_id.clone(),
        client_secret,
        name: keys.oidc_name.clone(),
        groups_claim: keys.oidc_groups_claim.clone(),
        roles: keys.oidc_roles.clone(),
    };
    OidcSettings::parse(raw).map_err(ConfigError)
}

fn status_bucket(keys: &Keys) -> Result<Option<BucketSettings>, ConfigError> {
    let raw = RawBucket {
        address: keys.status_copy_s3.clone(),
        region: keys.status_copy_s3_region.clone(),
        key: keys.status_copy_s3_key.clone(),
        secret: secret(
            "status_copy_s3_secret",
            keys.status_copy_s3_secret.as_ref(),
            keys.status_copy_s3_secret_file.as_ref(),
        )?,
    };
    BucketSettings::parse(raw).map_err(ConfigError)
}

/// What is confidential can be written or lie in a file of its own.
fn secret(name: &str, text: Option<&String>, file: Option<&PathBuf>) -> Result<Option<String>, ConfigError> {
    match (text, file) {
        (Some(_), Some(_)) => Err(ConfigError(format!("{name} and {name}_file are both set; write one of them"))),
        (None, Some(file)) => {
            let read = std::fs::read_to_string(file);
            let text = read.map_err(|e| {
                let variable = name.to_uppercase();
                ConfigError(format!("{name}_file (MUSTER_{variable}_FILE): {} cannot be read: {e}", file.display()))
            })?;
            Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned()))
        }
        (text, None) => Ok(text.cloned()),
    }
}

/// A whole number above 0; from the environment it comes as text.
fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "a whole number above 0")]
    enum Either {
        Number(NonZeroU32),
        Text(String),
    }
    match Either::deserialize(deserializer)? {
        Either::Number(number) => Ok(Some(number.get())),
        Either::Text(text) => {
            let number = text.trim().parse::<NonZeroU32>();
            number
                .map(|number| Some(number.get()))
                .map_err(|_| D::Error::custom(format!("\"{text}\" is not a whole number above 0")))
        }
    }
}

/// `/var/lib/muster/heads.jsonl, /mnt/share`.
fn places(list: &str) -> Result<Vec<PathBuf>, ConfigError> {
    let places: Vec<_> = list.split(',').map(str::trim).filter(|place| !place.is_empty()).map(PathBuf::from).collect();
    match places.iter().find(|place| !place.is_absolute()) {
        Some(place) => Err(ConfigError(format!(
            "audit_heads (MUSTER_AUDIT_HEADS): {} is not an absolute path; write each place as /directory or /directory/file.jsonl, with commas",
            place.display()
        ))),
        None if places.is_empty() => Err(ConfigError("audit_heads (MUSTER_AUDIT_HEADS): names no place".into())),
        None => Ok(places),
    }
}

/// `10.0.0.1, 192.168.7.0/24`.
fn networks(list: &str) -> Result<Vec<IpNet>, ConfigError> {
    let wrong = |what: String| ConfigError(format!("trusted_proxies (MUSTER_TRUSTED_PROXIES): {what}"));
    let named = list.split(',').map(str::trim).filter(|text| !text.is_empty());
    named
        .map(|text| {
            let net = text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
            let net = net.map_err(|_| wrong(format!("{text} is no address and no network like 10.0.0.0/8")))?;
            if net.prefix_len() == 0 {
                return Err(wrong(format!("{text} is everybody, and then anybody could say to be anybody")));
            }
            Ok(net)
        })
        .collect()
}

fn default_data_dir(environment: &BTreeMap<String, String>) -> Option<PathBuf> {
    let set = |key| environment.get(key).filter(|value| !value.is_empty());
    set("XDG_DATA_HOME")
        .map(|data| Path::new(data).join("muster"))
        .or_else(|| set("HOME").map(|home| Path::new(home).join(".local/share/muster")))
}

/// `MUSTER_*` and `DATABASE_URL`; an empty variable counts as unset.
struct Environment<'a>(&'a BTreeMap<String, String>);

impl Provider for Environment<'_> {
    fn metadata(&self) -> Metadata {
        Metadata::named("the environment")
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        let ours = self
            .0
            .iter()
            .filter(|(key, value)| !value.is_empty() && !NOT_OURS.iter().any(|other| key.starts_with(other)));
        let dict: Dict = ours
            .filter_map(|(key, value)| {
                let name = if key == "DATABASE_URL" {
                    "database_url".into()
                } else {
                    key.strip_prefix("MUSTER_")?.to_lowercase()
                };
                Some((name, Value::from(value.clone())))
            })
            .collect();
        Ok(Profile::Default.collect(dict))
    }
}

fn explain(error: figment::Error, file: &Path) -> ConfigError {
    let from_environment = error.metadata.as_ref().is_some_and(|m| m.name == "the environment");
    let written = |key: &str| match key {
        "database_url" if from_environment => "DATABASE_URL".to_owned(),
        _ if from_environment => format!("MUSTER_{}", key.to_uppercase()),
        _ => format!("{key} in {}", file.display()),
    };
    let key = written(&error.path.join("."));
    ConfigError(match &error.kind {
        Kind::UnknownField(name, known) => {
            let known: Vec<_> = known.iter().filter(|k| **k != "worker").copied().collect();
            // Which source an unknown key came from is not told; only the environment's keys are in capitals there.
            format!(
                "unknown key `{name}` (as a variable: MUSTER_{}); known keys: {}",
                name.to_uppercase(),
                known.join(", ")
            )
        }
        Kind::InvalidType(found, expected) | Kind::InvalidValue(found, expected) => {
            format!("{key}: found {found}, expected {expected}")
        }
        Kind::Message(message) if error.path.is_empty() => format!("{}: {message}", file.display()),
        other => format!("{key}: {other}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(file: &str, environment: &[(&str, &str)]) -> Result<Config, String> {
        let environment = environment
            .iter()
            .map(|(k, v)| ((*k).into(), (*v).into()))
            .chain([("HOME".into(), "/home/ada".into())])
            .collect();
        Config::from_parts(
            Some(file),
            Path::new("muster.toml"),
            &environment,
            Some(Path::new("/opt/muster/bin/muster")),
        )
        .map_err(|e| e.0)
    }

    #[test]
    fn the_environment_wins_over_the_file_over_the_defaults() {
        let config = load(
            "listen = \"0.0.0.0:80\"\nlog = \"debug\"\n",
            &[("MUSTER_LOG", "warn"), ("DATABASE_URL", "postgres://x")],
        )
        .unwrap();
        assert_eq!(config.listen.to_string(), "0.0.0.0:80");
        assert_eq!((config.log.as_str(), config.database_url.as_deref()), ("warn", Some("postgres://x")));
        assert_eq!(config.data_dir, Path::new("/home/ada/.local/share/muster"));
        assert_eq!(config.assets_dir, Path::new("/opt/muster/bin/assets"));
        assert_eq!(config.public_url.origin(), "http://localhost:8080");
        assert_eq!(config.audit_heads, [Path::new("/home/ada/.local/share/muster/audit-heads.jsonl")]);
        let config = load("audit_heads = \"/a\"", &[("MUSTER_AUDIT_HEADS", "/b/heads.jsonl, /mnt/share")]).unwrap();
        assert_eq!(config.audit_heads, [Path::new("/b/heads.jsonl"), Path::new("/mnt/share")]);
        assert!(config.trusted_proxies.is_empty(), "nobody's word is taken by itself");
        let config = load("", &[("MUSTER_TRUSTED_PROXIES", "10.0.0.1, fd00::/8")]).unwrap();
        assert_eq!(
            config.trusted_proxies.iter().map(ToString::to_string).collect::<Vec<_>>(),
            ["10.0.0.1/32", "fd00::/8"]
        );
    }

    #[test]
    fn what_belongs_to_others_is_left_alone_and_empty_is_unset() {
        let environment = [
            ("MUSTER_WORKER_PROJECTS", "x"),
            ("MUSTER_TEST_Y", "x"),
            ("MUSTER_BIN_DIR", "x"),
            ("DATABASE_URL", ""),
            ("XDG_DATA_HOME", "/data"),
        ];
        let config = load("[worker]\nprojects = [\"x\"]\n", &environment).unwrap();
        assert_eq!(config.database_url, None);
        assert_eq!(config.data_dir, Path::new("/data/muster"));
    }

    #[test]
    fn every_mistake_names_its_key() {
        let in_file = [
            ("lisen = \"x\"", "`lisen`"),
            ("listen = \"nowhere\"", "listen in muster.toml"),
            ("listen = ", "muster.toml"),
        ];
        for (file, part) in in_file {
            let error = load(file, &[]).unwrap_err();
            assert!(error.contains(part), "{file:?}: {error}");
        }
        let in_environment = [
            ("MUSTER_LISEN", "x", "MUSTER_LISEN"),
            ("MUSTER_LISTEN", "nowhere", "MUSTER_LISTEN"),
            ("MUSTER_BACKUP_KEEP", "many", "MUSTER_BACKUP_KEEP"),
            ("MUSTER_BACKUP_INTERVAL_SECONDS", "0", "MUSTER_BACKUP_INTERVAL_SECONDS"),
            ("MUSTER_PUBLIC_URL", "ftp://x", "MUSTER_PUBLIC_URL"),
            ("MUSTER_PUBLIC_URL", "http://x/muster", "must end after the host"),
            ("MUSTER_AUDIT_HEADS", "/var/heads, share", "share is not an absolute path"),
            ("MUSTER_AUDIT_HEADS", " , ", "names no place"),
            ("MUSTER_TRUSTED_PROXIES", "10.0.0.1, proxy", "proxy is no address"),
            ("MUSTER_TRUSTED_PROXIES", "::/0", "everybody"),
            ("MUSTER_OUTGOING_ALLOW", "http://x", "MUSTER_OUTGOING_ALLOW"),
            ("MUSTER_SMTP_URL", "mail.example.org", "MUSTER_SMTP_URL"),
            ("MUSTER_OIDC_ISSUER", "https://idp.example", "MUSTER_OIDC_ROLES"),
            ("MUSTER_OIDC_CLIENT_ID", "muster", "MUSTER_OIDC_ISSUER"),
            ("MUSTER_STATUS_COPY_S3", "s3://bucket", "MUSTER_STATUS_COPY_S3"),
            ("MUSTER_STATUS_COPY_S3", "https://s3.example.org/bucket", "MUSTER_STATUS_COPY_S3_KEY"),
            ("MUSTER_STATUS_COPY_S3_KEY", "key", "MUSTER_STATUS_COPY_S3 "),
            ("MUSTER_OIDC_CLIENT_SECRET_FILE", "/no/such/file", "MUSTER_OIDC_CLIENT_SECRET_FILE"),
        ];
        for (key, value, part) in in_environment {
            let error = load("", &[(key, value)]).unwrap_err();
            assert!(error.contains(part), "{key}={value}: {error}");
        }
    }
}
