//! The switch on everything that is posted: whether subscribers are told, and how many they are. Tells nobody itself.

use leptos::prelude::*;

use crate::{
    components::{async_view::Fetched, field::Checkbox},
    transport::api,
};

/// Nothing while nobody has asked for updates.
#[component]
pub(crate) fn TellSubscribers(value: RwSignal<bool>) -> impl IntoView {
    let of = Fetched::new(|| async { api().subscribers_count().await });
    let n =
        Memo::new(move |_| of.value.with(|count| count.filter(|count| count.open).map_or(0, |count| count.subscribed)));
    move || {
        let label = match n.get() {
            0 => return None,
            1 => "Tell 1 subscriber by mail, if it concerns them".to_owned(),
            n => format!("Tell {n} subscribers by mail, those whom it concerns"),
        };
        Some(view! { <Checkbox label value/> })
    }
}
