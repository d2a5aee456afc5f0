//! Through what a request came, if not through a person's own session: every audit entry made meanwhile names it, whoever writes
//! it. Decides nothing.

use std::future::Future;

use serde_json::{Value, json};

tokio::task_local! {
    static TOKEN: Value;
}

/// Does the work; the audit entries that come of it name the token.
pub async fn through<F: Future>(token: Value, work: F) -> F::Output {
    TOKEN.scope(token, work).await
}

/// The detail of an entry, with the token that the work is done through.
pub(crate) fn named(detail: Value) -> Value {
    TOKEN.try_with(Clone::clone).map_or_else(|_| detail.clone(), |token| with(detail.clone(), token))
}

fn with(detail: Value, token: Value) -> Value {
    match detail {
        Value::Object(mut members) => {
            members.insert("token".into(), token);
            Value::Object(members)
        }
        other => json!({"detail": other, "token": token}),
    }
}
