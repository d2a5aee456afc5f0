//! `muster audit …`: what is to be checked against what, and the verdict in words. The rules are the domain's.

use std::{
    fmt::Write as _,
    fs::{self, File},
    io::{self, BufWriter, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use serde::Serialize;
use server::{
    app::audit,
    config::Config,
    heads::{Signer, file_of},
};
use shared::{
    api::audit::{AuditVerdict, HeadsVerdict},
    domain::audit::head::{Heads, PublicKey},
    timestamp::{Timestamp, human_seconds},
};
use time::OffsetDateTime;

use super::{Done, Failure, database::Database, message, result};

/// What to check, and against what.
#[derive(Debug, clap::Args)]
pub(crate) struct Verify {
    /// A file written by `muster audit export`; without it, the database.
    #[arg(long, value_name = "EXPORT")]
    file: Option<PathBuf>,
    /// A file of signed heads; may be repeated [default for the database: this installation's own].
    #[arg(long, value_name = "FILE")]
    heads: Vec<PathBuf>,
    /// The public key to believe: as `muster audit key` prints it, or a file with it; may be repeated.
    #[arg(long, value_name = "KEY")]
    key: Vec<String>,
    /// One JSON document on standard output.
    #[arg(long)]
    json: bool,
}

pub(crate) async fn verify(wanted: &Verify) -> Done {
    let mut pinned = wanted.key.iter().map(|key| public_key(key)).collect::<Result<Vec<_>, _>>()?;
    let verdict = match &wanted.file {
        Some(file) => {
            let heads = read_heads(&wanted.heads, &pinned)?;
            let export = File::open(file).map_err(|e| cannot_read(file, &e))?;
            let checked = audit::verify_export(export, heads.as_ref());
            checked.map_err(|e| Failure::not_fine(format!("{}: {e}", file.display())))?
        }
        None => {
            let config = Config::load()?;
            let mut files = wanted.heads.clone();
            if files.is_empty()
                && let Some(own) = Signer::load(&config.data_dir).map_err(Failure::wrong)?
            {
                let own = own.public_key();
                files =
                    config.audit_heads.iter().map(|place| file_of(place, &own)).filter(|file| file.exists()).collect();
                if pinned.is_empty() {
                    pinned.push(own);
                }
            }
            let heads = read_heads(&files, &pinned)?;
            let database = Database::open_existing(&config).await?;
            let verdict = audit::verify_store(&database.store, heads.as_ref()).await;
            database.close().await?;
            verdict?
        }
    };
    say(&verdict, wanted.json)
}

fn cannot_read(file: &Path, error: &io::Error) -> Failure {
    Failure::wrong(format!("{} cannot be read: {error}", file.display()))
}

/// The key itself, or a file that holds it.
pub(super) fn public_key(text: &str) -> Result<PublicKey, Failure> {
    if let Ok(key) = text.parse() {
        return Ok(key);
    }
    let file = Path::new(text);
    let content = fs::read_to_string(file).map_err(|e| {
        Failure::wrong(format!("--key {text} is neither a public key nor a file that can be read: {e}"))
    })?;
    content.trim().parse().map_err(|e| Failure::wrong(format!("--key {text}: {e}")))
}

fn read_heads(files: &[PathBuf], pinned: &[PublicKey]) -> Result<Option<Heads>, Failure> {
    if files.is_empty() {
        return Ok(None);
    }
    let mut heads = Heads::believing(pinned);
    for file in files {
        let text = fs::read_to_string(file).map_err(|e| cannot_read(file, &e))?;
        heads.read(&file.display().to_string(), &text);
    }
    if heads.is_empty() && heads.faults().is_empty() {
        message("there is no head in the files given; they prove nothing");
    }
    Ok(Some(heads))
}

fn say(verdict: &AuditVerdict, json: bool) -> Done {
    #[derive(Serialize)]
    struct Document<'a> {
        holds: bool,
        #[serde(flatten)]
        verdict: &'a AuditVerdict,
    }
    let holds = verdict.holds();
    let text = if json {
        let document = serde_json::to_string_pretty(&Document { holds, verdict });
        document.map_err(|e| Failure::wrong(e.to_string()))? + "\n"
    } else {
        words(verdict, Timestamp::new(OffsetDateTime::now_utc()))
    };
    result(text.as_bytes())?;
    Ok(if holds { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn words(verdict: &AuditVerdict, now: Timestamp) -> String {
    let mut text = match &verdict.broken {
        None => format!("the audit chain holds: {} entries, head {}\n", verdict.entries, verdict.head),
        Some(what) => {
            format!("the audit chain is broken: {what}\n{} entries before that are in order\n", verdict.entries)
        }
    };
    match &verdict.heads {
        None => text.push_str("no signed heads were looked at: a chain that was computed anew, or cut at its end, looks the same (--heads FILE)\n"),
        Some(heads) => about_heads(&mut text, heads, verdict, now),
    }
    text
}

fn about_heads(text: &mut String, heads: &HeadsVerdict, verdict: &AuditVerdict, now: Timestamp) {
    // Writing to a String cannot fail.
    for fault in &heads.faults {
        let _ = writeln!(text, "the heads are not in order: {fault}");
    }
    let Some(newest) = &heads.newest else {
        let _ = writeln!(text, "heads: none that could be used");
        return;
    };
    let age = human_seconds(now.seconds_since(newest.at).max(0));
    let _ = writeln!(text, "heads: {} checked; the newest is of entry {}, signed {age} ago", heads.checked, newest.seq);
    let keys: Vec<_> = heads.keys.iter().map(PublicKey::id).collect();
    let trust = if heads.pinned {
        "believed because they were named"
    } else {
        "believed only because they stand in the heads themselves: name yours with --key"
    };
    let _ = writeln!(text, "keys: {} ({trust})", keys.join(", "));
    if verdict.broken.is_none() {
        let _ = writeln!(
            text,
            "proven: entries 1 to {} are those that were signed; {} after them stand on the chain alone",
            newest.seq, heads.unproven
        );
    }
}

pub(crate) fn key(json: bool) -> Done {
    #[derive(Serialize)]
    struct Document {
        public_key: PublicKey,
        id: String,
        install: String,
    }
    let config = Config::load()?;
    let Some(signer) = Signer::load(&config.data_dir).map_err(Failure::wrong)? else {
        let why =
            format!("there is no key in {} yet: the server makes it at its first start", config.data_dir.display());
        return Err(Failure::wrong(why));
    };
    let public_key = signer.public_key();
    let text = if json {
        let document = Document { public_key, id: public_key.id(), install: signer.install().to_string() };
        serde_json::to_string_pretty(&document).map_err(|e| Failure::wrong(e.to_string()))?
    } else {
        message(&format!("key {} of installation {}", public_key.id(), signer.install()));
        public_key.to_string()
    };
    result(format!("{text}\n").as_bytes())?;
    Ok(ExitCode::SUCCESS)
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
