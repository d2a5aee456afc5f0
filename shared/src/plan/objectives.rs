//! Recovery time and recovery point objectives, from tables. Measures nothing.

use std::collections::HashSet;

use super::bullets::{self, Point};
use super::components;
use super::document::{Cell, Document, Table};
use super::duration::{self, Amount, NotATime};
use super::model::{RecoveryPoint, RecoveryTime};
use super::notes::Notes;

const TIME: [&str; 3] = ["rto", "recovery time", "time to recover"];
const POINT: [&str; 3] = ["rpo", "recovery point", "data loss"];

pub(super) fn recovery_times(document: &Document<'_>, notes: &mut Notes<'_>) -> Vec<RecoveryTime> {
    let mut rows = Vec::new();
    let mut seen = HashSet::new();
    for promise in promises(document, &TIME, notes) {
        let component = promise.subject.text.to_owned();
        let seconds = match duration::seconds(promise.value.text) {
            Ok(seconds) => seconds,
            Err(why) => {
                refuse(&why, &format!("The recovery time of \"{component}\""), &promise.value, notes);
                continue;
            }
        };
        if !seen.insert(component.to_lowercase()) {
            let message = format!("\"{component}\" has a recovery time above already; this one is left out.");
            notes.warning(promise.subject.at, "duplicate-objective", message);
            continue;
        }
        let line = document.line(promise.subject.at);
        rows.push(RecoveryTime { component, seconds, method: promise.method.to_owned(), line });
    }
    rows
}

pub(super) fn recovery_points(document: &Document<'_>, notes: &mut Notes<'_>) -> Vec<RecoveryPoint> {
    let mut rows = Vec::new();
    for promise in promises(document, &POINT, notes) {
        let data = promise.subject.text.to_owned();
        let (amount, unit) = match duration::amount(promise.value.text) {
            Ok(Amount::Seconds(seconds)) => (seconds, "seconds".to_owned()),
            Ok(Amount::Of(amount, unit)) => (amount, unit),
            Err(why) => {
                refuse(&why, &format!("The recovery point of \"{data}\""), &promise.value, notes);
                continue;
            }
        };
        let line = document.line(promise.subject.at);
        rows.push(RecoveryPoint { data, amount, unit, method: promise.method.to_owned(), line });
    }
    rows
}

fn refuse(why: &NotATime, subject: &str, value: &Part<'_>, notes: &mut Notes<'_>) {
    if *why == NotATime::Open {
        notes.warning(
            value.at,
            "open-objective",
            format!("{subject} is left open; nothing can be measured against it."),
        );
    } else if value.text.contains(|c: char| c.is_ascii_digit()) {
        notes.error(value.at, "not-a-time", format!("{subject} is not an amount: {}", why.explain(value.text)));
    } else {
        // Words without any number are somebody's decision, not a slip.
        let message =
            format!("{subject} has no amount: {} Nothing can be measured against it.", why.explain(value.text));
        notes.warning(value.at, "open-objective", message);
    }
}

/// One row of a table of objectives, or one point of a list.
struct Promise<'d> {
    subject: Part<'d>,
    value: Part<'d>,
    method: &'d str,
}

struct Part<'d> {
    text: &'d str,
    at: usize,
}

impl<'d> From<&'d Cell> for Part<'d> {
    fn from(cell: &'d Cell) -> Self {
        Self { text: &cell.text, at: cell.at }
    }
}

fn promises<'d>(document: &'d Document<'_>, words: &[&str], notes: &mut Notes<'_>) -> Vec<Promise<'d>> {
    let mut promises = Vec::new();
    for (block, table) in document.tables() {
        let Some(value) = value_column(table, words) else { continue };
        if components::is_table(table) {
            continue;
        }
        if table.rows.is_empty() {
            notes.warning(block.at, "empty-table", "This table of recovery objectives has no rows.");
        }
        let subject = subject_column(table, value);
        let method = (0..table.columns.len())
            .rev()
            .find(|&column| column != subject && column != value && !is_objective(table, column));
        for row in &table.rows {
            let (Some(subject), Some(value)) = (row.get(subject), row.get(value)) else { continue };
            if subject.text.is_empty() {
                notes.warning(
                    value.at,
                    "objective-without-subject",
                    "This objective does not say what it is for; it is left out.",
                );
                continue;
            }
            let method = method.and_then(|column| row.get(column)).map_or("", |cell| cell.text.as_str());
            promises.push(Promise { subject: subject.into(), value: value.into(), method });
        }
    }
    if promises.is_empty() {
        promises.extend(
            bullets::points(document, |topic| words.iter().any(|word| topic.contains(word))).into_iter().map(listed),
        );
    }
    promises
}

/// `- Database: 30 minutes (restored from a dump)`.
fn listed<'d>(point: Point<'d>) -> Promise<'d> {
    let (value, method) = point.rest.split_once(['(', ',', ';']).unwrap_or((point.rest, ""));
    Promise {
        subject: Part { text: point.label, at: point.at },
        value: Part { text: value.trim(), at: point.rest_at },
        method: method.trim_end_matches(')').trim(),
    }
}

/// The column whose heading is the objective, rather than one that only mentions it.
fn value_column(table: &Table, words: &[&str]) -> Option<usize> {
    table.column(|text| words.contains(&text)).or_else(|| {
        table.column(|text| words.iter().any(|word| text.starts_with(word) || text.ends_with(&format!("({word})"))))
    })
}

fn is_objective(table: &Table, column: usize) -> bool {
    table.columns.get(column).is_some_and(|cell| {
        let text = cell.text.to_lowercase();
        TIME.iter().chain(&POINT).any(|word| text.starts_with(word))
    })
}

fn subject_column(table: &Table, value: usize) -> usize {
    let named = ["component", "service", "system", "data", "asset", "application"];
    table
        .column(|text| named.iter().any(|word| text.starts_with(word)))
        .filter(|&column| column != value)
        .unwrap_or(usize::from(value == 0))
}
