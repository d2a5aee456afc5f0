//! A review of access or an audit of security for auditors: as one HTML file that prints well, and as a table for spreadsheets. Every text
//! in it is escaped, and none is a formula.

use askama::Template;
use shared::{
    api::inspection::{InspectionLineView, InspectionView},
    domain::inspection::Subject,
    timestamp::Timestamp,
};

use super::report::{Printed, policy, running, style};

#[derive(Template)]
#[template(path = "inspection.html")]
struct Inspection<'a> {
    style: &'a str,
    running: &'a str,
    policy: &'a str,
    kind: &'static str,
    view: &'a InspectionView,
    begun: String,
    state: String,
    looked: Option<String>,
    lines: Vec<Line<'a>>,
    at: String,
}

struct Line<'a> {
    view: &'a InspectionLineView,
    facts: Vec<(&'static str, String)>,
    /// What stands out, or what was found.
    noted: Vec<String>,
    decision: String,
    by: String,
}

impl<'a> Line<'a> {
    fn of(view: &'a InspectionLineView) -> Self {
        let facts = match &view.subject {
            Subject::Account(access) => {
                let last = access.signed_in_at.map_or_else(|| "never".to_owned(), Timestamp::utc_text);
                access.facts().into_iter().chain([("Last sign-in", last)]).collect()
            }
            Subject::Check { .. } => vec![("Looked at by", "Muster".to_owned())],
            Subject::Question { line, .. } => vec![("Asked by the plan, line", line.to_string())],
        };
        let found = view.found.as_ref().map(|found| format!("{}. {}", found.state.words(), found.text));
        let said = view.said.as_ref();
        Self {
            facts,
            noted: view.marks.iter().cloned().chain(found).collect(),
            decision: said
                .map_or(if view.settled { "none needed" } else { "undecided" }, |s| s.decision.words())
                .to_owned(),
            by: said.map(|said| format!("{}, {}", said.by, said.at.utc_text())).unwrap_or_default(),
            view,
        }
    }

    fn note(&self) -> &str {
        self.view.said.as_ref().map_or("", |said| &said.note)
    }

    fn since(&self) -> String {
        self.view.since.join(" ")
    }
}

fn state(view: &InspectionView) -> String {
    match (view.row.ended_at, &view.row.ended_by) {
        (Some(at), Some(by)) if view.row.called_off => format!("called off by {by}, {}", at.utc_text()),
        (Some(at), Some(by)) => format!("signed off by {by}, {}", at.utc_text()),
        _ => format!("under way: {} of {} lines undecided", view.row.undecided, view.row.lines),
    }
}

#[must_use]
pub(crate) fn inspection_html(view: &InspectionView) -> Printed {
    let kind = view.row.kind.words();
    let title = running(&format!("{kind} {} of {}", view.row.number, view.name));
    let policy = policy(&[style(), &title]);
    let looked = view.looked_by.as_ref().zip(view.looked_at);
    let page = Inspection {
        style: style(),
        running: &title,
        policy: &policy,
        kind,
        view,
        begun: format!("{}, {}", view.row.begun_by, view.row.begun_at.utc_text()),
        state: state(view),
        looked: looked.map(|(worker, at)| format!("worker {worker}, {}", at.utc_text())),
        lines: view.items.iter().map(Line::of).collect(),
        at: view.now.utc_text(),
    };
    // A template of ours writes into memory; its values' `Display` does not fail.
    let html = page.render().unwrap_or_default();
    Printed { html, policy: format!("{policy}; frame-ancestors 'none'") }
}

/// RFC 4180, with a line of heads.
#[must_use]
pub(crate) fn inspection_csv(view: &InspectionView) -> String {
    let lines: Vec<_> = view.items.iter().map(Line::of).collect();
    // Lines of an audit differ in their facts: every head once, in the order in which they come.
    let mut heads: Vec<&'static str> = vec![];
    for (head, _) in lines.iter().flat_map(|line| &line.facts) {
        if !heads.contains(head) {
            heads.push(head);
        }
    }
    let fixed = ["Found", "Decision", "Note", "Decided by", "Changed since"];
    let mut text = record(["Line", "About"].into_iter().chain(heads.iter().copied()).chain(fixed));
    for line in &lines {
        let fact = |head: &&str| line.facts.iter().find(|(known, _)| known == head).map_or("", |(_, said)| said);
        let (place, noted, since) = (line.view.place.to_string(), line.noted.join(" "), line.since());
        let facts: Vec<&str> = heads.iter().map(fact).collect();
        let rest = [noted.as_str(), &line.decision, line.note(), &line.by, &since];
        text += &record([place.as_str(), line.view.subject.title()].into_iter().chain(facts).chain(rest));
    }
    text
}

fn record<'a>(cells: impl IntoIterator<Item = &'a str>) -> String {
    let cells: Vec<_> = cells.into_iter().map(cell).collect();
    cells.join(",") + "\r\n"
}

/// A spreadsheet takes what begins like a formula for one: it gets an apostrophe before it.
fn cell(text: &str) -> String {
    let guard = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_typed_is_text_in_a_spreadsheet() {
        assert_eq!(record(["a", "b \"c\"", "x,y"]), "\"a\",\"b \"\"c\"\"\",\"x,y\"\r\n");
        for bad in ["=1+1", "+1", "-1", "@x", "\tx"] {
            assert!(cell(bad).starts_with("\"'"), "{bad}");
        }
    }
}
