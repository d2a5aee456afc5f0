//! Proposing a standing order: which procedure, when, and how far it goes. What cannot stand is shown with the reason; the server decides.

use std::collections::BTreeMap;

use leptos::prelude::*;
use leptos_router::hooks::{use_navigate, use_query_map};
use shared::{
    api::{
        monitor::MonitorView,
        standing_order::{OrderIn, TriggerIn},
    },
    domain::{
        access::Action,
        alert::Declaration,
        standing_order::{self, Limits, cannot_stand},
        status::Impact,
        text::{Message, Name},
    },
    plan::Plan,
};

use crate::{
    components::{
        async_view::{AsyncView, Fetched},
        attempt::Attempt,
        button::{Button, ButtonKind},
        error_note::ErrorNote,
        field::{SelectField, TextArea, TextField},
        title::title,
    },
    session::may,
    transport::api,
};

#[component]
pub(crate) fn NewStandingOrderPage() -> impl IntoView {
    title(|| "A new standing order".into());
    let (asked, procedure) = use_query_map().with_untracked(|q| (q.get("system"), q.get("procedure")));
    let allowed = may(Action::RequestRun);
    let of = Fetched::new(move || {
        let (asked, procedure) = (asked.clone(), procedure.clone());
        async move {
            let systems = api().systems().await?.items;
            let slug = asked.or_else(|| systems.first().map(|s| s.slug.clone())).unwrap_or_default();
            let plan = api().plan(&slug).await?.compiled.plan;
            let monitors = api().monitors().await?.items.into_iter().filter(|m| m.system == slug).collect();
            Ok(Stage { slug, plan, monitors, asked: procedure })
        }
    });
    view! {
        <header class="page-head">
            <div>
                <p class="kicker"><a href="/console/standing-orders">"Standing orders"</a></p>
                <h1>"A new standing order"</h1>
            </div>
        </header>
        <Show when=move || allowed.get() fallback=|| view! { <p class="muted">{Action::RequestRun.needs()}</p> }>
            <AsyncView of what="the plan" content=move |stage| view! { <Form stage=stage.get_untracked()/> }/>
        </Show>
    }
}

#[derive(Clone, PartialEq)]
struct Stage {
    slug: String,
    plan: Plan,
    monitors: Vec<MonitorView>,
    /// The procedure that the page was opened for.
    asked: Option<String>,
}

const WINDOWS: [(u64, &str); 3] = [(3600, "an hour"), (6 * 3600, "6 hours"), (86_400, "a day")];
const PAUSES: [(u64, &str); 4] = [(60, "a minute"), (300, "5 minutes"), (900, "15 minutes"), (3600, "an hour")];
const SETTLES: [(u64, &str); 4] = [(60, "a minute"), (120, "2 minutes"), (300, "5 minutes"), (600, "10 minutes")];
const VALID: [(u64, &str); 3] = [(30 * 86_400, "30 days"), (90 * 86_400, "90 days"), (365 * 86_400, "a year")];

fn choices(of: &[(u64, &str)]) -> Vec<(String, String)> {
    of.iter().map(|(seconds, words)| (seconds.to_string(), (*words).to_owned())).collect()
}

fn number(of: RwSignal<String>) -> u64 {
    of.get_untracked().parse().unwrap_or_default()
}

#[component]
fn Form(stage: Stage) -> impl IntoView {
    let (may_stand, cannot): (Vec<_>, Vec<_>) =
        stage.plan.procedures.iter().map(|p| (p.clone(), cannot_stand(p))).partition(|(_, why)| why.is_none());
    let procedures: Vec<(String, String)> = may_stand.iter().map(|(p, _)| (p.id.clone(), p.title.clone())).collect();
    let monitors: Vec<(String, String)> =
        stage.monitors.iter().map(|m| (m.id.to_string(), m.definition.name.as_str().to_owned())).collect();
    let none = procedures.is_empty() || monitors.is_empty();
    let first = |of: &[(String, String)]| of.first().map(|(key, _)| key.clone()).unwrap_or_default();
    let asked = stage.asked.clone().filter(|asked| procedures.iter().any(|(id, _)| id == asked));
    let procedure = RwSignal::new(asked.unwrap_or_else(|| first(&procedures)));
    let monitor = RwSignal::new(first(&monitors));
    let answers = RwSignal::new(BTreeMap::<String, String>::new());
    let name = RwSignal::new(String::new());
    let reason = RwSignal::new(promised(&stage.plan));
    let at_most = RwSignal::new("2".to_owned());
    let (window, pause) = (RwSignal::new("3600".to_owned()), RwSignal::new("60".to_owned()));
    let (settle, valid) = (RwSignal::new("120".to_owned()), RwSignal::new((90 * 86_400).to_string()));
    let levels: Vec<_> =
        stage.plan.levels.iter().map(|l| (l.level.to_string(), format!("{} – {}", l.level, l.name))).collect();
    let level = RwSignal::new(first(&levels));
    let component =
        RwSignal::new(stage.monitors.first().and_then(|m| m.definition.component.clone()).unwrap_or_default());
    let mut components = vec![(String::new(), "No component".to_owned())];
    components.extend(stage.plan.components.iter().map(|c| (c.id.clone(), c.name.clone())));
    let wrong = RwSignal::new(None::<(&'static str, String)>);
    let wrong_of =
        move |field: &'static str| Signal::derive(move || wrong.get().filter(|(f, _)| *f == field).map(|(_, why)| why));
    let attempt = Attempt::new();
    let navigate = use_navigate();
    let plan = StoredValue::new(stage.plan.clone());
    let monitors_of = StoredValue::new(stage.monitors.clone());
    let slug = StoredValue::new(stage.slug.clone());
    // What is watched says which component it is about.
    Effect::new(move |_| {
        let chosen = monitor.get();
        let about = monitors_of.with_value(|all| {
            all.iter().find(|m| m.id.to_string() == chosen).and_then(|m| m.definition.component.clone())
        });
        if let Some(about) = about {
            component.set(about.clone());
            let asks = plan.with_value(|plan| {
                let p = plan.procedures.iter().find(|p| p.id == procedure.get_untracked());
                p.map(|p| p.parameters.iter().map(|q| q.name.clone()).collect::<Vec<_>>()).unwrap_or_default()
            });
            if let [only] = asks.as_slice() {
                answers.update(|a| {
                    a.insert(only.clone(), about.clone());
                });
            }
        }
    });
    let submit = move || {
        wrong.set(None);
        let name = match Name::parse(&name.get_untracked()) {
            Ok(name) => name,
            Err(why) => return wrong.set(Some(("name", why))),
        };
        let reason = match Message::parse(&reason.get_untracked()) {
            Ok(reason) => reason,
            Err(why) => return wrong.set(Some(("reason", why))),
        };
        let Ok(id) = monitor.get_untracked().parse() else { return };
        let chosen =
            plan.with_value(|plan| plan.procedures.iter().find(|p| p.id == procedure.get_untracked()).cloned());
        let Some(chosen) = chosen else { return };
        let parameters =
            answers.get_untracked().into_iter().filter(|(key, _)| chosen.parameters.iter().any(|p| p.name == *key));
        let body = OrderIn {
            name,
            procedure: chosen.id.clone(),
            procedure_digest: Some(chosen.digest),
            parameters: parameters.collect(),
            trigger: TriggerIn::Monitor { id },
            declares: Declaration {
                level: level.get_untracked().parse().unwrap_or(1),
                components: Some(component.get_untracked()).filter(|c| !c.is_empty()).into_iter().collect(),
                impact: Impact::MajorOutage,
            },
            limits: Limits {
                at_most: u32::try_from(number(at_most)).unwrap_or(u32::MAX),
                window_seconds: number(window),
                pause_seconds: number(pause),
                settle_seconds: number(settle),
                valid_seconds: number(valid),
            },
            reason,
        };
        let (slug, navigate) = (slug.get_value(), navigate.clone());
        attempt.run(async move { api().propose_order(&slug, &body).await }, move |_| {
            navigate("/console/standing-orders", Default::default());
        });
    };
    view! {
        <Show
            when=move || !none
            fallback=|| {
                view! {
                    <p class="muted">
                        "An order needs a monitor that says when it is to begin, and a procedure whose steps can all be taken back and ask nobody. "
                        <a href="/console/monitors">"See the monitors"</a>
                    </p>
                }
            }
        >
            <form class="form" data-testid="order-form" on:submit={
                let submit = submit.clone();
                move |event| {
                    event.prevent_default();
                    submit();
                }
            }>
                <TextField label="Name" value=name hint="What it does, in a few words: others read it at night." error=wrong_of("name")/>
                <SelectField label="When this monitor is down" choices=monitors.clone() value=monitor/>
                <SelectField label="Begin this procedure" choices=procedures.clone() value=procedure/>
                {move || plan.with_value(|plan| plan.procedures.iter().find(|p| p.id == procedure.get()).map(|p| questions(p, answers)))}
                <SelectField label="For an incident of level" choices=levels.clone() value=level/>
                <SelectField label="About" choices=components.clone() value=component/>
                <p class="hint">"Where a rule of your alerts declares an incident, that one is taken instead."</p>
                <div class="order-limits">
                    <SelectField label="At most" choices=["1", "2", "3", "5"].map(|n| (n.to_owned(), format!("{n} runs"))).to_vec() value=at_most/>
                    <SelectField label="within" choices=choices(&WINDOWS) value=window/>
                    <SelectField label="Between two, at least" choices=choices(&PAUSES) value=pause/>
                    <SelectField label="Call people if it is not back within" choices=choices(&SETTLES) value=settle/>
                    <SelectField label="It holds for" choices=choices(&VALID) value=valid/>
                </div>
                <TextArea label="Why this need not wait for people" value=reason rows=3 error=wrong_of("reason")/>
                <ErrorNote error=attempt.error/>
                <p class="muted">"Nothing happens yet: the same people have to consent as for a run of this procedure. It is never begun during a freeze."</p>
                <div class="form-actions">
                    <Button kind=ButtonKind::Primary submit=true busy=attempt.busy test_id="order-send">"Propose this order"</Button>
                </div>
            </form>
        </Show>
        {(!cannot.is_empty())
            .then(|| {
                view! {
                    <details class="orders-over">
                        <summary>{format!("{} procedures that people have to begin", cannot.len())}</summary>
                        <ul class="plain">{cannot.into_iter().filter_map(|(_, why)| why).map(|why| view! { <li>{why}</li> }).collect_view()}</ul>
                    </details>
                }
            })}
    }
}

/// What the plan's own table says about it.
fn promised(plan: &Plan) -> String {
    standing_order::promised(plan)
        .next()
        .map(|row| {
            let within = shared::timestamp::human_seconds(i64::try_from(row.seconds).unwrap_or(i64::MAX));
            format!("The plan promises for {}: {within}, {}.", row.component, row.method.to_lowercase())
        })
        .unwrap_or_default()
}

fn questions(
    procedure: &shared::plan::Procedure,
    answers: RwSignal<BTreeMap<String, String>>,
) -> impl IntoView + use<> {
    let fields = procedure.parameters.iter().map(|parameter| {
        let key = parameter.name.clone();
        let given = answers.with_untracked(|a| a.get(&key).cloned());
        let value = RwSignal::new(given.unwrap_or_else(|| parameter.default.clone()));
        let (read, write) = (key.clone(), key);
        Effect::new(move |_| {
            // Set only what differs: each of the two follows the other.
            if let Some(given) = answers.with(|a| a.get(&read).cloned())
                && value.with_untracked(|value| *value != given)
            {
                value.set(given);
            }
        });
        Effect::new(move |_| {
            let typed = value.get();
            if answers.with_untracked(|a| a.get(&write) != Some(&typed)) {
                answers.update(|a| {
                    a.insert(write.clone(), typed);
                });
            }
        });
        view! { <TextField label=parameter.label.clone() value hint=format!("The plan says {}", parameter.default)/> }
    });
    fields.collect_view()
}
