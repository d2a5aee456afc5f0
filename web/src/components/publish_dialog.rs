//! Publishing a report: for the team, or for everyone what was chosen, exactly as it was previewed. Publishes the version that is shown,
//! never a later one.

use leptos::prelude::*;
use shared::{
    api::report::{PublicPreviewIn, PublishIn, ReportView},
    domain::report::sections::sections,
    markdown,
};

use crate::{
    components::{
        async_view::{AsyncView, Fetched},
        attempt::Attempt,
        button::{Button, ButtonKind},
        dialog::Dialog,
        error_note::ErrorNote,
    },
    transport::api,
};

#[component]
pub(crate) fn PublishDialog(
    open: RwSignal<bool>,
    report: Signal<ReportView>,
    of: Fetched<Option<ReportView>>,
) -> impl IntoView {
    let number = report.with_untracked(|r| r.incident);
    let version = Memo::new(move |_| report.with(|r| r.version));
    let public = RwSignal::new(false);
    let chosen = RwSignal::new(Vec::<u16>::new());
    // Places are those of one text.
    Effect::new(move |_| {
        version.get();
        chosen.set(vec![]);
    });
    let attempt = Attempt::new();
    let publish = move |()| {
        let version = version.get_untracked();
        let body = if public.get_untracked() {
            PublishIn::for_everybody(version, chosen.get_untracked())
        } else {
            PublishIn::for_team(version)
        };
        attempt.run(async move { api().publish_report(number, &body).await }, move |report| {
            open.set(false);
            of.put(Some(report));
        });
    };
    let choice = move |value: bool, words: &'static str, meaning: &'static str, test_id: &'static str| {
        view! {
            <label class="publish-choice">
                <input
                    type="radio"
                    name="publish-where"
                    data-testid=test_id
                    prop:checked=move || public.get() == value
                    on:change=move |_| public.set(value)
                />
                <span>
                    <b>{words}</b>
                    <span class="hint">{meaning}</span>
                </span>
            </label>
        }
    };
    let none = Signal::derive(move || {
        (public.get() && chosen.with(Vec::is_empty)).then(|| "Choose which sections become public.".to_owned())
    });
    view! {
        <Dialog open title=Signal::derive(move || format!("Publish version {} of the report on incident {number}", version.get()))>
            <fieldset class="publish-choices">
                <legend>"Who is it for?"</legend>
                {choice(false, "The team", "Everybody who can sign in reads all of it. Nothing changes on the status page.", "publish-internal")}
                {choice(
                    true,
                    "Everyone, on the public page",
                    "Only the sections that you choose, and of the facts only what was posted for the public.",
                    "publish-public",
                )}
            </fieldset>
            <Show when=move || public.get()>
                <Sections report chosen/>
                <Preview number version chosen/>
            </Show>
            <ErrorNote error=attempt.error/>
            <div class="form-actions">
                <Button on_press=move |()| open.set(false)>"Cancel"</Button>
                <Button kind=ButtonKind::Primary busy=attempt.busy refused=none test_id="publish-confirm" on_press=publish>
                    {move || {
                        let place = if public.get() { "on the public page" } else { "for the team" };
                        format!("Publish version {} {place}", version.get())
                    }}
                </Button>
            </div>
        </Dialog>
    }
}

#[component]
fn Sections(report: Signal<ReportView>, chosen: RwSignal<Vec<u16>>) -> impl IntoView {
    let titles = Memo::new(move |_| {
        let title = |title: &str| {
            if title.is_empty() { "What stands before the first heading".into() } else { title.to_owned() }
        };
        report.with(|r| sections(&r.body).iter().map(|section| title(section.title)).collect::<Vec<String>>())
    });
    let toggle = move |place: u16, on: bool| {
        chosen.update(|all| {
            all.retain(|other| *other != place);
            if on {
                all.push(place);
            }
        });
    };
    let one = move |(place, title): (usize, String)| {
        let place = u16::try_from(place).unwrap_or(u16::MAX);
        view! {
            <label class="publish-section">
                <input
                    type="checkbox"
                    data-testid=format!("publish-section-{place}")
                    prop:checked=move || chosen.with(|all| all.contains(&place))
                    on:change=move |event| toggle(place, event_target_checked(&event))
                />
                <span>{title}</span>
            </label>
        }
    };
    view! {
        <fieldset class="publish-sections">
            <legend>"Which sections become public?"</legend>
            {move || titles.get().into_iter().enumerate().map(one).collect_view()}
        </fieldset>
    }
}

/// What the server would publish, not what this page makes of it.
#[component]
fn Preview(number: i64, version: Memo<i32>, chosen: RwSignal<Vec<u16>>) -> impl IntoView {
    let of = Fetched::new(move || {
        let body = PublicPreviewIn { version: version.get(), sections: chosen.get() };
        async move {
            if body.sections.is_empty() {
                Ok(String::new())
            } else {
                Ok(api().preview_public_report(number, &body).await?.text)
            }
        }
    });
    view! {
        <section class="publish-preview" aria-label="What everyone would read">
            <p class="report-label" aria-hidden="true">"What everyone would read"</p>
            <AsyncView of what="the preview" content=move |text| view! { <Text text/> }/>
        </section>
    }
}

#[component]
fn Text(text: Signal<String>) -> impl IntoView {
    // `to_html` turns raw HTML into text: nothing typed can become markup.
    let html = move || text.with(|text| markdown::to_html(text));
    view! { <article class="document" tabindex="0" data-testid="publish-preview" inner_html=html></article> }
}
