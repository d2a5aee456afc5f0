//! Files on the worker's own host that steps name: the operator's scripts, Compose files, archives; each with the digest that
//! consent binds to. Reads only, and runs nothing.

use std::{
    fs::File,
    io::{self, Read as _},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use sha2::{Digest as _, Sha256};
use shared::{
    digest::Digest,
    domain::resolution::{ObjectKind, ResolvedObject},
};

use crate::config::Config;

/// More files than a person would keep beside scripts.
const MOST_COMPANIONS: usize = 2000;

/// Of everything that can still be read from `file`.
pub(crate) fn digest_of(file: &mut File) -> io::Result<String> {
    let mut hash = Sha256::new();
    let mut piece = vec![0; 64 * 1024];
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()),
            n => hash.update(&piece[..n]),
        }
    }
}

/// Away from the threads that must not wait.
pub(crate) async fn digest(path: &Path) -> Result<String, String> {
    let owned = path.to_owned();
    let read = tokio::task::spawn_blocking(move || digest_of(&mut File::open(owned)?)).await;
    match read {
        Ok(Ok(digest)) => Ok(digest),
        Ok(Err(error)) => Err(format!("{} cannot be read: {error}", path.display())),
        Err(error) => Err(format!("{} was not read to its end: {error}", path.display())),
    }
}

pub(crate) fn object(path: &Path, digest: String) -> ResolvedObject {
    ResolvedObject {
        kind: ObjectKind::File,
        id: digest,
        name: path.display().to_string(),
        service: None,
        image: None,
        image_id: None,
        state: None,
        port: None,
        bytes: None,
        image_digest: None,
    }
}

/// `sha256 1a2b3c4d…`
pub(crate) fn short(digest: &str) -> String {
    format!("sha256 {}…", digest.get(..8).unwrap_or(digest))
}

/// The file of that name right in the directory of scripts, whatever path the plan gives it. The error completes "Step 2 …".
pub(crate) fn script(config: &Config, plans: &str) -> Result<PathBuf, String> {
    let Some(directory) = &config.scripts else {
        return Err(format!(
            "runs the script {plans}, but this worker has no directory of scripts: set MUSTER_WORKER_SCRIPTS"
        ));
    };
    executable(directory, plans, "scripts")
}

/// The executable of that name right in a directory of the operator's.
pub(crate) fn executable(directory: &Path, plans: &str, kind: &str) -> Result<PathBuf, String> {
    let name = plans.rsplit('/').next().unwrap_or_default();
    if name.is_empty() || name == "." || name == ".." || name.contains('\0') {
        return Err(format!("runs {plans}, which is no name of a script"));
    }
    let path = directory.join(name);
    let real = path.canonicalize().map_err(|_| {
        format!("runs the script {name}, which is not in the worker's directory of {kind} ({})", directory.display())
    })?;
    let home = directory.canonicalize().unwrap_or_else(|_| directory.to_owned());
    if real.parent() != Some(&*home) {
        return Err(format!("runs the script {name}, which leads out of the worker's directory of {kind}"));
    }
    let facts = real.metadata().map_err(|e| format!("runs the script {name}, which cannot be looked at: {e}"))?;
    if !facts.is_file() {
        return Err(format!("runs the script {name}, which is no regular file"));
    }
    if facts.permissions().mode() & 0o111 == 0 {
        return Err(format!("runs the script {name}, which is not executable: chmod +x {}", real.display()));
    }
    Ok(real)
}

/// The script, and everything else in its directory that it could call or read, as one object: consent binds to both.
pub(crate) async fn script_objects(path: &Path) -> Result<[ResolvedObject; 2], String> {
    let script = object(path, digest(path).await?);
    let directory = path.parent().unwrap_or(path).to_owned();
    let (shown, script_path) = (directory.display().to_string(), path.to_owned());
    let read = tokio::task::spawn_blocking(move || companions(&directory, &script_path)).await;
    let (id, count) = match read {
        Ok(Ok(found)) => found,
        Ok(Err(error)) => return Err(format!("{shown} cannot be read: {error}")),
        Err(error) => return Err(format!("{shown} was not read to its end: {error}")),
    };
    let beside = ResolvedObject { name: format!("{shown} ({count} other files)"), ..object(path, id) };
    Ok([script, beside])
}

fn companions(directory: &Path, script: &Path) -> io::Result<(String, usize)> {
    let mut files = vec![];
    let mut open = vec![directory.to_owned()];
    while let Some(directory) = open.pop() {
        for entry in std::fs::read_dir(&directory)? {
            let entry = entry?;
            let (path, kind) = (entry.path(), entry.file_type()?);
            if kind.is_dir() {
                open.push(path);
            } else if path != script && path.is_file() {
                files.push(path);
            }
            if files.len() > MOST_COMPANIONS {
                return Err(io::Error::other(format!("there are more than {MOST_COMPANIONS} files in it")));
            }
        }
    }
    files.sort();
    let mut list = vec![];
    for path in &files {
        list.push((
            path.strip_prefix(directory).unwrap_or(path).display().to_string(),
            digest_of(&mut File::open(path)?)?,
        ));
    }
    Ok((Digest::of_value(&list).to_string(), list.len()))
}

/// An argument that begins with a directory that is elsewhere on this host.
pub(crate) fn argument(config: &Config, text: &str) -> String {
    config.here(text).map_or_else(|| text.to_owned(), |path| path.display().to_string())
}

/// As a shell would have to be given it, so that one argument is never shown as two.
pub(crate) fn quoted(argv: &[String]) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./:=@,+%".contains(c);
    let word = |text: &String| {
        if !text.is_empty() && text.chars().all(plain) {
            text.clone()
        } else {
            format!("'{}'", text.replace('\'', "'\\''"))
        }
    };
    argv.iter().map(word).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::symlink};

    use super::*;

    #[tokio::test]
    async fn only_an_executable_right_in_the_directory_is_a_script() {
        let root = std::env::temp_dir().join(format!("muster-files-{}", uuid::Uuid::new_v4()));
        let scripts = root.join("scripts");
        fs::create_dir_all(scripts.join("lib")).unwrap();
        let write = |name: &str, mode| {
            let path = scripts.join(name);
            fs::write(&path, name).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        };
        write("good.sh", 0o755);
        write("plain.sh", 0o644);
        write("lib/common.sh", 0o755);
        fs::write(root.join("outside.sh"), "x").unwrap();
        fs::set_permissions(root.join("outside.sh"), fs::Permissions::from_mode(0o755)).unwrap();
        symlink("../outside.sh", scripts.join("out.sh")).unwrap();
        symlink("good.sh", scripts.join("alias.sh")).unwrap();
        let config = Config { scripts: Some(scripts.clone()), ..Config::for_projects(&["x"]) };
        for plans in ["./scripts/good.sh", "/app/good.sh", "../../good.sh", "alias.sh"] {
            assert_eq!(script(&config, plans).unwrap(), scripts.canonicalize().unwrap().join("good.sh"), "{plans}");
        }
        for (plans, part) in [
            ("./none.sh", "not in the worker's directory"),
            ("plain.sh", "not executable"),
            ("out.sh", "leads out"),
            ("lib", "no regular file"),
            ("x/..", "no name"),
            ("", "no name"),
        ] {
            let why = script(&config, plans).unwrap_err();
            assert!(why.contains(part), "{plans}: {why}");
        }
        let why = script(&Config::for_projects(&["x"]), "./a.sh").unwrap_err();
        assert!(why.contains("MUSTER_WORKER_SCRIPTS"), "{why}");

        // What a script may call is part of what is consented to.
        let path = script(&config, "good.sh").unwrap();
        let before = script_objects(&path).await.unwrap();
        assert_eq!(before[0].id, Digest::of(b"good.sh").to_string());
        fs::write(scripts.join("lib/common.sh"), "changed").unwrap();
        let after = script_objects(&path).await.unwrap();
        assert_eq!(before[0], after[0]);
        assert_ne!(before[1].id, after[1].id);
        fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn arguments_are_shown_apart() {
        let argv = ["a", "b c", "it's", ""].map(str::to_owned);
        assert_eq!(quoted(&argv), "a 'b c' 'it'\\''s' ''");
    }
}
