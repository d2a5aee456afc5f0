//! What is typed into a monitor's form, read into a definition and back. Whether it can be kept, the domain says.

use leptos::prelude::*;
use shared::{
    domain::{
        monitor::{Address, Bound, CERTIFICATE_LIMITS, Check, Definition, Side},
        status::Impact,
        text::{Look, Name},
    },
    plan::Plan,
};

/// What is typed.
#[derive(Clone, Copy)]
pub(super) struct Typed {
    pub(super) name: RwSignal<String>,
    pub(super) kind: RwSignal<String>,
    /// Service, address, script or directory, by kind.
    pub(super) target: RwSignal<String>,
    pub(super) other: RwSignal<String>,
    pub(super) filter: RwSignal<String>,
    /// Empty: every 2xx.
    pub(super) status: RwSignal<String>,
    pub(super) any_authority: RwSignal<bool>,
    pub(super) user: RwSignal<String>,
    pub(super) database: RwSignal<String>,
    pub(super) every: RwSignal<String>,
    pub(super) timeout: RwSignal<String>,
    pub(super) retries: RwSignal<String>,
    pub(super) side: RwSignal<String>,
    pub(super) warn: RwSignal<String>,
    pub(super) bad: RwSignal<String>,
    pub(super) component: RwSignal<String>,
    pub(super) impact: RwSignal<String>,
    pub(super) objective: RwSignal<String>,
    paused: bool,
}

pub(super) const IMPACTS: [(Impact, &str); 3] =
    [(Impact::Degraded, "degraded"), (Impact::PartialOutage, "partial-outage"), (Impact::MajorOutage, "major-outage")];
/// Seconds between checks: of what may break at any moment, and of what changes once in weeks.
const OFTEN: &str = "30";
const SELDOM: &str = "3600";
pub(super) const KINDS: [(&str, &str); 9] = [
    ("container", "Containers of a service run"),
    ("http", "An address answers (HTTP)"),
    ("tcp", "A port takes connections (TCP)"),
    ("certificate", "A certificate holds (TLS)"),
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
    pub(super) fn of(known: Option<&Definition>, objective: Option<String>, plan: &Plan) -> Self {
        let (mut target, mut other, mut filter, mut user, mut database) = Default::default();
        let (mut status, mut any_authority) = (String::new(), false);
        match known.map(|d| &d.check) {
            None => {}
            Some(Check::Container { service }) => target = service.as_str().to_owned(),
            Some(Check::Http { url, status: wanted, contains }) => {
                (target, filter) = (text(url), contains.as_ref().map(text).unwrap_or_default());
                status = wanted.map(|status| status.to_string()).unwrap_or_default();
            }
            Some(Check::Tcp { address }) => target = address.to_string(),
            Some(Check::Certificate { address, any_authority: any }) => {
                (target, any_authority) = (address.to_string(), *any)
            }
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
            status: RwSignal::new(status),
            any_authority: RwSignal::new(any_authority),
            user: RwSignal::new(user),
            database: RwSignal::new(database),
            every: RwSignal::new(known.map_or_else(|| OFTEN.into(), |d| seconds(d.every_seconds))),
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
        let address = |typed: &str| Address::parse(typed).map_err(|why| ("target", why));
        let filter = self.filter.get_untracked();
        let filter = if filter.trim().is_empty() { None } else { Some(look(&filter)?) };
        let optional = |typed: RwSignal<String>| {
            let typed = typed.get_untracked();
            if typed.trim().is_empty() { Ok(None) } else { name(&typed).map(Some) }
        };
        Ok(match self.kind.get_untracked().as_str() {
            "http" => Check::Http { url: look(&target)?, status: self.status()?, contains: filter },
            "tcp" => Check::Tcp { address: address(&target)? },
            "certificate" => {
                Check::Certificate { address: address(&target)?, any_authority: self.any_authority.get_untracked() }
            }
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

    fn status(self) -> Result<Option<u16>, (&'static str, String)> {
        let typed = self.status.get_untracked();
        let number = |typed: &str| typed.parse().map_err(|_| ("status", "Write a number, as 200.".to_owned()));
        Some(typed.trim()).filter(|typed| !typed.is_empty()).map(number).transpose()
    }

    /// What is usual for a kind that was chosen, where nobody has typed anything else.
    pub(super) fn usual(self, kind: &str) {
        let untouched = self.warn.with_untracked(String::is_empty) && self.bad.with_untracked(String::is_empty);
        let [warn, bad] = CERTIFICATE_LIMITS.map(|limit| limit.value.to_string());
        if kind == "certificate" && untouched {
            self.side.set("below".into());
            self.warn.set(warn);
            self.bad.set(bad);
            self.every.set(SELDOM.into());
        } else if kind != "certificate" && self.warn.get_untracked() == warn && self.bad.get_untracked() == bad {
            self.side.set("above".into());
            self.warn.set(String::new());
            self.bad.set(String::new());
            self.every.set(OFTEN.into());
        }
    }

    /// The field that is wrong, and a sentence.
    pub(super) fn read(self, plan: &Plan) -> Result<Definition, (&'static str, String)> {
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

    pub(super) fn is(self, kinds: &'static [&'static str]) -> bool {
        self.kind.with(|kind| kinds.contains(&kind.as_str()))
    }

    pub(super) fn has_value(self) -> bool {
        !self.is(&["container", "script"])
    }
}

/// Where each kind's words of refusal stand in the form.
pub(super) fn place(field: &str) -> &str {
    match field.rsplit('.').next().unwrap_or(field) {
        "url" | "service" | "address" | "directory" => "target",
        "query" => "other",
        "name" if field.contains("check.") => "target",
        other => other,
    }
}
