//! What follows when a monitor stands otherwise than before: an alert begins or ends, and the status page says so. Looks at nothing
//! itself; which alerts declare is said by the rules of the system's monitors.

use std::collections::BTreeMap;

use shared::{
    api::live::Topic,
    domain::{
        alert::{Alert, AlertState},
        monitor::{Definition, State},
    },
};
use store::MonitorChange;

use super::intake;
use crate::{AppState, error::AppError};

/// Sees to every change that nobody has seen to. Several servers may do it at once: each change is one server's.
///
/// # Errors
/// If the database does not answer; what was not done is done next time.
pub async fn sweep(state: &AppState) -> Result<(), AppError> {
    let mut failed = Ok(());
    for number in state.store.monitor_changes_untold().await? {
        // One that cannot be seen to does not keep the others waiting.
        failed = see_to(state, number).await.and(failed);
    }
    failed
}

async fn see_to(state: &AppState, number: i64) -> Result<(), AppError> {
    let Some(system) = state.store.monitor_change_system(number).await? else { return Ok(()) };
    let plan = state.plans.current(system).await?;
    let mut tx = state.store.begin().await?;
    let Some((change, definition)) = tx.monitor_change_take(number).await? else { return Ok(()) };
    if let Some(source) = tx.alert_source_of_monitors(system).await? {
        let address = format!("{}/console/monitors/{}", state.settings.public_url.origin(), change.monitor);
        let mut declared = vec![];
        // In the order of their keys, as every message takes them.
        for told in [State::Down, State::Warning] {
            if change.before == told {
                intake::ends(&mut tx, &source, &key(&change, told)).await?;
            }
            if change.state == told {
                let alert = alert(&change, &definition, told, &address);
                declared.extend(intake::fires(&mut tx, plan.as_deref(), &source, &alert).await?);
            }
        }
        intake::call(&mut tx, &declared).await?;
    }
    tx.monitor_change_told(number).await?;
    if tx.components_settle(system, &[]).await? {
        tx.live(Topic::StatusPage {});
    }
    Ok(tx.commit().await?)
}

fn key(change: &MonitorChange, told: State) -> String {
    format!("{} {}", change.monitor, told.name())
}

fn alert(change: &MonitorChange, definition: &Definition, told: State, address: &str) -> Alert {
    let name = definition.name.as_str();
    let title = match told {
        State::Down => format!("{name} is down"),
        _ => format!("{name}: early warning"),
    };
    let labels = [
        ("monitor", Some(name)),
        ("check", Some(definition.check.kind())),
        ("state", Some(told.name())),
        (intake::COMPONENT, definition.component.as_deref()),
        ("recovery point", definition.objective.as_deref()),
    ];
    let labels = labels.into_iter().filter_map(|(label, value)| Some((label.to_owned(), value?.to_owned())));
    Alert {
        key: key(change, told),
        state: AlertState::Firing,
        title,
        text: Some(change.text.clone()),
        url: Some(address.to_owned()),
        labels: labels.collect::<BTreeMap<_, _>>(),
    }
}
