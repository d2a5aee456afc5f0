//! Nothing is wiped or overwritten without a whole backup: for each place of backups that the plan names, the newest one that is what its
//! checksum says, taken no longer before the incident than the plan allows to lose, and that no trial has shown to be none. Reads only.

use std::{
    fs::File,
    path::{Path, PathBuf},
    time::SystemTime,
};

use shared::{
    domain::{
        drill::Given,
        resolution::ResolvedObject,
        verification::{Place, places},
    },
    ids::SystemId,
    plan::{Plan, StepKind},
    timestamp::{Timestamp, human_seconds},
};
use store::{KnownFile, Store};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{config::Config, files::digest_of};

/// So many of a place are looked at until one is found that no trial has shown to be none.
const MOST: usize = 5;

pub(crate) fn needed(kind: &StepKind) -> bool {
    matches!(kind, StepKind::RemoveVolumes { .. } | StepKind::Down { volumes: true } | StepKind::Extract { .. })
}

/// Who knows what trials have shown of a file (`verify`). It only ever takes a backup away, so a row that lies allows nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Trials<'a> {
    pub(crate) store: &'a Store,
    pub(crate) system: SystemId,
}

impl Trials<'_> {
    async fn of(self, digest: &str) -> Result<Option<KnownFile>, String> {
        let known = self.store.verified_files(self.system, &[digest.to_owned()]).await;
        let known = known.map_err(|e| format!("what trials have shown of its backups cannot be asked: {e}"))?;
        Ok(known.into_iter().next())
    }
}

/// Where a place of the plan is on this host.
pub(crate) fn here(config: &Config, plans: &str) -> PathBuf {
    config.here(plans).unwrap_or_else(|| plans.into())
}

/// The facts that allow it, one sentence each; or why it may not be done, with what to do.
pub(crate) async fn whole(
    config: &Config,
    plan: &Plan,
    declared_at: Timestamp,
    trials: Option<Trials<'_>>,
) -> Result<Vec<String>, String> {
    let places = places(plan);
    if places.is_empty() {
        return Err("nothing may be wiped or overwritten without a whole backup, and the plan names no place of \
                    backups: name their directories under a heading with \"backup\" in it"
            .into());
    }
    let (mut facts, mut missing) = (vec![], vec![]);
    for place in places {
        match look(&place, &here(config, &place.path), declared_at, trials).await {
            Ok(fact) => facts.push(fact),
            Err(why) => missing.push(why),
        }
    }
    if missing.is_empty() {
        return Ok(facts);
    }
    Err(format!(
        "nothing may be wiped or overwritten without a whole backup: {}. Make or bring one, then try again",
        missing.join("; ")
    ))
}

#[derive(Clone, Debug)]
pub(crate) struct Backup {
    pub(crate) path: PathBuf,
    checksum: PathBuf,
    pub(crate) taken_at: Timestamp,
}

impl Backup {
    pub(crate) fn name(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// What its checksum says.
    pub(crate) fn expected(&self) -> String {
        let text = std::fs::read_to_string(&self.checksum).unwrap_or_default();
        text.split_whitespace().next().unwrap_or_default().to_lowercase()
    }
}

async fn look(
    place: &Place,
    here: &Path,
    declared_at: Timestamp,
    trials: Option<Trials<'_>>,
) -> Result<String, String> {
    let directory = here.to_owned();
    let listed = tokio::task::spawn_blocking(move || all(&directory)).await;
    let listed = listed.map_err(|e| format!("the backups were not looked at: {e}"))?;
    let label = &place.label;
    if listed.is_empty() {
        return Err(format!("there is no backup of {label} with a .sha256 beside it in {}", here.display()));
    }
    let mut worst = None;
    for backup in listed.into_iter().take(MOST) {
        let (fact, digest) = match judge(place, backup, declared_at).await {
            Ok(good) => good,
            Err(why) => return Err(worst.unwrap_or(why)),
        };
        let known = match trials {
            Some(trials) => trials.of(&digest).await?,
            None => None,
        };
        match known {
            None => return Ok(fact + ", whole by its checksum, never restored on trial"),
            Some(known) if known.verified => {
                return Ok(format!("{fact}, whole by its checksum, restored on trial at {}", known.at));
            }
            Some(known) => {
                let why = format!("{fact}, could not be restored on trial at {}: {}", known.at, known.why);
                worst.get_or_insert(why);
            }
        }
    }
    Err(worst.unwrap_or_default())
}

/// A fact and the digest, if it is whole and young enough.
async fn judge(place: &Place, backup: Backup, declared_at: Timestamp) -> Result<(String, String), String> {
    let (label, name, taken_at) = (&place.label, backup.name(), backup.taken_at);
    let digesting = tokio::task::spawn_blocking(move || {
        let found = File::open(&backup.path).and_then(|mut file| digest_of(&mut file));
        found.map(|digest| (digest == backup.expected(), digest))
    });
    let found = digesting.await.map_err(|e| format!("the backups were not looked at: {e}"))?;
    let (same, digest) = found.map_err(|e| format!("the backup {name} of {label} cannot be read: {e}"))?;
    if !same {
        return Err(format!("the newest backup of {label}, {name}, is not what its .sha256 says"));
    }
    let age = declared_at.seconds_since(taken_at);
    let limit = i64::try_from(place.limit_seconds).unwrap_or(i64::MAX);
    let when = if age >= 0 {
        format!("{} before the incident", human_seconds(age))
    } else {
        format!("{} after the incident was declared", human_seconds(-age))
    };
    if age > limit {
        return Err(format!(
            "the newest backup of {label}, {name}, was taken {when}, and the plan allows {}",
            human_seconds(limit)
        ));
    }
    Ok((format!("backup of {label}: {name}, taken {when}"), digest))
}

/// The backups that a step is given by name: of each what the plan calls the place where it lies. Of an archive the one that was
/// approved, wherever its name leads by now.
pub(crate) async fn given(
    config: &Config,
    plan: &Plan,
    kind: &StepKind,
    objects: &[ResolvedObject],
) -> Vec<(String, Given)> {
    let named: Vec<PathBuf> = match kind {
        StepKind::Extract { .. } => objects.iter().map(|object| object.name.clone().into()).collect(),
        StepKind::Script { args, .. } => args.iter().filter_map(|text| config.here(text)).collect(),
        _ => vec![],
    };
    let places: Vec<_> = places(plan).into_iter().map(|p| (p.label, here(config, &p.path))).collect();
    if named.is_empty() || places.is_empty() {
        return vec![];
    }
    let look = move || named.iter().filter_map(|path| lies_in(path, &places)).collect();
    // What cannot be looked at is not known to be a backup.
    tokio::task::spawn_blocking(look).await.unwrap_or_default()
}

fn lies_in(path: &Path, places: &[(String, PathBuf)]) -> Option<(String, Given)> {
    let path = path.canonicalize().ok()?;
    let of = |place: &PathBuf| place.canonicalize().is_ok_and(|place| path == place || path.parent() == Some(&place));
    let (label, _) = places.iter().find(|(_, place)| of(place))?;
    let found = backup(path.clone())?;
    Some((label.clone(), Given { name: found.name(), taken_at: found.taken_at }))
}

/// `here` is a directory of backups, or one backup.
pub(crate) fn newest(here: &Path) -> Option<Backup> {
    all(here).into_iter().next()
}

/// Newest first.
fn all(here: &Path) -> Vec<Backup> {
    if here.is_file() {
        return backup(here.to_owned()).into_iter().collect();
    }
    let entries = std::fs::read_dir(here).into_iter().flatten();
    let mut found: Vec<_> = entries.filter_map(|entry| backup(entry.ok()?.path())).collect();
    found.sort_by(|a, b| (b.taken_at, &b.path).cmp(&(a.taken_at, &a.path)));
    found
}

/// A file with a checksum beside it: only that is a whole backup.
fn backup(path: PathBuf) -> Option<Backup> {
    let name = path.file_name()?.to_str()?.to_owned();
    if name.starts_with('.') || name.ends_with(".sha256") || name.ends_with(".json") || !path.is_file() {
        return None;
    }
    let stem = name.split('.').next().unwrap_or_default();
    let beside = |ending: &str| {
        [format!("{name}.{ending}"), format!("{stem}.{ending}")]
            .into_iter()
            .map(|file| path.with_file_name(file))
            .find(|file| file.is_file())
    };
    let checksum = beside("sha256")?;
    let told = beside("json").and_then(|file| {
        let facts: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(file).ok()?).ok()?;
        OffsetDateTime::parse(facts.get("taken_at")?.as_str()?, &Rfc3339).ok()
    });
    let written = || path.metadata().and_then(|facts| facts.modified()).ok().map(SystemTime::into);
    let taken_at = Timestamp::new(told.or_else(written)?);
    Some(Backup { path, checksum, taken_at })
}

#[cfg(test)]
mod tests;
