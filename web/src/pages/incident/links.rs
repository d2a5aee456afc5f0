//! Other incidents: what this one was merged into, what was merged into it, what it has to do with, what looks like it. Merging is a
//! dialog of its own.

use leptos::{ev::SubmitEvent, prelude::*};
use shared::{
    api::related::{AlikeView, OtherView, RelationIn},
    domain::incident::IncidentCommand,
};

use super::{Here, commands::DialogFoot, merge_dialog::MergeDialog};
use crate::{
    components::{
        attempt::Attempt,
        dialog::Dialog,
        error_note::ErrorNote,
        field::{SelectField, TextField},
        focus,
        state_badge::StateBadge,
        time::Instant,
    },
    transport::api,
};

/// At the top of what was merged: everything goes on elsewhere.
#[component]
pub(super) fn MergedNote(here: Here) -> impl IntoView {
    let merged =
        Memo::new(move |_| here.incident.with(|i| i.merged_into.map(|into| (into, i.links.merged_into.clone()))));
    move || {
        merged.get().map(|(into, other)| {
            let where_to = match other {
                Some(other) => view! { <a href=address(into)>{format!("#{into} {}", other.title)}</a> }.into_any(),
                None => view! { {format!("incident {into}, which you may not see")} }.into_any(),
            };
            view! {
                <p class="note warning" data-testid="merged">
                    <span>"This is the same trouble as " {where_to} ". It is gone on with there; what happened here stays below."</span>
                </p>
            }
        })
    }
}

fn address(number: i64) -> String {
    format!("/console/incidents/{number}")
}

fn send(here: Here, attempt: Attempt, other: i64, related: bool) {
    let body = RelationIn { other, related };
    attempt.run(async move { api().relate(here.number, &body).await }, move |view| here.fetched.put(view));
}

#[component]
pub(super) fn Links(here: Here) -> impl IntoView {
    use IncidentCommand as C;
    let attempt = Attempt::new();
    let links = Memo::new(move |_| here.incident.with(|i| i.links.clone()));
    let relating = RwSignal::new(false);
    let merging = RwSignal::new(None::<i64>);
    let may = here.open(C::Relate);
    let none = move || links.with(|l| l.duplicates.is_empty() && l.related.is_empty() && l.alike.is_empty());
    view! {
        <section class="panel" aria-labelledby="links">
            <div class="panel-head">
                <h2 id="links">"Related incidents"</h2>
                <Show when=move || may.get()>
                    <button type="button" class="link-button" data-testid="relate" on:click=move |_| relating.set(true)>
                        "Relate or merge"
                    </button>
                </Show>
            </div>
            <Show when=none>
                <p class="muted">"None."</p>
            </Show>
            <ul class="fact-list" data-testid="links">
                {move || links.with(|l| l.alike.clone()).into_iter().map(|alike| view! { <Alike here attempt alike merging/> }).collect_view()}
                {move || {
                    links
                        .with(|l| l.duplicates.clone())
                        .into_iter()
                        .map(|other| view! { <li><Name other=other.clone()><span class="hint">"Merged into this one"</span></Name></li> })
                        .collect_view()
                }}
                {move || {
                    links
                        .with(|l| l.related.clone())
                        .into_iter()
                        .map(|related| {
                            let number = related.other.number;
                            let by = related.by.to_string();
                            let at = related.at;
                            view! {
                                <li>
                                    <Name other=related.other>
                                        <span class="hint">"Related by " {by} ", " <Instant at/></span>
                                        <Show when=move || may.get()>
                                            <button
                                                type="button"
                                                class="link-button"
                                                aria-label=format!("Take away the link to incident {number}")
                                                on:click=move |_| send(here, attempt, number, false)
                                            >
                                                "Take away"
                                            </button>
                                        </Show>
                                    </Name>
                                </li>
                            }
                        })
                        .collect_view()
                }}
            </ul>
            <ErrorNote error=attempt.error/>
        </section>
        <OtherDialog here open=relating merging/>
        <MergeDialog here into=merging/>
    }
}

#[component]
fn Name(other: OtherView, children: Children) -> impl IntoView {
    view! {
        <span class="fact-name">
            <a href=address(other.number)>{format!("#{} {}", other.number, other.title)}</a>
            {children()}
        </span>
        <StateBadge state=other.state/>
    }
}

/// What looks like the same trouble, and what can be done about it.
#[component]
fn Alike(here: Here, attempt: Attempt, alike: AlikeView, merging: RwSignal<Option<i64>>) -> impl IntoView {
    let number = alike.other.number;
    let may_relate = here.open(IncidentCommand::Relate);
    let may_merge = here.open(IncidentCommand::Merge);
    let mergeable = alike.merge_refused.is_none();
    view! {
        <li class="alike">
            <Name other=alike.other>
                <span class="hint">{format!("Open too, and affects {}", alike.component)}</span>
                <span class="duty-deeds">
                    <Show when=move || may_relate.get()>
                        <button
                            type="button"
                            class="link-button"
                            aria-label=format!("Relate to incident {number}")
                            on:click=move |_| send(here, attempt, number, true)
                        >
                            "Relate"
                        </button>
                    </Show>
                    <Show when=move || mergeable && may_merge.get()>
                        <button
                            type="button"
                            class="link-button"
                            aria-label=format!("Merge into incident {number}")
                            on:click=move |_| merging.set(Some(number))
                        >
                            "Merge into it"
                        </button>
                    </Show>
                </span>
            </Name>
        </li>
    }
}

/// Any other incident, by its number.
#[component]
fn OtherDialog(here: Here, open: RwSignal<bool>, merging: RwSignal<Option<i64>>) -> impl IntoView {
    let attempt = Attempt::new();
    let (number, wrong) = (RwSignal::new(String::new()), RwSignal::new(None::<String>));
    let deed = RwSignal::new("relate".to_owned());
    let may_merge = here.open(IncidentCommand::Merge);
    let choices = Signal::derive(move || {
        let mut choices = vec![("relate".to_owned(), "They have to do with each other".to_owned())];
        if may_merge.get() {
            choices.push(("merge".to_owned(), "They are the same: merge this one into it".to_owned()));
        }
        choices
    });
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let parsed = number.get_untracked().trim().trim_start_matches('#').parse::<i64>();
        wrong.set(parsed.is_err().then(|| "Type the number of the incident, as it stands in the list.".into()));
        let Ok(other) = parsed else { return };
        if deed.get_untracked() == "merge" {
            open.set(false);
            merging.set(Some(other));
            return;
        }
        let body = RelationIn { other, related: true };
        attempt.run(async move { api().relate(here.number, &body).await }, move |view| {
            here.fetched.put(view);
            open.try_set(false);
            focus::to_heading();
        });
    };
    let error = attempt.field("other");
    view! {
        <Dialog open title=format!("Incident {} and another one", here.number)>
            <form class="form" on:submit=submit novalidate>
                <ErrorNote error=attempt.error/>
                <TextField
                    label="Number of the other incident"
                    value=number
                    error=Signal::derive(move || wrong.get().or_else(|| error.get()))
                    required=true
                />
                <SelectField label="How they belong together" choices value=deed/>
                <DialogFoot
                    open
                    busy=attempt.busy
                    test_id="relate-submit"
                    words=Signal::derive(move || if deed.get() == "merge" { "Go on" } else { "Relate" }.to_owned())
                />
            </form>
        </Dialog>
    }
}
