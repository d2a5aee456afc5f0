//! Something that is shown once: a link, recovery codes. With a button that copies it.

use leptos::prelude::*;
use wasm_bindgen_futures::JsFuture;

use crate::components::button::Button;

#[component]
pub(crate) fn SecretOnce(
    #[prop(into)] text: String,
    /// "Copy the link".
    verb: &'static str,
) -> impl IntoView {
    let said = RwSignal::new("");
    let copied = text.clone();
    let copy = move |()| {
        let promise = window().navigator().clipboard().write_text(&copied);
        leptos::task::spawn_local(async move {
            let done = JsFuture::from(promise).await.is_ok();
            said.try_set(if done { "Copied." } else { "The browser did not allow it; select and copy it yourself." });
        });
    };
    view! {
        <div class="secret-once">
            <pre class="mono" data-testid="secret-once" tabindex="0">{text}</pre>
            <Button on_press=copy>{verb}</Button>
            <span class="muted" role="status">{said}</span>
        </div>
    }
}
