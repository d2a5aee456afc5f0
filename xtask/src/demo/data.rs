//! What the demo puts into a new Muster: the plan, one person per role, and a place for the database. Speaks only through
//! Muster's own commands.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{Read as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, symlink},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{
    SYSTEM,
    process::{Environment, SERVER},
};
use crate::{
    progress::{self, say},
    project::Project,
};

/// The file with the sign-ins, in the data directory.
pub(crate) const USERS: &str = "demo-users.json";
/// Where a checkout that only root may enter keeps its demo's database.
const COMMON_GROUND: &str = "/var/lib/muster-demo";

#[derive(Serialize, Deserialize)]
struct User {
    email: String,
    password: String,
    role: String,
}

/// Role, and the duties that person has in the plan.
const PEOPLE: [(&str, &[&str]); 5] = [
    ("viewer", &[]),
    ("responder", &[]),
    ("operator", &["system-administrator"]),
    ("approver", &["database-administrator", "system-administrator"]),
    ("administrator", &["security-officer", "system-administrator"]),
];

/// Adds one person per role, unless the last start did. The passwords are written down before they are used, so that a start
/// that was cut short can be finished by the next.
pub(crate) fn add_users(environment: &Environment<'_>) -> Result<()> {
    let done = environment.place.data.join(USERS);
    if done.exists() {
        return Ok(());
    }
    progress::step("adding one person per role", || {
        let begun = environment.place.data.join(format!("{USERS}.new"));
        if !begun.exists() {
            let users: Vec<User> = PEOPLE
                .iter()
                .map(|(role, _)| {
                    Ok(User { email: format!("{role}@demo.invalid"), password: random()?, role: (*role).to_owned() })
                })
                .collect::<Result<_>>()?;
            write_secret(&begun, &serde_json::to_string_pretty(&users)?)?;
        }
        let users: Vec<User> = serde_json::from_slice(&fs::read(&begun)?)
            .with_context(|| format!("{} is damaged: remove it", begun.display()))?;
        for user in &users {
            let mut arguments = vec!["user", "add", "--email", &user.email, "--name", &user.role, "--role", &user.role];
            let duties = PEOPLE.iter().filter(|(role, _)| *role == user.role).flat_map(|(_, duties)| *duties);
            arguments.extend(duties.flat_map(|duty| ["--contact-role", duty]));
            match environment.run(SERVER, &arguments, &format!("{}\n", user.password)) {
                // Added by a start that was cut short, with this very password.
                Err(error) if error.to_string().contains("already") => {}
                other => other?,
            }
        }
        fs::rename(begun, &done)?;
        Ok(())
    })
}

/// Imports the plan, unless this very text was imported last time.
pub(crate) fn import_plan(project: &Project, environment: &Environment<'_>) -> Result<()> {
    let plan = project.path("plans/bt2c/plan.md");
    let text = fs::read(&plan).with_context(|| format!("cannot read {}", plan.display()))?;
    let digest: String = Sha256::digest(&text).iter().map(|byte| format!("{byte:02x}")).collect();
    let stamp = environment.place.data.join("plan.imported");
    if fs::read_to_string(&stamp).is_ok_and(|last| last == digest) {
        return Ok(());
    }
    progress::step("importing the recovery plan", || {
        let plan = plan.to_string_lossy();
        environment.run(
            "muster",
            &["plan", "import", &plan, "--system", SYSTEM, "--project", SYSTEM, "--name", "BT2C"],
            "",
        )?;
        Ok(fs::write(&stamp, &digest)?)
    })
}

/// Removes everything a demo left, but for the log of a Docker engine that is running now.
pub(crate) fn drop_all(data: &Path) -> Result<()> {
    let room = data.join("postgres");
    if let Some(elsewhere) = room.is_symlink().then(|| room.canonicalize().ok()).flatten() {
        remove(&elsewhere)?;
    }
    for entry in fs::read_dir(data)? {
        let path = entry?.path();
        if !path.ends_with("dockerd.log") {
            remove(&path)?;
        }
    }
    Ok(())
}

fn remove(path: &Path) -> Result<()> {
    let removed = if path.is_dir() && !path.is_symlink() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    removed.with_context(|| format!("cannot remove {}", path.display()))
}

/// As root the database runs as an account that may not be allowed into this checkout (say, below /root). Then it gets a room
/// elsewhere, and the data directory a link to it.
pub(crate) fn room_for_postgres(data: &Path) -> Result<()> {
    let room = data.join("postgres");
    if !nix::unistd::geteuid().is_root() || room.exists() || everybody_may_pass(data)? {
        return Ok(());
    }
    let name: String =
        Sha256::digest(data.as_os_str().as_encoded_bytes()).iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    let elsewhere = PathBuf::from(COMMON_GROUND).join(name);
    DirBuilder::new()
        .mode(0o711)
        .recursive(true)
        .create(&elsewhere)
        .with_context(|| format!("cannot create {}", elsewhere.display()))?;
    if room.is_symlink() {
        fs::remove_file(&room)?;
    }
    symlink(&elsewhere, &room)?;
    say(&format!("     Only root may enter this checkout, so the demo's database is kept in {}.", elsewhere.display()));
    Ok(())
}

fn everybody_may_pass(directory: &Path) -> Result<bool> {
    let directory = directory.canonicalize()?;
    // The data directory itself is opened by the server when it needs it.
    for above in directory.ancestors().skip(1) {
        if fs::metadata(above)?.mode() & 0o001 == 0 {
            return Ok(false);
        }
    }
    Ok(true)
}

/// 144 bits from the operating system, easy to select with a double click.
pub(super) fn random() -> Result<String> {
    let mut bytes = [0; 18];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

pub(super) fn write_secret(file: &Path, text: &str) -> Result<()> {
    let mut out = OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(true)
        .mode(0o600)
        .open(file)
        .with_context(|| format!("cannot write {}", file.display()))?;
    out.write_all(text.as_bytes())?;
    out.write_all(b"\n")?;
    Ok(())
}
