//! Text for the public while it is written, with what visitors will see of it beside it. Sends nothing.

use leptos::prelude::*;

use crate::components::field::TextArea;

#[component]
pub(crate) fn PublicText(
    #[prop(into)] label: String,
    value: RwSignal<String>,
    #[prop(optional, into)] hint: MaybeProp<String>,
    #[prop(optional, into)] error: MaybeProp<String>,
    #[prop(optional)] required: bool,
) -> impl IntoView {
    let html = Memo::new(move |_| value.with(|text| shared::markdown::to_html(text.trim())));
    view! {
        <TextArea label value hint error required/>
        <Show when=move || html.with(|html| !html.is_empty())>
            <div class="stack-tight">
                <p class="hint">"Visitors will read:"</p>
                <div class="document panel" data-testid="maintenance-preview" inner_html=html></div>
            </div>
        </Show>
    }
}
