//! How the public page is arranged: order, groups, names, what is hidden. The page itself is the server's.

use leptos::prelude::*;
use shared::{
    api::{
        client::CallError,
        error::ErrorCode,
        live::Topic,
        status_page::{LayoutIn, StatusPageView},
    },
    domain::access::Action,
};

use crate::{
    components::{
        async_view::{AsyncView, Fetched},
        attempt::Attempt,
        button::{Button, ButtonKind},
        empty::Empty,
        error_note::ErrorNote,
        layout_draft::Draft,
        layout_rows::LayoutParts,
        leave_guard::LeaveGuard,
        time::Instant,
        title::title,
    },
    live::use_live,
    session::may,
    transport::api,
};

#[component]
pub(crate) fn StatusPagePage() -> impl IntoView {
    title(|| "Status page".into());
    let allowed = may(Action::ManageStatusPage);
    let heard = use_live().refetch_on(|topic| matches!(topic, Topic::StatusPage {} | Topic::Plan { .. }));
    let of = Fetched::new(move || {
        heard.track();
        async move { api().status_page().await }
    });
    view! {
        <Show
            when=move || allowed.get()
            fallback=|| view! { <h1>"Status page"</h1><p class="muted">{Action::ManageStatusPage.needs()}</p> }
        >
            <AsyncView of what="the status page" content=move |view| view! { <Arrange view of/> }/>
        </Show>
    }
}

#[component]
fn Arrange(view: Signal<StatusPageView>, of: Fetched<StatusPageView>) -> impl IntoView {
    let draft = view.with_untracked(Draft::new);
    let attempt = Attempt::new();
    let wrong = RwSignal::new(None::<String>);
    let theirs = RwSignal::new(None::<StatusPageView>);
    // What others save comes in by itself, as long as nothing of one's own would be lost.
    Effect::new(move |_| {
        let view = view.get();
        if !untrack(|| draft.dirty()) {
            draft.take_news(&view);
        }
    });
    let send = move |base: i32| {
        let layout = match draft.layout() {
            Ok(layout) => layout,
            Err(why) => return wrong.set(Some(format!("{why} Nothing was saved."))),
        };
        wrong.set(None);
        attempt.run(async move { api().arrange_status_page(&LayoutIn { layout, base }).await }, move |saved| {
            theirs.set(None);
            draft.take(&saved);
            of.put(saved);
        });
    };
    Effect::new(move |_| theirs.set(attempt.error.with(|error| error.as_ref().and_then(conflict))));
    let dirty = Signal::derive(move || draft.dirty());
    let kind = Signal::derive(move || if dirty.get() { ButtonKind::Primary } else { ButtonKind::Plain });
    let unchanged = move || (!dirty.get()).then(|| "Nothing is changed.".to_owned());
    let take = move |()| {
        if let Some(theirs) = theirs.get_untracked() {
            attempt.error.set(None);
            draft.take(&theirs);
        }
    };
    let over = move |()| {
        if let Some(theirs) = theirs.get_untracked() {
            send(theirs.version);
        }
    };
    view! {
        <header class="page-head">
            <div>
                <h1>"Status page"</h1>
                <p class="muted">
                    "What visitors see of the components, in this order. "
                    <a href="/console/status-page/brand">"Name, logo and language"</a> ". "
                    <a href="/" rel="external" target="_blank">"Open the public page"</a>
                </p>
                <p class="muted" aria-live="polite" data-testid="layout-state">
                    {move || match view.with(|v| v.saved.clone()) {
                        _ if dirty.get() => view! { <b class="unsaved">"Unsaved changes"</b> }.into_any(),
                        Some(saved) => view! { "Saved " <Instant at=saved.at/> {format!(" by {}", saved.by)} }.into_any(),
                        None => "As the plans have it; nobody has arranged it yet.".into_any(),
                    }}
                </p>
            </div>
            <div class="button-row">
                <a class="button" href="/console/maintenance">"Maintenance"</a>
                <a class="button" href="/console/status-page/texts">"Kept texts"</a>
                <a class="button" href="/console/status-page/subscribers">"Subscribers"</a>
                <Button on_press=move |()| draft.add_group() test_id="layout-add-group">"Add a group"</Button>
                <Button
                    kind
                    busy=attempt.busy
                    refused=Signal::derive(unchanged)
                    test_id="layout-save"
                    on_press=move |()| send(draft.base.get_untracked())
                >
                    "Save"
                </Button>
            </div>
        </header>
        <ErrorNote error=attempt.error/>
        <Show when=move || theirs.with(Option::is_some)>
            <p class="button-row">
                <Button on_press=take test_id="layout-take-theirs">"Take theirs, drop mine"</Button>
                <Button on_press=over test_id="layout-use-mine">"Save mine over theirs"</Button>
            </p>
        </Show>
        {move || wrong.get().map(|why| view! { <p class="note critical" role="alert">{why}</p> })}
        <Show
            when=move || draft.parts.with(|parts| !parts.is_empty())
            fallback=|| {
                view! {
                    <Empty
                        title="No components yet"
                        text="Components come from the plan. Import one; each of its components is listed here and on the public page."
                    />
                }
            }
        >
            <LayoutParts draft/>
        </Show>
        <LeaveGuard dirty what="Your changes to the status page"/>
    }
}

/// What somebody else saved meanwhile.
fn conflict(error: &CallError) -> Option<StatusPageView> {
    match error {
        CallError::Refused(view) if view.code == ErrorCode::EditConflict => {
            view.details.clone().and_then(|details| serde_json::from_value(details).ok())
        }
        _ => None,
    }
}
