//! Announced maintenance: its log, and the row that lists and components look at. Decides nothing; what is due, the domain says.

use shared::{
    api::maintenance::MaintenanceEntry,
    domain::{
        actor::Actor,
        maintenance::{Covered, Maintenance, MaintenanceEvent, MaintenanceState},
    },
    timestamp::Timestamp,
};
use sqlx::{FromRow, PgExecutor, types::Json};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{Store, StoreError, Tx};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaintenanceRecord {
    pub number: i64,
    pub maintenance: Maintenance,
    /// Oldest first.
    pub log: Vec<MaintenanceEntry>,
}

#[derive(FromRow)]
struct EventRow {
    maintenance: i64,
    at: OffsetDateTime,
    by: Json<Actor>,
    event: Json<MaintenanceEvent>,
}

fn record(number: i64, log: Vec<MaintenanceEntry>) -> Result<MaintenanceRecord, StoreError> {
    let replayed = Maintenance::replay(log.iter().map(|entry| (entry.at, &entry.event)));
    let maintenance = replayed.map_err(|why| StoreError::Corrupt(format!("maintenance {number}: {why}")))?;
    Ok(MaintenanceRecord { number, maintenance, log })
}

fn entry(row: EventRow) -> MaintenanceEntry {
    MaintenanceEntry { at: Timestamp::new(row.at), by: row.by.0, event: row.event.0 }
}

/// Those of one maintenance follow each other.
fn records(rows: Vec<EventRow>) -> Result<Vec<MaintenanceRecord>, StoreError> {
    let mut logs: Vec<(i64, Vec<MaintenanceEntry>)> = vec![];
    for row in rows {
        let number = row.maintenance;
        match logs.last_mut().filter(|(last, _)| *last == number) {
            Some((_, log)) => log.push(entry(row)),
            None => logs.push((number, vec![entry(row)])),
        }
    }
    logs.into_iter().map(|(number, log)| record(number, log)).collect()
}

async fn one(executor: impl PgExecutor<'_>, number: i64) -> Result<MaintenanceRecord, StoreError> {
    let rows = sqlx::query_as::<_, EventRow>(
        "SELECT maintenance, at, by, event FROM maintenance_event WHERE maintenance = $1 ORDER BY seq",
    )
    .bind(number)
    .fetch_all(executor)
    .await?;
    if rows.is_empty() {
        return Err(StoreError::NotFound);
    }
    record(number, rows.into_iter().map(entry).collect())
}

impl Store {
    /// What is not over, the next to begin first; then the newest `ended` of what is over.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn maintenances(&self, ended: i64) -> Result<Vec<MaintenanceRecord>, StoreError> {
        let rows = sqlx::query_as::<_, EventRow>(
            "WITH shown AS (
                 (SELECT number, from_at, ended_at FROM maintenance WHERE ended_at IS NULL)
                 UNION ALL
                 (SELECT number, from_at, ended_at FROM maintenance WHERE ended_at IS NOT NULL ORDER BY ended_at DESC LIMIT $1)
             )
             SELECT e.maintenance, e.at, e.by, e.event FROM maintenance_event e JOIN shown s ON s.number = e.maintenance
             ORDER BY s.ended_at DESC NULLS FIRST, s.from_at, s.number, e.seq",
        )
        .bind(ended)
        .fetch_all(&self.pool)
        .await?;
        records(rows)
    }

    /// Those that are over with a number above `after`, the lowest first.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn maintenances_ended_after(&self, after: i64, limit: i64) -> Result<Vec<MaintenanceRecord>, StoreError> {
        let rows = sqlx::query_as::<_, EventRow>(
            "SELECT e.maintenance, e.at, e.by, e.event
             FROM (SELECT number FROM maintenance WHERE ended_at IS NOT NULL AND number > $1 ORDER BY number LIMIT $2) s
                  JOIN maintenance_event e ON e.maintenance = s.number ORDER BY e.maintenance, e.seq",
        );
        records(rows.bind(after).bind(limit).fetch_all(&self.pool).await?)
    }

    /// # Errors
    /// [`StoreError::NotFound`] if there is none with this number.
    pub async fn maintenance_by_number(&self, number: i64) -> Result<MaintenanceRecord, StoreError> {
        one(&self.pool, number).await
    }

    /// Those to which something happens by the database's clock now.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn maintenances_due(&self) -> Result<Vec<i64>, StoreError> {
        let found = sqlx::query_scalar(
            "SELECT number FROM maintenance WHERE next_due_at <= clock_timestamp() ORDER BY next_due_at LIMIT 100",
        );
        Ok(found.fetch_all(&self.pool).await?)
    }
}

impl Tx {
    /// Its number. What is covered must be known by its systems.
    ///
    /// # Errors
    /// If the database does not answer, or a system is not there.
    pub async fn maintenance_create(
        &mut self,
        maintenance: &Maintenance,
        first: &MaintenanceEvent,
        by: &Actor,
    ) -> Result<i64, StoreError> {
        let number: i64 = sqlx::query_scalar(
            "INSERT INTO maintenance (state, from_at, to_at, next_due_at) VALUES ($1, $2, $3, $4) RETURNING number",
        )
        .bind(maintenance.state.name())
        .bind(maintenance.window.from_at.inner())
        .bind(maintenance.window.to_at.inner())
        .bind(maintenance.next_due_at().map(Timestamp::inner))
        .fetch_one(self.connection())
        .await?;
        for Covered { system, component, .. } in &maintenance.covers {
            let done = sqlx::query(
                "INSERT INTO maintenance_component (maintenance, system_id, component)
                 SELECT $1, id, $3 FROM system WHERE slug = $2",
            )
            .bind(number)
            .bind(system)
            .bind(component)
            .execute(self.connection())
            .await?;
            if done.rows_affected() != 1 {
                return Err(StoreError::NotFound);
            }
        }
        self.maintenance_write(number, maintenance, first, by).await?;
        Ok(number)
    }

    /// # Errors
    /// [`StoreError::NotFound`] if there is none with this number.
    pub async fn maintenance_lock(&mut self, number: i64) -> Result<MaintenanceRecord, StoreError> {
        sqlx::query("SELECT 1 FROM maintenance WHERE number = $1 FOR UPDATE")
            .bind(number)
            .fetch_one(self.connection())
            .await?;
        one(self.connection(), number).await
    }

    /// Writes the event and the state it leads to, and what becomes of components by it. The caller holds the row's lock and has
    /// asked the domain for `next`.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn maintenance_append(
        &mut self,
        record: &MaintenanceRecord,
        next: &Maintenance,
        event: &MaintenanceEvent,
        by: &Actor,
    ) -> Result<(), StoreError> {
        self.maintenance_write(record.number, next, event, by).await?;
        let under_way = |maintenance: &Maintenance| maintenance.state == MaintenanceState::UnderWay;
        if under_way(&record.maintenance) == under_way(next) {
            return Ok(());
        }
        // In one order, so that two windows that open at once do not wait for each other.
        let systems: Vec<Uuid> = sqlx::query_scalar(
            "SELECT DISTINCT system_id FROM maintenance_component WHERE maintenance = $1 ORDER BY system_id",
        )
        .bind(record.number)
        .fetch_all(self.connection())
        .await?;
        for system in systems {
            self.components_settle(shared::ids::SystemId(system), &[]).await?;
        }
        Ok(())
    }

    async fn maintenance_write(
        &mut self,
        number: i64,
        next: &Maintenance,
        event: &MaintenanceEvent,
        by: &Actor,
    ) -> Result<(), StoreError> {
        let now = self.now().inner();
        sqlx::query(
            "WITH m AS (UPDATE maintenance SET n_events = n_events + 1, state = $2, from_at = $3, to_at = $4, ended_at = $5, next_due_at = $6
                        WHERE number = $1 RETURNING n_events)
             INSERT INTO maintenance_event (maintenance, seq, at, by, event) SELECT $1, m.n_events, $7, $8, $9 FROM m",
        )
        .bind(number)
        .bind(next.state.name())
        .bind(next.window.from_at.inner())
        .bind(next.window.to_at.inner())
        .bind(next.ended_at.map(Timestamp::inner))
        .bind(next.next_due_at().map(Timestamp::inner))
        .bind(now)
        .bind(Json(by))
        .bind(Json(event))
        .execute(self.connection())
        .await?;
        Ok(())
    }
}
