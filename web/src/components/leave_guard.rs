//! Before somebody leaves a page with unsaved text: the browser's own question when the page goes, ours when a link of the console is
//! followed. Loses and saves nothing itself.

use leptos::{ev, prelude::*};
use leptos_router::{NavigateOptions, hooks::use_navigate};
use wasm_bindgen::JsCast;

use crate::components::{
    button::{Button, ButtonKind},
    dialog::Dialog,
};

#[component]
pub(crate) fn LeaveGuard(
    /// There is something that is not saved.
    #[prop(into)]
    dirty: Signal<bool>,
    /// What waits: "Your changes to the plan".
    what: &'static str,
) -> impl IntoView {
    let open = RwSignal::new(false);
    let to = RwSignal::new(String::new());
    let unsaved = move || dirty.try_get_untracked() == Some(true);
    let unload = window_event_listener(ev::beforeunload, move |event| {
        if unsaved() {
            event.prevent_default();
            event.set_return_value("unsaved");
        }
    });
    // The router hears clicks on the window and lets go of those that somebody has prevented before.
    let clicked = move |event: web_sys::Event| {
        let target = event.target().and_then(|t| t.dyn_into::<web_sys::Element>().ok());
        let link = target.and_then(|t| t.closest("a[href]").ok().flatten());
        let Some(href) = link.as_ref().and_then(leaves) else { return };
        if unsaved() {
            event.prevent_default();
            to.set(href);
            open.set(true);
        }
    };
    let closure = wasm_bindgen::closure::Closure::<dyn Fn(web_sys::Event)>::new(clicked);
    let heard = closure.as_ref().unchecked_ref::<js_sys::Function>().clone();
    // Adding a listener to the document does not fail.
    let _ = document().add_event_listener_with_callback_and_bool("click", &heard, true);
    let kept = StoredValue::new_local(Some(closure));
    on_cleanup(move || {
        unload.remove();
        let _ = document().remove_event_listener_with_callback_and_bool("click", &heard, true);
        kept.try_update_value(Option::take);
    });
    let navigate = use_navigate();
    let go = move |()| {
        open.set(false);
        navigate(&to.get_untracked(), NavigateOptions::default());
    };
    view! {
        <Dialog open title="Leave without saving?">
            <p>{format!("{what} are not saved. They stay in this browser and wait for you here, but nobody else can see them.")}</p>
            <div class="form-actions">
                <Button on_press=go.clone() test_id="leave">"Leave"</Button>
                <Button kind=ButtonKind::Primary on_press=move |()| open.set(false)>"Stay here"</Button>
            </div>
        </Dialog>
    }
}

/// Where a link of the console leads, if it leads away from this page in this tab.
fn leaves(link: &web_sys::Element) -> Option<String> {
    let href = link.get_attribute("href")?;
    let elsewhere = link.has_attribute("download") || link.get_attribute("target").is_some_and(|t| t == "_blank");
    (href.starts_with("/console") && !elsewhere).then_some(href)
}
