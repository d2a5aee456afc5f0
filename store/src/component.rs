//! What is so with each component, and what its days held: written when a state changes, in the transaction that changes it. What
//! counts as what is the domain's (`uptime`).

use std::collections::BTreeMap;

use shared::{
    domain::{
        incident::{Affected, Incident},
        status::Impact,
        uptime::{Change, ComponentState, DAYS, DaySeconds, History, settle},
    },
    ids::SystemId,
    timestamp::Timestamp,
};
use sqlx::{FromRow, types::Json};
use time::{Date, OffsetDateTime};

use crate::{Store, StoreError, Tx, error::from_name};

/// One component's kept history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComponentRecord {
    pub system_slug: String,
    pub component: String,
    pub history: History,
}

#[derive(FromRow)]
struct StateRow {
    component: String,
    impact: String,
    maintenance: bool,
    changed_at: OffsetDateTime,
}

impl StateRow {
    fn state(&self) -> Result<ComponentState, StoreError> {
        Ok(ComponentState { impact: from_name(self.impact.clone())?, maintenance: self.maintenance })
    }
}

#[derive(FromRow)]
struct RecordRow {
    system_slug: String,
    first_seen_at: OffsetDateTime,
    #[sqlx(flatten)]
    state: StateRow,
}

#[derive(FromRow)]
struct DayRow {
    system_slug: String,
    component: String,
    day: Date,
    degraded_seconds: i32,
    partial_seconds: i32,
    major_seconds: i32,
    maintenance_seconds: i32,
}

/// What the public sees of an incident's effect on components.
fn shows(incident: &Incident) -> Option<&[Affected]> {
    (incident.public_title.is_some() && incident.resolved_at.is_none()).then_some(&incident.affected)
}

/// Whether a change of an incident may change what is so with components.
pub(crate) fn moves(before: &Incident, after: &Incident) -> bool {
    shows(before) != shows(after)
}

impl Store {
    /// Every component that ever had a state, with its last [`DAYS`]. Grows with the components, not with the years.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn component_records(&self) -> Result<Vec<ComponentRecord>, StoreError> {
        let states = sqlx::query_as::<_, RecordRow>(
            "SELECT s.slug AS system_slug, c.component, c.impact, c.maintenance, c.changed_at, c.first_seen_at
             FROM component_state c JOIN system s ON s.id = c.system_id ORDER BY s.slug, c.component",
        )
        .fetch_all(&self.pool)
        .await?;
        let rows = sqlx::query_as::<_, DayRow>(
            "SELECT s.slug AS system_slug, d.component, d.day, d.degraded_seconds, d.partial_seconds, d.major_seconds,
                    d.maintenance_seconds
             FROM component_day d JOIN system s ON s.id = d.system_id
             WHERE d.day > (clock_timestamp() AT TIME ZONE 'UTC')::date - $1 ORDER BY d.day",
        )
        .bind(i32::try_from(DAYS).unwrap_or(i32::MAX))
        .fetch_all(&self.pool)
        .await?;
        let mut days = BTreeMap::<(String, String), Vec<(Date, DaySeconds)>>::new();
        for row in rows {
            let seconds = DaySeconds {
                degraded: row.degraded_seconds.unsigned_abs(),
                partial: row.partial_seconds.unsigned_abs(),
                major: row.major_seconds.unsigned_abs(),
                maintenance: row.maintenance_seconds.unsigned_abs(),
            };
            days.entry((row.system_slug, row.component)).or_default().push((row.day, seconds));
        }
        let record = |row: RecordRow| {
            let history = History {
                state: row.state.state()?,
                changed_at: Timestamp::new(row.state.changed_at),
                first_seen_at: Timestamp::new(row.first_seen_at),
                days: days.remove(&(row.system_slug.clone(), row.state.component.clone())).unwrap_or_default(),
            };
            Ok(ComponentRecord { system_slug: row.system_slug, component: row.state.component, history })
        };
        states.into_iter().map(record).collect()
    }
}

impl Tx {
    /// Brings the recorded states of a system's components in line with its open public incidents, its monitors and the maintenance under way;
    /// `known` have a state from now on at least. True if anything was not so.
    ///
    /// Whoever settles holds the system's row, so two incidents that change at once see each other.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn components_settle(&mut self, system: SystemId, known: &[String]) -> Result<bool, StoreError> {
        // Not FOR UPDATE: that would wait for everybody who has just referred to the system.
        sqlx::query("SELECT 1 FROM system WHERE id = $1 FOR NO KEY UPDATE")
            .bind(system.0)
            .execute(self.connection())
            .await?;
        // Only now: whoever was before us has written until then.
        let now: OffsetDateTime = sqlx::query_scalar("SELECT clock_timestamp()").fetch_one(self.connection()).await?;
        let now = Timestamp::new(now);
        let recorded = self.component_states(system).await?;
        let changes = settle(&recorded, &self.component_states_wanted(system, known).await?, now);
        for change in &changes {
            self.component_change(system, change, now).await?;
        }
        Ok(!changes.is_empty())
    }

    /// # Errors
    /// If the database does not answer.
    pub async fn component_under_maintenance(&mut self, system: SystemId, component: &str) -> Result<bool, StoreError> {
        let found: Option<bool> =
            sqlx::query_scalar("SELECT maintenance FROM component_state WHERE system_id = $1 AND component = $2")
                .bind(system.0)
                .bind(component)
                .fetch_optional(self.connection())
                .await?;
        Ok(found.unwrap_or(false))
    }

    async fn component_states(
        &mut self,
        system: SystemId,
    ) -> Result<BTreeMap<String, (ComponentState, Timestamp)>, StoreError> {
        let rows = sqlx::query_as::<_, StateRow>(
            "SELECT component, impact, maintenance, changed_at FROM component_state WHERE system_id = $1",
        )
        .bind(system.0)
        .fetch_all(self.connection())
        .await?;
        rows.into_iter()
            .map(|row| Ok((row.component.clone(), (row.state()?, Timestamp::new(row.changed_at)))))
            .collect()
    }

    /// The worst that an open public incident or a monitor that is down says of each, and whether it is worked on.
    async fn component_states_wanted(
        &mut self,
        system: SystemId,
        known: &[String],
    ) -> Result<BTreeMap<String, ComponentState>, StoreError> {
        let open: Vec<Json<Vec<Affected>>> = sqlx::query_scalar(
            "SELECT affected FROM incident WHERE system_id = $1 AND public_title IS NOT NULL AND resolved_at IS NULL",
        )
        .bind(system.0)
        .fetch_all(self.connection())
        .await?;
        let mut wanted: BTreeMap<_, _> = known.iter().map(|c| (c.clone(), ComponentState::WELL)).collect();
        for affected in open.into_iter().flat_map(|Json(affected)| affected) {
            let state = wanted.entry(affected.component).or_insert(ComponentState::WELL);
            state.impact = state.impact.max(affected.impact);
        }
        let down: Vec<(String, String)> = sqlx::query_as(
            "SELECT m.definition->>'component', m.definition->>'impact'
             FROM monitor m JOIN monitor_standing t ON t.monitor_id = m.id
             WHERE m.system_id = $1 AND m.retired_at IS NULL AND t.state = 'down' AND t.due_at IS NOT NULL
               AND m.definition ? 'component' AND m.definition ? 'impact'",
        )
        .bind(system.0)
        .fetch_all(self.connection())
        .await?;
        for (component, impact) in down {
            let state = wanted.entry(component).or_insert(ComponentState::WELL);
            state.impact = state.impact.max(from_name(impact)?);
        }
        let worked_on: Vec<String> = sqlx::query_scalar(
            "SELECT DISTINCT c.component FROM maintenance_component c JOIN maintenance m ON m.number = c.maintenance
             WHERE c.system_id = $1 AND m.state = 'under-way'",
        )
        .bind(system.0)
        .fetch_all(self.connection())
        .await?;
        for component in worked_on {
            wanted.entry(component).or_insert(ComponentState::WELL).maintenance = true;
        }
        Ok(wanted)
    }

    async fn component_change(&mut self, system: SystemId, change: &Change, now: Timestamp) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO component_state (system_id, component, impact, maintenance, changed_at, first_seen_at)
             VALUES ($1, $2, $3, $4, $5, $5)
             ON CONFLICT (system_id, component) DO UPDATE
             SET impact = $3, maintenance = $4, changed_at = greatest(component_state.changed_at, $5)",
        )
        .bind(system.0)
        .bind(&change.component)
        .bind(impact_name(change.state.impact))
        .bind(change.state.maintenance)
        .bind(now.inner())
        .execute(self.connection())
        .await?;
        for (day, held) in &change.held {
            let n = |seconds: u32| i32::try_from(seconds).unwrap_or(i32::MAX);
            sqlx::query(
                "INSERT INTO component_day AS d (system_id, component, day, degraded_seconds, partial_seconds, major_seconds,
                                                 maintenance_seconds)
                 VALUES ($1, $2, $3, $4, $5, $6, $7)
                 ON CONFLICT (system_id, component, day) DO UPDATE
                 SET degraded_seconds = d.degraded_seconds + $4, partial_seconds = d.partial_seconds + $5,
                     major_seconds = d.major_seconds + $6, maintenance_seconds = d.maintenance_seconds + $7",
            )
            .bind(system.0)
            .bind(&change.component)
            .bind(day)
            .bind(n(held.degraded))
            .bind(n(held.partial))
            .bind(n(held.major))
            .bind(n(held.maintenance))
            .execute(self.connection())
            .await?;
        }
        Ok(())
    }
}

fn impact_name(impact: Impact) -> &'static str {
    match impact {
        Impact::Operational => "operational",
        Impact::Degraded => "degraded",
        Impact::PartialOutage => "partial-outage",
        Impact::MajorOutage => "major-outage",
    }
}
