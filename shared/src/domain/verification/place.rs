//! Where a plan says that backups lie, what it asks of the database, and where it unpacks archives to. Reads no directory.

use super::{Database, Question};
use crate::{
    domain::{
        monitor::only_reads,
        text::{Look, Name},
    },
    plan::{Plan, StepKind},
};

/// What may be lost where the plan does not say it in time.
const OTHERWISE_SECONDS: u64 = 3600;

/// One place of backups and how much may be lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub label: String,
    /// As the plan names it.
    pub path: String,
    pub limit_seconds: u64,
    /// The plan promises so much for these data by name.
    pub promised: bool,
}

#[must_use]
pub fn places(plan: &Plan) -> Vec<Place> {
    let in_time = |unit: &str| unit == "seconds";
    let shortest = plan.rpo.iter().filter(|row| in_time(&row.unit)).map(|row| row.amount).min();
    let mut found: Vec<Place> = vec![];
    for location in plan.locations.iter().filter(|location| location.section.to_lowercase().contains("backup")) {
        let named = |data: &str| data.eq_ignore_ascii_case(&location.label);
        let row = plan.rpo.iter().find(|row| named(&row.data) && in_time(&row.unit));
        let limit_seconds = row.map(|row| row.amount).or(shortest).unwrap_or(OTHERWISE_SECONDS);
        let (label, path) = (location.label.clone(), location.path.clone());
        let place = Place { label, path, limit_seconds, promised: row.is_some() };
        if !found.contains(&place) {
            found.push(place);
        }
    }
    found
}

/// What the plan's own SQL steps ask of this database, as far as it only reads.
#[must_use]
pub fn questions(plan: &Plan, database: &Database) -> Vec<Question> {
    let mut found: Vec<Question> = vec![];
    for step in plan.procedures.iter().flat_map(|procedure| &procedure.steps) {
        let StepKind::Sql { service, query, .. } = &step.kind else { continue };
        let query = query.trim().trim_end_matches(';').trim_end();
        if service != database.service.as_str() || only_reads(query).is_err() {
            continue;
        }
        let (Ok(name), Ok(query)) = (Name::parse(&step.title), Look::parse(query)) else { continue };
        if found.iter().all(|known| known.query != query) {
            found.push(Question { name, query, may_differ: None });
        }
    }
    found
}

/// Archives that the plan unpacks, and the directories that it unpacks them into: production, as long as it stands.
#[must_use]
pub fn production_of(plan: &Plan) -> Vec<(&str, &str)> {
    let steps = plan.procedures.iter().flat_map(|procedure| &procedure.steps);
    let pairs = steps.filter_map(|step| match &step.kind {
        StepKind::Extract { archive, into: Some(into) } => Some((archive.as_str(), into.as_str())),
        _ => None,
    });
    pairs.collect()
}
