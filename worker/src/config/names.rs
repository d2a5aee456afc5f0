//! Names that others give meaning to: Docker hosts and Compose projects. Judges their form only.

use shared::domain::drill;

use super::ConfigError;

/// As the database has it.
pub(super) fn checked_host(host: Option<String>) -> Result<Option<String>, ConfigError> {
    let good = |name: &String| {
        name.len() <= 253
            && name.starts_with(|c: char| c.is_ascii_alphanumeric())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))
    };
    match host {
        Some(bad) if !good(&bad) => Err(ConfigError(format!(
            "host (MUSTER_WORKER_HOST): \"{bad}\" is no name of a Docker host (letters, digits, dots, - and _)"
        ))),
        fine => Ok(fine),
    }
}

pub(super) fn checked_projects(projects: Vec<String>) -> Result<Vec<String>, ConfigError> {
    let first = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let good = |name: &String| name.starts_with(first) && name.chars().all(|c| first(c) || matches!(c, '_' | '-'));
    if let Some(bad) = projects.iter().find(|name| !good(name)) {
        return Err(ConfigError(format!(
            "projects (MUSTER_WORKER_PROJECTS): \"{bad}\" is no name of a Compose project (small letters, digits, - and _)"
        )));
    }
    if projects.is_empty() {
        return Err(ConfigError(
            "projects (MUSTER_WORKER_PROJECTS) is empty, so the worker may touch nothing: \
             name the Compose projects it may touch, with commas between them"
                .into(),
        ));
    }
    if let Some((own, of)) =
        projects.iter().find_map(|p| Some((p, projects.iter().find(|of| drill::target(of) == **p)?)))
    {
        return Err(ConfigError(format!(
            "projects (MUSTER_WORKER_PROJECTS): {own} is the project in which {of} is rehearsed, made anew and removed each time; \
             it cannot be one that is kept"
        )));
    }
    Ok(projects)
}
