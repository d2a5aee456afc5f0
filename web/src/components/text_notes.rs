//! What an editor has to say about its text: that it was typed earlier, and that somebody else saved meanwhile. Keeps no text.

use leptos::prelude::*;
use shared::domain::actor::Actor;

use crate::components::button::Button;

#[component]
pub(crate) fn TextNotes(
    /// What stands there was typed in this browser before and never saved.
    #[prop(into)]
    earlier: Signal<bool>,
    /// Who saved which version in the meantime, until it is decided what becomes of both.
    #[prop(into)]
    meanwhile: Signal<Option<(Actor, i32)>>,
    /// The button that shows both.
    compare: &'static str,
    #[prop(into)] on_compare: Callback<()>,
) -> impl IntoView {
    view! {
        <Show when=move || earlier.get()>
            <p class="note notice" role="status">
                "This is what you typed here earlier and did not save. Save it, or change it first."
            </p>
        </Show>
        {move || {
            meanwhile
                .get()
                .map(|(by, version)| {
                    view! {
                        <div class="note warning" role="status">
                            <p>{format!("{by} saved version {version} while you were writing. Your text is untouched.")}</p>
                            <Button on_press=on_compare>{compare}</Button>
                        </div>
                    }
                })
        }}
    }
}
