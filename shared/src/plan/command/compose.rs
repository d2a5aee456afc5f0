//! `docker compose` and `docker-compose` lines. Knows nothing of the live project.

use super::{Meaning, lists_containers, sql};
use crate::plan::model::StepKind;
use crate::plan::options::{DEPENDS, Given, Known, Until, flag, literals, read as read_options, value};
use crate::plan::shell::Word;

const GLOBAL: [Known; 6] = [
    value(&["-f", "--file"]),
    value(&["--env-file"]),
    value(&["--project-directory"]),
    value(&["--ansi"]),
    flag(&["--verbose"]),
    flag(&["--no-ansi"]),
];
const PS: [Known; 5] = [
    flag(&["-a", "--all"]),
    flag(&["-q", "--quiet"]),
    flag(&["--services"]),
    flag(&["--no-trunc"]),
    value(&["--format"]),
];
const LOGS: [Known; 7] = [
    value(&["--tail", "-n"]),
    flag(&["-f", "--follow"]),
    flag(&["-t", "--timestamps"]),
    flag(&["--no-color"]),
    flag(&["--no-log-prefix"]),
    value(&["--since"]),
    value(&["--until"]),
];
const TIMED: [Known; 1] = [value(&["-t", "--timeout"])];
const UP: [Known; 5] = [
    flag(&["-d", "--detach"]),
    flag(&["--wait"]),
    flag(&["--quiet-pull"]),
    flag(&["--no-color"]),
    value(&["-t", "--timeout"]),
];
const DOWN: [Known; 2] = [flag(&["-v", "--volumes"]), value(&["-t", "--timeout"])];
const EXEC: [Known; 3] = [flag(&["-T", "--no-TTY"]), flag(&["-i", "--interactive"]), flag(&["-t", "--tty"])];

pub(super) fn read(words: &[Word]) -> Result<Meaning, String> {
    let global = read_options(words, &GLOBAL, Until::FirstWord)
        .map_err(|reason| format!("{reason} (the project is chosen when the run is started, not by the plan)"))?;
    let given = literals(global.rest.iter().take(1).copied()).ok_or(DEPENDS)?;
    let Some(&subcommand) = given.first() else { return Err("docker compose lacks its command".to_owned()) };
    // `rest` holds the sub-command and all behind it.
    let arguments = words.get(words.len() - (global.rest.len() - 1)..).unwrap_or_default();
    let mut meaning = subcommand_meaning(subcommand, arguments)?;
    for option in ["-f", "--env-file", "--project-directory"] {
        if global.has(option) {
            meaning = meaning.note(
                "option-left-out",
                format!(
                    "{option} is left out: Muster works on the live services of the project the run is started on."
                ),
            );
        }
    }
    Ok(meaning)
}

fn subcommand_meaning(subcommand: &str, arguments: &[Word]) -> Result<Meaning, String> {
    match subcommand {
        "ps" => {
            let given = read_options(arguments, &PS, Until::End)?;
            Ok(Meaning::of(StepKind::Inspect { services: services(&given)? }))
        }
        "logs" => logs(arguments),
        "restart" => on_services(arguments, "restart", |services| StepKind::Restart { services }),
        "stop" => on_services(arguments, "stop", |services| StepKind::Stop { services }),
        "start" => on_services(arguments, "start", |services| StepKind::Start { services }),
        "up" => up(arguments),
        "down" => {
            let given = read_options(arguments, &DOWN, Until::End)?;
            if !given.rest.is_empty() {
                return Err("down with service names would leave the others up; write stop SERVICE".to_owned());
            }
            Ok(timeout_left_out(Meaning::of(StepKind::Down { volumes: given.has("-v") }), &given))
        }
        "exec" => exec(arguments),
        other => Err(format!("docker compose {} is not among the known commands", super::shortened(other))),
    }
}

fn services(given: &Given<'_>) -> Result<Vec<String>, String> {
    let names = literals(given.rest.iter().copied()).ok_or(DEPENDS)?;
    match names.iter().find(|name| !is_service_name(name)) {
        Some(name) => Err(format!("\"{}\" cannot be the name of a service", super::shortened(name))),
        None => Ok(names.into_iter().map(str::to_owned).collect()),
    }
}

/// As the Compose specification has it.
pub(super) fn is_service_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 128
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

fn on_services(arguments: &[Word], verb: &str, kind: impl Fn(Vec<String>) -> StepKind) -> Result<Meaning, String> {
    let given = read_options(arguments, &TIMED, Until::End)?;
    if let [only] = given.rest.as_slice()
        && lists_containers(only)
    {
        return Ok(timeout_left_out(all_services(verb, kind(Vec::new())), &given));
    }
    Ok(timeout_left_out(Meaning::of(kind(services(&given)?)), &given))
}

/// `docker-compose stop $(docker ps -q)` names containers, of every project on the host, where services belong.
pub(super) fn all_services(verb: &str, kind: StepKind) -> Meaning {
    Meaning::of(kind).and(
        "all-containers",
        format!(
            "$(… ps -q) gives the ids of containers, of every project on the host, where services belong. Muster never runs \
             that: compiled as {verb} all services of this project, which are named before anybody consents."
        ),
    )
}

fn timeout_left_out(meaning: Meaning, given: &Given<'_>) -> Meaning {
    if given.has("-t") {
        return meaning.note("option-left-out", "The stop timeout is left out: containers get their own grace period.");
    }
    meaning
}

fn logs(arguments: &[Word]) -> Result<Meaning, String> {
    let given = read_options(arguments, &LOGS, Until::End)?;
    let tail = match given.value("--tail") {
        None | Some("all") => None,
        Some(count) => Some(count.parse().map_err(|_| format!("--tail {} is not a number", super::shortened(count)))?),
    };
    let mut meaning = Meaning::of(StepKind::Logs { services: services(&given)?, tail });
    if given.has("-f") {
        meaning =
            meaning.note("follow-has-no-end", "Following a log has no end; compiled as: show the log as it is now.");
    }
    if given.has("--since") || given.has("--until") {
        meaning =
            meaning.note("option-left-out", "--since and --until are left out: the last lines are shown, see --tail.");
    }
    Ok(meaning)
}

fn up(arguments: &[Word]) -> Result<Meaning, String> {
    let given = read_options(arguments, &UP, Until::End)?;
    let meaning = timeout_left_out(Meaning::of(StepKind::Up { services: services(&given)? }), &given);
    if given.has("-d") || given.has("--wait") {
        return Ok(meaning);
    }
    Ok(meaning.note("up-has-no-end", "Without -d this stays in the foreground for ever; compiled as: up -d."))
}

fn exec(arguments: &[Word]) -> Result<Meaning, String> {
    let given = read_options(arguments, &EXEC, Until::FirstWord)?;
    let words = literals(given.rest).ok_or(DEPENDS)?;
    let [service, argv @ ..] = words.as_slice() else { return Err("exec names no service".to_owned()) };
    if !is_service_name(service) {
        return Err(format!("\"{}\" cannot be the name of a service", super::shortened(service)));
    }
    if argv.is_empty() {
        return Err("exec names no command to run in the service".to_owned());
    }
    if let ["psql", options @ ..] = argv
        && let Some(kind) = sql::psql(service, options)
    {
        return Ok(Meaning::of(kind));
    }
    Ok(Meaning::of(StepKind::Exec {
        service: (*service).to_owned(),
        argv: argv.iter().map(|&word| word.to_owned()).collect(),
    }))
}
