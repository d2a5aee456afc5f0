//! Inviting somebody: name, address, role; then the link, which is shown once.

use leptos::prelude::*;
use shared::{
    api::people::{InviteIn, LinkView, PeopleView},
    domain::{
        access::{Role, RoleName},
        text::Name,
    },
};

use crate::{
    components::{
        async_view::Fetched,
        attempt::Attempt,
        button::{Button, ButtonKind},
        dialog::Dialog,
        error_note::ErrorNote,
        field::{SelectField, TextField},
        people::{Duties, chosen, handing_over, role_choices},
        secret_once::SecretOnce,
        time::Instant,
    },
    transport::api,
};

#[component]
pub(super) fn Invite(open: RwSignal<bool>, of: Fetched<PeopleView>) -> impl IntoView {
    view! {
        <Dialog open title="Invite somebody">
            <Form open of/>
        </Dialog>
    }
}

#[component]
fn Form(open: RwSignal<bool>, of: Fetched<PeopleView>) -> impl IntoView {
    let (name, email) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let role = RwSignal::new(Role::Responder.name().to_owned());
    let duties = [RwSignal::new(false), RwSignal::new(false), RwSignal::new(false)];
    let (wrong, no_role) = (RwSignal::new(None::<String>), RwSignal::new(None::<String>));
    let made = RwSignal::new(None::<LinkView>);
    let attempt = Attempt::new();
    let choices = role_choices();
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let parsed = Name::parse(&name.get_untracked());
        wrong.set(parsed.as_ref().err().cloned());
        let role = RoleName::parse(&role.get_untracked());
        no_role.set(role.as_ref().err().map(|_| "Choose a role.".into()));
        let (Ok(parsed), Ok(role)) = (parsed, role) else { return };
        let body = InviteIn {
            name: parsed,
            email: email.get_untracked().trim().to_owned(),
            role,
            contact_roles: chosen(duties),
        };
        attempt.run(async move { api().invite(&body).await }, move |link| {
            made.set(Some(link));
            of.refetch();
        });
    };
    let again = move |()| {
        name.set(String::new());
        email.set(String::new());
        made.set(None);
        open.set(false);
    };
    view! {
        <Show
            when=move || made.with(Option::is_none)
            fallback=move || {
                made.get().map(|link| view! { <p>{handing_over(link.mailed_to.as_deref())}</p> <SecretOnce text=link.link verb="Copy the link"/> <p class="muted">"It expires " <Instant at=link.expires_at/> "."</p> <div class="form-actions"><Button kind=ButtonKind::Primary on_press=again>"Done"</Button></div> })
            }
        >
            <form class="form" on:submit=submit novalidate>
                <TextField label="Name" value=name error=wrong required=true autofocus=true/>
                <TextField label="E-mail" kind="email" value=email error=attempt.field("email") required=true/>
                <SelectField label="Role" choices value=role error=no_role/>
                <Duties switches=duties/>
                <ErrorNote error=attempt.error/>
                <div class="form-actions">
                    <Button on_press=move |()| open.set(false)>"Cancel"</Button>
                    <Button kind=ButtonKind::Primary submit=true busy=attempt.busy test_id="invite-send">"Make the link"</Button>
                </div>
            </form>
        </Show>
    }
}
