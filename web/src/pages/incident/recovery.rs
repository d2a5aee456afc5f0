//! The recovery buttons: what fits first, what is off with its reason. A press asks for a run; nothing happens before others agree.

use std::collections::BTreeMap;

use leptos::prelude::*;
use leptos_router::{NavigateOptions, hooks::use_navigate};
use shared::{
    api::{incident::ProcedureOffer, run::RunRequestIn},
    domain::incident::IncidentCommand,
};

use super::{Here, next::NextAction};
use crate::{
    components::{
        attempt::Attempt,
        button::{Button, ButtonKind},
        error_note::ErrorNote,
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
    view! {
        <ul class="procedures">
            <For
                each=move || list.get()
                key=|p| (p.id.clone(), p.title.clone(), p.refused.clone())
                children=move |p| view! { <ProcedureButton here=here offer=p attempt=attempt/> }
            />
        </ul>
    }
}

#[component]
fn ProcedureButton(here: Here, offer: ProcedureOffer, attempt: Attempt) -> impl IntoView {
    let id = StoredValue::new(offer.id.clone());
    let key = StoredValue::new(fresh_key());
    let pressed = RwSignal::new(false);
    let navigate = use_navigate();
    let request = move |()| {
        let navigate = navigate.clone();
        pressed.set(true);
        attempt.run(
            async move {
                let body = RunRequestIn { procedure: id.get_value(), parameters: BTreeMap::new() };
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
    let services = (!offer.services.is_empty()).then(|| format!("Acts on {}", offer.services.join(", ")));
    let place = format!("plan, line {}", offer.line);
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
                        <Button kind=kind busy=pressed refused=own.clone() on_press=request.clone() test_id=test_id.clone()>
                            {title.get_value()}
                        </Button>
                    }
                        .into_any()
                }
            }}
            <p class="procedure-meta">
                <span>{services}</span>
                <a href=format!("/console/plan#line-{}", offer.line)>{place}</a>
            </p>
        </li>
    }
}
