//! What is open of a recovery's validation, before the incident is resolved, with the way to each point; and why it is resolved all the
//! same. What counts as open, the server says.

use leptos::prelude::*;
use shared::domain::{
    text::Message,
    validation::{Area, OpenPoint, Place},
};

use super::Here;
use crate::components::{
    field::TextArea,
    state_badge::{StateShape, Tone},
    step_words::count,
};

/// The reason as it is typed, asked for only while something is open.
#[derive(Clone, Copy)]
pub(super) struct Despite {
    open: Memo<Vec<OpenPoint>>,
    reason: RwSignal<String>,
    wrong: RwSignal<Option<String>>,
}

impl Despite {
    pub(super) fn new(here: Here) -> Self {
        let open = Memo::new(move |_| here.incident.with(|i| i.open_points.clone()));
        Self { open, reason: RwSignal::new(String::new()), wrong: RwSignal::new(None) }
    }

    /// `None` if nothing is open; `Err` if the reason is missing, which is said at the field.
    pub(super) fn checked(self) -> Result<Option<Message>, ()> {
        self.wrong.set(None);
        if self.open.with_untracked(Vec::is_empty) {
            return Ok(None);
        }
        let reason = self.reason.get_untracked();
        let parsed = Message::parse(&reason).map_err(|why| {
            let empty = reason.trim().is_empty();
            self.wrong.set(Some(if empty { "Say why, or settle what is open first.".into() } else { why }));
        });
        parsed.map(Some)
    }
}

fn address(place: &Place) -> (String, &'static str) {
    match place {
        Place::Step { run, .. } => (format!("/console/runs/{run}"), "Open the run"),
        Place::Procedure { .. } => ("#recovery".to_owned(), "Go to the procedures"),
        Place::Monitor { id } => (format!("/console/monitors/{id}"), "Open the monitor"),
    }
}

#[component]
pub(super) fn OpenPoints(
    despite: Despite,
    /// The dialog that it stands in: a way out of it closes it.
    dialog: RwSignal<bool>,
) -> impl IntoView {
    let Despite { open, reason, wrong } = despite;
    let groups = move || {
        let open = open.get();
        let of = |area: Area| open.iter().filter(|point| point.area == area).cloned().collect::<Vec<_>>();
        let groups = Area::ALL.map(|area| (area, of(area))).into_iter().filter(|(_, points)| !points.is_empty());
        groups.map(|(area, points)| view! { <Group area points dialog/> }).collect_view()
    };
    view! {
        <Show when=move || !open.with(Vec::is_empty)>
            <section class="open-points" aria-labelledby="open-points-heading" data-testid="open-points">
                <h3 id="open-points-heading">
                    {move || format!("The recovery is not proven: {}", count(open.with(Vec::len), "point is open", "points are open"))}
                </h3>
                {groups}
                <TextArea
                    label="Why it is resolved all the same"
                    value=reason
                    rows=2
                    hint="It is kept with what is open, in the timeline, the report and the audit log."
                    error=wrong
                    required=true
                />
            </section>
        </Show>
    }
}

#[component]
fn Group(area: Area, points: Vec<OpenPoint>, dialog: RwSignal<bool>) -> impl IntoView {
    let point = move |point: OpenPoint| {
        let (href, words) = address(&point.place);
        view! {
            <li class="open-point">
                <StateShape tone=Tone::Warning/>
                <div>
                    <p>{point.what}</p>
                    <p class="muted">{point.why} " " <a href=href on:click=move |_| dialog.set(false)>{words}</a></p>
                </div>
            </li>
        }
    };
    view! {
        <h4>{area.words()}</h4>
        <ul class="plain">{points.into_iter().map(point).collect_view()}</ul>
    }
}
