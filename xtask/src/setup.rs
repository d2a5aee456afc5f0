//! Installs what a fresh Debian or Ubuntu lacks: Rust targets by rustup, programs by apt. Asks for nothing it can see is there.

use std::{fs, path::Path, process::Command};

use anyhow::{Context as _, Result, bail};

use crate::{command, progress, project};

const SSHD: &str = "/usr/sbin/sshd";
const NGINX: &str = "/usr/sbin/nginx";
const GLEWLWYD_TABLES: &str = "/usr/share/dbconfig-common/data/glewlwyd/install/sqlite3";

/// Program and package.
const ALERTMANAGER: &str = "prometheus-alertmanager";

pub(crate) const WASM: &str = "wasm32-unknown-unknown";

/// This machine's own target, for what is built with settings that the programs that build it do without.
pub(crate) fn host() -> String {
    format!("{}-unknown-linux-gnu", std::env::consts::ARCH)
}

/// The target of the testnet's node: static, so that its image needs nothing else.
pub(crate) fn musl() -> String {
    format!("{}-unknown-linux-musl", std::env::consts::ARCH)
}

/// Something a task needs on the machine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Need {
    PostgresPrograms,
    Docker,
    Chromium,
    /// Makes an image from Debian packages.
    Mmdebstrap,
    /// Reads JSON in the plan's scripts.
    Jq,
    /// Asks the testnet's nodes in the plan's scripts.
    Curl,
    /// Reads the plan's scripts as a shell would.
    Shellcheck,
    /// Another Docker host: an sshd that the tests start themselves, and certificates.
    OtherHosts,
    /// A wrong clock for one program.
    Faketime,
    /// Makes the environments that programs from PyPI are installed into.
    PythonVenv,
    /// Brings what the browser tests inject.
    Npm,
    /// A mail server for tests.
    MailServer,
    /// An identity provider that the tests start themselves.
    IdentityProvider,
    /// A sender of alerts that the tests start themselves.
    Alertmanager,
    /// What the status page is measured against.
    Nginx,
}

impl Need {
    fn is_there(self) -> bool {
        match self {
            Self::PostgresPrograms => postgres_programs(),
            Self::Docker => crate::docker::installed(),
            Self::Chromium => chromium().is_some(),
            Self::Mmdebstrap => command::which("mmdebstrap").is_some(),
            Self::Jq => command::which("jq").is_some(),
            Self::Curl => command::which("curl").is_some(),
            Self::Shellcheck => command::which("shellcheck").is_some(),
            Self::Faketime => {
                let all = fs::read_dir("/usr/lib").into_iter().flatten().flatten();
                all.into_iter().any(|entry| entry.path().join("faketime/libfaketime.so.1").is_file())
            }
            Self::PythonVenv => command::succeeds(Command::new("python3").args(["-c", "import ensurepip, venv"])),
            Self::Npm => command::which("npm").is_some(),
            Self::MailServer => command::succeeds(Command::new("/usr/bin/python3").args(["-c", "import aiosmtpd"])),
            Self::IdentityProvider => {
                let programs = ["glewlwyd", "sqlite3", "openssl"];
                programs.iter().all(|program| command::which(program).is_some()) && Path::new(GLEWLWYD_TABLES).is_file()
            }
            Self::Alertmanager => command::which(ALERTMANAGER).is_some(),
            Self::Nginx => Path::new(NGINX).is_file(),
            Self::OtherHosts => {
                Path::new(SSHD).is_file() && command::which("openssl").is_some() && compose_speaks_ssh()
            }
        }
    }

    fn packages(self) -> Vec<&'static str> {
        match self {
            Self::PostgresPrograms => vec!["postgresql"],
            Self::Docker => {
                let compose = compose_package();
                let client = if known_to_apt("docker-cli") { &["docker-cli"][..] } else { &[] };
                [&["docker.io", compose], client].concat()
            }
            Self::Chromium => vec!["chromium"],
            Self::Mmdebstrap => vec!["mmdebstrap"],
            Self::Jq => vec!["jq"],
            Self::Curl => vec!["curl"],
            Self::Shellcheck => vec!["shellcheck"],
            Self::Faketime => vec!["libfaketime"],
            Self::PythonVenv => vec!["python3", "python3-venv"],
            Self::Npm => vec!["npm"],
            Self::MailServer => vec!["python3", "python3-aiosmtpd"],
            // Of its three databases, the one without a server.
            Self::IdentityProvider => vec!["glewlwyd", "dbconfig-sqlite3", "sqlite3", "openssl"],
            Self::Alertmanager => vec![ALERTMANAGER],
            Self::Nginx => vec!["nginx-light"],
            Self::OtherHosts => {
                let paramiko = if compose_speaks_ssh() { &[][..] } else { &["python3-paramiko"] };
                [&["openssh-server", "openssl"], paramiko].concat()
            }
        }
    }
}

/// Ubuntu names the second Compose apart; Debian's `docker-compose` is whichever it has.
pub(crate) fn compose_package() -> &'static str {
    if known_to_apt("docker-compose-v2") { "docker-compose-v2" } else { "docker-compose" }
}

/// The first Compose needs a library for it, although it calls ssh itself: where its own Python looks, which need not be the first one.
fn compose_speaks_ssh() -> bool {
    if command::succeeds(Command::new("docker").args(["compose", "version"])) {
        return true;
    }
    let compose = command::which("docker-compose").and_then(|path| fs::read_to_string(path).ok()).unwrap_or_default();
    let python = compose.lines().next().and_then(|line| line.strip_prefix("#!")).map(str::trim);
    let mut words = python.unwrap_or("/usr/bin/python3").split_whitespace();
    let Some(program) = words.next() else { return false };
    command::succeeds(Command::new(program).args(words).args(["-c", "import paramiko"]))
}

fn postgres_programs() -> bool {
    let packaged = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    packaged.into_iter().any(|version| version.path().join("bin/initdb").is_file())
        || command::which("initdb").is_some()
}

/// The browser for the tests.
pub(crate) fn chromium() -> Option<std::path::PathBuf> {
    ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]
        .iter()
        .find_map(|name| command::which(name))
}

/// Makes sure the Rust targets are installed.
pub(crate) fn targets(targets: &[&str]) -> Result<()> {
    let missing: Vec<&str> = targets.iter().copied().filter(|target| !has_target(target)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    if command::which("rustup").is_none() {
        bail!(
            "The Rust targets {} are missing and there is no rustup to add them. Nothing was built. Install them the way Rust was installed.",
            missing.join(", ")
        );
    }
    progress::step(&format!("adding the Rust targets {}", missing.join(", ")), || {
        command::run(Command::new("rustup").args(["target", "add"]).args(&missing))
    })
}

fn has_target(target: &str) -> bool {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    command::output(Command::new(rustc).args(["--print", "target-libdir", "--target", target]))
        .is_ok_and(|directory| Path::new(directory.trim()).is_dir())
}

/// Installs the packages behind the needs that are not met.
pub(crate) fn needs(needs: &[Need]) -> Result<()> {
    let missing: Vec<Need> = needs.iter().copied().filter(|need| !need.is_there()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let list = || missing.iter().flat_map(|need| need.packages()).collect::<Vec<_>>();
    let by_hand = || format!("Install them yourself, then run this again: sudo apt-get install {}", list().join(" "));
    if command::which("apt-get").is_none() || as_root("true").is_err() {
        bail!(
            "Programs are missing and cannot be installed from here (that takes apt-get, and root or sudo without a password). {}",
            by_hand()
        );
    }
    progress::step("asking the package sources what there is", || apt(&["update", "-q"])).with_context(by_hand)?;
    let packages = list();
    progress::step(&format!("installing {}", packages.join(", ")), || {
        let mut units = vec![];
        if missing.contains(&Need::OtherHosts) && !Path::new(SSHD).is_file() {
            units.extend(["ssh.service", "ssh.socket"]);
        }
        if missing.contains(&Need::IdentityProvider) && command::which("glewlwyd").is_none() {
            units.push("glewlwyd.service");
        }
        if missing.contains(&Need::Alertmanager) {
            units.push("prometheus-alertmanager.service");
        }
        if missing.contains(&Need::Nginx) {
            units.push("nginx.service");
        }
        let all = || without_services(&units, || install(&packages));
        if missing.contains(&Need::PostgresPrograms) { without_system_cluster(all) } else { all() }
    })
    .with_context(by_hand)?;
    match missing.iter().find(|need| !need.is_there()) {
        None => Ok(()),
        Some(need) => bail!(
            "{} did not bring what is needed ({need:?}). Nothing else was done. {}",
            packages.join(", "),
            by_hand()
        ),
    }
}

fn install(packages: &[&str]) -> Result<()> {
    apt(&[&["install", "-y", "-q", "--no-install-recommends"], packages].concat())
}

fn apt(arguments: &[&str]) -> Result<()> {
    command::run(as_root("env")?.args(["DEBIAN_FRONTEND=noninteractive", "apt-get"]).args(arguments))
}

fn known_to_apt(package: &str) -> bool {
    command::output(Command::new("apt-cache").args(["search", "--names-only", &format!("^{package}$")]))
        .is_ok_and(|found| !found.trim().is_empty())
}

/// A command with root's rights: as it is for root, else by sudo if that asks for no password.
pub(crate) fn as_root(program: &str) -> Result<Command> {
    if nix::unistd::geteuid().is_root() {
        return Ok(Command::new(program));
    }
    if command::succeeds(Command::new("sudo").args(["-n", "true"])) {
        let mut command = Command::new("sudo");
        command.args(["-n", program]);
        return Ok(command);
    }
    bail!("this takes root, or sudo without a password")
}

/// Debian's package would make and start a cluster for the whole machine: only the programs are wanted. Its switch is put back.
fn without_system_cluster(work: impl FnOnce() -> Result<()>) -> Result<()> {
    const SWITCH: &str = "/etc/postgresql-common/createcluster.conf";
    install(&["postgresql-common"])?;
    let before = fs::read_to_string(SWITCH).with_context(|| format!("cannot read {SWITCH}"))?;
    let kept = tempfile_with(&before)?;
    let off = tempfile_with(&format!("{before}\ncreate_main_cluster = false\n"))?;
    let done = copy_as_root(&off, SWITCH).and_then(|()| work());
    let restored = copy_as_root(&kept, SWITCH);
    let _ = fs::remove_file(&off).and(fs::remove_file(&kept));
    done.and(restored)
}

/// Debian's openssh-server would open a door to the machine, glewlwyd one with a known password, Alertmanager and nginx one without: only the programs are wanted.
/// Those that were there before are not among these units and stay as they are.
fn without_services(units: &[&str], work: impl FnOnce() -> Result<()>) -> Result<()> {
    const SWITCH: &str = "/usr/sbin/policy-rc.d";
    if units.is_empty() {
        return work();
    }
    // Nor after the next start of the machine. Without a service manager there is nothing to switch off.
    let disable = || {
        let _ = as_root("systemctl").and_then(|mut systemctl| command::run(systemctl.arg("disable").args(units)));
    };
    if Path::new(SWITCH).exists() {
        let done = work();
        disable();
        return done;
    }
    let deny = tempfile_with("#!/bin/sh\nexit 101\n")?;
    copy_as_root(&deny, SWITCH)?;
    let done = command::run(as_root("chmod")?.args(["755", SWITCH])).and_then(|()| work());
    let restored = command::run(as_root("rm")?.arg(SWITCH));
    disable();
    let _ = fs::remove_file(&deny);
    done.and(restored)
}

fn copy_as_root(from: &Path, to: &str) -> Result<()> {
    command::run(as_root("cp")?.arg(from).arg(to))
}

fn tempfile_with(text: &str) -> Result<std::path::PathBuf> {
    let directory = project::Project::find()?.target.join("xtask");
    fs::create_dir_all(&directory)?;
    let path = directory.join(format!("setup-{}-{}", std::process::id(), text.len()));
    fs::write(&path, text)?;
    Ok(path)
}
