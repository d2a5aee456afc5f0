//! The parts of the declaration: level cards, components with their impact, the public side, the clocks that will start.

use leptos::prelude::*;
use shared::{
    domain::{criteria::Seen, status::Impact},
    plan::Level,
    timestamp::human_seconds,
};

use super::draft::{Draft, Part};
use crate::{
    components::{
        button::unique_id,
        field::{Checkbox, TextArea, TextField},
        icon::{Icon, Svg},
        public_look::PublicLook,
        state_badge::{Look, StateShape},
        tell_subscribers::TellSubscribers,
    },
    transport::api,
};

/// What somebody may choose when declaring.
const IMPACTS: [Impact; 3] = [Impact::Degraded, Impact::PartialOutage, Impact::MajorOutage];

fn span(seconds: u64) -> String {
    human_seconds(i64::try_from(seconds).unwrap_or(i64::MAX))
}

fn response_words(level: &Level) -> String {
    match level.response_seconds {
        None => "The plan names no response time".into(),
        Some(0) => "Respond at once".into(),
        Some(seconds) => format!("Respond within {}", span(seconds)),
    }
}

#[component]
pub(super) fn Levels(levels: Vec<Level>, draft: Draft, #[prop(into)] error: Signal<Option<String>>) -> impl IntoView {
    let chosen = draft.level;
    view! {
        <fieldset class="choice" class:wrong=move || error.with(Option::is_some)>
            <legend>"How bad is it?"</legend>
            <p class="hint">"Choose a level, or tick what you see: the level follows."</p>
            {move || error.get().map(|text| view! { <p class="field-error">{text}</p> })}
            <div class="level-cards">
                {levels
                    .into_iter()
                    .map(|level| {
                        let number = level.level;
                        let response = response_words(&level);
                        view! {
                            <div class="card" class:picked=move || chosen.get() == Some(number)>
                                <label class="card-choice">
                                    <input
                                        type="radio"
                                        name="level"
                                        value=number.to_string()
                                        prop:checked=move || chosen.get() == Some(number)
                                        on:change=move |_| chosen.set(Some(number))
                                    />
                                    <span class="card-title">{format!("Level {number} · {}", level.name)}</span>
                                    <span class="card-note">
                                        <Svg icon=Icon::Clock/>
                                        {response}
                                    </span>
                                </label>
                                <ul class="criteria" aria-label=format!("Criteria of level {number}")>
                                    {level
                                        .criteria
                                        .into_iter()
                                        .map(|text| view! { <Criterion draft seen=Seen { level: number, text }/> })
                                        .collect_view()}
                                </ul>
                            </div>
                        }
                    })
                    .collect_view()}
            </div>
        </fieldset>
    }
}

#[component]
fn Criterion(draft: Draft, seen: Seen) -> impl IntoView {
    let (text, ticked) = (seen.text.clone(), seen.clone());
    view! {
        <li>
            <label>
                <input
                    type="checkbox"
                    prop:checked=move || draft.seen.with(|all| all.contains(&ticked))
                    on:change=move |event| draft.tick(seen.clone(), event_target_checked(&event))
                />
                <span>{text}</span>
            </label>
        </li>
    }
}

/// Why this level, and what may help.
#[component]
pub(super) fn Guidance(draft: Draft) -> impl IntoView {
    let hints = Memo::new(move |_| draft.hints().into_iter().map(|hint| (hint.title, hint.why)).collect::<Vec<_>>());
    view! {
        <p class="guidance" role="status" data-testid="suggestion">{move || draft.suggestion()}</p>
        <Show when=move || hints.with(|hints| !hints.is_empty())>
            <section class="hints" aria-labelledby="hints">
                <h2 id="hints">"Procedures that may help"</h2>
                <ul data-testid="hints">
                    {move || {
                        let one = |(title, why)| view! { <li><strong>{title}</strong><span class="hint">{why}</span></li> };
                        hints.get().into_iter().map(one).collect_view()
                    }}
                </ul>
            </section>
        </Show>
    }
}

#[component]
pub(super) fn Affects(parts: Vec<Part>, #[prop(into)] error: Signal<Option<String>>) -> impl IntoView {
    view! {
        <fieldset class="choice" class:wrong=move || error.with(Option::is_some)>
            <legend>"What is affected?"</legend>
            {move || error.get().map(|text| view! { <p class="field-error">{text}</p> })}
            <ul class="parts">{parts.into_iter().map(|part| view! { <PartRow part=part/> }).collect_view()}</ul>
        </fieldset>
    }
}

#[component]
fn PartRow(part: Part) -> impl IntoView {
    let component = part.component.get_value();
    let (name, promise) =
        (component.name.clone(), component.rto_seconds.map(|s| format!("recovery within {}", span(s))));
    let group = unique_id("impact");
    view! {
        <li class="part">
            <label class="part-name">
                <input type="checkbox" prop:checked=part.on on:change=move |event| part.on.set(event_target_checked(&event))/>
                <span>{name.clone()}</span>
                <span class="hint">{promise}</span>
            </label>
            <Show when=move || part.on.get()>
                <div class="segments" role="radiogroup" aria-label=format!("Impact on {name}")>
                    {IMPACTS
                        .map(|impact| {
                            view! {
                                <label class="segment" data-tone=impact.tone().name()>
                                    <input
                                        type="radio"
                                        name=group.clone()
                                        prop:checked=move || part.impact.get() == impact
                                        on:change=move |_| part.impact.set(impact)
                                    />
                                    <StateShape tone=impact.tone()/>
                                    <span>{impact.words()}</span>
                                </label>
                            }
                        })
                        .collect_view()}
                </div>
            </Show>
        </li>
    }
}

#[component]
pub(super) fn PublicSide(
    draft: Draft,
    #[prop(into)] title_error: Signal<Option<String>>,
    #[prop(into)] text_error: Signal<Option<String>>,
) -> impl IntoView {
    let typed = Signal::derive(move || format!("{}\n{}", draft.public_title.get(), draft.public_text.get()));
    let look = move || draft.parse().map(|body| async move { api().preview_declared(&body).await });
    view! {
        <fieldset class="choice">
            <legend>"What does the public see?"</legend>
            <Checkbox
                label="Show this incident on the status page"
                value=draft.public
                hint="Off keeps it internal: the status page does not mention it."
            />
            <Show when=move || draft.public.get()>
                <TextField label="Public title" value=draft.public_title error=title_error required=true/>
                <TextArea label="Public message" value=draft.public_text rows=2 error=text_error required=true/>
                // Without a component it is not known whom it concerns.
                <Show when=move || !draft.keys().is_empty()>
                    <TellSubscribers value=draft.notify components=Signal::derive(move || Some(draft.keys()))/>
                </Show>
                <PublicLook typed ask=look test_id="declare-preview"/>
            </Show>
        </fieldset>
    }
}

/// What declaring sets going.
#[component]
pub(super) fn ClocksAhead(draft: Draft) -> impl IntoView {
    let clocks = move || {
        let response = draft.chosen_level().map(|level| ("Response".to_owned(), level.response_seconds));
        let recovery = draft.affected().into_iter().map(|(c, _)| (format!("Recovery of {}", c.name), c.rto_seconds));
        response.into_iter().chain(recovery).collect::<Vec<_>>()
    };
    view! {
        <section aria-labelledby="clocks-ahead">
            <h2 id="clocks-ahead">"Clocks that start"</h2>
            <ul class="clocks-ahead" aria-live="polite">
                {move || {
                    let clocks = clocks();
                    if clocks.is_empty() {
                        return view! { <li class="muted">"Choose a level and a component."</li> }.into_any();
                    }
                    clocks
                        .into_iter()
                        .map(|(label, seconds)| {
                            let limit = match seconds {
                                None => "no time promised".to_owned(),
                                Some(0) => "at once".to_owned(),
                                Some(seconds) => span(seconds),
                            };
                            view! {
                                <li>
                                    <span>{label}</span>
                                    <span class="number">{limit}</span>
                                </li>
                            }
                        })
                        .collect_view()
                        .into_any()
                }}
            </ul>
        </section>
    }
}
