//! Mounts the console into the shell page the server sends, and says so if it breaks down. Everything else is in `app`.

#![expect(unreachable_pub, reason = "the `component` macro makes the types of properties `pub`")]

mod app;
mod components;
mod live;
mod pages;
mod proof;
mod session;
mod transport;
mod upload;
mod webauthn;

use leptos::prelude::*;
use wasm_bindgen::JsCast;

fn main() {
    std::panic::set_hook(Box::new(|panic| {
        leptos::logging::error!("{panic}");
        say_that_it_broke();
    }));
    let shell = document().get_element_by_id("app").and_then(|element| element.dyn_into().ok());
    let root: web_sys::HtmlElement = match shell.or_else(|| document().body()) {
        Some(root) => root,
        None => return,
    };
    // The shell's loading message has done its work.
    root.set_inner_html("");
    leptos::mount::mount_to(root, app::App).forget();
}

/// A page that has stopped must not look alive.
fn say_that_it_broke() {
    let note = document().create_element("p").ok().zip(document().body());
    if let Some((note, body)) = note {
        note.set_class_name("note critical broken");
        note.set_text_content(Some(
            "This page has stopped working; what it shows is no longer live. Runs and clocks go on without it. Reload the page.",
        ));
        // There is nobody left to tell if even this fails.
        let _ = note.set_attribute("role", "alert");
        let _ = body.prepend_with_node_1(&note);
    }
}
