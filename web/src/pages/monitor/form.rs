//! What a monitor looks at, how often, and what counts as bad: the form for a new one and for a known one. Whether it can be kept so, the
//! same rule says here and on the server.

use leptos::prelude::*;
use leptos_router::hooks::{use_navigate, use_query_map};
use shared::{
    api::{
        client::CallError,
        monitor::{MonitorChangeIn, MonitorView, MonitorsIn},
    },
    domain::{
        access::Action,
        monitor::{Address, Bound, Check, Definition, Side},
        status::Impact,
        text::{Look, Name},
    },
    plan::Plan,
};

use crate::{
    components::{
        async_view::{AsyncView, Fetched},
        attempt::Attempt,
        button::{Button, ButtonKind},
        error_note::ErrorNote,
        field::{SelectField, TextField},
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

/// What is typed.
#[derive(Clone, Copy)]
struct Typed {
    name: RwSignal<String>,
    kind: RwSignal<String>,
    /// Service, address, script or directory, by kind.
    target: RwSignal<String>,
    other: RwSignal<String>,
    filter: RwSignal<String>,
    user: RwSignal<String>,
    database: RwSignal<String>,
    every: RwSignal<String>,
    timeout: RwSignal<String>,
    retries: RwSignal<String>,
    side: RwSignal<String>,
    warn: RwSignal<String>,
    bad: RwSignal<String>,
    component: RwSignal<String>,
    impact: RwSignal<String>,
    objective: RwSignal<String>,
    paused: bool,
}

const IMPACTS: [(Impact, &str); 3] =
    [(Impact::Degraded, "degraded"), (Impact::PartialOutage, "partial-outage"), (Impact::MajorOutage, "major-outage")];
const KINDS: [(&str, &str); 8] = [
    ("container", "Containers of a service run"),
    ("http", "An address answers (HTTP)"),
    ("tcp", "A port takes connections (TCP)"),
    ("metric", "A number in an answer"),
    ("lag", "Two numbers, how far apart"),
    ("sql", "A query's answer"),
    ("file-age", "The newest file's age"),
    ("script", "A program of the operator's"),
];

fn text(look: &Look) -> String {
    look.as_str().to_owned()
}

impl Typed {
    fn of(known: Option<&Definition>, objective: Option<String>, plan: &Plan) -> Self {
        let (mut target, mut other, mut filter, mut user, mut database) = Default::default();
        match known.map(|d| &d.check) {
            None => {}
            Some(Check::Container { service }) => target = service.as_str().to_owned(),
            Some(Check::Http { url, contains }) => {
                (target, filter) = (text(url), contains.as_ref().map(text).unwrap_or_default());
            }
            Some(Check::Tcp { address }) => target = address.to_string(),
            Some(Check::Metric { url, filter: part }) => {
                (target, filter) = (text(url), part.as_ref().map(text).unwrap_or_default());
            }
            Some(Check::Lag { url, other: second, filter: part }) => {
                (target, other, filter) = (text(url), text(second), part.as_ref().map(text).unwrap_or_default());
            }
            Some(Check::Sql { service, user: who, database: which, query }) => {
                let plain = |name: &Option<Name>| name.as_ref().map(|n| n.as_str().to_owned()).unwrap_or_default();
                (target, other, user, database) = (service.as_str().to_owned(), text(query), plain(who), plain(which));
            }
            Some(Check::Script { name }) => target = name.as_str().to_owned(),
            Some(Check::FileAge { directory }) => target = text(directory),
        }
        // What would measure a recovery point is known by its unit.
        let row = objective.as_ref().and_then(|data| plan.rpo.iter().find(|row| row.data == *data));
        let kind = match (known, row) {
            (Some(known), _) => known.check.kind(),
            (None, Some(row)) if row.unit == "seconds" => "file-age",
            (None, Some(_)) => "lag",
            (None, None) => "container",
        };
        let promised = row.map(|row| row.amount.to_string()).unwrap_or_default();
        let bound = |bound: Option<Bound>| bound.map(|b| b.value.to_string());
        let seconds = |seconds: u32| seconds.to_string();
        let side = known
            .and_then(|d| d.bad.or(d.warn))
            .map_or("above", |b| if b.is == Side::Below { "below" } else { "above" });
        let impact = known.and_then(|d| d.impact).and_then(|i| IMPACTS.iter().find(|(one, _)| *one == i));
        Self {
            name: RwSignal::new(known.map_or_else(
                || objective.as_ref().map(|data| format!("{data}: recovery point")).unwrap_or_default(),
                |d| d.name.as_str().to_owned(),
            )),
            kind: RwSignal::new(kind.to_owned()),
            target: RwSignal::new(target),
            other: RwSignal::new(other),
            filter: RwSignal::new(filter),
            user: RwSignal::new(user),
            database: RwSignal::new(database),
            every: RwSignal::new(known.map_or_else(|| "30".into(), |d| seconds(d.every_seconds))),
            timeout: RwSignal::new(known.map_or_else(|| "10".into(), |d| seconds(d.timeout_seconds))),
            retries: RwSignal::new(known.map_or_else(|| "2".into(), |d| d.retries.to_string())),
            side: RwSignal::new(side.to_owned()),
            warn: RwSignal::new(known.and_then(|d| bound(d.warn)).unwrap_or_default()),
            bad: RwSignal::new(known.map_or(promised, |d| bound(d.bad).unwrap_or_default())),
            component: RwSignal::new(known.and_then(|d| d.component.clone()).unwrap_or_default()),
            impact: RwSignal::new(impact.map_or("", |(_, name)| name).to_owned()),
            objective: RwSignal::new(known.and_then(|d| d.objective.clone()).or(objective).unwrap_or_default()),
            paused: known.is_some_and(|d| d.paused),
        }
    }

    fn check(self) -> Result<Check, (&'static str, String)> {
        let target = self.target.get_untracked();
        let look = |typed: &str| Look::parse(typed).map_err(|why| ("target", why));
        let name = |typed: &str| Name::parse(typed).map_err(|why| ("target", why));
        let filter = self.filter.get_untracked();
        let filter = if filter.trim().is_empty() { None } else { Some(look(&filter)?) };
        let optional = |typed: RwSignal<String>| {
            let typed = typed.get_untracked();
            if typed.trim().is_empty() { Ok(None) } else { name(&typed).map(Some) }
        };
        Ok(match self.kind.get_untracked().as_str() {
            "http" => Check::Http { url: look(&target)?, contains: filter },
            "tcp" => Check::Tcp { address: Address::parse(&target).map_err(|why| ("target", why))? },
            "metric" => Check::Metric { url: look(&target)?, filter },
            "lag" => Check::Lag {
                url: look(&target)?,
                other: Look::parse(&self.other.get_untracked()).map_err(|why| ("other", why))?,
                filter,
            },
            "sql" => Check::Sql {
                service: name(&target)?,
                user: optional(self.user)?,
                database: optional(self.database)?,
                query: Look::parse(&self.other.get_untracked()).map_err(|why| ("other", why))?,
            },
            "script" => Check::Script { name: name(&target)? },
            "file-age" => Check::FileAge { directory: look(&target)? },
            _ => Check::Container { service: name(&target)? },
        })
    }

    /// The field that is wrong, and a sentence.
    fn read(self, plan: &Plan) -> Result<Definition, (&'static str, String)> {
        let number = |typed: RwSignal<String>, field, words: &str| {
            typed.get_untracked().trim().parse().map_err(|_| (field, format!("{words} must be a whole number.")))
        };
        let side = if self.side.get_untracked() == "below" { Side::Below } else { Side::Above };
        let bound = |typed: RwSignal<String>, field| {
            let typed = typed.get_untracked();
            if typed.trim().is_empty() || !self.has_value() {
                return Ok(None);
            }
            let value = typed
                .trim()
                .replace(',', ".")
                .parse()
                .map_err(|_| (field, "The limit must be a number.".to_owned()))?;
            Ok(Some(Bound { is: side, value }))
        };
        let chosen = |value: RwSignal<String>| Some(value.get_untracked()).filter(|value| !value.is_empty());
        let impact = self.impact.get_untracked();
        let definition = Definition {
            name: Name::parse(&self.name.get_untracked()).map_err(|why| ("name", why))?,
            check: self.check()?,
            every_seconds: number(self.every, "every_seconds", "How often")?,
            timeout_seconds: number(self.timeout, "timeout_seconds", "How long a check may take")?,
            retries: u8::try_from(number(self.retries, "retries", "How many more")?)
                .map_err(|_| ("retries", "At most ten more bad checks can be waited for.".to_owned()))?,
            warn: bound(self.warn, "warn")?,
            bad: bound(self.bad, "bad")?,
            component: chosen(self.component),
            impact: IMPACTS.iter().find(|(_, name)| *name == impact).map(|(impact, _)| *impact),
            // One that the check cannot measure is not asked for.
            objective: chosen(self.objective).filter(|_| self.is(&["lag", "file-age", "sql"])),
            paused: self.paused,
        };
        definition.admit(Some(plan))?;
        Ok(definition)
    }

    fn is(self, kinds: &'static [&'static str]) -> bool {
        self.kind.with(|kind| kinds.contains(&kind.as_str()))
    }

    fn has_value(self) -> bool {
        !self.is(&["container", "script"])
    }
}

/// Where each kind's words of refusal stand in the form.
fn place(field: &str) -> &str {
    match field.rsplit('.').next().unwrap_or(field) {
        "url" | "service" | "address" | "directory" => "target",
        "query" => "other",
        "name" if field.contains("check.") => "target",
        other => other,
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
                "http://, then localhost and a port that a container publishes, or a service of the project.",
            ),
            "tcp" => ("Address", "As host:port: localhost or a service of the project."),
            "metric" => ("Address of the numbers", "A Prometheus page, or JSON."),
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
    }
}

#[component]
fn Limits(typed: Typed, trouble: Trouble) -> impl IntoView {
    let unit = Signal::derive(move || {
        let unit = match typed.kind.get().as_str() {
            "http" | "tcp" => "In milliseconds; empty: none.",
            "file-age" => "In seconds; empty: none.",
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
