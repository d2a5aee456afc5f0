//! Planning maintenance: what, on which components, from when to when, and what visitors read. Whether it makes sense, the server says.

use leptos::{ev::SubmitEvent, prelude::*};
use leptos_router::hooks::use_navigate;
use shared::{
    api::{
        maintenance::{MaintenanceComponentIn, MaintenanceIn},
        post::FillIn,
        status_page::StatusPageView,
    },
    domain::{
        access::Action,
        text::{Message, Title},
    },
};

use super::kept::Begin;
use crate::{
    components::{
        async_view::{AsyncView, Fetched},
        attempt::Attempt,
        button::{Button, ButtonKind},
        empty::Empty,
        error_note::ErrorNote,
        field::{Checkbox, TextField},
        leave_guard::LeaveGuard,
        local_moment::{LocalMoment, MomentField},
        public_text::PublicText,
        tell_subscribers::TellSubscribers,
        time::now,
        title::title,
    },
    session::may,
    transport::{api, fresh_key},
};

/// What the form proposes: tomorrow's hour that begins next, for an hour.
const AHEAD_SECONDS: u64 = 86_400;
const LASTS_SECONDS: u64 = 3600;

#[component]
pub(crate) fn NewMaintenancePage() -> impl IntoView {
    title(|| "Plan maintenance".into());
    let allowed = may(Action::PlanMaintenance);
    let of = Fetched::new(|| async { api().status_page().await });
    view! {
        <header class="page-head">
            <div>
                <p class="kicker"><a href="/console/maintenance">"Maintenance"</a></p>
                <h1>"Plan maintenance"</h1>
            </div>
        </header>
        <Show when=move || allowed.get() fallback=|| view! { <p class="muted">{Action::PlanMaintenance.needs()}</p> }>
            // What somebody types is not replaced by what is fetched meanwhile.
            <AsyncView of what="the components" content=|page| view! { <div class="stack"><Form page=page.get_untracked()/></div> }/>
        </Show>
    }
}

#[derive(Clone)]
struct Choice {
    name: String,
    component: MaintenanceComponentIn,
    chosen: RwSignal<bool>,
}

/// In the order of the page, under the names that visitors read.
fn choices(page: &StatusPageView) -> Vec<Choice> {
    let placed = page.layout.sections.iter().flat_map(|section| &section.components);
    let choice = |placed: &shared::domain::layout::Placed| {
        let known = page.names.iter().find(|name| placed.is(&name.system, &name.component));
        let own = placed.name.as_ref().map(|name| name.as_str().to_owned());
        let name = own.or_else(|| known.map(|known| known.name.clone())).unwrap_or_else(|| placed.component.clone());
        Choice {
            name: if placed.hidden { format!("{name} (hidden from visitors)") } else { name },
            component: MaintenanceComponentIn { system: placed.system.clone(), component: placed.component.clone() },
            chosen: RwSignal::new(false),
        }
    };
    placed.map(choice).collect()
}

#[component]
fn Form(page: StatusPageView) -> impl IntoView {
    let choices = StoredValue::new(choices(&page));
    if choices.with_value(Vec::is_empty) {
        return view! { <Empty title="No components yet" text="Components come from the plan. Import one; then work on them can be announced."/> }.into_any();
    }
    let hour = now().unix_ms() / 3_600_000 * 3600 + 3600;
    let from_at = shared::timestamp::Timestamp::from_unix(hour).plus_seconds(AHEAD_SECONDS);
    let (from, to) = (LocalMoment::new(from_at), LocalMoment::new(from_at.plus_seconds(LASTS_SECONDS)));
    let (name, text) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let [wrong_name, wrong_text, wrong_choice] = [(); 3].map(|()| RwSignal::new(None::<String>));
    let notify = RwSignal::new(true);
    let attempt = Attempt::new();
    let sent = RwSignal::new(false);
    // The same body again is the same request; another one is another.
    let last = StoredValue::new(None::<(String, String)>);
    let navigate = use_navigate();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let (title, said) = (Title::parse(&name.get_untracked()), Message::parse(&text.get_untracked()));
        wrong_name.set(title.as_ref().err().cloned());
        wrong_text.set(said.as_ref().err().cloned());
        let components: Vec<_> = choices.with_value(|choices| {
            let chosen = choices.iter().filter(|choice| choice.chosen.get_untracked());
            chosen.map(|choice| choice.component.clone()).collect()
        });
        wrong_choice.set(components.is_empty().then(|| "Choose what is worked on.".to_owned()));
        let (from_at, to_at) = (from.read(), to.read());
        let (Ok(title), Ok(text), Some(from_at), Some(to_at), false) =
            (title, said, from_at, to_at, components.is_empty())
        else {
            return;
        };
        let body = MaintenanceIn { title, text, components, from_at, to_at, notify: notify.get_untracked() };
        let written = format!("{body:?}");
        let key = last.get_value().filter(|(before, _)| *before == written).map_or_else(fresh_key, |(_, key)| key);
        last.set_value(Some((written, key.clone())));
        let navigate = navigate.clone();
        attempt.run(async move { api().plan_maintenance(&body, &key).await }, move |view| {
            sent.set(true);
            navigate(&format!("/console/maintenance/{}", view.number), Default::default());
        });
    };
    let with = move || {
        let components = choices.with_value(|choices| {
            let chosen = choices.iter().filter(|choice| choice.chosen.get_untracked());
            chosen.map(|choice| choice.name.clone()).collect()
        });
        let (from_at, to_at) = (from.read()?, to.read()?);
        Some(FillIn { title: name.get_untracked(), components, from_at, to_at, number: None })
    };
    let dirty = Signal::derive(move || {
        !sent.get() && (name.with(|name| !name.is_empty()) || text.with(|text| !text.is_empty()))
    });
    view! {
        <form class="form" on:submit=submit novalidate>
            <TextField label="What is done, for visitors" value=name error=wrong_name required=true autofocus=true/>
            <fieldset class="field" aria-describedby="maintenance-choice">
                <legend>"What is worked on"</legend>
                {choices
                    .get_value()
                    .into_iter()
                    .map(|choice| view! { <Checkbox label=choice.name value=choice.chosen/> })
                    .collect_view()}
                <div id="maintenance-choice" class="field-words">
                    {move || wrong_choice.get().or_else(|| attempt.field("components").get()).map(|why| view! { <p class="field-error">{why}</p> })}
                </div>
            </fieldset>
            <div class="pair">
                <MomentField label="From" moment=from refused=attempt.field("from_at")/>
                <MomentField label="To" moment=to refused=attempt.field("to_at")/>
            </div>
            <Begin text with/>
            <PublicText
                label="What visitors read"
                value=text
                hint="What changes for them, and what they should do. Markdown."
                error=wrong_text
                required=true
            />
            <p class="hint">
                "It is announced at once. It opens and closes by itself at these times, reminds an hour before, and its time does not count as down."
            </p>
            <TellSubscribers value=notify/>
            <ErrorNote error=attempt.error/>
            <div class="form-actions">
                <a class="button" href="/console/maintenance">"Back"</a>
                <Button kind=ButtonKind::Primary submit=true busy=attempt.busy test_id="maintenance-plan">"Announce it"</Button>
            </div>
        </form>
        <LeaveGuard dirty what="This maintenance"/>
    }
        .into_any()
}
