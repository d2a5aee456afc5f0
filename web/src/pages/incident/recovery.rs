//! The recovery buttons: what fits first, what is off with its reason. A press asks for a run; nothing happens before others agree.

use leptos::{context::Provider, prelude::*};
use leptos_router::{NavigateOptions, hooks::use_navigate};
use shared::{
    api::{
        incident::{IncidentView, ProcedureOffer},
        run::RunRequestIn,
    },
    domain::incident::IncidentCommand,
};

use super::{Here, next::NextAction};
use crate::{
    components::{
        attempt::Attempt,
        button::{Button, ButtonKind},
        error_note::ErrorNote,
        hold::Hold,
        parameter_dialog::{Answers, ParameterDialog, preselect},
    },
    transport::{api, fresh_key},
};

#[component]
pub(super) fn Recovery(here: Here) -> impl IntoView {
    let attempt = Attempt::new();
    let over = Memo::new(move |_| here.incident.with(|i| i.resolved_at.is_some()));
    let listed = move |fits: bool| {
        Memo::new(move |_| {
            here.incident.with(|i| {
                let mut some: Vec<_> = i.procedures.iter().filter(|p| p.fits == fits).cloned().collect();
                // Stable: the plan's order within the open and within the closed ones.
                some.sort_by_key(|p| p.refused.is_some());
                some
            })
        })
    };
    let (fitting, others) = (listed(true), listed(false));
    // Said once instead of below every button.
    let why_none = here.refused(IncidentCommand::RequestRun);
    let n_others = move || others.with(Vec::len);
    view! {
        <Show when=move || !over.get()>
            <section class="area-recovery panel" aria-labelledby="recovery">
                <h2 id="recovery">"Recover"</h2>
                {move || why_none.get().map(|why| view! { <p class="reason" id="no-recovery">{why}</p> })}
                <ErrorNote error=attempt.error/>
                <Procedures here=here list=fitting attempt=attempt/>
                <Show when=move || fitting.with(Vec::is_empty)>
                    <p class="muted">"No procedure of the plan names the affected components."</p>
                </Show>
                <Show when=move || n_others() != 0>
                    <details class="more-procedures">
                        <summary>{move || format!("Other procedures ({})", n_others())}</summary>
                        <Procedures here=here list=others attempt=attempt/>
                    </details>
                </Show>
            </section>
        </Show>
    }
}

#[component]
fn Procedures(here: Here, list: Memo<Vec<ProcedureOffer>>, attempt: Attempt) -> impl IntoView {
    let hold = Hold::new();
    let rows = hold.list(move || list.get());
    view! {
        <Provider value=hold>
            <ul class="procedures">
                <For
                    each=move || rows.get()
                    key=|p| (p.id.clone(), p.title.clone(), p.refused.clone(), p.digest)
                    children=move |p| view! { <ProcedureButton here=here offer=p attempt=attempt/> }
                />
            </ul>
        </Provider>
    }
}

#[component]
fn ProcedureButton(here: Here, offer: ProcedureOffer, attempt: Attempt) -> impl IntoView {
    let id = StoredValue::new(offer.id.clone());
    let key = StoredValue::new(fresh_key());
    let pressed = RwSignal::new(false);
    let navigate = use_navigate();
    let digest = offer.digest;
    // Live: the states of what can be chosen change while one reads.
    let parameters = Memo::new(move |_| {
        let own = |i: &IncidentView| i.procedures.iter().find(|p| p.id == id.get_value()).map(|p| p.parameters.clone());
        here.incident.with(own).unwrap_or_default()
    });
    // Said on the button: a request made now waits in line.
    let behind = Memo::new(move |_| {
        here.incident.with(|i| i.procedures.iter().find(|p| p.id == id.get_value()).and_then(|p| p.behind))
    });
    let answers = RwSignal::new(Answers::new());
    // Another answer is another request.
    Effect::new(move |_| {
        answers.track();
        key.set_value(fresh_key());
    });
    // Only look up what it would do.
    let dry = RwSignal::new(false);
    let asking = RwSignal::new(false);
    let own_attempt = Attempt::new();
    let request = move |()| {
        let navigate = navigate.clone();
        let asks = !answers.with_untracked(Answers::is_empty);
        let attempt = if asks { own_attempt } else { attempt };
        pressed.set(true);
        attempt.run(
            async move {
                let body = RunRequestIn {
                    procedure: id.get_value(),
                    parameters: answers.get_untracked(),
                    procedure_digest: Some(digest),
                    dry_run: dry.get_untracked(),
                    wait: behind.get_untracked().is_some(),
                    ..RunRequestIn::default()
                };
                let answer = api().request_run(here.number, &body, &key.get_value()).await;
                pressed.try_set(false);
                answer
            },
            move |run| {
                key.try_set_value(fresh_key());
                navigate(&format!("/console/runs/{}", run.number), NavigateOptions::default());
            },
        );
    };
    let press = {
        let request = request.clone();
        move |only_look: bool| {
            if dry.get_untracked() != only_look {
                dry.set(only_look);
                key.set_value(fresh_key());
            }
            if parameters.with_untracked(Vec::is_empty) {
                return request(());
            }
            let first = here.incident.with_untracked(|i| parameters.with_untracked(|p| preselect(p, &i.affected)));
            answers.set(first);
            asking.set(true);
        }
    };
    let on_request = Callback::new(request);
    let (really, dryly) = {
        let (press, same) = (press.clone(), press);
        (move |()| press(false), move |_| same(true))
    };
    let can_look = offer.refused.is_none();
    let generally = here.refused(IncidentCommand::RequestRun);
    let next = here.next();
    let kind = Signal::derive(move || {
        if matches!(next.get(), NextAction::Recover { procedure } if procedure == id.get_value()) {
            ButtonKind::Primary
        } else {
            ButtonKind::Plain
        }
    });
    let test_id = format!("procedure-{}", offer.id);
    let asks = offer.parameters.iter().map(|p| p.label.clone()).collect::<Vec<_>>().join(" ");
    let services = if !asks.is_empty() {
        Some(format!("Asks: {asks}"))
    } else {
        (!offer.services.is_empty()).then(|| format!("Acts on {}", offer.services.join(", ")))
    };
    let place = format!("plan, line {}", offer.line);
    let address =
        format!("/console/plan?system={}#line-{}", here.incident.with_untracked(|i| i.system.clone()), offer.line);
    let own = offer.refused.clone();
    let title = StoredValue::new(offer.title);
    view! {
        <li class="procedure">
            {move || {
                let general = generally.get();
                if general.is_some() && (own.is_none() || own == general) {
                    // The reason stands above all of them.
                    view! {
                        <button type="button" class="button" disabled=true aria-describedby="no-recovery" data-testid=test_id.clone()>
                            <span class="button-label">{title.get_value()}</span>
                        </button>
                    }
                        .into_any()
                } else {
                    view! {
                        <Button kind=kind busy=pressed refused=own.clone() on_press=really.clone() test_id=test_id.clone()>
                            {title.get_value()}
                        </Button>
                    }
                        .into_any()
                }
            }}
            <p class="procedure-meta">
                <span>{services}</span>
                {move || behind.get().map(|run| view! { <span data-testid="behind">{format!("Waits in line behind run {run}")}</span> })}
                <Show when=move || can_look && generally.with(Option::is_none)>
                    <button
                        type="button"
                        class="link-button"
                        title="Looks up what it would do and does nothing"
                        data-testid=format!("dry-run-{}", id.get_value())
                        on:click=dryly.clone()
                    >
                        "Dry run"
                    </button>
                </Show>
                <span>
                    <a href=address>{place}</a> " " <code title=format!("Digest of the procedure: {digest}")>{digest.short()}</code>
                </span>
            </p>
            <ParameterDialog open=asking title=title.get_value() parameters answers attempt=own_attempt on_request/>
        </li>
    }
}
