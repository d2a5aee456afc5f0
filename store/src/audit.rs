//! Reading the audit chain, whole or by what somebody looks for. Writing happens at commit, in `tx`; there is no other pen.

use shared::{
    api::audit::{AuditChoices, AuditEntryView, AuditQuery},
    digest::Digest,
    domain::{
        actor::Actor,
        audit::{Link, genesis},
    },
    timestamp::Timestamp,
};
use sqlx::{FromRow, Postgres, QueryBuilder, types::Json};

use crate::{Store, StoreError};

#[derive(FromRow)]
struct LinkRow {
    entry: String,
    previous: String,
    hash: String,
}

fn digest(text: &str) -> Result<Digest, StoreError> {
    text.parse().map_err(|e| StoreError::Corrupt(format!("audit chain: {e}")))
}

/// As the index has it.
macro_rules! person {
    () => {
        "coalesce(doc #>> '{by,id}', doc #>> '{by,name}', doc #>> '{by,actor}')"
    };
}

fn narrow(query: &mut QueryBuilder<Postgres>, wanted: &AuditQuery) {
    let equal = [
        (" AND doc ->> 'action' = ", &wanted.action),
        (" AND doc ->> 'object' = ", &wanted.object),
        (concat!(" AND ", person!(), " = "), &wanted.person),
    ];
    for (sql, value) in equal {
        if let Some(value) = value {
            query.push(sql).push_bind(value.clone());
        }
    }
    if wanted.denied {
        query.push(" AND doc ->> 'denied' = 'true'");
    }
    for (sql, at) in [(" AND left(doc ->> 'at', 19) >= ", wanted.from), (" AND left(doc ->> 'at', 19) <= ", wanted.to)]
    {
        if let Some(at) = at {
            query.push(sql).push_bind(second(at));
        }
    }
    if let Some(text) = &wanted.text {
        let (plain, escaped) = (containing(text), containing(&inside_json(text)));
        // The whole text first: cheap, and right for most entries.
        query.push(" AND entry ILIKE ").push_bind(escaped.clone());
        query.push(" AND (doc ->> 'action' ILIKE ").push_bind(plain.clone());
        query.push(" OR doc ->> 'object' ILIKE ").push_bind(plain.clone());
        query.push(" OR doc #>> '{by,name}' ILIKE ").push_bind(plain);
        query.push(" OR doc ->> 'detail' ILIKE ").push_bind(escaped).push(")");
    }
}

/// `2026-11-22T03:10:07`.
fn second(at: Timestamp) -> String {
    at.to_string().chars().take(19).collect()
}

/// A pattern for LIKE in which the text means itself.
fn containing(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    format!("%{escaped}%")
}

/// The text as it stands within a JSON string.
fn inside_json(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted.get(1..quoted.len() - 1).unwrap_or_default().to_owned()
}

impl Store {
    /// Newest first, sequence numbers below `before`.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn audit_list(&self, before: Option<i64>, limit: i64) -> Result<Vec<AuditEntryView>, StoreError> {
        self.audit_find(&AuditQuery { before, ..AuditQuery::default() }, limit).await
    }

    /// Newest first.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn audit_find(&self, wanted: &AuditQuery, limit: i64) -> Result<Vec<AuditEntryView>, StoreError> {
        let mut query = QueryBuilder::new("SELECT entry, hash FROM audit_entry WHERE true");
        narrow(&mut query, wanted);
        if let Some(before) = wanted.before {
            query.push(" AND seq < ").push_bind(before);
        }
        query.push(" ORDER BY seq DESC LIMIT ").push_bind(limit);
        let rows: Vec<(String, String)> = query.build_query_as().fetch_all(&self.pool).await?;
        rows.into_iter()
            .map(|(entry, hash)| Ok(AuditEntryView { entry: serde_json::from_str(&entry)?, hash: digest(&hash)? }))
            .collect()
    }

    /// Who and what occurs in the chain: a few steps through an index for each, however long the chain is.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn audit_choices(&self) -> Result<AuditChoices, StoreError> {
        let actions = sqlx::query_scalar(
            "WITH RECURSIVE found (name) AS (
                 SELECT min(doc ->> 'action') FROM audit_entry
                 UNION ALL
                 SELECT (SELECT min(doc ->> 'action') FROM audit_entry WHERE doc ->> 'action' > name) FROM found WHERE name IS NOT NULL)
             SELECT name FROM found WHERE name IS NOT NULL",
        )
        .fetch_all(&self.pool)
        .await?;
        let people: Vec<Json<Actor>> = sqlx::query_scalar(concat!(
            "WITH RECURSIVE found (key) AS (
                 SELECT min(",
            person!(),
            ") FROM audit_entry
                 UNION ALL
                 SELECT (SELECT min(",
            person!(),
            ") FROM audit_entry WHERE ",
            person!(),
            " > key) FROM found WHERE key IS NOT NULL)
             SELECT newest.by FROM found CROSS JOIN LATERAL (
                 SELECT doc -> 'by' AS by FROM audit_entry WHERE ",
            person!(),
            " = found.key ORDER BY seq DESC LIMIT 1) AS newest",
        ))
        .fetch_all(&self.pool)
        .await?;
        Ok(AuditChoices { people: people.into_iter().map(|by| by.0).collect(), actions })
    }

    /// Links after sequence number `after`, in order of the sequence.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn audit_links(&self, after: i64, limit: i64) -> Result<Vec<(i64, Link)>, StoreError> {
        self.audit_links_of(&AuditQuery::default(), after, limit).await
    }

    /// As [`Store::audit_links`], only those that are looked for.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn audit_links_of(
        &self,
        wanted: &AuditQuery,
        after: i64,
        limit: i64,
    ) -> Result<Vec<(i64, Link)>, StoreError> {
        #[derive(FromRow)]
        struct Row {
            seq: i64,
            #[sqlx(flatten)]
            link: LinkRow,
        }
        let mut query = QueryBuilder::new("SELECT seq, entry, previous, hash FROM audit_entry WHERE true");
        narrow(&mut query, wanted);
        query.push(" AND seq > ").push_bind(after).push(" ORDER BY seq LIMIT ").push_bind(limit);
        let rows: Vec<Row> = query.build_query_as().fetch_all(&self.pool).await?;
        rows.into_iter()
            .map(|row| {
                let link = Link {
                    entry: row.link.entry,
                    previous: digest(&row.link.previous)?,
                    hash: digest(&row.link.hash)?,
                };
                Ok((row.seq, link))
            })
            .collect()
    }

    /// Hashes of these entries, ascending; those that are not there are left out.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn audit_hashes(&self, seqs: &[i64]) -> Result<Vec<(u64, Digest)>, StoreError> {
        let rows: Vec<(i64, String)> =
            sqlx::query_as("SELECT seq, hash FROM audit_entry WHERE seq = ANY($1) ORDER BY seq")
                .bind(seqs)
                .fetch_all(&self.pool)
                .await?;
        rows.into_iter().map(|(seq, hash)| Ok((seq.unsigned_abs(), digest(&hash)?))).collect()
    }

    /// How many entries the chain should have, and its last hash.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn audit_head(&self) -> Result<(u64, Digest), StoreError> {
        let row: Option<(i64, String)> =
            sqlx::query_as("SELECT seq, hash FROM audit_head").fetch_optional(&self.pool).await?;
        match row {
            Some((seq, hash)) => Ok((seq.unsigned_abs(), digest(&hash)?)),
            None => Ok((0, genesis())),
        }
    }
}
