//! Putting a resolved incident away: what is still owed, and the last word. The dialogs of an open incident are `commands`.

use leptos::{ev::SubmitEvent, prelude::*};
use shared::{
    api::incident::CloseIn,
    domain::{incident::IncidentCommand, text::Message},
};

use super::{Here, commands::DialogFoot, standing::ReopenDialog};
use crate::{
    components::{
        attempt::Attempt,
        button::{Button, ButtonKind},
        dialog::Dialog,
        error_note::ErrorNote,
        field::TextArea,
        focus,
        time::Instant,
    },
    transport::api,
};

/// Nothing while the incident is open.
#[component]
pub(super) fn Closing(here: Here) -> impl IntoView {
    let open = RwSignal::new(false);
    let resolved = Memo::new(move |_| here.incident.with(|i| i.resolved_at.is_some() && i.closed_at.is_none()));
    let closed_at = Memo::new(move |_| here.incident.with(|i| i.closed_at));
    let owing = Memo::new(move |_| here.incident.with(|i| i.owing_review.clone()));
    let refused = here.refused(IncidentCommand::Close);
    let reopening = RwSignal::new(false);
    let may_reopen = here.open(IncidentCommand::Reopen);
    view! {
        {move || closed_at.get().map(|at| view! { <p class="muted" data-testid="closed">"Closed " <Instant at/></p> })}
        {move || {
            let runs = Some(owing.get()).filter(|runs| !runs.is_empty())?;
            let links = runs.into_iter().map(|run| view! { <a href=format!("/console/runs/{run}")>{format!("Review run {run}")}</a> " " });
            Some(
                view! {
                    <p class="note warning" data-testid="owing">
                        <span>"The glass was broken, and nobody has reviewed that: " {links.collect_view()}</span>
                    </p>
                },
            )
        }}
        // What is owed stands there instead, with the way to it.
        <Show when=move || resolved.get() && owing.with(Vec::is_empty)>
            <Button refused=refused test_id="close" on_press=move |()| open.set(true)>
                "Close"
            </Button>
        </Show>
        <Show when=move || may_reopen.get()>
            <Button kind=ButtonKind::Quiet test_id="reopen" on_press=move |()| reopening.set(true)>
                "Reopen"
            </Button>
        </Show>
        <CloseDialog here open/>
        <ReopenDialog here open=reopening/>
    }
}

#[component]
fn CloseDialog(here: Here, open: RwSignal<bool>) -> impl IntoView {
    let attempt = Attempt::new();
    let text = RwSignal::new(String::new());
    let wrong = RwSignal::new(None::<String>);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let parsed = Message::parse(&text.get_untracked());
        wrong.set(parsed.as_ref().err().map(|_| "Say what was learned, or what is left to do elsewhere.".into()));
        let Ok(text) = parsed else { return };
        attempt.run(async move { api().close(here.number, &CloseIn { text }).await }, move |view| {
            here.fetched.put(view);
            open.try_set(false);
            focus::to_heading();
        });
    };
    view! {
        <Dialog open title=format!("Close incident {}", here.number)>
            <form class="form" on:submit=submit novalidate>
                <p>"Closing puts the incident away: nothing of it is left to do. Notes and the report stay open."</p>
                <ErrorNote error=attempt.error/>
                <TextArea label="Last word" value=text hint="For the team and the timeline." error=wrong required=true/>
                <DialogFoot open busy=attempt.busy test_id="close-submit" words="Close incident".to_owned()/>
            </form>
        </Dialog>
    }
}
