//! Publishing a report: for the team or for everyone, with what that means. Publishes the version that is shown, never a later one.

use leptos::prelude::*;
use shared::api::report::{PublishIn, ReportView};

use crate::{
    components::{
        async_view::Fetched,
        attempt::Attempt,
        button::{Button, ButtonKind},
        dialog::Dialog,
        error_note::ErrorNote,
    },
    transport::api,
};

#[component]
pub(crate) fn PublishDialog(
    open: RwSignal<bool>,
    report: Signal<ReportView>,
    of: Fetched<Option<ReportView>>,
) -> impl IntoView {
    let number = report.with_untracked(|r| r.incident);
    let version = Memo::new(move |_| report.with(|r| r.version));
    let public = RwSignal::new(false);
    let attempt = Attempt::new();
    let publish = move |()| {
        let body = PublishIn { version: version.get_untracked(), public: public.get_untracked() };
        attempt.run(async move { api().publish_report(number, &body).await }, move |report| {
            open.set(false);
            of.put(Some(report));
        });
    };
    let choice = move |value: bool, words: &'static str, meaning: &'static str, test_id: &'static str| {
        view! {
            <label class="publish-choice">
                <input
                    type="radio"
                    name="publish-where"
                    data-testid=test_id
                    prop:checked=move || public.get() == value
                    on:change=move |_| public.set(value)
                />
                <span>
                    <b>{words}</b>
                    <span class="hint">{meaning}</span>
                </span>
            </label>
        }
    };
    view! {
        <Dialog open title=Signal::derive(move || format!("Publish version {} of the report on incident {number}", version.get()))>
            <fieldset class="publish-choices">
                <legend>"Who is it for?"</legend>
                {choice(false, "The team", "Everybody who can sign in reads it. Nothing changes on the status page.", "publish-internal")}
                {choice(
                    true,
                    "Everyone, on the public page",
                    "The whole text becomes readable by anybody on this incident's public page: names, times, hosts and all. Read it once more with their eyes.",
                    "publish-public",
                )}
            </fieldset>
            <ErrorNote error=attempt.error/>
            <div class="form-actions">
                <Button on_press=move |()| open.set(false)>"Cancel"</Button>
                <Button kind=ButtonKind::Primary busy=attempt.busy test_id="publish-confirm" on_press=publish>
                    {move || {
                        let place = if public.get() { "on the public page" } else { "for the team" };
                        format!("Publish version {} {place}", version.get())
                    }}
                </Button>
            </div>
        </Dialog>
    }
}
