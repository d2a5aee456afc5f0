//! Volumes: looked up by the labels of Compose, and removed one by one. Never by force.

use std::collections::{BTreeMap, HashMap};

use bollard::{
    errors::Error,
    models,
    query_parameters::{
        ListContainersOptionsBuilder, ListVolumesOptions, ListVolumesOptionsBuilder, RemoveVolumeOptions,
    },
};
use serde_json::Value;
use time::format_description::well_known::Rfc3339;

use super::{DockerHost, PATIENCE, PROJECT, container, reach::Reach};
use crate::host::{HostError, Volume};

const VOLUME: &str = "com.docker.compose.volume";

fn volume(seen: models::Volume) -> Volume {
    let mut labels = seen.labels;
    Volume {
        name: seen.name,
        created_at: seen.created_at.and_then(|at| at.format(&Rfc3339).ok()).unwrap_or_default(),
        project: labels.remove(PROJECT),
        key: labels.remove(VOLUME),
    }
}

/// Of `Volumes` (up to API 1.51) or `VolumeUsage` (since); an engine that has not counted says -1.
fn sizes(answer: &Value) -> BTreeMap<String, u64> {
    let old = answer.get("Volumes");
    let all = old.or_else(|| answer.pointer("/VolumeUsage/Items")).and_then(Value::as_array).into_iter().flatten();
    let one = |v: &Value| Some((v.get("Name")?.as_str()?.to_owned(), v.pointer("/UsageData/Size")?.as_u64()?));
    all.filter_map(one).collect()
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

    /// The client only knows the newest form of this answer; engines give several.
    pub(super) async fn sizes_of_volumes(&self) -> Result<BTreeMap<String, u64>, HostError> {
        let text = Reach::any(&self.engine)?.get("/system/df?type=volume&verbose=true").await;
        let text = text.map_err(|e| self.away(e))?;
        Ok(sizes(&serde_json::from_slice(&text).unwrap_or_default()))
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn sizes_are_read_from_old_and_new_engines() {
        let volume = json!([{"Name": "a", "UsageData": {"Size": 7, "RefCount": 1}}, {"Name": "b", "UsageData": {"Size": -1}}, {"Name": "c"}]);
        let expected = BTreeMap::from([("a".to_owned(), 7)]);
        assert_eq!(sizes(&json!({"LayersSize": 1, "Volumes": volume})), expected);
        assert_eq!(sizes(&json!({"VolumeUsage": {"Items": volume}})), expected);
        assert_eq!(sizes(&json!(null)), BTreeMap::new());
    }
}
