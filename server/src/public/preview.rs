//! An incident's page as it would be, for the team: made by the same functions from the same facts, for a shadow tree in the console.
//! No visitor comes here.

use axum::http::StatusCode;
use shared::{
    api::incident::TimelineEntry,
    domain::{maintenance::PublicMaintenance, status::PublicIncident},
};
use store::IncidentRecord;

use super::{
    facts::{self, IncidentFacts},
    frame::Frame,
    incident::IncidentPage,
    pages::PublicPages,
    speech::Speech,
};

/// What a document's root and body are, in a shadow tree its host and one box are.
const IN_SHADOW: [(&str, &str); 3] = [(":root{", ":host{"), ("html{", ":host{"), ("body{", ".page{")];
const BOX: &str = ":host{display:block}.page{min-height:0;padding-block:var(--space-4)}";

impl PublicPages {
    /// What the public may know of it, in the words of the page as it is now. `None` before the first refresh, or if it is internal.
    pub(crate) async fn as_public(
        &self,
        record: &IncidentRecord,
        timeline: &[TimelineEntry],
    ) -> Option<(PublicIncident, Speech)> {
        let site = self.site();
        let content = site.content.as_ref()?;
        let facts = IncidentFacts {
            number: record.number,
            system: &record.system_slug,
            incident: &record.incident,
            timeline,
            has_public_report: content.archive.get(record.number).is_some_and(|told| told.report.is_some()),
        };
        let following = self.turn.lock().await;
        let public = facts::public_incident(&facts, following.as_ref()?.names())?;
        Some((public, site.frame.speech.clone()))
    }

    /// In the page's language and zone. `None` before the first refresh.
    pub(crate) fn speech(&self) -> Option<Speech> {
        let site = self.site();
        site.content.as_ref().map(|_| site.frame.speech.clone())
    }

    /// Announced work as the page knows it now.
    pub(crate) fn work(&self, number: i64) -> Option<(PublicMaintenance, Speech)> {
        let site = self.site();
        let content = site.content.as_ref()?;
        let now = content.snapshot.maintenance.iter().find(|one| one.number == number);
        let work = now.or_else(|| content.archive.work_of(number))?;
        Some((work.clone(), site.frame.speech.clone()))
    }

    /// The main part of its page, the style for a shadow tree, and the language.
    pub(crate) async fn preview(
        &self,
        record: &IncidentRecord,
        timeline: &[TimelineEntry],
    ) -> Option<(String, String, &'static str)> {
        let (incident, _) = self.as_public(record, timeline).await?;
        let site = self.site();
        let title = &site.content.as_ref()?.snapshot.title;
        let page = IncidentPage::new(&site.frame, title, &incident, "preview", None);
        let page = site.frame.page(StatusCode::OK, &page).bytes();
        let whole = std::str::from_utf8(&page).ok()?;
        Some((in_shadow(whole)?, style(&site.frame), site.frame.t.code))
    }
}

/// The shapes and the main part, with no landmark of its own: it stands in somebody else's page.
fn in_shadow(page: &str) -> Option<String> {
    let between = |begin: &str, end: &str| {
        let at = page.find(begin)?;
        let length = page[at..].find(end)?;
        Some(&page[at..at + length + end.len()])
    };
    let main = between("<main", "</main>")?.replacen("<main", "<main role=\"presentation\"", 1);
    Some(format!("{}{main}", between("<svg class=\"shapes\"", "</svg>")?))
}

fn style(frame: &Frame) -> String {
    let mut style = frame.style.clone();
    for (of_document, of_shadow) in IN_SHADOW {
        // Only where a rule begins: `.body{` is no body.
        for before in ["}", ";", "{", ","] {
            style = style.replace(&format!("{before}{of_document}"), &format!("{before}{of_shadow}"));
        }
        if let Some(rest) = style.strip_prefix(of_document) {
            style = format!("{of_shadow}{rest}");
        }
    }
    style + BOX
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_cut_to_what_stands_in_a_shadow_tree() {
        let frame = Frame::new(None, None, std::sync::Arc::default(), false);
        let incident = crate::public::fixtures::incident(12, "Down & <b>out</b>", 20, None);
        let page = frame.page(StatusCode::OK, &IncidentPage::new(&frame, "Status", &incident, "v", None)).bytes();
        let html = in_shadow(std::str::from_utf8(&page).unwrap()).unwrap();
        assert!(html.starts_with("<svg class=\"shapes\"") && html.ends_with("</main>"), "{html}");
        assert!(!html.contains("<b>") && html.contains("We are looking into it."), "{html}");
        assert!(!html.contains("<style") && !html.contains("<script"), "{html}");
        let style = style(&frame);
        assert!(!style.contains(":root") && !style.contains("}body{") && style.contains("}.page{"), "{style}");
    }
}
