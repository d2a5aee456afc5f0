//! The page that loads the console: one HTML shell for `/login` and everything under `/console`. Knows no route of the console.

use askama::Template;
use axum::{
    Router,
    extract::State,
    response::{Html, IntoResponse, Response},
    routing::get,
};
use http::{HeaderName, HeaderValue, StatusCode, header};

use crate::{AppState, assets, error::AppError};

#[derive(Template)]
#[template(path = "shell.html")]
struct Shell<'a> {
    nonce: &'a str,
    css: Vec<String>,
    boot: String,
    js: String,
    wasm: String,
}

#[derive(Template)]
#[template(path = "unbuilt.html")]
struct Unbuilt {
    directory: String,
}

pub(crate) fn router() -> Router<AppState> {
    Router::new()
        .route("/login", get(shell))
        .route("/join", get(shell))
        .route("/console", get(shell))
        .route("/console/", get(shell))
        .route("/console/{*rest}", get(shell))
}

async fn shell(State(state): State<AppState>) -> Result<Response, AppError> {
    let nonce = format!("{:032x}", rand::random::<u128>());
    let (status, page) = match state.assets.manifest() {
        Ok(manifest) => {
            let shell = Shell {
                nonce: &nonce,
                css: manifest.css.iter().map(|name| assets::address(name)).collect(),
                boot: assets::address(&manifest.boot),
                js: assets::address(&manifest.js),
                wasm: assets::address(&manifest.wasm),
            };
            (StatusCode::OK, shell.render())
        }
        Err(error) => {
            let directory = state.assets.directory().display().to_string();
            tracing::warn!(%error, directory, "the console is not built");
            (StatusCode::SERVICE_UNAVAILABLE, Unbuilt { directory }.render())
        }
    };
    let page = page.map_err(|e| AppError::bug(format!("the shell cannot be rendered: {e}")))?;
    let headers: [(HeaderName, HeaderValue); 2] = [
        (header::CONTENT_SECURITY_POLICY, policy(&nonce)?),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((status, headers, Html(page)).into_response())
}

/// Scripts of ours or with this page's nonce; WASM may be compiled; nothing inline, nothing from elsewhere.
fn policy(nonce: &str) -> Result<HeaderValue, AppError> {
    let text = format!(
        "default-src 'none'; script-src 'self' 'nonce-{nonce}' 'wasm-unsafe-eval'; style-src 'self'; connect-src 'self'; \
         img-src 'self' data:; font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    );
    HeaderValue::try_from(text).map_err(|e| AppError::bug(e.to_string()))
}
