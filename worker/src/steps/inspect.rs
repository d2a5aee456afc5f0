//! Look at containers and print one line for each. Never prints their environment.

use std::time::Duration;

use tokio::time::timeout;

use super::{Step, instant, list, look_patiently};
use crate::host::Details;

pub(super) const LIMIT: Duration = Duration::from_secs(60);

pub(super) async fn perform(step: Step<'_>) -> Result<String, String> {
    timeout(LIMIT, look(step))
        .await
        .unwrap_or_else(|_| Err(format!("Docker was not done within {} s", LIMIT.as_secs())))
}

async fn look(step: Step<'_>) -> Result<String, String> {
    let mut rows = vec![["SERVICE", "CONTAINER", "STATE", "SINCE", "IMAGE"].map(str::to_owned)];
    let mut states = vec![];
    for object in step.objects {
        let found = look_patiently(step.host, &object.id).await.map_err(|e| format!("{}: {e}", object.name))?;
        let service = found.container.service.clone().unwrap_or_else(|| object.name.clone());
        states.push(format!("{service} is {}", found.container.state));
        rows.push(row(service, found));
    }
    for line in table(&rows) {
        step.output.out(&line).await;
    }
    Ok(list(&states))
}

fn row(service: String, found: Details) -> [String; 5] {
    let since = if found.container.state.running() { &found.started_at } else { &found.finished_at };
    // Docker's zero instant: it never ran.
    let since = if since.starts_with("0001-") { "-".to_owned() } else { instant(since) };
    [service, found.container.name, found.container.state.to_string(), since, found.container.image]
}

fn table(rows: &[[String; 5]]) -> Vec<String> {
    let mut widths = [0; 5];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |row: &[String; 5]| {
        let cells: Vec<_> = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        cells.join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}
