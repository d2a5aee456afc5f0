//! The audit log for people: what was done or refused, by whom, to what, and whether the chain holds. Read only.

use leptos::prelude::*;
use shared::{
    api::{
        List,
        audit::{AuditEntryView, AuditVerdict},
        live::Topic,
    },
    domain::access::Action,
};

use crate::{
    components::{
        async_view::{AsyncView, Fetched},
        attempt::Attempt,
        button::Button,
        empty::Empty,
        error_note::ErrorNote,
        state_badge::{StateShape, Tone},
        time::Instant,
        title::title,
    },
    live::use_live,
    session::may,
    transport::api,
};

#[component]
pub(crate) fn AuditPage() -> impl IntoView {
    title(|| "Audit log".into());
    let allowed = may(Action::ReadAudit);
    view! {
        <Show
            when=move || allowed.get()
            fallback=|| {
                let text = Action::ReadAudit.needs();
                view! {
                    <h1 class="visually-hidden">"Audit log"</h1>
                    <Empty title="The audit log is not open to you" text=text/>
                }
            }
        >
            <Log/>
        </Show>
    }
}

#[component]
fn Log() -> impl IntoView {
    let heard = use_live().refetch_on(|topic| !matches!(topic, Topic::Output { .. }));
    let of = Fetched::new(move || {
        heard.track();
        async move { api().audit(None).await }
    });
    let verify = Attempt::new();
    let verdict = RwSignal::new(None::<AuditVerdict>);
    let check = move |()| verify.run(async move { api().verify_audit().await }, move |found| verdict.set(Some(found)));
    view! {
        <header class="page-head">
            <h1>"Audit log"</h1>
            <Button busy=verify.busy test_id="audit-verify" on_press=check>"Verify the chain"</Button>
        </header>
        <p class="muted">"Every change and every refused attempt, each entry bound to the one before it by its hash."</p>
        <ErrorNote error=verify.error/>
        <div aria-live="polite">{move || verdict.get().map(|verdict| view! { <Verdict verdict/> })}</div>
        <AsyncView of what="the audit log" content=move |list| view! { <Entries list/> }/>
    }
}

#[component]
fn Verdict(verdict: AuditVerdict) -> impl IntoView {
    let (tone, words) = match &verdict.broken {
        None => {
            (Tone::Good, format!("The chain holds: all {} entries are there, in order and unaltered.", verdict.entries))
        }
        Some(broken) => (
            Tone::Critical,
            format!(
                "The chain is broken: {broken}. What comes after it cannot be trusted. Keep a copy of the database, and compare with the exported heads."
            ),
        ),
    };
    view! {
        <div class=if tone == Tone::Critical { "note critical" } else { "note" } data-tone=tone.name() data-testid="audit-verdict" data-holds=verdict.broken.is_none().to_string()>
            <StateShape tone/>
            <div class="note-body">
                <p>{words}</p>
                <p class="muted">"Head: " <code class="name">{verdict.head.to_string()}</code></p>
            </div>
        </div>
    }
}

/// The newest page is live; older ones are fetched once and stay.
#[component]
fn Entries(list: Signal<List<AuditEntryView>>) -> impl IntoView {
    let older = RwSignal::new(Vec::<AuditEntryView>::new());
    let next = RwSignal::new(None::<Option<String>>);
    let attempt = Attempt::new();
    let key = move || next.get().unwrap_or_else(|| list.with(|l| l.next.clone()));
    let more = move |()| {
        let Some(before) = key() else { return };
        // What is shown now stays when newer entries push it off the first page.
        let shown = list.with_untracked(|l| l.items.clone());
        attempt.run(async move { api().audit(Some(&before)).await }, move |page| {
            older.update(|all| {
                if all.is_empty() {
                    all.extend(shown);
                }
                all.extend(page.items);
            });
            next.set(Some(page.next));
        });
    };
    let rows = move || {
        let mut rows = list.with(|l| l.items.clone());
        rows.extend(older.get());
        rows.sort_by_key(|row| std::cmp::Reverse(row.entry.seq));
        rows.dedup_by_key(|row| row.entry.seq);
        rows
    };
    view! {
        <table class="audit">
            <caption class="visually-hidden">"Audit entries, newest first"</caption>
            <thead>
                <tr>
                    <th scope="col" class="number">"No."</th>
                    <th scope="col">"When"</th>
                    <th scope="col">"Who"</th>
                    <th scope="col">"Action"</th>
                    <th scope="col">"On"</th>
                    <th scope="col">"Detail"</th>
                </tr>
            </thead>
            <tbody>
                <For each=rows key=|row| row.entry.seq children=|row| view! { <EntryRow row/> }/>
            </tbody>
        </table>
        <ErrorNote error=attempt.error/>
        <Show when=move || key().is_some()>
            <p class="more">
                <Button busy=attempt.busy on_press=more>"Show older entries"</Button>
            </p>
        </Show>
    }
}

#[component]
fn EntryRow(row: AuditEntryView) -> impl IntoView {
    let entry = row.entry;
    let detail = serde_json::to_string_pretty(&entry.detail).unwrap_or_default();
    view! {
        <tr data-denied=entry.denied.then_some("")>
            <td class="number audit-seq">{entry.seq}</td>
            <td><Instant at=entry.at/></td>
            <td class="audit-who">{entry.by.to_string()}</td>
            <td>
                <code class="name">{entry.action}</code>
                {entry
                    .denied
                    .then(|| {
                        view! {
                            <span class="audit-denied">
                                <StateShape tone=Tone::Warning/>
                                "Refused"
                            </span>
                        }
                    })}
            </td>
            <td class="audit-object">{entry.object}</td>
            <td>
                <details class="audit-detail">
                    <summary>"Show" <span class="visually-hidden">{format!(" detail of entry {}", entry.seq)}</span></summary>
                    <pre>{detail}</pre>
                    <p class="muted">"Hash " <code class="name">{row.hash.to_string()}</code></p>
                </details>
            </td>
        </tr>
    }
}
