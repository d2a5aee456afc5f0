//! What can be done with an announced maintenance, each in a dialog that says what visitors will read. Which is offered, the server says.

use leptos::{ev::SubmitEvent, prelude::*};
use shared::{
    api::{
        maintenance::{MaintenanceEndIn, MaintenancePostIn, MaintenanceTimesIn, MaintenanceView},
        post::FillIn,
    },
    domain::{
        maintenance::{MaintenanceCommand, MaintenanceState},
        text::Message,
    },
};

use super::{Here, kept::Begin};
use crate::{
    components::{
        attempt::Attempt,
        button::{Button, ButtonKind},
        dialog::Dialog,
        error_note::ErrorNote,
        focus,
        local_moment::{LocalMoment, MomentField},
        public_text::PublicText,
        tell_subscribers::TellSubscribers,
    },
    transport::{api, fresh_key},
};

#[component]
pub(super) fn Commands(here: Here) -> impl IntoView {
    let [posting, moving, ending, cancelling] = [(); 4].map(|()| RwSignal::new(false));
    let offered = |command, words: &'static str, kind, open: RwSignal<bool>, test_id: &'static str| {
        let shown = here.open(command);
        view! {
            <Show when=move || shown.get()>
                <Button kind on_press=move |()| open.set(true) test_id>{words}</Button>
            </Show>
        }
    };
    view! {
        <div class="button-row">
            {offered(MaintenanceCommand::Post, "Post an update", ButtonKind::Plain, posting, "maintenance-post")}
            {offered(MaintenanceCommand::Move, "Change the times", ButtonKind::Plain, moving, "maintenance-move")}
            {offered(MaintenanceCommand::Cancel, "Cancel", ButtonKind::Quiet, cancelling, "maintenance-cancel")}
            {offered(MaintenanceCommand::Finish, "Finish now", ButtonKind::Primary, ending, "maintenance-finish")}
        </div>
        <PostDialog here open=posting/>
        <MoveDialog here open=moving/>
        <EndDialog here open=ending command=MaintenanceCommand::Finish/>
        <EndDialog here open=cancelling command=MaintenanceCommand::Cancel/>
    }
}

fn done(here: Here, open: RwSignal<bool>, text: RwSignal<String>) -> impl FnOnce(MaintenanceView) {
    move |view| {
        here.fetched.put(view);
        open.try_set(false);
        text.try_set(String::new());
        focus::to_heading();
    }
}

/// Nothing written is nothing said; what cannot be said is told.
fn optional(text: RwSignal<String>, wrong: RwSignal<Option<String>>) -> Result<Option<Message>, ()> {
    let typed = text.get_untracked();
    if typed.trim().is_empty() {
        wrong.set(None);
        return Ok(None);
    }
    let parsed = Message::parse(&typed);
    wrong.set(parsed.as_ref().err().cloned());
    parsed.map(Some).map_err(drop)
}

#[component]
fn PostDialog(here: Here, open: RwSignal<bool>) -> impl IntoView {
    let attempt = Attempt::new();
    let text = RwSignal::new(String::new());
    let wrong = RwSignal::new(None::<String>);
    let notify = RwSignal::new(true);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let parsed = Message::parse(&text.get_untracked());
        wrong.set(parsed.as_ref().err().cloned());
        let Ok(said) = parsed else { return };
        let key = fresh_key();
        let body = MaintenancePostIn { text: said, notify: notify.get_untracked() };
        let call = async move { api().post_maintenance(here.number, &body, &key).await };
        attempt.run(call, done(here, open, text));
    };
    let with = move || {
        here.one.with_untracked(|one| {
            let components = one.covers.iter().map(|covered| covered.name.clone()).collect();
            let (title, number) = (one.title.clone(), Some(one.number));
            Some(FillIn { title, components, from_at: one.from_at, to_at: one.to_at, number })
        })
    };
    view! {
        <Dialog open title="Post an update">
            <form class="form" on:submit=submit novalidate>
                <ErrorNote error=attempt.error/>
                <Begin text with/>
                <PublicText label="What visitors read" value=text hint="Markdown." error=wrong required=true/>
                <TellSubscribers value=notify/>
                <Foot open busy=attempt.busy test_id="maintenance-post-send" words="Post it"/>
            </form>
        </Dialog>
    }
}

#[component]
fn MoveDialog(here: Here, open: RwSignal<bool>) -> impl IntoView {
    let attempt = Attempt::new();
    let (from_at, to_at) = here.one.with_untracked(|one| (one.from_at, one.to_at));
    let (from, to) = (LocalMoment::new(from_at), LocalMoment::new(to_at));
    let text = RwSignal::new(String::new());
    let wrong = RwSignal::new(None::<String>);
    let notify = RwSignal::new(true);
    let begun = Memo::new(move |_| here.one.with(|one| one.state == MaintenanceState::UnderWay));
    // Opened, it shows what is so now.
    Effect::new(move |_| {
        if open.get() {
            let (from_at, to_at) = here.one.with_untracked(|one| (one.from_at, one.to_at));
            from.set(from_at);
            to.set(to_at);
            attempt.error.set(None);
        }
    });
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let from_at =
            if begun.get_untracked() { Some(here.one.with_untracked(|one| one.from_at)) } else { from.read() };
        let (Some(from_at), Some(to_at), Ok(text_in)) = (from_at, to.read(), optional(text, wrong)) else { return };
        let body = MaintenanceTimesIn { from_at, to_at, text: text_in, notify: notify.get_untracked() };
        attempt.run(async move { api().move_maintenance(here.number, &body).await }, done(here, open, text));
    };
    view! {
        <Dialog open title="Change the times">
            <form class="form" on:submit=submit novalidate>
                <ErrorNote error=attempt.error/>
                <Show when=move || !begun.get()>
                    <MomentField label="From" moment=from refused=attempt.field("from_at")/>
                </Show>
                <MomentField label="To" moment=to refused=attempt.field("to_at")/>
                <PublicText
                    label="What visitors read with it (optional)"
                    value=text
                    hint="The new times are said in any case. Markdown."
                    error=wrong
                />
                <TellSubscribers value=notify/>
                <Foot open busy=attempt.busy test_id="maintenance-move-send" words="Change the times"/>
            </form>
        </Dialog>
    }
}

/// Finishing early, or calling it off.
#[component]
fn EndDialog(here: Here, open: RwSignal<bool>, command: MaintenanceCommand) -> impl IntoView {
    let attempt = Attempt::new();
    let text = RwSignal::new(String::new());
    let wrong = RwSignal::new(None::<String>);
    let notify = RwSignal::new(true);
    let cancels = command == MaintenanceCommand::Cancel;
    let (heading, means, verb, back, test_id) = if cancels {
        (
            "Cancel this maintenance?",
            "It stays on the public page as cancelled, and in calendars. It cannot be planned again; plan another one.",
            "Cancel the maintenance",
            "Keep it",
            "maintenance-cancel-send",
        )
    } else {
        (
            "Finish this maintenance now",
            "Its components are no longer under maintenance from this moment on.",
            "Finish now",
            "Go on",
            "maintenance-finish-send",
        )
    };
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let Ok(said) = optional(text, wrong) else { return };
        let body = MaintenanceEndIn { text: said, notify: notify.get_untracked() };
        let call = async move {
            if cancels {
                api().cancel_maintenance(here.number, &body).await
            } else {
                api().finish_maintenance(here.number, &body).await
            }
        };
        attempt.run(call, done(here, open, text));
    };
    view! {
        <Dialog open title=heading>
            <form class="form" on:submit=submit novalidate>
                <p>{means}</p>
                <ErrorNote error=attempt.error/>
                <PublicText label="Last word for visitors (optional)" value=text hint="Markdown." error=wrong/>
                <TellSubscribers value=notify/>
                <Foot open busy=attempt.busy test_id words=verb back danger=cancels/>
            </form>
        </Dialog>
    }
}

#[component]
fn Foot(
    open: RwSignal<bool>,
    #[prop(into)] busy: Signal<bool>,
    test_id: &'static str,
    words: &'static str,
    #[prop(default = "Back")] back: &'static str,
    #[prop(optional)] danger: bool,
) -> impl IntoView {
    let kind = if danger { ButtonKind::Danger } else { ButtonKind::Primary };
    view! {
        <div class="form-actions">
            <Button on_press=move |()| open.set(false)>{back}</Button>
            <Button kind submit=true busy test_id>{words}</Button>
        </div>
    }
}
