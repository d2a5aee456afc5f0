//! Every word that the public pages say about maintenance, in one place. Lays nothing out.

use shared::domain::maintenance::{Maintenance, MaintenanceEvent, MaintenanceState, PublicMaintenance};

use crate::public::words::{Instant, instant};

pub(crate) const UNDER_WAY_HEADING: &str = "Maintenance under way";
pub(crate) const PLANNED_HEADING: &str = "Planned maintenance";
pub(crate) const PAST_HEADING: &str = "Past maintenance";
/// Of a component.
pub(crate) const UNDER_MAINTENANCE: &str = "Under maintenance";
pub(crate) const CALENDAR: &str = "Calendar (iCal)";

pub(crate) fn state(maintenance: &PublicMaintenance) -> &'static str {
    match maintenance.state {
        MaintenanceState::Scheduled if maintenance.soon => "Begins soon",
        MaintenanceState::Scheduled => "Scheduled",
        MaintenanceState::UnderWay => "Under way",
        MaintenanceState::Completed => "Completed",
        MaintenanceState::Cancelled => "Cancelled",
    }
}

/// As the feed's titles begin.
pub(crate) fn in_feed(maintenance: &PublicMaintenance) -> String {
    format!("Maintenance {}", state(maintenance).to_lowercase())
}

/// The word over an update.
pub(crate) fn step(event: &MaintenanceEvent) -> &'static str {
    match event {
        MaintenanceEvent::Planned { .. } => "Announced",
        MaintenanceEvent::Posted { .. } => "Update",
        MaintenanceEvent::Moved { .. } => "New times",
        MaintenanceEvent::Reminded => "Reminder",
        MaintenanceEvent::Begun => "Begun",
        MaintenanceEvent::Finished { .. } => "Completed",
        MaintenanceEvent::Cancelled { .. } => "Cancelled",
    }
}

/// What is said where nobody wrote anything.
pub(crate) fn by_itself(event: &MaintenanceEvent) -> Option<&'static str> {
    match event {
        MaintenanceEvent::Reminded => Some("The maintenance begins soon."),
        MaintenanceEvent::Begun => Some("The maintenance has begun."),
        MaintenanceEvent::Finished { .. } => Some("The maintenance is completed."),
        MaintenanceEvent::Cancelled { .. } => Some("The maintenance does not take place."),
        MaintenanceEvent::Planned { .. } | MaintenanceEvent::Posted { .. } | MaintenanceEvent::Moved { .. } => None,
    }
}

/// From and to, where a step says other ones.
pub(crate) fn new_times(event: &MaintenanceEvent) -> Option<(Instant, Instant)> {
    match event {
        MaintenanceEvent::Moved { window, .. } => Some((instant(window.from_at), instant(window.to_at))),
        _ => None,
    }
}

/// For programs, which show no markup: what a step says, its times with it.
pub(crate) fn plain(step: &shared::domain::maintenance::PublicStep) -> String {
    let times = new_times(&step.event).map(|(from, to)| format!("From {} to {}.", from.words, to.words));
    let said = step.text().or(by_itself(&step.event).filter(|_| times.is_none()));
    times.into_iter().chain(said.map(str::to_owned)).collect::<Vec<_>>().join("\n\n")
}

/// Subject and text of the mail to subscribers.
pub(crate) fn mail(maintenance: &Maintenance, event: &MaintenanceEvent) -> (String, String) {
    let window = maintenance.window;
    let times = format!("From {} to {}.", instant(window.from_at).words, instant(window.to_at).words);
    let (word, with_times) = match event {
        MaintenanceEvent::Planned { .. } => ("Maintenance", true),
        MaintenanceEvent::Posted { .. } => ("Maintenance, update", false),
        MaintenanceEvent::Moved { .. } => ("Maintenance, new times", true),
        MaintenanceEvent::Reminded => ("Maintenance begins soon", true),
        MaintenanceEvent::Begun => ("Maintenance has begun", true),
        MaintenanceEvent::Finished { .. } => ("Maintenance completed", false),
        MaintenanceEvent::Cancelled { .. } => ("Maintenance cancelled", false),
    };
    let said = event.text().or(by_itself(event)).map(str::to_owned);
    let parts = with_times.then_some(times).into_iter().chain(said);
    (format!("{word}: {}", maintenance.title), parts.collect::<Vec<_>>().join("\n\n"))
}
