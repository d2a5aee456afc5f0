//! Texts that are kept to be posted again: adding, changing, removing. Filling them in is the server's.

use leptos::{context::Provider, ev::SubmitEvent, prelude::*};
use shared::{
    api::{
        live::Topic,
        post::{TemplateChangeIn, TemplateIn, TemplateView},
    },
    domain::{
        access::Action,
        template::About,
        text::{Message, Name},
    },
};

use crate::{
    components::{
        async_view::{AsyncView, Fetched},
        attempt::Attempt,
        button::{Button, ButtonKind},
        dialog::Dialog,
        empty::Empty,
        error_note::ErrorNote,
        field::{SelectField, TextArea, TextField},
        focus,
        hold::Hold,
        time::Instant,
        title::title,
    },
    live::use_live,
    pages::incident::{STATES, state_key, state_of},
    session::may,
    transport::api,
};

#[component]
pub(crate) fn PostTemplatesPage() -> impl IntoView {
    title(|| "Kept texts".into());
    let heard = use_live().refetch_on(|topic| matches!(topic, Topic::StatusPage {}));
    let of = Fetched::new(move || {
        heard.track();
        async move { Ok(api().templates().await?.items) }
    });
    view! { <AsyncView of what="the kept texts" content=move |all| view! { <Kept all of/> }/> }
}

#[component]
fn Kept(all: Signal<Vec<TemplateView>>, of: Fetched<Vec<TemplateView>>) -> impl IntoView {
    let manages = may(Action::ManageStatusPage);
    let adding = RwSignal::new(false);
    let hold = Hold::new();
    let rows = hold.list(move || all.get());
    view! {
        <header class="page-head">
            <div>
                <p class="kicker"><a href="/console/status-page">"Status page"</a></p>
                <h1>"Kept texts"</h1>
                <p class="muted">"Public updates that were written in a calm hour. Whoever posts begins with one and changes what is different."</p>
            </div>
            <Show when=move || manages.get()>
                <Button kind=ButtonKind::Primary on_press=move |()| adding.set(true) test_id="template-add">"Add a text"</Button>
            </Show>
        </header>
        <Show when=move || !manages.get()>
            <p class="muted">{Action::ManageStatusPage.needs()}</p>
        </Show>
        <Provider value=hold>
            <Show
                when=move || rows.with(|rows| !rows.is_empty())
                fallback=|| {
                    view! {
                        <Empty
                            title="No text is kept yet"
                            text="At night nobody finds good words. Write what you would say when it is down, when you know why, and when it seems to be back."
                        />
                    }
                }
            >
                <ul class="rows">
                    <For
                        each=move || rows.get()
                        key=|one| (one.id, one.version)
                        children=move |one| view! { <Row one of manages/> }
                    />
                </ul>
            </Show>
        </Provider>
        <FormDialog open=adding before=None of/>
    }
}

#[component]
fn Row(one: TemplateView, of: Fetched<Vec<TemplateView>>, manages: Signal<bool>) -> impl IntoView {
    let (changing, removing) = (RwSignal::new(false), RwSignal::new(false));
    let attempt = Attempt::new();
    let id = one.id;
    let remove = move |()| {
        attempt.run(async move { api().remove_template(id).await }, move |()| {
            removing.try_set(false);
            of.refetch();
            focus::to_heading();
        });
    };
    let name = one.name.clone();
    view! {
        <li class="row" data-testid="template">
            <span class="row-state muted">{kind_words(&one)}</span>
            <span class="row-main">
                <b>{one.name.clone()}</b>
                <span class="row-meta scheduled-text">{one.text.clone()}</span>
                <span class="row-meta">"Saved " <Instant at=one.saved_at/> {format!(" by {}", one.saved_by)}</span>
            </span>
            <span class="row-side">
                <Show when=move || manages.get()>
                    <Button kind=ButtonKind::Quiet on_press=move |()| changing.set(true) test_id="template-change">"Change"</Button>
                    <Button kind=ButtonKind::Quiet on_press=move |()| removing.set(true)>"Remove"</Button>
                </Show>
            </span>
            <FormDialog open=changing before=Some(one.clone()) of/>
            <Dialog open=removing title=format!("Remove \"{name}\"?")>
                <p>"What was posted with it stays as it is."</p>
                <ErrorNote error=attempt.error/>
                <div class="form-actions">
                    <Button on_press=move |()| removing.set(false)>"Keep it"</Button>
                    <Button kind=ButtonKind::Danger busy=attempt.busy on_press=remove test_id="template-remove">"Remove it"</Button>
                </div>
            </Dialog>
        </li>
    }
}

fn kind_words(one: &TemplateView) -> &'static str {
    match (one.about, one.state) {
        (About::Maintenance, _) => "Maintenance",
        (About::Incident, None) => "Any state",
        (About::Incident, Some(state)) => state.words(),
    }
}

fn about_of(key: &str) -> About {
    About::ALL.into_iter().find(|about| about.name() == key).unwrap_or_default()
}

#[component]
fn FormDialog(open: RwSignal<bool>, before: Option<TemplateView>, of: Fetched<Vec<TemplateView>>) -> impl IntoView {
    let attempt = Attempt::new();
    let start = |f: fn(&TemplateView) -> String| RwSignal::new(before.as_ref().map(f).unwrap_or_default());
    let (name, text) = (start(|one| one.name.clone()), start(|one| one.text.clone()));
    let about = RwSignal::new(before.as_ref().map_or(About::Incident, |one| one.about).name().to_owned());
    let chosen = Memo::new(move |_| about_of(&about.get()));
    let state = start(|one| one.state.map(state_key).unwrap_or_default());
    let (wrong_name, wrong_text) = (RwSignal::new(None::<String>), RwSignal::new(None::<String>));
    let known = before.as_ref().map(|one| (one.id, one.version));
    let title = before.as_ref().map_or_else(|| "Keep a text".to_owned(), |one| format!("Change \"{}\"", one.name));
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let (named, said) = (Name::parse(&name.get_untracked()), Message::parse(&text.get_untracked()));
        wrong_name.set(named.as_ref().err().cloned());
        wrong_text.set(said.as_ref().err().cloned());
        let (Ok(named), Ok(said)) = (named, said) else { return };
        let template = TemplateIn {
            name: named,
            about: chosen.get_untracked(),
            state: state_of(&state.get_untracked()).filter(|_| chosen.get_untracked() == About::Incident),
            text: said,
        };
        let call = async move {
            match known {
                None => api().add_template(&template).await,
                Some((id, version)) => api().change_template(id, &TemplateChangeIn { template, version }).await,
            }
        };
        attempt.run(call, move |_| {
            if known.is_none() {
                name.try_set(String::new());
                text.try_set(String::new());
            }
            open.try_set(false);
            of.refetch();
            focus::to_heading();
        });
    };
    let (said_name, said_text) = (attempt.field("name"), attempt.field("text"));
    let states: Vec<_> = [(String::new(), "Whoever posts chooses".to_owned())]
        .into_iter()
        .chain(STATES.map(|state| (state_key(state), state.words().to_owned())))
        .collect();
    let states = StoredValue::new(states);
    view! {
        <Dialog open title>
            <form class="form" on:submit=submit novalidate>
                <ErrorNote error=attempt.error/>
                <TextField label="Name, for the team" value=name error=Signal::derive(move || wrong_name.get().or_else(|| said_name.get())) required=true/>
                <SelectField
                    label="For"
                    choices=vec![("incident".to_owned(), "Updates on incidents".to_owned()), ("maintenance".to_owned(), "Maintenance".to_owned())]
                    value=about
                />
                <Show when=move || chosen.get() == About::Incident>
                    <SelectField label="State" choices=states.get_value() value=state error=attempt.field("state")/>
                </Show>
                <TextArea label="Text" value=text rows=6 error=Signal::derive(move || wrong_text.get().or_else(|| said_text.get())) required=true/>
                <div class="hint">
                    <p>"These are filled in when the text is chosen; everything else stays as it is:"</p>
                    <ul class="places">
                        {move || {
                            let places = chosen.get().places().iter();
                            places
                                .map(|place| view! { <li><code>{format!("{{{{{}}}}}", place.name())}</code> " " {place.words()}</li> })
                                .collect_view()
                        }}
                    </ul>
                </div>
                <div class="form-actions">
                    <Button on_press=move |()| open.set(false)>"Cancel"</Button>
                    <Button kind=ButtonKind::Primary submit=true busy=attempt.busy test_id="template-save">"Keep it"</Button>
                </div>
            </form>
        </Dialog>
    }
}
