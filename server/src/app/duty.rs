//! Commander, scribe, communications lead: taking, handing over, leaving. Who may follow whom is the domain's.

use shared::{
    api::{
        List,
        incident::{DutyIn, DutyVerb},
    },
    domain::{
        access::Action,
        incident::{DutyDeed, Person},
    },
    ids::UserId,
};
use store::{IncidentRecord, Store, StoreError, Tx};

use super::{incident::append, restricted, turn::Turn};
use crate::{
    auth::permit::{HandleIncident, Permit, ViewConsole},
    error::{AppError, Found as _},
};

/// Who can be asked to take a duty.
///
/// # Errors
/// 404 if there is no such incident.
pub async fn people(store: &Store, _: &Permit<ViewConsole>, number: i64) -> Result<List<Person>, AppError> {
    let record = store.incident_by_number(number).await.found(|| format!("incident {number}"))?;
    let people = store.people_who_may(Action::HandleIncident).await?;
    Ok(List { items: restricted::those_who_see(store, &record, people).await?, next: None })
}

/// # Errors
/// If somebody else was faster, or the one who is asked may not handle incidents.
pub async fn act(
    store: &Store,
    permit: &Permit<HandleIncident>,
    key: Option<&str>,
    number: i64,
    input: DutyIn,
) -> Result<(), AppError> {
    let turn = Turn::new(permit.id(), key, "duty", &(number, &input))?;
    let me = Person { id: permit.id(), name: permit.user().name.clone() };
    let mut tx = store.begin().await?;
    if turn.begin(&mut tx).await?.is_some() {
        return Ok(());
    }
    let record = tx.incident_lock(number).await.found(|| format!("incident {number}"))?;
    let deed = deed(&mut tx, &record, &input).await?;
    let event = record.incident.duty_event(input.duty, deed, &me)?;
    let action = match input.deed {
        DutyVerb::Take => "incident.duty-taken",
        DutyVerb::Offer => "incident.duty-offered",
        DutyVerb::Accept => "incident.duty-handed-over",
        DutyVerb::Decline | DutyVerb::Withdraw => "incident.duty-offer-ended",
        DutyVerb::Leave => "incident.duty-left",
    };
    append(&mut tx, record, vec![event], &permit.actor(), action).await?;
    turn.save(&mut tx, number).await?;
    Ok(tx.commit().await?)
}

/// Somebody who may handle incidents; `so` ends the sentence about whoever may not.
pub(super) async fn handler(
    tx: &mut Tx,
    record: &IncidentRecord,
    field: &str,
    id: UserId,
    so: &str,
) -> Result<Person, AppError> {
    let user = match tx.user_fetch(id).await {
        Ok(user) => user,
        Err(StoreError::NotFound) => return Err(AppError::invalid(field, "There is nobody with this id.")),
        Err(error) => return Err(error.into()),
    };
    if !user.active || user.service || !user.rights.may(Action::HandleIncident) {
        return Err(AppError::invalid(field, format!("{} may not handle incidents, {so}", user.name)));
    }
    if !restricted::sees(record, &user) {
        let message = format!("{} may not see this incident, {so} Let them see it first.", user.name);
        return Err(AppError::invalid(field, message));
    }
    Ok(Person { id, name: user.name })
}

async fn deed(tx: &mut Tx, record: &IncidentRecord, input: &DutyIn) -> Result<DutyDeed, AppError> {
    Ok(match (input.deed, input.person) {
        (DutyVerb::Take, from) => DutyDeed::Take { from },
        (DutyVerb::Offer, Some(id)) => {
            let to = handler(tx, record, "person", id, "so cannot take a duty. Nobody was asked.").await?;
            DutyDeed::Offer { to }
        }
        (DutyVerb::Offer, None) => {
            return Err(AppError::invalid("person", "Say who is to take over. Nobody was asked."));
        }
        (_, Some(_)) => {
            return Err(AppError::invalid("person", "Only to take and to offer name somebody. Nothing was changed."));
        }
        (DutyVerb::Accept, None) => DutyDeed::Accept,
        (DutyVerb::Decline, None) => DutyDeed::Decline,
        (DutyVerb::Withdraw, None) => DutyDeed::Withdraw,
        (DutyVerb::Leave, None) => DutyDeed::Leave,
    })
}
