//! What speaks against a backup: one rule for each thing that is compared. Adds nothing up.

use super::Place;
use crate::timestamp::{Timestamp, human_seconds};

/// A table with fewer rows comes and goes: nothing follows from how many of them came back.
const FEW_ROWS: u64 = 20;

/// Rows of a table now and in what was restored; `None`: there is no such table.
#[must_use]
pub fn judge_rows(production: Option<u64>, restored: Option<u64>, least_percent: u32) -> Option<String> {
    match (production, restored) {
        (Some(_), None) => Some("the table did not come back".into()),
        (Some(now), Some(back)) if now >= FEW_ROWS && back * 100 < now * u64::from(least_percent) => {
            Some(format!("only {back} of {now} rows came back"))
        }
        _ => None,
    }
}

/// Answers of both sides to a question, as text; `None`: it was not answered.
#[must_use]
pub fn judge_numbers(production: Option<&str>, restored: Option<&str>, may_differ: Option<f64>) -> Option<String> {
    let Some(back) = restored else { return Some("what was restored does not answer it".into()) };
    let far = may_differ?;
    let Some(now) = production else { return Some("production does not answer it".into()) };
    match (now.parse::<f64>(), back.parse::<f64>()) {
        (Ok(now), Ok(back)) if (now - back).abs() <= far => None,
        (Ok(now), Ok(back)) => Some(format!("{back} instead of {now}: more than {far} apart")),
        _ => Some("its answer is no number that could be compared".into()),
    }
}

/// A file that production has and an archive lacks. One that was written after the backup was taken cannot be in it.
#[must_use]
pub fn judge_files(in_archive: bool, written_at: Timestamp, taken_at: Timestamp) -> Option<String> {
    (!in_archive && written_at < taken_at).then(|| "it was there when the backup was taken, and is not in it".into())
}

/// What would be lost, against what the plan promises for these data.
#[must_use]
pub fn judge_loss(place: &Place, loss_seconds: i64) -> Option<String> {
    let promised = i64::try_from(place.limit_seconds).unwrap_or(i64::MAX);
    (place.promised && loss_seconds > promised).then(|| {
        format!("{} would be lost; the plan promises {}.", human_seconds(loss_seconds), human_seconds(promised))
    })
}
