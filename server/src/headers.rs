//! Security headers that every answer carries unless it brings its own. Prepared public pages bring theirs.

use axum::{Router, extract::State, middleware::map_response_with_state, response::Response};
use http::{HeaderName, HeaderValue, header};

use crate::AppState;

const DEFAULTS: [(HeaderName, HeaderValue); 7] = [
    // What is not a page loads nothing; pages set their own policy.
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"),
    ),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    // For scanners and browsers that do not know `frame-ancestors`.
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static("camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    ),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
];

/// Around everything but the prepared pages.
pub(crate) fn secured(routes: Router<AppState>, state: &AppState) -> Router<AppState> {
    routes.layer(map_response_with_state(state.clone(), defaults))
}

async fn defaults(State(state): State<AppState>, mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in &DEFAULTS {
        headers.entry(name).or_insert_with(|| value.clone());
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    transport(&state, response)
}

/// Under https browsers are told to stay there.
pub(crate) async fn strict_transport(State(state): State<AppState>, response: Response) -> Response {
    transport(&state, response)
}

pub(crate) fn transport(state: &AppState, mut response: Response) -> Response {
    if state.settings.public_url.is_https() {
        let always = HeaderValue::from_static("max-age=63072000; includeSubDomains");
        response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, always);
    }
    response
}
