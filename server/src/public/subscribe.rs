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

use super::{frame::Frame, page::Page};
use crate::{
    AppState,
    app::subscriber,
    auth::address::{self, Address},
    error::AppError,
};

/// More than any address with every component.
const FORM_LIMIT: usize = 64 * 1024;

/// What a page offers to press, if anything.
struct Press<'a> {
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
        .route("/subscribe/{token}", get(look).post(confirm))
        .route("/unsubscribe/{token}", get(leaving).post(leave))
        .layer(DefaultBodyLimit::max(FORM_LIMIT))
        .layer(from_fn_with_state(state.clone(), address::note))
}

/// What can be chosen, as the page shows it now.
fn components(state: &AppState) -> (String, Vec<(String, String)>) {
    let site = state.public.site();
    let snapshot = site.content.as_ref().map(|content| &content.snapshot);
    let title = snapshot.map_or_else(|| "Status".to_owned(), |s| s.title.clone());
    let components = snapshot.map(|s| s.components.iter().map(|c| (c.id.clone(), c.name.clone())).collect());
    (title, components.unwrap_or_default())
}

fn page(state: &AppState, status: StatusCode, template: &impl Template, request: &HeaderMap) -> Response {
    let html = template.render().unwrap_or_else(|error| {
        tracing::error!(%error, "a public page could not be rendered");
        String::new()
    });
    let mut response = Page::html(status, html, &state.public.site().frame.form_policy).respond(request);
    // Made for one.
    response.headers_mut().insert(axum::http::header::CACHE_CONTROL, axum::http::HeaderValue::from_static("no-store"));
    response
}

fn said(
    state: &AppState,
    request: &HeaderMap,
    status: StatusCode,
    (heading, text): (&str, &str),
    press: Option<Press<'_>>,
) -> Response {
    let (site, _) = components(state);
    page(state, status, &Said { frame: &state.public.site().frame, site: &site, heading, text, press }, request)
}

fn refused(state: &AppState, request: &HeaderMap, error: &AppError) -> Response {
    if let Some(cause) = error.cause() {
        tracing::warn!(cause, "a subscriber's request failed");
    }
    let text = "Your request could not be taken. Nothing was changed; try again in a moment.";
    said(state, request, error.status(), ("That did not work", text), None)
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
    if allowed.is_err() {
        let text = "Too much was asked from here, or for this address. Nothing was sent; try again in an hour.";
        return said(&state, &request, StatusCode::TOO_MANY_REQUESTS, ("Not so fast", text), None);
    }
    let known: Vec<_> = components(&state).1.into_iter().map(|(id, _)| id).collect();
    match subscriber::ask(&state, &email, &chosen, &known).await {
        Ok(()) => {
            let text = "If the address is right, a mail with a link is on its way to it. Updates come once you have followed that link; it serves for two days.";
            said(&state, &request, StatusCode::OK, ("Look into your mail", text), None)
        }
        Err(error) if error.status() == StatusCode::UNPROCESSABLE_ENTITY => {
            let why = error.message().trim_start_matches("Nothing was changed. ").to_owned();
            shown(&state, &request, error.status(), &email, Some(&why))
        }
        Err(error) => refused(&state, &request, &error),
    }
}

const TOO_LATE: (&str, &str) = (
    "This link does not confirm anything (any more)",
    "It was used, or is too old. If you get no updates, ask for them again.",
);

async fn look(State(state): State<AppState>, Path(token): Path<String>, request: HeaderMap) -> Response {
    match subscriber::to_confirm(&state.store, &token).await {
        Ok(true) => {
            let press = Press { to: format!("/subscribe/{token}"), words: "Yes, send me updates" };
            let text =
                "Press the button and updates come to your address from now on. Every mail has a link that ends it.";
            said(&state, &request, StatusCode::OK, ("Get updates by mail?", text), Some(press))
        }
        Ok(false) => said(&state, &request, StatusCode::NOT_FOUND, TOO_LATE, None),
        Err(error) => refused(&state, &request, &error),
    }
}

async fn confirm(State(state): State<AppState>, Path(token): Path<String>, request: HeaderMap) -> Response {
    match subscriber::confirm(&state.store, &token).await {
        Ok(true) => {
            let text = "Updates come to your address from now on. Every mail has a link that ends it.";
            said(&state, &request, StatusCode::OK, ("You get updates", text), None)
        }
        Ok(false) => said(&state, &request, StatusCode::NOT_FOUND, TOO_LATE, None),
        Err(error) => refused(&state, &request, &error),
    }
}

async fn leaving(State(state): State<AppState>, Path(token): Path<String>, request: HeaderMap) -> Response {
    let press = Press { to: format!("/unsubscribe/{token}"), words: "Stop the updates" };
    let text = "Press the button and no more mail comes. Your address is forgotten.";
    said(&state, &request, StatusCode::OK, ("Stop getting updates?", text), Some(press))
}

/// Also what mail programs ask by themselves when their button is pressed (RFC 8058).
async fn leave(State(state): State<AppState>, Path(token): Path<String>, request: HeaderMap) -> Response {
    match subscriber::leave(&state.store, &token).await {
        Ok(()) => {
            let text = "No more mail comes, and your address is forgotten here.";
            said(&state, &request, StatusCode::OK, ("You get no more updates", text), None)
        }
        Err(error) => refused(&state, &request, &error),
    }
}
