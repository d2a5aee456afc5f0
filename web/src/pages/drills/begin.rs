//! Beginning a drill: which procedure, with which answers, for how long. The run it leads to asks for consent as any other.

use std::collections::BTreeMap;

use leptos::{ev::SubmitEvent, prelude::*};
use leptos_router::hooks::use_navigate;
use shared::{
    api::drill::{DrillIn, DrillOffer, DrillsView},
    domain::drill::LIMIT_SECONDS,
};

use crate::{
    components::{
        async_view::Fetched,
        attempt::Attempt,
        button::{Button, ButtonKind},
        error_note::ErrorNote,
        field::{SelectField, TextField},
    },
    transport::{api, fresh_key},
};

#[component]
pub(super) fn Begin(
    view: Signal<DrillsView>,
    of: Fetched<DrillsView>,
    open: RwSignal<bool>,
    /// What the link here asked for.
    asked: Option<String>,
) -> impl IntoView {
    let offers = view.with_untracked(|v| v.procedures.clone());
    let slug = view.with_untracked(|v| v.system.clone());
    let first = offers.iter().find(|o| Some(&o.procedure) == asked.as_ref()).or(offers.first());
    let procedure = RwSignal::new(first.map(|o| o.procedure.clone()).unwrap_or_default());
    let hours = RwSignal::new((LIMIT_SECONDS / 3600).to_string());
    let wrong_hours = RwSignal::new(None::<String>);
    let answers = RwSignal::new(BTreeMap::<String, String>::new());
    let choices: Vec<_> = offers.iter().map(|o| (o.procedure.clone(), o.title.clone())).collect();
    let offers = StoredValue::new(offers);
    let chosen =
        Memo::new(move |_| offers.with_value(|all| all.iter().find(|o| o.procedure == procedure.get()).cloned()));
    let refused = move || chosen.with(|c| c.as_ref().and_then(|o| o.refused.clone()));
    let attempt = Attempt::new();
    let navigate = use_navigate();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let Some(offer) = chosen.get_untracked() else { return };
        let limit_seconds = hours.with_untracked(|h| h.trim().parse::<u64>().ok()).filter(|h| (1..=24).contains(h));
        wrong_hours.set(limit_seconds.is_none().then(|| "A whole number of hours, from 1 to 24.".to_owned()));
        let Some(limit_seconds) = limit_seconds.map(|h| h * 3600) else { return };
        let given = answers.get_untracked();
        let of_it = |(name, _): &(String, String)| offer.parameters.iter().any(|p| p.name == *name);
        let body = DrillIn {
            procedure: offer.procedure.clone(),
            parameters: given.into_iter().filter(of_it).collect(),
            procedure_digest: Some(offer.digest),
            limit_seconds: Some(limit_seconds),
        };
        let (slug, navigate) = (slug.clone(), navigate.clone());
        attempt.run(async move { api().begin_drill(&slug, &body, &fresh_key()).await }, move |drill| {
            open.set(false);
            of.refetch();
            navigate(&format!("/console/runs/{}", drill.run), Default::default());
        });
    };
    view! {
        <form class="form panel" on:submit=submit novalidate data-testid="drill-form">
            <h2>"Begin a drill"</h2>
            <p class="muted">
                "The same steps with the same approvals, on a copy that is made for it and removed afterwards. The real system is not touched, \
                 and nobody outside hears of it."
            </p>
            <SelectField label="What is rehearsed" choices=Signal::stored(choices) value=procedure error=attempt.field("procedure")/>
            {move || chosen.get().map(|offer| view! { <Questions offer answers/> })}
            {move || refused().map(|why| view! { <p class="reason">{why}</p> })}
            <TextField
                label="Ends by itself after so many hours"
                value=hours
                kind="number"
                error=Signal::derive(move || wrong_hours.get().or_else(|| attempt.field("limit_seconds").get()))
                required=true
            />
            <ErrorNote error=attempt.error/>
            <div class="form-actions">
                <Button on_press=move |()| open.set(false)>"Cancel"</Button>
                <Button
                    kind=ButtonKind::Primary
                    submit=true
                    busy=attempt.busy
                    refused=Signal::derive(refused)
                    test_id="drill-begin-send"
                >
                    "Begin the drill"
                </Button>
            </div>
        </form>
    }
}

/// What the procedure asks, as the plan has it unless somebody says otherwise.
#[component]
fn Questions(offer: DrillOffer, answers: RwSignal<BTreeMap<String, String>>) -> impl IntoView {
    let one = |parameter: shared::plan::Parameter| {
        let value = RwSignal::new(parameter.default.clone());
        let (name, default) = (parameter.name.clone(), parameter.default.clone());
        Effect::new(move |_| {
            let said = value.get();
            answers.update(|all| {
                if said == default {
                    all.remove(&name)
                } else {
                    all.insert(name.clone(), said)
                };
            });
        });
        let Some(values) = offer.choices.get(&parameter.name) else {
            return view! { <TextField label=parameter.label value/> }.into_any();
        };
        let choices = values.iter().map(|value| (value.clone(), value.clone())).collect::<Vec<_>>();
        view! { <SelectField label=parameter.label choices=Signal::stored(choices) value/> }.into_any()
    };
    offer.parameters.iter().cloned().map(one).collect_view()
}
