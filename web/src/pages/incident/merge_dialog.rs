//! Merging this incident into another one: what moves, what ends, and the last word to the public. There is no way back.

use leptos::{ev::SubmitEvent, prelude::*};
use shared::{api::related::MergeIn, domain::text::Message};

use super::{Here, commands::DialogFoot, standing::optional};
use crate::{
    components::{
        async_view::{AsyncView, Fetched},
        attempt::Attempt,
        dialog::Dialog,
        error_note::ErrorNote,
        field::TextArea,
        focus,
    },
    transport::api,
};

#[component]
pub(super) fn MergeDialog(here: Here, into: RwSignal<Option<i64>>) -> impl IntoView {
    let open = RwSignal::new(false);
    Effect::new(move |_| open.set(into.with(Option::is_some)));
    Effect::new(move |_| {
        if !open.get() && into.with_untracked(Option::is_some) {
            into.set(None);
        }
    });
    let title = Signal::derive(move || match into.get() {
        Some(into) => format!("Merge incident {} into incident {into}", here.number),
        None => format!("Merge incident {}", here.number),
    });
    view! {
        <Dialog open title>
            {move || {
                let into = into.get()?;
                // Named before it is done, so that nobody merges into the wrong one.
                let other = Fetched::new(move || async move { Ok(api().incident(into).await?.title) });
                Some(view! {
                    <AsyncView of=other what="the other incident" content=move |title| view! { <Form here open into title/> }/>
                })
            }}
        </Dialog>
    }
}

#[component]
fn Form(here: Here, open: RwSignal<bool>, into: i64, title: Signal<String>) -> impl IntoView {
    focus::to_dialog_field();
    let attempt = Attempt::new();
    let (reason, wrong) = (RwSignal::new(String::new()), RwSignal::new(None::<String>));
    let public_text = RwSignal::new("We handle this together with another incident, and say more there.".to_owned());
    let own = here.incident.with_untracked(|i| i.title.clone());
    let public = here.incident.with_untracked(|i| i.public_title.is_some());
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let parsed = optional(&reason.get_untracked());
        wrong.set(parsed.as_ref().err().cloned());
        let Ok(reason) = parsed else { return };
        let public_text = if public { Message::parse(&public_text.get_untracked()).ok() } else { None };
        let body = MergeIn { into, reason, public_text };
        attempt.run(async move { api().merge(here.number, &body).await }, move |view| {
            here.fetched.put(view);
            open.try_set(false);
            focus::to_heading();
        });
    };
    view! {
        <form class="form" on:submit=submit novalidate>
            <p>
                <strong>{format!("#{} {own}", here.number)}</strong> " becomes part of "
                <strong>{move || format!("#{into} {}", title.get())}</strong> "."
            </p>
            <ul class="plain-list">
                <li>"Its clocks stop, and nobody is called for it any more."</li>
                <li>"Its alerts and open tasks move; its runs are shown there, too."</li>
                <li>"Its timeline stays where it is and can be read. This cannot be undone."</li>
            </ul>
            <ErrorNote error=attempt.error/>
            <TextArea label="Why (optional)" value=reason rows=2 error=wrong/>
            {public
                .then(|| {
                    view! {
                        <TextArea
                            label="Last word on the status page"
                            value=public_text
                            rows=2
                            hint="Everybody can read it; there the incident is resolved by it."
                            error=attempt.field("public_text")
                            required=true
                        />
                    }
                })}
            <DialogFoot open busy=attempt.busy test_id="merge-submit" words=format!("Merge into incident {into}")/>
        </form>
    }
}
