//! The freeze of all recovery: the banner that everybody sees while it is on, and the button that sets it. What it stops is the
//! workers' business.

use leptos::prelude::*;
use shared::{
    api::{
        live::Topic,
        run::{FreezeIn, FreezeView},
    },
    domain::{access::Action, text::Message},
};

use crate::{
    components::{
        async_view::Fetched,
        attempt::Attempt,
        button::{Button, ButtonKind},
        dialog::Dialog,
        error_note::ErrorNote,
        field::TextArea,
        icon::{Icon, Svg},
        time::Instant,
    },
    live::use_live,
    session::may,
    transport::api,
};

type Frozen = Fetched<Option<FreezeView>>;

fn fetched() -> Frozen {
    let heard = use_live().refetch_on(|topic| matches!(topic, Topic::Freeze {}));
    Fetched::new(move || {
        heard.track();
        async move { api().frozen().await }
    })
}

/// Above every page while nothing may be begun.
#[component]
pub(crate) fn FreezeBanner() -> impl IntoView {
    let of = fetched();
    let freeze = Memo::new(move |_| of.value.get().flatten());
    let lifting = Attempt::new();
    let lift = move |()| {
        let body = FreezeIn { frozen: false, reason: None };
        lifting.run(async move { api().freeze(&body).await }, move |freeze| of.put(freeze));
    };
    let may_lift = may(Action::Freeze);
    view! {
        <div aria-live="assertive">
            {move || {
                freeze
                    .get()
                    .map(|freeze| {
                        view! {
                            <section class="freeze-banner" data-testid="frozen" aria-label="All recovery is frozen">
                                <Svg icon=Icon::Alert/>
                                <p>
                                    <b>"All recovery is frozen."</b> " No run begins, and runs that go on stop before their next step. "
                                    {freeze.by.to_string()} ", " <Instant at=freeze.since/> ": " {freeze.reason.clone()}
                                </p>
                                <ErrorNote error=lifting.error/>
                                <Show when=move || may_lift.get()>
                                    <Button busy=lifting.busy test_id="unfreeze" on_press=lift>
                                        "Lift the freeze"
                                    </Button>
                                </Show>
                            </section>
                        }
                    })
            }}
        </div>
    }
}

/// For those who may, while nothing is frozen.
#[component]
pub(crate) fn FreezeButton() -> impl IntoView {
    let of = fetched();
    let frozen = Memo::new(move |_| of.value.with(|f| f.as_ref().is_none_or(Option::is_some)));
    let may_set = may(Action::Freeze);
    let open = RwSignal::new(false);
    let reason = RwSignal::new(String::new());
    let wrong = RwSignal::new(None::<String>);
    let attempt = Attempt::new();
    let submit = move || match Message::parse(&reason.get_untracked()) {
        Err(why) => wrong.set(Some(why)),
        Ok(message) => {
            wrong.set(None);
            let body = FreezeIn { frozen: true, reason: Some(message) };
            attempt.run(async move { api().freeze(&body).await }, move |freeze| {
                open.set(false);
                reason.set(String::new());
                of.put(freeze);
            });
        }
    };
    view! {
        <Show when=move || may_set.get() && !frozen.get()>
            <Button test_id="freeze" on_press=move |()| open.set(true)>
                "Freeze all recovery"
            </Button>
        </Show>
        <Dialog open title="Freeze all recovery?">
            <form class="form" on:submit=move |event| {
                event.prevent_default();
                submit();
            }>
                <p>
                    "No run begins on any system until somebody lifts the freeze. A run that goes on finishes the step in hand and stops before the next one. Nothing is undone."
                </p>
                <TextArea label="Reason" value=reason rows=3 error=wrong/>
                <ErrorNote error=attempt.error/>
                <div class="form-actions">
                    <Button on_press=move |()| open.set(false)>"Cancel"</Button>
                    <Button kind=ButtonKind::Danger submit=true busy=attempt.busy test_id="freeze-send">
                        "Freeze all recovery"
                    </Button>
                </div>
            </form>
        </Dialog>
    }
}
