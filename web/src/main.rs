//! Mounts the console into the shell page the server sends. Everything else is in `app`.

mod app;
mod components;
mod live;
mod pages;
mod session;
mod transport;

use leptos::prelude::*;
use wasm_bindgen::JsCast;

fn main() {
    let shell = document().get_element_by_id("app").and_then(|element| element.dyn_into().ok());
    let root: web_sys::HtmlElement = match shell.or_else(|| document().body()) {
        Some(root) => root,
        None => return,
    };
    // The shell's loading message has done its work.
    root.set_inner_html("");
    leptos::mount::mount_to(root, app::App).forget();
}
