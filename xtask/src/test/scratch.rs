//! The directory of the tests' database: on a memory file system where there is one, gone when the run ends, however it ends.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};

use crate::demo::{process, stop_database};

const PREFIX: &str = "muster-test-";

/// The tests start a database server in it and leave it running for each other; dropping this stops it.
pub(super) struct Scratch(PathBuf);

impl Scratch {
    pub(super) fn new() -> Result<Self> {
        let memory = Path::new("/dev/shm");
        let root = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        clear_left_behind(&root);
        let path = root.join(format!("{PREFIX}{}", std::process::id()));
        fs::create_dir_all(&path).with_context(|| format!("cannot create {}", path.display()))?;
        let on_interrupt = path.clone();
        ctrlc::set_handler(move || {
            clear(&on_interrupt);
            std::process::exit(130);
        })?;
        Ok(Self(path))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        clear(&self.0);
    }
}

fn clear(path: &Path) {
    stop_database(path);
    // Left files on a memory file system are no failure of a test.
    let _ = fs::remove_dir_all(path);
}

/// What runs that were killed have left: directories named after processes that are gone.
fn clear_left_behind(root: &Path) {
    for entry in fs::read_dir(root).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let owner = name.strip_prefix(PREFIX).and_then(|pid| pid.parse().ok());
        if owner.is_some_and(|pid| !process::is_alive(pid)) {
            clear(&entry.path());
        }
    }
}
