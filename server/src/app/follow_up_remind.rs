//! Reminds people of their follow-ups: a day before they are due and when they are overdue, once each. On database time, under the
//! row's lock, so of several servers one does it.

use serde_json::json;
use shared::{
    api::live::Topic,
    domain::{
        actor::Actor,
        follow_up::{FollowUpState, Reminded, due_reminder, remind_at},
        outbox::Purpose,
    },
};
use store::Store;

use super::tell::{self, Telling};
use crate::error::AppError;

/// # Errors
/// If the database does not answer; what was not said is said next time.
pub(crate) async fn sweep(store: &Store) -> Result<(), AppError> {
    let mut failed = Ok(());
    for number in store.follow_ups_to_remind().await? {
        // One that cannot be seen to does not keep the others waiting.
        failed = remind(store, number).await.and(failed);
    }
    failed
}

async fn remind(store: &Store, number: i64) -> Result<(), AppError> {
    let seen = store.follow_up_fetch(number).await?;
    let mut tx = store.begin().await?;
    let record = tx.incident_lock(seen.incident).await?;
    let (found, reminded) = tx.follow_up_lock(number).await?;
    let Some(due_at) = found.due_at.filter(|_| found.state == FollowUpState::Open) else { return Ok(()) };
    let Some(which) = due_reminder(due_at, reminded, tx.now()) else { return Ok(()) };
    tx.follow_up_reminded(number, which, remind_at(Some(due_at), which)).await?;
    if let Some(owner) = &found.owner {
        let user = tx.user_fetch(owner.id).await?;
        let words = if which == Reminded::Overdue { "overdue" } else { "due soon" };
        let cause = format!("follow-up:{number}:{}:{which}", due_at.unix_ms());
        let link = format!("/console/follow-ups#follow-up-{number}");
        let subject = format!("Follow-up {number} is {words}: {}", found.title);
        let body = format!(
            "{}\n\nIt follows incident {} ({}), is yours, and {} {}. Say that it is done, or move its time.",
            found.title,
            found.incident,
            found.incident_title,
            if which == Reminded::Overdue { "was due" } else { "is due" },
            due_at.utc_text()
        );
        let telling = Telling {
            link: Some(&link),
            incident: Some(record.id),
            ..Telling::new(Purpose::Notice, &cause, &subject, &body)
        };
        if user.active {
            let ways = tx.ways_of(&[user.id]).await?;
            let person = tell::Person { id: user.id, name: &user.name, email: &user.email };
            tell::person(&mut tx, &telling, person, &ways).await?;
        }
    }
    if which == Reminded::Overdue {
        let detail = json!({"incident": found.incident, "due_at": due_at});
        tx.audit(&Actor::Muster, "follow-up.overdue", format!("follow-up {number}"), detail);
    }
    tx.live(Topic::Report { incident: found.incident });
    Ok(tx.commit().await?)
}
