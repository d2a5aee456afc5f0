//! An address of the console that leads nowhere.

use leptos::prelude::*;

use crate::components::{error_note::Missing, title::title};

#[component]
pub(crate) fn MissingPage() -> impl IntoView {
    title(|| "Nothing here".into());
    view! { <Missing/> }
}
