//! Who may do what, and why: the whole table on one screen, with the roles made here and a form for more.

mod role_form;

use leptos::prelude::*;
use shared::{
    api::{
        live::Topic,
        people::{AccessView, ActionView, RoleView},
    },
    timestamp::human_seconds,
};

use self::role_form::{DeleteRole, RoleForm};
use crate::{
    components::{
        async_view::{AsyncView, Fetched},
        button::{Button, ButtonKind},
        dialog::Dialog,
        people::ForViewers,
        title::title,
    },
    live::use_live,
    transport::api,
};

#[component]
pub(crate) fn AccessPage() -> impl IntoView {
    title(|| "Who may do what".into());
    view! {
        <ForViewers>
            <Access/>
        </ForViewers>
    }
}

#[component]
fn Access() -> impl IntoView {
    let heard = use_live().refetch_on(|topic| matches!(topic, Topic::People {}));
    let of = Fetched::new(move || {
        heard.track();
        async move { api().roles().await }
    });
    // The role under the pen; `Some(None)` is a new one.
    let editing = RwSignal::new(None::<Option<RoleView>>);
    let refused = Signal::derive(move || of.value.with(|v| v.as_ref().and_then(|v| v.change_refused.clone())));
    view! {
        <header class="page-head">
            <h1>"Who may do what"</h1>
            <Button refused on_press=move |()| editing.set(Some(None)) test_id="new-role">"Make a role"</Button>
        </header>
        <AsyncView of what="the table" content=move |table| view! { <Table table editing/> }/>
        <p><a href="/console/people">"All people"</a></p>
        {move || editing.get().map(|role| view! { <Editing role of editing/> })}
    }
}

#[component]
fn Editing(
    role: Option<RoleView>,
    of: Fetched<AccessView>,
    editing: RwSignal<Option<Option<RoleView>>>,
) -> impl IntoView {
    let shown = RwSignal::new(true);
    Effect::new(move |_| {
        if !shown.get() {
            editing.set(None);
        }
    });
    let title = role.as_ref().map_or_else(|| "Make a role".to_owned(), |role| format!("Change the role {}", role.name));
    let role = StoredValue::new(role);
    view! {
        <Dialog open=shown title>
            <RoleForm role=role.get_value() of shown/>
            {role.get_value().filter(|role| !role.built_in).map(|role| view! { <DeleteRole role of shown/> })}
        </Dialog>
    }
}

fn proof(action: &ActionView) -> Option<String> {
    action.proof_seconds.map(|seconds| format!("Asks for a proof that is not older than {}.", human_seconds(seconds)))
}

#[component]
fn Table(table: Signal<AccessView>, editing: RwSignal<Option<Option<RoleView>>>) -> impl IntoView {
    let can = Memo::new(move |_| table.with(|t| t.change_refused.is_none()));
    let head = move || {
        table.with(|t| {
            t.roles
                .iter()
                .map(|role| {
                    let (edited, people) = (role.clone(), role.people);
                    view! {
                        <th scope="col">
                            <span class="role-name">{role.name.to_string()}</span>
                            <span class="row-meta">{if people == 1 { "1 person".to_owned() } else { format!("{people} people") }}</span>
                            {role.second_factor.then(|| view! { <span class="row-meta">"second factor"</span> })}
                            {move || {
                                let edited = edited.clone();
                                can.get().then(|| view! {
                                    <Button kind=ButtonKind::Quiet on_press=move |()| editing.set(Some(Some(edited.clone())))>"Change"</Button>
                                })
                            }}
                        </th>
                    }
                })
                .collect_view()
        })
    };
    let rows = move || {
        table.with(|t| {
            t.actions
                .iter()
                .map(|action| {
                    let cells = t
                        .roles
                        .iter()
                        .map(|role| {
                            let may = role.may.contains(&action.action);
                            let (mark, words) = if may { ("●", "may") } else { ("", "may not") };
                            view! { <td class="may" data-may=may.to_string()><span aria-hidden="true">{mark}</span><span class="visually-hidden">{words}</span></td> }
                        })
                        .collect_view();
                    view! {
                        <tr>
                            <th scope="row">
                                <span>{action.words.clone()}</span>
                                <span class="row-meta">{action.why.clone()} " " {proof(action)}</span>
                            </th>
                            {cells}
                        </tr>
                    }
                })
                .collect_view()
        })
    };
    view! {
        <p class="muted">"What each role may do, and why. What is not marked is refused and written down. A change counts at once, on open pages and on consent that has not been used yet."</p>
        <div class="table-frame" tabindex="0" role="region" aria-label="Who may do what">
            <table class="access-table" data-testid="access-table">
                <thead><tr><th scope="col">"May"</th>{head}</tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
}
