//! Notices that steps have given, and who has read them. Nothing here is ever changed or taken back.

use shared::{
    api::notice::{NoticeAck, NoticeView},
    domain::{audience::Audience, incident::Eyes, run::RunHeader},
    ids::{IncidentId, RunId, UserId},
    timestamp::Timestamp,
};
use sqlx::{FromRow, PgExecutor, types::Json};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{Store, StoreError, Tx, User};

#[derive(FromRow)]
struct NoticeRow {
    number: i64,
    incident: i64,
    incident_title: String,
    run: i64,
    procedure: String,
    step: i32,
    audience: String,
    text: String,
    at: OffsetDateTime,
    acknowledged: Json<Vec<NoticeAck>>,
    yours: bool,
}

impl TryFrom<NoticeRow> for NoticeView {
    type Error = StoreError;

    fn try_from(row: NoticeRow) -> Result<Self, StoreError> {
        Ok(Self {
            number: row.number,
            incident: row.incident,
            incident_title: row.incident_title,
            run: row.run,
            procedure: row.procedure,
            step: row.step.unsigned_abs(),
            audience: row.audience.parse().map_err(|e| StoreError::Corrupt(format!("notice: {e}")))?,
            text: row.text,
            at: Timestamp::new(row.at),
            acknowledged: row.acknowledged.0,
            yours: row.yours,
        })
    }
}

/// Of the person `$1`; what follows chooses.
macro_rules! notices {
    ($rest:literal) => {
        concat!(
            "SELECT n.number, i.number AS incident, i.title AS incident_title, r.number AS run,
                    r.header->'procedure'->>'title' AS procedure, n.step, n.audience, n.text, n.at,
                    coalesce((SELECT jsonb_agg(jsonb_build_object('name', u.name, 'at', a.at) ORDER BY a.at, u.name)
                              FROM notice_ack a JOIN app_user u ON u.id = a.user_id WHERE a.notice = n.number),
                             '[]') AS acknowledged,
                    mine.user_id IS NOT NULL AS yours
             FROM notice n JOIN run r ON r.id = n.run_id JOIN incident i ON i.id = n.incident_id
                  LEFT JOIN notice_ack mine ON mine.notice = n.number AND mine.user_id = $1 ",
            $rest
        )
    };
}

async fn one(executor: impl PgExecutor<'_>, user: UserId, number: i64) -> Result<NoticeView, StoreError> {
    let query = sqlx::query_as::<_, NoticeRow>(notices!("WHERE n.number = $2"));
    query.bind(user.0).bind(number).fetch_one(executor).await?.try_into()
}

impl Store {
    /// What `user` was told and has not acknowledged, newest first; then what they have, as long as its incident is open.
    /// Nobody is told what was told before they came.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn notices_for(&self, user: &User, limit: i64) -> Result<Vec<NoticeView>, StoreError> {
        let query = notices!(
            "WHERE n.audience = ANY($2) AND (i.seen_by IS NULL OR $4 OR $1 = ANY(i.seen_by))
               AND n.at >= (SELECT created_at FROM app_user WHERE id = $1)
               AND (mine.user_id IS NULL OR i.resolved_at IS NULL)
             ORDER BY yours, n.number DESC LIMIT $3"
        );
        let rows = sqlx::query_as::<_, NoticeRow>(query)
            .bind(user.id.0)
            .bind(Audience::of(&user.role, &user.contact_roles).into_iter().map(Audience::name).collect::<Vec<_>>())
            .bind(limit)
            .bind(Eyes::of(user.id, user.rights).all)
            .fetch_all(&self.pool)
            .await?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// A notice as `user` sees it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is none with this number.
    pub async fn notice_by_number(&self, user: UserId, number: i64) -> Result<NoticeView, StoreError> {
        one(&self.pool, user, number).await
    }

    /// Whether this step of the run has told it already.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn notice_given(&self, run: RunId, step: u32) -> Result<bool, StoreError> {
        let query = "SELECT EXISTS (SELECT 1 FROM notice WHERE run_id = $1 AND step = $2)";
        Ok(sqlx::query_scalar(query).bind(run.0).bind(step.cast_signed()).fetch_one(&self.pool).await?)
    }

    /// Active people who belong to the audience now.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn notice_readers(&self, audience: Audience) -> Result<i64, StoreError> {
        let n = sqlx::query_scalar(
            "SELECT count(*) FROM app_user WHERE active AND ($1 = 'everyone' OR role = $1 OR $1 = ANY(contact_roles))",
        )
        .bind(audience.name())
        .fetch_one(&self.pool)
        .await?;
        Ok(n)
    }
}

/// What a notice says to whom, for telling them outside of the console.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoticeTold {
    pub audience: Audience,
    pub text: String,
    pub run: i64,
    pub incident: IncidentId,
    pub incident_number: i64,
}

impl Tx {
    /// # Errors
    /// [`StoreError::NotFound`] if there is none with this number.
    pub async fn notice_told(&mut self, number: i64) -> Result<NoticeTold, StoreError> {
        let (audience, text, run, incident, incident_number): (String, String, i64, Uuid, i64) = sqlx::query_as(
            "SELECT n.audience, n.text, r.number, i.id, i.number
             FROM notice n JOIN run r ON r.id = n.run_id JOIN incident i ON i.id = n.incident_id WHERE n.number = $1",
        )
        .bind(number)
        .fetch_one(self.connection())
        .await?;
        let audience = audience.parse().map_err(|e| StoreError::Corrupt(format!("notice: {e}")))?;
        Ok(NoticeTold { audience, text, run, incident: IncidentId(incident), incident_number })
    }

    /// Writes the notice of a step, if `fence` is still the run's. False if it was there already: then nothing was written.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] if another worker has taken over; then nothing was written.
    pub async fn notice_give(
        &mut self,
        run: RunId,
        step: u32,
        fence: i64,
        audience: Audience,
        text: &str,
    ) -> Result<bool, StoreError> {
        let held: Option<Uuid> =
            sqlx::query_scalar("SELECT incident_id FROM run WHERE id = $1 AND fence = $2 FOR UPDATE")
                .bind(run.0)
                .bind(fence)
                .fetch_optional(self.connection())
                .await?;
        let incident = held.ok_or(StoreError::Fenced)?;
        self.notice_add(run, step, IncidentId(incident), audience, text).await
    }

    /// Tells everybody something about a run as a whole, once. The caller holds the run's lock.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn notice_to_all(&mut self, run: &RunHeader, text: &str) -> Result<(), StoreError> {
        self.notice_add(run.id, 0, run.incident, Audience::Everyone, text).await.map(drop)
    }

    async fn notice_add(
        &mut self,
        run: RunId,
        step: u32,
        incident: IncidentId,
        audience: Audience,
        text: &str,
    ) -> Result<bool, StoreError> {
        let now = self.now().inner();
        let written = sqlx::query(
            "INSERT INTO notice (run_id, step, incident_id, audience, text, at) VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (run_id, step) DO NOTHING",
        )
        .bind(run.0)
        .bind(step.cast_signed())
        .bind(incident.0)
        .bind(audience.name())
        .bind(text)
        .bind(now)
        .execute(self.connection())
        .await?;
        Ok(written.rows_affected() == 1)
    }

    /// A notice as `user` sees it in this transaction.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is none with this number.
    pub async fn notice_fetch(&mut self, user: UserId, number: i64) -> Result<NoticeView, StoreError> {
        one(self.connection(), user, number).await
    }

    /// False if they had acknowledged it before: then nothing was written.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn notice_acknowledge(&mut self, number: i64, user: UserId) -> Result<bool, StoreError> {
        let now = self.now().inner();
        let written =
            sqlx::query("INSERT INTO notice_ack (notice, user_id, at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING")
                .bind(number)
                .bind(user.0)
                .bind(now)
                .execute(self.connection())
                .await?;
        Ok(written.rows_affected() == 1)
    }
}
