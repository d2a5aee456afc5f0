//! Two people edited a plan at once: what the other one saved, and the ways to go on. No text is thrown away by any of them.

use leptos::{prelude::*, task::spawn_local};
use shared::domain::text_diff::diff_lines;

use crate::{
    components::{
        button::{Button, ButtonKind},
        line_ends::shown,
        plan_text::PlanText,
        text_diff::TextDiff,
        text_merge::merge,
        time::Instant,
    },
    transport::api,
};

/// Both texts in one, if their changes to the version both were made from do not touch.
fn joined(text: PlanText) -> Memo<Option<String>> {
    let base = RwSignal::new(None::<String>);
    Effect::new(move |_| {
        base.set(None);
        let Some(version) = text.conflict.with(|c| c.as_ref().map(|c| c.base_version)) else { return };
        let slug = text.slug();
        spawn_local(async move {
            // Without it the texts are not joined; the other ways are there.
            if let Ok(plan) = api().plan_version(&slug, version).await {
                base.try_set(Some(shown(&plan.source)));
            }
        });
    });
    Memo::new(move |_| {
        let theirs = text.conflict.with(|c| c.as_ref().map(|c| shown(&c.current_source)))?;
        base.with(|base| text.text.with(|mine| merge(base.as_ref()?, mine, &theirs)))
    })
}

#[component]
pub(crate) fn PlanConflictNote(text: PlanText) -> impl IntoView {
    let joined = joined(text);
    let can_join = Memo::new(move |_| joined.with(Option::is_some));
    let mine_kind = Signal::derive(move || if can_join.get() { ButtonKind::Plain } else { ButtonKind::Primary });
    move || {
        let conflict = text.conflict.get()?;
        let current = conflict.current.clone();
        let version = current.version;
        let (theirs, mine, both) = (conflict.clone(), conflict.clone(), StoredValue::new(conflict.clone()));
        let join = move |()| {
            if let Some(joined) = joined.get_untracked() {
                both.with_value(|both| text.join(both, joined));
            }
        };
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
                            <Show when=move || can_join.get()>
                                <Button kind=ButtonKind::Primary test_id="plan-join" on_press=join>"Join both"</Button>
                            </Show>
                            <Button kind=mine_kind test_id="plan-keep-mine" on_press=move |()| text.rebase(&mine)>
                                {format!("Go on with mine, on top of version {version}")}
                            </Button>
                            <Button test_id="plan-take-theirs" on_press=move |()| text.take_theirs(&theirs)>
                                "Take theirs, keep mine below"
                            </Button>
                        </div>
                        <p>
                            {move || {
                                if can_join.get() {
                                    format!("Your changes and theirs do not touch each other. Version {version} stays in the list either way.")
                                } else {
                                    format!("Going on with yours undoes what version {version} changed; it stays in the list either way.")
                                }
                            }}
                        </p>
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
