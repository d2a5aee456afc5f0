//! The report on readiness for auditors as one HTML file that prints well. Every text in it is escaped; it may load nothing.

use std::fmt::Write as _;

use askama::Template;
use shared::{
    api::readiness_report::{IncidentLine, PlaceLine, ReadinessReport, RehearsalLine, RunLine, TrialLine},
    domain::{
        audit::document::SignedDocument,
        readiness::{Item, Subject},
        run::RunState,
    },
    timestamp::{Timestamp, human_seconds},
};

use super::report::{Printed, policy, running, style};

#[derive(Template)]
#[template(path = "auditors.html")]
struct Auditors<'a> {
    style: &'a str,
    running: &'a str,
    policy: &'a str,
    report: &'a ReadinessReport,
    groups: Vec<(&'static str, Vec<Line<'a>>)>,
    plot: String,
    runs: Vec<(&'a RunLine, String, String)>,
    incidents: Vec<(&'a IncidentLine, String, String)>,
    drills: Vec<(i64, String, String)>,
    rehearsals: Vec<(&'a RehearsalLine, String, String, String)>,
    trials: Vec<(&'a TrialLine, String)>,
    since: String,
    at: String,
    signed: &'a SignedDocument,
    key: String,
}

struct Line<'a> {
    item: &'a Item,
    points: String,
    shown: String,
}

/// "9.5 of 10".
fn points(item: &Item) -> String {
    let tenths = |n: u32| if n.is_multiple_of(10) { format!("{}", n / 10) } else { format!("{}.{}", n / 10, n % 10) };
    format!("{} of {}", tenths(item.earned), tenths(item.weight))
}

/// A bar for each day, 0 to 100.
fn plot(report: &ReadinessReport) -> String {
    let days = &report.days;
    if days.len() < 2 {
        return String::new();
    }
    let (width, height) = (680.0, 90.0);
    let count = u32::try_from(days.len()).unwrap_or(1);
    let step = width / f64::from(count);
    let mut svg = format!(
        "<svg viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"Score by day\" width=\"100%\"><path d=\"M0 .5H{width}M0 {}H{width}\" stroke=\"#bbb\" fill=\"none\"/>",
        height - 0.5
    );
    for (place, day) in (0u32..).zip(days) {
        let tall = height * f64::from(day.score.min(100)) / 100.0;
        // Writing to a String cannot fail.
        let _ = write!(
            svg,
            "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{tall:.1}\" fill=\"#4a6fa5\"/>",
            f64::from(place) * step,
            height - tall,
            (step - 1.0).max(0.5)
        );
    }
    svg + "</svg>"
}

fn span(from: Timestamp, to: Option<Timestamp>) -> String {
    to.map_or_else(|| "–".to_owned(), |to| human_seconds(to.seconds_since(from).max(0)))
}

/// What came of a rehearsal, in a few words.
fn recovered(one: &RehearsalLine) -> String {
    match (one.recovered_seconds, &one.stopped_why) {
        (Some(seconds), _) => human_seconds(seconds),
        (None, Some(why)) => format!("Ended before its time: {why}"),
        (None, None) if one.ended_at.is_none() => "Goes on".into(),
        (None, None) if one.run_state == RunState::Succeeded => "Not measured: a step that recovers was skipped".into(),
        (None, None) => format!("Not carried out to its end ({})", one.run_state.words().to_lowercase()),
    }
}

fn promised(one: &RehearsalLine) -> String {
    let span = |seconds: u64| human_seconds(i64::try_from(seconds).unwrap_or(i64::MAX));
    one.promised.first().map_or_else(|| "–".into(), |o| format!("{} ({})", span(o.seconds), o.name))
}

fn lost(place: &PlaceLine) -> String {
    place.loss_seconds.map(|s| format!(" {} would have been lost.", human_seconds(s))).unwrap_or_default()
}

#[must_use]
pub(crate) fn auditors_html(report: &ReadinessReport, signed: &SignedDocument) -> Printed {
    let title = running(&format!("Readiness of {}, {}", report.name, report.at.utc_text()));
    let policy = policy(&[style(), &title]);
    let line =
        |item| Line { points: points(item), shown: item.shown_at.map_or("never".into(), Timestamp::utc_text), item };
    let group = |subject: Subject| {
        let lines: Vec<_> = report.items.iter().filter(|item| item.subject == subject).map(line).collect();
        (subject.words(), lines)
    };
    let page = Auditors {
        style: style(),
        running: &title,
        policy: &policy,
        report,
        groups: Subject::ALL.into_iter().map(group).filter(|(_, lines)| !lines.is_empty()).collect(),
        plot: plot(report),
        runs: report
            .runs
            .iter()
            .map(|run| (run, run.requested_at.utc_text(), span(run.requested_at, run.ended_at)))
            .collect(),
        incidents: report
            .incidents
            .iter()
            .map(|one| (one, one.declared_at.utc_text(), span(one.declared_at, one.resolved_at)))
            .collect(),
        drills: report
            .contact_drills
            .iter()
            .map(|one| (one.number, one.begun_at.utc_text(), format!("{} of {}", one.in_time, one.called)))
            .collect(),
        rehearsals: report
            .drills
            .iter()
            .map(|one| (one, one.begun_at.utc_text(), recovered(one), promised(one)))
            .collect(),
        trials: report.trials.iter().map(|one| (one, one.ended_at.utc_text())).collect(),
        since: report.since.utc_text(),
        at: report.at.utc_text(),
        key: signed.public_key.clone(),
        signed,
    };
    // A template of ours writes into memory; its values' `Display` does not fail.
    let html = page.render().unwrap_or_default();
    Printed { html, policy: format!("{policy}; frame-ancestors 'none'") }
}
