//! A picture chosen from one's own files, read here and sent with the rest. What may be sent is the server's to say.

use leptos::{html, prelude::*};
use shared::domain::brand::LOGO_LIMIT;
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::FileReader;

use crate::components::button::unique_id;

#[component]
pub(crate) fn PictureField(
    #[prop(into)] label: String,
    /// Name and base64.
    picture: RwSignal<Option<(String, String)>>,
    #[prop(into)] hint: String,
    #[prop(into)] error: Signal<Option<String>>,
) -> impl IntoView {
    let id = unique_id("picture");
    let node = NodeRef::<html::Input>::new();
    let own = RwSignal::new(None::<String>);
    // One that is sent or dropped is no longer chosen.
    Effect::new(move |_| {
        if picture.with(Option::is_none)
            && let Some(input) = node.get()
        {
            input.set_value("");
        }
    });
    let choose = move |_| {
        own.set(None);
        picture.set(None);
        let Some(file) = node.get_untracked().and_then(|input| input.files()).and_then(|files| files.get(0)) else {
            return;
        };
        if file.size() > LOGO_LIMIT as f64 {
            own.set(Some(format!("{} has more than {} KB. Give a smaller one.", file.name(), LOGO_LIMIT / 1024)));
            return;
        }
        let Ok(reader) = FileReader::new() else { return };
        let (name, read) = (file.name(), reader.clone());
        let loaded = Closure::once_into_js(move || {
            let text = read.result().ok().and_then(|value| value.as_string());
            // `data:image/png;base64,…`
            let base64 =
                text.as_deref().and_then(|text| text.split_once(";base64,")).map(|(_, base64)| base64.to_owned());
            picture.try_set(base64.map(|base64| (name, base64)));
        });
        reader.set_onload(Some(loaded.unchecked_ref()));
        if reader.read_as_data_url(&file).is_err() {
            own.set(Some(format!("{} could not be read.", file.name())));
        }
    };
    let said = Signal::derive(move || own.get().or_else(|| error.get()));
    view! {
        <div class="field" class:wrong=move || said.with(Option::is_some)>
            <label for=id.clone()>{label}</label>
            <input
                node_ref=node
                id=id.clone()
                type="file"
                accept="image/png,image/jpeg,image/webp"
                on:change=choose
                aria-invalid=move || said.with(Option::is_some).then_some("true")
                aria-describedby=format!("{id}-say")
            />
            <div id=format!("{id}-say") class="field-words">
                {move || said.get().map(|text| view! { <p class="field-error">{text}</p> })}
                <p class="hint">{hint}</p>
            </div>
        </div>
    }
}
