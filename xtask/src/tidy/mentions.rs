//! Who may speak of what inside the crates: the layer rules that a dependency list cannot express.

use super::{
    Finding, Source,
    source::{is_test_file, without_tests},
};

/// Below these paths, these words may not be used as code.
struct Rule {
    below: &'static str,
    except: &'static [&'static str],
    words: &'static [&'static str],
    why: &'static str,
}

const RULES: &[Rule] = &[
    Rule {
        below: "shared/src/",
        except: &[],
        words: &[
            "tokio::",
            "sqlx::",
            "axum::",
            "leptos::",
            "bollard::",
            "std::env",
            "std::fs",
            "std::net",
            "std::process",
        ],
        why: "shared is pure: no I/O, no database, no framework",
    },
    Rule {
        below: "shared/src/",
        except: &[],
        words: &[
            "SystemTime::now",
            "Instant::now",
            "OffsetDateTime::now_utc",
            "OffsetDateTime::now_local",
            "Uuid::now_v7",
            "Uuid::new_v4",
        ],
        why: "shared reads no clock and makes no ids: the caller passes them in",
    },
    Rule {
        below: "store/src/",
        except: &[],
        words: &["axum::", "leptos::", "bollard::"],
        why: "store knows SQL and nothing above it",
    },
    Rule {
        below: "outgoing/src/",
        except: &[],
        words: &["sqlx::", "axum::", "bollard::", "TcpListener", "std::env", "std::fs"],
        why: "outgoing asks other machines and knows nothing of what is asked",
    },
    Rule {
        below: "server/src/",
        except: &[],
        words: &["bollard::", "worker::"],
        why: "the server never touches a host",
    },
    Rule {
        below: "server/src/",
        except: &[],
        words: &["sqlx::", "\"SELECT ", "\"INSERT INTO ", "\"UPDATE ", "\"DELETE FROM ", "\"WITH "],
        why: "SQL lives in store",
    },
    Rule {
        below: "server/src/routes/",
        except: &[],
        words: &[".begin("],
        why: "routes translate; use cases in app open the transaction",
    },
    Rule { below: "server/src/app/", except: &[], words: &["axum::"], why: "a use case never sees a request" },
    Rule {
        below: "worker/src/",
        except: &[],
        words: &["axum::", "leptos::", "TcpListener"],
        why: "the worker listens on nothing",
    },
    Rule {
        below: "worker/src/",
        // They ask the database that is recovered, or one that was restored on trial, by psql in its container.
        except: &["worker/src/resolve/measure.rs", "worker/src/verify/dump.rs"],
        words: &["sqlx::", "\"SELECT ", "\"INSERT INTO ", "\"UPDATE ", "\"DELETE FROM "],
        why: "SQL lives in store",
    },
    Rule {
        below: "worker/src/",
        except: &["worker/src/host/docker.rs", "worker/src/host/docker/"],
        words: &["bollard::"],
        why: "only host/docker.rs speaks to Docker",
    },
    Rule {
        below: "web/src/",
        except: &[],
        words: &["store::", "server::", "sqlx::", "worker::"],
        why: "the console knows only shared",
    },
];

pub(super) fn check(source: &Source) -> Vec<Finding> {
    if is_test_file(&source.path) {
        return Vec::new();
    }
    let code = without_tests(&source.text);
    let rules = RULES.iter().filter(|rule| {
        source.path.starts_with(rule.below) && !rule.except.iter().any(|path| source.path.starts_with(path))
    });
    let mut found = Vec::new();
    for rule in rules {
        for (line, number) in code.lines().zip(1..) {
            if let Some(word) = rule.words.iter().find(|word| speaks_of(line, word)) {
                let what = format!("speaks of `{}`: {}", word.trim_matches(['"', ' ']), rule.why);
                found.push(Finding::broken(format!("{}:{number}", source.path), what));
            }
        }
    }
    found
}

/// True if the word is used as code on this line: not in a comment, not as the end of a longer name.
fn speaks_of(line: &str, word: &str) -> bool {
    let code = line.split_once("// ").map_or(line, |(code, _)| code);
    if code.trim_start().starts_with("//") {
        return false;
    }
    let used = |word: &str| {
        code.match_indices(word).any(|(at, _)| {
            let before = code[..at].chars().next_back();
            // A crate's name begins a path; a type's name may end one.
            let part_of_longer =
                before.is_some_and(|c| c.is_alphanumeric() || c == '_' || (c == ':' && word.ends_with("::")));
            !word.starts_with(char::is_alphabetic) || !part_of_longer
        })
    };
    // `use sqlx;` and `use {sqlx, ...}` name it without a path.
    let bare = word
        .strip_suffix("::")
        .is_some_and(|name| code.trim() == format!("use {name};") || code.contains(&format!("use {name} as")));
    bare || used(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(path: &str, text: &str) -> Vec<String> {
        check(&Source { path: path.into(), text: text.into() }).into_iter().map(|finding| finding.place).collect()
    }

    #[test]
    fn each_layer_is_kept_apart() {
        let cases = [
            ("shared/src/a.rs", "use tokio::fs;"),
            ("shared/src/a.rs", "let now = std::time::SystemTime::now();"),
            ("server/src/a.rs", "use bollard::Docker;"),
            ("server/src/a.rs", "sqlx::query(\"x\")"),
            ("server/src/a.rs", "run(r\"SELECT 1\")"),
            ("server/src/routes/a.rs", "store.begin().await"),
            ("server/src/app/a.rs", "use axum::Json;"),
            ("worker/src/steps/a.rs", "bollard::Docker::connect()"),
            ("worker/src/a.rs", "tokio::net::TcpListener::bind(x)"),
            ("web/src/a.rs", "use store::Store;"),
        ];
        for (path, text) in cases {
            assert_eq!(places(path, text), [format!("{path}:1")], "{text}");
        }
    }

    #[test]
    fn comments_tests_longer_names_and_the_right_places_are_free() {
        let cases = [
            ("shared/src/a.rs", "// never uses tokio::fs"),
            ("shared/src/a.rs", "//! No sqlx:: here."),
            ("shared/src/a.rs", "fn f() {}\n#[cfg(test)]\nmod tests {\n    use std::fs;\n}"),
            ("shared/src/a/tests.rs", "use std::fs;"),
            ("worker/src/host/docker.rs", "use bollard::Docker;"),
            ("server/src/a.rs", "crate::datastore::open()"),
            ("web/src/a.rs", "use crate::app_server::x;"),
            ("store/src/a.rs", "sqlx::query(\"SELECT 1\")"),
        ];
        for (path, text) in cases {
            assert!(places(path, text).is_empty(), "{path}: {text}");
        }
    }
}
