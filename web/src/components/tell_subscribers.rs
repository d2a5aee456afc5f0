//! The switch on everything that is posted: whether subscribers are told, and how many it concerns. Tells nobody itself.

use leptos::prelude::*;

use crate::{
    components::{async_view::Fetched, field::Checkbox},
    transport::api,
};

/// Nothing while it concerns nobody who has asked for updates.
#[component]
pub(crate) fn TellSubscribers(
    value: RwSignal<bool>,
    /// `SYSTEM/COMPONENT` each; without it, it is not known yet whom it concerns.
    #[prop(optional, into)]
    components: MaybeProp<Vec<String>>,
) -> impl IntoView {
    let about = Memo::new(move |_| components.get());
    let of = Fetched::new(move || {
        let about = about.get();
        async move {
            match about {
                Some(about) => api().subscribers_concerned(&about).await,
                None => api().subscribers_count().await,
            }
        }
    });
    let n =
        Memo::new(move |_| of.value.with(|count| count.filter(|count| count.open).map_or(0, |count| count.subscribed)));
    move || {
        let label = match (n.get(), about.with(Option::is_some)) {
            (0, _) => return None,
            (1, true) => "Tell the 1 subscriber whom it concerns".to_owned(),
            (n, true) => format!("Tell the {n} subscribers whom it concerns"),
            (1, false) => "Tell 1 subscriber, if it concerns them".to_owned(),
            (n, false) => format!("Tell {n} subscribers, those whom it concerns"),
        };
        Some(view! { <Checkbox label value/> })
    }
}
