//! The worker's own configuration: what it may touch and how it gets there. The server can neither read nor write it; nothing
//! else in this crate looks at the environment.

pub mod drill;
pub mod engine;
mod names;
mod pairs;

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
};

use figment::{
    Figment, Metadata, Profile, Provider,
    error::Kind,
    providers::{Format as _, Serialized, Toml},
    value::{Dict, Map, Value},
};
use outgoing::rule::Allowed;
use serde::{Deserialize, Deserializer};

use self::{
    drill::DrillTarget,
    engine::{Engine, Told, set},
    names::{checked_host, checked_projects},
    pairs::Pairs,
};

const OUTGOING_ALLOW: &str = "MUSTER_WORKER_OUTGOING_ALLOW";

/// Everything the worker is told.
#[derive(Clone)]
pub struct Config {
    /// The Compose projects it may touch; never empty.
    pub projects: Vec<String>,
    /// How it signs what it does.
    pub name: String,
    /// What systems call its Docker host; unset: what the engine calls itself.
    pub host: Option<String>,
    /// Where it reaches the ports that containers publish on the Docker host.
    pub host_address: String,
    pub engine: Engine,
    /// The directory whose scripts may run; unset: none may.
    pub scripts: Option<PathBuf>,
    /// The directory whose programs monitors may run: they only look. Unset: none may.
    pub checks: Option<PathBuf>,
    /// Hosts inside the network that monitors may ask although they are no part of a project.
    pub outgoing: Allowed,
    /// Where archives are unpacked on trial; unset: below the data directory.
    pub scratch: Option<PathBuf>,
    /// Name or number of the user that scripts run as, if the worker is root; unset: as the worker's own.
    pub script_user: Option<String>,
    /// Added to a script's clean environment.
    pub script_env: BTreeMap<String, String>,
    /// Where directories that plans name are on this host: plan's path → path here.
    pub paths: BTreeMap<String, PathBuf>,
    /// Compose file of each project that may be brought up and taken down.
    pub compose_files: BTreeMap<String, PathBuf>,
    pub compose_env_files: BTreeMap<String, PathBuf>,
    /// Where procedures are rehearsed, by the project that they are for.
    pub drills: BTreeMap<String, DrillTarget>,
    /// The worker's own home directory, for programs it starts.
    pub home: PathBuf,
    /// To find the embedded database.
    pub data_dir: PathBuf,
    /// What secrets are opened with; unset: as the server on this machine has it.
    pub secrets_key_file: Option<PathBuf>,
    /// Unset: the embedded Postgres of the data directory.
    pub database_url: Option<String>,
    /// A filter as `tracing` reads it.
    pub log: String,
    pub log_format: LogFormat,
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the database URL and the scripts' environment: they hold passwords.
        f.debug_struct("Config")
            .field("projects", &self.projects)
            .field("name", &self.name)
            .field("host_address", &self.host_address)
            .field("docker_host", &self.engine.address)
            .field("scripts", &self.scripts)
            .field("data_dir", &self.data_dir)
            .finish_non_exhaustive()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    Text,
    Json,
}

/// The `[worker]` table, or `MUSTER_WORKER_*`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Own {
    #[serde(default, deserialize_with = "comma_list")]
    projects: Vec<String>,
    name: Option<String>,
    host: Option<String>,
    host_address: Option<String>,
    docker_host: String,
    docker_cert_path: Option<PathBuf>,
    #[serde(default, deserialize_with = "set")]
    docker_tls_verify: bool,
    #[serde(default, deserialize_with = "set")]
    docker_unencrypted: bool,
    ssh_config: Option<PathBuf>,
    scripts: Option<PathBuf>,
    checks: Option<PathBuf>,
    outgoing_allow: Option<String>,
    scratch: Option<PathBuf>,
    script_user: Option<String>,
    #[serde(default)]
    script_env: Pairs,
    #[serde(default)]
    paths: Pairs,
    #[serde(default)]
    compose_files: Pairs,
    #[serde(default)]
    compose_env_files: Pairs,
    #[serde(default)]
    drill_files: Pairs,
    #[serde(default)]
    drill_env_files: Pairs,
    #[serde(default)]
    drill_paths: Pairs,
    drill_scripts: Option<PathBuf>,
    #[serde(default)]
    drill_script_env: Pairs,
}

/// What the worker shares with the server. Other keys of the file are the server's to judge.
#[derive(Deserialize)]
struct Common {
    data_dir: Option<PathBuf>,
    secrets_key_file: Option<PathBuf>,
    database_url: Option<String>,
    log: String,
    log_format: LogFormat,
}

/// A sentence that names the key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(pub String);

impl Config {
    /// For tests and tools: these projects, everything else as by default.
    #[must_use]
    pub fn for_projects(projects: &[&str]) -> Self {
        Self {
            projects: projects.iter().map(|p| (*p).to_owned()).collect(),
            name: "worker".into(),
            host: None,
            host_address: "127.0.0.1".into(),
            engine: Engine::at(engine::DEFAULT),
            scripts: None,
            checks: None,
            outgoing: allowed(None).unwrap_or_default(),
            scratch: None,
            script_user: None,
            script_env: BTreeMap::new(),
            paths: BTreeMap::new(),
            compose_files: BTreeMap::new(),
            compose_env_files: BTreeMap::new(),
            drills: BTreeMap::new(),
            home: "/".into(),
            data_dir: PathBuf::new(),
            secrets_key_file: None,
            database_url: None,
            log: "info".into(),
            log_format: LogFormat::Text,
        }
    }

    /// From this process's environment, and the file it names (`MUSTER_CONFIG`) or `muster.toml` in the current directory.
    ///
    /// # Errors
    /// A sentence that names the key and where it stands.
    pub fn load() -> Result<Self, ConfigError> {
        let environment: BTreeMap<String, String> = std::env::vars_os()
            .filter_map(|(key, value)| Some((key.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        let named = environment.get("MUSTER_CONFIG").filter(|path| !path.is_empty()).map(PathBuf::from);
        let path = named.clone().unwrap_or_else(|| "muster.toml".into());
        let file = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(ConfigError(format!("{} cannot be read: {error}", path.display()))),
        };
        let machine = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
        Self::from_parts(&file, &path, &environment, machine.as_deref().map(str::trim))
    }

    fn from_parts(
        file: &str,
        path: &Path,
        environment: &BTreeMap<String, String>,
        machine: Option<&str>,
    ) -> Result<Self, ConfigError> {
        let explain = |error| explain(&error, path);
        let variables = |variables| Environment { variables: environment, names: variables };
        let toml = || Figment::from(Toml::string(file));

        let defaults = Figment::from(Serialized::defaults(BTreeMap::from([("log", "info"), ("log_format", "text")])));
        let common: Common = defaults.merge(toml()).merge(variables(Names::Common)).extract().map_err(explain)?;

        let defaults = BTreeMap::from([("docker_host", engine::DEFAULT)]);
        let own =
            Figment::from(Serialized::defaults(defaults)).merge(toml().focus("worker")).merge(variables(Names::Own));
        let own: Own = own.extract().map_err(explain)?;

        let projects = checked_projects(own.projects)?;
        let Some(data_dir) = common.data_dir.or_else(|| default_data_dir(environment)) else {
            return Err(ConfigError("there is no home directory to find the database in: set MUSTER_DATA_DIR".into()));
        };
        let absolute = |path: PathBuf| std::path::absolute(&path).unwrap_or(path);
        let set = |key: &str| environment.get(key).filter(|value| !value.is_empty()).cloned();
        let home = set("HOME").map_or_else(|| "/".into(), PathBuf::from);
        let engine = Engine::understand(Told {
            docker_host: own.docker_host,
            docker_cert_path: own.docker_cert_path.map(absolute),
            docker_tls_verify: own.docker_tls_verify,
            docker_unencrypted: own.docker_unencrypted,
            ssh_config: own.ssh_config.map(absolute),
            agent: set("SSH_AUTH_SOCK"),
            home: home.clone(),
            keep: absolute(data_dir.join("worker")),
        })?;
        let files = |pairs: Pairs| pairs.0.into_iter().map(|(key, path)| (key, absolute(path.into()))).collect();
        let drills = drill::Told {
            files: own.drill_files,
            env_files: own.drill_env_files,
            paths: own.drill_paths,
            scripts: own.drill_scripts,
            script_env: own.drill_script_env,
        };
        Ok(Self {
            drills: drills.understand(&projects)?,
            scripts: own.scripts.map(absolute),
            checks: own.checks.map(absolute),
            outgoing: allowed(own.outgoing_allow.as_deref())?,
            scratch: own.scratch.map(absolute),
            script_user: own.script_user,
            script_env: pairs::checked_variables(own.script_env)?,
            paths: files(pairs::checked_paths(own.paths)?),
            compose_files: files(pairs::checked_keys("compose_files", own.compose_files, &projects)?),
            compose_env_files: files(pairs::checked_keys("compose_env_files", own.compose_env_files, &projects)?),
            home,
            projects,
            name: own.name.or_else(|| machine.map(str::to_owned)).unwrap_or_else(|| "worker".into()),
            host: checked_host(own.host)?,
            host_address: own.host_address.unwrap_or_else(|| engine.machine().to_owned()),
            engine,
            secrets_key_file: common.secrets_key_file.map(absolute),
            data_dir: absolute(data_dir),
            database_url: common.database_url,
            log: common.log,
            log_format: common.log_format,
        })
    }
}

impl Config {
    /// The Docker host's name as systems call it; `own` is what its engine calls itself.
    #[must_use]
    pub fn calls(&self, own: String) -> String {
        self.host.clone().unwrap_or(own)
    }

    #[must_use]
    pub fn secrets_key_file(&self) -> PathBuf {
        self.secrets_key_file.clone().unwrap_or_else(|| store::seal::Key::default_file(&self.data_dir))
    }

    /// Where a path that a plan names is on this host; `None` if no mapping covers it. The longest prefix wins.
    #[must_use]
    pub fn here(&self, plans: &str) -> Option<PathBuf> {
        let rest = |prefix: &str| {
            let rest = plans.strip_prefix(prefix.trim_end_matches('/'))?;
            (rest.is_empty() || rest.starts_with('/')).then_some(rest.trim_start_matches('/'))
        };
        let covering = self.paths.iter().filter_map(|(prefix, here)| Some((prefix.len(), here, rest(prefix)?)));
        let (_, here, rest) = covering.max_by_key(|(length, ..)| *length)?;
        // Nothing may climb out of what the operator has named.
        let climbs = Path::new(rest).components().any(|part| matches!(part, std::path::Component::ParentDir));
        (!climbs).then(|| if rest.is_empty() { here.clone() } else { here.join(rest) })
    }
}

fn allowed(list: Option<&str>) -> Result<Allowed, ConfigError> {
    let allowed = Allowed::parse(list.unwrap_or_default());
    let allowed = allowed.map_err(|e| ConfigError(format!("outgoing_allow of the worker ({OUTGOING_ALLOW}): {e}")))?;
    Ok(allowed.written_in(OUTGOING_ALLOW))
}

fn default_data_dir(environment: &BTreeMap<String, String>) -> Option<PathBuf> {
    let set = |key| environment.get(key).filter(|value| !value.is_empty());
    set("XDG_DATA_HOME")
        .map(|data| Path::new(data).join("muster"))
        .or_else(|| set("HOME").map(|home| Path::new(home).join(".local/share/muster")))
}

/// A TOML list, or one text with commas.
fn comma_list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "names, with commas between them")]
    enum Either {
        List(Vec<String>),
        Text(String),
    }
    Ok(match Either::deserialize(deserializer)? {
        Either::List(list) => list,
        Either::Text(text) => {
            text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
        }
    })
}

#[derive(Clone, Copy)]
enum Names {
    Common,
    Own,
}

/// Variables; an empty one counts as unset.
struct Environment<'a> {
    variables: &'a BTreeMap<String, String>,
    names: Names,
}

impl Environment<'_> {
    fn key(&self, variable: &str) -> Option<String> {
        match (self.names, variable) {
            (Names::Common, "DATABASE_URL") => Some("database_url".into()),
            (Names::Common, "MUSTER_DATA_DIR" | "MUSTER_SECRETS_KEY_FILE" | "MUSTER_LOG" | "MUSTER_LOG_FORMAT") => {
                variable.strip_prefix("MUSTER_").map(str::to_lowercase)
            }
            (Names::Own, "DOCKER_HOST" | "DOCKER_CERT_PATH" | "DOCKER_TLS_VERIFY") => Some(variable.to_lowercase()),
            (Names::Own, _) => variable.strip_prefix("MUSTER_WORKER_").map(str::to_lowercase),
            (Names::Common, _) => None,
        }
    }
}

impl Provider for Environment<'_> {
    fn metadata(&self) -> Metadata {
        Metadata::named(ENVIRONMENT)
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        let set = self.variables.iter().filter(|(_, value)| !value.is_empty());
        let dict: Dict = set.filter_map(|(name, value)| Some((self.key(name)?, Value::from(value.clone())))).collect();
        Ok(Profile::Default.collect(dict))
    }
}

const ENVIRONMENT: &str = "the environment";

fn explain(error: &figment::Error, file: &Path) -> ConfigError {
    let from_environment = error.metadata.as_ref().is_some_and(|m| m.name == ENVIRONMENT);
    let written = |key: &str| match (from_environment, key) {
        (true, "database_url") => "DATABASE_URL".to_owned(),
        (true, "data_dir" | "secrets_key_file" | "log" | "log_format") => format!("MUSTER_{}", key.to_uppercase()),
        (true, "docker_host" | "docker_cert_path" | "docker_tls_verify") => key.to_uppercase(),
        (true, _) => format!("MUSTER_WORKER_{}", key.to_uppercase()),
        (false, _) => format!("{key} in {}", file.display()),
    };
    let key = written(&error.path.join("."));
    ConfigError(match &error.kind {
        Kind::UnknownField(name, known) => format!(
            "unknown key `{name}` of the worker (as a variable: MUSTER_WORKER_{}); known keys: {}",
            name.to_uppercase(),
            known.join(", ")
        ),
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
        let environment =
            environment.iter().map(|(k, v)| ((*k).into(), (*v).into())).chain([("HOME".into(), "/home/ada".into())]);
        Config::from_parts(file, Path::new("muster.toml"), &environment.collect(), Some("deep")).map_err(|e| e.0)
    }

    #[test]
    fn the_environment_wins_over_the_file_over_the_defaults() {
        let file = "listen = \"0.0.0.0:80\"\ndata_dir = \"/data\"\n[worker]\nprojects = [\"one\"]\nname = \"left\"\n";
        let config = load(
            file,
            &[("MUSTER_WORKER_PROJECTS", "bt2c, drill"), ("DOCKER_HOST", "tcp://localhost"), ("MUSTER_LISTEN", "x")],
        )
        .unwrap();
        assert_eq!(config.projects, ["bt2c", "drill"]);
        assert_eq!((config.name.as_str(), config.engine.address.as_str()), ("left", "tcp://localhost:2375"));
        assert_eq!((config.host_address.as_str(), config.data_dir.as_path()), ("localhost", Path::new("/data")));
        let config = load("", &[("MUSTER_WORKER_PROJECTS", "123")]).unwrap();
        assert_eq!((config.projects, config.name.as_str()), (vec!["123".to_owned()], "deep"));
        assert_eq!(config.data_dir, Path::new("/home/ada/.local/share/muster"));
        assert_eq!((config.host_address.as_str(), config.host), ("127.0.0.1", None));
    }

    #[test]
    fn every_mistake_names_its_key() {
        let ok = ("MUSTER_WORKER_PROJECTS", "bt2c");
        type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str);
        let cases: [Case<'_>; 16] = [
            ("", &[], "MUSTER_WORKER_PROJECTS"),
            ("", &[("MUSTER_WORKER_PROJECTS", "")], "may touch nothing"),
            ("", &[("MUSTER_WORKER_PROJECTS", " , ")], "may touch nothing"),
            ("", &[("MUSTER_WORKER_PROJECTS", "../x")], "\"../x\""),
            ("", &[ok, ("MUSTER_WORKER_PROJECT", "x")], "MUSTER_WORKER_PROJECT)"),
            ("[worker]\nprojekts = []", &[ok], "`projekts`"),
            ("[worker]\nprojects = 7", &[], "projects in muster.toml"),
            ("", &[ok, ("DOCKER_HOST", "fd://x")], "DOCKER_HOST"),
            ("", &[ok, ("DOCKER_HOST", "tcp://db2:2375")], "owns the host"),
            ("", &[ok, ("MUSTER_WORKER_HOST", "a b")], "MUSTER_WORKER_HOST"),
            ("", &[ok, ("MUSTER_WORKER_PATHS", "x")], "MUSTER_WORKER_PATHS"),
            ("", &[ok, ("MUSTER_WORKER_PATHS", "backups=/x")], "\"backups\""),
            ("", &[ok, ("MUSTER_WORKER_COMPOSE_FILES", "other=/x")], "\"other\""),
            ("", &[ok, ("MUSTER_WORKER_SCRIPT_ENV", "MUSTER_RUN=1")], "MUSTER_RUN"),
            ("", &[ok, ("MUSTER_WORKER_OUTGOING_ALLOW", "http://x")], "MUSTER_WORKER_OUTGOING_ALLOW"),
            ("", &[ok, ("MUSTER_LOG_FORMAT", "xml")], "MUSTER_LOG_FORMAT"),
        ];
        for (file, environment, part) in cases {
            let error = load(file, environment).unwrap_err();
            assert!(error.contains(part), "{file:?} {environment:?}: {error}");
        }
    }

    #[test]
    fn lists_of_pairs_are_read_from_text_and_tables() {
        let file = "[worker]\nprojects = \"bt2c\"\nscripts = \"/s\"\npaths = { \"/app/config\" = \"/x\" }\n[worker.script_env]\nA = \"a=b\"\n";
        let config = load(
            file,
            &[
                ("MUSTER_WORKER_PATHS", "/var/backups/bt2c/=/srv/b, /var/backups=/srv/all"),
                ("MUSTER_WORKER_COMPOSE_FILES", "bt2c=/c/docker-compose.yml"),
            ],
        )
        .unwrap();
        assert_eq!(config.script_env, [("A".to_owned(), "a=b".to_owned())].into());
        assert_eq!(config.scripts.as_deref(), Some(Path::new("/s")));
        assert_eq!(config.compose_files["bt2c"], Path::new("/c/docker-compose.yml"));
        for (plans, here) in [
            ("/var/backups/bt2c/db/x.sql", Some("/srv/b/db/x.sql")),
            ("/var/backups/bt2c", Some("/srv/b")),
            ("/var/backups/bt2cx", Some("/srv/all/bt2cx")),
            ("/var/backups/bt2c/../../etc/passwd", None),
            ("/etc/passwd", None),
            ("latest", None),
        ] {
            assert_eq!(config.here(plans), here.map(PathBuf::from), "{plans}");
        }
    }

    #[test]
    fn another_machines_engine_is_reached_as_the_docker_command_reaches_it() {
        let ok = ("MUSTER_WORKER_PROJECTS", "x");
        let variables =
            [ok, ("DOCKER_HOST", "tcp://db2:2376"), ("DOCKER_TLS_VERIFY", "1"), ("DOCKER_CERT_PATH", "/certs")];
        let config = load("", &variables).unwrap();
        assert!(
            matches!(&config.engine.way, engine::Way::Tls { certificates, .. } if certificates == Path::new("/certs"))
        );
        assert_eq!(config.host_address, "db2", "its containers' ports are there");
        let file = "[worker]\nprojects = \"x\"\nhost = \"db2\"\ndocker_host = \"ssh://db2\"\nssh_config = \"/ssh\"\ndocker_tls_verify = false\n";
        let config = load(file, &[]).unwrap();
        assert!(
            matches!(&config.engine.way, engine::Way::Ssh(ssh) if ssh.config.as_deref() == Some(Path::new("/ssh")))
        );
        assert_eq!(config.host.as_deref(), Some("db2"));
    }

    #[test]
    fn the_database_password_is_not_shown() {
        let config = load("", &[("MUSTER_WORKER_PROJECTS", "x"), ("DATABASE_URL", "postgres://u:hush@h/d")]).unwrap();
        assert!(config.database_url.is_some() && !format!("{config:?}").contains("hush"));
    }
}
