//! Who there is, who is invited, and the way to the table of who may do what.

mod invite;
mod service;

use leptos::prelude::*;
use shared::{
    api::{
        live::Topic,
        people::{InvitationView, PeopleView, PersonRowView},
    },
    domain::access::Action,
};

use self::{invite::Invite, service::AddService};
use crate::{
    components::{
        async_view::{AsyncView, Fetched},
        attempt::Attempt,
        button::{Button, ButtonKind},
        error_note::ErrorNote,
        people::{ForViewers, role_words},
        state_badge::{StateShape, Tone},
        time::Instant,
        title::title,
    },
    live::use_live,
    session::may,
    transport::api,
};

#[component]
pub(crate) fn PeoplePage() -> impl IntoView {
    title(|| "People".into());
    view! {
        <ForViewers>
            <People/>
        </ForViewers>
    }
}

#[component]
fn People() -> impl IntoView {
    let heard = use_live().refetch_on(|topic| matches!(topic, Topic::People {}));
    let of = Fetched::new(move || {
        heard.track();
        async move { api().people().await }
    });
    let (inviting, adding) = (RwSignal::new(false), RwSignal::new(false));
    let refused = Signal::derive(move || of.value.with(|v| v.as_ref().and_then(|v| v.invite_refused.clone())));
    view! {
        <header class="page-head">
            <h1>"People"</h1>
            <span class="button-row">
                <a class="button" href="/console/people/access">"Who may do what"</a>
                <Button refused on_press=move |()| adding.set(true) test_id="add-service">"Add a program"</Button>
                <Button kind=ButtonKind::Primary refused on_press=move |()| inviting.set(true) test_id="invite">"Invite somebody"</Button>
            </span>
        </header>
        <AsyncView of what="the people" content=move |view| view! { <Lists view of/> }/>
        <Invite open=inviting of/>
        <AddService open=adding of/>
    }
}

#[component]
fn Lists(view: Signal<PeopleView>, of: Fetched<PeopleView>) -> impl IntoView {
    let active = move || view.with(|v| v.people.iter().filter(|p| p.active && !p.service).cloned().collect::<Vec<_>>());
    let programs =
        move || view.with(|v| v.people.iter().filter(|p| p.active && p.service).cloned().collect::<Vec<_>>());
    let gone = move || view.with(|v| v.people.iter().filter(|p| !p.active).cloned().collect::<Vec<_>>());
    let invited = move || view.with(|v| v.invitations.clone());
    view! {
        <ul class="rows people-rows" data-testid="people">
            <For each=active key=|p| (p.id, p.role.clone(), p.contact_roles.clone(), p.second_factor, p.name.clone(), p.signed_in_at) children=|person| view! { <Person person/> }/>
        </ul>
        <Show when=move || !programs().is_empty()>
            <h2>"Programs"</h2>
            <ul class="rows" data-testid="programs">
                <For each=programs key=|p| (p.id, p.role.clone(), p.name.clone()) children=|program| view! { <Program program/> }/>
            </ul>
        </Show>
        <Show when=move || !invited().is_empty()>
            <h2>"Invited"</h2>
            <ul class="rows people-rows" data-testid="invitations">
                <For each=invited key=|i| i.id children=move |invitation| view! { <Invitation invitation of/> }/>
            </ul>
        </Show>
        <Show when=move || !gone().is_empty()>
            <h2>"Deactivated"</h2>
            <ul class="rows people-rows">
                <For each=gone key=|p| p.id children=|person| view! { <Person person/> }/>
            </ul>
        </Show>
    }
}

#[component]
fn Person(person: PersonRowView) -> impl IntoView {
    let factor = if person.second_factor {
        view! { <span class="row-meta">"Second factor"</span> }.into_any()
    } else if person.factor_missing {
        view! { <span class="badge" data-tone=Tone::Warning.name()><StateShape tone=Tone::Warning/>"Second factor missing"</span> }
            .into_any()
    } else {
        view! { <span class="row-meta">"Password only"</span> }.into_any()
    };
    view! {
        <li class="row">
            <span class="row-main">
                <a class="row-link" href=format!("/console/people/{}", person.id)>{person.name}</a>
                <span class="row-meta">{format!("{} · {}", person.email, role_words(&person.role, &person.contact_roles))}</span>
            </span>
            <span class="row-side">
                {factor}
                <span class="row-meta">
                    {match person.signed_in_at {
                        Some(at) => view! { "Signed in " <Instant at/> }.into_any(),
                        None => view! { "Never signed in" }.into_any(),
                    }}
                </span>
            </span>
        </li>
    }
}

#[component]
fn Program(program: PersonRowView) -> impl IntoView {
    view! {
        <li class="row">
            <span class="row-main">
                <a class="row-link" href=format!("/console/people/{}", program.id)>{program.name}</a>
                <span class="row-meta">{role_words(&program.role, &program.contact_roles)}</span>
            </span>
            <span class="row-side"><span class="row-meta">"Comes with tokens"</span></span>
        </li>
    }
}

#[component]
fn Invitation(invitation: InvitationView, of: Fetched<PeopleView>) -> impl IntoView {
    let attempt = Attempt::new();
    let id = invitation.id;
    let withdraw = move |()| attempt.run(async move { api().withdraw_invitation(id).await }, move |()| of.refetch());
    let can = may(Action::ManagePeople);
    view! {
        <li class="row">
            <span class="row-main">
                <b>{invitation.name}</b>
                <span class="row-meta">{format!("{} · {}", invitation.email, role_words(&invitation.role, &invitation.contact_roles))}</span>
                <span class="row-meta">{format!("By {}, expires ", invitation.made_by)} <Instant at=invitation.expires_at/></span>
                <ErrorNote error=attempt.error/>
            </span>
            <span class="row-side">
                <Show when=move || can.get()>
                    <Button kind=ButtonKind::Quiet busy=attempt.busy on_press=withdraw>"Take it back"</Button>
                </Show>
            </span>
        </li>
    }
}
