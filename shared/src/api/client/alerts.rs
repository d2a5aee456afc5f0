//! The typed client for alerts and their sources. No rule lives here.

use uuid::Uuid;

use super::{Answer, Client, Method, Transport, escaped};
use crate::api::{
    List,
    alert::{AlertView, SilenceIn, SilenceView, SourceChangeIn, SourceIn, SourceMade, SourceView, TriedView, TryIn},
};

impl<T: Transport> Client<T> {
    /// Newest first; only what fires, or all.
    pub async fn alerts(&self, firing: bool, before: Option<&str>) -> Answer<List<AlertView>> {
        let before = before.map(|key| format!("&before={}", escaped(key))).unwrap_or_default();
        self.get(format!("/alerts?firing={firing}{before}")).await
    }

    pub async fn alerts_of(&self, incident: i64) -> Answer<List<AlertView>> {
        self.get(format!("/incidents/{incident}/alerts")).await
    }

    pub async fn alert_sources(&self) -> Answer<List<SourceView>> {
        self.get("/alert-sources").await
    }

    pub async fn make_alert_source(&self, system: &str, body: &SourceIn) -> Answer<SourceMade> {
        self.post(format!("/systems/{}/alert-sources", escaped(system)), body).await
    }

    pub async fn change_alert_source(&self, id: Uuid, body: &SourceChangeIn) -> Answer<SourceView> {
        self.call(Method::Put, format!("/alert-sources/{id}"), Some(body), None).await
    }

    pub async fn renew_alert_source_key(&self, id: Uuid) -> Answer<SourceMade> {
        self.post(format!("/alert-sources/{id}/key"), &serde_json::json!({})).await
    }

    pub async fn retire_alert_source(&self, id: Uuid) -> Answer<()> {
        self.delete(format!("/alert-sources/{id}")).await
    }

    /// Those that go on; the first to end comes first.
    pub async fn silences(&self) -> Answer<List<SilenceView>> {
        self.get("/silences").await
    }

    pub async fn silence(&self, system: &str, body: &SilenceIn) -> Answer<SilenceView> {
        self.post(format!("/systems/{}/silences", escaped(system)), body).await
    }

    pub async fn end_silence(&self, id: Uuid) -> Answer<()> {
        self.delete(format!("/silences/{id}")).await
    }

    /// What a message would lead to; nothing comes of it.
    pub async fn try_alert(&self, body: &TryIn) -> Answer<List<TriedView>> {
        self.post("/alert-sources/try", body).await
    }
}
