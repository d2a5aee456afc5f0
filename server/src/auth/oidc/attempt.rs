//! A sign-in on its way: kept in the database under the digest of a short-lived cookie, taken once. Knows no provider.

use serde::{Deserialize, Serialize};
use shared::{digest::Digest, hex};
use store::Store;

use super::provider::Secrets;
use crate::error::AppError;

/// How long somebody may take at the provider.
pub const COOKIE_SECONDS: i32 = 600;

/// Beside the session's cookie and laxer: it comes along when the provider sends the browser back, the session's must not.
#[must_use]
pub fn cookie_name(https: bool) -> &'static str {
    if https { "__Host-muster-sign-in" } else { "muster_sign_in" }
}

#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Attempt {
    pub(super) secrets: Secrets,
    pub(super) next: String,
    /// What the database knows the session by that this browser had, signed in or not.
    pub(super) before: Option<String>,
}

fn key(cookie: &str) -> String {
    Digest::of(format!("sign-in attempt {cookie}").as_bytes()).to_string()
}

impl Attempt {
    /// The cookie's value.
    pub(super) async fn keep(&self, store: &Store) -> Result<String, AppError> {
        let cookie = hex::encode(&rand::random::<[u8; 32]>());
        let content = serde_json::to_value(self).map_err(|e| AppError::bug(e.to_string()))?;
        store.sign_in_attempt_add(&key(&cookie), &content, COOKIE_SECONDS).await?;
        Ok(cookie)
    }

    pub(super) async fn take(store: &Store, cookie: &str) -> Result<Option<Self>, AppError> {
        let content = store.sign_in_attempt_take(&key(cookie)).await?;
        content.map(|content| serde_json::from_value(content).map_err(|e| AppError::bug(e.to_string()))).transpose()
    }
}

/// Where somebody wanted to go, if that is in the console.
pub(super) fn inside(next: Option<&str>) -> String {
    let base = url::Url::parse("https://muster.invalid/");
    let console = |path: &str| {
        let rest = path.strip_prefix("/console");
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let odd = |c: char| c.is_control() || c == '\\';
    let wanted = next.filter(|next| next.starts_with("/console") && next.len() <= 1024 && !next.contains(odd));
    // As a browser would read it.
    let read = wanted.zip(base.ok()).and_then(|(next, base)| {
        let url = base.join(next).ok()?;
        (url.origin() == base.origin() && console(url.path())).then(|| url[url::Position::BeforePath..].to_owned())
    });
    read.unwrap_or_else(|| "/console".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_only_goes_on_to_a_page_of_the_console() {
        let fine = ["/console", "/console/", "/console/incidents/7?tab=x#y", "/console/a//b"];
        for next in fine {
            assert_eq!(inside(Some(next)), next);
        }
        let elsewhere = [
            "https://evil.example/console",
            "//evil.example/console",
            "/\\evil.example/console",
            "/console\\..\\..",
            "/console/../api/v1/session",
            "/console/..//evil.example",
            "/console/%2e%2e/login",
            "/consolex",
            "/console@evil.example",
            "javascript:alert(1)",
            "/login",
            "",
            "/console/\u{0}",
            "/console\n//evil.example",
        ];
        for next in elsewhere {
            assert_eq!(inside(Some(next)), "/console", "{next:?}");
        }
        assert_eq!(inside(Some(&format!("/console/{}", "x".repeat(2000)))), "/console");
        assert_eq!(inside(None), "/console");
    }
}
