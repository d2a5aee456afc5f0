//! Keeping alerts silent for a while: the dialog at an alert, and the list of silences that go on. What is silent the server judges.

use leptos::prelude::*;
use shared::{
    api::{
        List,
        alert::{AlertView, SilenceIn, SilenceView},
        live::Topic,
    },
    domain::{
        access::Action,
        alert::{Condition, Test},
        text::{Message, Name},
    },
};

use crate::{
    components::{
        async_view::{AsyncView, Fetched},
        attempt::Attempt,
        button::{Button, ButtonKind},
        dialog::Dialog,
        error_note::ErrorNote,
        field::{Checkbox, SelectField, TextField},
        time::{Moment, now},
    },
    live::use_live,
    session::may,
    transport::api,
};

/// How long, in hours.
const HOURS: [(u64, &str); 5] =
    [(1, "an hour"), (4, "four hours"), (12, "twelve hours"), (24, "a day"), (168, "a week")];

/// Only labels that a condition can hold; the title stands for an alert without any.
fn chosen(alert: &AlertView) -> Vec<(Name, Name, RwSignal<bool>)> {
    let labels =
        alert.labels.iter().filter_map(|(label, value)| Some((Name::parse(label).ok()?, Name::parse(value).ok()?)));
    let title = Name::parse("title").ok().zip(Name::parse(&alert.title).ok());
    let labels: Vec<_> = labels.collect();
    let none = labels.is_empty();
    let labels = labels.into_iter().map(|(label, value)| (label, value, RwSignal::new(true)));
    labels.chain(title.map(|(label, value)| (label, value, RwSignal::new(none)))).collect()
}

#[component]
pub(crate) fn SilenceButton(alert: AlertView) -> impl IntoView {
    let allowed = may(Action::SilenceAlerts);
    let open = RwSignal::new(false);
    let system = StoredValue::new(alert.system.clone());
    let parts = StoredValue::new(chosen(&alert));
    let (hours, reason) = (RwSignal::new("1".to_owned()), RwSignal::new(String::new()));
    let wrong = RwSignal::new(None::<String>);
    let attempt = Attempt::new();
    let refused = attempt.field("conditions");
    let send = move |()| {
        let text = Message::parse(&reason.get_untracked());
        wrong.set(text.as_ref().err().cloned());
        let Ok(text) = text else { return };
        let picked = |(label, value, on): &(Name, Name, RwSignal<bool>)| {
            on.get_untracked().then(|| Condition { label: label.clone(), is: Test::Equal, value: value.clone() })
        };
        let conditions = parts.with_value(|parts| parts.iter().filter_map(picked).collect());
        let seconds = hours.get_untracked().parse::<u64>().unwrap_or(1) * 3600;
        let body = SilenceIn { conditions, reason: text, until: now().plus_seconds(seconds) };
        let system = system.get_value();
        attempt.run(async move { api().silence(&system, &body).await }, move |_| open.set(false));
    };
    view! {
        <Show when=move || allowed.get()>
            <Button kind=ButtonKind::Quiet on_press=move |()| open.set(true) test_id="silence">"Silence"</Button>
            <Dialog open=open title="Keep alerts like this silent">
                <p>"They are written down and declare nothing. What still fires when it ends does so then."</p>
                <fieldset>
                    <legend>"Alerts for which all of these hold"</legend>
                    {parts
                        .with_value(Clone::clone)
                        .into_iter()
                        .map(|(label, value, on)| view! { <Checkbox label=format!("{} is {}", label.as_str(), value.as_str()) value=on/> })
                        .collect_view()}
                </fieldset>
                {move || refused.get().map(|why| view! { <p class="field-error">{why}</p> })}
                <SelectField
                    label="For"
                    choices=HOURS.map(|(hours, words)| (hours.to_string(), words.to_owned())).to_vec()
                    value=hours
                />
                <TextField label="Why" value=reason error=wrong/>
                <ErrorNote error=attempt.error/>
                <div class="form-actions">
                    <Button on_press=move |()| open.set(false)>"Leave them loud"</Button>
                    <Button kind=ButtonKind::Primary busy=attempt.busy on_press=send test_id="silence-send">"Silence them"</Button>
                </div>
            </Dialog>
        </Show>
    }
}

/// Those that go on; nothing if there are none.
#[component]
pub(crate) fn Silences() -> impl IntoView {
    let heard = use_live().refetch_on(|topic| matches!(topic, Topic::Alerts {}));
    let of = Fetched::new(move || {
        heard.track();
        async move { api().silences().await }
    });
    view! { <AsyncView of what="the silences" content=move |list| view! { <Listed list of/> }/> }
}

#[component]
fn Listed(list: Signal<List<SilenceView>>, of: Fetched<List<SilenceView>>) -> impl IntoView {
    let any = Memo::new(move |_| list.with(|l| !l.items.is_empty()));
    view! {
        <Show when=move || any.get()>
            <section class="silences" data-testid="silences">
                <h2>"Silent for now"</h2>
                <ul class="rows">
                    <For each=move || list.get().items key=|one| one.id children=move |one| view! { <OneSilence one of/> }/>
                </ul>
            </section>
        </Show>
    }
}

#[component]
fn OneSilence(one: SilenceView, of: Fetched<List<SilenceView>>) -> impl IntoView {
    let allowed = may(Action::SilenceAlerts);
    let attempt = Attempt::new();
    let id = one.id;
    let end = move |()| attempt.run(async move { api().end_silence(id).await }, move |()| of.refetch());
    view! {
        <li class="row">
            <span class="row-main">
                <span class="alert-labels">
                    {one
                        .conditions
                        .iter()
                        .map(|c| view! { <code>{format!("{} {} {}", c.label.as_str(), c.is.words(), c.value.as_str())}</code> })
                        .collect_view()}
                </span>
                <span class="row-meta">{format!("{} · {} · {}", one.system, one.made_by, one.reason)}</span>
                <ErrorNote error=attempt.error/>
            </span>
            <span class="row-side">
                <span>"until " <Moment at=one.until/></span>
                <Show when=move || allowed.get()>
                    <Button busy=attempt.busy on_press=end test_id="silence-end">"End it"</Button>
                </Show>
            </span>
        </li>
    }
}
