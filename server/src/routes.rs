//! HTTP ↔ use cases, one noun per file: take a permit, read the input, call `app`, answer. No rule, no transaction.

pub(crate) mod account;
pub(crate) mod alert;
pub(crate) mod answered;
pub(crate) mod audit;
pub(crate) mod contact;
pub(crate) mod drill;
pub(crate) mod events;
pub(crate) mod file;
pub(crate) mod follow_up;
pub(crate) mod health;
pub(crate) mod incident;
pub(crate) mod inspection;
pub(crate) mod links;
pub(crate) mod maintenance;
pub(crate) mod monitor;
pub(crate) mod notice;
pub(crate) mod output;
pub(crate) mod people;
pub(crate) mod plan;
pub(crate) mod post;
pub(crate) mod readiness;
pub(crate) mod report;
pub(crate) mod role;
pub(crate) mod room;
pub(crate) mod run;
pub(crate) mod secret;
pub(crate) mod session;
pub(crate) mod sign_in;
pub(crate) mod standing_order;
pub(crate) mod statistics;
pub(crate) mod status_page;
pub(crate) mod subscriber;
pub(crate) mod system;
pub(crate) mod task;
pub(crate) mod token;
pub(crate) mod verification;

use axum::Json;

use crate::error::AppError;

/// What most routes answer.
type Answer<T> = Result<Json<T>, AppError>;
