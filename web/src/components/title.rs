//! The document's title, one per page. Nothing else of the document's head.

use leptos::prelude::*;

/// Sets the title while the calling page is shown: what it shows, then the product.
pub(crate) fn title(text: impl Fn() -> String + 'static) {
    Effect::new(move |_| document().set_title(&format!("{} · Muster", text())));
}
