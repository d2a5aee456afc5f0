//! Where the chain's signed heads are, said quietly while all is well and loudly when the chain does not meet them.

use leptos::prelude::*;
use shared::api::audit::{AuditHeadsView, HeadPlaceView};

use crate::components::{
    icon::{Icon, Svg},
    time::Instant,
};

#[component]
pub(super) fn HeadsNote(heads: Signal<AuditHeadsView>) -> impl IntoView {
    let unmet = Memo::new(move |_| heads.with(|heads| heads.unmet.clone()));
    let problem = Memo::new(move |_| heads.with(|heads| heads.problem.clone()));
    let silent = Memo::new(move |_| heads.with(silent));
    view! {
        <div data-testid="audit-heads" data-unmet=move || unmet.get().is_some().to_string()>
            {move || unmet.get().map(|what| view! { <Unmet what/> })}
            {move || {
                problem
                    .get()
                    .map(|why| {
                        view! {
                            <div class="note warning">
                                <Svg icon=Icon::Alert/>
                                <div class="note-body">
                                    <p>{format!("No heads are signed: {why}. A chain that is computed anew would not be noticed.")}</p>
                                </div>
                            </div>
                        }
                    })
            }}
            {move || {
                let places = silent.get();
                (!places.is_empty())
                    .then(|| {
                        view! {
                            <div class="note warning">
                                <Svg icon=Icon::Alert/>
                                <div class="note-body">
                                    <p>"Not every place takes heads of the chain:"</p>
                                    <ul>{places.into_iter().map(|words| view! { <li>{words}</li> }).collect_view()}</ul>
                                </div>
                            </div>
                        }
                    })
            }}
            {move || problem.get().is_none().then(|| view! { <Last heads/> })}
        </div>
    }
}

#[component]
fn Unmet(what: String) -> impl IntoView {
    view! {
        <div class="note critical" role="alert">
            <Svg icon=Icon::Alert/>
            <div class="note-body">
                <p>
                    <b>"The chain does not meet its signed heads. "</b>
                    {what}
                    "."
                </p>
                <p>
                    "The database was replaced by an older copy, or its audit chain was altered and computed anew. Nothing was stopped. Keep the heads and a copy of the database, and find out which: docs/audit.md says how."
                </p>
            </div>
        </div>
    }
}

#[component]
fn Last(heads: Signal<AuditHeadsView>) -> impl IntoView {
    let newest = Memo::new(move |_| heads.with(|heads| heads.newest.clone()));
    let reached = Memo::new(move |_| heads.with(reached));
    view! {
        <p class="muted audit-last">
            {move || match newest.get() {
                None => "No head has been signed yet: the first one comes with the first entry.".into_any(),
                Some(head) => {
                    view! {
                        {format!("Last head: entry {}, ", head.seq)}
                        <Instant at=head.at/>
                        {move || {
                            let (n, of) = reached.get();
                            format!(", to {n} of {of} {}.", if of == 1 { "place" } else { "places" })
                        }}
                    }
                        .into_any()
                }
            }}
        </p>
    }
}

fn reached(heads: &AuditHeadsView) -> (usize, usize) {
    let there = heads.places.iter().filter(|place| place.newest.is_some() && place.newest == heads.newest).count();
    (there, heads.places.len())
}

fn silent(heads: &AuditHeadsView) -> Vec<String> {
    let words = |place: &HeadPlaceView| place.error.as_ref().map(|error| format!("{}: {error}", place.path));
    heads.places.iter().filter_map(words).collect()
}
