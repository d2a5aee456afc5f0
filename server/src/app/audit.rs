//! Reading and checking the audit chain. The rule of the chain is the domain's; nothing here writes.

use shared::{
    api::{
        List,
        audit::{AuditEntryView, AuditVerdict},
    },
    domain::audit::{Link, Verifier},
};
use store::{Store, StoreError};

use crate::{
    auth::permit::{Permit, ReadAudit},
    error::AppError,
};

const PAGE: i64 = 100;
const BATCH: i64 = 1000;

/// # Errors
/// If the database does not answer.
pub async fn list(
    store: &Store,
    _permit: &Permit<ReadAudit>,
    before: Option<i64>,
) -> Result<List<AuditEntryView>, AppError> {
    let items = store.audit_list(before, PAGE).await?;
    let full = i64::try_from(items.len()).is_ok_and(|n| n == PAGE);
    let next = items.last().filter(|last| full && last.entry.seq > 1).map(|last| last.entry.seq.to_string());
    Ok(List { items, next })
}

/// # Errors
/// If the database does not answer.
pub async fn verify(store: &Store, _permit: &Permit<ReadAudit>) -> Result<AuditVerdict, AppError> {
    verify_all(store).await
}

/// The whole chain against its own rule and against the head that the database keeps beside it.
///
/// # Errors
/// If the database does not answer. A broken chain is a verdict, not an error.
pub async fn verify_all(store: &Store) -> Result<AuditVerdict, AppError> {
    // Read first: entries that are added meanwhile come after it.
    let mut verifier = Verifier::default();
    let (head_seq, head_hash) = match store.audit_head().await {
        Err(StoreError::Corrupt(what)) => {
            return Ok(verdict(&verifier, Some(format!("the head is not readable: {what}"))));
        }
        head => head?,
    };
    let mut at_head = (head_seq == 0).then_some(verifier.head().1);
    let mut broken = None;
    let (mut after, mut batch) = (0, BATCH);
    'chain: loop {
        let links = match store.audit_links(after, batch).await {
            // One by one from here, to name the one.
            Err(StoreError::Corrupt(_)) if batch > 1 => {
                batch = 1;
                continue;
            }
            Err(StoreError::Corrupt(what)) => {
                broken = Some(format!("entry {}: is not readable: {what}", after + 1));
                break;
            }
            links => links?,
        };
        let Some((last, _)) = links.last() else { break };
        after = *last;
        for (_, link) in &links {
            if let Err(error) = verifier.check(link) {
                broken = Some(error.to_string());
                break 'chain;
            }
            if verifier.head().0 == head_seq {
                at_head = Some(verifier.head().1);
            }
        }
    }
    let entries = verifier.head().0;
    // Head and entry are written together: read last, the head cannot name fewer entries than there were.
    let (last_head, _) = store.audit_head().await?;
    let broken = broken.or_else(|| match at_head {
        Some(hash) if hash == head_hash && entries > last_head => {
            Some(format!("entry {}: was inserted; the head names {last_head} entries", last_head + 1))
        }
        Some(hash) if hash == head_hash => None,
        Some(_) => Some(format!("entry {head_seq}: is not the one the head names: the chain was computed anew")),
        None => Some(format!(
            "entry {}: is missing; the head names {head_seq} entries, so the end was cut off",
            entries + 1
        )),
    });
    Ok(verdict(&verifier, broken))
}

fn verdict(verifier: &Verifier, broken: Option<String>) -> AuditVerdict {
    let (entries, head) = verifier.head();
    AuditVerdict { entries, head, broken }
}

/// An export, line by line; empty lines do not count.
///
/// # Errors
/// A sentence if a line cannot be read at all. A broken chain is a verdict.
pub fn verify_lines(lines: impl Iterator<Item = std::io::Result<String>>) -> Result<AuditVerdict, String> {
    let mut verifier = Verifier::default();
    let mut broken = None;
    for (number, line) in (1..).zip(lines) {
        let line = line.map_err(|e| format!("line {number} cannot be read: {e}"))?;
        if line.trim().is_empty() {
            continue;
        }
        let link: Link = serde_json::from_str(&line)
            .map_err(|e| format!("line {number} is not an entry of an audit export: {e}"))?;
        if let Err(error) = verifier.check(&link) {
            broken = Some(error.to_string());
            break;
        }
    }
    if verifier.head().0 == 0 && broken.is_none() {
        return Err("no entries: this is not an export".into());
    }
    Ok(verdict(&verifier, broken))
}

/// Every link in order, for an export.
///
/// # Errors
/// If the database does not answer, or `write` fails.
pub async fn export(store: &Store, mut write: impl FnMut(&Link) -> std::io::Result<()>) -> Result<u64, AppError> {
    let (mut after, mut written) = (0, 0);
    loop {
        let links = store.audit_links(after, BATCH).await?;
        let Some((last, _)) = links.last() else { return Ok(written) };
        after = *last;
        for (_, link) in &links {
            write(link).map_err(|e| AppError::bug(format!("the export could not be written: {e}")))?;
            written += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use shared::{
        domain::{
            actor::Actor,
            audit::{Entry, genesis, link},
        },
        timestamp::Timestamp,
    };

    use super::*;

    #[test]
    fn an_export_is_checked_line_by_line() {
        let entry = |seq| Entry {
            seq,
            at: Timestamp::from_unix(0),
            by: Actor::Muster,
            action: "run.expired".into(),
            object: "run 1".into(),
            denied: false,
            detail: serde_json::json!({}),
        };
        let first = link(genesis(), &entry(1));
        let second = link(first.hash, &entry(2));
        let line = |l: &Link| Ok(serde_json::to_string(l).unwrap());
        let whole = verify_lines([line(&first), line(&second), Ok(String::new())].into_iter()).unwrap();
        assert_eq!((whole.entries, whole.broken), (2, None));
        let cut = verify_lines([line(&second)].into_iter()).unwrap();
        assert!(cut.broken.unwrap().starts_with("entry 1:"));
        assert!(verify_lines([Ok("\n".into())].into_iter()).unwrap_err().starts_with("no entries"));
        assert!(verify_lines([Ok("{}".into())].into_iter()).unwrap_err().starts_with("line 1"));
    }
}
