//! The one place that keeps restricted incidents from whoever may not see them: every address that names an incident, or what belongs
//! to one, is there for those who may see it and for nobody else. Lists leave out what they may not show by themselves.

use axum::extract::{FromRequestParts as _, RawPathParams};
use http::request::Parts;
use shared::domain::incident::Eyes;
use store::Part;

use crate::{AppState, error::AppError};

/// # Errors
/// 404, in the words for what is not there at all.
pub(super) async fn guard(parts: &mut Parts, state: &AppState, eyes: Eyes) -> Result<(), AppError> {
    let Some(part) = part(parts.uri.path()) else { return Ok(()) };
    // As the handler reads it, so that an address that is written otherwise names the same.
    let Ok(params) = RawPathParams::from_request_parts(parts, state).await else { return Ok(()) };
    let number = params.iter().find(|(name, _)| *name == "number").and_then(|(_, number)| number.parse().ok());
    // A number that is none the handler refuses.
    let Some(number) = number else { return Ok(()) };
    if state.store.part_is_seen(part, number, eyes).await? {
        return Ok(());
    }
    Err(AppError::not_found(match part {
        Part::Incident => format!("incident {number}"),
        Part::Run => format!("run {number}"),
        Part::Notice => format!("notice {number}"),
        Part::Nudge => format!("nudge {number} of yours"),
        Part::FollowUp => format!("follow-up {number}"),
    }))
}

/// What the numbers in such addresses name, if it belongs to incidents.
fn part(path: &str) -> Option<Part> {
    match path.strip_prefix("/api/v1/")?.split('/').next()? {
        "incidents" => Some(Part::Incident),
        "runs" => Some(Part::Run),
        "notices" => Some(Part::Notice),
        "nudges" => Some(Part::Nudge),
        "follow-ups" => Some(Part::FollowUp),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A new kind of address that belongs to an incident has to be added above.
    #[test]
    fn every_numbered_address_is_guarded_or_known_to_be_open() {
        for operation in &crate::openapi::api().operations {
            let numbered = operation.path.contains("{number}");
            let open = ["/drills/", "/inspections/", "/maintenance/", "/standing-orders/", "/plan/versions/"];
            let open = open.iter().any(|part| operation.path.contains(part));
            if numbered {
                assert_eq!(part(operation.path).is_some(), !open, "{}", operation.path);
            }
        }
    }
}
