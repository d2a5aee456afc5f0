//! What people say beside the sections of a report, until it is settled. Changes no word of the report.

use leptos::{ev::SubmitEvent, prelude::*};
use shared::{
    api::report::{CommentIn, CommentView, ReportView},
    domain::{
        access::Action,
        report::sections::sections,
        text::{Message, Title},
    },
};

use crate::{
    components::{
        async_view::Fetched,
        attempt::Attempt,
        button::Button,
        error_note::ErrorNote,
        field::{SelectField, TextArea},
        time::Instant,
    },
    session::may,
    transport::api,
};

const WHOLE: &str = "The whole report";

fn place(section: &str) -> &str {
    if section.is_empty() { WHOLE } else { section }
}

#[component]
pub(crate) fn Comments(report: Signal<ReportView>, of: Fetched<Option<ReportView>>) -> impl IntoView {
    let number = report.with_untracked(|r| r.incident);
    let attempt = Attempt::new();
    let may_write = may(Action::EditReport);
    let list = move |settled: bool| {
        Memo::new(move |_| {
            let of = |r: &ReportView| {
                let order: Vec<String> = sections(&r.body).iter().map(|s| s.title.to_owned()).collect();
                let mut all = r.comments.clone();
                all.retain(|comment| comment.settled_at.is_some() == settled);
                // In the order of the text; what is about a section that is gone comes last.
                all.sort_by_key(|c| order.iter().position(|title| *title == c.section).unwrap_or(usize::MAX));
                all
            };
            report.with(of)
        })
    };
    let (open, settled) = (list(false), list(true));
    let rows = move |list: Memo<Vec<CommentView>>| {
        view! {
            <ul class="comments">
                <For
                    each=move || list.get()
                    key=|comment| comment.id
                    children=move |comment| view! { <One number comment attempt of/> }
                />
            </ul>
        }
    };
    view! {
        <section class="panel" aria-labelledby="comments" data-testid="report-comments">
            <h2 id="comments">"Comments"</h2>
            <Show
                when=move || open.with(|open| !open.is_empty())
                fallback=|| view! { <p class="muted">"None is open."</p> }
            >
                {rows(open)}
            </Show>
            <Show when=move || settled.with(|settled| !settled.is_empty())>
                <details class="more-procedures">
                    <summary>{move || format!("{} settled", settled.with(Vec::len))}</summary>
                    {rows(settled)}
                </details>
            </Show>
            <ErrorNote error=attempt.error/>
            <Show when=move || may_write.get()>
                <New number report of/>
            </Show>
        </section>
    }
}

#[component]
fn One(number: i64, comment: CommentView, attempt: Attempt, of: Fetched<Option<ReportView>>) -> impl IntoView {
    let CommentView { id, section, version, text, by, at, settled_by, .. } = comment;
    let settled = settled_by.is_some();
    let act = move |_| {
        attempt
            .run(async move { api().settle_comment(number, id, !settled).await }, move |report| of.put(Some(report)));
    };
    let about = place(&section).to_owned();
    let words = if settled { "Open again" } else { "Settle" };
    view! {
        <li class="comment">
            <p class="hint">
                <b>{about.clone()}</b>
                {format!(" · {by}, version {version}, ")}
                <Instant at/>
            </p>
            <p class="comment-text">{text}</p>
            <p class="task-deeds">
                {settled_by.map(|by| view! { <span class="muted">{format!("Settled by {by}")}</span> })}
                <button type="button" class="link-button" aria-label=format!("{words}: comment on {about}") on:click=act>
                    {words}
                </button>
            </p>
        </li>
    }
}

#[component]
fn New(number: i64, report: Signal<ReportView>, of: Fetched<Option<ReportView>>) -> impl IntoView {
    let attempt = Attempt::new();
    let (text, section) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let wrong = RwSignal::new(None::<String>);
    let titles =
        Memo::new(move |_| report.with(|r| sections(&r.body).iter().map(|s| s.title.to_owned()).collect::<Vec<_>>()));
    let choices = Signal::derive(move || {
        let all = titles.get().into_iter().filter(|title| !title.is_empty()).map(|title| (title.clone(), title));
        [(String::new(), WHOLE.to_owned())].into_iter().chain(all).collect::<Vec<_>>()
    });
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let said = match Message::parse(&text.get_untracked()) {
            Ok(said) => said,
            Err(why) => return wrong.set(Some(why)),
        };
        wrong.set(None);
        let version = report.with_untracked(|r| r.version);
        let body = CommentIn { version, section: Title::parse(&section.get_untracked()).ok(), text: said };
        attempt.run(async move { api().comment_report(number, &body).await }, move |report| {
            text.try_set(String::new());
            of.put(Some(report));
        });
    };
    view! {
        <form class="form comment-new" on:submit=submit novalidate>
            <ErrorNote error=attempt.error/>
            <SelectField label="About" choices value=section/>
            <TextArea label="Comment" value=text rows=2 error=wrong/>
            <div class="form-actions">
                <Button submit=true busy=attempt.busy test_id="comment-send">"Comment"</Button>
            </div>
        </form>
    }
}
