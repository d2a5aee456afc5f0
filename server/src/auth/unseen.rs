//! The one place that keeps restricted incidents from whoever may not see them: every address that names an incident, or what belongs
//! to one, is there for those who may see it and for nobody else. Lists leave out what they may not show by themselves.

use axum::extract::MatchedPath;
use http::request::Parts;
use shared::domain::incident::Eyes;
use store::Part;

use crate::{AppState, error::AppError};

/// # Errors
/// 404, in the words for what is not there at all.
pub(super) async fn guard(parts: &Parts, state: &AppState, eyes: Eyes) -> Result<(), AppError> {
    let matched = parts.extensions.get::<MatchedPath>().map(MatchedPath::as_str);
    let Some((part, number)) = matched.and_then(|matched| named(matched, parts.uri.path())) else { return Ok(()) };
    if state.store.part_is_seen(part, number, eyes).await? {
        return Ok(());
    }
    Err(AppError::not_found(match part {
        Part::Incident => format!("incident {number}"),
        Part::Run => format!("run {number}"),
        Part::Notice => format!("notice {number}"),
        Part::Nudge => format!("nudge {number} of yours"),
    }))
}

/// What the address names. A number that is none the route itself refuses.
fn named(matched: &str, path: &str) -> Option<(Part, i64)> {
    let mut pattern = matched.strip_prefix("/api/v1/")?.split('/');
    let mut given = path.strip_prefix("/api/v1/")?.split('/');
    let part = match (pattern.next()?, given.next()?) {
        ("incidents", _) => Part::Incident,
        ("runs", _) => Part::Run,
        ("notices", _) => Part::Notice,
        ("nudges", _) => Part::Nudge,
        _ => return None,
    };
    let number = given.next()?.parse().ok()?;
    (pattern.next()? == "{number}").then_some((part, number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_address_names() {
        for (matched, path, about) in [
            ("/api/v1/incidents/{number}", "/api/v1/incidents/7", Some((Part::Incident, 7))),
            ("/api/v1/incidents/{number}/files/{file}", "/api/v1/incidents/7/files/x", Some((Part::Incident, 7))),
            ("/api/v1/runs/{number}/output.txt", "/api/v1/runs/5/output.txt", Some((Part::Run, 5))),
            ("/api/v1/incidents", "/api/v1/incidents", None),
            ("/api/v1/incidents/{number}", "/api/v1/incidents/abc", None),
            ("/api/v1/maintenance/{number}", "/api/v1/maintenance/7", None),
        ] {
            assert_eq!(named(matched, path), about, "{path}");
        }
    }

    /// A new kind of address that belongs to an incident has to be added above.
    #[test]
    fn every_numbered_address_is_guarded_or_known_to_be_open() {
        for operation in &crate::openapi::api().operations {
            let numbered = operation.path.contains("{number}");
            let example = operation.path.replace("{number}", "7");
            let open = operation.path.contains("/maintenance/") || operation.path.contains("/plan/versions/");
            assert_eq!(named(operation.path, &example).is_some(), numbered && !open, "{}", operation.path);
        }
    }
}
