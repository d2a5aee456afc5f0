//! What is affected, and how badly, while it goes on: the list, and the dialog that changes it. Asks for the plan only when opened.

use leptos::{ev::SubmitEvent, prelude::*};
use shared::{
    api::incident::{AffectedChangeIn, AffectedIn},
    domain::{
        incident::{Affected, IncidentCommand},
        status::Impact,
    },
    plan::Component,
    timestamp::human_seconds,
};

use super::{Here, commands::DialogFoot, standing::optional};
use crate::{
    components::{
        async_view::{AsyncView, Fetched},
        attempt::Attempt,
        dialog::Dialog,
        error_note::ErrorNote,
        field::{SelectField, TextArea},
        state_badge::StateBadge,
        time::Instant,
    },
    transport::api,
};

#[component]
pub(super) fn Components(here: Here) -> impl IntoView {
    let over = Memo::new(move |_| here.incident.with(|i| i.resolved_at.is_some()));
    let affected = Memo::new(move |_| here.incident.with(|i| i.affected.clone()));
    let changing = RwSignal::new(false);
    let may = here.open(IncidentCommand::ChangeAffected);
    view! {
        <section class="panel" aria-labelledby="affected">
            <div class="panel-head">
                <h2 id="affected">"Affected"</h2>
                <Show when=move || may.get()>
                    <button type="button" class="link-button" data-testid="affected-change" on:click=move |_| changing.set(true)>
                        "Change"
                    </button>
                </Show>
            </div>
            <ul class="fact-list">
                {move || affected.get().into_iter().map(|a| view! { <Part affected=a over=over.get()/> }).collect_view()}
            </ul>
        </section>
        <Dialog open=changing title=format!("What incident {} affects", here.number)>
            {
                let system = here.incident.with_untracked(|i| i.system.clone());
                let components = Fetched::new(move || {
                    let system = system.clone();
                    async move { Ok(api().plan(&system).await?.compiled.plan.components) }
                });
                view! {
                    <AsyncView
                        of=components
                        what="the components"
                        content=move |components| view! { <AffectedForm here open=changing components/> }
                    />
                }
            }
        </Dialog>
    }
}

#[component]
fn Part(affected: Affected, over: bool) -> impl IntoView {
    let promised = affected
        .rto_seconds
        .map(|s| format!("recovery within {}", human_seconds(i64::try_from(s).unwrap_or(i64::MAX))));
    view! {
        <li>
            <span class="fact-name">
                {affected.name} <span class="hint">{promised}</span>
                {affected.restored_at.map(|at| view! { <span class="hint">"Works again since " <Instant at/></span> })}
            </span>
            {if over {
                view! { <span class="hint">{affected.impact.words()}</span> }.into_any()
            } else {
                view! { <StateBadge state=affected.impact/> }.into_any()
            }}
        </li>
    }
}

/// Everything that can be named: what the incident has, then what else the plan has.
fn nameable(affected: &[Affected], components: &[Component]) -> Vec<(String, String, Option<Impact>)> {
    let known = affected.iter().map(|a| (a.component.clone(), a.name.clone(), Some(a.impact)));
    let new = components.iter().filter(|c| affected.iter().all(|a| a.component != c.id));
    known.chain(new.map(|c| (c.id.clone(), c.name.clone(), None))).collect()
}

fn key(impact: Option<Impact>) -> String {
    impact.map_or_else(String::new, |impact| impact.words().to_owned())
}

#[component]
fn AffectedForm(here: Here, open: RwSignal<bool>, components: Signal<Vec<Component>>) -> impl IntoView {
    let attempt = Attempt::new();
    let text = RwSignal::new(String::new());
    let wrong = RwSignal::new(None::<String>);
    // One choice for each component, as it is whenever the dialog is opened; what others change meanwhile is not undone by
    // it, because only what was chosen here is sent.
    let rows = Memo::new(move |_| {
        open.track();
        let affected = here.incident.with_untracked(|i| i.affected.clone());
        let rows = components.with(|components| nameable(&affected, components));
        rows.into_iter().map(|(id, name, impact)| (id, name, impact, RwSignal::new(key(impact)))).collect::<Vec<_>>()
    });
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let changed: Vec<_> = rows.with_untracked(|rows| {
            let chosen =
                |now: &RwSignal<String>| Impact::ALL.into_iter().find(|i| key(Some(*i)) == now.get_untracked());
            let changed = |(id, _, before, now): &(String, String, Option<Impact>, RwSignal<String>)| {
                let impact = chosen(now).filter(|impact| Some(*impact) != *before)?;
                Some(AffectedIn { component: id.clone(), impact })
            };
            rows.iter().filter_map(changed).collect()
        });
        let parsed = optional(&text.get_untracked());
        wrong.set(parsed.as_ref().err().cloned().or_else(|| {
            changed.is_empty().then(|| "Nothing is changed yet: choose another impact for a component.".into())
        }));
        let (Ok(message), false) = (parsed, changed.is_empty()) else { return };
        let body = AffectedChangeIn { affected: changed, text: message };
        attempt.run(async move { api().change_affected(here.number, &body).await }, move |view| {
            here.fetched.put(view);
            text.try_set(String::new());
            open.try_set(false);
        });
    };
    let error = attempt.field("text");
    view! {
        <form class="form" on:submit=submit novalidate>
            <p>"A component that is operational again stops its clock. If the incident is on the status page, the page changes too."</p>
            <ErrorNote error=attempt.error/>
            <div class="impact-fields">
                {move || {
                    rows.get()
                        .into_iter()
                        .map(|(_, name, before, now)| {
                            let none = before.is_none().then(|| (String::new(), "Not affected".to_owned()));
                            let impacts = Impact::ALL.map(|i| (key(Some(i)), i.words().to_owned()));
                            // New, it can only be said to be broken.
                            let impacts = impacts.into_iter().filter(|(k, _)| before.is_some() || *k != key(Some(Impact::Operational)));
                            let choices: Vec<_> = none.into_iter().chain(impacts).collect();
                            view! { <SelectField label=name choices=choices value=now/> }
                        })
                        .collect_view()
                }}
            </div>
            <TextArea
                label="What is known"
                value=text
                rows=2
                hint="For the team, if there is something to say."
                error=Signal::derive(move || wrong.get().or_else(|| error.get()))
            />
            <DialogFoot open busy=attempt.busy test_id="affected-submit" words="Change what is affected".to_owned()/>
        </form>
    }
}
