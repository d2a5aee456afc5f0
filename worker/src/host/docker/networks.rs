//! Networks: looked up by the labels of Compose, joined and left. Makes and removes none.

use std::collections::HashMap;

use bollard::{
    errors::Error,
    models::{EndpointSettings, NetworkConnectRequest, NetworkDisconnectRequest},
    query_parameters::{InspectNetworkOptions, ListNetworksOptionsBuilder},
};

use super::{DockerHost, PATIENCE, PROJECT};
use crate::host::{HostError, Network};

const NETWORK: &str = "com.docker.compose.network";

fn network(id: Option<String>, name: Option<String>, labels: Option<HashMap<String, String>>) -> Network {
    let mut labels = labels.unwrap_or_default();
    Network {
        id: id.unwrap_or_default(),
        name: name.unwrap_or_default(),
        project: labels.remove(PROJECT),
        key: labels.remove(NETWORK),
    }
}

impl DockerHost {
    pub(super) async fn networks_of(&self, project: &str) -> Result<Vec<Network>, HostError> {
        let docker = self.docker().await?;
        let filters = HashMap::from([("label", vec![format!("{PROJECT}={project}")])]);
        let options = ListNetworksOptionsBuilder::new().filters(&filters).build();
        let listed = self.within(PATIENCE, docker.list_networks(Some(options))).await?;
        let mut found: Vec<_> = listed.into_iter().map(|n| network(n.id, n.name, n.labels)).collect();
        found.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }

    pub(super) async fn network_seen(&self, id: &str) -> Result<Option<Network>, HostError> {
        let docker = self.docker().await?;
        let asked = tokio::time::timeout(PATIENCE, docker.inspect_network(id, None::<InspectNetworkOptions>)).await;
        match asked {
            Ok(Ok(n)) => Ok(Some(network(n.id, n.name, n.labels))),
            Ok(Err(Error::DockerResponseServerError { status_code: 404, .. })) => Ok(None),
            Ok(Err(error)) => Err(self.refused(error)),
            Err(_) => Err(self.away(format_args!("no answer within {} s", PATIENCE.as_secs()))),
        }
    }

    pub(super) async fn network_join(&self, id: &str, container: &str, aliases: Vec<String>) -> Result<(), HostError> {
        let docker = self.docker().await?;
        let endpoint = EndpointSettings { aliases: Some(aliases), ..EndpointSettings::default() };
        let wanted = NetworkConnectRequest { container: container.to_owned(), endpoint_config: Some(endpoint) };
        docker.connect_network(id, wanted).await.map_err(|e| self.refused(e))
    }

    pub(super) async fn network_leave(&self, id: &str, container: &str) -> Result<(), HostError> {
        let docker = self.docker().await?;
        let wanted = NetworkDisconnectRequest { container: container.to_owned(), force: None };
        docker.disconnect_network(id, wanted).await.map_err(|e| self.refused(e))
    }
}
