//! The session layer's storage over ours. What is in a session is not its business.

use async_trait::async_trait;
use shared::digest::Digest;
use store::{Store, StoreError};
use tower_sessions::{
    SessionStore,
    session::{Id, Record},
    session_store::{Error, Result},
};

#[derive(Clone, Debug)]
pub struct StoredSessions(pub Store);

/// What the database knows a session by: whoever reads the table cannot take a session over.
#[must_use]
pub fn key(id: &Id) -> String {
    Digest::of(id.to_string().as_bytes()).to_string()
}

/// Kept apart from other backend errors by its text, because the layer's error type carries only text.
fn backend(error: StoreError) -> Error {
    Error::Backend(error.to_string())
}

fn content(record: &Record) -> Result<serde_json::Value> {
    serde_json::to_value(&record.data).map_err(|e| Error::Encode(e.to_string()))
}

#[async_trait]
impl SessionStore for StoredSessions {
    async fn create(&self, record: &mut Record) -> Result<()> {
        let content = content(record)?;
        while !self.0.session_create(&key(&record.id), &content, record.expiry_date).await.map_err(backend)? {
            record.id = Id::default();
        }
        Ok(())
    }

    async fn save(&self, record: &Record) -> Result<()> {
        self.0.session_save(&key(&record.id), &content(record)?, record.expiry_date).await.map_err(backend)
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let Some((content, expiry_date)) = self.0.session_load(&key(id)).await.map_err(backend)? else {
            return Ok(None);
        };
        let data = serde_json::from_value(content).map_err(|e| Error::Decode(e.to_string()))?;
        Ok(Some(Record { id: *id, data, expiry_date }))
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        self.0.session_delete(&key(id)).await.map_err(backend)
    }
}
