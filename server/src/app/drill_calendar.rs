//! Drills as a calendar (RFC 5545) for programs that have a token. Its text is plain; instants are UTC.

use icalendar::{Calendar, Component as _, Event, EventStatus, Property};
use shared::timestamp::Timestamp;

use super::drill_schedule;
use crate::{
    AppState,
    auth::permit::{Permit, ViewConsole},
    error::AppError,
    ical::{instant, plain},
};

/// How long a due drill takes of somebody's day, as far as anybody knows.
const TAKES_SECONDS: u64 = 3600;

/// # Errors
/// 404 if there is no such system, or it has no plan.
pub async fn of(state: &AppState, permit: &Permit<ViewConsole>, slug: &str) -> Result<String, AppError> {
    let view = drill_schedule::view(state, permit, slug).await?;
    let base = state.settings.public_url.origin();
    let host = base.split_once("://").map_or(base.as_str(), |(_, host)| host);
    let address = format!("{base}/console/drills?system={slug}");
    let mut calendar = Calendar::empty();
    let name = format!("Drills of {}", view.name);
    for (key, value) in [
        ("VERSION", "2.0"),
        ("PRODID", "-//Muster//Drills//EN"),
        ("CALSCALE", "GREGORIAN"),
        ("METHOD", "PUBLISH"),
        ("X-WR-CALNAME", &plain(&name)),
        ("X-PUBLISHED-TTL", "PT1H"),
    ] {
        calendar.append_property(Property::new(key, value));
    }
    let mut add = |uid: String, title: &str, text: &str, from: Timestamp, until: Timestamp| {
        let mut event = Event::new();
        event
            .uid(&format!("{uid}@{host}"))
            .summary(&plain(title))
            .description(&plain(text))
            .status(EventStatus::Confirmed)
            .url(&address)
            .add_property("DTSTAMP", instant(view.now))
            .add_property("DTSTART", instant(from))
            .add_property("DTEND", instant(until))
            .add_property("TRANSP", "TRANSPARENT");
        calendar.push(event.done());
    };
    for one in &view.schedules {
        let late = if one.overdue { "Overdue. " } else { "" };
        let moved = one.moved_why.as_ref().map(|why| format!(" Moved: {why}.")).unwrap_or_default();
        let text = format!("{late}{}; responsible: {}.{moved}", one.every.words(), one.responsible.name);
        let until = one.due_at.plus_seconds(TAKES_SECONDS);
        add(format!("drill-{}", one.id), &format!("Drill: {}", one.title), &text, one.due_at, until);
    }
    for one in &view.windows {
        add(format!("no-drills-{}", one.id), "No drills", &one.reason, one.from_at, one.until_at);
    }
    Ok(calendar.to_string())
}
