//! Ticking people out of all who open the console. Whom one may tick is the server's.

use leptos::prelude::*;
use shared::{domain::incident::Person, ids::UserId};

use crate::{
    components::async_view::{AsyncView, Fetched},
    session::use_me,
    transport::api,
};

/// Everybody but oneself and `known`.
#[component]
pub(crate) fn PeopleBoxes(
    #[prop(into)] legend: String,
    chosen: RwSignal<Vec<UserId>>,
    #[prop(optional, into)] hint: Option<String>,
    /// Who need not be asked for.
    #[prop(optional, into)]
    known: Signal<Vec<UserId>>,
) -> impl IntoView {
    let of = Fetched::new(|| async { Ok(api().console_people().await?.items) });
    view! {
        <fieldset class="field people-boxes">
            <legend>{legend}</legend>
            {hint.map(|hint| view! { <p class="hint">{hint}</p> })}
            <AsyncView of what="the people" content=move |people| view! { <Boxes people chosen known/> }/>
        </fieldset>
    }
}

#[component]
fn Boxes(people: Signal<Vec<Person>>, chosen: RwSignal<Vec<UserId>>, known: Signal<Vec<UserId>>) -> impl IntoView {
    let me = use_me();
    let others = Memo::new(move |_| {
        let my_id = me.with(|me| me.as_ref().map(|me| me.id));
        let known = known.get();
        let mut people = people.get();
        people.retain(|person| Some(person.id) != my_id && !known.contains(&person.id));
        people
    });
    view! {
        <Show
            when=move || others.with(|others| !others.is_empty())
            fallback=|| view! { <p class="muted">"There is nobody else."</p> }
        >
            <ul class="tick-list">
                <For
                    each=move || others.get()
                    key=|person| person.id
                    children=move |Person { id, name }| {
                        view! {
                            <li>
                                <label>
                                    <input
                                        type="checkbox"
                                        prop:checked=move || chosen.with(|chosen| chosen.contains(&id))
                                        on:change=move |event| {
                                            let on = event_target_checked(&event);
                                            chosen
                                                .update(|chosen| {
                                                    chosen.retain(|other| *other != id);
                                                    if on {
                                                        chosen.push(id);
                                                    }
                                                });
                                        }
                                    />
                                    <span>{name}</span>
                                </label>
                            </li>
                        }
                    }
                />
            </ul>
        </Show>
    }
}
