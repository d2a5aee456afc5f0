//! The sticky head: state, clocks, next action. The other commands stand beside it, quieter.

use leptos::prelude::*;
use shared::{api::incident::IncidentView, domain::incident::IncidentCommand};

use super::{
    Here,
    closing::Closing,
    commands::ResolveDialog,
    duties::Duties,
    level::LevelDialog,
    next::{NextAction, live_run},
    post::UpdateDialog,
    standing::StateDialog,
};
use crate::{
    components::{
        attempt::Attempt,
        button::{Button, ButtonKind},
        clock::ClockFace,
        error_note::ErrorNote,
        focus,
        icon::{Icon, Svg},
        state_badge::StateBadge,
        time::{Instant, now},
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
                <Show when=move || incident.with(|i| i.readers.is_some())>
                    <span class="restricted-word"><Svg icon=Icon::Lock/> "Restricted"</span>
                </Show>
                <span class="level-word">{move || incident.with(|i| format!("Level {} · {}", i.level, i.level_name))}</span>
                <span class="muted">
                    "Declared " <Instant at=Signal::derive(move || incident.with(|i| i.declared_at))/>
                    {move || incident.with(|i| format!(" by {}", i.declared_by))}
                </span>
            </div>
            <Duties here/>
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

/// A second click is not meant for the button that has just come under the pointer.
const SETTLES_MS: i64 = 600;

#[component]
fn Actions(here: Here) -> impl IntoView {
    use IncidentCommand as C;
    let next = here.next();
    let taking = Attempt::new();
    let (resolving, posting, relevelling, standing) =
        (RwSignal::new(false), RwSignal::new(false), RwSignal::new(false), RwSignal::new(false));
    let answered = move |view: IncidentView| {
        here.fetched.put(view);
        focus::to_heading();
    };
    let kind = move |action: NextAction| {
        Signal::derive(move || if next.get() == action { ButtonKind::Primary } else { ButtonKind::Plain })
    };
    let row = Memo::new(move |_| (next.get(), C::ALL.map(|command| here.open(command).get())));
    let changed_at = StoredValue::new(0);
    Effect::new(move |before: Option<()>| {
        // Read, not only tracked: a memo that nobody has read follows nothing.
        row.get();
        if before.is_some() {
            changed_at.set_value(now().unix_ms());
        }
    });
    // A span, so that a corrected clock cannot keep the buttons off.
    let settled = move || !(0..SETTLES_MS).contains(&(now().unix_ms() - changed_at.get_value()));
    let opens = move |dialog: RwSignal<bool>| {
        move |()| {
            if settled() {
                dialog.set(true);
            }
        }
    };
    let acknowledge = move |()| {
        if settled() {
            taking.run(async move { api().acknowledge(here.number).await }, answered);
        }
    };
    let resolve_last = Memo::new(move |_| next.get() == NextAction::Resolve);
    let over = Memo::new(move |_| here.incident.with(|i| i.resolved_at.is_some()));
    // Shown while open, or when off for a reason that a person can do something about; not for what is simply done.
    let shown = move |command| Signal::derive(move || here.open(command).get());
    let refused_to_all = Signal::derive(move || {
        let closed = [C::Acknowledge, C::SetState, C::Resolve].into_iter().all(|c| !here.open(c).get());
        (closed && !over.get()).then(|| here.refused(C::Resolve).get()).flatten()
    });
    view! {
        <div class="object-actions">
            <ErrorNote error=taking.error/>
            <div class="button-row">
                <Show when=move || shown(C::SetState).get() && !shown(C::Acknowledge).get()>
                    <Button kind=ButtonKind::Quiet test_id="state-change" on_press=opens(standing)>
                        "Change state"
                    </Button>
                </Show>
                <Show when=move || shown(C::ChangeLevel).get()>
                    <Button kind=ButtonKind::Quiet on_press=opens(relevelling)>
                        "Change level"
                    </Button>
                </Show>
                <Show when=move || shown(C::PostUpdate).get()>
                    <Button kind=ButtonKind::Quiet on_press=opens(posting)>
                        "Post public update"
                    </Button>
                </Show>
                <RunWay here=here next=next/>
                <Show when=move || shown(C::Resolve).get() && !resolve_last.get()>
                    <Button on_press=opens(resolving)>"Resolve"</Button>
                </Show>
                <Show when=move || shown(C::Acknowledge).get()>
                    <Button kind=kind(NextAction::Acknowledge) busy=taking.busy on_press=acknowledge>
                        "Acknowledge"
                    </Button>
                </Show>
                // The filled button stands last.
                <Show when=move || shown(C::Resolve).get() && resolve_last.get()>
                    <Button kind=ButtonKind::Primary on_press=opens(resolving)>
                        "Resolve"
                    </Button>
                </Show>
                <Closing here/>
                <NextLink here=here next=next/>
            </div>
            {move || refused_to_all.get().map(|why| view! { <p class="reason">{why}</p> })}
        </div>
        <ResolveDialog here=here open=resolving/>
        <UpdateDialog here=here open=posting/>
        <LevelDialog here=here open=relevelling/>
        <StateDialog here open=standing/>
    }
}

/// The live run, while it waits for nobody or for others.
#[component]
fn RunWay(here: Here, next: Memo<NextAction>) -> impl IntoView {
    let run = Memo::new(move |_| here.incident.with(|i| live_run(i, here.rights.get())));
    move || {
        run.get().filter(|_| next.get() != NextAction::OpenRun).map(|run| {
            view! {
                <a class="button quiet" href=format!("/console/runs/{}", run.number)>
                    {format!("{} {}", run.words, run.number)}
                </a>
            }
        })
    }
}

/// The next action, where it is on another page.
#[component]
fn NextLink(here: Here, next: Memo<NextAction>) -> impl IntoView {
    let target = Memo::new(move |_| match next.get() {
        NextAction::OpenRun => here
            .incident
            .with(|i| live_run(i, here.rights.get()))
            .map(|run| (format!("/console/runs/{}", run.number), format!("{} {}", run.words, run.number))),
        NextAction::Report => {
            let words =
                here.incident.with(|i| if i.report.is_some() { "Finish the report" } else { "Write the report" });
            Some((format!("/console/reports/{}", here.number), words.to_owned()))
        }
        NextAction::Acknowledge | NextAction::Recover { .. } | NextAction::Resolve | NextAction::Nothing => None,
    });
    move || {
        target.get().map(|(href, words)| {
            view! { <a class="button primary" data-testid="incident-next" href=href>{words}</a> }
        })
    }
}
