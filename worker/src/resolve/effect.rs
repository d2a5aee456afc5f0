//! What a step will do, in one sentence with names: the text that people consent to. Everything that matters and is no object
//! stands in it.

use std::path::Path;

use shared::{
    domain::resolution::{ObjectKind, ResolvedObject},
    plan::{Condition, Probe, Step, StepKind},
    timestamp::human_seconds,
};

use crate::{
    config::Config,
    files::{argument, quoted, short},
    steps::list,
};

pub(super) fn effect(config: &Config, step: &Step, objects: &[ResolvedObject], into: Option<&Path>) -> String {
    let of = |kind| objects.iter().filter(|o| o.kind == kind).map(|o| o.name.as_str()).collect::<Vec<_>>();
    let names = of(ObjectKind::Container);
    let late = names.first().is_some_and(|name| name.starts_with("service "));
    let word = if late { "" } else { "container" };
    let plural = if names.len() == 1 || late { "" } else { "s" };
    let containers = format!("{word}{plural} {}", list(&names)).trim().to_owned();
    let by = || format!("{}, port {}", list(&names), objects.first().and_then(|o| o.port).unwrap_or_default());
    let file = || {
        let found = objects.iter().find(|o| o.kind == ObjectKind::File);
        found.map_or_else(String::new, |o| {
            let name = o.name.rsplit('/').next().unwrap_or(&o.name);
            format!("{name} ({})", short(&o.id))
        })
    };
    let in_one = || list(&of(ObjectKind::Network));
    match &step.kind {
        StepKind::Inspect { .. } => format!("Looks at {containers}"),
        StepKind::Logs { tail: Some(tail), .. } => format!("Reads the last {tail} log lines of {containers}"),
        StepKind::Logs { tail: None, .. } => format!("Reads the log of {containers}"),
        StepKind::Restart { .. } => format!("Restarts {containers}"),
        StepKind::Stop { .. } => format!("Stops {containers}"),
        StepKind::Start { .. } => format!("Starts {containers}"),
        StepKind::Http { method, url } => format!("Sends {method} {url} to {}", by()),
        StepKind::WaitUntil { probe: Probe::HttpNumber { url, filter }, condition, timeout_seconds, .. } => {
            let limit = human_seconds(i64::try_from(*timeout_seconds).unwrap_or(i64::MAX));
            let what = match (condition, filter) {
                (Condition::Answers, _) => format!("{url} answers"),
                (Condition::Grows, Some(filter)) => format!("\"{filter}\" at {url} grows"),
                (Condition::Grows, None) => format!("the number at {url} grows"),
            };
            format!("Waits at most {limit} until {what}, asking {}", by())
        }
        StepKind::Exec { argv, .. } => format!("Runs in {containers}: {}", quoted(argv)),
        StepKind::Sql { user, database, query, .. } => {
            let user = user.as_ref().map_or_else(String::new, |user| format!(" as user {user}"));
            let database = database.as_ref().map_or_else(String::new, |name| format!(" in database {name}"));
            format!("Runs SQL in {containers}{user}{database}: {query}")
        }
        StepKind::NetworkConnect { .. } => format!("Joins {containers} to network {}", in_one()),
        StepKind::NetworkDisconnect { .. } => format!("Cuts {containers} off network {}", in_one()),
        StepKind::RemoveVolumes { .. } => match of(ObjectKind::Volume) {
            none if none.is_empty() => "Removes the volumes of the project: there are none".into(),
            volumes => format!("Removes {} and all that is in them", list_of("volume", &volumes)),
        },
        StepKind::Up { .. } => format!("Brings up {} with {}", list(&names), file()),
        StepKind::Down { volumes } => {
            let what = if names.is_empty() { "the project, which has no containers".into() } else { containers };
            let wiped = match of(ObjectKind::Volume) {
                _ if !*volumes => String::new(),
                none if none.is_empty() => "; there are no volumes to remove".into(),
                found => format!("; removes {} and all that is in them", list_of("volume", &found)),
            };
            format!("Takes down {what} and its networks with {}{wiped}", file())
        }
        StepKind::Extract { .. } => {
            let into = into.map_or_else(String::new, |into| into.display().to_string());
            format!("Unpacks {} into {into}, over what is there", file())
        }
        StepKind::Script { args, .. } => {
            let args: Vec<_> = args.iter().map(|text| argument(config, text)).collect();
            let with = if args.is_empty() { String::new() } else { format!(" with {}", quoted(&args)) };
            format!("Runs {}{with}", file())
        }
        StepKind::Notify { audience, text } => format!("Notifies {}: {text}", audience.words()),
        StepKind::Manual {} => format!("Asks a person to do it: {}", step.title),
        StepKind::Shell {} => format!("{} of {containers}", step.kind.name()),
    }
}

fn list_of(word: &str, names: &[&str]) -> String {
    format!("{word}{} {}", if names.len() == 1 { "" } else { "s" }, list(names))
}
