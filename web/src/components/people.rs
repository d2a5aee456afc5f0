//! Small things that pages about people share. No page of its own.

use leptos::prelude::*;
use shared::domain::access::{Action, ContactRole, RoleName};

use crate::{
    components::{async_view::Fetched, empty::Empty, field::Checkbox},
    session::may,
    transport::api,
};

/// Shows `children` to who may see people, and to others what it takes.
#[component]
pub(crate) fn ForViewers(children: ChildrenFn) -> impl IntoView {
    let allowed = may(Action::ViewPeople);
    view! {
        <Show
            when=move || allowed.get()
            fallback=|| {
                view! {
                    <h1 class="visually-hidden">"People"</h1>
                    <Empty title="People are not open to you" text=Action::ViewPeople.needs()/>
                }
            }
        >
            {children()}
        </Show>
    }
}

/// "operator · database administrator".
pub(crate) fn role_words(role: &RoleName, duties: &[ContactRole]) -> String {
    let duties = duties.iter().map(|duty| duty.name().replace('-', " "));
    std::iter::once(role.to_string()).chain(duties).collect::<Vec<_>>().join(" · ")
}

/// The roles there are, as choices.
pub(crate) fn role_choices() -> Signal<Vec<(String, String)>> {
    let of = Fetched::new(|| async { api().roles().await });
    Signal::derive(move || {
        of.value.with(|table| {
            let names = table.iter().flat_map(|table| table.roles.iter().map(|role| role.name.to_string()));
            names.map(|name| (name.clone(), name)).collect()
        })
    })
}

/// One switch for each contact role.
#[component]
pub(crate) fn Duties(switches: [RwSignal<bool>; 3]) -> impl IntoView {
    view! {
        <fieldset class="field">
            <legend>"Contact roles of the plan"</legend>
            {ContactRole::ALL
                .into_iter()
                .zip(switches)
                .map(|(role, value)| view! { <Checkbox label=role.name().replace('-', " ") value/> })
                .collect_view()}
        </fieldset>
    }
}

/// Those that are on.
pub(crate) fn chosen(switches: [RwSignal<bool>; 3]) -> Vec<ContactRole> {
    ContactRole::ALL.into_iter().zip(switches).filter(|(_, on)| on.get_untracked()).map(|(role, _)| role).collect()
}

/// What a browser calls itself, as people would: "Firefox on Linux".
pub(crate) fn browser(agent: &str) -> String {
    // The last ones also call themselves by the names of the others.
    const NAMES: [(&str, &str); 5] =
        [("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari")];
    const SYSTEMS: [(&str, &str); 6] = [
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS", "macOS"),
        ("Linux", "Linux"),
    ];
    let find = |all: &[(&str, &'static str)]| all.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| *name);
    match (find(&NAMES), find(&SYSTEMS)) {
        (Some(name), Some(system)) => format!("{name} on {system}"),
        _ if agent.is_empty() => "An unknown program".into(),
        _ => agent.chars().take(60).collect(),
    }
}

/// How a link that lets somebody in reaches them.
pub(crate) fn handing_over(mailed_to: Option<&str>) -> String {
    match mailed_to {
        Some(email) => format!("It is on its way to {email}. You can also hand it over yourself, by a way that reaches nobody else: it serves once and is not shown again."),
        None => "No mail server is set, so give this link to them by a way that reaches nobody else. It serves once and is not shown again.".into(),
    }
}
