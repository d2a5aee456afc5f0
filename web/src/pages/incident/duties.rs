//! Commander, scribe, communications lead: who it is, and taking, handing over, leaving. Who may follow whom is the server's.

use leptos::{ev::SubmitEvent, prelude::*};
use shared::{
    api::incident::{DutyIn, DutyVerb},
    domain::incident::{Duty, Held, IncidentCommand, Person},
    ids::UserId,
};

use super::{Here, commands::DialogFoot};
use crate::{
    components::{
        async_view::{AsyncView, Fetched},
        attempt::Attempt,
        dialog::Dialog,
        error_note::ErrorNote,
        field::SelectField,
        focus,
        time::Instant,
    },
    session::use_me,
    transport::api,
};

#[component]
pub(super) fn Duties(here: Here) -> impl IntoView {
    let attempt = Attempt::new();
    view! {
        <section class="duties" aria-label="Duties">
            {Duty::ALL.map(|duty| view! { <OneDuty here duty attempt/> }).collect_view()}
            <ErrorNote error=attempt.error/>
        </section>
    }
}

fn send(here: Here, attempt: Attempt, body: DutyIn) {
    attempt.run(async move { api().duty(here.number, &body).await }, move |view| {
        here.fetched.put(view);
        focus::to_heading();
    });
}

#[component]
fn OneDuty(here: Here, duty: Duty, attempt: Attempt) -> impl IntoView {
    let me = use_me();
    let my_id = Memo::new(move |_| me.with(|me| me.as_ref().map(|me| me.id)));
    let held = Memo::new(move |_| here.incident.with(|i| i.duties.iter().find(|held| held.duty == duty).cloned()));
    let may = here.open(IncidentCommand::HoldDuty);
    let (offering, taking_over) = (RwSignal::new(false), RwSignal::new(false));
    let name = duty.words();
    let test_id = format!("duty-{}", name.to_lowercase().replace(' ', "-"));
    view! {
        <div class="duty" data-testid=test_id>
            <span class="duty-name">{name}</span>
            {move || match held.get() {
                None => {
                    view! {
                        <span class="muted">"nobody yet"</span>
                        <Show when=move || may.get()>
                            <Do here attempt duty verb=DutyVerb::Take words="Take"/>
                        </Show>
                    }
                        .into_any()
                }
                Some(held) => {
                    let (mine, asked) = standing(&held, my_id.get());
                    view! {
                        <span class="duty-holder">
                            {if mine { format!("{} (you)", held.holder.name) } else { held.holder.name.clone() }}
                            <span class="hint">"since " <Instant at=held.since/></span>
                        </span>
                        {held
                            .offered_to
                            .clone()
                            .map(|to| {
                                let words = if asked {
                                    format!("{} asks you to take over", held.holder.name)
                                } else {
                                    format!("{} is asked to take over", to.name)
                                };
                                view! { <span class="duty-asked">{words}</span> }
                            })}
                        <Show when=move || may.get()>
                            <Deeds here attempt duty mine asked offered=held.offered_to.is_some() offering taking_over/>
                        </Show>
                    }
                        .into_any()
                }
            }}
        </div>
        <OfferDialog here duty open=offering/>
        <TakeOverDialog here duty held open=taking_over/>
    }
}

/// Whether it is mine, and whether I am asked to take it.
fn standing(held: &Held, me: Option<UserId>) -> (bool, bool) {
    let asked = held.offered_to.as_ref().map(|person| person.id);
    (me == Some(held.holder.id), me.is_some() && me == asked)
}

#[component]
fn Deeds(
    here: Here,
    attempt: Attempt,
    duty: Duty,
    mine: bool,
    asked: bool,
    offered: bool,
    offering: RwSignal<bool>,
    taking_over: RwSignal<bool>,
) -> impl IntoView {
    let opens = move |dialog: RwSignal<bool>, words: &'static str| {
        view! { <button type="button" class="link-button" on:click=move |_| dialog.set(true)>{words}</button> }
    };
    view! {
        <span class="duty-deeds">
            {asked.then(|| view! { <Do here attempt duty verb=DutyVerb::Accept words="Accept"/> })}
            {asked.then(|| view! { <Do here attempt duty verb=DutyVerb::Decline words="Decline"/> })}
            {(mine && offered).then(|| view! { <Do here attempt duty verb=DutyVerb::Withdraw words="Take the offer back"/> })}
            {(mine && !offered).then(|| opens(offering, "Hand over"))}
            {mine.then(|| view! { <Do here attempt duty verb=DutyVerb::Leave words="Leave"/> })}
            {(!mine && !asked).then(|| opens(taking_over, "Take over"))}
        </span>
    }
}

/// A deed that names nobody.
#[component]
fn Do(here: Here, attempt: Attempt, duty: Duty, verb: DutyVerb, words: &'static str) -> impl IntoView {
    let label = format!("{words}: {duty}");
    view! {
        <button
            type="button"
            class="link-button"
            aria-label=label
            on:click=move |_| send(here, attempt, DutyIn { duty, deed: verb, person: None })
        >
            {words}
        </button>
    }
}

/// Taking it from somebody who did not hand it over: asked once more, because they may not know.
#[component]
fn TakeOverDialog(here: Here, duty: Duty, held: Memo<Option<Held>>, open: RwSignal<bool>) -> impl IntoView {
    let attempt = Attempt::new();
    // As seen when the dialog was opened: if it is somebody else by then, the server says so.
    let seen = Memo::new(
        move |before: Option<&Option<Held>>| {
            if open.get() { before.cloned().flatten().or_else(|| held.get_untracked()) } else { None }
        },
    );
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let person = seen.get_untracked().map(|held| held.holder.id);
        let body = DutyIn { duty, deed: DutyVerb::Take, person };
        attempt.run(async move { api().duty(here.number, &body).await }, move |view| {
            here.fetched.put(view);
            open.try_set(false);
            focus::to_heading();
        });
    };
    let holder = move || seen.get().map(|held| held.holder.name).unwrap_or_default();
    view! {
        <Dialog open title=format!("Take over as {duty}")>
            <form class="form" on:submit=submit>
                <p>{move || format!("{} is the {duty} now and has not handed it over. Everybody will see that you are it from now on.", holder())}</p>
                <ErrorNote error=attempt.error/>
                <DialogFoot open busy=attempt.busy test_id="take-over-submit" words="Take over".to_owned()/>
            </form>
        </Dialog>
    }
}

#[component]
fn OfferDialog(here: Here, duty: Duty, open: RwSignal<bool>) -> impl IntoView {
    view! {
        <Dialog open title=format!("Hand over: {duty}")>
            {
                let people = Fetched::new(move || async move { Ok(api().incident_people(here.number).await?.items) });
                view! {
                    <AsyncView of=people what="the people" content=move |people| view! { <OfferForm here duty open people/> }/>
                }
            }
        </Dialog>
    }
}

#[component]
fn OfferForm(here: Here, duty: Duty, open: RwSignal<bool>, people: Signal<Vec<Person>>) -> impl IntoView {
    focus::to_dialog_field();
    let attempt = Attempt::new();
    let me = use_me();
    let others = Memo::new(move |_| {
        let my_id = me.with(|me| me.as_ref().map(|me| me.id));
        people.with(|people| people.iter().filter(|p| Some(p.id) != my_id).cloned().collect::<Vec<_>>())
    });
    let choices =
        Signal::derive(move || others.get().into_iter().map(|p| (p.id.to_string(), p.name)).collect::<Vec<_>>());
    let chosen = RwSignal::new(String::new());
    Effect::new(move |_| {
        let choices = choices.get();
        if !choices.iter().any(|(key, _)| *key == chosen.get_untracked()) {
            chosen.set(choices.first().map(|(key, _)| key.clone()).unwrap_or_default());
        }
    });
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let to = others.with_untracked(|o| o.iter().find(|p| p.id.to_string() == chosen.get_untracked()).map(|p| p.id));
        if to.is_none() {
            return;
        }
        let body = DutyIn { duty, deed: DutyVerb::Offer, person: to };
        attempt.run(async move { api().duty(here.number, &body).await }, move |view| {
            here.fetched.put(view);
            open.try_set(false);
            focus::to_heading();
        });
    };
    view! {
        <Show
            when=move || others.with(|o| !o.is_empty())
            fallback=|| view! { <p>"Nobody else may handle incidents, so there is nobody to ask."</p> }
        >
            <form class="form" on:submit=submit novalidate>
                <p>{format!("Until they accept, you stay the {duty}.")}</p>
                <ErrorNote error=attempt.error/>
                <SelectField label="To whom" choices value=chosen error=attempt.field("person")/>
                <DialogFoot open busy=attempt.busy test_id="offer-submit" words="Ask to take over".to_owned()/>
            </form>
        </Show>
    }
}
