//! Where what we link comes from: crates.io with a checksum, and of what security hangs on one version only. Needs no network; what
//! is known against a version is looked up by `cargo xtask supply`.

use super::Finding;
use crate::lock::Locked;

const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Crates of which a second version would be a second, perhaps forgotten, place where a hole is.
const ONCE: &[&str] = &[
    "ammonia",
    "axum",
    "bollard",
    "cookie",
    "curve25519-dalek",
    "ed25519-dalek",
    "html5ever",
    "http",
    "hyper",
    "pulldown-cmark",
    "reqwest",
    "ring",
    "rustls",
    "rustls-webpki",
    "sqlx",
    "subtle",
    "tokio",
    "tower-sessions",
    "url",
];

/// Crates that stay out: C libraries with a history that Rust ones replace here, and what has no keeper any more.
const NEVER: &[&str] = &["native-tls", "openssl", "openssl-sys", "serde_yaml", "yaml-rust"];

pub(super) fn check(locked: &[Locked]) -> Vec<Finding> {
    let mut found = Vec::new();
    for package in locked {
        let place = || format!("Cargo.lock: {} {}", package.name, package.version);
        match (package.source.as_deref(), &package.checksum) {
            // Ours.
            (None, None) | (Some(CRATES_IO), Some(_)) => {}
            (Some(CRATES_IO), None) => found.push(Finding::broken(place(), "has no checksum")),
            (source, _) => found.push(Finding::broken(
                place(),
                format!("comes from {}; only crates.io is allowed", source.unwrap_or("nowhere")),
            )),
        }
        if NEVER.contains(&package.name.as_str()) {
            found.push(Finding::broken(place(), "is a crate that stays out; see tidy/supply.rs"));
        }
    }
    for name in ONCE {
        let versions: Vec<&str> =
            locked.iter().filter(|package| package.name == *name).map(|package| package.version.as_str()).collect();
        if versions.len() > 1 {
            let what = format!("is there {} times ({}); one version only", versions.len(), versions.join(", "));
            found.push(Finding::broken(format!("Cargo.lock: {name}"), what));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, version: &str, source: Option<&str>, checksum: Option<&str>) -> Locked {
        let text = |value: Option<&str>| value.map(str::to_owned);
        Locked { name: name.into(), version: version.into(), source: text(source), checksum: text(checksum) }
    }

    #[test]
    fn foreign_sources_missing_checksums_and_doubles_are_found() {
        let good = [
            package("shared", "0.1.0", None, None),
            package("rustls", "0.23.1", Some(CRATES_IO), Some("00")),
            package("rand", "0.8.0", Some(CRATES_IO), Some("00")),
            package("rand", "0.9.0", Some(CRATES_IO), Some("00")),
        ];
        assert!(check(&good).is_empty());
        let bad = [
            package("a", "1.0.0", Some("git+https://example.org/a#1"), None),
            package("b", "1.0.0", Some("registry+https://example.org/index"), Some("00")),
            package("c", "1.0.0", Some(CRATES_IO), None),
            package("openssl-sys", "0.9.0", Some(CRATES_IO), Some("00")),
            package("rustls", "0.22.0", Some(CRATES_IO), Some("00")),
            package("rustls", "0.23.0", Some(CRATES_IO), Some("00")),
        ];
        let found = check(&bad);
        let places: Vec<&str> = found.iter().map(|finding| finding.place.trim_start_matches("Cargo.lock: ")).collect();
        assert_eq!(places, ["a 1.0.0", "b 1.0.0", "c 1.0.0", "openssl-sys 0.9.0", "rustls"]);
        assert!(found.iter().all(|finding| finding.fails));
    }
}
