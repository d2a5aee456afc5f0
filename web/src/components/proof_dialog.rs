//! The dialog of the app that asks for a fresh proof. Which request waits for it, it does not know.

use leptos::prelude::*;
use shared::api::session::ProofIn;

use crate::{
    components::{dialog::Dialog, proof_form::ProofForm},
    proof::{ProofDesk, answer},
    transport::api,
};

#[component]
pub(crate) fn ProofDialog(desk: ProofDesk) -> impl IntoView {
    // Closed by Escape, too: then the request that waits is told that nothing was shown.
    Effect::new(move |before: Option<bool>| {
        let open = desk.open.get();
        if before == Some(true) && !open {
            answer(false);
        }
        open
    });
    let done = move |()| {
        answer(true);
        desk.open.set(false);
    };
    view! {
        <Dialog open=desk.open title="Is it still you?">
            <p>{desk.why}</p>
            <ProofForm
                ways=desk.ways.into()
                verb="Go on"
                send=|proof: ProofIn| async move { api().prove(&proof).await }
                on_done=done
                on_cancel=move |()| desk.open.set(false)
            />
        </Dialog>
    }
}
