//! The page on which strangers ask for updates by webhook. It answers the same whether an address is known; what follows is between
//! Muster and the receiver.

use std::time::Instant;

use askama::Template;
use axum::{
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use shared::domain::outbox::Channel;

use super::{
    frame::Frame,
    subscribe::{components, page, refused, said, texts},
};
use crate::{AppState, app::subscriber, auth::address::Address};

#[derive(Template)]
#[template(path = "subscribe_hook.html")]
struct Form<'a> {
    frame: &'a Frame,
    site: &'a str,
    components: Vec<(String, String)>,
    address: &'a str,
    wrong: Option<&'a str>,
    /// Shown once, when it was asked.
    key: Option<&'a str>,
}

pub(super) async fn form(State(state): State<AppState>, request: HeaderMap) -> Response {
    shown(&state, &request, StatusCode::OK, ("", None, None))
}

fn shown(
    state: &AppState,
    request: &HeaderMap,
    status: StatusCode,
    (address, wrong, key): (&str, Option<&str>, Option<&str>),
) -> Response {
    let (site, components) = components(state);
    page(
        state,
        status,
        &Form { frame: &state.public.site().frame, site: &site, components, address, wrong, key },
        request,
    )
}

pub(super) async fn ask(State(state): State<AppState>, from: Address, request: HeaderMap, body: Bytes) -> Response {
    let (mut address, mut chosen) = (String::new(), vec![]);
    for (key, value) in url::form_urlencoded::parse(&body) {
        match &*key {
            "url" => address = value.into_owned(),
            "component" => chosen.push(value.into_owned()),
            _ => {}
        }
    }
    let (t, throttles, now) = (texts(&state), &state.throttles, Instant::now());
    // However it is spelled.
    let place = url::Url::parse(address.trim()).map_or_else(|_| address.trim().to_owned(), |url| url.to_string());
    let allowed = throttles.subscribe.attempt(&from.key(), now);
    let allowed = allowed.and_then(|()| throttles.subscribed.attempt(&place, now));
    if allowed.is_err() {
        return said(&state, &request, StatusCode::TOO_MANY_REQUESTS, t.too_much, None);
    }
    let known: Vec<_> = components(&state).1.into_iter().map(|(id, _)| id).collect();
    let wrong = if Channel::Webhook.address(&address).is_err() || url::Url::parse(address.trim()).is_err() {
        Some(t.hook_wrong)
    } else {
        chosen.iter().any(|id| !known.contains(id)).then_some(t.wrong_component)
    };
    if wrong.is_some() {
        return shown(&state, &request, StatusCode::UNPROCESSABLE_ENTITY, (&address, wrong, None));
    }
    match subscriber::ask_by_webhook(&state, &address, &chosen, &known).await {
        Ok(key) => shown(&state, &request, StatusCode::OK, ("", None, Some(&key))),
        Err(error) => refused(&state, &request, &error),
    }
}
