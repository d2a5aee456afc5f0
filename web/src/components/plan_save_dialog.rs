//! Saving another version of a plan: what it changes once more, and why. A text that somebody else overtook comes back as a conflict.

use leptos::prelude::*;
use shared::{
    api::{
        client::CallError,
        error::ErrorCode,
        plan::{PlanConflict, PlanIn, PlanVersionView},
        system::PlanView,
    },
    domain::{text::Message, text_diff::diff_lines},
};

use crate::{
    components::{
        attempt::Attempt,
        button::{Button, ButtonKind},
        dialog::Dialog,
        error_note::ErrorNote,
        field::TextArea,
        plan_changes::summary,
        plan_check::Checked,
        plan_text::PlanText,
        step_words::count,
        text_diff,
    },
    transport::api,
};

#[component]
pub(crate) fn PlanSaveDialog(
    open: RwSignal<bool>,
    plan: Signal<PlanView>,
    text: PlanText,
    checked: RwSignal<Checked>,
    on_saved: Callback<PlanVersionView>,
) -> impl IntoView {
    let slug = StoredValue::new(plan.with_untracked(|plan| plan.system.slug.clone()));
    let reason = RwSignal::new(String::new());
    let wrong = RwSignal::new(None::<String>);
    let attempt = Attempt::new();
    let next = move || text.base.get() + 1;
    let submit = move || {
        let message = match Message::parse(&reason.get_untracked()) {
            Ok(message) => message,
            Err(why) => {
                let empty = reason.with_untracked(|r| r.trim().is_empty());
                let why =
                    if empty { "Say why, in a few words: it stands in the list of versions.".into() } else { why };
                return wrong.set(Some(why));
            }
        };
        wrong.set(None);
        let source = text.source();
        let body = PlanIn { source: source.clone(), reason: message, base_version: text.base.get_untracked() };
        attempt.run(async move { api().save_plan(&slug.get_value(), &body).await }, move |version| {
            text.stored(source, version.version);
            open.set(false);
            reason.set(String::new());
            on_saved.run(version);
        });
    };
    Effect::new(move |_| {
        if let Some(conflict) = attempt.error.with(|e| e.as_ref().and_then(conflict_in)) {
            attempt.error.set(None);
            open.set(false);
            text.conflict.set(Some(conflict));
        }
    });
    // Counted when somebody asks, not while they type.
    let lines = Memo::new(move |_| {
        open.get().then(|| text_diff::count(&diff_lines(&plan.with(|plan| plan.source.clone()), &text.source())))
    });
    view! {
        <Dialog open title=Signal::derive(move || format!("Save as version {}", next()))>
            <form class="form" on:submit=move |event| {
                event.prevent_default();
                submit();
            }>
                <p>
                    {move || {
                        let (added, removed) = lines.get().unwrap_or_default();
                        let typed = format!("{} added, {removed} removed", count(added, "line", "lines"));
                        match checked.with(|c| summary(&c.changes)) {
                            changes if changes.is_empty() => format!("{typed}. No button, no clock and nobody changes."),
                            changes => format!("{typed}. It changes: {changes}."),
                        }
                    }}
                </p>
                <p class="muted">
                    "It is in force as soon as it is saved. Runs that were requested before keep the version they began with."
                </p>
                <TextArea label="Reason" value=reason rows=3 error=wrong hint="Others read it in the list of versions."/>
                <ErrorNote error=attempt.error/>
                <div class="form-actions">
                    <Button on_press=move |()| open.set(false)>"Cancel"</Button>
                    <Button kind=ButtonKind::Primary submit=true busy=attempt.busy test_id="plan-save-send">
                        {move || format!("Save as version {}", next())}
                    </Button>
                </div>
            </form>
        </Dialog>
    }
}

fn conflict_in(error: &CallError) -> Option<PlanConflict> {
    match error {
        CallError::Refused(view) if view.code == ErrorCode::PlanChanged => {
            serde_json::from_value(view.details.clone()?).ok()
        }
        _ => None,
    }
}
