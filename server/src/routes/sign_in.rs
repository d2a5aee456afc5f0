//! Signing in by an identity provider: what ways there are, leaving for it, and the pages one comes back to. What an answer of the
//! provider is worth is the door's business.

use askama::Template;
use axum::{
    Json, Router,
    extract::{Query, State},
    response::{Html, IntoResponse as _, Response},
    routing::get,
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use shared::api::session::{DepartIn, Departed, Ways};
use tower_sessions::Session;

use crate::{
    AppState,
    answer::WithCookie,
    assets,
    auth::{
        address::Address,
        device::Device,
        oidc::{self, COOKIE_SECONDS, Callback, cookie_name, provider::CALLBACK},
        session,
    },
    error::AppError,
    extract::Body,
};

#[derive(Template)]
#[template(path = "arrived.html")]
struct Page<'a> {
    css: Vec<String>,
    /// Where to go on to.
    next: Option<&'a str>,
    /// Why one cannot.
    refused: Option<&'a str>,
}

/// The pages that the provider sends people back to.
pub(crate) fn pages(state: &AppState) -> Router<AppState> {
    let https = state.settings.public_url.is_https();
    Router::new().route(CALLBACK, get(arrive)).layer(session::layer(state.store.clone(), https))
}

pub(crate) async fn ways(State(state): State<AppState>) -> Json<Ways> {
    Json(Ways { provider: state.provider.as_ref().map(|provider| provider.name().to_owned()) })
}

pub(crate) async fn depart(
    State(state): State<AppState>,
    session: Session,
    address: Address,
    Body(input): Body<DepartIn>,
) -> Result<WithCookie<Departed>, AppError> {
    let departure = oidc::depart(&state, &session, address, input.next.as_deref()).await?;
    let cookie = set_cookie(&state, &departure.cookie, COOKIE_SECONDS)?;
    Ok(WithCookie(cookie, Departed { address: departure.address }))
}

/// Nobody's own page asked for this: the session's cookie, which is strict, has not come along, the sign-in's has. So the session
/// begins here, and the page that is answered goes on by itself, which browsers count as a step within Muster.
async fn arrive(
    State(state): State<AppState>,
    session: Session,
    address: Address,
    device: Device,
    headers: HeaderMap,
    callback: Result<Query<Callback>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, AppError> {
    let name = cookie_name(state.settings.public_url.is_https());
    let cookie = cookie(&headers, name);
    let callback = callback.map_or_else(|_| Callback::default(), |Query(callback)| callback);
    let arrived = oidc::arrive(&state, &session, (address, device), cookie, callback).await;
    let (status, next, refused) = match &arrived {
        Ok(arrival) => (StatusCode::OK, Some(arrival.next.as_str()), None),
        Err(error) => {
            if let Some(cause) = error.cause() {
                tracing::warn!(cause, "a sign-in by the identity provider failed");
            }
            (error.status(), None, Some(error.message()))
        }
    };
    let css = state.assets.manifest().map(|m| m.css.iter().map(|name| assets::address(name)).collect());
    let page = Page { css: css.unwrap_or_default(), next, refused }.render();
    let page = page.map_err(|e| AppError::bug(format!("the page cannot be rendered: {e}")))?;
    let headers = [
        (
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static(
                "default-src 'none'; style-src 'self'; img-src data:; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
            ),
        ),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::SET_COOKIE, set_cookie(&state, "", 0)?),
    ];
    Ok((status, headers, Html(page)).into_response())
}

fn set_cookie(state: &AppState, value: &str, seconds: i32) -> Result<HeaderValue, AppError> {
    let https = state.settings.public_url.is_https();
    let secure = if https { "; Secure" } else { "" };
    let name = cookie_name(https);
    let text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}");
    HeaderValue::try_from(text).map_err(|e| AppError::bug(e.to_string()))
}

/// One value or none: a second cookie of the name was put there by somebody else.
fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut ours = all
        .flat_map(|text| text.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(key, _)| *key == name);
    let (_, value) = ours.next()?;
    ours.next().is_none().then_some(value)
}
