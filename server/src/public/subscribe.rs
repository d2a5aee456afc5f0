//! The pages on which strangers ask for updates by mail, confirm it, and leave. They answer the same whether an address is known;
//! opening a link changes nothing.

use askama::Template;
use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Path, State},
    http::{HeaderMap, StatusCode},
    middleware::from_fn_with_state,
    response::Response,
    routing::get,
};
use std::time::Instant;

use shared::domain::outbox::Channel;

use super::{
    frame::Frame,
    page::Page,
    subscribe_hook,
    texts::{Said as Words, Subscribing},
};
use crate::{
    AppState,
    app::subscriber,
    auth::address::{self, Address},
    error::AppError,
};

/// More than any address with every component.
const FORM_LIMIT: usize = 64 * 1024;

/// What a page offers to press, if anything.
pub(super) struct Press<'a> {
    to: String,
    words: &'a str,
}

#[derive(Template)]
#[template(path = "subscribe_said.html")]
struct Said<'a> {
    frame: &'a Frame,
    site: &'a str,
    heading: &'a str,
    text: &'a str,
    press: Option<Press<'a>>,
}

#[derive(Template)]
#[template(path = "subscribe.html")]
struct Form<'a> {
    frame: &'a Frame,
    site: &'a str,
    components: Vec<(String, String)>,
    email: &'a str,
    wrong: Option<&'a str>,
}

/// Nothing is here without a mail server.
pub(crate) fn router(state: &AppState) -> Router<AppState> {
    if state.settings.mail.is_none() {
        return Router::new();
    }
    Router::new()
        .route("/subscribe", get(form).post(ask))
        .route("/subscribe/webhook", get(subscribe_hook::form).post(subscribe_hook::ask))
        .route("/subscribe/{token}", get(look).post(confirm))
        .route("/unsubscribe/{token}", get(leaving).post(leave))
        .layer(DefaultBodyLimit::max(FORM_LIMIT))
        .layer(from_fn_with_state(state.clone(), address::note))
}

/// What can be chosen, as the page shows it now.
pub(super) fn components(state: &AppState) -> (String, Vec<(String, String)>) {
    let site = state.public.site();
    let snapshot = site.content.as_ref().map(|content| &content.snapshot);
    let title = snapshot.map_or_else(|| "Status".to_owned(), |s| s.title.clone());
    let components = snapshot.map(|s| s.components.iter().map(|c| (c.id.clone(), c.name.clone())).collect());
    (title, components.unwrap_or_default())
}

pub(super) fn texts(state: &AppState) -> &'static Subscribing {
    &state.public.site().frame.t.subscribing
}

pub(super) fn page(state: &AppState, status: StatusCode, template: &impl Template, request: &HeaderMap) -> Response {
    let html = template.render().unwrap_or_else(|error| {
        tracing::error!(%error, "a public page could not be rendered");
        String::new()
    });
    let mut response = Page::html(status, html, &state.public.site().frame.form_policy).respond(request);
    // Made for one.
    response.headers_mut().insert(axum::http::header::CACHE_CONTROL, axum::http::HeaderValue::from_static("no-store"));
    response
}

pub(super) fn said(
    state: &AppState,
    request: &HeaderMap,
    status: StatusCode,
    (heading, text): Words,
    press: Option<Press<'_>>,
) -> Response {
    let (site, _) = components(state);
    page(state, status, &Said { frame: &state.public.site().frame, site: &site, heading, text, press }, request)
}

pub(super) fn refused(state: &AppState, request: &HeaderMap, error: &AppError) -> Response {
    if let Some(cause) = error.cause() {
        tracing::warn!(cause, "a subscriber's request failed");
    }
    said(state, request, error.status(), texts(state).failed, None)
}

async fn form(State(state): State<AppState>, request: HeaderMap) -> Response {
    shown(&state, &request, StatusCode::OK, "", None)
}

fn shown(state: &AppState, request: &HeaderMap, status: StatusCode, email: &str, wrong: Option<&str>) -> Response {
    let (site, components) = components(state);
    page(state, status, &Form { frame: &state.public.site().frame, site: &site, components, email, wrong }, request)
}

async fn ask(State(state): State<AppState>, from: Address, request: HeaderMap, body: Bytes) -> Response {
    let (mut email, mut chosen) = (String::new(), vec![]);
    for (key, value) in url::form_urlencoded::parse(&body) {
        match &*key {
            "email" => email = value.into_owned(),
            "component" => chosen.push(value.into_owned()),
            _ => {}
        }
    }
    let throttles = &state.throttles;
    let now = Instant::now();
    // By who asks, and by whom it is asked for: nobody's box is filled by strangers.
    let allowed = throttles.subscribe.attempt(&from.key(), now);
    let allowed = allowed.and_then(|()| throttles.subscribed.attempt(&email.trim().to_lowercase(), now));
    let t = texts(&state);
    if allowed.is_err() {
        return said(&state, &request, StatusCode::TOO_MANY_REQUESTS, t.too_much, None);
    }
    let known: Vec<_> = components(&state).1.into_iter().map(|(id, _)| id).collect();
    let wrong = if Channel::Email.address(&email).is_err() {
        Some(t.wrong_address)
    } else {
        chosen.iter().any(|id| !known.contains(id)).then_some(t.wrong_component)
    };
    if wrong.is_some() {
        return shown(&state, &request, StatusCode::UNPROCESSABLE_ENTITY, &email, wrong);
    }
    match subscriber::ask(&state, &email, &chosen, &known).await {
        Ok(()) => said(&state, &request, StatusCode::OK, t.asked, None),
        Err(error) => refused(&state, &request, &error),
    }
}

async fn look(State(state): State<AppState>, Path(token): Path<String>, request: HeaderMap) -> Response {
    let t = texts(&state);
    match subscriber::to_confirm(&state.store, &token).await {
        Ok(true) => {
            let press = Press { to: format!("/subscribe/{token}"), words: t.confirm_button };
            said(&state, &request, StatusCode::OK, t.confirm, Some(press))
        }
        Ok(false) => said(&state, &request, StatusCode::NOT_FOUND, t.too_late, None),
        Err(error) => refused(&state, &request, &error),
    }
}

async fn confirm(State(state): State<AppState>, Path(token): Path<String>, request: HeaderMap) -> Response {
    let t = texts(&state);
    match subscriber::confirm(&state.store, &token).await {
        Ok(true) => said(&state, &request, StatusCode::OK, t.confirmed, None),
        Ok(false) => said(&state, &request, StatusCode::NOT_FOUND, t.too_late, None),
        Err(error) => refused(&state, &request, &error),
    }
}

async fn leaving(State(state): State<AppState>, Path(token): Path<String>, request: HeaderMap) -> Response {
    let t = texts(&state);
    let press = Press { to: format!("/unsubscribe/{token}"), words: t.leave_button };
    said(&state, &request, StatusCode::OK, t.leave, Some(press))
}

/// Also what mail programs ask by themselves when their button is pressed (RFC 8058).
async fn leave(State(state): State<AppState>, Path(token): Path<String>, request: HeaderMap) -> Response {
    match subscriber::leave(&state.store, &token).await {
        Ok(()) => said(&state, &request, StatusCode::OK, texts(&state).left, None),
        Err(error) => refused(&state, &request, &error),
    }
}
