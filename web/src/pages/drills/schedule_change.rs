//! Changing when a drill comes due, how often, and who sees to it; what is done stays.

use leptos::{ev::SubmitEvent, prelude::*};
use shared::{
    api::drill::{DrillScheduleChangeIn, DrillScheduleView, DrillsView},
    domain::drill::{Every, Kind},
    ids::UserId,
};

use crate::{
    components::{
        async_view::Fetched,
        attempt::Attempt,
        button::{Button, ButtonKind},
        error_note::ErrorNote,
        field::SelectField,
        local_moment::{LocalMoment, MomentField},
    },
    transport::api,
};

pub(super) fn rules() -> Vec<(String, String)> {
    [Every::Monthly, Every::Quarterly].map(|one| (one.name().to_owned(), one.words().to_owned())).to_vec()
}

pub(super) fn rule(name: &str) -> Every {
    if name == Every::Quarterly.name() { Every::Quarterly } else { Every::Monthly }
}

/// Who may see to drills of this kind.
pub(super) fn keepers(view: &DrillsView, kind: Kind) -> Vec<(String, String)> {
    view.people.iter().filter(|p| p.kinds.contains(&kind)).map(|p| (p.id.to_string(), p.name.clone())).collect()
}

pub(super) fn person(view: &DrillsView, id: &str) -> Option<UserId> {
    view.people.iter().find(|p| p.id.to_string() == id).map(|p| p.id)
}

#[component]
pub(super) fn Change(
    one: DrillScheduleView,
    view: Signal<DrillsView>,
    of: Fetched<DrillsView>,
    open: RwSignal<bool>,
) -> impl IntoView {
    let every = RwSignal::new(one.every.name().to_owned());
    let who = RwSignal::new(one.responsible.id.to_string());
    let due = LocalMoment::new(one.due_at);
    // What is typed has minutes only: untouched, it stays what it was.
    let untouched = due.read();
    let choices = view.with_untracked(|v| keepers(v, one.kind));
    let attempt = Attempt::new();
    let (id, seen_due_at) = (one.id, one.due_at);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let responsible = who.with_untracked(|id| view.with_untracked(|v| person(v, id)));
        let (Some(due_at), Some(responsible)) = (due.read(), responsible) else { return };
        let due_at = if Some(due_at) == untouched { seen_due_at } else { due_at };
        let body =
            DrillScheduleChangeIn { every: every.with_untracked(|name| rule(name)), due_at, responsible, seen_due_at };
        attempt.run(async move { api().change_drill_schedule(id, &body).await }, move |()| {
            open.set(false);
            of.refetch();
        });
    };
    view! {
        <form class="form" on:submit=submit novalidate>
            <SelectField label="How often" choices=Signal::stored(rules()) value=every/>
            <MomentField label="Next due" moment=due refused=attempt.field("due_at")/>
            <SelectField label="Who sees to it" choices=Signal::stored(choices) value=who error=attempt.field("responsible")/>
            <ErrorNote error=attempt.error/>
            <div class="form-actions">
                <Button on_press=move |()| open.set(false)>"Cancel"</Button>
                <Button kind=ButtonKind::Primary submit=true busy=attempt.busy test_id="drill-schedule-save">"Save"</Button>
            </div>
        </form>
    }
}
