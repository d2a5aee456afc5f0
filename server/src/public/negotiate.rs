//! What a request's headers ask for: which encoding, and whether the reader already has these bytes. Knows nothing of pages.

use axum::http::{HeaderMap, HeaderValue, header};

/// How the bytes travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    Plain,
    Gzip,
    Brotli,
}

/// The smallest that the reader takes (RFC 9110: named or `*`, and not with `q=0`).
pub(crate) fn coding(headers: &HeaderMap) -> Coding {
    let (mut any, mut gzip, mut brotli) = (false, None, None);
    for value in headers.get_all(header::ACCEPT_ENCODING) {
        for item in value.to_str().unwrap_or_default().split(',') {
            let mut parts = item.split(';').map(str::trim);
            let name = parts.next().unwrap_or_default();
            let wanted = !parts.any(refuses);
            if name.eq_ignore_ascii_case("br") {
                brotli = Some(wanted);
            } else if name.eq_ignore_ascii_case("gzip") || name.eq_ignore_ascii_case("x-gzip") {
                gzip = Some(wanted);
            }
            any |= name == "*" && wanted;
        }
    }
    match (brotli.unwrap_or(any), gzip.unwrap_or(any)) {
        (true, _) => Coding::Brotli,
        (_, true) => Coding::Gzip,
        _ => Coding::Plain,
    }
}

fn refuses(parameter: &str) -> bool {
    parameter
        .strip_prefix("q=")
        .or_else(|| parameter.strip_prefix("Q="))
        .is_some_and(|q| q.trim().parse::<f32>().is_ok_and(|q| q <= 0.0))
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
    fn the_smallest_encoding_that_the_reader_takes() {
        let cases = [
            ("gzip, deflate, br, zstd", Coding::Brotli),
            ("br;q=0.1, gzip;q=0.8, *;q=0.1", Coding::Brotli),
            ("*", Coding::Brotli),
            ("BR", Coding::Brotli),
            ("GZIP", Coding::Gzip),
            ("gzip, deflate", Coding::Gzip),
            ("gzip, br;q=0", Coding::Gzip),
            ("*, br;q=0", Coding::Gzip),
            ("gzip;q=0, *", Coding::Brotli),
            ("gzip;q=0", Coding::Plain),
            ("*;q=0", Coding::Plain),
            ("gzip;q=0, br;q=0, *", Coding::Plain),
            ("", Coding::Plain),
            ("gzipped, bread", Coding::Plain),
        ];
        for (value, expected) in cases {
            assert_eq!(coding(&with(header::ACCEPT_ENCODING, value)), expected, "{value:?}");
        }
        assert_eq!(coding(&HeaderMap::new()), Coding::Plain);
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
