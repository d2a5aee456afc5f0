//! A report and those who look at it: how the version stands, asking somebody for a review, and judging it. Publishes nothing.

use leptos::{ev::SubmitEvent, prelude::*};
use shared::{
    api::report::{ReportReviewIn, ReportView, ReviewAskIn},
    domain::{
        report::review::{ReviewDeed, Standing},
        text::Message,
    },
};

use crate::{
    components::{
        async_view::Fetched,
        attempt::Attempt,
        button::{Button, ButtonKind},
        dialog::Dialog,
        error_note::ErrorNote,
        field::{SelectField, TextArea},
        time::Instant,
    },
    transport::api,
};

/// One line: whose word counts now.
pub(crate) fn standing_words(report: &ReportView) -> String {
    let version = report.version;
    match &report.standing {
        Standing::Unseen {} => format!("Nobody has reviewed version {version}."),
        Standing::Asked { by } => format!("{by} has asked for a review of version {version}."),
        Standing::ChangesAsked { by } => format!("{by} asks for changes of version {version}."),
        Standing::Approved { by } => format!("{by} has approved version {version}."),
    }
}

/// What was said of all versions, newest first.
#[component]
pub(crate) fn Reviews(report: Signal<ReportView>) -> impl IntoView {
    let entries = Memo::new(move |_| report.with(|r| r.reviews.iter().rev().cloned().collect::<Vec<_>>()));
    view! {
        <section class="panel" aria-labelledby="reviews">
            <h2 id="reviews">"Reviews"</h2>
            <p data-testid="report-standing">{move || report.with(standing_words)}</p>
            <ul class="fact-list">
                {move || {
                    entries
                        .get()
                        .into_iter()
                        .map(|entry| {
                            let what = format!("{} {} version {}", entry.by, entry.deed.words(), entry.version);
                            let said = match entry.deed {
                                ReviewDeed::Asked => format!("Asked: {}", entry.text),
                                _ => entry.text,
                            };
                            view! {
                                <li>
                                    <span class="fact-name">
                                        {what}
                                        <span class="hint"><Instant at=entry.at/></span>
                                        {(!said.is_empty()).then(|| view! { <span class="review-said">{said}</span> })}
                                    </span>
                                </li>
                            }
                        })
                        .collect_view()
                }}
            </ul>
        </section>
    }
}

#[component]
pub(crate) fn AskReviewDialog(
    open: RwSignal<bool>,
    report: Signal<ReportView>,
    of: Fetched<Option<ReportView>>,
) -> impl IntoView {
    let number = report.with_untracked(|r| r.incident);
    let version = Memo::new(move |_| report.with(|r| r.version));
    let (attempt, person) = (Attempt::new(), RwSignal::new(String::new()));
    let people = Fetched::new(move || {
        let wanted = open.get();
        async move { if wanted { Ok(api().reviewers(number).await?.items) } else { Ok(vec![]) } }
    });
    let choices = Signal::derive(move || {
        let people = people.value.get().unwrap_or_default();
        let none = (String::new(), "Choose somebody".to_owned());
        [none].into_iter().chain(people.into_iter().map(|p| (p.id.to_string(), p.name))).collect::<Vec<_>>()
    });
    let wrong = RwSignal::new(None::<String>);
    let refused = attempt.field("person");
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let Ok(person) = person.get_untracked().parse() else {
            return wrong.set(Some("Choose who is to look at it.".into()));
        };
        wrong.set(None);
        let body = ReviewAskIn { version: version.get_untracked(), person };
        attempt.run(async move { api().ask_review(number, &body).await }, move |report| {
            open.set(false);
            of.put(Some(report));
        });
    };
    view! {
        <Dialog open title=Signal::derive(move || format!("Ask for a review of version {}", version.get()))>
            <form class="form" on:submit=submit novalidate>
                <p>"They get a message that leads here. A report is published after somebody who has not saved it approves it."</p>
                <ErrorNote error=attempt.error/>
                <SelectField
                    label="Who is to review it"
                    choices
                    value=person
                    error=Signal::derive(move || wrong.get().or_else(|| refused.get()))
                />
                <div class="form-actions">
                    <Button on_press=move |()| open.set(false)>"Cancel"</Button>
                    <Button kind=ButtonKind::Primary submit=true busy=attempt.busy test_id="ask-review-send">"Ask for a review"</Button>
                </div>
            </form>
        </Dialog>
    }
}

#[component]
pub(crate) fn JudgeDialog(
    open: RwSignal<bool>,
    report: Signal<ReportView>,
    of: Fetched<Option<ReportView>>,
) -> impl IntoView {
    let number = report.with_untracked(|r| r.incident);
    // What was on screen when it was opened is what is judged.
    let version = RwSignal::new(report.with_untracked(|r| r.version));
    Effect::new(move |_| {
        if open.get() {
            version.set(report.with_untracked(|r| r.version));
        }
    });
    let (attempt, text) = (Attempt::new(), RwSignal::new(String::new()));
    let wrong = RwSignal::new(None::<String>);
    let refused = attempt.field("text");
    let send = move |approve: bool| {
        let typed = text.get_untracked();
        let said = if typed.trim().is_empty() { None } else { Some(Message::parse(&typed)) };
        let text_in = match said.transpose() {
            Ok(None) if !approve => return wrong.set(Some("Say what should change.".into())),
            Ok(said) => said,
            Err(why) => return wrong.set(Some(why)),
        };
        wrong.set(None);
        let body = ReportReviewIn { version: version.get_untracked(), approve, text: text_in };
        attempt.run(async move { api().review_report(number, &body).await }, move |report| {
            open.set(false);
            text.set(String::new());
            of.put(Some(report));
        });
    };
    view! {
        <Dialog open title=Signal::derive(move || format!("Review version {} of the report", version.get()))>
            <div class="form">
                <ErrorNote error=attempt.error/>
                <TextArea
                    label="What you say of it"
                    value=text
                    hint="Needed if it should change; kept with the report."
                    error=Signal::derive(move || wrong.get().or_else(|| refused.get()))
                />
                <div class="form-actions">
                    <Button on_press=move |()| open.set(false)>"Cancel"</Button>
                    <Button busy=attempt.busy test_id="judge-changes" on_press=move |()| send(false)>"Ask for changes"</Button>
                    <Button kind=ButtonKind::Primary busy=attempt.busy test_id="judge-approve" on_press=move |()| send(true)>
                        {move || format!("Approve version {}", version.get())}
                    </Button>
                </div>
            </div>
        </Dialog>
    }
}
