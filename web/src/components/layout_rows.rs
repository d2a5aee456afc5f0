//! The parts of the public page as rows to move, rename, describe and hide. What moving means is the draft's.

use leptos::prelude::*;
use wasm_bindgen::JsCast;

use crate::components::{
    button::{Button, ButtonKind},
    field::{Checkbox, TextField},
    layout_draft::{Draft, Part, Row},
};

#[component]
pub(crate) fn LayoutParts(draft: Draft) -> impl IntoView {
    view! {
        <ol class="layout-parts" data-testid="layout">
            <For each=move || draft.parts.get() key=|part| part.key let:part>
                <OnePart draft part/>
            </For>
        </ol>
    }
}

#[component]
fn OnePart(draft: Draft, part: Part) -> impl IntoView {
    let key = part.key;
    let rows = move || {
        let of = |parts: &Vec<Part>| parts.iter().find(|p| p.key == key).map(|p| p.rows.clone());
        draft.parts.with(of).unwrap_or_default()
    };
    let first = Signal::derive(move || draft.parts.with(|parts| parts.first().is_some_and(|p| p.key == key)));
    let last = Signal::derive(move || draft.parts.with(|parts| parts.last().is_some_and(|p| p.key == key)));
    view! {
        <li class="layout-part">
            <div class="layout-head">
                {match part.name {
                    Some(name) => view! { <TextField label="Name of the group" value=name/> }.into_any(),
                    None => view! { <p class="muted">"Without a group"</p> }.into_any(),
                }}
                <span class="button-row">
                    <Mover id=format!("part-up-{key}") words="Up" of="this part" off=first go=move || draft.move_part(key, true)/>
                    <Mover id=format!("part-down-{key}") words="Down" of="this part" off=last go=move || draft.move_part(key, false)/>
                    {part
                        .name
                        .map(|_| {
                            view! {
                                <Button kind=ButtonKind::Quiet on_press=move |()| draft.dissolve(key)>
                                    "Remove group"
                                </Button>
                            }
                        })}
                </span>
            </div>
            <ul class="rows">
                <For each=rows key=|row| row.key let:row>
                    <OneRow draft row/>
                </For>
            </ul>
            <Show when=move || rows().is_empty()>
                <p class="hint">"Empty: move a component here with Up and Down. Visitors do not see an empty group."</p>
            </Show>
        </li>
    }
}

#[component]
fn OneRow(draft: Draft, row: Row) -> impl IntoView {
    let key = row.key;
    let first = Signal::derive(move || draft.is_first(key));
    let last = Signal::derive(move || draft.is_last(key));
    let open = RwSignal::new(false);
    let plan_name = row.plan_name.clone();
    let shown = move || row.name.with(|name| if name.trim().is_empty() { plan_name.clone() } else { name.clone() });
    let renamed = move || row.name.with(|name| !name.trim().is_empty());
    let of = row.plan_name.clone();
    view! {
        <li class="row layout-row" class:off=move || row.hidden.get()>
            <span class="row-main">
                <b>{shown}</b>
                <span class="row-meta">
                    {move || renamed().then(|| format!("In the plan: {}. ", row.plan_name))}
                    {move || row.description.get()}
                    {move || row.hidden.get().then_some(" Hidden from visitors.")}
                </span>
            </span>
            <span class="button-row">
                <Mover id=format!("row-up-{key}") words="Up" of=of.clone() off=first go=move || draft.move_row(key, true)/>
                <Mover id=format!("row-down-{key}") words="Down" of=of.clone() off=last go=move || draft.move_row(key, false)/>
                <button
                    type="button"
                    class="button quiet"
                    aria-expanded=move || open.get().to_string()
                    on:click=move |_| open.update(|open| *open = !*open)
                >
                    "Change"
                    <span class="visually-hidden">{format!(" {of}")}</span>
                </button>
            </span>
            <Show when=move || open.get()>
                <div class="layout-fields">
                    <TextField label="Name on the page" value=row.name hint="Empty: as in the plan."/>
                    <TextField label="Description" value=row.description hint="One line for visitors: what it does for them."/>
                    <Checkbox
                        label="Hide it from visitors"
                        value=row.hidden
                        hint="Nothing on the public page, in feeds or badges then names it, not even an incident."
                    />
                </div>
            </Show>
        </li>
    }
}

/// Up or down. What has moved keeps the focus, so that one can press again.
#[component]
fn Mover(
    id: String,
    words: &'static str,
    #[prop(into)] of: String,
    off: Signal<bool>,
    go: impl Fn() + 'static,
) -> impl IntoView {
    let kept = StoredValue::new(id.clone());
    let press = move |_| {
        if off.get_untracked() {
            return;
        }
        // What moves to another part is drawn anew there, and this one is gone.
        let id = kept.get_value();
        go();
        request_animation_frame(move || {
            let Some(button) = document().get_element_by_id(&id) else { return };
            if let Ok(button) = button.dyn_into::<web_sys::HtmlElement>() {
                // Focusing a connected element does not fail.
                let _ = button.focus();
            }
        });
    };
    view! {
        <button
            type="button"
            class="button quiet"
            id=id
            aria-disabled=move || off.get().then_some("true")
            on:click=press
        >
            {words}
            <span class="visually-hidden">{format!(": {of}")}</span>
        </button>
    }
}
