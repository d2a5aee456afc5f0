//! Beginning a public text about maintenance with one that was kept. Filling in is the server's.

use leptos::prelude::*;
use shared::api::post::{FillIn, TemplateView};

use crate::{
    components::{attempt::Attempt, button::Button, error_note::ErrorNote, field::SelectField},
    transport::api,
};

/// Nothing while no text about maintenance is kept. `with` says what it is filled in with now.
#[component]
pub(super) fn Begin<W>(text: RwSignal<String>, with: W) -> impl IntoView
where
    W: Fn() -> Option<FillIn> + Copy + Send + Sync + 'static,
{
    let attempt = Attempt::new();
    let kept = RwSignal::new(Vec::<TemplateView>::new());
    let chosen = RwSignal::new(String::new());
    let ask = move |then: fn(RwSignal<String>, String)| {
        let Some(body) = with() else { return };
        attempt.run(async move { api().templates_for_work(&body).await }, move |list| {
            let id = chosen.try_get_untracked().unwrap_or_default();
            if let Some(one) = list.items.iter().find(|one| one.id.to_string() == id) {
                then(text, one.text.clone());
            }
            kept.try_set(list.items);
        });
    };
    // Which there are is asked once.
    ask(|_, _| {});
    let fill = move |()| {
        ask(|text, filled| {
            text.try_set(filled);
        });
    };
    let choices = Signal::derive(move || {
        let first = [(String::new(), "None".to_owned())];
        kept.with(|kept| {
            first.into_iter().chain(kept.iter().map(|one| (one.id.to_string(), one.name.clone()))).collect::<Vec<_>>()
        })
    });
    view! {
        <Show when=move || kept.with(|kept| !kept.is_empty())>
            <div class="stack-tight" data-testid="maintenance-kept">
                <SelectField label="Begin with a kept text" choices value=chosen/>
                <p>
                    <Button
                        busy=attempt.busy
                        on_press=fill
                        test_id="maintenance-fill"
                    >
                        "Fill it in"
                    </Button>
                    <span class="hint">" with the title, components and times above; it replaces what is written below."</span>
                </p>
                <ErrorNote error=attempt.error/>
            </div>
        </Show>
    }
}
