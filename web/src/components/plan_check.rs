//! The plan compiled as one types, in the browser by the same compiler as everywhere, and what it would change. Draws nothing.

use std::time::Duration;

use leptos::{leptos_dom::helpers::debounce, prelude::*};
use shared::{
    api::system::PlanView,
    domain::plan_change::{PlanChange, changes},
    plan::{Diagnostic, Severity, compile},
};

use crate::components::{plan_text::PlanText, time};

/// From the last key to the answer: short enough to feel at once, long enough not to compile every letter.
const CALM: Duration = Duration::from_millis(150);

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Checked {
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// Against the version in force.
    pub(crate) changes: Vec<PlanChange>,
    /// What compiling alone took.
    pub(crate) millis: f64,
}

impl Checked {
    fn of(source: &str, plan: &PlanView) -> Self {
        let start = time::stopwatch();
        let mut compiled = compile(source);
        let millis = time::stopwatch() - start;
        let changes = changes(&plan.compiled, &compiled);
        compiled.diagnostics.sort_by_key(|d| (d.severity, d.line, d.column));
        Self { diagnostics: compiled.diagnostics, changes, millis }
    }

    pub(crate) fn count(&self, severity: Severity) -> usize {
        self.diagnostics.iter().filter(|d| d.severity == severity).count()
    }
}

/// Follows the text and the version in force.
pub(crate) fn checked(text: PlanText, plan: Signal<PlanView>) -> RwSignal<Checked> {
    let checked = RwSignal::new(plan.with_untracked(|plan| Checked::of(&text.source(), plan)));
    let mut later = debounce(CALM, move |()| {
        let fresh = plan.try_with_untracked(|plan| Checked::of(&text.source(), plan));
        if let Some(fresh) = fresh {
            checked.try_set(fresh);
        }
    });
    Effect::new(move |before: Option<()>| {
        text.text.track();
        plan.track();
        if before.is_some() {
            later(());
        }
    });
    checked
}
