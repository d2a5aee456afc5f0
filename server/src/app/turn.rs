//! One effect for each idempotency key: the first request does it, the others learn its number. What the effect is, is not known here.

use serde::Serialize;
use shared::{digest::Digest, ids::UserId};
use store::{Idempotency, StoreError, Tx};

use crate::error::AppError;

/// A key somebody sent with a request, and what the request was.
#[derive(Debug)]
pub(super) struct Turn<'a> {
    user: UserId,
    key: Option<&'a str>,
    request: Digest,
}

impl<'a> Turn<'a> {
    /// Without a key every request is its own.
    pub(super) fn new<T: Serialize>(
        user: UserId,
        key: Option<&'a str>,
        what: &str,
        body: &T,
    ) -> Result<Self, AppError> {
        if key.is_some_and(|key| key.is_empty() || key.len() > 200 || !key.chars().all(|c| c.is_ascii_graphic())) {
            return Err(AppError::invalid(
                "Idempotency-Key",
                "An Idempotency-Key has 1 to 200 visible ASCII characters.",
            ));
        }
        Ok(Self { user, key, request: Digest::of_value(&(what, body)) })
    }

    /// `Some` number of what an equal request has made before.
    pub(super) async fn begin(&self, tx: &mut Tx) -> Result<Option<i64>, AppError> {
        let Some(key) = self.key else { return Ok(None) };
        match tx.idempotency_begin(self.user, key, self.request).await {
            Ok(Idempotency::First) => Ok(None),
            Ok(Idempotency::Replay { body, .. }) => match body.parse() {
                Ok(number) => Ok(Some(number)),
                Err(_) => Err(AppError::bug(format!("idempotency answer {body:?} is not a number"))),
            },
            Err(StoreError::Conflict(_)) => Err(AppError::key_reused()),
            Err(error) => Err(error.into()),
        }
    }

    pub(super) async fn save(&self, tx: &mut Tx, number: i64) -> Result<(), AppError> {
        let Some(key) = self.key else { return Ok(()) };
        Ok(tx.idempotency_save(self.user, key, 200, &number.to_string()).await?)
    }
}
