//! The console's built files: their names from the manifest, and serving them. Builds nothing, and works without them.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use axum::{
    Router,
    extract::Request,
    middleware::{Next, from_fn},
    response::IntoResponse as _,
    response::Response,
};
use http::{HeaderValue, header};
use serde::Deserialize;
use tower_http::services::ServeDir;

use crate::AppState;

/// `manifest.json`, as the build writes it: file names that carry a hash of what they hold.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Manifest {
    pub js: String,
    pub wasm: String,
    /// Starts the console by itself.
    pub boot: String,
    pub css: Vec<String>,
    /// By the name without the hash.
    #[serde(default)]
    pub r#static: BTreeMap<String, String>,
}

#[derive(Debug)]
pub struct Assets {
    directory: PathBuf,
}

impl Assets {
    #[must_use]
    pub fn new(directory: PathBuf) -> Self {
        Self { directory }
    }

    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Read anew each time: the console may be built again while the server runs.
    ///
    /// # Errors
    /// If it is not there or not readable.
    pub fn manifest(&self) -> std::io::Result<Manifest> {
        let text = std::fs::read_to_string(self.directory.join("manifest.json"))?;
        Ok(serde_json::from_str(&text)?)
    }
}

/// Where a file of the manifest is served.
#[must_use]
pub fn address(name: &str) -> String {
    format!("/assets/{name}")
}

/// `/assets/…`
pub(crate) fn router(state: &AppState) -> Router<AppState> {
    let files = ServeDir::new(state.assets.directory()).precompressed_gzip().append_index_html_on_directories(false);
    Router::new().nest_service("/assets", files).layer(from_fn(cache))
}

/// What carries its hash in its name never changes; a missing file is said to be missing only for now.
async fn cache(request: Request, next: Next) -> Response {
    let name = request.uri().path().rsplit('/').next().unwrap_or_default();
    if name.starts_with('.') || name == "manifest.json" {
        // What the build keeps beside the files for itself.
        return http::StatusCode::NOT_FOUND.into_response();
    }
    let hashed = is_hashed(request.uri().path());
    let mut response = next.run(request).await;
    let found = response.status().is_success() || response.status() == http::StatusCode::NOT_MODIFIED;
    let policy = match (found, hashed) {
        (true, true) => "public, max-age=31536000, immutable",
        (true, false) => "no-cache",
        (false, _) => "no-store",
    };
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(policy));
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    response
}

/// `console-1f2e3d4c5b6a.js`
fn is_hashed(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let Some((stem, _)) = name.rsplit_once('.') else { return false };
    let hash = stem.rsplit_once('-').map_or("", |(_, hash)| hash);
    hash.len() == 12 && hash.chars().all(|c| c.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_with_a_hash_are_kept_for_ever() {
        assert!(is_hashed("/assets/console-1f2e3d4c5b6a.js"));
        for path in
            ["/assets/manifest.json", "/assets/.stamp", "/assets/snippets/inline0.js", "/assets/a-1f2e.js", "/assets/"]
        {
            assert!(!is_hashed(path), "{path}");
        }
    }
}
