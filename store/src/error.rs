//! What can go wrong below the use cases, without HTTP and without SQL text.

use shared::domain::run::CorruptLog;

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("there is no such row")]
    NotFound,
    /// A constraint said no; its name.
    #[error("constraint {0}")]
    Conflict(String),
    /// Text that the database cannot keep: a NUL character.
    #[error("the text cannot be stored: {0}")]
    Invalid(String),
    /// The writer's lease was taken over; nothing was written.
    #[error("another worker has taken over")]
    Fenced,
    #[error("the database does not answer: {0}")]
    Unavailable(String),
    /// Stored text that this program cannot have written.
    #[error("stored data is corrupt: {0}")]
    Corrupt(String),
    #[error("{0}")]
    Bug(String),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        use sqlx::Error as E;
        match &error {
            E::RowNotFound => Self::NotFound,
            E::Io(_) | E::Tls(_) | E::PoolTimedOut | E::PoolClosed | E::WorkerCrashed => {
                Self::Unavailable(error.to_string())
            }
            E::Database(db) => match (db.code().as_deref(), db.constraint()) {
                (Some(code), _) if is_unreachable(code) => Self::Unavailable(error.to_string()),
                (Some(code), _) if is_unstorable(code) => Self::Invalid(error.to_string()),
                (_, Some(constraint)) => Self::Conflict(constraint.to_owned()),
                _ => Self::Bug(error.to_string()),
            },
            E::ColumnDecode { .. } => Self::Corrupt(error.to_string()),
            _ => Self::Bug(error.to_string()),
        }
    }
}

/// SQLSTATEs that mean "no connection to be had": lost (08), refused by authentication (28) or because the database is missing
/// or closed (3D000, 55000), ended while idle in a transaction (25P03), a standby or read-only (25006), too many connections (53300),
/// starting up or shutting down (57P).
fn is_unreachable(code: &str) -> bool {
    ["08", "28", "57P"].iter().any(|class| code.starts_with(class))
        || ["25006", "25P03", "3D000", "53300", "55000"].contains(&code)
}

/// SQLSTATEs for characters that Postgres cannot keep: NUL in text (22021) and its escape in JSON (22P05).
fn is_unstorable(code: &str) -> bool {
    ["22021", "22P05"].contains(&code)
}

impl From<sqlx::migrate::MigrateError> for StoreError {
    fn from(error: sqlx::migrate::MigrateError) -> Self {
        match error {
            sqlx::migrate::MigrateError::Execute(inner) => inner.into(),
            other => Self::Bug(format!("the database could not be migrated: {other}")),
        }
    }
}

impl From<serde_json::Error> for StoreError {
    fn from(error: serde_json::Error) -> Self {
        Self::Corrupt(error.to_string())
    }
}

impl From<CorruptLog> for StoreError {
    fn from(error: CorruptLog) -> Self {
        Self::Corrupt(error.to_string())
    }
}

/// Text columns whose CHECK names the same set as the enum: read and written through serde's names.
pub(crate) fn from_name<T: serde::de::DeserializeOwned>(name: String) -> Result<T, StoreError> {
    Ok(serde_json::from_value(serde_json::Value::String(name))?)
}
