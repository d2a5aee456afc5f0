//! When drills come due, for whom, and the days on which none does.

use leptos::{ev::SubmitEvent, prelude::*};
use shared::{
    api::drill::{DrillScheduleIn, DrillScheduleView, DrillWindowIn, DrillWindowView, DrillsView},
    domain::{
        drill::{Every, Kind},
        text::Message,
    },
    timestamp::Timestamp,
};

use crate::{
    components::{
        async_view::Fetched,
        attempt::Attempt,
        button::{Button, ButtonKind},
        empty::Empty,
        error_note::ErrorNote,
        field::{SelectField, TextField},
        local_moment::{LocalMoment, MomentField},
        state_badge::{StateShape, Tone},
        time::{Instant, Moment, now},
    },
    transport::api,
};

const DAY: i64 = 86_400_000;
/// The form proposes a day in two weeks, in the morning.
const AHEAD_DAYS: i64 = 14;

#[component]
pub(super) fn Schedules(view: Signal<DrillsView>, of: Fetched<DrillsView>) -> impl IntoView {
    let rows = Memo::new(move |_| view.with(|v| v.schedules.clone()));
    let may_plan = Memo::new(move |_| view.with(|v| v.plan_refused.is_none()));
    let promised = Memo::new(move |_| view.with(|v| v.promised.clone()));
    let slug = view.with_untracked(|v| v.system.clone());
    view! {
        <section aria-labelledby="drills-next">
            <h2 id="drills-next">"What is next"</h2>
            <Show
                when=move || rows.with(|r| !r.is_empty())
                fallback=|| {
                    view! {
                        <Empty
                            title="No drill is planned"
                            text="A plan that was never rehearsed is a guess. Say which procedure is rehearsed how often, and who sees to it."
                        />
                    }
                }
            >
                <ul class="rows" data-testid="drill-schedules">
                    <For
                        each=move || rows.get()
                        key=|one| (one.id, one.due_at, one.overdue, one.done_at)
                        children=move |one| view! { <Scheduled one of may_plan/> }
                    />
                </ul>
            </Show>
            <Show when=move || rows.with(Vec::is_empty) && promised.with(|p| !p.is_empty())>
                <ul class="offer-list" data-testid="drills-promised">
                    {
                        let slug = slug.clone();
                        promised
                            .get()
                            .into_iter()
                            .map(|one| {
                                view! {
                                    <li>
                                        <span class="muted">"The plan itself says: "</span>
                                        <strong>{one.text}</strong>
                                        " "
                                        <a href=format!("/console/plan?system={slug}#line-{}", one.line)>"See the line"</a>
                                    </li>
                                }
                            })
                            .collect_view()
                    }
                </ul>
            </Show>
        </section>
    }
}

#[component]
fn Scheduled(one: DrillScheduleView, of: Fetched<DrillsView>, may_plan: Memo<bool>) -> impl IntoView {
    let attempt = Attempt::new();
    let id = one.id;
    let end = move |()| attempt.run(async move { api().end_drill_schedule(id).await }, move |()| of.refetch());
    let (tone, word) = if one.overdue { (Tone::Critical, "Overdue") } else { (Tone::Neutral, "Planned") };
    let link = (one.kind == Kind::ContactTree).then_some("/console/plan");
    view! {
        <li class="row" data-testid="drill-schedule" data-overdue=one.overdue.to_string()>
            <span class="badge" data-tone=tone.name()><StateShape tone/> {word}</span>
            <span class="row-main">
                <strong>{one.title}</strong>
                <span class="row-meta">{format!("{} · {}", one.every.words(), one.responsible.name)}</span>
                {one.moved_why.map(|why| view! { <span class="row-meta">"Moved: " {why}</span> })}
                {one.gone.then(|| view! { <span class="row-meta field-error">"The plan has no such procedure any more."</span> })}
                {link.map(|href| view! { <a class="row-meta" href=href>"Begun on the contacts page of the plan"</a> })}
                <ErrorNote error=attempt.error/>
            </span>
            <span class="row-side">
                <span>"due " <Instant at=one.due_at/></span>
                {one.done_at.map(|at| view! { <span class="row-meta">"last done " <Moment at/></span> })}
                <Show when=move || may_plan.get()>
                    <Button on_press=end busy=attempt.busy test_id="drill-schedule-end">"End this rule"</Button>
                </Show>
            </span>
        </li>
    }
}

fn ahead(days: i64) -> Timestamp {
    Timestamp::from_unix_ms((now().unix_ms() / DAY + days) * DAY + 9 * 3_600_000)
}

#[component]
pub(super) fn NewSchedule(view: Signal<DrillsView>, of: Fetched<DrillsView>, open: RwSignal<bool>) -> impl IntoView {
    let (slug, offers, people, promised) =
        view.with_untracked(|v| (v.system.clone(), v.procedures.clone(), v.people.clone(), v.promised.clone()));
    // Of the contact tree no procedure has the name.
    let tree = String::new();
    let mut what: Vec<_> = offers.iter().map(|o| (o.procedure.clone(), o.title.clone())).collect();
    what.push((tree.clone(), "The contact tree".to_owned()));
    let chosen = RwSignal::new(what.first().map(|(id, _)| id.clone()).unwrap_or_default());
    let rule = promised.first().map_or(Every::Monthly, |one| one.every);
    let every = RwSignal::new(rule.name().to_owned());
    let rules = [Every::Monthly, Every::Quarterly].map(|one| (one.name().to_owned(), one.words().to_owned()));
    let who = RwSignal::new(people.first().map(|p| p.id.to_string()).unwrap_or_default());
    let choices: Vec<_> = people.iter().map(|p| (p.id.to_string(), p.name.clone())).collect();
    let due = LocalMoment::new(ahead(AHEAD_DAYS));
    let attempt = Attempt::new();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let responsible = who.with_untracked(|id| people.iter().find(|p| p.id.to_string() == *id).map(|p| p.id));
        let (Some(due_at), Some(responsible)) = (due.read(), responsible) else { return };
        let procedure = Some(chosen.get_untracked()).filter(|id| *id != tree);
        let quarterly = every.with_untracked(|name| name == Every::Quarterly.name());
        let body = DrillScheduleIn {
            kind: if procedure.is_some() { Kind::Procedure } else { Kind::ContactTree },
            procedure,
            every: if quarterly { Every::Quarterly } else { Every::Monthly },
            due_at,
            responsible,
        };
        let slug = slug.clone();
        attempt.run(async move { api().schedule_drill(&slug, &body).await }, move |()| {
            open.set(false);
            of.refetch();
        });
    };
    view! {
        <form class="form panel" on:submit=submit novalidate data-testid="drill-plan-form">
            <h2>"Plan a drill"</h2>
            <SelectField label="What is rehearsed" choices=Signal::stored(what) value=chosen error=attempt.field("procedure")/>
            <SelectField label="How often" choices=Signal::stored(rules.to_vec()) value=every/>
            <MomentField label="First due" moment=due refused=attempt.field("due_at")/>
            <SelectField label="Who sees to it" choices=Signal::stored(choices) value=who error=attempt.field("responsible")/>
            <p class="hint">"They get a message three days before, and one when it is overdue."</p>
            <ErrorNote error=attempt.error/>
            <div class="form-actions">
                <Button on_press=move |()| open.set(false)>"Cancel"</Button>
                <Button kind=ButtonKind::Primary submit=true busy=attempt.busy test_id="drill-plan-send">"Plan it"</Button>
            </div>
        </form>
    }
}

/// Freezes and holidays.
#[component]
pub(super) fn Blocked(view: Signal<DrillsView>, of: Fetched<DrillsView>) -> impl IntoView {
    let rows = Memo::new(move |_| view.with(|v| v.windows.clone()));
    let may_plan = Memo::new(move |_| view.with(|v| v.plan_refused.is_none()));
    let open = RwSignal::new(false);
    view! {
        <section aria-labelledby="drills-blocked">
            <h2 id="drills-blocked">"Days without drills"</h2>
            <Show when=move || rows.with(Vec::is_empty)>
                <p class="muted">"None. A freeze or holidays move what would come due in them."</p>
            </Show>
            <ul class="rows" data-testid="drill-windows">
                <For each=move || rows.get() key=|one| one.id children=move |one| view! { <Window one of may_plan/> }/>
            </ul>
            <Show when=move || may_plan.get() && !open.get()>
                <Button on_press=move |()| open.set(true) test_id="drill-block">"Block days"</Button>
            </Show>
            <Show when=move || may_plan.get() && open.get()>
                <NewWindow view of open/>
            </Show>
        </section>
    }
}

#[component]
fn Window(one: DrillWindowView, of: Fetched<DrillsView>, may_plan: Memo<bool>) -> impl IntoView {
    let attempt = Attempt::new();
    let id = one.id;
    let remove = move |()| attempt.run(async move { api().unblock_drills(id).await }, move |()| of.refetch());
    view! {
        <li class="row">
            <span class="row-main">
                <strong>{one.reason}</strong>
                <span class="row-meta"><Moment at=one.from_at/> " to " <Moment at=one.until_at/></span>
                <ErrorNote error=attempt.error/>
            </span>
            <span class="row-side">
                <Show when=move || may_plan.get()>
                    <Button on_press=remove busy=attempt.busy>"Remove"</Button>
                </Show>
            </span>
        </li>
    }
}

#[component]
fn NewWindow(view: Signal<DrillsView>, of: Fetched<DrillsView>, open: RwSignal<bool>) -> impl IntoView {
    let slug = view.with_untracked(|v| v.system.clone());
    let (from, until) = (LocalMoment::new(ahead(1)), LocalMoment::new(ahead(8)));
    let (reason, wrong) = (RwSignal::new(String::new()), RwSignal::new(None::<String>));
    let attempt = Attempt::new();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let said = reason.with_untracked(|text| Message::parse(text));
        wrong.set(said.as_ref().err().cloned());
        let (Some(from_at), Some(until_at), Ok(reason)) = (from.read(), until.read(), said) else { return };
        let (slug, body) = (slug.clone(), DrillWindowIn { from_at, until_at, reason });
        attempt.run(async move { api().block_drills(&slug, &body).await }, move |()| {
            open.set(false);
            of.refetch();
        });
    };
    view! {
        <form class="form" on:submit=submit novalidate>
            <div class="pair">
                <MomentField label="From" moment=from refused=attempt.field("from_at")/>
                <MomentField label="To" moment=until refused=attempt.field("until_at")/>
            </div>
            <TextField label="Why" value=reason error=wrong required=true/>
            <ErrorNote error=attempt.error/>
            <div class="form-actions">
                <Button on_press=move |()| open.set(false)>"Cancel"</Button>
                <Button kind=ButtonKind::Primary submit=true busy=attempt.busy test_id="drill-block-send">"Block these days"</Button>
            </div>
        </form>
    }
}
