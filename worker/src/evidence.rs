//! What a step's objects look like at this moment, for people who must decide about it. Only looks, soon gives up, concludes nothing.

use std::time::Duration;

use shared::{
    domain::{
        resolution::{ObjectKind, ResolvedObject},
        run::Seen,
    },
    timestamp::Timestamp,
};

use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{
    host::{ContainerHost, Details, HostError},
    resolve::late,
    steps::{Before, made_key},
};

/// A question must reach people even if the host does not answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// More than people would read.
const MOST: usize = 30;

/// One line for each object that the step means.
/// `before`: what was noted with the step's intent.
pub(crate) async fn look(
    host: &dyn ContainerHost,
    project: &str,
    approved: &[ResolvedObject],
    before: &Before,
) -> Vec<Seen> {
    let until = tokio::time::Instant::now() + PATIENCE;
    let mut seen = vec![];
    for object in approved.iter().take(MOST) {
        let looking = one(host, project, object, before);
        match tokio::time::timeout_at(until, looking).await {
            Ok(found) => seen.extend(found),
            Err(_) => seen.push(saw(&object.name, "not seen: the host does not answer", None)),
        }
    }
    seen
}

fn saw(name: &str, looks: impl Into<String>, at: Option<Timestamp>) -> Seen {
    Seen { name: name.to_owned(), looks: looks.into(), at }
}

async fn one(host: &dyn ContainerHost, project: &str, approved: &ResolvedObject, before: &Before) -> Vec<Seen> {
    let is = match late::bind(host, project, std::slice::from_ref(approved)).await {
        Ok(is) => is,
        Err(why) => return vec![saw(&approved.name, why.replace("; nothing was done", ""), None)],
    };
    let mut seen = vec![];
    for object in is {
        let name = &object.name;
        seen.push(match object.kind {
            ObjectKind::Container => container(name, host.container(&object.id).await),
            ObjectKind::Volume => match host.volume(name).await {
                Ok(Some(volume)) => {
                    let looks = match before.get(&made_key(&object)) {
                        Some(noted) if *noted == volume.created_at => "still there, made",
                        Some(_) => "another one of this name, made",
                        None => "there, made",
                    };
                    saw(name, looks, instant(&volume.created_at))
                }
                Ok(None) => saw(name, "gone", None),
                Err(error) => saw(name, format!("not seen: {error}"), None),
            },
            ObjectKind::Network => match host.network(&object.id).await {
                Ok(Some(_)) => saw(name, "there", None),
                Ok(None) => saw(name, "gone", None),
                Err(error) => saw(name, format!("not seen: {error}"), None),
            },
            // Consent is to its content; whether it was read or run no file tells.
            ObjectKind::File => continue,
        });
    }
    seen
}

fn container(name: &str, details: Result<Details, HostError>) -> Seen {
    match details {
        Ok(details) if details.container.state.running() => {
            saw(name, format!("{} since", details.container.state), instant(&details.started_at))
        }
        Ok(details) => saw(name, format!("{}, ended", details.container.state), instant(&details.finished_at)),
        Err(HostError::Gone) => saw(name, "gone", None),
        Err(error) => saw(name, format!("not seen: {error}"), None),
    }
}

/// As Docker writes instants, RFC 3339.
fn instant(text: &str) -> Option<Timestamp> {
    OffsetDateTime::parse(text, &Rfc3339).ok().map(Timestamp::new)
}

#[cfg(test)]
mod tests {
    use shared::fixtures;

    use super::*;
    use crate::host::simulated::SimulatedHost;

    #[tokio::test]
    async fn what_is_left_is_told_from_what_is_gone_and_what_was_made_anew() {
        let host = SimulatedHost::new();
        let running = host.add("bt2c", "validator1", &[]);
        let dead = host.add("bt2c", "validator2", &[]);
        host.kill(&dead);
        let (kept, anew) = (host.add_volume("bt2c", "kept"), host.add_volume("bt2c", "anew"));
        let object = |kind, id: &str| ResolvedObject { kind, ..fixtures::container(id, id) };
        let volume = |name: &str| object(ObjectKind::Volume, name);
        let made = host.volume(&kept).await.unwrap().unwrap().created_at;
        let before = Before::from([(made_key(&volume(&kept)), made), (made_key(&volume(&anew)), "long ago".into())]);
        let approved = [
            object(ObjectKind::Container, &running),
            object(ObjectKind::Container, &dead),
            object(ObjectKind::Container, "removed"),
            volume(&kept),
            volume(&anew),
            volume("bt2c_gone"),
            object(ObjectKind::Network, "no-network"),
        ];
        let seen = look(&host, "bt2c", &approved, &before).await;
        let looks: Vec<_> = seen.iter().map(|one| one.looks.as_str()).collect();
        let made_anew = "another one of this name, made";
        assert_eq!(
            looks,
            ["running since", "exited (137), ended", "gone", "still there, made", made_anew, "gone", "gone"]
        );
        assert_eq!(
            seen.iter().map(|one| one.at.is_some()).collect::<Vec<_>>(),
            [true, true, false, true, true, false, false]
        );
    }
}
