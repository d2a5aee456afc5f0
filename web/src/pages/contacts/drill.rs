//! Rehearsing the contact tree: calls everybody as a drill, and shows who answered in time.

use leptos::prelude::*;
use shared::{
    api::{
        contact::{ContactDrillView, ContactDrillsView, ContactsView, DrillCallView},
        live::Topic,
    },
    domain::contact_drill::DrillOutcome,
    timestamp::human_seconds,
};

use crate::{
    components::{
        async_view::{AsyncView, Fetched},
        attempt::Attempt,
        button::{Button, ButtonKind},
        dialog::Dialog,
        error_note::ErrorNote,
        field::SelectField,
        state_badge::{Look, StateBadge, Tone},
        time::Instant,
    },
    live::use_live,
    transport::api,
};

impl Look for DrillOutcome {
    fn tone(&self) -> Tone {
        match self {
            Self::Waiting => Tone::Active,
            Self::InTime => Tone::Good,
            Self::Late => Tone::Warning,
            Self::NoAnswer | Self::NotReached => Tone::Critical,
        }
    }

    fn word(&self) -> &'static str {
        self.words()
    }
}

fn within(seconds: u64) -> String {
    human_seconds(i64::try_from(seconds).unwrap_or(i64::MAX))
}

#[component]
pub(super) fn Drills(view: Signal<ContactsView>) -> impl IntoView {
    let slug = StoredValue::new(view.with_untracked(|v| v.system.clone()));
    let heard = use_live().refetch_on(|topic| matches!(topic, Topic::Outbox {} | Topic::Plan { .. }));
    let of = Fetched::new(move || {
        heard.track();
        let slug = slug.get_value();
        async move { api().contact_drills(&slug).await }
    });
    let people = Memo::new(move |_| {
        view.with(|v| {
            let mut people: Vec<_> = v
                .roles
                .iter()
                .filter(|role| role.in_plan)
                .flat_map(|role| &role.people)
                .filter(|person| person.active)
                .map(|person| (person.id, person.quiet))
                .collect();
            people.sort_unstable();
            people.dedup();
            (people.len(), people.iter().filter(|(_, quiet)| *quiet).count())
        })
    });
    view! {
        <section class="panel" aria-labelledby="drills" data-testid="contact-drills">
            <h2 id="drills">"Contact-tree drill"</h2>
            <p class="muted">
                "Calls everybody above at once, marked as a drill, and measures who answers within the response time of a level."
            </p>
            <AsyncView of what="the drills" content=move |drills| view! { <List drills of slug people/> }/>
        </section>
    }
}

#[component]
fn List(
    drills: Signal<ContactDrillsView>,
    of: Fetched<ContactDrillsView>,
    slug: StoredValue<String>,
    /// How many would be called, and how many of them sleep.
    people: Memo<(usize, usize)>,
) -> impl IntoView {
    let items = Memo::new(move |_| drills.with(|d| d.items.clone()));
    let refused = Memo::new(move |_| drills.with(|d| d.begin_refused.clone()));
    let going_on = Memo::new(move |_| drills.with(|d| d.items.iter().any(|drill| drill.ended_at.is_none())));
    let open = RwSignal::new(false);
    view! {
        {move || refused.get().map(|why| view! { <p class="reason">{why}</p> })}
        <Show when=move || refused.with(Option::is_none)>
            <div class="button-row">
                <Button
                    on_press=move |()| open.set(true)
                    refused=Signal::derive(move || match (people.get().0, going_on.get()) {
                        (0, _) => Some("Name somebody for a role first.".to_owned()),
                        (_, true) => Some("A drill is going on.".to_owned()),
                        _ => None,
                    })
                    test_id="drill"
                >
                    "Begin a drill…"
                </Button>
            </div>
            <Dialog open title="Begin a contact-tree drill">
                <Begin open drills of slug people/>
            </Dialog>
        </Show>
        <Show
            when=move || items.with(|all| !all.is_empty())
            fallback=|| view! { <p class="muted">"Never rehearsed. Until then nobody knows whether these people can be reached."</p> }
        >
            <ul class="rows" data-testid="drill-list">
                <For
                    each=move || items.get()
                    key=|drill| (drill.number, drill.ended_at, drill.calls.iter().map(|call| call.outcome).collect::<Vec<_>>())
                    children=|drill| view! { <Drill drill/> }
                />
            </ul>
        </Show>
    }
}

#[component]
fn Begin(
    open: RwSignal<bool>,
    drills: Signal<ContactDrillsView>,
    of: Fetched<ContactDrillsView>,
    slug: StoredValue<String>,
    people: Memo<(usize, usize)>,
) -> impl IntoView {
    let choices = Signal::derive(move || {
        drills.with(|d| {
            let words = |within_seconds| format!("answered within {}", within(within_seconds));
            let choice = |level: &shared::api::contact::DrillLevelView| {
                (
                    level.level.to_string(),
                    format!("Level {}, {}: {}", level.level, level.name, words(level.within_seconds)),
                )
            };
            d.levels.iter().map(choice).collect::<Vec<_>>()
        })
    });
    let level = RwSignal::new(choices.with_untracked(|all| all.first().map(|(n, _)| n.clone()).unwrap_or_default()));
    let attempt = Attempt::new();
    let words = move || {
        let (n, asleep) = people.get();
        let who = if n == 1 { "One person gets".to_owned() } else { format!("{n} people get") };
        let sleepers = match asleep {
            0 => String::new(),
            1 => " One of them is in quiet hours now and gets it all the same.".into(),
            n => format!(" {n} of them are in quiet hours now and get it all the same."),
        };
        format!("{who} a message now that says DRILL, in every way in which they would be called.{sleepers}")
    };
    let begin = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let Ok(level) = level.get_untracked().parse() else { return };
        let slug = slug.get_value();
        attempt.run(async move { api().begin_contact_drill(&slug, level).await }, move |()| {
            open.set(false);
            of.refetch();
        });
    };
    view! {
        <form class="form" on:submit=begin>
            <p>{words}</p>
            <SelectField label="Measured against" choices value=level/>
            <ErrorNote error=attempt.error/>
            <div class="form-actions">
                <Button on_press=move |()| open.set(false)>"Cancel"</Button>
                <Button kind=ButtonKind::Primary submit=true busy=attempt.busy test_id="drill-begin">"Call them as a drill"</Button>
            </div>
        </form>
    }
}

#[component]
fn Drill(drill: ContactDrillView) -> impl IntoView {
    let in_time = drill.calls.iter().filter(|call| call.outcome == DrillOutcome::InTime).count();
    let stands = if drill.ended_at.is_some() { "" } else { ", going on" };
    let headline =
        format!("{in_time} of {} answered within {}{stands}", drill.calls.len(), within(drill.within_seconds));
    let meta =
        format!("Drill {}, level {} ({}), begun by {} ", drill.number, drill.level, drill.level_name, drill.begun_by);
    let empty = drill.empty_roles;
    view! {
        <li class="row" data-testid="drill-row">
            <span class="row-main">
                <b>{headline}</b>
                <span class="row-meta">{meta} <Instant at=drill.begun_at/></span>
                {(!empty.is_empty())
                    .then(|| view! { <span class="reason">{format!("Nobody is named for: {}", empty.join(", "))}</span> })}
                <ul class="rows people-rows">
                    {drill.calls.into_iter().map(|call| view! { <Call call/> }).collect_view()}
                </ul>
            </span>
        </li>
    }
}

#[component]
fn Call(call: DrillCallView) -> impl IntoView {
    let after = call.seconds.map(|seconds| format!("after {}", human_seconds(seconds)));
    view! {
        <li class="row">
            <span class="row-main">
                <b>{call.name}</b>
                <span class="row-meta">{call.roles.join(", ")}</span>
            </span>
            <span class="row-side">{after} <StateBadge state=call.outcome/></span>
        </li>
    }
}
