//! The pages behind the link in a call: what is asked, and a button. They work without script and without signing in; reading them
//! answers nothing. Who posts and wants no page gets JSON.

use askama::Template;
use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, State},
    middleware::from_fn_with_state,
    response::{Html, IntoResponse as _, Response},
    routing::{get, post},
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::json;

use crate::{
    AppState,
    app::answered::{self, Answering, Stands},
    assets,
    auth::address::{self, Address},
    error::AppError,
};

#[derive(Template)]
#[template(path = "answer.html")]
struct Page<'a> {
    css: Vec<String>,
    seen: Option<&'a Answering>,
    refused: Option<&'a str>,
}

impl Page<'_> {
    fn waits(&self) -> bool {
        self.seen.is_some_and(|seen| matches!(seen.stands, Stands::Waits | Stands::Taken))
    }
}

pub(crate) fn pages(state: &AppState) -> Router<AppState> {
    Router::new()
        .route("/answer/{token}", get(look).post(answer))
        .layer(axum::extract::DefaultBodyLimit::max(1024))
        .route("/answer-mail", post(mailed))
        .layer(from_fn_with_state(state.clone(), address::note))
}

async fn look(
    State(state): State<AppState>,
    address: Address,
    Path(token): Path<String>,
) -> Result<Response, AppError> {
    let seen = answered::look(&state, address, &token).await;
    page(&state, seen)
}

async fn answer(
    State(state): State<AppState>,
    address: Address,
    headers: HeaderMap,
    Path(token): Path<String>,
) -> Result<Response, AppError> {
    let seen = answered::answer(&state, address, &token).await;
    let wants_page = headers
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"));
    if wants_page {
        return page(&state, seen);
    }
    let seen = seen?;
    let answered = matches!(seen.stands, Stands::Answered(_));
    Ok(Json(json!({"answered": answered, "name": seen.name, "subject": seen.subject})).into_response())
}

/// A mail as it came in, handed over by the mail server: whoever answers a call's mail has answered the call.
async fn mailed(State(state): State<AppState>, address: Address, mail: Bytes) -> Result<Response, AppError> {
    let seen = answered::answer_mail(&state, address, &String::from_utf8_lossy(&mail)).await?;
    let answered = matches!(seen.stands, Stands::Answered(_));
    Ok(Json(json!({"answered": answered, "name": seen.name, "subject": seen.subject})).into_response())
}

fn page(state: &AppState, seen: Result<Answering, AppError>) -> Result<Response, AppError> {
    let (status, seen, refused) = match &seen {
        Ok(seen) => (StatusCode::OK, Some(seen), None),
        Err(error) => (error.status(), None, Some(error.message())),
    };
    let css = state.assets.manifest().map(|m| m.css.iter().map(|name| assets::address(name)).collect());
    let page = Page { css: css.unwrap_or_default(), seen, refused }.render();
    let page = page.map_err(|e| AppError::bug(format!("the page cannot be rendered: {e}")))?;
    let headers = [
        (
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static(
                "default-src 'none'; style-src 'self'; img-src data:; font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
            ),
        ),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((status, headers, Html(page)).into_response())
}
