//! Who may see the incident that is about to be declared: everybody, or a few.

use leptos::prelude::*;

use super::draft::Draft;
use crate::components::{field::Checkbox, people_boxes::PeopleBoxes};

#[component]
pub(super) fn WhoSees(draft: Draft) -> impl IntoView {
    view! {
        <fieldset class="choice">
            <legend>"Who may see it?"</legend>
            <Checkbox
                label="Restrict this incident"
                value=draft.restricted
                hint="For security incidents. Off: everybody who opens the console sees it."
            />
            <Show when=move || draft.restricted.get()>
                <PeopleBoxes
                    legend="Who may see it beside you"
                    chosen=draft.readers
                    hint="Whoever is called by the plan is told that there is a restricted incident, not what it is about. You can let others in later."
                />
            </Show>
        </fieldset>
    }
}
