//! Texts that people keep to post again. Fills nothing in.

use shared::{
    api::post::TemplateView,
    domain::{actor::Actor, incident::PublicState, template::About},
    timestamp::Timestamp,
};
use sqlx::{FromRow, types::Json};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{Store, StoreError, Tx, error::from_name};

#[derive(FromRow)]
struct Row {
    id: Uuid,
    name: String,
    about: String,
    state: Option<String>,
    text: String,
    version: i32,
    saved_by: Json<Actor>,
    saved_at: OffsetDateTime,
}

impl TryFrom<Row> for TemplateView {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id,
            name: row.name,
            about: from_name(row.about)?,
            state: row.state.map(from_name).transpose()?,
            text: row.text,
            version: row.version,
            saved_by: row.saved_by.0,
            saved_at: Timestamp::new(row.saved_at),
        })
    }
}

/// What a template says.
#[derive(Clone, Copy, Debug)]
pub struct NewTemplate<'a> {
    pub name: &'a str,
    pub about: About,
    pub state: Option<PublicState>,
    pub text: &'a str,
    pub by: &'a Actor,
}

impl NewTemplate<'_> {
    fn state_name(&self) -> Option<String> {
        self.state.map(|state| state.words().to_lowercase())
    }
}

impl Store {
    /// By name.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn post_templates(&self) -> Result<Vec<TemplateView>, StoreError> {
        let rows = sqlx::query_as::<_, Row>(
            "SELECT id, name, about, state, text, version, saved_by, saved_at FROM post_template ORDER BY lower(name)",
        );
        rows.fetch_all(&self.pool).await?.into_iter().map(TryInto::try_into).collect()
    }
}

impl Tx {
    /// Those there are. Two who add one at once may both be told the same number.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn post_templates_count(&mut self) -> Result<i64, StoreError> {
        Ok(sqlx::query_scalar("SELECT count(*) FROM post_template").fetch_one(self.connection()).await?)
    }

    /// `None` if there is one with this name.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn post_template_add(&mut self, new: NewTemplate<'_>) -> Result<Option<TemplateView>, StoreError> {
        let now = self.now().inner();
        let row = sqlx::query_as::<_, Row>(
            "INSERT INTO post_template (id, name, about, state, text, saved_by, saved_at) VALUES ($1, $2, $7, $3, $4, $5, $6)
             ON CONFLICT (lower(name)) DO NOTHING RETURNING id, name, about, state, text, version, saved_by, saved_at",
        )
        .bind(Uuid::now_v7())
        .bind(new.name)
        .bind(new.state_name())
        .bind(new.text)
        .bind(Json(new.by))
        .bind(now)
        .bind(new.about.name())
        .fetch_optional(self.connection())
        .await?;
        row.map(TryInto::try_into).transpose()
    }

    /// # Errors
    /// [`StoreError::NotFound`] if there is none with this id.
    pub async fn post_template_lock(&mut self, id: Uuid) -> Result<TemplateView, StoreError> {
        let row = sqlx::query_as::<_, Row>(
            "SELECT id, name, about, state, text, version, saved_by, saved_at FROM post_template WHERE id = $1 FOR UPDATE",
        );
        row.bind(id).fetch_one(self.connection()).await?.try_into()
    }

    /// `None` if another one has this name. The caller holds the row's lock.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn post_template_change(
        &mut self,
        id: Uuid,
        new: NewTemplate<'_>,
    ) -> Result<Option<TemplateView>, StoreError> {
        let now = self.now().inner();
        // Somebody who takes the name between these two is told by the index, as a failure that can be tried again.
        let row = sqlx::query_as::<_, Row>(
            "UPDATE post_template SET name = $2, state = $3, text = $4, saved_by = $5, saved_at = $6, about = $7, version = version + 1
             WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM post_template WHERE lower(name) = lower($2) AND id <> $1)
             RETURNING id, name, about, state, text, version, saved_by, saved_at",
        )
        .bind(id)
        .bind(new.name)
        .bind(new.state_name())
        .bind(new.text)
        .bind(Json(new.by))
        .bind(now)
        .bind(new.about.name())
        .fetch_optional(self.connection())
        .await?;
        row.map(TryInto::try_into).transpose()
    }

    /// # Errors
    /// If the database does not answer.
    pub async fn post_template_remove(&mut self, id: Uuid) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM post_template WHERE id = $1").bind(id).execute(self.connection()).await?;
        Ok(())
    }
}
