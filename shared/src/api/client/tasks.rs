//! The client's part for tasks, mentions and attached files. Knows no address and no cookie.

use super::{Answer, Client, Transport, escaped};
use crate::{
    api::{
        List,
        incident::{IncidentView, NoteIn},
        task::{NudgeView, OwnTaskView, TaskDeedIn, TaskIn},
    },
    domain::incident::Person,
    ids::AttachmentId,
};

impl<T: Transport> Client<T> {
    /// The same key twice makes one task.
    pub async fn add_task(&self, incident: i64, body: &TaskIn, key: &str) -> Answer<IncidentView> {
        let path = format!("/incidents/{incident}/tasks");
        self.call(super::Method::Post, path, Some(body), Some(key.to_owned())).await
    }

    pub async fn task(&self, incident: i64, task: u32, body: &TaskDeedIn) -> Answer<IncidentView> {
        self.post(format!("/incidents/{incident}/tasks/{task}"), body).await
    }

    /// Open tasks of the person who asks, what is due first comes first.
    pub async fn own_tasks(&self) -> Answer<List<OwnTaskView>> {
        self.get("/tasks").await
    }

    /// The same key twice makes one note.
    pub async fn note_once(&self, number: i64, body: &NoteIn, key: &str) -> Answer<IncidentView> {
        self.call(super::Method::Post, format!("/incidents/{number}/notes"), Some(body), Some(key.to_owned())).await
    }

    /// Who can be mentioned in a note.
    pub async fn incident_readers(&self, number: i64) -> Answer<List<Person>> {
        self.get(format!("/incidents/{number}/readers")).await
    }

    /// What is about the person who asks and they have not put away, newest first.
    pub async fn nudges(&self) -> Answer<List<NudgeView>> {
        self.get("/nudges").await
    }

    /// Once is enough; again changes nothing.
    pub async fn put_nudge_away(&self, number: i64) -> Answer<()> {
        self.post(format!("/nudges/{number}/seen"), &serde_json::json!({})).await
    }
}

/// Where a file is sent to, as the body of a POST.
#[must_use]
pub fn upload_address(incident: i64, name: &str) -> String {
    format!("/api/v1/incidents/{incident}/files?name={}", escaped(name))
}

/// Where a file is read.
#[must_use]
pub fn file_address(incident: i64, file: AttachmentId) -> String {
    format!("/api/v1/incidents/{incident}/files/{file}")
}
