//! Label, control, hint and error as one thing. Holds no rule about what may be typed.

use leptos::{html, prelude::*};

use crate::components::button::unique_id;

/// One line of text.
#[component]
pub(crate) fn TextField(
    #[prop(into)] label: String,
    value: RwSignal<String>,
    #[prop(default = "text")] kind: &'static str,
    #[prop(optional)] autocomplete: Option<&'static str>,
    #[prop(optional, into)] hint: MaybeProp<String>,
    #[prop(optional, into)] error: MaybeProp<String>,
    #[prop(optional)] required: bool,
    #[prop(optional)] autofocus: bool,
) -> impl IntoView {
    let id = unique_id("field");
    let node = NodeRef::<html::Input>::new();
    if autofocus {
        // The attribute only works while a page loads.
        Effect::new(move |_| {
            if let Some(input) = node.get() {
                // Focusing a connected element does not fail.
                let _ = input.focus();
            }
        });
    }
    view! {
        <div class="field" class:wrong=move || error.with(Option::is_some)>
            <label for=id.clone()>{label}</label>
            <input
                node_ref=node
                id=id.clone()
                type=kind
                autocomplete=autocomplete
                required=required
                spellcheck=(kind != "text").then_some("false")
                prop:value=value
                on:input=move |event| value.set(event_target_value(&event))
                aria-invalid=move || error.with(Option::is_some).then_some("true")
                aria-describedby=format!("{id}-say")
            />
            <FieldWords id=format!("{id}-say") hint=hint error=error/>
        </div>
    }
}

/// Several lines of text.
#[component]
pub(crate) fn TextArea(
    #[prop(into)] label: String,
    value: RwSignal<String>,
    #[prop(default = 4)] rows: u32,
    #[prop(optional, into)] hint: MaybeProp<String>,
    #[prop(optional, into)] error: MaybeProp<String>,
    #[prop(optional)] required: bool,
) -> impl IntoView {
    let id = unique_id("field");
    view! {
        <div class="field" class:wrong=move || error.with(Option::is_some)>
            <label for=id.clone()>{label}</label>
            <textarea
                id=id.clone()
                rows=rows
                required=required
                prop:value=value
                on:input=move |event| value.set(event_target_value(&event))
                aria-invalid=move || error.with(Option::is_some).then_some("true")
                aria-describedby=format!("{id}-say")
            ></textarea>
            <FieldWords id=format!("{id}-say") hint=hint error=error/>
        </div>
    }
}

/// One of a few named things.
#[component]
pub(crate) fn SelectField(
    #[prop(into)] label: String,
    /// Value and words of each choice.
    #[prop(into)]
    choices: Signal<Vec<(String, String)>>,
    value: RwSignal<String>,
    /// The label is read out, not seen.
    #[prop(optional)]
    hide_label: bool,
    #[prop(optional, into)] error: MaybeProp<String>,
) -> impl IntoView {
    let id = unique_id("field");
    view! {
        <div class="field" class:wrong=move || error.with(Option::is_some)>
            <label for=id.clone() class:visually-hidden=hide_label>
                {label}
            </label>
            <select
                id=id.clone()
                prop:value=value
                on:change=move |event| value.set(event_target_value(&event))
                aria-describedby=format!("{id}-say")
            >
                {move || {
                    choices
                        .get()
                        .into_iter()
                        .map(|(key, words)| {
                            let selected = key == value.get_untracked();
                            view! {
                                <option value=key selected=selected>
                                    {words}
                                </option>
                            }
                        })
                        .collect_view()
                }}
            </select>
            <FieldWords id=format!("{id}-say") error=error/>
        </div>
    }
}

/// A thing that is on or off.
#[component]
pub(crate) fn Checkbox(
    #[prop(into)] label: String,
    value: RwSignal<bool>,
    #[prop(optional, into)] hint: MaybeProp<String>,
) -> impl IntoView {
    let id = unique_id("field");
    view! {
        <div class="field check">
            <label>
                <input
                    type="checkbox"
                    prop:checked=value
                    on:change=move |event| value.set(event_target_checked(&event))
                    aria-describedby=format!("{id}-say")
                />
                <span>{label}</span>
            </label>
            <FieldWords id=format!("{id}-say") hint=hint/>
        </div>
    }
}

#[component]
fn FieldWords(
    id: String,
    #[prop(optional, into)] hint: MaybeProp<String>,
    #[prop(optional, into)] error: MaybeProp<String>,
) -> impl IntoView {
    view! {
        <div id=id class="field-words">
            {move || error.get().map(|text| view! { <p class="field-error">{text}</p> })}
            {move || hint.get().map(|text| view! { <p class="hint">{text}</p> })}
        </div>
    }
}
