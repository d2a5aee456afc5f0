//! Writing a report: Markdown on one side, how it will look on the other, and whether it is saved. Keeps no text itself (`report_text`).

use std::time::Duration;

use leptos::{leptos_dom::helpers::debounce, prelude::*};
use shared::{
    api::{
        client::CallError,
        error::ErrorCode,
        report::{EditConflict, ReportCommand, ReportIn, ReportView},
    },
    domain::{
        report::{facts::filled, review::Standing},
        text::Document,
    },
    markdown,
};

use crate::{
    components::{
        async_view::Fetched,
        attempt::Attempt,
        button::{Button, ButtonKind},
        error_note::ErrorNote,
        follow_up_list::FollowUpsOf,
        publish_dialog::PublishDialog,
        report_comments::Comments,
        report_conflict::{ConflictNote, KeptText, OtherVersion},
        report_review::{AskReviewDialog, JudgeDialog, Reviews, standing_words},
        report_text::ReportText,
        report_versions::Versions,
        text_notes::TextNotes,
        time::Instant,
    },
    session::use_me,
    transport::api,
};

/// Which half a narrow screen shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Half {
    Write,
    Preview,
}

#[component]
pub(crate) fn ReportEditor(report: Signal<ReportView>, of: Fetched<Option<ReportView>>) -> impl IntoView {
    let number = report.with_untracked(|r| r.incident);
    let user = use_me().with_untracked(|me| me.as_ref().map(|me| me.id.to_string()).unwrap_or_default());
    let text = report.with_untracked(|r| ReportText::new(r, user));
    let save = Attempt::new();
    let too_long = RwSignal::new(None::<String>);
    let meanwhile = RwSignal::new(false);
    let (publishing, asking, judging) = (RwSignal::new(false), RwSignal::new(false), RwSignal::new(false));
    Effect::new(move |_| meanwhile.set(report.with(|r| text.heard(r))));
    warn_before_leaving(text);

    let send = move |base: i32| {
        let sent = text.text.get_untracked();
        let body = match Document::parse(&sent) {
            Ok(body) => body,
            Err(why) => return too_long.set(Some(format!("{why} Nothing was saved; shorten it and save again."))),
        };
        too_long.set(None);
        let body = ReportIn { body, base };
        save.run(async move { api().save_report(number, &body).await }, move |saved| {
            text.stored(sent, saved.version);
            meanwhile.set(false);
            of.put(Some(saved));
        });
    };
    Effect::new(move |_| {
        if let Some(conflict) = save.error.with(|e| e.as_ref().and_then(conflict_in)) {
            save.error.set(None);
            text.conflict.set(Some(conflict));
        }
    });
    let offer =
        move |command| report.with(|r| r.offers.iter().find(|o| o.command == command).and_then(|o| o.refused.clone()));
    let save_refused = Signal::derive(move || offer(ReportCommand::Save));
    let publish_refused = Signal::derive(move || {
        offer(ReportCommand::Publish)
            .or_else(|| text.dirty().then(|| "Save first: what is published is what is saved.".to_owned()))
    });
    let new_to_readers = move || report.with(|r| r.published.as_ref().is_none_or(|p| p.version < r.version));
    let filled_if = |on: bool| if on { ButtonKind::Primary } else { ButtonKind::Plain };
    let save_kind = Signal::derive(move || filled_if(text.dirty() && text.conflict.with(Option::is_none)));
    let standing = Memo::new(move |_| report.with(|r| r.standing.clone()));
    let approved = move || standing.with(|s| matches!(s, Standing::Approved { .. }));
    let may_judge = Memo::new(move |_| offer(ReportCommand::Review).is_none() && !text.dirty());
    let ask_refused = Signal::derive(move || {
        offer(ReportCommand::AskReview)
            .or_else(|| text.dirty().then(|| "Save first: what is reviewed is what is saved.".to_owned()))
    });
    let ask_kind = Signal::derive(move || {
        filled_if(!text.dirty() && !may_judge.get() && standing.with(|s| matches!(s, Standing::Unseen {})))
    });
    let judge_kind = Signal::derive(move || filled_if(!approved() && new_to_readers()));
    let publish_kind = Signal::derive(move || filled_if(!text.dirty() && approved() && new_to_readers()));
    let compare = move |()| text.conflict.set(Some(report.with(|r| as_conflict(r, text))));
    let earlier = Signal::derive(move || text.restored.get() && text.dirty());
    let other = Signal::derive(move || {
        let open = meanwhile.get() && text.conflict.with(Option::is_none);
        open.then(|| report.with(|r| (r.saved_by.clone(), r.version)))
    });
    view! {
        <ReportHead report text>
            <Button kind=save_kind busy=save.busy refused=save_refused test_id="report-save" on_press=move |()| send(text.base.get_untracked())>
                "Save"
            </Button>
            <Button kind=ask_kind refused=ask_refused test_id="report-ask-review" on_press=move |()| asking.set(true)>
                "Ask for a review…"
            </Button>
            <Show when=move || may_judge.get()>
                <Button kind=judge_kind test_id="report-judge" on_press=move |()| judging.set(true)>"Review…"</Button>
            </Show>
            <Button kind=publish_kind refused=publish_refused test_id="report-publish" on_press=move |()| publishing.set(true)>
                "Publish…"
            </Button>
        </ReportHead>
        <ErrorNote error=save.error/>
        {move || too_long.get().map(|why| view! { <p class="note critical" role="alert">{why}</p> })}
        <TextNotes earlier meanwhile=other compare="Show both texts" on_compare=compare/>
        <ConflictNote text send=Callback::new(send) saving=save.busy/>
        <Halves report text read_only=Signal::derive(move || save_refused.with(Option::is_some)) send=Callback::new(send)/>
        <KeptText text/>
        <div class="report-beside">
            <Comments report of/>
            <Reviews report/>
            <FollowUpsOf incident=number/>
            <Versions report/>
        </div>
        <PublishDialog open=publishing report of/>
        <AskReviewDialog open=asking report of/>
        <JudgeDialog open=judging report of/>
    }
}

/// Which incident, which version, saved or not, and the ways out.
#[component]
fn ReportHead(report: Signal<ReportView>, text: ReportText, children: Children) -> impl IntoView {
    let number = report.with_untracked(|r| r.incident);
    let export = move |kind: &str| format!("/api/v1/incidents/{number}/report/export.{kind}");
    view! {
        <header class="page-head report-head">
            <div>
                <p class="kicker">
                    <a href=format!("/console/incidents/{number}")>
                        {move || report.with(|r| format!("Incident {number}: {}", r.incident_title))}
                    </a>
                </p>
                <h1>"Report"</h1>
                <p class="report-saved" aria-live="polite" data-testid="report-state">
                    {move || {
                        if text.dirty() {
                            view! { <b class="unsaved">"Unsaved changes"</b> }.into_any()
                        } else {
                            let (version, at, by) = report.with(|r| (r.version, r.saved_at, r.saved_by.to_string()));
                            view! { {format!("Saved as version {version}, ")} <Instant at/> {format!(" by {by}")} }.into_any()
                        }
                    }}
                    {move || {
                        report
                            .with(|r| {
                                r.published
                                    .as_ref()
                                    .map(|p| {
                                        let place = if p.public { "on the public page" } else { "for the team" };
                                        format!(". Version {} is published {place}", p.version)
                                    })
                            })
                    }} ". " {move || report.with(standing_words)}
                </p>
            </div>
            <div class="report-actions">{children()}</div>
            <p class="report-ways">
                <a
                    href=format!("/api/v1/incidents/{number}/report/print")
                    rel="external"
                    target="_blank"
                    data-testid="report-print"
                >
                    "Print or save as PDF"
                </a>
                <a href=format!("/console/reports/{number}/plan") data-testid="report-plan">"What it says about the plan"</a>
                <a href=export("html") rel="external" download="">"HTML document"</a>
                <a href=export("md") rel="external" download="">"Markdown file"</a>
            </p>
        </header>
    }
}

/// The text, and beside it how it looks or what somebody else wrote.
#[component]
fn Halves(report: Signal<ReportView>, text: ReportText, read_only: Signal<bool>, send: Callback<i32>) -> impl IntoView {
    let half = RwSignal::new(Half::Write);
    let shown = RwSignal::new(text.text.get_untracked());
    let mut later = debounce(Duration::from_millis(120), move |text: String| {
        shown.try_set(text);
    });
    Effect::new(move |_| later(text.text.get()));
    let html = Memo::new(move |_| report.with(|r| shown.with(|text| markdown::to_html(&filled(text, &r.facts)))));
    let conflict = move || text.conflict.with(Option::is_some);
    let tab = move |this: Half, words: &'static str| {
        view! {
            <button type="button" class="tab" aria-pressed=move || (half.get() == this).to_string() on:click=move |_| half.set(this)>
                {words}
            </button>
        }
    };
    view! {
        <div class="report-tabs" role="group" aria-label="What to show">
            {tab(Half::Write, "Write")}
            <Show when=conflict fallback=move || tab(Half::Preview, "Preview")>
                {tab(Half::Preview, "The other version")}
            </Show>
        </div>
        <div class="report-halves" data-half=move || if half.get() == Half::Write { "write" } else { "preview" }>
            <section class="report-write" aria-label="Text">
                <label class="report-label" for="report-body">
                    {move || if conflict() { "Yours: edit it until it says what both of you mean" } else { "Text (Markdown)" }}
                </label>
                <textarea
                    id="report-body"
                    class="report-body"
                    data-testid="report-body"
                    spellcheck="true"
                    readonly=read_only
                    prop:value=text.text
                    on:input=move |event| text.typed(event_target_value(&event))
                    on:keydown=move |event| {
                        if (event.ctrl_key() || event.meta_key()) && event.key() == "s" {
                            event.prevent_default();
                            if !read_only.get_untracked() {
                                send.run(text.base.get_untracked());
                            }
                        }
                    }
                ></textarea>
            </section>
            <Show
                when=conflict
                fallback=move || {
                    view! {
                        <section class="report-preview" aria-label="Preview">
                            <p class="report-label" aria-hidden="true">"Preview"</p>
                            // `to_html` turns raw HTML into text: nothing typed can become markup.
                            <article class="document" tabindex="0" inner_html=html></article>
                        </section>
                    }
                }
            >
                <OtherVersion text/>
            </Show>
        </div>
    }
}

fn conflict_in(error: &CallError) -> Option<EditConflict> {
    match error {
        CallError::Refused(view) if view.code == ErrorCode::EditConflict => {
            serde_json::from_value(view.details.clone()?).ok()
        }
        _ => None,
    }
}

fn as_conflict(report: &ReportView, text: ReportText) -> EditConflict {
    EditConflict {
        current: report.version,
        current_body: report.body.clone(),
        current_by: report.saved_by.clone(),
        current_at: report.saved_at,
        yours: text.text.get_untracked(),
    }
}

fn warn_before_leaving(text: ReportText) {
    let handle = window_event_listener(leptos::ev::beforeunload, move |event| {
        if text.text.try_with_untracked(|_| ()).is_some() && untrack(|| text.dirty()) {
            event.prevent_default();
            event.set_return_value("unsaved");
        }
    });
    on_cleanup(move || handle.remove());
}
