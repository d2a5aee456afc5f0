//! What came of standing orders: each time that one was due, what was begun and how it ended. Judges nothing.

use shared::{
    domain::{incident::Eyes, run::RunState, standing_order::UseState},
    ids::{IncidentId, RunId},
    timestamp::Timestamp,
};
use sqlx::{FromRow, PgConnection};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{Store, StoreError, Tx, error::from_name};

/// One time that an order was due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderUse {
    pub id: i64,
    pub order: i64,
    pub alert: i64,
    pub incident: IncidentId,
    pub incident_number: i64,
    pub run: Option<(RunId, i64)>,
    pub state: UseState,
    pub at: Timestamp,
    pub begun_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    pub text: String,
    /// The alert that it was due for has ended, for whatever reason.
    pub alert_ended: bool,
}

#[derive(FromRow)]
struct Row {
    id: i64,
    order_number: i64,
    alert_number: i64,
    incident_id: Uuid,
    incident_number: i64,
    run_id: Option<Uuid>,
    run_number: Option<i64>,
    state: String,
    at: OffsetDateTime,
    begun_at: Option<OffsetDateTime>,
    ended_at: Option<OffsetDateTime>,
    text: String,
    alert_ended: bool,
}

impl TryFrom<Row> for OrderUse {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id,
            order: row.order_number,
            alert: row.alert_number,
            incident: IncidentId(row.incident_id),
            incident_number: row.incident_number,
            run: row.run_id.map(RunId).zip(row.run_number),
            state: from_name(row.state)?,
            at: Timestamp::new(row.at),
            begun_at: row.begun_at.map(Timestamp::new),
            ended_at: row.ended_at.map(Timestamp::new),
            text: row.text,
            alert_ended: row.alert_ended,
        })
    }
}

macro_rules! uses {
    ($rest:literal) => {
        concat!(
            "SELECT x.id, x.order_number, x.alert_number, x.incident_id, i.number AS incident_number, x.run_id, r.number AS run_number,
                    x.state, x.at, x.begun_at, x.ended_at, x.text, a.ended_at IS NOT NULL AS alert_ended
             FROM standing_order_use x JOIN incident i ON i.id = x.incident_id JOIN alert a ON a.number = x.alert_number
                  LEFT JOIN run r ON r.id = x.run_id ",
            $rest
        )
    };
}

impl Store {
    /// What came of these orders as these eyes may see it, newest first, `each` at most of one order.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn standing_order_uses(
        &self,
        eyes: Eyes,
        orders: &[i64],
        each: i64,
    ) -> Result<Vec<OrderUse>, StoreError> {
        let rows = sqlx::query_as::<_, Row>(uses!(
            "WHERE x.id IN (SELECT l.id FROM unnest($1::bigint[]) AS o (number) CROSS JOIN LATERAL (
                 SELECT id FROM standing_order_use WHERE order_number = o.number ORDER BY id DESC LIMIT $2) AS l)
             AND (i.seen_by IS NULL OR $3 OR $4 = ANY(i.seen_by)) ORDER BY x.id DESC"
        ))
        .bind(orders)
        .bind(each)
        .bind(eyes.all)
        .bind(eyes.who.0)
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// Those that are not over, with the numbers of their orders.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn standing_order_uses_open(&self) -> Result<Vec<(i64, i64)>, StoreError> {
        let text = "SELECT id, order_number FROM standing_order_use WHERE ended_at IS NULL ORDER BY id LIMIT 500";
        Ok(sqlx::query_as(text).fetch_all(&self.pool).await?)
    }

    /// When runs of this order were requested, without the run `but` and those after it.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn standing_order_begun(&self, order: i64, but: i64) -> Result<Vec<Timestamp>, StoreError> {
        begun(&mut *self.pool.acquire().await?, order, Some(but)).await
    }
}

async fn begun(connection: &mut PgConnection, order: i64, but: Option<i64>) -> Result<Vec<Timestamp>, StoreError> {
    let at: Vec<OffsetDateTime> = sqlx::query_scalar(
        "SELECT requested_at FROM run WHERE (header->>'standing_order')::bigint = $1 AND header->>'standing_order' IS NOT NULL
         AND ($2::bigint IS NULL OR number < $2) ORDER BY requested_at DESC LIMIT 100",
    )
    .bind(order)
    .bind(but)
    .fetch_all(connection)
    .await?;
    Ok(at.into_iter().map(Timestamp::new).collect())
}

impl Tx {
    /// The order is due for this alert. False if it, or another one, was before.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn standing_order_use_add(
        &mut self,
        order: i64,
        alert: i64,
        incident: IncidentId,
    ) -> Result<bool, StoreError> {
        let added = sqlx::query(
            "INSERT INTO standing_order_use (order_number, alert_number, incident_id, at) VALUES ($1, $2, $3, $4)
             ON CONFLICT (alert_number) DO NOTHING",
        )
        .bind(order)
        .bind(alert)
        .bind(incident.0)
        .bind(self.now().inner())
        .execute(self.connection())
        .await?;
        Ok(added.rows_affected() == 1)
    }

    /// Held until the transaction ends; `None` if it is over, or another server has it.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn standing_order_use_lock(&mut self, id: i64) -> Result<Option<OrderUse>, StoreError> {
        let text = uses!("WHERE x.id = $1 AND x.ended_at IS NULL FOR NO KEY UPDATE OF x SKIP LOCKED");
        let row = sqlx::query_as::<_, Row>(text).bind(id).fetch_optional(self.connection()).await?;
        row.map(TryInto::try_into).transpose()
    }

    /// # Errors
    /// If the database does not answer.
    pub async fn standing_order_use_begin(&mut self, id: i64, run: RunId) -> Result<(), StoreError> {
        let text = "UPDATE standing_order_use SET state = 'begun', run_id = $2, begun_at = $3 WHERE id = $1";
        sqlx::query(text).bind(id).bind(run.0).bind(self.now().inner()).execute(self.connection()).await?;
        Ok(())
    }

    /// # Errors
    /// If the database does not answer.
    pub async fn standing_order_use_end(&mut self, id: i64, state: UseState, text: &str) -> Result<(), StoreError> {
        let sql = "UPDATE standing_order_use SET state = $2, text = $3, ended_at = $4 WHERE id = $1";
        sqlx::query(sql)
            .bind(id)
            .bind(state.name())
            .bind(text)
            .bind(self.now().inner())
            .execute(self.connection())
            .await?;
        Ok(())
    }

    /// Whether an order has not helped in this incident, or in one that was merged into it, since that was declared or reopened.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn standing_order_handed_over(&mut self, incident: IncidentId) -> Result<bool, StoreError> {
        let text = "WITH RECURSIVE same (id, number) AS (
                        SELECT id, number FROM incident WHERE id = $1
                        UNION SELECT m.id, m.number FROM incident m JOIN same ON m.merged_into = same.number)
                    SELECT EXISTS (SELECT FROM standing_order_use x JOIN same ON same.id = x.incident_id WHERE x.state = 'handed-over'
                    AND x.ended_at > coalesce((SELECT max(e.at) FROM incident_event e
                                               WHERE e.incident_id IN (x.incident_id, $1) AND e.event->>'event' = 'reopened'), '-infinity'))";
        Ok(sqlx::query_scalar(text).bind(incident.0).fetch_one(self.connection()).await?)
    }

    /// When runs of this order were requested, newest first.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn standing_order_begun(&mut self, order: i64) -> Result<Vec<Timestamp>, StoreError> {
        begun(self.connection(), order, None).await
    }

    /// As [`Store::run_live`], inside the transaction.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn run_live_of(&mut self, system: shared::ids::SystemId) -> Result<Option<i64>, StoreError> {
        crate::run::run_live(self.connection(), system).await
    }

    /// Whether nothing may be begun.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn frozen(&mut self) -> Result<bool, StoreError> {
        Ok(sqlx::query_scalar("SELECT EXISTS (SELECT FROM run_freeze WHERE frozen)")
            .fetch_one(self.connection())
            .await?)
    }

    /// Runs that orders of a system began and that have not ended: number and state.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn standing_order_runs(
        &mut self,
        system: shared::ids::SystemId,
    ) -> Result<Vec<(i64, RunState)>, StoreError> {
        let rows: Vec<(i64, String)> = sqlx::query_as(
            "SELECT number, state FROM run WHERE system_id = $1 AND header->>'standing_order' IS NOT NULL AND ended_at IS NULL ORDER BY number",
        )
        .bind(system.0)
        .fetch_all(self.connection())
        .await?;
        rows.into_iter().map(|(number, state)| Ok((number, from_name(state)?))).collect()
    }
}
