//! `docker` lines other than Compose: volumes, networks, and what people write when they mean all containers.

use super::compose::all_services;
use super::{Meaning, lists_containers, lists_volumes};
use crate::plan::model::{StepKind, VolumeSelection};
use crate::plan::options::{DEPENDS, Given, Known, Until, flag, literals, read as read_options, value};
use crate::plan::shell::Word;

const FORCE: [Known; 1] = [flag(&["-f", "--force"])];
const PS: [Known; 4] = [flag(&["-a", "--all"]), flag(&["-q", "--quiet"]), flag(&["--no-trunc"]), value(&["--format"])];

pub(super) fn read(words: &[Word]) -> Result<Meaning, String> {
    let [Word::Literal(command), arguments @ ..] = words else {
        return Err("docker lacks its command".to_owned());
    };
    match (command.as_str(), arguments) {
        ("volume", [Word::Literal(verb), names @ ..]) if verb == "rm" || verb == "remove" => remove_volumes(names),
        ("network", [Word::Literal(verb), names @ ..]) if verb == "disconnect" => {
            network(&read_options(names, &FORCE, Until::End)?, |network, container| StepKind::NetworkDisconnect {
                network,
                container,
            })
        }
        ("network", [Word::Literal(verb), names @ ..]) if verb == "connect" => {
            network(&read_options(names, &[], Until::End)?, |network, container| StepKind::NetworkConnect {
                network,
                container,
            })
        }
        ("ps", options) => {
            let given = read_options(options, &PS, Until::End)?;
            if !given.rest.is_empty() {
                return Err("docker ps takes no names".to_owned());
            }
            Ok(Meaning::of(StepKind::Inspect { services: Vec::new() }).note(
                "all-containers",
                "docker ps looks at every project on the host; compiled as: the services of this project.",
            ))
        }
        ("stop", [only]) if lists_containers(only) => Ok(all_services("stop", StepKind::Stop { services: Vec::new() })),
        ("start", [only]) if lists_containers(only) => {
            Ok(all_services("start", StepKind::Start { services: Vec::new() }))
        }
        ("restart", [only]) if lists_containers(only) => {
            Ok(all_services("restart", StepKind::Restart { services: Vec::new() }))
        }
        (verb @ ("stop" | "start" | "restart" | "logs" | "exec"), _) => {
            Err(format!("docker {verb} names containers, which change; write docker compose {verb} SERVICE"))
        }
        (other, _) => Err(format!("docker {} is not among the known commands", super::shortened(other))),
    }
}

fn remove_volumes(words: &[Word]) -> Result<Meaning, String> {
    let given = read_options(words, &FORCE, Until::End)?;
    if let [only] = given.rest.as_slice()
        && lists_volumes(only)
    {
        return Ok(Meaning::of(StepKind::RemoveVolumes { volumes: VolumeSelection::AllOfProject }).and(
            "all-volumes",
            "$(docker volume ls -q) names every volume on the host, those of other systems too. Muster never runs that: \
             compiled as removing the volumes of this project, which are named before anybody consents.",
        ));
    }
    let names = literals(given.rest).ok_or(DEPENDS)?;
    if names.is_empty() {
        return Err("docker volume rm names no volume".to_owned());
    }
    let names = names.into_iter().map(str::to_owned).collect();
    Ok(Meaning::of(StepKind::RemoveVolumes { volumes: VolumeSelection::Named { names } }))
}

fn network(given: &Given<'_>, kind: impl Fn(String, String) -> StepKind) -> Result<Meaning, String> {
    match literals(given.rest.iter().copied()).ok_or(DEPENDS)?.as_slice() {
        [network, container] => Ok(Meaning::of(kind((*network).to_owned(), (*container).to_owned()))),
        _ => Err("docker network needs a network and a container".to_owned()),
    }
}
