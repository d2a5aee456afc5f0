//! How `ssh` is called: never asking, never trusting a host key that it does not know, the same for the worker and for what the
//! worker starts. Starts nothing.

use std::{
    ffi::OsString,
    fs, io,
    os::unix::fs::{DirBuilderExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use shared::digest::Digest;

use super::HostError;
use crate::{config::engine::Ssh, surroundings::PATH};

/// Before any file of the user's: what comes first counts.
const OPTIONS: &[&str] = &[
    "BatchMode=yes",
    "StrictHostKeyChecking=yes",
    "ConnectTimeout=10",
    // A host that has vanished is noticed within the minute.
    "ServerAliveInterval=15",
    "ServerAliveCountMax=3",
    "ForwardAgent=no",
    "ForwardX11=no",
    "ClearAllForwardings=yes",
    "PermitLocalCommand=no",
    "RequestTTY=no",
    "LogLevel=ERROR",
];

const DIAL: [&str; 3] = ["docker", "system", "dial-stdio"];

fn program() -> Result<PathBuf, HostError> {
    let found = PATH.split(':').map(|directory| Path::new(directory).join("ssh")).find(|path| path.is_file());
    found.ok_or_else(|| HostError::Missing("ssh is not installed where the worker runs".into()))
}

fn options(ssh: &Ssh) -> Vec<OsString> {
    let file = ssh.config.iter().flat_map(|file| ["-F".into(), file.clone().into_os_string()]);
    file.chain(OPTIONS.iter().flat_map(|option| ["-o".into(), OsString::from(option)])).collect()
}

/// Connects to the engine and passes bytes both ways.
pub(super) fn dial(ssh: &Ssh) -> Result<Vec<OsString>, HostError> {
    let mut argv = vec![program()?.into_os_string()];
    argv.extend(options(ssh));
    argv.extend(ssh.user.iter().flat_map(|user| ["-l".into(), OsString::from(user)]));
    argv.extend(ssh.port.iter().flat_map(|port| ["-p".into(), OsString::from(port.to_string())]));
    argv.extend(["--".into(), OsString::from(&ssh.host)]);
    argv.extend(DIAL.map(OsString::from));
    Ok(argv)
}

/// The directory that goes before all others in the PATH of Compose and scripts: Docker's command looks for `ssh` there, and would
/// call it with nothing of the above.
pub(crate) fn front(ssh: &Ssh) -> PathBuf {
    let digest = Digest::of(text(ssh, Path::new("ssh")).as_bytes()).to_string();
    ssh.keep.join(format!("ssh-{}", digest.get(..12).unwrap_or_default()))
}

/// Puts it there.
pub(super) fn place(ssh: &Ssh) -> Result<(), HostError> {
    let directory = front(ssh);
    let text = text(ssh, &program()?);
    let written = (|| -> io::Result<()> {
        fs::DirBuilder::new().recursive(true).mode(0o755).create(&directory)?;
        let path = directory.join("ssh");
        if fs::read_to_string(&path).is_ok_and(|there| there == text) {
            return Ok(());
        }
        // Whole or not at all: somebody may be calling it.
        let new = directory.join(format!("new-{}", std::process::id()));
        fs::write(&new, text)?;
        fs::set_permissions(&new, fs::Permissions::from_mode(0o755))?;
        fs::rename(new, path)
    })();
    let why = |e| format!("the ssh for Compose and scripts could not be written into {}: {e}", directory.display());
    written.map_err(|e| HostError::Missing(why(e)))
}

fn text(ssh: &Ssh, program: &Path) -> String {
    let quoted = |word: &OsString| format!("'{}'", word.to_string_lossy().replace('\'', r"'\''"));
    let words: Vec<_> = [program.into()].iter().chain(&options(ssh)).map(quoted).collect();
    format!(
        "#!/bin/sh\n# Made by muster-worker: ssh that asks nothing and trusts no unknown host key.\nexec {} \"$@\"\n",
        words.join(" ")
    )
}

/// What ssh said before it gave up, as a sentence that a person can act on.
pub(super) fn explained(ssh: &Ssh, said: &str) -> String {
    let host = &ssh.host;
    let who = ssh.user.as_deref().unwrap_or("the worker's user");
    let last = said.lines().map(str::trim).rfind(|line| !line.is_empty());
    let has = |words: &str| said.contains(words);
    if has("REMOTE HOST IDENTIFICATION HAS CHANGED") {
        format!("the host key of {host} is another than the known one: find out why before you trust it")
    } else if has("Host key verification failed") || has("host key is known for") {
        format!("the host key of {host} is not known here: compare it with the host's own, then add it to known_hosts")
    } else if has("Permission denied (") {
        format!("{host} does not let {who} in: the public key of the worker belongs into authorized_keys there")
    } else if has("docker.sock") && has("ermission denied") {
        format!("{who} may not talk to Docker on {host}: add that user to the group docker there")
    } else if has("dial-stdio") || (has("docker") && has("not found")) {
        format!(
            "{host} has no docker command that knows `docker system dial-stdio`: install Docker 18.09 or newer there"
        )
    } else {
        last.map_or_else(|| "ssh ended without a word".into(), |line| format!("ssh says: {line}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ssh() -> Ssh {
        Ssh {
            user: Some("muster".into()),
            host: "db2".into(),
            port: Some(2222),
            config: Some("/etc/it's here".into()),
            agent: None,
            home: "/".into(),
            keep: std::env::temp_dir().join(format!("muster-ssh-{}", uuid::Uuid::new_v4().simple())),
        }
    }

    #[test]
    fn ssh_is_told_not_to_ask_before_it_reads_any_file() {
        let argv: Vec<_> = dial(&ssh()).unwrap().into_iter().map(|word| word.into_string().unwrap()).collect();
        assert_eq!(argv[1..5], ["-F", "/etc/it's here", "-o", "BatchMode=yes"]);
        assert!(argv.contains(&"StrictHostKeyChecking=yes".to_owned()));
        assert_eq!(
            argv[argv.len() - 9..],
            ["-l", "muster", "-p", "2222", "--", "db2", "docker", "system", "dial-stdio"]
        );
    }

    #[test]
    fn what_compose_calls_is_the_same_ssh() {
        let ssh = ssh();
        place(&ssh).unwrap();
        let path = front(&ssh).join("ssh");
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(r"'-F' '/etc/it'\''s here' '-o' 'BatchMode=yes'"), "{text}");
        let said = std::process::Command::new(path).arg("-V").output().unwrap();
        assert!(String::from_utf8_lossy(&said.stderr).contains("OpenSSH"), "{said:?}");
        fs::remove_dir_all(&ssh.keep).unwrap();
    }

    #[test]
    fn every_refusal_says_what_to_do() {
        for (said, part) in [
            (
                "No ED25519 host key is known for db2 and you have requested strict checking.\r\nHost key verification failed.\r\n",
                "add it to known_hosts",
            ),
            (
                "@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\nHost key verification failed.",
                "find out why",
            ),
            ("muster@db2: Permission denied (publickey).", "does not let muster in"),
            (
                "permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock",
                "group docker",
            ),
            ("sh: 1: docker: not found", "install Docker"),
            (
                "ssh: connect to host db2 port 22: Connection refused",
                "ssh says: ssh: connect to host db2 port 22: Connection refused",
            ),
            ("\n", "without a word"),
        ] {
            let words = explained(&ssh(), said);
            assert!(words.contains(part), "{said}: {words}");
        }
    }
}
