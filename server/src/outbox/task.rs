//! The loop that sends: claims what is due under a lease on database time, sends it, and writes down how that ended. What it dies
//! in the middle of is taken up when the lease has ended, as maybe sent.

use std::{sync::Arc, time::Duration};

use serde_json::json;
use shared::domain::{
    actor::Actor,
    outbox::{Channel, Outcome, after},
};
use store::{MessageClaim, StoreError, Way};
use tokio::{sync::Notify, task::JoinSet};

use super::{Secrets, hook, words};
use crate::AppState;

/// Under way at once; a slow receiver takes one place.
const MOST: usize = 16;
/// Longer than any channel's own patience.
const LEASE_SECONDS: f64 = 45.0;
/// Between looks, if nothing is known to be due earlier.
const LOOK_SECONDS: f64 = 3.0;

/// Never returns; what is under way ends with it.
pub(crate) async fn keep_sending(state: AppState, wake: Arc<Notify>) {
    let mut under_way = JoinSet::new();
    let mut failing = false;
    loop {
        while under_way.try_join_next().is_some() {}
        let pause = match round(&state, &mut under_way).await {
            Ok(seconds) => {
                failing = false;
                seconds
            }
            Err(error) => {
                if !failing {
                    tracing::warn!(%error, "messages cannot be sent now; it is tried again");
                }
                failing = true;
                LOOK_SECONDS
            }
        };
        tokio::select! {
            () = wake.notified() => {}
            () = tokio::time::sleep(Duration::from_secs_f64(pause.max(0.05))) => {}
            _ = under_way.join_next(), if under_way.len() >= MOST => {}
        }
    }
}

/// Begins what there is room for. Seconds until something else is due.
async fn round(state: &AppState, under_way: &mut JoinSet<()>) -> Result<f64, StoreError> {
    let room = i64::try_from(MOST - under_way.len().min(MOST)).unwrap_or_default();
    if room == 0 {
        return Ok(LOOK_SECONDS);
    }
    let claims = state.store.messages_claim(room, LEASE_SECONDS).await?;
    for claim in claims {
        under_way.spawn(carry(state.clone(), claim));
    }
    state.store.message_due_in(LOOK_SECONDS).await
}

async fn carry(state: AppState, claim: MessageClaim) {
    let outcome = send(&state, &claim).await;
    if let Err(error) = settle(&state, &claim, &outcome).await {
        // The lease ends, and then it counts as maybe sent.
        tracing::warn!(%error, message = claim.number, "how a message fared could not be written down");
    }
}

async fn send(state: &AppState, claim: &MessageClaim) -> Outcome {
    let words = match words::of(claim, &state.settings.public_url, &state.key) {
        Ok(words) => words,
        Err(why) => return Outcome::Never(why),
    };
    if claim.channel.0 == Channel::Email {
        return match &state.settings.mail {
            Some(mail) => mail.send(claim, &words).await,
            None => Outcome::Nowhere,
        };
    }
    let Some((id, sealed)) = claim.way_id.zip(claim.sealed.as_ref()) else {
        return Outcome::Never("This way to be reached was removed.".into());
    };
    match secrets(state, id, sealed) {
        Ok(way) => hook::send(&state.messages, claim, &words, &way).await,
        Err(why) => Outcome::Never(why),
    }
}

fn secrets(state: &AppState, id: uuid::Uuid, sealed: &[u8]) -> Result<Secrets, String> {
    let plain = state.key.open(&Way::purpose(id), sealed).map_err(|e| format!("Its address cannot be opened: {e}."))?;
    serde_json::from_slice(&plain).map_err(|_| "Its address cannot be read.".into())
}

async fn settle(state: &AppState, claim: &MessageClaim, outcome: &Outcome) -> Result<(), StoreError> {
    let after = after(outcome, claim.n_attempts);
    let said = match outcome {
        Outcome::Sent => "",
        Outcome::NotNow(why) | Outcome::Never(why) | Outcome::Unknown(why) => why,
        Outcome::Nowhere => "There is no mail server (MUSTER_SMTP_URL is not set).",
    };
    let mut tx = state.store.begin().await?;
    if !tx.message_settle(claim, &after, said).await? {
        // Somebody else has taken it up; it is theirs to say.
        return Ok(());
    }
    if after.again_seconds.is_none() {
        let detail = json!({
            "purpose": claim.purpose.0, "recipient": claim.recipient, "channel": claim.channel.0, "address": claim.address,
            "incident": claim.incident, "attempts": claim.n_attempts, "may_be_repeat": claim.repeats, "said": said,
        });
        let action = format!("message.{}", after.state);
        tx.audit(&Actor::Muster, &action, format!("message {}", claim.number), detail);
    }
    tx.commit().await
}
