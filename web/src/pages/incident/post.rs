//! Telling the public: at once, afterwards, or once a time has come, and how it will look. What is typed stays until it was taken.

use leptos::{ev::SubmitEvent, prelude::*};
use shared::{
    api::{
        client::CallError,
        incident::UpdateIn,
        post::{RescheduleIn, ScheduleIn, ScheduledView},
    },
    domain::{incident::PublicState, text::Message},
};

use super::Here;
use crate::{
    components::{
        async_view::Fetched,
        attempt::Attempt,
        button::{Button, ButtonKind},
        dialog::Dialog,
        error_note::ErrorNote,
        field::{SelectField, TextArea},
        focus,
        local_moment::{LocalMoment, MomentField},
        public_look::PublicLook,
        tell_subscribers::TellSubscribers,
        time::now,
    },
    transport::{api, fresh_key},
};

pub(crate) const STATES: [PublicState; 3] =
    [PublicState::Investigating, PublicState::Identified, PublicState::Monitoring];

pub(crate) fn key(state: PublicState) -> String {
    state.words().to_lowercase()
}

pub(crate) fn state_of(key: &str) -> Option<PublicState> {
    STATES.into_iter().find(|state| self::key(*state) == key)
}

/// When visitors read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    Now,
    /// About a moment that has passed.
    Afterwards,
    Later,
}

/// What a message says, while it is written.
#[derive(Clone, Copy)]
struct Draft {
    state: RwSignal<String>,
    text: RwSignal<String>,
    notify: RwSignal<bool>,
    when: RwSignal<When>,
    at: LocalMoment,
    wrong: RwSignal<Option<String>>,
}

impl Draft {
    fn new() -> Self {
        Self {
            state: RwSignal::new(key(PublicState::Investigating)),
            text: RwSignal::new(String::new()),
            notify: RwSignal::new(true),
            when: RwSignal::new(When::Now),
            at: LocalMoment::new(now()),
            wrong: RwSignal::new(None),
        }
    }

    fn state(self) -> PublicState {
        state_of(&self.state.get_untracked()).unwrap_or(PublicState::Investigating)
    }

    fn message(self) -> Option<Message> {
        let parsed = Message::parse(&self.text.get_untracked());
        self.wrong.set(parsed.as_ref().err().cloned());
        parsed.ok()
    }

    /// `None` with the reason beside the field.
    fn update(self) -> Option<UpdateIn> {
        let text = self.message();
        let happened_at = match self.when.get_untracked() {
            When::Afterwards => Some(self.at.read()?),
            When::Now | When::Later => None,
        };
        Some(UpdateIn { state: self.state(), text: text?, notify: self.notify.get_untracked(), happened_at })
    }

    fn schedule(self) -> Option<ScheduleIn> {
        let (text, publish_at) = (self.message(), self.at.read());
        Some(ScheduleIn {
            state: self.state(),
            text: text?,
            publish_at: publish_at?,
            notify: self.notify.get_untracked(),
        })
    }
}

#[component]
pub(super) fn UpdateDialog(here: Here, open: RwSignal<bool>) -> impl IntoView {
    let draft = Draft::new();
    let attempt = Attempt::new();
    Effect::new(move |_| {
        if open.get()
            && let Some(current) = here.incident.with_untracked(|i| i.public_state)
        {
            draft.state.set(key(current));
        }
    });
    // The same message again is the same request; another one is another.
    let last = StoredValue::new(None::<(String, String)>);
    let taken = move || {
        draft.text.try_set(String::new());
        draft.when.try_set(When::Now);
        open.try_set(false);
        focus::to_heading();
    };
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if draft.when.get_untracked() != When::Later {
            let Some(body) = draft.update() else { return };
            attempt.run(async move { api().post_update(here.number, &body).await }, move |view| {
                here.fetched.put(view);
                taken();
            });
            return;
        }
        let Some(body) = draft.schedule() else { return };
        let written = format!("{body:?}");
        let key = last.get_value().filter(|(before, _)| *before == written).map_or_else(fresh_key, |(_, key)| key);
        last.set_value(Some((written, key.clone())));
        attempt.run(async move { api().schedule_post(here.number, &body, &key).await }, move |_| {
            here.fetched.refetch();
            taken();
        });
    };
    let words = Signal::derive(move || match draft.when.get() {
        When::Now => "Post update".to_owned(),
        When::Afterwards => "Post it as of then".to_owned(),
        When::Later => "Schedule it".to_owned(),
    });
    view! {
        <Dialog open=open title=format!("Post a public update on incident {}", here.number)>
            <form class="form" on:submit=submit novalidate>
                <p>"Everybody can read this on the status page."</p>
                <ErrorNote error=attempt.error/>
                <Templates here draft open/>
                <Fields draft attempt/>
                <fieldset class="publish-choices">
                    <legend>"When"</legend>
                    {choice(draft, When::Now, "Now", "post-now")}
                    {choice(draft, When::Afterwards, "Afterwards: it was so at a time that has passed. Visitors see that it was added later.", "post-afterwards")}
                    {choice(draft, When::Later, "Later: once a time has come. Until then only the team sees it.", "post-later")}
                </fieldset>
                <At draft attempt/>
                <TellSubscribers value=draft.notify components=here.components()/>
                <Look here draft/>
                <Foot open busy=attempt.busy test_id="update-submit" words/>
            </form>
        </Dialog>
    }
}

fn choice(draft: Draft, value: When, words: &'static str, test_id: &'static str) -> impl IntoView {
    view! {
        <label class="publish-choice">
            <input
                type="radio"
                name="post-when"
                data-testid=test_id
                prop:checked=move || draft.when.get() == value
                on:change=move |_| {
                    draft.when.set(value);
                    // A start that makes sense: now, or in an hour.
                    draft.at.set(now().plus_seconds(if value == When::Later { 3600 } else { 0 }));
                }
            />
            <span>{words}</span>
        </label>
    }
}

#[component]
fn At(draft: Draft, attempt: Attempt) -> impl IntoView {
    let (then, later) = (attempt.field("happened_at"), attempt.field("publish_at"));
    let refused = Signal::derive(move || then.get().or_else(|| later.get()));
    move || match draft.when.get() {
        When::Now => None,
        When::Afterwards => Some(view! { <MomentField label="It was so at" moment=draft.at refused/> }),
        When::Later => Some(view! { <MomentField label="Post it at" moment=draft.at refused/> }),
    }
}

#[component]
fn Fields(draft: Draft, attempt: Attempt) -> impl IntoView {
    let error = attempt.field("text");
    view! {
        <SelectField
            label="State"
            choices=STATES.map(|s| (key(s), s.words().to_owned())).to_vec()
            value=draft.state
            error=attempt.field("state")
        />
        <TextArea
            label="Message"
            value=draft.text
            hint="What is known, what is being done, when you will say more."
            error=Signal::derive(move || draft.wrong.get().or_else(|| error.get()))
            required=true
        />
    }
}

/// Kept texts, filled in for this incident. Nothing while there are none.
#[component]
fn Templates(here: Here, draft: Draft, open: RwSignal<bool>) -> impl IntoView {
    let of = Fetched::new(move || {
        open.track();
        async move { Ok(api().templates_for(here.number).await?.items) }
    });
    let chosen = RwSignal::new(String::new());
    let choices = Signal::derive(move || {
        let kept = of.value.get().unwrap_or_default();
        let first = [(String::new(), "None".to_owned())];
        first.into_iter().chain(kept.into_iter().map(|one| (one.id.to_string(), one.name))).collect::<Vec<_>>()
    });
    Effect::new(move |_| {
        let id = chosen.get();
        let found = of.value.with_untracked(|kept| kept.as_ref()?.iter().find(|one| one.id.to_string() == id).cloned());
        if let Some(one) = found {
            draft.text.set(one.text);
            if let Some(state) = one.state {
                draft.state.set(key(state));
            }
        }
    });
    view! {
        <Show when=move || choices.with(|choices| choices.len() > 1)>
            <div data-testid="post-template">
                <SelectField label="Begin with a kept text" choices value=chosen/>
            </div>
        </Show>
    }
}

/// Exactly what visitors will see, made by the server from what is typed now.
#[component]
fn Look(here: Here, draft: Draft) -> impl IntoView {
    let ask = move || draft.update().map(|body| async move { api().preview_update(here.number, &body).await });
    view! { <PublicLook typed=draft.text ask test_id="post-preview"/> }
}

/// Another text or time for a message that waits.
#[component]
pub(super) fn ChangeDialog(here: Here, post: ScheduledView, open: RwSignal<bool>) -> impl IntoView {
    let draft = Draft::new();
    draft.when.set(When::Later);
    draft.state.set(key(post.state));
    draft.text.set(post.text.clone());
    draft.notify.set(post.notify);
    draft.at.set(post.publish_at);
    let (number, version) = (post.number, post.version);
    let attempt = Attempt::new();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let Some(post) = draft.schedule() else { return };
        let body = RescheduleIn { post, version };
        attempt.run(async move { api().reschedule_post(here.number, number, &body).await }, move |_| {
            open.try_set(false);
            here.fetched.refetch();
        });
    };
    view! {
        <Dialog open title=format!("Change scheduled update {number}")>
            <form class="form" on:submit=submit novalidate>
                <ErrorNote error=attempt.error/>
                <Fields draft attempt/>
                <At draft attempt/>
                <TellSubscribers value=draft.notify components=here.components()/>
                <Look here draft/>
                <Foot open busy=attempt.busy test_id="scheduled-save" words="Save it".to_owned()/>
            </form>
        </Dialog>
    }
}

#[component]
fn Foot(
    open: RwSignal<bool>,
    busy: RwSignal<bool>,
    test_id: &'static str,
    #[prop(into)] words: Signal<String>,
) -> impl IntoView {
    view! {
        <div class="form-actions">
            <Button on_press=move |()| open.set(false)>"Cancel"</Button>
            <Button kind=ButtonKind::Primary submit=true busy test_id>
                {move || words.get()}
            </Button>
        </div>
    }
}

/// Takes a message back before its time has come.
pub(super) async fn withdraw(incident: i64, post: i64) -> Result<(), CallError> {
    api().cancel_post(incident, post).await
}
