//! Announced maintenance as a calendar (RFC 5545) that people subscribe to. Its text is plain; instants are UTC.

use icalendar::{Calendar, Component as _, Event, EventStatus, Property};
use shared::domain::{
    maintenance::{MaintenanceState, PublicMaintenance},
    status::StatusSnapshot,
};

use crate::{
    ical::{instant, plain},
    public::{maintenance, speech::Speech},
};

pub(super) fn of(base: &str, snapshot: &StatusSnapshot, speech: &Speech) -> String {
    let mut calendar = Calendar::empty();
    for (key, value) in [
        ("VERSION", "2.0"),
        ("PRODID", "-//Muster//Status page//EN"),
        ("CALSCALE", "GREGORIAN"),
        ("METHOD", "PUBLISH"),
        ("X-WR-CALNAME", &snapshot.title),
        // How often it is worth asking again.
        ("X-PUBLISHED-TTL", "PT15M"),
    ] {
        calendar.append_property(Property::new(key, value));
    }
    for one in &snapshot.maintenance {
        calendar.push(event(base, one, speech));
    }
    calendar.to_string()
}

fn event(base: &str, one: &PublicMaintenance, speech: &Speech) -> Event {
    let host = base.split_once("://").map_or(base, |(_, host)| host);
    let address = format!("{base}/maintenance/{}", one.number);
    // Ended early, it takes no more of anybody's day than it did.
    let to_at = one.ended_at.filter(|at| *at > one.window.from_at && one.begun_at.is_some());
    let said = one.steps.first().map(|step| maintenance::plain(step, speech)).unwrap_or_default();
    let parts = [speech.list(&one.covers), plain(&one.text), said_later(one, &said), address.clone()];
    let description: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    let mut event = Event::new();
    event
        .uid(&format!("maintenance-{}@{host}", one.number))
        .summary(&plain(&one.title))
        .description(&description.join("\n\n"))
        .status(match one.state {
            MaintenanceState::Cancelled => EventStatus::Cancelled,
            _ => EventStatus::Confirmed,
        })
        .sequence(one.n_moves + u32::from(one.state.over()))
        .url(&address)
        .add_property("DTSTAMP", instant(one.changed_at()))
        .add_property("LAST-MODIFIED", instant(one.changed_at()))
        .add_property("CREATED", instant(one.planned_at))
        .add_property("DTSTART", instant(one.window.from_at))
        .add_property("DTEND", instant(to_at.unwrap_or(one.window.to_at)))
        .add_property("TRANSP", "TRANSPARENT");
    event.done()
}

/// The newest word, unless it is the first one again.
fn said_later(one: &PublicMaintenance, said: &str) -> String {
    if one.steps.len() > 1 { plain(said) } else { String::new() }
}
