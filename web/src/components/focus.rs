//! Where the focus goes when what had it has left the page. Never takes it from something that still has it.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, FocusOptions, HtmlElement};

/// After a command whose button is gone: the page's heading, so that a keyboard or a screen reader does not start over.
pub(crate) fn to_heading() {
    request_animation_frame(|| {
        let lost = document().active_element().is_none_or(|e| e.tag_name().eq_ignore_ascii_case("body"));
        if lost {
            first("#content h1");
        }
    });
}

/// The first field of the open dialog, once it is there.
pub(crate) fn to_dialog_field() {
    request_animation_frame(|| first("dialog[open] :is(select, textarea, input)"));
}

fn first(selector: &str) {
    let Ok(Some(element)) = document().query_selector(selector) else { return };
    if is_heading(&element) {
        // Fails only for an attribute name that is none.
        let _ = element.set_attribute("tabindex", "-1");
    }
    if let Ok(element) = element.dyn_into::<HtmlElement>() {
        let options = FocusOptions::new();
        options.set_prevent_scroll(true);
        // Focusing a connected element does not fail.
        let _ = element.focus_with_options(&options);
    }
}

fn is_heading(element: &Element) -> bool {
    element.tag_name().eq_ignore_ascii_case("h1")
}
