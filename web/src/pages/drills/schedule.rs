//! When drills come due, and for whom: planned and ended. What the plan itself asks for is offered.

use leptos::{context::Provider, ev::SubmitEvent, prelude::*};
use shared::{
    api::drill::{DrillScheduleIn, DrillScheduleView, DrillsView},
    domain::drill::{Every, Kind, Promised},
    timestamp::Timestamp,
};

use super::schedule_change::{Change, keepers, person, rule, rules};
use crate::{
    components::{
        async_view::Fetched,
        attempt::Attempt,
        button::{Button, ButtonKind},
        dialog::Dialog,
        empty::Empty,
        error_note::ErrorNote,
        field::SelectField,
        hold::Hold,
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
pub(super) fn Schedules(
    view: Signal<DrillsView>,
    of: Fetched<DrillsView>,
    planning: RwSignal<Option<Wish>>,
) -> impl IntoView {
    let hold = Hold::new();
    let rows = hold.list(move || view.with(|v| v.schedules.clone()));
    let may_plan = Memo::new(move |_| view.with(|v| v.plan_refused.is_none()));
    // What the plan says and nobody has planned.
    let promised = Memo::new(move |_| {
        view.with(|v| {
            v.promised.iter().filter(|one| !v.schedules.iter().any(|s| keeps(s, one))).cloned().collect::<Vec<_>>()
        })
    });
    let slug = view.with_untracked(|v| v.system.clone());
    view! {
        <section aria-labelledby="drills-next">
            <h2 id="drills-next">"What is next"</h2>
            <Provider value=hold>
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
                            key=|one| (one.id, one.due_at, one.overdue, one.done_at, one.every, one.responsible.id)
                            children=move |one| view! { <Scheduled one view of may_plan/> }
                        />
                    </ul>
                </Show>
            </Provider>
            <Show when=move || promised.with(|p| !p.is_empty())>
                <p class="muted promised-lead">"The plan itself asks for these, and nobody has planned them:"</p>
                <ul class="rows promised-rows" data-testid="drills-promised">
                    <For
                        each=move || promised.get()
                        key=|one| one.text.clone()
                        children={
                            let slug = slug.clone();
                            move |one| view! { <Promise one slug=slug.clone() may_plan planning/> }
                        }
                    />
                </ul>
            </Show>
        </section>
    }
}

fn keeps(schedule: &DrillScheduleView, one: &Promised) -> bool {
    schedule.kind == one.kind && (one.procedure.is_none() || schedule.procedure == one.procedure)
}

#[component]
fn Promise(one: Promised, slug: String, may_plan: Memo<bool>, planning: RwSignal<Option<Wish>>) -> impl IntoView {
    let wish = Wish { kind: one.kind, procedure: one.procedure.clone(), every: one.every };
    let often = one.every.map_or("the plan does not say how often", Every::words);
    view! {
        <li class="row">
            <span class="row-main">
                <strong>{one.text}</strong>
                <span class="row-meta">
                    {format!("{}; {}. ", one.kind.words(), often.to_lowercase())}
                    <a href=format!("/console/plan?system={slug}#line-{}", one.line)>"See the line"</a>
                </span>
            </span>
            <span class="row-side">
                <Show when=move || may_plan.get()>
                    <Button
                        on_press={
                            let wish = wish.clone();
                            move |()| planning.set(Some(wish.clone()))
                        }
                        test_id="drill-promise-plan"
                    >
                        "Plan it"
                    </Button>
                </Show>
            </span>
        </li>
    }
}

/// Where it is done, if not on this page.
fn place(one: &DrillScheduleView, slug: &str) -> Option<(String, &'static str)> {
    match one.kind {
        Kind::Procedure => None,
        Kind::ContactTree => Some((format!("/console/plan/{slug}/contacts"), "Begin it on the contacts page")),
        Kind::BackupVerification => {
            Some((format!("/console/verifications?system={slug}"), "Begin a trial of the backups"))
        }
        Kind::AccessReview | Kind::SecurityAudit => {
            Some((format!("/console/drills?system={slug}#inspections"), "Begin it below"))
        }
    }
}

#[component]
fn Scheduled(
    one: DrillScheduleView,
    view: Signal<DrillsView>,
    of: Fetched<DrillsView>,
    may_plan: Memo<bool>,
) -> impl IntoView {
    let attempt = Attempt::new();
    let editing = RwSignal::new(false);
    let id = one.id;
    let end = move |()| attempt.run(async move { api().end_drill_schedule(id).await }, move |()| of.refetch());
    let (tone, word) = if one.overdue { (Tone::Critical, "Overdue") } else { (Tone::Neutral, "Planned") };
    let link = place(&one, &view.with_untracked(|v| v.system.clone()));
    let heading = format!("Change when {} is due", one.title);
    let change = one.clone();
    view! {
        <li class="row" data-testid="drill-schedule" data-overdue=one.overdue.to_string()>
            <span class="badge" data-tone=tone.name()><StateShape tone/> {word}</span>
            <span class="row-main">
                <strong>{one.title}</strong>
                <span class="row-meta">{format!("{} · {}", one.every.words(), one.responsible.name)}</span>
                {one.moved_why.map(|why| view! { <span class="row-meta">"Moved: " {why}</span> })}
                {one.gone.then(|| view! { <span class="row-meta field-error">"The plan has no such procedure any more."</span> })}
                {link.map(|(href, words)| view! { <a class="row-meta" href=href>{words}</a> })}
                <ErrorNote error=attempt.error/>
            </span>
            <span class="row-side">
                <span>"due " <Instant at=one.due_at/></span>
                {one.done_at.map(|at| view! { <span class="row-meta">"last done " <Moment at/></span> })}
                <Show when=move || may_plan.get()>
                    <Button on_press=move |()| editing.set(true) test_id="drill-schedule-change">"Change it"</Button>
                    <Button on_press=end busy=attempt.busy test_id="drill-schedule-end">"End this rule"</Button>
                </Show>
            </span>
            <Dialog open=editing title=heading>
                <Change one=change.clone() view of open=editing/>
            </Dialog>
        </li>
    }
}

/// What the form begins with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wish {
    pub(super) kind: Kind,
    pub(super) procedure: Option<String>,
    pub(super) every: Option<Every>,
}

pub(super) fn ahead(days: i64) -> Timestamp {
    Timestamp::from_unix_ms((now().unix_ms() / DAY + days) * DAY + 9 * 3_600_000)
}

#[component]
pub(super) fn NewSchedule(
    view: Signal<DrillsView>,
    of: Fetched<DrillsView>,
    open: RwSignal<Option<Wish>>,
    wish: Wish,
) -> impl IntoView {
    let (slug, offers, promised) =
        view.with_untracked(|v| (v.system.clone(), v.procedures.clone(), v.promised.clone()));
    // A procedure by its id, everything else by its kind: no id has a colon.
    let name = |kind: Kind| format!("kind:{}", kind.name());
    let mut what: Vec<_> = offers.iter().map(|o| (o.procedure.clone(), o.title.clone())).collect();
    let others = Kind::ALL.into_iter().filter(|kind| *kind != Kind::Procedure);
    what.extend(others.map(|kind| (name(kind), kind.words().to_owned())));
    let first = match (wish.kind, wish.procedure) {
        (Kind::Procedure, Some(procedure)) => procedure,
        (Kind::Procedure, None) => what.first().map(|(id, _)| id.clone()).unwrap_or_default(),
        (kind, _) => name(kind),
    };
    let chosen = RwSignal::new(first);
    let kind = Memo::new(move |_| {
        chosen.with(|id| Kind::ALL.into_iter().find(|kind| *id == name(*kind)).unwrap_or(Kind::Procedure))
    });
    let said = promised.iter().find(|one| one.kind == wish.kind).and_then(|one| one.every);
    let rule_first = wish.every.or(said).unwrap_or(Every::Quarterly);
    let every = RwSignal::new(rule_first.name().to_owned());
    let choices = Memo::new(move |_| view.with(|v| keepers(v, kind.get())));
    let who = RwSignal::new(String::new());
    // Whoever was chosen may not be one of those who may see to another kind.
    Effect::new(move |_| {
        choices.with(|all| {
            if !all.iter().any(|(id, _)| who.with_untracked(|who| who == id)) {
                who.set(all.first().map(|(id, _)| id.clone()).unwrap_or_default());
            }
        });
    });
    let due = LocalMoment::new(ahead(AHEAD_DAYS));
    let attempt = Attempt::new();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let responsible = who.with_untracked(|id| view.with_untracked(|v| person(v, id)));
        let (Some(due_at), Some(responsible)) = (due.read(), responsible) else { return };
        let kind = kind.get_untracked();
        let body = DrillScheduleIn {
            kind,
            procedure: (kind == Kind::Procedure).then(|| chosen.get_untracked()),
            every: every.with_untracked(|name| rule(name)),
            due_at,
            responsible,
        };
        let slug = slug.clone();
        attempt.run(async move { api().schedule_drill(&slug, &body).await }, move |()| {
            open.set(None);
            of.refetch();
        });
    };
    let nobody = move || {
        choices.with(Vec::is_empty).then(|| "Nobody may see to this: give somebody a role that allows it.".to_owned())
    };
    view! {
        <form class="form panel" on:submit=submit novalidate data-testid="drill-plan-form">
            <h2>"Plan a drill"</h2>
            <SelectField label="What is done" choices=Signal::stored(what) value=chosen error=attempt.field("procedure")/>
            <SelectField label="How often" choices=Signal::stored(rules()) value=every/>
            <MomentField label="First due" moment=due refused=attempt.field("due_at")/>
            <SelectField
                label="Who sees to it"
                choices=Signal::derive(move || choices.get())
                value=who
                error=Signal::derive(move || nobody().or_else(|| attempt.field("responsible").get()))
            />
            <p class="hint">"They get a message three days before, and one when it is overdue."</p>
            <ErrorNote error=attempt.error/>
            <div class="form-actions">
                <Button on_press=move |()| open.set(None)>"Cancel"</Button>
                <Button kind=ButtonKind::Primary submit=true busy=attempt.busy test_id="drill-plan-send">"Plan it"</Button>
            </div>
        </form>
    }
}
