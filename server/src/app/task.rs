//! Tasks of an incident: added, taken, handed over, changed, ended; and those of one person. What may follow what is the domain's.

use shared::{
    api::{
        List,
        task::{OwnTaskView, TaskDeedIn, TaskIn, TaskVerb},
    },
    domain::{
        incident::{Person, TaskDeed},
        text::TaskText,
    },
};
use store::{IncidentRecord, Store, Tx};

use super::{duty, incident::append, turn::Turn};
use crate::{
    auth::permit::{HandleIncident, Permit, ViewConsole},
    error::{AppError, Found as _},
};

/// More open tasks nobody does.
const PAGE: i64 = 200;

/// Open tasks of the person who asks.
///
/// # Errors
/// If the database does not answer.
pub async fn own(store: &Store, permit: &Permit<ViewConsole>) -> Result<List<OwnTaskView>, AppError> {
    Ok(List { items: store.tasks_of(permit.eyes(), PAGE).await?, next: None })
}

/// # Errors
/// If the incident is closed, the time is past, or the owner may not handle incidents.
pub async fn add(
    store: &Store,
    permit: &Permit<HandleIncident>,
    key: Option<&str>,
    number: i64,
    input: TaskIn,
) -> Result<(), AppError> {
    let turn = Turn::new(permit.id(), key, "add-task", &(number, &input))?;
    let mut tx = store.begin().await?;
    if turn.begin(&mut tx).await?.is_some() {
        return Ok(());
    }
    let record = tx.incident_lock(number).await.found(|| format!("incident {number}"))?;
    let owner = match input.owner {
        Some(id) => {
            Some(duty::handler(&mut tx, &record, "owner", id, "so cannot have a task. Nothing was added.").await?)
        }
        None => None,
    };
    let event = record.incident.task_added(input.text.into_inner(), owner, input.due_at, tx.now())?;
    append(&mut tx, record, vec![event], &permit.actor(), "incident.task-added").await?;
    turn.save(&mut tx, number).await?;
    Ok(tx.commit().await?)
}

/// # Errors
/// 404 if there is no such task; if somebody was faster, nothing would change, or the incident is closed.
pub async fn act(
    store: &Store,
    permit: &Permit<HandleIncident>,
    key: Option<&str>,
    (number, task): (i64, u32),
    input: TaskDeedIn,
) -> Result<(), AppError> {
    let turn = Turn::new(permit.id(), key, "task", &(number, task, &input))?;
    let me = Person { id: permit.id(), name: permit.user().name.clone() };
    let (version, verb) = (input.version, input.deed);
    let mut tx = store.begin().await?;
    if turn.begin(&mut tx).await?.is_some() {
        return Ok(());
    }
    let record = tx.incident_lock(number).await.found(|| format!("incident {number}"))?;
    let deed = deed(&mut tx, &record, input).await?;
    let event = record.incident.task_event(task, version, deed, &me, tx.now());
    let event = event.ok_or_else(|| AppError::not_found(format!("task {task} of incident {number}")))??;
    let action = match verb {
        TaskVerb::Take => "incident.task-taken",
        TaskVerb::HandTo => "incident.task-handed-over",
        TaskVerb::LetGo => "incident.task-let-go",
        TaskVerb::Change => "incident.task-changed",
        TaskVerb::Done => "incident.task-done",
        TaskVerb::Drop => "incident.task-dropped",
        TaskVerb::Reopen => "incident.task-reopened",
    };
    append(&mut tx, record, vec![event], &permit.actor(), action).await?;
    turn.save(&mut tx, number).await?;
    Ok(tx.commit().await?)
}

/// What is given beside the verb must be what it takes.
async fn deed(tx: &mut Tx, record: &IncidentRecord, input: TaskDeedIn) -> Result<TaskDeed, AppError> {
    let TaskDeedIn { deed, person, text, due_at, .. } = input;
    if person.is_some() && deed != TaskVerb::HandTo {
        return Err(AppError::invalid("person", "Only handing over names somebody."));
    }
    if (text.is_some() || due_at.is_some()) && deed != TaskVerb::Change {
        let field = if text.is_some() { "text" } else { "due_at" };
        return Err(AppError::invalid(field, "Only a change says what the task is and when it is due."));
    }
    Ok(match (deed, person, text) {
        (TaskVerb::HandTo, Some(id), _) => {
            TaskDeed::HandTo { to: duty::handler(tx, record, "person", id, "so cannot have a task.").await? }
        }
        (TaskVerb::HandTo, None, _) => return Err(AppError::invalid("person", "Say who is to have it.")),
        (TaskVerb::Change, _, Some(text)) => TaskDeed::Change { text: TaskText::into_inner(text), due_at },
        (TaskVerb::Change, _, None) => return Err(AppError::invalid("text", "Say what the task is.")),
        (TaskVerb::Take, ..) => TaskDeed::Take,
        (TaskVerb::LetGo, ..) => TaskDeed::LetGo,
        (TaskVerb::Done, ..) => TaskDeed::Done,
        (TaskVerb::Drop, ..) => TaskDeed::Drop,
        (TaskVerb::Reopen, ..) => TaskDeed::Reopen,
    })
}
