//! What a procedure's button asks for: a service of a numbered family, a file among the backups. Reads no live system.

use std::collections::HashSet;

use super::components::services;
use super::fence::Ask;
use super::model::{Choices, Component, Location, Parameter, Procedure, Step, StepKind, VolumeSelection};
use super::notes::Notes;
use super::parameters::family;
use super::words::slug;

/// Gives every procedure its parameters, and the digest that covers them.
pub(super) fn complete(
    procedures: &mut [Procedure],
    asked: &[Option<Vec<Ask>>],
    components: &[Component],
    locations: &[Location],
    notes: &mut Notes<'_>,
) {
    let around = Surroundings::of(procedures, components, locations);
    let asked = asked.iter().map(Option::as_deref);
    let parameters: Vec<_> =
        procedures.iter().zip(asked).map(|(procedure, asked)| parameters(procedure, asked, &around, notes)).collect();
    for (procedure, parameters) in procedures.iter_mut().zip(parameters) {
        procedure.parameters = parameters;
        procedure.digest = procedure.content_digest();
    }
}

/// What the whole plan knows that one procedure does not say.
struct Surroundings<'p> {
    /// Families of which the plan names at least two services.
    families: HashSet<&'p str>,
    services: HashSet<&'p str>,
    /// Directories of backups, without a slash at their end.
    backups: Vec<&'p str>,
}

impl<'p> Surroundings<'p> {
    fn of(procedures: &'p [Procedure], components: &'p [Component], locations: &'p [Location]) -> Self {
        let steps = procedures.iter().flat_map(|procedure| &procedure.steps);
        let named: HashSet<&str> = steps
            .flat_map(|step| services(&step.kind))
            .chain(components.iter().filter_map(|part| part.service.as_deref()))
            .collect();
        let mut once = HashSet::new();
        let numbered = named.iter().map(|name| family(name)).zip(named.iter()).filter(|(family, name)| family != *name);
        let families = numbered.filter(|(family, _)| !family.is_empty() && !once.insert(*family));
        let families = families.map(|(family, _)| family).collect();
        let backups = locations.iter().filter(|location| location.section.to_lowercase().contains("backup"));
        Self { families, services: named, backups: backups.map(|location| directory_of(&location.path)).collect() }
    }
}

/// A path that ends like a file stands for the directory it lies in.
fn directory_of(path: &str) -> &str {
    let trimmed = path.trim_end_matches('/');
    let is_file = trimmed.len() == path.len() && trimmed.rsplit('/').next().is_some_and(|name| name.contains('.'));
    if is_file { parent(trimmed).unwrap_or(trimmed) } else { trimmed }
}

fn parent(path: &str) -> Option<&str> {
    path.rsplit_once('/').map(|(directory, _)| directory).filter(|directory| !directory.is_empty())
}

/// What the plan's author asks for, else what the steps plainly leave open.
fn parameters(
    procedure: &Procedure,
    asked: Option<&[Ask]>,
    around: &Surroundings<'_>,
    notes: &mut Notes<'_>,
) -> Vec<Parameter> {
    let mut parameters = Vec::new();
    match asked {
        Some(asked) => asked.iter().for_each(|ask| parameters.extend(explicit(procedure, ask, around, notes))),
        None => {
            parameters.extend(open_services(procedure, around));
            parameters.extend(open_files(procedure, around));
        }
    }
    unique(parameters)
}

/// Every place of the step where a chosen value could stand, see `Procedure::with`.
fn values(kind: &StepKind) -> Vec<&str> {
    match kind {
        StepKind::Script { args, .. } => args.iter().map(String::as_str).collect(),
        StepKind::Extract { archive, .. } => vec![archive],
        StepKind::Exec { service, argv } => std::iter::once(service).chain(argv).map(String::as_str).collect(),
        StepKind::NetworkConnect { container, .. } | StepKind::NetworkDisconnect { container, .. } => vec![container],
        StepKind::RemoveVolumes { volumes: VolumeSelection::Named { names } } => {
            names.iter().map(String::as_str).collect()
        }
        kind => services(kind),
    }
}

fn explicit(procedure: &Procedure, ask: &Ask, around: &Surroundings<'_>, notes: &mut Notes<'_>) -> Option<Parameter> {
    let mut wrong = |message: String| notes.error(ask.at, "fence-attribute", message);
    let Some(step) = procedure.steps.iter().find(|step| values(&step.kind).contains(&ask.value.as_str())) else {
        wrong(format!(
            "ask={} names nothing that stands in this block by itself: a service, an argument of a script or an archive.",
            ask.value
        ));
        return None;
    };
    let name = ask.name.as_deref().map(slug).filter(|name| !name.is_empty());
    let parameter = if ask.value.starts_with('/') {
        file(&ask.value, step, around).or_else(|| {
            let directory = parent(&ask.value)?;
            Some(of_file("file", "Which file?", &ask.value, directory, step))
        })
    } else {
        Some(service(&ask.value, step))
    };
    let mut parameter = parameter?;
    if let Some(name) = name {
        parameter.label = format!("Which {}?", ask.name.as_deref().unwrap_or(&name).replace(['-', '_'], " "));
        parameter.name = name;
    }
    if !parameter.allows(&parameter.default) {
        wrong(format!("ask={} can be neither a service nor a file right in a directory.", ask.value));
        return None;
    }
    Some(parameter)
}

fn service(value: &str, step: &Step) -> Parameter {
    let of = family(value);
    let noun = of.trim_end_matches(['-', '_', '.']);
    let numbered = of != value && !noun.is_empty();
    let name = if numbered { slug(noun) } else { "service".to_owned() };
    Parameter {
        label: format!("Which {}?", if numbered { noun.replace(['-', '_', '.'], " ") } else { name.clone() }),
        name,
        default: value.to_owned(),
        choices: Choices::Services { family: numbered.then(|| of.to_owned()) },
        line: step.line,
    }
}

/// Of each numbered family whose steps with an effect name exactly one service, that one.
fn open_services(procedure: &Procedure, around: &Surroundings<'_>) -> Vec<Parameter> {
    let mut open: Vec<(&str, &str, &Step)> = Vec::new();
    let mut several: HashSet<&str> = HashSet::new();
    let effects = procedure.steps.iter().filter(|step| step.kind.has_effect());
    for (value, step) in effects.flat_map(|step| values(&step.kind).into_iter().map(move |value| (value, step))) {
        if !around.services.contains(value) || !around.families.contains(family(value)) {
            continue;
        }
        match open.iter().find(|(of, ..)| *of == family(value)) {
            Some((of, first, _)) if *first != value => drop(several.insert(of)),
            Some(_) => {}
            None => open.push((family(value), value, step)),
        }
    }
    open.into_iter().filter(|(of, ..)| !several.contains(of)).map(|(_, value, step)| service(value, step)).collect()
}

/// Arguments and archives that lie among the plan's backups.
fn open_files(procedure: &Procedure, around: &Surroundings<'_>) -> Vec<Parameter> {
    let mut seen = HashSet::new();
    let mut found: Vec<(Parameter, &Step)> = Vec::new();
    for step in &procedure.steps {
        if !matches!(step.kind, StepKind::Script { .. } | StepKind::Extract { .. }) {
            continue;
        }
        for value in values(&step.kind) {
            if let Some(parameter) = file(value, step, around)
                && parameter.allows(value)
                && seen.insert(value)
            {
                found.push((parameter, step));
            }
        }
    }
    // With one backup the question is clear; of several each says what it is for.
    let several = found.len() > 1;
    let told_apart = |(mut parameter, step): (Parameter, &Step)| {
        if several {
            let stem = parameter.default.rsplit('/').next().and_then(|name| name.split('.').next()).map(slug);
            parameter.name = stem.filter(|stem| !stem.is_empty()).unwrap_or(parameter.name);
            parameter.label = format!("Which backup? ({})", step.title);
        }
        parameter
    };
    found.into_iter().map(told_apart).collect()
}

fn file(value: &str, step: &Step, around: &Surroundings<'_>) -> Option<Parameter> {
    let directory = value.starts_with('/').then(|| parent(value))??;
    let below = |inner: &str, outer: &str| {
        inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    // Directly under the root everything lies above everything.
    let is_deep = directory.matches('/').count() > 1;
    let among = around.backups.iter().any(|backup| below(directory, backup) || (is_deep && below(backup, directory)));
    among.then(|| of_file("backup", "Which backup?", value, directory, step))
}

fn of_file(name: &str, label: &str, value: &str, directory: &str, step: &Step) -> Parameter {
    Parameter {
        name: name.to_owned(),
        label: label.to_owned(),
        default: value.to_owned(),
        choices: Choices::Files { directory: directory.to_owned() },
        line: step.line,
    }
}

/// One parameter for each value; a name that is taken gets a number.
fn unique(parameters: Vec<Parameter>) -> Vec<Parameter> {
    let mut kept: Vec<Parameter> = Vec::new();
    for mut parameter in parameters {
        if kept.iter().any(|other| other.default == parameter.default) {
            continue;
        }
        let plain = parameter.name.clone();
        let mut n = 1;
        while kept.iter().any(|other| other.name == parameter.name) {
            n += 1;
            parameter.name = format!("{plain}-{n}");
        }
        kept.push(parameter);
    }
    kept
}
