//! Titles for steps that have no comment. Only words.

use super::model::{Probe, StepKind, VolumeSelection};
use super::words::list;

pub(super) fn of(kind: &StepKind) -> String {
    let services = |verb: &str, services: &[String]| {
        if services.is_empty() { format!("{verb} all services") } else { format!("{verb} {}", list(services)) }
    };
    match kind {
        StepKind::Inspect { services: names } => services("Check", names),
        StepKind::Logs { services: names, .. } => services("Show the log of", names),
        StepKind::Restart { services: names } => services("Restart", names),
        StepKind::Stop { services: names } => services("Stop", names),
        StepKind::Start { services: names } => services("Start", names),
        StepKind::Up { services: names } => services("Bring up", names),
        StepKind::Down { volumes: false } => "Take the project down".to_owned(),
        StepKind::Down { volumes: true } => "Take the project down and remove its volumes".to_owned(),
        StepKind::Exec { service, argv } => {
            format!("Run {} in {service}", argv.first().map_or("a command", String::as_str))
        }
        StepKind::Sql { service, .. } => format!("Query {service}"),
        StepKind::RemoveVolumes { volumes: VolumeSelection::AllOfProject } => "Remove the project's volumes".to_owned(),
        StepKind::RemoveVolumes { volumes: VolumeSelection::Named { names } } => {
            format!("Remove volume {}", list(names))
        }
        StepKind::NetworkDisconnect { network, container } => format!("Cut {container} off from {network}"),
        StepKind::NetworkConnect { network, container } => format!("Join {container} to {network}"),
        StepKind::Extract { archive, .. } => format!("Unpack {archive}"),
        StepKind::Http { method, url } if method == "GET" => format!("Ask {url}"),
        StepKind::Http { method, url } => format!("{method} {url}"),
        StepKind::WaitUntil { probe: Probe::HttpNumber { url, filter }, condition, .. } => {
            format!("Wait until {} {condition}", filter.as_deref().unwrap_or(url))
        }
        StepKind::Script { path, .. } => format!("Run {path}"),
        StepKind::Notify { audience, .. } => format!("Notify {}", audience.words()),
        StepKind::Manual {} => "By hand".to_owned(),
        StepKind::Shell {} => "Shell line".to_owned(),
    }
}
