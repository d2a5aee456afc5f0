//! Versions of the public page's arrangement; only added to. Whether one makes sense is not asked here.

use shared::{
    domain::{actor::Actor, layout::Layout},
    timestamp::Timestamp,
};
use sqlx::{FromRow, types::Json};
use time::OffsetDateTime;

use crate::{Store, StoreError, Tx};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedLayout {
    pub version: i32,
    pub layout: Layout,
    pub saved_by: Actor,
    pub saved_at: Timestamp,
}

#[derive(FromRow)]
struct LayoutRow {
    version: i32,
    layout: Json<Layout>,
    saved_by: Json<Actor>,
    saved_at: OffsetDateTime,
}

impl From<LayoutRow> for SavedLayout {
    fn from(row: LayoutRow) -> Self {
        Self {
            version: row.version,
            layout: row.layout.0,
            saved_by: row.saved_by.0,
            saved_at: Timestamp::new(row.saved_at),
        }
    }
}

impl Store {
    /// The newest, if anybody has ever saved one.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn status_layout_fetch(&self) -> Result<Option<SavedLayout>, StoreError> {
        let newest = "SELECT version, layout, saved_by, saved_at FROM status_layout ORDER BY version DESC LIMIT 1";
        Ok(sqlx::query_as::<_, LayoutRow>(newest).fetch_optional(&self.pool).await?.map(Into::into))
    }
}

impl Tx {
    /// Saves it as the version after `base`. False if there is one already: somebody was faster.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn status_layout_add(&mut self, base: i32, layout: &Layout, by: &Actor) -> Result<bool, StoreError> {
        let Some(version) = base.checked_add(1) else { return Ok(false) };
        let done = sqlx::query(
            "INSERT INTO status_layout (version, layout, saved_by, saved_at)
             SELECT $5, $2, $3, $4 WHERE $1 = coalesce((SELECT max(version) FROM status_layout), 0)
             ON CONFLICT DO NOTHING",
        )
        .bind(base)
        .bind(Json(layout))
        .bind(Json(by))
        .bind(self.now().inner())
        .bind(version)
        .execute(self.connection())
        .await?;
        Ok(done.rows_affected() == 1)
    }
}
