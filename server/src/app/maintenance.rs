//! Announced maintenance: planning it, what people do with it, and what happens to it by the clock. What is allowed when is the domain's.

use serde_json::{Value, json};
use shared::{
    api::{
        List,
        live::Topic,
        maintenance::{
            MaintenanceComponentIn, MaintenanceEndIn, MaintenanceIn, MaintenancePostIn, MaintenanceTimesIn,
            MaintenanceView,
        },
    },
    domain::{
        access::Action,
        actor::Actor,
        layout::Known,
        maintenance::{Covered, Maintenance, MaintenanceCommand, MaintenanceEvent, MaintenanceState, Window},
        text::Message,
    },
};
use store::{MaintenanceRecord, NewAnnouncement, Store, Tx, User};

use super::{plan::Plans, status_page, subscriber, turn::Turn};
use crate::{
    auth::permit::{Permit, PlanMaintenance, ViewConsole},
    error::{AppError, Found as _},
    public::maintenance_mail,
};

/// What is over and still listed.
const PAST: i64 = 50;
/// Components of one maintenance at most.
const COMPONENTS: usize = 100;

fn shown(record: MaintenanceRecord, user: &User) -> MaintenanceView {
    let MaintenanceRecord { number, maintenance, log } = record;
    let action = Action::PlanMaintenance;
    let refused = (!user.rights.may(action)).then(|| action.needs());
    let offers = maintenance.offers(refused.as_deref());
    let Maintenance { title, text, covers, window, state, begun_at, ended_at, .. } = maintenance;
    let Window { from_at, to_at } = window;
    MaintenanceView { number, title, text, state, covers, from_at, to_at, begun_at, ended_at, log, offers }
}

/// # Errors
/// If the database does not answer.
pub async fn list(store: &Store, permit: &Permit<ViewConsole>) -> Result<List<MaintenanceView>, AppError> {
    let records = store.maintenances(PAST).await?;
    Ok(List { items: records.into_iter().map(|record| shown(record, permit.user())).collect(), next: None })
}

/// # Errors
/// If there is none with this number.
pub async fn view(store: &Store, user: &User, number: i64) -> Result<MaintenanceView, AppError> {
    let record = store.maintenance_by_number(number).await.found(|| format!("maintenance {number}"))?;
    Ok(shown(record, user))
}

/// Its number; that of the first one if the same key and body come again.
///
/// # Errors
/// If a component is not in any plan, or the times make no sense; then nothing was announced.
pub async fn plan(
    store: &Store,
    plans: &Plans,
    permit: &Permit<PlanMaintenance>,
    key: Option<&str>,
    input: MaintenanceIn,
) -> Result<i64, AppError> {
    let turn = Turn::new(permit.id(), key, "plan-maintenance", &input)?;
    let covers = covered(&status_page::known(store, plans).await?, &input.components)?;
    let window = Window { from_at: input.from_at, to_at: input.to_at };
    let mut tx = store.begin().await?;
    if let Some(number) = turn.begin(&mut tx).await? {
        return Ok(number);
    }
    window.check(tx.now()).map_err(|(field, why)| AppError::invalid(field, why))?;
    let (title, text) = (input.title.into_inner(), input.text.into_inner());
    let first = MaintenanceEvent::Planned { title: title.clone(), text: text.clone(), covers: covers.clone(), window };
    let by = permit.actor();
    let number =
        tx.maintenance_create(&Maintenance::planned(title, text, covers, window, tx.now()), &first, &by).await?;
    tx.audit(&by, "maintenance.planned", object(number), detail(&first));
    if input.notify {
        let record = tx.maintenance_lock(number).await?;
        tell_subscribers(&mut tx, &record, &first, &by).await?;
    }
    turn.save(&mut tx, number).await?;
    // One that begins now has begun when this is answered.
    happen(&mut tx, number).await?;
    tx.live(Topic::Maintenance { number });
    tx.commit().await?;
    Ok(number)
}

fn covered(known: &[Known], given: &[MaintenanceComponentIn]) -> Result<Vec<Covered>, AppError> {
    if given.is_empty() || given.len() > COMPONENTS {
        let why = format!("Name the components that are worked on: at least one, at most {COMPONENTS}.");
        return Err(AppError::invalid("components", why));
    }
    let mut found: Vec<Covered> = vec![];
    for (i, given) in given.iter().enumerate() {
        let field = format!("components[{i}].component");
        let Some(known) = known.iter().find(|k| k.system == given.system && k.component == given.component) else {
            let why = format!("No plan has a component \"{}\" of {}.", given.component, given.system);
            return Err(AppError::invalid(&field, why));
        };
        if found.iter().any(|other| other.system == known.system && other.component == known.component) {
            return Err(AppError::invalid(&field, format!("{} is named twice.", known.name)));
        }
        let (system, component) = (known.system.clone(), known.component.clone());
        found.push(Covered { system, component, name: known.name.clone() });
    }
    Ok(found)
}

/// # Errors
/// If it is over.
pub async fn post(
    store: &Store,
    permit: &Permit<PlanMaintenance>,
    key: Option<&str>,
    number: i64,
    input: MaintenancePostIn,
) -> Result<(), AppError> {
    let turn = Turn::new(permit.id(), key, "post-maintenance", &(number, &input))?;
    let mut tx = store.begin().await?;
    if turn.begin(&mut tx).await?.is_some() {
        return Ok(());
    }
    let record = locked(&mut tx, number).await?;
    let event = MaintenanceEvent::Posted { text: input.text.into_inner() };
    append(&mut tx, record, event, &permit.actor(), input.notify).await?;
    turn.save(&mut tx, number).await?;
    Ok(tx.commit().await?)
}

/// # Errors
/// If the times make no sense, it is over, or it has begun and its beginning would be another.
pub async fn change_times(
    store: &Store,
    permit: &Permit<PlanMaintenance>,
    number: i64,
    input: MaintenanceTimesIn,
) -> Result<(), AppError> {
    let window = Window { from_at: input.from_at, to_at: input.to_at };
    let text = input.text.map(Message::into_inner);
    let mut tx = store.begin().await?;
    let record = locked(&mut tx, number).await?;
    record.maintenance.permits(MaintenanceCommand::Move)?;
    if window == record.maintenance.window && text.is_none() {
        return Ok(());
    }
    let checked = match record.maintenance.state {
        MaintenanceState::UnderWay => window.check_end(tx.now()),
        _ => window.check(tx.now()),
    };
    checked.map_err(|(field, why)| AppError::invalid(field, why))?;
    append(&mut tx, record, MaintenanceEvent::Moved { window, text }, &permit.actor(), input.notify).await?;
    happen(&mut tx, number).await?;
    Ok(tx.commit().await?)
}

/// # Errors
/// If it has not begun, or is over.
pub async fn finish(
    store: &Store,
    permit: &Permit<PlanMaintenance>,
    number: i64,
    input: MaintenanceEndIn,
) -> Result<(), AppError> {
    let event = MaintenanceEvent::Finished { text: input.text.map(Message::into_inner) };
    end(store, permit, number, event, input.notify).await
}

/// # Errors
/// If it has begun, or is over.
pub async fn cancel(
    store: &Store,
    permit: &Permit<PlanMaintenance>,
    number: i64,
    input: MaintenanceEndIn,
) -> Result<(), AppError> {
    let event = MaintenanceEvent::Cancelled { text: input.text.map(Message::into_inner) };
    end(store, permit, number, event, input.notify).await
}

async fn end(
    store: &Store,
    permit: &Permit<PlanMaintenance>,
    number: i64,
    event: MaintenanceEvent,
    notify: bool,
) -> Result<(), AppError> {
    let mut tx = store.begin().await?;
    let record = locked(&mut tx, number).await?;
    append(&mut tx, record, event, &permit.actor(), notify).await?;
    Ok(tx.commit().await?)
}

/// Lets happen what is due by the database's clock. Several servers may do it at once: whoever has the row does it, the next sees
/// that it is done.
///
/// # Errors
/// If the database does not answer; what was not done is done next time.
pub async fn sweep(store: &Store) -> Result<(), AppError> {
    let mut failed = Ok(());
    for number in store.maintenances_due().await? {
        // One that cannot be seen to does not keep the others waiting.
        failed = begin_or_end(store, number).await.and(failed);
    }
    failed
}

async fn begin_or_end(store: &Store, number: i64) -> Result<(), AppError> {
    let mut tx = store.begin().await?;
    happen(&mut tx, number).await?;
    Ok(tx.commit().await?)
}

async fn happen(tx: &mut Tx, number: i64) -> Result<(), AppError> {
    let mut record = tx.maintenance_lock(number).await?;
    while let Some(event) = record.maintenance.due(tx.now()) {
        record = append(tx, record, event, &Actor::Muster, true).await?;
    }
    Ok(())
}

async fn locked(tx: &mut Tx, number: i64) -> Result<MaintenanceRecord, AppError> {
    tx.maintenance_lock(number).await.found(|| format!("maintenance {number}"))
}

/// The event with its audit entry and live event; the record as it is afterwards, with the log of before.
async fn append(
    tx: &mut Tx,
    mut record: MaintenanceRecord,
    event: MaintenanceEvent,
    by: &Actor,
    notify: bool,
) -> Result<MaintenanceRecord, AppError> {
    let next = record.maintenance.apply(&event, tx.now())?;
    tx.maintenance_append(&record, &next, &event, by).await?;
    let action = match event {
        MaintenanceEvent::Planned { .. } => "maintenance.planned",
        MaintenanceEvent::Posted { .. } => "maintenance.posted",
        MaintenanceEvent::Moved { .. } => "maintenance.moved",
        MaintenanceEvent::Reminded => "maintenance.reminded",
        MaintenanceEvent::Begun => "maintenance.begun",
        MaintenanceEvent::Finished { .. } => "maintenance.finished",
        MaintenanceEvent::Cancelled { .. } => "maintenance.cancelled",
    };
    tx.audit(by, action, object(record.number), detail(&event));
    tx.live(Topic::Maintenance { number: record.number });
    record.maintenance = next;
    if notify {
        tell_subscribers(tx, &record, &event, by).await?;
    }
    Ok(record)
}

/// In the words of the public page.
async fn tell_subscribers(
    tx: &mut Tx,
    record: &MaintenanceRecord,
    event: &MaintenanceEvent,
    by: &Actor,
) -> Result<(), AppError> {
    let (subject, body) = maintenance_mail(&record.maintenance, event, &subscriber::speech(tx).await?);
    let components: Vec<_> =
        record.maintenance.covers.iter().map(|c| format!("{}/{}", c.system, c.component)).collect();
    let link = format!("/maintenance/{}", record.number);
    let new = NewAnnouncement { subject: &subject, body: &body, link: &link, components: &components };
    subscriber::tell(tx, &new, by).await
}

fn object(number: i64) -> String {
    format!("maintenance {number}")
}

fn detail(event: &MaintenanceEvent) -> Value {
    serde_json::to_value(event).unwrap_or_else(|_| json!({}))
}
