//! Files that are put to an incident: taken in piece by piece, judged by their content, kept whole or not at all; and read again.
//! What they may be is the domain's.

use bytes::Bytes;
use futures::{Stream, StreamExt as _, stream};
use shared::{
    bytes::human_bytes,
    digest::{Digest, Digesting},
    domain::{
        attachment::{Attached, FileKind, FileName, MOST_BYTES, MOST_BYTES_TOGETHER, MOST_FILES, Sniffer},
        incident::{IncidentCommand, IncidentEvent},
    },
    ids::AttachmentId,
};
use store::{FilesOf, Store, StoreError};
use uuid::Uuid;

use super::{incident::append, turn::Turn};
use crate::{
    auth::permit::{HandleIncident, Permit, ViewConsole},
    error::{AppError, Found as _},
};

/// As it lies in the database.
const PIECE: usize = 256 * 1024;

/// Keeps a file, if it is one of those that are kept.
///
/// # Errors
/// If its name or content is none that is kept, it is too large, or the incident has enough of them; then nothing of it is left.
pub async fn attach<E: std::fmt::Display>(
    store: &Store,
    permit: &Permit<HandleIncident>,
    key: Option<&str>,
    (number, name): (i64, &str),
    content: impl Stream<Item = Result<Bytes, E>> + Unpin,
) -> Result<(), AppError> {
    let name = FileName::parse(name).map_err(|why| AppError::invalid("name", why))?;
    let record = store.incident_by_number(number).await.found(|| format!("incident {number}"))?;
    record.incident.permits(IncidentCommand::Note)?;
    room_for(store.attachments_of(record.id).await?, 1)?;
    let upload = Upload { store: store.clone(), id: AttachmentId(Uuid::now_v7()), over: false };
    let (kind, bytes, digest) = match upload.take(content).await {
        Ok(taken) => taken,
        Err(error) => return Err(upload.end(error).await),
    };
    let file = Attached { id: upload.id, name: name.of(kind), kind, bytes, digest };
    match keep(store, permit, key, number, file).await {
        Ok(()) => Ok(()),
        Err(error) => Err(upload.end(error).await),
    }
}

async fn keep(
    store: &Store,
    permit: &Permit<HandleIncident>,
    key: Option<&str>,
    number: i64,
    file: Attached,
) -> Result<(), AppError> {
    let turn = Turn::new(permit.id(), key, "attach", &(number, &file.name, file.digest))?;
    let mut tx = store.begin().await?;
    if turn.begin(&mut tx).await?.is_some() {
        drop(tx);
        // It is there already; this copy is not needed.
        return Ok(store.upload_forget(file.id).await?);
    }
    let record = tx.incident_lock(number).await.found(|| format!("incident {number}"))?;
    record.incident.permits(IncidentCommand::Note)?;
    room_for(tx.attachments_of(record.id).await?, file.bytes)?;
    tx.attachment_keep(record.id, &file).await?;
    append(&mut tx, record, vec![IncidentEvent::Attached { file }], &permit.actor(), "incident.file-attached").await?;
    turn.save(&mut tx, number).await?;
    Ok(tx.commit().await?)
}

fn room_for(there: FilesOf, bytes: u64) -> Result<(), AppError> {
    if there.files >= MOST_FILES {
        let message = format!("This incident has {MOST_FILES} files; more do not fit. Nothing was kept.");
        return Err(AppError::not_now(message));
    }
    if there.bytes + bytes > MOST_BYTES_TOGETHER {
        let message = format!(
            "The files of one incident may have {} together, and this one does not fit any more. Nothing was kept.",
            human_bytes(MOST_BYTES_TOGETHER)
        );
        return Err(AppError::not_now(message));
    }
    Ok(())
}

/// On its way. Whatever ends it before it is kept, nothing of it stays: a request that is given up is dropped in the middle.
struct Upload {
    store: Store,
    id: AttachmentId,
    over: bool,
}

impl Upload {
    async fn take<E: std::fmt::Display>(
        &self,
        mut content: impl Stream<Item = Result<Bytes, E>> + Unpin,
    ) -> Result<(FileKind, u64, Digest), AppError> {
        let (mut sniffer, mut digest) = (Sniffer::default(), Digesting::default());
        let (mut waiting, mut n, mut bytes) = (Vec::with_capacity(PIECE), 0_i32, 0_u64);
        while let Some(piece) = content.next().await {
            let piece = piece.map_err(|cut| {
                AppError::malformed(
                    None,
                    format!("The file did not arrive whole ({cut}). Nothing was kept; send it again."),
                )
            })?;
            bytes += piece.len() as u64;
            if bytes > MOST_BYTES {
                drain(content).await;
                return Err(AppError::file_too_large(MOST_BYTES));
            }
            sniffer.feed(&piece);
            digest.feed(&piece);
            waiting.extend_from_slice(&piece);
            while waiting.len() >= PIECE {
                let rest = waiting.split_off(PIECE);
                self.store.upload_add(self.id, n, &waiting).await?;
                waiting = rest;
                n += 1;
            }
        }
        if bytes == 0 {
            return Err(AppError::invalid("file", "The file is empty."));
        }
        let kind = sniffer.finish().map_err(|why| AppError::invalid("file", why.to_string()))?;
        if !waiting.is_empty() {
            self.store.upload_add(self.id, n, &waiting).await?;
        }
        Ok((kind, bytes, digest.finish()))
    }

    /// Forgets what has come; the error that ended it stays the one that is told.
    async fn end(mut self, error: AppError) -> AppError {
        self.over = self.store.upload_forget(self.id).await.is_ok();
        error
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if self.over {
            return;
        }
        let (store, id) = (self.store.clone(), self.id);
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            // What this does not reach is forgotten later with all that did not end.
            runtime.spawn(async move { store.upload_forget(id).await });
        }
    }
}

/// Whoever still sends hears the answer only when they have been listened to for a while.
async fn drain<E>(mut content: impl Stream<Item = Result<Bytes, E>> + Unpin) {
    let mut heard = 0;
    while let Some(Ok(piece)) = content.next().await {
        heard += piece.len() as u64;
        if heard > MOST_BYTES {
            return;
        }
    }
}

/// A file, and its content in pieces. A piece that is missing ends it as an error, so that nobody takes half for the whole.
///
/// # Errors
/// 404 if this incident has no such file.
pub async fn read(
    store: &Store,
    _: &Permit<ViewConsole>,
    (number, id): (i64, AttachmentId),
) -> Result<(Attached, impl Stream<Item = Result<Vec<u8>, StoreError>> + use<>), AppError> {
    let file = store.attachment_fetch(number, id).await.found(|| format!("file {id} of incident {number}"))?;
    let (store, whole) = (store.clone(), file.bytes);
    let pieces = stream::try_unfold((store, 0, 0), move |(store, n, before)| async move {
        if before == whole {
            return Ok(None);
        }
        let piece = store.attachment_chunk(id, n).await?;
        let piece = piece.ok_or_else(|| StoreError::Corrupt(format!("piece {n} of file {id} is missing")))?;
        let after = before + piece.len() as u64;
        Ok(Some((piece, (store, n + 1, after))))
    });
    Ok((file, pieces))
}
