//! What an incident says about the plan: proposed changes with their reasons, chosen, edited and saved as another version. The text is
//! changed by what `shared` makes of it; nothing is saved by itself.

use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use shared::{
    api::plan::{PlanIn, PlanProposalView},
    domain::{
        access::Action,
        plan_proposal::{Proposal, applied},
        text::Message,
        text_diff::diff_lines,
    },
};

use crate::{
    components::{
        async_view::{AsyncView, Fetched},
        attempt::Attempt,
        button::{Button, ButtonKind},
        empty::Empty,
        error_note::{ErrorNote, Missing},
        field::TextArea,
        text_diff::TextDiff,
        title::title,
    },
    session::may,
    transport::api,
};

#[component]
pub(crate) fn PlanProposalPage() -> impl IntoView {
    let params = use_params_map();
    let number = Memo::new(move |_| params.with(|p| p.get("number").and_then(|n| n.parse::<i64>().ok())));
    move || match number.get() {
        Some(number) => view! { <OneProposal number/> }.into_any(),
        None => view! { <Missing/> }.into_any(),
    }
}

#[component]
fn OneProposal(number: i64) -> impl IntoView {
    title(move || format!("The plan after incident {number}"));
    let of = Fetched::new(move || async move { api().plan_proposal(number).await });
    view! {
        <header class="page-head">
            <div>
                <p class="kicker"><a href=format!("/console/reports/{number}")>{format!("Report on incident {number}")}</a></p>
                <h1>"What it says about the plan"</h1>
            </div>
        </header>
        <AsyncView of what="what the incident says about the plan" content=move |view| view! { <Proposed number view of/> }/>
    }
}

#[component]
fn Proposed(number: i64, view: Signal<PlanProposalView>, of: Fetched<PlanProposalView>) -> impl IntoView {
    let version = Memo::new(move |_| view.with(|v| v.version));
    view! {
        {move || {
            let (adopted, slug) = view.with(|v| (v.adopted.clone(), v.system.clone()));
            (!adopted.is_empty()).then(|| {
                let links = adopted.into_iter().map(|version| {
                    let address = format!("/console/plan/{slug}/versions/{version}");
                    view! { <a href=address>{format!("Version {version}")}</a> " " }
                });
                view! { <p class="note good" data-testid="plan-adopted">"Changed after this incident: " {links.collect_view()}</p> }
            })
        }}
        // Another version in force has other lines: all begins anew.
        {move || {
            version.get();
            let now = view.get_untracked();
            if now.proposals.is_empty() {
                let text = if now.adopted.is_empty() {
                    "As far as the records tell, everything went as the plan says: no step failed or was left out, no time limit and no objective was missed, and whoever was called answered."
                } else {
                    "What the records say of this incident stands in the plan by now."
                };
                view! { <Empty title="Nothing to propose" text/> }.into_any()
            } else {
                view! { <Desk number now of/> }.into_any()
            }
        }}
    }
}

#[component]
fn Desk(number: i64, now: PlanProposalView, of: Fetched<PlanProposalView>) -> impl IntoView {
    let PlanProposalView { version, source, proposals, .. } = now;
    let count = proposals.len();
    let kept = StoredValue::new((source.clone(), proposals.clone()));
    let chosen = RwSignal::new(vec![true; count]);
    let text = RwSignal::new(String::new());
    let by_hand = RwSignal::new(false);
    let made = move || {
        chosen.with(|chosen| {
            kept.with_value(|(source, all)| {
                let taken: Vec<&Proposal> =
                    all.iter().zip(chosen).filter(|(_, taken)| **taken).map(|(proposal, _)| proposal).collect();
                applied(source, &taken)
            })
        })
    };
    Effect::new(move |_| {
        let made = made();
        if !by_hand.get_untracked() {
            text.set(made);
        }
    });
    let hunks = Memo::new(move |_| kept.with_value(|(source, _)| text.with(|text| diff_lines(source, text))));
    let reason = RwSignal::new(format!("After incident {number}: what was really done."));
    let wrong = RwSignal::new(None::<String>);
    let attempt = Attempt::new();
    let may_save = may(Action::EditPlan);
    let refused = Signal::derive(move || {
        if may_save.get() {
            hunks.with(Vec::is_empty).then(|| "Nothing is changed.".to_owned())
        } else {
            Some(Action::EditPlan.needs())
        }
    });
    let save = move |()| {
        let said = match Message::parse(&reason.get_untracked()) {
            Ok(said) => said,
            Err(why) => return wrong.set(Some(why)),
        };
        wrong.set(None);
        let body = PlanIn { source: text.get_untracked(), reason: said, base_version: version };
        attempt.run(async move { api().adopt_plan(number, &body).await }, move |_| of.refetch());
    };
    view! {
        <div class="stack" data-testid="plan-proposal">
            <section aria-labelledby="proposals">
                <h2 id="proposals">"What the records say"</h2>
                <ul class="publish-choices">
                    {proposals
                        .into_iter()
                        .enumerate()
                        .map(|(place, proposal)| view! { <One place version proposal chosen by_hand/> })
                        .collect_view()}
                </ul>
            </section>
            <section aria-labelledby="proposal-diff">
                <h2 id="proposal-diff">{format!("What that changes in version {version}")}</h2>
                {move || view! { <TextDiff hunks=hunks.get() label="The plan in force and the proposed text, line by line"/> }}
                <EditByHand text by_hand again=Callback::new(move |()| text.set(untrack(made)))/>
            </section>
            <div class="form">
                <ErrorNote error=attempt.error/>
                <TextArea label="Why" value=reason rows=2 error=wrong/>
                <div class="form-actions">
                    <Button kind=ButtonKind::Primary busy=attempt.busy refused test_id="proposal-save" on_press=save>
                        {format!("Save as version {}", version + 1)}
                    </Button>
                </div>
            </div>
        </div>
    }
}

/// One proposal, to be taken or left.
#[component]
fn One(
    place: usize,
    version: i32,
    proposal: Proposal,
    chosen: RwSignal<Vec<bool>>,
    by_hand: RwSignal<bool>,
) -> impl IntoView {
    view! {
        <li>
            <label class="publish-choice">
                <input
                    type="checkbox"
                    disabled=by_hand
                    data-testid=format!("proposal-{place}")
                    prop:checked=move || chosen.with(|all| all.get(place).copied().unwrap_or_default())
                    on:change=move |event| {
                        let on = event_target_checked(&event);
                        chosen.update(|all| if let Some(one) = all.get_mut(place) { *one = on });
                    }
                />
                <span>
                    {proposal.reason}
                    <span class="hint">{format!("Line {} of version {version}", proposal.line)}</span>
                </span>
            </label>
        </li>
    }
}

#[component]
fn EditByHand(text: RwSignal<String>, by_hand: RwSignal<bool>, again: Callback<()>) -> impl IntoView {
    view! {
        <details class="more-procedures" data-testid="proposal-edit">
            <summary>"Edit the text before it is saved"</summary>
            <label class="report-label" for="proposal-text">"The whole plan (Markdown)"</label>
            <textarea
                id="proposal-text"
                class="report-body"
                spellcheck="false"
                prop:value=text
                on:input=move |event| {
                    by_hand.set(true);
                    text.set(event_target_value(&event));
                }
            ></textarea>
            <Show when=move || by_hand.get()>
                <Button on_press=move |()| {
                    by_hand.set(false);
                    again.run(());
                }>"Go back to what was proposed"</Button>
            </Show>
        </details>
    }
}
