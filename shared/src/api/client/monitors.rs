//! The typed client for monitors, readiness and statistics. No rule lives here.

use serde_json::json;
use uuid::Uuid;

use super::{Answer, Client, Method, Transport, escaped};
use crate::{
    api::{
        List,
        monitor::{MonitorChangeIn, MonitorHistory, MonitorView, MonitorsIn, SuggestedView},
        readiness::ReadinessView,
        statistics::StatisticsView,
    },
    domain::monitor::Span,
};

impl<T: Transport> Client<T> {
    pub async fn monitors(&self) -> Answer<List<MonitorView>> {
        self.get("/monitors").await
    }

    pub async fn monitor(&self, id: Uuid) -> Answer<MonitorView> {
        self.get(format!("/monitors/{id}")).await
    }

    pub async fn monitor_history(&self, id: Uuid, span: Span) -> Answer<MonitorHistory> {
        self.get(format!("/monitors/{id}/history?span={}", span.name())).await
    }

    pub async fn monitors_suggested(&self, system: &str) -> Answer<SuggestedView> {
        self.get(format!("/systems/{}/monitors/suggested", escaped(system))).await
    }

    pub async fn make_monitors(&self, system: &str, body: &MonitorsIn) -> Answer<List<MonitorView>> {
        self.post(format!("/systems/{}/monitors", escaped(system)), body).await
    }

    pub async fn change_monitor(&self, id: Uuid, body: &MonitorChangeIn) -> Answer<MonitorView> {
        self.call(Method::Put, format!("/monitors/{id}"), Some(body), None).await
    }

    pub async fn check_monitor_now(&self, id: Uuid) -> Answer<()> {
        self.post(format!("/monitors/{id}/check"), &json!({})).await
    }

    /// What the system has shown, and what it has not.
    pub async fn readiness(&self, system: &str) -> Answer<ReadinessView> {
        self.get(format!("/systems/{}/readiness", escaped(system))).await
    }

    /// What incidents were like in the last so many months.
    pub async fn statistics(&self, months: u32) -> Answer<StatisticsView> {
        self.get(format!("/statistics?months={months}")).await
    }

    pub async fn remove_monitor(&self, id: Uuid) -> Answer<()> {
        self.delete(format!("/monitors/{id}")).await
    }
}
