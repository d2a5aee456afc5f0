//! Hours in which one is woken only by what others cannot see to.

use leptos::prelude::*;
use shared::{
    api::contact::WaysView,
    domain::quiet::{QuietHours, TimeOfDay},
};

use crate::{
    components::{
        async_view::Fetched,
        attempt::Attempt,
        button::{Button, ButtonKind},
        error_note::ErrorNote,
        field::TextField,
        time::own_zone,
    },
    transport::api,
};

#[component]
pub(super) fn Quiet(ways: Signal<WaysView>, of: Fetched<WaysView>) -> impl IntoView {
    let now = Memo::new(move |_| ways.with(|w| w.quiet.clone()));
    let (begins, ends, zone) =
        (RwSignal::new("22:00".to_owned()), RwSignal::new("07:00".to_owned()), RwSignal::new(own_zone()));
    // What somebody has typed stays when the list is fetched anew.
    let shown = RwSignal::new(None::<QuietHours>);
    Effect::new(move |_| {
        let Some(hours) = now.get() else { return };
        if shown.get_untracked().as_ref() != Some(&hours) {
            begins.set(hours.begins.to_string());
            ends.set(hours.ends.to_string());
            zone.set(hours.zone.clone());
            shown.set(Some(hours));
        }
    });
    let attempt = Attempt::new();
    let wrong = RwSignal::new(None::<String>);
    let wrong_ends = attempt.field("hours.ends");
    let wrong_zone = attempt.field("hours.zone");
    let save = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let read = |text: RwSignal<String>| text.get_untracked().parse::<TimeOfDay>();
        let hours = match (read(begins), read(ends)) {
            (Ok(begins), Ok(ends)) => QuietHours { begins, ends, zone: zone.get_untracked().trim().to_owned() },
            (Err(why), _) | (_, Err(why)) => return wrong.set(Some(why)),
        };
        wrong.set(None);
        attempt.run(async move { api().set_quiet_hours(Some(hours)).await }, move |()| of.refetch());
    };
    let end = move |()| attempt.run(async move { api().set_quiet_hours(None).await }, move |()| of.refetch());
    let words = move || match now.get() {
        Some(hours) => format!("Quiet from {} to {} ({}).", hours.begins, hours.ends, hours.zone),
        None => "None: you are called at any hour.".to_owned(),
    };
    view! {
        <form class="form" on:submit=save data-testid="quiet">
            <h3>"Quiet hours"</h3>
            <p>{words}</p>
            <p class="muted">
                "While they last, others of your role are called first. They never hold at level 3, nor if nobody else is there or nobody has answered in time."
            </p>
            <div class="field-row">
                <TextField label="From" kind="time" value=begins error=wrong/>
                <TextField label="To" kind="time" value=ends error=wrong_ends/>
                <TextField label="Time zone" value=zone error=wrong_zone/>
            </div>
            <ErrorNote error=attempt.error/>
            <div class="button-row">
                <Button submit=true busy=attempt.busy test_id="quiet-save">"Set quiet hours"</Button>
                <Show when=move || now.with(Option::is_some)>
                    <Button kind=ButtonKind::Quiet busy=attempt.busy on_press=end>"End quiet hours"</Button>
                </Show>
            </div>
        </form>
    }
}
