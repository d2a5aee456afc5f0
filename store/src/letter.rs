//! Letters to subscribers: one announcement for all of them, a small row for each, who is sending it now and how that ended. Writes
//! no text and sends nothing.

use shared::{api::live::Topic, domain::outbox::After};
use sqlx::FromRow;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{Store, StoreError, Tx};

/// What all of them are told.
#[derive(Clone, Debug)]
pub struct NewAnnouncement<'a> {
    pub subject: &'a str,
    pub body: &'a str,
    /// From the root.
    pub link: &'a str,
    /// `SYSTEM/COMPONENT` each; empty: everybody is meant.
    pub components: &'a [String],
}

/// A letter in the hands of whoever sends it, until the lease ends.
#[derive(Clone, FromRow)]
pub struct LetterClaim {
    pub number: i64,
    pub world: Uuid,
    pub lease: Uuid,
    pub subscriber: Uuid,
    pub sealed: Vec<u8>,
    /// `email` or `webhook`.
    pub channel: String,
    pub now: OffsetDateTime,
    /// `None`: it asks to confirm the address.
    pub subject: Option<String>,
    pub body: Option<String>,
    pub link: Option<String>,
    pub n_attempts: i32,
    pub queued_at: OffsetDateTime,
}

impl Store {
    /// Takes up to `most` letters that are due, or whose sender did not come back, for `lease_seconds`. No other server has one of
    /// them meanwhile.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn letters_claim(&self, most: i64, lease_seconds: f64) -> Result<Vec<LetterClaim>, StoreError> {
        let claimed = sqlx::query_as::<_, LetterClaim>(
            "WITH due AS (
                 SELECT number FROM letter
                 WHERE next_at <= clock_timestamp() AND world = (SELECT id FROM outbox_world)
                 ORDER BY announcement NULLS FIRST, next_at LIMIT $1 FOR UPDATE SKIP LOCKED
             ), taken AS (
                 UPDATE letter l SET state = 'sending', lease = gen_random_uuid(), n_attempts = l.n_attempts + 1,
                        next_at = clock_timestamp() + make_interval(secs => $2)
                 FROM due WHERE l.number = due.number RETURNING l.*
             )
             SELECT t.number, t.world, t.lease, t.subscriber, s.sealed, s.channel, clock_timestamp() AS now, a.subject, a.body, a.link, t.n_attempts, t.queued_at
             FROM taken t JOIN subscriber s ON s.id = t.subscriber LEFT JOIN announcement a ON a.number = t.announcement
             ORDER BY t.number",
        );
        Ok(claimed.bind(most).bind(lease_seconds).fetch_all(&self.pool).await?)
    }
}

impl Tx {
    /// The mail that asks to confirm.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn letter_ask(&mut self, subscriber: Uuid) -> Result<(), StoreError> {
        let now = self.now().inner();
        sqlx::query(
            "INSERT INTO letter (world, subscriber, next_at, queued_at) SELECT w.id, $1, $2, $2 FROM outbox_world w",
        )
        .bind(subscriber)
        .bind(now)
        .execute(self.connection())
        .await?;
        self.live(Topic::Outbox {});
        Ok(())
    }

    /// Says something to everybody whom it concerns, in one statement. How many that are.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn announcement_add(&mut self, new: &NewAnnouncement<'_>) -> Result<i64, StoreError> {
        let now = self.now().inner();
        let told: i64 = sqlx::query_scalar(
            "WITH meant AS (
                 SELECT id FROM subscriber
                 WHERE confirmed_at IS NOT NULL
                   AND (cardinality(components) = 0 OR cardinality($4::text[]) = 0 OR components && $4)
                 -- Whoever leaves at this moment is not meant, instead of keeping it from being said.
                 FOR KEY SHARE
             ), said AS (
                 INSERT INTO announcement (subject, body, link, at) SELECT $1, $2, $3, $5 WHERE EXISTS (SELECT 1 FROM meant)
                 RETURNING number
             ), letters AS (
                 INSERT INTO letter (world, subscriber, announcement, next_at, queued_at)
                 SELECT w.id, m.id, s.number, $5, $5 FROM said s, outbox_world w, meant m RETURNING 1
             )
             SELECT count(*) FROM letters",
        )
        .bind(new.subject)
        .bind(new.body)
        .bind(new.link)
        .bind(new.components)
        .bind(now)
        .fetch_one(self.connection())
        .await?;
        if told > 0 {
            self.live(Topic::Outbox {});
        }
        Ok(told)
    }

    /// Writes down how an attempt ended. `lost`: it will never be delivered; after `most` of them in a row the subscriber is
    /// forgotten. True if that has happened now.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn letter_settle(
        &mut self,
        claim: &LetterClaim,
        after: &After,
        said: &str,
        lost: bool,
        most: i32,
    ) -> Result<bool, StoreError> {
        // As whoever leaves does it: first the subscriber, then the letter.
        sqlx::query("SELECT 1 FROM subscriber WHERE id = $1 FOR UPDATE")
            .bind(claim.subscriber)
            .execute(self.connection())
            .await?;
        let done = sqlx::query(
            "UPDATE letter SET state = $3, lease = NULL, said = $4, next_at = clock_timestamp() + make_interval(secs => $5),
                    ended_at = CASE WHEN $5::float8 IS NULL THEN clock_timestamp() END
             WHERE number = $1 AND lease = $2",
        )
        .bind(claim.number)
        .bind(claim.lease)
        .bind(after.state.to_string())
        .bind(said)
        .bind(after.again_seconds.map(f64::from))
        .execute(self.connection())
        .await?;
        if done.rows_affected() != 1 || after.again_seconds.is_some() {
            // Somebody else has it, or it is not over.
            return Ok(false);
        }
        let n_failures: Option<i32> = sqlx::query_scalar(
            "UPDATE subscriber SET n_failures = CASE WHEN $2 THEN n_failures + 1 ELSE 0 END WHERE id = $1 RETURNING n_failures",
        )
        .bind(claim.subscriber)
        .bind(lost)
        .fetch_optional(self.connection())
        .await?;
        if n_failures.is_none_or(|n| n < most) {
            return Ok(false);
        }
        self.subscriber_remove(claim.subscriber).await?;
        Ok(true)
    }
}
