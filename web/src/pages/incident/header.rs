//! The sticky head: state, clocks, next action. The other commands stand beside it, quieter.

use leptos::prelude::*;
use shared::{api::incident::IncidentView, domain::incident::IncidentCommand};

use super::{
    Here,
    commands::{ResolveDialog, UpdateDialog},
    level::LevelDialog,
    next::{NextAction, next_action},
};
use crate::{
    components::{
        attempt::Attempt,
        button::{Button, ButtonKind},
        clock::ClockFace,
        error_note::ErrorNote,
        state_badge::StateBadge,
        time::Instant,
    },
    transport::api,
};

#[component]
pub(super) fn Header(here: Here) -> impl IntoView {
    let incident = here.incident;
    let clocks = Memo::new(move |_| incident.with(|i| i.clocks.clone()));
    view! {
        <header class="object-head">
            <div class="object-head-line">
                <div class="object-name">
                    <p class="kicker">
                        <a href="/console/incidents">"Incidents"</a>
                        {format!(" / #{}", here.number)}
                    </p>
                    <h1>{move || incident.with(|i| i.title.clone())}</h1>
                </div>
                <Actions here=here/>
            </div>
            <div class="object-facts">
                <StateBadge state=Signal::derive(move || incident.with(|i| i.state)) test_id="incident-state"/>
                <span class="level-word">{move || incident.with(|i| format!("Level {} · {}", i.level, i.level_name))}</span>
                <span class="muted">
                    "Declared " <Instant at=Signal::derive(move || incident.with(|i| i.declared_at))/>
                    {move || incident.with(|i| format!(" by {}", i.declared_by))}
                </span>
            </div>
            <Show when=move || clocks.with(|c| !c.is_empty())>
                <div class="clocks">
                    <For
                        each=move || 0..clocks.with(Vec::len)
                        key=|index| *index
                        children=move |index| {
                            let fallback = clocks.with_untracked(|c| c.get(index).cloned());
                            fallback
                                .map(|fallback| {
                                    let clock = Signal::derive(move || {
                                        clocks.with(|c| c.get(index).cloned()).unwrap_or_else(|| fallback.clone())
                                    });
                                    view! { <ClockFace clock=clock/> }
                                })
                        }
                    />
                </div>
            </Show>
        </header>
    }
}

#[component]
fn Actions(here: Here) -> impl IntoView {
    use IncidentCommand as C;
    let next = Memo::new(move |_| here.incident.with(next_action));
    let (taking, starting) = (Attempt::new(), Attempt::new());
    let (resolving, posting, relevelling) = (RwSignal::new(false), RwSignal::new(false), RwSignal::new(false));
    let answered = move |view: IncidentView| here.fetched.put(view);
    let kind = move |action: NextAction| {
        Signal::derive(move || if next.get() == action { ButtonKind::Primary } else { ButtonKind::Plain })
    };
    let acknowledge = move |()| taking.run(async move { api().acknowledge(here.number).await }, answered);
    let start = move |()| starting.run(async move { api().start_work(here.number).await }, answered);
    let over = Memo::new(move |_| here.incident.with(|i| i.resolved_at.is_some()));
    // Shown while open, or when off for a reason that a person can do something about; not for what is simply done.
    let shown = move |command| Signal::derive(move || here.open(command).get());
    let refused_to_all = Signal::derive(move || {
        let closed = [C::Acknowledge, C::StartWork, C::Resolve].into_iter().all(|c| !here.open(c).get());
        (closed && !over.get()).then(|| here.refused(C::Resolve).get()).flatten()
    });
    view! {
        <div class="object-actions">
            <ErrorNote error=taking.error/>
            <ErrorNote error=starting.error/>
            <div class="button-row">
                <Show when=move || shown(C::ChangeLevel).get()>
                    <Button kind=ButtonKind::Quiet on_press=move |()| relevelling.set(true)>
                        "Change level"
                    </Button>
                </Show>
                <Show when=move || shown(C::PostUpdate).get()>
                    <Button kind=ButtonKind::Quiet on_press=move |()| posting.set(true)>
                        "Post public update"
                    </Button>
                </Show>
                <Show when=move || shown(C::Resolve).get()>
                    <Button kind=kind(NextAction::Resolve) on_press=move |()| resolving.set(true)>
                        "Resolve"
                    </Button>
                </Show>
                <Show when=move || shown(C::StartWork).get()>
                    <Button kind=kind(NextAction::StartWork) busy=starting.busy on_press=start>
                        "Start work"
                    </Button>
                </Show>
                <Show when=move || shown(C::Acknowledge).get()>
                    <Button kind=kind(NextAction::Acknowledge) busy=taking.busy on_press=acknowledge>
                        "Acknowledge"
                    </Button>
                </Show>
                <NextLink here=here next=next/>
            </div>
            {move || refused_to_all.get().map(|why| view! { <p class="reason">{why}</p> })}
        </div>
        <ResolveDialog here=here open=resolving/>
        <UpdateDialog here=here open=posting/>
        <LevelDialog here=here open=relevelling/>
    }
}

/// The next action, where it is on another page.
#[component]
fn NextLink(here: Here, next: Memo<NextAction>) -> impl IntoView {
    move || match next.get() {
        NextAction::OpenRun { number, words } => Some(view! {
            <a class="button primary" data-testid="incident-next" href=format!("/console/runs/{number}")>
                {format!("{words} {number}")}
            </a>
        }),
        NextAction::Report => {
            let words =
                here.incident.with(|i| if i.report.is_some() { "Finish the report" } else { "Write the report" });
            Some(view! {
                <a class="button primary" data-testid="incident-next" href=format!("/console/reports/{}", here.number)>
                    {words.to_owned()}
                </a>
            })
        }
        NextAction::Acknowledge
        | NextAction::StartWork
        | NextAction::Recover { .. }
        | NextAction::Resolve
        | NextAction::Nothing => None,
    }
}
