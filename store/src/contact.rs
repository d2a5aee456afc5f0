//! Whom the plan's contact roles mean, in which order, and when they do not want to be woken. Calls nobody.

use shared::{
    domain::quiet::{QuietHours, TimeOfDay},
    ids::{SystemId, UserId},
};
use sqlx::{FromRow, PgExecutor};
use time::Time;
use uuid::Uuid;

use crate::{Store, StoreError, Tx};

/// A person in their place for one role of a system's plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactRecord {
    pub role: String,
    /// 1 is the primary.
    pub place: u16,
    pub user: UserId,
    pub name: String,
    pub email: String,
    pub active: bool,
    /// Their quiet hours are on, by the database's clock and their zone.
    pub quiet: bool,
}

#[derive(FromRow)]
struct ContactRow {
    role: String,
    place: i16,
    user_id: Uuid,
    name: String,
    email: String,
    active: bool,
    quiet: bool,
}

async fn contacts(executor: impl PgExecutor<'_>, system: SystemId) -> Result<Vec<ContactRecord>, StoreError> {
    // Hours over midnight begin in the evening and end in the morning.
    let rows = sqlx::query_as::<_, ContactRow>(
        "SELECT c.role, c.place, c.user_id, u.name, u.email, u.active,
                coalesce(CASE WHEN q.begins < q.ends THEN l.t >= q.begins AND l.t < q.ends ELSE l.t >= q.begins OR l.t < q.ends END,
                         false) AS quiet
         FROM contact c JOIN app_user u ON u.id = c.user_id
                        LEFT JOIN quiet_hours q ON q.user_id = u.id
                        LEFT JOIN LATERAL (SELECT (clock_timestamp() AT TIME ZONE q.zone)::time AS t) l ON q.user_id IS NOT NULL
         WHERE c.system_id = $1 ORDER BY c.role, c.place",
    )
    .bind(system.0)
    .fetch_all(executor)
    .await?;
    let record = |row: ContactRow| ContactRecord {
        role: row.role,
        place: row.place.unsigned_abs(),
        user: UserId(row.user_id),
        name: row.name,
        email: row.email,
        active: row.active,
        quiet: row.quiet,
    };
    Ok(rows.into_iter().map(record).collect())
}

impl Store {
    /// By role and place; inactive people too.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn contact_list(&self, system: SystemId) -> Result<Vec<ContactRecord>, StoreError> {
        contacts(&self.pool, system).await
    }

    /// When this person does not want to be woken by a mild incident.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn quiet_hours(&self, user: UserId) -> Result<Option<QuietHours>, StoreError> {
        let row: Option<(Time, Time, String)> =
            sqlx::query_as("SELECT begins, ends, zone FROM quiet_hours WHERE user_id = $1")
                .bind(user.0)
                .fetch_optional(&self.pool)
                .await?;
        let read = |time: Time| {
            TimeOfDay::from_minutes(u16::from(time.hour()) * 60 + u16::from(time.minute()))
                .ok_or_else(|| StoreError::Corrupt(format!("quiet hours at {time}")))
        };
        row.map(|(begins, ends, zone)| Ok(QuietHours { begins: read(begins)?, ends: read(ends)?, zone })).transpose()
    }

    /// Whether Postgres knows a time zone by this name: it is Postgres that says whether the hours are on.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn zone_known(&self, zone: &str) -> Result<bool, StoreError> {
        let known = "SELECT EXISTS (SELECT FROM pg_timezone_names WHERE name = $1)";
        Ok(sqlx::query_scalar(known).bind(zone).fetch_one(&self.pool).await?)
    }
}

impl Tx {
    /// As [`Store::contact_list`], inside the transaction.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn contact_list(&mut self, system: SystemId) -> Result<Vec<ContactRecord>, StoreError> {
        contacts(self.connection(), system).await
    }

    /// `None` ends them.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn quiet_hours_set(&mut self, user: UserId, hours: Option<&QuietHours>) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM quiet_hours WHERE user_id = $1").bind(user.0).execute(self.connection()).await?;
        if let Some(hours) = hours {
            sqlx::query(
                "INSERT INTO quiet_hours (user_id, begins, ends, zone)
                 VALUES ($1, make_time($2 / 60, $2 % 60, 0), make_time($3 / 60, $3 % 60, 0), $4)",
            )
            .bind(user.0)
            .bind(i32::from(hours.begins.minutes()))
            .bind(i32::from(hours.ends.minutes()))
            .bind(&hours.zone)
            .execute(self.connection())
            .await?;
        }
        Ok(())
    }

    /// Says who is meant by a role, in order; two who do so at once follow each other.
    ///
    /// # Errors
    /// If one of them does not exist.
    pub async fn contacts_set(&mut self, system: SystemId, role: &str, people: &[UserId]) -> Result<(), StoreError> {
        sqlx::query("SELECT FROM system WHERE id = $1 FOR UPDATE").bind(system.0).execute(self.connection()).await?;
        sqlx::query("DELETE FROM contact WHERE system_id = $1 AND role = $2")
            .bind(system.0)
            .bind(role)
            .execute(self.connection())
            .await?;
        sqlx::query(
            "INSERT INTO contact (system_id, role, place, user_id)
             SELECT $1, $2, p.place, p.id FROM unnest($3::uuid[]) WITH ORDINALITY AS p (id, place)",
        )
        .bind(system.0)
        .bind(role)
        .bind(people.iter().map(|user| user.0).collect::<Vec<_>>())
        .execute(self.connection())
        .await?;
        Ok(())
    }
}
