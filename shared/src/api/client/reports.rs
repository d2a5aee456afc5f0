//! The client's part for reports, what others say of them, and follow-ups.

use uuid::Uuid;

use super::{Answer, Client, Method, Transport};
use crate::{
    api::{
        List,
        follow_up::{FollowUpChangeIn, FollowUpEndIn, FollowUpIn, FollowUpView, FollowUpsShown},
        plan::{PlanIn, PlanProposalView, PlanVersionView},
        report::{
            CommentIn, PublicPreview, PublicPreviewIn, PublishIn, ReportIn, ReportReviewIn, ReportVersionView,
            ReportView, ReviewAskIn, SettleIn, VersionHead,
        },
    },
    domain::incident::Person,
};

impl<T: Transport> Client<T> {
    pub async fn report(&self, incident: i64) -> Answer<ReportView> {
        self.get(format!("/incidents/{incident}/report")).await
    }

    /// Drafts the report from the timeline; gives the existing one if there is one.
    pub async fn draft_report(&self, incident: i64) -> Answer<ReportView> {
        self.post(format!("/incidents/{incident}/report"), &serde_json::json!({})).await
    }

    pub async fn save_report(&self, incident: i64, body: &ReportIn) -> Answer<ReportView> {
        self.call(Method::Put, format!("/incidents/{incident}/report"), Some(body), None).await
    }

    /// Newest first.
    pub async fn report_versions(&self, incident: i64) -> Answer<List<VersionHead>> {
        self.get(format!("/incidents/{incident}/report/versions")).await
    }

    pub async fn report_version(&self, incident: i64, version: i32) -> Answer<ReportVersionView> {
        self.get(format!("/incidents/{incident}/report/versions/{version}")).await
    }

    pub async fn comment_report(&self, incident: i64, body: &CommentIn) -> Answer<ReportView> {
        self.post(format!("/incidents/{incident}/report/comments"), body).await
    }

    pub async fn settle_comment(&self, incident: i64, comment: Uuid, settled: bool) -> Answer<ReportView> {
        self.post(format!("/incidents/{incident}/report/comments/{comment}"), &SettleIn { settled }).await
    }

    /// Who can be asked to review it.
    pub async fn reviewers(&self, incident: i64) -> Answer<List<Person>> {
        self.get(format!("/incidents/{incident}/report/reviewers")).await
    }

    pub async fn ask_review(&self, incident: i64, body: &ReviewAskIn) -> Answer<ReportView> {
        self.post(format!("/incidents/{incident}/report/review-requests"), body).await
    }

    pub async fn review_report(&self, incident: i64, body: &ReportReviewIn) -> Answer<ReportView> {
        self.post(format!("/incidents/{incident}/report/reviews"), body).await
    }

    pub async fn preview_public_report(&self, incident: i64, body: &PublicPreviewIn) -> Answer<PublicPreview> {
        self.post(format!("/incidents/{incident}/report/public-preview"), body).await
    }

    pub async fn publish_report(&self, incident: i64, body: &PublishIn) -> Answer<ReportView> {
        self.post(format!("/incidents/{incident}/report/publish"), body).await
    }

    /// What the incident says about the plan in force.
    pub async fn plan_proposal(&self, incident: i64) -> Answer<PlanProposalView> {
        self.get(format!("/incidents/{incident}/plan-proposal")).await
    }

    /// Saves another version of the plan, linked to the incident.
    pub async fn adopt_plan(&self, incident: i64, body: &PlanIn) -> Answer<PlanVersionView> {
        self.post(format!("/incidents/{incident}/plan-proposal"), body).await
    }

    /// What presses comes first.
    pub async fn follow_ups(&self, shown: FollowUpsShown) -> Answer<List<FollowUpView>> {
        self.get(format!("/follow-ups?shown={}", shown.name())).await
    }

    pub async fn follow_ups_of(&self, incident: i64) -> Answer<List<FollowUpView>> {
        self.get(format!("/incidents/{incident}/follow-ups")).await
    }

    pub async fn add_follow_up(&self, incident: i64, body: &FollowUpIn, key: &str) -> Answer<FollowUpView> {
        self.call(Method::Post, format!("/incidents/{incident}/follow-ups"), Some(body), Some(key.into())).await
    }

    pub async fn change_follow_up(&self, number: i64, body: &FollowUpChangeIn) -> Answer<FollowUpView> {
        self.post(format!("/follow-ups/{number}"), body).await
    }

    /// Ends it, or opens it again.
    pub async fn settle_follow_up(&self, number: i64, body: &FollowUpEndIn) -> Answer<FollowUpView> {
        self.post(format!("/follow-ups/{number}/state"), body).await
    }
}
