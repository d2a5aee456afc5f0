//! Checking the audit chain: the database's or an export's, by its own rule, against the head the database keeps, and against
//! signed heads. The rules are the domain's; nothing here writes.

use std::{
    io::{self, Read},
    thread,
};

use shared::{
    api::audit::{AuditVerdict, HeadView, HeadsVerdict},
    domain::audit::{
        Verifier,
        export::{Export, Fault, Stretch},
        head::Heads,
    },
};
use store::{Store, StoreError};

use crate::error::AppError;

const BATCH: i64 = 5000;
/// What one thread checks at a time.
const STRETCH: usize = 2 << 20;
/// More threads find nothing to do: reading is one.
const THREADS: usize = 8;

/// The whole chain without signed heads.
///
/// # Errors
/// If the database does not answer. A broken chain is a verdict, not an error.
pub async fn verify_all(store: &Store) -> Result<AuditVerdict, AppError> {
    verify_store(store, None).await
}

/// The whole chain against its own rule, against the head that the database keeps beside it, and against signed heads.
///
/// # Errors
/// If the database does not answer. A broken chain is a verdict, not an error.
pub async fn verify_store(store: &Store, heads: Option<&Heads>) -> Result<AuditVerdict, AppError> {
    // Read first: entries that are added meanwhile come after it.
    let (head_seq, head_hash) = match store.audit_head().await {
        Err(StoreError::Corrupt(what)) => {
            return Ok(verdict(&Verifier::default(), Some(format!("the head is not readable: {what}")), heads));
        }
        head => head?,
    };
    let mut seqs = heads.map(Heads::seqs).unwrap_or_default();
    if let Err(place) = seqs.binary_search(&head_seq) {
        seqs.insert(place, head_seq);
    }
    let mut verifier = Verifier::noting(&seqs);
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
        }
    }
    let (entries, genesis_or_last) = verifier.head();
    let noted = verifier.noted().binary_search_by_key(&head_seq, |(seq, _)| *seq).ok();
    let at_head = match noted.and_then(|at| verifier.noted().get(at)) {
        Some((_, hash)) => Some(*hash),
        None if head_seq == 0 => Some(if entries == 0 { genesis_or_last } else { Verifier::default().head().1 }),
        None => None,
    };
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
    Ok(verdict(&verifier, broken, heads))
}

fn verdict(verifier: &Verifier, broken: Option<String>, heads: Option<&Heads>) -> AuditVerdict {
    let (entries, head) = verifier.head();
    // What a head says about entries behind the first broken one is of no use.
    let unmet = heads.filter(|_| broken.is_none()).and_then(|heads| heads.meet(entries, verifier.noted()).err());
    let heads = heads.map(|heads| HeadsVerdict {
        checked: u64::try_from(heads.len()).unwrap_or(u64::MAX),
        newest: heads.newest().map(|head| HeadView { seq: head.seq, at: head.at }),
        keys: heads.keys().to_vec(),
        pinned: heads.is_pinned(),
        unproven: entries.saturating_sub(heads.newest().map_or(0, |head| head.seq)),
        faults: heads.faults().to_vec(),
    });
    AuditVerdict { entries, head, broken: broken.or_else(|| unmet.map(|broken| broken.to_string())), heads }
}

/// An export, many lines at a time on all processors; empty lines do not count.
///
/// # Errors
/// A sentence if it cannot be read or is no export. A broken chain is a verdict.
pub fn verify_export(mut export: impl Read, heads: Option<&Heads>) -> Result<AuditVerdict, String> {
    let seqs = heads.map(Heads::seqs).unwrap_or_default();
    let mut whole = Export::noting(&seqs);
    let threads = thread::available_parallelism().map_or(1, usize::from).min(THREADS);
    let mut rest = vec![];
    let mut broken = None;
    'export: loop {
        let (stretches, ended) =
            read(&mut export, &mut rest, threads).map_err(|e| format!("it cannot be read: {e}"))?;
        let checked = thread::scope(|scope| {
            let seqs = &seqs;
            let running: Vec<_> =
                stretches.iter().map(|text| scope.spawn(move || Stretch::check(text, seqs))).collect();
            running.into_iter().map(thread::ScopedJoinHandle::join).collect::<Result<Vec<_>, _>>()
        });
        for stretch in checked.map_err(|_| "checking it failed")? {
            match whole.join(stretch) {
                Ok(()) => {}
                Err(Fault::Broken(found)) => {
                    broken = Some(found.to_string());
                    break 'export;
                }
                Err(fault) => return Err(fault.to_string()),
            }
        }
        if ended {
            break;
        }
    }
    if whole.verifier.head().0 == 0 && broken.is_none() && heads.is_none_or(Heads::is_empty) {
        return Err("no entries: this is not an export".into());
    }
    Ok(verdict(&whole.verifier, broken, heads))
}

/// Whole lines, in pieces of their own; what is left of the last line stays in `rest`. True at the end.
fn read(export: &mut impl Read, rest: &mut Vec<u8>, pieces: usize) -> io::Result<(Vec<Vec<u8>>, bool)> {
    let mut stretches = vec![];
    for _ in 0..pieces {
        let mut text = std::mem::take(rest);
        let wanted = u64::try_from(STRETCH).unwrap_or(u64::MAX);
        // A line longer than a stretch is read on until it ends.
        let ended = loop {
            let from = text.len();
            let ended = export.by_ref().take(wanted).read_to_end(&mut text)? < STRETCH;
            if ended {
                break true;
            }
            if let Some(end) = text.get(from..).and_then(|new| new.iter().rposition(|byte| *byte == b'\n')) {
                *rest = text.split_off(from + end + 1);
                break false;
            }
        };
        stretches.push(text);
        if ended {
            return Ok((stretches, true));
        }
    }
    Ok((stretches, false))
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

    fn export(n: u64, size: usize) -> String {
        let mut previous = genesis();
        let line = |seq| {
            let entry = Entry {
                seq,
                at: Timestamp::from_unix(0),
                by: Actor::Muster,
                action: "run.expired".into(),
                object: "run 1".into(),
                denied: false,
                detail: serde_json::json!({"text": "x".repeat(size)}),
            };
            let link = link(previous, &entry);
            previous = link.hash;
            serde_json::to_string(&link).unwrap() + "\n"
        };
        (1..=n).map(line).collect()
    }

    fn verify(text: &str) -> Result<AuditVerdict, String> {
        verify_export(text.as_bytes(), None)
    }

    #[test]
    fn an_export_is_checked_line_by_line() {
        let two = export(2, 1);
        let whole = verify(&(two.clone() + "\n")).unwrap();
        assert_eq!((whole.entries, whole.broken), (2, None));
        let cut = verify(two.lines().nth(1).unwrap()).unwrap();
        assert!(cut.broken.unwrap().starts_with("entry 1:"));
        assert!(verify("\n").unwrap_err().starts_with("no entries"));
        assert!(verify("{}").unwrap_err().starts_with("line 1"));
    }

    #[test]
    fn lines_longer_than_a_stretch_and_many_stretches_are_one_chain() {
        let long = export(5, 3 << 20);
        assert_eq!(verify(&long).unwrap().entries, 5);
        let many = export(20_000, 600);
        assert!(many.len() > 5 * STRETCH);
        let whole = verify(&many).unwrap();
        assert_eq!((whole.entries, whole.broken), (20_000, None));
        let broken = verify(&many.replacen("\\\"seq\\\":15000", "\\\"seq\\\":15001", 1)).unwrap().broken.unwrap();
        assert!(broken.starts_with("entry 15000: is missing; found entry 15001"), "{broken}");
        let line = many.lines().nth(17_000).unwrap();
        assert!(verify(&many.replacen(line, "junk", 1)).unwrap_err().starts_with("line 17001 is not an entry"));
    }
}
