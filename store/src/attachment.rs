//! Files that were put to incidents, in pieces of some hundred kilobytes. What is on its way lies apart and is worth nothing until
//! the last piece is there; what is kept is never changed. Looks into no file.

use shared::{
    domain::attachment::{Attached, FileKind},
    ids::{AttachmentId, IncidentId},
};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{Store, StoreError, Tx, error::from_name};

#[derive(FromRow)]
struct Row {
    id: Uuid,
    name: String,
    kind: String,
    n_bytes: i64,
    digest: String,
}

impl TryFrom<Row> for Attached {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: AttachmentId(row.id),
            name: row.name,
            kind: from_name::<FileKind>(row.kind)?,
            bytes: row.n_bytes.unsigned_abs(),
            digest: row.digest.parse().map_err(|e| StoreError::Corrupt(format!("attachment: {e}")))?,
        })
    }
}

/// How much an incident has of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FilesOf {
    pub files: u64,
    pub bytes: u64,
}

impl Store {
    /// # Errors
    /// [`StoreError::NotFound`] if this incident has no such file.
    pub async fn attachment_fetch(&self, incident: i64, id: AttachmentId) -> Result<Attached, StoreError> {
        sqlx::query_as::<_, Row>(
            "SELECT a.id, a.name, a.kind, a.n_bytes, a.digest
             FROM attachment a JOIN incident i ON i.id = a.incident_id WHERE a.id = $1 AND i.number = $2",
        )
        .bind(id.0)
        .bind(incident)
        .fetch_one(&self.pool)
        .await?
        .try_into()
    }

    /// One piece; `None` after the last.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn attachment_chunk(&self, id: AttachmentId, n: i32) -> Result<Option<Vec<u8>>, StoreError> {
        let piece = sqlx::query_scalar("SELECT bytes FROM attachment_chunk WHERE attachment_id = $1 AND n = $2");
        Ok(piece.bind(id.0).bind(n).fetch_optional(&self.pool).await?)
    }

    /// How much it has now; asked again when the file is whole.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn attachments_of(&self, incident: IncidentId) -> Result<FilesOf, StoreError> {
        let (files, bytes): (i64, i64) = sqlx::query_as(SUM).bind(incident.0).fetch_one(&self.pool).await?;
        Ok(FilesOf { files: files.unsigned_abs(), bytes: bytes.unsigned_abs() })
    }

    /// One piece of what is on its way.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn upload_add(&self, upload: AttachmentId, n: i32, bytes: &[u8]) -> Result<(), StoreError> {
        sqlx::query("INSERT INTO upload_chunk (upload, n, bytes) VALUES ($1, $2, $3)")
            .bind(upload.0)
            .bind(n)
            .bind(bytes)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// # Errors
    /// If the database does not answer.
    pub async fn upload_forget(&self, upload: AttachmentId) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM upload_chunk WHERE upload = $1").bind(upload.0).execute(&self.pool).await?;
        Ok(())
    }

    /// Forgets what has not ended within `minutes`.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn uploads_forget(&self, minutes: i32) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM upload_chunk WHERE at < clock_timestamp() - make_interval(mins => $1)")
            .bind(minutes)
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}

const SUM: &str = "SELECT count(*), coalesce(sum(n_bytes), 0)::bigint FROM attachment WHERE incident_id = $1";

impl Tx {
    /// As [`Store::attachments_of`]; the caller holds the incident's lock.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn attachments_of(&mut self, incident: IncidentId) -> Result<FilesOf, StoreError> {
        let (files, bytes): (i64, i64) = sqlx::query_as(SUM).bind(incident.0).fetch_one(self.connection()).await?;
        Ok(FilesOf { files: files.unsigned_abs(), bytes: bytes.unsigned_abs() })
    }

    /// Keeps what was uploaded under the file's id.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if pieces are missing: an upload does not survive a crash of the database.
    pub async fn attachment_keep(&mut self, incident: IncidentId, file: &Attached) -> Result<(), StoreError> {
        let now = self.now().inner();
        let kind = serde_json::to_value(file.kind)?;
        sqlx::query(
            "INSERT INTO attachment (id, incident_id, name, kind, n_bytes, digest, at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(file.id.0)
        .bind(incident.0)
        .bind(&file.name)
        .bind(kind.as_str())
        .bind(file.bytes.cast_signed())
        .bind(file.digest.to_string())
        .bind(now)
        .execute(self.connection())
        .await?;
        let kept: i64 = sqlx::query_scalar(
            "WITH moved AS (DELETE FROM upload_chunk WHERE upload = $1 RETURNING n, bytes),
                  kept AS (INSERT INTO attachment_chunk (attachment_id, n, bytes) SELECT $1, n, bytes FROM moved)
             SELECT coalesce(sum(length(bytes)), 0)::bigint FROM moved",
        )
        .bind(file.id.0)
        .fetch_one(self.connection())
        .await?;
        if kept.unsigned_abs() == file.bytes {
            return Ok(());
        }
        Err(StoreError::Unavailable(format!("of an upload of {} bytes {kept} are left", file.bytes)))
    }
}
