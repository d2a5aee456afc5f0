//! Reading the audit log: what somebody looks for, and the chain for an export. Nothing here writes.

mod verify;

use shared::{
    api::{
        List,
        audit::{AuditChoices, AuditEntryView, AuditQuery, AuditVerdict},
    },
    domain::audit::Link,
};
use store::Store;

pub use self::verify::{verify_all, verify_export, verify_store};
use crate::{
    auth::permit::{Permit, ReadAudit},
    error::AppError,
    heads::HeadKeeper,
};

const PAGE: i64 = 100;
const BATCH: i64 = 1000;
/// Longer than anything people look for.
const LONGEST: usize = 200;

/// # Errors
/// If the database does not answer.
pub async fn list(
    store: &Store,
    _permit: &Permit<ReadAudit>,
    query: AuditQuery,
) -> Result<List<AuditEntryView>, AppError> {
    let items = store.audit_find(&cleaned(query)?, PAGE).await?;
    let full = i64::try_from(items.len()).is_ok_and(|n| n == PAGE);
    let next = items.last().filter(|last| full && last.entry.seq > 1).map(|last| last.entry.seq.to_string());
    Ok(List { items, next })
}

/// # Errors
/// If the database does not answer.
pub async fn choices(store: &Store, _permit: &Permit<ReadAudit>) -> Result<AuditChoices, AppError> {
    Ok(store.audit_choices().await?)
}

/// Also against the heads that this server has written.
///
/// # Errors
/// If the database does not answer.
pub async fn verify(store: &Store, _permit: &Permit<ReadAudit>, keeper: &HeadKeeper) -> Result<AuditVerdict, AppError> {
    let heads = keeper.read().await;
    let some = !heads.is_empty() || !heads.faults().is_empty();
    verify_store(store, some.then_some(&heads)).await
}

/// An empty field of a form is no wish.
fn cleaned(query: AuditQuery) -> Result<AuditQuery, AppError> {
    let mut query = query;
    for (name, field) in [
        ("text", &mut query.text),
        ("person", &mut query.person),
        ("object", &mut query.object),
        ("action", &mut query.action),
    ] {
        *field = field.take().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        if field.as_ref().is_some_and(|text| text.chars().count() > LONGEST || text.contains('\0')) {
            let message = format!("{name} may have at most {LONGEST} characters, and no NUL. Look for less.");
            return Err(AppError::malformed(Some(name.into()), message));
        }
    }
    Ok(query)
}

/// A part of the chain for an export, from the entry after `after` on, and where it ends; `None` at the end.
#[derive(Debug)]
pub struct Part {
    pub links: Vec<Link>,
    pub last: i64,
}

/// What is to be exported, checked.
#[derive(Clone, Debug)]
pub struct Wanted(AuditQuery);

impl Wanted {
    /// # Errors
    /// If the query is none.
    pub fn new(_permit: &Permit<ReadAudit>, query: AuditQuery) -> Result<Self, AppError> {
        cleaned(query).map(Self)
    }

    /// Whether it is the whole chain: only that can be verified.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.0.is_all()
    }

    /// # Errors
    /// If the database does not answer.
    pub async fn part(&self, store: &Store, after: i64) -> Result<Option<Part>, AppError> {
        let links = store.audit_links_of(&self.0, after, BATCH).await?;
        let last = links.last().map(|(last, _)| *last);
        Ok(last.map(|last| Part { links: links.into_iter().map(|(_, link)| link).collect(), last }))
    }
}

/// Every link in order, for an export.
///
/// # Errors
/// If the database does not answer, or `write` fails.
pub async fn export(store: &Store, mut write: impl FnMut(&Link) -> std::io::Result<()>) -> Result<u64, AppError> {
    let (wanted, mut after, mut written) = (Wanted(AuditQuery::default()), 0, 0);
    while let Some(part) = wanted.part(store, after).await? {
        after = part.last;
        for link in &part.links {
            write(link).map_err(|e| AppError::bug(format!("the export could not be written: {e}")))?;
            written += 1;
        }
    }
    Ok(written)
}
