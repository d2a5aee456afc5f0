//! Notices that runs have given: those for one person, messages to all whom they are for, and their word that they have read one.
//! Gives none.

use serde_json::json;
use shared::{
    api::{List, live::Topic, notice::NoticeView},
    domain::{access::Action, incident::IncidentEvent, outbox::Purpose},
};
use store::Store;

use super::tell::{self, Person, Telling};
use crate::{
    auth::permit::{AcknowledgeNotice, Permit, ViewConsole},
    error::{AppError, Found as _},
};

/// More at once nobody reads; what is acknowledged makes room.
const PAGE: i64 = 100;

/// # Errors
/// If the database does not answer.
pub async fn list(store: &Store, permit: &Permit<ViewConsole>) -> Result<List<NoticeView>, AppError> {
    Ok(List { items: store.notices_for(permit.user(), PAGE).await?, next: None })
}

/// # Errors
/// 404 if there is no such notice, 403 if it is for others.
pub async fn acknowledge(
    store: &Store,
    permit: &Permit<AcknowledgeNotice>,
    number: i64,
) -> Result<NoticeView, AppError> {
    let (by, user) = (permit.actor(), permit.user());
    let mut tx = store.begin().await?;
    let notice = tx.notice_fetch(user.id, number).await.found(|| format!("notice {number}"))?;
    if !notice.audience.includes(&user.role, &user.contact_roles) {
        let detail = json!({"action": Action::AcknowledgeNotice, "why": "audience"});
        tx.audit_denied(&by, "access.denied", format!("notice {number}"), detail);
        tx.commit().await?;
        return Err(AppError::forbidden(format!(
            "This notice is for {}, and you are not one of them. Nothing was acknowledged.",
            notice.audience.words()
        )));
    }
    let record = tx.incident_lock(notice.incident).await?;
    if !tx.notice_acknowledge(number, user.id).await? {
        return Ok(tx.notice_fetch(user.id, number).await?);
    }
    let event = IncidentEvent::NoticeAcknowledged { run: notice.run, step: notice.step, text: notice.text };
    let next = record.incident.apply(&event, tx.now())?;
    tx.incident_append(&record, &next, &event, &by).await?;
    tx.audit(&by, "notice.acknowledged", format!("notice {number}"), json!({"run": notice.run, "step": notice.step}));
    tx.live(Topic::Incident { number: notice.incident });
    let seen = tx.notice_fetch(user.id, number).await?;
    tx.commit().await?;
    Ok(seen)
}

/// At once; more wait for the next look.
const AT_ONCE: i64 = 20;

/// Makes messages of notices that have none yet, for everybody who belongs to their audience now.
///
/// # Errors
/// If the database does not answer; then none was made.
pub async fn send(store: &Store) -> Result<(), AppError> {
    let mut tx = store.begin().await?;
    let numbers = tx.notices_unsent(AT_ONCE).await?;
    if numbers.is_empty() {
        return Ok(());
    }
    let people: Vec<_> = tx.user_list().await?.into_iter().filter(|user| user.active && !user.service).collect();
    let ways = tx.ways_of(&people.iter().map(|user| user.id).collect::<Vec<_>>()).await?;
    for number in numbers {
        let notice = tx.notice_told(number).await?;
        let (cause, link) = (format!("notice:{number}"), format!("/console/runs/{}", notice.run));
        let subject = format!("Notice from run {} (incident {})", notice.run, notice.incident_number);
        let telling = Telling {
            link: Some(&link),
            incident: Some(notice.incident),
            ..Telling::new(Purpose::Notice, &cause, &subject, &notice.text)
        };
        for user in people.iter().filter(|user| notice.audience.includes(&user.role, &user.contact_roles)) {
            let person = Person { id: user.id, name: &user.name, email: &user.email };
            tell::person(&mut tx, &telling, person, &ways).await?;
        }
    }
    Ok(tx.commit().await?)
}
