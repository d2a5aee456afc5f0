//! The typed client for drills. No rule lives here.

use uuid::Uuid;

use super::{Answer, Client, Method, Transport, escaped};
use crate::api::drill::{
    DrillIn, DrillScheduleChangeIn, DrillScheduleIn, DrillStopIn, DrillVerdictIn, DrillView, DrillWindowIn, DrillsView,
};

impl<T: Transport> Client<T> {
    pub async fn drills(&self, system: &str) -> Answer<DrillsView> {
        self.get(format!("/systems/{}/drills", escaped(system))).await
    }

    pub async fn drill(&self, number: i64) -> Answer<DrillView> {
        self.get(format!("/drills/{number}")).await
    }

    pub async fn begin_drill(&self, system: &str, body: &DrillIn, key: &str) -> Answer<DrillView> {
        self.call(Method::Post, format!("/systems/{}/drills", escaped(system)), Some(body), Some(key.to_owned())).await
    }

    pub async fn stop_drill(&self, number: i64, body: &DrillStopIn) -> Answer<DrillView> {
        self.post(format!("/drills/{number}/stop"), body).await
    }

    pub async fn judge_drill(&self, number: i64, body: &DrillVerdictIn) -> Answer<DrillView> {
        self.post(format!("/drills/{number}/verdict"), body).await
    }

    pub async fn schedule_drill(&self, system: &str, body: &DrillScheduleIn) -> Answer<()> {
        self.post(format!("/systems/{}/drill-schedules", escaped(system)), body).await
    }

    pub async fn change_drill_schedule(&self, id: Uuid, body: &DrillScheduleChangeIn) -> Answer<()> {
        self.call(Method::Put, format!("/drill-schedules/{id}"), Some(body), None).await
    }

    pub async fn end_drill_schedule(&self, id: Uuid) -> Answer<()> {
        self.delete(format!("/drill-schedules/{id}")).await
    }

    pub async fn block_drills(&self, system: &str, body: &DrillWindowIn) -> Answer<()> {
        self.post(format!("/systems/{}/drill-windows", escaped(system)), body).await
    }

    pub async fn unblock_drills(&self, id: Uuid) -> Answer<()> {
        self.delete(format!("/drill-windows/{id}")).await
    }
}
