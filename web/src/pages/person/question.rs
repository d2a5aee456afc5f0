//! May this person do that? The answer, with its reasons, is the server's.

use leptos::prelude::*;
use shared::{domain::access::Action, ids::UserId};

use crate::{
    components::{
        async_view::Fetched,
        error_note::ErrorNote,
        field::SelectField,
        state_badge::{StateShape, Tone},
    },
    transport::api,
};

#[component]
pub(super) fn Question(id: UserId) -> impl IntoView {
    let action = RwSignal::new(Action::DecideRun.name());
    let choices =
        Signal::derive(|| Action::ALL.iter().map(|action| (action.name(), action.words().to_owned())).collect());
    let of = Fetched::new(move || {
        let action = action.get().parse::<Action>().unwrap_or(Action::DecideRun);
        async move { api().may_person(id, action).await }
    });
    view! {
        <section class="card">
            <h2 class="card-title">"May they do that?"</h2>
            <SelectField label="Action" choices value=action/>
            <ErrorNote error=of.error/>
            <p role="status" data-testid="may-answer">
                {move || {
                    of.value
                        .get()
                        .map(|answer| {
                            let tone = if answer.may { Tone::Good } else { Tone::Warning };
                            view! { <StateShape tone/> " " {answer.why} }
                        })
                }}
            </p>
        </section>
    }
}
