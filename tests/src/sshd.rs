//! An sshd of the test's own, on a free port, with a host key and one user's key, behind which the docker command finds the engine
//! it is told. Touches no file of the machine's own ssh. Gone when dropped.

use std::{
    fs,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};

use crate::{programs::Scratch, testnet::free_port};

pub struct Sshd {
    pub port: u16,
    /// Who is let in: whoever runs the test.
    pub user: String,
    scratch: Scratch,
    child: Child,
}

impl Sshd {
    /// # Errors
    /// If there is no sshd, or it does not start.
    pub fn start(docker_host: &str) -> Result<Self> {
        let scratch = Scratch::new()?;
        let port = free_port()?;
        for name in ["host", "user", "stranger"] {
            let mut keygen = Command::new("ssh-keygen");
            keygen.args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(scratch.path().join(name));
            ensure!(keygen.status()?.success(), "no key could be made");
        }
        fs::copy(scratch.path().join("user.pub"), scratch.path().join("authorized"))?;
        let here = |name: &str| scratch.path().join(name).display().to_string();
        let config = format!(
            "Port {port}\nListenAddress 127.0.0.1\nHostKey {}\nAuthorizedKeysFile {}\nPidFile none\nStrictModes no\nUsePAM no\n\
             PasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin prohibit-password\nSetEnv DOCKER_HOST={docker_host}\n",
            here("host"),
            here("authorized"),
        );
        let config = scratch.file("sshd_config", config)?;
        let user = String::from_utf8(Command::new("id").arg("-un").output()?.stdout)?.trim().to_owned();
        if user == "root" {
            // Where its unprivileged half lives; a service manager would make it.
            fs::create_dir_all("/run/sshd")?;
        }
        let log = fs::File::create(scratch.path().join("log"))?;
        let child = Command::new("/usr/sbin/sshd")
            .args(["-D", "-e", "-f"])
            .arg(config)
            .stdin(Stdio::null())
            .stderr(log)
            .spawn()
            .context("sshd is not installed: sudo apt-get install openssh-server")?;
        let mut sshd = Self { port, user, scratch, child };
        let deadline = Instant::now() + Duration::from_secs(20);
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            let ended = sshd.child.try_wait()?;
            ensure!(ended.is_none() && Instant::now() < deadline, "sshd does not answer: {}", sshd.said());
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(sshd)
    }

    #[must_use]
    pub fn address(&self) -> String {
        format!("ssh://{}@127.0.0.1:{}", self.user, self.port)
    }

    /// A file for `ssh -F`: with this key, knowing this host or not.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn client(&self, key: &str, knows: bool) -> Result<PathBuf> {
        let host = fs::read_to_string(self.scratch.path().join("host.pub"))?;
        let known = if knows { format!("[127.0.0.1]:{} {host}", self.port) } else { String::new() };
        let known = self.scratch.file(&format!("known-{key}-{knows}"), known)?;
        let text = format!(
            "Host *\n  IdentityFile {}\n  IdentitiesOnly yes\n  UserKnownHostsFile {}\n  GlobalKnownHostsFile /dev/null\n",
            self.scratch.path().join(key).display(),
            known.display(),
        );
        self.scratch.file(&format!("client-{key}-{knows}"), text)
    }

    #[must_use]
    pub fn said(&self) -> String {
        fs::read_to_string(self.scratch.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Sshd {
    #[expect(clippy::print_stderr, reason = "whoever reads the failed test wants to know")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("sshd said:\n{}", self.said());
        }
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
