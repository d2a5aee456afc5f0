//! The box for notes: people meant by name, files dropped or pasted, and a note that is not lost when the line is. What is sent twice
//! by that is one note.

use leptos::{ev::SubmitEvent, prelude::*};
use shared::{
    api::{client::CallError, incident::NoteIn},
    domain::{incident::Person, mention, text::Message},
};

use super::{
    Here,
    files::{UploadList, Uploads, files_of},
};
use crate::{
    components::{
        async_view::Fetched,
        attempt::Attempt,
        button::Button,
        drafts::{self, Draft},
        error_note::ErrorNote,
        mention_box::MentionBox,
    },
    live::{Connection, RETRY, use_live},
    session::use_me,
    transport::{api, fresh_key},
};

/// A note that was sent and not answered: the same again, with the same key, is the same note.
#[derive(Clone)]
struct Sent {
    body: NoteIn,
    text: String,
    key: String,
}

/// What is typed, kept while one types, so that neither a crash nor a lost line takes it.
fn draft(here: Here) -> RwSignal<String> {
    let me = use_me();
    let key = StoredValue::new(format!("muster-note-{}", here.number));
    let user = move || me.with_untracked(|me| me.as_ref().map(|me| me.id.to_string()).unwrap_or_default());
    let left = key.with_value(|key| drafts::read(key, &user())).map(|draft| draft.text);
    let text = RwSignal::new(left.unwrap_or_default());
    Effect::new(move |before: Option<()>| {
        let now = text.get();
        key.with_value(|key| match (before, now.is_empty()) {
            (None, _) => {}
            (_, true) => drafts::forget(key),
            (_, false) => drafts::write(key, &Draft { user: user(), base: 0, text: now }),
        });
    });
    text
}

/// The note on its way.
#[derive(Clone, Copy)]
struct Letter {
    here: Here,
    text: RwSignal<String>,
    wrong: RwSignal<Option<String>>,
    known: Signal<Vec<Person>>,
    attempt: Attempt,
    waits: RwSignal<Option<Sent>>,
}

impl Letter {
    fn new(here: Here) -> Self {
        let people = Fetched::new(move || async move { Ok(api().incident_readers(here.number).await?.items) });
        let known = Signal::derive(move || people.value.get().unwrap_or_default());
        let (wrong, waits) = (RwSignal::new(None), RwSignal::new(None));
        let this = Self { here, text: draft(here), wrong, known, attempt: Attempt::new(), waits };
        // At once when the stream is back; and now and then, for a stream may not notice a short cut.
        let connection = use_live().connection();
        Effect::new(move |_| {
            if connection.get() == Connection::Live {
                this.again();
            }
        });
        Effect::new(move |_| {
            if waits.with(Option::is_some) {
                set_timeout(move || this.again(), RETRY);
            }
        });
        this
    }

    fn again(self) {
        if let Some(Some(sent)) = self.waits.try_get_untracked() {
            self.deliver(sent);
        }
    }

    fn send(self) {
        let typed = self.text.get_untracked();
        let parsed = Message::parse(&typed);
        self.wrong.set(parsed.as_ref().err().cloned());
        let Ok(message) = parsed else { return };
        let meant = self.known.with_untracked(|people: &Vec<Person>| mention::found(message.as_str(), people));
        let body = NoteIn { text: message, mentions: meant.into_iter().map(|person| person.id).collect() };
        let key = match self.waits.get_untracked() {
            Some(before) if before.text == typed => before.key,
            _ => fresh_key(),
        };
        self.deliver(Sent { body, text: typed, key });
    }

    fn deliver(self, sent: Sent) {
        let call = async move {
            let answer = api().note_once(self.here.number, &sent.body, &sent.key).await;
            let lost = matches!(answer, Err(CallError::Unreachable(_)));
            self.waits.try_set(lost.then(|| sent.clone()));
            answer.map(|view| (view, sent.text))
        };
        self.attempt.run(call, move |(view, sent)| {
            self.here.fetched.put(view);
            // What was typed while the note travelled is kept.
            if self.text.try_with_untracked(|now| *now == sent) == Some(true) {
                self.text.set(String::new());
            }
        });
    }
}

#[component]
pub(super) fn NoteBox(here: Here) -> impl IntoView {
    let letter = Letter::new(here);
    let Letter { text, wrong, known, attempt, waits, .. } = letter;
    let error = attempt.field("text");
    let uploads = Uploads::new(here);
    let over = RwSignal::new(false);
    view! {
        <form
            class="note-box"
            class:over=move || over.get()
            novalidate
            on:submit=move |event: SubmitEvent| {
                event.prevent_default();
                letter.send();
            }
            on:keydown=move |event| {
                if event.key() == "Enter" && (event.ctrl_key() || event.meta_key()) {
                    letter.send();
                }
            }
            on:paste=move |event| {
                let files = files_of(event.clipboard_data());
                if !files.is_empty() {
                    event.prevent_default();
                    uploads.add(files);
                }
            }
            on:dragover=move |event| {
                event.prevent_default();
                over.set(true);
            }
            on:dragleave=move |_| over.set(false)
            on:drop=move |event| {
                event.prevent_default();
                over.set(false);
                uploads.add(files_of(event.data_transfer()));
            }
        >
            <MentionBox
                label="Note"
                value=text
                people=known
                error=Signal::derive(move || wrong.get().or_else(|| error.get()))
            />
            <Show when=move || waits.with(Option::is_some) fallback=move || view! { <ErrorNote error=attempt.error/> }>
                <p class="note warning" role="status" data-testid="note-waits">
                    "Not sent: there is no connection. It is kept here and sent, once, when the connection is back."
                </p>
            </Show>
            <UploadList uploads/>
            <div class="note-deeds">
                <super::files::ChooseFiles uploads/>
                <Button submit=true busy=attempt.busy test_id="note-submit">
                    "Add note"
                </Button>
            </div>
        </form>
    }
}
