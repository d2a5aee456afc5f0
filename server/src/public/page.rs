//! One page as bytes: each way it is packed, their tags and a fixed set of headers, made once. Renders nothing and decides nothing.

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
use shared::domain::brand::PictureKind;

use super::negotiate::{Coding, already_has, coding};

/// The `Content-Security-Policy` of a page whose only inline part is one `<style>`, allowed by its hash.
#[derive(Clone, Debug)]
pub struct Policy(HeaderValue);

impl Policy {
    /// `style` is the exact text between `<style>` and `</style>`.
    #[must_use]
    pub fn for_style(style: &str) -> Self {
        Self::with(style, "'none'")
    }

    /// As [`Policy::for_style`], of a page whose form is sent to us.
    pub(crate) fn for_form(style: &str) -> Self {
        Self::with(style, "'self'")
    }

    fn with(style: &str, form: &str) -> Self {
        let hash = STANDARD.encode(Sha256::digest(style));
        let text = format!(
            "default-src 'none'; style-src 'self' 'sha256-{hash}'; script-src 'self'; connect-src 'self'; img-src 'self' data:; \
             base-uri 'none'; form-action {form}; frame-ancestors 'none'"
        );
        // Base64 and the text above are plain ASCII; a refusal would close the page up, not open it.
        Self(HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("default-src 'none'")))
    }
}

/// What programs read; each is for any site's scripts and pictures to fetch, since it says nothing that is not public.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Media {
    Json,
    Atom,
    Rss,
    Calendar,
    Svg,
}

impl Media {
    fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Json => "application/json; charset=utf-8",
            Self::Atom => "application/atom+xml; charset=utf-8",
            Self::Rss => "application/rss+xml; charset=utf-8",
            Self::Calendar => "text/calendar; charset=utf-8",
            Self::Svg => "image/svg+xml",
        })
    }
}

/// A prepared answer. Cloning headers and bytes is counting references.
#[derive(Clone, Debug)]
pub struct Page {
    status: StatusCode,
    plain: Encoded,
    gzip: Encoded,
    brotli: Encoded,
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
        let headers = [
            (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
            (header::CONTENT_SECURITY_POLICY, policy.0.clone()),
            (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
            (
                HeaderName::from_static("permissions-policy"),
                HeaderValue::from_static("camera=(), geolocation=(), microphone=()"),
            ),
        ];
        Self::new(status, html, HeaderMap::from_iter(headers))
    }

    /// For programs.
    pub(crate) fn file(media: Media, text: String) -> Self {
        let headers = [
            (header::CONTENT_TYPE, media.content_type()),
            // Opened by itself a picture is a document, too.
            (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'")),
            (header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")),
            (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("cross-origin")),
        ];
        Self::new(StatusCode::OK, text, HeaderMap::from_iter(headers))
    }

    /// A picture, whatever else its bytes may also be taken for: as its kind, and as nothing that could run.
    pub(crate) fn picture(kind: PictureKind, bytes: Bytes) -> Self {
        let headers = [
            (header::CONTENT_TYPE, HeaderValue::from_static(kind.media_type())),
            (
                header::CONTENT_SECURITY_POLICY,
                HeaderValue::from_static("default-src 'none'; sandbox; frame-ancestors 'none'"),
            ),
            (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("cross-origin")),
        ];
        Self::new(StatusCode::OK, bytes, HeaderMap::from_iter(headers))
    }

    fn new(status: StatusCode, text: impl Into<Bytes>, mut headers: HeaderMap) -> Self {
        let text = text.into();
        let digest = Sha256::digest(&text);
        let tag: String = digest.iter().take(12).map(|b| format!("{b:02x}")).collect();
        let cached = match status {
            StatusCode::OK => HeaderValue::from_static("public, max-age=0, must-revalidate"),
            _ => HeaderValue::from_static("no-store"),
        };
        headers.extend([
            (header::CACHE_CONTROL, cached),
            (header::VARY, HeaderValue::from_static("accept-encoding")),
            (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
            (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        ]);
        Self {
            status,
            gzip: Encoded::new(gzip(&text), &format!("{tag}-gz"), headers.clone()).packed("gzip"),
            brotli: Encoded::new(brotli(&text), &format!("{tag}-br"), headers.clone()).packed("br"),
            plain: Encoded::new(text, &tag, headers),
        }
    }

    /// The prepared bytes, or 304 to whoever has them already.
    #[must_use]
    pub fn respond(&self, request: &HeaderMap) -> Response {
        let encoded = match coding(request) {
            Coding::Brotli => &self.brotli,
            Coding::Gzip => &self.gzip,
            Coding::Plain => &self.plain,
        };
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

    /// As it is without compression.
    pub(crate) fn bytes(&self) -> Bytes {
        self.plain.body.clone()
    }

    pub(crate) fn media(&self) -> HeaderValue {
        self.plain.headers.get(header::CONTENT_TYPE).cloned().unwrap_or(HeaderValue::from_static("text/plain"))
    }

    pub(crate) fn text(&self) -> &str {
        // It was made of text.
        std::str::from_utf8(&self.plain.body).unwrap_or_default()
    }
}

impl Encoded {
    fn new(body: Bytes, tag: &str, mut headers: HeaderMap) -> Self {
        let etag = HeaderValue::try_from(format!("\"{tag}\"")).unwrap_or(HeaderValue::from_static("\"\""));
        headers.insert(header::ETAG, etag.clone());
        Self { body, etag, headers }
    }

    fn packed(mut self, coding: &'static str) -> Self {
        self.headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
        self
    }
}

fn gzip(bytes: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 3), Compression::best());
    let written = encoder.write_all(bytes).and_then(|()| encoder.finish());
    // Writing to memory has no way to fail.
    written.map(Bytes::from).unwrap_or_default()
}

/// The step after which more effort saves little: 100 KB of page take about 2 ms, as gzip does, and become a tenth smaller than by it.
const BROTLI_QUALITY: u32 = 6;
/// As logarithm: 256 KiB, more than a page has.
const BROTLI_WINDOW: u32 = 18;

fn brotli(bytes: &[u8]) -> Bytes {
    let mut packed = Vec::with_capacity(bytes.len() / 3);
    let mut encoder = brotli::CompressorWriter::new(&mut packed, 4096, BROTLI_QUALITY, BROTLI_WINDOW);
    let written = encoder.write_all(bytes);
    drop(encoder);
    // As above.
    written.map(|()| Bytes::from(packed)).unwrap_or_default()
}
