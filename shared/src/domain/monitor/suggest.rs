//! What a plan itself says is worth watching: its components, what its final checks look at, and what would measure its recovery
//! points, and the certificates of what it names by https://. Offers only; a person decides.

use super::{Address, Bound, CERTIFICATE_LIMITS, Check, Definition, Side};
use crate::{
    domain::{
        status::Impact,
        text::{Look, Name},
    },
    plan::{Plan, Probe, RecoveryPoint, StepKind},
};

/// A warning comes when so much of what is promised is used up.
const EARLY: f64 = 0.8;
/// A certificate changes once in weeks.
const HOUR: u32 = 3600;

/// Monitors that the plan asks for, without those whose name is among `known`.
#[must_use]
pub fn suggest(plan: &Plan, known: &[String]) -> Vec<Definition> {
    let components = plan.components.iter().filter_map(|component| {
        let service = Name::parse(component.service.as_deref()?).ok()?;
        let one = offer(&component.name, Check::Container { service }, 30)?;
        Some(Definition { component: Some(component.id.clone()), impact: Some(Impact::MajorOutage), ..one })
    });
    let points = plan.rpo.iter().filter_map(|row| recovery_point(plan, row));
    let mut found: Vec<Definition> = components.chain(looks(plan)).chain(points).chain(certificates(plan)).collect();
    let mut names = known.to_vec();
    found.retain(|one| {
        let new = !names.iter().any(|name| name == one.name.as_str());
        names.push(one.name.as_str().to_owned());
        new
    });
    found
}

fn offer(name: &str, check: Check, every_seconds: u32) -> Option<Definition> {
    let name: String = name.chars().filter(|c| !c.is_control()).take(80).collect();
    Some(Definition {
        name: Name::parse(&name).ok()?,
        check,
        every_seconds,
        timeout_seconds: 10,
        retries: 2,
        warn: None,
        bad: None,
        component: None,
        impact: None,
        objective: None,
        paused: false,
    })
}

/// The final checks that ask an address, each once.
fn looks(plan: &Plan) -> Vec<Definition> {
    let steps = plan.procedures.iter().flat_map(|procedure| &procedure.steps).filter(|step| step.check);
    let mut found: Vec<Definition> = vec![];
    for step in steps {
        let check = match &step.kind {
            StepKind::Http { method, url } if method == "GET" => {
                Look::parse(url).ok().map(|url| Check::Http { url, status: None, contains: None })
            }
            StepKind::WaitUntil { probe: Probe::HttpNumber { url, .. }, .. } => {
                Look::parse(url).ok().map(|url| Check::Http { url, status: None, contains: None })
            }
            _ => None,
        };
        let new = check.filter(|check| check.admit().is_ok() && !found.iter().any(|one| one.check == *check));
        found.extend(new.and_then(|check| offer(&step.title, check, 60)));
    }
    found
}

/// What is promised in time is measured by the newest file where its backups lie.
fn recovery_point(plan: &Plan, row: &RecoveryPoint) -> Option<Definition> {
    if row.unit != "seconds" {
        return None;
    }
    let same = |label: &str| label.to_lowercase().contains(&row.data.to_lowercase());
    let backups = |section: &str| section.to_lowercase().contains("backup");
    let place = plan.locations.iter().find(|place| backups(&place.section) && same(&place.label))?;
    let directory = Look::parse(&place.path).ok()?;
    let one = offer(&format!("{} backup", row.data), Check::FileAge { directory }, 60)?;
    #[expect(clippy::cast_precision_loss, reason = "spans of time fit")]
    let promised = row.amount as f64;
    Some(Definition {
        warn: Some(Bound { is: Side::Above, value: (promised * EARLY).round() }),
        bad: Some(Bound { is: Side::Above, value: promised }),
        objective: Some(row.data.clone()),
        ..one
    })
}

/// Of each server that the plan names by `https://`, in a step or a point of its lists.
fn certificates(plan: &Plan) -> Vec<Definition> {
    let steps = plan.procedures.iter().flat_map(|procedure| &procedure.steps).map(|step| step.source.as_str());
    let points = plan.checklists.iter().flat_map(|list| &list.points).map(String::as_str);
    let named = steps.chain(points).flat_map(|text| text.split("https://").skip(1)).filter_map(server);
    named.filter_map(certificate).collect()
}

/// `host:port` at the beginning of what stands behind `https://`.
fn server(rest: &str) -> Option<Address> {
    let part_of = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':');
    let end = rest.find(|c| !part_of(c)).unwrap_or(rest.len());
    let authority = rest[..end].trim_end_matches(['.', ':']);
    let address = if authority.contains(':') { authority.to_owned() } else { format!("{authority}:443") };
    // A name or password before the host: not for a definition that everybody reads.
    (!rest[end..].starts_with('@')).then(|| Address::parse(&address).ok()).flatten()
}

fn certificate(address: Address) -> Option<Definition> {
    let name = format!("Certificate of {}", address.host());
    let check = Check::Certificate { address, any_authority: false };
    check.admit().ok()?;
    let [warn, bad] = CERTIFICATE_LIMITS.map(Some);
    Some(Definition { warn, bad, ..offer(&name, check, HOUR)? })
}
