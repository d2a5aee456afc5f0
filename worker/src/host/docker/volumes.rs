//! Volumes: looked up by the labels of Compose, and removed one by one. Never by force.

use std::collections::HashMap;

use bollard::{
    errors::Error,
    models,
    query_parameters::{
        ListContainersOptionsBuilder, ListVolumesOptions, ListVolumesOptionsBuilder, RemoveVolumeOptions,
    },
};

use super::{DockerHost, PATIENCE, PROJECT, container};
use crate::host::{HostError, Volume};

const VOLUME: &str = "com.docker.compose.volume";

fn volume(seen: models::Volume) -> Volume {
    let mut labels = seen.labels;
    Volume {
        name: seen.name,
        created_at: seen.created_at.map(|at| at.to_string()).unwrap_or_default(),
        project: labels.remove(PROJECT),
        key: labels.remove(VOLUME),
    }
}

impl DockerHost {
    pub(super) async fn volumes_of(&self, project: &str) -> Result<Vec<Volume>, HostError> {
        let docker = self.docker().await?;
        let filters = HashMap::from([("label", vec![format!("{PROJECT}={project}")])]);
        let options: ListVolumesOptions = ListVolumesOptionsBuilder::new().filters(&filters).build();
        let listed = self.within(PATIENCE, docker.list_volumes(Some(options))).await?;
        let mut found: Vec<_> = listed.volumes.unwrap_or_default().into_iter().map(volume).collect();
        found.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }

    pub(super) async fn volume_seen(&self, name: &str) -> Result<Option<Volume>, HostError> {
        let docker = self.docker().await?;
        match tokio::time::timeout(PATIENCE, docker.inspect_volume(name)).await {
            Ok(Ok(seen)) => Ok(Some(volume(seen))),
            Ok(Err(Error::DockerResponseServerError { status_code: 404, .. })) => Ok(None),
            Ok(Err(error)) => Err(self.refused(error)),
            Err(_) => Err(self.away(format_args!("no answer within {} s", PATIENCE.as_secs()))),
        }
    }

    pub(super) async fn volume_had_by(&self, name: &str) -> Result<Vec<String>, HostError> {
        let docker = self.docker().await?;
        let filters = HashMap::from([("volume", vec![name.to_owned()])]);
        let options = ListContainersOptionsBuilder::new().all(true).filters(&filters).build();
        let listed = self.within(PATIENCE, docker.list_containers(Some(options))).await?;
        Ok(listed.into_iter().map(|seen| container(seen).name).collect())
    }

    pub(super) async fn volume_gone(&self, name: &str) -> Result<(), HostError> {
        let docker = self.docker().await?;
        docker.remove_volume(name, None::<RemoveVolumeOptions>).await.map_err(|e| self.refused(e))
    }
}
