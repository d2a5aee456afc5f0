//! How the backups of a system are restored on trial: the form. Whether it can be kept so, the same rule says here and on the server.

use leptos::prelude::*;
use shared::{
    api::{
        client::CallError,
        verification::{VerificationSettingsIn, VerificationsView},
    },
    domain::{
        text::{Look, Name},
        verification::{Database, Question, Settings},
    },
};

use crate::{
    components::{
        attempt::Attempt,
        button::{Button, ButtonKind},
        error_note::ErrorNote,
        field::{Checkbox, TextArea, TextField},
    },
    transport::api,
};

/// What is typed.
#[derive(Clone, Copy)]
struct Typed {
    every: RwSignal<String>,
    paused: RwSignal<bool>,
    limit: RwSignal<String>,
    memory: RwSignal<String>,
    most: RwSignal<String>,
    percent: RwSignal<String>,
    service: RwSignal<String>,
    user: RwSignal<String>,
    database: RwSignal<String>,
    newest: RwSignal<String>,
    questions: RwSignal<String>,
}

type Wrong = (String, String);

fn number(field: &str, text: &str) -> Result<u32, Wrong> {
    text.trim().parse().map_err(|_| (field.to_owned(), "Write a whole number.".to_owned()))
}

fn name(field: &str, text: &str) -> Result<Option<Name>, Wrong> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    Name::parse(text).map(Some).map_err(|why| (field.to_owned(), why))
}

fn question(line: &str) -> Result<Question, Wrong> {
    let wrong = |why: String| ("questions".to_owned(), format!("{why} In: {line}"));
    let mut parts = line.splitn(3, '|').map(str::trim);
    let (called, query, far) = (parts.next().unwrap_or_default(), parts.next(), parts.next().unwrap_or_default());
    let query = query.ok_or_else(|| wrong("Write a name, a bar, and a query.".into()))?;
    let may_differ = if far.is_empty() {
        None
    } else {
        Some(far.parse().map_err(|_| wrong("How far the numbers may be apart is a number.".into()))?)
    };
    let (name, query) = (Name::parse(called).map_err(wrong)?, Look::parse(query).map_err(wrong)?);
    Ok(Question { name, query, may_differ })
}

impl Typed {
    fn of(known: &Settings) -> Self {
        let text = |name: Option<&Name>| RwSignal::new(name.map(|n| n.as_str().to_owned()).unwrap_or_default());
        let database = known.database.as_ref();
        let line = |q: &Question| {
            let far = q.may_differ.map(|far| format!(" | {far}")).unwrap_or_default();
            format!("{} | {}{far}", q.name.as_str(), q.query.as_str())
        };
        Self {
            every: RwSignal::new(known.every_hours.to_string()),
            paused: RwSignal::new(known.paused),
            limit: RwSignal::new(known.limit_minutes.to_string()),
            memory: RwSignal::new(known.memory_mb.to_string()),
            most: RwSignal::new(known.most_gb.to_string()),
            percent: RwSignal::new(known.least_percent.to_string()),
            service: text(database.map(|d| &d.service)),
            user: text(database.and_then(|d| d.user.as_ref())),
            database: text(database.and_then(|d| d.database.as_ref())),
            newest: RwSignal::new(known.newest.as_ref().map(|q| q.as_str().to_owned()).unwrap_or_default()),
            questions: RwSignal::new(known.questions.iter().map(line).collect::<Vec<_>>().join("\n")),
        }
    }

    fn read(self) -> Result<Settings, Wrong> {
        let service = name("service", &self.service.get_untracked())?;
        let (user, database) =
            (name("user", &self.user.get_untracked())?, name("database", &self.database.get_untracked())?);
        let newest = self.newest.get_untracked();
        let newest = newest.trim();
        let newest =
            if newest.is_empty() { None } else { Some(Look::parse(newest).map_err(|why| ("newest".to_owned(), why))?) };
        let questions = self.questions.get_untracked();
        let questions = questions.lines().filter(|line| !line.trim().is_empty()).map(question);
        let settings = Settings {
            every_hours: number("every_hours", &self.every.get_untracked())?,
            paused: self.paused.get_untracked(),
            limit_minutes: number("limit_minutes", &self.limit.get_untracked())?,
            memory_mb: number("memory_mb", &self.memory.get_untracked())?,
            most_gb: number("most_gb", &self.most.get_untracked())?,
            least_percent: number("least_percent", &self.percent.get_untracked())?,
            database: service.map(|service| Database { service, user, database }),
            newest,
            questions: questions.collect::<Result<_, _>>()?,
        };
        settings.admit().map(|()| settings)
    }
}

/// Which field of the form shows what is said of a field of the settings.
fn place(field: &str) -> String {
    let field = field.strip_prefix("settings.").unwrap_or(field);
    match field.split('.').next().unwrap_or_default() {
        "database" => "service".into(),
        first => first.to_owned(),
    }
}

#[component]
pub(super) fn SettingsForm(
    slug: String,
    known: VerificationsView,
    #[prop(into)] done: Callback<VerificationsView>,
) -> impl IntoView {
    let typed = Typed::of(&known.settings);
    let wrong = RwSignal::new(None::<Wrong>);
    let attempt = Attempt::new();
    let refused = move || match attempt.error.get() {
        Some(CallError::Refused(view)) => view.fields.first().map(|f| (f.field.clone(), f.message.clone())),
        _ => None,
    };
    let trouble = Signal::derive(move || wrong.get().or_else(refused).map(|(field, why)| (place(&field), why)));
    let at = move |field: &'static str| {
        Signal::derive(move || trouble.with(|t| t.as_ref().filter(|(at, _)| at == field).map(|(_, why)| why.clone())))
    };
    let version = known.version;
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let read = typed.read();
        wrong.set(read.as_ref().err().cloned());
        let Ok(settings) = read else { return };
        let (slug, body) = (slug.clone(), VerificationSettingsIn { version, settings });
        attempt.run(async move { api().set_verifications(&slug, &body).await }, move |view| done.run(view));
    };
    view! {
        <form class="form monitor-form" on:submit=submit novalidate>
            <div class="pair">
                <TextField label="Every … hours" value=typed.every error=at("every_hours")/>
                <TextField label="One may take … minutes" value=typed.limit error=at("limit_minutes")/>
            </div>
            <Checkbox label="Only when somebody asks for it" value=typed.paused/>
            <TextField
                label="Service of the database"
                value=typed.service
                error=at("service")
                hint="Whose dumps they are; the scratch database is made from the same image. Empty: there are no dumps."
            />
            <div class="pair">
                <TextField label="User" value=typed.user error=at("user")/>
                <TextField label="Database" value=typed.database error=at("database-name")/>
            </div>
            <TextField
                label="Time of the newest row"
                value=typed.newest
                error=at("newest")
                hint="A SELECT that answers seconds since 1970, such as SELECT extract(epoch FROM max(made_at)) FROM orders. Empty: the backup's age counts."
            />
            <TextArea
                label="Asked of both sides"
                value=typed.questions
                error=at("questions")
                hint="One a line: name | SELECT … | how far the two numbers may be apart (empty: it only has to be answered). What the plan's own SQL steps ask is asked anyway."
            />
            <div class="pair">
                <TextField label="Memory for the database, in MB" value=typed.memory error=at("memory_mb")/>
                <TextField label="Most that is restored, in GB" value=typed.most error=at("most_gb")/>
            </div>
            <TextField
                label="Rows of a hundred that must come back"
                value=typed.percent
                error=at("least_percent")
                hint="Table by table, where production has 20 rows or more."
            />
            <ErrorNote error=attempt.error/>
            <div class="form-actions">
                <Button kind=ButtonKind::Primary submit=true busy=attempt.busy test_id="verify-save">"Save"</Button>
            </div>
        </form>
    }
}
