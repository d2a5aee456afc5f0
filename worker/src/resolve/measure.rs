//! How much it is that steps mean: bytes of volumes and files, rows of tables, images by their registries' names. For the eyes of
//! those who consent. Only looks, for a few seconds in all; what cannot be told by then is left out, and the page says so.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    time::Duration,
};

use futures::future::join_all;
use shared::{
    domain::resolution::{ObjectKind, ResolvedObject, ResolvedStep, ResolvedTable},
    plan::{Procedure, StepKind},
};
use tokio::time::timeout;

use super::{late, tables};
use crate::host::ContainerHost;

/// For each of the questions, which are asked side by side.
const PATIENCE: Duration = Duration::from_secs(3);

pub(super) async fn add(host: &dyn ContainerHost, procedure: &Procedure, steps: &mut [ResolvedStep]) {
    let (sizes, digests, counted) =
        tokio::join!(sizes(host, steps), digests(host, steps), rows(host, procedure, steps));
    for step in steps.iter_mut().filter(|step| step.has_effect) {
        for object in &mut step.objects {
            match object.kind {
                ObjectKind::Volume => object.bytes = sizes.get(&object.id).copied(),
                ObjectKind::File => object.bytes = length(&object.name),
                ObjectKind::Container => {
                    object.image_digest = object.image_id.as_ref().and_then(|id| digests.get(id).cloned());
                }
                ObjectKind::Network => {}
            }
        }
    }
    for (number, tables) in counted {
        if let Some(step) = steps.iter_mut().find(|step| step.number == number) {
            step.tables = tables;
        }
    }
}

fn length(path: &str) -> Option<u64> {
    Path::new(path).metadata().ok().filter(std::fs::Metadata::is_file).map(|facts| facts.len())
}

fn of(steps: &[ResolvedStep], kind: ObjectKind) -> impl Iterator<Item = &ResolvedObject> {
    let objects = steps.iter().filter(|step| step.has_effect).flat_map(|step| &step.objects);
    objects.filter(move |object| object.kind == kind)
}

async fn sizes(host: &dyn ContainerHost, steps: &[ResolvedStep]) -> BTreeMap<String, u64> {
    if of(steps, ObjectKind::Volume).next().is_none() {
        return BTreeMap::new();
    }
    timeout(PATIENCE, host.volume_sizes()).await.ok().and_then(Result::ok).unwrap_or_default()
}

async fn digests(host: &dyn ContainerHost, steps: &[ResolvedStep]) -> BTreeMap<String, String> {
    let images: BTreeSet<&String> =
        of(steps, ObjectKind::Container).filter_map(|object| object.image_id.as_ref()).collect();
    let asked = images.into_iter().map(async |id| {
        let told = timeout(PATIENCE, host.image_digest(id)).await.ok()?.ok()??;
        Some((id.clone(), told))
    });
    join_all(asked).await.into_iter().flatten().collect()
}

/// Steps with SQL that changes rows, and how many there are now.
async fn rows(
    host: &dyn ContainerHost,
    procedure: &Procedure,
    steps: &[ResolvedStep],
) -> Vec<(u32, Vec<ResolvedTable>)> {
    let asked = procedure.steps.iter().map(async |step| {
        let StepKind::Sql { user, database, query, .. } = &step.kind else { return None };
        let names = tables::changed(query)?;
        let object = steps.iter().find(|s| s.number == step.number)?.objects.first()?;
        // One that is made anew by an earlier step has other rows then.
        let there = late::service_of(object).is_none();
        let counting = names.into_iter().map(async |name| {
            let argv = count(user.as_deref(), database.as_deref(), &name);
            let told = if there { timeout(PATIENCE, host.ask(&object.id, &argv)).await.ok() } else { None };
            let rows = told.and_then(Result::ok).and_then(|said| said.trim().parse().ok());
            ResolvedTable { name: name.replace('"', ""), rows }
        });
        Some((step.number, join_all(counting).await))
    });
    join_all(asked).await.into_iter().flatten().filter(|(_, tables)| !tables.is_empty()).collect()
}

/// Cannot write, and gives up by itself before nobody listens any more. `name` is quoted.
fn count(user: Option<&str>, database: Option<&str>, name: &str) -> Vec<String> {
    let mut argv: Vec<String> =
        ["psql", "-X", "-w", "-q", "-t", "-A", "-v", "ON_ERROR_STOP=1"].map(str::to_owned).into();
    for (option, value) in [("-U", user), ("-d", database)] {
        argv.extend(value.map(|value| [option.to_owned(), value.to_owned()]).into_iter().flatten());
    }
    let before = ["SET statement_timeout = '2s'", "SET default_transaction_read_only = on"].map(str::to_owned);
    for command in before.into_iter().chain([format!("SELECT count(*) FROM {name}")]) {
        argv.extend(["-c".to_owned(), command]);
    }
    argv
}
