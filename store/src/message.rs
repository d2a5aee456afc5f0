//! The outbox: messages to people, who is sending one now, and what became of it. Sends nothing and decides nothing about trying again.

use shared::{
    api::{
        contact::{DeliveryView, MessageView},
        live::Topic,
    },
    domain::{
        incident::Eyes,
        outbox::{After, Channel, DeliveryEvent, Purpose},
    },
    ids::{IncidentId, UserId},
    timestamp::Timestamp,
};
use sqlx::{FromRow, types::Json};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{Store, StoreError, Tx, error::from_name};

/// What is to be sent to one person in one way.
#[derive(Clone, Debug)]
pub struct NewMessage<'a> {
    /// The same cause writes it once.
    pub dedup: &'a str,
    pub purpose: Purpose,
    /// `None`: somebody who has no account yet.
    pub user: Option<UserId>,
    pub recipient: &'a str,
    pub channel: Channel,
    /// `None`: the account's e-mail address.
    pub way: Option<Uuid>,
    pub address: &'a str,
    pub subject: &'a str,
    pub body: &'a str,
    /// From the root.
    pub link: Option<&'a str>,
    pub incident: Option<IncidentId>,
    pub page: Option<Uuid>,
    pub drill_call: Option<Uuid>,
    /// What is put behind the link when it is sent, sealed for [`message_secret`]; nobody reads it in the outbox.
    pub secret: Option<&'a [u8]>,
}

/// What a message's secret is sealed for: another message's does not open in its place.
#[must_use]
pub fn message_secret(dedup: &str) -> String {
    format!("message {dedup}")
}

/// A message in the hands of whoever sends it, until the lease ends.
#[derive(Clone, FromRow)]
pub struct MessageClaim {
    pub number: i64,
    pub world: Uuid,
    pub lease: Uuid,
    #[sqlx(try_from = "String")]
    pub purpose: Named<Purpose>,
    pub recipient: String,
    #[sqlx(try_from = "String")]
    pub channel: Named<Channel>,
    pub dedup: String,
    pub way_id: Option<Uuid>,
    /// What is in [`MessageClaim::way_id`]'s row, if the person still has it.
    pub sealed: Option<Vec<u8>>,
    pub address: String,
    pub subject: String,
    pub body: String,
    pub link: Option<String>,
    pub incident: Option<i64>,
    pub page_id: Option<Uuid>,
    pub drill_call_id: Option<Uuid>,
    pub secret: Option<Vec<u8>>,
    pub n_attempts: i32,
    /// An earlier attempt may have arrived.
    pub repeats: bool,
    pub queued_at: OffsetDateTime,
    /// By the database's clock, when it was claimed.
    pub now: OffsetDateTime,
    /// Numbers that people call the recipient by.
    pub phones: Vec<String>,
}

/// Read through serde's names.
#[derive(Clone, Copy, Debug)]
pub struct Named<T>(pub T);

impl<T: serde::de::DeserializeOwned> TryFrom<String> for Named<T> {
    type Error = StoreError;

    fn try_from(name: String) -> Result<Self, StoreError> {
        from_name(name).map(Self)
    }
}

#[derive(FromRow)]
struct MessageRow {
    number: i64,
    purpose: String,
    recipient: String,
    channel: String,
    address: String,
    subject: String,
    incident: Option<i64>,
    state: String,
    n_attempts: i32,
    next_at: Option<OffsetDateTime>,
    log: Json<Vec<DeliveryView>>,
}

impl TryFrom<MessageRow> for MessageView {
    type Error = StoreError;

    fn try_from(row: MessageRow) -> Result<Self, StoreError> {
        Ok(Self {
            number: row.number,
            purpose: from_name(row.purpose)?,
            recipient: row.recipient,
            channel: from_name(row.channel)?,
            address: row.address,
            subject: row.subject,
            incident: row.incident,
            state: from_name(row.state)?,
            attempts: row.n_attempts,
            next_at: row.next_at.map(Timestamp::new),
            log: row.log.0,
        })
    }
}

macro_rules! messages {
    ($rest:literal) => {
        concat!(
            "SELECT m.number, m.purpose, m.recipient, m.channel, m.address, m.subject, i.number AS incident, m.state, m.n_attempts,
                    CASE WHEN m.state <> 'sending' THEN m.next_at END AS next_at,
                    coalesce((SELECT jsonb_agg(jsonb_build_object('event', e.event, 'at', e.at, 'said', e.said) ORDER BY e.seq)
                              FROM message_event e WHERE e.message = m.number), '[]') AS log
             FROM message m LEFT JOIN incident i ON i.id = m.incident_id ",
            $rest
        )
    };
}

impl Store {
    /// Newest first; not the links that let somebody in, which are not everybody's business, nor what is about an incident that these eyes may
    /// not see.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn message_list(&self, eyes: Eyes, limit: i64) -> Result<Vec<MessageView>, StoreError> {
        let rows = sqlx::query_as::<_, MessageRow>(messages!(
            "WHERE m.purpose NOT IN ('invitation', 'new-password') AND (i.seen_by IS NULL OR $2 OR $3 = ANY(i.seen_by)) ORDER BY m.number DESC LIMIT $1"
        ))
        .bind(limit)
        .bind(eyes.all)
        .bind(eyes.who.0)
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// The newest message to this way, if there was one.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn message_last_of_way(&self, way: Uuid) -> Result<Option<MessageView>, StoreError> {
        let row = sqlx::query_as::<_, MessageRow>(messages!("WHERE m.way_id = $1 ORDER BY m.number DESC LIMIT 1"))
            .bind(way)
            .fetch_optional(&self.pool)
            .await?;
        row.map(TryInto::try_into).transpose()
    }

    /// What was sent for calls of this incident, with the call that it belongs to; oldest first.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn messages_of_pages(&self, incident: IncidentId) -> Result<Vec<(Uuid, MessageView)>, StoreError> {
        #[derive(FromRow)]
        struct Row {
            page_id: Uuid,
            #[sqlx(flatten)]
            message: MessageRow,
        }
        // `messages!` names no column of the call; the numbers join them.
        let rows = sqlx::query_as::<_, Row>(concat!(
            "SELECT p.page_id, m.* FROM (",
            messages!("WHERE m.incident_id = $1 AND m.page_id IS NOT NULL"),
            ") m JOIN message p ON p.number = m.number ORDER BY m.number"
        ))
        .bind(incident.0)
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(|row| Ok((row.page_id, row.message.try_into()?))).collect()
    }

    /// Takes up to `most` messages that are due, or whose sender did not come back, for `lease_seconds`. No other server has one of
    /// them meanwhile. What was queued in another life of the database is not due.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn messages_claim(&self, most: i64, lease_seconds: f64) -> Result<Vec<MessageClaim>, StoreError> {
        let claimed = sqlx::query_as::<_, MessageClaim>(
            "WITH due AS (
                 SELECT number, state FROM message
                 WHERE next_at <= clock_timestamp() AND world = (SELECT id FROM outbox_world)
                 ORDER BY next_at LIMIT $1 FOR UPDATE SKIP LOCKED
             ), taken AS (
                 UPDATE message m
                 SET state = 'sending', lease = gen_random_uuid(), n_attempts = m.n_attempts + 1,
                     repeats = m.repeats OR due.state IN ('sending', 'maybe-sent'),
                     next_at = clock_timestamp() + make_interval(secs => $2)
                 FROM due WHERE m.number = due.number
                 RETURNING m.*, due.state AS before
             ), logged AS (
                 INSERT INTO message_event (message, seq, at, event, said)
                 SELECT t.number, (SELECT count(*) FROM message_event e WHERE e.message = t.number) + n.n, clock_timestamp(), n.event, n.said
                 FROM taken t, LATERAL (
                     SELECT 1 AS n, 'maybe-sent' AS event, 'Whoever was sending it did not come back.' AS said WHERE t.before = 'sending'
                     UNION ALL
                     SELECT CASE WHEN t.before = 'sending' THEN 2 ELSE 1 END,
                            CASE WHEN t.repeats THEN 'repeated' ELSE 'begun' END, ''
                 ) n
             )
             SELECT t.number, t.world, t.lease, t.purpose, t.recipient, t.channel, t.dedup, t.way_id, t.address, t.subject, t.body, t.link, t.page_id,
                    t.drill_call_id, t.secret,
                    i.number AS incident, t.n_attempts, t.repeats, t.queued_at, clock_timestamp() AS now, w.sealed,
                    ARRAY(SELECT p.shown FROM way p WHERE p.user_id = t.user_id AND p.channel = 'phone' AND p.removed_at IS NULL
                          ORDER BY p.created_at) AS phones
             FROM taken t LEFT JOIN way w ON w.id = t.way_id AND w.removed_at IS NULL
                          LEFT JOIN incident i ON i.id = t.incident_id
             ORDER BY t.number",
        )
        .bind(most)
        .bind(lease_seconds)
        .fetch_all(&self.pool)
        .await?;
        Ok(claimed)
    }

    /// Seconds until the next message is due; at most `most`.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn message_due_in(&self, most: f64) -> Result<f64, StoreError> {
        Ok(sqlx::query_scalar(
            // Of the two, `least` is the one that may see that there is none: both pass over NULL.
            "SELECT greatest(0, least($1, extract(epoch FROM min(next_at) - clock_timestamp())))::float8
             FROM message WHERE next_at IS NOT NULL AND world = (SELECT id FROM outbox_world)",
        )
        .bind(most)
        .fetch_one(&self.pool)
        .await?)
    }

    /// Begins a life of the outbox if there is none: after a restore that did not come to its end.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn outbox_begin(&self) -> Result<(), StoreError> {
        sqlx::query("INSERT INTO outbox_world (id) VALUES ($1) ON CONFLICT DO NOTHING")
            .bind(Uuid::new_v4())
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}

impl Tx {
    /// Puts it into the outbox. `None` if the same cause has done so before; then nothing was written.
    ///
    /// # Errors
    /// If the database does not answer or a CHECK says no.
    pub async fn message_add(&mut self, new: &NewMessage<'_>) -> Result<Option<i64>, StoreError> {
        let now = self.now().inner();
        let number: Option<i64> = sqlx::query_scalar(
            "WITH new AS (
                 INSERT INTO message (world, dedup, purpose, user_id, recipient, channel, way_id, address, subject, body, link,
                                      incident_id, page_id, next_at, queued_at, drill_call_id, secret)
                 SELECT w.id, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13, $14, $15 FROM outbox_world w
                 ON CONFLICT (dedup) DO NOTHING RETURNING number
             ), logged AS (
                 INSERT INTO message_event (message, seq, at, event) SELECT number, 1, $13, 'queued' FROM new
             )
             SELECT number FROM new",
        )
        .bind(new.dedup)
        .bind(new.purpose.to_string())
        .bind(new.user.map(|user| user.0))
        .bind(new.recipient)
        .bind(new.channel.name())
        .bind(new.way)
        .bind(new.address)
        .bind(new.subject)
        .bind(new.body)
        .bind(new.link)
        .bind(new.incident.map(|id| id.0))
        .bind(new.page)
        .bind(now)
        .bind(new.drill_call)
        .bind(new.secret)
        .fetch_optional(self.connection())
        .await?;
        if number.is_some() {
            self.live(Topic::Outbox {});
        }
        Ok(number)
    }

    /// Writes down how an attempt ended. False if the lease was lost meanwhile: then somebody else has it, and nothing was written.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn message_settle(
        &mut self,
        claim: &MessageClaim,
        after: &After,
        said: &str,
    ) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "WITH done AS (
                 UPDATE message SET state = $3, lease = NULL, said = $4, repeats = repeats OR $3 = 'maybe-sent',
                        next_at = clock_timestamp() + make_interval(secs => $5),
                        ended_at = CASE WHEN $5::float8 IS NULL THEN clock_timestamp() END,
                        secret = CASE WHEN $5::float8 IS NOT NULL THEN secret END
                 WHERE number = $1 AND lease = $2 RETURNING number
             )
             INSERT INTO message_event (message, seq, at, event, said)
             SELECT number, (SELECT count(*) + 1 FROM message_event WHERE message = $1), clock_timestamp(), $6, $4 FROM done",
        )
        .bind(claim.number)
        .bind(claim.lease)
        .bind(after.state.to_string())
        .bind(said)
        .bind(after.again_seconds.map(f64::from))
        .bind(after.event.to_string())
        .execute(self.connection())
        .await?;
        if done.rows_affected() != 1 {
            return Ok(false);
        }
        if after.state.lost() {
            // Perhaps nothing has got through: whoever calls people has to look again.
            sqlx::query(
                "UPDATE paging p SET next_at = clock_timestamp() FROM page g
                 WHERE g.id = $1 AND p.incident_id = g.incident_id AND p.round = g.round AND p.next_at IS NOT NULL",
            )
            .bind(claim.page_id)
            .execute(self.connection())
            .await?;
        }
        self.live(Topic::Outbox {});
        if let Some(number) = claim.incident {
            self.live(Topic::Incident { number });
        }
        Ok(true)
    }

    /// After a restore: nothing that was queued before is sent by itself, and nobody is called for what was going on. How many
    /// messages had not ended.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn outbox_forget(&mut self) -> Result<i64, StoreError> {
        let left: i64 = sqlx::query_scalar(
            "WITH left_over AS (
                 UPDATE message SET lease = NULL, next_at = NULL, ended_at = clock_timestamp(), secret = NULL,
                        state = CASE WHEN state = 'queued' THEN 'failed' ELSE 'maybe-sent' END,
                        said = 'Muster was restored from a backup.'
                 WHERE next_at IS NOT NULL RETURNING number
             ), logged AS (
                 INSERT INTO message_event (message, seq, at, event)
                 SELECT l.number, (SELECT count(*) + 1 FROM message_event e WHERE e.message = l.number), clock_timestamp(), $1
                 FROM left_over l
             )
             SELECT count(*) FROM left_over",
        )
        .bind(DeliveryEvent::Restored.to_string())
        .fetch_one(self.connection())
        .await?;
        for statement in [
            "UPDATE paging SET next_at = NULL, ended_at = clock_timestamp() WHERE next_at IS NOT NULL",
            "INSERT INTO notice_sent SELECT number FROM notice ON CONFLICT DO NOTHING",
            "UPDATE letter SET lease = NULL, next_at = NULL, ended_at = clock_timestamp(), said = 'Muster was restored from a backup.',
                    state = CASE WHEN state = 'queued' THEN 'failed' ELSE 'maybe-sent' END
             WHERE next_at IS NOT NULL",
            "DELETE FROM outbox_world",
            "INSERT INTO outbox_world (id) VALUES (gen_random_uuid())",
        ] {
            sqlx::query(statement).execute(self.connection()).await?;
        }
        Ok(left)
    }
}
