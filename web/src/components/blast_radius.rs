//! The blast radius: what will happen to which objects of the live host, by name, before anybody says yes. Asks nothing.

use leptos::prelude::*;
use shared::{
    domain::resolution::{Resolution, ResolvedObject, ResolvedStep},
    plan::Procedure,
};

use crate::components::{
    icon::{Icon, Svg},
    state_badge::{StateShape, Tone},
    step_words::{Weighed, count, image_words, kind_word, object_word, short_id, size_words, table_words, weigh},
    time::Instant,
};

#[component]
pub(crate) fn BlastRadius(
    resolution: Resolution,
    procedure: Procedure,
    /// Over or still to come: "What will happen", "What was approved".
    #[prop(into)]
    heading: String,
    /// The address of the plan's version the steps are from.
    plan: String,
) -> impl IntoView {
    let plan = StoredValue::new(plan);
    let Weighed { effects, looks, checks } = weigh(&resolution, &procedure);
    let final_steps = effects.iter().filter(|s| s.destructive).count();
    let kinds: Vec<_> =
        procedure.steps.iter().map(|s| (s.number, kind_word(&s.kind), s.line, s.source.clone())).collect();
    let about = move |number: u32| kinds.iter().find(|(n, ..)| *n == number).cloned();
    let summary = match effects.len() {
        0 => "Nothing is changed: every step only looks.".to_owned(),
        n => format!("{} something.", count(n, "step changes", "steps change")),
    };
    let danger = (final_steps > 0).then(|| {
        let words = format!("{} cannot be undone.", count(final_steps, "step", "steps"));
        view! {
            <p class="blast-danger">
                <StateShape tone=Tone::Critical/>
                {words}
            </p>
        }
    });
    let effects = effects.into_iter().map(|step| {
        let (_, kind, line, source) = about(step.number).unwrap_or((step.number, "Step", 0, String::new()));
        let place = (line > 0).then(|| (line, format!("{}#line-{line}", plan.get_value())));
        view! { <Effected step kind place source/> }
    });
    view! {
        <section class="blast" aria-labelledby="blast-heading">
            <header class="blast-head">
                <h2 id="blast-heading">{heading}</h2>
                <p class="blast-where">
                    "On the host " <b class="name">{resolution.host.clone()}</b> ", only in the Compose project "
                    <b class="name">{resolution.project.clone()}</b> ". Looked at " <Instant at=resolution.taken_at/> "."
                </p>
                <p>{summary}</p>
                {danger}
            </header>
            <ol class="blast-effects">{effects.collect_view()}</ol>
            {(!looks.is_empty())
                .then(|| {
                    let summary =
                        format!("{} and change nothing", count(looks.len(), "other step only looks", "other steps only look"));
                    view! { <Folded summary steps=looks/> }
                })}
            {(!checks.is_empty())
                .then(|| {
                    let summary = format!("{} at the end prove that it worked", count(checks.len(), "check", "checks"));
                    view! { <Folded summary steps=checks/> }
                })}
        </section>
    }
}

/// One step that changes something, and every object it changes.
#[component]
fn Effected(step: ResolvedStep, kind: &'static str, place: Option<(u32, String)>, source: String) -> impl IntoView {
    let none = step.objects.is_empty();
    let tables = (!step.tables.is_empty()).then(|| {
        let named = step.tables.iter().map(table_words).collect::<Vec<_>>().join(", ");
        view! { <p class="effect-tables" data-testid="effect-tables">"Rows now: " <b class="name">{named}</b></p> }
    });
    let secrets = (!step.secrets.is_empty()).then(|| {
        let named = step.secrets.iter().map(|s| format!("{} (version {})", s.name, s.version)).collect::<Vec<_>>().join(", ");
        view! { <p class="effect-tables" data-testid="effect-secrets">"Gets the secrets: " <b class="name">{named}</b></p> }
    });
    let objects = step.objects.into_iter().map(|object| view! { <Touched object/> }).collect_view();
    view! {
        <li class="effect" data-destructive=step.destructive.then_some("")>
            <p class="effect-head">
                <span class="chip">{kind}</span>
                <span class="effect-step">{format!("Step {}", step.number)}</span>
                {step
                    .destructive
                    .then(|| {
                        view! {
                            <span class="mark-final">
                                <StateShape tone=Tone::Critical/>
                                "Cannot be undone"
                            </span>
                        }
                    })}
            </p>
            <p class="effect-words">{step.effect}</p>
            <ul class="effect-objects">{objects}</ul>
            {tables}
            {secrets}
            {none.then(|| view! { <p class="muted">"It touches no container, volume or network of the project."</p> })}
            <p class="effect-source">
                <code>{source}</code>
                {place.map(|(line, address)| view! { <a href=address>{format!("Plan, line {line}")}</a> })}
            </p>
        </li>
    }
}

#[component]
fn Touched(object: ResolvedObject) -> impl IntoView {
    let (size, image_digest) = (size_words(&object), image_words(&object));
    // A volume's id is its name.
    let id = (object.id != object.name).then(|| short_id(&object));
    let fact = |name: &'static str, value: Option<String>| {
        value.map(|value| view! { <div><dt>{name}</dt><dd class="name">{value}</dd></div> })
    };
    view! {
        <li class="touched">
            <p class="touched-name">
                <span class="touched-kind">{object_word(object.kind)}</span>
                <b class="name">{object.name}</b>
                {object.state.map(|state| view! { <span class="touched-state">{format!("now {state}")}</span> })}
            </p>
            <dl class="touched-facts">
                {fact("Service", object.service)} {fact("Image", object.image)}
                {fact("Image digest", image_digest)} {fact("Id", id)} {fact("Size", size)}
                {fact("Port", object.port.map(|p| p.to_string()))}
            </dl>
        </li>
    }
}

/// Steps that weigh little: said, not shouted.
#[component]
fn Folded(summary: String, steps: Vec<ResolvedStep>) -> impl IntoView {
    let items = steps
        .into_iter()
        .map(|step| {
            let why = step.by_hand.map(|why| view! { <span class="muted">" (" {why} ")"</span> });
            view! { <li><span class="effect-step">{format!("Step {}", step.number)}</span> {step.effect} {why}</li> }
        })
        .collect_view();
    view! {
        <details class="blast-looks">
            <summary>
                <Svg icon=Icon::ChevronRight/>
                {summary}
            </summary>
            <ol>{items}</ol>
        </details>
    }
}
