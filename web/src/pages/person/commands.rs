//! What can be changed about somebody: each command with its dialog.

use std::future::Future;

use leptos::prelude::*;
use shared::{
    api::{
        client::CallError,
        people::{ActiveIn, ContactRolesIn, LinkView, PersonCommand, PersonRoleIn, PersonView},
    },
    domain::{
        access::{ContactRole, RoleName},
        text::Message,
    },
    ids::UserId,
};

use crate::{
    components::{
        async_view::Fetched,
        attempt::Attempt,
        button::{Button, ButtonKind},
        dialog::Dialog,
        error_note::ErrorNote,
        field::{SelectField, TextArea},
        people::{Duties, chosen, handing_over, role_choices},
        secret_once::SecretOnce,
        time::Instant,
    },
    transport::api,
};

type Of = Fetched<PersonView>;

fn words(command: PersonCommand) -> (&'static str, &'static str) {
    match command {
        PersonCommand::ChangeRole => ("Change the role", "change-role"),
        PersonCommand::ChangeContactRoles => ("Change the contact roles", "change-contact-roles"),
        PersonCommand::Deactivate => ("Deactivate", "deactivate"),
        PersonCommand::Activate => ("Activate", "activate"),
        PersonCommand::MakePasswordLink => ("Make a link for a new password", "password-link"),
        PersonCommand::RemoveFactors => ("Remove the second factors", "remove-factors"),
        PersonCommand::EndSessions => ("End all sessions", "end-sessions"),
    }
}

#[component]
pub(super) fn Commands(id: UserId, person: Signal<PersonView>, of: Of) -> impl IntoView {
    let open = RwSignal::new(None::<PersonCommand>);
    let offers = Memo::new(move |_| person.with(|p| p.offers.clone()));
    view! {
        <section class="panel">
            <h2>"Change"</h2>
            <div class="person-commands">
                {move || {
                    offers
                        .get()
                        .into_iter()
                        .map(|offer| {
                            let (verb, test_id) = words(offer.command);
                            let danger = matches!(offer.command, PersonCommand::Deactivate | PersonCommand::RemoveFactors);
                            let kind = if danger { ButtonKind::Danger } else { ButtonKind::Plain };
                            view! {
                                <Button kind refused=offer.refused.clone() on_press=move |()| open.set(Some(offer.command)) test_id>
                                    {verb}
                                </Button>
                            }
                        })
                        .collect_view()
                }}
            </div>
        </section>
        {move || open.get().map(|command| view! { <CommandDialog id command person of open/> })}
    }
}

#[component]
fn CommandDialog(
    id: UserId,
    command: PersonCommand,
    person: Signal<PersonView>,
    of: Of,
    open: RwSignal<Option<PersonCommand>>,
) -> impl IntoView {
    let shown = RwSignal::new(true);
    Effect::new(move |_| {
        if !shown.get() {
            open.set(None);
        }
    });
    let name = person.with_untracked(|p| p.row.name.clone());
    let title = format!("{}: {name}", words(command).0);
    let done = Callback::new(move |()| {
        shown.set(false);
        of.refetch();
    });
    let body = move || {
        match command {
        PersonCommand::ChangeRole => view! { <RoleForm id person done shown/> }.into_any(),
        PersonCommand::ChangeContactRoles => view! { <DutiesForm id person done shown/> }.into_any(),
        PersonCommand::Deactivate => view! { <ActiveForm id active=false done shown/> }.into_any(),
        PersonCommand::Activate => view! { <ActiveForm id active=true done shown/> }.into_any(),
        PersonCommand::MakePasswordLink => view! { <LinkForm id shown/> }.into_any(),
        PersonCommand::RemoveFactors => view! {
            <Ask text="For somebody who has lost them. They sign in by the password alone until they add new ones; their sessions end." verb="Remove the second factors" send=move || async move { api().remove_factors(id).await } done shown/>
        }
        .into_any(),
        PersonCommand::EndSessions => view! {
            <Ask text="They can sign in again." verb="End all sessions" send=move || async move { api().end_sessions_of(id).await } done shown/>
        }
        .into_any(),
    }
    };
    view! {
        <Dialog open=shown title>
            {body()}
        </Dialog>
    }
}

/// The end of every form: what failed, the way back, the deed.
#[component]
fn Foot(attempt: Attempt, shown: RwSignal<bool>, verb: &'static str, #[prop(optional)] danger: bool) -> impl IntoView {
    let kind = if danger { ButtonKind::Danger } else { ButtonKind::Primary };
    view! {
        <ErrorNote error=attempt.error/>
        <div class="form-actions">
            <Button on_press=move |()| shown.set(false)>"Cancel"</Button>
            <Button kind submit=true busy=attempt.busy test_id="person-send">{verb}</Button>
        </div>
    }
}

#[component]
fn RoleForm(id: UserId, person: Signal<PersonView>, done: Callback<()>, shown: RwSignal<bool>) -> impl IntoView {
    let role = RwSignal::new(person.with_untracked(|p| p.row.role.to_string()));
    let wrong = RwSignal::new(None::<String>);
    let attempt = Attempt::new();
    let choices = role_choices();
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let parsed = RoleName::parse(&role.get_untracked());
        wrong.set(parsed.as_ref().err().map(|_| "Choose a role.".into()));
        let Ok(role) = parsed else { return };
        attempt.run(async move { api().set_role(id, &PersonRoleIn { role }).await }, move |()| done.run(()));
    };
    view! {
        <form class="form" on:submit=submit novalidate>
            <p>"It counts at once: on their open pages, and on approvals that have not been carried out yet."</p>
            <SelectField label="Role" choices value=role error=wrong/>
            <Foot attempt shown verb="Change the role"/>
        </form>
    }
}

#[component]
fn DutiesForm(id: UserId, person: Signal<PersonView>, done: Callback<()>, shown: RwSignal<bool>) -> impl IntoView {
    let held = person.with_untracked(|p| p.row.contact_roles.clone());
    let switches = ContactRole::ALL.map(|role| RwSignal::new(held.contains(&role)));
    let attempt = Attempt::new();
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let body = ContactRolesIn { contact_roles: chosen(switches) };
        attempt.run(async move { api().set_contact_roles(id, &body).await }, move |()| done.run(()));
    };
    view! {
        <form class="form" on:submit=submit novalidate>
            <p>"Procedures may want the consent of one of these; notices reach them."</p>
            <Duties switches/>
            <Foot attempt shown verb="Change the contact roles"/>
        </form>
    }
}

#[component]
fn ActiveForm(id: UserId, active: bool, done: Callback<()>, shown: RwSignal<bool>) -> impl IntoView {
    let reason = RwSignal::new(String::new());
    let wrong = RwSignal::new(None::<String>);
    let attempt = Attempt::new();
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let parsed = Message::parse(&reason.get_untracked());
        wrong.set(parsed.as_ref().err().map(|_| "Say why, in a few words: it is kept in the audit log.".into()));
        let Ok(reason) = parsed else { return };
        attempt.run(async move { api().set_active(id, &ActiveIn { active, reason }).await }, move |()| done.run(()));
    };
    let text = if active {
        "They can sign in again, with what they had."
    } else {
        "They cannot sign in, their sessions end at once, and what they approved and was not carried out yet no longer counts. What they did stays in the log."
    };
    view! {
        <form class="form" on:submit=submit novalidate>
            <p>{text}</p>
            <TextArea label="Reason" value=reason rows=2 error=wrong/>
            <Foot attempt shown verb=if active { "Activate" } else { "Deactivate" } danger=!active/>
        </form>
    }
}

#[component]
fn LinkForm(id: UserId, shown: RwSignal<bool>) -> impl IntoView {
    let made = RwSignal::new(None::<LinkView>);
    let attempt = Attempt::new();
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        attempt.run(async move { api().password_link(id).await }, move |link| made.set(Some(link)));
    };
    view! {
        <Show
            when=move || made.with(Option::is_none)
            fallback=move || {
                made.get()
                    .map(|link| {
                        view! {
                            <p>{handing_over(link.mailed_to.as_deref())}</p>
                            <SecretOnce text=link.link verb="Copy the link"/>
                            <p class="muted">"It expires " <Instant at=link.expires_at/> "."</p>
                            <div class="form-actions">
                                <Button kind=ButtonKind::Primary on_press=move |()| shown.set(false)>"Done"</Button>
                            </div>
                        }
                    })
            }
        >
            <form class="form" on:submit=submit novalidate>
                <p>"They set a new password by it, and their sessions end. A second factor stays. Links made before no longer count."</p>
                <Foot attempt shown verb="Make the link"/>
            </form>
        </Show>
    }
}

#[component]
fn Ask<F, Fut>(
    text: &'static str,
    verb: &'static str,
    send: F,
    done: Callback<()>,
    shown: RwSignal<bool>,
) -> impl IntoView
where
    F: Fn() -> Fut + Copy + 'static,
    Fut: Future<Output = Result<(), CallError>> + 'static,
{
    let attempt = Attempt::new();
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        attempt.run(send(), move |()| done.run(()));
    };
    view! {
        <form class="form" on:submit=submit novalidate>
            <p>{text}</p>
            <Foot attempt shown verb danger=true/>
        </form>
    }
}
