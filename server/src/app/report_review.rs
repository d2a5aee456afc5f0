//! What others say of a report: comments in its margin, who is asked to look, and what they say of a version. Publishes nothing.

use serde_json::json;
use shared::{
    api::{
        List,
        live::Topic,
        report::{CommentIn, ReportReviewIn, ReviewAskIn, SettleIn},
    },
    domain::{
        access::Action,
        incident::Person,
        outbox::Purpose,
        report::review::{ReviewDeed, may_judge},
        text::{Message, Title},
    },
    ids::UserId,
};
use store::{IncidentRecord, Report, Store, StoreError, Tx};
use uuid::Uuid;

use super::{
    report::{incident, report},
    restricted,
    tell::{self, Telling},
};
use crate::{
    auth::permit::{EditReport, Permit, PublishReport},
    error::AppError,
};

/// The report under its lock.
pub(super) async fn locked(tx: &mut Tx, record: &IncidentRecord) -> Result<Report, AppError> {
    let report = tx.report_lock(record.id).await?;
    report.ok_or_else(|| AppError::not_found(format!("report on incident {} yet", record.number)))
}

/// Whether the version that was read is the newest; `so` says what was not done.
pub(super) fn current(report: &Report, read: i32, so: &str) -> Result<(), AppError> {
    if report.version == read {
        return Ok(());
    }
    let Report { saved_by, version, .. } = report;
    Err(AppError::content_changed(format!(
        "{saved_by} has saved version {version} since you read version {read}. {so}"
    )))
}

/// # Errors
/// 404 if there is no report; if there never was such a version.
pub async fn comment(
    store: &Store,
    permit: &Permit<EditReport>,
    number: i64,
    input: CommentIn,
) -> Result<(), AppError> {
    let record = incident(store, number).await?;
    let now = report(store, &record).await?;
    if !(1..=now.version).contains(&input.version) {
        let why = format!("There is no version {} of this report; the newest is {}.", input.version, now.version);
        return Err(AppError::invalid("version", why));
    }
    let section = input.section.map(Title::into_inner).unwrap_or_default();
    let by = permit.actor();
    let mut tx = store.begin().await?;
    tx.report_comment_add(record.id, (input.version, &section), input.text.as_str(), &by).await?;
    tx.audit(
        &by,
        "report.commented",
        format!("report {number}"),
        json!({"version": input.version, "section": section}),
    );
    tx.live(Topic::Report { incident: number });
    Ok(tx.commit().await?)
}

/// # Errors
/// 404 if there is no such comment.
pub async fn settle(
    store: &Store,
    permit: &Permit<EditReport>,
    (number, comment): (i64, Uuid),
    input: SettleIn,
) -> Result<(), AppError> {
    let record = incident(store, number).await?;
    let by = permit.actor();
    let mut tx = store.begin().await?;
    if !tx.report_comment_settle(record.id, comment, input.settled, &by).await? {
        return Err(AppError::not_found(format!("comment of this id on the report of incident {number}")));
    }
    let action = if input.settled { "report.comment-settled" } else { "report.comment-reopened" };
    tx.audit(&by, action, format!("report {number}"), json!({"comment": comment}));
    tx.live(Topic::Report { incident: number });
    Ok(tx.commit().await?)
}

/// Who can be asked: whoever may publish reports, sees the incident and has not saved this version.
///
/// # Errors
/// 404 if there is no report.
pub async fn reviewers(store: &Store, _: &Permit<EditReport>, number: i64) -> Result<List<Person>, AppError> {
    let record = incident(store, number).await?;
    let report = report(store, &record).await?;
    let people = store.people_who_may(Action::PublishReport).await?;
    let mut people = restricted::those_who_see(store, &record, people).await?;
    people.retain(|person| may_judge(&report.saved_by, person.id));
    Ok(List { items: people, next: None })
}

async fn reviewer(tx: &mut Tx, record: &IncidentRecord, report: &Report, id: UserId) -> Result<store::User, AppError> {
    let refused = |why: String| Err(AppError::invalid("person", format!("{why} Nobody was asked.")));
    let user = match tx.user_fetch(id).await {
        Ok(user) => user,
        Err(StoreError::NotFound) => return refused("There is nobody with this id.".into()),
        Err(error) => return Err(error.into()),
    };
    if !user.active || user.service || !user.rights.may(Action::PublishReport) || !restricted::sees(record, &user) {
        return refused(format!("{} may not publish this report, so cannot review it.", user.name));
    }
    if !may_judge(&report.saved_by, id) {
        return refused(format!("{} saved this version; somebody else must review it.", user.name));
    }
    Ok(user)
}

/// # Errors
/// If it is not the newest version, or that person cannot review it.
pub async fn ask(store: &Store, permit: &Permit<EditReport>, number: i64, input: ReviewAskIn) -> Result<(), AppError> {
    let record = incident(store, number).await?;
    let by = permit.actor();
    let mut tx = store.begin().await?;
    let report = locked(&mut tx, &record).await?;
    current(&report, input.version, "Nobody was asked; read it and ask then.")?;
    let user = reviewer(&mut tx, &record, &report, input.person).await?;
    tx.report_review_add(record.id, (input.version, ReviewDeed::Asked), &user.name, &by).await?;
    let (cause, link) = (
        format!("review:{}:{}:{}", record.id, input.version, by.user().unwrap_or(user.id)),
        format!("/console/reports/{number}"),
    );
    let subject = format!("Review asked: report on incident {number}");
    let body = format!(
        "{by} asks you to review version {} of the report on incident {number} ({}). Approve it, or say what should change.",
        input.version, record.incident.title
    );
    let telling = Telling {
        link: Some(&link),
        incident: Some(record.id),
        ..Telling::new(Purpose::Notice, &cause, &subject, &body)
    };
    let ways = tx.ways_of(&[user.id]).await?;
    tell::person(&mut tx, &telling, tell::Person { id: user.id, name: &user.name, email: &user.email }, &ways).await?;
    let detail = json!({"version": input.version, "person": user.id});
    tx.audit(&by, "report.review-asked", format!("report {number}"), detail);
    tx.live(Topic::Report { incident: number });
    Ok(tx.commit().await?)
}

/// # Errors
/// If it is not the newest version, this person saved it, or changes are asked for without saying which.
pub async fn judge(
    store: &Store,
    permit: &Permit<PublishReport>,
    number: i64,
    input: ReportReviewIn,
) -> Result<(), AppError> {
    let record = incident(store, number).await?;
    let by = permit.actor();
    let text = input.text.map(Message::into_inner).unwrap_or_default();
    if !input.approve && text.is_empty() {
        return Err(AppError::invalid("text", "Say what should change."));
    }
    let mut tx = store.begin().await?;
    let report = locked(&mut tx, &record).await?;
    current(&report, input.version, "Nothing was said of it; read it and judge then.")?;
    if !may_judge(&report.saved_by, permit.id()) {
        let why = format!("You saved version {} yourself. Somebody else must judge it.", report.version);
        return Err(AppError::not_now(why));
    }
    let deed = if input.approve { ReviewDeed::Approved } else { ReviewDeed::ChangesAsked };
    tx.report_review_add(record.id, (input.version, deed), &text, &by).await?;
    tx.audit(&by, &format!("report.{deed}"), format!("report {number}"), json!({"version": input.version}));
    tx.live(Topic::Report { incident: number });
    Ok(tx.commit().await?)
}
