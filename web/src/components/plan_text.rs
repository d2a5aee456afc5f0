//! The text of a plan while somebody edits it: what is typed, which version it was made from, what others did meanwhile. Nothing
//! typed is ever dropped; compiling and drawing are elsewhere.

use leptos::prelude::*;
use shared::api::{plan::PlanConflict, system::PlanView};

use crate::components::{
    drafts::{self, Draft},
    line_ends::{shown, written},
};

#[derive(Clone, Copy)]
pub(crate) struct PlanText {
    slug: StoredValue<String>,
    user: StoredValue<String>,
    /// As the field shows it: lines end with a line feed.
    pub(crate) text: RwSignal<String>,
    /// The version `text` was made from.
    pub(crate) base: RwSignal<i32>,
    /// Byte for byte what is saved as far as this page knows; its line ends are those of the text.
    saved: RwSignal<String>,
    pub(crate) conflict: RwSignal<Option<PlanConflict>>,
    /// One's own text after taking another one.
    pub(crate) kept: RwSignal<Option<String>>,
    /// The text came from this browser's memory, not from the server.
    pub(crate) restored: RwSignal<bool>,
}

impl PlanText {
    pub(crate) fn new(plan: &PlanView, user: String) -> Self {
        let (slug, saved) = (plan.system.slug.clone(), shown(&plan.source));
        let draft = drafts::read(&key(&slug), &user).filter(|draft| draft.text != saved);
        let restored = draft.is_some();
        let (text, base) = draft.map_or((saved, plan.version), |draft| (draft.text, draft.base));
        Self {
            slug: StoredValue::new(slug),
            user: StoredValue::new(user),
            text: RwSignal::new(text),
            base: RwSignal::new(base),
            saved: RwSignal::new(plan.source.clone()),
            conflict: RwSignal::new(None),
            kept: RwSignal::new(None),
            restored: RwSignal::new(restored),
        }
    }

    /// What would be saved.
    pub(crate) fn source(self) -> String {
        self.text.with_untracked(|text| self.saved.with_untracked(|saved| written(text, saved)))
    }

    pub(crate) fn dirty(self) -> bool {
        self.text.with(|text| self.saved.with(|saved| *text != shown(saved)))
    }

    /// Somebody typed: also remembered by the browser, should the page go away.
    pub(crate) fn typed(self, text: String) {
        self.text.set(text);
        self.remember();
    }

    fn remember(self) {
        let key = self.slug.with_value(|slug| key(slug));
        if untrack(|| self.dirty()) {
            let (user, text) = (self.user.get_value(), self.text.get_untracked());
            drafts::write(&key, &Draft { user, base: self.base.get_untracked(), text });
        } else {
            drafts::forget(&key);
        }
    }

    /// The server has a version: taken over only if nothing would be lost. True if somebody else's was left aside.
    pub(crate) fn heard(self, plan: &PlanView) -> bool {
        if plan.version <= self.base.get_untracked() {
            return false;
        }
        // The same text from another window is nobody's loss.
        let same = self.text.with_untracked(|text| *text == shown(&plan.source));
        let dirty = !same && untrack(|| self.dirty());
        if !dirty {
            self.take(&plan.source, plan.version);
        }
        dirty
    }

    fn take(self, source: &str, version: i32) {
        self.saved.set(source.to_owned());
        self.text.set(shown(source));
        self.base.set(version);
        self.remember();
    }

    /// The server has kept `source` as `version`; what was typed since then stays unsaved.
    pub(crate) fn stored(self, source: String, version: i32) {
        self.saved.set(source);
        self.base.set(version);
        self.conflict.set(None);
        self.restored.set(false);
        self.remember();
    }

    /// The other one's text goes on; one's own is kept beside it.
    pub(crate) fn take_theirs(self, conflict: &PlanConflict) {
        self.kept.set(Some(self.text.get_untracked()));
        self.conflict.set(None);
        self.restored.set(false);
        self.take(&conflict.current_source, conflict.current.version);
    }

    pub(crate) fn slug(self) -> String {
        self.slug.get_value()
    }

    /// Both texts in one go on; one's own is kept beside it.
    pub(crate) fn join(self, conflict: &PlanConflict, joined: String) {
        self.kept.set(Some(self.text.get_untracked()));
        self.text.set(joined);
        self.rebase(conflict);
    }

    /// One's own text goes on as a successor of the other one's version.
    pub(crate) fn rebase(self, conflict: &PlanConflict) {
        self.saved.set(conflict.current_source.clone());
        self.base.set(conflict.current.version);
        self.conflict.set(None);
        self.remember();
    }

    /// Back to what is saved; what was typed is kept beside it.
    pub(crate) fn discard(self, plan: &PlanView) {
        self.kept.set(Some(self.text.get_untracked()));
        self.restored.set(false);
        self.take(&plan.source, plan.version);
    }
}

fn key(slug: &str) -> String {
    format!("muster-plan-{slug}")
}
