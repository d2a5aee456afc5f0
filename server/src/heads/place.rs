//! One place outside the database that heads go to: a file, or a directory (a mounted share, say) in which each key has its own.
//! A place that hangs holds up nobody but itself.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use shared::{
    api::audit::{HeadPlaceView, HeadView},
    domain::audit::head::PublicKey,
};
use tokio::sync::watch;

/// How long a place that took nothing is left alone.
const AGAIN_AFTER: Duration = Duration::from_secs(10);

/// A head on its way.
#[derive(Clone, Debug)]
pub(super) struct Outgoing {
    pub(super) line: String,
    pub(super) head: HeadView,
}

#[derive(Debug)]
pub(super) struct Place {
    given: PathBuf,
    file: PathBuf,
    state: Mutex<HeadPlaceView>,
}

/// The file that heads of this key stand in.
#[must_use]
pub fn file_of(place: &Path, key: &PublicKey) -> PathBuf {
    if place.is_dir() { place.join(format!("audit-heads-{}.jsonl", key.id())) } else { place.to_owned() }
}

impl Place {
    pub(super) fn new(given: PathBuf, key: &PublicKey) -> Self {
        let file = file_of(&given, key);
        let state = HeadPlaceView { path: given.display().to_string(), newest: None, error: None };
        Self { given, file, state: Mutex::new(state) }
    }

    pub(super) fn view(&self) -> HeadPlaceView {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn change(&self, change: impl FnOnce(&mut HeadPlaceView)) {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
    }

    pub(super) fn name(&self) -> String {
        self.file.display().to_string()
    }

    /// All that stands there; nothing if there is no file yet.
    pub(super) fn read(&self) -> io::Result<String> {
        match fs::read_to_string(&self.file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
            read => read,
        }
    }

    pub(super) fn found(&self, newest: Option<HeadView>) {
        self.change(|state| state.newest = newest);
    }

    /// Writes each head that comes, or the newest if several came meanwhile; tries again what failed. Ends with the sender.
    pub(super) async fn follow(self: Arc<Self>, mut heads: watch::Receiver<Option<Outgoing>>) {
        loop {
            let outgoing = heads.borrow_and_update().clone();
            let taken = match outgoing {
                None => true,
                Some(outgoing) => self.take(outgoing).await,
            };
            let gone = if taken {
                heads.changed().await.is_err()
            } else {
                tokio::time::timeout(AGAIN_AFTER, heads.changed()).await.is_ok_and(|changed| changed.is_err())
            };
            if gone {
                return;
            }
        }
    }

    async fn take(self: &Arc<Self>, Outgoing { line, head }: Outgoing) -> bool {
        let place = self.clone();
        let written = tokio::task::spawn_blocking(move || append(&place.given, &place.file, &line)).await;
        let written = written.unwrap_or_else(|panicked| Err(io::Error::other(panicked)));
        let fine = written.is_ok();
        self.change(|state| match written {
            Ok(()) => {
                if state.error.take().is_some() {
                    tracing::info!("{} takes heads of the audit chain again", state.path);
                }
                state.newest = Some(head);
            }
            Err(error) => {
                if state.error.is_none() {
                    tracing::error!(
                        "{} takes no heads of the audit chain: {error}; tried again all the time",
                        state.path
                    );
                }
                state.error = Some(error.to_string());
            }
        });
        fine
    }
}

/// One more line, on the disk when this returns.
fn append(given: &Path, file: &Path, line: &str) -> io::Result<()> {
    if given != file && !given.is_dir() {
        return Err(io::Error::new(io::ErrorKind::NotFound, "the directory is gone; is it mounted?"));
    }
    let new = !file.exists();
    let mut out = OpenOptions::new().create(true).read(true).append(true).open(file)?;
    // A line that was cut off by a crash stays alone.
    let mut text = if ends_a_line(&mut out)? { String::new() } else { "\n".into() };
    text.push_str(line);
    text.push('\n');
    out.write_all(text.as_bytes())?;
    out.sync_all()?;
    if new && let Some(directory) = file.parent() {
        File::open(directory)?.sync_all()?;
    }
    Ok(())
}

fn ends_a_line(file: &mut File) -> io::Result<bool> {
    if file.metadata()?.len() == 0 {
        return Ok(true);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_added_whole_and_a_torn_one_stays_alone() {
        let directory = std::env::temp_dir().join(format!("muster-heads-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        let file = directory.join("heads.jsonl");
        append(&file, &file, "one").unwrap();
        append(&file, &file, "two").unwrap();
        OpenOptions::new().append(true).open(&file).unwrap().write_all(b"to").unwrap();
        append(&directory, &file, "three").unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "one\ntwo\nto\nthree\n");
        assert!(append(&directory.join("gone"), &directory.join("gone/heads.jsonl"), "x").is_err());
        fs::remove_dir_all(&directory).unwrap();
    }
}
