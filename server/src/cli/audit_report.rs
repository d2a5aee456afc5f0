//! `muster audit verify-report`: whether a signed report is as it was signed. Asks no server and no database.

use std::{fs, path::PathBuf, process::ExitCode};

use serde::Serialize;
use shared::{
    api::readiness_report::{KIND, ReadinessReport},
    domain::audit::document::SignedDocument,
};

use super::{Done, Failure, audit::public_key, message, result};

/// Which file, and whose signature is believed.
#[derive(Debug, clap::Args)]
pub(crate) struct VerifyReport {
    /// The signed file, as the readiness page gives it.
    file: PathBuf,
    /// The public key to believe: as `muster audit key` prints it, or a file with it; may be repeated.
    #[arg(long, value_name = "KEY")]
    key: Vec<String>,
    /// One JSON document on standard output.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Verdict {
    holds: bool,
    /// A key was given, and it is this one.
    pinned: bool,
    public_key: String,
    report: ReadinessReport,
}

pub(crate) fn verify(wanted: &VerifyReport) -> Done {
    let pinned = wanted.key.iter().map(|key| public_key(key)).collect::<Result<Vec<_>, _>>()?;
    let name = wanted.file.display();
    let text = fs::read_to_string(&wanted.file).map_err(|e| Failure::wrong(format!("{name} cannot be read: {e}")))?;
    let bad = |why: String| Failure::not_fine(format!("{name}: {why}"));
    let signed: SignedDocument =
        serde_json::from_str(&text).map_err(|e| bad(format!("this is no signed report of Muster: {e}")))?;
    if signed.kind != KIND {
        return Err(bad("this is a signed document, but no readiness report".into()));
    }
    let key = signed.check(&pinned).map_err(bad)?;
    let report: ReadinessReport =
        serde_json::from_str(&signed.document).map_err(|e| bad(format!("its text cannot be read: {e}")))?;
    let text = if wanted.json {
        let verdict = Verdict { holds: true, pinned: !pinned.is_empty(), public_key: key.to_string(), report };
        serde_json::to_string_pretty(&verdict).map_err(|e| Failure::wrong(e.to_string()))?
    } else {
        format!(
            "the report is as it was signed by the key {} at {}: {} of 100 for {}, audit chain at entry {}, hash {}",
            key.id(),
            report.at.utc_text(),
            report.score,
            report.name,
            report.audit.seq,
            report.audit.hash
        )
    };
    result(format!("{text}\n").as_bytes())?;
    if pinned.is_empty() {
        message(
            "no key was given: this says that nobody altered it since it was signed, not who signed it (--key KEY)",
        );
    }
    Ok(ExitCode::SUCCESS)
}
