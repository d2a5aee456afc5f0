//! Addresses of the public site → prepared bytes. Mounted outside the session layer; renders nothing.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Path, Request, State, rejection::PathRejection},
    http::HeaderMap,
    response::Response,
    routing::get,
};

use super::{live::live, pages::PublicPages};

type Pages = State<Arc<PublicPages>>;
type Number = Result<Path<String>, PathRejection>;

/// Handlers take the request whole: the extractor of headers alone would copy them all for every visitor.
pub fn router(pages: Arc<PublicPages>) -> Router {
    Router::new()
        .route("/", get(home))
        .route("/history", get(history))
        .route("/incidents/{number}", get(incident))
        .route("/incidents/{number}/report", get(report))
        .route("/live", get(live))
        .with_state(pages)
}

async fn home(State(pages): Pages, request: Request) -> Response {
    pages.site().home.respond(request.headers())
}

async fn history(State(pages): Pages, request: Request) -> Response {
    pages.site().history.respond(request.headers())
}

async fn incident(State(pages): Pages, number: Number, request: Request) -> Response {
    let site = pages.site();
    match parse(number).and_then(|n| site.incidents.get(&n)) {
        Some(page) => page.respond(request.headers()),
        None => missing(&pages, request.headers()),
    }
}

async fn report(State(pages): Pages, number: Number, request: Request) -> Response {
    let site = pages.site();
    match parse(number).and_then(|n| site.reports.get(&n)) {
        Some(page) => page.respond(request.headers()),
        None => missing(&pages, request.headers()),
    }
}

/// Before the first refresh nothing can be called missing.
fn missing(pages: &PublicPages, request: &HeaderMap) -> Response {
    let site = pages.site();
    if site.content.is_none() { site.home.respond(request) } else { pages.not_found(request) }
}

/// Only the canonical spelling: one page, one address.
fn parse(number: Number) -> Option<i64> {
    let Path(text) = number.ok()?;
    text.parse().ok().filter(|n: &i64| n.to_string() == text)
}
