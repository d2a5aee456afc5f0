//! The overview: what burns, and what waits for the person who looks. Everything else has a page of its own.

use leptos::prelude::*;
use shared::{
    api::{
        incident::{IncidentRowView, RunRowView},
        live::Topic,
        notice::NoticeView,
        session::Me,
        system::SystemView,
        task::NudgeView,
    },
    domain::{access::Action, run::RunState},
};

use crate::{
    components::{
        async_view::{AsyncView, Fetched},
        empty::Empty,
        first_drill::FirstDrill,
        icon::{Icon, Svg},
        notice_list::NoticeList,
        nudge_list::NudgeList,
        own_tasks::OwnTasks,
        state_badge::StateBadge,
        time::Instant,
        title::title,
    },
    live::use_live,
    pages::incidents::IncidentRows,
    session::{may, use_me},
    transport::api,
};

/// Everything the overview shows, of one moment.
#[derive(Clone, Debug)]
struct Overview {
    systems: Vec<SystemView>,
    incidents: Vec<IncidentRowView>,
    runs: Vec<RunRowView>,
}

#[component]
pub(crate) fn HomePage() -> impl IntoView {
    title(|| "Overview".into());
    let tick = use_live().refetch_on(|topic| {
        matches!(topic, Topic::Incident { .. } | Topic::Incidents {} | Topic::Run { .. } | Topic::Plan { .. })
    });
    let overview = Fetched::new(move || {
        tick.track();
        async {
            let client = api();
            Ok(Overview {
                systems: client.systems().await?.items,
                incidents: client.incidents(None).await?.items,
                runs: client.runs(None).await?.items,
            })
        }
    });
    let notices = Fetched::new(move || {
        tick.track();
        async { Ok(api().notices().await?.items) }
    });
    let nudges = Fetched::new(move || {
        tick.track();
        async { Ok(api().nudges().await?.items) }
    });
    let tasks = Fetched::new(move || {
        tick.track();
        async { Ok(api().own_tasks().await?.items) }
    });
    let declares = may(Action::DeclareIncident);
    // While all is quiet the button stands in the middle of the page.
    let burns = Memo::new(move |_| overview.value.with(|o| o.as_ref().is_some_and(Overview::burns)));
    view! {
        <header class="page-head">
            <h1>"Overview"</h1>
            <Show when=move || declares.get() && burns.get()>
                <a class="button" href="/console/incidents/new">
                    <Svg icon=Icon::Plus/>
                    "Declare incident"
                </a>
            </Show>
        </header>
        <Notices of=notices/>
        <Nudges of=nudges/>
        <OwnTasks of=tasks/>
        <AsyncView of=overview what="the overview" content=|overview| view! { <Shown overview=overview/> }/>
    }
}

/// Above everything else as long as something was not acknowledged. A failed fetch is told by the overview below.
#[component]
fn Notices(of: Fetched<Vec<NoticeView>>) -> impl IntoView {
    let all = Memo::new(move |_| of.value.get().unwrap_or_default());
    let unread = move || match all.with(|all| all.iter().filter(|notice| !notice.yours).count()) {
        0 => String::new(),
        1 => "1 notice waits for your acknowledgement".into(),
        n => format!("{n} notices wait for your acknowledgement"),
    };
    view! {
        <Show when=move || all.with(|all| !all.is_empty())>
            <section class="for-you" aria-labelledby="for-you">
                <h2 id="for-you">"For you"</h2>
                <p class="visually-hidden" role="alert">{unread}</p>
                <NoticeList notices=all of/>
            </section>
        </Show>
    }
}

/// What others have said to this person by name.
#[component]
fn Nudges(of: Fetched<Vec<NudgeView>>) -> impl IntoView {
    let some = move || of.value.with(|all| all.as_ref().is_some_and(|all| !all.is_empty()));
    view! {
        <Show when=some>
            <section class="for-you" aria-labelledby="named" aria-live="polite">
                <h2 id="named">"You are meant"</h2>
                <NudgeList of/>
            </section>
        </Show>
    }
}

impl Overview {
    fn has_plan(&self) -> bool {
        self.systems.iter().any(|system| system.plan_version.is_some())
    }

    fn open(&self) -> impl Iterator<Item = &IncidentRowView> {
        self.incidents.iter().filter(|row| row.state.open())
    }

    fn burns(&self) -> bool {
        self.open().next().is_some()
    }

    /// Runs that stand still until this person does something. The run's own page knows for certain.
    fn waiting_for(&self, me: &Me) -> Vec<RunRowView> {
        let waits = |run: &&RunRowView| match run.state {
            RunState::AwaitingApproval => me.may(Action::DecideRun) && run.requested_by != me.name,
            RunState::Asking => me.may(Action::AnswerStep),
            _ => false,
        };
        self.runs.iter().filter(waits).cloned().collect()
    }

    fn other_live(&self, me: &Me) -> Vec<RunRowView> {
        let mine = self.waiting_for(me);
        self.runs.iter().filter(|run| run.state.live() && !mine.contains(run)).cloned().collect()
    }
}

/// What is due first comes first; what has no clock comes last.
fn next_due(row: &IncidentRowView) -> i64 {
    row.clocks.iter().filter(|c| c.stopped_at.is_none()).map(|c| c.due_at().unix_ms()).min().unwrap_or(i64::MAX)
}

#[component]
fn Shown(overview: Signal<Overview>) -> impl IntoView {
    let me = use_me();
    let open = Memo::new(move |_| {
        let mut open = overview.with(|o| o.open().cloned().collect::<Vec<_>>());
        open.sort_by_key(next_due);
        open
    });
    let mine = Memo::new(move |_| {
        me.with(|me| me.as_ref().map(|me| overview.with(|o| o.waiting_for(me))).unwrap_or_default())
    });
    let others =
        Memo::new(move |_| me.with(|me| me.as_ref().map(|me| overview.with(|o| o.other_live(me))).unwrap_or_default()));
    let some = |list: Memo<Vec<RunRowView>>| move || list.with(|list| !list.is_empty());
    let has_plan = Memo::new(move |_| overview.with(Overview::has_plan));
    let planned = Memo::new(move |_| {
        overview.with(|o| {
            let planned = o.systems.iter().filter(|system| system.plan_version.is_some());
            planned.map(|system| system.slug.clone()).collect::<Vec<_>>()
        })
    });
    view! {
        <Show when=move || has_plan.get() fallback=|| view! { <FirstSteps/> }>
            <Show when=some(mine)>
                <section aria-labelledby="mine">
                    <h2 id="mine">"Waits for you"</h2>
                    <RunRows rows=mine/>
                </section>
            </Show>
            <section aria-labelledby="burning">
                <h2 id="burning">"Open incidents"</h2>
                <Show when=move || open.with(|open| !open.is_empty()) fallback=|| view! { <Quiet/> }>
                    <IncidentRows rows=open/>
                </Show>
            </section>
            <Show when=some(others)>
                <section aria-labelledby="others">
                    <h2 id="others">"Runs under way"</h2>
                    <RunRows rows=others/>
                </section>
            </Show>
            <Show when=move || open.with(Vec::is_empty)>
                <For each=move || planned.get() key=Clone::clone children=|system| view! { <FirstDrill system/> }/>
            </Show>
        </Show>
    }
}

#[component]
fn Quiet() -> impl IntoView {
    let declares = may(Action::DeclareIncident);
    view! {
        <Empty title="All quiet" text="No incident is open and nothing waits for you. When something breaks, declare it: the clocks start and everybody sees the same page.">
            {move || {
                declares
                    .get()
                    .then(|| {
                        view! {
                            <a class="button primary" href="/console/incidents/new">
                                <Svg icon=Icon::Plus/>
                                "Declare incident"
                            </a>
                        }
                    })
            }}
        </Empty>
    }
}

/// From an empty Muster to a plan, in visible steps; [`FirstDrill`] goes on.
#[component]
fn FirstSteps() -> impl IntoView {
    view! {
        <Empty title="Start with your recovery plan" text="Muster turns a written plan into levels, clocks and recovery buttons. Import it on the machine Muster runs on:">
            <pre class="command">
                <code>"muster plan check plan.md\nmuster plan import plan.md --system my-system"</code>
            </pre>
            <ol class="steps-ahead">
                <li>"Import the plan: this page fills itself as soon as it is in."</li>
                <li>"Read what the compiler says about it on the page Plan."</li>
                <li>"Say who is called, watch what it promises, restore a backup on trial."</li>
                <li>"Rehearse a procedure: the first drill shows whether the plan works."</li>
            </ol>
        </Empty>
    }
}

#[component]
fn RunRows(#[prop(into)] rows: Signal<Vec<RunRowView>>) -> impl IntoView {
    view! {
        <ul class="rows">
            <For
                each=move || rows.get()
                key=|run| (run.number, run.state)
                children=|run| {
                    view! {
                        <li class="row">
                            <span class="row-state">
                                <StateBadge state=run.state/>
                            </span>
                            <span class="row-main">
                                <a class="row-link" href=format!("/console/runs/{}", run.number)>
                                    {run.procedure}
                                </a>
                                <span class="row-meta">
                                    {format!("Run {} · incident {} · asked for by {}", run.number, run.incident, run.requested_by)}
                                </span>
                            </span>
                            <span class="row-side muted">
                                <span class="one-line">"Requested " <Instant at=run.requested_at/></span>
                            </span>
                        </li>
                    }
                }
            />
        </ul>
    }
}
