//! `muster audit …`. The rule of the chain is the domain's.

use std::{
    fs::File,
    io::{self, BufRead as _, BufReader, BufWriter, Write as _},
    path::Path,
    process::ExitCode,
};

use server::{app::audit, config::Config};
use shared::api::audit::AuditVerdict;

use super::{Done, Failure, database::Database, result};

pub(crate) async fn verify() -> Done {
    let database = Database::open_existing(&Config::load()?).await?;
    let verdict = audit::verify_all(&database.store).await;
    database.close().await?;
    say(&verdict?)
}

pub(crate) fn verify_file(file: &Path) -> Done {
    let opened = File::open(file).map_err(|e| Failure::wrong(format!("{} cannot be read: {e}", file.display())))?;
    let verdict = audit::verify_lines(BufReader::new(opened).lines());
    say(&verdict.map_err(|e| Failure::not_fine(format!("{}: {e}", file.display())))?)
}

fn say(verdict: &AuditVerdict) -> Done {
    match &verdict.broken {
        None => {
            result(format!("the audit chain holds: {} entries, head {}\n", verdict.entries, verdict.head).as_bytes())?;
            Ok(ExitCode::SUCCESS)
        }
        Some(what) => {
            result(format!("the audit chain is broken: {what}\n").as_bytes())?;
            Ok(ExitCode::from(1))
        }
    }
}

pub(crate) async fn export() -> Done {
    let database = Database::open_existing(&Config::load()?).await?;
    let mut out = BufWriter::new(io::stdout().lock());
    let exported = audit::export(&database.store, |link| {
        serde_json::to_writer(&mut out, link)?;
        out.write_all(b"\n")
    })
    .await;
    database.close().await?;
    exported?;
    out.flush().map_err(|e| Failure::wrong(format!("the export could not be written: {e}")))?;
    Ok(ExitCode::SUCCESS)
}
