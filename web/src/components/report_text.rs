//! The text of a report while somebody writes it: what is typed, which version it was made from, what others did meanwhile.
//! Nothing typed is ever dropped; saving and drawing are elsewhere.

use leptos::prelude::*;
use shared::api::report::{EditConflict, ReportView};

use crate::components::drafts::{self, Draft};

#[derive(Clone, Copy)]
pub(crate) struct ReportText {
    incident: i64,
    /// Whose draft it is: another person at this browser must not see it.
    user: StoredValue<String>,
    pub(crate) text: RwSignal<String>,
    /// The version `text` was made from.
    pub(crate) base: RwSignal<i32>,
    /// The text of `base` as this page knows it.
    saved: RwSignal<String>,
    pub(crate) conflict: RwSignal<Option<EditConflict>>,
    /// One's own text after taking the other one's.
    pub(crate) kept: RwSignal<Option<String>>,
    /// The text came from this browser's memory, not from the server.
    pub(crate) restored: RwSignal<bool>,
}

impl ReportText {
    pub(crate) fn new(report: &ReportView, user: String) -> Self {
        let draft = drafts::read(&key(report.incident), &user).filter(|draft| draft.text != report.body);
        let restored = draft.is_some();
        let (text, base) = draft.map_or_else(|| (report.body.clone(), report.version), |d| (d.text, d.base));
        Self {
            incident: report.incident,
            user: StoredValue::new(user),
            text: RwSignal::new(text),
            base: RwSignal::new(base),
            saved: RwSignal::new(report.body.clone()),
            conflict: RwSignal::new(None),
            kept: RwSignal::new(None),
            restored: RwSignal::new(restored),
        }
    }

    pub(crate) fn dirty(self) -> bool {
        self.text.with(|text| self.saved.with(|saved| text != saved))
    }

    /// Somebody typed: also remembered by the browser, should the page go away.
    pub(crate) fn typed(self, text: String) {
        self.text.set(text);
        self.remember();
    }

    fn remember(self) {
        let dirty = self.text.with_untracked(|text| self.saved.with_untracked(|saved| text != saved));
        if dirty {
            let (user, text) = (self.user.get_value(), self.text.get_untracked());
            drafts::write(&key(self.incident), &Draft { user, base: self.base.get_untracked(), text });
        } else {
            drafts::forget(&key(self.incident));
        }
    }

    /// The server has a report: taken over only if nothing would be lost. True if somebody else's version was left aside.
    pub(crate) fn heard(self, report: &ReportView) -> bool {
        if report.version <= self.base.get_untracked() {
            return false;
        }
        let dirty = self.text.with_untracked(|text| self.saved.with_untracked(|saved| text != saved));
        if !dirty {
            self.take(report.body.clone(), report.version);
        }
        dirty
    }

    fn take(self, text: String, version: i32) {
        self.saved.set(text.clone());
        self.text.set(text);
        self.base.set(version);
        self.remember();
    }

    /// The server has written `sent` as `version`; what was typed since then stays unsaved.
    pub(crate) fn stored(self, sent: String, version: i32) {
        self.saved.set(sent);
        self.base.set(version);
        self.conflict.set(None);
        self.restored.set(false);
        self.remember();
    }

    /// The other one's text goes on; one's own is kept beside it.
    pub(crate) fn take_theirs(self, conflict: EditConflict) {
        self.kept.set(Some(self.text.get_untracked()));
        self.conflict.set(None);
        self.restored.set(false);
        self.take(conflict.current_body, conflict.current);
    }

    /// One's own text goes on as a successor of the other one's version.
    pub(crate) fn rebase(self, conflict: &EditConflict) {
        self.saved.set(conflict.current_body.clone());
        self.base.set(conflict.current);
        self.remember();
    }
}

fn key(incident: i64) -> String {
    format!("muster-report-{incident}")
}
