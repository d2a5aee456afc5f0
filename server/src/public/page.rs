//! One page as bytes: both encodings, their tags and a fixed set of headers, made once. Renders nothing and decides nothing.

use std::io::Write as _;

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::Response,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use sha2::{Digest as _, Sha256};

use super::negotiate::{already_has, takes_gzip};

/// The `Content-Security-Policy` of a page whose only inline part is one `<style>`, allowed by its hash.
#[derive(Clone, Debug)]
pub struct Policy(HeaderValue);

impl Policy {
    /// `style` is the exact text between `<style>` and `</style>`.
    #[must_use]
    pub fn for_style(style: &str) -> Self {
        let hash = STANDARD.encode(Sha256::digest(style));
        let text = format!(
            "default-src 'none'; style-src 'self' 'sha256-{hash}'; script-src 'self'; connect-src 'self'; img-src 'self' data:; \
             base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        );
        // Base64 and the text above are plain ASCII; a refusal would close the page up, not open it.
        Self(HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("default-src 'none'")))
    }
}

/// A prepared answer. Cloning headers and bytes is counting references.
#[derive(Clone, Debug)]
pub struct Page {
    status: StatusCode,
    plain: Encoded,
    gzip: Encoded,
}

#[derive(Clone, Debug)]
struct Encoded {
    body: Bytes,
    etag: HeaderValue,
    headers: HeaderMap,
}

impl Page {
    #[must_use]
    pub fn html(status: StatusCode, html: String, policy: &Policy) -> Self {
        let digest = Sha256::digest(&html);
        let tag: String = digest.iter().take(12).map(|b| format!("{b:02x}")).collect();
        let gzip = gzip(html.as_bytes());
        Self {
            status,
            plain: Encoded::new(html.into(), &tag, policy, status),
            gzip: Encoded::new(gzip, &format!("{tag}-gz"), policy, status).zipped(),
        }
    }

    /// The prepared bytes, or 304 to whoever has them already.
    #[must_use]
    pub fn respond(&self, request: &HeaderMap) -> Response {
        let encoded = if takes_gzip(request) { &self.gzip } else { &self.plain };
        let known = self.status == StatusCode::OK && already_has(request, &encoded.etag);
        let (status, body) = if known {
            (StatusCode::NOT_MODIFIED, Body::empty())
        } else {
            (self.status, Body::from(encoded.body.clone()))
        };
        let mut response = Response::new(body);
        *response.status_mut() = status;
        *response.headers_mut() = encoded.headers.clone();
        response
    }

    #[must_use]
    pub fn gzip_len(&self) -> usize {
        self.gzip.body.len()
    }

    #[cfg(test)]
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.plain.body).unwrap()
    }
}

impl Encoded {
    fn new(body: Bytes, tag: &str, policy: &Policy, status: StatusCode) -> Self {
        let etag = HeaderValue::try_from(format!("\"{tag}\"")).unwrap_or(HeaderValue::from_static("\"\""));
        let cached = match status {
            StatusCode::OK => HeaderValue::from_static("public, max-age=0, must-revalidate"),
            _ => HeaderValue::from_static("no-store"),
        };
        let headers = [
            (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
            (header::ETAG, etag.clone()),
            (header::CACHE_CONTROL, cached),
            (header::VARY, HeaderValue::from_static("accept-encoding")),
            (header::CONTENT_SECURITY_POLICY, policy.0.clone()),
            (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
            (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
            (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
            (
                HeaderName::from_static("permissions-policy"),
                HeaderValue::from_static("camera=(), geolocation=(), microphone=()"),
            ),
        ];
        Self { body, etag, headers: HeaderMap::from_iter(headers) }
    }

    fn zipped(mut self) -> Self {
        self.headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        self
    }
}

fn gzip(bytes: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 3), Compression::best());
    let written = encoder.write_all(bytes).and_then(|()| encoder.finish());
    // Writing to memory has no way to fail.
    written.map(Bytes::from).unwrap_or_default()
}
