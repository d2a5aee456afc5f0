//! What a monitor looks at, how often, and what counts as bad: the form for a new one and for a known one. Whether it can be kept so, the
//! same rule says here and on the server.

use leptos::prelude::*;
use leptos_router::hooks::{use_navigate, use_query_map};
use shared::{
    api::{
        client::CallError,
        monitor::{MonitorChangeIn, MonitorView, MonitorsIn},
    },
    domain::access::Action,
    plan::Plan,
};

use super::typed::{IMPACTS, KINDS, Typed, place};
use crate::{
    components::{
        async_view::{AsyncView, Fetched},
        attempt::Attempt,
        button::{Button, ButtonKind},
        error_note::ErrorNote,
        field::{Checkbox, SelectField, TextField},
        title::title,
    },
    session::may,
    transport::api,
};

#[component]
pub(crate) fn NewMonitorPage() -> impl IntoView {
    title(|| "A new monitor".into());
    let query = use_query_map();
    let asked = query.with_untracked(|q| q.get("system"));
    let objective = query.with_untracked(|q| q.get("objective"));
    let systems = Fetched::new(|| async { api().systems().await });
    let slug = RwSignal::new(asked.unwrap_or_default());
    let allowed = may(Action::ManageMonitors);
    let navigate = use_navigate();
    let done = StoredValue::new(move |view: MonitorView| {
        navigate(&format!("/console/monitors/{}", view.id), Default::default())
    });
    view! {
        <header class="page-head">
            <div>
                <p class="kicker"><a href="/console/monitors">"Monitors"</a></p>
                <h1>"A new monitor"</h1>
            </div>
        </header>
        <Show when=move || allowed.get() fallback=|| view! { <p class="muted">{Action::ManageMonitors.needs()}</p> }>
            <AsyncView
                of=systems
                what="the systems"
                content={
                    let objective = objective.clone();
                    move |list| {
                        let choices = Signal::derive(move || {
                            list.with(|l| l.items.iter().map(|s| (s.slug.clone(), s.name.clone())).collect::<Vec<_>>())
                        });
                        if slug.with_untracked(String::is_empty) {
                            slug.set(choices.get_untracked().into_iter().next().map(|(slug, _)| slug).unwrap_or_default());
                        }
                        let several = choices.get_untracked().len() > 1;
                        let objective = objective.clone();
                        view! {
                            <Show when=move || several>
                                <SelectField label="For the system" choices value=slug/>
                            </Show>
                            {move || {
                                let (system, objective) = (slug.get(), objective.clone());
                                (!system.is_empty())
                                    .then(|| {
                                        view! {
                                            <MonitorForm system known=None objective done=move |view| done.with_value(|done| done(view))/>
                                        }
                                    })
                            }}
                        }
                    }
                }
            />
        </Show>
    }
}

#[component]
pub(super) fn MonitorForm(
    system: String,
    known: Option<MonitorView>,
    objective: Option<String>,
    #[prop(into)] done: Callback<MonitorView>,
) -> impl IntoView {
    let asked = system.clone();
    let of = Fetched::new(move || {
        let slug = asked.clone();
        async move { api().plan(&slug).await }
    });
    view! {
        <AsyncView
            of
            what="the plan"
            content=move |plan| {
                let plan = plan.get_untracked().compiled.plan;
                view! { <Editor plan system=system.clone() known=known.clone() objective=objective.clone() done/> }
            }
        />
    }
}

#[component]
fn Editor(
    plan: Plan,
    system: String,
    known: Option<MonitorView>,
    objective: Option<String>,
    done: Callback<MonitorView>,
) -> impl IntoView {
    let typed = Typed::of(known.as_ref().map(|m| &m.definition), objective, &plan);
    let wrong = RwSignal::new(None::<(String, String)>);
    let attempt = Attempt::new();
    let refused = move || match attempt.error.get() {
        Some(CallError::Refused(view)) => view.fields.first().map(|f| (place(&f.field).to_owned(), f.message.clone())),
        _ => None,
    };
    let trouble = Signal::derive(move || wrong.get().or_else(refused));
    let plan = StoredValue::new(plan);
    let identity = known.as_ref().map(|m| (m.id, m.version));
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let read = plan.with_value(|plan| typed.read(plan));
        wrong.set(read.as_ref().err().map(|(field, why)| (place(field).to_owned(), why.clone())));
        let Ok(definition) = read else { return };
        let system = system.clone();
        let call = async move {
            match identity {
                Some((id, version)) => api().change_monitor(id, &MonitorChangeIn { version, definition }).await,
                None => {
                    let made = api().make_monitors(&system, &MonitorsIn { monitors: vec![definition] }).await?;
                    made.items.into_iter().next().ok_or_else(|| CallError::Garbled("no monitor was made".into()))
                }
            }
        };
        attempt.run(call, move |view| done.run(view));
    };
    view! {
        <form class="form monitor-form" on:submit=submit novalidate>
            <TextField label="Name" value=typed.name error=at(trouble, "name") required=true autofocus=identity.is_none()/>
            <LooksAt typed trouble/>
            <Limits typed trouble/>
            <Means typed plan trouble/>
            <ErrorNote error=attempt.error/>
            <div class="form-actions">
                <Button kind=ButtonKind::Primary submit=true busy=attempt.busy test_id="monitor-save">
                    {if identity.is_some() { "Save" } else { "Watch it" }}
                </Button>
            </div>
        </form>
    }
}

type Trouble = Signal<Option<(String, String)>>;

fn at(trouble: Trouble, field: &'static str) -> Signal<Option<String>> {
    Signal::derive(move || trouble.with(|t| t.as_ref().filter(|(at, _)| at == field).map(|(_, why)| why.clone())))
}

fn choices(all: &[(&str, &str)]) -> Vec<(String, String)> {
    all.iter().map(|(key, words)| ((*key).to_owned(), (*words).to_owned())).collect()
}

#[component]
fn LooksAt(typed: Typed, trouble: Trouble) -> impl IntoView {
    let target = move || {
        let (label, hint) = match typed.kind.get().as_str() {
            "http" => (
                "Address",
                "http:// with localhost and a published port, or a service of the project. Or outside: http:// or https:// with a whole name.",
            ),
            "tcp" => ("Address", "As host:port: localhost or a service of the project, or a whole name outside."),
            "certificate" => ("Server", "As host:port, the way people's browsers ask it: www.example.org:443."),
            "metric" => {
                ("Address of the numbers", "A Prometheus page, or JSON; of the project, or outside with a whole name.")
            }
            "lag" => ("Address of the first number", "Such as the block height that one replica says."),
            "sql" => ("Service of the database", "The query is asked by psql in its container, read-only."),
            "script" => (
                "Name of the program",
                "It lies in the worker's directory of checks (MUSTER_WORKER_CHECKS): exit code 0 is good, 1 warns.",
            ),
            "file-age" => ("Directory", "As the plan names it; the worker knows it by MUSTER_WORKER_PATHS."),
            _ => ("Service", "As the Compose file calls it."),
        };
        view! { <TextField label value=typed.target hint error=at(trouble, "target")/> }
    };
    let filter = move || {
        if typed.is(&["http"]) {
            Some(view! { <TextField label="The answer contains" value=typed.filter hint="Empty: whatever it says."/> })
        } else if typed.is(&["metric", "lag"]) {
            Some(
                view! { <TextField label="On the line that has" value=typed.filter hint="Empty: the first number of all."/> },
            )
        } else {
            None
        }
    };
    Effect::watch(move || typed.kind.get(), move |kind, _, _| typed.usual(kind), false);
    view! {
        <SelectField label="What is looked at" choices=choices(&KINDS) value=typed.kind/>
        {target}
        <Show when=move || typed.is(&["lag"])>
            <TextField label="Address of the second number" value=typed.other error=at(trouble, "other")/>
        </Show>
        <Show when=move || typed.is(&["sql"])>
            <TextField label="Query" value=typed.other error=at(trouble, "other") hint="One SELECT; the first number of its answer counts."/>
            <div class="pair">
                <TextField label="User" value=typed.user/>
                <TextField label="Database" value=typed.database/>
            </div>
        </Show>
        {filter}
        <Show when=move || typed.is(&["http"])>
            <TextField label="Status that is good" value=typed.status error=at(trouble, "status") hint="Empty: every 2xx. Redirects are followed outside."/>
        </Show>
        <Show when=move || typed.is(&["certificate"])>
            <Checkbox
                label="From any authority"
                value=typed.any_authority
                hint="Otherwise it must come from one that the worker's machine trusts."
            />
        </Show>
    }
}

#[component]
fn Limits(typed: Typed, trouble: Trouble) -> impl IntoView {
    let unit = Signal::derive(move || {
        let unit = match typed.kind.get().as_str() {
            "http" | "tcp" => "In milliseconds; empty: none.",
            "file-age" => "In seconds; empty: none.",
            "certificate" => "In days that are left; empty: none.",
            _ => "Empty: none.",
        };
        unit.to_owned()
    });
    let sides = choices(&[("above", "above"), ("below", "below")]);
    view! {
        <div class="pair">
            <TextField label="Every … seconds" value=typed.every error=at(trouble, "every_seconds")/>
            <TextField label="A check may take … seconds" value=typed.timeout error=at(trouble, "timeout_seconds")/>
        </div>
        <TextField
            label="More bad checks until it is down"
            value=typed.retries
            error=at(trouble, "retries")
            hint="With 2, the third bad check in a row counts."
        />
        <Show when=move || typed.has_value()>
            <SelectField label="Its value is wrong when it is" choices=sides.clone() value=typed.side/>
            <div class="pair">
                <TextField label="Early warning from" value=typed.warn error=at(trouble, "warn") hint=unit/>
                <TextField label="Bad from" value=typed.bad error=at(trouble, "bad") hint=unit/>
            </div>
        </Show>
    }
}

#[component]
fn Means(typed: Typed, plan: StoredValue<Plan>, trouble: Trouble) -> impl IntoView {
    let none = |words: &str| (String::new(), words.to_owned());
    let components = plan.with_value(|plan| {
        let all = plan.components.iter().map(|c| (c.id.clone(), c.name.clone()));
        std::iter::once(none("of none")).chain(all).collect::<Vec<_>>()
    });
    let impacts = IMPACTS.iter().map(|(impact, name)| ((*name).to_owned(), impact.words().to_owned()));
    let impacts: Vec<_> = std::iter::once(none("nothing")).chain(impacts).collect();
    let points = plan.with_value(|plan| {
        let all = plan.rpo.iter().map(|row| (row.data.clone(), row.data.clone()));
        std::iter::once(none("of nothing")).chain(all).collect::<Vec<_>>()
    });
    let measures = move || typed.is(&["lag", "file-age", "sql"]);
    view! {
        <div class="pair">
            <SelectField label="It is about the component" choices=components value=typed.component error=at(trouble, "component")/>
            <SelectField label="While it is down the status page says" choices=impacts value=typed.impact error=at(trouble, "impact")/>
        </div>
        <Show when=measures>
            <SelectField label="Its value is the recovery point" choices=points.clone() value=typed.objective error=at(trouble, "objective")/>
        </Show>
    }
}
