//! Incidents that are over, by the month in which they began: the newest on one page, every month on pages of its own. Only lays
//! out an archive.

use std::collections::BTreeMap;

use askama::Template;
use shared::domain::{
    maintenance::PublicMaintenance,
    status::{PublicIncident, StatusSnapshot},
};

use super::{
    archive::Archive,
    frame::Frame,
    maintenance::{Line, Lines},
    past::Row,
    speech::Speech,
    texts::fill,
};

/// Incidents on one page; more of a month are on its further parts.
pub(crate) const PER_PAGE: usize = 100;

#[derive(Debug)]
pub(crate) struct MonthOf {
    pub(crate) label: String,
    pub(crate) rows: Vec<Row>,
}

/// A link that leads on.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) address: String,
    pub(crate) words: String,
}

#[derive(Debug)]
pub(crate) struct Year {
    pub(crate) label: String,
    pub(crate) months: Vec<Link>,
}

#[derive(Template)]
#[template(path = "history.html")]
pub(crate) struct History<'a> {
    pub(crate) frame: &'a Frame,
    pub(crate) site: &'a str,
    pub(crate) version: &'a str,
    pub(crate) heading: String,
    pub(crate) n_open: usize,
    pub(crate) months: Vec<MonthOf>,
    pub(crate) maintenance: Lines,
    /// Further parts of this month.
    pub(crate) parts: Vec<Link>,
    /// Every month that has any, if they are not all on this page.
    pub(crate) years: Vec<Year>,
}

impl<'a> History<'a> {
    /// The newest ones.
    pub(crate) fn newest(frame: &'a Frame, snapshot: &'a StatusSnapshot, version: &'a str, archive: &Archive) -> Self {
        let speech = &frame.speech;
        let months = months(archive.past().take(PER_PAGE), speech);
        let shown = snapshot.maintenance.iter().filter(|one| one.state.over()).count();
        let all_here = archive.n_past() <= PER_PAGE && archive.work().count() <= shown;
        let years = if all_here { vec![] } else { years(archive, speech) };
        Self {
            frame,
            site: &snapshot.title,
            version,
            heading: speech.texts.past.to_owned(),
            n_open: archive.open().count(),
            months,
            maintenance: Lines::new(snapshot, speech),
            parts: vec![],
            years,
        }
    }

    /// Part `part` of a month, counted from 1; `None` if it has no such part.
    pub(crate) fn month(
        frame: &'a Frame,
        site: &'a str,
        version: &'a str,
        archive: &Archive,
        (year, month, part): (i32, u8, usize),
    ) -> Option<Self> {
        let speech = &frame.speech;
        let of = |i: &&PublicIncident| began(i, speech) == (year, month);
        let n = archive.past().filter(of).count();
        let skipped = part.checked_sub(1)? * PER_PAGE;
        let work: Vec<_> = archive.work().filter(|one| part == 1 && worked(one, speech) == (year, month)).collect();
        if n <= skipped && work.is_empty() {
            return None;
        }
        let months = months(archive.past().filter(of).skip(skipped).take(PER_PAGE), speech);
        let heading = fill(speech.texts.past_of, &[("month", &speech.month(year, month))]);
        let n_parts = n.div_ceil(PER_PAGE);
        let link = |other: usize| Link {
            address: address(year, month, other),
            words: fill(speech.texts.part, &[("n", &other.to_string())]),
        };
        let parts = (1..=n_parts).filter(|other| n_parts > 1 && *other != part).map(link).collect();
        let years = years(archive, speech);
        let maintenance =
            Lines { past: work.into_iter().map(|one| Line::new(one, speech)).collect(), ..Lines::default() };
        Some(Self { frame, site, version, heading, n_open: 0, months, maintenance, parts, years })
    }
}

/// Every part of every month, newest first.
pub(crate) fn all_parts(archive: &Archive, speech: &Speech) -> Vec<(i32, u8, usize)> {
    let counted = counted(archive, speech).into_iter();
    counted
        .flat_map(|((year, month), (n, _))| (1..=n.div_ceil(PER_PAGE).max(1)).map(move |part| (year, month, part)))
        .collect()
}

/// `/history/2026-11`, `/history/2026-11/2`.
pub(crate) fn address(year: i32, month: u8, part: usize) -> String {
    let month = format!("/history/{year:04}-{month:02}");
    if part == 1 { month } else { format!("{month}/{part}") }
}

/// What [`address`] wrote, and no other spelling of it.
pub(crate) fn parse(month: &str, part: Option<&str>) -> Option<(i32, u8, usize)> {
    let (year, number) = month.split_once('-')?;
    let of = (year.parse().ok()?, number.parse().ok()?, part.map_or(Some(1), |part| part.parse().ok())?);
    let written = part.map_or_else(|| format!("/history/{month}"), |part| format!("/history/{month}/{part}"));
    (address(of.0, of.1, of.2) == written).then_some(of)
}

fn began(incident: &PublicIncident, speech: &Speech) -> (i32, u8) {
    let date = speech.date(incident.started_at);
    (date.year(), u8::from(date.month()))
}

fn worked(work: &PublicMaintenance, speech: &Speech) -> (i32, u8) {
    let date = speech.date(work.window.from_at);
    (date.year(), u8::from(date.month()))
}

fn months<'a>(newest_first: impl Iterator<Item = &'a PublicIncident>, speech: &Speech) -> Vec<MonthOf> {
    let mut months: Vec<MonthOf> = Vec::new();
    for incident in newest_first {
        let (year, month) = began(incident, speech);
        let label = speech.month(year, month);
        match months.last_mut().filter(|m| m.label == label) {
            Some(month) => month.rows.push(Row::new(incident, speech)),
            None => months.push(MonthOf { label, rows: vec![Row::new(incident, speech)] }),
        }
    }
    months
}

/// Newest first: how many incidents began in each month, and how much announced work did.
fn counted(archive: &Archive, speech: &Speech) -> Vec<((i32, u8), (usize, usize))> {
    let mut months: BTreeMap<(i32, u8), (usize, usize)> = BTreeMap::new();
    for incident in archive.past() {
        months.entry(began(incident, speech)).or_default().0 += 1;
    }
    for work in archive.work() {
        months.entry(worked(work, speech)).or_default().1 += 1;
    }
    months.into_iter().rev().collect()
}

fn years(archive: &Archive, speech: &Speech) -> Vec<Year> {
    let mut years: Vec<Year> = Vec::new();
    for ((year, month), (n, work)) in counted(archive, speech) {
        let words = format!("{} ({})", speech.month(year, month), n + work);
        let link = Link { address: address(year, month, 1), words };
        match years.last_mut().filter(|y| y.label == year.to_string()) {
            Some(of) => of.months.push(link),
            None => years.push(Year { label: year.to_string(), months: vec![link] }),
        }
    }
    years
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_has_one_spelling() {
        for (month, part, expected) in [
            ("2026-11", None, Some((2026, 11, 1))),
            ("2026-11", Some("2"), Some((2026, 11, 2))),
            ("2026-11", Some("1"), None),
            ("2026-11", Some("02"), None),
            ("2026-3", None, None),
            ("26-03", None, None),
            ("2026-+3", None, None),
            ("x", None, None),
        ] {
            assert_eq!(parse(month, part), expected, "{month} {part:?}");
        }
    }
}
