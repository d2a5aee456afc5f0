//! Versions of the public page's brand, and its logos; only added to. Whether one makes sense is not asked here.

use shared::{
    digest::Digest,
    domain::{
        actor::Actor,
        brand::{Brand, PictureKind},
    },
    timestamp::Timestamp,
};
use sqlx::{FromRow, types::Json};
use time::OffsetDateTime;

use crate::{Store, StoreError, Tx, error::from_name};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedBrand {
    pub version: i32,
    pub brand: Brand,
    pub saved_by: Actor,
    pub saved_at: Timestamp,
}

/// A logo whose content was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredLogo {
    pub kind: PictureKind,
    pub width: u32,
    pub height: u32,
    pub bytes: Vec<u8>,
}

#[derive(FromRow)]
struct BrandRow {
    version: i32,
    brand: Json<Brand>,
    saved_by: Json<Actor>,
    saved_at: OffsetDateTime,
}

#[derive(FromRow)]
struct LogoRow {
    kind: String,
    width: i32,
    height: i32,
    bytes: Vec<u8>,
}

impl From<BrandRow> for SavedBrand {
    fn from(row: BrandRow) -> Self {
        let (brand, saved_by) = (row.brand.0, row.saved_by.0);
        Self { version: row.version, brand, saved_by, saved_at: Timestamp::new(row.saved_at) }
    }
}

const NEWEST: &str = "SELECT version, brand, saved_by, saved_at FROM status_brand ORDER BY version DESC LIMIT 1";

impl Store {
    /// The newest, if anybody has ever saved one.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn status_brand_fetch(&self) -> Result<Option<SavedBrand>, StoreError> {
        Ok(sqlx::query_as::<_, BrandRow>(NEWEST).fetch_optional(&self.pool).await?.map(Into::into))
    }

    /// # Errors
    /// If the database does not answer.
    pub async fn status_logo_fetch(&self, digest: Digest) -> Result<Option<StoredLogo>, StoreError> {
        let row = sqlx::query_as::<_, LogoRow>("SELECT kind, width, height, bytes FROM status_logo WHERE digest = $1")
            .bind(digest.to_string())
            .fetch_optional(&self.pool)
            .await?;
        let logo = |row: LogoRow| {
            let (width, height) = (row.width.unsigned_abs(), row.height.unsigned_abs());
            Ok(StoredLogo { kind: from_name(row.kind)?, width, height, bytes: row.bytes })
        };
        row.map(logo).transpose()
    }
}

impl Tx {
    /// As [`Store::status_brand_fetch`], within this transaction.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn status_brand_fetch(&mut self) -> Result<Option<SavedBrand>, StoreError> {
        Ok(sqlx::query_as::<_, BrandRow>(NEWEST).fetch_optional(self.connection()).await?.map(Into::into))
    }

    /// Keeps a logo, once.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn status_logo_add(&mut self, digest: Digest, logo: &StoredLogo) -> Result<(), StoreError> {
        let kind = match logo.kind {
            PictureKind::Png => "png",
            PictureKind::Jpeg => "jpeg",
            PictureKind::Webp => "webp",
        };
        sqlx::query(
            "INSERT INTO status_logo (digest, kind, width, height, bytes) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
        )
        .bind(digest.to_string())
        .bind(kind)
        .bind(i32::try_from(logo.width).unwrap_or(i32::MAX))
        .bind(i32::try_from(logo.height).unwrap_or(i32::MAX))
        .bind(&logo.bytes)
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Saves it as the version after `base`. False if there is one already: somebody was faster.
    ///
    /// # Errors
    /// If the database does not answer, or there is no such logo.
    pub async fn status_brand_add(&mut self, base: i32, brand: &Brand, by: &Actor) -> Result<bool, StoreError> {
        let Some(version) = base.checked_add(1) else { return Ok(false) };
        let done = sqlx::query(
            "INSERT INTO status_brand (version, brand, logo, saved_by, saved_at)
             SELECT $5, $2, $6, $3, $4 WHERE $1 = coalesce((SELECT max(version) FROM status_brand), 0)
             ON CONFLICT DO NOTHING",
        )
        .bind(base)
        .bind(Json(brand))
        .bind(Json(by))
        .bind(self.now().inner())
        .bind(version)
        .bind(brand.logo.map(|digest| digest.to_string()))
        .execute(self.connection())
        .await?;
        Ok(done.rows_affected() == 1)
    }
}
