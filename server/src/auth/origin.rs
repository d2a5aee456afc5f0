//! Writes must come from Muster's own pages or say so: `Sec-Fetch-Site` and `Origin` are both checked, and bodies must be JSON.
//! Reads must not come from pages of somebody else. Knows nothing of sessions.

use axum::{
    body::{Body, HttpBody as _},
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, Method, header};
use shared::domain::actor::Actor;

use crate::{
    AppState,
    auth::{address::Address, bearer, denied},
    error::AppError,
};

const INTAKE: &str = "/api/v1/intake/";

/// The middleware of the whole API.
pub async fn guard(State(state): State<AppState>, request: Request<Body>, next: Next) -> Response {
    let origin = state.settings.public_url.origin();
    if is_read(request.method()) {
        return match check_reader(request.headers(), &origin) {
            Ok(()) => next.run(request).await,
            Err(said) => AppError::foreign_origin(said).into_response(),
        };
    }
    // No page of another site can send a token along, and where there is one the cookie does not count.
    // Whoever sends alerts is known by the key in the address, and by nothing that a browser would add.
    if request.uri().path().starts_with(INTAKE) {
        return next.run(request).await;
    }
    let checked = match bearer::of(request.headers()) {
        Some(_) => Ok(()),
        None => check_origin(request.headers(), &origin).map_err(AppError::foreign_origin),
    };
    if let Err(refused) = checked {
        let address = Address::of(request.extensions());
        let object = denied::asked(request.method(), request.uri().path());
        return match denied::record_unknown(&state, &Actor::Anonymous, "request.foreign", object, address).await {
            Ok(()) => refused.into_response(),
            Err(error) => error.into_response(),
        };
    }
    let upload = is_upload(request.uri().path());
    if let Err(error) = check_content_type(request.headers(), !request.body().is_end_stream(), upload) {
        return error.into_response();
    }
    next.run(request).await
}

/// Methods that change nothing.
#[must_use]
pub fn is_read(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

fn text(headers: &HeaderMap, name: impl header::AsHeaderName) -> Option<&str> {
    // What is not text, or says two things, is not one of those we accept.
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    Some(if values.next().is_some() { "(several)" } else { value.to_str().unwrap_or("(not text)") })
}

/// # Errors
/// A sentence for whoever sent it.
fn check_origin(headers: &HeaderMap, public_origin: &str) -> Result<(), String> {
    let site = text(headers, "sec-fetch-site");
    let origin = text(headers, header::ORIGIN);
    let scripts = || format!("Scripts must send the header `Origin: {public_origin}`.");
    match site {
        None | Some("same-origin" | "none") => {}
        Some(other) => {
            return Err(format!("This request came from another site (Sec-Fetch-Site: {other}). Nothing was changed."));
        }
    }
    match origin {
        Some(origin) if is_ours(origin, public_origin, text(headers, header::HOST)) => Ok(()),
        Some(origin) => Err(format!(
            "This request came from {origin}, not from Muster's own pages. Nothing was changed. {}",
            scripts()
        )),
        // A browser that sends Sec-Fetch-Site and no Origin on a write has been told by its user to hide the origin.
        None if site.is_some() => Ok(()),
        None => Err(format!("This request does not say where it came from. Nothing was changed. {}", scripts())),
    }
}

/// Browsers let no page of somebody else read our answers; it need not even make us think of one, nor hold a stream of events open.
/// A link from elsewhere may be followed. Programs, which say nothing of all this, are known by their session only.
///
/// # Errors
/// A sentence for whoever sent it.
fn check_reader(headers: &HeaderMap, public_origin: &str) -> Result<(), String> {
    let site = text(headers, "sec-fetch-site").filter(|site| !matches!(*site, "same-origin" | "none"));
    let followed = text(headers, "sec-fetch-mode") == Some("navigate");
    if let Some(site) = site.filter(|_| !followed) {
        return Err(format!("This request came from another site (Sec-Fetch-Site: {site}), which may not read this."));
    }
    match text(headers, header::ORIGIN) {
        Some(origin) if !is_ours(origin, public_origin, text(headers, header::HOST)) => {
            Err(format!("This request came from {origin}, not from Muster's own pages, and may not read this."))
        }
        _ => Ok(()),
    }
}

/// Muster's public address, or the very host the request was sent to (another name for it, a port of a test).
fn is_ours(origin: &str, public_origin: &str, host: Option<&str>) -> bool {
    if origin == public_origin {
        return true;
    }
    let https = origin.strip_prefix("https://");
    // Behind https, what came over plain http may have been written by anybody on the way.
    let authority =
        if public_origin.starts_with("https://") { https } else { https.or(origin.strip_prefix("http://")) };
    authority.is_some() && authority == host
}

/// Takes a file as its body. Browsers ask before they send such a body from elsewhere, as they do for JSON.
#[must_use]
pub fn is_upload(path: &str) -> bool {
    path.starts_with("/api/v1/incidents/") && path.ends_with("/files")
}

fn check_content_type(headers: &HeaderMap, has_body: bool, upload: bool) -> Result<(), AppError> {
    let essence =
        text(headers, header::CONTENT_TYPE).map(|t| t.split(';').next().unwrap_or(t).trim().to_ascii_lowercase());
    match essence.as_deref() {
        Some("application/json") => Ok(()),
        Some("application/octet-stream") if upload => Ok(()),
        None if !has_body => Ok(()),
        _ => Err(AppError::wrong_content_type()),
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(k, v)| (HeaderName::from_static(k), HeaderValue::from_static(v))).collect()
    }

    #[test]
    fn origins() {
        let ours = "https://muster.example";
        let cases: [(&[(&str, &str)], bool); 15] = [
            (&[], false),
            (&[("origin", "https://muster.example")], true),
            (&[("origin", "https://muster.example"), ("sec-fetch-site", "same-origin")], true),
            (&[("origin", "https://muster.example"), ("sec-fetch-site", "none")], true),
            (&[("origin", "https://muster.example"), ("sec-fetch-site", "cross-site")], false),
            (&[("origin", "https://muster.example"), ("sec-fetch-site", "same-site")], false),
            (&[("sec-fetch-site", "same-origin")], true),
            (&[("sec-fetch-site", "cross-site")], false),
            (&[("origin", "null")], false),
            (&[("origin", "null"), ("sec-fetch-site", "same-origin")], false),
            (&[("origin", "https://evil.example")], false),
            (&[("origin", "http://muster.example")], false),
            (&[("origin", "https://127.0.0.1:4711"), ("host", "127.0.0.1:4711")], true),
            (&[("origin", "https://127.0.0.1:4711"), ("host", "127.0.0.1:4712")], false),
            (&[("origin", "http://muster.example"), ("host", "muster.example")], false),
        ];
        for (given, expected) in cases {
            let checked = check_origin(&headers(given), ours);
            assert_eq!(checked.is_ok(), expected, "{given:?}: {checked:?}");
        }
        let by_port = headers(&[("origin", "http://127.0.0.1:4711"), ("host", "127.0.0.1:4711")]);
        assert!(check_origin(&by_port, "http://localhost:8080").is_ok(), "plain http has no better");
        assert!(check_origin(&headers(&[]), ours).unwrap_err().contains("Origin: https://muster.example"));
    }

    #[test]
    fn bodies_are_json() {
        let cases = [
            (Some("application/json"), true, true),
            (Some("application/json; charset=utf-8"), true, true),
            (Some("Application/JSON"), true, true),
            (Some("text/plain"), true, false),
            (Some("application/x-www-form-urlencoded"), false, false),
            (None, true, false),
            (None, false, true),
            (Some("application/octet-stream"), true, false),
        ];
        for (content_type, has_body, expected) in cases {
            let given = content_type.map(|t| headers(&[("content-type", t)])).unwrap_or_default();
            assert_eq!(check_content_type(&given, has_body, false).is_ok(), expected, "{content_type:?} {has_body}");
        }
        for (content_type, expected) in
            [("application/octet-stream", true), ("image/png", false), ("multipart/form-data", false)]
        {
            let taken = check_content_type(&headers(&[("content-type", content_type)]), true, true);
            assert_eq!(taken.is_ok(), expected, "{content_type} as a file");
        }
        assert!(is_upload("/api/v1/incidents/1/files") && !is_upload("/api/v1/incidents/1/notes"));
    }
}
