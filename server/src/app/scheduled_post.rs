//! Public messages that wait for their time: scheduling, changing, cancelling, and posting them by the database's clock. What becomes
//! of one when its time has come, the domain says.

use shared::{
    api::{
        List,
        post::{RescheduleIn, ScheduleIn, ScheduledView},
    },
    domain::{
        access::Action,
        actor::Actor,
        incident::{Fate, IncidentCommand, IncidentEvent, Person, PostDeed, PublicState, check_publish_at},
    },
    timestamp::Timestamp,
};
use store::{IncidentRecord, NewPost, ScheduledPost, Store, StoreError, Tx};

use super::{
    incident::{append, append_telling},
    turn::Turn,
};
use crate::{
    auth::permit::{Permit, PostUpdate, ViewConsole},
    error::{AppError, Found as _},
};

/// More that wait at once nobody keeps in mind.
const MOST: i64 = 20;

/// # Errors
/// If there is no such incident.
pub async fn list(
    store: &Store,
    _permit: &Permit<ViewConsole>,
    incident: i64,
) -> Result<List<ScheduledView>, AppError> {
    let record = store.incident_by_number(incident).await.found(|| format!("incident {incident}"))?;
    Ok(List { items: store.scheduled_posts(record.id).await?, next: None })
}

fn check(input: &ScheduleIn, now: Timestamp) -> Result<(), AppError> {
    if input.state == PublicState::Resolved {
        return Err(AppError::invalid("state", "The public state becomes resolved by resolving the incident."));
    }
    check_publish_at(input.publish_at, now).map_err(|why| AppError::invalid("publish_at", why))
}

fn new<'a>(input: &'a ScheduleIn, permit: &Permit<PostUpdate>) -> NewPost<'a> {
    NewPost {
        state: input.state,
        text: input.text.as_str(),
        notify: input.notify,
        publish_at: input.publish_at,
        by: permit.id(),
    }
}

/// # Errors
/// If the incident is internal or resolved, the time has passed or is far, or too many wait; then nothing waits.
pub async fn schedule(
    store: &Store,
    permit: &Permit<PostUpdate>,
    key: Option<&str>,
    incident: i64,
    input: ScheduleIn,
) -> Result<(), AppError> {
    let turn = Turn::new(permit.id(), key, "schedule-post", &(incident, &input))?;
    let mut tx = store.begin().await?;
    if turn.begin(&mut tx).await?.is_some() {
        return Ok(());
    }
    let record = tx.incident_lock(incident).await.found(|| format!("incident {incident}"))?;
    record.incident.permits(IncidentCommand::PostUpdate)?;
    check(&input, tx.now())?;
    if tx.scheduled_posts_count(record.id).await? >= MOST {
        return Err(AppError::not_now(format!(
            "{MOST} updates on this incident wait already. Nothing was scheduled; cancel one first."
        )));
    }
    let post = tx.scheduled_post_add(record.id, new(&input, permit)).await?;
    let deed = PostDeed::Planned { state: input.state, publish_at: input.publish_at };
    let event = IncidentEvent::Scheduled { post, deed, text: input.text.into_inner() };
    append(&mut tx, record, vec![event], &permit.actor(), "incident.post-scheduled").await?;
    turn.save(&mut tx, post).await?;
    Ok(tx.commit().await?)
}

/// Both rows, locked in their order. A post of another incident is none of this one.
async fn locked(tx: &mut Tx, incident: i64, post: i64) -> Result<(IncidentRecord, ScheduledPost), AppError> {
    let record = tx.incident_lock(incident).await.found(|| format!("incident {incident}"))?;
    let what = || format!("update {post} that waits on incident {incident}");
    let found = tx.scheduled_post_lock(post).await.found(what)?;
    if found.incident == record.id { Ok((record, found)) } else { Err(AppError::not_found(what())) }
}

/// # Errors
/// If it waits no more, somebody has changed it meanwhile, or the new time makes no sense; then it stays as it is.
pub async fn change(
    store: &Store,
    permit: &Permit<PostUpdate>,
    incident: i64,
    post: i64,
    input: RescheduleIn,
) -> Result<(), AppError> {
    let mut tx = store.begin().await?;
    let (record, found) = locked(&mut tx, incident, post).await?;
    record.incident.permits(IncidentCommand::PostUpdate)?;
    let RescheduleIn { post: input, version } = input;
    check(&input, tx.now())?;
    if found.version != version {
        return Err(AppError::content_changed(
            "Somebody has changed this update since you opened it. Nothing was changed; look at it again.",
        ));
    }
    tx.scheduled_post_change(post, new(&input, permit)).await?;
    let deed = PostDeed::Changed { state: input.state, publish_at: input.publish_at };
    let event = IncidentEvent::Scheduled { post, deed, text: input.text.into_inner() };
    append(&mut tx, record, vec![event], &permit.actor(), "incident.post-rescheduled").await?;
    Ok(tx.commit().await?)
}

/// # Errors
/// If it waits no more: it may have been posted.
pub async fn cancel(store: &Store, permit: &Permit<PostUpdate>, incident: i64, post: i64) -> Result<(), AppError> {
    let mut tx = store.begin().await?;
    let (record, found) = locked(&mut tx, incident, post).await?;
    tx.scheduled_post_end(post, "cancelled").await?;
    let event = IncidentEvent::Scheduled { post, deed: PostDeed::Cancelled {}, text: found.text };
    append(&mut tx, record, vec![event], &permit.actor(), "incident.post-cancelled").await?;
    Ok(tx.commit().await?)
}

/// Posts what is due by the database's clock. Several servers may do it at once: whoever has the incident's row does it, the next
/// finds that it waits no more.
///
/// # Errors
/// If the database does not answer; what was not done is done next time.
pub async fn sweep(store: &Store) -> Result<(), AppError> {
    let mut outcome = Ok(());
    for (post, incident) in store.scheduled_posts_due().await? {
        // One that fails does not keep the others waiting.
        if let Err(error) = settle(store, incident, post).await {
            outcome = Err(error);
        }
    }
    outcome
}

async fn settle(store: &Store, incident: i64, post: i64) -> Result<(), AppError> {
    let mut tx = store.begin().await?;
    let record = tx.incident_lock(incident).await?;
    let found = match tx.scheduled_post_lock(post).await {
        Ok(found) => found,
        Err(StoreError::NotFound) => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    let user = tx.user_fetch(found.by).await?;
    let may = user.active && user.rights.may(Action::PostUpdate);
    match record.incident.fate(found.publish_at, tx.now(), may, found.same_world) {
        Fate::Wait => return Ok(()),
        Fate::Post => {
            tx.scheduled_post_end(post, "posted").await?;
            let by = Actor::User { id: user.id, name: user.name };
            let event = IncidentEvent::Posted { state: found.state, text: found.text, happened_at: None };
            append_telling(&mut tx, record, vec![event], &by, "incident.scheduled-posted", found.notify).await?;
        }
        Fate::Skip(why) => {
            tx.scheduled_post_end(post, "skipped").await?;
            let whose = Person { id: user.id, name: user.name };
            let event = IncidentEvent::Scheduled { post, deed: PostDeed::Skipped { why, whose }, text: found.text };
            append(&mut tx, record, vec![event], &Actor::Muster, "incident.post-skipped").await?;
        }
    }
    Ok(tx.commit().await?)
}
