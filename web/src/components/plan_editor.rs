//! Editing a plan: the text on one side, what the compiler says and what would change on the other, and whether it is saved. Keeps no
//! text itself (`plan_text`) and compiles nothing (`plan_check`).

use std::time::Duration;

use leptos::prelude::*;
use shared::{
    api::{
        plan::{PlanCommand, PlanConflict, PlanVersionView},
        system::PlanView,
    },
    plan::Severity,
};

use crate::{
    components::{
        async_view::Fetched,
        button::{Button, ButtonKind},
        focus,
        leave_guard::LeaveGuard,
        plan_changes::PlanChanges,
        plan_check::{Checked, checked},
        plan_conflict::{KeptText, PlanConflictNote},
        plan_diagnostics::PlanDiagnostics,
        plan_pad::PlanPad,
        plan_save_dialog::PlanSaveDialog,
        plan_text::PlanText,
        text_notes::TextNotes,
        time::Instant,
    },
    session::use_me,
};

/// Which part a narrow screen shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Text,
    Findings,
    Changes,
}

impl Part {
    fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Findings => "findings",
            Self::Changes => "changes",
        }
    }
}

#[component]
pub(crate) fn PlanEditor(plan: Signal<PlanView>, of: Fetched<PlanView>) -> impl IntoView {
    let user = use_me().with_untracked(|me| me.as_ref().map(|me| me.id.to_string()).unwrap_or_default());
    let text = plan.with_untracked(|plan| PlanText::new(plan, user));
    let checked = checked(text, plan);
    let meanwhile = RwSignal::new(false);
    let saving = RwSignal::new(false);
    let saved = RwSignal::new(None::<PlanVersionView>);
    Effect::new(move |_| meanwhile.set(plan.with(|plan| text.heard(plan))));
    let dirty = Memo::new(move |_| text.dirty());
    let refused = Signal::derive(move || {
        let role =
            plan.with(|p| p.offers.iter().find(|o| o.command == PlanCommand::Save).and_then(|o| o.refused.clone()));
        role.or_else(|| match checked.with(|c| c.count(Severity::Error)) {
            0 => None,
            1 => Some("The text has an error; as it is it would be no plan.".to_owned()),
            n => Some(format!("The text has {n} errors; as it is it would be no plan.")),
        })
        .or_else(|| {
            text.conflict.with(Option::is_some).then(|| "Decide first what becomes of the other version.".to_owned())
        })
        .or_else(|| (!dirty.get()).then(|| "There is nothing to save.".to_owned()))
    });
    let ask = Callback::new(move |()| {
        if refused.with_untracked(Option::is_none) {
            saving.set(true);
        }
    });
    on_ctrl_s(ask);
    let on_saved = Callback::new(move |version: PlanVersionView| {
        meanwhile.set(false);
        saved.set(Some(version));
        of.refetch();
        // The button that had the focus goes off a little later.
        set_timeout(focus::to_heading, Duration::from_millis(100));
    });
    let compare = move |()| text.conflict.set(Some(plan.with(|plan| as_conflict(plan, text))));
    let earlier = Signal::derive(move || text.restored.get() && dirty.get());
    let other = Signal::derive(move || {
        let open = meanwhile.get() && text.conflict.with(Option::is_none);
        open.then(|| plan.with(|p| (p.imported_by.clone(), p.version)))
    });
    view! {
        <LeaveGuard dirty=dirty what="Your changes to the plan"/>
        <EditHead plan text dirty saved>
            <Button kind=ButtonKind::Primary refused=refused test_id="plan-save" on_press=ask>"Save…"</Button>
            <Show when=move || dirty.get()>
                <Button kind=ButtonKind::Quiet on_press=move |()| plan.with_untracked(|plan| text.discard(plan))>
                    "Discard changes"
                </Button>
            </Show>
        </EditHead>
        <TextNotes earlier meanwhile=other compare="Compare both" on_compare=compare/>
        <PlanConflictNote text/>
        <Desk text checked/>
        <KeptText text/>
        <PlanSaveDialog open=saving plan text checked on_saved/>
    }
}

/// Which plan, saved or not, and the ways out.
#[component]
fn EditHead(
    plan: Signal<PlanView>,
    text: PlanText,
    dirty: Memo<bool>,
    saved: RwSignal<Option<PlanVersionView>>,
    children: Children,
) -> impl IntoView {
    let slug = plan.with_untracked(|plan| plan.system.slug.clone());
    let versions = format!("/console/plan/{slug}/versions");
    let whole = format!("/console/plan?system={slug}");
    view! {
        <header class="page-head report-head">
            <div>
                <p class="kicker"><a href=whole>{move || plan.with(|p| p.compiled.plan.title.clone())}</a></p>
                <h1>"Edit the plan"</h1>
                <p class="report-saved" aria-live="polite" data-testid="plan-state">
                    {move || match (dirty.get(), saved.get()) {
                        (true, _) => {
                            view! { <b class="unsaved">"Unsaved changes"</b> {format!(" to version {}.", text.base.get())} }.into_any()
                        }
                        (false, Some(version)) => {
                            let address = format!("{}/{}", versions, version.version);
                            view! { {format!("Saved as version {}; it is in force. ", version.version)} <a href=address>"What it changed"</a> }.into_any()
                        }
                        (false, None) => {
                            let (version, at, by) = plan.with(|p| (p.version, p.imported_at, p.imported_by.to_string()));
                            view! { {format!("Version {version}, saved ")} <Instant at/> {format!(" by {by}.")} }.into_any()
                        }
                    }}
                </p>
            </div>
            <div class="report-actions">{children()}</div>
        </header>
    }
}

/// The text, and beside it what is said about it.
#[component]
fn Desk(text: PlanText, checked: RwSignal<Checked>) -> impl IntoView {
    let part = RwSignal::new(Part::Text);
    let jump = RwSignal::new(None);
    let diagnostics = Memo::new(move |_| checked.with(|c| c.diagnostics.clone()));
    let changes = Memo::new(move |_| checked.with(|c| c.changes.clone()));
    let go = move |place: (u32, u32)| {
        part.set(Part::Text);
        // A field that was hidden can be focused once it is shown.
        request_animation_frame(move || {
            jump.try_set(Some(place));
        });
    };
    let on_place = Callback::new(go);
    let on_line = Callback::new(move |line| go((line, 1)));
    let tab = move |this: Part, words: Signal<String>| {
        view! {
            <button type="button" class="tab" aria-pressed=move || (part.get() == this).to_string() on:click=move |_| part.set(this)>
                {words}
            </button>
        }
    };
    let counted = |words: &'static str, n: usize| if n == 0 { words.to_owned() } else { format!("{words} ({n})") };
    view! {
        <div class="desk-tabs" role="group" aria-label="What to show">
            {tab(Part::Text, Signal::stored("Text".into()))}
            {tab(Part::Findings, Signal::derive(move || counted("Findings", diagnostics.with(Vec::len))))}
            {tab(Part::Changes, Signal::derive(move || counted("Changes", changes.with(Vec::len))))}
        </div>
        <div class="desk" data-errors=move || checked.with(|c| c.count(Severity::Error) > 0).then_some("") data-part=move || part.get().name() data-millis=move || checked.with(|c| format!("{:.1}", c.millis)) data-testid="plan-desk">
            <section class="desk-text" aria-label="Text">
                <label class="report-label" for="plan-text">"Text (Markdown)"</label>
                <PlanPad text diagnostics jump/>
            </section>
            <div class="desk-side">
                <section class="desk-changes" aria-labelledby="would-change">
                    <h2 id="would-change">"What would change"</h2>
                    {move || view! { <PlanChanges changes=changes.get() on_line/> }}
                </section>
                <section class="desk-findings" aria-labelledby="findings">
                    <h2 id="findings">"What the compiler says"</h2>
                    <PlanDiagnostics diagnostics on_place/>
                </section>
            </div>
        </div>
    }
}

/// Wherever the focus is; in a dialog the key only keeps the browser from saving the page.
fn on_ctrl_s(ask: Callback<()>) {
    let handle = window_event_listener(leptos::ev::keydown, move |event| {
        if (event.ctrl_key() || event.meta_key()) && event.key() == "s" {
            event.prevent_default();
            let busy = document().query_selector("dialog[open]").ok().flatten().is_some();
            if !busy {
                ask.run(());
            }
        }
    });
    on_cleanup(move || handle.remove());
}

fn as_conflict(plan: &PlanView, text: PlanText) -> PlanConflict {
    PlanConflict {
        base_version: text.base.get_untracked(),
        current: PlanVersionView {
            version: plan.version,
            imported_at: plan.imported_at,
            imported_by: plan.imported_by.clone(),
            reason: plan.reason.clone(),
            digest: plan.compiled.plan.digest,
            incident: None,
        },
        current_source: plan.source.clone(),
    }
}
