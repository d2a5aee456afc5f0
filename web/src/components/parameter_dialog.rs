//! What a button asks before it asks for consent: which of several, with the state of each. Requests nothing itself.

use std::collections::BTreeMap;

use leptos::prelude::*;
use shared::{
    api::incident::{ParameterChoice, ParameterOffer},
    domain::incident::Affected,
};

use crate::components::{
    attempt::Attempt,
    button::{Button, ButtonKind, unique_id},
    dialog::Dialog,
    error_note::ErrorNote,
    state_badge::{StateShape, Tone},
    time::{Instant, Moment},
};

/// Parameter's name → value.
pub(crate) type Answers = BTreeMap<String, String>;

/// The first question that can be answered with something the incident affects is; all others are as the plan has them.
pub(crate) fn preselect(parameters: &[ParameterOffer], affected: &[Affected]) -> Answers {
    let mut taken = false;
    let one = |parameter: &ParameterOffer| {
        let has = |value: &&String| parameter.choices.iter().any(|choice| choice.value == **value);
        let found = if taken { None } else { affected.iter().map(|a| &a.component).find(has) };
        taken |= found.is_some();
        (parameter.name.clone(), found.unwrap_or(&parameter.default).clone())
    };
    parameters.iter().map(one).collect()
}

#[component]
pub(crate) fn ParameterDialog(
    open: RwSignal<bool>,
    /// The procedure's.
    title: String,
    /// Live: states change while one reads.
    #[prop(into)]
    parameters: Signal<Vec<ParameterOffer>>,
    answers: RwSignal<Answers>,
    attempt: Attempt,
    on_request: Callback<()>,
) -> impl IntoView {
    // A question stays the same thing while the states of its choices change.
    let names = Memo::new(move |_| parameters.with(|all| all.iter().map(|p| p.name.clone()).collect::<Vec<_>>()));
    let chosen = move || answers.with(|a| a.values().cloned().collect::<Vec<_>>().join(", "));
    let heading = title.clone();
    view! {
        <Dialog open title=heading>
            <form class="form" data-testid="parameters" on:submit=move |event| {
                event.prevent_default();
                on_request.run(());
            }>
                {move || {
                    names
                        .get()
                        .into_iter()
                        .map(|name| {
                            let this = name.clone();
                            let one = Memo::new(move |_| parameters.with(|all| all.iter().find(|p| p.name == this).cloned()));
                            view! { <Question name one answers/> }
                        })
                        .collect_view()
                }}
                <ErrorNote error=attempt.error/>
                <p class="muted">"Nothing happens yet: the worker looks at the host, then somebody else must agree."</p>
                <div class="form-actions">
                    <Button on_press=move |()| open.set(false)>"Cancel"</Button>
                    <Button kind=ButtonKind::Primary submit=true busy=attempt.busy test_id="parameters-send">
                        {move || format!("Request for {}", chosen())}
                    </Button>
                </div>
            </form>
        </Dialog>
    }
}

#[component]
fn Question(name: String, one: Memo<Option<ParameterOffer>>, answers: RwSignal<Answers>) -> impl IntoView {
    let group = StoredValue::new(unique_id("parameter"));
    let name = StoredValue::new(name);
    let seen = move || one.with(|p| p.as_ref().and_then(|p| p.seen_at));
    let choice = move |choice: ParameterChoice, default: &str| {
        let value = StoredValue::new(choice.value.clone());
        let is_default = choice.value == default;
        let checked = move || answers.with(|a| a.get(&name.get_value()) == Some(&value.get_value()));
        let pick = move |_| {
            answers.update(|a| {
                a.insert(name.get_value(), value.get_value());
            });
        };
        view! {
            <label class="publish-choice parameter-choice">
                <input type="radio" name=group.get_value() autofocus=untrack(checked) prop:checked=checked on:change=pick/>
                <span>
                    <b class="name">{choice.value}</b>
                    <span class="parameter-say">
                        {match (choice.written_at, choice.note) {
                            // A file has no state; what tells one from another is its age.
                            (Some(at), size) => Some(view! { <span class="parameter-fact">"written " <Moment at/></span> {size.map(|size| view! { <span class="parameter-fact">{size}</span> })} }.into_any()),
                            (None, Some(note)) => Some(view! { <span class="parameter-state"><StateShape tone=tone(&note)/> {note}</span> }.into_any()),
                            (None, None) => None,
                        }}
                        {is_default.then(|| view! { <span class="muted">"the plan’s text says this one"</span> })}
                    </span>
                </span>
            </label>
        }
    };
    view! {
        <fieldset class="parameter">
            <legend>{move || one.with(|p| p.as_ref().map(|p| p.label.clone()))}</legend>
            <div class="publish-choices parameter-choices">
                {move || one.get().map(|p| p.choices.into_iter().map(|c| choice(c, &p.default)).collect_view())}
            </div>
            {move || seen().map(|at| view! { <p class="hint">"As seen on the host " <Instant at/></p> })}
        </fieldset>
    }
}

fn tone(note: &str) -> Tone {
    match note.split([' ', ',']).next() {
        Some("running") => Tone::Good,
        Some("exited" | "dead" | "missing") => Tone::Critical,
        Some("paused" | "restarting" | "created" | "unhealthy") => Tone::Warning,
        _ => Tone::Notice,
    }
}

#[cfg(test)]
mod tests {
    use shared::domain::status::Impact;

    use super::*;

    fn offer(name: &str, values: &[&str]) -> ParameterOffer {
        let choice = |value: &&str| ParameterChoice { value: (*value).into(), note: None, written_at: None };
        ParameterOffer {
            name: name.into(),
            label: "Which?".into(),
            default: values[0].into(),
            choices: values.iter().map(choice).collect(),
            seen_at: None,
        }
    }

    #[test]
    fn what_is_broken_is_chosen_once_and_the_plan_has_the_rest() {
        let broken = |component: &str| Affected::new(component, component, Impact::MajorOutage, None);
        let questions = [offer("from", &["v1", "v2"]), offer("to", &["v1", "v2"]), offer("file", &["a.sql"])];
        let values = |affected: &[Affected]| preselect(&questions, affected).into_values().collect::<Vec<_>>();
        // By name: file, from, to.
        assert_eq!(values(&[broken("database"), broken("v2")]), ["a.sql", "v2", "v1"]);
        assert_eq!(values(&[broken("database")]), ["a.sql", "v1", "v1"]);
        assert_eq!(values(&[]), ["a.sql", "v1", "v1"]);
    }
}
