//! Public messages that wait for their time. Posts nothing; what becomes of one, the domain says.

use shared::{
    api::post::ScheduledView,
    domain::incident::PublicState,
    ids::{IncidentId, UserId},
    timestamp::Timestamp,
};
use sqlx::FromRow;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{Store, StoreError, Tx, error::from_name};

/// One that waits, with its row locked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduledPost {
    pub number: i64,
    pub incident: IncidentId,
    pub state: PublicState,
    pub text: String,
    pub notify: bool,
    pub publish_at: Timestamp,
    pub by: UserId,
    pub version: i32,
    /// The database was not brought back from a backup since.
    pub same_world: bool,
}

/// What a message that waits says.
#[derive(Clone, Copy, Debug)]
pub struct NewPost<'a> {
    pub state: PublicState,
    pub text: &'a str,
    pub notify: bool,
    pub publish_at: Timestamp,
    pub by: UserId,
}

#[derive(FromRow)]
struct Row {
    number: i64,
    incident_id: Uuid,
    state: String,
    text: String,
    notify: bool,
    publish_at: OffsetDateTime,
    by_user: Uuid,
    version: i32,
    same_world: bool,
}

#[derive(FromRow)]
struct ViewRow {
    number: i64,
    state: String,
    text: String,
    notify: bool,
    publish_at: OffsetDateTime,
    by: String,
    version: i32,
}

fn state_name(state: PublicState) -> String {
    state.words().to_lowercase()
}

impl Store {
    /// Those of an incident that wait, the next first.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn scheduled_posts(&self, incident: IncidentId) -> Result<Vec<ScheduledView>, StoreError> {
        let rows = sqlx::query_as::<_, ViewRow>(
            "SELECT p.number, p.state, p.text, p.notify, p.publish_at, u.name AS by, p.version
             FROM scheduled_post p JOIN app_user u ON u.id = p.by_user
             WHERE p.incident_id = $1 AND p.outcome IS NULL ORDER BY p.publish_at, p.number",
        )
        .bind(incident.0)
        .fetch_all(&self.pool)
        .await?;
        let view = |row: ViewRow| {
            Ok(ScheduledView {
                number: row.number,
                state: from_name(row.state)?,
                text: row.text,
                publish_at: Timestamp::new(row.publish_at),
                notify: row.notify,
                by: row.by,
                version: row.version,
            })
        };
        rows.into_iter().map(view).collect()
    }

    /// Number of each whose time has come by the database's clock, and of its incident.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn scheduled_posts_due(&self) -> Result<Vec<(i64, i64)>, StoreError> {
        let due = sqlx::query_as(
            "SELECT p.number, i.number FROM scheduled_post p JOIN incident i ON i.id = p.incident_id
             WHERE p.outcome IS NULL AND p.publish_at <= clock_timestamp() ORDER BY p.publish_at, p.number LIMIT 100",
        );
        Ok(due.fetch_all(&self.pool).await?)
    }
}

impl Tx {
    /// How many of an incident wait. The caller holds the incident's lock.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn scheduled_posts_count(&mut self, incident: IncidentId) -> Result<i64, StoreError> {
        let count =
            sqlx::query_scalar("SELECT count(*) FROM scheduled_post WHERE incident_id = $1 AND outcome IS NULL");
        Ok(count.bind(incident.0).fetch_one(self.connection()).await?)
    }

    /// Its number.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn scheduled_post_add(&mut self, incident: IncidentId, new: NewPost<'_>) -> Result<i64, StoreError> {
        let added = sqlx::query_scalar(
            "INSERT INTO scheduled_post (incident_id, state, text, notify, publish_at, by_user, world)
             SELECT $1, $2, $3, $4, $5, $6, w.id FROM outbox_world w RETURNING number",
        );
        let added = added.bind(incident.0).bind(state_name(new.state)).bind(new.text).bind(new.notify);
        Ok(added.bind(new.publish_at.inner()).bind(new.by.0).fetch_one(self.connection()).await?)
    }

    /// One that still waits. The caller holds the incident's lock.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is none, or it waits no more.
    pub async fn scheduled_post_lock(&mut self, number: i64) -> Result<ScheduledPost, StoreError> {
        let row = sqlx::query_as::<_, Row>(
            "SELECT number, incident_id, state, text, notify, publish_at, by_user, version,
                    world = (SELECT id FROM outbox_world) AS same_world
             FROM scheduled_post WHERE number = $1 AND outcome IS NULL FOR UPDATE",
        )
        .bind(number)
        .fetch_one(self.connection())
        .await?;
        Ok(ScheduledPost {
            number: row.number,
            incident: IncidentId(row.incident_id),
            state: from_name(row.state)?,
            text: row.text,
            notify: row.notify,
            publish_at: Timestamp::new(row.publish_at),
            by: UserId(row.by_user),
            version: row.version,
            same_world: row.same_world,
        })
    }

    /// It says this from now on. Whoever changes it has looked at it, so it is of this world.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn scheduled_post_change(&mut self, number: i64, new: NewPost<'_>) -> Result<(), StoreError> {
        let change = sqlx::query(
            "UPDATE scheduled_post SET state = $2, text = $3, notify = $4, publish_at = $5, by_user = $6, version = version + 1,
                    world = (SELECT id FROM outbox_world)
             WHERE number = $1",
        );
        let change = change.bind(number).bind(state_name(new.state)).bind(new.text).bind(new.notify);
        change.bind(new.publish_at.inner()).bind(new.by.0).execute(self.connection()).await?;
        Ok(())
    }

    /// `outcome`: posted, cancelled, skipped.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn scheduled_post_end(&mut self, number: i64, outcome: &str) -> Result<(), StoreError> {
        let now = self.now().inner();
        sqlx::query("UPDATE scheduled_post SET outcome = $2, ended_at = $3 WHERE number = $1")
            .bind(number)
            .bind(outcome)
            .bind(now)
            .execute(self.connection())
            .await?;
        Ok(())
    }
}
