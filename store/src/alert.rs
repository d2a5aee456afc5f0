//! What has been heard: one row for each trouble of a source as long as it lasts. Decides nothing; who declares is the server.

use std::collections::BTreeMap;

use shared::{
    api::alert::{AlertView, Outcome},
    domain::{alert::Alert, incident::Eyes},
    ids::IncidentId,
    timestamp::Timestamp,
};
use sqlx::{FromRow, types::Json};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{Store, StoreError, Tx, error::from_name};

/// What became of a message that something fires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlertHeard {
    pub number: i64,
    /// It did not fire before.
    pub new: bool,
}

/// An alert that is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndedAlert {
    pub number: i64,
    pub title: String,
    /// Number of the incident that it belongs to.
    pub incident: Option<i64>,
}

#[derive(FromRow)]
struct Row {
    number: i64,
    source: String,
    system: String,
    title: String,
    text: Option<String>,
    url: Option<String>,
    labels: Json<BTreeMap<String, String>>,
    first_at: OffsetDateTime,
    last_at: OffsetDateTime,
    ended_at: Option<OffsetDateTime>,
    n_heard: i64,
    outcome: String,
    incident: Option<i64>,
}

impl TryFrom<Row> for AlertView {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            number: row.number,
            source: row.source,
            system: row.system,
            title: row.title,
            text: row.text,
            url: row.url,
            labels: row.labels.0,
            first_at: Timestamp::new(row.first_at),
            last_at: Timestamp::new(row.last_at),
            ended_at: row.ended_at.map(Timestamp::new),
            n_heard: row.n_heard,
            outcome: from_name(row.outcome)?,
            incident: row.incident,
        })
    }
}

macro_rules! alerts {
    ($rest:literal) => {
        concat!(
            "SELECT a.number, o.name AS source, s.slug AS system, a.title, a.text, a.url, a.labels, a.first_at, a.last_at, a.ended_at,
                    a.n_heard, a.outcome, i.number AS incident
             FROM alert a JOIN alert_source o ON o.id = a.source_id JOIN system s ON s.id = o.system_id
                  LEFT JOIN incident i ON i.id = a.incident_id ",
            $rest
        )
    };
}

impl Store {
    /// Newest first, numbers below `before`; only what fires, or all. Not what belongs to incidents that these eyes may not see.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn alert_list(
        &self,
        eyes: Eyes,
        firing: bool,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Vec<AlertView>, StoreError> {
        let rows = sqlx::query_as::<_, Row>(alerts!(
            "WHERE ($1::bigint IS NULL OR a.number < $1) AND (NOT $2 OR a.ended_at IS NULL)
               AND (i.seen_by IS NULL OR $4 OR $5 = ANY(i.seen_by)) ORDER BY a.number DESC LIMIT $3"
        ))
        .bind(before)
        .bind(firing)
        .bind(limit)
        .bind(eyes.all)
        .bind(eyes.who.0)
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// Forgets alerts that ended so long ago and led to no incident, some thousands at a time.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn alerts_forget(&self, days: i32) -> Result<(), StoreError> {
        sqlx::query(
            "DELETE FROM alert WHERE number IN (
                 SELECT number FROM alert
                 WHERE incident_id IS NULL AND ended_at < clock_timestamp() - make_interval(days => $1) ORDER BY number LIMIT 5000
             )",
        )
        .bind(days)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// What led to an incident or joined it, the newest `limit`.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn alerts_of(&self, incident: IncidentId, limit: i64) -> Result<Vec<AlertView>, StoreError> {
        let rows = sqlx::query_as::<_, Row>(alerts!("WHERE a.incident_id = $1 ORDER BY a.number DESC LIMIT $2"))
            .bind(incident.0)
            .bind(limit)
            .fetch_all(&self.pool)
            .await?;
        rows.into_iter().map(TryInto::try_into).collect()
    }
}

impl Tx {
    /// Counts the message to the alert that fires under its key, or makes one. Of two messages that come at once, one makes it.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn alert_hear(&mut self, source: Uuid, alert: &Alert) -> Result<AlertHeard, StoreError> {
        let (number, new) = sqlx::query_as(
            "INSERT INTO alert (source_id, key, title, text, url, labels, first_at, last_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $7)
             ON CONFLICT (source_id, key) WHERE ended_at IS NULL
             DO UPDATE SET n_heard = alert.n_heard + 1, last_at = greatest(alert.last_at, excluded.last_at), title = excluded.title,
                           text = excluded.text, url = excluded.url, labels = excluded.labels
             RETURNING number, n_heard = 1",
        )
        .bind(source)
        .bind(&alert.key)
        .bind(&alert.title)
        .bind(&alert.text)
        .bind(&alert.url)
        .bind(Json(&alert.labels))
        .bind(self.now().inner())
        .fetch_one(self.connection())
        .await?;
        Ok(AlertHeard { number, new })
    }

    /// The open incident that the same trouble led to before.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn alert_incident_before(&mut self, source: Uuid, key: &str) -> Result<Option<i64>, StoreError> {
        Ok(sqlx::query_scalar(
            "SELECT i.number FROM alert a JOIN incident i ON i.id = a.incident_id
             WHERE a.source_id = $1 AND a.key = $2 AND i.resolved_at IS NULL ORDER BY a.number DESC LIMIT 1",
        )
        .bind(source)
        .bind(key)
        .fetch_optional(self.connection())
        .await?)
    }

    /// The incident that the same trouble led to and that was resolved no longer than so many seconds ago, and not put away.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn alert_incident_lately(
        &mut self,
        source: Uuid,
        key: &str,
        seconds: u64,
    ) -> Result<Option<i64>, StoreError> {
        Ok(sqlx::query_scalar(
            "SELECT i.number FROM alert a JOIN incident i ON i.id = a.incident_id
             WHERE a.source_id = $1 AND a.key = $2 AND i.state = 'resolved' AND i.merged_into IS NULL
               AND i.resolved_at > $3 - make_interval(secs => $4)
             ORDER BY a.number DESC LIMIT 1",
        )
        .bind(source)
        .bind(key)
        .bind(self.now().inner())
        .bind(f64::from(u32::try_from(seconds).unwrap_or(u32::MAX)))
        .fetch_optional(self.connection())
        .await?)
    }

    /// What became of a new alert.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn alert_decide(
        &mut self,
        number: i64,
        outcome: Outcome,
        incident: Option<IncidentId>,
    ) -> Result<(), StoreError> {
        sqlx::query("UPDATE alert SET outcome = $2, incident_id = $3 WHERE number = $1")
            .bind(number)
            .bind(outcome.name())
            .bind(incident.map(|id| id.0))
            .execute(self.connection())
            .await?;
        Ok(())
    }

    /// `None` if nothing fires under this key.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn alert_end(&mut self, source: Uuid, key: &str) -> Result<Option<EndedAlert>, StoreError> {
        let ended: Option<(i64, String, Option<i64>)> = sqlx::query_as(
            "UPDATE alert a SET ended_at = $3, last_at = greatest(last_at, $3)
             WHERE source_id = $1 AND key = $2 AND ended_at IS NULL
             RETURNING number, title, (SELECT i.number FROM incident i WHERE i.id = a.incident_id)",
        )
        .bind(source)
        .bind(key)
        .bind(self.now().inner())
        .fetch_optional(self.connection())
        .await?;
        Ok(ended.map(|(number, title, incident)| EndedAlert { number, title, incident }))
    }

    /// How many alerts of an incident still fire. The caller holds the incident's lock.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn alerts_firing(&mut self, incident: IncidentId) -> Result<i64, StoreError> {
        let count = "SELECT count(*) FROM alert WHERE incident_id = $1 AND ended_at IS NULL";
        Ok(sqlx::query_scalar(count).bind(incident.0).fetch_one(self.connection()).await?)
    }
}
