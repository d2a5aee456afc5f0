//! What a step's objects look like at this moment, for people who must decide about it. Only looks, soon gives up, concludes nothing.

use std::time::Duration;

use shared::domain::{
    resolution::{ObjectKind, ResolvedObject},
    run::Seen,
};

use crate::{
    host::{ContainerHost, Details, HostError},
    resolve::late,
};

/// A question must reach people even if the host does not answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// More than people would read.
const MOST: usize = 30;

/// One line for each object that the step means.
pub(crate) async fn look(host: &dyn ContainerHost, project: &str, approved: &[ResolvedObject]) -> Vec<Seen> {
    let until = tokio::time::Instant::now() + PATIENCE;
    let mut seen = vec![];
    for object in approved.iter().take(MOST) {
        let looking = one(host, project, object);
        match tokio::time::timeout_at(until, looking).await {
            Ok(found) => seen.extend(found),
            Err(_) => seen.push(Seen { name: object.name.clone(), looks: "not seen: the host does not answer".into() }),
        }
    }
    seen
}

async fn one(host: &dyn ContainerHost, project: &str, approved: &ResolvedObject) -> Vec<Seen> {
    let named = |name: &str, looks: String| vec![Seen { name: name.to_owned(), looks }];
    let is = match late::bind(host, project, std::slice::from_ref(approved)).await {
        Ok(is) => is,
        Err(why) => return named(&approved.name, why.replace("; nothing was done", "")),
    };
    let mut seen = vec![];
    for object in is {
        let looks = match object.kind {
            ObjectKind::Container => container(host.container(&object.id).await),
            ObjectKind::Volume => match host.volume(&object.name).await {
                Ok(Some(volume)) if object.id.contains(&volume.created_at) => {
                    format!("there, made at {}", volume.created_at)
                }
                Ok(Some(volume)) => format!("another one of this name, made at {}", volume.created_at),
                Ok(None) => "gone".into(),
                Err(error) => format!("not seen: {error}"),
            },
            ObjectKind::Network => match host.network(&object.id).await {
                Ok(Some(_)) => "there".into(),
                Ok(None) => "gone".into(),
                Err(error) => format!("not seen: {error}"),
            },
            // Consent is to its content; whether it was read or run no file tells.
            ObjectKind::File => continue,
        };
        seen.extend(named(&object.name, looks));
    }
    seen
}

fn container(details: Result<Details, HostError>) -> String {
    match details {
        Ok(details) if details.container.state.running() => {
            format!("{} since {}", details.container.state, details.started_at)
        }
        Ok(details) => format!("{}, ended at {}", details.container.state, details.finished_at),
        Err(HostError::Gone) => "gone".into(),
        Err(error) => format!("not seen: {error}"),
    }
}
