//! The audit log for people: what was done or refused, by whom, to what, whether the chain holds, and where its heads are. Read
//! only. What is looked for stands in the address.

mod entries;
mod filters;
mod heads;

use leptos::prelude::*;
use shared::{
    api::{audit::AuditVerdict, live::Topic},
    domain::access::Action,
};

use self::{entries::Entries, filters::Filters, heads::HeadsNote};
use crate::{
    components::{
        async_view::{AsyncView, Fetched},
        attempt::Attempt,
        button::Button,
        empty::Empty,
        error_note::ErrorNote,
        state_badge::{StateShape, Tone},
        time::use_now,
        title::title,
    },
    live::use_live,
    session::may,
    transport::api,
};

const PAGE: &str = "/console/audit";
/// Heads are signed without an event: looked at this often.
const HEADS_EVERY_SECONDS: i64 = 15;

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
    let query = filters::from_address();
    let of = Fetched::new(move || {
        heard.track();
        let query = query.get();
        async move {
            let list = api().find_audit(&query).await?;
            Ok((query, list))
        }
    });
    let now = use_now();
    let turn = Memo::new(move |_| now.get().unix_ms() / 1000 / HEADS_EVERY_SECONDS);
    let heads = Fetched::new(move || {
        heard.track();
        turn.track();
        async move { api().audit_heads().await }
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
        <AsyncView of=heads what="the heads of the chain" content=|heads| view! { <HeadsNote heads/> }/>
        <Filters query/>
        <AsyncView of what="the audit log" content=move |found| view! { <Entries found/> }/>
    }
}

#[component]
fn Verdict(verdict: AuditVerdict) -> impl IntoView {
    let holds = verdict.holds();
    let tone = if holds { Tone::Good } else { Tone::Critical };
    let words = match &verdict.broken {
        Some(broken) => format!(
            "The chain is broken: {broken}. What comes after it cannot be trusted. Keep a copy of the database and of the heads, and verify it on another machine."
        ),
        None if !holds => format!(
            "The chain holds by itself, but its heads are not in order: {}. Compare with the copies of the heads elsewhere.",
            verdict.heads.as_ref().and_then(|heads| heads.faults.first().cloned()).unwrap_or_default()
        ),
        None => format!("The chain holds: all {} entries are there, in order and unaltered.", verdict.entries),
    };
    let proven = verdict.heads.as_ref().filter(|_| holds).and_then(|heads| {
        let newest = heads.newest.as_ref()?;
        Some(format!("It meets {} signed heads, the newest of entry {}.", heads.checked, newest.seq))
    });
    view! {
        <div class=if holds { "note" } else { "note critical" } data-tone=tone.name() data-testid="audit-verdict" data-holds=holds.to_string()>
            <StateShape tone/>
            <div class="note-body">
                <p>{words}</p>
                {proven.map(|words| view! { <p>{words}</p> })}
                <p class="muted">"Head: " <code class="name">{verdict.head.to_string()}</code></p>
            </div>
        </div>
    }
}
