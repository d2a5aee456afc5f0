//! Consent: who asks, what it takes, until when, and the ways to say no. Saying yes is `approve_button`.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use shared::{
    api::run::{DecisionIn, RunCommand, RunView, WithdrawIn},
    domain::{
        approval::{Choice, Content},
        clock::Clock,
        text::Message,
    },
};

use crate::{
    components::{
        async_view::Fetched,
        break_glass::BreakGlass,
        button::{Button, ButtonKind},
        clock::ClockFace,
        icon::{Icon, Svg},
        reason_dialog::ReasonDialog,
        run_chosen::Chosen,
        time::Instant,
    },
    transport::api,
};

/// The offer of a command: whether it is there at all, and why it is off.
pub(crate) fn refused(run: Signal<RunView>, command: RunCommand) -> Signal<Option<String>> {
    Signal::derive(move || {
        run.with(|run| match run.offers.iter().find(|o| o.command == command) {
            Some(offer) => offer.refused.clone(),
            None => Some("This cannot be done in the run's present state.".to_owned()),
        })
    })
}

#[component]
pub(crate) fn ApprovalPanel(run: Signal<RunView>, of: Fetched<RunView>) -> impl IntoView {
    let number = run.with_untracked(|r| r.number);
    let refusing = RwSignal::new(false);
    let withdrawing = RwSignal::new(false);
    let content = Memo::new(move |_| run.with(|r| r.content));
    let refuse = move |reason: Message| {
        let content = content.get_untracked();
        async move {
            // Without content there is nothing to refuse yet: look again.
            let Some(content) = content else { return api().run(number).await };
            api().decide(number, &DecisionIn { approve: false, reason: Some(reason), content }).await
        }
    };
    let withdraw = move |reason: Message| async move { api().withdraw(number, &WithdrawIn { reason }).await };
    let may_withdraw = move || run.with(|r| r.offers.iter().any(|o| o.command == RunCommand::Withdraw && o.open()));
    let procedure = move || run.with(|r| r.procedure.title.clone());
    view! {
        <section class="panel approval" aria-labelledby="approval-heading">
            <h2 id="approval-heading">"Approval"</h2>
            <Consent run/>
            <Chosen run/>
            <div class="approval-actions">
                <Button refused=refused(run, RunCommand::Refuse) test_id="refuse" on_press=move |()| refusing.set(true)>
                    "Refuse…"
                </Button>
                <BreakGlass run of/>
                <Show when=may_withdraw>
                    <Button kind=ButtonKind::Quiet test_id="withdraw" on_press=move |()| withdrawing.set(true)>
                        "Withdraw the request…"
                    </Button>
                </Show>
            </div>
            <ApproverLink run content/>
            <Digests content/>
            <ReasonDialog
                open=refusing
                title=Signal::derive(move || format!("Refuse run {number}: {}", procedure()))
                text="Nothing will be done on the host. The requester and the timeline see your reason."
                verb="Refuse this run"
                danger=true
                test_id="refuse-send"
                of
                send=refuse
            />
            <ReasonDialog
                open=withdrawing
                title=Signal::derive(move || format!("Withdraw run {number}: {}", procedure()))
                text="Nothing will be done on the host. The procedure can be requested again."
                verb="Withdraw this run"
                danger=true
                test_id="withdraw-send"
                of
                send=withdraw
            />
        </section>
    }
}

/// Who asks, who has answered, what is missing and until when.
#[component]
fn Consent(run: Signal<RunView>) -> impl IntoView {
    let have = move || run.with(|r| r.decisions.iter().filter(|d| d.choice == Choice::Approve).count());
    let need = move || run.with(|r| usize::from(r.policy.approvals));
    let clock = Signal::derive(move || {
        run.with(|r| Clock {
            label: "Time to decide".into(),
            started_at: r.resolution.as_ref().map_or(r.requested_at, |x| x.taken_at),
            limit_seconds: r.policy.expires_seconds,
            stopped_at: None,
        })
    });
    let people = move || {
        run.with(|r| {
            r.decisions
                .iter()
                .map(|d| view! { <li><b>{d.name.clone()}</b> " approved " <Instant at=d.at/></li> })
                .collect_view()
        })
    };
    view! {
        <p>
            <b>{move || run.with(|r| r.requested_by.clone())}</b> " asks "
            <Instant at=Signal::derive(move || run.with(|r| r.requested_at))/> "."
        </p>
        <p aria-live="polite">
            {move || match need() {
                0 => "No approval is needed.".to_owned(),
                n => format!("{} of {n}: {}.", have(), run.with(|r| lower_first(&r.policy.words()))),
            }}
        </p>
        {move || {
            let missing = run.with(|r| r.consent_missing.clone());
            missing.map(|why| view! { <p class="note warning" data-testid="consent-missing">{why}</p> })
        }}
        <ul class="approval-people">{people}</ul>
        <ClockFace clock/>
    }
}

fn lower_first(words: &str) -> String {
    let mut chars = words.chars();
    chars.next().map(|first| first.to_lowercase().chain(chars).collect()).unwrap_or_default()
}

/// What somebody who is to approve can be sent. It opens this page after they have signed in, and names what was there to be read.
#[component]
fn ApproverLink(run: Signal<RunView>, content: Memo<Option<Content>>) -> impl IntoView {
    let number = run.with_untracked(|r| r.number);
    let sent = use_query_map().with_untracked(|query| query.get("read"));
    let digest = move || content.get().map(|content| content.resolution_digest.short());
    let copied = RwSignal::new(false);
    let copy = move |()| {
        let Some(digest) = digest() else { return };
        let origin = window().location().origin().unwrap_or_default();
        // Where the clipboard is forbidden the page's own address serves.
        let _ = window().navigator().clipboard().write_text(&format!("{origin}/console/runs/{number}?read={digest}"));
        copied.set(true);
    };
    view! {
        {move || {
            let other = sent.clone().filter(|sent| digest().is_some_and(|now| now != *sent))?;
            Some(
                view! {
                    <p class="note warning" data-testid="other-content">
                        {format!("The link you followed was for {other}. What this run would do has changed since; read it anew.")}
                    </p>
                },
            )
        }}
        <div class="approver-link">
            <Button kind=ButtonKind::Quiet test_id="copy-link" on_press=copy>
                "Copy the link for an approver"
            </Button>
            <span class="muted" aria-live="polite">{move || copied.get().then_some("Copied. Whoever opens it must sign in.")}</span>
        </div>
    }
}

/// What consent binds to, for whoever compares by eye.
#[component]
fn Digests(content: Memo<Option<Content>>) -> impl IntoView {
    move || {
        content.get().map(|content| {
            view! {
                <details class="approval-digests">
                    <summary>
                        <Svg icon=Icon::ChevronRight/>
                        "What consent binds to"
                    </summary>
                    <dl class="fact-grid">
                        <dt>"Plan"</dt>
                        <dd class="name">{content.plan_digest.short()}</dd>
                        <dt>"Procedure"</dt>
                        <dd class="name">{content.procedure_digest.short()}</dd>
                        <dt>"Objects"</dt>
                        <dd class="name">{content.resolution_digest.short()}</dd>
                    </dl>
                    <p class="muted">
                        "If any of these differs when the run starts, nothing is done."
                    </p>
                </details>
            }
        })
    }
}
