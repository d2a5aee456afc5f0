//! One transaction with its consequences: audit entries and live events are collected and written at commit. Never held while
//! work is done on a host.

use serde_json::{Value, json};
use shared::{
    api::live::Topic,
    digest::Digest,
    domain::{
        actor::Actor,
        audit::{Entry, link},
    },
    timestamp::Timestamp,
};
use sqlx::{PgConnection, PgPool, Postgres, Transaction};

use crate::{StoreError, live::StoredTopic, through::named, unseen};

/// Who restricted an incident and who was let in, the log says to everybody who reads it.
const READERS_CHANGE: [&str; 3] = ["incident.restricted", "incident.let-in", "incident.put-out"];

/// Dropped without [`Tx::commit`], nothing has happened.
#[derive(Debug)]
pub struct Tx {
    inner: Transaction<'static, Postgres>,
    now: Timestamp,
    audit: Vec<NewEntry>,
    live: Vec<StoredTopic>,
}

#[derive(Debug)]
struct NewEntry {
    by: Actor,
    action: String,
    object: String,
    denied: bool,
    detail: Value,
}

impl Tx {
    pub(crate) async fn begin(pool: &PgPool) -> Result<Self, StoreError> {
        let mut inner = pool.begin().await?;
        let now = sqlx::query_scalar("SELECT clock_timestamp()").fetch_one(&mut *inner).await?;
        Ok(Self { inner, now: Timestamp::new(now), audit: vec![], live: vec![] })
    }

    /// The database's clock when the transaction began.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.now
    }

    pub(crate) fn connection(&mut self) -> &mut PgConnection {
        &mut self.inner
    }

    /// Notes a change for the audit chain.
    pub fn audit(&mut self, by: &Actor, action: &str, object: impl Into<String>, detail: Value) {
        self.audit.push(NewEntry {
            by: by.clone(),
            action: action.into(),
            object: object.into(),
            denied: false,
            detail: named(detail),
        });
    }

    /// Notes a refused attempt for the audit chain.
    pub fn audit_denied(&mut self, by: &Actor, action: &str, object: impl Into<String>, detail: Value) {
        self.audit.push(NewEntry {
            by: by.clone(),
            action: action.into(),
            object: object.into(),
            denied: true,
            detail: named(detail),
        });
    }

    /// Tells everybody who watches, once committed.
    pub fn live(&mut self, topic: Topic) {
        self.live_stored(StoredTopic::from(topic));
    }

    pub(crate) fn live_stored(&mut self, topic: StoredTopic) {
        if !self.live.contains(&topic) {
            self.live.push(topic);
        }
    }

    /// Writes audit entries, then live events, then commits. Locks are always taken in this order: domain rows, chain head, live
    /// head; so transactions cannot wait for each other in a circle.
    ///
    /// # Errors
    /// If anything could not be written; then nothing was.
    pub async fn commit(mut self) -> Result<(), StoreError> {
        self.write_audit().await?;
        if !self.live.is_empty() {
            let topics: Vec<Value> = self.live.iter().map(serde_json::to_value).collect::<Result<_, _>>()?;
            sqlx::query(
                "WITH head AS (UPDATE live_head SET id = id + cardinality($1::jsonb[]) RETURNING id),
                      new AS (INSERT INTO live_event (id, topic)
                              SELECT head.id - cardinality($1::jsonb[]) + t.ordinality, t.topic
                              FROM head, unnest($1::jsonb[]) WITH ORDINALITY AS t (topic, ordinality)
                              RETURNING id)
                 SELECT pg_notify('muster_live', max(id)::text) FROM new",
            )
            .bind(topics)
            .execute(&mut *self.inner)
            .await?;
        }
        Ok(self.inner.commit().await?)
    }

    async fn write_audit(&mut self) -> Result<(), StoreError> {
        if self.audit.is_empty() {
            return Ok(());
        }
        self.withhold().await?;
        let (mut seq, head) = self.lock_chain().await?;
        let mut previous = head.parse().map_err(|e| StoreError::Corrupt(format!("audit head: {e}")))?;
        let (mut seqs, mut texts, mut previouses, mut hashes) = (vec![], vec![], vec![], vec![]);
        for new in self.audit.drain(..) {
            seq += 1;
            let entry = Entry {
                seq: seq.unsigned_abs(),
                at: self.now,
                by: new.by,
                action: new.action,
                object: new.object,
                denied: new.denied,
                detail: new.detail,
            };
            let link = link(previous, &entry);
            previous = link.hash;
            seqs.push(seq);
            texts.push(link.entry);
            previouses.push(link.previous.to_string());
            hashes.push(link.hash.to_string());
        }
        sqlx::query(
            "WITH head AS (UPDATE audit_head SET seq = $5, hash = $6)
             INSERT INTO audit_entry (seq, entry, previous, hash)
             SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[])",
        )
        .bind(&seqs)
        .bind(&texts)
        .bind(&previouses)
        .bind(&hashes)
        .bind(seq)
        .bind(previous.to_string())
        .execute(&mut *self.inner)
        .await?;
        Ok(())
    }

    /// What happens in an incident that only some may see is in the chain with who, when and what kind; what was said there only with its
    /// digest. So the log stays whole for whoever reads it, and proves what it does not tell.
    async fn withhold(&mut self) -> Result<(), StoreError> {
        let objects: Vec<&str> = self.audit.iter().map(|new| new.object.as_str()).collect();
        let confidential = unseen::confidential(&mut self.inner, &objects).await?;
        for new in &mut self.audit {
            let about = unseen::named(&new.object);
            if confidential.iter().any(|(word, number)| about == Some((word.as_str(), *number))) {
                let mut said = json!({"withheld": Digest::of_value(&new.detail)});
                if READERS_CHANGE.contains(&new.action.as_str()) {
                    said["people"] = new.detail.get("people").or(new.detail.get("person")).cloned().unwrap_or_default();
                }
                new.detail = said;
            }
        }
        Ok(())
    }

    /// The chain's end, held until commit.
    async fn lock_chain(&mut self) -> Result<(i64, String), StoreError> {
        let head =
            sqlx::query_as("SELECT seq, hash FROM audit_head FOR UPDATE").fetch_optional(&mut *self.inner).await?;
        head.ok_or_else(|| StoreError::Corrupt("the audit chain has lost its head; nothing can be written down".into()))
    }
}
