//! The typed client of the JSON API, over any transport: the browser's fetch or a test's HTTP client. Builds requests and reads
//! answers; knows no address, no cookie, no retry.

mod alerts;
mod call;
mod door;
mod drills;
mod inspections;
mod links;
mod maintenance;
mod monitors;
mod posts;
mod reports;
mod room;
mod standing_orders;
mod subscribers;
mod tasks;
mod verifications;

use std::future::Future;

use serde::{Serialize, de::DeserializeOwned};

pub use self::tasks::{file_address, upload_address};

use crate::api::{
    List,
    audit::{AuditChoices, AuditEntryView, AuditHeadsView, AuditQuery, AuditVerdict},
    error::{ErrorBody, ErrorCode, ErrorView},
    incident::{CloseIn, DeclareIn, IncidentRowView, IncidentView, LevelIn, NoteIn, ResolveIn, RunRowView, UpdateIn},
    notice::NoticeView,
    plan::{PlanDiff, PlanIn, PlanVersionView},
    run::{
        AnswerIn, CancelIn, CheckIn, ConfirmIn, DecisionIn, FreezeIn, FreezeView, GlassIn, OutputLine, OutputPart,
        PriorityIn, ReviewIn, RunRequestIn, RunView, WithdrawIn,
    },
    secret::{SecretIn, SecretView, SecretsView},
    session::{DepartIn, Departed, Me, SignIn, Ways},
    status_brand::{BrandIn, BrandView},
    status_page::{LayoutIn, StatusPageView},
    system::{PlanView, SystemView},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    Get,
    Post,
    Put,
    Delete,
}

impl Method {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }
}

#[derive(Clone, Debug)]
pub struct Request {
    pub method: Method,
    /// From the root: `/api/v1/…`.
    pub path: String,
    pub body: Option<String>,
    /// The same key twice has one effect.
    pub idempotency_key: Option<String>,
}

#[derive(Clone, Debug)]
pub struct Response {
    pub status: u16,
    pub body: String,
}

/// Carries one request. Futures need not be `Send`: a browser's are not.
pub trait Transport {
    /// # Errors
    /// A sentence if no answer came at all.
    fn send(&self, request: Request) -> impl Future<Output = Result<Response, String>>;
}

/// Why a call gave no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The server said no, in its own words.
    #[error("{}", .0.message)]
    Refused(ErrorView),
    /// No answer: the network or the server is down.
    #[error(
        "Muster did not answer: {0}. Nothing was changed as far as this page knows; it will show the truth once the connection is back."
    )]
    Unreachable(String),
    /// The browser or the person's device did not give what it takes.
    #[error("{0} Nothing was done.")]
    Device(String),
    #[error(
        "Muster answered with something this page does not understand ({0}). Reload the page; it may be older than the server."
    )]
    Garbled(String),
}

impl CallError {
    #[must_use]
    pub fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Refused(view) => Some(view.code),
            _ => None,
        }
    }

    /// True if it may be otherwise in a moment: nobody answered, or the server did not reach its database.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Unreachable(_)) || self.code() == Some(ErrorCode::Unavailable)
    }
}

type Answer<T> = Result<T, CallError>;

#[derive(Clone, Debug)]
pub struct Client<T> {
    transport: T,
}

impl<T: Transport> Client<T> {
    pub fn new(transport: T) -> Self {
        Self { transport }
    }

    async fn call<B: Serialize, V: DeserializeOwned>(
        &self,
        method: Method,
        path: String,
        body: Option<&B>,
        idempotency_key: Option<String>,
    ) -> Answer<V> {
        let body = body.map(serde_json::to_string).transpose().map_err(|e| CallError::Garbled(e.to_string()))?;
        let path = format!("/api/v1{path}");
        let response = self
            .transport
            .send(Request { method, path, body, idempotency_key })
            .await
            .map_err(CallError::Unreachable)?;
        if (200..300).contains(&response.status) {
            // 204 has no body; `null` reads as `()`.
            let text = if response.body.is_empty() { "null" } else { &response.body };
            return serde_json::from_str(text).map_err(|e| CallError::Garbled(e.to_string()));
        }
        match serde_json::from_str::<ErrorBody>(&response.body) {
            Ok(body) => Err(CallError::Refused(body.error)),
            Err(_) => Err(CallError::Garbled(format!("status {}", response.status))),
        }
    }

    async fn get<V: DeserializeOwned>(&self, path: impl Into<String>) -> Answer<V> {
        self.call(Method::Get, path.into(), None::<&()>, None).await
    }

    async fn delete(&self, path: impl Into<String>) -> Answer<()> {
        self.call(Method::Delete, path.into(), None::<&()>, None).await
    }

    async fn post<B: Serialize, V: DeserializeOwned>(&self, path: impl Into<String>, body: &B) -> Answer<V> {
        self.call(Method::Post, path.into(), Some(body), None).await
    }

    pub async fn sign_in(&self, body: &SignIn) -> Answer<Me> {
        self.post("/session", body).await
    }

    pub async fn sign_out(&self) -> Answer<()> {
        self.call(Method::Delete, "/session".into(), None::<&()>, None).await
    }

    pub async fn ways(&self) -> Answer<Ways> {
        self.get("/session/ways").await
    }

    pub async fn depart(&self, body: &DepartIn) -> Answer<Departed> {
        self.post("/session/provider", body).await
    }

    pub async fn me(&self) -> Answer<Me> {
        self.get("/session").await
    }

    pub async fn status_page(&self) -> Answer<StatusPageView> {
        self.get("/status-page").await
    }

    pub async fn arrange_status_page(&self, body: &LayoutIn) -> Answer<StatusPageView> {
        self.call(Method::Put, "/status-page".into(), Some(body), None).await
    }

    pub async fn status_brand(&self) -> Answer<BrandView> {
        self.get("/status-page/brand").await
    }

    pub async fn save_status_brand(&self, body: &BrandIn) -> Answer<BrandView> {
        self.call(Method::Put, "/status-page/brand".into(), Some(body), None).await
    }

    pub async fn systems(&self) -> Answer<List<SystemView>> {
        self.get("/systems").await
    }

    pub async fn plan(&self, system: &str) -> Answer<PlanView> {
        self.get(format!("/systems/{system}/plan")).await
    }

    /// Newest first.
    pub async fn plan_versions(&self, system: &str, before: Option<&str>) -> Answer<List<PlanVersionView>> {
        self.get(with_before(&format!("/systems/{system}/plan/versions"), before)).await
    }

    pub async fn plan_version(&self, system: &str, version: i32) -> Answer<PlanView> {
        self.get(format!("/systems/{system}/plan/versions/{version}")).await
    }

    /// What `version` changed since `from`, or since the one before it.
    pub async fn plan_diff(&self, system: &str, version: i32, from: Option<i32>) -> Answer<PlanDiff> {
        let from = from.map(|from| format!("?from={from}")).unwrap_or_default();
        self.get(format!("/systems/{system}/plan/versions/{version}/diff{from}")).await
    }

    pub async fn secrets(&self, system: &str) -> Answer<SecretsView> {
        self.get(format!("/systems/{system}/secrets")).await
    }

    pub async fn set_secret(&self, system: &str, name: &str, body: &SecretIn) -> Answer<SecretView> {
        self.call(Method::Put, format!("/systems/{system}/secrets/{name}"), Some(body), None).await
    }

    pub async fn delete_secret(&self, system: &str, name: &str) -> Answer<()> {
        self.delete(format!("/systems/{system}/secrets/{name}")).await
    }

    /// The same text twice has one effect.
    pub async fn save_plan(&self, system: &str, body: &PlanIn) -> Answer<PlanVersionView> {
        self.post(format!("/systems/{system}/plan"), body).await
    }

    pub async fn incidents(&self, before: Option<&str>) -> Answer<List<IncidentRowView>> {
        self.get(with_before("/incidents", before)).await
    }

    pub async fn incident(&self, number: i64) -> Answer<IncidentView> {
        self.get(format!("/incidents/{number}")).await
    }

    pub async fn declare(&self, body: &DeclareIn, key: &str) -> Answer<IncidentView> {
        self.call(Method::Post, "/incidents".into(), Some(body), Some(key.to_owned())).await
    }

    pub async fn acknowledge(&self, number: i64) -> Answer<IncidentView> {
        self.post(format!("/incidents/{number}/acknowledge"), &serde_json::json!({})).await
    }

    pub async fn start_work(&self, number: i64) -> Answer<IncidentView> {
        self.post(format!("/incidents/{number}/work"), &serde_json::json!({})).await
    }

    pub async fn note(&self, number: i64, body: &NoteIn) -> Answer<IncidentView> {
        self.post(format!("/incidents/{number}/notes"), body).await
    }

    pub async fn change_level(&self, number: i64, body: &LevelIn) -> Answer<IncidentView> {
        self.post(format!("/incidents/{number}/level"), body).await
    }

    pub async fn post_update(&self, number: i64, body: &UpdateIn) -> Answer<IncidentView> {
        self.post(format!("/incidents/{number}/updates"), body).await
    }

    pub async fn resolve(&self, number: i64, body: &ResolveIn) -> Answer<IncidentView> {
        self.post(format!("/incidents/{number}/resolve"), body).await
    }

    pub async fn close(&self, number: i64, body: &CloseIn) -> Answer<IncidentView> {
        self.post(format!("/incidents/{number}/close"), body).await
    }

    pub async fn request_run(&self, incident: i64, body: &RunRequestIn, key: &str) -> Answer<RunView> {
        self.call(Method::Post, format!("/incidents/{incident}/runs"), Some(body), Some(key.to_owned())).await
    }

    pub async fn runs(&self, before: Option<&str>) -> Answer<List<RunRowView>> {
        self.get(with_before("/runs", before)).await
    }

    pub async fn run(&self, number: i64) -> Answer<RunView> {
        self.get(format!("/runs/{number}")).await
    }

    /// Lines after line number `after`, in order; `next` if there are more.
    pub async fn output(&self, run: i64, after: i64) -> Answer<List<OutputLine>> {
        self.output_part(run, &OutputPart { after: Some(after), ..OutputPart::default() }).await
    }

    /// Lines of one part of the output, in order; `next` only when reading forward, if there are more.
    pub async fn output_part(&self, run: i64, part: &OutputPart) -> Answer<List<OutputLine>> {
        self.get(format!("/runs/{run}/output{}", part.query())).await
    }

    /// Numbers of the lines after line `after` that contain this text; `next` is the line up to which was looked, if that is
    /// not the end. A page may be empty and not the last.
    pub async fn output_search(&self, run: i64, text: &str, after: i64) -> Answer<List<i64>> {
        self.get(format!("/runs/{run}/output/search?q={}&after={after}", escaped(text))).await
    }

    pub async fn decide(&self, run: i64, body: &DecisionIn) -> Answer<RunView> {
        self.post(format!("/runs/{run}/decision"), body).await
    }

    pub async fn break_glass(&self, run: i64, body: &GlassIn) -> Answer<RunView> {
        self.post(format!("/runs/{run}/glass"), body).await
    }

    pub async fn review(&self, run: i64, body: &ReviewIn) -> Answer<RunView> {
        self.post(format!("/runs/{run}/review"), body).await
    }

    pub async fn confirm(&self, run: i64, body: &ConfirmIn) -> Answer<RunView> {
        self.post(format!("/runs/{run}/confirm"), body).await
    }

    pub async fn prioritise(&self, run: i64, body: &PriorityIn) -> Answer<RunView> {
        self.post(format!("/runs/{run}/priority"), body).await
    }

    pub async fn withdraw(&self, run: i64, body: &WithdrawIn) -> Answer<RunView> {
        self.post(format!("/runs/{run}/withdraw"), body).await
    }

    pub async fn answer(&self, run: i64, body: &AnswerIn) -> Answer<RunView> {
        self.post(format!("/runs/{run}/answer"), body).await
    }

    pub async fn check(&self, run: i64, body: &CheckIn) -> Answer<RunView> {
        self.post(format!("/runs/{run}/check"), body).await
    }

    pub async fn cancel(&self, run: i64, body: &CancelIn) -> Answer<RunView> {
        self.post(format!("/runs/{run}/cancel"), body).await
    }

    /// `None` if nothing is frozen.
    pub async fn frozen(&self) -> Answer<Option<FreezeView>> {
        self.get("/freeze".to_owned()).await
    }

    pub async fn freeze(&self, body: &FreezeIn) -> Answer<Option<FreezeView>> {
        self.post("/freeze".to_owned(), body).await
    }

    /// Those for the person who asks: first what they have not acknowledged.
    pub async fn notices(&self) -> Answer<List<NoticeView>> {
        self.get("/notices").await
    }

    /// Once is enough; again changes nothing.
    pub async fn acknowledge_notice(&self, number: i64) -> Answer<NoticeView> {
        self.post(format!("/notices/{number}/acknowledge"), &serde_json::json!({})).await
    }

    pub async fn audit(&self, before: Option<&str>) -> Answer<List<AuditEntryView>> {
        self.get(with_before("/audit", before)).await
    }

    /// Newest first.
    pub async fn find_audit(&self, query: &AuditQuery) -> Answer<List<AuditEntryView>> {
        self.get(format!("/audit{}", query.to_query())).await
    }

    pub async fn audit_choices(&self) -> Answer<AuditChoices> {
        self.get("/audit/choices").await
    }

    pub async fn audit_heads(&self) -> Answer<AuditHeadsView> {
        self.get("/audit/heads").await
    }

    pub async fn verify_audit(&self) -> Answer<AuditVerdict> {
        self.get("/audit/verify").await
    }
}

/// Where a run's whole output is downloaded from, as printed; of one step, if one is named.
#[must_use]
pub fn output_download(run: i64, step: Option<u32>) -> String {
    let step = step.map(|step| format!("?step={step}")).unwrap_or_default();
    format!("/api/v1/runs/{run}/output.txt{step}")
}

/// For a query string.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

fn with_before(path: &str, before: Option<&str>) -> String {
    before.map_or_else(|| path.to_owned(), |key| format!("{path}?before={key}"))
}
