//! Follow-ups as rows: who, until when, how it stands, and what one can do with each. What may follow what is the server's.

use leptos::prelude::*;
use shared::{
    api::follow_up::FollowUpView,
    domain::{
        access::Action,
        follow_up::{FollowUpState, Priority},
    },
};

use crate::{
    components::{
        async_view::{AsyncView, Fetched},
        follow_up_dialogs::{EndFollowUpDialog, FollowUpDialog},
        state_badge::{StateShape, Tone},
        time::{Instant, use_now},
    },
    live::use_live,
    session::may,
    transport::api,
};

/// Those of one incident, with a way to add one.
#[component]
pub(crate) fn FollowUpsOf(incident: i64) -> impl IntoView {
    let heard = use_live()
        .refetch_on(move |topic| matches!(topic, shared::api::live::Topic::Report { incident: of } if *of == incident));
    let of = Fetched::new(move || {
        heard.track();
        async move { Ok(api().follow_ups_of(incident).await?.items) }
    });
    let adding = RwSignal::new(false);
    let may_write = may(Action::HandleIncident);
    view! {
        <section class="panel" aria-labelledby="follow-ups" data-testid="follow-ups">
            <div class="panel-head">
                <h2 id="follow-ups">"Follow-ups"</h2>
                <Show when=move || may_write.get()>
                    <button type="button" class="link-button" data-testid="follow-up-add" on:click=move |_| adding.set(true)>
                        "Add follow-up"
                    </button>
                </Show>
            </div>
            <AsyncView of what="the follow-ups" content=move |list| view! { <FollowUpList list names_incident=false of/> }/>
            <FollowUpDialog incident=Signal::derive(move || Some(incident)) one=Signal::derive(|| None) open=adding of/>
        </section>
    }
}

#[component]
pub(crate) fn FollowUpList(
    list: Signal<Vec<FollowUpView>>,
    /// Each says which incident it follows.
    names_incident: bool,
    of: Fetched<Vec<FollowUpView>>,
) -> impl IntoView {
    let (changing, ending) = (RwSignal::new(None::<FollowUpView>), RwSignal::new(None::<FollowUpView>));
    let (change_open, end_open) = (RwSignal::new(false), RwSignal::new(false));
    let may_write = may(Action::HandleIncident);
    let act = move |one: FollowUpView, end: bool| {
        let (which, open) = if end { (ending, end_open) } else { (changing, change_open) };
        which.set(Some(one));
        open.set(true);
    };
    view! {
        <Show
            when=move || list.with(|list| !list.is_empty())
            fallback=move || (!names_incident).then(|| view! { <p class="muted">"None yet: what should change is written down here, with somebody who does it."</p> })
        >
            <ul class="follow-ups">
                <For
                    each=move || list.get()
                    key=|one| (one.number, one.version, one.overdue)
                    children=move |one| view! { <Row one names_incident may_write act=Callback::new(move |(one, end)| act(one, end))/> }
                />
            </ul>
        </Show>
        <FollowUpDialog
            incident=Signal::derive(move || changing.with(|one| one.as_ref().map(|one| one.incident)))
            one=Signal::derive(move || changing.get())
            open=change_open
            of
        />
        <EndFollowUpDialog one=ending.into() open=end_open of/>
    }
}

#[component]
fn Row(
    one: FollowUpView,
    names_incident: bool,
    may_write: Signal<bool>,
    act: Callback<(FollowUpView, bool)>,
) -> impl IntoView {
    let now = use_now();
    let is_open = one.state == FollowUpState::Open;
    let due = one.due_at.filter(|_| is_open);
    let late = Memo::new(move |_| due.is_some_and(|due| due <= now.get()));
    let state = one.state;
    let tone = Signal::derive(move || match (state, late.get()) {
        (FollowUpState::Open, true) => Tone::Critical,
        (FollowUpState::Open, false) => Tone::Active,
        (FollowUpState::Done, _) => Tone::Good,
        (FollowUpState::Dropped, _) => Tone::Neutral,
    });
    let whose = one.owner.as_ref().map_or_else(|| "Nobody has it yet".to_owned(), |owner| owner.name.clone());
    let ended = one.ended_by.clone().zip(one.ended_at).map(|(by, at)| (state.words().to_lowercase(), by, at));
    let (for_change, for_end) = (one.clone(), one.clone());
    let number = one.number;
    let link = one.link.clone();
    view! {
        <li class="task" id=format!("follow-up-{number}") data-tone=move || tone.get().name() data-testid=format!("follow-up-{number}")>
            <StateShape tone/>
            <div class="task-body">
                <p class="task-text">
                    {(is_open && one.priority == Priority::High).then(|| view! { <span class="chip">"High"</span> " " })}
                    {one.title.clone()}
                </p>
                <p class="hint">
                    {format!("Follow-up {number} · {whose}")}
                    {names_incident.then(|| view! {
                        " · "
                        <a href=format!("/console/incidents/{}", one.incident)>
                            {format!("Incident {}: {}", one.incident, one.incident_title)}
                        </a>
                    })}
                    {due.map(|due| view! {
                        " · "
                        <span class="task-due" class:late=move || late.get()>
                            {move || if late.get() { "overdue, was due " } else { "due " }}
                            <Instant at=due/>
                        </span>
                    })}
                    {ended.map(|(words, by, at)| view! { {format!(" · {words} by {by} ")} <Instant at/> })}
                </p>
                {(!one.note.is_empty()).then(|| view! { <p class="comment-text">{one.note.clone()}</p> })}
                {link.map(|link| view! {
                    <p class="hint"><a href=link.clone() rel="external noopener noreferrer nofollow" target="_blank">{link.clone()}</a></p>
                })}
                <Show when=move || may_write.get()>
                    <p class="task-deeds">
                        {is_open.then(|| {
                            let one = for_change.clone();
                            view! {
                                <button type="button" class="link-button" aria-label=format!("Change: follow-up {number}")
                                    on:click=move |_| act.run((one.clone(), false))>"Change"</button>
                            }
                        })}
                        {
                            let one = for_end.clone();
                            let words = if is_open { "Done or dropped" } else { "Open again" };
                            view! {
                                <button type="button" class="link-button" aria-label=format!("{words}: follow-up {number}")
                                    data-testid=format!("follow-up-end-{number}")
                                    on:click=move |_| act.run((one.clone(), true))>{words}</button>
                            }
                        }
                    </p>
                </Show>
            </div>
        </li>
    }
}
