//! The typed client for announced maintenance. No rule lives here.

use super::{Answer, Client, Method, Transport};
use crate::api::{
    List,
    maintenance::{MaintenanceEndIn, MaintenanceIn, MaintenancePostIn, MaintenanceTimesIn, MaintenanceView},
};

impl<T: Transport> Client<T> {
    /// What is to come and under way, the next first; then what is over, the newest first.
    pub async fn maintenances(&self) -> Answer<List<MaintenanceView>> {
        self.get("/maintenance").await
    }

    pub async fn maintenance(&self, number: i64) -> Answer<MaintenanceView> {
        self.get(format!("/maintenance/{number}")).await
    }

    pub async fn plan_maintenance(&self, body: &MaintenanceIn, key: &str) -> Answer<MaintenanceView> {
        self.call(Method::Post, "/maintenance".into(), Some(body), Some(key.to_owned())).await
    }

    pub async fn post_maintenance(&self, number: i64, body: &MaintenancePostIn, key: &str) -> Answer<MaintenanceView> {
        self.call(Method::Post, format!("/maintenance/{number}/updates"), Some(body), Some(key.to_owned())).await
    }

    pub async fn move_maintenance(&self, number: i64, body: &MaintenanceTimesIn) -> Answer<MaintenanceView> {
        self.post(format!("/maintenance/{number}/times"), body).await
    }

    pub async fn finish_maintenance(&self, number: i64, body: &MaintenanceEndIn) -> Answer<MaintenanceView> {
        self.post(format!("/maintenance/{number}/finish"), body).await
    }

    pub async fn cancel_maintenance(&self, number: i64, body: &MaintenanceEndIn) -> Answer<MaintenanceView> {
        self.post(format!("/maintenance/{number}/cancel"), body).await
    }
}
