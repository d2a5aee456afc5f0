//! Standing orders: their terms, who consented, and where they stand. When one may be begun is the domain's.

use shared::{
    domain::{
        actor::Actor,
        approval::{ApprovalPolicy, Content, Decision},
        standing_order::{Order, OrderState, Terms},
    },
    ids::{SystemId, UserId},
    timestamp::Timestamp,
};
use sqlx::{FromRow, PgExecutor, types::Json};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{Store, StoreError, Tx, error::from_name};

/// An order with what the database knows beside it.
#[derive(Clone, Debug)]
pub struct OrderRecord {
    pub order: Order,
    pub system_slug: String,
    pub reason: String,
    pub proposed_by_name: String,
    /// Who brought it into the state it is in, when, and why.
    pub changed: Option<(Actor, Timestamp, String)>,
}

/// What is fixed when an order is proposed.
#[derive(Clone, Debug)]
pub struct NewOrder<'a> {
    pub terms: &'a Terms,
    pub content: Content,
    pub policy: &'a ApprovalPolicy,
    pub reason: &'a str,
    pub proposed_by: UserId,
}

#[derive(FromRow)]
struct Row {
    number: i64,
    system_slug: String,
    terms: Json<Terms>,
    content: Json<Content>,
    policy: Json<ApprovalPolicy>,
    reason: String,
    proposed_by: Uuid,
    proposed_by_name: String,
    proposed_at: OffsetDateTime,
    decisions: Json<Vec<Decision>>,
    state: String,
    changed_by: Option<Json<Actor>>,
    changed_at: Option<OffsetDateTime>,
    changed_why: Option<String>,
}

impl TryFrom<Row> for OrderRecord {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let changed = row.changed_by.zip(row.changed_at);
        Ok(Self {
            order: Order {
                number: row.number,
                terms: row.terms.0,
                content: row.content.0,
                policy: row.policy.0,
                proposed_by: UserId(row.proposed_by),
                proposed_at: Timestamp::new(row.proposed_at),
                decisions: row.decisions.0,
                state: state(&row.state)?,
            },
            system_slug: row.system_slug,
            reason: row.reason,
            proposed_by_name: row.proposed_by_name,
            changed: changed.map(|(by, at)| (by.0, Timestamp::new(at), row.changed_why.unwrap_or_default())),
        })
    }
}

fn state(name: &str) -> Result<OrderState, StoreError> {
    from_name(name.to_owned())
}

macro_rules! orders {
    ($rest:literal) => {
        concat!(
            "SELECT o.number, s.slug AS system_slug, o.terms, o.content, o.policy, o.reason, o.proposed_by,
                    u.name AS proposed_by_name, o.proposed_at, o.decisions, o.state, o.changed_by, o.changed_at, o.changed_why
             FROM standing_order o JOIN system s ON s.id = o.system_id JOIN app_user u ON u.id = o.proposed_by ",
            $rest
        )
    };
}

async fn in_force(executor: impl PgExecutor<'_>, system: SystemId) -> Result<Vec<OrderRecord>, StoreError> {
    let text = orders!("WHERE o.system_id = $1 AND o.state = 'in-force' ORDER BY o.number");
    let rows = sqlx::query_as::<_, Row>(text).bind(system.0).fetch_all(executor).await?;
    rows.into_iter().map(TryInto::try_into).collect()
}

impl Store {
    /// The newest, newest first.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn standing_order_list(&self, limit: i64) -> Result<Vec<OrderRecord>, StoreError> {
        let text = orders!("ORDER BY o.number DESC LIMIT $1");
        let rows = sqlx::query_as::<_, Row>(text).bind(limit).fetch_all(&self.pool).await?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// Of this system, those that are not over.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn standing_orders_open(&self, system: SystemId) -> Result<Vec<OrderRecord>, StoreError> {
        let text =
            orders!("WHERE o.system_id = $1 AND o.state IN ('proposed', 'in-force', 'suspended') ORDER BY o.number");
        let rows = sqlx::query_as::<_, Row>(text).bind(system.0).fetch_all(&self.pool).await?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// Of all systems, those that are in force.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn standing_orders_in_force(&self) -> Result<Vec<OrderRecord>, StoreError> {
        let text = orders!("WHERE o.state = 'in-force' ORDER BY o.number");
        let rows = sqlx::query_as::<_, Row>(text).fetch_all(&self.pool).await?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// # Errors
    /// [`StoreError::NotFound`] if there is none with this number.
    pub async fn standing_order_fetch(&self, number: i64) -> Result<OrderRecord, StoreError> {
        let text = orders!("WHERE o.number = $1");
        sqlx::query_as::<_, Row>(text).bind(number).fetch_one(&self.pool).await?.try_into()
    }
}

impl Tx {
    /// Held until the transaction ends.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is none with this number.
    pub async fn standing_order_lock(&mut self, number: i64) -> Result<OrderRecord, StoreError> {
        let text = orders!("WHERE o.number = $1 FOR NO KEY UPDATE OF o");
        sqlx::query_as::<_, Row>(text).bind(number).fetch_one(self.connection()).await?.try_into()
    }

    /// As [`Store::standing_order_fetch`], inside the transaction.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is none with this number.
    pub async fn standing_order_fetch(&mut self, number: i64) -> Result<OrderRecord, StoreError> {
        let text = orders!("WHERE o.number = $1");
        sqlx::query_as::<_, Row>(text).bind(number).fetch_one(self.connection()).await?.try_into()
    }

    /// Those of a system that are in force, in the order of their numbers.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn standing_orders_in_force(&mut self, system: SystemId) -> Result<Vec<OrderRecord>, StoreError> {
        in_force(self.connection(), system).await
    }

    /// # Errors
    /// `Conflict("standing_order_name")` if another one of the system that is not over is called so.
    pub async fn standing_order_create(&mut self, new: &NewOrder<'_>) -> Result<i64, StoreError> {
        let now = self.now();
        Ok(sqlx::query_scalar(
            "INSERT INTO standing_order (system_id, name, terms, content, policy, reason, proposed_by, proposed_at, ends_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING number",
        )
        .bind(new.terms.system.0)
        .bind(new.terms.name.as_str())
        .bind(Json(new.terms))
        .bind(Json(new.content))
        .bind(Json(new.policy))
        .bind(new.reason)
        .bind(new.proposed_by.0)
        .bind(now.inner())
        .bind(now.plus_seconds(new.policy.expires_seconds).inner())
        .fetch_one(self.connection())
        .await?)
    }

    /// Suspends those that are in force, and ends what was due or begun by them. Their number.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn standing_orders_halt(&mut self, by: &Actor, why: &str) -> Result<u64, StoreError> {
        let now = self.now().inner();
        sqlx::query(
            "UPDATE standing_order_use SET state = 'handed-over', ended_at = $1, text = $2 WHERE ended_at IS NULL",
        )
        .bind(now)
        .bind(why)
        .execute(self.connection())
        .await?;
        let halted = sqlx::query(
            "UPDATE standing_order SET state = 'suspended', changed_by = $1, changed_at = $2, changed_why = $3
             WHERE state = 'in-force'",
        )
        .bind(Json(by))
        .bind(now)
        .bind(why)
        .execute(self.connection())
        .await?;
        Ok(halted.rows_affected())
    }

    /// Another decision; the order was locked in this transaction.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn standing_order_decide(&mut self, number: i64, decision: &Decision) -> Result<(), StoreError> {
        sqlx::query("UPDATE standing_order SET decisions = decisions || $2 WHERE number = $1")
            .bind(number)
            .bind(Json(vec![decision]))
            .execute(self.connection())
            .await?;
        Ok(())
    }

    /// The order was locked in this transaction.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn standing_order_become(
        &mut self,
        number: i64,
        state: OrderState,
        by: &Actor,
        why: &str,
    ) -> Result<(), StoreError> {
        let text = "UPDATE standing_order SET state = $2, changed_by = $3, changed_at = $4, changed_why = $5 WHERE number = $1";
        sqlx::query(text)
            .bind(number)
            .bind(state.name())
            .bind(Json(by))
            .bind(self.now().inner())
            .bind(why)
            .execute(self.connection())
            .await?;
        Ok(())
    }
}
