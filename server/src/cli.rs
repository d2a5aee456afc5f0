//! The commands: arguments in, exit code out. 0 is fine, 1 means that the thing checked is not, 2 is wrong usage or configuration.

pub(crate) mod audit;
pub(crate) mod audit_report;
pub(crate) mod backup;
mod database;
pub(crate) mod openapi;
mod output;
pub(crate) mod plan;
pub(crate) mod role;
pub(crate) mod secrets;
pub(crate) mod serve;
pub(crate) mod status;
pub(crate) mod user;

use std::process::ExitCode;

use server::{config::ConfigError, error::AppError};
use shared::api::error::ErrorCode;

pub(crate) use output::{message, result};

pub(crate) type Done = Result<ExitCode, Failure>;

/// Why a command ended early, and with which code.
#[derive(Debug)]
pub(crate) struct Failure {
    code: u8,
    message: String,
}

impl Failure {
    /// The thing asked about is not fine.
    pub(crate) fn not_fine(message: impl Into<String>) -> Self {
        Self { code: 1, message: message.into() }
    }

    /// Usage, configuration or surroundings are wrong.
    pub(crate) fn wrong(message: impl Into<String>) -> Self {
        Self { code: 2, message: message.into() }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::wrong(error.to_string())
    }
}

impl From<AppError> for Failure {
    fn from(error: AppError) -> Self {
        let message = match error.cause() {
            Some(cause) => format!("{} ({cause})", error.message()),
            None => error.message().to_owned(),
        };
        match error.code() {
            ErrorCode::Invalid | ErrorCode::Unavailable => Self::wrong(message),
            _ => Self::not_fine(message),
        }
    }
}

pub(crate) fn failed(failure: &Failure) -> ExitCode {
    message(&failure.message);
    ExitCode::from(failure.code)
}
