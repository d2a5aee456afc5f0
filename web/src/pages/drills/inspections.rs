//! Reviews of access and audits of security of one system: those there were, and beginning one. What is in them is a page of its own.

use leptos::prelude::*;
use leptos_router::hooks::use_navigate;
use shared::{
    api::{
        inspection::{InspectionIn, InspectionRow, InspectionsView},
        live::Topic,
    },
    domain::inspection::Kind,
};

use crate::{
    components::{
        async_view::{AsyncView, Fetched},
        attempt::Attempt,
        button::Button,
        error_note::ErrorNote,
        state_badge::{StateShape, Tone},
        time::Instant,
    },
    live::use_live,
    transport::api,
};

#[component]
pub(super) fn Inspections(slug: String) -> impl IntoView {
    let heard = use_live().refetch_on(|topic| matches!(topic, Topic::Drills {}));
    let of = Fetched::new(move || {
        heard.track();
        let slug = slug.clone();
        async move { api().inspections(&slug).await }
    });
    view! {
        <section aria-labelledby="inspections-head" id="inspections">
            <h2 id="inspections-head">"Access and security"</h2>
            <AsyncView of what="the reviews and audits" content=move |view| view! { <Shown view/> }/>
        </section>
    }
}

#[component]
fn Shown(view: Signal<InspectionsView>) -> impl IntoView {
    let rows = Memo::new(move |_| view.with(|v| v.items.clone()));
    let refused = Memo::new(move |_| view.with(|v| v.begin_refused.clone()));
    let open = move |kind: Kind| rows.with(|all| all.iter().any(|one| one.kind == kind && one.ended_at.is_none()));
    let attempt = Attempt::new();
    let navigate = use_navigate();
    let begin = move |kind: Kind| {
        let (slug, navigate) = (view.with_untracked(|v| v.system.clone()), navigate.clone());
        attempt.run(async move { api().begin_inspection(&slug, &InspectionIn { kind }).await }, move |made| {
            navigate(&format!("/console/inspections/{}", made.row.number), Default::default());
        });
    };
    let button = move |kind: Kind, words: &'static str, test_id: &'static str| {
        let begin = begin.clone();
        let why =
            Signal::derive(move || refused.get().or_else(|| open(kind).then(|| format!("{} goes on.", kind.words()))));
        view! { <Button on_press=move |()| begin(kind) busy=attempt.busy refused=why test_id>{words}</Button> }
    };
    view! {
        <Show when=move || rows.with(Vec::is_empty)>
            <p class="muted">
                "None yet. A review goes through everybody's access; an audit through what is hardened and what is not. Both are evidence once they are signed off."
            </p>
        </Show>
        <ul class="rows" data-testid="inspections">
            <For each=move || rows.get() key=|one| (one.number, one.undecided, one.ended_at) children=|one| view! { <Row one/> }/>
        </ul>
        <div class="button-row">
            {button(Kind::AccessReview, "Begin an access review", "access-review-begin")}
            {button(Kind::SecurityAudit, "Begin a security audit", "security-audit-begin")}
        </div>
        <ErrorNote error=attempt.error/>
    }
}

pub(crate) fn standing(one: &InspectionRow) -> (Tone, &'static str) {
    match (one.ended_at, one.called_off, one.undecided) {
        (Some(_), true, _) => (Tone::Neutral, "Called off"),
        (Some(_), false, _) => (Tone::Good, "Signed off"),
        (None, _, 0) => (Tone::Notice, "To be signed off"),
        (None, ..) => (Tone::Active, "Under way"),
    }
}

#[component]
fn Row(one: InspectionRow) -> impl IntoView {
    let (tone, word) = standing(&one);
    let left = match (one.ended_at, one.undecided) {
        (None, n) if n > 0 => format!("{n} of {} lines undecided", one.lines),
        _ => format!("{} lines, {} with an objection", one.lines, one.objections),
    };
    view! {
        <li class="row" data-testid="inspection-row">
            <span class="badge" data-tone=tone.name()><StateShape tone/> {word}</span>
            <span class="row-main">
                <a href=format!("/console/inspections/{}", one.number)>
                    <strong>{format!("{} {}", one.kind.words(), one.number)}</strong>
                </a>
                <span class="row-meta">{left} " · begun by " {one.begun_by.to_string()}</span>
            </span>
            <span class="row-side"><Instant at=one.begun_at/></span>
        </li>
    }
}
