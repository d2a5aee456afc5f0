//! Modal dialogs on the browser's own `<dialog>`, which traps the focus and gives it back. Content stays as typed when closed.

use leptos::{html, prelude::*};

use crate::components::{button::unique_id, hold::hold_while};

#[component]
pub(crate) fn Dialog(
    open: RwSignal<bool>,
    /// Names the object: "Resolve incident 12".
    #[prop(into)]
    title: Signal<String>,
    /// False if it must be answered: Escape does nothing.
    #[prop(default = true)]
    dismissible: bool,
    children: ChildrenFn,
) -> impl IntoView {
    hold_while(open);
    let node = NodeRef::<html::Dialog>::new();
    let heading = unique_id("dialog");
    let labelled = heading.clone();
    // Built when first opened, then kept.
    let built = Memo::new(move |before: Option<&bool>| before.copied().unwrap_or(false) || open.get());
    Effect::new(move |_| {
        let Some(dialog) = node.get() else { return };
        match (open.get(), dialog.open()) {
            (true, false) => {
                // Fails only for a dialog that has left the page.
                let _ = dialog.show_modal();
            }
            (false, true) => dialog.close(),
            _ => {}
        }
    });
    view! {
        <dialog
            class="dialog"
            node_ref=node
            aria-labelledby=labelled
            on:cancel=move |event: leptos::ev::Event| {
                if !dismissible {
                    event.prevent_default();
                }
            }
            on:close=move |_| open.set(false)
        >
            {move || {
                built
                    .get()
                    .then(|| {
                        view! {
                            <h2 class="dialog-title" id=heading.clone()>{move || title.get()}</h2>
                            {children()}
                        }
                    })
            }}
        </dialog>
    }
}
