//! The entries that were found, newest first; whom and what they name leads to all entries about it.

use leptos::prelude::*;
use shared::api::{
    List,
    audit::{AuditEntryView, AuditQuery},
};

use super::PAGE;
use crate::{
    components::{
        attempt::Attempt,
        button::Button,
        empty::Empty,
        error_note::ErrorNote,
        state_badge::{StateShape, Tone},
        time::Instant,
    },
    transport::api,
};

/// The newest page is live; older ones are fetched once and stay, until something else is looked for.
#[component]
pub(super) fn Entries(found: Signal<(AuditQuery, List<AuditEntryView>)>) -> impl IntoView {
    let older = RwSignal::new(Vec::<AuditEntryView>::new());
    let next = RwSignal::new(None::<Option<String>>);
    let attempt = Attempt::new();
    let query = Memo::new(move |_| found.with(|(query, _)| query.clone()));
    Effect::new(move |before: Option<AuditQuery>| {
        let query = query.get();
        if before.is_some_and(|before| before != query) {
            older.set(vec![]);
            next.set(None);
        }
        query
    });
    let key = move || next.get().unwrap_or_else(|| found.with(|(_, list)| list.next.clone()));
    let more = move |()| {
        let Some(before) = key().and_then(|before| before.parse().ok()) else { return };
        // What is shown now stays when newer entries push it off the first page.
        let (asked, shown) = found.with_untracked(|(query, list)| (query.clone(), list.items.clone()));
        let wanted = AuditQuery { before: Some(before), ..asked.clone() };
        attempt.run(async move { api().find_audit(&wanted).await }, move |page| {
            if query.get_untracked() != asked {
                return;
            }
            older.update(|all| {
                if all.is_empty() {
                    all.extend(shown);
                }
                all.extend(page.items);
            });
            next.set(Some(page.next));
        });
    };
    let rows = Memo::new(move |_| {
        let mut rows = found.with(|(_, list)| list.items.clone());
        rows.extend(older.get());
        rows.sort_by_key(|row| std::cmp::Reverse(row.entry.seq));
        rows.dedup_by_key(|row| row.entry.seq);
        rows
    });
    let none = Memo::new(move |_| rows.with(Vec::is_empty));
    view! {
        <Show when=move || !none.get() fallback=move || view! { <Nothing query/> }>
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
                    <For each=move || rows.get() key=|row| row.entry.seq children=|row| view! { <EntryRow row/> }/>
                </tbody>
            </table>
        </Show>
        <ErrorNote error=attempt.error/>
        <Show when=move || key().is_some()>
            <p class="more">
                <Button busy=attempt.busy on_press=more>"Show older entries"</Button>
            </p>
        </Show>
    }
}

#[component]
fn Nothing(query: Memo<AuditQuery>) -> impl IntoView {
    view! {
        <Show
            when=move || !query.get().is_all()
            fallback=|| {
                view! { <Empty title="Nothing has been written yet" text="The first change or refused attempt will stand here."/> }
            }
        >
            <Empty title="No entry is like that" text="Look for less, or for another time: entries are never removed.">
                <a class="button" href=PAGE>"Show all entries"</a>
            </Empty>
        </Show>
    }
}

fn address(query: AuditQuery) -> String {
    format!("{PAGE}{}", query.to_query())
}

#[component]
fn EntryRow(row: AuditEntryView) -> impl IntoView {
    let entry = row.entry;
    let detail = serde_json::to_string_pretty(&entry.detail).unwrap_or_default();
    let person = address(AuditQuery { person: Some(entry.by.key()), ..AuditQuery::default() });
    let object = address(AuditQuery { object: Some(entry.object.clone()), ..AuditQuery::default() });
    view! {
        <tr data-denied=entry.denied.then_some("")>
            <td class="number audit-seq">{entry.seq}</td>
            <td><Instant at=entry.at/></td>
            <td class="audit-who"><a class="audit-link" href=person>{entry.by.to_string()}</a></td>
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
            <td class="audit-object"><a class="audit-link" href=object>{entry.object}</a></td>
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
