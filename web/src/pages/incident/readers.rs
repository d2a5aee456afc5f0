//! Who may see the incident: said at the top if it is restricted, and changed in a panel of its own. The rule is the server's.

use leptos::{ev::SubmitEvent, prelude::*};
use shared::{
    api::restricted::{OpenIn, ReaderIn, ReaderVerb, RestrictIn},
    domain::{
        incident::{IncidentCommand, Person},
        text::Message,
    },
    ids::UserId,
};

use super::{Here, commands::DialogFoot};
use crate::{
    components::{
        attempt::Attempt,
        dialog::Dialog,
        error_note::ErrorNote,
        field::TextArea,
        focus,
        icon::{Icon, Svg},
        people_boxes::PeopleBoxes,
    },
    session::use_me,
    transport::api,
};

fn readers(here: Here) -> Memo<Option<Vec<Person>>> {
    Memo::new(move |_| here.incident.with(|i| i.readers.clone()))
}

/// Above everything else, so that nobody tells others by mistake.
#[component]
pub(super) fn RestrictedNote(here: Here) -> impl IntoView {
    let readers = readers(here);
    let public = Memo::new(move |_| here.incident.with(|i| i.public_title.is_some()));
    move || {
        readers.get().map(|people| {
            let names: Vec<String> = people.into_iter().map(|person| person.name).collect();
            let public =
                if public.get() { " The status page says what was posted there, and nothing else." } else { "" };
            view! {
                <p class="note warning restricted-note" data-testid="restricted">
                    <Svg icon=Icon::Lock/>
                    <span>
                        <strong>"Restricted. "</strong>
                        {format!("Only {} see this incident, and people whose role lets them.{public}", and(&names))}
                    </span>
                </p>
            }
        })
    }
}

/// "Ada, Ben and Cleo".
fn and(names: &[String]) -> String {
    match names {
        [rest @ .., last] if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        names => names.concat(),
    }
}

#[component]
pub(super) fn Readers(here: Here) -> impl IntoView {
    use IncidentCommand as C;
    let attempt = Attempt::new();
    let (restricting, opening, letting_in) = (RwSignal::new(false), RwSignal::new(false), RwSignal::new(false));
    let putting_out = RwSignal::new(None::<Person>);
    let readers = readers(here);
    let opens = |dialog: RwSignal<bool>, test_id: &'static str, words: &'static str| {
        view! {
            <button type="button" class="link-button" data-testid=test_id on:click=move |_| dialog.set(true)>
                {words}
            </button>
        }
    };
    view! {
        <section class="panel" aria-labelledby="readers">
            <h2 id="readers">"Who may see this"</h2>
            {move || match readers.get() {
                None => view! { <p class="muted">"Everybody who opens the console."</p> }.into_any(),
                Some(people) => view! { <List people may=here.open(C::ChangeReaders) putting_out/> }.into_any(),
            }}
            <ErrorNote error=attempt.error/>
            <p class="panel-deeds">
                <Show when=move || here.open(C::Restrict).get()>{opens(restricting, "restrict", "Restrict")}</Show>
                <Show when=move || here.open(C::ChangeReaders).get()>
                    {opens(letting_in, "let-in", "Let somebody in")}
                </Show>
                <Show when=move || here.open(C::LiftRestriction).get()>
                    {opens(opening, "open-to-all", "Open to everybody")}
                </Show>
            </p>
        </section>
        <RestrictDialog here open=restricting/>
        <LetInDialog here open=letting_in/>
        <PutOutDialog here person=putting_out/>
        <OpenDialog here open=opening/>
    }
}

#[component]
fn List(people: Vec<Person>, may: Signal<bool>, putting_out: RwSignal<Option<Person>>) -> impl IntoView {
    let my_id = use_me().with_untracked(|me| me.as_ref().map(|me| me.id));
    let rows = people.into_iter().map(|person| {
        let mine = Some(person.id) == my_id;
        let name = if mine { format!("{} (you)", person.name) } else { person.name.clone() };
        let label = format!("Put out {}", person.name);
        let person = StoredValue::new(person);
        view! {
            <li>
                <span class="fact-name">{name}</span>
                <Show when=move || may.get() && !mine>
                    <button
                        type="button"
                        class="link-button"
                        aria-label=label.clone()
                        on:click=move |_| putting_out.set(Some(person.get_value()))
                    >
                        "Put out"
                    </button>
                </Show>
            </li>
        }
    });
    view! { <ul class="fact-list" data-testid="readers">{rows.collect_view()}</ul> }
}

#[component]
fn RestrictDialog(here: Here, open: RwSignal<bool>) -> impl IntoView {
    let attempt = Attempt::new();
    let people = RwSignal::new(Vec::<UserId>::new());
    let (reason, wrong) = (RwSignal::new(String::new()), RwSignal::new(None::<String>));
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let parsed = Message::parse(&reason.get_untracked());
        wrong.set(parsed.as_ref().err().map(|_| "Say why, for those who see it.".into()));
        let Ok(reason) = parsed else { return };
        let body = RestrictIn { people: people.get_untracked(), reason };
        attempt.run(async move { api().restrict(here.number, &body).await }, move |view| {
            here.fetched.put(view);
            open.try_set(false);
            focus::to_heading();
        });
    };
    view! {
        <Dialog open title=format!("Restrict incident {}", here.number)>
            <form class="form" on:submit=submit novalidate>
                <p>
                    "It is gone for everybody else at once: from lists, searches, live pages, its runs, report and files. Who has a duty in it goes on seeing it. What others have read they have read."
                </p>
                <ErrorNote error=attempt.error/>
                <Show when=move || open.get()>
                    <PeopleBoxes legend="Who may see it beside you" chosen=people/>
                </Show>
                <TextArea label="Why" value=reason rows=2 error=wrong required=true/>
                <DialogFoot open busy=attempt.busy test_id="restrict-submit" words="Restrict incident".to_owned()/>
            </form>
        </Dialog>
    }
}

#[component]
fn OpenDialog(here: Here, open: RwSignal<bool>) -> impl IntoView {
    let attempt = Attempt::new();
    let (reason, wrong) = (RwSignal::new(String::new()), RwSignal::new(None::<String>));
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let parsed = Message::parse(&reason.get_untracked());
        wrong.set(parsed.as_ref().err().map(|_| "Say why it is no longer confidential.".into()));
        let Ok(reason) = parsed else { return };
        attempt.run(async move { api().open_to_all(here.number, &OpenIn { reason }).await }, move |view| {
            here.fetched.put(view);
            open.try_set(false);
            focus::to_heading();
        });
    };
    view! {
        <Dialog open title=format!("Open incident {} to everybody", here.number)>
            <form class="form" on:submit=submit novalidate>
                <p>"Everybody who opens the console can then read its whole timeline, its files and its runs. The status page does not change."</p>
                <ErrorNote error=attempt.error/>
                <TextArea label="Why" value=reason rows=2 error=wrong required=true/>
                <DialogFoot open busy=attempt.busy test_id="open-submit" words="Open to everybody".to_owned()/>
            </form>
        </Dialog>
    }
}

#[component]
fn LetInDialog(here: Here, open: RwSignal<bool>) -> impl IntoView {
    let attempt = Attempt::new();
    let people = RwSignal::new(Vec::<UserId>::new());
    let wrong = RwSignal::new(None::<String>);
    let known = Signal::derive(move || {
        here.incident.with(|i| i.readers.iter().flatten().map(|person| person.id).collect::<Vec<_>>())
    });
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let chosen = people.get_untracked();
        wrong.set(chosen.is_empty().then(|| "Choose who is to see it.".into()));
        if chosen.is_empty() {
            return;
        }
        let send = async move {
            let mut last = None;
            for person in chosen {
                let body = ReaderIn { person, deed: ReaderVerb::LetIn };
                last = Some(api().change_reader(here.number, &body).await?);
                // Who is in already need not be ticked again if the next one fails.
                people.update(|people| people.retain(|id| *id != person));
            }
            Ok(last)
        };
        attempt.run(send, move |view| {
            if let Some(view) = view {
                here.fetched.put(view);
            }
            open.try_set(false);
            focus::to_heading();
        });
    };
    view! {
        <Dialog open title=format!("Let somebody see incident {}", here.number)>
            <form class="form" on:submit=submit novalidate>
                <p>"They can read all of it, from its beginning, and are told so."</p>
                <ErrorNote error=attempt.error/>
                {move || wrong.get().map(|why| view! { <p class="field-error" role="alert">{why}</p> })}
                <Show when=move || open.get()>
                    <PeopleBoxes legend="Who may see it from now on" chosen=people known/>
                </Show>
                <DialogFoot open busy=attempt.busy test_id="let-in-submit" words="Let them in".to_owned()/>
            </form>
        </Dialog>
    }
}

#[component]
fn PutOutDialog(here: Here, person: RwSignal<Option<Person>>) -> impl IntoView {
    let attempt = Attempt::new();
    let open = RwSignal::new(false);
    Effect::new(move |_| open.set(person.with(Option::is_some)));
    Effect::new(move |_| {
        if !open.get() && person.with_untracked(Option::is_some) {
            person.set(None);
        }
    });
    let name = Memo::new(move |before: Option<&String>| {
        person.with(|person| person.as_ref().map(|p| p.name.clone())).or(before.cloned()).unwrap_or_default()
    });
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let Some(person) = person.get_untracked() else { return };
        let body = ReaderIn { person: person.id, deed: ReaderVerb::PutOut };
        attempt.run(async move { api().change_reader(here.number, &body).await }, move |view| {
            here.fetched.put(view);
            open.try_set(false);
            focus::to_heading();
        });
    };
    view! {
        <Dialog open title=Signal::derive(move || format!("Put out {}", name.get()))>
            <form class="form" on:submit=submit>
                <p>
                    {move || format!("{} will not see incident {} any more, nor anything that belongs to it. What they have read they have read.", name.get(), here.number)}
                </p>
                <ErrorNote error=attempt.error/>
                <DialogFoot
                    open
                    busy=attempt.busy
                    test_id="put-out-submit"
                    words=Signal::derive(move || format!("Put out {}", name.get()))
                />
            </form>
        </Dialog>
    }
}
