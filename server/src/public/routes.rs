//! Addresses of the public site → prepared bytes. Mounted outside the session layer; renders nothing.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Path, Request, State, rejection::PathRejection},
    http::HeaderMap,
    response::{IntoResponse as _, Response},
    routing::get,
};

use super::{history, live::live, page::Page, pages::PublicPages};
use crate::error::AppError;

type Pages = State<Arc<PublicPages>>;
/// A part of an address, as it was written.
type Part = Result<Path<String>, PathRejection>;

/// Handlers take the request whole: the extractor of headers alone would copy them all for every visitor.
pub fn router(pages: Arc<PublicPages>) -> Router {
    Router::new()
        .route("/", get(home))
        .route("/history", get(history))
        .route("/history/{month}", get(month))
        .route("/history/{month}/{part}", get(month_part))
        .route("/incidents/{number}", get(incident))
        .route("/incidents/{number}/report", get(report))
        .route("/maintenance/{number}", get(maintenance))
        .route("/calendar.ics", get(calendar))
        .route("/live", get(live))
        .route("/logo", get(logo))
        .route("/feed.atom", get(feed))
        .route("/feed.rss", get(rss))
        .route("/badge.svg", get(badge))
        .route("/badge/{file}", get(component_badge))
        .route("/api/v2/{name}", get(api))
        .route("/api/v2/{list}/{name}", get(api_part))
        .with_state(pages)
}

async fn home(State(pages): Pages, request: Request) -> Response {
    pages.site().home.respond(request.headers())
}

async fn history(State(pages): Pages, request: Request) -> Response {
    pages.site().history.respond(request.headers())
}

async fn month(State(pages): Pages, month: Part, request: Request) -> Response {
    let of = month.ok().and_then(|Path(month)| history::parse(&month, None));
    one_month(&pages, of, request.headers())
}

async fn month_part(
    State(pages): Pages,
    of: Result<Path<(String, String)>, PathRejection>,
    request: Request,
) -> Response {
    let of = of.ok().and_then(|Path((month, part))| history::parse(&month, Some(&part)));
    one_month(&pages, of, request.headers())
}

fn one_month(pages: &PublicPages, of: Option<(i32, u8, usize)>, request: &HeaderMap) -> Response {
    let site = pages.site();
    one(pages, of.and_then(|of| pages.month(&site, of)).as_deref(), request)
}

async fn incident(State(pages): Pages, number: Part, request: Request) -> Response {
    let site = pages.site();
    match parse(number).and_then(|n| pages.incident(&site, n)) {
        Some(page) => page.respond(request.headers()),
        None => missing(&pages, request.headers()),
    }
}

async fn report(State(pages): Pages, number: Part, request: Request) -> Response {
    let site = pages.site();
    match parse(number).and_then(|n| pages.report(&site, n)) {
        Some(page) => page.respond(request.headers()),
        None => missing(&pages, request.headers()),
    }
}

async fn logo(State(pages): Pages, request: Request) -> Response {
    one(&pages, pages.site().logo.as_ref(), request.headers())
}

async fn maintenance(State(pages): Pages, number: Part, request: Request) -> Response {
    let site = pages.site();
    one(&pages, parse(number).and_then(|n| pages.maintenance(&site, n)).as_deref(), request.headers())
}

async fn calendar(State(pages): Pages, request: Request) -> Response {
    one(&pages, pages.site().machine.calendar.as_ref(), request.headers())
}

async fn feed(State(pages): Pages, request: Request) -> Response {
    one(&pages, pages.site().machine.feed.as_ref(), request.headers())
}

async fn rss(State(pages): Pages, request: Request) -> Response {
    one(&pages, pages.site().machine.rss.as_ref(), request.headers())
}

async fn badge(State(pages): Pages, request: Request) -> Response {
    one(&pages, pages.site().machine.badge.as_ref(), request.headers())
}

async fn component_badge(State(pages): Pages, file: Part, request: Request) -> Response {
    let site = pages.site();
    let name = file.ok().and_then(|Path(file)| file.strip_suffix(".svg").map(str::to_owned));
    one(&pages, name.and_then(|name| site.machine.badges.get(&name)), request.headers())
}

async fn api(State(pages): Pages, name: Part, request: Request) -> Response {
    let name = name.map(|Path(name)| name).unwrap_or_default();
    for_programs(&pages, &name, &request)
}

async fn api_part(
    State(pages): Pages,
    name: Result<Path<(String, String)>, PathRejection>,
    request: Request,
) -> Response {
    let name = name.map(|Path((list, name))| format!("{list}/{name}")).unwrap_or_default();
    for_programs(&pages, &name, &request)
}

/// What is missing under `/api` is said as everywhere under `/api`.
fn for_programs(pages: &PublicPages, name: &str, request: &Request) -> Response {
    let site = pages.site();
    match site.machine.api.get(name) {
        Some(page) => page.respond(request.headers()),
        None if site.content.is_none() => site.home.respond(request.headers()),
        None => AppError::not_found(format!("address {} in this API", request.uri().path())).into_response(),
    }
}

fn one(pages: &PublicPages, page: Option<&Page>, request: &HeaderMap) -> Response {
    page.map_or_else(|| missing(pages, request), |page| page.respond(request))
}

/// Before the first refresh nothing can be called missing.
fn missing(pages: &PublicPages, request: &HeaderMap) -> Response {
    let site = pages.site();
    if site.content.is_none() { site.home.respond(request) } else { pages.not_found(request) }
}

/// Only the canonical spelling: one page, one address.
fn parse(number: Part) -> Option<i64> {
    let Path(text) = number.ok()?;
    text.parse().ok().filter(|n: &i64| n.to_string() == text)
}
