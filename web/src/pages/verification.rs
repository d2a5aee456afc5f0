//! One trial: what was restored, in how long, how it compares with production, and what was said meanwhile. Shows the proof; judges nothing.

use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use shared::{
    api::{live::Topic, verification::VerificationView},
    bytes::human_bytes,
    domain::{
        access::Action,
        verification::{Compared, Found},
    },
    timestamp::human_seconds,
};
use uuid::Uuid;

use super::verifications::took;
use crate::{
    components::{
        async_view::{AsyncView, Fetched},
        attempt::Attempt,
        button::Button,
        error_note::{ErrorNote, Missing},
        state_badge::{StateBadge, StateShape, Tone},
        time::Moment,
        title::title,
    },
    live::use_live,
    session::may,
    transport::api,
};

#[component]
pub(crate) fn VerificationPage() -> impl IntoView {
    title(|| "Verification".into());
    let params = use_params_map();
    let id = Memo::new(move |_| params.with(|p| p.get("id").and_then(|id| id.parse::<Uuid>().ok())));
    move || match id.get() {
        Some(id) => view! { <One id/> }.into_any(),
        None => view! { <Missing/> }.into_any(),
    }
}

#[component]
fn One(id: Uuid) -> impl IntoView {
    let heard = use_live().refetch_on(|topic| matches!(topic, Topic::Monitors {}));
    let of = Fetched::new(move || {
        heard.track();
        async move { api().verification(id).await }
    });
    view! { <AsyncView of what="the verification" content=move |one| view! { <Shown one of/> }/> }
}

#[component]
fn Shown(one: Signal<VerificationView>, of: Fetched<VerificationView>) -> impl IntoView {
    let state = Memo::new(move |_| one.with(|v| v.state));
    let manages = may(Action::ManageMonitors);
    let attempt = Attempt::new();
    let cancel = move |()| {
        let id = one.with_untracked(|v| v.id);
        attempt.run(async move { api().cancel_verification(id).await }, move |view| of.put(view));
    };
    let cancelling = move || one.with(|v| !v.state.is_over() && v.cancelled_by.is_some());
    let facts = move || {
        let v = one.get();
        let asked = v.asked_by.as_ref().map_or_else(|| "the schedule".to_owned(), ToString::to_string);
        let span = v.begun_at.zip(v.ended_at).map(|(from, to)| human_seconds(to.seconds_since(from)));
        view! {
            <dl class="monitor-facts">
                <div><dt>"Asked for"</dt><dd>"by " {asked} ", " <Moment at=v.asked_at/></dd></div>
                {v.begun_at.map(|at| view! { <div><dt>"Begun"</dt><dd><Moment at/> {v.worker.clone().map(|w| format!(" by worker {w}"))}</dd></div> })}
                {span.map(|span| view! { <div><dt>"Took"</dt><dd>{span}</dd></div> })}
                {(v.n_attempts > 1)
                    .then(|| view! { <div><dt>"Begun anew"</dt><dd>{format!("{} times, after a worker fell silent", v.n_attempts - 1)}</dd></div> })}
                {v.doing.clone().filter(|d| !d.is_empty()).map(|doing| view! { <div><dt>"Now"</dt><dd>{doing}</dd></div> })}
                {v.cancelled_by.clone().map(|by| view! { <div><dt>"Cancelled"</dt><dd>{format!("by {by}")}</dd></div> })}
            </dl>
        }
    };
    view! {
        <header class="page-head">
            <div>
                <p class="kicker">
                    <a href=move || format!("/console/verifications?system={}", one.with(|v| v.system.clone()))>"Verifications"</a>
                </p>
                <h1>"Verification"</h1>
            </div>
            <span data-testid="verification-state" data-state=move || state.get().name()>
                <StateBadge state/>
            </span>
        </header>
        {move || one.with(|v| v.why.clone()).map(|why| view! { <p>{why}</p> })}
        {facts}
        <ErrorNote error=attempt.error/>
        <Show when=move || manages.get() && !state.get().is_over()>
            <div class="button-row monitor-commands">
                <Show when=move || !cancelling() fallback=|| view! { <p class="muted">"Its worker is being told to end it."</p> }>
                    <Button busy=attempt.busy on_press=cancel test_id="verification-cancel">"Cancel it"</Button>
                </Show>
            </div>
        </Show>
        <For
            each=move || one.get().found
            key=|found| (found.place.clone(), found.path.clone(), found.why.clone())
            children=|found| view! { <Place found/> }
        />
    }
}

#[component]
fn Place(found: Found) -> impl IntoView {
    let (tone, word) = match (found.verified, &found.beyond) {
        (false, _) => (Tone::Critical, "Failed"),
        (true, Some(_)) => (Tone::Warning, "Verified, too old"),
        (true, None) => (Tone::Good, "Verified"),
    };
    let file = found.file.clone().map(|file| {
        view! {
            <div><dt>"File"</dt><dd>{file.name} ", " {human_bytes(file.bytes)}</dd></div>
            <div><dt>"Taken"</dt><dd><Moment at=file.taken_at/></dd></div>
            <div><dt>"SHA-256"</dt><dd><code class="digest-text">{file.digest}</code></dd></div>
        }
    });
    let loss = found.loss_seconds.map(|loss| {
        let by = found.loss_by.clone().unwrap_or_default();
        view! { <div><dt>"Would be lost"</dt><dd>{human_seconds(loss)} ", by " {by}</dd></div> }
    });
    let compared = found.compared.clone();
    let log = found.log.join("\n");
    view! {
        <section class="verified-place" data-testid="verified-place" data-verified=found.verified.to_string()>
            <h2>{found.place.clone()} " " <span class="badge" data-tone=tone.name()><StateShape tone/> {word}</span></h2>
            <p>{found.why.clone()}</p>
            {found.beyond.clone().map(|text| view! { <p>{text}</p> })}
            <dl class="monitor-facts">
                <div><dt>"Place"</dt><dd>{found.path.clone()}</dd></div>
                {file}
                {found.into.clone().map(|into| view! { <div><dt>"Restored into"</dt><dd>{into}</dd></div> })}
                {found.restored_ms.map(|ms| view! { <div><dt>"Restored in"</dt><dd>{took(ms)}</dd></div> })}
                {loss}
            </dl>
            {(!compared.is_empty()).then(|| view! { <Table compared/> })}
            {(!log.is_empty())
                .then(|| {
                    view! {
                        <details>
                            <summary>"What was said meanwhile"</summary>
                            <pre class="verified-log" tabindex="0">{log}</pre>
                        </details>
                    }
                })}
        </section>
    }
}

#[component]
fn Table(compared: Vec<Compared>) -> impl IntoView {
    let row = |one: Compared| {
        let trouble = one.trouble;
        view! {
            <tr>
                <th scope="row">
                    {one.what}
                    {one.query.map(|query| view! { <code class="verified-query">{query}</code> })}
                    {trouble.map(|why| view! { <span class="field-error">{why}</span> })}
                </th>
                <td data-label="Production">{one.production.unwrap_or_else(|| "–".into())}</td>
                <td data-label="Restored">{one.restored.unwrap_or_else(|| "–".into())}</td>
            </tr>
        }
    };
    view! {
        <table class="stacking verified-table" aria-label="Compared with production">
            <thead><tr><th scope="col">"Compared"</th><th scope="col">"Production"</th><th scope="col">"Restored"</th></tr></thead>
            <tbody>{compared.into_iter().map(row).collect_view()}</tbody>
        </table>
    }
}
