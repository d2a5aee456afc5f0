//! A date and time typed in the reader's own zone, with the instant that it means beside it. Whether it makes sense is not judged here.

use leptos::prelude::*;
use shared::timestamp::Timestamp;

use crate::components::{
    field::TextField,
    time::{exact, from_local, to_local},
};

#[derive(Clone, Copy)]
pub(crate) struct LocalMoment {
    text: RwSignal<String>,
    wrong: RwSignal<Option<String>>,
}

impl LocalMoment {
    pub(crate) fn new(at: Timestamp) -> Self {
        Self { text: RwSignal::new(to_local(at)), wrong: RwSignal::new(None) }
    }

    /// `None` if it is not filled in; it then says so by itself.
    pub(crate) fn read(self) -> Option<Timestamp> {
        let at = from_local(&self.text.get_untracked());
        self.wrong.set(at.is_none().then(|| "Say the day and the time.".to_owned()));
        at
    }

    pub(crate) fn set(self, at: Timestamp) {
        self.text.set(to_local(at));
    }
}

#[component]
pub(crate) fn MomentField(
    #[prop(into)] label: String,
    moment: LocalMoment,
    /// What the server says about it.
    #[prop(into)]
    refused: Signal<Option<String>>,
) -> impl IntoView {
    let meant = Signal::derive(move || {
        let at = moment.text.with(|text| from_local(text))?;
        let there = exact(at);
        Some(if there.ends_with("UTC") { there } else { format!("{there} = {}", at.utc_text()) })
    });
    let error = Signal::derive(move || moment.wrong.get().or_else(|| refused.get()));
    view! { <TextField label value=moment.text kind="datetime-local" hint=meant error required=true/> }
}
