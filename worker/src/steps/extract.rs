//! An approved archive unpacked into a directory that the operator has mapped: read to its end and judged first, written aside,
//! then moved into place file by file. Never outside of that directory.

pub(crate) mod archive;

use std::{
    fs::{self, File},
    io::{Seek as _, SeekFrom},
    path::{Path, PathBuf},
    time::Duration,
};

use shared::domain::{
    resolution::{ObjectKind, ResolvedObject},
    run::StepOutcome,
};

use tokio::time::timeout;

use self::archive::{Entry, What};
use super::{Probed, Step, relay::span};
use crate::{files, lease::LeaseLost};

/// For reading it, and again for moving what was in it: a file that never ends, or a share that never answers.
pub(super) const LIMIT: Duration = Duration::from_secs(30 * 60);

/// Where the archive and the directory are on this host. The error is a sentence.
fn place<'a>(step: Step<'a>, into: Option<&str>) -> Result<(&'a ResolvedObject, PathBuf), String> {
    let archive = step.objects.iter().find(|o| o.kind == ObjectKind::File).ok_or("this step means no archive")?;
    let here = into.and_then(|plans| step.site.config.here(plans));
    let here = here.ok_or("this worker does not know where to unpack to (MUSTER_WORKER_PATHS)")?;
    let real = here.canonicalize().map_err(|e| format!("{} cannot be used: {e}", here.display()))?;
    Ok((archive, real))
}

/// The approved archive, opened: what is unpacked is what was just digested.
fn opened(object: &ResolvedObject) -> Result<File, String> {
    let unreadable = |e: std::io::Error| format!("{} cannot be read: {e}", object.name);
    let mut file = File::open(&object.name).map_err(unreadable)?;
    if files::digest_of(&mut file).map_err(unreadable)? != object.id {
        return Err(format!("{} is not the archive that was approved", object.name));
    }
    file.seek(SeekFrom::Start(0)).map_err(unreadable)?;
    Ok(file)
}

pub(super) async fn perform(step: Step<'_>, into: Option<&str>) -> Result<StepOutcome, LeaseLost> {
    let refused = |why: String| Ok(StepOutcome::Failed { reason: format!("{why}; nothing was written") });
    let (object, into) = match place(step, into) {
        Ok((object, into)) => (object.clone(), into),
        Err(why) => return refused(why),
    };
    let aside = aside(step, &into);
    let (target, staging) = (into.clone(), aside.clone());
    let read = tokio::task::spawn_blocking(move || {
        let entries = archive::read(opened(&object)?, &staging, &target);
        if entries.is_err() {
            remove(&staging);
        }
        entries
    });
    let limit = step.limit(LIMIT);
    let entries = match timeout(limit, read).await {
        Ok(Ok(Ok(entries))) => entries,
        Ok(Ok(Err(why))) => return refused(why),
        Ok(Err(error)) => return refused(format!("the archive was not read to its end: {error}")),
        // Whoever still reads writes aside only; nothing of it is moved any more.
        Err(_) => return refused(format!("the archive was not read to its end within {}", span(limit))),
    };
    if let Err(lost) = step.lease.check() {
        remove(&aside);
        return Err(lost);
    }
    let target = into.clone();
    let moved = tokio::task::spawn_blocking(move || {
        let moved = put(&entries, &aside, &target);
        remove(&aside);
        moved.map(|names| (names, entries.iter().filter(|e| e.what != What::Directory).count()))
    });
    Ok(match timeout(limit, moved).await {
        Err(_) => StepOutcome::Unknown { reason: format!("it was not finished within {}", span(limit)) },
        Ok(Ok(Ok((names, all)))) => {
            for name in &names {
                step.output.out(name).await;
            }
            let same = all - names.len();
            let rest = if same == 0 { String::new() } else { format!("; {same} were already so") };
            StepOutcome::Succeeded { evidence: format!("unpacked {} files into {}{rest}", names.len(), into.display()) }
        }
        Ok(Ok(Err(why))) => StepOutcome::Unknown { reason: format!("it was not finished: {why}") },
        Ok(Err(error)) => StepOutcome::Unknown { reason: format!("it was not finished: {error}") },
    })
}

fn aside(step: Step<'_>, into: &Path) -> PathBuf {
    into.join(format!(".muster-unpack-{}-{}", step.site.header.id.0, step.planned.number))
}

fn remove(aside: &Path) {
    // Not there, or somebody looks at it: it is hidden and ours, and nothing depends on it.
    let _ = fs::remove_dir_all(aside);
}

/// Moves what differs into place; the names of what was moved.
fn put(entries: &[Entry], aside: &Path, into: &Path) -> Result<Vec<String>, String> {
    let mut moved = vec![];
    for entry in entries {
        let (from, to) = (aside.join(&entry.path), into.join(&entry.path));
        let failed = |e: std::io::Error| format!("{}: {e}", to.display());
        if entry.what == What::Directory {
            fs::create_dir_all(&to).map_err(failed)?;
            continue;
        }
        if archive::same(&from, &to) {
            continue;
        }
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent).map_err(failed)?;
        }
        fs::rename(&from, &to).map_err(failed)?;
        moved.push(entry.path.display().to_string());
    }
    Ok(moved)
}

/// Proven only if every file of the archive is in place as it is in there.
pub(super) async fn probe(step: Step<'_>, into: Option<&str>) -> Probed {
    let unknown = |reason: String| Probed::Unknown { reason };
    let (object, into) = match place(step, into) {
        Ok((object, into)) => (object.clone(), into),
        Err(why) => return unknown(why),
    };
    let aside = aside(step, &into);
    let looked = tokio::task::spawn_blocking(move || {
        remove(&aside);
        let entries = archive::read(opened(&object)?, &aside, &into);
        let counted = entries.map(|entries| {
            let files: Vec<_> = entries.iter().filter(|e| e.what != What::Directory).collect();
            let same = files.iter().filter(|e| archive::same(&aside.join(&e.path), &into.join(&e.path))).count();
            (same, files.len())
        });
        remove(&aside);
        counted
    });
    match looked.await {
        Ok(Ok((same, all))) if same == all => {
            Probed::Done { evidence: format!("found all {all} files unpacked after the worker came back") }
        }
        Ok(Ok((same, all))) => unknown(format!("the worker was interrupted; {same} of {all} files are in place")),
        Ok(Err(why)) => unknown(why),
        Err(error) => unknown(error.to_string()),
    }
}

#[cfg(test)]
mod tests;
