//! Two people wrote at once: the other one's text, and the ways to go on. Neither text is thrown away by any of them.

use leptos::prelude::*;

use crate::components::{
    button::{Button, ButtonKind},
    report_text::ReportText,
    time::Instant,
};

/// What happened, and the choices.
#[component]
pub(crate) fn ConflictNote(text: ReportText, send: Callback<i32>, saving: RwSignal<bool>) -> impl IntoView {
    move || {
        let conflict = text.conflict.get()?;
        let version = conflict.current;
        let (theirs, mine) = (conflict.clone(), conflict.clone());
        Some(view! {
            <div class="note warning report-conflict" role="alert" data-testid="report-conflict">
                <div class="note-body">
                    <p>
                        <b>{format!("{} saved version {version} ", conflict.current_by)}</b>
                        <Instant at=conflict.current_at/>
                        ". Yours was not saved. Both texts are below; nothing is lost."
                    </p>
                    <div class="report-choices">
                        <Button
                            kind=ButtonKind::Primary
                            busy=saving
                            test_id="report-use-mine"
                            on_press=move |()| {
                                text.rebase(&mine);
                                send.run(version);
                            }
                        >
                            {format!("Save mine on top of version {version}")}
                        </Button>
                        <Button test_id="report-take-theirs" on_press=move |()| text.take_theirs(theirs.clone())>
                            "Take theirs, keep mine below"
                        </Button>
                    </div>
                    <p>{format!("Version {version} stays in the history either way.")}</p>
                </div>
            </div>
        })
    }
}

/// The other one's text, beside one's own.
#[component]
pub(crate) fn OtherVersion(text: ReportText) -> impl IntoView {
    let version = move || text.conflict.with(|c| c.as_ref().map_or(0, |c| c.current));
    let body = move || text.conflict.with(|c| c.as_ref().map(|c| c.current_body.clone()).unwrap_or_default());
    view! {
        <section class="report-other" aria-label="The other version">
            <label class="report-label" for="report-theirs">{move || format!("Theirs: version {}", version())}</label>
            <textarea id="report-theirs" class="report-body" readonly prop:value=body></textarea>
        </section>
    }
}

/// One's own text after taking the other one's, until one has done with it.
#[component]
pub(crate) fn KeptText(text: ReportText) -> impl IntoView {
    let copied = RwSignal::new(false);
    let copy = move |()| {
        if let Some(kept) = text.kept.get_untracked() {
            // Where the clipboard is forbidden the text can still be selected below.
            let _ = window().navigator().clipboard().write_text(&kept);
            copied.set(true);
        }
    };
    view! {
        <Show when=move || text.kept.with(Option::is_some)>
            <section class="panel report-kept" aria-label="Your own text">
                <label class="report-label" for="report-kept">
                    "Your own text, not saved: copy from it what should stay"
                </label>
                <textarea
                    id="report-kept"
                    class="report-body"
                    readonly
                    prop:value=move || text.kept.get().unwrap_or_default()
                ></textarea>
                <div class="report-choices">
                    <Button on_press=copy>{move || if copied.get() { "Copied" } else { "Copy" }}</Button>
                    <Button
                        kind=ButtonKind::Quiet
                        on_press=move |()| {
                            text.kept.set(None);
                            copied.set(false);
                        }
                    >
                        "I am done with it"
                    </Button>
                </div>
            </section>
        </Show>
    }
}
