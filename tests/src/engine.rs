//! A second Docker engine on this machine, with directories, a socket and a TLS port of its own, that tests may kill. It has one
//! image, which only sleeps and runs what a shell runs. Gone when dropped.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};

use crate::{certificates::Authority, programs::Scratch, testnet::free_port};

/// The one image: `sh`, `sleep`, `echo`, `cat`, `touch`.
pub const STILL: &str = "muster-still:local";

pub struct Engine {
    /// Certificates of a client, as DOCKER_CERT_PATH wants them.
    pub certificates: PathBuf,
    pub port: u16,
    scratch: Scratch,
    id: String,
    child: Option<Child>,
}

impl Engine {
    /// Starts it with its image.
    ///
    /// # Errors
    /// If it does not start; says what it said.
    pub fn start() -> Result<Self> {
        let scratch = Scratch::new()?;
        let id = format!("muster{}", &uuid::Uuid::new_v4().simple().to_string()[..8]);
        let certificates = authority(scratch.path())?;
        let mut engine = Self { certificates, port: free_port()?, scratch, id, child: None };
        engine.build_bridge()?;
        engine.come_back()?;
        engine.take_image()?;
        Ok(engine)
    }

    #[must_use]
    pub fn socket(&self) -> String {
        format!("unix://{}", self.scratch.path().join("docker.sock").display())
    }

    /// With TLS.
    #[must_use]
    pub fn address(&self) -> String {
        format!("tcp://127.0.0.1:{}", self.port)
    }

    /// Docker's own command at this engine.
    ///
    /// # Errors
    /// What it said.
    pub fn docker(&self, arguments: &[&str]) -> Result<String> {
        let said = Command::new("docker").args(["-H", &self.socket()]).args(arguments).output()?;
        ensure!(said.status.success(), "docker {arguments:?}: {}", String::from_utf8_lossy(&said.stderr));
        Ok(String::from_utf8_lossy(&said.stdout).trim().to_owned())
    }

    /// Starts a container as Compose would have made it: no network, and gone a second after it was asked to end.
    ///
    /// # Errors
    /// What Docker said.
    pub fn run(&self, project: &str, service: &str, options: &[&str], command: &[&str]) -> Result<String> {
        let labels = [("project", project), ("service", service), ("container-number", "1"), ("oneoff", "False")];
        let labels = labels.map(|(key, value)| format!("--label=com.docker.compose.{key}={value}"));
        let name = format!("{project}_{service}_1");
        let mut arguments = vec!["run", "-d", "--network", "none", "--name", &name];
        arguments.extend(labels.iter().map(String::as_str));
        if !options.contains(&"--stop-timeout") {
            arguments.extend(["--stop-timeout", "1"]);
        }
        arguments.extend(options);
        arguments.push(STILL);
        arguments.extend(if command.is_empty() { &["sleep", "600"] } else { command });
        self.docker(&arguments)
    }

    /// # Errors
    /// If there is no such container.
    pub fn started_at(&self, container: &str) -> Result<String> {
        self.docker(&["inspect", "-f", "{{.State.StartedAt}}", container])
    }

    /// SIGKILL, in the middle of whatever it does.
    ///
    /// # Errors
    /// If it cannot be killed.
    pub fn kill(&mut self) -> Result<()> {
        self.end("-KILL")
    }

    /// SIGTERM: it stops its containers.
    ///
    /// # Errors
    /// If it does not end.
    pub fn stop(&mut self) -> Result<()> {
        self.end("-TERM")
    }

    /// Only root may look there. Nothing if there is no such file.
    fn pid_in(&self, file: &str) -> Result<String> {
        let said = as_root("cat")?.arg(self.scratch.path().join(file)).output()?;
        Ok(String::from_utf8_lossy(&said.stdout).into_owned())
    }

    fn end(&mut self, signal: &str) -> Result<()> {
        let Some(mut child) = self.child.take() else { return Ok(()) };
        // The engine itself, not the sudo before it.
        let pid = self.pid_in("docker.pid")?;
        as_root("kill")?.args([signal, pid.trim()]).status()?;
        let deadline = Instant::now() + Duration::from_secs(30);
        while child.try_wait()?.is_none() {
            ensure!(Instant::now() < deadline, "dockerd does not end: {}", self.said());
            std::thread::sleep(Duration::from_millis(20));
        }
        // Its containerd dies with it, a moment later; an engine that comes back meanwhile would wait for it in vain.
        let containerd = self.pid_in("exec/containerd/containerd.pid")?;
        // Buried too: dockerd takes a dead one that nobody has buried for a living one.
        let alive = || Path::new("/proc").join(containerd.trim()).exists();
        while !containerd.is_empty() && alive() {
            ensure!(Instant::now() < deadline, "containerd does not end: {}", self.said());
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Starts it again over what it left.
    ///
    /// # Errors
    /// If it does not start; says what it said.
    pub fn come_back(&mut self) -> Result<()> {
        let here = |name: &str| self.scratch.path().join(name);
        // A killed one leaves it.
        let _ = as_root("rm")?.arg("-f").arg(here("docker.pid")).status();
        let log = fs::File::options().create(true).append(true).open(here("log"))?;
        let mut command = as_root(dockerd()?)?;
        for (option, name) in [("--data-root", "data"), ("--exec-root", "exec"), ("--pidfile", "docker.pid")] {
            command.arg(option).arg(here(name));
        }
        command.args(["-H", &self.socket(), "-H", &self.address(), "--tlsverify"]);
        for (option, name) in [("--tlscacert", "ca.pem"), ("--tlscert", "server.pem"), ("--tlskey", "server-key.pem")] {
            command.arg(option).arg(here(name));
        }
        // Nothing of the machine's own engine is shared or changed: no firewall rules, no names in a common containerd, and a bridge
        // of its own, because an engine that is told to have none takes away the one that it believes to be its own: docker0.
        command.args(["--bridge", &self.bridge(), "--iptables=false", "--ip6tables=false", "--shutdown-timeout", "5"]);
        command.args([
            "--containerd-namespace",
            &self.id,
            "--containerd-plugins-namespace",
            &format!("{}-plugins", self.id),
        ]);
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let child = command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn()?;
        self.child = Some(child);
        let deadline = Instant::now() + Duration::from_secs(60);
        while self.docker(&["version"]).is_err() {
            let ended = self.child.as_mut().map(Child::try_wait).transpose()?.flatten();
            if ended.is_some() || Instant::now() > deadline {
                if ended.is_some() {
                    self.child = None;
                }
                bail!("the second dockerd does not answer ({ended:?}): {}", self.said());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    /// At most 15 characters.
    fn bridge(&self) -> String {
        self.id.clone()
    }

    fn build_bridge(&self) -> Result<()> {
        let id = u32::from_str_radix(self.id.trim_start_matches("muster"), 16).unwrap_or_default();
        let address = format!("10.{}.{}.{}/29", 200 + id % 50, (id >> 8) % 256, ((id >> 16) % 31) * 8 + 1);
        let bridge = self.bridge();
        let commands: [&[&str]; 3] = [
            &["link", "add", "name", &bridge, "type", "bridge"],
            &["address", "add", &address, "dev", &bridge],
            &["link", "set", &bridge, "up"],
        ];
        for arguments in commands {
            let said = as_root("ip")?.args(arguments).output()?;
            ensure!(said.status.success(), "ip {arguments:?}: {}", String::from_utf8_lossy(&said.stderr));
        }
        Ok(())
    }

    fn said(&self) -> String {
        fs::read_to_string(self.scratch.path().join("log")).unwrap_or_default()
    }

    fn take_image(&self) -> Result<()> {
        let root = self.scratch.path().join("image");
        fs::create_dir_all(root.join("bin"))?;
        for name in ["sh", "sleep", "echo", "cat", "touch"] {
            let program = Path::new("/bin").join(name).canonicalize()?;
            fs::copy(&program, root.join("bin").join(name))?;
            let said = Command::new("ldd").arg(&program).output()?;
            let said = String::from_utf8_lossy(&said.stdout).into_owned();
            for library in said.split_whitespace().filter(|word| word.starts_with('/')).map(Path::new) {
                let inside = root.join(library.strip_prefix("/")?);
                fs::create_dir_all(inside.parent().context("a library is in a directory")?)?;
                fs::copy(library, inside)?;
            }
        }
        let tar = self.scratch.path().join("image.tar");
        ensure!(Command::new("tar").arg("-cf").arg(&tar).arg("-C").arg(&root).arg(".").status()?.success(), "no tar");
        self.docker(&["import", "-c", "ENV PATH=/bin", &tar.to_string_lossy(), STILL])?;
        Ok(())
    }
}

impl Drop for Engine {
    #[expect(clippy::print_stderr, reason = "whoever reads the failed test wants to know")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            let said = self.said();
            let last: Vec<_> = said.lines().rev().take(8).collect();
            eprintln!("the second dockerd said, the last first:\n{}", last.join("\n"));
        }
        // Containers of a killed engine live on; it takes them in when it comes back.
        if self.child.is_none() {
            let _ = self.come_back();
        }
        if let Ok(all) = self.docker(&["ps", "-aq"]) {
            let all: Vec<_> = all.split_whitespace().collect();
            let _ = self.docker(&[&["rm", "-f", "-v"], &all[..]].concat());
        }
        if let Err(error) = self.stop().or_else(|_| self.kill()) {
            eprintln!("the second dockerd was not stopped: {error:#}");
        }
        let _ = as_root("ip").and_then(|mut ip| Ok(ip.args(["link", "delete", &self.bridge()]).status()?));
        // Its files are root's.
        let left = ["data", "exec"].map(|name| self.scratch.path().join(name));
        // Mounts of containers that could not be removed, as a last resort.
        let mounts = fs::read_to_string("/proc/mounts").unwrap_or_default();
        let mounts = mounts
            .lines()
            .filter_map(|line| line.split(' ').nth(1))
            .filter(|at| left.iter().any(|l| Path::new(at).starts_with(l)));
        for mount in mounts.collect::<Vec<_>>().into_iter().rev() {
            let _ = as_root("umount").and_then(|mut umount| Ok(umount.args(["-l", mount]).status()?));
        }
        let _ = as_root("rm").and_then(|mut rm| Ok(rm.arg("-rf").args(left).status()?));
    }
}

/// A command with root's rights.
///
/// # Errors
/// If there is no way to them.
pub fn as_root(program: impl AsRef<std::ffi::OsStr>) -> Result<Command> {
    let owner = std::os::unix::fs::MetadataExt::uid(&fs::metadata("/proc/self")?);
    if owner == 0 {
        return Ok(Command::new(program));
    }
    let mut command = Command::new("sudo");
    command.arg("-n").arg(program);
    Ok(command)
}

fn dockerd() -> Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let all = std::env::split_paths(&path).chain(["/usr/sbin".into()]).map(|directory| directory.join("dockerd"));
    all.into_iter().find(|path| path.is_file()).context("dockerd is not installed: sudo apt-get install docker.io")
}

/// An authority in `directory`, a certificate for the engine, and beside it a client's in `client/`.
fn authority(directory: &Path) -> Result<PathBuf> {
    let authority = Authority::new(directory)?;
    authority.sign("server", "subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth\n", 2)?;
    authority.sign("cert", "extendedKeyUsage=clientAuth\n", 2)?;
    let client = directory.join("client");
    fs::create_dir_all(&client)?;
    for (made, kept) in [("cert.pem", "cert.pem"), ("cert-key.pem", "key.pem"), ("ca.pem", "ca.pem")] {
        fs::copy(directory.join(made), client.join(kept))?;
    }
    Ok(client)
}
