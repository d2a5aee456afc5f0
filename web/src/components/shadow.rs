//! A piece of the public page inside the console, with its own style and nothing of ours: a shadow tree. Its links lead nowhere.

use leptos::{html, prelude::*};
use shared::api::post::PreviewView;
use wasm_bindgen::JsCast as _;
use web_sys::{CssStyleSheet, ShadowRootInit, ShadowRootMode};

/// Shows what the server made of a draft. Styles come as a sheet of their own, which the policy of this page allows.
#[component]
pub(crate) fn Shadow(preview: Signal<Option<PreviewView>>) -> impl IntoView {
    let node = NodeRef::<html::Div>::new();
    Effect::new(move |_| {
        let (Some(host), Some(preview)) = (node.get(), preview.get()) else { return };
        let host: &web_sys::Element = host.unchecked_ref();
        let root = match host.shadow_root() {
            Some(root) => root,
            None => match host.attach_shadow(&ShadowRootInit::new(ShadowRootMode::Open)) {
                Ok(root) => root,
                Err(_) => return,
            },
        };
        let Ok(sheet) = CssStyleSheet::new() else { return };
        if sheet.replace_sync(&preview.style).is_ok() {
            root.set_adopted_style_sheets(&js_sys::Array::of1(&sheet));
        }
        let PreviewView { html, lang, .. } = preview;
        // Both are the server's: what people typed is escaped in them, as on the page.
        root.set_inner_html(&format!("<div class=\"page\" lang=\"{lang}\">{html}</div>"));
    });
    view! { <div class="preview" data-testid="preview" node_ref=node on:click=|event| event.prevent_default()></div> }
}
