//! The parts of the system: from a table, else derived from what the procedures name. Looks at no live system.

use std::collections::HashSet;

use super::document::{Cell, Document, Table};
use super::duration;
use super::model::{Component, Procedure, RecoveryTime, StepKind};
use super::notes::Notes;
use super::words::{has_word, slug};

/// What the plan lists; only if it lists nothing, what its procedures name.
pub(super) fn read(
    document: &Document<'_>,
    procedures: &[Procedure],
    rto: &[RecoveryTime],
    notes: &mut Notes<'_>,
) -> Vec<Component> {
    let mut components: Vec<Component> = Vec::new();
    let mut seen = HashSet::new();
    let mut listed = false;
    for (block, table) in document.tables().filter(|(_, table)| is_table(table)) {
        listed = true;
        if table.rows.is_empty() {
            notes.warning(block.at, "empty-table", "The table of components has no rows.");
        }
        for row in &table.rows {
            if let Some(component) = from_row(document, table, row, rto, notes) {
                if seen.insert(component.id.clone()) {
                    components.push(component);
                } else {
                    let at = row.first().map_or(block.at, |cell| cell.at);
                    notes.warning(
                        at,
                        "duplicate-component",
                        format!("\"{}\" is listed twice; the first counts.", component.id),
                    );
                }
            }
        }
    }
    if !listed {
        return derived(document, procedures, rto, notes);
    }
    check_services(document, &components, procedures, notes);
    components
}

/// A table of components has a column for the Compose service; a table of objectives has none.
pub(super) fn is_table(table: &Table) -> bool {
    component_column(table).is_some() && service_column(table).is_some()
}

fn component_column(table: &Table) -> Option<usize> {
    table.column(|text| text == "component" || text == "components" || text == "name")
}

fn service_column(table: &Table) -> Option<usize> {
    table.column(|text| text == "service" || text == "compose service" || text == "container service")
}

fn from_row(
    document: &Document<'_>,
    table: &Table,
    row: &[Cell],
    rto: &[RecoveryTime],
    notes: &mut Notes<'_>,
) -> Option<Component> {
    let cell = |column: Option<usize>| column.and_then(|column| row.get(column));
    let filled =
        |column: Option<usize>| cell(column).filter(|cell| !matches!(cell.text.as_str(), "" | "-" | "–" | "—"));
    let service = filled(service_column(table)).map(|cell| cell.text.clone());
    let name = filled(component_column(table)).map(|cell| cell.text.clone()).or_else(|| service.clone())?;
    let line = document.line(row.first().map_or(0, |cell| cell.at));
    let mut component = Component {
        id: slug(service.as_deref().unwrap_or(&name)),
        name,
        service,
        objective: None,
        rto_seconds: None,
        line,
    };
    let stated = filled(
        table.column(|text| text.contains("objective") || text.starts_with("rto") || text.contains("recovery time")),
    );
    match stated {
        Some(cell) => state_objective(&mut component, cell, rto, notes),
        None => {
            let row = likely(&component, rto);
            assume(&mut component, row);
        }
    }
    Some(component)
}

/// The cell names a row of the RTO table, or is a span of time itself.
fn state_objective(component: &mut Component, cell: &Cell, rto: &[RecoveryTime], notes: &mut Notes<'_>) {
    if let Some(row) = rto.iter().find(|row| row.component.eq_ignore_ascii_case(&cell.text)) {
        assume(component, Some(row));
    } else if let Ok(seconds) = duration::seconds(&cell.text) {
        component.rto_seconds = Some(seconds);
    } else {
        let known: Vec<String> = rto.iter().map(|row| format!("\"{}\"", row.component)).collect();
        let known = if known.is_empty() { "there is none".to_owned() } else { known.join(", ") };
        let message = format!("\"{}\" is not a row of the table of recovery times ({known}).", cell.text);
        notes.warning(cell.at, "unknown-objective", message);
    }
}

fn assume(component: &mut Component, row: Option<&RecoveryTime>) {
    component.objective = row.map(|row| row.component.clone());
    component.rto_seconds = row.map(|row| row.seconds);
}

/// Which recovery time a service of this name probably falls under: that of its own name, else of its kind.
fn likely<'r>(component: &Component, rto: &'r [RecoveryTime]) -> Option<&'r RecoveryTime> {
    let (name, service) = (component.name.to_lowercase(), component.id.as_str());
    let own = |row: &&RecoveryTime| {
        let row = row.component.to_lowercase();
        row == name || has_word(&row, &name) || has_word(&row, service)
    };
    if let Some(row) = rto.iter().find(own) {
        return Some(row);
    }
    let with = |words: &[&str]| {
        words.iter().find_map(|word| rto.iter().find(|row| row.component.to_lowercase().contains(word)))
    };
    let stores = ["postgres", "mysql", "maria", "mongo", "redis", "sql", "database"];
    let is_store =
        stores.iter().any(|word| service.contains(word)) || service.split(['-', '_', '.']).any(|part| part == "db");
    if is_store {
        return with(&["database"]).or_else(|| with(&["system"]));
    }
    with(&["node", "service", "single"]).or_else(|| with(&["system"]))
}

fn derived(
    document: &Document<'_>,
    procedures: &[Procedure],
    rto: &[RecoveryTime],
    notes: &mut Notes<'_>,
) -> Vec<Component> {
    let mut components: Vec<Component> = Vec::new();
    let mut seen = HashSet::new();
    for (service, line) in procedures
        .iter()
        .flat_map(|procedure| &procedure.steps)
        .flat_map(|step| services(&step.kind).into_iter().map(|service| (service, step.line)))
    {
        let id = slug(service);
        if id.is_empty() || !seen.insert(id.clone()) {
            continue;
        }
        let mut letters = service.chars();
        let name = letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect());
        let mut component =
            Component { id, name, service: Some(service.to_owned()), objective: None, rto_seconds: None, line };
        let row = likely(&component, rto);
        assume(&mut component, row);
        components.push(component);
    }
    if let Some(first) = components.first() {
        let assumed: Vec<String> = components
            .iter()
            .map(|part| format!("{} (recovery time: {})", part.id, part.objective.as_deref().unwrap_or("none")))
            .collect();
        let message = format!(
            "The plan has no table of components, so they are taken from the procedures: {}. \
             To state them, add a table with the columns Component, Service and Objective.",
            assumed.join(", ")
        );
        notes.notice(document.lines.start(first.line), "components-assumed", message);
    }
    components
}

fn check_services(document: &Document<'_>, components: &[Component], procedures: &[Procedure], notes: &mut Notes<'_>) {
    let known: Vec<&str> = components.iter().filter_map(|part| part.service.as_deref()).collect();
    for step in procedures.iter().flat_map(|procedure| &procedure.steps) {
        for service in services(&step.kind).into_iter().filter(|service| !known.contains(service)) {
            let meant = super::words::nearest(service, known.iter().copied());
            let advice = meant.map_or_else(String::new, |meant| format!(" Did you mean \"{meant}\"?"));
            let start = document.lines.start(step.line);
            let within = document.lines.text(step.line).trim_start().find(service).unwrap_or(0);
            let message = format!("The table of components has no service \"{service}\".{advice}");
            notes.warning(start + within, "unknown-service", message);
        }
    }
}

/// The Compose services a step names.
pub(super) fn services(kind: &StepKind) -> Vec<&str> {
    match kind {
        StepKind::Inspect { services }
        | StepKind::Logs { services, .. }
        | StepKind::Restart { services }
        | StepKind::Stop { services }
        | StepKind::Start { services }
        | StepKind::Up { services } => services.iter().map(String::as_str).collect(),
        StepKind::Exec { service, .. } | StepKind::Sql { service, .. } => vec![service],
        _ => Vec::new(),
    }
}
