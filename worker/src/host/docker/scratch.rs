//! Containers of Muster's own, in which backups are restored on trial. They reach nobody, nobody reaches them, and nothing else is ever
//! removed here.

use std::{
    collections::HashMap,
    fs::File,
    io::{self, Read as _, Seek as _, SeekFrom},
};

use bollard::{
    body_try_stream,
    models::{ContainerCreateBody, HostConfig, RestartPolicy, RestartPolicyNameEnum},
    query_parameters::{
        CreateContainerOptions, InspectContainerOptions, ListContainersOptionsBuilder, RemoveContainerOptionsBuilder,
        StartContainerOptions, UploadToContainerOptionsBuilder,
    },
};
use hyper::body::Bytes;
use tokio::sync::mpsc;

use super::{DockerHost, PATIENCE};
use crate::host::{HostError, Scratch};

/// Whose scratch container it is: the trial and the attempt at it.
const MARK: &str = "muster.scratch";
const PIECE: usize = 256 * 1024;
/// Pieces of a file on their way.
const AHEAD: usize = 4;
/// What Postgres images need to start as root and go on as somebody else.
const RIGHTS: [&str; 5] = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"];
const PROCESSES: i64 = 512;

impl DockerHost {
    pub(super) async fn scratch_up(&self, scratch: &Scratch) -> Result<String, HostError> {
        let docker = self.docker().await?;
        let host = HostConfig {
            network_mode: Some("none".into()),
            memory: Some(i64::try_from(scratch.memory_bytes).unwrap_or(i64::MAX)),
            memory_swap: Some(i64::try_from(scratch.memory_bytes).unwrap_or(i64::MAX)),
            pids_limit: Some(PROCESSES),
            cap_drop: Some(vec!["ALL".into()]),
            cap_add: Some(RIGHTS.map(str::to_owned).to_vec()),
            security_opt: Some(vec!["no-new-privileges:true".into()]),
            restart_policy: Some(RestartPolicy { name: Some(RestartPolicyNameEnum::NO), ..RestartPolicy::default() }),
            ..HostConfig::default()
        };
        let body = ContainerCreateBody {
            image: Some(scratch.image_id.clone()),
            env: Some(scratch.environment.clone()),
            labels: Some(HashMap::from([(MARK.to_owned(), scratch.mark.clone())])),
            host_config: Some(host),
            ..ContainerCreateBody::default()
        };
        let made = docker.create_container(None::<CreateContainerOptions>, body);
        let made = self.within(PATIENCE * 3, made).await?;
        self.within(PATIENCE * 3, docker.start_container(&made.id, None::<StartContainerOptions>)).await?;
        Ok(made.id)
    }

    pub(super) async fn scratch_fill(&self, id: &str, mut file: File, bytes: u64, name: &str) -> Result<(), HostError> {
        let unreadable = |e: io::Error| HostError::Missing(format!("the backup cannot be read: {e}"));
        let mut header = tar::Header::new_gnu();
        header.set_path(name).map_err(unreadable)?;
        header.set_size(bytes);
        header.set_mode(0o644);
        header.set_cksum();
        file.seek(SeekFrom::Start(0)).map_err(unreadable)?;
        let (to, from) = mpsc::channel::<Result<Bytes, io::Error>>(AHEAD);
        let reading = tokio::task::spawn_blocking(move || {
            let head = Bytes::copy_from_slice(header.as_bytes());
            let mut sent = to.blocking_send(Ok(head)).is_ok();
            let mut left = bytes;
            while sent && left > 0 {
                let mut piece = vec![0; usize::try_from(left).unwrap_or(PIECE).min(PIECE)];
                let read = file.read_exact(&mut piece).map(|()| Bytes::from(piece));
                left = left.saturating_sub(read.as_ref().map_or(left, |piece| piece.len() as u64));
                sent = to.blocking_send(read).is_ok();
            }
            // Filled up to a whole block, and two empty ones: the end of an archive.
            let rest = usize::try_from((512 - bytes % 512) % 512).unwrap_or_default() + 1024;
            let _ = to.blocking_send(Ok(Bytes::from(vec![0; rest])));
        });
        let body = futures::stream::unfold(from, |mut from| async move { Some((from.recv().await?, from)) });
        let options = UploadToContainerOptionsBuilder::default().path("/").build();
        let docker = self.docker().await?;
        let sent = docker.upload_to_container(id, Some(options), body_try_stream(body)).await;
        // It has ended: the channel is closed by whoever gave up.
        let _ = reading.await;
        sent.map_err(|e| self.refused(e))
    }

    /// Container and mark of each.
    pub(super) async fn scratch_list(&self) -> Result<Vec<(String, String)>, HostError> {
        let docker = self.docker().await?;
        let filters = HashMap::from([("label", vec![MARK.to_owned()])]);
        let options = ListContainersOptionsBuilder::new().all(true).filters(&filters).build();
        let listed = self.within(PATIENCE, docker.list_containers(Some(options))).await?;
        let marked = listed.into_iter().filter_map(|seen| Some((seen.id?, seen.labels?.remove(MARK)?)));
        Ok(marked.collect())
    }

    pub(super) async fn scratch_gone(&self, id: &str) -> Result<(), HostError> {
        let docker = self.docker().await?;
        let seen = match self.within(PATIENCE, docker.inspect_container(id, None::<InspectContainerOptions>)).await {
            Err(HostError::Gone) => return Ok(()),
            seen => seen?,
        };
        let marked = seen.config.and_then(|c| c.labels).is_some_and(|labels| labels.contains_key(MARK));
        if !marked {
            return Err(HostError::Refused("it is no scratch container of Muster's; nothing was removed".into()));
        }
        let options = RemoveContainerOptionsBuilder::default().force(true).v(true).build();
        match self.within(PATIENCE * 6, docker.remove_container(id, Some(options))).await {
            Ok(()) | Err(HostError::Gone) => Ok(()),
            Err(error) => Err(error),
        }
    }
}
