//! What a request's headers ask for: how packed, and whether the reader already has these bytes. Knows nothing of pages.

use axum::http::{HeaderMap, HeaderValue, header};

/// How an answer's bytes are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    Brotli,
    Gzip,
    Plain,
}

/// What the reader likes best of what there is (RFC 9110, 12.5.3): the highest weight, of equal ones the smallest bytes. Who says nothing
/// gets plain bytes.
pub(crate) fn coding(headers: &HeaderMap) -> Coding {
    let (mut brotli, mut gzip, mut plain, mut others) = (None, None, None, None);
    for value in headers.get_all(header::ACCEPT_ENCODING) {
        for item in value.to_str().unwrap_or_default().split(',') {
            let mut parts = item.split(';').map(str::trim);
            let name = parts.next().unwrap_or_default().to_ascii_lowercase();
            let weight = parts.find_map(weight).unwrap_or(1.0);
            match &*name {
                "br" => brotli = Some(weight),
                "gzip" | "x-gzip" => gzip = Some(weight),
                "identity" => plain = Some(weight),
                "*" => others = Some(weight),
                _ => {}
            }
        }
    }
    let of = |named: Option<f32>| named.or(others).unwrap_or(0.0);
    // Plain bytes are always taken, but nobody prefers them unless they say so.
    let plain = plain.unwrap_or(0.0);
    let (best, weight) = if of(brotli) >= of(gzip) { (Coding::Brotli, of(brotli)) } else { (Coding::Gzip, of(gzip)) };
    if weight > 0.0 && weight >= plain { best } else { Coding::Plain }
}

/// What cannot be read as a weight is not wanted.
fn weight(parameter: &str) -> Option<f32> {
    let q = parameter.strip_prefix("q=").or_else(|| parameter.strip_prefix("Q="))?;
    Some(q.trim().parse::<f32>().ok().filter(|q| (0.0..=1.0).contains(q)).unwrap_or(0.0))
}

/// True if `If-None-Match` names this tag; weak comparison, as the RFC asks.
pub(crate) fn already_has(headers: &HeaderMap, etag: &HeaderValue) -> bool {
    let tag = etag.as_bytes();
    headers.get_all(header::IF_NONE_MATCH).iter().any(|value| {
        value
            .as_bytes()
            .split(|b| *b == b',')
            .map(<[u8]>::trim_ascii)
            .any(|t| t == b"*" || t.strip_prefix(b"W/").unwrap_or(t) == tag)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: header::HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    #[test]
    fn everybody_gets_what_they_like_best() {
        use Coding::{Brotli, Gzip, Plain};
        let cases = [
            ("gzip, deflate, br, zstd", Brotli),
            ("br;q=1.0, gzip;q=0.8, *;q=0.1", Brotli),
            ("br;q=0.5, gzip;q=0.8", Gzip),
            ("*", Brotli),
            ("gzip, *;q=0.5", Gzip),
            ("GZIP", Gzip),
            ("x-gzip", Gzip),
            ("Br", Brotli),
            ("gzip;q=0", Plain),
            ("gzip;q=0, *", Brotli),
            ("br;q=0, *", Gzip),
            ("br;q=0, gzip", Gzip),
            ("*;q=0", Plain),
            ("identity, gzip;q=0.5", Plain),
            ("identity;q=0.5, gzip", Gzip),
            ("deflate", Plain),
            ("", Plain),
            ("gzipped", Plain),
            ("br;q=many", Plain),
            ("br;q=NaN", Plain),
        ];
        for (value, expected) in cases {
            assert_eq!(coding(&with(header::ACCEPT_ENCODING, value)), expected, "{value:?}");
        }
        assert_eq!(coding(&HeaderMap::new()), Plain);
    }

    #[test]
    fn tags_are_compared_whole() {
        let tag = HeaderValue::from_static("\"ab\"");
        for (value, expected) in [
            ("\"ab\"", true),
            ("W/\"ab\"", true),
            ("\"x\", \"ab\"", true),
            ("*", true),
            ("\"abc\"", false),
            ("ab", false),
        ] {
            assert_eq!(already_has(&with(header::IF_NONE_MATCH, value), &tag), expected, "{value:?}");
        }
    }
}
