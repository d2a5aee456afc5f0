//! One run, live: what it will do and who must agree, then its steps and output, then how it ended. Commands live in the panels.

use std::time::Duration;

use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use shared::{
    api::{live::Topic, run::RunView},
    domain::run::{RunState, StepState},
    timestamp::human_seconds,
};

use crate::{
    components::{
        approval_panel::ApprovalPanel,
        async_view::{AsyncView, Fetched},
        blast_radius::BlastRadius,
        break_glass::GlassNote,
        error_note::Missing,
        final_checks::FinalChecks,
        forecast::ForecastNote,
        gantt::Gantt,
        icon::{Icon, Svg},
        line_panel::LinePanel,
        log_feed::LogFeed,
        log_view::{Jump, LogView},
        question_panel::QuestionPanel,
        run_header::RunHeader,
        run_outcome::RunOutcome,
        step_list::StepList,
        time::use_now,
        title::title,
        watch_panel::WatchPanel,
    },
    live::use_live,
    transport::api,
};

const POLL: Duration = Duration::from_secs(5);

const UNANSWERED_SECONDS: i64 = 5;

#[component]
pub(crate) fn RunPage() -> impl IntoView {
    let params = use_params_map();
    let number = Memo::new(move |_| params.with(|p| p.get("number").and_then(|n| n.parse::<i64>().ok())));
    // Another number is another page: nothing of the last one may stay.
    move || match number.get() {
        Some(number) => view! { <OneRun number/> }.into_any(),
        None => view! { <Missing/> }.into_any(),
    }
}

#[component]
fn OneRun(number: i64) -> impl IntoView {
    let heard = use_live().refetch_on(move |topic| matches!(topic, Topic::Run { number: n, .. } if *n == number));
    let of = Fetched::new(move || {
        heard.track();
        async move { api().run(number).await }
    });
    look_again(of);
    title(move || {
        let state = of.value.with(|r| r.as_ref().map(|r| format!("{}: {}", r.state.words(), r.procedure.title)));
        state.map_or_else(|| format!("Run {number}"), |words| format!("{words} · run {number}"))
    });
    view! { <AsyncView of what=format!("run {number}") content=move |run| view! { <RunBody run of/> }/> }
}

/// A worker that has died sends no event: while the run is live, its page asks now and then.
fn look_again(of: Fetched<RunView>) {
    let ask = move || {
        if of.value.try_with_untracked(|r| r.as_ref().is_some_and(|r| r.state.live())) == Some(true) {
            of.refetch();
        }
    };
    if let Ok(handle) = set_interval_with_handle(ask, POLL) {
        on_cleanup(move || handle.clear());
    }
}

/// Which of the page's faces is shown; it changes only when the run moves on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Face {
    InLine,
    Looking,
    Consent,
    /// Steps have begun or are about to; also when they are over, so that the output stays where it is.
    Going,
    /// Ended without a step having begun.
    NotRun,
}

impl Face {
    fn of(run: &RunView) -> Self {
        let begun = run.steps.iter().any(|s| s.attempts > 0 || s.state != StepState::Pending);
        match run.state {
            RunState::Waiting => Self::InLine,
            RunState::Resolving => Self::Looking,
            RunState::AwaitingApproval => Self::Consent,
            RunState::Queued | RunState::Running | RunState::Asking | RunState::Cancelling => Self::Going,
            _ if begun => Self::Going,
            _ => Self::NotRun,
        }
    }
}

#[component]
fn RunBody(run: Signal<RunView>, of: Fetched<RunView>) -> impl IntoView {
    let face = Memo::new(move |_| run.with(Face::of));
    view! {
        <div class="run">
            <RunHeader run of/>
            <Silence run/>
            <GlassNote run of/>
            <ForecastNote run/>
            {move || match face.get() {
                Face::InLine => {
                    view! {
                        <LinePanel run of/>
                        <StepList run pick=Callback::new(|_| {})/>
                    }
                        .into_any()
                }
                Face::Looking => view! { <Looking run/> }.into_any(),
                Face::Consent => view! { <Consent run of/> }.into_any(),
                Face::Going => view! { <Going run of/> }.into_any(),
                Face::NotRun => {
                    view! {
                        <RunOutcome run=run.get_untracked()/>
                        <Radius run heading="What would have happened"/>
                    }
                        .into_any()
                }
            }}
        </div>
    }
}

/// The worker has not been heard of for a while.
#[component]
fn Silence(run: Signal<RunView>) -> impl IntoView {
    let silent = Memo::new(move |_| run.with(|r| r.worker_silent_seconds.filter(|s| *s > 15)));
    view! {
        <div aria-live="polite">
            {move || {
                silent
                    .get()
                    .map(|seconds| {
                        view! {
                            <div class="note warning">
                                <Svg icon=Icon::Alert/>
                                <p>
                                    {format!(
                                        "The worker has not been heard of for {}; the run continues when a worker is back.",
                                        human_seconds(seconds),
                                    )}
                                </p>
                            </div>
                        }
                    })
            }}
        </div>
    }
}

#[component]
fn Looking(run: Signal<RunView>) -> impl IntoView {
    let now = use_now();
    // A worker that has taken it says so within its first heartbeat; then `Silence` speaks.
    let unanswered = Memo::new(move |_| {
        run.with(|r| r.worker_silent_seconds.is_none() && now.get().seconds_since(r.requested_at) > UNANSWERED_SECONDS)
    });
    view! {
        <section class="panel looking" aria-live="polite">
            <h2>"Looking at the host…"</h2>
            <p>
                "The worker finds out which containers, volumes and networks the steps mean. It only looks; nothing is changed before somebody approves."
            </p>
            <Show when=move || unanswered.get()>
                <p data-testid="no-worker">
                    "No worker has answered yet. The run goes on as soon as one is up; see " <code>"muster-worker check"</code> "."
                </p>
            </Show>
        </section>
        <StepList run pick=Callback::new(|_| {})/>
    }
}

#[component]
fn Consent(run: Signal<RunView>, of: Fetched<RunView>) -> impl IntoView {
    view! {
        <div class="run-consent">
            <Radius run heading="What will happen"/>
            <ApprovalPanel run of/>
        </div>
    }
}

/// Rebuilt only if the objects themselves change.
#[component]
fn Radius(run: Signal<RunView>, heading: &'static str) -> impl IntoView {
    let shown =
        Memo::new(move |_| run.with(|r| r.resolution.clone().map(|resolution| (resolution, r.procedure.clone()))));
    let plan = run.with_untracked(|r| format!("/console/plan/{}/versions/{}", r.system, r.plan_version));
    move || {
        let plan = plan.clone();
        shown.get().map(|(resolution, procedure)| view! { <BlastRadius resolution procedure heading plan/> })
    }
}

/// Steps on the left and below them how it ended, output on the right; time per step and what was approved below.
#[component]
fn Going(run: Signal<RunView>, of: Fetched<RunView>) -> impl IntoView {
    let number = run.with_untracked(|r| r.number);
    let feed = LogFeed::new(number);
    let jump = RwSignal::new(None);
    let state = Memo::new(move |_| run.with(|r| r.state));
    let live = Signal::derive(move || state.get().live());
    let ended = move || (!live.get()).then(|| run.get_untracked());
    view! {
        <Show when=move || state.get() == RunState::Asking>
            <QuestionPanel run of feed/>
        </Show>
        <div class="run-live">
            // What comes and goes stands below the steps, so that neither they nor the output move.
            <div class="run-side">
                <StepList run pick=Callback::new(move |step| jump.set(Some(Jump::Step(step))))/>
                <Show when=move || state.get() == RunState::Queued>
                    <section class="panel looking" aria-live="polite">
                        <h2>"Approved; a worker takes it now"</h2>
                        <p>"If this stays, no worker is running for this host. Nothing is done until one is."</p>
                    </section>
                </Show>
                {move || ended().map(|run| view! { <RunOutcome run/> })}
                <Show when=move || matches!(state.get(), RunState::Succeeded | RunState::Asking)>
                    <FinalChecks run of/>
                </Show>
                <WatchPanel run/>
            </div>
            <LogView feed label=format!("Output of run {number}") live jump/>
        </div>
        {move || ended().map(|run| view! { <Gantt run/> })}
        <details class="run-approved">
            <summary>
                <Svg icon=Icon::ChevronRight/>
                "What was approved"
            </summary>
            <Radius run heading="What was approved"/>
        </details>
    }
}
