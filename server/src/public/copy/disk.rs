//! A copy into a directory, whole or not at all: written beside it and put in its place in one step. Never touches a directory that
//! is somebody else's.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use rustix::fs::{CWD, RenameFlags, renameat_with, syncfs};
use serde_json::json;
use uuid::Uuid;

use super::Copy;

/// Says that a directory is a copy, and of when.
const MARK: &str = ".muster-status-copy.json";

/// A sentence that names the directory and says what was not done.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct NotWritten(String);

/// Whether a copy may be put there.
///
/// # Errors
/// If something is there that is neither empty nor a copy, or nothing can be put there.
pub fn check(directory: &Path) -> Result<(), NotWritten> {
    let refused = |why: &str| Err(NotWritten(format!("{} {why}. Nothing was written.", directory.display())));
    match fs::read_dir(directory) {
        Ok(mut entries) => {
            if entries.next().is_some() && !directory.join(MARK).is_file() {
                return refused("holds files that are no copy of a status page; give an empty or a new directory");
            }
            Ok(())
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            if parent(directory).is_dir() {
                Ok(())
            } else {
                refused("cannot be made: the directory above it is missing")
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => refused("is no directory"),
        Err(error) => refused(&format!("cannot be read: {error}")),
    }
}

/// Puts the copy there in the place of an older one. Who reads meanwhile sees the old one or the new one, and never both.
///
/// # Errors
/// As [`check`], or if the disk refuses; what was there is there still.
pub fn write(copy: &Copy, directory: &Path) -> Result<(), NotWritten> {
    check(directory)?;
    let failed = |error: io::Error| {
        NotWritten(format!(
            "the copy could not be put to {}: {error}. What was there is there still.",
            directory.display()
        ))
    };
    // A link to a directory stays one.
    let directory = fs::canonicalize(directory).or_else(|_| std::path::absolute(directory)).map_err(failed)?;
    let name = directory.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let beside = parent(&directory).join(format!(".{name}.{}", Uuid::now_v7().simple()));
    let written = fill(copy, &beside).and_then(|()| exchange(&beside, &directory));
    if let Err(error) = written {
        // What is half written is in nobody's way; the reason counts.
        let _ = fs::remove_dir_all(&beside);
        return Err(failed(error));
    }
    Ok(())
}

fn parent(directory: &Path) -> PathBuf {
    let absolute = std::path::absolute(directory).unwrap_or_else(|_| directory.to_owned());
    absolute.parent().map_or_else(|| "/".into(), Path::to_owned)
}

fn fill(copy: &Copy, directory: &Path) -> io::Result<()> {
    fs::create_dir(directory)?;
    for super::CopyFile { path, bytes, .. } in &copy.files {
        let file = directory.join(path);
        if let Some(above) = file.parent() {
            fs::create_dir_all(above)?;
        }
        File::create(file)?.write_all(bytes)?;
    }
    let mark = json!({ "made_at": copy.made_at, "files": copy.files.len(), "by": "muster" });
    fs::write(directory.join(MARK), format!("{mark}\n"))?;
    // A name must not be on the disk before what it names.
    syncfs(File::open(directory)?)?;
    Ok(())
}

/// Puts `new` in the place of `old`, and what was there away.
fn exchange(new: &Path, old: &Path) -> io::Result<()> {
    if !old.exists() {
        return fs::rename(new, old);
    }
    match renameat_with(CWD, new, CWD, old, RenameFlags::EXCHANGE) {
        // `new` names the old one now.
        Ok(()) => fs::remove_dir_all(new),
        // A file system that cannot exchange: for an instant there is nothing, but never a mixture.
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => {
            let away = new.with_extension("old");
            fs::rename(old, &away)?;
            if let Err(error) = fs::rename(new, old) {
                fs::rename(&away, old)?;
                return Err(error);
            }
            fs::remove_dir_all(&away)
        }
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use shared::timestamp::Timestamp;

    use super::*;

    struct Scratch(PathBuf);

    impl Scratch {
        fn new() -> Self {
            let path = std::env::temp_dir().join(format!("muster-copy-{}", Uuid::now_v7().simple()));
            fs::create_dir(&path).unwrap();
            Self(path)
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn copy(text: &'static str, files: &[&str]) -> Copy {
        let files = files.iter().map(|path| super::super::CopyFile {
            path: (*path).to_owned(),
            bytes: Bytes::from_static(text.as_bytes()),
            media: axum::http::HeaderValue::from_static("text/html"),
        });
        let files = files.collect();
        Copy { made_at: Timestamp::from_unix(0), files }
    }

    #[test]
    fn a_copy_replaces_a_copy_and_nothing_else() {
        let scratch = Scratch::new();
        let there = scratch.0.join("site");
        write(&copy("one", &["index.html", "a/b/index.html"]), &there).unwrap();
        write(&copy("two", &["index.html"]), &there).unwrap();
        assert_eq!(fs::read_to_string(there.join("index.html")).unwrap(), "two");
        assert!(!there.join("a").exists(), "nothing of the old one is left");
        assert_eq!(fs::read_dir(&scratch.0).unwrap().count(), 1, "nothing lies beside it");

        let link = scratch.0.join("link");
        std::os::unix::fs::symlink(&there, &link).unwrap();
        write(&copy("three", &["index.html"]), &link).unwrap();
        assert_eq!(fs::read_to_string(there.join("index.html")).unwrap(), "three");
        assert!(link.is_symlink());

        let theirs = scratch.0.join("theirs");
        fs::create_dir(&theirs).unwrap();
        write(&copy("four", &["index.html"]), &theirs).unwrap();
        fs::remove_file(theirs.join(MARK)).unwrap();
        let no = write(&copy("five", &["index.html"]), &theirs).unwrap_err().to_string();
        assert!(no.contains("no copy of a status page") && no.contains("Nothing was written"), "{no}");
        assert_eq!(fs::read_to_string(theirs.join("index.html")).unwrap(), "four");
        for (place, why) in [("theirs/index.html", "no directory"), ("no/where", "above it is missing")] {
            let no = check(&scratch.0.join(place)).unwrap_err().to_string();
            assert!(no.contains(why), "{place}: {no}");
        }
    }

    /// Whoever reads while copies follow each other sees one of them, whole.
    #[test]
    fn a_reader_never_sees_a_mixture() {
        let scratch = Scratch::new();
        let there = scratch.0.join("site");
        let names: Vec<_> = (0..40).map(|n| format!("{n}/index.html")).collect();
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        write(&copy("old", &names), &there).unwrap();
        let done = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|scope| {
            let reader = scope.spawn(|| {
                let mut n_read = 0;
                while !done.load(std::sync::atomic::Ordering::Relaxed) {
                    // Held open, as a server holds its root: what is read through it is of one copy.
                    let Ok(root) = rustix::fs::open(&there, rustix::fs::OFlags::DIRECTORY, rustix::fs::Mode::empty())
                    else {
                        panic!("for an instant there was no copy");
                    };
                    let mut seen = std::collections::HashSet::new();
                    for name in ["0/index.html", "39/index.html"] {
                        let file =
                            rustix::fs::openat(&root, name, rustix::fs::OFlags::RDONLY, rustix::fs::Mode::empty());
                        // The whole copy may be gone by now, but not one half of it.
                        let Ok(file) = file else { continue };
                        let mut text = String::new();
                        io::Read::read_to_string(&mut File::from(file), &mut text).unwrap();
                        seen.insert(text);
                    }
                    assert!(seen.len() <= 1, "{seen:?}");
                    n_read += 1;
                }
                n_read
            });
            for n in 0..40 {
                write(&copy(if n % 2 == 0 { "new" } else { "old" }, &names), &there).unwrap();
            }
            done.store(true, std::sync::atomic::Ordering::Relaxed);
            assert!(reader.join().unwrap() > 10);
        });
    }
}
