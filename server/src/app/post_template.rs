//! Texts that people keep to post again: keeping them, and filling their places in for an incident. Posts nothing.

use serde_json::json;
use shared::{
    api::{
        List,
        live::Topic,
        post::{FillIn, TemplateChangeIn, TemplateIn, TemplateView},
    },
    domain::{
        incident::{IncidentCommand, PublicState, update_seconds},
        template::{About, Place, filled},
    },
};
use store::{NewTemplate, Store};
use uuid::Uuid;

use crate::{
    AppState,
    auth::permit::{ManageStatusPage, Permit, PlanMaintenance, PostUpdate, ViewConsole},
    error::{AppError, Found as _},
};

/// More nobody finds their way in.
const MOST: i64 = 200;

/// With their places.
///
/// # Errors
/// If the database does not answer.
pub async fn list(store: &Store, _permit: &Permit<ViewConsole>) -> Result<List<TemplateView>, AppError> {
    Ok(List { items: store.post_templates().await?, next: None })
}

/// Filled in with what the public page says of an incident now.
///
/// # Errors
/// If nothing can be posted about it.
pub async fn list_for(
    state: &AppState,
    _permit: &Permit<PostUpdate>,
    number: i64,
) -> Result<List<TemplateView>, AppError> {
    let record = state.store.incident_by_number(number).await.found(|| format!("incident {number}"))?;
    record.incident.permits(IncidentCommand::PostUpdate)?;
    let mut items = state.store.post_templates().await?;
    let timeline = state.store.incident_timeline(record.id).await?;
    let now = state.store.now().await?;
    let Some((public, speech)) = state.public.as_public(&record, &timeline).await else {
        return Err(AppError::not_now("The status page has not been made yet. Try again in a moment."));
    };
    let due = now.plus_seconds(update_seconds(record.incident.level));
    let value = |place: Place| match place {
        Place::Title => public.title.clone(),
        Place::Components => speech.list(&public.component_names()),
        Place::Started => speech.instant(public.started_at).words,
        Place::Page => format!("{}/incidents/{number}", state.settings.public_url.origin()),
        Place::NextUpdate => speech.instant(due).words,
        // Maintenance's.
        Place::From | Place::To => String::new(),
    };
    items.retain(|item| item.about == About::Incident);
    for item in &mut items {
        item.text = filled(&item.text, About::Incident, value);
    }
    Ok(List { items, next: None })
}

/// Those about maintenance, filled in with what is typed now.
///
/// # Errors
/// If the status page has not been made yet.
pub async fn list_for_work(
    state: &AppState,
    _permit: &Permit<PlanMaintenance>,
    input: FillIn,
) -> Result<List<TemplateView>, AppError> {
    let Some(speech) = state.public.speech() else {
        return Err(AppError::not_now("The status page has not been made yet. Try again in a moment."));
    };
    let origin = state.settings.public_url.origin();
    let value = |place: Place| match place {
        Place::Title => input.title.trim().to_owned(),
        Place::Components => speech.list(&input.components),
        Place::From => speech.instant(input.from_at).words,
        Place::To => speech.instant(input.to_at).words,
        Place::Page => input.number.map_or_else(|| origin.clone(), |number| format!("{origin}/maintenance/{number}")),
        // An incident's.
        Place::Started | Place::NextUpdate => String::new(),
    };
    let mut items = state.store.post_templates().await?;
    items.retain(|item| item.about == About::Maintenance);
    for item in &mut items {
        item.text = filled(&item.text, About::Maintenance, value);
    }
    Ok(List { items, next: None })
}

fn check(input: &TemplateIn) -> Result<(), AppError> {
    if input.state == Some(PublicState::Resolved) {
        return Err(AppError::invalid("state", "The public state becomes resolved by resolving the incident."));
    }
    if input.about == About::Maintenance && input.state.is_some() {
        return Err(AppError::invalid("state", "Maintenance has no such state; leave it out."));
    }
    Ok(())
}

fn taken(input: &TemplateIn) -> AppError {
    AppError::invalid("name", format!("There is another text called \"{}\".", input.name.as_str()))
}

/// # Errors
/// If there is one with this name, or there are too many; then nothing was kept.
pub async fn add(
    store: &Store,
    permit: &Permit<ManageStatusPage>,
    input: TemplateIn,
) -> Result<TemplateView, AppError> {
    check(&input)?;
    let by = permit.actor();
    let mut tx = store.begin().await?;
    if tx.post_templates_count().await? >= MOST {
        return Err(AppError::not_now(format!("There are {MOST} texts already. Nothing was kept; remove one first.")));
    }
    let new = NewTemplate {
        name: input.name.as_str(),
        about: input.about,
        state: input.state,
        text: input.text.as_str(),
        by: &by,
    };
    let added = tx.post_template_add(new).await?.ok_or_else(|| taken(&input))?;
    tx.audit(&by, "post-template.added", object(added.id), json!(added));
    tx.live(Topic::StatusPage {});
    tx.commit().await?;
    Ok(added)
}

/// # Errors
/// If there is none with this id, somebody has changed it meanwhile, or another one has the name; then it stays as it is.
pub async fn change(
    store: &Store,
    permit: &Permit<ManageStatusPage>,
    id: Uuid,
    input: TemplateChangeIn,
) -> Result<TemplateView, AppError> {
    let TemplateChangeIn { template: input, version } = input;
    check(&input)?;
    let by = permit.actor();
    let mut tx = store.begin().await?;
    let before = tx.post_template_lock(id).await.found(|| "such text".into())?;
    if before.version != version {
        return Err(AppError::content_changed(
            "Somebody has changed this text since you opened it. Nothing was changed; look at it again.",
        ));
    }
    let new = NewTemplate {
        name: input.name.as_str(),
        about: input.about,
        state: input.state,
        text: input.text.as_str(),
        by: &by,
    };
    let changed = tx.post_template_change(id, new).await?.ok_or_else(|| taken(&input))?;
    tx.audit(&by, "post-template.changed", object(id), json!({ "before": before, "now": changed }));
    tx.live(Topic::StatusPage {});
    tx.commit().await?;
    Ok(changed)
}

/// # Errors
/// If there is none with this id.
pub async fn remove(store: &Store, permit: &Permit<ManageStatusPage>, id: Uuid) -> Result<(), AppError> {
    let mut tx = store.begin().await?;
    let before = tx.post_template_lock(id).await.found(|| "such text".into())?;
    tx.post_template_remove(id).await?;
    tx.audit(&permit.actor(), "post-template.removed", object(id), json!(before));
    tx.live(Topic::StatusPage {});
    Ok(tx.commit().await?)
}

fn object(id: Uuid) -> String {
    format!("post template {id}")
}
