//! The versions of a report: who saved them when, and what one changed since another. Brings none of them back by itself.

use leptos::prelude::*;
use shared::{
    api::report::{ReportVersionView, ReportView, VersionHead},
    domain::text_diff::diff_lines,
};

use crate::{
    components::{
        async_view::{AsyncView, Fetched},
        field::SelectField,
        text_diff::TextDiff,
    },
    transport::api,
};

#[component]
pub(crate) fn Versions(report: Signal<ReportView>) -> impl IntoView {
    let number = report.with_untracked(|r| r.incident);
    let newest = Memo::new(move |_| report.with(|r| r.version));
    let shown = RwSignal::new(false);
    view! {
        <section class="panel" aria-labelledby="versions">
            <h2 id="versions">"Versions"</h2>
            <details class="more-procedures" data-testid="report-versions" on:toggle=move |_| shown.set(true)>
                <summary>{move || format!("{} saved: compare them", newest.get())}</summary>
                <Show when=move || shown.get()>
                    <Compare number newest/>
                </Show>
            </details>
        </section>
    }
}

#[component]
fn Compare(number: i64, newest: Memo<i32>) -> impl IntoView {
    let heads = Fetched::new(move || {
        newest.get();
        async move { Ok(api().report_versions(number).await?.items) }
    });
    view! { <AsyncView of=heads what="the versions" content=move |heads| view! { <Two number heads/> }/> }
}

#[component]
fn Two(number: i64, heads: Signal<Vec<VersionHead>>) -> impl IntoView {
    let choices = Signal::derive(move || {
        let words = |h: &VersionHead| (h.version.to_string(), format!("Version {} by {}", h.version, h.saved_by));
        heads.with(|heads| heads.iter().map(words).collect::<Vec<_>>())
    });
    let last = heads.with_untracked(|heads| heads.first().map_or(1, |head| head.version));
    let from = RwSignal::new((last - 1).max(1).to_string());
    let to = RwSignal::new(last.to_string());
    let of = Fetched::new(move || {
        let (from, to) = (from.get(), to.get());
        async move {
            let one = async |text: String| api().report_version(number, text.parse().unwrap_or(1)).await;
            Ok((one(from).await?, one(to).await?))
        }
    });
    view! {
        <div class="version-choices">
            <SelectField label="From" choices value=from/>
            <SelectField label="To" choices value=to/>
        </div>
        <AsyncView of what="both versions" content=move |both| view! { <Difference both/> }/>
    }
}

#[component]
fn Difference(both: Signal<(ReportVersionView, ReportVersionView)>) -> impl IntoView {
    move || {
        both.with(|(from, to)| {
            let label = format!("Version {} and version {}, line by line", from.version, to.version);
            view! { <TextDiff hunks=diff_lines(&from.body, &to.body) label/> }
        })
    }
}
