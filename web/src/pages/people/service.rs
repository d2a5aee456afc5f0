//! Making an account for a program: its name and role. Its tokens are made on its page.

use leptos::prelude::*;
use shared::{
    api::{people::PeopleView, token::ServiceAccountIn},
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
        people::role_choices,
    },
    transport::api,
};

#[component]
pub(super) fn AddService(open: RwSignal<bool>, of: Fetched<PeopleView>) -> impl IntoView {
    let name = RwSignal::new(String::new());
    let role = RwSignal::new(Role::Responder.name().to_owned());
    let wrong = RwSignal::new(None::<String>);
    let attempt = Attempt::new();
    let choices = role_choices();
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let parsed = Name::parse(&name.get_untracked());
        wrong.set(parsed.as_ref().err().cloned());
        let (Ok(parsed), Ok(role)) = (parsed, RoleName::parse(&role.get_untracked())) else { return };
        let body = ServiceAccountIn { name: parsed, role };
        attempt.run(async move { api().create_service_account(&body).await }, move |_| {
            name.set(String::new());
            open.set(false);
            of.refetch();
        });
    };
    view! {
        <Dialog open title="Add a program">
            <form class="form" on:submit=submit novalidate>
                <p>"Nobody can sign in to its account. Make tokens for it on its page."</p>
                <TextField label="Name" value=name error=wrong required=true autofocus=true/>
                <SelectField label="Role" choices value=role error=attempt.field("role")/>
                <ErrorNote error=attempt.error/>
                <div class="form-actions">
                    <Button on_press=move |()| open.set(false)>"Cancel"</Button>
                    <Button kind=ButtonKind::Primary submit=true busy=attempt.busy test_id="service-add">"Add the program"</Button>
                </div>
            </form>
        </Dialog>
    }
}
