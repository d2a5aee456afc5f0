//! Changing the level: the plan's levels with their response times, and why. Which clock follows is the server's rule.

use leptos::{ev::SubmitEvent, prelude::*};
use shared::{api::incident::LevelIn, domain::text::Message, plan::Level, timestamp::human_seconds};

use super::{Here, commands::DialogFoot};
use crate::{
    components::{
        async_view::{AsyncView, Fetched},
        attempt::Attempt,
        dialog::Dialog,
        error_note::ErrorNote,
        field::{SelectField, TextArea},
        focus,
    },
    transport::api,
};

#[component]
pub(super) fn LevelDialog(here: Here, open: RwSignal<bool>) -> impl IntoView {
    view! {
        <Dialog open=open title=format!("Change the level of incident {}", here.number)>
            {
                let system = here.incident.with_untracked(|i| i.system.clone());
                // Asked only once the dialog is opened.
                let levels = Fetched::new(move || {
                    let system = system.clone();
                    async move { Ok(api().plan(&system).await?.compiled.plan.levels) }
                });
                view! {
                    <AsyncView
                        of=levels
                        what="the levels"
                        content=move |levels| view! { <LevelForm here=here open=open levels=levels/> }
                    />
                }
            }
        </Dialog>
    }
}

#[component]
fn LevelForm(here: Here, open: RwSignal<bool>, levels: Signal<Vec<Level>>) -> impl IntoView {
    focus::to_dialog_field();
    let attempt = Attempt::new();
    let reason = RwSignal::new(String::new());
    let wrong = RwSignal::new(None::<String>);
    let choices = Signal::derive(move || {
        let current = here.incident.with(|i| i.level);
        levels.with(|levels| levels.iter().filter(|l| l.level != current).map(choice).collect::<Vec<_>>())
    });
    let chosen = RwSignal::new(String::new());
    Effect::new(move |_| {
        let choices = choices.get();
        if !choices.iter().any(|(key, _)| *key == chosen.get_untracked()) {
            chosen.set(choices.first().map(|(key, _)| key.clone()).unwrap_or_default());
        }
    });
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let parsed = Message::parse(&reason.get_untracked());
        wrong.set(parsed.as_ref().err().cloned());
        let (Ok(message), Ok(level)) = (parsed, chosen.get_untracked().parse()) else { return };
        let body = LevelIn { level, reason: message };
        attempt.run(async move { api().change_level(here.number, &body).await }, move |view| {
            here.fetched.put(view);
            reason.try_set(String::new());
            open.try_set(false);
        });
    };
    let error = attempt.field("reason");
    view! {
        <form class="form" on:submit=submit novalidate>
            <ErrorNote error=attempt.error/>
            <SelectField label="New level" choices=choices value=chosen error=attempt.field("level")/>
            <TextArea
                label="Why"
                value=reason
                rows=3
                hint="Stands in the timeline."
                error=Signal::derive(move || wrong.get().or_else(|| error.get()))
                required=true
            />
            <DialogFoot
                open=open
                busy=attempt.busy
                test_id="level-submit"
                words=Signal::derive(move || format!("Change to level {}", chosen.get()))
            />
        </form>
    }
}

fn choice(level: &Level) -> (String, String) {
    let respond = match level.response_seconds {
        None => "no response time".to_owned(),
        Some(0) => "respond at once".to_owned(),
        Some(seconds) => format!("respond within {}", human_seconds(i64::try_from(seconds).unwrap_or(i64::MAX))),
    };
    (level.level.to_string(), format!("Level {} · {} ({respond})", level.level, level.name))
}
