//! Making and changing a role: its name, what it allows, whether it needs a second factor. What may be given, the server says.

use leptos::prelude::*;
use shared::{
    api::people::{AccessView, RoleIn, RoleView},
    domain::access::{Action, RoleName},
};

use crate::{
    components::{
        async_view::Fetched,
        attempt::Attempt,
        button::{Button, ButtonKind},
        error_note::ErrorNote,
        field::{Checkbox, TextField},
    },
    transport::api,
};

#[component]
pub(super) fn RoleForm(role: Option<RoleView>, of: Fetched<AccessView>, shown: RwSignal<bool>) -> impl IntoView {
    let new = role.is_none();
    let built_in = role.as_ref().is_some_and(|role| role.built_in);
    let name = RwSignal::new(role.as_ref().map(|role| role.name.to_string()).unwrap_or_default());
    let factor = RwSignal::new(role.as_ref().is_some_and(|role| role.second_factor));
    let wrong = RwSignal::new(None::<String>);
    let held = role.map(|role| role.may).unwrap_or_default();
    let given = Action::ALL.iter().copied().filter(|action| !Action::BASICS.contains(action));
    let switches: Vec<_> = given.map(|action| (action, RwSignal::new(held.contains(&action)))).collect();
    let chosen = StoredValue::new(switches.clone());
    let attempt = Attempt::new();
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let parsed = RoleName::parse(&name.get_untracked());
        wrong.set(parsed.as_ref().err().cloned());
        let Ok(name) = parsed else { return };
        let may = chosen.with_value(|all| {
            all.iter().filter(|(_, on)| on.get_untracked()).map(|(action, _)| *action).collect::<Vec<_>>()
        });
        let body = RoleIn { may: (!built_in).then_some(may), second_factor: factor.get_untracked() };
        attempt.run(async move { api().save_role(&name, &body).await }, move |()| {
            shown.set(false);
            of.refetch();
        });
    };
    view! {
        <form class="form" on:submit=submit novalidate data-testid="role-form">
            {new.then(|| view! {
                <TextField label="Name" value=name error=wrong hint="Small letters and hyphens: night-shift" required=true autofocus=true/>
            })}
            <Checkbox label="Asks for a second factor" value=factor hint="Whoever has the role and no second factor can open nothing but their own account until they add one."/>
            {(!built_in).then(|| view! {
                <fieldset class="field role-actions">
                    <legend>"May"</legend>
                    <p class="hint">"Every role may look, acknowledge notices and keep its own account."</p>
                    {switches.into_iter().map(|(action, value)| view! { <Checkbox label=action.words() value/> }).collect_view()}
                </fieldset>
            })}
            <ErrorNote error=attempt.error/>
            <div class="form-actions">
                <Button on_press=move |()| shown.set(false)>"Cancel"</Button>
                <Button kind=ButtonKind::Primary submit=true busy=attempt.busy test_id="role-save">
                    {if new { "Make the role" } else { "Change the role" }}
                </Button>
            </div>
        </form>
    }
}

#[component]
pub(super) fn DeleteRole(role: RoleView, of: Fetched<AccessView>, shown: RwSignal<bool>) -> impl IntoView {
    let attempt = Attempt::new();
    let name = role.name.clone();
    let remove = move |()| {
        let name = name.clone();
        attempt.run(async move { api().delete_role(&name).await }, move |()| {
            shown.set(false);
            of.refetch();
        });
    };
    let refused = (role.people > 0).then(|| "Give the people who have it another role first.".to_owned());
    view! {
        <ErrorNote error=attempt.error/>
        <Button kind=ButtonKind::Danger busy=attempt.busy refused on_press=remove test_id="role-delete">
            {format!("Delete the role {}", role.name)}
        </Button>
    }
}
