//! Every answer that a test sees from the API must be one that its description names; and pictures of the API that are
//! committed, for people to read. Asks nothing by itself.

use std::fmt::Write as _;

use http::Method;
use server::openapi;
use shared::api::error::{ErrorBody, ErrorCode};

use crate::testnet::root;

/// # Panics
/// If the description of the operation that was asked does not name such an answer. `body` is absent if it was not read.
pub fn assert_described(method: &str, path: &str, status: u16, body: Option<&str>) {
    let Ok(method) = method.parse::<Method>() else { return };
    // What no operation is asked by (wrong method, no such address) is not described.
    let Some(operation) = openapi::api().operations.iter().find(|one| one.is_asked_by(&method, path)) else { return };
    let refused = status >= 400;
    let code: Option<ErrorCode> = body
        .filter(|_| refused)
        .and_then(|text| serde_json::from_str::<ErrorBody>(text).ok())
        .map(|body| body.error.code);
    let fits = match (refused, body, code) {
        (false, _, _) => operation.may_answer(status, None),
        (true, None, _) => operation.refusals.contains_key(&status),
        (true, Some(_), Some(code)) => operation.may_answer(status, Some(code)),
        (true, Some(_), None) => false,
    };
    assert!(
        fits,
        "{method} {path} answered {status} {code:?}, which the description of {} does not name",
        operation.id
    );
}

/// # Panics
/// If the picture is not the one that stands in `tests/it/`; with the lines that differ, and how to commit it if it is meant.
pub fn assert_committed(name: &str, picture: &str) {
    let path = root().join("tests/it").join(name);
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    if committed == picture {
        return;
    }
    let mut differs = String::new();
    for line in committed.lines().filter(|line| !picture.lines().any(|other| other == *line)) {
        let _ = writeln!(differs, "- {line}");
    }
    for line in picture.lines().filter(|line| !committed.lines().any(|other| other == *line)) {
        let _ = writeln!(differs, "+ {line}");
    }
    let found = root().join("target").join(name);
    let kept = std::fs::write(&found, picture).is_ok();
    let hint = if kept { format!(" If that is meant: cp target/{name} tests/it/{name}") } else { String::new() };
    panic!("tests/it/{name} shows something else (order matters too):\n{differs}\n{hint}");
}
