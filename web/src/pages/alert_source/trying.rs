//! Trying a message: what it would lead to under the rules as they stand in the form. Nothing comes of it.

use leptos::prelude::*;
use shared::api::alert::{TriedView, TryIn};

use super::{rules::RuleEditor, settings::Settings};
use crate::{
    components::{attempt::Attempt, button::Button, error_note::ErrorNote, field::TextArea},
    transport::api,
};

#[component]
pub(super) fn Trying(rules: RuleEditor, settings: Settings) -> impl IntoView {
    let text = RwSignal::new(String::new());
    let wrong = RwSignal::new(None::<String>);
    let tried = RwSignal::new(None::<Vec<TriedView>>);
    let attempt = Attempt::new();
    let send = move |()| {
        let message = serde_json::from_str(&text.get_untracked());
        wrong.set(message.as_ref().err().map(|error| format!("This is not JSON: {error}.")));
        let (Ok(message), Some(rules)) = (message, rules.read()) else { return };
        let kind = settings.kind();
        let body = TryIn { kind, mapping: settings.mapping(), rules, message };
        tried.set(None);
        attempt.run(async move { api().try_alert(&body).await }, move |list| tried.set(Some(list.items)));
    };
    view! {
        <details class="places">
            <summary>"Try a message"</summary>
            <TextArea label="A message as the program sends it" value=text rows=6 error=wrong hint="JSON. Nothing comes of it."/>
            <ErrorNote error=attempt.error/>
            <p><Button busy=attempt.busy on_press=send test_id="source-try">"What would it lead to?"</Button></p>
            <div role="status">
                {move || {
                    tried
                        .get()
                        .map(|all| {
                            if all.is_empty() {
                                return view! { <p>"Nothing: the message says of no trouble that it began or ended."</p> }.into_any();
                            }
                            view! { <ul class="stack" data-testid="tried">{all.into_iter().map(one).collect_view()}</ul> }.into_any()
                        })
                }}
            </div>
        </details>
    }
}

fn one(tried: TriedView) -> impl IntoView {
    let by = tried.rule.map_or_else(|| "No rule fits".to_owned(), |n| format!("Rule {n}"));
    view! {
        <li>
            <p>
                <b>{tried.alert.title}</b>
            </p>
            <p class="muted">{format!("{by}: {}", tried.words)}</p>
        </li>
    }
}
