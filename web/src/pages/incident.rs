//! One incident: its state, its clocks, the next thing to do, and what happened so far. Runs and the report have pages of their own.

mod affected;
mod alerts;
mod calls;
mod closing;
mod commands;
mod duties;
mod entry;
mod facts;
mod files;
mod header;
mod level;
mod links;
mod merge_dialog;
mod next;
mod note_box;
mod open_points;
mod post;
mod readers;
mod recovery;
mod scheduled;
mod standing;
mod task_dialogs;
mod tasks;
mod timeline;
mod words;

use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use shared::{
    api::{incident::IncidentView, live::Topic},
    domain::{access::Action, incident::IncidentCommand, offer::Offer},
};

use next::{NextAction, Rights, next_action};
pub(crate) use post::{STATES, key as state_key, state_of};

use crate::{
    components::{
        async_view::{AsyncView, Fetched},
        error_note::Missing,
        title::title,
    },
    live::use_live,
    session::may,
    transport::api,
};

/// What the parts of this page share: the incident as last seen, and where the answers of commands go.
#[derive(Clone, Copy)]
struct Here {
    number: i64,
    incident: Signal<IncidentView>,
    fetched: Fetched<IncidentView>,
    rights: Signal<Rights>,
}

impl Here {
    fn next(self) -> Memo<NextAction> {
        Memo::new(move |_| self.incident.with(|incident| next_action(incident, self.rights.get())))
    }

    /// Why a command is off; `None` if it may be given. A command that is not offered at all is off without a word.
    fn refused(self, command: IncidentCommand) -> Signal<Option<String>> {
        Signal::derive(move || {
            self.incident.with(|incident| match offer(incident, command) {
                Some(offer) => offer.refused.clone(),
                None => Some("This is not offered now.".into()),
            })
        })
    }

    /// `SYSTEM/COMPONENT` each, as subscribers choose them.
    fn components(self) -> Signal<Option<Vec<String>>> {
        Signal::derive(move || {
            let keys = |i: &IncidentView| i.affected.iter().map(|a| format!("{}/{}", i.system, a.component)).collect();
            Some(self.incident.with(keys))
        })
    }

    fn open(self, command: IncidentCommand) -> Signal<bool> {
        let refused = self.refused(command);
        Signal::derive(move || refused.with(Option::is_none))
    }
}

fn offer(incident: &IncidentView, command: IncidentCommand) -> Option<&Offer<IncidentCommand>> {
    incident.offers.iter().find(|offer| offer.command == command)
}

#[component]
pub(crate) fn IncidentPage() -> impl IntoView {
    let params = use_params_map();
    let number = Memo::new(move |_| params.with(|params| params.get("number").and_then(|n| n.parse::<i64>().ok())));
    move || match number.get() {
        Some(number) => view! { <OneIncident number=number/> }.into_any(),
        None => view! { <Missing/> }.into_any(),
    }
}

#[component]
fn OneIncident(number: i64) -> impl IntoView {
    let tick = use_live().refetch_on(move |topic| match topic {
        Topic::Incident { number: n } | Topic::Run { incident: n, .. } | Topic::Report { incident: n } => *n == number,
        // The buttons are the plan's; and one may not see it any more.
        Topic::Plan { .. } | Topic::Incidents {} => true,
        Topic::Output { .. }
        | Topic::Freeze {}
        | Topic::People {}
        | Topic::Alerts {}
        | Topic::Monitors {}
        | Topic::Drills {}
        | Topic::Outbox {}
        | Topic::StatusPage {}
        | Topic::Maintenance { .. } => false,
    });
    let fetched = Fetched::new(move || {
        tick.track();
        async move { api().incident(number).await }
    });
    title(move || {
        let name = fetched.value.with(|i| i.as_ref().map(|i| i.title.clone()));
        name.map_or_else(|| format!("Incident {number}"), |name| format!("#{number} {name}"))
    });
    let (decide, answer) = (may(Action::DecideRun), may(Action::AnswerStep));
    let rights = Signal::derive(move || Rights { may_decide: decide.get(), may_answer: answer.get() });
    view! {
        <AsyncView
            of=fetched
            what="the incident"
            content=move |incident| {
                let here = Here { number, incident, fetched, rights };
                view! {
                    <header::Header here=here/>
                    <links::MergedNote here=here/>
                    <readers::RestrictedNote here=here/>
                    <div class="incident">
                        <recovery::Recovery here=here/>
                        <timeline::Timeline here=here/>
                        <facts::Facts here=here/>
                    </div>
                }
            }
        />
    }
}
