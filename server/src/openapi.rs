//! The API described by itself: what each handler takes and answers is read from its types, so the description cannot say
//! something else than the code does. What no type says, the refusals of use cases, stands in the table of routes.

mod describe;
mod document;
mod listing;
mod operation;

use std::sync::OnceLock;

use axum::extract::State;
use http::{HeaderValue, header};
use serde_json::Value;

pub(crate) use self::describe::describe;
pub use self::{
    listing::listing,
    operation::{Api, Operation, Schemas},
};
use crate::{
    AppState,
    answer::{As, OpenApi},
    auth::session::cookie_name,
    config::PublicUrl,
    router,
};

/// Every operation there is, in the order of the router.
#[must_use]
pub fn api() -> &'static Api {
    static API: OnceLock<Api> = OnceLock::new();
    API.get_or_init(router::described)
}

/// The `OpenAPI` 3.1 document of a server with this public address.
#[must_use]
pub fn document(public_url: &PublicUrl) -> Value {
    document::document(api(), &public_url.origin(), cookie_name(public_url.is_https()))
}

/// For everybody: it says nothing that the source does not.
pub(crate) async fn show(State(state): State<AppState>) -> As<OpenApi> {
    let text = document(&state.settings.public_url).to_string();
    As::new(text).with(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"))
}
