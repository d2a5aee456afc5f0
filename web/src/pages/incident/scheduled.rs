//! Public updates of this incident that wait for their time: what they say, and taking them back. Visitors see nothing of them.

use leptos::{context::Provider, prelude::*};
use shared::{api::post::ScheduledView, domain::incident::IncidentCommand};

use super::{
    Here,
    post::{ChangeDialog, withdraw},
};
use crate::components::{
    async_view::Fetched,
    attempt::Attempt,
    button::{Button, ButtonKind},
    error_note::ErrorNote,
    hold::Hold,
    time::Moment,
};
use crate::transport::api;

/// Nothing while none waits.
#[component]
pub(super) fn Scheduled(here: Here) -> impl IntoView {
    // The timeline says when one is scheduled, changed, posted or taken back.
    let told = Memo::new(move |_| here.incident.with(|i| i.timeline.len()));
    let of = Fetched::new(move || {
        // Read, not only tracked: a memo that nobody has read follows nothing.
        told.get();
        async move { Ok(api().scheduled_posts(here.number).await?.items) }
    });
    let hold = Hold::new();
    let waiting = hold.list(move || of.value.get().unwrap_or_default());
    view! {
        <Provider value=hold>
            <Show when=move || waiting.with(|waiting| !waiting.is_empty())>
                <section class="panel" aria-labelledby="scheduled">
                    <h2 id="scheduled">"Scheduled updates"</h2>
                    <p class="hint">"Only the team sees them until they are posted."</p>
                    <ul class="fact-list">
                        <For
                            each=move || waiting.get()
                            key=|post| (post.number, post.version)
                            children=move |post| view! { <Row here post of/> }
                        />
                    </ul>
                </section>
            </Show>
        </Provider>
    }
}

#[component]
fn Row(here: Here, post: ScheduledView, of: Fetched<Vec<ScheduledView>>) -> impl IntoView {
    let number = post.number;
    let may = here.open(IncidentCommand::PostUpdate);
    let changing = RwSignal::new(false);
    let attempt = Attempt::new();
    let cancel = move |()| attempt.run(withdraw(here.number, number), move |()| of.refetch());
    let told = if post.notify { "Subscribers are told." } else { "Subscribers are not told." };
    view! {
        <li data-testid="scheduled-post">
            <span class="fact-name">
                <b>{post.state.words()} " at " <Moment at=post.publish_at/></b>
                <span class="scheduled-text">{post.text.clone()}</span>
                <span class="hint">{format!("By {}. {told}", post.by)}</span>
                <ErrorNote error=attempt.error/>
                <Show when=move || may.get()>
                    <span class="button-row">
                        <Button kind=ButtonKind::Quiet on_press=move |()| changing.set(true) test_id="scheduled-change">"Change"</Button>
                        <Button kind=ButtonKind::Quiet busy=attempt.busy on_press=cancel test_id="scheduled-cancel">"Cancel it"</Button>
                    </span>
                </Show>
            </span>
            <ChangeDialog here post=post.clone() open=changing/>
        </li>
    }
}
