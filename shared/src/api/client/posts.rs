//! The typed client for public updates: kept texts, what waits for its time, how something will look. No rule lives here.

use uuid::Uuid;

use super::{Answer, Client, Method, Transport};
use crate::api::{
    List,
    incident::{DeclareIn, UpdateIn},
    post::{
        FillIn, HandOnIn, HandedOnView, PreparedView, PreviewView, RescheduleIn, ScheduleIn, ScheduledView,
        TemplateChangeIn, TemplateIn, TemplateView,
    },
};

impl<T: Transport> Client<T> {
    /// Declares nothing.
    pub async fn preview_declared(&self, body: &DeclareIn) -> Answer<PreviewView> {
        self.post("/incidents/preview", body).await
    }

    /// Posts nothing.
    pub async fn preview_update(&self, incident: i64, body: &UpdateIn) -> Answer<PreviewView> {
        self.post(format!("/incidents/{incident}/updates/preview"), body).await
    }

    /// Kept texts about maintenance, filled in.
    pub async fn templates_for_work(&self, body: &FillIn) -> Answer<List<TemplateView>> {
        self.post("/maintenance/post-templates", body).await
    }

    /// What waits, the next first.
    pub async fn scheduled_posts(&self, incident: i64) -> Answer<List<ScheduledView>> {
        self.get(format!("/incidents/{incident}/scheduled-posts")).await
    }

    pub async fn schedule_post(&self, incident: i64, body: &ScheduleIn, key: &str) -> Answer<List<ScheduledView>> {
        let path = format!("/incidents/{incident}/scheduled-posts");
        self.call(Method::Post, path, Some(body), Some(key.to_owned())).await
    }

    pub async fn reschedule_post(&self, incident: i64, post: i64, body: &RescheduleIn) -> Answer<List<ScheduledView>> {
        self.call(Method::Put, format!("/incidents/{incident}/scheduled-posts/{post}"), Some(body), None).await
    }

    pub async fn cancel_post(&self, incident: i64, post: i64) -> Answer<()> {
        self.delete(format!("/incidents/{incident}/scheduled-posts/{post}")).await
    }

    pub async fn prepared_for_incident(&self, incident: i64) -> Answer<PreparedView> {
        self.get(format!("/incidents/{incident}/prepared-texts")).await
    }

    pub async fn hand_on_incident(&self, incident: i64, read: &HandOnIn) -> Answer<HandedOnView> {
        self.post(format!("/incidents/{incident}/prepared-texts"), read).await
    }

    /// Sends them to the webhook for texts, once.
    pub async fn hand_on_maintenance(&self, number: i64, read: &HandOnIn) -> Answer<HandedOnView> {
        self.post(format!("/maintenance/{number}/prepared-texts"), read).await
    }

    pub async fn prepared_for_maintenance(&self, number: i64) -> Answer<PreparedView> {
        self.get(format!("/maintenance/{number}/prepared-texts")).await
    }

    /// Filled in for an incident.
    pub async fn templates_for(&self, incident: i64) -> Answer<List<TemplateView>> {
        self.get(format!("/incidents/{incident}/post-templates")).await
    }

    pub async fn templates(&self) -> Answer<List<TemplateView>> {
        self.get("/post-templates").await
    }

    pub async fn add_template(&self, body: &TemplateIn) -> Answer<TemplateView> {
        self.post("/post-templates", body).await
    }

    pub async fn change_template(&self, id: Uuid, body: &TemplateChangeIn) -> Answer<TemplateView> {
        self.call(Method::Put, format!("/post-templates/{id}"), Some(body), None).await
    }

    pub async fn remove_template(&self, id: Uuid) -> Answer<()> {
        self.delete(format!("/post-templates/{id}")).await
    }
}
