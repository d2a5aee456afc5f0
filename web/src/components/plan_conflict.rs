//! Two people edited a plan at once: what the other one saved, and the ways to go on. No text is thrown away by any of them.

use leptos::prelude::*;
use shared::domain::text_diff::diff_lines;

use crate::components::{
    button::{Button, ButtonKind},
    plan_text::PlanText,
    text_diff::TextDiff,
    time::Instant,
};

#[component]
pub(crate) fn PlanConflictNote(text: PlanText) -> impl IntoView {
    move || {
        let conflict = text.conflict.get()?;
        let current = conflict.current.clone();
        let version = current.version;
        let (theirs, mine) = (conflict.clone(), conflict.clone());
        // From theirs to mine: what saving mine would do to theirs.
        let hunks = diff_lines(&conflict.current_source, &text.source());
        Some(view! {
            <section class="plan-conflict" aria-label="Two texts" data-testid="plan-conflict">
                <div class="note warning" role="alert">
                    <div class="note-body">
                        <p>
                            <b>{format!("{} saved version {version} ", current.imported_by)}</b>
                            <Instant at=current.imported_at/>
                            {format!(": “{}”. Yours, made from version {}, was not saved and is not lost.", current.reason, conflict.base_version)}
                        </p>
                        <div class="report-choices">
                            <Button kind=ButtonKind::Primary test_id="plan-keep-mine" on_press=move |()| text.rebase(&mine)>
                                {format!("Go on with mine, on top of version {version}")}
                            </Button>
                            <Button test_id="plan-take-theirs" on_press=move |()| text.take_theirs(&theirs)>
                                "Take theirs, keep mine below"
                            </Button>
                        </div>
                        <p>{format!("Version {version} stays in the list either way.")}</p>
                    </div>
                </div>
                <h2>{format!("From version {version} to your text")}</h2>
                <TextDiff hunks label=format!("Version {version} and your text, line by line")/>
            </section>
        })
    }
}

/// One's own text after going back or taking the other one's, until one has done with it.
#[component]
pub(crate) fn KeptText(text: PlanText) -> impl IntoView {
    let back = move |()| {
        if let Some(kept) = text.kept.get_untracked() {
            text.typed(kept);
            text.kept.set(None);
        }
    };
    view! {
        <Show when=move || text.kept.with(Option::is_some)>
            <section class="panel report-kept" aria-label="Your own text">
                <label class="report-label" for="plan-kept">"Your own text, not saved: copy from it what should stay"</label>
                <textarea id="plan-kept" class="report-body" readonly wrap="off" prop:value=move || text.kept.get().unwrap_or_default()></textarea>
                <div class="report-choices">
                    <Button on_press=back>"Put it back into the editor"</Button>
                    <Button kind=ButtonKind::Quiet on_press=move |()| text.kept.set(None)>"I am done with it"</Button>
                </div>
            </section>
        </Show>
    }
}
