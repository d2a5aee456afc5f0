//! All follow-ups of all incidents: what is open, what is one's own, what is overdue, what came of the rest. The rows are `follow_up_list`'s.

use leptos::prelude::*;
use shared::api::{follow_up::FollowUpsShown, live::Topic};

use crate::{
    components::{
        async_view::{AsyncView, Fetched},
        empty::Empty,
        follow_up_list::FollowUpList,
        title::title,
    },
    live::use_live,
    transport::api,
};

const FILTERS: [(FollowUpsShown, &str); 4] = [
    (FollowUpsShown::Open, "Open"),
    (FollowUpsShown::Mine, "Mine"),
    (FollowUpsShown::Overdue, "Overdue"),
    (FollowUpsShown::Ended, "Done or dropped"),
];

#[component]
pub(crate) fn FollowUpsPage() -> impl IntoView {
    title(|| "Follow-ups".into());
    let shown = RwSignal::new(FollowUpsShown::Open);
    let heard = use_live().refetch_on(|topic| matches!(topic, Topic::Report { .. } | Topic::Incidents {}));
    let of = Fetched::new(move || {
        heard.track();
        let shown = shown.get();
        async move { Ok(api().follow_ups(shown).await?.items) }
    });
    let late = Memo::new(move |_| of.value.with(|list| list.iter().flatten().filter(|one| one.overdue).count()));
    let nothing = move || match shown.get() {
        FollowUpsShown::Open => {
            ("Nothing is open", "Follow-ups are added on the page of an incident or of its report.")
        }
        FollowUpsShown::Mine => {
            ("Nothing is yours", "What somebody gives you is listed here, and you get a message before it is due.")
        }
        FollowUpsShown::Overdue => ("Nothing is overdue", "What is not done in time is listed here until it is."),
        FollowUpsShown::Ended => {
            ("Nothing has ended yet", "What was done or dropped is listed here, with what came of it.")
        }
    };
    view! {
        <header class="page-head">
            <div>
                <p class="kicker"><a href="/console/incidents">"Incidents"</a></p>
                <h1>"Follow-ups"</h1>
            </div>
        </header>
        <div class="tabs" role="group" aria-label="Which follow-ups">
            {FILTERS
                .map(|(filter, words)| {
                    view! {
                        <button
                            type="button"
                            class="tab"
                            data-testid=format!("follow-ups-{}", filter.name())
                            aria-pressed=move || (shown.get() == filter).to_string()
                            on:click=move |_| shown.set(filter)
                        >
                            {words}
                        </button>
                    }
                })}
        </div>
        <Show when=move || late.get() != 0>
            <p class="note critical" data-testid="follow-ups-late">
                {move || match late.get() {
                    1 => "One follow-up is overdue.".to_owned(),
                    n => format!("{n} follow-ups are overdue."),
                }}
            </p>
        </Show>
        <AsyncView
            of
            what="the follow-ups"
            content=move |list| {
                view! {
                    <Show when=move || list.with(Vec::is_empty)>
                        {move || {
                            let (title, text) = nothing();
                            view! { <Empty title text/> }
                        }}
                    </Show>
                    <FollowUpList list names_incident=true of/>
                }
            }
        />
    }
}
