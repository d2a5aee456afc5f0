//! Setting, replacing and deleting a secret. What was typed is forgotten when it was sent or the dialog is closed.

use leptos::prelude::*;
use shared::{
    api::secret::{SecretIn, SecretsView},
    domain::secret::{SecretName, check_value},
};

use super::Asked;
use crate::{
    components::{
        async_view::Fetched,
        attempt::Attempt,
        button::{Button, ButtonKind},
        dialog::Dialog,
        error_note::ErrorNote,
        field::{TextArea, TextField},
    },
    transport::api,
};

#[component]
pub(super) fn SetSecret(
    slug: StoredValue<String>,
    open: RwSignal<bool>,
    asked: RwSignal<Asked>,
    of: Fetched<SecretsView>,
) -> impl IntoView {
    let name = RwSignal::new(String::new());
    let value = RwSignal::new(String::new());
    let wrong_name = RwSignal::new(None::<String>);
    let wrong_value = RwSignal::new(None::<String>);
    let attempt = Attempt::new();
    Effect::new(move |_| {
        // Opened for another one, or closed.
        let _ = open.get();
        name.set(asked.get_untracked().name);
        value.set(String::new());
        wrong_name.set(None);
        wrong_value.set(None);
        attempt.error.set(None);
    });
    let replaces = move || asked.with(|asked| asked.replaces);
    let title = Signal::derive(move || {
        asked.with(|asked| if asked.replaces { format!("Replace {}", asked.name) } else { "Set a secret".to_owned() })
    });
    let submit = move || {
        let (typed, body) = (name.get_untracked().trim().to_owned(), SecretIn { value: value.get_untracked() });
        wrong_name.set(SecretName::parse(&typed).err());
        wrong_value.set(check_value(&body.value).err());
        if wrong_name.with_untracked(Option::is_some) || wrong_value.with_untracked(Option::is_some) {
            return;
        }
        let slug = slug.get_value();
        let call = async move {
            api().set_secret(&slug, &typed, &body).await?;
            api().secrets(&slug).await
        };
        attempt.run(call, move |view| {
            of.put(view);
            open.set(false);
        });
    };
    view! {
        <Dialog open title>
            <form
                class="form"
                autocomplete="off"
                on:submit=move |event| {
                    event.prevent_default();
                    submit();
                }
            >
                <p>
                    {move || {
                        if replaces() {
                            "The old value is gone for good. Consent that was given to a run with it does not count for the new one."
                        } else {
                            "The value is sealed when it arrives. Nobody gets to see it again, you neither."
                        }
                    }}
                </p>
                <Show when=move || !replaces()>
                    <TextField
                        label="Name"
                        value=name
                        hint="As the step knows it: an environment variable, such as DB_PASSWORD."
                        error=wrong_name
                        autocomplete="off"
                    />
                </Show>
                <TextArea label="Value" value rows=3 hint="At least 6 characters; it may have several lines." error=wrong_value/>
                <ErrorNote error=attempt.error/>
                <div class="form-actions">
                    <Button on_press=move |()| open.set(false)>"Cancel"</Button>
                    <Button kind=ButtonKind::Primary submit=true busy=attempt.busy test_id="secret-send">
                        {move || if replaces() { "Replace it" } else { "Set it" }}
                    </Button>
                </div>
            </form>
        </Dialog>
    }
}

#[component]
pub(super) fn DeleteSecret(
    slug: StoredValue<String>,
    open: RwSignal<bool>,
    asked: RwSignal<Asked>,
    of: Fetched<SecretsView>,
) -> impl IntoView {
    let attempt = Attempt::new();
    let title = Signal::derive(move || format!("Delete {}", asked.with(|asked| asked.name.clone())));
    let submit = move || {
        let (slug, name) = (slug.get_value(), asked.get_untracked().name);
        let call = async move {
            api().delete_secret(&slug, &name).await?;
            api().secrets(&slug).await
        };
        attempt.run(call, move |view| {
            of.put(view);
            open.set(false);
        });
    };
    view! {
        <Dialog open title>
            <form
                class="form"
                on:submit=move |event| {
                    event.prevent_default();
                    submit();
                }
            >
                <p>"The value is gone for good. Runs of procedures that need it are refused until it is set again."</p>
                <ErrorNote error=attempt.error/>
                <div class="form-actions">
                    <Button on_press=move |()| open.set(false)>"Keep it"</Button>
                    <Button kind=ButtonKind::Danger submit=true busy=attempt.busy test_id="secret-delete">"Delete it"</Button>
                </div>
            </form>
        </Dialog>
    }
}
