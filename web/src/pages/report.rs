//! The report on one incident: drafted if there is none, else written and published. The text itself is `report_editor`'s.

use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use shared::{
    api::{error::ErrorCode, live::Topic, report::ReportView},
    domain::access::Action,
};

use crate::{
    components::{
        async_view::{AsyncView, Fetched},
        attempt::Attempt,
        button::{Button, ButtonKind},
        error_note::{ErrorNote, Missing},
        focus,
        report_editor::ReportEditor,
        title::title,
    },
    live::use_live,
    session::may,
    transport::api,
};

#[component]
pub(crate) fn ReportPage() -> impl IntoView {
    let params = use_params_map();
    let number = Memo::new(move |_| params.with(|p| p.get("number").and_then(|n| n.parse::<i64>().ok())));
    move || match number.get() {
        Some(number) => view! { <OneReport number/> }.into_any(),
        None => view! { <Missing/> }.into_any(),
    }
}

#[component]
fn OneReport(number: i64) -> impl IntoView {
    title(move || format!("Report on incident {number}"));
    let heard = use_live().refetch_on(move |topic| matches!(topic, Topic::Report { incident } if *incident == number));
    let of = Fetched::new(move || {
        heard.track();
        async move {
            match api().report(number).await {
                Ok(report) => Ok(Some(report)),
                // Not an error if there is such an incident: nobody has drafted it yet.
                Err(error) if error.code() == Some(ErrorCode::NotFound) => {
                    api().incident(number).await?;
                    Ok(None)
                }
                Err(error) => Err(error),
            }
        }
    });
    view! {
        <div class="report">
            <AsyncView of what="the report" content=move |report| view! { <Body number report of/> }/>
        </div>
    }
}

#[component]
fn Body(number: i64, report: Signal<Option<ReportView>>, of: Fetched<Option<ReportView>>) -> impl IntoView {
    let there = Memo::new(move |_| report.with(Option::is_some));
    move || {
        // The first report is read without following it: the editor follows by itself and must not be built anew.
        let first = there.get().then(|| report.get_untracked()).flatten();
        match first {
            None => view! { <NoReport number of/> }.into_any(),
            Some(first) => {
                let last = RwSignal::new(first);
                Effect::new(move |_| {
                    if let Some(newer) = report.get() {
                        last.set(newer);
                    }
                });
                view! { <ReportEditor report=last.into() of/> }.into_any()
            }
        }
    }
}

#[component]
fn NoReport(number: i64, of: Fetched<Option<ReportView>>) -> impl IntoView {
    let attempt = Attempt::new();
    let draft = move |()| {
        attempt.run(async move { api().draft_report(number).await }, move |report| {
            of.put(Some(report));
            focus::to_heading();
        });
    };
    let may_write = may(Action::EditReport);
    view! {
        <div class="empty">
            <h1 class="empty-title">{format!("No report on incident {number} yet")}</h1>
            <p class="empty-text">
                "Muster drafts it from the timeline: what happened when, who did what, the steps with their times, and how long the response and the recovery took against the plan. You then write the rest."
            </p>
            <div class="empty-action">
                <ErrorNote error=attempt.error/>
                <Show
                    when=move || may_write.get()
                    fallback=|| view! { <p class="reason">{Action::EditReport.needs()}</p> }
                >
                    <Button kind=ButtonKind::Primary busy=attempt.busy test_id="report-draft" on_press=draft>
                        "Draft report from the timeline"
                    </Button>
                </Show>
                <a href=format!("/console/incidents/{number}")>{format!("Back to incident {number}")}</a>
            </div>
        </div>
    }
}
