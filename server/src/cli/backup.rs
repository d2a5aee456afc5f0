//! `muster backup` and `muster restore`: arguments in, sentences out. What they do is the library's.

use std::{path::Path, process::ExitCode};

use server::{
    backup::{self, BackupError, Origin},
    config::Config,
    restore,
};

use super::{Done, Failure, database::Place, message, result};

impl From<BackupError> for Failure {
    fn from(error: BackupError) -> Self {
        match error {
            BackupError::Damaged { .. } => Self::not_fine(error.to_string()),
            other => Self::wrong(other.to_string()),
        }
    }
}

pub(crate) async fn backup(file: &Path, force: bool, json: bool) -> Done {
    let config = Config::load()?;
    let place = Place::open_as_it_is(&config).await?;
    let origin = Origin { owner_url: place.owner_url.clone(), data_dir: config.data_dir };
    let taken = backup::take(&origin, file, force).await;
    place.close().await?;
    let taken = taken?;
    if json {
        return say_json(&taken);
    }
    let manifest = &taken.manifest;
    result(
        format!(
            "backup of {} written to {}: {} bytes, {} files beside the database, audit chain up to entry {}\n",
            manifest.created_at.utc_text(),
            file.display(),
            taken.bytes,
            manifest.members.len() - 1,
            manifest.audit.seq
        )
        .as_bytes(),
    )?;
    message("the file holds password hashes and keys: keep it as you keep those");
    Ok(ExitCode::SUCCESS)
}

pub(crate) async fn restore(file: &Path, json: bool) -> Done {
    let config = Config::load()?;
    let restored = restore::restore(file, &config.data_dir, config.owner_url()).await?;
    let holds = restored.audit.broken.is_none();
    if json {
        say_json(&restored)?;
    } else {
        let runs = &restored.runs;
        let chain = match &restored.audit.broken {
            None => format!("the audit chain holds: {} entries, head {}", restored.audit.entries, restored.audit.head),
            Some(what) => format!("the audit chain is broken: {what}"),
        };
        result(
            format!(
                "restored from the backup of {}\n{chain}\nall sessions are ended\nruns: {} expired and to be requested again, {} \
                 taken up by the next worker, {} waiting for a decision\n",
                restored.backup.created_at.utc_text(),
                runs.expired.len(),
                runs.taken_up.len(),
                runs.asking.len()
            )
            .as_bytes(),
        )?;
    }
    Ok(if holds { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn say_json(value: &impl serde::Serialize) -> Done {
    let text = serde_json::to_string_pretty(value).map_err(|e| Failure::wrong(e.to_string()))?;
    result(format!("{text}\n").as_bytes())?;
    Ok(ExitCode::SUCCESS)
}
