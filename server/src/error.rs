//! The one file that knows status codes: every failure as a code, a sentence for a person and, apart from that, what the log
//! needs. Decides nothing.

use std::any::Any;

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use shared::{
    api::{
        error::{ErrorBody, ErrorCode, ErrorView, FieldError},
        incident::NotValidated,
        plan::{PlanConflict, PlanRefused},
        report::EditConflict,
        session::{ProofWanted, ProofWay},
        status_brand::BrandView,
        status_page::StatusPageView,
    },
    domain::{access::Action, offer::Refusal, validation::OpenPoint},
    plan::{Diagnostic, Severity},
};
use store::StoreError;

/// Why a use case or a request gave no value. Cheap to move: the rest is behind a box.
#[derive(Debug)]
pub struct AppError(Box<Inner>);

#[derive(Debug)]
struct Inner {
    status: StatusCode,
    view: ErrorView,
    /// For the log only.
    cause: Option<String>,
    retry_after: Option<u64>,
}

/// The status that a use case refuses with; reading a request has its own for [`ErrorCode::Invalid`].
#[must_use]
pub fn status_of(code: ErrorCode) -> StatusCode {
    match code {
        ErrorCode::Invalid | ErrorCode::KeyReused => StatusCode::UNPROCESSABLE_ENTITY,
        ErrorCode::NotSignedIn | ErrorCode::WrongCredentials | ErrorCode::SecondFactorNeeded => {
            StatusCode::UNAUTHORIZED
        }
        ErrorCode::Forbidden | ErrorCode::ForeignOrigin | ErrorCode::ProofNeeded | ErrorCode::EnrolmentNeeded => {
            StatusCode::FORBIDDEN
        }
        ErrorCode::NotFound => StatusCode::NOT_FOUND,
        ErrorCode::NotNow
        | ErrorCode::TargetBusy
        | ErrorCode::EditConflict
        | ErrorCode::PlanChanged
        | ErrorCode::ContentChanged => StatusCode::CONFLICT,
        ErrorCode::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        ErrorCode::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
        ErrorCode::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        ErrorCode::ProviderSilent => StatusCode::BAD_GATEWAY,
        ErrorCode::Bug => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl AppError {
    /// With the code's own status.
    fn coded(code: ErrorCode, message: impl Into<String>) -> Self {
        Self::new(status_of(code), code, message)
    }

    fn new(status: StatusCode, code: ErrorCode, message: impl Into<String>) -> Self {
        Self(Box::new(Inner { status, view: ErrorView::new(code, message), cause: None, retry_after: None }))
    }

    fn caused(mut self, cause: impl Into<String>) -> Self {
        self.0.cause = Some(cause.into());
        self
    }

    /// One field is not as it must be.
    pub fn invalid(field: &str, message: impl Into<String>) -> Self {
        let message = message.into();
        let mut error = Self::coded(ErrorCode::Invalid, format!("Nothing was changed. {message}"));
        error.0.view.fields.push(FieldError { field: field.into(), message });
        error
    }

    /// As [`AppError::invalid`], for a sentence that does not name the field by itself.
    pub fn invalid_field(field: &str, message: impl Into<String>) -> Self {
        let mut error = Self::invalid(field, message);
        let said = error.0.view.fields.first().map(|f| f.message.clone()).unwrap_or_default();
        error.0.view.message = format!("Nothing was changed. {field}: {said}");
        error
    }

    /// The body, a path or a query cannot be read at all.
    pub fn malformed(field: Option<String>, message: impl Into<String>) -> Self {
        let message = message.into();
        let mut error = Self::new(StatusCode::BAD_REQUEST, ErrorCode::Invalid, message.clone());
        error.0.view.fields.extend(field.map(|field| FieldError { field, message }));
        error
    }

    pub fn wrong_content_type() -> Self {
        let message =
            "Muster reads JSON only: send the body with `Content-Type: application/json`. Nothing was changed.";
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, ErrorCode::Invalid, message)
    }

    pub fn wrong_method() -> Self {
        let message = "This address does not take that method. Nothing was changed.";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, ErrorCode::Invalid, message)
    }

    pub fn not_signed_in() -> Self {
        Self::coded(
            ErrorCode::NotSignedIn,
            "You are not signed in, or your session has ended. Sign in and try again; nothing was changed.",
        )
    }

    pub fn wrong_credentials() -> Self {
        Self::coded(
            ErrorCode::WrongCredentials,
            "No active account has this e-mail address and password. Check both and try again.",
        )
    }

    pub fn second_factor_needed(ways: Vec<ProofWay>) -> Self {
        let message = "The password is right. This account asks for a second proof that it is you.";
        Self::new(StatusCode::UNAUTHORIZED, ErrorCode::SecondFactorNeeded, message).asking(ways)
    }

    /// It never was one, was used or withdrawn, or has expired: which, nobody learns.
    pub fn link_closed() -> Self {
        let message = "This link does not open anything (any more): it was used, taken back, or is too old. Ask whoever sent it for a new one.";
        Self::new(StatusCode::NOT_FOUND, ErrorCode::NotFound, message)
    }

    /// A second step without a first one.
    pub fn begin_anew() -> Self {
        let message = "Begin again with e-mail and password: the first step was too long ago, or was not made here.";
        Self::new(StatusCode::UNAUTHORIZED, ErrorCode::WrongCredentials, message)
    }

    pub fn wrong_proof(way: ProofWay) -> Self {
        let message = match way {
            ProofWay::Password => "This is not your password. Nothing was done.",
            ProofWay::Code => {
                "This code does not fit, or was used before. Nothing was done; wait for the next one and try again."
            }
            ProofWay::RecoveryCode => "This is none of your unused recovery codes. Nothing was done.",
            ProofWay::Passkey => "This passkey did not prove that it is you. Nothing was done; try again.",
        };
        Self::new(StatusCode::UNAUTHORIZED, ErrorCode::WrongCredentials, message)
    }

    pub fn proof_needed(action: Action, ways: Vec<ProofWay>) -> Self {
        let message = if ways.is_empty() {
            format!(
                "To {} you must show anew that it is you, and this account has nothing to show: sign in again, or add a passkey or an authenticator app to your account. Nothing was done.",
                action.words()
            )
        } else {
            format!("To {} you must show anew that it is you. Nothing was done yet.", action.words())
        };
        Self::new(StatusCode::FORBIDDEN, ErrorCode::ProofNeeded, message).asking(ways)
    }

    pub fn enrolment_needed() -> Self {
        let message = "Your role asks for a second factor, and you have none yet. Add a passkey or an authenticator app under My account; then everything else opens. Nothing was done.";
        Self::new(StatusCode::FORBIDDEN, ErrorCode::EnrolmentNeeded, message)
    }

    fn asking(mut self, ways: Vec<ProofWay>) -> Self {
        self.0.view.details = serde_json::to_value(ProofWanted { ways }).ok();
        self
    }

    /// Unknown, expired, revoked, its owner gone: which, nobody learns.
    pub fn token_refused() -> Self {
        let message = "This token does not let in (any more): it is unknown, has expired or was revoked, or its owner has been deactivated. Nothing was done; make a new one.";
        Self::coded(ErrorCode::NotSignedIn, message)
    }

    pub fn token_may_not(action: Action) -> Self {
        Self::forbidden(format!("This token was not made to {}. Nothing was done; make one that may.", action.words()))
    }

    pub fn never_by_token(action: Action) -> Self {
        Self::forbidden(format!(
            "To {} one must show anew that it is oneself, which no token can. Nothing was done; sign in and do it yourself.",
            action.words()
        ))
    }

    pub fn not_by_token() -> Self {
        Self::forbidden("This takes the person themselves, not a token. Nothing was done; sign in and do it yourself.")
    }

    pub fn may_not(action: Action) -> Self {
        Self::forbidden(action.needs())
    }

    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::coded(ErrorCode::Forbidden, message)
    }

    pub fn foreign_origin(message: impl Into<String>) -> Self {
        Self::coded(ErrorCode::ForeignOrigin, message)
    }

    /// `what` as it reads in "There is no …".
    pub fn not_found(what: impl AsRef<str>) -> Self {
        Self::coded(ErrorCode::NotFound, format!("There is no {}.", what.as_ref()))
    }

    pub fn not_now(message: impl Into<String>) -> Self {
        Self::coded(ErrorCode::NotNow, message)
    }

    /// Resolving took a reason, and there was none.
    pub fn not_validated(refusal: &Refusal, open: &[OpenPoint]) -> Self {
        let mut error = Self::not_now(&refusal.message);
        error.0.view.details = serde_json::to_value(NotValidated { open_points: open.to_vec() }).ok();
        error
    }

    pub fn target_busy(message: impl Into<String>) -> Self {
        Self::coded(ErrorCode::TargetBusy, message)
    }

    pub fn content_changed(message: impl Into<String>) -> Self {
        Self::coded(ErrorCode::ContentChanged, message)
    }

    pub fn edit_conflict(conflict: &EditConflict) -> Self {
        let message = format!(
            "{} saved version {} while you were writing. Your text was not saved and not lost: both are below; join them and save again.",
            conflict.current_by, conflict.current
        );
        let mut error = Self::coded(ErrorCode::EditConflict, message);
        error.0.view.details = serde_json::to_value(conflict).ok();
        error
    }

    pub fn plan_changed(conflict: &PlanConflict) -> Self {
        let message = format!(
            "{} saved version {} while you were writing. Your text was not saved and not lost: compare both and save again.",
            conflict.current.imported_by, conflict.current.version
        );
        let mut error = Self::coded(ErrorCode::PlanChanged, message);
        error.0.view.details = serde_json::to_value(conflict).ok();
        error
    }

    pub fn layout_conflict(current: &StatusPageView) -> Self {
        let by = current.saved.as_ref().map_or("Somebody else".to_owned(), |saved| saved.by.to_string());
        let message = format!(
            "{by} saved another arrangement (version {}) while you were at it. Yours was not saved and not lost: look at theirs, then save again.",
            current.version
        );
        let mut error = Self::coded(ErrorCode::EditConflict, message);
        error.0.view.details = serde_json::to_value(current).ok();
        error
    }

    pub fn brand_conflict(current: &BrandView) -> Self {
        let by = current.saved.as_ref().map_or("Somebody else".to_owned(), |saved| saved.by.to_string());
        let message = format!(
            "{by} saved the page's name and language (version {}) while you were at it. Yours was not saved and not lost: look at theirs, then save again.",
            current.version
        );
        let mut error = Self::coded(ErrorCode::EditConflict, message);
        error.0.view.details = serde_json::to_value(current).ok();
        error
    }

    /// A text that has errors is no plan.
    pub fn plan_refused(diagnostics: Vec<Diagnostic>) -> Self {
        let mut errors = diagnostics.iter().filter(|d| d.severity == Severity::Error);
        let first = errors.next().map(|d| format!("Line {}: {}", d.line, d.message)).unwrap_or_default();
        let more = match errors.count() {
            0 => String::new(),
            n => format!(" ({n} more)"),
        };
        let mut error = Self::invalid("source", format!("This text has errors. {first}{more}"));
        error.0.view.details = serde_json::to_value(PlanRefused { diagnostics }).ok();
        error
    }

    pub fn key_reused() -> Self {
        let message = "This Idempotency-Key was already used for another request. Nothing was changed; send a new key for a new request.";
        Self::coded(ErrorCode::KeyReused, message)
    }

    /// What the database refused to keep, wherever it stood in the request.
    pub fn unstorable_text() -> Self {
        let message =
            "Nothing was changed. The text contains a NUL character, which cannot be kept; remove it and try again.";
        Self::coded(ErrorCode::Invalid, message)
    }

    pub fn too_large(limit: usize) -> Self {
        let message = format!("The body is larger than {} KiB. Nothing was changed; send less.", limit / 1024);
        Self::coded(ErrorCode::TooLarge, message)
    }

    pub fn file_too_large(limit: u64) -> Self {
        let message =
            format!("The file is larger than {} MiB. Nothing was kept; send a part of it.", limit / 1024 / 1024);
        Self::coded(ErrorCode::TooLarge, message)
    }

    pub fn too_many_requests(retry_after_seconds: u64) -> Self {
        let minutes = retry_after_seconds.div_ceil(60);
        let message = format!("Too many attempts to sign in. Wait {minutes} min and try again.");
        let mut error = Self::coded(ErrorCode::TooManyRequests, message);
        error.0.retry_after = Some(retry_after_seconds);
        error
    }

    pub fn unavailable(cause: impl Into<String>) -> Self {
        let message = "The database does not answer. Nothing was changed. Try again in a moment; if it lasts, check the Postgres that Muster uses.";
        let mut error = Self::coded(ErrorCode::Unavailable, message).caused(cause);
        error.0.retry_after = Some(2);
        error
    }

    /// The identity provider `name`; local accounts do not need it.
    pub fn provider_silent(name: &str, cause: impl Into<String>) -> Self {
        let message = format!(
            "{name} does not answer, so nobody can sign in by it now. You were not signed in. An account with a password in Muster works all the same."
        );
        Self::coded(ErrorCode::ProviderSilent, message).caused(cause)
    }

    /// What the identity provider said is not whole, or not meant for this sign-in.
    pub fn provider_unbelievable(name: &str, cause: impl Into<String>) -> Self {
        Self::forbidden(format!(
            "What {name} said about you cannot be believed, so you were not signed in. Begin again on the sign-in page; if it lasts, the audit log says why."
        ))
        .caused(cause)
    }

    /// Given up while waiting: the one failure that cannot say that nothing was changed.
    pub fn too_slow(seconds: u64) -> Self {
        let message = format!(
            "Muster did not get an answer from its database within {seconds} s and stopped waiting. Whether the change was made is not known: look before you repeat it."
        );
        Self::coded(ErrorCode::Unavailable, message).caused("a request took too long")
    }

    pub fn bug(cause: impl Into<String>) -> Self {
        let message = "Muster made a mistake and stopped before the end of this request; nothing it began was kept. The server's log says more.";
        Self::coded(ErrorCode::Bug, message).caused(cause)
    }

    #[must_use]
    pub fn code(&self) -> ErrorCode {
        self.0.view.code
    }

    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.view.message
    }

    /// What the log needs beside the message.
    #[must_use]
    pub fn cause(&self) -> Option<&str> {
        self.0.cause.as_deref()
    }

    /// The HTTP status, for callers that answer with something else than JSON.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.0.status
    }
}

impl From<StoreError> for AppError {
    fn from(error: StoreError) -> Self {
        match error {
            // Use cases say what is missing (`Found::found`); this is for a row that vanished in between.
            StoreError::NotFound => Self::not_found("such thing any more"),
            StoreError::Invalid(_) => Self::unstorable_text(),
            StoreError::Unavailable(cause) => Self::unavailable(cause),
            StoreError::Conflict(_) | StoreError::Fenced | StoreError::Corrupt(_) | StoreError::Bug(_) => {
                Self::bug(error.to_string())
            }
        }
    }
}

impl From<Refusal> for AppError {
    fn from(refusal: Refusal) -> Self {
        Self::not_now(refusal.message)
    }
}

/// Names what was looked for and is not there.
pub trait Found<T> {
    /// # Errors
    /// 404 naming `what`, if nothing was found.
    fn found(self, what: impl FnOnce() -> String) -> Result<T, AppError>;
}

impl<T> Found<T> for Result<T, StoreError> {
    fn found(self, what: impl FnOnce() -> String) -> Result<T, AppError> {
        self.map_err(|error| match error {
            StoreError::NotFound => AppError::not_found(what()),
            other => other.into(),
        })
    }
}

impl IntoResponse for AppError {
    fn into_response(self) -> Response {
        let Inner { status, view, cause, retry_after } = *self.0;
        if let Some(cause) = &cause {
            match status {
                StatusCode::BAD_GATEWAY => tracing::warn!(cause, "the identity provider does not answer"),
                StatusCode::SERVICE_UNAVAILABLE => tracing::warn!(cause, "the database does not answer"),
                _ => tracing::error!(cause, "a request failed"),
            }
        }
        let mut response = (status, Json(ErrorBody { error: view })).into_response();
        if let Some(seconds) = retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// A panic ends one request, not the server.
pub(crate) fn panicked(panic: Box<dyn Any + Send + 'static>) -> Response {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    AppError::bug(format!("panic: {}", text.unwrap_or("without a message"))).into_response()
}

/// The API never answers an error without its envelope, whoever made the error.
pub(crate) async fn enveloped(response: Response) -> Response {
    let status = response.status();
    let is_json =
        response.headers().get(header::CONTENT_TYPE).is_some_and(|t| t.as_bytes().starts_with(b"application/json"));
    if is_json || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    match status {
        StatusCode::NOT_FOUND => AppError::not_found("such address in the API").into_response(),
        StatusCode::METHOD_NOT_ALLOWED => {
            let mut enveloped = AppError::wrong_method().into_response();
            if let Some(allow) = response.headers().get(header::ALLOW) {
                enveloped.headers_mut().insert(header::ALLOW, allow.clone());
            }
            enveloped
        }
        _ if status.is_client_error() => {
            AppError::malformed(None, "This request cannot be read. Nothing was changed.").into_response()
        }
        // The only part that answers without an envelope is the session layer when it cannot save.
        _ => AppError::unavailable(format!("a layer answered {status}")).into_response(),
    }
}
