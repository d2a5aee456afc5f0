//! Nothing is wiped or overwritten without a verified backup: for each place of backups that the plan names, the newest one
//! with its checksum, taken no longer before the incident than the plan allows to lose. Reads only.

use std::{
    fs::File,
    path::{Path, PathBuf},
    time::SystemTime,
};

use shared::{
    plan::{Plan, StepKind},
    timestamp::{Timestamp, human_seconds},
};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{config::Config, files::digest_of};

/// What may be lost where the plan does not say it in time.
const OTHERWISE_SECONDS: u64 = 3600;

pub(crate) fn needed(kind: &StepKind) -> bool {
    matches!(kind, StepKind::RemoveVolumes { .. } | StepKind::Down { volumes: true } | StepKind::Extract { .. })
}

/// One place of backups and how much may be lost.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    label: String,
    /// As the plan names it.
    path: String,
    limit_seconds: u64,
}

fn places(plan: &Plan) -> Vec<Place> {
    let in_time = |unit: &str| unit == "seconds";
    let shortest = plan.rpo.iter().filter(|row| in_time(&row.unit)).map(|row| row.amount).min();
    let mut found: Vec<Place> = vec![];
    for location in plan.locations.iter().filter(|location| location.section.to_lowercase().contains("backup")) {
        let named = |data: &str| data.eq_ignore_ascii_case(&location.label);
        let row = plan.rpo.iter().find(|row| named(&row.data) && in_time(&row.unit));
        let limit_seconds = row.map(|row| row.amount).or(shortest).unwrap_or(OTHERWISE_SECONDS);
        let place = Place { label: location.label.clone(), path: location.path.clone(), limit_seconds };
        if !found.contains(&place) {
            found.push(place);
        }
    }
    found
}

/// The facts that allow it, one sentence each; or why it may not be done, with what to do.
pub(crate) async fn verified(config: &Config, plan: &Plan, declared_at: Timestamp) -> Result<Vec<String>, String> {
    let places = places(plan);
    if places.is_empty() {
        return Err("nothing may be wiped or overwritten without a verified backup, and the plan names no place of \
                    backups: name their directories under a heading with \"backup\" in it"
            .into());
    }
    let at = |place: &Place| config.here(&place.path).unwrap_or_else(|| place.path.clone().into());
    let places: Vec<(Place, PathBuf)> =
        places.into_iter().map(|place| (at(&place), place)).map(|(p, q)| (q, p)).collect();
    let looked = tokio::task::spawn_blocking(move || {
        places.iter().map(|(place, here)| look(place, here, declared_at)).collect::<Vec<_>>()
    });
    let looked = looked.await.map_err(|e| format!("the backups were not looked at: {e}"))?;
    let (facts, missing): (Vec<_>, Vec<_>) = looked.into_iter().partition(Result::is_ok);
    let missing: Vec<_> = missing.into_iter().filter_map(Result::err).collect();
    if missing.is_empty() {
        return Ok(facts.into_iter().filter_map(Result::ok).collect());
    }
    Err(format!(
        "nothing may be wiped or overwritten without a verified backup: {}. Make or bring one, then try again",
        missing.join("; ")
    ))
}

struct Backup {
    path: PathBuf,
    checksum: PathBuf,
    taken_at: Timestamp,
}

fn look(place: &Place, here: &Path, declared_at: Timestamp) -> Result<String, String> {
    let label = &place.label;
    let Some(newest) = newest(here) else {
        return Err(format!("there is no backup of {label} with a .sha256 beside it in {}", here.display()));
    };
    let name = newest.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let expected = std::fs::read_to_string(&newest.checksum).unwrap_or_default();
    let expected = expected.split_whitespace().next().unwrap_or_default().to_lowercase();
    let found = File::open(&newest.path).and_then(|mut file| digest_of(&mut file));
    let found = found.map_err(|e| format!("the backup {name} of {label} cannot be read: {e}"))?;
    if found != expected {
        return Err(format!("the newest backup of {label}, {name}, is not what its .sha256 says"));
    }
    let age = declared_at.seconds_since(newest.taken_at);
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
    Ok(format!("backup of {label} verified: {name}, taken {when}"))
}

/// `here` is a directory of backups, or one backup.
fn newest(here: &Path) -> Option<Backup> {
    if here.is_file() {
        return backup(here.to_owned());
    }
    let entries = std::fs::read_dir(here).ok()?;
    entries.filter_map(|entry| backup(entry.ok()?.path())).max_by_key(|backup| backup.taken_at)
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
